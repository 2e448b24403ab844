//! Questions about small towns, honest and not.

use super::view::View;
use super::*;
use crate::account::{AccountKind, AccountState, AccountStatus, Rights};
use crate::books::Books;
use crate::charter::{Charter, Predecessor, UnitWords};
use crate::entry::cbor::{Reader, Writer};
use crate::entry::*;
use crate::id::Digest;
use crate::testing::*;

/// A world, and the history that an auditor has of it.
struct Town {
    world: World,
    history: History,
}

impl Town {
    /// A town of a budget and two people, and of `own`, whose one key is the budget's.
    fn new() -> Self {
        let mut town = Self { world: World::unfounded(), history: History::default() };
        town.record(Body::Found(founding(None)), COUNCIL);
        let budget = |name: &str| AccountState {
            limit: sum(1_000_000),
            organisation: Some(organisation(name)),
            ..state(name, AccountKind::Budget)
        };
        let member = |name: &str, key: &str| AccountState {
            keys: vec![grant(key, Rights::ALL)],
            ..state(name, AccountKind::Member)
        };
        let states = vec![
            budget("house"),
            budget("barn"),
            member("mia", "mia"),
            member("noor", "noor"),
            member("own", "house"),
            member("own too", "house"),
            state("bakery", AccountKind::Merchant),
            state("pot", AccountKind::Fund),
        ];
        town.record(Body::Open(Open { states }), COUNCIL);
        town
    }

    /// The town that continues `old`.
    fn continuing(old: &Self) -> Self {
        let standing = old.world.books.standing();
        let document = old.world.books.encode_snapshot();
        let (ledger, size) = (old.world.ledger(), standing.size());
        let predecessor =
            Predecessor { ledger, size, root: Digest([9; 32]), snapshot: old.world.books.closing_digest() };
        let mut world = World::unfounded();
        world.books = Books::succeeding(&document).unwrap();
        world.now = old.world.now;
        let mut town = Self { world, history: History::default() };
        town.record(Body::Found(founding(Some(predecessor))), COUNCIL);
        town.history.begin_with(town.world.books.standing());
        town
    }

    fn record(&mut self, body: Body, signers: &[&str]) -> u64 {
        let entry = self.world.signed(body, signers);
        let (index, effects) = self.world.post(&entry).unwrap();
        self.history.push(self.world.now, &entry, &effects);
        index
    }

    fn earn(&mut self, to: &[(&str, u64)]) -> u64 {
        self.record(earn("house", to), &["house"])
    }

    fn pay(&mut self, from: &str, to: &str, amount: u64) -> u64 {
        self.record(pay(from, &[(to, amount)]), &[from])
    }

    fn change(&mut self, state: AccountState, signers: &[&str]) -> u64 {
        let standing = self.world.books.standing();
        let base = standing.account(&state.account).unwrap().standing(self.world.now).base;
        self.record(Body::Change(Change { base, state, status: AccountStatus::Open }), signers)
    }

    fn with_keys(&self, name: &str, keys: &[&str]) -> AccountState {
        let mut keys: Vec<_> = keys.iter().map(|key| grant(key, Rights::ALL)).collect();
        keys.sort();
        AccountState { keys, ..self.world.state(name) }
    }

    /// What is asked with this code: the account and the amount of each question.
    fn asked(&self, code: Code) -> Vec<(AccountId, u64)> {
        let questions = ask(&self.history, None).into_iter().filter(|question| question.code == code);
        questions.map(|question| (question.account.unwrap(), question.amount)).collect()
    }
}

fn founding(predecessor: Option<Predecessor>) -> Found {
    let unit = UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() };
    let scale = crate::amount::Scale::new(2).unwrap();
    let (origin, log_keys) = match predecessor {
        Some(_) => ("klaver.example/log/2".to_owned(), vec![public("next log")]),
        None => (charter().origin, charter().log_keys),
    };
    let charter = Charter { origin, log_keys, ..charter() };
    Found { name: "Testdorp".to_owned(), unit, scale, charter, predecessor }
}

