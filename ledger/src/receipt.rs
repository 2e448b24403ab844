//! What a citizen keeps: proof that the ledger holds an entry, or a line, checked without trusting anybody.
//!
//! A receipt is an opening of the leaf, its inclusion proof, and a checkpoint signed by the log; as a file it is a
//! C2SP `.tlog-proof` whose `extra` line holds the opening. *Paid* means that [`Receipt::verify`] succeeds.

use crate::books::Line;
use crate::entry::VerifiedEntry;
use crate::entry::cbor::{CborError, Reader, Writer};
use crate::entry::signed::EnvelopeError;
use crate::id::LedgerId;
use crate::keys::PublicKey;
use crate::limits::LINES_MAX;
use crate::log::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::log::hash::{Hash, leaf_hash};
use crate::log::key::{KeyError, KeyKind, KeyName, VerifierKey};
use crate::log::note::{Note, NoteError};
use crate::log::proof::{ProofError, root_from_inclusion, verify_inclusion};
use crate::log::proof_file::{ProofFile, ProofFileError};
use crate::record::{Commitment, LedgerLine, Record, Salt, record_hash};
use crate::time::Timestamp;
use std::fmt;
use std::sync::Arc;

/// Most hashes on the way from a line to the root over a record's lines.
const LINE_PATH_HASHES_MAX: usize = LINES_MAX.ilog2() as usize;

/// Which part of a leaf a receipt lets its holder see.
#[derive(Clone, PartialEq, Eq)]
pub enum Opening {
    /// The record without its lines: for those who signed it.
    Signer {
        /// The salt of the record's hash.
        record_salt: [u8; 32],
        /// The record's canonical bytes.
        record: Vec<u8>,
        /// The root over its lines, which stay hidden.
        view_root: Hash,
    },
    /// One line without the record: for the line's account.
    Line {
        /// The salt of the line's hash.
        line_salt: [u8; 32],
        /// The line.
        line: LedgerLine,
        /// Its number in the record, from 0.
        number: u16,
        /// How many lines the record has, as far as the path depends on it: up to the next power of two, nothing
        /// proves it.
        count: u16,
        /// The way to the root over the lines, the line's sibling first.
        path: Vec<Hash>,
        /// The salted hash of the record, which stays hidden.
        record_hash: Hash,
    },
    /// Everything: for auditors, who know the lines by replaying the books.
    Auditor {
        /// The salt of all.
        salt: Salt,
        /// The record's canonical bytes.
        record: Vec<u8>,
    },
}

/// A leaf's place, what it says, and the checkpoint that covers it. Nothing is known to be true before `verify`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Index of the record.
    pub index: u64,
    /// What the leaf says.
    pub opening: Opening,
    /// The way from the leaf to the log's root, the leaf's sibling first.
    pub proof: Vec<Hash>,
    /// The log's checkpoint, with the lines of its witnesses as they come.
    pub checkpoint: Arc<Note>,
}

/// Which log a receipt must come from: the ledger, and the keys that may sign for it.
#[derive(Clone, Debug)]
pub struct LogIdentity {
    ledger: LedgerId,
    keys: Vec<VerifierKey>,
}

/// What a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Index of the record.
    pub index: u64,
    /// When the node recorded it.
    pub recorded_at: Timestamp,
    /// What is proven to stand there.
    pub content: ProvenContent,
    /// The checkpoint, whose log signature holds.
    pub checkpoint: SignedCheckpoint,
}

/// What stands in the ledger at an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvenContent {
    /// An entry, all of whose signatures hold.
    Entry(Box<VerifiedEntry>),
    /// A line of an account.
    Line(LedgerLine),
}

