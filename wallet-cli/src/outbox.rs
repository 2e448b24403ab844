//! Every signed entry is kept here before it is sent, until a verified receipt or a final refusal.
//!
//! Sending the same entry again is always safe: its id is the hash of what was signed, and the node answers a
//! known id with the receipt it gave before.

use crate::failure::{Exit, Failure, Outcome};
use crate::places::Places;
use klaver_api::Submit;
use klaver_keystore::private_file;
use klaver_ledger::entry::{Body, Pay, PayLine, SignedEntry};
use klaver_ledger::id::{EntryId, LedgerId};
use klaver_ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most bytes of an entry's file.
const FILE_BYTES_MAX: u64 = 256 * 1_024;

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
        let bytes = klaver_api::text::from_base64url("envelope", &self.submit.envelope)?;
        SignedEntry::decode(&bytes).map_err(|error| Failure::text(Exit::Failed, "outbox_damaged", error))
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

/// Reads every entry, oldest first.
///
/// # Errors
/// When a file is damaged, naming it.
pub fn load_all(places: &Places) -> Outcome<Vec<OutboxEntry>> {
    let mut all = Vec::new();
    let Ok(files) = std::fs::read_dir(places.outbox()) else { return Ok(all) };
    for file in files.flatten() {
        let path = file.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let bytes = private_file::read(&path, FILE_BYTES_MAX)?;
        let damaged =
            || Failure::text(Exit::Failed, "outbox_damaged", path.display()).with("path", path.display());
        all.push(decode(&bytes).ok_or_else(damaged)?);
    }
    all.sort_by_key(|entry: &OutboxEntry| (entry.signed_at, entry.id));
    Ok(all)
}

/// Returns the oldest payment that would pay the same: from and to the same accounts, as much, and not answered for.
///
/// Whoever pays without a request asks for it as well when the one that waits was for a request.
///
/// # Errors
/// As [`load_all`].
pub fn same_payment(places: &Places, ledger: &LedgerId, wanted: &Pay) -> Outcome<Option<OutboxEntry>> {
    let is_open = |kept: &OutboxEntry| {
        kept.ledger == *ledger && matches!(kept.state, OutboxState::Waiting | OutboxState::Unknown)
    };
    let pays_the_same = |kept: &OutboxEntry| {
        let Ok(Body::Pay(pay)) = kept.signed().map(|signed| signed.entry().body.clone()) else {
            return false;
        };
        let same = |(one, other): (&PayLine, &PayLine)| {
            let request = other.request.is_none() || one.request == other.request;
            one.to == other.to && one.amount == other.amount && request
        };
        pay.from == wanted.from
            && pay.payees.len() == wanted.payees.len()
            && pay.payees.iter().zip(&wanted.payees).all(same)
    };
    Ok(load_all(places)?.into_iter().find(|kept| is_open(kept) && pays_the_same(kept)))
}

/// Reads one entry.
///
/// # Errors
/// When its file is damaged or not there.
pub fn load(places: &Places, id: &EntryId) -> Outcome<OutboxEntry> {
    let path = places.outbox_entry(id);
    let bytes = private_file::read(&path, FILE_BYTES_MAX)?;
    decode(&bytes).ok_or_else(|| Failure::new(Exit::Failed, "outbox_damaged").with("path", path.display()))
}

/// Reads a file and checks that the envelope is the entry the file is named after.
fn decode(bytes: &[u8]) -> Option<OutboxEntry> {
    let file: OutboxFile =
        serde_json::from_slice(bytes).ok().filter(|file: &OutboxFile| file.klaver_outbox == 1)?;
    let entry = OutboxEntry {
        id: EntryId::from_hex(&file.entry)?,
        ledger: LedgerId::from_hex(&file.ledger)?,
        signed_at: klaver_api::text::timestamp("signed_at", &file.signed_at).ok()?,
        state: file.state,
        submit: file.submit,
    };
    (entry.signed().ok()?.id(&entry.ledger) == entry.id).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::entry::{Entry, Veto};
    use klaver_ledger::id::Nonce;
    use klaver_ledger::keys::SigningKey;
    use klaver_ledger::time::Deadline;

    fn entry(index: u64) -> OutboxEntry {
        let ledger = LedgerId([3; 32]);
        let entry = Entry {
            nonce: Nonce([1; 16]),
            expires_at: Deadline::from_seconds(2_000_000_000).unwrap(),
            memo: None,
            body: Body::Veto(Veto { index }),
        };
        let signed = SignedEntry::sign(entry, &ledger, &[&SigningKey::from_bytes(&[2; 32])]);
        OutboxEntry {
            id: signed.id(&ledger),
            ledger,
            signed_at: Timestamp::from_millis(1_000 - index).unwrap(),
            state: OutboxState::Waiting,
            submit: Submit { envelope: klaver_api::text::base64url(&signed.encode()), memo: None },
        }
    }

    #[test]
    fn an_entry_stays_until_it_is_settled_for_good() {
        let directory = tempfile::tempdir().unwrap();
        let places = Places::find(Some(directory.path())).unwrap();
        for index in 0..3 {
            entry(index).save(&places).unwrap();
        }
        let all = load_all(&places).unwrap();
        assert_eq!(all, [entry(2), entry(1), entry(0)], "oldest first");

        entry(0).settle(&places, OutboxState::Paid).unwrap();
        entry(1).settle(&places, OutboxState::Refused).unwrap();
        entry(2).settle(&places, OutboxState::Unknown).unwrap();
        let left = load_all(&places).unwrap();
        assert_eq!(left, [OutboxEntry { state: OutboxState::Unknown, ..entry(2) }]);
        assert_eq!(load(&places, &entry(2).id).unwrap(), left[0]);
    }

    #[test]
    fn an_entry_that_is_not_what_its_file_says_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let places = Places::find(Some(directory.path())).unwrap();
        let mut changed = entry(1);
        changed.submit = entry(2).submit;
        changed.save(&places).unwrap();
        assert_eq!(load_all(&places).unwrap_err().code, "outbox_damaged");
    }

    #[test]
    #[cfg(unix)]
    fn its_files_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let places = Places::find(Some(directory.path())).unwrap();
        entry(1).save(&places).unwrap();
        let file = std::fs::metadata(places.outbox_entry(&entry(1).id)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}
