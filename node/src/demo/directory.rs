//! The directory of a demonstration: valid at every moment, so that a kill in the middle costs nothing.
//!
//! ```text
//! demo.json   seed, last day, and whether the history is complete: the mark of a demonstration
//! node.json   the settings of a node, marked too
//! keys/       as in every node, but known to whoever knows the seed
//! ledger/     made beside as ledger.new and renamed once it is founded
//! wallets/    wallets to try, and the passphrase that opens them
//! ```

use super::cast::address_of;
use super::scribe::{Beginning, Desk, Solved};
use super::{Interrupted, Town, history};
use crate::clock::wall_clock;
use crate::community::directory::ProfileRow;
use crate::community::keep::{KeepError, Written, on_disk};
use crate::community::organisations::Counted;
use crate::community::pots::PotOwner;
use crate::community::{
    Community, GatheringRow, OrganisationRow, PersonOfTrustRow, PotRow, RequestRow, ToldRow,
};
use crate::config::{Config, ConfigError, DataDir};
use crate::keys::{KeysError, NodeKeys};
use crate::service::month_before;
use klaver_api::{WrongOutcome, WrongReason, WrongState};
use klaver_keystore::private_file::{self, PrivateFileError};
use klaver_ledger::engine::{FoundError, Ledger, LedgerOpenError};
use klaver_ledger::entry::memo::Memo;
use klaver_ledger::id::{AccountId, RequestId};
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::store::embedded::{EmbeddedStore, Options};
use klaver_ledger::time::Day;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The id of the person of trust, and of what they were told.
const SOLVED: [u8; 16] = *b"klaver-demo/told";
/// The id of the choir, of its evening, and the secret of its page.
const CHOIR: [u8; 16] = *b"klaver-demo/koor";
const MARK: &str = "demo.json";
const MARK_BYTES_MAX: u64 = 4_096;
const VERSION: u32 = 1;
/// How many memos may be on their way to the disk.
const PENDING_MAX: usize = 256;
/// Seconds between two published checkpoints: whoever tries things does not want to wait.
const BEAT_SECONDS: u64 = 2;

/// The mark of a demonstration's directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Version of this form.
    pub klaver_demo: u32,
    /// The seed that everything comes from.
    pub seed: u64,
    /// The day, counted from 1970-01-01, at whose beginning the history ends.
    pub until_day: u64,
    /// Whether the history was played to its end.
    pub complete: bool,
}

/// How far the history of a directory has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It was made now.
    Made,
    /// An interrupted one was played to its end now.
    Completed,
    /// It was there.
    WasThere,
    /// It was interrupted, and others wrote behind it: it stays as it is.
    LeftAsItIs,
}

/// An opened demonstration.
pub struct Opened {
    /// Who lives there.
    pub town: Town,
    /// Its ledger.
    pub ledger: Ledger<EmbeddedStore>,
    /// Its community data.
    pub community: Community,
    /// How far its history has come.
    pub progress: Progress,
}

