//! A ledger that can be read and not written: what a damaged directory, or a disk that takes nothing, leaves.
//!
//! Its records went through the same rules, and the log's own signature stands under the newest head that is shown. It
//! has no writer: nothing is signed, and nothing on the disk is changed.

use super::log_signer::{NewestHead, newest_head, signed_by};
use super::reader::Published;
use super::replay::Replayer;
use super::{LedgerOpenError, Reader, Shared};
use crate::books::Books;
use crate::log::checkpoint::SignedCheckpoint;
use crate::store;
use crate::store::embedded::{EmbeddedReader, ReadOnlyStore};
use std::sync::{Arc, RwLock};

/// The readable beginning of a ledger. Others can open the directory when this is dropped.
pub struct ReadOnlyLedger {
    store: ReadOnlyStore,
    shared: Arc<Shared>,
    anchored: Option<SignedCheckpoint>,
    cause: store::OpenError,
    why: String,
}

impl ReadOnlyLedger {
    /// Returns a handle for reading.
    pub fn reader(&self) -> Reader<EmbeddedReader> {
        Reader { store: self.store.reader(), shared: self.shared.clone() }
    }

    /// Returns the checkpoint that may be shown to everybody: the anchor's. `None` when that cannot be read: nobody can
    /// tell then whether what is left is the beginning of what was shown before.
    pub fn anchored(&self) -> Option<&SignedCheckpoint> {
        self.anchored.as_ref()
    }

    /// Returns what stopped the reading.
    pub fn cause(&self) -> &store::OpenError {
        &self.cause
    }

    /// Returns what is damaged, what is safe, and what helps.
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// Opens what can be trusted of a ledger whose store was refused.
///
/// `beginning` are the books it was founded on. The node's own log key decides nothing: the council may have changed it
/// behind what is left. Whoever opens compares the ledger's id with the one it should be.
///
/// # Errors
/// The reason to refuse it, when nothing can be trusted.
pub fn open_read_only(
    mut store: ReadOnlyStore,
    beginning: &Books,
) -> Result<ReadOnlyLedger, LedgerOpenError> {
    let mut cause = store::OpenError::from(store.why().clone());
    let mut groups = u64::MAX;
    let (replayer, anchored) = loop {
        let mut replayer = Replayer::beginning(beginning.clone());
        let done = store.replay(&mut replayer, groups).map_err(store::OpenError::from)?;
        let Some((group, unfit)) = done.stopped else { break (replayer, done.anchored) };
        // The books hold a part of that group: begin again, and stop before it.
        (groups, cause) = (group - 1, unfit);
        if groups == 0 {
            return Err(cause.into());
        }
    };
    let NewestHead { head, charters, checkpoint } = newest_head(&replayer)?;
    let anchored = anchored.and_then(|head| signed_by(&replayer, &charters, &head).ok());
    let why = format!("records below {} hold and are shown, nothing is recorded; {cause}", head.size);
    let published = Published {
        standing: replayer.books.standing().clone(),
        note: Arc::new(checkpoint.note().clone()),
        checkpoint,
    };
    let shared = Shared { tree: RwLock::new(replayer.tree), published: RwLock::new(published) };
    Ok(ReadOnlyLedger { store, shared: Arc::new(shared), anchored, cause, why })
}