/// Which step of checking a receipt failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The file is not a proof file.
    #[error("the receipt cannot be read: {0}")]
    File(#[from] ProofFileError),
    /// The file shows that a leaf exists, but not what it says.
    #[error(
        "the receipt has no `extra` line, so it does not say what was recorded: ask the node for a complete one"
    )]
    NoOpening,
    /// The opening is not in its canonical form.
    #[error("the receipt's opening cannot be read: {0}")]
    Opening(CborError),
    /// The opening speaks of another place than the proof.
    #[error("the receipt is for index {proof}, but what it opens says index {opening}: it was changed")]
    IndexDiffers {
        /// The index in the proof.
        proof: u64,
        /// The index in the record or line.
        opening: u64,
    },
    /// A line does not lead to any root over the record's lines.
    #[error("the line is not line {number} of {count}: {fault}")]
    LineNotInRecord {
        /// The line's number.
        number: u16,
        /// How many lines there are said to be.
        count: u16,
        /// What is wrong with the path.
        fault: ProofError,
    },
    /// The leaf is not in the log at this place.
    #[error("what the receipt says is not in the log at this place: {0}")]
    NotIncluded(ProofError),
    /// The checkpoint is not the log's.
    #[error("the checkpoint of the receipt is not this log's: {0}")]
    Checkpoint(CheckpointError),
    /// A signature inside the record does not hold.
    #[error("the record holds an entry that its signers did not sign: {0}")]
    Entry(#[from] EnvelopeError),
    /// An auditor's opening can only be checked with the lines that the books derive.
    #[error("an auditor's receipt is checked with the lines of record {index}: replay the ledger up to it")]
    LinesNeeded {
        /// Index of the record.
        index: u64,
    },
}

/// A step of checking a receipt; they are taken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The file is a receipt.
    File,
    /// What it opens can be read.
    Opening,
    /// Of one line: it stands in the record.
    Line,
    /// Opening and proof name one index.
    Index,
    /// The log signed the checkpoint.
    Seal,
    /// What is opened stands at its place in the log.
    Inclusion,
    /// Of a whole entry: its signers signed it, for this ledger.
    Signatures,
    /// The lines of witnesses on the checkpoint are theirs.
    Witnesses,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 8] = [
        Self::File,
        Self::Opening,
        Self::Line,
        Self::Index,
        Self::Seal,
        Self::Inclusion,
        Self::Signatures,
        Self::Witnesses,
    ];

    /// Returns the word that sentences and programs know it by.
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Opening => "opening",
            Self::Line => "line",
            Self::Index => "index",
            Self::Seal => "seal",
            Self::Inclusion => "inclusion",
            Self::Signatures => "signatures",
            Self::Witnesses => "witnesses",
        }
    }

    /// Returns whether a receipt is checked by this step: a line has its place in the record, a whole entry its signatures.
    pub fn is_of(self, opening: &Opening) -> bool {
        let other = if matches!(opening, Opening::Line { .. }) { Self::Signatures } else { Self::Line };
        self != other
    }
}

impl ReceiptError {
    /// Returns the step that failed.
    pub fn step(&self) -> Step {
        match self {
            Self::Opening(CborError::Unknown { .. }) | Self::LinesNeeded { .. } => Step::Opening,
            Self::File(_) | Self::NoOpening | Self::Opening(_) => Step::File,
            Self::IndexDiffers { .. } => Step::Index,
            Self::LineNotInRecord { .. } => Step::Line,
            Self::NotIncluded(_) => Step::Inclusion,
            Self::Checkpoint(_) => Step::Seal,
            Self::Entry(_) => Step::Signatures,
        }
    }

    /// Returns the stable code of this failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Opening(CborError::Unknown { .. }) => "update_needed",
            Self::File(_) | Self::NoOpening | Self::Opening(_) => "malformed_receipt",
            Self::IndexDiffers { .. } => "receipt_index_differs",
            Self::LineNotInRecord { .. } => "receipt_line_not_in_record",
            Self::NotIncluded(_) => "receipt_not_in_log",
            Self::Checkpoint(_) => "receipt_other_log",
            Self::Entry(_) => "receipt_bad_signature",
            Self::LinesNeeded { .. } => "receipt_lines_needed",
        }
    }
}

impl LogIdentity {
    /// Returns the identity of the log of `ledger` at `origin`, which any of `keys` may sign for.
    ///
    /// # Errors
    /// When the origin cannot name a key.
    pub fn new(ledger: LedgerId, origin: &str, keys: &[PublicKey]) -> Result<Self, KeyError> {
        let name = KeyName::new(origin)?;
        let keys = keys
            .iter()
            .map(|key| VerifierKey::new(name.clone(), KeyKind::Note, key.as_bytes()))
            .collect::<Result<_, _>>()?;
        Ok(Self { ledger, keys })
    }

