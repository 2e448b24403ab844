//! `export`: the public log as static files, and the records for auditors.

use crate::config::DataDir;
use crate::keys::NodeKeys;
use crate::service::{NodeReader, NodeStore, StartError, open_ledger};
use anyhow::Context as _;
use klaver_api::EntryJson;
use klaver_ledger::amount::{Scale, Total};
use klaver_ledger::engine::Ledger;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::note::Note;
use klaver_ledger::log::policy::TrustPolicy;
use klaver_ledger::log::tile::TilePath;
use klaver_ledger::log::tile::{encode_entries, encode_hashes, entry_bundles, hash_tiles};
use klaver_ledger::record::Record;
use std::fs;
use std::io::Write;
use std::path::Path;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One line for each posted line.
    Csv,
    /// One JSON object for each record.
    Json,
}

/// The ledger of a stopped node, held so that nobody else opens it meanwhile.
pub struct Stopped {
    ledger: Ledger<NodeStore>,
}

impl Stopped {
    /// Opens the ledger of a stopped node, for reading.
    ///
    /// # Errors
    /// When it is running, damaged, or not there.
    pub fn open(data: &DataDir) -> Result<Self, StartError> {
        let keys = NodeKeys::read(data)?;
        let (ledger, _) = open_ledger(data, keys.log)?;
        Ok(Self { ledger })
    }

    /// Returns what reads the ledger, as long as this is held.
    pub fn reader(&self) -> NodeReader {
        self.ledger.reader()
    }
}

/// Returns `checkpoint` with the lines that witnesses of the trust policy had added to it when the node ran, and how many.
pub fn with_cosignatures(data: &DataDir, mut checkpoint: SignedCheckpoint) -> (SignedCheckpoint, usize) {
    let policy: Option<TrustPolicy> =
        fs::read_to_string(data.witness_policy()).ok().and_then(|text| text.parse().ok());
    let kept = fs::read(data.cosigned()).ok().and_then(|bytes| Note::parse(&bytes).ok());
    let (Some(policy), Some(kept)) = (policy, kept) else { return (checkpoint, 0) };
    let mut count = 0;
    for witness in policy.witnesses() {
        for line in kept.signatures().iter().filter(|line| line.is_by(&witness.key)) {
            // A line about another checkpoint does not verify, and is left out.
            if checkpoint.add_cosignature(line.clone(), &witness.key) == Ok(true) {
                count += 1;
            }
        }
    }
    (checkpoint, count)
}

/// Writes the public log up to `checkpoint` below `target`, as any web server can serve it; returns its size.
///
/// # Errors
/// When something cannot be read or written. The checkpoint is written last: it never promises a missing tile.
pub fn write_log(reader: &NodeReader, checkpoint: &SignedCheckpoint, target: &Path) -> anyhow::Result<u64> {
    let size = checkpoint.checkpoint().size;
    for tile in hash_tiles(size) {
        let bytes = encode_hashes(&reader.tile(&tile, size)?);
        write(&target.join(TilePath::Hashes(tile).to_string()), &bytes)?;
    }
    for bundle in entry_bundles(size) {
        let bytes = encode_entries(&reader.bundle(&bundle, size)?)?;
        write(&target.join(TilePath::Entries(bundle).to_string()), &bytes)?;
    }
    write(&target.join("checkpoint"), checkpoint.note().to_string().as_bytes())?;
    Ok(size)
}

/// Writes every record to `out`; returns how many there were.
///
/// # Errors
/// When something cannot be read or written.
pub fn write_records(reader: &NodeReader, format: Format, mut out: impl Write) -> anyhow::Result<u64> {
    let (scale, ledger) = {
        let standing = reader.standing();
        let community = standing.community().context("the ledger is not founded")?;
        (community.scale, community.ledger)
    };
    if format == Format::Csv {
        writeln!(out, "index,recorded_at,kind,line,account,seq,debit,credit")?;
    }
    let mut count = 0;
    for stored in reader.records(0) {
        let record = Record::decode(&stored?.record)?;
        match format {
            Format::Csv => write_csv(reader, &record, scale, &mut out)?,
            Format::Json => {
                let signers: Vec<String> = record
                    .signed
                    .signatures()
                    .iter()
                    .map(|(key, _)| data_encoding::HEXLOWER.encode(key))
                    .collect();
                let object = serde_json::json!({
                    "index": record.index,
                    "recorded_at": record.recorded_at.to_string(),
                    "id": record.signed.id(&ledger).to_hex(),
                    "entry": EntryJson::of(record.signed.entry(), scale),
                    "signed_by": signers,
                });
                writeln!(out, "{object}")?;
            }
        }
        count += 1;
    }
    out.flush()?;
    Ok(count)
}

/// Every field is a number, a word of ours or an account: nothing that a spreadsheet could take for a formula.
fn write_csv(reader: &NodeReader, record: &Record, scale: Scale, out: &mut impl Write) -> anyhow::Result<()> {
    let decimal = |minor: u64| Total::new(minor).unwrap_or_default().to_decimal(scale);
    let (index, recorded_at) = (record.index, record.recorded_at);
    let kind = record.signed.entry().body.kind().word();
    let lines = reader.lines(index)?;
    for (number, line) in lines.iter().map(|line| &line.line).enumerate() {
        let (debit, credit) = (decimal(line.debit), decimal(line.credit));
        writeln!(
            out,
            "{index},{recorded_at},{kind},{number},{},{},{debit},{credit}",
            line.account, line.seq
        )?;
    }
    if lines.is_empty() {
        writeln!(out, "{index},{recorded_at},{kind},,,,,")?;
    }
    Ok(())
}

/// Makes a file that only its owner reads: records are for auditors.
///
/// # Errors
/// When there is one already, or it cannot be made.
pub fn create_private(path: &Path) -> anyhow::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).with_context(|| format!("{} cannot be made", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let directory = path.parent().context("a file of the log lies in a directory")?;
    fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    // A copy may be served while it is brought up to date: whoever fetches sees the old file or the new one.
    let beside = path.with_extension("new");
    let replace = || {
        let mut file = fs::File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    replace().with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("records");
        let file = create_private(&path).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(create_private(&path).is_err(), "nothing is overwritten");
    }
}
