//! The command line of `klaver-node`.

use crate::config::{Config, DataDir};
use crate::export::Format;
use crate::found::{Founding, Offices, WALLET_FILE};
use crate::succeed::Succeeding;
use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use klaver_keystore::Passphrase;
use klaver_ledger::amount::{Amount, Rate, Scale, Total};
use klaver_ledger::charter::{Joining, Policy, UnitWords};
use klaver_ledger::keys::PublicKey;
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::time::Seconds;
use klaver_locales::Language;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The server of a Klaver community.
#[derive(Debug, Parser)]
#[command(name = "klaver-node", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Founds a community: asks a few questions, or takes flags.
    Found(Box<FoundArgs>),
    /// Serves a community.
    Serve(ServeArgs),
    /// Makes a demonstration town with three months of history, tells its story, and serves it on this machine.
    Demo(crate::demo::command::DemoArgs),
    /// Audits a data directory offline: exit status 0 only if everything holds, 6 names the record that does not.
    Verify(VerifyArgs),
    /// Is a witness for other communities: signs that their logs only ever grow.
    Witness(crate::witness::command::WitnessArgs),
    /// Ends a ledger and founds one that continues it with the same accounts and balances. The node must be stopped.
    Succeed(SucceedArgs),
    /// Puts a backup in the place of a node's data: it only reads until witnesses have confirmed that it is not too old.
    Restore(RestoreArgs),
    /// Writes the public log as static files, or the records for auditors. The node must be stopped.
    Export(ExportArgs),
}

/// Flags of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Makes a missing anchor anew, only where the journal proves itself to its end. The node must be stopped.
    #[arg(long)]
    pub mend_anchor: bool,
}

/// Flags of `found`. What is not given is asked for on a terminal, or has its default.
#[derive(Debug, Args)]
pub struct FoundArgs {
    /// The new data directory.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// A directory for a council key's wallet, outside of the data directory; once for each member of the council. What
    /// `klaver --data DIR` and KLAVER_HOME name [default: that of klaver on this account].
    #[arg(long, value_name = "DIR")]
    pub wallet: Vec<PathBuf>,
    /// How many of the council must sign [default: more than half].
    #[arg(long, value_name = "NUMBER")]
    pub council_threshold: Option<u64>,
    /// The public key of an auditor, 64 hexadecimal digits; may be repeated.
    #[arg(long, value_name = "KEY")]
    pub auditor: Vec<String>,
    /// A file with the witnesses: lines `witness`, `group` and `quorum` of a C2SP tlog-policy.
    #[arg(long, value_name = "FILE")]
    pub witness_policy: Option<PathBuf>,
    /// The community's name.
    #[arg(long)]
    pub name: Option<String>,
    /// The word for one unit.
    #[arg(long, value_name = "WORD")]
    pub unit_one: Option<String>,
    /// The word for many units.
    #[arg(long, value_name = "WORD")]
    pub unit_many: Option<String>,
    /// How many decimals people see, 0 to 4; fixed for ever.
    #[arg(long)]
    pub scale: Option<u64>,
    /// The address people will open: https://host, or http://localhost:8080 on this machine alone.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// What a merchant is paid for one unit, in euro, such as 1,00; 0 when merchants are not paid out.
    #[arg(long, value_name = "EURO")]
    pub euro: Option<String>,
    /// What a place usually gives as thanks for an hour of help, in units, such as 1 or 5,00; 0 when there is no custom.
    #[arg(long, value_name = "AMOUNT")]
    pub thanks: Option<String>,
    /// Who may join.
    #[arg(long, value_enum)]
    pub joining: Option<JoiningArg>,
    /// How far below zero a new member may go, in units.
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    pub member_limit: String,
    /// What one organisation may issue in a day without a second one, in units.
    #[arg(long, value_name = "AMOUNT")]
    pub organisation_day_amount: Option<String>,
    /// How many days the council may correct: 0 to 30.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub correction_days: u64,
    /// How many days a payment may be refunded: 1 to 365.
    #[arg(long, value_name = "DAYS", default_value_t = 60)]
    pub refund_days: u64,
    /// How many days it is kept who came to a session: 1 to 365.
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub presence_days: u32,
    /// How many hours a recovery or a new charter waits: 24 to 720.
    #[arg(long, value_name = "HOURS", default_value_t = 48)]
    pub recovery_hours: u64,
    /// Most that a payment shown without network may be, in units; 0 allows none.
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    pub offline_cap: String,
    /// What a card may pay in a day without its PIN, in units.
    #[arg(long, value_name = "AMOUNT", default_value = "10")]
    pub card_day_amount: String,
    /// What a card may pay in a day at all, in units; 0 for no cards.
    #[arg(long, value_name = "AMOUNT", default_value = "50")]
    pub card_day_cap: String,
    /// How many accounts the node may open in a day without the council.
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    pub accounts_a_day: u64,
    /// Seconds between two published checkpoints.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub beat: u64,
    /// A file with the wallet's passphrase; - reads it from standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    pub passphrase_file: Option<PathBuf>,
    /// A file descriptor with the wallet's passphrase.
    #[arg(long, value_name = "FD")]
    pub passphrase_fd: Option<u32>,
    /// Asks nothing: what has no flag gets its default, what has none is an error.
    #[arg(long)]
    pub no_input: bool,
}

