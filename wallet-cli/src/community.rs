//! A community this wallet has joined: what was learned at the first contact, and what its ledger proved since.

use crate::failure::{Exit, Failure, Outcome};
use crate::moment::{self, Clock};
use crate::money::Unit;
use crate::output::harmless;
use crate::past::Past;
use crate::places::Places;
use klaver_keystore::private_file;
use klaver_ledger::amount::{Scale, Total};
use klaver_ledger::id::LedgerId;
use klaver_ledger::link::NodeAddress;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::key::VerifierKey;
use klaver_ledger::receipt::LogIdentity;
use klaver_ledger::time::{Seconds, Timestamp};
use klaver_locales::Language;
use serde::{Deserialize, Serialize};

/// Most bytes of a community's file.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Most checkpoints of receipts that wait for the published log to catch up: a log publishes within seconds.
const AHEAD_MAX: usize = 64;

/// How long the published log may take to reach a seal before a person hears of it.
const REACHED_WITHIN: Seconds = Seconds(10 * 60);

/// A community as the wallet knows it.
#[derive(Clone, Debug)]
pub struct Community {
    /// Its ledger.
    pub ledger: LedgerId,
    /// Its name.
    pub name: String,
    /// The address of its node.
    pub node: NodeAddress,
    /// Its word for one unit.
    pub one: String,
    /// Its word for many.
    pub many: String,
    /// How many decimals people see.
    pub scale: Scale,
    /// Whether its keys are no secret.
    pub demo: bool,
    /// The key of its log: believed at the first contact, followed since where the ledger proves another.
    pub log_key: VerifierKey,
    /// Prefix of the log's paths below the node's address, such as `/log`.
    pub log_path: String,
    /// The newest published checkpoint that was consistent with all before it.
    pub checkpoint: Option<SignedCheckpoint>,
    /// Checkpoints of receipts beyond it, smallest first.
    pub ahead: Vec<Ahead>,
    /// What the policy said at the last visit; unknown in a file of an older program.
    pub terms: Option<Terms>,
    /// The history that a person chose to believe after an alarm.
    pub believed: Option<Believed>,
    /// What came before, and after.
    pub past: Past,
    /// Our clock beside that of the node, at the last visit.
    pub clock: Clock,
}

/// A seal that the published log has not reached yet.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// The seal.
    pub seen: SignedCheckpoint,
    /// Since when it waits, by our clock.
    pub since: Timestamp,
}

/// What the policy said at the last visit: payments without network obey it where nobody can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Most that a payment shown without network may be, in minor units; 0 allows none.
    pub offline_cap_minor: u64,
    /// Longest validity of a payment, in seconds.
    pub pay_validity: u64,
}

/// The history that a person chose to believe after an alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Believed {
    /// How many records it had then.
    pub size: u64,
    /// Its root then, standard base64.
    pub root: String,
    /// When it was chosen.
    pub at: String,
}

impl Terms {
    /// Returns the terms in force, as a node says them; what makes no sense is not believed.
    pub fn of(said: &klaver_api::Community) -> Option<Self> {
        let policy = &said.charter.policy;
        let cap = Total::parse(&policy.offline_cap, Scale::new(said.scale.into()).ok()?).ok()?;
        Some(Self { offline_cap_minor: cap.minor(), pay_validity: policy.pay_validity })
    }
}

#[derive(Serialize, Deserialize)]
struct CommunityFile {
    klaver_community: u64,
    ledger: String,
    name: String,
    node: String,
    one: String,
    many: String,
    scale: u8,
    demo: bool,
    log_key: String,
    log_path: String,
    checkpoint: Option<String>,
    ahead: Vec<String>,
    #[serde(default)]
    ahead_since: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    terms: Option<Terms>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    believed: Option<Believed>,
    #[serde(flatten)]
    past: Past,
    #[serde(default)]
    clock: Clock,
}

