//! What a damaged directory still says: everything before the damage, nothing behind it, and why.

use super::*;
use crate::charter::Charter;
use crate::store::embedded::ReadOnlyStore;
use crate::store::embedded::disk::RealDisk;
use crate::store::embedded::fault::OpenError as DirectoryError;
use crate::store::embedded::journal::Settings;
use crate::store::embedded::recovery::Directory;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The files of a ledger without its views, which nobody believes here.
fn files(directory: &Path) -> Files {
    let files = std::fs::read_dir(directory).unwrap().flatten().map(|file| file.path());
    files.filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn put_back(directory: &Path, whole: &Files) {
    for path in files(directory).keys() {
        std::fs::remove_file(path).unwrap();
    }
    whole.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
}

fn segments(files: &Files) -> Vec<PathBuf> {
    let is_segment = |path: &&PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("segment-");
    files.keys().filter(is_segment).cloned().collect()
}

fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).unwrap()
}

/// Everything that readers are told of the records below `size`.
fn told<R: StoreReader>(reader: &Reader<R>, size: u64) -> Vec<String> {
    let one = |index| {
        let (posted, stored) = (reader.posted(index).unwrap(), reader.record(index).unwrap());
        format!("{posted:?} {:?} {:?}", stored.salt.0, stored.record)
    };
    (0..size).map(one).collect()
}

/// A ledger of 7 groups in 4 segments, closed; what it told, and its files.
fn closed(directory: &Scratch) -> (Town<EmbeddedStore>, Vec<String>, Files) {
    let store = |salt, create| {
        let options = Options { segment_bytes: 64 << 10, ..Options::default() };
        let open = if create { EmbeddedStore::create } else { EmbeddedStore::open };
        open(directory.path(), options, [salt; 32]).unwrap()
    };
    let mut town = Town::found(store(0, true));
    for round in 1..=4u8 {
        let batch = (0..40).map(|n| town.world.signed(pay("mia", &[("bakery", 1 + n)]), &["mia"]));
        let batch = batch.collect();
        town.world.wait(1);
        town.commit(batch);
        if round < 4 {
            town.ledger.take().unwrap().close().unwrap();
            let (ledger, _) =
                Ledger::open(store(round, false), keys(), Counted(u64::from(round) << 32)).unwrap();
            town.ledger = Some(ledger);
        }
    }
    let before = told(&town.reader(), town.reader().head().size);
    town.ledger.take().unwrap().close().unwrap();
    (town, before, files(directory.path()))
}

/// Why a ledger is not opened for writing, and what it says instead.
fn opened(directory: &Path) -> (String, Result<ReadOnlyLedger, LedgerOpenError>) {
    opened_with(directory, keys())
}

fn opened_with(directory: &Path, node: NodeKeys) -> (String, Result<ReadOnlyLedger, LedgerOpenError>) {
    let refused = match EmbeddedStore::open(directory, Options::default(), [9; 32]) {
        Err(refused) => refused,
        Ok(store) => match Ledger::open(store, node, Counted(1 << 50)) {
            Err(LedgerOpenError::Store(OpenError::Embedded(refused))) => refused,
            Err(LedgerOpenError::Store(OpenError::Unfit(unfit))) => {
                let io = std::io::Error::other(unfit.to_string());
                crate::store::embedded::fault::Fault::Io {
                    doing: "believe",
                    file: "the journal".to_owned(),
                    kind: io.kind(),
                    reason: io.to_string(),
                }
                .into()
            }
            Err(other) => panic!("{other}"),
            Ok((_, report)) => panic!("opened as if nothing had happened: {report:?}"),
        },
    };
    let read = ReadOnlyStore::open(directory, refused.clone())
        .map_err(|error| OpenError::from(error).into())
        .and_then(|store| open_read_only(store, &Books::new()));
    (refused.to_string(), read)
}

