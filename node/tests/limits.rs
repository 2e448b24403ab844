//! What the node does when there is too much: a full queue, slow clients, more connections than it takes.

#![allow(clippy::unwrap_used, reason = "what fails here is a failed test")]

mod support;

use klaver_api::{Problem, paths};
use klaver_ledger::account::AccountKind;
use klaver_ledger::entry::SignedEntry;
use klaver_ledger::record::SaltSource;
use klaver_ledger::time::Timestamp;
use klaver_node::clock::{Clock, ClockFault};
use klaver_node::http::accept::{self, Limits};
use klaver_node::service::OsSalts;
use klaver_node::writer::QUEUE_ENTRIES_MAX;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use support::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How long a slow client may hold a connection, with room for a busy machine.
const CLOSED_WITHIN: Duration = Duration::from_secs(15);

/// A door that the writer waits at while it is shut: its clock asks for it before each group.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<DoorState>, Condvar)>);

#[derive(Default)]
struct DoorState {
    shut: bool,
    somebody_waits: bool,
}

impl Door {
    fn shut(&self, shut: bool) {
        *self.0.0.lock().unwrap() = DoorState { shut, somebody_waits: false };
        self.0.1.notify_all();
    }

    fn somebody_waits(&self) -> bool {
        self.0.0.lock().unwrap().somebody_waits
    }
}

struct DoorClock(Box<dyn Clock>, Door);

impl Clock for DoorClock {
    fn now(&mut self) -> Result<Timestamp, ClockFault> {
        let (state, changed) = &*self.1.0;
        let waiting = changed.wait_while(state.lock().unwrap(), |door| {
            door.somebody_waits = door.shut;
            door.shut
        });
        drop(waiting.unwrap());
        self.0.now()
    }

    fn fault(&mut self) -> Option<ClockFault> {
        None
    }
}

/// Serves `world` on a port of this machine.
async fn listen(world: &World, limits: Limits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (metrics, stopping) = (world.service.metrics().clone(), world.stop.subscribe());
    tokio::spawn(accept::serve(listener, world.router.clone(), limits, metrics, stopping));
    address
}

async fn send(address: SocketAddr, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream
}

/// Returns status, head and body of what comes until the connection ends.
async fn answer(mut stream: TcpStream) -> (u16, String, String) {
    let mut bytes = Vec::new();
    // A connection that is reset after its answer has still answered.
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, head.to_lowercase(), body.to_owned())
}

