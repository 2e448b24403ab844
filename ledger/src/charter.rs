//! The community's constitution: who governs, which keys the node holds, and the policy that rules read.

use crate::account::numbered;
use crate::amount::{Rate, Total};
use crate::id::{AccountId, Digest, LedgerId};
use crate::keys::PublicKey;
use crate::time::Seconds;

/// The version of the rules that this program knows.
pub const RULES_VERSION: u64 = 1;

/// Who governs and by which numbers; always complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charter {
    /// The version of the rules that judge records from then on.
    pub rules: u64,
    /// Keys that may sign checkpoints of the log, strictly ascending.
    pub log_keys: Vec<PublicKey>,
    /// Origin of the public log: its address without scheme and trailing slash.
    pub origin: String,
    /// SHA-256 of the witness policy file that wallets carry.
    pub witness_policy: Digest,
    /// The council's keys, strictly ascending.
    pub council: Vec<PublicKey>,
    /// How many of them must sign.
    pub council_threshold: u64,
    /// Keys that may replace the council, strictly ascending; may be empty.
    pub rescue: Vec<PublicKey>,
    /// How many of them must sign; 0 when there are none.
    pub rescue_threshold: u64,
    /// The node's key that opens ordinary accounts within the policy.
    pub registrar: PublicKey,
    /// The node's key that signs with cards.
    pub guardian: PublicKey,
    /// Keys of auditors, strictly ascending; may be empty.
    pub auditors: Vec<PublicKey>,
    /// The numbers.
    pub policy: Policy,
}

numbered! {
    /// Who may open a member account without the council.
    Joining {
        /// Nobody: the council opens every account.
        ByCouncil = 1 "council",
        /// Whoever was invited.
        ByInvitation = 2 "invitation",
        /// Anybody.
        Open = 3 "open",
    }
}

/// The numbers of a community. Durations are whole seconds, amounts minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Who may join.
    pub joining: Joining,
    /// How far below zero a new member may go.
    pub member_limit: Total,
    /// Longest time between recording and expiry of a `pay`.
    pub pay_validity: Seconds,
    /// The same for every other kind.
    pub other_validity: Seconds,
    /// How long a recovery, a `govern` or a close by the council waits.
    pub recovery_delay: Seconds,
    /// How long the council may correct.
    pub correction_window: Seconds,
    /// How long a payment may be refunded.
    pub refund_window: Seconds,
    /// What one organisation may issue in a UTC day without a second organisation; `None` for no bound.
    pub organisation_day_amount: Option<Total>,
    /// How many accounts the registrar may open in a UTC day.
    pub registrar_opens: u64,
    /// How many accounts it may freeze in a UTC day.
    pub registrar_freezes: u64,
    /// Euro cents for each minor unit; `None` when merchants are not paid out.
    pub euro_rate: Option<Rate>,
    /// Most that a payment shown without network may be; 0 allows none.
    pub offline_cap: Total,
    /// What a card may spend in a UTC day without its PIN.
    pub card_free_amount: Total,
    /// What a card may spend in a UTC day at all.
    pub card_day_cap: Total,
    /// How long untouched before credits may flow on; 0 for never.
    pub dormancy: Seconds,
    /// Where credits go that have no heir of their own.
    pub heir_fund: Option<AccountId>,
    /// Country whose ceilings for volunteers apply: two capital letters (ISO 3166-1).
    pub ceilings_country: String,
}

impl Policy {
    /// Returns the policy a new community starts with: reward credits, invitations, a week to correct.
    pub fn starting() -> Self {
        let days = |days: u64| Seconds(days * crate::limits::DAY_SECONDS);
        Self {
            joining: Joining::ByInvitation,
            member_limit: Total::ZERO,
            pay_validity: days(7),
            other_validity: days(35),
            recovery_delay: days(2),
            correction_window: days(7),
            refund_window: days(60),
            organisation_day_amount: None,
            registrar_opens: 200,
            registrar_freezes: 50,
            euro_rate: None,
            offline_cap: Total::ZERO,
            card_free_amount: Total::ZERO,
            card_day_cap: Total::ZERO,
            dormancy: Seconds(0),
            heir_fund: None,
            ceilings_country: "BE".to_owned(),
        }
    }
}

/// The ledger that this one continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// Its id.
    pub ledger: LedgerId,
    /// How many records it had.
    pub size: u64,
    /// The root of its log at that size.
    pub root: Digest,
    /// What binds its attested snapshot, whose balances are opened again: `books::shares::closing_digest`.
    pub snapshot: Digest,
}

/// The community's own words for one and for many units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitWords {
    /// One: "klaver".
    pub one: String,
    /// Many: "klavers".
    pub many: String,
}
