//! The checkpoint that everybody sees: on a fixed beat, and never before the anchor holds it.
//!
//! Receipts carry the newest checkpoint at once. The public log follows on a beat, so that nobody can tell from it
//! who was where at which minute.

use super::NodeReader;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The longest time a commit may wait for its anchor.
const ANCHOR_WITHIN: Duration = Duration::from_secs(1);

/// How often a checkpoint is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Seconds between two checkpoints, at least 1.
    pub seconds: u64,
}

/// A checkpoint that everybody sees.
#[derive(Clone, Debug)]
pub struct PublishedCheckpoint {
    /// How many records it covers.
    pub size: u64,
    /// The signed note; `None` when nobody knows what was shown before: then none is shown.
    pub note: Option<String>,
}

pub(super) struct Publisher {
    newest: RwLock<Arc<PublishedCheckpoint>>,
    stopping: AtomicBool,
    thread: RwLock<Option<std::thread::Thread>>,
}

impl Publisher {
    /// Anchors and publishes the newest checkpoint, and goes on doing so.
    pub(super) fn start(reader: NodeReader, beat: Beat) -> std::io::Result<(Arc<Self>, JoinHandle<()>)> {
        let first = reader.anchor().map_err(std::io::Error::other)?;
        let publisher = Arc::new(Self {
            newest: RwLock::new(Arc::new(published(&first))),
            stopping: AtomicBool::new(false),
            thread: RwLock::new(None),
        });
        let shared = publisher.clone();
        let handle = std::thread::Builder::new()
            .name("beat".to_owned())
            .spawn(move || shared.run(&reader, first, beat))?;
        *publisher.thread.write().unwrap_or_else(PoisonError::into_inner) = Some(handle.thread().clone());
        Ok((publisher, handle))
    }

    /// Publishes one checkpoint and no other.
    pub(super) fn fixed(checkpoint: Option<&SignedCheckpoint>) -> Arc<Self> {
        let nothing = PublishedCheckpoint { size: 0, note: None };
        let newest = RwLock::new(Arc::new(checkpoint.map_or(nothing, published)));
        Arc::new(Self { newest, stopping: AtomicBool::new(true), thread: RwLock::new(None) })
    }

    fn run(&self, reader: &NodeReader, first: SignedCheckpoint, beat: Beat) {
        let beat = Duration::from_secs(beat.seconds.max(1));
        let mut anchored = first;
        let mut next_beat = Instant::now() + beat;
        while !self.stopping.load(Ordering::Relaxed) {
            std::thread::park_timeout(ANCHOR_WITHIN.min(next_beat.saturating_duration_since(Instant::now())));
            if reader.head().size > anchored.checkpoint().size {
                match reader.anchor() {
                    Ok(checkpoint) => anchored = checkpoint,
                    Err(fault) => {
                        tracing::error!(%fault, "the anchor cannot be written: no newer checkpoint is published");
                        return;
                    }
                }
            }
            if next_beat <= Instant::now() {
                next_beat = Instant::now() + beat;
                *self.newest.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(published(&anchored));
            }
        }
    }

    pub(super) fn newest(&self) -> Arc<PublishedCheckpoint> {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(thread) = &*self.thread.read().unwrap_or_else(PoisonError::into_inner) {
            thread.unpark();
        }
    }
}

fn published(checkpoint: &SignedCheckpoint) -> PublishedCheckpoint {
    PublishedCheckpoint { size: checkpoint.checkpoint().size, note: Some(checkpoint.note().to_string()) }
}
