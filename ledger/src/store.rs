//! Where the ledger keeps what it must not lose.
//!
//! Only this module touches files. A store knows groups, records and positions; what they mean is decided above it.
//! The memory store and the embedded store pass one conformance suite.

pub mod embedded;
pub mod memory;

mod group;

#[cfg(any(test, feature = "testing"))]
pub mod conformance;

use crate::entry::Kind;
use crate::id::EntryId;
use crate::log::hash::Hash;
use crate::log::tree::TreeState;
use crate::record::Salt;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use std::ops::RangeInclusive;

pub use group::{Group, GroupRecord, PostedLine, SALT_BYTES, SignedHead, split_salted};

/// The one writer's side of a store.
///
/// A store holds groups in the order in which they were appended, for ever. Records have indexes 0, 1, 2, … without a
/// gap; a group may hold only refusals. What readers see, and what [`recover`](Self::recover) hands over after any
/// crash, is all groups whose `append` returned `Ok`, and perhaps the one whose `append` did not return.
pub trait Store: Send + Sized {
    /// The readers' side.
    type Reader: StoreReader;

    /// Hands everything durable to `replay`, oldest first, beginning with a snapshot where there is a fitting one.
    /// Called once, before anything else. On `Ok` the store is ready to append behind what was handed over; on `Err`
    /// nothing that was acknowledged has been changed.
    fn recover(&mut self, replay: &mut dyn Replay) -> Result<Recovery, OpenError>;

    /// Appends a group, all or nothing. On `Ok` it is durable and readers see it. On `Err` nobody knows whether it
    /// will be there after a restart, and every later call fails too.
    fn append(&mut self, group: &Group) -> Result<(), Fault>;

    /// Whether it is time to offer a snapshot: it shortens the next opening and is never needed for the truth.
    fn wants_snapshot(&self) -> bool;

    /// Takes a snapshot as of the newest group; `make` runs on another thread. A snapshot that cannot be kept is left
    /// out: the reader's `health` tells.
    fn offer_snapshot(&mut self, make: SnapshotMaker);

    /// Returns a handle for reading.
    fn reader(&self) -> Self::Reader;

    /// Finishes what runs in the background and anchors the newest head. Everything acknowledged is durable also
    /// without it.
    fn close(self) -> Result<(), Fault>;
}

/// The readers' side of a store: a cheap handle for any thread. It goes on working when the writer has failed.
pub trait StoreReader: Clone + Send + Sync + 'static {
    /// Returns salt and record at `index`; `None` beyond the newest group.
    fn record(&self, index: u64) -> Result<Option<StoredRecord>, ReadFault>;

    /// Returns what record `index` posted; `None` beyond the newest group.
    fn posted(&self, index: u64) -> Result<Option<Posted>, ReadFault>;

    /// Returns the index under which the entry `id` stands among the records of `recorded`.
    fn find(&self, id: &EntryId, recorded: RangeInclusive<Timestamp>) -> Result<Option<u64>, ReadFault>;

    /// Returns the commitments `C` of records `256 * number` on, 256 or as many as there are.
    fn commitments(&self, number: u64) -> Result<Vec<[u8; 32]>, ReadFault>;

    /// Returns of each record of that tile its commitment `C` and what it posted, in one reading.
    fn tile(&self, number: u64) -> Result<Vec<([u8; 32], Posted)>, ReadFault>;

    /// Returns salts and records from `from` on, in order, to the newest group there is when the iterator ends.
    fn records(&self, from: u64) -> Box<dyn Iterator<Item = Result<StoredRecord, ReadFault>> + Send>;

    /// Remembers the newest group outside the journal; on `Ok` that is durable, and the size it covers is returned.
    /// A checkpoint may leave the node once this covers it.
    fn anchor(&self) -> Result<u64, Fault>;

    /// Returns what is not as it should be although the store works; empty when all is well.
    fn health(&self) -> Vec<String>;
}

