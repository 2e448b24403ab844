//! Segments: the files of a journal, and reading one from front to back.
//!
//! A segment is a header block of 4,096 bytes, groups of frames, and zeros up to the length it was made with:
//!
//! ```text
//!   0..8    "KLVJRNL\n"
//!   8..12   format (1), little-endian as all that follows
//!  12..16   number of the segment, as in its name
//!  16..24   segment id, which every frame repeats
//!  24..32   first group
//!  32..64   hash of the commit before the first group
//!  64..96   domain: which ledger, which journal
//!  96..104  length that the file was made with
//! 4092..4096 CRC-32C of the block before
//! ```
//!
//! A segment is made under another name, synced whole, and renamed: under its own name it is always complete. A
//! segment *supersedes*, in all segments with lower numbers, the groups from its own first group on. That is how
//! recovery moves groups to fresh blocks of the disk in one atomic step.

use std::sync::Arc;

use super::disk::{Access, Disk, DiskFile};
use super::fault::{Damaged, Fault, ReadError};
use super::frame::{
    CommitHash, CommitPayload, FRAME_HEADER_BYTES, FrameHeader, FrameKind, FramePosition, GROUP_BYTES_MAX,
    fold, on_disk, u32_at, u64_at,
};
use super::journal::{Bug, Settings};

/// Bytes before the first frame.
pub const SEGMENT_HEADER_BYTES: u64 = 4096;
/// The newest format known to this program.
pub const FORMAT: u32 = 1;

const MAGIC: &[u8; 8] = b"KLVJRNL\n";
const PREFIX: &str = "segment-";
/// Files under construction end like this; they never count, and the next opening removes them.
pub(super) const UNFINISHED: &str = ".new";
/// How much of a file is read or zeroed at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// Returns the file name of a segment.
#[must_use]
pub fn segment_name(number: u32) -> String {
    format!("{PREFIX}{number:010}")
}

/// Returns the number in a segment's file name; `None` for other files.
pub(super) fn segment_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix(PREFIX)?;
    let number = digits.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

/// What a segment says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) number: u32,
    pub(super) id: u64,
    pub(super) first_group: u64,
    pub(super) previous: CommitHash,
    pub(super) capacity: u64,
}

impl SegmentHeader {
    fn encode(&self, domain: &[u8; 32]) -> Vec<u8> {
        let mut block = vec![0; SEGMENT_HEADER_BYTES as usize];
        block[..8].copy_from_slice(MAGIC);
        block[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        block[12..16].copy_from_slice(&self.number.to_le_bytes());
        block[16..24].copy_from_slice(&self.id.to_le_bytes());
        block[24..32].copy_from_slice(&self.first_group.to_le_bytes());
        block[32..64].copy_from_slice(&self.previous.0);
        block[64..96].copy_from_slice(domain);
        block[96..104].copy_from_slice(&self.capacity.to_le_bytes());
        seal_block(&mut block);
        block
    }

    /// Reads and checks the header of the file named for segment `number`.
    pub(super) fn read(
        file: &dyn DiskFile,
        number: u32,
        domain: &[u8; 32],
    ) -> Result<SegmentHeader, ReadError> {
        let name = segment_name(number);
        let mut block = vec![0; SEGMENT_HEADER_BYTES as usize];
        let read = file.read_full(&mut block, 0).map_err(|error| Fault::io("read", &name, &error))?;
        let unreadable = |why| ReadError::from(Damaged::Header { segment: number, why });
        if read < block.len() {
            return Err(unreadable("the file is shorter than a header"));
        }
        if !block_is_sealed(&block) {
            return Err(unreadable("its checksum does not fit"));
        }
        if &block[..8] != MAGIC {
            return Err(unreadable("it is no journal segment"));
        }
        let format = u32_at(&block, 8);
        if format != FORMAT {
            return Err(Damaged::NewerFormat { file: name, found: format, known: FORMAT }.into());
        }
        if &block[64..96] != domain {
            return Err(Damaged::Foreign { file: name }.into());
        }
        if u32_at(&block, 12) != number {
            return Err(unreadable("it names another segment: files were swapped or renamed"));
        }
        let mut previous = [0; 32];
        previous.copy_from_slice(&block[32..64]);
        Ok(SegmentHeader {
            number,
            id: u64_at(&block, 16),
            first_group: u64_at(&block, 24),
            previous: CommitHash(previous),
            capacity: u64_at(&block, 96),
        })
    }
}

/// Writes the checksum of a block of 4,096 bytes into its end.
pub(super) fn seal_block(block: &mut [u8]) {
    let at = block.len() - 4;
    let checksum = crc32c::crc32c(&block[..at]);
    block[at..].copy_from_slice(&checksum.to_le_bytes());
}

/// Tells whether the checksum at the end of a block fits.
pub(super) fn block_is_sealed(block: &[u8]) -> bool {
    let at = block.len() - 4;
    crc32c::crc32c(&block[..at]) == u32_at(block, at)
}

/// A segment being made: nothing counts before [`SegmentBuilder::finish`] returns.
pub(super) struct SegmentBuilder<'d> {
    disk: &'d dyn Disk,
    header: SegmentHeader,
    name: String,
    file: Box<dyn DiskFile>,
    end: u64,
}

