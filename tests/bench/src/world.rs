//! The community that is measured: accounts with their keys, and payments among them, signed beforehand.
//!
//! Everything follows from a seed. Members may go so far below zero that no payment is refused for want of credits:
//! what is measured is recording, not refusing.

use anyhow::{Context as _, Result, ensure};
use hashbrown::HashMap;
use klaver_ledger::account::{AccountKind, AccountState, KeyGrant, Rights};
use klaver_ledger::amount::{Amount, Rate, Scale, Total};
use klaver_ledger::charter::{Charter, Policy, UnitWords};
use klaver_ledger::engine::{Ledger, NodeKeys, Outcome};
use klaver_ledger::entry::{Body, Entry, Found, Open, Pay, PayLine, SignedEntry, VerifiedEntry};
use klaver_ledger::id::{AccountId, Digest, LedgerId, Nonce};
use klaver_ledger::keys::{PublicKey, ReadyKey, SigningKey};
use klaver_ledger::record::SaltSource;
use klaver_ledger::store::Store;
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use sha2::{Digest as _, Sha256};
use std::time::{SystemTime, UNIX_EPOCH};

/// Accounts that fit one entry of 16 KiB.
const ACCOUNTS_PER_OPEN: usize = 120;

/// How long wallets sign payments for, in seconds.
pub const VALIDITY: Seconds = Seconds(300);

/// A community before it has a ledger.
pub struct World {
    /// The members.
    pub members: Vec<Member>,
    /// The members' keys, decompressed, as a node keeps them.
    pub ready: HashMap<[u8; 32], ReadyKey>,
    council: SigningKey,
    charter: Charter,
}

/// An account with its key.
pub struct Member {
    /// The account.
    pub account: AccountId,
    /// The key that may do everything.
    pub key: SigningKey,
}

/// The payments of one measurement.
pub struct Load {
    /// Envelopes as they travel.
    pub envelopes: Vec<Vec<u8>>,
}

/// Salts from the operating system, a page at a time.
pub struct Salts {
    page: [u8; 4096],
    used: usize,
}

impl Default for Salts {
    fn default() -> Self {
        Self { page: [0; 4096], used: 4096 }
    }
}

impl SaltSource for Salts {
    fn salt(&mut self) -> [u8; 32] {
        if self.used == self.page.len() {
            getrandom::fill(&mut self.page).expect("the operating system has randomness");
            self.used = 0;
        }
        let salt = self.page[self.used..self.used + 32].try_into().expect("a page holds whole salts");
        self.used += 32;
        salt
    }
}

/// Returns the time of this machine's clock.
pub fn clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock stands after 1970");
    Timestamp::from_millis(since.as_millis() as u64).expect("a time of our days")
}

/// Returns the time `milliseconds` after `start`.
pub fn later(start: Timestamp, milliseconds: u64) -> Timestamp {
    Timestamp::from_millis(start.millis() + milliseconds).expect("a time of our days")
}

/// Returns the time `milliseconds` before `end`.
pub fn earlier(end: Timestamp, milliseconds: u64) -> Timestamp {
    Timestamp::from_millis(end.millis() - milliseconds).expect("a time of our days")
}

fn hash(what: &str, number: u64) -> [u8; 32] {
    Sha256::new()
        .chain_update("klaver-bench ")
        .chain_update(what)
        .chain_update(number.to_be_bytes())
        .finalize()
        .into()
}

fn short(hash: [u8; 32]) -> [u8; 16] {
    hash[..16].try_into().expect("16 of 32 bytes")
}

/// Returns the keys of the node that keeps the ledger.
pub fn node_keys() -> NodeKeys {
    NodeKeys { log: office("log") }
}

fn office(name: &str) -> SigningKey {
    SigningKey::from_bytes(&hash(name, 0))
}

impl World {
    /// Returns a community of `accounts` members whose log has this `origin`.
    pub fn new(accounts: usize, origin: &str) -> Self {
        let members = in_parallel(accounts, |number| Member {
            account: AccountId(short(hash("account", number as u64))),
            key: SigningKey::from_bytes(&hash("key", number as u64)),
        });
        let ready =
            members.iter().map(|member| PublicKey::of(&member.key)).map(|key| (*key.as_bytes(), key.ready()));
        let public = |name| PublicKey::of(&office(name));
        let charter = Charter {
            rules: 1,
            log_keys: vec![public("log")],
            origin: origin.to_owned(),
            witness_policy: Digest::of(b""),
            council: vec![public("council")],
            council_threshold: 1,
            rescue: vec![public("rescue")],
            rescue_threshold: 1,
            registrar: public("registrar"),
            guardian: public("guardian"),
            auditors: vec![public("auditor")],
            policy: Policy { euro_rate: Rate::new(1, 1).ok(), ..Policy::starting() },
        };
        Self { ready: ready.collect(), members, council: office("council"), charter }
    }

