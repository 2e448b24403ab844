//! Signed challenges: opening sessions, and asking the ledger whether their keys still count.

use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::sessions::{CHALLENGE_SECONDS, Role, Visitor};
use klaver_api::account::rights_to_words;
use klaver_api::session::{
    Challenge, Claim, CreateSession, KeyAccount, KeyAccounts, OFFICE, Session, SessionRole, challenge_bytes,
};
use klaver_api::text::{self, FieldError, base64url};
use klaver_ledger::account::{AccountKind, Rights};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::{PublicKey, Signature};
use klaver_ledger::time::{Deadline, Seconds, Timestamp};

impl Service {
    /// Returns something fresh to sign.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn challenge(&self) -> Result<Challenge, Refused> {
        let expires_at = Deadline::after(wall_clock(), Seconds(CHALLENGE_SECONDS));
        let nonce = self.sessions.challenge(expires_at.seconds())?;
        Ok(Challenge {
            nonce: base64url(&nonce),
            expires_at: expires_at.to_string(),
            origin: self.config.public_url.clone(),
        })
    }

    /// Opens a session for whoever signed a challenge with a key of an account or office.
    ///
    /// # Errors
    /// Why not.
    pub fn open_session(&self, asked: &CreateSession) -> Result<Session, Refused> {
        let now = wall_clock();
        let account =
            asked.account.as_deref().map(|account| text::account("account", account)).transpose()?;
        let answered = Answered::read(&asked.nonce, &asked.expires_at)?;
        let key = text::key("key", &asked.key)?;
        let claim = Claim::Session(account.unwrap_or(OFFICE));
        if !self.is_signed(&answered, &claim, &key, &asked.signature)? {
            let advice = "sign the challenge for this ledger, this address and this account";
            return Err(Refused::SessionSignature { advice });
        }
        // After the signature: only whoever holds the key learns whether the account lists it.
        let (role, advice) = match &account {
            Some(account) => {
                (self.role_in(account, &key, now), "this key is not one of the account: use a key that is")
            }
            None => (self.office_of(&key, now), "this key is of no office: name the account it belongs to"),
        };
        let role = role.ok_or(Refused::SessionKey { advice })?;
        let visitor = Visitor { key, role };
        // Whoever takes a card has its key before them, a merchant too: what it holds is for who knows its PIN.
        if self.is_card(&role) {
            return Err(Refused::Forbidden {
                advice: "a card shows what it holds with its PIN, or at a doe-plek",
            });
        }
        self.take(&answered)?;
        let (token, ends) = self.sessions.open(visitor, now.seconds())?;
        Ok(Session {
            token: base64url(&token),
            expires_at: Deadline::from_seconds(ends).map(|ends| ends.to_string()).unwrap_or_default(),
            role: match role {
                Role::Account(_) => SessionRole::Account,
                Role::Cashier(_) => SessionRole::Cashier,
                Role::Council => SessionRole::Council,
                Role::Auditor => SessionRole::Auditor,
            },
            account: match role {
                Role::Account(account) | Role::Cashier(account) => Some(account.to_string()),
                Role::Council | Role::Auditor => None,
            },
        })
    }

    /// Returns the accounts of a key, for whoever signed a challenge with it: how a device finds out for whom it signs.
    ///
    /// # Errors
    /// When the challenge names an account, has ended, or is not signed by the key.
    pub fn accounts_of_key(&self, asked: &CreateSession) -> Result<KeyAccounts, Refused> {
        let now = wall_clock();
        let answered = Answered::read(&asked.nonce, &asked.expires_at)?;
        let key = text::key("key", &asked.key)?;
        if let Some(account) = &asked.account {
            return Err(FieldError::new("account", account, "leave it out: the key is asked about").into());
        }
        if !self.is_signed(&answered, &Claim::Session(OFFICE), &key, &asked.signature)? {
            let advice = "sign the challenge for this ledger, this address and no account";
            return Err(Refused::SessionSignature { advice });
        }
        // Nothing is remembered for a key that has no account: there is nothing to tell it either.
        if !self.reader.standing().knows_key(key.as_bytes()) {
            return Ok(KeyAccounts { accounts: Vec::new() });
        }
        self.take(&answered)?;
        let standing = self.reader.standing();
        let open = standing.accounts_of_key(&key).filter(|account| account.closed_to().is_none());
        let accounts = open.filter_map(|account| {
            let state = account.standing(now).state;
            let grant = state.grant(&key).filter(|grant| grant.counts(now))?;
            Some(KeyAccount {
                account: account.id().to_string(),
                kind: account.kind().word().to_owned(),
                rights: rights_to_words(grant.rights),
                name: self.community.profile(&account.id()).map(|row| row.name),
            })
        });
        Ok(KeyAccounts { accounts: accounts.collect() })
    }

    /// Returns who the bearer of `token` is, if the session lasts and its key still counts.
    ///
    /// # Errors
    /// `SessionNeeded`.
    pub fn visitor(&self, token: &str) -> Result<Visitor, Refused> {
        let now = wall_clock();
        let token = text::from_base64url("token", token).map_err(|_| Refused::SessionNeeded)?;
        let visitor = self.sessions.visitor(&token, now.seconds()).ok_or(Refused::SessionNeeded)?;
        if self.still_counts(&visitor, now) { Ok(visitor) } else { Err(Refused::SessionNeeded) }
    }

    /// Ends the session of `token`.
    pub fn end_session(&self, token: &str) {
        if let Ok(token) = text::from_base64url("token", token) {
            self.sessions.end(&token);
        }
    }

    /// Returns whether `signature` is that of `key` under the challenge, for `claim` at this node.
    ///
    /// # Errors
    /// When it is no signature at all.
    pub(super) fn is_signed(
        &self,
        answered: &Answered,
        claim: &Claim,
        key: &PublicKey,
        signature: &str,
    ) -> Result<bool, FieldError> {
        let signature = Signature(text::from_base64url_fixed("signature", signature)?);
        let Answered { nonce, expires_at } = answered;
        let origin = &self.config.public_url;
        let signed = challenge_bytes(&self.ledger(), origin, claim, nonce, *expires_at);
        Ok(key.has_signed(&signed, &signature))
    }

    /// Sees to it that a challenge counts once. Check its signature first.
    ///
    /// # Errors
    /// When it is not one of this node, has ended, or was answered before.
    pub(super) fn take(&self, answered: &Answered) -> Result<(), Refused> {
        let Answered { nonce, expires_at } = answered;
        Ok(self.sessions.take_challenge(nonce, expires_at.seconds(), wall_clock().seconds())?)
    }

    fn is_card(&self, role: &Role) -> bool {
        let Role::Account(account) = role else { return false };
        self.reader.standing().account(account).is_some_and(|account| account.kind() == AccountKind::Card)
    }

    fn office_of(&self, key: &PublicKey, now: Timestamp) -> Option<Role> {
        let standing = self.reader.standing();
        let charter = standing.charter(now)?;
        if charter.council.contains(key) {
            return Some(Role::Council);
        }
        charter.auditors.contains(key).then_some(Role::Auditor)
    }

    /// Returns what a key is in an account, while it counts.
    fn role_in(&self, account: &AccountId, key: &PublicKey, now: Timestamp) -> Option<Role> {
        let standing = self.reader.standing();
        let state = standing.account(account)?.standing(now).state;
        let grant = state.grant(key).filter(|grant| grant.counts(now))?;
        let is_cashier = grant.rights == Rights::REFUND;
        Some(if is_cashier { Role::Cashier(*account) } else { Role::Account(*account) })
    }

    fn still_counts(&self, visitor: &Visitor, now: Timestamp) -> bool {
        // Other rights make it another session.
        let is_now = match visitor.role {
            Role::Account(account) | Role::Cashier(account) => self.role_in(&account, &visitor.key, now),
            Role::Council | Role::Auditor => self.office_of(&visitor.key, now),
        };
        is_now == Some(visitor.role)
    }
}

/// A challenge as it comes back.
pub(super) struct Answered {
    nonce: [u8; 32],
    expires_at: Deadline,
}

impl Answered {
    /// Reads what was sent.
    ///
    /// # Errors
    /// When it makes no sense.
    pub(super) fn read(nonce: &str, expires_at: &str) -> Result<Self, FieldError> {
        Ok(Self {
            nonce: text::from_base64url_fixed("nonce", nonce)?,
            expires_at: text::deadline("expires_at", expires_at)?,
        })
    }
}
