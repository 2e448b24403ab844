//! The whole audit: every record is replayed, by the ledger's own independent path; or those since the last one.

use super::report::Sealing;
use super::{Audit, Progress, kept, public, report};
use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::heads::Heads;
use crate::moment;
use crate::questions::Questions;
use crate::trust;
use klaver_api::audit::AuditRecord;
use klaver_api::paths;
use klaver_keystore::KeyInfo;
use klaver_ledger::audit::questions::Thresholds;
use klaver_ledger::audit::{Expectations, Verdict, Witnessed, audit, audit_since};
use klaver_ledger::limits::{DAY_SECONDS, ENVELOPE_BYTES_MAX};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::proof::TreeHead;
use klaver_ledger::record::Salt;
use klaver_ledger::time::Timestamp;
use std::io::Read;
use std::time::Duration;

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 256 * 1_024;

/// Most bytes of one item of the stream: a record, its salt and their headers.
const ITEM_BYTES_MAX: usize = ENVELOPE_BYTES_MAX + 256;

/// Most bytes of a predecessor's snapshot: a million accounts.
const PREDECESSOR_BYTES_MAX: u64 = 1 << 30;

/// How often the newest seal is asked for until a quorum has seen it.
const QUORUM_ASKED: usize = 10;

/// How long it waits between.
const QUORUM_PAUSE: Duration = Duration::from_millis(500);

/// Replays every record, or those since the last audit; all `heads` must be roots of its log.
pub(super) fn run(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    heads: Vec<TreeHead>,
    wish: &Audit,
) -> Outcome {
    // What everybody fetches must be the tree of what is replayed: both end in the root that was signed.
    public::check(app, contact, &heads)?;
    let size = contact.community.checkpoint.as_ref().map_or(0, |seen| seen.checkpoint().size);
    let state = if wish.since { kept::load(app, contact, &heads)? } else { None };
    let from = state.as_ref().map_or(0, |state| state.size());
    let path = format!("{}?from={from}", paths::AUDIT_RECORDS);
    let stream = app.with_session(contact, hat, |token| contact.http.get_stream(&path, Some(token)))?;
    let mut questions = Questions::load(&app.places, &contact.community.ledger)?;
    let compared: Vec<TreeHead> =
        state.iter().flat_map(|state| state.heads()).chain(&heads).copied().collect();
    let (witnessed, seal) = witnessed(app, contact)?;
    let expectations = Expectations {
        ledger: Some(contact.community.ledger),
        heads,
        predecessor: predecessor(app, contact, hat)?,
        size: Some(size),
        witnessed_before: trust::has_witnesses(&app.places, &contact.community.ledger).then(a_day_ago),
        witnessed,
        explanations: questions.explanations(),
        thresholds: thresholds(app, contact, wish.ask_from.as_deref())?,
        threads: std::thread::available_parallelism().map_or(2, usize::from),
        ..Expectations::default()
    };
    let mut progress = Progress::new(app, size).from(from);
    let records = Records::new(stream);
    let verdict = match state {
        Some(state) => audit_since(state, records, &expectations, |done| progress.at(done)),
        None => audit(records, &expectations, |done| progress.at(done)),
    };
    progress.end();
    match verdict {
        Verdict::Holds(audited) => {
            questions.ask(&audited);
            let sealed = Sealing::of(app, contact, seal.as_ref());
            let exit = report::report(app, contact, &audited, &questions, &sealed, from)?;
            questions.save(&app.places, &contact.community.ledger)?;
            kept::save(app, contact, &audited, compared)?;
            if let Some(file) = &wish.note {
                let name = wish.note_name.as_deref();
                report::write_note(app, contact, hat, (&audited, &sealed), file, name)?;
            }
            Ok(exit)
        }
        Verdict::Violation(violation) => {
            let failure = Failure::text(Exit::Mismatch, "audit_violation", &violation.why)
                .with("index", violation.index);
            let seal = contact.community.checkpoint.as_ref().map(SignedCheckpoint::note);
            let seal = seal.map_or_else(String::new, ToString::to_string);
            let evidence = format!("record {}\n{}\n{seal}", violation.index, violation.why);
            Err(contact.keep_evidence("audit", evidence.as_bytes(), failure))
        }
        Verdict::Unreadable { index, why } => {
            Err(Failure::text(Exit::Failed, "audit_unreadable", why).with("index", index))
        }
    }
}

/// Returns what the community agreed to ask about; `None` for the usual.
fn thresholds(app: &App<'_>, contact: &Contact, ask_from: Option<&str>) -> Outcome<Option<Thresholds>> {
    let unit = contact.community.unit(app.output.language);
    let least = ask_from.map(|text| unit.parse(text)).transpose()?;
    Ok(least.map(|least| Thresholds { least: least.minor() }))
}

