//! An open wallet file.

use crate::file::{FILE_BYTES_MAX, FILE_VERSION, WalletFile};
use crate::key::{KeyInfo, NAME_CHARACTERS_MAX, NewKey};
use crate::passphrase::{Cost, PASSPHRASE_CHARACTERS_MIN, Passphrase};
use crate::private_file::{self, PrivateFileError};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::limits::KEYS_MAX;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A wallet file whose passphrase was right.
///
/// Every change is on disk when the call returns: written beside the file, synced, and renamed over it.
pub struct Keystore {
    path: PathBuf,
    derived: Zeroizing<[u8; 32]>,
    salt: [u8; 16],
    cost: Cost,
    keys: Vec<(KeyInfo, SigningKey)>,
}

/// Why a wallet file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The file could not be read or written, or others can reach it.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// It is some other file.
    #[error("this is not a wallet file: check the path")]
    NotAWallet,
    /// A newer program made it.
    #[error("the wallet file has version {found}, this program knows {FILE_VERSION}: update it")]
    UnknownVersion {
        /// The version in the file.
        found: u64,
    },
    /// Its form is not right.
    #[error("the wallet file is damaged, {0}: put a backup of it in its place")]
    Damaged(String),
    /// The passphrase does not open it, or somebody changed the file.
    #[error(
        "the passphrase does not open this wallet file, or the file was changed: type it again, or use a backup"
    )]
    WrongPassphrase,
    /// A passphrase for a new file that is too short.
    #[error(
        "the passphrase has {found} characters, it needs at least {PASSPHRASE_CHARACTERS_MIN}: take a few words"
    )]
    PassphraseTooShort {
        /// Its characters.
        found: usize,
    },
    /// Two keys of one name or with the same bytes.
    #[error("the wallet file already has a key \"{0}\": choose another name")]
    NameTaken(String),
    /// The same key under two names.
    #[error("the wallet file already has this key, as \"{0}\": use that one")]
    KeyTaken(String),
    /// A name that is empty, too long or cannot be seen.
    #[error("\"{0}\" cannot be a key's name: use 1 to {NAME_CHARACTERS_MAX} visible characters")]
    BadName(String),
    /// No key of that name.
    #[error("the wallet file has no key \"{0}\": run klaver whoami to see its keys")]
    NoSuchKey(String),
    /// More keys than fit.
    #[error("a wallet file holds at most {KEYS_MAX} keys: start another one")]
    Full,
    /// The operating system has no randomness.
    #[error("the operating system gives no random bytes, {0}: try again later")]
    Randomness(getrandom::Error),
}

impl Keystore {
    /// Makes a new wallet file with `keys`, at the recommended cost of a try.
    ///
    /// # Errors
    /// When a file is already there, a name or key occurs twice, or the passphrase is too short.
    pub fn create(path: &Path, passphrase: &Passphrase, keys: Vec<NewKey>) -> Result<Self, KeystoreError> {
        Self::create_at_cost(path, passphrase, keys, Cost::RECOMMENDED)
    }

