//! What budgets issue, and with whose signatures.

use crate::account::{AccountState, Rights};
use crate::limits::DAY_SECONDS as DAY;
use crate::testing::*;
use crate::time::{Deadline, Seconds};

#[test]
fn a_second_organisation_signs_above_the_amount_of_the_day() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 30_000)]).unwrap();
    assert_eq!(code(w.earn("house", &[("mia", 20_001)])), "lacks_signers");
    w.record(earn("house", &[("mia", 20_001)]), &["house", "barn"]).unwrap();
    // Gross, so a correction gives no new room; welcome also when not needed; tomorrow is another day.
    assert_eq!(code(w.earn("house", &[("mia", 1)])), "lacks_signers");
    w.wait(DAY);
    w.record(earn("house", &[("mia", 1)]), &["house", "barn"]).unwrap();
}

#[test]
fn an_ended_budget_neither_issues_nor_refunds() {
    let w = &mut World::new();
    w.earn("house", &[("bakery", 500)]).unwrap();
    let paid = w.pay("bakery", "house", 100).unwrap();
    let until = Some(Deadline::after(w.now, Seconds(3_600)));
    w.change(AccountState { until, ..w.state("house") }, COUNCIL).unwrap();
    w.wait(3_599);
    w.earn("house", &[("mia", 1)]).unwrap();
    w.wait(1);
    assert_eq!(code(w.earn("house", &[("mia", 1)])), "budget_ended");
    assert_eq!(code(w.record(refund(paid, 1, 100), &["house"])), "budget_ended");
}

#[test]
fn lent_rights_end_and_have_a_cap() {
    let w = &mut World::new();
    let until = Deadline::after(w.now, Seconds(3_600));
    let mut lent = grant("stand-in", Rights::SPEND);
    (lent.until, lent.cap) = (Some(until), Some(minor(100)));
    let mut keys = vec![grant("house", Rights::ALL), lent];
    keys.sort();
    w.change(AccountState { keys, ..w.state("house") }, &["house"]).unwrap();
    w.record(earn("house", &[("mia", 60), ("noor", 40)]), &["stand-in"]).unwrap();
    assert_eq!(code(w.record(earn("house", &[("mia", 60), ("noor", 41)]), &["stand-in"])), "key_cap");
    w.wait(3_600);
    assert_eq!(code(w.record(earn("house", &[("mia", 1)]), &["stand-in"])), "key_ended");
}
