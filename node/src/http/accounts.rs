//! The community, accounts, statements, names.

use super::App;
use super::extract::{AccountPath, AccountQuery, JsonBody, PageQuery, QueryOf, Session};
use super::problem::Answer;
use super::requests::events;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use futures_util::Stream;
use klaver_api::account::AccountPage;
use klaver_api::paths;
use klaver_api::text::FieldError;
use klaver_api::{AccountJson, Community, DirectoryPage, Problem, Profile, StatementPage};
use std::convert::Infallible;

/// The community: name, unit, rules, where its log is.
#[utoipa::path(get, path = paths::COMMUNITY, tag = "community",
    responses((status = 200, description = "What anybody may know", body = Community)))]
pub async fn community(State(app): State<App>) -> Json<Community> {
    Json(app.service.community_json())
}

/// Places and merchants that chose to be listed.
#[utoipa::path(get, path = paths::DIRECTORY, tag = "community",
    responses((status = 200, description = "Who is listed", body = DirectoryPage)))]
pub async fn directory(State(app): State<App>) -> Json<DirectoryPage> {
    Json(app.service.directory())
}

/// The accounts that the session may see.
#[utoipa::path(get, path = paths::ACCOUNTS, tag = "accounts", security(("session" = [])), params(AccountQuery),
    responses(
        (status = 200, description = "A page of accounts, in the order of opening", body = AccountPage),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn accounts(
    State(app): State<App>,
    Session(visitor): Session,
    QueryOf(query): QueryOf<AccountQuery>,
) -> Result<Json<AccountPage>, Answer> {
    let from = match &query.cursor {
        Some(cursor) => cursor.parse().map_err(|_| {
            FieldError::new("cursor", cursor, "use what the page before gave as next, or none")
        })?,
        None => 0,
    };
    Ok(Json(app.service.accounts(&visitor, from, query.ending.as_deref())))
}

/// An account, as far as the session may see it.
#[utoipa::path(get, path = paths::ACCOUNT, tag = "accounts", security(("session" = [])),
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = 200, description = "The account", body = AccountJson),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn account(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(id): AccountPath,
) -> Result<Json<AccountJson>, Answer> {
    Ok(Json(app.service.account(&visitor, &id)?))
}

/// The account's lines, newest first.
#[utoipa::path(get, path = paths::STATEMENT, tag = "accounts", security(("session" = [])),
    params(("id" = String, Path, description = "The account"), PageQuery),
    responses(
        (status = 200, description = "A page of lines", body = StatementPage),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn statement(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(id): AccountPath,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Json<StatementPage>, Answer> {
    let limit = query.limit.unwrap_or(50);
    Ok(Json(app.service.statement(&visitor, &id, query.cursor.as_deref(), limit)?))
}

/// Gives the account a name, or takes it away.
#[utoipa::path(put, path = paths::PROFILE, tag = "accounts", security(("session" = [])),
    params(("id" = String, Path, description = "The account")), request_body = Profile,
    responses(
        (status = 204, description = "Done"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn set_profile(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(id): AccountPath,
    JsonBody(profile): JsonBody<Profile>,
) -> Result<StatusCode, Answer> {
    app.service.set_profile(&visitor, &id, &profile).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The account's lines as they are recorded: events named `line`, the first one at once.
#[utoipa::path(get, path = paths::ACCOUNT_EVENTS, tag = "accounts", security(("session" = [])),
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = 200, description = "Server-sent events with a LineEvent each", body = String,
            content_type = "text/event-stream"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn account_events(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(id): AccountPath,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Answer> {
    app.service.line_event(&visitor, &id)?;
    let receiver = app.service.community().watchers.accounts.watch(id);
    let service = app.service.clone();
    events(receiver, app.stopping, move || {
        let event = service.line_event(&visitor, &id).ok()?;
        Some((Event::default().event("line").json_data(&event).ok()?, None))
    })
}
