//! The newest audit note that the ledger anchors: how far an auditor has come, and how long ago.
//!
//! Nothing else remembers it, so records are read for it once, a few at a time, and then only new ones.

use klaver_ledger::engine::Reader;
use klaver_ledger::entry::{Body, Statement};
use klaver_ledger::id::Digest;
use klaver_ledger::record::Record;
use klaver_ledger::store::StoreReader;
use klaver_ledger::time::Timestamp;
use std::sync::{Mutex, PoisonError};

/// How many records one look reads: nobody who asks waits longer.
const RECORDS_A_LOOK: usize = 4_096;

/// An audit note as the ledger anchors it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchoredNote {
    /// The entry that anchors it.
    pub index: u64,
    /// How many records it speaks of.
    pub size: u64,
    /// When it was anchored.
    pub recorded_at: Timestamp,
    /// SHA-256 of the note.
    pub document: Digest,
}

/// What is known of audit notes.
#[derive(Default)]
pub(super) struct AuditNotes(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// How many records were read.
    size: u64,
    newest: Option<AnchoredNote>,
}

impl AuditNotes {
    /// Reads what is new, within bounds; returns whether all of it was read.
    pub(super) fn look<R: StoreReader>(&self, reader: &Reader<R>) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for stored in reader.records(seen.size).take(RECORDS_A_LOOK) {
            // Whoever reads records for their own sake says what is damaged.
            let Some(record) = stored.ok().and_then(|stored| Record::decode(&stored.record).ok()) else {
                return true;
            };
            seen.size = record.index + 1;
            if let Body::Attest(attest) = &record.signed.entry().body
                && attest.statement == Statement::AuditNote
            {
                let (index, recorded_at) = (record.index, record.recorded_at);
                let (size, document) = (attest.size, attest.document);
                seen.newest = Some(AnchoredNote { index, size, recorded_at, document });
            }
        }
        seen.size >= reader.head().size
    }

    /// Returns the newest note; `None` when there is none, or not everything was read yet.
    pub(super) fn newest<R: StoreReader>(&self, reader: &Reader<R>) -> Option<AnchoredNote> {
        let is_all = self.look(reader);
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.newest.filter(|_| is_all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::Town;
    use crate::demo::scribe::NoDesk;
    use klaver_ledger::store::memory::MemoryStore;
    use klaver_ledger::time::Day;

    #[test]
    fn the_newest_anchored_note_is_found_also_when_it_comes_later() {
        let town = Town::plan(7, Day(20_779)).unwrap();
        let ledger = town.found(MemoryStore::new()).unwrap();
        let notes = AuditNotes::default();
        assert_eq!(notes.newest(&ledger.reader()), None, "a young ledger has none");
        let ledger = town.play(ledger, &mut NoDesk).unwrap();
        let reader = ledger.reader();
        let found = notes.newest(&reader).unwrap();
        let mut anchored = Vec::new();
        for stored in reader.records(0) {
            let record = Record::decode(&stored.unwrap().record).unwrap();
            if let Body::Attest(attest) = &record.signed.entry().body {
                anchored.push((record.index, attest.size));
            }
        }
        assert_eq!(anchored.len(), 2);
        assert_eq!((found.index, found.size), anchored[1]);
        assert_eq!(notes.newest(&reader), Some(found), "asked again it is the same");
    }
}
