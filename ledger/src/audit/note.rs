//! The audit note: what an auditor found, signed, for people who must not see the records.

use super::verdict::Audited;
use crate::id::{Digest, LedgerId};
use crate::log::hash::Hash;
use crate::log::key::{KeyKind, KeyName, VerifierKey};
use crate::log::note::{Note, NoteError};
use crate::log::proof::TreeHead;
use std::fmt::Write as _;

/// Second line of every audit note: it can never pass for a checkpoint.
pub const NOTE_VERSION: &str = "klaver-audit/v1";

/// What stands before the trust policy, and in its place when there is none.
const POLICY_LINE: &str = "witness-policy ";
const NO_POLICY: &str = "none";

/// The figure that says how many witnesses count.
const WITNESSES: &str = "witnesses";

/// What was known of witnesses when a ledger was audited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// The size of the newest checkpoint that was held against the records.
    pub size: u64,
    /// SHA-256 of the trust policy that says who counts; `None` without one.
    pub policy: Option<Digest>,
    /// How many witnesses that policy names.
    pub witnesses: u64,
    /// How many of them had cosigned the checkpoint.
    pub seen: u64,
    /// Whether they are a quorum.
    pub is_quorum: bool,
}

/// What an auditor states about a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditNote {
    /// The auditor's own name: that of the key that signs.
    pub auditor: KeyName,
    /// Origin of the log.
    pub origin: String,
    /// Size and root that the records gave.
    pub head: TreeHead,
    /// The ledger.
    pub ledger: LedgerId,
    /// SHA-256 of the trust policy by which witnesses were counted; `None` without one, and in notes that do not count them.
    pub policy: Option<Digest>,
    /// Names and figures, in the order in which they stand in the note.
    pub figures: Vec<(String, u64)>,
}

/// Why a text is no audit note.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditNoteError {
    /// The note or its signature does not hold.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A line is not what belongs there.
    #[error("line {line} is \"{content}\": {expected} belongs there")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What stands there.
        content: String,
        /// What should.
        expected: &'static str,
    },
}

impl AuditNote {
    /// Returns the note of an audit in which everything holds; open questions are counted, never told.
    pub fn of(auditor: KeyName, origin: &str, audited: &Audited, sealed: &Sealed) -> Self {
        let sums = audited.trial_balance.circulation;
        let lines = &audited.trial_balance.lines;
        let sum = |sum: i64| u64::try_from(sum).unwrap_or(0);
        let debits = lines.iter().map(|line| line.debits).sum::<u128>();
        let credits = lines.iter().map(|line| line.credits).sum::<u128>();
        let whole = |sum: u128| u64::try_from(sum).unwrap_or(u64::MAX);
        // INV-4: what is held, and what mutual credit is below zero, differ by issued - returned - redeemed.
        let held = i128::from(sums.in_circulation()) + i128::from(audited.trial_balance.below_zero);
        let held = u128::try_from(held).unwrap_or(0);
        let figures = [
            ("entries-checked", audited.head.size),
            ("entries-erased", 0),
            ("debits", whole(debits)),
            ("credits", whole(credits)),
            ("credits-issued", sum(sums.issued)),
            ("credits-returned", sum(sums.returned)),
            ("credits-redeemed", sum(sums.redeemed)),
            ("credits-settled", sum(sums.settled)),
            ("credits-retired", sum(sums.retired)),
            ("credits-held", whole(held)),
            ("below-zero", audited.trial_balance.below_zero),
            ("violations", 0),
            ("questions", audited.questions.len() as u64),
            ("questions-explained", audited.explained.len() as u64),
            // An amount that asks about nothing shall not look like books without questions.
            ("questions-asked-from", audited.asked_from.unwrap_or(u64::MAX)),
            ("last-recorded-at", audited.last_recorded_at.millis()),
            ("sealed-size", sealed.size),
            (WITNESSES, sealed.witnesses),
            ("witnesses-seen", sealed.seen),
            ("quorum", sealed.is_quorum.into()),
        ];
        Self {
            auditor,
            origin: origin.to_owned(),
            head: audited.head,
            ledger: audited.ledger,
            policy: sealed.policy,
            figures: figures.map(|(name, figure)| (name.to_owned(), figure)).into(),
        }
    }

