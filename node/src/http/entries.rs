//! Entries: sending, receipts, proofs, drafts.

use super::App;
use super::extract::{EntryBody, FromQuery, IdPath, Parameters, PathText, QueryOf, Session};
use super::problem::Answer;
use crate::service::{Refused, Submitted};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::paths;
use klaver_api::text::{self, FieldError};
use klaver_api::{ConsistencyJson, Draft, DraftPage, Problem, ReceiptJson, Submit, SubmitAnswer};
use klaver_ledger::entry::SignedEntry;
use klaver_ledger::id::EntryId;
use klaver_ledger::log::hash::Hash;

/// Records a signed entry, or makes it a draft when all it lacks are signers.
///
/// Sending the same entry again is always safe: it is recorded at most once, and the receipt is the same.
#[utoipa::path(post, path = paths::ENTRIES, tag = "entries",
    request_body(content((Submit = "application/json"), (Vec<u8> = "application/cbor"))),
    responses(
        (status = 201, description = "Recorded, durably", body = SubmitAnswer),
        (status = 200, description = "Recorded before", body = SubmitAnswer),
        (status = 202, description = "Waits as a draft for more signatures", body = SubmitAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy or read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn submit(
    State(app): State<App>,
    body: EntryBody,
) -> Result<(StatusCode, Json<SubmitAnswer>), Answer> {
    let (signed, memo) = match body {
        EntryBody::Cbor(bytes) => (SignedEntry::decode(&bytes)?, None),
        EntryBody::Json(submit) => {
            let bytes = text::from_base64url("envelope", &submit.envelope)?;
            let memo = submit.memo.map(|memo| memo.to_memo()).transpose()?;
            (SignedEntry::decode(&bytes)?, memo)
        }
    };
    Ok(match app.service.submit(signed, memo).await? {
        Submitted::Recorded(id, receipt) => (
            StatusCode::CREATED,
            Json(SubmitAnswer::Recorded { receipt: ReceiptJson::of(&receipt, Some(&id)) }),
        ),
        Submitted::Known(id, receipt) => {
            (StatusCode::OK, Json(SubmitAnswer::Known { receipt: ReceiptJson::of(&receipt, Some(&id)) }))
        }
        Submitted::Draft(draft) => (StatusCode::ACCEPTED, Json(SubmitAnswer::Draft { draft })),
    })
}

/// Sends an entry that others are to sign too: the same as sending it to be recorded.
#[utoipa::path(post, path = paths::DRAFTS, tag = "entries",
    request_body(content((Submit = "application/json"), (Vec<u8> = "application/cbor"))),
    responses(
        (status = 202, description = "Waits for more signatures", body = SubmitAnswer),
        (status = 201, description = "It was complete and is recorded", body = SubmitAnswer),
        (status = 200, description = "Recorded before", body = SubmitAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy or read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn create_draft(
    state: State<App>,
    body: EntryBody,
) -> Result<(StatusCode, Json<SubmitAnswer>), Answer> {
    submit(state, body).await
}

/// The drafts that the session's key may sign.
#[utoipa::path(get, path = paths::DRAFTS, tag = "entries", security(("session" = [])),
    responses(
        (status = 200, description = "The drafts", body = DraftPage),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn drafts(State(app): State<App>, Session(visitor): Session) -> Json<DraftPage> {
    Json(DraftPage { drafts: app.service.drafts(&visitor) })
}

/// A draft, for a key that may sign it.
#[utoipa::path(get, path = paths::DRAFT, tag = "entries", security(("session" = [])),
    params(("id" = String, Path, description = "The draft's id: 32 hexadecimal digits, or as its link has it")),
    responses(
        (status = 200, description = "The draft", body = Draft),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn draft(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<Json<Draft>, Answer> {
    let unknown = Refused::Unknown { what: "draft", code: "unknown_draft", advice: "check the link" };
    Ok(Json(app.service.draft(&visitor, &id.ok_or(unknown)?)?))
}

/// The receipt of an entry, by its id.
#[utoipa::path(get, path = paths::ENTRY, tag = "entries", security(("session" = [])),
    params(("id" = String, Path, description = "The entry's id, 64 hexadecimal digits")),
    responses(
        (status = 200, description = "The receipt, opened as far as the session may see", body = ReceiptJson),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Perhaps in a damaged part", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub async fn entry(
    State(app): State<App>,
    Session(visitor): Session,
    PathText(id): PathText,
) -> Result<Json<ReceiptJson>, Answer> {
    let id = text::from_hex("id", &id, EntryId::from_hex)?;
    Ok(Json(app.service.receipt_of(&visitor, &id)?))
}

/// Which line of a record.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LineQuery {
    /// The number of the line, when an account has several in one record.
    pub line: Option<u16>,
}

impl FromQuery for LineQuery {
    fn from_query(parameters: &Parameters) -> Result<Self, FieldError> {
        Ok(Self { line: parameters.get("line", "the number of a line, 0 to 1023, belongs here")? })
    }
}

/// The receipt of a record: whole for its signers, of their line for its parties.
#[utoipa::path(get, path = paths::RECEIPT, tag = "entries", security(("session" = [])),
    params(("index" = u64, Path, description = "Index of the record"), LineQuery),
    responses(
        (status = 200, description = "The receipt, opened as far as the session may see", body = ReceiptJson),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Perhaps in a damaged part", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub async fn receipt(
    State(app): State<App>,
    Session(visitor): Session,
    PathText(index): PathText,
    QueryOf(query): QueryOf<LineQuery>,
) -> Result<Json<ReceiptJson>, Answer> {
    let wrong = |_| FieldError::new("index", &index, "the index of a record belongs here");
    let index = index.parse::<u64>().map_err(wrong)?;
    Ok(Json(app.service.receipt(&visitor, index, query.line)?))
}

/// Two sizes of the log.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SizesQuery {
    /// The smaller size.
    pub from: u64,
    /// The larger size, at most the published one.
    pub to: u64,
}

impl FromQuery for SizesQuery {
    fn from_query(parameters: &Parameters) -> Result<Self, FieldError> {
        let size = |name| parameters.need(name, "a size of the log belongs here");
        Ok(Self { from: size("from")?, to: size("to")? })
    }
}

/// The proof that the log of one size starts with the log of another.
#[utoipa::path(get, path = paths::CONSISTENCY, tag = "log", params(SizesQuery),
    responses(
        (status = 200, description = "The proof", body = ConsistencyJson),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn consistency(
    State(app): State<App>,
    QueryOf(SizesQuery { from, to }): QueryOf<SizesQuery>,
) -> Result<Json<ConsistencyJson>, Answer> {
    let published = app.service.published().size;
    if to > published || from > to {
        let expected = format!("sizes with from <= to <= {published}, the published size");
        return Err(FieldError::new("to", format!("{from} to {to}"), expected).into());
    }
    let proof = app.service.reader().consistency_proof(from, to).map_err(Refused::from)?;
    Ok(Json(ConsistencyJson { from, to, proof: proof.iter().map(Hash::to_base64).collect() }))
}
