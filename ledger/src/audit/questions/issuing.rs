//! Questions about budgets: what they give, to whom, how much at a time, and when they were raised.

use super::view::{DAY, Gift, View};
use super::{Code, MUCH, Question, median};
use crate::account::AccountKind;
use crate::entry::{Body, EarnReason};
use crate::id::{AccountId, OrganisationId};
use crate::keys::PublicKey;
use crate::time::Day;
use std::collections::{BTreeMap, BTreeSet};

/// How many lines, to how many people, make what a budget gives usual.
const USUAL_LINES: usize = 8;
const USUAL_PEOPLE: usize = 5;
/// How many days with sessions do.
const USUAL_DAYS: usize = 5;
/// How often something must come back before it is a habit.
const HABIT: usize = 3;

pub(super) fn ask(view: &View<'_>, questions: &mut Vec<Question>) {
    lines_above_usual(view, questions);
    days_above_usual(view, questions);
    below_second_signature(view, questions);
    raised_before_end(view, questions);
    credited_twice(view, questions);
    welcomed_again(view, questions);
    migration(view, questions);
}

/// Returns the median line of each budget; those with few lines get the town's.
fn usual_lines(view: &View<'_>) -> (BTreeMap<AccountId, u64>, u64) {
    let mut by_budget: BTreeMap<AccountId, (Vec<u64>, BTreeSet<AccountId>)> = BTreeMap::new();
    for gift in view.gifts() {
        let (lines, people) = by_budget.entry(gift.budget).or_default();
        lines.push(gift.amount);
        people.insert(gift.to);
    }
    let town = median(view.gifts().map(|gift| gift.amount));
    let usual = by_budget.into_iter().map(|(budget, (lines, people))| {
        let has_habits = lines.len() >= USUAL_LINES && people.len() >= USUAL_PEOPLE;
        (budget, if has_habits { median(lines) } else { town })
    });
    (usual.collect(), town)
}

fn lines_above_usual(view: &View<'_>, questions: &mut Vec<Question>) {
    let (usual, town) = usual_lines(view);
    for gift in view.gifts() {
        let usual = usual.get(&gift.budget).copied().unwrap_or(town);
        if gift.amount >= MUCH * usual {
            view.put(questions, Code::LineAboveUsual, vec![gift.index], Some(gift.to), gift.amount);
        }
    }
    // Twice the usual once is a long day; again and again, from one key to one person, it is a habit.
    let mut double: BTreeMap<(PublicKey, AccountId), (u64, Vec<u64>)> = BTreeMap::new();
    for gift in view.gifts().filter(is_by_one) {
        let usual = usual.get(&gift.budget).copied().unwrap_or(town);
        let Some(signer) = gift.signer.filter(|_| gift.amount >= 2 * usual) else { continue };
        let (sum, entries) = double.entry((signer, gift.to)).or_default();
        *sum += gift.amount;
        entries.push(gift.index);
    }
    for ((_, account), (sum, entries)) in double {
        if entries.len() >= HABIT && sum >= 2 * view.least {
            view.put(questions, Code::LineAboveUsual, entries, Some(account), sum);
        }
    }
}

/// Welcome credits come in waves, and what a second organisation signed somebody else has looked at.
fn is_by_one(gift: &&Gift<'_>) -> bool {
    !gift.seconded && gift.reason != EarnReason::Welcome
}

fn days_above_usual(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut days: BTreeMap<(AccountId, Day), (u64, Vec<u64>)> = BTreeMap::new();
    for gift in view.gifts().filter(is_by_one) {
        let (sum, entries) = days.entry((gift.budget, gift.day())).or_default();
        *sum += gift.amount;
        entries.push(gift.index);
    }
    let town = median(days.values().map(|(sum, _)| *sum));
    let mut own: BTreeMap<AccountId, Vec<u64>> = BTreeMap::new();
    days.iter().for_each(|((budget, _), (sum, _))| own.entry(*budget).or_default().push(*sum));
    let usual: BTreeMap<AccountId, u64> = own
        .into_iter()
        .map(|(budget, days)| (budget, if days.len() >= USUAL_DAYS { median(days) } else { town }))
        .collect();
    for ((budget, _), (sum, entries)) in &days {
        let usual = usual.get(budget).copied().unwrap_or(town);
        if *sum >= MUCH * usual {
            view.put(questions, Code::DayAboveUsual, entries.clone(), Some(*budget), *sum);
        }
    }
}

