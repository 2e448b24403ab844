//! Memos: the sentence beside an entry, for the two parties only.

use super::{Community, Table};
use klaver_ledger::entry::memo::Memo;
use serde::{Deserialize, Serialize};

/// A memo, by the index of its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoRow {
    /// The salt that hides it.
    pub salt: [u8; 16],
    /// The text.
    pub text: String,
}

impl MemoRow {
    /// Returns the row of `memo`.
    pub fn of(memo: &Memo) -> Self {
        Self { salt: memo.salt, text: memo.text().to_owned() }
    }

    /// Returns the memo, which was checked when it came.
    pub fn to_memo(&self) -> Option<Memo> {
        Memo::new(self.salt, &self.text).ok()
    }
}

impl Community {
    /// Keeps the memo of record `index`; the first one stays.
    pub fn add_memo(&self, index: u64, memo: &Memo) -> super::keep::Written {
        let row = MemoRow::of(memo);
        let mut state = self.state();
        let row = state.memos.entry(index).or_insert(row).clone();
        self.put(Table::Memo, &index.to_be_bytes(), &row)
    }

    /// Returns the memo of record `index`, as long as it is kept.
    pub fn memo(&self, index: u64) -> Option<Memo> {
        self.state().memos.get(&index)?.to_memo()
    }
}
