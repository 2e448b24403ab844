//! `klaver pay`: a link, a picture of a QR code, a signed payment, or an account.

use crate::app::App;
use crate::contact::Contact;
use crate::entries::{self, Plan, report, send};
use crate::failure::{Exit, Failure, Outcome};
use crate::{charter_words, moment, outbox, output, proofs, qr, session};
use clap::Args;
use klaver_api::{AccountJson, DirectoryPage, PayByCode, PaymentRequest, RequestState, paths, text};
use klaver_keystore::KeyInfo;
use klaver_ledger::amount::{Amount, Total};
use klaver_ledger::entry::{Body, Entry, Pay as PayBody, PayLine, RequestRef, SignedEntry};
use klaver_ledger::id::{AccountId, Nonce, RequestId};
use klaver_ledger::link::{Alias, LedgerPrefix, Link, NodeAddress};
use klaver_ledger::time::{Deadline, Seconds};
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
    /// Pay once more, also when the same payment still waits
    #[arg(long)]
    pub again: bool,
}

/// What is paid, each with the options that belong to it.
enum What {
    /// An account.
    Account {
        to: AccountId,
        amount: String,
        memo: Option<String>,
        validity: Option<Seconds>,
        offline: bool,
        again: bool,
    },
    /// A request: it says itself how much, and until when.
    Request { node: NodeAddress, id: RequestId, memo: Option<String> },
    /// Somebody's own code: it leads to a request of so much.
    Code { node: NodeAddress, alias: Alias, amount: String, memo: Option<String> },
    /// A payment that somebody else signed: nothing of it can change.
    Signed { ledger: LedgerPrefix, entry: Box<SignedEntry> },
}

/// A payment to one payee, ready to be shown.
struct Payment {
    line: PayLine,
    name: Option<String>,
    memo: Option<String>,
    validity: Option<Seconds>,
    until: Option<Deadline>,
    again: bool,
}

impl Pay {
    /// Runs the command.
    ///
    /// # Errors
    /// When the code is not one of this community, the request is paid or too late, or the rules say no.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self.read(app)? {
            What::Account { to, amount, memo, validity, offline: true, again } => {
                if memo.is_some() {
                    return Err(Failure::new(Exit::Usage, "offline_memo"));
                }
                promise(app, to, &amount, validity, again)
            }
            What::Account { to, amount, memo, validity, offline: false, again } => {
                let (hat, _) = app.account_hat()?;
                let community = app.community_of(&hat)?;
                let amount = community.unit(app.output.language).parse(&amount)?;
                let contact = app.reach(community)?;
                let name = listed_name(&contact, to);
                let line = PayLine { to, amount, request: None };
                pay(app, contact, Payment { line, name, memo, validity, until: None, again })
            }
            What::Request { node, id, memo } => pay_request(app, &node, id, None, memo),
            What::Code { node, alias, amount, memo } => pay_by_code(app, &node, &alias, &amount, memo),
            What::Signed { ledger, entry } => send_for_payer(app, ledger, &entry),
        }
    }

    /// Reads what is to be paid; an option that would do nothing there is a mistake.
    fn read(self, app: &App<'_>) -> Outcome<What> {
        let what = read_code(&self.what)?;
        if what.to_lowercase().starts_with("klv1") {
            let to = super::account_of(app, &what)?;
            let amount = self.amount.ok_or_else(|| Failure::new(Exit::Usage, "amount_missing"))?;
            let validity = self.valid.as_deref().map(super::duration).transpose()?;
            let (memo, offline, again) = (self.memo, self.offline, self.again);
            return Ok(What::Account { to, amount, memo, validity, offline, again });
        }
        match Link::parse(&what)? {
            Link::Request { node, id } => {
                self.only_with_an_account(app, "pay.what.request")?;
                Ok(What::Request { node, id, memo: self.memo })
            }
            Link::Alias { node, alias, amount } => {
                let what = "pay.what.code";
                let asked = amount.as_ref().map(|amount| amount.as_str().to_owned());
                if asked.is_some() && self.amount.is_some() {
                    return Err(not_here(app, "AMOUNT", what));
                }
                let amount = asked.or_else(|| self.amount.clone());
                let rest = Self { amount: None, ..self };
                rest.only_with_an_account(app, what)?;
                let amount = amount.ok_or_else(|| Failure::new(Exit::Usage, "amount_missing"))?;
                Ok(What::Code { node, alias, amount, memo: rest.memo })
            }
            Link::Payment { ledger, entry } => {
                let what = "pay.what.signed";
                self.only_with_an_account(app, what)?;
                if self.memo.is_some() {
                    Err(not_here(app, "--memo", what))
                } else {
                    Ok(What::Signed { ledger, entry })
                }
            }
            Link::Draft { .. } => Err(Failure::new(Exit::Usage, "link_is_draft")),
            Link::Invitation { .. } => Err(Failure::new(Exit::Usage, "link_is_invitation")),
            _ => Err(Failure::new(Exit::Usage, "link_not_payable")),
        }
    }

    /// Refuses the options that mean something only where an account is paid.
    fn only_with_an_account(&self, app: &App<'_>, what: &str) -> Outcome<()> {
        let given = [
            (self.amount.is_some(), "AMOUNT"),
            (self.offline, "--offline"),
            (self.valid.is_some(), "--valid"),
            (self.again, "--again"),
        ];
        let first = given.iter().find(|(is_given, _)| *is_given);
        first.map_or(Ok(()), |(_, option)| Err(not_here(app, option, what)))
    }
}

