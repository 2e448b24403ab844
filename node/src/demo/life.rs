//! What goes on at the doe-plekken and in the shops of the demonstration beside its ledger: tasks from the first word
//! to the thanks, who comes, familiar faces, and what stands ready for whoever has nothing.

use super::Town;
use super::cast::{Holder, Place};
use crate::community::keep::KeepError;
use crate::community::pots::PotOwner;
use crate::community::tasks::{CarrierRow, TaskState};
use crate::community::{Community, FaceRow, HeartyRow, TaskRow, TaskSessionRow};
use klaver_api::{Companion, WhyNotJson};
use klaver_ledger::id::TaskId;
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::time::Day;

/// How many of those who come are kept as faces of a place.
const FACES: usize = 12;
/// How many coffees were given in euro and stand ready.
const TALLY: u64 = 6;

/// Keeps it as it is when the history ends, at the beginning of `until`. An interrupted history is played once more:
/// the same ids, the same rows.
pub(super) async fn keep(community: &Community, town: &Town, until: Day) -> Result<(), KeepError> {
    let life = Life { community, midnight: until.0 * DAY_SECONDS };
    let cast = &town.cast;
    for (place, members) in cast.places.iter().zip(cast.members.chunks(FACES)) {
        life.know(place, members).await?;
    }
    life.done(&cast.places[0], &cast.members).await?;
    life.coming(&cast.places, &cast.members).await?;
    life.answered(&cast.places[1]).await?;
    let cafe = PotOwner::Merchant(cast.merchants[1].shop.account.0);
    for (id, _) in community.pots(|row| row.owner == cafe) {
        community.change_pot(&id, |row| row.tally = TALLY).await?;
    }
    life.warm_hearted().await
}

struct Life<'c> {
    community: &'c Community,
    /// When the history ends, in seconds since 1970 UTC.
    midnight: u64,
}

