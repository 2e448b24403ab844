//! What a rule may look at: one entry, who signed it, and the books as they stand.

use crate::account::AccountState;
use crate::amount::{Amount, Total};
use crate::books::sheet::Sheet;
use crate::books::signers::Signers;
use crate::books::{Account, Books, Rejection, Standing};
use crate::charter::Charter;
use crate::entry::Entry;
use crate::id::AccountId;
use crate::time::Timestamp;
use std::sync::Arc;

/// Everything a rule may look at.
pub(super) struct Case<'a> {
    pub books: &'a Books,
    pub standing: &'a Standing,
    pub entry: &'a Entry,
    pub signers: Signers<'a>,
    /// The charter in force.
    pub charter: &'a Charter,
    /// The index of the entry that made it.
    pub charter_base: u64,
    /// When the entry is recorded.
    pub now: Timestamp,
}

impl<'a> Case<'a> {
    /// Looks up an account that is not closed; `field` is where it stands in the entry.
    pub fn account(&self, field: &'static str, id: &AccountId) -> Result<&'a Account, Rejection> {
        let unknown = Rejection::UnknownAccount { field, account: *id };
        self.standing.account(id).ok_or(unknown)?.check_not_closed(field)
    }

    /// Returns the one account that redeemed credits move to.
    pub fn settlement(&self) -> Result<&'a Account, Rejection> {
        let community = self.standing.community();
        let id = community.expect("a charter is in force, so the ledger is founded").settlement;
        self.account("settlement", &id)
    }

    /// Returns the state of an account that is in force now.
    pub fn state(&self, account: &Account) -> Arc<AccountState> {
        account.standing(self.now).state
    }

    /// Returns an empty sheet.
    pub fn sheet(&self) -> Sheet {
        Sheet::new(self.now)
    }
}

/// Returns what all payees receive together, and `account` loses.
pub(super) fn sum_of(
    mut amounts: impl Iterator<Item = Amount>,
    account: &Account,
) -> Result<Total, Rejection> {
    let sum = amounts.try_fold(Total::ZERO, Total::checked_add);
    sum.ok_or(Rejection::TotalTooLarge { account: account.id() })
}
