//! Days and times as people of the community read them, in its time zone.

use super::frame::Page;
use crate::clock::wall_clock;
use jiff::Timestamp;
use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Returns the moment by the clocks of `zone`; by UTC where this machine does not know the zone.
fn local(seconds: u64, zone: &str) -> Option<Zoned> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    Some(Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?.to_zoned(zone))
}

/// Returns the day of a moment with its weekday: `zaterdag 28 november`, with the year where it is not this one.
pub fn day(page: &Page, seconds: u64, zone: &str) -> String {
    let Some(at) = local(seconds, zone) else { return String::new() };
    let this_year = local(wall_clock().seconds(), zone).map(|now| now.year());
    in_words(page, at.date(), this_year)
}

/// Returns a day as it is kept, `2026-11-28`, as people here read it; as it stands where it is no day.
pub fn day_as_kept(page: &Page, day: &str, zone: &str) -> String {
    let this_year = local(wall_clock().seconds(), zone).map(|now| now.year());
    day.parse::<Date>().map_or_else(|_| day.to_owned(), |date| in_words(page, date, this_year))
}

fn in_words(page: &Page, date: Date, this_year: Option<i16>) -> String {
    let weekday = page.say(&format!("weekday_{}", date.weekday().to_monday_one_offset()));
    let month = page.say(&format!("month_{}", date.month()));
    let day = format!("{weekday} {} {month}", date.day());
    if this_year == Some(date.year()) { day } else { format!("{day} {}", date.year()) }
}

/// Returns a time of day: `14:00`.
pub fn time_of_day(seconds: u64, zone: &str) -> String {
    local(seconds, zone).map(|at| format!("{:02}:{:02}", at.hour(), at.minute())).unwrap_or_default()
}

/// Returns the moment, in seconds since 1970 UTC, at which it is `time` (`14:00`) on `day` (`2026-11-28`) in `zone`;
/// `None` where one of them is none.
pub fn moment_at(day: &str, time: &str, zone: &str) -> Option<u64> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let date: Date = day.parse().ok()?;
    let time: jiff::civil::Time = time.parse().ok()?;
    u64::try_from(date.to_datetime(time).to_zoned(zone).ok()?.timestamp().as_second()).ok()
}

/// Returns a month as people here read it: `oktober 2026`; as it stands where it is no month.
pub fn month(page: &Page, month: &str) -> String {
    let read = month.split_once('-').and_then(|(year, number)| Some((year, number.parse::<u8>().ok()?)));
    read.map_or_else(
        || month.to_owned(),
        |(year, number)| format!("{} {year}", page.say(&format!("month_{number}"))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_that_of_the_community_in_winter_and_summer() {
        // The first of January and of July 2026, at noon in UTC.
        assert_eq!(time_of_day(1_767_268_800, "Europe/Brussels"), "13:00");
        assert_eq!(time_of_day(1_782_907_200, "Europe/Brussels"), "14:00");
        assert_eq!(time_of_day(1_767_268_800, "Nowhere/Known"), "12:00");
        assert_eq!(moment_at("2026-01-01", "13:00", "Europe/Brussels"), Some(1_767_268_800));
        assert_eq!(moment_at("2026-07-01", "14:00", "Europe/Brussels"), Some(1_782_907_200));
        assert_eq!(moment_at("2026-02-30", "14:00", "Europe/Brussels"), None);
        assert_eq!(moment_at("2026-02-20", "ochtend", "Europe/Brussels"), None);
    }
}
