//! What recording an entry changes: balanced lines and acts, decided by the rules and carried out by the books.

use super::windows::{Claim, Row};
use crate::account::{AccountState, AccountStatus};
use crate::amount::Scale;
use crate::charter::{Charter, Predecessor, UnitWords};
use crate::entry::cbor::Writer;
use crate::id::{AccountId, Digest, LedgerId, OrganisationId, RequestId, TaskId};
use crate::time::{Deadline, Timestamp};
use smallvec::SmallVec;

/// One line of an entry: what it does to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account.
    pub account: AccountId,
    /// How many lines the account had before.
    pub seq: u64,
    /// Minor units taken from it, or 0.
    pub debit: u64,
    /// Minor units given to it, or 0.
    pub credit: u64,
    /// What the line refers to.
    pub reference: Option<Reference>,
}

/// What a line refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The payment request that was answered.
    Request(RequestId),
    /// The task that credits were received for.
    Task(TaskId),
    /// The earlier line that was undone or settled.
    Line {
        /// Index of its entry.
        index: u64,
        /// Its number there.
        line: u64,
    },
    /// SHA-256 of the state and status named in the entry.
    State(Digest),
}

impl Reference {
    /// Writes the reference as a line of the protocol holds it.
    pub fn write(&self, w: &mut Writer) {
        match self {
            Self::Request(id) => w.array(2).uint(0).bytes(&id.0),
            Self::Task(id) => w.array(2).uint(1).bytes(&id.0),
            Self::Line { index, line } => w.array(3).uint(2).uint(*index).uint(*line),
            Self::State(digest) => w.array(2).uint(3).bytes(&digest.0),
        };
    }
}

/// Everything that recording one entry changes. Balanced by construction (INV-2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effects {
    lines: SmallVec<[Line; 2]>,
    pub(super) acts: SmallVec<[Act; 2]>,
    pub(super) circulation: CirculationChange,
}

/// A change other than a posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Found {
        community: Box<Community>,
        charter: Box<Charter>,
    },
    /// Ends the ledger.
    End,
    /// Anchors an audit note that speaks of the first `size` records.
    AnchorNote {
        size: u64,
        document: Digest,
    },
    PendCharter {
        charter: Box<Charter>,
        effective_at: Timestamp,
        by_rescue: bool,
    },
    VetoCharter,
    Open {
        state: Box<AccountState>,
    },
    /// Puts a state in force at once; by the account's own keys it also ends whatever waits.
    Replace {
        state: Box<AccountState>,
        own: bool,
    },
    SetStatus {
        account: AccountId,
        status: AccountStatus,
    },
    PendState {
        state: Box<AccountState>,
        opens: bool,
        effective_at: Timestamp,
        has_veto: bool,
        digest: Digest,
    },
    PendClose {
        account: AccountId,
        heir: AccountId,
        effective_at: Timestamp,
        has_veto: bool,
    },
    VetoAccount {
        account: AccountId,
    },
    Close {
        account: AccountId,
        heir: AccountId,
    },
    Remember {
        row: Row,
    },
    Claim {
        claim: Claim,
    },
    Reverse {
        index: u64,
        line: u64,
        amount: u64,
    },
    ReverseClaim {
        index: u64,
        amount: u64,
    },
    Settle {
        index: u64,
    },
    PayRequest {
        payee: AccountId,
        request: RequestId,
        until: Deadline,
    },
    CountIssued {
        organisation: OrganisationId,
        amount: u64,
    },
    CountRegistrar {
        opens: u64,
        freezes: u64,
    },
    OwnEntry {
        account: AccountId,
    },
}

/// What the founding entry fixes for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Community {
    /// The ledger's id.
    pub ledger: LedgerId,
    /// The community's name.
    pub name: String,
    /// Its words for the unit.
    pub unit: UnitWords,
    /// How many decimals people see.
    pub scale: Scale,
    /// The ledger it continues.
    pub predecessor: Option<Predecessor>,
    /// The one settlement account.
    pub settlement: AccountId,
}

/// How an entry changes the community's sums, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CirculationChange {
    pub issued: i64,
    pub returned: i64,
    pub redeemed: i64,
    pub settled: i64,
    pub retired: i64,
}

impl Effects {
    /// Returns effects of balanced lines and acts.
    ///
    /// # Panics
    /// When the lines do not balance: a fault of the rules, never of an entry.
    pub(super) fn of(
        lines: impl IntoIterator<Item = Line>,
        acts: impl IntoIterator<Item = Act>,
        circulation: CirculationChange,
    ) -> Self {
        let lines: SmallVec<[Line; 2]> = lines.into_iter().collect();
        let debits: u128 = lines.iter().map(|line| u128::from(line.debit)).sum();
        let credits: u128 = lines.iter().map(|line| u128::from(line.credit)).sum();
        // INV-2: every entry adds as much to the debit side as to the credit side.
        assert_eq!(debits, credits, "the lines of an entry balance");
        Self { lines, acts: acts.into_iter().collect(), circulation }
    }

    /// Returns the lines in the order in which they are committed to.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Returns when what the entry says comes into force, where that waits.
    pub fn effective_at(&self) -> Option<Timestamp> {
        self.acts.iter().find_map(|act| match act {
            Act::PendCharter { effective_at, .. }
            | Act::PendState { effective_at, .. }
            | Act::PendClose { effective_at, .. } => Some(*effective_at),
            _ => None,
        })
    }

    /// Returns the accounts that lose credits.
    pub fn debited(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.lines.iter().filter(|line| line.debit > 0).map(|line| line.account)
    }
}
