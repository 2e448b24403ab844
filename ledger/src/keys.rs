//! Ed25519 keys and signatures under one rule.
//!
//! Valid means: canonical key and nonce point, neither of small order, S below the group order, and the
//! cofactorless equation: what `verify_strict` accepts, with a canonical key. [`ReadyKey`] looks at the key once, and at
//! the nonce point without decompressing it. What this rule accepts, every common verifier accepts.

mod small_order;
mod together;

pub use together::{Claim, hold};

use crate::id::LedgerId;
use data_encoding::HEXLOWER;
pub use ed25519_dalek::SigningKey;
use ed25519_dalek::{Signer as _, Verifier as _, VerifyingKey};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A public key that is canonical and not of small order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// The 64 bytes of a signature, not yet verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

/// A public key decompressed once, ready to verify many signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyKey(VerifyingKey);

/// Why 32 bytes are not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No point of the curve has this encoding.
    #[error("these 32 bytes are not a point of the curve: check the key for a typing mistake")]
    NotOnCurve,
    /// The point has another, canonical encoding.
    #[error("this is not the canonical encoding of the key: make a new key")]
    NotCanonical,
    /// The key would verify signatures of anything.
    #[error("this key has small order and would verify anything: make a new key")]
    SmallOrder,
}

impl PublicKey {
    /// Returns the key of these bytes.
    ///
    /// # Errors
    /// When they are no point, not its canonical encoding, or of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        ReadyKey::from_bytes(bytes).map(|ready| ready.public_key())
    }

    /// Returns the key of bytes that were found canonical before they were recorded.
    pub(crate) fn checked_before(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the public half of `key`.
    pub fn of(key: &SigningKey) -> Self {
        Self(key.verifying_key().to_bytes())
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads lowercase hexadecimal text.
    ///
    /// # Errors
    /// `NotOnCurve` also when the text is not 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let bytes: [u8; 32] = HEXLOWER
            .decode(text.as_bytes())
            .ok()
            .and_then(|b| b.try_into().ok())
            .ok_or(KeyError::NotOnCurve)?;
        Self::from_bytes(&bytes)
    }

    /// Returns the decompressed key.
    pub fn ready(&self) -> ReadyKey {
        ReadyKey(VerifyingKey::from_bytes(&self.0).expect("a public key was decompressed when it was made"))
    }

    /// Returns whether `signature` is this key's over `message`.
    pub fn has_signed(&self, message: &[u8], signature: &Signature) -> bool {
        self.ready().has_signed(message, signature)
    }
}

// Tables keyed by public keys are asked with the bytes that an envelope claims to be a key.
impl std::borrow::Borrow<[u8; 32]> for PublicKey {
    fn borrow(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ReadyKey {
    /// Returns the decompressed key of these bytes.
    ///
    /// # Errors
    /// As [`PublicKey::from_bytes`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotOnCurve)?;
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        // The other encodings of a point are y + p, and x = 0 with a sign: the latter has small order.
        if !is_reduced(bytes) {
            return Err(KeyError::NotCanonical);
        }
        Ok(Self(key))
    }

    /// Returns whether `bytes` are this key, compressed.
    pub fn is(&self, bytes: &[u8; 32]) -> bool {
        self.0.as_bytes() == bytes
    }

    /// Returns the compressed key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.to_bytes())
    }

    /// Returns whether `signature` is this key's over `message`.
    pub fn has_signed(&self, message: &[u8], signature: &Signature) -> bool {
        // The equation is compared as bytes: a nonce point that fulfils it is written canonically, and needs no square root
        // to be recognised as one of small order. The key was looked at when it was made ready.
        !small_order::ENCODINGS.contains(signature.nonce_point())
            && self.0.verify(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    }
}

impl Signature {
    /// Returns the compressed nonce point R (RFC 8032, section 5.1.6, step 5).
    fn nonce_point(&self) -> &[u8; 32] {
        self.0.first_chunk().expect("half of 64 bytes")
    }

    /// Returns the scalar S, which may lie beyond the group order.
    fn response(&self) -> &[u8; 32] {
        self.0.last_chunk().expect("half of 64 bytes")
    }
}

/// Returns whether the y coordinate of a compressed point is below p = 2^255 - 19 (RFC 8032, section 5.1.3, step 1).
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    high & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff) || *low < 0xed
}

/// Signs `message` with `key`.
pub fn sign(key: &SigningKey, message: &[u8]) -> Signature {
    Signature(key.sign(message).to_bytes())
}

/// Returns the key that a card or voucher of `ledger` derives from its printed secret.
pub fn paper_key(ledger: &LedgerId, secret: &[u8; 16]) -> SigningKey {
    let seed = Sha256::new()
        .chain_update(b"klaver/paper/v1\n")
        .chain_update(ledger.0)
        .chain_update(secret)
        .finalize();
    SigningKey::from_bytes(&seed.into())
}

/// Returns the recovery key that a person of `ledger` derives from sixteen secret bytes, written down as twelve words.
pub fn recovery_key(ledger: &LedgerId, secret: &[u8; 16]) -> SigningKey {
    let seed = Sha256::new()
        .chain_update(b"klaver/recovery/v1\n")
        .chain_update(ledger.0)
        .chain_update(secret)
        .finalize();
    SigningKey::from_bytes(&seed.into())
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", HEXLOWER.encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(hex: &str) -> Result<PublicKey, KeyError> {
        PublicKey::from_hex(hex)
    }

    #[test]
    fn keys_that_verify_strict_would_accept_but_are_not_canonical_are_refused() {
        // y = p + 3: decompresses, but is written as 3 + p instead of 3.
        assert_eq!(
            key("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
            Err(KeyError::NotCanonical)
        );
    }

    #[test]
    fn keys_of_small_order_are_refused() {
        for (bytes, order) in [
            ("0100000000000000000000000000000000000000000000000000000000000000", 1),
            ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", 2),
            ("0000000000000000000000000000000000000000000000000000000000000000", 4),
            ("0000000000000000000000000000000000000000000000000000000000000080", 4),
            ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", 8),
            ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", 8),
        ] {
            assert_eq!(key(bytes), Err(KeyError::SmallOrder), "order {order}");
        }
        // The neutral element with its sign bit set: no canonical encoding has it.
        assert!(key("0100000000000000000000000000000000000000000000000000000000000080").is_err());
    }

    #[test]
    fn bytes_that_are_no_point_are_refused() {
        assert_eq!(
            key("0200000000000000000000000000000000000000000000000000000000000000"),
            Err(KeyError::NotOnCurve)
        );
        assert_eq!(key("zz"), Err(KeyError::NotOnCurve));
    }

    #[test]
    fn a_signature_holds_for_its_message_alone() {
        let secret = SigningKey::from_bytes(&[1; 32]);
        let public = PublicKey::of(&secret);
        let mut signature = sign(&secret, b"twee klavers");
        assert!(public.has_signed(b"twee klavers", &signature));
        assert!(!public.has_signed(b"drie klavers", &signature));
        signature.0[63] |= 0x80;
        assert!(!public.has_signed(b"twee klavers", &signature));
    }
}
