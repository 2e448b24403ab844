//! What every store must do, as one suite: a story of groups, told to the store and asked back, across restarts.

use super::{Group, SALT_BYTES, SignedHead, Snapshot, Store, StoreReader};
use crate::books::rules;
use crate::engine::replay::{Replayer, posted_lines};
use crate::entry::{Body, VerifiedEntry};
use crate::id::EntryId;
use crate::record::{Committer, Salt};
use crate::refusal::{ChargedTo, Refusal};
use crate::testing::{COUNCIL, World, account, charter, earn, pay, state};
use crate::time::Timestamp;
use sha2::{Digest as _, Sha256};

/// Holds a store to the contract. `create` makes an empty one; `reopen` opens what was stored, as after a crash when
/// the store before was only dropped.
///
/// # Panics
/// When the store breaks the contract.
pub fn check<S: Store>(create: impl FnOnce() -> S, mut reopen: impl FnMut() -> S) {
    let mut teller = Teller::new();
    let mut store = create();
    let mut nothing = Replayer::default();
    let recovery = store.recover(&mut nothing).expect("an empty store opens");
    assert_eq!((recovery.replayed, recovery.snapshot), (0, None), "an empty store hands nothing over");
    assert!(nothing.newest.is_none());

    let found = teller.world.signed(founding(), COUNCIL);
    teller.append(&mut store, &[found], None);
    let opening = vec![
        crate::account::AccountState {
            limit: crate::testing::sum(90_000_000),
            ..state("house", crate::account::AccountKind::Budget)
        },
        state("mia", crate::account::AccountKind::Member),
        state("bakery", crate::account::AccountKind::Merchant),
    ];
    let open = teller.world.signed(Body::Open(crate::entry::Open { states: opening }), COUNCIL);
    teller.append(&mut store, &[open], None);
    let earned = teller.world.signed(earn("house", &[("mia", 40_000)]), &["house"]);
    teller.append(&mut store, &[earned], Some(refusal(1, teller.world.now)));
    teller.append(&mut store, &[], Some(refusal(2, teller.world.now)));
    teller.ask(&store.reader());

    // Beyond the first block of views.
    for _ in 0..20 {
        let payments = teller.payments(17);
        teller.append(&mut store, &payments, None);
    }
    teller.ask(&store.reader());
    drop(store);

    let mut store = reopen();
    let replayer = teller.recover(&mut store);
    assert_eq!(replayer.books.encode_snapshot(), teller.world.books.encode_snapshot());
    teller.ask(&store.reader());
    assert_eq!(
        store.reader().anchor().expect("the anchor is written"),
        teller.heads.last().expect("groups").size
    );

    let snapshot = Snapshot {
        head: *teller.heads.last().expect("groups"),
        books: replayer.books.encode_snapshot(),
        tree: replayer.tree.state(),
        refusals: Vec::new(),
    };
    store.offer_snapshot(Box::new(move || snapshot));
    let payments = teller.payments(300);
    teller.append(&mut store, &payments, None);
    teller.ask(&store.reader());
    store.close().expect("the store closes");

    let mut store = reopen();
    teller.recover(&mut store);
    teller.ask(&store.reader());
    let payments = teller.payments(3);
    teller.append(&mut store, &payments, None);
    teller.ask(&store.reader());
    drop(store);
    let mut store = reopen();
    teller.recover(&mut store);
    teller.ask(&store.reader());
}

fn founding() -> Body {
    Body::Found(crate::entry::Found {
        name: "Testdorp".to_owned(),
        unit: crate::charter::UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() },
        scale: crate::amount::Scale::new(2).expect("two decimals"),
        charter: charter(),
        predecessor: None,
    })
}

fn refusal(number: u8, now: Timestamp) -> Refusal {
    Refusal {
        id: EntryId([number; 32]),
        expires_at: crate::time::Deadline::after(now, crate::time::Seconds(600)),
        charged_to: ChargedTo::Account(account("mia")),
        code: "insufficient_credits".to_owned(),
        sentence: "not enough: receive credits first".to_owned(),
        field: Some("amount".to_owned()),
        details: vec![("available".to_owned(), "0".to_owned())],
    }
}