/// What a store hands over when it is opened.
pub trait Replay {
    /// Takes the state to start from, exactly as it was made; called at most once, before any group. After `Err` the replay begins from
    /// nothing.
    fn restore(&mut self, snapshot: Snapshot) -> Result<(), Unfit>;

    /// Takes the next durable group, and returns it with what it posted.
    fn group(&mut self, group: StoredGroup<'_>) -> Result<&Group, Unfit>;

    /// Compares `snapshot` with the present state, which was reached without it.
    fn matches(&mut self, snapshot: &Snapshot) -> bool;
}

/// Why a replay cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {index}: {why}")]
pub struct Unfit {
    /// Index of the record, or the size of the log where a head is wrong.
    pub index: u64,
    /// What does not fit.
    pub why: String,
}

/// The state of the ledger after some group, to be opened from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The head of the log.
    pub head: SignedHead,
    /// The books, as their own canonical bytes.
    pub books: Vec<u8>,
    /// The tree.
    pub tree: TreeState,
    /// The refusals that are remembered.
    pub refusals: Vec<Refusal>,
}

/// Makes a snapshot on another thread from what it holds.
pub type SnapshotMaker = Box<dyn FnOnce() -> Snapshot + Send>;

/// A durable group as it is handed over.
#[derive(Clone, Copy, Debug)]
pub struct StoredGroup<'g> {
    /// Salt and record of each record, one behind the other.
    pub records: &'g [&'g [u8]],
    /// Its refusals, encoded.
    pub refusals: &'g [&'g [u8]],
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The head that seals it.
    pub head: SignedHead,
}

/// A record as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its salt.
    pub salt: Salt,
    /// Its canonical bytes.
    pub record: Vec<u8>,
}

/// What a record posted, for overviews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its index.
    pub index: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The id of its entry.
    pub id: EntryId,
    /// What the entry does.
    pub kind: Kind,
    /// Its lines.
    pub lines: Vec<PostedLine>,
}

/// What opening a store found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Size of the snapshot that the replay began with.
    pub snapshot: Option<u64>,
    /// How many records were replayed.
    pub replayed: u64,
    /// Why the views were built anew, if they were.
    pub views_rebuilt: Option<String>,
    /// Whatever else a person should know: bytes set aside, a damaged slot.
    pub notes: Vec<String>,
}

/// Says why something was not made durable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The embedded store's disk failed.
    #[error(transparent)]
    Embedded(#[from] embedded::fault::Fault),
    /// A test took the store away.
    #[error("the store was told to fail: open it again")]
    Told,
}

/// Says why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    /// The journal did not answer, or not with what was written.
    #[error(transparent)]
    Journal(#[from] embedded::fault::ReadError),
    /// The views do not have it.
    #[error(
        "the views cannot answer ({why}): they are built anew at the next start; the ledger itself is safe"
    )]
    Views {
        /// What is wrong.
        why: String,
    },
}

/// Says why a store was not opened. Nothing that was acknowledged has been changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The embedded store's directory is damaged, in use, or its disk failed.
    #[error(transparent)]
    Embedded(#[from] embedded::fault::OpenError),
    /// What is stored does not follow from itself by the rules.
    #[error(
        "the journal was read, but does not hold together: {0}; records before it are safe: keep a copy of the \
         directory; `klaver-node verify` says what holds, and what serving an earlier copy costs"
    )]
    Unfit(#[from] Unfit),
}

impl From<embedded::fault::ReadError> for OpenError {
    fn from(error: embedded::fault::ReadError) -> Self {
        Self::Embedded(error.into())
    }
}

/// Lets the tree take old tiles from a store.
pub(crate) struct StoredTiles<'r, R>(pub &'r R);

impl<R: StoreReader> crate::log::tree::LeafTiles for StoredTiles<'_, R> {
    fn leaf_tile(&self, number: u64) -> Option<Vec<Hash>> {
        let commitments = self.0.commitments(number).ok()?;
        (commitments.len() == 256).then(|| commitments.iter().map(crate::record::leaf_hash_of).collect())
    }
}
