//! `succeed`: ends a ledger and founds the one that continues it, with the same accounts and balances.
//!
//! The old ledger is audited first, and its last signed head is where it ends. The new directory is made beside its
//! place and renamed into it when it is whole. The old one is changed by one record, the `attest` that ends it, and not
//! even that when its log key is lost: then the founding entry alone says where the old one ended.

use crate::clock::{Clock, ClockFault, Rest, SystemClock};
use crate::community::carry_over;
use crate::community::keep::KeepError;
use crate::config::{Config, ConfigError, DataDir};
use crate::found::{FoundingError, WALLET_FILE, found_on, sign_founding};
use crate::handover;
use crate::keys::{KeysError, NodeKeys};
use crate::service::{StartError, open_ledger};
use crate::verify::{self, Checked};
use crate::witness::policy::text_for;
use klaver_keystore::{Keystore, KeystoreError, Passphrase, Purpose, private_file};
use klaver_ledger::books::Books;
use klaver_ledger::charter::{Charter, Predecessor};
use klaver_ledger::engine::{self, Outcome};
use klaver_ledger::entry::{Attest, Body, Entry, Found, SignedEntry, Statement};
use klaver_ledger::id::{Digest, LedgerId, Nonce};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::store::embedded::ledger_lock;
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use std::path::{Path, PathBuf};

/// How long the two entries may wait to be recorded, in seconds.
const ENTRY_SECONDS: u64 = 300;

