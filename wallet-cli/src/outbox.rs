//! Every signed entry is kept here before it is sent, until a verified receipt or a final refusal.
//!
//! Sending the same entry again is always safe: its id is the hash of what was signed, and the node answers a
//! known id with the receipt it gave before.

use crate::failure::{Exit, Failure, Outcome};
use crate::places::Places;
use klaver_api::{MemoJson, Submit, text};
use klaver_keystore::private_file;
use klaver_ledger::entry::{Body, Pay, PayLine, SignedEntry};
use klaver_ledger::id::{EntryId, LedgerId};
use klaver_ledger::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Most bytes of an entry's file.
const FILE_BYTES_MAX: u64 = 256 * 1_024;

/// The refusals that a node does not remember of a payment shown without network (protocol, section 4): older nodes say the
/// first one.
const MISSING_CREDITS: [&str; 2] = ["insufficient_credits", "promise_not_covered"];

/// What is known about an entry that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// It was not sent yet.
    Waiting,
    /// It was sent, and no answer came: it may be recorded or not.
    Unknown,
    /// It waits at the node for other signatures.
    Draft,
    /// A verified receipt says that it is recorded.
    Paid,
    /// The node declined it for good.
    Refused,
}

impl OutboxState {
    /// Returns the word for it, as it stands in files and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
            Self::Draft => "draft",
            Self::Paid => "paid",
            Self::Refused => "refused",
        }
    }

    /// Returns whether nothing more can come of it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Refused)
    }
}

/// An entry in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEntry {
    /// Its id.
    pub id: EntryId,
    /// The ledger it is meant for.
    pub ledger: LedgerId,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// What is known about it.
    pub state: OutboxState,
    /// Exactly what is sent.
    pub submit: Submit,
}

/// How an entry that waits is like one that is about to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// It does the same.
    Same,
    /// It pays as much to the same account, but was signed for another request or for none.
    OtherRequest,
}

#[derive(Serialize, Deserialize)]
struct OutboxFile {
    klaver_outbox: u64,
    entry: String,
    ledger: String,
    signed_at: String,
    state: OutboxState,
    submit: Submit,
}

impl OutboxEntry {
    /// Returns the entry inside its envelope.
    ///
    /// # Errors
    /// When the file was changed.
    pub fn signed(&self) -> Outcome<SignedEntry> {
        let bytes = text::from_base64url("envelope", &self.submit.envelope)?;
        SignedEntry::decode(&bytes).map_err(|error| Failure::text(Exit::Failed, "outbox_damaged", error))
    }

    /// Returns what is known about it after a node answered with this failure, or did not answer.
    ///
    /// A node that never looked at it has changed nothing; once an answer was missing, only a receipt or a refusal by
    /// the rules ends the doubt. Whoever promised without network and has too few credits may have them later.
    pub fn state_after(&self, failure: &Failure) -> OutboxState {
        if failure.is_before_looking() {
            self.state
        } else if !failure.is_final() || (self.state == OutboxState::Unknown && !failure.is_by_the_rules()) {
            OutboxState::Unknown
        } else if MISSING_CREDITS.contains(&failure.code.as_str()) && self.is_promise() {
            OutboxState::Waiting
        } else {
            OutboxState::Refused
        }
    }

    /// Returns whether it is a payment that was shown without network: others may have its bytes.
    pub fn is_promise(&self) -> bool {
        self.signed().is_ok_and(|signed| matches!(&signed.entry().body, Body::Pay(pay) if pay.late))
    }

    /// Writes that it is on its way: whatever happens to this program from here on, it may be recorded.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn set_out(&self, places: &Places) -> Outcome<()> {
        Self { state: OutboxState::Unknown, ..self.clone() }.save(places)
    }

    /// Writes its file; on return it is on disk.
    ///
    /// # Errors
    /// When the operating system says no: then the entry must not be sent.
    pub fn save(&self, places: &Places) -> Outcome<()> {
        private_file::create_directory(&places.outbox())?;
        let file = OutboxFile {
            klaver_outbox: 1,
            entry: self.id.to_hex(),
            ledger: self.ledger.to_hex(),
            signed_at: self.signed_at.to_string(),
            state: self.state,
            submit: self.submit.clone(),
        };
        let bytes = serde_json::to_vec_pretty(&file).expect("strings are always JSON");
        Ok(private_file::replace(&places.outbox_entry(&self.id), &bytes)?)
    }

    /// Writes the new state, or clears the entry when nothing more can come of it.
    ///
    /// # Errors
    /// When the operating system says no; the old state then stays, which only means asking once more.
    pub fn settle(mut self, places: &Places, state: OutboxState) -> Outcome<()> {
        if state.is_final() {
            return Ok(private_file::remove(&places.outbox_entry(&self.id))?);
        }
        self.state = state;
        self.save(places)
    }
}

