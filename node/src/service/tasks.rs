//! Tasks: brought by clients, done by places, joined by anybody.

use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::directory::fault_of_name;
use crate::community::sessions::{Role, Visitor};
use crate::community::tasks::TaskState;
use crate::community::{TaskRow, TaskSessionRow};
use klaver_api::text::{FieldError, timestamp};
use klaver_api::{
    BringTask, BroughtTask, ClientTask, EditTask, EditTaskSession, PlaceTask, PlaceTaskSession, PlaceTasks,
    SessionGuest, Task, TaskPage, TaskSession, TaskStateJson, paths,
};
use klaver_ledger::account::AccountKind;
use klaver_ledger::id::{AccountId, OrganisationId, TaskId};
use klaver_ledger::link::{CodeId, Link, Secret};
use klaver_ledger::time::Timestamp;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// Most tasks that wait for an answer.
pub const PROPOSALS_MAX: usize = 200;
/// Most tasks of one place.
const TASKS_PER_PLACE_MAX: usize = 500;
/// Most sessions of one task.
const SESSIONS_PER_TASK_MAX: usize = 100;
/// How long a session may last, in minutes.
const MINUTES: RangeInclusive<u16> = 5..=1_440;
/// For how many people it may be.
const PLACES: RangeInclusive<u16> = 1..=500;

/// The pictures of tasks, by their names; pages draw from the same file.
pub static PICTURES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../web/src/tasks.json")).expect("the pictures are flat JSON")
});

/// A place, as whoever acts for it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its organisation.
    pub organisation: OrganisationId,
    /// The account whose session it is.
    pub account: AccountId,
}

impl Service {
    /// Returns the place that a visitor acts for: with a key that may spend from one of its budgets.
    ///
    /// # Errors
    /// `Forbidden` for everybody else.
    pub(super) fn place_of(&self, visitor: &Visitor) -> Result<Place, Refused> {
        let advice = "open a session for a budget of the place, with a key that may give from it";
        let Role::Account(account) = visitor.role else { return Err(Refused::Forbidden { advice }) };
        let organisation = self.organisation_of(visitor, |kind| kind == AccountKind::Budget);
        organisation.map(|organisation| Place { organisation, account }).ok_or(Refused::Forbidden { advice })
    }

    /// Takes a task that somebody brings, who may come from `address`; no account is needed.
    ///
    /// # Errors
    /// When a field is wrong, or too many wait.
    pub async fn bring_task(
        &self,
        asked: &BringTask,
        address: Option<IpAddr>,
    ) -> Result<BroughtTask, Refused> {
        let mut row = blank_row()?;
        row.picture = picture_of(&asked.picture)?;
        row.for_whom = line_of("for_whom", &asked.for_whom)?;
        row.how_many = line_of("how_many", &asked.how_many)?;
        row.brought_by = line_of("brought_by", &asked.brought_by)?;
        row.ready_by = asked.ready_by.as_deref().map(|day| day_of("ready_by", day)).transpose()?;
        self.must_record()?;
        let advice = "try again tomorrow, or ask at a place";
        let waiting = self.community.tasks(|row| row.state == TaskState::Proposed).len();
        if waiting >= PROPOSALS_MAX || !self.clients.has_room(address) {
            return Err(Refused::TooMany { what: "tasks that wait", limit: PROPOSALS_MAX, advice });
        }
        let (id, client) = (TaskId(random()?), row.client);
        self.community.set_task(id, row).await?;
        Ok(BroughtTask { id: id.to_hex(), link: self.client_link(&client) })
    }

    fn client_link(&self, client: &[u8; 16]) -> String {
        format!("{}{}", self.config.public_url, paths::fill(paths::CLIENT_PAGE, CodeId(*client)))
    }

