//! Pots of shops, and shops that join with their heart alone: what is offered, and how many. Of whoever receives
//! nothing is kept, and no time of a single one.

use super::keep::{KeepError, on_disk};
use super::{Community, State, Table};
use klaver_api::Companion;
use klaver_ledger::limits::DAY_SECONDS;
use serde::{Deserialize, Serialize};

/// How long after its end a closing may still turn out to be paid, in seconds.
const LATE_SECONDS: u64 = 60;
/// How long a shop that nobody listed is kept, in seconds: ninety days.
pub const UNLISTED_SECONDS: u64 = 90 * DAY_SECONDS;

/// Whose pot it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PotOwner {
    /// A merchant, by its account.
    Merchant([u8; 16]),
    /// A shop without account, by its id.
    Hearty([u8; 16]),
}

/// A payment that a shop was told to sign, and for how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingRow {
    /// The request that it pays.
    pub request: [u8; 16],
    /// The account that pays.
    pub from: [u8; 16],
    /// How much, in minor units.
    pub amount: u64,
    /// For how many.
    pub count: u64,
    /// Until when, in seconds since 1970 UTC.
    pub until: u64,
}

/// A pot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PotRow {
    /// Whose it is.
    pub owner: PotOwner,
    /// The account that is kept for it: nothing of a shop without account.
    pub account: Option<[u8; 16]>,
    /// What somebody receives.
    pub item: String,
    /// The name of its picture.
    pub picture: String,
    /// What one costs, in minor units.
    pub price: u64,
    /// Whether it is offered.
    pub offered: bool,
    /// How many were given in euro and not handed out yet.
    pub tally: u64,
    /// How many were handed out and not paid yet.
    pub waiting: u64,
    /// The day of the first of these, counted from 1970 in UTC.
    pub waiting_since: u64,
    /// What the shop was told to sign and what nobody has seen paid yet.
    pub closings: Vec<ClosingRow>,
    /// On which day how many were shown to anybody.
    pub shown: Option<(u64, u64)>,
}

impl PotRow {
    /// Returns a pot that holds nothing and takes no credits.
    pub fn blank(owner: PotOwner, item: String, picture: String) -> Self {
        Self {
            owner,
            account: None,
            item,
            picture,
            price: 0,
            offered: true,
            tally: 0,
            waiting: 0,
            waiting_since: 0,
            closings: Vec::new(),
            shown: None,
        }
    }

    /// Returns how many of those that wait stand in no closing.
    pub fn unclosed(&self) -> u64 {
        let closed: u64 = self.closings.iter().map(|closing| closing.count).sum();
        self.waiting.saturating_sub(closed)
    }
}

/// A shop without account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartyRow {
    /// Its name.
    pub name: String,
    /// Where it is, as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where it is, in millionths of a degree: latitude and longitude.
    pub position: Option<(i32, i32)>,
    /// Its small free services, by their pictures.
    pub services: Vec<String>,
    /// Whether the council listed it.
    pub listed: bool,
    /// Whether it takes a rest.
    pub paused: bool,
    /// The secret of its own page.
    pub code: [u8; 16],
    /// When it was brought, in seconds since 1970 UTC.
    pub since: u64,
}

impl State {
    /// As [`Community::settle_closings`]; `changed` is told of every pot that it changed.
    pub(super) fn settle_closings(&mut self, now_seconds: u64, mut changed: impl FnMut(&[u8; 16], &PotRow)) {
        let Self { pots, requests, .. } = self;
        for (id, row) in pots {
            let before = row.closings.len();
            let mut paid = 0;
            row.closings.retain(|closing| {
                if requests.get(&closing.request).is_some_and(|request| request.paid.is_some()) {
                    paid += closing.count;
                    return false;
                }
                now_seconds < closing.until.saturating_add(LATE_SECONDS)
            });
            row.waiting = row.waiting.saturating_sub(paid);
            if row.closings.len() != before {
                changed(id, row);
            }
        }
    }
}

