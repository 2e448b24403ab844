//! A log as static files, signed by a key of these tests: for other programs to judge.

use crate::samples::key;
use klaver_ledger::keys::{PublicKey, SigningKey, sign};
use klaver_ledger::log::checkpoint::{Checkpoint, SignedCheckpoint};
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::log::tile::{TilePath, encode_entries, encode_hashes, entry_bundles, hash_tiles};
use klaver_ledger::log::tree::{NoLeafTiles, Tree};
use std::path::Path;

/// The origin of the log.
pub const ORIGIN: &str = "klaver.example/log";

/// Returns the log's key, and what verifies it.
///
/// # Panics
/// Never: both are fixed.
pub fn log_key() -> (SigningKey, VerifierKey) {
    let secret = key(1);
    let name = KeyName::new(ORIGIN).expect("a name");
    let verifier = VerifierKey::new(name, KeyKind::Note, PublicKey::of(&secret).as_bytes()).expect("a key");
    (secret, verifier)
}

/// Returns the signed checkpoint of `tree`.
///
/// # Panics
/// Never: the key has the log's name.
pub fn checkpoint(tree: &Tree) -> SignedCheckpoint {
    let (secret, verifier) = log_key();
    let checkpoint = Checkpoint { origin: verifier.name().clone(), size: tree.size(), root: tree.root() };
    checkpoint.sign(&verifier, |text| sign(&secret, text).0).expect("a checkpoint")
}

/// Writes the log of `leaves`, whose tree is `tree`, below `directory`.
///
/// # Panics
/// When a file cannot be written.
pub fn write_log(directory: &Path, tree: &Tree, leaves: &[[u8; 33]]) {
    let file = |path: String, bytes: Vec<u8>| {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        std::fs::write(path, bytes).expect("a file");
    };
    file("checkpoint".to_owned(), checkpoint(tree).to_string().into_bytes());
    for tile in hash_tiles(tree.size()) {
        let old = |number: u64| {
            let from = usize::try_from(number).ok()? * 256;
            let tile = leaves.get(from..from + 256)?;
            Some(tile.iter().map(|leaf| klaver_ledger::log::hash::leaf_hash(leaf)).collect())
        };
        let hashes = match tree.tile(&tile, tree.size(), &NoLeafTiles) {
            Ok(hashes) => hashes,
            Err(_) => tree.tile(&tile, tree.size(), &old).expect("a tile"),
        };
        file(TilePath::Hashes(tile).to_string(), encode_hashes(&hashes));
    }
    for bundle in entry_bundles(tree.size()) {
        let first = bundle.number() as usize * 256;
        let entries = &leaves[first..first + usize::from(bundle.width())];
        file(TilePath::Entries(bundle).to_string(), encode_entries(entries).expect("a bundle"));
    }
}
