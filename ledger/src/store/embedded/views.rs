//! The views: what can be derived from the journal again, kept in sled so that it need not be.
//!
//! The writer appends to a tail in memory; one thread in the background moves full blocks into rows, writes snapshots,
//! and looks through old rows while there is nothing else to do. Nothing durable rests on the rows: they may be
//! missing, stale, damaged, or make sled panic, and are then built anew (INV-13).
//!
//! Rows: `b` and the block's number (big-endian): a [`Block`]. `m` and a size: root of the log at that size, and the
//! block that was not yet full; written before the snapshot of that size, so that a snapshot has its views.

use super::block::{BLOCK_RECORDS, Block};
use super::frame::FramePosition;
use crate::id::EntryId;
use crate::log::hash::{Hash, tree_head_of_hashes};
use crate::record::leaf_hash_of;
use crate::store::{GroupRecord, Posted, ReadFault};
use crate::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Full blocks that wait in memory while sled cannot take them; older ones are then dropped.
const WAITING_BLOCKS_MAX: usize = 1_024;

/// Where rows are kept.
#[derive(Clone)]
pub enum Rows {
    /// In sled.
    Sled(sled::Db),
    /// In memory that outlives the store: for tests on a simulated disk.
    Memory(Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>),
}

impl Rows {
    /// Opens sled in `directory`. Whatever is wrong with its files is an error here, also a panic.
    pub(super) fn open_sled(directory: &Path, cache_bytes: u64) -> Result<Rows, String> {
        let config = sled::Config::new()
            .path(directory)
            .cache_capacity(cache_bytes)
            .mode(sled::Mode::LowSpace)
            // The thread in the background flushes before each snapshot; nothing else needs it.
            .flush_every_ms(None);
        guarded(|| config.open().map(Rows::Sled))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        match self {
            Rows::Sled(db) => guarded(|| Ok(db.get(key)?.map(|row| row.to_vec()))),
            Rows::Memory(rows) => Ok(rows.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()),
        }
    }

