//! Frames: the checksummed pieces that a journal consists of.
//!
//! A frame, little-endian, padded with zeros to a multiple of 8 bytes:
//!
//! ```text
//!  0..4   CRC-32C over bytes 4..12, payload and padding, then bytes 12..32
//!  4..8   length of the payload in bytes
//!  8..12  kind (one byte, 0 = commit), three zero bytes
//! 12..16  sequence within the group, from 0; the commit frame has the highest
//! 16..24  segment id: a frame of another file never counts
//! 24..32  group number
//! 32..    payload
//! ```
//!
//! The checksum runs over the content first and the place last, so that the checksum of the content alone is had on
//! the way; the commit frame folds those, and stays the same when recovery copies a group to another segment.
//!
//! The payload of a commit frame:
//!
//! ```text
//!  0..32  hash of the previous commit
//! 32..40  time of the group in milliseconds since 1970 UTC, as the caller gave it
//! 40..44  number of frames before the commit
//! 44..48  CRC-32C over the content checksums of those frames, in order
//! 48..    body: the caller's bytes, such as size, root and signature
//! ```

use sha2::{Digest, Sha256};

/// Bytes before the payload.
pub const FRAME_HEADER_BYTES: usize = 32;
/// Frames begin at multiples of this many bytes, which is also the step in which a damaged tail is searched.
pub const FRAME_ALIGNMENT: usize = 8;
/// The largest payload of a frame: far above any record, small enough to refuse a damaged length at once.
pub const FRAME_PAYLOAD_BYTES_MAX: usize = 16 << 20;
/// The largest group with all its frame headers: what reading holds in memory at a time.
pub const GROUP_BYTES_MAX: usize = 64 << 20;

const COMMIT_KIND: u8 = 0;
const COMMIT_PREFIX_BYTES: usize = 48;

/// What a payload is, in the caller's numbering: 1 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameKind(u8);

impl FrameKind {
    /// Returns the kind with this number.
    ///
    /// # Panics
    /// At compile time for a constant 0, which is the commit frame.
    #[must_use]
    pub const fn new(number: u8) -> FrameKind {
        assert!(number != COMMIT_KIND, "kind 0 is the journal's own commit frame");
        FrameKind(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// A payload to be written, with its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the payload is.
    pub kind: FrameKind,
    /// The bytes, opaque here.
    pub payload: &'a [u8],
}

/// Where a frame stands: what an index keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FramePosition {
    /// Number of the segment file.
    pub segment: u32,
    /// Offset of the frame's header in that file.
    pub offset: u64,
    /// Length of header and payload, without padding.
    pub len: u32,
}

impl FramePosition {
    /// Returns the offset of whatever stands behind this frame.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset + padded(self.len as usize) as u64
    }
}

/// SHA-256 that names a commit, and through it everything before: the chain runs over all groups and segments.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitHash(pub [u8; 32]);

impl CommitHash {
    /// Returns what the first group of a journal names as its predecessor.
    #[must_use]
    pub fn genesis(domain: &[u8; 32]) -> CommitHash {
        let mut hash = Sha256::new();
        hash.update(b"klaver/journal-genesis/v1\n");
        hash.update(domain);
        CommitHash(hash.finalize().into())
    }

    /// Hashes a commit: `"klaver/journal-commit/v1\n"`, domain, group (big-endian u64), payload of the commit frame.
    pub(super) fn of(domain: &[u8; 32], group: u64, payload: &[u8]) -> CommitHash {
        let mut hash = Sha256::new();
        hash.update(b"klaver/journal-commit/v1\n");
        hash.update(domain);
        hash.update(group.to_be_bytes());
        hash.update(payload);
        CommitHash(hash.finalize().into())
    }
}

impl std::fmt::Debug for CommitHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A known commit: enough to open from, or to anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// Number of the group, from 1.
    pub group: u64,
    /// Names this commit and everything before it.
    pub hash: CommitHash,
    /// Where its commit frame stands.
    pub position: FramePosition,
}

/// What a frame's checksum says besides its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) payload_len: usize,
    kind: u8,
    pub(super) sequence: u32,
    pub(super) segment_id: u64,
    pub(super) group: u64,
    checksum: u32,
}

impl FrameHeader {
    /// Reads a header, without looking at the checksum. `None` when no frame can begin like this.
    pub(super) fn parse(bytes: &[u8; FRAME_HEADER_BYTES]) -> Option<FrameHeader> {
        let payload_len = u32_at(bytes, 4) as usize;
        let reserved_are_zero = bytes[9..12] == [0; 3];
        (reserved_are_zero && payload_len <= FRAME_PAYLOAD_BYTES_MAX).then(|| FrameHeader {
            payload_len,
            kind: bytes[8],
            sequence: u32_at(bytes, 12),
            segment_id: u64_at(bytes, 16),
            group: u64_at(bytes, 24),
            checksum: u32_at(bytes, 0),
        })
    }

    /// The kind given by the caller; `None` for a commit frame.
    pub(super) fn kind(&self) -> Option<FrameKind> {
        (self.kind != COMMIT_KIND).then_some(FrameKind(self.kind))
    }

    /// Bytes that the whole frame takes, with padding.
    pub(super) fn frame_len(&self) -> usize {
        padded(FRAME_HEADER_BYTES + self.payload_len)
    }

    /// Checks a whole frame, and returns the checksum of its content.
    pub(super) fn check(&self, frame: &[u8]) -> Option<u32> {
        let content = content_checksum(frame);
        (crc32c::crc32c_append(content, &frame[12..FRAME_HEADER_BYTES]) == self.checksum).then_some(content)
    }

