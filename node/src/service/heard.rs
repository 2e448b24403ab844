//! What people told a person of trust, read and answered by that person. No account stands in it: who tells is known by
//! what they say of themselves.

use super::wrong::{is_of_several, telling_json, unknown_wrong, words_of};
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::ToldRow;
use crate::community::sessions::{Role, Visitor};
use klaver_api::text::FieldError;
use klaver_api::{AnswerWrong, Followed, Heard, HeardLine, HeardPage, WrongOutcome, WrongState};
use klaver_ledger::amount::Total;
use klaver_ledger::engine::ReadError;
use klaver_ledger::entry::Kind;
use klaver_ledger::id::AccountId;
use klaver_ledger::record::LedgerLine;
use std::collections::HashSet;

impl Service {
    /// Returns what the visitor was told: open ones first, the oldest of them in front.
    ///
    /// # Errors
    /// `Forbidden` for whoever is no person of trust, and what the store cannot read.
    pub fn heard(&self, visitor: &Visitor) -> Result<HeardPage, Refused> {
        let ids = self.listens(visitor)?;
        let told = self.community.told(|row| ids.contains(&row.person));
        let (open, mut done): (Vec<_>, Vec<_>) =
            told.into_iter().partition(|(_, row)| row.state != WrongState::Done);
        done.sort_by_key(|(_, row)| std::cmp::Reverse(row.changed_at));
        let heard = open.iter().chain(&done).map(|(id, row)| self.heard_json(id, row));
        Ok(HeardPage { heard: heard.collect::<Result<_, _>>()? })
    }

    /// Says how far something is that the visitor was told, and what came of it.
    ///
    /// # Errors
    /// `Unknown` for what somebody else was told, and for fields that do not belong together.
    pub async fn answer_wrong(
        &self,
        visitor: &Visitor,
        id: &[u8; 16],
        asked: &AnswerWrong,
    ) -> Result<Heard, Refused> {
        let ids = self.listens(visitor)?;
        let found = self.community.told_by_id(id);
        found.filter(|row| ids.contains(&row.person)).ok_or_else(unknown_wrong)?;
        let answer = words_of("answer", asked.answer.as_deref())?;
        check_end(asked)?;
        let size = self.reader.standing().size();
        if let Some(index) = asked.entry.filter(|index| size <= *index) {
            // Whether it is an entry of the teller is theirs to see, and nobody's to find out by trying.
            return Err(ReadError::NoRecord { index, size }.into());
        }
        self.must_record()?;
        let now = wall_clock().seconds();
        let changed = self.community.change_told(id, |row| {
            (row.state, row.changed_at) = (asked.state, now);
            (row.answer, row.outcome, row.entry) = (answer, asked.outcome, asked.entry);
        });
        let row = changed.await?.ok_or_else(unknown_wrong)?;
        self.heard_json(id, &row)
    }

    /// Returns as whom the visitor listens.
    fn listens(&self, visitor: &Visitor) -> Result<HashSet<[u8; 16]>, Refused> {
        let ids = match visitor.role {
            Role::Account(account) => self.listens_as(&account),
            _ => HashSet::new(),
        };
        let advice = "only a person of trust reads this, with the key of their own account";
        if ids.is_empty() { Err(Refused::Forbidden { advice }) } else { Ok(ids) }
    }

    fn heard_json(&self, id: &[u8; 16], row: &ToldRow) -> Result<Heard, Refused> {
        let account = AccountId(row.account);
        let kind = self.reader.standing().account(&account).map(|account| account.kind());
        let is_of_several = kind.is_some_and(is_of_several);
        Ok(Heard {
            telling: telling_json(id, row),
            teller: is_of_several.then(|| self.community.listed_name(&account)).flatten(),
            about: row.about.map(|about| self.heard_line(&account, about)).transpose()?,
        })
    }

    /// Returns the line as the teller sees it, and what of it was undone since.
    fn heard_line(&self, teller: &AccountId, (index, number): (u64, u16)) -> Result<HeardLine, Refused> {
        let lines = self.reader.lines(index)?;
        let line = lines.get(usize::from(number)).ok_or(ReadError::NoLine { index })?;
        let total = |minor: u64| Total::new(minor).unwrap_or_default().to_decimal(self.scale());
        let followed = self.undoing(teller, index)?.into_iter().map(|found| Followed {
            index: found.line.index,
            recorded_at: found.line.recorded_at.to_string(),
            kind: found.line.kind.word().to_owned(),
            debit: total(found.line.line.debit),
            credit: total(found.line.line.credit),
        });
        Ok(HeardLine {
            index,
            recorded_at: line.recorded_at.to_string(),
            kind: line.kind.word().to_owned(),
            debit: total(line.line.debit),
            credit: total(line.line.credit),
            with: self.other_side(line, &lines),
            followed: followed.collect(),
        })
    }

    /// Returns the listed name of whom an account paid, or of the place that gave or the shop that paid back: what its
    /// person knows too. Who paid is nobody's to learn, and several at once have no one name.
    pub(super) fn other_side(&self, own: &LedgerLine, lines: &[LedgerLine]) -> Option<String> {
        let is_meant = |line: &&LedgerLine| match own.kind {
            Kind::Earn | Kind::Refund => own.line.credit > 0 && line.line.debit > 0,
            Kind::Pay => own.line.debit > 0 && line.line.credit > 0,
            _ => false,
        };
        let mut others = lines.iter().filter(is_meant).map(|line| line.line.account);
        let other = others.next().filter(|first| others.all(|one| one == *first))?;
        let kind = self.reader.standing().account(&other)?.kind();
        is_of_several(kind).then(|| self.community.listed_name(&other)).flatten()
    }
}

/// Checks that what came of it stands beside `done`, and a number beside what has one.
fn check_end(asked: &AnswerWrong) -> Result<(), FieldError> {
    let is_done = asked.state == WrongState::Done;
    if asked.state == WrongState::Told {
        return Err(FieldError::new("state", "told", "talking or done belongs here"));
    }
    if is_done != asked.outcome.is_some() {
        return Err(FieldError::new("outcome", "", "what came of it belongs to done, and to nothing else"));
    }
    let has_entry = matches!(asked.outcome, Some(outcome) if outcome != WrongOutcome::Nothing);
    if asked.entry.is_some() && !has_entry {
        let expected = "a number belongs to a refund, a correction or a credit: leave it out";
        return Err(FieldError::new("entry", asked.entry.unwrap_or_default(), expected));
    }
    Ok(())
}
