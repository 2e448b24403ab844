//! The limit of P2: a bare axum handler that reads the same body, does one `verify_strict`, appends to a file that is
//! synced in groups, and answers with a body of the receipt's size. It keeps no books and promises nothing.

use crate::world::World;
use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use ed25519_dalek::{Signature, VerifyingKey};
use hashbrown::HashMap;
use klaver_ledger::id::LedgerId;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// The file is filled with zeros beforehand, which makes syncing it as fast as it can be; then it begins anew.
const LOG_BYTES: usize = 64 << 20;

/// Where a signature, a key and the end of the payload stand, from the end of an envelope with one signature.
const SIGNATURE_FROM_END: usize = 64;
const KEY_FROM_END: usize = 64 + 2 + 32;

struct Bare {
    keys: HashMap<[u8; 32], VerifyingKey>,
    ledger: LedgerId,
    log: Sender<(Bytes, oneshot::Sender<()>)>,
    answer: Bytes,
}

/// Serves until it is killed; prints its address first.
///
/// # Errors
/// When the log file or the socket cannot be made.
pub fn serve(accounts: usize, ledger: LedgerId, log: &Path, answer_bytes: usize) -> Result<()> {
    let world = World::new(accounts, "localhost/log");
    let keys =
        world.ready.keys().map(|key| Ok((*key, VerifyingKey::from_bytes(key)?))).collect::<Result<_>>()?;
    let (sender, waiting) = channel();
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(log)?;
    for _ in 0..LOG_BYTES >> 20 {
        (&file).write_all(&vec![0; 1 << 20])?;
    }
    file.sync_all()?;
    std::thread::Builder::new().name("log".to_owned()).spawn(move || append(&file, &waiting))?;
    let bare = Bare { keys, ledger, log: sender, answer: Bytes::from(vec![b' '; answer_bytes]) };
    let routes = Router::new().route("/v1/entries", post(record)).with_state(Arc::new(bare));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        axum::serve(
            axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))),
            routes,
        )
        .await
        .context("serving")
    })
}

async fn record(State(bare): State<Arc<Bare>>, body: Bytes) -> Result<Bytes, StatusCode> {
    if !verify(&bare, &body).unwrap_or(false) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let (done, durable) = oneshot::channel();
    bare.log.send((body, done)).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    durable.await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(bare.answer.clone())
}

fn verify(bare: &Bare, envelope: &[u8]) -> Option<bool> {
    let signature = envelope.last_chunk::<SIGNATURE_FROM_END>()?;
    let key = envelope.last_chunk::<KEY_FROM_END>()?.first_chunk::<32>()?;
    // [payload of 24 to 255 bytes, …]: 0x82, 0x58, length.
    let payload = envelope.get(3..3 + usize::from(*envelope.get(2)?))?;
    let mut message = Vec::with_capacity(256);
    message.extend_from_slice(b"\x84\x6aSignature1\x43\xa1\x01\x32\x58\x20");
    message.extend_from_slice(&bare.ledger.0);
    message.extend_from_slice(&[0x58, payload.len() as u8]);
    message.extend_from_slice(payload);
    Some(bare.keys.get(key)?.verify_strict(&message, &Signature::from_bytes(signature)).is_ok())
}

fn append(file: &File, waiting: &Receiver<(Bytes, oneshot::Sender<()>)>) {
    let (mut at, mut buffer) = (0, Vec::with_capacity(64 << 10));
    while let Ok(first) = waiting.recv() {
        buffer.clear();
        let mut answers = Vec::new();
        let all = std::iter::once(first).chain(std::iter::from_fn(|| waiting.try_recv().ok()));
        for (body, answer) in all.take(2_048) {
            buffer.extend_from_slice(&(body.len() as u32).to_le_bytes());
            buffer.extend_from_slice(&body);
            answers.push(answer);
        }
        if at + buffer.len() > LOG_BYTES {
            at = 0;
        }
        file.write_all_at(&buffer, at as u64).expect("the log file can be written");
        file.sync_data().expect("the log file can be synced");
        at += buffer.len();
        for answer in answers {
            // Whoever went away does not hear it.
            let _ = answer.send(());
        }
    }
}
