//! Whom our own log asks to cosign: the trust policy of the community, as its wallets read it.
//!
//! The charter holds the hash of this text, so that the council decides who counts, not whoever runs the node.

use crate::config::{Config, ConfigError, DataDir};
use klaver_ledger::id::Digest;
use klaver_ledger::log::key::VerifierKey;
use klaver_ledger::log::policy::{PolicyError, TrustPolicy};
use std::path::PathBuf;

/// The trust policy of a node: its text, what it says, and where witnesses show what they have seen.
#[derive(Clone, Debug)]
pub struct Witnesses {
    text: String,
    policy: TrustPolicy,
    asked: Vec<Asked>,
    data: DataDir,
}

/// A witness that can be asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its name in the policy.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// Where checkpoints are sent, without trailing slash; `None` for one that pulls.
    pub submission: Option<String>,
    /// Where it shows what it has seen, without trailing slash.
    pub monitoring: Option<String>,
}

/// Why a trust policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WitnessesError {
    /// The file cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The text is no policy.
    #[error("{}: {error}: correct the file", path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: PolicyError,
    },
    /// The text names another log than ours, or none, or several.
    #[error(
        "{} must name one log, this one: begin it with   log {expected}", path.display()
    )]
    Log {
        /// The file.
        path: PathBuf,
        /// The key of our log.
        expected: Box<VerifierKey>,
    },
    /// The settings name a witness that the policy does not have.
    #[error("node.json: witness_monitors names \"{name}\", which the trust policy does not have")]
    UnknownMonitor {
        /// The name.
        name: String,
    },
}

impl Witnesses {
    /// Reads the trust policy of a data directory; `None` when the community has none. It must name the log by its key `log`,
    /// unless it is the one that the charter names as `decided`: the council may give the log another key, and its witnesses
    /// go on by the text it has decided on.
    ///
    /// # Errors
    /// When the file cannot be used for the log.
    pub fn read(
        data: &DataDir,
        config: &Config,
        log: &VerifierKey,
        decided: &Digest,
    ) -> Result<Option<Self>, WitnessesError> {
        let path = data.witness_policy();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ConfigError::Io { path, error }.into()),
        };
        let policy: TrustPolicy =
            text.parse().map_err(|error| WitnessesError::Policy { path: path.clone(), error })?;
        let names_log = matches!(policy.logs(), [only] if only.key == *log);
        if !names_log && Digest::of(text.as_bytes()) != *decided {
            return Err(WitnessesError::Log { path, expected: Box::new(log.clone()) });
        }
        if let Some(name) = config.witness_monitors.keys().find(|name| !is_named(&policy, name)) {
            return Err(WitnessesError::UnknownMonitor { name: name.clone() });
        }
        let slashless = |url: &String| url.trim_end_matches('/').to_owned();
        let asked = policy.witnesses().iter().map(|witness| {
            let submission = witness.url.as_ref().map(slashless);
            let monitoring = config.witness_monitors.get(&witness.name).map(slashless);
            Asked {
                name: witness.name.clone(),
                key: witness.key.clone(),
                monitoring: monitoring.or_else(|| submission.clone()),
                submission,
            }
        });
        if !names_log {
            tracing::warn!(
                path = %path.display(),
                "the witness policy names a former log: let the council decide on one that begins with   log {log}"
            );
        }
        let asked = asked.collect();
        let policy = policy.believing(vec![log.clone()]);
        Ok(Some(Self { asked, text, policy, data: data.clone() }))
    }

    /// Returns the text of the policy: what wallets are given, and what the charter holds the hash of.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns what the charter holds when this is the policy that the council decided on.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// Returns the directory that it was read from.
    pub fn data(&self) -> &DataDir {
        &self.data
    }

    /// Returns the policy.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// Returns the witnesses, in the order of the policy.
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }
}

/// Returns the text of the policy of a new log: its own line, then `witnesses`, the lines of witnesses and quorum.
///
/// # Errors
/// When the whole is no policy, or `witnesses` names a log too.
pub fn text_for(log: &VerifierKey, url: &str, witnesses: &str) -> Result<String, WitnessesError> {
    let path = PathBuf::from("the witness policy");
    let text = format!("log {log} {url}\n{witnesses}");
    let policy: TrustPolicy =
        text.parse().map_err(|error| WitnessesError::Policy { path: path.clone(), error })?;
    if policy.logs().len() == 1 {
        Ok(text)
    } else {
        Err(WitnessesError::Log { path, expected: Box::new(log.clone()) })
    }
}

fn is_named(policy: &TrustPolicy, name: &str) -> bool {
    policy.witnesses().iter().any(|witness| witness.name == name)
}
