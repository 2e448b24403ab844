//! Budgets with their funders: euro promised and received, contributions that raise a cap, and what a funder may see.
//! The council sees its budgets exactly; a funder sees what they paid for in tens, looked at every four weeks, and nothing
//! of fewer than ten people, also not by taking off what is shown.

use super::coordination::PEOPLE_MIN;
use super::pots::random;
use super::tasks::moment;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::budgets::FiguresRow;
use crate::community::directory::fault_of_name;
use crate::community::sessions::Visitor;
use crate::community::{BudgetRow, ContributionRow};
use klaver_api::text::{self, FieldError};
use klaver_api::{AddContribution, Contribution, CouncilBudget, CouncilBudgets, EditBudget, Task, paths};
use klaver_ledger::account::AccountKind;
use klaver_ledger::amount::{Amount, Rate, balance_to_decimal};
use klaver_ledger::books::Account;
use klaver_ledger::entry::{Body, Earn, EarnReason};
use klaver_ledger::id::{AccountId, EntryId, TaskId};
use klaver_ledger::link::CodeId;
use klaver_ledger::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::PoisonError;

/// Most euro cents that one number holds: a hundred million euro.
const CENTS_MAX: u64 = 10_000_000_000;
/// Most contributions of one budget.
const CONTRIBUTIONS_MAX: usize = 1_000;
/// For how many days the figures of a budget stay: what was given between two looks is never one day's.
const LOOKED_AT_DAYS: u64 = 28;
/// Lines of a budget that are read at once.
const LINES_AT_ONCE: usize = 200;
/// What credits are received for, in the order of [`FiguresRow::reasons`].
const REASONS: [EarnReason; 3] = [EarnReason::Helped, EarnReason::TookPart, EarnReason::Welcome];

/// What the books say of a budget, in minor units.
#[derive(Clone, Debug)]
struct Room {
    cap: u64,
    outstanding: u64,
    left: u64,
    exposure: u64,
    until: Option<String>,
    ended: bool,
    organisation: Option<String>,
}

/// A budget as its funder sees it.
#[derive(Clone, Debug)]
pub struct FundedBudget {
    /// What it is called.
    pub name: Option<String>,
    /// The decision that it rests on.
    pub reference: Option<String>,
    /// How much it may give in all, in minor units.
    pub cap: u64,
    /// Until when it may give.
    pub until: Option<String>,
    /// Promised, and received, in euro cents.
    pub cents: [u64; 2],
    /// Most that the community may have to pay for it, in euro cents.
    pub exposure_cents: Option<u64>,
    /// What it paid for.
    pub figures: FiguresRow,
    /// The tasks that it gave for and that anybody can read.
    pub tasks: Vec<Task>,
}

/// What a funder sees.
#[derive(Clone, Debug)]
pub struct FunderView {
    /// The funder.
    pub funder: String,
    /// Its budgets.
    pub budgets: Vec<FundedBudget>,
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