/// What a ledger is continued with.
pub struct Succeeding {
    /// The data directory of the ledger that ends.
    pub old: DataDir,
    /// The data directory of the new one, which must not exist.
    pub new: DataDir,
    /// A directory for each wallet with a council key, and its passphrase.
    pub wallets: Vec<(PathBuf, Passphrase)>,
    /// Keys of the old council that the new one does without.
    pub left_out: Vec<PublicKey>,
    /// The new address, when it changes.
    pub public_url: Option<String>,
    /// Whether to go on when the old log key cannot be used.
    pub log_key_lost: bool,
    /// Whether to go on although another ledger continues the old one, which was never put in place.
    pub again: bool,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Succeeded {
    /// The old ledger's name, which the new one keeps.
    pub name: String,
    /// What the new ledger names as its predecessor.
    pub predecessor: Predecessor,
    /// The new ledger.
    pub ledger: LedgerId,
    /// How many accounts came over.
    pub accounts: usize,
    /// How many unsettled redeems went back to their merchants, and their sum in minor units.
    pub returned: (usize, u64),
    /// Whether the old log holds the record that ends it.
    pub attested: bool,
    /// Wallets of the council that still name the old ledger, with why.
    pub left_behind: Vec<(PathBuf, String)>,
}

/// Why a ledger was not continued. The new directory is not there, and the old one holds what it held.
#[derive(Debug, thiserror::Error)]
pub enum SucceedError {
    /// There is something at the place of the new directory.
    #[error("{} is there already: name a directory that does not exist", path.display())]
    NewExists {
        /// The directory.
        path: PathBuf,
    },
    /// Another ledger continues the old one.
    #[error(
        "another ledger continues this one already, at {url}: serve that one. If it was never put in place, say --again"
    )]
    Succeeded {
        /// Its address.
        url: String,
    },
    /// One directory would lie in the other.
    #[error("{} lies in the old data directory: name one beside it", path.display())]
    Inside {
        /// The directory.
        path: PathBuf,
    },
    /// The old ledger cannot be audited.
    #[error("the old ledger does not hold, nothing can be founded on it. {0}")]
    Old(String),
    /// A node has the old directory open.
    #[error("the old ledger cannot be held still: {0}")]
    Held(klaver_ledger::store::embedded::fault::OpenError),
    /// The old log key is not there or is another one.
    #[error(
        "the old log key cannot be used: {why}. Put it back from a backup; or, if it is lost for good, say \
         --log-key-lost: the old ledger then stops at its last signed checkpoint, without a record that ends it"
    )]
    LogKey {
        /// What is wrong with it.
        why: String,
    },
    /// A member of the council has not signed.
    #[error(
        "council key {key} is in none of the wallets: name its wallet with --wallet, or leave it out of the new council \
         with --leave-out {key}"
    )]
    CouncilMissing {
        /// The key.
        key: PublicKey,
    },
    /// Too few of the council are left.
    #[error(
        "{have} council keys are left, the old council decides with {need}: bring the wallets of more members"
    )]
    TooFew {
        /// How many there are.
        have: u64,
        /// How many it takes.
        need: u64,
    },
    /// The old ledger did not take the record that ends it.
    #[error("the old ledger was not ended: {0}")]
    NotEnded(String),
    /// What proves how it ended cannot be written.
    #[error("the old ledger has ended, but its log cannot be shown: {0}")]
    Handover(String),
    /// What comes over cannot be read again.
    #[error("the closing snapshot cannot be continued: {0}")]
    Snapshot(#[from] klaver_ledger::entry::cbor::CborError),
    /// A file or directory.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// A wallet.
    #[error("{}: {error}", path.display())]
    Wallet {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: KeystoreError,
    },
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The node's keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The clock is not believed.
    #[error(transparent)]
    Clock(#[from] ClockFault),
    /// The new ledger was not founded.
    #[error("the new ledger was not founded: {0}")]
    Founding(#[from] FoundingError),
    /// Community data.
    #[error(transparent)]
    Community(#[from] KeepError),
    /// The old ledger could not be opened.
    #[error("the old ledger was not ended: {0}")]
    Start(#[from] StartError),
    /// A file with something private.
    #[error(transparent)]
    Private(#[from] private_file::PrivateFileError),
    /// The trust policy.
    #[error(transparent)]
    Witnesses(#[from] crate::witness::policy::WitnessesError),
    /// The origin of the new log.
    #[error("the origin of the new log cannot be used: {0}")]
    Origin(#[from] klaver_ledger::log::key::KeyError),
    /// The operating system has no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// Reads the snapshot that a ledger was founded on; `None` when it continues none.
///
/// # Errors
/// When there is one that cannot be read.
pub fn read_predecessor(data: &DataDir) -> Result<Option<Vec<u8>>, ConfigError> {
    let path = data.predecessor();
    match std::fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigError::Io { path, error }),
    }
}

/// Ends the old ledger and founds the one that continues it.
///
/// # Errors
/// Says what is missing or wrong; the old directory is as it was then, and the new one is not there. A failure after the
/// old ledger was ended is mended by the same command once more.
pub fn succeed(asked: &Succeeding) -> Result<Succeeded, SucceedError> {
    let Succeeding { old, new, .. } = asked;
    check_places(old, new)?;
    let config = old.read_config()?;
    // Two ledgers that continue one would both be true.
    if let Some(url) = config.successor.as_ref().filter(|_| !asked.again) {
        return Err(SucceedError::Succeeded { url: url.clone() });
    }
    let held = ledger_lock(&old.ledger()).map_err(SucceedError::Held)?;
    let closing = Closing::of(old)?;
    let now = closing.now;
    let council = council_of(asked, &closing)?;
    let log_key = match usable_log_key(old, &closing.charter) {
        Ok(key) => Some(key),
        Err(_) if asked.log_key_lost || closing.ended => None,
        Err(why) => return Err(SucceedError::LogKey { why }),
    };
    let place = Unfinished::beside(new)?;
    let made = make_new(asked, &closing, &council, config, now, &place.data)?;
    drop(held);
    let attested = closing.ended || log_key.is_some();
    // What can fail for want of an old file fails before the old ledger is ended.
    handover::hand_on(old, closing.before, &place.data)
        .map_err(|error| SucceedError::Handover(format!("{error:#}")))?;
    if let Some(key) = log_key.filter(|_| !closing.ended) {
        end_old(old, key, &closing, &council, now)?;
    }
    handover::write(old, closing.ledger, closing.digest, &place.data)
        .map_err(|error| SucceedError::Handover(format!("{error:#}")))?;
    if attested {
        handover::lead_on(old, &place.data, made.ledger, &made.config.public_url)
            .map_err(|error| SucceedError::Handover(format!("{error:#}")))?;
    }
    // The old node leads on from here: a new directory that is in its place is never without that.
    if attested {
        let successor = Some(made.config.public_url.clone());
        old.write_config(&Config { successor, ..old.read_config()? })?;
    }
    place.finish(new)?;
    let left_behind = lead_wallets(asked, &closing.ledger, &made, new);
    let claims: Vec<u64> =
        closing.checked.audited.books.standing().claims().map(|(_, claim)| claim.left).collect();
    Ok(Succeeded {
        name: made.name,
        predecessor: closing.predecessor,
        ledger: made.ledger,
        accounts: closing.checked.audited.books.standing().accounts().count(),
        returned: (claims.len(), claims.iter().sum()),
        attested,
        left_behind,
    })
}

pub(crate) fn check_places(old: &DataDir, new: &DataDir) -> Result<(), SucceedError> {
    let path = new.root().to_owned();
    if path.symlink_metadata().is_ok() {
        return Err(SucceedError::NewExists { path });
    }
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if absolute(&path).starts_with(absolute(old.root())) {
        return Err(SucceedError::Inside { path });
    }
    Ok(())
}

/// The old ledger where it ends: audited, with what the new one is founded on.
struct Closing {
    checked: Checked,
    /// When this was read.
    now: Timestamp,
    /// Whether it was ended before: then this goes on from there.
    ended: bool,
    ledger: LedgerId,
    /// The ledger that it continues.
    before: Option<LedgerId>,
    charter: Charter,
    snapshot: Vec<u8>,
    predecessor: Predecessor,
    /// SHA-256 of the snapshot.
    digest: Digest,
}

impl Closing {
    fn of(old: &DataDir) -> Result<Self, SucceedError> {
        let check =
            |below| verify::check(old, below, |_| {}).map_err(|report| SucceedError::Old(report.text));
        let mut checked = check(None)?;
        let ended = checked.audited.books.standing().has_ended();
        if ended {
            // The record that ends it is the last one; the books that it names are those before.
            checked = check(Some(checked.audited.head.size - 1))?;
        }
        let books = &checked.audited.books;
        let snapshot = books.encode_snapshot();
        let standing = books.standing();
        let community = standing.community().expect("a ledger that holds was founded");
        let now = SystemClock::start(checked.audited.last_recorded_at, Rest::Accepted)?.now()?;
        // As it is now: what the council decided may count since the last record.
        let charter = charter_of(&checked, now);
        let head = checked.audited.head;
        let predecessor = Predecessor {
            ledger: community.ledger,
            size: head.size,
            root: Digest(head.root.0),
            snapshot: books.closing_digest(),
        };
        let digest = Digest::of(&snapshot);
        let before = community.predecessor.map(|before| before.ledger);
        let ledger = community.ledger;
        Ok(Self { now, ended, ledger, before, charter, snapshot, predecessor, digest, checked })
    }
}

/// Returns the charter in force at `now`, as the new ledger goes on with it: a fund that is closed inherits nothing.
fn charter_of(checked: &Checked, now: Timestamp) -> Charter {
    let standing = checked.audited.books.standing();
    let charter = standing.charter(now);
    let mut charter = charter.expect("a ledger that holds was founded").as_ref().clone();
    let closed = |fund: &_| standing.account(fund).is_none_or(|fund| fund.closed_to().is_some());
    charter.policy.heir_fund = charter.policy.heir_fund.filter(|fund| !closed(fund));
    charter
}

/// The signing keys of the new council, with the old keys that only sign the end.
struct Council {
    keys: Vec<SigningKey>,
    public: Vec<PublicKey>,
    threshold: u64,
}

fn council_of(asked: &Succeeding, closing: &Closing) -> Result<Council, SucceedError> {
    let mut found: Vec<(PublicKey, SigningKey)> = Vec::new();
    for (directory, passphrase) in &asked.wallets {
        let path = directory.join(WALLET_FILE);
        let keystore =
            Keystore::open(&path, passphrase).map_err(|error| SucceedError::Wallet { path, error })?;
        for key in &closing.charter.council {
            if let Some(signing) = keystore.signing_key_of(key) {
                found.push((*key, signing.clone()));
            }
        }
    }
    let stays = |key: &&PublicKey| !asked.left_out.contains(key);
    let public: Vec<PublicKey> = closing.charter.council.iter().filter(stays).copied().collect();
    let (have, need) = (public.len() as u64, closing.charter.council_threshold);
    if have < need {
        return Err(SucceedError::TooFew { have, need });
    }
    let signing = |key: &PublicKey| found.iter().find(|(known, _)| known == key).map(|(_, key)| key.clone());
    let keys = public.iter().map(|key| signing(key).ok_or(SucceedError::CouncilMissing { key: *key }));
    Ok(Council { keys: keys.collect::<Result<_, _>>()?, public, threshold: need })
}

/// Returns the old log key when it can sign for the charter in force.
fn usable_log_key(old: &DataDir, charter: &Charter) -> Result<SigningKey, String> {
    let log = NodeKeys::read_log(old).map_err(|error| error.to_string())?;
    let public = PublicKey::of(&log);
    if charter.log_keys.contains(&public) {
        Ok(log)
    } else {
        Err(format!("the charter does not name {public}"))
    }
}

struct Made {
    name: String,
    ledger: LedgerId,
    config: Config,
}

fn make_new(
    asked: &Succeeding,
    closing: &Closing,
    council: &Council,
    old_config: Config,
    now: Timestamp,
    place: &DataDir,
) -> Result<Made, SucceedError> {
    let mut config = Config { successor: None, ..old_config };
    if let Some(url) = &asked.public_url {
        config.public_url = Config::new(url)?.public_url;
    }
    let keys = NodeKeys::succeeding(&asked.old, &closing.charter)?;
    let origin = next_origin(&config.log_origin(), &closing.ledger);
    let log_key =
        VerifierKey::new(KeyName::new(origin.clone())?, KeyKind::Note, keys.log_public().as_bytes())?;
    let witnesses = witness_lines(&asked.old)?;
    let log_url = format!("{}/log", config.public_url);
    let witnesses = witnesses.map(|lines| text_for(&log_key, &log_url, &lines)).transpose()?;
    let charter = Charter {
        log_keys: vec![keys.log_public()],
        origin,
        witness_policy: Digest::of(witnesses.as_deref().unwrap_or_default().as_bytes()),
        council: council.public.clone(),
        council_threshold: council.threshold,
        registrar: PublicKey::of(&keys.registrar),
        guardian: PublicKey::of(&keys.guardian),
        ..closing.charter.clone()
    };
    let community = closing.checked.audited.books.standing().community().expect("checked above").clone();
    let found = Found {
        name: community.name.clone(),
        unit: community.unit.clone(),
        scale: community.scale,
        charter,
        predecessor: Some(closing.predecessor),
    };
    let signed = sign_founding(entry(Body::Found(found), now)?, &council.keys.iter().collect::<Vec<_>>());
    let books = Books::succeeding(&closing.snapshot)?;
    private_file::replace(&place.predecessor(), &closing.snapshot)?;
    if let Some(text) = &witnesses {
        private_file::replace(&place.witness_policy(), text.as_bytes())?;
    }
    let founded = found_on(books, place, &config, &keys, signed, now, crate::service::OsSalts)?;
    let ledger = founded.id;
    if let Err(fault) = founded.ledger.close() {
        tracing::warn!(%fault, "the new ledger was not closed cleanly; it is founded durably");
    }
    carry_over((asked.old.root(), &closing.ledger), (place.root(), &ledger))?;
    Ok(Made { name: community.name.clone(), ledger, config })
}

/// Returns the origin of the log that follows the ledger `old`: no other log has it, whatever addresses come back, because
/// no ledger is followed twice.
fn next_origin(usual: &str, old: &LedgerId) -> String {
    format!("{usual}/{}", &old.to_hex()[..8])
}

/// Returns the lines of the old trust policy that name witnesses and quorum.
fn witness_lines(old: &DataDir) -> Result<Option<String>, SucceedError> {
    let path = old.witness_policy();
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let names_log = |line: &&str| line.split_whitespace().next() != Some("log");
            Ok(Some(text.lines().filter(names_log).map(|line| format!("{line}\n")).collect()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SucceedError::Io { path, error }),
    }
}

fn entry(body: Body, now: Timestamp) -> Result<Entry, SucceedError> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    Ok(Entry {
        nonce: Nonce(nonce),
        expires_at: Deadline::after(now, Seconds(ENTRY_SECONDS)),
        memo: None,
        body,
    })
}

/// Records the `attest` that ends the old ledger, as its last record.
fn end_old(
    old: &DataDir,
    log_key: SigningKey,
    closing: &Closing,
    council: &Council,
    now: Timestamp,
) -> Result<(), SucceedError> {
    let not_ended = |why: String| SucceedError::NotEnded(why);
    let (ledger, _) = open_ledger(old, log_key)?;
    let Predecessor { size, root, snapshot, .. } = closing.predecessor;
    let body = Body::Attest(Attest { statement: Statement::Succession, size, root, document: snapshot });
    let signed =
        SignedEntry::sign(entry(body, now)?, &closing.ledger, &council.keys.iter().collect::<Vec<_>>());
    let verified = signed.verify_any_key(&closing.ledger).map_err(|error| not_ended(error.to_string()))?;
    let (ledger, mut outcomes) =
        ledger.commit(vec![verified], now).map_err(|fault: engine::Fault| not_ended(fault.to_string()))?;
    let anchored = ledger.reader().anchor().map_err(|fault| not_ended(fault.to_string()));
    let closed = ledger.close().map_err(|fault| not_ended(fault.to_string()));
    match outcomes.pop().map(Outcome::receipt) {
        Some(Ok(_)) => anchored.map(drop).and(closed),
        Some(Err(why)) => Err(not_ended(why.to_string())),
        None => Err(not_ended("there was no answer".to_owned())),
    }
}

/// Lets the wallets of the council name the new ledger; those that cannot be written are told.
fn lead_wallets(asked: &Succeeding, old: &LedgerId, made: &Made, new: &DataDir) -> Vec<(PathBuf, String)> {
    let mut left_behind = Vec::new();
    for (directory, passphrase) in &asked.wallets {
        let lead = || -> Result<(), KeystoreError> {
            let mut keystore = Keystore::open(&directory.join(WALLET_FILE), passphrase)?;
            let council: Vec<String> = keystore
                .keys()
                .filter(|key| key.purpose == Purpose::Council && key.ledger.as_ref() == Some(old))
                .map(|key| key.name.clone())
                .collect();
            for name in council {
                keystore.update(&name, |key| {
                    key.ledger = Some(made.ledger);
                    key.node = Some(made.config.public_url.clone());
                })?;
            }
            Ok(())
        };
        if let Err(error) = lead() {
            tracing::warn!(%error, wallet = %directory.display(), new = %new.root().display(), "still names the old ledger");
            left_behind.push((directory.clone(), error.to_string()));
        }
    }
    left_behind
}

/// A directory beside the place of the new one; it is removed again unless it is finished.
pub(crate) struct Unfinished {
    pub data: DataDir,
    finished: bool,
}

impl Unfinished {
    pub fn beside(new: &DataDir) -> Result<Self, SucceedError> {
        let mut tail = [0; 4];
        getrandom::fill(&mut tail)?;
        let name = new.root().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!(".{name}.{}", data_encoding::HEXLOWER.encode(&tail));
        let data = DataDir::at(new.root().with_file_name(name));
        private_file::create_directory(data.root())?;
        Ok(Self { data, finished: false })
    }

    /// Renames it to its place, durably.
    pub fn finish(mut self, new: &DataDir) -> Result<(), SucceedError> {
        let io = |error| SucceedError::Io { path: new.root().to_owned(), error };
        sync(self.data.root()).map_err(io)?;
        // On most systems a rename would replace an empty directory that somebody made meanwhile.
        check_places(&self.data, new)?;
        std::fs::rename(self.data.root(), new.root()).map_err(io)?;
        self.finished = true;
        let parent = new.root().parent().filter(|parent| !parent.as_os_str().is_empty());
        sync(parent.unwrap_or(Path::new("."))).map_err(io)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished
            && let Err(error) = std::fs::remove_dir_all(self.data.root())
        {
            tracing::warn!(%error, path = %self.data.root().display(), "an unfinished directory is left: remove it");
        }
    }
}

fn sync(directory: &Path) -> std::io::Result<()> {
    std::fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_comes_back_is_another_log() {
        let [first, second] = [1, 2].map(|byte| next_origin("a.example/log", &LedgerId([byte; 32])));
        assert_eq!((first.as_str(), second.as_str()), ("a.example/log/01010101", "a.example/log/02020202"));
    }
}