    /// Returns a client's task.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn client_task(&self, code: &[u8; 16]) -> Result<ClientTask, Refused> {
        let (id, row) = self.community.task_of_client(code).ok_or_else(unknown_task)?;
        let why_not = match row.state {
            TaskState::NotFeasible(why) => Some(why),
            _ => None,
        };
        Ok(ClientTask { task: self.task_json(&id, &row), why_not })
    }

    /// Notes what a client says of their task.
    ///
    /// # Errors
    /// `Unknown`, and when there are no words, or too many.
    pub async fn thank(&self, code: &[u8; 16], words: &str) -> Result<(), Refused> {
        let (id, row) = self.community.task_of_client(code).ok_or_else(unknown_task)?;
        let words = text_of("words", words, 140)?;
        self.must_record()?;
        if row.thanks.as_ref() == Some(&words) {
            return Ok(());
        }
        Ok(self.community.thank(&id, words).await?)
    }

    /// Returns the tasks that anybody can join; those that begin first stand first.
    pub fn tasks(&self) -> TaskPage {
        let open = self.community.tasks(|row| row.state == TaskState::Open);
        let mut tasks: Vec<Task> = open.iter().map(|(id, row)| self.task_json(id, row)).collect();
        tasks.sort_by_key(|task| {
            let first = task.sessions.first().map(|session| session.starts_at.clone());
            (first.is_none(), first, task.id.clone())
        });
        TaskPage { tasks }
    }

    /// Returns a task that a place does or did.
    ///
    /// # Errors
    /// `Unknown` also for what no place has taken.
    pub fn task(&self, id: &TaskId) -> Result<Task, Refused> {
        let row =
            self.community.task(id).filter(|row| matches!(row.state, TaskState::Open | TaskState::Done));
        row.map(|row| self.task_json(id, &row)).ok_or_else(unknown_task)
    }

    fn task_json(&self, id: &TaskId, row: &TaskRow) -> Task {
        let now = wall_clock().seconds();
        let sessions = self.community.task_sessions(id);
        let coming = sessions.iter().filter(|(_, session)| now < session.ends_at() && !session.cancelled);
        let [sitting, standing, lifting] = row.posture;
        Task {
            id: id.to_hex(),
            picture: row.picture.clone(),
            for_whom: row.for_whom.clone(),
            how_many: row.how_many.clone(),
            ready_by: row.ready_by.clone(),
            place: self.name_of_place(row),
            state: state_json(row.state),
            sitting,
            standing,
            lifting,
            progress: row.progress,
            thanks: row.thanks.clone(),
            sessions: coming.map(|(id, session)| self.session_json(id, session, row)).collect(),
        }
    }

    fn name_of_place(&self, row: &TaskRow) -> Option<String> {
        row.account.and_then(|account| self.community.listed_name(&AccountId(account)))
    }

    /// Returns what anybody may know of a session of the task `row`.
    pub(super) fn session_json(&self, id: &TaskId, session: &TaskSessionRow, row: &TaskRow) -> TaskSession {
        let taken = self.community.taken_places(id);
        TaskSession {
            id: id.to_hex(),
            task: TaskId(session.task).to_hex(),
            picture: row.picture.clone(),
            place: self.name_of_place(row),
            starts_at: moment(session.starts_at),
            minutes: session.minutes,
            places: session.places,
            left: session.places.saturating_sub(u16::try_from(taken).unwrap_or(u16::MAX)),
            difficulty: session.difficulty,
            cancelled: session.cancelled,
        }
    }

    /// Returns the tasks of the visitor's place, and those that wait for one.
    ///
    /// # Errors
    /// When the visitor acts for no place.
    pub fn place_tasks(&self, visitor: &Visitor) -> Result<PlaceTasks, Refused> {
        let place = self.place_of(visitor)?;
        let is_meant = |row: &TaskRow| match row.organisation {
            Some(organisation) => organisation == place.organisation.0,
            None => row.state == TaskState::Proposed,
        };
        let tasks = self.community.tasks(is_meant);
        Ok(PlaceTasks { tasks: tasks.iter().map(|(id, row)| self.place_task_json(id, row)).collect() })
    }

    fn place_task_json(&self, id: &TaskId, row: &TaskRow) -> PlaceTask {
        let [responsible, insurer, policy] = row.insured.clone();
        let named = [("responsible", &responsible), ("insurer", &insurer), ("policy", &policy)];
        let missing = named.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| (*name).to_owned());
        let sessions = self.community.task_sessions(id);
        PlaceTask {
            id: id.to_hex(),
            missing: missing.collect(),
            thanks: row.thanks.clone(),
            client_link: self.client_link(&row.client),
            sessions: sessions
                .iter()
                .map(|(id, session)| self.place_session_json(id, session, row))
                .collect(),
            task: EditTask {
                picture: row.picture.clone(),
                for_whom: row.for_whom.clone(),
                how_many: row.how_many.clone(),
                ready_by: row.ready_by.clone(),
                brought_by: row.brought_by.clone(),
                state: state_json(row.state),
                why_not: match row.state {
                    TaskState::NotFeasible(why) => Some(why),
                    _ => None,
                },
                has_names: row.has_names,
                replaces_nobody: row.replaces_nobody,
                sitting: row.posture[0],
                standing: row.posture[1],
                lifting: row.posture[2],
                responsible,
                insurer,
                policy,
                progress: row.progress,
            },
        }
    }

    fn place_session_json(&self, id: &TaskId, session: &TaskSessionRow, row: &TaskRow) -> PlaceTaskSession {
        let link = Link::CheckIn { node: self.address.clone(), session: *id, code: Secret(session.code) };
        let people = self.community.presences(id).into_iter().map(|(account, row)| SessionGuest {
            account: account.to_string(),
            joined: row.joined.is_some(),
            here: row.here.is_some(),
        });
        PlaceTaskSession {
            session: self.session_json(id, session, row),
            approval: session.approval.clone(),
            check_in: link.to_string(),
            people: people.collect(),
        }
    }

    /// Makes a task of the visitor's place, or with `id` changes one of it, or takes one that waits.
    ///
    /// # Errors
    /// When the visitor acts for no place, the task is another's, or a field is wrong.
    pub async fn set_task(
        &self,
        visitor: &Visitor,
        id: Option<TaskId>,
        asked: &EditTask,
    ) -> Result<PlaceTask, Refused> {
        let place = self.place_of(visitor)?;
        let before = match id {
            Some(id) => Some(self.task_for(&place, &id)?),
            None => None,
        };
        let mine = |row: &TaskRow| row.organisation == Some(place.organisation.0);
        if before.is_none() && self.community.tasks(mine).len() >= TASKS_PER_PLACE_MAX {
            let advice = "tasks are forgotten a year after they were done";
            return Err(Refused::TooMany { what: "tasks", limit: TASKS_PER_PLACE_MAX, advice });
        }
        let mut row = match before {
            Some(row) => row,
            None => blank_row()?,
        };
        edit(&mut row, asked)?;
        self.must_record()?;
        row.organisation = Some(place.organisation.0);
        row.account.get_or_insert(place.account.0);
        row.changed_at = wall_clock().seconds();
        let id = id.map_or_else(|| random().map(TaskId), Ok)?;
        self.community.set_task(id, row.clone()).await?;
        Ok(self.place_task_json(&id, &row))
    }

    /// Returns a task that the place may change: its own, or one that waits for any.
    fn task_for(&self, place: &Place, id: &TaskId) -> Result<TaskRow, Refused> {
        let is_theirs = |row: &TaskRow| match row.organisation {
            Some(organisation) => organisation == place.organisation.0,
            None => row.state == TaskState::Proposed,
        };
        self.community.task(id).filter(is_theirs).ok_or_else(unknown_task)
    }

    /// Makes a session of a task of the visitor's place.
    ///
    /// # Errors
    /// When the task is not the place's or not open, there are too many, or a field is wrong.
    pub async fn add_task_session(
        &self,
        visitor: &Visitor,
        task: &TaskId,
        asked: &EditTaskSession,
    ) -> Result<PlaceTaskSession, Refused> {
        let place = self.place_of(visitor)?;
        let row = self.task_for(&place, task)?;
        if row.state != TaskState::Open {
            return Err(Refused::Forbidden { advice: "take the task first: only an open one has sessions" });
        }
        if self.community.task_sessions(task).len() >= SESSIONS_PER_TASK_MAX {
            let advice = "make another task for what is left";
            return Err(Refused::TooMany { what: "sessions", limit: SESSIONS_PER_TASK_MAX, advice });
        }
        let session = session_of(asked, task.0, random()?)?;
        self.must_record()?;
        let id = TaskId(random()?);
        self.community.set_task_session(id, session.clone()).await?;
        Ok(self.place_session_json(&id, &session, &row))
    }

    /// Changes a session of the visitor's place.
    ///
    /// # Errors
    /// As [`add_task_session`](Self::add_task_session).
    pub async fn change_task_session(
        &self,
        visitor: &Visitor,
        id: &TaskId,
        asked: &EditTaskSession,
    ) -> Result<PlaceTaskSession, Refused> {
        let (row, before) = self.session_for(visitor, id)?;
        let session = session_of(asked, before.task, before.code)?;
        self.must_record()?;
        self.community.set_task_session(*id, session.clone()).await?;
        Ok(self.place_session_json(id, &session, &row))
    }

    /// Returns a session as its own place sees it.
    ///
    /// # Errors
    /// `Unknown` for everybody else.
    pub fn place_session(&self, visitor: &Visitor, id: &TaskId) -> Result<PlaceTaskSession, Refused> {
        let (row, session) = self.session_for(visitor, id)?;
        Ok(self.place_session_json(id, &session, &row))
    }

    fn session_for(&self, visitor: &Visitor, id: &TaskId) -> Result<(TaskRow, TaskSessionRow), Refused> {
        let place = self.place_of(visitor)?;
        let session = self.community.task_session(id).ok_or_else(unknown_session)?;
        let row = self.task_for(&place, &TaskId(session.task)).map_err(|_| unknown_session())?;
        Ok((row, session))
    }

    /// Erases what has ended.
    pub fn erase_ended(&self) {
        let now = wall_clock().seconds();
        // What was paid is looked up in requests: before these are forgotten.
        self.community.settle_closings(now);
        self.community.erase_ended(now);
        self.community.erase_presence(now, u64::from(self.config.presence_days) * 86_400);
    }
}

