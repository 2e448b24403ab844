//! Invitations, and joining.

use crate::account::KeyJson;
use crate::receipt::ReceiptJson;
use serde::{Deserialize, Serialize};

/// Asks for an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateInvitation {
    /// How many may use it: 1 to 1,000.
    pub uses: u64,
    /// How long, in seconds: 60 to 2,592,000.
    pub valid_for: u64,
}

/// An invitation. The code is a secret until it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Invitation {
    /// The code.
    pub code: String,
    /// The link for people and QR codes.
    pub link: String,
    /// How often it can still be used.
    pub uses_left: u64,
    /// Until when.
    pub expires_at: String,
}

/// Asks for a member account. Sending it again with the same first key gives the same account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The invitation's code; left out where anybody may join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The keys: the device's, with every right, and perhaps a recovery key with the right to manage.
    pub keys: Vec<KeyJson>,
    /// That whoever asks holds every one of these keys.
    pub proof: JoinProof,
}

/// A challenge, answered by every key that joins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JoinProof {
    /// The challenge's nonce.
    pub nonce: String,
    /// The challenge's end.
    pub expires_at: String,
    /// One signature for each key, in their order, of [`challenge_bytes`](crate::session::challenge_bytes), base64url.
    pub signatures: Vec<String>,
}

/// A member account that was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Joined {
    /// The account.
    pub account: String,
    /// The evidence: the account's own line of the `open`. Absent when the same key asks again much later.
    pub receipt: Option<ReceiptJson>,
}
