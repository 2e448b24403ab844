//! Stories of a ledger, told to the memory store and to the embedded one.

mod damaged;
mod ending;
mod faults;
mod forecast;
mod log_key;
mod snapshots;

use super::*;
use crate::account::{AccountKind, AccountState, AccountStatus};
use crate::entry::{Found, Open, PayLine, RequestRef};
use crate::receipt::{LogIdentity, ProvenContent, ReceiptError};
use crate::store::OpenError;
use crate::store::conformance::Scratch;
use crate::store::embedded::{EmbeddedStore, Options};
use crate::store::memory::MemoryStore;
use crate::testing::*;
use crate::time::Seconds;
use sha2::{Digest as _, Sha256};

/// Salts that come again in the same order.
#[derive(Default)]
struct Counted(u64);

impl SaltSource for Counted {
    fn salt(&mut self) -> [u8; 32] {
        self.0 += 1;
        Sha256::digest(self.0.to_be_bytes()).into()
    }
}

fn keys() -> NodeKeys {
    NodeKeys { log: key("log") }
}

/// A ledger, and beside it books of its own that follow what it says it recorded.
struct Town<S: Store> {
    world: World,
    ledger: Option<Ledger<S>>,
}

impl<S: Store> Town<S> {
    fn found(store: S) -> Self {
        let mut world = World::unfounded();
        let scale = crate::amount::Scale::new(2).unwrap();
        let unit = crate::charter::UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() };
        let body = Found { name: "Testdorp".to_owned(), unit, scale, charter: charter(), predecessor: None };
        let entry = world.signed(Body::Found(body), COUNCIL);
        let (ledger, receipt) =
            Ledger::found(store, keys(), entry.clone(), world.now, Counted::default()).unwrap();
        assert_eq!(receipt.index, 0);
        world.post(&entry).unwrap();
        let mut town = Self { world, ledger: Some(ledger) };
        let budget = AccountState { limit: sum(10_000_000), ..state("house", AccountKind::Budget) };
        let states = vec![
            budget,
            state("mia", AccountKind::Member),
            state("noor", AccountKind::Member),
            state("bakery", AccountKind::Merchant),
        ];
        town.recorded(Body::Open(Open { states }), COUNCIL);
        town.recorded(earn("house", &[("mia", 20_000), ("noor", 500)]), &["house"]);
        town
    }

    fn ledger(&self) -> &Ledger<S> {
        self.ledger.as_ref().unwrap()
    }

    fn reader(&self) -> Reader<S::Reader> {
        self.ledger().reader()
    }

    fn identity(&self) -> LogIdentity {
        LogIdentity::new(self.world.ledger(), "klaver.example/log", &[public("log")]).unwrap()
    }

    /// Commits, lets the books beside it follow, and checks everything that was answered.
    fn commit(&mut self, batch: Vec<VerifiedEntry>) -> Vec<Outcome> {
        let ledger = self.ledger.take().unwrap();
        let (ledger, outcomes) = ledger.commit(batch.clone(), self.world.now).unwrap();
        self.ledger = Some(ledger);
        assert_eq!(batch.len(), outcomes.len());
        for (entry, outcome) in batch.iter().zip(&outcomes) {
            match outcome {
                Outcome::Recorded(receipt) => {
                    let (index, _) = self.world.post(entry).unwrap();
                    assert_eq!(receipt.index, index);
                    self.must_prove(receipt, entry);
                }
                Outcome::Known(receipt) => self.must_prove(receipt, entry),
                Outcome::Declined(refusal) | Outcome::LacksSigners(refusal) => {
                    assert_eq!(refusal.id, entry.id());
                }
                Outcome::Unanswered { why } => panic!("unanswered: {why}"),
            }
        }
        self.check();
        outcomes
    }

    fn must_prove(&self, receipt: &Receipt, entry: &VerifiedEntry) {
        let proven = receipt.verify(&self.identity()).unwrap();
        assert_eq!(proven.content, ProvenContent::Entry(Box::new(entry.clone())));
        let read = Receipt::parse(receipt.to_string().as_bytes()).unwrap();
        assert_eq!(read, *receipt, "a receipt file says what the receipt says");
    }

    fn check(&self) {
        let (ledger, reader) = (self.ledger(), self.reader());
        let snapshot = self.world.books.encode_snapshot();
        assert_eq!(ledger.books().encode_snapshot(), snapshot, "the books follow the receipts");
        assert_eq!(reader.standing().size(), self.world.books.standing().size());
        assert_eq!(reader.standing().trial_balance(), self.world.books.standing().trial_balance());
        assert_eq!(reader.head().size, self.world.books.standing().size());
        assert!(self.identity().open(reader.checkpoint().note()).is_ok());
    }

    fn one(&mut self, entry: &VerifiedEntry) -> Outcome {
        self.commit(vec![entry.clone()]).pop().unwrap()
    }

    fn recorded(&mut self, body: Body, signers: &[&str]) -> (VerifiedEntry, Receipt) {
        let entry = self.world.signed(body, signers);
        match self.one(&entry) {
            Outcome::Recorded(receipt) => (entry, receipt),
            other => panic!("{other:?}"),
        }
    }

    fn reopen(&mut self, open: impl FnOnce(S) -> S) -> OpeningReport {
        let Ledger { store, shared, .. } = self.ledger.take().unwrap();
        drop(shared);
        let (ledger, report) = Ledger::open(open(store), keys(), Counted(1_000_000)).unwrap();
        self.ledger = Some(ledger);
        self.check();
        report
    }
}

