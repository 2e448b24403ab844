//! The audit: replays every record from salts and records alone, and says whether everything holds.
//!
//! It shares values, codec and rules with the writer, and nothing else: its own reading, its own tree, no store, no
//! snapshot. What it is given may come from anybody; what it trusts are the checkpoints it is told to compare with.

mod frontier;
pub mod note;
pub mod questions;
mod stamps;
mod state;
#[cfg(test)]
mod tests;
mod verdict;
mod workers;

pub use stamps::Witnessed;
pub use state::{AuditState, StateError};
pub use verdict::{Audited, Verdict, Violation};

use crate::books::{Books, Effects, check_end, rules};
use crate::entry::Body;
use crate::id::{AccountId, EntryId, LedgerId};
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::hash::Hash;
use crate::log::proof::TreeHead;
use crate::record::{Committer, LedgerLine, Record, Salt};
use crate::time::Timestamp;
use frontier::Frontier;
use hashbrown::{HashMap, HashSet};
use questions::{Explanation, History, Question, Thresholds};
use std::collections::BTreeMap;
use workers::{Chunk, Prepared, prepare_all};

/// How many records are verified at a time by one thread.
const CHUNK_RECORDS: usize = 512;

/// What an audit is told before it begins.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// The ledger that it must be; `None` to take the one that the founding entry makes.
    pub ledger: Option<LedgerId>,
    /// Heads that the log must pass through: of checkpoints whose signatures were verified.
    pub heads: Vec<TreeHead>,
    /// Sizes that a quorum of witnesses has cosigned, and when.
    pub witnessed: Vec<Witnessed>,
    /// What was recorded before this must have been seen by a quorum of witnesses, or somebody is asked why not; `None`
    /// where the community names none.
    pub witnessed_before: Option<Timestamp>,
    /// How many records there must be at least; fewer are a violation.
    pub size: Option<u64>,
    /// The attested snapshot of the ledger that this one continues, if it continues one.
    pub predecessor: Option<Vec<u8>>,
    /// How many threads verify signatures; 0 for two.
    pub threads: usize,
    /// What the community asks about; `None` for the usual.
    pub thresholds: Option<Thresholds>,
    /// What was explained to whoever audits.
    pub explanations: Vec<Explanation>,
    /// Whether nobody reads the questions: then nothing is kept for them, none is asked, and stamps are held against no
    /// witness.
    pub without_questions: bool,
}

impl Expectations {
    /// Expects that the log passes through these checkpoints.
    pub fn of_checkpoints<'c>(checkpoints: impl IntoIterator<Item = &'c SignedCheckpoint>) -> Self {
        let heads = checkpoints.into_iter().map(|signed| signed.checkpoint().head()).collect();
        Self { heads, ..Self::default() }
    }
}

/// Audits `records`, salt and canonical bytes of each in order, and returns the verdict.
///
/// `Err` items are answers of whoever hands the records over; they make the audit end as `Unreadable`. `progress` is
/// told how many records have been audited, now and then.
pub fn audit<I, E>(records: I, expectations: &Expectations, progress: impl FnMut(u64)) -> Verdict
where
    I: Iterator<Item = Result<(Salt, Vec<u8>), E>>,
    E: std::fmt::Display,
{
    replay(Auditor::new(expectations), records, expectations, progress)
}

/// Goes on from where an earlier audit stopped: `records` are those from [`AuditState::size`] on.
///
/// Heads below that size are not looked at again: whoever calls has them proven consistent with a head beyond it. What
/// was changed below it shows as another root at the next head.
pub fn audit_since<I, E>(
    state: AuditState,
    records: I,
    expectations: &Expectations,
    progress: impl FnMut(u64),
) -> Verdict
where
    I: Iterator<Item = Result<(Salt, Vec<u8>), E>>,
    E: std::fmt::Display,
{
    match expectations.ledger {
        Some(expected) if expected != state.ledger => {
            let why = format!("the kept state is of ledger {}, expected was {expected}", state.ledger);
            Verdict::Unreadable { index: state.size(), why }
        }
        _ => replay(Auditor::from_state(state, expectations), records, expectations, progress),
    }
}

