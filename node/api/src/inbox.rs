//! The inbox of an account: what a person must be told, from what the node knows.

use crate::request::PaymentRequest;
use crate::statement::ReferenceJson;
use crate::wrong::WrongState;
use serde::{Deserialize, Serialize};

/// What there is to be told, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Inbox {
    /// The account.
    pub account: String,
    /// The messages.
    pub messages: Vec<Message>,
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Message {
    /// Stays the same as long as the message says the same: what was read is known by it.
    pub id: String,
    /// Since when, where that is known.
    pub at: Option<String>,
    /// What it is about.
    pub about: Matter,
}

/// What a message is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Matter {
    /// Somebody asks this account to pay.
    Asked {
        /// Whom and how much.
        request: PaymentRequest,
    },
    /// A request that this account sent to somebody waits for an answer, and can be taken back.
    Asking {
        /// The request.
        request: PaymentRequest,
    },
    /// What became of a request that this account sent to somebody.
    Answered {
        /// The request.
        request: PaymentRequest,
    },
    /// An entry waits for signatures, and the session's key may sign it.
    Draft {
        /// Its link.
        link: String,
        /// The kind of entry.
        entry: String,
        /// Whether the session's key has signed.
        signed: bool,
        /// Last moment it may be recorded.
        expires_at: String,
    },
    /// A change or close of this account takes effect later.
    Pending {
        /// Index of the entry: what a `veto` names.
        index: u64,
        /// When it takes effect.
        effective_at: String,
        /// Whether a veto can still stop it.
        vetoable: bool,
        /// What becomes of the account then.
        change: Changed,
    },
    /// The account is at rest.
    AtRest {
        /// Whether a key of its own put it to rest.
        #[serde(default)]
        own: bool,
    },
    /// There is news of what this account told a person of trust. What it was is not said here: phones keep messages.
    Wrong {
        /// How far it is.
        state: WrongState,
        /// Whether the person who was told still listens.
        listens: bool,
    },
    /// People told this person of trust something that is not done.
    Heard {
        /// How many.
        count: u64,
    },
    /// Something was put right, given back, or changed.
    Line {
        /// Index of the record.
        index: u64,
        /// The number of the line within it.
        line: u64,
        /// The kind of entry: `correct`, `refund`, `change`, `veto` or `close`.
        kind: String,
        /// How much left the account.
        debit: String,
        /// How much came to it.
        credit: String,
        /// The line that it is about.
        reference: Option<ReferenceJson>,
        /// What became of the account; of a `change` alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<Changed>,
        /// Why it was put right; of a `correct` alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// What a change makes of an account: of several things the one that matters most to its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// A key more, which may do more than manage.
    DeviceAdded,
    /// A key more, which may manage and nothing else, as a spare key does.
    SpareAdded,
    /// Keys came and others went.
    DevicesReplaced,
    /// A key less.
    DeviceRemoved,
    /// It is put to rest.
    AtRest,
    /// It is open again.
    Woken,
    /// How far it may go, or how long.
    Limits,
    /// It is closed.
    Closes,
    /// Anything else.
    Other,
}
