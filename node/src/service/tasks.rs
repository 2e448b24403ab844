//! Tasks: brought by clients, done by places, joined by anybody.

mod fields;

use super::arrivals::BURST;
use super::asking::{answers_from, counted, told_answers};
use super::carrying::{is_shown_to_carrier, share_of};
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::sessions::{Role, Visitor};
use crate::community::tasks::TaskState;
use crate::community::{TaskRow, TaskSessionRow};
pub(super) use fields::lines_of;
pub(super) use fields::{day_of, text_of};
use fields::{edit, line_of, picture_of, session_of};
use klaver_api::text::FieldError;
use klaver_api::{
    BringTask, BroughtTask, ClientTask, EditTask, EditTaskSession, PlaceTask, PlaceTaskSession, PlaceTasks,
    SessionGuest, Task, TaskPage, TaskSession, TaskStateJson, paths,
};
use klaver_ledger::account::AccountKind;
use klaver_ledger::id::{AccountId, OrganisationId, TaskId};
use klaver_ledger::link::{CodeId, Link, Secret};
use klaver_ledger::time::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::LazyLock;

/// Most tasks that wait for an answer.
pub const PROPOSALS_MAX: usize = 200;
/// Most open tasks of one place.
const TASKS_PER_PLACE_MAX: usize = 500;
/// Most sessions of one task.
const SESSIONS_PER_TASK_MAX: usize = 100;

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
        self.must_have_room(address)?;
        let waiting = self.community.tasks(|row| row.state == TaskState::Proposed).len();
        if waiting >= PROPOSALS_MAX {
            let advice = "try again tomorrow, or ask at a place";
            return Err(Refused::TooMany { what: "tasks that wait", limit: PROPOSALS_MAX, advice });
        }
        let (id, client) = (TaskId(random()?), row.client);
        self.community.set_task(id, row).await?;
        Ok(BroughtTask { id: id.to_hex(), link: self.client_link(&client) })
    }

    /// Counts something that a client without account sends, who may come from `address`.
    pub(super) fn must_have_room(&self, address: Option<IpAddr>) -> Result<(), Refused> {
        let advice = "wait some minutes, or ask at a place";
        let too_many =
            |_| Refused::TooMany { what: "tasks, thanks and shops from one address", limit: BURST, advice };
        self.clients.make_room(address, BURST).map_err(too_many)
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
        // Their own words they see at once.
        Ok(ClientTask { task: Task { thanks: row.thanks.clone(), ..self.task_json(&id, &row) }, why_not })
    }

    /// Notes what a client says of their task, who may come from `address`. Everybody reads it once the task is done.
    ///
    /// # Errors
    /// `Unknown`, and when there are no words, or too many, or too much comes from there.
    pub async fn thank(&self, code: &[u8; 16], words: &str, address: Option<IpAddr>) -> Result<(), Refused> {
        let (id, row) = self.community.task_of_client(code).ok_or_else(unknown_task)?;
        let words = text_of("words", words, 140)?;
        self.must_record()?;
        if row.thanks.as_ref() == Some(&words) {
            return Ok(());
        }
        self.must_have_room(address)?;
        Ok(self.community.thank(&id, Some(words)).await?)
    }

    /// Returns the tasks that anybody can join; those that begin first stand first.
    pub fn tasks(&self) -> TaskPage {
        TaskPage { tasks: self.joinable(|_| true) }
    }

    /// Returns those of one organisation, in the same order.
    pub fn tasks_of(&self, organisation: &[u8; 16]) -> Vec<Task> {
        self.joinable(|row| row.is_carried_by(organisation))
    }

    fn joinable(&self, is_meant: impl Fn(&TaskRow) -> bool) -> Vec<Task> {
        let open = self.community.tasks(|row| row.state == TaskState::Open && is_meant(row));
        // All sessions are looked at once, not once for each task.
        let now = wall_clock().seconds();
        let mut coming: HashMap<[u8; 16], Vec<(TaskId, TaskSessionRow)>> = HashMap::new();
        for found in self.community.sessions_of_tasks(|session| now < session.ends_at()) {
            coming.entry(found.1.task).or_default().push(found);
        }
        let sessions = |id: &TaskId| coming.get(&id.0).map_or(&[][..], Vec::as_slice);
        let mut tasks: Vec<Task> =
            open.iter().map(|(id, row)| self.task_with(id, row, sessions(id))).collect();
        tasks.sort_by_key(|task| {
            let first = task.sessions.first().map(|session| session.starts_at.clone());
            (first.is_none(), first, task.id.clone())
        });
        tasks
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
        self.task_with(id, row, &self.community.task_sessions(id))
    }

    fn task_with(&self, id: &TaskId, row: &TaskRow, sessions: &[(TaskId, TaskSessionRow)]) -> Task {
        let now = wall_clock().seconds();
        let coming = sessions.iter().filter(|(_, session)| now < session.ends_at() && !session.cancelled);
        let [sitting, standing, lifting] = row.posture;
        Task {
            id: id.to_hex(),
            picture: row.picture.clone(),
            for_whom: row.for_whom.clone(),
            how_many: row.how_many.clone(),
            ready_by: row.ready_by.clone(),
            place: self.name_of_place(row),
            address: self.address_of_place(row),
            state: state_json(row.state),
            sitting,
            standing,
            lifting,
            progress: row.progress,
            thanks: row.thanks.clone().filter(|_| row.state == TaskState::Done),
            sessions: coming.map(|(id, session)| self.session_json(id, session, row)).collect(),
        }
    }

    /// Returns what the place is called, with those that carry the task along.
    fn name_of_place(&self, row: &TaskRow) -> Option<String> {
        let own = row.account.and_then(|account| self.community.listed_name(&AccountId(account)));
        let others = row.carriers.iter().filter(|one| one.agreed());
        let others = others.filter_map(|one| self.name_of_carrier(one, true));
        let names: Vec<String> = own.into_iter().chain(others).collect();
        (!names.is_empty()).then(|| names.join(" & "))
    }

    fn address_of_place(&self, row: &TaskRow) -> Option<String> {
        row.account.and_then(|account| self.community.listed_address(&AccountId(account)))
    }

    /// Returns what anybody may know of a session of the task `row`.
    pub(super) fn session_json(&self, id: &TaskId, session: &TaskSessionRow, row: &TaskRow) -> TaskSession {
        let taken = self.community.taken_places(id);
        TaskSession {
            id: id.to_hex(),
            task: TaskId(session.task).to_hex(),
            picture: row.picture.clone(),
            place: self.name_of_place(row),
            address: self.address_of_place(row),
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
        let is_meant = |row: &TaskRow| is_theirs(&place, row) || is_shown_to_carrier(&place, row);
        let tasks = self.community.tasks(is_meant);
        let tasks = tasks.iter().map(|(id, row)| self.place_task_json(&place, id, row));
        Ok(PlaceTasks { tasks: tasks.collect() })
    }

    pub(super) fn place_task_json(&self, place: &Place, id: &TaskId, row: &TaskRow) -> PlaceTask {
        let [responsible, insurer, policy] = row.insured.clone();
        let named = [("responsible", &responsible), ("insurer", &insurer), ("policy", &policy)];
        let missing = named.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| (*name).to_owned());
        let own = is_theirs(place, row);
        let mut sessions = self.community.task_sessions(id);
        // Whoever was asked and has not answered leads nothing there.
        sessions.retain(|_| own || row.is_carried_by(&place.organisation.0));
        PlaceTask {
            id: id.to_hex(),
            missing: missing.collect(),
            thanks: row.thanks.clone(),
            client_link: own.then(|| self.client_link(&row.client)),
            organisation: row.organisation.map(|organisation| OrganisationId(organisation).to_hex()),
            own,
            share: share_of(place, row),
            carriers: self.carriers_json(place, row),
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
                reason: row.reason,
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
            question: session.question.clone(),
            answers: told_answers(session, wall_clock().seconds()),
            by_hand: counted(session.answers[1]),
            answers_from: moment(answers_from(session)),
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
        let is_new = asked.state == TaskStateJson::Open
            && before.as_ref().is_none_or(|row| row.state != TaskState::Open);
        if is_new && self.open_tasks(&place) >= TASKS_PER_PLACE_MAX {
            let advice = "finish some first, or say that they are not feasible";
            return Err(Refused::TooMany { what: "open tasks", limit: TASKS_PER_PLACE_MAX, advice });
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
        Ok(self.place_task_json(&place, &id, &row))
    }

    fn open_tasks(&self, place: &Place) -> usize {
        let is_open =
            |row: &TaskRow| row.organisation == Some(place.organisation.0) && row.state == TaskState::Open;
        self.community.tasks(is_open).len()
    }

    /// Forgets a task of the visitor's place, or one that waits for any: with its sessions, also on the disk.
    ///
    /// # Errors
    /// `Unknown` for another's, and `Forbidden` for an open one, which people may have a place in.
    pub async fn forget_task(&self, visitor: &Visitor, id: &TaskId) -> Result<(), Refused> {
        let place = self.place_of(visitor)?;
        if self.task_for(&place, id)?.state == TaskState::Open {
            return Err(Refused::Forbidden { advice: "say first that it is done, or not feasible" });
        }
        self.must_record()?;
        Ok(self.community.forget_task(id).await?)
    }

    /// Forgets what a client said of a task of the visitor's place, also on the disk.
    ///
    /// # Errors
    /// `Unknown` for another's.
    pub async fn forget_thanks(&self, visitor: &Visitor, id: &TaskId) -> Result<(), Refused> {
        let place = self.place_of(visitor)?;
        let row = self.task_for(&place, id)?;
        self.must_record()?;
        if row.thanks.is_none() {
            return Ok(());
        }
        Ok(self.community.thank(id, None).await?)
    }

    /// Returns a task that the place may change: its own, or one that waits for any.
    pub(super) fn task_for(&self, place: &Place, id: &TaskId) -> Result<TaskRow, Refused> {
        self.community.task(id).filter(|row| is_theirs(place, row)).ok_or_else(unknown_task)
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

    /// Changes a session of the visitor's place. One that is over stays so: who said that they would come to it, said that
    /// of this day.
    ///
    /// # Errors
    /// As [`add_task_session`](Self::add_task_session), and `NotNow` for a later end of one that is over.
    pub async fn change_task_session(
        &self,
        visitor: &Visitor,
        id: &TaskId,
        asked: &EditTaskSession,
    ) -> Result<PlaceTaskSession, Refused> {
        let (_, before) = self.session_for(visitor, id)?;
        let session = session_of(asked, before.task, before.code)?;
        if before.ends_at() <= wall_clock().seconds() && before.ends_at() < session.ends_at() {
            return Err(Refused::NotNow { code: "session_over", advice: "make another one for another day" });
        }
        if before.answers[0] != [0, 0] && before.question != session.question {
            let expected = "somebody has answered: the question stays";
            return Err(
                FieldError::new("question", asked.question.clone().unwrap_or_default(), expected).into()
            );
        }
        self.must_record()?;
        self.community.set_task_session(*id, session).await?;
        self.place_session(visitor, id)
    }

    /// Returns a session as its own place sees it, and whoever carries it along.
    ///
    /// # Errors
    /// `Unknown` for everybody else.
    pub fn place_session(&self, visitor: &Visitor, id: &TaskId) -> Result<PlaceTaskSession, Refused> {
        let place = self.place_of(visitor)?;
        let session = self.community.task_session(id).ok_or_else(unknown_session)?;
        let row = self.community.task(&TaskId(session.task));
        let is_led = |row: &TaskRow| is_theirs(&place, row) || row.is_carried_by(&place.organisation.0);
        let row = row.filter(is_led).ok_or_else(unknown_session)?;
        Ok(self.place_session_json(id, &session, &row))
    }

    pub(super) fn session_for(
        &self,
        visitor: &Visitor,
        id: &TaskId,
    ) -> Result<(TaskRow, TaskSessionRow), Refused> {
        let place = self.place_of(visitor)?;
        let session = self.community.task_session(id).ok_or_else(unknown_session)?;
        let row = self.task_for(&place, &TaskId(session.task)).map_err(|_| unknown_session())?;
        Ok((row, session))
    }
}

/// Returns whether a place may change a task: its own, or one that waits for any.
fn is_theirs(place: &Place, row: &TaskRow) -> bool {
    match row.organisation {
        Some(organisation) => organisation == place.organisation.0,
        None => row.state == TaskState::Proposed,
    }
}

pub(super) fn blank_row() -> Result<TaskRow, getrandom::Error> {
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
        reason: None,
        thanks: None,
        client: random()?,
        changed_at: wall_clock().seconds(),
        carriers: Vec::new(),
    })
}

fn state_json(state: TaskState) -> TaskStateJson {
    match state {
        TaskState::Proposed => TaskStateJson::Proposed,
        TaskState::Open => TaskStateJson::Open,
        TaskState::NotFeasible(_) => TaskStateJson::NotFeasible,
        TaskState::Done => TaskStateJson::Done,
    }
}

fn random() -> Result<[u8; 16], getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Returns a moment as bodies write it.
pub(super) fn moment(seconds: u64) -> String {
    Timestamp::from_millis(seconds.saturating_mul(1_000)).map(|at| at.to_string()).unwrap_or_default()
}

pub(super) fn unknown_task() -> Refused {
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
}