impl<'d> SegmentBuilder<'d> {
    pub(super) fn begin(
        disk: &'d dyn Disk,
        domain: &[u8; 32],
        header: SegmentHeader,
    ) -> Result<SegmentBuilder<'d>, Fault> {
        let name = segment_name(header.number) + UNFINISHED;
        let file = disk.create(&name).map_err(|error| Fault::io("create", &name, &error))?;
        let mut builder = SegmentBuilder { disk, header, name, file, end: 0 };
        builder.push(&header.encode(domain))?;
        Ok(builder)
    }

    /// Where the next bytes will stand.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Adds bytes: groups that are copied.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.file.write_all_at(bytes, self.end).map_err(|error| Fault::io("write", &self.name, &error))?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Fills up with zeros, syncs, and gives the segment its name, durably. Real zeros: space that was only reserved
    /// would cost the file system a change of its own books at every sync.
    pub(super) fn finish(mut self, settings: &Settings) -> Result<Arc<dyn DiskFile>, Fault> {
        let zeros = vec![0; CHUNK_BYTES];
        while self.end < self.header.capacity {
            let len = (self.header.capacity - self.end).min(CHUNK_BYTES as u64) as usize;
            self.push(&zeros[..len])?;
        }
        self.file.sync_data().map_err(|error| Fault::io("sync", &self.name, &error))?;
        let name = segment_name(self.header.number);
        self.disk.rename(&self.name, &name).map_err(|error| Fault::io("rename", &self.name, &error))?;
        if !settings.suffers(Bug::SkipDirectorySync) {
            self.disk.sync_dir().map_err(|error| Fault::io("sync the directory of", &name, &error))?;
        }
        Ok(Arc::from(self.file))
    }
}

/// Opens a segment's file.
pub(super) fn open_segment(disk: &dyn Disk, number: u32, access: Access) -> Result<Arc<dyn DiskFile>, Fault> {
    let name = segment_name(number);
    disk.open(&name, access).map(Arc::from).map_err(|error| Fault::io("open", &name, &error))
}

/// A file seen through a buffer that moves forward, up to a limit.
pub(super) struct Window {
    file: Arc<dyn DiskFile>,
    number: u32,
    /// Nothing from here on is read: the writer may still be changing it.
    pub(super) limit: u64,
    buffer: Vec<u8>,
    start: u64,
}

impl Window {
    pub(super) fn over(file: Arc<dyn DiskFile>, number: u32, limit: u64) -> Window {
        Window { file, number, limit, buffer: Vec::new(), start: 0 }
    }

    /// Returns `len` bytes at `offset`, or `None` when the file or the limit ends before.
    pub(super) fn bytes(&mut self, offset: u64, len: usize) -> Result<Option<&[u8]>, Fault> {
        let covered = offset
            .checked_sub(self.start)
            .is_some_and(|skip| skip.saturating_add(len as u64) <= self.buffer.len() as u64);
        if !covered {
            let readable = self.limit.saturating_sub(offset);
            if readable < len as u64 {
                return Ok(None);
            }
            self.buffer.resize(readable.min(len.max(CHUNK_BYTES) as u64) as usize, 0);
            let read = self
                .file
                .read_full(&mut self.buffer, offset)
                .map_err(|error| Fault::io("read", &segment_name(self.number), &error))?;
            self.buffer.truncate(read);
            self.start = offset;
        }
        let skip = (offset - self.start) as usize;
        Ok(self.buffer.get(skip..skip + len))
    }

    /// Returns the frame at `offset` with its content checksum, or `None` when no sound frame of this segment stands
    /// there.
    pub(super) fn frame(
        &mut self,
        offset: u64,
        segment_id: u64,
        settings: &Settings,
    ) -> Result<Option<SoundFrame<'_>>, Fault> {
        let Some(bytes) = self.bytes(offset, FRAME_HEADER_BYTES)? else { return Ok(None) };
        let mut head = [0; FRAME_HEADER_BYTES];
        head.copy_from_slice(bytes);
        let Some(header) = FrameHeader::parse(&head).filter(|header| header.segment_id == segment_id) else {
            return Ok(None);
        };
        let Some(frame) = self.bytes(offset, header.frame_len())? else { return Ok(None) };
        let content = match header.check(frame) {
            Some(content) => content,
            None if settings.suffers(Bug::IgnoreChecksum) => header.unchecked(frame),
            None => return Ok(None),
        };
        Ok(Some(SoundFrame { header, content, bytes: frame }))
    }
}

