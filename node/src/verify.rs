//! `verify`: audits a data directory offline, without changing or believing anything derived in it.

use crate::community::keep::check_not_gone;
use crate::config::DataDir;
use crate::keys::NodeKeys;
use klaver_ledger::amount::{Scale, Total, balance_to_decimal};
use klaver_ledger::audit::{Audited, Expectations, Verdict, Violation, audit};
use klaver_ledger::books::{TrialBalance, TrialBalanceLine};
use klaver_ledger::keys::PublicKey;
use klaver_ledger::log::checkpoint::Checkpoint;
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::log::proof::TreeHead;
use klaver_ledger::store::SignedHead;
use klaver_ledger::store::embedded::fault::{ADVICE, Damaged};
use klaver_ledger::store::embedded::inspect::{InspectError, Inspection, Unanchored, inspect};
use std::fmt::Write as _;

/// The exit status of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything holds.
    Holds = 0,
    /// The directory could not be read, or is no ledger.
    Unreadable = 1,
    /// Something is wrong with what was recorded.
    Violation = 6,
}

/// What a verification found, for people.
#[derive(Debug)]
pub struct Report {
    /// The exit status.
    pub exit: Exit,
    /// What to print.
    pub text: String,
}

/// A ledger that holds.
pub(crate) struct Checked {
    /// What the audit came to.
    pub audited: Audited,
}

/// What serving an earlier copy costs.
const EARLIER_COPY: &str = "Keep the directory as it is. An earlier copy of it can be served, but that has a price: receipts \
    given since then would contradict it, and witnesses would prove that. Ask witnesses and wallets first what they have.";

/// Verifies the ledger of a data directory. `progress` is told how many records were audited, now and then.
pub fn verify(data: &DataDir, progress: impl FnMut(u64)) -> Report {
    let inspection = match inspect(&data.ledger()) {
        Ok(inspection) => inspection,
        Err(error) => return refused(data, &error),
    };
    match judge(data, &inspection, u64::MAX, progress) {
        Ok((audited, _)) => holds(&audited, &inspection, &beside(data, &audited)),
        Err(report) => report,
    }
}

/// Audits the ledger of a data directory, or its records below `below`, at which a head was signed.
///
/// # Errors
/// The report that says what does not hold.
pub(crate) fn check(
    data: &DataDir,
    below: Option<u64>,
    progress: impl FnMut(u64),
) -> Result<Checked, Report> {
    let inspection = inspect(&data.ledger()).map_err(|error| refused(data, &error))?;
    let (audited, _) = judge(data, &inspection, below.unwrap_or(u64::MAX), progress)?;
    Ok(Checked { audited: *audited })
}

/// Makes the anchor of a data directory anew where it is missing and the journal proves itself to its end: every record
/// passes the audit, every group has the root that it was sealed with, and the newest is signed by the key in `keys/log`,
/// which the charter names. In every other case nothing is changed.
pub fn mend_anchor(data: &DataDir, progress: impl FnMut(u64)) -> Report {
    let log_key = match NodeKeys::read(data) {
        Ok(keys) => keys.log_public(),
        Err(error) => return unreadable(&format!("no anchor was made: {error}")),
    };
    let unanchored = match Unanchored::open(&data.ledger()) {
        Ok(unanchored) => unanchored,
        Err(error) => return refused(data, &error),
    };
    let (audited, newest) = match judge(data, unanchored.inspection(), u64::MAX, progress) {
        Ok(judged) => judged,
        Err(report) => return report,
    };
    if let Err(Violation { index, why }) = check_signature(&audited, &newest, |key| *key == log_key) {
        return violation(index, &format!("{why} that is in {}", data.keys().join("log").display()));
    }
    let mut report = holds(&audited, unanchored.inspection(), &beside(data, &audited));
    if let Err(fault) = unanchored.make_anchor(&newest) {
        return unreadable(&format!("the journal holds, but no anchor was made: {fault}"));
    }
    report.text.push_str(
        "The anchor was made anew. Without the old one nobody can tell here whether newer records are missing: compare \
         size and root with what witnesses and wallets have.\n",
    );
    report
}

