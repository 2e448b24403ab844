//! What can go wrong under the ledger, and what a person does about it.
//!
//! A [`Fault`] is the disk failing now; [`Damaged`] is a directory that cannot be what we left there. The first asks
//! for another disk, the second for a backup and a look at what happened.

use std::io;

/// Says why something was not made durable or could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file system answered with an error.
    #[error("cannot {doing} {file}: {reason}")]
    Io {
        /// What was attempted, as a verb.
        doing: &'static str,
        /// The file's name in its directory.
        file: String,
        /// The kind of answer, for programs.
        kind: io::ErrorKind,
        /// The answer in the system's words.
        reason: String,
    },
    /// A write or sync failed, now or earlier: nobody knows what reached the disk, so nothing more is acknowledged.
    #[error(
        "read-only: {why}. Everything acknowledged before is safe and can be read; make the disk work and \
         restart, which checks and recovers"
    )]
    ReadOnly {
        /// The first failure.
        why: Box<Fault>,
    },
    /// A single payload is larger than a frame may carry. Nothing was written.
    #[error("a frame of {bytes} bytes is over the limit of {limit} bytes: make it smaller")]
    FrameTooLarge {
        /// Size of the payload.
        bytes: u64,
        /// The largest payload.
        limit: u64,
    },
    /// The group is larger than the limit. Nothing was written.
    #[error("a group of {bytes} bytes is over the limit of {limit} bytes: write it as several groups")]
    GroupTooLarge {
        /// Size of the group with its frame headers.
        bytes: u64,
        /// The largest group.
        limit: u64,
    },
    /// The anchor's payload is larger than a slot may carry. Nothing was written.
    #[error("an anchor payload of {bytes} bytes is over the limit of {limit} bytes: make it smaller")]
    AnchorTooLarge {
        /// Size of the payload.
        bytes: u64,
        /// The largest payload.
        limit: u64,
    },
    /// An anchor may only move forward. Nothing was written.
    #[error(
        "an anchor at group {group} is older than the present one at group {present}: write the newest commit"
    )]
    AnchorGoesBack {
        /// The group that was to be anchored.
        group: u64,
        /// The group that is anchored now.
        present: u64,
    },
}

impl Fault {
    pub(super) fn io(doing: &'static str, file: &str, error: &io::Error) -> Fault {
        Fault::Io { doing, file: file.to_owned(), kind: error.kind(), reason: error.to_string() }
    }

    /// Turns the first failure into the answer that every later write gets too.
    pub(super) fn into_read_only(self) -> Fault {
        match self {
            Fault::ReadOnly { .. } => self,
            why => Fault::ReadOnly { why: Box::new(why) },
        }
    }
}

/// Where in the journal something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of the segment file.
    pub segment: u32,
    /// Offset in that file, in bytes.
    pub offset: u64,
    /// The group that should stand there.
    pub group: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Place { segment, offset, group } = self;
        write!(f, "segment {segment}, offset {offset}, group {group}")
    }
}

