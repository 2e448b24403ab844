//! The public log of a real node, judged over HTTP by auditors that nobody here wrote: the Go module proxy's code, and
//! Cloudflare's crates for static certificate logs. Then a log of 70,000 leaves, which a plain web server serves, and each
//! change of it.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_ledger::log::tree::Tree;
use klaver_tests::client::Client;
use klaver_tests::node::Node;
use klaver_tests::programs::{go_auditor, run};
use klaver_tests::static_log::{StaticServer, checkpoint, log_key, write_log};
use klaver_tests::town::Town;
use signed_note::{Note, StandardVerifier, VerifierList};
use std::path::{Path, PathBuf};
use tlog_tiles::{
    Checkpoint, Hash, HashReader, Tile, TileHashReader, TileReader, check_record, check_tree, prove_record,
    prove_tree, record_hash, stored_hash_index,
};

/// A log that is read over HTTP, below `/log`.
struct Source(Client);

impl Source {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let answer = self.0.try_get(&format!("/log/{path}"), None).map_err(|error| error.to_string())?;
        if answer.status == 200 { Ok(answer.bytes) } else { Err(format!("{path}: status {}", answer.status)) }
    }
}

/// Turns the crate's "tile/8/L/N" into "tile/L/N" of C2SP tlog-tiles.
fn tile_path(tile: &Tile) -> String {
    tile.path().replacen("tile/8/", "tile/", 1)
}

impl TileReader for Source {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &Tile| {
            let bytes = self.read(&tile_path(tile)).ok();
            bytes
                .filter(|bytes| bytes.len() == tile.width() as usize * 32)
                .ok_or(tlog_tiles::Error::IndexesNotInTree)
        };
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// Returns size and root of a checkpoint that `vkey` signed.
fn open(vkey: &str, bytes: &[u8]) -> Result<(u64, Hash), String> {
    let note = Note::from_bytes(bytes).map_err(|error| error.to_string())?;
    let verifier = StandardVerifier::new(vkey).map_err(|error| error.to_string())?;
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).map_err(|error| error.to_string())?;
    let checkpoint = Checkpoint::from_bytes(note.text()).map_err(|error| error.to_string())?;
    Ok((checkpoint.size(), *checkpoint.hash()))
}

/// Checks every leaf of a log, proofs of some, and that it continues the older checkpoints; returns its size.
fn audit(source: &Source, vkey: &str, older: &[Vec<u8>]) -> Result<u64, String> {
    let (size, root) = open(vkey, &source.read("checkpoint")?)?;
    let tiles = TileHashReader::new(size, root, source);
    let text = |error: tlog_tiles::Error| error.to_string();
    for first in (0..size).step_by(256) {
        let width = (size - first).min(256) as u32;
        let path = tile_path(&Tile::new(8, 0, first / 256, width, false));
        let mut bundle: &[u8] = &source.read(&path.replacen("tile/0/", "tile/entries/", 1))?;
        let indexes: Vec<u64> = (first..first + u64::from(width)).map(|n| stored_hash_index(0, n)).collect();
        for (published, index) in tiles.read_hashes(&indexes).map_err(text)?.into_iter().zip(first..) {
            let (length, rest) = bundle.split_first_chunk::<2>().ok_or("a bundle is too short")?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (leaf, rest) = rest.split_at_checked(length).ok_or("a bundle ends within a leaf")?;
            bundle = rest;
            if record_hash(leaf) != published {
                return Err(format!("leaf {index} is not what its tile says"));
            }
        }
        if !bundle.is_empty() {
            return Err(format!("bundle {} is too long", first / 256));
        }
    }
    for index in [0, size / 3, size / 2, size - 1] {
        let leaf = tiles.read_hashes(&[stored_hash_index(0, index)]).map_err(text)?[0];
        let proof = prove_record(size, index, &tiles).map_err(text)?;
        check_record(&proof, size, root, index, leaf).map_err(text)?;
    }
    for older in older {
        let (old_size, old_root) = open(vkey, older)?;
        let proof = prove_tree(size, old_size, &tiles).map_err(text)?;
        check_tree(&proof, size, root, old_size, old_root).map_err(text)?;
    }
    Ok(size)
}

