//! Days and times as people of the community read them, in its time zone.

use super::frame::Page;
use jiff::Timestamp;
use jiff::Zoned;
use jiff::tz::TimeZone;

/// Returns the moment by the clocks of `zone`; by UTC where this machine does not know the zone.
fn local(seconds: u64, zone: &str) -> Option<Zoned> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    Some(Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?.to_zoned(zone))
}

/// Returns a day with its weekday: `zaterdag 28/11/2026`.
pub fn day(page: &Page, seconds: u64, zone: &str) -> String {
    let Some(at) = local(seconds, zone) else { return String::new() };
    let weekday = page.say(&format!("weekday_{}", at.weekday().to_monday_one_offset()));
    format!("{weekday} {}/{:02}/{}", at.day(), at.month(), at.year())
}

/// Returns a time of day: `14:00`.
pub fn time_of_day(seconds: u64, zone: &str) -> String {
    local(seconds, zone).map(|at| format!("{:02}:{:02}", at.hour(), at.minute())).unwrap_or_default()
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
    }
}
