//! What a witness decides: whether a checkpoint continues the last one it signed (C2SP `tlog-witness`).
//!
//! Bytes and states only. Whoever uses it keeps the newest head of each log durable, and saves the new one **before**
//! a cosignature leaves: [`judge`] says what may be signed, never that it is safe to send.

use std::fmt;

use sha2::{Digest, Sha256};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::hash::{Hash, empty_root};
use super::key::{KeyName, VerifierKey};
use super::note::{NOTE_BYTES_MAX, Note, NoteError, NoteSignature};
use super::proof::{ProofError, TreeHead, verify_consistency};
use super::text::{excerpt, parse_decimal};

/// The most hashes of a consistency proof in a request (`tlog-witness`).
pub const WITNESS_PROOF_HASHES_MAX: usize = 63;
/// The largest request, in bytes: its first line, a whole proof, an empty line, the largest note.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = 64 + WITNESS_PROOF_HASHES_MAX * 45 + 1 + NOTE_BYTES_MAX;
/// The media type of the size in the answer to a request from another size.
pub const TREE_SIZE_MEDIA: &str = "text/x.tlog.size";

/// A request to cosign: the size that the log thinks the witness has seen, a proof from there on, the checkpoint.
///
/// What [`AddCheckpoint::parse`] accepts prints the same bytes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the checkpoint that the witness is thought to have cosigned last; 0 for none.
    pub old: u64,
    /// The proof that the checkpoint continues that size.
    pub proof: Vec<Hash>,
    /// The checkpoint with the log's signature, not yet verified.
    pub note: Note,
}

/// Why a witness does not sign. Each has its status; the sentence may be the body of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// 400: the first line is none of `old SIZE`.
    #[error("`{line}` is not `old SIZE`: send the size last cosigned, 0 at first")]
    Old {
        /// The line, shortened.
        line: String,
    },
    /// 400: a line of the proof is not a hash.
    #[error("`{line}` is not a hash of the proof: send the standard base64 of 32 bytes")]
    ProofLine {
        /// The line, shortened.
        line: String,
    },
    /// 400: the proof is longer than any can be.
    #[error("the proof has more than {WITNESS_PROOF_HASHES_MAX} hashes")]
    TooManyHashes,
    /// 413: the request is larger than any can be, and its form is not at fault as far as it was read.
    #[error("the request has more than {ADD_CHECKPOINT_BYTES_MAX} bytes")]
    TooLarge,
    /// 400: there is no empty line behind the proof, or the request is no text.
    #[error(
        "the request ends before its checkpoint: send `old SIZE`, the proof, an empty line, the checkpoint"
    )]
    CutOff,
    /// 400: the note cannot be read.
    #[error("the checkpoint cannot be read: {0}")]
    Note(#[source] NoteError),
    /// 400: the text of the note is not a checkpoint.
    #[error("this is no checkpoint: {0}")]
    Checkpoint(#[source] CheckpointError),
    /// 400: a proof cannot lead back.
    #[error("the old size {old} is above {new}, the size of the checkpoint: a log never shrinks")]
    OldAboveNew {
        /// The size named as old.
        old: u64,
        /// The size of the checkpoint.
        new: u64,
    },
    /// 404: the witness does not watch this log.
    #[error("this witness does not watch the log {origin}: ask whoever runs it to")]
    UnknownOrigin {
        /// The log, shortened. `tlog-checkpoint` lets it have any name, also one that no key of ours can have.
        origin: String,
    },
    /// 403: no trusted key of the log has signed, or one with a signature that does not hold.
    #[error("the log {origin} has not signed this: {why}")]
    NotSigned {
        /// The log.
        origin: KeyName,
        /// What is wrong with the signatures.
        why: NoteError,
    },
    /// 409: the witness has last cosigned another size, which is the body of the answer.
    #[error("the newest size cosigned is {latest}: send a proof from there")]
    OtherSize {
        /// That size.
        latest: u64,
    },
    /// 422: the checkpoint does not continue what was cosigned before. With equal sizes and a good signature this
    /// is a log that signed two histories.
    #[error("the checkpoint of {new} does not continue the one of {old} cosigned before: {why}")]
    NotContinued {
        /// The size cosigned last.
        old: u64,
        /// The size of the checkpoint.
        new: u64,
        /// What the proof does instead.
        why: ProofError,
    },
}

impl WitnessRefusal {
    /// Refuses a log that is not watched.
    pub fn unknown(origin: &str) -> Self {
        Self::UnknownOrigin { origin: excerpt(origin) }
    }

    /// Returns the HTTP status that the specification names; it says nothing of a request that is too large.
    pub fn status(&self) -> u16 {
        match self {
            Self::Old { .. }
            | Self::ProofLine { .. }
            | Self::TooManyHashes
            | Self::CutOff
            | Self::Note(_)
            | Self::Checkpoint(_)
            | Self::OldAboveNew { .. } => 400,
            Self::NotSigned { .. } => 403,
            Self::UnknownOrigin { .. } => 404,
            Self::OtherSize { .. } => 409,
            Self::TooLarge => 413,
            Self::NotContinued { .. } => 422,
        }
    }
}

impl AddCheckpoint {
    /// Reads a request.
    ///
    /// # Errors
    /// The refusals of status 400 that concern the form of the request.
    pub fn parse(bytes: &[u8]) -> Result<Self, WitnessRefusal> {
        let text = str::from_utf8(bytes).map_err(|_| WitnessRefusal::CutOff)?;
        let (head, note) = text.split_once("\n\n").ok_or(WitnessRefusal::CutOff)?;
        let (old, proof) = read_head(head.split('\n'))?;
        let note = Note::parse(note.as_bytes()).map_err(WitnessRefusal::Note)?;
        Ok(Self { old, proof, note })
    }

    /// Says why a request that is larger than any can be is refused, by its first bytes.
    pub fn refuse_large(beginning: &[u8]) -> WitnessRefusal {
        // A character may be cut in two where the beginning ends.
        let text = String::from_utf8_lossy(beginning);
        let head = text.split_once("\n\n").map_or(&*text, |(head, _)| head);
        let whole = if head.len() == text.len() {
            head.rsplit_once('\n').map_or(head, |(whole, _)| whole)
        } else {
            head
        };
        read_head(whole.split('\n')).err().unwrap_or(WitnessRefusal::TooLarge)
    }
}

/// Reads the lines before the empty one: the old size, and the proof.
fn read_head<'a>(mut lines: impl Iterator<Item = &'a str>) -> Result<(u64, Vec<Hash>), WitnessRefusal> {
    let first = lines.next().unwrap_or_default();
    let old = first.strip_prefix("old ").and_then(parse_decimal);
    let old = old.ok_or_else(|| WitnessRefusal::Old { line: excerpt(first) })?;
    let mut proof = Vec::new();
    for line in lines {
        if proof.len() == WITNESS_PROOF_HASHES_MAX {
            return Err(WitnessRefusal::TooManyHashes);
        }
        let hash = Hash::from_base64(line);
        proof.push(hash.ok_or_else(|| WitnessRefusal::ProofLine { line: excerpt(line) })?);
    }
    Ok((old, proof))
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.note)
    }
}

