//! What the books allow: one short function for each kind of entry, read from top to bottom.
//!
//! A function here names the rules that its kind consists of, in the order in which they refuse, and what is written
//! when none of them does; when it returns effects, posting them cannot fail. The rules stand beside, by noun:
//!
//! | file | what it says | kinds |
//! |---|---|---|
//! | `every_entry` | until when an entry may be recorded; sums stay exact | all |
//! | `founding` | who founds, and what comes over from a predecessor | `found` |
//! | `governing` | who changes the charter, and who stops that | `govern`, `veto` |
//! | `attesting` | who says something about the ledger, and who ends it | `attest` |
//! | `opening` | what the registrar may open | `open` |
//! | `changing` | keys, bounds, rest and renewal of an account | `change` |
//! | `waiting` | how long an act on somebody's account waits, and who stops it | `change`, `close`, `veto` |
//! | `closing` | who inherits, and how a balance moves there | `close` |
//! | `earning` | what a budget may issue | `earn` |
//! | `paying` | who pays whom, payment requests, payments without network | `pay` |
//! | `undoing` | what is left of a line, who undoes it, who bears what is lacking | `refund`, `correct` |
//! | `redeeming` | what a merchant may give back, what is settled and retired | `redeem`, `settle`, `retire` |
//!
//! The node, replay, audit and simulation all decide by [`apply`]. In every rule `now` is the record's time.

mod attesting;
mod case;
mod changing;
mod closing;
mod earning;
mod every_entry;
mod founding;
mod governing;
mod opening;
mod paying;
mod redeeming;
#[cfg(test)]
mod tests;
mod undoing;
mod waiting;

use super::chart::{check_credited, check_debited};
use super::effects::{Act, Effects, Reference};
use super::sheet::{CreditAs, total};
use super::signers::{Party, Signers};
use super::soundness::check_charter;
use super::windows::Claim;
use super::{Books, Rejection};
use crate::account::{AccountKind, Rights};
use crate::amount::signed;
use crate::entry::*;
use crate::keys::PublicKey;
use crate::time::Timestamp;
use case::Case;
use changing::Changed;
use every_entry::{check_not_expired, check_sums, check_validity};
use undoing::{Cover, Undone};

pub(super) use waiting::close_digest;

type Verdict = Result<Effects, Rejection>;

/// Decides whether `entry` may be recorded at `now`, and what that changes.
///
/// # Errors
/// The first rule that the entry breaks.
pub fn apply(books: &Books, entry: &VerifiedEntry, now: Timestamp) -> Verdict {
    apply_signed_by(books, entry, entry.signers(), now)
}

/// Decides as if `keys` had signed: for forecasts about entries that wait for signatures.
pub(super) fn apply_signed_by(
    books: &Books,
    entry: &VerifiedEntry,
    keys: &[PublicKey],
    now: Timestamp,
) -> Verdict {
    let Some((charter, charter_base)) = books.standing.charter_in_force(now) else {
        return match &entry.entry().body {
            Body::Found(founding) => found(books, entry, founding, now),
            _ => Err(Rejection::NotFounded),
        };
    };
    check_not_expired(entry.entry(), now)?;
    if books.standing.has_ended() {
        return Err(Rejection::Ended);
    }
    let signers = Signers { keys, standing: &books.standing, charter, now };
    let case =
        &Case { books, standing: &books.standing, entry: entry.entry(), signers, charter, charter_base, now };
    let effects = by_kind(case, &entry.entry().body)?;
    // Last, because it is remembered: only whoever may sign the entry can have it remembered.
    check_validity(entry.entry(), charter, now)?;
    check_sums(case, &effects)?;
    Ok(effects)
}

fn by_kind(case: &Case<'_>, body: &Body) -> Verdict {
    match body {
        Body::Found(_) => Err(Rejection::AlreadyFounded),
        Body::Govern(body) => govern(case, body),
        Body::Open(body) => open(case, body),
        Body::Change(body) => change(case, body),
        Body::Veto(body) => veto(case, body),
        Body::Close(body) => close(case, body),
        Body::Earn(body) => earn(case, body),
        Body::Pay(body) => pay(case, body),
        Body::Refund(body) => refund(case, body),
        Body::Redeem(body) => redeem(case, body),
        Body::Settle(body) => settle(case, body),
        Body::Retire(body) => retire(case, body),
        Body::Correct(body) => correct(case, body),
        Body::Attest(body) => attest(case, body),
    }
}

