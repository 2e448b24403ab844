//! For whoever runs the node: health, readiness, metrics, and the description of the interface.

use super::App;
use crate::metrics::Known;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use klaver_api::{Problem, paths};

/// Whether the process runs.
#[utoipa::path(get, path = paths::HEALTHZ, tag = "operating",
    responses((status = 200, description = "It runs", body = String, content_type = "text/plain")))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether entries can be recorded.
#[utoipa::path(get, path = paths::READYZ, tag = "operating",
    responses(
        (status = 200, description = "They can", body = String, content_type = "text/plain"),
        (status = 503, description = "They cannot, and why", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub async fn readyz(State(app): State<App>) -> Response {
    let why = if *app.stopping.borrow() { Some(crate::reason::stopping()) } else { app.service.read_only() };
    match why {
        None => "ready\n".into_response(),
        Some(why) => {
            let problem = super::problem::read_only(&why, app.service.is_read_only_for_good());
            super::problem::Answer(Box::new(problem)).into_response()
        }
    }
}

/// The counters, on a listener of their own.
pub async fn metrics(State(app): State<App>) -> Response {
    let service = &app.service;
    let text = service.metrics().to_text(&Known {
        size: service.reader().head().size,
        published_size: service.published().size,
        is_read_only: service.read_only().is_some(),
        community_failures: service.community().failures(),
        store_troubles: u64::try_from(
            klaver_ledger::store::StoreReader::health(service.reader().store()).len(),
        )
        .unwrap_or(u64::MAX),
    });
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// The description of this interface.
pub async fn openapi(document: Json<utoipa::openapi::OpenApi>) -> Response {
    (StatusCode::OK, document).into_response()
}
