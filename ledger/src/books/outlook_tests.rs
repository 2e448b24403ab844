//! What the first of several signers hears at once.

use super::{refusal_once_signed, rules};
use crate::account::{AccountKind, AccountState, Rights};
use crate::charter::{Charter, Policy};
use crate::entry::*;
use crate::testing::*;

fn govern(base: u64, charter: Charter) -> Body {
    Body::Govern(Govern { base, charter })
}

/// Returns the code that the first signer hears; `None` when the entry may wait for the others.
fn foreseen(w: &mut World, body: Body, signers: &[&str]) -> Option<&'static str> {
    let entry = w.signed(body, signers);
    let refused = rules::apply(&w.books, &entry, w.now).expect_err("signatures are missing");
    assert_eq!(refused.code(), "lacks_signers");
    refusal_once_signed(&w.books, &entry, w.now).map(|refusal| refusal.code())
}

#[test]
fn what_the_council_could_never_record_is_refused_to_its_first_signer() {
    let w = &mut World::new();
    assert_eq!(foreseen(w, settle(&[0]), &["anna"]), Some("not_a_claim"));
    assert_eq!(foreseen(w, retire("house", 1), &["anna"]), Some("not_settled"));
    let impossible = Charter { council_threshold: 9, ..charter() };
    assert_eq!(foreseen(w, govern(0, impossible), &["anna"]), Some("unsound_charter"));
}

#[test]
fn what_the_council_may_record_waits_for_its_second_signer() {
    let w = &mut World::new();
    let open = Body::Open(Open { states: vec![state("fonds", AccountKind::Fund)] });
    assert_eq!(foreseen(w, open.clone(), &["anna"]), None);
    w.record(open, &["anna", "bert"]).unwrap();
    let policy = Policy { registrar_opens: 7, ..charter().policy };
    assert_eq!(foreseen(w, govern(0, Charter { policy, ..charter() }), &["bert"]), None);
}

#[test]
fn a_second_organisation_is_not_asked_to_sign_what_the_budget_cannot_give() {
    let w = &mut World::new();
    let limit = w.state("house").limit.minor();
    assert_eq!(foreseen(w, earn("house", &[("mia", 50_001)]), &["house"]), None);
    assert_eq!(foreseen(w, earn("house", &[("mia", limit + 1)]), &["house"]), Some("budget_spent"));
}

#[test]
fn an_account_of_two_keys_hears_at_once_that_there_is_not_enough() {
    let w = &mut World::new();
    let shared = AccountState {
        keys: {
            let mut keys = vec![grant("ines", Rights::ALL), grant("omar", Rights::ALL)];
            keys.sort_by_key(|grant| *grant.key.as_bytes());
            keys
        },
        threshold: 2,
        ..state("shared", AccountKind::Member)
    };
    w.open(vec![shared], COUNCIL).unwrap();
    assert_eq!(foreseen(w, pay("shared", &[("bakery", 1)]), &["ines"]), Some("insufficient_credits"));
    w.earn("house", &[("shared", 1)]).unwrap();
    assert_eq!(foreseen(w, pay("shared", &[("bakery", 1)]), &["ines"]), None);
}
