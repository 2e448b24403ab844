//! What witnesses have to do with the node: whom it asks, what they have cosigned, and when it must stop.

use super::publishing::Attached;
use super::{NodeReader, PublishedCheckpoint, Refused, Service, StartError};
use crate::clock::wall_clock;
use crate::config::{Config, DataDir};
use crate::reason;
use crate::witness::contradiction::{self, Meaning};
use crate::witness::policy::Witnesses;
use klaver_api::Reason;
use klaver_ledger::engine::Holder;
use klaver_ledger::keys::PublicKey;
use klaver_ledger::log::key::{KeyKind, KeyName, Statement, VerifierKey};
use klaver_ledger::log::note::{Note, NoteSignature};
use klaver_ledger::receipt::Receipt;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// What became of cosignatures that somebody brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brought {
    /// So many lines count.
    Counted(usize),
    /// No line of a witness of this log, or none that holds.
    NoWitness,
    /// The witness's clock is ahead of ours by more than a policy believes.
    AheadOfTime,
    /// The checkpoint is not among the newest.
    NotRecent,
    /// The node's own log has signed what it cannot extend.
    Contradiction,
}

impl Service {
    /// Returns whom the log asks to cosign; `None` when nobody.
    pub fn witnesses(&self) -> Option<&Witnesses> {
        self.witnesses.as_deref()
    }

    /// Returns the first line of our checkpoints.
    pub fn log_origin(&self) -> String {
        let standing = self.reader.standing();
        standing.charter_in_force(wall_clock()).map(|(charter, _)| charter.origin.clone()).unwrap_or_default()
    }

    /// Records nothing more until the node is started again, because of `why`; returns whether that is news.
    pub fn turn_read_only(&self, why: Reason) -> bool {
        self.writer.status().stop(why)
    }

    /// Returns whether nothing is recorded until the node is started again.
    pub fn is_halted(&self) -> bool {
        self.writer.status().lasting().is_some()
    }

    /// Returns whether nothing is recorded because our own log has signed what ours does not continue.
    pub fn has_two_histories(&self) -> bool {
        self.writer.status().lasting().is_some_and(|why| why.code == contradiction::TWO_HISTORIES)
    }

    /// Returns whether nothing is recorded until witnesses have confirmed what was restored.
    pub fn is_waiting(&self) -> bool {
        self.writer.status().waiting().is_some()
    }

    /// Attaches the line of witness `number` to the published checkpoint with this text.
    pub fn add_cosignature(&self, text: &str, line: NoteSignature, number: usize) -> Attached {
        let Some(asked) = self.witnesses().and_then(|all| all.asked().get(number)) else {
            return Attached::NotTheirs;
        };
        let attached = self.published.add_cosignature(text, line, &asked.key);
        if attached == Attached::Newly {
            self.metrics.cosignatures.fetch_add(1, Ordering::Relaxed);
            if let Some(data) = self.data.get() {
                self.published.keep_cosigned(&data.cosigned());
            }
        }
        if let Some(witnessed) = self.published.witnessed() {
            self.metrics.witnessed_records.store(witnessed.size, Ordering::Relaxed);
        }
        attached
    }

    /// Records nothing when `data` came from a backup, until a quorum of witnesses has cosigned the newest checkpoint.
    pub(super) fn wait_if_restored(&self, data: &DataDir) {
        if data.restored().exists() {
            let size = self.reader.head().size;
            let why = reason::restored(size);
            tracing::warn!(%why, "restored");
            self.writer.status().wait(Some(why));
        }
    }

    /// Notes that witness `number` has cosigned the checkpoint of `size` records [afresh](Self::is_fresh); with a quorum of
    /// them a restored directory goes on recording.
    pub fn confirm_restored(&self, number: usize, size: u64) {
        let status = self.writer.status();
        if status.waiting().is_none() || size != self.reader.head().size {
            return;
        }
        let mut confirmed = self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        confirmed.insert(number);
        let policy = self.witnesses().map(Witnesses::policy);
        if !policy.is_some_and(|policy| policy.suffices(confirmed.iter().copied())) {
            return;
        }
        // The mark goes first: a node that stops between the two waits once more, which costs nothing.
        match self.data.get().map(|data| std::fs::remove_file(data.restored())) {
            Some(Ok(())) | None => {
                tracing::info!(size, "a quorum of witnesses has seen nothing later: recording goes on");
                status.wait(None);
            }
            Some(Err(error)) => tracing::error!(%error, "the mark of a restored directory cannot be removed"),
        }
    }