fn declined(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Declined(refusal) => &refusal.code,
        other => panic!("{other:?}"),
    }
}

fn index(outcome: &Outcome) -> (bool, u64) {
    match outcome {
        Outcome::Recorded(receipt) => (true, receipt.index),
        Outcome::Known(receipt) => (false, receipt.index),
        other => panic!("{other:?}"),
    }
}

// INV-6: an entry id is recorded at most once. INV-9: its receipt stays true.
#[test]
fn an_entry_sent_again_gets_the_same_index_and_opening() {
    let store = MemoryStore::new();
    let mut town = Town::found(store.clone());
    let (entry, first) = town.recorded(pay("mia", &[("bakery", 300)]), &["mia"]);
    town.world.wait(1);
    town.recorded(pay("mia", &[("noor", 1)]), &["mia"]);
    for _ in 0..2 {
        let Outcome::Known(again) = town.one(&entry) else { panic!("known by then") };
        assert_eq!((again.index, &again.opening), (first.index, &first.opening));
        town.reopen(|_| store.reopen());
    }
    // Long after it expired the answer is still its receipt: the store knows all ids.
    town.world.wait(400 * 86_400);
    town.reopen(|_| store.reopen().with_snapshots_every(1));
    town.recorded(Body::Open(Open { states: vec![state("late", AccountKind::Member)] }), COUNCIL);
    town.reopen(|_| store.reopen());
    assert_eq!(town.ledger().books().recorded(&entry.id()), None, "the writer's memory has let it go");
    let Outcome::Known(again) = town.one(&entry) else { panic!("known for ever") };
    assert_eq!((again.index, &again.opening), (first.index, &first.opening));
}

#[test]
fn one_batch_sees_its_own_entries() {
    let mut town = Town::found(MemoryStore::new());
    let spend = town.world.signed(pay("noor", &[("bakery", 400)]), &["noor"]);
    let more = town.world.signed(pay("noor", &[("bakery", 200)]), &["noor"]);
    let given = town.world.signed(pay("mia", &[("noor", 100)]), &["mia"]);
    let outcomes = town.commit(vec![spend.clone(), more.clone(), spend.clone(), given, more]);
    assert_eq!(index(&outcomes[0]), (true, 3));
    assert_eq!(declined(&outcomes[1]), "insufficient_credits");
    assert_eq!(index(&outcomes[2]), (false, 3), "twice in one batch is once in the ledger");
    assert_eq!(index(&outcomes[3]), (true, 4));
    assert_eq!(declined(&outcomes[4]), "insufficient_credits", "declined stays declined, also with credits");
}

// INV-11.
#[test]
fn declined_stays_declined_until_it_expires_and_across_a_restart() {
    let store = MemoryStore::new();
    let mut town = Town::found(store.clone());
    let entry = town.world.signed(pay("noor", &[("bakery", 600)]), &["noor"]);
    let first = town.one(&entry);
    assert_eq!(declined(&first), "insufficient_credits");
    town.recorded(pay("mia", &[("noor", 1_000)]), &["mia"]);
    assert_eq!(town.one(&entry), first, "the same words");
    town.reopen(|_| store.reopen());
    assert_eq!(town.one(&entry), first, "also after a restart");
    town.world.wait(301);
    assert_eq!(declined(&town.one(&entry)), "expired");
}

