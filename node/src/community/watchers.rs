//! Who waits for news: tills for their request, wallets for their account.

use klaver_ledger::id::AccountId;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Most requests or accounts that may be watched at once.
pub const WATCHED_MAX: usize = 20_000;

/// Most that may watch one request or account: a till, a phone and some reloads, not every connection there is.
pub const WATCHERS_OF_ONE_MAX: usize = 16;

/// Who waits for which news.
#[derive(Default)]
pub struct Watchers {
    /// By request.
    pub requests: Watched<[u8; 16]>,
    /// By account.
    pub accounts: Watched<AccountId>,
}

/// Waiters by what they wait for.
pub struct Watched<K> {
    senders: Mutex<HashMap<K, watch::Sender<()>>>,
    count: AtomicUsize,
}

impl<K> Default for Watched<K> {
    fn default() -> Self {
        Self { senders: Mutex::new(HashMap::new()), count: AtomicUsize::new(0) }
    }
}

impl<K: Copy + Eq + Hash> Watched<K> {
    /// Returns a receiver of the news of `key`; `None` when too much is watched, or too many watch it.
    pub fn watch(&self, key: K) -> Option<watch::Receiver<()>> {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = senders.get(&key) {
            return (sender.receiver_count() < WATCHERS_OF_ONE_MAX).then(|| sender.subscribe());
        }
        if senders.len() >= WATCHED_MAX {
            senders.retain(|_, sender| sender.receiver_count() > 0);
        }
        if senders.len() >= WATCHED_MAX {
            self.count.store(senders.len(), Ordering::Relaxed);
            return None;
        }
        let (sender, receiver) = watch::channel(());
        senders.insert(key, sender);
        self.count.store(senders.len(), Ordering::Relaxed);
        Some(receiver)
    }

    /// Returns whether anything is watched: cheap, for the writer.
    pub fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Tells everybody who waits for `key`.
    pub fn tell(&self, key: &K) {
        if !self.any() {
            return;
        }
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = senders.get(key)
            && sender.send(()).is_err()
        {
            senders.remove(key);
            self.count.store(senders.len(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_reach_those_who_wait_and_nobody_else() {
        let watched = Watched::<[u8; 16]>::default();
        assert!(!watched.any());
        let mut one = watched.watch([1; 16]).unwrap();
        let two = watched.watch([2; 16]).unwrap();
        watched.tell(&[1; 16]);
        assert!(one.has_changed().unwrap() && !two.has_changed().unwrap());
        one.mark_unchanged();
        drop((one, two));
        watched.tell(&[1; 16]);
        watched.tell(&[2; 16]);
        assert!(!watched.any(), "who left is forgotten");
    }

    #[test]
    fn one_code_cannot_take_every_place() {
        let watched = Watched::<[u8; 16]>::default();
        let mut places: Vec<_> = (0..WATCHERS_OF_ONE_MAX).map(|_| watched.watch([1; 16]).unwrap()).collect();
        assert!(watched.watch([1; 16]).is_none(), "no more for this one");
        assert!(watched.watch([2; 16]).is_some(), "others are not kept waiting");
        places.pop();
        assert!(watched.watch([1; 16]).is_some(), "a place that is free again is given again");
    }
}
