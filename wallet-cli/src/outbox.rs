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

/// The refusal that a node does not remember of a payment shown without network (protocol, section 4).
const MISSING_CREDITS: &str = "insufficient_credits";

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
        } else if !failure.is_final() {
            OutboxState::Unknown
        } else if failure.code == MISSING_CREDITS && self.is_promise() {
            OutboxState::Waiting
        } else {
            OutboxState::Refused
        }
    }

    /// Returns whether it is a payment that was shown without network: others may have its bytes.
    fn is_promise(&self) -> bool {
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
mod tests {
    use super::*;
    use klaver_ledger::amount::Amount;
    use klaver_ledger::entry::{Entry, RequestRef, Veto};
    use klaver_ledger::id::{AccountId, Nonce, RequestId};
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
        assert_eq!(find(&places, &entry(2).id).unwrap().as_ref(), left.first());
        assert_eq!(find(&places, &entry(0).id).unwrap(), None);
    }

    fn payment(late: bool, to: u8, request: Option<u8>) -> Body {
        let until = Deadline::from_seconds(2_000_000_000).unwrap();
        let request = request.map(|id| RequestRef { id: RequestId([id; 16]), until });
        let line = PayLine { to: AccountId([to; 16]), amount: Amount::new(100).unwrap(), request };
        Body::Pay(Pay { from: AccountId([1; 16]), payees: vec![line], late })
    }

    fn signed(body: Body) -> SignedEntry {
        let expires_at = Deadline::from_seconds(2_000_000_000).unwrap();
        let entry = Entry { nonce: Nonce([1; 16]), expires_at, memo: None, body };
        SignedEntry::sign(entry, &LedgerId([3; 32]), &[&SigningKey::from_bytes(&[2; 32])])
    }

    fn places(directory: &tempfile::TempDir) -> Places {
        Places::find(Some(directory.path())).unwrap()
    }

    #[test]
    fn what_is_known_of_an_entry_is_not_forgotten_when_it_is_kept_again() {
        let directory = tempfile::tempdir().unwrap();
        let places = places(&directory);
        let (ledger, code) = (LedgerId([3; 32]), signed(payment(true, 5, None)));
        let keep = |at| keep(&places, ledger, &code, None, Timestamp::from_millis(at).unwrap()).unwrap();
        let first = keep(1_000);
        assert_eq!(first.state, OutboxState::Waiting);
        // From the moment it sets out nobody knows, whatever becomes of this program.
        first.set_out(&places).unwrap();
        assert_eq!(find(&places, &first.id).unwrap().unwrap().state, OutboxState::Unknown);
        let again = keep(2_000);
        assert_eq!((again.state, again.signed_at), (OutboxState::Unknown, first.signed_at));
    }

    #[test]
    fn each_answer_says_what_is_known_of_an_entry() {
        let answer = |status, code: &str| {
            Failure::of_problem(klaver_api::Problem::new(status, code, "title", "detail".to_owned()))
        };
        let silence = Failure::new(Exit::Network, "unreachable");
        let kept = |state, late| {
            let signed = signed(payment(late, 5, None));
            let submit = Submit { envelope: text::base64url(&signed.encode()), memo: None };
            let (id, ledger) = (signed.id(&LedgerId([3; 32])), LedgerId([3; 32]));
            OutboxEntry { id, ledger, signed_at: Timestamp::default(), state, submit }
        };
        use OutboxState::{Draft, Refused, Unknown, Waiting};
        for (before, late, failure, after) in [
            (Waiting, false, answer(422, "insufficient_credits"), Refused),
            // A promise may be kept as soon as there are credits: the node does not remember this "no".
            (Waiting, true, answer(422, "insufficient_credits"), Waiting),
            (Unknown, true, answer(422, "insufficient_credits"), Waiting),
            (Waiting, true, answer(422, "expired"), Refused),
            (Waiting, true, answer(409, "request_paid"), Refused),
            (Waiting, false, silence.clone(), Unknown),
            (Draft, false, silence, Unknown),
            (Waiting, false, answer(503, "outcome_unknown"), Unknown),
            // What was never looked at is as it was.
            (Waiting, false, answer(503, "busy"), Waiting),
            (Unknown, false, answer(503, "read_only"), Unknown),
            (Draft, false, answer(503, "busy"), Draft),
        ] {
            assert_eq!(kept(before, late).state_after(&failure), after, "{before:?} {late} {}", failure.code);
        }
    }

    #[test]
    fn what_waits_is_found_before_the_same_is_signed_again() {
        let (promise, asked, other) =
            (payment(true, 5, None), payment(false, 5, Some(7)), payment(false, 5, Some(8)));
        let veto = Body::Veto(Veto { index: 3 });
        for (waits, wanted, found) in [
            (&promise, &promise, Some(Likeness::Same)),
            (&asked, &asked, Some(Likeness::Same)),
            // Who types the account of the till means what the till asked for.
            (&asked, &payment(false, 5, None), Some(Likeness::Same)),
            // The code of the till after a promise, or a new code because the first did not seem to go through.
            (&promise, &asked, Some(Likeness::OtherRequest)),
            (&asked, &other, Some(Likeness::OtherRequest)),
            (&asked, &payment(false, 6, Some(7)), None),
            (&veto, &veto, Some(Likeness::Same)),
            (&veto, &Body::Veto(Veto { index: 4 }), None),
            (&veto, &asked, None),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let places = places(&directory);
            let ledger = LedgerId([3; 32]);
            let kept = keep(&places, ledger, &signed(waits.clone()), None, Timestamp::default()).unwrap();
            let alike = || alike(&places, &ledger, wanted).unwrap().map(|(_, likeness)| likeness);
            assert_eq!(alike(), found, "{waits:?} {wanted:?}");
            kept.settle(&places, OutboxState::Draft).unwrap();
            assert_eq!(alike(), None, "a draft is seen by those who are to sign it");
        }
    }

    #[test]
    fn an_outbox_that_cannot_be_listed_is_not_an_empty_one() {
        let directory = tempfile::tempdir().unwrap();
        let places = places(&directory);
        assert_eq!(load_all(&places).unwrap(), []);
        std::fs::write(places.outbox(), "a file where a directory belongs").unwrap();
        assert_eq!(load_all(&places).unwrap_err().code, "cannot_read");
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
