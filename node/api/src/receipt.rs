//! Evidence as JSON.

use serde::{Deserialize, Serialize};

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
