//! `klaver pay`: a link, a picture of a QR code, a signed payment, or an account.

use crate::app::App;
use crate::contact::Contact;
use crate::entries::{self, Plan, report, send};
use crate::failure::{Exit, Failure, Outcome};
use crate::{moment, output, qr, session};
use clap::Args;
use klaver_api::{AccountJson, DirectoryPage, PaymentRequest, RequestState, paths, text};
use klaver_keystore::KeyInfo;
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body, Pay as PayBody, PayLine, RequestRef, SignedEntry};
use klaver_ledger::id::{AccountId, LedgerId, RequestId};
use klaver_ledger::link::{LedgerPrefix, Link, NodeAddress};
use klaver_ledger::time::Seconds;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

/// Longest text of a code that is read from standard input, in bytes.
const CODE_BYTES_MAX: u64 = 64 * 1_024;

/// Pay: a link, a picture of a QR code, or an account.
#[derive(Args, Debug)]
pub struct Pay {
    /// A link, a PNG picture of a QR code, a KLVP: code, klv1…, or - for standard input
    pub what: String,
    /// How much, when paying an account
    pub amount: Option<String>,
    /// A sentence for the other party, at most 140 bytes
    #[arg(long, short)]
    pub memo: Option<String>,
    /// How long it may wait for other signatures: 2h, 7d [default: 5m]
    #[arg(long, value_name = "TIME")]
    pub valid: Option<String>,
    /// Sign for a moment without network: show a code, send nothing
    #[arg(long)]
    pub offline: bool,
}

impl Pay {
    /// Runs the command.
    ///
    /// # Errors
    /// When the code is not one of this community, the request is paid or too late, or the rules say no.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let what = read_code(&self.what)?;
        if what.to_lowercase().starts_with("klv1") {
            let to = super::account_of(app, &what)?;
            return self.pay_account(app, to);
        }
        match Link::parse(&what)? {
            Link::Request { node, id } => self.pay_request(app, &node, id),
            Link::Payment { ledger, entry } => send_for_payer(app, ledger, &entry),
            Link::Draft { .. } => Err(Failure::new(Exit::Usage, "link_is_draft")),
            Link::Invitation { .. } => Err(Failure::new(Exit::Usage, "link_is_invitation")),
            _ => Err(Failure::new(Exit::Usage, "link_not_payable")),
        }
    }

    fn pay_request(self, app: &App<'_>, node: &NodeAddress, id: RequestId) -> Outcome {
        let (hat, from) = app.account_hat()?;
        let community = app.community_of(&hat)?;
        if community.node != *node {
            return Err(other_community(node, &community.name));
        }
        let mut contact = Contact::open(&app.places, community)?;
        let request: PaymentRequest = contact.http.get(&paths::fill(paths::REQUEST, id.to_hex()), None)?;
        if request.ledger != contact.community.ledger.to_hex() || request.id != id.to_hex() {
            return Err(Failure::new(Exit::Mismatch, "request_differs"));
        }
        match request.state {
            RequestState::Open => {}
            RequestState::Paid => return Err(paid_already(app, &contact, &hat, &request)),
            RequestState::Expired => return Err(Failure::new(Exit::Rules, "request_expired")),
        }
        let unit = contact.community.unit(app.output.language);
        let amount = text::amount("amount", &request.amount, unit.scale)?;
        let to = text::account("account", &request.account)?;
        let until = text::deadline("until", &request.until)?;
        let line = PayLine { to, amount, request: Some(RequestRef { id, until }) };
        let body = Body::Pay(PayBody { from, payees: vec![line], late: false });
        let name = request.name.as_deref().map(output::harmless);
        let mut plan = Plan { memo: self.memo, until: Some(until), ..Plan::now(body) };
        if let Some(name) = &name {
            plan = plan.naming(to, name);
        }
        say_whether_enough(app, &contact, &hat, amount);
        let sent = send(app, &mut contact, &hat, plan)?;
        let (amount, name) = (unit.show(amount), name.unwrap_or_else(|| to.to_string()));
        let done = app.output.words("done.pay", &[("amount", &amount), ("to", &name)]);
        Ok(report(app, &sent, &done))
    }

    fn pay_account(self, app: &App<'_>, to: AccountId) -> Outcome {
        let amount = self.amount.as_ref().ok_or_else(|| Failure::new(Exit::Usage, "amount_missing"))?;
        let (hat, from) = app.account_hat()?;
        let community = app.community_of(&hat)?;
        let unit = community.unit(app.output.language);
        let amount = unit.parse(amount)?;
        let line = PayLine { to, amount, request: None };
        if self.offline {
            return sign_offline(
                app,
                &hat,
                community.ledger,
                PayBody { from, payees: vec![line], late: true },
                self.memo,
            );
        }
        let mut contact = Contact::open(&app.places, community)?;
        let body = Body::Pay(PayBody { from, payees: vec![line], late: false });
        let mut plan = Plan { memo: self.memo, ..Plan::now(body) };
        if let Some(text) = &self.valid {
            let wrong = || Failure::new(Exit::Usage, "not_a_duration").with("value", text);
            plan.validity = Seconds(moment::parse_duration(text).ok_or_else(wrong)?);
        }
        let name = listed_name(&contact, to);
        if let Some(name) = &name {
            plan = plan.naming(to, name);
        }
        say_whether_enough(app, &contact, &hat, amount);
        let sent = send(app, &mut contact, &hat, plan)?;
        let (amount, to) = (unit.show(amount), name.unwrap_or_else(|| to.to_string()));
        let done = app.output.words("done.pay", &[("amount", &amount), ("to", &to)]);
        Ok(report(app, &sent, &done))
    }
}

