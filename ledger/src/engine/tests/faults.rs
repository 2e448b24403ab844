//! What the embedded store survives: lost views, damaged files, power cuts and dead processes at every step.

use super::*;
use crate::audit::{Expectations, audit};
use crate::log::proof::verify_consistency;
use crate::store::embedded::sim::{Dice, Failure, LOSSES, Loss, Plan, SimDisk};
use crate::store::embedded::{Rows, ViewsAt};
use std::collections::BTreeMap;
use std::path::Path;

/// A little town with a snapshot now and then, ended as `end` says.
pub(super) fn lived_in(
    directory: &Scratch,
    batches: u64,
    end: impl FnOnce(Ledger<EmbeddedStore>),
) -> Town<EmbeddedStore> {
    let mut town = Town::found(embedded(directory, 0, true));
    for batch in 0..batches {
        let payments =
            (0..90).map(|n| town.world.signed(pay("mia", &[("bakery", 1 + (n + batch) % 3)]), &["mia"]));
        let payments = payments.collect();
        town.world.wait(1);
        town.commit(payments);
    }
    end(town.ledger.take().unwrap());
    town
}

/// Everything that readers are told, in one text.
fn told<S: Store>(town: &Town<S>) -> Result<String, ReadError> {
    let reader = town.reader();
    let mut text = String::new();
    for index in 0..reader.head().size {
        let (posted, stored) = (reader.posted(index)?, reader.record(index)?);
        text += &format!("{posted:?} {:?} {:?}\n", stored.salt.0, stored.record);
    }
    for name in ["mia", "bakery", "noor", "house"] {
        text += &format!("{:?}\n", reader.statement(&account(name), None, 10_000)?);
    }
    for number in 0..=reader.head().size / 256 {
        text += &format!("{:?}\n", reader.store().commitments(number)?);
    }
    Ok(text)
}

pub(super) fn open(town: &mut Town<EmbeddedStore>, directory: &Scratch, salt: u8) -> OpeningReport {
    let (ledger, report) = Ledger::open(embedded(directory, salt, false), keys(), Counted(1 << 40)).unwrap();
    town.ledger = Some(ledger);
    town.check();
    report
}

pub(super) fn close<S: Store>(town: &mut Town<S>) {
    town.ledger.take().unwrap().close().unwrap();
}

pub(super) fn files_below(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(directory).unwrap().flatten() {
        if file.path().is_dir() { found.extend(files_below(&file.path())) } else { found.push(file.path()) }
    }
    found.sort();
    found
}

#[test]
fn deleted_views_are_built_anew_and_say_the_same() {
    let directory = Scratch::new("views-deleted");
    let mut town = lived_in(&directory, 10, |ledger| ledger.close().unwrap());
    let report = open(&mut town, &directory, 1);
    assert_eq!((report.recovery.views_rebuilt, report.recovery.replayed), (None, 0));
    let before = told(&town).unwrap();
    close(&mut town);
    std::fs::remove_dir_all(directory.path().join("views")).unwrap();
    let report = open(&mut town, &directory, 2);
    assert_eq!(report.recovery.views_rebuilt.as_deref(), Some("they are not there"));
    assert_eq!(report.recovery.replayed, report.size);
    assert_eq!(told(&town).unwrap(), before);
    // Rebuilt once: the next opening is quick again, even when the process was killed.
    drop(town.ledger.take());
    let report = open(&mut town, &directory, 3);
    assert_eq!(report.recovery.views_rebuilt, None);
    assert_eq!(told(&town).unwrap(), before);
}

