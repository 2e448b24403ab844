//! Calendar months in UTC, as figures and tills name them: `2026-11`.

use klaver_ledger::time::Timestamp;

/// Returns the month of a moment.
pub(super) fn month_of(at: Timestamp) -> String {
    at.to_string()[..7].to_owned()
}

/// Returns the month of a moment in seconds since 1970 UTC; nothing of one that no ledger reaches.
pub(super) fn month_of_seconds(seconds: u64) -> String {
    Timestamp::from_millis(seconds.saturating_mul(1_000)).map(month_of).unwrap_or_default()
}

/// Returns the month before another.
pub(crate) fn month_before(month: &str) -> String {
    let (year, number) = month.split_once('-').unwrap_or_default();
    let (year, number) = (year.parse::<u16>().unwrap_or(1), number.parse::<u8>().unwrap_or(1));
    if number <= 1 {
        format!("{:04}-12", year.saturating_sub(1))
    } else {
        format!("{year:04}-{:02}", number - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_told_as_people_write_it() {
        assert_eq!(month_of_seconds(1_795_305_600), "2026-11");
        assert_eq!(month_of_seconds(u64::MAX), "");
    }

    #[test]
    fn the_month_before_january_is_december() {
        assert_eq!(month_before("2026-11"), "2026-10");
        assert_eq!(month_before("2026-01"), "2025-12");
    }
}
