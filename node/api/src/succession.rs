//! What proves who governs a ledger, and that one ledger continues another.

use crate::receipt::ReceiptJson;
use crate::text::{self, FieldError};
use klaver_ledger::books::shares::Share;
use klaver_ledger::id::{AccountId, Digest};
use klaver_ledger::receipt::Receipt;
use serde::{Deserialize, Serialize};

/// The founding entry and every charter since, as whole records under the published checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LineageJson {
    /// The ledger's id, in hexadecimal.
    pub ledger: String,
    /// The receipts, in the order of their records; the first is that of the founding entry.
    pub charters: Vec<ReceiptJson>,
}

/// How the ledger before this one ended. A wallet, an auditor or anybody else checks it without believing this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SuccessionJson {
    /// Who governed the old ledger to its end, under its last checkpoint.
    pub lineage: LineageJson,
    /// The last checkpoint of the old log, as a signed note.
    pub checkpoint: String,
    /// The record that ends the old ledger; `null` when its log key was lost: then the new founding entry alone says where
    /// it ended, signed by the old council.
    pub ending: Option<ReceiptJson>,
    /// SHA-256 of the closing snapshot, in hexadecimal.
    pub snapshot: String,
    /// Prefix of the paths below this node's address where the old log still is, such as `/log/before`, or `/log/ended/`
    /// and the ledger's id.
    pub log: String,
}

/// Where the ledger that continues this one is. A wallet checks it without believing this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SuccessorJson {
    /// The address of its node; its log's origin begins with the same host.
    pub url: String,
    /// Its founding entry, under its first checkpoint.
    pub lineage: LineageJson,
    /// How this ledger ended.
    pub end: SuccessionJson,
}

/// What an account had when the old ledger ended, with what proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ShareJson {
    /// The account.
    pub account: String,
    /// The sum of its debits, in minor units.
    pub debits_minor: u64,
    /// The sum of its credits.
    pub credits_minor: u64,
    /// What comes back to it of redeems that were never settled.
    pub returned_minor: u64,
    /// How many lines it had.
    pub lines: u64,
    /// SHA-256 of its state and status, in hexadecimal: it begins with these.
    pub state: String,
    /// The salt of its hash in the public list, base64url.
    pub salt: String,
}

impl LineageJson {
    /// Returns the receipts; nothing is known to be true before they are followed.
    ///
    /// # Errors
    /// Names the first field that does not hold what belongs there.
    pub fn to_receipts(&self) -> Result<Vec<Receipt>, FieldError> {
        self.charters.iter().map(ReceiptJson::to_receipt).collect()
    }
}

impl ShareJson {
    /// Returns the twin of a share and its salt.
    pub fn of(share: &Share, salt: &[u8; 32]) -> Self {
        Self {
            account: share.account.to_string(),
            debits_minor: share.debits,
            credits_minor: share.credits,
            returned_minor: share.returned,
            lines: share.lines,
            state: share.state.to_hex(),
            salt: text::base64url(salt),
        }
    }

    /// Returns the share and its salt.
    ///
    /// # Errors
    /// Names the first field that does not hold what belongs there.
    pub fn to_share(&self) -> Result<(Share, [u8; 32]), FieldError> {
        let account: AccountId = text::account("account", &self.account)?;
        let share = Share {
            account,
            debits: self.debits_minor,
            credits: self.credits_minor,
            returned: self.returned_minor,
            lines: self.lines,
            state: text::from_hex("state", &self.state, Digest::from_hex)?,
        };
        Ok((share, text::from_base64url_fixed("salt", &self.salt)?))
    }
}
