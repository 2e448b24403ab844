//! The data directory: what stands where, and the few settings that are not in the ledger.

use crate::brand::BrandSettings;
use crate::map::MapSettings;
use klaver_ledger::id::LedgerId;
use klaver_ledger::link::NodeAddress;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Version of the data directory's layout.
const LAYOUT: u32 = 1;

/// Where a node keeps everything.
///
/// ```text
/// node.json     settings; the file of a logo that they name stands beside it
/// keys/         log, registrar, guardian: 0600 in a directory of 0700
/// ledger/       journal, anchor, snapshots, views
/// community-N/  what can be erased
/// predecessor   attested snapshot of the ledger that this one continues; there may be none
/// predecessor-log/ and predecessor.json   the public log of that ledger, and what proves its end
/// ancestors/    the same three of each ledger before that one, below its id
/// successor.json  where the ledger that continues this one is, with what proves it
/// witness-policy   whom the log asks to cosign, and how many it takes; there may be none
/// restored      a mark: it came from a backup, and waits for witnesses; there may be none
/// evidence/     what proves that our log signed two histories
/// ```
#[derive(Clone, Debug)]
pub struct DataDir {
    root: PathBuf,
}

/// The settings of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Version of the directory's layout.
    pub layout: u32,
    /// The address that links, sessions and the log name: `https://host`.
    pub public_url: String,
    /// Whether this is a demonstration, whose keys anybody can know.
    #[serde(default)]
    pub demo: bool,
    /// Seconds between two published checkpoints.
    #[serde(default = "minute")]
    pub beat_seconds: u64,
    /// Where witnesses show what they have seen, by their name in the policy, when it is not where they are asked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub witness_monitors: BTreeMap<String, String>,
    /// Seconds after which witnesses are asked again about a checkpoint that did not change.
    #[serde(default = "hour", skip_serializing_if = "is_hour")]
    pub witness_heartbeat_seconds: u64,
    /// What a place usually gives as thanks for an hour of help, in units with the community's decimals; a custom that
    /// people are told, no rule of the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thanks_per_hour: Option<String>,
    /// For how many days it is kept who was at a session, or said that they would come to it: at least 1.
    #[serde(default = "month", skip_serializing_if = "is_month")]
    pub presence_days: u32,
    /// The header in which a proxy on this machine says where a visitor comes from, such as `x-forwarded-for`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor_header: Option<String>,
    /// The address of the ledger that continues this one, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// The community's own colours and logo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<BrandSettings>,
    /// Where the map of the town square comes from; there is none without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<MapSettings>,
    /// The time zone in which people read times and days end: `Europe/Brussels`.
    #[serde(default = "brussels")]
    pub time_zone: String,
}

fn minute() -> u64 {
    60
}

fn hour() -> u64 {
    3_600
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_hour(seconds: &u64) -> bool {
    *seconds == hour()
}

fn month() -> u32 {
    30
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_month(days: &u32) -> bool {
    *days == month()
}

fn brussels() -> String {
    "Europe/Brussels".to_owned()
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// There is no node here.
    #[error("{} has no node.json: found a community there with `klaver-node found --data {}`, or name the right directory", path.display(), path.display())]
    NotFounded {
        /// The directory.
        path: PathBuf,
    },
    /// The settings of a node are gone.
    #[error(
        "{} is missing beside a ledger: put it back from a copy, or write {{\"layout\": {LAYOUT}, \"public_url\": \"https://...\"}} \
         with the address that people open", path.display()
    )]
    SettingsMissing {
        /// The file.
        path: PathBuf,
    },
    /// There is something already.
    #[error("{} is not empty: found a community in a new directory", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The settings cannot be read.
    #[error("{}: {error}: correct the file", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// A newer program made it.
    #[error("{} has layout {found}, this program knows {LAYOUT}: update klaver-node", path.display())]
    NewerLayout {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: u32,
    },
    /// The address is none that links can carry.
    #[error("public address \"{address}\": {reason}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The community's colours or logo cannot be shown.
    #[error("brand: {reason}")]
    Brand {
        /// What is wrong, and what would do.
        reason: String,
    },
    /// The pictures of the map cannot be asked for.
    #[error("map: tiles \"{tiles}\": {reason}")]
    Map {
        /// The address in the settings.
        tiles: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A demonstration is for this machine alone.
    #[error(
        "this is a demonstration, anybody can know its keys: it listens on this machine alone (127.0.0.1), not on {address}"
    )]
    DemoInPublic {
        /// The address asked for.
        address: String,
    },
}

impl DataDir {
    /// Returns the data directory at `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Returns its path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns where the ledger's files are.
    pub fn ledger(&self) -> PathBuf {
        self.root.join("ledger")
    }

    /// Returns where the node's keys are.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Returns the file of the trust policy.
    pub fn witness_policy(&self) -> PathBuf {
        self.root.join("witness-policy")
    }

    /// Returns the file of the newest checkpoint that a witness has cosigned, with the lines of all that have.
    pub fn cosigned(&self) -> PathBuf {
        self.root.join("cosigned")
    }

    /// Returns the file of the snapshot that the ledger was founded on.
    pub fn predecessor(&self) -> PathBuf {
        self.root.join("predecessor")
    }

    /// Returns the directory of the public log of the ledger that this one continues.
    pub fn predecessor_log(&self) -> PathBuf {
        self.root.join("predecessor-log")
    }

    /// Returns the file that proves how that ledger ended.
    pub fn predecessor_proof(&self) -> PathBuf {
        self.root.join("predecessor.json")
    }

    /// Returns the file that proves to whoever comes here that another ledger continues this one.
    pub fn successor_proof(&self) -> PathBuf {
        self.root.join("successor.json")
    }

