//! What proves how the ledger before this one ended: made when it ends, kept in the new data directory, shown to anybody.

use crate::config::DataDir;
use crate::export::write_log;
use crate::restore::copy;
use crate::service::{NodeReader, StartError, beginning};
use anyhow::Context as _;
use klaver_api::succession::{LineageJson, SuccessionJson, SuccessorJson};
use klaver_api::{ReceiptJson, paths};
use klaver_keystore::private_file;
use klaver_ledger::charter::Charter;
use klaver_ledger::engine::{Holder, ReadOnlyLedger, open_read_only};
use klaver_ledger::entry::Body;
use klaver_ledger::id::{Digest, LedgerId};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::receipt::{LogIdentity, Receipt};
use klaver_ledger::record::Record;
use klaver_ledger::store::OpenError;
use klaver_ledger::store::embedded::ReadOnlyStore;
use klaver_ledger::store::embedded::fault::{Fault, OpenError as DirectoryError};
use klaver_ledger::time::Timestamp;

/// Writes the old public log, and what proves its end, into the directory of the ledger that continues it.
///
/// # Errors
/// When the old directory cannot be read, or the new one not written.
pub(crate) fn write(old: &DataDir, ledger: LedgerId, snapshot: Digest, new: &DataDir) -> anyhow::Result<()> {
    let held = open_ended(old)?;
    let reader = held.reader();
    let checkpoint = reader.checkpoint();
    let (ended, now) = {
        let standing = reader.standing();
        (standing.has_ended(), standing.last_recorded_at())
    };
    let charters = lineage(&reader, ledger, &checkpoint, now)?;
    let ending = if ended { Some(checkpoint.checkpoint().size - 1) } else { None };
    let ending = ending.map(|index| reader.receipt_at(index, Holder::Signer, &checkpoint)).transpose()?;
    let said = SuccessionJson {
        lineage: lineage_json(ledger, &charters),
        checkpoint: checkpoint.to_string(),
        ending: ending.map(|receipt| ReceiptJson::of(&receipt, None)),
        snapshot: snapshot.to_hex(),
        log: paths::LOG_BEFORE.to_owned(),
    };
    write_log(&reader, &checkpoint, &new.predecessor_log())?;
    let bytes = serde_json::to_vec_pretty(&said).context("plain values are always JSON")?;
    private_file::replace(&new.predecessor_proof(), &bytes)?;
    Ok(())
}

/// Writes into the old directory where the ledger of the new one is, what proves that it continues this one, and what each
/// account went over with: a wallet that only knows the old address follows from there.
///
/// # Errors
/// When the new directory cannot be read, or the old one not written.
pub(crate) fn lead_on(old: &DataDir, new: &DataDir, ledger: LedgerId, url: &str) -> anyhow::Result<()> {
    let held = open_ended(new)?;
    let reader = held.reader();
    let now = reader.standing().last_recorded_at();
    let charters = lineage(&reader, ledger, &reader.checkpoint(), now)?;
    let end: SuccessionJson = serde_json::from_slice(&std::fs::read(new.predecessor_proof())?)?;
    let said = SuccessorJson {
        url: url.to_owned(),
        lineage: lineage_json(ledger, &charters),
        // Here the log that ended is the node's own.
        end: SuccessionJson { log: paths::LOG.to_owned(), ..end },
    };
    let snapshot = std::fs::read(new.predecessor()).context("the closing snapshot")?;
    private_file::replace(&old.closing(), &snapshot)?;
    private_file::replace(&old.successor_proof(), &serde_json::to_vec_pretty(&said)?)?;
    Ok(())
}

/// Hands on what the old directory holds of the ledgers before it, the newest of which is `before`: whoever slept through
/// several successions follows from each to the next.
///
/// # Errors
/// When something cannot be read or written.
pub(crate) fn hand_on(old: &DataDir, before: Option<LedgerId>, new: &DataDir) -> anyhow::Result<()> {
    let Some(before) = before else { return Ok(()) };
    private_file::create_directory(&new.ancestors())?;
    if old.ancestors().is_dir() {
        copy(&old.ancestors(), &new.ancestors())?;
    }
    let place = new.ancestor(&before);
    private_file::create_directory(place.root())?;
    private_file::create_directory(&place.predecessor_log())?;
    copy(&old.predecessor_log(), &place.predecessor_log())?;
    let snapshot = std::fs::read(old.predecessor()).context("the snapshot before it")?;
    private_file::replace(&place.predecessor(), &snapshot)?;
    let proof = std::fs::read(old.predecessor_proof()).context("what proves the end before it")?;
    let proof: SuccessionJson = serde_json::from_slice(&proof)?;
    let said = SuccessionJson { log: format!("{}/{}", paths::LOG_ENDED, before.to_hex()), ..proof };
    private_file::replace(&place.predecessor_proof(), &serde_json::to_vec_pretty(&said)?)?;
    Ok(())
}

/// Opens a ledger that records nothing more, also without its log key. Nothing in it is changed.
fn open_ended(old: &DataDir) -> Result<ReadOnlyLedger, StartError> {
    let ended = DirectoryError::Fault(Fault::Io {
        doing: "go on with",
        file: "the journal".to_owned(),
        kind: std::io::ErrorKind::ReadOnlyFilesystem,
        reason: "another ledger continues this one".to_owned(),
    });
    let store = ReadOnlyStore::open(&old.ledger(), ended).map_err(OpenError::from)?;
    Ok(open_read_only(store, &beginning(old)?)?)
}

/// Returns the receipts of the founding entry and of every charter up to the one whose key signed `checkpoint`.
///
/// # Errors
/// When a record cannot be read.
pub(crate) fn lineage(
    reader: &NodeReader,
    ledger: LedgerId,
    checkpoint: &SignedCheckpoint,
    now: Timestamp,
) -> Result<Vec<Receipt>, klaver_ledger::engine::ReadError> {
    let in_force = reader.standing().charter_in_force(now).map(|(_, base)| base);
    let (mut bases, mut next) = (Vec::new(), in_force);
    while let Some(index) = next {
        let record = reader.record(index)?.record;
        let Ok(record) = Record::decode(&record) else { break };
        let (charter, before) = match &record.signed.entry().body {
            Body::Govern(govern) => (&govern.charter, Some(govern.base)),
            Body::Found(found) => (&found.charter, None),
            _ => break,
        };
        // A charter that counts since a moment ago has signed nothing yet: the one before it is shown.
        if !bases.is_empty() || has_signed(charter, ledger, checkpoint) {
            bases.push(index);
        }
        next = before;
    }
    bases.iter().rev().map(|index| reader.receipt_at(*index, Holder::Signer, checkpoint)).collect()
}

fn has_signed(charter: &Charter, ledger: LedgerId, checkpoint: &SignedCheckpoint) -> bool {
    let log = LogIdentity::new(ledger, &charter.origin, &charter.log_keys);
    log.is_ok_and(|log| log.open(checkpoint.note()).is_ok())
}

pub(crate) fn lineage_json(ledger: LedgerId, charters: &[Receipt]) -> LineageJson {
    let charters = charters.iter().map(|receipt| ReceiptJson::of(receipt, None)).collect();
    LineageJson { ledger: ledger.to_hex(), charters }
}
