//! Own codes: an account's own, and paying by somebody's.

use super::App;
use super::extract::{AccountPath, JsonBody, PathText, Session};
use super::problem::Answer;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::paths;
use klaver_api::{AskOwnCode, CodeOwner, OwnCode, PayByCode, PaymentRequest, Problem};

/// The code that leads to the account's pay page: the one there is, the first one, or a new one in its place.
#[utoipa::path(post, path = paths::OWN_CODE, tag = "accounts", security(("session" = [])),
    params(("id" = String, Path, description = "The account")), request_body = AskOwnCode,
    responses(
        (status = 200, description = "The code that is in force now", body = OwnCode),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn own_code(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(id): AccountPath,
    JsonBody(asked): JsonBody<AskOwnCode>,
) -> Result<Json<OwnCode>, Answer> {
    Ok(Json(app.service.own_code(&visitor, &id, &asked).await?))
}

/// Who stands behind somebody's own code: what its page says, for whoever asks by it.
#[utoipa::path(get, path = paths::CODE, tag = "requests",
    params(("id" = String, Path, description = "The code: letters, digits, hyphens")),
    responses(
        (status = 200, description = "Who it is, as far as they said so", body = CodeOwner),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn code(State(app): State<App>, PathText(alias): PathText) -> Result<Json<CodeOwner>, Answer> {
    Ok(Json(app.service.code_owner(&alias.to_ascii_lowercase())?))
}

/// Makes a payment request by somebody's own code, for whoever wants to pay.
#[utoipa::path(post, path = paths::CODE_REQUESTS, tag = "requests",
    params(("id" = String, Path, description = "The code: letters, digits, hyphens")), request_body = PayByCode,
    responses(
        (status = 201, description = "The request", body = PaymentRequest),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn request_by_code(
    State(app): State<App>,
    PathText(alias): PathText,
    JsonBody(asked): JsonBody<PayByCode>,
) -> Result<(StatusCode, Json<PaymentRequest>), Answer> {
    let view = app.service.request_by_code(&alias.to_ascii_lowercase(), &asked)?;
    Ok((StatusCode::CREATED, Json(app.service.request_json(&view)?)))
}
