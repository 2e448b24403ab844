//! Keyed rows on the disk: a second journal of upserts and deletes, by the ledger's own journal module.
//!
//! One thread writes; each batch is one group and one sync. Compaction writes what is left into a new directory and
//! removes the old one: that is how erasure reaches the disk. A crash at any step leaves one complete directory. However
//! much is written meanwhile, the thread tidies up twice a second; what fails is told, and tried again.

use klaver_ledger::id::LedgerId;
use klaver_ledger::store::embedded::anchor::{Anchor, AnchorFile};
use klaver_ledger::store::embedded::disk::RealDisk;
use klaver_ledger::store::embedded::fault::{Fault, OpenError, ReadError};
use klaver_ledger::store::embedded::frame::{Frame, FrameKind};
use klaver_ledger::store::embedded::journal::{Journal, Settings};
use klaver_ledger::store::embedded::reader::Reader;
use klaver_ledger::store::embedded::recovery::{Directory, Opened, scan_all};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A row to be put in place, or with no value to be forgotten.
const PUT: FrameKind = FrameKind::new(1);
const DELETE: FrameKind = FrameKind::new(2);
/// A row to be forgotten, and to leave the disk soon.
const ERASE: FrameKind = FrameKind::new(3);

/// Length of a segment file: community data is small.
const SEGMENT_BYTES: u64 = 1 << 20;
/// Most rows that wait for the disk.
const QUEUE_MAX: usize = 1_024;
/// So many forgotten rows are worth a compaction, if they are more than those that are left.
const FORGOTTEN_MIN: usize = 256;

/// How often the anchor is written and what was erased leaves the disk, also while rows keep coming.
const TIDY: Duration = Duration::from_millis(500);
/// After a compaction nothing is compacted for so many times as long as it took: most of the time is for what comes.
const REST: u32 = 10;
/// After a compaction that failed the next one is tried so soon, and after each further one later, up to the second.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Stands beside the directories once there was one, so that a loss is noticed.
const MARK: &str = "community.made";

/// The result of a write, once it is on the disk.
pub type Written = oneshot::Receiver<Result<(), KeepError>>;

/// Rows by key, on the disk.
pub struct Keep {
    queue: Option<SyncSender<Write>>,
    thread: Option<JoinHandle<()>>,
    failures: Arc<AtomicU64>,
}

/// A row as it was found.
pub struct Kept {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
}

/// Why community data cannot be read or written. The ledger is not touched by it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeepError {
    /// Its journal was not opened.
    #[error(
        "community data in {}: {error}; the ledger itself is safe. Put a copy of that directory back; or move it and \
         {MARK} away, then names, memos and open requests are gone and credits are not", path.display()
    )]
    Open {
        /// The directory.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// It was made, and is gone.
    #[error(
        "the community data are gone: {} says that they were made, and there is no directory community-N beside it; names, \
         memos, drafts, invitations and open requests are in it, credits are not. Put a copy of the directory back; or \
         remove {MARK} and go on without them", path.display()
    )]
    Gone {
        /// The mark.
        path: PathBuf,
    },
    /// A row has a form that this program does not know.
    #[error(
        "community data has a row of table {table} that cannot be read: update klaver-node, or put a backup back"
    )]
    Row {
        /// The table's number.
        table: u8,
    },
    /// It could not be written.
    #[error("community data cannot be written: {why}; start the node again when the cause is gone")]
    Write {
        /// Why.
        why: String,
    },
}

struct Write {
    rows: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Whether what was there before shall leave the disk soon.
    is_erasure: bool,
    done: oneshot::Sender<Result<(), KeepError>>,
}

