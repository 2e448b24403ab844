//! A client that is not the bottleneck: requests are ready as bytes, answers are looked at as far as needed.

use anyhow::{Context as _, Result, bail, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// How many connections are kept alive.
pub const CONNECTIONS: usize = 64;

/// Longest answer that is expected, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// What the client saw.
pub struct Seen {
    /// Requests per second.
    pub per_second: f64,
    /// From the moment each request was due to its answer, ascending.
    pub latencies: Vec<Duration>,
    /// Bytes of the first answer's body.
    pub answer_bytes: usize,
}

/// Returns a request that posts `body`.
pub fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/cbor\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Sends every request once over [`CONNECTIONS`] connections: as fast as answers come, or so many per second.
///
/// # Errors
/// When an answer's status is not 2xx, or a connection fails.
pub fn send_all(server: SocketAddr, requests: Vec<Vec<u8>>, per_second: Option<f64>) -> Result<Seen> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let count = requests.len();
    let requests = Arc::new(requests);
    let start = Instant::now() + Duration::from_millis(5);
    // At a pace, a thread lets requests go as they become due; the runtime's own timers tick in milliseconds.
    let due = Arc::new(Semaphore::new(if per_second.is_some() { 0 } else { count + CONNECTIONS }));
    let pacer = per_second.map(|per_second| {
        let due = due.clone();
        std::thread::spawn(move || pace(&due, start, per_second, count + CONNECTIONS))
    });
    let next = Arc::new(AtomicUsize::new(0));
    let (mut latencies, mut answer_bytes) = (Vec::with_capacity(count), 0);
    let began = Instant::now();
    runtime.block_on(async {
        let mut tasks = Vec::new();
        for _ in 0..CONNECTIONS {
            let (requests, next, due) = (requests.clone(), next.clone(), due.clone());
            tasks.push(tokio::spawn(async move {
                let mut connection = Connection::open(server).await?;
                let (mut latencies, mut bytes) = (Vec::new(), 0);
                loop {
                    due.acquire().await.context("the pacer lives")?.forget();
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(place) else { return anyhow::Ok((latencies, bytes)) };
                    let since = per_second.map_or_else(Instant::now, |rate| due_at(start, rate, place));
                    bytes = connection.ask(request).await?;
                    latencies.push(since.elapsed());
                }
            }));
        }
        for task in tasks {
            let (some, bytes): (Vec<Duration>, usize) = task.await.context("a connection ended")??;
            latencies.extend(some);
            answer_bytes = answer_bytes.max(bytes);
        }
        anyhow::Ok(())
    })?;
    let seconds = began.elapsed().as_secs_f64();
    if let Some(pacer) = pacer {
        pacer.join().ok().context("the pacer ended")?;
    }
    ensure!(latencies.len() == count, "{} of {count} requests were answered", latencies.len());
    latencies.sort_unstable();
    Ok(Seen { per_second: count as f64 / seconds, latencies, answer_bytes })
}

fn due_at(start: Instant, per_second: f64, place: usize) -> Instant {
    start + Duration::from_secs_f64(place as f64 / per_second)
}

fn pace(due: &Semaphore, start: Instant, per_second: f64, count: usize) {
    let mut let_go = 0;
    while let_go < count {
        std::thread::sleep(due_at(start, per_second, let_go).saturating_duration_since(Instant::now()));
        let reached = (start.elapsed().as_secs_f64() * per_second) as usize + 1;
        let more = reached.min(count).saturating_sub(let_go);
        due.add_permits(more);
        let_go += more;
    }
}

/// One connection that is kept alive.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to `server`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn open(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(server).await.with_context(|| format!("connect to {server}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 << 10) })
    }

    /// Sends a request and reads the answer to its end; returns the length of its body.
    ///
    /// # Errors
    /// When the status is not 2xx, with the answer's text.
    pub async fn ask(&mut self, request: &[u8]) -> Result<usize> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (head, length) = loop {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server hung up");
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break (end + 4, content_length(&self.buffer[..end])?);
            }
        };
        ensure!(length <= ANSWER_BYTES_MAX, "an answer of {length} bytes");
        while self.buffer.len() < head + length {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server hung up");
        }
        if !self.buffer.starts_with(b"HTTP/1.1 2") {
            bail!("the server answered {}", String::from_utf8_lossy(&self.buffer));
        }
        Ok(length)
    }

    /// Returns the body of the last answer.
    pub fn body(&self) -> &[u8] {
        let end = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(0, |end| end + 4);
        &self.buffer[end..]
    }
}

fn content_length(head: &[u8]) -> Result<usize> {
    const NAME: &[u8] = b"content-length:";
    for line in head.split(|byte| *byte == b'\n') {
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            return Ok(std::str::from_utf8(&line[NAME.len()..])?.trim().parse()?);
        }
    }
    bail!("an answer without content-length: {}", String::from_utf8_lossy(head))
}

/// Returns the latency that `share` of all stay under.
pub fn percentile(ascending: &[Duration], share: f64) -> Duration {
    let place = ((ascending.len() as f64 * share).ceil() as usize).clamp(1, ascending.len().max(1)) - 1;
    ascending.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_latencies() {
        let latencies: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&latencies, 0.99), Duration::from_millis(198));
        assert_eq!(percentile(&latencies, 1.0), Duration::from_millis(200));
        assert_eq!(percentile(&latencies[..1], 0.99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 0.99), Duration::ZERO);
    }

    #[test]
    fn the_length_of_an_answer_is_found_in_any_spelling() {
        let head = b"HTTP/1.1 201 Created\r\nDate: today\r\nContent-Length: 1234\r\n";
        assert_eq!(content_length(head).unwrap(), 1234);
        assert!(content_length(b"HTTP/1.1 200 OK\r\n").is_err());
    }
}
