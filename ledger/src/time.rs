//! Points in time and deadlines. There is no clock here: time is an argument.

use crate::limits::{DAY_SECONDS, EXPIRES_AT_MAX, INTEGER_MAX};
use std::fmt;

/// A point in time: whole milliseconds since 1970 UTC, at most 2^53 - 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// A deadline: whole seconds since 1970 UTC. The last moment before it is still in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(u64);

/// A number of seconds that something lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub u64);

/// A UTC day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub u64);

impl Timestamp {
    /// The latest moment that can be written down.
    pub const LATEST: Self = Self(INTEGER_MAX);

    /// Returns the moment `milliseconds` after 1970 UTC, or `None` beyond 2^53 - 1.
    pub fn from_millis(milliseconds: u64) -> Option<Self> {
        (milliseconds <= INTEGER_MAX).then_some(Self(milliseconds))
    }

    /// Returns the milliseconds since 1970 UTC.
    pub fn millis(self) -> u64 {
        self.0
    }

    /// Returns the whole seconds since 1970 UTC.
    pub fn seconds(self) -> u64 {
        self.0 / 1_000
    }

    /// Returns the UTC day this moment falls on.
    pub fn day(self) -> Day {
        Day(self.seconds() / DAY_SECONDS)
    }

    /// Returns the moment `delay` later, staying within the largest timestamp.
    pub fn after(self, delay: Seconds) -> Self {
        Self(self.0.saturating_add(delay.0.saturating_mul(1_000)).min(INTEGER_MAX))
    }

    /// Returns the milliseconds that have passed since `earlier`, 0 when it lies ahead.
    pub fn millis_since(self, earlier: Timestamp) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns whether at most `window` has passed since `earlier`.
    pub fn is_within(self, window: Seconds, earlier: Timestamp) -> bool {
        self.millis_since(earlier) < window.0.saturating_mul(1_000)
    }
}

impl Deadline {
    /// Returns the deadline `seconds` after 1970 UTC, or `None` beyond the year 9999.
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        (seconds <= EXPIRES_AT_MAX).then_some(Self(seconds))
    }

    /// Returns the first whole-second deadline at least `validity` after `now`, at most the year 9999.
    pub fn after(now: Timestamp, validity: Seconds) -> Self {
        Self(now.seconds().saturating_add(validity.0).min(EXPIRES_AT_MAX))
    }

    /// Returns the seconds since 1970 UTC.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// Returns the milliseconds since 1970 UTC.
    pub fn millis(self) -> u64 {
        self.0 * 1_000
    }

    /// Returns whether the deadline has passed at `now`.
    pub fn has_passed(self, now: Timestamp) -> bool {
        self.millis() <= now.0
    }
}

impl Day {
    /// Returns year, month and day of this day in the proleptic Gregorian calendar.
    ///
    /// Howard Hinnant's `civil_from_days`: exact for every day this type can hold within the year 9999.
    pub fn civil(self) -> (u64, u64, u64) {
        let z = self.0 + 719_468;
        let era = z / 146_097;
        let day_of_era = z % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        (year_of_era + era * 400 + u64::from(month <= 2), month, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ms, second) = (self.0 % 1_000, self.seconds() % DAY_SECONDS);
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{:02}.{ms:03}Z", self.day(), second % 60)
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0 % DAY_SECONDS;
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{:02}Z", Day(self.0 / DAY_SECONDS), second % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_has_passed_at_its_own_second() {
        let deadline = Deadline::from_seconds(10).unwrap();
        assert!(!deadline.has_passed(Timestamp(9_999)));
        assert!(deadline.has_passed(Timestamp(10_000)));
    }

    #[test]
    fn days_are_printed_as_iso_8601() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_826_155, "2000-02-29T12:09:15Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (EXPIRES_AT_MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Deadline(seconds).to_string(), text);
        }
        assert_eq!(Timestamp(951_826_155_007).to_string(), "2000-02-29T12:09:15.007Z");
    }
}
