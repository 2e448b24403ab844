//! Cosignatures that witnesses bring themselves, because nobody can reach them from outside.

use super::App;
use super::problem::Answer;
use crate::service::Brought;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use klaver_api::{Problem, paths};
use klaver_ledger::log::note::{NOTE_BYTES_MAX, Note};
use std::time::Duration;

/// How long a note may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// Takes cosignatures: a note with one of the newest checkpoints of this log, and lines of its witnesses.
#[utoipa::path(post, path = paths::WITNESS_COSIGNATURES, tag = "log",
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, description = "How many lines count", body = String, content_type = "text/plain"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn cosignatures(State(app): State<App>, body: Body) -> Result<String, Answer> {
    let bytes = match tokio::time::timeout(BODY_TIME_MAX, to_bytes(body, NOTE_BYTES_MAX)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            let limit = format!("{NOTE_BYTES_MAX} bytes");
            return refuse(413, "body_too_large", "The note is too large, or broke off.", "Send it again.")
                .map_err(|answer| Answer(Box::new(answer.0.with_limit(limit))));
        }
        Err(_) => return refuse(408, "body_too_slow", "The note came too slowly.", "Send it again."),
    };
    let note = match Note::parse(&bytes) {
        Ok(note) => note,
        Err(error) => {
            return refuse(400, "malformed_note", &error.to_string(), "Send the checkpoint and your lines.");
        }
    };
    // Proving what a checkpoint means may read old tiles from the disk.
    let taken = tokio::task::spawn_blocking(move || app.service.take_cosignatures(&note)).await;
    match taken.unwrap_or(Brought::NoWitness) {
        Brought::Counted(lines) => Ok(format!("{lines}\n")),
        Brought::NoWitness => {
            let advice = "See the trust policy for the witnesses of this log.";
            refuse(403, "no_witness", "No line of a witness of this log verifies.", advice)
        }
        Brought::AheadOfTime => {
            let advice = "Set your clock, and cosign again.";
            refuse(400, "ahead_of_time", "The time of the cosignature lies ahead of ours.", advice)
        }
        Brought::NotRecent => {
            let advice = "Fetch the checkpoint again and cosign that one.";
            refuse(409, "old_checkpoint", "The checkpoint is not among the newest.", advice)
        }
        Brought::Contradiction => {
            let advice = "Keep it, and tell the council.";
            refuse(409, "contradiction", "This log has signed what it does not continue.", advice)
        }
    }
}

fn refuse(status: u16, code: &str, sentence: &str, advice: &str) -> Result<String, Answer> {
    let problem = Problem::new(status, code, "The cosignatures are not taken", sentence.to_owned());
    Err(Answer(Box::new(problem.with_advice(advice))))
}
