//! What handlers read from a request: bounded bodies, sessions, ids.

use super::App;
use super::problem::Answer;
use crate::community::sessions::Visitor;
use crate::service::Refused;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use klaver_api::Problem;
use klaver_api::paths;
use klaver_api::text::{self, FieldError};
use klaver_ledger::id::AccountId;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Largest body, in bytes: an entry with its memo.
pub const BODY_BYTES_MAX: usize = 32 * 1024;
/// How long a body may take to arrive.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// A body of JSON.
pub struct JsonBody<T>(pub T);

/// A body that is an envelope: as it is, or in JSON.
pub enum EntryBody {
    /// `application/cbor`: the envelope alone.
    Cbor(Bytes),
    /// `application/json`: with its memo.
    Json(Box<klaver_api::Submit>),
}

/// The visitor of a valid session.
pub struct Session(pub Visitor);

/// An account in the path.
pub struct AccountPath(pub AccountId);

/// Sixteen bytes in hexadecimal in the path; anything else is unknown.
pub struct IdPath(pub Option<[u8; 16]>);

/// The query of a page of something.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Where to start: what the page before gave as `next`.
    pub cursor: Option<String>,
    /// How many at most: 1 to 100.
    pub limit: Option<usize>,
}

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Answer;

    async fn from_request(request: Request, _: &App) -> Result<Self, Answer> {
        if media_type(request.headers()) != "application/json" {
            return Err(unsupported_media("application/json"));
        }
        parse_json(&read(request.into_body()).await?).map(Self)
    }
}

impl FromRequest<App> for EntryBody {
    type Rejection = Answer;

    async fn from_request(request: Request, _: &App) -> Result<Self, Answer> {
        let media = media_type(request.headers()).to_owned();
        match media.as_str() {
            paths::CBOR => read(request.into_body()).await.map(Self::Cbor),
            "application/json" => {
                let bytes = read(request.into_body()).await?;
                parse_json(&bytes).map(|submit| Self::Json(Box::new(submit)))
            }
            _ => Err(unsupported_media("application/json or application/cbor")),
        }
    }
}

impl FromRequestParts<App> for Session {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Answer> {
        let token = bearer(&parts.headers).ok_or(Refused::SessionNeeded)?;
        Ok(Self(app.service.visitor(token)?))
    }
}

impl FromRequestParts<App> for AccountPath {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Answer> {
        Ok(Self(text::account("id", &path_text(parts, app).await?)?))
    }
}

impl FromRequestParts<App> for IdPath {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Answer> {
        let id = path_text(parts, app).await?;
        let bytes = data_encoding::HEXLOWER.decode(id.as_bytes()).ok();
        Ok(Self(bytes.and_then(|bytes| bytes.try_into().ok())))
    }
}

/// Returns the one parameter of the path.
pub async fn path_text(parts: &mut Parts, app: &App) -> Result<String, Answer> {
    let found = Path::<String>::from_request_parts(parts, app).await;
    found.map(|Path(text)| text).map_err(|_| super::problem::no_such_path())
}

/// Reads a query, or says which part of it is wrong.
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for QueryOf<T> {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Answer> {
        match Query::<T>::from_request_parts(parts, app).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(error) => {
                Err(FieldError::new("query", parts.uri.query().unwrap_or_default(), error.body_text()).into())
            }
        }
    }
}

/// Returns the token of `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn read(body: Body) -> Result<Bytes, Answer> {
    let whole = axum::body::to_bytes(body, BODY_BYTES_MAX);
    match tokio::time::timeout(BODY_TIME_MAX, whole).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let problem =
                Problem::new(413, "body_too_large", "The body is too large", "The body was not read whole.");
            let advice = "Send one entry at a time; split it if it is larger.";
            Err(Answer(Box::new(problem.with_limit(format!("{BODY_BYTES_MAX} bytes")).with_advice(advice))))
        }
        Err(_) => {
            let problem =
                Problem::new(408, "body_too_slow", "The body came too slowly", "The body was not complete.");
            let limit = format!("{} seconds", BODY_TIME_MAX.as_secs());
            Err(Answer(Box::new(problem.with_limit(limit).with_advice("Send it again.").passing())))
        }
    }
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(bytes).map_err(|error| {
        let problem = Problem::new(400, "malformed_json", "The body is malformed", error.to_string());
        Answer(Box::new(problem.with_advice("Send what /v1/openapi.json describes.")))
    })
}

fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

fn unsupported_media(expected: &str) -> Answer {
    let problem = Problem::new(
        415,
        "media_type",
        "Another media type belongs here",
        "The Content-Type is another one.",
    );
    let problem = problem.in_field("Content-Type").with_limit(expected);
    Answer(Box::new(problem.with_advice(format!("Send {expected}."))))
}
