//! Payments: limits and ceilings, requests, places, cards, vouchers.

use crate::account::{AccountKind, AccountState, AccountStatus, Rights};
use crate::entry::{Body, Change};
use crate::testing::*;
use crate::time::{Deadline, Seconds};

#[test]
fn mutual_credit_goes_to_the_limit_and_no_further() {
    let w = &mut World::new();
    w.change(AccountState { limit: sum(300), ..w.state("mia") }, COUNCIL).unwrap();
    w.pay("mia", "noor", 300).unwrap();
    assert_eq!(code(w.pay("mia", "noor", 1)), "insufficient_credits");
    // A lower limit leaves the account where it is, and only upwards from there.
    w.change(AccountState { limit: sum(100), ..w.state("mia") }, COUNCIL).unwrap();
    assert_eq!(code(w.pay("mia", "noor", 1)), "insufficient_credits");
    w.pay("noor", "mia", 50).unwrap();
    assert_eq!(code(w.pay("mia", "noor", 1)), "insufficient_credits");
    expect(w, &[("mia", -250)]);
}

// INV-3.
#[test]
fn a_ceiling_binds_payments_and_never_a_reversal() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 1_000)]).unwrap();
    let paid = w.pay("mia", "bakery", 900).unwrap();
    w.change(AccountState { ceiling: Some(sum(200)), ..w.state("mia") }, COUNCIL).unwrap();
    assert_eq!(code(w.pay("bakery", "mia", 101)), "ceiling");
    w.pay("bakery", "mia", 100).unwrap();
    w.record(refund(paid, 1, 800), &["bakery"]).unwrap();
    expect(w, &[("mia", 1_000), ("bakery", 0)]);
}

#[test]
fn a_request_is_paid_once_from_two_phones() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 500), ("noor", 500)]).unwrap();
    let until = Deadline::after(w.now, Seconds(600));
    w.record(requested("mia", "bakery", 100, "till 1", until), &["mia"]).unwrap();
    assert_eq!(code(w.record(requested("noor", "bakery", 100, "till 1", until), &["noor"])), "request_paid");
    // Another payee may use the same number.
    w.record(requested("noor", "cafe", 100, "till 1", until), &["noor"]).unwrap();
}

#[test]
fn paying_a_place_for_a_task_takes_credits_back_and_never_above_zero() {
    let w = &mut World::new();
    w.earn("house", &[("bakery", 500)]).unwrap();
    w.earn("barn", &[("bakery", 500)]).unwrap();
    let paid = w.pay("bakery", "house", 500).unwrap();
    assert_eq!(code(w.pay("bakery", "house", 1)), "budget_full");
    w.record(refund(paid, 1, 500), &["house"]).unwrap();
    expect(w, &[("house", -500), ("bakery", 1_000)]);
}

#[test]
fn a_card_pays_with_the_guardian_and_rests_without() {
    let w = &mut World::new();
    w.open(vec![state("card", AccountKind::Card)], &["registrar"]).unwrap();
    w.earn("house", &[("card", 500)]).unwrap();
    assert_eq!(code(w.record(pay("card", &[("bakery", 100)]), &["card"])), "lacks_signers");
    w.record(pay("card", &[("bakery", 100)]), &["card", "guardian"]).unwrap();
    assert_eq!(code(w.record(pay("mia", &[("bakery", 1)]), &["mia", "guardian"])), "key_not_allowed");
    // Lost: the registrar puts it to rest, the guardian and the place give it a new key at once.
    w.set_status("card", AccountStatus::Frozen, &["registrar"]).unwrap();
    assert_eq!(code(w.record(pay("card", &[("bakery", 1)]), &["card", "guardian"])), "at_rest");
    let renewed = AccountState { keys: vec![grant("card 2", Rights::SPEND)], ..w.state("card") };
    let base = w.account("card").standing(w.now).base;
    let body = Body::Change(Change { base, state: renewed, status: AccountStatus::Open });
    assert_eq!(code(w.record(body.clone(), &["guardian"])), "lacks_signers");
    w.record(body, &["guardian", "house"]).unwrap();
    w.record(pay("card", &[("bakery", 100)]), &["card 2", "guardian"]).unwrap();
    assert_eq!(code(w.record(pay("card", &[("bakery", 1)]), &["card", "guardian"])), "key_not_allowed");
}

#[test]
fn after_its_end_a_voucher_goes_home() {
    let w = &mut World::new();
    let until = Some(Deadline::after(w.now, Seconds(3_600)));
    let voucher =
        AccountState { until, heir: Some(account("pot")), ..state("voucher", AccountKind::Voucher) };
    w.open(vec![voucher], &["registrar"]).unwrap();
    w.earn("house", &[("voucher", 500)]).unwrap();
    w.pay("voucher", "bakery", 100).unwrap();
    w.wait(3_600);
    assert_eq!(code(w.pay("voucher", "bakery", 100)), "voucher_ended");
    w.pay("voucher", "pot", 400).unwrap();
}
