//! Checkpoints: the size and root of a log, signed by it (C2SP `tlog-checkpoint`).

use std::fmt;

use super::hash::Hash;
use super::key::{KeyError, KeyName, VerifierKey};
use super::note::{Note, NoteError, NoteSignature};
use super::proof::TreeHead;
use super::text::{excerpt, parse_decimal};

/// Why a checkpoint cannot be read, made or trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text does not have its three lines, or an empty one among those that follow.
    #[error("a checkpoint has the lines origin, size and root, all ending in a newline and none empty")]
    Lines,
    /// The first line cannot be an origin here, where a log's origin is the name of its key.
    #[error("the origin of the checkpoint is unusable: {0}")]
    Origin(#[source] KeyError),
    /// The second line is not a size.
    #[error("`{text}` is not a tree size: expected a decimal number below 2^64 without leading zeros")]
    Size {
        /// The line, shortened.
        text: String,
    },
    /// The third line is not a root.
    #[error("`{text}` is not a root: expected the standard base64 of 32 bytes")]
    Root {
        /// The line, shortened.
        text: String,
    },
    /// The checkpoint is of another log than the key.
    #[error("the checkpoint is of log {origin}, the key belongs to {key}")]
    OtherLog {
        /// Origin of the checkpoint.
        origin: KeyName,
        /// Name of the key.
        key: KeyName,
    },
    /// A witness's time is out of range.
    #[error("a cosignature at {seconds} seconds since 1970 is beyond the latest time there is, 2^63-1")]
    Time {
        /// The time.
        seconds: u64,
    },
    /// The note around the checkpoint is malformed or not signed by the log.
    #[error("the signed checkpoint is refused: {0}")]
    Note(#[from] NoteError),
}

/// What a log says about itself: who it is, how many leaves it has, and their root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's identity, which is also the name of its key.
    pub origin: KeyName,
    /// How many leaves the log has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Returns size and root, to check proofs against.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root }
    }

    /// Returns the text that the log signs: three lines.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Reads the text of a checkpoint.
    ///
    /// Extension lines, which the specification allows to other logs and ours never writes, are passed over.
    ///
    /// # Errors
    /// [`CheckpointError`] for the first line that is missing or malformed; `Origin`, which only says that it cannot be a
    /// log here, when nothing else is wrong.
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n').collect();
        let [origin, size, root, ..] = lines[..] else { return Err(CheckpointError::Lines) };
        if lines.iter().any(|line| line.is_empty()) {
            return Err(CheckpointError::Lines);
        }
        let size = parse_decimal(size).ok_or_else(|| CheckpointError::Size { text: excerpt(size) })?;
        let root = Hash::from_base64(root).ok_or_else(|| CheckpointError::Root { text: excerpt(root) })?;
        Ok(Checkpoint { origin: KeyName::new(origin).map_err(CheckpointError::Origin)?, size, root })
    }

    /// Signs the checkpoint with the log's key, whose secret half `sign` applies to the bytes it is given.
    ///
    /// # Errors
    /// [`CheckpointError::OtherLog`] if the key has another name than the log; `Note` if it is not a log's key.
    pub fn sign(
        self,
        key: &VerifierKey,
        sign: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> Result<SignedCheckpoint, CheckpointError> {
        self.must_be_of(key)?;
        let note = Note::sign(self.text(), key, sign)?;
        Ok(SignedCheckpoint { checkpoint: self, note })
    }

    /// Puts a checkpoint together with a signature that was stored apart from it, and verifies it.
    ///
    /// # Errors
    /// As [`SignedCheckpoint::open`].
    pub fn with_signature(
        self,
        key: &VerifierKey,
        signature: &[u8; 64],
    ) -> Result<SignedCheckpoint, CheckpointError> {
        let note = Note::new(self.text(), NoteSignature::new(key, signature))?;
        SignedCheckpoint::from_note(note, key)
    }

    fn must_be_of(&self, key: &VerifierKey) -> Result<(), CheckpointError> {
        if self.origin == *key.name() {
            return Ok(());
        }
        Err(CheckpointError::OtherLog { origin: self.origin.clone(), key: key.name().clone() })
    }
}

/// A checkpoint that bears its log's signature, and perhaps lines of witnesses.
///
/// Only the log's signature is known to be good; ask [`Note::verify`] or a
/// [`TrustPolicy`](super::policy::TrustPolicy) about the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Reads a signed checkpoint and verifies the log's signature.
    ///
    /// # Errors
    /// [`CheckpointError`] if it is malformed, of another log, or not signed by `key`.
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<SignedCheckpoint, CheckpointError> {
        SignedCheckpoint::from_note(Note::parse(bytes)?, key)
    }

    /// Takes a note as a checkpoint and verifies the log's signature.
    ///
    /// # Errors
    /// As [`SignedCheckpoint::open`].
    pub fn from_note(note: Note, key: &VerifierKey) -> Result<SignedCheckpoint, CheckpointError> {
        let checkpoint = Checkpoint::parse(note.text())?;
        checkpoint.must_be_of(key)?;
        note.verify(std::slice::from_ref(key))?;
        Ok(SignedCheckpoint { checkpoint, note })
    }

    /// Returns what the log signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Returns the note, whose text is the signed bytes.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Adds a witness's line after checking it with the witness's key; an earlier line of that key is replaced. Returns
    /// whether that changed anything: a line that says nothing newer than the one that is there does not.
    ///
    /// # Errors
    /// [`NoteError::NoKnownKey`] if the line is not by `witness`, [`NoteError::BadSignature`] if it does not verify.
    pub fn add_cosignature(&mut self, line: NoteSignature, witness: &VerifierKey) -> Result<bool, NoteError> {
        let text = self.note.text();
        let says = line.verify(witness, text)?.ok_or(NoteError::NoKnownKey)?;
        let said = self.note.signatures().iter().find_map(|said| said.verify(witness, text).ok().flatten());
        if said.is_some_and(|said| says <= said) {
            return Ok(false);
        }
        self.note.add_signature(line).map(|()| true)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