    /// Founds the ledger in an empty store at `now` and opens every account.
    ///
    /// # Errors
    /// When the store or a rule refuses.
    pub fn found<S: Store>(&self, store: S, now: Timestamp) -> Result<(Ledger<S>, LedgerId)> {
        let founding = self.founding(now);
        let ledger_id = LedgerId::of_founding_payload(founding.signed().payload());
        let (ledger, _) = Ledger::found(store, node_keys(), founding, now, Salts::default())?;
        let limit = Total::new(1_000_000_000).context("a limit within bounds")?;
        let opens: Vec<VerifiedEntry> = self
            .members
            .chunks(ACCOUNTS_PER_OPEN)
            .enumerate()
            .map(|(number, members)| {
                let mut states: Vec<AccountState> =
                    members.iter().map(|member| member.state(limit)).collect();
                states.sort_by_key(|state| state.account);
                let nonce = Nonce(short(hash("open", number as u64)));
                let entry = entry(nonce, now, Body::Open(Open { states }));
                verified(entry, &ledger_id, &self.council)
            })
            .collect();
        let (ledger, outcomes) = ledger.commit(opens, now)?;
        for outcome in outcomes {
            ensure!(matches!(outcome, Outcome::Recorded(_)), "an account was not opened: {outcome:?}");
        }
        Ok((ledger, ledger_id))
    }

    /// Returns the keys that a node keeps for this community.
    pub fn keys_of_node(&self) -> klaver_node::keys::NodeKeys {
        klaver_node::keys::NodeKeys {
            log: office("log"),
            registrar: office("registrar"),
            guardian: office("guardian"),
        }
    }

    fn founding(&self, now: Timestamp) -> VerifiedEntry {
        let found = Found {
            name: "Bench".to_owned(),
            unit: UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() },
            scale: Scale::new(2).expect("two decimals"),
            charter: self.charter.clone(),
            predecessor: None,
        };
        verified(entry(Nonce([7; 16]), now, Body::Found(found)), &LedgerId::FOUNDING, &self.council)
    }

    /// Signs `count` payments, the first of which has number `first`; payment i of them is signed at
    /// `start` + i * `pace_ms`, for five minutes.
    pub fn payments(
        &self,
        ledger: &LedgerId,
        first: u64,
        count: usize,
        start: Timestamp,
        pace_ms: u64,
    ) -> Load {
        let envelopes = in_parallel(count, |place| {
            let number = first + place as u64;
            let dice = hash("dice", number);
            let pick = |at: usize, below: u64| {
                u64::from_be_bytes(dice[at..at + 8].try_into().expect("8 bytes")) % below
            };
            let members = self.members.len() as u64;
            let from = pick(0, members);
            let to = (from + 1 + pick(8, members - 1)) % members;
            let (from, to) = (&self.members[from as usize], &self.members[to as usize]);
            let amount = Amount::new(1 + pick(16, 2_000)).expect("an amount within bounds");
            let payees = vec![PayLine { to: to.account, amount, request: None }];
            let body = Body::Pay(Pay { from: from.account, payees, late: false });
            let nonce = Nonce(short(hash("payment", number)));
            let signed_at = later(start, place as u64 * pace_ms);
            SignedEntry::sign(entry(nonce, signed_at, body), ledger, &[&from.key]).encode()
        });
        Load { envelopes }
    }
}

impl Member {
    fn state(&self, limit: Total) -> AccountState {
        let key = PublicKey::of(&self.key);
        let keys = vec![KeyGrant { key, rights: Rights::ALL, until: None, cap: None }];
        AccountState { limit, ..AccountState::plain(self.account, AccountKind::Member, keys) }
    }
}

fn entry(nonce: Nonce, now: Timestamp, body: Body) -> Entry {
    Entry { nonce, expires_at: Deadline::after(now, VALIDITY), memo: None, body }
}

fn verified(entry: Entry, ledger: &LedgerId, key: &SigningKey) -> VerifiedEntry {
    SignedEntry::sign(entry, ledger, &[key]).verify_any_key(ledger).expect("we signed it ourselves")
}

/// Makes `count` things on two threads, in order.
fn in_parallel<T: Send>(count: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let half = count / 2;
    std::thread::scope(|scope| {
        let second = scope.spawn(|| (half..count).map(&make).collect::<Vec<T>>());
        let mut all: Vec<T> = Vec::with_capacity(count);
        all.extend((0..half).map(&make));
        all.extend(second.join().expect("making does not panic"));
        all
    })
}
