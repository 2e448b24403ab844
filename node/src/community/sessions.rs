//! Sessions: who has shown to hold a key, for a while. In memory alone; a restart ends them all.

use klaver_ledger::id::AccountId;
use klaver_ledger::keys::PublicKey;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long a challenge can be answered, in seconds.
pub const CHALLENGE_SECONDS: u64 = 120;
/// How long a session lasts, in seconds.
pub const SESSION_SECONDS: u64 = 3_600;
/// Most sessions of one key; the oldest one ends for a newer one.
pub const SESSIONS_PER_KEY_MAX: usize = 8;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The key that signed the challenge.
    pub key: PublicKey,
    /// Whose session it is.
    pub role: Role,
}

/// Whose session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An account's.
    Account(AccountId),
    /// Of a key that may refund and nothing else: it asks to be paid for this account and sees its day.
    Cashier(AccountId),
    /// The council's.
    Council,
    /// An auditor's.
    Auditor,
}

/// All sessions.
pub struct Sessions {
    /// Makes challenges recognisable, so that none needs to be remembered before somebody has signed it.
    secret: [u8; 32],
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By the hash of their token: the tokens themselves are nowhere.
    sessions: HashMap<[u8; 32], Row>,
    /// Answered challenges, until they would have ended.
    answered: HashMap<[u8; 32], u64>,
    /// When those that have ended were last forgotten: once a second is enough, however many come.
    swept_at: u64,
}

struct Row {
    visitor: Visitor,
    expires_at: u64,
}

/// Why a challenge does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// This node did not make it, or made it before it was started again.
    #[error("this challenge is not from this node: ask for a new one")]
    Foreign,
    /// It is too old.
    #[error("this challenge has ended: ask for a new one")]
    Ended,
    /// Each is answered once.
    #[error("this challenge was answered before: ask for a new one")]
    Answered,
}

impl Sessions {
    /// Returns no sessions yet.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn new() -> Result<Self, getrandom::Error> {
        Ok(Self { secret: random()?, state: Mutex::default() })
    }

    /// Returns a fresh challenge that ends at `expires_at`, in seconds.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn challenge(&self, expires_at: u64) -> Result<[u8; 32], getrandom::Error> {
        let mut nonce = random()?;
        let tag = self.tag(&nonce, expires_at);
        nonce[16..].copy_from_slice(&tag);
        Ok(nonce)
    }

    fn tag(&self, nonce: &[u8; 32], expires_at: u64) -> [u8; 16] {
        let hash: [u8; 32] = Sha256::new()
            .chain_update(b"klaver/challenge/v1\n")
            .chain_update(self.secret)
            .chain_update(&nonce[..16])
            .chain_update(expires_at.to_be_bytes())
            // The secret has one length and stands before and behind: nothing can be appended to it.
            .chain_update(self.secret)
            .finalize()
            .into();
        *hash.first_chunk().expect("a hash has 32 bytes")
    }

    /// Checks that a challenge is one of ours, in time, and not answered yet. Check the signature first.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn take_challenge(&self, nonce: &[u8; 32], expires_at: u64, now: u64) -> Result<(), ChallengeError> {
        let expected = self.tag(nonce, expires_at);
        let differs = expected.iter().zip(&nonce[16..]).fold(0, |differs, (a, b)| differs | (a ^ b));
        if differs != 0 {
            return Err(ChallengeError::Foreign);
        }
        if expires_at <= now {
            return Err(ChallengeError::Ended);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.swept_at < now {
            state.answered.retain(|_, until| *until > now);
            state.swept_at = now;
        }
        match state.answered.insert(*nonce, expires_at) {
            Some(_) => Err(ChallengeError::Answered),
            None => Ok(()),
        }
    }

    /// Opens a session for `visitor` and returns its token.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn open(&self, visitor: Visitor, now: u64) -> Result<([u8; 32], u64), getrandom::Error> {
        let token = random()?;
        let expires_at = now + SESSION_SECONDS;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sessions.retain(|_, row| row.expires_at > now);
        let own = |row: &Row| row.visitor.key == visitor.key;
        if state.sessions.values().filter(|row| own(row)).count() >= SESSIONS_PER_KEY_MAX {
            let oldest =
                state.sessions.iter().filter(|(_, row)| own(row)).min_by_key(|(_, row)| row.expires_at);
            if let Some(oldest) = oldest.map(|(hash, _)| *hash) {
                state.sessions.remove(&oldest);
            }
        }
        state.sessions.insert(hash(&token), Row { visitor, expires_at });
        Ok((token, expires_at))
    }

    /// Returns whose session `token` is. Whether the key still counts is for the ledger to say.
    pub fn visitor(&self, token: &[u8], now: u64) -> Option<Visitor> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sessions.get(&hash(token)).filter(|row| row.expires_at > now).map(|row| row.visitor)
    }

    /// Ends a session.
    pub fn end(&self, token: &[u8]) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).sessions.remove(&hash(token));
    }
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn random() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::keys::SigningKey;

    fn visitor(seed: u8) -> Visitor {
        Visitor { key: PublicKey::of(&SigningKey::from_bytes(&[seed; 32])), role: Role::Council }
    }

    #[test]
    fn a_challenge_is_answered_once_in_time_and_here() {
        let sessions = Sessions::new().unwrap();
        let nonce = sessions.challenge(100).unwrap();
        assert_eq!(sessions.take_challenge(&nonce, 100, 100), Err(ChallengeError::Ended));
        assert_eq!(sessions.take_challenge(&nonce, 101, 99), Err(ChallengeError::Foreign));
        let other = Sessions::new().unwrap();
        assert_eq!(other.take_challenge(&nonce, 100, 99), Err(ChallengeError::Foreign));
        assert_eq!(sessions.take_challenge(&nonce, 100, 99), Ok(()));
        assert_eq!(sessions.take_challenge(&nonce, 100, 99), Err(ChallengeError::Answered));
    }

    #[test]
    fn a_session_ends_by_time_and_by_hand() {
        let sessions = Sessions::new().unwrap();
        let (token, expires_at) = sessions.open(visitor(1), 1_000).unwrap();
        assert_eq!(sessions.visitor(&token, expires_at - 1), Some(visitor(1)));
        assert_eq!(sessions.visitor(&token, expires_at), None);
        assert_eq!(sessions.visitor(b"guess", 1_000), None);
        sessions.end(&token);
        assert_eq!(sessions.visitor(&token, 1_000), None);
    }

    #[test]
    fn a_key_has_a_bounded_number_of_sessions() {
        let sessions = Sessions::new().unwrap();
        let tokens: Vec<_> = (0..=SESSIONS_PER_KEY_MAX as u64)
            .map(|at| sessions.open(visitor(1), 1_000 + at).unwrap().0)
            .collect();
        let (other, _) = sessions.open(visitor(2), 1_000).unwrap();
        let alive = tokens.iter().filter(|token| sessions.visitor(*token, 1_020).is_some()).count();
        assert_eq!(alive, SESSIONS_PER_KEY_MAX);
        assert_eq!(sessions.visitor(&tokens[0], 1_020), None, "the oldest made room");
        assert!(sessions.visitor(&other, 1_020).is_some());
    }
}
