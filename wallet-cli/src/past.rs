//! What a wallet remembers of a community beyond its newest seal: the charters it followed, keys that signed before, the
//! ledger before and after, and what its accounts had.
//!
//! It is a part of the community's file, in plain JSON, so that another wallet can write and read the same.

use klaver_ledger::id::{Digest, LedgerId};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::key::VerifierKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is remembered. All of it may be missing in the file of an older program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Past {
    /// Index of the entry that made the newest charter this wallet has followed; no node may show an older one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charter_base: Option<u64>,
    /// Keys that signed the log before, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub former_keys: Vec<FormerKey>,
    /// The ledger that this one continues, as this wallet has checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Before>,
    /// The ledger that continues this one, as this wallet has checked: 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// What own accounts had when they were looked at last.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub balances: BTreeMap<String, Known>,
    /// Own accounts whose balance was shown to have come over from the predecessor.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub came_over: Vec<String>,
}

/// A key that signed the log before the charter named another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerKey {
    /// The verifier key.
    pub log_key: String,
    /// How many records there were when another key was first seen: what it signs beyond that is forged. 0 until then.
    pub size: u64,
}

/// The ledger before this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Its id, 64 hexadecimal digits.
    pub ledger: String,
    /// SHA-256 of its closing snapshot.
    pub snapshot: String,
    /// What binds the snapshot and the share of each account.
    pub closing: String,
}

/// What an account had at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Credits less debits, in minor units.
    pub balance_minor: i64,
    /// How many lines it had.
    pub lines: u64,
}

impl Past {
    /// Returns the ledger that continues this one.
    pub fn successor(&self) -> Option<LedgerId> {
        self.successor.as_deref().and_then(LedgerId::from_hex)
    }

    /// Returns this with what follows from `old`: the ledger before, and what accounts had there that have not come over
    /// yet. What was learned of the ledger itself stays.
    pub fn continuing(self, old: &Self, before: Before, charter_base: u64) -> Self {
        let came_over = |account: &String| self.came_over.contains(account);
        let own = self.balances.iter().filter(|(account, _)| came_over(account));
        let others = old.balances.iter().filter(|(account, _)| !came_over(account));
        let balances = own.chain(others).map(|(account, known)| (account.clone(), *known)).collect();
        let charter_base = self.charter_base.max(Some(charter_base));
        Self { predecessor: Some(before), balances, charter_base, ..self }
    }

    /// Returns the keys that signed before, with how far each counts.
    pub fn former_keys(&self) -> impl Iterator<Item = (VerifierKey, u64)> + '_ {
        self.former_keys.iter().filter_map(|former| Some((former.log_key.parse().ok()?, former.size)))
    }

    /// Returns whether a key that signs no more has signed `seen` after it was replaced.
    pub fn is_forged(&self, seen: &SignedCheckpoint) -> bool {
        let signed = |key: &VerifierKey| seen.note().signatures().iter().any(|line| line.is_by(key));
        self.former_keys().any(|(key, size)| size < seen.checkpoint().size && signed(&key))
    }
}

impl Before {
    /// Returns the digests of snapshot and closing.
    pub fn digests(&self) -> Option<(Digest, Digest)> {
        Some((Digest::from_hex(&self.snapshot)?, Digest::from_hex(&self.closing)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn had(accounts: &[(&str, i64)]) -> BTreeMap<String, Known> {
        let known =
            |&(account, balance_minor): &(&str, i64)| (account.to_owned(), Known { balance_minor, lines: 1 });
        accounts.iter().map(known).collect()
    }

    #[test]
    fn what_was_learned_of_a_ledger_stays_when_it_turns_out_to_continue_another() {
        let before = Before { ledger: "01".into(), snapshot: "02".into(), closing: "03".into() };
        let former = FormerKey { log_key: "a key".into(), size: 7 };
        let joined = Past {
            charter_base: Some(9),
            former_keys: vec![former.clone()],
            successor: Some("04".into()),
            balances: had(&[("noor", 5), ("mia", 6)]),
            came_over: vec!["noor".into()],
            predecessor: None,
        };
        let old = Past { balances: had(&[("noor", 1), ("mia", 2), ("jef", 3)]), ..Past::default() };
        let past = joined.clone().continuing(&old, before.clone(), 4);
        assert_eq!(past.charter_base, Some(9), "no older charter is believed");
        assert_eq!((past.former_keys, past.successor), (vec![former], Some("04".into())));
        assert_eq!(past.came_over, ["noor"]);
        // What has come over is what was seen since; the rest is held against what the old ledger had.
        assert_eq!(past.balances, had(&[("noor", 5), ("mia", 2), ("jef", 3)]));
        assert_eq!(past.predecessor, Some(before.clone()));
        assert_eq!(Past::default().continuing(&old, before, 4).charter_base, Some(4));
    }
}
