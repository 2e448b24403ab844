//! What a node can do, without a word of HTTP: for the routes, for `found`, and for a demonstration in process.
//!
//! The ledger decides about money; community data stands beside it. Every function that shows something private
//! takes the [`Visitor`](crate::community::sessions::Visitor) and asks [`Service::sight`] what they may see.

mod accounts;
mod aliases;
mod arrivals;
mod asking;
mod budgets;
mod carrying;
mod changes;
mod checking;
mod closing;
mod companions;
mod coordination;
mod counters;
mod few;
mod figures;
mod funders;
mod gatherings;
mod gifts;
mod growth;
mod guardian;
mod heard;
mod hearty;
mod inbox;
mod joining;
mod months;
mod organisations;
mod pairings;
mod papers;
mod persons;
mod pioneers;
mod pots;
mod presence;
mod promises;
mod publishing;
mod pulse;
mod read_only;
mod refused;
mod requests;
mod sessions;
mod speaking;
mod submit;
mod succession;
mod sweeping;
mod tasks;
mod tills;
mod witness_state;
mod witnesses;
mod wrong;

pub use accounts::{LINES_PER_PAGE_MAX, Sight};
pub use aliases::CodeView;
pub use arrivals::Crowded;
pub use budgets::{CENTS_MAX, ThanksView, unknown_budget};
pub use coordination::OVERDUE as PAYOUT_OVERDUE;
pub use counters::PublicCounters;
pub use funders::{FundedBudget, FunderView};
pub use gatherings::NewGathering;
pub use hearty::{BringHearty, Offer, OwnHearty};
pub use joining::INVITED_MAX;
pub(crate) use months::month_before;
pub use organisations::unknown_organisation;
pub use papers::PaperRefused;
pub use papers::unknown_paper;
pub use pioneers::{HostView, PIONEERS, takes_words, unknown_round};
pub use pots::{GIFT_MAX, ITEMS, SERVICES, unknown_pot};
pub use publishing::{Attached, Beat, PublishedCheckpoint};
pub use refused::Refused;
pub use requests::RequestView;
pub use submit::Submitted;
pub use tasks::PICTURES;
pub use witness_state::{WitnessedHead, WitnessedLog};
pub use witnesses::Brought;
pub use wrong::{unknown_person, unknown_wrong};

use crate::brand::Brand;
use crate::clock::{Clock, ClockFault, Rest, SystemClock, wall_clock};
use crate::community::Community;
use crate::community::keep::KeepError;
use crate::community::pairings::Pairings;
use crate::community::sessions::Sessions;
use crate::config::{Config, ConfigError, DataDir};
use crate::keys::{KeysError, NodeKeys};
use crate::metrics::Metrics;
use crate::reason;
use crate::succeed::read_predecessor;
use crate::witness::policy::{Witnesses, WitnessesError};
use crate::writer::Writer;
use klaver_api::Reason;
use klaver_ledger::amount::Scale;
use klaver_ledger::books::{Books, Community as Founded, Reference};
use klaver_ledger::engine::{self, Ledger, LedgerOpenError, OpeningReport, ReadOnlyLedger, Reader};
use klaver_ledger::id::LedgerId;
use klaver_ledger::keys::{PublicKey, ReadyKey, SigningKey};
use klaver_ledger::link::NodeAddress;
use klaver_ledger::record::SaltSource;
use klaver_ledger::store::OpenError;
use klaver_ledger::store::embedded::{EmbeddedReader, EmbeddedStore, Options};
use klaver_ledger::time::Timestamp;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use std::thread::JoinHandle;

/// The store of a node.
pub type NodeStore = EmbeddedStore;
/// Reads a node's ledger.
pub type NodeReader = Reader<EmbeddedReader>;

/// Most keys kept ready for verifying: 10 megabytes.
const READY_KEYS_MAX: usize = 50_000;