// INV-13: views equal what a rebuild gives.
#[test]
fn damaged_views_never_answer_wrongly_and_are_built_anew() {
    let directory = Scratch::new("views-damaged");
    let mut town = lived_in(&directory, 10, |ledger| ledger.close().unwrap());
    open(&mut town, &directory, 1);
    let before = told(&town).unwrap();
    close(&mut town);
    let (mut dice, mut rebuilt, mut found_later) = (Dice::new(7), 0, 0);
    for round in 2..42u8 {
        let files = files_below(&directory.path().join("views"));
        let file = &files[dice.below(files.len() as u64) as usize];
        let mut bytes = std::fs::read(file).unwrap();
        if bytes.is_empty() {
            continue;
        }
        match dice.below(4) {
            0 => bytes.truncate(dice.below(bytes.len() as u64) as usize),
            _ => {
                let at = dice.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << dice.below(8);
            }
        }
        std::fs::write(file, bytes).unwrap();
        let report = open(&mut town, &directory, round);
        rebuilt += u64::from(report.recovery.views_rebuilt.is_some());
        match told(&town) {
            Ok(answers) => assert_eq!(answers, before, "round {round}: nothing wrong is ever told"),
            Err(ReadError::Store(_) | ReadError::Tree(_)) => {
                found_later += 1;
                assert!(!town.reader().store().health().is_empty(), "round {round}");
                close(&mut town);
                let report = open(&mut town, &directory, round + 100);
                assert!(
                    report.recovery.views_rebuilt.is_some(),
                    "round {round}: condemned views are not believed"
                );
                assert_eq!(told(&town).unwrap(), before);
            }
            Err(other) => panic!("{other}"),
        }
        close(&mut town);
    }
    assert!(rebuilt + found_later > 0, "no damage was ever noticed: the test is blind");
}

#[test]
fn a_row_that_changes_while_the_ledger_is_open_is_found_and_condemned() {
    let (disk, map) = (SimDisk::new(1), Arc::new(std::sync::Mutex::new(BTreeMap::new())));
    let mut town = Town::found(simulated(&disk, &map, 0, true));
    for _ in 0..6 {
        let batch = (0..100).map(|_| town.world.signed(pay("mia", &[("bakery", 1)]), &["mia"])).collect();
        town.commit(batch);
    }
    let before = told(&town).unwrap();
    close(&mut town);
    let condemned = |town: &mut Town<EmbeddedStore>, salt| {
        let (ledger, report) =
            Ledger::open(simulated(&disk, &map, salt, false), keys(), Counted(1 << 40)).unwrap();
        town.ledger = Some(ledger);
        report.recovery.views_rebuilt
    };
    assert_eq!(condemned(&mut town, 1), None);
    let key = [b"b".as_slice(), &1u64.to_be_bytes()].concat();
    map.lock().unwrap().get_mut(&key).unwrap()[5_000] ^= 4;
    assert!(matches!(town.reader().posted(300), Err(ReadError::Store(_))));
    assert!(town.reader().posted(3).is_ok(), "what is sound is still told");
    let entry = town.world.signed(pay("mia", &[("bakery", 1)]), &["mia"]);
    assert!(index(&town.one(&entry)).0, "payments go on");
    drop(town.ledger.take());
    disk.process_restart();
    assert!(condemned(&mut town, 2).is_some());
    town.check();
    assert!(told(&town).unwrap().starts_with(before.split("Statement").next().unwrap()));
}