/// Audits what a journal holds below `below`; returns it with the newest head, which a log key of the charter signed.
fn judge(
    data: &DataDir,
    inspection: &Inspection,
    below: u64,
    progress: impl FnMut(u64),
) -> Result<(Box<Audited>, SignedHead), Report> {
    let mut heads = sealed_heads(inspection)?;
    heads.retain(|head| head.size <= below);
    let predecessor =
        crate::succeed::read_predecessor(data).map_err(|error| unreadable(&error.to_string()))?;
    let expectations = Expectations {
        predecessor,
        heads: heads.iter().map(|head| TreeHead { size: head.size, root: head.root }).collect(),
        size: inspection.anchored().map(|head| head.size.min(below)),
        // Whoever keeps the node is no auditor: the questions are for those who see the records.
        without_questions: true,
        ..Expectations::default()
    };
    let newest = *heads.last().ok_or_else(|| unreadable("there is no record in this directory"))?;
    let records = inspection.records().take(usize::try_from(below).unwrap_or(usize::MAX));
    match audit(records, &expectations, progress) {
        Verdict::Holds(audited) => match check_signature(&audited, &newest, |_| true) {
            Ok(()) => Ok((audited, newest)),
            Err(Violation { index, why }) => Err(violation(index, &why)),
        },
        Verdict::Violation(Violation { index, why }) => Err(violation(index, &why)),
        Verdict::Unreadable { index, why } => Err(unreadable(&format!("record {index}: {why}"))),
    }
}

fn refused(data: &DataDir, error: &InspectError) -> Report {
    match error {
        InspectError::Damaged { damaged: Damaged::AnchorMissing, .. } => {
            let data = data.root().display();
            let text = format!(
                "The anchor is missing beside the journal. Keep a copy of the directory. Then run\n\n    \
                 klaver-node verify --data {data} --mend-anchor\n\nwhich reads everything, and makes the anchor anew only \
                 where the journal proves itself to its end.\n"
            );
            Report { exit: Exit::Violation, text }
        }
        InspectError::Damaged { index, damaged } => {
            let said = damaged.to_string();
            // Its advice is to run this very program.
            let what = said.strip_suffix(ADVICE).unwrap_or(&said).trim_end_matches([':', ' ']);
            violation(*index, &format!("the journal is damaged: {what}"))
        }
        error => unreadable(&error.to_string()),
    }
}

fn sealed_heads(inspection: &Inspection) -> Result<Vec<SignedHead>, Report> {
    let mut heads: Vec<SignedHead> = Vec::new();
    for head in inspection.heads() {
        let size = heads.last().map_or(0, |head| head.size);
        match head {
            Ok(Some(head)) if heads.last().is_none_or(|before| before.size < head.size) => heads.push(head),
            Ok(Some(head)) if heads.last() == Some(&head) => {}
            Ok(Some(_)) => {
                return Err(violation(size, "a later group says the log is another one of the same size"));
            }
            Ok(None) => return Err(violation(size, "a group was sealed without size, root and signature")),
            Err(error) => return Err(unreadable(&error.to_string())),
        }
    }
    match (inspection.anchored(), heads.last()) {
        (_, None) => Err(unreadable("there is no record in this directory")),
        (Some(anchored), Some(_)) if !heads.contains(&anchored) => {
            Err(violation(anchored.size, "the anchor names a head that no group was sealed with"))
        }
        _ => Ok(heads),
    }
}

/// Checks that a log key of the charter in force, one that `counts`, signed the newest head.
fn check_signature(
    audited: &Audited,
    newest: &SignedHead,
    counts: impl Fn(&PublicKey) -> bool,
) -> Result<(), Violation> {
    let charter =
        audited.books.standing().charter(audited.last_recorded_at).expect("a ledger that holds was founded");
    let at = |index: u64, why: String| Violation { index, why };
    let origin = KeyName::new(charter.origin.clone()).map_err(|error| at(0, error.to_string()))?;
    // Older heads may have been signed under an older charter; their roots were compared with this one's tree.
    let checkpoint = Checkpoint { origin: origin.clone(), size: newest.size, root: newest.root };
    let signed = charter
        .log_keys
        .iter()
        .filter(|key| counts(key))
        .filter_map(|key| VerifierKey::new(origin.clone(), KeyKind::Note, key.as_bytes()).ok())
        .any(|key| checkpoint.clone().with_signature(&key, &newest.signature).is_ok());
    if signed {
        Ok(())
    } else {
        let index = newest.size.saturating_sub(1);
        Err(at(index, "the newest head was not signed by a log key of the charter".to_owned()))
    }
}

