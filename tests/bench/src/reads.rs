//! P8: what people look at most, over HTTP, by eight readers without pause while payments are recorded.

use crate::client::{Connection, percentile};
use crate::world::World;
use anyhow::{Context as _, Result, ensure};
use klaver_api::{Challenge, Session, paths};
use klaver_ledger::id::{AccountId, LedgerId};
use klaver_ledger::log::tile::{HashTile, TilePath};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many read at once.
pub const READERS: usize = 8;

/// What is read, in turn.
pub const QUESTIONS: [&str; 4] = ["statement page", "balance", "receipt with its proof", "tile"];

/// Latencies of each question, ascending.
pub type Latencies = [Vec<Duration>; 4];

/// The node that is asked.
#[derive(Clone, Copy)]
pub struct Asked {
    /// Where it listens.
    pub server: SocketAddr,
    /// The address that it was founded with.
    pub origin: &'static str,
    /// Its ledger.
    pub ledger: LedgerId,
    /// How many records are published.
    pub size: u64,
}

/// Reads until `stop` is set; each reader has an account of its own and a session for it.
///
/// # Errors
/// When a question has no answer.
pub fn read_until(world: &World, asked: Asked, stop: &AtomicBool) -> Result<Latencies> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut readers = Vec::new();
        for number in 0..READERS {
            let at = number * (world.members.len() / READERS);
            readers.push(Reader::open(world, asked, at).await?);
        }
        let mut all = Latencies::default();
        // All on this thread: each waits for its answer, none for a processor that another reader holds.
        let mut tasks = Vec::new();
        for reader in readers {
            tasks.push(reader.read(stop));
        }
        for own in join_all(tasks).await {
            for (all, own) in all.iter_mut().zip(own?) {
                all.extend(own);
            }
        }
        all.iter_mut().for_each(|latencies| latencies.sort_unstable());
        Ok(all)
    })
}

/// Waits for all of `futures` at the same time, on this task.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut all_done = true;
        for (future, output) in &mut waiting {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => all_done = false,
                }
            }
        }
        if all_done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    waiting.into_iter().filter_map(|(_, output)| output).collect()
}

struct Reader {
    connection: Connection,
    account: AccountId,
    token: String,
    asked: Asked,
    /// Records that this reader may see.
    own: Vec<u64>,
}

impl Reader {
    async fn open(world: &World, asked: Asked, member: usize) -> Result<Self> {
        let mut connection = Connection::open(asked.server).await?;
        let member = &world.members[member];
        let challenge: Challenge = post(&mut connection, paths::CHALLENGES, &serde_json::json!({})).await?;
        let answer = challenge.for_session(&asked.ledger, asked.origin, Some(member.account), &member.key)?;
        let session: Session =
            post(&mut connection, paths::SESSIONS, &serde_json::to_value(&answer)?).await?;
        let (account, token) = (member.account, session.token);
        let mut reader = Self { connection, account, token, asked, own: Vec::new() };
        let page: Value = serde_json::from_slice(reader.get(&reader.statement()).await?)?;
        let lines = page["lines"].as_array().context("a statement has lines")?;
        reader.own = lines.iter().filter_map(|line| line["index"].as_u64()).collect();
        ensure!(!reader.own.is_empty(), "the account of a reader has been used");
        Ok(reader)
    }

    async fn read(mut self, stop: &AtomicBool) -> Result<Latencies> {
        let mut latencies = Latencies::default();
        let tiles = (self.asked.size / 256).max(1);
        let mut turn = 0;
        while !stop.load(Ordering::Relaxed) {
            turn += 1;
            // A multiple of a prime visits all tiles.
            let tile = TilePath::Hashes(HashTile::new(0, turn * 7_919 % tiles, 256)?);
            let own = self.own[turn as usize % self.own.len()];
            let questions = [
                self.statement(),
                paths::fill(paths::ACCOUNT, self.account),
                paths::fill(paths::RECEIPT, own),
                format!("{}/{tile}", paths::LOG),
            ];
            for (path, latencies) in questions.iter().zip(&mut latencies) {
                let started = Instant::now();
                self.get(path).await?;
                latencies.push(started.elapsed());
            }
        }
        Ok(latencies)
    }

    fn statement(&self) -> String {
        format!("{}?limit=20", paths::fill(paths::STATEMENT, self.account))
    }

    async fn get(&mut self, path: &str) -> Result<&[u8]> {
        let token = &self.token;
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
        self.connection.ask(request.as_bytes()).await.with_context(|| path.to_owned())?;
        Ok(self.connection.body())
    }
}

async fn post<T: serde::de::DeserializeOwned>(
    connection: &mut Connection,
    path: &str,
    body: &Value,
) -> Result<T> {
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    connection.ask(request.as_bytes()).await.with_context(|| path.to_owned())?;
    Ok(serde_json::from_slice(connection.body())?)
}

/// Returns the worst of the p99s with its question.
pub fn worst(latencies: &Latencies) -> (&'static str, Duration) {
    let p99s =
        QUESTIONS.iter().zip(latencies).map(|(question, latencies)| (*question, percentile(latencies, 0.99)));
    p99s.max_by_key(|(_, p99)| *p99).unwrap_or_default()
}
