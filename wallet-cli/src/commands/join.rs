//! `klaver join`: get to know a community, and have an account there.

use crate::app::App;
use crate::community::Community;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::http::Http;
use clap::{Args, ValueEnum};
use klaver_api::{Join as JoinBody, Joined, KeyJson, paths};
use klaver_keystore::{KeyInfo, NewKey, Purpose};
use klaver_ledger::account::Rights;
use klaver_ledger::id::AccountId;
use klaver_ledger::link::{Link, NodeAddress};
use klaver_ledger::receipt::ProvenContent;

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
        let community = match Community::load(&app.places, &seen.ledger) {
            Ok(known) if known.log_key == seen.log_key => {
                Community { node: seen.node, name: seen.name, log_path: seen.log_path, ..known }
            }
            Ok(_) => return Err(Failure::new(Exit::Mismatch, "log_key_changed").with("node", &node)),
            Err(failure) if failure.code == "not_joined" => seen,
            Err(failure) => return Err(failure),
        };
        let (name, ledger) = (crate::output::harmless(&community.name), community.ledger.to_hex());
        app.output.note("join.community", &[("name", &name), ("ledger", &ledger)]);
        if community.demo {
            app.output.note("note.demo", &[]);
        }
        app.confirm(&app.output.words("ask.join", &[("name", &name)]))?;
        app.places.create()?;
        community.save(&app.places)?;
        let mut contact = Contact::open(&app.places, community)?;
        let key = self.key_to_join_with(app)?;
        let purpose = match (&self.existing, self.office) {
            (Some(account), _) => Purpose::Account(super::account_of(app, account)?),
            (None, Some(Office::Council)) => Purpose::Council,
            (None, Some(Office::Rescue)) => Purpose::Rescue,
            (None, Some(Office::Auditor)) => Purpose::Auditor,
            (None, None) => Purpose::Account(open_account(&mut contact, &key, code)?),
        };
        let (ledger, address) = (contact.community.ledger, node.to_string());
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
        app.output.json(&serde_json::json!({
            "community": name, "ledger": ledger.to_hex(), "key": key.name, "purpose": purpose.word(),
            "account": account,
        }));
        Ok(Exit::Ok)
    }

    /// Returns the key that was named, the first that is not in use yet, or a new one.
    fn key_to_join_with(&self, app: &mut App<'_>) -> Outcome<KeyInfo> {
        let keys = app.keys()?;
        if let Some(name) = &self.key {
            return match keys.into_iter().find(|key| key.name == *name) {
                Some(key) if key.purpose == Purpose::Spare => Ok(key),
                Some(_) => Err(Failure::new(Exit::Usage, "key_in_use").with("name", name)),
                None => Ok(app.keystore_mut()?.add(NewKey::generate(&**name)?)?),
            };
        }
        keys.into_iter()
            .find(|key| key.purpose == Purpose::Spare)
            .ok_or_else(|| Failure::new(Exit::Usage, "no_spare_key"))
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

fn open_account(contact: &mut Contact, key: &KeyInfo, code: Option<String>) -> Outcome<AccountId> {
    let grant = KeyJson {
        key: key.public_key.to_string(),
        rights: klaver_api::account::rights_to_words(Rights::ALL),
        until: None,
        cap: None,
    };
    let joined: Joined = contact.http.post(paths::JOIN, None, &JoinBody { code, keys: vec![grant] })?;
    let account = klaver_api::text::account("account", &joined.account)?;
    if let Some(receipt) = &joined.receipt {
        let (receipt, proven) = contact.verify(receipt)?;
        let is_ours = match &proven.content {
            ProvenContent::Line(line) => line.line.account == account,
            ProvenContent::Entry(_) => false,
        };
        if !is_ours {
            let failure = Failure::new(Exit::Mismatch, "receipt_other_entry");
            return Err(contact.keep_evidence("receipt", receipt.to_string().as_bytes(), failure));
        }
    }
    Ok(account)
}