    fn money(&self, minor: u64) -> String {
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
        let (room, rate) = {
            let (standing, now) = (self.reader.standing(), wall_clock());
            let found = standing.account(account).ok_or_else(unknown_budget)?;
            (room_of(found, now), standing.charter(now).and_then(|charter| charter.policy.euro_rate))
        };
        self.council_budget(account, &room, rate)
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
        let id: [u8; 16] = *entry.0.first_chunk().expect("an entry's id has thirty-two bytes");
        if let Some(before) = self.community.contribution(&id) {
            return self.contribution_json(&id, &before);
        }
        if self.community.contributions(|row| row.budget == account.0).len() >= CONTRIBUTIONS_MAX {
            let advice = "open another budget for what comes now";
            return Err(Refused::TooMany { what: "contributions", limit: CONTRIBUTIONS_MAX, advice });
        }
        let (code, at) = (random()?, wall_clock().seconds());
        let (budget, kind, entry) = (account.0, asked.kind, Some(entry.0));
        let row = ContributionRow { budget, who, cents: given, kind, amount, entry, raised: false, code, at };
        self.community.set_contribution(id, Some(row.clone())).await?;
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
        Ok(self.community.set_contribution(*id, None).await?)
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

    /// Returns what a funder may see, by the secret of its page.
    ///
    /// # Errors
    /// `Unknown`, and what the store cannot read.
    pub fn funder(&self, code: &[u8; 16]) -> Result<FunderView, Refused> {
        let own = self.community.budgets(|row| row.code == *code);
        let funder = own.first().map(|(_, row)| row.funder.clone()).ok_or_else(unknown_budget)?;
        let mut budgets = own
            .iter()
            .map(|(account, row)| self.funded(account, row))
            .collect::<Result<Vec<_>, Refused>>()?;
        budgets.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(FunderView { funder, budgets })
    }

    fn funded(&self, account: &AccountId, row: &BudgetRow) -> Result<FundedBudget, Refused> {
        let (room, rate) = {
            let (standing, now) = (self.reader.standing(), wall_clock());
            let found = standing.account(account).ok_or_else(unknown_budget)?;
            (room_of(found, now), standing.charter(now).and_then(|charter| charter.policy.euro_rate))
        };
        let figures = self.figures(account, row)?;
        let added: u64 = self
            .community
            .contributions(|given| given.budget == account.0)
            .iter()
            .map(|(_, given)| given.cents)
            .sum();
        let tasks = figures.tasks.iter().filter_map(|id| self.task(&TaskId(*id)).ok()).collect();
        Ok(FundedBudget {
            name: self.community.profile(account).map(|profile| profile.name),
            reference: row.reference.clone(),
            cap: room.cap,
            until: room.until.clone(),
            cents: [row.promised_cents + added, row.received_cents + added],
            // Of a budget that has ended, what is outstanding is known in tens alone.
            exposure_cents: if room.ended { None } else { euro_cents(room.cap, rate) },
            figures,
            tasks,
        })
    }

    /// Returns what a budget paid for, looked at every four weeks, and once a day (UTC) while there is nothing to show; a
    /// start in between shows the same.
    fn figures(&self, account: &AccountId, row: &BudgetRow) -> Result<FiguresRow, Refused> {
        let day = wall_clock().day().0;
        let shown = |row: &BudgetRow| row.figures.clone().filter(|figures| is_shown(figures, day));
        if let Some(figures) = shown(row) {
            return Ok(figures);
        }
        // It reads all that the budget gave: nobody but funders waits for it.
        let _looking = self.looking_at_figures.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever came at the same time has looked meanwhile.
        if let Some(figures) = self.community.budget(account).as_ref().and_then(shown) {
            return Ok(figures);
        }
        let outstanding = {
            let standing = self.reader.standing();
            standing.account(account).map_or(0, |account| room_of(account, wall_clock()).outstanding)
        };
        let gifts = self.gifts_of(account)?;
        let unit = 10_u64.pow(self.scale().decimals().into());
        let people_kinds = self.kinds_of(gifts.iter().map(|gift| gift.account));
        let figures = figures_of(day, &gifts, outstanding, unit, |account| people_kinds.contains(account));
        self.community.keep_figures(account, figures.clone());
        Ok(figures)
    }

    /// Returns those of these accounts that are a person's: a member's or a card.
    fn kinds_of(&self, accounts: impl Iterator<Item = AccountId>) -> BTreeSet<AccountId> {
        let standing = self.reader.standing();
        accounts.filter(|id| standing.account(id).is_some_and(|account| is_person(account.kind()))).collect()
    }

    /// Returns what a budget gave, less what was put right.
    fn gifts_of(&self, budget: &AccountId) -> Result<Vec<Gift>, Refused> {
        let (mut before, mut earns, mut undone) = (None, Vec::new(), HashMap::new());
        loop {
            let page = self.reader.statement(budget, before, LINES_AT_ONCE)?;
            let indexes: BTreeSet<u64> = page.lines.iter().map(|line| line.line.index).collect();
            for index in indexes {
                match self.body(index)? {
                    Body::Earn(earn) if earn.budget == *budget => earns.push((index, earn)),
                    Body::Correct(correct) => {
                        for (line, amount) in correct.lines {
                            *undone.entry((correct.index, line)).or_insert(0) += amount.minor();
                        }
                    }
                    _ => {}
                }
            }
            before = page.before;
            if before.is_none() {
                break;
            }
        }
        Ok(earns.iter().flat_map(|(index, earn)| gifts_in(*index, earn, &undone)).collect())
    }
}

/// What one account received from a budget.
#[derive(Clone, Copy, Debug)]
struct Gift {
    account: AccountId,
    amount: u64,
    reason: EarnReason,
    task: Option<TaskId>,
}

/// Returns what stands of a record that gave; the payee's lines come behind the budget's own.
fn gifts_in(index: u64, earn: &Earn, undone: &HashMap<(u64, u64), u64>) -> Vec<Gift> {
    let lines = (1..).zip(&earn.payees);
    let left = lines.map(|(line, (account, amount))| {
        let back = undone.get(&(index, line)).copied().unwrap_or(0);
        Gift {
            account: *account,
            amount: amount.minor().saturating_sub(back),
            reason: earn.reason,
            task: earn.task,
        }
    });
    left.filter(|gift| gift.amount > 0).collect()
}

/// Returns whether figures are shown on a day as they were looked at before.
fn is_shown(figures: &FiguresRow, day: u64) -> bool {
    let days = if figures.people.is_some() { LOOKED_AT_DAYS } else { 1 };
    (figures.day..figures.day.saturating_add(days)).contains(&day)
}

/// Returns the figures of a day: tens, and nothing where fewer than ten people stand behind it, also not where all that is
/// shown is taken off all that was given.
fn figures_of(
    day: u64,
    gifts: &[Gift],
    outstanding: u64,
    unit: u64,
    is_person: impl Fn(&AccountId) -> bool,
) -> FiguresRow {
    let tens = |number: u64| (PEOPLE_MIN <= number).then_some(number / 10 * 10);
    let count = |some: &[&Gift]| {
        let people: BTreeSet<_> =
            some.iter().filter(|gift| is_person(&gift.account)).map(|gift| gift.account).collect();
        people.len() as u64
    };
    let sum_of = |some: &[&Gift]| tens(some.iter().map(|gift| gift.amount).sum::<u64>() / unit);
    let all: Vec<&Gift> = gifts.iter().collect();
    let Some(people) = tens(count(&all)) else { return FiguresRow { day, ..FiguresRow::default() } };
    let mut of_task: BTreeMap<[u8; 16], ()> = BTreeMap::new();
    of_task.extend(gifts.iter().filter_map(|gift| Some((gift.task?.0, ()))));
    let of = |reason| -> Vec<&Gift> { gifts.iter().filter(|gift| gift.reason == reason).collect() };
    let mut told = REASONS.to_vec();
    told.retain(|reason| PEOPLE_MIN <= count(&of(*reason)));
    told.sort_by_key(|reason| count(&of(*reason)));
    // Few people behind what is left are hidden behind more: the smallest that would be told stays back too.
    let left: Vec<&Gift> = gifts.iter().filter(|gift| !told.contains(&gift.reason)).collect();
    if (1..PEOPLE_MIN).contains(&count(&left)) && !told.is_empty() {
        told.remove(0);
    }
    let reasons = REASONS.map(|reason| told.contains(&reason).then(|| sum_of(&of(reason))).flatten());
    FiguresRow {
        day,
        people: Some(people),
        given: sum_of(&all),
        reasons,
        outstanding: tens(outstanding / unit),
        tasks: of_task.into_keys().collect(),
    }
}

pub(super) fn is_person(kind: AccountKind) -> bool {
    matches!(kind, AccountKind::Member | AccountKind::Card)
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
        left: if ended { 0 } else { cap.saturating_sub(outstanding) },
        exposure: if ended { outstanding } else { cap.max(outstanding) },
        until: state.until.map(|until| until.to_string()),
        ended,
        organisation: state.organisation.map(|organisation| organisation.to_hex()),
    }
}

