//! How many newcomers the node lets in: so many from one address, more of them with an invitation of the council or a
//! place, and so many a day without one. Cards and vouchers are opened out of the same number of a day, and have a share
//! of it.
//!
//! What is counted lives in memory: a restart begins anew, and the policy's number for a day holds all the same.

use crate::community::pioneers::LED_MAX;
use klaver_ledger::time::Day;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many may come from one address at once: a shelter's afternoon behind one address.
pub(super) const BURST: usize = 20;
/// How many may from one address whom the council or a place asked: an hour with pioneers behind one address. Whoever
/// asked them said how many they are.
pub(super) const ASKED_BURST: usize = LED_MAX as usize;
const _: () = assert!(BURST < ASKED_BURST);
/// After so long one more may come from there.
const ONE_MORE: Duration = Duration::from_secs(60);
/// Most addresses that are remembered.
const ADDRESSES_MAX: usize = 10_000;
/// One of so many accounts of a day is kept for whoever the council or a place invited, and for cards and vouchers.
const KEPT_SHARE: u64 = 10;
/// Cards and vouchers are at most one of so many accounts of a day: the others are for people.
const PAPER_SHARE: u64 = 2;

/// Why a newcomer must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// Many came from one address.
    #[error(
        "there are too many newcomers from one place, at most {limit} at once: wait some minutes; if you are many in \
         one place, ask the council or a place for an invitation"
    )]
    Here {
        /// How many there are at once.
        limit: usize,
    },
    /// Many came today without an invitation of the council or a place.
    #[error(
        "there are too many new wallets today, at most {limit}: the last ones of a day are for invitations of the council \
         or a place; try again tomorrow, or ask for one"
    )]
    Today {
        /// How many there are in a day.
        limit: u64,
    },
}

/// Who came lately.
#[derive(Default)]
pub struct Arrivals(Mutex<State>);

#[derive(Default)]
struct State {
    /// When the address will have all of its room again.
    rested_at: HashMap<IpAddr, Instant>,
    uninvited: OfDay,
    papers: OfDay,
}

/// How many there were on a day.
#[derive(Clone, Copy, Default)]
struct OfDay(Option<(Day, u64)>);

impl OfDay {
    /// Counts `more` where there are at most `most` in a day; returns whether there was room.
    fn take(&mut self, today: Day, more: u64, most: u64) -> bool {
        let came = self.0.filter(|(day, _)| *day == today).map_or(0, |(_, came)| came);
        let has_room = came.saturating_add(more) <= most;
        self.0 = Some((today, came + if has_room { more } else { 0 }));
        has_room
    }

    fn give_back(&mut self, today: Day, fewer: u64) {
        if let Some((_, came)) = self.0.as_mut().filter(|(day, _)| *day == today) {
            *came = came.saturating_sub(fewer);
        }
    }
}

impl Arrivals {
    /// Lets a newcomer in who comes from `address`, where that is known, on a day of `a_day` accounts; `is_invited` by the
    /// council or a place.
    ///
    /// # Errors
    /// When it is crowded.
    pub fn admit(
        &self,
        address: Option<IpAddr>,
        is_invited: bool,
        today: Day,
        a_day: u64,
    ) -> Result<(), Crowded> {
        self.make_room(address, if is_invited { ASKED_BURST } else { BURST })?;
        if !is_invited && !self.admit_uninvited(today, a_day) {
            return Err(Crowded::Today { limit: a_day });
        }
        Ok(())
    }

    /// Counts somebody who comes from `address`, where that is known: `limit` of them may at once.
    ///
    /// # Errors
    /// When it is crowded there.
    pub fn make_room(&self, address: Option<IpAddr>, limit: usize) -> Result<(), Crowded> {
        let has_room = address.is_none_or(|address| self.admit_from(address, limit, Instant::now()));
        if has_room { Ok(()) } else { Err(Crowded::Here { limit }) }
    }

    /// Gives the place of a newcomer back who was not invited so, whose account was not opened after all.
    pub fn give_back(&self, today: Day) {
        self.state().uninvited.give_back(today, 1);
    }

    /// Counts a batch of `count` cards or vouchers on a day of `a_day` accounts.
    ///
    /// # Errors
    /// How many there may be in a day, when there are too many.
    pub fn admit_papers(&self, today: Day, count: u64, a_day: u64) -> Result<(), u64> {
        let most = a_day.div_ceil(PAPER_SHARE);
        if self.state().papers.take(today, count, most) { Ok(()) } else { Err(most) }
    }

