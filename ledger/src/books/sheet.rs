//! A sheet of lines being written: every posting is checked here, and only here, against the accounts' bounds.

use super::effects::{Act, CirculationChange, Effects, Line, Reference};
use super::{Account, Rejection, Standing};
use crate::account::AccountKind;
use crate::amount::{Total, signed};
use crate::id::AccountId;
use crate::limits::INTEGER_MAX;
use crate::time::Timestamp;
use smallvec::SmallVec;

/// The lines and acts of one entry while its rule writes them.
pub(super) struct Sheet {
    now: Timestamp,
    lines: SmallVec<[Line; 2]>,
    acts: SmallVec<[Act; 2]>,
    /// What the entry changes in the community's sums.
    pub circulation: CirculationChange,
}

/// Whether a credit is a payment, which an account's ceiling bounds, or undoes an earlier one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CreditAs {
    Payment,
    Reversal,
}

impl Sheet {
    pub fn new(now: Timestamp) -> Self {
        let (lines, acts) = (SmallVec::new(), SmallVec::new());
        Self { now, lines, acts, circulation: CirculationChange::default() }
    }

    /// Returns the account's balance as the lines so far leave it.
    pub fn balance(&self, account: &Account) -> i64 {
        let so_far = |line: &Line| {
            if line.account == account.id() { signed(line.credit) - signed(line.debit) } else { 0 }
        };
        account.balance() + self.lines.iter().map(so_far).sum::<i64>()
    }

    /// Returns what may still be taken from the account: its balance, and how far below zero it may go.
    pub fn available(&self, account: &Account) -> u64 {
        let limit = signed(account.standing(self.now).state.limit.minor());
        u64::try_from(self.balance(account) + limit).unwrap_or(0)
    }

    /// Takes `amount` from the account.
    pub fn debit(
        &mut self,
        account: &Account,
        amount: u64,
        reference: Option<Reference>,
    ) -> Result<(), Rejection> {
        let id = account.id();
        let available = self.available(account);
        // INV-3: no posting takes an account below its limit, or further below where a change left it.
        if amount > available {
            let (available, requested) = (total(available), total(amount));
            return Err(match account.kind() {
                AccountKind::Budget => Rejection::BudgetSpent { budget: id, room: available, requested },
                _ => Rejection::InsufficientCredits { account: id, available, requested },
            });
        }
        self.check_debits(account, amount)?;
        self.line(account, amount, 0, reference);
        Ok(())
    }

    fn check_debits(&self, account: &Account, amount: u64) -> Result<(), Rejection> {
        let id = account.id();
        let so_far: u64 = self.lines.iter().filter(|line| line.account == id).map(|line| line.debit).sum();
        match account.debits() + so_far + amount {
            0..=INTEGER_MAX => Ok(()),
            _ => Err(Rejection::TotalTooLarge { account: id }),
        }
    }

    /// Returns what an account still holds: a correction takes nobody below zero, and a budget to its cap.
    pub fn left_to_take_back(&self, account: &Account) -> u64 {
        match account.kind() {
            AccountKind::Budget => self.available(account),
            _ => u64::try_from(self.balance(account)).unwrap_or(0),
        }
    }

    /// Takes back `amount` that the account holds, whoever signs.
    pub fn take(
        &mut self,
        account: &Account,
        amount: u64,
        reference: Option<Reference>,
    ) -> Result<(), Rejection> {
        assert!(amount <= self.left_to_take_back(account), "the rule takes what is there");
        self.check_debits(account, amount)?;
        self.line(account, amount, 0, reference);
        Ok(())
    }

    /// Gives `amount` to the account.
    pub fn credit(
        &mut self,
        account: &Account,
        amount: u64,
        reference: Option<Reference>,
        credit_as: CreditAs,
    ) -> Result<(), Rejection> {
        let id = account.id();
        let balance = self.balance(account);
        if account.kind() == AccountKind::Budget && balance + signed(amount) > 0 {
            return Err(Rejection::BudgetFull { budget: id, requested: total(amount) });
        }
        let state = account.standing(self.now).state;
        if let (Some(ceiling), CreditAs::Payment) = (state.ceiling, credit_as) {
            let room = u64::try_from(signed(ceiling.minor()) - balance).unwrap_or(0);
            if amount > room {
                return Err(Rejection::Ceiling { account: id, requested: total(amount) });
            }
        }
        let so_far: u64 = self.lines.iter().filter(|line| line.account == id).map(|line| line.credit).sum();
        if account.credits() + so_far + amount > INTEGER_MAX {
            return Err(Rejection::TotalTooLarge { account: id });
        }
        self.line(account, 0, amount, reference);
        Ok(())
    }

    /// Writes a line that moves nothing, so that the account's overview shows the entry.
    pub fn mention(&mut self, account: &Account, reference: Option<Reference>) {
        self.line(account, 0, 0, reference);
    }

    /// Writes the first line of an account that this entry opens.
    pub fn mention_new(&mut self, account: AccountId, reference: Option<Reference>) {
        self.lines.push(Line { account, seq: 0, debit: 0, credit: 0, reference });
    }

    /// Adds a change other than a posting.
    pub fn act(&mut self, act: Act) {
        self.acts.push(act);
    }

    /// Returns the effects: from here on the entry is accepted.
    pub fn finish(self) -> Effects {
        Effects::of(self.lines, self.acts, self.circulation)
    }

    fn line(&mut self, account: &Account, debit: u64, credit: u64, reference: Option<Reference>) {
        let id = account.id();
        let earlier = self.lines.iter().filter(|line| line.account == id).count() as u64;
        self.lines.push(Line { account: id, seq: account.lines() + earlier, debit, credit, reference });
    }
}

impl Standing {
    /// Returns the account that takes this one's place: itself, or the heir that is not closed.
    pub(super) fn successor(&self, account: &AccountId) -> Result<&Account, Rejection> {
        let unknown = |account: &AccountId| Rejection::UnknownAccount { field: "account", account: *account };
        let mut found = self.account(account).ok_or_else(|| unknown(account))?;
        // An heir exists and is not closed when it is named, so the chain ends; it is as long as there were closes.
        while let Some(heir) = found.closed_to() {
            found = self.account(&heir).ok_or_else(|| unknown(&heir))?;
        }
        Ok(found)
    }
}

/// Returns a sum of balances as a total. Balances and amounts are within 2^53 - 1, sums of two saturate.
pub(super) fn total(minor: u64) -> Total {
    Total::new(minor.min(INTEGER_MAX)).expect("bounded in this line")
}
