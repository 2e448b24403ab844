//! What organisations did in a month: counted from their own entries and sessions, or by themselves. Nobody hears of fewer
//! people than may be told, and what is told of all together never gives away one that is left out.

use super::few::{COUNT_MIN, PEOPLE_MIN, in_tens, is_person};
use super::gifts::Gift;
use super::months::{month_before, month_of, month_of_seconds};
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::organisations::Counted;
use klaver_api::MonthFigures;
use klaver_ledger::account::AccountKind;
use klaver_ledger::id::AccountId;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::PoisonError;

/// What one or several organisations did in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// The accounts that were thanked: people's, by phone or card.
    people: HashSet<AccountId>,
    /// People that an organisation without the currency counted.
    counted: u64,
    /// How often people came together.
    moments: u64,
    /// How long, in minutes.
    minutes: u64,
    /// What was given, in minor units.
    pub(super) given: u64,
}

/// What every organisation did, by its id.
pub(super) type DoneBy = BTreeMap<[u8; 16], Done>;

/// What one or several organisations did in a month, without who was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    people: u64,
    counted: u64,
    moments: u64,
    minutes: u64,
}

/// The last month that is over, as anybody may know it.
#[derive(Clone, Debug)]
pub(super) struct LastMonth {
    /// Which month.
    pub(super) month: String,
    /// What every organisation did.
    pub(super) sums: BTreeMap<[u8; 16], Sum>,
    /// What all of them did, as it was looked at today.
    pub(super) together: Option<MonthFigures>,
}

/// What was seen of the last month. What budgets gave in it changes no more; the rest is looked at once a day (UTC), so that
/// whoever changes a count of their own sees no difference in what all did.
#[derive(Debug, Default)]
pub(super) struct Seen {
    month: String,
    day: Option<u64>,
    given: DoneBy,
    sums: BTreeMap<[u8; 16], Sum>,
    together: Option<MonthFigures>,
}

impl Done {
    fn sum(&self) -> Sum {
        let Self { counted, moments, minutes, .. } = *self;
        Sum { people: self.people.len() as u64, counted, moments, minutes }
    }

    fn add(&mut self, other: &Self) {
        self.people.extend(&other.people);
        self.count(&other.sum());
        self.given = self.given.saturating_add(other.given);
    }

    /// Adds what a budget gave; whoever is no person is still among them.
    fn give(&mut self, gifts: &[Gift]) {
        self.people.extend(gifts.iter().map(|gift| gift.account));
        self.moments += gifts.iter().map(|gift| gift.index).collect::<HashSet<_>>().len() as u64;
        self.given = gifts.iter().map(|gift| gift.amount).fold(self.given, u64::saturating_add);
    }

    /// Adds what was counted; whoever was there is added apart.
    fn count(&mut self, other: &Sum) {
        self.counted += other.counted;
        self.moments += other.moments;
        self.minutes += other.minutes;
    }

    fn of<'d>(all: impl IntoIterator<Item = &'d Self>) -> Self {
        let mut sum = Self::default();
        all.into_iter().for_each(|one| sum.add(one));
        sum
    }

    /// Returns the figures as they are: for whoever signed the entries.
    pub(super) fn figures(&self, month: &str) -> MonthFigures {
        self.sum().figures(month)
    }
}

impl Sum {
    /// Returns whether these are `least` people. Whoever was counted by hand hides nobody who was thanked.
    fn reaches(&self, least: u64) -> bool {
        least <= if self.people == 0 { self.counted } else { self.people }
    }

    fn figures(&self, month: &str) -> MonthFigures {
        MonthFigures {
            month: month.to_owned(),
            people: self.people + self.counted,
            moments: self.moments,
            hours: (self.minutes + 30) / 60,
        }
    }

    /// Returns the figures for the public: in tens; nothing of fewer than ten people.
    pub(super) fn public(&self, month: &str) -> Option<MonthFigures> {
        let MonthFigures { month, people, moments, hours } = self.of_at_least(PEOPLE_MIN, month)?;
        let [people, moments, hours] = [people, moments, hours].map(in_tens);
        Some(MonthFigures { month, people, moments, hours })
    }

    /// Returns the figures; nothing of fewer people than `least`.
    pub(super) fn of_at_least(&self, least: u64, month: &str) -> Option<MonthFigures> {
        self.reaches(least).then(|| self.figures(month))
    }
}

/// Returns what all did together: those that anybody is told of by themselves, and the others only where they hide each other.
fn together(all: &DoneBy) -> Sum {
    let (told, others): (Vec<&Done>, Vec<&Done>) =
        all.values().partition(|done| done.sum().reaches(PEOPLE_MIN));
    let mut sum = Done::of(told);
    if hide_each_other(&others) {
        sum.add(&Done::of(others));
    }
    sum.sum()
}

