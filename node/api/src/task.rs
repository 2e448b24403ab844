//! Tasks of doe-plekken, their sessions, who comes, and the faces that a place keeps.

use serde::{Deserialize, Serialize};

/// What somebody brings: five fields, no account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BringTask {
    /// What is done: the name of a picture, such as `letters`.
    pub picture: String,
    /// For whom, at most 80 bytes.
    pub for_whom: String,
    /// How many, in the client's words, at most 80 bytes.
    pub how_many: String,
    /// By which day it must be ready, as `2026-11-28`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_by: Option<String>,
    /// Who brings it, at most 80 bytes.
    pub brought_by: String,
}

/// What the client is given: a private address where they see how it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BroughtTask {
    /// The task.
    pub id: String,
    /// The client's own page. Whoever knows it may thank.
    pub link: String,
}

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TaskStateJson {
    /// A client brought it; no place has answered.
    Proposed,
    /// A place does it.
    Open,
    /// Not feasible yet.
    NotFeasible,
    /// Done.
    Done,
}

/// Why a task is not feasible yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhyNotJson {
    /// Too few people.
    People,
    /// No time before it must be ready.
    Time,
    /// No room or no tools.
    Room,
    /// Somebody would lose paid work.
    PaidWork,
    /// Not safe enough.
    Safety,
}

/// A task as its place wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EditTask {
    /// What is done: the name of a picture.
    pub picture: String,
    /// For whom.
    pub for_whom: String,
    /// How many.
    pub how_many: String,
    /// By which day it must be ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_by: Option<String>,
    /// Who brings it.
    pub brought_by: String,
    /// How it stands: anything but proposed.
    pub state: TaskStateJson,
    /// Why it is not feasible yet; `null` otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<WhyNotJson>,
    /// Whether names or addresses are in it.
    #[serde(default)]
    pub has_names: bool,
    /// Whether it replaces nobody's paid work: an open task does not.
    #[serde(default)]
    pub replaces_nobody: bool,
    /// Whether people sit.
    #[serde(default)]
    pub sitting: bool,
    /// Whether people stand.
    #[serde(default)]
    pub standing: bool,
    /// Whether people lift.
    #[serde(default)]
    pub lifting: bool,
    /// The non-profit organisation that answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<String>,
    /// Its insurer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurer: Option<String>,
    /// The number of its policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// How far it is, in hundredths.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(maximum = 100))]
    pub progress: u8,
    /// Why people receive credits for it; without it, what is usual at the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<TaskReason>,
}

/// Why people receive credits for a task: the same words as an `earn` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TaskReason {
    /// They helped: it counts for a volunteer's year.
    Helped,
    /// They took part.
    TookPart,
    /// They are new, or welcome.
    Welcome,
}

/// What anybody may know of a task that a place does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Task {
    /// The task.
    pub id: String,
    /// What is done: the name of a picture.
    pub picture: String,
    /// For whom.
    pub for_whom: String,
    /// How many.
    pub how_many: String,
    /// By which day it must be ready.
    pub ready_by: Option<String>,
    /// The place, when it is listed.
    pub place: Option<String>,
    /// Where the place is, as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How it stands.
    pub state: TaskStateJson,
    /// Whether people sit.
    pub sitting: bool,
    /// Whether people stand.
    pub standing: bool,
    /// Whether people lift.
    pub lifting: bool,
    /// How far it is, in hundredths.
    pub progress: u8,
    /// What the client says.
    pub thanks: Option<String>,
    /// Its sessions that are not over, the first one first.
    pub sessions: Vec<TaskSession>,
}

/// What anybody may know of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TaskSession {
    /// The session.
    pub id: String,
    /// Its task.
    pub task: String,
    /// What is done: the name of a picture.
    pub picture: String,
    /// The place, when it is listed.
    pub place: Option<String>,
    /// Where the place is, as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When it begins.
    pub starts_at: String,
    /// How long it lasts, in minutes.
    pub minutes: u16,
    /// For how many people.
    pub places: u16,
    /// How many places are left.
    pub left: u16,
    /// How difficult it is: 1 to 3.
    pub difficulty: u8,
    /// Whether it does not take place.
    pub cancelled: bool,
}

/// A session as its place wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EditTaskSession {
    /// When it begins.
    pub starts_at: String,
    /// How long it lasts, in minutes.
    #[cfg_attr(feature = "schema", schema(minimum = 5, maximum = 1440))]
    pub minutes: u16,
    /// For how many people.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 500))]
    pub places: u16,
    /// How difficult it is.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 3))]
    pub difficulty: u8,
    /// The reference of whoever approved the task for people with a benefit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// Whether it does not take place.
    #[serde(default)]
    pub cancelled: bool,
    /// What whoever was there is asked, to be answered by yes or no, at most 80 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
}

