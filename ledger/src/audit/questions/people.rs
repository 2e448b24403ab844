//! Questions about who receives: own keys, fresh accounts, and credits that end where one would not expect.

use super::life::{Life, Named};
use super::view::{DAY, Gift, View};
use super::{Code, MUCH, Question, median};
use crate::account::AccountKind;
use crate::amount::signed;
use crate::entry::{Body, EarnReason};
use crate::id::AccountId;
use crate::keys::PublicKey;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How many times the usual is much in a sum over years, in which chance evens out.
const TOTAL_MUCH: u64 = 3;
/// How many receivers make a comparison.
const COMPARED: usize = 8;
/// How many accounts that pass on make a pattern.
const PATTERN: usize = 3;

pub(super) fn ask(view: &View<'_>, questions: &mut Vec<Question>) {
    own_keys(view, questions);
    issuers_each_other(view, questions);
    above_others(view, questions);
    small_circles(view, questions);
    alone(view, questions);
    opened_then_credited(view, questions);
    emptied_after_key_change(view, questions);
    passed_on(view, questions);
    often_in_a_day(view, questions);
    round_trips(view, questions);
    own_pots(view, questions);
}

/// Sums gifts by what `of` says, with their entries.
fn summed<'v, K: Ord>(
    gifts: impl Iterator<Item = &'v Gift<'v>>,
    of: impl Fn(&Gift<'v>) -> Option<K>,
) -> BTreeMap<K, (u64, Vec<u64>)> {
    let mut sums: BTreeMap<K, (u64, Vec<u64>)> = BTreeMap::new();
    for gift in gifts {
        let Some(key) = of(gift) else { continue };
        let (sum, entries) = sums.entry(key).or_default();
        *sum += gift.amount;
        entries.push(gift.index);
    }
    sums
}

/// A key that gives, and may spend what it gives.
fn own_keys(view: &View<'_>, questions: &mut Vec<Question>) {
    let own = view.gifts().filter(|gift| view.spends_for(&gift.to, gift.signers.iter()));
    for (account, (sum, entries)) in summed(own, |gift| Some(gift.to)) {
        view.put(questions, Code::OwnKey, entries, Some(account), sum);
    }
}

/// Two keys that give, each to an account of the other.
fn issuers_each_other(view: &View<'_>, questions: &mut Vec<Question>) {
    let issuers: BTreeSet<PublicKey> =
        view.gifts.iter().flat_map(|gift| gift.signers.iter().copied()).collect();
    let mut given: BTreeMap<(PublicKey, PublicKey), (u64, Vec<u64>, AccountId)> = BTreeMap::new();
    for gift in view.gifts() {
        let Some(life) = view.accounts.get(&gift.to) else { continue };
        for to in life.spenders.intersection(&issuers) {
            for from in gift.signers.iter().filter(|from| *from != to) {
                let (sum, entries, _) = given.entry((*from, *to)).or_insert((0, Vec::new(), gift.to));
                *sum += gift.amount;
                entries.push(gift.index);
            }
        }
    }
    for ((from, to), (sum, entries, account)) in given.iter().filter(|((from, to), _)| from < to) {
        let Some((back, others, _)) = given.get(&(*to, *from)) else { continue };
        let entries = entries.iter().chain(others).copied().collect();
        view.put(questions, Code::IssuersEachOther, entries, Some(*account), sum + back);
    }
}

/// All that an account received from budgets, against the median of everybody's.
fn above_others(view: &View<'_>, questions: &mut Vec<Question>) {
    let sums = summed(view.gifts(), |gift| (gift.reason != EarnReason::Migration).then_some(gift.to));
    if sums.len() < COMPARED {
        return;
    }
    let usual = median(sums.values().map(|(sum, _)| *sum));
    for (account, (sum, entries)) in sums {
        if sum >= TOTAL_MUCH * usual.max(view.least) {
            view.put(questions, Code::ReceivesAboveOthers, entries, Some(account), sum);
        }
    }
}

