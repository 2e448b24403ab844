//! Which status and words a refusal gets: the only place that knows.
//!
//! | status | when |
//! |---|---|
//! | 400 | the request or the envelope is malformed, or badly signed |
//! | 401 | a session is needed, or a signature does not prove what it should |
//! | 403 | the session may not do this |
//! | 404 | there is no such thing, or not for this session |
//! | 408 | the body came too slowly |
//! | 409 | the entry contradicts something that is there: paid already, another base, another request |
//! | 413 | the body is larger than an entry can be |
//! | 415 | the body is of another media type |
//! | 422 | the rules do not allow the entry |
//! | 429 | too much of something: try later |
//! | 500 | the node cannot read what it stored |
//! | 503 | nothing is recorded now: busy, or read-only; or what was asked for may be damaged |
//! | 507 | community data cannot be written |

use crate::clock::wall_clock;
use crate::service::{Crowded, PaperRefused, Refused};
use crate::writer::Unrecorded;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use klaver_api::paths::PROBLEM_JSON;
use klaver_api::{Problem, Reason};
use klaver_ledger::entry::cbor::CborError;
use klaver_ledger::entry::signed::EnvelopeError;
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::refusal::Refusal;

/// A refusal on its way out.
#[derive(Debug)]
pub struct Answer(pub Box<Problem>);

impl<E: Into<Refused>> From<E> for Answer {
    fn from(refused: E) -> Self {
        Self(Box::new(problem_of(&refused.into())))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.0).expect("a problem is plain values");
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        let comes_back = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if comes_back && self.0.transient {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after(&self.0.code).into());
        }
        response
    }
}

/// Returns in how many seconds to come back: numbers of a day begin again at midnight, in UTC.
fn retry_after(code: &str) -> u64 {
    match code {
        "busy" => 1,
        "crowded_today" | "papers_today" | "registrar_day" => {
            DAY_SECONDS - wall_clock().seconds() % DAY_SECONDS
        }
        _ => 60,
    }
}