/// The same by Go's code; returns what it said.
fn audit_by_go(vkey: &str, log: &str, older: &[PathBuf]) -> Result<String, String> {
    let output = run(go_auditor().arg(vkey).arg(log).args(older), b"");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Lets both auditors read the log of a node, and hold it to the older checkpoints.
fn both_agree(node: &Node, directory: &Path, older: &mut Vec<(PathBuf, Vec<u8>)>, size: u64) {
    let client = node.client();
    let note = client.published(size);
    let vkey = client.community().log.vkey;
    let (files, notes): (Vec<PathBuf>, Vec<Vec<u8>>) = older.iter().cloned().unzip();
    assert_eq!(audit(&Source(client), &vkey, &notes), Ok(size));
    let said = audit_by_go(&vkey, &format!("{}/log", node.url()), &files).unwrap();
    let expected = format!("{size} leaves included, {} older checkpoints consistent", files.len());
    assert!(said.ends_with(&expected), "{said}");
    let file = directory.join(format!("checkpoint-{size}"));
    std::fs::write(&file, &note).unwrap();
    older.push((file, note));
}

#[test]
fn two_other_auditors_accept_the_log_of_a_node_at_every_size_that_matters() {
    let alone = tempfile::tempdir().unwrap();
    let mut node = Node::found(alone.path(), "Klaverdorp", &[]);
    node.start();
    both_agree(&node, alone.path(), &mut Vec::new(), 1);
    node.stop();

    let directory = tempfile::tempdir().unwrap();
    let town = Town::found(directory.path(), &["mia"], &["bakery"]);
    town.give(&["mia"], 100_000);
    let mut older = Vec::new();
    for size in [3, 255, 256, 257, 600] {
        for _ in town.size()..size {
            assert_eq!(town.client.submit(&town.pay("mia", "bakery", 1)).status, 201);
        }
        both_agree(&town.node, directory.path(), &mut older, size);
    }
    // Neither accepts it for another log's key.
    let other = log_key().1.to_string();
    assert!(audit(&Source(town.client.clone()), &other, &[]).is_err());
    assert!(audit_by_go(&other, &format!("{}/log", town.node.url()), &[]).is_err());
}

#[test]
fn a_log_of_70_000_leaves_is_accepted_and_each_change_of_it_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let mut tree = Tree::new();
    let mut leaves = Vec::new();
    let mut older: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for number in 0..70_000_u32 {
        let mut leaf = [0x01; 33];
        leaf[29..].copy_from_slice(&number.to_be_bytes());
        tree.append(&leaf);
        leaves.push(leaf);
        if [1, 255, 256, 257, 600, 65_536, 69_999].contains(&(number + 1)) {
            let file = directory.path().join(format!("old-{}", number + 1));
            std::fs::write(&file, checkpoint(&tree).to_string()).unwrap();
            older.push((file.clone(), std::fs::read(&file).unwrap()));
        }
    }
    let log = directory.path().join("log");
    write_log(&log, &tree, &leaves);
    let server = StaticServer::start(directory.path(), "log/checkpoint");
    let both = |older: &[(PathBuf, Vec<u8>)]| both_judge(&server, older);
    assert_eq!(both(&older), [Ok(70_000); 2]);

    // A bit in a checkpoint, in a tile of each level, in a bundle. Go's program computes upper levels from the leaves.
    for file in ["checkpoint", "tile/0/100", "tile/1/000", "tile/2/000.p/1", "tile/entries/273.p/112"] {
        let path = log.join(file);
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        let at = good.len() / 2;
        bad[at] ^= 1;
        std::fs::write(&path, bad).unwrap();
        let [rust, go] = both(&[]);
        let is_computed = file.starts_with("tile/1/") || file.starts_with("tile/2/");
        must_notice(file, [rust, if is_computed { Err(()) } else { go }]);
        std::fs::write(&path, good).unwrap();
    }
    // Two bundles that changed places.
    let [one, two] = ["000", "001"].map(|name| log.join("tile/entries").join(name));
    let aside = log.join("aside");
    let swap = || {
        std::fs::rename(&one, &aside).unwrap();
        std::fs::rename(&two, &one).unwrap();
        std::fs::rename(&aside, &two).unwrap();
    };
    swap();
    must_notice("swapped bundles", both(&[]));
    swap();
    assert_eq!(both(&older), [Ok(70_000); 2]);

    // What was shown before and is dropped now, and another history of the same length, both under the log's own key.
    for (what, changed, size) in
        [("a dropped end", None, 65_000), ("a rewritten entry", Some(5_usize), 70_000)]
    {
        let mut other = leaves[..size].to_vec();
        if let Some(index) = changed {
            other[index][1] ^= 1;
        }
        let mut tree = Tree::new();
        for leaf in &other {
            tree.append(leaf);
        }
        std::fs::remove_dir_all(&log).unwrap();
        write_log(&log, &tree, &other);
        assert_eq!(
            both(&[]),
            [Ok(size as u64); 2],
            "{what}: for whoever saw nothing before it is a log like any other"
        );
        must_notice(what, both(&older));
    }
}

/// Lets both auditors read a log over HTTP; returns how many leaves each found included, or that it refused.
fn both_judge(server: &StaticServer, older: &[(PathBuf, Vec<u8>)]) -> [Result<u64, ()>; 2] {
    let vkey = log_key().1.to_string();
    let (files, notes): (Vec<PathBuf>, Vec<Vec<u8>>) = older.iter().cloned().unzip();
    let rust = audit(&Source(Client::of(&server.url)), &vkey, &notes);
    let go = audit_by_go(&vkey, &format!("{}/log", server.url), &files);
    let expected = format!("leaves included, {} older checkpoints consistent", files.len());
    let included = |said: String| said.split_once(&expected)?.0.rsplit(' ').nth(1)?.parse().ok();
    [rust.map_err(drop), go.ok().and_then(included).ok_or(())]
}

fn must_notice(what: &str, said: [Result<u64, ()>; 2]) {
    assert_eq!(said, [Err(()), Err(())], "{what}: Rust's auditor and Go's");
}