fn not_here(app: &App<'_>, option: &str, what: &str) -> Failure {
    Failure::new(Exit::Usage, "option_not_here")
        .with("option", option)
        .with("what", app.output.words(what, &[]))
}

/// Fetches a request, checks that it is the one of the code, and of the amount that was `typed` if one was; pays it.
fn pay_request(
    app: &App<'_>,
    node: &NodeAddress,
    id: RequestId,
    typed: Option<Amount>,
    memo: Option<String>,
) -> Outcome {
    let (hat, account) = app.account_hat()?;
    let community = app.community_of(&hat)?;
    if community.node != *node {
        return Err(other_community(node, &community.name));
    }
    let mut contact = app.reach(community)?;
    let request: PaymentRequest = contact.http.get(&paths::fill(paths::REQUEST, id.to_hex()), None)?;
    if request.ledger != contact.community.ledger.to_hex() || request.id != id.to_hex() {
        return Err(Failure::new(Exit::Mismatch, "request_differs"));
    }
    match request.state {
        RequestState::Open => {}
        RequestState::Paid => return Err(paid_already(app, &mut contact, &hat, account, &request, id)),
        ended => return Err(super::request::ended_unpaid(ended)),
    }
    let amount = text::amount("amount", &request.amount, contact.community.scale)?;
    if typed.is_some_and(|typed| typed != amount) {
        return Err(Failure::new(Exit::Mismatch, "request_differs"));
    }
    let to = text::account("account", &request.account)?;
    let until = text::deadline("until", &request.until)?;
    let line = PayLine { to, amount, request: Some(RequestRef { id, until }) };
    let name = request.name.as_deref().map(output::harmless);
    pay(app, contact, Payment { line, name, memo, validity: None, until: Some(until), again: false })
}

/// Asks for a request by somebody's own code, and pays that: it can be paid once, however often this is tried again.
fn pay_by_code(
    app: &App<'_>,
    node: &NodeAddress,
    alias: &Alias,
    amount: &str,
    memo: Option<String>,
) -> Outcome {
    let (hat, _) = app.account_hat()?;
    let community = app.community_of(&hat)?;
    if community.node != *node {
        return Err(other_community(node, &community.name));
    }
    let unit = community.unit(app.output.language);
    let amount = unit.parse(amount)?;
    let asked = PayByCode { amount: text::decimal(amount, unit.scale) };
    let contact = app.reach(community)?;
    let path = paths::fill(paths::CODE_REQUESTS, alias.as_str());
    let request: PaymentRequest = contact.http.post(&path, None, &asked)?;
    pay_request(app, node, text::from_hex("id", &request.id, RequestId::from_hex)?, Some(amount), memo)
}

/// Signs a payment and sends it, unless the same one still waits: then that one is sent again.
fn pay(app: &App<'_>, mut contact: Contact, payment: Payment) -> Outcome {
    let (hat, from) = app.account_hat()?;
    let unit = contact.community.unit(app.output.language);
    let PayLine { to: payee, amount: due, .. } = payment.line;
    let (amount, to) = (unit.show(due), payment.name.clone().unwrap_or_else(|| payee.to_string()));
    let done = app.output.words("done.pay", &[("amount", &amount), ("to", &to)]);
    let body = Body::Pay(PayBody { from, payees: vec![payment.line], late: false });
    let (memo, until, again) = (payment.memo, payment.until, payment.again);
    let mut plan = Plan { memo, until, again, ..Plan::now(body) };
    if let Some(validity) = payment.validity {
        plan.validity = validity;
    }
    if let Some(name) = &payment.name {
        plan = plan.naming(payee, name);
    }
    say_whether_enough(app, &contact, &hat, due);
    let sent = send(app, &mut contact, &hat, plan)?;
    Ok(report(app, &sent, &done))
}

