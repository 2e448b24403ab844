//! What whoever founded a community reads: what is there now, and the commands that come next.

use super::{Founding, FoundingError, Welcome};
use crate::cli::{language, say};
use crate::config::ConfigError;
use crate::demo::command::quoted;
use std::io::{self, Write};
use std::path::Path;

/// Writes what was founded and what to do next, in the language of whoever reads.
///
/// # Errors
/// When nobody reads any more.
pub fn write(founding: &Founding, welcome: &Welcome, data: &Path, out: &mut dyn Write) -> io::Result<()> {
    let mut tell = |key: &str, values: &[(&str, &str)]| writeln!(out, "{}", say(key, values));
    tell("found.done", &[("name", &founding.name)])?;
    tell("found.address", &[("url", &founding.config.public_url)])?;
    tell("found.ledger", &[("ledger", &welcome.ledger.to_hex())])?;
    for (key, wallet) in &welcome.council {
        tell("found.council", &[("key", &key.to_string()), ("path", &quoted(wallet))])?;
    }
    if welcome.council.len() > 1 {
        let (need, all) = (welcome.threshold.to_string(), welcome.council.len().to_string());
        tell("found.threshold", &[("need", &need), ("all", &all)])?;
    }
    if let Some(thanks) = &founding.config.thanks_per_hour {
        let amount = thanks.replace('.', &language().decimal_mark().to_string());
        tell("found.thanks", &[("amount", &amount), ("unit", &founding.unit.many)])?;
    }
    tell("found.invitation", &[("link", &welcome.invitation)])?;
    tell("found.next", &[])?;
    let wallet = welcome.council.first().map_or_else(String::new, |(_, wallet)| quoted(wallet));
    let klaver = format!("klaver --data {wallet}");
    let propose = format!("{klaver} govern show > charter.json; {klaver} govern propose charter.json");
    for (key, command) in [
        ("found.next.serve", format!("klaver-node serve --data {}", quoted(data))),
        ("found.next.whoami", format!("{klaver} whoami")),
        ("found.next.invite", format!("{klaver} invite --uses 10")),
        ("found.next.open", format!("{klaver} account open budget --key KEY --limit 500 --organisation new")),
        ("found.next.auditor", propose),
    ] {
        tell("found.command", &[("what", &say(key, &[])), ("command", &command)])?;
    }
    tell("found.keep", &[])
}

/// Returns why nothing was founded: what a founder can mend in the reader's language, the rest as it is.
pub fn explained(error: FoundingError) -> anyhow::Error {
    let (key, path) = match &error {
        FoundingError::WalletThere { path } => ("found.error.wallet_there", path),
        FoundingError::WalletOnNode { path } => ("found.error.wallet_on_node", path),
        FoundingError::Config(ConfigError::NotEmpty { path }) => ("found.error.not_empty", path),
        _ => return error.into(),
    };
    anyhow::anyhow!(say(key, &[("path", &path.display().to_string())]))
}