/// A running node. Cheap to share; [`Service::close`] ends it.
pub struct Service {
    config: Config,
    address: NodeAddress,
    founded: Arc<Founded>,
    registrar: SigningKey,
    guardian: SigningKey,
    /// Held while the guardian decides about a card.
    guarding: tokio::sync::Mutex<()>,
    /// Held while a shop is told what its pots owe it.
    closing_pots: tokio::sync::Mutex<()>,
    reader: NodeReader,
    writer: Writer,
    community: Arc<Community>,
    sessions: Sessions,
    pairings: Pairings,
    arrivals: arrivals::Arrivals,
    /// Who brought tasks lately.
    clients: arrivals::Arrivals,
    /// Who said something in an hour with pioneers lately.
    guests: arrivals::Arrivals,
    published: Arc<publishing::Publisher>,
    witnesses: Option<Arc<Witnesses>>,
    ready_keys: RwLock<HashMap<[u8; 32], ReadyKey>>,
    metrics: Arc<Metrics>,
    /// Held while the counters of a day are looked at.
    looking_at_counters: Mutex<()>,
    /// Held while an hour with pioneers is planned, or what was said there becomes a task.
    changing_rounds: tokio::sync::Mutex<()>,
    /// Held while what a budget paid for is looked at: that reads all of its history.
    looking_at_figures: Mutex<()>,
    grown: Mutex<growth::Counted>,
    month_sums: tills::MonthSums,
    /// What was seen of the last month that is over.
    month_done: Mutex<figures::Seen>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    checking: Mutex<Option<checking::Checking>>,
    /// A ledger that is only read, held so that nobody else opens it meanwhile.
    held: Mutex<Option<ReadOnlyLedger>>,
    /// The directory that it was opened from, for what is seldom read.
    data: OnceLock<DataDir>,
    /// How the pages look, when the community has colours or a logo of its own.
    brand: OnceLock<Brand>,
    before: succession::Before,
    /// Which witnesses have cosigned the newest checkpoint afresh, while a restored directory waits for them.
    confirmed: Mutex<BTreeSet<usize>>,
    started_at: Timestamp,
}

/// What runs in a node.
struct Running {
    reader: NodeReader,
    writer: Writer,
    published: Arc<publishing::Publisher>,
    community: Arc<Community>,
    metrics: Arc<Metrics>,
    held: Option<ReadOnlyLedger>,
    witnesses: Option<Arc<Witnesses>>,
}

/// What a service is started with.
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// The node's keys; the log's was given to the ledger.
    pub registrar: SigningKey,
    /// The key that signs with cards.
    pub guardian: SigningKey,
    /// The ledger, opened or just founded.
    pub ledger: Ledger<NodeStore>,
    /// Where the writer takes the time from.
    pub clock: Box<dyn Clock>,
    /// Community data.
    pub community: Community,
    /// Whom the log asks to cosign.
    pub witnesses: Option<Witnesses>,
}

