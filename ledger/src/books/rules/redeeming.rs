//! The way out: what a merchant may give back for euro, which claims are open, what may be retired.

use super::case::Case;
use crate::amount::{Amount, Rate};
use crate::books::sheet::total;
use crate::books::{Account, Claim, OfferedRate, Rejection};

/// The rate that the merchant agreed to is the policy's.
pub(super) fn check_rate(case: &Case<'_>, offered: Option<Rate>) -> Result<(), Rejection> {
    let in_force = case.charter.policy.euro_rate;
    if offered != in_force {
        return Err(Rejection::WrongRate { found: OfferedRate(offered), in_force: OfferedRate(in_force) });
    }
    Ok(())
}

/// A credit limit is for spending; euro are paid only for credits that were received.
pub(super) fn check_holds(merchant: &Account, amount: Amount) -> Result<(), Rejection> {
    let held = u64::try_from(merchant.balance()).unwrap_or(0);
    if amount.minor() > held {
        let (available, requested) = (total(held), amount.into());
        return Err(Rejection::InsufficientCredits { account: merchant.id(), available, requested });
    }
    Ok(())
}

/// Returns the claim that entry `index` made, if it waits for its euro.
pub(super) fn open_claim<'a>(case: &Case<'a>, index: u64) -> Result<&'a Claim, Rejection> {
    case.standing.claims.get(&index).ok_or(Rejection::NotAClaim { index })
}

/// Only what was settled, and not retired since, is retired.
pub(super) fn check_settled(case: &Case<'_>, amount: Amount) -> Result<(), Rejection> {
    let circulation = case.standing.circulation;
    let available = u64::try_from(circulation.settled - circulation.retired).unwrap_or(0);
    if amount.minor() > available {
        return Err(Rejection::NotSettled { available: total(available), requested: amount.into() });
    }
    Ok(())
}
