//! The `.tlog-proof` file: a leaf's index, its inclusion proof, and the checkpoint it leads to (C2SP `tlog-proof`).

use std::fmt;

use data_encoding::BASE64;

use super::checkpoint::{CheckpointError, SignedCheckpoint};
use super::hash::Hash;
use super::key::VerifierKey;
use super::note::{NOTE_BYTES_MAX, Note, NoteError};
use super::proof::{ProofError, verify_inclusion};
use super::text::{excerpt, parse_base64, parse_decimal};

/// The first line of a proof file.
pub const PROOF_FILE_HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The largest proof file that is read, in bytes.
pub const PROOF_FILE_BYTES_MAX: usize = 1024 * 1024;
/// The most hashes an inclusion proof can have: one per level of a tree of 2^64 leaves.
pub const PROOF_HASHES_MAX: usize = 64;

/// Why a proof file cannot be read or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// The file is too large.
    #[error("the proof file has {found} bytes, the limit is {PROOF_FILE_BYTES_MAX}")]
    TooLarge {
        /// Its bytes.
        found: usize,
    },
    /// The part before the checkpoint is not UTF-8, or is not followed by an empty line and a checkpoint.
    #[error("the proof file ends before its checkpoint, or is not UTF-8 text")]
    CutOff,
    /// The first line names another format.
    #[error("the first line is `{found}`, expected `{PROOF_FILE_HEADER}`")]
    Header {
        /// The line, shortened.
        found: String,
    },
    /// A line is not what the format has in its place.
    #[error("line {line} is `{found}`, expected {expected}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// The line, shortened.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The proof has more hashes than any tree has levels.
    #[error("the proof has more than {PROOF_HASHES_MAX} hashes")]
    TooManyHashes,
    /// The note at the end is malformed.
    #[error("the checkpoint in the proof file is malformed: {0}")]
    Note(#[from] NoteError),
    /// The checkpoint is not one of the expected log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The leaf is not in the tree of the checkpoint.
    #[error("the leaf is not in the log at this place: {0}")]
    Proof(#[from] ProofError),
}

/// The content of a `.tlog-proof` file, well formed but not yet verified.
///
/// What [`ProofFile::parse`] accepts prints the same bytes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// Bytes whose meaning the application knows. Nothing signs them: check what they say against the leaf.
    pub extra: Option<Vec<u8>>,
    /// Index of the leaf.
    pub index: u64,
    /// Inclusion proof, the leaf's sibling first.
    pub proof: Vec<Hash>,
    /// The log's checkpoint, with the lines of its witnesses.
    pub checkpoint: Note,
}

impl ProofFile {
    /// Reads a proof file.
    ///
    /// # Errors
    /// [`ProofFileError`] for the first line that is wrong. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<ProofFile, ProofFileError> {
        if bytes.len() > PROOF_FILE_BYTES_MAX {
            return Err(ProofFileError::TooLarge { found: bytes.len() });
        }
        let text = str::from_utf8(bytes).map_err(|_| ProofFileError::CutOff)?;
        let (head, note) = text.split_once("\n\n").ok_or(ProofFileError::CutOff)?;
        let mut lines = (1..).zip(head.split('\n')).peekable();

        let header = lines.next().map_or("", |(_, line)| line);
        if header != PROOF_FILE_HEADER {
            return Err(ProofFileError::Header { found: excerpt(header) });
        }
        let extra = match lines.next_if(|(_, line)| line.starts_with("extra ")) {
            None => None,
            Some((number, line)) => {
                let bytes = line.strip_prefix("extra ").and_then(parse_base64);
                Some(bytes.ok_or_else(|| wrong_line(number, line, "`extra` and standard base64"))?)
            }
        };
        let (number, line) = lines.next().ok_or(ProofFileError::CutOff)?;
        let index = line
            .strip_prefix("index ")
            .and_then(parse_decimal)
            .ok_or_else(|| wrong_line(number, line, "`index` and a decimal number below 2^64"))?;
        let mut proof = Vec::new();
        for (number, line) in lines {
            if proof.len() == PROOF_HASHES_MAX {
                return Err(ProofFileError::TooManyHashes);
            }
            let hash = Hash::from_base64(line);
            proof
                .push(hash.ok_or_else(|| wrong_line(number, line, "the standard base64 of a 32-byte hash"))?);
        }
        Ok(ProofFile { extra, index, proof, checkpoint: Note::parse(note.as_bytes())? })
    }

    /// Checks that the log with key `log` has the leaf with hash `leaf` at this index, and returns its checkpoint.
    ///
    /// # Errors
    /// [`ProofFileError::Checkpoint`] if the log did not sign, [`ProofFileError::Proof`] if the leaf is not there.
    pub fn verify(&self, leaf: &Hash, log: &VerifierKey) -> Result<SignedCheckpoint, ProofFileError> {
        let signed = SignedCheckpoint::from_note(self.checkpoint.clone(), log)?;
        verify_inclusion(leaf, self.index, &self.proof, &signed.checkpoint().head())?;
        Ok(signed)
    }
}

fn wrong_line(line: usize, found: &str, expected: &'static str) -> ProofFileError {
    ProofFileError::Line { line, found: excerpt(found), expected }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{PROOF_FILE_HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

// A file must have room for its checkpoint whatever else it holds.
const _: () = assert!(NOTE_BYTES_MAX + PROOF_HASHES_MAX * 45 < PROOF_FILE_BYTES_MAX);
