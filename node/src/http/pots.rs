//! Suspended consumption: what anybody may know, what a shop counts, what the council sees.

use super::App;
use super::extract::{IdPath, JsonBody, Session};
use super::problem::Answer;
use crate::service::unknown_pot;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::paths;
use klaver_api::{
    Closing, Companions, CouncilHearty, CouncilPots, CountPot, EditPot, ListHearty, PotPage, Problem,
    ShopPot, ShopPots, Stock,
};

/// Pots and shops without account, as anybody may know them. How many stand ready is looked at once a day.
#[utoipa::path(get, path = paths::POTS, tag = "pots",
    responses((status = 200, description = "What there is", body = PotPage)))]
pub async fn pots(State(app): State<App>) -> Json<PotPage> {
    Json(app.service.pots())
}

/// The pots of the session's shop.
#[utoipa::path(get, path = paths::SHOP_POTS, tag = "pots", security(("session" = [])),
    responses(
        (status = 200, description = "The pots", body = ShopPots),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn shop_pots(State(app): State<App>, Session(visitor): Session) -> Result<Json<ShopPots>, Answer> {
    Ok(Json(app.service.shop_pots(&visitor)?))
}

/// Makes a pot for the shop. It takes gifts in euro at once, and credits when the council has opened its account.
#[utoipa::path(post, path = paths::SHOP_POTS, tag = "pots", security(("session" = [])), request_body = EditPot,
    responses(
        (status = 201, description = "The pot", body = ShopPot),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn create_pot(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<EditPot>,
) -> Result<(StatusCode, Json<ShopPot>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.set_pot(&visitor, None, &asked).await?)))
}

/// Changes a pot of the shop.
#[utoipa::path(put, path = paths::SHOP_POT, tag = "pots", security(("session" = [])), request_body = EditPot,
    params(("id" = String, Path, description = "The pot")),
    responses(
        (status = 200, description = "The pot", body = ShopPot),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn change_pot(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<EditPot>,
) -> Result<Json<ShopPot>, Answer> {
    let id = id.ok_or_else(unknown_pot)?;
    Ok(Json(app.service.set_pot(&visitor, Some(id), &asked).await?))
}

/// Counts what was given in euro or handed out. Of whoever gives or receives nothing is kept.
#[utoipa::path(post, path = paths::SHOP_POT_COUNT, tag = "pots", security(("session" = [])), request_body = CountPot,
    params(("id" = String, Path, description = "The pot")),
    responses(
        (status = 200, description = "The pot", body = ShopPot),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn count_pot(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<CountPot>,
) -> Result<Json<ShopPot>, Answer> {
    Ok(Json(app.service.count_pot(&visitor, &id.ok_or_else(unknown_pot)?, asked).await?))
}

/// What the shop signs to be paid for what it handed out: a payment of each pot, the town's behind it. Asking again is
/// safe.
#[utoipa::path(post, path = paths::SHOP_CLOSING, tag = "pots", security(("session" = [])),
    responses(
        (status = 200, description = "The payments to sign", body = Closing),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn close_pots(State(app): State<App>, Session(visitor): Session) -> Result<Json<Closing>, Answer> {
    Ok(Json(app.service.close_pots(&visitor).await?))
}

/// What stands ready in town, for those who show people the way; and who of their place goes along.
#[utoipa::path(get, path = paths::STOCK, tag = "place", security(("session" = [])),
    responses(
        (status = 200, description = "What stands ready", body = Stock),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn stock(State(app): State<App>, Session(visitor): Session) -> Result<Json<Stock>, Answer> {
    Ok(Json(app.service.stock(&visitor)?))
}

/// Sets who of the session's place goes along the first time.
#[utoipa::path(put, path = paths::COMPANIONS, tag = "place", security(("session" = [])), request_body = Companions,
    responses(
        (status = 204, description = "Done"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn set_companions(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<Companions>,
) -> Result<StatusCode, Answer> {
    app.service.set_companions(&visitor, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pots with the accounts that are kept for them, and shops without account.
#[utoipa::path(get, path = paths::COUNCIL_POTS, tag = "coordination", security(("session" = [])),
    responses(
        (status = 200, description = "What there is, and what waits", body = CouncilPots),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn council_pots(
    State(app): State<App>,
    Session(visitor): Session,
) -> Result<Json<CouncilPots>, Answer> {
    Ok(Json(app.service.council_pots(&visitor).await?))
}

/// Lists a shop without account on the town square, or takes it off.
#[utoipa::path(put, path = paths::COUNCIL_HEARTY, tag = "coordination", security(("session" = [])),
    request_body = ListHearty, params(("id" = String, Path, description = "The shop")),
    responses(
        (status = 200, description = "The shop", body = CouncilHearty),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn list_hearty(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<ListHearty>,
) -> Result<Json<CouncilHearty>, Answer> {
    Ok(Json(app.service.list_hearty(&visitor, &id.ok_or_else(unknown_pot)?, asked.listed).await?))
}

/// Takes away a shop without account: everything about it is forgotten.
#[utoipa::path(delete, path = paths::COUNCIL_HEARTY, tag = "coordination", security(("session" = [])),
    params(("id" = String, Path, description = "The shop")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn drop_hearty(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<StatusCode, Answer> {
    app.service.drop_hearty(&visitor, &id.ok_or_else(unknown_pot)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
