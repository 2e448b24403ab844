//! What entries of a test say, in one line each.

use super::{World, account, grant, minor, request};
use crate::account::{AccountState, Rights};
use crate::amount::Rate;
use crate::entry::*;
use crate::id::Digest;
use crate::time::Deadline;

/// Returns an `earn` for having helped.
pub fn earn(budget: &str, payees: &[(&str, u64)]) -> Body {
    let payees = payees.iter().map(|(name, amount)| (account(name), minor(*amount))).collect();
    Body::Earn(Earn { budget: account(budget), reason: EarnReason::Helped, task: None, payees })
}

/// Returns a `pay` that answers no request.
pub fn pay(from: &str, payees: &[(&str, u64)]) -> Body {
    let line =
        |(to, amount): &(&str, u64)| PayLine { to: account(to), amount: minor(*amount), request: None };
    Body::Pay(Pay { from: account(from), payees: payees.iter().map(line).collect(), late: false })
}

/// Returns a `pay` that answers the request `name`, which lasts until `until`.
pub fn requested(from: &str, to: &str, amount: u64, name: &str, until: Deadline) -> Body {
    let request = Some(RequestRef { id: request(name), until });
    let payees = vec![PayLine { to: account(to), amount: minor(amount), request }];
    Body::Pay(Pay { from: account(from), payees, late: false })
}

/// Returns a `pay` that was shown without network.
pub fn late(from: &str, payees: &[(&str, u64)]) -> Body {
    match pay(from, payees) {
        Body::Pay(pay) => Body::Pay(Pay { late: true, ..pay }),
        _ => unreachable!("a pay is a pay"),
    }
}

/// Returns a `refund` of part of a line.
pub fn refund(index: u64, line: u64, amount: u64) -> Body {
    Body::Refund(Refund { index, line, amount: minor(amount) })
}

/// Returns a `redeem` at the rate of [`charter`](super::charter).
pub fn redeem(merchant: &str, amount: u64) -> Body {
    let rate = Some(Rate::new(1, 1).expect("one to one"));
    Body::Redeem(Redeem { merchant: account(merchant), amount: minor(amount), rate })
}

/// Returns a `settle` of these claims.
pub fn settle(redeems: &[u64]) -> Body {
    Body::Settle(Settle { redeems: redeems.to_vec(), bank_reference: Digest::of(b"bank") })
}

/// Returns a `retire`.
pub fn retire(budget: &str, amount: u64) -> Body {
    Body::Retire(Retire { budget: account(budget), amount: minor(amount) })
}

/// Returns a `correct` of these lines and amounts.
pub fn correct(index: u64, lines: &[(u64, u64)], cover: Option<&str>) -> Body {
    let lines = lines.iter().map(|(line, amount)| (*line, minor(*amount))).collect();
    Body::Correct(Correct { index, lines, reason: CorrectReason::WrongAmount, cover: cover.map(account) })
}

/// Returns a `close`.
pub fn close(name: &str, heir: &str) -> Body {
    Body::Close(Close { account: account(name), heir: account(heir) })
}

/// Returns a `veto`.
pub fn veto(index: u64) -> Body {
    Body::Veto(Veto { index })
}

/// Returns an `attest` of a document that nobody has.
pub fn attest(statement: Statement, size: u64) -> Body {
    Body::Attest(Attest { statement, size, root: Digest::of(b"root"), document: Digest::of(b"document") })
}

/// Returns the state in force of an account, with other keys that may do everything.
pub fn with_keys(world: &World, name: &str, keys: &[&str], threshold: u64) -> AccountState {
    let mut keys: Vec<_> = keys.iter().map(|key| grant(key, Rights::ALL)).collect();
    keys.sort();
    AccountState { keys, threshold, ..world.state(name) }
}
