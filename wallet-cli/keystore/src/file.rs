//! The format of the wallet file, version 1: JSON with a public and a sealed part.
//!
//! ```text
//! { "klaver_wallet": 1,
//!   "kdf": "argon2id", "cost": { "memory_kib", "passes", "lanes" }, "salt": base64url(16),
//!   "cipher": "xchacha20-poly1305", "nonce": base64url(24),
//!   "keys": [ { "name", "public_key", "purpose", "account", "ledger", "node" }, … ],
//!   "sealed": base64url( encrypt( the 32-byte seeds, one after the other ) ) }
//! ```
//! The associated data of the cipher is the JSON of everything but `nonce` and `sealed`, without spaces, in
//! this order: whoever changes a name, an account or an address in the file makes it unreadable.

use crate::key::{KeyInfo, KeyLine};
use crate::keystore::KeystoreError;
use crate::passphrase::Cost;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::BASE64URL_NOPAD;
use klaver_ledger::keys::{PublicKey, SigningKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The version of the format that this library reads and writes.
pub const FILE_VERSION: u64 = 1;

/// Most bytes of a wallet file.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WalletFile {
    #[serde(flatten)]
    pub(crate) open: OpenPart,
    nonce: String,
    sealed: String,
}

/// What can be read without the passphrase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenPart {
    klaver_wallet: u64,
    kdf: String,
    cost: Cost,
    salt: String,
    cipher: String,
    keys: Vec<KeyLine>,
}

/// Reads only the version, which every later format must still say.
#[derive(Deserialize)]
struct Version {
    klaver_wallet: u64,
}

impl WalletFile {
    /// Reads the file's text; verifies nothing but its form.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, KeystoreError> {
        let version: Version = serde_json::from_slice(text).map_err(|_| KeystoreError::NotAWallet)?;
        if version.klaver_wallet != FILE_VERSION {
            return Err(KeystoreError::UnknownVersion { found: version.klaver_wallet });
        }
        let file: Self =
            serde_json::from_slice(text).map_err(|error| KeystoreError::Damaged(error.to_string()))?;
        if file.open.kdf != "argon2id" || file.open.cipher != "xchacha20-poly1305" {
            return Err(KeystoreError::Damaged("it names another cipher than version 1 has".into()));
        }
        if !file.open.cost.is_within_bounds() {
            return Err(KeystoreError::Damaged("its Argon2 numbers are out of bounds".into()));
        }
        Ok(file)
    }

    /// Returns the file's text.
    pub(crate) fn print(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("strings and integers are always JSON");
        text.push(b'\n');
        text
    }

    /// Returns the public part of every key.
    pub(crate) fn infos(&self) -> Result<Vec<KeyInfo>, KeystoreError> {
        self.open
            .keys
            .iter()
            .map(|line| {
                KeyInfo::try_from(line)
                    .map_err(|field| KeystoreError::Damaged(format!("a key's {field} makes no sense")))
            })
            .collect()
    }

    /// Encrypts the seeds of `keys`.
    pub(crate) fn seal(
        key: &[u8; 32],
        salt: &[u8; 16],
        cost: Cost,
        keys: &[(KeyInfo, SigningKey)],
    ) -> Result<Self, KeystoreError> {
        let open = OpenPart {
            klaver_wallet: FILE_VERSION,
            kdf: "argon2id".to_owned(),
            cost,
            salt: BASE64URL_NOPAD.encode(salt),
            cipher: "xchacha20-poly1305".to_owned(),
            keys: keys.iter().map(|(info, _)| KeyLine::from(info)).collect(),
        };
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(KeystoreError::Randomness)?;
        let mut seeds = Zeroizing::new(Vec::with_capacity(keys.len() * 32));
        for (_, key) in keys {
            seeds.extend_from_slice(key.as_bytes());
        }
        let sealed = XChaCha20Poly1305::new(key.into())
            .encrypt(&XNonce::from(nonce), Payload { msg: &seeds, aad: &open.associated_data() })
            .expect("a few kilobytes are within the cipher's limit");
        Ok(Self { open, nonce: BASE64URL_NOPAD.encode(&nonce), sealed: BASE64URL_NOPAD.encode(&sealed) })
    }

    /// Decrypts the seeds and checks that they are those of the public keys.
    pub(crate) fn unseal(&self, key: &[u8; 32]) -> Result<Vec<(KeyInfo, SigningKey)>, KeystoreError> {
        let infos = self.infos()?;
        let nonce: [u8; 24] = fixed("nonce", &self.nonce)?;
        let sealed = BASE64URL_NOPAD
            .decode(self.sealed.as_bytes())
            .map_err(|_| KeystoreError::Damaged("\"sealed\" is not base64url".into()))?;
        let seeds = XChaCha20Poly1305::new(key.into())
            .decrypt(&XNonce::from(nonce), Payload { msg: &sealed, aad: &self.open.associated_data() })
            .map(Zeroizing::new)
            .map_err(|_| KeystoreError::WrongPassphrase)?;
        let (seeds, rest) = seeds.as_chunks::<32>();
        if seeds.len() != infos.len() || !rest.is_empty() {
            return Err(KeystoreError::Damaged("it has another number of seeds than of keys".into()));
        }
        let pair = |(info, seed): (KeyInfo, &[u8; 32])| {
            let key = SigningKey::from_bytes(seed);
            if PublicKey::of(&key) == info.public_key {
                Ok((info, key))
            } else {
                Err(KeystoreError::Damaged(format!("the seed of \"{}\" is another key's", info.name)))
            }
        };
        infos.into_iter().zip(seeds).map(pair).collect()
    }

    /// Returns the salt and the cost of a try.
    pub(crate) fn derivation(&self) -> Result<([u8; 16], Cost), KeystoreError> {
        Ok((fixed("salt", &self.open.salt)?, self.open.cost))
    }
}

impl OpenPart {
    fn associated_data(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and integers are always JSON")
    }
}

fn fixed<const N: usize>(field: &str, text: &str) -> Result<[u8; N], KeystoreError> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| KeystoreError::Damaged(format!("\"{field}\" is not {N} bytes of base64url")))
}
