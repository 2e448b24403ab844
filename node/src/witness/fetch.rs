//! HTTP to witnesses and logs: no redirects, short patience, bounded answers, from threads that may wait.

use std::time::Duration;
use ureq::http::Response;
use ureq::{Agent, Body};

/// How long a whole exchange may take: a slow witness is asked again on a later beat.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client with its connections.
pub struct Fetcher {
    agent: Agent,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new(PATIENCE)
    }
}

impl Fetcher {
    /// Returns a client that waits for an answer so long.
    pub fn new(patience: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(patience))
            .user_agent(concat!("klaver-node/", env!("CARGO_PKG_VERSION")));
        Self { agent: config.build().new_agent() }
    }

    /// Asks for what stands at `url`, at most `limit` bytes.
    ///
    /// # Errors
    /// What went wrong, in words.
    pub fn get(&self, url: &str, limit: u64) -> Result<Fetched, String> {
        let answer = self.agent.get(url).call().map_err(|error| format!("{url}: {error}"))?;
        read(url, answer, limit)
    }

    /// Sends `body` to `url`; of the answer at most `limit` bytes are read.
    ///
    /// # Errors
    /// What went wrong, in words.
    pub fn post(&self, url: &str, body: &[u8], limit: u64) -> Result<Fetched, String> {
        let request = self.agent.post(url).content_type("text/plain; charset=utf-8");
        let answer = request.send(body).map_err(|error| format!("{url}: {error}"))?;
        read(url, answer, limit)
    }
}

fn read(url: &str, mut answer: Response<Body>, limit: u64) -> Result<Fetched, String> {
    let status = answer.status().as_u16();
    // A body of exactly the limit is still looked at once more for its end.
    let body = answer.body_mut().with_config().limit(limit + 1).read_to_vec();
    body.map(|body| Fetched { status, body }).map_err(|error| format!("{url}: {error}"))
}
