//! What the engine answers: the outcome of an entry, and why a ledger was not founded, opened or written to.

use super::reader::ReadError;
use crate::keys::PublicKey;
use crate::log::checkpoint::CheckpointError;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::store::{self, OpenError, Recovery};

/// The answer to one entry. It is given only when everything it rests on is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The entry was recorded.
    Recorded(Receipt),
    /// The entry had been recorded before: same index, same opening.
    Known(Receipt),
    /// The rules do not allow it, or did not when it was declined.
    Declined(Refusal),
    /// The rules ask for more signatures, and nothing else is known against it: it may wait for them.
    LacksSigners(Refusal),
    /// The entry may have been recorded before, but the store cannot tell or show it now. Nothing was changed.
    Unanswered {
        /// What could not be read.
        why: ReadError,
    },
}

/// Why there is no receipt for an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReceipt {
    /// It was declined, or lacks signatures.
    #[error("{}", .0.sentence)]
    Declined(Box<Refusal>),
    /// Nobody can tell now.
    #[error(transparent)]
    Unanswered(#[from] ReadError),
}

impl Outcome {
    /// Returns the receipt of an entry that was recorded, now or before.
    ///
    /// # Errors
    /// Why there is none.
    pub fn receipt(self) -> Result<Receipt, NoReceipt> {
        match self {
            Self::Recorded(receipt) | Self::Known(receipt) => Ok(receipt),
            Self::Declined(refusal) | Self::LacksSigners(refusal) => {
                Err(NoReceipt::Declined(Box::new(refusal)))
            }
            Self::Unanswered { why } => Err(NoReceipt::Unanswered(why)),
        }
    }
}

/// Says why a group was not recorded. The ledger has to be opened again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The store failed: whether the group is there is known after opening again.
    #[error(transparent)]
    Store(#[from] store::Fault),
    /// The node's log key cannot sign for the charter in force.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
}

/// Why the node's log key cannot sign checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogKeyError {
    /// The charter names other keys.
    #[error(
        "the node's log key {key} is not among the charter's: put the right key in place, or have the council change the charter"
    )]
    NotInCharter {
        /// The node's key.
        key: PublicKey,
    },
    /// The charter's origin cannot name a key.
    #[error("the log's origin cannot be used: {0}")]
    Origin(#[from] crate::log::key::KeyError),
}

/// Says why a ledger was not founded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoundError {
    /// There is a ledger in this store.
    #[error("there is a ledger of {size} records here already: open it, or found the new one elsewhere")]
    NotEmpty {
        /// How many records it has.
        size: u64,
    },
    /// The entry does not found anything.
    #[error("the first entry must be of kind found, this is {kind}: make a founding entry")]
    WrongKind {
        /// Its kind.
        kind: crate::entry::Kind,
    },
    /// The rules do not allow the founding entry.
    #[error("{}", .0.sentence)]
    Declined(Box<Refusal>),
    /// The node's log key does not fit the charter.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] store::Fault),
}

/// Says why a ledger was not opened. Nothing that was acknowledged has been changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerOpenError {
    /// The store is empty.
    #[error("there is no ledger here: found one, or name the right directory")]
    NotFounded,
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The newest head was not signed by a key of the charter.
    #[error(
        "the newest group of {size} records was not signed by this ledger's log: {why}; keep a copy of the \
         directory; `klaver-node verify` says what holds, and what serving an earlier copy costs"
    )]
    HeadNotOurs {
        /// How many records there are.
        size: u64,
        /// What is wrong with the signature.
        why: CheckpointError,
    },
    /// The node's log key does not fit the charter.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
}

/// What opening a ledger found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningReport {
    /// How many records there are.
    pub size: u64,
    /// What the store found and did.
    pub recovery: Recovery,
}
