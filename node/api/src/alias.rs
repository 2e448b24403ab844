//! Own codes: a name that leads to somebody's pay page, and that they may replace.

use serde::{Deserialize, Serialize};

/// Asks for the account's own code: the one it has, its first one, or a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AskOwnCode {
    /// Whether a new code takes the place of the one there is: the old one then stops, also on paper.
    #[serde(default)]
    pub replace: bool,
    /// Words that whoever opens the code reads, at most 80 bytes; an empty text takes them away, `null` leaves them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// The code that leads to an account's pay page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OwnCode {
    /// The code itself: letters and digits, told by the node, which say nothing about the account.
    pub alias: String,
    /// The link for people and QR codes.
    pub link: String,
    /// What whoever opens it reads, in the owner's words.
    pub words: Option<String>,
}

/// Who stands behind somebody's own code, as its page tells whoever opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CodeOwner {
    /// The name of a shop, place or pot that is listed.
    pub name: Option<String>,
    /// What the owner wrote for whoever opens it.
    pub words: Option<String>,
}

/// Asks for a payment request by somebody's own code: what whoever wants to pay does first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PayByCode {
    /// How much.
    pub amount: String,
}
