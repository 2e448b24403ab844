//! Asks witnesses to cosign: one thread for each, so that a slow one delays nobody, and none delays a payment.
//!
//! Each thread asks about the newest published checkpoint, on the beat and once an hour when nothing changed. Whatever
//! is not a good cosignature counts as none. A witness that contradicts us is asked for what it has seen; only a
//! checkpoint with our own signature, that we cannot extend, makes the node read-only.

use super::contradiction::{self, Meaning};
use super::fetch::{Fetched, Fetcher};
use super::policy::Asked;
use crate::config::DataDir;
use crate::service::{Attached, Service};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::note::{NOTE_BYTES_MAX, Note, NoteSignature};
use klaver_ledger::log::witness::{AddCheckpoint, monitoring_path, parse_cosignatures, parse_tree_size};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

/// How long starting waits for what witnesses have seen, so that an old copy of the data is noticed before it is used.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// The threads that ask. Dropping it tells them to end; none is waited for.
pub struct Asking {
    stopping: Arc<AtomicBool>,
    service: Arc<Service>,
}

impl Asking {
    /// Asks every witness what it has seen, waits a moment for the answers, and goes on asking on the beat.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(service: &Arc<Service>, data: &DataDir) -> std::io::Result<Self> {
        contradiction::believe_kept(service, data);
        let stopping = Arc::new(AtomicBool::new(false));
        let (looked, answers) = mpsc::channel();
        // A node that records nothing has nothing to ask.
        let asked = service.witnesses().filter(|_| !service.is_halted());
        for (number, asked) in (0..).zip(asked.iter().flat_map(|all| all.asked()).cloned()) {
            let asker = Asker {
                service: service.clone(),
                data: data.clone(),
                asked,
                number,
                fetcher: Fetcher::default(),
                stopping: stopping.clone(),
                last: 0,
                cosigned: None,
            };
            let looked = looked.clone();
            std::thread::Builder::new().name("witness".to_owned()).spawn(move || asker.run(looked))?;
        }
        drop(looked);
        let until = Instant::now() + FIRST_LOOK;
        while answers.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
        Ok(Self { stopping, service: service.clone() })
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.service.wake_askers();
    }
}

/// One witness and what we know of it.
struct Asker {
    service: Arc<Service>,
    data: DataDir,
    asked: Asked,
    /// Its place among the witnesses.
    number: usize,
    fetcher: Fetcher,
    stopping: Arc<AtomicBool>,
    /// The size that it has cosigned last, as far as we know.
    last: u64,
    /// The text that it has cosigned last, and when.
    cosigned: Option<(String, Instant)>,
}

/// What asking a witness came to.
enum Came {
    /// A good line.
    Line(NoteSignature),
    /// Nothing that counts.
    Nothing(String),
    /// It has seen what we do not know.
    Alarm(String),
}

impl Asker {
    fn run(mut self, looked: Sender<()>) {
        self.look();
        drop(looked);
        if self.asked.submission.is_none() {
            return;
        }
        let heartbeat = Duration::from_secs(self.service.config().witness_heartbeat_seconds);
        let mut beat = 0;
        loop {
            // What was shown before a fault is still to be witnessed; two histories are not.
            if self.stopping.load(Ordering::Relaxed) || self.service.has_two_histories() {
                return;
            }
            let shown = self.service.published();
            let due = |shown: &str| {
                self.cosigned.as_ref().is_none_or(|(text, at)| text != shown || heartbeat <= at.elapsed())
            };
            if let Some(signed) = shown.signed.as_ref().filter(|signed| due(signed.note().text())) {
                self.ask(signed);
            }
            beat = self.service.wait_for_beat(beat);
        }
    }