impl Life<'_> {
    /// The people whom a place knows by their faces, and who goes along the first time.
    async fn know(&self, place: &Place, members: &[Holder]) -> Result<(), KeepError> {
        for (i, member) in (0..).zip(members) {
            let face = FaceRow { name: member.name.to_owned(), picture: None, added_at: self.midnight + i };
            self.community.set_face(&place.organisation, &member.account, Some(face)).await?;
        }
        let how = format!("In {}, op dinsdag en vrijdag vanaf 14 uur", place.name);
        let companion = Companion { name: place.stand_in.name.to_owned(), how };
        self.community.set_companions(place.organisation.0, vec![companion]).await
    }

    /// A task that was done yesterday: who was there, what they answered, and what the client says.
    async fn done(&self, place: &Place, members: &[Holder]) -> Result<(), KeepError> {
        let letters = TaskRow {
            state: TaskState::Done,
            progress: 100,
            thanks: Some("Alle brieven zijn weg, een dag te vroeg. Dank jullie wel!".to_owned()),
            ..self.task(
                place,
                "letters",
                ["het toneelgezelschap", "5000 brieven", "Toneel Het Doek"],
                b"lett",
            )
        };
        let id = self.bring(b"lett", letters).await?;
        let session = TaskSessionRow {
            starts_at: self.midnight - DAY_SECONDS + 13 * 3_600,
            question: Some("Kom je nog eens?".to_owned()),
            ..self.session(id, b"l-se")
        };
        let session = self.plan(b"l-se", session).await?;
        for (i, member) in (0..).zip(&members[..9]) {
            self.community.check_in(&session, &member.account, self.midnight - 39_600 + 60 * i).await?;
            self.community.answer(&session, &member.account, i != 4).await?;
        }
        self.community.count_by_hand(&session, [2, 0]).await
    }

    /// Two tasks that people can join: one that two organisations carry, with people who said that they come.
    async fn coming(&self, places: &[Place], members: &[Holder]) -> Result<(), KeepError> {
        let [own, other] = [&places[0], &places[1]];
        let garden = TaskRow {
            progress: 40,
            carriers: vec![CarrierRow {
                organisation: other.organisation.0,
                account: Some(other.budgets[0].account.0),
                share: 50,
                insured: insured(other),
            }],
            ..self.task(own, "garden", ["de buurtmoestuin", "tien bakken", "Groene Vingers"], b"gard")
        };
        let id = self.bring(b"gard", garden).await?;
        for (day, name) in [(2, b"g-s1"), (9, b"g-s2")] {
            let starts_at = self.midnight + day * DAY_SECONDS + 12 * 3_600;
            let session = self.plan(name, TaskSessionRow { starts_at, ..self.session(id, name) }).await?;
            for member in &members[..5] {
                self.community.take_place(&session, &member.account, self.midnight).await?;
            }
        }
        let soup = self.task(other, "cooking", ["de soepavond", "60 kommen", "Buurthuis De Brug"], b"soup");
        let id = self.bring(b"soup", soup).await?;
        let starts_at = self.midnight + 4 * DAY_SECONDS + 14 * 3_600;
        self.plan(b"s-se", TaskSessionRow { starts_at, places: 6, ..self.session(id, b"s-se") }).await?;
        Ok(())
    }

    /// A task that is not feasible yet, with the reason; and one that waits for an answer of any place.
    async fn answered(&self, place: &Place) -> Result<(), KeepError> {
        let state = TaskState::NotFeasible(WhyNotJson::PaidWork);
        let painting = self.task(place, "painting", ["het gemeentehuis", "twee zalen", "de stad"], b"pain");
        self.bring(b"pain", TaskRow { state, ..painting }).await?;
        let bikes =
            self.task(place, "bikes", ["de fietsschool", "acht fietsen", "Fietsschool Op Weg"], b"bike");
        let (organisation, account) = (None, None);
        let insured = [const { None }; 3];
        self.bring(b"bike", TaskRow { state: TaskState::Proposed, organisation, account, insured, ..bikes })
            .await
            .map(drop)
    }

    /// A shop without account that offers small free services and has something ready for whoever comes.
    async fn warm_hearted(&self) -> Result<(), KeepError> {
        let id = name(b"hear");
        let row = HeartyRow {
            name: "Wassalon Zeepbel".to_owned(),
            address: Some("Kaai 4, Klavergem".to_owned()),
            position: None,
            services: ["charging", "toilet", "water"].map(str::to_owned).into(),
            listed: true,
            paused: false,
            code: id,
            since: self.midnight - 30 * DAY_SECONDS,
        };
        self.community.set_hearty(id, Some(row)).await
    }

    /// An open task of a place, with its picture: for whom, how many, and who brings it.
    fn task(&self, place: &Place, picture: &str, words: [&str; 3], own: &[u8; 4]) -> TaskRow {
        let [for_whom, how_many, brought_by] = words.map(str::to_owned);
        TaskRow {
            organisation: Some(place.organisation.0),
            account: Some(place.budgets[0].account.0),
            state: TaskState::Open,
            picture: picture.to_owned(),
            for_whom,
            how_many,
            reason: None,
            ready_by: None,
            brought_by,
            has_names: false,
            replaces_nobody: true,
            posture: [true, true, false],
            insured: insured(place),
            progress: 0,
            thanks: None,
            client: name(own),
            changed_at: self.midnight,
            carriers: Vec::new(),
        }
    }

    fn session(&self, task: TaskId, own: &[u8; 4]) -> TaskSessionRow {
        TaskSessionRow {
            task: task.0,
            starts_at: self.midnight,
            minutes: 150,
            places: 12,
            difficulty: 1,
            approval: Some("VDAB 2026/118".to_owned()),
            cancelled: false,
            code: name(own),
            question: None,
            answers: [[0; 2]; 2],
        }
    }

    async fn bring(&self, own: &[u8; 4], row: TaskRow) -> Result<TaskId, KeepError> {
        let id = TaskId(name(own));
        self.community.set_task(id, row).await.map(|()| id)
    }

    async fn plan(&self, own: &[u8; 4], row: TaskSessionRow) -> Result<TaskId, KeepError> {
        let id = TaskId(name(own));
        self.community.set_task_session(id, row).await.map(|()| id)
    }
}

/// The organisation that answers for what a place does: insurer and policy are invented.
fn insured(place: &Place) -> [Option<String>; 3] {
    [format!("{} vzw", place.name), "Verzekeraar De Paraplu".to_owned(), "45.219.874".to_owned()].map(Some)
}

/// An id, or what a private link holds: a demonstration hides nothing.
fn name(own: &[u8; 4]) -> [u8; 16] {
    let mut id = *b"klaver-demo/....";
    id[12..].copy_from_slice(own);
    id
}
