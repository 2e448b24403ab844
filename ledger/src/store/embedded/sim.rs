//! A simulated disk that keeps apart what was written and what is durable, and loses power on command.
//!
//! Every write is pending until its file is synced; every name is pending until the directory is synced. A power cut
//! applies some of what is pending, torn as told, and forgets the rest. A failed sync leaves the page cache showing
//! data that the disk does not have, as real kernels do. All choices come from one seed.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::{Access, Disk, DiskFile, Lock};

pub mod sweep;
pub mod workload;

/// A small, seeded source of numbers (splitmix64, Steele et al. 2014).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Returns dice that always fall the same way for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Returns the next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `n`, which is not 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next_u64() % n
    }

    /// Returns true once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// What becomes of pending writes when the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// None reached the disk.
    All,
    /// All did.
    None,
    /// Any pieces of this many bytes did, in any order; the others are as [`Rest`] says.
    Pieces(u64, Rest),
}

/// What stands where a lost piece should stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rest {
    /// What stood there before.
    Old,
    /// Zeros.
    Zeros,
    /// Anything.
    Garbage,
}

/// All ways in which a power cut may treat pending writes.
pub const LOSSES: [Loss; 11] = [
    Loss::All,
    Loss::None,
    Loss::Pieces(1, Rest::Old),
    Loss::Pieces(1, Rest::Zeros),
    Loss::Pieces(1, Rest::Garbage),
    Loss::Pieces(512, Rest::Old),
    Loss::Pieces(512, Rest::Zeros),
    Loss::Pieces(512, Rest::Garbage),
    Loss::Pieces(4096, Rest::Old),
    Loss::Pieces(4096, Rest::Zeros),
    Loss::Pieces(4096, Rest::Garbage),
];

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The device answers with an error; a failed sync loses data that the page cache goes on showing.
    Io,
    /// There is no space for writes, new files and names.
    NoSpace,
    /// A write takes only a part and says so.
    ShortWrite,
    /// No file can be opened or created.
    TooManyFiles,
}

/// What an operation does, for plans and tallies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Opening, listing or measuring.
    Open,
    /// Reading.
    Read,
    /// Creating a file or taking a lock.
    Create,
    /// Writing.
    Write,
    /// Making contents durable.
    Sync,
    /// Making names durable.
    SyncDirectory,
    /// Renaming or removing.
    Name,
    /// Cutting off a file.
    SetLen,
}

impl Operation {
    fn changes(self) -> bool {
        !matches!(self, Operation::Open | Operation::Read)
    }
}

/// What shall go wrong: operations are counted from the moment the plan is set, from 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plan {
    /// The power goes during this changing operation.
    pub cut_at: Option<u64>,
    /// This operation fails, and with `true` all later ones that can fail so.
    pub fail_at: Option<(u64, Failure, bool)>,
}

/// What really happened, so that a test can show that its faults fired.
#[derive(Debug, Clone, Default)]
pub struct Fired {
    /// Failures by operation.
    pub failures: BTreeMap<(Failure, Operation), u64>,
    /// Power cuts that hit an operation.
    pub cuts: u64,
    /// Pending pieces that a power cut lost, and that it kept.
    pub pieces: (u64, u64),
    /// Names whose change was lost.
    pub names_lost: u64,
    /// Failed syncs after which the page cache showed what the disk lost.
    pub lying_caches: u64,
}

/// The simulated disk; clones are the same disk.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    files: Vec<SimFile>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending_names: Vec<NameChange>,
    locked: bool,
    powered: bool,
    epoch: u64,
    plan: Plan,
    operations: u64,
    changes: u64,
    fired: Fired,
    dice: Option<Dice>,
}

#[derive(Default)]
struct SimFile {
    durable: Vec<u8>,
    cached: Vec<u8>,
    pending: Vec<Pending>,
}

enum Pending {
    Write(u64, Vec<u8>),
    Len(u64),
}

enum NameChange {
    Put(String, usize),
    Remove(String),
    Rename(String, String, usize),
}

impl SimDisk {
    /// Returns an empty disk.
    #[must_use]
    pub fn new(seed: u64) -> SimDisk {
        let state = State { powered: true, dice: Some(Dice::new(seed)), ..State::default() };
        SimDisk { state: Arc::new(Mutex::new(state)) }
    }

    /// Sets what shall go wrong, and counts operations anew.
    pub fn plan(&self, plan: Plan) {
        let mut state = self.state();
        (state.plan, state.operations, state.changes) = (plan, 0, 0);
    }

    /// Returns operations, and changing operations, since the plan was set.
    #[must_use]
    pub fn counted(&self) -> (u64, u64) {
        let state = self.state();
        (state.operations, state.changes)
    }