#[test]
fn what_stands_before_the_damage_is_served_and_nothing_else() {
    type Damage = fn(&Path, &mut Files, &[PathBuf]);
    // The damage, and whether the newest records are lost by it.
    let cases: [(&str, bool, Damage); 9] = [
        ("the anchor is gone", false, |directory, files, _| {
            files.remove(&directory.join("anchor"));
        }),
        ("both slots of the anchor are damaged", false, |directory, files, _| {
            let bytes = files.get_mut(&directory.join("anchor")).unwrap();
            bytes[100] ^= 1;
            bytes[5_000] ^= 1;
        }),
        ("a bit flipped in an older segment", true, |_, files, segments| {
            let bytes = files.get_mut(&segments[1]).unwrap();
            let at = used(bytes) / 2;
            bytes[at] ^= 4;
        }),
        ("a bit flipped in the newest record", true, |_, files, segments| {
            let bytes = files.get_mut(segments.last().unwrap()).unwrap();
            let at = used(bytes) - 300;
            bytes[at] ^= 4;
        }),
        ("the newest segment is cut off", true, |_, files, segments| {
            let bytes = files.get_mut(segments.last().unwrap()).unwrap();
            bytes.truncate(used(bytes) - 100);
        }),
        ("a segment in the middle is gone", true, |_, files, segments| {
            files.remove(&segments[1]);
        }),
        ("the header of the newest segment is damaged", true, |_, files, segments| {
            files.get_mut(segments.last().unwrap()).unwrap()[20] ^= 1;
        }),
        ("two segments swapped names", true, |_, files, segments| {
            let (one, two) = (files[&segments[1]].clone(), files[&segments[2]].clone());
            files.insert(segments[1].clone(), two);
            files.insert(segments[2].clone(), one);
        }),
        ("a sector of zeros", true, |_, files, segments| {
            let bytes = files.get_mut(&segments[0]).unwrap();
            let at = used(bytes) / 2;
            bytes[at..at + 512].fill(0);
        }),
    ];
    let directory = Scratch::new("damaged");
    let (town, before, mut whole) = closed(&directory);
    // A snapshot would let opening pass over what is damaged below it.
    whole.retain(|path, _| !path.file_name().unwrap().to_string_lossy().starts_with("snapshot-"));
    let names = segments(&whole);
    assert!(3 <= names.len(), "{names:?}");
    for (what, loses, damage) in cases {
        let mut damaged = whole.clone();
        damage(directory.path(), &mut damaged, &names);
        put_back(directory.path(), &damaged);
        let (refused, read) = opened(directory.path());
        let ledger = read.unwrap_or_else(|error| panic!("{what}: {error}"));
        let reader = ledger.reader();
        let size = reader.head().size;
        assert_eq!(size < before.len() as u64, loses, "{what}: {size} records are left");
        assert!(2 < size, "{what}: {size} records are left");
        assert_eq!(told(&reader, size), before[..size as usize], "{what}");
        assert!(matches!(reader.record(size), Err(ReadError::NoRecord { .. })), "{what}");
        // What the anchor names cannot be read, or nobody knows what it named: nothing is shown to everybody.
        assert!(ledger.anchored().is_none(), "{what}");
        assert!(town.identity().open(reader.checkpoint().note()).is_ok(), "{what}: signed by the log");
        for index in [0, size / 2, size - 1] {
            let receipt = reader.receipt(index, Holder::Signer).unwrap();
            receipt
                .verify(&town.identity())
                .unwrap_or_else(|error| panic!("{what}: receipt {index}: {error}"));
        }
        let why = ledger.why();
        assert!(
            why.contains(&format!("records below {size} hold")) && why.contains(&refused),
            "{what}: {why}"
        );
        assert!(why.contains("klaver-node verify"), "{what}: {why} says what to do");
        // Nobody writes meanwhile, and nothing was changed.
        let second = EmbeddedStore::open(directory.path(), Options::default(), [7; 32]).err();
        assert!(matches!(second, Some(DirectoryError::InUse)), "{what}: {second:?}");
        assert_eq!(files(directory.path()), damaged, "{what}: evidence is left as it was");
        drop(ledger);
    }
    put_back(directory.path(), &whole);
    let store = EmbeddedStore::open(directory.path(), Options::default(), [8; 32]).unwrap();
    assert!(Ledger::open(store, keys(), Counted(1 << 50)).is_ok(), "the copy opens as ever");
}

#[test]
fn a_group_that_does_not_follow_by_the_rules_ends_what_is_served() {
    let directory = Scratch::new("wrong-root");
    let (town, before, _) = closed(&directory);
    // A group whose frames are sound, and whose root is not that of its records.
    let domain = Sha256::digest(b"klaver/ledger-journal/v1\n").into();
    let disk = std::sync::Arc::new(RealDisk::at(directory.path()));
    let settings = Settings::new(domain, [77; 32]);
    let mut opened_journal = Directory::lock(disk, settings).unwrap().open(None).unwrap();
    let size = before.len() as u64;
    let body = [size.to_le_bytes().as_slice(), &[5; 32], &[6; 64]].concat();
    opened_journal.journal.append_group(&[], &body, town.world.now.millis()).unwrap();
    drop(opened_journal);
    let (refused, read) = opened(directory.path());
    assert!(refused.contains("the log signed size"), "{refused}");
    let ledger = read.unwrap();
    assert_eq!(told(&ledger.reader(), size), before);
    // It stands behind the anchor, whose checkpoint goes on being shown.
    assert_eq!(ledger.anchored().unwrap().checkpoint().size, size);
    assert!(ledger.why().contains("the log signed size"), "{}", ledger.why());
}

