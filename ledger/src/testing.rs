//! A small world for tests: people and places by name, entries in one line each.
//!
//! Keys and ids are derived from names, so that a failing test reads the same twice. After every recorded entry
//! the world asks the universal questions: does the trial balance hold, does the snapshot say the same.

mod bodies;

pub use crate::store::embedded::sim::Dice;
pub use bodies::*;

use crate::account::{AccountKind, AccountState, AccountStatus, KeyGrant, Rights};
use crate::amount::{Amount, Rate, Scale, Total};
use crate::books::{Account, Books, Effects, Rejection, rules};
use crate::charter::{Charter, Policy, UnitWords};
use crate::entry::*;
use crate::id::{AccountId, Digest, LedgerId, Nonce, OrganisationId, RequestId, TaskId};
use crate::keys::{PublicKey, SigningKey};
use crate::time::{Deadline, Seconds, Timestamp};
use sha2::{Digest as _, Sha256};

/// One community in memory, with its clock.
pub struct World {
    /// Its books.
    pub books: Books,
    /// What the next entry is recorded at.
    pub now: Timestamp,
    /// How long entries are signed for.
    pub validity: Seconds,
    entries: u64,
}

/// Returns the signing key of `name`.
pub fn key(name: &str) -> SigningKey {
    SigningKey::from_bytes(&hash("key", name))
}

/// Returns the public key of `name`.
pub fn public(name: &str) -> PublicKey {
    PublicKey::of(&key(name))
}

/// Returns the account of `name`.
pub fn account(name: &str) -> AccountId {
    AccountId(short(hash("account", name)))
}

/// Returns the organisation `name`.
pub fn organisation(name: &str) -> OrganisationId {
    OrganisationId(short(hash("organisation", name)))
}

/// Returns the request `name`.
pub fn request(name: &str) -> RequestId {
    RequestId(short(hash("request", name)))
}

/// Returns the task `name`.
pub fn task(name: &str) -> TaskId {
    TaskId(short(hash("task", name)))
}

/// Returns an amount of minor units.
pub fn minor(amount: u64) -> Amount {
    Amount::new(amount).expect("a test gives amounts within bounds")
}

/// Returns a sum of minor units.
pub fn sum(amount: u64) -> Total {
    Total::new(amount).expect("a test gives sums within bounds")
}

fn hash(what: &str, name: &str) -> [u8; 32] {
    Sha256::new().chain_update(what).chain_update(name).finalize().into()
}

fn short(hash: [u8; 32]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes
}

/// Returns a state of `kind` whose one key, named like the account, may do everything.
pub fn state(name: &str, kind: AccountKind) -> AccountState {
    let is_paper = matches!(kind, AccountKind::Card | AccountKind::Voucher);
    let keys = vec![grant(name, if is_paper { Rights::SPEND } else { Rights::ALL })];
    AccountState {
        organisation: matches!(kind, AccountKind::Budget | AccountKind::Card).then(|| organisation("house")),
        ..AccountState::plain(account(name), kind, keys)
    }
}

/// Returns the grant of `rights` to the key of `name`, without end or cap.
pub fn grant(name: &str, rights: Rights) -> KeyGrant {
    KeyGrant { key: public(name), rights, until: None, cap: None }
}

/// Returns a charter with council `anna` and `bert` (both sign), rescue `rosa`, auditors `aude` and `axel`.
pub fn charter() -> Charter {
    let sorted = |names: &[&str]| {
        let mut keys: Vec<PublicKey> = names.iter().map(|name| public(name)).collect();
        keys.sort();
        keys
    };
    Charter {
        rules: 1,
        log_keys: vec![public("log")],
        origin: "klaver.example/log".to_owned(),
        witness_policy: Digest::of(b""),
        council: sorted(&["anna", "bert"]),
        council_threshold: 2,
        rescue: vec![public("rosa")],
        rescue_threshold: 1,
        registrar: public("registrar"),
        guardian: public("guardian"),
        auditors: sorted(&["aude", "axel"]),
        policy: Policy {
            euro_rate: Some(Rate::new(1, 1).expect("one to one")),
            offline_cap: sum(500),
            organisation_day_amount: Some(sum(50_000)),
            registrar_opens: 20,
            registrar_freezes: 2,
            ..Policy::starting()
        },
    }
}

