//! Closing accounts: heirs, debts, announcements.

use crate::account::{AccountKind, AccountState};
use crate::entry::{Body, Govern};
use crate::limits::DAY_SECONDS as DAY;
use crate::testing::*;

#[test]
fn the_council_closes_an_account_with_credits_in_two_steps() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 500)]).unwrap();
    assert_eq!(code(w.record(close("mia", "pot"), COUNCIL)), "no_heir");
    w.change(AccountState { heir: Some(account("noor")), ..w.state("mia") }, &["mia"]).unwrap();
    assert_eq!(code(w.record(close("mia", "pot"), COUNCIL)), "not_the_heir");
    w.record(close("mia", "noor"), COUNCIL).unwrap();
    assert_eq!(code(w.record(close("mia", "noor"), COUNCIL)), "close_waits");
    expect(w, &[("mia", 500), ("noor", 0)]);
    w.wait(2 * DAY);
    w.record(close("mia", "noor"), COUNCIL).unwrap();
    expect(w, &[("mia", 0), ("noor", 500)]);
    assert_eq!(code(w.pay("noor", "mia", 1)), "account_closed");
    assert!(!w.books.standing().knows_key(public("mia").as_bytes()));
}

#[test]
fn a_place_ends_and_another_bears_what_it_issued() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 500)]).unwrap();
    assert_eq!(code(w.record(close("house", "barn"), &["house"])), "lacks_signers");
    w.record(close("house", "barn"), &["house", "barn"]).unwrap();
    expect(w, &[("house", 0), ("barn", -500), ("mia", 500)]);
    assert_eq!(code(w.earn("house", &[("mia", 1)])), "account_closed");
}

#[test]
fn an_emptied_account_is_closed_to_its_heir_as_well() {
    let w = &mut World::new();
    w.earn("house", &[("bakery", 500)]).unwrap();
    let claim = w.record(redeem("bakery", 500), &["bakery"]).unwrap();
    // Whoever inherits receives what a correction of the claim gives back.
    assert_eq!(code(w.record(close("bakery", "mia"), COUNCIL)), "no_heir");
    w.change(AccountState { heir: Some(account("noor")), ..w.state("bakery") }, &["bakery"]).unwrap();
    assert_eq!(code(w.record(close("bakery", "mia"), COUNCIL)), "not_the_heir");
    w.record(close("bakery", "noor"), COUNCIL).unwrap();
    w.record(correct(claim, &[(0, 500)], None), COUNCIL).unwrap();
    expect(w, &[("noor", 500)]);
}

#[test]
fn a_debt_is_not_paid_from_a_card_or_a_fund_for_others() {
    let w = &mut World::new();
    w.change(AccountState { limit: sum(300), ..w.state("mia") }, COUNCIL).unwrap();
    w.pay("mia", "noor", 300).unwrap();
    w.open(vec![state("card", AccountKind::Card)], &["registrar"]).unwrap();
    w.earn("house", &[("card", 500), ("pot", 500)]).unwrap();
    assert_eq!(code(w.record(close("mia", "card"), &["mia", "card"])), "wrong_account_kind");
    w.change(AccountState { payees: Some(vec![account("bakery")]), ..w.state("pot") }, COUNCIL).unwrap();
    assert_eq!(code(w.record(close("mia", "pot"), &["mia", "pot"])), "not_a_payee");
    // Nor does such a fund cover a mistake.
    let earned = w.earn("house", &[("cafe", 100)]).unwrap();
    w.pay("cafe", "noor", 100).unwrap();
    assert_eq!(
        code(w.record(correct(earned, &[(1, 100)], Some("pot")), &["anna", "bert", "pot"])),
        "not_a_payee"
    );
}

#[test]
fn strangers_hear_the_same_whether_an_account_owes_or_not() {
    let w = &mut World::new();
    w.change(AccountState { limit: sum(300), ..w.state("mia") }, COUNCIL).unwrap();
    let before = code(w.record(close("mia", "noor"), &["noor"]));
    w.pay("mia", "bakery", 300).unwrap();
    assert_eq!(code(w.record(close("mia", "noor"), &["noor"])), before);
    assert_eq!(code(w.change(with_keys(w, "mia", &["x"], 1), &["noor"])), "key_not_allowed");
}

#[test]
fn a_change_that_waited_is_in_force_when_its_account_closes() {
    let w = &mut World::new();
    let index = w.change(with_keys(w, "mia", &["new"], 1), COUNCIL).unwrap();
    w.wait(2 * DAY);
    // A twin read from a snapshot of this moment must end in the same state.
    w.earn("house", &[("noor", 1)]).unwrap();
    let mut twin = World::unfounded();
    (twin.books, twin.now) =
        (crate::books::Books::decode_snapshot(&w.books.encode_snapshot()).unwrap(), w.now);
    let entry = w.signed(close("mia", "noor"), &["new"]);
    w.post(&entry).unwrap();
    twin.post(&entry).unwrap();
    assert_eq!(w.account("mia").standing(w.now).base, index);
    assert_eq!(w.books.encode_snapshot(), twin.books.encode_snapshot());
}

#[test]
fn an_announced_close_follows_the_heir_and_blocks_nothing_for_ever() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 500)]).unwrap();
    w.change(AccountState { heir: Some(account("noor")), ..w.state("mia") }, &["mia"]).unwrap();
    w.record(close("mia", "noor"), COUNCIL).unwrap();
    w.wait(2 * DAY);
    // The owner turned up without the phone: the council gives the account a new key instead.
    w.change(with_keys(w, "mia", &["found again"], 1), COUNCIL).unwrap();
    w.wait(2 * DAY);
    w.record(close("mia", "noor"), COUNCIL).unwrap();
    w.record(close("noor", "bakery"), &["noor"]).unwrap();
    w.record(close("mia", "bakery"), COUNCIL).unwrap();
    assert_eq!(code(w.record(close("mia", "bakery"), COUNCIL)), "close_waits");
    w.wait(2 * DAY);
    w.record(close("mia", "bakery"), COUNCIL).unwrap();
    expect(w, &[("bakery", 500), ("mia", 0)]);
}

#[test]
fn two_who_name_each_other_can_both_be_closed() {
    let w = &mut World::new();
    let mut charter = charter();
    charter.policy.heir_fund = Some(account("pot"));
    w.record(Body::Govern(Govern { base: 0, charter }), COUNCIL).unwrap();
    w.wait(2 * DAY);
    w.change(AccountState { heir: Some(account("noor")), ..w.state("mia") }, &["mia"]).unwrap();
    w.change(AccountState { heir: Some(account("mia")), ..w.state("noor") }, &["noor"]).unwrap();
    w.record(close("mia", "noor"), COUNCIL).unwrap();
    w.record(close("noor", "pot"), COUNCIL).unwrap();
}
