//! The inbox of an account.

use super::App;
use super::extract::{AccountPath, Session};
use super::problem::Answer;
use axum::Json;
use axum::extract::State;
use klaver_api::paths;
use klaver_api::{Inbox, Problem};

/// What the account's person must be told: requests, drafts, changes that wait, what was put right.
#[utoipa::path(get, path = paths::INBOX, tag = "accounts", security(("session" = [])),
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = 200, description = "The messages; what waits stands in front, then the newest", body = Inbox),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn inbox(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(id): AccountPath,
) -> Result<Json<Inbox>, Answer> {
    Ok(Json(app.service.inbox(&visitor, &id)?))
}
