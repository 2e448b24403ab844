//! `klaver account`: open, show, change, lay to rest and close accounts.

mod change;
mod import;
mod open;

use super::timing::report_timed;
use crate::app::App;
use crate::contact::Contact;
use crate::describe::Teller;
use crate::entries::{Plan, report, send};
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use crate::output::{harmless, term};
use clap::{Args, Subcommand};
use klaver_api::account::AccountPage;
use klaver_api::{AccountJson, Profile, paths};
use klaver_keystore::{KeyInfo, Purpose};
use klaver_ledger::account::{AccountStatus, KeyGrant, Rights};
use klaver_ledger::entry::{Body, Change as ChangeBody, Close as CloseBody};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::PublicKey;

/// Open, show, change, lay to rest and close accounts.
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Open an account, as the council
    Open(open::Open),
    /// Open accounts and make invitations for the people on a list, as the council
    Import(import::Import),
    /// Show an account
    Show(Which),
    /// Show every account you may see
    List,
    /// Change an account: keys, heir; as the council also limits
    Change(change::Change),
    /// Lay an account to rest: nothing leaves it
    Freeze(Which),
    /// Let an account be used again, as the council
    Unfreeze(Which),
    /// Stop a change or close that waits
    Veto(super::veto::Veto),
    /// Close an account; what it has goes to its heir
    Close(Close),
    /// Set the name by which others see an account
    Name(Name),
}

/// Which account, and as whom.
#[derive(Args, Debug)]
pub struct Which {
    /// The account [default: yours]
    pub which: Option<String>,
    /// Act as the council
    #[arg(long)]
    pub council: bool,
}

/// Close an account; what it has goes to its heir.
#[derive(Args, Debug)]
pub struct Close {
    /// The account, and as whom.
    #[command(flatten)]
    pub which: Which,
    /// The account that inherits
    #[arg(long, required = true, value_name = "KLV1")]
    pub heir: String,
}

impl Which {
    /// Returns the key to act as: the council's, or that of an account.
    fn hat(&self, app: &App<'_>) -> Outcome<KeyInfo> {
        if self.council { app.office_hat(Purpose::Council) } else { app.hat() }
    }

    /// Returns the account that was named, else that of the key.
    fn account(&self, app: &App<'_>, hat: &KeyInfo) -> Outcome<AccountId> {
        match &self.which {
            Some(text) => super::account_of(app, text),
            None => hat.purpose.account().ok_or_else(|| Failure::new(Exit::Usage, "account_missing")),
        }
    }
}

/// Set the name by which others see an account.
#[derive(Args, Debug)]
pub struct Name {
    /// The name; without it, the name is removed
    pub name: Option<String>,
    /// Let anybody find it in the directory
    #[arg(long)]
    pub listed: bool,
    /// Where it is, for people: street and town; an empty text takes it away
    #[arg(long, value_name = "TEXT")]
    pub address: Option<String>,
}

impl Account {
    /// Runs the command.
    ///
    /// # Errors
    /// When the key may not do it, or the rules say no.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self {
            Self::Open(command) => command.run(app),
            Self::Import(command) => command.run(app),
            Self::Change(command) => command.run(app),
            Self::Veto(command) => command.run(app),
            Self::Show(which) => show(app, &which),
            Self::List => list(app),
            Self::Freeze(which) => set_status(app, &which, AccountStatus::Frozen),
            // Only the council wakes an account.
            Self::Unfreeze(which) => set_status(app, &Which { council: true, ..which }, AccountStatus::Open),
            Self::Close(command) => close(app, &command),
            Self::Name(command) => name(app, command),
        }
    }
}

/// Fetches an account as `hat` may see it.
pub(super) fn fetch(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    account: AccountId,
) -> Outcome<AccountJson> {
    let path = paths::fill(paths::ACCOUNT, account);
    let said: AccountJson = app.with_session(contact, hat, |token| contact.http.get(&path, Some(token)))?;
    if said.state.account == account.to_string() {
        Ok(said)
    } else {
        Err(Failure::new(Exit::Mismatch, "strange_answer").with("node", contact.http.node()))
    }
}

/// Reads a key that was typed: `KEY`, `KEY:spend+refund`, `KEY:spend:UNTIL`.
fn grant(app: &App<'_>, text: &str) -> Outcome<KeyGrant> {
    let wrong = |code: &str, part: &str| Failure::new(Exit::Usage, code).with("value", harmless(part));
    let mut parts = text.splitn(3, ':');
    let key = parts.next().unwrap_or("");
    let own = app.keys().unwrap_or_default().into_iter().find(|own| own.name == key);
    let key = match own {
        Some(own) => own.public_key,
        None => PublicKey::from_hex(key).map_err(|_| wrong("key_grant", key))?,
    };
    let rights = match parts.next() {
        None | Some("" | "all") => Rights::ALL,
        Some(words) => {
            let list: Vec<String> = words.split('+').map(str::to_owned).collect();
            klaver_api::account::rights_from_words(&list).map_err(|_| wrong("key_right", words))?
        }
    };
    let until = match parts.next() {
        Some(text) => Some(moment::parse_until(text).ok_or_else(|| wrong("not_a_date", text))?),
        None => None,
    };
    if let Some(until) = until.filter(|until| until.has_passed(moment::now())) {
        let until = moment::show_deadline(until, app.output.language);
        return Err(wrong("key_until_past", text).with("until", until));
    }
    Ok(KeyGrant { key, rights, until, cap: None })
}

