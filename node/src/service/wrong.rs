//! *Is something wrong?*: who is told, and what tellers see of it. What was told is read by the person who was told, and
//! nobody else.

use super::pots::random;
use super::tasks::{moment, text_of};
use super::tills::{is_of_day, is_of_till};
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::sessions::{Role, Visitor};
use crate::community::{PersonOfTrustRow, ToldRow};
use data_encoding::HEXLOWER;
use klaver_api::inbox::{Matter, Message};
use klaver_api::text::FieldError;
use klaver_api::{
    PersonOfTrust, PersonsOfTrust, TellAnother, TellWrong, Telling, Told, ToldPage, WrongLine, WrongReason,
    WrongState,
};
use klaver_ledger::account::AccountKind;
use klaver_ledger::books::Reference;
use klaver_ledger::engine::{self, ReadError};
use klaver_ledger::entry::Kind;
use klaver_ledger::id::{AccountId, OrganisationId};
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::record::{LedgerLine, Record};
use std::collections::{BTreeSet, HashSet};

/// Most that one account tells and that is not done.
const OPEN_MAX: usize = 5;
/// Most that one account tells in a day.
const A_DAY_MAX: usize = 10;
/// Longest words, in bytes.
const WORDS_BYTES_MAX: usize = 1_000;
/// How many digits a telephone number has.
const DIGITS: std::ops::RangeInclusive<usize> = 3..=15;

/// Whose session tells something.
struct Teller {
    account: AccountId,
    key: [u8; 32],
    /// Whether several people hold its keys.
    by_key: bool,
}

/// A record, as far as it says who may hear about it.
pub(super) struct Subject {
    /// The teller's line.
    pub line: LedgerLine,
    /// Its number in the record.
    pub number: u16,
    /// Accounts that took part in it, of a group only who gave.
    accounts: HashSet<AccountId>,
    /// Keys that signed it, or that sign for the place or shop.
    keys: HashSet<[u8; 32]>,
    organisations: BTreeSet<OrganisationId>,
}

impl Service {
    /// Returns everybody who listens, as anybody may know them.
    pub fn persons_of_trust(&self) -> PersonsOfTrust {
        let persons = self.community.persons_of_trust();
        PersonsOfTrust { persons: persons.iter().map(|(id, row)| self.person_json(id, row)).collect() }
    }

    fn person_json(&self, id: &[u8; 16], row: &PersonOfTrustRow) -> PersonOfTrust {
        PersonOfTrust {
            id: HEXLOWER.encode(id),
            name: row.name.clone(),
            phone: row.phone.clone(),
            place: row.organisation.and_then(|place| self.listed_place(&OrganisationId(place))),
        }
    }

    /// Returns what the visitor told, and whom they can tell about record `index`, or about anything.
    ///
    /// # Errors
    /// For sessions that tell nothing, and for a record that holds nothing for them.
    pub fn told_page(&self, visitor: &Visitor, index: Option<u64>) -> Result<ToldPage, Refused> {
        let teller = self.teller(visitor)?;
        let subject = index.map(|index| self.subject(visitor, &teller.account, index, None)).transpose()?;
        let mut told = self.community.told(|row| row.is_by(&teller.account, &teller.key));
        told.reverse();
        Ok(ToldPage {
            told: told.iter().map(|(id, row)| self.told_json(id, row)).collect(),
            persons: self.who_hears(&teller.account, subject.as_ref()),
            listens: matches!(visitor.role, Role::Account(_)) && !self.listens_as(&teller.account).is_empty(),
        })
    }

    /// Returns as whom an account listens.
    pub(super) fn listens_as(&self, account: &AccountId) -> HashSet<[u8; 16]> {
        let persons = self.community.persons_of_trust();
        persons.into_iter().filter(|(_, row)| row.account == account.0).map(|(id, _)| id).collect()
    }

    fn who_hears(&self, teller: &AccountId, subject: Option<&Subject>) -> Vec<PersonOfTrust> {
        let persons = self.community.persons_of_trust();
        let fit = persons.iter().filter(|(_, row)| self.hears(row, teller, subject));
        fit.map(|(id, row)| self.person_json(id, row)).collect()
    }

