//! Accounts as JSON.

use crate::text::{self, FieldError};
use klaver_ledger::account::{AccountKind, AccountState, KeyGrant, Rights};
use klaver_ledger::amount::Scale;
use klaver_ledger::id::OrganisationId;
use serde::{Deserialize, Serialize};

/// A key of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyJson {
    /// The Ed25519 public key, in hexadecimal.
    pub key: String,
    /// What it may do: `spend`, `refund`, `redeem`, `manage`.
    pub rights: Vec<String>,
    /// When it ends.
    #[serde(default)]
    pub until: Option<String>,
    /// The most it may debit in one entry.
    #[serde(default)]
    pub cap: Option<String>,
}

/// Everything that an `open` or `change` says of an account; always complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountStateJson {
    /// The account.
    pub account: String,
    /// Its kind: `budget`, `member`, `merchant`, `fund`, `card`, `voucher`, `settlement`, `partner`.
    pub kind: String,
    /// Its keys.
    pub keys: Vec<KeyJson>,
    /// How many keys with the right must sign.
    pub threshold: u64,
    /// How far below zero it may go; of a budget, its cap.
    pub limit: String,
    /// How far above zero it may go.
    #[serde(default)]
    pub ceiling: Option<String>,
    /// The organisation it belongs to.
    #[serde(default)]
    pub organisation: Option<String>,
    /// The account that inherits its balance.
    #[serde(default)]
    pub heir: Option<String>,
    /// When a voucher starts to move only to its heir, or a budget to issue no more.
    #[serde(default)]
    pub until: Option<String>,
    /// If given, only these accounts may be credited from it.
    #[serde(default)]
    pub payees: Option<Vec<String>>,
}

/// Why nothing can be given from a budget now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CannotGive {
    /// The moment that it had until has passed.
    Ended,
    /// All of it was given.
    Spent,
    /// The account is at rest.
    Resting,
    /// The account is closed.
    Closed,
}

/// An account as its own keys, the council, or an auditor may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AccountJson {
    /// Its state in force.
    pub state: AccountStateJson,
    /// `open`, `frozen` (at rest) or `closed`.
    pub status: String,
    /// Index of the entry that made this state: what a `change` names as `base`.
    pub base: u64,
    /// The sum of its debits; `null` when the session may not see balances of this account.
    pub debits: Option<String>,
    /// The sum of its credits.
    pub credits: Option<String>,
    /// Credits less debits.
    pub balance: Option<String>,
    /// What may still leave it: the balance and the limit together, never below zero; nothing of a budget that has ended,
    /// rests or is closed.
    pub available: Option<String>,
    /// Of a budget from which nothing can be given now, why; to whoever may see its balance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cannot_give: Option<CannotGive>,
    /// How many lines it has.
    pub lines: u64,
    /// Index of the newest record with a line of it.
    pub last_line: Option<u64>,
    /// Where its balance went, once closed.
    pub closed_to: Option<String>,
    /// A change or close that waits.
    pub pending: Option<PendingJson>,
    /// Its name, if the community keeps one.
    pub name: Option<String>,
    /// Since when each of its keys belongs to it, as far as this ledger tells; to its own keys, of one account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys_since: Vec<KeySince>,
}

/// Since when a key belongs to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct KeySince {
    /// The key.
    pub key: String,
    /// When the entry that gave it was recorded.
    pub since: String,
}

/// A change that takes effect later, unless somebody vetoes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PendingJson {
    /// Index of the entry: what a `veto` names.
    pub index: u64,
    /// When it takes effect.
    pub effective_at: String,
    /// Whether a veto can still stop it.
    pub vetoable: bool,
    /// `change`, or `close`, which is recorded once more then.
    pub what: String,
    /// The state that comes; absent for a close.
    #[serde(default)]
    pub state: Option<AccountStateJson>,
}

/// Accounts that a session may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AccountPage {
    /// The accounts, by id.
    pub accounts: Vec<AccountJson>,
    /// Where the next page starts; `null` on the last one.
    pub next: Option<String>,
}

/// Returns the words of `rights`.
pub fn rights_to_words(rights: Rights) -> Vec<String> {
    rights.to_string().split('+').map(str::to_owned).collect()
}

/// Reads the words of rights.
///
/// # Errors
/// For a word that is no right, and for none at all.
pub fn rights_from_words(words: &[String]) -> Result<Rights, FieldError> {
    let wrong = |word: &str| {
        FieldError::new("rights", word, "a key has one or more of the rights spend, refund, redeem, manage")
    };
    let mut rights: Option<Rights> = None;
    for word in words {
        let right = match word.as_str() {
            "spend" => Rights::SPEND,
            "refund" => Rights::REFUND,
            "redeem" => Rights::REDEEM,
            "manage" => Rights::MANAGE,
            other => return Err(wrong(other)),
        };
        rights = Some(rights.map_or(right, |held| held.and(right)));
    }
    rights.ok_or_else(|| wrong(""))
}