    /// Makes a new wallet file at another cost: a demonstration's keys are no secret.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_at_cost(
        path: &Path,
        passphrase: &Passphrase,
        keys: Vec<NewKey>,
        cost: Cost,
    ) -> Result<Self, KeystoreError> {
        assert!(cost.is_within_bounds(), "{cost:?} lies outside the bounds of a wallet file");
        if !passphrase.is_long_enough() {
            return Err(KeystoreError::PassphraseTooShort { found: passphrase.characters() });
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(KeystoreError::Randomness)?;
        let derived = passphrase.derive(&salt, cost);
        let mut keystore = Self { path: path.to_owned(), derived, salt, cost, keys: Vec::new() };
        for key in keys {
            keystore.check_new(&key)?;
            keystore.keys.push((key.info(), key.key));
        }
        private_file::create(path, &keystore.seal()?)?;
        Ok(keystore)
    }

    /// Opens a wallet file.
    ///
    /// # Errors
    /// `WrongPassphrase` also when the file was changed: the two cannot be told apart.
    pub fn open(path: &Path, passphrase: &Passphrase) -> Result<Self, KeystoreError> {
        let file = WalletFile::parse(&private_file::read(path, FILE_BYTES_MAX)?)?;
        let (salt, cost) = file.derivation()?;
        let derived = passphrase.derive(&salt, cost);
        let keys = file.unseal(&derived)?;
        Ok(Self { path: path.to_owned(), derived, salt, cost, keys })
    }

    /// Returns the public part of every key, without the passphrase: read, not yet authenticated.
    ///
    /// # Errors
    /// When the file is no wallet file, damaged, or open to others.
    pub fn list(path: &Path) -> Result<Vec<KeyInfo>, KeystoreError> {
        WalletFile::parse(&private_file::read(path, FILE_BYTES_MAX)?)?.infos()
    }

    /// Returns the public part of every key, in the order they were added.
    pub fn keys(&self) -> impl Iterator<Item = &KeyInfo> {
        self.keys.iter().map(|(info, _)| info)
    }

    /// Returns the key of this name.
    pub fn signing_key(&self, name: &str) -> Option<&SigningKey> {
        self.keys.iter().find(|(info, _)| info.name == name).map(|(_, key)| key)
    }

    /// Returns the secret half of `public_key`.
    pub fn signing_key_of(&self, public_key: &PublicKey) -> Option<&SigningKey> {
        self.keys.iter().find(|(info, _)| info.public_key == *public_key).map(|(_, key)| key)
    }

    /// Adds a key and writes the file.
    ///
    /// # Errors
    /// When its name or the key is already there, or the file cannot be written.
    pub fn add(&mut self, key: NewKey) -> Result<KeyInfo, KeystoreError> {
        self.check_new(&key)?;
        let info = key.info();
        self.keys.push((info.clone(), key.key));
        self.save_or_undo(|keys| {
            keys.pop();
        })?;
        Ok(info)
    }

    /// Changes the public part of a key, except its public key, and writes the file.
    ///
    /// # Errors
    /// When there is no such key, the new name is taken, or the file cannot be written.
    pub fn update(&mut self, name: &str, change: impl FnOnce(&mut KeyInfo)) -> Result<(), KeystoreError> {
        let at = self
            .keys
            .iter()
            .position(|(info, _)| info.name == name)
            .ok_or_else(|| KeystoreError::NoSuchKey(name.to_owned()))?;
        let before = self.keys[at].0.clone();
        let mut after = before.clone();
        change(&mut after);
        after.public_key = before.public_key;
        if after.name != before.name {
            check_name(&after.name)?;
            if self.keys().any(|info| info.name == after.name) {
                return Err(KeystoreError::NameTaken(after.name));
            }
        }
        self.keys[at].0 = after;
        self.save_or_undo(|keys| keys[at].0 = before)
    }

    /// Puts the file under another passphrase, with a new salt, at the recommended cost.
    ///
    /// # Errors
    /// When the passphrase is too short or the file cannot be written; the old one then still opens it.
    pub fn change_passphrase(&mut self, passphrase: &Passphrase) -> Result<(), KeystoreError> {
        if !passphrase.is_long_enough() {
            return Err(KeystoreError::PassphraseTooShort { found: passphrase.characters() });
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(KeystoreError::Randomness)?;
        let cost = self.cost.max(Cost::RECOMMENDED);
        let derived = passphrase.derive(&salt, cost);
        private_file::replace(&self.path, &WalletFile::seal(&derived, &salt, cost, &self.keys)?.print())?;
        (self.salt, self.cost, self.derived) = (salt, cost, derived);
        Ok(())
    }

    fn seal(&self) -> Result<Vec<u8>, KeystoreError> {
        Ok(WalletFile::seal(&self.derived, &self.salt, self.cost, &self.keys)?.print())
    }

    fn save_or_undo(
        &mut self,
        undo: impl FnOnce(&mut Vec<(KeyInfo, SigningKey)>),
    ) -> Result<(), KeystoreError> {
        let saved = self.seal().and_then(|bytes| Ok(private_file::replace(&self.path, &bytes)?));
        if saved.is_err() {
            undo(&mut self.keys);
        }
        saved
    }

    fn check_new(&self, new: &NewKey) -> Result<(), KeystoreError> {
        check_name(&new.name)?;
        if self.keys.len() == KEYS_MAX {
            return Err(KeystoreError::Full);
        }
        let public_key = PublicKey::of(&new.key);
        for info in self.keys() {
            if info.name == new.name {
                return Err(KeystoreError::NameTaken(new.name.clone()));
            }
            if info.public_key == public_key {
                return Err(KeystoreError::KeyTaken(info.name.clone()));
            }
        }
        Ok(())
    }
}

impl Cost {
    fn max(self, other: Self) -> Self {
        if self.memory_kib >= other.memory_kib && self.passes >= other.passes { self } else { other }
    }
}

impl std::fmt::Debug for Keystore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keystore").field("path", &self.path).field("keys", &self.keys.len()).finish()
    }
}