    /// Returns whether a person of trust can hear this: not who tells it, nor who gave or received it.
    fn hears(&self, row: &PersonOfTrustRow, teller: &AccountId, subject: Option<&Subject>) -> bool {
        let own = AccountId(row.account);
        let standing = self.reader.standing();
        let Some(account) = standing.account(&own).filter(|account| account.closed_to().is_none()) else {
            return false;
        };
        if own == *teller {
            return false;
        }
        let now = wall_clock();
        let Some(subject) = subject else {
            // About nothing in particular a place or shop tells those who listen for it, and a person whom they like.
            let place = standing.account(teller).and_then(|account| account.standing(now).state.organisation);
            return row.organisation.is_none_or(|of| place.is_none_or(|place| place.0 == of));
        };
        let keys = &account.standing(now).state.keys;
        let is_of = |place: [u8; 16]| subject.organisations.contains(&OrganisationId(place));
        !subject.accounts.contains(&own)
            && !keys.iter().any(|grant| subject.keys.contains(grant.key.as_bytes()))
            && row.organisation.is_none_or(is_of)
            && !row.gives_at.is_some_and(is_of)
    }

    /// Tells a person of trust that something is wrong.
    ///
    /// # Errors
    /// For sessions that tell nothing, a line that is not theirs, a person who cannot hear this, too many, and words or a
    /// number that cannot be read.
    pub async fn tell_wrong(&self, visitor: &Visitor, asked: &TellWrong) -> Result<Told, Refused> {
        let teller = self.teller(visitor)?;
        let subject = match asked.about {
            Some(about) => Some(self.subject(visitor, &teller.account, about.index, about.line)?),
            None => None,
        };
        let person = self.hearing(&asked.person, &teller.account, subject.as_ref())?;
        let words = words_of("words", asked.words.as_deref())?;
        let given = asked.phone.as_deref().filter(|phone| !phone.trim().is_empty());
        let phone = given.map(|phone| phone_of("phone", phone)).transpose()?;
        if asked.reason == WrongReason::Other && words.is_none() && phone.is_none() {
            let expected = "with `other` belong words, or a number to call: add one of them";
            return Err(FieldError::new("words", "", expected).into());
        }
        self.must_record()?;
        let now = wall_clock().seconds();
        self.must_not_flood(&teller, now)?;
        let row = ToldRow {
            account: teller.account.0,
            key: teller.key,
            by_key: teller.by_key,
            person,
            about: subject.map(|subject| (subject.line.index, subject.number)),
            earlier: None,
            reason: asked.reason,
            words,
            phone,
            told_at: now,
            changed_at: now,
            state: WrongState::Told,
            answer: None,
            outcome: None,
            entry: None,
        };
        let id = random()?;
        self.community.tell(id, row.clone()).await?;
        Ok(self.told_json(&id, &row))
    }

    /// Tells somebody else, when the person who was told listens no longer: nobody takes it over unasked.
    ///
    /// # Errors
    /// `Unknown` for another's, and `NotNow` while the first still listens.
    pub async fn tell_another(
        &self,
        visitor: &Visitor,
        id: &[u8; 16],
        asked: &TellAnother,
    ) -> Result<Told, Refused> {
        let (teller, row) = self.own_told(visitor, id)?;
        if self.community.person_of_trust(&row.person).is_some() {
            let advice = "take it back first, or call them";
            return Err(Refused::NotNow { code: "person_listens", advice });
        }
        let about = row.about.map(|(index, line)| self.subject(visitor, &teller.account, index, Some(line)));
        let person = self.hearing(&asked.person, &teller.account, about.transpose()?.as_ref())?;
        self.must_record()?;
        let now = wall_clock().seconds();
        let told = self.community.change_told(id, |row| {
            (row.person, row.state, row.changed_at) = (person, WrongState::Told, now);
            // What the one answered is not the other's to read.
            (row.answer, row.outcome, row.entry) = (None, None, None);
        });
        told.await?.map(|row| self.told_json(id, &row)).ok_or_else(unknown_wrong)
    }

    /// Takes back what the visitor told: it is erased at once.
    ///
    /// # Errors
    /// `Unknown` for another's.
    pub async fn take_back(&self, visitor: &Visitor, id: &[u8; 16]) -> Result<(), Refused> {
        self.own_told(visitor, id)?;
        self.must_record()?;
        Ok(self.community.forget_told(id).await?)
    }