/// A trust policy with groups in groups; `@log` and `@a` to `@e` stand for keys.
pub const POLICY_OF_TWO_LEVELS: &str = "# two of three associations, and any of two universities
log @log https://klaver.example/log
witness A @a https://a.example/w
witness B @b
witness C @c
group associations 2 A B C
witness U @d
witness V @e
group universities any U V
group both all associations universities
quorum both
";

/// The council of [`charter`].
pub const COUNCIL: &[&str] = &["anna", "bert"];

impl World {
    /// Returns a founded world with budget `house` (cap 1000.00), budget `barn` of another organisation, members
    /// `mia` and `noor`, merchants `bakery` and `cafe`, and fund `pot`.
    pub fn new() -> Self {
        let mut world = Self::unfounded();
        world.found(charter());
        let budget = |name: &str, of: &str| AccountState {
            limit: sum(100_000),
            organisation: Some(organisation(of)),
            ..state(name, AccountKind::Budget)
        };
        let states = vec![
            budget("house", "house"),
            budget("barn", "barn"),
            state("mia", AccountKind::Member),
            state("noor", AccountKind::Member),
            state("bakery", AccountKind::Merchant),
            state("cafe", AccountKind::Merchant),
            state("pot", AccountKind::Fund),
        ];
        world.open(states, COUNCIL).expect("the world opens");
        world
    }

    /// Returns a world before founding, on the first of June 2026.
    pub fn unfounded() -> Self {
        let now = Timestamp::from_millis(1_780_272_000_000).expect("a time of our days");
        Self { books: Books::new(), now, validity: Seconds(300), entries: 0 }
    }

    /// Founds the ledger under `charter`, signed by `anna` and `bert`.
    pub fn found(&mut self, charter: Charter) {
        self.try_found(charter, COUNCIL).expect("the charter is sound");
    }

