//! Looking after cards and vouchers: to rest, lost, new paper in their place.

use super::make::{check_sheet, piece, write_sheet};
use super::{keeper, state_words, word};
use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::papers;
use crate::sheets::Texts;
use crate::{entries, moment};
use clap::Args;
use klaver_api::text::base64url;
use klaver_api::{Paper, PaperKind, PaperState, ReplacePaper, Replaced, SetPaperState, paths};
use klaver_keystore::KeyInfo;
use klaver_ledger::account::{AccountStatus, KeyGrant, Rights};
use klaver_ledger::entry::{Body, Change, Entry, SignedEntry};
use klaver_ledger::id::Nonce;
use klaver_ledger::keys::{PublicKey, paper_key};
use klaver_ledger::time::Deadline;
use std::path::PathBuf;

/// Paper that was handed out.
#[derive(Args, Debug)]
pub struct Which {
    /// The number on its stub; or a picture or text file of its code
    pub paper: String,
}

/// Paper to be replaced.
#[derive(Args, Debug)]
pub struct Replace {
    /// The number on its stub; or a picture or text file of its code
    pub paper: String,
    /// PDF file for the new sheet
    #[arg(long, value_name = "FILE")]
    pub sheet: PathBuf,
    /// File whose first line is the card's PIN: the new card then pays at once
    #[arg(long, value_name = "FILE", conflicts_with = "without_pin")]
    pub pin_file: Option<PathBuf>,
    /// The holder does not know the PIN: the new card pays after a day
    #[arg(long)]
    pub without_pin: bool,
    /// Telephone number on the card, for who lost one
    #[arg(long, value_name = "TEXT")]
    pub phone: Option<String>,
}

impl Which {
    /// Puts it to rest, wakes it, or says that it was lost.
    ///
    /// # Errors
    /// When there is no such paper, or this cannot be done with it.
    pub fn set(self, app: &App<'_>, kind: PaperKind, state: PaperState) -> Outcome {
        let (hat, contact) = keeper(app)?;
        let paper = papers::find(app, &contact, &hat, &self.paper)?;
        check_kind(app, &paper, kind)?;
        if state == PaperState::Lost {
            app.confirm(&app.output.words("ask.lost", &[]))?;
        }
        if app.global.dry_run {
            return Ok(Exit::Ok);
        }
        let paper = set_state(app, &contact, &hat, &paper, state)?;
        let number = paper.number.unwrap_or_default().to_string();
        let kind = app.output.words(&format!("kind.{}", word(paper.kind)), &[]);
        let state = state_words(app, &paper);
        app.output.say("papers.one", &[("number", &number), ("kind", &kind), ("state", &state)]);
        app.output.json(&serde_json::json!({ "paper": paper }));
        Ok(Exit::Ok)
    }
}

fn check_kind(app: &App<'_>, paper: &Paper, kind: PaperKind) -> Outcome<()> {
    if paper.kind == kind {
        return Ok(());
    }
    let kind = app.output.words(&format!("kind.{}", word(paper.kind)), &[]);
    Err(Failure::new(Exit::Usage, "other_paper").with("kind", kind))
}

fn set_state(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    paper: &Paper,
    state: PaperState,
) -> Outcome<Paper> {
    let (path, asked) = (paths::fill(paths::PAPER_STATE, &paper.id), SetPaperState { state });
    app.with_session(contact, hat, |token| contact.http.post(&path, Some(token), &asked))
}

impl Replace {
    /// Runs the command.
    ///
    /// # Errors
    /// When the PIN is wrong, the file is there, or the node says no.
    pub fn run(self, app: &App<'_>, kind: PaperKind) -> Outcome {
        let (hat, contact) = keeper(app)?;
        check_sheet(&self.sheet, 1)?;
        let found = papers::find(app, &contact, &hat, &self.paper)?;
        check_kind(app, &found, kind)?;
        let has_pin = found.has_pin == Some(true) && !self.without_pin;
        let pin = has_pin.then(|| papers::pin(app, self.pin_file.as_deref(), "ask.pin")).transpose()?;
        app.confirm(&app.output.words("ask.replace_paper", &[]))?;
        if app.global.dry_run {
            return Ok(Exit::Ok);
        }
        let lost = match found.state {
            PaperState::Lost => found,
            _ => set_state(app, &contact, &hat, &found, PaperState::Lost)?,
        };
        let mut secret = [0; 16];
        getrandom::fill(&mut secret)?;
        let envelope = base64url(&sign(app, &contact, &hat, &lost, &secret)?.encode());
        let path = paths::fill(paths::PAPER_REPLACEMENT, &lost.id);
        let asked = ReplacePaper { envelope, pin };
        let new: Replaced =
            app.with_session(&contact, &hat, |token| contact.http.post(&path, Some(token), &asked))?;
        // What a voucher holds, only its holder knows.
        let printed = piece(&contact, &new.paper, secret, String::new(), None)?;
        let trust = super::trust_line(app, &contact, &hat, None);
        let texts =
            Texts { community: contact.community.name.clone(), title: None, phone: self.phone, trust };
        write_sheet(app, &self.sheet, &[printed], &texts)?;
        match &new.effective_at {
            Some(at) => app.output.say("papers.from", &[("at", &moment::show_text(at, app.output.language))]),
            None => app.output.say("papers.at_once", &[]),
        }
        app.output.json(&serde_json::json!(new));
        Ok(Exit::Ok)
    }
}

/// Signs that the account's printed key is the new one, as the place that handed the paper out.
fn sign(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    paper: &Paper,
    secret: &[u8; 16],
) -> Outcome<SignedEntry> {
    let not_ours = || Failure::new(Exit::Mismatch, "strange_answer").with("node", contact.http.node());
    let in_force = paper.in_force.as_ref().ok_or_else(not_ours)?;
    let mut state = in_force.state.to_state(contact.community.scale)?;
    if state.account.to_string() != paper.account {
        return Err(not_ours());
    }
    let key = PublicKey::of(&paper_key(&contact.community.ledger, secret));
    state.keys = vec![KeyGrant { key, rights: Rights::SPEND, until: None, cap: None }];
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let now = entries::node_time(app, contact.community.clock)?;
    let entry = Entry {
        nonce: Nonce(nonce),
        expires_at: Deadline::after(now, entries::PAYMENT_VALIDITY),
        memo: None,
        body: Body::Change(Change { base: in_force.base, state, status: AccountStatus::Open }),
    };
    entries::sign(app, &contact.community.ledger, SignedEntry::unsigned(entry), hat)
}
