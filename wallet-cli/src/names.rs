//! Names that stand for accounts and keys: those of the wallet itself, and those that a page showed.

use crate::output::harmless;
use klaver_keystore::KeyInfo;
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::PublicKey;
use std::collections::HashMap;

/// How much of a key is shown beside or instead of its name.
const KEY_DIGITS: usize = 8;

/// How much of an account's id is shown beside its name.
const ACCOUNT_LETTERS: usize = 12;

/// Names of accounts and keys.
#[derive(Clone, Debug, Default)]
pub struct Names {
    accounts: HashMap<AccountId, String>,
    keys: HashMap<PublicKey, String>,
}

impl Names {
    /// Returns the names that the wallet itself has.
    pub fn of(keys: &[KeyInfo]) -> Self {
        let account = |key: &KeyInfo| Some((key.purpose.account()?, key.name.clone()));
        Self {
            accounts: keys.iter().filter_map(account).collect(),
            keys: keys.iter().map(|key| (key.public_key, key.name.clone())).collect(),
        }
    }

    /// Adds a name for an account, in the place of an older one.
    pub fn name(&mut self, account: AccountId, name: impl Into<String>) {
        self.accounts.insert(account, name.into());
    }

    /// Returns an account as people read it: its name with the beginning of its id, or the whole id.
    pub fn account(&self, id: &AccountId) -> String {
        let text = id.to_string();
        match self.accounts.get(id) {
            Some(name) => format!("{} ({}…)", harmless(name), &text[..ACCOUNT_LETTERS]),
            None => text,
        }
    }

    /// Returns a key as people read it: its beginning, after its name if the wallet holds it.
    pub fn key(&self, key: &PublicKey) -> String {
        let short = short_key(&key.to_string());
        match self.keys.get(key) {
            Some(name) => format!("{} ({short})", harmless(name)),
            None => short,
        }
    }

    /// Returns a key that somebody is about to give a right to: all of it, unless the wallet holds it itself.
    pub fn whole_key(&self, key: &PublicKey) -> String {
        if self.keys.contains_key(key) { self.key(key) } else { key.to_string() }
    }

    /// Returns the key in hexadecimal digits as people read it; what is no key stays as it came.
    pub fn key_text(&self, text: &str) -> String {
        PublicKey::from_hex(text).map_or_else(|_| harmless(text), |key| self.key(&key))
    }
}

/// Returns the beginning of a key.
fn short_key(text: &str) -> String {
    format!("{}…", text.chars().take(KEY_DIGITS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_keystore::Purpose;
    use klaver_ledger::keys::SigningKey;

    #[test]
    fn own_keys_and_accounts_have_names_and_others_their_id() {
        let key = |seed| PublicKey::of(&SigningKey::from_bytes(&[seed; 32]));
        let account = AccountId([4; 16]);
        let own = KeyInfo {
            name: "bakker".into(),
            public_key: key(1),
            purpose: Purpose::Account(account),
            ledger: None,
            node: None,
        };
        let mut names = Names::of(&[own]);
        assert_eq!(names.account(&account), format!("bakker ({}…)", &account.to_string()[..12]));
        assert_eq!(names.account(&AccountId([5; 16])), AccountId([5; 16]).to_string());
        let text = key(1).to_string();
        assert_eq!(names.key_text(&text), format!("bakker ({}…)", &text[..8]));
        assert_eq!(names.key(&key(2)), format!("{}…", &key(2).to_string()[..8]));
        assert_eq!(names.key_text("geen\u{1b}sleutel"), "geen\u{fffd}sleutel");
        names.name(account, "De Korenaar");
        assert!(names.account(&account).starts_with("De Korenaar ("));
    }
}