    /// Tries to found the ledger.
    ///
    /// # Errors
    /// The rule that refused.
    pub fn try_found(&mut self, charter: Charter, signers: &[&str]) -> Result<u64, Rejection> {
        let unit = UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() };
        let scale = Scale::new(2).expect("two decimals");
        let name = "Testdorp".to_owned();
        self.record(Body::Found(Found { name, unit, scale, charter, predecessor: None }), signers)
    }

    /// Returns the ledger's id, zero before founding.
    pub fn ledger(&self) -> LedgerId {
        self.books.standing().community().map_or(LedgerId::FOUNDING, |community| community.ledger)
    }

    /// Returns an entry with the next nonce.
    pub fn entry(&mut self, body: Body) -> Entry {
        self.entries += 1;
        let nonce = Nonce(short(hash("nonce", &self.entries.to_string())));
        Entry { nonce, expires_at: Deadline::after(self.now, self.validity), memo: None, body }
    }

    /// Returns an entry with the next nonce, signed and verified.
    pub fn signed(&mut self, body: Body, signers: &[&str]) -> VerifiedEntry {
        let entry = self.entry(body);
        self.verified(entry, signers)
    }

    /// Returns `entry`, signed and verified.
    pub fn verified(&self, entry: Entry, signers: &[&str]) -> VerifiedEntry {
        let keys: Vec<SigningKey> = signers.iter().map(|name| key(name)).collect();
        let ledger = self.ledger();
        let signed = SignedEntry::sign(entry, &ledger, &keys.iter().collect::<Vec<_>>());
        signed.verify_any_key(&ledger).expect("we signed it ourselves")
    }

    /// Signs, judges and posts; returns the index.
    ///
    /// # Errors
    /// The rule that refused; the books are as before.
    pub fn record(&mut self, body: Body, signers: &[&str]) -> Result<u64, Rejection> {
        let entry = self.signed(body, signers);
        self.post(&entry).map(|(index, _)| index)
    }

    /// Judges and posts a verified entry; returns its index and effects.
    ///
    /// # Errors
    /// The rule that refused; the books are as before.
    pub fn post(&mut self, entry: &VerifiedEntry) -> Result<(u64, Effects), Rejection> {
        let index = self.books.standing().size();
        let effects = rules::apply(&self.books, entry, self.now)?;
        self.books.post(entry, self.now, &effects);
        self.check();
        Ok((index, effects))
    }

    /// Asks the universal questions.
    ///
    /// # Panics
    /// When an answer is wrong.
    pub fn check(&self) {
        let balance = self.books.standing().trial_balance();
        // INV-2, INV-4.
        assert!(balance.holds(), "the trial balance holds: {balance:?}");
        // INV-8: what the snapshot says is all that the rules read.
        let snapshot = self.books.encode_snapshot();
        let again = Books::decode_snapshot(&snapshot).expect("our own snapshot");
        assert_eq!(again.encode_snapshot(), snapshot, "a snapshot read and written again is the same");
    }

    /// Lets time pass.
    pub fn wait(&mut self, seconds: u64) {
        self.now = self.now.after(Seconds(seconds));
    }

    /// Returns an account.
    pub fn account(&self, name: &str) -> &Account {
        self.books.standing().account(&account(name)).expect("the account exists")
    }

    /// Returns a balance in minor units.
    pub fn balance(&self, name: &str) -> i64 {
        self.account(name).balance()
    }

    /// Returns the state in force of an account.
    pub fn state(&self, name: &str) -> AccountState {
        (*self.account(name).standing(self.now).state).clone()
    }

    /// Opens accounts.
    ///
    /// # Errors
    /// The rule that refused.
    pub fn open(&mut self, states: Vec<AccountState>, signers: &[&str]) -> Result<u64, Rejection> {
        self.record(Body::Open(Open { states }), signers)
    }

    /// Issues credits from a budget, signed by the key of its name.
    ///
    /// # Errors
    /// The rule that refused.
    pub fn earn(&mut self, budget: &str, payees: &[(&str, u64)]) -> Result<u64, Rejection> {
        let body = earn(budget, payees);
        self.record(body, &[budget])
    }

    /// Pays, signed by the key of the payer's name.
    ///
    /// # Errors
    /// The rule that refused.
    pub fn pay(&mut self, from: &str, to: &str, amount: u64) -> Result<u64, Rejection> {
        self.record(pay(from, &[(to, amount)]), &[from])
    }

    /// Changes an account's state, with the base in force and its status as it is.
    ///
    /// # Errors
    /// The rule that refused.
    pub fn change(&mut self, state: AccountState, signers: &[&str]) -> Result<u64, Rejection> {
        let in_force =
            self.books.standing().account(&state.account).expect("the account exists").standing(self.now);
        self.record(Body::Change(Change { base: in_force.base, state, status: in_force.status }), signers)
    }

    /// Puts an account to rest or wakes it.
    ///
    /// # Errors
    /// The rule that refused.
    pub fn set_status(
        &mut self,
        name: &str,
        status: AccountStatus,
        signers: &[&str],
    ) -> Result<u64, Rejection> {
        let state = self.state(name);
        self.record(Body::Change(Change { base: 0, state, status }), signers)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the code of a refusal.
///
/// # Panics
/// When nothing was refused.
pub fn code(result: Result<u64, Rejection>) -> &'static str {
    result.expect_err("this must be refused").code()
}

/// Compares balances, by name and in minor units.
///
/// # Panics
/// When one differs.
pub fn expect(world: &World, expected: &[(&str, i64)]) {
    let found: Vec<(&str, i64)> = expected.iter().map(|(name, _)| (*name, world.balance(name))).collect();
    assert_eq!(found, expected);
}