// ---- the community -------------------------------------------------------------------------------------

/// Founds the ledger: index 0 and nowhere else, signed by every council key.
fn found(books: &Books, entry: &VerifiedEntry, found: &Found, now: Timestamp) -> Verdict {
    check_not_expired(entry.entry(), now)?;
    check_validity(entry.entry(), &found.charter, now)?;
    check_charter(&books.standing, &found.charter, None)?;
    let old_council = founding::check_predecessor(books, found, now)?;
    founding::check_founders(books, entry, found, old_council, now)?;

    Ok(founding::founded(entry, found))
}

/// Replaces the charter after the recovery delay; rescue keys may replace the council alone, after thirty days.
fn govern(case: &Case<'_>, govern: &Govern) -> Verdict {
    case.signers.only(&[Party::Council, Party::Rescue])?;
    let by = governing::check_who_governs(case, &govern.charter)?;
    governing::check_replaces_what_is_in_force(case, govern.base)?;
    check_charter(case.standing, &govern.charter, Some(case.charter))?;

    let mut sheet = case.sheet();
    sheet.act(governing::pending(case, &govern.charter, by));
    Ok(sheet.finish())
}

/// Anchors a document: by the council or an auditor; a snapshot of the books by both, the end of the ledger by the
/// council.
fn attest(case: &Case<'_>, attest: &Attest) -> Verdict {
    case.signers.only(&[Party::Council, Party::Auditors])?;
    attesting::check_who_attests(case, attest.statement)?;
    attesting::check_speaks_of_what_exists(case, attest)?;

    let mut sheet = case.sheet();
    if attest.statement == Statement::AuditNote {
        sheet.act(Act::AnchorNote { size: attest.size, document: attest.document });
    }
    if attest.statement == Statement::Succession {
        attesting::check_ends_as_the_books_stand(case, attest)?;
        sheet.act(Act::End);
    }
    Ok(sheet.finish())
}

// ---- accounts ------------------------------------------------------------------------------------------

/// Opens accounts: by the council, or ordinary ones by the registrar.
fn open(case: &Case<'_>, open: &Open) -> Verdict {
    case.signers.only(&[Party::Council, Party::Registrar])?;
    opening::check_who_opens(case, &open.states)?;
    for state in &open.states {
        opening::check_new(case, state, &open.states)?;
    }

    let mut sheet = case.sheet();
    for state in &open.states {
        opening::write(&mut sheet, state);
    }
    if !case.signers.is_council() {
        sheet.act(Act::CountRegistrar { opens: open.states.len() as u64, freezes: 0 });
    }
    Ok(sheet.finish())
}

/// Changes an account: its status alone, or its state.
fn change(case: &Case<'_>, change: &Change) -> Verdict {
    let account = case.account("account", &change.state.account)?;
    changing::check_has_a_say(case, account)?;
    changing::check_kind_stays(account, change)?;
    match changing::what_changes(case, account, change)? {
        Changed::PutToRest => changing::put_to_rest(case, account, change),
        Changed::Woken => changing::wake(case, account, change),
        Changed::Reopened => changing::reopen(case, account, change),
        Changed::Bounds => changing::change_bounds(case, account, change),
        Changed::Keys => changing::change_keys(case, account, change),
    }
}

/// Stops what waits: a manage key of the account; for a charter an auditor, or the council against rescue keys.
fn veto(case: &Case<'_>, veto: &Veto) -> Verdict {
    let charter = case.standing.waiting_charter(case.now).filter(|waiting| waiting.index == veto.index);
    let mut sheet = case.sheet();
    match charter {
        Some(waiting) => {
            governing::check_who_vetoes(case, waiting)?;
            sheet.act(Act::VetoCharter);
        }
        None => {
            let account = waiting::check_veto(case, veto.index)?;
            sheet.mention(account, None);
            sheet.act(Act::VetoAccount { account: account.id() });
            sheet.act(Act::OwnEntry { account: account.id() });
        }
    }
    Ok(sheet.finish())
}

