//! A witness at work: it judges a checkpoint, remembers it durably, and only then gives its signature away.

use super::directory::{Remembered, TAKEN_OVER_AT, WitnessDir, WitnessDirError, open_with};
use klaver_keystore::private_file::PrivateFileError;
use klaver_ledger::keys::sign;
use klaver_ledger::log::checkpoint::{CheckpointError, SignedCheckpoint};
use klaver_ledger::log::cosignature::cosign;
use klaver_ledger::log::key::{KeyName, Statement, VerifierKey};
use klaver_ledger::log::note::{Note, NoteError, NoteSignature};
use klaver_ledger::log::proof::TreeHead;
use klaver_ledger::log::witness::{AddCheckpoint, WitnessRefusal, claimed, judge, monitoring_path};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A witness and all it remembers. Many threads may ask it at once; for each log one at a time is judged.
pub struct Keeper {
    directory: WitnessDir,
    logs: BTreeMap<KeyName, Watched>,
}

/// A log and what the witness has cosigned of it.
struct Watched {
    /// Those that may sign for it: none when all were taken away.
    keys: Vec<VerifierKey>,
    memory: Mutex<Memory>,
}

enum Memory {
    Known(Remembered),
    /// A write failed: nobody knows what the disk holds, so nothing is signed until the witness is started again.
    Unsure(String),
}

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub enum NotCosigned {
    /// The specification forbids it.
    #[error(transparent)]
    Refused(#[from] WitnessRefusal),
    /// The witness itself has failed.
    #[error("this witness cannot sign now: {why}")]
    Failed {
        /// Why.
        why: String,
    },
}

impl NotCosigned {
    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => refusal.status(),
            Self::Failed { .. } => 500,
        }
    }
}

impl Keeper {
    /// Reads what the witness in `directory` remembers.
    ///
    /// # Errors
    /// When the memory of a log is lost or damaged.
    pub fn open(directory: WitnessDir) -> Result<Self, WitnessDirError> {
        let mut known: BTreeMap<KeyName, Vec<VerifierKey>> = BTreeMap::new();
        for key in directory.log_keys()? {
            known.entry(key.name().clone()).or_default().push(key);
        }
        let trusted: Vec<VerifierKey> = directory.trusted()?.into_iter().map(|(_, key)| key).collect();
        let mut logs = BTreeMap::new();
        for (origin, known) in known {
            let memory = Mutex::new(Memory::Known(directory.remembered(&origin, &known)?));
            let keys = trusted.iter().filter(|key| *key.name() == origin).cloned().collect();
            logs.insert(origin, Watched { keys, memory });
        }
        Ok(Self { directory, logs })
    }

    /// Returns the witness's directory.
    pub fn directory(&self) -> &WitnessDir {
        &self.directory
    }

    /// Judges a request at the time `now`, in seconds since 1970 UTC; the cosignature is durable when it is returned.
    ///
    /// # Errors
    /// Why there is none. The memory is then unchanged, unless the disk failed.
    pub fn add_checkpoint(&self, request: &AddCheckpoint, now: u64) -> Result<NoteSignature, NotCosigned> {
        let origin = claimed(&request.note)?.origin;
        let Some(watched) = self.logs.get(&origin) else {
            return Err(WitnessRefusal::unknown(origin.as_str()).into());
        };
        // Held until the new head is durable: of two requests at once the second sees what the first left.
        let mut memory = watched.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = match &*memory {
            Memory::Known(Remembered::Never) => None,
            Memory::Known(Remembered::Seen(seen)) => Some((**seen).clone()),
            Memory::Unsure(why) => return Err(NotCosigned::Failed { why: why.clone() }),
        };
        let latest = seen.as_ref().map(|seen| seen.checkpoint().head());
        let judged = judge(request, &watched.keys, latest.as_ref());
        if let (Err(WitnessRefusal::NotContinued { .. }), Some(seen)) = (&judged, &seen) {
            self.note_fork(seen, &request.note);
        }
        let checkpoint = judged?;
        self.must_remember(&request.note, latest.as_ref(), checkpoint.size)?;
        let failed = |error: CheckpointError| NotCosigned::Failed { why: error.to_string() };
        let (line, cosigned) = self.cosign(&request.note, &watched.keys, now).map_err(failed)?;
        if let Err(error) = self.directory.remember(&cosigned) {
            let why = format!("{error}; start it again when the cause is gone");
            tracing::error!(%origin, why, "the memory could not be written: nothing more is signed for this log");
            *memory = Memory::Unsure(why.clone());
            return Err(NotCosigned::Failed { why });
        }
        tracing::info!(%origin, size = checkpoint.size, "cosigned");
        *memory = Memory::Known(Remembered::Seen(Box::new(cosigned)));
        Ok(line)
    }

