//! Sending an entry, and the answer.

use crate::draft::Draft;
use crate::receipt::ReceiptJson;
use crate::text::{self, FieldError};
use klaver_ledger::entry::memo::Memo;
use serde::{Deserialize, Serialize};

/// A signed entry. The same may be sent as `application/cbor`: the envelope alone, as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// The envelope, base64url, exactly as it was signed.
    pub envelope: String,
    /// The memo whose commitment the entry holds; shown to the two parties only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<MemoJson>,
}

/// A memo's text and the salt that hides it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MemoJson {
    /// 16 random bytes, base64url.
    pub salt: String,
    /// The text, at most 140 bytes of UTF-8.
    pub text: String,
}

/// What became of an entry that was not refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum SubmitAnswer {
    /// It is recorded now, durably. Status 201.
    Recorded {
        /// The evidence, opened for its signers.
        receipt: ReceiptJson,
    },
    /// It was recorded before: the same receipt as then. Status 200.
    Known {
        /// The evidence.
        receipt: ReceiptJson,
    },
    /// It is valid but lacks signers, and waits for them. Status 202.
    Draft {
        /// The draft, with whose signatures it waits for.
        draft: Box<Draft>,
    },
}

impl MemoJson {
    /// Returns the twin of `memo`.
    pub fn of(memo: &Memo) -> Self {
        Self { salt: text::base64url(&memo.salt), text: memo.text().to_owned() }
    }

    /// Returns the memo it stands for.
    ///
    /// # Errors
    /// When the salt has another length, or the text is too long or has characters that cannot be seen.
    pub fn to_memo(&self) -> Result<Memo, FieldError> {
        let salt = text::from_base64url_fixed("memo.salt", &self.salt)?;
        Memo::new(salt, &self.text).map_err(|error| FieldError::new("memo.text", &self.text, error))
    }
}
