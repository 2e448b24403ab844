//! The engine ties books, log and store together: one writer that decides, seals, makes durable, publishes, answers.
//!
//! [`Ledger::commit`] takes the ledger and gives it back only when the group is durable, so going on after a fault
//! does not compile. Nothing is published or answered before the store's `append` has returned.

mod checking;
mod read_only;
mod reader;
mod refusals;
pub(crate) mod replay;
#[cfg(test)]
mod tests;

pub use checking::{Difference, check_stored};
pub use read_only::{ReadOnlyLedger, open_read_only};
pub use reader::{Holder, Published, ReadError, Reader, StandingGuard, Statement, StatementLine};
pub use replay::Beginning;

use crate::books::{Books, Effects, refusal_once_signed, rules};
use crate::charter::Charter;
use crate::entry::{Body, VerifiedEntry};
use crate::keys::{PublicKey, SigningKey, sign};
use crate::limits::GROUP_RECORDS_MAX;
use crate::log::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::log::hash::Hash;
use crate::log::key::{KeyKind, KeyName, VerifierKey};
use crate::log::proof::TreeHead;
use crate::log::tree::{NoLeafTiles, Tree};
use crate::receipt::{LogIdentity, Opening, Receipt};
use crate::record::{Committer, Salt, SaltSource};
use crate::refusal::Refusal;
use crate::store::{self, Group, OpenError, Recovery, SALT_BYTES, SignedHead, Snapshot, Store, StoreReader};
use crate::time::Timestamp;
use reader::recording_window;
use refusals::{Refusals, must_be_remembered, refusal_of, too_many};
use replay::{Replayer, posted_lines};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// The keys of the node that the engine uses.
pub struct NodeKeys {
    /// Signs checkpoints and nothing else.
    pub log: SigningKey,
}

/// The one writer of a ledger.
pub struct Ledger<S: Store> {
    store: S,
    books: Books,
    refusals: Refusals,
    salts: Box<dyn SaltSource>,
    signer: LogSigner,
    shared: Arc<Shared>,
    group: Group,
    /// The head of the newest durable group.
    head: SignedHead,
    committer: Committer,
}

/// What readers share with the writer.
pub(crate) struct Shared {
    /// May already hold leaves of a group that is not durable yet: readers ask at the published size.
    tree: RwLock<Tree>,
    published: RwLock<Published>,
}

/// The answer to one entry. It is given only when everything it rests on is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The entry was recorded.
    Recorded(Receipt),
    /// The entry had been recorded before: same index, same opening.
    Known(Receipt),
    /// The rules do not allow it, or did not when it was declined.
    Declined(Refusal),
    /// The entry may have been recorded before, but the store cannot tell or show it now. Nothing was changed.
    Unanswered {
        /// What could not be read.
        why: ReadError,
    },
}

/// Says why a group was not recorded. The ledger has to be opened again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The store failed: whether the group is there is known after opening again.
    #[error(transparent)]
    Store(#[from] store::Fault),
    /// The node's log key cannot sign for the charter in force.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
}

/// Why the node's log key cannot sign checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogKeyError {
    /// The charter names other keys.
    #[error(
        "the node's log key {key} is not among the charter's: put the right key in place, or have the council change the charter"
    )]
    NotInCharter {
        /// The node's key.
        key: PublicKey,
    },
    /// The charter's origin cannot name a key.
    #[error("the log's origin cannot be used: {0}")]
    Origin(#[from] crate::log::key::KeyError),
}

/// Says why a ledger was not founded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoundError {
    /// There is a ledger in this store.
    #[error("there is a ledger of {size} records here already: open it, or found the new one elsewhere")]
    NotEmpty {
        /// How many records it has.
        size: u64,
    },
    /// The entry does not found anything.
    #[error("the first entry must be of kind found, this is {kind}: make a founding entry")]
    WrongKind {
        /// Its kind.
        kind: crate::entry::Kind,
    },
    /// The rules do not allow the founding entry.
    #[error("{}", .0.sentence)]
    Declined(Box<Refusal>),
    /// The node's log key does not fit the charter.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] store::Fault),
}

