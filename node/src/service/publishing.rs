//! The checkpoint that everybody sees: on a fixed beat, never before the anchor holds it, with cosignatures as they come.
//!
//! Receipts carry the newest checkpoint at once. The public log follows on a beat, so that nobody can tell from it
//! who was where at which minute.

use super::NodeReader;
use crate::clock::wall_clock;
use crate::reason;
use crate::witness::policy::Witnesses;
use crate::writer::Status;
use klaver_keystore::private_file;
use klaver_ledger::engine;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::cosignature::COSIGNATURE_LEAD_SECONDS_MAX;
use klaver_ledger::log::key::{Statement, VerifierKey};
use klaver_ledger::log::note::{Note, NoteSignature};
use klaver_ledger::store;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The longest time a commit may wait for its anchor.
const ANCHOR_WITHIN: Duration = Duration::from_secs(1);
/// How many checkpoints still take cosignatures: a witness may need some beats.
const RECENT_MAX: usize = 16;

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
    /// The checkpoint with our signature and those of witnesses so far; `None` when nobody knows what was shown before:
    /// then none is shown.
    pub signed: Option<SignedCheckpoint>,
}

pub(super) struct Publisher {
    shown: RwLock<Shown>,
    witnesses: Option<Arc<Witnesses>>,
    /// Held while the newest checkpoint is written to its file: a later one never comes before an earlier one.
    keeping: Mutex<()>,
    beat: Duration,
    beats: Mutex<u64>,
    next_beat: Condvar,
    stopping: AtomicBool,
    thread: RwLock<Option<std::thread::Thread>>,
}

/// What came of a witness's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attached {
    /// It is shown from now on.
    Newly,
    /// It says nothing newer than the line that is shown.
    Before,
    /// Its time lies further ahead than a policy believes.
    AheadOfTime,
    /// It is not a line by this witness about this checkpoint.
    NotTheirs,
    /// The checkpoint is not among the newest.
    NotRecent,
}

/// What is shown, and what still takes cosignatures.
struct Shown {
    /// Never empty, the newest first.
    recent: VecDeque<Arc<PublishedCheckpoint>>,
    /// The newest with a quorum.
    witnessed: Option<Arc<PublishedCheckpoint>>,
}

impl Publisher {
    /// Anchors and publishes the newest checkpoint, and goes on doing so.
    pub(super) fn start(
        reader: NodeReader,
        beat: Beat,
        witnesses: Option<Arc<Witnesses>>,
        status: Arc<Status>,
    ) -> std::io::Result<(Arc<Self>, JoinHandle<()>)> {
        let first = reader.anchor().map_err(std::io::Error::other)?;
        let recent = VecDeque::from([Arc::new(published(&first))]);
        let publisher = Arc::new(Self {
            shown: RwLock::new(Shown { recent, witnessed: None }),
            witnesses,
            keeping: Mutex::default(),
            beat: Duration::from_secs(beat.seconds.max(1)),
            beats: Mutex::new(0),
            next_beat: Condvar::new(),
            stopping: AtomicBool::new(false),
            thread: RwLock::new(None),
        });
        let shared = publisher.clone();
        let run = move || shared.run(|| reader.head().size, || reader.anchor(), &status, first);
        let handle = std::thread::Builder::new().name("beat".to_owned()).spawn(run)?;
        *publisher.thread.write().unwrap_or_else(PoisonError::into_inner) = Some(handle.thread().clone());
        Ok((publisher, handle))
    }

    /// Publishes one checkpoint and no other.
    pub(super) fn fixed(checkpoint: Option<&SignedCheckpoint>) -> Arc<Self> {
        let nothing = PublishedCheckpoint { size: 0, signed: None };
        let recent = VecDeque::from([Arc::new(checkpoint.map_or(nothing, published))]);
        Arc::new(Self {
            shown: RwLock::new(Shown { recent, witnessed: None }),
            witnesses: None,
            keeping: Mutex::default(),
            beat: Duration::from_secs(1),
            beats: Mutex::new(0),
            next_beat: Condvar::new(),
            stopping: AtomicBool::new(true),
            thread: RwLock::new(None),
        })
    }

    /// Anchors what was recorded and shows it, until it is told to stop or the anchor cannot be written.
    fn run(
        &self,
        size: impl Fn() -> u64,
        anchor: impl Fn() -> Result<SignedCheckpoint, store::Fault>,
        status: &Status,
        first: SignedCheckpoint,
    ) {
        let mut anchored = first;
        let mut next_beat = Instant::now() + self.beat;
        while !self.stopping.load(Ordering::Relaxed) {
            std::thread::park_timeout(ANCHOR_WITHIN.min(next_beat.saturating_duration_since(Instant::now())));
            if size() > anchored.checkpoint().size {
                match anchor() {
                    Ok(checkpoint) => anchored = checkpoint,
                    Err(fault) => {
                        // A journal that is cut back later could not be told from this one: nothing more is acknowledged.
                        tracing::error!(%fault, "the anchor cannot be written: nothing more is recorded or published");
                        status.stop(reason::of_commit(&engine::Fault::Store(fault)));
                        return;
                    }
                }
            }
            if next_beat <= Instant::now() {
                next_beat = Instant::now() + self.beat;
                self.show(&anchored);
                self.wake();
            }
        }
    }

