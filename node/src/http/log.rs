//! The public log (C2SP tlog-tiles): checkpoint, tiles, entry bundles, never beyond what is published.

use super::App;
use super::extract::PathText;
use super::problem::{Answer, no_such_path};
use crate::service::Refused;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use klaver_api::{Problem, paths};
use klaver_ledger::log::tile::{TilePath, encode_entries, encode_hashes};
use std::io::Write as _;

pub(super) const ANY_ORIGIN: (HeaderName, HeaderValue) =
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
pub(super) const FOREVER: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
const SECONDS: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=2"));

/// The newest published checkpoint, a signed note.
#[utoipa::path(get, path = paths::LOG_CHECKPOINT, tag = "log",
    responses(
        (status = 200, description = "The checkpoint", body = String, content_type = "text/plain"),
        (status = 503, description = "Damage took away what was published last", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub async fn checkpoint(State(app): State<App>) -> Result<Response, Answer> {
    let Some(note) = app.service.published().note() else {
        let why = app.service.read_only().ok_or_else(no_such_path)?;
        return Err(Refused::BeyondDamage { why }.into());
    };
    Ok(fresh_text(note))
}

/// The trust policy of the log (C2SP tlog-policy): its key, its witnesses, and how many of them it takes.
#[utoipa::path(get, path = paths::LOG_POLICY, tag = "log",
    responses(
        (status = 200, description = "The policy", body = String, content_type = "text/plain"),
        (status = 404, description = "The log has no witnesses", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub async fn policy(State(app): State<App>) -> Result<Response, Answer> {
    let witnesses = app.service.witnesses().ok_or_else(no_such_path)?;
    Ok(fresh_text(witnesses.text().to_owned()))
}

/// Returns text that anybody may read, and that changes within seconds.
fn fresh_text(text: impl IntoResponse) -> Response {
    let media = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(header::CONTENT_TYPE, media), ANY_ORIGIN, SECONDS], text).into_response()
}

/// A tile of hashes or a bundle of leaves.
#[utoipa::path(get, path = "/log/tile/{path}", tag = "log",
    params(("path" = String, Path, description = "As C2SP tlog-tiles says: LEVEL/NUMBER[.p/WIDTH] or entries/…")),
    responses(
        (status = 200, description = "The tile", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "Not published (yet)", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub async fn tile(
    State(app): State<App>,
    PathText(path): PathText,
    request: HeaderMap,
) -> Result<Response, Answer> {
    let path: TilePath = format!("tile/{path}").parse().map_err(|_| no_such_path())?;
    let size = app.service.published().size;
    let octets = HeaderValue::from_static("application/octet-stream");
    let headers = [(header::CONTENT_TYPE, octets), ANY_ORIGIN, FOREVER];
    match path {
        TilePath::Hashes(tile) if tile.exists_at(size) => {
            let hashes = app.service.reader().tile(&tile, size).map_err(Refused::from)?;
            Ok((headers, encode_hashes(&hashes)).into_response())
        }
        TilePath::Entries(bundle) if bundle.exists_at(size) => {
            let leaves = app.service.reader().bundle(&bundle, size).map_err(Refused::from)?;
            let bytes = encode_entries(&leaves).map_err(|_| no_such_path())?;
            let vary = (header::VARY, HeaderValue::from_static("accept-encoding"));
            if !accepts_gzip(&request) {
                return Ok((headers, [vary], bytes).into_response());
            }
            let gzip = (header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Ok((headers, [vary, gzip], compress(&bytes)).into_response())
        }
        TilePath::Hashes(_) | TilePath::Entries(_) => Err(no_such_path()),
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip")
            && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

/// Compresses a bundle. Its lengths compress well; commitments are random and do not.
fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len()), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to memory cannot fail")
}