/// Returns what stands in the way of serving a ledger that holds: keys, community data.
fn beside(data: &DataDir, audited: &Audited) -> Vec<String> {
    let mut notes = Vec::new();
    let named = audited.books.standing().charter(audited.last_recorded_at).map(|charter| &charter.log_keys);
    match NodeKeys::read(data) {
        Ok(keys) if named.is_some_and(|named| named.contains(&keys.log_public())) => {}
        Ok(keys) => notes.push(format!(
            "`serve` will refuse: {} holds the key {}, which the charter does not name; put the right file back from a copy",
            data.keys().join("log").display(),
            keys.log_public()
        )),
        Err(error) => notes.push(format!("`serve` will refuse: {error}")),
    }
    if let Err(error) = check_not_gone(data.root()) {
        notes.push(format!("`serve` will refuse: {error}"));
    }
    notes
}

fn holds(audited: &Audited, inspection: &Inspection, beside: &[String]) -> Report {
    let mut text = String::new();
    let community = audited.books.standing().community().expect("a ledger that holds was founded");
    let _ = writeln!(
        text,
        "Everything holds: {} records of {} ({}).",
        audited.head.size, community.name, audited.ledger
    );
    let _ = writeln!(text, "Root {} at size {}.", audited.head.root.to_base64(), audited.head.size);
    let _ = writeln!(text, "Newest record from {}.", audited.last_recorded_at);
    if let Some(old) = &community.predecessor {
        let _ = writeln!(
            text,
            "It continues ledger {} from size {}, root {}, snapshot {}.",
            old.ledger, old.size, old.root, old.snapshot
        );
    }
    if audited.books.standing().has_ended() {
        let _ = writeln!(text, "The council has ended it: another ledger goes on.");
    }
    text.push_str(&trial_balance(&audited.trial_balance, community.scale));
    for note in inspection.notes().iter().chain(beside) {
        let _ = writeln!(text, "Note: {note}.");
    }
    Report { exit: Exit::Holds, text }
}

/// Returns the trial balance as a table.
pub fn trial_balance(balance: &TrialBalance, scale: Scale) -> String {
    let mut text = String::new();
    let decimal = |minor: u128| {
        let minor = u64::try_from(minor).ok().and_then(|minor| Total::new(minor).ok());
        minor.map_or_else(|| "too large".to_owned(), |total| total.to_decimal(scale))
    };
    let _ = writeln!(text, "\n{:<12}{:>10}{:>20}{:>20}", "kind", "accounts", "debits", "credits");
    for TrialBalanceLine { kind, accounts, debits, credits } in &balance.lines {
        let _ = writeln!(
            text,
            "{:<12}{accounts:>10}{:>20}{:>20}",
            kind.word(),
            decimal(*debits),
            decimal(*credits)
        );
    }
    let total = |side: fn(&TrialBalanceLine) -> u128| decimal(balance.lines.iter().map(side).sum());
    let accounts: u64 = balance.lines.iter().map(|line| line.accounts).sum();
    let _ = writeln!(
        text,
        "{:<12}{accounts:>10}{:>20}{:>20}",
        "total",
        total(|line| line.debits),
        total(|line| line.credits)
    );
    let circulation = &balance.circulation;
    let signed = |minor| balance_to_decimal(minor, scale);
    let _ = writeln!(
        text,
        "\nissued {}, returned {}, redeemed {}, settled {}, retired {}; in circulation {}",
        signed(circulation.issued),
        signed(circulation.returned),
        signed(circulation.redeemed),
        signed(circulation.settled),
        signed(circulation.retired),
        signed(circulation.in_circulation())
    );
    text
}

fn violation(index: u64, why: &str) -> Report {
    let below = match index {
        0 => "No record can be trusted.".to_owned(),
        _ => format!("Records below {index} hold."),
    };
    let text = format!("Violation at record {index}: {why}.\n{below}\n{EARLIER_COPY}\n");
    Report { exit: Exit::Violation, text }
}

fn unreadable(why: &str) -> Report {
    Report { exit: Exit::Unreadable, text: format!("Nothing could be verified: {why}.\n") }
}
