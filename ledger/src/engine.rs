//! The engine ties books, log and store together: one writer that decides, seals, makes durable, publishes, answers.
//!
//! [`Ledger::commit`] takes the ledger and gives it back only when the group is durable, so going on after a fault
//! does not compile. Nothing is published or answered before the store's `append` has returned.

mod checking;
mod log_signer;
mod outcome;
mod read_only;
mod reader;
mod refusals;
pub(crate) mod replay;
#[cfg(test)]
mod tests;

pub use checking::{Difference, check_stored};
pub use outcome::{Fault, FoundError, LedgerOpenError, LogKeyError, NoReceipt, OpeningReport, Outcome};
pub use read_only::{ReadOnlyLedger, open_read_only};
pub use reader::{Holder, Published, ReadError, Reader, StandingGuard, Statement, StatementLine};
pub use replay::Beginning;

use crate::books::{Books, Effects, Rejection, check_end, refusal_once_signed, rules};
use crate::entry::{Body, VerifiedEntry};
use crate::keys::{PublicKey, SigningKey};
use crate::limits::GROUP_RECORDS_MAX;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::hash::Hash;
use crate::log::tree::{NoLeafTiles, Tree};
use crate::receipt::{Opening, Receipt};
use crate::record::{Committer, Salt, SaltSource};
use crate::store::{self, Group, SALT_BYTES, SignedHead, Snapshot, Store, StoreReader};
use crate::time::Timestamp;
use log_signer::{LogSigner, NewestHead, newest_head};
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

/// What was decided about an entry of a batch, before anything is durable.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every decision is a record: boxes would only be opened again"
)]
enum Decision {
    /// The working books have it, and this group.
    Record(Accepted),
    /// It is recorded already.
    Known(u64),
    Answer(Box<Outcome>),
}

/// An entry that the rules accepted.
struct Accepted {
    index: u64,
    effects: Effects,
    leaf: Hash,
}

impl Decision {
    fn answer(outcome: Outcome) -> Self {
        Self::Answer(Box::new(outcome))
    }

    fn accepted(&self) -> Option<&Accepted> {
        match self {
            Self::Record(accepted) => Some(accepted),
            Self::Known(_) | Self::Answer(_) => None,
        }
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
        let ledger = Self::assemble(store, replayer, signer, Box::new(salts), None);
        let (ledger, mut outcomes) = ledger.commit(vec![entry], now).map_err(|fault| match fault {
            Fault::Store(fault) => FoundError::from(fault),
            Fault::LogKey(error) => error.into(),
        })?;
        match outcomes.pop().expect("each entry has its outcome").receipt() {
            Ok(receipt) => Ok((ledger, receipt)),
            Err(NoReceipt::Declined(refusal)) => Err(FoundError::Declined(refusal)),
            Err(NoReceipt::Unanswered(_)) => unreachable!("an empty ledger knows no entry"),
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
        let NewestHead { head, charters, checkpoint } = newest_head(&replayer)?;
        let ours = PublicKey::of(&keys.log);
        let named = charters.iter().find(|charter| charter.log_keys.contains(&ours));
        let signer = LogSigner::new(keys.log, named.unwrap_or(&charters[0]))?;
        let report = OpeningReport { size: head.size, recovery };
        let mut ledger = Self::assemble(store, replayer, signer, Box::new(salts), Some(checkpoint));
        if ledger.store.wants_snapshot() {
            ledger.offer_snapshot();
        }
        Ok((ledger, report))
    }

    /// `newest` is the checkpoint of the newest group: its signature is shown again, and no other is made. The node's key
    /// may be one that is not in force yet.
    fn assemble(
        store: S,
        replayer: Replayer,
        signer: LogSigner,
        salts: Box<dyn SaltSource>,
        newest: Option<SignedCheckpoint>,
    ) -> Self {
        let Replayer { books, tree, refusals, newest: stored, .. } = replayer;
        let (head, checkpoint) = match (stored, newest) {
            (Some((head, _)), Some(checkpoint)) => (head, checkpoint),
            _ => {
                let (checkpoint, signature) = signer.sign(tree.head());
                (SignedHead { size: tree.size(), root: tree.root(), signature }, checkpoint)
            }
        };
        let published = Published {
            standing: books.standing().clone(),
            note: Arc::new(checkpoint.note().clone()),
            checkpoint,
        };
        let shared = Arc::new(Shared { tree: RwLock::new(tree), published: RwLock::new(published) });
        let (group, committer) = (Group::default(), Committer::default());
        Self { store, books, refusals, salts, signer, shared, group, head, committer }
    }

    /// Signs the newest head with the node's key where the charter in force at `now` names it and another key signed
    /// before: what is shown is by a key that counts. A key that is not in force yet signs nothing.
    pub fn take_over(&mut self, now: Timestamp) {
        let Some(charter) = self.books.standing().charter(now).cloned() else { return };
        if self.signer.follow(&charter).is_err() || self.signer.has_signed(&self.head) {
            return;
        }
        let (checkpoint, _) = self.signer.sign(self.shared.tree().head());
        let mut published = self.shared.published.write().unwrap_or_else(PoisonError::into_inner);
        published.note = Arc::new(checkpoint.note().clone());
        published.checkpoint = checkpoint;
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
            outcomes.extend(self.commit_group(entries, now)?);
        }
        Ok((self, outcomes))
    }

