//! What whoever was there is asked, once, by yes or no: counted, never kept with a person, and told when nobody can answer
//! any more, so that no answer stands out as the newest one.

use super::few::PEOPLE_MIN;
use super::presence::AFTER_SECONDS;
use super::{Refused, Service};
use crate::community::TaskSessionRow;
use crate::community::sessions::Visitor;
use klaver_api::text::FieldError;
use klaver_api::{Answers, PlaceTaskSession};
use klaver_ledger::id::TaskId;

/// Fewest people on either side: whoever knows that all said the same knows what each said.
const SIDE_MIN: u16 = 2;
/// Most answers that a place counts by hand.
const BY_HAND_MAX: u16 = 500;

/// Returns from when on answers are told, in seconds since 1970 UTC: when nobody can check in any more.
pub(super) fn answers_from(session: &TaskSessionRow) -> u64 {
    session.ends_at() + AFTER_SECONDS
}

pub(super) fn counted([yes, no]: [u16; 2]) -> Answers {
    Answers { yes, no }
}

/// Returns what was answered, as its place may know at `now`. What people said on their own phones is told of ten and more,
/// who did not all say the same: the place knows what it counted by hand, and would see the rest by taking that off.
pub(super) fn told_answers(session: &TaskSessionRow, now: u64) -> Option<Answers> {
    let [by_phone, by_hand] = session.answers;
    let sum = |[yes, no]: [u16; 2]| u64::from(yes) + u64::from(no);
    let is_told_of = PEOPLE_MIN <= sum(by_phone) && by_phone.iter().all(|side| SIDE_MIN <= *side);
    let gives_away = sum(by_phone) > 0 && !is_told_of;
    let both = [by_phone[0].saturating_add(by_hand[0]), by_phone[1].saturating_add(by_hand[1])];
    let is_over = session.question.is_some() && answers_from(session) <= now;
    let is_told = is_over && !gives_away && PEOPLE_MIN <= sum(both);
    is_told.then(|| counted(both))
}

impl Service {
    /// Counts what people without a phone answered, as the place of the session or one that carries it along.
    ///
    /// # Errors
    /// `Unknown` for everybody else, and more than can have been there.
    pub async fn count_by_hand(
        &self,
        visitor: &Visitor,
        id: &TaskId,
        asked: Answers,
    ) -> Result<PlaceTaskSession, Refused> {
        self.place_session(visitor, id)?;
        for (field, number) in [("yes", asked.yes), ("no", asked.no)] {
            if number > BY_HAND_MAX {
                let expected = format!("a number of at most {BY_HAND_MAX} belongs here");
                return Err(FieldError::new(field, number, expected).into());
            }
        }
        self.must_record()?;
        self.community.count_by_hand(id, [asked.yes, asked.no]).await?;
        self.place_session(visitor, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_of_ten_and_more_when_nobody_can_answer_any_more() {
        let session = |by_phone, by_hand| TaskSessionRow {
            task: [1; 16],
            starts_at: 1_000,
            minutes: 60,
            places: 20,
            difficulty: 1,
            approval: None,
            cancelled: false,
            code: [2; 16],
            question: Some("Leerde je iemand kennen?".to_owned()),
            answers: [by_phone, by_hand],
        };
        let over = answers_from(&session([0, 0], [0, 0]));
        assert_eq!(over, 1_000 + 3_600 + AFTER_SECONDS);
        let told = |by_phone, by_hand, at| told_answers(&session(by_phone, by_hand), at);
        assert_eq!(told([7, 3], [1, 0], over), Some(Answers { yes: 8, no: 3 }));
        assert_eq!(told([7, 3], [1, 0], over - 1), None, "somebody could still answer");
        assert_eq!(told([7, 2], [0, 0], over), None);
        // Nine beside thirty that the place counted itself would be known by taking these off.
        assert_eq!(told([7, 2], [20, 10], over), None);
        assert_eq!(told([0, 0], [20, 10], over), Some(Answers { yes: 20, no: 10 }));
        // Ten who all said yes are ten whose answers are known, also beside what was counted by hand.
        assert_eq!(told([10, 0], [0, 0], over), None);
        assert_eq!(told([0, 10], [5, 5], over), None);
        assert_eq!(told([9, 1], [0, 5], over), None);
        assert_eq!(told([8, 2], [0, 0], over), Some(Answers { yes: 8, no: 2 }));
        let unasked = TaskSessionRow { question: None, ..session([7, 3], [0, 0]) };
        assert_eq!(told_answers(&unasked, over), None);
    }
}
