//! P1: payments through the whole engine in this process, as a node sends them through: two threads decode and
//! verify, the writer's thread commits what waits as one group, and every receipt is made before it counts.

use crate::world::{Load, World};
use anyhow::{Result, anyhow, bail};
use klaver_ledger::engine::{Ledger, Outcome};
use klaver_ledger::entry::{SignedEntry, VerifiedEntry};
use klaver_ledger::id::LedgerId;
use klaver_ledger::limits::GROUP_RECORDS_MAX;
use klaver_ledger::store::Store;
use klaver_ledger::time::Timestamp;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// How many envelopes a thread takes at a time at full speed.
const CHUNK: usize = 128;
/// How many chunks may wait for the writer.
const CHUNKS_WAITING: usize = 16;

/// Verified entries with the moment at which the first of them was due.
type Parcel = (Instant, Vec<VerifiedEntry>);

/// Sends payments through the engine.
pub struct Pipeline<'w> {
    /// Whose keys are known.
    pub world: &'w World,
    /// The ledger's id.
    pub ledger_id: LedgerId,
}

/// What a run at a given pace found.
pub struct Paced {
    /// From the moment each payment was due to its receipt, ascending.
    pub latencies: Vec<Duration>,
    /// Payments per second that were really recorded.
    pub per_second: f64,
}

impl Pipeline<'_> {
    /// Records all of `load` as fast as it goes; `now` tells the time of the group that the n-th payment is in.
    ///
    /// # Errors
    /// When a payment is not recorded.
    pub fn run<S: Store>(
        &self,
        ledger: Ledger<S>,
        load: &Load,
        now: impl Fn(usize) -> Timestamp,
    ) -> Result<(Ledger<S>, Duration)> {
        let start = Instant::now();
        let due = |_: usize| start;
        let (ledger, done) = self.drive(ledger, load, CHUNK, due, now, |_, _| ())?;
        Ok((ledger, done - start))
    }

    /// Records all of `load`, `per_second` of it every second, one payment at a time.
    ///
    /// # Errors
    /// When a payment is not recorded.
    pub fn run_paced<S: Store>(
        &self,
        ledger: Ledger<S>,
        load: &Load,
        per_second: f64,
        now: impl Fn(usize) -> Timestamp,
    ) -> Result<(Ledger<S>, Paced)> {
        let start = Instant::now() + Duration::from_millis(2);
        let due = |place: usize| start + Duration::from_secs_f64(place as f64 / per_second);
        let mut latencies = Vec::with_capacity(load.envelopes.len());
        let mut told =
            |due: Instant, count: usize| latencies.extend(std::iter::repeat_n(due.elapsed(), count));
        let (ledger, done) = self.drive(ledger, load, 1, due, now, &mut told)?;
        latencies.sort_unstable();
        let per_second = load.envelopes.len() as f64 / (done - start).as_secs_f64();
        Ok((ledger, Paced { latencies, per_second }))
    }

    fn drive<S: Store>(
        &self,
        ledger: Ledger<S>,
        load: &Load,
        chunk: usize,
        due: impl Fn(usize) -> Instant + Sync,
        now: impl Fn(usize) -> Timestamp,
        mut told: impl FnMut(Instant, usize),
    ) -> Result<(Ledger<S>, Instant)> {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (sender, waiting) = sync_channel::<Result<Parcel>>(CHUNKS_WAITING * CHUNK / chunk);
            for _ in 0..2 {
                let (sender, next, due) = (sender.clone(), &next, &due);
                scope.spawn(move || {
                    loop {
                        let from = next.fetch_add(chunk, Ordering::Relaxed).min(load.envelopes.len());
                        let envelopes = &load.envelopes[from..(from + chunk).min(load.envelopes.len())];
                        if envelopes.is_empty() {
                            return;
                        }
                        let due = due(from);
                        std::thread::sleep(due.saturating_duration_since(Instant::now()));
                        if sender.send(self.verify(envelopes).map(|entries| (due, entries))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            // The writer's thread: its receiver is gone before the verifiers are waited for.
            commit_all(ledger, waiting, now, &mut told)
        })
    }

    fn verify(&self, envelopes: &[Vec<u8>]) -> Result<Vec<VerifiedEntry>> {
        let decode = |envelope: &Vec<u8>| Ok(SignedEntry::decode(envelope)?);
        let entries: Vec<SignedEntry> = envelopes.iter().map(decode).collect::<Result<_>>()?;
        let ready = |key: &[u8; 32]| self.world.ready.get(key).copied();
        let verified = SignedEntry::verify_all(entries, &self.ledger_id, ready);
        Ok(verified.into_iter().collect::<Result<_, _>>()?)
    }
}

fn commit_all<S: Store>(
    mut ledger: Ledger<S>,
    waiting: Receiver<Result<Parcel>>,
    now: impl Fn(usize) -> Timestamp,
    told: &mut impl FnMut(Instant, usize),
) -> Result<(Ledger<S>, Instant)> {
    let mut recorded = 0;
    let mut last = Instant::now();
    while let Ok(first) = waiting.recv() {
        let (due, mut batch) = first?;
        let mut parcels = vec![(due, batch.len())];
        while batch.len() < GROUP_RECORDS_MAX {
            let Ok(parcel) = waiting.try_recv() else { break };
            let (due, entries) = parcel?;
            parcels.push((due, entries.len()));
            batch.extend(entries);
        }
        let count = batch.len();
        let (again, outcomes) = ledger
            .commit(batch, now(recorded + count - 1))
            .map_err(|fault| anyhow!("not recorded: {fault}"))?;
        ledger = again;
        if let Some(other) = outcomes.iter().find(|outcome| !matches!(outcome, Outcome::Recorded(_))) {
            bail!("a payment was not recorded: {other:?}");
        }
        recorded += outcomes.len();
        parcels.into_iter().for_each(|(due, count)| told(due, count));
        last = Instant::now();
    }
    Ok((ledger, last))
}
