//! How it goes thirty and ninety days after an hour with pioneers: counted once, from what was recorded until then, in
//! tens, and nothing of fewer than ten people. A report that never changes leaves no difference to find somebody in.

use super::few::{is_person, tens};
use super::gifts::Gifts;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::pioneers::PulseRow;
use crate::community::tasks::TaskState;
use crate::community::{RoundRow, TaskRow};
use klaver_ledger::account::AccountKind;
use klaver_ledger::books::Account;
use klaver_ledger::entry::Body;
use klaver_ledger::id::{AccountId, OrganisationId};
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::record::Record;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Whoever took part in the last so many seconds is active.
const ACTIVE_SECONDS: u64 = 30 * DAY_SECONDS;

/// The accounts of a town, and which budgets are those of the hour's place.
struct Town {
    kinds: HashMap<AccountId, AccountKind>,
    budgets: HashSet<AccountId>,
}

/// What the records say, before it is rounded.
#[derive(Default)]
struct Seen {
    gifts: Gifts,
    /// Index of the first record of the last thirty days.
    late_from: Option<u64>,
    /// Who paid in these.
    paid_late: BTreeSet<AccountId>,
    /// What each of them paid to shops, in minor units.
    spent: HashMap<AccountId, u64>,
}

impl Service {
    /// Returns how it went `days` days after the hour, by what was recorded until then.
    ///
    /// # Errors
    /// What the store cannot read.
    pub(super) fn look_at_pulse(&self, round: &RoundRow, days: u16) -> Result<PulseRow, Refused> {
        let until = round.starts_at + u64::from(days) * DAY_SECONDS;
        let place = self.organisation_of_budget(&AccountId(round.budget));
        let town = self.town_of(place, &AccountId(round.budget));
        let mut seen = Seen::default();
        for stored in self.reader.records(self.first_since(round.starts_at)?) {
            let record = Record::decode(&stored?.record)?;
            let at = record.recorded_at.seconds();
            if at >= until {
                break;
            }
            seen.look(record.index, &record.signed.entry().body, at + ACTIVE_SECONDS >= until, &town);
        }
        let done = place.map(|place| self.tasks_done(&place, round.starts_at, until));
        Ok(seen.report(&town, self.unit(), done.unwrap_or(0)))
    }

    pub(super) fn organisation_of_budget(&self, budget: &AccountId) -> Option<OrganisationId> {
        let standing = self.reader.standing();
        standing.account(budget)?.standing(wall_clock()).state.organisation
    }

    fn town_of(&self, place: Option<OrganisationId>, own: &AccountId) -> Town {
        let (standing, now) = (self.reader.standing(), wall_clock());
        let is_of_place = |account: &&Account| {
            let of_place = || place.is_some() && account.standing(now).state.organisation == place;
            account.kind() == AccountKind::Budget && (account.id() == *own || of_place())
        };
        Town {
            kinds: standing.accounts().map(|account| (account.id(), account.kind())).collect(),
            budgets: standing.accounts().filter(is_of_place).map(Account::id).collect(),
        }
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
        let is_meant = |row: &TaskRow| {
            row.organisation == Some(place.0)
                && row.state == TaskState::Done
                && (from..until).contains(&row.changed_at)
        };
        self.community.tasks(is_meant).len() as u64
    }
}

impl Town {
    fn is_person(&self, account: &AccountId) -> bool {
        self.kinds.get(account).copied().is_some_and(is_person)
    }

    fn is_shop(&self, account: &AccountId) -> bool {
        self.kinds.get(account) == Some(&AccountKind::Merchant)
    }
}

impl Seen {
    /// Takes in what a record says; `is_late` when it lies in the last thirty days.
    fn look(&mut self, index: u64, body: &Body, is_late: bool, town: &Town) {
        if is_late {
            self.late_from.get_or_insert(index);
        }
        self.gifts.note(index, body);
        if let Body::Pay(pay) = body {
            if is_late {
                self.paid_late.insert(pay.from);
            }
            let to_shops = pay.payees.iter().filter(|line| town.is_shop(&line.to));
            *self.spent.entry(pay.from).or_insert(0) += to_shops.map(|line| line.amount.minor()).sum::<u64>();
        }
    }

