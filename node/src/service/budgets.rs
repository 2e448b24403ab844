//! Budgets as the council keeps them: who pays, euro promised and received, and contributions that raise a cap. The council
//! sees them exactly; what a funder sees is in `funders.rs`.

use super::accounts::available;
use super::pots::random;
use super::tasks::moment;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::budgets::contribution_id;
use crate::community::directory::fault_of_name;
use crate::community::sessions::Visitor;
use crate::community::{BudgetRow, ContributionRow};
use klaver_api::text::{self, FieldError};
use klaver_api::{AddContribution, Contribution, CouncilBudget, CouncilBudgets, EditBudget, paths};
use klaver_ledger::account::AccountKind;
use klaver_ledger::amount::{Amount, Rate, balance_to_decimal};
use klaver_ledger::books::Account;
use klaver_ledger::entry::Body;
use klaver_ledger::id::{AccountId, EntryId};
use klaver_ledger::link::CodeId;
use klaver_ledger::time::Timestamp;

/// Most euro cents that one number holds: a hundred million euro.
pub const CENTS_MAX: u64 = 10_000_000_000;
/// Most contributions of one budget.
const CONTRIBUTIONS_MAX: usize = 1_000;

/// What the books say of a budget, in minor units.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) cap: u64,
    pub(super) outstanding: u64,
    left: u64,
    exposure: u64,
    pub(super) until: Option<String>,
    pub(super) ended: bool,
    organisation: Option<String>,
}

/// What a thank-you says.
#[derive(Clone, Debug)]
pub struct ThanksView {
    /// The contribution.
    pub row: ContributionRow,
    /// What the budget is called.
    pub budget: Option<String>,
    /// Whether the cap is raised.
    pub raised: bool,
}

impl Service {
    /// Returns the budgets with what stands beside them.
    ///
    /// # Errors
    /// `Forbidden` for every session but the council's.
    pub fn council_budgets(&self, visitor: &Visitor) -> Result<CouncilBudgets, Refused> {
        self.must_be_council(visitor)?;
        let (rooms, rate) = {
            let (standing, now) = (self.reader.standing(), wall_clock());
            let budgets = standing.pots().filter(|account| is_open_budget(account));
            let rooms: Vec<_> = budgets.map(|account| (account.id(), room_of(account, now))).collect();
            (rooms, standing.charter(now).and_then(|charter| charter.policy.euro_rate))
        };
        let mut budgets = rooms
            .iter()
            .map(|(account, room)| self.council_budget(account, room, rate))
            .collect::<Result<Vec<_>, Refused>>()?;
        budgets.sort_by(|a, b| (a.ended, &a.name, &a.account).cmp(&(b.ended, &b.name, &b.account)));
        Ok(CouncilBudgets { budgets })
    }

    fn council_budget(
        &self,
        account: &AccountId,
        room: &Room,
        rate: Option<Rate>,
    ) -> Result<CouncilBudget, Refused> {
        let row = self.community.budget(account);
        let given = self.community.contributions(|given| given.budget == account.0);
        let contributions = given
            .iter()
            .map(|(id, given)| self.contribution_json(id, given))
            .collect::<Result<Vec<_>, _>>()?;
        let money = |minor: u64| self.money(minor);
        Ok(CouncilBudget {
            account: account.to_string(),
            name: self.community.profile(account).map(|profile| profile.name),
            organisation: room.organisation.clone(),
            funder: row.as_ref().map(|row| row.funder.clone()),
            reference: row.as_ref().and_then(|row| row.reference.clone()),
            promised_cents: row.as_ref().map_or(0, |row| row.promised_cents),
            received_cents: row.as_ref().map_or(0, |row| row.received_cents),
            contributed_cents: given.iter().map(|(_, given)| given.cents).sum(),
            cap: money(room.cap),
            until: room.until.clone(),
            ended: room.ended,
            outstanding: money(room.outstanding),
            left: money(room.left),
            exposure: money(room.exposure),
            exposure_cents: euro_cents(room.exposure, rate),
            contributions,
            link: row.map(|row| self.page_link(paths::FUNDER_PAGE, &row.code)),
        })
    }

    fn contribution_json(&self, id: &[u8; 16], row: &ContributionRow) -> Result<Contribution, Refused> {
        let index = self.raised_by(row)?;
        Ok(Contribution {
            id: data_encoding::HEXLOWER.encode(id),
            who: row.who.clone(),
            cents: row.cents,
            kind: row.kind,
            amount: self.money(row.amount),
            at: moment(row.at),
            index,
            raised: row.raised || index.is_some(),
            link: self.page_link(paths::THANKS_PAGE, &row.code),
        })
    }

