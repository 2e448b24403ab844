//! Questions about straw men: accounts, organisations and budgets that are only there for somebody else.

use super::view::{DAY, Gift, View};
use super::{Code, Question};
use crate::account::AccountKind;
use crate::entry::Body;
use crate::id::{AccountId, OrganisationId};
use crate::keys::PublicKey;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How many accounts, or how often, make a pattern.
const PATTERN: usize = 3;
/// How many accounts that are emptied together are more than a round of drinks.
const ROUND: usize = 4;
/// Two months, in milliseconds.
const TWO_MONTHS: u64 = 60 * DAY;
/// What is together: an hour, in milliseconds.
const TOGETHER: u64 = 60 * 60 * 1_000;

pub(super) fn ask(view: &View<'_>, questions: &mut Vec<Question>) {
    one_key(view, questions);
    only_seconds(view, questions);
    spent_on_one(view, questions);
    emptied_together(view, questions);
    retired_to_give(view, questions);
}

/// Three accounts and more that one key spends for, credited again and again. A family that shares a phone is fewer.
fn one_key(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut keys: BTreeMap<PublicKey, BTreeSet<AccountId>> = BTreeMap::new();
    for (account, life) in view.accounts.iter().filter(|(_, life)| life.kind == AccountKind::Member) {
        for key in &life.spenders {
            keys.entry(*key).or_default().insert(*account);
        }
    }
    // Several keys of the same accounts are one question.
    let groups: BTreeSet<BTreeSet<AccountId>> =
        keys.into_values().filter(|accounts| accounts.len() >= PATTERN).collect();
    for accounts in groups {
        let gifts = || accounts.iter().flat_map(|account| view.gifts_to(account));
        let credited = accounts.iter().filter(|account| view.gifts_to(account).next().is_some()).count();
        let (count, sum) = gifts().fold((0, 0), |(count, sum), gift| (count + 1, sum + gift.amount));
        if credited >= PATTERN && count >= 2 * credited && sum >= 2 * view.least {
            let entries = gifts().map(|gift| gift.index).collect();
            view.put(questions, Code::OneKey, entries, accounts.first().copied(), sum);
        }
    }
}

/// An organisation that signs as the second one again and again, for the same other, and gives nothing itself.
fn only_seconds(view: &View<'_>, questions: &mut Vec<Question>) {
    let gives: BTreeSet<OrganisationId> = view.gifts().filter_map(|gift| gift.organisation).collect();
    let budgets = view.accounts.values().filter(|life| life.kind == AccountKind::Budget);
    let of_key: BTreeMap<PublicKey, OrganisationId> = budgets
        .filter_map(|life| Some((life, life.organisation?)))
        .flat_map(|(life, organisation)| life.spenders.iter().map(move |key| (*key, organisation)))
        .collect();
    let second = |gift: &Gift<'_>| {
        let others = gift.signers.iter().filter_map(|key| of_key.get(key).copied());
        others.into_iter().find(|other| Some(*other) != gift.organisation && !gives.contains(other))
    };
    let mut seconded: BTreeMap<(OrganisationId, AccountId), (u64, BTreeSet<u64>)> = BTreeMap::new();
    for gift in view.gifts().filter(|gift| gift.seconded) {
        let Some(second) = second(gift) else { continue };
        let (sum, entries) = seconded.entry((second, gift.budget)).or_default();
        *sum += gift.amount;
        entries.insert(gift.index);
    }
    for ((_, budget), (sum, entries)) in seconded {
        if entries.len() >= PATTERN {
            view.put(questions, Code::OnlySeconds, entries.into_iter().collect(), Some(budget), sum);
        }
    }
}

/// Somebody who takes in nothing, and pays one account nearly all that one may go below zero.
fn spent_on_one(view: &View<'_>, questions: &mut Vec<Question>) {
    for (account, life) in view.accounts.iter().filter(|(account, _)| view.is_asked_about(account)) {
        let lowest = life.moves.iter().map(|step| step.after).min().unwrap_or(0);
        let below = u64::try_from(-lowest).unwrap_or(0);
        let limit = life.states.iter().map(|named| named.state.limit.minor()).max().unwrap_or(0);
        let takes_in = life.moves.iter().any(|step| step.after > step.before);
        if takes_in || below < 2 * view.least || below * 10 < limit * 8 {
            continue;
        }
        let mut to: BTreeMap<AccountId, (u64, Vec<u64>)> = BTreeMap::new();
        for payment in view.payments_from(account).filter(|payment| view.is_asked_about(&payment.to)) {
            let (sum, entries) = to.entry(payment.to).or_default();
            *sum += payment.amount;
            entries.push(payment.index);
        }
        for (sum, entries) in to.into_values().filter(|(sum, _)| sum * 10 >= below * 8) {
            view.put(questions, Code::SpentOnOne, entries, Some(*account), sum);
        }
    }
}

