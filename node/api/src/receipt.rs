//! Evidence as JSON.

use crate::text::{self, FieldError};
use klaver_ledger::entry::cbor::{CborError, Reader};
use klaver_ledger::id::EntryId;
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::note::Note;
use klaver_ledger::receipt::{Opening, Receipt};
use klaver_ledger::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The evidence that something is recorded: verifiable without trusting the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReceiptJson {
    /// The entry's id, where the reader may know it.
    pub entry: Option<String>,
    /// Index of the record.
    pub index: u64,
    /// When it was recorded.
    pub recorded_at: String,
    /// What the reader may see of it: the canonical bytes of `[1, salt_r, record, V]` for a signer,
    /// `[2, salt_i, line_i, i, n, path, A]` for a party, base64url.
    pub opening: String,
    /// The inclusion proof: hashes from the leaf's sibling up, standard base64.
    pub proof: Vec<String>,
    /// The checkpoint with the log's signature, as a signed note.
    pub checkpoint: String,
}

impl ReceiptJson {
    /// Returns the twin of `receipt`; `entry` is given to those who may know it.
    pub fn of(receipt: &Receipt, entry: Option<&EntryId>) -> Self {
        Self {
            entry: entry.map(EntryId::to_hex),
            index: receipt.index,
            recorded_at: recorded_at(&receipt.opening).map(|at| at.to_string()).unwrap_or_default(),
            opening: text::base64url(&receipt.opening.encode()),
            proof: receipt.proof.iter().map(Hash::to_base64).collect(),
            checkpoint: receipt.checkpoint.to_string(),
        }
    }

    /// Returns the receipt it stands for; nothing is known to be true before it is verified.
    ///
    /// # Errors
    /// Names the first field that does not hold what belongs there.
    pub fn to_receipt(&self) -> Result<Receipt, FieldError> {
        let opening = text::from_base64url("opening", &self.opening)?;
        let opening =
            Opening::decode(&opening).map_err(|error| FieldError::new("opening", &self.opening, error))?;
        let hash = |text: &String| {
            Hash::from_base64(text)
                .ok_or_else(|| FieldError::new("proof", text, "standard base64 of 32 bytes belongs here"))
        };
        let checkpoint = Note::parse(self.checkpoint.as_bytes())
            .map_err(|error| FieldError::new("checkpoint", &self.checkpoint, error))?;
        let proof = self.proof.iter().map(hash).collect::<Result<_, _>>()?;
        Ok(Receipt { index: self.index, opening, proof, checkpoint: Arc::new(checkpoint) })
    }
}

/// Returns when the record was recorded, as its opening says.
fn recorded_at(opening: &Opening) -> Option<Timestamp> {
    let of_record = |record: &[u8]| -> Result<u64, CborError> {
        let r = &mut Reader::new(record);
        r.array("record", 3)?;
        r.uint("index")?;
        r.uint("recorded_at")
    };
    match opening {
        Opening::Line { line, .. } => Some(line.recorded_at),
        Opening::Signer { record, .. } | Opening::Auditor { record, .. } => {
            of_record(record).ok().and_then(Timestamp::from_millis)
        }
    }
}

/// The proof that the log of one size starts with the log of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ConsistencyJson {
    /// The smaller size.
    pub from: u64,
    /// The larger size, at most the published one.
    pub to: u64,
    /// The hashes of RFC 6962, section 2.1.2, standard base64.
    pub proof: Vec<String>,
}
