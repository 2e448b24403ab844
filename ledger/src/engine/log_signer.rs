//! The log's key: it signs heads under the name of the charter in force, and says whose the newest head is.

use super::outcome::{LedgerOpenError, LogKeyError};
use super::replay::Replayer;
use crate::charter::Charter;
use crate::keys::{PublicKey, SigningKey, sign};
use crate::log::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::log::key::{KeyKind, KeyName, VerifierKey};
use crate::log::note::NoteError;
use crate::log::proof::TreeHead;
use crate::receipt::LogIdentity;
use crate::store::SignedHead;
use std::sync::Arc;

/// The log's key with the name that the charter gives it.
pub(super) struct LogSigner {
    key: SigningKey,
    origin: KeyName,
    verifier: VerifierKey,
    /// The charter's keys when the key was last found among them.
    log_keys: Vec<PublicKey>,
}

impl LogSigner {
    pub fn new(key: SigningKey, charter: &Charter) -> Result<Self, LogKeyError> {
        let public = PublicKey::of(&key);
        if !charter.log_keys.contains(&public) {
            return Err(LogKeyError::NotInCharter { key: public });
        }
        let origin = KeyName::new(charter.origin.clone())?;
        let verifier = VerifierKey::new(origin.clone(), KeyKind::Note, public.as_bytes())?;
        Ok(Self { key, origin, verifier, log_keys: charter.log_keys.clone() })
    }

    /// Takes the name and keys of the charter in force, where they have changed.
    pub fn follow(&mut self, charter: &Charter) -> Result<(), LogKeyError> {
        if charter.origin != self.origin.as_str() || charter.log_keys != self.log_keys {
            *self = Self::new(self.key.clone(), charter)?;
        }
        Ok(())
    }

    /// Whether this key, under the log's name, signed `head`.
    pub fn has_signed(&self, head: &SignedHead) -> bool {
        let checkpoint = Checkpoint { origin: self.origin.clone(), size: head.size, root: head.root };
        checkpoint.with_signature(&self.verifier, &head.signature).is_ok()
    }

    pub fn sign(&self, head: TreeHead) -> (SignedCheckpoint, [u8; 64]) {
        let mut signature = [0; 64];
        let checkpoint = Checkpoint { origin: self.origin.clone(), size: head.size, root: head.root };
        let signed = checkpoint.sign(&self.verifier, |text| {
            signature = sign(&self.key, text).0;
            signature
        });
        (signed.expect("the key has the log's name and is a log key"), signature)
    }
}

/// The newest head, the checkpoint that one of the log's keys signed over it, and the charters that may be in force.
pub(super) struct NewestHead {
    pub head: SignedHead,
    pub charters: Vec<Arc<Charter>>,
    pub checkpoint: SignedCheckpoint,
}

pub(super) fn newest_head(replayer: &Replayer) -> Result<NewestHead, LedgerOpenError> {
    let (head, recorded_at) = replayer.newest.ok_or(LedgerOpenError::NotFounded)?;
    let standing = replayer.books.standing();
    let charter = standing.charter(recorded_at).ok_or(LedgerOpenError::NotFounded)?.clone();
    // A charter that waits may be in force by now: its keys may have signed the newest head, and may be ours.
    let next = standing.waiting_charter(recorded_at).map(|waiting| waiting.charter.clone());
    let charters: Vec<_> = [Some(charter), next].into_iter().flatten().collect();
    let checkpoint = signed_by(replayer, &charters, &head)?;
    Ok(NewestHead { head, charters, checkpoint })
}

/// Returns `head` as the checkpoint that a log key of one of the charters signed.
pub(super) fn signed_by(
    replayer: &Replayer,
    charters: &[Arc<Charter>],
    head: &SignedHead,
) -> Result<SignedCheckpoint, LedgerOpenError> {
    let ledger = replayer.books.standing().community().ok_or(LedgerOpenError::NotFounded)?.ledger;
    let mut why = CheckpointError::Note(NoteError::NoKnownKey);
    for charter in charters {
        let log = LogIdentity::new(ledger, &charter.origin, &charter.log_keys).map_err(LogKeyError::from)?;
        match check_head(&log, head) {
            Ok(checkpoint) => return Ok(checkpoint),
            Err(refused) => why = refused,
        }
    }
    Err(LedgerOpenError::HeadNotOurs { size: head.size, why })
}

/// Checks that one of the log's keys signed `head`.
fn check_head(log: &LogIdentity, head: &SignedHead) -> Result<SignedCheckpoint, CheckpointError> {
    let mut refused = None;
    for key in log.keys() {
        let checkpoint = Checkpoint { origin: key.name().clone(), size: head.size, root: head.root };
        match checkpoint.with_signature(key, &head.signature) {
            Ok(checkpoint) => return Ok(checkpoint),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or(CheckpointError::Note(NoteError::NoKnownKey)))
}
