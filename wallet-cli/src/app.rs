//! What a command works with: options, output, the wallet file, contact with a community.

use crate::cli::Global;
use crate::community::Community;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::http::Http;
use crate::output::Output;
use crate::places::Places;
use crate::{moment, session, share};
use klaver_api::{Challenge, Session, paths};
use klaver_keystore::{KeyInfo, Keystore, Passphrase, Purpose};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::SigningKey;
use klaver_ledger::link::{LinkError, NodeAddress};
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// What a command works with. The wallet file is opened only when something must be signed.
pub struct App<'o> {
    /// The options of every command.
    pub global: Global,
    /// The two streams.
    pub output: &'o Output,
    /// Where the wallet's files are.
    pub places: Places,
    keystore: OnceCell<Keystore>,
}

/// Choices that outlive a command.
#[derive(Default, Serialize, Deserialize)]
struct Settings {
    /// Name of the key to act as when none is given.
    usual: Option<String>,
}

impl<'o> App<'o> {
    /// Returns what a command works with.
    ///
    /// # Errors
    /// When no directory for the wallet is known.
    pub fn new(global: Global, output: &'o Output) -> Outcome<Self> {
        let places = Places::find(global.data.as_deref())?;
        Ok(Self { global, output, places, keystore: OnceCell::new() })
    }

    /// Returns the public part of every key, without the passphrase.
    ///
    /// # Errors
    /// When there is no wallet file, or it cannot be read.
    pub fn keys(&self) -> Outcome<Vec<KeyInfo>> {
        let keys = Keystore::list(&self.places.wallet())?;
        Ok(keys.into_iter().map(|key| self.followed(key)).collect())
    }

    /// Returns the key with ledger and address as they are now, where this wallet has followed its community.
    fn followed(&self, key: KeyInfo) -> KeyInfo {
        match key.ledger.map(|ledger| Community::load_newest(&self.places, &ledger)) {
            Some(Ok(now)) => KeyInfo { ledger: Some(now.ledger), node: Some(now.node.to_string()), ..key },
            _ => key,
        }
    }

    /// Returns the key to act as: the one named, the usual one, the only one of an account, or the only one.
    ///
    /// # Errors
    /// When the name is unknown, or there are several and none was chosen.
    pub fn hat(&self) -> Outcome<KeyInfo> {
        let keys = self.keys()?;
        let keys = self.of_node(keys)?;
        let usual = || self.settings().usual;
        if let Some(name) = self.global.account.clone().or_else(usual) {
            let is_named = |key: &&KeyInfo| {
                key.name == name || key.purpose.account().is_some_and(|account| account.to_string() == name)
            };
            let found = keys.iter().find(is_named).cloned();
            return found.ok_or_else(|| Failure::new(Exit::Key, "no_such_key").with("name", &name));
        }
        let joined = || keys.iter().filter(|key| key.ledger.is_some());
        let mut accounts = joined().filter(|key| key.purpose.account().is_some());
        match (accounts.next(), accounts.next()) {
            (Some(only), None) => Ok(only.clone()),
            // A wallet of the council has no account: its only key is meant.
            (None, _) if joined().count() == 1 => Ok(joined().next().expect("there is one").clone()),
            (None, _) => Err(Failure::new(Exit::Key, "no_account")),
            (Some(_), Some(_)) => Err(Failure::new(Exit::Usage, "which_account")),
        }
    }

    /// Returns the key to act as and its account.
    ///
    /// # Errors
    /// As [`hat`](Self::hat); also when the key is that of an office.
    pub fn account_hat(&self) -> Outcome<(KeyInfo, AccountId)> {
        let hat = self.hat()?;
        match hat.purpose.account() {
            Some(account) => Ok((hat, account)),
            None => Err(Failure::new(Exit::Key, "not_an_account_key").with("name", &hat.name)),
        }
    }

    /// Returns the key to act as for an office: the one named, or the wallet's first of that office.
    ///
    /// # Errors
    /// When there is none.
    pub fn office_hat(&self, office: Purpose) -> Outcome<KeyInfo> {
        if self.global.account.is_some() {
            return self.hat();
        }
        let keys = self.of_node(self.keys()?)?;
        keys.into_iter()
            .find(|key| key.purpose == office && key.ledger.is_some())
            .ok_or_else(|| Failure::new(Exit::Key, "no_office_key").with("office", office.word()))
    }