/// Says why a ledger was not opened. Nothing that was acknowledged has been changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerOpenError {
    /// The store is empty.
    #[error("there is no ledger here: found one, or name the right directory")]
    NotFounded,
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The newest head was not signed by a key of the charter.
    #[error(
        "the newest group of {size} records was not signed by this ledger's log: {why}; keep a copy of the \
         directory; `klaver-node verify` says what holds, and what serving an earlier copy costs"
    )]
    HeadNotOurs {
        /// How many records there are.
        size: u64,
        /// What is wrong with the signature.
        why: CheckpointError,
    },
    /// The node's log key does not fit the charter.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
}

/// What opening a ledger found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningReport {
    /// How many records there are.
    pub size: u64,
    /// What the store found and did.
    pub recovery: Recovery,
}

/// What was decided about an entry of a batch, before anything is durable.
enum Decision {
    /// It is recorded by this group, at this place in it.
    Record(usize),
    /// It is recorded already.
    Known(u64),
    Answer(Box<Outcome>),
}

impl Decision {
    fn answer(outcome: Outcome) -> Self {
        Self::Answer(Box::new(outcome))
    }
}

impl<S: Store> Ledger<S> {
    /// Founds a ledger in an empty store with `entry`, which every council key has signed.
    ///
    /// # Errors
    /// When the store is not empty, the entry is not allowed, or the log key is not among the charter's.
    pub fn found(
        store: S,
        keys: NodeKeys,
        entry: VerifiedEntry,
        now: Timestamp,
        salts: impl SaltSource + 'static,
    ) -> Result<(Self, Receipt), FoundError> {
        Self::found_on(Books::new(), store, keys, entry, now, salts)
    }

    /// As [`found`](Self::found), on the books that came over from a predecessor: [`Books::succeeding`].
    ///
    /// # Errors
    /// As [`found`](Self::found).
    pub fn found_on(
        beginning: Books,
        mut store: S,
        keys: NodeKeys,
        entry: VerifiedEntry,
        now: Timestamp,
        salts: impl SaltSource + 'static,
    ) -> Result<(Self, Receipt), FoundError> {
        let mut replayer = Replayer::beginning(beginning);
        store.recover(&mut replayer)?;
        let size = replayer.books.standing().size();
        if size > 0 {
            return Err(FoundError::NotEmpty { size });
        }
        let Body::Found(found) = &entry.entry().body else {
            return Err(FoundError::WrongKind { kind: entry.entry().body.kind() });
        };
        let signer = LogSigner::new(keys.log, &found.charter)?;
        let ledger = Self::assemble(store, replayer, signer, Box::new(salts));
        match ledger.commit(vec![entry], now) {
            Ok((ledger, mut outcomes)) => match outcomes.pop() {
                Some(Outcome::Recorded(receipt) | Outcome::Known(receipt)) => Ok((ledger, receipt)),
                Some(Outcome::Declined(refusal)) => Err(FoundError::Declined(Box::new(refusal))),
                Some(Outcome::Unanswered { .. }) | None => unreachable!("an empty ledger knows no entry"),
            },
            Err(Fault::Store(fault)) => Err(fault.into()),
            Err(Fault::LogKey(error)) => Err(error.into()),
        }
    }

    /// Opens a ledger: replays what is stored through the rules and compares the roots that the log has signed.
    ///
    /// # Errors
    /// Says what is damaged, what is safe, and which command helps.
    pub fn open(
        store: S,
        keys: NodeKeys,
        salts: impl SaltSource + 'static,
    ) -> Result<(Self, OpeningReport), LedgerOpenError> {
        Self::open_on(Box::new(|| Ok(Books::new())), store, keys, salts)
    }

