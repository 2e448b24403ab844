//! `klaver join`: get to know a community, and have an account there.

use crate::app::{App, challenge};
use crate::community::Community;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::http::Http;
use crate::{proofs, session, statement};
use clap::{Args, ValueEnum};
use klaver_api::{Join as JoinBody, Joined, KeyJson, ReceiptJson, SessionRole, paths, text};
use klaver_keystore::{KeyInfo, NewKey, Purpose};
use klaver_ledger::account::{AccountKind, AccountState, Rights};
use klaver_ledger::id::{AccountId, LedgerId};
use klaver_ledger::link::{Link, NodeAddress};

/// Join a community, by an invitation or its address.
#[derive(Args, Debug)]
pub struct Join {
    /// An invitation link, or the address of the community's node
    pub link: String,
    /// Key to join with; made when the wallet has none of this name
    #[arg(long)]
    pub key: Option<String>,
    /// The key already belongs to this account: open nothing, only remember
    #[arg(long, value_name = "KLV1", conflicts_with = "office")]
    pub existing: Option<String>,
    /// The key holds an office: open nothing, only remember
    #[arg(long)]
    pub office: Option<Office>,
}

/// An office that a key may hold.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Office {
    /// The council.
    Council,
    /// Those who may replace the council.
    Rescue,
    /// An auditor.
    Auditor,
}

impl Join {
    /// Runs the command.
    ///
    /// # Errors
    /// When the node cannot be reached or contradicts what is remembered of it, or nobody new may join.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let (node, code) = read_link(&self.link)?;
        let http = Http::new(node.clone());
        let said: klaver_api::Community = http.get(paths::COMMUNITY, None)?;
        if said.origin != node.to_string() {
            // Sessions are signed for the address that was typed: under another name none would open.
            return Err(Failure::new(Exit::Usage, "other_origin")
                .with("node", &node)
                .with("origin", crate::output::harmless(&said.origin)));
        }
        let seen = Community::first_seen(node.clone(), &said)?;
        let known = Community::known(&app.places, &seen)?;
        // Whoever looked in before goes on with what was seen then.
        let looked_at = app.places.looked_at();
        let known = known.map_or_else(|| Community::known(&looked_at, &seen), |known| Ok(Some(known)))?;
        let community = match known {
            // Another key than before is followed when the ledger proves it, and an alarm otherwise.
            Some(known) => known.shown_by(seen),
            None => seen,
        };
        let (name, ledger) = (crate::output::harmless(&community.name), community.ledger.to_hex());
        app.output.note("join.community", &[("name", &name), ("ledger", &ledger)]);
        if community.demo {
            app.output.note("note.demo", &[]);
        }
        app.confirm(&app.output.words("ask.join", &[("name", &name)]))?;
        app.places.create()?;
        // Nothing is kept before the node knows the key: a wallet that remembers a wrong account is a dead end.
        let mut contact = Contact::passing(&app.places, community)?;
        let purpose = match (&self.existing, self.office) {
            (Some(account), _) => Some(Purpose::Account(super::account_of(app, account)?)),
            (None, Some(Office::Council)) => Some(Purpose::Council),
            (None, Some(Office::Rescue)) => Some(Purpose::Rescue),
            (None, Some(Office::Auditor)) => Some(Purpose::Auditor),
            (None, None) => None,
        };
        let key = self.key_to_join_with(app, purpose, &contact.community.ledger)?;
        let purpose = match purpose {
            Some(purpose) => {
                prove(app, &contact, &key, purpose, &said.charter)?;
                purpose
            }
            None => {
                let limit = &said.charter.policy.member_limit;
                Purpose::Account(open_account(app, &mut contact, &key, limit, code)?)
            }
        };
        let (ledger, address) = (contact.community.ledger, node.to_string());
        contact.community.save(&app.places)?;
        app.keystore_mut()?.update(&key.name, |info| {
            info.purpose = purpose;
            info.ledger = Some(ledger);
            info.node = Some(address);
        })?;
        if app.usual().is_none() {
            app.set_usual(&key.name)?;
        }
        let account = purpose.account().map(|account| account.to_string());
        app.output.line(&app.output.good(&app.output.words("done.join", &[("name", &name)])));
        if let Some(account) = &account {
            app.output.say("done.join.account", &[("account", account)]);
        }
        if purpose.account().is_some() {
            app.output.note("next.join", &[]);
        }
        app.output.json(&serde_json::json!({
            "community": name, "ledger": ledger.to_hex(), "key": key.name, "purpose": purpose.word(),
            "account": account,
        }));
        Ok(Exit::Ok)
    }

    /// Returns the key that was named, the one that serves this purpose already, the first that is not in use yet, or
    /// a new one.
    fn key_to_join_with(
        &self,
        app: &mut App<'_>,
        purpose: Option<Purpose>,
        ledger: &LedgerId,
    ) -> Outcome<KeyInfo> {
        let keys = app.keys()?;
        // What is remembered may be remembered once more, also after a wrong number was typed.
        let is_free = |key: &KeyInfo| {
            key.purpose == Purpose::Spare || (purpose.is_some() && key.ledger.as_ref() == Some(ledger))
        };
        if let Some(name) = &self.key {
            return match keys.into_iter().find(|key| key.name == *name) {
                Some(key) if is_free(&key) => Ok(key),
                Some(_) => Err(Failure::new(Exit::Usage, "key_in_use").with("name", name)),
                None => Ok(app.keystore_mut()?.add(NewKey::generate(&**name)?)?),
            };
        }
        let serves = |key: &&KeyInfo| Some(key.purpose) == purpose && key.ledger.as_ref() == Some(ledger);
        let spare = |key: &&KeyInfo| key.purpose == Purpose::Spare;
        let found = keys.iter().find(serves).or_else(|| keys.iter().find(spare));
        found.cloned().ok_or_else(|| Failure::new(Exit::Usage, "no_spare_key"))
    }
}

