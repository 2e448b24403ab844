//! Payment requests.

use super::{NodeReader, Refused, Service};
use crate::clock::wall_clock;
use crate::community::Community;
use crate::community::directory::fault_of_name;
use crate::community::requests::RequestRow;
use crate::community::sessions::{Role, Visitor};
use klaver_api::request::{CreateRequest, PaymentRequest, RequestState, VALID_FOR_SECONDS};
use klaver_api::text::{self, FieldError};
use klaver_ledger::amount::Total;
use klaver_ledger::books::Reference;
use klaver_ledger::id::{AccountId, RequestId};
use klaver_ledger::link::Link;
use klaver_ledger::time::{Deadline, Seconds, Timestamp};

/// How long a request may be paid unless told otherwise, in seconds: ten minutes.
const VALID_FOR: u64 = 600;

/// A request as everybody who knows its id may see it.
#[derive(Clone, Debug)]
pub struct RequestView {
    /// The request.
    pub id: RequestId,
    /// What is kept of it.
    pub row: RequestRow,
    /// The payee's name, when it is listed.
    pub name: Option<String>,
    /// Whether the payee has paused: whoever has not paid yet waits.
    pub paused: bool,
    /// What has become of it.
    pub state: RequestState,
}

impl Service {
    /// Creates a request to pay an account of the visitor.
    ///
    /// # Errors
    /// When the account is not the visitor's, a field is wrong, or too many are open.
    pub async fn create_request(
        &self,
        visitor: &Visitor,
        asked: &CreateRequest,
    ) -> Result<PaymentRequest, Refused> {
        let account = text::account("account", &asked.account)?;
        if ![Role::Account(account), Role::Cashier(account)].contains(&visitor.role) {
            return Err(Refused::Forbidden { advice: "open a session for the account that is to be paid" });
        }
        let amount = text::amount("amount", &asked.amount, self.scale())?;
        let valid_for = asked.valid_for.unwrap_or(VALID_FOR);
        if !VALID_FOR_SECONDS.contains(&valid_for) {
            let (least, most) = VALID_FOR_SECONDS.into_inner();
            let expected = format!("{least} to {most} seconds belong here");
            return Err(FieldError::new("valid_for", valid_for, expected).into());
        }
        self.must_record()?;
        // How much the shop still takes this month is its owner's business.
        let is_cashier = visitor.role == Role::Cashier(account);
        self.must_take(&account, amount.minor()).map_err(|refused| match refused {
            Refused::TillFull { .. } if is_cashier => Refused::TillTooMuch,
            refused => refused,
        })?;
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let id = RequestId(id);
        let until = Deadline::after(wall_clock(), Seconds(valid_for)).seconds();
        let to = asked.to.as_deref().map(|code| self.account_of_code(code)).transpose()?;
        if to == Some(account) {
            let expected = "somebody else's code belongs here: your own leads to yourself";
            return Err(FieldError::new("to", asked.to.as_deref().unwrap_or_default(), expected).into());
        }
        let words = asked.words.as_deref().map(words_of).transpose()?;
        let row =
            RequestRow { to: to.map(|to| to.0), words, ..RequestRow::new(account, amount.minor(), until) };
        if let Some(limit) = self.community.add_request(id, row, wall_clock().seconds()).await? {
            let advice = "wait until some are paid or have ended";
            return Err(Refused::TooMany { what: "open requests", limit, advice });
        }
        self.request_json(&self.request(&id)?)
    }

