//! The inbox of an account: put together from ledger and community data each time that it is opened, kept nowhere.

use super::{Refused, RequestView, Service, Sight};
use crate::clock::wall_clock;
use crate::community::sessions::Visitor;
use data_encoding::HEXLOWER;
use klaver_api::inbox::{Inbox, Matter, Message};
use klaver_api::request::RequestState;
use klaver_ledger::account::AccountStatus;
use klaver_ledger::amount::Total;
use klaver_ledger::books::Account;
use klaver_ledger::entry::Kind;
use klaver_ledger::id::AccountId;
use klaver_ledger::link::{CodeId, Link};
use klaver_ledger::time::{Deadline, Timestamp};

/// How far back lines are told, in milliseconds: sixty days.
const TOLD_MILLIS: u64 = 60 * 86_400_000;
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
        messages.extend(state_messages(&account, now));
        messages.extend(self.told_lines(id, now)?);
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
                RequestState::Paid | RequestState::Declined if !is_asked => Matter::Answered { request },
                _ => continue,
            };
            let answered = row.declined.and_then(Deadline::from_seconds).map(|at| at.to_string());
            let paid = row.paid.and_then(|(_, at)| Timestamp::from_millis(at)).map(|at| at.to_string());
            let word = if is_asked { "asked" } else { "answered" };
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

    fn told_lines(&self, id: &AccountId, now: Timestamp) -> Result<Vec<Message>, Refused> {
        let told = [Kind::Correct, Kind::Refund, Kind::Change, Kind::Veto, Kind::Close];
        let total = |minor: u64| Total::new(minor).unwrap_or_default().to_decimal(self.scale());
        let page = self.reader.statement(id, None, LINES_LOOKED_AT)?;
        let is_told = |line: &klaver_ledger::engine::StatementLine| {
            told.contains(&line.line.kind) && now.millis_since(line.line.recorded_at) < TOLD_MILLIS
        };
        let lines = page.lines.iter().filter(|line| is_told(line));
        Ok(lines
            .map(|found| Message {
                id: format!("line:{}.{}", found.line.index, found.number),
                at: Some(found.line.recorded_at.to_string()),
                about: Matter::Line {
                    index: found.line.index,
                    line: found.number.into(),
                    kind: found.line.kind.word().to_owned(),
                    debit: total(found.line.line.debit),
                    credit: total(found.line.line.credit),
                    reference: found.line.line.reference.map(super::accounts::reference_json),
                },
            })
            .collect())
    }
}

/// Says that the account is at rest, and that something about it takes effect later.
fn state_messages(account: &Account, now: Timestamp) -> Vec<Message> {
    let waiting = account.waiting(now).map(|waiting| Message {
        id: format!("pending:{}", waiting.index),
        at: None,
        about: Matter::Pending {
            index: waiting.index,
            effective_at: waiting.effective_at.to_string(),
            vetoable: waiting.has_veto,
        },
    });
    let is_frozen = account.closed_to().is_none() && account.standing(now).status == AccountStatus::Frozen;
    let rest = is_frozen.then(|| Message { id: "at_rest".to_owned(), at: None, about: Matter::AtRest });
    waiting.into_iter().chain(rest).collect()
}
