//! An account's lines.

use crate::entry::EntryJson;
use crate::submit::MemoJson;
use serde::{Deserialize, Serialize};

/// One line of an account, as its keys may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StatementLine {
    /// Index of the record.
    pub index: u64,
    /// Number of the line in the record: what a refund or correction names.
    pub line: u64,
    /// When it was recorded.
    pub recorded_at: String,
    /// The kind of entry.
    pub kind: String,
    /// How many lines the account had before: a gap would mean that one was withheld.
    pub seq: u64,
    /// What left the account.
    pub debit: String,
    /// What came in.
    pub credit: String,
    /// The account's balance after this line.
    pub balance: String,
    /// What the line refers to.
    pub reference: Option<ReferenceJson>,
    /// The sentence that came with it, while the community keeps it.
    pub memo: Option<MemoJson>,
    /// Why credits were received: `helped`, `took_part`, `welcome` or `migration`; or why something was put right:
    /// `wrong_amount`, `wrong_person`, `twice`, `not_done` or `other`. Not part of what the opening proves.
    pub reason: Option<String>,
    /// The place that gave, or the shop, place or pot that was paid or paid back, where it is listed. Who paid is told
    /// to nobody. Not part of what the opening proves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// The whole entry, when one of the account's keys signed it. Of what others signed only the line is shown.
    pub entry: Option<EntryJson>,
    /// The opening `[2, salt_i, line_i, i, n, path, A]`, base64url: proves the line with the log alone.
    pub opening: String,
}

/// What a line refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum ReferenceJson {
    /// A payment request.
    Request {
        /// Its id.
        id: String,
    },
    /// A task or session.
    Task {
        /// Its id.
        id: String,
    },
    /// A line of an earlier record.
    Line {
        /// Index of the record.
        index: u64,
        /// Number of the line.
        line: u64,
    },
    /// The state that an `open` or `change` named.
    State {
        /// SHA-256 of the state and status.
        digest: String,
    },
}

/// A page of lines, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StatementPage {
    /// The account.
    pub account: String,
    /// Its balance when the page was made.
    pub balance: String,
    /// The lines.
    pub lines: Vec<StatementLine>,
    /// Where the next page starts; `null` on the last one.
    pub next: Option<String>,
}

/// The payload of the event `line` on an account's event stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LineEvent {
    /// Index of the record with the new line.
    pub index: u64,
    /// How many lines the account has now.
    pub lines: u64,
    /// Its balance now.
    pub balance: String,
}
