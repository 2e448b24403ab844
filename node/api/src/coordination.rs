//! What the council sees of its community at a glance: sums, budgets, payouts, rules. Nobody's balance but those of
//! budgets, pots and merchants; of people only how many, never fewer than ten together.

use crate::charter::RateJson;
use crate::community::AuditNoteJson;
use crate::reason::Reason;
use serde::{Deserialize, Serialize};

/// Everything on the page of the coordination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Coordination {
    /// When it was looked at.
    pub now: String,
    /// All debits against all credits; one line for members, cards and vouchers together.
    pub trial_balance: Vec<TrialLine>,
    /// Whether debits equal credits, and every sum over the community's life agrees.
    pub holds: bool,
    /// The sums over the community's life.
    pub circulation: CirculationJson,
    /// Budgets, pots and merchants with their balances, in the order of opening.
    pub accounts: Vec<HeldAccount>,
    /// Members by what they have: counts alone.
    pub members: Members,
    /// Redeems that wait for their euro, those that wait longest first.
    pub claims: Vec<ClaimJson>,
    /// What takes effect later for an account, unless it is stopped.
    pub waiting: Vec<WaitingChange>,
    /// Euro cents for each minor unit; absent when merchants are not paid out.
    #[serde(default)]
    pub euro_rate: Option<RateJson>,
    /// Every charter from the one in force back to the founding, and one that waits.
    pub rules: Vec<RuleChange>,
    /// What there is to check, and who did.
    pub audit: AuditState,
}

/// The accounts of one kind together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TrialLine {
    /// `budget`, `people`, `merchant`, `fund`, `settlement` or `partner`.
    pub kind: String,
    /// How many accounts there ever were; absent for fewer than ten people.
    pub accounts: Option<u64>,
    /// All debits.
    pub debits: String,
    /// All credits.
    pub credits: String,
}

/// The community's sums, net of refunds and corrections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CirculationJson {
    /// Given out by budgets.
    pub issued: String,
    /// Taken back by budgets, paid to them for tasks.
    pub returned: String,
    /// Given back by merchants for euro.
    pub redeemed: String,
    /// Of those, paid out in euro.
    pub settled: String,
    /// Of those, taken off a budget.
    pub retired: String,
    /// What people, merchants and pots hold, less what some of them are below zero.
    pub in_circulation: String,
}

/// A budget, pot or merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HeldAccount {
    /// The account.
    pub account: String,
    /// `budget`, `fund` or `merchant`.
    pub kind: String,
    /// Its name, if the community keeps one.
    pub name: Option<String>,
    /// `open`, `frozen` (at rest) or `closed`.
    pub status: String,
    /// Credits less debits; of a budget below zero by what it has given out.
    pub balance: String,
    /// How far below zero it may go; of a budget, its cap.
    pub limit: String,
    /// What may still leave it.
    pub available: String,
    /// When a budget ends.
    pub until: Option<String>,
}

/// Open accounts of members, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Members {
    /// How many there are; absent for fewer than ten.
    pub count: Option<u64>,
    /// By balance, lowest first, each of at least ten; empty for fewer than ten members.
    pub bands: Vec<Band>,
}

/// How many have a balance between two bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Band {
    /// The smallest balance in it; absent for the lowest band.
    pub from: Option<String>,
    /// The smallest balance above it; absent for the highest band.
    pub below: Option<String>,
    /// How many, at least ten.
    pub count: u64,
}

/// Credits that a merchant gave back and was not paid for yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ClaimJson {
    /// Index of the redeem: what a `settle` names.
    pub index: u64,
    /// The merchant.
    pub merchant: String,
    /// Its name, if the community keeps one.
    pub name: Option<String>,
    /// How much was given back.
    pub amount: String,
    /// Euro cents for each minor unit, as the merchant signed; absent when it is paid for in another way.
    pub rate: Option<RateJson>,
    /// When it was asked.
    pub recorded_at: String,
    /// Until when it should be paid: thirty days later.
    #[serde(default)]
    pub due_at: String,
    /// Whether that day is over.
    pub overdue: bool,
}

/// A change or close of an account that takes effect later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WaitingChange {
    /// The account.
    pub account: String,
    /// Its kind.
    pub kind: String,
    /// Its name, if the community keeps one; never that of a member.
    pub name: Option<String>,
    /// Index of the entry.
    pub index: u64,
    /// `change`, or `close`, which is recorded once more then.
    pub what: String,
    /// When it takes effect: until then it can be stopped, if it can.
    pub effective_at: String,
    /// Whether a manage key of the account may stop it.
    pub vetoable: bool,
}

/// A charter that was, is or will be in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RuleChange {
    /// Index of its entry.
    pub index: u64,
    /// When it was recorded.
    pub recorded_at: String,
    /// When it takes effect, if it still waits.
    pub effective_at: Option<String>,
    /// Whether rescue keys began it: while it waits the council may stop it then, and an auditor otherwise.
    #[serde(default)]
    pub by_rescue: bool,
    /// The meeting or decision it comes from, as its memo names it.
    pub reference: Option<String>,
    /// What differs from the charter before it; empty for the founding.
    pub changes: Vec<FieldChange>,
}

/// A field of the charter with another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FieldChange {
    /// The field, such as `member_limit`.
    pub field: String,
    /// What it was.
    pub before: String,
    /// What it became.
    pub after: String,
}

/// What there is to check, and who did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditState {
    /// How many records there are.
    pub size: u64,
    /// How many the published checkpoint covers.
    pub published: u64,
    /// How many records this node has read again since it was started.
    pub checked: u64,
    /// Why nothing is recorded now; absent when all is well.
    pub read_only: Option<Reason>,
    /// The newest readings of all records by auditors, at most five, newest first.
    pub readings: Vec<Reading>,
    /// The newest audit note that the ledger anchors; absent when there is none.
    #[serde(default)]
    pub note: Option<AuditNoteJson>,
    /// What the log's witnesses have seen; absent when it has none.
    #[serde(default)]
    pub witnesses: Option<WitnessState>,
}

/// What the witnesses of the log have cosigned since the node was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WitnessState {
    /// How many records the newest checkpoint with a quorum covers; absent when there is none.
    pub size: Option<u64>,
    /// How long ago a witness last saw that checkpoint, in seconds.
    pub age_seconds: Option<u64>,
    /// Each witness of the policy, in its order.
    pub each: Vec<WitnessSeen>,
}

/// What one witness has cosigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WitnessSeen {
    /// Its name in the policy.
    pub name: String,
    /// How many records the newest checkpoint covers that it has cosigned; absent when there is none.
    pub size: Option<u64>,
    /// How long ago that was, in seconds.
    pub age_seconds: Option<u64>,
}

/// An auditor read the records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Reading {
    /// When.
    pub at: String,
    /// The auditor's key, in hexadecimal.
    pub auditor: String,
    /// How many records there were.
    pub size: u64,
}
