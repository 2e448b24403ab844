//! Questions about shops: what they give back, who pays them, and what they are paid out for.

use super::view::View;
use super::{Code, Question};
use crate::account::AccountKind;
use crate::entry::Body;
use crate::id::AccountId;
use std::collections::BTreeMap;

/// How often something must come back before it is a habit.
const HABIT: usize = 3;

pub(super) fn ask(view: &View<'_>, questions: &mut Vec<Question>) {
    refunds(view, questions);
    credited_then_redeemed(view, questions);
    one_payer(view, questions);
    paid_own_shop(view, questions);
    bank_references(view, questions);
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

fn credited_then_redeemed(view: &View<'_>, questions: &mut Vec<Question>) {
    for (shop, redeems) in &view.redeems {
        if !view.is_asked_about(shop) {
            continue;
        }
        let gifts = || view.gifts_to(shop);
        let Some(first) = gifts().map(|gift| gift.index).min() else { continue };
        let given: u64 = gifts().map(|gift| gift.amount).sum();
        let later = || redeems.iter().filter(|redeem| redeem.index > first);
        let sum: u64 = later().map(|redeem| redeem.amount).sum();
        if sum * 2 >= given {
            let entries = gifts().map(|gift| gift.index).chain(later().map(|redeem| redeem.index)).collect();
            view.put(questions, Code::CreditedThenRedeemed, entries, Some(*shop), given.min(sum));
        }
    }
}

/// A shop whose takings are for two thirds one payer's, in several payments, and that was paid out for them.
fn one_payer(view: &View<'_>, questions: &mut Vec<Question>) {
    for (shop, redeems) in &view.redeems {
        let total: u64 = view.payments_to(shop).map(|payment| payment.amount).sum();
        let mut payers: BTreeMap<AccountId, (u64, Vec<u64>)> = BTreeMap::new();
        for payment in view.payments_to(shop).filter(|payment| view.is_asked_about(&payment.from)) {
            let (sum, entries) = payers.entry(payment.from).or_default();
            *sum += payment.amount;
            entries.push(payment.index);
        }
        let out: u64 = redeems.iter().map(|redeem| redeem.amount).sum();
        for (sum, mut entries) in payers.into_values() {
            if entries.len() >= HABIT && sum * 3 >= total * 2 && sum >= 2 * view.least && out * 2 >= sum {
                entries.extend(redeems.iter().map(|redeem| redeem.index));
                view.put(questions, Code::OnePayer, entries, Some(*shop), sum);
            }
        }
    }
}

/// Payments between accounts that share a key, to a shop that was paid out.
fn paid_own_shop(view: &View<'_>, questions: &mut Vec<Question>) {
    for (shop, redeems) in &view.redeems {
        let Some(life) = view.accounts.get(shop).filter(|life| life.kind == AccountKind::Merchant) else {
            continue;
        };
        let own = view.listing(&life.spenders);
        let is_own = |payer: &AccountId| payer != shop && own.contains(payer) && view.is_asked_about(payer);
        let paid = || view.payments_to(shop).filter(|payment| is_own(&payment.from));
        let sum = paid().map(|payment| payment.amount).sum();
        if sum > 0 {
            let entries = paid().map(|p| p.index).chain(redeems.iter().map(|redeem| redeem.index)).collect();
            view.put(questions, Code::PaidOwnShop, entries, Some(*shop), sum);
        }
    }
}

fn bank_references(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut references: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for (index, event) in (0..).zip(view.events) {
        if let Some(Body::Settle(settle)) = event.body() {
            references.entry(settle.bank_reference).or_default().push(index);
        }
    }
    for entries in references.into_values().filter(|entries| entries.len() > 1) {
        let of = |index: &u64| match view.events[*index as usize].body() {
            Some(Body::Settle(settle)) => settle.redeems.clone(),
            _ => Vec::new(),
        };
        let redeems = entries.iter().flat_map(of);
        let amount = redeems.map(|index| match view.events[index as usize].body() {
            Some(Body::Redeem(redeem)) => redeem.amount.minor(),
            _ => 0,
        });
        let sum = amount.sum();
        view.put(questions, Code::SameBankReference, entries, None, sum);
    }
}