/// Days between 80 % of the day amount and all of it, twice as much as usual, again and again.
fn below_second_signature(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut organisations: BTreeMap<OrganisationId, BTreeMap<Day, (u64, Vec<&Gift<'_>>)>> = BTreeMap::new();
    for gift in view.gifts().filter(|gift| !gift.seconded) {
        let Some(organisation) = gift.organisation else { continue };
        let (sum, gifts) = organisations.entry(organisation).or_default().entry(gift.day()).or_default();
        *sum += gift.amount;
        gifts.push(gift);
    }
    for days in organisations.values() {
        let (near, others): (Vec<_>, Vec<_>) = days.values().partition(|(sum, gifts)| {
            let first = gifts.first().expect("a day has a gift");
            let allowed = view.charter_at(first.at).policy.organisation_day_amount;
            allowed.is_some_and(|allowed| *sum * 5 >= allowed.minor() * 4 && *sum <= allowed.minor())
        });
        let others = median(others.iter().map(|(sum, _)| *sum));
        if near.len() >= HABIT && near.iter().all(|(sum, _)| *sum >= 2 * others) {
            let entries = near.iter().flat_map(|(_, gifts)| gifts.iter().map(|gift| gift.index)).collect();
            let sum = near.iter().map(|(sum, _)| sum).sum();
            let budget = near[0].1.first().map(|gift| gift.budget);
            view.put(questions, Code::BelowSecondSignature, entries, budget, sum);
        }
    }
}

/// A budget raised, or prolonged, in its last thirty days, of whose new room half is given out in a week.
fn raised_before_end(view: &View<'_>, questions: &mut Vec<Question>) {
    for (account, life) in view.accounts.iter().filter(|(_, life)| life.kind == AccountKind::Budget) {
        for pair in life.states.windows(2) {
            let (before, after) = (pair[0].state, pair[1]);
            let Some(end) = before.until else { continue };
            let is_near = end.millis() <= after.from.millis() + 30 * DAY;
            let raised = after.state.limit.minor().saturating_sub(before.limit.minor());
            if !is_near || raised == 0 {
                continue;
            }
            let (spent, mut entries) = life.spent_within(after.from, 7 * DAY);
            if spent * 2 >= raised {
                entries.push(after.index);
                view.put(questions, Code::RaisedBeforeEnd, entries, Some(*account), spent);
            }
        }
    }
}

/// One task credited twice to mostly the same people, or one group credited twice on one day.
fn credited_twice(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut tasks: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    let mut groups: BTreeMap<(Day, Vec<AccountId>), Vec<u64>> = BTreeMap::new();
    for (index, event) in (0..).zip(view.events) {
        let Some(Body::Earn(earn)) = event.body() else { continue };
        if let Some(task) = earn.task {
            tasks.entry(task).or_default().push(index);
        }
        let people: Vec<AccountId> = earn.payees.iter().map(|(account, _)| *account).collect();
        if people.len() >= 2 {
            groups.entry((event.at.day(), people)).or_default().push(index);
        }
    }
    let mut asked = BTreeSet::new();
    for entries in tasks.values().chain(groups.values()).filter(|entries| entries.len() > 1) {
        let first: BTreeSet<AccountId> = view.gifts_of(entries[0]).map(|gift| gift.to).collect();
        for later in &entries[1..] {
            let again = view.gifts_of(*later).filter(|gift| first.contains(&gift.to));
            let again: BTreeMap<AccountId, u64> = again.map(|gift| (gift.to, gift.amount)).collect();
            if !again.is_empty() && again.len() * 2 >= first.len() && asked.insert(*later) {
                let sum = again.values().sum();
                view.put(questions, Code::CreditedTwice, vec![entries[0], *later], None, sum);
            }
        }
    }
}

/// Welcome credits beyond the first.
fn welcomed_again(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut welcomes: BTreeMap<AccountId, Vec<&Gift<'_>>> = BTreeMap::new();
    for gift in view.gifts().filter(|gift| gift.reason == EarnReason::Welcome) {
        welcomes.entry(gift.to).or_default().push(gift);
    }
    for (account, gifts) in welcomes.iter().filter(|(_, gifts)| gifts.len() > 1) {
        let again = gifts[1..].iter().map(|gift| gift.amount).sum();
        let entries = gifts.iter().map(|gift| gift.index).collect();
        view.put(questions, Code::WelcomedAgain, entries, Some(*account), again);
    }
}

fn migration(view: &View<'_>, questions: &mut Vec<Question>) {
    if view.continues_another {
        return;
    }
    let brought = || view.gifts().filter(|gift| gift.reason == EarnReason::Migration);
    let entries = brought().map(|gift| gift.index).collect();
    let sum = brought().map(|gift| gift.amount).sum();
    view.put(questions, Code::MigrationWithoutLedger, entries, None, sum);
}
