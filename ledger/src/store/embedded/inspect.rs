//! Looking at a ledger's directory without changing anything: for `verify`, on a stopped node, a copy, or a backup.
//!
//! Nothing derived is believed here: not the views, not a snapshot. What is handed over are the frames as they stand in
//! the journal, and the heads that sealed them.

use super::anchor::{self, Anchor, AnchorFile, FoundAnchor};
use super::disk::{Access, Disk, Lock, RealDisk};
use super::fault::{Damaged, Fault, OpenError, ReadError};
use super::journal::Settings;
use super::ledger_store::{Options, RECORD, settings};
use super::read_only::readable_records;
use super::reader::Reader;
use super::recovery::{OpenReport, lock_directory, scan_all, scan_unanchored};
use super::segment::{open_segment, segment_name};
use super::snapshot::{HEAD_BYTES, decode_head, encode_head};
use super::survey::segment_numbers;
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
    /// It has an anchor.
    #[error("the anchor is there: nothing was made, serve the directory as it is")]
    Anchored,
    /// Nobody can tell without an anchor whether the last group was acknowledged.
    #[error(
        "{len} bytes that are no whole group stand at the end of the journal, and may be what is left of one that was \
         acknowledged: ask witnesses and wallets for the newest they have, and put back a copy that reaches it"
    )]
    Torn {
        /// How many bytes.
        len: u64,
    },
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

/// A directory whose frames and chain of commits are sound to their end, and whose anchor is missing. Nobody else opens
/// it meanwhile.
pub struct Unanchored {
    disk: Arc<dyn Disk>,
    settings: Settings,
    inspection: Inspection,
    lock: Lock,
}

impl Unanchored {
    /// Reads all frames in `directory` and checks their chain.
    ///
    /// # Errors
    /// When there is an anchor, or the journal is damaged or does not end with a whole group.
    pub fn open(directory: &Path) -> Result<Self, InspectError> {
        let unreadable = InspectError::Unreadable;
        if !directory.is_dir() {
            return Err(unreadable(OpenError::Empty));
        }
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::at(directory));
        let settings = settings(&Options::default(), [0; 32]);
        let lock = lock_directory(&*disk).map_err(unreadable)?;
        if anchor::read(&*disk, &settings).map_err(|error| unreadable(error.into()))?.is_some() {
            return Err(InspectError::Anchored);
        }
        let scan = scan_unanchored(disk.clone(), &settings).map_err(|error| match error {
            OpenError::Damaged(damaged) => {
                InspectError::Damaged { index: readable_records(disk.clone(), &settings), damaged }
            }
            error => unreadable(error),
        })?;
        match &scan.report.torn {
            Some(torn) => Err(InspectError::Torn { len: torn.len }),
            None if scan.report.last.0 == scan.anchor.group => Err(unreadable(OpenError::Empty)),
            None => {
                let inspection = Inspection { reader: scan.reader, report: scan.report, anchored: None };
                Ok(Self { disk, settings, inspection, lock })
            }
        }
    }

    /// Returns what there is, for an audit: only what passes one may be anchored.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// Makes the anchor anew, at the last group, which `head` sealed; durable on `Ok`.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn make_anchor(self, head: &SignedHead) -> Result<(), Fault> {
        let Self { disk, settings, inspection, lock } = self;
        // What an anchor names is durable: it may have been copied here a moment ago.
        for number in segment_numbers(&*disk)? {
            let file = open_segment(&*disk, number, Access::Write)?;
            file.sync_data().map_err(|error| Fault::io("sync", &segment_name(number), &error))?;
        }
        let (group, commit_hash) = inspection.report.last;
        let anchor = Anchor { group, commit_hash, payload: encode_head(head).to_vec() };
        let found = FoundAnchor { anchor, sequence: 0, slot_damaged: false };
        AnchorFile::recreate(&*disk, &settings, found, Arc::new(lock)).map(drop)
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
