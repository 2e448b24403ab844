//! Payments without network: what is allowed, and asking a pot to bear what stayed unpaid.

use super::App;
use super::extract::{JsonBody, Session};
use super::problem::Answer;
use axum::Json;
use axum::extract::State;
use klaver_api::promise::{NamePromisePot, PromiseTerms, UnpaidPromise};
use klaver_api::request::PaymentRequest;
use klaver_api::{Problem, paths};

/// What may be promised without network, and which pot bears what stays unpaid.
#[utoipa::path(get, path = paths::PROMISES, tag = "promises",
    responses((status = 200, description = "The terms", body = PromiseTerms)))]
pub async fn promise_terms(State(app): State<App>) -> Json<PromiseTerms> {
    Json(app.service.promise_terms())
}

/// Asks the named pot to bear a promise that can no longer be paid: each once, by a request that waits in its inbox.
#[utoipa::path(post, path = paths::UNPAID_PROMISES, tag = "promises", security(("session" = [])),
    request_body = UnpaidPromise,
    responses(
        (status = 200, description = "What the pot is asked", body = PaymentRequest),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn bear_promise(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<UnpaidPromise>,
) -> Result<Json<PaymentRequest>, Answer> {
    Ok(Json(app.service.bear_promise(&visitor, &asked).await?))
}

/// Names the pot that bears promises that stay unpaid, or none.
#[utoipa::path(put, path = paths::COUNCIL_PROMISES, tag = "coordination", security(("session" = [])),
    request_body = NamePromisePot,
    responses(
        (status = 200, description = "The terms as they are now", body = PromiseTerms),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn name_promise_pot(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<NamePromisePot>,
) -> Result<Json<PromiseTerms>, Answer> {
    Ok(Json(app.service.name_promise_pot(&visitor, &asked).await?))
}
