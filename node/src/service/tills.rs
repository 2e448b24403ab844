//! Tills: how a shop takes credits, and what whoever works there sees.

use super::accounts::reference_json;
use super::hearty::services_of;
use super::months::month_of;
use super::{Refused, Service, Sight};
use crate::clock::wall_clock;
use crate::community::TillRow;
use crate::community::sessions::{Role, Visitor};
use klaver_api::text::{self, FieldError};
use klaver_api::till::{DayLine, Till, TillDay, TillSettings};
use klaver_ledger::account::AccountKind;
use klaver_ledger::amount::Total;
use klaver_ledger::engine::StatementLine;
use klaver_ledger::entry::Kind;
use klaver_ledger::id::AccountId;
use klaver_ledger::record::LedgerLine;
use klaver_ledger::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long a cashier sees a payment: 25 hours, as long as the day on which clocks go back.
const DAY_MILLIS: u64 = 25 * 3_600_000;
/// Lines that are read at once.
const LINES_AT_ONCE: usize = 100;

/// What tills took in a month, as far as it was counted: while an account has no further line it stays true.
#[derive(Default)]
pub(super) struct MonthSums(Mutex<HashMap<AccountId, MonthSum>>);

struct MonthSum {
    month: String,
    lines: u64,
    minor: u64,
}

impl Service {
    /// Returns how an account takes credits. What a cashier need not know, the owner alone hears: the limit of a month and
    /// what is left of it.
    ///
    /// # Errors
    /// `Unknown` for an account that is not the visitor's own.
    pub fn till(&self, visitor: &Visitor, id: &AccountId) -> Result<Till, Refused> {
        self.works_at(visitor, id)?;
        let row = self.community.till(id);
        let decimal = |minor: u64| Total::new(minor).unwrap_or_default().to_decimal(self.scale());
        let is_owner = visitor.role != Role::Cashier(*id);
        let left = if is_owner { self.left_this_month(id, &row)? } else { None };
        Ok(Till {
            left: left.map(decimal),
            settings: TillSettings {
                part: row.part,
                bill_most: row.bill_most.map(decimal),
                month_most: row.month_most.filter(|_| is_owner).map(decimal),
                paused: row.paused,
                services: row.services,
            },
        })
    }

