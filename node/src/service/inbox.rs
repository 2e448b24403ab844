//! The inbox of an account: put together from ledger and community data each time that it is opened, kept nowhere.

use super::changes::{change_that_waits, changed_by};
use super::{Refused, RequestView, Service, Sight};
use crate::clock::wall_clock;
use crate::community::sessions::Visitor;
use data_encoding::HEXLOWER;
use klaver_api::inbox::{Changed, Inbox, Matter, Message};
use klaver_api::request::RequestState;
use klaver_ledger::account::AccountStatus;
use klaver_ledger::amount::Total;
use klaver_ledger::books::Account;
use klaver_ledger::engine::StatementLine;
use klaver_ledger::entry::{Body, Kind};
use klaver_ledger::id::AccountId;
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::link::{CodeId, Link};
use klaver_ledger::record::Record;
use klaver_ledger::time::{Deadline, Timestamp};

/// How far back lines are told, in milliseconds: sixty days.
const TOLD_MILLIS: u64 = 60 * DAY_SECONDS * 1_000;
/// How many of the newest lines are looked at.
const LINES_LOOKED_AT: usize = 100;

impl Service {
    /// Returns what the person of an account must be told, the newest first; what waits for them stands in front.
    ///
    /// # Errors
    /// `Unknown` for an account that is not the visitor's own, and what the store cannot read.
    pub fn inbox(&self, visitor: &Visitor, id: &AccountId) -> Result<Inbox, Refused> {
        let (account, _) = self.seen(visitor, id, Sight::Lines)?;
        let now = wall_clock();
        let mut messages = self.asked_and_answered(id)?;
        messages.extend(self.draft_messages(visitor)?);
        messages.extend(waiting_message(&account, now));
        if is_at_rest(&account, now) {
            let about = Matter::AtRest { own: self.rested_itself(&account, now)? };
            messages.push(Message { id: "at_rest".to_owned(), at: None, about });
        }
        messages.extend(self.told_lines(&account, now)?);
        messages.extend(self.wrong_messages(visitor, id));
        // Texts of moments of one form are in the order of time.
        messages.sort_by(|a, b| (a.at.is_some(), &b.at, &a.id).cmp(&(b.at.is_some(), &a.at, &b.id)));
        Ok(Inbox { account: id.to_string(), messages })
    }

    fn asked_and_answered(&self, own: &AccountId) -> Result<Vec<Message>, Refused> {
        let mut messages = Vec::new();
        for (id, row) in self.community.sent_requests(own) {
            let view: RequestView = self.request(&id)?;
            let is_asked = row.to == Some(own.0);
            let request = self.request_json(&view)?;
            let about = match view.state {
                RequestState::Open if is_asked => Matter::Asked { request },
                RequestState::Open => Matter::Asking { request },
                RequestState::Paid | RequestState::Declined if !is_asked => Matter::Answered { request },
                _ => continue,
            };
            let answered = row.declined.and_then(Deadline::from_seconds).map(|at| at.to_string());
            let paid = row.paid.and_then(|(_, at)| Timestamp::from_millis(at)).map(|at| at.to_string());
            let word = match about {
                Matter::Asked { .. } => "asked",
                Matter::Asking { .. } => "asking",
                _ => "answered",
            };
            messages.push(Message { id: format!("{word}:{}", id.to_hex()), at: paid.or(answered), about });
        }
        Ok(messages)
    }

    fn draft_messages(&self, visitor: &Visitor) -> Result<Vec<Message>, Refused> {
        let mut messages = Vec::new();
        for (id, row) in self.waiting_drafts(visitor) {
            let Some(signed) = row.signed() else { continue };
            let link = Link::Draft { node: self.address.clone(), id: CodeId(id) }.print()?;
            let about = Matter::Draft {
                link,
                entry: signed.entry().body.kind().word().to_owned(),
                signed: signed.signatures().iter().any(|(key, _)| key == visitor.key.as_bytes()),
                expires_at: signed.entry().expires_at.to_string(),
            };
            messages.push(Message { id: format!("draft:{}", HEXLOWER.encode(&id)), at: None, about });
        }
        Ok(messages)
    }

