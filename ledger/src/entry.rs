//! The kinds of entry: signed economic events and acts of government.
//!
//! Postings are derived from them in one place, `books/rules.rs`, so an unbalanced entry cannot be written
//! down. The bytes are the business of [`codec`]; signatures that of [`signed`].

pub mod cbor;
pub mod codec;
pub mod memo;
pub mod signed;

use crate::account::{AccountState, AccountStatus, numbered};
use crate::amount::{Amount, Rate, Scale};
use crate::charter::{Charter, Predecessor, UnitWords};
use crate::id::{AccountId, Digest, Nonce, RequestId, TaskId};
use crate::time::Deadline;

pub use signed::{SignedEntry, VerifiedEntry};

/// One signed event: what happens, until when it may be recorded, and what makes it unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Random bytes: two payments of the same amount are two entries.
    pub nonce: Nonce,
    /// Last moment it may be recorded.
    pub expires_at: Deadline,
    /// Commitment to a memo that travels beside the entry.
    pub memo: Option<Digest>,
    /// What happens.
    pub body: Body,
}

numbered! {
    /// The kinds of entry, by their number on the wire.
    Kind {
        /// Founds the ledger.
        Found = 1 "found",
        /// Replaces the charter.
        Govern = 2 "govern",
        /// Opens accounts.
        Open = 3 "open",
        /// Changes, freezes or reopens an account.
        Change = 4 "change",
        /// Stops something that waits.
        Veto = 5 "veto",
        /// Closes an account.
        Close = 6 "close",
        /// Issues credits.
        Earn = 10 "earn",
        /// Moves credits.
        Pay = 11 "pay",
        /// Gives back a payment.
        Refund = 12 "refund",
        /// A merchant gives credits back for euro.
        Redeem = 13 "redeem",
        /// Records that euro were paid.
        Settle = 14 "settle",
        /// Takes settled credits off a budget.
        Retire = 15 "retire",
        /// Undoes lines of an entry.
        Correct = 16 "correct",
        /// Anchors a document.
        Attest = 20 "attest",
    }
}

/// What an entry does, with the fields of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are documented on the structures")]
pub enum Body {
    Found(Found),
    Govern(Govern),
    Open(Open),
    Change(Change),
    Veto(Veto),
    Close(Close),
    Earn(Earn),
    Pay(Pay),
    Refund(Refund),
    Redeem(Redeem),
    Settle(Settle),
    Retire(Retire),
    Correct(Correct),
    Attest(Attest),
}

impl Body {
    /// Returns the kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Found(_) => Kind::Found,
            Self::Govern(_) => Kind::Govern,
            Self::Open(_) => Kind::Open,
            Self::Change(_) => Kind::Change,
            Self::Veto(_) => Kind::Veto,
            Self::Close(_) => Kind::Close,
            Self::Earn(_) => Kind::Earn,
            Self::Pay(_) => Kind::Pay,
            Self::Refund(_) => Kind::Refund,
            Self::Redeem(_) => Kind::Redeem,
            Self::Settle(_) => Kind::Settle,
            Self::Retire(_) => Kind::Retire,
            Self::Correct(_) => Kind::Correct,
            Self::Attest(_) => Kind::Attest,
        }
    }
}

/// Founds the ledger: index 0 and nowhere else; every council key signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The community's name.
    pub name: String,
    /// Its words for the unit.
    pub unit: UnitWords,
    /// How many decimals people see; fixed for ever.
    pub scale: Scale,
    /// Who governs, and the policy.
    pub charter: Charter,
    /// The ledger this one continues.
    pub predecessor: Option<Predecessor>,
}

/// Replaces the charter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Govern {
    /// Index of the charter it replaces.
    pub base: u64,
    /// The new one.
    pub charter: Charter,
}

/// Opens accounts, strictly ascending by encoded state, each account once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The accounts.
    pub states: Vec<AccountState>,
}

/// Replaces an account's state, or freezes or reopens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Index of the entry that made the state it replaces.
    pub base: u64,
    /// The complete new state; a freeze or unfreeze repeats it unchanged.
    pub state: AccountState,
    /// The status from then on.
    pub status: AccountStatus,
}

