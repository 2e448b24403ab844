//! *Is something wrong?*: telling a person of trust, what they answer, and what the council sees of it: counts alone.

use serde::{Deserialize, Serialize};

/// What is wrong, in one tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WrongReason {
    /// The amount.
    Amount,
    /// Somebody does not know what this is.
    NotMine,
    /// Something that should be there.
    Missing,
    /// How somebody was treated.
    Treated,
    /// Something else: words or a number say what.
    Other,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WrongState {
    /// The person of trust can read it.
    Told,
    /// They are looking at it.
    Talking,
    /// It is done.
    Done,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WrongOutcome {
    /// A payment was given back.
    Refund,
    /// A mistake was put right.
    Correction,
    /// Credits were given besides.
    Credit,
    /// Nothing in the ledger.
    Nothing,
}

/// A line of the teller's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WrongLine {
    /// Index of the record.
    pub index: u64,
    /// The line's number in it; left out for the account's first one there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u16>,
}

/// A person of trust, as anybody may know them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PersonOfTrust {
    /// The person, in hexadecimal.
    pub id: String,
    /// What people call them.
    pub name: String,
    /// Their telephone number.
    pub phone: String,
    /// The place that they listen for, where it is listed; nothing for whoever listens for all.
    pub place: Option<String>,
}

/// Everybody who listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PersonsOfTrust {
    /// The persons of trust, those of a place first.
    pub persons: Vec<PersonOfTrust>,
}

/// Tells a person of trust that something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TellWrong {
    /// Whom, in hexadecimal.
    pub person: String,
    /// What.
    pub reason: WrongReason,
    /// About which line; left out when it is about none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<WrongLine>,
    /// In the teller's own words, of at most 1,000 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The number on which the teller would rather be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// What somebody told a person of trust, how far it is, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Telling {
    /// It, in hexadecimal.
    pub id: String,
    /// When it was told.
    pub told_at: String,
    /// When something happened to it last.
    pub changed_at: String,
    /// When it is erased, unless something happens to it before.
    pub erased_at: String,
    /// How far it is.
    pub state: WrongState,
    /// What is wrong.
    pub reason: WrongReason,
    /// The number of the line's record in the ledger before this one, when it was told there.
    pub earlier: Option<u64>,
    /// The teller's own words.
    pub words: Option<String>,
    /// The number on which they would rather be called.
    pub phone: Option<String>,
    /// What the person of trust answered.
    pub answer: Option<String>,
    /// What came of it, once it is done.
    pub outcome: Option<WrongOutcome>,
    /// The number of the entry that followed.
    pub entry: Option<u64>,
}

/// What somebody told, as they see it themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Told {
    /// What was told.
    #[serde(flatten)]
    pub telling: Telling,
    /// About which line.
    pub about: Option<WrongLine>,
    /// Who reads it; nothing when they listen no longer: somebody else can be told.
    pub person: Option<PersonOfTrust>,
}

/// What the session's account told, and whom it can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ToldPage {
    /// What was told, the newest first.
    pub told: Vec<Told>,
    /// Whom it can tell: never who gave the credits.
    pub persons: Vec<PersonOfTrust>,
    /// Whether the session's account is a person of trust's.
    pub listens: bool,
}

/// Tells somebody else, when the person of trust who was told listens no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TellAnother {
    /// Whom, in hexadecimal.
    pub person: String,
}

/// A line that somebody told about, as far as they have seen it themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HeardLine {
    /// Index of the record.
    pub index: u64,
    /// When it was recorded.
    pub recorded_at: String,
    /// The kind of entry.
    pub kind: String,
    /// What the teller's account gave.
    pub debit: String,
    /// What it received.
    pub credit: String,
    /// The place, shop or pot on the other side, where it is listed.
    pub with: Option<String>,
    /// What followed of it in the teller's account: refunds and corrections of this very line.
    pub followed: Vec<Followed>,
}

/// A refund or correction of a line that somebody told about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Followed {
    /// Index of the record.
    pub index: u64,
    /// When it was recorded.
    pub recorded_at: String,
    /// `refund` or `correct`.
    pub kind: String,
    /// What the teller's account gave.
    pub debit: String,
    /// What it received.
    pub credit: String,
}

/// What somebody told, as the person of trust reads it. No account stands here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Heard {
    /// What was told.
    #[serde(flatten)]
    pub telling: Telling,
    /// The name of the shop, place or pot that tells, where it is listed; nothing for a person.
    pub teller: Option<String>,
    /// The line that it is about.
    pub about: Option<HeardLine>,
}

/// What people told the session's person of trust.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HeardPage {
    /// Open ones first, the oldest of them in front; then what is done, the newest in front.
    pub heard: Vec<Heard>,
}

/// Says how far it is, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerWrong {
    /// `talking` or `done`.
    pub state: WrongState,
    /// Words for the teller, of at most 1,000 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What came of it: with `done`, and with nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<WrongOutcome>,
    /// The number of the entry that followed; none where nothing followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
}

/// Names a person of trust, or changes what is known of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NamePersonOfTrust {
    /// Their own member account: its wallet reads what people tell.
    pub account: String,
    /// What people call them.
    pub name: String,
    /// Their telephone number, which stands on cards and on the town square.
    pub phone: String,
    /// The organisation that they listen for; left out for whoever listens for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// The organisation for which they give credits themselves: they hear nothing about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives_at: Option<String>,
}

/// A person of trust, as the council named them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NamedPerson {
    /// The person, in hexadecimal.
    pub id: String,
    /// Their account.
    pub account: String,
    /// What people call them.
    pub name: String,
    /// Their telephone number.
    pub phone: String,
    /// The organisation that they listen for.
    pub organisation: Option<String>,
    /// The organisation for which they give credits.
    pub gives_at: Option<String>,
}

/// An organisation with a budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TrustPlace {
    /// The organisation, in hexadecimal.
    pub organisation: String,
    /// The name of one of its budgets, where it has one.
    pub name: Option<String>,
}

/// For how long something has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WrongAge {
    /// Less than a week.
    Days,
    /// One week to four.
    Weeks,
    /// More than that.
    Months,
}

/// How many are in a state for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WrongCount {
    /// The state.
    pub state: WrongState,
    /// Since when they were told.
    pub age: WrongAge,
    /// How many; nothing when there are some and fewer than five.
    pub count: Option<u64>,
}

/// How many of a year ended in one way; what was erased is counted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WrongYear {
    /// The year in which they were told.
    pub year: u16,
    /// How many were told; nothing when there are some and fewer than five: then the other counts are nothing too, and
    /// else each is written likewise.
    pub told: Option<u64>,
    /// Of these, by a refund.
    pub refund: Option<u64>,
    /// By a correction.
    pub correction: Option<u64>,
    /// By credits besides.
    pub credit: Option<u64>,
    /// Without anything in the ledger.
    pub nothing: Option<u64>,
}

/// What the council sees: whom it named, and counts of what was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CouncilTrust {
    /// The persons of trust.
    pub persons: Vec<NamedPerson>,
    /// The organisations that one can listen for.
    pub places: Vec<TrustPlace>,
    /// How many are in each state, for how long.
    pub counts: Vec<WrongCount>,
    /// How it went, by year, the newest first.
    pub years: Vec<WrongYear>,
}