/// Says that a request is paid, and by whom if it is proven that it was `account`.
fn paid_already(
    app: &App<'_>,
    contact: &mut Contact,
    hat: &KeyInfo,
    account: AccountId,
    request: &PaymentRequest,
    id: RequestId,
) -> Failure {
    let index = request.index.unwrap_or_default();
    let proven = proofs::fetch(app, contact, hat, index);
    let is_ours = proven.is_ok_and(|(_, proven)| proofs::paid_request(&proven, account, id));
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
///
/// Nobody can be asked now: what the policy said at the last visit bounds amount and validity.
fn promise(app: &App<'_>, to: AccountId, amount: &str, validity: Option<Seconds>, again: bool) -> Outcome {
    let (hat, from) = app.account_hat()?;
    let community = app.community_of(&hat)?;
    let unit = community.unit(app.output.language);
    let amount = unit.parse(amount)?;
    let terms = community.terms.ok_or_else(|| Failure::new(Exit::Failed, "offline_unknown"))?;
    if terms.offline_cap_minor == 0 {
        return Err(Failure::new(Exit::Rules, "offline_none"));
    }
    if amount.minor() > terms.offline_cap_minor {
        let cap = Total::new(terms.offline_cap_minor)?;
        return Err(Failure::new(Exit::Rules, "offline_too_much")
            .with("cap", unit.show(cap))
            .with("amount", unit.show(amount)));
    }
    let longest = Seconds(terms.pay_validity);
    if validity.is_some_and(|asked| asked > longest) {
        let longest = charter_words::duration(app.output, longest.0);
        return Err(Failure::new(Exit::Usage, "offline_too_long").with("longest", longest));
    }
    let payees = vec![PayLine { to, amount, request: None }];
    let body = Body::Pay(PayBody { from, payees, late: true });
    if !again && outbox::alike(&app.places, &community.ledger, &body)?.is_some() {
        return Err(Failure::new(Exit::Failed, "payment_waits"));
    }
    // The node's clock as it stood at the last visit: it is the one that the payment ends by.
    let now = entries::node_time(app, community.clock).map_err(|wrong| match wrong.code.as_str() {
        "clock_wrong" => Failure::new(Exit::Failed, "offline_clock"),
        _ => wrong,
    })?;
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let entry = Entry {
        nonce: Nonce(nonce),
        expires_at: Deadline::after(now, validity.unwrap_or(entries::DRAFT_VALIDITY.min(longest))),
        memo: None,
        body,
    };
    let (shown, payee) = (unit.show(amount), to.to_string());
    let until = moment::show_deadline(entry.expires_at, app.output.language);
    app.output.note("entry.pay", &[("amount", &shown), ("to", &payee), ("from", &hat.name)]);
    app.output.note("entry.until", &[("until", &until)]);
    if app.global.dry_run {
        return Ok(Exit::Ok);
    }
    app.confirm(&app.output.words("ask.sign", &[("name", &hat.name)]))?;
    let expires_at = entry.expires_at.to_string();
    let signed = entries::sign(app, &community.ledger, SignedEntry::unsigned(entry), &hat)?;
    outbox::keep(&app.places, community.ledger, &signed, None, moment::now())?;
    let code =
        Link::Payment { ledger: LedgerPrefix::of(&community.ledger), entry: Box::new(signed) }.print()?;
    app.output.line(&qr::draw(&code)?);
    app.output.line(&code);
    app.output.say("done.offline", &[("amount", &shown)]);
    app.output.json(&serde_json::json!({ "code": code, "expires_at": expires_at }));
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
    let keep = || outbox::keep(&app.places, community.ledger, entry, None, moment::now());
    let opened = app
        .reach(community.clone())
        .and_then(|contact| contact.community.still_of(&community.ledger).map(|()| contact));
    // Whoever gave this code has left the shop by the time there is network again.
    if opened.as_ref().is_err_and(|failure| failure.exit == Exit::Network) && !app.global.dry_run {
        let kept = keep()?;
        entries::say_what_is_known(app, &kept, kept.state)?;
    }
    let mut contact = opened?;
    if entries::show(app, &contact, entry, &[], &hat)? == entries::Shown::Only {
        return Ok(Exit::Ok);
    }
    let kept = keep()?;
    let sent = entries::submit(app, &mut contact, kept)?;
    Ok(report(app, &sent, &app.output.words("done.sent_for_payer", &[])))
}

/// Returns the text of the code: from the picture, from standard input, or as it was typed.
pub(super) fn read_code(what: &str) -> Outcome<String> {
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
