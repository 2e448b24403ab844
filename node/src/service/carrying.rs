//! Several organisations that carry one task: each gives its own share of what is usual from its own budget, by its own
//! signature, and answers for its own people. Everybody who is there receives from each: nobody sees who came with whom.

use super::tasks::{Place, lines_of, unknown_task};
use super::wrong::id_of;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::TaskRow;
use crate::community::sessions::Visitor;
use crate::community::tasks::{CarrierRow, TaskState};
use klaver_api::text::FieldError;
use klaver_api::{EditCarrier, PlaceTask, TaskCarrier};
use klaver_ledger::id::{AccountId, OrganisationId, TaskId};
use std::ops::RangeInclusive;

/// Most organisations that carry a task along.
const CARRIERS_MAX: usize = 5;
/// What one of them gives of what is usual, in hundredths; something is left for whoever answers for the task.
const SHARES: RangeInclusive<u8> = 10..=90;

/// Returns whether a place that does not answer for a task sees it: it carries it along, or was asked to and may answer.
pub(super) fn is_shown_to_carrier(place: &Place, row: &TaskRow) -> bool {
    let asked = row.carrier(&place.organisation.0);
    asked.is_some_and(|one| one.agreed() || row.state == TaskState::Open)
}

/// Returns what a place gives of what is usual there, in hundredths: its share, or what the others leave.
pub(super) fn share_of(place: &Place, row: &TaskRow) -> u8 {
    match row.carrier(&place.organisation.0) {
        Some(one) => one.share,
        None => {
            let others = row.carriers.iter().filter(|one| one.agreed()).map(|one| one.share);
            100_u8.saturating_sub(others.fold(0, u8::saturating_add))
        }
    }
}

impl Service {
    /// Returns what an organisation that carries a task along is called, with `is_listed` as anybody may know.
    pub(super) fn name_of_carrier(&self, one: &CarrierRow, is_listed: bool) -> Option<String> {
        let listed = one.account.and_then(|account| self.community.listed_name(&AccountId(account)));
        listed.or_else(|| self.name_of_organisation(&OrganisationId(one.organisation), is_listed))
    }

    pub(super) fn carriers_json(&self, place: &Place, row: &TaskRow) -> Vec<TaskCarrier> {
        let is_own = |one: &CarrierRow| one.organisation == place.organisation.0;
        // What another organisation answers with is between it and whoever answers for the task.
        let leads = row.organisation == Some(place.organisation.0);
        let carrier = |one: &CarrierRow| {
            let shown = leads || is_own(one);
            let [responsible, insurer, policy] = one.insured.clone().map(|line| line.filter(|_| shown));
            TaskCarrier {
                organisation: OrganisationId(one.organisation).to_hex(),
                name: self.name_of_carrier(one, false),
                share: one.share,
                agreed: one.agreed(),
                own: is_own(one),
                responsible,
                insurer,
                policy,
            }
        };
        row.carriers.iter().map(carrier).collect()
    }

    /// Asks an organisation to carry a task along, or takes it off, as the place that answers for it; says yes or no, as the
    /// organisation that was asked.
    ///
    /// # Errors
    /// `Unknown` for everybody else, `Forbidden` for a yes by whoever was lent a right, and fields that do not fit.
    pub async fn set_carrier(
        &self,
        visitor: &Visitor,
        id: &TaskId,
        asked: &EditCarrier,
    ) -> Result<PlaceTask, Refused> {
        let place = self.place_of(visitor)?;
        let mut row = self.community.task(id).ok_or_else(unknown_task)?;
        let leads = row.organisation == Some(place.organisation.0);
        let is_asked = is_shown_to_carrier(&place, &row);
        if !leads && !is_asked {
            return Err(unknown_task());
        }
        let wrong = |expected: &str| FieldError::new("organisation", &asked.organisation, expected);
        let named = id_of(&asked.organisation).ok_or_else(|| wrong("an organisation belongs here"))?;
        if leads {
            self.ask_carrier(&mut row, &place, named, asked)?;
        } else if named == place.organisation.0 {
            answer_carrier(&mut row, &place, asked, || self.staff_of(visitor))?;
        } else {
            return Err(wrong("your own organisation belongs here").into());
        }
        self.must_record()?;
        row.changed_at = wall_clock().seconds();
        self.community.set_task(*id, row.clone()).await?;
        Ok(self.place_task_json(&place, id, &row))
    }

