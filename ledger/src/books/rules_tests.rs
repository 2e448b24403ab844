//! Stories of the books, and a table in which every refusal is reached once.

use crate::account::{AccountKind, AccountState, AccountStatus, Rights};
use crate::amount::Rate;
use crate::books::Rejection;
use crate::entry::*;
use crate::id::{AccountId, Digest};
use crate::limits::{DAY_SECONDS, INTEGER_MAX};
use crate::testing::*;
use crate::time::{Deadline, Seconds};
use std::collections::BTreeMap;

const DAY: u64 = DAY_SECONDS;

fn code(result: Result<u64, Rejection>) -> &'static str {
    result.expect_err("this must be refused").code()
}

fn refund(index: u64, line: u64, amount: u64) -> Body {
    Body::Refund(Refund { index, line, amount: minor(amount) })
}

fn redeem(merchant: &str, amount: u64) -> Body {
    let rate = Some(Rate::new(1, 1).unwrap());
    Body::Redeem(Redeem { merchant: account(merchant), amount: minor(amount), rate })
}

fn settle(redeems: &[u64]) -> Body {
    Body::Settle(Settle { redeems: redeems.to_vec(), bank_reference: Digest::of(b"bank") })
}

fn retire(budget: &str, amount: u64) -> Body {
    Body::Retire(Retire { budget: account(budget), amount: minor(amount) })
}

fn correct(index: u64, lines: &[(u64, u64)], cover: Option<&str>) -> Body {
    let lines = lines.iter().map(|(line, amount)| (*line, minor(*amount))).collect();
    Body::Correct(Correct { index, lines, reason: CorrectReason::WrongAmount, cover: cover.map(account) })
}

fn close(name: &str, heir: &str) -> Body {
    Body::Close(Close { account: account(name), heir: account(heir) })
}

fn veto(index: u64) -> Body {
    Body::Veto(Veto { index })
}

fn requested(from: &str, to: &str, amount: u64, name: &str, until: Deadline) -> Body {
    let request = Some(RequestRef { id: request(name), until });
    let payees = vec![PayLine { to: account(to), amount: minor(amount), request }];
    Body::Pay(Pay { from: account(from), payees, late: false })
}

fn late(from: &str, payees: &[(&str, u64)]) -> Body {
    match pay(from, payees) {
        Body::Pay(pay) => Body::Pay(Pay { late: true, ..pay }),
        _ => unreachable!("a pay is a pay"),
    }
}

fn with_keys(world: &World, name: &str, keys: &[&str], threshold: u64) -> AccountState {
    let mut keys: Vec<_> = keys.iter().map(|key| grant(key, Rights::ALL)).collect();
    keys.sort();
    AccountState { keys, threshold, ..world.state(name) }
}

fn attest(statement: Statement, size: u64) -> Body {
    Body::Attest(Attest { statement, size, root: Digest::of(b"root"), document: Digest::of(b"document") })
}

/// The line on which a story's balances are read: name and minor units.
fn balances(world: &World, names: &[&str]) -> Vec<(String, i64)> {
    names.iter().map(|name| ((*name).to_owned(), world.balance(name))).collect()
}

fn expect(world: &World, expected: &[(&str, i64)]) {
    let names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    let expected: Vec<(String, i64)> =
        expected.iter().map(|(name, minor)| ((*name).to_owned(), *minor)).collect();
    assert_eq!(balances(world, &names), expected);
}

fn settlement(world: &World) -> i64 {
    let id = world.books.standing().community().unwrap().settlement;
    world.books.standing().account(&id).unwrap().balance()
}

// ---- stories -------------------------------------------------------------------------------------------