/// Who may join.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum JoiningArg {
    /// Whoever was invited.
    Invitation,
    /// Anybody.
    Open,
    /// Nobody: the council opens every account.
    Council,
}

/// Flags of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Where to listen. TLS is the business of whoever stands in front.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where to serve metrics: an address of this machine alone.
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    /// The address people open, instead of the one it was founded with.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Seconds between two published checkpoints, instead of the setting.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub beat: Option<u64>,
    /// Believes a clock more than 31 days beyond the newest record: once, after a long rest, with the clock put right.
    #[arg(long)]
    pub accept_clock: bool,
    /// Most connections at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 2_048)]
    pub connections: usize,
}

/// Flags of `succeed`.
#[derive(Debug, Args)]
pub struct SucceedArgs {
    /// The data directory of the ledger that ends.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The data directory of the new ledger: it must not exist yet.
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
    /// The directory of a wallet with a council key; once for each member of the council.
    #[arg(long, value_name = "DIR", required = true)]
    pub wallet: Vec<PathBuf>,
    /// A file with the passphrase of the wallets; or one for each wallet, in the same order. Asked for when left out.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Vec<PathBuf>,
    /// A council key that the new council does without, 64 hexadecimal digits; may be repeated.
    #[arg(long, value_name = "KEY")]
    pub leave_out: Vec<String>,
    /// The new address people open, when it changes.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Goes on without the old log key, on the last checkpoint that it signed.
    #[arg(long)]
    pub log_key_lost: bool,
    /// Goes on although another ledger continues this one: only when that one was never put in place.
    #[arg(long)]
    pub again: bool,
}

/// Flags of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup: a copy of the data directory of a stopped node.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// The new data directory: it must not exist yet.
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
    /// Records at once, without waiting for witnesses: only after everybody who keeps seals was asked.
    #[arg(long)]
    pub unwitnessed: bool,
}

/// Flags of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The data directory of a stopped node.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Writes the public log below this directory.
    #[arg(long, value_name = "DIR", required_unless_present = "records")]
    pub log: Option<PathBuf>,
    /// Writes every record to this file; - writes to standard output. Pseudonymous, for auditors alone.
    #[arg(long, value_name = "FILE")]
    pub records: Option<PathBuf>,
    /// How records are written.
    #[arg(long, value_enum, default_value = "json")]
    pub format: Format,
}

