//! A group: what the ledger makes durable in one step.

use crate::books::Line;
use crate::entry::cbor::Writer;
use crate::entry::{Kind, VerifiedEntry};
use crate::id::EntryId;
use crate::log::hash::Hash;
use crate::record::{Committer, LedgerLine, Salt, write_record};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use std::ops::Range;

/// Bytes of the salt before each record.
pub const SALT_BYTES: usize = 32;

/// The size and root of the log after a group, with the log's signature over its checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// How many records there are.
    pub size: u64,
    /// The root over their leaves.
    pub root: Hash,
    /// The log's signature of the checkpoint that says so.
    pub signature: [u8; 64],
}

/// Records and refusals that become durable together, and the head that seals them. One buffer holds all records.
#[derive(Clone, Debug)]
pub struct Group {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    lines: Vec<PostedLine>,
    refusals: Vec<Refusal>,
    recorded_at: Timestamp,
    head: SignedHead,
}

#[derive(Clone, Debug)]
struct Slot {
    index: u64,
    recorded_at: Timestamp,
    id: EntryId,
    kind: Kind,
    bytes: Range<usize>,
    lines: Range<usize>,
    record_salt: [u8; 32],
    view_root: Hash,
    commitment: [u8; 32],
    leaf: Hash,
}

/// A line as it was posted, with the way back through its account's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostedLine {
    /// The line.
    pub line: Line,
    /// Index of the record before this one with a line of the same account.
    pub previous: Option<u64>,
}

/// One record of a group.
#[derive(Clone, Copy, Debug)]
pub struct GroupRecord<'g> {
    /// Its index.
    pub index: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The id of its entry.
    pub id: EntryId,
    /// What the entry does.
    pub kind: Kind,
    /// Salt and record as they stand in the journal, one behind the other.
    pub salted: &'g [u8],
    /// The lines it posted.
    pub lines: &'g [PostedLine],
    /// The salt of the record's hash.
    pub record_salt: [u8; 32],
    /// `V`, the root over its lines.
    pub view_root: Hash,
    /// `C`, what its leaf carries.
    pub commitment: [u8; 32],
    /// The hash of its leaf.
    pub leaf: Hash,
}

impl Default for Group {
    fn default() -> Self {
        let head = SignedHead { size: 0, root: Hash([0; 32]), signature: [0; 64] };
        Self {
            bytes: Vec::new(),
            slots: Vec::new(),
            lines: Vec::new(),
            refusals: Vec::new(),
            recorded_at: Timestamp::default(),
            head,
        }
    }
}

impl Group {
    /// Empties the group, keeping its memory for the next one.
    pub fn clear(&mut self, recorded_at: Timestamp) {
        self.bytes.clear();
        self.slots.clear();
        self.lines.clear();
        self.refusals.clear();
        self.recorded_at = recorded_at;
    }

    /// Adds an entry that the rules accepted, computes its commitment, and returns the hash of its leaf.
    pub fn push(
        &mut self,
        index: u64,
        salt: Salt,
        entry: &VerifiedEntry,
        lines: impl IntoIterator<Item = PostedLine>,
        committer: &mut Committer,
    ) -> Hash {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&salt.0);
        let mut w = Writer::after(std::mem::take(&mut self.bytes));
        write_record(&mut w, index, self.recorded_at, entry.signed());
        self.bytes = w.finish();
        self.seal_record(index, self.recorded_at, entry, start, lines, committer)
    }

    /// Adds a record that is durable already, as replay finds it.
    pub fn push_stored(
        &mut self,
        (index, recorded_at): (u64, Timestamp),
        salted: &[u8],
        entry: &VerifiedEntry,
        lines: impl IntoIterator<Item = PostedLine>,
        committer: &mut Committer,
    ) -> Hash {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(salted);
        self.seal_record(index, recorded_at, entry, start, lines, committer)
    }

    fn seal_record(
        &mut self,
        index: u64,
        recorded_at: Timestamp,
        entry: &VerifiedEntry,
        start: usize,
        lines: impl IntoIterator<Item = PostedLine>,
        committer: &mut Committer,
    ) -> Hash {
        let first_line = self.lines.len();
        self.lines.extend(lines);
        let kind = entry.entry().body.kind();
        let (salt, record) = split_salted(&self.bytes[start..]).expect("a salt was written first");
        let record_salt = salt.of_record();
        let views = self.lines[first_line..].iter().map(|posted| LedgerLine {
            index,
            recorded_at,
            kind,
            line: posted.line,
        });
        let commitment = committer.commit(&salt, &record_salt, record, views);
        let (hash, leaf) = commitment.hash_and_leaf();
        self.slots.push(Slot {
            index,
            recorded_at,
            id: entry.id(),
            kind,
            bytes: start..self.bytes.len(),
            lines: first_line..self.lines.len(),
            record_salt,
            view_root: commitment.view_root,
            commitment: hash,
            leaf,
        });
        leaf
    }

    /// Adds a refusal to be remembered.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.refusals.push(refusal);
    }

    /// Sets the head that seals the group.
    pub fn seal(&mut self, head: SignedHead) {
        self.head = head;
    }

    /// Returns whether there is nothing to make durable.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.refusals.is_empty()
    }

    /// Returns how many records it has.
    pub fn record_count(&self) -> usize {
        self.slots.len()
    }

    /// Returns the record at `place` in the group.
    pub fn record(&self, place: usize) -> GroupRecord<'_> {
        let slot = &self.slots[place];
        GroupRecord {
            index: slot.index,
            recorded_at: slot.recorded_at,
            id: slot.id,
            kind: slot.kind,
            salted: &self.bytes[slot.bytes.clone()],
            lines: &self.lines[slot.lines.clone()],
            record_salt: slot.record_salt,
            view_root: slot.view_root,
            commitment: slot.commitment,
            leaf: slot.leaf,
        }
    }

    /// Returns its records in order.
    pub fn records(&self) -> impl ExactSizeIterator<Item = GroupRecord<'_>> {
        (0..self.slots.len()).map(|place| self.record(place))
    }

    /// Returns its refusals.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// Returns when the group was recorded.
    pub fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }

    /// Returns the head that seals it.
    pub fn head(&self) -> SignedHead {
        self.head
    }
}

/// Splits what stands in the journal for a record into its salt and its bytes; `None` when it is too short.
pub fn split_salted(salted: &[u8]) -> Option<(Salt, &[u8])> {
    let (salt, record) = salted.split_first_chunk::<SALT_BYTES>()?;
    Some((Salt(*salt), record))
}
