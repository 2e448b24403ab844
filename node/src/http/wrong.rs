//! *Is something wrong?*: telling, listening, and naming who listens. Nobody but the person who was told reads it.

use super::App;
use super::extract::{FromQuery, IdPath, JsonBody, Parameters, QueryOf, Session};
use super::problem::Answer;
use crate::service::{unknown_person, unknown_wrong};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::paths;
use klaver_api::text::FieldError;
use klaver_api::{
    AnswerWrong, CouncilTrust, Heard, HeardPage, NamePersonOfTrust, NamedPerson, PersonsOfTrust, Problem,
    TellAnother, TellWrong, Told, ToldPage,
};

/// What somebody would tell about.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AboutQuery {
    /// The index of a record with a line of the account: who can hear about it is told.
    pub index: Option<u64>,
}

impl FromQuery for AboutQuery {
    fn from_query(parameters: &Parameters) -> Result<Self, FieldError> {
        Ok(Self { index: parameters.get("index", "the index of a record belongs here")? })
    }
}

/// Who listens when something is wrong, as cards and the town square name them.
#[utoipa::path(get, path = paths::PERSONS_OF_TRUST, tag = "wrong",
    responses(
        (status = 200, description = "The persons of trust", body = PersonsOfTrust),
    ))]
pub async fn persons_of_trust(State(app): State<App>) -> Json<PersonsOfTrust> {
    Json(app.service.persons_of_trust())
}

/// What the session's account told, and whom it can tell: never who gave the credits.
#[utoipa::path(get, path = paths::WRONG, tag = "wrong", security(("session" = [])),
    params(AboutQuery),
    responses(
        (status = 200, description = "What was told, the newest first", body = ToldPage),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn told(
    State(app): State<App>,
    Session(visitor): Session,
    QueryOf(query): QueryOf<AboutQuery>,
) -> Result<Json<ToldPage>, Answer> {
    Ok(Json(app.service.told_page(&visitor, query.index)?))
}

/// Tells a person of trust that something is wrong: at most five at once that are not done, and ten in a day.
#[utoipa::path(post, path = paths::WRONG, tag = "wrong", security(("session" = [])), request_body = TellWrong,
    responses(
        (status = 201, description = "It is told", body = Told),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn tell(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<TellWrong>,
) -> Result<(StatusCode, Json<Told>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.tell_wrong(&visitor, &asked).await?)))
}

/// Tells somebody else, when the person who was told listens no longer.
#[utoipa::path(put, path = paths::WRONG_ONE, tag = "wrong", security(("session" = [])), request_body = TellAnother,
    params(("id" = String, Path, description = "What was told")),
    responses(
        (status = 200, description = "It is told", body = Told),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn tell_another(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<TellAnother>,
) -> Result<Json<Told>, Answer> {
    let id = id.ok_or_else(unknown_wrong)?;
    Ok(Json(app.service.tell_another(&visitor, &id, &asked).await?))
}

/// Takes back what the session told: it is erased at once.
#[utoipa::path(delete, path = paths::WRONG_ONE, tag = "wrong", security(("session" = [])),
    params(("id" = String, Path, description = "What was told")),
    responses(
        (status = 204, description = "Erased"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn take_back(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<StatusCode, Answer> {
    app.service.take_back(&visitor, &id.ok_or_else(unknown_wrong)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What people told the session's person of trust: open ones first, the oldest of them in front.
#[utoipa::path(get, path = paths::HEARD, tag = "wrong", security(("session" = [])),
    responses(
        (status = 200, description = "What was told", body = HeardPage),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn heard(State(app): State<App>, Session(visitor): Session) -> Result<Json<HeardPage>, Answer> {
    Ok(Json(app.service.heard(&visitor)?))
}

/// Says how far it is, with an answer, what came of it, and the entry that followed.
#[utoipa::path(put, path = paths::HEARD_ONE, tag = "wrong", security(("session" = [])), request_body = AnswerWrong,
    params(("id" = String, Path, description = "What was told")),
    responses(
        (status = 200, description = "It as it is now", body = Heard),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn answer(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<AnswerWrong>,
) -> Result<Json<Heard>, Answer> {
    let id = id.ok_or_else(unknown_wrong)?;
    Ok(Json(app.service.answer_wrong(&visitor, &id, &asked).await?))
}

/// Persons of trust, and counts of what was told; no count of fewer than five.
#[utoipa::path(get, path = paths::COUNCIL_TRUST, tag = "coordination", security(("session" = [])),
    responses(
        (status = 200, description = "What the council may see", body = CouncilTrust),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn council_trust(
    State(app): State<App>,
    Session(visitor): Session,
) -> Result<Json<CouncilTrust>, Answer> {
    Ok(Json(app.service.council_trust(&visitor)?))
}

/// Names a person of trust: by their own member account, with a number that anybody may call.
#[utoipa::path(post, path = paths::COUNCIL_TRUST, tag = "coordination", security(("session" = [])), request_body = NamePersonOfTrust,
    responses(
        (status = 201, description = "Named", body = NamedPerson),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn name_person(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<NamePersonOfTrust>,
) -> Result<(StatusCode, Json<NamedPerson>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.name_person(&visitor, None, &asked).await?)))
}

/// Changes what is known of a person of trust; their account stays.
#[utoipa::path(put, path = paths::COUNCIL_TRUST_ONE, tag = "coordination", security(("session" = [])), request_body = NamePersonOfTrust,
    params(("id" = String, Path, description = "The person")),
    responses(
        (status = 200, description = "As they are now", body = NamedPerson),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn change_person(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<NamePersonOfTrust>,
) -> Result<Json<NamedPerson>, Answer> {
    let id = id.ok_or_else(unknown_person)?;
    Ok(Json(app.service.name_person(&visitor, Some(id), &asked).await?))
}

/// Takes a person of trust off the list. What they were told is read by nobody, until its teller tells somebody else.
#[utoipa::path(delete, path = paths::COUNCIL_TRUST_ONE, tag = "coordination", security(("session" = [])),
    params(("id" = String, Path, description = "The person")),
    responses(
        (status = 204, description = "Done"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn forget_person(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<StatusCode, Answer> {
    app.service.forget_person(&visitor, &id.ok_or_else(unknown_person)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
