//! How shops take credits at their tills.

use super::keep::{KeepError, on_disk};
use super::{Community, Table};
use klaver_api::till::Part;
use klaver_ledger::id::AccountId;
use serde::{Deserialize, Serialize};

/// How a shop takes credits; amounts in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillRow {
    /// Which part of a price is asked for in credits.
    pub part: Part,
    /// Most credits of one bill.
    pub bill_most: Option<u64>,
    /// Most credits of one calendar month.
    pub month_most: Option<u64>,
    /// Whether it takes nothing for a while.
    pub paused: bool,
    /// The small free services that it offers to anybody, by their pictures.
    #[serde(default)]
    pub services: Vec<String>,
}

impl Community {
    /// Sets how an account takes credits.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_till(&self, account: AccountId, row: TillRow) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let written = self.put(Table::Till, &account.0, &row);
            state.tills.insert(account, row);
            written
        };
        on_disk(written).await
    }

    /// Returns how an account takes credits: as they come, unless it said otherwise.
    pub fn till(&self, account: &AccountId) -> TillRow {
        self.state().tills.get(account).cloned().unwrap_or_default()
    }
}
