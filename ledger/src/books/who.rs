//! What a refusal names: of which kind each of its values is, and whose signatures an entry still waits for.
//!
//! Programs for people put these into their own language: the sentence of a rejection is one reading of them.

use crate::account::{AccountKind, Rights};
use crate::amount::{Rate, Total};
use crate::entry::Kind;
use crate::id::{AccountId, RequestId};
use crate::keys::PublicKey;
use crate::time::{Deadline, Timestamp};
use std::fmt;

/// What a value of a rejection is, for whoever shows it to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Minor units.
    Amount,
    /// A moment of ISO 8601 in UTC.
    Moment,
    /// A number: of a record, of a line, of things.
    Number,
    /// An account.
    Account,
    /// A public key.
    Key,
    /// A payment request.
    Request,
    /// A kind of account.
    AccountKind,
    /// Kinds of account, with commas between them.
    AccountKinds,
    /// A kind of entry.
    EntryKind,
    /// What a key may do: words with plus signs between them.
    Rights,
    /// Words of the sentence in English, or the name of a field.
    Text,
    /// Whose signatures are missing: [`Who`], which also gives `account` and `right` where it names an account.
    Who,
}

/// A value that a rejection may name.
pub(super) trait Value {
    /// What it is.
    const KIND: ValueKind;
}

macro_rules! values {
    ($($type:ty => $kind:ident),+ $(,)?) => { $(impl Value for $type { const KIND: ValueKind = ValueKind::$kind; })+ };
}

values! {
    Total => Amount,
    Timestamp => Moment,
    Deadline => Moment,
    u64 => Number,
    AccountId => Account,
    PublicKey => Key,
    RequestId => Request,
    AccountKind => AccountKind,
    Kinds => AccountKinds,
    Kind => EntryKind,
    Rights => Rights,
    &'static str => Text,
    OfferedRate => Text,
    Who => Who,
}

/// The kinds of account that may stand somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kinds(pub Vec<AccountKind>);

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|kind| kind.word()).collect();
        f.write_str(&words.join(", "))
    }
}

/// The euro rate that an entry or the policy names, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedRate(pub Option<Rate>);

impl fmt::Display for OfferedRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("none"),
            Some(rate) => write!(f, "{}/{}", rate.numerator(), rate.denominator()),
        }
    }
}

/// Whose signatures an entry still waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody of the council that founds.
    Founders,
    /// The council.
    Council,
    /// Those who may replace the council.
    Rescue,
    /// An auditor.
    Auditor,
    /// An auditor who is not removed by this.
    OtherAuditor,
    /// The guardian that signs with a card.
    Guardian,
    /// A spend key of another organisation's budget or fund.
    OtherOrganisation,
    /// The node and the organisation that issued a card or voucher.
    Issuer,
    /// Keys of an account.
    Account {
        /// The account.
        account: AccountId,
        /// Its kind.
        kind: AccountKind,
        /// What its keys must be allowed.
        right: Rights,
    },
}

impl Who {
    /// Every word, in the order above.
    pub const WORDS: &'static [&'static str] = &[
        "founders",
        "council",
        "rescue",
        "auditor",
        "other_auditor",
        "guardian",
        "other_organisation",
        "issuer",
        "account",
    ];

    /// Returns the stable word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Founders => "founders",
            Self::Council => "council",
            Self::Rescue => "rescue",
            Self::Auditor => "auditor",
            Self::OtherAuditor => "other_auditor",
            Self::Guardian => "guardian",
            Self::OtherOrganisation => "other_organisation",
            Self::Issuer => "issuer",
            Self::Account { .. } => "account",
        }
    }

    /// Returns the values by name: the word, and of an account also which one and what its keys must be allowed.
    pub(super) fn details(&self) -> Vec<(&'static str, String)> {
        let mut values = vec![("who", self.word().to_owned())];
        if let Self::Account { account, right, .. } = self {
            values.extend([("account", account.to_string()), ("right", right.to_string())]);
        }
        values
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Founders => "every member of the council",
            Self::Council => "the council",
            Self::Rescue => "those who may replace the council",
            Self::Auditor => "the auditors",
            Self::OtherAuditor => "another auditor",
            Self::Guardian => "the guardian of the card",
            Self::OtherOrganisation => "a second organisation",
            Self::Issuer => "the node and the organisation that issued it",
            Self::Account { account, kind, right } => {
                return write!(f, "{kind} {account} with the right to {right}");
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_stands_in_the_list() {
        let account =
            Who::Account { account: AccountId([1; 16]), kind: AccountKind::Fund, right: Rights::SPEND };
        let all = [
            Who::Founders,
            Who::Council,
            Who::Rescue,
            Who::Auditor,
            Who::OtherAuditor,
            Who::Guardian,
            Who::OtherOrganisation,
            Who::Issuer,
            account,
        ];
        assert_eq!(all.map(|who| who.word()), Who::WORDS);
        let names: Vec<&str> = account.details().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["who", "account", "right"]);
    }
}
