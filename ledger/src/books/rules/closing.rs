//! Closing an account: who may, who inherits, when the council announces it first, how the balance moves.

use super::case::Case;
use super::paying::check_fund_pays;
use super::waiting::council_delay;
use crate::account::{AccountKind, Rights};
use crate::books::chart::{check_debited, may_inherit};
use crate::books::effects::{Act, Effects};
use crate::books::sheet::{CreditAs, Sheet, total};
use crate::books::signers::Party;
use crate::books::{Account, Kinds, Rejection, Waiting, WaitingFor};
use crate::entry::Kind;
use crate::id::AccountId;

/// The account's own manage keys, or the council; the heir may sign too. Returns whether its owner closes it.
pub(super) fn check_who_closes(
    case: &Case<'_>,
    account: &Account,
    heir: &AccountId,
) -> Result<bool, Rejection> {
    // Always asked, so that the answer does not tell strangers whether the balance is below zero.
    let heir = case.standing.account(heir).map(|heir| Party::Account(heir, Rights::SPEND));
    let parties = [Party::Account(account, Rights::MANAGE), Party::Council, Party::Auditors];
    case.signers.only(&parties.into_iter().chain(heir).collect::<Vec<_>>())?;
    case.signers.is_owner_or_else_council(account)
}

/// Who may inherit; a debt only whoever may be debited by its own keys alone, and for whom it may be.
pub(super) fn check_heir(case: &Case<'_>, account: &Account, heir: &Account) -> Result<(), Rejection> {
    check_debited(Kind::Close, "account", account.kind())?;
    if account.id() == heir.id() {
        return Err(Rejection::SameAccount { account: account.id() });
    }
    let owes = account.balance() < 0;
    // A card is debited with its guardian, never by the printed key alone.
    let may = |kind: AccountKind| may_inherit(kind, account.kind()) && !(owes && kind == AccountKind::Card);
    if !may(heir.kind()) {
        let allowed = Kinds(AccountKind::ALL.iter().copied().filter(|kind| may(*kind)).collect());
        let (field, kind, found) = ("heir", Kind::Close, heir.kind());
        return Err(Rejection::WrongAccountKind { field, kind, found, allowed });
    }
    match account.balance() {
        0 => Ok(()),
        ..0 => check_fund_pays(case, heir, account),
        1.. => check_fund_ends_with(case, account, heir),
    }
}

/// A fund that names its payees leaves what it has to one of them, or to a fund that hands out to no others.
fn check_fund_ends_with(case: &Case<'_>, fund: &Account, heir: &Account) -> Result<(), Rejection> {
    let (own, other) = (case.state(fund), case.state(heir));
    match (&own.payees, &other.payees) {
        (Some(own), Some(other)) if other.iter().all(|payee| own.contains(payee)) => Ok(()),
        _ => check_fund_pays(case, fund, heir),
    }
}

/// The council closes only to the heir that the account names, else to the policy's fund.
pub(super) fn check_council_closes_to(
    case: &Case<'_>,
    account: &Account,
    heir: &Account,
) -> Result<(), Rejection> {
    let successor = |heir| case.standing.successor(&heir).map(Account::id);
    let own = case.state(account).heir.map(successor).transpose()?;
    // Two who name each other: when one is closed, the other would be its own heir, which is none.
    let own = own.filter(|heir| *heir != account.id());
    let fund = case.charter.policy.heir_fund.map(successor).transpose()?;
    let expected = own.or(fund).ok_or(Rejection::NoHeir { account: account.id() })?;
    if expected == heir.id() {
        Ok(())
    } else {
        Err(Rejection::NotTheHeir { account: account.id(), heir: expected })
    }
}

/// Whether the council announced exactly this close, and long enough ago.
pub(super) fn is_announced(case: &Case<'_>, account: &Account, heir: &Account) -> Result<bool, Rejection> {
    match account.waiting(case.now) {
        None => Ok(false),
        Some(Waiting { index, effective_at, what: WaitingFor::Close { heir: announced }, .. }) => {
            if *announced != heir.id() {
                // The heir has changed since: another announcement takes the place of this one.
                Ok(false)
            } else if *effective_at <= case.now {
                Ok(true)
            } else {
                Err(Rejection::CloseWaits { index: *index, effective_at: *effective_at })
            }
        }
        Some(waiting) => {
            Err(Rejection::PendingExists { index: waiting.index, effective_at: waiting.effective_at })
        }
    }
}

/// The close waits: it is recorded once more when the delay is over.
pub(super) fn announced(case: &Case<'_>, account: &Account, heir: &Account) -> Effects {
    let (effective_at, has_veto) = council_delay(case, account);
    let mut sheet = case.sheet();
    sheet.mention(account, None);
    sheet.act(Act::PendClose { account: account.id(), heir: heir.id(), effective_at, has_veto });
    sheet.finish()
}

/// Moves what the account has to its heir; a debt is paid by the heir, who signs for it.
pub(super) fn move_balance(
    case: &Case<'_>,
    sheet: &mut Sheet,
    account: &Account,
    heir: &Account,
) -> Result<(), Rejection> {
    let moved = account.balance().unsigned_abs();
    match account.balance() {
        0 => sheet.mention(account, None),
        1.. => {
            sheet.take(account, moved, None)?;
            sheet.credit(heir, moved, None, CreditAs::Reversal)?;
        }
        ..0 => {
            case.signers.need_account(heir, Rights::SPEND, total(moved))?;
            heir.check_awake("heir", case.now)?;
            sheet.debit(heir, moved, None)?;
            sheet.credit(account, moved, None, CreditAs::Reversal)?;
        }
    }
    // Only a move between a budget and an account that is none changes what is in circulation.
    if (account.kind() == AccountKind::Budget) != (heir.kind() == AccountKind::Budget) {
        sheet.circulation.returned = account.balance().abs();
    }
    Ok(())
}
