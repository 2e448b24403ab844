//! The time by which entries are recorded: a clock that may be wrong is noticed, not believed.

use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How far the clock may move against the monotonic one before writing stops: five minutes.
pub const JUMP_MS_MAX: u64 = 5 * 60 * 1_000;

/// No ledger of this program was founded before: the first of January 2026.
const EARLIEST_MS: u64 = 1_767_225_600_000;

/// Longest time that a ledger may have rested before the clock is doubted at start: 31 days. Nothing can be recorded
/// before the newest record, so a clock believed a year ahead would close the ledger for a year.
pub const REST_DAYS_MAX: u64 = 31;

const DAY_MS: u64 = DAY_SECONDS * 1_000;

/// What is thought of a clock far beyond the newest record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rest {
    /// More likely the clock is wrong.
    #[default]
    Doubted,
    /// Somebody said that the ledger rested so long.
    Accepted,
}

/// Where the writer takes the time from.
pub trait Clock: Send {
    /// Returns the present.
    ///
    /// # Errors
    /// When the clock cannot be believed: nothing may be recorded then.
    fn now(&mut self) -> Result<Timestamp, ClockFault>;

    /// Returns why the clock is not believed, while nothing is to be recorded.
    fn fault(&mut self) -> Option<ClockFault> {
        self.now().err()
    }
}

/// Why the clock is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockFault {
    /// It moved against the monotonic clock.
    #[error(
        "the clock has moved by {moved_seconds} seconds while the node ran, at most 300 are believed: set the clock right; \
         if it is right now, start the node again"
    )]
    Moved {
        /// By how much, whole seconds.
        moved_seconds: u64,
    },
    /// It is before anything that can be.
    #[error("the clock says {now}, before {earliest}: set the clock right and start the node again")]
    TooEarly {
        /// What it says.
        now: Timestamp,
        /// The newest record, or the year of this program.
        earliest: Timestamp,
    },
    /// It is far beyond the newest record.
    #[error(
        "the clock says {now}, more than {REST_DAYS_MAX} days after the newest record of {newest}: put the clock right \
         and start again, or start once with `klaver-node serve --accept-clock` when the community rested that long"
    )]
    TooLate {
        /// What it says.
        now: Timestamp,
        /// The newest record.
        newest: Timestamp,
    },
}

/// The clock of this machine, checked against its monotonic one.
pub struct SystemClock {
    started: Instant,
    started_ms: u64,
    read: fn() -> u64,
}

impl SystemClock {
    /// Starts the clock of a ledger whose newest record is from `newest` (the zero timestamp for a new ledger).
    ///
    /// # Errors
    /// When what it says cannot be the present.
    pub fn start(newest: Timestamp, rest: Rest) -> Result<Self, ClockFault> {
        Self::start_reading(newest, rest, unix_millis)
    }

    fn start_reading(newest: Timestamp, rest: Rest, read: fn() -> u64) -> Result<Self, ClockFault> {
        let started_ms = read();
        let now = timestamp(started_ms);
        let earliest = timestamp(EARLIEST_MS.max(newest.millis().saturating_sub(JUMP_MS_MAX)));
        if now < earliest {
            return Err(ClockFault::TooEarly { now, earliest });
        }
        let is_doubted = rest == Rest::Doubted && newest.millis() > 0;
        if is_doubted && now.millis_since(newest) > REST_DAYS_MAX * DAY_MS {
            return Err(ClockFault::TooLate { now, newest });
        }
        Ok(Self { started: Instant::now(), started_ms, read })
    }

    fn check(&self, now_ms: u64, elapsed: Duration) -> Result<Timestamp, ClockFault> {
        let expected = self.started_ms.saturating_add(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
        let moved = now_ms.abs_diff(expected);
        if moved > JUMP_MS_MAX {
            return Err(ClockFault::Moved { moved_seconds: moved / 1_000 });
        }
        Ok(timestamp(now_ms))
    }
}

impl Clock for SystemClock {
    fn now(&mut self) -> Result<Timestamp, ClockFault> {
        self.check((self.read)(), self.started.elapsed())
    }
}

/// A clock that shows what it was set to: for histories made in a moment, and for tests.
#[derive(Clone, Default)]
pub struct SetClock(Arc<AtomicU64>);

impl SetClock {
    /// Returns a clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(now.millis())))
    }

    /// Sets it, and every copy of it.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }

    /// Returns what it shows.
    pub fn get(&self) -> Timestamp {
        timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for SetClock {
    fn now(&mut self) -> Result<Timestamp, ClockFault> {
        Ok(self.get())
    }
}

/// Returns the present for everything that records nothing: deadlines of sessions, pages, requests.
pub fn wall_clock() -> Timestamp {
    timestamp(unix_millis())
}

fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn timestamp(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap_or(Timestamp::LATEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    const NOW: u64 = EARLIEST_MS + 86_400_000;

    #[test]
    fn a_clock_before_the_ledger_is_not_believed() {
        assert!(matches!(
            SystemClock::start_reading(at(0), Rest::Doubted, || EARLIEST_MS - 1),
            Err(ClockFault::TooEarly { .. })
        ));
        let newest = at(NOW + JUMP_MS_MAX + 1);
        assert!(matches!(
            SystemClock::start_reading(newest, Rest::Accepted, || NOW),
            Err(ClockFault::TooEarly { .. })
        ));
        assert!(SystemClock::start_reading(at(NOW + JUMP_MS_MAX), Rest::Doubted, || NOW).is_ok());
    }

    #[test]
    fn a_clock_far_beyond_the_ledger_is_not_believed() {
        let late = || NOW + 31 * DAY_MS + 1;
        let fault = SystemClock::start_reading(at(NOW), Rest::Doubted, late).err().unwrap();
        assert_eq!(fault, ClockFault::TooLate { now: at(late()), newest: at(NOW) });
        let said = fault.to_string();
        for part in
            [at(late()).to_string(), at(NOW).to_string(), "31 days".to_owned(), "--accept-clock".to_owned()]
        {
            assert!(said.contains(&part), "{part} is not in {said}");
        }
        assert!(SystemClock::start_reading(at(NOW), Rest::Accepted, late).is_ok());
        assert!(SystemClock::start_reading(at(NOW), Rest::Doubted, || NOW + 31 * DAY_MS).is_ok());
        assert!(SystemClock::start_reading(at(0), Rest::Doubted, late).is_ok());
    }

    #[test]
    fn a_clock_that_jumps_stops_the_writer_until_it_is_right() {
        let clock = SystemClock::start_reading(at(0), Rest::Doubted, || NOW).unwrap();
        let minute = Duration::from_secs(60);
        assert_eq!(clock.check(NOW + 60_000, minute), Ok(at(NOW + 60_000)));
        assert_eq!(clock.check(NOW + 60_000 + JUMP_MS_MAX, minute), Ok(at(NOW + 60_000 + JUMP_MS_MAX)));
        let jumped = clock.check(NOW + 60_001 + JUMP_MS_MAX, minute);
        assert_eq!(jumped, Err(ClockFault::Moved { moved_seconds: 300 }));
        assert!(clock.check(NOW - JUMP_MS_MAX - 1_000, Duration::ZERO).is_err());
    }
}
