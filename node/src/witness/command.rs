//! `klaver-node witness`: makes a witness, says which logs it watches, and lets it work.

use super::directory::{LogSettings, Remembered, WitnessDir};
use super::keeper::Keeper;
use super::pull::Puller;
use super::server;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Commands of a witness, which signs that a log only ever grows.
#[derive(Args, Debug)]
pub struct WitnessArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: WitnessCommand,
}

/// What a witness can be told.
#[derive(Debug, Subcommand)]
pub enum WitnessCommand {
    /// Makes a witness in a new directory: a key of its own, and a memory.
    Init {
        /// The new directory.
        dir: PathBuf,
        /// Its name, such as vecinos.example/w: a domain and path of those who run it.
        #[arg(long, value_name = "NAME")]
        name: String,
    },
    /// Shows the witness's key, and what it has cosigned.
    Show {
        /// The directory.
        dir: PathBuf,
    },
    /// Watches a log from now on.
    Trust {
        /// The directory.
        dir: PathBuf,
        /// The log's verifier key, as /v1/community names it; its name is the log's origin.
        #[arg(long, value_name = "VKEY")]
        log: String,
        /// Where the log is, for pulling: the address above /checkpoint.
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// Where its node takes cosignatures [default: from --url, /witness/cosignatures instead of /log].
        #[arg(long, value_name = "URL", requires = "url")]
        post_to: Option<String>,
        /// Trusts a key once more that was taken away by mistake.
        #[arg(long)]
        again: bool,
    },
    /// Takes a key of a log away: stolen, or no longer in use. What was cosigned stays remembered.
    Untrust {
        /// The directory.
        dir: PathBuf,
        /// The log's verifier key, as it was given to `trust`.
        #[arg(long, value_name = "VKEY")]
        log: String,
    },
    /// Answers logs that ask: add-checkpoint, and what it has seen.
    Serve {
        /// The directory.
        dir: PathBuf,
        /// Where to listen. TLS is the business of whoever stands in front.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
    },
    /// Fetches from logs and brings cosignatures: for a witness that nobody can reach from outside.
    Pull {
        /// The directory.
        dir: PathBuf,
        /// Seconds between two rounds.
        #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
        every: u64,
        /// Goes round once, and fails when a log could not be dealt with.
        #[arg(long)]
        once: bool,
    },
    /// Begins anew for a log whose memory is lost. Tell those who trust this witness before you do.
    Recover {
        /// The directory.
        dir: PathBuf,
        /// The origin of the log.
        #[arg(long, value_name = "ORIGIN")]
        origin: String,
        /// The newest checkpoint of it that anybody has kept.
        #[arg(long, value_name = "FILE", required_unless_present = "from_nothing")]
        from: Option<PathBuf>,
        /// Begins from nothing: whatever the log shows next is believed.
        #[arg(long, conflicts_with = "from")]
        from_nothing: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// What is wrong, and what to do.
pub fn run(args: &WitnessArgs, out: &mut impl Write) -> anyhow::Result<()> {
    match &args.command {
        WitnessCommand::Init { dir, name } => {
            let made = WitnessDir::init(dir, name)?;
            writeln!(out, "{}", made.key())?;
        }
        WitnessCommand::Show { dir } => show(WitnessDir::open(dir)?, out)?,
        WitnessCommand::Trust { dir, log, url, post_to, again } => {
            let (vkey, url, post_to) = (log.clone(), url.clone(), post_to.clone());
            let log = LogSettings { vkey, url, post_to, taken_away: false };
            let origin = WitnessDir::open(dir)?.trust(log, *again)?;
            writeln!(out, "{origin} is watched from now on")?;
        }
        WitnessCommand::Untrust { dir, log } => {
            let (origin, left) = WitnessDir::open(dir)?.untrust(log)?;
            writeln!(out, "this key of {origin} counts no more; {left} of its keys are left")?;
        }
        WitnessCommand::Serve { dir, listen } => {
            server::serve(Keeper::open(WitnessDir::open(dir)?)?, *listen)?
        }
        WitnessCommand::Pull { dir, every, once } => {
            let mut puller = Puller::new(Keeper::open(WitnessDir::open(dir)?)?)?;
            if !*once {
                puller.run(Duration::from_secs(*every));
            }
            let failed = puller.round();
            anyhow::ensure!(failed == 0, "{failed} logs could not be dealt with: see above");
        }
        WitnessCommand::Recover { dir, origin, from, .. } => {
            let read = |path: &PathBuf| std::fs::read(path).with_context(|| path.display().to_string());
            let from = from.as_ref().map(read).transpose()?;
            let size = match WitnessDir::open(dir)?.recover(origin, from.as_deref())? {
                Remembered::Never => 0,
                Remembered::Seen(seen) => seen.checkpoint().size,
            };
            writeln!(out, "{origin} is watched again, from size {size} on")?;
        }
    }
    Ok(())
}

fn show(directory: WitnessDir, out: &mut impl Write) -> anyhow::Result<()> {
    let keeper = Keeper::open(directory)?;
    writeln!(out, "{}", keeper.directory().key())?;
    for (log, key) in keeper.directory().logs().iter().zip(keeper.directory().log_keys()?) {
        let size = keeper.newest(key.name())?.map(|seen| seen.checkpoint().size.to_string());
        let size = size.as_deref().unwrap_or("nothing yet");
        let key_state = if log.taken_away { " (this key was taken away)" } else { "" };
        writeln!(out, "{} {size} {}{key_state}", key.name(), key.id())?;
    }
    Ok(())
}