fn replay<I, E>(
    mut auditor: Auditor,
    records: I,
    expectations: &Expectations,
    mut progress: impl FnMut(u64),
) -> Verdict
where
    I: Iterator<Item = Result<(Salt, Vec<u8>), E>>,
    E: std::fmt::Display,
{
    let mut unreadable = None;
    let records = records.map_while(|record| match record {
        Ok(record) => Some(record),
        Err(why) => {
            unreadable = Some(why.to_string());
            None
        }
    });
    let threads = if expectations.threads == 0 { 2 } else { expectations.threads };
    let violation = auditor.run(records, threads, &mut progress);
    match (violation, unreadable) {
        (Err(violation), _) => Verdict::Violation(violation),
        (Ok(()), Some(why)) => Verdict::Unreadable { index: auditor.tree.size(), why },
        (Ok(()), None) => auditor.finish(),
    }
}

/// The auditor's own state.
struct Auditor {
    books: Books,
    tree: Frontier,
    committer: Committer,
    /// Heads that are still ahead, by size.
    heads: BTreeMap<u64, Vec<Hash>>,
    expected_ledger: Option<LedgerId>,
    expected_size: u64,
    ledger: Option<LedgerId>,
    ids: HashSet<EntryId>,
    totals: HashMap<AccountId, OwnTotals>,
    last_recorded_at: Timestamp,
    /// `None` when nobody reads the questions.
    history: Option<History>,
    witnessed: Vec<Witnessed>,
    witnessed_before: Option<Timestamp>,
    thresholds: Option<Thresholds>,
    explanations: Vec<Explanation>,
    predecessor: Option<Vec<u8>>,
    lacks_predecessor: bool,
}

/// What the auditor adds up by itself, from lines alone.
#[derive(Clone, Copy, Default)]
struct OwnTotals {
    debits: u64,
    credits: u64,
    lines: u64,
}

impl Auditor {
    fn new(expectations: &Expectations) -> Self {
        let mut heads: BTreeMap<u64, Vec<Hash>> = BTreeMap::new();
        for head in &expectations.heads {
            heads.entry(head.size).or_default().push(head.root);
        }
        Self {
            books: Books::new(),
            tree: Frontier::default(),
            committer: Committer::default(),
            heads,
            expected_ledger: expectations.ledger,
            expected_size: expectations.size.unwrap_or(0),
            ledger: None,
            ids: HashSet::new(),
            totals: HashMap::new(),
            last_recorded_at: Timestamp::default(),
            history: (!expectations.without_questions).then(History::default),
            witnessed: expectations.witnessed.clone(),
            witnessed_before: expectations.witnessed_before,
            thresholds: expectations.thresholds,
            explanations: expectations.explanations.clone(),
            predecessor: expectations.predecessor.clone(),
            lacks_predecessor: false,
        }
    }

    fn from_state(state: AuditState, expectations: &Expectations) -> Self {
        let AuditState { ledger, books, tree, history, mut witnessed, .. } = state;
        let standing = books.standing();
        let own = standing.accounts().map(|account| {
            let (debits, credits, lines) = (account.debits(), account.credits(), account.lines());
            (account.id(), OwnTotals { debits, credits, lines })
        });
        let mut new = Self::new(expectations);
        new.heads = new.heads.split_off(&tree.size());
        // What was seen before is held against what comes now too.
        witnessed.append(&mut new.witnessed);
        Self {
            totals: own.collect(),
            last_recorded_at: standing.last_recorded_at(),
            ledger: Some(ledger),
            books,
            tree,
            history: new.history.is_some().then_some(history),
            witnessed,
            ..new
        }
    }

