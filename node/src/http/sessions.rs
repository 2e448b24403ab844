//! Sessions.

use super::App;
use super::extract::{JsonBody, bearer};
use super::problem::Answer;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use klaver_api::paths;
use klaver_api::{Challenge, CreateSession, KeyAccounts, Problem, Session};

/// Something fresh to sign, for opening a session or joining.
#[utoipa::path(post, path = paths::CHALLENGES, tag = "sessions",
    responses((status = 201, description = "The challenge", body = Challenge)))]
pub async fn create_challenge(State(app): State<App>) -> Result<(StatusCode, Json<Challenge>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.challenge()?)))
}

/// Opens a session for a signed challenge.
#[utoipa::path(post, path = paths::SESSIONS, tag = "sessions", request_body = CreateSession,
    responses(
        (status = 201, description = "The session; its token is a secret", body = Session),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn create_session(
    State(app): State<App>,
    JsonBody(asked): JsonBody<CreateSession>,
) -> Result<(StatusCode, Json<Session>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.open_session(&asked)?)))
}

/// The accounts that a key belongs to, for a signed challenge that names no account.
#[utoipa::path(post, path = paths::KEY_ACCOUNTS, tag = "sessions", request_body = CreateSession,
    responses(
        (status = 200, description = "The accounts, as many as there are", body = KeyAccounts),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn key_accounts(
    State(app): State<App>,
    JsonBody(asked): JsonBody<CreateSession>,
) -> Result<Json<KeyAccounts>, Answer> {
    Ok(Json(app.service.accounts_of_key(&asked)?))
}

/// Ends the session that asks.
#[utoipa::path(delete, path = paths::SESSIONS, tag = "sessions", security(("session" = [])),
    responses((status = 204, description = "It is ended, or was not there")))]
pub async fn end_session(State(app): State<App>, headers: HeaderMap) -> StatusCode {
    if let Some(token) = bearer(&headers) {
        app.service.end_session(token);
    }
    StatusCode::NO_CONTENT
}