impl Keep {
    /// Opens the rows below `root`, and returns what is there.
    ///
    /// # Errors
    /// When the journal is damaged, in use, or its disk fails.
    pub fn open(root: &Path, ledger: &LedgerId) -> Result<(Self, Vec<Kept>), KeepError> {
        let mut files = Files::open(root, ledger)?;
        files.tidy()?;
        let kept =
            files.live.iter().map(|(key, value)| Kept { key: key.clone(), value: value.clone() }).collect();
        let (queue, waiting) = sync_channel(QUEUE_MAX);
        let failures = files.failures.clone();
        let thread = std::thread::Builder::new()
            .name("community".to_owned())
            .spawn(move || files.run(&waiting))
            .map_err(|error| KeepError::Write { why: error.to_string() })?;
        Ok((Self { queue: Some(queue), thread: Some(thread), failures }, kept))
    }

    /// Returns how often something that was erased could not be taken off the disk, or rows not written, since the start.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Returns the rows below `root` without changing anything; every write fails.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(root: &Path, ledger: &LedgerId) -> Result<(Self, Vec<Kept>), KeepError> {
        let keep = Self { queue: None, thread: None, failures: Arc::default() };
        let numbers = directories(root).map_err(|error| failed(root, error))?;
        let Some(number) = numbers.last().copied() else { return Ok((keep, Vec::new())) };
        let path = directory(root, number);
        let scan = scan_all(Arc::new(RealDisk::at(&path)), &settings(domain(ledger))?);
        let scan = scan.map_err(|error| failed(&path, error))?;
        let mut live = HashMap::new();
        let read = read_rows(&scan.reader, |key, value| match value {
            Some(value) => drop(live.insert(key, value)),
            None => drop(live.remove(&key)),
        });
        read.map_err(|error| failed(&path, error))?;
        let kept = live.into_iter().map(|(key, value)| Kept { key, value }).collect();
        Ok((keep, kept))
    }

    /// Puts rows on their way to the disk, all or nothing, in the order of the calls.
    pub fn write(&self, rows: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Written {
        self.send(rows, false)
    }

    /// As [`write`](Self::write), forgetting these rows: soon they leave the disk as well.
    pub fn erase(&self, keys: Vec<Vec<u8>>) -> Written {
        self.send(keys.into_iter().map(|key| (key, None)).collect(), true)
    }

    /// As [`erase`](Self::erase) for what the row was before, which this one takes the place of.
    pub fn rewrite(&self, key: Vec<u8>, value: Vec<u8>) -> Written {
        self.send(vec![(key.clone(), None), (key, Some(value))], true)
    }

    /// As [`erase`](Self::erase), and puts `row` in place with it: both or neither.
    pub fn erase_and_put(&self, keys: Vec<Vec<u8>>, (key, value): (Vec<u8>, Vec<u8>)) -> Written {
        let gone = keys.into_iter().map(|key| (key, None));
        self.send(gone.chain([(key, Some(value))]).collect(), true)
    }

    fn send(&self, rows: Vec<(Vec<u8>, Option<Vec<u8>>)>, is_erasure: bool) -> Written {
        let (done, written) = oneshot::channel();
        if let Some(queue) = &self.queue {
            // When the thread has ended after a fault, `done` is dropped and the caller hears of it.
            let _ = queue.send(Write { rows, is_erasure, done });
        }
        written
    }
}

/// Waits until a write is on the disk.
///
/// # Errors
/// When it could not be written.
pub async fn on_disk(written: Written) -> Result<(), KeepError> {
    written.await.unwrap_or_else(|_| Err(KeepError::Write { why: "an earlier write failed".to_owned() }))
}

/// As [`on_disk`], on a thread that may sleep.
///
/// # Errors
/// When it could not be written.
pub fn wait(written: Written) -> Result<(), KeepError> {
    let lost = |_| Err(KeepError::Write { why: "an earlier write failed".to_owned() });
    written.blocking_recv().unwrap_or_else(lost)
}