    /// Cuts the power, if it is still on, loses what is pending as told, and comes back without a plan.
    pub fn power_cycle(&self, loss: Loss) {
        let state = &mut *self.state();
        let mut dice = state.dice();
        for file in &mut state.files {
            for pending in std::mem::take(&mut file.pending) {
                apply(&mut file.durable, pending, loss, &mut dice, &mut state.fired.pieces);
            }
            file.cached = file.durable.clone();
        }
        for change in std::mem::take(&mut state.pending_names) {
            let kept = match loss {
                Loss::All => false,
                Loss::None => true,
                Loss::Pieces(..) => dice.one_in(2),
            };
            if kept {
                change.apply(&mut state.durable_names);
            } else {
                state.fired.names_lost += 1;
            }
        }
        state.names = state.durable_names.clone();
        state.restart();
    }

    /// Ends the process without losing power: what the page cache shows stays, locks go.
    pub fn process_restart(&self) {
        self.state().restart();
    }

    /// Returns what really happened so far.
    #[must_use]
    pub fn fired(&self) -> Fired {
        self.state().fired.clone()
    }

    /// Changes a file at rest, durably, as a failing or a meddling hand would.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn meddle(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let state = &mut *self.state();
        let file = &mut state.files[state.names[name]];
        change(&mut file.cached);
        file.durable = file.cached.clone();
        file.pending.clear();
    }

    /// Returns the names and contents as programs see them.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.state();
        state.names.iter().map(|(name, file)| (name.clone(), state.files[*file].cached.clone())).collect()
    }

    /// Replaces everything on the disk, durably.
    pub fn replace(&self, contents: &BTreeMap<String, Vec<u8>>) {
        let state = &mut *self.state();
        state.files.clear();
        state.names.clear();
        for (name, bytes) in contents {
            state.names.insert(name.clone(), state.files.len());
            state.files.push(SimFile { durable: bytes.clone(), cached: bytes.clone(), pending: Vec::new() });
        }
        state.durable_names = state.names.clone();
        state.pending_names.clear();
        state.restart();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn restart(&mut self) {
        self.epoch += 1;
        self.powered = true;
        self.locked = false;
        self.plan = Plan::default();
    }

    fn dice(&mut self) -> Dice {
        let dice = self.dice.get_or_insert(Dice::new(0));
        Dice::new(dice.next_u64())
    }

    /// Counts an operation and lets the plan strike: `Ok(true)` is a write that shall be short.
    fn enter(&mut self, operation: Operation) -> io::Result<bool> {
        if !self.powered {
            return Err(io::Error::other("the power is off"));
        }
        self.operations += 1;
        self.changes += u64::from(operation.changes());
        if operation.changes() && self.plan.cut_at == Some(self.changes) {
            self.powered = false;
            self.fired.cuts += 1;
            // The operation is under way: what it does stays pending.
            return Ok(false);
        }
        let Some((at, failure, for_good)) = self.plan.fail_at else { return Ok(false) };
        let due = self.operations == at || (for_good && self.operations > at);
        let fits = match failure {
            Failure::Io => operation.changes() || !for_good,
            Failure::NoSpace => matches!(operation, Operation::Create | Operation::Write | Operation::Name),
            Failure::ShortWrite => operation == Operation::Write,
            Failure::TooManyFiles => matches!(operation, Operation::Create | Operation::Open),
        };
        if !due || !fits {
            return Ok(false);
        }
        *self.fired.failures.entry((failure, operation)).or_default() += 1;
        match failure {
            Failure::ShortWrite => Ok(true),
            Failure::Io => Err(io::Error::from_raw_os_error(5)),
            Failure::NoSpace => Err(io::Error::from_raw_os_error(28)),
            Failure::TooManyFiles => Err(io::Error::from_raw_os_error(24)),
        }
    }

    /// After the operation during which the power went, its caller hears nothing good.
    fn leave<T>(&self, value: T) -> io::Result<T> {
        if self.powered { Ok(value) } else { Err(io::Error::other("the power went")) }
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(change);
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            NameChange::Put(name, file) => {
                names.insert(name.clone(), *file);
            }
            NameChange::Remove(name) => {
                names.remove(name);
            }
            NameChange::Rename(from, to, file) => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
        }
    }
}

/// Brings a pending change to the disk as far as the loss lets it.
fn apply(durable: &mut Vec<u8>, pending: Pending, loss: Loss, dice: &mut Dice, pieces: &mut (u64, u64)) {
    match (pending, loss) {
        (_, Loss::All) => pieces.0 += 1,
        (Pending::Len(len), _) => {
            if loss == Loss::None || dice.one_in(2) {
                durable.resize(len as usize, 0);
            }
        }
        (Pending::Write(offset, data), Loss::None) => {
            put(durable, offset, &data);
            pieces.1 += 1;
        }
        (Pending::Write(offset, data), Loss::Pieces(size, rest)) => {
            let mut at = 0;
            while at < data.len() as u64 {
                let grid_end = (offset + at) / size * size + size - offset;
                // Single bytes tear in one place, not in all: long runs are kept and lost.
                let end = if size == 1 { at + 1 + dice.below(data.len() as u64) } else { grid_end };
                let piece = &data[at as usize..end.min(data.len() as u64) as usize];
                match (dice.one_in(2), rest) {
                    (true, _) => {
                        pieces.1 += 1;
                        put(durable, offset + at, piece);
                    }
                    (false, rest) => {
                        pieces.0 += 1;
                        match rest {
                            Rest::Old => {}
                            Rest::Zeros => put(durable, offset + at, &vec![0; piece.len()]),
                            Rest::Garbage => {
                                let mut garbage = vec![0; piece.len()];
                                dice.fill(&mut garbage);
                                put(durable, offset + at, &garbage);
                            }
                        }
                    }
                }
                at += piece.len() as u64;
            }
        }
    }
}