/// Keeps a signed entry: on disk before it is sent. What is known of one that is there already stays known.
///
/// # Errors
/// When it cannot be written; it must then not be sent.
pub fn keep(
    places: &Places,
    ledger: LedgerId,
    signed: &SignedEntry,
    memo: Option<MemoJson>,
    now: Timestamp,
) -> Outcome<OutboxEntry> {
    let id = signed.id(&ledger);
    let submit = Submit { envelope: text::base64url(&signed.encode()), memo };
    let kept = match find(places, &id)? {
        Some(known) => {
            let memo = submit.memo.or(known.submit.memo);
            OutboxEntry { submit: Submit { memo, ..submit }, ..known }
        }
        None => OutboxEntry { id, ledger, signed_at: now, state: OutboxState::Waiting, submit },
    };
    kept.save(places)?;
    Ok(kept)
}

/// Reads every entry, oldest first.
///
/// # Errors
/// When a file is damaged or cannot be read, naming it: what waits there may be what is about to be paid.
pub fn load_all(places: &Places) -> Outcome<Vec<OutboxEntry>> {
    let directory = places.outbox();
    let unreadable = |error: std::io::Error| Failure::io(Exit::Failed, "cannot_read", &directory, &error);
    let files = match std::fs::read_dir(&directory) {
        Ok(files) => files,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut all = Vec::new();
    for file in files {
        let path = file.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            // One that is gone meanwhile was answered for by another run of this program.
            all.extend(read(&path)?);
        }
    }
    all.sort_by_key(|entry: &OutboxEntry| (entry.signed_at, entry.id));
    Ok(all)
}

/// Returns what may be the same as `wanted` and is not answered for: what does the same first, then the oldest.
///
/// Whoever pays without a request asks for it as well when the one that waits was for a request.
///
/// # Errors
/// As [`load_all`].
pub fn alike(places: &Places, ledger: &LedgerId, wanted: &Body) -> Outcome<Option<(OutboxEntry, Likeness)>> {
    let is_open = |kept: &OutboxEntry| {
        kept.ledger == *ledger && matches!(kept.state, OutboxState::Waiting | OutboxState::Unknown)
    };
    let with_likeness = |kept: OutboxEntry| {
        let likeness = likeness(&kept.signed().ok()?.entry().body, wanted)?;
        Some((kept, likeness))
    };
    let alike = load_all(places)?.into_iter().filter(is_open).filter_map(with_likeness);
    Ok(alike.min_by_key(|(_, likeness)| *likeness))
}

fn likeness(kept: &Body, wanted: &Body) -> Option<Likeness> {
    match (kept, wanted) {
        (Body::Pay(kept), Body::Pay(wanted)) => likeness_of_payments(kept, wanted),
        _ => (kept == wanted).then_some(Likeness::Same),
    }
}

fn likeness_of_payments(kept: &Pay, wanted: &Pay) -> Option<Likeness> {
    let lines = || kept.payees.iter().zip(&wanted.payees);
    let pays_as_much = |(one, other): (&PayLine, &PayLine)| one.to == other.to && one.amount == other.amount;
    if kept.from != wanted.from || kept.payees.len() != wanted.payees.len() || !lines().all(pays_as_much) {
        return None;
    }
    let answers =
        |(one, other): (&PayLine, &PayLine)| other.request.is_none() || one.request == other.request;
    Some(if lines().all(answers) { Likeness::Same } else { Likeness::OtherRequest })
}

/// Reads one entry, if it is there.
///
/// # Errors
/// When its file is damaged or cannot be read.
pub fn find(places: &Places, id: &EntryId) -> Outcome<Option<OutboxEntry>> {
    read(&places.outbox_entry(id))
}

fn read(path: &Path) -> Outcome<Option<OutboxEntry>> {
    let bytes = match private_file::read(path, FILE_BYTES_MAX) {
        Err(error) if error.is_missing() => return Ok(None),
        read => read?,
    };
    let damaged = || Failure::new(Exit::Failed, "outbox_damaged").with("path", path.display());
    decode(&bytes).ok_or_else(damaged).map(Some)
}

/// Reads a file and checks that the envelope is the entry the file is named after.
fn decode(bytes: &[u8]) -> Option<OutboxEntry> {
    let file: OutboxFile =
        serde_json::from_slice(bytes).ok().filter(|file: &OutboxFile| file.klaver_outbox == 1)?;
    let entry = OutboxEntry {
        id: EntryId::from_hex(&file.entry)?,
        ledger: LedgerId::from_hex(&file.ledger)?,
        signed_at: text::timestamp("signed_at", &file.signed_at).ok()?,
        state: file.state,
        submit: file.submit,
    };
    (entry.signed().ok()?.id(&entry.ledger) == entry.id).then_some(entry)
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