const DAY: u64 = 86_400;

#[test]
fn what_a_cover_paid_stays_spent() {
    for (cover, signers) in [("house", vec!["house"]), ("pot", vec!["house", "pot"])] {
        let town = &mut Town::new();
        let given = town.earn(&[("own", 5_000)]);
        town.record(pay("own", &[("bakery", 4_900)]), &["house"]);
        town.earn(&[("pot", 5_000)]);
        let lines = vec![(1, minor(5_000))];
        let (reason, cover) = (CorrectReason::WrongPerson, Some(account(cover)));
        town.record(Body::Correct(Correct { index: given, lines, reason, cover }), &signers);
        assert_eq!(town.asked(Code::OwnKey), [(account("own"), 4_900)], "{cover:?}");
    }
    let town = &mut Town::new();
    let given = town.earn(&[("own", 5_000)]);
    let lines = vec![(1, minor(5_000))];
    let reason = CorrectReason::WrongPerson;
    town.record(Body::Correct(Correct { index: given, lines, reason, cover: None }), &["house"]);
    assert_eq!(town.asked(Code::OwnKey), [], "it was given back");
}

#[test]
fn another_phone_and_credits_that_came_later_raise_no_question() {
    // Nothing was there when the keys changed.
    let town = &mut Town::new();
    town.change(town.with_keys("mia", &["new phone"]), &["mia"]);
    town.earn(&[("mia", 3_000)]);
    town.record(pay("mia", &[("noor", 3_000)]), &["new phone"]);
    assert_eq!(town.asked(Code::EmptiedAfterKeyChange), []);
    // A second phone beside the first.
    let town = &mut Town::new();
    town.earn(&[("mia", 3_000)]);
    town.change(town.with_keys("mia", &["mia", "tablet"]), &["mia"]);
    town.pay("mia", "noor", 2_900);
    assert_eq!(town.asked(Code::EmptiedAfterKeyChange), []);
    // What was there before is still there.
    let town = &mut Town::new();
    town.earn(&[("mia", 1_500)]);
    town.change(town.with_keys("mia", &["new phone"]), &["mia"]);
    town.earn(&[("mia", 5_000)]);
    town.record(pay("mia", &[("noor", 1_500)]), &["new phone"]);
    assert_eq!(town.asked(Code::EmptiedAfterKeyChange), []);
}

#[test]
fn keys_that_change_hands_before_an_account_is_emptied_raise_one() {
    let town = &mut Town::new();
    town.earn(&[("mia", 3_000)]);
    town.change(town.with_keys("mia", &["thief"]), &["mia"]);
    town.record(pay("mia", &[("noor", 2_900)]), &["thief"]);
    assert_eq!(town.asked(Code::EmptiedAfterKeyChange), [(account("mia"), 2_900)]);
    // The council puts a key beside somebody's own.
    let town = &mut Town::new();
    town.earn(&[("mia", 3_000)]);
    town.change(town.with_keys("mia", &["mia", "thief"]), COUNCIL);
    town.world.wait(2 * DAY);
    town.record(pay("mia", &[("noor", 2_900)]), &["thief"]);
    assert_eq!(town.asked(Code::EmptiedAfterKeyChange), [(account("mia"), 2_900)]);
}

#[test]
fn what_never_came_into_force_raises_no_question() {
    // The owner adds a phone meanwhile: what waits is gone.
    let town = &mut Town::new();
    town.earn(&[("mia", 3_000)]);
    town.change(town.with_keys("mia", &["from the council"]), COUNCIL);
    town.change(town.with_keys("mia", &["mia", "tablet"]), &["mia"]);
    town.world.wait(2 * DAY);
    town.pay("mia", "noor", 2_900);
    assert_eq!(town.asked(Code::EmptiedAfterKeyChange), []);
    // It still waits, and the owner pays with the old key.
    let town = &mut Town::new();
    town.earn(&[("mia", 3_000)]);
    town.change(town.with_keys("mia", &["from the council"]), COUNCIL);
    town.pay("mia", "noor", 2_900);
    town.world.wait(2 * DAY);
    town.earn(&[("noor", 1)]);
    assert_eq!(town.asked(Code::EmptiedAfterKeyChange), []);
}

