//! Whether one ledger continues another: its founding entry names the very end that the old council attested.

use super::{Lineage, LineageError};
use crate::charter::Predecessor;
use crate::id::LedgerId;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::hash::Hash;
use crate::log::proof::TreeHead;
use crate::receipt::Receipt;

/// Why a ledger does not continue another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuccessionError {
    /// The founding entry names no predecessor, or too few who could decide signed it.
    #[error("its founding entry names no ledger before it, or too few of the old council have signed it")]
    Unnamed,
    /// It continues another ledger.
    #[error("its founding entry continues ledger {found}, not this one")]
    OtherLedger {
        /// The ledger that it names.
        found: LedgerId,
    },
    /// Nothing was recorded to end the old ledger, and the founding entry names another end than the last checkpoint.
    #[error("it names another end than the last checkpoint")]
    OtherEnd,
    /// The record that ends the old ledger is shown under another checkpoint.
    #[error("the record that ends it is not shown under the last checkpoint")]
    OtherCheckpoint,
    /// The receipt of that record does not hold.
    #[error(transparent)]
    Ending(#[from] LineageError),
    /// Something was recorded after it.
    #[error("the record that ends it is not the last one")]
    NotLast,
    /// The council attested another end.
    #[error("the founding entry names another end than the old council attested")]
    OtherAttest,
    /// Both logs have one name.
    #[error("both logs have the same origin: nobody could tell them apart")]
    SameOrigin,
}

impl Lineage {
    /// Returns what the founding entry names, when this ledger continues `before`, whose log ended at `last`. `ending` is
    /// the record that ends it, `None` when its log key was lost.
    ///
    /// That the log at `last` continues the named head, and whatever the wallet has seen, is for whoever has its tiles.
    ///
    /// # Errors
    /// [`SuccessionError`], naming the first step that does not hold.
    pub fn succeeds(
        &self,
        before: &Self,
        last: &SignedCheckpoint,
        ending: Option<&Receipt>,
    ) -> Result<&Predecessor, SuccessionError> {
        let named = self.continues(before.charter()).ok_or(SuccessionError::Unnamed)?;
        if named.ledger != before.ledger() {
            return Err(SuccessionError::OtherLedger { found: named.ledger });
        }
        let head = last.checkpoint().head();
        match ending {
            // The log key was lost: the last checkpoint is the end, which the old council signs with the founding entry.
            None if named_head(named) != head => return Err(SuccessionError::OtherEnd),
            None => {}
            Some(receipt) => before.check_ending(receipt, last, named)?,
        }
        if before.charter().origin == self.charter().origin {
            return Err(SuccessionError::SameOrigin);
        }
        Ok(named)
    }

    /// Checks that the record that ends this ledger is its last one, and attests what `named` says.
    fn check_ending(
        &self,
        receipt: &Receipt,
        last: &SignedCheckpoint,
        named: &Predecessor,
    ) -> Result<(), SuccessionError> {
        if receipt.checkpoint.text() != last.note().text() {
            return Err(SuccessionError::OtherCheckpoint);
        }
        let attest = self.ending(receipt)?;
        if receipt.index != attest.size || receipt.index + 1 != last.checkpoint().size {
            return Err(SuccessionError::NotLast);
        }
        if (attest.size, attest.root, attest.document) != (named.size, named.root, named.snapshot) {
            return Err(SuccessionError::OtherAttest);
        }
        Ok(())
    }
}

/// Returns the head of the old log that a founding entry names.
pub fn named_head(named: &Predecessor) -> TreeHead {
    TreeHead { size: named.size, root: Hash(named.root.0) }
}