/// Stops a pending entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Veto {
    /// Index of the pending entry.
    pub index: u64,
}

/// Closes an account; the whole balance goes to the heir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The account.
    pub account: AccountId,
    /// Who gets the balance, or bears it when it is below zero.
    pub heir: AccountId,
}

/// Issues credits from a budget to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earn {
    /// The issuing account.
    pub budget: AccountId,
    /// What they are for.
    pub reason: EarnReason,
    /// The task or session.
    pub task: Option<TaskId>,
    /// Who receives how much, strictly ascending by account, each account once.
    pub payees: Vec<(AccountId, Amount)>,
}

numbered! {
    /// What credits were received for. Only *helped* counts for volunteer ceilings and registers.
    EarnReason {
        /// Helped with a task.
        Helped = 1 "helped",
        /// Took part: an event, a course, singing.
        TookPart = 2 "took_part",
        /// Welcome credits.
        Welcome = 3 "welcome",
        /// Balances brought over from an earlier ledger.
        Migration = 4 "migration",
    }
}

/// Moves credits from one account to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pay {
    /// The payer.
    pub from: AccountId,
    /// The payees, strictly ascending by their encoding.
    pub payees: Vec<PayLine>,
    /// Whether it was shown without network and is sent afterwards.
    pub late: bool,
}

/// One payee of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayLine {
    /// The payee.
    pub to: AccountId,
    /// How much.
    pub amount: Amount,
    /// The request it answers: paid at most once.
    pub request: Option<RequestRef>,
}

/// A payment request and the end of its validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestRef {
    /// The request.
    pub id: RequestId,
    /// Until when it counts as paid at most once.
    pub until: Deadline,
}

/// Gives back a payment, or part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Index of the payment.
    pub index: u64,
    /// Number of the payee's line in it.
    pub line: u64,
    /// How much.
    pub amount: Amount,
}

/// A merchant gives credits back for euro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeem {
    /// The merchant.
    pub merchant: AccountId,
    /// How much.
    pub amount: Amount,
    /// The policy's rate in force.
    pub rate: Option<Rate>,
}

/// Records that redeems were paid in euro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// Indexes of the redeems, strictly ascending by their encoding, which is by number.
    pub redeems: Vec<u64>,
    /// SHA-256 of the bank's reference.
    pub bank_reference: Digest,
}

/// Takes settled credits off the budget that issued them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retire {
    /// The budget.
    pub budget: AccountId,
    /// How much.
    pub amount: Amount,
}

/// Undoes lines of an earlier entry, per line, without touching the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correct {
    /// Index of the entry.
    pub index: u64,
    /// Lines and how much of each, strictly ascending by line.
    pub lines: Vec<(u64, Amount)>,
    /// Why.
    pub reason: CorrectReason,
    /// Who pays what a payee lacks.
    pub cover: Option<AccountId>,
}

numbered! {
    /// Why something was corrected; shown to the person as a sentence.
    CorrectReason {
        /// The amount was wrong.
        WrongAmount = 1 "wrong_amount",
        /// The person was wrong.
        WrongPerson = 2 "wrong_person",
        /// It was recorded twice.
        Twice = 3 "twice",
        /// It did not take place.
        NotDone = 4 "not_done",
        /// Something else; the person of trust knows more.
        Other = 5 "other",
    }
}

/// Anchors a document that is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attest {
    /// What kind of document.
    pub statement: Statement,
    /// The size of the log it speaks of.
    pub size: u64,
    /// The root at that size.
    pub root: Digest,
    /// SHA-256 of the document.
    pub document: Digest,
}

numbered! {
    /// What an `attest` anchors.
    Statement {
        /// A report of the community's figures.
        ImpactReport = 1 "impact_report",
        /// An auditor's signed note.
        AuditNote = 2 "audit_note",
        /// The statement with which a place ends.
        ClosingStatement = 3 "closing_statement",
        /// The state of the books; council and auditor sign.
        Snapshot = 4 "snapshot",
        /// The decision to go on writing after a restore without a quorum of witnesses.
        RestoreOverride = 5 "restore_override",
        /// The last statement of a ledger that another one continues.
        Succession = 6 "succession",
    }
}
