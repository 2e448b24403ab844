//! Looking at a ledger's directory without changing anything: for `verify`, on a stopped node, a copy, or a backup.
//!
//! Nothing derived is believed here: not the views, not a snapshot. What is handed over are the frames as they stand in
//! the journal, and the heads that sealed them.

use super::disk::{Access, Disk, RealDisk};
use super::fault::{Damaged, OpenError, ReadError};
use super::frame::CommitHash;
use super::journal::Settings;
use super::ledger_store::{Options, RECORD, settings};
use super::reader::Reader;
use super::recovery::{OpenReport, scan_all};
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, Window, open_segment, read_group, segment_number};
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
            Err(InspectError::Damaged { index: readable_records(&*disk, &settings), damaged })
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

/// Counts the records before the first group that cannot be read.
fn readable_records(disk: &dyn Disk, settings: &Settings) -> u64 {
    let mut numbers: Vec<u32> =
        disk.list().unwrap_or_default().iter().filter_map(|name| segment_number(name)).collect();
    numbers.sort_unstable();
    let mut live = Vec::new();
    let mut newer_first = u64::MAX;
    for number in numbers.into_iter().rev() {
        let Ok(file) = open_segment(disk, number, Access::Read) else { continue };
        let Ok(header) = SegmentHeader::read(&*file, number, &settings.domain) else { continue };
        if header.first_group < newer_first {
            newer_first = header.first_group;
            live.push((header, file));
        }
    }
    let (mut group, mut hash) = (0, CommitHash::genesis(&settings.domain));
    let mut records = 0;
    let live: Vec<_> = live.into_iter().rev().collect();
    for (at, (header, file)) in live.iter().enumerate() {
        if header.first_group != group + 1 {
            break;
        }
        let next = live.get(at + 1).map_or(u64::MAX, |(next, _)| next.first_group);
        let Ok(length) = file.len() else { break };
        let mut window = Window::over(file.clone(), header.number, length);
        let mut offset = SEGMENT_HEADER_BYTES;
        while group + 1 < next
            && let Ok(Some(read)) = read_group(&mut window, header, settings, group + 1, hash, offset)
        {
            records += read.frames().filter(|frame| frame.kind == RECORD).count() as u64;
            (group, hash) = (read.group, read.hash);
            offset = read.end();
        }
    }
    records
}
