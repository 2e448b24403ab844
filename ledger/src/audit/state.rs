//! What an auditor keeps from one audit to the next: the books, the right edge of the tree, the heads that were
//! compared, the newest checkpoint, and what questions are asked of.
//!
//! It is the auditor's own file, trusted as far as its checksum holds; nobody else's word is in it. Whoever has the
//! slightest doubt replays everything.

use super::frontier::Frontier;
use super::questions::History;
use super::stamps::Witnessed;
use super::verdict::Audited;
use crate::books::Books;
use crate::entry::cbor::{CborError, Reader, Writer};
use crate::id::LedgerId;
use crate::log::hash::Hash;
use crate::log::proof::TreeHead;
use sha2::{Digest as _, Sha256};

/// First bytes of the file: what it is and its version.
const MAGIC: &[u8] = b"klaver/audit-state/v3\n";
const CHECKSUM_BYTES: usize = 32;

/// Where an audit stopped.
#[derive(Debug)]
pub struct AuditState {
    pub(super) ledger: LedgerId,
    pub(super) books: Books,
    pub(super) tree: Frontier,
    pub(super) history: History,
    pub(super) witnessed: Vec<Witnessed>,
    heads: Vec<TreeHead>,
    checkpoint: Option<String>,
}

/// Why a kept state cannot be gone on from: everything must be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Another program, or another version of this one, wrote it.
    #[error("it is no state of this version")]
    OtherVersion,
    /// Its checksum does not hold, or what it says cannot be.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

impl AuditState {
    /// Reads what [`Audited::encode_state`] wrote.
    ///
    /// # Errors
    /// [`StateError`], for anything but a whole file of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(StateError::OtherVersion)?;
        let damaged = |why: &str| StateError::Damaged(why.to_owned());
        let (checksum, body) =
            rest.split_at_checked(CHECKSUM_BYTES).ok_or_else(|| damaged("it breaks off"))?;
        if Sha256::digest(body).as_slice() != checksum {
            return Err(damaged("its checksum does not hold"));
        }
        let state = Self::read(body).map_err(|error| damaged(&error.to_string()))?;
        let size = state.books.standing().size();
        if state.tree.size() != size || state.history.events().len() as u64 != size {
            return Err(damaged("its parts are of different sizes"));
        }
        Ok(state)
    }

    fn read(body: &[u8]) -> Result<Self, CborError> {
        let r = &mut Reader::new(body);
        r.array("state", 7)?;
        let ledger = LedgerId(r.fixed("ledger")?);
        let size = r.uint("size")?;
        let subtrees = r.list("subtrees", 0..=64, |r| r.fixed("subtree").map(Hash))?;
        let heads = r.list("heads", 0..=u32::MAX as usize, |r| {
            r.array("head", 2)?;
            Ok(TreeHead { size: r.uint("size")?, root: Hash(r.fixed("root")?) })
        })?;
        let witnessed = r.list("witnessed", 0..=u32::MAX as usize, |r| {
            r.array("witnessed", 2)?;
            Ok(Witnessed { size: r.uint("size")?, at: r.uint("at")? })
        })?;
        // A note has lines, which no text of an entry may have.
        let checkpoint =
            r.optional(|r| r.bytes("checkpoint").map(|note| String::from_utf8_lossy(note).into_owned()))?;
        r.array("content", 2)?;
        let books = Books::decode_own_snapshot(r.bytes("books")?)?;
        let history = History::read(r)?;
        r.end("state")?;
        let tree = Frontier::of(size, subtrees)
            .ok_or_else(|| CborError::out_of_range("subtrees", size, "one for each bit of the size"))?;
        Ok(Self { ledger, books, tree, history, witnessed, heads, checkpoint })
    }

    /// Returns the ledger.
    pub fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// Returns how many records were replayed.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Returns size and root of what was replayed.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.tree.size(), root: self.tree.root() }
    }

    /// Returns the newest checkpoint then, as the log signed it.
    pub fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// Returns whether a head below the size was compared then.
    pub fn has_compared(&self, head: &TreeHead) -> bool {
        self.heads.contains(head)
    }

    /// Returns the heads that were compared then.
    pub fn heads(&self) -> &[TreeHead] {
        &self.heads
    }
}

impl Audited {
    /// Returns what the next audit goes on from; `heads` are those that were compared, `checkpoint` the newest note.
    ///
    /// `None` of an audit that asked no questions: the next one could not ask them either.
    pub fn encode_state(&self, heads: &[TreeHead], checkpoint: Option<&str>) -> Option<Vec<u8>> {
        let history = self.history.as_ref()?;
        let w = &mut Writer::with_capacity(64 * 1_024);
        w.array(7).bytes(&self.ledger.0).uint(self.head.size);
        w.list(self.tree.subtrees(), |w, hash| {
            w.bytes(&hash.0);
        });
        w.list(heads, |w, head| {
            w.array(2).uint(head.size).bytes(&head.root.0);
        });
        w.list(&self.witnessed, |w, seen| {
            w.array(2).uint(seen.size).uint(seen.at);
        });
        w.optional(checkpoint, |w, note| {
            w.bytes(note.as_bytes());
        });
        w.array(2).bytes(&self.books.encode_snapshot());
        history.write(w);
        let body = std::mem::replace(w, Writer::with_capacity(0)).finish();
        let checksum = Sha256::digest(&body);
        Some([MAGIC, checksum.as_slice(), &body].concat())
    }
}
