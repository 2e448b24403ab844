//! Moments as people read them: their own time zone, 24 hours. The only place that reads the clock.

use jiff::tz::TimeZone;
use klaver_ledger::time::{Deadline, Timestamp};
use klaver_locales::Language;
use serde::{Deserialize, Serialize};

/// Returns the moment it is.
pub fn now() -> Timestamp {
    let millis = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0);
    Timestamp::from_millis(millis).unwrap_or_default()
}

/// How far a clock may be off before a person hears of it, in milliseconds.
const CLOCK_NOTICE_MILLIS: u64 = 2 * 60 * 1_000;

/// How far a clock may be off before nothing is signed by it, in milliseconds.
const CLOCK_LIMIT_MILLIS: u64 = 60 * 60 * 1_000;

/// This machine's clock beside that of a node: what is signed lasts by the node's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// How far the node's clock is ahead of ours, in milliseconds.
    #[serde(rename = "ahead_ms")]
    ahead: i64,
}

/// What a difference between two clocks means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockState {
    /// It does not matter.
    Right,
    /// A person should set the clock; what is signed lasts by the node's.
    Off,
    /// Nothing should be signed.
    Wrong,
}

impl Clock {
    /// Returns the clocks as they stand when a node says that it is `theirs`.
    pub fn beside(theirs: Timestamp, ours: Timestamp) -> Self {
        let millis = |moment: Timestamp| i64::try_from(moment.millis()).unwrap_or(i64::MAX);
        Self { ahead: millis(theirs) - millis(ours) }
    }

    /// Returns the moment it is at the node.
    pub fn now(self) -> Timestamp {
        self.at(now())
    }

    /// Returns what the difference means.
    pub fn state(self) -> ClockState {
        match self.ahead.unsigned_abs() {
            0..=CLOCK_NOTICE_MILLIS => ClockState::Right,
            off if off <= CLOCK_LIMIT_MILLIS => ClockState::Off,
            _ => ClockState::Wrong,
        }
    }

    /// Returns whether this is a difference that `other` does not tell already: an answer travels for some moments.
    pub fn is_news_to(self, other: Self) -> bool {
        self.ahead.abs_diff(other.ahead) > CLOCK_NOTICE_MILLIS / 2
    }

    fn at(self, ours: Timestamp) -> Timestamp {
        Timestamp::from_millis(ours.millis().saturating_add_signed(self.ahead)).unwrap_or(ours)
    }
}

/// Returns a moment for people: "22/11/2026 11:30", in English "2026-11-22 11:30".
pub fn show(moment: Timestamp, language: Language) -> String {
    show_in(moment, language, TimeZone::system())
}

/// Returns a deadline for people, as [`show`] does.
pub fn show_deadline(deadline: Deadline, language: Language) -> String {
    Timestamp::from_millis(deadline.millis()).map_or_else(String::new, |moment| show(moment, language))
}

/// Returns a moment of an answer for people; what is no moment stays as it came.
pub fn show_text(text: &str, language: Language) -> String {
    match klaver_api::text::timestamp("moment", text) {
        Ok(moment) => show(moment, language),
        Err(_) => crate::output::harmless(text),
    }
}

/// Reads how long something lasts: seconds, or a number with `s`, `m`, `h` or `d`.
pub fn parse_duration(text: &str) -> Option<u64> {
    let (digits, unit) = match text.char_indices().last()? {
        (at, 's') => (&text[..at], 1),
        (at, 'm') => (&text[..at], 60),
        (at, 'h') => (&text[..at], 3_600),
        (at, 'd') => (&text[..at], 86_400),
        _ => (text, 1),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse::<u64>().ok()?.checked_mul(unit)).flatten()
}

/// Reads a moment that a person typed: a date (its end, in UTC), or a moment as the interface prints it.
pub fn parse_until(text: &str) -> Option<Deadline> {
    let moment = if text.len() == 10 { format!("{text}T23:59:59Z") } else { text.to_owned() };
    klaver_api::text::deadline("until", &moment).ok()
}

fn show_in(moment: Timestamp, language: Language, zone: TimeZone) -> String {
    let millis = i64::try_from(moment.millis()).unwrap_or(i64::MAX);
    let Ok(utc) = jiff::Timestamp::from_millisecond(millis) else { return moment.to_string() };
    let local = utc.to_zoned(zone);
    let pattern = match language {
        Language::Dutch | Language::French => "%d/%m/%Y %H:%M",
        Language::English => "%Y-%m-%d %H:%M",
    };
    local.strftime(pattern).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_their_own_time() {
        let moment = klaver_api::text::timestamp("t", "2026-07-01T21:05:09.500Z").unwrap();
        let brussels = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(show_in(moment, Language::Dutch, brussels.clone()), "01/07/2026 23:05");
        assert_eq!(show_in(moment, Language::English, brussels), "2026-07-01 23:05");
    }

    #[test]
    fn what_is_signed_lasts_by_the_clock_of_the_node() {
        let ours = Timestamp::from_millis(10_000_000_000).unwrap();
        let (minute, states) = (60_000, [ClockState::Right, ClockState::Off, ClockState::Wrong]);
        for (off, state) in [(0, 0), (2, 0), (3, 1), (60, 1), (61, 2), (1_440, 2)] {
            for theirs in [10_000_000_000 - off * minute, 10_000_000_000 + off * minute] {
                let theirs = Timestamp::from_millis(theirs).unwrap();
                let clock = Clock::beside(theirs, ours);
                assert_eq!((clock.state(), clock.at(ours)), (states[state], theirs), "{off} minutes");
            }
        }
    }

    #[test]
    fn durations_and_ends_are_read() {
        let read = ["90", "90s", "10m", "2h", "7d", "m", "", "1w", "-1", "1.5h"].map(parse_duration);
        assert_eq!(
            read,
            [Some(90), Some(90), Some(600), Some(7200), Some(604_800), None, None, None, None, None]
        );
        assert_eq!(parse_until("2027-12-31").unwrap().to_string(), "2027-12-31T23:59:59Z");
        assert!(parse_until("31/12/2027").is_none());
    }
}