impl Community {
    /// Returns the community that a node says it is, at the first contact.
    ///
    /// # Errors
    /// `Mismatch` when what it says makes no sense.
    pub fn first_seen(node: NodeAddress, said: &klaver_api::Community) -> Outcome<Self> {
        let strange =
            |what: &str| Failure::text(Exit::Mismatch, "strange_answer", what.to_owned()).with("node", &node);
        let ledger = LedgerId::from_hex(&said.ledger).ok_or_else(|| strange("ledger"))?;
        let log_key: VerifierKey = said.log.vkey.parse().map_err(|_| strange("log.vkey"))?;
        let listed = data_encoding::HEXLOWER.encode(log_key.public_key());
        if !said.charter.log_keys.contains(&listed)
            || said.charter.origin != log_key.name().as_str()
            || said.log.origin != said.charter.origin
        {
            return Err(strange("the log's key is not in the charter"));
        }
        let log_path =
            said.log.url.strip_prefix(&node.to_string()).map_or(klaver_api::paths::LOG, |path| path);
        Ok(Self {
            ledger,
            name: harmless(&said.name),
            one: harmless(&said.unit.one),
            many: harmless(&said.unit.many),
            scale: Scale::new(said.scale.into()).map_err(|_| strange("scale"))?,
            demo: said.demo,
            log_path: log_path.trim_end_matches('/').to_owned(),
            log_key,
            node,
            checkpoint: None,
            ahead: Vec::new(),
            terms: Terms::of(said),
            believed: None,
            past: Past::default(),
            clock: Clock::default(),
        })
    }

    /// Reads the community of `ledger`.
    ///
    /// # Errors
    /// When it was never joined, or its file is damaged.
    pub fn load(places: &Places, ledger: &LedgerId) -> Outcome<Self> {
        let path = places.community(ledger);
        let bytes = private_file::read(&path, FILE_BYTES_MAX).map_err(|error| {
            if error.is_missing() { Failure::new(Exit::Key, "not_joined") } else { error.into() }
        })?;
        Self::decode(&bytes)
            .ok_or_else(|| Failure::new(Exit::Failed, "community_damaged").with("path", path.display()))
    }

