//! What a refusal looks like: problem details of RFC 9457, with what a program and a person need to go on.

use crate::reason::Reason;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A refusal. `code` is stable: programs decide by it, never by the sentences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Identifies the kind of problem: `urn:klaver:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short name of the kind of problem.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong here, in a sentence.
    pub detail: String,
    /// The stable code.
    pub code: String,
    /// The field of the entry or body that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The value found there; of amounts that the rules judged, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The limit it was held against, in the same unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Every value that the rule names, for sentences in other languages: amounts in minor units, moments in UTC.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Why nothing is recorded now, if that is it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Whether the same request may succeed later, without any change.
    #[serde(default)]
    pub transient: bool,
}

impl Problem {
    /// Returns a problem of `status` with the stable `code`.
    pub fn new(status: u16, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:klaver:problem:{code}"),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            code: code.to_owned(),
            field: None,
            value: None,
            limit: None,
            values: BTreeMap::new(),
            reason: None,
            advice: None,
            transient: false,
        }
    }

    /// Returns this problem about `field`.
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Returns this problem with the value that was found.
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Returns this problem with the limit that was passed.
    pub fn with_limit(mut self, limit: impl Into<String>) -> Self {
        self.limit = Some(limit.into());
        self
    }

    /// Returns this problem with what to do about it.
    pub fn with_advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Returns this problem as one that may pass by itself.
    pub fn passing(mut self) -> Self {
        self.transient = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_leaves_out_what_it_does_not_know() {
        let problem = Problem::new(404, "unknown_request", "Unknown payment request", "No such request.")
            .with_advice("Scan the code again.");
        assert_eq!(
            serde_json::to_string(&problem).unwrap(),
            r#"{"type":"urn:klaver:problem:unknown_request","title":"Unknown payment request","status":404,"detail":"No such request.","code":"unknown_request","advice":"Scan the code again.","transient":false}"#
        );
    }
}
