//! Meetings of an old device with a new one.

use super::App;
use super::extract::{JsonBody, Session};
use super::problem::Answer;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::paths;
use klaver_api::{AnswerPairing, Pairing, Problem};

/// Starts a meeting: the session's account shows the code to a new device.
#[utoipa::path(post, path = paths::PAIRINGS, tag = "accounts", security(("session" = [])),
    responses(
        (status = 201, description = "The meeting, in place of an older one", body = Pairing),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn start_pairing(
    State(app): State<App>,
    Session(visitor): Session,
) -> Result<(StatusCode, Json<Pairing>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.start_pairing(&visitor)?)))
}

/// The meeting that the session's account started, with the new device's key once it has answered.
#[utoipa::path(get, path = paths::PAIRINGS, tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "The meeting", body = Pairing),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn pairing(State(app): State<App>, Session(visitor): Session) -> Result<Json<Pairing>, Answer> {
    Ok(Json(app.service.pairing(&visitor)?))
}

/// Tells the old device which key the new one has. The account does not change by it: its own keys sign that.
#[utoipa::path(post, path = paths::PAIRING_ANSWERS, tag = "accounts", request_body = AnswerPairing,
    responses(
        (status = 204, description = "Told"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn answer_pairing(
    State(app): State<App>,
    JsonBody(answer): JsonBody<AnswerPairing>,
) -> Result<StatusCode, Answer> {
    app.service.answer_pairing(&answer)?;
    Ok(StatusCode::NO_CONTENT)
}