    fn show(&self, anchored: &SignedCheckpoint) {
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        // What is shown already keeps its cosignatures.
        if shown.recent.front().is_none_or(|newest| newest.text() != Some(anchored.note().text())) {
            shown.recent.push_front(Arc::new(published(anchored)));
            shown.recent.truncate(RECENT_MAX);
        }
    }

    pub(super) fn newest(&self) -> Arc<PublishedCheckpoint> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        shown.recent.front().expect("the first checkpoint is shown from the start").clone()
    }

    /// Returns the checkpoints that still take cosignatures, the newest first.
    pub(super) fn recent(&self) -> Vec<Arc<PublishedCheckpoint>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        shown.recent.iter().cloned().collect()
    }

    /// Returns the newest checkpoint that a quorum has cosigned.
    pub(super) fn witnessed(&self) -> Option<Arc<PublishedCheckpoint>> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).witnessed.clone()
    }

    /// Attaches a witness's line to the recent checkpoint with this text.
    pub(super) fn add_cosignature(&self, text: &str, line: NoteSignature, key: &VerifierKey) -> Attached {
        let now = wall_clock().seconds();
        match line.verify(key, text) {
            Ok(Some(Statement::Seen { at })) if at <= now.saturating_add(COSIGNATURE_LEAD_SECONDS_MAX) => {}
            Ok(Some(_)) => return Attached::AheadOfTime,
            Ok(None) | Err(_) => return Attached::NotTheirs,
        }
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = shown.recent.iter_mut().find(|known| known.text() == Some(text)) else {
            return Attached::NotRecent;
        };
        let mut cosigned = (**known).clone();
        let Some(signed) = &mut cosigned.signed else { return Attached::NotRecent };
        match signed.add_cosignature(line, key) {
            Ok(true) => {}
            Ok(false) => return Attached::Before,
            Err(error) => {
                tracing::warn!(%error, "a cosignature could not be attached");
                return Attached::NotTheirs;
            }
        }
        let policy = self.witnesses.as_ref().map(|witnesses| witnesses.policy());
        let judged = policy.and_then(|policy| policy.judge(signed.note(), now).ok());
        *known = Arc::new(cosigned);
        let known = known.clone();
        if judged.is_some_and(|verdict| verdict.quorum_reached)
            && shown.witnessed.as_ref().is_none_or(|witnessed| witnessed.size <= known.size)
        {
            shown.witnessed = Some(known);
        }
        Attached::Newly
    }

    /// Writes the newest checkpoint that has a witness's line to `path`: an export of a stopped node shows it too.
    pub(super) fn keep_cosigned(&self, path: &Path) {
        let _keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let is_cosigned = |note: &&Note| note.signatures().len() > 1;
        let recent = self.recent();
        let notes = recent.iter().filter_map(|shown| shown.signed.as_ref().map(SignedCheckpoint::note));
        let Some(note) = notes.into_iter().find(is_cosigned) else { return };
        if let Err(error) = private_file::replace(path, note.to_string().as_bytes()) {
            tracing::warn!(%error, "cosignatures could not be kept: an export will lack them");
        }
    }

    /// Waits for a beat after number `seen`, at most a beat's time; returns the number of the newest.
    pub(super) fn wait_for_beat(&self, seen: u64) -> u64 {
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.next_beat.wait_timeout_while(beats, self.beat, |beats| *beats == seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Lets whoever waits for a beat go on.
    pub(super) fn wake(&self) {
        *self.beats.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.next_beat.notify_all();
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(thread) = &*self.thread.read().unwrap_or_else(PoisonError::into_inner) {
            thread.unpark();
        }
    }
}

fn published(checkpoint: &SignedCheckpoint) -> PublishedCheckpoint {
    PublishedCheckpoint { size: checkpoint.checkpoint().size, signed: Some(checkpoint.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::keys::{PublicKey, SigningKey};
    use klaver_ledger::log::checkpoint::Checkpoint;
    use klaver_ledger::log::hash::Hash;
    use klaver_ledger::log::key::{KeyKind, KeyName};

    #[test]
    fn nothing_more_is_recorded_when_the_anchor_cannot_be_written() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let name = KeyName::new("town.example/log").unwrap();
        let log = VerifierKey::new(name.clone(), KeyKind::Note, PublicKey::of(&key).as_bytes()).unwrap();
        let first = Checkpoint { origin: name, size: 1, root: Hash([1; 32]) };
        let first = first.sign(&log, |bytes| klaver_ledger::keys::sign(&key, bytes).0).unwrap();
        let publisher = Publisher::fixed(Some(&first));
        publisher.stopping.store(false, Ordering::Relaxed);
        let status = Status::default();
        publisher.run(|| 2, || Err(store::Fault::Told), &status, first);
        assert_eq!(
            status.lasting().map(|why| why.code.as_str()),
            Some("program"),
            "the answer is no, whoever asks"
        );
        assert_eq!(publisher.newest().size, 1);
    }
}
