//! The trial balance: all debits against all credits, and the sums a community is judged by.

use super::{CirculationChange, Standing};
use crate::account::AccountKind;
use crate::amount::signed;
use crate::limits::INTEGER_MAX;

/// The community's sums over its whole life, in minor units, net of refunds and corrections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circulation {
    /// Given out by budgets.
    pub issued: i64,
    /// Taken back by budgets, paid to them for tasks.
    pub returned: i64,
    /// Given back by merchants for euro.
    pub redeemed: i64,
    /// Of those, paid out in euro.
    pub settled: i64,
    /// Of those, taken off a budget.
    pub retired: i64,
}

impl Circulation {
    /// Returns what accounts other than budgets and settlement hold together: issued - returned - redeemed.
    pub fn in_circulation(&self) -> i64 {
        self.issued - self.returned - self.redeemed
    }

    /// Returns whether every sum stays an exact integer of at most 2^53 - 1 after `change`.
    pub(super) fn stays_within_bounds(&self, change: &CirculationChange) -> bool {
        [
            (self.issued, change.issued),
            (self.returned, change.returned),
            (self.redeemed, change.redeemed),
            (self.settled, change.settled),
            (self.retired, change.retired),
        ]
        .iter()
        .all(|(sum, change)| sum.checked_add(*change).is_some_and(|sum| sum <= signed(INTEGER_MAX)))
    }

    pub(super) fn add(&mut self, change: &CirculationChange) {
        self.issued += change.issued;
        self.returned += change.returned;
        self.redeemed += change.redeemed;
        self.settled += change.settled;
        self.retired += change.retired;
    }
}

/// All debits against all credits, by kind of account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalance {
    /// One line for each kind of account that has been opened, in the order of the kinds.
    pub lines: Vec<TrialBalanceLine>,
    /// The sums over the community's life.
    pub circulation: Circulation,
    /// What accounts other than budgets are below zero, together.
    pub below_zero: u64,
}

/// The accounts of one kind together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialBalanceLine {
    /// The kind.
    pub kind: AccountKind,
    /// How many accounts.
    pub accounts: u64,
    /// All debits, in minor units.
    pub debits: u128,
    /// All credits, in minor units.
    pub credits: u128,
}

impl TrialBalanceLine {
    /// Returns credits less debits.
    fn balance(&self) -> i128 {
        let [credits, debits] = [self.credits, self.debits]
            .map(|sum| i128::try_from(sum).expect("fewer than 2^32 accounts, each at most 2^53 - 1"));
        credits - debits
    }
}

impl TrialBalance {
    /// Returns whether debits equal credits, and every sum of INV-4 holds.
    pub fn holds(&self) -> bool {
        let of = |pick: fn(AccountKind) -> bool| -> i128 {
            self.lines.iter().filter(|line| pick(line.kind)).map(TrialBalanceLine::balance).sum()
        };
        let Circulation { issued, returned, redeemed, settled, retired } = self.circulation;
        let budgets = of(|kind| kind == AccountKind::Budget);
        let settlement = of(|kind| kind == AccountKind::Settlement);
        let others = of(|kind| !matches!(kind, AccountKind::Budget | AccountKind::Settlement));
        // INV-2 over all entries, then INV-4.
        budgets + settlement + others == 0
            && budgets == -i128::from(issued - returned - retired)
            && settlement == i128::from(redeemed - retired)
            && others == i128::from(issued - returned - redeemed)
            && retired <= settled
            && settled <= redeemed
    }
}

impl Standing {
    /// Returns the trial balance.
    pub fn trial_balance(&self) -> TrialBalance {
        let mut below_zero = 0;
        let mut lines: Vec<TrialBalanceLine> = AccountKind::ALL
            .iter()
            .map(|kind| TrialBalanceLine { kind: *kind, accounts: 0, debits: 0, credits: 0 })
            .collect();
        for account in self.accounts() {
            let line = &mut lines[account.kind().number() as usize - 1];
            line.accounts += 1;
            line.debits += u128::from(account.debits());
            line.credits += u128::from(account.credits());
            if account.kind() != AccountKind::Budget && account.balance() < 0 {
                below_zero = u64::saturating_add(below_zero, account.balance().unsigned_abs());
            }
        }
        lines.retain(|line| line.accounts > 0);
        TrialBalance { lines, circulation: self.circulation, below_zero }
    }
}