    /// Returns the newest checkpoint of `origin` that was cosigned, with our own line; `None` before the first.
    ///
    /// # Errors
    /// `Failed` when nobody knows, since the memory could not be written.
    pub fn newest(&self, origin: &KeyName) -> Result<Option<SignedCheckpoint>, NotCosigned> {
        let Some(watched) = self.logs.get(origin) else { return Ok(None) };
        match &*watched.memory.lock().unwrap_or_else(PoisonError::into_inner) {
            Memory::Known(Remembered::Seen(seen)) => Ok(Some((**seen).clone())),
            Memory::Known(Remembered::Never) => Ok(None),
            Memory::Unsure(why) => Err(NotCosigned::Failed { why: why.clone() }),
        }
    }

    /// Returns the newest checkpoint that was cosigned of the log with this monitoring path; `None` for one that was only
    /// taken over to begin anew from.
    ///
    /// # Errors
    /// As [`newest`](Self::newest).
    pub fn newest_at(&self, path: &str) -> Result<Option<SignedCheckpoint>, NotCosigned> {
        let origin = self.logs.keys().find(|origin| monitoring_path(origin.as_str()) == path);
        let newest = origin.map(|origin| self.newest(origin)).transpose()?.flatten();
        let taken_over = Statement::Seen { at: TAKEN_OVER_AT };
        Ok(newest.filter(|newest| {
            let own = newest.note().verify(std::slice::from_ref(self.key()));
            own.is_ok_and(|own| own.iter().all(|(_, said)| *said != taken_over))
        }))
    }

    /// Returns the key that this witness signs with.
    pub fn key(&self) -> &VerifierKey {
        self.directory.key()
    }

    /// Returns the keys that may sign for a log.
    pub fn keys_of(&self, origin: &KeyName) -> &[VerifierKey] {
        self.logs.get(origin).map_or(&[], |watched| &watched.keys)
    }

    /// A line of our own for something larger than we remember: our memory was put back from an old copy.
    fn must_remember(&self, note: &Note, latest: Option<&TreeHead>, size: u64) -> Result<(), NotCosigned> {
        let own = note.verify(std::slice::from_ref(self.directory.key())).is_ok();
        if own && latest.is_none_or(|latest| latest.size < size) {
            let why = format!(
                "it has signed a checkpoint of {size} that it does not remember: its state is an old copy"
            );
            tracing::error!(why, "nothing is signed");
            return Err(NotCosigned::Failed { why });
        }
        Ok(())
    }

    fn cosign(
        &self,
        note: &Note,
        keys: &[VerifierKey],
        now: u64,
    ) -> Result<(NoteSignature, SignedCheckpoint), CheckpointError> {
        let key = self.directory.key();
        let line = cosign(note.text(), now, key, |message| sign(self.directory.secret(), message).0)?;
        // Of the lines that came along only the log's own are kept: the others are nobody's word here.
        let kept = note.with_lines(|line| keys.iter().any(|key| line.is_by(key)));
        let kept = kept.ok_or(CheckpointError::Note(NoteError::NoKnownKey))?;
        let mut cosigned = open_with(&kept, keys)?;
        cosigned.add_cosignature(line.clone(), key)?;
        Ok((line, cosigned))
    }

    /// Two checkpoints of one size with different roots, both signed by the log: kept for whoever must know.
    fn note_fork(&self, seen: &SignedCheckpoint, other: &Note) {
        let (known, Ok(other_checkpoint)) = (seen.checkpoint(), claimed(other)) else { return };
        // At different sizes a bad proof shows nothing but that.
        if other_checkpoint.size != known.size || other_checkpoint.root == known.root {
            return;
        }
        let name = format!("fork-{}-{}.txt", known.size, &other_checkpoint.root.to_string()[..16]);
        let kept = self.directory.keep_evidence(&name, format!("{seen}\n{other}").as_bytes());
        let path =
            kept.map_or_else(|error: PrivateFileError| error.to_string(), |path| path.display().to_string());
        tracing::error!(origin = %known.origin, size = known.size, path, "this log has signed two histories");
    }
}