    /// Sets how an account takes credits.
    ///
    /// # Errors
    /// When the account is not the visitor's own or has no till, or an amount is none.
    pub async fn set_till(
        &self,
        visitor: &Visitor,
        id: &AccountId,
        asked: &TillSettings,
    ) -> Result<(), Refused> {
        let (account, _) = self.seen(visitor, id, Sight::Lines)?;
        if !matches!(account.kind(), AccountKind::Merchant | AccountKind::Fund) {
            return Err(Refused::Forbidden { advice: "only merchants and pots have a till" });
        }
        let most = |field: &'static str, amount: &Option<String>| -> Result<Option<u64>, FieldError> {
            let read = amount.as_deref().map(|amount| text::amount(field, amount, self.scale()));
            Ok(read.transpose()?.map(|amount| amount.minor()))
        };
        let row = TillRow {
            part: asked.part,
            bill_most: most("bill_most", &asked.bill_most)?,
            month_most: most("month_most", &asked.month_most)?,
            paused: asked.paused,
            services: services_of(&asked.services)?,
        };
        self.must_record()?;
        Ok(self.community.set_till(*id, row).await?)
    }

    /// Returns what the account's tills took today, and what of it was given back.
    ///
    /// # Errors
    /// `Unknown` for an account that is not the visitor's own, and what the store cannot read.
    pub fn till_day(&self, visitor: &Visitor, id: &AccountId) -> Result<TillDay, Refused> {
        self.works_at(visitor, id)?;
        let now = wall_clock();
        let mut lines = Vec::new();
        self.each_line_while(id, |found| {
            let line = found.line;
            let is_of_day = is_of_day(line.recorded_at, now);
            if is_of_day && is_of_till(&found.line) {
                let total = |minor: u64| Total::new(minor).unwrap_or_default().to_decimal(self.scale());
                lines.push(DayLine {
                    index: line.index,
                    line: found.number.into(),
                    recorded_at: line.recorded_at.to_string(),
                    kind: line.kind.word().to_owned(),
                    debit: total(line.line.debit),
                    credit: total(line.line.credit),
                    reference: line.line.reference.map(reference_json),
                });
            }
            is_of_day
        })?;
        Ok(TillDay { lines })
    }

    /// Checks that the account takes so much more now.
    ///
    /// # Errors
    /// `TillPaused`, `TillFull`.
    pub(super) fn must_take(&self, id: &AccountId, minor: u64) -> Result<(), Refused> {
        let row = self.community.till(id);
        if row.paused {
            return Err(Refused::TillPaused);
        }
        match self.left_this_month(id, &row)? {
            Some(left) if left < minor => {
                let left = Total::new(left).unwrap_or_default().to_decimal(self.scale());
                Err(Refused::TillFull { left })
            }
            _ => Ok(()),
        }
    }

    /// Returns whether the account takes nothing now: it has paused, or its month is full.
    pub(super) fn takes_nothing(&self, id: &AccountId) -> bool {
        let row = self.community.till(id);
        row.paused || self.left_this_month(id, &row).is_ok_and(|left| left == Some(0))
    }

    fn left_this_month(&self, id: &AccountId, row: &TillRow) -> Result<Option<u64>, Refused> {
        let left = |most: u64| Ok(most.saturating_sub(self.taken_this_month(id)?));
        row.month_most.map(left).transpose()
    }

    /// Returns what the account's tills took in this calendar month, less what was given back.
    fn taken_this_month(&self, id: &AccountId) -> Result<u64, Refused> {
        let month = month_of(wall_clock());
        let lines = self.reader.standing().account(id).map_or(0, |account| account.lines());
        let sums = || self.month_sums.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sums().get(id).filter(|known| known.lines == lines && known.month == month) {
            return Ok(known.minor);
        }
        let (mut taken, mut given_back) = (0_u64, 0_u64);
        self.each_line_while(id, |found| {
            let is_of_month = month_of(found.line.recorded_at) == month;
            if is_of_month && is_of_till(&found.line) {
                taken = taken.saturating_add(found.line.line.credit);
                given_back = given_back.saturating_add(found.line.line.debit);
            }
            is_of_month
        })?;
        let minor = taken.saturating_sub(given_back);
        sums().insert(*id, MonthSum { month, lines, minor });
        Ok(minor)
    }

    /// Reads the account's lines, the newest first, until one of them says that it is enough.
    pub(super) fn each_line_while(
        &self,
        id: &AccountId,
        mut goes_on: impl FnMut(&StatementLine) -> bool,
    ) -> Result<(), Refused> {
        let mut before = None;
        loop {
            let page = self.reader.statement(id, before, LINES_AT_ONCE)?;
            before = page.before;
            if !page.lines.iter().all(&mut goes_on) || before.is_none() {
                return Ok(());
            }
        }
    }

    fn works_at(&self, visitor: &Visitor, id: &AccountId) -> Result<(), Refused> {
        if visitor.role == Role::Cashier(*id) {
            Ok(())
        } else {
            self.seen(visitor, id, Sight::Lines).map(drop)
        }
    }
}

/// Returns whether a cashier still sees what was recorded then.
pub(super) fn is_of_day(recorded_at: Timestamp, now: Timestamp) -> bool {
    now.millis_since(recorded_at) < DAY_MILLIS
}

/// Returns whether it is a payment that came in, or undoes one; what the shop itself spends is not the till's.
pub(super) fn is_of_till(found: &LedgerLine) -> bool {
    match found.kind {
        Kind::Pay => found.line.credit > 0,
        Kind::Refund | Kind::Correct => found.line.debit > 0,
        _ => false,
    }
}