    /// Returns the community that `hat` is used in.
    ///
    /// The wallet file that founding a community makes names ledger and node: its first contact is made here.
    ///
    /// # Errors
    /// When the key has not joined one; `Mismatch` when the node is another ledger's.
    pub fn community_of(&self, hat: &KeyInfo) -> Outcome<Community> {
        let ledger = hat.ledger.ok_or_else(|| Failure::new(Exit::Key, "not_joined"))?;
        match (Community::load(&self.places, &ledger), &hat.node) {
            (Err(failure), Some(node)) if failure.code == "not_joined" => {
                let node = NodeAddress::parse(node)?;
                let said = Http::new(node.clone()).get(paths::COMMUNITY, None)?;
                let seen = Community::first_seen(node.clone(), &said)?;
                if seen.ledger != ledger {
                    return Err(Failure::new(Exit::Mismatch, "other_ledger").with("node", node));
                }
                self.places.create()?;
                seen.save(&self.places)?;
                Ok(seen)
            }
            (known, _) => known,
        }
    }

    /// Contacts the node of the community that `hat` is used in.
    ///
    /// # Errors
    /// As [`Contact::open`].
    pub fn contact(&self, hat: &KeyInfo) -> Outcome<Contact> {
        self.reach(self.community_of(hat)?)
    }

    /// Contacts the node of a community; says when its published log stays behind what it signed, when it was followed to
    /// another key, address or ledger, and checks once that the balances of its accounts came over.
    ///
    /// # Errors
    /// As [`Contact::open`]; `Mismatch` when a balance did not come over.
    pub fn reach(&self, community: Community) -> Outcome<Contact> {
        let mut contact = self.look_in(&self.places, community)?;
        if contact.community.past.predecessor.is_some() {
            self.check_shares(&mut contact)?;
        }
        Ok(contact)
    }

    /// Contacts the node of a community whose files are at `places`; says the same, and knows of no accounts.
    ///
    /// # Errors
    /// As [`Contact::open`].
    pub fn look_in(&self, places: &Places, community: Community) -> Outcome<Contact> {
        let contact = Contact::open(places, community)?;
        if let Some(since) = contact.community.overdue(moment::now()) {
            self.output.warn("note.overdue", &[("at", &moment::show(since, self.output.language))]);
        }
        let name = crate::output::harmless(&contact.community.name);
        if let Some(followed) = contact.followed {
            let node = contact.http.node().to_string();
            self.output.note(followed.word(), &[("name", &name), ("node", &node)]);
        }
        Ok(contact)
    }

