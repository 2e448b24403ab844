//! The chart of accounts: which kinds of account may stand on which side of which kind of entry.
//!
//! One table; `docs/spec/chart.md` is printed from it by a test.

use super::rejection::Rejection;
use super::who::Kinds;
use crate::account::AccountKind::{self, *};
use crate::entry::Kind;

/// One row of the chart: a kind of entry that posts.
pub struct ChartRow {
    /// The kind of entry.
    pub kind: Kind,
    /// Accounts that may be debited.
    pub debited: &'static [AccountKind],
    /// Accounts that may be credited.
    pub credited: &'static [AccountKind],
    /// Who signs, in words.
    pub signed_by: &'static str,
}

const HOLDERS: &[AccountKind] = &[Member, Merchant, Fund, Card, Voucher];
const HOLDERS_AND_BUDGET: &[AccountKind] = &[Member, Merchant, Fund, Card, Voucher, Budget];
const ALL_BUT_PARTNER: &[AccountKind] = &[Member, Merchant, Fund, Card, Voucher, Budget, Settlement];

/// Every kind of entry that posts, in the order of their numbers.
pub const CHART: &[ChartRow] = &[
    ChartRow {
        kind: Kind::Close,
        debited: HOLDERS_AND_BUDGET,
        credited: HOLDERS_AND_BUDGET,
        signed_by: "own manage keys; or the council, after the delay; below zero the heir's spend keys besides",
    },
    ChartRow {
        kind: Kind::Earn,
        debited: &[Budget],
        credited: HOLDERS,
        signed_by: "the budget's spend keys; above the organisation's day amount also another organisation",
    },
    ChartRow {
        kind: Kind::Pay,
        debited: HOLDERS,
        credited: HOLDERS_AND_BUDGET,
        signed_by: "the payer's spend keys; for a card its printed key and the guardian",
    },
    ChartRow {
        kind: Kind::Refund,
        debited: HOLDERS_AND_BUDGET,
        credited: HOLDERS,
        signed_by: "one refund key of the payee of that line",
    },
    ChartRow {
        kind: Kind::Redeem,
        debited: &[Merchant],
        credited: &[Settlement],
        signed_by: "the merchant's redeem keys",
    },
    ChartRow { kind: Kind::Retire, debited: &[Settlement], credited: &[Budget], signed_by: "the council" },
    ChartRow {
        kind: Kind::Correct,
        debited: ALL_BUT_PARTNER,
        credited: HOLDERS_AND_BUDGET,
        signed_by: "the issuing budget's spend keys within a day, or the council within its window; a covering fund besides",
    },
];

/// Checks that `account` may be debited by an entry of `kind`.
pub(super) fn check_debited(kind: Kind, field: &'static str, account: AccountKind) -> Result<(), Rejection> {
    check(kind, field, account, |row| row.debited)
}

/// Checks that `account` may be credited by an entry of `kind`.
pub(super) fn check_credited(kind: Kind, field: &'static str, account: AccountKind) -> Result<(), Rejection> {
    check(kind, field, account, |row| row.credited)
}

fn check(
    kind: Kind,
    field: &'static str,
    found: AccountKind,
    side: impl Fn(&ChartRow) -> &'static [AccountKind],
) -> Result<(), Rejection> {
    let allowed = CHART.iter().find(|row| row.kind == kind).map_or(&[][..], side);
    if allowed.contains(&found) {
        return Ok(());
    }
    let allowed = Kinds(allowed.to_vec());
    Err(Rejection::WrongAccountKind { field, kind, found, allowed })
}

/// Returns whether an account of kind `heir` may inherit from one of kind `of`.
pub(super) fn may_inherit(heir: AccountKind, of: AccountKind) -> bool {
    match of {
        Budget => matches!(heir, Budget | Fund),
        Settlement | Partner => false,
        Member | Merchant | Fund | Card | Voucher => matches!(heir, Member | Merchant | Fund | Card),
    }
}
