//! Who comes to a session, and who is there: erased when the community's time for it is over, also on the disk.

use super::keep::{KeepError, on_disk};
use super::tasks::{KEPT_SECONDS, pair};
use super::{Community, Table, key, to_json};
use klaver_ledger::id::{AccountId, TaskId};
use serde::{Deserialize, Serialize};

/// What is known of somebody and a session; times in seconds since 1970 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceRow {
    /// When they said that they would come.
    pub joined: Option<u64>,
    /// When they said that they were there.
    pub here: Option<u64>,
    /// Whether they answered what was asked there; what they said is only counted.
    #[serde(default)]
    pub answered: bool,
}

impl PresenceRow {
    /// Returns when the days begin for which it is kept: with the end of the session, at `ends_at`. Who was there is not
    /// kept for longer when the session is moved afterwards.
    fn kept_from(&self, ends_at: u64) -> u64 {
        self.here.map_or(ends_at, |here| here.min(ends_at))
    }
}

impl Community {
    /// Returns what is known of somebody and a session.
    pub fn presence(&self, session: &TaskId, account: &AccountId) -> PresenceRow {
        self.state().presences.get(&(session.0, account.0)).copied().unwrap_or_default()
    }

    /// Returns everybody who comes or is there, in the order in which they said so.
    pub fn presences(&self, session: &TaskId) -> Vec<(AccountId, PresenceRow)> {
        let state = self.state();
        let some = state.presences.iter().filter(|((one, _), _)| *one == session.0);
        let mut found: Vec<_> = some.map(|((_, account), row)| (AccountId(*account), *row)).collect();
        found.sort_by_key(|(account, row)| (row.here.or(row.joined), *account));
        found
    }

    /// Returns how many have a place in a session: who said that they come, and who is there.
    pub fn taken_places(&self, session: &TaskId) -> usize {
        self.state().presences.keys().filter(|(one, _)| *one == session.0).count()
    }