/// Returns the sizes that a quorum of witnesses has cosigned, as far as this wallet keeps their seals, and the newest seal;
/// waits a moment for that one, which they see soon after it is published.
fn witnessed(app: &App<'_>, contact: &Contact) -> Outcome<(Vec<Witnessed>, Option<SignedCheckpoint>)> {
    let mut seal = contact.community.checkpoint.clone();
    let seen_at = |seen: &SignedCheckpoint| {
        let at = trust::witnessed_at(&app.places, &contact.community, seen)?;
        Some(Witnessed { size: seen.checkpoint().size, at })
    };
    let heads = Heads::of(&app.places, &contact.community);
    let mut found: Vec<Witnessed> = heads.all().iter().filter_map(|head| seen_at(&head.seen)).collect();
    let newest = contact.community.checkpoint.as_ref().map_or(0, |seen| seen.checkpoint().size);
    let is_due = trust::has_witnesses(&app.places, &contact.community.ledger)
        && found.iter().all(|seen| seen.size < newest);
    for _ in 0..if is_due { QUORUM_ASKED } else { 0 } {
        let seen = contact.seal_again()?;
        // The log grew meanwhile: this audit is of what was published when it began.
        if seen.checkpoint().size != newest {
            break;
        }
        let at = seen_at(&seen);
        // With as many lines as it has by now.
        seal = Some(seen);
        if let Some(at) = at {
            found.push(at);
            break;
        }
        std::thread::sleep(QUORUM_PAUSE);
    }
    Ok((found, seal))
}

/// Returns until when witnesses must have seen what was recorded.
fn a_day_ago() -> Timestamp {
    Timestamp::from_millis(moment::now().millis().saturating_sub(DAY_SECONDS * 1_000)).unwrap_or_default()
}

/// Returns the attested snapshot of the ledger that this one continues; `None` when it continues none.
fn predecessor(app: &App<'_>, contact: &Contact, hat: &KeyInfo) -> Outcome<Option<Vec<u8>>> {
    let ask = |token: &str| contact.http.get_stream(paths::AUDIT_PREDECESSOR, Some(token));
    let stream = app.with_session(contact, hat, ask)?;
    let mut bytes = Vec::new();
    let read = stream.take(PREDECESSOR_BYTES_MAX).read_to_end(&mut bytes);
    read.map_err(|error| Failure::text(Exit::Failed, "audit_unreadable", error).with("index", 0))?;
    Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
}

/// Reads the stream of records, item by item.
struct Records<R> {
    stream: R,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    /// Nothing comes after an error.
    failed: bool,
}

impl<R: Read> Records<R> {
    fn new(stream: R) -> Self {
        Self { stream, buffer: Vec::new(), start: 0, ended: false, failed: false }
    }

    fn read_item(&mut self) -> Option<Result<(Salt, Vec<u8>), String>> {
        loop {
            let held = &self.buffer[self.start..];
            match AuditRecord::decode_first(held) {
                Ok((item, used)) => {
                    self.start += used;
                    return Some(Ok((Salt(item.salt), item.record)));
                }
                Err(error) if held.len() > ITEM_BYTES_MAX => return Some(Err(error.to_string())),
                Err(_) if self.ended && held.is_empty() => return None,
                Err(_) if self.ended => return Some(Err("the stream ended within a record".to_owned())),
                Err(_) => {
                    if let Err(error) = self.fill() {
                        return Some(Err(error.to_string()));
                    }
                }
            }
        }
    }

    /// Reads more, after moving what is left to the front.
    fn fill(&mut self) -> std::io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let held = self.buffer.len();
        self.buffer.resize(held + READ_BYTES, 0);
        let read = self.stream.read(&mut self.buffer[held..]);
        self.buffer.truncate(held + *read.as_ref().unwrap_or(&0));
        self.ended |= read? == 0;
        Ok(())
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Result<(Salt, Vec<u8>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let item = self.read_item();
        self.failed = matches!(item, Some(Err(_)));
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of a few.
    struct Drops(Vec<u8>, usize);

    impl Read for Drops {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0.drain(..count);
            Ok(count)
        }
    }

    fn stream() -> (Vec<u8>, Vec<AuditRecord>) {
        let records: Vec<AuditRecord> = (0..20_u8)
            .map(|n| AuditRecord { salt: [n; 32], record: vec![n; 10 + 40 * usize::from(n)] })
            .collect();
        (records.iter().flat_map(AuditRecord::encode).collect(), records)
    }

    #[test]
    fn records_come_whole_however_the_bytes_arrive() {
        let (bytes, records) = stream();
        for size in [1, 7, 33, 100_000] {
            let read: Vec<_> = Records::new(Drops(bytes.clone(), size)).map(Result::unwrap).collect();
            let expected: Vec<_> =
                records.iter().map(|record| (Salt(record.salt), record.record.clone())).collect();
            assert!(
                read.iter().map(|(salt, record)| (salt.0, record)).eq(expected.iter().map(|(s, r)| (s.0, r)))
            );
        }
    }

    #[test]
    fn a_stream_that_breaks_off_is_not_the_end() {
        let (mut bytes, _) = stream();
        bytes.pop();
        assert!(Records::new(Drops(bytes, 50)).last().unwrap().is_err());
    }
}
