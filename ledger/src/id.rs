//! Identifiers: types that do not mix, so that a mix-up does not compile.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Prefix of an account id written as bech32m.
const ACCOUNT_PREFIX: &str = "klv";

macro_rules! bytes_type {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Returns the bytes.
            pub fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// Returns the lowercase hexadecimal text, as [`from_hex`](Self::from_hex) reads it.
            pub fn to_hex(&self) -> String {
                HEXLOWER.encode(&self.0)
            }

            /// Reads lowercase hexadecimal text of exactly this length.
            pub fn from_hex(text: &str) -> Option<Self> {
                HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), HEXLOWER.encode(&self.0))
            }
        }
    };
}

macro_rules! shown_as_hex {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }
    )*};
}

bytes_type! {
    /// An account: 16 random bytes, never reused. Text: bech32m with prefix `klv`.
    AccountId, 16
}
bytes_type! {
    /// An entry: the hash of what its signers signed, independent of the signatures; the idempotency key.
    EntryId, 32
}
bytes_type! {
    /// A ledger: the hash of its founding entry's payload.
    LedgerId, 32
}
bytes_type! {
    /// A payment request.
    RequestId, 16
}
bytes_type! {
    /// A task at a doe-plek, or one of its sessions.
    TaskId, 16
}
bytes_type! {
    /// An organisation: groups accounts whose keys belong together.
    OrganisationId, 16
}
bytes_type! {
    /// Random bytes that make two otherwise equal entries different.
    Nonce, 16
}
bytes_type! {
    /// A SHA-256 hash of something kept elsewhere.
    Digest, 32
}
shown_as_hex!(EntryId, LedgerId, RequestId, TaskId, OrganisationId, Nonce, Digest);

/// Why a text is not an account id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not an account: it starts with klv1 and has 36 characters; check for a typing mistake"
)]
pub struct AccountIdError {
    /// What was typed.
    pub text: String,
}

impl AccountId {
    /// Reads the bech32m text of an account id.
    ///
    /// # Errors
    /// When prefix, length or checksum are wrong.
    pub fn parse(text: &str) -> Result<Self, AccountIdError> {
        let decode = || {
            let checked = bech32::primitives::decode::CheckedHrpstring::new::<bech32::Bech32m>(text).ok()?;
            if checked.hrp().as_str() != ACCOUNT_PREFIX {
                return None;
            }
            let bytes: Vec<u8> = checked.byte_iter().collect();
            let account = Self(bytes.try_into().ok()?);
            // Only the one text that we would print ourselves: padding bits and upper case have no second form.
            (account.to_string() == text).then_some(account)
        };
        decode().ok_or_else(|| AccountIdError { text: text.chars().take(80).collect() })
    }

    /// Returns the id of the one settlement account of `ledger`.
    pub fn settlement_of(ledger: &LedgerId) -> Self {
        let hash: [u8; 32] =
            Sha256::new().chain_update(b"klaver/settlement/v1\n").chain_update(ledger.0).finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        Self(id)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = bech32::Hrp::parse_unchecked(ACCOUNT_PREFIX);
        bech32::encode_lower_to_fmt::<bech32::Bech32m, _>(f, prefix, &self.0).map_err(|_| fmt::Error)
    }
}

impl LedgerId {
    /// The id that stands in for the ledger's own while the founding entry is signed.
    pub const FOUNDING: Self = Self([0; 32]);

    /// Returns the id of the ledger that `payload` founds.
    pub fn of_founding_payload(payload: &[u8]) -> Self {
        Self(Sha256::new().chain_update(b"klaver/ledger/v1\n").chain_update(payload).finalize().into())
    }
}

impl Digest {
    /// Returns the SHA-256 hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_has_one_text() {
        let account = AccountId([7; 16]);
        let text = account.to_string();
        assert!(text.starts_with("klv1") && text.len() == 36, "{text}");
        assert_eq!(AccountId::parse(&text), Ok(account));
        for wrong in [
            text.to_uppercase(),
            text.replace("klv1", "klx1"),
            text[..35].to_owned(),
            format!("{text}q"),
            String::new(),
        ] {
            assert!(AccountId::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
