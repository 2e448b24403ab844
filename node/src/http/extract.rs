//! What handlers read from a request: bounded bodies, sessions, ids.

use super::App;
use super::problem::Answer;
use crate::community::sessions::Visitor;
use crate::service::{LINES_PER_PAGE_MAX, Refused};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use klaver_api::Problem;
use klaver_api::paths;
use klaver_api::text::{self, FieldError};
use klaver_ledger::id::AccountId;
use klaver_ledger::link::CodeId;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
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

/// The visitor, where a session may be shown and need not be.
pub struct PerhapsSession(pub Option<Visitor>);

/// Who is at the other end of a connection: an extension of each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Where the visitor comes from, when that is known: behind a proxy on this machine only if the settings name the
/// header in which it says so.
pub struct VisitorAddress(pub Option<IpAddr>);

/// An account in the path.
pub struct AccountPath(pub AccountId);

/// Sixteen bytes in the path, in hexadecimal as JSON has them or in base32 as links do; anything else is unknown.
pub struct IdPath(pub Option<[u8; 16]>);

/// The query of a page of something.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Where to start: what the page before gave as `next`.
    pub cursor: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<usize>,
}

/// The query of a page of accounts.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// Where to start: what the page before gave as `next`.
    pub cursor: Option<String>,
    /// How the account's text ends: people name one by its last letters.
    pub ending: Option<String>,
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

impl FromRequestParts<App> for PerhapsSession {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Answer> {
        let token = bearer(&parts.headers);
        Ok(Self(token.map(|token| app.service.visitor(token)).transpose()?))
    }
}

impl FromRequestParts<App> for VisitorAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
        let header = app.service.config().visitor_header.as_deref();
        Ok(Self(visitor_address(peer, header.map(|header| parts.headers.get_all(header).iter().next_back()))))
    }
}

/// Returns where a visitor comes from; `said` is the last line of the header in which a proxy says it, if one is named.
///
/// Whoever comes through a proxy that says nothing readable is counted with everybody of whom that is so.
fn visitor_address(peer: Option<IpAddr>, said: Option<Option<&HeaderValue>>) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    if !peer.is_loopback() {
        return Some(peer);
    }
    // The proxy writes at the end; what stands before may come from the visitor.
    let last = |line: &HeaderValue| line.to_str().ok()?.rsplit(',').next().map(|text| text.trim().to_owned());
    let address = |text: String| {
        let with_port = || text.parse().map(|address: SocketAddr| address.ip());
        text.parse().or_else(|_| with_port()).ok()
    };
    Some(said?.and_then(last).and_then(address).unwrap_or(peer))
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
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(id.as_bytes()).ok();
        let sixteen = bytes.and_then(|bytes| bytes.try_into().ok());
        Ok(Self(sixteen.or_else(|| CodeId::parse(&id).ok().map(|id| id.0))))
    }
}

/// Returns the one parameter of the path.
pub async fn path_text(parts: &mut Parts, app: &App) -> Result<String, Answer> {
    let found = Path::<String>::from_request_parts(parts, app).await;
    found.map(|Path(text)| text).map_err(|_| {
        let expected = "percent-encoded UTF-8 belongs in a path: copy the address again";
        FieldError::new("path", parts.uri.path(), expected).into()
    })
}

/// The one parameter of a path, as text.
pub struct PathText(pub String);

impl FromRequestParts<App> for PathText {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Answer> {
        path_text(parts, app).await.map(Self)
    }
}

/// The one parameter of the path of a page. What is no text is nobody's link: the page says so, in its own words.
pub struct PagePath(pub String);

impl FromRequestParts<App> for PagePath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let found = Path::<String>::from_request_parts(parts, app).await;
        Ok(Self(found.map_or_else(|_| "\u{fffd}".to_owned(), |Path(text)| text)))
    }
}

/// The parameters of a query, each read on its own, so that a wrong one is named.
#[derive(Clone, Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Returns the value of `name`; `None` when it is not there.
    ///
    /// # Errors
    /// When it is there twice, or is not what `expected` says.
    pub fn get<T: FromStr>(&self, name: &'static str, expected: &str) -> Result<Option<T>, FieldError> {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let Some(value) = found.next() else { return Ok(None) };
        if found.next().is_some() {
            return Err(FieldError::new(name, value, "it belongs there once: leave the others out"));
        }
        value.parse().map(Some).map_err(|_| FieldError::new(name, value, expected))
    }

    /// Returns the value of `name`, which must be there.
    ///
    /// # Errors
    /// As [`get`](Self::get), or when it is not there.
    pub fn need<T: FromStr>(&self, name: &'static str, expected: &str) -> Result<T, FieldError> {
        self.get(name, expected)?.ok_or_else(|| FieldError::new(name, "", expected))
    }
}

/// What a query is read into.
pub trait FromQuery: Sized {
    /// Reads the parameters; those that nobody knows are left alone.
    ///
    /// # Errors
    /// Names the parameter that is wrong, and what belongs there.
    fn from_query(parameters: &Parameters) -> Result<Self, FieldError>;
}