/// A key that gives again and again, to one or two people and nobody else, while others give to many.
fn small_circles(view: &View<'_>, questions: &mut Vec<Question>) {
    type Circle = (BTreeSet<AccountId>, BTreeSet<u64>, u64);
    let mut circles: BTreeMap<PublicKey, Circle> = BTreeMap::new();
    for gift in view.gifts() {
        let Some(signer) = gift.signer else { continue };
        let (people, entries, sum) = circles.entry(signer).or_default();
        people.insert(gift.to);
        entries.insert(gift.index);
        *sum += gift.amount;
    }
    let has_groups = circles.values().any(|(people, ..)| people.len() >= COMPARED);
    for (people, entries, sum) in circles.values() {
        if has_groups && people.len() <= 2 && entries.len() >= PATTERN && *sum >= 2 * view.least {
            let account = people.first().copied();
            view.put(questions, Code::SmallCircle, entries.iter().copied().collect(), account, *sum);
        }
    }
}

/// A person who is credited alone, again and again, by a key that otherwise gives to groups.
fn alone(view: &View<'_>, questions: &mut Vec<Question>) {
    let mut sizes: BTreeMap<u64, u64> = BTreeMap::new();
    view.gifts.iter().for_each(|gift| *sizes.entry(gift.index).or_default() += 1);
    if median(sizes.values().copied()) < PATTERN as u64 {
        return;
    }
    let single = view.gifts().filter(|gift| sizes.get(&gift.index) == Some(&1) && !gift.seconded);
    for ((_, account), (sum, entries)) in summed(single, |gift| Some((gift.signer, gift.to))) {
        if entries.len() >= PATTERN && sum >= 2 * view.least {
            view.put(questions, Code::SmallCircle, entries, Some(account), sum);
        }
    }
}

/// What accounts receive within a day of their opening, against what others then receive.
fn opened_then_credited(view: &View<'_>, questions: &mut Vec<Question>) {
    let opened = |gift: &Gift<'_>| view.accounts.get(&gift.to).and_then(|life| life.opened);
    let is_early = |gift: &&Gift<'_>| opened(gift).is_some_and(|(_, at)| gift.at.millis_since(at) <= DAY);
    let sums = summed(view.gifts().filter(is_early), |gift| Some(gift.to));
    let usual = median(sums.values().map(|(sum, _)| *sum));
    let line = median(view.gifts().map(|gift| gift.amount));
    for (account, (sum, mut entries)) in sums {
        if sum >= MUCH * usual.min(2 * line) {
            entries.extend(view.accounts[&account].opened.map(|(index, _)| index));
            view.put(questions, Code::OpenedThenCredited, entries, Some(account), sum);
        }
    }
}

/// New keys, and within a week nearly everything is with one other account: a person's, or a shop's beyond a purchase.
fn emptied_after_key_change(view: &View<'_>, questions: &mut Vec<Question>) {
    let purchase = median(view.payments.iter().map(|payment| payment.amount));
    for (account, life) in view.accounts.iter().filter(|(account, _)| view.is_asked_about(account)) {
        for pair in life.states.windows(2).filter(|pair| hands_over(view, &pair[0], &pair[1])) {
            let emptied = Emptied { view, account: *account, life, named: pair[1], purchase };
            emptied.ask(questions);
        }
    }
}

/// Whether keys went, or the council added some: another phone of one's own is nothing to ask about.
fn hands_over(view: &View<'_>, before: &Named<'_>, after: &Named<'_>) -> bool {
    let (old, new) = (&before.state.keys, &after.state.keys);
    let some_went = old.iter().any(|grant| !new.contains(grant));
    old != new && (some_went || view.by_council(&view.events[after.index as usize]))
}

/// An account whose keys changed hands.
struct Emptied<'v, 'h> {
    view: &'v View<'h>,
    account: AccountId,
    life: &'v Life<'h>,
    named: Named<'h>,
    /// What a payment usually is.
    purchase: u64,
}

impl Emptied<'_, '_> {
    /// How long it is looked at.
    const MILLIS: u64 = 7 * DAY;

