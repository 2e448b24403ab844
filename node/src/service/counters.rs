//! What anybody may know of how it goes: looked at once a day, in tens, and nothing of fewer than ten people.

use super::Service;
use super::coordination::open_members;
use super::few::tens;
use crate::clock::wall_clock;
use crate::community::counters::CountersRow;
use std::sync::PoisonError;

/// The counters of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicCounters {
    /// At least so many people take part; `None` for fewer than ten.
    pub people: Option<u64>,
    /// At least so many whole units were given out; `None` while fewer than ten people take part.
    pub given: Option<u64>,
}

impl Service {
    /// Returns what anybody may know of how it goes. It is looked at once a day (UTC), in tens, so that nobody can be
    /// seen in a difference; a start in the middle of the day shows what was looked at before.
    pub fn public_counters(&self) -> PublicCounters {
        let now = wall_clock();
        // Whoever comes at the same time waits here, and sees the same.
        let _looking = self.looking_at_counters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(CountersRow { people, given, .. }) =
            self.community.counters().filter(|row| row.day == now.day().0)
        {
            return PublicCounters { people, given };
        }
        let (people, issued) = {
            let standing = self.reader.standing();
            (open_members(&standing).count() as u64, standing.trial_balance().circulation.issued)
        };
        let counters = public(people, u64::try_from(issued).unwrap_or(0) / self.unit());
        let PublicCounters { people, given } = counters;
        self.community.keep_counters(CountersRow { day: now.day().0, people, given });
        counters
    }
}

fn public(people: u64, given: u64) -> PublicCounters {
    let people = tens(people);
    PublicCounters { people, given: people.and_then(|_| tens(given)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_sees_is_in_tens() {
        let nothing = PublicCounters { people: None, given: None };
        assert_eq!(public(9, 5_000), nothing);
        assert_eq!(public(10, 9), PublicCounters { people: Some(10), given: None });
        assert_eq!(public(128, 1_999), PublicCounters { people: Some(120), given: Some(1_990) });
    }
}
