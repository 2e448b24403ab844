//! The council gives the log another key, and the node is restarted before, while and after that takes effect.

use super::*;
use crate::entry::Govern;

fn with_key(name: &str) -> NodeKeys {
    NodeKeys { log: key(name) }
}

fn open(store: &MemoryStore, name: &str) -> Result<Ledger<MemoryStore>, LedgerOpenError> {
    Ledger::open(store.reopen(), with_key(name), Counted(1 << 32)).map(|(ledger, _)| ledger)
}

fn identity(town: &Town<MemoryStore>, name: &str) -> LogIdentity {
    LogIdentity::new(town.world.ledger(), "klaver.example/log", &[public(name)]).unwrap()
}

/// The ledger with a receipt, or the entry with why it was not recorded.
type Paid = Result<(Ledger<MemoryStore>, Receipt), Box<(VerifiedEntry, Fault)>>;

/// Commits one payment.
fn payment(town: &mut Town<MemoryStore>, ledger: Ledger<MemoryStore>) -> Paid {
    let entry = town.world.signed(pay("mia", &[("bakery", 1)]), &["mia"]);
    let now = town.world.now;
    match ledger.commit(vec![entry.clone()], now) {
        Ok((ledger, mut outcomes)) => {
            town.world.post(&entry).unwrap();
            let Some(Outcome::Recorded(receipt)) = outcomes.pop() else { panic!("recorded") };
            Ok((ledger, receipt))
        }
        Err(fault) => Err(Box::new((entry, fault))),
    }
}

/// A town whose council has decided on the key `next`, which takes effect in two days.
fn decided() -> (MemoryStore, Town<MemoryStore>) {
    let store = MemoryStore::new();
    let mut town = Town::found(store.clone());
    let mut charter = charter();
    charter.log_keys = vec![public("next")];
    town.recorded(Body::Govern(Govern { base: 0, charter }), COUNCIL);
    town.ledger = None;
    (store, town)
}

const DELAY: u64 = 2 * 86_400;

#[test]
fn a_new_log_key_takes_over_when_the_charter_does() {
    let (store, mut town) = decided();
    // While the charter waits, the old key signs, also after a restart.
    for _ in 0..2 {
        town.world.wait(60);
        let ledger = open(&store, "log").unwrap();
        let (_, receipt) = payment(&mut town, ledger).unwrap();
        assert!(receipt.verify(&identity(&town, "log")).is_ok());
    }
    // It takes effect; the newest head is still one of the old key, and the new key goes on from there.
    town.world.wait(DELAY);
    let mut ledger = open(&store, "next").unwrap();
    assert!(identity(&town, "log").open(ledger.reader().checkpoint().note()).is_ok());
    ledger.take_over(town.world.now);
    assert!(identity(&town, "next").open(ledger.reader().checkpoint().note()).is_ok());
    for _ in 0..3 {
        town.world.wait(60);
        let (after, receipt) = payment(&mut town, ledger).unwrap();
        assert!(receipt.verify(&identity(&town, "next")).is_ok());
        assert!(receipt.verify(&identity(&town, "log")).is_err());
        drop(after);
        ledger = open(&store, "next").unwrap();
        assert_eq!(ledger.books().encode_snapshot(), town.world.books.encode_snapshot());
    }
    drop(ledger);
    // The old key has nothing more to say.
    assert!(matches!(open(&store, "log"), Err(LedgerOpenError::LogKey(LogKeyError::NotInCharter { .. }))));
}

#[test]
fn the_wrong_key_at_the_wrong_time_records_nothing() {
    let (store, mut town) = decided();
    assert!(matches!(open(&store, "a third key"), Err(LedgerOpenError::LogKey(_))));
    // Too early: the new key may open, for it cannot know how late it is, and signs nothing.
    let ledger = open(&store, "next").unwrap();
    let shown = ledger.reader().checkpoint().note().clone();
    assert!(identity(&town, "next").open(&shown).is_err(), "a key that is not in force has signed");
    assert!(identity(&town, "log").open(&shown).is_ok());
    let mut ledger = ledger;
    ledger.take_over(town.world.now);
    assert_eq!(ledger.reader().checkpoint().note(), &shown, "nor when it is told how late it is");
    let (_, fault) = *payment(&mut town, ledger).err().unwrap();
    assert!(matches!(fault, Fault::LogKey(LogKeyError::NotInCharter { .. })), "{fault}");
    assert!(fault.to_string().contains("put the right key in place"), "{fault}");
    let ledger = open(&store, "log").unwrap();
    let (ledger, _) = payment(&mut town, ledger).unwrap();
    // Too late: the old key runs on into the new charter, and stops.
    town.world.wait(DELAY);
    let (entry, fault) = *payment(&mut town, ledger).err().unwrap();
    assert!(matches!(fault, Fault::LogKey(LogKeyError::NotInCharter { .. })), "{fault}");
    // With the right key the same entry is recorded, once.
    let ledger = open(&store, "next").unwrap();
    assert_eq!(ledger.books().recorded(&entry.id()), None);
    let (ledger, outcomes) = ledger.commit(vec![entry.clone(), entry], town.world.now).unwrap();
    assert!(matches!(outcomes[..], [Outcome::Recorded(_), Outcome::Known(_)]), "{outcomes:?}");
    assert!(identity(&town, "next").open(ledger.reader().checkpoint().note()).is_ok());
}
