//! Who governs this ledger, and how the one before it ended: what wallets follow instead of believing the node.

use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::sessions::{Role, Visitor};
use crate::config::DataDir;
use crate::handover;
use crate::reason;
use klaver_api::succession::{LineageJson, ShareJson};
use klaver_ledger::books::shares::Shares;
use klaver_ledger::id::LedgerId;
use klaver_ledger::log::tile::TilePath;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What is read when somebody asks for it first: many nodes continue no other ledger, and are never asked.
#[derive(Default)]
pub(super) struct Before {
    /// By the file of the snapshot.
    shares: Mutex<BTreeMap<PathBuf, Arc<Shares>>>,
}

const NOTHING_BEFORE: Refused = Refused::Unknown {
    what: "predecessor",
    code: "no_predecessor",
    advice: "this ledger continues no other, or does not show how that one ended",
};

const NOTHING_AFTER: Refused = Refused::Unknown {
    what: "successor",
    code: "no_successor",
    advice: "this ledger goes on, or does not show where another one continues it",
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

    /// Returns how `ended` ended, as `klaver-node succeed` wrote it: the ledger before this one when it is left out.
    ///
    /// # Errors
    /// `Unknown` when there is none.
    pub fn succession(&self, ended: Option<LedgerId>) -> Result<Vec<u8>, Refused> {
        read_kept(&self.kept_of(ended)?.predecessor_proof(), NOTHING_BEFORE)
    }

    /// Returns where the ledger that continues this one is, as `klaver-node succeed` wrote it.
    ///
    /// # Errors
    /// `Unknown` when there is none.
    pub fn successor(&self) -> Result<Vec<u8>, Refused> {
        let data = self.data.get().filter(|_| self.config.successor.is_some()).ok_or(NOTHING_AFTER)?;
        read_kept(&data.successor_proof(), NOTHING_AFTER)
    }

    /// Returns a file of the log of `ended`, as in [`succession`](Self::succession).
    ///
    /// # Errors
    /// `Unknown` when there is none.
    pub fn log_before(&self, ended: Option<LedgerId>, tile: Option<TilePath>) -> Result<Vec<u8>, Refused> {
        let name = tile.map_or_else(|| "checkpoint".to_owned(), |tile| tile.to_string());
        read_kept(&self.kept_of(ended)?.predecessor_log().join(name), NOTHING_BEFORE)
    }

    /// Returns the hashes of what every account had when `ended` ended, as in [`succession`](Self::succession); this ledger
    /// too, once another continues it.
    ///
    /// # Errors
    /// `Unknown` when there is none.
    pub fn shares(&self, ended: Option<LedgerId>) -> Result<Arc<Shares>, Refused> {
        let file = self.snapshot_of(ended)?;
        let known = || self.before.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shares) = known().get(&file) {
            return Ok(shares.clone());
        }
        let damaged = |why: &dyn Display| Refused::BeyondDamage { why: reason::of_file(&file, why) };
        let snapshot = read_kept(&file, NOTHING_BEFORE)?;
        let shares = Shares::of_snapshot(&snapshot).map_err(|error| damaged(&error))?;
        Ok(known().entry(file).or_insert_with(|| Arc::new(shares)).clone())
    }

    /// Returns what the visitor's account had then.
    ///
    /// # Errors
    /// `Forbidden` without an account; `Unknown` when it is younger than that.
    pub fn share(&self, visitor: &Visitor, ended: Option<LedgerId>) -> Result<ShareJson, Refused> {
        let Role::Account(account) = visitor.role else {
            return Err(Refused::Forbidden { advice: "ask in the session of an account" });
        };
        let shares = self.shares(ended)?;
        let (share, salt) = shares.of_account(&account).ok_or(NOTHING_BEFORE)?;
        Ok(ShareJson::of(&share, &salt))
    }

    /// Returns the file of the snapshot with which `ended` ended.
    fn snapshot_of(&self, ended: Option<LedgerId>) -> Result<PathBuf, Refused> {
        match self.data.get() {
            Some(data) if ended == Some(self.ledger()) => Ok(data.closing()),
            _ => Ok(self.kept_of(ended)?.predecessor()),
        }
    }

    /// Returns where what is kept of a ledger that led to this one lies.
    fn kept_of(&self, ended: Option<LedgerId>) -> Result<DataDir, Refused> {
        let data = self.data.get().ok_or(NOTHING_BEFORE)?;
        let named = self.reader.standing().community().and_then(|community| community.predecessor);
        Ok(match ended {
            Some(ledger) if named.is_none_or(|named| named.ledger != ledger) => data.ancestor(&ledger),
            _ => data.clone(),
        })
    }
}

/// Reads a file that `klaver-node succeed` wrote; `missing` when it did not.
fn read_kept(path: &Path, missing: Refused) -> Result<Vec<u8>, Refused> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing),
        Err(error) => Err(Refused::BeyondDamage { why: reason::of_file(path, &error) }),
    }
}
