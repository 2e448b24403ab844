//! The times that the node stamped, held against the times at which witnesses saw the log.
//!
//! When a quorum had seen a size at some time, every record below it was there by then: a later stamp is a lie. A record
//! beyond it that is stamped long before may have been held back: somebody should explain.

use super::questions::{Code, Event, Question};
use super::verdict::Violation;
use crate::time::Timestamp;

/// How far a stamp may lie behind the time at which witnesses saw the record, in milliseconds: five minutes.
const LATE_MS_MAX: u64 = 5 * 60 * 1_000;
/// How far the stamp of a later record may lie before that time, in milliseconds: ten minutes.
const EARLY_MS_MAX: u64 = 10 * 60 * 1_000;

/// A size of the log that a quorum of witnesses has cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Witnessed {
    /// How many records there were.
    pub size: u64,
    /// The median of the witnesses' times, in seconds since 1970 UTC.
    pub at: u64,
}

/// Compares the stamps of `events` with what was `seen`; returns the question that they raise.
///
/// # Errors
/// The first record that is stamped later than witnesses saw it.
pub(super) fn check(events: &[Event], seen: &[Witnessed]) -> Result<Option<Question>, Violation> {
    let mut early = Vec::new();
    for Witnessed { size, at } in seen {
        let Some(below) = usize::try_from(*size).ok().filter(|size| *size <= events.len()) else { continue };
        let at_ms = at.saturating_mul(1_000);
        // Stamps never go back: what is wrong stands together.
        let latest = at_ms.saturating_add(LATE_MS_MAX);
        let late = events[..below].partition_point(|event| event.at.millis() <= latest);
        if late < below {
            let why = format!(
                "it is stamped {}, but a quorum of witnesses had seen it by {}",
                events[late].at,
                Timestamp::from_millis(at_ms).unwrap_or_default()
            );
            return Err(Violation { index: late as u64, why });
        }
        let earliest = at_ms.saturating_sub(EARLY_MS_MAX);
        let held_back = events[below..].partition_point(|event| event.at.millis() < earliest);
        early.extend((below..below + held_back).map(|index| index as u64));
    }
    Ok((!early.is_empty()).then(|| Question::about(Code::StampedBeforeSeen, early, None, 0)))
}

/// Returns the question that records raise which were stamped before `due`, and which no quorum had `seen`: the first and the
/// last of them.
pub(super) fn unseen(events: &[Event], seen: &[Witnessed], due: Timestamp) -> Option<Question> {
    let known = |seen: &Witnessed| usize::try_from(seen.size).ok().filter(|size| *size <= events.len());
    let first = seen.iter().filter_map(known).max().unwrap_or(0);
    let count = events[first..].partition_point(|event| event.at < due);
    let last = (first + count).checked_sub(1).filter(|_| count > 0)?;
    Some(Question::about(Code::NotWitnessed, vec![first as u64, last as u64], None, 0))
}
