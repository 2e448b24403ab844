//! Whether a charter or an account's state makes sense by itself and beside the others.

use super::chart::may_inherit;
use super::reason::{CharterFault, KeyUse, StateFault};
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
    if !(1..=charter.council.len() as u64).contains(&charter.council_threshold) {
        return Err(CharterFault::CouncilThreshold.into());
    }
    let rescue = charter.rescue.len() as u64;
    if charter.rescue_threshold > rescue || (charter.rescue_threshold == 0) != (rescue == 0) {
        return Err(CharterFault::RescueThreshold.into());
    }
    let mut keys: Vec<&PublicKey> = office_keys(charter).collect();
    keys.sort_unstable();
    if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Rejection::KeyTaken { key: *pair[0], reason: KeyUse::TwoOffices });
    }
    if let Some(key) = keys.iter().find(|key| standing.accounts_of_key(key).next().is_some()) {
        return Err(Rejection::KeyTaken { key: **key, reason: KeyUse::Account });
    }
    let unchanged = in_force.is_some_and(|old| old.policy.heir_fund == charter.policy.heir_fund);
    if let Some(heir) = charter.policy.heir_fund.as_ref().filter(|_| !unchanged) {
        let fund = standing.account(heir).filter(|heir| heir.closed_to().is_none());
        if fund.is_none_or(|fund| fund.kind() != AccountKind::Fund) {
            return Err(CharterFault::HeirFund.into());
        }
    }
    let policy = &charter.policy;
    if policy.card_free_amount > policy.card_day_cap {
        return Err(CharterFault::CardFreeAmount.into());
    }
    let origin_is_plain = charter.origin.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+');
    if !origin_is_plain || charter.origin.contains("://") || charter.origin.ends_with('/') {
        return Err(CharterFault::Origin.into());
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
    let unsound = |fault: StateFault| Err(fault.of(state.account));
    if state.keys.is_empty() || !(1..=state.keys.len() as u64).contains(&state.threshold) {
        return unsound(StateFault::Threshold);
    }
    let is_budget = state.kind == AccountKind::Budget;
    match state.kind {
        AccountKind::Settlement => return unsound(StateFault::SecondSettlement),
        AccountKind::Partner => {
            return unsound(StateFault::PartnersReserved);
        }
        AccountKind::Fund | AccountKind::Card | AccountKind::Voucher if state.limit != Total::ZERO => {
            return unsound(StateFault::NoCreditLimit);
        }
        AccountKind::Card | AccountKind::Voucher
            if state.keys.len() != 1
                || state.keys[0].rights != Rights::SPEND
                || state.keys[0].until.is_some() =>
        {
            return unsound(StateFault::PrintedKeyAlone);
        }
        AccountKind::Budget | AccountKind::Card if state.organisation.is_none() => {
            return unsound(StateFault::NoOrganisation);
        }
        _ => {}
    }
    if is_budget && state.ceiling.is_some_and(|ceiling| ceiling != Total::ZERO) {
        return unsound(StateFault::BudgetCeiling);
    }
    if state.until.is_some() && !matches!(state.kind, AccountKind::Budget | AccountKind::Voucher) {
        return unsound(StateFault::NeverEnds);
    }
    if state.kind == AccountKind::Voucher && state.until.is_some() && state.heir.is_none() {
        return unsound(StateFault::VoucherWithoutHeir);
    }
    if state.payees.is_some() && state.kind != AccountKind::Fund {
        return unsound(StateFault::PayeesOfNoFund);
    }
    if state.payees.is_some() && state.organisation.is_some() {
        return unsound(StateFault::OrganisationOfPayees);
    }
    Ok(())
}

fn check_references(
    standing: &Standing,
    state: &AccountState,
    in_force: Option<&AccountState>,
    opened_too: &[AccountState],
) -> Result<(), Rejection> {
    let unsound = |fault: StateFault| Err(fault.of(state.account));
    let kind_of = |account: &AccountId| {
        let existing =
            standing.account(account).filter(|found| found.closed_to().is_none()).map(|found| found.kind());
        existing.or_else(|| opened_too.iter().find(|other| other.account == *account).map(|other| other.kind))
    };
    let had_heir = in_force.is_some_and(|old| old.heir == state.heir);
    if let Some(heir) = state.heir.as_ref().filter(|_| !had_heir) {
        match kind_of(heir) {
            _ if *heir == state.account => return unsound(StateFault::OwnHeir),
            None => return Err(Rejection::UnknownAccount { field: "heir", account: *heir }),
            Some(kind) if !may_inherit(kind, state.kind) => {
                return unsound(StateFault::HeirOfOtherKind);
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
            Some(_) => return unsound(StateFault::PayeesNoMerchants),
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
            return taken(&grant.key, KeyUse::Office);
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
                return taken(&grant.key, KeyUse::OtherOrganisation);
            }
        }
    }
    Ok(())
}
