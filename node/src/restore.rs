//! `restore`: puts a backup in the place of a node's data.
//!
//! A backup may be older than what the log has shown since: recording on it would make a second history under one key.
//! So a restored node only reads until a quorum of its witnesses has cosigned its newest checkpoint afresh, which an
//! honest witness refuses once it has seen a later one.

use crate::community::keep::KeepError;
use crate::community::papers;
use crate::config::{ConfigError, DataDir};
use crate::succeed::{SucceedError, Unfinished};
use crate::verify::{self, Checked};
use klaver_keystore::private_file::{self, PrivateFileError};
use klaver_ledger::log::policy::TrustPolicy;
use klaver_ledger::log::proof::TreeHead;
use klaver_ledger::time::Timestamp;
use std::fs;
use std::path::{Path, PathBuf};

/// What is restored, and where.
#[derive(Clone, Debug)]
pub struct Restoring {
    /// The backup: a copy of a data directory.
    pub from: DataDir,
    /// The new data directory, which must not exist.
    pub into: DataDir,
    /// Whether to record at once, because somebody has asked everybody who could know of a later checkpoint.
    pub unwitnessed: bool,
}

/// What was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Size and root of the log.
    pub head: TreeHead,
    /// When the newest record was recorded.
    pub last_recorded_at: Timestamp,
    /// Whether the node waits for its witnesses before it records.
    pub waits: bool,
}

/// Why a backup was not restored. Nothing was changed, and the new directory is not there.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup does not hold.
    #[error("the backup does not hold, take another one. {0}")]
    Backup(String),
    /// Nobody could say whether the backup is old.
    #[error(
        "this log has no witnesses, nobody can tell the node whether the backup is too old. Ask everybody who keeps seals: \
         wallets (klaver checkpoint), merchants, the minutes of the assembly. If none is larger than {size} records, say \
         --unwitnessed, and let the council record it: klaver attest restore_override FILE"
    )]
    NoWitnesses {
        /// How many records the backup holds.
        size: u64,
    },
    /// The place of the new directory.
    #[error(transparent)]
    Place(#[from] SucceedError),
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What is known of cards.
    #[error(transparent)]
    Community(#[from] KeepError),
    /// A file with something private.
    #[error(transparent)]
    Private(#[from] PrivateFileError),
    /// A file or directory.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: std::io::Error,
    },
}

/// Copies a backup to its place, checks the copy in full, and marks it as restored.
///
/// # Errors
/// Says what is wrong with the backup or the place; nothing is left half done.
pub fn restore(asked: &Restoring) -> Result<Restored, RestoreError> {
    crate::succeed::check_places(&asked.from, &asked.into)?;
    let place = Unfinished::beside(&asked.into)?;
    copy(asked.from.root(), place.data.root())?;
    let Checked { audited } =
        verify::check(&place.data, None, |_| {}).map_err(|report| RestoreError::Backup(report.text))?;
    place.data.read_config()?;
    let head = audited.head;
    if !asked.unwitnessed && !has_witnesses(&place.data) {
        return Err(RestoreError::NoWitnesses { size: head.size });
    }
    if !asked.unwitnessed {
        let mark = format!("{} {}\n", head.size, head.root.to_base64());
        private_file::replace(&place.data.restored(), mark.as_bytes())?;
    }
    papers::leave_one_try(place.data.root(), &audited.ledger)?;
    place.finish(&asked.into)?;
    Ok(Restored { head, last_recorded_at: audited.last_recorded_at, waits: !asked.unwitnessed })
}

/// Returns whether there is a trust policy that asks for witnesses.
fn has_witnesses(data: &DataDir) -> bool {
    let text = fs::read_to_string(data.witness_policy()).unwrap_or_default();
    text.parse::<TrustPolicy>().is_ok_and(|policy| !policy.suffices([]))
}

/// Copies a directory with everything in it, durably, file by file with its permissions.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), RestoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| RestoreError::Io { path, error }
    };
    for item in fs::read_dir(from).map_err(failed(from))? {
        let item = item.map_err(failed(from))?;
        let (path, target) = (item.path(), to.join(item.file_name()));
        let kind = item.file_type().map_err(failed(&path))?;
        if kind.is_dir() {
            private_file::create_directory(&target)?;
            copy(&path, &target)?;
        } else if kind.is_file() {
            fs::copy(&path, &target).map_err(failed(&path))?;
            fs::File::open(&target).and_then(|file| file.sync_all()).map_err(failed(&target))?;
        }
    }
    fs::File::open(to).and_then(|directory| directory.sync_all()).map_err(failed(to))
}
