//! What whoever signs alone hears from the ledger, before the others have signed: nothing that the rules hide.

use super::*;
use crate::entry::{Close, Correct, CorrectReason};

/// A town with a card and a pot of the house, and with what people have: what is asked about below.
fn town() -> Town<MemoryStore> {
    let mut town = Town::found(MemoryStore::new());
    let states = vec![state("card", AccountKind::Card), state("pot", AccountKind::Fund)];
    town.recorded(Body::Open(Open { states }), COUNCIL);
    let may_owe = AccountState { limit: sum(300), ..town.world.state("mia") };
    changed(&mut town, may_owe, COUNCIL);
    town
}

fn changed(town: &mut Town<MemoryStore>, state: AccountState, signers: &[&str]) {
    let base = town.world.books.standing().account(&state.account).unwrap().standing(town.world.now).base;
    let change = crate::entry::Change { base, state, status: AccountStatus::Open };
    town.recorded(Body::Change(change), signers);
}

fn hears(town: &mut Town<MemoryStore>, body: Body, signer: &str) -> String {
    let entry = town.world.signed(body, &[signer]);
    match town.one(&entry) {
        Outcome::LacksSigners(refusal) => refusal.code,
        other => declined(&other).to_owned(),
    }
}

#[test]
fn strangers_hear_the_same_about_an_account_that_they_would_close() {
    let town = &mut town();
    let mut answers = Vec::new();
    for owes in [false, true] {
        if owes {
            town.recorded(pay("mia", &[("bakery", 20_300)]), &["mia"]);
        }
        for heir in [None, Some(account("bakery"))] {
            let named = AccountState { heir, ..town.world.state("mia") };
            if named != town.world.state("mia") {
                changed(town, named, &["mia"]);
            }
            for stranger in ["noor", "card"] {
                let close = Close { account: account("mia"), heir: account(stranger) };
                answers.push(hears(town, Body::Close(close), stranger));
            }
        }
    }
    assert_eq!(answers, vec!["lacks_signers"; 8]);
}

#[test]
fn whoever_closes_an_account_that_owes_hears_nothing_about_the_heir() {
    let town = &mut town();
    town.recorded(pay("mia", &[("bakery", 20_300)]), &["mia"]);
    // Noor has 500 of them, then none.
    for spent in [100, 400] {
        let close = Close { account: account("mia"), heir: account("noor") };
        assert_eq!(hears(town, Body::Close(close), "mia"), "lacks_signers");
        town.recorded(pay("noor", &[("bakery", spent)]), &["noor"]);
    }
}

#[test]
fn whoever_covers_or_issues_alone_hears_no_balance_of_another() {
    let town = &mut town();
    let given = town.recorded(earn("house", &[("noor", 900)]), &["house"]).1.index;
    town.recorded(pay("noor", &[("bakery", 1_300)]), &["noor"]);
    let correct = |cover| {
        let (index, lines) = (given, vec![(1, minor(900))]);
        Body::Correct(Correct {
            index,
            lines,
            reason: CorrectReason::WrongAmount,
            cover: Some(account(cover)),
        })
    };
    // An empty pot covers nothing: how much that is would be what noor has.
    assert_eq!(hears(town, correct("pot"), "pot"), "lacks_signers");
    // The place corrects its own within a day, and knows nothing of somebody else's pot.
    assert_eq!(hears(town, correct("pot"), "house"), "lacks_signers");
}

#[test]
fn a_printed_key_alone_hears_no_balance() {
    let town = &mut town();
    for given in [1_000, 2_000] {
        town.recorded(earn("house", &[("card", given)]), &["house"]);
        assert_eq!(hears(town, pay("card", &[("bakery", 1_000_000)]), "card"), "lacks_signers");
        assert_eq!(hears(town, pay("card", &[("bakery", 1)]), "card"), "lacks_signers");
    }
}
