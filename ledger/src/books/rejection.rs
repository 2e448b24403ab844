//! Why the books do not allow an entry: one variant for each rule, with its values and what to do.
//!
//! A rejection is an answer, not a failure. The sentence is for whoever signed; [`Rejection::code`] is stable.

use super::reason::{
    CharterFault, KeyUse, LateFault, Mixed, RegistrarAct, RegistrarFault, StateFault, SuccessionFault,
};
use super::who::{Kinds, OfferedRate, Value, ValueKind, Who};
use crate::account::{AccountKind, Rights};
use crate::amount::Total;
use crate::entry::Kind;
use crate::id::{AccountId, RequestId};
use crate::keys::PublicKey;
use crate::time::{Deadline, Timestamp};

macro_rules! rejections {
    ($($(#[doc = $doc:literal])* #[code($code:literal, $field:expr)] #[error($($error:tt)*)]
       $name:ident $({ $($(#[doc = $field_doc:literal])* $value:ident: $type:ty),+ $(,)? })?,)+) => {
        /// Why the books do not allow an entry.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[allow(missing_docs, reason = "each value is named in its own sentence")]
        pub enum Rejection {
            $($(#[doc = $doc])* #[error($($error)*)] $name $({ $($value: $type),+ })?,)+
        }

        impl Rejection {
            /// Every code, in the order of the rules.
            pub const CODES: &'static [&'static str] = &[$($code),+];

            /// What each rule names: its code, and each value by name with what it is.
            pub const VALUES: &'static [(&'static str, &'static [(&'static str, ValueKind)])] =
                &[$(($code, &[$($((stringify!($value), <$type as Value>::KIND)),+)?])),+];

            /// Returns the stable code of this rule.
            pub fn code(&self) -> &'static str {
                match self { $(Self::$name $({ $($value: _),+ })? => $code,)+ }
            }

            /// Returns the field of the entry that the rule speaks of.
            pub fn field(&self) -> Option<&'static str> {
                match self { $(Self::$name $({ $($value),+ })? => { $($(let _ = $value;)+)? $field })+ }
            }

            fn values(&self) -> Vec<(&'static str, String)> {
                match self { $(Self::$name $({ $($value),+ })? => vec![$($((stringify!($value), $value.to_string())),+)?],)+ }
            }
        }
    };
}

rejections! {
    /// A ledger has one founding entry.
    #[code("already_founded", Some("kind"))]
    #[error("this ledger is founded already: open another one for another community")]
    AlreadyFounded,
    /// Nothing can be recorded before the founding entry.
    #[code("not_founded", Some("kind"))]
    #[error("this ledger is not founded yet: record its founding entry first")]
    NotFounded,
    /// The entry came too late.
    #[code("expired", Some("expires_at"))]
    #[error("the entry expired at {expires_at}, it is {now}: sign it again; if this happens often, set the clock right")]
    Expired { expires_at: Deadline, now: Timestamp },
    /// The entry is valid for longer than the policy allows.
    #[code("valid_too_long", Some("expires_at"))]
    #[error("the entry expires at {expires_at}, latest allowed is {latest}: sign it with an earlier expiry; if this happens often, set the clock right")]
    ValidTooLong { expires_at: Deadline, latest: Timestamp },
    /// No account has this id.
    #[code("unknown_account", Some(*field))]
    #[error("{field}: there is no account {account} in this community: check the code, or which community it belongs to")]
    UnknownAccount { field: &'static str, account: AccountId },
    /// Account ids are never used twice.
    #[code("account_exists", Some("account"))]
    #[error("account {account} exists already: open another account with a new random id")]
    AccountExists { account: AccountId },
    /// The account is closed.
    #[code("account_closed", Some(*field))]
    #[error("{field}: account {account} is closed: ask its owner for the code of another one")]
    AccountClosed { field: &'static str, account: AccountId },
    /// The account is at rest.
    #[code("at_rest", Some(*field))]
    #[error("{field}: account {account} is at rest, nothing leaves it: ask the coordination to wake it")]
    AtRest { field: &'static str, account: AccountId },
    /// The chart of accounts has no such combination.
    #[code("wrong_account_kind", Some(*field))]
    #[error("{field}: a {found} account cannot stand here in an entry of kind {kind}, allowed: {allowed}: choose another account")]
    WrongAccountKind { field: &'static str, kind: Kind, found: AccountKind, allowed: Kinds },
    /// Nobody pays themselves.
    #[code("same_account", Some("to"))]
    #[error("{account} stands on both sides: choose another account")]
    SameAccount { account: AccountId },
    /// A signature by a key that no rule counts here.
    #[code("key_not_allowed", Some("signatures"))]
    #[error("key {key} may not sign this entry: remove its signature, or sign with a key of the account or office concerned")]
    KeyNotAllowed { key: PublicKey },
    /// A key of the account, but without the right.
    #[code("missing_right", Some("signatures"))]
    #[error("key {key} of account {account} may {held}, this needs the right to {right}: sign with a key that has it")]
    MissingRight { key: PublicKey, account: AccountId, held: Rights, right: Rights },
    /// The key's time has passed.
    #[code("key_ended", Some("signatures"))]
    #[error("the right of key {key} ended at {until}: sign with another key")]
    KeyEnded { key: PublicKey, until: Deadline },
    /// More than this key may debit in one entry.
    #[code("key_cap", Some("amount"))]
    #[error("key {key} may debit at most {cap} minor units in one entry, this is {requested}: sign with another key, or less")]
    KeyCap { key: PublicKey, cap: Total, requested: Total },
    /// Signatures are missing: the entry waits as a draft.
    #[code("lacks_signers", Some("signatures"))]
    #[error("signed by {have} of the {need} needed from {who}: it waits as a draft until the others have signed")]
    LacksSigners { who: Who, have: u64, need: u64 },
    /// The payer does not have as much.
    #[code("insufficient_credits", Some("amount"))]
    #[error("account {account} has {available} minor units available, this needs {requested}: lower the amount, or receive credits first")]
    InsufficientCredits { account: AccountId, available: Total, requested: Total },
    /// Whoever sends on a promise is not its payer: how much there is, is not told.
    #[code("promise_not_covered", Some("amount"))]
    #[error("the account that promised this has not enough credits now: send it again later, it stays good until it expires")]
    PromiseNotCovered,
    /// The budget has less room.
    #[code("budget_spent", Some("amount"))]
    #[error("budget {budget} has room for {room} minor units, this needs {requested}: lower the amounts, or raise the cap with a contribution")]
    BudgetSpent { budget: AccountId, room: Total, requested: Total },
    /// The budget's time has passed.
    #[code("budget_ended", Some("budget"))]
    #[error("budget {budget} ended at {until}: use another budget, or ask the council for a later end")]
    BudgetEnded { budget: AccountId, until: Deadline },
    /// The payee would hold more than its ceiling. By how much is the payee's own business.
    #[code("ceiling", Some("amount"))]
    #[error("with {requested} minor units more, account {account} would pass its ceiling: lower the amount, or pay later")]
    Ceiling { account: AccountId, requested: Total },
    /// A budget is never above zero.
    #[code("budget_full", Some("amount"))]
    #[error("budget {budget} has less than {requested} minor units outstanding, they cannot be taken back: lower the amount, or choose another budget")]
    BudgetFull { budget: AccountId, requested: Total },
    /// A lifetime total would pass 2^53 - 1.
    #[code("total_too_large", Some("amount"))]
    #[error("the lifetime total of account {account} would pass the largest number: open a new account")]
    TotalTooLarge { account: AccountId },
    /// The fund pays only those it names.
    #[code("not_a_payee", Some("to"))]
    #[error("{from} may only be handed out to the accounts it names, {to} is not one of them: choose one of those")]
    NotAPayee { from: AccountId, to: AccountId },
    /// After its end a voucher moves only to its heir.
    #[code("voucher_ended", Some("to"))]
    #[error("voucher {voucher} ended at {until}: what is left can only go back to the pot it came from")]
    VoucherEnded { voucher: AccountId, until: Deadline },
    /// Two phones, one request.
    #[code("request_paid", Some("request"))]
    #[error("request {request} is paid already: nothing was charged twice")]
    RequestPaid { request: RequestId },
    /// A payment may not outlive the request it answers.
    #[code("request_outlived", Some("expires_at"))]
    #[error("the payment expires at {expires_at}, after its request at {until}: sign it with an earlier expiry, or ask for a new request")]
    RequestOutlived { expires_at: Deadline, until: Deadline },
    /// A request may not last for ever, because it is remembered until it ends.
    #[code("request_too_long", Some("until"))]
    #[error("the request lasts until {until}, latest allowed is {latest}: make a shorter request")]
    RequestTooLong { until: Deadline, latest: Timestamp },
    /// A payment shown without network is of the simplest form.
    #[code("late_form", Some("late"))]
    #[error("a payment shown without network has {what}: pay with network instead")]
    LateForm { what: LateFault },
    /// Without network at most the cap.
    #[code("late_cap", Some("amount"))]
    #[error("a payment shown without network may be at most {cap} minor units, this is {amount}: pay less, or with network")]
    LateCap { cap: Total, amount: Total },
    /// The entry replaces something that is no longer in force.
    #[code("wrong_base", Some("base"))]
    #[error("this replaces what entry {base} made, in force is what entry {in_force} made: look at it again and sign anew")]
    WrongBase { base: u64, in_force: u64 },
    /// Something waits already.
    #[code("pending_exists", Some("base"))]
    #[error("entry {index} waits already, until {effective_at}: wait for it, or have it vetoed first")]
    PendingExists { index: u64, effective_at: Timestamp },
    /// Nothing waits under this index.
    #[code("not_pending", Some("index"))]
    #[error("entry {index} is not waiting (any more): there is nothing to veto")]
    NotPending { index: u64 },
    /// What council and auditor recorded once more has no veto.
    #[code("veto_not_allowed", Some("index"))]
    #[error("entry {index} was recorded once more after a veto and cannot be vetoed again: speak to the council and its auditor")]
    VetoNotAllowed { index: u64 },
    /// An account at rest keeps one veto.
    #[code("veto_used", Some("index"))]
    #[error("account {account} is at rest and has used its one veto: ask the coordination to wake it")]
    VetoUsed { account: AccountId },
    /// Keys and bounds are changed by different people, one entry each.
    #[code("mixed_change", Some("state"))]
    #[error("{what} cannot change in one entry: make two entries")]
    MixedChange { what: Mixed },
    /// The entry changes nothing.
    #[code("nothing_to_change", Some("state"))]
    #[error("account {account} is like this already: nothing needs to be recorded")]
    NothingToChange { account: AccountId },
    /// Account and kind are for ever.
    #[code("kind_is_fixed", Some("kind"))]
    #[error("account {account} is a {kind} for ever: open another account")]
    KindIsFixed { account: AccountId, kind: AccountKind },
    /// The state does not fit its kind.
    #[code("unsound_state", Some(*field))]
    #[error("{field} of account {account}: {reason}")]
    UnsoundState { field: &'static str, account: AccountId, reason: StateFault },
    /// The charter contradicts itself or the accounts.
    #[code("unsound_charter", Some(*field))]
    #[error("{field} of the charter: {reason}")]
    UnsoundCharter { field: &'static str, reason: CharterFault },
    /// A key serves one purpose.
    #[code("key_taken", Some("keys"))]
    #[error("key {key} {reason}: use a key of its own")]
    KeyTaken { key: PublicKey, reason: KeyUse },
    /// What the node's registrar may not do alone.
    #[code("registrar", Some(*field))]
    #[error("{field} of account {account}: the registrar {reason}; the council may")]
    Registrar { field: &'static str, account: AccountId, reason: RegistrarFault },
    /// The registrar has done enough today.
    #[code("registrar_day", Some("states"))]
    #[error("the registrar may {what} {limit} accounts a day, {done} are done: try again tomorrow, or ask the council")]
    RegistrarDay { what: RegistrarAct, limit: u64, done: u64 },
    /// Not a line that can be undone.
    #[code("no_such_line", Some("line"))]
    #[error("entry {index} has no line {line} that this can undo: check index and line in the overview")]
    NoSuchLine { index: u64, line: u64 },
    /// Too long ago.
    #[code("window_passed", Some("index"))]
    #[error("entry {index} was recorded at {recorded_at}, this was possible until {until}: make an ordinary payment instead, or ask the coordination")]
    WindowPassed { index: u64, recorded_at: Timestamp, until: Timestamp },
    /// More than is left of the line.
    #[code("line_used_up", Some("amount"))]
    #[error("of line {line} of entry {index} {left} minor units are left, this is {requested}: lower the amount")]
    LineUsedUp { index: u64, line: u64, left: Total, requested: Total },
    /// A correction takes nobody below zero.
    #[code("payee_lacks", Some("cover"))]
    #[error("line {line} of entry {index}: of {requested} minor units {available} are still there: name a fund or the place's budget as cover")]
    PayeeLacks { index: u64, line: u64, available: Total, requested: Total },
    /// Cover is a fund, or the budget that erred.
    #[code("wrong_cover", Some("cover"))]
    #[error("{cover} cannot cover this: name a fund that signs, or the budget that issued")]
    WrongCover { cover: AccountId },
    /// The rate is the policy's.
    #[code("wrong_rate", Some("rate"))]
    #[error("the rate in this entry is {found}, in force is {in_force}: look at the offer again and sign anew")]
    WrongRate { found: OfferedRate, in_force: OfferedRate },
    /// Not a claim that waits for euro.
    #[code("not_a_claim", Some("redeems"))]
    #[error("entry {index} is no open claim to be paid out: it was settled before, or is no redeem")]
    NotAClaim { index: u64 },
    /// Only what was settled can be retired.
    #[code("not_settled", Some("amount"))]
    #[error("{available} minor units are settled and not yet retired, this is {requested}: settle first, or lower the amount")]
    NotSettled { available: Total, requested: Total },
    /// The council closes only to the heir.
    #[code("not_the_heir", Some("heir"))]
    #[error("the council may close {account} only to {heir}: name that one, or let its own keys sign")]
    NotTheHeir { account: AccountId, heir: AccountId },
    /// There is nobody to inherit.
    #[code("no_heir", Some("heir"))]
    #[error("account {account} has no heir and the policy names no fund for it: set one of them first")]
    NoHeir { account: AccountId },
    /// The second half of a close by the council comes later.
    #[code("close_waits", Some("account"))]
    #[error("entry {index} announced this close, it may be carried out from {effective_at}: record it again then")]
    CloseWaits { index: u64, effective_at: Timestamp },
    /// An attestation speaks of what exists.
    #[code("attest_ahead", Some("size"))]
    #[error("the statement speaks of {size} records, there are {recorded}: attest what exists")]
    AttestAhead { size: u64, recorded: u64 },
    /// The council has ended this ledger.
    #[code("ended", Some("kind"))]
    #[error("the council has ended this ledger, another one goes on with the same credits: ask who runs the node for it")]
    Ended,
    /// A ledger is not continued as the two ledgers say.
    #[code("unsound_succession", Some(*field))]
    #[error("{field} of the succession: {reason}")]
    UnsoundSuccession { field: &'static str, reason: SuccessionFault },
}

impl Rejection {
    /// Returns whether the same entry could be accepted later against the wish of whoever signed it, so that "no" must be
    /// remembered.
    ///
    /// Exhaustive on purpose: a new rule has to say which it is.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::AtRest { .. }
            | Self::InsufficientCredits { .. }
            | Self::BudgetSpent { .. }
            | Self::Ceiling { .. }
            | Self::BudgetFull { .. }
            | Self::NotAPayee { .. }
            | Self::BudgetEnded { .. }
            | Self::LateCap { .. }
            | Self::VoucherEnded { .. }
            | Self::VetoUsed { .. }
            | Self::KeyCap { .. }
            | Self::PendingExists { .. }
            | Self::RegistrarDay { .. }
            | Self::PayeeLacks { .. }
            | Self::WrongRate { .. }
            | Self::NotSettled { .. }
            | Self::NotTheHeir { .. }
            | Self::NoHeir { .. }
            | Self::CloseWaits { .. }
            | Self::AttestAhead { .. }
            | Self::KeyTaken { .. }
            | Self::UnsoundState { .. }
            | Self::UnsoundCharter { .. }
            | Self::Registrar { .. }
            | Self::ValidTooLong { .. }
            | Self::RequestTooLong { .. }
            | Self::WindowPassed { .. }
            | Self::LineUsedUp { .. }
            | Self::NothingToChange { .. } => true,
            // A payee may be opened later; without a payer nobody has validly signed.
            Self::UnknownAccount { field, .. } => matches!(*field, "to" | "heir" | "payees"),
            // Gone for good, or about the envelope itself, of which nothing is remembered.
            Self::AlreadyFounded
            | Self::NotFounded
            | Self::Ended
            | Self::UnsoundSuccession { .. }
            | Self::Expired { .. }
            | Self::AccountExists { .. }
            | Self::AccountClosed { .. }
            | Self::WrongAccountKind { .. }
            | Self::SameAccount { .. }
            | Self::KeyNotAllowed { .. }
            | Self::MissingRight { .. }
            | Self::KeyEnded { .. }
            | Self::LacksSigners { .. }
            | Self::TotalTooLarge { .. }
            | Self::RequestPaid { .. }
            | Self::RequestOutlived { .. }
            | Self::LateForm { .. }
            | Self::WrongBase { .. }
            | Self::NotPending { .. }
            | Self::VetoNotAllowed { .. }
            | Self::MixedChange { .. }
            | Self::KindIsFixed { .. }
            | Self::NoSuchLine { .. }
            | Self::WrongCover { .. }
            | Self::NotAClaim { .. } => false,
            // It was promised already: it may succeed once its payer has credits again.
            Self::PromiseNotCovered => false,
        }
    }

    /// Returns the values of the rule by name: what was found and what is allowed.
    ///
    /// Amounts are minor units; [`VALUES`](Self::VALUES) says what each value is.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            // Whose signatures are missing is for programs here; the sentence says it in English.
            Self::LacksSigners { who, have, need } => {
                let mut values = who.details();
                values.extend([("have", have.to_string()), ("need", need.to_string())]);
                values
            }
            _ => self.values(),
        }
    }

    /// Returns whether the entry only waits for more signatures.
    pub fn is_draft(&self) -> bool {
        matches!(self, Self::LacksSigners { .. })
    }

    /// Returns whether it is about somebody's signature, whatever the entry says.
    pub(super) fn is_about_a_key(&self) -> bool {
        matches!(
            self,
            Self::KeyNotAllowed { .. }
                | Self::MissingRight { .. }
                | Self::KeyEnded { .. }
                | Self::KeyCap { .. }
        )
    }
}