#[test]
fn what_lacks_signers_may_wait_and_what_no_signature_mends_is_declined() {
    let mut town = Town::found(MemoryStore::new());
    let open = Body::Open(Open { states: vec![state("pot", AccountKind::Fund)] });
    let waits = town.world.signed(open, &["anna"]);
    let Outcome::LacksSigners(refusal) = town.one(&waits) else {
        panic!("it lacks the second of the council")
    };
    assert_eq!(refusal.code, "lacks_signers");
    assert!(matches!(town.one(&waits).receipt(), Err(NoReceipt::Declined(again)) if *again == refusal));
    let hopeless = town.world.signed(retire("house", 1), &["anna"]);
    assert_eq!(declined(&town.one(&hopeless)), "not_settled");
}

#[test]
fn a_late_payment_that_lacks_credits_may_succeed_later() {
    let mut town = Town::found(MemoryStore::new());
    let late = |to, amount| {
        let line = PayLine { to: account(to), amount: minor(amount), request: None };
        Body::Pay(crate::entry::Pay { from: account("noor"), payees: vec![line], late: true })
    };
    town.recorded(pay("noor", &[("mia", 300)]), &["noor"]);
    let entry = town.world.signed(late("bakery", 400), &["noor"]);
    assert_eq!(declined(&town.one(&entry)), "promise_not_covered");
    town.recorded(pay("mia", &[("noor", 1_000)]), &["mia"]);
    assert!(index(&town.one(&entry)).0);
}

#[test]
fn what_can_never_succeed_is_not_remembered() {
    let mut town = Town::found(MemoryStore::new());
    let entry = town.world.signed(pay("mia", &[("bakery", 10)]), &["noor"]);
    let size = town.reader().head().size;
    assert_eq!(declined(&town.one(&entry)), "key_not_allowed");
    assert!(town.ledger().refusals.get(&entry.id()).is_none());
    assert_eq!(town.reader().head().size, size);
}

#[test]
fn at_most_64_refusals_are_remembered_for_an_account() {
    let store = MemoryStore::new();
    let mut town = Town::found(store.clone());
    let entries: Vec<_> =
        (0..65).map(|_| town.world.signed(pay("noor", &[("bakery", 600)]), &["noor"])).collect();
    let outcomes = town.commit(entries.clone());
    assert!(outcomes[..64].iter().all(|outcome| declined(outcome) == "insufficient_credits"));
    assert_eq!(declined(&outcomes[64]), "too_many_refusals");
    let other = town.world.signed(pay("mia", &[("bakery", 600_000)]), &["mia"]);
    assert_eq!(declined(&town.one(&other)), "insufficient_credits", "another account has its own share");
    town.reopen(|_| store.reopen());
    let again = town.commit(entries);
    assert_eq!(declined(&again[63]), "insufficient_credits");
    assert_eq!(declined(&again[64]), "too_many_refusals");
    town.world.wait(301);
    let entry = town.world.signed(pay("noor", &[("bakery", 600)]), &["noor"]);
    assert_eq!(declined(&town.one(&entry)), "insufficient_credits", "there is room again");
}

#[test]
fn two_phones_and_one_request_pay_it_once() {
    let mut town = Town::found(MemoryStore::new());
    let until = crate::time::Deadline::after(town.world.now, Seconds(900));
    let asked = |from: &str| {
        let request = Some(RequestRef { id: request("coffee"), until });
        let line = PayLine { to: account("bakery"), amount: minor(300), request };
        Body::Pay(crate::entry::Pay { from: account(from), payees: vec![line], late: false })
    };
    let (one, two) = (town.world.signed(asked("mia"), &["mia"]), town.world.signed(asked("noor"), &["noor"]));
    let outcomes = town.commit(vec![one, two]);
    assert!(index(&outcomes[0]).0);
    assert_eq!(declined(&outcomes[1]), "request_paid");
}