/// Closes an account: own manage keys at once; the council at once without balance, else announced first.
fn close(case: &Case<'_>, close: &Close) -> Verdict {
    let account = case.account("account", &close.account)?;
    let by_owner = closing::check_who_closes(case, account, &close.heir)?;
    let heir = case.account("heir", &close.heir)?;
    closing::check_heir(case, account, heir)?;
    if by_owner {
        account.check_awake("account", case.now)?;
    } else {
        closing::check_council_closes_to(case, account, heir)?;
        if account.balance() != 0 && !closing::is_announced(case, account, heir)? {
            return Ok(closing::announced(case, account, heir));
        }
    }

    let mut sheet = case.sheet();
    closing::move_balance(case, &mut sheet, account, heir)?;
    sheet.act(Act::Close { account: account.id(), heir: heir.id() });
    Ok(sheet.finish())
}

// ---- credits -------------------------------------------------------------------------------------------

/// Issues credits from a budget to a group.
fn earn(case: &Case<'_>, earn: &Earn) -> Verdict {
    let budget = case.account("budget", &earn.budget)?;
    check_debited(Kind::Earn, "budget", budget.kind())?;
    let state = case.state(budget);
    let parties = [Party::Account(budget, Rights::SPEND), Party::OtherOrganisations(state.organisation)];
    case.signers.only(&parties)?;
    let sum = case::sum_of(earn.payees.iter().map(|(_, amount)| *amount), budget)?;
    case.signers.need_account(budget, Rights::SPEND, sum)?;
    earning::check_second_organisation(case, &state, sum)?;
    budget.check_awake("budget", case.now)?;
    earning::check_budget_runs(budget, &state, case.now)?;

    let mut sheet = case.sheet();
    let reference = earn.task.map(Reference::Task);
    sheet.debit(budget, sum.minor(), reference)?;
    for (payee, amount) in &earn.payees {
        let payee = case.account("payees", payee)?;
        check_credited(Kind::Earn, "payees", payee.kind())?;
        sheet.credit(payee, amount.minor(), reference, CreditAs::Payment)?;
    }
    undoing::remember(case, &mut sheet, Kind::Earn, budget, earn.payees.iter().copied());
    if let Some(organisation) = state.organisation {
        sheet.act(Act::CountIssued { organisation, amount: sum.minor() });
    }
    sheet.circulation.issued = signed(sum.minor());
    Ok(sheet.finish())
}

/// Moves credits from one account to others.
fn pay(case: &Case<'_>, pay: &Pay) -> Verdict {
    let from = case.account("from", &pay.from)?;
    check_debited(Kind::Pay, "from", from.kind())?;
    let sum = paying::check_payer_signs(case, from, pay)?;
    paying::check_pays_others(from, pay)?;
    from.check_awake("from", case.now)?;
    paying::check_late(case, pay)?;

    let mut sheet = case.sheet();
    sheet.debit(from, sum.minor(), None).map_err(|refusal| paying::bearers_hear(pay, refusal))?;
    for (at, line) in pay.payees.iter().enumerate() {
        let payee = paying::check_payee(case, from, line)?;
        paying::check_request(case, &pay.payees[..at], line)?;
        paying::credit(&mut sheet, payee, line)?;
    }
    let lines = pay.payees.iter().map(|line| (line.to, line.amount));
    undoing::remember(case, &mut sheet, Kind::Pay, from, lines);
    Ok(sheet.finish())
}

