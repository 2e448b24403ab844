//! Budgets with their funders and contributions, for the council.

use super::App;
use super::extract::{AccountPath, IdPath, JsonBody, Session};
use super::problem::Answer;
use crate::service::unknown_budget;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::{AddContribution, Contribution, CouncilBudget, CouncilBudgets, EditBudget, Problem, paths};

/// Every budget that is not closed: who pays for it, what is left, outstanding, and at most to be paid.
#[utoipa::path(get, path = paths::COUNCIL_BUDGETS, tag = "coordination", security(("session" = [])),
    responses(
        (status = 200, description = "The budgets", body = CouncilBudgets),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn council_budgets(
    State(app): State<App>,
    Session(visitor): Session,
) -> Result<Json<CouncilBudgets>, Answer> {
    Ok(Json(app.service.council_budgets(&visitor)?))
}

/// Says who pays for a budget, by which decision, and what came of it in euro.
#[utoipa::path(put, path = paths::COUNCIL_BUDGET, tag = "coordination", security(("session" = [])),
    request_body = EditBudget, params(("id" = String, Path, description = "The budget's account")),
    responses(
        (status = 200, description = "The budget", body = CouncilBudget),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn set_budget(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(account): AccountPath,
    JsonBody(asked): JsonBody<EditBudget>,
) -> Result<Json<CouncilBudget>, Answer> {
    Ok(Json(app.service.set_budget(&visitor, &account, &asked).await?))
}

/// Notes that somebody gave euro; the council signs the change that raises the cap beside.
#[utoipa::path(post, path = paths::COUNCIL_CONTRIBUTIONS, tag = "coordination", security(("session" = [])),
    request_body = AddContribution, params(("id" = String, Path, description = "The budget's account")),
    responses(
        (status = 201, description = "The contribution", body = Contribution),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn add_contribution(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(account): AccountPath,
    JsonBody(asked): JsonBody<AddContribution>,
) -> Result<(StatusCode, Json<Contribution>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.add_contribution(&visitor, &account, &asked).await?)))
}

/// Forgets a contribution that raised nothing.
#[utoipa::path(delete, path = paths::COUNCIL_CONTRIBUTION, tag = "coordination", security(("session" = [])),
    params(("id" = String, Path, description = "The contribution")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn forget_contribution(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<StatusCode, Answer> {
    app.service.forget_contribution(&visitor, &id.ok_or_else(unknown_budget)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
