//! `klaver whoami`: keys and accounts, without the passphrase.

use crate::app::App;
use crate::community::Community;
use crate::failure::{Exit, Outcome};
use clap::Args;

/// Show your keys and accounts.
#[derive(Args, Debug)]
pub struct Whoami {}

impl Whoami {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no wallet.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let keys = app.keys()?;
        let communities = Community::load_all(&app.places)?;
        let usual = app.usual();
        let community_of = |ledger| communities.iter().find(|known| Some(known.ledger) == ledger);
        let rows: Vec<Vec<String>> = keys
            .iter()
            .map(|key| {
                let mark = if usual.as_deref() == Some(key.name.as_str()) { "*" } else { "" };
                let what = app.output.words(&format!("purpose.{}", key.purpose.word()), &[]);
                let community = community_of(key.ledger).map_or("", |known| known.name.as_str());
                vec![
                    format!("{}{mark}", key.name),
                    what,
                    key.purpose.account().map_or_else(String::new, |account| account.to_string()),
                    crate::output::harmless(community),
                    key.public_key.to_string(),
                ]
            })
            .collect();
        let header = ["column.name", "column.purpose", "column.account", "column.community", "column.key"];
        let header: Vec<String> = header.iter().map(|key| app.output.words(key, &[])).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        app.output.table(&header, &rows, &[]);
        let json: Vec<serde_json::Value> = keys
            .iter()
            .map(|key| {
                serde_json::json!({
                    "name": key.name,
                    "public_key": key.public_key.to_string(),
                    "purpose": key.purpose.word(),
                    "account": key.purpose.account().map(|account| account.to_string()),
                    "ledger": key.ledger.map(|ledger| ledger.to_hex()),
                    "node": key.node,
                    "community": community_of(key.ledger).map(|known| known.name.clone()),
                    "usual": usual.as_deref() == Some(key.name.as_str()),
                })
            })
            .collect();
        app.output.json(&serde_json::json!({ "home": app.places.home(), "keys": json }));
        Ok(Exit::Ok)
    }
}
