//! The node's own keys: log, registrar, guardian. Council, rescue and auditor keys never lie here.

use crate::config::DataDir;
use data_encoding::HEXLOWER;
use klaver_keystore::private_file::{self, PrivateFileError};
use klaver_ledger::charter::Charter;
use klaver_ledger::keys::{PublicKey, SigningKey};
use std::path::{Path, PathBuf};

/// The keys that a node signs with.
pub struct NodeKeys {
    /// Signs checkpoints and nothing else.
    pub log: SigningKey,
    /// Opens ordinary accounts within the policy.
    pub registrar: SigningKey,
    /// Signs with cards.
    pub guardian: SigningKey,
}

/// Why the node's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A key file is gone.
    #[error("{} is missing: put the file back from a copy; a node cannot go on with another key", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A key file cannot be read or written, or others can reach it.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The operating system has no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(#[from] getrandom::Error),
    /// A key file does not hold a key.
    #[error("{}: a key is 64 hexadecimal digits: put the file back from a backup", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

impl NodeKeys {
    /// Returns new random keys.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn generate() -> Result<Self, KeysError> {
        Ok(Self { log: random_key()?, registrar: random_key()?, guardian: random_key()? })
    }

    /// Returns the keys of the node that continues a ledger: a new log key, the others as they were where they can be read.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn succeeding(old: &DataDir, charter: &Charter) -> Result<Self, KeysError> {
        let keep = |name: &str, listed: &PublicKey| {
            let kept = read_key(&old.keys().join(name)).ok().filter(|key| PublicKey::of(key) == *listed);
            kept.map_or_else(random_key, Ok)
        };
        let registrar = keep("registrar", &charter.registrar)?;
        Ok(Self { log: random_key()?, registrar, guardian: keep("guardian", &charter.guardian)? })
    }

    /// Reads the log's key of a data directory, whatever became of the others.
    ///
    /// # Errors
    /// When it is missing, damaged, or readable by others.
    pub fn read_log(data: &DataDir) -> Result<SigningKey, KeysError> {
        read_key(&data.keys().join("log"))
    }

    /// Reads the keys of a data directory.
    ///
    /// # Errors
    /// When one is missing, damaged, or readable by others.
    pub fn read(data: &DataDir) -> Result<Self, KeysError> {
        let directory = data.keys();
        let read = |name: &str| read_key(&directory.join(name));
        Ok(Self { log: Self::read_log(data)?, registrar: read("registrar")?, guardian: read("guardian")? })
    }

    /// Writes the keys into a data directory that has none, each readable by its owner alone.
    ///
    /// # Errors
    /// When a file is there already or cannot be written.
    pub fn write(&self, data: &DataDir) -> Result<(), KeysError> {
        let directory = data.keys();
        private_file::create_directory(&directory)?;
        for (name, key) in [("log", &self.log), ("registrar", &self.registrar), ("guardian", &self.guardian)]
        {
            let text = format!("{}\n", HEXLOWER.encode(&key.to_bytes()));
            private_file::create(&directory.join(name), text.as_bytes())?;
        }
        Ok(())
    }

    /// Returns the public half of the log's key.
    pub fn log_public(&self) -> PublicKey {
        PublicKey::of(&self.log)
    }
}

/// Returns a new random key.
///
/// # Errors
/// When the operating system has no randomness.
pub fn random_key() -> Result<SigningKey, getrandom::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(SigningKey::from_bytes(&seed))
}

fn read_key(path: &Path) -> Result<SigningKey, KeysError> {
    let bytes = private_file::read(path, 200).map_err(|error| {
        if error.is_missing() { KeysError::Missing { path: path.to_owned() } } else { error.into() }
    })?;
    let seed: Option<[u8; 32]> =
        HEXLOWER.decode(bytes.trim_ascii()).ok().and_then(|bytes| bytes.try_into().ok());
    seed.map(|seed| SigningKey::from_bytes(&seed))
        .ok_or_else(|| KeysError::Malformed { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_private_and_come_back() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::at(directory.path());
        let keys = NodeKeys::generate().unwrap();
        keys.write(&data).unwrap();
        let read = NodeKeys::read(&data).unwrap();
        assert_eq!(read.log.to_bytes(), keys.log.to_bytes());
        assert_eq!(read.registrar.to_bytes(), keys.registrar.to_bytes());
        assert_eq!(read.guardian.to_bytes(), keys.guardian.to_bytes());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data.keys()), mode(&data.keys().join("log"))), (0o700, 0o600));
        assert!(keys.write(&data).is_err(), "keys are never overwritten");

        std::fs::set_permissions(data.keys().join("log"), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(NodeKeys::read(&data).is_err(), "a key that others can read is not used");

        std::fs::remove_file(data.keys().join("log")).unwrap();
        let said = NodeKeys::read(&data).err().unwrap().to_string();
        assert!(said.contains("keys/log is missing: put the file back"), "{said}");
    }
}
