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
    /// Whose signatures it waits for; of a draft from before this was kept, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<WaitsFor>,
    /// What has become of it.
    pub state: DraftState,
    /// Index of its record, once it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Last moment it may be recorded.
    pub expires_at: String,
    /// The memo that came with it.
    pub memo: Option<MemoJson>,
    /// What the accounts of a payment are called, as far as whoever pays may know it. Nobody signs these names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<CalledAccount>,
}

/// What an account is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CalledAccount {
    /// The account.
    pub account: String,
    /// Its kind.
    pub kind: String,
    /// Its name, or what its owner writes beside the own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Whose signatures an entry waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WaitsFor {
    /// `council`, `rescue`, `auditor`, `other_auditor`, `guardian`, `other_organisation`, `issuer` or `account`.
    pub who: String,
    /// The account whose keys are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What they must be allowed: `spend`, `refund`, `redeem`, `manage`, with plus signs between several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<String>,
    /// How many have signed.
    pub have: u64,
    /// How many are needed.
    pub need: u64,
}

/// What has become of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DraftState {
    /// It waits for signatures.
    Waiting,
    /// It is recorded.
    Recorded,
    /// Its time is over.
    Expired,
    /// Something else was recorded in its place: signing it would be refused.
    Overtaken,
}

impl WaitsFor {
    /// Returns what the values of a refusal `lacks_signers` say.
    pub fn of_details(details: &[(String, String)]) -> Option<Self> {
        let of = |name: &str| details.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let number = |name: &str| of(name)?.parse().ok();
        Some(Self {
            who: of("who")?,
            account: of("account"),
            right: of("right"),
            have: number("have")?,
            need: number("need")?,
        })
    }
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
