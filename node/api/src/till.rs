//! How a shop takes credits, and the day of its till.

use crate::statement::ReferenceJson;
use serde::{Deserialize, Serialize};

/// Which part of a price is asked for in credits; the rest is paid in money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of it.
    #[default]
    Exact,
    /// What fills whole credits.
    Whole,
    /// Half of it.
    Half,
}

/// How a shop takes credits: the same on each of its tills. Community data, which decides nothing about money.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TillSettings {
    /// Which part of a price is asked for in credits.
    pub part: Part,
    /// Most credits of one bill; `null` for no such limit.
    #[serde(default)]
    pub bill_most: Option<String>,
    /// Most credits that it takes in a calendar month (UTC); `null` for no such limit, and to a cashier.
    #[serde(default)]
    pub month_most: Option<String>,
    /// Whether it takes nothing for a while.
    #[serde(default)]
    pub paused: bool,
    /// The small free services that the shop offers to anybody, by their pictures.
    #[serde(default)]
    pub services: Vec<String>,
}

/// A shop's till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Till {
    /// How it takes credits.
    pub settings: TillSettings,
    /// How much it still takes this month; `null` without such a limit, and to a cashier.
    pub left: Option<String>,
}

/// A payment, or what undid one, as whoever works at the till may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DayLine {
    /// Index of the record.
    pub index: u64,
    /// Number of the line in the record: what a refund names.
    pub line: u64,
    /// When it was recorded.
    pub recorded_at: String,
    /// The kind of entry: `pay`, `refund` or `correct`.
    pub kind: String,
    /// What left the account.
    pub debit: String,
    /// What came in.
    pub credit: String,
    /// What the line refers to.
    pub reference: Option<ReferenceJson>,
}

/// What a till took in the last 25 hours, the newest first: a day is never longer. No balance, nothing older.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TillDay {
    /// The lines.
    pub lines: Vec<DayLine>,
}
