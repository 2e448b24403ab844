//! A demonstration town: founded, and given three months of history, in a moment.
//!
//! Everything comes from one seed, through the ways that real entries take: signed, verified, judged, recorded. The
//! same seed and date give the same root. Its keys can be known by anybody, so it is marked as what it is, and is
//! served on the own machine alone.

mod beginning;
pub mod cast;
pub mod dice;
pub mod history;
pub mod scribe;

pub mod command;
pub mod directory;
mod life;
pub mod story;
mod wallets;

use cast::Cast;
use dice::SeededSalts;
use klaver_ledger::engine::{Fault, FoundError, Ledger, LedgerOpenError, NodeKeys};
use klaver_ledger::entry::VerifiedEntry;
use klaver_ledger::id::LedgerId;
use klaver_ledger::store::Store;
use klaver_ledger::time::{Day, Timestamp};
use scribe::Desk;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The plan of a town: who lives there, from when to when.
pub struct Town {
    /// Who lives there.
    pub cast: Cast,
    /// The ledger's id.
    pub ledger: LedgerId,
    /// The first moment of its history.
    pub start: Timestamp,
    /// The day at whose beginning the history ends.
    pub until: Day,
    founding: VerifiedEntry,
}

/// Why a history was not played to its end. What was recorded before is whole.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    /// The ledger holds something that the script does not know.
    #[error("the script's record {index} cannot be there: {why}")]
    Diverged {
        /// The record that the script came to.
        index: u64,
        /// What stands in its way.
        why: String,
    },
    /// What stands beside the ledger cannot be kept.
    #[error("{0}")]
    Desk(String),
    /// The ledger cannot be written.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Town {
    /// Returns the town of `seed`, whose history ends where the day `until` begins; `None` for days before there is
    /// room for a history.
    pub fn plan(seed: u64, until: Day) -> Option<Self> {
        let start = history::start_of(until)?;
        let cast = Cast::new(seed);
        let founding = history::founding(&cast, start);
        let ledger = LedgerId::of_founding_payload(founding.signed().payload());
        Some(Self { cast, ledger, start, until, founding })
    }

    /// Founds the town's ledger in an empty store.
    ///
    /// # Errors
    /// When the store is not empty or cannot be written.
    pub fn found<S: Store>(&self, store: S) -> Result<Ledger<S>, FoundError> {
        let salts = SeededSalts::new(self.cast.seed, Arc::default());
        Ledger::found(store, self.log_key(), self.founding.clone(), self.start, salts)
            .map(|(ledger, _)| ledger)
    }

    /// Opens the town's ledger, to go on with its history.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open<S: Store>(&self, store: S) -> Result<Ledger<S>, LedgerOpenError> {
        let next = Arc::new(AtomicU64::new(0));
        let salts = SeededSalts::new(self.cast.seed, next.clone());
        let (ledger, report) = Ledger::open(store, self.log_key(), salts)?;
        next.store(report.size, Ordering::Relaxed);
        Ok(ledger)
    }

    /// Plays the history; what is there already is passed over.
    ///
    /// # Errors
    /// When somebody else has written into the ledger, or nothing can be written.
    pub fn play<S: Store>(&self, ledger: Ledger<S>, desk: &mut dyn Desk) -> Result<Ledger<S>, Interrupted> {
        history::play(ledger, &self.founding, &self.cast, self.start, desk).map(|(ledger, _)| ledger)
    }

    fn log_key(&self) -> NodeKeys {
        NodeKeys { log: self.cast.log.clone() }
    }
}

#[cfg(test)]
mod tests;
