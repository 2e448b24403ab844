//! A node whose ledger cannot be opened for writing: what can be trusted of it is served, and nothing is recorded.

use super::publishing::Publisher;
use super::{Running, Service, StartError, beginning, founded, witnesses};
use crate::community::Community;
use crate::config::{Config, DataDir};
use crate::keys::NodeKeys;
use crate::metrics::Metrics;
use crate::reason;
use crate::writer::Writer;
use klaver_ledger::engine::{LedgerOpenError, OpeningReport, open_read_only};
use klaver_ledger::store::embedded::ReadOnlyStore;
use klaver_ledger::store::embedded::fault::{Fault, OpenError as DirectoryError};
use klaver_ledger::store::{OpenError, Recovery};
use std::sync::Arc;

/// Serves what can be trusted of a directory that was `refused`.
///
/// # Errors
/// `refused`, or what is worse, when nothing can.
pub(super) fn open(
    data: &DataDir,
    config: Config,
    keys: NodeKeys,
    refused: StartError,
) -> Result<(Arc<Service>, OpeningReport), StartError> {
    let cause = match &refused {
        StartError::Store(OpenError::Embedded(error))
        | StartError::Ledger(LedgerOpenError::Store(OpenError::Embedded(error))) => error.clone(),
        // The replay finds it again, and stops before it.
        StartError::Ledger(LedgerOpenError::Store(OpenError::Unfit(unfit))) => {
            DirectoryError::Fault(Fault::Io {
                doing: "believe",
                file: "the journal".to_owned(),
                kind: std::io::ErrorKind::InvalidData,
                reason: unfit.to_string(),
            })
        }
        _ => return Err(refused),
    };
    let store = ReadOnlyStore::open(&data.ledger(), cause).map_err(OpenError::from)?;
    let ledger = open_read_only(store, &beginning(data)?)?;
    let reader = ledger.reader();
    let why = reason::of_opening(ledger.cause(), reader.head().size, ledger.why());
    tracing::error!(%why, "the ledger is read-only");
    // The community's data know whose ledger this should be.
    let community = Community::open_or_read(data.root(), &founded(&reader).ledger)?;
    let metrics = Arc::new(Metrics::default());
    let report = OpeningReport {
        size: reader.head().size,
        recovery: Recovery { replayed: reader.head().size, ..Recovery::default() },
    };
    // Without its policy a log is still a log.
    let witnesses = witnesses::read(data, &config, &reader, &keys.log_public()).ok().flatten().map(Arc::new);
    let running = Running {
        witnesses,
        writer: Writer::refusing(why, metrics.clone()),
        published: Publisher::fixed(ledger.anchored()),
        community: Arc::new(community),
        reader,
        metrics,
        held: Some(ledger),
    };
    let service = Service::assemble(config, (keys.registrar, keys.guardian), running, Vec::new(), None)?;
    let _ = service.data.set(data.clone());
    Ok((service, report))
}