/// Returns whether nobody sees fewer than may be told by taking off what they know: the staff of one knows its own, the
/// council those of five and more.
fn hide_each_other(others: &[&Done]) -> bool {
    let mut at: HashMap<AccountId, u32> = HashMap::new();
    others.iter().flat_map(|one| &one.people).for_each(|person| *at.entry(*person).or_default() += 1);
    let without = |one: &Done| at.len() - one.people.iter().filter(|person| at[*person] == 1).count();
    let few = Done::of(others.iter().copied().filter(|one| !one.sum().reaches(COUNT_MIN))).people.len();
    !others.is_empty()
        && others.iter().all(|one| PEOPLE_MIN <= without(one) as u64)
        && (few == 0 || COUNT_MIN <= few as u64)
}

impl Seen {
    /// Looks at a month that is over, where that was not done on this day: what was given is read once.
    fn look(
        &mut self,
        month: &str,
        day: u64,
        given: impl FnOnce() -> Result<DoneBy, Refused>,
        add_sessions: impl FnOnce(&mut DoneBy),
        counted: &BTreeMap<[u8; 16], Sum>,
    ) -> Result<(), Refused> {
        if self.month != month {
            let given = given()?;
            *self = Self { month: month.to_owned(), given, ..Self::default() };
        }
        if self.day != Some(day) {
            let mut done = self.given.clone();
            add_sessions(&mut done);
            self.sums = done.iter().map(|(id, done)| (*id, done.sum())).collect();
            counted.iter().for_each(|(id, counted)| done.entry(*id).or_default().count(counted));
            self.together = together(&done).public(month);
            self.day = Some(day);
        }
        Ok(())
    }
}

impl Service {
    /// Returns the last month that is over. What an organisation counted itself is there at once in its own figures, and in
    /// those of all together from the next day on.
    ///
    /// # Errors
    /// What the store cannot read.
    pub(super) fn last_month(&self) -> Result<LastMonth, Refused> {
        let now = wall_clock();
        let month = month_before(&month_of(now));
        let counted = self.counted_in(&month);
        let (mut sums, together) = {
            let mut seen = self.month_done.lock().unwrap_or_else(PoisonError::into_inner);
            let given = || self.given_in(&month, None);
            seen.look(&month, now.day().0, given, |done| self.add_sessions(&month, done), &counted)?;
            (seen.sums.clone(), seen.together.clone())
        };
        for (id, Sum { counted, moments, minutes, .. }) in counted {
            let own = sums.entry(id).or_default();
            own.counted += counted;
            own.moments += moments;
            own.minutes += minutes;
        }
        Ok(LastMonth { month, sums, together })
    }

    /// Returns what one organisation did in this month and the two before it, the newest first.
    ///
    /// # Errors
    /// What the store cannot read.
    pub(super) fn own_months(&self, organisation: &[u8; 16]) -> Result<Vec<(String, Done)>, Refused> {
        let mut month = month_of(wall_clock());
        let mut months = Vec::with_capacity(3);
        for _ in 0..3 {
            let mut done = self.given_in(&month, Some(organisation))?;
            self.add_sessions(&month, &mut done);
            months.push((month.clone(), done.remove(organisation).unwrap_or_default()));
            month = month_before(&month);
        }
        Ok(months)
    }

    /// Counts what budgets gave in a month, of one organisation or of all.
    fn given_in(&self, month: &str, only: Option<&[u8; 16]>) -> Result<DoneBy, Refused> {
        let budgets: Vec<(AccountId, [u8; 16])> = {
            let (standing, now) = (self.reader.standing(), wall_clock());
            let budgets = standing.pots().filter(|account| account.kind() == AccountKind::Budget);
            let named = budgets
                .filter_map(|account| Some((account.id(), account.standing(now).state.organisation?.0)));
            named.filter(|(_, organisation)| only.is_none_or(|only| only == organisation)).collect()
        };
        let mut all = DoneBy::new();
        for (budget, organisation) in budgets {
            let gifts = self.gifts_of(&budget, |at| month_of(at).as_str().cmp(month))?;
            all.entry(organisation).or_default().give(&gifts);
        }
        let standing = self.reader.standing();
        let is_persons =
            |id: &AccountId| standing.account(id).is_some_and(|account| is_person(account.kind()));
        all.values_mut().for_each(|done| done.people.retain(is_persons));
        Ok(all)
    }

    /// Adds how long the sessions of a month lasted.
    fn add_sessions(&self, month: &str, all: &mut DoneBy) {
        let tasks = self.community.tasks(|row| row.organisation.is_some());
        let organisations: HashMap<[u8; 16], [u8; 16]> =
            tasks.into_iter().filter_map(|(id, task)| Some((id.0, task.organisation?))).collect();
        let held = self
            .community
            .sessions_of_tasks(|row| !row.cancelled && month_of_seconds(row.ends_at()) == month);
        for (_, session) in held {
            let done = organisations.get(&session.task).and_then(|organisation| all.get_mut(organisation));
            if let Some(done) = done {
                done.minutes += u64::from(session.minutes);
            }
        }
    }

