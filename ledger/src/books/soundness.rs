//! Whether a charter or an account's state makes sense by itself and beside the others.

use super::chart::may_inherit;
use super::{Rejection, Standing};
use crate::account::{AccountKind, AccountState, Rights};
use crate::amount::Total;
use crate::charter::Charter;
use crate::id::AccountId;
use crate::keys::PublicKey;
use crate::time::Timestamp;

/// Returns every key that serves an office, with repetitions if the charter has them.
pub(super) fn office_keys(charter: &Charter) -> impl Iterator<Item = &PublicKey> {
    charter
        .log_keys
        .iter()
        .chain(&charter.council)
        .chain(&charter.rescue)
        .chain(&charter.auditors)
        .chain([&charter.registrar, &charter.guardian])
}

/// Checks thresholds, that each key serves one office, and that no account lists one.
///
/// What is as in the charter `in_force` is not judged again: a fund may have closed since.
pub(super) fn check_charter(
    standing: &Standing,
    charter: &Charter,
    in_force: Option<&Charter>,
) -> Result<(), Rejection> {
    let unsound = |field, reason| Err(Rejection::UnsoundCharter { field, reason });
    if !(1..=charter.council.len() as u64).contains(&charter.council_threshold) {
        return unsound("council_threshold", "must lie between 1 and the number of council keys");
    }
    let rescue = charter.rescue.len() as u64;
    if charter.rescue_threshold > rescue || (charter.rescue_threshold == 0) != (rescue == 0) {
        return unsound(
            "rescue_threshold",
            "must lie between 1 and the number of rescue keys, or be 0 without any",
        );
    }
    let mut keys: Vec<&PublicKey> = office_keys(charter).collect();
    keys.sort_unstable();
    if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Rejection::KeyTaken { key: *pair[0], reason: "stands in two offices" });
    }
    if let Some(key) = keys.iter().find(|key| standing.accounts_of_key(key).next().is_some()) {
        return Err(Rejection::KeyTaken { key: **key, reason: "is a key of an account" });
    }
    let unchanged = in_force.is_some_and(|old| old.policy.heir_fund == charter.policy.heir_fund);
    if let Some(heir) = charter.policy.heir_fund.as_ref().filter(|_| !unchanged) {
        let fund = standing.account(heir).filter(|heir| heir.closed_to().is_none());
        if fund.is_none_or(|fund| fund.kind() != AccountKind::Fund) {
            return unsound("heir_fund", "must be a fund that is not closed: open it first");
        }
    }
    let policy = &charter.policy;
    if policy.card_free_amount > policy.card_day_cap {
        return unsound("card_free_amount", "cannot be more than card_day_cap");
    }
    let origin_is_plain = charter.origin.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+');
    if !origin_is_plain || charter.origin.contains("://") || charter.origin.ends_with('/') {
        return unsound("origin", "is an address without scheme, final slash, spaces and plus signs");
    }
    Ok(())
}

/// Checks that a state fits its kind, and that its keys are free for it.
///
/// Heir and payees are judged where they differ from what is `in_force`: they may have closed since.
/// `opened_too` are accounts that the same entry opens, and that may be named as heirs.
pub(super) fn check_state(
    standing: &Standing,
    state: &AccountState,
    in_force: Option<&AccountState>,
    opened_too: &[AccountState],
    now: Timestamp,
) -> Result<(), Rejection> {
    check_shape(state)?;
    check_references(standing, state, in_force, opened_too)?;
    check_keys(standing, state, opened_too, now)
}

