//! The check of everything stored, in the background: damage below a snapshot is found before somebody needs it.

use super::NodeReader;
use crate::metrics::Metrics;
use crate::reason;
use crate::writer::Status;
use klaver_ledger::engine::{Difference, check_stored};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long the check rests for each moment that it works: it takes a fifth of a processor at most.
const RESTS: u32 = 4;
/// The longest rest, so that stopping is not held up.
const REST_MAX: Duration = Duration::from_millis(200);

/// The running check; dropping it ends it.
pub(super) struct Checking {
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checking {
    /// Reads all records once. A difference makes the node read-only.
    pub(super) fn start(
        reader: NodeReader,
        status: Arc<Status>,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let told = stopping.clone();
        let run = move || run(&reader, &status, &metrics, &told);
        let thread = Some(std::thread::Builder::new().name("check".to_owned()).spawn(run)?);
        Ok(Self { stopping, thread })
    }
}

impl Drop for Checking {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("the check of what is stored ended in a panic");
            }
        }
    }
}

fn run(reader: &NodeReader, status: &Status, metrics: &Metrics, stopping: &AtomicBool) {
    let mut since = Instant::now();
    let checked = check_stored(reader, |read| {
        metrics.checked.store(read, Ordering::Relaxed);
        std::thread::park_timeout((since.elapsed() * RESTS).min(REST_MAX));
        since = Instant::now();
        !stopping.load(Ordering::Relaxed)
    });
    match checked {
        Ok(None) => {}
        Ok(Some(size)) => {
            metrics.checked.store(size, Ordering::Relaxed);
            tracing::info!(size, "everything stored was read and is what the log committed to");
        }
        Err(difference @ Difference::Journal { .. }) => {
            metrics.differences.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%difference, "the ledger is read-only");
            status.stop(reason::of_difference(&difference));
        }
        Err(difference @ Difference::Views { .. }) => {
            tracing::warn!(%difference, "not everything was checked")
        }
    }
}
