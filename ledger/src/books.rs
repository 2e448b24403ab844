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

use crate::account::{AccountKind, AccountState, AccountStatus};
use crate::amount::Total;
use crate::charter::Charter;
use crate::entry::VerifiedEntry;
use crate::id::{AccountId, Digest, EntryId};
use crate::keys::PublicKey;
use crate::time::Timestamp;
use effects::{Act, CirculationChange};
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

    /// Carries out what the rules decided, on a copy for readers as on the writer's own. Cannot fail.
    pub fn post(&mut self, recorded_at: Timestamp, effects: &Effects) {
        let index = self.size;
        // Acts first: an account that is opened here has its first line here.
        for act in &effects.acts {
            self.act(act, index, recorded_at);
        }
        for line in effects.lines() {
            let account = self.account_mut(&line.account);
            // INV-5 and the gap check of a person's overview rest on this number.
            assert_eq!(account.lines, line.seq, "lines of an account are numbered without gaps");
            account.lines += 1;
            account.last_line = Some(index);
            account.debits += line.debit;
            account.credits += line.credit;
        }
        self.circulation.add(&effects.circulation);
        self.size += 1;
        self.last_recorded_at = recorded_at;
    }

    fn number(&self, id: &AccountId) -> u32 {
        *self.by_id.get(id).expect("the rules looked this account up")
    }

    fn account_mut(&mut self, id: &AccountId) -> &mut Account {
        let number = self.number(id);
        &mut self.accounts[number as usize]
    }

    fn act(&mut self, act: &Act, index: u64, recorded_at: Timestamp) {
        match act {
            Act::Found { community, charter } => self.found(community, charter, index),
            Act::End => self.ended = true,
            Act::AnchorNote { size, document } => {
                let (size, document) = (*size, *document);
                self.audit_note = Some(AnchoredNote { index, size, recorded_at, document });
            }
            Act::PendCharter { charter, effective_at, by_rescue } => {
                self.settle_charter(recorded_at);
                let charter = Arc::new((**charter).clone());
                let waiting =
                    WaitingCharter { index, effective_at: *effective_at, by_rescue: *by_rescue, charter };
                self.waiting_charter = Some(waiting);
            }
            Act::VetoCharter => self.waiting_charter = None,
            Act::Open { state } => self.open(state, index),
            Act::Replace { state, own } => self.replace(state, *own, index, recorded_at),
            Act::SetStatus { account, status } => {
                let account = self.settled_account_mut(account, recorded_at);
                account.in_force.status = *status;
                account.frozen_veto_used = false;
            }
            Act::PendState { state, opens, effective_at, has_veto, digest } => {
                let what = WaitingFor::Change { state: Arc::new((**state).clone()), opens: *opens };
                let (effective_at, has_veto, digest) = (*effective_at, *has_veto, *digest);
                let waiting = Waiting { index, effective_at, has_veto, what, digest };
                self.wait(&state.account, waiting, recorded_at);
            }
            Act::PendClose { account, heir, effective_at, has_veto } => {
                let digest = rules::close_digest(account, heir);
                let (effective_at, has_veto) = (*effective_at, *has_veto);
                let waiting = Waiting {
                    index,
                    effective_at,
                    has_veto,
                    what: WaitingFor::Close { heir: *heir },
                    digest,
                };
                self.wait(account, waiting, recorded_at);
            }
            Act::VetoAccount { account } => self.veto(account),
            Act::Close { account, heir } => self.close(account, *heir, recorded_at),
            Act::OwnEntry { account } => self.account_mut(account).last_own_entry = Some(recorded_at),
            Act::Claim { claim } => {
                self.claims.insert(index, *claim);
            }
            Act::ReverseClaim { index, amount } => {
                let claim = self.claims.get_mut(index).expect("the rule found this claim");
                claim.left -= amount;
                if claim.left == 0 {
                    self.claims.remove(index);
                }
            }
            Act::Settle { index } => {
                self.claims.remove(index);
            }
            Act::Remember { .. }
            | Act::Reverse { .. }
            | Act::PayRequest { .. }
            | Act::CountIssued { .. }
            | Act::CountRegistrar { .. } => {}
        }
    }

    fn found(&mut self, community: &Community, charter: &Charter, index: u64) {
        let settlement = AccountState {
            account: community.settlement,
            kind: AccountKind::Settlement,
            keys: Vec::new(),
            threshold: 0,
            limit: Total::ZERO,
            ceiling: None,
            organisation: None,
            heir: None,
            until: None,
            payees: None,
        };
        self.community = Some(Arc::new(community.clone()));
        self.charter = Some(CharterInForce { charter: Arc::new(charter.clone()), base: index });
        if self.inherited.is_some() {
            self.settlement_comes_over(&community.settlement);
        } else {
            self.open(&settlement, index);
        }
    }

    fn settle_charter(&mut self, now: Timestamp) {
        if let Some((charter, base)) = self.charter_in_force(now) {
            self.charter = Some(CharterInForce { charter: charter.clone(), base });
            self.waiting_charter = None;
        }
    }

    fn open(&mut self, state: &AccountState, index: u64) {
        let number = self.add(Account::opened(state.clone(), index));
        self.list_keys(state, number);
    }

    /// Adds an account under the next number, where it is found by id and kind; both stay as they are.
    fn add(&mut self, account: Account) -> u32 {
        let number = u32::try_from(self.accounts.len()).expect("fewer than 2^32 accounts");
        self.by_id.insert(account.id(), number);
        if matches!(account.kind(), AccountKind::Budget | AccountKind::Fund) {
            self.pots.push(number);
        }
        self.accounts.push(account);
        number
    }

    fn settled_account_mut(&mut self, id: &AccountId, now: Timestamp) -> &mut Account {
        let number = self.number(id);
        let account = &mut self.accounts[number as usize];
        let (before, waited) = (account.in_force.state.clone(), account.waiting.as_ref().map(|w| w.index));
        account.settle_waiting(now);
        if account.waiting.is_none()
            && let Some(index) = waited
        {
            self.waiting.remove(&index);
            self.relist_keys(&before, number);
        }
        &mut self.accounts[number as usize]
    }

    fn replace(&mut self, state: &AccountState, own: bool, index: u64, now: Timestamp) {
        let account = self.settled_account_mut(&state.account, now);
        let before = std::mem::replace(&mut account.in_force.state, Arc::new(state.clone()));
        account.in_force.base = index;
        if own {
            account.vetoed = None;
            self.drop_waiting(&state.account);
        }
        let number = self.number(&state.account);
        self.list_keys(state, number);
        self.relist_keys(&before, number);
    }

    fn wait(&mut self, account: &AccountId, waiting: Waiting, now: Timestamp) {
        self.settled_account_mut(account, now);
        self.drop_waiting(account);
        let number = self.number(account);
        self.waiting.insert(waiting.index, number);
        if let WaitingFor::Change { state, .. } = &waiting.what {
            let state = state.clone();
            self.list_keys(&state, number);
        }
        let account = &mut self.accounts[number as usize];
        account.vetoed = None;
        account.waiting = Some(waiting);
    }

    fn veto(&mut self, account: &AccountId) {
        let number = self.number(account);
        let entry = &mut self.accounts[number as usize];
        entry.vetoed = entry.waiting.as_ref().map(|waiting| waiting.digest);
        entry.frozen_veto_used = entry.in_force.status == AccountStatus::Frozen;
        self.drop_waiting(account);
    }

    fn drop_waiting(&mut self, account: &AccountId) {
        let number = self.number(account);
        if let Some(waiting) = self.accounts[number as usize].waiting.take() {
            self.waiting.remove(&waiting.index);
            if let WaitingFor::Change { state, .. } = waiting.what {
                self.relist_keys(&state, number);
            }
        }
    }

    fn close(&mut self, account: &AccountId, heir: AccountId, now: Timestamp) {
        // What had waited long enough was in force: a snapshot taken before says so too.
        self.settled_account_mut(account, now);
        self.drop_waiting(account);
        let number = self.number(account);
        let closed = &mut self.accounts[number as usize];
        closed.closed_to = Some(heir);
        closed.vetoed = None;
        let state = closed.in_force.state.clone();
        self.relist_keys(&state, number);
    }

    fn list_keys(&mut self, state: &AccountState, number: u32) {
        for grant in &state.keys {
            let accounts = self.by_key.entry(grant.key).or_default();
            if !accounts.contains(&number) {
                accounts.push(number);
            }
        }
    }

    /// Takes the keys of a state that is gone off the index, unless the account lists them otherwise.
    fn relist_keys(&mut self, gone: &AccountState, number: u32) {
        let account = &self.accounts[number as usize];
        let still_listed = |key: &PublicKey| {
            let waiting = account.waiting.as_ref().is_some_and(
                |waiting| matches!(&waiting.what, WaitingFor::Change { state, .. } if state.grant(key).is_some()),
            );
            account.closed_to.is_none() && (account.in_force.state.grant(key).is_some() || waiting)
        };
        for grant in gone.keys.iter().filter(|grant| !still_listed(&grant.key)) {
            if let Some(accounts) = self.by_key.get_mut(&grant.key) {
                accounts.retain(|listed| *listed != number);
                if accounts.is_empty() {
                    self.by_key.remove(&grant.key);
                }
            }
        }
    }
}