impl KeyJson {
    /// Returns the twin of `grant`.
    pub fn of(grant: &KeyGrant, scale: Scale) -> Self {
        Self {
            key: grant.key.to_string(),
            rights: rights_to_words(grant.rights),
            until: grant.until.map(|until| until.to_string()),
            cap: grant.cap.map(|cap| text::decimal(cap, scale)),
        }
    }

    /// Returns the grant it stands for.
    ///
    /// # Errors
    /// Names the first field that does not hold what belongs there.
    pub fn to_grant(&self, scale: Scale) -> Result<KeyGrant, FieldError> {
        Ok(KeyGrant {
            key: text::key("key", &self.key)?,
            rights: rights_from_words(&self.rights)?,
            until: self.until.as_deref().map(|until| text::deadline("until", until)).transpose()?,
            cap: self.cap.as_deref().map(|cap| text::amount("cap", cap, scale)).transpose()?,
        })
    }
}

impl AccountStateJson {
    /// Returns the twin of `state`.
    pub fn of(state: &AccountState, scale: Scale) -> Self {
        Self {
            account: state.account.to_string(),
            kind: state.kind.word().to_owned(),
            keys: state.keys.iter().map(|grant| KeyJson::of(grant, scale)).collect(),
            threshold: state.threshold,
            limit: text::decimal(state.limit, scale),
            ceiling: state.ceiling.map(|ceiling| text::decimal(ceiling, scale)),
            organisation: state.organisation.map(|organisation| organisation.to_hex()),
            heir: state.heir.map(|heir| heir.to_string()),
            until: state.until.map(|until| until.to_string()),
            payees: state.payees.as_ref().map(|payees| payees.iter().map(ToString::to_string).collect()),
        }
    }

    /// Returns the state it stands for.
    ///
    /// # Errors
    /// Names the first field that does not hold what belongs there.
    pub fn to_state(&self, scale: Scale) -> Result<AccountState, FieldError> {
        let kind = AccountKind::from_word(&self.kind).ok_or_else(|| {
            let words: Vec<&str> = AccountKind::ALL.iter().map(|kind| kind.word()).collect();
            FieldError::new("kind", &self.kind, format!("one of {} belongs here", words.join(", ")))
        })?;
        let total = |field, value: &str| text::total(field, value, scale);
        let payees = self.payees.as_ref().map(|payees| {
            payees.iter().map(|payee| text::account("payees", payee)).collect::<Result<Vec<_>, _>>()
        });
        Ok(AccountState {
            account: text::account("account", &self.account)?,
            kind,
            keys: self.keys.iter().map(|key| key.to_grant(scale)).collect::<Result<_, _>>()?,
            threshold: self.threshold,
            limit: total("limit", &self.limit)?,
            ceiling: self.ceiling.as_deref().map(|ceiling| total("ceiling", ceiling)).transpose()?,
            organisation: self
                .organisation
                .as_deref()
                .map(|id| text::from_hex("organisation", id, OrganisationId::from_hex))
                .transpose()?,
            heir: self.heir.as_deref().map(|heir| text::account("heir", heir)).transpose()?,
            until: self.until.as_deref().map(|until| text::deadline("until", until)).transpose()?,
            payees: payees.transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::amount::{Amount, Total};
    use klaver_ledger::id::AccountId;
    use klaver_ledger::keys::{PublicKey, SigningKey};
    use klaver_ledger::time::Deadline;

    #[test]
    fn a_state_survives_the_way_through_json() {
        let scale = Scale::new(2).unwrap();
        let state = AccountState {
            account: AccountId([3; 16]),
            kind: AccountKind::Fund,
            keys: vec![KeyGrant {
                key: PublicKey::of(&SigningKey::from_bytes(&[5; 32])),
                rights: Rights::SPEND.and(Rights::MANAGE),
                until: Deadline::from_seconds(1_800_000_000),
                cap: Some(Amount::new(1_250).unwrap()),
            }],
            threshold: 1,
            limit: Total::ZERO,
            ceiling: Some(Total::new(99).unwrap()),
            organisation: Some(OrganisationId([9; 16])),
            heir: Some(AccountId([4; 16])),
            until: None,
            payees: Some(vec![AccountId([5; 16])]),
        };
        let json = serde_json::to_string(&AccountStateJson::of(&state, scale)).unwrap();
        let twin: AccountStateJson = serde_json::from_str(&json).unwrap();
        assert_eq!(twin.to_state(scale), Ok(state));
    }

    #[test]
    fn rights_are_words() {
        let words = |rights: &[&str]| rights.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(rights_from_words(&words(&["refund", "spend"])), Ok(Rights::SPEND.and(Rights::REFUND)));
        assert!(rights_from_words(&[]).is_err());
        assert!(rights_from_words(&words(&["everything"])).is_err());
        for bits in 1..=15 {
            let rights = Rights::from_bits(bits).unwrap();
            assert_eq!(rights_from_words(&rights_to_words(rights)), Ok(rights));
        }
    }
}
