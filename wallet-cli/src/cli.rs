//! The arguments of the program.

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use klaver_locales::{Language, help};
use std::path::PathBuf;

/// A wallet for a community's own credits: receive, pay, give back, check.
#[derive(Debug, Parser)]
#[command(name = "klaver", version, propagate_version = true, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// Directory of the wallet [default: $XDG_DATA_HOME/klaver]
    #[arg(long, global = true, value_name = "DIR", env = "KLAVER_HOME")]
    pub data: Option<PathBuf>,
    /// Which key or account to act as: a name from `klaver whoami`, or klv1…
    #[arg(long, global = true, value_name = "NAME", env = "KLAVER_ACCOUNT")]
    pub account: Option<String>,
    /// Also sign with this key of the wallet; may be repeated
    #[arg(long, global = true, value_name = "NAME")]
    pub also: Vec<String>,
    /// Address of the community's node, such as `https://klaver.example`
    #[arg(long, global = true, value_name = "URL", env = "KLAVER_NODE")]
    pub node: Option<String>,
    /// File whose first line is the passphrase
    #[arg(long, global = true, value_name = "FILE", env = "KLAVER_PASSPHRASE_FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Open file descriptor to read the passphrase from
    #[arg(long, global = true, value_name = "NUMBER", conflicts_with = "passphrase_file")]
    pub passphrase_fd: Option<u32>,
    /// Write data as JSON, and errors as JSON to standard error
    #[arg(long, global = true)]
    pub json: bool,
    /// Language: nl, fr or en [default: that of the system]
    #[arg(long, global = true, value_name = "LANG", value_parser = ["nl", "fr", "en"])]
    pub lang: Option<String>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Never ask anything; fail instead
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Answer yes to every question
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// Show what would be signed, and stop
    #[arg(long, short = 'n', global = true)]
    pub dry_run: bool,
    /// Write only data and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
#[allow(missing_docs, reason = "the fields are documented on the structures")]
pub enum Command {
    /// Make a wallet: a first key, under a passphrase
    Init(crate::commands::init::Init),
    /// Join a community, by an invitation or its address
    Join(crate::commands::join::Join),
    /// Show your keys and accounts
    Whoami(crate::commands::whoami::Whoami),
    /// Make another key, or change the passphrase
    #[command(subcommand)]
    Key(crate::commands::key::Key),
    /// Ask to be paid: shows a QR code and waits
    Request(crate::commands::request::Request),
    /// Show the code that others pay you by, or replace it
    Code(crate::commands::code::Code),
    /// Pay: a link, a picture of a QR code, or an account
    Pay(crate::commands::pay::Pay),
    /// Show what you have
    Balance(crate::commands::balance::Balance),
    /// Show your lines, newest first
    History(crate::commands::history::History),
    /// Show who takes part, and name an organisation
    #[command(subcommand)]
    Organisation(crate::commands::organisation::Organisation),
    /// Tell a person of trust that something is wrong, and hear what came of it
    #[command(subcommand)]
    Wrong(crate::commands::wrong::Wrong),
    /// Save a receipt, or verify one without network
    #[command(subcommand)]
    Receipt(crate::commands::receipt::Receipt),
    /// Give back a payment, or part of it
    Refund(crate::commands::refund::Refund),
    /// Let a whole group receive credits, with one signature
    Earn(crate::commands::earn::Earn),
    /// Make, print and look after cards
    #[command(subcommand)]
    Card(crate::commands::paper::Card),
    /// Make, print and look after vouchers
    #[command(subcommand)]
    Voucher(crate::commands::paper::Voucher),
    /// Show, count and be paid for what stands ready for others
    #[command(subcommand)]
    Pot(crate::commands::pot::Pot),
    /// Show or name what bears unpaid promises
    #[command(subcommand)]
    Promise(crate::commands::promise::Promise),
    /// Ask to be paid out in euro
    Redeem(crate::commands::redeem::Redeem),
    /// Record that redeemed credits were paid in euro
    Settle(crate::commands::settle::Settle),
    /// Take settled credits off the budget that issued them
    Retire(crate::commands::retire::Retire),
    /// Put lines of an earlier entry right
    Correct(crate::commands::correct::Correct),
    /// Open, show, change, lay to rest and close accounts
    #[command(subcommand)]
    Account(crate::commands::account::Account),
    /// Show or replace the charter
    #[command(subcommand)]
    Govern(crate::commands::govern::Govern),
    /// Sign an entry that waits for signatures
    Cosign(crate::commands::cosign::Cosign),
    /// Stop something that waits
    Veto(crate::commands::veto::Veto),
    /// Anchor a document in the ledger by its hash
    Attest(crate::commands::attest::Attest),
    /// Make an invitation
    Invite(crate::commands::invite::Invite),
    /// Check a community's ledger
    Audit(crate::commands::audit::Audit),
    /// Show the questions of your last audit, or keep what explains one
    Explain(crate::commands::explain::Explain),
    /// Show the newest seal as a QR code, or compare somebody else's
    Checkpoint(crate::commands::checkpoint::Checkpoint),
    /// Write your lines as CSV, JSON or an hledger journal
    Export(crate::commands::export::Export),
    /// Show or send again what was signed and not yet confirmed
    #[command(subcommand)]
    Outbox(crate::commands::outbox::Outbox),
    /// Write completions for a shell
    Completions(crate::commands::completions::Completions),
    /// Write the manual page
    Man(crate::commands::man::Man),
}

/// Returns the description of the arguments, its help in `language` where the tables have it.
pub fn localised(language: Language) -> clap::Command {
    help::localised(Cli::command(), language, "help")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_sound() {
        Cli::command().debug_assert();
        for language in Language::ALL {
            localised(language).debug_assert();
        }
    }

    #[test]
    fn no_argument_takes_a_secret() {
        fn names(command: &clap::Command, found: &mut Vec<String>) {
            found.extend(command.get_arguments().map(|argument| argument.get_id().to_string()));
            command.get_subcommands().for_each(|sub| names(sub, found));
        }
        let mut found = Vec::new();
        names(&Cli::command(), &mut found);
        let secret = |name: &&String| {
            ["passphrase", "password", "secret", "seed", "pin", "token"].contains(&name.as_str())
        };
        assert!(found.len() > 50);
        assert_eq!(found.iter().find(secret), None);
    }

    #[test]
    fn every_command_and_argument_has_its_help_in_every_language() {
        let missing = help::missing(&Cli::command(), "help");
        assert!(missing.is_empty(), "add these sentences: {missing:?}");
    }
}