fn blank_row() -> Result<TaskRow, getrandom::Error> {
    Ok(TaskRow {
        organisation: None,
        account: None,
        state: TaskState::Proposed,
        picture: String::new(),
        for_whom: String::new(),
        how_many: String::new(),
        ready_by: None,
        brought_by: String::new(),
        has_names: false,
        replaces_nobody: false,
        posture: [false; 3],
        insured: [None, None, None],
        progress: 0,
        thanks: None,
        client: random()?,
        changed_at: wall_clock().seconds(),
    })
}

fn edit(row: &mut TaskRow, asked: &EditTask) -> Result<(), FieldError> {
    row.picture = picture_of(&asked.picture)?;
    row.for_whom = line_of("for_whom", &asked.for_whom)?;
    row.how_many = line_of("how_many", &asked.how_many)?;
    row.brought_by = line_of("brought_by", &asked.brought_by)?;
    row.ready_by = asked.ready_by.as_deref().map(|day| day_of("ready_by", day)).transpose()?;
    row.state = state_of(asked)?;
    if row.state == TaskState::Open && !asked.replaces_nobody {
        let expected = "an open task replaces nobody's paid work: say so, or choose not_feasible";
        return Err(FieldError::new("replaces_nobody", "false", expected));
    }
    (row.has_names, row.replaces_nobody) = (asked.has_names, asked.replaces_nobody);
    row.posture = [asked.sitting, asked.standing, asked.lifting];
    let named = [("responsible", &asked.responsible), ("insurer", &asked.insurer), ("policy", &asked.policy)];
    for (kept, (field, value)) in row.insured.iter_mut().zip(named) {
        *kept = value
            .as_deref()
            .filter(|value| !value.is_empty())
            .map(|value| line_of(field, value))
            .transpose()?;
    }
    if asked.progress > 100 {
        return Err(FieldError::new("progress", asked.progress, "a number from 0 to 100 belongs here"));
    }
    row.progress = asked.progress;
    Ok(())
}