/// Reads the checkpoint in a note, before anything is verified.
///
/// # Errors
/// [`WitnessRefusal::Checkpoint`] when there is none; `UnknownOrigin` for a log with a name that no key can have.
pub fn claimed(note: &Note) -> Result<Checkpoint, WitnessRefusal> {
    Checkpoint::parse(note.text()).map_err(|error| match error {
        CheckpointError::Origin(_) => WitnessRefusal::unknown(note.text().lines().next().unwrap_or_default()),
        error => WitnessRefusal::Checkpoint(error),
    })
}

/// Decides whether a witness that trusts `keys` and has last cosigned `latest` may cosign what is asked.
///
/// `keys` are those of the log that the checkpoint names: none for a log that is not watched. Keep `latest` from being
/// changed by another request until the new head is saved, or two requests could take the record back.
///
/// # Errors
/// Why it must not, in the order of the specification.
pub fn judge(
    request: &AddCheckpoint,
    keys: &[VerifierKey],
    latest: Option<&TreeHead>,
) -> Result<Checkpoint, WitnessRefusal> {
    let checkpoint = claimed(&request.note)?;
    let origin = checkpoint.origin.clone();
    let own: Vec<VerifierKey> = keys.iter().filter(|key| *key.name() == origin).cloned().collect();
    if own.is_empty() {
        return Err(WitnessRefusal::unknown(origin.as_str()));
    }
    request.note.verify(&own).map_err(|why| WitnessRefusal::NotSigned { origin, why })?;
    let (old, new) = (request.old, checkpoint.size);
    if new < old {
        return Err(WitnessRefusal::OldAboveNew { old, new });
    }
    let seen = latest.copied().unwrap_or(TreeHead { size: 0, root: empty_root() });
    if old != seen.size {
        return Err(WitnessRefusal::OtherSize { latest: seen.size });
    }
    verify_consistency(&seen, &checkpoint.head(), &request.proof)
        .map_err(|why| WitnessRefusal::NotContinued { old, new, why })?;
    Ok(checkpoint)
}

/// Reads the answer to a request that was granted: one signature line or several, each ending in a newline.
///
/// # Errors
/// [`NoteError`] for anything else, also for no line at all.
pub fn parse_cosignatures(body: &[u8]) -> Result<Vec<NoteSignature>, NoteError> {
    let text = str::from_utf8(body).map_err(|error| NoteError::NotUtf8 { at: error.valid_up_to() })?;
    let lines = text.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
    lines.split('\n').map(NoteSignature::parse).collect()
}

/// Reads the answer to a request from another size than the witness's; `None` for anything but one number.
pub fn parse_tree_size(body: &[u8]) -> Option<u64> {
    parse_decimal(str::from_utf8(body).ok()?.trim_end_matches('\n'))
}

/// Returns where a witness shows the newest checkpoint of a log that it cosigned, below its monitoring prefix.
pub fn monitoring_path(origin: &str) -> String {
    let name = Hash(Sha256::digest(origin).into());
    format!("{name}/checkpoint")
}