/// Why a node was not started. Nothing that was acknowledged has been changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The node's keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerOpenError),
    /// Community data.
    #[error(transparent)]
    Community(#[from] KeepError),
    /// The trust policy.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
    /// The log's origin cannot name a key.
    #[error("the origin of the log cannot be used: {0}")]
    Origin(#[from] klaver_ledger::log::key::KeyError),
    /// The snapshot that the ledger was founded on.
    #[error("{}: {error}: put the file back from a backup, or from an auditor's copy", path.display())]
    Predecessor {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: klaver_ledger::entry::cbor::CborError,
    },
    /// The operating system has no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The operating system gives no thread.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Salts from the operating system.
pub struct OsSalts;

impl SaltSource for OsSalts {
    fn salt(&mut self) -> [u8; 32] {
        let mut salt = [0; 32];
        // A record under a salt that somebody could guess would be public for ever.
        getrandom::fill(&mut salt).expect("the operating system has randomness");
        salt
    }
}

/// A clock that was not believed at start: nothing is recorded.
struct UnbelievedClock(ClockFault);

impl Clock for UnbelievedClock {
    fn now(&mut self) -> Result<Timestamp, ClockFault> {
        Err(self.0.clone())
    }
}

impl Service {
    /// Opens the node in `data` by the clock of this machine. What a damaged ledger leaves is served for reading.
    ///
    /// # Errors
    /// Says what is damaged or missing, what is safe, and what helps.
    pub fn open(
        data: &DataDir,
        beat: Option<Beat>,
        rest: Rest,
    ) -> Result<(Arc<Self>, OpeningReport), StartError> {
        let config = data.read_config()?;
        let brand = config.brand.as_ref().map(|brand| Brand::read(data, brand)).transpose()?;
        let keys = NodeKeys::read(data)?;
        let log_public = keys.log_public();
        let (mut ledger, report) = match open_ledger(data, keys.log.clone()) {
            Ok(opened) => opened,
            Err(refused) => {
                let opened = read_only::open(data, config, keys, refused)?;
                opened.0.wear(brand);
                return Ok(opened);
            }
        };
        let newest = ledger.reader().standing().last_recorded_at();
        let started = SystemClock::start(newest, rest);
        let doubted = started.as_ref().err().map(reason::of_clock);
        let clock: Box<dyn Clock> = match started {
            Ok(mut clock) => {
                if let Ok(now) = clock.now() {
                    ledger.take_over(now);
                }
                Box::new(clock)
            }
            Err(fault) => Box::new(UnbelievedClock(fault)),
        };
        let ledger_id = founded(&ledger.reader()).ledger;
        let community = Community::open(data.root(), &ledger_id)?;
        let witnesses = witnesses::read(data, &config, &ledger.reader(), &log_public)?;
        let beat = beat.unwrap_or(Beat { seconds: config.beat_seconds });
        let service = Self::start(
            Parts {
                config,
                registrar: keys.registrar,
                guardian: keys.guardian,
                ledger,
                clock,
                community,
                witnesses,
            },
            beat,
        )?;
        let _ = service.data.set(data.clone());
        service.wear(brand);
        // No waiting makes a clock believed that was not when the node started: whoever asks hears what does.
        if let Some(why) = doubted {
            service.turn_read_only(why);
        }
        service.wait_if_restored(data);
        Ok((service, report))
    }

    /// Starts a node from its parts.
    ///
    /// # Errors
    /// When its threads cannot be started, or the anchor cannot be written.
    pub fn start(parts: Parts, beat: Beat) -> Result<Arc<Self>, StartError> {
        let Parts { config, registrar, guardian, ledger, clock, community, witnesses } = parts;
        let witnesses = witnesses.map(Arc::new);
        let reader = ledger.reader();
        let community = Arc::new(community);
        let metrics = Arc::new(Metrics::default());
        requests::find_paid(&reader, &community);
        submit::find_recorded(&reader, &community, &founded(&reader).ledger);
        let notice = notice(reader.clone(), community.clone());
        let (writer, writer_thread) = Writer::start(ledger, clock, metrics.clone(), notice)?;
        let (published, beat_thread) =
            publishing::Publisher::start(reader.clone(), beat, witnesses.clone(), writer.status().clone())?;
        let checking = checking::Checking::start(reader.clone(), writer.status().clone(), metrics.clone())?;
        let running = Running { reader, writer, published, community, metrics, witnesses, held: None };
        Self::assemble(
            config,
            (registrar, guardian),
            running,
            vec![writer_thread, beat_thread],
            Some(checking),
        )
    }

    fn assemble(
        config: Config,
        (registrar, guardian): (SigningKey, SigningKey),
        running: Running,
        threads: Vec<JoinHandle<()>>,
        checking: Option<checking::Checking>,
    ) -> Result<Arc<Self>, StartError> {
        let Running { reader, writer, published, community, metrics, witnesses, held } = running;
        let service = Arc::new(Self {
            address: config.address()?,
            config,
            founded: founded(&reader),
            registrar,
            guardian,
            guarding: tokio::sync::Mutex::default(),
            closing_pots: tokio::sync::Mutex::default(),
            reader,
            writer,
            community,
            sessions: Sessions::new()?,
            pairings: Pairings::default(),
            arrivals: arrivals::Arrivals::default(),
            clients: arrivals::Arrivals::default(),
            guests: arrivals::Arrivals::default(),
            published,
            witnesses,
            ready_keys: RwLock::default(),
            metrics,
            looking_at_counters: Mutex::default(),
            changing_rounds: tokio::sync::Mutex::default(),
            looking_at_figures: Mutex::default(),
            grown: Mutex::default(),
            month_sums: tills::MonthSums::default(),
            month_done: Mutex::default(),
            threads: Mutex::new(threads),
            checking: Mutex::new(checking),
            held: Mutex::new(held),
            data: OnceLock::new(),
            brand: OnceLock::new(),
            before: succession::Before::default(),
            confirmed: Mutex::default(),
            started_at: wall_clock(),
        });
        // Whoever pays first after a start shall not wait for their key, and opening shall not wait for all of them.
        let weak = Arc::downgrade(&service);
        std::thread::Builder::new().name("ready-keys".to_owned()).spawn(move || make_keys_ready(&weak))?;
        Ok(service)
    }

    fn wear(&self, brand: Option<Brand>) {
        if let Some(brand) = brand {
            let _ = self.brand.set(brand);
        }
    }

    /// Returns how the pages look, when the community has colours or a logo of its own.
    pub fn brand(&self) -> Option<&Brand> {
        self.brand.get()
    }

    /// Finishes what waits, closes the ledger, and waits until that is done.
    pub fn close(&self) {
        drop(self.checking.lock().unwrap_or_else(PoisonError::into_inner).take());
        drop(self.held.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.published.stop();
        self.writer.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the node ended in a panic; everything acknowledged is durable");
            }
        }
    }

    /// Returns the settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns what reads the ledger.
    pub fn reader(&self) -> &NodeReader {
        &self.reader
    }

    /// Returns the community data.
    pub fn community(&self) -> &Community {
        &self.community
    }

    /// Returns the counters.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Returns what was fixed when the ledger was founded.
    pub fn founded(&self) -> &Founded {
        &self.founded
    }

    /// Returns the ledger's id.
    pub fn ledger(&self) -> LedgerId {
        self.founded.ledger
    }

    /// Returns how many decimals people see.
    pub fn scale(&self) -> Scale {
        self.founded.scale
    }

    /// Returns how many minor units one unit is.
    pub fn unit(&self) -> u64 {
        10_u64.pow(self.scale().decimals().into())
    }

    /// Returns the address that links and sessions name.
    pub fn address(&self) -> &NodeAddress {
        &self.address
    }

    /// Returns the registrar's public key.
    pub fn registrar(&self) -> PublicKey {
        PublicKey::of(&self.registrar)
    }

    /// Returns why nothing is recorded now; `None` when all is well.
    pub fn read_only(&self) -> Option<Reason> {
        self.writer.status().read_only()
    }

    /// Returns whether only a new start lets something be recorded.
    pub fn is_read_only_for_good(&self) -> bool {
        self.writer.status().lasting().is_some()
    }

    /// Checks that something could be recorded, before anything else is written.
    ///
    /// # Errors
    /// `ReadOnly` until the node is started again.
    fn must_record(&self) -> Result<(), Refused> {
        match self.writer.status().lasting() {
            None => Ok(()),
            Some(_) => Err(self.writer.stopped().into()),
        }
    }

    /// Turns "there is no such thing" into "nobody can tell now" where a part of the ledger cannot be read.
    fn beyond_damage(&self, refused: Refused) -> Refused {
        let is_held = self.held.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        match (self.writer.status().lasting(), refused) {
            (Some(why), Refused::Unknown { .. }) if is_held => Refused::BeyondDamage { why: why.clone() },
            (_, refused) => refused,
        }
    }

    /// Returns the newest checkpoint that is shown to everybody.
    pub fn published(&self) -> Arc<PublishedCheckpoint> {
        self.published.newest()
    }

    /// Returns the key if the ledger knows it, ready to verify.
    fn ready_key(&self, key: &[u8; 32]) -> Option<ReadyKey> {
        if !self.reader.standing().knows_key(key) {
            return None;
        }
        // Decompressing a key costs a tenth of verifying a signature.
        if let Some(ready) = self.ready_keys.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Some(*ready);
        }
        let ready = ReadyKey::from_bytes(key).ok()?;
        let mut keys = self.ready_keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= READY_KEYS_MAX {
            keys.clear();
        }
        keys.insert(*key, ready);
        Some(ready)
    }
}