#[test]
fn every_kind_of_opening_verifies_and_no_changed_byte_does() {
    let mut town = Town::found(MemoryStore::new());
    let (_, receipt) = town.recorded(pay("mia", &[("bakery", 300)]), &["mia"]);
    town.recorded(pay("mia", &[("noor", 5)]), &["mia"]);
    let (reader, identity) = (town.reader(), town.identity());
    let index = receipt.index;
    let lines: Vec<_> = reader.lines(index).unwrap().iter().map(|line| line.line).collect();
    for holder in [Holder::Signer, Holder::Account(account("bakery")), Holder::Line(0), Holder::Auditor] {
        let receipt = reader.receipt(index, holder).unwrap();
        let verify = |receipt: &Receipt| match holder {
            Holder::Auditor => receipt.verify_with_lines(&identity, &lines),
            _ => receipt.verify(&identity),
        };
        let proven = verify(&receipt).unwrap();
        match (&proven.content, holder) {
            (ProvenContent::Line(line), Holder::Account(_)) => {
                assert_eq!(
                    (line.line.account, line.line.credit, line.line.debit),
                    (account("bakery"), 300, 0)
                );
            }
            (ProvenContent::Line(line), _) => {
                assert_eq!((line.line.account, line.line.debit), (account("mia"), 300))
            }
            (ProvenContent::Entry(entry), _) => assert!(matches!(entry.entry().body, Body::Pay(_))),
        }
        let file = receipt.to_string().into_bytes();
        assert!(verify(&Receipt::parse(&file).unwrap()).is_ok());
        for at in 0..file.len() {
            for flip in [0x01, 0x20, 0x80] {
                let mut changed = file.clone();
                changed[at] ^= flip;
                let accepted = Receipt::parse(&changed).and_then(|receipt| verify(&receipt));
                assert!(
                    accepted.is_err(),
                    "{holder:?}, byte {at} of {}: {accepted:?}",
                    String::from_utf8_lossy(&file)
                );
            }
        }
    }
    assert!(matches!(
        reader.receipt(index, Holder::Auditor).unwrap().verify(&identity),
        Err(ReceiptError::LinesNeeded { .. })
    ));
    assert!(matches!(reader.receipt(index, Holder::Account(account("noor"))), Err(ReadError::NoLine { .. })));
    let other = LogIdentity::new(town.world.ledger(), "other.example/log", &[public("log")]).unwrap();
    assert!(matches!(receipt.verify(&other), Err(ReceiptError::Checkpoint(_))));
    let other =
        LogIdentity::new(crate::id::LedgerId([1; 32]), "klaver.example/log", &[public("log")]).unwrap();
    assert!(matches!(receipt.verify(&other), Err(ReceiptError::Entry(_))));
}

#[test]
fn a_statement_is_walked_back_page_by_page() {
    let mut town = Town::found(MemoryStore::new());
    let mut expected = Vec::new();
    for round in 0..30 {
        let (_, receipt) = town.recorded(pay("mia", &[("bakery", 10 + round)]), &["mia"]);
        expected.push((receipt.index, 10 + round));
        town.recorded(pay("mia", &[("noor", 1)]), &["mia"]);
    }
    expected.reverse();
    let reader = town.reader();
    for limit in [1, 7, 100] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = reader.statement(&account("bakery"), before, limit).unwrap();
            assert!(page.lines.len() <= limit);
            seen.extend(page.lines.iter().map(|line| (line.line.index, line.line.line.credit)));
            let Some(next) = page.before else { break };
            before = Some(next);
        }
        // The line of the open comes last, with nothing on either side.
        assert_eq!(seen.split_off(30), [(1, 0)], "limit {limit}");
        assert_eq!(seen, expected, "limit {limit}");
    }
    let from_elsewhere = reader.statement(&account("bakery"), Some(expected[3].0 - 1), 2).unwrap();
    assert_eq!(from_elsewhere.lines[0].line.index, expected[4].0, "a cursor may point at any record");
    assert_eq!(reader.statement(&account("nobody"), None, 5).unwrap().lines, []);
}

// INV-10: what is published later is consistent with what was published before.
#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "asks the reader nothing else")]
fn whoever_holds_the_standing_asks_nothing_else() {
    let town = Town::found(MemoryStore::new());
    let reader = town.ledger.as_ref().unwrap().reader();
    let standing = reader.standing();
    assert!(standing.size() < reader.head().size, "with a writer between the two this would wait for ever");
}

