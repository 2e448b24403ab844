//! The names by which accounts are shown.

use super::keep::{KeepError, on_disk};
use super::{Community, Table};
use klaver_ledger::entry::cbor::is_invisible;
use klaver_ledger::id::AccountId;
use serde::{Deserialize, Serialize};

/// Longest name or address, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 80;

/// A name, and whether anybody may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRow {
    /// The name.
    pub name: String,
    /// Whether it is listed.
    pub listed: bool,
    /// Where it is, as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where it is, in millionths of a degree: latitude and longitude.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<(i32, i32)>,
}

/// Returns whether there is such a place on the earth, in millionths of a degree.
pub fn is_on_earth((latitude, longitude): (i32, i32)) -> bool {
    latitude.unsigned_abs() <= 90_000_000 && longitude.unsigned_abs() <= 180_000_000
}

/// Returns why a name or an address cannot be shown; `None` when it can.
pub fn fault_of_name(name: &str) -> Option<String> {
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX {
        return Some(format!("1 to {NAME_BYTES_MAX} bytes of UTF-8 belong here: shorten it"));
    }
    let bad = name.chars().find(|c| is_invisible(*c))?;
    Some(format!("the character U+{:04X} cannot be seen: remove it", u32::from(bad)))
}

impl Community {
    /// Sets the name of an account, or removes it.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_profile(&self, account: AccountId, row: Option<ProfileRow>) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            match row {
                Some(row) => {
                    let written = self.put(Table::Profile, &account.0, &row);
                    state.profiles.insert(account, row);
                    written
                }
                None => {
                    state.profiles.remove(&account);
                    self.delete(Table::Profile, &account.0)
                }
            }
        };
        on_disk(written).await
    }

    /// Returns the name of an account.
    pub fn profile(&self, account: &AccountId) -> Option<ProfileRow> {
        self.state().profiles.get(account).cloned()
    }

    /// Returns the name of an account that anybody may see.
    pub fn listed_name(&self, account: &AccountId) -> Option<String> {
        self.profile(account).filter(|row| row.listed).map(|row| row.name)
    }

    /// Returns where an account is, as people write it, when anybody may see it.
    pub fn listed_address(&self, account: &AccountId) -> Option<String> {
        self.profile(account).filter(|row| row.listed).and_then(|row| row.address)
    }

    /// Returns everybody who is listed.
    pub fn listed(&self) -> Vec<(AccountId, ProfileRow)> {
        let state = self.state();
        let listed = state.profiles.iter().filter(|(_, row)| row.listed);
        listed.map(|(account, row)| (*account, row.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_on_the_earth() {
        assert!(is_on_earth((50_850_000, 4_350_000)) && is_on_earth((-90_000_000, 180_000_000)));
        assert!(
            !is_on_earth((90_000_001, 0)) && !is_on_earth((0, -180_000_001)) && !is_on_earth((i32::MIN, 0))
        );
    }

    #[test]
    fn a_name_can_be_seen() {
        assert_eq!(fault_of_name("Bakkerij Van Damme"), None);
        for wrong in ["", "  ", "a\u{202E}b", "a\nb", &"x".repeat(81)] {
            assert!(fault_of_name(wrong).is_some(), "{wrong:?}");
        }
    }
}