    /// Returns the file of the snapshot that the ledger that continues this one was founded on.
    pub fn closing(&self) -> PathBuf {
        self.root.join("closing")
    }

    /// Returns the directory that holds of an older ledger what this one holds of its predecessor.
    pub fn ancestor(&self, ledger: &LedgerId) -> Self {
        Self::at(self.ancestors().join(ledger.to_hex()))
    }

    /// Returns the directory of all of these.
    pub fn ancestors(&self) -> PathBuf {
        self.root.join("ancestors")
    }

    /// Returns the mark of a directory that came from a backup and waits for witnesses.
    pub fn restored(&self) -> PathBuf {
        self.root.join("restored")
    }

    /// Returns where evidence against our own log is kept.
    pub fn evidence(&self) -> PathBuf {
        self.root.join("evidence")
    }

    fn config_path(&self) -> PathBuf {
        self.root.join("node.json")
    }

    /// Checks that nothing is there yet.
    ///
    /// # Errors
    /// `NotEmpty` when something is.
    pub fn check_empty(&self) -> Result<(), ConfigError> {
        match std::fs::read_dir(&self.root) {
            Ok(mut entries) => match entries.next() {
                Some(_) => Err(ConfigError::NotEmpty { path: self.root.clone() }),
                None => Ok(()),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(ConfigError::Io { path: self.root.clone(), error }),
        }
    }

    /// Reads the settings.
    ///
    /// # Errors
    /// When there are none, or they cannot be used.
    pub fn read_config(&self) -> Result<Config, ConfigError> {
        let path = self.config_path();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(if self.ledger().exists() || self.keys().exists() {
                    ConfigError::SettingsMissing { path }
                } else {
                    ConfigError::NotFounded { path: self.root.clone() }
                });
            }
            Err(error) => return Err(ConfigError::Io { path, error }),
        };
        let config: Config = serde_json::from_slice(&bytes)
            .map_err(|error| ConfigError::Malformed { path: path.clone(), error })?;
        if config.layout > LAYOUT {
            return Err(ConfigError::NewerLayout { path, found: config.layout });
        }
        config.address()?;
        config.map.as_ref().map(MapSettings::origin).transpose()?;
        Ok(config)
    }

    /// Writes the settings, durably.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_config(&self, config: &Config) -> Result<(), ConfigError> {
        let path = self.config_path();
        let mut text = serde_json::to_string_pretty(config).expect("settings are plain values");
        text.push('\n');
        klaver_keystore::private_file::replace(&path, text.as_bytes())
            .map_err(|error| ConfigError::Io { path, error: std::io::Error::other(error) })
    }
}

impl Config {
    /// Returns the settings of a new node at `public_url`.
    ///
    /// # Errors
    /// When links cannot carry the address.
    pub fn new(public_url: &str) -> Result<Self, ConfigError> {
        let config = Self {
            layout: LAYOUT,
            public_url: public_url.trim_end_matches('/').to_owned(),
            demo: false,
            beat_seconds: minute(),
            witness_monitors: BTreeMap::new(),
            witness_heartbeat_seconds: hour(),
            thanks_per_hour: None,
            visitor_header: None,
            successor: None,
            brand: None,
            map: None,
            presence_days: month(),
            time_zone: brussels(),
        };
        config.address()?;
        Ok(config)
    }

    /// Returns the address as links carry it.
    ///
    /// # Errors
    /// When they cannot.
    pub fn address(&self) -> Result<NodeAddress, ConfigError> {
        NodeAddress::parse(&self.public_url).map_err(|error| ConfigError::Address {
            address: self.public_url.clone(),
            reason: error.to_string(),
        })
    }

    /// Returns the origin of the public log: the address of the log without its scheme.
    pub fn log_origin(&self) -> String {
        let host = self.public_url.split_once("://").map_or(self.public_url.as_str(), |(_, host)| host);
        format!("{host}/log")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_way_to_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::at(directory.path());
        assert!(matches!(data.read_config(), Err(ConfigError::NotFounded { .. })));
        data.check_empty().unwrap();
        let config = Config::new("https://klaver.example/").unwrap();
        data.write_config(&config).unwrap();
        assert_eq!(data.read_config().unwrap(), config);
        assert_eq!(config.log_origin(), "klaver.example/log");
        assert!(matches!(data.check_empty(), Err(ConfigError::NotEmpty { .. })));
    }

    #[test]
    fn missing_settings_beside_a_ledger_are_not_a_reason_to_found() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::at(directory.path());
        std::fs::create_dir(data.ledger()).unwrap();
        let said = data.read_config().unwrap_err().to_string();
        assert!(said.contains("put it back") && !said.contains("found a community"), "{said}");
        // What it says to write is enough.
        let least = said.split_once("write ").unwrap().1.split_once(" with").unwrap().0;
        std::fs::write(directory.path().join("node.json"), least.replace("...", "klaver.example")).unwrap();
        assert_eq!(data.read_config().unwrap(), Config::new("https://klaver.example").unwrap());
    }

    #[test]
    fn settings_of_a_newer_program_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::at(directory.path());
        let newer = Config { layout: LAYOUT + 1, ..Config::new("http://localhost:8080").unwrap() };
        data.write_config(&newer).unwrap();
        assert!(matches!(data.read_config(), Err(ConfigError::NewerLayout { found: 2, .. })));
    }

    #[test]
    fn an_address_that_no_link_can_carry_is_refused() {
        for wrong in ["", "klaver.example", "http://klaver.example", "https://klaver.example/path", "ftp://x"]
        {
            assert!(matches!(Config::new(wrong), Err(ConfigError::Address { .. })), "{wrong}");
        }
    }
}
