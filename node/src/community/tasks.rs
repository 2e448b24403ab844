//! Tasks of doe-plekken and their sessions: what is done, for whom, and when. Never in the ledger.

use super::keep::{KeepError, on_disk};
use super::{Community, Table, key, to_json};
use klaver_api::{TaskReason, WhyNotJson};
use klaver_ledger::id::{AccountId, OrganisationId, TaskId};
use klaver_ledger::limits::DAY_SECONDS;
use serde::{Deserialize, Serialize};

/// How long a task or session is kept after it ended or was last changed, in seconds: a year.
pub const KEPT_SECONDS: u64 = 365 * DAY_SECONDS;
/// How long a task waits for an answer, in seconds: three months.
pub const PROPOSED_SECONDS: u64 = 90 * DAY_SECONDS;

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// A client brought it; no place has answered.
    Proposed,
    /// A place does it.
    Open,
    /// Not feasible yet, for this reason.
    NotFeasible(WhyNotJson),
    /// It is done.
    Done,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRow {
    /// The organisation whose place answers for it; `None` as long as any place may take it.
    pub organisation: Option<[u8; 16]>,
    /// The account whose name people read.
    pub account: Option<[u8; 16]>,
    /// How it stands.
    pub state: TaskState,
    /// What is done, as one of the pictures.
    pub picture: String,
    /// For whom.
    pub for_whom: String,
    /// How many.
    pub how_many: String,
    /// By which day, as `2026-11-28`.
    pub ready_by: Option<String>,
    /// Who brings it.
    pub brought_by: String,
    /// Whether names or addresses are in it.
    pub has_names: bool,
    /// Whether the place said that nobody's paid work is replaced.
    pub replaces_nobody: bool,
    /// Whether people sit, stand, lift.
    pub posture: [bool; 3],
    /// The non-profit organisation that answers for it, its insurer and the number of its policy.
    pub insured: [Option<String>; 3],
    /// How far it is, in hundredths.
    pub progress: u8,
    /// Why people receive credits for it, where that is not what is usual at the place.
    #[serde(default)]
    pub reason: Option<TaskReason>,
    /// What the client says when it is done.
    pub thanks: Option<String>,
    /// The secret of the client's own page.
    pub client: [u8; 16],
    /// When it was last changed, in seconds since 1970 UTC.
    pub changed_at: u64,
    /// Other organisations that carry it along, or were asked to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carriers: Vec<CarrierRow>,
}

/// An organisation that carries a task along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierRow {
    /// The organisation.
    pub organisation: [u8; 16],
    /// The account whose name people read, once it said yes.
    pub account: Option<[u8; 16]>,
    /// What it gives of what is usual there, in hundredths.
    pub share: u8,
    /// The non-profit organisation that answers for its people, its insurer and the number of its policy.
    pub insured: [Option<String>; 3],
}

impl CarrierRow {
    /// Returns whether it said yes.
    pub fn agreed(&self) -> bool {
        self.account.is_some()
    }
}

/// A session of a task: when, how long, for how many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSessionRow {
    /// The task.
    pub task: [u8; 16],
    /// When it begins, in seconds since 1970 UTC.
    pub starts_at: u64,
    /// How long it lasts.
    pub minutes: u16,
    /// For how many people.
    pub places: u16,
    /// How difficult it is: 1 to 3.
    pub difficulty: u8,
    /// The reference of whoever approved the task for people with a benefit.
    pub approval: Option<String>,
    /// Whether it does not take place.
    pub cancelled: bool,
    /// What only those who are there can read.
    pub code: [u8; 16],
    /// What whoever was there is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// How often it was answered, by phone and as the place counted by hand: yes and no.
    #[serde(default)]
    pub answers: [[u16; 2]; 2],
}

impl TaskRow {
    /// Returns the organisation among those that carry it along, or were asked to.
    pub fn carrier(&self, organisation: &[u8; 16]) -> Option<&CarrierRow> {
        self.carriers.iter().find(|one| one.organisation == *organisation)
    }

    /// Returns whether an organisation answers for it, or said that it carries it along.
    pub fn is_carried_by(&self, organisation: &[u8; 16]) -> bool {
        let agreed = self.carrier(organisation).is_some_and(CarrierRow::agreed);
        agreed || self.organisation == Some(*organisation)
    }

    /// Returns how long it is kept after it was last changed, in seconds.
    pub fn kept_seconds(&self) -> u64 {
        if self.state == TaskState::Proposed { PROPOSED_SECONDS } else { KEPT_SECONDS }
    }
}

impl TaskSessionRow {
    /// Returns when it ends, in seconds since 1970 UTC.
    pub fn ends_at(&self) -> u64 {
        self.starts_at.saturating_add(u64::from(self.minutes) * 60)
    }
}

