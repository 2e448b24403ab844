//! `klaver card` and `klaver voucher`: paper that pays. Made, printed, put to rest, replaced.

mod make;
mod tend;

use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::harmless;
use crate::papers::{self, AtHand};
use clap::Subcommand;
use klaver_api::text::{self, base64url};
use klaver_api::{
    AskOverview, ChoosePin, Overview, Paper, PaperKind, PaperPage, PaperState, Submit, SubmitAnswer, paths,
};
use klaver_keystore::KeyInfo;
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::PayLine;
use std::path::PathBuf;

/// Make, print and look after cards.
#[derive(Debug, Subcommand)]
pub enum Card {
    /// Make cards and write the sheets to print
    New(make::NewCards),
    /// Show the cards and vouchers that your place handed out
    List,
    /// Put a card to rest: it pays nothing until it is woken
    Rest(tend::Which),
    /// Wake a card that rests
    Wake(tend::Which),
    /// Say that a card was lost: only a new one in its place pays
    Lost(tend::Which),
    /// Make a new card in the place of one: what it holds stays
    Replace(tend::Replace),
    /// Let a card's holder choose a PIN
    Pin(ChooseOne),
    /// Show what a card holds, beside its holder
    Overview(Look),
}

/// Make, print and look after vouchers.
#[derive(Debug, Subcommand)]
pub enum Voucher {
    /// Make vouchers, pay them, and write the sheets to print
    New(make::NewVouchers),
    /// Show the cards and vouchers that your place handed out
    List,
    /// Say that a voucher was lost: only a new one in its place pays
    Lost(tend::Which),
    /// Make a new voucher in the place of one: what it holds stays
    Replace(tend::Replace),
    /// Give what an ended voucher holds back to the pot that it came from
    Return(Look),
}

/// A PIN to choose.
#[derive(clap::Args, Debug)]
pub struct ChooseOne {
    /// Picture or text file of the inside of the card; - for standard input
    pub code: PathBuf,
    /// File whose first line is the new PIN; without it, the holder types it
    #[arg(long, value_name = "FILE")]
    pub new_file: Option<PathBuf>,
    /// File whose first line is the PIN that there is
    #[arg(long, value_name = "FILE")]
    pub old_file: Option<PathBuf>,
}

/// Paper at hand.
#[derive(clap::Args, Debug)]
pub struct Look {
    /// Picture or text file of the inside; - for standard input
    pub code: PathBuf,
}

impl Card {
    /// Runs the command.
    ///
    /// # Errors
    /// When a code or number is none, or the node says no.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self {
            Self::New(command) => command.run(app),
            Self::List => list(app),
            Self::Rest(which) => which.set(app, PaperKind::Card, PaperState::Resting),
            Self::Wake(which) => which.set(app, PaperKind::Card, PaperState::Usable),
            Self::Lost(which) => which.set(app, PaperKind::Card, PaperState::Lost),
            Self::Replace(command) => command.run(app, PaperKind::Card),
            Self::Pin(command) => command.run(app),
            Self::Overview(command) => command.overview(app),
        }
    }
}

impl Voucher {
    /// Runs the command.
    ///
    /// # Errors
    /// As [`Card::run`].
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self {
            Self::New(command) => command.run(app),
            Self::List => list(app),
            Self::Lost(which) => which.set(app, PaperKind::Voucher, PaperState::Lost),
            Self::Replace(command) => command.run(app, PaperKind::Voucher),
            Self::Return(command) => command.give_back(app),
        }
    }
}

/// Returns who looks after paper: the place, or an office of the council.
fn keeper<'o>(app: &App<'o>) -> Outcome<(KeyInfo, Contact)> {
    let hat = app.hat()?;
    let contact = app.contact(&hat)?;
    Ok((hat, contact))
}

/// Returns name and number of whom to call when something is wrong, as cards and overviews say it.
fn trust_line(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    organisation: Option<&str>,
) -> Option<(String, String)> {
    let (name, phone) = super::wrong::whom_to_call(app, contact, hat, organisation)?;
    Some((harmless(&name), harmless(&phone)))
}

