//! Changes of accounts, what waits for them, and vetoes.

use crate::account::{AccountKind, AccountState, AccountStatus, Rights};
use crate::entry::{Body, Change, Govern};
use crate::limits::DAY_SECONDS as DAY;
use crate::testing::*;

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
