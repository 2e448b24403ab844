//! Looking at a ledger's directory without changing anything: for `verify`, on a stopped node, a copy, or a backup.
//!
//! Nothing derived is believed here: not the views, not a snapshot. What is handed over are the frames as they stand in
//! the journal, and the heads that sealed them.

use super::disk::{Disk, RealDisk};
use super::fault::{Damaged, OpenError, ReadError};
use super::ledger_store::{Options, RECORD, settings};
use super::read_only::readable_records;
use super::reader::Reader;
use super::recovery::{OpenReport, scan_all};
use super::snapshot::{HEAD_BYTES, decode_head};
use crate::record::Salt;
use crate::store::{SALT_BYTES, SignedHead, split_salted};
use std::path::Path;
use std::sync::Arc;

/// A directory whose frames and chain of commits are sound. Whether the ledger holds together is for an audit to say.
pub struct Inspection {
    reader: Reader,
    report: OpenReport,
    anchored: Option<SignedHead>,
}

/// Why a directory could not be inspected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// Its files are not what was left there.
    #[error("{damaged}; records below {index} could be read")]
    Damaged {
        /// The first record that cannot be read.
        index: u64,
        /// What is wrong.
        damaged: Damaged,
    },
    /// It could not be read at all.
    #[error(transparent)]
    Unreadable(OpenError),
}

/// Reads all frames in `directory` and checks their chain, without changing anything.
///
/// # Errors
/// `Damaged` names the first record that cannot be read.
pub fn inspect(directory: &Path) -> Result<Inspection, InspectError> {
    if !directory.is_dir() {
        return Err(InspectError::Unreadable(OpenError::Empty));
    }
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::at(directory));
    let settings = settings(&Options::default(), [0; 32]);
    match scan_all(disk.clone(), &settings) {
        Ok(scan) => {
            let anchored = scan.anchor.payload.get(..HEAD_BYTES).and_then(decode_head);
            Ok(Inspection { reader: scan.reader, report: scan.report, anchored })
        }
        Err(OpenError::Damaged(damaged)) => {
            Err(InspectError::Damaged { index: readable_records(disk, &settings), damaged })
        }
        Err(error) => Err(InspectError::Unreadable(error)),
    }
}

impl Inspection {
    /// Returns salt and canonical bytes of every record, in order.
    pub fn records(&self) -> impl Iterator<Item = Result<(Salt, Vec<u8>), ReadError>> + Send {
        let mut failed = false;
        self.reader.groups(None).flat_map(move |group| match group {
            Ok(group) if !failed => {
                let records = group.frames().filter(|frame| frame.kind == RECORD);
                records.map(|frame| Ok(split(frame.payload))).collect::<Vec<_>>()
            }
            Ok(_) => Vec::new(),
            Err(error) => {
                failed = true;
                vec![Err(error)]
            }
        })
    }

    /// Returns the head that sealed each group, in order; groups that hold only refusals repeat the one before.
    ///
    /// # Errors
    /// When a group cannot be read, or its commit frame holds no head.
    pub fn heads(&self) -> impl Iterator<Item = Result<Option<SignedHead>, ReadError>> + Send {
        self.reader.groups(None).map(|group| group.map(|group| decode_head(group.body())))
    }

    /// Returns the head that the anchor names; `None` before the first group.
    pub fn anchored(&self) -> Option<SignedHead> {
        self.anchored
    }

    /// Returns what a person should know besides: bytes behind the last whole group, a damaged slot of the anchor.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(torn) = &self.report.torn {
            notes.push(format!(
                "{} bytes of a group that was never acknowledged stand behind the last one (segment {}, offset {}): the \
                 next start sets them aside",
                torn.len, torn.segment, torn.offset
            ));
        }
        if self.report.anchor_slot_damaged {
            notes.push("one of the anchor's two slots cannot be read: the other one was used".to_owned());
        }
        notes
    }
}

fn split(salted: &[u8]) -> (Salt, Vec<u8>) {
    match split_salted(salted) {
        Some((salt, record)) => (salt, record.to_vec()),
        // Too short for a salt: no record either, which the audit will say.
        None => (Salt([0; SALT_BYTES]), Vec::new()),
    }
}