/// Says that a request is paid, and by whom if it was this account: only then is the number of use.
fn paid_already(app: &App<'_>, contact: &Contact, hat: &KeyInfo, request: &PaymentRequest) -> Failure {
    let index = request.index.unwrap_or_default();
    let path = paths::fill(paths::RECEIPT, index);
    let said = app
        .with_session(contact, hat, |token| contact.http.get::<klaver_api::ReceiptJson>(&path, Some(token)));
    let is_ours = said.is_ok_and(|said| said.index == index);
    let code = if is_ours { "request_paid_by_you" } else { "request_paid" };
    Failure::new(Exit::Rules, code).with("index", index)
}

/// Returns the name under which an account is listed in the directory, if it is.
fn listed_name(contact: &Contact, account: AccountId) -> Option<String> {
    let account = account.to_string();
    // A name is a kindness, shown beside the account itself: without the directory the payment goes on.
    let page: DirectoryPage = contact.http.get(paths::DIRECTORY, None).ok()?;
    let listed = page.entries.into_iter().find(|entry| entry.account == account)?;
    Some(output::harmless(&listed.name))
}

/// Says before the question whether there is enough, when a session is open: asking costs no passphrase then.
fn say_whether_enough(app: &App<'_>, contact: &Contact, hat: &KeyInfo, amount: Amount) {
    let community = &contact.community;
    let token = session::load(&app.places, &community.ledger, &hat.public_key, moment::now());
    let (Some(token), Some(account)) = (token, hat.purpose.account()) else { return };
    let path = paths::fill(paths::ACCOUNT, account);
    // Without an answer the rules still decide.
    let Ok(said) = contact.http.get::<AccountJson>(&path, Some(&token)) else { return };
    let unit = community.unit(app.output.language);
    let Some(available) = said.available.as_deref().and_then(|text| unit.parse_balance(text)) else { return };
    let is_enough = u64::try_from(available).is_ok_and(|available| amount.minor() <= available);
    let key = if is_enough { "pay.enough" } else { "pay.not_enough" };
    app.output.note(key, &[("available", &unit.show_balance(available))]);
}

