//! The journal: groups of frames, durable when acknowledged, in one order, for ever.
//!
//! A group is its frames and one commit frame, in one write and one sync. The payloads and the commit's body are
//! opaque here: the ledger keeps records, refusals and signed checkpoints in one journal, community data in another.
//! Opening is in [`super::recovery`].

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::disk::{DiskFile, Lock};
use super::fault::Fault;
use super::frame::{
    Commit, CommitHash, FRAME_PAYLOAD_BYTES_MAX, Frame, FramePosition, GROUP_BYTES_MAX, GroupEncoder,
    group_len,
};
use super::reader::{LiveSegment, Reader, Shared};
use super::segment::{SEGMENT_HEADER_BYTES, SegmentBuilder, SegmentHeader};

/// What a journal is told about itself.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which ledger and which of its journals: files of another domain are refused.
    pub domain: [u8; 32],
    /// Fresh random bytes for each opening: they make the segment ids.
    pub salt: [u8; 32],
    /// Length of a segment file in bytes; a larger group gets a larger segment.
    pub segment_bytes: u64,
    /// The longest time that a segment spans, in milliseconds: erasure deletes whole segments.
    pub segment_span_ms: u64,
    /// The last commit before the oldest segment that is kept, where older ones were erased.
    pub base: Option<(u64, CommitHash)>,
    /// A mistake made on purpose, to prove that a test finds it.
    #[cfg(any(test, feature = "testing"))]
    pub bug: Option<Bug>,
}

/// Length of a segment file unless told otherwise.
pub const SEGMENT_BYTES: u64 = 16 << 20;
/// Longest time that a segment spans unless told otherwise: 28 days fit into every month.
pub const SEGMENT_SPAN_MS: u64 = 28 * 24 * 3_600_000;

impl Settings {
    /// Returns the usual settings.
    #[must_use]
    pub fn new(domain: [u8; 32], salt: [u8; 32]) -> Settings {
        Settings {
            domain,
            salt,
            segment_bytes: SEGMENT_BYTES,
            segment_span_ms: SEGMENT_SPAN_MS,
            base: None,
            #[cfg(any(test, feature = "testing"))]
            bug: None,
        }
    }

    /// Group and hash before the oldest group that is kept.
    pub(super) fn origin(&self) -> (u64, CommitHash) {
        self.base.unwrap_or_else(|| (0, CommitHash::genesis(&self.domain)))
    }

    pub(super) fn suffers(&self, bug: Bug) -> bool {
        #[cfg(any(test, feature = "testing"))]
        return self.bug == Some(bug);
        #[cfg(not(any(test, feature = "testing")))]
        {
            let _ = bug;
            false
        }
    }
}

/// Mistakes that the test harnesses must find. They can be switched on in test builds only.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Acknowledges groups without a sync.
    SkipSync,
    /// Does not sync the directory after making a segment.
    SkipDirectorySync,
    /// Goes on after a failed write or sync.
    GoOnAfterFault,
    /// Believes bytes without a fitting checksum.
    IgnoreChecksum,
    /// Does not look for later groups behind a bad one.
    IgnoreLaterGroups,
    /// Continues after what it could read, instead of copying to fresh blocks what lies beyond the anchor.
    TrustPageCache,
    /// Writes anchors always to the same slot.
    OneAnchorSlot,
}

/// The one writer of a journal. After a failed write or sync it only reads.
pub struct Journal {
    shared: Arc<Shared>,
    active: Active,
    last: (u64, CommitHash),
    /// The group under construction, kept to be filled again.
    buffer: Vec<u8>,
    fault: Option<Fault>,
    _lock: Arc<Lock>,
}

/// The segment that is written to.
pub(super) struct Active {
    pub(super) segment: Arc<LiveSegment>,
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) offset: u64,
    /// Time of its first group.
    pub(super) since_ms: Option<u64>,
}

/// Where an acknowledged group stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPosition {
    /// The commit: for anchors, snapshots, and opening from here.
    pub commit: Commit,
    /// The frames, in the order they were given.
    pub frames: Vec<FramePosition>,
}

impl Journal {
    /// Appends `frames` and a commit frame with `body` as one group, all or nothing; durable on `Ok`.
    ///
    /// `now_ms` is the group's time in milliseconds since 1970 UTC. A group may be empty but for its commit.
    ///
    /// # Errors
    /// `Fault::FrameTooLarge` and `Fault::GroupTooLarge` before anything is written. `Fault::ReadOnly` when a write or
    /// sync failed, now or earlier: whether the group exists is then known only after opening again.
    pub fn append_group(
        &mut self,
        frames: &[Frame<'_>],
        body: &[u8],
        now_ms: u64,
    ) -> Result<GroupPosition, Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let len = check_sizes(frames, body)?;
        self.write_group(frames, body, now_ms, len).map_err(|fault| {
            let fault = fault.into_read_only();
            if !self.shared.settings.suffers(Bug::GoOnAfterFault) {
                self.fault = Some(fault.clone());
            }
            fault
        })
    }

