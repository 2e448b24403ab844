//! What an audit ends with.

use super::frontier::Frontier;
use super::questions::{History, Question};
use super::stamps::Witnessed;
use crate::books::{Books, TrialBalance};
use crate::id::LedgerId;
use crate::log::proof::TreeHead;
use crate::time::Timestamp;
use std::fmt;

/// The verdict of an audit.
#[derive(Debug)]
pub enum Verdict {
    /// Everything holds.
    Holds(Box<Audited>),
    /// Something is wrong.
    Violation(Violation),
    /// The records could not be read to their end, or something that they need was not handed over.
    Unreadable {
        /// The record that could not be read.
        index: u64,
        /// What whoever hands them over said, or what is missing.
        why: String,
    },
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The record at which it shows.
    pub index: u64,
    /// What is wrong.
    pub why: String,
}

/// What was found to hold.
#[derive(Debug)]
pub struct Audited {
    /// The ledger.
    pub ledger: LedgerId,
    /// Size and root that the records give.
    pub head: TreeHead,
    /// When the newest of them was recorded.
    pub last_recorded_at: Timestamp,
    /// All debits against all credits.
    pub trial_balance: TrialBalance,
    /// The books that the records give.
    pub books: Books,
    /// What should be asked; none when everything is usual or explained, or nobody wanted to know.
    pub questions: Vec<Question>,
    /// What was asked and is explained.
    pub explained: Vec<Question>,
    /// Below which amount nothing was asked, in minor units; `None` when nobody wanted to know.
    pub asked_from: Option<u64>,
    pub(super) tree: Frontier,
    pub(super) history: Option<History>,
    pub(super) witnessed: Vec<Witnessed>,
}

impl Violation {
    pub(super) fn at(index: u64, why: impl fmt::Display) -> Self {
        Self { index, why: why.to_string() }
    }
}

impl Verdict {
    /// Returns whether everything holds.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Holds(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds(audited) => {
                write!(f, "everything holds: {} records, root {}", audited.head.size, audited.head.root)
            }
            Self::Violation(violation) => write!(f, "violation at {violation}"),
            Self::Unreadable { index, why } => write!(f, "record {index} cannot be read: {why}"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}: {}", self.index, self.why)
    }
}
