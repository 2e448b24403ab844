//! Undoing: which lines can be refunded or corrected, how much of them is left, by whom, who bears what is lacking.

use super::case::Case;
use super::paying::check_fund_pays;
use crate::account::{AccountKind, Rights};
use crate::amount::{Amount, Total, signed};
use crate::books::effects::{Act, CirculationChange, Reference};
use crate::books::sheet::{CreditAs, Sheet, total};
use crate::books::signers::Party;
use crate::books::windows::{Claim, Row, RowLine};
use crate::books::{Account, Rejection};
use crate::entry::{Correct, Kind, Refund};
use crate::id::AccountId;
use crate::limits::OWN_CORRECTION_MS;
use crate::time::{Seconds, Timestamp};

/// Remembers the payees' lines of an entry of `origin`, so that each can be undone.
pub(super) fn remember(
    case: &Case<'_>,
    sheet: &mut Sheet,
    kind: Kind,
    origin: &Account,
    payees: impl Iterator<Item = (AccountId, Amount)>,
) {
    let lines = payees.map(|(account, amount)| RowLine { account, left: amount.minor() }).collect();
    sheet.act(Act::Remember { row: Row { kind, origin: origin.id(), recorded_at: case.now, lines } });
    sheet.act(Act::OwnEntry { account: origin.id() });
}

// ---- refunds -------------------------------------------------------------------------------------------

/// Returns the payment that a refund names, and its line.
pub(super) fn paid_line<'a>(case: &Case<'a>, refund: &Refund) -> Result<(&'a Row, RowLine), Rejection> {
    let unknown = Rejection::NoSuchLine { index: refund.index, line: refund.line };
    let row = case.books.windows.rows.get(&refund.index).filter(|row| row.kind == Kind::Pay);
    row.and_then(|row| Some((row, row.line(refund.line)?))).ok_or(unknown)
}

/// One refund key of the payee signs. To whoever is not its payee, a line that exists looks like one that does not.
pub(super) fn check_payee_refunds<'a>(
    case: &Case<'a>,
    refund: &Refund,
    line: &RowLine,
) -> Result<&'a Account, Rejection> {
    let unknown = Rejection::NoSuchLine { index: refund.index, line: refund.line };
    let payee = case.account("line", &line.account).map_err(|_| unknown.clone())?;
    let parties = [Party::Account(payee, Rights::REFUND)];
    case.signers.only(&parties).map_err(|refusal| strangers_hear(refusal, unknown))?;
    case.signers.need_one(payee, Rights::REFUND, refund.amount.into())?;
    Ok(payee)
}

// ---- corrections ---------------------------------------------------------------------------------------

/// The entry that a correction undoes.
pub(super) struct Undone<'a> {
    index: u64,
    /// Where its credits came from, or who took that account's place.
    origin: &'a Account,
    /// The budget that issued them, for an `earn`.
    issuer: Option<&'a Account>,
    recorded_at: Timestamp,
    what: What<'a>,
}

enum What<'a> {
    Row(&'a Row),
    Claim(&'a Claim, &'a Account),
}

/// Who bears what a payee no longer has.
pub(super) enum Cover<'a> {
    Nobody,
    Fund(&'a Account),
    /// "A mistake of ours is ours": the part that was spent stays with the place that issued it.
    Issuer,
}

impl<'a> Undone<'a> {
    /// Looks up the entry: an `earn` or `pay` of which lines are left, or a claim that waits for its euro.
    pub fn find(case: &Case<'a>, correct: &Correct) -> Result<Self, Rejection> {
        let index = correct.index;
        if let Some(row) = case.books.windows.rows.get(&index) {
            let origin = case.standing.successor(&row.origin)?;
            let issuer = (row.kind == Kind::Earn).then(|| case.standing.account(&row.origin)).flatten();
            return Ok(Self { index, origin, issuer, recorded_at: row.recorded_at, what: What::Row(row) });
        }
        let line = correct.lines[0].0;
        let claim = case.standing.claims.get(&index).ok_or(Rejection::NoSuchLine { index, line })?;
        let origin = case.standing.successor(&claim.merchant)?;
        let what = What::Claim(claim, case.settlement()?);
        Ok(Self { index, origin, issuer: None, recorded_at: claim.recorded_at, what })
    }

    /// Undoes one line: takes back what its payee still has, and the rest from the cover; returns what a fund bears.
    pub fn undo_line(
        &self,
        case: &Case<'a>,
        sheet: &mut Sheet,
        cover: &Cover<'_>,
        line: u64,
        amount: u64,
    ) -> Result<u64, Rejection> {
        let found = self.line(line).ok_or(Rejection::NoSuchLine { index: self.index, line })?;
        let payee = case.standing.successor(&found.account)?;
        check_left(self.index, line, found.left, amount)?;
        let reference = Some(Reference::Line { index: self.index, line });
        let taken = amount.min(sheet.left_to_take_back(payee));
        if taken > 0 {
            sheet.take(payee, taken, reference)?;
        }
        let covered = match (amount - taken, cover) {
            (0, _) | (_, Cover::Issuer) => 0,
            (lacking, Cover::Fund(fund)) => {
                // Whoever does not speak for the fund hears nothing about it.
                case.signers.need_account(fund, Rights::SPEND, Total::ZERO)?;
                check_fund_pays(case, fund, self.origin)?;
                sheet.debit(fund, lacking, reference)?;
                lacking
            }
            (_, Cover::Nobody) => {
                let (index, available, requested) = (self.index, total(taken), total(amount));
                return Err(Rejection::PayeeLacks { index, line, available, requested });
            }
        };
        let given = taken + covered;
        if given > 0 {
            sheet.credit(self.origin, given, reference, CreditAs::Reversal)?;
        }
        self.count(&mut sheet.circulation, payee, signed(taken), signed(given));
        sheet.act(self.reverse(line, amount));
        Ok(covered)
    }

