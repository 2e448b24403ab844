//! Budgets as the council keeps them: who pays, what was promised and received in euro, and what somebody added.

use serde::{Deserialize, Serialize};

/// What stands beside a budget of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EditBudget {
    /// Who pays for it. Budgets of one funder have one page.
    pub funder: String,
    /// The decision that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What was promised by that decision, in euro cents.
    pub promised_cents: u64,
    /// What of that was received, in euro cents.
    pub received_cents: u64,
    /// Whether the funder's page gets another address: the old one leads nowhere then.
    #[serde(default)]
    pub new_link: bool,
}

/// How somebody gave euro.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ContributionKind {
    /// For nothing in return.
    Gift,
    /// For having their name seen.
    Sponsoring,
}

/// Somebody gave euro, which raises the cap of a budget: the council signs that as a `change` in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AddContribution {
    /// Who.
    pub who: String,
    /// How much, in euro cents.
    pub cents: u64,
    /// How.
    pub kind: ContributionKind,
    /// By how much the cap is raised.
    pub amount: String,
    /// The id of the `change` that raises it; the same one twice is one contribution.
    pub entry: String,
}

/// A contribution as the council sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Contribution {
    /// Which, in hexadecimal.
    pub id: String,
    /// Who.
    pub who: String,
    /// How much, in euro cents.
    pub cents: u64,
    /// How.
    pub kind: ContributionKind,
    /// By how much the cap is raised.
    pub amount: String,
    /// When it was noted.
    pub at: String,
    /// The index of the `change` that raised the cap; absent as long as signatures are missing.
    pub index: Option<u64>,
    /// Whether the cap was raised, here or in an earlier ledger.
    pub raised: bool,
    /// The address of its thank-you, to print or to send.
    pub link: String,
}

/// A budget as the council sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CouncilBudget {
    /// Its account.
    pub account: String,
    /// What it is called.
    pub name: Option<String>,
    /// The organisation whose budget it is, in hexadecimal.
    pub organisation: Option<String>,
    /// Who pays for it; absent as long as nobody said so.
    pub funder: Option<String>,
    /// The decision that it rests on.
    pub reference: Option<String>,
    /// Promised by that decision, in euro cents.
    pub promised_cents: u64,
    /// Received of that, in euro cents.
    pub received_cents: u64,
    /// Given beside that by others, in euro cents.
    pub contributed_cents: u64,
    /// How much it may give in all.
    pub cap: String,
    /// Until when it may give.
    pub until: Option<String>,
    /// Whether that is over.
    pub ended: bool,
    /// Given and not taken back yet: what shops may still ask euro for.
    pub outstanding: String,
    /// What it may still give: nothing after its end.
    pub left: String,
    /// Most that can be outstanding.
    pub exposure: String,
    /// The same in euro cents, where the community pays out.
    pub exposure_cents: Option<u64>,
    /// What others added, the newest first.
    pub contributions: Vec<Contribution>,
    /// The address of the funder's page.
    pub link: Option<String>,
}

/// The budgets, as the council sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CouncilBudgets {
    /// Those that are not closed.
    pub budgets: Vec<CouncilBudget>,
}