/// Decompresses the keys of all accounts, as far as there is room, while the service lives.
fn make_keys_ready(service: &Weak<Service>) {
    let keys: Vec<[u8; 32]> = {
        let Some(service) = service.upgrade() else { return };
        let standing = service.reader.standing();
        let now = standing.last_recorded_at();
        let states = standing.accounts().map(|account| account.standing(now).state);
        let keys =
            states.flat_map(|state| state.keys.iter().map(|grant| *grant.key.as_bytes()).collect::<Vec<_>>());
        keys.take(READY_KEYS_MAX).collect()
    };
    for key in keys {
        let Some(service) = service.upgrade() else { return };
        service.ready_key(&key);
    }
}

/// Opens the ledger of a data directory.
///
/// # Errors
/// Says what is damaged, what is safe, and what helps.
pub fn open_ledger(
    data: &DataDir,
    log_key: SigningKey,
) -> Result<(Ledger<NodeStore>, OpeningReport), StartError> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt)?;
    let predecessor = data.clone();
    // Decoded only when everything is replayed: most starts find a snapshot of their own. A file that cannot be read fits
    // no founding entry; whoever serves the directory for reading is told why.
    let beginning = Box::new(move || match beginning(&predecessor) {
        Err(StartError::Predecessor { error, .. }) => Err(error),
        read => Ok(read.unwrap_or_default()),
    });
    let store = EmbeddedStore::open(&data.ledger(), Options::default(), salt).map_err(OpenError::from)?;
    Ok(Ledger::open_on(beginning, store, engine::NodeKeys { log: log_key }, OsSalts)?)
}