/// Gives back a payment, or what is left of it, by its payee.
fn refund(case: &Case<'_>, refund: &Refund) -> Verdict {
    let (row, line) = undoing::paid_line(case, refund)?;
    let payee = undoing::check_payee_refunds(case, refund, &line)?;
    undoing::check_window(case, refund.index, row.recorded_at, case.charter.policy.refund_window)?;
    undoing::check_left(refund.index, refund.line, line.left, refund.amount.minor())?;
    payee.check_awake("line", case.now)?;
    if payee.kind() == AccountKind::Budget {
        earning::check_budget_runs(payee, &case.state(payee), case.now)?;
    }
    let payer = case.standing.successor(&row.origin)?;

    let mut sheet = case.sheet();
    let amount = refund.amount.minor();
    let reference = Some(Reference::Line { index: refund.index, line: refund.line });
    sheet.debit(payee, amount, reference)?;
    sheet.credit(payer, amount, reference, CreditAs::Reversal)?;
    sheet.act(Act::Reverse { index: refund.index, line: refund.line, amount });
    sheet.act(Act::OwnEntry { account: payee.id() });
    if payee.kind() == AccountKind::Budget {
        sheet.circulation.returned = -signed(amount);
    }
    Ok(sheet.finish())
}

/// A merchant gives back credits that it holds, at the policy's rate.
fn redeem(case: &Case<'_>, redeem: &Redeem) -> Verdict {
    let merchant = case.account("merchant", &redeem.merchant)?;
    check_debited(Kind::Redeem, "merchant", merchant.kind())?;
    case.signers.only(&[Party::Account(merchant, Rights::REDEEM)])?;
    case.signers.need_account(merchant, Rights::REDEEM, redeem.amount.into())?;
    merchant.check_awake("merchant", case.now)?;
    redeeming::check_rate(case, redeem.rate)?;
    redeeming::check_holds(merchant, redeem.amount)?;
    let settlement = case.settlement()?;

    let mut sheet = case.sheet();
    let amount = redeem.amount.minor();
    sheet.debit(merchant, amount, None)?;
    sheet.credit(settlement, amount, None, CreditAs::Payment)?;
    let claim = Claim { merchant: merchant.id(), recorded_at: case.now, left: amount };
    sheet.act(Act::Claim { claim });
    sheet.act(Act::OwnEntry { account: merchant.id() });
    sheet.circulation.redeemed = signed(amount);
    Ok(sheet.finish())
}

/// Records that claims were paid in euro, each once.
fn settle(case: &Case<'_>, settle: &Settle) -> Verdict {
    case.signers.only(&[Party::Council])?;
    case.signers.need_council()?;

    let mut sheet = case.sheet();
    for index in &settle.redeems {
        let claim = redeeming::open_claim(case, *index)?;
        let merchant = case.standing.successor(&claim.merchant)?;
        sheet.mention(merchant, Some(Reference::Line { index: *index, line: 0 }));
        sheet.act(Act::Settle { index: *index });
        sheet.circulation.settled += signed(claim.left);
    }
    Ok(sheet.finish())
}

/// Takes credits that were settled off the budget that issued them.
fn retire(case: &Case<'_>, retire: &Retire) -> Verdict {
    case.signers.only(&[Party::Council])?;
    case.signers.need_council()?;
    let budget = case.account("budget", &retire.budget)?;
    check_credited(Kind::Retire, "budget", budget.kind())?;
    redeeming::check_settled(case, retire.amount)?;
    let settlement = case.settlement()?;

    let mut sheet = case.sheet();
    let amount = retire.amount.minor();
    sheet.debit(settlement, amount, None)?;
    sheet.credit(budget, amount, None, CreditAs::Reversal)?;
    sheet.circulation.retired = signed(amount);
    Ok(sheet.finish())
}

/// Undoes lines of an earlier entry, each apart, without taking anybody below zero.
fn correct(case: &Case<'_>, correct: &Correct) -> Verdict {
    let undone = Undone::find(case, correct)?;
    let named = correct.cover.map(|cover| case.account("cover", &cover)).transpose()?;
    undoing::check_who_corrects(case, correct, &undone, named)?;
    let cover = Cover::of(named, &undone)?;

    let mut sheet = case.sheet();
    let mut covered = 0;
    for (line, amount) in &correct.lines {
        covered += undone.undo_line(case, &mut sheet, &cover, *line, amount.minor())?;
    }
    cover.check_signs(case, total(covered))?;
    Ok(sheet.finish())
}