/// Why a directory is no demonstration, or cannot be made one.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is something else.
    #[error("{} is no demonstration: name a new directory, or serve it with `klaver-node serve`", path.display())]
    NotADemo {
        /// The directory.
        path: PathBuf,
    },
    /// The mark cannot be read.
    #[error("{}: {reason}: remove the directory, and make the demonstration again", path.display())]
    BadMark {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It has another seed or date.
    #[error("{} has --seed {seed} --until {until}: leave the flags away, or name a new directory", path.display())]
    Other {
        /// The directory.
        path: PathBuf,
        /// Its seed.
        seed: u64,
        /// Its day.
        until: Day,
    },
    /// No history fits before that day.
    #[error(
        "--until {until}: the history ends between 2020-01-01 and today, {today}: give a day between them"
    )]
    Until {
        /// The day.
        until: Day,
        /// The present day.
        today: Day,
    },
    /// A file or directory.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// A private file.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The ledger was not founded.
    #[error(transparent)]
    Found(#[from] FoundError),
    /// The ledger was not opened.
    #[error(transparent)]
    Open(#[from] LedgerOpenError),
    /// The history stopped because something cannot be written.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// Community data.
    #[error(transparent)]
    Community(#[from] KeepError),
    /// A wallet file.
    #[error(transparent)]
    Wallet(#[from] klaver_keystore::KeystoreError),
    /// The operating system has no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(#[from] getrandom::Error),
    /// What is there cannot be read.
    #[error("the ledger cannot be read: {0}")]
    Read(String),
}

/// Returns whether a directory is marked as a demonstration.
pub fn is_demo(root: &Path) -> bool {
    root.join(MARK).exists()
}

/// What is asked of a demonstration; `None` where anything will do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// The seed.
    pub seed: Option<u64>,
    /// The day at whose beginning the history ends.
    pub until: Option<Day>,
}

/// Makes a demonstration in a new directory, goes on with one that was interrupted, or opens one that is there.
///
/// # Errors
/// When the directory holds something else, or cannot be written.
pub fn open(data: &DataDir, wish: Wish, url: &str, today: Day) -> Result<Opened, DemoError> {
    let (mark, is_new) = find_or_make_mark(data, wish, today)?;
    let until = Day(mark.until_day);
    let town = Town::plan(mark.seed, until).ok_or(DemoError::Until { until, today })?;
    write_settings(data, &town, url)?;
    if !data.ledger().exists() {
        found(data, &town)?;
    }
    let store = EmbeddedStore::open(&data.ledger(), Options::default(), random()?)
        .map_err(|error| LedgerOpenError::from(klaver_ledger::store::OpenError::from(error)))?;
    let ledger = town.open(store)?;
    let community = Community::open(data.root(), &town.ledger)?;
    if mark.complete {
        return Ok(Opened { town, ledger, community, progress: Progress::WasThere });
    }
    if ledger.reader().standing().last_recorded_at() >= history::end_of(until) {
        return Ok(Opened { town, ledger, community, progress: Progress::LeftAsItIs });
    }
    let mut desk = CommunityDesk { community: &community, pending: Vec::new() };
    let ledger = town.play(ledger, &mut desk)?;
    desk.finish()?;
    name_organisations(&community, &town, until)?;
    wait(super::life::keep(&community, &town, until))?;
    write_mark(data, &Mark { complete: true, ..mark })?;
    let progress = if is_new { Progress::Made } else { Progress::Completed };
    Ok(Opened { town, ledger, community, progress })
}

/// Gives the places the pages of their organisations, and lists a choir that takes part without the currency.
fn name_organisations(community: &Community, town: &Town, until: Day) -> Result<(), DemoError> {
    let row = |name: &str, about: &str| OrganisationRow {
        name: name.to_owned(),
        about: Some(about.to_owned()),
        address: address_of(name).map(str::to_owned),
        agenda: None,
        code: CHOIR,
        months: std::collections::BTreeMap::new(),
    };
    for place in &town.cast.places {
        let about = "Samen doen wat de buurt nodig heeft.";
        // Whoever has accounts has no private page: its secret opens nothing while it has.
        let code = *random()?.first_chunk().expect("thirty-two bytes begin with sixteen");
        let own = OrganisationRow { code, ..row(place.name, about) };
        wait(community.set_organisation(place.organisation.0, own))?;
    }
    let mut choir = row("Koor De Merel", "Zingen op dinsdag, ook wie nooit zong.");
    let mut month = until.to_string()[..7].to_owned();
    for (people, hours) in [(26, 8), (22, 6)] {
        month = month_before(&month);
        choir.months.insert(month.clone(), Counted { people, hours });
    }
    wait(community.set_organisation(CHOIR, choir))?;
    let gathering = GatheringRow {
        organisation: CHOIR,
        what: "Open zangavond".to_owned(),
        starts_at: (until.0 + 6) * DAY_SECONDS + 18 * 3_600,
        minutes: 120,
        address: Some("Zaal De Linde, Kerkplein 3".to_owned()),
    };
    Ok(wait(community.add_gathering(CHOIR, gathering))?)
}

/// Adds an open payment request to `account`, so that there is something to pay.
///
/// # Errors
/// When it cannot be kept.
pub fn ask_for(
    community: &Community,
    account: AccountId,
    amount: u64,
    until: u64,
) -> Result<RequestId, DemoError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)?;
    let row = RequestRow::new(account, amount, until);
    wait(community.add_request(RequestId(id), row, wall_clock().seconds()))?;
    Ok(RequestId(id))
}

