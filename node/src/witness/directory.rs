//! What a witness has on its disk, so that it never forgets what it signed.
//!
//! ```text
//! witness.json    name, logs
//! key             its secret key: 0600
//! state/HASH      for each log the newest checkpoint it cosigned, or that there is none yet
//! evidence/       what proves that a log signed two histories
//! lock            held by the one process that signs
//! ```
//!
//! A log that the settings name and that has no state was forgotten: a witness that began again from nothing would
//! sign a rewritten history. It does not start until somebody says by a command what to begin from.

use data_encoding::HEXLOWER;
use klaver_keystore::private_file::{self, PrivateFileError};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::key::{KeyError, KeyId, KeyKind, KeyName, VerifierKey};
use klaver_ledger::log::note::{NOTE_BYTES_MAX, Note};
use klaver_ledger::log::witness::monitoring_path;
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// When a checkpoint was cosigned that was only taken over, to begin anew from: never.
pub(super) const TAKEN_OVER_AT: u64 = 0;

/// Most files of evidence that are kept.
pub const EVIDENCE_FILES_MAX: usize = 1_000;

/// Version of the directory's layout.
const LAYOUT: u32 = 1;
/// Most bytes of the settings.
const SETTINGS_BYTES_MAX: u64 = 1 << 20;
/// What a state says of a log that was never cosigned.
const NEVER: &str = "nothing was cosigned yet\n";

/// The directory of a witness, held by this process alone.
pub struct WitnessDir {
    root: PathBuf,
    settings: Settings,
    secret: SigningKey,
    key: VerifierKey,
    /// Other processes wait as long as this file is open.
    _lock: File,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    layout: u32,
    name: String,
    logs: Vec<LogSettings>,
}

/// A log that the witness watches, in its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Its verifier key; a log with several keys has several of these.
    pub vkey: String,
    /// Where it is, for pulling: the address above `/checkpoint`.
    #[serde(default)]
    pub url: Option<String>,
    /// Where its node takes cosignatures, for pulling.
    #[serde(default)]
    pub post_to: Option<String>,
    /// Whether the key was taken away: it signs for the log no more, and what was cosigned under it stays remembered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_away: bool,
}

/// What a witness knows of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// It never cosigned a checkpoint of it.
    Never,
    /// The newest checkpoint that it cosigned, with its own line.
    Seen(Box<SignedCheckpoint>),
}

/// Why a witness does not start, or cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum WitnessDirError {
    /// A file cannot be read or written, or others can reach it.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// There is no witness here.
    #[error("{} has no witness.json: make a witness with `klaver-node witness init`, or name the right directory", path.display())]
    NotThere {
        /// The directory.
        path: PathBuf,
    },
    /// There is a witness here already.
    #[error("{} is a witness already: its key and its memory are not made anew", path.display())]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// Another process works with it.
    #[error("{}: another witness process uses this directory: stop it first", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// A file does not hold what belongs there.
    #[error("{}: {why}: put the file back from a backup of today, or see `klaver-node witness recover --help`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// What was signed for a log is no longer known.
    #[error(
        "the memory of {origin} is lost ({} is not there): a witness that begins again could sign a rewritten history; \
         put the file back, or begin anew with `klaver-node witness recover`, and tell those who trust this witness",
        path.display()
    )]
    Lost {
        /// The log.
        origin: KeyName,
        /// The file that should be there.
        path: PathBuf,
    },
    /// A key or name cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key is no log's.
    #[error("the key of {name} is not that of a log: give the vkey that /v1/community names")]
    NotALogKey {
        /// Its name.
        name: KeyName,
    },
    /// The log is watched already.
    #[error("{origin} is watched already with this key")]
    Watched {
        /// The log.
        origin: KeyName,
    },
    /// The key was taken away before.
    #[error(
        "this key of {origin} was taken away: trust the log's new key; only if that was a mistake, say --again"
    )]
    TakenAway {
        /// The log.
        origin: KeyName,
    },
    /// The key is not one that is trusted.
    #[error("{origin} is not watched with the key {id}: the keys of this witness are {known}")]
    NotTrusted {
        /// The log.
        origin: KeyName,
        /// The key's id.
        id: KeyId,
        /// Those that are trusted.
        known: String,
    },
    /// The log is not watched.
    #[error("{origin} is not watched: the logs of this witness are {known}")]
    NotWatched {
        /// The log.
        origin: String,
        /// Those that are.
        known: String,
    },
    /// The memory of a log that is there would be thrown away.
    #[error("the memory of {origin} is there: nothing is to be recovered")]
    NotLost {
        /// The log.
        origin: KeyName,
    },
    /// The operating system has no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(#[from] getrandom::Error),
}

