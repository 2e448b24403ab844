//! Payments without network that stayed unpaid: the pot that the council named is asked to bear each of them once. Whoever
//! keeps the pot reads which shop and how much, and pays or declines; who had promised, nobody there learns.

use super::requests::words_of;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::promises::{BorneRow, KEPT_SECONDS};
use crate::community::requests::RequestRow;
use crate::community::sessions::{Role, Visitor};
use klaver_api::promise::{NamePromisePot, PromiseTerms, UnpaidPromise};
use klaver_api::request::{PaymentRequest, RequestState, VALID_FOR_SECONDS};
use klaver_api::text::{self, FieldError};
use klaver_ledger::account::AccountKind;
use klaver_ledger::entry::{Body, Entry, Pay, PayLine, SignedEntry};
use klaver_ledger::id::{AccountId, EntryId, RequestId};
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::time::{Deadline, Seconds};

/// Until when after its end a pot can be asked to bear a promise, in seconds: ninety days. That it was asked is known for
/// longer.
const ASKED_WITHIN: u64 = 90 * DAY_SECONDS;
/// How long after its end a promise that was sent in time may still be on its way to the disk, in milliseconds.
const SETTLED_AFTER_MS: u64 = 5_000;
const _: () = assert!(ASKED_WITHIN < KEPT_SECONDS);

impl Service {
    /// Returns what may be promised without network, and which pot bears what stays unpaid.
    pub fn promise_terms(&self) -> PromiseTerms {
        let (cap, valid_for) = {
            let standing = self.reader.standing();
            let policy = &standing.charter(wall_clock()).expect("an open ledger has a charter").policy;
            (policy.offline_cap, policy.pay_validity.0)
        };
        let pot = self.promise_pot();
        PromiseTerms {
            cap: cap.to_decimal(self.scale()),
            valid_for,
            pot: pot.map(|pot| pot.to_string()),
            pot_name: pot.and_then(|pot| self.community.listed_name(&pot)),
        }
    }

    /// Names the pot that bears promises that stay unpaid, or none.
    ///
    /// # Errors
    /// For every session but the council's, and an account that is no open pot.
    pub async fn name_promise_pot(
        &self,
        visitor: &Visitor,
        asked: &NamePromisePot,
    ) -> Result<PromiseTerms, Refused> {
        self.must_be_council(visitor)?;
        let account = asked.account.as_deref().map(|text| text::account("account", text)).transpose()?;
        // Nobody reads what the town's pot is asked: it pays by closings alone.
        let is_towns = |account: &AccountId| self.community.town_pot().is_some_and(|pot| pot == account.0);
        if account.is_some_and(|account| !self.is_open_fund(&account) || is_towns(&account)) {
            let expected = "the account of an open pot belongs here, not of the town's";
            let found = asked.account.as_deref().unwrap_or_default();
            return Err(FieldError::new("account", found, expected).into());
        }
        self.must_record()?;
        self.community.name_promise_pot(account.map(|account| account.0)).await?;
        Ok(self.promise_terms())
    }

    /// Asks the named pot to bear a promise to the visitor's account whose time is over. Asking again returns the same
    /// request, until that was declined or its time is over: then there is a new one, never once it is paid.
    ///
    /// # Errors
    /// When it is no such promise, may still be paid or was, ended long ago, or no pot bears them.
    pub async fn bear_promise(
        &self,
        visitor: &Visitor,
        asked: &UnpaidPromise,
    ) -> Result<PaymentRequest, Refused> {
        let (Role::Account(own) | Role::Cashier(own)) = visitor.role else {
            return Err(Refused::Forbidden { advice: "open a session for the account that was promised" });
        };
        let words = asked.words.as_deref().map(words_of).transpose()?;
        let signed = SignedEntry::decode(&text::from_base64url("envelope", &asked.envelope)?)?;
        let line = promised(signed.entry(), &own)
            .map_err(|expected| FieldError::new("envelope", signed.entry().body.kind().word(), expected))?;
        let entry = signed.id(&self.ledger());
        self.check_unpaid(&entry, signed.entry().expires_at)?;
        let id = promise_id(&entry);
        // Whether it could have been paid the ledger said when it was sent: what nobody sent was perhaps never owed.
        if self.community.borne(&id.0).is_none_or(|row| row.account != own.0) {
            let advice = "talk about it with the council: only what was sent in time is borne";
            return Err(Refused::NotNow { code: "promise_not_sent", advice });
        }
        // A pot that names its shops pays no others.
        let pot = self.promise_pot().filter(|pot| self.purse(pot, &own, None).is_some());
        let pot = pot.ok_or(Refused::NotNow {
            code: "promise_no_pot",
            advice: "ask the council to name a pot that bears it",
        })?;
        self.must_record()?;
        let _one_after_the_other = self.closing_pots.lock().await;
        if let Some(request) = self.asked_before(&id)? {
            return Ok(request);
        }
        let until = Deadline::after(wall_clock(), Seconds(*VALID_FOR_SECONDS.end())).seconds();
        let request =
            RequestRow { to: Some(pot.0), words, ..RequestRow::new(own, line.amount.minor(), until) };
        if let Some(limit) = self.community.add_request(id, request, wall_clock().seconds()).await? {
            let advice = "wait until the pot has answered some";
            return Err(Refused::TooMany { what: "open requests", limit, advice });
        }
        self.request_json(&self.request(&id)?)
    }