impl Drop for Keep {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The files, which belong to one thread.
struct Files {
    root: PathBuf,
    domain: [u8; 32],
    /// Number of the directory in use.
    number: u64,
    journal: Journal,
    anchor: AnchorFile,
    live: HashMap<Vec<u8>, Vec<u8>>,
    forgotten: usize,
    /// Whether something that was erased still stands in a segment.
    is_erasing: bool,
    /// Whether the directory before this one is still there.
    has_older: bool,
    is_anchored: bool,
    /// When something may be compacted again, and how long the wait was that ends then.
    rested_at: Instant,
    waited: Duration,
    failures: Arc<AtomicU64>,
}

impl Files {
    fn open(root: &Path, ledger: &LedgerId) -> Result<Self, KeepError> {
        let domain = domain(ledger);
        let numbers = directories(root).map_err(|error| failed(root, error))?;
        let number = numbers.last().copied().unwrap_or(1);
        let path = directory(root, number);
        let is_new = numbers.is_empty();
        check_not_gone(root)?;
        // An older directory is left when a compaction was interrupted before its last step.
        for old in numbers.iter().filter(|old| **old != number) {
            std::fs::remove_dir_all(directory(root, *old)).map_err(|error| failed(root, error))?;
        }
        let disk = RealDisk::create(&path).map_err(|error| failed(&path, error))?;
        let lock =
            Directory::lock(Arc::new(disk), settings(domain)?).map_err(|error| failed(&path, error))?;
        let opened = match if is_new { lock.found() } else { lock.open(None) } {
            // The directory was made, but the crash came before its first file.
            Err(OpenError::Empty) => found(&path, domain)?,
            opened => opened.map_err(|error| failed(&path, error))?,
        };
        let mut files = Self {
            root: root.to_owned(),
            domain,
            number,
            journal: opened.journal,
            anchor: opened.anchor,
            live: HashMap::new(),
            forgotten: 0,
            is_erasing: false,
            has_older: false,
            is_anchored: true,
            rested_at: Instant::now(),
            waited: Duration::ZERO,
            failures: Arc::default(),
        };
        files.replay().map_err(|error| failed(&path, error))?;
        mark_made(root).map_err(|error| failed(root, error))?;
        Ok(files)
    }

    fn replay(&mut self) -> Result<(), ReadError> {
        let reader = self.journal.reader();
        for group in reader.groups(None) {
            // The node was stopped before what it had erased was off the disk.
            self.is_erasing |= group?.frames().any(|frame| frame.kind == ERASE);
        }
        read_rows(&reader, |key, value| self.remember(key, value))
    }

    fn remember(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let replaced = match value {
            Some(value) => self.live.insert(key, value),
            None => {
                self.forgotten += 1;
                self.live.remove(&key)
            }
        };
        self.forgotten += usize::from(replaced.is_some());
    }

    fn run(mut self, waiting: &Receiver<Write>) {
        let mut tidied = Instant::now();
        loop {
            match waiting.recv_timeout(TIDY.saturating_sub(tidied.elapsed())) {
                Ok(first) => {
                    if let Err(error) = self.take(std::iter::once(first).chain(waiting.try_iter()).collect())
                    {
                        return self.end(&error);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.write_anchor();
                    return;
                }
            }
            if TIDY <= tidied.elapsed() {
                if let Err(error) = self.tidy() {
                    return self.end(&error);
                }
                tidied = Instant::now();
            }
        }
    }

    /// Nothing is written any more: nobody knows what reached the disk.
    fn end(&self, error: &KeepError) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        tracing::error!(%error, "community data is read-only");
    }

    /// Writes a batch, and tells each who waits.
    fn take(&mut self, batch: Vec<Write>) -> Result<(), KeepError> {
        let result = self.append(&batch).map_err(|fault| KeepError::Write { why: fault.to_string() });
        for write in batch {
            let _ = write.done.send(result.clone());
        }
        self.is_anchored = false;
        result
    }