/// Returns the books that the ledger was founded on: empty, or what came over from a predecessor.
pub(crate) fn beginning(data: &DataDir) -> Result<Books, StartError> {
    let snapshot = read_predecessor(data)?;
    let succeeding = |snapshot: Vec<u8>| Books::succeeding(&snapshot);
    let damaged = |error| StartError::Predecessor { path: data.predecessor(), error };
    Ok(snapshot.map(succeeding).transpose().map_err(damaged)?.unwrap_or_default())
}

fn founded(reader: &NodeReader) -> Arc<Founded> {
    reader.standing().community().expect("an open ledger was founded").clone()
}

/// Tells whoever waits about what was recorded, and notes which requests are paid.
fn notice(reader: NodeReader, community: Arc<Community>) -> crate::writer::Notice {
    Box::new(move |indexes| {
        if !community.has_open_requests() && !community.watchers.accounts.any() {
            return;
        }
        for index in indexes {
            let Ok(posted) = reader.posted(*index) else { continue };
            for line in posted.lines.iter().map(|posted| &posted.line) {
                if let Some(Reference::Request(id)) = line.reference
                    && line.credit > 0
                {
                    community.mark_paid(&id, &line.account, *index, posted.recorded_at.millis());
                }
                community.watchers.accounts.tell(&line.account);
            }
        }
    })
}
