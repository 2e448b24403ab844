//! Invitations, and joining.

use super::App;
use super::extract::{JsonBody, Session, VisitorAddress};
use super::problem::Answer;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::paths;
use klaver_api::{CreateInvitation, Invitation, Join, Joined, Problem};

/// Creates an invitation: for the council, or for a few people and days for a member or a place.
#[utoipa::path(post, path = paths::INVITATIONS, tag = "joining", security(("session" = [])),
    request_body = CreateInvitation,
    responses(
        (status = 201, description = "The invitation; its code is a secret until it is used", body = Invitation),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn create_invitation(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<CreateInvitation>,
) -> Result<(StatusCode, Json<Invitation>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.invite(&visitor, &asked).await?)))
}

/// Opens a member account by the community's policy.
#[utoipa::path(post, path = paths::JOIN, tag = "joining", request_body = Join,
    responses(
        (status = 201, description = "The account is open", body = Joined),
        (status = 200, description = "The first key has an account already", body = Joined),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy or read-only", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn join(
    State(app): State<App>,
    VisitorAddress(address): VisitorAddress,
    JsonBody(asked): JsonBody<Join>,
) -> Result<(StatusCode, Json<Joined>), Answer> {
    let joined = app.service.join(&asked, address).await?;
    let status = if joined.receipt.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(joined)))
}
