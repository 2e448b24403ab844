//! How the community grew, and hours with pioneers, for the council.

use super::App;
use super::extract::{IdPath, JsonBody, Session};
use super::problem::Answer;
use crate::service::unknown_round;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::{Growth, PlanRound, Problem, Round, Rounds, paths};

/// How many people had joined by the end of each month, in tens, looked at once a day.
#[utoipa::path(get, path = paths::COUNCIL_GROWTH, tag = "coordination", security(("session" = [])),
    responses(
        (status = 200, description = "The months", body = Growth),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn growth(State(app): State<App>, Session(visitor): Session) -> Result<Json<Growth>, Answer> {
    Ok(Json(app.service.growth(&visitor)?))
}

/// The hours with pioneers, the newest first, with how it went after thirty and after ninety days.
#[utoipa::path(get, path = paths::COUNCIL_ROUNDS, tag = "coordination", security(("session" = [])),
    responses(
        (status = 200, description = "The hours", body = Rounds),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn rounds(State(app): State<App>, Session(visitor): Session) -> Result<Json<Rounds>, Answer> {
    Ok(Json(app.service.rounds(&visitor).await?))
}

/// Plans an hour with pioneers: with a page for its host, and an invitation for so many.
#[utoipa::path(post, path = paths::COUNCIL_ROUNDS, tag = "coordination", security(("session" = [])),
    request_body = PlanRound,
    responses(
        (status = 201, description = "The hour", body = Round),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn plan_round(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<PlanRound>,
) -> Result<(StatusCode, Json<Round>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.plan_round(&visitor, &asked).await?)))
}

/// Forgets an hour, with all that was said.
#[utoipa::path(delete, path = paths::COUNCIL_ROUND, tag = "coordination", security(("session" = [])),
    params(("id" = String, Path, description = "The hour")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn forget_round(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<StatusCode, Answer> {
    app.service.forget_round(&visitor, &id.ok_or_else(unknown_round)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