    /// Returns the identity of the log of `ledger` whose keys are already verifier keys.
    pub fn of_keys(ledger: LedgerId, keys: Vec<VerifierKey>) -> Self {
        Self { ledger, keys }
    }

    /// Returns the ledger.
    pub fn ledger(&self) -> &LedgerId {
        &self.ledger
    }

    /// Returns the keys.
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    /// Takes `note` as a checkpoint of this log and verifies its signature.
    ///
    /// # Errors
    /// When none of the keys has signed it, or one of them with a signature that does not hold.
    pub fn open(&self, note: &Note) -> Result<SignedCheckpoint, CheckpointError> {
        let mut refused = CheckpointError::Note(NoteError::NoKnownKey);
        for key in &self.keys {
            match SignedCheckpoint::from_note(note.clone(), key) {
                Err(CheckpointError::Note(NoteError::NoKnownKey)) => {}
                Err(error) => refused = error,
                opened => return opened,
            }
        }
        Err(refused)
    }
}

impl Receipt {
    /// Reads a receipt file. Nothing is verified yet.
    ///
    /// # Errors
    /// `File`, `NoOpening` or `Opening`, naming what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let ProofFile { extra, index, proof, checkpoint } = ProofFile::parse(bytes)?;
        let extra = extra.ok_or(ReceiptError::NoOpening)?;
        let opening = Opening::decode(&extra).map_err(ReceiptError::Opening)?;
        Ok(Self { index, opening, proof, checkpoint: Arc::new(checkpoint) })
    }

    /// Returns the content of the receipt's `.tlog-proof` file.
    pub fn to_file(&self) -> ProofFile {
        ProofFile {
            extra: Some(self.opening.encode()),
            index: self.index,
            proof: self.proof.clone(),
            checkpoint: self.checkpoint.as_ref().clone(),
        }
    }

    /// Verifies opening, inclusion, log signature and the signatures in the record, in this order.
    ///
    /// # Errors
    /// Says which step failed. An auditor's opening needs [`verify_with_lines`](Self::verify_with_lines).
    pub fn verify(&self, log: &LogIdentity) -> Result<Proven, ReceiptError> {
        self.verify_commitment(log, |record| {
            let index = record.map_or(self.index, |record| record.index);
            Err(ReceiptError::LinesNeeded { index })
        })
    }

    /// Verifies an auditor's receipt against the lines that the books derive for its record.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_with_lines(&self, log: &LogIdentity, lines: &[Line]) -> Result<Proven, ReceiptError> {
        self.verify_commitment(log, |_| Ok(lines))
    }

    fn verify_commitment<'l>(
        &self,
        log: &LogIdentity,
        lines: impl FnOnce(Option<&Record>) -> Result<&'l [Line], ReceiptError>,
    ) -> Result<Proven, ReceiptError> {
        let decode = |record: &[u8]| Record::decode(record).map_err(ReceiptError::Opening);
        let (commitment, record, line) = match &self.opening {
            Opening::Signer { record_salt, record, view_root } => {
                let hash = record_hash(record_salt, record);
                let commitment = Commitment { record_hash: hash, view_root: *view_root };
                (commitment, Some(decode(record)?), None)
            }
            Opening::Line { line_salt, line, number, count, path, record_hash } => {
                let view = leaf_hash(&line.view(line_salt).0);
                let view_root =
                    root_from_inclusion(&view, u64::from(*number), path, u64::from(*count)).map_err(
                        |fault| ReceiptError::LineNotInRecord { number: *number, count: *count, fault },
                    )?;
                (Commitment { record_hash: *record_hash, view_root }, None, Some(*line))
            }
            Opening::Auditor { salt, record } => {
                let decoded = decode(record)?;
                let (index, recorded_at) = (decoded.index, decoded.recorded_at);
                let kind = decoded.signed.entry().body.kind();
                let lines: Vec<LedgerLine> = lines(Some(&decoded))?
                    .iter()
                    .map(|line| LedgerLine { index, recorded_at, kind, line: *line })
                    .collect();
                (Commitment::of(salt, record, &lines), Some(decoded), None)
            }
        };
        let opened = record.as_ref().map(|record| record.index).or(line.map(|line| line.index));
        let opening = opened.expect("an opening shows a record or a line");
        if opening != self.index {
            return Err(ReceiptError::IndexDiffers { proof: self.index, opening });
        }
        let checkpoint = log.open(&self.checkpoint).map_err(ReceiptError::Checkpoint)?;
        let head = checkpoint.checkpoint().head();
        verify_inclusion(&commitment.leaf_hash(), self.index, &self.proof, &head)
            .map_err(ReceiptError::NotIncluded)?;
        let (recorded_at, content) = match (record, line) {
            (Some(record), _) => {
                let entry = record.signed.verify_any_key(&log.ledger)?;
                (record.recorded_at, ProvenContent::Entry(Box::new(entry)))
            }
            (None, Some(line)) => (line.recorded_at, ProvenContent::Line(line)),
            (None, None) => unreachable!("an opening shows a record or a line"),
        };
        Ok(Proven { index: self.index, recorded_at, content, checkpoint })
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_file().fmt(f)
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Salts and records stay out of log files.
        f.write_str(match self {
            Self::Signer { .. } => "Signer",
            Self::Line { .. } => "Line",
            Self::Auditor { .. } => "Auditor",
        })
    }
}

