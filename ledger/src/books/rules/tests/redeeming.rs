//! The way out: redeem, settle, retire.

use crate::testing::*;

fn settlement(world: &World) -> i64 {
    let id = world.books.standing().community().unwrap().settlement;
    world.books.standing().account(&id).unwrap().balance()
}

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
