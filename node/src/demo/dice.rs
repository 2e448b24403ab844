//! Everything that is chance in the demonstration, from one seed: keys, ids, salts, and what people do.
//!
//! Whoever knows the seed knows every key: that is why a demonstration is never served to others.

use klaver_ledger::id::{AccountId, OrganisationId};
use klaver_ledger::keys::SigningKey;
use klaver_ledger::record::SaltSource;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One stream of chance: the same seed and name give the same stream.
pub struct Dice(ChaCha20Rng);

impl Dice {
    /// Returns the stream `name` of `seed`.
    pub fn new(seed: u64, name: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(b"klaver/demo/v1\n")
            .chain_update(seed.to_be_bytes())
            .chain_update(name)
            .finalize();
        Self(ChaCha20Rng::from_seed(hash.into()))
    }

    /// Returns a number from 0 up to, not including, `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is a number to choose");
        // Bounds are small: what a remainder prefers cannot be seen in a history.
        self.0.next_u64() % bound
    }

    /// Returns a number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Returns whether something happens that happens `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Returns the place of one of `count` things.
    pub fn pick(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).expect("a place among things in memory")
    }

    /// Returns `wanted` different places of `count` things, ascending.
    pub fn group(&mut self, wanted: usize, count: usize) -> Vec<usize> {
        let mut places: Vec<usize> = (0..count).collect();
        for at in 0..wanted.min(count) {
            let other = at + self.pick(count - at);
            places.swap(at, other);
        }
        places.truncate(wanted);
        places.sort_unstable();
        places
    }

    /// Returns 16 bytes.
    pub fn sixteen(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// Returns 32 bytes.
    pub fn thirty_two(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

/// Returns the key `name` of `seed`.
pub fn key(seed: u64, name: &str) -> SigningKey {
    SigningKey::from_bytes(&Dice::new(seed, &format!("key/{name}")).thirty_two())
}

/// Returns the account `name` of `seed`.
pub fn account(seed: u64, name: &str) -> AccountId {
    AccountId(Dice::new(seed, &format!("account/{name}")).sixteen())
}

/// Returns the organisation `name` of `seed`.
pub fn organisation(seed: u64, name: &str) -> OrganisationId {
    OrganisationId(Dice::new(seed, &format!("organisation/{name}")).sixteen())
}

/// The salts of a demonstration, one for each record by its index: a history that was interrupted and goes on later
/// ends at the same root.
pub struct SeededSalts {
    seed: u64,
    next: Arc<AtomicU64>,
}

impl SeededSalts {
    /// Returns the salts of `seed` from the record on that `next` names when the first one is asked for.
    pub fn new(seed: u64, next: Arc<AtomicU64>) -> Self {
        Self { seed, next }
    }
}

impl SaltSource for SeededSalts {
    fn salt(&mut self) -> [u8; 32] {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        Dice::new(self.seed, &format!("salt/{index}")).thirty_two()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_its_seed_and_its_name() {
        let draw = |seed, name: &str| Dice::new(seed, name).thirty_two();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
    }

    #[test]
    fn a_group_has_no_one_twice() {
        let mut dice = Dice::new(1, "groups");
        for wanted in 0..=12 {
            let group = dice.group(wanted, 12);
            assert_eq!(group.len(), wanted);
            assert!(group.windows(2).all(|pair| pair[0] < pair[1]) && group.iter().all(|place| *place < 12));
        }
    }

    #[test]
    fn salts_go_on_where_they_stopped() {
        let from = |index| SeededSalts::new(7, Arc::new(AtomicU64::new(index)));
        let mut whole = from(0);
        let all: Vec<_> = (0..5).map(|_| whole.salt()).collect();
        let mut rest = from(3);
        assert_eq!([rest.salt(), rest.salt()], all[3..]);
    }
}