    /// What was put right, given back or changed. A change that waits is told as one that waits; one that was stopped
    /// never took effect, and its veto tells that.
    fn told_lines(&self, account: &Account, now: Timestamp) -> Result<Vec<Message>, Refused> {
        let told = [Kind::Correct, Kind::Refund, Kind::Change, Kind::Veto, Kind::Close];
        let page = self.reader.statement(&account.id(), None, LINES_LOOKED_AT)?;
        let is_told = |line: &&StatementLine| {
            told.contains(&line.line.kind) && now.millis_since(line.line.recorded_at) < TOLD_MILLIS
        };
        let lines: Vec<&StatementLine> = page.lines.iter().filter(is_told).collect();
        let has_changes = lines.iter().any(|line| line.line.kind == Kind::Change);
        let states = if has_changes { self.states_of(account, now)? } else { Vec::new() };
        let mut messages = Vec::new();
        for found in lines {
            let change = changed_by(&states, found.line.index);
            // That it is at rest stands in front as long as it is.
            let is_told_in_front = change == Some(Changed::AtRest) && is_at_rest(account, now);
            if found.line.kind == Kind::Change && (change.is_none() || is_told_in_front) {
                continue;
            }
            messages.push(self.told_line(found, change)?);
        }
        Ok(messages)
    }

    fn told_line(&self, found: &StatementLine, change: Option<Changed>) -> Result<Message, Refused> {
        let total = |minor: u64| Total::new(minor).unwrap_or_default().to_decimal(self.scale());
        let reason = if found.line.kind == Kind::Correct { self.reason_of(found.line.index)? } else { None };
        Ok(Message {
            id: format!("line:{}.{}", found.line.index, found.number),
            at: Some(found.line.recorded_at.to_string()),
            about: Matter::Line {
                index: found.line.index,
                line: found.number.into(),
                kind: found.line.kind.word().to_owned(),
                debit: total(found.line.line.debit),
                credit: total(found.line.line.credit),
                reference: found.line.line.reference.map(super::accounts::reference_json),
                change,
                reason,
            },
        })
    }

    /// Returns whether a key of the account itself signed that it rests: its newest change that says so.
    fn rested_itself(&self, account: &Account, now: Timestamp) -> Result<bool, Refused> {
        let page = self.reader.statement(&account.id(), None, LINES_LOOKED_AT)?;
        let standing = account.standing(now);
        let keys = &standing.state.keys;
        for found in page.lines.iter().filter(|found| found.line.kind == Kind::Change) {
            let record = Record::decode(&self.reader.record(found.line.index)?.record)?;
            let Body::Change(change) = &record.signed.entry().body else { continue };
            if change.status == AccountStatus::Frozen {
                let signed = record.signed.signatures();
                return Ok(signed
                    .iter()
                    .any(|(key, _)| keys.iter().any(|grant| grant.key.as_bytes() == key)));
            }
        }
        Ok(false)
    }

    /// Why entry `index` put something right.
    fn reason_of(&self, index: u64) -> Result<Option<String>, Refused> {
        let record = Record::decode(&self.reader.record(index)?.record)?;
        Ok(match &record.signed.entry().body {
            Body::Correct(correct) => Some(correct.reason.word().to_owned()),
            _ => None,
        })
    }
}

fn is_at_rest(account: &Account, now: Timestamp) -> bool {
    account.closed_to().is_none() && account.standing(now).status == AccountStatus::Frozen
}

/// Says that something about the account takes effect later.
fn waiting_message(account: &Account, now: Timestamp) -> Option<Message> {
    account.waiting(now).map(|waiting| Message {
        id: format!("pending:{}", waiting.index),
        at: None,
        about: Matter::Pending {
            index: waiting.index,
            effective_at: waiting.effective_at.to_string(),
            vetoable: waiting.has_veto,
            change: change_that_waits(account, waiting, now),
        },
    })
}
