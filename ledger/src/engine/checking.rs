//! Reading everything that is stored once more while the ledger is open, and comparing it with the log.
//!
//! Opening from a snapshot reads no record below it, so damage there is met only when somebody asks for that record.
//! This looks for it before.

use super::Reader;
use super::reader::lines_of;
use crate::log::tree::Tree;
use crate::record::{Commitment, leaf_hash_of};
use crate::store::embedded::fault::ADVICE;
use crate::store::{ReadFault, StoreReader};

/// Records between two questions whether to go on: a tile, and a block of the views.
const STEP: u64 = 256;

/// What is stored differs from what the log committed to, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// The journal cannot be read, or holds another record.
    #[error("record {index} cannot be trusted any more: {why}; records below it hold: {}", ADVICE)]
    Journal {
        /// The first record that differs.
        index: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The views do not answer, so that nothing could be compared from here on.
    #[error("records from {index} on could not be compared: {why}")]
    Views {
        /// The first record that was not compared.
        index: u64,
        /// What the views said.
        why: ReadFault,
    },
}

/// Reads all records that are published now from the journal and compares them with the log; returns how many.
///
/// `go_on` is asked after every 256 records, with how many were read; `None` is returned when it says no. Whoever asks
/// for this in the background rests there.
///
/// # Errors
/// Names the first record that differs.
pub fn check_stored<R: StoreReader>(
    reader: &Reader<R>,
    mut go_on: impl FnMut(u64) -> bool,
) -> Result<Option<u64>, Difference> {
    let head = reader.head();
    let mut tree = Tree::new();
    let mut records = reader.records(0);
    let mut tile = Vec::new().into_iter();
    for index in 0..head.size {
        let damaged = |why: String| Difference::Journal { index, why };
        let views = |why: ReadFault| Difference::Views { index, why };
        if index % STEP == 0 {
            if !go_on(index) {
                return Ok(None);
            }
            tile = reader.store().tile(index / STEP).map_err(views)?.into_iter();
        }
        let stored = records.next().ok_or_else(|| damaged("the journal ends before it".to_owned()))?;
        let stored = stored.map_err(|fault| {
            let why = fault.to_string();
            // Said once, at the end.
            damaged(why.trim_end_matches(ADVICE).trim_end_matches(": ").to_owned())
        })?;
        let (committed, posted) = tile.next().ok_or_else(|| damaged("the views end before it".to_owned()))?;
        let found = Commitment::of(&stored.salt, &stored.record, &lines_of(&posted)).hash();
        if committed != found {
            return Err(damaged("the journal holds another record than the log committed to".to_owned()));
        }
        tree.append_hash(leaf_hash_of(&found));
    }
    if tree.root() == head.root {
        return Ok(Some(head.size));
    }
    let why = "the log signed another root than the records give".to_owned();
    Err(Difference::Journal { index: head.size.saturating_sub(1), why })
}