fn list(app: &App<'_>) -> Outcome {
    let (hat, contact) = keeper(app)?;
    let mut papers: Vec<Paper> = Vec::new();
    let mut path = paths::PAPERS.to_owned();
    loop {
        let page: PaperPage =
            app.with_session(&contact, &hat, |token| contact.http.get(&path, Some(token)))?;
        papers.extend(page.papers);
        let Some(next) = page.next else { break };
        path = format!("{}?cursor={next}", paths::PAPERS);
    }
    if papers.is_empty() {
        app.output.say("papers.none", &[]);
    }
    for paper in &papers {
        app.output.say(
            "papers.one",
            &[
                ("number", &paper.number.unwrap_or_default().to_string()),
                ("kind", &app.output.words(&format!("kind.{}", word(paper.kind)), &[])),
                ("state", &state_words(app, paper)),
            ],
        );
    }
    app.output.json(&serde_json::json!({ "papers": papers }));
    Ok(Exit::Ok)
}

/// Says what can be done with paper now.
fn state_words(app: &App<'_>, paper: &Paper) -> String {
    let state = serde_json::json!(paper.state);
    app.output.words(&format!("papers.{}", state.as_str().unwrap_or_default()), &[])
}

fn word(kind: PaperKind) -> &'static str {
    match kind {
        PaperKind::Card => "card",
        PaperKind::Voucher => "voucher",
    }
}

impl ChooseOne {
    fn run(self, app: &App<'_>) -> Outcome {
        let (hat, contact) = keeper(app)?;
        let at_hand = AtHand::read(&contact, &self.code)?;
        let old_pin = self.old_file.as_deref().map(papers::read_pin).transpose()?;
        let pin = papers::pin(app, self.new_file.as_deref(), "ask.new_pin")?;
        let asked = ChoosePin { proof: at_hand.proof(&contact)?, pin, old_pin };
        let path = paths::fill(paths::PAPER_PIN, &at_hand.paper.id);
        let paper: Paper =
            app.with_session(&contact, &hat, |token| contact.http.post(&path, Some(token), &asked))?;
        app.output.say("done.pin", &[]);
        app.output.json(&serde_json::json!({ "paper": paper }));
        Ok(Exit::Ok)
    }
}

impl Look {
    fn overview(self, app: &App<'_>) -> Outcome {
        let (hat, contact) = keeper(app)?;
        let at_hand = AtHand::read(&contact, &self.code)?;
        let asked = AskOverview { proof: at_hand.proof(&contact)?, pin: None };
        let path = paths::fill(paths::PAPER_OVERVIEW, &at_hand.paper.id);
        let overview: Overview =
            app.with_session(&contact, &hat, |token| contact.http.post(&path, Some(token), &asked))?;
        let unit = contact.community.unit(app.output.language);
        let balance = unit.show_text(&overview.statement.balance);
        app.output.say("papers.holds", &[("balance", &balance)]);
        if let Some((name, phone)) = trust_line(app, &contact, &hat, None) {
            app.output.say("sheet.wrong", &[("name", &name), ("phone", &phone)]);
        }
        app.output.json(&serde_json::json!(overview));
        Ok(Exit::Ok)
    }

    /// Whoever scans an ended voucher may send it home: nobody gains by it but the pot.
    fn give_back(self, app: &App<'_>) -> Outcome {
        let (_, contact) = keeper(app)?;
        let at_hand = AtHand::read(&contact, &self.code)?;
        let unit = contact.community.unit(app.output.language);
        let held = at_hand.held(&contact)?;
        let left = u64::try_from(papers::left_of(&held, &unit)).unwrap_or(0);
        let amount = Amount::new(left).map_err(|_| Failure::new(Exit::Rules, "voucher_empty"))?;
        let heir = held.state.heir.as_deref().map(|heir| text::account("heir", heir)).transpose()?;
        let heir = heir.ok_or_else(|| Failure::new(Exit::Rules, "voucher_without_home"))?;
        app.confirm(&app.output.words("ask.give_back", &[("amount", &unit.show(amount))]))?;
        let signed = at_hand.sign(app, &contact, PayLine { to: heir, amount, request: None })?;
        let submit = Submit { envelope: base64url(&signed.encode()), memo: None };
        let answer: SubmitAnswer = contact.http.post(paths::ENTRIES, None, &submit)?;
        app.output.say("done.gave_back", &[("amount", &unit.show(amount))]);
        let amount = text::decimal(amount, contact.community.scale);
        let index = match answer {
            SubmitAnswer::Recorded { receipt } | SubmitAnswer::Known { receipt } => Some(receipt.index),
            SubmitAnswer::Draft { .. } => None,
        };
        app.output.json(&serde_json::json!({ "amount": amount, "to": heir.to_string(), "index": index }));
        Ok(Exit::Ok)
    }
}