    /// Returns what the inbox of an account says: news of what it told, and that somebody told it something.
    pub(super) fn wrong_messages(&self, visitor: &Visitor, own: &AccountId) -> Vec<Message> {
        let mut messages = Vec::new();
        for (id, row) in self.community.told(|row| row.is_by(own, visitor.key.as_bytes())) {
            let listens = self.community.person_of_trust(&row.person).is_some();
            if row.state == WrongState::Told && listens {
                continue;
            }
            let id = format!("wrong:{}:{}:{listens}", HEXLOWER.encode(&id), row.changed_at);
            let at = listens.then(|| moment(row.changed_at));
            messages.push(Message { id, at, about: Matter::Wrong { state: row.state, listens } });
        }
        let ids = self.listens_as(own);
        let open = self.community.told(|row| ids.contains(&row.person) && row.state != WrongState::Done);
        if let Some((newest, _)) = open.last() {
            let id = format!("heard:{}", HEXLOWER.encode(newest));
            messages.push(Message { id, at: None, about: Matter::Heard { count: open.len() as u64 } });
        }
        messages
    }

    fn teller(&self, visitor: &Visitor) -> Result<Teller, Refused> {
        let advice = "open a session for the account that it is about";
        let (Role::Account(account) | Role::Cashier(account)) = visitor.role else {
            return Err(Refused::Forbidden { advice });
        };
        let kind = self.reader.standing().account(&account).map(|account| account.kind());
        let by_key = match kind {
            Some(AccountKind::Member) => false,
            Some(AccountKind::Merchant | AccountKind::Fund | AccountKind::Budget) => true,
            _ => return Err(Refused::Forbidden { advice: "call the number that stands on it" }),
        };
        Ok(Teller { account, key: *visitor.key.as_bytes(), by_key })
    }

    fn own_told(&self, visitor: &Visitor, id: &[u8; 16]) -> Result<(Teller, ToldRow), Refused> {
        let teller = self.teller(visitor)?;
        let found = self.community.told_by_id(id);
        let own = found.filter(|row| row.is_by(&teller.account, &teller.key));
        own.map(|row| (teller, row)).ok_or_else(unknown_wrong)
    }

    fn hearing(
        &self,
        person: &str,
        teller: &AccountId,
        subject: Option<&Subject>,
    ) -> Result<[u8; 16], Refused> {
        let id = id_of(person);
        let row = id.and_then(|id| self.community.person_of_trust(&id));
        row.filter(|row| self.hears(row, teller, subject)).and(id).ok_or_else(unknown_person)
    }

    /// Returns the line of the account in record `index`: the one of this number, or the first.
    pub(super) fn subject(
        &self,
        visitor: &Visitor,
        own: &AccountId,
        index: u64,
        number: Option<u16>,
    ) -> Result<Subject, Refused> {
        let lines = self.reader.lines(index)?;
        let now = wall_clock();
        // A cashier sees the day and nothing else.
        let may_see = |line: &LedgerLine| {
            matches!(visitor.role, Role::Account(_)) || (is_of_day(line.recorded_at, now) && is_of_till(line))
        };
        let mut numbered = (0_u16..).zip(&lines);
        let found = numbered.find(|(at, line)| {
            line.line.account == *own && number.is_none_or(|number| number == *at) && may_see(line)
        });
        let (number, line) = found.ok_or(ReadError::NoLine { index })?;
        let record = Record::decode(&self.reader.record(index)?.record)?;
        let mut keys: HashSet<[u8; 32]> = record.signed.signatures().iter().map(|(key, _)| *key).collect();
        let mut organisations = BTreeSet::new();
        let standing = self.reader.standing();
        for account in lines.iter().filter_map(|line| standing.account(&line.line.account)) {
            if account.id() != *own && is_of_several(account.kind()) {
                let state = account.standing(now).state;
                keys.extend(state.keys.iter().map(|grant| *grant.key.as_bytes()));
                organisations.extend(state.organisation);
            }
        }
        // Of a group that was thanked together, who else was there may listen.
        let gave = |line: &&LedgerLine| line.kind != Kind::Earn || line.line.debit > 0;
        let accounts = lines.iter().filter(gave).map(|line| line.line.account).collect();
        Ok(Subject { line: *line, number, accounts, keys, organisations })
    }

    fn must_not_flood(&self, teller: &Teller, now: u64) -> Result<(), Refused> {
        let told = self.community.told(|row| row.account == teller.account.0);
        let today = told.iter().filter(|(_, row)| now < row.told_at + DAY_SECONDS).count();
        let open = told.iter().filter(|(_, row)| row.state != WrongState::Done).count();
        let advice = "call the person of trust";
        if open >= OPEN_MAX {
            return Err(Refused::TooMany { what: "that wait", limit: OPEN_MAX, advice });
        }
        if today >= A_DAY_MAX {
            return Err(Refused::TooMany { what: "in a day", limit: A_DAY_MAX, advice });
        }
        Ok(())
    }

