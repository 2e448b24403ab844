//! Payments without network: what the policy allows, and the pot that bears those that stayed unpaid.

use serde::{Deserialize, Serialize};

/// What may be promised without network, and who bears it when it stays unpaid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PromiseTerms {
    /// Most that one promise may be; zero where there are none.
    pub cap: String,
    /// How long it may wait to be recorded, in seconds.
    pub valid_for: u64,
    /// The account of the pot that bears the loss, once the council named one that is open.
    pub pot: Option<String>,
    /// What that pot is called, when it is listed.
    pub pot_name: Option<String>,
}

/// Names the pot that bears promises that stayed unpaid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NamePromisePot {
    /// The account of an open pot; nothing when none bears them any longer.
    pub account: Option<String>,
}

/// Asks the named pot to bear a promise whose time is over and that was never paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UnpaidPromise {
    /// The promise exactly as it was signed, in base64url.
    pub envelope: String,
    /// What whoever keeps the pot reads, at most 80 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}
