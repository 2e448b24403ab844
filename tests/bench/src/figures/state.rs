//! Ledgers with a history: built at the pace of a town, on a clock that the entries' own times drive.

use super::Run;
use crate::pipeline::Pipeline;
use crate::world::{self, World, earlier, later};
use anyhow::Result;
use klaver_ledger::engine::Ledger;
use klaver_ledger::id::LedgerId;
use klaver_ledger::store::embedded::EmbeddedStore;
use klaver_ledger::time::Timestamp;

/// Milliseconds between two payments: ten a second, more than any town has on its market day, so that all of a
/// million payments are still within the refund window, which is what costs most memory.
const PACE_MS: u64 = 100;
/// How many payments are signed at a time.
const SLICE: usize = 250_000;

/// A ledger with its history.
pub(super) struct Grown {
    pub ledger: Ledger<EmbeddedStore>,
    pub ledger_id: LedgerId,
    /// How many payments were made.
    pub payments: u64,
    /// The time of the next one.
    pub now: Timestamp,
    /// Average bytes of an envelope.
    pub envelope_bytes: f64,
}

impl Run {
    /// Builds a ledger of about `entries` records in directory `name`.
    pub(super) fn grown(&self, world: &World, name: &str, entries: usize) -> Result<Grown> {
        // Its history ends now, where a node's own clock goes on.
        let now = earlier(world::clock(), entries as u64 * PACE_MS);
        let (ledger, ledger_id) = self.fresh(world, name, now)?;
        let opened = ledger.reader().head().size;
        let mut grown = Grown { ledger, ledger_id, payments: 0, now, envelope_bytes: 0.0 };
        let mut left = entries.saturating_sub(opened as usize);
        let mut bytes = 0;
        while left > 0 {
            let count = left.min(SLICE);
            let load = world.payments(&ledger_id, grown.payments, count, grown.now, PACE_MS);
            bytes += load.envelopes.iter().map(Vec::len).sum::<usize>();
            let start = grown.now;
            let pipeline = Pipeline { world, ledger_id };
            let (ledger, _) =
                pipeline.run(grown.ledger, &load, |place| later(start, place as u64 * PACE_MS))?;
            grown.ledger = ledger;
            grown.payments += count as u64;
            grown.now = later(start, count as u64 * PACE_MS);
            left -= count;
        }
        grown.envelope_bytes = bytes as f64 / grown.payments as f64;
        Ok(grown)
    }
}
