//! The counters of the day, as anybody was shown them.

use super::{Community, Table};
use serde::{Deserialize, Serialize};

/// What was shown on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountersRow {
    /// The day, counted from 1970 in UTC.
    pub day: u64,
    /// At least so many people take part.
    pub people: Option<u64>,
    /// At least so many whole units were given out.
    pub given: Option<u64>,
}

impl Community {
    /// Returns what was shown last.
    pub fn counters(&self) -> Option<CountersRow> {
        self.state().counters
    }

    /// Keeps what is shown now, in the place of what was.
    pub fn keep_counters(&self, row: CountersRow) {
        self.state().counters = Some(row);
        // Nobody waits for it: where it cannot be kept, a start looks once more.
        drop(self.put(Table::Counters, &[], &row));
    }
}
