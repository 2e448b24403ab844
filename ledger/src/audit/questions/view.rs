//! One history, arranged for questions: accounts with all their keys, who gave whom what, which charter ruled when.

use super::history::{Event, History};
use super::life::{Life, Move, Named};
use super::{Code, Question, Thresholds, asked_from};
use crate::account::{AccountKind, AccountState, Rights};
use crate::amount::signed;
use crate::charter::Charter;
use crate::entry::{Body, Correct, Earn, EarnReason};
use crate::id::{AccountId, OrganisationId};
use crate::keys::PublicKey;
use crate::limits::DAY_SECONDS;
use crate::time::{Day, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds of a day.
pub(super) const DAY: u64 = DAY_SECONDS * 1_000;

/// A history, arranged.
pub(super) struct View<'h> {
    pub events: &'h [Event],
    pub least: u64,
    pub accounts: BTreeMap<AccountId, Life<'h>>,
    pub gifts: Vec<Gift<'h>>,
    pub payments: Vec<Payment>,
    /// Charters with the entry that made them and the moment they count from; without those that were vetoed.
    pub charters: Vec<(u64, Timestamp, &'h Charter)>,
    /// What each merchant asked euro for.
    pub redeems: BTreeMap<AccountId, Vec<Redeemed>>,
    pub continues_another: bool,
    /// What waits until a moment, by that and its entry.
    waiting: BTreeMap<(Timestamp, u64), Waits<'h>>,
    council: BTreeSet<PublicKey>,
    registrars: BTreeSet<PublicKey>,
    paid: BTreeMap<AccountId, Vec<usize>>,
    taken: BTreeMap<AccountId, Vec<usize>>,
    given: BTreeMap<AccountId, Vec<usize>>,
    listing: BTreeMap<PublicKey, BTreeSet<AccountId>>,
}

/// What an entry says that comes into force later, unless something comes between.
enum Waits<'h> {
    Charter(&'h Charter),
    State(&'h AccountState),
}

/// A redeem.
#[derive(Clone, Copy)]
pub(super) struct Redeemed {
    pub index: u64,
    pub at: Timestamp,
    pub amount: u64,
}

/// What one line of an `earn` gave, less what was corrected.
pub(super) struct Gift<'h> {
    pub index: u64,
    pub at: Timestamp,
    pub budget: AccountId,
    pub organisation: Option<OrganisationId>,
    pub signers: &'h [PublicKey],
    /// Who signed for the budget; the one that stands first when several did.
    pub signer: Option<PublicKey>,
    /// Whether another organisation signed too.
    pub seconded: bool,
    pub reason: EarnReason,
    pub to: AccountId,
    pub amount: u64,
}

/// What one line of a `pay` moved.
pub(super) struct Payment {
    pub index: u64,
    pub at: Timestamp,
    pub from: AccountId,
    pub to: AccountId,
    pub amount: u64,
    /// What was given back, by the entries that did.
    pub refunds: Vec<(u64, u64)>,
}

impl<'h> View<'h> {
    /// Arranges a history; `None` before founding.
    pub fn of(history: &'h History, thresholds: Option<Thresholds>) -> Option<Self> {
        let events = history.events();
        let Some(Body::Found(found)) = events.first()?.body() else { return None };
        let mut view = Self {
            events,
            least: asked_from(history, thresholds)?,
            accounts: BTreeMap::new(),
            gifts: Vec::new(),
            payments: Vec::new(),
            charters: Vec::new(),
            redeems: BTreeMap::new(),
            continues_another: found.predecessor.is_some(),
            waiting: BTreeMap::new(),
            council: BTreeSet::new(),
            registrars: BTreeSet::new(),
            paid: BTreeMap::new(),
            taken: BTreeMap::new(),
            given: BTreeMap::new(),
            listing: BTreeMap::new(),
        };
        for brought in history.brought() {
            let had = signed(brought.credits) - signed(brought.debits);
            view.accounts.insert(brought.state.account, Life::of(brought.state.kind, None, had));
            view.state(0, events[0].at, &brought.state);
        }
        // For each entry, how many gifts or payments came before it: line 1 is the first of its own.
        let mut lines = Vec::with_capacity(events.len());
        for (index, event) in (0_u64..).zip(events) {
            view.mature(event.at);
            let is_earn = matches!(event.body(), Some(Body::Earn(_)));
            lines.push(if is_earn { view.gifts.len() } else { view.payments.len() });
            view.see(index, event, &lines);
        }
        view.arrange();
        Some(view)
    }

    /// Puts in force what has waited long enough.
    fn mature(&mut self, now: Timestamp) {
        while let Some(next) = self.waiting.first_entry().filter(|next| next.key().0 <= now) {
            let ((from, index), what) = next.remove_entry();
            match what {
                Waits::Charter(charter) => self.charter(index, from, charter),
                Waits::State(state) => {
                    self.state(index, from, state);
                }
            }
        }
    }

    fn see(&mut self, index: u64, event: &'h Event, lines: &[usize]) {
        let at = event.at;
        match event.body() {
            None => self.pay(index, event),
            Some(Body::Found(found)) => self.charter(index, at, &found.charter),
            Some(Body::Govern(govern)) => {
                let from = event.effective_at.unwrap_or(at);
                self.waiting.insert((from, index), Waits::Charter(&govern.charter));
            }
            Some(Body::Open(open)) => {
                for state in &open.states {
                    self.accounts.insert(state.account, Life::of(state.kind, Some((index, at)), 0));
                    self.state(index, at, state);
                }
            }
            Some(Body::Change(change)) => self.change(index, event, &change.state),
            Some(Body::Veto(veto)) => self.waiting.retain(|(_, index), _| *index != veto.index),
            Some(Body::Close(close)) if event.effective_at.is_none() => self.forget_waiting(&close.account),
            Some(Body::Earn(earn)) => self.earn(index, event, earn),
            Some(Body::Redeem(redeem)) => {
                let redeemed = Redeemed { index, at, amount: redeem.amount.minor() };
                self.redeems.entry(redeem.merchant).or_default().push(redeemed);
            }
            Some(Body::Refund(refund)) => {
                self.undo(lines, refund.index, refund.line, refund.amount.minor(), Some(index));
            }
            Some(Body::Correct(correct)) => {
                for (line, _) in &correct.lines {
                    self.undo(lines, correct.index, *line, taken_back(event, correct, *line), None);
                }
            }
            _ => {}
        }
        for posting in &event.postings {
            if let Some(life) = self.accounts.get_mut(&posting.account) {
                let before = life.moves.last().map_or(life.brought, |last| last.after);
                let after = before - signed(posting.debit) + signed(posting.credit);
                life.moves.push(Move { index, at, before, after });
            }
        }
    }

    /// A change that is in force at once ends what waits: only the account's own keys can make one meanwhile.
    fn change(&mut self, index: u64, event: &'h Event, state: &'h AccountState) {
        if let Some(from) = event.effective_at {
            self.waiting.insert((from, index), Waits::State(state));
            return;
        }
        if self.state(index, event.at, state) {
            self.forget_waiting(&state.account);
        }
    }

    fn forget_waiting(&mut self, account: &AccountId) {
        let is_of = |what: &Waits<'_>| matches!(what, Waits::State(state) if state.account == *account);
        self.waiting.retain(|_, what| !is_of(what));
    }

    fn earn(&mut self, index: u64, event: &'h Event, earn: &'h Earn) {
        let budget = self.accounts.get(&earn.budget);
        let organisation = budget.and_then(|life| life.organisation);
        let is_own = |key: &&PublicKey| budget.is_some_and(|life| life.spenders.contains(*key));
        let signer = event.signers.iter().find(is_own).or(event.signers.first()).copied();
        let seconded = !event.signers.iter().all(|key| is_own(&key));
        for (to, amount) in &earn.payees {
            self.gifts.push(Gift {
                index,
                at: event.at,
                budget: earn.budget,
                organisation,
                signers: &event.signers,
                signer,
                seconded,
                reason: earn.reason,
                to: *to,
                amount: amount.minor(),
            });
        }
    }

    /// A payment has one payer, and a posting for each of its payees, in their order.
    fn pay(&mut self, index: u64, event: &Event) {
        let Some(from) = event.postings.iter().find(|posting| posting.debit > 0) else { return };
        for to in event.postings.iter().filter(|posting| posting.credit > 0) {
            let (from, to, amount) = (from.account, to.account, to.credit);
            self.payments.push(Payment { index, at: event.at, from, to, amount, refunds: Vec::new() });
        }
    }

    /// Notes once what concerns each account, so that no question has to look at everything for each of them.
    fn arrange(&mut self) {
        for (at, payment) in self.payments.iter().enumerate() {
            self.paid.entry(payment.from).or_default().push(at);
            self.taken.entry(payment.to).or_default().push(at);
        }
        for (at, gift) in self.gifts.iter().enumerate() {
            self.given.entry(gift.to).or_default().push(at);
        }
        for (account, life) in &self.accounts {
            for key in &life.spenders {
                self.listing.entry(*key).or_default().insert(*account);
            }
        }
    }

    fn charter(&mut self, index: u64, from: Timestamp, charter: &'h Charter) {
        self.council.extend(&charter.council);
        self.registrars.insert(charter.registrar);
        self.charters.push((index, from, charter));
    }

    /// Puts a state in force; returns whether it is another than before.
    fn state(&mut self, index: u64, from: Timestamp, state: &'h AccountState) -> bool {
        let Some(life) = self.accounts.get_mut(&state.account) else { return false };
        if life.states.last().is_some_and(|last| last.state == state) {
            return false;
        }
        let spenders = state.keys.iter().filter(|grant| grant.rights.include(Rights::SPEND));
        life.spenders.extend(spenders.map(|grant| grant.key));
        life.organisation = state.organisation;
        life.states.push(Named { index, from, state });
        true
    }

    /// Takes back part of a line: `refunded` names the refund, a correction is as if it had not been.
    fn undo(&mut self, lines: &[usize], of: u64, line: u64, amount: u64, refunded: Option<u64>) {
        let Some(first) = lines.get(of as usize) else { return };
        let at = first + line.saturating_sub(1) as usize;
        match (self.events[of as usize].body(), refunded) {
            (Some(Body::Earn(_)), _) => {
                if let Some(gift) = self.gifts.get_mut(at) {
                    gift.amount = gift.amount.saturating_sub(amount);
                }
            }
            (None, Some(index)) => {
                if let Some(payment) = self.payments.get_mut(at) {
                    payment.refunds.push((index, amount));
                }
            }
            (None, None) => {
                if let Some(payment) = self.payments.get_mut(at) {
                    payment.amount = payment.amount.saturating_sub(amount);
                }
            }
            (Some(_), _) => {}
        }
    }

    /// Returns the charter in force at a moment.
    pub fn charter_at(&self, now: Timestamp) -> &'h Charter {
        let in_force = self.charters.iter().rev().find(|(_, from, _)| *from <= now);
        in_force.or(self.charters.first()).expect("the founding entry has a charter").2
    }

    /// Returns the kind of an account; what no entry opens is the settlement account.
    pub fn kind(&self, account: &AccountId) -> AccountKind {
        self.accounts.get(account).map_or(AccountKind::Settlement, |life| life.kind)
    }

    /// Returns whether a person or shop stands behind an account: pots and vouchers are never looked at.
    pub fn is_asked_about(&self, account: &AccountId) -> bool {
        matches!(self.kind(account), AccountKind::Member | AccountKind::Merchant | AccountKind::Card)
    }

    /// Returns whether one of `keys` may spend, or ever could, what `account` has.
    pub fn spends_for<'k>(&self, account: &AccountId, mut keys: impl Iterator<Item = &'k PublicKey>) -> bool {
        let life = self.accounts.get(account);
        life.is_some_and(|life| keys.any(|key| life.spenders.contains(key)))
    }

    /// Returns the gifts that may be asked about.
    pub fn gifts(&self) -> impl Iterator<Item = &Gift<'h>> {
        self.gifts.iter().filter(|gift| gift.amount > 0 && self.is_asked_about(&gift.to))
    }

    /// Returns what `account` paid.
    pub fn payments_from(&self, account: &AccountId) -> impl Iterator<Item = &Payment> {
        self.paid.get(account).into_iter().flatten().map(|at| &self.payments[*at])
    }

    /// Returns what `account` was paid.
    pub fn payments_to(&self, account: &AccountId) -> impl Iterator<Item = &Payment> {
        self.taken.get(account).into_iter().flatten().map(|at| &self.payments[*at])
    }

    /// Returns what budgets gave to `account`, less what was taken back in full.
    pub fn gifts_to(&self, account: &AccountId) -> impl Iterator<Item = &Gift<'h>> {
        let gifts = self.given.get(account).into_iter().flatten().map(|at| &self.gifts[*at]);
        gifts.filter(|gift| gift.amount > 0)
    }

    /// Returns the gifts of entry `index` that may be asked about.
    pub fn gifts_of(&self, index: u64) -> impl Iterator<Item = &Gift<'h>> {
        let start = self.gifts.partition_point(|gift| gift.index < index);
        let gifts = self.gifts[start..].iter().take_while(move |gift| gift.index == index);
        gifts.filter(|gift| gift.amount > 0 && self.is_asked_about(&gift.to))
    }

    /// Returns the accounts that list, or ever listed, one of these keys for spending.
    pub fn listing(&self, keys: &BTreeSet<PublicKey>) -> BTreeSet<AccountId> {
        keys.iter().filter_map(|key| self.listing.get(key)).flatten().copied().collect()
    }

    /// Returns the entries, with their indexes, that were recorded from one moment to another.
    pub fn recorded(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = (u64, &'h Event)> {
        let start = self.events.partition_point(|event| event.at < from);
        let events = self.events[start..].iter().take_while(move |event| event.at <= until);
        (start as u64..).zip(events)
    }

    /// Returns whether an entry is signed by the council.
    pub fn by_council(&self, event: &Event) -> bool {
        event.signers.iter().any(|key| self.council.contains(key))
    }

    /// Returns whether an entry is signed by the registrar.
    pub fn by_registrar(&self, event: &Event) -> bool {
        event.signers.iter().any(|key| self.registrars.contains(key))
    }

    /// Adds a question, unless it is about less than the community asks about.
    pub fn put(
        &self,
        questions: &mut Vec<Question>,
        code: Code,
        entries: Vec<u64>,
        account: Option<AccountId>,
        amount: u64,
    ) {
        if amount >= self.least && !entries.is_empty() {
            questions.push(Question::about(code, entries, account, amount));
        }
    }
}

/// Returns what a correction took from the payee of `line`: the rest was paid by its cover, and stays spent.
fn taken_back(event: &Event, correct: &Correct, line: u64) -> u64 {
    let of_payee = event.postings.iter().filter(|posting| {
        posting.undoes.map(u64::from) == Some(line) && Some(posting.account) != correct.cover
    });
    of_payee.map(|posting| posting.debit).sum()
}

impl Gift<'_> {
    /// Returns the UTC day.
    pub fn day(&self) -> Day {
        self.at.day()
    }
}