    /// As [`open`](Self::open), of a ledger that was founded on what `beginning` brings: [`Books::succeeding`]. It is
    /// asked only when everything is replayed, not when a snapshot is at hand.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(
        beginning: Beginning,
        mut store: S,
        keys: NodeKeys,
        salts: impl SaltSource + 'static,
    ) -> Result<(Self, OpeningReport), LedgerOpenError> {
        let mut replayer = Replayer::beginning_with(beginning);
        let recovery = store.recover(&mut replayer)?;
        let (head, charters) = newest_head(&replayer)?;
        let ours = PublicKey::of(&keys.log);
        let named = charters.iter().find(|charter| charter.log_keys.contains(&ours));
        let signer = LogSigner::new(keys.log, named.unwrap_or(&charters[0]))?;
        let report = OpeningReport { size: head.size, recovery };
        let mut ledger = Self::assemble(store, replayer, signer, Box::new(salts));
        if ledger.store.wants_snapshot() {
            ledger.offer_snapshot();
        }
        Ok((ledger, report))
    }

    fn assemble(store: S, replayer: Replayer, signer: LogSigner, salts: Box<dyn SaltSource>) -> Self {
        let Replayer { books, tree, refusals, newest, .. } = replayer;
        let (checkpoint, signature) = signer.sign(tree.head());
        let head = SignedHead { size: tree.size(), root: tree.root(), signature };
        let head = newest.map_or(head, |(head, _)| head);
        let published = Published {
            standing: books.standing().clone(),
            note: Arc::new(checkpoint.note().clone()),
            checkpoint,
        };
        let shared = Arc::new(Shared { tree: RwLock::new(tree), published: RwLock::new(published) });
        let (group, committer) = (Group::default(), Committer::default());
        Self { store, books, refusals, salts, signer, shared, group, head, committer }
    }

    /// Decides about each entry in order, makes what was accepted durable in one group, and answers each in order.
    ///
    /// `now` is the time of the group; it never goes back behind the newest record. A batch of more than
    /// [`GROUP_RECORDS_MAX`] entries becomes several groups.
    ///
    /// # Errors
    /// The ledger is gone then: open it again, and send what was not answered again.
    pub fn commit(
        mut self,
        batch: Vec<VerifiedEntry>,
        now: Timestamp,
    ) -> Result<(Self, Vec<Outcome>), Fault> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for entries in batch.chunks(GROUP_RECORDS_MAX) {
            self.commit_group(entries, now, &mut outcomes)?;
        }
        Ok((self, outcomes))
    }

    fn commit_group(
        &mut self,
        entries: &[VerifiedEntry],
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Fault> {
        let now = now.max(self.books.standing().last_recorded_at());
        self.refusals.forget_expired(now);
        self.group.clear(now);
        let mut posted = Vec::with_capacity(entries.len());
        let mut leaves = Vec::with_capacity(entries.len());
        let decisions: Vec<Decision> =
            entries.iter().map(|entry| self.decide(entry, now, &mut posted, &mut leaves)).collect();
        if !self.group.is_empty() {
            self.seal(now, &leaves)?;
            self.publish(now, &posted);
        }
        let mut receipts = self.receipts().into_iter();
        outcomes.extend(decisions.into_iter().map(|decision| match decision {
            Decision::Record(place) => {
                let receipt = receipts.next().expect("each recorded entry has its receipt");
                debug_assert_eq!(receipt.index, self.group.record(place).index);
                Outcome::Recorded(receipt)
            }
            Decision::Known(index) => match self.reader().receipt(index, Holder::Signer) {
                Ok(receipt) => Outcome::Known(receipt),
                Err(why) => Outcome::Unanswered { why },
            },
            Decision::Answer(outcome) => *outcome,
        }));
        if self.store.wants_snapshot() {
            self.offer_snapshot();
        }
        Ok(())
    }

    /// Recorded before: the same receipt. Declined before: the same refusal. Else the rules decide.
    fn decide(
        &mut self,
        entry: &VerifiedEntry,
        now: Timestamp,
        posted: &mut Vec<Effects>,
        leaves: &mut Vec<Hash>,
    ) -> Decision {
        let id = entry.id();
        // INV-9: an entry that was recorded has its receipt for ever.
        if let Some(index) = self.books.recorded(&id) {
            return Decision::Known(index);
        }
        let expires_at = entry.entry().expires_at;
        if expires_at.has_passed(now) {
            // The memory of ids ends with their expiry; the store knows all of them. A slow question, but a rare one.
            match self.store.reader().find(&id, recording_window(expires_at)) {
                Ok(Some(index)) => return Decision::Known(index),
                Ok(None) => {}
                Err(why) => return Decision::answer(Outcome::Unanswered { why: why.into() }),
            }
        }
        // INV-11: a "no" that a till has seen stays a "no".
        if let Some(refusal) = self.refusals.get(&id) {
            return Decision::answer(Outcome::Declined((**refusal).clone()));
        }
        match rules::apply(&self.books, entry, now) {
            Ok(effects) => {
                let index = self.books.standing().size();
                let salt = Salt(self.salts.salt());
                let lines = posted_lines(&self.books, effects.lines());
                leaves.push(self.group.push(index, salt, entry, lines, &mut self.committer));
                self.books.post(entry, now, &effects);
                posted.push(effects);
                Decision::Record(self.group.record_count() - 1)
            }
            Err(rejection) => {
                // The rules have not decided about an entry that lacks signatures: the forecast is not remembered.
                if rejection.is_draft()
                    && let Some(foreseen) = refusal_once_signed(&self.books, entry, now)
                {
                    return Decision::answer(Outcome::Declined(refusal_of(entry, &foreseen)));
                }
                let refusal = refusal_of(entry, &rejection);
                if must_be_remembered(entry, &rejection) {
                    if !self.refusals.has_room(&refusal.charged_to) {
                        return Decision::answer(Outcome::Declined(too_many(entry)));
                    }
                    self.group.refuse(refusal.clone());
                    self.refusals.remember(refusal.clone());
                }
                Decision::answer(Outcome::Declined(refusal))
            }
        }
    }

    /// Adds the leaves to the tree, signs the new root, and makes the group durable.
    fn seal(&mut self, now: Timestamp, leaves: &[Hash]) -> Result<(), Fault> {
        if let Some(charter) = self.books.standing().charter(now) {
            self.signer.follow(charter)?;
        }
        // INV-10: leaves are only ever added, so every head extends the ones before.
        let head = {
            let mut tree = self.shared.tree.write().unwrap_or_else(PoisonError::into_inner);
            for leaf in leaves {
                tree.append_hash(*leaf);
            }
            tree.head()
        };
        // INV-5: one leaf for each record.
        assert_eq!(head.size, self.books.standing().size(), "the log has one leaf for each record");
        let (checkpoint, signature) = self.signer.sign(head);
        self.group.seal(SignedHead { size: head.size, root: head.root, signature });
        // From here on the group exists or the ledger is gone.
        self.store.append(&self.group)?;
        self.head = self.group.head();
        self.signer.newest = Some(checkpoint);
        Ok(())
    }

    fn publish(&mut self, now: Timestamp, posted: &[Effects]) {
        let checkpoint = self.signer.newest.take().expect("a sealed group has a checkpoint");
        let mut published = self.shared.published.write().unwrap_or_else(PoisonError::into_inner);
        for effects in posted {
            published.standing.post(now, effects);
        }
        assert_eq!(
            published.standing.size(),
            checkpoint.checkpoint().size,
            "what is shown is what the checkpoint covers"
        );
        published.note = Arc::new(checkpoint.note().clone());
        published.checkpoint = checkpoint;
    }

    /// Returns the receipts of the group's records for those who signed them.
    fn receipts(&self) -> Vec<Receipt> {
        let Some(first) = (self.group.record_count() > 0).then(|| self.group.record(0).index) else {
            return Vec::new();
        };
        let head = self.group.head();
        let proofs = self
            .shared
            .tree()
            .inclusion_proofs(first..head.size, head.size, &NoLeafTiles)
            .expect("the leaves of the newest group are in the tree's window");
        let note = self.shared.published.read().unwrap_or_else(PoisonError::into_inner).note.clone();
        let receipt = |(record, proof): (crate::store::GroupRecord<'_>, Vec<Hash>)| Receipt {
            index: record.index,
            opening: Opening::Signer {
                record_salt: record.record_salt,
                record: record.salted[SALT_BYTES..].to_vec(),
                view_root: record.view_root,
            },
            proof,
            checkpoint: note.clone(),
        };
        self.group.records().zip(proofs).map(receipt).collect()
    }

    fn offer_snapshot(&mut self) {
        let tree = self.shared.tree().state();
        let (books, refusals, head) = (self.books.clone(), self.refusals.list(), self.head);
        assert_eq!(head.size, tree.size, "a snapshot is taken behind a whole group");
        self.store.offer_snapshot(Box::new(move || Snapshot {
            head,
            books: books.encode_snapshot(),
            tree,
            refusals,
        }));
    }

    /// Returns a handle for reading.
    pub fn reader(&self) -> Reader<S::Reader> {
        Reader { store: self.store.reader(), shared: self.shared.clone() }
    }

    /// Returns the working books, which the rules judge by: for the writer's own tests and figures.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Anchors the newest head and lets background work finish; the next opening is then fastest.
    ///
    /// # Errors
    /// When the store fails; everything acknowledged is durable also then.
    pub fn close(mut self) -> Result<(), store::Fault> {
        if self.head.size > 0 {
            self.offer_snapshot();
        }
        self.store.close()
    }
}

