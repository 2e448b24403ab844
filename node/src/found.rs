//! `found`: makes a community. Its council's first key goes to a wallet file outside of the data directory.

use crate::clock::{Clock, Rest, SystemClock};
use crate::community::Community;
use crate::community::invitations::InvitationRow;
use crate::config::{Config, ConfigError, DataDir};
use crate::keys::{KeysError, NodeKeys};
use crate::service::{NodeStore, OsSalts};
use crate::witness::policy::{WitnessesError, text_for};
use klaver_keystore::{Keystore, KeystoreError, NewKey, Passphrase, Purpose, private_file};
use klaver_ledger::amount::Scale;
use klaver_ledger::books::{Books, rules};
use klaver_ledger::charter::{Charter, Policy, RULES_VERSION, UnitWords};
use klaver_ledger::engine::{self, FoundError, Ledger};
use klaver_ledger::entry::{Body, Entry, Found, SignedEntry};
use klaver_ledger::id::{Digest, LedgerId, Nonce};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::link::{CodeId, Link};
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::record::SaltSource;
use klaver_ledger::store::embedded::{EmbeddedStore, Options};
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use std::path::{Path, PathBuf};

pub mod welcome;

/// The file of a wallet in its directory.
pub const WALLET_FILE: &str = "wallet.json";
/// How long the founding entry may wait to be recorded, in seconds.
const ENTRY_SECONDS: u64 = 300;
/// How long the first invitation lasts, in seconds: two weeks.
const INVITATION_SECONDS: u64 = 14 * DAY_SECONDS;

/// What a community is founded with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// Its name.
    pub name: String,
    /// Its words for the unit.
    pub unit: UnitWords,
    /// How many decimals people see.
    pub scale: Scale,
    /// The node's settings, with its public address.
    pub config: Config,
    /// Origin of the public log.
    pub origin: String,
    /// The policy it starts with.
    pub policy: Policy,
}

/// Who governs, audits and witnesses from the first day: later changes wait for the recovery delay.
#[derive(Clone, Debug)]
pub struct Offices {
    /// A directory for the new wallet of each council key, outside of the data directory.
    pub wallets: Vec<PathBuf>,
    /// How many council keys must sign; `None` for more than half of them.
    pub threshold: Option<u64>,
    /// Keys of auditors.
    pub auditors: Vec<PublicKey>,
    /// Lines of the trust policy that name witnesses and quorum; `None` for no witnesses.
    pub witnesses: Option<String>,
}

/// A founded community.
pub struct Founded {
    /// The ledger, ready to be served.
    pub ledger: Ledger<NodeStore>,
    /// Its id.
    pub id: LedgerId,
}

/// What to tell whoever founded a community.
#[derive(Clone, Debug)]
pub struct Welcome {
    /// The ledger's id.
    pub ledger: LedgerId,
    /// The council's keys, each with the directory of its wallet.
    pub council: Vec<(PublicKey, PathBuf)>,
    /// How many of them must sign.
    pub threshold: u64,
    /// The one-time link with which the first member joins.
    pub invitation: String,
}