    fn ask(&self, questions: &mut Vec<Question>) {
        // What came in since is not what was there before: it may be spent, and hides nothing that is. Whoever takes an
        // account over can also spend what it may go below zero.
        let limit = signed(self.named.state.limit.minor());
        let had = u64::try_from(self.life.had_before(&self.named) + limit).unwrap_or(0);
        if had < self.view.least {
            return;
        }
        let came_in = self
            .life
            .moves_within(self.named.from, Self::MILLIS)
            .filter(|step| step.index > self.named.index && step.after > step.before);
        let came_in: u64 = came_in.map(|step| step.after.abs_diff(step.before)).sum();
        let available = u64::try_from(self.life.had_at(&self.named) + limit).unwrap_or(0) + came_in;
        let paid = self.view.payments_from(&self.account).filter(|paid| self.is_within(paid.index, paid.at));
        let mut to: BTreeMap<AccountId, (u64, Vec<u64>)> = BTreeMap::new();
        for payment in paid {
            let (sum, entries) = to.entry(payment.to).or_default();
            *sum += payment.amount;
            entries.push(payment.index);
        }
        to.retain(|receiver, (sum, _)| {
            let is_purchase =
                self.view.kind(receiver) == AccountKind::Merchant && *sum < MUCH * self.purchase;
            self.view.is_asked_about(receiver) && !is_purchase
        });
        let redeems = self.view.redeems.get(&self.account).into_iter().flatten();
        let redeems = redeems.filter(|redeem| self.is_within(redeem.index, redeem.at));
        let redeemed: (Vec<u64>, Vec<u64>) = redeems.map(|redeem| (redeem.amount, redeem.index)).unzip();
        for (sum, mut entries) in to.into_values().chain([(redeemed.0.iter().sum(), redeemed.1)]) {
            if sum * 10 >= had * 8 && sum * 2 >= available {
                entries.push(self.named.index);
                let (code, amount) = (Code::EmptiedAfterKeyChange, sum.min(had));
                self.view.put(questions, code, entries, Some(self.account), amount);
            }
        }
    }

    fn is_within(&self, index: u64, at: Timestamp) -> bool {
        index > self.named.index && at >= self.named.from && at.millis_since(self.named.from) <= Self::MILLIS
    }
}

/// Accounts that received from budgets, and within two days passed nearly all of it on to one and the same; also by closing.
fn passed_on(view: &View<'_>, questions: &mut Vec<Question>) {
    let received = summed(view.gifts(), |gift| Some(gift.to));
    let mut moments: BTreeMap<AccountId, Vec<Timestamp>> = BTreeMap::new();
    view.gifts().for_each(|gift| moments.entry(gift.to).or_default().push(gift.at));
    let mut passed: BTreeMap<AccountId, BTreeMap<AccountId, (u64, Vec<u64>)>> = BTreeMap::new();
    let paid = view.payments.iter().map(|payment| {
        let refunded: u64 = payment.refunds.iter().map(|refund| refund.1).sum();
        (payment.from, payment.to, payment.amount.saturating_sub(refunded), payment.index)
    });
    for (from, to, left, index) in paid.chain(closed(view)) {
        if left == 0 || !view.is_asked_about(&to) || view.kind(&from) == AccountKind::Fund {
            continue;
        }
        let at = view.events[index as usize].at;
        let moments = moments.get(&from).map_or(&[][..], Vec::as_slice);
        let before = moments[..moments.partition_point(|given| *given <= at)].last();
        if before.is_some_and(|given| at.millis_since(*given) <= 2 * DAY) {
            let (sum, entries) = passed.entry(to).or_default().entry(from).or_default();
            *sum += left;
            entries.push(index);
        }
    }
    for (account, by) in passed {
        let through: Vec<_> = by
            .iter()
            .filter(|(from, (sum, _))| received.get(from).is_some_and(|(had, _)| sum * 10 >= had * 8))
            .collect();
        if through.len() < PATTERN {
            continue;
        }
        let sum: u64 = through.iter().map(|(_, (sum, _))| sum).sum();
        let taken: u64 = view.payments_to(&account).map(|payment| payment.amount).sum();
        // A shop lives from many; it stands out only when most of what it takes comes this way.
        let stands_out = view.kind(&account) != AccountKind::Merchant || sum * 2 >= taken;
        if sum >= 2 * view.least && stands_out {
            let entries = through.iter().flat_map(|(_, (_, entries))| entries.iter().copied()).collect();
            view.put(questions, Code::PassedOn, entries, Some(account), sum);
        }
    }
}