#[test]
fn credits_go_round_and_leave_through_the_merchant() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 1_000), ("noor", 500)]).unwrap();
    w.pay("mia", "bakery", 600).unwrap();
    w.pay("bakery", "house", 100).unwrap();
    let claim = w.record(redeem("bakery", 500), &["bakery"]).unwrap();
    expect(w, &[("house", -1_400), ("mia", 400), ("noor", 500), ("bakery", 0)]);
    assert_eq!(settlement(w), 500);
    assert_eq!(code(w.record(retire("house", 1), COUNCIL)), "not_settled");
    w.record(settle(&[claim]), COUNCIL).unwrap();
    assert_eq!(code(w.record(settle(&[claim]), COUNCIL)), "not_a_claim");
    w.record(retire("house", 500), COUNCIL).unwrap();
    expect(w, &[("house", -900)]);
    assert_eq!(settlement(w), 0);
    assert_eq!(w.books.standing().trial_balance().circulation.in_circulation(), 900);
}

#[test]
fn a_refused_entry_changes_nothing() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 1_000)]).unwrap();
    let before = w.books.encode_snapshot();
    let refusal = w.pay("mia", "bakery", 1_250).unwrap_err();
    assert_eq!(refusal.code(), "insufficient_credits");
    assert!(refusal.is_transient() && refusal.is_missing_credits());
    assert_eq!(w.books.encode_snapshot(), before);
}

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
fn without_its_pin_a_card_opens_again_after_a_day() {
    let w = &mut World::new();
    w.open(vec![state("card", AccountKind::Card)], &["registrar"]).unwrap();
    w.set_status("card", AccountStatus::Frozen, &["card"]).unwrap();
    let renewed = AccountState { keys: vec![grant("card 2", Rights::SPEND)], ..w.state("card") };
    let base = w.account("card").standing(w.now).base;
    w.record(
        Body::Change(Change { base, state: renewed, status: AccountStatus::Open }),
        &["registrar", "house"],
    )
    .unwrap();
    w.earn("house", &[("card", 500)]).unwrap();
    w.wait(DAY - 1);
    assert_eq!(code(w.record(pay("card", &[("bakery", 1)]), &["card", "guardian"])), "at_rest");
    w.wait(1);
    w.record(pay("card", &[("bakery", 1)]), &["card 2", "guardian"]).unwrap();
    assert_eq!(w.account("card").standing(w.now).status, AccountStatus::Open);
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

#[test]
fn a_lost_phone_is_replaced_unless_its_owner_objects() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 500)]).unwrap();
    // The owner still has the phone: a veto stops the council.
    let pending = w.change(with_keys(w, "mia", &["thief"], 1), COUNCIL).unwrap();
    // A stranger hears the same of what waits and of what does not: the answer tells nobody what is pending.
    let strangers = [pending, pending + 1_000].map(|index| code(w.record(veto(index), &["noor"])));
    assert_eq!(strangers, ["not_pending", "not_pending"]);
    w.record(veto(pending), &["mia"]).unwrap();
    assert_eq!(code(w.record(veto(pending), &["mia"])), "not_pending");
    w.wait(5 * DAY);
    w.pay("mia", "bakery", 1).unwrap();
    // The phone is really gone: council and auditor record it once more, with twice the delay and no veto.
    let pending = w.change(with_keys(w, "mia", &["thief"], 1), &["anna", "bert", "aude"]).unwrap();
    assert_eq!(code(w.record(veto(pending), &["mia"])), "veto_not_allowed");
    w.wait(4 * DAY - 1);
    w.pay("mia", "bakery", 1).unwrap();
    w.wait(1);
    assert_eq!(code(w.pay("mia", "bakery", 1)), "key_not_allowed");
    w.record(pay("mia", &[("bakery", 1)]), &["thief"]).unwrap();
    assert_eq!(w.account("mia").standing(w.now).base, pending);
}

#[test]
fn an_own_change_ends_what_the_council_announced() {
    let w = &mut World::new();
    let pending = w.change(with_keys(w, "mia", &["other"], 1), COUNCIL).unwrap();
    w.change(with_keys(w, "mia", &["mia", "tablet"], 1), &["mia"]).unwrap();
    assert_eq!(code(w.record(veto(pending), &["mia"])), "not_pending");
    w.wait(30 * DAY);
    assert_eq!(w.state("mia").keys.len(), 2);
    assert!(w.books.standing().knows_key(public("tablet").as_bytes()));
    assert!(!w.books.standing().knows_key(public("other").as_bytes()));
}