    /// Notes that somebody comes; returns whether there was a place.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn take_place(
        &self,
        session: &TaskId,
        account: &AccountId,
        now_seconds: u64,
    ) -> Result<bool, KeepError> {
        let written = {
            let mut state = self.state();
            let id = (session.0, account.0);
            let taken = state.presences.keys().filter(|(one, _)| *one == session.0).count();
            let places = state.task_sessions.get(&session.0).map_or(0, |row| usize::from(row.places));
            if !state.presences.contains_key(&id) && taken >= places {
                return Ok(false);
            }
            let row = state.presences.entry(id).or_default();
            row.joined.get_or_insert(now_seconds);
            let row = *row;
            self.put(Table::Presence, &pair(&session.0, &account.0), &row)
        };
        on_disk(written).await.map(|()| true)
    }

    /// Forgets that somebody comes, also on the disk; who is there already stays.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn leave_place(&self, session: &TaskId, account: &AccountId) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let id = (session.0, account.0);
            match state.presences.get_mut(&id) {
                Some(row) if row.here.is_some() => {
                    row.joined = None;
                    let row = *row;
                    self.put(Table::Presence, &pair(&session.0, &account.0), &row)
                }
                None => return Ok(()),
                Some(_) => {
                    state.presences.remove(&id);
                    self.keep.erase(vec![key(Table::Presence, &pair(&session.0, &account.0))])
                }
            }
        };
        on_disk(written).await
    }

    /// Notes that somebody is there. Saying it again changes nothing.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn check_in(
        &self,
        session: &TaskId,
        account: &AccountId,
        now_seconds: u64,
    ) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let row = state.presences.entry((session.0, account.0)).or_default();
            row.here.get_or_insert(now_seconds);
            let row = *row;
            self.put(Table::Presence, &pair(&session.0, &account.0), &row)
        };
        on_disk(written).await
    }

    /// Counts the answer of somebody who is there, once; what they said is kept nowhere.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn answer(&self, session: &TaskId, account: &AccountId, yes: bool) -> Result<(), KeepError> {
        let written = {
            let state = &mut *self.state();
            let presence = state.presences.get_mut(&(session.0, account.0));
            let counted = state.task_sessions.get_mut(&session.0);
            let (Some(presence), Some(counted)) = (presence.filter(|row| !row.answered), counted) else {
                return Ok(());
            };
            presence.answered = true;
            let answer = &mut counted.answers[0][usize::from(!yes)];
            *answer = answer.saturating_add(1);
            self.keep.write(vec![
                (key(Table::Presence, &pair(&session.0, &account.0)), Some(to_json(presence))),
                (key(Table::TaskSession, &session.0), Some(to_json(counted))),
            ])
        };
        on_disk(written).await
    }

    /// Erases who came, once `kept_seconds` have passed since they were there, or since the end of the session that they
    /// said they would come to; sessions and tasks after a year, tasks that nobody answered sooner. What is erased leaves
    /// the disk too.
    pub fn erase_presence(&self, now_seconds: u64, kept_seconds: u64) {
        let mut gone = Vec::new();
        {
            let state = &mut *self.state();
            let sessions = &state.task_sessions;
            state.presences.retain(|(session, account), presence| {
                let ends_at = sessions.get(session).map(|session| presence.kept_from(session.ends_at()));
                let is_kept = ends_at.is_some_and(|ends_at| now_seconds < ends_at + kept_seconds);
                if !is_kept {
                    gone.push(key(Table::Presence, &pair(session, account)));
                }
                is_kept
            });
            state.task_sessions.retain(|id, row| {
                let is_kept = now_seconds < row.ends_at() + KEPT_SECONDS;
                if !is_kept {
                    gone.push(key(Table::TaskSession, id));
                }
                is_kept
            });
            let sessions = &state.task_sessions;
            state.tasks.retain(|id, row| {
                let is_kept = now_seconds < row.changed_at + row.kept_seconds()
                    || sessions.values().any(|session| session.task == *id);
                if !is_kept {
                    gone.push(key(Table::Task, id));
                }
                is_kept
            });
        }
        if !gone.is_empty() {
            // Nobody waits for this; what a crash keeps is erased at the next sweep.
            drop(self.keep.erase(gone));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::keep::tests::holds;
    use crate::community::tasks::TaskSessionRow;
    use klaver_ledger::id::{LedgerId, OrganisationId};
    use std::time::{Duration, Instant};
    use tempfile::TempDir;

    const LEDGER: LedgerId = LedgerId([1; 32]);
    const SESSION: TaskId = TaskId([3; 16]);
    const AN: AccountId = AccountId(*b"an-was-here-once");

    fn session(starts_at: u64, places: u16) -> TaskSessionRow {
        TaskSessionRow {
            task: [2; 16],
            starts_at,
            minutes: 60,
            places,
            difficulty: 1,
            approval: None,
            cancelled: false,
            code: [4; 16],
            question: None,
            answers: [[0; 2]; 2],
        }
    }

    fn is_on_disk(root: &TempDir, bytes: &[u8]) -> bool {
        holds(root.path(), bytes)
    }

    /// Waits until these bytes stand nowhere below `root`.
    async fn leaves_the_disk(root: &TempDir, bytes: &[u8]) {
        let waited = Instant::now();
        while is_on_disk(root, bytes) {
            assert!(waited.elapsed() < Duration::from_secs(20), "what was erased still stands on the disk");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_was_there_leaves_the_disk_when_its_time_is_over() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        community.set_task_session(SESSION, session(1_000, 5)).await.unwrap();
        community.check_in(&SESSION, &AN, 1_100).await.unwrap();
        community.check_in(&SESSION, &AN, 1_200).await.unwrap();
        assert_eq!(community.presence(&SESSION, &AN).here, Some(1_100), "the first time counts");
        let ben = AccountId([7; 16]);
        assert!(community.take_place(&SESSION, &ben, 900).await.unwrap());
        // The session is moved to another day: who was there was there on this one.
        community.set_task_session(SESSION, session(100_000, 5)).await.unwrap();
        let end = 100_000 + 3_600;
        community.erase_presence(1_199, 100);
        assert_eq!(community.taken_places(&SESSION), 2);
        assert!(is_on_disk(&root, &AN.0));
        community.erase_presence(1_200, 100);
        assert_eq!(
            community.presences(&SESSION).iter().map(|(account, _)| *account).collect::<Vec<_>>(),
            [ben]
        );
        leaves_the_disk(&root, &AN.0).await;
        // Whoever only said that they come has their place until it is over.
        community.erase_presence(end + 99, 100);
        assert_eq!(community.taken_places(&SESSION), 1);
        community.erase_presence(end + 100, 100);
        assert_eq!(community.taken_places(&SESSION), 0);
        leaves_the_disk(&root, &ben.0).await;
        drop(community);
        let community = Community::open(root.path(), &LEDGER).unwrap();
        assert_eq!(community.presence(&SESSION, &AN), PresenceRow::default());
        assert!(community.task_session(&SESSION).is_some(), "the session without people is kept a year");
        community.erase_presence(end + KEPT_SECONDS, 100);
        assert_eq!(community.task_session(&SESSION), None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_face_that_is_forgotten_leaves_the_disk() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        let place = OrganisationId([9; 16]);
        let face = crate::community::tasks::FaceRow {
            name: "Aïcha van hier".to_owned(),
            picture: None,
            added_at: 1,
        };
        assert!(community.set_face(&place, &AN, Some(face)).await.unwrap());
        assert!(is_on_disk(&root, "Aïcha van hier".as_bytes()));
        assert!(community.faces(&OrganisationId([8; 16])).is_empty(), "not another place's");
        assert!(community.set_face(&place, &AN, None).await.unwrap());
        leaves_the_disk(&root, "Aïcha van hier".as_bytes()).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_not_there_is_not_erased() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        community.set_task_session(SESSION, session(1_000, 1)).await.unwrap();
        community.leave_place(&SESSION, &AN).await.unwrap();
        assert!(community.set_face(&OrganisationId([9; 16]), &AN, None).await.unwrap());
        // An erasure would have been off the disk by now: whoever asks for nothing makes the node write nothing.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert!(root.path().join("community-1").exists());
        assert!(community.take_place(&SESSION, &AN, 10).await.unwrap());
        community.leave_place(&SESSION, &AN).await.unwrap();
        leaves_the_disk(&root, &AN.0).await;
        assert!(!root.path().join("community-1").exists());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_session_has_no_place_until_somebody_leaves() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        community.set_task_session(SESSION, session(1_000, 1)).await.unwrap();
        let ben = AccountId([7; 16]);
        assert!(community.take_place(&SESSION, &AN, 10).await.unwrap());
        assert!(community.take_place(&SESSION, &AN, 11).await.unwrap(), "their own place");
        assert!(!community.take_place(&SESSION, &ben, 12).await.unwrap());
        community.leave_place(&SESSION, &AN).await.unwrap();
        assert!(community.take_place(&SESSION, &ben, 13).await.unwrap());
        // Whoever comes without having said so is welcome.
        community.check_in(&SESSION, &AN, 1_000).await.unwrap();
        assert_eq!(community.taken_places(&SESSION), 2);
        community.leave_place(&SESSION, &AN).await.unwrap();
        assert_eq!(community.presence(&SESSION, &AN).here, Some(1_000), "who was there stays");
    }
}
