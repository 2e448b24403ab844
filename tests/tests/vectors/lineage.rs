//! Who governs a ledger, and that another one continues it: lineages, ends, what each account had, tiles of the old log.

use super::records::{Story, founding};
use klaver_ledger::books::shares::Shares;
use klaver_ledger::charter::{Charter, Predecessor};
use klaver_ledger::engine::{Holder, Reader};
use klaver_ledger::entry::{Attest, Body, Found, Govern, Open, Statement};
use klaver_ledger::id::{Digest, LedgerId};
use klaver_ledger::keys::{PublicKey, sign};
use klaver_ledger::lineage::{Lineage, LineageError};
use klaver_ledger::log::checkpoint::{Checkpoint, SignedCheckpoint};
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::log::proof::{TreeHead, verify_consistency};
use klaver_ledger::log::tile::{EntryBundle, HashTile, TileError, TilePath, encode_hashes};
use klaver_ledger::log::tiled::consistency_proof;
use klaver_ledger::log::tree::{NoLeafTiles, Tree};
use klaver_ledger::receipt::{Opening, Receipt};
use klaver_ledger::record::{Commitment, Record, Salt};
use klaver_ledger::store::Store;
use klaver_ledger::store::memory::MemoryStore;
use klaver_ledger::testing::*;
use klaver_ledger::time::Timestamp;
use klaver_tests::vectors::{check, hex};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

type Memory = Reader<<MemoryStore as Store>::Reader>;

/// What a ledger shows of its end.
struct Ended {
    id: LedgerId,
    charters: Vec<Receipt>,
    last: SignedCheckpoint,
    ending: Receipt,
    /// A seal from its middle.
    seen: SignedCheckpoint,
    /// The seal before the last one.
    before_last: SignedCheckpoint,
    snapshot: Vec<u8>,
    now: Timestamp,
    reader: Memory,
}

impl Ended {
    fn end() -> Self {
        let mut story = Story::told();
        let seen = story.reader().checkpoint();
        let charter = Charter { origin: "elsewhere.example/log".to_owned(), ..charter() };
        let governed = story.reader().head().size;
        story.record(Body::Govern(Govern { base: 0, charter }), COUNCIL);
        story.world.wait(klaver_ledger::charter::Policy::starting().recovery_delay.0);
        let open = Open { states: vec![state("piet", klaver_ledger::account::AccountKind::Member)] };
        story.record(Body::Open(open), COUNCIL);
        let (head, snapshot) = (story.reader().head(), story.world.books.encode_snapshot());
        let before_last = story.reader().checkpoint();
        let attest = Attest {
            statement: Statement::Succession,
            size: head.size,
            root: Digest(head.root.0),
            document: story.world.books.closing_digest(),
        };
        story.record(Body::Attest(attest), COUNCIL);
        let reader = story.reader();
        let receipt = |index| reader.receipt(index, Holder::Signer).expect("a receipt");
        Self {
            id: story.world.ledger(),
            charters: vec![receipt(0), receipt(governed)],
            last: reader.checkpoint(),
            ending: receipt(head.size),
            seen,
            before_last,
            snapshot,
            now: story.world.now,
            reader,
        }
    }

    /// Returns the head that the log had at a size.
    fn head_at(&self, size: u64) -> TreeHead {
        let mut tree = Tree::new();
        let bundle = EntryBundle::new(0, size.try_into().expect("few records")).expect("a bundle");
        for leaf in self.reader.bundle(&bundle, size).expect("leaves") {
            tree.append(&leaf);
        }
        tree.head()
    }

    fn named(&self) -> Predecessor {
        let head = self.head_at(self.ending.index);
        let shares = Shares::of_snapshot(&self.snapshot).expect("shares");
        Predecessor { ledger: self.id, size: head.size, root: Digest(head.root.0), snapshot: shares.digest() }
    }
}

/// Founds a ledger that names `predecessor`, on a log of one leaf that keeps no rules; returns its id and the receipt of
/// its founding entry.
fn succeed(
    ended: &Ended,
    predecessor: Option<Predecessor>,
    origin: &str,
    council: &[&str],
) -> (LedgerId, Receipt) {
    let mut world = World::unfounded();
    world.now = ended.now;
    let log = key("log of the new ledger");
    let mut keys: Vec<_> = council.iter().map(|name| public(name)).collect();
    keys.sort();
    let charter = Charter {
        log_keys: vec![PublicKey::of(&log)],
        origin: origin.to_owned(),
        council: keys,
        council_threshold: council.len() as u64,
        ..charter()
    };
    let found = Found { charter, predecessor, ..founding() };
    let signed = world.signed(Body::Found(found), council).signed().clone();
    let id = LedgerId::of_founding_payload(signed.payload());
    let record = Record { index: 0, recorded_at: world.now, signed }.encode();
    let salt = Salt([9; 32]);
    let commitment = Commitment::of(&salt, &record, &[]);
    let name = KeyName::new(origin.to_owned()).expect("a name");
    let verifier =
        VerifierKey::new(name.clone(), KeyKind::Note, PublicKey::of(&log).as_bytes()).expect("a key");
    let checkpoint = Checkpoint { origin: name, size: 1, root: commitment.leaf_hash() };
    let sealed = checkpoint.sign(&verifier, |message| sign(&log, message).0).expect("the log signs");
    let opening = Opening::Signer { record_salt: salt.of_record(), record, view_root: commitment.view_root };
    (id, Receipt { index: 0, opening, proof: Vec::new(), checkpoint: Arc::new(sealed.note().clone()) })
}