    /// Returns the index of the change that a contribution waits for: of this very budget, by at least so much. A change
    /// that leaves the cap or lowers it has raised nothing, whoever is thanked for it.
    fn raised_by(&self, row: &ContributionRow) -> Result<Option<u64>, Refused> {
        let Some(entry) = row.entry else { return Ok(None) };
        let Some(index) = self.reader.find(&EntryId(entry), None)? else { return Ok(None) };
        let Body::Change(change) = self.body(index)? else { return Ok(None) };
        let before = match self.body(change.base)? {
            Body::Open(open) => open.states.into_iter().find(|state| state.account.0 == row.budget),
            Body::Change(before) => Some(before.state),
            // It came over from an earlier ledger, whose records are not read here.
            _ => None,
        };
        let least = before.map_or(0, |before| before.limit.minor().saturating_add(row.amount));
        let is_raised = change.state.account.0 == row.budget && change.state.limit.minor() >= least;
        Ok(is_raised.then_some(index))
    }

    pub(super) fn money(&self, minor: u64) -> String {
        balance_to_decimal(i64::try_from(minor).unwrap_or(i64::MAX), self.scale())
    }

    pub(super) fn page_link(&self, path: &str, code: &[u8; 16]) -> String {
        format!("{}{}", self.config.public_url, paths::fill(path, CodeId(*code)))
    }

    /// Keeps what stands beside a budget, as the council. Budgets of one funder have one page.
    ///
    /// # Errors
    /// `Forbidden` for every other session, `Unknown` for what is no open budget, and fields out of bounds.
    pub async fn set_budget(
        &self,
        visitor: &Visitor,
        account: &AccountId,
        asked: &EditBudget,
    ) -> Result<CouncilBudget, Refused> {
        self.must_be_council(visitor)?;
        self.must_be_budget(account)?;
        let funder = named("funder", &asked.funder)?;
        let reference = asked.reference.as_deref().filter(|text| !text.trim().is_empty());
        let reference = reference.map(|text| named("reference", text)).transpose()?;
        let promised_cents = cents("promised_cents", asked.promised_cents)?;
        let received_cents = cents("received_cents", asked.received_cents)?;
        self.must_record()?;
        let is_same = |row: &BudgetRow| row.funder.to_lowercase() == funder.to_lowercase();
        let others = self.community.budgets(is_same);
        let code = match others.first() {
            Some((_, other)) if !asked.new_link => other.code,
            _ => random()?,
        };
        let figures = self.community.budget(account).and_then(|row| row.figures);
        let row = BudgetRow { funder, reference, promised_cents, received_cents, code, figures };
        if asked.new_link {
            for (other, before) in others.into_iter().filter(|(other, _)| other != account) {
                self.community.set_budget(other, BudgetRow { code, ..before }).await?;
            }
        }
        self.community.set_budget(*account, row).await?;
        self.one_budget(account)
    }

    fn one_budget(&self, account: &AccountId) -> Result<CouncilBudget, Refused> {
        let (room, rate) = self.room_and_rate(account)?;
        self.council_budget(account, &room, rate)
    }

    /// Returns what the books say of a budget, and what a unit is worth.
    ///
    /// # Errors
    /// `Unknown`.
    pub(super) fn room_and_rate(&self, account: &AccountId) -> Result<(Room, Option<Rate>), Refused> {
        let (standing, now) = (self.reader.standing(), wall_clock());
        let found = standing.account(account).ok_or_else(unknown_budget)?;
        Ok((room_of(found, now), standing.charter(now).and_then(|charter| charter.policy.euro_rate)))
    }

    pub(super) fn must_be_budget(&self, account: &AccountId) -> Result<(), Refused> {
        let standing = self.reader.standing();
        let found = standing.account(account).filter(|account| is_open_budget(account));
        found.map(|_| ()).ok_or_else(unknown_budget)
    }