impl SucceedArgs {
    /// Returns what to do, asking for passphrases that no file holds.
    ///
    /// # Errors
    /// Names the answer that cannot be used.
    pub fn succeeding(&self) -> anyhow::Result<Succeeding> {
        let files = self.passphrase_file.len();
        if files > 1 && files != self.wallet.len() {
            let wallets = self.wallet.len();
            bail!(
                "--passphrase-file: {files} files for {wallets} wallets: give one for all, or one for each"
            );
        }
        let passphrase = |number: usize, wallet: &Path| -> anyhow::Result<Passphrase> {
            let Some(path) = self.passphrase_file.get(number).or(self.passphrase_file.first()) else {
                let question = format!("{} ({}): ", say("found.ask.passphrase", &[]), wallet.display());
                return Ok(Passphrase::new(rpassword::prompt_password(question)?));
            };
            let file = std::fs::File::open(path).with_context(|| format!("{}", path.display()))?;
            Ok(Passphrase::read(file)?)
        };
        let wallets = self.wallet.iter().enumerate().map(|(number, wallet)| {
            let directory = wallet_directory(wallet.clone())?;
            let passphrase = passphrase(number, &directory)?;
            Ok((directory, passphrase))
        });
        let key = |text: &String| {
            PublicKey::from_hex(text).with_context(|| {
                format!("--leave-out {text}: a public key of 64 hexadecimal digits belongs here")
            })
        };
        Ok(Succeeding {
            old: DataDir::at(&self.data),
            new: DataDir::at(&self.into),
            wallets: wallets.collect::<anyhow::Result<_>>()?,
            left_out: self.leave_out.iter().map(key).collect::<anyhow::Result<_>>()?,
            public_url: self.public_url.clone(),
            log_key_lost: self.log_key_lost,
            again: self.again,
        })
    }
}

impl FoundArgs {
    /// Returns the answers, asking for what is missing.
    ///
    /// # Errors
    /// Names the answer that cannot be used.
    pub fn founding(&self) -> anyhow::Result<Founding> {
        let name = self.answer("name", self.name.as_deref(), None)?;
        let one = self.answer("unit-one", self.unit_one.as_deref(), Some("klaver"))?;
        let many = self.answer("unit-many", self.unit_many.as_deref(), Some("klavers"))?;
        let scale = self.scale.map(|scale| scale.to_string());
        let scale = self.answer("scale", scale.as_deref(), Some("2"))?;
        let scale = Scale::new(scale.parse().context("--scale: a number from 0 to 4 belongs here")?)?;
        let url = self.answer("public-url", self.public_url.as_deref(), Some("http://localhost:8080"))?;
        let euro = self.answer("euro", self.euro.as_deref(), Some("1"))?;
        let thanks = self.answer("thanks", self.thanks.as_deref(), Some("0"))?;
        let thanks =
            Total::parse(&thanks, scale).context("--thanks: an amount belongs here, such as 1 or 5,00")?;
        let joining = match self.joining {
            Some(JoiningArg::Invitation) => Joining::ByInvitation,
            Some(JoiningArg::Open) => Joining::Open,
            Some(JoiningArg::Council) => Joining::ByCouncil,
            None => {
                let word = self.answer("joining", None, Some(&say("found.joining.invitation", &[])))?;
                joining_of(&word).with_context(|| format!("--joining: \"{word}\" is none of the three"))?
            }
        };
        let total = |flag: &str, text: &str| Total::parse(text, scale).with_context(|| format!("--{flag}"));
        let day_amount = self.organisation_day_amount.as_deref();
        let days = |days: u64| Seconds(days.saturating_mul(DAY_SECONDS));
        let card_day_cap = total("card-day-cap", &self.card_day_cap)?;
        let policy = Policy {
            joining,
            member_limit: total("member-limit", &self.member_limit)?,
            organisation_day_amount: day_amount
                .map(|most| total("organisation-day-amount", most))
                .transpose()?,
            correction_window: days(self.correction_days),
            refund_window: days(self.refund_days),
            recovery_delay: Seconds(self.recovery_hours.saturating_mul(3_600)),
            offline_cap: total("offline-cap", &self.offline_cap)?,
            card_free_amount: total("card-day-amount", &self.card_day_amount)?.min(card_day_cap),
            card_day_cap,
            registrar_opens: self.accounts_a_day,
            euro_rate: euro_rate(&euro, scale)?,
            ..Policy::starting()
        };
        let thanks_per_hour = (thanks != Total::ZERO).then(|| thanks.to_decimal(scale));
        let (beat_seconds, presence_days) = (self.beat.max(1), self.presence_days);
        let config = Config { beat_seconds, presence_days, thanks_per_hour, ..Config::new(&url)? };
        let origin = config.log_origin();
        Ok(Founding { name, unit: UnitWords { one, many }, scale, config, origin, policy })
    }

