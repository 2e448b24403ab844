//! Persons of trust, named by the council; of what they are told it sees counts, and no count below five.

use super::few::COUNT_MIN;
use super::pots::random;
use super::wrong::{id_of, is_of_several, phone_of, unknown_person};
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::PersonOfTrustRow;
use crate::community::directory::fault_of_name;
use crate::community::sessions::Visitor;
use data_encoding::HEXLOWER;
use klaver_api::text::{self, FieldError};
use klaver_api::{
    CouncilTrust, NamePersonOfTrust, NamedPerson, TrustPlace, WrongAge, WrongCount, WrongState, WrongYear,
};
use klaver_ledger::account::AccountKind;
use klaver_ledger::id::{AccountId, OrganisationId};
use klaver_ledger::limits::DAY_SECONDS;
use std::collections::BTreeMap;

/// Most persons of trust.
const PERSONS_MAX: usize = 50;
const WEEK_SECONDS: u64 = 7 * DAY_SECONDS;

/// Whether credits are given from such an account.
pub(super) fn gives(kind: AccountKind) -> bool {
    kind == AccountKind::Budget
}

impl Service {
    /// Returns whom the council named, and counts of what was told.
    ///
    /// # Errors
    /// `Forbidden` for every other session.
    pub fn council_trust(&self, visitor: &Visitor) -> Result<CouncilTrust, Refused> {
        self.must_be_council(visitor)?;
        let persons = self.community.persons_of_trust();
        let giving: BTreeMap<_, _> = self.organisations_with(gives).into_iter().collect();
        let name = |budgets: &[AccountId]| budgets.iter().find_map(|budget| self.community.profile(budget));
        let places = giving.iter().map(|(organisation, budgets)| TrustPlace {
            organisation: organisation.to_hex(),
            name: name(budgets).map(|row| row.name),
        });
        Ok(CouncilTrust {
            persons: persons.iter().map(|(id, row)| named_json(id, row)).collect(),
            places: places.collect(),
            counts: self.wrong_counts(),
            years: self.wrong_sums(),
        })
    }

    fn wrong_counts(&self) -> Vec<WrongCount> {
        let now = wall_clock().seconds();
        let told = self.community.told(|_| true);
        let age = |told_at: u64| match now.saturating_sub(told_at) / WEEK_SECONDS {
            0 => WrongAge::Days,
            1..4 => WrongAge::Weeks,
            _ => WrongAge::Months,
        };
        let states = [WrongState::Told, WrongState::Talking, WrongState::Done];
        let ages = [WrongAge::Months, WrongAge::Weeks, WrongAge::Days];
        let each = states.into_iter().flat_map(|state| ages.map(|age| (state, age)));
        let count =
            |state, of| told.iter().filter(|(_, row)| row.state == state && age(row.told_at) == of).count();
        each.map(|(state, age)| WrongCount { state, age, count: shown(count(state, age) as u64) }).collect()
    }

    fn wrong_sums(&self) -> Vec<WrongYear> {
        let years = self.community.wrong_years().into_iter().rev();
        let year = years.map(|(year, sums)| {
            let told = shown(sums.told);
            // Whoever knows of one that was told would read from a zero how it ended.
            let ended = |count| told.and_then(|_| shown(count));
            WrongYear {
                year,
                told,
                refund: ended(sums.refund),
                correction: ended(sums.correction),
                credit: ended(sums.credit),
                nothing: ended(sums.nothing),
            }
        });
        year.collect()
    }

    /// Names a person of trust, or with `id` changes what is known of one.
    ///
    /// # Errors
    /// For every session but the council's, an account that is no person's, somebody who gives credits there, and fields
    /// that cannot be shown.
    pub async fn name_person(
        &self,
        visitor: &Visitor,
        id: Option<[u8; 16]>,
        asked: &NamePersonOfTrust,
    ) -> Result<NamedPerson, Refused> {
        self.must_be_council(visitor)?;
        let known =
            id.map(|id| self.community.person_of_trust(&id).ok_or_else(unknown_person)).transpose()?;
        let row = self.person_row(asked)?;
        // What was told to somebody is not handed to another by a change of the account.
        if known.is_some_and(|known| known.account != row.account) {
            let expected = "their account stays: name the other one as a new person of trust";
            return Err(FieldError::new("account", &asked.account, expected).into());
        }
        if id.is_none() && self.community.persons_of_trust().len() >= PERSONS_MAX {
            let advice = "take one off the list first";
            return Err(Refused::TooMany { what: "persons of trust", limit: PERSONS_MAX, advice });
        }
        self.must_record()?;
        let id = id.map_or_else(random, Ok)?;
        self.community.set_person_of_trust(id, Some(row.clone())).await?;
        Ok(named_json(&id, &row))
    }