fn session_of(asked: &EditTaskSession, task: [u8; 16], code: [u8; 16]) -> Result<TaskSessionRow, FieldError> {
    let starts_at = timestamp("starts_at", &asked.starts_at)?.seconds();
    let between = |field, value: u16, range: RangeInclusive<u16>| {
        let expected = format!("a number from {} to {} belongs here", range.start(), range.end());
        if range.contains(&value) { Ok(value) } else { Err(FieldError::new(field, value, expected)) }
    };
    let difficulty = between("difficulty", asked.difficulty.into(), 1..=3)?;
    let approval = asked.approval.as_deref().filter(|text| !text.is_empty());
    Ok(TaskSessionRow {
        task,
        starts_at,
        minutes: between("minutes", asked.minutes, MINUTES)?,
        places: between("places", asked.places, PLACES)?,
        difficulty: u8::try_from(difficulty).unwrap_or(1),
        approval: approval.map(|text| line_of("approval", text)).transpose()?,
        cancelled: asked.cancelled,
        code,
    })
}

fn state_of(asked: &EditTask) -> Result<TaskState, FieldError> {
    match (asked.state, asked.why_not) {
        (TaskStateJson::Open, None) => Ok(TaskState::Open),
        (TaskStateJson::Done, None) => Ok(TaskState::Done),
        (TaskStateJson::NotFeasible, Some(why)) => Ok(TaskState::NotFeasible(why)),
        (TaskStateJson::Proposed, _) => {
            Err(FieldError::new("state", "proposed", "open, not_feasible or done belongs here"))
        }
        (_, _) => {
            Err(FieldError::new("why_not", "", "a reason belongs to not_feasible, and to nothing else"))
        }
    }
}

