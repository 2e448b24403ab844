//! Organisations as things of their own: named by the council, with a public page, a private one for their own staff, and
//! figures. One without the currency has no account: how it tends its page is in `gatherings.rs`.

use super::accounts::available;
use super::few::COUNT_MIN;
use super::figures::{Done, LastMonth};
use super::pots::random;
use super::tasks::text_of;
use super::wrong::id_of;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::OrganisationRow;
use crate::community::directory::fault_of_name;
use crate::community::sessions::{Role, Visitor};
use data_encoding::HEXLOWER;
use klaver_api::text::FieldError;
use klaver_api::{
    AccountStateJson, CouncilOrganisation, CouncilOrganisations, NameOrganisation, Organisation,
    OrganisationAccount, OrganisationPage, OrganisationWords, OwnMonth, OwnOrganisation, UnnamedOrganisation,
    paths,
};
use klaver_ledger::account::AccountKind;
use klaver_ledger::amount::Total;
use klaver_ledger::id::{AccountId, OrganisationId};
use klaver_ledger::link::CodeId;
use std::collections::BTreeMap;

/// Most organisations that have a name.
const ORGANISATIONS_MAX: usize = 200;
/// Longest words about an organisation, and longest address of its calendar, in bytes.
const ABOUT_BYTES_MAX: usize = 280;
const AGENDA_BYTES_MAX: usize = 200;

impl Service {
    /// Returns the organisations that anybody may know of.
    ///
    /// # Errors
    /// What the store cannot read.
    pub fn organisations(&self) -> Result<OrganisationPage, Refused> {
        let LastMonth { month, sums, together } = self.last_month()?;
        let known = self.community.organisations();
        let with_accounts = self.organisations_with(is_tended);
        let figures = |id: &[u8; 16]| sums.get(id).and_then(|done| done.public(&month));
        let mut organisations: Vec<Organisation> = known
            .iter()
            .map(|(id, row)| {
                let accounts = with_accounts.get(&OrganisationId(*id)).map_or(&[][..], Vec::as_slice);
                Organisation { figures: figures(id), ..self.organisation_json(id, row, accounts) }
            })
            .collect();
        organisations.sort_by_cached_key(|one| one.name.to_lowercase());
        Ok(OrganisationPage { organisations, together })
    }

    fn organisation_json(
        &self,
        id: &[u8; 16],
        row: &OrganisationRow,
        accounts: &[AccountId],
    ) -> Organisation {
        let mut places: Vec<String> =
            accounts.iter().filter_map(|account| self.community.listed_name(account)).collect();
        places.sort();
        places.dedup();
        Organisation {
            id: HEXLOWER.encode(id),
            name: row.name.clone(),
            about: row.about.clone(),
            address: row.address.clone(),
            agenda: row.agenda.clone(),
            with_currency: !accounts.is_empty(),
            places,
            figures: None,
            gatherings: self.coming_gatherings(id),
        }
    }

    /// Returns one of them, with its figures.
    ///
    /// # Errors
    /// `Unknown`, and what the store cannot read.
    pub fn organisation(&self, id: &[u8; 16]) -> Result<Organisation, Refused> {
        let row = self.community.organisation(id).ok_or_else(unknown_organisation)?;
        let LastMonth { month, sums, .. } = self.last_month()?;
        let figures = sums.get(id).and_then(|done| done.public(&month));
        Ok(Organisation { figures, ..self.organisation_json(id, &row, &self.accounts_of(id)) })
    }

    /// Returns whether any organisation has a name.
    pub fn has_organisations(&self) -> bool {
        !self.community.organisations().is_empty()
    }

    /// Returns the open budgets and funds of an organisation.
    pub(super) fn accounts_of(&self, organisation: &[u8; 16]) -> Vec<AccountId> {
        self.organisations_with(is_tended).remove(&OrganisationId(*organisation)).unwrap_or_default()
    }

    /// Returns all organisations as the council sees them.
    ///
    /// # Errors
    /// `Forbidden` for every other session, and what the store cannot read.
    pub fn council_organisations(&self, visitor: &Visitor) -> Result<CouncilOrganisations, Refused> {
        self.must_be_council(visitor)?;
        // Of all together it is told what anybody is: anything finer would show those left out.
        let LastMonth { month, sums, together } = self.last_month()?;
        let known = self.community.organisations();
        let with_accounts = self.organisations_with(is_tended);
        let unnamed = with_accounts.keys().filter(|id| !known.contains_key(&id.0));
        let unnamed = unnamed.map(|id| UnnamedOrganisation {
            organisation: id.to_hex(),
            place: self.name_of_organisation(id, false),
        });
        let mut unnamed: Vec<UnnamedOrganisation> = unnamed.collect();
        unnamed.sort_by(|one, other| one.organisation.cmp(&other.organisation));
        let figures = |id: &[u8; 16]| sums.get(id).and_then(|done| done.of_at_least(COUNT_MIN, &month));
        let mut organisations: Vec<CouncilOrganisation> = known
            .iter()
            .map(|(id, row)| CouncilOrganisation {
                figures: figures(id),
                ..self.council_json(id, row, with_accounts.contains_key(&OrganisationId(*id)))
            })
            .collect();
        organisations.sort_by_cached_key(|one| one.name.to_lowercase());
        Ok(CouncilOrganisations { organisations, unnamed, together })
    }