fn code(error: &LineageError) -> &'static str {
    match error {
        LineageError::NotFounded => "not_founded",
        LineageError::OtherLedger { .. } => "other_ledger",
        LineageError::Receipt { .. } => "receipt",
        LineageError::NoCharter { .. } => "no_charter",
        LineageError::Gap { .. } => "gap",
        LineageError::TooFew { .. } => "too_few",
        LineageError::TooEarly { .. } => "too_early",
        LineageError::Origin(_) => "origin",
    }
}

fn files(receipts: &[Receipt]) -> Vec<String> {
    receipts.iter().map(|receipt| receipt.to_file().to_string()).collect()
}

fn lineage(name: &str, ledger: LedgerId, receipts: &[Receipt], now: Timestamp) -> Value {
    let verdict = match Lineage::follow(&ledger, receipts, now) {
        Ok(lineage) => json!({
            "base": lineage.base(),
            "origin": lineage.charter().origin,
            "council": lineage.charter().council.iter().map(|key| hex(key.as_bytes())).collect::<Vec<_>>(),
            "predecessor": lineage.continues(lineage.charter()).map(|named| named.ledger.to_hex()),
        }),
        Err(error) => json!({ "code": code(&error) }),
    };
    json!({
        "name": name, "ledger": ledger.to_hex(), "receipts": files(receipts), "now": now.millis(), "verdict": verdict,
    })
}

fn lineages(ended: &Ended) -> Vec<Value> {
    let (id, now, good) = (ended.id, ended.now, &ended.charters);
    let open = ended.reader.receipt(1, Holder::Signer).expect("a receipt");
    let line = ended.reader.receipt(1, Holder::Account(account("mia"))).expect("a receipt");
    let early = Timestamp::from_millis(good_time(ended) - 1).expect("a time");
    let mut moved = good.clone();
    moved[1].proof[0].0[0] ^= 1;
    vec![
        lineage("founded and governed", id, good, now),
        lineage("nothing", id, &[], now),
        lineage("without the founding entry", id, &good[1..], now),
        lineage("of another ledger", LedgerId([1; 32]), good, now),
        lineage("under the charter before", id, &good[..1], now),
        lineage("before the charter counts", id, good, early),
        lineage("with a record that makes no charter", id, &[good[0].clone(), open], now),
        lineage("with a line", id, &[good[0].clone(), line], now),
        lineage("a charter twice", id, &[good[0].clone(), good[1].clone(), good[1].clone()], now),
        lineage("of another leaf", id, &moved, now),
    ]
}

/// Returns when the newest charter came into force, in milliseconds.
fn good_time(ended: &Ended) -> u64 {
    let stored = ended.reader.record(ended.charters[1].index).expect("a record");
    let record = Record::decode(&stored.record).expect("a record");
    record.recorded_at.after(klaver_ledger::charter::Policy::starting().recovery_delay).millis()
}

/// What is shown of an end, and whether the new ledger continues the old one.
fn succession(
    name: &str,
    ended: &Ended,
    new: &(LedgerId, Receipt),
    last: &SignedCheckpoint,
    ending: Option<&Receipt>,
) -> Value {
    let before = Lineage::follow(&ended.id, &ended.charters, ended.now).expect("the old lineage");
    let after = Lineage::follow(&new.0, std::slice::from_ref(&new.1), ended.now).expect("the new lineage");
    let why = after.succeeds(&before, last, ending).err().map(|error| match error {
        klaver_ledger::lineage::SuccessionError::Ending(error) => code(&error).to_owned(),
        error => error.to_string(),
    });
    json!({
        "name": name,
        "new": {"ledger": new.0.to_hex(), "receipts": files(std::slice::from_ref(&new.1))},
        "checkpoint": last.to_string(),
        "ending": ending.map(|receipt| receipt.to_file().to_string()),
        "why": why,
    })
}

