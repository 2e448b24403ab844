//! What proves that our own log signed two histories: found, kept in a file, and believed again after a restart.
//!
//! Only a checkpoint with our log's own signature, that what we hold does not continue, proves anything. A witness's
//! word alone never stops a node.

use crate::clock::wall_clock;
use crate::config::DataDir;
use crate::reason;
use crate::service::Service;
use klaver_api::Reason;
use klaver_keystore::private_file::{self, PrivateFileError};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::note::{NOTE_BYTES_MAX, Note};
use klaver_ledger::log::proof::verify_consistency;
use klaver_ledger::receipt::LogIdentity;

/// How the files of checkpoints that contradict ours end.
const SEEN: &str = ".seen.note";

/// The code of a node that records nothing because its log has signed two histories.
pub(crate) const TWO_HISTORIES: &str = "two_histories";

/// What a checkpoint from outside means to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Our log did not sign it: it means nothing.
    NotOurs,
    /// What we hold continues it.
    Continued(Box<SignedCheckpoint>),
    /// Our log signed it, and what we hold does not continue it.
    Contradicted(Box<SignedCheckpoint>),
    /// What we hold cannot be read far enough to tell.
    Unknown,
}

/// Says what `note` means to the log of `service`.
pub fn meaning(service: &Service, note: &Note) -> Meaning {
    let Some(identity) = identity(service) else { return Meaning::Unknown };
    let Ok(seen) = identity.open(note) else { return Meaning::NotOurs };
    let seen_head = seen.checkpoint().head();
    let ours = service.reader().head();
    if ours.size < seen_head.size {
        return Meaning::Contradicted(Box::new(seen));
    }
    let Ok(proof) = service.reader().consistency_proof(seen_head.size, ours.size) else {
        return Meaning::Unknown;
    };
    match verify_consistency(&seen_head, &ours, &proof) {
        Ok(()) => Meaning::Continued(Box::new(seen)),
        Err(_) => Meaning::Contradicted(Box::new(seen)),
    }
}

/// Stops recording because of `seen`, which our log signed and does not continue; the evidence is kept first.
pub fn stop_for(service: &Service, data: &DataDir, seen: &SignedCheckpoint, said_by: &str) {
    let kept = keep(service, data, seen);
    let (size, ours) = (seen.checkpoint().size, service.reader().head().size);
    let evidence = match &kept {
        Ok(name) => format!("{name} in the data directory"),
        Err(error) => {
            tracing::error!(%error, "the evidence could not be kept");
            "it could not be kept".to_owned()
        }
    };
    let why = two_histories(size, ours, said_by, &evidence);
    if service.turn_read_only(why.clone()) {
        tracing::error!(%why, "nothing is recorded");
    }
}

/// Tells that our log signed `size` records which our own do not continue.
pub(crate) fn two_histories(size: u64, ours: u64, said_by: &str, evidence: &str) -> Reason {
    let detail = format!(
        "our own log signed a checkpoint of {size} records, shown by {said_by}, that our {ours} records do not \
         continue: an old copy of the data was put back, or two nodes run with one key (evidence: {evidence}): stop \
         the other node or put the newest data back, then start again"
    );
    Reason::new(TWO_HISTORIES, detail).with("size", size).with("ours", ours).with("evidence", evidence)
}

/// Stops recording if evidence kept earlier still contradicts what we hold.
pub fn believe_kept(service: &Service, data: &DataDir) {
    for entry in std::fs::read_dir(data.evidence()).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().ends_with(SEEN) {
            continue;
        }
        let read =
            private_file::read(&entry.path(), NOTE_BYTES_MAX as u64).map_err(|error| error.to_string());
        let note = match read.and_then(|bytes| Note::parse(&bytes).map_err(|error| error.to_string())) {
            Ok(note) => note,
            Err(why) => {
                service.turn_read_only(reason::of_evidence(&entry.path(), &why));
                return;
            }
        };
        if let Meaning::Contradicted(seen) = meaning(service, &note) {
            stop_for(service, data, &seen, "kept evidence");
            return;
        }
    }
}

/// Returns the name of the file.
fn keep(service: &Service, data: &DataDir, seen: &SignedCheckpoint) -> Result<String, PrivateFileError> {
    let directory = data.evidence();
    private_file::create_directory(&directory)?;
    let checkpoint = seen.checkpoint();
    let name = format!("checkpoint-{}-{}", checkpoint.size, &checkpoint.root.to_string()[..16]);
    let path = directory.join(format!("{name}{SEEN}"));
    if !path.exists() {
        private_file::replace(&path, seen.to_string().as_bytes())?;
        let ours = service.reader().checkpoint().to_string();
        private_file::replace(&directory.join(format!("{name}.ours.note")), ours.as_bytes())?;
    }
    Ok(format!("evidence/{name}{SEEN}"))
}

/// Returns what our own checkpoints are verified with.
fn identity(service: &Service) -> Option<LogIdentity> {
    let standing = service.reader().standing();
    let (charter, _) = standing.charter_in_force(wall_clock())?;
    LogIdentity::new(service.ledger(), &charter.origin, &charter.log_keys).ok()
}