    /// Waits for a beat after number `seen`, at most a beat's time; returns the number of the newest.
    pub fn wait_for_beat(&self, seen: u64) -> u64 {
        self.published.wait_for_beat(seen)
    }

    /// Lets whoever waits for a beat go on at once.
    pub fn wake_askers(&self) {
        self.published.wake();
    }

    /// Takes cosignatures that a witness brought: a note with one of our newest checkpoints and its lines.
    pub fn take_cosignatures(&self, note: &Note) -> Brought {
        let Some(witnesses) = self.witnesses() else { return Brought::NoWitness };
        if let Meaning::Contradicted(seen) = contradiction::meaning(self, note) {
            self.metrics.witness_alarms.fetch_add(1, Ordering::Relaxed);
            contradiction::stop_for(self, witnesses.data(), &seen, "a witness that pulls");
            return Brought::Contradiction;
        }
        let attach = |line: &NoteSignature, number: usize, key: &VerifierKey| {
            let attached = self.add_cosignature(note.text(), line.clone(), number);
            if attached == Attached::Newly && self.is_fresh(line, key, note.text()) {
                self.confirm_restored(number, self.reader.head().size);
            }
            attached
        };
        let asked = || witnesses.asked().iter().enumerate();
        let came: Vec<Attached> = note
            .signatures()
            .iter()
            .flat_map(|line| {
                asked().map(|(number, asked)| attach(line, number, &asked.key)).collect::<Vec<_>>()
            })
            .collect();
        let counted = came.iter().filter(|came| matches!(came, Attached::Newly | Attached::Before)).count();
        if counted > 0 {
            Brought::Counted(counted)
        } else if came.contains(&Attached::AheadOfTime) {
            Brought::AheadOfTime
        } else if came.contains(&Attached::NotRecent) {
            Brought::NotRecent
        } else {
            Brought::NoWitness
        }
    }

    /// Returns whether a witness's line was made since this node started, for the newest checkpoint: an older one, brought or
    /// answered, says nothing about what the witness has seen since.
    pub fn is_fresh(&self, line: &NoteSignature, key: &VerifierKey, text: &str) -> bool {
        let since = self.started_at.seconds();
        self.published().text() == Some(text)
            && matches!(line.verify(key, text), Ok(Some(Statement::Seen { at })) if since <= at)
    }

    /// Returns the receipt of record `index`: under the newest checkpoint with a quorum that reaches it, if there is one.
    pub(super) fn receipt_as_witnessed(&self, index: u64, holder: Holder) -> Result<Receipt, Refused> {
        Ok(match self.published.witnessed().as_deref() {
            Some(PublishedCheckpoint { size, signed: Some(signed) }) if index < *size => {
                self.reader.receipt_at(index, holder, signed)?
            }
            _ => self.reader.receipt(index, holder)?,
        })
    }
}

impl PublishedCheckpoint {
    /// Returns the text that the log and its witnesses sign; `None` when none is shown.
    pub fn text(&self) -> Option<&str> {
        self.signed.as_ref().map(|signed| signed.note().text())
    }

    /// Returns the note as everybody sees it.
    pub fn note(&self) -> Option<String> {
        self.signed.as_ref().map(ToString::to_string)
    }
}

/// Reads the trust policy of a node whose log key is `log`, and says so when the charter names another.
pub(super) fn read(
    data: &DataDir,
    config: &Config,
    reader: &NodeReader,
    log: &PublicKey,
) -> Result<Option<Witnesses>, StartError> {
    let standing = reader.standing();
    let Some((charter, _)) = standing.charter_in_force(wall_clock()) else { return Ok(None) };
    let key = VerifierKey::new(KeyName::new(charter.origin.clone())?, KeyKind::Note, log.as_bytes())?;
    let witnesses = Witnesses::read(data, config, &key, &charter.witness_policy)?;
    if let Some(witnesses) = &witnesses
        && witnesses.digest() != charter.witness_policy
    {
        tracing::warn!(
            hash = %witnesses.digest().to_hex(),
            "the charter in force names another witness policy: wallets count no witness until the council decides on this one"
        );
    }
    Ok(witnesses)
}