fn find_or_make_mark(data: &DataDir, wish: Wish, today: Day) -> Result<(Mark, bool), DemoError> {
    if !is_demo(data.root()) {
        data.check_empty().map_err(|error| match error {
            ConfigError::NotEmpty { path } => DemoError::NotADemo { path },
            other => other.into(),
        })?;
        let until = wish.until.unwrap_or(today);
        // 2020-01-01: older than anything that can be tried.
        if !(18_262..=today.0).contains(&until.0) {
            return Err(DemoError::Until { until, today });
        }
        let seed = wish.seed.unwrap_or(1);
        let mark = Mark { klaver_demo: VERSION, seed, until_day: until.0, complete: false };
        private_file::create_directory(data.root())?;
        write_mark(data, &mark)?;
        return Ok((mark, true));
    }
    let path = data.root().join(MARK);
    let bytes = private_file::read(&path, MARK_BYTES_MAX)?;
    let bad = |reason: String| DemoError::BadMark { path: path.clone(), reason };
    let mark: Mark = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
    if mark.klaver_demo != VERSION {
        return Err(bad(format!("version {} is not {VERSION}", mark.klaver_demo)));
    }
    let differs = wish.seed.is_some_and(|seed| seed != mark.seed)
        || wish.until.is_some_and(|until| until.0 != mark.until_day);
    if differs {
        let (path, until) = (data.root().to_owned(), Day(mark.until_day));
        return Err(DemoError::Other { path, seed: mark.seed, until });
    }
    Ok((mark, false))
}

fn write_mark(data: &DataDir, mark: &Mark) -> Result<(), DemoError> {
    let mut text = serde_json::to_string_pretty(mark).expect("a mark has plain values");
    text.push('\n');
    Ok(private_file::replace(&data.root().join(MARK), text.as_bytes())?)
}

/// Writes keys and settings; settings come last, so that without them the keys are written once more.
fn write_settings(data: &DataDir, town: &Town, url: &str) -> Result<(), DemoError> {
    let thanks_per_hour = Some("2.00".to_owned());
    let wanted = Config { demo: true, beat_seconds: BEAT_SECONDS, thanks_per_hour, ..Config::new(url)? };
    match data.read_config() {
        Ok(found) if found == wanted => return Ok(()),
        Ok(_) => {}
        Err(ConfigError::NotFounded { .. } | ConfigError::SettingsMissing { .. }) => {
            let keys = data.keys();
            if keys.exists() {
                std::fs::remove_dir_all(&keys).map_err(|error| DemoError::Io { path: keys, error })?;
            }
            let cast = &town.cast;
            let (log, registrar, guardian) =
                (cast.log.clone(), cast.registrar.clone(), cast.guardian.clone());
            NodeKeys { log, registrar, guardian }.write(data)?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(data.write_config(&wanted)?)
}

/// Founds the ledger in a directory beside, and puts it in place when it is founded.
fn found(data: &DataDir, town: &Town) -> Result<(), DemoError> {
    let beside = data.root().join("ledger.new");
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| DemoError::Io { path, error }
    };
    if beside.exists() {
        std::fs::remove_dir_all(&beside).map_err(io(&beside))?;
    }
    let store = EmbeddedStore::create(&beside, Options::default(), random()?)
        .map_err(|error| FoundError::from(klaver_ledger::store::OpenError::from(error)))?;
    town.found(store)?.close().map_err(|fault| DemoError::Interrupted(Interrupted::Fault(fault.into())))?;
    std::fs::rename(&beside, data.ledger()).map_err(io(&beside))?;
    std::fs::File::open(data.root()).and_then(|root| root.sync_all()).map_err(io(data.root()))
}

/// Puts names and memos into the community's data.
struct CommunityDesk<'c> {
    community: &'c Community,
    pending: Vec<Written>,
}

