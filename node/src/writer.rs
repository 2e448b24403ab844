//! The one writer thread: takes what waits, commits it as a group, answers.
//!
//! The ledger belongs to this thread alone. Whoever sends an entry holds a place in a bounded queue; a full queue
//! is an answer. After a fault nobody knows what reached the disk, so the writer stops and says why.

use crate::clock::{Clock, ClockFault};
use crate::metrics::Metrics;
use crate::reason;
use klaver_api::Reason;
use klaver_ledger::engine::{Ledger, Outcome};
use klaver_ledger::entry::VerifiedEntry;
use klaver_ledger::limits::GROUP_RECORDS_MAX;
use klaver_ledger::store::Store;
use klaver_ledger::time::Timestamp;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How many entries may wait. At 10,000 a second a full queue is less than half a second old.
pub const QUEUE_ENTRIES_MAX: usize = 4_096;

/// How long a group may wait for company under load.
const COMPANY: Duration = Duration::from_micros(200);

/// How often the clock is looked at while nothing comes.
const LOOK: Duration = Duration::from_secs(1);

/// Why an entry got no answer from the rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrecorded {
    /// The queue is full.
    #[error(
        "the node is busy: {QUEUE_ENTRIES_MAX} entries are waiting; send the same entry again in a second"
    )]
    Busy,
    /// Nothing is recorded now.
    #[error("nothing can be recorded now: {why}")]
    ReadOnly {
        /// Why.
        why: Reason,
        /// Whether it stays so until the node is started again.
        is_lasting: bool,
    },
    /// The store failed while the entry was being recorded.
    #[error(
        "nobody knows yet whether the entry was recorded: {why}; send the same entry again after the node was started \
         again, it is recorded at most once"
    )]
    Unknown {
        /// What failed.
        why: Reason,
    },
}

/// What is told after each durable group, before its entries are answered.
pub type Notice = Box<dyn FnMut(&[u64]) + Send>;

/// Where the answer to an entry goes.
type Answer = oneshot::Sender<Result<Outcome, Unrecorded>>;

/// An entry on its way, with where its answer goes.
struct Job {
    entry: VerifiedEntry,
    answer: Answer,
}

/// A handle for sending entries to the writer.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Option<Job>>,
    status: Arc<Status>,
    metrics: Arc<Metrics>,
}

/// Why nothing is recorded, if so.
#[derive(Default)]
pub struct Status {
    /// What may pass by itself: a clock that is not believed.
    passing: RwLock<Option<Reason>>,
    /// What others still have to confirm: a directory that came from a backup waits for witnesses.
    waiting: RwLock<Option<Reason>>,
    /// What only a new start can mend.
    lasting: OnceLock<Reason>,
}

impl Status {
    /// Returns why nothing is recorded now; `None` when all is well.
    pub fn read_only(&self) -> Option<Reason> {
        let passing = || self.passing.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.lasting().cloned().or_else(|| self.waiting()).or_else(passing)
    }

