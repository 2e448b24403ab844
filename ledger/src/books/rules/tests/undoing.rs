//! Refunds and corrections: what is left of a line, who undoes it, who bears the rest.

use crate::account::{AccountState, Rights};
use crate::limits::DAY_SECONDS as DAY;
use crate::testing::*;

#[test]
fn refunds_stop_at_what_is_left_of_the_line() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 1_000)]).unwrap();
    let paid = w.record(pay("mia", &[("bakery", 300), ("cafe", 200)]), &["mia"]).unwrap();
    // Lines are numbered in the order of the body, which is by account.
    let line = if account("bakery") < account("cafe") { 1 } else { 2 };
    w.record(refund(paid, line, 100), &["bakery"]).unwrap();
    assert_eq!(code(w.record(refund(paid, line, 201), &["bakery"])), "line_used_up");
    // Somebody else's line looks like none at all.
    assert_eq!(code(w.record(refund(paid, 3 - line, 1), &["bakery"])), "no_such_line");
    w.record(refund(paid, line, 200), &["bakery"]).unwrap();
    expect(w, &[("mia", 800), ("bakery", 0), ("cafe", 200)]);
}

#[test]
fn a_refund_reaches_the_heir_of_a_closed_payer() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 500)]).unwrap();
    let paid = w.pay("mia", "bakery", 100).unwrap();
    w.record(close("mia", "noor"), &["mia"]).unwrap();
    w.record(refund(paid, 1, 100), &["bakery"]).unwrap();
    expect(w, &[("noor", 500), ("bakery", 0)]);
}

#[test]
fn a_key_of_the_till_refunds_and_does_nothing_else() {
    let w = &mut World::new();
    let keys = {
        let mut keys = vec![grant("bakery", Rights::ALL), grant("till", Rights::REFUND)];
        keys.sort();
        keys
    };
    w.change(AccountState { keys, ..w.state("bakery") }, &["bakery"]).unwrap();
    w.earn("house", &[("mia", 500)]).unwrap();
    let paid = w.pay("mia", "bakery", 100).unwrap();
    assert_eq!(code(w.record(redeem("bakery", 100), &["till"])), "missing_right");
    assert_eq!(code(w.record(pay("bakery", &[("mia", 1)]), &["till"])), "missing_right");
    w.record(refund(paid, 1, 100), &["till"]).unwrap();
}

#[test]
fn one_line_of_a_group_is_corrected_though_its_owner_spent_part() {
    let w = &mut World::new();
    let earned = w.earn("house", &[("mia", 500), ("noor", 500)]).unwrap();
    w.pay("mia", "bakery", 400).unwrap();
    let mia = if account("mia") < account("noor") { 1 } else { 2 };
    let refused = w.record(correct(earned, &[(mia, 500)], None), &["house"]).unwrap_err();
    assert!(refused.to_string().contains("of 500 minor units 100 are still there"), "{refused}");
    // A mistake of ours is ours: the budget covers, so only what is there comes back.
    w.record(correct(earned, &[(mia, 500)], Some("house")), &["house"]).unwrap();
    expect(w, &[("mia", 0), ("noor", 500), ("bakery", 400), ("house", -900)]);
    assert_eq!(code(w.record(correct(earned, &[(mia, 1)], Some("house")), &["house"])), "line_used_up");
}

#[test]
fn a_fund_that_covers_signs() {
    let w = &mut World::new();
    w.earn("house", &[("pot", 1_000)]).unwrap();
    let earned = w.earn("house", &[("mia", 500)]).unwrap();
    w.pay("mia", "bakery", 500).unwrap();
    assert_eq!(code(w.record(correct(earned, &[(1, 500)], Some("pot")), COUNCIL)), "lacks_signers");
    w.record(correct(earned, &[(1, 500)], Some("pot")), &["anna", "bert", "pot"]).unwrap();
    expect(w, &[("mia", 0), ("pot", 500), ("house", -1_000)]);
}

#[test]
fn the_place_corrects_for_a_day_and_the_council_for_a_week() {
    let w = &mut World::new();
    let earned = w.earn("house", &[("mia", 500)]).unwrap();
    w.wait(DAY - 1);
    w.record(correct(earned, &[(1, 100)], None), &["house"]).unwrap();
    w.wait(1);
    assert_eq!(code(w.record(correct(earned, &[(1, 100)], None), &["house"])), "lacks_signers");
    w.record(correct(earned, &[(1, 100)], None), COUNCIL).unwrap();
    w.wait(6 * DAY);
    assert_eq!(code(w.record(correct(earned, &[(1, 100)], None), COUNCIL)), "window_passed");
}

#[test]
fn an_unsettled_claim_can_be_corrected() {
    let w = &mut World::new();
    w.earn("house", &[("bakery", 500)]).unwrap();
    let claim = w.record(redeem("bakery", 500), &["bakery"]).unwrap();
    w.record(correct(claim, &[(0, 200)], None), COUNCIL).unwrap();
    expect(w, &[("bakery", 200)]);
    w.record(settle(&[claim]), COUNCIL).unwrap();
    assert_eq!(code(w.record(correct(claim, &[(0, 1)], None), COUNCIL)), "no_such_line");
    assert_eq!(code(w.record(retire("house", 301), COUNCIL)), "not_settled");
    w.record(retire("house", 300), COUNCIL).unwrap();
}

#[test]
fn lines_refer_to_what_they_undo_and_are_numbered_without_gaps() {
    let w = &mut World::new();
    let earned = w.earn("house", &[("mia", 500)]).unwrap();
    let body = correct(earned, &[(1, 200)], None);
    let entry = w.signed(body, &["house"]);
    let (_, effects) = w.post(&entry).unwrap();
    let lines: Vec<_> =
        effects.lines().iter().map(|l| (l.account, l.seq, l.debit, l.credit, l.reference)).collect();
    let reference = Some(crate::books::Reference::Line { index: earned, line: 1 });
    // Line 0 of each account is from its opening, line 1 from the earn.
    assert_eq!(lines, vec![(account("mia"), 2, 200, 0, reference), (account("house"), 2, 0, 200, reference)]);
}
