//! Who governs the ledger, and how the one before it ended.

use super::App;
use super::extract::{FromQuery, Parameters, PathText, QueryOf, Session};
use super::log::{ANY_ORIGIN, FOREVER};
use super::problem::{Answer, no_such_path};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use klaver_api::succession::{LineageJson, ShareJson, SuccessionJson, SuccessorJson};
use klaver_api::text::{self, FieldError};
use klaver_api::{Problem, paths};
use klaver_ledger::id::LedgerId;
use klaver_ledger::log::tile::TilePath;

/// Which ledger's end is asked for.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EndedQuery {
    /// The id of a ledger that led to this one, in hexadecimal: the one before this one when it is left out. Of what
    /// accounts had also this one, once another continues it.
    #[param(value_type = Option<String>, pattern = "^[0-9a-f]{64}$")]
    pub ledger: Option<LedgerId>,
}

impl FromQuery for EndedQuery {
    fn from_query(parameters: &Parameters) -> Result<Self, FieldError> {
        let text: Option<String> = parameters.get("ledger", "the id of a ledger belongs here")?;
        let read = |text: String| text::from_hex("ledger", &text, LedgerId::from_hex);
        Ok(Self { ledger: text.map(read).transpose()? })
    }
}

/// The founding entry and every charter since, proven by the log: whoever knows the ledger's id can tell which council,
/// log keys and address are right.
#[utoipa::path(get, path = paths::LINEAGE, tag = "log",
    responses(
        (status = 200, description = "The receipts", body = LineageJson),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn lineage(State(app): State<App>) -> Result<Json<LineageJson>, Answer> {
    Ok(Json(app.service.lineage()?))
}

/// How the ledger before this one ended, or an older one: whoever slept through several goes back one by one.
#[utoipa::path(get, path = paths::SUCCESSION, tag = "log", params(EndedQuery),
    responses(
        (status = 200, description = "What proves it", body = SuccessionJson),
        (status = "4XX", description = "This ledger continues no other", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "It cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn succession(
    State(app): State<App>,
    QueryOf(query): QueryOf<EndedQuery>,
) -> Result<Response, Answer> {
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json), ANY_ORIGIN], app.service.succession(query.ledger)?).into_response())
}

/// Where the ledger that continues this one is, once this one has ended.
#[utoipa::path(get, path = paths::SUCCESSOR, tag = "log",
    responses(
        (status = 200, description = "Its address, and what proves it", body = SuccessorJson),
        (status = 404, description = "No ledger continues this one", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "It cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn successor(State(app): State<App>) -> Result<Response, Answer> {
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json), ANY_ORIGIN], app.service.successor()?).into_response())
}

/// One salted hash of 32 bytes for each account of the ledger before this one: what it had when that ended.
#[utoipa::path(get, path = paths::SHARES, tag = "log", params(EndedQuery),
    responses(
        (status = 200, description = "The hashes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "4XX", description = "This ledger continues no other", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "It cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn shares(State(app): State<App>, QueryOf(query): QueryOf<EndedQuery>) -> Result<Response, Answer> {
    let octets = HeaderValue::from_static("application/octet-stream");
    let list = app.service.shares(query.ledger)?.list();
    Ok(([(header::CONTENT_TYPE, octets), ANY_ORIGIN, FOREVER], list).into_response())
}

/// What the session's account had when the ledger before this one ended, with the salt of its hash.
#[utoipa::path(get, path = paths::SHARE, tag = "accounts", security(("session" = [])), params(EndedQuery),
    responses(
        (status = 200, description = "The share", body = ShareJson),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn share(
    State(app): State<App>,
    Session(visitor): Session,
    QueryOf(query): QueryOf<EndedQuery>,
) -> Result<Json<ShareJson>, Answer> {
    Ok(Json(app.service.share(&visitor, query.ledger)?))
}

/// The last checkpoint of the log before this one.
#[utoipa::path(get, path = paths::LOG_BEFORE_CHECKPOINT, tag = "log",
    responses(
        (status = 200, description = "The checkpoint", body = String, content_type = "text/plain"),
        (status = 404, description = "This ledger continues no other", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "It cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn checkpoint_before(State(app): State<App>) -> Result<Response, Answer> {
    file_of(&app, None, "checkpoint")
}

/// A tile of hashes or a bundle of leaves of the log before this one, at its last size.
#[utoipa::path(get, path = "/log/before/tile/{path}", tag = "log",
    params(("path" = String, Path, description = "As C2SP tlog-tiles says: LEVEL/NUMBER[.p/WIDTH] or entries/…")),
    responses(
        (status = 200, description = "The tile", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "There is none", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn tile_before(State(app): State<App>, PathText(path): PathText) -> Result<Response, Answer> {
    file_of(&app, None, &format!("tile/{path}"))
}

/// A file of the log of a ledger before that one, at its last size.
#[utoipa::path(get, path = "/log/ended/{path}", tag = "log",
    params(("path" = String, Path, description = "The ledger's id, and below it as C2SP tlog-tiles says: checkpoint or tile/…")),
    responses(
        (status = 200, description = "The file", content((Vec<u8> = "application/octet-stream"), (String = "text/plain"))),
        (status = 404, description = "There is none", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn file_of_ended(State(app): State<App>, PathText(path): PathText) -> Result<Response, Answer> {
    let (ledger, path) = path.split_once('/').ok_or_else(no_such_path)?;
    let ledger = LedgerId::from_hex(ledger).ok_or_else(no_such_path)?;
    file_of(&app, Some(ledger), path)
}

fn file_of(app: &App, ended: Option<LedgerId>, path: &str) -> Result<Response, Answer> {
    // What is no path of a tile never becomes the path of a file.
    let tile: Option<TilePath> = match path {
        "checkpoint" => None,
        _ => Some(path.parse().map_err(|_| no_such_path())?),
    };
    let media = if tile.is_some() { "application/octet-stream" } else { "text/plain; charset=utf-8" };
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(media)), ANY_ORIGIN, FOREVER];
    Ok((headers, app.service.log_before(ended, tile)?).into_response())
}
