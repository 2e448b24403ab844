//! Opening: from stored groups to books, tree and refusals, by the same rules that recorded them.

use super::refusals::Refusals;
use crate::books::{Books, check_end, rules};
use crate::entry::cbor::CborError;
use crate::id::LedgerId;
use crate::log::tree::Tree;
use crate::record::{Committer, Record};
use crate::refusal::Refusal;
use crate::store::{Group, PostedLine, Replay, SignedHead, Snapshot, StoredGroup, Unfit, split_salted};
use crate::time::Timestamp;

/// The state of a ledger while its groups are handed over.
#[derive(Default)]
pub(crate) struct Replayer {
    pub(crate) books: Books,
    pub(crate) tree: Tree,
    pub(super) refusals: Refusals,
    /// The head of the newest group, and when that group was recorded.
    pub(crate) newest: Option<(SignedHead, Timestamp)>,
    group: Group,
    committer: Committer,
    /// What the books begin with, until it is known whether a snapshot stands in its place.
    beginning: Option<Beginning>,
}

/// Brings the books that a ledger begins with: what came over from a predecessor. Asked for only when the first record
/// is replayed.
pub type Beginning = Box<dyn FnOnce() -> Result<Books, CborError> + Send>;

impl Replayer {
    /// Begins with these books, before founding: what came over from a predecessor, or nothing.
    pub(crate) fn beginning(books: Books) -> Self {
        Self { books, ..Self::default() }
    }

    /// Begins with what `beginning` brings, should it be needed.
    pub(crate) fn beginning_with(beginning: Beginning) -> Self {
        Self { beginning: Some(beginning), ..Self::default() }
    }

    fn record(&mut self, salted: &[u8]) -> Result<(), Unfit> {
        let index = self.books.standing().size();
        let unfit = |why: String| Unfit { index, why };
        let (_, bytes) = split_salted(salted).ok_or_else(|| unfit("it is shorter than a salt".to_owned()))?;
        let record = Record::decode(bytes).map_err(|error| unfit(error.to_string()))?;
        if record.index != index {
            return Err(unfit(format!("it says it is record {}", record.index)));
        }
        if record.recorded_at < self.books.standing().last_recorded_at() {
            return Err(unfit("it is older than the record before it".to_owned()));
        }
        let ledger =
            self.books.standing().community().map_or(LedgerId::FOUNDING, |community| community.ledger);
        let entry = record.signed.recorded(&ledger);
        let effects = rules::apply(&self.books, &entry, record.recorded_at)
            .and_then(|effects| check_end(entry.entry(), || self.tree.head().into()).map(|()| effects))
            .map_err(|rejection| unfit(format!("the rules refuse it: {rejection}")))?;
        let place = (index, record.recorded_at);
        let leaf = self.group.push_stored(
            place,
            salted,
            &entry,
            posted_lines(&self.books, effects.lines()),
            &mut self.committer,
        );
        self.books.post(&entry, record.recorded_at, &effects);
        self.tree.append_hash(leaf);
        Ok(())
    }
}

/// Adds to each line the way back through its account's history.
pub(crate) fn posted_lines<'b>(
    books: &'b Books,
    lines: &'b [crate::books::Line],
) -> impl Iterator<Item = PostedLine> + 'b {
    lines.iter().map(|line| PostedLine {
        line: *line,
        previous: books.standing().account(&line.account).and_then(|account| account.last_line()),
    })
}

impl Replay for Replayer {
    fn restore(&mut self, snapshot: Snapshot) -> Result<(), Unfit> {
        let Snapshot { head, books, tree, refusals } = snapshot;
        let unfit = |why: String| Unfit { index: head.size, why };
        let books = Books::decode_own_snapshot(&books).map_err(|error| unfit(error.to_string()))?;
        let tree = Tree::restore(tree).map_err(|error| unfit(error.to_string()))?;
        if books.standing().size() != head.size || tree.size() != head.size || tree.root() != head.root {
            return Err(unfit("books, tree and head are not of the same size".to_owned()));
        }
        self.beginning = None;
        let recorded_at = books.standing().last_recorded_at();
        self.newest = Some((head, recorded_at));
        (self.books, self.tree, self.refusals) = (books, tree, Refusals::default());
        refusals.into_iter().for_each(|refusal| self.refusals.remember(refusal));
        Ok(())
    }

    fn group(&mut self, group: StoredGroup<'_>) -> Result<&Group, Unfit> {
        if let Some(beginning) = self.beginning.take() {
            let why = |error: CborError| Unfit { index: 0, why: format!("what it begins with: {error}") };
            self.books = beginning().map_err(why)?;
        }
        self.group.clear(group.recorded_at);
        for salted in group.records {
            self.record(salted)?;
        }
        for refusal in group.refusals {
            let refusal = Refusal::decode(refusal).map_err(|error| Unfit {
                index: self.tree.size(),
                why: format!("a refusal beside it: {error}"),
            })?;
            self.group.refuse(refusal.clone());
            self.refusals.remember(refusal);
        }
        self.refusals.forget_expired(group.recorded_at);
        let head = group.head;
        if head.size != self.tree.size() || head.root != self.tree.root() {
            let why = format!(
                "the log signed size {} and root {}, the records give size {} and root {}",
                head.size,
                head.root,
                self.tree.size(),
                self.tree.root()
            );
            return Err(Unfit { index: head.size.min(self.tree.size()).saturating_sub(1), why });
        }
        self.group.seal(head);
        self.newest = Some((head, group.recorded_at));
        Ok(&self.group)
    }

    fn matches(&mut self, snapshot: &Snapshot) -> bool {
        snapshot.head.size == self.tree.size()
            && snapshot.head.root == self.tree.root()
            && snapshot.books == self.books.encode_snapshot()
            && snapshot.tree == self.tree.state()
    }
}
