//! The embedded store of a ledger: journal, anchor, snapshot and views in one directory.
//!
//! One thread in the background moves blocks into rows and writes snapshots; the writer only appends to the journal
//! and to memory.

use super::anchor::{Anchor, AnchorFile};
use super::block::Block;
use super::disk::{Access, Disk, RealDisk};
use super::fault::{Damaged, Fault, OpenError, ReadError};
use super::frame::{Commit, CommitHash, Frame, FrameKind, FramePosition};
use super::journal::{Journal, SEGMENT_BYTES, Settings};
use super::reader::Reader;
use super::recovery::{Directory, Opened};
use super::segment::StoredGroup as JournalGroup;
use super::snapshot::{self, HEAD_BYTES, SnapshotMark, decode_head, encode_head};
use super::views::{Rows, Views};
use crate::id::EntryId;
use crate::log::hash::Hash;
use crate::refusal::Refusal;
use crate::store::{
    self, Group, Posted, ReadFault, Recovery, Replay, SignedHead, Snapshot, SnapshotMaker, Store,
    StoreReader, StoredGroup, StoredRecord, Unfit, split_salted,
};
use crate::time::Timestamp;
use sha2::{Digest as _, Sha256};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub(super) const RECORD: FrameKind = FrameKind::new(1);
const REFUSAL: FrameKind = FrameKind::new(2);
const VIEWS_DIRECTORY: &str = "views";
const VIEWS_ASIDE: &str = "views.damaged";
/// While this file is there, the views are not believed.
const CONDEMNED: &str = "views-condemned";
/// How many snapshots are kept: when the newest is damaged, the one before it is tried.
const SNAPSHOTS_KEPT: usize = 2;
/// How long the thread in the background waits for work before it looks through old rows.
const IDLE: Duration = Duration::from_millis(20);

/// The numbers of an embedded store.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many records may be replayed at the next opening before a snapshot is taken.
    pub snapshot_every: u64,
    /// What sled may keep in memory, in bytes.
    pub views_cache_bytes: u64,
    /// Length of a journal's segment, in bytes.
    pub segment_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { snapshot_every: 250_000, views_cache_bytes: 32 << 20, segment_bytes: SEGMENT_BYTES }
    }
}

/// Where the views are.
pub enum ViewsAt {
    /// In sled in this directory.
    Directory(PathBuf),
    /// In memory that the caller keeps: for tests.
    Memory(Rows),
}

/// The store of a node: see the module.
pub struct EmbeddedStore {
    journal: Journal,
    views: Arc<Views>,
    anchor: Arc<AnchorCell>,
    found: Found,
    options: Options,
    /// Records and group of the newest snapshot, or of one that is being made.
    snapshot: (u64, u64),
    snapshot_is_due: bool,
    /// How many records there are, and the newest commit of this opening.
    size: u64,
    last_commit: Option<Commit>,
    follower: Option<(Sender<Work>, JoinHandle<()>)>,
    disk: Arc<dyn Disk>,
}

/// What opening found, until it is replayed.
struct Found {
    snapshot: Option<(Commit, Snapshot)>,
    notes: Vec<String>,
    views_rebuilt: Option<String>,
}

/// The anchor file with what it is to hold next.
struct AnchorCell {
    state: Mutex<AnchorState>,
    /// Written under its own lock, so that the writer never waits for the disk here. `None` once the store is gone.
    file: Mutex<Option<AnchorFile>>,
    /// Why the newest snapshot was not kept.
    snapshot_trouble: Mutex<Option<String>>,
}

#[derive(Clone)]
struct AnchorState {
    newest: Option<(u64, CommitHash, SignedHead)>,
    /// Newest first, at most [`SNAPSHOTS_KEPT`].
    snapshots: Vec<SnapshotMark>,
}

/// What the thread in the background is asked to do.
enum Work {
    StoreBlocks,
    Snapshot { commit: Commit, head: SignedHead, partial: Box<Block>, make: SnapshotMaker },
    Check { tile_roots: Vec<Hash> },
}

pub(super) fn settings(options: &Options, salt: [u8; 32]) -> Settings {
    // A ledger's journal has this domain; community data has another.
    let domain = Sha256::digest(b"klaver/ledger-journal/v1\n").into();
    Settings { segment_bytes: options.segment_bytes, ..Settings::new(domain, salt) }
}

