//! A snapshot whose bytes are whole and that says something else than the journal.

use super::faults::{close, files_below, lived_in, open};
use super::*;

#[test]
fn a_snapshot_that_contradicts_the_journal_is_never_begun_with_again() {
    let directory = Scratch::new("snapshot-contradicts");
    let mut town = lived_in(&directory, 1, drop);
    open(&mut town, &directory, 1);
    // Books of as many records, in which one payment was another.
    let now = town.world.now;
    let payment = |world: &mut World, amount| world.signed(pay("mia", &[("bakery", amount)]), &["mia"]);
    let (mut other, mut ledger) = (town.ledger().books().clone(), town.ledger.take().unwrap());
    let (here, there) = (payment(&mut town.world, 1), payment(&mut town.world, 2));
    let effects = rules::apply(&other, &there, now).unwrap();
    other.post(&there, now, &effects);
    ledger = ledger.commit(vec![here.clone()], now).unwrap().0;
    town.world.post(&here).unwrap();
    let (head, tree) = (ledger.head, ledger.shared.tree().state());
    ledger.store.offer_snapshot(Box::new(move || Snapshot {
        head,
        books: other.encode_snapshot(),
        tree,
        refusals: Vec::new(),
    }));
    town.ledger = Some(ledger);
    let later = payment(&mut town.world, 3);
    town.commit(vec![later]);
    drop(town.ledger.take());
    // The views are gone: everything is replayed, and the snapshot compared with it.
    std::fs::remove_dir_all(directory.path().join("views")).unwrap();
    let report = open(&mut town, &directory, 2);
    let told = report.recovery.notes.iter().any(|note| note.contains("something else than the journal"));
    assert!(told, "{report:?}");
    close(&mut town);
    // The one made since is damaged: the one before it would be next.
    let is_snapshot =
        |path: &&std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("snapshot-");
    let found = files_below(directory.path());
    let newest = found.iter().rfind(is_snapshot).unwrap();
    std::fs::write(newest, b"damaged").unwrap();
    // `open` compares the books with those that followed every receipt.
    let report = open(&mut town, &directory, 3);
    assert_eq!(report.recovery.replayed, report.size, "{report:?}");
}
