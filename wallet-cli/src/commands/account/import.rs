//! `klaver account import`: accounts and invitations for the people on a list.

use super::all_seen;
use crate::app::App;
use crate::contact::Contact;
use crate::entries::{Plan, send, tell};
use crate::failure::{Exit, Failure, Outcome};
use crate::member_list::{self, Listed, Rules, WrongLine};
use crate::moment;
use crate::output::harmless;
use clap::Args;
use klaver_api::{Community, CreateInvitation, Invitation, paths};
use klaver_keystore::{KeyInfo, Purpose};
use klaver_ledger::account::{AccountKind, AccountState, KeyGrant, Rights};
use klaver_ledger::amount::Total;
use klaver_ledger::charter::Joining;
use klaver_ledger::entry::{Body, Open as OpenBody};
use klaver_ledger::id::AccountId;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;

/// How many accounts one entry opens: well within what it may hold.
const AT_ONCE: usize = 100;

/// Open accounts and make invitations for the people on a list, as the council.
#[derive(Args, Debug)]
pub struct Import {
    /// The list, CSV: name, key, limit; who has no key gets an invitation
    pub file: PathBuf,
    /// How long the invitations last: 2h, 30d
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub valid: String,
}

impl Import {
    /// Runs the command.
    ///
    /// # Errors
    /// Every line that is wrong; when the person says no, or the rules do.
    pub fn run(self, app: &App<'_>) -> Outcome {
        let hat = app.office_hat(Purpose::Council)?;
        let mut contact = app.contact(&hat)?;
        let valid_for = moment::parse_duration(&self.valid)
            .ok_or_else(|| Failure::new(Exit::Usage, "not_a_duration").with("value", &self.valid))?;
        let said: Community = contact.http.get(paths::COMMUNITY, None)?;
        let rules = Rules {
            scale: contact.community.scale,
            needs_keys: said.charter.policy.joining == Joining::ByCouncil.word(),
        };
        let usual = Total::parse(&said.charter.policy.member_limit, rules.scale)?;
        let file = File::open(&self.file)
            .map_err(|error| Failure::io(Exit::Usage, "cannot_read", &self.file, &error))?;
        let (listed, mut wrong) = member_list::read(file, rules)?;
        wrong.extend(taken(app, &contact, &hat, &listed)?);
        if !wrong.is_empty() {
            wrong.sort_by_key(|one| one.line);
            return Err(member_list::failure(&wrong, app.output));
        }
        let (opens, invites): (Vec<Listed>, Vec<Listed>) =
            listed.into_iter().partition(|one| one.key.is_some());
        show(app, &contact, usual, &opens, &invites);
        if app.global.dry_run {
            return Ok(Exit::Ok);
        }
        if opens.is_empty() {
            app.confirm(&app.output.words("ask.invite", &[("count", &invites.len().to_string())]))?;
        }
        let mut opened = Vec::new();
        for some in opens.chunks(AT_ONCE) {
            opened.extend(open_some(app, &mut contact, &hat, usual, some)?);
        }
        let made = invite(app, &contact, &hat, valid_for, &invites)?;
        app.output.json(&serde_json::json!({ "opened": opened, "invitations": made }));
        Ok(Exit::Ok)
    }
}

/// Returns the lines of those whose key has an account already.
fn taken(app: &App<'_>, contact: &Contact, hat: &KeyInfo, listed: &[Listed]) -> Outcome<Vec<WrongLine>> {
    if listed.iter().all(|one| one.key.is_none()) {
        return Ok(Vec::new());
    }
    let seen = all_seen(app, contact, hat)?;
    let keys: BTreeSet<&str> =
        seen.iter().flat_map(|account| account.state.keys.iter().map(|grant| grant.key.as_str())).collect();
    let wrong = listed.iter().filter_map(|one| {
        let value = one.key?.to_string();
        keys.contains(value.as_str()).then_some(WrongLine { line: one.line, fault: "key_taken", value })
    });
    Ok(wrong.collect())
}

/// Says what the list does, for each person.
fn show(app: &App<'_>, contact: &Contact, usual: Total, opens: &[Listed], invites: &[Listed]) {
    let unit = contact.community.unit(app.output.language);
    let scale = contact.community.scale;
    let limit = |one: &Listed| one.limit.unwrap_or(usual).to_decimal(scale);
    let count = |key: &str, some: &[Listed]| {
        app.output.note(key, &[("count", &some.len().to_string())]);
    };
    let row = |one: &Listed| {
        let gets = match one.key {
            Some(_) => app.output.words("import.account", &[("limit", &unit.show_text(&limit(one)))]),
            None => app.output.words("import.invitation", &[]),
        };
        vec![harmless(&one.name), gets]
    };
    let header = ["column.name", "column.gets"].map(|key| app.output.words(key, &[]));
    let rows: Vec<_> = opens.iter().chain(invites).map(row).collect();
    app.output.table(&[&header[0], &header[1]], &rows, &[]);
    count("import.opens", opens);
    count("import.invites", invites);
    if app.global.dry_run {
        let opened = |one: &Listed| {
            let key = one.key.map(|key| key.to_string());
            serde_json::json!({ "name": one.name, "key": key, "limit": limit(one) })
        };
        let names: Vec<&str> = invites.iter().map(|one| one.name.as_str()).collect();
        let opens: Vec<_> = opens.iter().map(opened).collect();
        app.output.json(&serde_json::json!({ "dry_run": true, "opens": opens, "invites": names }));
    }
}

fn open_some(
    app: &App<'_>,
    contact: &mut Contact,
    hat: &KeyInfo,
    usual: Total,
    some: &[Listed],
) -> Outcome<Option<serde_json::Map<String, serde_json::Value>>> {
    let mut states = Vec::with_capacity(some.len());
    let mut plan = Plan::patient(Body::Open(OpenBody { states: Vec::new() }));
    for one in some {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let account = AccountId(id);
        let rights = Rights::SPEND.and(Rights::REFUND).and(Rights::MANAGE);
        let keys = one.key.map(|key| KeyGrant { key, rights, until: None, cap: None });
        let plain = AccountState::plain(account, AccountKind::Member, keys.into_iter().collect());
        states.push(AccountState { limit: one.limit.unwrap_or(usual), ..plain });
        plan = plan.naming(account, &one.name);
    }
    states.sort_by_key(|state| state.account);
    let accounts: Vec<String> = states.iter().map(|state| state.account.to_string()).collect();
    plan.body = Body::Open(OpenBody { states });
    let sent = send(app, contact, hat, plan)?;
    let done = app.output.words("import.opened", &[("count", &some.len().to_string())]);
    let mut json = serde_json::Map::new();
    json.insert("accounts".to_owned(), accounts.into());
    Ok(tell(app, &sent, &done, json))
}

/// Makes an invitation for each, and says whose it is.
fn invite(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    valid_for: u64,
    invites: &[Listed],
) -> Outcome<Vec<serde_json::Value>> {
    let body = CreateInvitation { uses: 1, valid_for };
    let mut made = Vec::with_capacity(invites.len());
    for one in invites {
        let invitation: Invitation = app
            .with_session(contact, hat, |token| contact.http.post(paths::INVITATIONS, Some(token), &body))?;
        let (name, link) = (harmless(&one.name), harmless(&invitation.link));
        // Each at once: what a lost connection interrupts, the council has on its screen.
        app.output.line(&format!("{name}: {link}"));
        let expires_at = invitation.expires_at;
        made.push(serde_json::json!({ "name": one.name, "link": invitation.link, "expires_at": expires_at }));
    }
    Ok(made)
}