#[test]
fn a_damaged_or_missing_snapshot_costs_time_and_nothing_else() {
    for (damage, all) in (0..4).flat_map(|damage| [(damage, false), (damage, true)]) {
        let directory = Scratch::new("snapshot-damaged");
        let mut town = lived_in(&directory, 5, |ledger| ledger.close().unwrap());
        let is_snapshot = |path: &Path| path.file_name().unwrap().to_string_lossy().starts_with("snapshot-");
        let mut snapshots: Vec<_> =
            files_below(directory.path()).into_iter().filter(|path| is_snapshot(path)).collect();
        assert_eq!(snapshots.len(), 2, "the one before the newest is kept");
        for snapshot in snapshots.drain(usize::from(!all)..) {
            let mut bytes = std::fs::read(&snapshot).unwrap();
            match damage {
                0 => bytes[1_000] ^= 8,
                1 => bytes.truncate(500),
                2 => bytes.clear(),
                _ => std::fs::remove_file(&snapshot).unwrap(),
            }
            if damage < 3 {
                std::fs::write(&snapshot, bytes).unwrap();
            }
        }
        let report = open(&mut town, &directory, 1);
        let (snapshot, replayed) = (report.recovery.snapshot, report.recovery.replayed);
        if all {
            assert_eq!((snapshot, replayed), (None, report.size));
        } else {
            // The older one is tried before everything is replayed.
            assert!(snapshot.is_some_and(|size| 0 < size && size + replayed == report.size), "{report:?}");
            assert!(0 < replayed && replayed < report.size, "{report:?}");
        }
        assert_eq!(report.recovery.views_rebuilt, None, "{report:?}");
        assert!(report.recovery.notes.iter().any(|note| note.contains("snapshot")), "{report:?}");
        let before = told(&town).unwrap();
        close(&mut town);
        let report = open(&mut town, &directory, 2);
        assert_eq!(report.recovery.snapshot, Some(report.size), "a new one was made");
        assert_eq!(report.recovery.notes, Vec::<String>::new());
        assert_eq!(told(&town).unwrap(), before);
    }
}

#[test]
fn only_one_process_has_a_ledger_open() {
    let directory = Scratch::new("in-use");
    let town = Town::found(embedded(&directory, 0, true));
    let second = EmbeddedStore::open(directory.path(), Options::default(), [1; 32]).err().unwrap();
    assert!(second.to_string().contains("another process"), "{second}");
    let reader = town.reader();
    drop(town);
    // A reader that outlives its ledger keeps nobody out; it reads on, but anchors nothing.
    assert!(EmbeddedStore::open(directory.path(), Options::default(), [2; 32]).is_ok());
    assert!(reader.posted(1).is_ok());
    assert!(reader.anchor().is_err());
}

type RowMap = BTreeMap<Vec<u8>, Vec<u8>>;
type Map = Arc<std::sync::Mutex<RowMap>>;

fn simulated(disk: &SimDisk, rows: &Map, salt: u64, create: bool) -> EmbeddedStore {
    let mut salt_bytes = [3; 32];
    salt_bytes[..8].copy_from_slice(&salt.to_le_bytes());
    let options = Options { snapshot_every: 25, segment_bytes: 32 << 10, ..Options::default() };
    let open = if create { EmbeddedStore::create_on } else { EmbeddedStore::open_on };
    let views = ViewsAt::Memory(Rows::Memory(rows.clone()));
    open(Arc::new(disk.clone()), views, options, salt_bytes).unwrap()
}

/// What a client was told, and keeps.
struct Told {
    entry: VerifiedEntry,
    outcome: Outcome,
}

/// Commits groups, anchors between them, and stops at the first fault; returns what was acknowledged.
fn spend(ledger: Ledger<EmbeddedStore>, world: &mut World, groups: usize) -> (Vec<Told>, Vec<VerifiedEntry>) {
    let (mut acknowledged, mut unknown) = (Vec::new(), Vec::new());
    let mut ledger = Some(ledger);
    for group in 0..groups {
        world.wait(1);
        let mut batch: Vec<VerifiedEntry> =
            (0..9).map(|_| world.signed(pay("mia", &[("bakery", 1)]), &["mia"])).collect();
        // One that is declined, and must stay so.
        batch.push(world.signed(pay("noor", &[("bakery", 60_000 + group as u64)]), &["noor"]));
        let Some(held) = ledger.take() else { break };
        match held.commit(batch.clone(), world.now) {
            Ok((given_back, outcomes)) => {
                acknowledged
                    .extend(batch.into_iter().zip(outcomes).map(|(entry, outcome)| Told { entry, outcome }));
                // Whether the anchor could be written does not change what is acknowledged.
                let _ = given_back.reader().anchor();
                ledger = Some(given_back);
            }
            Err(Fault::Store(_)) => unknown = batch,
            Err(fault) => panic!("{fault}"),
        }
    }
    if let Some(ledger) = ledger {
        let _ = ledger.close();
    }
    (acknowledged, unknown)
}