/// Signs a payment and shows it as a code; it is kept, and sent when there is network again.
fn sign_offline(
    app: &App<'_>,
    hat: &KeyInfo,
    ledger: LedgerId,
    body: PayBody,
    memo: Option<String>,
) -> Outcome {
    if memo.is_some() {
        return Err(Failure::new(Exit::Usage, "offline_memo"));
    }
    let unit = app.community_of(hat)?.unit(app.output.language);
    let (amount, to) = (unit.show(body.payees[0].amount), body.payees[0].to.to_string());
    app.output.note("entry.pay", &[("amount", &amount), ("to", &to), ("from", &hat.name)]);
    app.confirm(&app.output.words("ask.sign", &[("name", &hat.name)]))?;
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let entry = klaver_ledger::entry::Entry {
        nonce: klaver_ledger::id::Nonce(nonce),
        expires_at: klaver_ledger::time::Deadline::after(moment::now(), entries::DRAFT_VALIDITY),
        memo: None,
        body: Body::Pay(body),
    };
    let signed = entries::sign(app, &ledger, SignedEntry::unsigned(entry), hat)?;
    entries::keep(app, ledger, &signed, None)?;
    let code = Link::Payment { ledger: LedgerPrefix::of(&ledger), entry: Box::new(signed) }.print()?;
    app.output.line(&qr::draw(&code)?);
    app.output.line(&code);
    app.output.say("done.offline", &[("amount", &amount)]);
    app.output.json(&serde_json::json!({ "code": code }));
    Ok(Exit::Ok)
}

/// Sends a payment that somebody signed without network: their signature, our connection.
fn send_for_payer(app: &App<'_>, prefix: LedgerPrefix, entry: &SignedEntry) -> Outcome {
    let (hat, account) = app.account_hat()?;
    let community = app.community_of(&hat)?;
    if prefix != LedgerPrefix::of(&community.ledger) {
        return Err(Failure::new(Exit::Usage, "other_community")
            .with("theirs", prefix)
            .with("ours", &community.name));
    }
    let Body::Pay(pay) = &entry.entry().body else {
        return Err(Failure::new(Exit::Usage, "link_not_payable"));
    };
    if !pay.payees.iter().any(|line| line.to == account) {
        app.output.warn("note.not_for_you", &[]);
    }
    let mut contact = Contact::open(&app.places, community)?;
    if entries::show(app, &contact, entry, &[], &hat)? == entries::Shown::Only {
        return Ok(Exit::Ok);
    }
    let kept = entries::keep(app, contact.community.ledger, entry, None)?;
    let sent = entries::submit(app, &mut contact, kept)?;
    Ok(report(app, &sent, &app.output.words("done.sent_for_payer", &[])))
}

/// Returns the text of the code: from the picture, from standard input, or as it was typed.
fn read_code(what: &str) -> Outcome<String> {
    if what == "-" {
        let mut text = String::new();
        let read = std::io::stdin().lock().take(CODE_BYTES_MAX).read_to_string(&mut text);
        read.map_err(|error| Failure::text(Exit::Usage, "not_a_link", error))?;
        return Ok(text.trim().to_owned());
    }
    let path = Path::new(what);
    if !what.contains("://") && path.is_file() {
        let file =
            File::open(path).map_err(|error| Failure::io(Exit::Usage, "not_a_picture", path, &error))?;
        return qr::read_png(BufReader::new(file));
    }
    let is_picture = path
        .extension()
        .is_some_and(|kind| ["png", "jpg", "jpeg"].iter().any(|known| kind.eq_ignore_ascii_case(known)));
    if is_picture && !what.contains("://") {
        return Err(Failure::new(Exit::Usage, "file_missing").with("path", output::harmless(what)));
    }
    Ok(what.to_owned())
}

/// Says whose code it is: the name is asked from the other node, because a sentence with it helps more.
fn other_community(node: &NodeAddress, ours: &str) -> Failure {
    let theirs = crate::http::Http::new(node.clone())
        .get::<klaver_api::Community>(paths::COMMUNITY, None)
        .map_or_else(|_| node.to_string(), |said| output::harmless(&said.name));
    Failure::new(Exit::Usage, "other_community").with("theirs", theirs).with("ours", ours)
}
