//! Meetings of an old device with a new one. In memory alone: they last some minutes, and a restart ends them.

use klaver_ledger::id::AccountId;
use klaver_ledger::keys::PublicKey;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long the new device may answer, in seconds.
pub const PAIRING_SECONDS: u64 = 600;
/// Most meetings that wait at once.
pub const PAIRINGS_MAX: usize = 10_000;

/// A meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// The secret that the old device shows.
    pub code: [u8; 16],
    /// Until when it may be answered, in seconds since 1970 UTC.
    pub expires_at: u64,
    /// The key that answered.
    pub key: Option<PublicKey>,
}

/// Meetings by the account that started them: one each.
#[derive(Default)]
pub struct Pairings(Mutex<HashMap<AccountId, Meeting>>);

impl Pairings {
    /// Starts a meeting, in place of an older one of the account; returns whether there was room.
    pub fn start(&self, account: AccountId, code: [u8; 16], now: u64) -> Option<Meeting> {
        let mut meetings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        meetings.retain(|_, meeting| now < meeting.expires_at);
        if meetings.len() >= PAIRINGS_MAX && !meetings.contains_key(&account) {
            return None;
        }
        let meeting = Meeting { code, expires_at: now + PAIRING_SECONDS, key: None };
        meetings.insert(account, meeting.clone());
        Some(meeting)
    }

    /// Returns the meeting of an account that still lasts.
    pub fn of(&self, account: &AccountId, now: u64) -> Option<Meeting> {
        let meetings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        meetings.get(account).filter(|meeting| now < meeting.expires_at).cloned()
    }

    /// Returns the account whose meeting has such a code and still lasts.
    pub fn find(&self, is_meant: impl Fn(&[u8; 16]) -> bool, now: u64) -> Option<AccountId> {
        let meetings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = meetings.iter().filter(|(_, meeting)| now < meeting.expires_at);
        found.find(|(_, meeting)| is_meant(&meeting.code)).map(|(account, _)| *account)
    }

    /// Notes the key of the new device; returns whether it is the one that counts. The first one does: whoever reads the
    /// code over somebody's shoulder later changes nothing.
    pub fn answer(&self, code: &[u8; 16], key: PublicKey, now: u64) -> bool {
        let mut meetings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = |meeting: &&mut Meeting| meeting.code == *code && now < meeting.expires_at;
        let Some(meeting) = meetings.values_mut().find(meant) else { return false };
        *meeting.key.get_or_insert(key) == key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::keys::SigningKey;

    fn key(seed: u8) -> PublicKey {
        PublicKey::of(&SigningKey::from_bytes(&[seed; 32]))
    }

    #[test]
    fn the_first_answer_counts_and_a_meeting_ends() {
        let (pairings, account) = (Pairings::default(), AccountId([1; 16]));
        let met = pairings.start(account, [7; 16], 1_000).unwrap();
        assert!(!pairings.answer(&[8; 16], key(1), 1_001), "another code");
        assert!(pairings.answer(&[7; 16], key(1), 1_001));
        assert!(!pairings.answer(&[7; 16], key(2), 1_002), "somebody else was first");
        assert!(pairings.answer(&[7; 16], key(1), 1_003), "the same device may ask again");
        assert_eq!(pairings.of(&account, met.expires_at - 1).unwrap().key, Some(key(1)));
        assert_eq!(pairings.of(&account, met.expires_at), None);
        assert_eq!(pairings.of(&AccountId([2; 16]), 1_001), None);
    }

    #[test]
    fn a_new_meeting_takes_the_place_of_the_old_one() {
        let (pairings, account) = (Pairings::default(), AccountId([1; 16]));
        pairings.start(account, [7; 16], 1_000).unwrap();
        pairings.start(account, [8; 16], 1_001).unwrap();
        assert!(!pairings.answer(&[7; 16], key(1), 1_002));
        assert!(pairings.answer(&[8; 16], key(1), 1_002));
    }
}
