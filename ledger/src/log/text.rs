//! Small readers that several text formats of the log share.

use data_encoding::BASE64;

/// Reads a decimal number without sign or leading zeros, as C2SP formats write sizes, indexes and times.
pub(super) fn parse_decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { text.parse().ok() } else { None }
}

/// Reads standard base64 with its padding at the end and nowhere else: one text for each value.
///
/// The library's reader also takes padded pieces one after the other.
pub(super) fn parse_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    (BASE64.encode(&bytes) == text).then_some(bytes)
}

/// Shortens text from outside for an error message, and escapes what a terminal would act on.
pub(super) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_one_text_for_each_value() {
        assert_eq!(parse_base64("QUI="), Some(b"AB".to_vec()));
        for other in ["QUI", "QUJ=", "QQ==Qg==", "QQ==QUJD", "QUI=\n", "QU-_", "=QUI"] {
            assert_eq!(parse_base64(other), None, "{other}");
        }
    }
}
