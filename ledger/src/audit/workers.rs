//! Decoding and verifying signatures on several threads, in chunks that come back in order.

use super::verdict::Violation;
use crate::entry::{SignedEntry, VerifiedEntry};
use crate::id::LedgerId;
use crate::keys::ReadyKey;
use crate::record::{Record, Salt};
use crate::time::Timestamp;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// A record whose own bytes and signatures are in order.
pub(super) struct Prepared {
    pub salt: Salt,
    pub bytes: Vec<u8>,
    pub index: u64,
    pub recorded_at: Timestamp,
    pub entry: VerifiedEntry,
}

/// Records in order; the first that is not in order ends a chunk.
pub(super) type Chunk = Vec<Result<Prepared, Violation>>;

/// Chunks that may wait for a worker, each.
const CHUNKS_AHEAD: usize = 2;

/// How many decompressed keys a worker keeps: a key costs a tenth of a signature.
const KEYS_KEPT: usize = 1 << 16;

/// Prepares `records`, the first of which has index `first`, on `threads` threads, and hands chunks over in order.
///
/// The calling thread reads and judges; both wait for each other, so that memory stays bounded.
pub(super) fn prepare_all(
    mut records: impl Iterator<Item = (Salt, Vec<u8>)>,
    first: u64,
    ledger: LedgerId,
    threads: usize,
    chunk_records: usize,
    mut judge: impl FnMut(Chunk) -> Result<(), Violation>,
) -> Result<(), Violation> {
    type Task = (usize, u64, Vec<(Salt, Vec<u8>)>);
    std::thread::scope(|scope| {
        let (tasks, todo) = sync_channel::<Task>(threads * CHUNKS_AHEAD);
        let (done, results) = channel::<(usize, Chunk)>();
        let todo = Arc::new(Mutex::new(todo));
        for _ in 0..threads {
            let (todo, done) = (todo.clone(), done.clone());
            scope.spawn(move || {
                let mut keys = HashMap::new();
                loop {
                    let task = todo.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, first, raw)) = task else { return };
                    if done.send((number, prepare(raw, first, &ledger, &mut keys))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let mut waiting: BTreeMap<usize, Chunk> = BTreeMap::new();
        let (mut given, mut judged, mut next_index) = (0, 0, first);
        let mut tasks = Some(tasks);
        loop {
            while let Some(sender) = tasks.as_ref().filter(|_| given - judged < threads * CHUNKS_AHEAD) {
                let raw: Vec<_> = records.by_ref().take(chunk_records).collect();
                if raw.is_empty() {
                    tasks = None;
                    break;
                }
                let count = raw.len() as u64;
                sender
                    .send((given, next_index, raw))
                    .expect("workers wait for tasks as long as there are any");
                (given, next_index) = (given + 1, next_index + count);
            }
            if judged == given {
                return Ok(());
            }
            let chunk = loop {
                if let Some(chunk) = waiting.remove(&judged) {
                    break chunk;
                }
                let (number, chunk) = results.recv().expect("a worker answers each task");
                waiting.insert(number, chunk);
            };
            judged += 1;
            judge(chunk)?;
        }
    })
}

fn prepare(
    raw: Vec<(Salt, Vec<u8>)>,
    first: u64,
    ledger: &LedgerId,
    keys: &mut HashMap<[u8; 32], ReadyKey>,
) -> Chunk {
    let mut chunk = Vec::with_capacity(raw.len());
    let (mut frames, mut entries, mut malformed) =
        (Vec::with_capacity(raw.len()), Vec::with_capacity(raw.len()), None);
    for (place, (salt, bytes)) in (first..).zip(raw) {
        match Record::decode(&bytes) {
            Ok(Record { index, recorded_at, signed }) => {
                frames.push((place, salt, bytes, index, recorded_at));
                entries.push(signed);
            }
            Err(error) => {
                malformed = Some(Violation::at(place, error));
                break;
            }
        }
    }
    let verified = SignedEntry::verify_all(entries, ledger, |key| ready(keys, key));
    for ((place, salt, bytes, index, recorded_at), entry) in frames.into_iter().zip(verified) {
        match entry {
            Ok(entry) => chunk.push(Ok(Prepared { salt, bytes, index, recorded_at, entry })),
            Err(error) => {
                chunk.push(Err(Violation::at(place, error)));
                return chunk;
            }
        }
    }
    chunk.extend(malformed.map(Err));
    chunk
}

fn ready(keys: &mut HashMap<[u8; 32], ReadyKey>, key: &[u8; 32]) -> Option<ReadyKey> {
    if let Some(ready) = keys.get(key) {
        return Some(*ready);
    }
    if keys.len() >= KEYS_KEPT {
        keys.clear();
    }
    let ready = ReadyKey::from_bytes(key).ok()?;
    keys.insert(*key, ready);
    Some(ready)
}
