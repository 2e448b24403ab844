//! Cards and vouchers.

use super::App;
use super::extract::{IdPath, JsonBody, PageQuery, PerhapsSession, QueryOf, Session};
use super::problem::Answer;
use crate::service::unknown_paper;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::paths;
use klaver_api::text::FieldError;
use klaver_api::{
    AskOverview, ChoosePin, CreatePapers, Overview, PaidByCard, Paper, PaperPage, PayByCard, Problem,
    ReplacePaper, Replaced, SetPaperState,
};

/// Opens accounts for cards or vouchers that somebody prints.
#[utoipa::path(post, path = paths::PAPERS, tag = "papers", security(("session" = [])),
    request_body = CreatePapers,
    responses(
        (status = 201, description = "What was opened, in the order of the keys", body = PaperPage),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn create_papers(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<CreatePapers>,
) -> Result<(StatusCode, Json<PaperPage>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.create_papers(&visitor, &asked).await?)))
}

/// The cards and vouchers that the session's place handed out; for the council, all.
#[utoipa::path(get, path = paths::PAPERS, tag = "papers", security(("session" = [])), params(PageQuery),
    responses(
        (status = 200, description = "In the order of their numbers", body = PaperPage),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn papers(
    State(app): State<App>,
    Session(visitor): Session,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Json<PaperPage>, Answer> {
    let expected = "use what the page before gave as next, a number of a stub, or none";
    let from =
        query.cursor.map(|cursor| cursor.parse().map_err(|_| FieldError::new("cursor", cursor, expected)));
    Ok(Json(app.service.papers(&visitor, from.transpose()?.unwrap_or(0))?))
}

/// A card or voucher, by the id in its code.
#[utoipa::path(get, path = paths::PAPER, tag = "papers", security((), ("session" = [])),
    params(("id" = String, Path, description = "The id: 32 hexadecimal digits, or as its link has it")),
    responses(
        (status = 200, description = "What can be done with it; its number to whoever handed it out", body = Paper),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn paper(
    State(app): State<App>,
    PerhapsSession(visitor): PerhapsSession,
    IdPath(id): IdPath,
) -> Result<Json<Paper>, Answer> {
    Ok(Json(app.service.paper(visitor.as_ref(), &id.ok_or_else(unknown_paper)?)?))
}

/// Puts a card to rest or wakes it; says of a card or voucher that it was lost.
#[utoipa::path(post, path = paths::PAPER_STATE, tag = "papers", security(("session" = [])),
    params(("id" = String, Path, description = "The id: 32 hexadecimal digits, or as its link has it")),
    request_body = SetPaperState,
    responses(
        (status = 200, description = "What can be done with it now", body = Paper),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn set_paper_state(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<SetPaperState>,
) -> Result<Json<Paper>, Answer> {
    Ok(Json(app.service.set_paper_state(&visitor, &id.ok_or_else(unknown_paper)?, &asked).await?))
}

/// Pays a request of the session by card. Sending it again is safe.
#[utoipa::path(post, path = paths::PAPER_PAYMENTS, tag = "papers", security(("session" = [])),
    params(("id" = String, Path, description = "The id: 32 hexadecimal digits, or as its link has it")),
    request_body = PayByCard,
    responses(
        (status = 200, description = "It is recorded", body = PaidByCard),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn pay_by_card(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<PayByCard>,
) -> Result<Json<PaidByCard>, Answer> {
    Ok(Json(app.service.pay_by_card(&visitor, &id.ok_or_else(unknown_paper)?, &asked).await?))
}

/// Chooses a card's PIN: the first one beside whoever handed it out, another one with the one before.
#[utoipa::path(post, path = paths::PAPER_PIN, tag = "papers", security((), ("session" = [])),
    params(("id" = String, Path, description = "The id: 32 hexadecimal digits, or as its link has it")),
    request_body = ChoosePin,
    responses(
        (status = 200, description = "It counts from now on", body = Paper),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn choose_pin(
    State(app): State<App>,
    PerhapsSession(visitor): PerhapsSession,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<ChoosePin>,
) -> Result<Json<Paper>, Answer> {
    Ok(Json(app.service.choose_pin(visitor.as_ref(), &id.ok_or_else(unknown_paper)?, &asked).await?))
}

/// What a card holds: for its holder with the PIN, or at a doe-plek.
#[utoipa::path(post, path = paths::PAPER_OVERVIEW, tag = "papers", security((), ("session" = [])),
    params(("id" = String, Path, description = "The id: 32 hexadecimal digits, or as its link has it")),
    request_body = AskOverview,
    responses(
        (status = 200, description = "Balance and newest lines", body = Overview),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn overview(
    State(app): State<App>,
    PerhapsSession(visitor): PerhapsSession,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<AskOverview>,
) -> Result<Json<Overview>, Answer> {
    Ok(Json(app.service.card_overview(visitor.as_ref(), &id.ok_or_else(unknown_paper)?, &asked).await?))
}

/// Puts new paper in the place of a lost card or voucher: at once with the PIN, else after a day.
#[utoipa::path(post, path = paths::PAPER_REPLACEMENT, tag = "papers", security(("session" = [])),
    params(("id" = String, Path, description = "The id: 32 hexadecimal digits, or as its link has it")),
    request_body = ReplacePaper,
    responses(
        (status = 201, description = "The new paper, and from when it pays", body = Replaced),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn replace_paper(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<ReplacePaper>,
) -> Result<(StatusCode, Json<Replaced>), Answer> {
    let id = id.ok_or_else(unknown_paper)?;
    Ok((StatusCode::CREATED, Json(app.service.replace_paper(&visitor, &id, &asked).await?)))
}