/// How many said yes, and how many no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Who said yes.
    #[cfg_attr(feature = "schema", schema(maximum = 500))]
    pub yes: u16,
    /// Who said no.
    #[cfg_attr(feature = "schema", schema(maximum = 500))]
    pub no: u16,
}

/// An answer to the question of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerQuestion {
    /// Whether it is yes.
    pub yes: bool,
}

/// A task as its own place sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlaceTask {
    /// The task.
    pub id: String,
    /// Everything that the place may change.
    pub task: EditTask,
    /// What the client says.
    pub thanks: Option<String>,
    /// The client's own page: of whoever answers for the task.
    pub client_link: Option<String>,
    /// What is missing of organisation, insurer and policy.
    pub missing: Vec<String>,
    /// The organisation that answers for the task, in hexadecimal; nothing while it waits for one.
    pub organisation: Option<String>,
    /// Whether that is the one of the session.
    pub own: bool,
    /// What the organisation of the session gives of what is usual there, in hundredths.
    pub share: u8,
    /// The organisations that carry it along, also those that have not answered.
    pub carriers: Vec<TaskCarrier>,
    /// Its sessions, the first one first.
    pub sessions: Vec<PlaceTaskSession>,
}

/// An organisation that carries a task along: it gives its share from its own budget, and answers for its own people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TaskCarrier {
    /// The organisation, in hexadecimal.
    pub organisation: String,
    /// What it is called.
    pub name: Option<String>,
    /// What it gives of what is usual there, in hundredths.
    pub share: u8,
    /// Whether it said yes.
    pub agreed: bool,
    /// Whether it is the one of the session.
    pub own: bool,
    /// The non-profit organisation that answers for its people.
    pub responsible: Option<String>,
    /// Its insurer.
    pub insurer: Option<String>,
    /// The number of its policy.
    pub policy: Option<String>,
}

/// Asks an organisation to carry a task along, or answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EditCarrier {
    /// The organisation that is asked, or that answers for itself.
    pub organisation: String,
    /// Whether it carries the task along; if not, it is taken off.
    pub carries: bool,
    /// What it is asked to give of what is usual there, in hundredths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 10, maximum = 90))]
    pub share: Option<u8>,
    /// The non-profit organisation that answers for its people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<String>,
    /// Its insurer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurer: Option<String>,
    /// The number of its policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// A session as its own place sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlaceTaskSession {
    /// What everybody sees.
    pub session: TaskSession,
    /// The reference of whoever approved the task.
    pub approval: Option<String>,
    /// The link of the code that checks in.
    pub check_in: String,
    /// What whoever was there is asked.
    pub question: Option<String>,
    /// What they said, by phone and by hand, once nobody can answer any more; nothing of fewer than ten.
    pub answers: Option<Answers>,
    /// Those whom the place counted by hand.
    pub by_hand: Answers,
    /// From when on the answers are told.
    pub answers_from: String,
    /// Who comes or is there.
    pub people: Vec<SessionGuest>,
}

/// Somebody who comes to a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SessionGuest {
    /// Their account.
    pub account: String,
    /// Whether they said that they would come.
    pub joined: bool,
    /// Whether they said that they are there.
    pub here: bool,
}

/// The tasks of a place, and those that wait for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlaceTasks {
    /// The tasks, the newest first.
    pub tasks: Vec<PlaceTask>,
}

/// The tasks that anybody can join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TaskPage {
    /// The tasks; those with the first session first.
    pub tasks: Vec<Task>,
}

/// What a session is to the account that asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OwnSession {
    /// The session.
    pub session: TaskSession,
    /// Whether the account has a place.
    pub joined: bool,
    /// Whether it checked in.
    pub here: bool,
    /// What it is asked, once it checked in, as long as it has not answered.
    pub question: Option<String>,
}

/// The code of somebody who is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckIn {
    /// The code that the place shows, 26 letters and digits of base32.
    pub code: String,
}

/// What a client says of their task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Thanks {
    /// The words, at most 140 bytes.
    pub words: String,
}

/// A task as its client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ClientTask {
    /// The task.
    pub task: Task,
    /// Why it is not feasible yet.
    pub why_not: Option<WhyNotJson>,
}

/// A familiar face: what an account is called at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EditFace {
    /// The nickname; may be empty when there is a picture.
    pub name: String,
    /// The name of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// A familiar face with its account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Face {
    /// The account.
    pub account: String,
    /// The nickname; may be empty when there is a picture.
    pub name: String,
    /// The name of a picture.
    pub picture: Option<String>,
    /// The id in the code of its card, in hexadecimal: so that a phone of the place knows the card without network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// The familiar faces of a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Faces {
    /// The faces, as they were added.
    pub faces: Vec<Face>,
}
