//! `klaver wrong`: tell a person of trust that something is wrong, and hear what came of it; name one.

mod heard;

use self::heard::Answer;
use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use crate::output::harmless;
use clap::{Args, Subcommand, ValueEnum};
use klaver_api::{
    CouncilTrust, NamePersonOfTrust, NamedPerson, PersonOfTrust, TellWrong, Telling, Told, ToldPage,
    WrongLine, WrongReason, paths,
};
use klaver_keystore::{KeyInfo, Purpose};
use serde::Serialize;

/// How many signs of its number something that was told is shown by.
const ID_SHOWN: usize = 8;

/// Tell a person of trust that something is wrong, and hear what came of it.
#[derive(Debug, Subcommand)]
pub enum Wrong {
    /// Show what you told, and the answers
    List,
    /// Tell a person of trust
    Tell(Tell),
    /// Take back what you told: your words are erased
    Back {
        /// Which: the beginning of what `klaver wrong list` shows
        id: String,
    },
    /// Show what you were told, as a person of trust
    Heard,
    /// Answer as a person of trust
    Answer(Answer),
    /// Name a person of trust, as the council
    Name(Name),
}

/// Something to tell.
#[derive(Args, Debug)]
pub struct Tell {
    /// What is wrong
    pub reason: Reason,
    /// About which number of your lines
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<u64>,
    /// In your own words
    #[arg(long, value_name = "TEXT")]
    pub words: Option<String>,
    /// Your telephone number, when you would rather be called
    #[arg(long, value_name = "NUMBER")]
    pub phone: Option<String>,
    /// Whom you tell, by name, where there are several
    #[arg(long, value_name = "NAME")]
    pub to: Option<String>,
}

/// Somebody who listens.
#[derive(Args, Debug)]
pub struct Name {
    /// Their own member account
    pub person: String,
    /// What people call them
    #[arg(long)]
    pub name: String,
    /// Their telephone number, for cards and the town square
    #[arg(long, value_name = "NUMBER")]
    pub phone: String,
    /// The organisation that they listen for; all without it
    #[arg(long)]
    pub organisation: Option<String>,
    /// The organisation for which they give credits themselves
    #[arg(long, value_name = "ORGANISATION")]
    pub gives_at: Option<String>,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reason {
    /// The amount.
    Amount,
    /// Something is missing.
    Missing,
    /// You do not know what it is.
    NotMine,
    /// How you were treated.
    Treated,
    /// Something else: say it in words, or leave a number.
    Other,
}

impl From<Reason> for WrongReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Amount => Self::Amount,
            Reason::Missing => Self::Missing,
            Reason::NotMine => Self::NotMine,
            Reason::Treated => Self::Treated,
            Reason::Other => Self::Other,
        }
    }
}

impl Wrong {
    /// Runs the command.
    ///
    /// # Errors
    /// When nobody listens, nobody of that name does, or the node says no.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self {
            Self::List => list(app),
            Self::Tell(tell) => tell.run(app),
            Self::Back { id } => heard::take_back(app, &id),
            Self::Heard => heard::list(app),
            Self::Answer(answer) => answer.run(app),
            Self::Name(name) => name.run(app),
        }
    }
}

impl Tell {
    fn run(self, app: &App<'_>) -> Outcome {
        let (hat, _) = app.account_hat()?;
        let contact = app.contact(&hat)?;
        let person = chosen(&page(app, &contact, &hat, self.number)?.persons, self.to.as_deref())?;
        if app.global.dry_run {
            return Ok(Exit::Ok);
        }
        let asked = TellWrong {
            person: person.id,
            reason: self.reason.into(),
            about: self.number.map(|index| WrongLine { index, line: None }),
            words: self.words,
            phone: self.phone,
        };
        let tell = |token: &str| contact.http.post(paths::WRONG, Some(token), &asked);
        let told: Told = app.with_session(&contact, &hat, tell)?;
        let (name, phone) = (harmless(&person.name), harmless(&person.phone));
        app.output.say("wrong.told", &[("name", &name), ("phone", &phone)]);
        app.output.json(&serde_json::json!(told));
        Ok(Exit::Ok)
    }
}

impl Name {
    fn run(self, app: &App<'_>) -> Outcome {
        let hat = app.office_hat(Purpose::Council)?;
        let contact = app.contact(&hat)?;
        let asked = NamePersonOfTrust {
            account: super::account_of(app, &self.person)?.to_string(),
            name: self.name,
            phone: self.phone,
            organisation: self.organisation,
            gives_at: self.gives_at,
        };
        if app.global.dry_run {
            return Ok(Exit::Ok);
        }
        let name = |token: &str| contact.http.post(paths::COUNCIL_TRUST, Some(token), &asked);
        let named: NamedPerson = app.with_session(&contact, &hat, name)?;
        app.output.say("wrong.named", &[("name", &harmless(&named.name))]);
        app.output.json(&serde_json::json!(named));
        Ok(Exit::Ok)
    }
}

