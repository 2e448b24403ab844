//! Who comes to a session and who is there, and the familiar faces of a place.

use super::asking::answers_from;
use super::tasks::unknown_session;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::directory::fault_of_name;
use crate::community::sessions::{Role, Visitor};
use crate::community::tasks::{FACES_MAX, TaskState};
use crate::community::{FaceRow, TaskRow, TaskSessionRow};
use klaver_api::text::FieldError;
use klaver_api::{AnswerQuestion, CheckIn, EditFace, Face, Faces, OwnSession};
use klaver_ledger::account::AccountKind;
use klaver_ledger::id::{AccountId, TaskId};
use klaver_ledger::link::CodeId;
use std::collections::HashMap;

/// How long before a session whoever is there may say so, in seconds.
const BEFORE_SECONDS: u64 = 2 * 3_600;
/// And how long after it: the evening.
pub(super) const AFTER_SECONDS: u64 = 12 * 3_600;

impl Service {
    /// Returns what a session is to the visitor's account.
    ///
    /// # Errors
    /// `Unknown`, and `Forbidden` for whoever cannot come.
    pub fn own_session(&self, visitor: &Visitor, id: &TaskId) -> Result<OwnSession, Refused> {
        let guest = self.guest(visitor)?;
        let (row, session) = self.session_to_join(id)?;
        let presence = self.community.presence(id, &guest);
        Ok(OwnSession {
            session: self.session_json(id, &session, &row),
            joined: presence.joined.is_some(),
            here: presence.here.is_some(),
            question: session.question.filter(|_| presence.here.is_some() && !presence.answered),
        })
    }

    /// Gives the visitor's account a place in a session.
    ///
    /// # Errors
    /// When it is full, over, or does not take place.
    pub async fn take_place(&self, visitor: &Visitor, id: &TaskId) -> Result<OwnSession, Refused> {
        let guest = self.guest(visitor)?;
        let (_, session) = self.session_to_join(id)?;
        let now = wall_clock().seconds();
        if session.cancelled || session.ends_at() <= now {
            return Err(Refused::NotNow { code: "session_over", advice: "look at the list for another one" });
        }
        self.must_record()?;
        if !self.community.take_place(id, &guest, now).await? {
            let advice = "come along and see, or look at the list for another one";
            return Err(Refused::NotNow { code: "session_full", advice });
        }
        self.own_session(visitor, id)
    }

    /// Takes the place of the visitor's account away again.
    ///
    /// # Errors
    /// `Unknown`.
    pub async fn leave_place(&self, visitor: &Visitor, id: &TaskId) -> Result<OwnSession, Refused> {
        let guest = self.guest(visitor)?;
        self.session_to_join(id)?;
        self.must_record()?;
        self.community.leave_place(id, &guest).await?;
        self.own_session(visitor, id)
    }

    /// Notes that the visitor is there, as the code shows.
    ///
    /// # Errors
    /// When the code is another one, or the session is not today.
    pub async fn check_in(
        &self,
        visitor: &Visitor,
        id: &TaskId,
        asked: &CheckIn,
    ) -> Result<OwnSession, Refused> {
        let guest = self.guest(visitor)?;
        let (_, session) = self.session_to_join(id)?;
        // Every code that is none is as wrong as another one.
        let is_right = CodeId::parse(&asked.code).is_ok_and(|code| {
            code.0.iter().zip(session.code).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
        });
        if !is_right {
            let advice = "scan the code that hangs at the place today";
            return Err(Refused::NotNow { code: "check_in_code", advice });
        }
        let now = wall_clock().seconds();
        let begins = session.starts_at.saturating_sub(BEFORE_SECONDS);
        if session.cancelled || now < begins || session.ends_at() + AFTER_SECONDS <= now {
            return Err(Refused::NotNow { code: "check_in_time", advice: "tell whoever leads the session" });
        }
        self.must_record()?;
        self.community.check_in(id, &guest, now).await?;
        self.own_session(visitor, id)
    }