    /// Notes what somebody gave to a budget, as the council. The change that raises its cap is signed beside; the same
    /// one twice is one contribution.
    ///
    /// # Errors
    /// `Forbidden` for every other session, `Unknown` for what is no open budget, and fields out of bounds.
    pub async fn add_contribution(
        &self,
        visitor: &Visitor,
        account: &AccountId,
        asked: &AddContribution,
    ) -> Result<Contribution, Refused> {
        self.must_be_council(visitor)?;
        self.must_be_budget(account)?;
        let who = named("who", &asked.who)?;
        let given = cents("cents", asked.cents)?;
        if given == 0 {
            return Err(FieldError::new("cents", 0, "a number of euro cents above zero belongs here").into());
        }
        let amount = text::amount("amount", &asked.amount, self.scale())?.minor();
        let entry = text::from_hex("entry", &asked.entry, EntryId::from_hex)?;
        self.must_record()?;
        let id = contribution_id(&entry);
        let is_noted = self.community.contribution(&id).is_some();
        if !is_noted && self.community.contributions(|row| row.budget == account.0).len() >= CONTRIBUTIONS_MAX
        {
            let advice = "open another budget for what comes now";
            return Err(Refused::TooMany { what: "contributions", limit: CONTRIBUTIONS_MAX, advice });
        }
        let (code, at) = (random()?, wall_clock().seconds());
        let (budget, kind, entry) = (account.0, asked.kind, Some(entry.0));
        let row = ContributionRow { budget, who, cents: given, kind, amount, entry, raised: false, code, at };
        let row = self.community.add_contribution(id, row).await?;
        self.contribution_json(&id, &row)
    }

    /// Notes which contributions have raised a cap by now: a ledger that continues this one knows no entries of it.
    pub(super) fn note_raised(&self) {
        for (id, row) in self.community.contributions(|row| !row.raised && row.entry.is_some()) {
            // What cannot be read now is looked at again with the next sweep.
            if matches!(self.raised_by(&row), Ok(Some(_))) {
                self.community.note_raised(&id);
            }
        }
    }

    /// Forgets a contribution that raised nothing, as the council, also on the disk.
    ///
    /// # Errors
    /// `Forbidden` for every other session and for one that raised a cap, `Unknown`.
    pub async fn forget_contribution(&self, visitor: &Visitor, id: &[u8; 16]) -> Result<(), Refused> {
        self.must_be_council(visitor)?;
        let row = self.community.contribution(id).ok_or_else(unknown_budget)?;
        if row.raised || self.raised_by(&row)?.is_some() {
            let advice = "it raised a cap and stays: lower the cap beside it when it was a mistake";
            return Err(Refused::Forbidden { advice });
        }
        self.must_record()?;
        Ok(self.community.forget_contribution(id).await?)
    }

    /// Returns a contribution by the secret of its thank-you.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn thanks_for(&self, code: &[u8; 16]) -> Result<ThanksView, Refused> {
        let found = self.community.contributions(|row| row.code == *code);
        let (_, row) = found.into_iter().next().ok_or_else(unknown_budget)?;
        let raised = row.raised || self.raised_by(&row)?.is_some();
        let budget = self.community.listed_name(&AccountId(row.budget));
        Ok(ThanksView { row, budget, raised })
    }
}

fn is_open_budget(account: &Account) -> bool {
    account.kind() == AccountKind::Budget && account.closed_to().is_none()
}

fn room_of(account: &Account, now: Timestamp) -> Room {
    let state = account.standing(now).state;
    let (cap, outstanding) = (state.limit.minor(), account.balance().min(0).unsigned_abs());
    let ended = state.until.is_some_and(|until| until.has_passed(now));
    Room {
        cap,
        outstanding,
        left: if ended { 0 } else { available(account, now) },
        exposure: if ended { outstanding } else { cap.max(outstanding) },
        until: state.until.map(|until| until.to_string()),
        ended,
        organisation: state.organisation.map(|organisation| organisation.to_hex()),
    }
}

pub(super) fn euro_cents(minor: u64, rate: Option<Rate>) -> Option<u64> {
    let rate = rate?;
    match Amount::new(minor) {
        Ok(amount) => rate.euro_cents(amount),
        Err(_) => Some(0),
    }
}

pub(super) fn named(field: &'static str, text: &str) -> Result<String, FieldError> {
    let text = text.trim();
    match fault_of_name(text) {
        Some(fault) => Err(FieldError::new(field, text, fault)),
        None => Ok(text.to_owned()),
    }
}

fn cents(field: &'static str, value: u64) -> Result<u64, FieldError> {
    let expected = "a number of euro cents belongs here, at most a hundred million euro";
    if value <= CENTS_MAX { Ok(value) } else { Err(FieldError::new(field, value, expected)) }
}

/// Returns that there is no such budget, contribution, or page of a funder.
pub fn unknown_budget() -> Refused {
    let advice = "it was closed, or its address changed: look at the list of budgets";
    Refused::Unknown { what: "budget", code: "unknown_budget", advice }
}
