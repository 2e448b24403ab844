//! What a person of trust was told: read and answered; and taking back what one told oneself.

use super::{Word, about_number, name_of, page};
use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::harmless;
use clap::{Args, ValueEnum};
use klaver_api::{AnswerWrong, Heard, HeardPage, Telling, WrongOutcome, WrongState, paths};
use klaver_keystore::KeyInfo;

/// How many signs of its number somebody types at least.
const TYPED_MIN: usize = 4;

/// An answer to somebody who told that something is wrong.
#[derive(Args, Debug)]
pub struct Answer {
    /// Which: the beginning of what `klaver wrong heard` shows
    pub id: String,
    /// What you say to them
    #[arg(long, value_name = "TEXT")]
    pub words: Option<String>,
    /// What came of it: it is done then
    #[arg(long)]
    pub outcome: Option<Came>,
    /// The number of the refund, correction or credit that followed
    #[arg(long, value_name = "NUMBER", requires = "outcome")]
    pub number: Option<u64>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Came {
    /// A payment was given back.
    Refund,
    /// A mistake was put right.
    Correction,
    /// Credits were given besides.
    Credit,
    /// Nothing in the ledger.
    Nothing,
}

impl From<Came> for WrongOutcome {
    fn from(came: Came) -> Self {
        match came {
            Came::Refund => Self::Refund,
            Came::Correction => Self::Correction,
            Came::Credit => Self::Credit,
            Came::Nothing => Self::Nothing,
        }
    }
}

/// Shows what was told to whoever listens with this wallet.
pub(super) fn list(app: &App<'_>) -> Outcome {
    let (hat, _) = app.account_hat()?;
    let contact = app.contact(&hat)?;
    let heard = heard(app, &contact, &hat)?;
    if heard.is_empty() {
        app.output.say("wrong.heard_none", &[]);
    }
    let word = Word::of(app, &contact);
    for one in &heard {
        let Telling { words, phone, .. } = &one.telling;
        let about = one.about.as_ref().map_or_else(String::new, |about| about_number(app, about.index));
        word.tell(&one.telling, &about);
        let from = one.teller.iter().chain(words).chain(phone).map(|said| harmless(said));
        from.for_each(|said| app.output.line(&format!("  {said}")));
    }
    app.output.json(&serde_json::json!({ "heard": heard }));
    Ok(Exit::Ok)
}

impl Answer {
    pub(super) fn run(self, app: &App<'_>) -> Outcome {
        let (hat, _) = app.account_hat()?;
        let contact = app.contact(&hat)?;
        let heard = heard(app, &contact, &hat)?;
        let id = find(heard.iter().map(|one| &one.telling.id), &self.id)?;
        if app.global.dry_run {
            return Ok(Exit::Ok);
        }
        let asked = AnswerWrong {
            state: if self.outcome.is_some() { WrongState::Done } else { WrongState::Talking },
            answer: self.words,
            outcome: self.outcome.map(WrongOutcome::from),
            entry: self.number,
        };
        let path = paths::fill(paths::HEARD_ONE, id);
        app.with_session(&contact, &hat, |token| contact.http.put(&path, token, &asked))?;
        let state = Word::of(app, &contact).called("state", &name_of(&asked.state));
        app.output.say("wrong.answered", &[("state", &app.output.strong(&state))]);
        app.output.json(&serde_json::json!({ "id": id, "state": asked.state }));
        Ok(Exit::Ok)
    }
}

/// Takes back what this wallet's account told: its words and number are erased.
pub(super) fn take_back(app: &App<'_>, typed: &str) -> Outcome {
    let (hat, _) = app.account_hat()?;
    let contact = app.contact(&hat)?;
    let told = page(app, &contact, &hat, None)?.told;
    let id = find(told.iter().map(|one| &one.telling.id), typed)?;
    if app.global.dry_run {
        return Ok(Exit::Ok);
    }
    let path = paths::fill(paths::WRONG_ONE, id);
    app.with_session(&contact, &hat, |token| contact.http.delete(&path, token))?;
    app.output.say("wrong.taken_back", &[]);
    app.output.json(&serde_json::json!({ "id": id, "erased": true }));
    Ok(Exit::Ok)
}

fn heard(app: &App<'_>, contact: &Contact, hat: &KeyInfo) -> Outcome<Vec<Heard>> {
    let page: HeardPage =
        app.with_session(contact, hat, |token| contact.http.get(paths::HEARD, Some(token)))?;
    Ok(page.heard)
}

/// Returns the only one of `ids` that begins as typed.
fn find<'i>(ids: impl Iterator<Item = &'i String>, typed: &str) -> Outcome<&'i String> {
    let mut found = ids.filter(|id| typed.len() >= TYPED_MIN && id.starts_with(&typed.to_lowercase()));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        _ => Err(Failure::new(Exit::Usage, "no_such_matter").with("value", harmless(typed))),
    }
}