/// Returns the status, code and words of a refusal.
pub fn problem_of(refused: &Refused) -> Problem {
    let (sentence, advice) = split_advice(refused.to_string());
    let make = |status, code: &str, title: &str| {
        let problem = Problem::new(status, code, title, sentence.clone());
        match &advice {
            Some(advice) => problem.with_advice(advice.clone()),
            None => problem,
        }
    };
    match refused {
        Refused::Declined(refusal) => declined(refusal),
        Refused::Envelope(error) => {
            let problem = make(400, error.code(), "The entry is malformed");
            match error {
                EnvelopeError::Malformed(error) => about_cbor(problem, error),
                EnvelopeError::UnknownKey { key } => problem.in_field("signatures").with_value(key),
                EnvelopeError::BadSignature { key } => {
                    problem.in_field("signatures").with_value(key.to_string())
                }
            }
        }
        Refused::Field(error) => {
            let problem = Problem::new(400, "malformed_field", "A field is malformed", refused.to_string());
            let (limit, advice) = split_advice(error.expected.clone());
            let advice =
                advice.unwrap_or_else(|| format!("correct {} and send the request again", error.field));
            problem.in_field(error.field).with_value(&error.value).with_limit(limit).with_advice(advice)
        }
        Refused::Unrecorded(Unrecorded::Busy) => make(503, "busy", "The node is busy").passing(),
        Refused::Unrecorded(Unrecorded::ReadOnly { why, is_lasting }) => read_only(why, *is_lasting),
        Refused::Unrecorded(Unrecorded::Unknown { why }) => {
            let problem = make(503, "outcome_unknown", "Nobody knows yet whether this was recorded");
            Problem { reason: Some(why.clone()), ..problem.passing() }
        }
        Refused::RequestMismatch(mismatch) => make(409, "request_mismatch", "Not what the request asks for")
            .in_field(mismatch.field)
            .with_value(&mismatch.found)
            .with_limit(&mismatch.expected),
        Refused::Unknown { code, .. } => make(404, code, "Not found"),
        Refused::SessionNeeded => make(401, "session_needed", "A session is needed"),
        Refused::Forbidden { .. } => make(403, "forbidden", "Not for this session"),
        Refused::TillPaused => make(409, "till_paused", "The payee has paused"),
        Refused::TillFull { left } => {
            make(409, "till_full", "The payee takes no more this month").with_limit(left.clone())
        }
        Refused::TillTooMuch => make(409, "till_too_much", "The payee does not take so much now"),
        Refused::Challenge(_) => make(401, "challenge_refused", "The challenge does not count"),
        Refused::SessionSignature { .. } => make(401, "session_signature", "The signature opens no session"),
        Refused::SessionKey { .. } => make(401, "session_key", "The key opens no session here"),
        Refused::JoinSignature { key } => make(401, "join_signature", "A key did not sign that it joins")
            .in_field("signatures")
            .with_value(key.to_string()),
        Refused::Paper(why) => match why {
            PaperRefused::NoCards => make(409, "no_cards", "No cards here"),
            PaperRefused::Today { limit } => {
                make(429, "papers_today", "Enough for today").with_limit(limit.to_string()).passing()
            }
            PaperRefused::NotGuardian => make(409, "not_guardian", "Not the guardian"),
            PaperRefused::Resting => make(409, "card_rests", "The card rests"),
            PaperRefused::Lost => make(409, "paper_lost", "Said to be lost"),
            PaperRefused::Waiting => make(409, "paper_waits", "It does not pay yet"),
            PaperRefused::Replaced => make(409, "paper_replaced", "Replaced"),
            PaperRefused::PinNeeded { limit } => make(403, "pin_needed", "A PIN is needed").with_limit(limit),
            PaperRefused::NoPin { limit } => make(409, "no_pin", "The card has no PIN").with_limit(limit),
            PaperRefused::WrongPin { left } => {
                make(403, "wrong_pin", "Not the PIN").in_field("pin").with_limit(left.to_string())
            }
            PaperRefused::PinForm => make(400, "pin_form", "No PIN").in_field("pin"),
            PaperRefused::PinSimple => make(400, "pin_simple", "Too simple a PIN").in_field("pin"),
            PaperRefused::TriedOften => make(409, "card_tried", "Too many amounts were tried"),
            PaperRefused::Short => make(422, "card_short", "Not with this card"),
            PaperRefused::AboveCap { limit } => {
                make(422, "card_day_cap", "More than a card may spend").with_limit(limit)
            }
            PaperRefused::OtherPayment => make(400, "other_payment", "No payment by this card"),
            PaperRefused::OtherChange => make(400, "other_change", "No new paper for this"),
            PaperRefused::NotAtHand => make(403, "not_at_hand", "The card is not at hand"),
        },
        Refused::NotNow { code, .. } => make(409, code, "Not with this, or not now"),
        Refused::Crowded(Crowded::Here { limit }) => {
            make(429, "crowded_here", "Too many newcomers from here").with_limit(limit.to_string()).passing()
        }
        Refused::Crowded(Crowded::Today { limit }) => {
            make(429, "crowded_today", "Too many newcomers today").with_limit(limit.to_string()).passing()
        }
        Refused::TooMany { limit, .. } => {
            make(429, "too_many", "Too many").with_limit(limit.to_string()).passing()
        }
        Refused::Read(_) => make(500, "unreadable", "The ledger cannot be read"),
        Refused::BeyondDamage { why } => {
            let title = "This part of the ledger cannot be read now".to_owned();
            Problem { title, ..read_only(why, true) }
        }
        Refused::Keep(_) => make(507, "not_kept", "Community data cannot be written"),
        Refused::Link(_) => make(500, "address_too_long", "The node's address is too long for links"),
        Refused::Randomness(_) => make(500, "no_randomness", "No randomness"),
    }
}

/// Returns the answer of a node that records nothing. What no waiting mends is not called passing.
pub fn read_only(why: &Reason, is_lasting: bool) -> Problem {
    let (what, advice) = split_advice(why.detail.clone());
    let mut problem = Problem::new(
        503,
        "read_only",
        "Nothing can be recorded now",
        format!("nothing can be recorded now: {what}"),
    );
    problem.reason = Some(why.clone());
    problem.transient = !is_lasting;
    problem.with_advice(advice.unwrap_or_else(|| {
        let advice = if is_lasting {
            "ask whoever runs the node to look at its log; waiting does not help"
        } else {
            "try again in a minute"
        };
        advice.to_owned()
    }))
}

