//! Random histories beside a naive second model of the books: a table of balances and nothing else.
//!
//! The model knows no accounts, windows or signers. It predicts whether a simple entry is allowed and what it
//! moves, so a rule that is too strict or too loose shows as a difference.

use crate::account::{AccountKind, AccountState};
use crate::amount::Rate;
use crate::books::{Books, Rejection, rules};
use crate::entry::*;
use crate::id::Digest;
use crate::testing::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const BUDGETS: [&str; 2] = ["house", "barn"];
const HOLDERS: [&str; 5] = ["mia", "noor", "bakery", "cafe", "pot"];
const CAP: i64 = 3_000;
const CREDIT: i64 = 200;

/// One step of a history.
#[derive(Clone, Debug)]
enum Step {
    Earn { budget: usize, to: usize, amount: u64 },
    Pay { from: usize, to: usize, amount: u64 },
    PayForTask { from: usize, budget: usize, amount: u64 },
    Refund { which: usize, amount: u64 },
    Correct { which: usize, amount: u64 },
    Redeem { merchant: usize, amount: u64 },
    SettleAll,
    Retire { budget: usize, amount: u64 },
    Wait { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let amount = || prop_oneof![4 => 1..400_u64, 1 => 1..4_000_u64];
    prop_oneof![
        4 => (0..2_usize, 0..5_usize, amount()).prop_map(|(budget, to, amount)| Step::Earn { budget, to, amount }),
        8 => (0..5_usize, 0..5_usize, amount()).prop_map(|(from, to, amount)| Step::Pay { from, to, amount }),
        1 => (0..5_usize, 0..2_usize, amount()).prop_map(|(from, budget, amount)| Step::PayForTask { from, budget, amount }),
        3 => (any::<usize>(), amount()).prop_map(|(which, amount)| Step::Refund { which, amount }),
        3 => (any::<usize>(), amount()).prop_map(|(which, amount)| Step::Correct { which, amount }),
        2 => (2..4_usize, amount()).prop_map(|(merchant, amount)| Step::Redeem { merchant, amount }),
        1 => Just(Step::SettleAll),
        1 => (0..2_usize, amount()).prop_map(|(budget, amount)| Step::Retire { budget, amount }),
        1 => (1..200_000_u64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// What the naive model remembers of a single-line payment.
struct Paid {
    index: u64,
    from: &'static str,
    to: &'static str,
    left: u64,
}

#[derive(Default)]
struct Model {
    balances: BTreeMap<&'static str, i64>,
    paid: Vec<Paid>,
    claims: Vec<(u64, i64)>,
    settled: i64,
    in_settlement: i64,
}

impl Model {
    fn balance(&self, name: &str) -> i64 {
        self.balances.get(name).copied().unwrap_or(0)
    }

    fn floor(name: &str) -> i64 {
        match name {
            "house" | "barn" => -CAP,
            "mia" => -CREDIT,
            _ => 0,
        }
    }

    fn allows(&self, from: &str, to: &str, amount: u64) -> bool {
        let amount = amount as i64;
        let above_zero = BUDGETS.contains(&to) && self.balance(to) + amount > 0;
        from != to && self.balance(from) - amount >= Self::floor(from) && !above_zero
    }

    fn go(&mut self, from: &'static str, to: &'static str, amount: u64) {
        *self.balances.entry(from).or_default() -= amount as i64;
        *self.balances.entry(to).or_default() += amount as i64;
    }
}

fn world() -> World {
    let mut world = World::unfounded();
    let mut charter = charter();
    charter.policy.organisation_day_amount = None;
    world.found(charter);
    let budget = |name: &str| AccountState {
        limit: sum(CAP as u64),
        organisation: Some(organisation(name)),
        ..state(name, AccountKind::Budget)
    };
    let mia = AccountState { limit: sum(CREDIT as u64), ..state("mia", AccountKind::Member) };
    let others = [
        ("noor", AccountKind::Member),
        ("bakery", AccountKind::Merchant),
        ("cafe", AccountKind::Merchant),
        ("pot", AccountKind::Fund),
    ];
    let mut states = vec![budget("house"), budget("barn"), mia];
    states.extend(others.map(|(name, kind)| state(name, kind)));
    world.open(states, COUNCIL).expect("the world opens");
    world
}

/// Plays one step in the world and in the model; they must agree on whether it is allowed.
fn play(world: &mut World, model: &mut Model, step: &Step) {
    let agree = |expected: bool, result: Result<u64, Rejection>| {
        assert_eq!(expected, result.is_ok(), "model and rules disagree on {step:?}: {result:?}");
        result.ok()
    };
    match *step {
        Step::Earn { budget, to, amount } => {
            let (from, to) = (BUDGETS[budget], HOLDERS[to]);
            let allowed = model.allows(from, to, amount);
            if let Some(index) = agree(allowed, world.earn(from, &[(to, amount)])) {
                model.go(from, to, amount);
                model.paid.push(Paid { index, from, to, left: amount });
            }
        }
        Step::Pay { from, to, amount } => pay_both(world, model, HOLDERS[from], HOLDERS[to], amount, agree),
        Step::PayForTask { from, budget, amount } => {
            pay_both(world, model, HOLDERS[from], BUDGETS[budget], amount, agree);
        }
        Step::Refund { which, amount } => {
            let Some(at) = pick(model, which, |paid| !BUDGETS.contains(&paid.from)) else { return };
            let Paid { index, from, to, left } = model.paid[at];
            let allowed = amount <= left && model.balance(to) - amount as i64 >= Model::floor(to);
            let body = Body::Refund(Refund { index, line: 1, amount: minor(amount) });
            if agree(allowed, world.record(body, &[to])).is_some() {
                undo(model, at, to, from, amount);
            }
        }
        Step::Correct { which, amount } => {
            let Some(at) = pick(model, which, |paid| !BUDGETS.contains(&paid.to)) else { return };
            let Paid { index, from, to, left } = model.paid[at];
            // Nobody is taken below zero, also where a credit limit would allow it; no budget comes above it.
            let full = BUDGETS.contains(&from) && model.balance(from) + amount as i64 > 0;
            let allowed = amount <= left && model.balance(to) >= amount as i64 && !full;
            let lines = vec![(1, minor(amount))];
            let reason = CorrectReason::Other;
            let body = Body::Correct(Correct { index, lines, reason, cover: None });
            let result = world.record(body, COUNCIL);
            if result.as_ref().is_err_and(|refusal| refusal.code() == "window_passed") {
                return;
            }
            if agree(allowed, result).is_some() {
                undo(model, at, to, from, amount);
            }
        }
        Step::Redeem { merchant, amount } => {
            let merchant = HOLDERS[merchant];
            let rate = Some(Rate::new(1, 1).expect("one to one"));
            let body = Body::Redeem(Redeem { merchant: account(merchant), amount: minor(amount), rate });
            if let Some(index) =
                agree(model.balance(merchant) >= amount as i64, world.record(body, &[merchant]))
            {
                *model.balances.entry(merchant).or_default() -= amount as i64;
                model.in_settlement += amount as i64;
                model.claims.push((index, amount as i64));
            }
        }
        Step::SettleAll => {
            let redeems: Vec<u64> = model.claims.iter().map(|(index, _)| *index).collect();
            if redeems.is_empty() {
                return;
            }
            let body = Body::Settle(Settle { redeems, bank_reference: Digest::of(b"") });
            agree(true, world.record(body, COUNCIL));
            model.settled += model.claims.drain(..).map(|(_, amount)| amount).sum::<i64>();
        }
        Step::Retire { budget, amount } => {
            let budget = BUDGETS[budget];
            let allowed = amount as i64 <= model.settled && model.balance(budget) + amount as i64 <= 0;
            let body = Body::Retire(Retire { budget: account(budget), amount: minor(amount) });
            if agree(allowed, world.record(body, COUNCIL)).is_some() {
                *model.balances.entry(budget).or_default() += amount as i64;
                model.settled -= amount as i64;
                model.in_settlement -= amount as i64;
            }
        }
        Step::Wait { seconds } => world.wait(seconds),
    }
}

fn pay_both(
    world: &mut World,
    model: &mut Model,
    from: &'static str,
    to: &'static str,
    amount: u64,
    agree: impl Fn(bool, Result<u64, Rejection>) -> Option<u64>,
) {
    if let Some(index) = agree(model.allows(from, to, amount), world.pay(from, to, amount)) {
        model.go(from, to, amount);
        model.paid.push(Paid { index, from, to, left: amount });
    }
}

fn pick(model: &Model, which: usize, wanted: impl Fn(&Paid) -> bool) -> Option<usize> {
    let candidates: Vec<usize> = (0..model.paid.len()).filter(|at| wanted(&model.paid[*at])).collect();
    (!candidates.is_empty()).then(|| candidates[which % candidates.len()])
}

fn undo(model: &mut Model, at: usize, from: &'static str, to: &'static str, amount: u64) {
    model.go(from, to, amount);
    model.paid[at].left -= amount;
    if model.paid[at].left == 0 {
        model.paid.remove(at);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn every_history_agrees_with_the_naive_model(steps in prop::collection::vec(step(), 1..80)) {
        let (mut world, mut model) = (world(), Model::default());
        for step in &steps {
            play(&mut world, &mut model, step);
            for name in BUDGETS.iter().chain(&HOLDERS) {
                prop_assert_eq!(world.balance(name), model.balance(name), "{} after {:?}", name, step);
            }
        }
        let settlement = world.books.standing().community().expect("founded").settlement;
        let settlement = world.books.standing().account(&settlement).expect("it exists").balance();
        prop_assert_eq!(settlement, model.in_settlement);
    }

    #[test]
    fn books_read_from_a_snapshot_judge_alike(
        steps in prop::collection::vec(step(), 1..40),
        later in prop::collection::vec((0..5_usize, 0..7_usize, 1..500_u64), 1..10),
    ) {
        let (mut world, mut model) = (world(), Model::default());
        for step in &steps {
            play(&mut world, &mut model, step);
        }
        let copy = Books::decode_snapshot(&world.books.encode_snapshot()).expect("our own snapshot");
        for (from, to, amount) in later {
            let to = HOLDERS.iter().chain(&BUDGETS).nth(to).expect("seven accounts");
            let entry = world.signed(pay(HOLDERS[from], &[(to, amount)]), &[HOLDERS[from]]);
            let (here, there) = (rules::apply(&world.books, &entry, world.now), rules::apply(&copy, &entry, world.now));
            prop_assert_eq!(here, there);
        }
    }
}