    /// Gives the room of a batch back that was not opened after all.
    pub fn give_papers_back(&self, today: Day, count: u64) {
        self.state().papers.give_back(today, count);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a newcomer from `address`, where `most` may come at once; returns whether there was room.
    fn admit_from(&self, address: IpAddr, most: usize, now: Instant) -> bool {
        let state = &mut *self.state();
        let address = network_of(address);
        if state.rested_at.len() >= ADDRESSES_MAX {
            state.rested_at.retain(|_, rested_at| now < *rested_at);
        }
        let rested_at = state.rested_at.get(&address).map_or(now, |rested_at| (*rested_at).max(now));
        let after = rested_at + ONE_MORE;
        let has_room = after.duration_since(now) <= ONE_MORE * most as u32;
        // Full of addresses that all are busy: a new one is not remembered, and the day's number still holds.
        if has_room && (state.rested_at.len() < ADDRESSES_MAX || state.rested_at.contains_key(&address)) {
            state.rested_at.insert(address, after);
        }
        has_room
    }

    /// Counts a newcomer without invitation where `a_day` accounts may be opened; returns whether there was room.
    fn admit_uninvited(&self, today: Day, a_day: u64) -> bool {
        let most = a_day - a_day.div_ceil(KEPT_SHARE).min(a_day / 2);
        self.state().uninvited.take(today, 1, most)
    }
}

/// Returns what stands for one visitor: a whole address, of IPv6 the network that a house is given.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_a_burst_and_then_one_a_minute() {
        let arrivals = Arrivals::default();
        let (address, now) = ("192.0.2.1".parse().unwrap(), Instant::now());
        let admit = |address, now| arrivals.admit_from(address, BURST, now);
        assert!((0..BURST).all(|_| admit(address, now)));
        assert!(!admit(address, now));
        assert!(admit("192.0.2.2".parse().unwrap(), now), "others are not held up");
        assert!(admit(address, now + ONE_MORE) && !admit(address, now + ONE_MORE));
        let later = now + ONE_MORE * 60;
        assert!((0..BURST).all(|_| admit(address, later)) && !admit(address, later));
        // One house has more addresses than can be counted.
        let house = |last: u32| format!("2001:db8:0:1::{last:x}").parse().unwrap();
        assert!((0..20).all(|last| admit(house(last), now)) && !admit(house(99), now));
        assert!(admit("2001:db8:0:2::1".parse().unwrap(), now));
    }

    #[test]
    fn whoever_is_asked_to_an_hour_finds_room_behind_one_address() {
        let arrivals = Arrivals::default();
        let (address, now) = ("192.0.2.1".parse().unwrap(), Instant::now());
        assert!((0..BURST).all(|_| arrivals.admit_from(address, BURST, now)));
        let asked = (0..200).filter(|_| arrivals.admit_from(address, ASKED_BURST, now)).count();
        assert_eq!(asked, ASKED_BURST - BURST, "whoever came before counts too");
        assert!(!arrivals.admit_from(address, BURST, now + ONE_MORE), "the others wait for theirs");
        assert!(arrivals.admit_from(address, ASKED_BURST, now + ONE_MORE));
    }

    #[test]
    fn some_of_a_day_are_kept_for_the_invited() {
        let arrivals = Arrivals::default();
        let admitted =
            |today, a_day| (0..300).filter(|_| arrivals.admit_uninvited(Day(today), a_day)).count();
        assert_eq!((admitted(1, 200), admitted(1, 200), admitted(2, 200)), (180, 0, 180));
        arrivals.give_back(Day(1));
        arrivals.give_back(Day(2));
        assert_eq!(admitted(2, 200), 1, "a place of another day is none of today's");
        assert_eq!((admitted(3, 0), admitted(4, 1), admitted(5, 2), admitted(6, 10)), (0, 1, 1, 9));
    }

    #[test]
    fn cards_leave_half_of_a_day_to_people_and_people_some_to_cards() {
        let arrivals = Arrivals::default();
        let (today, tomorrow) = (Day(1), Day(2));
        assert_eq!(arrivals.admit_papers(today, 60, 200), Ok(()));
        assert_eq!(arrivals.admit_papers(today, 41, 200), Err(100));
        assert_eq!(arrivals.admit_papers(today, 40, 200), Ok(()));
        assert_eq!(arrivals.admit_papers(today, 1, 200), Err(100));
        arrivals.give_papers_back(today, 40);
        arrivals.give_papers_back(tomorrow, 40);
        assert_eq!(arrivals.admit_papers(today, 40, 200), Ok(()));
        assert_eq!(arrivals.admit_papers(tomorrow, 101, 200), Err(100));
        assert_eq!(arrivals.admit_papers(tomorrow, 100, 200), Ok(()));
        // Whoever joins is counted apart.
        let admitted = (0..300).filter(|_| arrivals.admit_uninvited(today, 200)).count();
        assert_eq!(admitted, 180);
        assert_eq!(
            (arrivals.admit_papers(Day(3), 1, 1), arrivals.admit_papers(Day(3), 1, 0)),
            (Ok(()), Err(0))
        );
    }
}