impl Opening {
    /// Returns the canonical bytes: `[1, salt_r, record, V]`, `[2, salt_i, line, i, n, path, A]` or
    /// `[3, salt, record]`; record and line stand in it as arrays.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Signer { record_salt, record, view_root } => {
                let mut w = Writer::with_capacity(record.len() + 72);
                w.array(4).uint(1).bytes(record_salt).encoded(record).bytes(&view_root.0);
                w.finish()
            }
            Self::Line { line_salt, line, number, count, path, record_hash } => {
                let mut w = Writer::with_capacity(path.len() * 34 + 200);
                w.array(7).uint(2).bytes(line_salt).encoded(&line.encode());
                w.uint((*number).into()).uint((*count).into());
                w.list(path, |w, hash| {
                    w.bytes(&hash.0);
                });
                w.bytes(&record_hash.0);
                w.finish()
            }
            Self::Auditor { salt, record } => {
                let mut w = Writer::with_capacity(record.len() + 40);
                w.array(3).uint(3).bytes(&salt.0).encoded(record);
                w.finish()
            }
        }
    }

    /// Reads the canonical bytes of an opening.
    ///
    /// # Errors
    /// Names the first field that is not as the specification says.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        let length = match bytes.first() {
            Some(0x83) => 3,
            Some(0x84) => 4,
            _ => 7,
        };
        let r = &mut Reader::new(bytes);
        r.array("opening", length)?;
        let opening = match (r.uint("opening")?, length) {
            (1, 4) => Self::Signer {
                record_salt: r.fixed("salt")?,
                record: r.item("record")?.to_vec(),
                view_root: Hash(r.fixed("view root")?),
            },
            (2, 7) => Self::Line {
                line_salt: r.fixed("salt")?,
                line: LedgerLine::decode(r.item("line")?)?,
                number: read_line_number(r, "line number")?,
                count: read_line_number(r, "line count")?,
                path: r.list("path", 0..=LINE_PATH_HASHES_MAX, |r| r.fixed("path").map(Hash))?,
                record_hash: Hash(r.fixed("record hash")?),
            },
            (3, 3) => Self::Auditor { salt: Salt(r.fixed("salt")?), record: r.item("record")?.to_vec() },
            (value, _) => return Err(CborError::Unknown { field: "opening", value }),
        };
        r.end("opening")?;
        if opening.encode() == bytes {
            Ok(opening)
        } else {
            Err(CborError::NotCanonical { field: "opening" })
        }
    }
}

fn read_line_number(r: &mut Reader<'_>, field: &'static str) -> Result<u16, CborError> {
    let number = r.uint(field)?;
    u16::try_from(number)
        .ok()
        .filter(|number| usize::from(*number) <= LINES_MAX)
        .ok_or_else(|| CborError::out_of_range(field, number, format!("at most {LINES_MAX}")))
}
