//! Why nothing is recorded, told from each fault that stops it. The sentences stand in `node/locales` (`reason.…`).

use crate::clock::ClockFault;
use klaver_api::Reason;
use klaver_ledger::engine::{self, Difference};
use klaver_ledger::store::embedded::fault::{Damaged, Fault as DiskFault, OpenError as DirectoryError};
use klaver_ledger::store::{Fault as StoreFault, OpenError};
use std::fmt::Display;
use std::io::ErrorKind;
use std::path::Path;

/// Tells why the clock is not believed.
pub fn of_clock(fault: &ClockFault) -> Reason {
    let detail = fault.to_string();
    match fault {
        ClockFault::Moved { moved_seconds } => {
            Reason::new("clock_moved", detail).with("seconds", moved_seconds)
        }
        ClockFault::TooEarly { now, earliest } => {
            Reason::new("clock_early", detail).with("now", now).with("earliest", earliest)
        }
        ClockFault::TooLate { now, newest } => {
            Reason::new("clock_late", detail).with("now", now).with("newest", newest)
        }
    }
}

/// Tells why a directory is only read, of which `shown` records hold; `detail` says it all in English.
pub fn of_opening(cause: &OpenError, shown: u64, detail: &str) -> Reason {
    let reason = match cause {
        OpenError::Embedded(DirectoryError::Damaged(damaged)) => of_damage(damaged),
        // What does not answer is said without how much of it holds: it may all be well.
        OpenError::Embedded(DirectoryError::Fault(fault)) => {
            return Reason { detail: detail.into(), ..of_disk(fault) };
        }
        OpenError::Unfit(unfit) => Reason::new("journal_unfit", detail).with("index", unfit.index),
        OpenError::Embedded(DirectoryError::InUse | DirectoryError::Empty | DirectoryError::NotEmpty) => {
            Reason::new("unreadable", detail)
        }
    };
    Reason { detail: detail.to_owned(), ..reason.with("shown", shown) }
}

fn of_damage(damaged: &Damaged) -> Reason {
    let at = |segment: u32, offset: u64| {
        Reason::new("journal_damaged", "").with("segment", segment).with("offset", offset)
    };
    match damaged {
        Damaged::Header { segment, .. } => at(*segment, 0),
        Damaged::SegmentShort { segment, len, .. } => at(*segment, *len),
        Damaged::Unreadable { place, .. }
        | Damaged::LaterGroup { place, .. }
        | Damaged::ChainBroken { place } => at(place.segment, place.offset),
        Damaged::SegmentMissing { first_group } => Reason::new("journal_gap", "").with("group", first_group),
        Damaged::ShorterThanAnchor { .. } => Reason::new("journal_short", ""),
        Damaged::AnchorMismatch { .. } => Reason::new("anchor_differs", ""),
        Damaged::AnchorMissing => Reason::new("anchor_missing", ""),
        Damaged::AnchorUnreadable { .. } => Reason::new("anchor_unreadable", ""),
        Damaged::Foreign { .. }
        | Damaged::NewerFormat { .. }
        | Damaged::StartUnknown { .. }
        | Damaged::NoSuchFrame { .. } => Reason::new("unreadable", ""),
    }
}

/// Tells what is wrong with the disk.
fn of_disk(fault: &DiskFault) -> Reason {
    let (code, file) = match fault {
        DiskFault::ReadOnly { why } => return Reason { detail: fault.to_string(), ..of_disk(why) },
        DiskFault::Io { kind, file, .. } => {
            let code = match kind {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => "disk_full",
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "disk_closed",
                _ => "disk",
            };
            (code, file.as_str())
        }
        DiskFault::FrameTooLarge { .. }
        | DiskFault::GroupTooLarge { .. }
        | DiskFault::AnchorTooLarge { .. }
        | DiskFault::AnchorGoesBack { .. } => return of_program(&fault.to_string()),
    };
    Reason::new(code, fault.to_string()).with("file", file)
}

/// Tells why a group was not recorded.
pub fn of_commit(fault: &engine::Fault) -> Reason {
    let detail = format!("{fault}; start the node again when the cause is gone");
    match fault {
        engine::Fault::Store(StoreFault::Embedded(fault)) => Reason { detail, ..of_disk(fault) },
        engine::Fault::Store(StoreFault::Told) => of_program(&detail),
        engine::Fault::LogKey(_) => Reason::new("log_key", detail),
    }
}

