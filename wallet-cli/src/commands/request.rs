//! `klaver request`: ask to be paid, show a QR code, wait.

use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::papers::{self, AtHand};
use crate::{charter_words, moment, proofs, qr};
use clap::Args;
use klaver_api::request::VALID_FOR_SECONDS;
use klaver_api::{AccountJson, CreateRequest, PaperKind, PaymentRequest, RequestState, paths, text};
use klaver_keystore::KeyInfo;
use klaver_ledger::amount::Amount;
use klaver_ledger::id::{AccountId, RequestId};
use klaver_ledger::link::{Alias, Link};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Ask to be paid: shows a QR code and waits.
#[derive(Args, Debug)]
pub struct Request {
    /// How much, such as 5 or 2,50
    #[arg(required_unless_present = "withdraw")]
    pub amount: Option<String>,
    /// Take back what you asked, by its link
    #[arg(long, value_name = "LINK", exclusive = true)]
    pub withdraw: Option<String>,
    /// How long it may be paid: 90s, 10m, 2h, 1d
    #[arg(long, value_name = "TIME")]
    pub valid: Option<String>,
    /// Whom you ask, by their own code: it then waits in their inbox
    #[arg(long, value_name = "CODE")]
    pub to: Option<String>,
    /// What for, in your own words: whoever opens it reads them
    #[arg(long, value_name = "TEXT")]
    pub words: Option<String>,
    /// Also write the code as a PNG picture
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Take it from a card or voucher: picture or text file of its code; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "no_wait")]
    pub paper: Option<PathBuf>,
    /// File whose first line is the card's PIN; without it, its holder types it where it is needed
    #[arg(long, value_name = "FILE", requires = "paper")]
    pub pin_file: Option<PathBuf>,
    /// Show the code and do not wait
    #[arg(long)]
    pub no_wait: bool,
}

impl Request {
    /// Runs the command.
    ///
    /// # Errors
    /// `Rules` when its time is over before it was paid.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let (hat, account) = app.account_hat()?;
        let mut contact = app.contact(&hat)?;
        if let Some(link) = &self.withdraw {
            return withdraw(app, &contact, &hat, link);
        }
        let unit = contact.community.unit(app.output.language);
        let amount = unit.parse(self.amount.as_deref().unwrap_or_default())?;
        let valid_for = self.valid.as_deref().map(super::duration).transpose()?;
        if let Some(asked) = valid_for.filter(|asked| !VALID_FOR_SECONDS.contains(&asked.0)) {
            let words = |seconds: u64| charter_words::duration(app.output, seconds);
            let (least, most) = VALID_FOR_SECONDS.into_inner();
            return Err(Failure::new(Exit::Usage, "request_valid")
                .with("value", words(asked.0))
                .with("least", words(least))
                .with("most", words(most)));
        }
        // Before anything is asked: a code that is none makes no request.
        let paper = self.paper.as_deref().map(|file| AtHand::read(&contact, file)).transpose()?;
        let own = own_account(app, &contact, &hat, account);
        if own.as_ref().is_some_and(|own| own.status == "closed") {
            return Err(Failure::new(Exit::Rules, "closed_cannot_ask").with("account", account));
        }
        let body = CreateRequest {
            account: account.to_string(),
            amount: text::decimal(amount, unit.scale),
            valid_for: valid_for.map(|valid_for| valid_for.0),
            to: self.to.as_deref().map(|code| code_in(&contact, code)).transpose()?,
            words: self.words,
        };
        // What pays it is recorded after this moment: an older payment is none of it.
        let known_size = contact.community.known_size();
        let request: PaymentRequest =
            app.with_session(&contact, &hat, |token| contact.http.post(paths::REQUESTS, Some(token), &body))?;
        let id = id_of_ours(&contact, &request, account, amount)?;
        let name = own.and_then(|own| own.name);
        let shown = unit.show(amount);
        let until = moment::show_text(&request.until, app.output.language);
        if let Some(path) = &self.png {
            std::fs::write(path, qr::write_png(&request.link)?)
                .map_err(|error| Failure::writing(path, &error))?;
        }
        if paper.is_none() {
            app.output.line(&qr::draw(&request.link)?);
        }
        app.output.say("request.ask", &[("amount", &app.output.strong(&shown)), ("until", &until)]);
        app.output.line(&crate::output::harmless(&request.link));
        match (&request.name, name) {
            (Some(listed), _) => {
                app.output.note("request.name", &[("name", &crate::output::harmless(listed))])
            }
            (None, Some(own)) => {
                app.output.note("request.name.unlisted", &[("name", &crate::output::harmless(&own))])
            }
            (None, None) => app.output.note("request.name.none", &[]),
        }
        if self.no_wait {
            app.output.json(&request_json(&request));
            return Ok(Exit::Ok);
        }
        // A program needs the link before it waits, and the end when it comes.
        app.output.json(&request_json(&request));
        match &paper {
            Some(paper) => paper.pay(app, &contact, &hat, &request, self.pin_file.as_deref())?,
            None => app.output.note("request.waiting", &[]),
        }
        let end = wait(&contact, &request.id).inspect_err(|_| app.output.warn("request.unsure", &[]))?;
        if end.state != RequestState::Paid {
            app.output.json(&request_json(&end));
            return Err(ended_unpaid(end.state));
        }
        // The screen says *paid* on evidence, not on the node's word.
        let index = end.index.ok_or_else(|| Failure::new(Exit::Mismatch, "request_no_index"))?;
        let (receipt, proven) = proofs::fetch(app, &mut contact, &hat, index)?;
        if index < known_size || !proofs::answers_request(&proven, account, amount, id) {
            return Err(contact.other_entry(&receipt));
        }
        let said = app.output.words("request.paid", &[("amount", &shown)]);
        app.output.line(&app.output.good(&said));
        if let Some(voucher) = paper.filter(|paper| paper.paper.kind == PaperKind::Voucher) {
            // The holder of a voucher hears what is left on it.
            let left = unit.show_balance(papers::left_of(&voucher.held(&contact)?, &unit));
            app.output.say("request.voucher_left", &[("left", &left)]);
        }
        app.output.json(&request_json(&end));
        Ok(Exit::Ok)
    }
}

