//! Reading the journal while it is written: single frames by position, groups in order.
//!
//! Only what was acknowledged can be read: each segment has a committed end that moves after the sync. Every frame is
//! checked again each time it is read.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::disk::{Access, Disk, DiskFile};
use super::fault::{Damaged, Fault, Place, ReadError};
use super::frame::{
    Commit, CommitHash, FRAME_ALIGNMENT, FRAME_HEADER_BYTES, FRAME_PAYLOAD_BYTES_MAX, FrameHeader, FrameKind,
    FramePosition,
};
use super::journal::{Bug, Settings};
use super::segment::{
    SEGMENT_HEADER_BYTES, SegmentHeader, StoredGroup, Window, open_segment, read_group, segment_name,
};

/// How many sealed segments are kept open for reading; more are opened again when they are asked for.
const OPEN_SEGMENTS_MAX: usize = 64;

/// A cheap handle for reading, for any thread.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

/// A frame that was read by its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedFrame {
    /// What the payload is.
    pub kind: FrameKind,
    /// The group it was written in.
    pub group: u64,
    /// The bytes as they were given.
    pub payload: Vec<u8>,
}

impl Reader {
    /// Reads the frame at `position`.
    ///
    /// # Errors
    /// `Damaged::NoSuchFrame` when no acknowledged, sound frame of that length stands there; `Fault` when the disk
    /// does not answer.
    pub fn read_frame(&self, position: FramePosition) -> Result<OwnedFrame, ReadError> {
        let (header, bytes) = self.shared.read_checked(position)?;
        let Some(kind) = header.kind() else {
            return Err(no_such_frame(position, "it is a commit frame"));
        };
        let payload = bytes[FRAME_HEADER_BYTES..FRAME_HEADER_BYTES + header.payload_len].to_vec();
        Ok(OwnedFrame { kind, group: header.group, payload })
    }

    /// Returns all acknowledged groups behind `after`, or from the beginning, in order; in memory is one at a time.
    ///
    /// The iterator ends at the newest commit and goes on when asked again after more was written. It stops for good
    /// after an error.
    #[must_use]
    pub fn groups(&self, after: Option<Commit>) -> Groups {
        let shared = self.shared.clone();
        let (group, hash, place) = match after {
            Some(commit) => {
                (commit.group, commit.hash, Some((commit.position.segment, commit.position.end())))
            }
            None => (shared.origin.0, shared.origin.1, None),
        };
        Groups { shared, group, hash, place, window: None, failed: false }
    }

    /// Returns how many bytes the segments hold, without unused space at their ends.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.segments().iter().map(|segment| segment.end()).sum()
    }

    pub(super) fn new(shared: Arc<Shared>) -> Reader {
        Reader { shared }
    }
}

/// What writer and readers share. The writer alone adds segments and moves ends; readers only look.
pub(super) struct Shared {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) settings: Settings,
    /// Group and hash before the first group that is held.
    origin: (u64, CommitHash),
    segments: RwLock<Vec<Arc<LiveSegment>>>,
    opened: Mutex<VecDeque<(u32, Arc<dyn DiskFile>)>>,
}

/// A segment that holds groups of its own.
pub(super) struct LiveSegment {
    pub(super) header: SegmentHeader,
    end: AtomicU64,
    /// Kept open while it is written to.
    file: Option<Arc<dyn DiskFile>>,
}

impl LiveSegment {
    pub(super) fn new(header: SegmentHeader, end: u64, file: Option<Arc<dyn DiskFile>>) -> LiveSegment {
        LiveSegment { header, end: AtomicU64::new(end), file }
    }

    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Lets readers see what was just synced.
    pub(super) fn publish(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }
}

