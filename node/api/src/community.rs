//! What anybody may know of a community, and the names it lists.

use crate::charter::CharterJson;
use crate::reason::Reason;
use klaver_ledger::charter::UnitWords;
use serde::{Deserialize, Serialize};

/// The community's own words for one and for many units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnitJson {
    /// One: "klaver".
    pub one: String,
    /// Many: "klavers".
    pub many: String,
}

impl UnitJson {
    /// Returns the twin of `unit`.
    pub fn of(unit: &UnitWords) -> Self {
        Self { one: unit.one.clone(), many: unit.many.clone() }
    }
}

/// Where the public log is, and how to verify it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LogAddress {
    /// The prefix of its paths, without trailing slash: add `/checkpoint`, `/tile/…`.
    pub url: String,
    /// The first line of its checkpoints.
    pub origin: String,
    /// Its verifier key, in the form of C2SP signed notes.
    pub vkey: String,
    /// Where its trust policy is: witnesses, and how many of them it takes; `null` when it has none. The charter holds
    /// the hash of that text.
    #[serde(default)]
    pub policy: Option<String>,
}

/// An auditor's signed note, as the ledger anchors it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditNoteJson {
    /// The entry that anchors it.
    pub index: u64,
    /// How many records it speaks of.
    pub size: u64,
    /// When it was anchored.
    pub anchored_at: String,
    /// How long ago that is, in seconds.
    pub age_seconds: u64,
    /// SHA-256 of the note, in hexadecimal.
    pub document: String,
}

/// What anybody may know of a community.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Community {
    /// Its name.
    pub name: String,
    /// Its words for the unit.
    pub unit: UnitJson,
    /// How many decimals people see.
    pub scale: u8,
    /// The ledger's id, in hexadecimal: signed with every entry.
    pub ledger: String,
    /// The address that links and sessions name: `https://host`, without trailing slash.
    pub origin: String,
    /// How many records there are.
    pub size: u64,
    /// The node's time, so that a wallet sees when its own clock is wrong.
    pub now: String,
    /// Index of the entry that made the charter: what a `govern` names as `base`.
    pub charter_base: u64,
    /// Who governs, and the policy in force.
    pub charter: CharterJson,
    /// The account that redeemed credits move to.
    pub settlement: String,
    /// The public log.
    pub log: LogAddress,
    /// Whether this is a demonstration with keys that anybody can know.
    pub demo: bool,
    /// What a place usually gives as thanks for an hour of help; a custom, no rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thanks_per_hour: Option<String>,
    /// The newest audit note that the ledger anchors; `null` when there is none.
    #[serde(default)]
    pub audit_note: Option<AuditNoteJson>,
    /// The address of the ledger that continues this one, once it has ended: only a hint, a wallet checks what is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// Why nothing can be recorded now; `null` when all is well.
    pub read_only: Option<Reason>,
}

/// The name by which an account may be shown. Community data: erasable, outside the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name, at most 80 bytes of UTF-8; `null` removes it.
    pub name: Option<String>,
    /// Whether anybody may find it in the directory (places and merchants).
    #[serde(default)]
    pub listed: bool,
    /// Where it is, as people write it, at most 80 bytes of UTF-8: absent leaves it as it is, `null` takes it away.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub address: Option<Option<String>>,
    /// Where it is, for the map: absent leaves it as it is, `null` takes it away.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Position>))]
    pub position: Option<Option<Position>>,
}

/// Tells a field that is there and `null` from one that is not.
fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// A point on the map, in millionths of a degree (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// North of the equator, -90,000,000 to 90,000,000.
    pub latitude_microdegrees: i32,
    /// East of Greenwich, -180,000,000 to 180,000,000.
    pub longitude_microdegrees: i32,
}

/// A place or merchant that chose to be listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DirectoryEntry {
    /// Its account.
    pub account: String,
    /// Its kind of account.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Where it is, as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where it is, if it is on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Whether it takes nothing for a while: it has paused, or its month is full.
    #[serde(default)]
    pub paused: bool,
    /// The small free services that it offers to anybody, by their pictures.
    #[serde(default)]
    pub services: Vec<String>,
}

/// The directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DirectoryPage {
    /// Who is listed, by name.
    pub entries: Vec<DirectoryEntry>,
}