    /// Returns group number and hash of the newest acknowledged commit; group 0 before the first.
    #[must_use]
    pub fn last(&self) -> (u64, CommitHash) {
        self.last
    }

    /// Returns why nothing more is acknowledged, if so.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Returns a handle for reading, which stays usable whatever happens to the writer.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(self.shared.clone())
    }

    pub(super) fn new(
        shared: Arc<Shared>,
        active: Active,
        last: (u64, CommitHash),
        lock: Arc<Lock>,
    ) -> Journal {
        Journal { shared, active, last, buffer: Vec::new(), fault: None, _lock: lock }
    }

    fn write_group(
        &mut self,
        frames: &[Frame<'_>],
        body: &[u8],
        now_ms: u64,
        len: usize,
    ) -> Result<GroupPosition, Fault> {
        let settings = &self.shared.settings;
        let full = self.active.offset + len as u64 > self.active.segment.header.capacity;
        let old = self
            .active
            .since_ms
            .is_some_and(|since| now_ms.saturating_sub(since) >= settings.segment_span_ms);
        if full || old {
            self.active = self.next_segment(len as u64)?;
        }

        let group = self.last.0 + 1;
        let SegmentHeader { number: segment, id, .. } = self.active.segment.header;
        let base = self.active.offset;
        let mut encoder = GroupEncoder::new(&mut self.buffer, id, group);
        let positions = frames
            .iter()
            .map(|frame| {
                let (offset, len) = encoder.push(*frame);
                FramePosition { segment, offset: base + offset as u64, len }
            })
            .collect();
        let (offset, commit_len, hash) = encoder.commit(&settings.domain, self.last.1, now_ms, body);
        assert_eq!(self.buffer.len(), len, "a group takes the bytes that were reserved for it");

        let name = || super::segment::segment_name(segment);
        self.active
            .file
            .write_all_at(&self.buffer, base)
            .map_err(|error| Fault::io("write", &name(), &error))?;
        // Sync before answering: the till shows "paid" on this answer, and a power cut must not take it back.
        if !settings.suffers(Bug::SkipSync) {
            self.active.file.sync_data().map_err(|error| Fault::io("sync", &name(), &error))?;
        }

        self.active.offset += len as u64;
        self.active.since_ms.get_or_insert(now_ms);
        self.active.segment.publish(self.active.offset);
        self.last = (group, hash);
        let position = FramePosition { segment, offset: base + offset as u64, len: commit_len };
        Ok(GroupPosition { commit: Commit { group, hash, position }, frames: positions })
    }

    fn next_segment(&self, group_len: u64) -> Result<Active, Fault> {
        let settings = &self.shared.settings;
        let header = next_header(settings, Some(self.active.segment.header.number), self.last, group_len);
        let file = SegmentBuilder::begin(&*self.shared.disk, &settings.domain, header)?.finish(settings)?;
        let segment = self.shared.roll(LiveSegment::new(header, SEGMENT_HEADER_BYTES, Some(file.clone())));
        Ok(Active { segment, file, offset: SEGMENT_HEADER_BYTES, since_ms: None })
    }
}

/// Returns the header of a segment to be made behind segment `newest`, for the groups behind `last`.
pub(super) fn next_header(
    settings: &Settings,
    newest: Option<u32>,
    last: (u64, CommitHash),
    groups_len: u64,
) -> SegmentHeader {
    let number = newest.map_or(0, |newest| newest.checked_add(1).expect("a journal never has 2^32 segments"));
    // The salt is new at each opening and the number within it, so no id comes twice; zeros are never an id.
    let mut hash = Sha256::new();
    hash.update(b"klaver/journal-segment/v1\n");
    hash.update(settings.salt);
    hash.update(settings.domain);
    hash.update(number.to_be_bytes());
    hash.update(last.1.0);
    let id = super::frame::u64_at(&hash.finalize(), 0) | 1;
    let capacity = (SEGMENT_HEADER_BYTES + groups_len)
        .next_multiple_of(SEGMENT_HEADER_BYTES)
        .max(settings.segment_bytes.next_multiple_of(SEGMENT_HEADER_BYTES));
    SegmentHeader { number, id, first_group: last.0 + 1, previous: last.1, capacity }
}

/// Returns the bytes that the group takes.
fn check_sizes(frames: &[Frame<'_>], body: &[u8]) -> Result<usize, Fault> {
    // A commit's body is held to a tenth of the limit, so that its frame fits with what the journal adds.
    let bodies = frames.iter().map(|frame| (frame.payload.len(), FRAME_PAYLOAD_BYTES_MAX));
    for (bytes, limit) in bodies.chain([(body.len(), FRAME_PAYLOAD_BYTES_MAX / 10)]) {
        if bytes > limit {
            return Err(Fault::FrameTooLarge { bytes: bytes as u64, limit: limit as u64 });
        }
    }
    let len = group_len(frames.iter().map(|frame| frame.payload.len()), body.len());
    if len > GROUP_BYTES_MAX {
        return Err(Fault::GroupTooLarge { bytes: len as u64, limit: GROUP_BYTES_MAX as u64 });
    }
    Ok(len)
}