fn check_name(name: &str) -> Result<(), KeystoreError> {
    let length = name.chars().count();
    let visible = name.trim() == name && !name.chars().any(klaver_ledger::entry::cbor::is_invisible);
    if (1..=NAME_CHARACTERS_MAX).contains(&length) && visible {
        Ok(())
    } else {
        Err(KeystoreError::BadName(name.chars().filter(|c| !c.is_control()).take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Purpose;
    use klaver_ledger::id::AccountId;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned())
    }

    fn wallet(path: &Path) -> Keystore {
        let keys = vec![NewKey::generate("an").unwrap(), NewKey::generate("bakker").unwrap()];
        Keystore::create_at_cost(path, &passphrase("drie groene klavers"), keys, Cost::LEAST).unwrap()
    }

    #[test]
    fn what_was_put_in_comes_out_with_the_right_passphrase_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wallet.json");
        let made = wallet(&path);
        let opened = Keystore::open(&path, &passphrase("drie groene klavers")).unwrap();
        assert_eq!(opened.signing_key("an").unwrap().to_bytes(), made.signing_key("an").unwrap().to_bytes());
        assert!(matches!(
            Keystore::open(&path, &passphrase("drie groene klaver")),
            Err(KeystoreError::WrongPassphrase)
        ));
    }

    #[test]
    fn the_public_part_needs_no_passphrase_and_holds_no_seed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wallet.json");
        let made = wallet(&path);
        let names: Vec<String> = Keystore::list(&path).unwrap().into_iter().map(|info| info.name).collect();
        assert_eq!(names, ["an", "bakker"]);
        let text = std::fs::read_to_string(&path).unwrap();
        let seed = made.signing_key("an").unwrap().to_bytes();
        assert!(!text.contains(&data_encoding::HEXLOWER.encode(&seed)));
        assert!(!text.contains(&data_encoding::BASE64URL_NOPAD.encode(&seed)));
    }

    #[test]
    fn any_change_to_the_file_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wallet.json");
        drop(wallet(&path));
        let text = std::fs::read_to_string(&path).unwrap();
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut refused = 0;
        for (pointer, value) in [
            ("/keys/0/name", serde_json::json!("eva")),
            ("/keys/0/node", serde_json::json!("https://evil.example")),
            ("/keys/1/purpose", serde_json::json!("council")),
            ("/cost/passes", serde_json::json!(2)),
            ("/salt", serde_json::json!("AAAAAAAAAAAAAAAAAAAAAA")),
            ("/nonce", serde_json::json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            ("/kdf", serde_json::json!("argon2i")),
            ("/sealed", serde_json::json!("AAAA")),
        ] {
            let mut changed = file.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            private_file::replace(&path, changed.to_string().as_bytes()).unwrap();
            assert!(Keystore::open(&path, &passphrase("drie groene klavers")).is_err(), "{pointer}");
            refused += 1;
        }
        assert_eq!(refused, 8);
        // The same content in another layout of spaces is the same file.
        private_file::replace(&path, file.to_string().as_bytes()).unwrap();
        Keystore::open(&path, &passphrase("drie groene klavers")).unwrap();
    }

    #[test]
    fn a_file_that_asks_for_absurd_memory_or_has_a_later_version_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wallet.json");
        drop(wallet(&path));
        let text = std::fs::read_to_string(&path).unwrap();
        let absurd = text.replace("\"memory_kib\": 64", "\"memory_kib\": 4294967295");
        assert_ne!(absurd, text);
        private_file::replace(&path, absurd.as_bytes()).unwrap();
        assert!(matches!(Keystore::list(&path), Err(KeystoreError::Damaged(_))));
        private_file::replace(&path, br#"{"klaver_wallet": 2, "shape": "of things to come"}"#).unwrap();
        assert!(matches!(Keystore::list(&path), Err(KeystoreError::UnknownVersion { found: 2 })));
        private_file::replace(&path, b"# notes").unwrap();
        assert!(matches!(Keystore::list(&path), Err(KeystoreError::NotAWallet)));
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wallet.json");
        drop(wallet(&path));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Keystore::open(&path, &passphrase("drie groene klavers")).unwrap_err().to_string();
        assert!(error.contains("640") && error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn keys_are_added_and_changed_on_disk() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wallet.json");
        let mut keystore = wallet(&path);
        keystore.add(NewKey::generate("raad").unwrap()).unwrap();
        keystore.update("an", |info| info.purpose = Purpose::Account(AccountId([7; 16]))).unwrap();
        assert!(matches!(
            keystore.add(NewKey::generate("an").unwrap()),
            Err(KeystoreError::NameTaken(name)) if name == "an"
        ));
        let twin =
            NewKey { key: keystore.signing_key("an").unwrap().clone(), ..NewKey::generate("x").unwrap() };
        assert!(matches!(keystore.add(twin), Err(KeystoreError::KeyTaken(name)) if name == "an"));
        assert!(matches!(keystore.add(NewKey::generate("").unwrap()), Err(KeystoreError::BadName(_))));
        assert!(matches!(keystore.update("eva", |_| ()), Err(KeystoreError::NoSuchKey(_))));
        assert!(matches!(
            keystore.update("raad", |info| info.name = "an".into()),
            Err(KeystoreError::NameTaken(_))
        ));

        let reopened = Keystore::open(&path, &passphrase("drie groene klavers")).unwrap();
        assert_eq!(reopened.keys().collect::<Vec<_>>(), keystore.keys().collect::<Vec<_>>());
        assert_eq!(reopened.keys().count(), 3);
    }

    #[test]
    fn a_new_passphrase_replaces_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wallet.json");
        let mut keystore = wallet(&path);
        assert!(matches!(
            keystore.change_passphrase(&passphrase("kort")),
            Err(KeystoreError::PassphraseTooShort { found: 4 })
        ));
        keystore.change_passphrase(&passphrase("vier rode klavers")).unwrap();
        assert!(Keystore::open(&path, &passphrase("drie groene klavers")).is_err());
        keystore.add(NewKey::generate("later").unwrap()).unwrap();
        assert_eq!(Keystore::open(&path, &passphrase("vier rode klavers")).unwrap().keys().count(), 3);
    }

    #[test]
    fn an_existing_wallet_file_is_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wallet.json");
        drop(wallet(&path));
        let before = std::fs::read(&path).unwrap();
        let again = Keystore::create_at_cost(&path, &passphrase("drie groene klavers"), vec![], Cost::LEAST);
        assert!(again.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}
