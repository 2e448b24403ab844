//! Rules for every entry, whatever its kind: until when it may be recorded, and that sums stay exact.

use super::case::Case;
use crate::books::{Effects, Rejection};
use crate::charter::Charter;
use crate::entry::{Body, Entry};
use crate::time::Timestamp;

/// recorded_at < expires_at.
pub(super) fn check_not_expired(entry: &Entry, now: Timestamp) -> Result<(), Rejection> {
    let expires_at = entry.expires_at;
    if expires_at.has_passed(now) { Err(Rejection::Expired { expires_at, now }) } else { Ok(()) }
}

/// expires_at <= recorded_at + the longest validity.
pub(super) fn check_validity(entry: &Entry, charter: &Charter, now: Timestamp) -> Result<(), Rejection> {
    let expires_at = entry.expires_at;
    let longest = match entry.body {
        Body::Pay(_) => charter.policy.pay_validity,
        _ => charter.policy.other_validity,
    };
    let latest = now.after(longest);
    if expires_at.millis() > latest.millis() {
        return Err(Rejection::ValidTooLong { expires_at, latest });
    }
    Ok(())
}

/// The community's sums stay exact integers, like every other number on the wire.
pub(super) fn check_sums(case: &Case<'_>, effects: &Effects) -> Result<(), Rejection> {
    if case.standing.circulation.stays_within_bounds(&effects.circulation) {
        return Ok(());
    }
    Err(Rejection::TotalTooLarge { account: case.settlement()?.id() })
}
