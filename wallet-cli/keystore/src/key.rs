//! A key in the wallet file: what anybody may read of it.

use klaver_ledger::id::{AccountId, LedgerId};
use klaver_ledger::keys::{PublicKey, SigningKey};
use serde::{Deserialize, Serialize};

/// Most characters of a key's name.
pub const NAME_CHARACTERS_MAX: usize = 64;

/// What a key is for. A person uses several keys: those of accounts and of offices never mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Not in use yet.
    Spare,
    /// A key of this account.
    Account(AccountId),
    /// A key of the council.
    Council,
    /// A key that may replace the council.
    Rescue,
    /// A key of an auditor.
    Auditor,
}

impl Purpose {
    /// Returns the account, when the key is one of an account.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account(account) => Some(*account),
            _ => None,
        }
    }

    /// Returns the word for it: `spare`, `account`, `council`, `rescue` or `auditor`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Spare => "spare",
            Self::Account(_) => "account",
            Self::Council => "council",
            Self::Rescue => "rescue",
            Self::Auditor => "auditor",
        }
    }
}

/// The public part of a key; readable without the passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// What its owner calls it; unique in the file.
    pub name: String,
    /// Its public half.
    pub public_key: PublicKey,
    /// What it is for.
    pub purpose: Purpose,
    /// The ledger it is used in.
    pub ledger: Option<LedgerId>,
    /// Address of that ledger's node, such as `https://klaver.example`.
    pub node: Option<String>,
}

/// A key to put into the file.
pub struct NewKey {
    /// What its owner calls it.
    pub name: String,
    /// The key.
    pub key: SigningKey,
    /// What it is for.
    pub purpose: Purpose,
    /// The ledger it is used in.
    pub ledger: Option<LedgerId>,
    /// Address of that ledger's node.
    pub node: Option<String>,
}

impl NewKey {
    /// Returns a new key from the operating system's randomness, not in use yet.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn generate(name: impl Into<String>) -> Result<Self, getrandom::Error> {
        let mut seed = zeroize::Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut())?;
        let key = SigningKey::from_bytes(&seed);
        Ok(Self { name: name.into(), key, purpose: Purpose::Spare, ledger: None, node: None })
    }

    /// Returns its public part.
    pub fn info(&self) -> KeyInfo {
        KeyInfo {
            name: self.name.clone(),
            public_key: PublicKey::of(&self.key),
            purpose: self.purpose,
            ledger: self.ledger,
            node: self.node.clone(),
        }
    }
}

/// The public part of a key as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyLine {
    name: String,
    public_key: String,
    purpose: String,
    account: Option<String>,
    ledger: Option<String>,
    node: Option<String>,
}

impl From<&KeyInfo> for KeyLine {
    fn from(info: &KeyInfo) -> Self {
        Self {
            name: info.name.clone(),
            public_key: info.public_key.to_string(),
            purpose: info.purpose.word().to_owned(),
            account: info.purpose.account().map(|account| account.to_string()),
            ledger: info.ledger.map(|ledger| ledger.to_hex()),
            node: info.node.clone(),
        }
    }
}

impl TryFrom<&KeyLine> for KeyInfo {
    /// Name of the field that makes no sense.
    type Error = &'static str;

    fn try_from(line: &KeyLine) -> Result<Self, &'static str> {
        let account = match &line.account {
            Some(text) => Some(AccountId::parse(text).map_err(|_| "account")?),
            None => None,
        };
        let purpose = match (line.purpose.as_str(), account) {
            ("account", Some(account)) => Purpose::Account(account),
            ("spare", None) => Purpose::Spare,
            ("council", None) => Purpose::Council,
            ("rescue", None) => Purpose::Rescue,
            ("auditor", None) => Purpose::Auditor,
            _ => return Err("purpose"),
        };
        let ledger = match &line.ledger {
            Some(text) => Some(LedgerId::from_hex(text).ok_or("ledger")?),
            None => None,
        };
        Ok(Self {
            name: line.name.clone(),
            public_key: PublicKey::from_hex(&line.public_key).map_err(|_| "public_key")?,
            purpose,
            ledger,
            node: line.node.clone(),
        })
    }
}
