//! HTTP to one node: encrypted, or to this very machine; no redirects, short patience, bounded answers.

use crate::failure::{Exit, Failure, Outcome};
use klaver_api::Problem;
use klaver_ledger::link::NodeAddress;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{BufRead as _, BufReader, Read};
use std::time::Duration;
use ureq::http::Response;
use ureq::{Agent, Body};

/// Most bytes of an answer that is no stream.
const ANSWER_BYTES_MAX: u64 = 8 << 20;

/// Longest line of an event stream, in bytes.
const EVENT_LINE_BYTES_MAX: usize = 64 * 1_024;

/// How long connecting, and the beginning of an answer, may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A node and the connections to it.
pub struct Http {
    agent: Agent,
    node: NodeAddress,
}

impl Http {
    /// Returns a client of `node`. Nothing is sent yet.
    pub fn new(node: NodeAddress) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(PATIENCE))
            .timeout_send_request(Some(PATIENCE))
            .timeout_send_body(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .user_agent(concat!("klaver/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { agent, node }
    }

    /// Returns the node.
    pub fn node(&self) -> &NodeAddress {
        &self.node
    }

    /// Asks for a JSON value.
    ///
    /// # Errors
    /// `Network` when the node cannot be reached; the node's own problem; `Mismatch` for an answer that makes no sense.
    pub fn get<T: DeserializeOwned>(&self, path: &str, token: Option<&str>) -> Outcome<T> {
        self.read_json(self.send_get(path, token)?)
    }

    /// Asks for bytes.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_bytes(&self, path: &str) -> Outcome<Vec<u8>> {
        self.read_bytes(self.send_get(path, None)?)
    }

    /// Asks for a stream of bytes.
    ///
    /// # Errors
    /// As [`get`](Self::get); what goes wrong later is an error of the reader.
    pub fn get_stream(&self, path: &str, token: Option<&str>) -> Outcome<impl Read + use<>> {
        Ok(self.check(self.send_get(path, token)?)?.into_body().into_reader())
    }

    /// Waits for events; returns what the first one gives for which `wanted` has an answer.
    ///
    /// # Errors
    /// As [`get`](Self::get). `Ok(None)` when the node ends the stream.
    pub fn events<T>(
        &self,
        path: &str,
        mut wanted: impl FnMut(&str, &str) -> Option<T>,
    ) -> Outcome<Option<T>> {
        let mut lines = BufReader::new(self.get_stream(path, None)?);
        let (mut name, mut data) = (String::new(), String::new());
        loop {
            let mut line = Vec::new();
            let read = (&mut lines).take(EVENT_LINE_BYTES_MAX as u64).read_until(b'\n', &mut line);
            match read {
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) => {}
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            match line.split_once(':') {
                _ if line.is_empty() => {
                    if let Some(found) = wanted(&name, &data) {
                        return Ok(Some(found));
                    }
                    name.clear();
                    data.clear();
                }
                Some(("event", value)) => value.trim_start().clone_into(&mut name),
                Some(("data", value)) => {
                    if !data.is_empty() {
                        data.push('\n');
                    }
                    data.push_str(value.strip_prefix(' ').unwrap_or(value));
                }
                _ => {}
            }
            if data.len() > EVENT_LINE_BYTES_MAX {
                return Err(self.strange("an event of the stream is too long"));
            }
        }
    }

    /// Sends a JSON value and reads one back.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        body: &impl Serialize,
    ) -> Outcome<T> {
        let bytes = serde_json::to_vec(body).map_err(|error| self.strange(error))?;
        let mut request = self.agent.post(self.url(path)).content_type("application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.read_json(request.send(&bytes[..]).map_err(|error| self.unreachable(error))?)
    }

    /// Sends a JSON value to be kept under `path`; the answer's body is not read.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn put(&self, path: &str, token: &str, body: &impl Serialize) -> Outcome<()> {
        let bytes = serde_json::to_vec(body).map_err(|error| self.strange(error))?;
        let request = self.agent.put(self.url(path)).content_type("application/json");
        let request = request.header("authorization", format!("Bearer {token}"));
        self.check(request.send(&bytes[..]).map_err(|error| self.unreachable(error))?).map(drop)
    }

    /// Erases what is at `path`.
    ///
    /// # Errors
    /// As for `get`.
    pub fn delete(&self, path: &str, token: &str) -> Outcome<()> {
        let request = self.agent.delete(self.url(path)).header("authorization", format!("Bearer {token}"));
        self.check(request.call().map_err(|error| self.unreachable(error))?).map(drop)
    }

    fn send_get(&self, path: &str, token: Option<&str>) -> Outcome<Response<Body>> {
        let mut request = self.agent.get(self.url(path));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.call().map_err(|error| self.unreachable(error))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.node)
    }

    fn check(&self, response: Response<Body>) -> Outcome<Response<Body>> {
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(response);
        }
        let is_problem = response
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes().starts_with(klaver_api::paths::PROBLEM_JSON.as_bytes()));
        let body = self.read_body(response)?;
        if is_problem && let Ok(problem) = serde_json::from_slice::<Problem>(&body) {
            return Err(Failure::of_problem(problem));
        }
        let exit = if status >= 500 || status == 429 { Exit::Network } else { Exit::Failed };
        Err(Failure::new(exit, "http_status").with("status", status).with("node", &self.node))
    }

    fn read_json<T: DeserializeOwned>(&self, response: Response<Body>) -> Outcome<T> {
        let bytes = self.read_bytes(response)?;
        serde_json::from_slice(&bytes).map_err(|error| self.strange(error))
    }

    fn read_bytes(&self, response: Response<Body>) -> Outcome<Vec<u8>> {
        let response = self.check(response)?;
        self.read_body(response)
    }

    fn read_body(&self, mut response: Response<Body>) -> Outcome<Vec<u8>> {
        response
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .read_to_vec()
            .map_err(|error| self.unreachable(error))
    }

    fn unreachable(&self, error: ureq::Error) -> Failure {
        Failure::text(Exit::Network, "unreachable", error).with("node", &self.node)
    }

    fn strange(&self, error: impl std::fmt::Display) -> Failure {
        Failure::text(Exit::Mismatch, "strange_answer", error).with("node", &self.node)
    }
}
