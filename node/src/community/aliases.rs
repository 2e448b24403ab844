//! Own codes: names that lead to an account's pay page. A replaced one is remembered, so that old paper says so.

use super::keep::{KeepError, on_disk};
use super::{Community, Table, key};
use klaver_ledger::id::AccountId;
use klaver_ledger::limits::DAY_SECONDS;
use serde::{Deserialize, Serialize};

/// Most replaced codes of one account that are remembered; the oldest is forgotten for a newer one.
pub const REPLACED_MAX: usize = 20;
/// How long a replaced code is remembered, in seconds: a year, as long as a printed one may hang somewhere.
pub const REPLACED_SECONDS: u64 = 365 * DAY_SECONDS;

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

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::id::LedgerId;

    const LEDGER: LedgerId = LedgerId([1; 32]);

    fn row(account: u8, words: Option<&str>) -> AliasRow {
        AliasRow { account: [account; 16], words: words.map(str::to_owned), replaced: None }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_code_became_is_there_after_a_restart_and_forgotten_after_a_year() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        community.set_alias("old".to_owned(), row(1, Some("An")), 1_000).await.unwrap();
        community.set_alias("other".to_owned(), row(2, None), 1_000).await.unwrap();
        community.set_alias("new".to_owned(), row(1, Some("An")), 2_000).await.unwrap();
        drop(community);
        let community = Community::open(root.path(), &LEDGER).unwrap();
        assert_eq!(community.alias_of(&AccountId([1; 16])), Some(("new".to_owned(), row(1, Some("An")))));
        assert_eq!(community.alias("other"), Some(row(2, None)));
        assert_eq!(community.alias("old"), Some(AliasRow { replaced: Some(2_000), ..row(1, None) }));
        community.erase_ended(2_000 + REPLACED_SECONDS);
        assert!(community.alias("old").is_some());
        community.erase_ended(2_001 + REPLACED_SECONDS);
        assert_eq!(community.alias("old"), None);
        assert!(community.alias("new").is_some());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn so_many_replaced_codes_are_remembered_and_no_more() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        for number in 0..=REPLACED_MAX as u64 + 1 {
            community.set_alias(format!("code-{number}"), row(1, None), number).await.unwrap();
        }
        assert_eq!(community.alias("code-0"), None, "the oldest made room");
        assert!(community.alias("code-1").is_some_and(|row| row.replaced == Some(2)));
        assert_eq!(community.state().aliases.len(), REPLACED_MAX + 1);
    }
}
