//! A table in which every refusal is reached once. Below stand the stories, by the noun of the rules that they tell of.

mod changing;
mod closing;
mod earning;
mod governing;
mod paying;
mod redeeming;
mod undoing;

use crate::account::{AccountKind, AccountState, AccountStatus, Rights};
use crate::amount::Rate;
use crate::books::Rejection;
use crate::entry::*;
use crate::id::Digest;
use crate::limits::{DAY_SECONDS as DAY, INTEGER_MAX};
use crate::testing::*;
use crate::time::{Deadline, Seconds};
use std::collections::BTreeMap;

#[test]
fn a_refused_entry_changes_nothing() {
    let w = &mut World::new();
    w.earn("house", &[("mia", 1_000)]).unwrap();
    let before = w.books.encode_snapshot();
    let refusal = w.pay("mia", "bakery", 1_250).unwrap_err();
    assert_eq!(refusal.code(), "insufficient_credits");
    assert!(refusal.is_transient());
    assert_eq!(w.books.encode_snapshot(), before);
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
    reached.add("promise_not_covered", w.record(late("noor", &[("bakery", 1)]), &["noor"]));
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
