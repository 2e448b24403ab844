//! Which auditor read the records, and when: whoever looks at everybody is looked at too.

use super::keep::{KeepError, on_disk};
use super::{Community, Table};
use serde::{Deserialize, Serialize};

/// One reading of records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRow {
    /// When, in seconds since 1970 UTC.
    pub at: u64,
    /// The auditor's key, in hexadecimal.
    pub auditor: String,
    /// From which record on.
    pub from: u64,
    /// How many records there were.
    pub size: u64,
}

impl Community {
    /// Notes an access, durably, before it is granted.
    ///
    /// # Errors
    /// When that cannot be kept: then nothing may be read.
    pub async fn log_access(&self, row: AccessRow) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let number = state.accesses.keys().max().map_or(0, |newest| newest + 1);
            let written = self.put(Table::Access, &number.to_be_bytes(), &row);
            state.accesses.insert(number, row);
            written
        };
        on_disk(written).await
    }

    /// Returns the accesses that are kept, oldest first.
    pub fn accesses(&self) -> Vec<AccessRow> {
        let state = self.state();
        let mut rows: Vec<_> = state.accesses.iter().collect();
        rows.sort_by_key(|(number, _)| **number);
        rows.into_iter().map(|(_, row)| row.clone()).collect()
    }
}