#[test]
fn an_account_at_rest_keeps_one_veto() {
    let w = &mut World::new();
    w.set_status("mia", AccountStatus::Frozen, &["mia"]).unwrap();
    assert_eq!(code(w.change(with_keys(w, "mia", &["tablet"], 1), &["mia"])), "at_rest");
    assert_eq!(code(w.set_status("mia", AccountStatus::Open, &["mia"])), "key_not_allowed");
    let first = w.change(with_keys(w, "mia", &["other"], 1), COUNCIL).unwrap();
    w.record(veto(first), &["mia"]).unwrap();
    let second = w.change(with_keys(w, "mia", &["other"], 1), COUNCIL).unwrap();
    assert_eq!(code(w.record(veto(second), &["mia"])), "veto_used");
    w.set_status("mia", AccountStatus::Open, COUNCIL).unwrap();
}

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
fn a_refund_reaches_the_heir_of_a_closed_payer() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 500)]).unwrap();
    let paid = w.pay("mia", "bakery", 100).unwrap();
    w.record(close("mia", "noor"), &["mia"]).unwrap();
    w.record(refund(paid, 1, 100), &["bakery"]).unwrap();
    expect(w, &[("noor", 500), ("bakery", 0)]);
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
fn the_charter_changes_after_the_delay_unless_an_auditor_objects() {
    let w = &mut World::new();
    let mut charter = charter();
    charter.policy.member_limit = sum(100);
    let govern = |base: u64, charter: &crate::charter::Charter| {
        Body::Govern(Govern { base, charter: charter.clone() })
    };
    let pending = w.record(govern(0, &charter), COUNCIL).unwrap();
    assert_eq!(code(w.record(govern(0, &charter), COUNCIL)), "pending_exists");
    w.record(veto(pending), &["aude"]).unwrap();
    let pending = w.record(govern(0, &charter), COUNCIL).unwrap();
    w.wait(2 * DAY);
    assert_eq!(code(w.record(veto(pending), &["aude"])), "not_pending");
    assert_eq!(w.books.standing().charter(w.now).unwrap().policy.member_limit, sum(100));
    assert_eq!(code(w.record(govern(0, &charter), COUNCIL)), "wrong_base");
    // An auditor cannot veto the own removal, another one can.
    charter.auditors.retain(|key| *key != public("aude"));
    let removal = w.record(govern(pending, &charter), COUNCIL).unwrap();
    assert_eq!(code(w.record(veto(removal), &["aude"])), "lacks_signers");
    w.record(veto(removal), &["axel"]).unwrap();
}

