//! A block: what 256 consecutive records posted, as one row of the views.
//!
//! ```text
//! 0      format (1)
//! 1..3   how many records, little-endian as all that follows
//! 3..11  index of the first
//! 11..   recorded_at of each (8 bytes), entry ids (32), commitments (32), ends of the records' parts (4)
//! ..     the parts: place in the journal, kind, lines, as numbers of seven bits a byte
//! ..     CRC-32C of everything before
//! ```
//!
//! One large row instead of many small ones: the tree of rows costs about 10 microseconds a row, whatever its size.

use super::frame::FramePosition;
use crate::books::{Line, Reference};
use crate::entry::Kind;
use crate::id::{AccountId, Digest, EntryId, RequestId, TaskId};
use crate::store::{GroupRecord, Posted, PostedLine};
use crate::time::Timestamp;
use std::ops::RangeInclusive;

/// Records in a full block: as many as there are leaves under a level-0 tile.
pub const BLOCK_RECORDS: u64 = 256;

const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 11;
const FIXED_BYTES: usize = 8 + 32 + 32 + 4;
const CHECKSUM_BYTES: usize = 4;

/// Up to 256 consecutive records, the first at a multiple of 256.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    first: u64,
    times: Vec<u64>,
    ids: Vec<[u8; 32]>,
    commitments: Vec<[u8; 32]>,
    ends: Vec<u32>,
    parts: Vec<u8>,
}

impl Block {
    /// Returns an empty block whose first record will have index `first`.
    pub(super) fn starting_at(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// Returns the block's number: its place among all blocks.
    pub(super) fn number(&self) -> u64 {
        self.first / BLOCK_RECORDS
    }

    /// Returns the index of the record that comes next.
    pub(super) fn end(&self) -> u64 {
        self.first + self.times.len() as u64
    }

    pub(super) fn is_full(&self) -> bool {
        self.times.len() as u64 == BLOCK_RECORDS
    }

    /// Returns how many records it has.
    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// Adds the next record, which stands at `position` in the journal.
    pub(super) fn push(&mut self, record: &GroupRecord<'_>, position: FramePosition) {
        assert_eq!(record.index, self.end(), "records of a block have indexes without a gap");
        self.times.push(record.recorded_at.millis());
        self.ids.push(record.id.0);
        self.commitments.push(record.commitment);
        let w = &mut self.parts;
        put(w, position.segment.into());
        put(w, position.offset);
        put(w, position.len.into());
        put(w, record.kind.number());
        put(w, record.lines.len() as u64);
        for posted in record.lines {
            put_line(w, record.index, posted);
        }
        self.ends.push(u32::try_from(self.parts.len()).expect("a block's lines stay far below 4 GiB"));
    }

    /// Returns when the first and the last record were recorded; `None` for an empty block.
    pub(super) fn recorded(&self) -> Option<(Timestamp, Timestamp)> {
        let time = |millis: &u64| Timestamp::from_millis(*millis);
        Some((time(self.times.first()?)?, time(self.times.last()?)?))
    }

    /// Returns the index of the record with entry id `id`, if it was recorded within `window`.
    pub(super) fn find(&self, id: &EntryId, window: &RangeInclusive<Timestamp>) -> Option<u64> {
        let at = self.ids.iter().position(|known| known == id.as_bytes())?;
        let recorded_at = Timestamp::from_millis(self.times[at])?;
        window.contains(&recorded_at).then_some(self.first + at as u64)
    }

    pub(super) fn commitments(&self) -> &[[u8; 32]] {
        &self.commitments
    }

    /// Returns where record `index` stands in the journal; `None` when it is not in this block.
    pub(super) fn position(&self, index: u64) -> Option<FramePosition> {
        read_position(&mut self.part(index)?)
    }

    /// Returns what record `index` posted; `None` when it is not in this block.
    pub(super) fn posted(&self, index: u64) -> Option<Posted> {
        let at = usize::try_from(index.checked_sub(self.first)?).ok()?;
        let r = &mut self.part(index)?;
        read_position(r)?;
        let kind = Kind::from_number(take(r)?)?;
        let lines = (0..take(r)?).map(|_| take_line(r, index)).collect::<Option<Vec<_>>>()?;
        let recorded_at = Timestamp::from_millis(*self.times.get(at)?)?;
        r.is_empty().then_some(Posted { index, recorded_at, id: EntryId(*self.ids.get(at)?), kind, lines })
    }

    fn part(&self, index: u64) -> Option<&[u8]> {
        let at = usize::try_from(index.checked_sub(self.first)?).ok()?;
        let end = *self.ends.get(at)? as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        self.parts.get(start..end)
    }

    /// Returns the bytes of the row.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut row =
            Vec::with_capacity(HEADER_BYTES + self.len() * FIXED_BYTES + self.parts.len() + CHECKSUM_BYTES);
        let rows = u16::try_from(self.len()).expect("a block has at most BLOCK_RECORDS rows");
        row.push(FORMAT);
        row.extend_from_slice(&rows.to_le_bytes());
        row.extend_from_slice(&self.first.to_le_bytes());
        self.times.iter().for_each(|time| row.extend_from_slice(&time.to_le_bytes()));
        self.ids.iter().chain(&self.commitments).for_each(|bytes| row.extend_from_slice(bytes));
        self.ends.iter().for_each(|end| row.extend_from_slice(&end.to_le_bytes()));
        row.extend_from_slice(&self.parts);
        let checksum = crc32c::crc32c(&row);
        row.extend_from_slice(&checksum.to_le_bytes());
        row
    }

