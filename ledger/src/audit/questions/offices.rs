//! Questions about offices: limits and policy that change and are used at once, corrections, the registrar, closes.

use super::view::{DAY, View};
use super::{Code, MUCH, Question, median};
use crate::account::{AccountKind, AccountStatus};
use crate::charter::Policy;
use crate::entry::Body;
use crate::id::AccountId;
use crate::keys::PublicKey;
use crate::time::{Day, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How often something must come back before it is a habit.
const HABIT: usize = 3;
/// How many accounts opened in one entry at one limit are a group, not an exception.
const GROUP: usize = 3;
/// How many accounts a day are nothing to ask about.
const FEW_ACCOUNTS: u64 = 10;
/// How many accounts at rest are nothing to ask about.
const FEW_FREEZES: usize = 5;

pub(super) fn ask(view: &View<'_>, questions: &mut Vec<Question>) {
    limits(view, questions);
    corrections(view, questions);
    registrar_opens(view, questions);
    registrar_freezes(view, questions);
    policies(view, questions);
    closes(view, questions);
}

/// A limit of one account raised, and half of the new room gone within two days.
fn limits(view: &View<'_>, questions: &mut Vec<Question>) {
    for (account, life) in &view.accounts {
        let is_budget = life.kind == AccountKind::Budget;
        if !is_budget && !view.is_asked_about(account) {
            continue;
        }
        // What came over from a predecessor was opened there.
        let opening = life.states.first().filter(|_| !is_budget && life.opened.is_some());
        let opening = opening.map(|named| (usual_limit(view, named.index, named.state), *named));
        let changes = life.states.windows(2).map(|pair| (pair[0].state.limit.minor(), pair[1]));
        for (before, named) in opening.into_iter().chain(changes) {
            let raised = named.state.limit.minor().saturating_sub(before);
            if raised == 0 {
                continue;
            }
            let (spent, mut entries) = life.spent_within(named.from, 2 * DAY);
            // Of a person: what went below the old limit. Of a budget: what it gave, a funder's room is for months.
            let lowest = life.moves_within(named.from, 2 * DAY).filter(|step| step.index > named.index);
            let below = lowest.map(|step| step.after).min().unwrap_or(0);
            let used =
                if is_budget { spent } else { u64::try_from(-below).unwrap_or(0).saturating_sub(before) };
            if used * 2 >= raised {
                entries.push(named.index);
                view.put(questions, Code::LimitRaisedAndUsed, entries, Some(*account), used);
            }
        }
    }
}

/// Returns the limit that nobody asks about at an opening: the policy's, or that of a group opened together.
fn usual_limit(view: &View<'_>, index: u64, state: &crate::account::AccountState) -> u64 {
    let event = &view.events[index as usize];
    let policy = view.charter_at(event.at).policy.member_limit.minor();
    let Some(Body::Open(open)) = event.body() else { return policy };
    let alike =
        open.states.iter().filter(|other| other.kind == state.kind && other.limit == state.limit).count();
    if alike >= GROUP { state.limit.minor().max(policy) } else { policy }
}

/// One key with most corrections, out of proportion to what it gives out.
fn corrections(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut by_key: BTreeMap<PublicKey, (usize, usize, u64, Vec<u64>)> = BTreeMap::new();
    let mut all = 0;
    for (index, event) in (0..).zip(view.events) {
        for key in &event.signers {
            let (earns, corrections, sum, entries) = by_key.entry(*key).or_default();
            match event.body() {
                Some(Body::Earn(_)) => *earns += 1,
                Some(Body::Correct(correct)) => {
                    *corrections += 1;
                    *sum += correct.lines.iter().map(|(_, amount)| amount.minor()).sum::<u64>();
                    entries.push(index);
                }
                _ => {}
            }
        }
        all += usize::from(matches!(event.body(), Some(Body::Correct(_))));
    }
    let mut asked = BTreeSet::new();
    for (earns, corrections, sum, entries) in by_key.into_values() {
        let is_one = corrections >= HABIT && corrections * 5 >= all * 3;
        if is_one && corrections * 10 >= earns && asked.insert(entries.clone()) {
            view.put(questions, Code::CorrectionsByOne, entries, None, sum);
        }
    }
}

/// A day with far more new accounts than usual, after the first week.
fn registrar_opens(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut days: BTreeMap<Day, (u64, Vec<u64>)> = BTreeMap::new();
    for (index, event) in (0..).zip(view.events) {
        let Some(Body::Open(open)) = event.body() else { continue };
        if view.by_registrar(event) {
            let people = open.states.iter().filter(|state| view.is_asked_about(&state.account)).count();
            let (count, entries) = days.entry(event.at.day()).or_default();
            *count += people as u64;
            entries.push(index);
        }
    }
    let founded = view.events.first().map_or(Timestamp::default(), |event| event.at);
    let usual = median(days.values().map(|(count, _)| *count));
    for (day, (count, entries)) in days {
        let is_start = day.0 <= founded.day().0 + 7;
        if !is_start && count >= FEW_ACCOUNTS && count >= MUCH * usual.min(FEW_ACCOUNTS) {
            questions.push(Question::about(Code::RegistrarOpens, entries, None, 0));
        }
    }
}

/// Within a week, more accounts put to rest than a tenth of the members.
fn registrar_freezes(view: &View<'_>, questions: &mut Vec<Question>) {
    let freezes: Vec<(u64, Timestamp, AccountId)> = (0..)
        .zip(view.events)
        .filter_map(|(index, event)| match event.body() {
            Some(Body::Change(change))
                if change.status == AccountStatus::Frozen && view.by_registrar(event) =>
            {
                Some((index, event.at, change.state.account))
            }
            _ => None,
        })
        .collect();
    let members = view.accounts.values().filter(|life| life.kind == AccountKind::Member).count();
    let week = |first: usize| {
        let at = freezes[first].1;
        let end = freezes.partition_point(|(_, other, _)| other.millis_since(at) <= 7 * DAY);
        &freezes[first..end]
    };
    let fullest = (0..freezes.len()).map(week).max_by_key(|week| week.len()).unwrap_or_default();
    let accounts: BTreeSet<AccountId> = fullest.iter().map(|(_, _, account)| *account).collect();
    if accounts.len() >= FEW_FREEZES && accounts.len() * 10 >= members {
        let entries = fullest.iter().map(|(index, _, _)| *index).collect();
        questions.push(Question::about(Code::RegistrarFreezes, entries, None, 0));
    }
}

/// A policy that was loosened and used within a week, or that was put back within a month.
fn policies(view: &View<'_>, questions: &mut Vec<Question>) {
    for pair in view.charters.windows(2) {
        let ((_, _, before), (index, from, after)) = (pair[0], pair[1]);
        let (old, new) = (&before.policy, &after.policy);
        let until = Timestamp::from_millis(from.millis() + 7 * DAY).unwrap_or(Timestamp::LATEST);
        let (mut entries, mut sum) = (vec![index], 0);
        for (at, event) in view.recorded(from, until) {
            let used = match event.body() {
                Some(Body::Redeem(redeem)) if rate_rose(old, new) => redeem.amount.minor(),
                Some(Body::Earn(earn)) if day_amount_rose(old, new) => {
                    let given: u64 = earn.payees.iter().map(|(_, amount)| amount.minor()).sum();
                    let before = old.organisation_day_amount.map_or(u64::MAX, |amount| amount.minor());
                    if given > before { given } else { 0 }
                }
                _ => 0,
            };
            if used > 0 {
                sum += used;
                entries.push(at);
            }
        }
        if entries.len() > 1 {
            view.put(questions, Code::PolicyChangedAndUsed, entries, None, sum);
        }
    }
    for three in view.charters.windows(3) {
        let [(_, _, first), (changed, from, second), (back, until, third)] = three else { continue };
        let is_back = first.policy != second.policy && first.policy == third.policy;
        if is_back && until.millis_since(*from) <= 30 * DAY {
            questions.push(Question::about(Code::PolicyChangedBack, vec![*changed, *back], None, 0));
        }
    }
}

fn rate_rose(old: &Policy, new: &Policy) -> bool {
    match (old.euro_rate, new.euro_rate) {
        (Some(old), Some(new)) => {
            u128::from(new.numerator()) * u128::from(old.denominator())
                > u128::from(old.numerator()) * u128::from(new.denominator())
        }
        _ => false,
    }
}

fn day_amount_rose(old: &Policy, new: &Policy) -> bool {
    match (old.organisation_day_amount, new.organisation_day_amount) {
        (Some(old), Some(new)) => new > old,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn closes(view: &View<'_>, questions: &mut Vec<Question>) {
    for (index, event) in (0..).zip(view.events) {
        let Some(Body::Close(close)) = event.body() else { continue };
        let moved = event.postings.iter().filter(|posting| posting.account == close.account);
        let sum = moved.map(|posting| posting.debit).sum();
        if view.by_council(event) && view.is_asked_about(&close.heir) && view.is_asked_about(&close.account) {
            view.put(questions, Code::ClosedToPerson, vec![index], Some(close.account), sum);
        }
    }
}
