//! One file for each command.

pub mod account;
pub mod attest;
pub mod audit;
pub mod balance;
pub mod checkpoint;
pub mod code;
pub mod completions;
pub mod correct;
pub mod cosign;
pub mod earn;
pub mod explain;
pub mod export;
pub mod govern;
pub mod history;
pub mod init;
pub mod invite;
pub mod join;
pub mod key;
pub mod man;
pub mod organisation;
pub mod outbox;
pub mod paper;
pub mod pay;
pub mod pot;
pub mod promise;
pub mod receipt;
pub mod redeem;
pub mod refund;
pub mod request;
pub mod retire;
pub mod settle;
pub mod timing;
pub mod veto;
pub mod whoami;
pub mod wrong;

use crate::app::App;
use crate::cli::{Cli, Command};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::Output;
use klaver_ledger::id::AccountId;
use klaver_ledger::time::Seconds;

/// How many characters the text of an account has.
const ACCOUNT_CHARACTERS: usize = 36;

/// Runs the command.
///
/// # Errors
/// What stopped it, with the exit status it leads to.
pub fn run(cli: Cli, output: &Output) -> Outcome {
    let app = &mut App::new(cli.global, output)?;
    match cli.command {
        Command::Init(command) => command.run(app),
        Command::Join(command) => command.run(app),
        Command::Whoami(command) => command.run(app),
        Command::Key(command) => command.run(app),
        Command::Request(command) => command.run(app),
        Command::Code(command) => command.run(app),
        Command::Pay(command) => command.run(app),
        Command::Balance(command) => command.run(app),
        Command::History(command) => command.run(app),
        Command::Organisation(command) => command.run(app),
        Command::Wrong(command) => command.run(app),
        Command::Receipt(command) => command.run(app),
        Command::Refund(command) => command.run(app),
        Command::Earn(command) => command.run(app),
        Command::Card(command) => command.run(app),
        Command::Voucher(command) => command.run(app),
        Command::Pot(command) => command.run(app),
        Command::Promise(command) => command.run(app),
        Command::Redeem(command) => command.run(app),
        Command::Settle(command) => command.run(app),
        Command::Retire(command) => command.run(app),
        Command::Correct(command) => command.run(app),
        Command::Account(command) => command.run(app),
        Command::Govern(command) => command.run(app),
        Command::Cosign(command) => command.run(app),
        Command::Veto(command) => command.run(app),
        Command::Explain(command) => command.run(app),
        Command::Attest(command) => command.run(app),
        Command::Invite(command) => command.run(app),
        Command::Audit(command) => command.run(app),
        Command::Checkpoint(command) => command.run(app),
        Command::Export(command) => command.run(app),
        Command::Outbox(command) => command.run(app),
        Command::Completions(command) => command.run(app),
        Command::Man(command) => command.run(app),
    }
}

/// Reads an account that was typed: an id, or the name of one of the wallet's own.
fn account_of(app: &App<'_>, text: &str) -> Outcome<AccountId> {
    if let Ok(account) = AccountId::parse(text) {
        return Ok(account);
    }
    let own = app.keys().unwrap_or_default();
    own.iter().find(|key| key.name == text).and_then(|key| key.purpose.account()).ok_or_else(|| {
        let (code, found) = fault_of_account(text);
        Failure::new(Exit::Usage, code).with("value", crate::output::harmless(text)).with("found", found)
    })
}

/// Returns what is wrong with a text that is no account, and how many characters it has.
pub(crate) fn fault_of_account(text: &str) -> (&'static str, usize) {
    let found = text.chars().count();
    let code = match text.to_lowercase().starts_with("klv1") {
        false => "no_such_account",
        true if found != ACCOUNT_CHARACTERS => "account_length",
        true => "account_typo",
    };
    (code, found)
}

/// Reads how long something lasts, as a person types it.
fn duration(text: &str) -> Outcome<Seconds> {
    let seconds = crate::moment::parse_duration(text).filter(|seconds| *seconds > 0);
    let wrong = || Failure::new(Exit::Usage, "not_a_duration").with("value", crate::output::harmless(text));
    seconds.map(Seconds).ok_or_else(wrong)
}

/// Reads an identifier of hexadecimal digits that was typed.
fn hex<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Outcome<T> {
    read(text)
        .ok_or_else(|| Failure::new(Exit::Usage, "not_hex").with("value", crate::output::harmless(text)))
}
