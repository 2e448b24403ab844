//! How the community grew: counted by month, in tens, looked at once a day, so that nobody is seen in a difference.

use super::few::tens;
use super::months::month_of;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::pioneers::GrowthRow;
use crate::community::sessions::Visitor;
use klaver_api::{Growth, MonthOfGrowth};
use klaver_ledger::account::AccountKind;
use klaver_ledger::entry::{Body, Kind};
use klaver_ledger::record::Record;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// What was counted so far: only new records are read.
#[derive(Default)]
pub(super) struct Counted {
    next: u64,
    opened: BTreeMap<String, u64>,
    /// Where accounts came over from an earlier ledger: in which month, and how many in all.
    came_over: Option<(String, u64)>,
}

impl Service {
    /// Returns how the community grew.
    ///
    /// # Errors
    /// `Forbidden` for every session but the council's, and what the store cannot read.
    pub fn growth(&self, visitor: &Visitor) -> Result<Growth, Refused> {
        self.must_be_council(visitor)?;
        let today = wall_clock().day().0;
        let mut counted = self.grown.lock().unwrap_or_else(PoisonError::into_inner);
        let row = match self.community.growth() {
            Some(row) if row.day == today => row,
            known => {
                self.count_joined(&mut counted)?;
                let before = known.map(|row| row.before).unwrap_or_default();
                let months = months_of(&before, counted.came_over.as_ref(), &counted.opened);
                let row = GrowthRow { day: today, months, before };
                self.community.keep_growth(row.clone());
                row
            }
        };
        let months = row.months.into_iter().map(|(month, people)| MonthOfGrowth { month, people });
        Ok(Growth { months: months.collect() })
    }

    fn count_joined(&self, counted: &mut Counted) -> Result<(), Refused> {
        let members = {
            let standing = self.reader.standing();
            standing.accounts().filter(|account| account.kind() == AccountKind::Member).count() as u64
        };
        let size = self.reader.head().size;
        while counted.next < size {
            let posted = self.reader.posted(counted.next)?;
            if posted.kind == Kind::Open {
                let record = Record::decode(&self.reader.record(counted.next)?.record)?;
                if let Body::Open(open) = &record.signed.entry().body {
                    let members =
                        open.states.iter().filter(|state| state.kind == AccountKind::Member).count();
                    *counted.opened.entry(month_of(record.recorded_at)).or_default() += members as u64;
                }
            }
            counted.next += 1;
        }
        if counted.came_over.is_none() {
            // Whoever no record of this ledger opened was there when it began.
            let began = month_of(self.reader.posted(0)?.recorded_at);
            counted.came_over = Some((began, members.saturating_sub(counted.opened.values().sum())));
        }
        Ok(())
    }
}

/// Returns how many had joined by the end of each month, in tens, from the first with ten on. What was shown `before`
/// stays; who came over was there already, so it goes on from the larger of both.
fn months_of(
    before: &[(String, u64)],
    came_over: Option<&(String, u64)>,
    opened: &BTreeMap<String, u64>,
) -> Vec<(String, u64)> {
    let mut more = opened.clone();
    let mut people = before.last().map_or(0, |(_, people)| *people);
    if let Some((month, over)) = came_over.filter(|(_, over)| *over > 0) {
        *more.entry(month.clone()).or_default() += over.saturating_sub(people);
    }
    let mut months: BTreeMap<String, u64> = before.iter().cloned().collect();
    for (month, more) in more {
        people += more;
        if let Some(told) = tens(people) {
            months.insert(month, told);
        }
    }
    months.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_told_in_tens_from_the_first_ten_on() {
        let opened = [("2026-09", 9), ("2026-10", 4), ("2026-11", 16)];
        let opened = opened.map(|(month, people)| (month.to_owned(), people)).into();
        assert_eq!(months_of(&[], None, &opened), [("2026-10".to_owned(), 10), ("2026-11".to_owned(), 20)]);
        let none = Some(("2026-09".to_owned(), 0));
        assert_eq!(months_of(&[], none.as_ref(), &opened), months_of(&[], None, &opened));
    }

    #[test]
    fn growth_goes_on_in_the_next_ledger() {
        let month = |month: &str, people| (month.to_owned(), people);
        let before = [month("2026-09", 10), month("2026-10", 30)];
        // Forty-seven came over, more than were shown when the council looked last; six joined since.
        let over = month("2026-12", 47);
        let opened: BTreeMap<_, _> = [month("2026-12", 4), month("2027-01", 2)].into();
        let told = months_of(&before, Some(&over), &opened);
        let expected = [before.to_vec(), vec![month("2026-12", 50), month("2027-01", 50)]].concat();
        assert_eq!(told, expected);
        // Who left before does not make it shrink.
        let told = months_of(&before, Some(&month("2026-10", 20)), &opened);
        assert_eq!(told.last(), Some(&month("2027-01", 30)));
    }
}
