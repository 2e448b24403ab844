//! One account through the years: its states, and what it had after each line.

use crate::account::{AccountKind, AccountState};
use crate::id::OrganisationId;
use crate::keys::PublicKey;
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// An account through the years.
pub(super) struct Life<'h> {
    pub kind: AccountKind,
    /// The entry that opened it, and when; `None` of an account that came over from a predecessor.
    pub opened: Option<(u64, Timestamp)>,
    /// What it had when the ledger began.
    pub brought: i64,
    /// Every key with the right to spend that it ever listed.
    pub spenders: BTreeSet<PublicKey>,
    pub organisation: Option<OrganisationId>,
    /// Its states, each another than the one before.
    pub states: Vec<Named<'h>>,
    /// Every line of it: entry and what it had afterwards.
    pub moves: Vec<Move>,
}

/// A state of an account.
#[derive(Clone, Copy)]
pub(super) struct Named<'h> {
    /// The entry that named it.
    pub index: u64,
    /// When it came into force.
    pub from: Timestamp,
    pub state: &'h AccountState,
}

/// One line of an account.
#[derive(Clone, Copy)]
pub(super) struct Move {
    pub index: u64,
    pub at: Timestamp,
    pub before: i64,
    pub after: i64,
}

impl<'h> Life<'h> {
    /// Returns an account without states and lines.
    pub fn of(kind: AccountKind, opened: Option<(u64, Timestamp)>, brought: i64) -> Self {
        let (spenders, states, moves) = (BTreeSet::new(), Vec::new(), Vec::new());
        Self { kind, opened, brought, spenders, organisation: None, states, moves }
    }

    /// Returns the lines in a span of time.
    pub fn moves_within(&self, from: Timestamp, millis: u64) -> impl Iterator<Item = &Move> {
        let start = self.moves.partition_point(|step| step.at < from);
        self.moves[start..].iter().take_while(move |step| step.at.millis_since(from) <= millis)
    }

    /// Returns what left the account in a span of time, and the entries by which it did.
    pub fn spent_within(&self, from: Timestamp, millis: u64) -> (u64, Vec<u64>) {
        let (mut sum, mut entries) = (0, Vec::new());
        for step in self.moves_within(from, millis).filter(|step| step.after < step.before) {
            sum += step.before.abs_diff(step.after);
            entries.push(step.index);
        }
        (sum, entries)
    }

    /// Returns what the account had when a state came into force.
    pub fn had_at(&self, named: &Named<'h>) -> i64 {
        self.balance_while(|step| step.index < named.index || step.at < named.from)
    }

    /// Returns what the account had before a state was named, less what was spent until it came into force.
    pub fn had_before(&self, named: &Named<'h>) -> i64 {
        self.balance_while(|step| step.index < named.index).min(self.had_at(named))
    }

    fn balance_while(&self, is_before: impl Fn(&Move) -> bool) -> i64 {
        self.moves[..self.moves.partition_point(is_before)].last().map_or(self.brought, |step| step.after)
    }
}