    fn commit_group(&mut self, entries: &[VerifiedEntry], now: Timestamp) -> Result<Vec<Outcome>, Fault> {
        let now = now.max(self.books.standing().last_recorded_at());
        self.refusals.forget_expired(now);
        self.group.clear(now);
        let decisions: Vec<Decision> = entries.iter().map(|entry| self.decide(entry, now)).collect();
        if !self.group.is_empty() {
            let checkpoint = self.seal(now, &decisions)?;
            self.publish(now, &decisions, checkpoint);
        }
        let mut receipts = self.receipts().into_iter();
        let outcomes = decisions.into_iter().map(|decision| match decision {
            Decision::Record(accepted) => {
                let receipt = receipts.next().expect("each recorded entry has its receipt");
                assert_eq!(receipt.index, accepted.index, "receipts come in the order of the records");
                Outcome::Recorded(receipt)
            }
            Decision::Known(index) => match self.reader().receipt(index, Holder::Signer) {
                Ok(receipt) => Outcome::Known(receipt),
                Err(why) => Outcome::Unanswered { why },
            },
            Decision::Answer(outcome) => *outcome,
        });
        let outcomes = outcomes.collect();
        if self.store.wants_snapshot() {
            self.offer_snapshot();
        }
        Ok(outcomes)
    }

    /// Recorded before: the same receipt. Declined before: the same refusal. Else the rules decide.
    fn decide(&mut self, entry: &VerifiedEntry, now: Timestamp) -> Decision {
        if let Some(decision) = self.decided_before(entry, now) {
            return decision;
        }
        let judged = rules::apply(&self.books, entry, now).and_then(|effects| {
            check_end(entry.entry(), || self.shared.tree().head().into()).map(|()| effects)
        });
        match judged {
            Ok(effects) => Decision::Record(self.accept(entry, now, effects)),
            Err(rejection) => Decision::answer(self.decline(entry, now, &rejection)),
        }
    }

    fn decided_before(&self, entry: &VerifiedEntry, now: Timestamp) -> Option<Decision> {
        let (id, expires_at) = (entry.id(), entry.entry().expires_at);
        // INV-9: an entry that was recorded has its receipt for ever.
        if let Some(index) = self.books.recorded(&id) {
            return Some(Decision::Known(index));
        }
        if expires_at.has_passed(now) {
            // The memory of ids ends with their expiry; the store knows all of them. A slow question, but a rare one.
            match self.store.reader().find(&id, recording_window(expires_at)) {
                Ok(Some(index)) => return Some(Decision::Known(index)),
                Ok(None) => {}
                Err(why) => return Some(Decision::answer(Outcome::Unanswered { why: why.into() })),
            }
        }
        // INV-11: a "no" that a till has seen stays a "no".
        self.refusals.get(&id).map(|refusal| Decision::answer(Outcome::Declined((**refusal).clone())))
    }

    /// Posts what the rules accepted to the working books, and adds its record to the group.
    fn accept(&mut self, entry: &VerifiedEntry, now: Timestamp, effects: Effects) -> Accepted {
        let index = self.books.standing().size();
        let salt = Salt(self.salts.salt());
        let lines = posted_lines(&self.books, effects.lines());
        let leaf = self.group.push(index, salt, entry, lines, &mut self.committer);
        self.books.post(entry, now, &effects);
        Accepted { index, effects, leaf }
    }

    /// Says why, and remembers what may not turn into a "yes" behind somebody's back.
    fn decline(&mut self, entry: &VerifiedEntry, now: Timestamp, rejection: &Rejection) -> Outcome {
        let refusal = refusal_of(entry, rejection);
        if rejection.is_draft() {
            // The rules have not decided about an entry that lacks signatures: the forecast is not remembered.
            return match refusal_once_signed(&self.books, entry, now) {
                Some(foreseen) => Outcome::Declined(refusal_of(entry, &foreseen)),
                None => Outcome::LacksSigners(refusal),
            };
        }
        if must_be_remembered(rejection) {
            if !self.refusals.has_room(&refusal.charged_to) {
                return Outcome::Declined(too_many(entry));
            }
            self.group.refuse(refusal.clone());
            self.refusals.remember(refusal.clone());
        }
        Outcome::Declined(refusal)
    }

    /// Adds the leaves to the tree, signs the new root, and makes the group durable.
    fn seal(&mut self, now: Timestamp, decisions: &[Decision]) -> Result<SignedCheckpoint, Fault> {
        if let Some(charter) = self.books.standing().charter(now) {
            self.signer.follow(charter)?;
        }
        // INV-10: leaves are only ever added, so every head extends the ones before.
        let head = {
            let mut tree = self.shared.tree.write().unwrap_or_else(PoisonError::into_inner);
            for accepted in decisions.iter().filter_map(Decision::accepted) {
                tree.append_hash(accepted.leaf);
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
        Ok(checkpoint)
    }

    /// Lets readers see what is durable.
    fn publish(&mut self, now: Timestamp, decisions: &[Decision], checkpoint: SignedCheckpoint) {
        let mut published = self.shared.published.write().unwrap_or_else(PoisonError::into_inner);
        for accepted in decisions.iter().filter_map(Decision::accepted) {
            published.standing.post(now, &accepted.effects);
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
