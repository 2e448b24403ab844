//! Sessions: proving that one holds a key, to read what is private.

use klaver_ledger::id::{AccountId, LedgerId};
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

/// Returns the bytes that a wallet signs to open a session.
///
/// `klaver/session/v1\n`, ledger id, length of the origin as u16 big-endian, origin, account ([`OFFICE`]
/// for none), nonce, expiry in seconds as u64 big-endian.
///
/// # Panics
/// When the origin is longer than 65,535 bytes.
pub fn challenge_bytes(
    ledger: &LedgerId,
    origin: &str,
    account: &AccountId,
    nonce: &[u8; 32],
    expires_at: Deadline,
) -> Vec<u8> {
    let length = u16::try_from(origin.len()).expect("an origin is a short address");
    let mut bytes = b"klaver/session/v1\n".to_vec();
    bytes.extend_from_slice(&ledger.0);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(origin.as_bytes());
    bytes.extend_from_slice(&account.0);
    bytes.extend_from_slice(nonce);
    bytes.extend_from_slice(&expires_at.seconds().to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_challenge_are_as_specified() {
        let until = Deadline::from_seconds(0x0102_0304).unwrap();
        let bytes = challenge_bytes(&LedgerId([1; 32]), "https://a.b", &AccountId([2; 16]), &[3; 32], until);
        let mut expected = Vec::new();
        expected.extend_from_slice(b"klaver/session/v1\n");
        expected.extend_from_slice(&[1; 32]);
        expected.extend_from_slice(&[0, 11]);
        expected.extend_from_slice(b"https://a.b");
        expected.extend_from_slice(&[2; 16]);
        expected.extend_from_slice(&[3; 32]);
        expected.extend_from_slice(&[0, 0, 0, 0, 1, 2, 3, 4]);
        assert_eq!(bytes, expected);
    }
}