impl Shared {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        settings: Settings,
        origin: (u64, CommitHash),
        segments: Vec<LiveSegment>,
    ) -> Shared {
        let segments = RwLock::new(segments.into_iter().map(Arc::new).collect());
        Shared { disk, settings, origin, segments, opened: Mutex::default() }
    }

    /// Seals the newest segment and adds a newer one.
    pub(super) fn roll(&self, next: LiveSegment) -> Arc<LiveSegment> {
        let next = Arc::new(next);
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(sealed) = segments.last_mut() {
            *sealed = Arc::new(LiveSegment::new(sealed.header, sealed.end(), None));
        }
        segments.push(next.clone());
        next
    }

    pub(super) fn newest(&self) -> Option<Arc<LiveSegment>> {
        self.segments().last().cloned()
    }

    fn segments(&self) -> Vec<Arc<LiveSegment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Finds a segment by number, or the first one, and the first group of the one behind it.
    fn find(&self, number: Option<u32>) -> Option<(Arc<LiveSegment>, Option<SegmentHeader>)> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let at = match number {
            Some(number) => segments.binary_search_by_key(&number, |segment| segment.header.number).ok()?,
            None => 0,
        };
        Some((segments.get(at)?.clone(), segments.get(at + 1).map(|segment| segment.header)))
    }

    fn file(&self, segment: &LiveSegment) -> Result<Arc<dyn DiskFile>, Fault> {
        if let Some(file) = &segment.file {
            return Ok(file.clone());
        }
        let number = segment.header.number;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, file)) = opened.iter().find(|(open, _)| *open == number) {
            return Ok(file.clone());
        }
        let file = open_segment(&*self.disk, number, Access::Read)?;
        if opened.len() == OPEN_SEGMENTS_MAX {
            opened.pop_front();
        }
        opened.push_back((number, file.clone()));
        Ok(file)
    }

    fn read_checked(&self, position: FramePosition) -> Result<(FrameHeader, Vec<u8>), ReadError> {
        let wrong = |why| no_such_frame(position, why);
        let (segment, _) =
            self.find(Some(position.segment)).ok_or_else(|| wrong("there is no such segment"))?;
        let plausible = position.offset >= SEGMENT_HEADER_BYTES
            && position.offset.is_multiple_of(FRAME_ALIGNMENT as u64)
            && (FRAME_HEADER_BYTES..=FRAME_HEADER_BYTES + FRAME_PAYLOAD_BYTES_MAX)
                .contains(&(position.len as usize));
        if !plausible {
            return Err(wrong("no frame can stand there"));
        }
        if position.offset > segment.end() || position.end() > segment.end() {
            return Err(wrong("it is behind the last acknowledged group"));
        }
        let file = self.file(&segment)?;
        let mut bytes = vec![0; (position.end() - position.offset) as usize];
        let read = file
            .read_full(&mut bytes, position.offset)
            .map_err(|error| Fault::io("read", &segment_name(position.segment), &error))?;
        if read < bytes.len() {
            return Err(wrong("the file ends before"));
        }
        let mut head = [0; FRAME_HEADER_BYTES];
        head.copy_from_slice(&bytes[..FRAME_HEADER_BYTES]);
        let header = FrameHeader::parse(&head)
            .filter(|header| header.segment_id == segment.header.id)
            .filter(|header| header.payload_len + FRAME_HEADER_BYTES == position.len as usize)
            .ok_or_else(|| wrong("other bytes stand there"))?;
        if header.check(&bytes).is_none() && !self.settings.suffers(Bug::IgnoreChecksum) {
            return Err(wrong("its checksum does not fit"));
        }
        Ok((header, bytes))
    }
}

fn no_such_frame(position: FramePosition, why: &'static str) -> ReadError {
    Damaged::NoSuchFrame { segment: position.segment, offset: position.offset, why }.into()
}

/// The groups of a journal in order: see [`Reader::groups`].
pub struct Groups {
    shared: Arc<Shared>,
    group: u64,
    hash: CommitHash,
    /// Segment and offset of the next group; `None` before the first segment.
    place: Option<(u32, u64)>,
    window: Option<(u32, Window)>,
    failed: bool,
}

impl Groups {
    fn step(&mut self) -> Result<Option<StoredGroup>, ReadError> {
        let expected = self.group + 1;
        let number = self.place.map(|(number, _)| number);
        let Some((mut segment, mut next)) = self.shared.find(number) else {
            return match number {
                Some(_) => Err(Damaged::SegmentMissing { first_group: expected }.into()),
                None => Ok(None),
            };
        };
        let mut offset = self.place.map_or(SEGMENT_HEADER_BYTES, |(_, offset)| offset);
        // More than once where a segment was left empty: a group too large for it got one of its own.
        while let Some(next_header) = next.filter(|next| next.first_group == expected) {
            if next_header.previous != self.hash {
                let place =
                    Place { segment: next_header.number, offset: SEGMENT_HEADER_BYTES, group: expected };
                return Err(Damaged::ChainBroken { place }.into());
            }
            let found = self.shared.find(Some(next_header.number));
            (segment, next) = found.ok_or(Damaged::SegmentMissing { first_group: expected })?;
            offset = SEGMENT_HEADER_BYTES;
        }
        let end = segment.end();
        if next.is_none() && offset >= end {
            return Ok(None);
        }
        let number = segment.header.number;
        let mut window = match self.window.take() {
            Some((open, window)) if open == number => window,
            _ => Window::over(self.shared.file(&segment)?, number, end),
        };
        window.limit = end;
        let settings = &self.shared.settings;
        let group = read_group(&mut window, &segment.header, settings, expected, self.hash, offset)?;
        let Some(group) = group else {
            let place = Place { segment: number, offset, group: expected };
            return Err(
                Damaged::Unreadable { place, why: "no sound group of this number stands there" }.into()
            );
        };
        self.window = Some((number, window));
        self.group = expected;
        self.hash = group.hash;
        self.place = Some((number, group.end()));
        Ok(Some(group))
    }
}

impl Iterator for Groups {
    type Item = Result<StoredGroup, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step();
        self.failed = step.is_err();
        step.transpose()
    }
}