fn successions(ended: &Ended) -> Vec<Value> {
    let named = ended.named();
    let origin = "klaver.example/log/01020304";
    let good = succeed(ended, Some(named), origin, COUNCIL);
    let (last, ending) = (&ended.last, Some(&ended.ending));
    let alone = succeed(ended, Some(named), origin, &["anna"]);
    let nothing = succeed(ended, None, origin, COUNCIL);
    let whole = ended.last.checkpoint();
    let ends_at = |size: u64, root: Hash| Predecessor { size, root: Digest(root.0), ..named };
    let at_last = succeed(ended, Some(ends_at(whole.size, whole.root)), origin, COUNCIL);
    let early = ended.head_at(named.size - 1);
    let shorter = succeed(ended, Some(ends_at(early.size, early.root)), origin, COUNCIL);
    let stranger = Predecessor { ledger: LedgerId([1; 32]), ..named };
    let of_other = succeed(ended, Some(stranger), origin, COUNCIL);
    let same_name = succeed(ended, Some(named), "elsewhere.example/log", COUNCIL);
    let other = ended.reader.receipt(1, Holder::Signer).expect("a receipt");
    let older = ended.reader.receipt_at(ended.charters[1].index, Holder::Signer, last).expect("a receipt");
    vec![
        succession("ended by its council", ended, &good, last, ending),
        succession("signed by half of the old council", ended, &alone, last, ending),
        succession("a stranger's ledger", ended, &nothing, last, ending),
        succession("of another ledger", ended, &of_other, last, ending),
        succession("the log has the same name", ended, &same_name, last, ending),
        succession("another end than was attested", ended, &shorter, last, ending),
        succession("under an older seal", ended, &good, &ended.before_last, ending),
        succession("its log key was lost, and it names the last seal", ended, &at_last, last, None),
        succession("the record that ends it is left out", ended, &good, last, None),
        succession("another record for the one that ends it", ended, &good, last, Some(&other)),
        succession("a charter for the record that ends it", ended, &good, last, Some(&older)),
    ]
}

/// Proofs from the tiles of a larger log, whose leaves are the numbers from 0 on, as four bytes.
fn tiled() -> Value {
    const SIZE: u64 = 600;
    let mut tree = Tree::new();
    for index in 0..SIZE {
        tree.append(&u32::try_from(index).expect("few leaves").to_be_bytes());
    }
    let proof = |old: u64| {
        let proof = tree.consistency_proof(old, SIZE, &NoLeafTiles).expect("a proof");
        let proof: Vec<String> = proof.iter().map(|hash| hex(hash.as_bytes())).collect();
        json!({"old": old, "proof": proof})
    };
    let proofs = [1, 2, 255, 256, 257, 300, 512, 599].map(proof);
    json!({"size": SIZE, "consistency": proofs})
}

/// The tiles of the old log at its last size, by path.
fn tiles(ended: &Ended) -> Value {
    let size = ended.last.checkpoint().size;
    let (mut fetched, mut proofs) = (BTreeMap::new(), Vec::new());
    for old in 1..size {
        let fetch = |tile: &HashTile| -> Result<Vec<Hash>, TileError> {
            let hashes = ended.reader.tile(tile, size).expect("a tile");
            fetched.insert(TilePath::Hashes(*tile).to_string(), hex(encode_hashes(&hashes)));
            Ok(hashes)
        };
        let proof = consistency_proof(old, size, fetch).expect("a proof");
        let heads = [old, size].map(|size| ended.head_at(size));
        assert_eq!(verify_consistency(&heads[0], &heads[1], &proof), Ok(()));
        let proof: Vec<String> = proof.iter().map(|hash| hex(hash.as_bytes())).collect();
        proofs.push(json!({"old": old, "proof": proof}));
    }
    json!({"size": size, "tiles": fetched, "consistency": proofs})
}

fn shares(ended: &Ended) -> Value {
    let shares = Shares::of_snapshot(&ended.snapshot).expect("shares");
    let names = ["house", "mia", "noor", "bakery", "pot", "piet"];
    let accounts: Vec<Value> = names
        .iter()
        .map(|name| {
            let (share, salt) = shares.of_account(&account(name)).expect("it came over");
            json!({
                "account": share.account.to_hex(), "debits": share.debits, "credits": share.credits,
                "returned": share.returned, "lines": share.lines, "state": share.state.to_hex(),
                "opened": share.opened(),
                "salt": hex(salt), "hash": hex(share.hash(&salt)),
            })
        })
        .collect();
    json!({
        "snapshot": shares.snapshot().to_hex(),
        "list": hex(shares.list()),
        "closing": shares.digest().to_hex(),
        "accounts": accounts,
    })
}

#[test]
fn lineages_and_ends_have_the_bytes_of_the_vectors() {
    let ended = Ended::end();
    let value = json!({
        "ledger": ended.id.to_hex(),
        "now": ended.now.millis(),
        "charters": files(&ended.charters),
        "seen": ended.seen.to_string(),
        "lineages": lineages(&ended),
        "successions": successions(&ended),
        "log": tiles(&ended),
        "tiled": tiled(),
        "shares": shares(&ended),
    });
    check("lineage", &value);
}