    /// Returns a request by its unguessable id.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn request(&self, id: &RequestId) -> Result<RequestView, Refused> {
        let row = self.community.request(id).ok_or(Refused::Unknown {
            what: "payment request",
            code: "unknown_request",
            advice: "ask for a new code; if it is of another community, open it with the wallet you have there",
        })?;
        let state = match row.paid {
            Some(_) => RequestState::Paid,
            None if row.declined.is_some() => RequestState::Declined,
            None if row.withdrawn.is_some() => RequestState::Withdrawn,
            None if row.until <= wall_clock().seconds() => RequestState::Expired,
            None => RequestState::Open,
        };
        let account = AccountId(row.account);
        let (name, paused) = (self.community.listed_name(&account), self.community.till(&account).paused);
        Ok(RequestView { id: *id, row, name, paused, state })
    }

    /// Says no to a request that was sent to an account of the visitor.
    ///
    /// # Errors
    /// `Unknown` for one that was not: nobody learns what others are asked.
    pub async fn decline_request(
        &self,
        visitor: &Visitor,
        id: &RequestId,
    ) -> Result<PaymentRequest, Refused> {
        let is_known = match visitor.role {
            Role::Account(own) => self.community.decline_request(id, &own, wall_clock().seconds()).await?,
            Role::Cashier(_) | Role::Council | Role::Auditor => false,
        };
        self.ended_request(id, is_known, "open a session for the account that it was sent to")
    }

    /// Takes back a request that an account of the visitor made. A payment that was signed before stays one.
    ///
    /// # Errors
    /// `Unknown` for one that somebody else made.
    pub async fn withdraw_request(
        &self,
        visitor: &Visitor,
        id: &RequestId,
    ) -> Result<PaymentRequest, Refused> {
        let is_own = match visitor.role {
            Role::Account(own) | Role::Cashier(own) => {
                self.community.withdraw_request(id, &own, wall_clock().seconds()).await?
            }
            Role::Council | Role::Auditor => false,
        };
        self.ended_request(id, is_own, "open a session for the account that made it")
    }

    fn ended_request(
        &self,
        id: &RequestId,
        is_theirs: bool,
        advice: &'static str,
    ) -> Result<PaymentRequest, Refused> {
        let unknown = Refused::Unknown { what: "payment request", code: "unknown_request", advice };
        if is_theirs { self.request_json(&self.request(id)?) } else { Err(unknown) }
    }

    /// Returns a request as JSON.
    ///
    /// # Errors
    /// When the node's address is too long for a link.
    pub fn request_json(&self, view: &RequestView) -> Result<PaymentRequest, Refused> {
        let RequestView { id, row, name, paused, state } = view;
        Ok(PaymentRequest {
            id: id.to_hex(),
            link: Link::Request { node: self.address.clone(), id: *id }.print()?,
            ledger: self.ledger().to_hex(),
            account: AccountId(row.account).to_string(),
            name: name.clone(),
            amount: Total::new(row.amount).unwrap_or_default().to_decimal(self.scale()),
            words: row.words.clone(),
            until: Deadline::from_seconds(row.until).map(|until| until.to_string()).unwrap_or_default(),
            state: *state,
            paused: *paused,
            index: row.paid.map(|(index, _)| index),
            paid_at: row.paid.and_then(|(_, at)| Timestamp::from_millis(at)).map(|at| at.to_string()),
        })
    }
}

/// Checks words that others will read.
///
/// # Errors
/// When there are none, too many, or some that cannot be seen.
pub(super) fn words_of(words: &str) -> Result<String, FieldError> {
    match fault_of_name(words) {
        Some(fault) => Err(FieldError::new("words", words, fault)),
        None => Ok(words.to_owned()),
    }
}

/// Finds in the ledger which requests were paid when the node was stopped before it had noted that.
pub(super) fn find_paid(reader: &NodeReader, community: &Community) {
    let now = wall_clock();
    for (id, row) in community.unpaid_requests() {
        let account = AccountId(row.account);
        // A request lasts a week at most: what is older cannot have paid it.
        let oldest = row.until.min(now.seconds()).saturating_sub(*VALID_FOR_SECONDS.end()) * 1_000;
        let mut before = None;
        while let Ok(page) = reader.statement(&account, before, 100) {
            let paid = page
                .lines
                .iter()
                .map(|line| line.line)
                .find(|line| line.line.credit > 0 && line.line.reference == Some(Reference::Request(id)));
            if let Some(line) = paid {
                community.mark_paid(&id, &account, line.index, line.recorded_at.millis());
                break;
            }
            let is_old = page.lines.last().is_none_or(|line| line.line.recorded_at.millis() < oldest);
            before = page.before;
            if is_old || before.is_none() {
                break;
            }
        }
    }
}