    fn council_json(&self, id: &[u8; 16], row: &OrganisationRow, with_currency: bool) -> CouncilOrganisation {
        let own_page = paths::fill(paths::MEMBER_PAGE, CodeId(row.code));
        CouncilOrganisation {
            id: HEXLOWER.encode(id),
            name: row.name.clone(),
            words: words_of(row),
            with_currency,
            own_page: (!with_currency).then(|| format!("{}{own_page}", self.config.public_url)),
            figures: None,
        }
    }

    /// Names an organisation, or with `id` changes what is known of one.
    ///
    /// # Errors
    /// For every session but the council's, fields that cannot be shown, and an organisation that has no account, or a name
    /// already.
    pub async fn name_organisation(
        &self,
        visitor: &Visitor,
        id: Option<[u8; 16]>,
        asked: &NameOrganisation,
    ) -> Result<CouncilOrganisation, Refused> {
        self.must_be_council(visitor)?;
        let known = match id {
            Some(id) => Some((id, self.community.organisation(&id).ok_or_else(unknown_organisation)?)),
            None => None,
        };
        if let Some(fault) = fault_of_name(&asked.name) {
            return Err(FieldError::new("name", &asked.name, fault).into());
        }
        let words = checked(&asked.words)?;
        let named = match (&known, &asked.organisation) {
            (None, Some(text)) => Some(self.unnamed_organisation(text)?),
            (Some((id, _)), Some(text)) if id_of(text) != Some(*id) => {
                let expected = "an organisation keeps its accounts: leave this out";
                return Err(FieldError::new("organisation", text, expected).into());
            }
            _ => None,
        };
        if known.is_none() && self.community.organisations().len() >= ORGANISATIONS_MAX {
            let advice = "take one off the list first";
            return Err(Refused::TooMany { what: "organisations", limit: ORGANISATIONS_MAX, advice });
        }
        self.must_record()?;
        let (id, before) = match known {
            Some((id, row)) => (id, Some(row)),
            None => (named.map_or_else(random, Ok)?, None),
        };
        let blank = || {
            Ok::<_, Refused>(OrganisationRow {
                name: String::new(),
                about: None,
                address: None,
                agenda: None,
                code: random()?,
                months: BTreeMap::new(),
            })
        };
        let mut row = before.map_or_else(blank, Ok)?;
        row.name = asked.name.clone();
        say(&mut row, words);
        self.community.set_organisation(id, row.clone()).await?;
        Ok(self.council_json(&id, &row, !self.accounts_of(&id).is_empty()))
    }

    /// Reads the organisation that a field names: one that has accounts and no name yet.
    fn unnamed_organisation(&self, text: &str) -> Result<[u8; 16], FieldError> {
        let found = id_of(text).filter(|id| !self.accounts_of(id).is_empty());
        let free = found.filter(|id| self.community.organisation(id).is_none());
        let expected = "an organisation of the list that has no name yet belongs here";
        free.ok_or_else(|| FieldError::new("organisation", text, expected))
    }

    /// Forgets an organisation, also on the disk: its accounts stay as they are.
    ///
    /// # Errors
    /// `Forbidden` for every session but the council's, and `Unknown`.
    pub async fn forget_organisation(&self, visitor: &Visitor, id: &[u8; 16]) -> Result<(), Refused> {
        self.must_be_council(visitor)?;
        self.community.organisation(id).ok_or_else(unknown_organisation)?;
        self.must_record()?;
        Ok(self.community.forget_organisation(id).await?)
    }

    /// Returns the visitor's organisation as its own staff sees it.
    ///
    /// # Errors
    /// `Forbidden` for everybody else, also for whoever was lent a right for today; and what the store cannot read.
    pub fn own_organisation(&self, visitor: &Visitor) -> Result<OwnOrganisation, Refused> {
        let id = self.staff_of(visitor)?;
        let row = self.community.organisation(&id);
        let decimal = |minor: u64| Total::new(minor).unwrap_or_default().to_decimal(self.scale());
        let months = self.own_months(&id)?.into_iter().map(|(month, done): (String, Done)| OwnMonth {
            figures: done.figures(&month),
            given: decimal(done.given),
        });
        let months = months.collect();
        let mut accounts: Vec<OrganisationAccount> = self.staffed_accounts(&id);
        for one in &mut accounts {
            one.name = self.name_for_council(&one.account);
        }
        let now = wall_clock();
        let standing = self.reader.standing();
        let most =
            standing.charter_in_force(now).and_then(|(charter, _)| charter.policy.organisation_day_amount);
        Ok(OwnOrganisation {
            id: HEXLOWER.encode(&id),
            name: row.as_ref().map(|row| row.name.clone()),
            words: row.as_ref().map(words_of).unwrap_or_default(),
            day_amount: most.map(|most| most.to_decimal(self.scale())),
            accounts,
            months,
        })
    }