    /// Returns `holds` when nothing is open, `unexplained` when questions are.
    pub fn verdict(&self) -> &'static str {
        if self.figure("questions") == Some(0) { "holds" } else { "unexplained" }
    }

    /// Returns a figure by its name.
    pub fn figure(&self, name: &str) -> Option<u64> {
        self.figures.iter().find(|(known, _)| known == name).map(|(_, figure)| *figure)
    }

    /// Returns the text that is signed.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}\n{NOTE_VERSION}\n{}\n{}\n{}\nledger {}\nverdict {}\n",
            self.auditor,
            self.origin,
            self.head.size,
            self.head.root.to_base64(),
            self.ledger.to_hex(),
            self.verdict(),
        );
        // A note from before witnesses were counted says nothing of them.
        if self.figure(WITNESSES).is_some() {
            let policy = self.policy.map_or_else(|| NO_POLICY.to_owned(), |policy| policy.to_hex());
            writeln!(text, "{POLICY_LINE}{policy}").expect("text can always be added to");
        }
        for (name, figure) in &self.figures {
            writeln!(text, "{name} {figure}").expect("text can always be added to");
        }
        text
    }

    /// Signs the note with the auditor's key, whose secret half `sign` applies to bytes.
    ///
    /// # Errors
    /// When the key has another name than the auditor.
    pub fn sign(
        &self,
        public_key: &[u8; 32],
        sign: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> Result<Note, AuditNoteError> {
        let key = VerifierKey::new(self.auditor.clone(), KeyKind::Note, public_key);
        let key = key.map_err(|_| Self::wrong(1, self.auditor.as_str(), "the name of a canonical key"))?;
        Ok(Note::sign(self.text(), &key, sign)?)
    }

    /// Reads a note and verifies the auditor's signature.
    ///
    /// # Errors
    /// [`AuditNoteError`]; a verdict that the number of questions contradicts is refused as well.
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<Self, AuditNoteError> {
        let note = Note::parse(bytes)?;
        note.verify(std::slice::from_ref(key))?;
        let lines: Vec<&str> = note.text().lines().collect();
        let line =
            |at: usize, expected| lines.get(at).copied().ok_or_else(|| Self::wrong(at + 1, "", expected));
        let read = |at: usize, expected: &'static str, holds: bool| -> Result<(), AuditNoteError> {
            if holds { Ok(()) } else { Err(Self::wrong(at + 1, line(at, expected)?, expected)) }
        };
        read(0, "the auditor's name", line(0, "the auditor's name")? == key.name().as_str())?;
        read(1, NOTE_VERSION, line(1, NOTE_VERSION)? == NOTE_VERSION)?;
        let parsed = |at: usize, expected: &'static str, text: &str| {
            text.parse::<u64>().map_err(|_| Self::wrong(at + 1, text, expected))
        };
        let size = parsed(3, "the size", line(3, "the size")?)?;
        let root = Hash::from_base64(line(4, "the root")?)
            .ok_or_else(|| Self::wrong(5, lines[4], "the root in base64"))?;
        let ledger = line(5, "the ledger")?.strip_prefix("ledger ").and_then(LedgerId::from_hex);
        let ledger = ledger.ok_or_else(|| Self::wrong(6, lines[5], "\"ledger\" and its id"))?;
        let policy = lines.get(7).and_then(|line| line.strip_prefix(POLICY_LINE));
        let is_policy = |text: &str| text == NO_POLICY || Digest::from_hex(text).is_some();
        if let Some(text) = policy.filter(|text| !is_policy(text)) {
            return Err(Self::wrong(8, text, "the SHA-256 of a policy, or none"));
        }
        let mut figures = Vec::new();
        let first = if policy.is_some() { 8 } else { 7 };
        for (at, text) in lines.iter().enumerate().skip(first) {
            let pair =
                text.split_once(' ').ok_or_else(|| Self::wrong(at + 1, text, "a name and a figure"))?;
            figures.push((pair.0.to_owned(), parsed(at, "a figure", pair.1)?));
        }
        let head = TreeHead { size, root };
        let read = Self {
            auditor: key.name().clone(),
            origin: line(2, "the origin")?.to_owned(),
            head,
            ledger,
            policy: policy.and_then(Digest::from_hex),
            figures,
        };
        // One form alone: what was read prints the same text again.
        if read.text() == note.text() {
            Ok(read)
        } else {
            Err(Self::wrong(7, lines.get(6).unwrap_or(&""), "the verdict"))
        }
    }

    fn wrong(line: usize, content: &str, expected: &'static str) -> AuditNoteError {
        AuditNoteError::Line { line, content: content.chars().take(60).collect(), expected }
    }
}