/// Why a community was not founded.
#[derive(Debug, thiserror::Error)]
pub enum FoundingError {
    /// The data directory.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The node's keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The wallet file.
    #[error(transparent)]
    Wallet(#[from] KeystoreError),
    /// The wallet would lie on the node.
    #[error(
        "the wallet {} would lie in the data directory: council keys never lie on the node, choose another place",
        path.display()
    )]
    WalletOnNode {
        /// Where it would lie.
        path: PathBuf,
    },
    /// A wallet is there already, or was named twice.
    #[error("{} holds a wallet already, or is named twice: each council key goes to a new wallet, name another directory", path.display())]
    WalletThere {
        /// Where it would lie.
        path: PathBuf,
    },
    /// The rules do not allow such a community.
    #[error(transparent)]
    Rules(#[from] klaver_ledger::books::Rejection),
    /// The log's origin cannot name a key.
    #[error("the origin of the log cannot be used: {0}")]
    Origin(#[from] klaver_ledger::log::key::KeyError),
    /// The clock is not believed.
    #[error(transparent)]
    Clock(#[from] crate::clock::ClockFault),
    /// The rules or the store do not allow it.
    #[error(transparent)]
    Ledger(#[from] FoundError),
    /// The entry is not well formed.
    #[error(transparent)]
    Entry(#[from] klaver_ledger::entry::signed::EnvelopeError),
    /// Community data.
    #[error(transparent)]
    Community(#[from] crate::community::keep::KeepError),
    /// The operating system has no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The trust policy.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
    /// The trust policy cannot be written.
    #[error("the witness policy cannot be written: {0}")]
    PolicyFile(#[from] private_file::PrivateFileError),
    /// The address leaves no room for links.
    #[error(transparent)]
    Link(#[from] klaver_ledger::link::LinkError),
}

/// Founds a community in a new data directory, with each of its council keys in a new wallet.
///
/// # Errors
/// What is wrong with the answers, or could not be written. The wallet files are made before the ledger: a ledger whose
/// council has no key could never be governed.
pub fn found(
    data: &DataDir,
    founding: &Founding,
    offices: &Offices,
    passphrase: &Passphrase,
) -> Result<Welcome, FoundingError> {
    data.check_empty()?;
    for (number, wallet) in offices.wallets.iter().enumerate() {
        check_outside(data, wallet)?;
        if wallet.join(WALLET_FILE).exists() || offices.wallets[..number].contains(wallet) {
            return Err(FoundingError::WalletThere { path: wallet.clone() });
        }
    }
    let threshold = offices.threshold.unwrap_or(offices.wallets.len() as u64 / 2 + 1);
    let origin = KeyName::new(founding.origin.clone())?;
    let now = SystemClock::start(Timestamp::default(), Rest::Doubted)?.now()?;
    let keys = NodeKeys::generate()?;
    let council: Vec<NewKey> =
        offices.wallets.iter().map(|_| NewKey::generate("council")).collect::<Result<_, _>>()?;
    let public: Vec<PublicKey> = council.iter().map(|key| PublicKey::of(&key.key)).collect();
    let mut entry = founding_entry(founding, &keys, &public, random()?, now);
    if let Body::Found(found) = &mut entry.body {
        found.charter.council_threshold = threshold;
        found.charter.auditors.clone_from(&offices.auditors);
    }
    let log_key = VerifierKey::new(origin, KeyKind::Note, keys.log_public().as_bytes())?;
    let log_url = format!("{}/log", founding.config.public_url);
    let witnesses =
        offices.witnesses.as_deref().map(|lines| text_for(&log_key, &log_url, lines)).transpose()?;
    if let (Body::Found(found), Some(text)) = (&mut entry.body, &witnesses) {
        found.charter.witness_policy = Digest::of(text.as_bytes());
    }
    let id = ledger_of(&entry);
    // Checked in full before anything is on the disk.
    let signed = sign_founding(entry, &council.iter().map(|key| &key.key).collect::<Vec<_>>());
    SignedEntry::decode(&signed.encode()).map_err(klaver_ledger::entry::signed::EnvelopeError::from)?;
    check_rules(&signed, now)?;
    for (key, wallet) in council.into_iter().zip(&offices.wallets) {
        let node = Some(founding.config.public_url.clone());
        let key = NewKey { purpose: Purpose::Council, ledger: Some(id), node, ..key };
        private_file::create_directory(wallet).map_err(KeystoreError::from)?;
        Keystore::create(&wallet.join(WALLET_FILE), passphrase, vec![key])?;
    }
    if let Some(text) = &witnesses {
        private_file::create_directory(data.root())?;
        private_file::replace(&data.witness_policy(), text.as_bytes())?;
    }
    let Founded { ledger, .. } = found_with(data, founding, &keys, signed, now, OsSalts)?;
    let mut code = [0; 16];
    getrandom::fill(&mut code)?;
    let community = Community::open(data.root(), &id)?;
    let expires_at = Deadline::after(now, Seconds(INVITATION_SECONDS)).seconds();
    let made_at = now.seconds();
    let row = InvitationRow { uses_left: 1, expires_at, by: None, made_at, used: 0 };
    community.add_first_invitation(code, row)?;
    drop(community);
    if let Err(fault) = ledger.close() {
        tracing::warn!(%fault, "the ledger was not closed cleanly; it is founded durably");
    }
    let link = Link::Invitation { node: founding.config.address()?, code: CodeId(code) }.print()?;
    let council = public.into_iter().zip(offices.wallets.iter().cloned()).collect();
    Ok(Welcome { ledger: id, council, threshold, invitation: link })
}

/// Writes keys, settings and the ledger of a founding entry that every council key has signed.
///
/// # Errors
/// When something cannot be written, or the rules do not allow the entry.
pub fn found_with(
    data: &DataDir,
    founding: &Founding,
    keys: &NodeKeys,
    signed: SignedEntry,
    now: Timestamp,
    salts: impl SaltSource + 'static,
) -> Result<Founded, FoundingError> {
    found_on(Books::new(), data, &founding.config, keys, signed, now, salts)
}

/// As [`found_with`], on the books that came over from a predecessor.
///
/// # Errors
/// As [`found_with`].
pub fn found_on(
    beginning: Books,
    data: &DataDir,
    config: &Config,
    keys: &NodeKeys,
    signed: SignedEntry,
    now: Timestamp,
    salts: impl SaltSource + 'static,
) -> Result<Founded, FoundingError> {
    let id = LedgerId::of_founding_payload(signed.payload());
    keys.write(data)?;
    let verified = signed.verify_any_key(&LedgerId::FOUNDING)?;
    let salt = random()?;
    let store = EmbeddedStore::create(&data.ledger(), Options::default(), salt)
        .map_err(|error| FoundError::from(klaver_ledger::store::OpenError::from(error)))?;
    let log = engine::NodeKeys { log: keys.log.clone() };
    let (ledger, _) = Ledger::found_on(beginning, store, log, verified, now, salts)?;
    // The settings come last: a directory without them is no node, and a new founding says so.
    data.write_config(config)?;
    Ok(Founded { ledger, id })
}

/// Returns the founding entry of a community with these council keys, all of which must sign.
pub fn founding_entry(
    founding: &Founding,
    keys: &NodeKeys,
    council: &[PublicKey],
    seed: [u8; 32],
    now: Timestamp,
) -> Entry {
    let charter = Charter {
        rules: RULES_VERSION,
        log_keys: vec![keys.log_public()],
        origin: founding.origin.clone(),
        // No witness yet: the policy file is empty.
        witness_policy: Digest::of(b""),
        council: council.to_vec(),
        council_threshold: council.len() as u64,
        rescue: Vec::new(),
        rescue_threshold: 0,
        registrar: PublicKey::of(&keys.registrar),
        guardian: PublicKey::of(&keys.guardian),
        auditors: Vec::new(),
        policy: founding.policy.clone(),
    };
    let mut nonce = [0; 16];
    nonce.copy_from_slice(&seed[..16]);
    Entry {
        nonce: Nonce(nonce),
        expires_at: Deadline::after(now, Seconds(ENTRY_SECONDS)),
        memo: None,
        body: Body::Found(Found {
            name: founding.name.clone(),
            unit: founding.unit.clone(),
            scale: founding.scale,
            charter,
            predecessor: None,
        }),
    }
}

/// Returns the id of the ledger that `entry` founds.
pub fn ledger_of(entry: &Entry) -> LedgerId {
    LedgerId::of_founding_payload(SignedEntry::unsigned(entry.clone()).payload())
}

/// Signs a founding entry with every council key.
pub fn sign_founding(entry: Entry, council: &[&SigningKey]) -> SignedEntry {
    SignedEntry::sign(entry, &LedgerId::FOUNDING, council)
}

/// Asks the rules, so that a charter that contradicts itself leaves no wallet file behind.
fn check_rules(signed: &SignedEntry, now: Timestamp) -> Result<(), FoundingError> {
    let verified = signed.clone().verify_any_key(&LedgerId::FOUNDING)?;
    rules::apply(&Books::new(), &verified, now)?;
    Ok(())
}

fn check_outside(data: &DataDir, wallet: &Path) -> Result<(), FoundingError> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if absolute(wallet).starts_with(absolute(data.root())) {
        return Err(FoundingError::WalletOnNode { path: wallet.to_owned() });
    }
    Ok(())
}

fn random() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