/// After whatever happened: everything acknowledged is there, said in the same words, and the whole holds.
fn must_stand_by(
    disk: &SimDisk,
    rows: &Map,
    world: &World,
    told: &[Told],
    unknown: &[VerifiedEntry],
    what: &str,
) {
    let (ledger, report) = Ledger::open(simulated(disk, rows, 1 << 50, false), keys(), Counted(1 << 40))
        .unwrap_or_else(|refused| panic!("{what}: {refused}"));
    let identity = LogIdentity::new(world.ledger(), "klaver.example/log", &[public("log")]).unwrap();
    let reader = ledger.reader();
    let head = reader.head();
    let entries: Vec<VerifiedEntry> = told.iter().map(|told| told.entry.clone()).collect();
    let (ledger, again) = ledger.commit(entries, world.now).unwrap();
    for (told, again) in told.iter().zip(&again) {
        match (&told.outcome, again) {
            (Outcome::Recorded(first), Outcome::Known(again)) => {
                assert_eq!((first.index, &first.opening), (again.index, &again.opening), "{what}");
                let proven = first.verify(&identity).unwrap();
                let old = proven.checkpoint.checkpoint().head();
                let proof = reader.consistency_proof(old.size, head.size).unwrap();
                assert_eq!(verify_consistency(&old, &head, &proof), Ok(()), "{what}");
            }
            (Outcome::Declined(first), Outcome::Declined(again)) => assert_eq!(first, again, "{what}"),
            (first, again) => panic!("{what}: first {first:?}, then {again:?}, {report:?}"),
        }
    }
    assert_eq!(reader.head(), head, "{what}: nothing was recorded twice");
    // What got no answer is sent again, and is there once.
    let (ledger, outcomes) = ledger.commit(unknown.to_vec(), world.now).unwrap();
    for outcome in &outcomes {
        assert!(!matches!(outcome, Outcome::Unanswered { .. }), "{what}");
    }
    let reader = ledger.reader();
    let records = reader.records(0).map(|stored| stored.map(|stored| (stored.salt, stored.record)));
    let verdict = audit(records, &Expectations::of_checkpoints([&reader.checkpoint()]), |_| {});
    assert!(verdict.holds(), "{what}: {verdict}");
    let told_lines =
        (0..reader.head().size).map(|index| reader.posted(index).map(|posted| posted.lines.len()));
    assert!(told_lines.collect::<Result<Vec<_>, _>>().is_ok(), "{what}: views answer for every record");
}

/// A town on a simulated disk, and what its disk and rows look like.
fn base() -> (World, BTreeMap<String, Vec<u8>>, RowMap) {
    let (disk, rows) = (SimDisk::new(0), Map::default());
    let mut town = Town::found(simulated(&disk, &rows, 0, true));
    for _ in 0..4 {
        let batch = (0..70).map(|_| town.world.signed(pay("mia", &[("bakery", 1)]), &["mia"])).collect();
        town.commit(batch);
    }
    close(&mut town);
    let rows = rows.lock().unwrap().clone();
    (town.world, disk.contents(), rows)
}