    fn run(
        &mut self,
        mut records: impl Iterator<Item = (Salt, Vec<u8>)>,
        threads: usize,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), Violation> {
        self.check_heads()?;
        if let Some(ledger) = self.ledger {
            return self.judge_all(records, ledger, threads, progress);
        }
        // Every other signature covers the ledger's id, which the founding entry alone makes known.
        let Some((salt, bytes)) = records.next() else { return Ok(()) };
        let (record, ledger) = self.read_founding(&bytes)?;
        let entry = record.signed.clone().verify_any_key(&ledger).map_err(|error| Violation::at(0, error))?;
        if let Body::Found(found) = &entry.entry().body {
            self.lacks_predecessor = found.predecessor.is_some() && self.predecessor.is_none();
            if self.lacks_predecessor {
                return Ok(());
            }
            if let (Some(_), Some(snapshot)) = (&found.predecessor, &self.predecessor) {
                // INV-8: the books begin with the predecessor's; that it is the named one, the rules check.
                let opened =
                    |error| Violation::at(0, format!("the snapshot it begins with is none: {error}"));
                self.books = Books::succeeding(snapshot).map_err(opened)?;
            }
        }
        self.ledger = Some(ledger);
        self.judge(Prepared { salt, bytes, recorded_at: record.recorded_at, index: record.index, entry })?;
        for account in self.books.standing().accounts() {
            let (debits, credits, lines) = (account.debits(), account.credits(), account.lines());
            self.totals.insert(account.id(), OwnTotals { debits, credits, lines });
        }
        if let Some(history) = self.history.as_mut().filter(|_| self.predecessor.is_some()) {
            history.begin_with(self.books.standing());
        }
        progress(1);
        self.judge_all(records, ledger, threads, progress)
    }

    fn judge_all(
        &mut self,
        records: impl Iterator<Item = (Salt, Vec<u8>)>,
        ledger: LedgerId,
        threads: usize,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), Violation> {
        prepare_all(records, self.tree.size(), ledger, threads, CHUNK_RECORDS, |chunk: Chunk| {
            for prepared in chunk {
                self.judge(prepared?)?;
            }
            progress(self.tree.size());
            Ok(())
        })
    }

    fn read_founding(&self, bytes: &[u8]) -> Result<(Record, LedgerId), Violation> {
        let record = Record::decode(bytes).map_err(|error| Violation::at(0, error))?;
        if !matches!(record.signed.entry().body, Body::Found(_)) {
            return Err(Violation::at(0, "the first record is no founding entry"));
        }
        let ledger = LedgerId::of_founding_payload(record.signed.payload());
        match self.expected_ledger {
            Some(expected) if expected != ledger => {
                Err(Violation::at(0, format!("it founds ledger {ledger}, expected was {expected}")))
            }
            _ => Ok((record, ledger)),
        }
    }

    /// Judges one record whose signatures hold, in the order of the ledger.
    fn judge(&mut self, prepared: Prepared) -> Result<(), Violation> {
        let Prepared { salt, bytes, index, recorded_at, entry } = prepared;
        let expected = self.tree.size();
        let violation = |why: String| Violation { index: expected, why };
        // INV-5: indexes run 0, 1, 2, …; recorded_at never goes back.
        if index != expected {
            return Err(violation(format!(
                "it says it is record {index}: one is missing, repeated or moved"
            )));
        }
        if recorded_at < self.last_recorded_at {
            let before = self.last_recorded_at;
            return Err(violation(format!(
                "recorded at {recorded_at}, before the one ahead of it at {before}"
            )));
        }
        // INV-6: an entry id is recorded at most once.
        if self.books.recorded(&entry.id()).is_some() || !self.ids.insert(entry.id()) {
            return Err(violation(format!("entry {} was recorded before", entry.id())));
        }
        // INV-7 and all other rules: signers are keys current at this index.
        let head = || TreeHead { size: expected, root: self.tree.root() }.into();
        let effects = rules::apply(&self.books, &entry, recorded_at)
            .and_then(|effects| check_end(entry.entry(), head).map(|()| effects))
            .map_err(|rejection| violation(format!("the rules do not allow it: {rejection}")))?;
        self.add_up(&effects).map_err(violation)?;
        let kind = entry.entry().body.kind();
        let lines = effects.lines().iter().map(|line| LedgerLine { index, recorded_at, kind, line: *line });
        let commitment = self.committer.commit(&salt, &salt.of_record(), &bytes, lines);
        self.tree.append(commitment.leaf_hash());
        self.books.post(&entry, recorded_at, &effects);
        if let Some(history) = &mut self.history {
            history.push(recorded_at, &entry, &effects);
        }
        self.last_recorded_at = recorded_at;
        self.check_heads()
    }