    /// Asks the witness what it has seen of our log.
    fn look(&mut self) {
        let Some(monitoring) = &self.asked.monitoring else { return };
        let url = format!("{monitoring}/{}", monitoring_path(&self.service.log_origin()));
        let Ok(Fetched { status: 200, body }) = self.fetcher.get(&url, NOTE_BYTES_MAX as u64) else { return };
        let Ok(note) = Note::parse(&body) else { return };
        match contradiction::meaning(&self.service, &note) {
            Meaning::Contradicted(seen) => {
                contradiction::stop_for(&self.service, &self.data, &seen, &self.asked.name);
            }
            Meaning::Continued(seen) => self.last = seen.checkpoint().size,
            Meaning::NotOurs | Meaning::Unknown => {}
        }
    }

    fn ask(&mut self, shown: &SignedCheckpoint) {
        let metrics = self.service.metrics().clone();
        match self.request(shown) {
            Came::Line(line) => {
                let text = shown.note().text();
                let is_fresh = self.service.is_fresh(&line, &self.asked.key, text);
                let attached = self.service.add_cosignature(text, line, self.number);
                if !matches!(attached, Attached::Newly | Attached::Before) {
                    metrics.cosignatures_missed.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(
                        witness = self.asked.name,
                        ?attached,
                        "a cosignature that does not count"
                    );
                    return;
                }
                self.last = shown.checkpoint().size;
                if is_fresh {
                    self.service.confirm_restored(self.number, self.last);
                }
                // Whoever still waits for word of what was seen since the start asks again on the beat.
                if is_fresh || !self.service.is_waiting() {
                    self.cosigned = Some((text.to_owned(), Instant::now()));
                }
            }
            Came::Nothing(why) => {
                metrics.cosignatures_missed.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(witness = self.asked.name, why, "no cosignature");
            }
            Came::Alarm(why) => {
                metrics.witness_alarms.fetch_add(1, Ordering::Relaxed);
                tracing::error!(witness = self.asked.name, why, "a witness contradicts our log");
                self.look();
            }
        }
    }

    /// Sends the checkpoint; another size in the answer is tried once.
    fn request(&mut self, shown: &SignedCheckpoint) -> Came {
        let ours = shown.checkpoint().size;
        let mut old = self.last.min(ours);
        for is_last in [false, true] {
            let answer = match self.send(shown, old) {
                Ok(answer) => answer,
                Err(why) => return Came::Nothing(why),
            };
            match answer.status {
                200 => return self.read_line(shown, &answer.body),
                409 => match parse_tree_size(&answer.body) {
                    // The newest may have been cosigned by now for somebody who brought it there.
                    Some(size) if self.service.published().size < size => {
                        return Came::Alarm(format!("it has cosigned size {size}, ours is {ours}"));
                    }
                    Some(size) if !is_last && size <= ours && size != old => {
                        self.last = size;
                        old = size;
                    }
                    _ if old == ours => {
                        return Came::Alarm(format!("it has cosigned another root at size {old}"));
                    }
                    _ => return Came::Nothing("409 again".to_owned()),
                },
                422 => return Came::Alarm(format!("our {ours} records do not continue its {old}")),
                status => return Came::Nothing(format!("it answered {status}")),
            }
        }
        Came::Nothing("409 again".to_owned())
    }

    fn send(&self, shown: &SignedCheckpoint, old: u64) -> Result<Fetched, String> {
        let proof = self
            .service
            .reader()
            .consistency_proof(old, shown.checkpoint().size)
            .map_err(|error| error.to_string())?;
        let request = AddCheckpoint { old, proof, note: shown.note().clone() };
        let submission = self.asked.submission.as_deref().unwrap_or_default();
        self.fetcher.post(&format!("{submission}/add-checkpoint"), request.to_string().as_bytes(), 64 * 1024)
    }

    /// Takes the witness's own line out of an answer; nothing else in it counts.
    fn read_line(&self, shown: &SignedCheckpoint, body: &[u8]) -> Came {
        let Ok(lines) = parse_cosignatures(body) else {
            return Came::Nothing("200 without signature lines".to_owned());
        };
        for line in lines {
            match line.verify(&self.asked.key, shown.note().text()) {
                Ok(Some(_)) => return Came::Line(line),
                Ok(None) => {}
                Err(error) => return Came::Nothing(error.to_string()),
            }
        }
        Came::Nothing("200 without a line of this witness".to_owned())
    }
}
