//! Pots that hand out to some shops alone.

use super::Rejection;
use crate::account::{AccountKind, AccountState};
use crate::entry::{Body, Close};
use crate::id::AccountId;
use crate::testing::*;

fn close(name: &str, heir: &str) -> Body {
    Body::Close(Close { account: account(name), heir: account(heir) })
}

fn pot(name: &str, payees: &[&str]) -> AccountState {
    let mut payees: Vec<AccountId> = payees.iter().map(|name| account(name)).collect();
    payees.sort();
    AccountState { payees: Some(payees), ..state(name, AccountKind::Fund) }
}

/// A world with a pot for the bakery and the cafe that holds 500, and beside it other pots.
fn world() -> World {
    let mut w = World::new();
    let pots = vec![
        pot("coffee", &["bakery", "cafe"]),
        pot("same", &["bakery", "cafe"]),
        pot("narrower", &["cafe"]),
        pot("empty", &["bakery"]),
    ];
    w.open(pots, COUNCIL).unwrap();
    w.earn("house", &[("coffee", 500), ("narrower", 20)]).unwrap();
    w
}

#[test]
fn what_a_pot_has_goes_to_its_payees_also_when_it_closes() {
    for (closed, heir) in [("coffee", "mia"), ("coffee", "pot"), ("narrower", "same")] {
        let refused = world().record(close(closed, heir), &[closed]).unwrap_err();
        let (from, to) = (account(closed), account(heir));
        assert_eq!(refused, Rejection::NotAPayee { from, to }, "{closed} to {heir}");
    }
    for heir in ["bakery", "same", "narrower"] {
        let mut w = world();
        let before = w.balance(heir);
        w.record(close("coffee", heir), &["coffee"]).unwrap();
        assert_eq!(w.balance(heir), before + 500);
    }
    // Of an empty pot nobody gets anything.
    world().record(close("empty", "mia"), &["empty"]).unwrap();
}

#[test]
fn the_council_closes_a_pot_to_its_payees_or_changes_them_first() {
    let mut w = world();
    w.change(AccountState { heir: Some(account("noor")), ..w.state("coffee") }, &["coffee"]).unwrap();
    assert_eq!(w.record(close("coffee", "noor"), COUNCIL).unwrap_err().code(), "not_a_payee");
    w.change(AccountState { payees: None, ..w.state("coffee") }, COUNCIL).unwrap();
    w.record(close("coffee", "noor"), COUNCIL).unwrap();
}
