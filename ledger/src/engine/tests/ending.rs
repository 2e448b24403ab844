//! The council ends the ledger: with the log where it stands, or not at all.

use super::*;
use crate::books::Books;
use crate::entry::{Attest, Statement};
use crate::id::Digest;

/// What ends a ledger that stands at these books, if the log stands at `root`.
fn end(books: &Books, root: Digest) -> Body {
    let (size, document) = (books.standing().size(), books.closing_digest());
    Body::Attest(Attest { statement: Statement::Succession, size, root, document })
}

fn root(town: &Town<MemoryStore>) -> Digest {
    Digest(town.reader().head().root.0)
}

#[test]
fn an_end_that_names_another_root_is_not_recorded() {
    let store = MemoryStore::new();
    let mut town = Town::found(store.clone());
    let wrong = town.world.signed(end(&town.world.books, Digest([9; 32])), COUNCIL);
    let outcome = town.one(&wrong);
    assert_eq!(declined(&outcome), "unsound_succession");
    let Outcome::Declined(refusal) = outcome else { unreachable!("it was declined") };
    assert_eq!(refusal.field.as_deref(), Some("root"));
    // The ledger goes on, also after a restart, and ends where its log stands.
    town.recorded(pay("mia", &[("bakery", 1)]), &["mia"]);
    town.reopen(|store| store.reopen());
    let right = end(&town.world.books, root(&town));
    town.recorded(right, COUNCIL);
    town.reopen(|store| store.reopen());
    let late = town.world.signed(pay("mia", &[("bakery", 1)]), &["mia"]);
    assert_eq!(declined(&town.one(&late)), "ended");
}

#[test]
fn an_end_behind_others_of_its_group_is_not_recorded() {
    let mut town = Town::found(MemoryStore::new());
    let payment = town.world.signed(pay("mia", &[("bakery", 1)]), &["mia"]);
    // The books behind the payment are known beforehand, the log's root there is not.
    let mut ahead = town.world.books.clone();
    let effects = rules::apply(&ahead, &payment, town.world.now).unwrap();
    ahead.post(&payment, town.world.now, &effects);
    let behind = town.world.signed(end(&ahead, root(&town)), COUNCIL);
    let outcomes = town.commit(vec![payment, behind]);
    assert!(matches!(outcomes[0], Outcome::Recorded(_)));
    assert_eq!(declined(&outcomes[1]), "unsound_succession");
}

#[test]
fn a_journal_that_ends_with_another_root_is_not_replayed() {
    let mut town = Town::found(MemoryStore::new());
    let wrong = end(&town.world.books, Digest([9; 32]));
    let entry = town.world.signed(wrong, COUNCIL);
    let record = crate::record::Record {
        index: town.world.books.standing().size(),
        recorded_at: town.world.now,
        signed: entry.signed().clone(),
    };
    let salted = [&[7; 32][..], &record.encode()].concat();
    let mut replayer = Replayer::beginning(town.world.books.clone());
    let head = SignedHead { size: record.index + 1, root: town.reader().head().root, signature: [0; 64] };
    let (recorded_at, records) = (town.world.now, &[salted.as_slice()][..]);
    let group = crate::store::StoredGroup { records, refusals: &[], recorded_at, head };
    let unfit = crate::store::Replay::group(&mut replayer, group).err().unwrap();
    assert!(unfit.why.contains("root of the succession"), "{unfit}");
}