#[test]
fn readers_see_proofs_tiles_and_bundles_of_what_is_published() {
    use crate::log::hash::{leaf_hash, tree_head};
    use crate::log::proof::{verify_consistency, verify_inclusion};
    use crate::log::tile::{EntryBundle, HashTile};
    let mut town = Town::found(MemoryStore::new());
    let small = town.reader().head();
    for _ in 0..3 {
        let batch = (0..100).map(|_| town.world.signed(pay("mia", &[("bakery", 1)]), &["mia"])).collect();
        town.commit(batch);
    }
    let reader = town.reader();
    let head = reader.head();
    let proof = reader.consistency_proof(small.size, head.size).unwrap();
    assert_eq!(verify_consistency(&small, &head, &proof), Ok(()));
    let mut leaves = reader.bundle(&EntryBundle::new(0, 256).unwrap(), head.size).unwrap();
    leaves.extend(reader.bundle(&EntryBundle::new(1, (head.size - 256) as u16).unwrap(), head.size).unwrap());
    assert_eq!(tree_head(&leaves), head.root);
    let tile = reader.tile(&HashTile::new(0, 0, 256).unwrap(), head.size).unwrap();
    for index in [0, 2, 255] {
        assert_eq!(tile[index as usize], leaf_hash(&leaves[index as usize]));
        let proof = reader.inclusion_proof(index, head.size).unwrap();
        assert_eq!(verify_inclusion(&tile[index as usize], index, &proof, &head), Ok(()));
    }
    assert!(reader.inclusion_proof(0, head.size + 1).is_err(), "nothing beyond what is published");
    assert!(reader.bundle(&EntryBundle::new(2, 1).unwrap(), head.size).is_err());
}

#[test]
fn after_a_fault_the_ledger_is_gone_and_readers_still_read() {
    let store = MemoryStore::new();
    let mut town = Town::found(store.clone());
    let reader = town.reader();
    let before = reader.head();
    store.fail();
    let entry = town.world.signed(pay("mia", &[("bakery", 1)]), &["mia"]);
    let fault = town.ledger.take().unwrap().commit(vec![entry.clone()], town.world.now).err().unwrap();
    assert_eq!(fault, Fault::Store(store::Fault::Told));
    assert_eq!(reader.head(), before, "nothing of the group was published");
    assert!(reader.receipt(2, Holder::Signer).unwrap().verify(&town.identity()).is_ok());
    let (ledger, report) = Ledger::open(store.reopen(), keys(), Counted::default()).unwrap();
    assert_eq!(report.size, before.size);
    town.ledger = Some(ledger);
    assert_eq!(index(&town.one(&entry)), (true, before.size));
}

#[test]
fn a_ledger_is_founded_once_and_with_the_log_key_of_its_charter() {
    let store = MemoryStore::new();
    let town = Town::found(store.clone());
    let mut world = World::unfounded();
    let entry = |world: &mut World, charter| {
        let scale = crate::amount::Scale::new(2).unwrap();
        let unit = crate::charter::UnitWords { one: "a".to_owned(), many: "b".to_owned() };
        let body = Found { name: "Elders".to_owned(), unit, scale, charter, predecessor: None };
        world.signed(Body::Found(body), COUNCIL)
    };
    let again = entry(&mut world, charter());
    let refused =
        Ledger::found(store.reopen(), keys(), again.clone(), world.now, Counted::default()).err().unwrap();
    assert!(matches!(refused, FoundError::NotEmpty { size: 3 }), "{refused}");
    let wrong = NodeKeys { log: key("somebody") };
    let refused =
        Ledger::found(MemoryStore::new(), wrong, again, world.now, Counted::default()).err().unwrap();
    assert!(matches!(refused, FoundError::LogKey(LogKeyError::NotInCharter { .. })), "{refused}");
    let wrong = NodeKeys { log: key("somebody") };
    drop(town);
    let refused = Ledger::open(store.reopen(), wrong, Counted::default()).err().unwrap();
    assert!(matches!(refused, LedgerOpenError::LogKey(_)), "{refused}");
    let refused = Ledger::open(MemoryStore::new(), keys(), Counted::default()).err().unwrap();
    assert_eq!(refused, LedgerOpenError::NotFounded);
}