/// Rules answer 422; what is about something that changed meanwhile, 409; what is only too much now, 429.
fn declined(refusal: &Refusal) -> Problem {
    let status = match refusal.code.as_str() {
        "request_paid" | "wrong_base" | "pending_exists" | "not_pending" | "account_exists"
        | "already_founded" => 409,
        "too_many_refusals" | "registrar_day" => 429,
        _ => 422,
    };
    let (sentence, advice) = split_advice(refusal.sentence.clone());
    let mut problem = Problem::new(status, &refusal.code, "The rules do not allow this", sentence);
    problem.advice = advice;
    problem.field.clone_from(&refusal.field);
    problem.values = refusal.details.iter().cloned().collect();
    let value_of = |names: &[&str]| {
        // The names stand in the order in which they tell most.
        let of = |name: &&str| refusal.details.iter().find(|(found, _)| found == name);
        names.iter().find_map(of).map(|(_, value)| value.clone())
    };
    problem.value =
        value_of(&["requested", "found", "expires_at", "amount", "base", "have", "key", "account", "index"]);
    problem.limit = value_of(&[
        "available",
        "room",
        "cap",
        "left",
        "latest",
        "until",
        "in_force",
        "need",
        "allowed",
        "limit",
        "outstanding",
        "now",
    ]);
    problem.transient = status == 429;
    problem
}

fn about_cbor(problem: Problem, error: &CborError) -> Problem {
    let problem = problem.in_field(error.field());
    match error {
        CborError::Unexpected { expected, found, .. } => problem.with_value(found).with_limit(*expected),
        CborError::OutOfRange { value, limit, .. } => problem.with_value(value).with_limit(limit),
        CborError::Unknown { value, .. } => problem
            .with_value(value.to_string())
            .with_advice("update what is older: the node, or the wallet that reads this"),
        CborError::Unsorted { .. } | CborError::NotCanonical { .. } => problem,
    }
}

/// Splits "what is wrong: what to do" at its last colon.
fn split_advice(sentence: String) -> (String, Option<String>) {
    match sentence.rsplit_once(": ") {
        Some((what, advice)) if !what.is_empty() && !advice.is_empty() => {
            (what.to_owned(), Some(advice.to_owned()))
        }
        _ => (sentence, None),
    }
}

/// Returns the answer for a path that is not there.
pub fn no_such_path() -> Answer {
    let problem = Problem::new(404, "unknown_path", "Not found", "There is nothing at this path.");
    Answer(Box::new(problem.with_advice("Look at /v1/openapi.json for what there is.")))
}