impl WitnessDir {
    /// Makes a witness called `name` with a new key.
    ///
    /// # Errors
    /// When there is one already, the name cannot be a key's, or something cannot be written.
    pub fn init(root: &Path, name: &str) -> Result<Self, WitnessDirError> {
        KeyName::new(name)?;
        if root.join("witness.json").exists() || root.join("key").exists() {
            return Err(WitnessDirError::Exists { path: root.to_owned() });
        }
        for directory in [root.to_owned(), root.join("state"), root.join("evidence")] {
            private_file::create_directory(&directory)?;
        }
        let secret = crate::keys::random_key()?;
        let text = format!("{}\n", HEXLOWER.encode(&secret.to_bytes()));
        private_file::create(&root.join("key"), text.as_bytes())?;
        let settings = Settings { layout: LAYOUT, name: name.to_owned(), logs: Vec::new() };
        write_settings(root, &settings)?;
        Self::open(root)
    }

    /// Opens a witness and holds it.
    ///
    /// # Errors
    /// When it is not there, damaged, readable by others, or held by another process.
    pub fn open(root: &Path) -> Result<Self, WitnessDirError> {
        let path = root.join("witness.json");
        let bytes = private_file::read(&path, SETTINGS_BYTES_MAX).map_err(|error| {
            if error.is_missing() {
                WitnessDirError::NotThere { path: root.to_owned() }
            } else {
                error.into()
            }
        })?;
        let damaged = |why: String| WitnessDirError::Damaged { path: path.clone(), why };
        let settings: Settings =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if settings.layout > LAYOUT {
            return Err(damaged(format!("layout {} is newer than this program", settings.layout)));
        }
        let lock = hold(root)?;
        let secret = read_key(&root.join("key"))?;
        let public = PublicKey::of(&secret);
        let name = KeyName::new(settings.name.clone())?;
        let key = VerifierKey::new(name, KeyKind::Cosignature, public.as_bytes())?;
        let opened = Self { root: root.to_owned(), settings, secret, key, _lock: lock };
        opened.log_keys()?;
        Ok(opened)
    }

    /// Returns the witness's public key: what policies and logs are given.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Returns the witness's secret key.
    pub fn secret(&self) -> &SigningKey {
        &self.secret
    }

    /// Returns the logs in the settings.
    pub fn logs(&self) -> &[LogSettings] {
        &self.settings.logs
    }

    /// Returns the key of each log in the settings, in their order: also those that were taken away.
    ///
    /// # Errors
    /// When one cannot be read, or is not a log's.
    pub fn log_keys(&self) -> Result<Vec<VerifierKey>, WitnessDirError> {
        self.settings.logs.iter().map(|log| log_key(&log.vkey)).collect()
    }

    /// Returns the logs that may be cosigned, each with its key.
    ///
    /// # Errors
    /// As [`log_keys`](Self::log_keys).
    pub fn trusted(&self) -> Result<Vec<(&LogSettings, VerifierKey)>, WitnessDirError> {
        let trusted = self.settings.logs.iter().filter(|log| !log.taken_away);
        trusted.map(|log| Ok((log, log_key(&log.vkey)?))).collect()
    }