fn put(bytes: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let end = offset as usize + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset as usize..end].copy_from_slice(data);
}

impl Disk for SimDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut state = self.state();
        state.enter(Operation::Open)?;
        Ok(state.names.keys().cloned().collect())
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        state.enter(Operation::Open)?;
        let file = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Handle { state: self.state.clone(), file, access, epoch: state.epoch }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        state.enter(Operation::Create)?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.files.len();
        state.files.push(SimFile::default());
        state.change_name(NameChange::Put(name.to_owned(), file));
        let handle = Handle { state: self.state.clone(), file, access: Access::Write, epoch: state.epoch };
        state.leave(Box::new(handle))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.enter(Operation::Name)?;
        let file = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.change_name(NameChange::Rename(from.to_owned(), to.to_owned(), file));
        state.leave(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.enter(Operation::Name)?;
        state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        state.change_name(NameChange::Remove(name.to_owned()));
        state.leave(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut state = self.state();
        if let Err(error) = state.enter(Operation::SyncDirectory) {
            if state.powered {
                // The directory shows names that the disk will not have.
                state.pending_names.clear();
                state.fired.lying_caches += 1;
            }
            return Err(error);
        }
        if state.powered {
            // What an earlier, failed sync forgot stays forgotten.
            for change in std::mem::take(&mut state.pending_names) {
                change.apply(&mut state.durable_names);
            }
        }
        state.leave(())
    }

    fn lock(&self, name: &str) -> io::Result<Lock> {
        let mut state = self.state();
        state.enter(Operation::Create)?;
        if state.locked {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if !state.names.contains_key(name) {
            let file = state.files.len();
            state.files.push(SimFile::default());
            state.change_name(NameChange::Put(name.to_owned(), file));
        }
        state.leave(())?;
        state.locked = true;
        let held = SimLock { state: self.state.clone(), epoch: state.epoch };
        Ok(Lock::new(held))
    }
}

struct SimLock {
    state: Arc<Mutex<State>>,
    epoch: u64,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.epoch == self.epoch {
            state.locked = false;
        }
    }
}

struct Handle {
    state: Arc<Mutex<State>>,
    file: usize,
    access: Access,
    epoch: u64,
}

impl Handle {
    fn enter(&self, operation: Operation) -> io::Result<(MutexGuard<'_, State>, bool)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.epoch != self.epoch {
            return Err(io::Error::other("a handle of an earlier process"));
        }
        if operation.changes() && self.access == Access::Read {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let short = state.enter(operation)?;
        Ok((state, short))
    }
}

impl DiskFile for Handle {
    fn len(&self) -> io::Result<u64> {
        let (state, _) = self.enter(Operation::Open)?;
        Ok(state.files[self.file].cached.len() as u64)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let (state, _) = self.enter(Operation::Read)?;
        let cached = &state.files[self.file].cached;
        let rest = cached.get(offset as usize..).unwrap_or_default();
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let (mut state, short) = self.enter(Operation::Write)?;
        let len = if short { buf.len() / 2 } else { buf.len() };
        let file = &mut state.files[self.file];
        put(&mut file.cached, offset, &buf[..len]);
        file.pending.push(Pending::Write(offset, buf[..len].to_vec()));
        state.leave(len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let (mut state, _) = self.enter(Operation::SetLen)?;
        let file = &mut state.files[self.file];
        file.cached.resize(len as usize, 0);
        file.pending.push(Pending::Len(len));
        state.leave(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let entered = self.enter(Operation::Sync).map(|(state, _)| state);
        let (mut state, failed) = match entered {
            Ok(state) => (state, None),
            Err(error) => {
                let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                if !state.powered || state.epoch != self.epoch {
                    return Err(error);
                }
                (state, Some(error))
            }
        };
        if !state.powered {
            return state.leave(());
        }
        // A failed sync brings some of it to the disk; the rest is forgotten while the cache goes on showing it.
        let loss = if failed.is_some() { Loss::Pieces(512, Rest::Old) } else { Loss::None };
        let mut dice = state.dice();
        let mut pieces = (0, 0);
        let file = &mut state.files[self.file];
        for pending in std::mem::take(&mut file.pending) {
            apply(&mut file.durable, pending, loss, &mut dice, &mut pieces);
        }
        match failed {
            Some(error) => {
                state.fired.lying_caches += u64::from(pieces.0 > 0);
                Err(error)
            }
            None => Ok(()),
        }
    }
}
