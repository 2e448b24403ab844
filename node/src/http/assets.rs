//! Scripts, styles and icons of the pages, as `make web` made them: part of the program, each under a name that holds
//! its hash, so that a browser keeps it for ever.

use super::App;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Every file of `node/web/dist` by its name, in the order of the names; none where `make web` has not run.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Which file each page loads.
#[derive(Debug, Default, Deserialize)]
pub struct Manifest {
    /// The style sheet.
    pub style: String,
    /// The style sheet of the map.
    pub map_style: String,
    /// The picture of the community.
    pub icon: String,
    /// The licences of what others wrote and the pages carry.
    pub notices: String,
    /// Says to a browser that is too old what it can do.
    pub old: String,
    /// The script of each page, and what it imports.
    pub scripts: BTreeMap<String, Script>,
    /// The sentences of each language.
    pub words: BTreeMap<String, String>,
    /// The sentences that only those who run a place or the community read.
    pub more: BTreeMap<String, String>,
    /// The sentences about seals and alarms.
    pub proof: BTreeMap<String, String>,
    /// Sentences of the page that tells what is wrong, by language.
    pub wrong: BTreeMap<String, String>,
    /// The sentences of the page that checks receipts.
    pub check: BTreeMap<String, String>,
    /// The sentences of the wallet's screens that are seldom opened.
    pub screens: BTreeMap<String, String>,
    /// The sentences of the page that pays without network.
    pub promise: BTreeMap<String, String>,
    /// What refusals are called, in each language.
    pub errors: BTreeMap<String, String>,
    /// The sentences of the page that is saved as one file.
    pub alone: BTreeMap<String, String>,
}

/// A page's script.
#[derive(Debug, Default, Deserialize)]
pub struct Script {
    /// Its file.
    pub file: String,
    /// What it imports at once.
    pub imports: Vec<String>,
}

/// Returns which file each page loads; `None` where `make web` has not run.
pub fn manifest() -> Option<&'static Manifest> {
    static MANIFEST: LazyLock<Option<Manifest>> =
        LazyLock::new(|| serde_json::from_slice(file("manifest.json")?).ok());
    MANIFEST.as_ref()
}

/// Returns the text of a file that stands inside a page; `None` where `make web` has not run.
pub fn text(name: &str) -> Option<&'static str> {
    std::str::from_utf8(file(name)?).ok()
}

fn file(name: &str) -> Option<&'static [u8]> {
    let at = FILES.binary_search_by_key(&name, |(known, _)| known).ok()?;
    Some(FILES[at].1)
}

/// What has a hash in its name never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A file with a hash in its name.
pub async fn asset(State(app): State<App>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if let Some(own) = app.service.brand().and_then(|brand| brand.asset(&name)) {
        let mut response = own.bytes.clone().into_response();
        let answer = response.headers_mut();
        answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(own.media));
        answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(FOR_EVER));
        // A picture that somebody opens by its own address draws, and does nothing else.
        answer
            .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
        return response;
    }
    if name == "manifest.json" || name == "sw.js" {
        return StatusCode::NOT_FOUND.into_response();
    }
    serve(&name, &headers, FOR_EVER)
}

/// The service worker: at the root, so that it may serve every page.
pub async fn service_worker(headers: HeaderMap) -> Response {
    serve("sw.js", &headers, "no-cache")
}

fn serve(name: &str, headers: &HeaderMap, keep: &'static str) -> Response {
    let Some(media) = media_type(name) else { return StatusCode::NOT_FOUND.into_response() };
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes = |encoding: &str| {
        accepted.split(',').any(|part| part.split(';').next().map(str::trim) == Some(encoding))
    };
    let packed = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(encoding, ending)| {
        let packed = takes(encoding).then(|| file(&format!("{name}.{ending}"))).flatten()?;
        Some((Some(encoding), packed))
    });
    let found: Option<(Option<&str>, &[u8])> = packed.or_else(|| Some((None, file(name)?)));
    let Some((encoding, bytes)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = bytes.into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // A worker asks nobody but its own node, and runs nothing from elsewhere.
    let policy = HeaderValue::from_static("default-src 'none'; connect-src 'self'; script-src 'self'");
    answer.insert(header::CONTENT_SECURITY_POLICY, policy);
    if let Some(encoding) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn media_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "wasm" => "application/wasm",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_pages_load_has_a_media_type() {
        assert_eq!(media_type("app-AB12.js"), Some("text/javascript; charset=utf-8"));
        for other in ["manifest.json", "app.js.br", "app", ".env", "../node.json"] {
            assert_eq!(media_type(other), None, "{other}");
        }
    }

    #[test]
    fn what_the_manifest_names_is_there() {
        let Some(manifest) = manifest() else {
            assert!(FILES.is_empty(), "files without a manifest: run make web again");
            return;
        };
        let scripts =
            manifest.scripts.values().flat_map(|script| script.imports.iter().chain([&script.file]));
        let fixed = [&manifest.style, &manifest.map_style, &manifest.icon, &manifest.notices, &manifest.old];
        for name in scripts
            .chain(manifest.words.values())
            .chain(manifest.more.values())
            .chain(manifest.wrong.values())
            .chain(manifest.screens.values())
            .chain(manifest.proof.values())
            .chain(manifest.check.values())
            .chain(manifest.promise.values())
            .chain(manifest.errors.values())
            .chain(manifest.alone.values())
            .chain(fixed)
        {
            assert!(file(name).is_some(), "{name} is missing: run make web again");
        }
        for page in ["pay", "join", "wallet", "till", "place", "coordination", "verify"] {
            assert!(manifest.scripts.contains_key(page), "{page}");
        }
    }
}