/// Credits for having helped, four times and more on one day.
fn often_in_a_day(view: &View<'_>, questions: &mut Vec<Question>) {
    let helped = view.gifts().filter(|gift| gift.reason == EarnReason::Helped);
    for ((account, _), (sum, entries)) in summed(helped, |gift| Some((gift.to, gift.day()))) {
        if entries.len() as u64 >= MUCH {
            view.put(questions, Code::OftenInADay, entries, Some(account), sum);
        }
    }
}

/// A pot that budgets fill, and that pays one person only, or a person with the key of who hands out; also by closing.
///
/// Pots with a list of payees, as those of suspended consumptions have, are never looked at.
fn own_pots(view: &View<'_>, questions: &mut Vec<Question>) {
    let is_asked = |pot: &AccountId| {
        let life = view.accounts.get(pot).filter(|life| life.kind == AccountKind::Fund);
        life.is_some_and(|life| life.states.iter().all(|named| named.state.payees.is_none()))
    };
    let paid = view.payments.iter().map(|paid| (paid.from, paid.to, paid.amount, paid.index));
    // What a pot paid to each: sum, entries, and whether by a key of who received it.
    type Paid = BTreeMap<AccountId, (u64, Vec<u64>, bool)>;
    let mut pots: BTreeMap<AccountId, Paid> = BTreeMap::new();
    for (from, to, amount, index) in paid.chain(closed(view)).filter(|(from, ..)| is_asked(from)) {
        let is_own = view.spends_for(&to, view.events[index as usize].signers.iter());
        let (sum, entries, own) = pots.entry(from).or_default().entry(to).or_default();
        *sum += amount;
        *own |= is_own;
        entries.push(index);
    }
    for (pot, paid) in &pots {
        let given: Vec<u64> = view.gifts_to(pot).map(|gift| gift.index).collect();
        for (account, (sum, entries, own)) in paid.iter().filter(|(account, _)| view.is_asked_about(account))
        {
            if !given.is_empty() && (*own || paid.len() == 1) {
                let entries = entries.iter().chain(&given).copied().collect();
                view.put(questions, Code::OwnPot, entries, Some(*account), *sum);
            }
        }
    }
}

/// What went to heirs: the account that closed, the heir, how much, and the entry.
fn closed<'v>(view: &'v View<'_>) -> impl Iterator<Item = (AccountId, AccountId, u64, u64)> + 'v {
    (0..).zip(view.events).filter_map(|(index, event)| {
        let Some(Body::Close(close)) = event.body() else { return None };
        let left = event.postings.iter().find(|posting| posting.account == close.account)?.debit;
        (left > 0).then_some((close.account, close.heir, left, index))
    })
}

/// A person who pays a budget, again and again, at least half of what came from it.
fn round_trips(view: &View<'_>, questions: &mut Vec<Question>) {
    let received = summed(view.gifts(), |gift| Some((gift.to, gift.organisation)));
    let mut back: BTreeMap<_, (u64, Vec<u64>)> = BTreeMap::new();
    for payment in view.payments.iter().filter(|payment| view.kind(&payment.to) == AccountKind::Budget) {
        if matches!(view.kind(&payment.from), AccountKind::Member | AccountKind::Card) {
            let organisation = view.accounts[&payment.to].organisation;
            let (sum, entries) = back.entry((payment.from, organisation)).or_default();
            *sum += payment.amount;
            entries.push(payment.index);
        }
    }
    for (key, (sum, entries)) in back {
        let had = received.get(&key).map_or(0, |(sum, _)| *sum);
        if entries.len() >= PATTERN && sum * 2 >= had {
            view.put(questions, Code::RoundTrip, entries, Some(key.0), sum);
        }
    }
}