impl Community {
    /// Keeps a pot as it is now.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_pot(&self, id: [u8; 16], row: PotRow) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let written = self.put(Table::Pot, &id, &row);
            state.pots.insert(id, row);
            written
        };
        on_disk(written).await
    }

    /// Changes a pot; returns it as it is now, once that is on the disk.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn change_pot(
        &self,
        id: &[u8; 16],
        change: impl FnOnce(&mut PotRow),
    ) -> Result<Option<PotRow>, KeepError> {
        let (written, changed) = {
            let mut state = self.state();
            let Some(row) = state.pots.get_mut(id) else { return Ok(None) };
            change(row);
            let changed = row.clone();
            (self.put(Table::Pot, id, &changed), changed)
        };
        on_disk(written).await?;
        Ok(Some(changed))
    }

    /// Returns a pot.
    pub fn pot(&self, id: &[u8; 16]) -> Option<PotRow> {
        self.state().pots.get(id).cloned()
    }

    /// Returns the pots that `is_meant` says yes to, by item.
    pub fn pots(&self, is_meant: impl Fn(&PotRow) -> bool) -> Vec<([u8; 16], PotRow)> {
        let state = self.state();
        let some = state.pots.iter().filter(|(_, row)| is_meant(row));
        let mut found: Vec<_> = some.map(|(id, row)| (*id, row.clone())).collect();
        found.sort_by(|(id, row), (other_id, other)| (&row.item, id).cmp(&(&other.item, other_id)));
        found
    }

    /// Returns how many of a pot anybody is shown on `day`: what was shown first that day, else `count` from now on.
    pub fn shown_of_pot(&self, id: &[u8; 16], day: u64, count: u64) -> u64 {
        let mut state = self.state();
        let Some(row) = state.pots.get_mut(id) else { return count };
        if let Some((_, shown)) = row.shown.filter(|(of, _)| *of == day) {
            return shown;
        }
        row.shown = Some((day, count));
        // Nobody waits for it: where it cannot be kept, a start looks once more.
        drop(self.put(Table::Pot, id, row));
        count
    }

    /// Takes the closings that were paid off what waits, and lets what can no longer be paid wait again.
    pub fn settle_closings(&self, now_seconds: u64) {
        // The ledger knows what was paid: after a crash this is found there again.
        self.state().settle_closings(now_seconds, |id, row| drop(self.put(Table::Pot, id, row)));
    }

    /// Keeps a shop without account as it is now, or forgets it, also on the disk, with what it had ready.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_hearty(&self, id: [u8; 16], row: Option<HeartyRow>) -> Result<(), KeepError> {
        let written = {
            let state = &mut *self.state();
            match row {
                Some(row) => {
                    let written = self.put(Table::Hearty, &id, &row);
                    state.hearty.insert(id, row);
                    written
                }
                None => {
                    state.hearty.remove(&id);
                    let mut gone = vec![super::key(Table::Hearty, &id)];
                    state.pots.retain(|pot, row| {
                        let is_theirs = row.owner == PotOwner::Hearty(id);
                        if is_theirs {
                            gone.push(super::key(Table::Pot, pot));
                        }
                        !is_theirs
                    });
                    self.keep.erase(gone)
                }
            }
        };
        on_disk(written).await
    }

    /// Changes a shop without account; returns it as it is now, or `None` when there is none.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn change_hearty(
        &self,
        id: &[u8; 16],
        change: impl FnOnce(&mut HeartyRow),
    ) -> Result<Option<HeartyRow>, KeepError> {
        let (written, row) = {
            let mut state = self.state();
            let Some(row) = state.hearty.get_mut(id) else { return Ok(None) };
            change(row);
            let row = row.clone();
            (self.put(Table::Hearty, id, &row), row)
        };
        on_disk(written).await.map(|()| Some(row))
    }

    /// Returns a shop without account.
    pub fn hearty(&self, id: &[u8; 16]) -> Option<HeartyRow> {
        self.state().hearty.get(id).cloned()
    }

    /// Returns the shop whose own page has this secret.
    pub fn hearty_of(&self, code: &[u8; 16]) -> Option<([u8; 16], HeartyRow)> {
        let state = self.state();
        let found = state.hearty.iter().find(|(_, row)| row.code == *code);
        found.map(|(id, row)| (*id, row.clone()))
    }

    /// Returns the shops without account, by name.
    pub fn all_hearty(&self) -> Vec<([u8; 16], HeartyRow)> {
        let state = self.state();
        let mut found: Vec<_> = state.hearty.iter().map(|(id, row)| (*id, row.clone())).collect();
        found.sort_by(|(id, row), (other_id, other)| (&row.name, id).cmp(&(&other.name, other_id)));
        found
    }

    /// Sets who of a place goes along.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_companions(&self, place: [u8; 16], some: Vec<Companion>) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            state.companions.remove(&place);
            // Who is taken off the list is forgotten on the disk too.
            let erased = self.keep.erase(vec![super::key(Table::Companions, &place)]);
            if some.is_empty() {
                erased
            } else {
                let written = self.put(Table::Companions, &place, &some);
                state.companions.insert(place, some);
                written
            }
        };
        on_disk(written).await
    }

    /// Returns who of a place goes along.
    pub fn companions_of(&self, place: &[u8; 16]) -> Vec<Companion> {
        self.state().companions.get(place).cloned().unwrap_or_default()
    }

    /// Returns the places of which somebody goes along.
    pub fn places_with_companions(&self) -> Vec<[u8; 16]> {
        self.state().companions.keys().copied().collect()
    }

    /// Returns everybody who goes along.
    pub fn companions(&self) -> Vec<Companion> {
        self.state().companions.values().flatten().cloned().collect()
    }

    /// Returns the account that is kept for the pot of the town.
    pub fn town_pot(&self) -> Option<[u8; 16]> {
        self.state().town_pot
    }

    /// Keeps `account` for the pot of the town, unless one is; returns which.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn keep_town_pot(&self, account: [u8; 16]) -> Result<[u8; 16], KeepError> {
        let (written, kept) = {
            let mut state = self.state();
            if let Some(kept) = state.town_pot {
                return Ok(kept);
            }
            state.town_pot = Some(account);
            (self.put(Table::TownPot, &[], &account), account)
        };
        on_disk(written).await.map(|()| kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::RequestRow;
    use klaver_ledger::id::{AccountId, LedgerId, RequestId};

    const LEDGER: LedgerId = LedgerId([1; 32]);

    fn pot(owner: PotOwner) -> PotRow {
        let row = PotRow::blank(owner, "Koffie".to_owned(), "coffee".to_owned());
        PotRow { account: Some([5; 16]), price: 250, tally: 2, waiting: 3, waiting_since: 7, ..row }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_public_number_of_a_day_stays_and_survives_a_restart() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        community.set_pot([2; 16], pot(PotOwner::Merchant([1; 16]))).await.unwrap();
        assert_eq!(community.shown_of_pot(&[2; 16], 100, 4), 4);
        assert_eq!(community.shown_of_pot(&[2; 16], 100, 9), 4, "once a day");
        community.change_pot(&[2; 16], |row| row.tally += 1).await.unwrap();
        drop(community);
        let community = Community::open(root.path(), &LEDGER).unwrap();
        assert_eq!(community.shown_of_pot(&[2; 16], 100, 9), 4, "also after a start");
        assert_eq!(community.shown_of_pot(&[2; 16], 101, 9), 9);
        assert_eq!(community.pot(&[2; 16]).unwrap().tally, 3);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_paid_waits_no_longer_and_what_can_no_longer_be_paid_waits_again() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        let closing = |request, until| {
            let (request, from) = ([request; 16], [5; 16]);
            ClosingRow { request, from, amount: 250, count: 1, until }
        };
        let closings = vec![closing(1, 900), closing(2, 900), closing(3, 2_000)];
        let row = PotRow { closings, ..pot(PotOwner::Merchant([1; 16])) };
        assert_eq!(row.unclosed(), 0);
        community.set_pot([2; 16], row).await.unwrap();
        for request in [1, 2, 3] {
            let row = RequestRow::new(AccountId([1; 16]), 250, 900);
            community.add_request(RequestId([request; 16]), row, 1).await.unwrap();
        }
        community.mark_paid(&RequestId([1; 16]), &AccountId([1; 16]), 4, 1);
        community.settle_closings(950);
        let row = community.pot(&[2; 16]).unwrap();
        assert_eq!((row.waiting, row.closings.len(), row.unclosed()), (2, 2, 0), "it may come late");
        community.settle_closings(1_000);
        let row = community.pot(&[2; 16]).unwrap();
        assert_eq!((row.waiting, row.closings.len(), row.unclosed()), (2, 1, 1));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_shop_without_account_is_forgotten_with_what_it_had_ready() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        let (services, since) = (vec!["water".to_owned()], 1);
        let (position, listed, paused, code) = (None, true, false, [9; 16]);
        let row = HeartyRow {
            name: "Kapper Ali".to_owned(),
            address: None,
            position,
            services,
            listed,
            paused,
            code,
            since,
        };
        community.set_hearty([3; 16], Some(row)).await.unwrap();
        community.set_pot([4; 16], pot(PotOwner::Hearty([3; 16]))).await.unwrap();
        community.set_pot([5; 16], pot(PotOwner::Merchant([3; 16]))).await.unwrap();
        community.set_hearty([3; 16], None).await.unwrap();
        drop(community);
        let community = Community::open(root.path(), &LEDGER).unwrap();
        assert!(community.hearty_of(&[9; 16]).is_none() && community.pot(&[4; 16]).is_none());
        assert!(community.pot(&[5; 16]).is_some(), "a merchant's stays");
    }
}