#[test]
fn a_tampered_record_stops_the_opening_and_is_named() {
    for index in [1, 2, 5] {
        let store = MemoryStore::new();
        let mut town = Town::found(store.clone());
        for _ in 0..5 {
            town.recorded(pay("mia", &[("bakery", 7)]), &["mia"]);
        }
        drop(town);
        // The last byte of a record is one of a signature.
        store.tamper(index, |salted| *salted.last_mut().unwrap() ^= 1);
        let refused = Ledger::open(store.reopen(), keys(), Counted::default()).err().unwrap();
        let LedgerOpenError::Store(OpenError::Unfit(unfit)) = refused else { panic!("{refused}") };
        assert_eq!(unfit.index, index, "{unfit}");
    }
}

#[test]
fn a_snapshot_shortens_the_opening_and_changes_nothing() {
    let store = MemoryStore::new().with_snapshots_every(10);
    let mut town = Town::found(store.clone());
    let declined_then = town.world.signed(pay("noor", &[("bakery", 600)]), &["noor"]);
    town.one(&declined_then);
    for _ in 0..23 {
        town.recorded(pay("mia", &[("bakery", 7)]), &["mia"]);
    }
    town.recorded(pay("mia", &[("noor", 700)]), &["mia"]);
    let report = town.reopen(|_| store.reopen().with_snapshots_every(10));
    assert_eq!(report.recovery.snapshot, Some(20));
    assert_eq!(report.recovery.replayed, 7);
    assert_eq!(declined(&town.one(&declined_then)), "insufficient_credits");
    town.recorded(pay("mia", &[("bakery", 7)]), &["mia"]);
}

#[test]
fn a_frozen_account_stays_frozen_after_a_restart() {
    let store = MemoryStore::new();
    let mut town = Town::found(store.clone());
    let in_force = town.world.account("mia").standing(town.world.now);
    let change =
        crate::entry::Change { base: 0, state: (*in_force.state).clone(), status: AccountStatus::Frozen };
    town.recorded(Body::Change(change), &["mia"]);
    town.reopen(|_| store.reopen());
    let entry = town.world.signed(pay("mia", &[("bakery", 1)]), &["mia"]);
    assert_eq!(declined(&town.one(&entry)), "at_rest");
}

fn embedded(directory: &Scratch, salt: u8, create: bool) -> EmbeddedStore {
    let options = Options { snapshot_every: 300, segment_bytes: 256 << 10, ..Options::default() };
    let open = if create { EmbeddedStore::create } else { EmbeddedStore::open };
    open(directory.path(), options, [salt; 32]).unwrap()
}

#[test]
fn an_embedded_ledger_is_the_same_after_every_restart() {
    let directory = Scratch::new("restarts");
    let mut town = Town::found(embedded(&directory, 0, true));
    let remembered = town.world.signed(pay("noor", &[("bakery", 60_000)]), &["noor"]);
    town.one(&remembered);
    let mut kept = Vec::new();
    for round in 1..=24u8 {
        let batch: Vec<_> = (0..u64::from(round) * 3)
            .map(|n| town.world.signed(pay("mia", &[("bakery", 1 + n)]), &["mia"]))
            .collect();
        town.world.wait(1);
        let outcomes = town.commit(batch.clone());
        kept.push((batch[0].clone(), outcomes[0].clone()));
        if round % 3 == 0 {
            town.ledger.take().unwrap().close().unwrap();
            let store = embedded(&directory, round, false);
            let (ledger, report) = Ledger::open(store, keys(), Counted(u64::from(round) << 32)).unwrap();
            assert_eq!(report.recovery.views_rebuilt, None, "{report:?}");
            assert_eq!(report.recovery.snapshot, Some(report.size), "closing leaves a snapshot");
            town.ledger = Some(ledger);
        } else {
            let report = town.reopen(|store| {
                drop(store);
                embedded(&directory, round, false)
            });
            assert_eq!(report.size, town.world.books.standing().size());
        }
        assert_eq!(declined(&town.one(&remembered)), "insufficient_credits");
    }
    for (entry, outcome) in &kept {
        let (Outcome::Recorded(first), Outcome::Known(again)) = (outcome, town.one(entry)) else {
            panic!("{outcome:?}")
        };
        assert_eq!((first.index, &first.opening), (again.index, &again.opening));
        assert!(first.verify(&town.identity()).is_ok(), "a receipt once given stays true");
    }
}
