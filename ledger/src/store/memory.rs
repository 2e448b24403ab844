//! A store in memory, for tests, simulations and the model of what a store is: it "restarts" without losing anything.

use super::{
    Fault, Group, OpenError, Posted, ReadFault, Recovery, Replay, SignedHead, Snapshot, SnapshotMaker, Store,
    StoreReader, StoredGroup, StoredRecord, split_salted,
};
use crate::id::EntryId;
use crate::time::Timestamp;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A store whose memory outlives it: [`reopen`](Self::reopen) is a restart.
#[derive(Clone, Default)]
pub struct MemoryStore {
    kept: Arc<Mutex<Kept>>,
    snapshot_every: Option<u64>,
}

#[derive(Default)]
struct Kept {
    groups: Vec<KeptGroup>,
    records: Vec<KeptRecord>,
    snapshot: Option<(usize, Snapshot)>,
    anchored: u64,
    failing: bool,
}

struct KeptGroup {
    records: std::ops::Range<usize>,
    refusals: Vec<Vec<u8>>,
    recorded_at: Timestamp,
    head: SignedHead,
}

struct KeptRecord {
    salted: Vec<u8>,
    posted: Posted,
    commitment: [u8; 32],
}

impl MemoryStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns this store, asking for a snapshot after every `records` records.
    #[must_use]
    pub fn with_snapshots_every(mut self, records: u64) -> Self {
        self.snapshot_every = Some(records);
        self
    }

    /// Returns the same store as a restart finds it.
    pub fn reopen(&self) -> Self {
        self.kept().failing = false;
        self.clone()
    }

    /// Makes every further append fail, without storing anything, until the store is reopened.
    pub fn fail(&self) {
        self.kept().failing = true;
    }

    /// Changes the stored bytes of record `index`, to show that somebody notices.
    pub fn tamper(&self, index: u64, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.kept().records[index as usize].salted);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    type Reader = Self;

    fn recover(&mut self, replay: &mut dyn Replay) -> Result<Recovery, OpenError> {
        let kept = self.kept();
        let mut recovery = Recovery::default();
        let mut first = 0;
        if let Some((groups, snapshot)) = &kept.snapshot {
            match replay.restore(snapshot.clone()) {
                Ok(()) => (first, recovery.snapshot) = (*groups, Some(snapshot.head.size)),
                Err(unfit) => recovery.notes.push(format!("the snapshot was left out: {unfit}")),
            }
        }
        for group in &kept.groups[first..] {
            let records: Vec<&[u8]> =
                kept.records[group.records.clone()].iter().map(|record| record.salted.as_slice()).collect();
            let refusals: Vec<&[u8]> = group.refusals.iter().map(Vec::as_slice).collect();
            let stored = StoredGroup {
                records: &records,
                refusals: &refusals,
                recorded_at: group.recorded_at,
                head: group.head,
            };
            recovery.replayed += replay.group(stored)?.record_count() as u64;
        }
        Ok(recovery)
    }

    fn append(&mut self, group: &Group) -> Result<(), Fault> {
        let mut kept = self.kept();
        if kept.failing {
            return Err(Fault::Told);
        }
        let first = kept.records.len();
        for record in group.records() {
            assert_eq!(record.index, kept.records.len() as u64, "records have indexes without a gap");
            kept.records.push(KeptRecord {
                salted: record.salted.to_vec(),
                posted: Posted {
                    index: record.index,
                    recorded_at: record.recorded_at,
                    id: record.id,
                    kind: record.kind,
                    lines: record.lines.to_vec(),
                },
                commitment: record.commitment,
            });
        }
        let records = first..kept.records.len();
        let refusals = group.refusals().iter().map(crate::refusal::Refusal::encode).collect();
        kept.groups.push(KeptGroup {
            records,
            refusals,
            recorded_at: group.recorded_at(),
            head: group.head(),
        });
        Ok(())
    }

    fn wants_snapshot(&self) -> bool {
        let kept = self.kept();
        let since = kept.snapshot.as_ref().map_or(0, |(_, snapshot)| snapshot.head.size);
        self.snapshot_every.is_some_and(|every| kept.records.len() as u64 >= since + every)
    }

    fn offer_snapshot(&mut self, make: SnapshotMaker) {
        let snapshot = make();
        let mut kept = self.kept();
        kept.snapshot = Some((kept.groups.len(), snapshot));
    }

    fn reader(&self) -> Self {
        self.clone()
    }

    fn close(self) -> Result<(), Fault> {
        Ok(())
    }
}

impl StoreReader for MemoryStore {
    fn record(&self, index: u64) -> Result<Option<StoredRecord>, ReadFault> {
        self.kept().records.get(index as usize).map(|kept| stored(&kept.salted, index)).transpose()
    }

    fn posted(&self, index: u64) -> Result<Option<Posted>, ReadFault> {
        Ok(self.kept().records.get(index as usize).map(|kept| kept.posted.clone()))
    }

    fn find(&self, id: &EntryId, recorded: RangeInclusive<Timestamp>) -> Result<Option<u64>, ReadFault> {
        let kept = self.kept();
        let found = kept.records.iter().map(|kept| &kept.posted);
        let mut found = found.filter(|posted| recorded.contains(&posted.recorded_at) && posted.id == *id);
        Ok(found.next().map(|posted| posted.index))
    }

    fn commitments(&self, number: u64) -> Result<Vec<[u8; 32]>, ReadFault> {
        let kept = self.kept();
        Ok(kept.records.iter().skip(number as usize * 256).take(256).map(|kept| kept.commitment).collect())
    }

    fn tile(&self, number: u64) -> Result<Vec<([u8; 32], Posted)>, ReadFault> {
        let kept = self.kept();
        let tile = kept.records.iter().skip(number as usize * 256).take(256);
        Ok(tile.map(|kept| (kept.commitment, kept.posted.clone())).collect())
    }

    fn records(&self, from: u64) -> Box<dyn Iterator<Item = Result<StoredRecord, ReadFault>> + Send> {
        let reader = self.clone();
        Box::new((from..).map_while(move |index| reader.record(index).transpose()))
    }

    fn anchor(&self) -> Result<u64, Fault> {
        let mut kept = self.kept();
        kept.anchored = kept.records.len() as u64;
        Ok(kept.anchored)
    }

    fn health(&self) -> Vec<String> {
        Vec::new()
    }
}

fn stored(salted: &[u8], index: u64) -> Result<StoredRecord, ReadFault> {
    let (salt, record) = split_salted(salted)
        .ok_or_else(|| ReadFault::Views { why: format!("record {index} is too short") })?;
    Ok(StoredRecord { salt, record: record.to_vec() })
}
