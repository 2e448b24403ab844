//! Own codes: names that lead to an account's pay page. A replaced one is remembered, so that old paper says so.

use super::keep::{KeepError, on_disk};
use super::{Community, Table, key};
use klaver_ledger::id::AccountId;
use serde::{Deserialize, Serialize};

/// Most replaced codes of one account that are remembered; the oldest is forgotten for a newer one.
pub const REPLACED_MAX: usize = 20;
/// How long a replaced code is remembered, in seconds: a year, as long as a printed one may hang somewhere.
pub const REPLACED_SECONDS: u64 = 365 * 86_400;

/// What a code leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasRow {
    /// The account.
    pub account: [u8; 16],
    /// What whoever opens it reads, in the owner's words.
    pub words: Option<String>,
    /// When another code took its place, in seconds since 1970 UTC: it leads nowhere since.
    pub replaced: Option<u64>,
}

impl Community {
    /// Returns what a code leads to, or that it was replaced.
    pub fn alias(&self, alias: &str) -> Option<AliasRow> {
        self.state().aliases.get(alias).cloned()
    }

    /// Returns the code of an account that is in force.
    pub fn alias_of(&self, account: &AccountId) -> Option<(String, AliasRow)> {
        let state = self.state();
        let own = |(_, row): &(&String, &AliasRow)| row.account == account.0 && row.replaced.is_none();
        state.aliases.iter().find(own).map(|(alias, row)| (alias.clone(), row.clone()))
    }

    /// Gives an account a code, or other words to the one it has. Any other code of the account is replaced by it.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_alias(&self, alias: String, row: AliasRow, now_seconds: u64) -> Result<(), KeepError> {
        let written = {
            let state = &mut *self.state();
            let mut changes = Vec::new();
            let is_older = |name: &String, other: &AliasRow| other.account == row.account && *name != alias;
            for (name, other) in state.aliases.iter_mut().filter(|(name, other)| is_older(name, other)) {
                if other.replaced.is_none() {
                    // What it said goes with it.
                    *other = AliasRow { words: None, replaced: Some(now_seconds), ..other.clone() };
                    changes.push((key(Table::Alias, name.as_bytes()), Some(super::to_json(other))));
                }
            }
            let replaced = state.aliases.iter().filter(|(name, other)| is_older(name, other));
            let mut oldest: Vec<_> = replaced.map(|(name, other)| (other.replaced, name.clone())).collect();
            oldest.sort();
            for (_, name) in oldest.iter().take(oldest.len().saturating_sub(REPLACED_MAX)) {
                state.aliases.remove(name);
                changes.push((key(Table::Alias, name.as_bytes()), None));
            }
            changes.push((key(Table::Alias, alias.as_bytes()), Some(super::to_json(&row))));
            state.aliases.insert(alias, row);
            self.keep.write(changes)
        };
        on_disk(written).await
    }
}
