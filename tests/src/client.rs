//! HTTP to a node: requests as a phone sends them, answers as they come.

use klaver_api::{Challenge, ReceiptJson, paths};
use klaver_ledger::entry::SignedEntry;
use klaver_ledger::id::{AccountId, LedgerId};
use klaver_ledger::keys::SigningKey;
use klaver_ledger::receipt::{LogIdentity, Receipt};
use serde_json::Value;
use std::time::{Duration, Instant};
use ureq::http::Response;
use ureq::{Agent, Body};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the log may take to publish what is recorded, on a busy machine.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(20);

/// A client of one node; its connections stay open.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    url: String,
}

/// An answer: its status, its media type, its body.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type.
    pub media: String,
    /// The body as JSON, or null.
    pub json: Value,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Client {
    /// Returns a client of the node at `url`. Nothing is sent yet.
    pub fn of(url: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
        Self { agent: config.build().new_agent(), url: url.to_owned() }
    }

    /// Returns a client of the same node with connections of its own.
    pub fn apart(&self) -> Self {
        Self::of(&self.url)
    }

    /// Asks for `path`.
    ///
    /// # Errors
    /// When no whole answer came.
    pub fn try_get(&self, path: &str, token: Option<&str>) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Answer::read(request.call()?)
    }

    /// Asks for `path`.
    ///
    /// # Panics
    /// When no whole answer came.
    pub fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.try_get(path, token).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Sends `body` of `media` to `path`.
    ///
    /// # Errors
    /// When no whole answer came: nobody knows then what became of it.
    pub fn try_post(
        &self,
        path: &str,
        token: Option<&str>,
        media: &str,
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.post(format!("{}{path}", self.url)).content_type(media);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Answer::read(request.send(body)?)
    }

    /// Sends a JSON value to `path`.
    ///
    /// # Panics
    /// When no whole answer came.
    pub fn post(&self, path: &str, token: Option<&str>, body: &impl serde::Serialize) -> Answer {
        let bytes = serde_json::to_vec(body).expect("plain values are always JSON");
        let answer = self.try_post(path, token, "application/json", &bytes);
        answer.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Sends a JSON value to be kept under `path`.
    ///
    /// # Panics
    /// When no whole answer came.
    pub fn put(&self, path: &str, token: &str, body: &impl serde::Serialize) -> Answer {
        let bytes = serde_json::to_vec(body).expect("plain values are always JSON");
        let request = self.agent.put(format!("{}{path}", self.url)).content_type("application/json");
        let request = request.header("authorization", format!("Bearer {token}"));
        let answer = request.send(&bytes[..]).and_then(Answer::read);
        answer.unwrap_or_else(|error| panic!("PUT {path}: {error}"))
    }

    /// Sends an entry to be recorded.
    ///
    /// # Errors
    /// When no whole answer came: nobody knows then what became of it.
    pub fn try_submit(&self, envelope: &[u8]) -> Result<Answer, ureq::Error> {
        self.try_post(paths::ENTRIES, None, paths::CBOR, envelope)
    }

    /// Sends an entry to be recorded.
    ///
    /// # Panics
    /// When no whole answer came.
    pub fn submit(&self, signed: &SignedEntry) -> Answer {
        self.try_submit(&signed.encode()).unwrap_or_else(|error| panic!("POST {}: {error}", paths::ENTRIES))
    }

    /// Returns a challenge to sign.
    ///
    /// # Panics
    /// When the node gives none.
    pub fn challenge(&self) -> Challenge {
        let asked = self.post(paths::CHALLENGES, None, &serde_json::json!({}));
        serde_json::from_value(asked.json).expect("a challenge")
    }

    /// Returns the token of a new session: of an account, or of an office.
    ///
    /// # Panics
    /// When the node refuses it.
    pub fn session(&self, ledger: &LedgerId, account: Option<AccountId>, key: &SigningKey) -> String {
        let challenge = self.challenge();
        let origin = challenge.origin.clone();
        let body = challenge.for_session(ledger, &origin, account, key).expect("a challenge makes sense");
        let answer = self.post(paths::SESSIONS, None, &body);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json["token"].as_str().expect("a token").to_owned()
    }

    /// Returns what the node says of its community.
    ///
    /// # Panics
    /// When it says nothing that makes sense.
    pub fn community(&self) -> klaver_api::Community {
        serde_json::from_value(self.get(paths::COMMUNITY, None).json).expect("a community")
    }

    /// Waits until everything recorded is in the published log.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn await_publication(&self) {
        self.published(self.community().size);
    }

    /// Waits until `size` records or more are in the published checkpoint, and returns it.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn published(&self, size: u64) -> Vec<u8> {
        let until = Instant::now() + PUBLISHED_WITHIN;
        loop {
            let note = self.get(paths::LOG_CHECKPOINT, None).bytes;
            let shown = String::from_utf8_lossy(&note).lines().nth(1).and_then(|line| line.parse().ok());
            if shown.is_some_and(|shown: u64| size <= shown) {
                return note;
            }
            assert!(Instant::now() < until, "no checkpoint of {size} is published");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns what receipts of this community are verified with.
    ///
    /// # Panics
    /// When the node says nothing that makes sense.
    pub fn identity(&self) -> LogIdentity {
        let said = self.community();
        let ledger = LedgerId::from_hex(&said.ledger).expect("a ledger id");
        let vkey = said.log.vkey.parse().expect("a verifier key");
        LogIdentity::of_keys(ledger, vec![vkey])
    }
}

impl Answer {
    fn read(mut response: Response<Body>) -> Result<Self, ureq::Error> {
        let status = response.status().as_u16();
        let media = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let media = media.unwrap_or_default().to_owned();
        let bytes = response.body_mut().with_config().limit(64 << 20).read_to_vec()?;
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Self { status, media, json, bytes })
    }

    /// Returns the code of a refusal, or nothing.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// Returns a text of the answer, empty when it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap_or_default()
    }

    /// Returns the receipt in the answer to a submitted entry.
    ///
    /// # Panics
    /// When there is none.
    pub fn receipt(&self) -> Receipt {
        self.receipt_json().to_receipt().unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns the receipt as it came.
    ///
    /// # Panics
    /// When there is none.
    pub fn receipt_json(&self) -> ReceiptJson {
        serde_json::from_value(self.json["receipt"].clone())
            .unwrap_or_else(|error| panic!("no receipt, {error}: {self:?}"))
    }
}