/// Accounts that were credited on several days, never paid anybody, and within an hour pay one and the same nearly all
/// of it.
fn emptied_together(view: &View<'_>, questions: &mut Vec<Question>) {
    // By payee: who ever paid nobody else, was credited on several days, and paid within an hour nearly all of it.
    let mut till: BTreeMap<AccountId, Vec<(u64, Vec<usize>)>> = BTreeMap::new();
    let mut payers: BTreeMap<AccountId, Vec<usize>> = BTreeMap::new();
    for (place, payment) in view.payments.iter().enumerate() {
        payers.entry(payment.from).or_default().push(place);
    }
    for (from, places) in payers {
        let [first, last] = [places[0], places[places.len() - 1]].map(|place| &view.payments[place]);
        let is_quick = last.at.millis_since(first.at) <= TOGETHER;
        if !is_quick || places.iter().any(|place| view.payments[*place].to != first.to) {
            continue;
        }
        let sum: u64 = places.iter().map(|place| view.payments[*place].amount).sum();
        let received: u64 = view.gifts_to(&from).map(|gift| gift.amount).sum();
        let days: BTreeSet<_> = view.gifts_to(&from).map(Gift::day).collect();
        if days.len() >= 2 && sum * 10 >= received * 8 {
            till.entry(first.to).or_default().push((sum, places));
        }
    }
    for (to, emptied) in till.into_iter().filter(|(to, _)| view.is_asked_about(to)) {
        let mut by_time: Vec<&(u64, Vec<usize>)> = emptied.iter().collect();
        by_time.sort_by_key(|(_, places)| places[0]);
        let end = |first: usize| {
            let start = view.payments[by_time[first].1[0]].at;
            by_time.partition_point(|(_, places)| view.payments[places[0]].at.millis_since(start) <= TOGETHER)
        };
        let fullest =
            (0..by_time.len()).map(|first| &by_time[first..end(first)]).max_by_key(|hour| hour.len());
        let Some(hour) = fullest.filter(|hour| hour.len() >= ROUND) else { continue };
        let sum: u64 = hour.iter().map(|(sum, _)| sum).sum();
        if sum >= 2 * view.least {
            let entries =
                hour.iter().flat_map(|(_, places)| places.iter().map(|at| view.payments[*at].index));
            view.put(questions, Code::EmptiedTogether, entries.collect(), Some(to), sum);
        }
    }
}

/// A budget that gave twice its cap within two months, because what others gave was taken off it meanwhile.
fn retired_to_give(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut retired: BTreeMap<AccountId, Vec<(u64, Timestamp)>> = BTreeMap::new();
    for (index, event) in (0..).zip(view.events) {
        if let Some(Body::Retire(retire)) = event.body() {
            retired.entry(retire.budget).or_default().push((index, event.at));
        }
    }
    let mut given_by: BTreeMap<AccountId, Vec<&Gift<'_>>> = BTreeMap::new();
    for gift in view.gifts().filter(|gift| retired.contains_key(&gift.budget)) {
        given_by.entry(gift.budget).or_default().push(gift);
    }
    for (budget, retired) in retired {
        let Some(life) = view.accounts.get(&budget) else { continue };
        let cap = life.states.iter().map(|named| named.state.limit.minor()).max().unwrap_or(0);
        let given = given_by.remove(&budget).unwrap_or_default();
        let mut before = vec![0];
        given.iter().for_each(|gift| before.push(before[before.len() - 1] + gift.amount));
        // For each gift: what was given from it on, and the end of its two months.
        let windows = given.iter().enumerate().map(|(first, gift)| {
            let end = given.partition_point(|later| later.at.millis_since(gift.at) <= TWO_MONTHS);
            (before[end] - before[first], first, end)
        });
        let Some((sum, first, end)) = windows.max().filter(|(sum, ..)| *sum >= 2 * cap) else { continue };
        let (first, last) = (given[first].at, given[end - 1].at);
        let meanwhile = retired.iter().filter(|(_, at)| (first..=last).contains(at));
        let entries = meanwhile.map(|(index, _)| *index).collect();
        view.put(questions, Code::RetiredToGive, entries, Some(budget), sum);
    }
}