    fn check_shares(&self, contact: &mut Contact) -> Outcome<()> {
        let ledger = contact.community.ledger;
        for joined in Keystore::list(&self.places.wallet()).unwrap_or_default() {
            // Whoever joined this ledger itself had nothing in the one before.
            let Some(first) = joined.ledger.filter(|joined| *joined != ledger) else { continue };
            let hat = self.followed(joined);
            let Some(account) = hat.purpose.account().filter(|_| hat.ledger == Some(ledger)) else {
                continue;
            };
            if contact.community.past.came_over.contains(&account.to_string()) {
                continue;
            }
            match share::check(self, contact, &hat, account, first) {
                Ok(share) => {
                    let unit = contact.community.unit(self.output.language);
                    let balance = unit.show_balance(share.opened());
                    self.output.note("note.came_over", &[("name", &hat.name), ("balance", &balance)]);
                }
                // Without the passphrase it is looked at another time.
                Err(failure) if failure.exit == Exit::Key => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Returns the address given with `--node`, if any.
    ///
    /// # Errors
    /// When it is no address.
    pub fn node(&self) -> Outcome<Option<NodeAddress>> {
        let wrong = |text: &str| {
            Failure::new(Exit::Usage, "node_address").with("value", crate::output::harmless(text))
        };
        let parse = |text: &str| match NodeAddress::parse(text.trim_end_matches('/')) {
            Err(LinkError::NotSecure { host }) => {
                Err(Failure::new(Exit::Usage, "link_not_secure").with("host", host))
            }
            parsed => parsed.map_err(|_| wrong(text)),
        };
        self.global.node.as_deref().map(parse).transpose()
    }

    /// Returns the open wallet file; asks for the passphrase the first time.
    ///
    /// # Errors
    /// When the passphrase is wrong or cannot be asked.
    pub fn keystore(&self) -> Outcome<&Keystore> {
        if let Some(open) = self.keystore.get() {
            return Ok(open);
        }
        let opened = Keystore::open(&self.places.wallet(), &self.passphrase()?)?;
        Ok(self.keystore.get_or_init(|| opened))
    }

    /// Returns the open wallet file to be changed.
    ///
    /// # Errors
    /// As [`keystore`](Self::keystore).
    pub fn keystore_mut(&mut self) -> Outcome<&mut Keystore> {
        self.keystore()?;
        Ok(self.keystore.get_mut().expect("it was opened in the line above"))
    }

    /// Puts a wallet file that was just made in the place of opening it.
    pub fn adopt(&mut self, keystore: Keystore) {
        self.keystore = OnceCell::from(keystore);
    }

    /// Returns the secret half of `key`.
    ///
    /// # Errors
    /// As [`keystore`](Self::keystore).
    pub fn signing_key(&self, key: &KeyInfo) -> Outcome<&SigningKey> {
        let missing = || Failure::new(Exit::Key, "no_such_key").with("name", &key.name);
        self.keystore()?.signing_key_of(&key.public_key).ok_or_else(missing)
    }

    /// Returns the token of a session for `hat`: the one kept, or a new one for a signed challenge.
    ///
    /// # Errors
    /// `Key` when the node does not know the key; as [`keystore`](Self::keystore) when one must be signed.
    pub fn token(&self, contact: &Contact, hat: &KeyInfo) -> Outcome<String> {
        let ledger = contact.community.ledger;
        if let Some(token) = session::load(&self.places, &ledger, &hat.public_key, moment::now()) {
            return Ok(token);
        }
        Ok(self.open_session(contact, hat)?.token)
    }

    /// Opens a new session for `hat` and keeps its token.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub fn open_session(&self, contact: &Contact, hat: &KeyInfo) -> Outcome<Session> {
        let ledger = contact.community.ledger;
        let key = self.signing_key(hat)?;
        let (challenge, origin) = challenge(&contact.http)?;
        let answer = challenge.for_session(&ledger, &origin, hat.purpose.account(), key)?;
        let session: Session = contact.http.post(paths::SESSIONS, None, &answer)?;
        session::save(&self.places, &ledger, &hat.public_key, &session.token, &session.expires_at)?;
        Ok(session)
    }

    /// Reads something private; a session that the node no longer knows is opened again, once.
    ///
    /// # Errors
    /// As [`token`](Self::token), and what `read` returns.
    pub fn with_session<T>(
        &self,
        contact: &Contact,
        hat: &KeyInfo,
        read: impl Fn(&str) -> Outcome<T>,
    ) -> Outcome<T> {
        match read(&self.token(contact, hat)?) {
            Err(failure) if failure.code == "session_needed" => {
                session::forget(&self.places, &contact.community.ledger, &hat.public_key)?;
                read(&self.token(contact, hat)?)
            }
            other => other,
        }
    }

    /// Asks a question whose answer decides; no answer is no.
    ///
    /// # Errors
    /// `declined` for no; `Usage` when nobody can be asked.
    pub fn confirm(&self, question: &str) -> Outcome<()> {
        if self.global.yes {
            return Ok(());
        }
        if self.global.no_input || !io::stdin().is_terminal() {
            return Err(Failure::new(Exit::Usage, "needs_yes"));
        }
        let hint = self.output.words("ask.yes_no", &[]);
        let mut stderr = io::stderr();
        let _ = write!(stderr, "{question} {hint} ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        let yes = ["y", "yes", "j", "ja", "o", "oui"].contains(&answer.trim().to_lowercase().as_str());
        if read.is_ok() && yes { Ok(()) } else { Err(Failure::new(Exit::Failed, "not_confirmed")) }
    }

    /// Returns the passphrase: from the file or descriptor given, else from the terminal.
    ///
    /// # Errors
    /// When it cannot be read, or nobody can be asked.
    pub fn passphrase(&self) -> Outcome<Passphrase> {
        match self.given_passphrase()? {
            Some(given) => Ok(given),
            None => self.ask_passphrase("ask.passphrase"),
        }
    }

    /// Returns a new passphrase, typed twice when it is typed.
    ///
    /// # Errors
    /// As [`passphrase`](Self::passphrase); also when the two differ.
    pub fn new_passphrase(&self) -> Outcome<Passphrase> {
        if let Some(given) = self.given_passphrase()? {
            return Ok(given);
        }
        let first = self.ask_passphrase("ask.new_passphrase")?;
        if !first.is_long_enough() {
            return Err(Failure::new(Exit::Usage, "passphrase_too_short").with("found", first.characters()));
        }
        if !self.ask_passphrase("ask.again")?.is_same(&first) {
            return Err(Failure::new(Exit::Usage, "passphrases_differ"));
        }
        Ok(first)
    }

    /// Makes `name` the key to act as when none is given.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_usual(&self, name: &str) -> Outcome<()> {
        let bytes =
            serde_json::to_vec(&Settings { usual: Some(name.to_owned()) }).expect("a string is always JSON");
        Ok(klaver_keystore::private_file::replace(&self.places.settings(), &bytes)?)
    }

    /// Returns the name of the key to act as when none is given, if one was chosen.
    pub fn usual(&self) -> Option<String> {
        self.settings().usual
    }

    fn settings(&self) -> Settings {
        klaver_keystore::private_file::read(&self.places.settings(), 4_096)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    fn of_node(&self, keys: Vec<KeyInfo>) -> Outcome<Vec<KeyInfo>> {
        let Some(node) = self.node()? else { return Ok(keys) };
        let node = node.to_string();
        let joined = keys.iter().any(|key| key.node.is_some());
        if joined && !keys.iter().any(|key| key.node.as_deref() == Some(&node)) {
            return Err(Failure::new(Exit::Key, "no_key_at_node").with("node", node));
        }
        Ok(keys.into_iter().filter(|key| key.node.as_deref().is_none_or(|known| known == node)).collect())
    }

    fn given_passphrase(&self) -> Outcome<Option<Passphrase>> {
        let source = match (&self.global.passphrase_file, self.global.passphrase_fd) {
            (Some(path), _) => path.clone(),
            // A descriptor has a name on the systems that have descriptors.
            (None, Some(number)) => format!("/dev/fd/{number}").into(),
            (None, None) => return Ok(None),
        };
        let read = File::open(&source).and_then(Passphrase::read);
        let passphrase = read.map_err(|error| {
            Failure::text(Exit::Key, "passphrase_file", error).with("path", source.display())
        })?;
        Ok(Some(passphrase))
    }

    fn ask_passphrase(&self, question: &str) -> Outcome<Passphrase> {
        if self.global.no_input || !io::stdin().is_terminal() {
            return Err(Failure::new(Exit::Key, "needs_passphrase"));
        }
        let question = format!("{} ", self.output.words(question, &[]));
        rpassword::prompt_password(question)
            .map(Passphrase::new)
            .map_err(|error| Failure::text(Exit::Key, "needs_passphrase", error))
    }
}

/// Asks a node for something fresh to sign; returns it with the address to sign it for.
///
/// # Errors
/// `Network`; `Mismatch` when the node goes by another address than the one that is spoken to.
pub fn challenge(http: &Http) -> Outcome<(Challenge, String)> {
    let challenge: Challenge = http.post(paths::CHALLENGES, None, &serde_json::json!({}))?;
    let origin = http.node().to_string();
    if challenge.origin == origin {
        return Ok((challenge, origin));
    }
    // What is signed for another address would count there.
    Err(Failure::new(Exit::Mismatch, "other_origin")
        .with("node", &origin)
        .with("origin", crate::output::harmless(&challenge.origin)))
}