impl EmbeddedStore {
    /// Makes an empty store in `directory`, to found a ledger in. `salt` is 32 random bytes, new for each opening.
    ///
    /// # Errors
    /// When there is a journal already, or the disk fails.
    pub fn create(directory: &Path, options: Options, salt: [u8; 32]) -> Result<Self, OpenError> {
        let disk = RealDisk::create(directory)
            .map_err(|error| Fault::io("create the directory", &directory.display().to_string(), &error))?;
        let views = ViewsAt::Directory(directory.join(VIEWS_DIRECTORY));
        Self::create_on(Arc::new(disk), views, options, salt)
    }

    /// Opens the store in `directory`. `salt` is 32 random bytes, new for each opening.
    ///
    /// # Errors
    /// When there is none, another process has it open, it is damaged, or the disk fails.
    pub fn open(directory: &Path, options: Options, salt: [u8; 32]) -> Result<Self, OpenError> {
        if !directory.is_dir() {
            return Err(OpenError::Empty);
        }
        let views = ViewsAt::Directory(directory.join(VIEWS_DIRECTORY));
        Self::open_on(Arc::new(RealDisk::at(directory)), views, options, salt)
    }

    /// As [`create`](Self::create), on any disk.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_on(
        disk: Arc<dyn Disk>,
        views: ViewsAt,
        options: Options,
        salt: [u8; 32],
    ) -> Result<Self, OpenError> {
        let opened = Directory::lock(disk.clone(), settings(&options, salt))?.found()?;
        Self::assemble(disk, opened, views, options, (None, Vec::new()), Vec::new())
    }

    /// As [`open`](Self::open), on any disk.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(
        disk: Arc<dyn Disk>,
        views: ViewsAt,
        options: Options,
        salt: [u8; 32],
    ) -> Result<Self, OpenError> {
        let settings = settings(&options, salt);
        let directory = Directory::lock(disk.clone(), settings.clone())?;
        let mut notes = Vec::new();
        let anchored = directory.anchor().and_then(|anchor| decode_anchor(&anchor.payload));
        let mut marks = anchored.map(|(_, marks)| marks).unwrap_or_default();
        let mut snapshot = None;
        // The newest that can be read; the one before it costs a shorter replay than none.
        while snapshot.is_none()
            && let Some(mark) = marks.first()
        {
            match snapshot::read(&*disk, mark) {
                Ok(found) => snapshot = Some(found),
                Err(why) => {
                    notes.push(format!("the snapshot was left out: {why}"));
                    marks.remove(0);
                }
            }
        }
        let opened = match directory.open(snapshot.as_ref().map(|(commit, _)| *commit)) {
            Err(OpenError::Damaged(Damaged::StartUnknown { place, why })) => {
                notes.push(format!("the snapshot at {place} was left out and everything replayed: {why}"));
                (snapshot, marks) = (None, Vec::new());
                Directory::lock(disk.clone(), settings)?.open(None)?
            }
            opened => opened?,
        };
        Self::assemble(disk, opened, views, options, (snapshot, marks), notes)
    }

    fn assemble(
        disk: Arc<dyn Disk>,
        opened: Opened,
        views: ViewsAt,
        options: Options,
        (snapshot, snapshots): (Option<(Commit, Snapshot)>, Vec<SnapshotMark>),
        mut notes: Vec<String>,
    ) -> Result<Self, OpenError> {
        let Opened { journal, anchor, report } = opened;
        if let Some(torn) = &report.torn {
            let (len, saved_as) = (torn.len, &torn.saved_as);
            notes.push(format!(
                "{len} bytes of a group that was never acknowledged were set aside in {saved_as}"
            ));
        }
        if report.anchor_slot_damaged {
            notes.push("one slot of the anchor could not be read: after a power cut this is usual, else check the disk".to_owned());
        }
        let needed = snapshot.as_ref().map(|(_, snapshot)| (snapshot.head.size, snapshot.head.root));
        let (views, views_rebuilt) = open_views(&disk, views, &options, needed)?;
        let anchor = Arc::new(AnchorCell {
            state: Mutex::new(AnchorState { newest: None, snapshots }),
            file: Mutex::new(Some(anchor)),
            snapshot_trouble: Mutex::default(),
        });
        let found = Found { snapshot, notes, views_rebuilt };
        let (views, snapshot) = (Arc::new(views), (0, 0));
        Ok(Self {
            journal,
            views,
            anchor,
            found,
            options,
            snapshot,
            snapshot_is_due: false,
            size: 0,
            last_commit: None,
            follower: None,
            disk,
        })
    }

    fn follow(&mut self, tile_roots: Vec<Hash>) {
        let (work, todo) = channel();
        let (views, anchor, disk) = (self.views.clone(), self.anchor.clone(), self.disk.clone());
        let follower = std::thread::Builder::new().name("klaver-views".to_owned());
        let opened_from = self.snapshot.0;
        let thread = follower.spawn(move || follow(&todo, &views, &anchor, &*disk, opened_from));
        match thread {
            Ok(thread) => {
                // The receiver lives as long as the thread.
                let _ = work.send(Work::StoreBlocks);
                let _ = work.send(Work::Check { tile_roots });
                self.follower = Some((work, thread));
            }
            Err(error) => self.found.notes.push(format!("no thread for the views: {error}")),
        }
    }

    /// Leaves a snapshot out that the journal contradicts: no later opening may begin with it.
    fn leave_out(&mut self, group: u64) {
        self.snapshot = (0, 0);
        lock(&self.anchor.state).snapshots.retain(|mark| mark.group != group);
    }

    fn ask(&self, work: Work) {
        if let Some((sender, _)) = &self.follower {
            // It ends only with the store; if it panicked, the views stay in memory.
            let _ = sender.send(work);
        }
    }

    fn stop(&mut self) {
        if let Some((sender, thread)) = self.follower.take() {
            drop(sender);
            let _ = thread.join();
        }
        *lock(&self.anchor.file) = None;
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Opens the views; those that cannot serve the snapshot are moved aside and begun anew, saying why.
fn open_views(
    disk: &Arc<dyn Disk>,
    at: ViewsAt,
    options: &Options,
    needed: Option<(u64, Hash)>,
) -> Result<(Views, Option<String>), Fault> {
    let condemn = {
        let disk = disk.clone();
        // If the mark cannot be written, the same trouble is met again when the row is next read.
        move || -> Box<dyn Fn() + Send + Sync> {
            let disk = disk.clone();
            Box::new(move || drop(disk.create(CONDEMNED)))
        }
    };
    let condemned = disk.open(CONDEMNED, Access::Read).is_ok();
    let reach = |rows: Rows| {
        let views = Views::empty(rows, condemn());
        match needed {
            Some((size, root)) => views.begin_at(size, &root).map(|()| views),
            // Nobody expects anything of the rows before there is a snapshot; the replay writes all of them.
            None => Ok(views),
        }
    };
    let believed = || if condemned { Err("they were found damaged".to_owned()) } else { Ok(()) };
    let (views, rebuilt) = match at {
        ViewsAt::Memory(rows) => match believed().and_then(|()| reach(rows.clone())) {
            Ok(views) => (views, None),
            Err(why) => {
                rows.clear_memory();
                (Views::empty(rows, condemn()), Some(why))
            }
        },
        ViewsAt::Directory(directory) => {
            let opened = believed().and_then(|()| {
                if !directory.exists() {
                    return Err("they are not there".to_owned());
                }
                Rows::open_sled(&directory, options.views_cache_bytes).and_then(reach)
            });
            match opened {
                Ok(views) => (views, None),
                Err(why) => {
                    let rows = begin_anew(&directory, options)?;
                    (Views::empty(rows, condemn()), Some(why))
                }
            }
        }
    };
    if condemned {
        disk.remove(CONDEMNED).map_err(|error| Fault::io("remove", CONDEMNED, &error))?;
    }
    Ok((views, rebuilt))
}

/// Moves the views' directory aside, in place of what was moved there before, and begins an empty one.
fn begin_anew(directory: &Path, options: &Options) -> Result<Rows, Fault> {
    let io = |doing, error: &std::io::Error| Fault::io(doing, VIEWS_DIRECTORY, error);
    if directory.exists() {
        let aside = directory.with_file_name(VIEWS_ASIDE);
        match std::fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io("remove old", &error));
            }
            Ok(()) | Err(_) => {}
        }
        std::fs::rename(directory, &aside).map_err(|error| io("move aside", &error))?;
    }
    Rows::open_sled(directory, options.views_cache_bytes).map_err(|why| Fault::Io {
        doing: "begin anew",
        file: VIEWS_DIRECTORY.to_owned(),
        kind: std::io::ErrorKind::Other,
        reason: why,
    })
}