fn euro_cents(minor: u64, rate: Option<Rate>) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn gift(person: u8, amount: u64, reason: EarnReason) -> Gift {
        Gift { account: AccountId([person; 16]), amount, reason, task: Some(TaskId([9; 16])) }
    }

    #[test]
    fn a_funder_sees_tens_and_nothing_of_fewer_than_ten_people() {
        let figures = |gifts: &[Gift]| figures_of(1, gifts, 27_400, 100, |_| true);
        let nine: Vec<Gift> = (0..9).map(|person| gift(person, 5_000, EarnReason::Helped)).collect();
        assert_eq!(figures(&nine), FiguresRow { day: 1, ..FiguresRow::default() });
        // The same person twice is one; the tenth is another, who took part.
        let mut more = [nine.clone(), nine].concat();
        assert_eq!(figures(&more).people, None);
        more.push(gift(9, 400, EarnReason::TookPart));
        let shown = figures(&more);
        assert_eq!((shown.people, shown.given, shown.outstanding), (Some(10), Some(900), Some(270)));
        assert_eq!(shown.reasons, [None, None, None], "nine people helped, one took part");
        assert_eq!(shown.tasks, [[9; 16]]);
        more.push(gift(9, 99, EarnReason::Helped));
        assert_eq!(figures(&more).reasons, [None; 3], "all but the helped is what one person took part for");
    }

    #[test]
    fn a_reason_of_few_people_is_not_seen_by_taking_off_the_others() {
        let some =
            |people: std::ops::Range<u8>, reason| people.map(move |person| gift(person, 1_000, reason));
        let figures = |gifts: &[Gift]| figures_of(1, gifts, 0, 100, |_| true).reasons;
        let mut gifts: Vec<Gift> = some(0..20, EarnReason::Helped).collect();
        gifts.extend(some(0..12, EarnReason::TookPart));
        assert_eq!(figures(&gifts), [Some(200), Some(120), None], "nobody is hidden");
        gifts.extend(some(0..9, EarnReason::Welcome));
        assert_eq!(figures(&gifts), [Some(200), None, None], "nine are hidden behind twelve");
        gifts.extend(some(9..10, EarnReason::Welcome));
        assert_eq!(figures(&gifts), [Some(200), Some(120), Some(100)]);
    }

    #[test]
    fn what_is_shown_stays_for_four_weeks_and_nothing_for_a_day() {
        let shown = |people, day| is_shown(&FiguresRow { day: 100, people, ..FiguresRow::default() }, day);
        assert!(shown(Some(10), 100) && shown(Some(10), 101) && shown(Some(10), 127));
        assert!(!shown(Some(10), 128) && !shown(Some(10), 99), "a clock that was ahead holds nothing back");
        assert!(shown(None, 100) && !shown(None, 101));
    }

    #[test]
    fn what_was_put_right_is_not_counted() {
        let payees = vec![
            (AccountId([1; 16]), Amount::new(200).unwrap()),
            (AccountId([2; 16]), Amount::new(300).unwrap()),
        ];
        let earn = Earn { budget: AccountId([8; 16]), reason: EarnReason::Helped, task: None, payees };
        let undone = HashMap::from([((7, 1), 200), ((7, 2), 100), ((6, 1), 999)]);
        let left = gifts_in(7, &earn, &undone);
        assert_eq!(left.iter().map(|gift| (gift.account.0[0], gift.amount)).collect::<Vec<_>>(), [(2, 200)]);
    }
}