fn post(signed: &SignedEntry) -> Vec<u8> {
    let body = signed.encode();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
        paths::ENTRIES,
        paths::CBOR,
        body.len()
    );
    [head.into_bytes(), body].concat()
}

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_answers_busy_and_records_nothing_twice() {
    let door = Door::default();
    let guard = door.clone();
    let world = World::founded_by(1, move |clock| Box::new(DoorClock(clock, guard)), OsSalts);
    let budget = world.open(AccountKind::Budget, 10_000_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    assert_eq!(world.earn(&budget, &member, 1_000_000).await.status, 201);
    let before = world.service.reader().head().size;
    let address = listen(&world, Limits::default()).await;

    // One entry is in the writer's hands, behind the door; as many as the queue takes wait.
    door.shut(true);
    let entries: Vec<SignedEntry> =
        (0..=QUEUE_ENTRIES_MAX).map(|_| world.pay_uniquely(&member, merchant.account, 1)).collect();
    let metrics = world.service.metrics();
    let queued = || metrics.queued.load(Ordering::Relaxed);
    let wait_for = async |count: u64| {
        let since = Instant::now();
        while queued() != count {
            assert!(since.elapsed() < Duration::from_secs(60), "{} of {count} wait", queued());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let first = send(address, &post(&entries[0])).await;
    while !door.somebody_waits() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    wait_for(0).await;
    let mut streams = std::collections::VecDeque::from([first]);
    for (sent, entry) in (1..).zip(&entries[1..]) {
        streams.push_back(send(address, &post(entry)).await);
        // Most clients go away without their answer; what they sent stays in its place.
        if streams.len() == 200 {
            wait_for(sent).await;
            streams.drain(..190);
        }
    }
    wait_for(QUEUE_ENTRIES_MAX as u64).await;

    let late: Vec<SignedEntry> = (0..20).map(|_| world.pay_uniquely(&member, merchant.account, 1)).collect();
    for entry in late.iter().chain(&entries[..3]) {
        let asked = Instant::now();
        let (status, head, body) = answer(send(address, &post(entry)).await).await;
        let problem: Problem = serde_json::from_str(&body).unwrap();
        assert_eq!((status, problem.code.as_str(), problem.transient), (503, "busy", true), "{body}");
        assert!(head.contains("retry-after: 1"), "{head}");
        assert!(problem.advice.is_some_and(|advice| advice.contains("again")), "{body}");
        assert!(asked.elapsed() < Duration::from_secs(2), "busy after {:?}", asked.elapsed());
    }
    assert_eq!(answer(send(address, HEALTH).await).await.0, 200, "reads are answered meanwhile");
    assert_eq!(world.service.reader().head().size, before, "nothing is recorded behind the door");
    assert_eq!(metrics.turned_away_busy.load(Ordering::Relaxed), 23);

    // The door opens: whoever waited is answered, whoever was turned away sends the same bytes again.
    door.shut(false);
    for stream in streams {
        assert_eq!(answer(stream).await.0, 201);
    }
    wait_for(0).await;
    for (entry, expected) in
        late.iter().map(|entry| (entry, 201)).chain(entries.iter().map(|entry| (entry, 200)))
    {
        let (status, _, body) = answer(send(address, &post(entry)).await).await;
        assert_eq!(status, expected, "{body}");
    }
    let recorded = (entries.len() + late.len()) as u64;
    assert_eq!(world.service.reader().head().size, before + recorded, "each is recorded once");
}

/// Sends `start`, then a byte now and then, until the node closes; returns how long that took and what it said.
async fn drip(address: SocketAddr, start: &[u8]) -> (Duration, String) {
    let mut stream = send(address, start).await;
    let started = Instant::now();
    let mut said = Vec::new();
    let mut buffer = [0; 4_096];
    while started.elapsed() < CLOSED_WITHIN * 2 {
        match tokio::time::timeout(Duration::from_millis(300), stream.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => break,
            Ok(Ok(read)) => said.extend_from_slice(&buffer[..read]),
            Err(_) => drop(stream.write_all(b"x").await),
        }
    }
    (started.elapsed(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_headers_and_bodies_are_closed_while_others_are_answered() {
    let world = World::founded(1);
    let address = listen(&world, Limits::default()).await;
    let headers = b"GET /v1/community HTTP/1.1\r\nhost: x\r\nx-slow: ".to_vec();
    let body = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 20000\r\n\r\n{{",
        paths::ENTRIES
    );
    let slow = (0..40).map(|number| {
        let start = if number % 2 == 0 { headers.clone() } else { body.clone().into_bytes() };
        tokio::spawn(async move { (number % 2 == 0, drip(address, &start).await) })
    });
    let slow: Vec<_> = slow.collect();
    let mut slowest = Duration::ZERO;
    let mut asked = 0;
    while slow.iter().any(|task| !task.is_finished()) {
        let since = Instant::now();
        assert_eq!(answer(send(address, HEALTH).await).await.0, 200);
        slowest = slowest.max(since.elapsed());
        asked += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(50 < asked && slowest < Duration::from_secs(2), "{asked} answers, the slowest after {slowest:?}");
    for task in slow {
        let (is_header, (took, said)) = task.await.unwrap();
        assert!(took < CLOSED_WITHIN, "closed after {took:?}");
        if !is_header {
            assert!(said.starts_with("HTTP/1.1 408") && said.contains("body_too_slow"), "{said}");
        }
    }
    let too_slow = world.service.metrics().connections_too_slow.load(Ordering::Relaxed);
    assert!(20 <= too_slow, "{too_slow} were counted as too slow");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_above_the_cap_are_refused_at_once() {
    let world = World::founded(1);
    let address = listen(&world, Limits { connections: 8, ..Limits::default() }).await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(TcpStream::connect(address).await.unwrap());
    }
    while world.service.metrics().connections.load(Ordering::Relaxed) < 8 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let started = Instant::now();
    for _ in 0..10 {
        let (status, head, body) = answer(TcpStream::connect(address).await.unwrap()).await;
        assert_eq!(status, 503, "{head}");
        assert!(head.contains("retry-after: 5"), "{head}");
        assert_eq!(serde_json::from_str::<Problem>(&body).unwrap().code, "busy");
    }
    assert!(started.elapsed() < Duration::from_secs(2), "ten refusals took {:?}", started.elapsed());
    assert_eq!(world.service.metrics().connections_turned_away.load(Ordering::Relaxed), 10);
    // A place that becomes free is taken again.
    held.pop();
    let since = Instant::now();
    while answer(send(address, HEALTH).await).await.0 != 200 {
        assert!(since.elapsed() < Duration::from_secs(5), "no place became free");
    }
}

/// Salts that break when they are told to.
struct BreakingSalts(Arc<AtomicBool>);

impl SaltSource for BreakingSalts {
    fn salt(&mut self) -> [u8; 32] {
        assert!(!self.0.load(Ordering::Relaxed), "a fault in the program");
        OsSalts.salt()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_while_recording_leaves_a_node_that_is_read_only_and_says_so() {
    let breaks = Arc::new(AtomicBool::new(false));
    let world = World::founded_by(1, |clock| clock, BreakingSalts(breaks.clone()));
    let budget = world.open(AccountKind::Budget, 10_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    breaks.store(true, Ordering::Relaxed);
    let answer = world.earn(&budget, &member, 100).await;
    assert_eq!((answer.status, answer.code()), (503, "outcome_unknown"), "{answer:?}");
    breaks.store(false, Ordering::Relaxed);
    for answer in [world.earn(&budget, &member, 100).await, world.get(paths::READYZ, None).await] {
        assert_eq!((answer.status, answer.code()), (503, "read_only"), "{answer:?}");
        assert_eq!(answer.json["transient"], false, "{answer:?}");
        assert!(
            answer.json["reason"]["detail"].as_str().unwrap().contains("fault in the program"),
            "{answer:?}"
        );
        assert!(answer.json["advice"].as_str().unwrap().contains("start the node again"), "{answer:?}");
    }
}

/// A clock that nobody believes while the switch is on.
struct DoubtedClock(Box<dyn Clock>, Arc<AtomicBool>);

impl Clock for DoubtedClock {
    fn now(&mut self) -> Result<Timestamp, ClockFault> {
        if self.1.load(Ordering::Relaxed) {
            return Err(ClockFault::Moved { moved_seconds: 301 });
        }
        self.0.now()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unbelieved_clock_shows_before_and_after_anybody_pays() {
    let doubted = Arc::new(AtomicBool::new(true));
    let switch = doubted.clone();
    let world = World::founded_by(1, |clock| Box::new(DoubtedClock(clock, switch)), OsSalts);
    let answer = world.get(paths::READYZ, None).await;
    assert_eq!((answer.status, &answer.json["transient"]), (503, &true.into()), "{answer:?}");
    let ready_is = async |status: u16| {
        let since = Instant::now();
        while world.get(paths::READYZ, None).await.status != status {
            assert!(since.elapsed() < Duration::from_secs(20), "never {status}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    doubted.store(false, Ordering::Relaxed);
    ready_is(200).await;
    let house = world.open(AccountKind::Budget, 10_000, Some(1)).await;
    let mia = world.open(AccountKind::Member, 0, None).await;
    assert_eq!(world.earn(&house, &mia, 500).await.status, 201);
    let shop = world.open(AccountKind::Merchant, 0, None).await;
    let (paid, other) =
        (world.pay_uniquely(&mia, shop.account, 100), world.pay_uniquely(&mia, shop.account, 100));
    let first = world.submit(&paid).await;
    assert_eq!(first.status, 201, "{first:?}");
    doubted.store(true, Ordering::Relaxed);
    ready_is(503).await;
    // What was recorded stays so: the same bytes get their receipt, whatever is thought of the clock.
    let again = world.submit(&paid).await;
    assert_eq!((again.status, again.receipt().index), (200, first.receipt().index), "{again:?}");
    let refused = world.submit(&other).await;
    assert_eq!((refused.status, refused.code()), (503, "read_only"), "{refused:?}");
}
