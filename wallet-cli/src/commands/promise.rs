//! `klaver promise`: payments without network that stayed unpaid, and the pot that bears them.

use super::pay::read_code;
use crate::app::App;
use crate::charter_words;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::harmless;
use clap::{Args, Subcommand};
use klaver_api::paths;
use klaver_api::promise::{NamePromisePot, PromiseTerms, UnpaidPromise};
use klaver_api::request::{PaymentRequest, RequestState};
use klaver_api::text;
use klaver_keystore::Purpose;
use klaver_ledger::link::Link;

/// What may be promised without network, and the pot that bears what stays unpaid.
#[derive(Debug, Subcommand)]
pub enum Promise {
    /// Show what may be promised, and which pot bears what stays unpaid
    Terms,
    /// Name the pot that bears promises that stay unpaid, as the council
    Pot(Pot),
    /// Ask that pot to bear a promise whose time is over
    Unpaid(Unpaid),
}

/// Which pot.
#[derive(Args, Debug)]
pub struct Pot {
    /// The account of the pot; none without it
    pub pot: Option<String>,
}

/// Which promise.
#[derive(Args, Debug)]
pub struct Unpaid {
    /// The KLVP: code, or - for standard input
    pub code: String,
}

impl Promise {
    /// Runs the command.
    ///
    /// # Errors
    /// When the code is no promise, or the node says no.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self {
            Self::Terms => terms(app),
            Self::Pot(pot) => pot.run(app),
            Self::Unpaid(unpaid) => unpaid.run(app),
        }
    }
}

fn terms(app: &App<'_>) -> Outcome {
    let hat = app.hat().or_else(|_| app.office_hat(Purpose::Council))?;
    let contact = app.contact(&hat)?;
    show(app, &contact.community.unit(app.output.language), &contact.http.get(paths::PROMISES, None)?)
}

fn show(app: &App<'_>, unit: &crate::money::Unit, terms: &PromiseTerms) -> Outcome {
    let days = charter_words::duration(app.output, terms.valid_for);
    app.output.say("promise.terms", &[("cap", &unit.show_text(&terms.cap)), ("days", &days)]);
    match terms.pot_name.as_deref().map(harmless).or_else(|| terms.pot.clone()) {
        Some(pot) => app.output.say("promise.pot", &[("pot", &pot)]),
        None => app.output.say("promise.no_pot", &[]),
    }
    app.output.json(&serde_json::json!(terms));
    Ok(Exit::Ok)
}

impl Pot {
    fn run(self, app: &App<'_>) -> Outcome {
        let hat = app.office_hat(Purpose::Council)?;
        let contact = app.contact(&hat)?;
        let account = self.pot.as_deref().map(|text| super::account_of(app, text)).transpose()?;
        if app.global.dry_run {
            return Ok(Exit::Ok);
        }
        let asked = NamePromisePot { account: account.map(|account| account.to_string()) };
        app.with_session(&contact, &hat, |token| contact.http.put(paths::COUNCIL_PROMISES, token, &asked))?;
        terms(app)
    }
}

impl Unpaid {
    fn run(self, app: &App<'_>) -> Outcome {
        let Link::Payment { ledger, entry } = Link::parse(&read_code(&self.code)?)? else {
            return Err(Failure::new(Exit::Usage, "link_not_payable"));
        };
        let (hat, _) = app.account_hat()?;
        let contact = app.contact(&hat)?;
        let community = &contact.community;
        Link::Payment { ledger, entry: entry.clone() }.check_community(&community.node, &community.ledger)?;
        if app.global.dry_run {
            return Ok(Exit::Ok);
        }
        let words = Some(app.output.words("web.promise_words", &[]));
        let asked = UnpaidPromise { envelope: text::base64url(&entry.encode()), words };
        let ask = |token: &str| contact.http.post(paths::UNPAID_PROMISES, Some(token), &asked);
        let request: PaymentRequest = app.with_session(&contact, &hat, ask)?;
        let amount = community.unit(app.output.language).show_text(&request.amount);
        let key = if request.state == RequestState::Paid { "promise.borne" } else { "promise.asked" };
        app.output.say(key, &[("amount", &amount)]);
        app.output.json(&serde_json::json!(request));
        Ok(Exit::Ok)
    }
}