fn state_json(state: TaskState) -> TaskStateJson {
    match state {
        TaskState::Proposed => TaskStateJson::Proposed,
        TaskState::Open => TaskStateJson::Open,
        TaskState::NotFeasible(_) => TaskStateJson::NotFeasible,
        TaskState::Done => TaskStateJson::Done,
    }
}

fn picture_of(name: &str) -> Result<String, FieldError> {
    let wrong = || FieldError::new("picture", name, "the name of a picture belongs here, such as letters");
    PICTURES.get_key_value(name).map(|(name, _)| name.clone()).ok_or_else(wrong)
}

fn line_of(field: &'static str, text: &str) -> Result<String, FieldError> {
    match fault_of_name(text) {
        Some(fault) => Err(FieldError::new(field, text, fault)),
        None => Ok(text.to_owned()),
    }
}

/// Returns words that others read, of at most `bytes_max` bytes.
fn text_of(field: &'static str, text: &str, bytes_max: usize) -> Result<String, FieldError> {
    let bad = text.chars().any(klaver_ledger::entry::cbor::is_invisible);
    if text.trim().is_empty() || text.len() > bytes_max || bad {
        return Err(FieldError::new(
            field,
            text,
            format!("1 to {bytes_max} bytes that can be seen belong here"),
        ));
    }
    Ok(text.to_owned())
}

fn day_of(field: &'static str, text: &str) -> Result<String, FieldError> {
    let is_day = text.len() == 10 && timestamp(field, &format!("{text}T00:00:00Z")).is_ok();
    let wrong = || FieldError::new(field, text, "a day belongs here, such as 2026-11-28");
    is_day.then(|| text.to_owned()).ok_or_else(wrong)
}

fn random() -> Result<[u8; 16], getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn moment(seconds: u64) -> String {
    Timestamp::from_millis(seconds.saturating_mul(1_000)).map(|at| at.to_string()).unwrap_or_default()
}

fn unknown_task() -> Refused {
    let advice = "it was forgotten, or no place does it: look at the list of tasks";
    Refused::Unknown { what: "task", code: "unknown_task", advice }
}

pub(super) fn unknown_session() -> Refused {
    let advice = "it was forgotten, or is another place's: look at the list of tasks";
    Refused::Unknown { what: "session", code: "unknown_task_session", advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_pictures_and_each_has_its_words() {
        assert_eq!(PICTURES.len(), 20);
        for language in klaver_locales::Language::ALL {
            for name in PICTURES.keys() {
                assert!(language.find(&format!("web.task_{name}"), &[]).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn a_day_is_one_of_the_calendar() {
        assert!(day_of("ready_by", "2026-11-28").is_ok());
        for wrong in ["2026-02-30", "28/11/2026", "", "2026-11-28T", "2026-1-28x"] {
            assert!(day_of("ready_by", wrong).is_err(), "{wrong}");
        }
    }
}
