//! What the next audit goes on from: the auditor's own file, one for each ledger.

use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use klaver_keystore::private_file;
use klaver_ledger::audit::{AuditState, Audited};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::note::Note;
use klaver_ledger::log::proof::TreeHead;

/// Most bytes of a state: millions of records.
const STATE_BYTES_MAX: u64 = 4 << 30;

/// Returns where the last audit stopped, after everything known below it was shown to be consistent with what is now.
///
/// `None`, which it says, when there is none that can be gone on from: then everything is replayed.
///
/// # Errors
/// `Mismatch` when the log contradicts what the last audit saw.
pub(super) fn load(app: &App<'_>, contact: &Contact, heads: &[TreeHead]) -> Outcome<Option<AuditState>> {
    let community = &contact.community;
    let path = app.places.audit(&community.ledger);
    let bytes = match private_file::read(&path, STATE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.is_missing() => {
            app.output.note("audit.since.none", &[]);
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let Ok(state) = AuditState::decode(&bytes) else {
        app.output.warn("audit.since.damaged", &[]);
        return Ok(None);
    };
    if state.ledger() != community.ledger {
        app.output.warn("audit.since.damaged", &[]);
        return Ok(None);
    }
    let Some(newest) = community.checkpoint.as_ref().map(|seen| seen.checkpoint().head()) else {
        return Err(Failure::new(Exit::Failed, "nothing_published"));
    };
    if newest.size < state.size() && !state.has_compared(&newest) {
        // The last audit went beyond what was published, and what is published still lies below it.
        app.output.note("audit.since.beyond", &[("size", &state.size().to_string())]);
        return Ok(None);
    }
    let now = community.checkpoint.as_ref().map(SignedCheckpoint::note);
    let now = now.map_or_else(String::new, ToString::to_string);
    let evidence = format!("{}\n{now}", state.checkpoint().unwrap_or_default());
    if let Some(then) = state.checkpoint() {
        let wrong = |error: &dyn std::fmt::Display| Failure::text(Exit::Mismatch, "checkpoint_wrong", error);
        let then = Note::parse(then.as_bytes()).map_err(|error| wrong(&error))?;
        let then = community.identity_ever().open(&then).map_err(|error| wrong(&error))?;
        contact.head_must_continue(then.checkpoint().head(), newest, &evidence)?;
    }
    // What this wallet came to know meanwhile of the time before.
    for head in heads.iter().filter(|head| head.size < state.size() && !state.has_compared(head)) {
        contact.head_must_continue(*head, newest, &evidence)?;
    }
    app.output.note("audit.since", &[("size", &state.size().to_string())]);
    Ok(Some(state))
}

/// Keeps where this audit stopped.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn save(
    app: &App<'_>,
    contact: &Contact,
    audited: &Audited,
    mut compared: Vec<TreeHead>,
) -> Outcome<()> {
    compared.sort_unstable_by_key(|head| head.size);
    compared.dedup();
    let checkpoint = contact.community.checkpoint.as_ref().map(|seen| seen.note().to_string());
    let Some(bytes) = audited.encode_state(&compared, checkpoint.as_deref()) else { return Ok(()) };
    private_file::create_directory(&app.places.audits())?;
    Ok(private_file::replace(&app.places.audit(&contact.community.ledger), &bytes)?)
}
