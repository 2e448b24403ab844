//! Reading a directory that must not be written to: it is damaged, or its disk takes nothing.
//!
//! Nothing in it is changed and nothing derived is believed, neither the views nor a snapshot. What is handed over are
//! the groups that follow from the first one without a gap, each checked against the one before. Where bytes only
//! contradict each other, as journal and anchor of different histories do, nobody can say which are right: then there
//! is nothing to hand over.

use super::anchor::{self, Anchor};
use super::disk::{Access, Disk, Lock, RealDisk};
use super::fault::{Damaged, OpenError, Place, ReadError};
use super::journal::Settings;
use super::ledger_store::{EmbeddedReader, Options, RECORD, frames_of, settings};
use super::reader::{LiveSegment, Reader, Shared};
use super::recovery::lock_directory;
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, Window, open_segment, read_group, segment_number};
use super::survey::survey;
use super::views::{Rows, Views};
use crate::store::{self, Replay, SignedHead, StoredGroup};
use std::path::Path;
use std::sync::Arc;

/// The sound beginning of a ledger that cannot be opened for writing. Nobody else opens it meanwhile.
pub struct ReadOnlyStore {
    journal: Reader,
    views: Arc<Views>,
    rows: Rows,
    anchor: Option<Anchor>,
    why: OpenError,
    _lock: Lock,
}

/// What a replay of the sound groups came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOnlyReplay {
    /// The head that the anchor names, when the sound groups reach it: a newer one must not be shown to everybody, and
    /// an older one would look as if the log had gone back.
    pub anchored: Option<SignedHead>,
    /// The first group that does not follow by the rules, with what is wrong; what it holds was replayed in part.
    pub stopped: Option<(u64, store::OpenError)>,
}

/// Takes the lock of a ledger's directory, so that nobody opens it while it is read.
///
/// # Errors
/// `InUse` when somebody has it open.
pub fn ledger_lock(directory: &Path) -> Result<Lock, OpenError> {
    lock_directory(&RealDisk::at(directory))
}

impl ReadOnlyStore {
    /// Reads what is sound in `directory`, which was not opened because of `refused`.
    ///
    /// # Errors
    /// `refused` or a plainer reason when nothing of it can be trusted.
    pub fn open(directory: &Path, refused: OpenError) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(RealDisk::at(directory)), refused)
    }

    /// As [`open`](Self::open), on any disk.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(disk: Arc<dyn Disk>, refused: OpenError) -> Result<Self, OpenError> {
        if !leaves_something(&refused) {
            return Err(refused);
        }
        let settings = settings(&Options::default(), [0; 32]);
        let lock = lock_directory(&*disk)?;
        // Damage of one kind may hide another, about which nothing can be said.
        match survey(&*disk, &settings, None) {
            Err(worse) if !leaves_something(&worse) => return Err(worse),
            Ok(None) => return Err(OpenError::Empty),
            Ok(Some(_)) | Err(_) => {}
        }
        let anchor = anchor::read(&*disk, &settings).ok().flatten().map(|found| found.anchor);
        let (segments, contradiction) = sound_segments(&*disk, &settings, anchor.as_ref());
        if let Some(contradiction) = contradiction {
            return Err(contradiction.into());
        }
        if segments.iter().all(|segment| segment.end() == SEGMENT_HEADER_BYTES) {
            return Err(refused);
        }
        let origin = settings.origin();
        let journal = Reader::new(Arc::new(Shared::new(disk, settings, origin, segments)));
        let rows = Rows::Memory(Arc::default());
        let views = Arc::new(Views::empty(rows.clone(), Box::new(|| {})));
        Ok(Self { journal, views, rows, anchor, why: refused, _lock: lock })
    }

    /// Hands the sound groups to `replay`, oldest first, at most `groups` of them.
    ///
    /// # Errors
    /// When the disk changes its answers.
    pub fn replay(&mut self, replay: &mut dyn Replay, groups: u64) -> Result<ReadOnlyReplay, OpenError> {
        self.rows.clear_memory();
        self.views.begin_empty();
        let anchored = self.anchor.as_ref().map(|anchor| anchor.group);
        let mut done = ReadOnlyReplay::default();
        for group in self.journal.groups(None).take(usize::try_from(groups).unwrap_or(usize::MAX)) {
            let group = group?;
            let posted = frames_of(&group).and_then(|frames| {
                let stored = StoredGroup {
                    records: &frames.records,
                    refusals: &frames.refusals,
                    recorded_at: frames.recorded_at,
                    head: frames.head,
                };
                Ok((replay.group(stored)?, frames.positions, frames.head))
            });
            match posted {
                Ok((posted, positions, head)) => {
                    self.views.push(posted.records().zip(positions));
                    self.views.store_waiting();
                    if anchored == Some(group.group) {
                        done.anchored = Some(head);
                    }
                }
                Err(unfit) => {
                    done.stopped = Some((group.group, unfit.into()));
                    break;
                }
            }
        }
        Ok(done)
    }

    /// Returns why the directory was not opened for writing.
    pub fn why(&self) -> &OpenError {
        &self.why
    }

    /// Returns a handle for reading what was replayed.
    pub fn reader(&self) -> EmbeddedReader {
        EmbeddedReader::without_anchor(self.journal.clone(), self.views.clone())
    }
}

