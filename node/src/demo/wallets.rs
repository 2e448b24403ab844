//! Wallets to try the town with: directories that `klaver --data` reads.

use super::Town;
use super::cast::TOWN;
use super::directory::DemoError;
use crate::config::DataDir;
use klaver_keystore::{Cost, Keystore, NewKey, Passphrase, Purpose, private_file};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use std::path::{Path, PathBuf};

/// Opens every wallet of a demonstration: it hides nothing.
pub const PASSPHRASE: &str = "drie groene klavers";

const WALLET_BYTES_MAX: u64 = 1 << 20;

/// Returns the directory of the wallet of `role`.
pub fn directory(data: &DataDir, role: &str) -> PathBuf {
    data.root().join("wallets").join(role)
}

/// Returns the file with the passphrase.
pub fn passphrase_file(data: &DataDir) -> PathBuf {
    data.root().join("wallets").join("passphrase")
}

/// Writes the wallets that are not there, and gives all of them the node's address.
///
/// # Errors
/// When one cannot be written.
pub fn write(data: &DataDir, town: &Town, url: &str) -> Result<(), DemoError> {
    private_file::create_directory(&data.root().join("wallets"))?;
    private_file::replace(&passphrase_file(data), format!("{PASSPHRASE}\n").as_bytes())?;
    let cast = &town.cast;
    let (citizen, baker, place) = (cast.citizen(), cast.baker(), &cast.places[0]);
    let one = |name: &str, key: &SigningKey, purpose| vec![(name.to_owned(), key.clone(), purpose)];
    let council = (1..).zip(cast.two_of_council());
    let council = council.map(|(number, key)| (format!("council-{number}"), key.clone(), Purpose::Council));
    for (role, keys) in [
        ("citizen", one("citizen", &citizen.key, Purpose::Account(citizen.account))),
        ("merchant", one("merchant", &baker.shop.key, Purpose::Account(baker.shop.account))),
        ("trekker", one("trekker", &place.trekker.key, Purpose::Account(place.budgets[0].account))),
        ("coordinator", council.collect()),
        ("auditor", one("auditor", &cast.auditors[0], Purpose::Auditor)),
    ] {
        write_one(&directory(data, role), town, url, keys)?;
    }
    Ok(())
}

fn write_one(
    home: &Path,
    town: &Town,
    url: &str,
    keys: Vec<(String, SigningKey, Purpose)>,
) -> Result<(), DemoError> {
    for directory in [home.to_owned(), home.join("communities"), home.join("outbox"), home.join("sessions")] {
        private_file::create_directory(&directory)?;
    }
    let file = home.join("wallet.json");
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let (ledger, node) = (Some(town.ledger), Some(url.to_owned()));
    if file.exists() {
        let mut keystore = Keystore::open(&file, &passphrase)?;
        let moved: Vec<String> =
            keystore.keys().filter(|info| info.node != node).map(|info| info.name.clone()).collect();
        for name in moved {
            keystore.update(&name, |info| info.node.clone_from(&node))?;
        }
    } else {
        let new = |(name, key, purpose)| NewKey { name, key, purpose, ledger, node: node.clone() };
        Keystore::create_at_cost(&file, &passphrase, keys.into_iter().map(new).collect(), Cost::LEAST)?;
    }
    write_community(home, town, url)
}

/// Writes what a wallet remembers of a community that it has joined.
fn write_community(home: &Path, town: &Town, url: &str) -> Result<(), DemoError> {
    let path = home.join("communities").join(format!("{}.json", town.ledger));
    let bad = |reason: String| DemoError::BadMark { path: path.clone(), reason };
    let mut community: serde_json::Value = if path.exists() {
        let bytes = private_file::read(&path, WALLET_BYTES_MAX)?;
        serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?
    } else {
        let name = KeyName::new(super::history::ORIGIN.to_owned()).map_err(|error| bad(error.to_string()))?;
        let public = PublicKey::of(&town.cast.log);
        let log_key = VerifierKey::new(name, KeyKind::Note, public.as_bytes());
        serde_json::json!({
            "klaver_community": 1,
            "ledger": town.ledger.to_hex(),
            "name": TOWN,
            "one": "klaver",
            "many": "klavers",
            "scale": 2,
            "demo": true,
            "log_key": log_key.map_err(|error| bad(error.to_string()))?.to_string(),
            "log_path": klaver_api::paths::LOG,
            "checkpoint": null,
            "ahead": [],
        })
    };
    let Some(fields) = community.as_object_mut() else { return Err(bad("it is no object".to_owned())) };
    fields.insert("node".to_owned(), url.into());
    let bytes = serde_json::to_vec_pretty(&community).expect("a JSON value is always JSON");
    Ok(private_file::replace(&path, &bytes)?)
}
