//! Every bound of the protocol, with its unit and its reason.
//!
//! A limit lives here and nowhere else; a snapshot test lists them all, so that a change is seen.

/// Largest integer on the wire: what a JSON number and a JavaScript `number` hold exactly (2^53 - 1).
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Largest payload of an entry, in bytes: a group of some 400 people fits.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024;

/// Largest envelope, in bytes: the payload, its header and sixteen signatures of 101 bytes.
pub const ENVELOPE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 16 + SIGNATURES_MAX * 101;

/// Most signatures in one envelope.
pub const SIGNATURES_MAX: usize = 16;

/// Latest `expires_at`, in seconds since 1970 UTC: the end of the year 9999.
pub const EXPIRES_AT_MAX: u64 = 253_402_300_799;

/// Longest memo, in bytes of UTF-8: a sentence.
pub const MEMO_BYTES_MAX: usize = 140;

/// Most lines that one entry may post.
pub const LINES_MAX: usize = 1_024;

/// Most keys in one account, council, rescue or auditor list.
pub const KEYS_MAX: usize = 64;

/// Most accounts that a fund's `payees` may name.
pub const PAYEES_MAX: usize = 256;

/// Most decimals that people see.
pub const SCALE_MAX: u8 = 4;

/// Longest name of a community, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 100;

/// Longest unit word, in bytes of UTF-8.
pub const UNIT_WORD_BYTES_MAX: usize = 40;

/// Longest origin of a public log, in bytes.
pub const ORIGIN_BYTES_MAX: usize = 200;

/// Longest link in a QR code, in bytes: version 6 at level M, which every camera reads.
pub const LINK_BYTES_MAX: usize = 90;

/// Most characters of any code: what the largest QR code holds in its alphanumeric mode.
pub const QR_CHARS_MAX: usize = 4_296;

/// Longest alias in a link, in bytes.
pub const ALIAS_BYTES_MAX: usize = 32;

/// Seconds in a UTC day.
pub const DAY_SECONDS: u64 = 86_400;

/// Seconds in a month as rules count it: thirty days.
pub const MONTH_SECONDS: u64 = 30 * DAY_SECONDS;

/// Shortest and longest recovery delay a policy may set, in seconds: a day to thirty days.
pub const RECOVERY_DELAY_SECONDS: (u64, u64) = (DAY_SECONDS, 30 * DAY_SECONDS);

/// Longest correction window a policy may set, in seconds: thirty days.
pub const CORRECTION_WINDOW_SECONDS_MAX: u64 = 30 * DAY_SECONDS;

/// Shortest and longest refund window a policy may set, in seconds: a day to a year.
pub const REFUND_WINDOW_SECONDS: (u64, u64) = (DAY_SECONDS, 365 * DAY_SECONDS);

/// Longest validity that a policy may allow an entry, in seconds: a quarter of a year.
pub const VALIDITY_SECONDS_MAX: u64 = 90 * DAY_SECONDS;

/// How long the issuing budget alone may correct an entry, in milliseconds: a day.
pub const OWN_CORRECTION_MS: u64 = DAY_SECONDS * 1_000;

/// How long a replacement of the council by the rescue keys waits, in seconds: thirty days.
pub const RESCUE_DELAY_SECONDS: u64 = 30 * DAY_SECONDS;

/// How long reopening a frozen card or voucher by the registrar waits, in seconds: a day.
pub const REOPEN_DELAY_SECONDS: u64 = DAY_SECONDS;

/// Most live refusals remembered per debited account; one more is answered with "try later".
pub const REFUSALS_PER_ACCOUNT_MAX: usize = 64;

/// Most records in one commit group: keeps a group's latency and its buffer small.
pub const GROUP_RECORDS_MAX: usize = 2_048;

// An envelope fits the body limit of 32 KiB that the HTTP interface sets for entries.
const _: () = assert!(ENVELOPE_BYTES_MAX <= 32 * 1024);
// Milliseconds of the latest expiry stay exact integers.
const _: () = assert!(EXPIRES_AT_MAX * 1_000 <= INTEGER_MAX);
