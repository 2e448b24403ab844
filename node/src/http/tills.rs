//! Tills: how a shop takes credits, and its day.

use super::App;
use super::extract::{AccountPath, JsonBody, Session};
use super::problem::Answer;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::paths;
use klaver_api::{Problem, Till, TillDay, TillSettings};

/// How the account takes credits at its tills.
#[utoipa::path(get, path = paths::TILL, tag = "tills", security(("session" = [])),
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = 200, description = "How", body = Till),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn till(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(id): AccountPath,
) -> Result<Json<Till>, Answer> {
    Ok(Json(app.service.till(&visitor, &id)?))
}

/// Sets how the account takes credits, and pauses it.
#[utoipa::path(put, path = paths::TILL, tag = "tills", security(("session" = [])),
    params(("id" = String, Path, description = "The account")), request_body = TillSettings,
    responses(
        (status = 204, description = "Done"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn set_till(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(id): AccountPath,
    JsonBody(settings): JsonBody<TillSettings>,
) -> Result<StatusCode, Answer> {
    app.service.set_till(&visitor, &id, &settings).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the account's tills took in the last 25 hours.
#[utoipa::path(get, path = paths::TILL_DAY, tag = "tills", security(("session" = [])),
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = 200, description = "The payments, the newest first", body = TillDay),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn till_day(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(id): AccountPath,
) -> Result<Json<TillDay>, Answer> {
    Ok(Json(app.service.till_day(&visitor, &id)?))
}