    /// Watches a log from now on; returns its origin. A key that was taken away comes back only `again`.
    ///
    /// # Errors
    /// When it is watched already with this key, or something cannot be written.
    pub fn trust(&mut self, log: LogSettings, again: bool) -> Result<KeyName, WitnessDirError> {
        let key = log_key(&log.vkey)?;
        let origin = key.name().clone();
        let known = self.log_keys()?;
        if let Some(at) = known.iter().position(|known| *known == key) {
            if !self.settings.logs[at].taken_away {
                return Err(WitnessDirError::Watched { origin });
            }
            if !again {
                return Err(WitnessDirError::TakenAway { origin });
            }
            self.settings.logs.remove(at);
        }
        if known.iter().all(|known| *known.name() != origin) {
            // The memory comes before the settings: a log in the settings always has one, or has lost it.
            match private_file::create(&self.state_path(&origin), NEVER.as_bytes()) {
                Err(PrivateFileError::Io { error, .. })
                    if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                other => other?,
            }
        }
        self.settings.logs.push(log);
        write_settings(&self.root, &self.settings)?;
        Ok(origin)
    }

    /// Takes a key of a log away: nothing that it alone signs is cosigned any more. What was cosigned of the log stays
    /// remembered. Returns the log, and how many keys it has left.
    ///
    /// # Errors
    /// When it is not trusted, or something cannot be written.
    pub fn untrust(&mut self, vkey: &str) -> Result<(KeyName, usize), WitnessDirError> {
        let key = log_key(vkey)?;
        let origin = key.name().clone();
        let trusted = self.trusted()?;
        if trusted.iter().all(|(_, known)| *known != key) {
            let known: Vec<String> = trusted.iter().map(|(_, known)| known.to_string()).collect();
            return Err(WitnessDirError::NotTrusted { origin, id: key.id(), known: known.join(", ") });
        }
        let left = trusted.iter().filter(|(_, known)| *known.name() == origin).count() - 1;
        let keys = self.log_keys()?;
        for (log, _) in self.settings.logs.iter_mut().zip(keys).filter(|(_, known)| *known == key) {
            log.taken_away = true;
        }
        write_settings(&self.root, &self.settings)?;
        Ok((origin, left))
    }

    /// Reads what was cosigned for `origin`, whose keys are `keys`: also those that were taken away, since what was cosigned
    /// under them counts for ever.
    ///
    /// # Errors
    /// `Lost` when that is no longer known, `Damaged` when it does not verify.
    pub fn remembered(&self, origin: &KeyName, keys: &[VerifierKey]) -> Result<Remembered, WitnessDirError> {
        let path = self.state_path(origin);
        let bytes = private_file::read(&path, NOTE_BYTES_MAX as u64).map_err(|error| {
            if error.is_missing() {
                WitnessDirError::Lost { origin: origin.clone(), path: path.clone() }
            } else {
                error.into()
            }
        })?;
        if bytes == NEVER.as_bytes() {
            return Ok(Remembered::Never);
        }
        let damaged = |why: &dyn std::fmt::Display| WitnessDirError::Damaged {
            path: path.clone(),
            why: why.to_string(),
        };
        let note = Note::parse(&bytes).map_err(|error| damaged(&error))?;
        note.verify(std::slice::from_ref(&self.key)).map_err(|error| damaged(&error))?;
        open_with(&note, keys).map(|seen| Remembered::Seen(Box::new(seen))).map_err(|error| damaged(&error))
    }

