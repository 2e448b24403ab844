//! What may be read while the writer writes: what is published, and everything stored below it.

use super::Shared;
use crate::books::Standing;
use crate::id::{AccountId, EntryId};
use crate::limits::VALIDITY_SECONDS_MAX;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::hash::Hash;
use crate::log::note::Note;
use crate::log::proof::TreeHead;
use crate::log::tile::{EntryBundle, HashTile};
use crate::log::tree::{LeafTiles, Tree, TreeError};
use crate::receipt::{Opening, Receipt};
use crate::record::{LedgerLine, leaf_of, record_hash, view_tree};
use crate::store::{Fault, Posted, ReadFault, StoreReader, StoredRecord, StoredTiles};
use crate::time::{Deadline, Timestamp};
use std::ops::{Deref, RangeInclusive};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Reads a ledger from any thread; never sees more than what is durable and published.
#[derive(Clone)]
pub struct Reader<R> {
    pub(super) store: R,
    pub(super) shared: Arc<Shared>,
}

/// What readers see: replaced after each durable group.
pub struct Published {
    pub(super) standing: Standing,
    pub(super) checkpoint: SignedCheckpoint,
    pub(super) note: Arc<Note>,
}

/// The published standing, held still while it is looked at: let it go soon, the writer waits for it.
///
/// While a thread holds it, it asks the reader nothing else: a second look would wait behind the writer, which waits for
/// the first. A build with debug assertions panics instead.
pub struct StandingGuard<'r>(Look<'r>);

impl Deref for StandingGuard<'_> {
    type Target = Standing;

    fn deref(&self) -> &Standing {
        &self.0.published.standing
    }
}

/// A look at what is published; a thread has one at a time.
struct Look<'r> {
    published: RwLockReadGuard<'r, Published>,
}

#[cfg(debug_assertions)]
thread_local! {
    static IS_LOOKING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

impl<'r> Look<'r> {
    fn at(published: &'r RwLock<Published>) -> Self {
        #[cfg(debug_assertions)]
        assert!(!IS_LOOKING.replace(true), "a thread that holds the standing asks the reader nothing else");
        Self { published: published.read().unwrap_or_else(PoisonError::into_inner) }
    }
}

#[cfg(debug_assertions)]
impl Drop for Look<'_> {
    fn drop(&mut self) {
        IS_LOOKING.set(false);
    }
}

impl Deref for Look<'_> {
    type Target = Published;

    fn deref(&self) -> &Published {
        &self.published
    }
}

/// Who asks for a receipt: what may be opened for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Somebody who signed the entry.
    Signer,
    /// An account, for its first line in the record.
    Account(AccountId),
    /// The account of this line, by its number in the record.
    Line(u16),
    /// A named auditor.
    Auditor,
}

/// A page of an account's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The lines, newest first.
    pub lines: Vec<StatementLine>,
    /// Ask for lines before this index to see older ones; `None` when there are none.
    pub before: Option<u64>,
}

/// One line of an account's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// The line with its place and time.
    pub line: LedgerLine,
    /// Its number in the record.
    pub number: u16,
    /// The id of the entry that posted it.
    pub entry: EntryId,
}

