//! Why a node records nothing: a code with values, so that every wallet and page says it in its reader's language.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// Every code, with the names of its values. Moments are in UTC as everywhere; `shown` is how many records hold.
pub const REASONS: &[(&str, &[&str])] = &[
    ("anchor_differs", &["shown"]),
    ("anchor_missing", &["shown"]),
    ("anchor_unreadable", &["shown"]),
    ("clock_early", &["earliest", "now"]),
    ("clock_late", &["newest", "now"]),
    ("clock_moved", &["seconds"]),
    ("disk", &["file"]),
    ("disk_closed", &["file"]),
    ("disk_full", &["file"]),
    ("evidence_unreadable", &["file"]),
    ("journal_damaged", &["offset", "segment", "shown"]),
    ("journal_gap", &["group", "shown"]),
    ("journal_short", &["shown"]),
    ("journal_unfit", &["index", "shown"]),
    ("log_key", &[]),
    ("program", &[]),
    ("restored", &["size"]),
    ("stopping", &[]),
    ("stored_differs", &["index"]),
    ("two_histories", &["evidence", "ours", "size"]),
    ("unreadable", &["shown"]),
];

/// Why nothing is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Reason {
    /// One of [`REASONS`].
    pub code: String,
    /// The values that the code names.
    pub values: BTreeMap<String, String>,
    /// What is wrong, what is safe and what helps, in English, for whoever runs the node.
    pub detail: String,
}

impl Reason {
    /// Returns the reason `code`, without values yet.
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), values: BTreeMap::new(), detail: detail.into() }
    }

    /// Returns this reason with a value.
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        self.values.insert(name.to_owned(), value.to_string());
        self
    }
}

impl Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}