    /// Reads a row; `None` when it is damaged.
    pub(super) fn decode(row: &[u8]) -> Option<Self> {
        let (row, checksum) = row.split_last_chunk::<CHECKSUM_BYTES>()?;
        if crc32c::crc32c(row) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let r = &mut &row[..];
        let [format] = fixed(r)?;
        let count = usize::from(u16::from_le_bytes(fixed(r)?));
        let first = u64::from_le_bytes(fixed(r)?);
        if format != FORMAT || count as u64 > BLOCK_RECORDS || r.len() < count * FIXED_BYTES {
            return None;
        }
        let times = (0..count).map(|_| fixed(r).map(u64::from_le_bytes)).collect::<Option<_>>()?;
        let ids = (0..count).map(|_| fixed(r)).collect::<Option<_>>()?;
        let commitments = (0..count).map(|_| fixed(r)).collect::<Option<_>>()?;
        let ends: Vec<u32> = (0..count).map(|_| fixed(r).map(u32::from_le_bytes)).collect::<Option<_>>()?;
        let parts = r.to_vec();
        let ends_fit = ends.windows(2).all(|pair| pair[0] <= pair[1])
            && ends.last().map_or(0, |end| *end as usize) == parts.len();
        ends_fit.then_some(Self { first, times, ids, commitments, ends, parts })
    }
}

fn put(w: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        w.push(value as u8 | 0x80);
        value >>= 7;
    }
    w.push(value as u8);
}

fn take(r: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = fixed(r)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn fixed<const N: usize>(r: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = r.split_first_chunk::<N>()?;
    *r = rest;
    Some(*bytes)
}

fn read_position(r: &mut &[u8]) -> Option<FramePosition> {
    let segment = u32::try_from(take(r)?).ok()?;
    let offset = take(r)?;
    Some(FramePosition { segment, offset, len: u32::try_from(take(r)?).ok()? })
}

fn put_line(w: &mut Vec<u8>, index: u64, posted: &PostedLine) {
    let Line { account, seq, debit, credit, reference } = &posted.line;
    w.extend_from_slice(&account.0);
    put(w, *seq);
    put(w, *debit);
    put(w, *credit);
    // How many records back; a record before index 0 there is not.
    put(w, posted.previous.map_or(0, |previous| index - previous));
    match reference {
        None => w.push(0),
        Some(Reference::Request(id)) => {
            w.push(1);
            w.extend_from_slice(&id.0);
        }
        Some(Reference::Task(id)) => {
            w.push(2);
            w.extend_from_slice(&id.0);
        }
        Some(Reference::Line { index, line }) => {
            w.push(3);
            put(w, *index);
            put(w, *line);
        }
        Some(Reference::State(digest)) => {
            w.push(4);
            w.extend_from_slice(&digest.0);
        }
    }
}

fn take_line(r: &mut &[u8], index: u64) -> Option<PostedLine> {
    let account = AccountId(fixed(r)?);
    let (seq, debit, credit) = (take(r)?, take(r)?, take(r)?);
    let previous = match take(r)? {
        0 => None,
        back => Some(index.checked_sub(back)?),
    };
    let reference = match fixed(r)? {
        [0] => None,
        [1] => Some(Reference::Request(RequestId(fixed(r)?))),
        [2] => Some(Reference::Task(TaskId(fixed(r)?))),
        [3] => Some(Reference::Line { index: take(r)?, line: take(r)? }),
        [4] => Some(Reference::State(Digest(fixed(r)?))),
        _ => return None,
    };
    Some(PostedLine { line: Line { account, seq, debit, credit, reference }, previous })
}