/// Tells that a file in the data directory cannot be read.
pub fn of_file(path: &Path, why: &dyn Display) -> Reason {
    Reason::new("disk", format!("{}: {why}", path.display())).with("file", path.display())
}

/// Tells that what was kept against this log cannot be read.
pub fn of_evidence(path: &Path, why: &dyn Display) -> Reason {
    let detail = format!(
        "the evidence in {} cannot be read: {why}; read it, or take it away when the council knows what it says, and start \
         the node again",
        path.display()
    );
    Reason::new("evidence_unreadable", detail).with("file", path.display())
}

/// Tells that what is stored is not what was recorded.
pub fn of_difference(difference: &Difference) -> Reason {
    let (Difference::Journal { index, .. } | Difference::Views { index, .. }) = difference;
    Reason::new("stored_differs", difference.to_string()).with("index", index)
}

/// Tells of a fault in the program.
pub fn of_program(detail: &str) -> Reason {
    Reason::new("program", detail)
}

/// Tells that a directory of `size` records came from a backup.
pub fn restored(size: u64) -> Reason {
    let detail = format!(
        "this directory of {size} records was restored from a backup: it records nothing until a quorum of the log's \
         witnesses has cosigned its newest checkpoint, which shows that none has seen a later one"
    );
    Reason::new("restored", detail).with("size", size)
}

/// Tells that the node is about to end.
pub fn stopping() -> Reason {
    Reason::new("stopping", "the node is stopping: try again in a minute")
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_api::reason::REASONS;
    use klaver_ledger::store::Unfit;
    use klaver_ledger::store::embedded::fault::Place;
    use klaver_ledger::time::Timestamp;
    use std::collections::BTreeSet;

    fn io(kind: ErrorKind) -> DiskFault {
        DiskFault::Io { doing: "write", file: "1.journal".to_owned(), kind, reason: "it said no".to_owned() }
    }

    #[test]
    fn every_reason_is_told_with_the_values_that_its_sentences_name() {
        let place = Place { segment: 1, offset: 2, group: 3 };
        let damaged = |damaged: Damaged| of_opening(&DirectoryError::from(damaged).into(), 9, "all");
        let commit = |fault: DiskFault| of_commit(&engine::Fault::Store(fault.into()));
        let (now, then) = (Timestamp::LATEST, Timestamp::default());
        let told = [
            damaged(Damaged::AnchorMismatch { place }),
            damaged(Damaged::AnchorMissing),
            damaged(Damaged::AnchorUnreadable { why: "cut" }),
            damaged(Damaged::ChainBroken { place }),
            damaged(Damaged::SegmentMissing { first_group: 3 }),
            damaged(Damaged::ShorterThanAnchor { place, anchor_group: 4 }),
            damaged(Damaged::Foreign { file: "1.journal".to_owned() }),
            of_opening(&Unfit { index: 5, why: "no".to_owned() }.into(), 5, "all"),
            of_clock(&ClockFault::TooEarly { now: then, earliest: now }),
            of_clock(&ClockFault::TooLate { now, newest: then }),
            of_clock(&ClockFault::Moved { moved_seconds: 400 }),
            commit(io(ErrorKind::Other)),
            commit(DiskFault::ReadOnly { why: Box::new(io(ErrorKind::PermissionDenied)) }),
            commit(io(ErrorKind::StorageFull)),
            of_difference(&Difference::Journal { index: 7, why: "no".to_owned() }),
            of_evidence(Path::new("evidence/a.seen.note"), &"cut"),
            of_program("a fault"),
            restored(9),
            stopping(),
            crate::witness::contradiction::two_histories(8, 7, "somebody", "a file"),
        ];
        let mut codes = BTreeSet::from(["log_key".to_owned()]);
        for reason in told {
            let known = REASONS.iter().find(|(code, _)| *code == reason.code);
            let values: Vec<&str> = reason.values.keys().map(String::as_str).collect();
            assert_eq!(known.map(|(_, values)| *values), Some(&values[..]), "{reason:?}");
            assert!(!reason.detail.is_empty(), "{reason:?}");
            codes.insert(reason.code);
        }
        let all: BTreeSet<String> = REASONS.iter().map(|(code, _)| (*code).to_owned()).collect();
        assert_eq!(codes, all);
    }
}