impl Shared {
    pub(crate) fn tree(&self) -> RwLockReadGuard<'_, Tree> {
        self.tree.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The log's key with the name that the charter gives it.
struct LogSigner {
    key: SigningKey,
    origin: KeyName,
    verifier: VerifierKey,
    /// The charter's keys when the key was last found among them.
    log_keys: Vec<PublicKey>,
    /// The checkpoint of the group that is being made durable.
    newest: Option<SignedCheckpoint>,
}

impl LogSigner {
    fn new(key: SigningKey, charter: &Charter) -> Result<Self, LogKeyError> {
        let public = PublicKey::of(&key);
        if !charter.log_keys.contains(&public) {
            return Err(LogKeyError::NotInCharter { key: public });
        }
        let origin = KeyName::new(charter.origin.clone())?;
        let verifier = VerifierKey::new(origin.clone(), KeyKind::Note, public.as_bytes())?;
        Ok(Self { key, origin, verifier, log_keys: charter.log_keys.clone(), newest: None })
    }

    /// Takes the name and keys of the charter in force, where they have changed.
    fn follow(&mut self, charter: &Charter) -> Result<(), LogKeyError> {
        if charter.origin != self.origin.as_str() || charter.log_keys != self.log_keys {
            *self = Self::new(self.key.clone(), charter)?;
        }
        Ok(())
    }

