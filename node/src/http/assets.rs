//! Scripts, styles and icons of the pages, as `make web` made them: part of the program, each under a name that holds
//! its hash, so that a browser keeps it for ever.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(RustEmbed)]
#[folder = "$KLAVER_WEB_DIST"]
struct Dist;

/// Which file each page loads.
#[derive(Debug, Default, Deserialize)]
pub struct Manifest {
    /// The style sheet.
    pub style: String,
    /// The picture of the community.
    pub icon: String,
    /// Says to a browser that is too old what it can do.
    pub old: String,
    /// The script of each page, and what it imports.
    pub scripts: BTreeMap<String, Script>,
    /// The sentences of each language.
    pub words: BTreeMap<String, String>,
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
pub fn manifest() -> Option<Manifest> {
    let file = Dist::get("manifest.json")?;
    serde_json::from_slice(&file.data).ok()
}

/// A file with a hash in its name.
pub async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    if name == "manifest.json" || name == "sw.js" {
        return StatusCode::NOT_FOUND.into_response();
    }
    serve(&name, &headers, "public, max-age=31536000, immutable")
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
        let file = takes(encoding).then(|| Dist::get(&format!("{name}.{ending}"))).flatten()?;
        Some((Some(encoding), file))
    });
    let found: Option<(Option<&'static str>, EmbeddedFile)> =
        packed.or_else(|| Some((None, Dist::get(name)?)));
    let Some((encoding, file)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = file.data.into_owned().into_response();
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
            assert!(Dist::iter().next().is_none(), "files without a manifest: run make web again");
            return;
        };
        let scripts =
            manifest.scripts.values().flat_map(|script| script.imports.iter().chain([&script.file]));
        let fixed = [&manifest.style, &manifest.icon, &manifest.old];
        for file in scripts.chain(manifest.words.values()).chain(fixed) {
            assert!(Dist::get(file).is_some(), "{file} is missing: run make web again");
        }
        for page in ["pay", "join", "wallet", "till"] {
            assert!(manifest.scripts.contains_key(page), "{page}");
        }
    }
}