/// Opens a session as `purpose`, so that only what the node confirms is remembered.
fn prove(
    app: &App<'_>,
    contact: &Contact,
    key: &KeyInfo,
    purpose: Purpose,
    charter: &klaver_api::CharterJson,
) -> Outcome<()> {
    let public_key = key.public_key.to_string();
    let not_yours = |code: &str| {
        let office = app.output.words(&format!("purpose.{}", purpose.word()), &[]);
        Failure::new(Exit::Key, code).with("key", &public_key).with("office", office)
    };
    let role = match purpose {
        Purpose::Council => SessionRole::Council,
        Purpose::Auditor => SessionRole::Auditor,
        Purpose::Account(_) | Purpose::Spare => SessionRole::Account,
        // Rescue keys open no session: the charter itself says whose they are.
        Purpose::Rescue if charter.rescue.contains(&public_key) => return Ok(()),
        Purpose::Rescue => return Err(not_yours("not_of_office")),
    };
    let code = if purpose.account().is_some() { "not_of_account" } else { "not_of_office" };
    let claimed = KeyInfo { purpose, ..key.clone() };
    match app.open_session(contact, &claimed) {
        Ok(session) if session.role == role => Ok(()),
        Ok(_) => {
            session::forget(&app.places, &contact.community.ledger, &key.public_key)?;
            Err(not_yours(code))
        }
        Err(failure) if failure.code == "session_key" => Err(not_yours(code)),
        Err(failure) => Err(failure),
    }
}

fn read_link(text: &str) -> Outcome<(NodeAddress, Option<String>)> {
    if let Ok(node) = NodeAddress::parse(text) {
        return Ok((node, None));
    }
    match Link::parse(text)? {
        Link::Invitation { node, code } => Ok((node, Some(code.to_string()))),
        _ => Err(Failure::new(Exit::Usage, "not_an_invitation")),
    }
}

fn open_account(
    app: &App<'_>,
    contact: &mut Contact,
    key: &KeyInfo,
    limit: &str,
    code: Option<String>,
) -> Outcome<AccountId> {
    let grant = KeyJson {
        key: key.public_key.to_string(),
        rights: klaver_api::account::rights_to_words(Rights::ALL),
        until: None,
        cap: None,
    };
    let no_code = code.is_none();
    let (challenge, origin) = challenge(&contact.http)?;
    let proof = challenge.for_joining(&contact.community.ledger, &origin, app.signing_key(key)?, &[])?;
    let asked = JoinBody { code, keys: vec![grant.clone()], proof };
    let joined: Joined = contact.http.post(paths::JOIN, None, &asked).map_err(|failure: Failure| {
        // Whoever cannot join alone is told the very next steps, with the key that the council must know.
        let code = match failure.code.as_str() {
            "forbidden" => "join_by_council",
            "unknown_invitation" if no_code => "join_needs_invitation",
            _ => {
                let unit = contact.community.unit(app.output.language);
                return failure.for_people(&unit, &crate::entries::names_of(app, &[]));
            }
        };
        let node = contact.http.node();
        Failure::new(failure.exit, code).with("key", key.public_key).with("node", node)
    })?;
    let scale = contact.community.scale;
    let state = AccountState {
        account: text::account("account", &joined.account)?,
        kind: AccountKind::Member,
        keys: vec![grant.to_grant(scale)?],
        threshold: 1,
        limit: text::total("member_limit", limit, scale)?,
        ceiling: None,
        organisation: None,
        heir: None,
        until: None,
        payees: None,
    };
    must_be_ours(app, contact, key, &state, joined.receipt)?;
    Ok(state.account)
}

/// Checks against the public log that an account was opened for `key` alone: a node may name anybody's.
fn must_be_ours(
    app: &App<'_>,
    contact: &mut Contact,
    key: &KeyInfo,
    state: &AccountState,
    receipt: Option<ReceiptJson>,
) -> Outcome<()> {
    if let Some(said) = receipt {
        let (receipt, proven) = contact.verify(&said)?;
        return if proofs::opened(&proven, state) { Ok(()) } else { Err(contact.other_entry(&receipt)) };
    }
    // The key had an account before: its first line says how that one was opened.
    let hat = KeyInfo { purpose: Purpose::Account(state.account), ..key.clone() };
    let lines = statement::fetch(app, contact, &hat, state.account, usize::MAX)?;
    if let Some(first) = lines.last() {
        let (_, proven) = proofs::verify_line(app, contact, &hat, first)?;
        if proofs::opened(&proven, state) {
            return Ok(());
        }
    }
    let node = contact.http.node();
    Err(Failure::new(Exit::Failed, "join_known_key").with("account", state.account).with("node", node))
}
