//! A small community on a real node, whose people sign in the test itself: for input that no wallet would send.
//!
//! Keys and accounts are derived from names, as in the ledger's own small world.

use crate::client::{Answer, Client};
use crate::node::{Node, PASSPHRASE};
use klaver_api::coordination::{Coordination, WitnessState};
use klaver_api::{CreateRequest, paths};
use klaver_keystore::{Keystore, Passphrase};
use klaver_ledger::account::{AccountKind, AccountState};
use klaver_ledger::entry::{Body, Entry, Open, Pay, PayLine, RequestRef, SignedEntry};
use klaver_ledger::id::{LedgerId, Nonce, RequestId};
use klaver_ledger::keys::SigningKey;
use klaver_ledger::testing::{account, earn, key, minor, organisation, pay, state, sum};
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the budget of a town may issue, in minor units.
const CAP: u64 = 100_000_000;

/// A community with budget `house`, members and merchants by name, on a node that runs.
pub struct Town {
    /// The node.
    pub node: Node,
    /// A client of it.
    pub client: Client,
    /// The ledger's id.
    pub ledger: LedgerId,
    council: SigningKey,
}

impl Town {
    /// Founds a town below `directory` and opens its accounts.
    ///
    /// # Panics
    /// When something of it is refused.
    pub fn found(directory: &Path, members: &[&str], merchants: &[&str]) -> Self {
        Self::found_with(directory, members, merchants, &[])
    }

    /// Founds a town with `options` of `klaver-node found`.
    ///
    /// # Panics
    /// When something of it is refused.
    pub fn found_with(directory: &Path, members: &[&str], merchants: &[&str], options: &[&str]) -> Self {
        let mut node = Node::found(directory, "Klaverdorp", options);
        node.start();
        let wallet = directory.join("council/wallet.json");
        let keystore =
            Keystore::open(&wallet, &Passphrase::new(PASSPHRASE.to_owned())).expect("our own wallet");
        let council = keystore.signing_key("council").expect("the council's key").clone();
        let client = node.client();
        let ledger = LedgerId::from_hex(&client.community().ledger).expect("a ledger id");
        let town = Self { node, client, ledger, council };
        let budget = AccountState {
            limit: sum(CAP),
            organisation: Some(organisation("house")),
            ..state("house", AccountKind::Budget)
        };
        let members = members.iter().map(|name| state(name, AccountKind::Member));
        let merchants = merchants.iter().map(|name| state(name, AccountKind::Merchant));
        town.open([budget].into_iter().chain(members).chain(merchants).collect());
        town
    }

    /// Opens accounts, as the council.
    ///
    /// # Panics
    /// When they are refused.
    pub fn open(&self, states: Vec<AccountState>) {
        let answer = self.client.submit(&self.by_council(Body::Open(Open { states })));
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    /// Lets each of these receive `amount` minor units from `house`.
    ///
    /// # Panics
    /// When it is refused.
    pub fn give(&self, names: &[&str], amount: u64) {
        let payees: Vec<(&str, u64)> = names.iter().map(|name| (*name, amount)).collect();
        let answer = self.client.submit(&self.sign(earn("house", &payees), &["house"]));
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    /// Returns an entry signed by the keys of these names.
    pub fn sign(&self, body: Body, signers: &[&str]) -> SignedEntry {
        self.signed(entry(body), signers)
    }

    /// Returns `entry` signed by the keys of these names.
    pub fn signed(&self, entry: Entry, signers: &[&str]) -> SignedEntry {
        let keys: Vec<SigningKey> = signers.iter().map(|name| key(name)).collect();
        SignedEntry::sign(entry, &self.ledger, &keys.iter().collect::<Vec<_>>())
    }

    /// Returns an entry signed by the council.
    pub fn by_council(&self, body: Body) -> SignedEntry {
        SignedEntry::sign(entry(body), &self.ledger, &[&self.council])
    }

    /// Returns a signed payment.
    pub fn pay(&self, from: &str, to: &str, amount: u64) -> SignedEntry {
        payment(&self.ledger, from, to, amount)
    }

    /// Returns a signed payment of a request.
    pub fn pay_request(&self, from: &str, to: &str, amount: u64, request: RequestRef) -> SignedEntry {
        let line = PayLine { to: account(to), amount: minor(amount), request: Some(request) };
        let mut entry = entry(Body::Pay(Pay { from: account(from), payees: vec![line], late: false }));
        entry.expires_at = entry.expires_at.min(request.until);
        self.signed(entry, &[from])
    }

    /// Returns the token of a session for the account of `name`.
    pub fn session(&self, name: &str) -> String {
        self.client.session(&self.ledger, Some(account(name)), &key(name))
    }

    /// Returns the token of a session for the council.
    pub fn council_session(&self) -> String {
        self.client.session(&self.ledger, None, &self.council)
    }

    /// Returns what the council sees of the witnesses of its log.
    ///
    /// # Panics
    /// When it sees none.
    pub fn witness_state(&self) -> WitnessState {
        let token = self.council_session();
        let answer = self.client.get(paths::COORDINATION, Some(&token));
        let seen: Coordination = serde_json::from_value(answer.json).expect("what the council sees");
        seen.audit.witnesses.expect("the log has witnesses")
    }

    /// Asks for `amount` to be paid to the account of `name`.
    pub fn ask(&self, name: &str, token: &str, amount: &str, valid_for: Option<u64>) -> Answer {
        let body = CreateRequest {
            account: account(name).to_string(),
            amount: amount.to_owned(),
            valid_for,
            to: None,
            words: None,
        };
        self.client.post(paths::REQUESTS, Some(token), &body)
    }

    /// Returns the balance of `name`, as its owner sees it.
    pub fn balance(&self, name: &str) -> String {
        let path = paths::fill(paths::ACCOUNT, account(name));
        self.client.get(&path, Some(&self.session(name))).text("balance").to_owned()
    }

    /// Returns how many records there are.
    pub fn size(&self) -> u64 {
        self.client.community().size
    }
}

/// Returns an entry that may be recorded for five minutes.
///
/// # Panics
/// When the operating system has no randomness.
pub fn entry(body: Body) -> Entry {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).expect("the operating system has randomness");
    Entry { nonce: Nonce(nonce), expires_at: Deadline::after(now(), Seconds(300)), memo: None, body }
}

/// Returns a payment signed by the payer's key.
pub fn payment(ledger: &LedgerId, from: &str, to: &str, amount: u64) -> SignedEntry {
    SignedEntry::sign(entry(pay(from, &[(to, amount)])), ledger, &[&key(from)])
}

/// Returns the request in an answer to [`Town::ask`].
///
/// # Panics
/// When it was refused.
pub fn request_of(answer: &Answer) -> RequestRef {
    assert_eq!(answer.status, 201, "{answer:?}");
    RequestRef {
        id: RequestId::from_hex(answer.text("id")).expect("a request id"),
        until: klaver_api::text::deadline("until", answer.text("until")).expect("a deadline"),
    }
}

/// Returns the present.
///
/// # Panics
/// When the clock stands before 1970.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    Timestamp::from_millis(since.as_millis() as u64).expect("the clock is before the year 9999")
}
