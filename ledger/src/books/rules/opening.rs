//! Opening accounts: what the registrar may do alone, and what a new account is.

use super::case::Case;
use crate::account::{AccountKind, AccountState, AccountStatus};
use crate::books::Rejection;
use crate::books::effects::{Act, Reference};
use crate::books::reason::{RegistrarAct, RegistrarFault};
use crate::books::sheet::Sheet;
use crate::books::soundness::check_state;
use crate::charter::Joining;
use crate::entry::codec;

/// The council opens anything; the registrar members at exactly the default limit, cards and vouchers, so many a day.
pub(super) fn check_who_opens(case: &Case<'_>, states: &[AccountState]) -> Result<(), Rejection> {
    if case.signers.is_council() {
        return Ok(());
    }
    if !case.signers.has(&case.charter.registrar) {
        return Err(case.signers.lacks_council());
    }
    for state in states {
        check_registrar_may_open(case, state)?;
    }
    let (limit, done) = (case.charter.policy.registrar_opens, case.books.windows.registrar_opens(case.now));
    if done + states.len() as u64 > limit {
        return Err(Rejection::RegistrarDay { what: RegistrarAct::Open, limit, done });
    }
    Ok(())
}

fn check_registrar_may_open(case: &Case<'_>, state: &AccountState) -> Result<(), Rejection> {
    let policy = &case.charter.policy;
    match state.kind {
        AccountKind::Member if policy.joining == Joining::ByCouncil => {
            Err(RegistrarFault::MembersByCouncil.of(state.account))
        }
        AccountKind::Member if state.limit != policy.member_limit => {
            Err(RegistrarFault::OtherLimit.of(state.account))
        }
        AccountKind::Member | AccountKind::Card | AccountKind::Voucher => Ok(()),
        _ => Err(RegistrarFault::OpensOtherKind.of(state.account)),
    }
}

/// The id is new, and the state fits its kind and the accounts that are there or opened with it.
pub(super) fn check_new(
    case: &Case<'_>,
    state: &AccountState,
    opened_too: &[AccountState],
) -> Result<(), Rejection> {
    if case.standing.account(&state.account).is_some() {
        return Err(Rejection::AccountExists { account: state.account });
    }
    check_state(case.standing, state, None, opened_too, case.now)
}

/// Writes the first line of a new account, and the account.
pub(super) fn write(sheet: &mut Sheet, state: &AccountState) {
    let digest = codec::state_digest(state, AccountStatus::Open);
    sheet.mention_new(state.account, Some(Reference::State(digest)));
    sheet.act(Act::Open { state: Box::new(state.clone()) });
}

#[cfg(test)]
mod tests {
    use crate::account::{AccountKind, AccountState};
    use crate::testing::*;

    #[test]
    fn an_account_id_is_never_used_twice_not_even_the_settlements() {
        let w = &mut World::new();
        let id = w.books.standing().community().unwrap().settlement;
        assert_eq!(
            code(w.open(vec![AccountState { account: id, ..state("x", AccountKind::Member) }], COUNCIL)),
            "account_exists"
        );
    }
}
