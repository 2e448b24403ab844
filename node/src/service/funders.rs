//! What a funder may see of the budgets that it pays for: in tens, looked at every four weeks, and nothing of fewer than
//! ten people, also not by taking off what is shown.

use super::budgets::{euro_cents, unknown_budget};
use super::few::{PEOPLE_MIN, is_person, tens};
use super::gifts::Gift;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::BudgetRow;
use crate::community::budgets::FiguresRow;
use klaver_api::Task;
use klaver_ledger::entry::EarnReason;
use klaver_ledger::id::{AccountId, TaskId};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// For how many days the figures of a budget stay: what was given between two looks is never one day's.
const LOOKED_AT_DAYS: u64 = 28;
/// What credits are received for, in the order of [`FiguresRow::reasons`].
const REASONS: [EarnReason; 3] = [EarnReason::Helped, EarnReason::TookPart, EarnReason::Welcome];

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

impl Service {
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
        let (room, rate) = self.room_and_rate(account)?;
        let figures = self.figures(account, row, room.outstanding)?;
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
    fn figures(&self, account: &AccountId, row: &BudgetRow, outstanding: u64) -> Result<FiguresRow, Refused> {
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
        let gifts = self.gifts_of(account, |_| Ordering::Equal)?;
        let people = self.persons_of(gifts.iter().map(|gift| gift.account));
        let figures = figures_of(day, &gifts, outstanding, self.unit(), |account| people.contains(account));
        self.community.keep_figures(account, figures.clone());
        Ok(figures)
    }

    /// Returns those of these accounts that are a person's: a member's or a card.
    fn persons_of(&self, accounts: impl Iterator<Item = AccountId>) -> BTreeSet<AccountId> {
        let standing = self.reader.standing();
        accounts.filter(|id| standing.account(id).is_some_and(|account| is_person(account.kind()))).collect()
    }
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
    let count = |some: &[&Gift]| {
        let people: BTreeSet<_> =
            some.iter().filter(|gift| is_person(&gift.account)).map(|gift| gift.account).collect();
        people.len() as u64
    };
    let sum_of = |some: &[&Gift]| tens(some.iter().map(|gift| gift.amount).sum::<u64>() / unit);
    let all: Vec<&Gift> = gifts.iter().collect();
    let Some(people) = tens(count(&all)) else { return FiguresRow { day, ..FiguresRow::default() } };
    let tasks: BTreeSet<[u8; 16]> = gifts.iter().filter_map(|gift| Some(gift.task?.0)).collect();
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
        tasks: tasks.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gift(person: u8, amount: u64, reason: EarnReason) -> Gift {
        let (budget, account) = (AccountId([8; 16]), AccountId([person; 16]));
        Gift { index: 7, budget, account, amount, reason, task: Some(TaskId([9; 16])) }
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
}
