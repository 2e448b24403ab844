//! Records for auditors.

use super::App;
use super::extract::{FromQuery, Parameters, QueryOf, Session};
use super::problem::Answer;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use klaver_api::Problem;
use klaver_api::audit::AuditRecord;
use klaver_api::paths::{self, CBOR_SEQUENCE};
use klaver_api::text::FieldError;
use tokio::sync::mpsc;

/// Bytes that are sent at once, and how many such parts may wait for a slow reader.
const PART_BYTES: usize = 64 * 1024;
const PARTS_WAITING_MAX: usize = 4;

/// Where to start.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StartQuery {
    /// The first record wanted: 0 when it is left out.
    #[param(required = false)]
    pub from: u64,
}

impl FromQuery for StartQuery {
    fn from_query(parameters: &Parameters) -> Result<Self, FieldError> {
        Ok(Self { from: parameters.get("from", "the index of a record belongs here")?.unwrap_or(0) })
    }
}

/// Every record with its salt, pseudonymous, as a CBOR sequence of `[salt, record]`. Each access is noted.
#[utoipa::path(get, path = paths::AUDIT_RECORDS, tag = "audit", security(("session" = [])), params(StartQuery),
    responses(
        (status = 200, description = "The records", body = Vec<u8>, content_type = "application/cbor-seq"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "The access was not noted", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub async fn records(
    State(app): State<App>,
    Session(visitor): Session,
    QueryOf(query): QueryOf<StartQuery>,
) -> Result<Response, Answer> {
    app.service.begin_audit(&visitor, query.from).await?;
    let (parts, waiting) = mpsc::channel::<std::io::Result<Bytes>>(PARTS_WAITING_MAX);
    let reader = app.service.reader().clone();
    tokio::task::spawn_blocking(move || {
        let records = reader.records(query.from);
        let mut part = Vec::with_capacity(PART_BYTES + 4_096);
        for record in records {
            match record {
                Ok(stored) => {
                    part.extend_from_slice(
                        &AuditRecord { salt: stored.salt.0, record: stored.record }.encode(),
                    );
                }
                Err(fault) => {
                    tracing::error!(%fault, "records could not be read for an auditor");
                    // An error breaks the body off: half of the records must not look like all of them.
                    let _ = parts.blocking_send(Err(std::io::Error::other("the journal cannot be read")));
                    return;
                }
            }
            if part.len() >= PART_BYTES
                && parts
                    .blocking_send(Ok(std::mem::replace(&mut part, Vec::with_capacity(PART_BYTES)).into()))
                    .is_err()
            {
                return;
            }
        }
        let _ = parts.blocking_send(Ok(part.into()));
    });
    let stream = stream::unfold(waiting, |mut waiting| async move { Some((waiting.recv().await?, waiting)) });
    Ok(([(header::CONTENT_TYPE, CBOR_SEQUENCE)], Body::from_stream(stream)).into_response())
}

/// The attested snapshot of the ledger that this one continues, as canonical CBOR; empty when it continues none.
#[utoipa::path(get, path = paths::AUDIT_PREDECESSOR, tag = "audit", security(("session" = [])),
    responses(
        (status = 200, description = "The snapshot", body = Vec<u8>, content_type = "application/cbor"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "The access was not noted", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub async fn predecessor(State(app): State<App>, Session(visitor): Session) -> Result<Response, Answer> {
    let snapshot = app.service.predecessor(&visitor).await?;
    Ok(([(header::CONTENT_TYPE, paths::CBOR)], snapshot).into_response())
}
