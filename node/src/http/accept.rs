//! The accept loop: HTTP/1.1 with limits that the framework does not set by itself.
//!
//! A connection has so long for its headers, its bodies, and for taking what it asked for; there are only so many at
//! once, and one too many is told so at once. When the node stops, nothing new is accepted and what runs is finished.

use super::extract::Peer;
use crate::metrics::Metrics;
use axum::Router;
use axum::body::{Bytes, HttpBody as Body};
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, Sleep};
use tower_service::Service as _;

/// The limits of a listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most connections at once.
    pub connections: usize,
    /// How long headers may take, and a connection may stay without a request.
    pub header_time: Duration,
    /// How long a reader may take nothing.
    pub write_time: Duration,
    /// How long what runs may go on when the node stops.
    pub drain_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2_048,
            header_time: Duration::from_secs(10),
            write_time: Duration::from_secs(10),
            drain_time: Duration::from_secs(8),
        }
    }
}

/// Most bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most headers of a request.
const HEADERS_MAX: usize = 64;
/// How long accepting pauses when the system has no more file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Most bytes that are read of what a handler did not read.
const REST_BYTES_MAX: usize = 64 * 1024;
/// How long that may take.
const REST_TIME: Duration = Duration::from_secs(2);

/// The answer to a connection too many, without reading what it wants.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n\
    content-type: application/problem+json\r\ncontent-length: 176\r\n\r\n\
    {\"type\":\"urn:klaver:problem:busy\",\"title\":\"The node is busy\",\"status\":503,\"code\":\"busy\",\
    \"detail\":\"Too many connections.\",\"advice\":\"Try again in five seconds.\",\"transient\":true}";

/// Serves `router` until `stopping` says so, then finishes what runs.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    metrics: Arc<Metrics>,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stopping) => break,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, Peer(peer.ip())),
            Err(error) => {
                // Out of descriptors, or a connection that was gone already: the next one may do better.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        match places.clone().try_acquire_owned() {
            Ok(place) => {
                metrics.connections.fetch_add(1, Ordering::Relaxed);
                let serving =
                    connection(stream, peer, router.clone(), limits, metrics.clone(), stopping.clone());
                tokio::spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            Err(_) => {
                metrics.connections_turned_away.fetch_add(1, Ordering::Relaxed);
                turn_away(stream);
            }
        }
    }
    drop(listener);
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    if tokio::time::timeout(limits.drain_time, places.acquire_many(all)).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut off");
    }
}