/// Whether what is wrong leaves a beginning that can be believed.
///
/// A frame that is sound and contradicts its neighbours was not made by a failing disk: somebody put files of
/// different histories together, and the beginning may be the wrong one of the two.
fn leaves_something(refused: &OpenError) -> bool {
    match refused {
        OpenError::Fault(_) => true,
        OpenError::InUse | OpenError::Empty | OpenError::NotEmpty => false,
        OpenError::Damaged(damaged) => match damaged {
            Damaged::Header { .. }
            | Damaged::Unreadable { .. }
            | Damaged::LaterGroup { .. }
            | Damaged::SegmentMissing { .. }
            | Damaged::SegmentShort { .. }
            | Damaged::ShorterThanAnchor { .. }
            | Damaged::AnchorMissing
            | Damaged::AnchorUnreadable { .. } => true,
            Damaged::Foreign { .. }
            | Damaged::NewerFormat { .. }
            | Damaged::ChainBroken { .. }
            | Damaged::AnchorMismatch { .. }
            | Damaged::StartUnknown { .. }
            | Damaged::NoSuchFrame { .. } => false,
        },
    }
}

/// Returns the segments from the first on, ending where the first group is that cannot be read; and what a sound file
/// contradicts, if that is why it ends there.
fn sound_segments(
    disk: &dyn Disk,
    settings: &Settings,
    anchor: Option<&Anchor>,
) -> (Vec<LiveSegment>, Option<Damaged>) {
    let names = disk.list().unwrap_or_default();
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| segment_number(name)).collect();
    numbers.sort_unstable();
    let mut live = Vec::new();
    let mut newer_first = u64::MAX;
    for number in numbers.into_iter().rev() {
        let Ok(file) = open_segment(disk, number, Access::Read) else { continue };
        match SegmentHeader::read(&*file, number, &settings.domain) {
            Ok(header) if header.first_group < newer_first => {
                newer_first = header.first_group;
                live.push((header, file));
            }
            // Superseded, or unreadable: what an older segment holds of it counts.
            Ok(_) | Err(ReadError::Damaged(Damaged::Header { .. }) | ReadError::Fault(_)) => {}
            Err(ReadError::Damaged(foreign)) => return (Vec::new(), Some(foreign)),
        }
    }
    live.reverse();
    let (mut group, mut hash) = settings.origin();
    let (mut sound, mut contradiction) = (Vec::new(), None);
    for (at, (header, file)) in live.iter().enumerate() {
        if header.first_group != group + 1 {
            break;
        }
        let next = live.get(at + 1).map_or(u64::MAX, |(next, _)| next.first_group);
        let Ok(length) = file.len() else { break };
        let mut window = Window::over(file.clone(), header.number, length);
        let mut offset = SEGMENT_HEADER_BYTES;
        while group + 1 < next && contradiction.is_none() {
            let read = match read_group(&mut window, header, settings, group + 1, hash, offset) {
                Ok(Some(read)) => read,
                Err(ReadError::Damaged(broken @ Damaged::ChainBroken { .. })) => {
                    contradiction = Some(broken);
                    break;
                }
                Ok(None) | Err(_) => break,
            };
            (group, hash) = (read.group, read.hash);
            offset = read.end();
            if let Some(anchor) = anchor.filter(|anchor| anchor.group == group)
                && anchor.commit_hash != hash
            {
                let place = Place { segment: header.number, offset, group };
                contradiction = Some(Damaged::AnchorMismatch { place });
            }
        }
        sound.push(LiveSegment::new(*header, offset, None));
        if group + 1 < next {
            break;
        }
    }
    (sound, contradiction)
}

/// Counts the records before the first group that cannot be read.
pub(super) fn readable_records(disk: Arc<dyn Disk>, settings: &Settings) -> u64 {
    let (segments, _) = sound_segments(&*disk, settings, None);
    let shared = Shared::new(disk, settings.clone(), settings.origin(), segments);
    let groups = Reader::new(Arc::new(shared)).groups(None).map_while(Result::ok);
    groups.map(|group| group.frames().filter(|frame| frame.kind == RECORD).count() as u64).sum()
}
