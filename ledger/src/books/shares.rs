//! What each account had when its ledger ended: bound by the record that ends it, proven to its owner, hidden from others.
//!
//! The list of salted hashes is public. Who is told the salt of an account and what it had finds the hash in the list;
//! nobody can guess their way to another one.

use super::Standing;
use crate::entry::cbor::{CborError, Writer};
use crate::entry::codec;
use crate::id::{AccountId, Digest};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Bytes of one hash in the public list.
pub const SHARE_HASH_BYTES: usize = 32;

/// What one account had when its ledger ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The account.
    pub account: AccountId,
    /// The sum of its debits, in minor units.
    pub debits: u64,
    /// The sum of its credits.
    pub credits: u64,
    /// What comes back to it of redeems that were never settled.
    pub returned: u64,
    /// How many lines it had.
    pub lines: u64,
    /// SHA-256 of state and status in force, as a line of the entry that made them names them.
    pub state: Digest,
}

/// What every account had, by account.
#[derive(Clone, Debug)]
pub struct Shares {
    snapshot: Digest,
    seed: [u8; 32],
    shares: Vec<Share>,
}

impl Share {
    /// Returns credits less debits, in minor units, as the old ledger had it.
    pub fn balance(&self) -> i64 {
        self.credits as i64 - self.debits as i64
    }

    /// Returns what the account begins with in the ledger that goes on.
    pub fn opened(&self) -> i64 {
        self.balance() + self.returned as i64
    }

    /// Returns its hash in the public list, under its own salt.
    pub fn hash(&self, salt: &[u8; 32]) -> [u8; SHARE_HASH_BYTES] {
        let mut w = Writer::with_capacity(64);
        w.array(6).bytes(&self.account.0).uint(self.debits).uint(self.credits);
        w.uint(self.returned).uint(self.lines).bytes(&self.state.0);
        let hash = Sha256::new().chain_update(b"klaver/share/v1\n").chain_update(salt);
        hash.chain_update(w.finish()).finalize().into()
    }
}

impl Shares {
    /// Reads them from the closing snapshot.
    ///
    /// # Errors
    /// As [`Books::decode_snapshot`](super::Books::decode_snapshot).
    pub fn of_snapshot(snapshot: &[u8]) -> Result<Self, CborError> {
        Ok(Self::of(&super::Books::decode_snapshot(snapshot)?.standing, snapshot))
    }

    pub(super) fn of(standing: &Standing, snapshot: &[u8]) -> Self {
        let mut returned: BTreeMap<AccountId, u64> = BTreeMap::new();
        for claim in standing.claims.values() {
            let merchant = standing.successor(&claim.merchant).map_or(claim.merchant, |heir| heir.id());
            let sum = returned.entry(merchant).or_default();
            *sum = sum.saturating_add(claim.left);
        }
        let share = |account: &super::Account| {
            let in_force = account.standing(standing.last_recorded_at);
            Share {
                account: account.id(),
                debits: account.debits(),
                credits: account.credits(),
                returned: returned.get(&account.id()).copied().unwrap_or(0),
                lines: account.lines(),
                state: codec::state_digest(&in_force.state, in_force.status),
            }
        };
        let mut shares: Vec<Share> = standing.accounts().map(share).collect();
        shares.sort_unstable_by_key(|share| share.account);
        let seed = Sha256::new().chain_update(b"klaver/shares/v1\n").chain_update(snapshot).finalize().into();
        Self { snapshot: Digest::of(snapshot), seed, shares }
    }

    /// Returns SHA-256 of the snapshot.
    pub fn snapshot(&self) -> Digest {
        self.snapshot
    }

    /// Returns what the record that ends the ledger, and the founding entry of the next, name.
    pub fn digest(&self) -> Digest {
        closing_digest(&self.snapshot, &self.list())
    }

    /// Returns the public list: one hash for each account, ascending by account.
    pub fn list(&self) -> Vec<u8> {
        self.shares.iter().flat_map(|share| share.hash(&self.salt(&share.account))).collect()
    }

    /// Returns what `account` had, with its salt.
    pub fn of_account(&self, account: &AccountId) -> Option<(Share, [u8; 32])> {
        let found = self.shares.binary_search_by_key(account, |share| share.account).ok()?;
        Some((self.shares[found], self.salt(account)))
    }

    fn salt(&self, account: &AccountId) -> [u8; 32] {
        let salt = Sha256::new().chain_update(b"klaver/share-salt/v1\n").chain_update(self.seed);
        salt.chain_update(account.0).finalize().into()
    }
}

/// Returns what binds a closing snapshot, of which SHA-256 is given, and the public list of its shares.
pub fn closing_digest(snapshot: &Digest, list: &[u8]) -> Digest {
    let hash = Sha256::new().chain_update(b"klaver/closing/v1\n").chain_update(snapshot.0);
    Digest(hash.chain_update(Sha256::digest(list)).finalize().into())
}