/// Tells the story to a store and remembers it.
struct Teller {
    world: World,
    tree: crate::log::tree::Tree,
    heads: Vec<SignedHead>,
    salted: Vec<Vec<u8>>,
    entries: Vec<(EntryId, Timestamp)>,
    posted: Vec<Vec<super::PostedLine>>,
    commitments: Vec<[u8; 32]>,
    refusals: usize,
}

impl Teller {
    fn new() -> Self {
        Self {
            world: World::unfounded(),
            tree: crate::log::tree::Tree::new(),
            heads: Vec::new(),
            salted: Vec::new(),
            entries: Vec::new(),
            posted: Vec::new(),
            commitments: Vec::new(),
            refusals: 0,
        }
    }

    fn payments(&mut self, count: usize) -> Vec<VerifiedEntry> {
        (0..count).map(|_| self.world.signed(pay("mia", &[("bakery", 3)]), &["mia"])).collect()
    }

    fn append<S: Store>(&mut self, store: &mut S, entries: &[VerifiedEntry], refusal: Option<Refusal>) {
        self.world.wait(1);
        let mut group = Group::default();
        group.clear(self.world.now);
        let mut committer = Committer::default();
        for entry in entries {
            let index = self.tree.size();
            let salt = Salt(Sha256::digest(index.to_be_bytes()).into());
            let effects =
                rules::apply(&self.world.books, entry, self.world.now).expect("the story is allowed");
            let lines: Vec<_> = posted_lines(&self.world.books, effects.lines()).collect();
            self.tree.append_hash(group.push(index, salt, entry, lines.iter().copied(), &mut committer));
            self.world.books.post(entry, self.world.now, &effects);
            self.entries.push((entry.id(), self.world.now));
            self.posted.push(lines);
        }
        for record in group.records() {
            self.salted.push(record.salted.to_vec());
            self.commitments.push(record.commitment);
        }
        if let Some(refusal) = refusal {
            self.refusals += 1;
            group.refuse(refusal);
        }
        let head = SignedHead { size: self.tree.size(), root: self.tree.root(), signature: [7; 64] };
        group.seal(head);
        store.append(&group).expect("a group is appended");
        self.heads.push(head);
    }

    /// Opens, and compares what is handed over with what was told.
    fn recover<S: Store>(&self, store: &mut S) -> Replayer {
        let mut replayer = Replayer::default();
        let recovery = store.recover(&mut replayer).expect("the store opens again");
        let newest = replayer.newest.expect("groups were stored").0;
        assert_eq!(Some(&newest), self.heads.last(), "the newest head is the last one appended");
        let from = recovery.snapshot.unwrap_or(0);
        assert_eq!(from + recovery.replayed, newest.size, "every record is in the snapshot or replayed");
        assert_eq!(replayer.tree.state(), self.tree.state(), "the tree is the same");
        let snapshot = replayer.books.encode_snapshot();
        assert_eq!(snapshot, self.world.books.encode_snapshot(), "the books are the same");
        replayer
    }