    /// Returns what stands for the content's checksum when a seeded bug skips the check.
    pub(super) fn unchecked(&self, frame: &[u8]) -> u32 {
        content_checksum(frame)
    }
}

/// Returns a length as it stands on the disk: what is framed is held to its limit, far below 2^32, before.
pub(super) fn on_disk(len: usize) -> u32 {
    u32::try_from(len).expect("the limits of frames, anchors and refusals are below 2^32 bytes")
}

/// Returns `len` rounded up to where the next frame may begin.
pub(super) const fn padded(len: usize) -> usize {
    len.next_multiple_of(FRAME_ALIGNMENT)
}

/// Returns the bytes that a group takes: payload lengths of its frames, and length of the commit's body.
pub(super) fn group_len(payload_lens: impl Iterator<Item = usize>, body_len: usize) -> usize {
    payload_lens.map(|len| padded(FRAME_HEADER_BYTES + len)).sum::<usize>()
        + padded(FRAME_HEADER_BYTES + COMMIT_PREFIX_BYTES + body_len)
}

/// Where frames are written: the group under construction.
pub(super) struct GroupEncoder<'b> {
    buffer: &'b mut Vec<u8>,
    segment_id: u64,
    group: u64,
    sequence: u32,
    fold: u32,
}

impl<'b> GroupEncoder<'b> {
    /// Begins a group in an emptied `buffer`.
    pub(super) fn new(buffer: &'b mut Vec<u8>, segment_id: u64, group: u64) -> GroupEncoder<'b> {
        buffer.clear();
        GroupEncoder { buffer, segment_id, group, sequence: 0, fold: 0 }
    }

    /// Adds a frame, and returns its offset in the group and its length without padding.
    pub(super) fn push(&mut self, frame: Frame<'_>) -> (usize, u32) {
        let place = self.write(frame.kind.0, &[frame.payload]);
        let content = content_checksum(&self.buffer[place.0..]);
        self.seal(place.0, content);
        self.fold = crc32c::crc32c_append(self.fold, &content.to_le_bytes());
        self.sequence += 1;
        place
    }

    /// Adds the commit frame, and returns its offset, its length without padding, and the commit's hash.
    pub(super) fn commit(
        mut self,
        domain: &[u8; 32],
        previous: CommitHash,
        now_ms: u64,
        body: &[u8],
    ) -> (usize, u32, CommitHash) {
        let count = self.sequence.to_le_bytes();
        let fold = self.fold.to_le_bytes();
        let (offset, len) =
            self.write(COMMIT_KIND, &[&previous.0, &now_ms.to_le_bytes(), &count, &fold, body]);
        let content = content_checksum(&self.buffer[offset..]);
        self.seal(offset, content);
        let payload = &self.buffer[offset + FRAME_HEADER_BYTES..offset + len as usize];
        (offset, len, CommitHash::of(domain, self.group, payload))
    }

    fn write(&mut self, kind: u8, parts: &[&[u8]]) -> (usize, u32) {
        let offset = self.buffer.len();
        let payload_len: usize = parts.iter().map(|part| part.len()).sum();
        let mut header = [0; FRAME_HEADER_BYTES];
        header[4..8].copy_from_slice(&on_disk(payload_len).to_le_bytes());
        header[8] = kind;
        header[12..16].copy_from_slice(&self.sequence.to_le_bytes());
        header[16..24].copy_from_slice(&self.segment_id.to_le_bytes());
        header[24..32].copy_from_slice(&self.group.to_le_bytes());
        self.buffer.extend_from_slice(&header);
        parts.iter().for_each(|part| self.buffer.extend_from_slice(part));
        let len = FRAME_HEADER_BYTES + payload_len;
        self.buffer.resize(offset + padded(len), 0);
        (offset, on_disk(len))
    }

    fn seal(&mut self, offset: usize, content: u32) {
        let checksum = crc32c::crc32c_append(content, &self.buffer[offset + 12..offset + FRAME_HEADER_BYTES]);
        self.buffer[offset..offset + 4].copy_from_slice(&checksum.to_le_bytes());
    }
}

/// Gives a checked frame a new segment id: recovery copies groups between segments.
pub(super) fn move_to_segment(frame: &mut [u8], segment_id: u64) {
    frame[16..24].copy_from_slice(&segment_id.to_le_bytes());
    let checksum = crc32c::crc32c_append(content_checksum(frame), &frame[12..FRAME_HEADER_BYTES]);
    frame[..4].copy_from_slice(&checksum.to_le_bytes());
}

/// The parts of a commit frame's payload.
pub(super) struct CommitPayload<'a> {
    pub(super) previous: CommitHash,
    pub(super) now_ms: u64,
    pub(super) frames: u32,
    pub(super) fold: u32,
    pub(super) body: &'a [u8],
}

impl<'a> CommitPayload<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Option<CommitPayload<'a>> {
        let (prefix, body) = payload.split_at_checked(COMMIT_PREFIX_BYTES)?;
        let mut previous = [0; 32];
        previous.copy_from_slice(&prefix[..32]);
        Some(CommitPayload {
            previous: CommitHash(previous),
            now_ms: u64_at(prefix, 32),
            frames: u32_at(prefix, 40),
            fold: u32_at(prefix, 44),
            body,
        })
    }
}

/// Adds the checksum of a frame's content to the fold that the commit frame carries.
pub(super) fn fold(fold: u32, content: u32) -> u32 {
    crc32c::crc32c_append(fold, &content.to_le_bytes())
}

/// Checksum of length, kind, payload and padding of a whole frame.
fn content_checksum(frame: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&frame[4..12]), &frame[FRAME_HEADER_BYTES..])
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
