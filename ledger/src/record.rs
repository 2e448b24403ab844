//! What is recorded for each entry: the record itself, the lines it posted, and the commitment in the public log.
//!
//! Every byte that is hashed here is specified in protocol section 5: a salt hides the record, so that the leaf
//! `0x01 ‖ C` tells the public nothing; a signer opens the record, each account its own line, an auditor the whole.

use crate::books::{Line, Reference};
use crate::entry::cbor::{CborError, Reader, Writer};
use crate::entry::{Kind, SignedEntry};
use crate::id::{AccountId, Digest, RequestId, TaskId};
use crate::limits::LINES_MAX;
use crate::log::hash::{Hash, leaf_hash, tree_head_of_hashes};
use crate::log::small_tree::SmallTree;
use crate::time::Timestamp;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// First byte of every leaf: the only kind of leaf there is.
const LEAF_TYPE: u8 = 0x01;

/// The random bytes that hide one record; whoever has them can open everything about it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

/// Where salts come from: the operating system in a node, a seed in a simulation.
pub trait SaltSource: Send {
    /// Returns 32 bytes that nobody can guess.
    fn salt(&mut self) -> [u8; 32];
}

/// One accepted entry with its place in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place: 0 for the founding entry.
    pub index: u64,
    /// When the node recorded it.
    pub recorded_at: Timestamp,
    /// The entry as its signers sent it.
    pub signed: SignedEntry,
}

/// One line of a record, as its account sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    /// Index of the record.
    pub index: u64,
    /// When the node recorded it.
    pub recorded_at: Timestamp,
    /// What the entry did.
    pub kind: Kind,
    /// Account, amounts, place among the account's lines, and what it refers to.
    pub line: Line,
}

/// What the public log commits to for one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// `A`: the salted hash of the record.
    pub record_hash: Hash,
    /// `V`: the root over the salted hashes of its lines.
    pub view_root: Hash,
}

impl Salt {
    /// Returns the salt of the record's own hash: what a signer is given.
    pub fn of_record(&self) -> [u8; 32] {
        Sha256::new().chain_update(b"klaver/record-salt/v1\n").chain_update(self.0).finalize().into()
    }

    /// Returns the salt of line `number`: what that line's account is given.
    pub fn of_line(&self, number: u16) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"klaver/line-salt/v1\n")
            .chain_update(self.0)
            .chain_update(number.to_be_bytes())
            .finalize()
            .into()
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A salt in a log file would open a record to whoever reads the file.
        f.write_str("Salt")
    }
}

impl Record {
    /// Returns the canonical bytes: `[index, recorded_at, envelope]`.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(self.signed.payload().len() + 160);
        write_record(&mut w, self.index, self.recorded_at, &self.signed);
        w.finish()
    }

    /// Reads the canonical bytes of a record.
    ///
    /// # Errors
    /// Names the first field that is not as the specification says.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        let r = &mut Reader::new(bytes);
        r.array("record", 3)?;
        let index = r.uint("index")?;
        let recorded_at = read_timestamp(r)?;
        let envelope_at = r.position();
        let mut head = Writer::with_capacity(20);
        head.array(3).uint(index).uint(recorded_at.millis());
        if head.finish() != bytes[..envelope_at] {
            return Err(CborError::NotCanonical { field: "record" });
        }
        let signed = SignedEntry::decode(&bytes[envelope_at..])?;
        Ok(Self { index, recorded_at, signed })
    }
}

/// Writes the canonical bytes of a record whose parts are at hand.
pub(crate) fn write_record(w: &mut Writer, index: u64, recorded_at: Timestamp, signed: &SignedEntry) {
    w.array(3).uint(index).uint(recorded_at.millis());
    signed.write(w);
}

fn read_timestamp(r: &mut Reader<'_>) -> Result<Timestamp, CborError> {
    let millis = r.uint("recorded_at")?;
    Timestamp::from_millis(millis)
        .ok_or_else(|| CborError::out_of_range("recorded_at", millis, "milliseconds up to 2^53 - 1"))
}

impl LedgerLine {
    /// Returns the canonical bytes: `[index, recorded_at, kind, account, seq, debit, credit, ref]`.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(112);
        self.write(&mut w);
        w.finish()
    }

    fn write(&self, w: &mut Writer) {
        let Line { account, seq, debit, credit, reference } = &self.line;
        w.array(8).uint(self.index).uint(self.recorded_at.millis()).uint(self.kind.number());
        w.bytes(&account.0)
            .uint(*seq)
            .uint(*debit)
            .uint(*credit)
            .optional(*reference, |w, reference| reference.write(w));
    }

    /// Reads the canonical bytes of a line.
    ///
    /// # Errors
    /// Names the first field that is not as the specification says.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        let r = &mut Reader::new(bytes);
        r.array("line", 8)?;
        let index = r.uint("index")?;
        let recorded_at = read_timestamp(r)?;
        let number = r.uint("kind")?;
        let kind = Kind::from_number(number).ok_or(CborError::Unknown { field: "kind", value: number })?;
        let line = Line {
            account: AccountId(r.fixed("account")?),
            seq: r.uint("seq")?,
            debit: r.uint("debit")?,
            credit: r.uint("credit")?,
            reference: r.optional(read_reference)?,
        };
        r.end("line")?;
        let read = Self { index, recorded_at, kind, line };
        if read.encode() == bytes { Ok(read) } else { Err(CborError::NotCanonical { field: "line" }) }
    }

    /// Returns the salted hash that the line's account can open: `view_i`.
    pub fn view(&self, line_salt: &[u8; 32]) -> Hash {
        view_hash(line_salt, &self.encode())
    }
}