    fn report(&self, town: &Town, unit: u64, tasks: u64) -> PulseRow {
        let mut given = self.gifts.left();
        given.retain(|gift| town.is_person(&gift.account));
        let of_place = given.iter().filter(|gift| town.budgets.contains(&gift.budget));
        let thanked: BTreeSet<AccountId> = of_place.map(|gift| gift.account).collect();
        let Some(people) = tens(thanked.len() as u64) else { return PulseRow::default() };
        let late = given.iter().filter(|gift| self.late_from.is_some_and(|from| from <= gift.index));
        let mut active = self.paid_late.clone();
        active.extend(late.map(|gift| gift.account));
        let sums = thanked.iter().filter_map(|one| self.spent.get(one).copied());
        let spent: Vec<u64> = sums.filter(|sum| *sum > 0).collect();
        PulseRow {
            people: Some(people),
            active: tens(thanked.intersection(&active).count() as u64),
            spent: tens(spent.len() as u64).and_then(|_| tens(spent.iter().sum::<u64>() / unit)),
            tasks: Some(tasks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::amount::Amount;
    use klaver_ledger::entry::{Correct, CorrectReason, Earn, EarnReason, Pay, PayLine};
    use std::ops::Range;

    const SHOP: AccountId = AccountId([200; 16]);
    const BUDGET: AccountId = AccountId([201; 16]);

    fn person(number: u8) -> AccountId {
        AccountId([number; 16])
    }

    fn earn(people: Range<u8>, amount: Amount) -> Body {
        let payees = people.map(|one| (person(one), amount)).collect();
        Body::Earn(Earn { budget: BUDGET, reason: EarnReason::Helped, task: None, payees })
    }

    /// Returns what is seen of so many who were thanked early and spend late, and the town of all.
    fn seen(people: u8, spenders: u8) -> (Seen, Town) {
        let mut kinds: HashMap<_, _> = (0..people).map(|one| (person(one), AccountKind::Member)).collect();
        kinds.insert(SHOP, AccountKind::Merchant);
        let (town, mut seen) = (Town { kinds, budgets: HashSet::from([BUDGET]) }, Seen::default());
        let amount = Amount::new(250).unwrap();
        seen.look(1, &earn(0..people, amount), false, &town);
        for one in 0..spenders {
            let payees = vec![PayLine { to: SHOP, amount, request: None }];
            let pay = Pay { from: person(one), payees, late: false };
            seen.look(2 + u64::from(one), &Body::Pay(pay), true, &town);
        }
        (seen, town)
    }

    #[test]
    fn a_pulse_is_in_tens_and_silent_about_few() {
        let report = |people, spenders, tasks| {
            let (seen, town) = seen(people, spenders);
            seen.report(&town, 100, tasks)
        };
        assert_eq!(report(9, 9, 4), PulseRow::default());
        let some = PulseRow { people: Some(20), active: None, spent: None, tasks: Some(4) };
        assert_eq!(report(25, 9, 4), some);
        let many = PulseRow { people: Some(20), active: Some(10), spent: Some(30), tasks: Some(0) };
        assert_eq!(report(25, 14, 0), many);
    }

    #[test]
    fn whose_thanks_were_put_right_is_not_counted() {
        let (mut seen, town) = seen(10, 0);
        let amount = Amount::new(250).unwrap();
        seen.look(20, &earn(0..10, amount), true, &town);
        assert_eq!(seen.report(&town, 100, 0).active, Some(10));
        // The first of them was not there late, and then not at all.
        for (index, active, people) in [(20, None, Some(10)), (1, None, None)] {
            let (lines, reason) = (vec![(1, amount)], CorrectReason::WrongPerson);
            let correct = Correct { index, lines, reason, cover: None };
            seen.look(21, &Body::Correct(correct), true, &town);
            let told = seen.report(&town, 100, 0);
            assert_eq!((told.active, told.people), (active, people));
        }
    }
}