/// Why a question about the ledger has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No record has this index yet.
    #[error("there is no record {index}, there are {size}: ask below that")]
    NoRecord {
        /// The index.
        index: u64,
        /// How many records are published.
        size: u64,
    },
    /// The record has no such line.
    #[error("record {index} has no line for this account: ask for one of its own records")]
    NoLine {
        /// The index.
        index: u64,
    },
    /// The store cannot read it.
    #[error(transparent)]
    Store(#[from] ReadFault),
    /// The tree cannot prove it.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl<R: StoreReader> Reader<R> {
    /// Returns the accounts and the charter as of the published size.
    pub fn standing(&self) -> StandingGuard<'_> {
        StandingGuard(self.published())
    }

    /// Returns the newest checkpoint; it may be given with receipts at once, and shown to everybody once it is
    /// [anchored](Self::anchor).
    pub fn checkpoint(&self) -> SignedCheckpoint {
        self.published().checkpoint.clone()
    }

    /// Returns size and root of the newest checkpoint.
    pub fn head(&self) -> TreeHead {
        self.published().checkpoint.checkpoint().head()
    }

    /// Anchors the newest checkpoint and returns it: from then on it may be shown at `/log/checkpoint` and to
    /// witnesses. Call it within a second of each commit.
    ///
    /// # Errors
    /// When the anchor cannot be made durable.
    pub fn anchor(&self) -> Result<SignedCheckpoint, Fault> {
        let checkpoint = self.checkpoint();
        let anchored = self.store.anchor()?;
        // What is published was appended before, so the anchor reaches it.
        assert!(checkpoint.checkpoint().size <= anchored, "the anchor covers what is published");
        Ok(checkpoint)
    }

    /// Returns the store's side, for what only a store knows.
    pub fn store(&self) -> &R {
        &self.store
    }

    /// Returns salt and record at `index`: for auditors and for export.
    ///
    /// # Errors
    /// `NoRecord` beyond the published size.
    pub fn record(&self, index: u64) -> Result<StoredRecord, ReadError> {
        let size = self.check_index(index)?;
        self.store.record(index)?.ok_or(ReadError::NoRecord { index, size })
    }

    /// Returns salts and records from `from` on, up to the size published now.
    pub fn records(&self, from: u64) -> impl Iterator<Item = Result<StoredRecord, ReadFault>> + Send {
        let count = self.head().size.saturating_sub(from);
        self.store.records(from).take(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Returns what record `index` posted.
    ///
    /// # Errors
    /// `NoRecord` beyond the published size.
    pub fn posted(&self, index: u64) -> Result<Posted, ReadError> {
        let size = self.check_index(index)?;
        self.store.posted(index)?.ok_or(ReadError::NoRecord { index, size })
    }

    /// Returns the lines of record `index`.
    ///
    /// # Errors
    /// `NoRecord` beyond the published size.
    pub fn lines(&self, index: u64) -> Result<Vec<LedgerLine>, ReadError> {
        Ok(lines_of(&self.posted(index)?))
    }

    /// Returns lines of `account`, newest first, older than record `before`, about `limit` of them: all lines of one
    /// record stay on one page.
    ///
    /// # Errors
    /// When the store cannot read them.
    pub fn statement(
        &self,
        account: &AccountId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Statement, ReadError> {
        let newest = self.standing().account(account).and_then(|account| account.last_line());
        let mut next = newest;
        if let Some(before) = before.filter(|before| newest.is_some_and(|newest| *before <= newest)) {
            // Pages begin where the last one ended, at a record of this account: one step leads on from there.
            next = previous(&self.posted(before)?, account).unwrap_or(newest);
        }
        let mut lines = Vec::new();
        while let Some(index) = next.filter(|_| lines.len() < limit.max(1)) {
            let posted = self.posted(index)?;
            next = previous(&posted, account).ok_or(ReadError::NoLine { index })?;
            if before.is_some_and(|before| before <= index) {
                continue;
            }
            let entry = posted.id;
            let numbered: Vec<(u16, LedgerLine)> = (0u16..).zip(lines_of(&posted)).collect();
            let own = numbered.into_iter().rev().filter(|(_, line)| line.line.account == *account);
            lines.extend(own.map(|(number, line)| StatementLine { line, number, entry }));
        }
        let before = next.and(lines.last().map(|last: &StatementLine| last.line.index));
        Ok(Statement { lines, before })
    }

    /// Returns the receipt of record `index` at the published size, opened for `holder`.
    ///
    /// # Errors
    /// `NoRecord`, `NoLine`, or what the store or the tree could not read.
    pub fn receipt(&self, index: u64, holder: Holder) -> Result<Receipt, ReadError> {
        self.receipt_with(index, self.opening(index, holder)?)
    }

    /// Returns the receipt of record `index` under an older checkpoint of this log, such as one that witnesses cosigned.
    ///
    /// # Errors
    /// As [`receipt`](Self::receipt); also when the checkpoint does not reach the record.
    pub fn receipt_at(
        &self,
        index: u64,
        holder: Holder,
        checkpoint: &SignedCheckpoint,
    ) -> Result<Receipt, ReadError> {
        let opening = self.opening(index, holder)?;
        let proof = self.inclusion_proof(index, checkpoint.checkpoint().size)?;
        Ok(Receipt { index, opening, proof, checkpoint: Arc::new(checkpoint.note().clone()) })
    }

    fn opening(&self, index: u64, holder: Holder) -> Result<Opening, ReadError> {
        let StoredRecord { salt, record } = self.record(index)?;
        let opening = match holder {
            Holder::Auditor => Opening::Auditor { salt, record },
            Holder::Signer => {
                let view_root = view_tree(&salt, &self.lines(index)?).root();
                Opening::Signer { record_salt: salt.of_record(), record, view_root }
            }
            Holder::Account(_) | Holder::Line(_) => {
                let lines = self.lines(index)?;
                let at = match holder {
                    Holder::Account(account) => lines.iter().position(|line| line.line.account == account),
                    Holder::Line(number) => Some(usize::from(number)),
                    Holder::Signer | Holder::Auditor => None,
                };
                let tree = view_tree(&salt, &lines);
                let found = at.and_then(|at| Some((at, *lines.get(at)?, tree.path(at)?)));
                let (at, line, path) = found.ok_or(ReadError::NoLine { index })?;
                let number = u16::try_from(at).expect("a record has at most 1,024 lines");
                Opening::Line {
                    line_salt: salt.of_line(number),
                    line,
                    number,
                    count: u16::try_from(lines.len()).expect("a record has at most 1,024 lines"),
                    path,
                    record_hash: record_hash(&salt.of_record(), &record),
                }
            }
        };
        Ok(opening)
    }

    pub(super) fn receipt_with(&self, index: u64, opening: Opening) -> Result<Receipt, ReadError> {
        let (size, checkpoint) = {
            let published = self.published();
            (published.checkpoint.checkpoint().size, published.note.clone())
        };
        let proof = self.inclusion_proof(index, size)?;
        Ok(Receipt { index, opening, proof, checkpoint })
    }

    /// Returns the index under which entry `id` was recorded; its expiry, where known, narrows the search.
    ///
    /// # Errors
    /// When the store cannot read its views.
    pub fn find(&self, id: &EntryId, expires_at: Option<Deadline>) -> Result<Option<u64>, ReadFault> {
        let window = expires_at.map_or(Timestamp::default()..=Timestamp::LATEST, recording_window);
        let found = self.store.find(id, window)?;
        Ok(found.filter(|index| *index < self.head().size))
    }

    /// Returns the proof that leaf `index` is in the log of `size` leaves.
    ///
    /// # Errors
    /// When `size` is above the published one, or an old tile cannot be read.
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, TreeError> {
        self.check_size(size)?;
        self.ask_tree(|tree, tiles| tree.inclusion_proof(index, size, tiles))
    }

    /// Returns the proof that the log of `new` leaves continues that of `old` leaves.
    ///
    /// # Errors
    /// When `new` is above the published size, or an old tile cannot be read.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, TreeError> {
        self.check_size(new)?;
        self.ask_tree(|tree, tiles| tree.consistency_proof(old, new, tiles))
    }

    /// Returns the hashes of `tile` in a log that shows `size` leaves.
    ///
    /// # Errors
    /// When the tile reaches beyond `size`, or `size` beyond what is published.
    pub fn tile(&self, tile: &HashTile, size: u64) -> Result<Vec<Hash>, TreeError> {
        self.check_size(size)?;
        self.ask_tree(|tree, tiles| tree.tile(tile, size, tiles))
    }

    /// Returns the leaves of `bundle` in a log that shows `size` leaves.
    ///
    /// # Errors
    /// As [`tile`](Self::tile).
    pub fn bundle(&self, bundle: &EntryBundle, size: u64) -> Result<Vec<[u8; 33]>, ReadError> {
        self.check_size(size)?;
        let (number, width) = (bundle.number(), usize::from(bundle.width()));
        if !bundle.exists_at(size) {
            let index = number.saturating_mul(256).saturating_add(width as u64 - 1);
            return Err(ReadError::NoRecord { index, size });
        }
        let commitments = self.store.commitments(number)?;
        if commitments.len() < width {
            return Err(TreeError::TileMissing { number }.into());
        }
        Ok(commitments[..width].iter().map(leaf_of).collect())
    }

    /// Asks the tree, and loads the old tiles that it needs while the writer may go on extending it.
    fn ask_tree<T>(
        &self,
        question: impl Fn(&Tree, &dyn LeafTiles) -> Result<T, TreeError>,
    ) -> Result<T, TreeError> {
        let mut loaded: Vec<(u64, Vec<Hash>)> = Vec::new();
        loop {
            let tiles =
                |number: u64| loaded.iter().find(|(known, _)| *known == number).map(|(_, tile)| tile.clone());
            let answer = question(&self.shared.tree(), &tiles);
            let number = match answer {
                Err(TreeError::TileMissing { number })
                    if loaded.iter().all(|(known, _)| *known != number) =>
                {
                    number
                }
                answer => return answer,
            };
            let tile = StoredTiles(&self.store).leaf_tile(number).ok_or(TreeError::TileMissing { number })?;
            loaded.push((number, tile));
        }
    }

    fn published(&self) -> Look<'_> {
        Look::at(&self.shared.published)
    }

    fn check_index(&self, index: u64) -> Result<u64, ReadError> {
        let size = self.head().size;
        if index < size { Ok(size) } else { Err(ReadError::NoRecord { index, size }) }
    }

    fn check_size(&self, size: u64) -> Result<(), TreeError> {
        let limit = self.head().size;
        if size <= limit { Ok(()) } else { Err(TreeError::SizeOutOfRange { size, limit }) }
    }
}

/// Returns when an entry that expires at `expires_at` can have been recorded.
pub(super) fn recording_window(expires_at: Deadline) -> RangeInclusive<Timestamp> {
    let latest = Timestamp::from_millis(expires_at.millis()).unwrap_or(Timestamp::LATEST);
    let earliest = expires_at.millis().saturating_sub(VALIDITY_SECONDS_MAX * 1_000);
    Timestamp::from_millis(earliest).unwrap_or_default()..=latest
}

pub(super) fn lines_of(posted: &Posted) -> Vec<LedgerLine> {
    let Posted { index, recorded_at, kind, .. } = *posted;
    posted.lines.iter().map(|posted| LedgerLine { index, recorded_at, kind, line: posted.line }).collect()
}

/// Returns the record before this one with a line of `account`; `None` when this one has none.
fn previous(posted: &Posted, account: &AccountId) -> Option<Option<u64>> {
    posted.lines.iter().find(|posted| posted.line.account == *account).map(|posted| posted.previous)
}