/// Takes back a request by its link.
fn withdraw(app: &App<'_>, contact: &Contact, hat: &KeyInfo, link: &str) -> Outcome {
    let link = Link::parse(link)?;
    link.check_community(&contact.community.node, &contact.community.ledger)?;
    let Link::Request { id, .. } = link else { return Err(Failure::new(Exit::Usage, "not_a_request")) };
    let path = paths::fill(paths::REQUEST_WITHDRAW, id.to_hex());
    let request: PaymentRequest = app
        .with_session(contact, hat, |token| contact.http.post(&path, Some(token), &serde_json::json!({})))?;
    app.output.json(&request_json(&request));
    if request.state == RequestState::Paid {
        return Err(Failure::new(Exit::Rules, "request_paid"));
    }
    app.output.say("request.withdrawn", &[]);
    Ok(Exit::Ok)
}

/// Returns why a request that is neither open nor paid cannot be paid.
pub(super) fn ended_unpaid(state: RequestState) -> Failure {
    Failure::new(
        Exit::Rules,
        match state {
            RequestState::Declined => "request_declined",
            RequestState::Withdrawn => "request_withdrawn",
            RequestState::Open | RequestState::Paid | RequestState::Expired => "request_expired",
        },
    )
}

/// Returns the id of a request that the node made, which must be the one that was asked for, also in its link.
fn id_of_ours(
    contact: &Contact,
    request: &PaymentRequest,
    account: AccountId,
    amount: Amount,
) -> Outcome<RequestId> {
    let node = contact.http.node();
    let id = RequestId::from_hex(&request.id);
    let is_ours = request.account == account.to_string()
        && request.ledger == contact.community.ledger.to_hex()
        && text::amount("amount", &request.amount, contact.community.scale) == Ok(amount)
        && matches!(Link::parse(&request.link), Ok(Link::Request { node: to, id: linked }) if to == *node && Some(linked) == id);
    let differs = || Failure::new(Exit::Mismatch, "request_not_asked").with("node", node);
    id.filter(|_| is_ours).ok_or_else(differs)
}

/// Returns the own code that a link or a text names.
fn code_in(contact: &Contact, typed: &str) -> Outcome<String> {
    match Link::parse(typed) {
        Ok(Link::Alias { node, alias, amount }) => {
            let name = alias.as_str().to_owned();
            let link = Link::Alias { node, alias, amount };
            link.check_community(&contact.community.node, &contact.community.ledger)?;
            Ok(name)
        }
        _ => Ok(Alias::parse(typed)?.as_str().to_owned()),
    }
}

/// Returns the account as its owner sees it. What is asked of it here is a kindness: without it the node still decides.
fn own_account(app: &App<'_>, contact: &Contact, hat: &KeyInfo, account: AccountId) -> Option<AccountJson> {
    let path = paths::fill(paths::ACCOUNT, account);
    app.with_session(contact, hat, |token| contact.http.get::<AccountJson>(&path, Some(token))).ok()
}

/// Returns the request as the interface writes it, its id as the link has it.
fn request_json(request: &PaymentRequest) -> serde_json::Value {
    let id = crate::entries::short_id(&request.id);
    serde_json::json!(PaymentRequest { id, ..request.clone() })
}

/// Waits until the request is paid or its time is over; asks again when the stream ends.
fn wait(contact: &Contact, id: &str) -> Outcome<PaymentRequest> {
    let path = paths::fill(paths::REQUEST_EVENTS, id);
    let mut troubles = 0;
    loop {
        let started = Instant::now();
        let ended = contact.http.events(&path, |name, data| {
            (name == "request")
                .then(|| serde_json::from_str::<PaymentRequest>(data).ok())
                .flatten()
                .filter(|request| request.state != RequestState::Open)
        });
        match ended {
            Ok(Some(request)) => return Ok(request),
            Ok(None) => troubles = 0,
            Err(failure) if failure.exit == Exit::Network && troubles < 5 => troubles += 1,
            Err(failure) => return Err(failure),
        }
        let now: PaymentRequest = match contact.http.get(&paths::fill(paths::REQUEST, id), None) {
            Ok(now) => now,
            Err(failure) if failure.exit == Exit::Network && troubles < 5 => {
                std::thread::sleep(Duration::from_secs(2));
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if now.state != RequestState::Open {
            return Ok(now);
        }
        // A stream that ends at once is not asked for again at once.
        std::thread::sleep(Duration::from_secs(1).saturating_sub(started.elapsed()));
    }
}
