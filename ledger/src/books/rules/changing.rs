//! Changes of an account: what changes, and for each who may change it and from when.

use super::Verdict;
use super::case::Case;
use super::waiting::{body_digest, council_delay, refuse_while_waiting};
use crate::account::{AccountKind, AccountState, AccountStatus, Rights};
use crate::books::effects::{Act, Reference};
use crate::books::reason::{Mixed, RegistrarAct, RegistrarFault, StateFault};
use crate::books::sheet::Sheet;
use crate::books::signers::Party;
use crate::books::soundness::check_state;
use crate::books::{Account, Rejection, Who};
use crate::entry::{Change, codec};
use crate::id::OrganisationId;
use crate::limits::REOPEN_DELAY_SECONDS;
use crate::time::Seconds;

/// What a change changes.
pub(super) enum Changed {
    PutToRest,
    Woken,
    /// A card or voucher at rest gets a new key and is in use again.
    Reopened,
    /// Limit, ceiling, organisation, end, payees.
    Bounds,
    /// Keys, threshold, heir.
    Keys,
}

/// Whoever has nothing to do with the account hears nothing about it.
pub(super) fn check_has_a_say(case: &Case<'_>, account: &Account) -> Result<(), Rejection> {
    let organisation = case.state(account).organisation.map(Party::Organisation);
    let offices = [Party::Council, Party::Auditors, Party::Registrar, Party::Guardian];
    let parties = [Party::Account(account, Rights::ALL)].into_iter().chain(offices).chain(organisation);
    case.signers.only(&parties.collect::<Vec<_>>())
}

/// An account is of one kind for ever; the settlement account never changes at all.
pub(super) fn check_kind_stays(account: &Account, change: &Change) -> Result<(), Rejection> {
    if account.kind() != change.state.kind {
        return Err(Rejection::KindIsFixed { account: account.id(), kind: account.kind() });
    }
    if account.kind() == AccountKind::Settlement {
        return Err(StateFault::SettlementNeverChanges.of(account.id()));
    }
    Ok(())
}

/// Returns the one thing that changes: status alone, or against the state in force keys or bounds.
pub(super) fn what_changes(
    case: &Case<'_>,
    account: &Account,
    change: &Change,
) -> Result<Changed, Rejection> {
    let in_force = account.standing(case.now);
    let same_status = change.status == in_force.status;
    if *in_force.state == change.state {
        return match change.status {
            _ if same_status => Err(Rejection::NothingToChange { account: account.id() }),
            AccountStatus::Frozen => Ok(Changed::PutToRest),
            AccountStatus::Open => Ok(Changed::Woken),
        };
    }
    if change.base != in_force.base {
        return Err(Rejection::WrongBase { base: change.base, in_force: in_force.base });
    }
    if !same_status {
        return Ok(Changed::Reopened);
    }
    let (old, new) = (&*in_force.state, &change.state);
    let keys = old.keys != new.keys || old.threshold != new.threshold || old.heir != new.heir;
    let bounds = old.limit != new.limit
        || old.ceiling != new.ceiling
        || old.organisation != new.organisation
        || old.until != new.until
        || old.payees != new.payees;
    match (keys, bounds) {
        (true, true) => Err(Rejection::MixedChange { what: Mixed::KeysAndBounds }),
        (false, _) => Ok(Changed::Bounds),
        (true, false) => Ok(Changed::Keys),
    }
}

/// Puts an account to rest: any own key, the council, or the registrar for members, cards and vouchers.
pub(super) fn put_to_rest(case: &Case<'_>, account: &Account, change: &Change) -> Verdict {
    case.signers.only(&[Party::Account(account, Rights::ALL), Party::Council, Party::Registrar])?;
    let by_own_key = case.signers.count_any(account) > 0;
    let by_registrar = !by_own_key && !case.signers.is_council() && case.signers.has(&case.charter.registrar);
    if by_registrar {
        check_registrar_may_put_to_rest(case, account)?;
    } else if !by_own_key {
        case.signers.need_council()?;
    }

    let mut sheet = named(case, account, change);
    sheet.act(Act::SetStatus { account: account.id(), status: AccountStatus::Frozen });
    if by_registrar {
        sheet.act(Act::CountRegistrar { opens: 0, freezes: 1 });
    }
    Ok(sheet.finish())
}

fn check_registrar_may_put_to_rest(case: &Case<'_>, account: &Account) -> Result<(), Rejection> {
    if !matches!(account.kind(), AccountKind::Member | AccountKind::Card | AccountKind::Voucher) {
        return Err(RegistrarFault::RestsOtherKind.of(account.id()));
    }
    let limit = case.charter.policy.registrar_freezes;
    let done = case.books.windows.registrar_freezes(case.now);
    if done + 1 > limit {
        return Err(Rejection::RegistrarDay { what: RegistrarAct::PutToRest, limit, done });
    }
    Ok(())
}