/// The thread in the background: what is asked of it first, old rows when there is time.
fn follow(todo: &Receiver<Work>, views: &Views, anchor: &AnchorCell, disk: &dyn Disk, opened_from: u64) {
    // Size of the newest snapshot: what it begins from is kept until the one after the next.
    let mut newest = opened_from;
    let mut unchecked = Vec::new().into_iter().enumerate();
    loop {
        match todo.recv_timeout(IDLE) {
            Ok(Work::StoreBlocks) => views.store_waiting(),
            Ok(Work::Check { tile_roots }) => unchecked = tile_roots.into_iter().enumerate(),
            Ok(Work::Snapshot { commit, head, partial, make }) => {
                if views.settle(head.size, &head.root, &partial) {
                    let kept = keep_snapshot(disk, anchor, &commit, make);
                    if kept.is_ok() {
                        views.forget_before(std::mem::replace(&mut newest, head.size));
                    }
                    *lock(&anchor.snapshot_trouble) = kept.err();
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                for (number, tile_root) in unchecked.by_ref().take(16) {
                    views.check(number as u64, &tile_root);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                views.store_waiting();
                views.flush();
                return;
            }
        }
    }
}

/// Makes and writes a snapshot and has the anchor name it. Without it the next opening is slower, and nothing else.
fn keep_snapshot(
    disk: &dyn Disk,
    anchor: &AnchorCell,
    commit: &Commit,
    make: SnapshotMaker,
) -> Result<(), String> {
    let snapshot = catch_unwind(AssertUnwindSafe(make)).map_err(|_| "making it failed".to_owned())?;
    let mark = snapshot::write(disk, commit, &snapshot).map_err(|fault| fault.to_string())?;
    let kept = {
        let snapshots = &mut lock(&anchor.state).snapshots;
        snapshots.retain(|older| older.group != mark.group);
        snapshots.insert(0, mark);
        snapshots.truncate(SNAPSHOTS_KEPT);
        snapshots.clone()
    };
    anchor.write().map_err(|fault| fault.to_string())?;
    snapshot::remove_others(disk, &kept);
    Ok(())
}

impl AnchorCell {
    /// Writes the newest head and snapshot, if the file does not hold them yet; returns the size it covers.
    fn write(&self) -> Result<u64, Fault> {
        let mut file = lock(&self.file);
        // Read after the file is ours: another thread may have written something newer meanwhile.
        let AnchorState { newest, snapshots } = lock(&self.state).clone();
        let file = file.as_mut().ok_or_else(|| Fault::Io {
            doing: "write",
            file: super::anchor::ANCHOR_NAME.to_owned(),
            kind: std::io::ErrorKind::NotConnected,
            reason: "the ledger was closed".to_owned(),
        })?;
        let Some((group, commit_hash, head)) = newest else { return Ok(0) };
        let payload = encode_anchor(&head, &snapshots);
        let next = Anchor { group, commit_hash, payload };
        if *file.newest() != next {
            file.write(next)?;
        }
        Ok(head.size)
    }
}

/// The head, then group and digest of each snapshot that is kept, newest first.
fn encode_anchor(head: &SignedHead, snapshots: &[SnapshotMark]) -> Vec<u8> {
    let mut payload = encode_head(head).to_vec();
    for mark in snapshots {
        payload.extend_from_slice(&mark.group.to_le_bytes());
        payload.extend_from_slice(&mark.digest);
    }
    payload
}

fn decode_anchor(payload: &[u8]) -> Option<(SignedHead, Vec<SnapshotMark>)> {
    let (head, rest) = payload.split_at_checked(HEAD_BYTES)?;
    let marks = rest.chunks(40).map(|mark| {
        let (group, digest) = mark.split_first_chunk::<8>()?;
        Some(SnapshotMark { group: u64::from_le_bytes(*group), digest: digest.try_into().ok()? })
    });
    Some((decode_head(head)?, marks.collect::<Option<_>>()?))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a group of the journal apart into records and refusals, with the places of the records.
pub(super) struct Frames<'g> {
    pub(super) records: Vec<&'g [u8]>,
    pub(super) positions: Vec<FramePosition>,
    pub(super) refusals: Vec<&'g [u8]>,
    pub(super) head: SignedHead,
    pub(super) recorded_at: Timestamp,
}

pub(super) fn frames_of(group: &JournalGroup) -> Result<Frames<'_>, Unfit> {
    let unfit = |why: &str| Unfit { index: 0, why: format!("group {}: {why}", group.group) };
    let head = decode_head(group.body()).ok_or_else(|| unfit("its head has an unknown form"))?;
    let recorded_at =
        Timestamp::from_millis(group.now_ms).ok_or_else(|| unfit("its time is out of range"))?;
    let (mut records, mut positions, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
    for frame in group.frames() {
        match frame.kind {
            RECORD => {
                records.push(frame.payload);
                positions.push(frame.position);
            }
            REFUSAL => refusals.push(frame.payload),
            _ => return Err(unfit("it has a frame of a kind that this program does not know: update it")),
        }
    }
    Ok(Frames { records, positions, refusals, head, recorded_at })
}

impl Store for EmbeddedStore {
    type Reader = EmbeddedReader;

    fn recover(&mut self, replay: &mut dyn Replay) -> Result<Recovery, store::OpenError> {
        let mut recovery = Recovery { views_rebuilt: self.found.views_rebuilt.take(), ..Recovery::default() };
        recovery.notes.append(&mut self.found.notes);
        let mut start = None;
        let mut to_compare = None;
        let mut tile_roots = Vec::new();
        if let Some((commit, snapshot)) = self.found.snapshot.take() {
            self.snapshot = (snapshot.head.size, commit.group);
            if recovery.views_rebuilt.is_none() {
                let (head, roots) = (snapshot.head, snapshot.tree.tile_roots.clone());
                match replay.restore(snapshot) {
                    Ok(()) => {
                        (start, recovery.snapshot) = (Some(commit), Some(head.size));
                        (self.size, tile_roots) = (head.size, roots);
                        lock(&self.anchor.state).newest = Some((commit.group, commit.hash, head));
                    }
                    Err(unfit) => {
                        recovery
                            .notes
                            .push(format!("the snapshot was left out and everything replayed: {unfit}"));
                        self.views.begin_empty();
                        self.leave_out(commit.group);
                    }
                }
            } else {
                to_compare = Some((commit, snapshot));
            }
        }
        for group in self.journal.reader().groups(start) {
            let group = group.map_err(store::OpenError::from)?;
            let frames = frames_of(&group)?;
            let stored = StoredGroup {
                records: &frames.records,
                refusals: &frames.refusals,
                recorded_at: frames.recorded_at,
                head: frames.head,
            };
            let posted = replay.group(stored)?;
            recovery.replayed += posted.record_count() as u64;
            self.views.push(posted.records().zip(frames.positions));
            self.views.store_waiting();
            lock(&self.anchor.state).newest = Some((group.group, group.hash, frames.head));
            (self.size, self.last_commit) = (frames.head.size, Some(group.commit()));
            if let Some((_, snapshot)) = to_compare.take_if(|(commit, _)| commit.group == group.group)
                && !replay.matches(&snapshot)
            {
                recovery.notes.push(format!(
                    "the snapshot of {} records says something else than the journal: it is not used; keep a copy \
                     of the directory and report this",
                    snapshot.head.size
                ));
                self.leave_out(group.group);
            }
        }
        if recovery.replayed == 0 {
            // There was nothing to rebuild: a new ledger.
            recovery.views_rebuilt = None;
        }
        // Rebuilt views serve the next opening only together with a snapshot of their own; and a process that dies
        // again and again shall not replay the same records again and again.
        self.snapshot_is_due =
            recovery.views_rebuilt.is_some() || recovery.replayed > self.options.snapshot_every / 4;
        let anchored = lock(&self.anchor.state).newest.is_some();
        if anchored {
            self.anchor.write().map_err(OpenError::from)?;
        }
        self.follow(tile_roots);
        Ok(recovery)
    }

    fn append(&mut self, group: &Group) -> Result<(), store::Fault> {
        let refusals: Vec<Vec<u8>> = group.refusals().iter().map(Refusal::encode).collect();
        let mut frames: Vec<Frame<'_>> = Vec::with_capacity(group.record_count() + refusals.len());
        frames.extend(group.records().map(|record| Frame { kind: RECORD, payload: record.salted }));
        frames.extend(refusals.iter().map(|refusal| Frame { kind: REFUSAL, payload: refusal }));
        let head = group.head();
        let position =
            self.journal.append_group(&frames, &encode_head(&head), group.recorded_at().millis())?;
        lock(&self.anchor.state).newest = Some((position.commit.group, position.commit.hash, head));
        self.last_commit = Some(position.commit);
        if self.views.push(group.records().zip(position.frames)) {
            self.ask(Work::StoreBlocks);
        }
        self.size = head.size;
        Ok(())
    }

    fn wants_snapshot(&self) -> bool {
        self.snapshot_is_due || self.size >= self.snapshot.0 + self.options.snapshot_every
    }

    fn offer_snapshot(&mut self, make: SnapshotMaker) {
        let newer = |commit: &Commit| self.snapshot_is_due || commit.group > self.snapshot.1;
        let Some(commit) = self.last_commit.filter(newer) else { return };
        self.snapshot_is_due = false;
        let newest = lock(&self.anchor.state).newest;
        let Some((_, _, head)) = newest else { return };
        self.snapshot = (head.size, commit.group);
        let partial = Box::new(self.views.current());
        self.ask(Work::Snapshot { commit, head, partial, make });
    }

    fn reader(&self) -> EmbeddedReader {
        EmbeddedReader {
            journal: self.journal.reader(),
            views: self.views.clone(),
            anchor: self.anchor.clone(),
        }
    }

    fn close(mut self) -> Result<(), store::Fault> {
        if let Some((sender, thread)) = self.follower.take() {
            drop(sender);
            let _ = thread.join();
        }
        let written = self.anchor.write();
        self.stop();
        written?;
        Ok(())
    }
}

/// Reads an embedded store from any thread.
#[derive(Clone)]
pub struct EmbeddedReader {
    journal: Reader,
    views: Arc<Views>,
    anchor: Arc<AnchorCell>,
}

impl EmbeddedReader {
    /// Returns a reader of a store that has no writer.
    pub(super) fn without_anchor(journal: Reader, views: Arc<Views>) -> Self {
        let state = Mutex::new(AnchorState { newest: None, snapshots: Vec::new() });
        let anchor = AnchorCell { state, file: Mutex::default(), snapshot_trouble: Mutex::default() };
        Self { journal, views, anchor: Arc::new(anchor) }
    }
}

impl StoreReader for EmbeddedReader {
    fn record(&self, index: u64) -> Result<Option<StoredRecord>, ReadFault> {
        let Some(position) = self.views.position(index)? else { return Ok(None) };
        let frame = self.journal.read_frame(position)?;
        stored_record(&frame.payload, index).map(Some)
    }

    fn posted(&self, index: u64) -> Result<Option<Posted>, ReadFault> {
        self.views.posted(index)
    }

    fn find(&self, id: &EntryId, recorded: RangeInclusive<Timestamp>) -> Result<Option<u64>, ReadFault> {
        self.views.find(id, &recorded)
    }

    fn commitments(&self, number: u64) -> Result<Vec<[u8; 32]>, ReadFault> {
        self.views.commitments(number)
    }

    fn tile(&self, number: u64) -> Result<Vec<([u8; 32], Posted)>, ReadFault> {
        self.views.tile(number)
    }

    fn records(&self, from: u64) -> Box<dyn Iterator<Item = Result<StoredRecord, ReadFault>> + Send> {
        if from > 0 {
            let reader = self.clone();
            return Box::new((from..).map_while(move |index| reader.record(index).transpose()));
        }
        Box::new(self.journal.groups(None).flat_map(|group: Result<JournalGroup, ReadError>| {
            let records: Vec<Result<StoredRecord, ReadFault>> = match group {
                Ok(group) => group
                    .frames()
                    .filter(|frame| frame.kind == RECORD)
                    .map(|frame| stored_record(frame.payload, 0))
                    .collect(),
                Err(error) => vec![Err(error.into())],
            };
            records
        }))
    }

    fn anchor(&self) -> Result<u64, store::Fault> {
        Ok(self.anchor.write()?)
    }

    fn health(&self) -> Vec<String> {
        let views =
            self.views.trouble().map(|why| format!("the views are built anew at the next start: {why}"));
        let snapshot = lock(&self.anchor.snapshot_trouble).clone();
        let snapshot =
            snapshot.map(|why| format!("no snapshot was kept, the next start takes longer: {why}"));
        views.into_iter().chain(snapshot).collect()
    }
}

fn stored_record(salted: &[u8], index: u64) -> Result<StoredRecord, ReadFault> {
    let too_short = || ReadFault::Views { why: format!("record {index} is shorter than a salt") };
    let (salt, record) = split_salted(salted).ok_or_else(too_short)?;
    Ok(StoredRecord { salt, record: record.to_vec() })
}
