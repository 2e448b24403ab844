//! Memos: a sentence that travels beside an entry, of which the entry holds only a salted commitment.

use super::cbor::is_invisible;
use crate::id::Digest;
use crate::limits::MEMO_BYTES_MAX;
use sha2::{Digest as _, Sha256};

/// A memo's text and the salt that hides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memo {
    /// 16 random bytes.
    pub salt: [u8; 16],
    text: String,
}

/// Why a text is no memo.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoError {
    /// Too long.
    #[error("the memo has {0} bytes, at most {MEMO_BYTES_MAX} fit: shorten it")]
    TooLong(usize),
    /// A character that could change how the text around it is read.
    #[error("the memo has the character U+{0:04X}, which cannot be seen: remove it")]
    Invisible(u32),
}

impl Memo {
    /// Returns the memo of `text`, hidden by `salt`.
    ///
    /// # Errors
    /// When the text is longer than 140 bytes or has control or bidirectional characters.
    pub fn new(salt: [u8; 16], text: &str) -> Result<Self, MemoError> {
        if text.len() > MEMO_BYTES_MAX {
            return Err(MemoError::TooLong(text.len()));
        }
        match text.chars().find(|c| is_invisible(*c)) {
            Some(bad) => Err(MemoError::Invisible(bad.into())),
            None => Ok(Self { salt, text: text.to_owned() }),
        }
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns what the entry holds of it.
    pub fn commitment(&self) -> Digest {
        Digest(
            Sha256::new()
                .chain_update(b"klaver/memo/v1\n")
                .chain_update(self.salt)
                .chain_update(&self.text)
                .finalize()
                .into(),
        )
    }
}
