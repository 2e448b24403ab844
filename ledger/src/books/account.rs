//! An account in the books: what is in force, what waits, and its totals.

use super::Rejection;
use crate::account::{AccountKind, AccountState, AccountStatus};
use crate::amount::signed;
use crate::id::{AccountId, Digest};
use crate::time::Timestamp;
use std::sync::Arc;

/// An account with its debit and credit totals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub(super) in_force: InForce,
    pub(super) waiting: Option<Waiting>,
    pub(super) vetoed: Option<Digest>,
    pub(super) frozen_veto_used: bool,
    pub(super) closed_to: Option<AccountId>,
    pub(super) debits: u64,
    pub(super) credits: u64,
    pub(super) lines: u64,
    pub(super) last_line: Option<u64>,
    pub(super) last_own_entry: Option<Timestamp>,
}

/// What is in force for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its state.
    pub state: Arc<AccountState>,
    /// Its status.
    pub status: AccountStatus,
    /// Index of the entry that made this state.
    pub base: u64,
}

/// Something recorded for an account that takes effect later unless it is vetoed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Index of its entry.
    pub index: u64,
    /// When it takes effect.
    pub effective_at: Timestamp,
    /// Whether a manage key of the account may veto it.
    pub has_veto: bool,
    /// What it does.
    pub what: WaitingFor,
    /// SHA-256 of the body of its entry: what council and auditor may record once more after a veto.
    pub(super) digest: Digest,
}

/// What waits for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitingFor {
    /// Another state; `opens` also ends the rest of a card or voucher.
    Change {
        /// The state.
        state: Arc<AccountState>,
        /// Whether the account is open from then on.
        opens: bool,
    },
    /// A close by the council, to be recorded again then.
    Close {
        /// Who inherits.
        heir: AccountId,
    },
}

impl Account {
    pub(super) fn opened(state: AccountState, index: u64) -> Self {
        let in_force = InForce { state: Arc::new(state), status: AccountStatus::Open, base: index };
        Self {
            in_force,
            waiting: None,
            vetoed: None,
            frozen_veto_used: false,
            closed_to: None,
            debits: 0,
            credits: 0,
            lines: 0,
            last_line: None,
            last_own_entry: None,
        }
    }

    /// Returns the account's id.
    pub fn id(&self) -> AccountId {
        self.in_force.state.account
    }

    /// Returns its kind.
    pub fn kind(&self) -> AccountKind {
        self.in_force.state.kind
    }

    /// Returns what is in force at `now`: a change that waited counts from the moment it takes effect.
    pub fn standing(&self, now: Timestamp) -> InForce {
        match &self.waiting {
            Some(Waiting { index, effective_at, what: WaitingFor::Change { state, opens }, .. })
                if *effective_at <= now =>
            {
                let status = if *opens { AccountStatus::Open } else { self.in_force.status };
                InForce { state: state.clone(), status, base: *index }
            }
            _ => self.in_force.clone(),
        }
    }

    /// Returns what still waits at `now`. A close goes on waiting until it is recorded again.
    pub fn waiting(&self, now: Timestamp) -> Option<&Waiting> {
        self.waiting.as_ref().filter(|waiting| match waiting.what {
            WaitingFor::Change { .. } => waiting.effective_at > now,
            WaitingFor::Close { .. } => true,
        })
    }

    /// Puts in force what has waited long enough, so that another change can follow it.
    pub(super) fn settle_waiting(&mut self, now: Timestamp) {
        if self.waiting.is_some() && self.waiting(now).is_none() {
            self.in_force = self.standing(now);
            self.waiting = None;
            self.vetoed = None;
        }
    }

    /// Returns the sum of everything ever taken from it, in minor units.
    pub fn debits(&self) -> u64 {
        self.debits
    }

    /// Returns the sum of everything ever given to it, in minor units.
    pub fn credits(&self) -> u64 {
        self.credits
    }

    /// Returns credits less debits, in minor units: what it holds, or below zero what it owes or has issued.
    pub fn balance(&self) -> i64 {
        signed(self.credits) - signed(self.debits)
    }

    /// Returns how many lines it has: the `seq` of the next one.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Returns the index of the newest record with a line of it.
    pub fn last_line(&self) -> Option<u64> {
        self.last_line
    }

    /// Returns when one of its own keys last signed an entry of it.
    pub fn last_own_entry(&self) -> Option<Timestamp> {
        self.last_own_entry
    }

    /// Returns who inherited, if the account is closed.
    pub fn closed_to(&self) -> Option<AccountId> {
        self.closed_to
    }

    /// Checks that the account is not closed; `field` is where it stands in the entry.
    pub(super) fn check_not_closed(&self, field: &'static str) -> Result<&Self, Rejection> {
        match self.closed_to {
            None => Ok(self),
            // Who inherited is not for everybody who has an old code.
            Some(_) => Err(Rejection::AccountClosed { field, account: self.id() }),
        }
    }

    /// Checks that the account may be debited by its own keys.
    pub(super) fn check_awake(&self, field: &'static str, now: Timestamp) -> Result<&Self, Rejection> {
        match self.standing(now).status {
            AccountStatus::Open => Ok(self),
            AccountStatus::Frozen => Err(Rejection::AtRest { field, account: self.id() }),
        }
    }
}
