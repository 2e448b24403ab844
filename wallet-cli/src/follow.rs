//! Following a community whose log has another key or address, or whose ledger another one continues.
//!
//! Nothing of it rests on the word of the node that shows it. The ledger's id proves the founding entry, each charter was
//! signed by the council before it, and the new log continues what this wallet has seen; or the old ledger was ended by
//! its council, and the founding entry of the new one names exactly that end.

use crate::community::Community;
use crate::contact::keep_evidence;
use crate::failure::{Exit, Failure, Outcome};
use crate::http::Http;
use crate::moment;
use crate::past::{Before, FormerKey, Past};
use crate::places::Places;
use klaver_api::succession::{LineageJson, SuccessionJson};
use klaver_api::{ReceiptJson, paths};
use klaver_ledger::id::LedgerId;
use klaver_ledger::lineage::{Lineage, named_head};
use klaver_ledger::link::NodeAddress;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::key::VerifierKey;
use klaver_ledger::log::note::Note;
use klaver_ledger::log::proof::{TreeHead, verify_consistency};
use klaver_ledger::log::tile::{HashTile, TileError, TilePath, decode_hashes};
use klaver_ledger::log::tiled::consistency_proof;
use klaver_ledger::time::{Seconds, Timestamp};
use std::fmt::Display;

/// Most ledgers that one visit goes back through: a wallet that slept for longer than that joins anew.
const GENERATIONS_MAX: usize = 64;

/// How far the clock of a node may be ahead of ours where it says that a charter counts.
const CLOCK_LEAD: Seconds = Seconds(300);

/// Returns the community as its ledger proves it to be now, when `http` shows a log that the known key did not sign;
/// `None` when nothing explains that.
///
/// # Errors
/// `Mismatch`, after the evidence was kept, when what the node shows does not hold.
pub fn moved(places: &Places, known: &Community, http: &Http) -> Outcome<Option<Community>> {
    let said: klaver_api::Community = http.get(paths::COMMUNITY, None)?;
    match LedgerId::from_hex(&said.ledger) {
        Some(ledger) if ledger == known.ledger => under_new_charter(places, known, http, &said),
        Some(_) => succession(places, known, http.node()).map(Some),
        None => Ok(None),
    }
}

/// Follows the charters of the ledger to the one in force.
///
/// # Errors
/// As [`moved`]; also when the node does not show them.
pub fn charters(places: &Places, known: &Community, http: &Http) -> Outcome<Lineage> {
    Shown::fetch(places, http)?.lineage(&known.ledger, &known.past)
}

fn under_new_charter(
    places: &Places,
    known: &Community,
    http: &Http,
    said: &klaver_api::Community,
) -> Outcome<Option<Community>> {
    let shown = Shown::fetch(places, http)?;
    let lineage = shown.lineage(&known.ledger, &known.past)?;
    let now = Community::first_seen(address(&lineage, said, known), said)?;
    if !lineage.log().keys().contains(&now.log_key) {
        return Err(shown.wrong("lineage_wrong", "the log's key is not in the charter"));
    }
    if now.log_key == known.log_key {
        return Ok(None);
    }
    let mut past = Past { charter_base: Some(lineage.base()), ..known.past.clone() };
    past.former_keys.push(FormerKey { log_key: known.log_key.to_string(), size: 0 });
    Ok(Some(Community {
        log_key: now.log_key,
        node: now.node,
        log_path: now.log_path,
        past,
        ..known.clone()
    }))
}

/// Returns the address that the node names, when it is the one that the charter names; else the one that is known.
fn address(lineage: &Lineage, said: &klaver_api::Community, known: &Community) -> NodeAddress {
    let named = NodeAddress::parse(&said.origin).ok().filter(|_| is_named(lineage, &said.origin));
    named.unwrap_or_else(|| known.node.clone())
}