    /// Makes `seen` what is remembered of its log: durable on `Ok`, old or new on `Err`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, seen: &SignedCheckpoint) -> Result<(), PrivateFileError> {
        private_file::replace(&self.state_path(&seen.checkpoint().origin), seen.to_string().as_bytes())
    }

    /// Begins anew for a log whose memory is lost: from a checkpoint signed by it, or from nothing.
    ///
    /// # Errors
    /// When the memory is there, or the checkpoint is not the log's.
    pub fn recover(&self, origin: &str, from: Option<&[u8]>) -> Result<Remembered, WitnessDirError> {
        let keys: Vec<VerifierKey> =
            self.log_keys()?.into_iter().filter(|key| key.name().as_str() == origin).collect();
        let Some(name) = keys.first().map(|key| key.name().clone()) else {
            let known: Vec<String> = self.log_keys()?.iter().map(|key| key.name().to_string()).collect();
            return Err(WitnessDirError::NotWatched { origin: origin.to_owned(), known: known.join(", ") });
        };
        if self.remembered(&name, &keys).is_ok() {
            return Err(WitnessDirError::NotLost { origin: name });
        }
        let Some(bytes) = from else {
            private_file::replace(&self.state_path(&name), NEVER.as_bytes())?;
            return Ok(Remembered::Never);
        };
        let wrong = |why: &dyn std::fmt::Display| WitnessDirError::Damaged {
            path: PathBuf::from("the checkpoint"),
            why: why.to_string(),
        };
        let note = Note::parse(bytes).map_err(|error| wrong(&error))?;
        let mut seen = open_with(&note, &keys).map_err(|error| wrong(&error))?;
        // Its own line makes the file readable as a memory; it is not shown to anybody.
        let sign = |message: &[u8]| klaver_ledger::keys::sign(&self.secret, message).0;
        let line = klaver_ledger::log::cosignature::cosign(note.text(), TAKEN_OVER_AT, &self.key, sign)
            .map_err(|error| wrong(&error))?;
        seen.add_cosignature(line, &self.key).map_err(|error| wrong(&error))?;
        self.remember(&seen)?;
        Ok(Remembered::Seen(Box::new(seen)))
    }

    /// Keeps what proves that a log signed two histories; returns where it is. A log that signs ever more of them fills no
    /// disk: [`EVIDENCE_FILES_MAX`] files prove it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_evidence(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, PrivateFileError> {
        let directory = self.root.join("evidence");
        private_file::create_directory(&directory)?;
        let path = directory.join(name);
        if path.exists() {
            return Ok(path);
        }
        if EVIDENCE_FILES_MAX <= std::fs::read_dir(&directory).into_iter().flatten().count() {
            return Ok(directory);
        }
        private_file::replace(&path, bytes)?;
        Ok(path)
    }

    fn state_path(&self, origin: &KeyName) -> PathBuf {
        let path = monitoring_path(origin.as_str());
        let hash = path.split('/').next().unwrap_or_default();
        self.root.join("state").join(hash)
    }
}

/// Takes `note` as a checkpoint of the log that any of `keys` may sign for.
pub(super) fn open_with(
    note: &Note,
    keys: &[VerifierKey],
) -> Result<SignedCheckpoint, klaver_ledger::log::checkpoint::CheckpointError> {
    use klaver_ledger::log::checkpoint::CheckpointError;
    use klaver_ledger::log::note::NoteError;
    let mut refused = CheckpointError::Note(NoteError::NoKnownKey);
    for key in keys {
        match SignedCheckpoint::from_note(note.clone(), key) {
            Ok(seen) => return Ok(seen),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn log_key(vkey: &str) -> Result<VerifierKey, WitnessDirError> {
    let key: VerifierKey = vkey.parse()?;
    match key.kind() {
        KeyKind::Note => Ok(key),
        KeyKind::Cosignature => Err(WitnessDirError::NotALogKey { name: key.name().clone() }),
    }
}

fn write_settings(root: &Path, settings: &Settings) -> Result<(), PrivateFileError> {
    let mut text = serde_json::to_string_pretty(settings).expect("settings are plain values");
    text.push('\n');
    private_file::replace(&root.join("witness.json"), text.as_bytes())
}

fn hold(root: &Path) -> Result<File, WitnessDirError> {
    let path = root.join("lock");
    let failed = |error| PrivateFileError::Io { path: path.clone(), error };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WitnessDirError::Locked { path: root.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error).into()),
    }
}

fn read_key(path: &Path) -> Result<SigningKey, WitnessDirError> {
    let bytes = private_file::read(path, 200)?;
    let seed: Option<[u8; 32]> =
        HEXLOWER.decode(bytes.trim_ascii()).ok().and_then(|bytes| bytes.try_into().ok());
    seed.map(|seed| SigningKey::from_bytes(&seed)).ok_or_else(|| WitnessDirError::Damaged {
        path: path.to_owned(),
        why: "a key is 64 hexadecimal digits".to_owned(),
    })
}