    /// Returns what was given with `--flag`, or the answer to the question `found.ask.flag`.
    fn answer(&self, flag: &str, given: Option<&str>, default: Option<&str>) -> anyhow::Result<String> {
        if let Some(given) = given {
            return Ok(given.to_owned());
        }
        let question = say(&format!("found.ask.{flag}"), &[]);
        if self.no_input || !std::io::stdin().is_terminal() {
            return default.map(str::to_owned).with_context(|| format!("--{flag}: {question}?"));
        }
        let mut err = std::io::stderr();
        match default {
            Some(default) => write!(err, "{question} [{default}]: ")?,
            None => write!(err, "{question}: ")?,
        }
        err.flush()?;
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        match (line.trim(), default) {
            ("", Some(default)) => Ok(default.to_owned()),
            ("", None) => bail!(say("found.error.answer", &[("question", &question)])),
            (answer, _) => Ok(answer.to_owned()),
        }
    }

    /// Returns who governs, who audits and who witnesses.
    ///
    /// # Errors
    /// Names the key that is none.
    pub fn offices(&self) -> anyhow::Result<Offices> {
        let key = |text: &String| {
            PublicKey::from_hex(text).with_context(|| {
                format!("--auditor {text}: a public key of 64 hexadecimal digits belongs here, as `klaver whoami` shows it")
            })
        };
        let auditors = self.auditor.iter().map(key).collect::<anyhow::Result<_>>()?;
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).with_context(|| format!("--witness-policy {}", path.display()))
        };
        let witnesses = self.witness_policy.as_ref().map(read).transpose()?;
        let wallets = if self.wallet.is_empty() {
            let usual = usual_wallet().map(|path| path.display().to_string());
            vec![PathBuf::from(self.answer("wallet", None, usual.as_deref())?)]
        } else {
            self.wallet.clone()
        };
        let wallets = wallets.into_iter().map(wallet_directory).collect::<anyhow::Result<_>>()?;
        Ok(Offices { wallets, threshold: self.council_threshold, auditors, witnesses })
    }

    /// Returns the passphrase of the new wallet files, from a file, a descriptor, or by asking twice.
    ///
    /// # Errors
    /// When there is none, or two that differ.
    pub fn passphrase(&self) -> anyhow::Result<Passphrase> {
        if let Some(path) = &self.passphrase_file {
            if path.as_os_str() == "-" {
                return Ok(Passphrase::read(std::io::stdin())?);
            }
            let file = std::fs::File::open(path).with_context(|| format!("{}", path.display()))?;
            return Ok(Passphrase::read(file)?);
        }
        if let Some(descriptor) = self.passphrase_fd {
            let path = format!("/dev/fd/{descriptor}");
            let file = std::fs::File::open(&path).with_context(|| format!("file descriptor {descriptor}"))?;
            return Ok(Passphrase::read(file)?);
        }
        if self.no_input || !std::io::stdin().is_terminal() {
            bail!(say("found.error.passphrase", &[]));
        }
        let first = Passphrase::new(rpassword::prompt_password(say("found.ask.passphrase", &[]) + ": ")?);
        let second = Passphrase::new(rpassword::prompt_password(say("ask.again", &[]) + " ")?);
        if !first.is_same(&second) {
            bail!(say("found.error.differ", &[]));
        }
        Ok(first)
    }

    /// Returns the data directory.
    pub fn data(&self) -> DataDir {
        DataDir::at(&self.data)
    }
}

/// Returns a sentence in the language of whoever reads.
pub fn say(key: &str, values: &[(&str, &str)]) -> String {
    language().say(key, values)
}