    fn sign(&self, head: TreeHead) -> (SignedCheckpoint, [u8; 64]) {
        let mut signature = [0; 64];
        let checkpoint = Checkpoint { origin: self.origin.clone(), size: head.size, root: head.root };
        let signed = checkpoint.sign(&self.verifier, |text| {
            signature = sign(&self.key, text).0;
            signature
        });
        (signed.expect("the key has the log's name and is a log key"), signature)
    }
}

/// Returns the newest head, which one of the log's keys signed, and the charters that may be in force.
fn newest_head(replayer: &Replayer) -> Result<(SignedHead, Vec<Arc<Charter>>), LedgerOpenError> {
    let (head, recorded_at) = replayer.newest.ok_or(LedgerOpenError::NotFounded)?;
    let standing = replayer.books.standing();
    let charter = standing.charter(recorded_at).ok_or(LedgerOpenError::NotFounded)?.clone();
    // A charter that waits may be in force by now: its keys may have signed the newest head, and may be ours.
    let next = standing.waiting_charter(recorded_at).map(|waiting| waiting.charter.clone());
    let charters: Vec<_> = [Some(charter), next].into_iter().flatten().collect();
    signed_by(replayer, &charters, &head)?;
    Ok((head, charters))
}

/// Returns `head` as the checkpoint that a log key of one of the charters signed.
fn signed_by(
    replayer: &Replayer,
    charters: &[Arc<Charter>],
    head: &SignedHead,
) -> Result<SignedCheckpoint, LedgerOpenError> {
    let ledger = replayer.books.standing().community().ok_or(LedgerOpenError::NotFounded)?.ledger;
    let mut why = CheckpointError::Note(crate::log::note::NoteError::NoKnownKey);
    for charter in charters {
        let log = LogIdentity::new(ledger, &charter.origin, &charter.log_keys).map_err(LogKeyError::from)?;
        match check_head(&log, head) {
            Ok(checkpoint) => return Ok(checkpoint),
            Err(refused) => why = refused,
        }
    }
    Err(LedgerOpenError::HeadNotOurs { size: head.size, why })
}

/// Checks that one of the log's keys signed `head`.
fn check_head(log: &LogIdentity, head: &SignedHead) -> Result<SignedCheckpoint, CheckpointError> {
    let mut refused = None;
    for key in log.keys() {
        let checkpoint = Checkpoint { origin: key.name().clone(), size: head.size, root: head.root };
        match checkpoint.with_signature(key, &head.signature) {
            Ok(checkpoint) => return Ok(checkpoint),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or(CheckpointError::Note(crate::log::note::NoteError::NoKnownKey)))
}