#[test]
fn what_contradicts_itself_is_refused() {
    let (directory, other) = (Scratch::new("contradiction"), Scratch::new("contradiction-other"));
    let (_, _, whole) = closed(&directory);
    let (_, _, foreign) = {
        // Another history of the same keys.
        let mut town =
            Town::found(EmbeddedStore::create(other.path(), Options::default(), [50; 32]).unwrap());
        for _ in 0..2 {
            town.recorded(pay("noor", &[("bakery", 2)]), &["noor"]);
            town.world.wait(1);
        }
        town.ledger.take().unwrap().close().unwrap();
        ((), (), files(other.path()))
    };
    let anchor = directory.path().join("anchor");
    type Change = Box<dyn Fn(&mut Files)>;
    let cases: [(&str, Change); 3] = [
        ("an anchor of another history", {
            let (anchor, bytes) = (anchor.clone(), foreign[&other.path().join("anchor")].clone());
            Box::new(move |files| drop(files.insert(anchor.clone(), bytes.clone())))
        }),
        ("an anchor of a newer program", {
            let anchor = anchor.clone();
            Box::new(move |files| {
                for block in files.get_mut(&anchor).unwrap().chunks_mut(4096) {
                    block[8] = 2;
                    let sum = crc32c::crc32c(&block[..4092]);
                    block[4092..].copy_from_slice(&sum.to_le_bytes());
                }
            })
        }),
        ("no segment at all", {
            Box::new(move |files| segments(files).iter().for_each(|name| drop(files.remove(name))))
        }),
    ];
    for (what, damage) in cases {
        let mut damaged = whole.clone();
        damage(&mut damaged);
        put_back(directory.path(), &damaged);
        let (refused, read) = opened(directory.path());
        let error = read.err().unwrap_or_else(|| panic!("{what}: something is served"));
        assert_eq!(error.to_string(), refused, "{what}");
    }
}

#[test]
fn what_an_earlier_log_key_signed_is_served_too() {
    let directory = Scratch::new("changed-key");
    let embedded = |salt: u8, create: bool| {
        let open = if create { EmbeddedStore::create } else { EmbeddedStore::open };
        open(directory.path(), Options { segment_bytes: 64 << 10, ..Options::default() }, [salt; 32]).unwrap()
    };
    let mut town = Town::found(embedded(0, true));
    let charter = Charter { log_keys: vec![public("next")], ..charter() };
    town.recorded(Body::Govern(crate::entry::Govern { base: 0, charter }), COUNCIL);
    let size = town.reader().head().size;
    let before = told(&town.reader(), size);
    town.ledger.take().unwrap().close().unwrap();
    town.world.wait(2 * 86_400);
    let next = NodeKeys { log: key("next") };
    let (ledger, _) = Ledger::open(embedded(1, false), next, Counted(1 << 32)).unwrap();
    let batch = (0..40).map(|n| town.world.signed(pay("mia", &[("bakery", 1 + n)]), &["mia"])).collect();
    ledger.commit(batch, town.world.now).unwrap().0.close().unwrap();
    // The new key's own group is cut off: what is left names the old key alone.
    let newest = segments(&files(directory.path())).pop().unwrap();
    let mut bytes = std::fs::read(&newest).unwrap();
    bytes.truncate(used(&bytes) - 100);
    std::fs::write(&newest, bytes).unwrap();
    let ledger = opened_with(directory.path(), NodeKeys { log: key("next") }).1.unwrap();
    assert_eq!(ledger.reader().head().size, size);
    assert_eq!(told(&ledger.reader(), size), before);
    assert!(
        LogIdentity::new(town.world.ledger(), "klaver.example/log", &[public("log")])
            .unwrap()
            .open(ledger.reader().checkpoint().note())
            .is_ok()
    );
}

#[test]
fn damage_below_a_snapshot_is_found_by_reading_everything() {
    let directory = Scratch::new("checked");
    let (_, before, whole) = closed(&directory);
    let open = |salt: u8| {
        let store = EmbeddedStore::open(directory.path(), Options::default(), [salt; 32]).unwrap();
        Ledger::open(store, keys(), Counted(u64::from(salt) << 50)).unwrap()
    };
    let (ledger, report) = open(100);
    assert_eq!(report.recovery.snapshot, Some(before.len() as u64), "{report:?}");
    assert_eq!(check_stored(&ledger.reader(), |_| true), Ok(Some(before.len() as u64)));
    assert_eq!(check_stored(&ledger.reader(), |_| false), Ok(None), "it ends when told to");
    drop(ledger);
    put_back(directory.path(), &whole);
    let first = &segments(&whole)[0];
    let at = used(&whole[first]) / 2;
    for salt in 101..104u8 {
        let mut damaged = whole.clone();
        damaged.get_mut(first).unwrap()[at + usize::from(salt) * 16] ^= 1;
        put_back(directory.path(), &damaged);
        // The snapshot covers it: opening sees nothing.
        let (ledger, report) = open(salt);
        assert_eq!(report.recovery.snapshot, Some(before.len() as u64));
        let found = check_stored(&ledger.reader(), |_| true);
        let Err(Difference::Journal { index, why }) = found else { panic!("{found:?}") };
        assert!(2 < index && index < 83, "record {index}: {why}");
    }
}