    fn put(&self, key: &[u8], row: Vec<u8>) -> Result<(), String> {
        match self {
            Rows::Sled(db) => guarded(|| db.insert(key, row).map(drop)),
            Rows::Memory(rows) => {
                rows.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_vec(), row);
                Ok(())
            }
        }
    }

    fn remove(&self, key: &[u8]) -> Result<(), String> {
        match self {
            Rows::Sled(db) => guarded(|| db.remove(key).map(drop)),
            Rows::Memory(rows) => {
                rows.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
                Ok(())
            }
        }
    }

    fn keys_with(&self, prefix: u8) -> Result<Vec<Vec<u8>>, String> {
        match self {
            Rows::Sled(db) => {
                guarded(|| db.scan_prefix([prefix]).keys().map(|key| key.map(|key| key.to_vec())).collect())
            }
            Rows::Memory(rows) => {
                let rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(rows.keys().filter(|key| key.first() == Some(&prefix)).cloned().collect())
            }
        }
    }

    fn flush(&self) -> Result<(), String> {
        match self {
            Rows::Sled(db) => guarded(|| db.flush().map(drop)),
            Rows::Memory(_) => Ok(()),
        }
    }

    /// Empties rows in memory; sled's are moved aside with their directory instead.
    pub(super) fn clear_memory(&self) {
        if let Rows::Memory(rows) = self {
            rows.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}

/// Runs what calls sled: damaged files have made it panic, and a view must never stop a ledger.
fn guarded<T>(call: impl FnOnce() -> Result<T, sled::Error>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(format!("sled: {error}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("sled stopped: {}", text.unwrap_or("without saying why")))
        }
    }
}

fn key(prefix: u8, number: u64) -> [u8; 9] {
    let mut key = [prefix; 9];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The views as everybody shares them: the writer pushes, the thread in the background stores, readers look.
pub(super) struct Views {
    rows: Rows,
    tail: RwLock<Tail>,
    trouble: Mutex<Option<String>>,
    /// Makes sure that the next opening builds the views anew.
    condemn: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Tail {
    /// Blocks below this number are rows.
    stored: u64,
    /// Full blocks from there on.
    waiting: VecDeque<Arc<Block>>,
    /// The block that is not full yet.
    current: Block,
}

impl Views {
    /// Returns views without records, over rows that may hold old ones.
    pub(super) fn empty(rows: Rows, condemn: Box<dyn Fn() + Send + Sync>) -> Self {
        Self { rows, tail: RwLock::default(), trouble: Mutex::default(), condemn }
    }

    /// Begins with the rows that were written for the snapshot of `size` records; says why that is not possible.
    pub(super) fn begin_at(&self, size: u64, root: &Hash) -> Result<(), String> {
        let row = self.rows.get(&key(b'm', size))?.ok_or("they do not reach the snapshot")?;
        let (stored_root, block) = row.split_first_chunk::<32>().ok_or("a row is too short")?;
        let current = Block::decode(block).ok_or("a row is damaged")?;
        if *stored_root != root.0 || current.end() != size || current.is_full() {
            return Err("they are of another history".to_owned());
        }
        let stored = size / BLOCK_RECORDS;
        for number in [0, stored.saturating_sub(1)] {
            if number < stored {
                self.row(number)?;
            }
        }
        *self.tail.write().unwrap_or_else(PoisonError::into_inner) =
            Tail { stored, waiting: VecDeque::new(), current };
        Ok(())
    }

    /// Begins without records, whatever rows there are: they are written again.
    pub(super) fn begin_empty(&self) {
        *self.tail.write().unwrap_or_else(PoisonError::into_inner) = Tail::default();
    }

    fn row(&self, number: u64) -> Result<Block, String> {
        let row = self.rows.get(&key(b'b', number))?.ok_or_else(|| format!("block {number} is missing"))?;
        Block::decode(&row)
            .filter(|block| block.is_full() && block.number() == number)
            .ok_or_else(|| format!("block {number} is damaged"))
    }

    /// Adds durable records in order; returns whether a block became full.
    pub(super) fn push<'g>(&self, records: impl Iterator<Item = (GroupRecord<'g>, FramePosition)>) -> bool {
        let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        let mut filled = false;
        for (record, position) in records {
            tail.current.push(&record, position);
            if tail.current.is_full() {
                filled = true;
                let next = Block::starting_at(tail.current.end());
                let full = std::mem::replace(&mut tail.current, next);
                tail.waiting.push_back(Arc::new(full));
                if tail.waiting.len() > WAITING_BLOCKS_MAX {
                    // Only when sled has failed: what is dropped here comes back at the next opening.
                    tail.waiting.pop_front();
                    tail.stored += 1;
                }
            }
        }
        filled
    }

    /// Returns the block that is not full yet.
    pub(super) fn current(&self) -> Block {
        self.tail.read().unwrap_or_else(PoisonError::into_inner).current.clone()
    }

    /// Moves full blocks into rows.
    pub(super) fn store_waiting(&self) {
        loop {
            if self.trouble().is_some() {
                return;
            }
            let block = {
                let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
                let Some(block) = tail.waiting.front() else { return };
                block.clone()
            };
            if let Err(why) = self.rows.put(&key(b'b', block.number()), block.encode()) {
                self.fail(why);
                return;
            }
            let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
            if tail.waiting.front().is_some_and(|front| front.number() == block.number()) {
                tail.waiting.pop_front();
                tail.stored += 1;
            }
        }
    }

    /// Writes what a snapshot of `size` records needs to begin from, and flushes. Returns whether that worked.
    pub(super) fn settle(&self, size: u64, root: &Hash, partial: &Block) -> bool {
        self.store_waiting();
        if self.trouble().is_some() {
            return false;
        }
        let write = || {
            let mut row = root.0.to_vec();
            row.extend_from_slice(&partial.encode());
            self.rows.put(&key(b'm', size), row)?;
            self.rows.flush()
        };
        write().map_err(|why| self.fail(why)).is_ok()
    }

    /// Removes what older snapshots began from.
    pub(super) fn forget_before(&self, size: u64) {
        let remove = || {
            for old in self.rows.keys_with(b'm')?.iter().filter(|old| old[..] < key(b'm', size)[..]) {
                self.rows.remove(old)?;
            }
            Ok(())
        };
        if let Err(why) = remove() {
            self.fail(why);
        }
    }

    pub(super) fn flush(&self) {
        if self.trouble().is_none()
            && let Err(why) = self.rows.flush()
        {
            self.fail(why);
        }
    }

    /// Compares the row of block `number` with the root that the tree has for it.
    pub(super) fn check(&self, number: u64, tile_root: &Hash) {
        let checked = self.row(number).and_then(|block| {
            let root = tree_head_of_hashes(block.commitments().iter().map(leaf_hash_of));
            if root == *tile_root {
                Ok(())
            } else {
                Err(format!("block {number} is not what the log committed to"))
            }
        });
        if let Err(why) = checked {
            self.fail(why);
        }
    }

    /// Remembers the first trouble, and has the views built anew at the next opening.
    fn fail(&self, why: String) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_none() {
            (self.condemn)();
            *trouble = Some(why);
        }
    }

    /// Returns what is wrong, if something is.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks `question` of block `number`; `None` when there is no such block.
    fn with_block<T>(&self, number: u64, question: impl Fn(&Block) -> T) -> Result<Option<T>, ReadFault> {
        let fault = |why: String| ReadFault::Views { why };
        {
            let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
            if number >= tail.stored {
                let waiting = tail.waiting.get(usize::try_from(number - tail.stored).unwrap_or(usize::MAX));
                let in_memory = waiting.map(|block| &**block).or_else(|| {
                    (tail.current.number() == number && tail.current.len() > 0).then_some(&tail.current)
                });
                return Ok(in_memory.map(question));
            }
        }
        match self.row(number) {
            Ok(block) => Ok(Some(question(&block))),
            Err(why) => {
                self.fail(why.clone());
                Err(fault(why))
            }
        }
    }

    /// Returns where record `index` stands in the journal.
    pub(super) fn position(&self, index: u64) -> Result<Option<FramePosition>, ReadFault> {
        Ok(self.with_block(index / BLOCK_RECORDS, |block| block.position(index))?.flatten())
    }

    /// Returns what record `index` posted.
    pub(super) fn posted(&self, index: u64) -> Result<Option<Posted>, ReadFault> {
        Ok(self.with_block(index / BLOCK_RECORDS, |block| block.posted(index))?.flatten())
    }

    /// Returns the commitments of block `number`, as many as there are.
    pub(super) fn commitments(&self, number: u64) -> Result<Vec<[u8; 32]>, ReadFault> {
        Ok(self.with_block(number, |block| block.commitments().to_vec())?.unwrap_or_default())
    }

    /// Returns commitment and postings of each record of block `number`, as many as there are.
    pub(super) fn tile(&self, number: u64) -> Result<Vec<([u8; 32], Posted)>, ReadFault> {
        let all = |block: &Block| {
            let indexes = number * BLOCK_RECORDS..;
            let records = indexes.zip(block.commitments());
            records.map_while(|(index, commitment)| Some((*commitment, block.posted(index)?))).collect()
        };
        Ok(self.with_block(number, all)?.unwrap_or_default())
    }

    /// Returns the record of entry `id` among those recorded within `window`.
    pub(super) fn find(
        &self,
        id: &EntryId,
        window: &RangeInclusive<Timestamp>,
    ) -> Result<Option<u64>, ReadFault> {
        let blocks = {
            let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
            tail.current.number() + u64::from(tail.current.len() > 0)
        };
        // recorded_at never goes back, so the first block that reaches into the window is found by halving.
        let (mut low, mut high) = (0, blocks);
        while low < high {
            let middle = low + (high - low) / 2;
            let recorded = self.with_block(middle, Block::recorded)?.flatten();
            if recorded.is_some_and(|(_, last)| last < *window.start()) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        for number in low..blocks {
            let answer = self.with_block(number, |block| (block.recorded(), block.find(id, window)))?;
            let Some((Some((first, _)), found)) = answer else { continue };
            if *window.end() < first {
                break;
            }
            if let Some(index) = found {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}