    fn ask_carrier(
        &self,
        row: &mut TaskRow,
        place: &Place,
        named: [u8; 16],
        asked: &EditCarrier,
    ) -> Result<(), Refused> {
        let others = |row: &TaskRow| {
            row.carriers.iter().filter(|one| one.organisation != named).map(|one| one.share).sum::<u8>()
        };
        if !asked.carries {
            row.carriers.retain(|one| one.organisation != named);
            return Ok(());
        }
        let is_other = named != place.organisation.0
            && self.organisations_with(super::persons::gives).contains_key(&OrganisationId(named));
        if !is_other {
            let expected = "another organisation that gives credits belongs here";
            return Err(FieldError::new("organisation", &asked.organisation, expected).into());
        }
        let share = asked.share.unwrap_or_default();
        if !SHARES.contains(&share) || others(row).saturating_add(share) > *SHARES.end() {
            let expected = "from 10 to 90 hundredths belong here, and something is left for your own place";
            return Err(FieldError::new("share", share, expected).into());
        }
        // Whoever is asked for another share answers anew.
        row.carriers.retain(|one| one.organisation != named);
        if row.carriers.len() >= CARRIERS_MAX {
            let advice = "take one off first";
            return Err(Refused::TooMany { what: "organisations", limit: CARRIERS_MAX, advice });
        }
        let insured = [None, None, None];
        row.carriers.push(CarrierRow { organisation: named, account: None, share, insured });
        Ok(())
    }
}

/// Notes what an organisation answers; only its own staff says yes, which binds it and whoever insures it.
fn answer_carrier(
    row: &mut TaskRow,
    place: &Place,
    asked: &EditCarrier,
    staff: impl FnOnce() -> Result<[u8; 16], Refused>,
) -> Result<(), Refused> {
    if !asked.carries {
        row.carriers.retain(|one| one.organisation != place.organisation.0);
        return Ok(());
    }
    staff()?;
    let insured = lines_of([&asked.responsible, &asked.insurer, &asked.policy])?;
    let own = row.carriers.iter_mut().find(|one| one.organisation == place.organisation.0);
    if let Some(own) = own {
        own.account.get_or_insert(place.account.0);
        own.insured = insured;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::tasks::blank_row;

    #[test]
    fn whoever_was_lent_a_right_says_no_for_an_organisation_and_never_yes() {
        let place = Place { organisation: OrganisationId([2; 16]), account: AccountId([3; 16]) };
        let (asked, insured) = ([2; 16], [None, None, None]);
        let carrier = CarrierRow { organisation: asked, account: None, share: 40, insured };
        let mut row = TaskRow { carriers: vec![carrier], ..blank_row().unwrap() };
        let answer = |carries| EditCarrier {
            organisation: place.organisation.to_hex(),
            carries,
            share: None,
            responsible: Some("Ketelhuis vzw".to_owned()),
            insurer: Some("Ethias".to_owned()),
            policy: Some("77".to_owned()),
        };
        let lent = || Err(Refused::Forbidden { advice: "with a key of its staff" });
        let refused = answer_carrier(&mut row, &place, &answer(true), lent);
        assert!(matches!(refused, Err(Refused::Forbidden { .. })), "{refused:?}");
        assert!(!row.carriers[0].agreed() && row.carriers[0].insured == [None, None, None]);
        answer_carrier(&mut row, &place, &answer(true), || Ok(asked)).unwrap();
        assert!(row.carriers[0].agreed());
        answer_carrier(&mut row, &place, &answer(false), lent).unwrap();
        assert!(row.carriers.is_empty());
    }
}