#[test]
fn rescue_keys_replace_the_council_and_nothing_else() {
    let w = &mut World::new();
    let mut rescued = charter();
    rescued.council = vec![public("carl")];
    rescued.council_threshold = 1;
    let mut more = rescued.clone();
    more.policy.member_limit = sum(1);
    assert_eq!(code(w.record(Body::Govern(Govern { base: 0, charter: more }), &["rosa"])), "mixed_change");
    let pending = w.record(Body::Govern(Govern { base: 0, charter: rescued.clone() }), &["rosa"]).unwrap();
    assert_eq!(code(w.record(veto(pending), &["aude"])), "key_not_allowed");
    w.record(veto(pending), COUNCIL).unwrap();
    w.record(Body::Govern(Govern { base: 0, charter: rescued }), &["rosa"]).unwrap();
    w.wait(30 * DAY);
    w.open(vec![state("zoe", AccountKind::Member)], &["carl"]).unwrap();
    assert_eq!(code(w.open(vec![state("yan", AccountKind::Member)], COUNCIL)), "key_not_allowed");
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

// ---- ways around the rules that a reader once found ------------------------------------------------------

#[test]
fn only_budgets_and_funds_speak_for_an_organisation() {
    let w = &mut World::new();
    w.open(vec![state("card", AccountKind::Card)], &["registrar"]).unwrap();
    // The node can open a voucher that names the house; its key is not the house's.
    let voucher =
        AccountState { organisation: Some(organisation("house")), ..state("paper", AccountKind::Voucher) };
    w.open(vec![voucher], &["registrar"]).unwrap();
    w.set_status("card", AccountStatus::Frozen, &["registrar"]).unwrap();
    let reopen = |w: &World, key: &str| {
        let renewed = AccountState { keys: vec![grant(key, Rights::SPEND)], ..w.state("card") };
        let base = w.account("card").standing(w.now).base;
        Body::Change(Change { base, state: renewed, status: AccountStatus::Open })
    };
    let stolen = reopen(w, "thief");
    assert_eq!(code(w.record(stolen.clone(), &["guardian", "paper"])), "key_not_allowed");
    assert_eq!(code(w.record(stolen.clone(), &["guardian", "card"])), "key_not_allowed");
    assert_eq!(code(w.record(stolen, &["registrar", "paper"])), "key_not_allowed");
    // And the key that may be in other hands does not come back with another cap.
    let mut same = reopen(w, "card");
    if let Body::Change(change) = &mut same {
        change.state.keys[0].cap = Some(minor(5));
    }
    assert_eq!(code(w.record(same, &["guardian", "house"])), "unsound_state");
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
fn what_closed_since_stands_in_nobodys_way() {
    let w = &mut World::new();
    let mut charter = charter();
    charter.policy.heir_fund = Some(account("pot"));
    w.record(Body::Govern(Govern { base: 0, charter: charter.clone() }), COUNCIL).unwrap();
    w.wait(2 * DAY);
    let base = w.books.standing().charter_in_force(w.now).unwrap().1;
    w.change(AccountState { heir: Some(account("noor")), ..w.state("mia") }, &["mia"]).unwrap();
    w.record(close("pot", "bakery"), &["pot"]).unwrap();
    w.record(close("noor", "bakery"), &["noor"]).unwrap();
    // The rescue can still replace the council, and a member its key.
    charter.council = vec![public("carl")];
    charter.council_threshold = 1;
    w.record(Body::Govern(Govern { base, charter }), &["rosa"]).unwrap();
    w.change(with_keys(w, "mia", &["tablet"], 1), &["mia"]).unwrap();
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

#[test]
fn nobody_has_a_refusal_remembered_without_having_a_say() {
    let w = &mut World::new();
    // Neither an invented payer nor somebody else's account: the signers are judged before anything lasting.
    w.validity = Seconds(40 * DAY);
    for body in [pay("nobody", &[("noor", 1)]), pay("noor", &[("mia", 1)]), close("noor", "nobody")] {
        let refusal = w.record(body, &["mia"]).unwrap_err();
        assert!(!refusal.is_transient(), "{refusal}");
    }
}

// ---- every refusal -------------------------------------------------------------------------------------

/// Collects refusals by code, as the table below reaches them.
#[derive(Default)]
struct Reached(BTreeMap<&'static str, String>);

impl Reached {
    fn add(&mut self, expected: &'static str, result: Result<u64, Rejection>) {
        let refusal = result.expect_err(expected);
        assert_eq!(refusal.code(), expected, "{refusal}");
        // Ids and keys differ in length, not in meaning: the advice is what a reader judges.
        self.0.entry(expected).or_insert_with(|| refusal.to_string());
    }
}

#[test]
fn every_refusal_is_reached_and_says_what_to_do() {
    let mut reached = Reached::default();
    refusals_of_the_community(&mut reached);
    refusals_of_accounts(&mut reached);
    refusals_of_keys(&mut reached);
    refusals_of_payments(&mut reached);
    refusals_of_undoing(&mut reached);
    let missing: Vec<_> = Rejection::CODES.iter().filter(|code| !reached.0.contains_key(*code)).collect();
    assert_eq!(missing, Vec::<&&str>::new(), "refusals that no test reaches");
    for (code, sentence) in &reached.0 {
        // What was wrong, a colon or comma, what to do.
        assert!(sentence.contains(':') && sentence.len() > 30, "{code}: {sentence}");
    }
    let table =
        reached.0.iter().map(|(code, sentence)| format!("{code}: {sentence}")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("every_refusal", table);
}

fn refusals_of_the_community(reached: &mut Reached) {
    let mut new = World::unfounded();
    reached.add("not_founded", new.pay("mia", "noor", 1));
    let mut unsound = charter();
    unsound.council_threshold = 3;
    reached.add("unsound_charter", new.try_found(unsound, COUNCIL));
    assert_eq!(code(new.try_found(charter(), &["anna"])), "lacks_signers");
    assert_eq!(code(new.try_found(charter(), &["anna", "bert", "mia"])), "key_not_allowed");
    let mut twice = charter();
    twice.guardian = twice.registrar;
    assert_eq!(code(new.try_found(twice, COUNCIL)), "key_taken");
    for origin in ["https://klaver.example/log", "klaver.example/log/", "klaver example", "a+b"] {
        let mut bad = charter();
        bad.origin = origin.to_owned();
        assert_eq!(code(new.try_found(bad, COUNCIL)), "unsound_charter", "{origin}");
    }

    let w = &mut World::new();
    reached.add("already_founded", w.try_found(charter(), COUNCIL));
    w.validity = Seconds(0);
    reached.add("expired", w.pay("mia", "noor", 1));
    w.validity = Seconds(7 * DAY + 1);
    reached.add("valid_too_long", {
        w.validity = Seconds(300);
        w.earn("house", &[("mia", 1)]).unwrap();
        w.validity = Seconds(7 * DAY + 1);
        w.pay("mia", "noor", 1)
    });
    w.validity = Seconds(300);
    reached.add("attest_ahead", w.record(attest(Statement::AuditNote, 99), &["aude"]));
    assert_eq!(code(w.record(attest(Statement::Snapshot, 1), COUNCIL)), "lacks_signers");
    assert_eq!(code(w.record(attest(Statement::Snapshot, 1), &["aude"])), "lacks_signers");
    w.record(attest(Statement::Snapshot, 1), &["anna", "bert", "aude"]).unwrap();
    let end = attest(Statement::Succession, w.books.standing().size());
    reached.add("unsound_succession", w.record(end, COUNCIL));
    let mut ended = World::new();
    let (size, document) = (ended.books.standing().size(), ended.books.closing_digest());
    let end = Attest { statement: Statement::Succession, size, root: Digest([0; 32]), document };
    ended.record(Body::Attest(end), COUNCIL).unwrap();
    reached.add("ended", ended.pay("mia", "noor", 1));
    let govern = Body::Govern(Govern { base: 7, charter: charter() });
    reached.add("wrong_base", w.record(govern, COUNCIL));
    let mut heirless = charter();
    heirless.policy.heir_fund = Some(account("mia"));
    assert_eq!(
        code(w.record(Body::Govern(Govern { base: 0, charter: heirless }), COUNCIL)),
        "unsound_charter"
    );
}

fn refusals_of_accounts(reached: &mut Reached) {
    let w = &mut World::new();
    reached.add("account_exists", w.open(vec![state("mia", AccountKind::Member)], COUNCIL));
    let settlement = AccountState { ..state("second", AccountKind::Settlement) };
    reached.add("unsound_state", w.open(vec![settlement], COUNCIL));
    let unsound: Vec<AccountState> = vec![
        state("partner", AccountKind::Partner),
        AccountState { threshold: 2, ..state("x", AccountKind::Member) },
        AccountState { keys: vec![], ..state("x", AccountKind::Member) },
        AccountState { limit: sum(1), ..state("x", AccountKind::Fund) },
        AccountState { limit: sum(1), ..state("x", AccountKind::Voucher) },
        AccountState { organisation: None, ..state("x", AccountKind::Budget) },
        AccountState { ceiling: Some(sum(1)), ..state("x", AccountKind::Budget) },
        AccountState { keys: vec![grant("x", Rights::ALL)], ..state("x", AccountKind::Card) },
        AccountState { until: Some(Deadline::after(w.now, Seconds(9))), ..state("x", AccountKind::Member) },
        AccountState { until: Some(Deadline::after(w.now, Seconds(9))), ..state("x", AccountKind::Voucher) },
        AccountState { payees: Some(vec![account("bakery")]), ..state("x", AccountKind::Member) },
        AccountState { payees: Some(vec![account("mia")]), ..state("x", AccountKind::Fund) },
        AccountState {
            payees: Some(vec![account("bakery")]),
            organisation: Some(organisation("house")),
            ..state("x", AccountKind::Fund)
        },
        AccountState { heir: Some(account("x")), ..state("x", AccountKind::Member) },
        AccountState { heir: Some(account("house")), ..state("x", AccountKind::Member) },
        AccountState { heir: Some(account("mia")), ..state("x", AccountKind::Budget) },
    ];
    for (number, state) in unsound.into_iter().enumerate() {
        assert_eq!(code(w.open(vec![state], COUNCIL)), "unsound_state", "state {number}");
    }
    let stray = AccountState { heir: Some(account("nobody")), ..state("x", AccountKind::Member) };
    assert_eq!(code(w.open(vec![stray], COUNCIL)), "unknown_account");
    reached.add("registrar", w.open(vec![state("shop", AccountKind::Merchant)], &["registrar"]));
    let rich = AccountState { limit: sum(1), ..state("x", AccountKind::Member) };
    assert_eq!(code(w.open(vec![rich], &["registrar"])), "registrar");
    let many = (0..21).map(|n| state(&format!("m{n}"), AccountKind::Member)).collect();
    reached.add("registrar_day", w.open(many, &["registrar"]));
    assert_eq!(code(w.set_status("bakery", AccountStatus::Frozen, &["registrar"])), "registrar");
    w.set_status("mia", AccountStatus::Frozen, &["registrar"]).unwrap();
    w.set_status("noor", AccountStatus::Frozen, &["registrar"]).unwrap();
    w.set_status("noor", AccountStatus::Open, COUNCIL).unwrap();
    assert_eq!(code(w.set_status("noor", AccountStatus::Frozen, &["registrar"])), "registrar_day");
    reached.add("nothing_to_change", w.set_status("noor", AccountStatus::Open, COUNCIL));
    reached.add("at_rest", w.pay("mia", "noor", 1));
    reached
        .add("kind_is_fixed", w.change(AccountState { kind: AccountKind::Fund, ..w.state("noor") }, COUNCIL));
    let mixed = AccountState { limit: sum(5), heir: Some(account("pot")), ..w.state("noor") };
    reached.add("mixed_change", w.change(mixed, COUNCIL));
    let pending = w.change(with_keys(w, "noor", &["new"], 1), COUNCIL).unwrap();
    reached.add("pending_exists", w.change(with_keys(w, "noor", &["newer"], 1), COUNCIL));
    assert_eq!(code(w.change(AccountState { limit: sum(5), ..w.state("noor") }, COUNCIL)), "pending_exists");
    w.record(veto(pending), &["noor"]).unwrap();
    reached.add("not_pending", w.record(veto(pending), &["noor"]));
    let again = w.change(with_keys(w, "noor", &["new"], 1), &["anna", "bert", "axel"]).unwrap();
    reached.add("veto_not_allowed", w.record(veto(again), &["noor"]));
    let first = w.change(with_keys(w, "mia", &["new mia"], 1), COUNCIL).unwrap();
    w.record(veto(first), &["mia"]).unwrap();
    let second = w.change(with_keys(w, "mia", &["new mia"], 1), COUNCIL).unwrap();
    reached.add("veto_used", w.record(veto(second), &["mia"]));

    let w = &mut World::new();
    w.earn("house", &[("mia", 100)]).unwrap();
    reached.add("no_heir", w.record(close("mia", "pot"), COUNCIL));
    w.change(AccountState { heir: Some(account("noor")), ..w.state("mia") }, &["mia"]).unwrap();
    reached.add("not_the_heir", w.record(close("mia", "pot"), COUNCIL));
    w.record(close("mia", "noor"), COUNCIL).unwrap();
    reached.add("close_waits", w.record(close("mia", "noor"), COUNCIL));
    w.record(close("mia", "noor"), &["mia"]).unwrap();
    reached.add("account_closed", w.pay("mia", "noor", 1));
    assert_eq!(code(w.record(close("noor", "house"), &["noor"])), "wrong_account_kind");
}

fn refusals_of_keys(reached: &mut Reached) {
    let w = &mut World::new();
    w.earn("house", &[("mia", 1_000)]).unwrap();
    reached.add("key_not_allowed", w.record(pay("mia", &[("noor", 1)]), &["mia", "noor"]));
    assert_eq!(code(w.record(pay("mia", &[("noor", 1)]), &["registrar"])), "key_not_allowed");
    let mut keys = vec![grant("mia", Rights::ALL), grant("reader", Rights::MANAGE)];
    keys[0].cap = Some(minor(10));
    keys[1].until = Some(Deadline::after(w.now, Seconds(60)));
    keys.sort();
    w.change(AccountState { keys, ..w.state("mia") }, &["mia"]).unwrap();
    reached.add("missing_right", w.record(pay("mia", &[("noor", 1)]), &["reader"]));
    reached.add("key_cap", w.pay("mia", "noor", 11));
    w.wait(60);
    reached.add("key_ended", w.record(pay("mia", &[("noor", 1)]), &["reader"]));
    w.change(with_keys(w, "noor", &["noor", "noor 2"], 2), &["noor"]).unwrap();
    reached.add("lacks_signers", w.pay("noor", "mia", 1));
    let taken =
        |key: &str| AccountState { keys: vec![grant(key, Rights::ALL)], ..state("x", AccountKind::Member) };
    for office in ["anna", "rosa", "aude", "registrar", "guardian", "log"] {
        reached.add("key_taken", w.open(vec![taken(office)], COUNCIL));
    }
    let other = AccountState {
        keys: vec![grant("house", Rights::ALL)],
        organisation: Some(organisation("barn")),
        ..state("x", AccountKind::Fund)
    };
    assert_eq!(code(w.open(vec![other], COUNCIL)), "key_taken");
    let mut governed = charter();
    governed.guardian = public("mia");
    assert_eq!(code(w.record(Body::Govern(Govern { base: 0, charter: governed }), COUNCIL)), "key_taken");
}

fn refusals_of_payments(reached: &mut Reached) {
    let w = &mut World::new();
    w.earn("house", &[("mia", 1_000), ("pot", 1_000)]).unwrap();
    reached.add("unknown_account", w.pay("mia", "nobody", 1));
    reached.add("wrong_account_kind", w.pay("house", "mia", 1));
    assert_eq!(code(w.earn("house", &[("barn", 1)])), "wrong_account_kind");
    assert_eq!(code(w.earn("mia", &[("noor", 1)])), "wrong_account_kind");
    assert_eq!(code(w.record(redeem("mia", 1), &["mia"])), "wrong_account_kind");
    // Whatever the account holds: this can never be right.
    reached.add("same_account", w.pay("noor", "noor", 1));
    reached.add("insufficient_credits", w.pay("mia", "noor", 1_001));
    reached.add("budget_spent", {
        w.change(AccountState { limit: sum(2_500), ..w.state("house") }, COUNCIL).unwrap();
        w.earn("house", &[("mia", 501)])
    });
    reached.add("budget_ended", {
        let until = Some(Deadline::from_seconds(w.now.seconds()).unwrap());
        w.change(AccountState { until, ..w.state("barn") }, COUNCIL).unwrap();
        w.earn("barn", &[("mia", 1)])
    });
    w.change(AccountState { ceiling: Some(sum(10)), ..w.state("noor") }, COUNCIL).unwrap();
    reached.add("ceiling", w.pay("mia", "noor", 11));
    reached.add("budget_full", w.pay("mia", "barn", 1));
    w.change(AccountState { payees: Some(vec![account("bakery")]), ..w.state("pot") }, COUNCIL).unwrap();
    reached.add("not_a_payee", w.pay("pot", "cafe", 1));
    let until = Some(Deadline::after(w.now, Seconds(60)));
    let voucher =
        AccountState { until, heir: Some(account("pot")), ..state("voucher", AccountKind::Voucher) };
    w.open(vec![voucher], COUNCIL).unwrap();
    w.pay("mia", "voucher", 10).unwrap();
    w.wait(60);
    reached.add("voucher_ended", w.pay("voucher", "bakery", 1));
    let until = Deadline::after(w.now, Seconds(600));
    w.record(requested("mia", "bakery", 1, "r", until), &["mia"]).unwrap();
    reached.add("request_paid", w.record(requested("mia", "bakery", 1, "r", until), &["mia"]));
    let soon = Deadline::after(w.now, Seconds(299));
    reached.add("request_outlived", w.record(requested("mia", "bakery", 1, "s", soon), &["mia"]));
    let far = Deadline::after(w.now, Seconds(36 * DAY));
    reached.add("request_too_long", w.record(requested("mia", "bakery", 1, "t", far), &["mia"]));
    reached.add("late_form", w.record(late("mia", &[("bakery", 1), ("cafe", 1)]), &["mia"]));
    reached.add("late_cap", w.record(late("mia", &[("bakery", 501)]), &["mia"]));
    w.record(late("mia", &[("bakery", 500)]), &["mia"]).unwrap();
    let rate = Some(Rate::new(2, 1).unwrap());
    let body = Body::Redeem(Redeem { merchant: account("bakery"), amount: minor(1), rate });
    reached.add("wrong_rate", w.record(body, &["bakery"]));
    // A credit limit is for spending, not for euro.
    w.change(AccountState { limit: sum(1_000), ..w.state("cafe") }, COUNCIL).unwrap();
    assert_eq!(code(w.record(redeem("cafe", 1), &["cafe"])), "insufficient_credits");

    // Sums beyond 2^53 - 1: within one entry, and over an account's life.
    let w = &mut World::new();
    let mut free = charter();
    free.policy.organisation_day_amount = None;
    w.record(Body::Govern(Govern { base: 0, charter: free }), COUNCIL).unwrap();
    w.wait(2 * DAY);
    w.change(AccountState { limit: sum(INTEGER_MAX), ..w.state("house") }, COUNCIL).unwrap();
    reached.add("total_too_large", w.earn("house", &[("mia", INTEGER_MAX), ("noor", 1)]));
    w.earn("house", &[("mia", INTEGER_MAX - 1)]).unwrap();
    w.pay("mia", "house", INTEGER_MAX - 1).unwrap();
    assert_eq!(code(w.earn("house", &[("mia", 2)])), "total_too_large");
}

fn refusals_of_undoing(reached: &mut Reached) {
    let w = &mut World::new();
    let earned = w.earn("house", &[("mia", 1_000)]).unwrap();
    let paid = w.pay("mia", "bakery", 500).unwrap();
    reached.add("no_such_line", w.record(refund(paid, 2, 1), &["bakery"]));
    for (index, line) in [(paid, 0), (earned, 1), (999, 1), (paid, INTEGER_MAX)] {
        assert_eq!(code(w.record(refund(index, line, 1), &["bakery"])), "no_such_line", "{index} {line}");
    }
    assert_eq!(code(w.record(correct(paid, &[(2, 1)], None), COUNCIL)), "no_such_line");
    assert_eq!(code(w.record(correct(999, &[(1, 1)], None), COUNCIL)), "no_such_line");
    reached.add("line_used_up", w.record(refund(paid, 1, 501), &["bakery"]));
    reached.add("payee_lacks", w.record(correct(earned, &[(1, 1_000)], None), COUNCIL));
    reached.add("wrong_cover", w.record(correct(earned, &[(1, 1_000)], Some("cafe")), COUNCIL));
    assert_eq!(code(w.record(correct(earned, &[(1, 1_000)], Some("barn")), COUNCIL)), "wrong_cover");
    reached.add("not_a_claim", w.record(settle(&[paid]), COUNCIL));
    reached.add("not_settled", w.record(retire("house", 1), COUNCIL));
    w.wait(60 * DAY);
    reached.add("window_passed", w.record(refund(paid, 1, 1), &["bakery"]));
}

#[test]
fn an_account_id_is_never_used_twice_not_even_the_settlements() {
    let w = &mut World::new();
    let id: AccountId = w.books.standing().community().unwrap().settlement;
    assert_eq!(
        code(w.open(vec![AccountState { account: id, ..state("x", AccountKind::Member) }], COUNCIL)),
        "account_exists"
    );
}