impl Community {
    /// Keeps a task as it is now.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_task(&self, id: TaskId, row: TaskRow) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let written = self.put(Table::Task, &id.0, &row);
            state.tasks.insert(id.0, row);
            written
        };
        on_disk(written).await
    }

    /// Notes what a client says of their task in the place of what they said before, or with `None` forgets it.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn thank(&self, id: &TaskId, words: Option<String>) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let Some(row) = state.tasks.get_mut(&id.0) else { return Ok(()) };
            row.thanks = words;
            self.keep.rewrite(key(Table::Task, &id.0), to_json(row))
        };
        on_disk(written).await
    }

    /// Forgets a task with its sessions and who came, also on the disk.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn forget_task(&self, id: &TaskId) -> Result<(), KeepError> {
        let written = {
            let state = &mut *self.state();
            if state.tasks.remove(&id.0).is_none() {
                return Ok(());
            }
            let mut gone = vec![key(Table::Task, &id.0)];
            let of_task = |row: &TaskSessionRow| row.task == id.0;
            state.presences.retain(|(session, account), _| {
                let is_of_task = state.task_sessions.get(session).is_some_and(of_task);
                if is_of_task {
                    gone.push(key(Table::Presence, &pair(session, account)));
                }
                !is_of_task
            });
            state.task_sessions.retain(|session, row| {
                if of_task(row) {
                    gone.push(key(Table::TaskSession, session));
                }
                !of_task(row)
            });
            self.keep.erase(gone)
        };
        on_disk(written).await
    }

    /// Returns a task.
    pub fn task(&self, id: &TaskId) -> Option<TaskRow> {
        self.state().tasks.get(&id.0).cloned()
    }

    /// Returns the task whose client has this secret.
    pub fn task_of_client(&self, client: &[u8; 16]) -> Option<(TaskId, TaskRow)> {
        let state = self.state();
        let found = state.tasks.iter().find(|(_, row)| row.client == *client);
        found.map(|(id, row)| (TaskId(*id), row.clone()))
    }

    /// Returns the tasks that `is_meant` says yes to, the newest first.
    pub fn tasks(&self, is_meant: impl Fn(&TaskRow) -> bool) -> Vec<(TaskId, TaskRow)> {
        let state = self.state();
        let some = state.tasks.iter().filter(|(_, row)| is_meant(row));
        let mut found: Vec<_> = some.map(|(id, row)| (TaskId(*id), row.clone())).collect();
        found.sort_by_key(|(id, row)| (u64::MAX - row.changed_at, *id));
        found
    }

    /// Keeps a session as it is now; what was answered meanwhile stays counted.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_task_session(&self, id: TaskId, mut row: TaskSessionRow) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            if let Some(known) = state.task_sessions.get(&id.0) {
                row.answers = known.answers;
            }
            let written = self.put(Table::TaskSession, &id.0, &row);
            state.task_sessions.insert(id.0, row);
            written
        };
        on_disk(written).await
    }

    /// Counts what the place was told by hand, in the place of what it counted before.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn count_by_hand(&self, id: &TaskId, counted: [u16; 2]) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let Some(row) = state.task_sessions.get_mut(&id.0) else { return Ok(()) };
            row.answers[1] = counted;
            self.put(Table::TaskSession, &id.0, &row.clone())
        };
        on_disk(written).await
    }

    /// Returns a session.
    pub fn task_session(&self, id: &TaskId) -> Option<TaskSessionRow> {
        self.state().task_sessions.get(&id.0).cloned()
    }

    /// Returns the sessions of a task, the first one first.
    pub fn task_sessions(&self, task: &TaskId) -> Vec<(TaskId, TaskSessionRow)> {
        self.sessions_of_tasks(|row| row.task == task.0)
    }

    /// Returns the sessions that `is_meant` says yes to, of whatever task; the first in time first.
    pub fn sessions_of_tasks(
        &self,
        is_meant: impl Fn(&TaskSessionRow) -> bool,
    ) -> Vec<(TaskId, TaskSessionRow)> {
        let state = self.state();
        let some = state.task_sessions.iter().filter(|(_, row)| is_meant(row));
        let mut found: Vec<_> = some.map(|(id, row)| (TaskId(*id), row.clone())).collect();
        found.sort_by_key(|(id, row)| (row.starts_at, *id));
        found
    }
}

/// A familiar face of a place: what an account is called there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaceRow {
    /// The nickname; may be empty when there is a picture.
    pub name: String,
    /// The picture.
    pub picture: Option<String>,
    /// When it was added, in seconds since 1970 UTC.
    pub added_at: u64,
}

/// Most faces of one place.
pub const FACES_MAX: usize = 1_000;

impl Community {
    /// Keeps a face of a place, or forgets it, also on the disk; returns whether there was room.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_face(
        &self,
        place: &OrganisationId,
        account: &AccountId,
        face: Option<FaceRow>,
    ) -> Result<bool, KeepError> {
        let written = {
            let mut state = self.state();
            let id = (place.0, account.0);
            let on_disk = pair(&place.0, &account.0);
            match face {
                Some(mut row) => {
                    let before = state.faces.get(&id).map(|before| before.added_at);
                    let count = state.faces.keys().filter(|(one, _)| *one == place.0).count();
                    if before.is_none() && count >= FACES_MAX {
                        return Ok(false);
                    }
                    row.added_at = before.unwrap_or(row.added_at);
                    let written = self.put(Table::Face, &on_disk, &row);
                    state.faces.insert(id, row);
                    written
                }
                None if state.faces.remove(&id).is_none() => return Ok(true),
                None => self.keep.erase(vec![key(Table::Face, &on_disk)]),
            }
        };
        on_disk(written).await.map(|()| true)
    }

    /// Returns the faces of a place, as they were added.
    pub fn faces(&self, place: &OrganisationId) -> Vec<(AccountId, FaceRow)> {
        let state = self.state();
        let some = state.faces.iter().filter(|((one, _), _)| *one == place.0);
        let mut found: Vec<_> = some.map(|((_, account), row)| (AccountId(*account), row.clone())).collect();
        found.sort_by_key(|(account, row)| (row.added_at, *account));
        found
    }
}

/// Returns the key of something that stands between two.
pub(super) fn pair(one: &[u8; 16], other: &[u8; 16]) -> Vec<u8> {
    [one.as_slice(), other.as_slice()].concat()
}
