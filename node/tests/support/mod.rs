//! A small community in a temporary directory, spoken to through its router.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "what fails here is a failed test")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use klaver_api::account::rights_to_words;
use klaver_api::text::base64url;
use klaver_api::{Challenge, CreateInvitation, Join, KeyJson, paths};
use klaver_ledger::account::{AccountKind, AccountState, KeyGrant, Rights};
use klaver_ledger::amount::{Amount, Scale, Total};
use klaver_ledger::charter::{Policy, UnitWords};
use klaver_ledger::entry::{
    Attest, Body as EntryBody, Earn, EarnReason, Entry, Open, Pay, PayLine, RequestRef, SignedEntry,
    Statement,
};
use klaver_ledger::id::{AccountId, Digest, LedgerId, Nonce, OrganisationId};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::record::SaltSource;
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use klaver_node::clock::{Clock, Rest, SetClock, SystemClock, wall_clock};
use klaver_node::community::Community;
use klaver_node::config::{Config, DataDir};
use klaver_node::found::{Founding, found_with, founding_entry, sign_founding};
use klaver_node::http::App;
use klaver_node::http::extract::Peer;
use klaver_node::keys::NodeKeys;
use klaver_node::routes;
use klaver_node::service::{Beat, OsSalts, Parts, Service};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tempfile::TempDir;
use tokio::sync::watch;
use tower_service::Service as _;

pub const URL: &str = "http://localhost:8080";

pub struct World {
    pub directory: TempDir,
    pub service: Arc<Service>,
    pub router: Router,
    pub stop: watch::Sender<bool>,
    pub council: Vec<SigningKey>,
    pub ledger: LedgerId,
    seed: AtomicU8,
}

/// An answer: its status, and its body as JSON where it is some.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub json: Value,
    pub bytes: Vec<u8>,
    pub headers: axum::http::HeaderMap,
}

/// An account with its one key.
pub struct Person {
    pub account: AccountId,
    pub key: SigningKey,
}

/// Returns the moment that was so long ago.
pub fn before(ago: Seconds) -> Timestamp {
    Timestamp::from_millis(wall_clock().millis() - ago.0 * 1_000).unwrap()
}

pub fn scale() -> Scale {
    Scale::new(2).unwrap()
}

impl World {
    /// Founds a community with so many council keys, all of which must sign.
    pub fn founded(council: u8) -> Self {
        Self::founded_by(council, |clock| clock, OsSalts)
    }

    /// Founds a community with one council key and this policy.
    pub fn ruled(policy: Policy) -> Self {
        Self::made(1, policy, Seconds(0), |clock| clock, OsSalts, |_| ())
    }

    /// As [`ruled`](Self::ruled), two days ago, recording by a clock that is set by hand.
    pub fn ruled_before(policy: Policy) -> (Self, SetClock) {
        let ago = Seconds(2 * 86_400);
        let clock = SetClock::at(before(ago));
        let own = clock.clone();
        (Self::made(1, policy, ago, |_| Box::new(own), OsSalts, |_| ()), clock)
    }

    /// As [`ruled_before`](Self::ruled_before), where something is kept beside the ledger already.
    pub fn kept_before(policy: Policy, keep: impl FnOnce(&Community)) -> Self {
        let ago = Seconds(2 * 86_400);
        let clock = SetClock::at(before(ago));
        Self::made(1, policy, ago, |_| Box::new(clock), OsSalts, keep)
    }

    /// As [`founded`](Self::founded), with a clock that stands around the usual one, and other salts.
    pub fn founded_by(
        council: u8,
        around: impl FnOnce(Box<dyn Clock>) -> Box<dyn Clock>,
        salts: impl SaltSource + 'static,
    ) -> Self {
        Self::made(council, Policy::starting(), Seconds(0), around, salts, |_| ())
    }