/// Returns the answer for a method that a path does not have.
pub fn no_such_method() -> Answer {
    let problem = Problem::new(405, "unknown_method", "Not allowed", "This path does not take this method.");
    Answer(Box::new(problem.with_advice("Look at /v1/openapi.json for what there is.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::requests::Mismatch;
    use klaver_api::text::FieldError;
    use klaver_ledger::id::{AccountId, EntryId};
    use klaver_ledger::refusal::ChargedTo;
    use klaver_ledger::time::Deadline;

    fn refusal(code: &str, sentence: &str, details: &[(&str, &str)]) -> Refused {
        Refused::Declined(Box::new(Refusal {
            id: EntryId([1; 32]),
            expires_at: Deadline::from_seconds(1).unwrap(),
            charged_to: ChargedTo::Account(AccountId([2; 16])),
            code: code.to_owned(),
            sentence: sentence.to_owned(),
            field: Some("amount".to_owned()),
            details: details.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }))
    }

    #[test]
    fn every_refusal_has_its_status() {
        let unknown = |code| Refused::Unknown { what: "thing", code, advice: "look again" };
        let cases: Vec<(Refused, u16, &str)> = vec![
            (refusal("insufficient_credits", "a: b", &[]), 422, "insufficient_credits"),
            (refusal("request_paid", "a: b", &[]), 409, "request_paid"),
            (refusal("wrong_base", "a: b", &[]), 409, "wrong_base"),
            (refusal("registrar_day", "a: b", &[]), 429, "registrar_day"),
            (CborError::NotCanonical { field: "entry" }.into(), 400, "malformed_entry"),
            (CborError::Unknown { field: "kind", value: 99 }.into(), 400, "update_needed"),
            (Refused::Envelope(EnvelopeError::UnknownKey { key: "00".to_owned() }), 400, "unknown_key"),
            (FieldError::new("amount", "x", "a number").into(), 400, "malformed_field"),
            (Unrecorded::Busy.into(), 503, "busy"),
            (
                Unrecorded::ReadOnly { why: Reason::new("disk", "disk"), is_lasting: true }.into(),
                503,
                "read_only",
            ),
            (Unrecorded::Unknown { why: Reason::new("disk", "disk") }.into(), 503, "outcome_unknown"),
            (
                Mismatch { field: "amount", found: "1".to_owned(), expected: "2".to_owned() }.into(),
                409,
                "request_mismatch",
            ),
            (unknown("unknown_request"), 404, "unknown_request"),
            (Refused::SessionNeeded, 401, "session_needed"),
            (Refused::Forbidden { advice: "ask" }, 403, "forbidden"),
            (Refused::TillPaused, 409, "till_paused"),
            (Refused::TillTooMuch, 409, "till_too_much"),
            (Refused::SessionSignature { advice: "sign" }, 401, "session_signature"),
            (Refused::SessionKey { advice: "ask" }, 401, "session_key"),
            (Refused::TillFull { left: "2.50".to_owned() }, 409, "till_full"),
            (Refused::TooMany { what: "drafts", limit: 3, advice: "wait" }, 429, "too_many"),
        ];
        for (refused, status, code) in cases {
            let problem = problem_of(&refused);
            assert_eq!((problem.status, problem.code.as_str()), (status, code), "{refused}");
            assert!(problem.advice.is_some() || problem.limit.is_some(), "{code} says what to do");
        }
    }

    #[test]
    fn a_node_that_no_waiting_mends_says_so() {
        let refused = |why: &str, is_lasting| {
            let refused = Unrecorded::ReadOnly { why: Reason::new("disk", why), is_lasting };
            Answer::from(refused)
        };
        let lasting = refused("segment 2 is gone: put a copy back", true);
        assert_eq!((lasting.0.transient, lasting.0.advice.as_deref()), (false, Some("put a copy back")));
        assert_eq!(lasting.0.reason.as_ref().map(|why| why.code.as_str()), Some("disk"));
        assert_eq!(lasting.into_response().headers().get(header::RETRY_AFTER), None);
        assert!(refused("the disk is full", true).0.advice.is_some_and(|advice| advice.contains("log")));
        let passing = refused("the clock moved", false);
        assert!(passing.0.transient && passing.0.advice.is_some());
        assert_eq!(passing.into_response().headers()[header::RETRY_AFTER], "60");
    }

    #[test]
    fn a_malformed_field_says_what_to_do() {
        let problem = problem_of(&FieldError::new("amount", "x", "a number belongs here").into());
        assert_eq!(problem.advice.as_deref(), Some("correct amount and send the request again"));
        let problem =
            problem_of(&FieldError::new("path", "%", "UTF-8 belongs here: copy the address again").into());
        assert_eq!(
            (problem.limit.as_deref(), problem.advice.as_deref()),
            (Some("UTF-8 belongs here"), Some("copy the address again"))
        );
    }

    #[test]
    fn a_declined_entry_names_field_value_limit_and_advice() {
        let declined = refusal(
            "insufficient_credits",
            "account a has 3 available, this needs 5: lower the amount",
            &[("account", "a"), ("available", "3"), ("requested", "5")],
        );
        insta::assert_json_snapshot!(problem_of(&declined), @r#"
        {
          "type": "urn:klaver:problem:insufficient_credits",
          "title": "The rules do not allow this",
          "status": 422,
          "detail": "account a has 3 available, this needs 5",
          "code": "insufficient_credits",
          "field": "amount",
          "value": "5",
          "limit": "3",
          "values": {
            "account": "a",
            "available": "3",
            "requested": "5"
          },
          "advice": "lower the amount",
          "transient": false
        }
        "#);
    }

    #[test]
    fn a_busy_node_says_when_to_come_back() {
        let response = Answer::from(Unrecorded::Busy).into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_JSON);
    }
}