    fn told_json(&self, id: &[u8; 16], row: &ToldRow) -> Told {
        let person = self.community.person_of_trust(&row.person);
        Told {
            telling: telling_json(id, row),
            about: row.about.map(|(index, line)| WrongLine { index, line: Some(line) }),
            person: person.map(|person| self.person_json(&row.person, &person)),
        }
    }

    /// Returns the lines of an account that undo a line of record `index`, the oldest first.
    pub(super) fn undoing(
        &self,
        account: &AccountId,
        index: u64,
    ) -> Result<Vec<engine::StatementLine>, Refused> {
        let mut found = Vec::new();
        self.each_line_while(account, |line| {
            let is_of =
                matches!(line.line.line.reference, Some(Reference::Line { index: of, .. }) if of == index);
            if is_of && matches!(line.line.kind, Kind::Refund | Kind::Correct) {
                found.push(*line);
            }
            index < line.line.index
        })?;
        found.reverse();
        Ok(found)
    }
}

/// Returns what was told, as its teller and the person of trust read it alike.
pub(super) fn telling_json(id: &[u8; 16], row: &ToldRow) -> Telling {
    Telling {
        id: HEXLOWER.encode(id),
        told_at: moment(row.told_at),
        changed_at: moment(row.changed_at),
        erased_at: moment(row.erased_at()),
        state: row.state,
        reason: row.reason,
        earlier: row.earlier,
        words: row.words.clone(),
        phone: row.phone.clone(),
        answer: row.answer.clone(),
        outcome: row.outcome,
        entry: row.entry,
    }
}

/// Returns whether the account is a place's, a shop's or a pot's, whose keys are several people's.
pub(super) fn is_of_several(kind: AccountKind) -> bool {
    matches!(kind, AccountKind::Budget | AccountKind::Fund | AccountKind::Merchant)
}

/// Reads sixteen bytes in hexadecimal.
pub(super) fn id_of(text: &str) -> Option<[u8; 16]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// Returns words that somebody else reads, on one line each; nothing when there are none.
pub(super) fn words_of(field: &'static str, words: Option<&str>) -> Result<Option<String>, FieldError> {
    let lines = words.unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
    let words = lines.collect::<Vec<_>>().join(" ");
    if words.is_empty() { Ok(None) } else { text_of(field, &words, WORDS_BYTES_MAX).map(Some) }
}

/// Returns a telephone number, as it is written.
pub(super) fn phone_of(field: &'static str, text: &str) -> Result<String, FieldError> {
    let phone = text.trim();
    let is_mark = |c: char| matches!(c, ' ' | '/' | '.' | '-' | '(' | ')');
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    let rest = phone.strip_prefix('+').unwrap_or(phone);
    let is_number = rest.chars().all(|c| c.is_ascii_digit() || is_mark(c));
    if is_number && DIGITS.contains(&digits) && phone.len() <= 30 {
        return Ok(phone.to_owned());
    }
    Err(FieldError::new(field, text, "a telephone number belongs here, such as 0470 12 34 56"))
}

/// Returns that there is nothing like that, or not for this visitor.
pub fn unknown_wrong() -> Refused {
    let advice = "it was erased, or is not for your session to see";
    Refused::Unknown { what: "thing that was told", code: "unknown_wrong", advice }
}

/// Returns that nobody like that listens, or not to this.
pub fn unknown_person() -> Refused {
    let advice = "they listen no longer, or gave the credits themselves: choose somebody else";
    Refused::Unknown { what: "person of trust", code: "unknown_person_of_trust", advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_number_is_one() {
        for right in ["0470 12 34 56", "+32 (0)470/12.34.56", "112"] {
            assert_eq!(phone_of("phone", &format!(" {right} ")).as_deref(), Ok(right));
        }
        for wrong in ["", "11", "bel mij", "0470+12", "12345678901234567", "0470 12 34 56 / 0470 65 43 21 00"]
        {
            assert!(phone_of("phone", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_are_kept_without_empty_lines_and_nothing_is_nothing() {
        assert_eq!(
            words_of("words", Some("Eerst dit.\r\n\r\n Dan dat. \n")),
            Ok(Some("Eerst dit. Dan dat.".into()))
        );
        assert_eq!((words_of("words", Some(" \n ")), words_of("words", None)), (Ok(None), Ok(None)));
        assert!(words_of("words", Some(&"x".repeat(1_001))).is_err());
        assert!(words_of("words", Some("a\u{202E}b")).is_err());
    }
}