    fn made(
        council: u8,
        policy: Policy,
        ago: Seconds,
        around: impl FnOnce(Box<dyn Clock>) -> Box<dyn Clock>,
        salts: impl SaltSource + 'static,
        keep: impl FnOnce(&Community),
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::at(directory.path().join("node"));
        let config = Config::new(URL).unwrap();
        let founding = Founding {
            name: "Klaverdorp".to_owned(),
            unit: UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() },
            scale: scale(),
            origin: config.log_origin(),
            config: config.clone(),
            policy,
        };
        let keys = NodeKeys::generate().unwrap();
        let council: Vec<SigningKey> =
            (1..=council).map(|seed| SigningKey::from_bytes(&[seed; 32])).collect();
        let public: Vec<PublicKey> = council.iter().map(PublicKey::of).collect();
        let clock = SystemClock::start(Default::default(), Rest::Doubted).unwrap();
        let now = before(ago);
        let entry = founding_entry(&founding, &keys, &public, [7; 32], now);
        let signed = sign_founding(entry, &council.iter().collect::<Vec<_>>());
        let founded = found_with(&data, &founding, &keys, signed, now, salts).unwrap();
        let community = Community::open(data.root(), &founded.id).unwrap();
        keep(&community);
        let parts = Parts {
            config,
            registrar: keys.registrar.clone(),
            guardian: keys.guardian.clone(),
            ledger: founded.ledger,
            clock: around(Box::new(clock)),
            community,
            witnesses: None,
        };
        let service = Service::start(parts, Beat { seconds: 1 }).unwrap();
        let (router, stop) = router(&service);
        Self { directory, service, router, stop, council, ledger: founded.id, seed: AtomicU8::new(100) }
    }

    pub fn data(&self) -> DataDir {
        DataDir::at(self.directory.path().join("node"))
    }

    pub fn fresh(&self) -> u8 {
        self.seed.fetch_add(1, Ordering::Relaxed)
    }

    pub fn entry(&self, body: EntryBody) -> Entry {
        let expires_at = Deadline::after(wall_clock(), Seconds(300));
        Entry { nonce: Nonce([self.fresh(); 16]), expires_at, memo: None, body }
    }

    pub fn sign(&self, body: EntryBody, keys: &[&SigningKey]) -> SignedEntry {
        SignedEntry::sign(self.entry(body), &self.ledger, keys)
    }

    /// Opens an account by the council, with one key that has every right.
    pub async fn open(&self, kind: AccountKind, limit: u64, organisation: Option<u8>) -> Person {
        let seed = self.fresh();
        let key = SigningKey::from_bytes(&[seed; 32]);
        let account = AccountId([seed; 16]);
        let rights = match kind {
            AccountKind::Merchant => Rights::ALL,
            _ => Rights::from_bits(9).unwrap(),
        };
        let keys = vec![KeyGrant { key: PublicKey::of(&key), rights, until: None, cap: None }];
        let state = AccountState {
            limit: Total::new(limit).unwrap(),
            organisation: organisation.map(|organisation| OrganisationId([organisation; 16])),
            ..AccountState::plain(account, kind, keys)
        };
        let council: Vec<&SigningKey> = self.council.iter().collect();
        let signed = self.sign(EntryBody::Open(Open { states: vec![state] }), &council);
        let answer = self.submit(&signed).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Person { account, key }
    }

    pub async fn earn(&self, budget: &Person, payee: &Person, amount: u64) -> Answer {
        let payees = vec![(payee.account, Amount::new(amount).unwrap())];
        let body =
            EntryBody::Earn(Earn { budget: budget.account, reason: EarnReason::Helped, task: None, payees });
        self.submit(&self.sign(body, &[&budget.key])).await
    }

    pub fn pay(&self, from: &Person, to: AccountId, amount: u64, request: Option<RequestRef>) -> SignedEntry {
        let mut entry = self.entry(EntryBody::Pay(Pay {
            from: from.account,
            payees: vec![PayLine { to, amount: Amount::new(amount).unwrap(), request }],
            late: false,
        }));
        if let Some(request) = request {
            entry.expires_at = entry.expires_at.min(request.until);
        }
        SignedEntry::sign(entry, &self.ledger, &[&from.key])
    }

    /// A payment with a nonce of its own, however many there are.
    pub fn pay_uniquely(&self, from: &Person, to: AccountId, amount: u64) -> SignedEntry {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).unwrap();
        let payees = vec![PayLine { to, amount: Amount::new(amount).unwrap(), request: None }];
        let body = EntryBody::Pay(Pay { from: from.account, payees, late: false });
        SignedEntry::sign(Entry { nonce: Nonce(nonce), ..self.entry(body) }, &self.ledger, &[&from.key])
    }

    pub async fn submit(&self, signed: &SignedEntry) -> Answer {
        let body = serde_json::json!({ "envelope": base64url(&signed.encode()) });
        self.post(paths::ENTRIES, None, &body).await
    }

    /// Opens a session for an account, or for an office when there is none.
    pub async fn session(&self, account: Option<AccountId>, key: &SigningKey) -> String {
        let answer = self.try_session(account, key).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json["token"].as_str().unwrap().to_owned()
    }

    pub async fn try_session(&self, account: Option<AccountId>, key: &SigningKey) -> Answer {
        let body = self.challenge().await.for_session(&self.ledger, URL, account, key).unwrap();
        self.post(paths::SESSIONS, None, &body).await
    }

    pub async fn challenge(&self) -> Challenge {
        let answer = self.call(Request::post(paths::CHALLENGES).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        serde_json::from_value(answer.json).unwrap()
    }

    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        let mut request = Request::get(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.call(request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, token: Option<&str>, body: &impl serde::Serialize) -> Answer {
        self.send("POST", path, token, body).await
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &impl serde::Serialize,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.call(request.body(Body::from(serde_json::to_vec(body).unwrap())).unwrap()).await
    }

    /// Joins with these keys, each with every right, as somebody who comes from `address`.
    pub async fn join_from(&self, address: &str, code: Option<&str>, keys: &[&SigningKey]) -> Answer {
        let asked = self.joining(code, keys).await;
        self.post_from(address, paths::JOIN, &asked).await
    }

    /// Posts as somebody who comes from `address`.
    pub async fn post_from(&self, address: &str, path: &str, body: &impl serde::Serialize) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        let request = request.extension(Peer(address.parse().unwrap()));
        self.call(request.body(Body::from(serde_json::to_vec(body).unwrap())).unwrap()).await
    }

    /// What somebody sends who joins with these keys.
    pub async fn joining(&self, code: Option<&str>, keys: &[&SigningKey]) -> Join {
        let every = |key: &&SigningKey| KeyJson {
            key: PublicKey::of(key).to_string(),
            rights: rights_to_words(Rights::ALL),
            until: None,
            cap: None,
        };
        let proof = self.challenge().await.for_joining(&self.ledger, URL, keys[0], &keys[1..]).unwrap();
        Join { code: code.map(str::to_owned), keys: keys.iter().map(every).collect(), proof }
    }

    /// Makes an invitation of the council for so many; returns its code.
    pub async fn invite(&self, uses: u64) -> String {
        let council = self.session(None, &self.council[0]).await;
        let asked = CreateInvitation { uses, valid_for: 600 };
        let invitation = self.post(paths::INVITATIONS, Some(&council), &asked).await;
        assert_eq!(invitation.status, 201, "{invitation:?}");
        invitation.json["code"].as_str().unwrap().to_owned()
    }

    pub async fn call(&self, request: Request<Body>) -> Answer {
        call(&self.router, request).await
    }

    /// What the council says about the ledger as it is.
    pub fn impact_report(&self) -> Entry {
        self.entry(EntryBody::Attest(Attest {
            statement: Statement::ImpactReport,
            size: 1,
            root: Digest(self.service.reader().head().root.0),
            document: Digest([1; 32]),
        }))
    }
}

