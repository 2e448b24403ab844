//! How it goes thirty and ninety days after an hour with pioneers: counted once, from what was recorded until then, in
//! tens, and nothing of fewer than ten people. A report that never changes leaves no difference to find somebody in.

use super::budgets::is_person;
use super::coordination::PEOPLE_MIN;
use super::{Refused, Service};
use crate::community::RoundRow;
use crate::community::pioneers::PulseRow;
use crate::community::tasks::TaskState;
use klaver_ledger::account::AccountKind;
use klaver_ledger::entry::Body;
use klaver_ledger::id::{AccountId, OrganisationId};
use klaver_ledger::record::Record;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Whoever took part in the last so many seconds is active.
const ACTIVE_SECONDS: u64 = 30 * 86_400;

/// What the records say, before it is rounded.
#[derive(Default)]
struct Seen {
    people: BTreeSet<AccountId>,
    active: BTreeSet<AccountId>,
    /// What each of them paid to shops, in minor units.
    spent: HashMap<AccountId, u64>,
}

impl Service {
    /// Returns how it went `days` days after the hour, by what was recorded until then.
    ///
    /// # Errors
    /// What the store cannot read.
    pub(super) fn look_at_pulse(&self, round: &RoundRow, days: u16) -> Result<PulseRow, Refused> {
        let until = round.starts_at + u64::from(days) * 86_400;
        let place = self.organisation_of_budget(&AccountId(round.budget));
        let (kinds, budgets) = self.kinds_and_budgets(place, &AccountId(round.budget));
        let mut seen = Seen::default();
        for stored in self.reader.records(self.first_since(round.starts_at)?) {
            let record = Record::decode(&stored?.record)?;
            let at = record.recorded_at.seconds();
            if at >= until {
                break;
            }
            seen.look(&record.signed.entry().body, at + ACTIVE_SECONDS >= until, &kinds, &budgets);
        }
        let done = place.map(|place| self.tasks_done(&place, round.starts_at, until));
        let unit = 10_u64.pow(self.scale().decimals().into());
        Ok(seen.report(unit, done.unwrap_or(0)))
    }

    pub(super) fn organisation_of_budget(&self, budget: &AccountId) -> Option<OrganisationId> {
        let standing = self.reader.standing();
        standing.account(budget)?.standing(crate::clock::wall_clock()).state.organisation
    }

    /// Returns the kind of every account, and the budgets of a place.
    fn kinds_and_budgets(
        &self,
        place: Option<OrganisationId>,
        own: &AccountId,
    ) -> (HashMap<AccountId, AccountKind>, HashSet<AccountId>) {
        let (standing, now) = (self.reader.standing(), crate::clock::wall_clock());
        let kinds = standing.accounts().map(|account| (account.id(), account.kind())).collect();
        let budgets = standing.accounts().filter(|account| {
            let is_budget = account.kind() == AccountKind::Budget;
            is_budget
                && (account.id() == *own
                    || (place.is_some() && account.standing(now).state.organisation == place))
        });
        (kinds, budgets.map(|account| account.id()).collect())
    }

    /// Returns the index of the first record at or after a moment, in seconds since 1970 UTC.
    fn first_since(&self, seconds: u64) -> Result<u64, Refused> {
        let (mut low, mut high) = (0, self.reader.head().size);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.reader.posted(middle)?.recorded_at.seconds() < seconds {
                low = middle + 1
            } else {
                high = middle
            }
        }
        Ok(low)
    }

    fn tasks_done(&self, place: &OrganisationId, from: u64, until: u64) -> u64 {
        let is_meant = |row: &crate::community::TaskRow| {
            row.organisation == Some(place.0)
                && row.state == TaskState::Done
                && (from..until).contains(&row.changed_at)
        };
        self.community.tasks(is_meant).len() as u64
    }
}

impl Seen {
    /// Takes in what a record says; `is_late` when it lies in the last thirty days.
    fn look(
        &mut self,
        body: &Body,
        is_late: bool,
        kinds: &HashMap<AccountId, AccountKind>,
        budgets: &HashSet<AccountId>,
    ) {
        let is = |account: &AccountId, kind| kinds.get(account) == Some(&kind);
        match body {
            Body::Earn(earn) => {
                for (account, _) in &earn.payees {
                    if !kinds.get(account).copied().is_some_and(is_person) {
                        continue;
                    }
                    if budgets.contains(&earn.budget) {
                        self.people.insert(*account);
                    }
                    if is_late {
                        self.active.insert(*account);
                    }
                }
            }
            Body::Pay(pay) => {
                if is_late {
                    self.active.insert(pay.from);
                }
                let to_shops = pay.payees.iter().filter(|line| is(&line.to, AccountKind::Merchant));
                *self.spent.entry(pay.from).or_insert(0) +=
                    to_shops.map(|line| line.amount.minor()).sum::<u64>();
            }
            _ => {}
        }
    }

    fn report(&self, unit: u64, tasks: u64) -> PulseRow {
        let tens = |number: u64| (PEOPLE_MIN <= number).then_some(number / 10 * 10);
        let Some(people) = tens(self.people.len() as u64) else { return PulseRow::default() };
        let spenders: Vec<u64> = self
            .people
            .iter()
            .filter_map(|one| self.spent.get(one).copied())
            .filter(|sum| *sum > 0)
            .collect();
        let spent = tens(spenders.len() as u64).and_then(|_| tens(spenders.iter().sum::<u64>() / unit));
        let active = tens(self.people.intersection(&self.active).count() as u64);
        PulseRow { people: Some(people), active, spent, tasks: Some(tasks) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::amount::Amount;
    use klaver_ledger::entry::{Earn, EarnReason, Pay, PayLine};

    const SHOP: AccountId = AccountId([200; 16]);
    const BUDGET: AccountId = AccountId([201; 16]);

    fn person(number: u8) -> AccountId {
        AccountId([number; 16])
    }

    fn seen(people: u8, spenders: u8) -> Seen {
        let mut kinds: HashMap<_, _> = (0..people).map(|one| (person(one), AccountKind::Member)).collect();
        kinds.insert(SHOP, AccountKind::Merchant);
        let (budgets, mut seen) = (HashSet::from([BUDGET]), Seen::default());
        let amount = Amount::new(250).unwrap();
        let payees = (0..people).map(|one| (person(one), amount)).collect();
        let earn = Earn { budget: BUDGET, reason: EarnReason::Helped, task: None, payees };
        seen.look(&Body::Earn(earn), false, &kinds, &budgets);
        for one in 0..spenders {
            let payees = vec![PayLine { to: SHOP, amount, request: None }];
            seen.look(&Body::Pay(Pay { from: person(one), payees, late: false }), true, &kinds, &budgets);
        }
        seen
    }

    #[test]
    fn a_pulse_is_in_tens_and_silent_about_few() {
        assert_eq!(seen(9, 9).report(100, 4), PulseRow::default());
        let some = seen(25, 9).report(100, 4);
        assert_eq!(some, PulseRow { people: Some(20), active: None, spent: None, tasks: Some(4) });
        let many = seen(25, 14).report(100, 0);
        assert_eq!(many, PulseRow { people: Some(20), active: Some(10), spent: Some(30), tasks: Some(0) });
    }
}