    /// Returns what organisations without the currency counted, and how often they met.
    fn counted_in(&self, month: &str) -> BTreeMap<[u8; 16], Sum> {
        let counted = self.community.organisations().into_iter().filter_map(|(id, row)| {
            let Counted { people, hours } = *row.months.get(month)?;
            Some((id, Sum { people: 0, counted: people, moments: 0, minutes: hours * 60 }))
        });
        let mut all: BTreeMap<[u8; 16], Sum> = counted.collect();
        for (_, one) in self.community.gatherings(|one| month_of_seconds(one.ends_at()) == month) {
            if let Some(sum) = all.get_mut(&one.organisation) {
                sum.moments += 1;
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(first: u8, people: u8) -> Done {
        let people = (first..first + people).map(|one| AccountId([one; 16])).collect();
        Done { people, moments: 1, minutes: 90, ..Done::default() }
    }

    fn by_id(some: Vec<Done>) -> DoneBy {
        (0_u8..).map(|id| [id; 16]).zip(some).collect()
    }

    fn told(some: Vec<Done>) -> u64 {
        together(&by_id(some)).people
    }

    #[test]
    fn nothing_is_told_of_few_people_also_not_by_taking_off_what_is() {
        assert_eq!(done(0, 9).sum().public("2026-10"), None);
        let public = Sum { people: 19, counted: 0, moments: 14, minutes: 29 * 60 }.public("2026-10").unwrap();
        assert_eq!((public.people, public.moments, public.hours), (10, 10, 20), "all of it in tens");
        // Nine beside twenty would be what is left of all.
        assert_eq!(told(vec![done(0, 20), done(20, 9)]), 20);
        // Whoever goes to both is one person.
        assert_eq!(told(vec![done(0, 20), done(10, 20)]), 30);
    }

    #[test]
    fn whoever_knows_one_of_the_hidden_or_those_of_five_sees_no_smaller_group() {
        // The staff of either nine would see the other nine; of three, two others are left.
        assert_eq!(told(vec![done(0, 20), done(20, 9), done(29, 9)]), 20);
        assert_eq!(told(vec![done(0, 20), done(20, 9), done(29, 9), done(38, 9)]), 47);
        // The same nine people twice are nine.
        assert_eq!(told(vec![done(0, 20), done(20, 9), done(20, 9), done(29, 1)]), 20);
        // The council sees each of five and more, and would see what four did.
        assert_eq!(told(vec![done(0, 9), done(9, 9), done(18, 9), done(27, 4)]), 0);
        assert_eq!(told(vec![done(0, 9), done(9, 9), done(18, 9), done(27, 4), done(31, 1)]), 32);
    }

    #[test]
    fn whoever_is_counted_by_hand_hides_nobody_who_was_thanked() {
        let counted = |people| Done { counted: people, minutes: 60, ..Done::default() };
        let both = Done { counted: 50, ..done(0, 9) };
        assert_eq!((both.sum().public("2026-10"), told(vec![both])), (None, 0));
        for people in [0, 9, 10, 90] {
            let sum = together(&by_id(vec![done(0, 20), done(20, 9), counted(people)]));
            let own = if people < 10 { 0 } else { people };
            assert_eq!((sum.people, sum.counted), (20, own), "a count of {people} brings nobody else in");
            assert_eq!(sum.minutes, 90 + if people < 10 { 0 } else { 60 });
        }
        assert_eq!(counted(27).sum().public("2026-10").unwrap().people, 20);
    }

    #[test]
    fn what_all_did_is_looked_at_once_a_day_and_what_was_given_once() {
        let mut seen = Seen::default();
        let counted = |counted| BTreeMap::from([([9; 16], Sum { counted, ..Sum::default() })]);
        let people = |seen: &Seen| seen.together.as_ref().map(|all| all.people);
        let read = || Ok(by_id(vec![done(0, 20)]));
        let again = || -> Result<DoneBy, Refused> { panic!("it is read once") };
        seen.look("2026-10", 7, read, |_| {}, &counted(30)).unwrap();
        assert_eq!(people(&seen), Some(50));
        seen.look("2026-10", 7, again, |_| panic!("it was looked at today"), &counted(0)).unwrap();
        assert_eq!(people(&seen), Some(50), "a count that changes is no difference of today");
        seen.look("2026-10", 8, again, |_| {}, &counted(0)).unwrap();
        assert_eq!(people(&seen), Some(20));
        seen.look("2026-11", 38, || Ok(DoneBy::new()), |_| {}, &counted(0)).unwrap();
        assert_eq!(people(&seen), None);
    }
}
