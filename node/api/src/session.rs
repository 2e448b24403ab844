//! Proving that one holds a key: to read what is private, and to join.

use crate::join::JoinProof;
use crate::text::{self, FieldError, base64url};
use klaver_ledger::id::{AccountId, LedgerId};
use klaver_ledger::keys::{PublicKey, SigningKey, sign};
use klaver_ledger::time::Deadline;
use serde::{Deserialize, Serialize};

/// The account that stands in a challenge for an office: an auditor's or council key belongs to no account.
pub const OFFICE: AccountId = AccountId([0; 16]);

/// Something fresh to sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Challenge {
    /// 32 bytes, base64url.
    pub nonce: String,
    /// Until when it can be answered.
    pub expires_at: String,
    /// The node's own address. The wallet signs the one it speaks to, and compares.
    pub origin: String,
}

/// A signed challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The account the key belongs to; left out for a key of the council or of an auditor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The challenge's nonce.
    pub nonce: String,
    /// The challenge's end.
    pub expires_at: String,
    /// The public key, in hexadecimal.
    pub key: String,
    /// The signature of [`challenge_bytes`] by it, base64url.
    pub signature: String,
}

/// What a session may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionRole {
    /// Its own account.
    Account,
    /// The day of its account's till: the key may refund and nothing else.
    Cashier,
    /// Budgets, funds and merchants; of members everything but the balance.
    Council,
    /// Every record, pseudonymous; each access is logged.
    Auditor,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Session {
    /// The token, sent as `Authorization: Bearer …`. A secret.
    pub token: String,
    /// When it ends.
    pub expires_at: String,
    /// What it may see.
    pub role: SessionRole,
    /// Its account, if it has one.
    pub account: Option<String>,
}

/// An account that a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct KeyAccount {
    /// The account.
    pub account: String,
    /// Its kind.
    pub kind: String,
    /// What the key may do.
    pub rights: Vec<String>,
    /// Its name, if the community keeps one.
    pub name: Option<String>,
}

/// The accounts that a key belongs to: how a device finds out for whom it signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct KeyAccounts {
    /// The accounts that are not closed.
    pub accounts: Vec<KeyAccount>,
}

/// What a challenge is answered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// To open a session of this account; [`OFFICE`] for none.
    Session(AccountId),
    /// To join with keys of which this is the first.
    Join(PublicKey),
}

/// Returns the bytes that a wallet signs to prove that it holds a key.
///
/// `klaver/session/v1\n` or `klaver/join/v1\n`, ledger id, length of the origin as u16 big-endian, origin, account or
/// first key, nonce, expiry in seconds as u64 big-endian.
///
/// # Panics
/// When the origin is longer than 65,535 bytes.
pub fn challenge_bytes(
    ledger: &LedgerId,
    origin: &str,
    claim: &Claim,
    nonce: &[u8; 32],
    expires_at: Deadline,
) -> Vec<u8> {
    let length = u16::try_from(origin.len()).expect("an origin is a short address");
    let (domain, who): (&[u8], &[u8]) = match claim {
        Claim::Session(account) => (b"klaver/session/v1\n", &account.0),
        Claim::Join(key) => (b"klaver/join/v1\n", key.as_bytes()),
    };
    let (length, ends) = (length.to_be_bytes(), expires_at.seconds().to_be_bytes());
    [domain, &ledger.0, &length, origin.as_bytes(), who, nonce, &ends].concat()
}

impl Challenge {
    /// Answers this challenge of the node at `origin` with the key of `account`, or of an office when there is none.
    ///
    /// # Errors
    /// When the challenge makes no sense.
    pub fn for_session(
        self,
        ledger: &LedgerId,
        origin: &str,
        account: Option<AccountId>,
        key: &SigningKey,
    ) -> Result<CreateSession, FieldError> {
        let bytes = self.bytes(ledger, origin, &Claim::Session(account.unwrap_or(OFFICE)))?;
        Ok(CreateSession {
            account: account.map(|account| account.to_string()),
            nonce: self.nonce,
            expires_at: self.expires_at,
            key: PublicKey::of(key).to_string(),
            signature: base64url(&sign(key, &bytes).0),
        })
    }

    /// Answers this challenge of the node at `origin` with the keys that join: `first`, then the `others`.
    ///
    /// # Errors
    /// When the challenge makes no sense.
    pub fn for_joining(
        self,
        ledger: &LedgerId,
        origin: &str,
        first: &SigningKey,
        others: &[&SigningKey],
    ) -> Result<JoinProof, FieldError> {
        let bytes = self.bytes(ledger, origin, &Claim::Join(PublicKey::of(first)))?;
        let keys = std::iter::once(first).chain(others.iter().copied());
        let signatures = keys.map(|key| base64url(&sign(key, &bytes).0)).collect();
        Ok(JoinProof { nonce: self.nonce, expires_at: self.expires_at, signatures })
    }

    fn bytes(&self, ledger: &LedgerId, origin: &str, claim: &Claim) -> Result<Vec<u8>, FieldError> {
        let nonce = text::from_base64url_fixed("nonce", &self.nonce)?;
        let expires_at = text::deadline("expires_at", &self.expires_at)?;
        Ok(challenge_bytes(ledger, origin, claim, &nonce, expires_at))
    }
}