fn check_shape(state: &AccountState) -> Result<(), Rejection> {
    let unsound = |field, reason| Err(Rejection::UnsoundState { field, account: state.account, reason });
    if state.keys.is_empty() || !(1..=state.keys.len() as u64).contains(&state.threshold) {
        return unsound("threshold", "must lie between 1 and the number of keys");
    }
    let is_budget = state.kind == AccountKind::Budget;
    match state.kind {
        AccountKind::Settlement => return unsound("kind", "there is exactly one settlement account"),
        AccountKind::Partner => {
            return unsound("kind", "partner accounts are reserved: update when federation comes");
        }
        AccountKind::Fund | AccountKind::Card | AccountKind::Voucher if state.limit != Total::ZERO => {
            return unsound("limit", "must be 0: funds, cards and vouchers do not go below zero");
        }
        AccountKind::Card | AccountKind::Voucher
            if state.keys.len() != 1
                || state.keys[0].rights != Rights::SPEND
                || state.keys[0].until.is_some() =>
        {
            return unsound("keys", "must be the printed key alone, with the right to spend and without end");
        }
        AccountKind::Budget | AccountKind::Card if state.organisation.is_none() => {
            return unsound("organisation", "is required: it names who issues");
        }
        _ => {}
    }
    if is_budget && state.ceiling.is_some_and(|ceiling| ceiling != Total::ZERO) {
        return unsound("ceiling", "of a budget is null or 0: a budget is never above zero");
    }
    if state.until.is_some() && !matches!(state.kind, AccountKind::Budget | AccountKind::Voucher) {
        return unsound("until", "is for budgets and vouchers only");
    }
    if state.kind == AccountKind::Voucher && state.until.is_some() && state.heir.is_none() {
        return unsound("heir", "is required for a voucher that ends");
    }
    if state.payees.is_some() && state.kind != AccountKind::Fund {
        return unsound("payees", "are for funds only");
    }
    if state.payees.is_some() && state.organisation.is_some() {
        return unsound("organisation", "must be null for a fund with payees");
    }
    Ok(())
}

fn check_references(
    standing: &Standing,
    state: &AccountState,
    in_force: Option<&AccountState>,
    opened_too: &[AccountState],
) -> Result<(), Rejection> {
    let unsound = |field, reason| Err(Rejection::UnsoundState { field, account: state.account, reason });
    let kind_of = |account: &AccountId| {
        let existing =
            standing.account(account).filter(|found| found.closed_to().is_none()).map(|found| found.kind());
        existing.or_else(|| opened_too.iter().find(|other| other.account == *account).map(|other| other.kind))
    };
    let had_heir = in_force.is_some_and(|old| old.heir == state.heir);
    if let Some(heir) = state.heir.as_ref().filter(|_| !had_heir) {
        match kind_of(heir) {
            _ if *heir == state.account => return unsound("heir", "cannot be the account itself"),
            None => return Err(Rejection::UnknownAccount { field: "heir", account: *heir }),
            Some(kind) if !may_inherit(kind, state.kind) => {
                return unsound(
                    "heir",
                    "must be a member, merchant, fund or card; of a budget a budget or fund",
                );
            }
            Some(_) => {}
        }
    }
    let had = |payee: &AccountId| {
        in_force.is_some_and(|old| old.payees.iter().flatten().any(|known| known == payee))
    };
    for payee in state.payees.iter().flatten().filter(|payee| !had(payee)) {
        match kind_of(payee) {
            None => return Err(Rejection::UnknownAccount { field: "payees", account: *payee }),
            Some(AccountKind::Merchant) => {}
            Some(_) => return unsound("payees", "must be merchants"),
        }
    }
    Ok(())
}

fn check_keys(
    standing: &Standing,
    state: &AccountState,
    opened_too: &[AccountState],
    now: Timestamp,
) -> Result<(), Rejection> {
    let waiting = standing.waiting_charter(now).map(|waiting| &waiting.charter);
    let charters = standing.charter(now).into_iter().chain(waiting);
    let taken = |key: &PublicKey, reason| Err(Rejection::KeyTaken { key: *key, reason });
    let offices: Vec<&PublicKey> = charters.flat_map(|charter| office_keys(charter)).collect();
    for grant in &state.keys {
        if offices.contains(&&grant.key) {
            return taken(&grant.key, "serves the council, the rescue, an auditor or the node");
        }
        if state.organisation.is_none() {
            continue;
        }
        let elsewhere = standing
            .accounts_of_key(&grant.key)
            .filter(|account| account.id() != state.account)
            .map(|account| account.standing(now).state.organisation)
            .chain(
                opened_too
                    .iter()
                    .filter(|other| other.grant(&grant.key).is_some())
                    .map(|other| other.organisation),
            );
        for organisation in elsewhere {
            if organisation.is_some() && organisation != state.organisation {
                return taken(&grant.key, "is a key of another organisation");
            }
        }
    }
    Ok(())
}