/// Returns what the account told, and whom it can tell about that number.
fn page(app: &App<'_>, contact: &Contact, hat: &KeyInfo, number: Option<u64>) -> Outcome<ToldPage> {
    let path = match number {
        Some(number) => format!("{}?index={number}", paths::WRONG),
        None => paths::WRONG.to_owned(),
    };
    app.with_session(contact, hat, |token| contact.http.get(&path, Some(token)))
}

/// Returns the person of this name, or the first.
fn chosen(persons: &[PersonOfTrust], name: Option<&str>) -> Outcome<PersonOfTrust> {
    let is_meant = |person: &&PersonOfTrust| {
        name.is_none_or(|name| person.name.to_lowercase().starts_with(&name.to_lowercase()))
    };
    let names: Vec<String> = persons.iter().map(|person| harmless(&person.name)).collect();
    persons.iter().find(is_meant).cloned().ok_or_else(|| match name {
        Some(name) if !persons.is_empty() => Failure::new(Exit::Usage, "no_such_person")
            .with("value", harmless(name))
            .with("names", names.join(", ")),
        _ => Failure::new(Exit::Rules, "nobody_listens"),
    })
}

fn list(app: &App<'_>) -> Outcome {
    let (hat, _) = app.account_hat()?;
    let contact = app.contact(&hat)?;
    let page = page(app, &contact, &hat, None)?;
    if page.told.is_empty() {
        app.output.say("wrong.none", &[]);
    }
    let word = Word::of(app, &contact);
    for told in &page.told {
        let about = told.about.map_or_else(String::new, |about| about_number(app, about.index));
        word.tell(&told.telling, &about);
        if told.person.is_none() {
            app.output.say("web.wrong_gone", &[]);
        }
    }
    app.output.json(&serde_json::json!({ "told": page.told, "persons": page.persons }));
    Ok(Exit::Ok)
}

/// What was told, in words: pages and programs say these things in the same.
struct Word<'a> {
    app: &'a App<'a>,
    many: String,
}

impl<'a> Word<'a> {
    fn of(app: &'a App<'a>, contact: &Contact) -> Self {
        Self { app, many: contact.community.unit(app.output.language).many }
    }

    fn called(&self, kind: &str, value: &str) -> String {
        self.app.output.words(&format!("web.wrong_{kind}_{value}"), &[("many", &self.many)])
    }

    /// Says how far something is, and what came of it; the beginning of its number names it where it is answered or taken back.
    fn tell(&self, telling: &Telling, about: &str) {
        let output = self.app.output;
        let id = telling.id.get(..ID_SHOWN).unwrap_or_default();
        let values = [
            ("id", id),
            ("when", &*moment::show_text(&telling.told_at, output.language)),
            ("state", &*output.strong(&self.called("state", &name_of(&telling.state)))),
            ("reason", &*self.called("reason", &name_of(&telling.reason))),
            ("about", about),
        ];
        output.say("wrong.one", &values);
        if let Some(answer) = &telling.answer {
            output.say("wrong.answer", &[("answer", &harmless(answer))]);
        }
        if let Some(outcome) = &telling.outcome {
            let number = telling.entry.map_or_else(String::new, |entry| about_number(self.app, entry));
            output.say(
                "wrong.outcome",
                &[("outcome", &self.called("outcome", &name_of(outcome))), ("about", &number)],
            );
        }
    }
}

fn about_number(app: &App<'_>, index: u64) -> String {
    app.output.words("web.wrong_number", &[("index", &index.to_string())])
}

fn name_of(value: &impl Serialize) -> String {
    serde_json::json!(value).as_str().unwrap_or_default().to_owned()
}

/// Returns name and telephone number of whom to call when something is wrong, as a card of this place says it: a person
/// of trust of the place, else one of all. The council prints for every place, and says which. A node that knows none
/// prints none.
pub fn whom_to_call(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    organisation: Option<&str>,
) -> Option<(String, String)> {
    if hat.purpose.account().is_some() {
        let person = page(app, contact, hat, None).ok()?.persons.into_iter().next()?;
        return Some((person.name, person.phone));
    }
    let ask = |token: &str| contact.http.get(paths::COUNCIL_TRUST, Some(token));
    let CouncilTrust { persons, .. } = app.with_session(contact, hat, ask).ok()?;
    let of = |place: Option<&str>| persons.iter().find(|person| person.organisation.as_deref() == place);
    let person = organisation.and_then(|place| of(Some(place))).or_else(|| of(None))?;
    Some((person.name.clone(), person.phone.clone()))
}