    /// Returns what is waited for before anything is recorded; `None` when nothing is.
    pub fn waiting(&self) -> Option<Reason> {
        self.waiting.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets nothing be recorded until the wait is over, because of `why`; `None` ends it.
    pub fn wait(&self, why: Option<Reason>) {
        *self.waiting.write().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Returns why nothing is recorded until the node is started again; `None` when that is not so.
    pub fn lasting(&self) -> Option<&Reason> {
        self.lasting.get()
    }

    /// Sees to it that nothing more is recorded until the node is started again. The first reason stays; returns whether
    /// this is it.
    pub fn stop(&self, why: Reason) -> bool {
        self.lasting.set(why).is_ok()
    }

    /// Notes whether the clock is believed, and logs it when that changed.
    fn note_clock(&self, fault: Option<&ClockFault>) {
        let why = fault.map(reason::of_clock);
        let before = std::mem::replace(
            &mut *self.passing.write().unwrap_or_else(PoisonError::into_inner),
            why.clone(),
        );
        match why {
            Some(why) if before.is_none() => tracing::error!(%why, "nothing is recorded"),
            None if before.is_some() => tracing::info!("the clock is believed again"),
            _ => {}
        }
    }

    fn read_only_answer(&self) -> Option<Unrecorded> {
        let why = self.read_only()?;
        Some(Unrecorded::ReadOnly { why, is_lasting: self.lasting().is_some() })
    }
}

impl Writer {
    /// Starts the writer thread of `ledger`. `notice` hears the indexes of what was recorded.
    pub fn start<S: Store + 'static>(
        ledger: Ledger<S>,
        mut clock: Box<dyn Clock>,
        metrics: Arc<Metrics>,
        notice: Notice,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, waiting) = sync_channel(QUEUE_ENTRIES_MAX);
        let status = Arc::new(Status::default());
        // Whoever asks before the first entry comes shall know.
        status.note_clock(clock.fault().as_ref());
        let thread = Thread {
            ledger: Some(ledger),
            waiting,
            clock,
            status: status.clone(),
            metrics: metrics.clone(),
            notice,
            last_group: 0,
        };
        let handle = std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
            let fallen = Fallen(thread.status.clone());
            thread.run();
            drop(fallen);
        })?;
        Ok((Self { queue, status, metrics }, handle))
    }

    /// Returns a writer that records nothing, and says `why`.
    pub fn refusing(why: Reason, metrics: Arc<Metrics>) -> Self {
        let (queue, _) = sync_channel(1);
        let status = Arc::new(Status::default());
        status.stop(why);
        Self { queue, status, metrics }
    }

    /// Gives an entry a place in the queue; the answer comes when its group is durable.
    ///
    /// # Errors
    /// `Busy` when the queue is full, `ReadOnly` when nothing is recorded.
    pub fn send(
        &self,
        entry: VerifiedEntry,
    ) -> Result<oneshot::Receiver<Result<Outcome, Unrecorded>>, Unrecorded> {
        if self.status.lasting().is_some() {
            return Err(self.stopped());
        }
        let (answer, receiver) = oneshot::channel();
        // Counted before it waits: the writer may take it at once.
        self.metrics.queued.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(Some(Job { entry, answer })).map_err(|refused| {
            self.metrics.queued.fetch_sub(1, Ordering::Relaxed);
            match refused {
                TrySendError::Full(_) => {
                    self.metrics.turned_away_busy.fetch_add(1, Ordering::Relaxed);
                    Unrecorded::Busy
                }
                TrySendError::Disconnected(_) => self.stopped(),
            }
        })?;
        Ok(receiver)
    }

    /// Returns why nothing is recorded, if so.
    pub fn status(&self) -> &Arc<Status> {
        &self.status
    }

    /// Asks the writer to finish what waits and to close the ledger.
    pub fn close(&self) {
        // A full queue is being worked on; the writer also ends when every handle is gone.
        let _ = self.queue.send(None);
    }

    /// Returns the answer to whoever comes after the end.
    pub fn stopped(&self) -> Unrecorded {
        self.status
            .read_only_answer()
            .unwrap_or_else(|| Unrecorded::ReadOnly { why: reason::stopping(), is_lasting: false })
    }
}

/// Says that nothing is recorded any more when the thread that holds it ends in a panic.
struct Fallen(Arc<Status>);

impl Drop for Fallen {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop(fallen());
        }
    }
}

fn fallen() -> Reason {
    reason::of_program(
        "a fault in the program ended the writer, the log of the node names it; everything acknowledged is durable: \
         start the node again, and report the fault",
    )
}

struct Thread<S: Store> {
    ledger: Option<Ledger<S>>,
    waiting: Receiver<Option<Job>>,
    clock: Box<dyn Clock>,
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    notice: Notice,
    last_group: usize,
}