/// Returns whether these bytes stand anywhere in the community data of the world.
pub fn is_on_disk(world: &World, bytes: &[u8]) -> bool {
    let holds = |file: &std::path::Path| {
        std::fs::read(file).is_ok_and(|content| content.windows(bytes.len()).any(|some| some == bytes))
    };
    let entries = |folder: &std::path::Path| {
        std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect::<Vec<_>>()
    };
    let is_community = |path: &std::path::PathBuf| path.to_string_lossy().contains("community-");
    let folders = entries(world.data().root()).into_iter().filter(is_community);
    folders.flat_map(|folder| entries(&folder)).any(|file| holds(&file))
}

/// Waits until these bytes stand nowhere in the community data of the world.
pub async fn leaves_the_disk(world: &World, bytes: &[u8]) {
    let started = std::time::Instant::now();
    while is_on_disk(world, bytes) {
        assert!(started.elapsed().as_secs() < 20, "{} still stands there", String::from_utf8_lossy(bytes));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

pub async fn call(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().call(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.unwrap().to_vec();
    let json = serde_json::from_slice(&bytes).unwrap_or_default();
    Answer { status: status.as_u16(), json, bytes, headers }
}

pub fn router(service: &Arc<Service>) -> (Router, watch::Sender<bool>) {
    let (stop, stopping) = watch::channel(false);
    (routes::router(App { service: service.clone(), stopping }), stop)
}

impl Answer {
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    pub fn receipt(&self) -> klaver_ledger::receipt::Receipt {
        let json = if self.json["receipt"].is_object() { &self.json["receipt"] } else { &self.json };
        serde_json::from_value::<klaver_api::ReceiptJson>(json.clone()).unwrap().to_receipt().unwrap()
    }
}
