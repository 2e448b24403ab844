//! Payment requests, and streams of events.

use super::App;
use super::extract::{IdPath, JsonBody, Session};
use super::problem::Answer;
use crate::clock::wall_clock;
use crate::community::watchers::WATCHED_MAX;
use crate::service::Refused;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use klaver_api::Problem;
use klaver_api::paths;
use klaver_api::request::{CreateRequest, PaymentRequest, RequestState};
use klaver_ledger::id::RequestId;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;

/// How often a silent stream shows that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Creates a payment request.
#[utoipa::path(post, path = paths::REQUESTS, tag = "requests", security(("session" = [])),
    request_body = CreateRequest,
    responses(
        (status = 201, description = "The request", body = PaymentRequest),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn create_request(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<CreateRequest>,
) -> Result<(StatusCode, Json<PaymentRequest>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.create_request(&visitor, &asked).await?)))
}

/// A payment request, by its unguessable id.
#[utoipa::path(get, path = paths::REQUEST, tag = "requests",
    params(("id" = String, Path, description = "The request's id: 32 hexadecimal digits, or as its link has it")),
    responses(
        (status = 200, description = "The request", body = PaymentRequest),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn request(State(app): State<App>, IdPath(id): IdPath) -> Result<Json<PaymentRequest>, Answer> {
    let id = RequestId(id.ok_or_else(unknown)?);
    Ok(Json(app.service.request_json(&app.service.request(&id)?)?))
}

/// Says no to a payment request, for whom it was sent to. Saying it again is safe.
#[utoipa::path(post, path = paths::REQUEST_DECLINE, tag = "requests", security(("session" = [])),
    params(("id" = String, Path, description = "The request's id: 32 hexadecimal digits, or as its link has it")),
    responses(
        (status = 200, description = "What has become of the request", body = PaymentRequest),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn decline_request(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<Json<PaymentRequest>, Answer> {
    let id = RequestId(id.ok_or_else(unknown)?);
    Ok(Json(app.service.decline_request(&visitor, &id).await?))
}

/// Takes back a payment request, for whoever made it. Saying it again is safe; what was paid stays paid.
#[utoipa::path(post, path = paths::REQUEST_WITHDRAW, tag = "requests", security(("session" = [])),
    params(("id" = String, Path, description = "The request's id: 32 hexadecimal digits, or as its link has it")),
    responses(
        (status = 200, description = "What has become of the request", body = PaymentRequest),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn withdraw_request(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<Json<PaymentRequest>, Answer> {
    let id = RequestId(id.ok_or_else(unknown)?);
    Ok(Json(app.service.withdraw_request(&visitor, &id).await?))
}

/// What becomes of a payment request: events named `request`, the first one at once, the last one when it is paid
/// or has ended.
#[utoipa::path(get, path = paths::REQUEST_EVENTS, tag = "requests",
    params(("id" = String, Path, description = "The request's id: 32 hexadecimal digits, or as its link has it")),
    responses(
        (status = 200, description = "Server-sent events with a PaymentRequest each", body = String,
            content_type = "text/event-stream"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn request_events(
    State(app): State<App>,
    IdPath(id): IdPath,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Answer> {
    let id = RequestId(id.ok_or_else(unknown)?);
    app.service.request(&id)?;
    let receiver = app.service.community().watchers.requests.watch(id.0);
    let service = app.service.clone();
    events(receiver, app.stopping, move || {
        let view = service.request(&id).ok()?;
        let json = service.request_json(&view).ok()?;
        let event = Event::default().event("request").json_data(&json).ok()?;
        let wait = (view.state == RequestState::Open).then(|| {
            Duration::from_millis((view.row.until * 1_000).saturating_sub(wall_clock().millis()) + 1)
        });
        // Nothing comes after paid or ended.
        Some((event, Some(wait.unwrap_or(Duration::ZERO))))
    })
}

fn unknown() -> Refused {
    Refused::Unknown { what: "payment request", code: "unknown_request", advice: "scan the code again" }
}

/// Returns a stream that shows something at once and after each change.
///
/// `show` returns the event, and for how long it may be waited for the next one: `None` for ever, zero not at all.
pub fn events(
    receiver: Option<watch::Receiver<()>>,
    stopping: watch::Receiver<bool>,
    show: impl Fn() -> Option<(Event, Option<Duration>)> + Send + 'static,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Answer> {
    let receiver = receiver.ok_or(Refused::TooMany {
        what: "open event streams",
        limit: WATCHED_MAX,
        advice: "ask again in a while",
    })?;
    let start = Watching { receiver, stopping, wait: None, first: true };
    let stream = stream::unfold((start, show), |(mut watching, show)| async move {
        if !watching.next().await {
            return None;
        }
        let (event, wait) = show()?;
        watching.wait = wait;
        Some((Ok(event), (watching, show)))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

struct Watching {
    receiver: watch::Receiver<()>,
    stopping: watch::Receiver<bool>,
    wait: Option<Duration>,
    first: bool,
}

impl Watching {
    /// Waits for a reason to show something; returns whether there will be one.
    async fn next(&mut self) -> bool {
        if std::mem::take(&mut self.first) {
            return !*self.stopping.borrow();
        }
        if self.wait == Some(Duration::ZERO) {
            return false;
        }
        let ended = async {
            match self.wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = self.receiver.changed() => changed.is_ok(),
            () = ended => true,
            _ = self.stopping.changed() => false,
        }
    }
}