/// Returns the language of whoever reads.
pub fn language() -> Language {
    Language::of_environment(|name| std::env::var(name).ok()).unwrap_or(Language::English)
}

/// Reads who may join: the word of the flag, or of one of the languages that the question is asked in.
fn joining_of(word: &str) -> Option<Joining> {
    let word = word.to_lowercase();
    Joining::ALL.iter().copied().find(|joining| {
        let key = format!("found.joining.{joining}");
        joining.word() == word || Language::ALL.iter().any(|language| language.say(&key, &[]) == word)
    })
}

/// Returns the directory that a wallet was named by: itself, or that of its file.
fn wallet_directory(path: PathBuf) -> anyhow::Result<PathBuf> {
    if path.file_name().is_some_and(|name| name == WALLET_FILE) {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        return Ok(parent.map_or_else(|| PathBuf::from("."), Path::to_owned));
    }
    if path.extension().is_some_and(|extension| extension == "json") || path.is_file() {
        bail!(say("found.error.wallet_file", &[("path", &path.display().to_string())]));
    }
    Ok(path)
}

/// Returns the directory that `klaver` uses when none is named.
fn usual_wallet() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    named("KLAVER_HOME")
        .or_else(|| named("XDG_DATA_HOME").map(|data| data.join("klaver")))
        .or_else(|| named("HOME").map(|home| home.join(".local/share/klaver")))
}

/// Returns euro cents for each minor unit, from the euro for one whole unit.
fn euro_rate(euro: &str, scale: Scale) -> anyhow::Result<Option<Rate>> {
    let cents =
        Total::parse(euro, Scale::new(2)?).context("--euro: an amount of euro belongs here, such as 1,00")?;
    let Some(cents) = cents.as_amount() else { return Ok(None) };
    let minor = Amount::parse("1", scale)?;
    Ok(Some(Rate::new(cents.minor(), minor.minor())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn the_rate_is_cents_for_a_minor_unit() {
        let rate = |euro, scale| euro_rate(euro, Scale::new(scale).unwrap()).unwrap();
        assert_eq!(rate("1", 2), Some(Rate::new(100, 100).unwrap()));
        assert_eq!(rate("0,50", 0), Some(Rate::new(50, 1).unwrap()));
        assert_eq!(rate("0", 2), None);
        assert!(euro_rate("een", Scale::new(2).unwrap()).is_err());
    }

    #[test]
    fn flags_alone_found_a_community() {
        let cli = Cli::parse_from([
            "klaver-node",
            "found",
            "--data",
            "d",
            "--wallet",
            "w",
            "--name",
            "Dorp",
            "--no-input",
        ]);
        let Command::Found(found) = cli.command else { panic!("another command") };
        let founding = found.founding().unwrap();
        assert_eq!((founding.name.as_str(), founding.origin.as_str()), ("Dorp", "localhost:8080/log"));
        assert_eq!(founding.policy.joining, Joining::ByInvitation);
        let cli = Cli::parse_from(["klaver-node", "found", "--data", "d", "--wallet", "w", "--no-input"]);
        let Command::Found(found) = cli.command else { panic!("another command") };
        assert!(found.founding().unwrap_err().to_string().contains("--name"));
    }

    #[test]
    fn a_wallet_is_named_by_its_directory() {
        let directory =
            |path: &str| wallet_directory(PathBuf::from(path)).map(|path| path.display().to_string());
        assert_eq!(directory("anna").unwrap(), "anna");
        assert_eq!(directory("anna/wallet.json").unwrap(), "anna");
        assert_eq!(directory("wallet.json").unwrap(), ".");
        assert!(directory("anna.json").unwrap_err().to_string().contains("anna.json"));
    }

    #[test]
    fn who_may_join_is_said_in_every_language() {
        for (word, joining) in [
            ("uitnodiging", Joining::ByInvitation),
            ("Invitation", Joining::ByInvitation),
            ("kernteam", Joining::ByCouncil),
            ("open", Joining::Open),
        ] {
            assert_eq!(joining_of(word), Some(joining), "{word}");
        }
        assert_eq!(joining_of("iedereen?"), None);
    }
}