    /// Returns the request for a promise that is open or was paid; `None` when the pot can be asked, for the first time or anew.
    fn asked_before(&self, id: &RequestId) -> Result<Option<PaymentRequest>, Refused> {
        let paid = self.community.borne(&id.0).and_then(|row| row.paid.map(|paid| (row, paid)));
        match (self.request(id), paid) {
            (Ok(view), _) if matches!(view.state, RequestState::Open | RequestState::Paid) => {
                self.request_json(&view).map(Some)
            }
            // A request is forgotten a day after its time; that it was paid is not.
            (_, Some((row, paid))) => {
                let row = RequestRow::new(AccountId(row.account), row.amount, row.ended_at);
                let row = RequestRow { paid: Some(paid), ..row };
                let name = self.community.listed_name(&AccountId(row.account));
                let view =
                    super::RequestView { id: *id, row, name, paused: false, state: RequestState::Paid };
                self.request_json(&view).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Notes a promise that was sent in time and that its payer cannot cover: when its time is over a pot may bear it.
    ///
    /// Only shops are borne for, and so many at a time: two people cannot empty a pot with promises that nobody meant.
    pub(super) async fn note_unpaid(&self, id: &EntryId, entry: &Entry) {
        let Body::Pay(Pay { payees, .. }) = &entry.body else { return };
        let [PayLine { to, amount, .. }] = &payees[..] else { return };
        let is_shop = {
            let standing = self.reader.standing();
            let payee = standing.account(to).filter(|payee| payee.closed_to().is_none());
            payee.is_some_and(|payee| payee.kind() == AccountKind::Merchant)
        };
        if is_shop {
            let ended_at = entry.expires_at.seconds();
            let row = BorneRow { account: to.0, amount: amount.minor(), ended_at, paid: None };
            // What cannot be kept is noted when it is sent again.
            drop(self.community.note_unpaid(promise_id(id).0, row).await);
        }
    }

    /// Checks that a promise can no longer be paid and never was.
    fn check_unpaid(&self, id: &EntryId, ends: Deadline) -> Result<(), Refused> {
        let now = wall_clock();
        if self.reader.find(id, Some(ends))?.is_some() {
            let advice = "look in the overview: it is there";
            return Err(Refused::NotNow { code: "promise_paid", advice });
        }
        if now.millis() < ends.millis().saturating_add(SETTLED_AFTER_MS) {
            let advice = "send it as it is, and ask when its time is over";
            return Err(Refused::NotNow { code: "promise_not_over", advice });
        }
        if ends.seconds().saturating_add(ASKED_WITHIN) < now.seconds() {
            let advice = "talk about it with the council";
            return Err(Refused::NotNow { code: "promise_long_over", advice });
        }
        Ok(())
    }

    fn promise_pot(&self) -> Option<AccountId> {
        self.community.promise_pot().map(AccountId).filter(|pot| self.is_open_fund(pot))
    }
}

/// Returns the number under which a promise is known, and the request to bear it: the first half of the entry's.
fn promise_id(id: &EntryId) -> RequestId {
    RequestId(*id.0.first_chunk().expect("an entry id has 32 bytes"))
}

/// Returns the line of a promise to `own`; else what belongs here.
fn promised(entry: &Entry, own: &AccountId) -> Result<PayLine, &'static str> {
    let Body::Pay(Pay { payees, late: true, .. }) = &entry.body else {
        return Err("a payment that was promised without network belongs here");
    };
    match &payees[..] {
        [line] if line.to == *own => Ok(line.clone()),
        _ => Err("a promise to the session's own account belongs here"),
    }
}