/// Waits until the node stops.
pub async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // When the sender is gone, the node has stopped too.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Tells a connection too many, as far as it listens at once.
fn turn_away(stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let _ = stream.try_write(FULL);
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    limits: Limits,
    metrics: Arc<Metrics>,
    mut stopping: watch::Receiver<bool>,
) {
    // An answer is one small packet that somebody waits for.
    let _ = stream.set_nodelay(true);
    let counted = Counted(metrics.clone());
    let answers = metrics.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let (mut router, answers) = (router.clone(), answers.clone());
        let waits_for_leave = request.headers().contains_key(header::EXPECT);
        let (head, body) = request.into_parts();
        let body = Sent(Arc::new(Mutex::new(body)));
        let rest = (!waits_for_leave).then(|| body.clone());
        async move {
            let answered: Result<_, Infallible> = router.call(Request::from_parts(head, body)).await;
            let mut response = answered?;
            if let Some(rest) = rest {
                // Whoever takes longer hears the answer, and connects anew.
                let _ = tokio::time::timeout(REST_TIME, rest.read_to_end()).await;
            }
            answers.answer(response.status().as_u16());
            harden(&mut response);
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .keep_alive(true);
    let io = TokioIo::new(Watched::new(stream, limits.write_time));
    let connection = builder.serve_connection(io, service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stopped(&mut stopping) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended
        && (error.is_timeout() || is_timeout(&error))
    {
        metrics.connections_too_slow.fetch_add(1, Ordering::Relaxed);
    }
    drop(counted);
}

/// What a request sends, at hand for its handler and for whoever comes after.
///
/// A handler that needs nothing of it answers at once. What is on its way must be read all the same: otherwise the
/// connection ends behind the answer, under the next request of somebody who keeps it.
#[derive(Clone)]
struct Sent(Arc<Mutex<Incoming>>);

impl Sent {
    fn incoming(&self) -> MutexGuard<'_, Incoming> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what nobody read; what is longer than [`REST_BYTES_MAX`] is left where it is.
    async fn read_to_end(mut self) {
        let mut left = REST_BYTES_MAX;
        while !self.is_end_stream() {
            let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await else { return };
            let bytes = frame.data_ref().map_or(0, |data| data.len());
            let Some(less) = left.checked_sub(bytes) else { return };
            left = less;
        }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut *self.incoming()).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming().size_hint()
    }
}

fn is_timeout(error: &hyper::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Sets the headers that every answer has, unless its handler knew better.
fn harden<B>(response: &mut Response<B>) {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let no_store = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(no_store);
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(nothing);
}

/// Counts a connection as long as it lives.
struct Counted(Arc<Metrics>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that ends when its reader takes nothing for too long.
struct Watched<T> {
    inner: T,
    write_time: Duration,
    /// Runs while the reader lets us wait.
    patience: Pin<Box<Sleep>>,
    waiting: bool,
}

impl<T> Watched<T> {
    fn new(inner: T, write_time: Duration) -> Self {
        Self { inner, write_time, patience: Box::pin(tokio::time::sleep(write_time)), waiting: false }
    }

    fn watch<R>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.waiting = false;
            return written;
        }
        if !std::mem::replace(&mut self.waiting, true) {
            self.patience.as_mut().reset(Instant::now() + self.write_time);
        }
        match self.patience.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Answers a listener that has no router: for tests of the limits.
#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    struct Node {
        address: std::net::SocketAddr,
        stop: watch::Sender<bool>,
        metrics: Arc<Metrics>,
        serving: tokio::task::JoinHandle<()>,
    }

    fn limits() -> Limits {
        let short = Duration::from_millis(300);
        Limits { connections: 2, header_time: short, write_time: short, drain_time: Duration::from_secs(2) }
    }

    async fn start(limits: Limits) -> Node {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let big = || async { vec![7_u8; 32 << 20] };
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            "done"
        };
        let router = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/big", get(big))
            .route("/slow", get(slow))
            .route("/unread", post(|| async { "whatever you said" }))
            .route("/echo", post(|body: String| async { body }));
        let metrics = Arc::new(Metrics::default());
        let (stop, stopping) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, router, limits, metrics.clone(), stopping));
        Node { address, stop, metrics, serving }
    }

    async fn exchange(address: std::net::SocketAddr, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    const HELLO: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn what_a_handler_does_not_read_does_not_end_the_connection() {
        let node = start(limits()).await;
        let mut stream = TcpStream::connect(node.address).await.unwrap();
        for _ in 0..2 {
            let head = b"POST /unread HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n";
            stream.write_all(head).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.write_all(b"{}").await.unwrap();
            let mut answer = [0; 4096];
            let length = stream.read(&mut answer).await.unwrap();
            assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "the connection was kept");
        }
    }

    #[tokio::test]
    async fn an_answer_carries_what_protects_a_browser() {
        let node = start(limits()).await;
        let answer = exchange(node.address, HELLO).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        for header in
            ["x-content-type-options: nosniff", "cache-control: no-store", "content-security-policy: "]
        {
            assert!(answer.contains(header), "{answer}");
        }
    }

    #[tokio::test]
    async fn slow_headers_are_closed() {
        let node = start(limits()).await;
        let started = Instant::now();
        exchange(node.address, b"GET / HTTP/1.1\r\nhost:").await;
        assert!(started.elapsed() < Duration::from_secs(3), "closed after {:?}", started.elapsed());
        assert_eq!(node.metrics.connections_too_slow.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn an_idle_connection_is_closed() {
        let node = start(limits()).await;
        let started = Instant::now();
        let answer = exchange(node.address, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(started.elapsed() < Duration::from_secs(3), "closed after {:?}", started.elapsed());
    }

    #[tokio::test]
    async fn a_reader_who_takes_nothing_is_closed() {
        let node = start(limits()).await;
        let mut stream = TcpStream::connect(node.address).await.unwrap();
        stream.write_all(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let started = Instant::now();
        while node.metrics.connections_too_slow.load(Ordering::Relaxed) == 0 {
            assert!(started.elapsed() < Duration::from_secs(5), "never closed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(stream);
    }

    #[tokio::test]
    async fn headers_beyond_the_limit_are_refused() {
        let node = start(limits()).await;
        let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(HEAD_BYTES_MAX));
        assert!(exchange(node.address, long.as_bytes()).await.starts_with("HTTP/1.1 431"));
        let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: y\r\n".repeat(HEADERS_MAX + 1));
        assert!(exchange(node.address, many.as_bytes()).await.starts_with("HTTP/1.1 431"));
    }

    #[tokio::test]
    async fn one_connection_too_many_is_told_so_and_others_go_on() {
        let node = start(Limits { header_time: Duration::from_secs(5), ..limits() }).await;
        let _first = TcpStream::connect(node.address).await.unwrap();
        let second = TcpStream::connect(node.address).await.unwrap();
        while node.metrics.connections.load(Ordering::Relaxed) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut third = TcpStream::connect(node.address).await.unwrap();
        let mut answer = String::new();
        third.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503") && answer.ends_with('}'), "{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}: {}", body.len());
        serde_json::from_str::<klaver_api::Problem>(body).unwrap();
        drop(second);
        while node.metrics.connections.load(Ordering::Relaxed) == 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(exchange(node.address, HELLO).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn what_runs_is_finished_when_the_node_stops() {
        let node = start(Limits { header_time: Duration::from_secs(30), ..limits() }).await;
        let idle = TcpStream::connect(node.address).await.unwrap();
        let address = node.address;
        let running =
            tokio::spawn(async move { exchange(address, b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        node.stop.send(true).unwrap();
        let started = Instant::now();
        assert!(running.await.unwrap().ends_with("done"));
        drop(idle);
        node.serving.await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        assert!(TcpStream::connect(address).await.is_err(), "nothing new is accepted");
    }
}
