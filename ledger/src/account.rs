//! What an account is: its kind, its keys and their rights, its bounds.

use crate::amount::{Amount, Total};
use crate::id::{AccountId, OrganisationId};
use crate::keys::PublicKey;
use crate::time::{Deadline, Timestamp};
use std::fmt;

macro_rules! numbered {
    // A long list, one row for each value.
    ($(#[$doc:meta])* $name:ident { $($item:ident = $number:literal $word:literal: $item_doc:literal,)+ }) => {
        $crate::account::numbered! { $(#[$doc])* $name { $(#[doc = $item_doc] $item = $number $word,)+ } }
    };
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $number:literal $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$item_doc])* $item = $number,)+ }

        impl $name {
            /// Every value, in the order of its number on the wire.
            pub const ALL: &'static [Self] = &[$(Self::$item),+];

            /// Returns the number on the wire.
            pub fn number(self) -> u64 {
                self as u64
            }

            /// Returns the value with this number on the wire.
            pub fn from_number(number: u64) -> Option<Self> {
                match number { $($number => Some(Self::$item),)+ _ => None }
            }

            /// Returns the word that stands for it in JSON, on the command line and in the documentation.
            pub fn word(self) -> &'static str {
                match self { $(Self::$item => $word,)+ }
            }

            /// Reads that word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$item),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}
pub(crate) use numbered;

numbered! {
    /// The kinds of account. What each may do to whom stands in the chart of accounts.
    AccountKind {
        /// An issuing account of a place: one for each funder and decision.
        Budget = 1 "budget",
        /// A person's account.
        Member = 2 "member",
        /// A shop or association that accepts credits.
        Merchant = 3 "merchant",
        /// A pot: suspended consumptions, solidarity, heirs.
        Fund = 4 "fund",
        /// A printed card; its holder and the guardian sign together.
        Card = 5 "card",
        /// A printed bearer voucher; also a wallet's own purse for payments without network.
        Voucher = 6 "voucher",
        /// The one account that redeemed credits move to.
        Settlement = 7 "settlement",
        /// Another community (federation, reserved).
        Partner = 8 "partner",
    }
}

numbered! {
    /// Whether an account may be debited by its own keys.
    AccountStatus {
        /// In use.
        Open = 1 "open",
        /// At rest: nothing leaves it, credits still arrive.
        Frozen = 2 "frozen",
    }
}

/// The rights of a key, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rights(u8);

impl Rights {
    /// Pay, earn, hand out.
    pub const SPEND: Self = Self(1);
    /// Give back a payment that was received.
    pub const REFUND: Self = Self(2);
    /// Ask to be paid out.
    pub const REDEEM: Self = Self(4);
    /// Change, close, veto.
    pub const MANAGE: Self = Self(8);
    /// Everything.
    pub const ALL: Self = Self(15);

    /// Returns the rights of these bits, at least one and none beyond the four.
    pub fn from_bits(bits: u64) -> Option<Self> {
        u8::try_from(bits).ok().filter(|bits| (1..=15).contains(bits)).map(Self)
    }

    /// Returns the bits.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Returns whether every right of `other` is among these.
    pub fn include(self, other: Rights) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns these rights and those of `other`.
    pub fn and(self, other: Rights) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::SPEND, "spend"),
            (Self::REFUND, "refund"),
            (Self::REDEEM, "redeem"),
            (Self::MANAGE, "manage"),
        ];
        let held: Vec<&str> =
            names.iter().filter(|(right, _)| self.include(*right)).map(|(_, name)| *name).collect();
        f.write_str(&held.join("+"))
    }
}

/// A key of an account, with what it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyGrant {
    /// The key.
    pub key: PublicKey,
    /// What it may do.
    pub rights: Rights,
    /// When it ends; `None` for never.
    pub until: Option<Deadline>,
    /// The most it may debit from the account in one entry; `None` for no cap of its own.
    pub cap: Option<Amount>,
}

impl KeyGrant {
    /// Returns whether the key still counts at `now`.
    pub fn counts(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| !until.has_passed(now))
    }
}

/// Everything that an `open` or `change` says of an account; always complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// The account; never changes.
    pub account: AccountId,
    /// Its kind; never changes.
    pub kind: AccountKind,
    /// Its keys, strictly ascending by key.
    pub keys: Vec<KeyGrant>,
    /// How many keys with the right must sign.
    pub threshold: u64,
    /// How far below zero the account may go, in minor units; of a budget, its cap.
    pub limit: Total,
    /// How far above zero it may go; `None` for as far as numbers reach.
    pub ceiling: Option<Total>,
    /// The organisation it belongs to.
    pub organisation: Option<OrganisationId>,
    /// The account that inherits its balance.
    pub heir: Option<AccountId>,
    /// When a voucher starts to move only to its heir, or a budget to issue no more.
    pub until: Option<Deadline>,
    /// If given, only these accounts may be credited from it; strictly ascending.
    pub payees: Option<Vec<AccountId>>,
}

impl AccountState {
    /// Returns the state of an account with these keys, any of which signs alone, and nothing else: no limit, no bounds.
    pub fn plain(account: AccountId, kind: AccountKind, keys: Vec<KeyGrant>) -> Self {
        Self {
            account,
            kind,
            keys,
            threshold: 1,
            limit: Total::ZERO,
            ceiling: None,
            organisation: None,
            heir: None,
            until: None,
            payees: None,
        }
    }

    /// Returns the grant of `key`, whether or not it has ended.
    pub fn grant(&self, key: &PublicKey) -> Option<&KeyGrant> {
        self.keys.iter().find(|grant| grant.key == *key)
    }
}
