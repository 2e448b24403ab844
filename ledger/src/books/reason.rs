//! Why a state, a charter, a key or a form is refused: each reason has its name here, its field and its words.
//!
//! Rules name the reason; the English of a refusal's sentence stands here and nowhere else.

use super::Rejection;
use super::who::{Value, ValueKind};
use crate::id::AccountId;
use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident { $($item:ident $words:literal,)+ })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each reason is named in its own words")]
        pub enum $name { $($item,)+ }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$item => $words,)+ })
            }
        }

        impl Value for $name {
            const KIND: ValueKind = ValueKind::Text;
        }
    )+ };
}

macro_rules! reasons_by_field {
    ($($(#[$doc:meta])* $name:ident { $($item:ident $field:literal $words:literal,)+ })+) => { $(
        reasons! { $(#[$doc])* $name { $($item $words,)+ } }

        impl $name {
            /// Returns the field that is wrong.
            pub fn field(self) -> &'static str {
                match self { $(Self::$item => $field,)+ }
            }
        }
    )+ };
}

reasons_by_field! {
    /// Why the state of an account does not fit its kind.
    StateFault {
        Threshold "threshold" "must lie between 1 and the number of keys",
        SecondSettlement "kind" "there is exactly one settlement account",
        SettlementNeverChanges "kind" "the settlement account has no keys and never changes",
        PartnersReserved "kind" "partner accounts are reserved: update when federation comes",
        NoCreditLimit "limit" "must be 0: funds, cards and vouchers do not go below zero",
        PrintedKeyAlone "keys" "must be the printed key alone, with the right to spend and without end",
        OldPrintedKey "keys" "must be new: the old printed key may be in other hands",
        NoOrganisation "organisation" "is required: it names who issues",
        OrganisationOfPayees "organisation" "must be null for a fund with payees",
        BudgetCeiling "ceiling" "of a budget is null or 0: a budget is never above zero",
        NeverEnds "until" "is for budgets and vouchers only",
        VoucherWithoutHeir "heir" "is required for a voucher that ends",
        OwnHeir "heir" "cannot be the account itself",
        HeirOfOtherKind "heir" "must be a member, merchant, fund or card; of a budget a budget or fund",
        PayeesOfNoFund "payees" "are for funds only",
        PayeesNoMerchants "payees" "must be merchants",
    }
    /// Why a charter contradicts itself or the accounts.
    CharterFault {
        CouncilThreshold "council_threshold" "must lie between 1 and the number of council keys",
        RescueThreshold "rescue_threshold" "must lie between 1 and the number of rescue keys, or be 0 without any",
        HeirFund "heir_fund" "must be a fund that is not closed: open it first",
        CardFreeAmount "card_free_amount" "cannot be more than card_day_cap",
        Origin "origin" "is an address without scheme, final slash, spaces and plus signs",
    }
    /// Why one ledger does not follow on another.
    SuccessionFault {
        NoSnapshot "snapshot" "the attested snapshot of the predecessor is not at hand: put it in place",
        OtherSnapshot "snapshot" "the snapshot at hand has another digest than the one that is named",
        NamesNobody "predecessor" "a snapshot came over and the founding entry names none: name it",
        RecordedLater "predecessor" "it recorded something later than now: set the clock right",
        OtherLedger "predecessor" "the snapshot at hand is of another ledger or size than is named",
        OtherScale "scale" "balances that come over keep their decimals: name the same scale",
        SameOrigin "origin" "it is the old log's: choose another one for the new log",
        SameLogKey "log_keys" "one of them signs for the old log: make a new one",
        OtherRoot "root" "it is not the log's at that size: take that of the newest checkpoint",
        EndsElsewhere "size" "a ledger ends where it stands: name the number of its records",
        EndsOtherwise "document" "it is not the digest of the books at that size: take that of the closing snapshot",
    }
    /// What the registrar may not do alone.
    RegistrarFault {
        MembersByCouncil "kind" "opens no members where only the council admits them",
        OtherLimit "limit" "opens members at exactly the default limit",
        OpensOtherKind "kind" "opens members, cards and vouchers only",
        RestsOtherKind "kind" "puts members, cards and vouchers to rest only",
    }
}

reasons! {
    /// What a key serves already.
    KeyUse {
        TwoOffices "stands in two offices",
        Account "is a key of an account",
        Office "serves the council, the rescue, an auditor or the node",
        OtherOrganisation "is a key of another organisation",
    }
    /// What cannot change in one entry.
    Mixed {
        KeysAndBounds "keys and bounds",
        StateAndStatus "state and status",
        MoreThanCouncil "anything but council keys and threshold, by rescue keys,",
    }
    /// What a payment shown without network has, and may not have.
    LateFault {
        SeveralPayees "more than one payee",
        Memo "a memo",
    }
    /// What the registrar may do so many times a day.
    RegistrarAct {
        Open "open",
        PutToRest "put to rest",
    }
}

impl StateFault {
    /// Returns the refusal of a state of `account`.
    pub(super) fn of(self, account: AccountId) -> Rejection {
        Rejection::UnsoundState { field: self.field(), account, reason: self }
    }
}

impl RegistrarFault {
    /// Returns the refusal of what the registrar asked for `account`.
    pub(super) fn of(self, account: AccountId) -> Rejection {
        Rejection::Registrar { field: self.field(), account, reason: self }
    }
}

impl From<CharterFault> for Rejection {
    fn from(reason: CharterFault) -> Self {
        Self::UnsoundCharter { field: reason.field(), reason }
    }
}

impl From<SuccessionFault> for Rejection {
    fn from(reason: SuccessionFault) -> Self {
        Self::UnsoundSuccession { field: reason.field(), reason }
    }
}
