//! One device of an account meets another: the old one shows a code, the new one answers with its key.

use serde::{Deserialize, Serialize};

/// A meeting that waits for the new device, or has heard from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pairing {
    /// The secret that the new device answers with, 26 letters and digits of base32.
    pub code: String,
    /// The link that shows it to somebody who is lent a right for today.
    pub lent_link: String,
    /// Until when it may answer.
    pub expires_at: String,
    /// The key of the new device, once it has answered. Nothing is changed by it: the account's keys decide.
    pub key: Option<String>,
}

/// The answer of the new device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerPairing {
    /// The code that the old device shows.
    pub code: String,
    /// The new device's Ed25519 public key, in hexadecimal.
    pub key: String,
}