/// A frame whose checksum fits.
pub(super) struct SoundFrame<'w> {
    pub(super) header: FrameHeader,
    /// Checksum of its content alone.
    content: u32,
    /// The whole frame with padding.
    pub(super) bytes: &'w [u8],
}

/// A group as it stands in a segment, every frame checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredGroup {
    /// Number of the group, from 1.
    pub group: u64,
    /// Names this commit and everything before it.
    pub hash: CommitHash,
    /// The time that the caller gave the group, in milliseconds since 1970 UTC.
    pub now_ms: u64,
    pub(super) segment: u32,
    pub(super) offset: u64,
    pub(super) previous: CommitHash,
    /// The whole group, as in the file.
    pub(super) bytes: Vec<u8>,
    /// Kind, offset in `bytes` and payload length of each frame.
    pub(super) slots: Vec<(FrameKind, usize, usize)>,
    commit_offset: usize,
    body: std::ops::Range<usize>,
}

/// A frame of a [`StoredGroup`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredFrame<'a> {
    /// What the payload is.
    pub kind: FrameKind,
    /// The bytes as they were given.
    pub payload: &'a [u8],
    /// Where the frame stands.
    pub position: FramePosition,
}

impl StoredGroup {
    /// Returns the frames before the commit, in order.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = StoredFrame<'_>> {
        self.slots.iter().map(|&(kind, offset, payload_len)| {
            let payload = &self.bytes[offset + FRAME_HEADER_BYTES..offset + FRAME_HEADER_BYTES + payload_len];
            let len = on_disk(FRAME_HEADER_BYTES + payload_len);
            let position = FramePosition { segment: self.segment, offset: self.offset + offset as u64, len };
            StoredFrame { kind, payload, position }
        })
    }

    /// Returns the body of the commit frame.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body.clone()]
    }

    /// Returns the commit with the position of its frame.
    #[must_use]
    pub fn commit(&self) -> super::frame::Commit {
        let len = on_disk(self.body.end - self.commit_offset);
        let offset = self.offset + self.commit_offset as u64;
        let position = FramePosition { segment: self.segment, offset, len };
        super::frame::Commit { group: self.group, hash: self.hash, position }
    }

    pub(super) fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }
}

/// Reads the group `group` at `offset`. `None` when no complete, sound group of that number stands there.
///
/// # Errors
/// `Damaged` when a sound commit frame contradicts what stands before it: that no torn write can do.
pub(super) fn read_group(
    window: &mut Window,
    header: &SegmentHeader,
    settings: &Settings,
    group: u64,
    previous: CommitHash,
    offset: u64,
) -> Result<Option<StoredGroup>, ReadError> {
    let mut bytes = Vec::new();
    let mut slots = Vec::new();
    let mut folded = 0;
    loop {
        let at = offset + bytes.len() as u64;
        let Some(SoundFrame { header: frame_header, content, bytes: frame }) =
            window.frame(at, header.id, settings)?
        else {
            return Ok(None);
        };
        let in_place = frame_header.group == group && frame_header.sequence as usize == slots.len();
        if !in_place || bytes.len() + frame.len() > GROUP_BYTES_MAX {
            return Ok(None);
        }
        let start = bytes.len();
        bytes.extend_from_slice(frame);
        if let Some(kind) = frame_header.kind() {
            slots.push((kind, start, frame_header.payload_len));
            folded = fold(folded, content);
            continue;
        }
        let payload = start + FRAME_HEADER_BYTES..start + FRAME_HEADER_BYTES + frame_header.payload_len;
        let place = super::fault::Place { segment: header.number, offset, group };
        let Some(commit) = CommitPayload::parse(&bytes[payload.clone()]) else {
            return Err(Damaged::Unreadable { place, why: "its commit frame is too short" }.into());
        };
        if commit.frames as usize != slots.len() || commit.fold != folded {
            return Err(Damaged::Unreadable { place, why: "its frames are not those of its commit" }.into());
        }
        if commit.previous != previous {
            return Err(Damaged::ChainBroken { place }.into());
        }
        return Ok(Some(StoredGroup {
            group,
            hash: CommitHash::of(&settings.domain, group, &bytes[payload.clone()]),
            now_ms: commit.now_ms,
            segment: header.number,
            offset,
            previous,
            body: payload.end - commit.body.len()..payload.end,
            commit_offset: start,
            slots,
            bytes,
        }));
    }
}
