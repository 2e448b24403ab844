//! What the council sees at a glance.

use super::App;
use super::extract::Session;
use super::problem::Answer;
use axum::Json;
use axum::extract::State;
use klaver_api::coordination::Coordination;
use klaver_api::{Problem, paths};

/// Sums, budgets, payouts and rules, for the council; of members only counts, of at least ten people each.
#[utoipa::path(get, path = paths::COORDINATION, tag = "coordination", security(("session" = [])),
    responses(
        (status = 200, description = "What the council may see", body = Coordination),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn coordination(
    State(app): State<App>,
    Session(visitor): Session,
) -> Result<Json<Coordination>, Answer> {
    Ok(Json(app.service.coordination(&visitor)?))
}
