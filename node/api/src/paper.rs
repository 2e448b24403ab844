//! Cards and vouchers: paper that holds credits. What the node does for them as guardian and as registrar.

use crate::account::AccountStateJson;
use crate::receipt::ReceiptJson;
use crate::session::CreateSession;
use crate::statement::StatementPage;
use serde::{Deserialize, Serialize};

/// Most cards or vouchers that are made in one go: they fit one entry.
pub const BATCH_MAX: usize = 100;
/// How many digits a PIN has.
pub const PIN_DIGITS: std::ops::RangeInclusive<usize> = 4..=8;
/// After so many wrong PINs a card rests.
pub const WRONG_PINS_MAX: u8 = 5;

/// Which paper it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PaperKind {
    /// A card: its printed key and the guardian sign together.
    Card,
    /// A voucher: whoever holds it spends it.
    Voucher,
}

/// Asks for accounts of cards or vouchers whose keys somebody else made, and printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreatePapers {
    /// Cards or vouchers.
    pub kind: PaperKind,
    /// The public key of each, in hexadecimal: the node never sees what is printed. 1 to 100.
    pub keys: Vec<String>,
    /// Who hands them out, in hexadecimal: left out by a place, which hands out its own; the council names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Of vouchers: until when they can be spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Of vouchers that end: the pot to which goes what is left then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heir: Option<String>,
}

/// What can be done with a card or voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PaperState {
    /// It pays.
    Usable,
    /// The guardian does not sign with it now: whoever handed it out wakes it.
    Resting,
    /// It was lost: only new paper in its place pays again.
    Lost,
    /// New paper in its place pays from a moment within a day.
    Waiting,
    /// The voucher's time is over: what is left goes back to the pot that it came from.
    Ended,
    /// Other paper took its place.
    Replaced,
}

/// A card or voucher, as whoever has its code may see it. No balance: that is its holder's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Paper {
    /// The id in its code, in hexadecimal.
    pub id: String,
    /// Which paper it is.
    pub kind: PaperKind,
    /// Its account.
    pub account: String,
    /// The ledger, in hexadecimal, that its key is derived with: an earlier one, when this ledger continues another.
    pub ledger: String,
    /// What can be done with it.
    pub state: PaperState,
    /// Of a voucher: until when it can be spent.
    pub until: Option<String>,
    /// The short number on its stub; for whoever handed it out alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Of a card, whether its holder has chosen a PIN; for whoever handed it out alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_pin: Option<bool>,
    /// What new paper in its place starts from; for whoever handed it out alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force: Option<PaperAccount>,
}

/// The account of a card or voucher as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PaperAccount {
    /// Its state.
    pub state: AccountStateJson,
    /// The index that a change names as its base.
    pub base: u64,
}

/// Cards and vouchers that a place handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PaperPage {
    /// In the order of their numbers.
    pub papers: Vec<Paper>,
    /// What the next page is asked with, when there is one.
    pub next: Option<String>,
}

/// Puts a card or voucher to rest, says that it was lost, or wakes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetPaperState {
    /// `resting` for a card, `lost` for a card or voucher, `usable` for a card that rests.
    pub state: PaperState,
}

/// Asks the guardian to sign a card's payment to the account of the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PayByCard {
    /// The payment of a request of the session, signed by the printed key, base64url.
    pub envelope: String,
    /// What the holder typed; left out below the day amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
}

/// A payment by card that is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PaidByCard {
    /// Index of the record.
    pub index: u64,
    /// The evidence: the payee's own line.
    pub receipt: ReceiptJson,
}

/// Chooses the PIN of a card: the first one beside whoever handed it out, another one with the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChoosePin {
    /// A challenge for the card's account, signed by the printed key: the card is at hand.
    pub proof: CreateSession,
    /// The new PIN: four to eight digits.
    pub pin: String,
    /// The PIN that there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_pin: Option<String>,
}

/// Asks what a card holds: with its PIN, or at a doe-plek.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AskOverview {
    /// A challenge for the account, signed by the printed key: the card is at hand.
    pub proof: CreateSession,
    /// The PIN; left out by whoever asks in a session of a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
}

/// What a card holds, and its newest lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The card.
    pub paper: Paper,
    /// Balance and lines.
    pub statement: StatementPage,
}

/// Puts new paper in the place of paper that was lost; what it holds stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReplacePaper {
    /// The `change` to the new printed key, signed by whoever handed the paper out, base64url.
    pub envelope: String,
    /// The card's PIN: the new one then pays at once. Without it, after a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
}

/// Paper that took the place of other paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Replaced {
    /// The new paper.
    pub paper: Paper,
    /// From when it pays, when not at once.
    pub effective_at: Option<String>,
}
