//! Organisations without the currency: by a private link each says what it does, when people meet there, and how many were
//! there in a month.

use super::months::{month_before, month_of};
use super::organisations::{checked, say, unknown_organisation};
use super::pots::random;
use super::tasks::moment;
use super::wrong::id_of;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::directory::fault_of_name;
use crate::community::organisations::Counted;
use crate::community::{GatheringRow, OrganisationRow};
use data_encoding::HEXLOWER;
use klaver_api::text::FieldError;
use klaver_api::{Gathering, OrganisationWords};
use std::ops::RangeInclusive;

/// Most times that an organisation without the currency says it meets, those of the year behind it too.
const GATHERINGS_MAX: usize = 500;
/// How long a gathering may last, in minutes.
const MINUTES: RangeInclusive<u16> = 5..=1_440;
/// Most people, and most hours, that an organisation counts in a month.
const COUNTED_MAX: u64 = 100_000;

/// When an organisation without the currency meets, as it says so.
#[derive(Clone, Debug)]
pub struct NewGathering {
    /// What they do.
    pub what: String,
    /// When it begins, in seconds since 1970 UTC.
    pub starts_at: u64,
    /// How long it lasts.
    pub minutes: u16,
    /// Where, as people write it.
    pub address: Option<String>,
}

impl Service {
    /// Returns who meets without the currency from now on, the first time first: id and name of each, with when.
    pub fn town_gatherings(&self) -> Vec<(String, String, Gathering)> {
        let known = self.community.organisations();
        let of = |(id, row): (&[u8; 16], &OrganisationRow)| {
            let (hex, name) = (HEXLOWER.encode(id), row.name.clone());
            let coming = self.coming_gatherings(id).into_iter();
            coming.map(move |one| (hex.clone(), name.clone(), one)).collect::<Vec<_>>()
        };
        let mut found: Vec<_> = known.iter().flat_map(of).collect();
        found.sort_by(|one, other| one.2.starts_at.cmp(&other.2.starts_at));
        found
    }

    /// Returns when an organisation without the currency meets from now on, the first time first.
    pub fn coming_gatherings(&self, organisation: &[u8; 16]) -> Vec<Gathering> {
        let now = wall_clock().seconds();
        let coming = |row: &GatheringRow| row.organisation == *organisation && now < row.ends_at();
        let gathering = |(id, row): &([u8; 16], GatheringRow)| Gathering {
            id: HEXLOWER.encode(id),
            what: row.what.clone(),
            starts_at: moment(row.starts_at),
            minutes: row.minutes,
            address: row.address.clone(),
        };
        self.community.gatherings(coming).iter().map(gathering).collect()
    }

    /// Returns an organisation without the currency by the secret of its own page.
    ///
    /// # Errors
    /// `Unknown`, also once it has accounts: then its staff has keys.
    pub fn member_organisation(&self, code: &[u8; 16]) -> Result<([u8; 16], OrganisationRow), Refused> {
        let found = self.community.organisation_of_code(code);
        found.filter(|(id, _)| self.accounts_of(id).is_empty()).ok_or_else(unknown_organisation)
    }

    /// Says what an organisation without the currency does.
    ///
    /// # Errors
    /// `Unknown`, and fields that cannot be shown.
    pub async fn set_member_words(&self, code: &[u8; 16], asked: &OrganisationWords) -> Result<(), Refused> {
        let (id, _) = self.member_organisation(code)?;
        let words = checked(asked)?;
        self.must_record()?;
        self.community.change_organisation(&id, |row| say(row, words)).await?;
        Ok(())
    }

    /// Adds when an organisation without the currency meets.
    ///
    /// # Errors
    /// `Unknown`, too many, and fields that cannot be shown.
    pub async fn add_gathering(&self, code: &[u8; 16], asked: NewGathering) -> Result<(), Refused> {
        let (organisation, _) = self.member_organisation(code)?;
        let NewGathering { what, starts_at, minutes, address } = asked;
        if let Some(fault) = fault_of_name(&what) {
            return Err(FieldError::new("what", what, fault).into());
        }
        if let Some(fault) = address.as_deref().and_then(fault_of_name) {
            return Err(FieldError::new("where", address.unwrap_or_default(), fault).into());
        }
        let row = GatheringRow { organisation, what, starts_at, minutes, address };
        if !MINUTES.contains(&minutes) {
            let expected = format!("from {} to {} minutes belong here", MINUTES.start(), MINUTES.end());
            return Err(FieldError::new("minutes", minutes, expected).into());
        }
        if row.ends_at() <= wall_clock().seconds() {
            return Err(FieldError::new("day", "", "a time that is not over belongs here").into());
        }
        if self.community.gatherings(|row| row.organisation == organisation).len() >= GATHERINGS_MAX {
            let advice = "take some off the list first";
            return Err(Refused::TooMany { what: "gatherings", limit: GATHERINGS_MAX, advice });
        }
        self.must_record()?;
        Ok(self.community.add_gathering(random()?, row).await?)
    }

    /// Takes one of them off the list.
    ///
    /// # Errors
    /// `Unknown`.
    pub async fn forget_gathering(&self, code: &[u8; 16], id: &str) -> Result<(), Refused> {
        let (organisation, _) = self.member_organisation(code)?;
        let id = id_of(id).ok_or_else(unknown_organisation)?;
        self.must_record()?;
        let was_there = self.community.forget_gathering(&organisation, &id).await?;
        if was_there { Ok(()) } else { Err(unknown_organisation()) }
    }

    /// Notes what an organisation without the currency counted in one of the last months.
    ///
    /// # Errors
    /// `Unknown`, another month, and numbers that are too large.
    pub async fn count_month(
        &self,
        code: &[u8; 16],
        month: &str,
        people: u64,
        hours: u64,
    ) -> Result<(), Refused> {
        let (id, _) = self.member_organisation(code)?;
        if !self.months_to_count().iter().any(|one| one == month) {
            return Err(FieldError::new("month", month, "one of the last months belongs here").into());
        }
        for (field, number) in [("people", people), ("hours", hours)] {
            if number > COUNTED_MAX {
                let expected = format!("a number of at most {COUNTED_MAX} belongs here");
                return Err(FieldError::new(field, number, expected).into());
            }
        }
        self.must_record()?;
        let count = |row: &mut OrganisationRow| {
            row.months.insert(month.to_owned(), Counted { people, hours });
        };
        self.community.change_organisation(&id, count).await?;
        Ok(())
    }

    /// Returns the months that can be counted now: the last one that is over, the one before it, and this one.
    pub fn months_to_count(&self) -> [String; 3] {
        let this = month_of(wall_clock());
        let last = month_before(&this);
        let before = month_before(&last);
        [last, before, this]
    }
}
