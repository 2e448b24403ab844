//! Who governs this ledger, and how the one before it ended: what wallets follow instead of believing the node.

use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::sessions::{Role, Visitor};
use crate::config::DataDir;
use crate::handover;
use crate::reason;
use crate::succeed::read_predecessor;
use klaver_api::succession::{LineageJson, ShareJson};
use klaver_ledger::books::shares::Shares;
use klaver_ledger::log::tile::TilePath;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// What is read when somebody asks for it first: many nodes continue no other ledger, and are never asked.
#[derive(Default)]
pub(super) struct Before {
    shares: OnceLock<Arc<Shares>>,
}

const NOTHING_BEFORE: Refused = Refused::Unknown {
    what: "predecessor",
    code: "no_predecessor",
    advice: "this ledger continues no other, or does not show how that one ended",
};

impl Service {
    /// Returns the charters of this ledger, proven under the published checkpoint.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn lineage(&self) -> Result<LineageJson, Refused> {
        let shown = self.published();
        let why = || Refused::BeyondDamage { why: self.read_only().unwrap_or_else(reason::stopping) };
        let checkpoint = shown.signed.as_ref().ok_or_else(why)?;
        let receipts = handover::lineage(&self.reader, self.ledger(), checkpoint, wall_clock())?;
        Ok(handover::lineage_json(self.ledger(), &receipts))
    }

    /// Returns how the ledger before this one ended, as `klaver-node succeed` wrote it.
    ///
    /// # Errors
    /// `Unknown` when there is none.
    pub fn succession(&self) -> Result<Vec<u8>, Refused> {
        self.read_before(DataDir::predecessor_proof)
    }

    /// Returns a file of the log before this one.
    ///
    /// # Errors
    /// `Unknown` when there is none.
    pub fn log_before(&self, tile: Option<TilePath>) -> Result<Vec<u8>, Refused> {
        let name = tile.map_or_else(|| "checkpoint".to_owned(), |tile| tile.to_string());
        self.read_before(|data| data.predecessor_log().join(name))
    }

    /// Returns the hashes of what every account had when the ledger before this one ended.
    ///
    /// # Errors
    /// `Unknown` when this ledger continues none.
    pub fn shares(&self) -> Result<Arc<Shares>, Refused> {
        if let Some(shares) = self.before.shares.get() {
            return Ok(shares.clone());
        }
        let data = self.data.get().ok_or(NOTHING_BEFORE)?;
        let damaged =
            |why: &dyn Display| Refused::BeyondDamage { why: reason::of_file(&data.predecessor(), why) };
        let snapshot = read_predecessor(data).map_err(|error| damaged(&error))?;
        let shares =
            Shares::of_snapshot(&snapshot.ok_or(NOTHING_BEFORE)?).map_err(|error| damaged(&error))?;
        Ok(self.before.shares.get_or_init(|| Arc::new(shares)).clone())
    }

    /// Returns what the visitor's account had then.
    ///
    /// # Errors
    /// `Forbidden` without an account; `Unknown` when it is younger than this ledger.
    pub fn share(&self, visitor: &Visitor) -> Result<ShareJson, Refused> {
        let Role::Account(account) = visitor.role else {
            return Err(Refused::Forbidden { advice: "ask in the session of an account" });
        };
        let shares = self.shares()?;
        let (share, salt) = shares.of_account(&account).ok_or(NOTHING_BEFORE)?;
        Ok(ShareJson::of(&share, &salt))
    }

    fn read_before(&self, path: impl FnOnce(&DataDir) -> PathBuf) -> Result<Vec<u8>, Refused> {
        let path = path(self.data.get().ok_or(NOTHING_BEFORE)?);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(NOTHING_BEFORE),
            Err(error) => Err(Refused::BeyondDamage { why: reason::of_file(&path, &error) }),
        }
    }
}