    /// Returns a line of it; the claim of a redeem is its line 0.
    fn line(&self, line: u64) -> Option<RowLine> {
        match self.what {
            What::Row(row) => row.line(line),
            What::Claim(claim, settlement) => {
                (line == 0).then(|| RowLine { account: settlement.id(), left: claim.left })
            }
        }
    }

    fn reverse(&self, line: u64, amount: u64) -> Act {
        match self.what {
            What::Row(_) => Act::Reverse { index: self.index, line, amount },
            What::Claim(..) => Act::ReverseClaim { index: self.index, amount },
        }
    }

    /// Counts what was undone in the sums that it was counted in.
    fn count(&self, circulation: &mut CirculationChange, payee: &Account, taken: i64, given: i64) {
        if matches!(self.what, What::Claim(..)) {
            circulation.redeemed -= given;
        }
        if self.origin.kind() == AccountKind::Budget {
            circulation.issued -= given;
        }
        if payee.kind() == AccountKind::Budget {
            circulation.returned -= taken;
        }
    }
}

impl<'a> Cover<'a> {
    /// Reads the account that is named as cover: a fund, or the budget that issued what is undone.
    pub fn of(named: Option<&'a Account>, undone: &Undone<'_>) -> Result<Self, Rejection> {
        match named {
            None => Ok(Self::Nobody),
            Some(fund) if fund.kind() == AccountKind::Fund => Ok(Self::Fund(fund)),
            Some(budget) if undone.issuer.is_some_and(|issuer| issuer.id() == budget.id()) => {
                Ok(Self::Issuer)
            }
            Some(other) => Err(Rejection::WrongCover { cover: other.id() }),
        }
    }

    /// A fund that bears something is awake, and its own keys sign for the sum.
    pub fn check_signs(&self, case: &Case<'_>, covered: Total) -> Result<(), Rejection> {
        match self {
            Self::Fund(fund) if covered > Total::ZERO => {
                fund.check_awake("cover", case.now)?;
                case.signers.need_account(fund, Rights::SPEND, covered)
            }
            _ => Ok(()),
        }
    }
}

/// The budget that issued corrects within a day; the council within its window.
///
/// A fund that covers signs besides; to whoever has no say, a line that exists looks like one that does not.
pub(super) fn check_who_corrects(
    case: &Case<'_>,
    correct: &Correct,
    undone: &Undone<'_>,
    cover: Option<&Account>,
) -> Result<(), Rejection> {
    let fund = cover.filter(|cover| cover.kind() == AccountKind::Fund);
    let accounts = undone.issuer.into_iter().chain(fund);
    let accounts = accounts.map(|account| Party::Account(account, Rights::SPEND));
    let parties: Vec<Party<'_>> = accounts.chain([Party::Council]).collect();
    let unknown = Rejection::NoSuchLine { index: correct.index, line: correct.lines[0].0 };
    case.signers.only(&parties).map_err(|refusal| strangers_hear(refusal, unknown))?;
    if let Some(issuer) = undone.issuer
        && case.now.millis_since(undone.recorded_at) < OWN_CORRECTION_MS
        && issuer.closed_to().is_none()
        && case.signers.is_account(issuer, Rights::SPEND)
    {
        return issuer.check_awake("index", case.now).map(drop);
    }
    case.signers.need_council()?;
    check_window(case, correct.index, undone.recorded_at, case.charter.policy.correction_window)
}

// ---- both ----------------------------------------------------------------------------------------------

/// Not too long ago.
pub(super) fn check_window(
    case: &Case<'_>,
    index: u64,
    recorded_at: Timestamp,
    window: Seconds,
) -> Result<(), Rejection> {
    if case.now.is_within(window, recorded_at) {
        return Ok(());
    }
    Err(Rejection::WindowPassed { index, recorded_at, until: recorded_at.after(window) })
}

/// Not more than is left of the line.
pub(super) fn check_left(index: u64, line: u64, left: u64, requested: u64) -> Result<(), Rejection> {
    if requested <= left {
        return Ok(());
    }
    Err(Rejection::LineUsedUp { index, line, left: total(left), requested: total(requested) })
}

/// What somebody hears whose key has nothing to do with the entry that should be undone.
fn strangers_hear(refusal: Rejection, unknown: Rejection) -> Rejection {
    if matches!(refusal, Rejection::KeyNotAllowed { .. }) { unknown } else { refusal }
}
