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
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::note::Note;
use klaver_ledger::log::proof::{TreeHead, verify_consistency};
use klaver_ledger::log::tile::{HashTile, TileError, TilePath, decode_hashes};
use klaver_ledger::log::tiled::consistency_proof;
use klaver_ledger::time::{Seconds, Timestamp};
use std::fmt::Display;

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

/// Follows the charters of the ledger and returns the index of the newest one.
///
/// # Errors
/// As [`moved`]; also when the node does not show them.
pub fn newest_charter(places: &Places, known: &Community, http: &Http) -> Outcome<u64> {
    let said = Shown::fetch(places, http)?;
    Ok(said.lineage(&known.ledger, &known.past)?.base())
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
    let host = said.origin.split_once("://").map_or("", |(_, host)| host);
    let is_named = lineage.charter().origin.strip_prefix(host).is_some_and(|rest| rest.starts_with('/'));
    let named = NodeAddress::parse(&said.origin).ok().filter(|_| is_named && !host.is_empty());
    named.unwrap_or_else(|| known.node.clone())
}

/// Checks that the ledger at `node` continues `old`, and keeps both files; returns the new community.
///
/// # Errors
/// As [`moved`].
pub fn succession(places: &Places, old: &Community, node: &NodeAddress) -> Outcome<Community> {
    let http = Http::new(node.clone());
    let said: klaver_api::Community = http.get(paths::COMMUNITY, None)?;
    let shown = Shown::fetch(places, &http)?;
    let other = || Failure::new(Exit::Mismatch, "other_ledger").with("node", node);
    let end = http.get_bytes(paths::SUCCESSION).map_err(|failure| match failure.code.as_str() {
        "no_predecessor" => shown.keep(other()),
        _ => failure,
    })?;
    let shown = shown.with(&end);
    let wrong = |why: &dyn Display| shown.wrong("succession_wrong", why);
    let end: SuccessionJson = serde_json::from_slice(&end).map_err(|error| wrong(&error))?;
    let ledger = LedgerId::from_hex(&said.ledger).ok_or_else(|| wrong(&"the ledger's id cannot be read"))?;
    let before = lineage_of(&end.lineage, &old.ledger, &old.past).map_err(|why| wrong(&why))?;
    let seen = Community::first_seen(node.clone(), &said)?;
    let joined = Community::known(places, &seen)?;
    let after =
        shown.lineage(&ledger, &joined.as_ref().map_or_else(Past::default, |known| known.past.clone()))?;
    let last = Note::parse(end.checkpoint.as_bytes()).map_err(|error| wrong(&error))?;
    let last = before.log().open(&last).map_err(|error| wrong(&error))?;
    let tiles = OldLog { http: &http, path: &end.log, size: last.checkpoint().size };
    for seen in old.seals() {
        if let Some(why) = tiles.gap(&seen.checkpoint().head(), &last.checkpoint().head())? {
            let why = format!("it does not continue what this wallet has seen: {why}\n\n{}", seen.note());
            return Err(wrong(&why));
        }
    }
    let ending =
        end.ending.as_ref().map(ReceiptJson::to_receipt).transpose().map_err(|error| wrong(&error))?;
    let named = after.succeeds(&before, &last, ending.as_ref()).map_err(|error| wrong(&error))?;
    if let Some(why) = tiles.gap(&named_head(named), &last.checkpoint().head())? {
        return Err(wrong(&why));
    }
    if !after.log().keys().contains(&seen.log_key) {
        return Err(wrong(&"the log's key is not in the charter"));
    }
    let before = Before {
        ledger: old.ledger.to_hex(),
        snapshot: end.snapshot.clone(),
        closing: named.snapshot.to_hex(),
    };
    // Whoever joined it first, at a fair or on another phone, goes on with what was seen of it since.
    let known = joined.filter(|known| known.log_key == seen.log_key).unwrap_or(seen);
    let past = known.past.clone().continuing(&old.past, before, after.base());
    let new = Community { past, ..known };
    // The new file first: an old one never leads nowhere.
    new.save(places)?;
    let mut ended = old.clone();
    ended.past.successor = Some(ledger.to_hex());
    ended.save(places)?;
    Ok(new)
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

    /// Returns the same with something more that was shown.
    fn with(mut self, more: &[u8]) -> Self {
        self.bytes.push(b'\n');
        self.bytes.extend_from_slice(more);
        self
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