/// Says what is wrong with a directory that cannot be what was left there. Nothing was changed in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// A segment's header cannot be read.
    #[error("segment {segment} has no readable header ({why}): {}", ADVICE)]
    Header {
        /// Number of the segment file.
        segment: u32,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The file belongs to another ledger, or to another kind of journal.
    #[error("{file} belongs to another ledger or another journal: put the right file back")]
    Foreign {
        /// The file's name.
        file: String,
    },
    /// The file was written by a newer version of this program.
    #[error("{file} has format {found}, this program knows formats up to {known}: update the program")]
    NewerFormat {
        /// The file's name.
        file: String,
        /// The format it names.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// A group cannot be read although later ones, or the anchor, prove that it was complete.
    #[error("{place}: unreadable ({why}), groups up to {} are safe: {}", .place.group.saturating_sub(1), ADVICE)]
    Unreadable {
        /// Where reading stopped.
        place: Place,
        /// What is wrong there.
        why: &'static str,
    },
    /// A frame of a later group stands behind a bad one, so the bad one was complete once.
    #[error(
        "{place}: unreadable, but group {later_group} stands behind it at offset {later_offset}, so it was complete \
         once; groups up to {} are safe: {}", .place.group.saturating_sub(1), ADVICE
    )]
    LaterGroup {
        /// Where reading stopped.
        place: Place,
        /// The later group.
        later_group: u64,
        /// Where its frame stands in the same segment.
        later_offset: u64,
    },
    /// The commit frame does not continue the one before it.
    #[error("{place}: its commit does not continue the one before, groups up to {} are safe: {}", .place.group.saturating_sub(1), ADVICE)]
    ChainBroken {
        /// The commit that does not fit.
        place: Place,
    },
    /// A segment file is missing.
    #[error(
        "the segment that begins with group {first_group} is missing, groups before it are safe: {}",
        ADVICE
    )]
    SegmentMissing {
        /// The first group that is missing.
        first_group: u64,
    },
    /// The newest segment is shorter than it was made.
    #[error(
        "segment {segment} is {len} bytes long and was made with {capacity}, so it was cut off; groups up to \
         {safe_through} are safe: {}",
        ADVICE
    )]
    SegmentShort {
        /// Number of the segment file.
        segment: u32,
        /// Its length now.
        len: u64,
        /// The length it was made with.
        capacity: u64,
        /// The last group that can be read.
        safe_through: u64,
    },
    /// The journal ends before the commit its anchor names.
    #[error("the journal ends before {place}, its anchor names group {anchor_group}; groups up to {} are safe: {}", .place.group.saturating_sub(1), ADVICE)]
    ShorterThanAnchor {
        /// Where the journal ends.
        place: Place,
        /// The group that the anchor names.
        anchor_group: u64,
    },
    /// The journal has another commit than its anchor names.
    #[error(
        "{place}: the commit is not the one that the anchor names: journal and anchor are of different histories: {}",
        ADVICE
    )]
    AnchorMismatch {
        /// The commit that differs.
        place: Place,
    },
    /// There are segments but no anchor.
    #[error("the anchor is missing beside a journal: {}", ADVICE_WITHOUT_ANCHOR)]
    AnchorMissing,
    /// Neither slot of the anchor can be read.
    #[error("the anchor cannot be read ({why}): {}", ADVICE)]
    AnchorUnreadable {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The commit that reading should start from is not there.
    #[error(
        "the starting point at {place} is not a commit of this journal ({why}): open without it, which reads everything"
    )]
    StartUnknown {
        /// Where the commit should stand.
        place: Place,
        /// What is wrong.
        why: &'static str,
    },
    /// No frame stands at the position that was asked for.
    #[error("segment {segment}, offset {offset}: no such frame ({why}): rebuild the index that names it")]
    NoSuchFrame {
        /// Number of the segment file.
        segment: u32,
        /// The offset that was asked for.
        offset: u64,
        /// What stands there instead.
        why: &'static str,
    },
}

/// What helps when a directory is damaged.
pub const ADVICE: &str = "keep a copy of the directory; `klaver-node verify` says what holds, and what serving an earlier copy costs";

/// What helps when the anchor is missing.
pub const ADVICE_WITHOUT_ANCHOR: &str = "keep a copy of the directory; where the journal proves itself to its end, \
    `klaver-node verify --data DIR --mend-anchor` makes the anchor anew";

impl Damaged {
    /// Returns the last group known to be safe, where that is known.
    #[must_use]
    pub fn safe_through(&self) -> Option<u64> {
        match self {
            Damaged::Unreadable { place, .. }
            | Damaged::LaterGroup { place, .. }
            | Damaged::ChainBroken { place }
            | Damaged::ShorterThanAnchor { place, .. } => Some(place.group.saturating_sub(1)),
            Damaged::SegmentMissing { first_group } => Some(first_group.saturating_sub(1)),
            Damaged::SegmentShort { safe_through, .. } => Some(*safe_through),
            Damaged::Header { .. }
            | Damaged::Foreign { .. }
            | Damaged::NewerFormat { .. }
            | Damaged::AnchorMismatch { .. }
            | Damaged::AnchorMissing
            | Damaged::AnchorUnreadable { .. }
            | Damaged::StartUnknown { .. }
            | Damaged::NoSuchFrame { .. } => None,
        }
    }
}

/// Says why reading failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes are not what was written.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// The disk did not answer.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Says why a directory was not opened. Nothing that was acknowledged has been changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be what was left there.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// The disk failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Another process, or another part of this one, has the directory open.
    #[error("another process has this directory open: stop it first, only one may write")]
    InUse,
    /// There is no journal here.
    #[error("there is no journal in this directory: found one, or name the right directory")]
    Empty,
    /// There is a journal here already.
    #[error("there is a journal in this directory already: open it, or found the new one elsewhere")]
    NotEmpty,
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> OpenError {
        match error {
            ReadError::Damaged(damaged) => OpenError::Damaged(damaged),
            ReadError::Fault(fault) => OpenError::Fault(fault),
        }
    }
}