#[test]
fn a_council_by_rescue_keys_counts_after_thirty_days() {
    let town = &mut Town::new();
    let charter = Charter { council: vec![public("carl")], council_threshold: 1, ..charter() };
    town.record(Body::Govern(Govern { base: 0, charter: charter.clone() }), &["rosa"]);
    for (days, council) in [(29, crate::testing::charter().council), (2, charter.council)] {
        town.world.wait(days * DAY);
        town.earn(&[("mia", 1)]);
        let view = View::of(&town.history, None).unwrap();
        assert_eq!(view.charter_at(town.world.now).council, council);
    }
}

#[test]
fn a_continued_ledger_is_asked_about_like_another() {
    let mut old = Town::new();
    old.change(AccountState { limit: sum(5_000), ..old.world.state("mia") }, COUNCIL);
    old.earn(&[("noor", 3_000)]);
    let mut new = Town::continuing(&old);
    new.earn(&[("own", 5_000)]);
    assert_eq!(new.asked(Code::OwnKey), [(account("own"), 5_000)]);
    assert!(!View::of(&new.history, None).unwrap().gifts[0].seconded, "the budget's own key signed");
    // Keys that change hands, of somebody who had credits before.
    new.change(new.with_keys("noor", &["thief"]), &["noor"]);
    new.record(pay("noor", &[("mia", 2_900)]), &["thief"]);
    assert_eq!(new.asked(Code::EmptiedAfterKeyChange), [(account("noor"), 2_900)]);
    // A limit from the old ledger is not raised by another change.
    new.change(AccountState { heir: Some(account("noor")), ..new.world.state("mia") }, &["mia"]);
    new.pay("mia", "bakery", 2_900 + 4_000);
    assert_eq!(new.asked(Code::LimitRaisedAndUsed), []);
    // An audit that goes on another day asks the same.
    let mut w = Writer::with_capacity(0);
    new.history.write(&mut w);
    let read = History::read(&mut Reader::new(&w.finish())).unwrap();
    assert_eq!(ask(&read, None), ask(&new.history, None));
}

#[test]
fn a_pot_that_closes_to_a_person_is_asked_about() {
    let town = &mut Town::new();
    town.earn(&[("pot", 5_000)]);
    town.record(Body::Close(Close { account: account("pot"), heir: account("mia") }), &["pot"]);
    assert_eq!(town.asked(Code::OwnPot), [(account("mia"), 5_000)]);
}

#[test]
fn questions_about_two_people_of_one_entry_have_two_marks() {
    let town = &mut Town::new();
    town.earn(&[("own", 5_000), ("own too", 5_000)]);
    let questions = ask(&town.history, None);
    let own: Vec<String> =
        questions.iter().filter(|question| question.code == Code::OwnKey).map(Question::mark).collect();
    let expected = ["own", "own too"].map(|name| format!("own_key:2:{}", account(name)));
    assert_eq!(own.len(), 2);
    assert!(expected.iter().all(|mark| own.contains(mark)), "{own:?}");
}

#[test]
fn whoever_signs_for_the_budget_is_taken_for_its_signer() {
    let town = &mut Town::new();
    town.earn(&[("mia", 1_000)]);
    for (budget, other) in [("house", "barn"), ("barn", "house")] {
        town.record(earn(budget, &[("mia", 1_000)]), &[budget, other]);
        let view = View::of(&town.history, None).unwrap();
        let gift = view.gifts.last().unwrap();
        assert_eq!((gift.signer, gift.seconded), (Some(public(budget)), true));
    }
}