/// Wakes an account: the council.
pub(super) fn wake(case: &Case<'_>, account: &Account, change: &Change) -> Verdict {
    case.signers.only(&[Party::Council])?;
    case.signers.need_council()?;

    let mut sheet = named(case, account, change);
    sheet.act(Act::SetStatus { account: account.id(), status: AccountStatus::Open });
    Ok(sheet.finish())
}

/// A frozen card or voucher gets a new printed key and opens again, with a spend key of its organisation:
/// by the guardian (after the right PIN) at once, by the registrar after a day.
pub(super) fn reopen(case: &Case<'_>, account: &Account, change: &Change) -> Verdict {
    let old = case.state(account);
    let organisation = check_is_renewed_paper(account, &old, change)?;
    case.signers.only(&[Party::Guardian, Party::Registrar, Party::Organisation(organisation)])?;
    check_printed_key_is_new(&old, &change.state)?;
    let by_guardian = account.kind() == AccountKind::Card && case.signers.has(&case.charter.guardian);
    check_issuer_signs(case, organisation, by_guardian)?;
    check_state(case.standing, &change.state, Some(&old), &[], case.now)?;
    refuse_while_waiting(case, account)?;

    let mut sheet = named(case, account, change);
    let state = Box::new(change.state.clone());
    if by_guardian {
        sheet.act(Act::Replace { state, own: false });
        sheet.act(Act::SetStatus { account: account.id(), status: AccountStatus::Open });
    } else {
        let effective_at = case.now.after(Seconds(REOPEN_DELAY_SECONDS));
        let digest = body_digest(case.entry);
        sheet.act(Act::PendState { state, opens: true, effective_at, has_veto: true, digest });
    }
    Ok(sheet.finish())
}

/// State and status change together only for a card or voucher that gets another key and nothing else.
fn check_is_renewed_paper(
    account: &Account,
    old: &AccountState,
    change: &Change,
) -> Result<OrganisationId, Rejection> {
    let is_paper = matches!(account.kind(), AccountKind::Card | AccountKind::Voucher);
    let keys_alone = AccountState { keys: change.state.keys.clone(), ..old.clone() } == change.state;
    let is_renewed = is_paper && keys_alone && change.status == AccountStatus::Open;
    let mixed = Rejection::MixedChange { what: Mixed::StateAndStatus };
    old.organisation.filter(|_| is_renewed).ok_or(mixed)
}

fn check_printed_key_is_new(old: &AccountState, new: &AccountState) -> Result<(), Rejection> {
    if old.keys.iter().any(|grant| new.grant(&grant.key).is_some()) {
        return Err(StateFault::OldPrintedKey.of(new.account));
    }
    Ok(())
}

/// The node, as guardian or as registrar, and the organisation that handed the paper out sign together.
fn check_issuer_signs(
    case: &Case<'_>,
    organisation: OrganisationId,
    by_guardian: bool,
) -> Result<(), Rejection> {
    let node = by_guardian || case.signers.has(&case.charter.registrar);
    let have = u64::from(node) + u64::from(case.signers.has_organisation(organisation));
    if have < 2 { Err(Rejection::LacksSigners { who: Who::Issuer, have, need: 2 }) } else { Ok(()) }
}

/// Limit, ceiling, organisation, end and payees: the council, at once.
pub(super) fn change_bounds(case: &Case<'_>, account: &Account, change: &Change) -> Verdict {
    case.signers.only(&[Party::Council])?;
    case.signers.need_council()?;
    check_state(case.standing, &change.state, Some(&case.state(account)), &[], case.now)?;
    // A state that waits is complete: it would bring the old bounds back.
    refuse_while_waiting(case, account)?;

    let mut sheet = named(case, account, change);
    sheet.act(Act::Replace { state: Box::new(change.state.clone()), own: false });
    Ok(sheet.finish())
}

/// Keys, threshold and heir: own manage keys at once, or the council after the recovery delay.
pub(super) fn change_keys(case: &Case<'_>, account: &Account, change: &Change) -> Verdict {
    case.signers.only(&[Party::Account(account, Rights::MANAGE), Party::Council, Party::Auditors])?;
    let by_owner = case.signers.is_owner_or_else_council(account)?;
    if by_owner {
        account.check_awake("account", case.now)?;
    }
    check_state(case.standing, &change.state, Some(&case.state(account)), &[], case.now)?;

    let mut sheet = named(case, account, change);
    let state = Box::new(change.state.clone());
    if by_owner {
        sheet.act(Act::Replace { state, own: true });
        sheet.act(Act::OwnEntry { account: account.id() });
    } else {
        refuse_while_waiting(case, account)?;
        let (effective_at, has_veto) = council_delay(case, account);
        let digest = body_digest(case.entry);
        sheet.act(Act::PendState { state, opens: false, effective_at, has_veto, digest });
    }
    Ok(sheet.finish())
}

/// A sheet whose one line says which state and status the entry names.
fn named(case: &Case<'_>, account: &Account, change: &Change) -> Sheet {
    let mut sheet = case.sheet();
    sheet.mention(account, Some(Reference::State(codec::state_digest(&change.state, change.status))));
    sheet
}