impl<S: Store> Thread<S> {
    fn run(mut self) {
        let mut open = true;
        while open {
            let mut jobs = Vec::new();
            match self.waiting.recv_timeout(LOOK) {
                Ok(Some(job)) => jobs.push(job),
                Ok(None) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.status.note_clock(self.clock.fault().as_ref());
                    continue;
                }
            }
            open = self.gather(&mut jobs);
            self.metrics.queued.fetch_sub(jobs.len() as u64, Ordering::Relaxed);
            self.last_group = jobs.len();
            if !self.commit(jobs) {
                return;
            }
        }
        if let Some(ledger) = self.ledger.take()
            && let Err(fault) = ledger.close()
        {
            tracing::warn!(%fault, "the ledger was not closed cleanly; everything acknowledged is durable");
        }
    }

    /// Takes what waits. After a group of several, company is likely: the next one waits a moment for it.
    ///
    /// The moment is slept through, so that an entry that comes meanwhile does not have to wake this thread.
    fn gather(&self, jobs: &mut Vec<Job>) -> bool {
        let mut waited = self.last_group < 2;
        while jobs.len() < GROUP_RECORDS_MAX {
            match self.waiting.try_recv() {
                Ok(Some(job)) => jobs.push(job),
                Ok(None) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) if waited => break,
                Err(TryRecvError::Empty) => {
                    waited = true;
                    std::thread::sleep(COMPANY);
                }
            }
        }
        true
    }

    /// Commits the jobs as a group and answers them; returns whether the writer can go on.
    fn commit(&mut self, jobs: Vec<Job>) -> bool {
        let now = match self.now() {
            Ok(now) => now,
            Err(refused) => {
                refuse(jobs, &refused);
                return true;
            }
        };
        let (entries, answers): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.entry, job.answer)).unzip();
        let started = Instant::now();
        let outcomes = match self.record(entries, now) {
            Ok(outcomes) => outcomes,
            Err(why) => {
                self.stop(why, answers);
                return false;
            }
        };
        self.metrics.group(&outcomes, started.elapsed());
        let told = self.notify(&outcomes);
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever went away asks again with the same bytes.
            let _ = answer.send(Ok(outcome));
        }
        if !told {
            self.status.stop(fallen());
        }
        told
    }

    /// Returns the time of the next group, or why nothing is recorded now.
    fn now(&mut self) -> Result<Timestamp, Unrecorded> {
        let now = self.clock.now();
        self.status.note_clock(now.as_ref().err());
        match self.status.read_only_answer() {
            Some(refused) => Err(refused),
            None => Ok(now.expect("a clock that is not believed was noted above")),
        }
    }

    /// Makes a group durable; after a fault the ledger is gone.
    fn record(&mut self, entries: Vec<VerifiedEntry>, now: Timestamp) -> Result<Vec<Outcome>, Reason> {
        let ledger = self.ledger.take().expect("the ledger is given back after each group");
        // Whatever a panic leaves of the ledger is never looked at again.
        let committed =
            catch_unwind(AssertUnwindSafe(|| ledger.commit(entries, now))).map_err(|_| fallen())?;
        let (ledger, outcomes) = committed.map_err(|fault| reason::of_commit(&fault))?;
        self.ledger = Some(ledger);
        Ok(outcomes)
    }

    /// Tells the indexes of what is durable, before anybody is answered; returns whether that went well.
    fn notify(&mut self, outcomes: &[Outcome]) -> bool {
        let index = |outcome: &Outcome| match outcome {
            Outcome::Recorded(receipt) => Some(receipt.index),
            _ => None,
        };
        let recorded: Vec<u64> = outcomes.iter().filter_map(index).collect();
        let notice = &mut self.notice;
        // The group is durable: whatever goes wrong with what is told of it, its entries are answered so.
        recorded.is_empty() || catch_unwind(AssertUnwindSafe(|| notice(&recorded))).is_ok()
    }

    /// Records nothing more, and tells whoever waits why.
    fn stop(&self, why: Reason, answers: Vec<Answer>) {
        tracing::error!(%why, "the ledger is read-only until the node is started again");
        self.status.stop(why.clone());
        for answer in answers {
            let _ = answer.send(Err(Unrecorded::Unknown { why: why.clone() }));
        }
        // The queue closes with this thread; what still waits there was never looked at.
        let waiting: Vec<Job> = self.waiting.try_iter().flatten().collect();
        refuse(waiting, &Unrecorded::ReadOnly { why, is_lasting: true });
    }
}

/// Tells jobs that were never looked at why nothing is recorded.
fn refuse(jobs: Vec<Job>, why: &Unrecorded) {
    for job in jobs {
        // Whoever went away asks again with the same bytes.
        let _ = job.answer.send(Err(why.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::Town;
    use klaver_ledger::entry::{Body, Entry, Open, SignedEntry};
    use klaver_ledger::id::Nonce;
    use klaver_ledger::store::memory::MemoryStore;
    use klaver_ledger::time::{Day, Deadline, Seconds, Timestamp};

    struct Stopped(Timestamp);

    impl Clock for Stopped {
        fn now(&mut self) -> Result<Timestamp, ClockFault> {
            Ok(self.0)
        }
    }

    #[test]
    fn what_is_durable_is_answered_so_when_telling_of_it_fails() {
        let town = Town::plan(7, Day(20_779)).unwrap();
        let ledger = town.found(MemoryStore::new()).unwrap();
        let reader = ledger.reader();
        let (now, id) = {
            let standing = reader.standing();
            (standing.last_recorded_at(), standing.community().unwrap().ledger)
        };
        let entry = |nonce| {
            let states = vec![town.cast.citizen().member_state(0)];
            let expires_at = Deadline::after(now, Seconds(300));
            let entry = Entry {
                nonce: Nonce([nonce; 16]),
                expires_at,
                memo: None,
                body: Body::Open(Open { states }),
            };
            SignedEntry::sign(entry, &id, &town.cast.two_of_council()).verify_any_key(&id).unwrap()
        };
        let notice: Notice = Box::new(|_| panic!("a fault of whoever is told"));
        let (writer, thread) = Writer::start(ledger, Box::new(Stopped(now)), Arc::default(), notice).unwrap();
        let answer = writer.send(entry(1)).unwrap().blocking_recv().unwrap();
        assert!(matches!(answer, Ok(Outcome::Recorded(_))), "{answer:?}");
        thread.join().unwrap();
        assert_eq!(writer.status().lasting().unwrap().code, "program");
        assert!(matches!(writer.send(entry(2)), Err(Unrecorded::ReadOnly { is_lasting: true, .. })));
    }
}
