//! What the node does every minute by itself: it forgets what has ended, and stops what was lost.

use super::Service;
use crate::clock::wall_clock;
use klaver_ledger::account::AccountKind;
use klaver_ledger::id::{AccountId, OrganisationId};
use klaver_ledger::limits::DAY_SECONDS;
use std::collections::HashMap;

impl Service {
    /// Erases what has ended, and what was kept of accounts that are closed; freezes vouchers that were lost meanwhile.
    pub async fn sweep(&self) {
        let now = wall_clock().seconds();
        // What was paid is looked up in requests: before these are forgotten.
        self.community.settle_closings(now);
        self.community.erase_ended(now);
        self.community.erase_presence(now, u64::from(self.config.presence_days) * DAY_SECONDS);
        self.community.erase_told(now);
        self.community.erase_said(now);
        self.note_raised();
        self.community.erase_gatherings(now);
        self.community.erase_accounts(&self.closed_accounts());
        for place in self.places_that_ended() {
            // What cannot be kept now is tried again with the next sweep.
            drop(self.community.set_companions(place, Vec::new()).await);
        }
        self.stop_lost().await;
    }

    /// Returns the places of which somebody goes along and no account is open any more: telephone numbers end with them.
    fn places_that_ended(&self) -> Vec<[u8; 16]> {
        let mut places = self.community.places_with_companions();
        if places.is_empty() {
            return places;
        }
        let open = self.organisations_with_accounts();
        places.retain(|place| !open.contains_key(&OrganisationId(*place)));
        places
    }

    /// Returns the closed accounts that something is kept of, each with its kind.
    fn closed_accounts(&self) -> HashMap<AccountId, AccountKind> {
        let known = self.community.accounts();
        let standing = self.reader.standing();
        let accounts = known.iter().filter_map(|id| standing.account(id));
        let closed = accounts.filter(|account| account.closed_to().is_some());
        closed.map(|account| (account.id(), account.kind())).collect()
    }
}