    /// Asks everything that a reader answers.
    fn ask(&self, reader: &impl StoreReader) {
        let size = self.salted.len() as u64;
        for (index, salted) in (0..).zip(&self.salted) {
            let stored = reader.record(index).expect("readable").expect("stored");
            assert_eq!(
                (&stored.salt.0[..], &stored.record[..]),
                salted.split_at(SALT_BYTES),
                "record {index}"
            );
            let posted = reader.posted(index).expect("readable").expect("stored");
            let (id, recorded_at) = self.entries[index as usize];
            assert_eq!((posted.index, posted.id, posted.recorded_at), (index, id, recorded_at));
            assert_eq!(posted.lines, self.posted[index as usize], "lines of record {index}");
            assert_eq!(reader.find(&id, recorded_at..=recorded_at).expect("readable"), Some(index));
        }
        assert_eq!(reader.record(size).expect("readable"), None, "nothing stands behind the newest record");
        assert_eq!(reader.posted(size).expect("readable"), None);
        let all = Timestamp::default()..=Timestamp::LATEST;
        assert_eq!(reader.find(&EntryId([9; 32]), all).expect("readable"), None, "nobody knows this entry");
        if let Some((id, recorded_at)) = self.entries.last() {
            let before = Timestamp::from_millis(recorded_at.millis() - 1).expect("in range");
            let found = reader.find(id, Timestamp::default()..=before).expect("readable");
            assert_eq!(found, None, "the window is kept to");
        }
        for number in 0..=size / 256 {
            let expected: Vec<_> =
                self.commitments.iter().skip(number as usize * 256).take(256).copied().collect();
            assert_eq!(reader.commitments(number).expect("readable"), expected);
            let (commitments, posted): (Vec<_>, Vec<_>) =
                reader.tile(number).expect("readable").into_iter().unzip();
            assert_eq!(commitments, expected);
            let alone = (number * 256..size.min((number + 1) * 256)).map(|index| reader.posted(index));
            assert_eq!(
                posted,
                alone.map(|posted| posted.expect("readable").expect("there")).collect::<Vec<_>>()
            );
        }
        for from in [0, 1, size.saturating_sub(2)] {
            let records: Vec<_> = reader.records(from).collect::<Result<_, _>>().expect("readable");
            assert_eq!(records.len() as u64, size - from, "from {from}");
            for (stored, salted) in records.iter().zip(&self.salted[from as usize..]) {
                assert_eq!((&stored.salt.0[..], &stored.record[..]), salted.split_at(SALT_BYTES));
            }
        }
        assert!(reader.health().is_empty(), "{:?}", reader.health());
    }
}

/// A directory of its own, gone with its owner.
pub struct Scratch(std::path::PathBuf);

impl Scratch {
    /// Makes an empty directory under the system's place for passing files.
    ///
    /// # Panics
    /// When that is not possible.
    pub fn new(name: &str) -> Self {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("klaver-{name}-{}-{count}", std::process::id()));
        // A process of the same number may have been killed here before.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a directory for passing files");
        Self(path)
    }

    /// Returns the directory.
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::embedded::sim::{Dice, SimDisk};
    use super::super::embedded::{EmbeddedStore, Options, Rows, ViewsAt};
    use super::super::memory::MemoryStore;
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_memory_store_keeps_the_contract() {
        let kept = MemoryStore::new();
        check(|| kept.clone(), || kept.reopen());
    }

    #[test]
    fn the_embedded_store_keeps_the_contract_on_a_real_disk() {
        let directory = Scratch::new("conformance");
        let options = Options::default();
        check(
            || EmbeddedStore::create(directory.path(), options.clone(), [1; 32]).expect("created"),
            || EmbeddedStore::open(directory.path(), options.clone(), [2; 32]).expect("opened"),
        );
    }

    #[test]
    fn the_embedded_store_keeps_the_contract_on_a_simulated_disk() {
        let (disk, rows) = (SimDisk::new(1), Rows::Memory(Arc::default()));
        let options = Options { segment_bytes: 128 << 10, ..Options::default() };
        let mut dice = Dice::new(2);
        check(
            || {
                let views = ViewsAt::Memory(rows.clone());
                EmbeddedStore::create_on(Arc::new(disk.clone()), views, options.clone(), [1; 32])
                    .expect("created")
            },
            || {
                disk.process_restart();
                let mut salt = [0; 32];
                dice.fill(&mut salt);
                let views = ViewsAt::Memory(rows.clone());
                EmbeddedStore::open_on(Arc::new(disk.clone()), views, options.clone(), salt).expect("opened")
            },
        );
    }
}