    /// Writes the anchor where that is due, and takes off the disk what was erased or is much. What fails before anything
    /// has changed is told and tried again later.
    ///
    /// # Errors
    /// When the new directory is in the old one's place and cannot be opened: then nothing may be written any more.
    fn tidy(&mut self) -> Result<(), KeepError> {
        if !self.is_anchored {
            self.is_anchored = self.write_anchor();
        }
        if !self.is_worth_compacting() || Instant::now() < self.rested_at {
            return Ok(());
        }
        let started = Instant::now();
        if !self.has_older {
            match self.write_next() {
                Ok(()) => self.change_over()?,
                Err(error) => {
                    self.try_again(&error);
                    return Ok(());
                }
            }
        }
        match self.remove_older() {
            Ok(()) => {
                (self.rested_at, self.waited) = (Instant::now() + started.elapsed() * REST, Duration::ZERO)
            }
            Err(error) => self.try_again(&error),
        }
        Ok(())
    }

    fn try_again(&mut self, error: &KeepError) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.waited = (self.waited * 2).clamp(AGAIN.0, AGAIN.1);
        self.rested_at = Instant::now() + self.waited;
        let seconds = self.waited.as_secs();
        tracing::error!(%error, seconds, "what was erased still stands on the disk: this is tried again");
    }

    fn append(&mut self, batch: &[Write]) -> Result<(), Fault> {
        let rows: Vec<_> = batch.iter().flat_map(|write| &write.rows).collect();
        let frames = batch.iter().flat_map(|write| {
            write.rows.iter().map(|(key, value)| match join(key, value.as_deref()) {
                (DELETE, payload) if write.is_erasure => (ERASE, payload),
                frame => frame,
            })
        });
        append(&mut self.journal, &frames.collect::<Vec<_>>())?;
        let rows: Vec<_> = rows.into_iter().cloned().collect();
        self.is_erasing |= batch.iter().any(|write| write.is_erasure);
        for (key, value) in rows {
            self.remember(key, value);
        }
        Ok(())
    }

    fn write_anchor(&mut self) -> bool {
        let (group, commit_hash) = self.journal.last();
        let written = self.anchor.write(Anchor { group, commit_hash, payload: Vec::new() });
        if let Err(fault) = &written {
            tracing::warn!(%fault, "the anchor of the community data was not written");
        }
        written.is_ok()
    }

    fn is_worth_compacting(&self) -> bool {
        let is_much = self.forgotten >= FORGOTTEN_MIN && self.forgotten > self.live.len();
        self.is_erasing || self.has_older || is_much
    }

    /// Writes what is left into the next directory. While that fails this one is the newest.
    fn write_next(&self) -> Result<(), KeepError> {
        let unfinished = self.root.join("community.new");
        match std::fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(&unfinished, error));
            }
            _ => {}
        }
        let mut opened = found(&unfinished, self.domain)?;
        let rows: Vec<_> = self.live.iter().map(|(key, value)| join(key, Some(value))).collect();
        for part in rows.chunks(1_024) {
            append(&mut opened.journal, part).map_err(|error| failed(&unfinished, error))?;
        }
        let (group, commit_hash) = opened.journal.last();
        let anchor = Anchor { group, commit_hash, payload: Vec::new() };
        opened.anchor.write(anchor).map_err(|error| failed(&unfinished, error))?;
        drop(opened);
        let next = directory(&self.root, self.number + 1);
        std::fs::rename(&unfinished, next).map_err(|error| failed(&unfinished, error))
    }

    /// Goes on in the next directory: a start would open that one, and nothing more belongs into this.
    fn change_over(&mut self) -> Result<(), KeepError> {
        let next = self.number + 1;
        let path = directory(&self.root, next);
        let synced = std::fs::File::open(&self.root).and_then(|root| root.sync_all());
        synced.map_err(|error| failed(&self.root, error))?;
        let opened = Directory::lock(Arc::new(RealDisk::at(&path)), settings(self.domain)?)
            .and_then(|lock| lock.open(None))
            .map_err(|error| failed(&path, error))?;
        (self.journal, self.anchor, self.number) = (opened.journal, opened.anchor, next);
        (self.forgotten, self.is_erasing, self.has_older) = (0, false, true);
        Ok(())
    }

    fn remove_older(&mut self) -> Result<(), KeepError> {
        let older = directory(&self.root, self.number - 1);
        match std::fs::remove_dir_all(&older) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&older, error)),
            _ => {}
        }
        self.has_older = false;
        Ok(())
    }
}

