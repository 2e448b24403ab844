//! How values are written as text in JSON, and how that text is read back.

use data_encoding::BASE64URL_NOPAD;
use klaver_ledger::amount::{Amount, Scale, Total};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::PublicKey;
use klaver_ledger::time::{Deadline, Timestamp};

/// Why a field of a body does not hold what belongs there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: \"{value}\": {expected}")]
pub struct FieldError {
    /// The field.
    pub field: &'static str,
    /// What stood there, shortened.
    pub value: String,
    /// What belongs there, and what to do.
    pub expected: String,
}

impl FieldError {
    /// Returns the error that `value` in `field` is not as `expected`.
    pub fn new(field: &'static str, value: impl std::fmt::Display, expected: impl std::fmt::Display) -> Self {
        let value: String = value.to_string().chars().take(80).collect();
        Self { field, value, expected: expected.to_string() }
    }
}

/// Returns the base64url text of `bytes`, without padding.
pub fn base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Reads base64url text without padding.
///
/// # Errors
/// When a character does not belong there, or bits are left over.
pub fn from_base64url(field: &'static str, text: &str) -> Result<Vec<u8>, FieldError> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|error| {
        FieldError::new(field, text, format!("base64url without padding belongs here ({error})"))
    })
}

/// Reads base64url text of exactly `N` bytes.
///
/// # Errors
/// As [`from_base64url`], and for any other length.
pub fn from_base64url_fixed<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], FieldError> {
    let wrong = || FieldError::new(field, text, format!("base64url of exactly {N} bytes belongs here"));
    from_base64url(field, text)?.try_into().map_err(|_| wrong())
}

/// Reads the lowercase hexadecimal text of an identifier by its own `from_hex`.
///
/// # Errors
/// When it is no hexadecimal text of the right length.
pub fn from_hex<T>(
    field: &'static str,
    text: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, FieldError> {
    read(text).ok_or_else(|| {
        FieldError::new(
            field,
            text,
            "lowercase hexadecimal digits of the right number belong here: copy it again",
        )
    })
}

/// Reads an account id.
///
/// # Errors
/// When prefix, length or checksum are wrong.
pub fn account(field: &'static str, text: &str) -> Result<AccountId, FieldError> {
    AccountId::parse(text).map_err(|_| {
        FieldError::new(field, text, "an account starts with klv1 and has 36 characters: copy it again")
    })
}

/// Reads a public key.
///
/// # Errors
/// When it is no canonical key in hexadecimal.
pub fn key(field: &'static str, text: &str) -> Result<PublicKey, FieldError> {
    PublicKey::from_hex(text).map_err(|error| FieldError::new(field, text, error))
}

/// Reads an amount of at least one minor unit.
///
/// # Errors
/// When it is no amount of this scale.
pub fn amount(field: &'static str, text: &str, scale: Scale) -> Result<Amount, FieldError> {
    Amount::parse(text, scale).map_err(|error| FieldError::new(field, text, error))
}

/// Reads a sum, zero included.
///
/// # Errors
/// When it is no sum of this scale.
pub fn total(field: &'static str, text: &str, scale: Scale) -> Result<Total, FieldError> {
    Total::parse(text, scale).map_err(|error| FieldError::new(field, text, error))
}

/// Returns the decimal string of an amount.
pub fn decimal(amount: impl Into<Total>, scale: Scale) -> String {
    amount.into().to_decimal(scale)
}

/// Reads a moment as [`Timestamp`] prints it, with or without milliseconds.
///
/// # Errors
/// When it is no ISO 8601 moment in UTC.
pub fn timestamp(field: &'static str, text: &str) -> Result<Timestamp, FieldError> {
    let wrong =
        || FieldError::new(field, text, "a moment in UTC belongs here, such as 2026-11-22T10:30:00.123Z");
    parse_millis(text).and_then(Timestamp::from_millis).ok_or_else(wrong)
}

/// Reads a deadline in whole seconds, as [`Deadline`] prints it.
///
/// # Errors
/// When it is no ISO 8601 moment in UTC, or has a fraction of a second.
pub fn deadline(field: &'static str, text: &str) -> Result<Deadline, FieldError> {
    let wrong = || FieldError::new(field, text, "a moment in UTC belongs here, such as 2026-11-22T10:30:00Z");
    let millis = parse_millis(text).filter(|millis| millis % 1_000 == 0).ok_or_else(wrong)?;
    Deadline::from_seconds(millis / 1_000).ok_or_else(wrong)
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.mmm]Z` as milliseconds since 1970.
fn parse_millis(text: &str) -> Option<u64> {
    let bytes = text.strip_suffix('Z')?.as_bytes();
    let number = |range: std::ops::Range<usize>| -> Option<u64> {
        let digits = bytes.get(range)?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| digits.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0')))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !marks.iter().all(|(at, mark)| bytes.get(*at) == Some(mark)) {
        return None;
    }
    let millis = match bytes.len() {
        19 => 0,
        23 if bytes[19] == b'.' => number(20..23)?,
        _ => return None,
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_from_civil(year, month, day)?;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + millis)
}

/// Returns the days from 1970-01-01 to a date of the Gregorian calendar, `None` for dates that do not exist.
fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if year < 1970 || !(1..=longest).contains(&day) {
        return None;
    }
    // A year that starts in March has its leap day at its end (Howard Hinnant's `days_from_civil`).
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_it_is_printed() {
        for millis in [0, 951_826_155_007, 1_767_225_599_999, 253_402_300_799_000, 1_709_164_800_000] {
            let moment = Timestamp::from_millis(millis).unwrap();
            assert_eq!(timestamp("at", &moment.to_string()), Ok(moment));
            let until = Deadline::from_seconds(millis / 1_000).unwrap();
            assert_eq!(deadline("until", &until.to_string()), Ok(until));
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for wrong in [
            "",
            "Z",
            "2026-11-22",
            "2026-11-22T10:30:00",
            "2026-11-22 10:30:00Z",
            "2026-02-29T10:30:00Z",
            "2026-13-01T10:30:00Z",
            "2026-00-01T10:30:00Z",
            "2026-01-00T10:30:00Z",
            "2026-01-01T24:30:00Z",
            "2026-01-01T10:60:00Z",
            "2026-01-01T10:30:60Z",
            "1969-12-31T23:59:59Z",
            "2026-01-01T10:30:00.12Z",
            "2026-01-01T10:30:00,123Z",
            "+026-01-01T10:30:00Z",
            "2026-01-01T10:30:00+01:00",
        ] {
            assert!(timestamp("at", wrong).is_err(), "{wrong}");
        }
        assert!(deadline("until", "2026-01-01T10:30:00.500Z").is_err());
    }

    #[test]
    fn an_error_names_field_value_and_what_belongs_there() {
        let error = from_base64url_fixed::<16>("salt", "AAAA").unwrap_err();
        assert_eq!(error.to_string(), "salt: \"AAAA\": base64url of exactly 16 bytes belongs here");
    }
}
