//! Organisations: what anybody may know, what their own staff sees, and naming them.

use super::App;
use super::extract::{IdPath, JsonBody, Session};
use super::problem::Answer;
use crate::service::unknown_organisation;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::paths;
use klaver_api::{
    CouncilOrganisation, CouncilOrganisations, NameOrganisation, OrganisationPage, OrganisationWords,
    OwnOrganisation, Problem,
};

/// The organisations that take part, with what each did in the last whole month, and all of them together: people in tens,
/// and nothing of fewer than ten.
#[utoipa::path(get, path = paths::ORGANISATIONS, tag = "organisations",
    responses(
        (status = 200, description = "The organisations, by name", body = OrganisationPage),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "A part of the ledger cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn organisations(State(app): State<App>) -> Result<Json<OrganisationPage>, Answer> {
    Ok(Json(app.service.organisations()?))
}

/// The organisation that the session speaks for, as its own staff sees it: its accounts with their keys, and its figures.
/// Whoever was lent a right for today does not see it.
#[utoipa::path(get, path = paths::OWN_ORGANISATION, tag = "organisations", security(("session" = [])),
    responses(
        (status = 200, description = "The organisation", body = OwnOrganisation),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "A part of the ledger cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn own_organisation(
    State(app): State<App>,
    Session(visitor): Session,
) -> Result<Json<OwnOrganisation>, Answer> {
    Ok(Json(app.service.own_organisation(&visitor)?))
}

/// Says what the organisation does; its name stays what the council called it.
#[utoipa::path(put, path = paths::OWN_ORGANISATION, tag = "organisations", security(("session" = [])),
    request_body = OrganisationWords,
    responses(
        (status = 204, description = "Kept"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn set_own_organisation(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<OrganisationWords>,
) -> Result<StatusCode, Answer> {
    app.service.set_own_organisation(&visitor, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All organisations as the council sees them, those whose accounts have no name yet too; no figure of fewer than five
/// people.
#[utoipa::path(get, path = paths::COUNCIL_ORGANISATIONS, tag = "coordination", security(("session" = [])),
    responses(
        (status = 200, description = "The organisations, by name", body = CouncilOrganisations),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "A part of the ledger cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn council_organisations(
    State(app): State<App>,
    Session(visitor): Session,
) -> Result<Json<CouncilOrganisations>, Answer> {
    Ok(Json(app.service.council_organisations(&visitor)?))
}

/// Names an organisation that has accounts, or lists one that takes part without the currency.
#[utoipa::path(post, path = paths::COUNCIL_ORGANISATIONS, tag = "coordination", security(("session" = [])),
    request_body = NameOrganisation,
    responses(
        (status = 201, description = "It is named", body = CouncilOrganisation),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn name_organisation(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<NameOrganisation>,
) -> Result<(StatusCode, Json<CouncilOrganisation>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.name_organisation(&visitor, None, &asked).await?)))
}

/// Changes what is known of one.
#[utoipa::path(put, path = paths::COUNCIL_ORGANISATION, tag = "coordination", security(("session" = [])),
    request_body = NameOrganisation, params(("id" = String, Path, description = "The organisation")),
    responses(
        (status = 200, description = "It as it is now", body = CouncilOrganisation),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn change_organisation(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<NameOrganisation>,
) -> Result<Json<CouncilOrganisation>, Answer> {
    let id = id.ok_or_else(unknown_organisation)?;
    Ok(Json(app.service.name_organisation(&visitor, Some(id), &asked).await?))
}

/// Takes one off the list: what is known of it is forgotten, its accounts stay as they are.
#[utoipa::path(delete, path = paths::COUNCIL_ORGANISATION, tag = "coordination", security(("session" = [])),
    params(("id" = String, Path, description = "The organisation")),
    responses(
        (status = 204, description = "Forgotten"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn forget_organisation(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<StatusCode, Answer> {
    app.service.forget_organisation(&visitor, &id.ok_or_else(unknown_organisation)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
