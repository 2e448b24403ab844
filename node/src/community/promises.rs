//! Promises without network that stayed unpaid: the pot that bears them, and those that it may be asked to bear.

use super::keep::{KeepError, on_disk};
use super::{Community, State, Table, key, to_json};
use klaver_ledger::limits::DAY_SECONDS;
use serde::{Deserialize, Serialize};

/// How long it is known which promises stayed unpaid, in seconds, after their own end: half a year.
pub const KEPT_SECONDS: u64 = 180 * DAY_SECONDS;
/// How many of one shop are known at a time: a pot bears no more of it in half a year.
pub const UNPAID_MAX: usize = 20;

/// A promise that was sent in time and that its payer could not cover, under the first half of its entry id: the request for it has the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BorneRow {
    /// The shop that was promised.
    pub account: [u8; 16],
    /// How much, in minor units.
    pub amount: u64,
    /// When the promise ended, in seconds since 1970 UTC.
    pub ended_at: u64,
    /// Index of the record by which the pot bore it, and when, in milliseconds since 1970 UTC.
    pub paid: Option<(u64, u64)>,
}

impl State {
    /// Notes which of these a pot has paid, as their requests tell; those are forgotten before long.
    pub(super) fn settle_promises(&mut self, mut changed: impl FnMut(Vec<u8>, Vec<u8>)) {
        let Self { borne, requests, .. } = self;
        for (id, row) in borne.iter_mut().filter(|(_, row)| row.paid.is_none()) {
            let Some(paid) = requests.get(id).and_then(|request| request.paid) else { continue };
            row.paid = Some(paid);
            changed(key(Table::Borne, id), to_json(row));
        }
    }
}

impl Community {
    /// Returns the account of the pot that bears promises that stayed unpaid.
    pub fn promise_pot(&self) -> Option<[u8; 16]> {
        self.state().promise_pot
    }

    /// Names that pot, or none.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn name_promise_pot(&self, account: Option<[u8; 16]>) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            state.promise_pot = account;
            match account {
                Some(account) => self.put(Table::PromisePot, &[], &account),
                None => self.delete(Table::PromisePot, &[]),
            }
        };
        on_disk(written).await
    }

    /// Returns what is known of a promise that a pot was asked to bear.
    pub fn borne(&self, id: &[u8; 16]) -> Option<BorneRow> {
        let mut state = self.state();
        // The ledger knows what was paid: after a crash this is found there again.
        state.settle_promises(|key, row| drop(self.keep.write(vec![(key, Some(row))])));
        state.borne.get(id).cloned()
    }

    /// Notes a promise that its payer could not cover, once; not more than [`UNPAID_MAX`] of one shop.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn note_unpaid(&self, id: [u8; 16], row: BorneRow) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let of_shop = state.borne.values().filter(|known| known.account == row.account).count();
            if state.borne.contains_key(&id) || of_shop >= UNPAID_MAX {
                return Ok(());
            }
            let written = self.put(Table::Borne, &id, &row);
            state.borne.insert(id, row);
            written
        };
        on_disk(written).await
    }
}
