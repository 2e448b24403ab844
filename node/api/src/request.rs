//! Payment requests: what a till shows as a QR code.

use klaver_ledger::limits::DAY_SECONDS;
use serde::{Deserialize, Serialize};

/// How long a request may be paid, in seconds.
pub const VALID_FOR_SECONDS: std::ops::RangeInclusive<u64> = 10..=7 * DAY_SECONDS;

/// Asks for a payment to the session's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateRequest {
    /// The account to pay: one the session may act for.
    pub account: String,
    /// How much.
    pub amount: String,
    /// How long it may be paid, in seconds: 10 to 604,800, by default 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for: Option<u64>,
    /// Who is asked, by their own code: it then waits in their inbox. Nobody learns whose code it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What for, in the asker's own words, at most 80 bytes: whoever opens the request reads them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// What has become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// It can be paid.
    Open,
    /// It is paid.
    Paid,
    /// Whom it was sent to said no.
    Declined,
    /// Whoever asked took it back.
    Withdrawn,
    /// Its time is over.
    Expired,
}

/// A payment request, as whoever knows its id may see it. Also the payload of the event `request`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PaymentRequest {
    /// Its unguessable id, in hexadecimal: what a payment names.
    pub id: String,
    /// The link for people and QR codes.
    pub link: String,
    /// The ledger, in hexadecimal.
    pub ledger: String,
    /// The account to pay.
    pub account: String,
    /// The payee's name, when it is listed.
    pub name: Option<String>,
    /// How much.
    pub amount: String,
    /// What for, in the asker's own words.
    #[serde(default)]
    pub words: Option<String>,
    /// Until when: a payment names exactly this moment, and expires no later.
    pub until: String,
    /// What has become of it.
    pub state: RequestState,
    /// Whether the payee has paused: it can be paid later, or elsewhere.
    #[serde(default)]
    pub paused: bool,
    /// Index of the record that paid it.
    pub index: Option<u64>,
    /// When it was paid.
    pub paid_at: Option<String>,
}
