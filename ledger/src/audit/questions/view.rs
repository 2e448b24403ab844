//! One history, arranged for questions: accounts with all their keys, who gave whom what, which charter ruled when.

use super::history::{Event, History};
use super::{Code, Question, Thresholds};
use crate::account::{AccountKind, AccountState, Rights};
use crate::amount::signed;
use crate::charter::Charter;
use crate::entry::{Body, EarnReason};
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
    pub vetoed: BTreeSet<u64>,
    pub continues_another: bool,
    council: BTreeSet<PublicKey>,
    registrars: BTreeSet<PublicKey>,
}

/// An account through the years.
pub(super) struct Life<'h> {
    pub kind: AccountKind,
    pub opened: u64,
    pub opened_at: Timestamp,
    /// Every key with the right to spend that it ever listed.
    pub spenders: BTreeSet<PublicKey>,
    pub organisation: Option<OrganisationId>,
    /// Its states, with the entries that named them.
    pub states: Vec<(u64, &'h AccountState)>,
    /// Every line of it: entry and what it had afterwards.
    pub moves: Vec<Move>,
}

/// One line of an account.
#[derive(Clone, Copy)]
pub(super) struct Move {
    pub index: u64,
    pub at: Timestamp,
    pub before: i64,
    pub after: i64,
}

/// What one line of an `earn` gave, less what was corrected.
pub(super) struct Gift<'h> {
    pub index: u64,
    pub at: Timestamp,
    pub budget: AccountId,
    pub organisation: Option<OrganisationId>,
    pub signers: &'h [PublicKey],
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
        let Body::Found(found) = &events.first()?.body else { return None };
        let vetoed = events.iter().filter_map(|event| match &event.body {
            Body::Veto(veto) => Some(veto.index),
            _ => None,
        });
        let mut view = Self {
            events,
            least: thresholds.unwrap_or_else(|| Thresholds::usual(found.scale)).least.max(1),
            accounts: BTreeMap::new(),
            gifts: Vec::new(),
            payments: Vec::new(),
            charters: Vec::new(),
            vetoed: vetoed.collect(),
            continues_another: found.predecessor.is_some(),
            council: BTreeSet::new(),
            registrars: BTreeSet::new(),
        };
        let mut lines = BTreeMap::new();
        for (index, event) in (0_u64..).zip(events) {
            view.see(index, event, &mut lines);
        }
        Some(view)
    }

    fn see(&mut self, index: u64, event: &'h Event, lines: &mut BTreeMap<u64, usize>) {
        let at = event.at;
        match &event.body {
            Body::Found(found) => self.charter(index, at, &found.charter),
            Body::Govern(govern) if !self.vetoed.contains(&index) => {
                let delay = self.charter_at(at).policy.recovery_delay;
                self.charter(index, at.after(delay), &govern.charter);
            }
            Body::Open(open) => open.states.iter().for_each(|state| self.state(index, at, state)),
            Body::Change(change) if !self.vetoed.contains(&index) => self.state(index, at, &change.state),
            Body::Earn(earn) => {
                lines.insert(index, self.gifts.len());
                let organisation = self.accounts.get(&earn.budget).and_then(|life| life.organisation);
                let spenders = self.accounts.get(&earn.budget).map(|life| &life.spenders);
                let seconded = event.signers.iter().any(|key| spenders.is_none_or(|own| !own.contains(key)));
                for (to, amount) in &earn.payees {
                    self.gifts.push(Gift {
                        index,
                        at,
                        budget: earn.budget,
                        organisation,
                        signers: &event.signers,
                        seconded,
                        reason: earn.reason,
                        to: *to,
                        amount: amount.minor(),
                    });
                }
            }
            Body::Pay(pay) => {
                lines.insert(index, self.payments.len());
                for line in &pay.payees {
                    let (from, to, amount) = (pay.from, line.to, line.amount.minor());
                    self.payments.push(Payment { index, at, from, to, amount, refunds: Vec::new() });
                }
            }
            Body::Refund(refund) => {
                self.undo(lines, refund.index, refund.line, refund.amount.minor(), Some(index));
            }
            Body::Correct(correct) => {
                for (line, amount) in &correct.lines {
                    self.undo(lines, correct.index, *line, amount.minor(), None);
                }
            }
            _ => {}
        }
        for posting in &event.postings {
            if let Some(life) = self.accounts.get_mut(&posting.account) {
                let before = life.moves.last().map_or(0, |last| last.after);
                let after = before - signed(posting.debit) + signed(posting.credit);
                life.moves.push(Move { index, at, before, after });
            }
        }
    }

    fn charter(&mut self, index: u64, from: Timestamp, charter: &'h Charter) {
        self.council.extend(&charter.council);
        self.registrars.insert(charter.registrar);
        self.charters.push((index, from, charter));
    }

    fn state(&mut self, index: u64, at: Timestamp, state: &'h AccountState) {
        let life = self.accounts.entry(state.account).or_insert_with(|| Life {
            kind: state.kind,
            opened: index,
            opened_at: at,
            spenders: BTreeSet::new(),
            organisation: None,
            states: Vec::new(),
            moves: Vec::new(),
        });
        let spenders = state.keys.iter().filter(|grant| grant.rights.include(Rights::SPEND));
        life.spenders.extend(spenders.map(|grant| grant.key));
        life.organisation = state.organisation;
        life.states.push((index, state));
    }

    /// Takes back part of a line: `refunded` names the refund, a correction is as if it had not been.
    fn undo(&mut self, lines: &BTreeMap<u64, usize>, of: u64, line: u64, amount: u64, refunded: Option<u64>) {
        let Some(first) = lines.get(&of) else { return };
        let at = first + line.saturating_sub(1) as usize;
        match (&self.events[of as usize].body, refunded) {
            (Body::Earn(_), _) => {
                if let Some(gift) = self.gifts.get_mut(at) {
                    gift.amount = gift.amount.saturating_sub(amount);
                }
            }
            (_, Some(index)) => {
                if let Some(payment) = self.payments.get_mut(at) {
                    payment.refunds.push((index, amount));
                }
            }
            (_, None) => {
                if let Some(payment) = self.payments.get_mut(at) {
                    payment.amount = payment.amount.saturating_sub(amount);
                }
            }
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

impl Life<'_> {
    /// Returns what left the account in a span of time, and the entries by which it did.
    pub fn spent_within(&self, from: Timestamp, millis: u64) -> (u64, Vec<u64>) {
        let within = |step: &&Move| step.at >= from && step.at.millis_since(from) <= millis;
        let out = self.moves.iter().filter(within).filter(|step| step.after < step.before);
        let (mut sum, mut entries) = (0, Vec::new());
        for step in out {
            sum += step.before.abs_diff(step.after);
            entries.push(step.index);
        }
        (sum, entries)
    }

    /// Returns what the account had before entry `index`.
    pub fn had_before(&self, index: u64) -> i64 {
        self.moves.iter().rev().find(|step| step.index < index).map_or(0, |step| step.after)
    }
}

impl Gift<'_> {
    /// Returns the UTC day.
    pub fn day(&self) -> Day {
        self.at.day()
    }

    /// Returns who signed for the budget; the one that stands first when several did.
    pub fn signer(&self) -> Option<PublicKey> {
        self.signers.first().copied()
    }
}
