//! Payments: who signs for the payer, who may be paid, requests that are paid once, payments without network.

use super::case::{Case, sum_of};
use crate::account::{AccountKind, Rights};
use crate::amount::{Total, signed};
use crate::books::chart::check_credited;
use crate::books::effects::{Act, Reference};
use crate::books::reason::LateFault;
use crate::books::sheet::{CreditAs, Sheet};
use crate::books::signers::Party;
use crate::books::{Account, Rejection, Who};
use crate::entry::{Kind, Pay, PayLine};

/// The payer's spend keys sign; for a card its printed key and the guardian. Returns the sum that is paid.
pub(super) fn check_payer_signs(case: &Case<'_>, from: &Account, pay: &Pay) -> Result<Total, Rejection> {
    let is_card = from.kind() == AccountKind::Card;
    let guardian: &[Party<'_>] = if is_card { &[Party::Guardian] } else { &[] };
    case.signers.only(&[&[Party::Account(from, Rights::SPEND)], guardian].concat())?;
    let sum = sum_of(pay.payees.iter().map(|line| line.amount), from)?;
    case.signers.need_account(from, Rights::SPEND, sum)?;
    if is_card && !case.signers.has(&case.charter.guardian) {
        return Err(Rejection::LacksSigners { who: Who::Guardian, have: 1, need: 2 });
    }
    Ok(sum)
}

/// Nobody pays themselves.
pub(super) fn check_pays_others(from: &Account, pay: &Pay) -> Result<(), Rejection> {
    if pay.payees.iter().any(|line| line.to == from.id()) {
        return Err(Rejection::SameAccount { account: from.id() });
    }
    Ok(())
}

/// A payment shown without network has one line and no memo, and stays below the cap.
pub(super) fn check_late(case: &Case<'_>, pay: &Pay) -> Result<(), Rejection> {
    if !pay.late {
        return Ok(());
    }
    let [line] = &pay.payees[..] else {
        return Err(Rejection::LateForm { what: LateFault::SeveralPayees });
    };
    if case.entry.memo.is_some() {
        return Err(Rejection::LateForm { what: LateFault::Memo });
    }
    let (cap, amount) = (case.charter.policy.offline_cap, Total::from(line.amount));
    if amount > cap { Err(Rejection::LateCap { cap, amount }) } else { Ok(()) }
}

/// A promise is sent on by whoever was shown it: that one hears no figures of the payer's.
pub(super) fn bearers_hear(pay: &Pay, refusal: Rejection) -> Rejection {
    match refusal {
        Rejection::InsufficientCredits { .. } if pay.late => Rejection::PromiseNotCovered,
        _ => refusal,
    }
}

/// The chart lets the payee receive; a fund pays whom it names; after its end a voucher goes home.
pub(super) fn check_payee<'a>(
    case: &Case<'a>,
    from: &Account,
    line: &PayLine,
) -> Result<&'a Account, Rejection> {
    let payee = case.account("to", &line.to)?;
    check_credited(Kind::Pay, "to", payee.kind())?;
    check_fund_pays(case, from, payee)?;
    check_voucher_goes_home(case, from, payee)?;
    Ok(payee)
}

/// A fund that names its payees gives to no others, in whatever way.
pub(super) fn check_fund_pays(case: &Case<'_>, fund: &Account, to: &Account) -> Result<(), Rejection> {
    match &case.state(fund).payees {
        Some(payees) if !payees.contains(&to.id()) => {
            Err(Rejection::NotAPayee { from: fund.id(), to: to.id() })
        }
        _ => Ok(()),
    }
}

/// After its end a voucher moves only to its heir, or to whoever took that one's place.
fn check_voucher_goes_home(case: &Case<'_>, from: &Account, payee: &Account) -> Result<(), Rejection> {
    let state = case.state(from);
    let ended = state.until.filter(|until| from.kind() == AccountKind::Voucher && until.has_passed(case.now));
    let Some(until) = ended else { return Ok(()) };
    let heir = state.heir.map(|heir| case.standing.successor(&heir)).transpose()?;
    if heir.is_some_and(|heir| heir.id() == payee.id()) {
        return Ok(());
    }
    Err(Rejection::VoucherEnded { voucher: from.id(), until })
}

/// A request is paid at most once, by a payment that expires no later than the request.
pub(super) fn check_request(case: &Case<'_>, earlier: &[PayLine], line: &PayLine) -> Result<(), Rejection> {
    let Some(request) = line.request else { return Ok(()) };
    let (expires_at, until) = (case.entry.expires_at, request.until);
    if expires_at > until {
        return Err(Rejection::RequestOutlived { expires_at, until });
    }
    let latest = case.now.after(case.charter.policy.other_validity);
    if until.millis() > latest.millis() {
        return Err(Rejection::RequestTooLong { until, latest });
    }
    let twice_here = earlier.iter().any(|e| e.to == line.to && e.request.is_some_and(|r| r.id == request.id));
    if twice_here || case.books.windows.request_is_paid(line.to, request.id, case.now) {
        return Err(Rejection::RequestPaid { request: request.id });
    }
    Ok(())
}

/// Gives the payee its line; what a budget receives has returned from circulation.
pub(super) fn credit(sheet: &mut Sheet, payee: &Account, line: &PayLine) -> Result<(), Rejection> {
    let reference = line.request.map(|request| Reference::Request(request.id));
    sheet.credit(payee, line.amount.minor(), reference, CreditAs::Payment)?;
    if payee.kind() == AccountKind::Budget {
        sheet.circulation.returned += signed(line.amount.minor());
    }
    if let Some(request) = line.request {
        sheet.act(Act::PayRequest { payee: payee.id(), request: request.id, until: request.until });
    }
    Ok(())
}
