//! What budgets gave, less what was put right: counted here for funders, organisations and pulses alike.

use super::{Refused, Service};
use klaver_ledger::entry::{Body, Earn, EarnReason, Kind};
use klaver_ledger::id::{AccountId, TaskId};
use klaver_ledger::time::Timestamp;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

/// What one account received from a budget and keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gift {
    /// Index of the record.
    pub(super) index: u64,
    pub(super) budget: AccountId,
    pub(super) account: AccountId,
    /// How much, in minor units.
    pub(super) amount: u64,
    pub(super) reason: EarnReason,
    pub(super) task: Option<TaskId>,
}

/// Records that gave, and what others took back of them; in any order.
#[derive(Debug, Default)]
pub(super) struct Gifts {
    earns: Vec<(u64, Earn)>,
    /// How much was taken back, in minor units, by record and line.
    undone: HashMap<(u64, u64), u64>,
}

impl Gifts {
    /// Notes a record, once; what neither gives nor puts right is passed over.
    pub(super) fn note(&mut self, index: u64, body: &Body) {
        match body {
            Body::Earn(earn) => self.earns.push((index, earn.clone())),
            Body::Correct(correct) => {
                for (line, amount) in &correct.lines {
                    *self.undone.entry((correct.index, *line)).or_insert(0) += amount.minor();
                }
            }
            _ => {}
        }
    }

    /// Returns what stands of all of them: nothing of what was put right as a whole.
    pub(super) fn left(&self) -> Vec<Gift> {
        self.earns.iter().flat_map(|(index, earn)| self.left_of(*index, earn)).collect()
    }

    /// Returns what stands of a record; the payees' lines come behind the budget's own.
    fn left_of(&self, index: u64, earn: &Earn) -> Vec<Gift> {
        let Earn { budget, reason, task, .. } = *earn;
        let lines = (1..).zip(&earn.payees);
        let left = lines.map(|(line, (account, amount))| {
            let back = self.undone.get(&(index, line)).copied().unwrap_or(0);
            let amount = amount.minor().saturating_sub(back);
            Gift { index, budget, account: *account, amount, reason, task }
        });
        left.filter(|gift| gift.amount > 0).collect()
    }
}

impl Service {
    /// Returns what a budget gave in a time and keeps given, by the records of that time alone: `when` says whether a moment
    /// lies before it, in it or behind it.
    ///
    /// # Errors
    /// What the store cannot read.
    pub(super) fn gifts_of(
        &self,
        budget: &AccountId,
        when: impl Fn(Timestamp) -> Ordering,
    ) -> Result<Vec<Gift>, Refused> {
        // A record may have several lines in the budget.
        let mut indexes = BTreeSet::new();
        self.each_line_while(budget, |found| {
            let at = when(found.line.recorded_at);
            if at == Ordering::Equal && matches!(found.line.kind, Kind::Earn | Kind::Correct) {
                indexes.insert(found.line.index);
            }
            at != Ordering::Less
        })?;
        let mut gifts = Gifts::default();
        for index in indexes {
            gifts.note(index, &self.body(index)?);
        }
        let mut left = gifts.left();
        left.retain(|gift| gift.budget == *budget);
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::amount::Amount;
    use klaver_ledger::entry::{Correct, CorrectReason};

    #[test]
    fn what_was_put_right_is_not_counted() {
        let amount = |minor| Amount::new(minor).unwrap();
        let payees = vec![(AccountId([1; 16]), amount(200)), (AccountId([2; 16]), amount(300))];
        let earn = Earn { budget: AccountId([8; 16]), reason: EarnReason::Helped, task: None, payees };
        let correct = |index, lines: &[(u64, u64)]| {
            let lines = lines.iter().map(|(line, minor)| (*line, amount(*minor))).collect();
            Body::Correct(Correct { index, lines, reason: CorrectReason::WrongAmount, cover: None })
        };
        let mut gifts = Gifts::default();
        gifts.note(9, &correct(7, &[(1, 150), (2, 100)]));
        gifts.note(7, &Body::Earn(earn));
        gifts.note(10, &correct(7, &[(1, 50)]));
        gifts.note(11, &correct(6, &[(1, 999)]));
        let left = gifts.left();
        assert_eq!(left.iter().map(|gift| (gift.account.0[0], gift.amount)).collect::<Vec<_>>(), [(2, 200)]);
    }
}
