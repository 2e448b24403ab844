//! Posting: carries out what the rules decided, on the writer's books as on a reader's copy. Nothing is judged here.

use super::effects::{Act, Community, Effects};
use super::{Account, AnchoredNote, CharterInForce, Standing, Waiting, WaitingCharter, WaitingFor, rules};
use crate::account::{AccountKind, AccountState, AccountStatus};
use crate::charter::Charter;
use crate::id::AccountId;
use crate::keys::PublicKey;
use crate::time::Timestamp;
use std::sync::Arc;

impl Standing {
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

    pub(super) fn account_mut(&mut self, id: &AccountId) -> &mut Account {
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
        // Nobody signs for it.
        let settlement = AccountState {
            threshold: 0,
            ..AccountState::plain(community.settlement, AccountKind::Settlement, Vec::new())
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
    pub(super) fn add(&mut self, account: Account) -> u32 {
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

    pub(super) fn list_keys(&mut self, state: &AccountState, number: u32) {
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
