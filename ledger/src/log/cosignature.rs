//! Cosignatures: a witness says when it saw a checkpoint that continues all it saw before (C2SP `tlog-cosignature`).
//!
//! The signed message is the time and the whole checkpoint text; the line in the note carries time and signature.
//! [`Note::verify`](super::note::Note::verify) checks them like any other line.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::key::{KeyKind, VerifierKey};
use super::note::{NoteError, NoteSignature};

/// The latest time a cosignature may state, in seconds since 1970 UTC.
pub const COSIGNATURE_TIME_MAX: u64 = i64::MAX as u64;
/// How far ahead of the verifier's clock a cosignature may be, in seconds: clocks of small computers drift.
pub const COSIGNATURE_LEAD_SECONDS_MAX: u64 = 5 * 60;

/// Signs the text of a checkpoint as the witness `key`, whose secret half `sign` applies to the bytes it is given.
///
/// `seconds` is the witness's clock, since 1970 UTC. The witness must first have checked that the checkpoint continues
/// the last one it signed, and made that durable.
///
/// # Errors
/// [`CheckpointError`] if `text` is not a checkpoint; [`NoteError::WrongKind`] in it if `key` is not a witness's.
pub fn cosign(
    text: &str,
    seconds: u64,
    key: &VerifierKey,
    sign: impl FnOnce(&[u8]) -> [u8; 64],
) -> Result<NoteSignature, CheckpointError> {
    Checkpoint::parse(text)?;
    if key.kind() != KeyKind::Cosignature {
        return Err(CheckpointError::Note(NoteError::WrongKind {
            name: key.name().clone(),
            needed: KeyKind::Cosignature,
            found: key.kind(),
        }));
    }
    if seconds > COSIGNATURE_TIME_MAX {
        return Err(CheckpointError::Time { seconds });
    }
    let mut timed_signature = seconds.to_be_bytes().to_vec();
    timed_signature.extend_from_slice(&sign(message(seconds, text).as_bytes()));
    Ok(NoteSignature::new(key, &timed_signature))
}

/// Returns the message that a witness signs.
pub(super) fn message(seconds: u64, checkpoint_text: &str) -> String {
    format!("cosignature/v1\ntime {seconds}\n{checkpoint_text}")
}

/// Splits the bytes after the key id into time and signature; `None` for another length or a time out of range.
pub(super) fn decode(bytes: &[u8]) -> Option<(u64, [u8; 64])> {
    let (time, signature) = bytes.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    let signature = signature.try_into().ok()?;
    (time <= COSIGNATURE_TIME_MAX).then_some((time, signature))
}
