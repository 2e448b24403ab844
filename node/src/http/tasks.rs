//! Tasks, their sessions, who comes, and the faces that a place keeps.

use super::App;
use super::extract::{AccountPath, IdPath, JsonBody, Session, VisitorAddress};
use super::problem::Answer;
use crate::service::Refused;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use klaver_api::paths;
use klaver_api::{
    AnswerQuestion, Answers, BringTask, BroughtTask, CheckIn, ClientTask, EditCarrier, EditFace, EditTask,
    EditTaskSession, Faces, OwnSession, PlaceTask, PlaceTaskSession, PlaceTasks, Problem, Task, TaskPage,
    Thanks,
};
use klaver_ledger::id::TaskId;

/// Tasks that anybody can join, with their sessions.
#[utoipa::path(get, path = paths::TASKS, tag = "tasks",
    responses((status = 200, description = "The tasks; those that begin first stand first", body = TaskPage)))]
pub async fn tasks(State(app): State<App>) -> Json<TaskPage> {
    Json(app.service.tasks())
}

/// Brings a task: it waits until a place takes it, or says why not yet. No account is needed.
#[utoipa::path(post, path = paths::TASKS, tag = "tasks", request_body = BringTask,
    responses(
        (status = 201, description = "The task, with the client's own page", body = BroughtTask),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn bring_task(
    State(app): State<App>,
    VisitorAddress(address): VisitorAddress,
    JsonBody(asked): JsonBody<BringTask>,
) -> Result<(StatusCode, Json<BroughtTask>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.bring_task(&asked, address).await?)))
}