/// Lets `plan` strike at 1, 2, 3, … while a ledger is opened, used and closed, until it no longer strikes.
fn sweep(
    plan: impl Fn(u64) -> Plan,
    step: u64,
    aftermath: impl Fn(&SimDisk, u64),
    has_struck: impl Fn(&SimDisk, u64) -> bool,
) {
    let (mut world, contents, kept_rows) = base();
    let (mut at, mut struck, now) = (1, 0, world.now);
    loop {
        let (disk, rows) = (SimDisk::new(at), Map::new(std::sync::Mutex::new(kept_rows.clone())));
        disk.replace(&contents);
        world.now = now;
        disk.plan(plan(at));
        let (told, unknown) = {
            let options = Options { snapshot_every: 25, segment_bytes: 32 << 10, ..Options::default() };
            let views = ViewsAt::Memory(Rows::Memory(rows.clone()));
            let opened = EmbeddedStore::open_on(Arc::new(disk.clone()), views, options, [9; 32])
                .ok()
                .and_then(|store| Ledger::open(store, keys(), Counted(at << 20)).ok());
            match opened {
                Some((ledger, _)) => spend(ledger, &mut world, 7),
                None => (Vec::new(), Vec::new()),
            }
        };
        if !has_struck(&disk, at) {
            break;
        }
        struck += 1;
        aftermath(&disk, at);
        must_stand_by(&disk, &rows, &world, &told, &unknown, &format!("struck at {at}"));
        at += step;
    }
    println!("{struck} steps");
    assert!(struck > 30, "the sweep reached {struck} steps only");
}

#[test]
fn the_power_may_go_at_every_write() {
    let cut = |at| Plan { cut_at: Some(at), ..Plan::default() };
    sweep(
        cut,
        1,
        |disk, at| disk.power_cycle(LOSSES[at as usize % LOSSES.len()]),
        |disk, _| disk.fired().cuts > 0,
    );
}

#[test]
fn the_process_may_die_at_every_write() {
    let cut = |at| Plan { cut_at: Some(at), ..Plan::default() };
    sweep(cut, 1, |disk, _| disk.process_restart(), |disk, _| disk.fired().cuts > 0);
}

#[test]
fn the_disk_may_fail_at_every_operation() {
    for (failure, for_good) in [(Failure::Io, false), (Failure::NoSpace, true), (Failure::ShortWrite, false)]
    {
        let fail = |at| Plan { fail_at: Some((at, failure, for_good)), ..Plan::default() };
        // The plan counts operations of all kinds, and not each of them can fail in each way.
        sweep(fail, 3, |disk, _| disk.power_cycle(Loss::All), |disk, at| disk.counted().0 >= at);
    }
}

#[test]
fn rows_from_another_time_are_not_believed() {
    let (mut world, contents, kept_rows) = base();
    for (what, rows) in [
        ("rows that are gone", BTreeMap::new()),
        (
            "rows that are older",
            kept_rows.iter().take(1).map(|(key, row)| (key.clone(), row.clone())).collect(),
        ),
        ("rows under each other's key", {
            let mut rows = kept_rows.clone();
            let (first, second) = (kept_rows.keys().next().unwrap(), kept_rows.keys().last().unwrap());
            rows.insert(first.clone(), kept_rows[second].clone());
            rows
        }),
    ] {
        let disk = SimDisk::new(5);
        disk.replace(&contents);
        let rows = Map::new(std::sync::Mutex::new(rows));
        let (ledger, report) =
            Ledger::open(simulated(&disk, &rows, 4, false), keys(), Counted(1 << 41)).unwrap();
        assert!(report.recovery.views_rebuilt.is_some(), "{what}");
        let (told, unknown) = spend(ledger, &mut world, 2);
        disk.process_restart();
        must_stand_by(&disk, &rows, &world, &told, &unknown, what);
    }
}

#[test]
fn proofs_of_old_leaves_come_from_the_views() {
    use crate::log::proof::verify_inclusion;
    let directory = Scratch::new("old-proofs");
    let mut town = lived_in(&directory, 10, |ledger| ledger.close().unwrap());
    open(&mut town, &directory, 1);
    let (reader, identity) = (town.reader(), town.identity());
    let head = reader.head();
    for index in [0, 1, 255, 256, 600, head.size - 1] {
        let receipt = reader.receipt(index, Holder::Signer).unwrap();
        assert_eq!(receipt.verify(&identity).unwrap().index, index);
        let commitment = reader.store().commitments(index / 256).unwrap()[(index % 256) as usize];
        let proof = reader.inclusion_proof(index, head.size).unwrap();
        assert_eq!(verify_inclusion(&crate::record::leaf_hash_of(&commitment), index, &proof, &head), Ok(()));
    }
}