fn show(app: &App<'_>, which: &Which) -> Outcome {
    let hat = which.hat(app)?;
    let contact = app.contact(&hat)?;
    let said = fetch(app, &contact, &hat, which.account(app, &hat)?)?;
    let unit = contact.community.unit(app.output.language);
    let language = app.output.language;
    let (kind, status) = (term(language, "kind", &said.state.kind), term(language, "status", &said.status));
    let name = said.name.as_deref().map_or(String::new(), harmless);
    let values =
        [("account", &*said.state.account), ("kind", &*kind), ("status", &*status), ("name", &*name)];
    app.output.say("account.head", &values);
    if let Some(balance) = &said.balance {
        app.output.say("balance", &[("balance", &unit.show_text(balance))]);
    }
    let names = crate::entries::names_of(app, &[]);
    let teller = Teller { unit: &unit, output: app.output, names: &names, charter: None };
    for line in teller.state(&said.state.to_state(contact.community.scale)?) {
        app.output.line(&line);
    }
    app.output.json(&serde_json::json!(said));
    Ok(Exit::Ok)
}

/// Returns every account that a key may see.
fn all_seen(app: &App<'_>, contact: &Contact, hat: &KeyInfo) -> Outcome<Vec<AccountJson>> {
    let mut all: Vec<AccountJson> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let path = match &cursor {
            Some(cursor) => format!("{}?cursor={cursor}", paths::ACCOUNTS),
            None => paths::ACCOUNTS.to_owned(),
        };
        let page: AccountPage =
            app.with_session(contact, hat, |token| contact.http.get(&path, Some(token)))?;
        all.extend(page.accounts);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

fn list(app: &App<'_>) -> Outcome {
    let hat = app.hat().or_else(|_| app.office_hat(Purpose::Council))?;
    let contact = app.contact(&hat)?;
    let unit = contact.community.unit(app.output.language);
    let all = all_seen(app, &contact, &hat)?;
    let row = |said: &AccountJson| {
        vec![
            harmless(&said.state.account),
            term(app.output.language, "kind", &said.state.kind),
            term(app.output.language, "status", &said.status),
            said.balance.as_deref().map_or_else(String::new, |text| unit.show_text(text)),
            said.name.as_deref().map_or(String::new(), harmless),
        ]
    };
    let header = ["column.account", "column.kind", "column.status", "column.balance", "column.name"];
    let header: Vec<String> = header.iter().map(|key| app.output.words(key, &[])).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    app.output.table(&header, &all.iter().map(row).collect::<Vec<_>>(), &[3]);
    app.output.json(&serde_json::json!({ "accounts": all }));
    Ok(Exit::Ok)
}

fn set_status(app: &App<'_>, which: &Which, status: AccountStatus) -> Outcome {
    let hat = which.hat(app)?;
    let mut contact = app.contact(&hat)?;
    let account = which.account(app, &hat)?;
    let said = fetch(app, &contact, &hat, account)?;
    let state = said.state.to_state(contact.community.scale)?;
    let body = Body::Change(ChangeBody { base: said.base, state, status });
    let freezes = status == AccountStatus::Frozen;
    if freezes && !app.global.yes {
        app.output.warn("freeze.warning", &[]);
    }
    let sent = send(app, &mut contact, &hat, Plan::patient(body))?;
    let key = if freezes { "done.freeze" } else { "done.unfreeze" };
    let account = crate::entries::names_of(app, &[]).account(&account);
    Ok(report(app, &sent, &app.output.words(key, &[("account", &account)])))
}

fn close(app: &App<'_>, command: &Close) -> Outcome {
    let hat = command.which.hat(app)?;
    let mut contact = app.contact(&hat)?;
    let account = command.which.account(app, &hat)?;
    let heir = super::account_of(app, &command.heir)?;
    let sent = send(app, &mut contact, &hat, Plan::patient(Body::Close(CloseBody { account, heir })))?;
    Ok(report_timed(app, &contact, &hat, account, &sent, "done.close"))
}

fn name(app: &App<'_>, command: Name) -> Outcome {
    let (hat, account) = app.account_hat()?;
    let contact = app.contact(&hat)?;
    if fetch(app, &contact, &hat, account)?.status == "closed" {
        return Err(Failure::new(Exit::Rules, "closed_has_no_name").with("account", account));
    }
    let path = paths::fill(paths::PROFILE, account);
    let address = command.address.map(|text| Some(text).filter(|text| !text.trim().is_empty()));
    let profile = Profile { name: command.name, listed: command.listed, address, position: None };
    app.with_session(&contact, &hat, |token| contact.http.put(&path, token, &profile))?;
    let key = match (&profile.name, profile.listed) {
        (None, _) => "done.name.removed",
        (Some(_), true) => "done.name.listed",
        (Some(_), false) => "done.name",
    };
    app.output.line(&app.output.good(&app.output.words(key, &[])));
    app.output.json(&serde_json::json!({ "account": account.to_string(), "profile": profile }));
    Ok(Exit::Ok)
}