/// Hands every row of a journal to `take`, in the order of writing.
fn read_rows(reader: &Reader, mut take: impl FnMut(Vec<u8>, Option<Vec<u8>>)) -> Result<(), ReadError> {
    for group in reader.groups(None) {
        for frame in group?.frames() {
            if let Some((key, value)) = split(frame.kind, frame.payload) {
                take(key, value);
            }
        }
    }
    Ok(())
}

/// Checks that community data that were made once are still there.
///
/// # Errors
/// `Gone`, or when the directory cannot be read.
pub fn check_not_gone(root: &Path) -> Result<(), KeepError> {
    let path = root.join(MARK);
    if path.exists() && directories(root).map_err(|error| failed(root, error))?.is_empty() {
        return Err(KeepError::Gone { path });
    }
    Ok(())
}

fn mark_made(root: &Path) -> std::io::Result<()> {
    let path = root.join(MARK);
    if path.exists() {
        return Ok(());
    }
    let text =
        b"Community data were made here. Without this file the node starts new ones when they are gone.\n";
    klaver_keystore::private_file::replace(&path, text).map_err(std::io::Error::other)
}

fn domain(ledger: &LedgerId) -> [u8; 32] {
    Sha256::new().chain_update(b"klaver/community-journal/v1\n").chain_update(ledger.0).finalize().into()
}

fn append(journal: &mut Journal, rows: &[(FrameKind, Vec<u8>)]) -> Result<(), Fault> {
    let frames: Vec<Frame<'_>> = rows.iter().map(|(kind, payload)| Frame { kind: *kind, payload }).collect();
    journal.append_group(&frames, &[], crate::clock::wall_clock().millis()).map(drop)
}

fn found(path: &Path, domain: [u8; 32]) -> Result<Opened, KeepError> {
    let disk = RealDisk::create(path).map_err(|error| failed(path, error))?;
    let lock = Directory::lock(Arc::new(disk), settings(domain)?).map_err(|error| failed(path, error))?;
    lock.found().map_err(|error| failed(path, error))
}

fn settings(domain: [u8; 32]) -> Result<Settings, KeepError> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|error| KeepError::Write { why: error.to_string() })?;
    Ok(Settings { segment_bytes: SEGMENT_BYTES, ..Settings::new(domain, salt) })
}

fn failed(path: &Path, error: impl std::fmt::Display) -> KeepError {
    KeepError::Open { path: path.to_owned(), error: error.to_string() }
}

fn directory(root: &Path, number: u64) -> PathBuf {
    root.join(format!("community-{number}"))
}

/// Returns the numbers of the directories there are, ascending.
fn directories(root: &Path) -> std::io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let name = entry?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.strip_prefix("community-")?.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn join(key: &[u8], value: Option<&[u8]>) -> (FrameKind, Vec<u8>) {
    let length = u8::try_from(key.len()).expect("keys are short");
    let mut payload = Vec::with_capacity(1 + key.len() + value.map_or(0, <[u8]>::len));
    payload.push(length);
    payload.extend_from_slice(key);
    payload.extend_from_slice(value.unwrap_or_default());
    (if value.is_some() { PUT } else { DELETE }, payload)
}

fn split(kind: FrameKind, payload: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let (length, rest) = payload.split_first()?;
    let (key, value) = rest.split_at_checked((*length).into())?;
    Some((key.to_vec(), (kind == PUT).then(|| value.to_vec())))
}

#[cfg(test)]
pub(super) mod tests;