    /// Reads every community, by name.
    ///
    /// # Errors
    /// When a file is damaged.
    pub fn load_all(places: &Places) -> Outcome<Vec<Self>> {
        let mut all = Vec::new();
        let Ok(files) = std::fs::read_dir(places.communities()) else { return Ok(all) };
        for file in files.flatten() {
            let name = file.file_name();
            let ledger = name.to_str().and_then(|name| LedgerId::from_hex(name.strip_suffix(".json")?));
            if let Some(ledger) = ledger {
                all.push(Self::load(places, &ledger)?);
            }
        }
        all.sort_by(|one: &Self, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// Writes the community's file.
    ///
    /// # Errors
    /// When the operating system says no.
    pub fn save(&self, places: &Places) -> Outcome<()> {
        let file = CommunityFile {
            klaver_community: 1,
            ledger: self.ledger.to_hex(),
            name: self.name.clone(),
            node: self.node.to_string(),
            one: self.one.clone(),
            many: self.many.clone(),
            scale: self.scale.decimals(),
            demo: self.demo,
            log_key: self.log_key.to_string(),
            log_path: self.log_path.clone(),
            checkpoint: self.checkpoint.as_ref().map(|seen| seen.note().to_string()),
            ahead: self.ahead.iter().map(|waits| waits.seen.note().to_string()).collect(),
            ahead_since: self.ahead.iter().map(|waits| waits.since.to_string()).collect(),
            terms: self.terms,
            believed: self.believed.clone(),
            past: self.past.clone(),
            clock: self.clock,
        };
        let bytes = serde_json::to_vec_pretty(&file).expect("strings and integers are always JSON");
        Ok(private_file::replace(&places.community(&self.ledger), &bytes)?)
    }

    /// Returns its unit as `language` writes it.
    pub fn unit(&self, language: Language) -> Unit {
        Unit { one: self.one.clone(), many: self.many.clone(), scale: self.scale, language }
    }

    /// Returns what a new receipt is verified against: the key that signs now, and no other.
    pub fn identity(&self) -> LogIdentity {
        LogIdentity::of_keys(self.ledger, vec![self.log_key.clone()])
    }

    /// Returns what a receipt that was kept is verified against: also the keys that signed before. Whatever one of them
    /// signed later is [forged](Past::is_forged).
    pub fn identity_ever(&self) -> LogIdentity {
        let former = self.past.former_keys().map(|(key, _)| key);
        LogIdentity::of_keys(self.ledger, [self.log_key.clone()].into_iter().chain(former).collect())
    }

    /// Returns the community of `ledger`, or of the one that continues it, as far as this wallet has followed.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_newest(places: &Places, ledger: &LedgerId) -> Outcome<Self> {
        let mut community = Self::load(places, ledger)?;
        while let Some(next) = community.past.successor() {
            community = Self::load(places, &next)?;
        }
        Ok(community)
    }

    /// Remembers a checkpoint beyond the published one, until the log reaches it; returns the smallest when there are
    /// too many of them.
    pub fn remember(&mut self, seen: SignedCheckpoint, now: Timestamp) -> Option<SignedCheckpoint> {
        if self.ahead.iter().any(|known| known.seen.checkpoint() == seen.checkpoint()) {
            return None;
        }
        self.ahead.push(Ahead { seen, since: now });
        self.ahead.sort_by_key(|known| known.seen.checkpoint().size);
        (AHEAD_MAX < self.ahead.len()).then(|| self.ahead.remove(0).seen)
    }

    /// Returns since when the published log should have reached a seal and has not.
    pub fn overdue(&self, now: Timestamp) -> Option<Timestamp> {
        self.ahead
            .iter()
            .map(|waits| waits.since)
            .min()
            .filter(|since| !now.is_within(REACHED_WITHIN, *since))
    }

    /// Says whether what was signed for `ledger` can still be recorded in this community.
    ///
    /// # Errors
    /// `Rules` when that ledger has ended: no other takes it.
    pub fn still_of(&self, ledger: &LedgerId) -> Outcome<()> {
        let is_open = self.ledger == *ledger && self.past.successor().is_none();
        if is_open { Ok(()) } else { Err(Failure::new(Exit::Rules, "outbox_ended")) }
    }

    /// Returns every seal that is remembered of the log.
    pub fn seals(&self) -> impl Iterator<Item = &SignedCheckpoint> {
        self.checkpoint.iter().chain(self.ahead.iter().map(|waits| &waits.seen))
    }

    /// Returns how many records the log is known to have.
    pub fn known_size(&self) -> u64 {
        self.seals().map(|seen| seen.checkpoint().size).max().unwrap_or_default()
    }

    /// Returns what is known already of the community that a node shows; `None` at the first contact.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn known(places: &Places, seen: &Self) -> Outcome<Option<Self>> {
        match Self::load(places, &seen.ledger) {
            Ok(known) => Ok(Some(known)),
            Err(failure) if failure.code == "not_joined" => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Returns the community that is known at an address and that no other continues, as far as it was followed; `None`
    /// when nothing is known there.
    ///
    /// # Errors
    /// When a file is damaged.
    pub fn known_at(places: &Places, node: &NodeAddress) -> Outcome<Option<Self>> {
        let is_there = |known: &Self| known.node == *node && known.past.successor().is_none();
        Ok(Self::load_all(places)?.into_iter().find(is_there))
    }

    /// Returns this community with the address and name that a node shows now.
    pub fn shown_by(self, seen: Self) -> Self {
        Self { node: seen.node, name: seen.name, log_path: seen.log_path, ..self }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let file: CommunityFile = serde_json::from_slice(bytes).ok()?;
        if file.klaver_community != 1 {
            return None;
        }
        let log_key: VerifierKey = file.log_key.parse().ok()?;
        let open = |note: &String| SignedCheckpoint::open(note.as_bytes(), &log_key).ok();
        Some(Self {
            ledger: LedgerId::from_hex(&file.ledger)?,
            name: harmless(&file.name),
            node: NodeAddress::parse(&file.node).ok()?,
            one: harmless(&file.one),
            many: harmless(&file.many),
            scale: Scale::new(file.scale.into()).ok()?,
            demo: file.demo,
            log_path: file.log_path,
            checkpoint: match &file.checkpoint {
                Some(note) => Some(open(note)?),
                None => None,
            },
            ahead: {
                let mut since =
                    file.ahead_since.iter().map(|text| klaver_api::text::timestamp("since", text));
                let mut waits = |note| {
                    // A file of an older program does not say since when.
                    let since = since.next().map_or_else(|| Some(moment::now()), Result::ok)?;
                    Some(Ahead { seen: open(note)?, since })
                };
                file.ahead.iter().map(&mut waits).collect::<Option<_>>()?
            },
            terms: file.terms,
            believed: file.believed,
            past: file.past,
            clock: file.clock,
            log_key,
        })
    }
}