/// One task that a place does or did.
#[utoipa::path(get, path = paths::TASK, tag = "tasks",
    params(("id" = String, Path, description = "The task")),
    responses(
        (status = 200, description = "The task", body = Task),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn task(State(app): State<App>, IdPath(id): IdPath) -> Result<Json<Task>, Answer> {
    Ok(Json(app.service.task(&known(id, "unknown_task")?)?))
}

/// A task as whoever brought it sees it.
#[utoipa::path(get, path = paths::CLIENT_TASK, tag = "tasks",
    params(("id" = String, Path, description = "The code of the client's own page")),
    responses(
        (status = 200, description = "The task, and why it is not feasible yet", body = ClientTask),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn client_task(State(app): State<App>, IdPath(id): IdPath) -> Result<Json<ClientTask>, Answer> {
    Ok(Json(app.service.client_task(&known(id, "unknown_task")?.0)?))
}

/// What a client says when their task is done: it is read aloud, and stands on the task's page from then on.
#[utoipa::path(post, path = paths::CLIENT_THANKS, tag = "tasks", request_body = Thanks,
    params(("id" = String, Path, description = "The code of the client's own page")),
    responses(
        (status = 204, description = "Kept"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn thank(
    State(app): State<App>,
    IdPath(id): IdPath,
    VisitorAddress(address): VisitorAddress,
    JsonBody(asked): JsonBody<Thanks>,
) -> Result<StatusCode, Answer> {
    app.service.thank(&known(id, "unknown_task")?.0, &asked.words, address).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A session, and whether the account of the session has a place in it.
#[utoipa::path(get, path = paths::TASK_SESSION, tag = "tasks", security(("session" = [])),
    params(("id" = String, Path, description = "The session of the task")),
    responses(
        (status = 200, description = "What it is to the account", body = OwnSession),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn own_session(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<Json<OwnSession>, Answer> {
    Ok(Json(app.service.own_session(&visitor, &known(id, "unknown_task_session")?)?))
}

/// Gives the account a place. Asking again is safe.
#[utoipa::path(post, path = paths::TASK_SESSION, tag = "tasks", security(("session" = [])),
    params(("id" = String, Path, description = "The session of the task")),
    responses(
        (status = 200, description = "It has a place", body = OwnSession),
        (status = "4XX", description = "Refused: full, over, or not for this account", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn take_place(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<Json<OwnSession>, Answer> {
    Ok(Json(app.service.take_place(&visitor, &known(id, "unknown_task_session")?).await?))
}

/// Gives the place back.
#[utoipa::path(delete, path = paths::TASK_SESSION, tag = "tasks", security(("session" = [])),
    params(("id" = String, Path, description = "The session of the task")),
    responses(
        (status = 200, description = "It has none", body = OwnSession),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn leave_place(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<Json<OwnSession>, Answer> {
    Ok(Json(app.service.leave_place(&visitor, &known(id, "unknown_task_session")?).await?))
}

/// Checks the account in: the place sees that it is there. It gives nothing by itself.
#[utoipa::path(post, path = paths::CHECK_IN, tag = "tasks", security(("session" = [])), request_body = CheckIn,
    params(("id" = String, Path, description = "The session of the task")),
    responses(
        (status = 200, description = "It is there", body = OwnSession),
        (status = "4XX", description = "Refused: another code, or another day", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn check_in(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<CheckIn>,
) -> Result<Json<OwnSession>, Answer> {
    Ok(Json(app.service.check_in(&visitor, &known(id, "unknown_task_session")?, &asked).await?))
}

/// The tasks of the session's place, and those that wait for any.
#[utoipa::path(get, path = paths::PLACE_TASKS, tag = "place", security(("session" = [])),
    responses(
        (status = 200, description = "The tasks, the newest first", body = PlaceTasks),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn place_tasks(
    State(app): State<App>,
    Session(visitor): Session,
) -> Result<Json<PlaceTasks>, Answer> {
    Ok(Json(app.service.place_tasks(&visitor)?))
}

/// Makes a task of the session's place.
#[utoipa::path(post, path = paths::PLACE_TASKS, tag = "place", security(("session" = [])), request_body = EditTask,
    responses(
        (status = 201, description = "The task", body = PlaceTask),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn create_task(
    State(app): State<App>,
    Session(visitor): Session,
    JsonBody(asked): JsonBody<EditTask>,
) -> Result<(StatusCode, Json<PlaceTask>), Answer> {
    Ok((StatusCode::CREATED, Json(app.service.set_task(&visitor, None, &asked).await?)))
}

/// Changes a task of the place, or takes one that waits.
#[utoipa::path(put, path = paths::PLACE_TASK, tag = "place", security(("session" = [])), request_body = EditTask,
    params(("id" = String, Path, description = "The task")),
    responses(
        (status = 200, description = "The task", body = PlaceTask),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn change_task(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<EditTask>,
) -> Result<Json<PlaceTask>, Answer> {
    let id = known(id, "unknown_task")?;
    Ok(Json(app.service.set_task(&visitor, Some(id), &asked).await?))
}

/// Forgets a task of the place that is not open, or one that waits for any place; also on the node's disk.
#[utoipa::path(delete, path = paths::PLACE_TASK, tag = "place", security(("session" = [])),
    params(("id" = String, Path, description = "The task")),
    responses(
        (status = 204, description = "Forgotten"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn forget_task(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<StatusCode, Answer> {
    app.service.forget_task(&visitor, &known(id, "unknown_task")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets what a client said of a task of the place; also on the node's disk.
#[utoipa::path(delete, path = paths::PLACE_TASK_THANKS, tag = "place", security(("session" = [])),
    params(("id" = String, Path, description = "The task")),
    responses(
        (status = 204, description = "Forgotten"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn forget_thanks(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<StatusCode, Answer> {
    app.service.forget_thanks(&visitor, &known(id, "unknown_task")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers what whoever was there is asked: once, by yes or no. It is only counted.
#[utoipa::path(post, path = paths::SESSION_ANSWER, tag = "tasks", security(("session" = [])),
    request_body = AnswerQuestion, params(("id" = String, Path, description = "The session of the task")),
    responses(
        (status = 200, description = "It is counted", body = OwnSession),
        (status = "4XX", description = "Refused: nothing is asked, or not there", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn answer_question(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<AnswerQuestion>,
) -> Result<Json<OwnSession>, Answer> {
    let id = known(id, "unknown_task_session")?;
    Ok(Json(app.service.answer_question(&visitor, &id, asked).await?))
}

/// Counts what people without a phone answered, in the place of what was counted before.
#[utoipa::path(put, path = paths::PLACE_SESSION_ANSWERS, tag = "place", security(("session" = [])),
    request_body = Answers, params(("id" = String, Path, description = "The session of the task")),
    responses(
        (status = 200, description = "The session", body = PlaceTaskSession),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn count_by_hand(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<Answers>,
) -> Result<Json<PlaceTaskSession>, Answer> {
    let id = known(id, "unknown_task_session")?;
    Ok(Json(app.service.count_by_hand(&visitor, &id, asked).await?))
}

/// Asks an organisation to carry a task along, as the place that answers for it; says yes or no, as the one that was asked.
#[utoipa::path(put, path = paths::PLACE_TASK_CARRIERS, tag = "place", security(("session" = [])),
    request_body = EditCarrier, params(("id" = String, Path, description = "The task")),
    responses(
        (status = 200, description = "The task", body = PlaceTask),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn set_carrier(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<EditCarrier>,
) -> Result<Json<PlaceTask>, Answer> {
    Ok(Json(app.service.set_carrier(&visitor, &known(id, "unknown_task")?, &asked).await?))
}

/// Makes a session of a task of the place.
#[utoipa::path(post, path = paths::PLACE_TASK_SESSIONS, tag = "place", security(("session" = [])),
    request_body = EditTaskSession, params(("id" = String, Path, description = "The task")),
    responses(
        (status = 201, description = "The session", body = PlaceTaskSession),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn create_task_session(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<EditTaskSession>,
) -> Result<(StatusCode, Json<PlaceTaskSession>), Answer> {
    let task = known(id, "unknown_task")?;
    Ok((StatusCode::CREATED, Json(app.service.add_task_session(&visitor, &task, &asked).await?)))
}

/// A session of the place, with who comes and who is there.
#[utoipa::path(get, path = paths::PLACE_TASK_SESSION, tag = "place", security(("session" = [])),
    params(("id" = String, Path, description = "The session of the task")),
    responses(
        (status = 200, description = "The session", body = PlaceTaskSession),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn place_session(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
) -> Result<Json<PlaceTaskSession>, Answer> {
    Ok(Json(app.service.place_session(&visitor, &known(id, "unknown_task_session")?)?))
}

/// Changes a session of the place, or says that it does not take place.
#[utoipa::path(put, path = paths::PLACE_TASK_SESSION, tag = "place", security(("session" = [])),
    request_body = EditTaskSession, params(("id" = String, Path, description = "The session of the task")),
    responses(
        (status = 200, description = "The session", body = PlaceTaskSession),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn change_task_session(
    State(app): State<App>,
    Session(visitor): Session,
    IdPath(id): IdPath,
    JsonBody(asked): JsonBody<EditTaskSession>,
) -> Result<Json<PlaceTaskSession>, Answer> {
    let id = known(id, "unknown_task_session")?;
    Ok(Json(app.service.change_task_session(&visitor, &id, &asked).await?))
}

/// The familiar faces of the session's place.
#[utoipa::path(get, path = paths::FACES, tag = "place", security(("session" = [])),
    responses(
        (status = 200, description = "The faces, as they were added", body = Faces),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn faces(State(app): State<App>, Session(visitor): Session) -> Result<Json<Faces>, Answer> {
    Ok(Json(app.service.faces(&visitor)?))
}

/// Keeps a face of the place: a nickname or a picture beside an account.
#[utoipa::path(put, path = paths::FACE, tag = "place", security(("session" = [])), request_body = EditFace,
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = 204, description = "Kept"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn keep_face(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(id): AccountPath,
    JsonBody(face): JsonBody<EditFace>,
) -> Result<StatusCode, Answer> {
    app.service.set_face(&visitor, &id, Some(&face)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a face of the place, also on the node's disk.
#[utoipa::path(delete, path = paths::FACE, tag = "place", security(("session" = [])),
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = 204, description = "Forgotten"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Read-only", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn forget_face(
    State(app): State<App>,
    Session(visitor): Session,
    AccountPath(id): AccountPath,
) -> Result<StatusCode, Answer> {
    app.service.set_face(&visitor, &id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns an id that can be of something; what is no id is unknown.
fn known(id: Option<[u8; 16]>, code: &'static str) -> Result<TaskId, Refused> {
    let advice = "look at the list of tasks";
    id.map(TaskId).ok_or(Refused::Unknown { what: "task or session", code, advice })
}
