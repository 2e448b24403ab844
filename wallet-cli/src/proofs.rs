//! What a receipt must prove before something is called paid, opened or done: each rule in one place.
//!
//! That a receipt holds says nothing yet about what was asked for: a node may show a true receipt of something else.

use crate::app::App;
use crate::contact::Contact;
use crate::failure::Outcome;
use klaver_api::{ReceiptJson, StatementLine, paths};
use klaver_keystore::KeyInfo;
use klaver_ledger::account::{AccountState, AccountStatus};
use klaver_ledger::amount::Amount;
use klaver_ledger::books::Reference;
use klaver_ledger::entry::{Body, Kind, codec};
use klaver_ledger::id::{AccountId, RequestId};
use klaver_ledger::receipt::{Proven, ProvenContent, Receipt};

/// Fetches the receipt of record `index` as `hat` may see it, and verifies that it is of that record.
///
/// # Errors
/// As [`Contact::verify`]; `Mismatch` with the evidence kept when it proves another record.
pub fn fetch(app: &App<'_>, contact: &mut Contact, hat: &KeyInfo, index: u64) -> Outcome<(Receipt, Proven)> {
    let (receipt, proven) = contact.verify(&ask(app, contact, hat, index)?)?;
    if proven.index == index { Ok((receipt, proven)) } else { Err(contact.other_entry(&receipt)) }
}

/// Verifies that a line of a statement stands in the ledger, by its own opening and the receipt of its record.
///
/// # Errors
/// As [`Contact::verify`].
pub fn verify_line(
    app: &App<'_>,
    contact: &mut Contact,
    hat: &KeyInfo,
    line: &StatementLine,
) -> Outcome<(Receipt, Proven)> {
    let said = ask(app, contact, hat, line.index)?;
    contact.verify(&ReceiptJson { index: line.index, opening: line.opening.clone(), ..said })
}

fn ask(app: &App<'_>, contact: &Contact, hat: &KeyInfo, index: u64) -> Outcome<ReceiptJson> {
    let path = paths::fill(paths::RECEIPT, index);
    app.with_session(contact, hat, |token| contact.http.get(&path, Some(token)))
}

/// Returns whether it is proven that `account` was given `amount` for `request`.
pub fn answers_request(proven: &Proven, account: AccountId, amount: Amount, request: RequestId) -> bool {
    match &proven.content {
        ProvenContent::Line(line) => {
            let line = &line.line;
            line.account == account
                && (line.credit, line.debit) == (amount.minor(), 0)
                && line.reference == Some(Reference::Request(request))
        }
        ProvenContent::Entry(entry) => match &entry.entry().body {
            Body::Pay(pay) => pay.payees.iter().any(|line| {
                let answered = line.request.as_ref().map(|answered| answered.id);
                line.to == account && line.amount == amount && answered == Some(request)
            }),
            _ => false,
        },
    }
}

/// Returns whether it is proven that `account` paid `request`.
pub fn paid_request(proven: &Proven, account: AccountId, request: RequestId) -> bool {
    let ProvenContent::Entry(entry) = &proven.content else { return false };
    let Body::Pay(pay) = &entry.entry().body else { return false };
    let mut answered = pay.payees.iter().filter_map(|line| line.request.as_ref());
    pay.from == account && answered.any(|answered| answered.id == request)
}

/// Returns whether it is proven that an account was opened exactly as `state` says.
pub fn opened(proven: &Proven, state: &AccountState) -> bool {
    let ProvenContent::Line(line) = &proven.content else { return false };
    let digest = codec::state_digest(state, AccountStatus::Open);
    line.kind == Kind::Open
        && line.line.account == state.account
        && line.line.reference == Some(Reference::State(digest))
}
