//! A log as static files, signed by a key of these tests: for other programs to judge.

use crate::client::Client;
use crate::patience::{BEATS, within};
use crate::samples::key;
use klaver_ledger::keys::{PublicKey, SigningKey, sign};
use klaver_ledger::log::checkpoint::{Checkpoint, SignedCheckpoint};
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::log::tile::{TilePath, encode_entries, encode_hashes, entry_bundles, hash_tiles};
use klaver_ledger::log::tree::{NoLeafTiles, Tree};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

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

/// `python3 -m http.server` on a directory: any web server can serve a log. It ends with this value.
pub struct StaticServer {
    /// Its address.
    pub url: String,
    process: Child,
}

impl StaticServer {
    /// Serves `directory`; `first` is a file in it.
    ///
    /// # Panics
    /// When Python is missing, or does not serve in time.
    pub fn start(directory: &Path, first: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a free port").port();
        let mut python = Command::new("python3");
        python
            .args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string(), "--directory"])
            .arg(directory);
        python.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = python.spawn().expect("python3 can be started");
        let server = Self { url: format!("http://127.0.0.1:{port}"), process };
        let client = Client::of(&server.url);
        within(BEATS, "web server", || {
            client.try_get(&format!("/{first}"), None).ok().filter(|answer| answer.status == 200)
        });
        server
    }
}

impl Drop for StaticServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
