//! The books: all accounts with their debit and credit totals, and what the rules need to remember.
//!
//! [`rules::apply`] decides, [`Books::post`] carries out and cannot fail. The books know nothing of the log,
//! of storage, or of the clock.

mod account;
pub mod chart;
mod effects;
#[cfg(test)]
mod histories_tests;
mod outlook;
#[cfg(test)]
mod outlook_tests;
mod posting;
#[cfg(test)]
mod pot_tests;
mod reason;
mod rejection;
pub mod rules;
pub mod shares;
mod sheet;
mod signers;
pub mod snapshot;
#[cfg(test)]
mod snapshot_tests;
mod soundness;
mod succession;
#[cfg(test)]
mod succession_tests;
mod trial_balance;
mod who;
mod windows;

pub use account::{Account, InForce, Waiting, WaitingFor};
pub use effects::{Community, Effects, Line, Reference};
pub use outlook::refusal_once_signed;
pub use reason::{
    CharterFault, KeyUse, LateFault, Mixed, RegistrarAct, RegistrarFault, StateFault, SuccessionFault,
};
pub use rejection::Rejection;
pub use succession::check_end;
pub use trial_balance::{Circulation, TrialBalance, TrialBalanceLine};
pub use who::{Kinds, OfferedRate, ValueKind, Who};
pub use windows::{Claim, Row, RowLine, Windows};

use crate::account::{AccountState, AccountStatus};
use crate::charter::Charter;
use crate::entry::VerifiedEntry;
use crate::id::{AccountId, Digest, EntryId};
use crate::keys::PublicKey;
use crate::time::Timestamp;
use effects::CirculationChange;
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The books of one community.
#[derive(Clone, Debug, Default)]
pub struct Books {
    standing: Standing,
    windows: Windows,
}

/// The accounts and the charter: what readers may be shown, each their own.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    size: u64,
    last_recorded_at: Timestamp,
    community: Option<Arc<Community>>,
    charter: Option<CharterInForce>,
    waiting_charter: Option<WaitingCharter>,
    accounts: Vec<Account>,
    by_id: HashMap<AccountId, u32>,
    /// Budgets and funds, by number: those that may speak for an organisation.
    pots: Vec<u32>,
    /// Accounts, by number, that list a key, in force or waiting.
    by_key: HashMap<PublicKey, SmallVec<[u32; 1]>>,
    /// Accounts, by number, for which something waits, by the index of its entry.
    waiting: BTreeMap<u64, u32>,
    circulation: Circulation,
    /// Redeems that wait for their euro, by the index of their entry.
    claims: BTreeMap<u64, Claim>,
    /// What came over from a predecessor, until the founding entry names it.
    inherited: Option<Arc<succession::Inherited>>,
    /// Whether the council has ended this ledger: another one goes on.
    ended: bool,
    /// The newest audit note that an entry anchors.
    audit_note: Option<AnchoredNote>,
}

/// An audit note as the ledger anchors it: how far an auditor has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchoredNote {
    /// The entry that anchors it.
    pub index: u64,
    /// How many records it speaks of.
    pub size: u64,
    /// When it was anchored.
    pub recorded_at: Timestamp,
    /// SHA-256 of the note.
    pub document: Digest,
}

#[derive(Clone, Debug)]
struct CharterInForce {
    charter: Arc<Charter>,
    base: u64,
}

/// A charter that takes effect later unless it is vetoed.
#[derive(Clone, Debug)]
pub struct WaitingCharter {
    /// Index of its entry.
    pub index: u64,
    /// When it takes effect.
    pub effective_at: Timestamp,
    /// Whether rescue keys replace the council, so that the council has the veto instead of the auditors.
    pub by_rescue: bool,
    /// The charter.
    pub charter: Arc<Charter>,
}

impl Books {
    /// Returns empty books, before founding.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the accounts and the charter.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Returns what only the rules read.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Returns the index under which `id` was recorded, as long as the entry has not expired.
    pub fn recorded(&self, id: &EntryId) -> Option<u64> {
        self.windows.recorded(id)
    }

    /// Carries out what the rules decided. Cannot fail.
    pub fn post(&mut self, entry: &VerifiedEntry, recorded_at: Timestamp, effects: &Effects) {
        let index = self.standing.size;
        self.standing.post(recorded_at, effects);
        self.windows.post(entry.id(), entry.entry().expires_at, index, recorded_at, &effects.acts);
    }
}

impl Standing {
    /// Returns how many records have been posted: the index of the next one.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns when the newest record was recorded.
    pub fn last_recorded_at(&self) -> Timestamp {
        self.last_recorded_at
    }

    /// Returns what the founding entry fixed, or `None` before founding.
    pub fn community(&self) -> Option<&Arc<Community>> {
        self.community.as_ref()
    }

    /// Returns whether the council has ended this ledger: nothing can be recorded any more.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Returns the newest audit note that is anchored, or `None` when there is none.
    pub fn audit_note(&self) -> Option<AnchoredNote> {
        self.audit_note
    }

    /// Returns the charter in force at `now`, or `None` before founding.
    pub fn charter(&self, now: Timestamp) -> Option<&Arc<Charter>> {
        self.charter_in_force(now).map(|(charter, _)| charter)
    }

    /// Returns the charter in force at `now` and the index of the entry that made it.
    pub fn charter_in_force(&self, now: Timestamp) -> Option<(&Arc<Charter>, u64)> {
        match &self.waiting_charter {
            Some(waiting) if waiting.effective_at <= now => Some((&waiting.charter, waiting.index)),
            _ => self.charter.as_ref().map(|in_force| (&in_force.charter, in_force.base)),
        }
    }

    /// Returns the charter that still waits at `now`.
    pub fn waiting_charter(&self, now: Timestamp) -> Option<&WaitingCharter> {
        self.waiting_charter.as_ref().filter(|waiting| waiting.effective_at > now)
    }

    /// Returns an account.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.by_id.get(id).map(|number| &self.accounts[*number as usize])
    }

    /// Returns every account, open and closed, in the order of opening.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter()
    }

    /// Returns every budget and fund, open and closed, in the order of opening.
    pub fn pots(&self) -> impl Iterator<Item = &Account> {
        self.pots.iter().map(|number| &self.accounts[*number as usize])
    }

    /// Returns the account for which entry `index` waits.
    pub fn account_waiting_for(&self, index: u64) -> Option<&Account> {
        self.waiting.get(&index).map(|number| &self.accounts[*number as usize])
    }

    /// Returns the accounts that list `key`, in force or waiting.
    pub fn accounts_of_key(&self, key: &PublicKey) -> impl Iterator<Item = &Account> {
        self.by_key.get(key).into_iter().flatten().map(|number| &self.accounts[*number as usize])
    }

    /// Returns whether some account or office lists these bytes as a key, in force or waiting.
    ///
    /// Whoever verifies signatures asks this first: no signature by a stranger costs anything.
    pub fn knows_key(&self, key: &[u8; 32]) -> bool {
        let listed =
            |charter: &Charter| soundness::office_keys(charter).any(|office| office.as_bytes() == key);
        self.by_key.contains_key(key)
            || self.charter.as_ref().is_some_and(|in_force| listed(&in_force.charter))
            || self.waiting_charter.as_ref().is_some_and(|waiting| listed(&waiting.charter))
    }

    /// Returns the open claims with their indexes, oldest first.
    pub fn claims(&self) -> impl Iterator<Item = (u64, &Claim)> {
        self.claims.iter().map(|(index, claim)| (*index, claim))
    }
}