impl FromQuery for PageQuery {
    fn from_query(parameters: &Parameters) -> Result<Self, FieldError> {
        let limit = parameters.get("limit", "a number from 1 to 100 belongs here")?;
        if let Some(limit) = limit.filter(|limit| !(1..=LINES_PER_PAGE_MAX).contains(limit)) {
            return Err(FieldError::new("limit", limit, "a number from 1 to 100 belongs here"));
        }
        Ok(Self {
            cursor: parameters.get("cursor", "what the page before gave as next belongs here")?,
            limit,
        })
    }
}

impl FromQuery for AccountQuery {
    fn from_query(parameters: &Parameters) -> Result<Self, FieldError> {
        Ok(Self {
            cursor: parameters.get("cursor", "what the page before gave as next belongs here")?,
            ending: parameters.get("ending", "the last letters of an account belong here")?,
        })
    }
}

/// Reads a query, or says which part of it is wrong.
pub struct QueryOf<T>(pub T);

impl<T: FromQuery> FromRequestParts<App> for QueryOf<T> {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Answer> {
        let parameters = match Query::<Vec<(String, String)>>::from_request_parts(parts, app).await {
            Ok(Query(pairs)) => Parameters(pairs),
            Err(_) => {
                let query = parts.uri.query().unwrap_or_default();
                return Err(FieldError::new("query", query, "name=value, joined by &, belongs here").into());
            }
        };
        Ok(Self(T::from_query(&parameters)?))
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

/// Reads what a form of a page sent; what is no form has no fields.
pub async fn read_form(body: Body) -> HashMap<String, String> {
    let Ok(bytes) = read(body).await else { return HashMap::new() };
    // A form's body is written as a query is.
    let uri = Uri::builder().path_and_query(format!("/?{}", String::from_utf8_lossy(&bytes))).build();
    let fields = uri.ok().and_then(|uri| Query::<HashMap<String, String>>::try_from_uri(&uri).ok());
    fields.map(|Query(fields)| fields).unwrap_or_default()
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(bytes).map_err(|error| Answer(Box::new(malformed_json(bytes, &error))))
}

/// Names the field where the parser names one, else the body; what stands at that place; and what belongs there.
fn malformed_json(bytes: &[u8], error: &serde_json::Error) -> Problem {
    let said = error.to_string();
    let field = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| said.split_once(start)?.1.split_once('`').map(|(field, _)| field.to_owned()));
    let expected = said.split_once("expected ").map(|(_, expected)| expected);
    let expected = expected.and_then(|expected| expected.split(" at line ").next());
    let limit = expected
        .filter(|expected| !expected.is_empty())
        .unwrap_or("one JSON object with the fields of this path");
    let line = bytes.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let (column, length) = (error.column().min(line.len()), 40);
    let around = &line[column.saturating_sub(length)..column];
    Problem::new(400, "malformed_json", "The body is malformed", said.clone())
        .in_field(field.unwrap_or_else(|| "body".to_owned()))
        .with_value(String::from_utf8_lossy(around))
        .with_limit(limit)
        .with_advice("Send what /v1/openapi.json describes.")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_counts_only_from_this_machine() {
        let header = HeaderValue::from_static("198.51.100.7, 192.0.2.1");
        let of = |peer: &str, said: Option<_>| {
            visitor_address(Some(peer.parse().unwrap()), said.map(Some)).map(|ip| ip.to_string())
        };
        assert_eq!(of("127.0.0.1", Some(&header)).as_deref(), Some("192.0.2.1"));
        assert_eq!(of("203.0.113.9", Some(&header)).as_deref(), Some("203.0.113.9"));
        assert_eq!(of("::ffff:203.0.113.9", None).as_deref(), Some("203.0.113.9"));
        assert_eq!((of("::1", None), visitor_address(None, Some(Some(&header)))), (None, None));
        let (with_port, garbled) = ("192.0.2.1:567".parse().unwrap(), "unknown".parse().unwrap());
        assert_eq!(of("127.0.0.1", Some(&with_port)).as_deref(), Some("192.0.2.1"));
        // A proxy that is named and says nothing readable: one address for all of them, not freedom for each.
        let proxy = "127.0.0.1".parse().unwrap();
        assert_eq!(of("127.0.0.1", Some(&garbled)).as_deref(), Some("127.0.0.1"));
        assert_eq!(visitor_address(Some(proxy), Some(None)), Some(proxy));
    }

    #[test]
    fn malformed_json_names_field_value_and_limit() {
        let wrong =
            |bytes: &[u8]| *parse_json::<klaver_api::Submit>(bytes).err().map(|answer| answer.0).unwrap();
        let unknown = wrong(br#"{"envelope":"AA","extra":1}"#);
        assert_eq!(unknown.field.as_deref(), Some("extra"));
        assert!(unknown.limit.is_some_and(|limit| limit.contains("envelope")));
        assert_eq!(wrong(b"{}").field.as_deref(), Some("envelope"));
        let cut = wrong(b"{\"envelope\":");
        assert_eq!((cut.field.as_deref(), cut.value.as_deref()), (Some("body"), Some("{\"envelope\":")));
        assert!(cut.limit.is_some() && cut.advice.is_some());
    }
}
