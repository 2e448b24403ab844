//! The public keys of logs, witnesses and auditors: their names, ids and text form (C2SP `signed-note`).

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};

use super::cosignature;
use super::text::{excerpt, parse_base64};
use crate::keys::{ReadyKey, Signature};

/// What is wrong with a key or its text form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A key name is empty, or has a space, a plus sign or a control character.
    #[error("`{name}` is not a key name: it must not be empty, and has no space, `+` or control character")]
    Name {
        /// The text, shortened.
        name: String,
    },
    /// The text is not `name+id+key`.
    #[error("`{text}` is not a verifier key: expected name+8 hexadecimal digits+base64 of type and key")]
    Form {
        /// The text, shortened.
        text: String,
    },
    /// The signature type is not one that this program verifies.
    #[error(
        "the key of {name} has type {kind:#04x}: only 0x01 (Ed25519) and 0x04 (cosignature) are known here"
    )]
    Kind {
        /// The key's name.
        name: KeyName,
        /// Its type byte.
        kind: u8,
    },
    /// The id in the text is not the one that name, type and key have.
    #[error(
        "the key of {name} has id {found} in its text, but {expected} by its name, type and bytes: a typing error?"
    )]
    Id {
        /// The key's name.
        name: KeyName,
        /// The id that the key has.
        expected: KeyId,
        /// The id in the text.
        found: KeyId,
    },
    /// The 32 bytes are no point of the curve, not its one canonical encoding, or a point of small order.
    #[error("{bytes} is not an acceptable Ed25519 public key: not on the curve, not canonical, or of small order",
            bytes = HEXLOWER.encode(bytes))]
    PublicKey {
        /// The bytes refused.
        bytes: [u8; 32],
    },
}

/// The name of a key: of a log its origin, of a witness or auditor usually a domain and path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`KeyError::Name`] if it is empty or has Unicode spaces, `+` or ASCII control characters.
    pub fn new(name: impl Into<String>) -> Result<KeyName, KeyError> {
        let name = name.into();
        let refused = |c: char| c.is_whitespace() || c == '+' || c < ' ';
        if name.is_empty() || name.contains(refused) {
            return Err(KeyError::Name { name: excerpt(&name) });
        }
        Ok(KeyName(name))
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Four bytes that, together with the name, tell which key made a signature. Not a secure hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Type 0x01: the note's text as it is. Logs and auditors.
    Note,
    /// Type 0x04: a checkpoint with the time at which a witness saw it.
    Cosignature,
}

impl KeyKind {
    /// Returns the type byte of `signed-note`.
    pub const fn byte(self) -> u8 {
        match self {
            KeyKind::Note => 0x01,
            KeyKind::Cosignature => 0x04,
        }
    }
}

/// A public key with its name and purpose: all that is needed to verify a signature line.
///
/// As text it is a `vkey`: name, id and key joined by `+`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    kind: KeyKind,
    id: KeyId,
    key: ReadyKey,
    public_key: [u8; 32],
}

impl VerifierKey {
    /// Gives a public key its name and purpose.
    ///
    /// # Errors
    /// [`KeyError::PublicKey`] if the bytes are not the canonical encoding of a point, or one of small order.
    pub fn new(name: KeyName, kind: KeyKind, public_key: &[u8; 32]) -> Result<VerifierKey, KeyError> {
        let key = ReadyKey::from_bytes(public_key).map_err(|_| KeyError::PublicKey { bytes: *public_key })?;
        let hash = Sha256::new()
            .chain_update(name.as_str())
            .chain_update([b'\n', kind.byte()])
            .chain_update(public_key)
            .finalize();
        let id = KeyId([hash[0], hash[1], hash[2], hash[3]]);
        Ok(VerifierKey { name, kind, id, key, public_key: *public_key })
    }

    /// Returns the key's name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Returns what the key signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Returns the key's id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Returns the 32 bytes of the public key.
    pub fn public_key(&self) -> &[u8; 32] {
        &self.public_key
    }

    /// Says what `signature`, the bytes after the key id of a signature line, states about `text`.
    ///
    /// Returns `None` if it is not this key's signature of that text.
    pub fn verify(&self, text: &str, signature: &[u8]) -> Option<Statement> {
        match self.kind {
            KeyKind::Note => {
                let signature = signature.try_into().ok()?;
                self.has_signed(text.as_bytes(), signature).then_some(Statement::Signed)
            }
            KeyKind::Cosignature => {
                let (time, signature) = cosignature::decode(signature)?;
                let message = cosignature::message(time, text);
                self.has_signed(message.as_bytes(), &signature).then_some(Statement::Seen { at: time })
            }
        }
    }

    fn has_signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.has_signed(message, &Signature(*signature))
    }
}

/// What a verified signature says; of two by a witness the later one is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statement {
    /// The key signed exactly this text.
    Signed,
    /// A witness saw this checkpoint.
    Seen {
        /// When, in seconds since 1970 UTC.
        at: u64,
    },
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut typed_key = vec![self.kind.byte()];
        typed_key.extend_from_slice(self.public_key());
        write!(f, "{}+{}+{}", self.name, self.id, BASE64.encode(&typed_key))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<VerifierKey, KeyError> {
        let refuse = || KeyError::Form { text: excerpt(text) };
        // Base64 may itself have a plus sign, so only the first two separate.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(typed_key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refuse());
        };
        let name = KeyName::new(name)?;
        let id = HEXLOWER.decode(id.as_bytes()).ok().and_then(|id| id.try_into().ok()).ok_or_else(refuse)?;
        let typed_key = parse_base64(typed_key).ok_or_else(refuse)?;
        let (&kind, public_key) = typed_key.split_first().ok_or_else(refuse)?;
        let kind = match kind {
            0x01 => KeyKind::Note,
            0x04 => KeyKind::Cosignature,
            kind => return Err(KeyError::Kind { name, kind }),
        };
        let key = VerifierKey::new(name, kind, public_key.try_into().map_err(|_| refuse())?)?;
        if key.id != KeyId(id) {
            return Err(KeyError::Id { name: key.name, expected: key.id, found: KeyId(id) });
        }
        Ok(key)
    }
}