fn read_reference(r: &mut Reader<'_>) -> Result<Reference, CborError> {
    let item = r.item("ref")?;
    let length = if item.first() == Some(&0x83) { 3 } else { 2 };
    let r = &mut Reader::new(item);
    r.array("ref", length)?;
    Ok(match (r.uint("ref")?, length) {
        (0, 2) => Reference::Request(RequestId(r.fixed("ref")?)),
        (1, 2) => Reference::Task(TaskId(r.fixed("ref")?)),
        (2, 3) => Reference::Line { index: r.uint("ref")?, line: r.uint("ref")? },
        (3, 2) => Reference::State(Digest(r.fixed("ref")?)),
        (value, _) => return Err(CborError::Unknown { field: "ref", value }),
    })
}

impl Commitment {
    /// Returns the commitment to `record`, canonical bytes, and the lines it posted, under `salt`.
    pub fn of(salt: &Salt, record: &[u8], lines: &[LedgerLine]) -> Self {
        Committer::default().commit(salt, &salt.of_record(), record, lines.iter().copied())
    }

    /// Returns `C`, the hash that the leaf carries.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"klaver/commit/v1\n")
            .chain_update(self.record_hash.0)
            .chain_update(self.view_root.0)
            .finalize()
            .into()
    }

    /// Returns the leaf of the public log: `0x01 ‖ C`.
    pub fn leaf(&self) -> [u8; 33] {
        leaf_of(&self.hash())
    }

    /// Returns the hash of that leaf in the tree.
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash_of(&self.hash())
    }

    /// Returns `C` and the hash of the leaf that carries it.
    pub fn hash_and_leaf(&self) -> ([u8; 32], Hash) {
        let hash = self.hash();
        (hash, leaf_hash_of(&hash))
    }
}

/// Returns the leaf that carries the commitment `C`: `0x01 ‖ C`.
pub fn leaf_of(commitment: &[u8; 32]) -> [u8; 33] {
    let mut leaf = [LEAF_TYPE; 33];
    leaf[1..].copy_from_slice(commitment);
    leaf
}

/// Returns the hash of the leaf that carries the commitment `C`.
pub fn leaf_hash_of(commitment: &[u8; 32]) -> Hash {
    leaf_hash(&leaf_of(commitment))
}

/// Returns `A`: what a record's bytes hash to under its record salt.
pub fn record_hash(record_salt: &[u8; 32], record: &[u8]) -> Hash {
    Hash(
        Sha256::new()
            .chain_update(b"klaver/record/v1\n")
            .chain_update(record_salt)
            .chain_update(record)
            .finalize()
            .into(),
    )
}

fn view_hash(line_salt: &[u8; 32], line: &[u8]) -> Hash {
    Hash(
        Sha256::new()
            .chain_update(b"klaver/line/v1\n")
            .chain_update(line_salt)
            .chain_update(line)
            .finalize()
            .into(),
    )
}

/// Returns the tree whose root is `V`, with a path for every line.
pub fn view_tree(salt: &Salt, lines: &[LedgerLine]) -> SmallTree {
    SmallTree::new((0u16..).zip(lines).map(|(number, line)| line.view(&salt.of_line(number)).0))
}

/// Makes commitments one after the other with one buffer: a node spends most of its hashing here.
#[derive(Default)]
pub struct Committer {
    buffer: Vec<u8>,
}

impl Committer {
    /// Returns the commitment to `record` and `lines`; `record_salt` is [`Salt::of_record`] of `salt`.
    pub fn commit(
        &mut self,
        salt: &Salt,
        record_salt: &[u8; 32],
        record: &[u8],
        lines: impl IntoIterator<Item = LedgerLine>,
    ) -> Commitment {
        let views = (0u16..).zip(lines).map(|(number, line)| {
            assert!(usize::from(number) < LINES_MAX, "an entry posts at most {LINES_MAX} lines");
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            let mut w = Writer::after(buffer);
            line.write(&mut w);
            self.buffer = w.finish();
            leaf_hash(&view_hash(&salt.of_line(number), &self.buffer).0)
        });
        let view_root = tree_head_of_hashes(views);
        Commitment { record_hash: record_hash(record_salt, record), view_root }
    }
}
