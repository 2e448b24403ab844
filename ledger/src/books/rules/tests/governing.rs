//! The charter: who changes it, and who stops that.

use crate::account::AccountKind;
use crate::entry::{Body, Govern};
use crate::limits::DAY_SECONDS as DAY;
use crate::testing::*;

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