    /// Returns the accounts of an organisation with their keys; their names are still to be looked up.
    fn staffed_accounts(&self, id: &[u8; 16]) -> Vec<OrganisationAccount> {
        let own = self.accounts_of(id);
        let (standing, now) = (self.reader.standing(), wall_clock());
        let account = |id: &AccountId| {
            let account = standing.account(id)?;
            let state = account.standing(now).state;
            Some(OrganisationAccount {
                account: id.to_string(),
                kind: account.kind().word().to_owned(),
                name: None,
                available: self.money(available(account, now)),
                threshold: state.threshold,
                keys: AccountStateJson::of(&state, self.scale()).keys,
            })
        };
        own.iter().filter_map(account).collect()
    }

    /// Says what the visitor's organisation does: its name stays what the council called it.
    ///
    /// # Errors
    /// As [`own_organisation`](Self::own_organisation), fields that cannot be shown, and `Unknown` before it has a name.
    pub async fn set_own_organisation(
        &self,
        visitor: &Visitor,
        asked: &OrganisationWords,
    ) -> Result<(), Refused> {
        let id = self.staff_of(visitor)?;
        let words = checked(asked)?;
        self.must_record()?;
        let is_known = self.community.change_organisation(&id, |row| say(row, words)).await?;
        if is_known { Ok(()) } else { Err(unknown_organisation()) }
    }

    /// Returns the organisation whose own staff the visitor is.
    pub(super) fn staff_of(&self, visitor: &Visitor) -> Result<[u8; 16], Refused> {
        let advice = "open a session for a budget or a pot of the organisation, with a key of its staff";
        let id = self.issuer_of(visitor).ok_or(Refused::Forbidden { advice })?;
        let Role::Account(own) = visitor.role else {
            return Err(Refused::Forbidden { advice });
        };
        let (standing, now) = (self.reader.standing(), wall_clock());
        let state = standing.account(&own).map(|account| account.standing(now).state);
        let is_lent = state.and_then(|state| state.grant(&visitor.key).map(|grant| grant.until.is_some()));
        if is_lent == Some(false) { Ok(id.0) } else { Err(Refused::Forbidden { advice }) }
    }
}

/// Whether the staff of an organisation tends such an account.
fn is_tended(kind: AccountKind) -> bool {
    matches!(kind, AccountKind::Budget | AccountKind::Fund)
}

pub(super) fn say(row: &mut OrganisationRow, words: OrganisationWords) {
    (row.about, row.address, row.agenda) = (words.about, words.address, words.agenda);
}

fn words_of(row: &OrganisationRow) -> OrganisationWords {
    OrganisationWords { about: row.about.clone(), address: row.address.clone(), agenda: row.agenda.clone() }
}

/// Returns what an organisation says of itself, where all of it can be shown.
pub(super) fn checked(asked: &OrganisationWords) -> Result<OrganisationWords, FieldError> {
    let some = |text: &Option<String>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let about = some(&asked.about).map(|about| text_of("about", &about, ABOUT_BYTES_MAX)).transpose()?;
    let address = some(&asked.address);
    if let Some(fault) = address.as_deref().and_then(fault_of_name) {
        return Err(FieldError::new("address", address.unwrap_or_default(), fault));
    }
    let agenda = some(&asked.agenda);
    if let Some(agenda) = agenda.as_deref().filter(|agenda| !is_https(agenda)) {
        let expected =
            format!("an address that begins with https:// belongs here, of at most {AGENDA_BYTES_MAX} bytes");
        return Err(FieldError::new("agenda", agenda, expected));
    }
    Ok(OrganisationWords { about, address, agenda })
}

fn is_https(address: &str) -> bool {
    let rest = address.strip_prefix("https://");
    let is_plain = |rest: &str| rest.contains('.') && rest.bytes().all(|byte| byte.is_ascii_graphic());
    rest.is_some_and(is_plain) && address.len() <= AGENDA_BYTES_MAX
}

/// Says that there is no such organisation.
pub fn unknown_organisation() -> Refused {
    let advice = "it was taken off the list: look at the organisations of the town";
    Refused::Unknown { what: "organisation", code: "unknown_organisation", advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_has_an_address_that_browsers_follow_safely() {
        assert!(is_https("https://koor.example/agenda.ics?taal=nl"));
        for wrong in [
            "http://koor.example",
            "javascript:alert(1)",
            "https://",
            "https://koor",
            "https://a.b/\u{202e}",
            "https://a.b/ c",
        ] {
            assert!(!is_https(wrong), "{wrong}");
        }
    }
}