    /// Takes a person of trust off the list. What they were told is read by nobody, until its teller tells somebody else.
    ///
    /// # Errors
    /// `Unknown`, and `Forbidden` for every session but the council's.
    pub async fn forget_person(&self, visitor: &Visitor, id: &[u8; 16]) -> Result<(), Refused> {
        self.must_be_council(visitor)?;
        self.community.person_of_trust(id).ok_or_else(unknown_person)?;
        self.must_record()?;
        Ok(self.community.set_person_of_trust(*id, None).await?)
    }

    fn person_row(&self, asked: &NamePersonOfTrust) -> Result<PersonOfTrustRow, Refused> {
        let account = text::account("account", &asked.account)?;
        if let Some(fault) = fault_of_name(&asked.name) {
            return Err(FieldError::new("name", &asked.name, fault).into());
        }
        let organisation = self.organisation_of_list("organisation", asked.organisation.as_deref())?;
        let gives_at = self.organisation_of_list("gives_at", asked.gives_at.as_deref())?;
        let phone = phone_of("phone", &asked.phone)?;
        if !self.is_open_member(&account) {
            let expected = "the account of a person belongs here, which is open: ask them for it";
            return Err(FieldError::new("account", &asked.account, expected).into());
        }
        let gives = organisation
            .is_some_and(|place| gives_at == Some(place) || self.signs_for(&account, &OrganisationId(place)));
        if gives {
            let advice = "name somebody who gives no credits there";
            return Err(Refused::NotNow { code: "person_gives", advice });
        }
        Ok(PersonOfTrustRow { account: account.0, name: asked.name.clone(), phone, organisation, gives_at })
    }

    /// Reads the organisation that a field names: one that gives credits.
    fn organisation_of_list(
        &self,
        field: &'static str,
        text: Option<&str>,
    ) -> Result<Option<[u8; 16]>, FieldError> {
        let Some(text) = text else { return Ok(None) };
        let found =
            id_of(text).filter(|id| self.organisations_with(gives).contains_key(&OrganisationId(*id)));
        let wrong = || FieldError::new(field, text, "an organisation of the list belongs here");
        found.map(Some).ok_or_else(wrong)
    }

    fn is_open_member(&self, account: &AccountId) -> bool {
        let standing = self.reader.standing();
        let found = standing.account(account);
        found.is_some_and(|found| found.kind() == AccountKind::Member && found.closed_to().is_none())
    }

    /// Returns whether a key of the account is also one of the organisation's.
    fn signs_for(&self, account: &AccountId, organisation: &OrganisationId) -> bool {
        let now = wall_clock();
        let standing = self.reader.standing();
        let Some(own) = standing.account(account).map(|account| account.standing(now).state) else {
            return false;
        };
        let theirs = standing.accounts().filter(|account| is_of_several(account.kind()));
        theirs
            .map(|account| account.standing(now).state)
            .filter(|state| state.organisation == Some(*organisation))
            .any(|state| own.keys.iter().any(|grant| state.grant(&grant.key).is_some()))
    }
}

/// Returns a count as the council is shown it: nothing when there are some and fewer than five.
fn shown(count: u64) -> Option<u64> {
    (count == 0 || COUNT_MIN <= count).then_some(count)
}

fn named_json(id: &[u8; 16], row: &PersonOfTrustRow) -> NamedPerson {
    NamedPerson {
        id: HEXLOWER.encode(id),
        account: AccountId(row.account).to_string(),
        name: row.name.clone(),
        phone: row.phone.clone(),
        organisation: row.organisation.map(|id| HEXLOWER.encode(&id)),
        gives_at: row.gives_at.map(|id| HEXLOWER.encode(&id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_than_five_are_no_number() {
        assert_eq!([0, 1, 4, 5, 12].map(shown), [Some(0), None, None, Some(5), Some(12)]);
    }
}
