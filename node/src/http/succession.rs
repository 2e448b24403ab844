//! Who governs the ledger, and how the one before it ended.

use super::App;
use super::extract::{PathText, Session};
use super::log::{ANY_ORIGIN, FOREVER};
use super::problem::{Answer, no_such_path};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use klaver_api::succession::{LineageJson, ShareJson, SuccessionJson};
use klaver_api::{Problem, paths};
use klaver_ledger::log::tile::TilePath;

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

/// How the ledger before this one ended.
#[utoipa::path(get, path = paths::SUCCESSION, tag = "log",
    responses(
        (status = 200, description = "What proves it", body = SuccessionJson),
        (status = 404, description = "This ledger continues no other", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "It cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn succession(State(app): State<App>) -> Result<Response, Answer> {
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json), ANY_ORIGIN], app.service.succession()?).into_response())
}

/// One salted hash of 32 bytes for each account of the ledger before this one: what it had when that ended.
#[utoipa::path(get, path = paths::SHARES, tag = "log",
    responses(
        (status = 200, description = "The hashes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "This ledger continues no other", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "It cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn shares(State(app): State<App>) -> Result<Response, Answer> {
    let octets = HeaderValue::from_static("application/octet-stream");
    Ok(([(header::CONTENT_TYPE, octets), ANY_ORIGIN, FOREVER], app.service.shares()?.list()).into_response())
}

/// What the session's account had when the ledger before this one ended, with the salt of its hash.
#[utoipa::path(get, path = paths::SHARE, tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "The share", body = ShareJson),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn share(State(app): State<App>, Session(visitor): Session) -> Result<Json<ShareJson>, Answer> {
    Ok(Json(app.service.share(&visitor)?))
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
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    let headers = [(header::CONTENT_TYPE, text), ANY_ORIGIN, FOREVER];
    Ok((headers, app.service.log_before(None)?).into_response())
}

/// A tile of hashes or a bundle of leaves of the log before this one, at its last size.
#[utoipa::path(get, path = "/log/before/tile/{path}", tag = "log",
    params(("path" = String, Path, description = "As C2SP tlog-tiles says: LEVEL/NUMBER[.p/WIDTH] or entries/…")),
    responses(
        (status = 200, description = "The tile", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "There is none", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn tile_before(State(app): State<App>, PathText(path): PathText) -> Result<Response, Answer> {
    // What is no path of a tile never becomes the path of a file.
    let tile: TilePath = format!("tile/{path}").parse().map_err(|_| no_such_path())?;
    let octets = HeaderValue::from_static("application/octet-stream");
    let headers = [(header::CONTENT_TYPE, octets), ANY_ORIGIN, FOREVER];
    Ok((headers, app.service.log_before(Some(tile))?).into_response())
}
