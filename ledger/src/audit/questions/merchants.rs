//! Questions about shops: what they give back, who pays them, and what they are paid out for.

use super::view::View;
use super::{Code, Question};
use crate::account::AccountKind;
use crate::entry::Body;
use crate::id::AccountId;
use std::collections::{BTreeMap, BTreeSet};

/// How often something must come back before it is a habit.
const HABIT: usize = 3;

pub(super) fn ask(view: &View<'_>, questions: &mut Vec<Question>) {
    let redeemed = redeemed(view);
    refunds(view, questions);
    credited_then_redeemed(view, &redeemed, questions);
    one_payer(view, &redeemed, questions);
    paid_own_shop(view, &redeemed, questions);
    bank_references(view, questions);
}

/// Returns what each merchant asked euro for: entries and amounts.
fn redeemed(view: &View<'_>) -> BTreeMap<AccountId, Vec<(u64, u64)>> {
    let mut redeemed: BTreeMap<AccountId, Vec<(u64, u64)>> = BTreeMap::new();
    for (index, event) in (0..).zip(view.events) {
        if let Body::Redeem(redeem) = &event.body {
            redeemed.entry(redeem.merchant).or_default().push((index, redeem.amount.minor()));
        }
    }
    redeemed
}

/// A merchant who gave back a third of its takings, three times and more; or to one payer again and again.
fn refunds(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut shops: BTreeMap<AccountId, (u64, u64, Vec<u64>)> = BTreeMap::new();
    let mut pairs: BTreeMap<(AccountId, AccountId), (u64, u64, Vec<u64>)> = BTreeMap::new();
    for payment in view.payments.iter().filter(|payment| view.is_asked_about(&payment.from)) {
        let back: u64 = payment.refunds.iter().map(|(_, amount)| amount).sum();
        let entries = payment.refunds.iter().flat_map(|(refund, _)| [payment.index, *refund]);
        let shop = shops.entry(payment.to).or_default();
        let pair = pairs.entry((payment.from, payment.to)).or_default();
        for (taken, given_back, listed) in [shop, pair] {
            *taken += payment.amount;
            *given_back += back;
            listed.extend(entries.clone());
        }
    }
    for (shop, (taken, back, entries)) in shops {
        if entries.len() >= 2 * HABIT && back * 3 >= taken {
            view.put(questions, Code::RefundsAboveUsual, entries, Some(shop), back);
        }
    }
    for ((_, shop), (taken, back, entries)) in pairs {
        if entries.len() >= 2 * HABIT && back * 2 >= taken && back >= 2 * view.least {
            view.put(questions, Code::RefundsAboveUsual, entries, Some(shop), back);
        }
    }
}

fn credited_then_redeemed(
    view: &View<'_>,
    redeemed: &BTreeMap<AccountId, Vec<(u64, u64)>>,
    questions: &mut Vec<Question>,
) {
    for (shop, redeems) in redeemed {
        let gifts = || view.gifts().filter(|gift| gift.to == *shop);
        let Some(first) = gifts().map(|gift| gift.index).min() else { continue };
        let given: u64 = gifts().map(|gift| gift.amount).sum();
        let later = || redeems.iter().filter(|(index, _)| *index > first);
        let sum: u64 = later().map(|(_, amount)| amount).sum();
        if sum * 2 >= given {
            let entries = gifts().map(|gift| gift.index).chain(later().map(|(index, _)| *index)).collect();
            view.put(questions, Code::CreditedThenRedeemed, entries, Some(*shop), given.min(sum));
        }
    }
}

/// A shop whose takings are for two thirds one payer's, in several payments, and that was paid out for them.
fn one_payer(
    view: &View<'_>,
    redeemed: &BTreeMap<AccountId, Vec<(u64, u64)>>,
    questions: &mut Vec<Question>,
) {
    for (shop, redeems) in redeemed {
        let takings = || view.payments.iter().filter(|payment| payment.to == *shop);
        let total: u64 = takings().map(|payment| payment.amount).sum();
        let mut payers: BTreeMap<AccountId, (u64, Vec<u64>)> = BTreeMap::new();
        for payment in takings().filter(|payment| view.is_asked_about(&payment.from)) {
            let (sum, entries) = payers.entry(payment.from).or_default();
            *sum += payment.amount;
            entries.push(payment.index);
        }
        let out: u64 = redeems.iter().map(|(_, amount)| amount).sum();
        for (sum, mut entries) in payers.into_values() {
            if entries.len() >= HABIT && sum * 3 >= total * 2 && sum >= 2 * view.least && out * 2 >= sum {
                entries.extend(redeems.iter().map(|(index, _)| index));
                view.put(questions, Code::OnePayer, entries, Some(*shop), sum);
            }
        }
    }
}

/// Payments between accounts that share a key, to a shop that was paid out.
fn paid_own_shop(
    view: &View<'_>,
    redeemed: &BTreeMap<AccountId, Vec<(u64, u64)>>,
    questions: &mut Vec<Question>,
) {
    for (shop, redeems) in redeemed {
        let Some(life) = view.accounts.get(shop).filter(|life| life.kind == AccountKind::Merchant) else {
            continue;
        };
        let own: BTreeSet<&AccountId> = view
            .accounts
            .iter()
            .filter(|(account, other)| {
                *account != shop
                    && view.is_asked_about(account)
                    && !other.spenders.is_disjoint(&life.spenders)
            })
            .map(|(account, _)| account)
            .collect();
        let paid = || view.payments.iter().filter(|p| p.to == *shop && own.contains(&p.from));
        let sum = paid().map(|payment| payment.amount).sum();
        if sum > 0 {
            let entries = paid().map(|p| p.index).chain(redeems.iter().map(|(index, _)| *index)).collect();
            view.put(questions, Code::PaidOwnShop, entries, Some(*shop), sum);
        }
    }
}

fn bank_references(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut references: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for (index, event) in (0..).zip(view.events) {
        if let Body::Settle(settle) = &event.body {
            references.entry(settle.bank_reference).or_default().push(index);
        }
    }
    for entries in references.into_values().filter(|entries| entries.len() > 1) {
        let of = |index: &u64| match &view.events[*index as usize].body {
            Body::Settle(settle) => settle.redeems.clone(),
            _ => Vec::new(),
        };
        let redeems = entries.iter().flat_map(of);
        let amount = redeems.map(|index| match &view.events[index as usize].body {
            Body::Redeem(redeem) => redeem.amount.minor(),
            _ => 0,
        });
        let sum = amount.sum();
        view.put(questions, Code::SameBankReference, entries, None, sum);
    }
}