impl CommunityDesk<'_> {
    fn finish(&mut self) -> Result<(), KeepError> {
        self.pending.drain(..).try_for_each(|written| wait(on_disk(written)))
    }
}

impl Desk for CommunityDesk<'_> {
    fn set_name(&mut self, account: AccountId, name: &str, listed: bool) -> Result<(), String> {
        let address = address_of(name).filter(|_| listed).map(str::to_owned);
        let row = ProfileRow { name: name.to_owned(), listed, address, position: None };
        if self.community.profile(&account).as_ref() == Some(&row) {
            return Ok(());
        }
        wait(self.community.set_profile(account, Some(row))).map_err(|error| error.to_string())
    }

    fn offer_coffee(&mut self, shop: AccountId, pot: AccountId, price: u64) -> Result<(), String> {
        let owner = PotOwner::Merchant(shop.0);
        // An interrupted history is played once more: the pot is there then.
        if !self.community.pots(|row| row.owner == owner).is_empty() {
            return Ok(());
        }
        let id = random().map_err(|error| error.to_string())?;
        let id = *id.first_chunk().expect("thirty-two bytes begin with sixteen");
        let (item, picture) = ("Koffie".to_owned(), "coffee".to_owned());
        let row = PotRow { account: Some(pot.0), price, ..PotRow::blank(owner, item, picture) };
        wait(self.community.set_pot(id, row)).map_err(|error| error.to_string())
    }

    fn solve(&mut self, solved: &Solved<'_>) -> Result<(), String> {
        let ((listener, name), (teller, key)) = (solved.listener, solved.teller);
        let person = PersonOfTrustRow {
            account: listener.0,
            name: name.to_owned(),
            phone: "02 555 01 23".to_owned(),
            organisation: None,
            gives_at: None,
        };
        let at = solved.at.seconds();
        let told = ToldRow {
            account: teller.0,
            key,
            by_key: false,
            person: SOLVED,
            about: Some((solved.payment, 0)),
            earlier: None,
            reason: WrongReason::Missing,
            words: Some("Ik betaalde twee croissants en kreeg er een.".to_owned()),
            phone: None,
            told_at: at,
            changed_at: at,
            state: WrongState::Done,
            answer: Some("De croissants waren op. De bakker gaf de helft terug.".to_owned()),
            outcome: Some(WrongOutcome::Refund),
            entry: Some(solved.refund),
        };
        // An interrupted history is played once more: the same ids, the same rows.
        let kept = wait(self.community.set_person_of_trust(SOLVED, Some(person)));
        kept.and_then(|()| wait(self.community.tell(SOLVED, told))).map_err(|error| error.to_string())
    }

    fn begin(&mut self, beginning: &Beginning) -> Result<(), String> {
        super::beginning::keep(self.community, beginning)
    }

    fn add_memo(&mut self, index: u64, memo: &Memo) -> Result<(), String> {
        self.pending.push(self.community.add_memo(index, memo));
        if self.pending.len() < PENDING_MAX {
            Ok(())
        } else {
            self.finish().map_err(|error| error.to_string())
        }
    }
}

/// Waits for community data on this thread: nothing else runs here.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime without input and output needs nothing of the system").block_on(future)
}

fn random() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