    /// Counts what the visitor, who is there, answers to the question of a session; once, and what they say is only counted.
    ///
    /// # Errors
    /// When nothing was asked, they are not there, or it is over.
    pub async fn answer_question(
        &self,
        visitor: &Visitor,
        id: &TaskId,
        asked: AnswerQuestion,
    ) -> Result<OwnSession, Refused> {
        let guest = self.guest(visitor)?;
        let (_, session) = self.session_to_join(id)?;
        let is_there = self.community.presence(id, &guest).here.is_some();
        if !is_there {
            return Err(Refused::NotNow {
                code: "check_in_time",
                advice: "check in first, on the day itself",
            });
        }
        if session.question.is_none() || answers_from(&session) <= wall_clock().seconds() {
            return Err(Refused::NotNow { code: "question_closed", advice: "nothing needs to be answered" });
        }
        self.must_record()?;
        self.community.answer(id, &guest, asked.yes).await?;
        self.own_session(visitor, id)
    }

    /// Returns the account of whoever may come: a person's, by phone or card.
    fn guest(&self, visitor: &Visitor) -> Result<AccountId, Refused> {
        let advice = "open a session for the account of a person";
        let Role::Account(account) = visitor.role else { return Err(Refused::Forbidden { advice }) };
        let kind = self.reader.standing().account(&account).map(|found| found.kind());
        match kind {
            Some(AccountKind::Member | AccountKind::Card) => Ok(account),
            _ => Err(Refused::Forbidden { advice }),
        }
    }

    fn session_to_join(&self, id: &TaskId) -> Result<(TaskRow, TaskSessionRow), Refused> {
        let session = self.community.task_session(id).ok_or_else(unknown_session)?;
        let row = self.community.task(&TaskId(session.task));
        let row = row.filter(|row| matches!(row.state, TaskState::Open | TaskState::Done));
        Ok((row.ok_or_else(unknown_session)?, session))
    }

    /// Returns a session that anybody may know of.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn public_session(&self, id: &TaskId) -> Result<klaver_api::TaskSession, Refused> {
        let (row, session) = self.session_to_join(id)?;
        Ok(self.session_json(id, &session, &row))
    }

    /// Returns the familiar faces of the visitor's place.
    ///
    /// # Errors
    /// When the visitor acts for no place.
    pub fn faces(&self, visitor: &Visitor) -> Result<Faces, Refused> {
        let place = self.place_of(visitor)?;
        let cards: HashMap<[u8; 16], [u8; 16]> =
            self.community.papers().into_iter().map(|(id, row)| (row.account, id)).collect();
        let faces = self.community.faces(&place.organisation).into_iter().map(|(account, row)| Face {
            account: account.to_string(),
            name: row.name,
            picture: row.picture,
            card: cards.get(&account.0).map(|id| data_encoding::HEXLOWER.encode(id)),
        });
        Ok(Faces { faces: faces.collect() })
    }

    /// Keeps a face of the visitor's place, or forgets it.
    ///
    /// # Errors
    /// When the visitor acts for no place, the account is none that a place gives to, or there are too many.
    pub async fn set_face(
        &self,
        visitor: &Visitor,
        account: &AccountId,
        face: Option<&EditFace>,
    ) -> Result<(), Refused> {
        let place = self.place_of(visitor)?;
        let row = match face {
            None => None,
            Some(face) => {
                if self.reader.standing().account(account).is_none() {
                    let expected = "an account of this community belongs here: ask for it again";
                    return Err(FieldError::new("id", account, expected).into());
                }
                Some(face_of(face)?)
            }
        };
        self.must_record()?;
        if self.community.set_face(&place.organisation, account, row).await? {
            return Ok(());
        }
        let advice = "forget those that do not come any more";
        Err(Refused::TooMany { what: "faces", limit: FACES_MAX, advice })
    }
}

fn face_of(face: &EditFace) -> Result<FaceRow, FieldError> {
    let is_name = |text: &str| fault_of_name(text).is_none();
    let picture = face.picture.clone().filter(|picture| !picture.is_empty());
    if picture.as_deref().is_some_and(|picture| !is_name(picture)) {
        return Err(FieldError::new(
            "picture",
            picture.unwrap_or_default(),
            "the name of a picture belongs here",
        ));
    }
    if let Some(fault) = fault_of_name(&face.name).filter(|_| !face.name.is_empty() || picture.is_none()) {
        return Err(FieldError::new("name", &face.name, fault));
    }
    Ok(FaceRow { name: face.name.clone(), picture, added_at: wall_clock().seconds() })
}