    /// Adds up the lines by itself and compares with what the rules saw.
    fn add_up(&mut self, effects: &Effects) -> Result<(), String> {
        let (mut debits, mut credits) = (0u128, 0u128);
        for line in effects.lines() {
            debits += u128::from(line.debit);
            credits += u128::from(line.credit);
            let own = self.totals.entry(line.account).or_default();
            if own.lines != line.seq {
                let lines = own.lines;
                return Err(format!(
                    "a line of {} has number {}, it has {lines} before",
                    line.account, line.seq
                ));
            }
            own.lines += 1;
            own.debits += line.debit;
            own.credits += line.credit;
        }
        // INV-2: every entry adds equally to debits and credits.
        if debits == credits { Ok(()) } else { Err(format!("it debits {debits} and credits {credits}")) }
    }

    fn check_heads(&mut self) -> Result<(), Violation> {
        let size = self.tree.size();
        let Some(roots) = self.heads.remove(&size) else { return Ok(()) };
        let root = self.tree.root();
        match roots.iter().find(|expected| **expected != root) {
            None => Ok(()),
            Some(expected) => {
                let why = format!(
                    "the log signed root {expected} for its first {size} records, they give {root}: \
                     a record, salt or line before was changed"
                );
                Err(Violation { index: size.saturating_sub(1), why })
            }
        }
    }

    fn finish(mut self) -> Verdict {
        if self.lacks_predecessor {
            let why = "it continues another ledger, whose attested snapshot was not handed over".to_owned();
            return Verdict::Unreadable { index: 0, why };
        }
        let size = self.tree.size();
        let farthest = self.heads.pop_last().map(|(size, _)| size).unwrap_or(0).max(self.expected_size);
        if size < farthest {
            let why = format!("the log signed {farthest} records, only {size} were handed over");
            return Verdict::Violation(Violation { index: size, why });
        }
        let Some(ledger) = self.ledger else {
            let why = "there are no records: nothing was audited".to_owned();
            return Verdict::Unreadable { index: 0, why };
        };
        // INV-1, INV-3, INV-8: the books by the rules are what the lines add up to.
        let standing = self.books.standing();
        for account in standing.accounts() {
            let own = self.totals.get(&account.id()).copied().unwrap_or_default();
            if (own.debits, own.credits, own.lines) != (account.debits(), account.credits(), account.lines())
            {
                let why = format!("account {} differs between its lines and the books", account.id());
                return Verdict::Violation(Violation { index: size - 1, why });
            }
        }
        let trial_balance = standing.trial_balance();
        // INV-4.
        if !trial_balance.holds() {
            let why = "the trial balance does not hold".to_owned();
            return Verdict::Violation(Violation { index: size - 1, why });
        }
        self.witnessed.sort_unstable();
        self.witnessed.dedup();
        let mut questions = Vec::new();
        let asked_from =
            self.history.as_ref().and_then(|history| questions::asked_from(history, self.thresholds));
        if let Some(history) = &self.history {
            questions = questions::ask(history, self.thresholds);
            match stamps::check(history.events(), &self.witnessed) {
                Ok(question) => questions.extend(question),
                Err(violation) => return Verdict::Violation(violation),
            }
            let due = self.witnessed_before;
            questions.extend(due.and_then(|due| stamps::unseen(history.events(), &self.witnessed, due)));
        }
        let is_explained = |question: &Question| self.explanations.iter().any(|said| said.covers(question));
        let (explained, questions) = questions.into_iter().partition(is_explained);
        Verdict::Holds(Box::new(Audited {
            ledger,
            head: TreeHead { size, root: self.tree.root() },
            last_recorded_at: self.last_recorded_at,
            trial_balance,
            books: self.books,
            questions,
            explained,
            asked_from,
            witnessed: self.witnessed,
            tree: self.tree,
            history: self.history,
        }))
    }
}
