//! Budgets: until when they issue, and when a second organisation signs.

use super::case::Case;
use crate::account::AccountState;
use crate::amount::Total;
use crate::books::{Account, Rejection, Who};
use crate::limits::INTEGER_MAX;
use crate::time::Timestamp;

/// Above the organisation's amount of the day, gross, a second organisation signs too.
pub(super) fn check_second_organisation(
    case: &Case<'_>,
    budget: &AccountState,
    sum: Total,
) -> Result<(), Rejection> {
    let Some(own) = budget.organisation else { return Ok(()) };
    let today = case.books.windows.issued_today(&own, case.now) + sum.minor();
    if today > INTEGER_MAX {
        return Err(Rejection::TotalTooLarge { account: budget.account });
    }
    let Some(day_amount) = case.charter.policy.organisation_day_amount else { return Ok(()) };
    if today <= day_amount.minor() || case.signers.has_other_organisation(Some(own)) {
        return Ok(());
    }
    Err(Rejection::LacksSigners { who: Who::OtherOrganisation, have: 0, need: 1 })
}

/// A budget that has ended neither issues nor gives back.
pub(super) fn check_budget_runs(
    budget: &Account,
    state: &AccountState,
    now: Timestamp,
) -> Result<(), Rejection> {
    match state.until {
        Some(until) if until.has_passed(now) => Err(Rejection::BudgetEnded { budget: budget.id(), until }),
        _ => Ok(()),
    }
}