/// Tells whether the log that the charter names stands at an address.
fn is_named(lineage: &Lineage, address: &str) -> bool {
    let host = address.split_once("://").map_or("", |(_, host)| host);
    let rest = lineage.charter().origin.strip_prefix(host);
    !host.is_empty() && rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Checks that the ledger at `node` continues `old`, in one step or in several, and keeps the files of all of them; returns
/// the newest community.
///
/// # Errors
/// As [`moved`].
pub fn succession(places: &Places, old: &Community, node: &NodeAddress) -> Outcome<Community> {
    let http = Http::new(node.clone());
    let said: klaver_api::Community = http.get(paths::COMMUNITY, None)?;
    let mut shown = Shown::fetch(places, &http)?;
    let ledger = LedgerId::from_hex(&said.ledger);
    let ledger = ledger.ok_or_else(|| shown.wrong("succession_wrong", "the ledger's id cannot be read"))?;
    let seen = Community::first_seen(node.clone(), &said)?;
    let joined = Community::known(places, &seen)?;
    let past = joined.as_ref().map_or_else(Past::default, |known| known.past.clone());
    let newest = shown.lineage(&ledger, &past)?;
    if !newest.log().keys().contains(&seen.log_key) {
        return Err(shown.wrong("succession_wrong", "the log's key is not in the charter"));
    }
    let seen = Community { node: address(&newest, &said, &seen), ..seen };
    // Whoever kept the old address could stand between, and show what they like.
    if !is_named(&newest, &seen.node.to_string()) {
        return Err(shown.wrong("succession_wrong", format!("its charter does not name {}", seen.node)));
    }
    // Whoever joined it first, at a fair or on another phone, goes on with what was seen of it since.
    let known = joined.filter(|known| known.log_key == seen.log_key).unwrap_or(seen);
    let ends = ends_between(old, &newest, &http, &mut shown)?;
    let bases = std::iter::once(newest.base()).chain(ends.iter().map(|end| end.lineage.base()));
    let bases: Vec<u64> = bases.collect();
    // From the oldest to the newest: each remembers the one before it, and leads to the one after it.
    let mut chain = vec![old.clone()];
    for (number, end) in ends.iter().enumerate().rev() {
        let next = number.checked_sub(1).map_or_else(|| known.clone(), |after| ends[after].community.clone());
        let before = chain.last_mut().expect("it begins with the old one");
        before.past.successor = Some(next.ledger.to_hex());
        let past = next.past.clone().continuing(&before.past, end.before.clone(), bases[number]);
        chain.push(Community { past, ..next });
    }
    // The new file first: an old one never leads nowhere.
    for community in chain.iter().rev() {
        community.save(places)?;
    }
    Ok(chain.pop().expect("it begins with the old one"))
}

/// Returns the ends of the ledgers from the one before `newest` back to `old`, each of which the next one continues.
fn ends_between(old: &Community, newest: &Lineage, http: &Http, shown: &mut Shown) -> Outcome<Vec<End>> {
    let mut ends: Vec<End> = Vec::new();
    loop {
        let after = ends.last().map_or(newest, |end| &end.lineage).clone();
        let other = || Failure::new(Exit::Mismatch, "other_ledger").with("node", http.node());
        let named = after.predecessor().filter(|_| ends.len() < GENERATIONS_MAX);
        let Some(named) = named else { return Err(shown.keep(other())) };
        // The one before needs no name: older nodes know no other.
        let query = ends.last().map_or_else(String::new, |_| format!("?ledger={}", named.ledger.to_hex()));
        let bytes = http.get_bytes(&format!("{}{query}", paths::SUCCESSION)).map_err(|failure| {
            if failure.code == "no_predecessor" { shown.keep(other()) } else { failure }
        })?;
        shown.add(&bytes);
        let end = End::read(&bytes, old, &after, http, shown)?;
        let is_old = end.community.ledger == old.ledger;
        ends.push(end);
        if is_old {
            return Ok(ends);
        }
    }
}

/// How a ledger ended, checked against the one that continues it.
struct End {
    /// What this wallet knows of it, or what was just shown.
    community: Community,
    lineage: Lineage,
    before: Before,
}

impl End {
    fn read(bytes: &[u8], old: &Community, after: &Lineage, http: &Http, shown: &Shown) -> Outcome<Self> {
        let wrong = |why: &dyn Display| shown.wrong("succession_wrong", why);
        let said: SuccessionJson = serde_json::from_slice(bytes).map_err(|error| wrong(&error))?;
        let ledger = after.predecessor().map(|named| named.ledger);
        let ledger = ledger.ok_or_else(|| wrong(&"it names no ledger before it"))?;
        let known = if ledger == old.ledger {
            Some(old.clone())
        } else {
            Community::known(&shown.places, &Community { ledger, ..old.clone() })?
        };
        let past = known.as_ref().map_or_else(Past::default, |known| known.past.clone());
        let lineage = lineage_of(&said.lineage, &ledger, &past).map_err(|why| wrong(&why))?;
        let last = Note::parse(said.checkpoint.as_bytes()).map_err(|error| wrong(&error))?;
        let last = lineage.log().open(&last).map_err(|error| wrong(&error))?;
        let tiles = OldLog { http, path: &said.log, size: last.checkpoint().size };
        for seen in known.iter().flat_map(Community::seals) {
            if let Some(why) = tiles.gap(&seen.checkpoint().head(), &last.checkpoint().head())? {
                let why = format!("it does not continue what this wallet has seen: {why}\n\n{}", seen.note());
                return Err(wrong(&why));
            }
        }
        let ending = said.ending.as_ref().map(ReceiptJson::to_receipt).transpose();
        let ending = ending.map_err(|error| wrong(&error))?;
        let named = after.succeeds(&lineage, &last, ending.as_ref()).map_err(|error| wrong(&error))?;
        if let Some(why) = tiles.gap(&named_head(named), &last.checkpoint().head())? {
            return Err(wrong(&why));
        }
        let before = Before {
            ledger: ledger.to_hex(),
            snapshot: said.snapshot.clone(),
            closing: named.snapshot.to_hex(),
        };
        let community = match known {
            Some(known) => known,
            None => {
                slept_through(old, &lineage, last, http).ok_or_else(|| wrong(&"no key signed its end"))?
            }
        };
        Ok(Self { community, lineage, before })
    }
}

/// Returns what is remembered of a ledger that began and ended while this wallet slept.
fn slept_through(
    old: &Community,
    lineage: &Lineage,
    last: SignedCheckpoint,
    http: &Http,
) -> Option<Community> {
    let signed = |key: &&VerifierKey| last.note().signatures().iter().any(|line| line.is_by(key));
    let log_key = lineage.log().keys().iter().find(signed)?.clone();
    Some(Community {
        ledger: lineage.ledger(),
        node: http.node().clone(),
        log_key,
        checkpoint: Some(last),
        ahead: Vec::new(),
        terms: None,
        believed: None,
        past: Past { charter_base: Some(lineage.base()), ..Past::default() },
        ..old.clone()
    })
}

/// What a node shows of who governs, kept whole as evidence should it not hold.
struct Shown {
    places: Places,
    bytes: Vec<u8>,
    lineage: Option<LineageJson>,
}

impl Shown {
    fn fetch(places: &Places, http: &Http) -> Outcome<Self> {
        let bytes = http.get_bytes(paths::LINEAGE)?;
        let lineage = serde_json::from_slice(&bytes).ok();
        Ok(Self { places: places.clone(), bytes, lineage })
    }

    /// Adds something more that was shown.
    fn add(&mut self, more: &[u8]) {
        self.bytes.push(b'\n');
        self.bytes.extend_from_slice(more);
    }

    fn lineage(&self, ledger: &LedgerId, past: &Past) -> Outcome<Lineage> {
        let Some(said) = &self.lineage else {
            return Err(self.wrong("lineage_wrong", "it cannot be read"));
        };
        lineage_of(said, ledger, past).map_err(|why| self.wrong("lineage_wrong", why))
    }

    fn wrong(&self, code: &str, why: impl Display) -> Failure {
        self.keep(Failure::text(Exit::Mismatch, code, why))
    }

    fn keep(&self, failure: Failure) -> Failure {
        let name = format!("{}-{}", failure.code, crate::contact::short_digest(&self.bytes));
        let why = failure.detail().unwrap_or_default();
        let evidence = [why.as_bytes(), b"\n\n", &self.bytes].concat();
        keep_evidence(&self.places, &name, &evidence, failure)
    }
}

fn lineage_of(said: &LineageJson, ledger: &LedgerId, past: &Past) -> Result<Lineage, String> {
    let receipts = said.to_receipts().map_err(|error| error.to_string())?;
    let now: Timestamp = moment::now().after(CLOCK_LEAD);
    let lineage = Lineage::follow(ledger, &receipts, now).map_err(|error| error.to_string())?;
    match past.charter_base {
        Some(known) if !lineage.passes(known) => {
            Err(format!("the charter of record {known}, which this wallet has followed, is not among these"))
        }
        _ => Ok(lineage),
    }
}

/// The old log, as the node that continues it still shows it.
struct OldLog<'h> {
    http: &'h Http,
    path: &'h str,
    size: u64,
}

/// Why a tile was not had.
enum Missing {
    Tile(TileError),
    Failed(Failure),
}

impl From<TileError> for Missing {
    fn from(error: TileError) -> Self {
        Self::Tile(error)
    }
}

impl OldLog<'_> {
    /// Returns what is wrong when the log at `new` does not continue the log at `old`.
    fn gap(&self, old: &TreeHead, new: &TreeHead) -> Outcome<Option<String>> {
        debug_assert_eq!(new.size, self.size, "tiles are those of the last size");
        let proof = match consistency_proof(old.size, new.size, |tile| self.tile(tile)) {
            Ok(proof) => proof,
            Err(Missing::Tile(error)) => return Ok(Some(error.to_string())),
            Err(Missing::Failed(failure)) => return Err(failure),
        };
        Ok(verify_consistency(old, new, &proof).err().map(|error| error.to_string()))
    }

    fn tile(&self, tile: &HashTile) -> Result<Vec<Hash>, Missing> {
        let path = format!("{}/{}", self.path, TilePath::Hashes(*tile));
        let bytes = self.http.get_bytes(&path).map_err(Missing::Failed)?;
        Ok(decode_hashes(&bytes, tile.width())?)
    }
}
