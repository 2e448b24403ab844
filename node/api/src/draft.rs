//! Entries that wait for signatures.

use crate::entry::EntryJson;
use crate::submit::MemoJson;
use klaver_ledger::id::EntryId;
use serde::{Deserialize, Serialize};

/// An entry that waits for signatures, as a key that may sign it sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Draft {
    /// Its id: the first 16 bytes of the entry's id, in hexadecimal ([`draft_id`]).
    pub id: String,
    /// The link for people and QR codes.
    pub link: String,
    /// What is to be signed. Sign the envelope's bytes, and show what *they* say.
    pub entry: EntryJson,
    /// The envelope with the signatures so far, base64url.
    pub envelope: String,
    /// The keys that have signed.
    pub signed_by: Vec<String>,
    /// Last moment it may be recorded.
    pub expires_at: String,
    /// The memo that came with it.
    pub memo: Option<MemoJson>,
}

/// The drafts that a session's key may sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DraftPage {
    /// The drafts, those that expire first at the start.
    pub drafts: Vec<Draft>,
}

/// Returns the id of the draft of `entry`: short enough for a QR code.
pub fn draft_id(entry: &EntryId) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&entry.0[..16]);
    id
}
