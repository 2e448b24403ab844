//! What stands beside budgets of the ledger: who pays for them, euro promised and received, and what others added.
//! The ledger alone says how much may be given.

use super::keep::{KeepError, on_disk};
use super::{Community, Table, key};
use klaver_api::ContributionKind;
use klaver_ledger::id::{AccountId, EntryId};
use klaver_ledger::limits::DAY_SECONDS;
use serde::{Deserialize, Serialize};

/// How long a contribution is kept, in seconds: the ten years that books are kept.
pub const KEPT_SECONDS: u64 = 10 * 365 * DAY_SECONDS;

/// What a budget paid for, as it was looked at on a day: in tens, and nothing of fewer than ten people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiguresRow {
    /// The day, counted from 1970 in UTC.
    pub day: u64,
    /// At least so many people received something.
    pub people: Option<u64>,
    /// At least so many whole units were given.
    pub given: Option<u64>,
    /// Of these for helping, for taking part and as a welcome; each only where ten people received it.
    pub reasons: [Option<u64>; 3],
    /// At least so many whole units are given and not taken back.
    pub outstanding: Option<u64>,
    /// The tasks that it gave for.
    pub tasks: Vec<[u8; 16]>,
}

/// What stands beside a budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRow {
    /// Who pays for it.
    pub funder: String,
    /// The decision that it rests on.
    pub reference: Option<String>,
    /// Promised by that decision, in euro cents.
    pub promised_cents: u64,
    /// Received of that, in euro cents.
    pub received_cents: u64,
    /// The secret of the funder's page: the same for all budgets of one funder.
    pub code: [u8; 16],
    /// What it paid for, as it was shown last.
    pub figures: Option<FiguresRow>,
}

/// Somebody gave euro.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContributionRow {
    /// The budget whose cap it raises.
    pub budget: [u8; 16],
    /// Who.
    pub who: String,
    /// How much, in euro cents.
    pub cents: u64,
    /// How.
    pub kind: ContributionKind,
    /// By how much the cap is raised, in minor units.
    pub amount: u64,
    /// The id of the `change` that raises it; of an earlier ledger nothing is known any more.
    pub entry: Option<[u8; 32]>,
    /// Whether it was seen that the cap is raised.
    pub raised: bool,
    /// The secret of its thank-you.
    pub code: [u8; 16],
    /// When it was noted, in seconds since 1970 UTC.
    pub at: u64,
}

impl ContributionRow {
    /// Returns it as it goes on in a ledger that continues this one: entries stay behind.
    pub(super) fn carried_over(self) -> Self {
        Self { entry: None, ..self }
    }
}

/// Returns the id of the contribution for which an entry raises a cap: the first half of the entry's.
pub fn contribution_id(entry: &EntryId) -> [u8; 16] {
    *entry.0.first_chunk().expect("an entry's id has thirty-two bytes")
}

impl Community {
    /// Keeps what stands beside a budget.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_budget(&self, account: AccountId, row: BudgetRow) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let written = self.put(Table::Budget, &account.0, &row);
            state.budgets.insert(account.0, row);
            written
        };
        on_disk(written).await
    }

    /// Keeps what a budget paid for, as it is shown now. Nobody waits for it: a start looks once more.
    pub fn keep_figures(&self, account: &AccountId, figures: FiguresRow) {
        let mut state = self.state();
        if let Some(row) = state.budgets.get_mut(&account.0) {
            row.figures = Some(figures);
            let row = row.clone();
            drop(self.put(Table::Budget, &account.0, &row));
        }
    }

    /// Returns what stands beside a budget.
    pub fn budget(&self, account: &AccountId) -> Option<BudgetRow> {
        self.state().budgets.get(&account.0).cloned()
    }

    /// Returns the budgets that `is_meant` says yes to.
    pub fn budgets(&self, is_meant: impl Fn(&BudgetRow) -> bool) -> Vec<(AccountId, BudgetRow)> {
        let state = self.state();
        let some = state.budgets.iter().filter(|(_, row)| is_meant(row));
        some.map(|(account, row)| (AccountId(*account), row.clone())).collect()
    }

    /// Keeps a contribution, where it is not known yet; returns the one that is kept.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn add_contribution(
        &self,
        id: [u8; 16],
        row: ContributionRow,
    ) -> Result<ContributionRow, KeepError> {
        let (kept, written) = {
            let mut state = self.state();
            let kept = state.contributions.entry(id).or_insert(row).clone();
            let written = self.put(Table::Contribution, &id, &kept);
            (kept, written)
        };
        on_disk(written).await.map(|()| kept)
    }

    /// Forgets a contribution, also on the disk.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn forget_contribution(&self, id: &[u8; 16]) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            state.contributions.remove(id);
            self.keep.erase(vec![key(Table::Contribution, id)])
        };
        on_disk(written).await
    }

    /// Notes that the cap was raised for a contribution. Nobody waits for it: it is looked at again.
    pub fn note_raised(&self, id: &[u8; 16]) {
        let mut state = self.state();
        if let Some(row) = state.contributions.get_mut(id) {
            row.raised = true;
            let row = row.clone();
            drop(self.put(Table::Contribution, id, &row));
        }
    }

    /// Returns a contribution.
    pub fn contribution(&self, id: &[u8; 16]) -> Option<ContributionRow> {
        self.state().contributions.get(id).cloned()
    }

    /// Returns the contributions that `is_meant` says yes to, the newest first.
    pub fn contributions(
        &self,
        is_meant: impl Fn(&ContributionRow) -> bool,
    ) -> Vec<([u8; 16], ContributionRow)> {
        let state = self.state();
        let some = state.contributions.iter().filter(|(_, row)| is_meant(row));
        let mut found: Vec<_> = some.map(|(id, row)| (*id, row.clone())).collect();
        found.sort_by_key(|(id, row)| (u64::MAX - row.at, *id));
        found
    }
}
