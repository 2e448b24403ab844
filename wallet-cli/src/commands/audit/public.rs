//! What anybody can verify: the tree, from its leaves up, at every size of which a signature is known.

use super::Progress;
use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::harmless;
use crate::trust;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::hash::leaf_hash;
use klaver_ledger::log::proof::TreeHead;
use klaver_ledger::log::tile::{
    HashTile, TILE_WIDTH, TilePath, decode_entries, decode_hashes, encode_hashes, entry_bundles, hash_tiles,
};
use klaver_ledger::log::tree::{NoLeafTiles, Tree};

/// A leaf has its type byte and a commitment of 32 bytes.
const LEAF_BYTES: usize = 33;

/// What was found to hold of the public log.
pub(super) struct Published {
    /// Its size and root.
    head: TreeHead,
    /// How many known seals it passes through.
    checked: usize,
}

/// Verifies the public log up to its newest checkpoint, which must pass through all `heads`, and says so.
pub(super) fn run(app: &App<'_>, contact: &Contact, heads: &[TreeHead]) -> Outcome<()> {
    let Published { head, checked } = check(app, contact, heads)?;
    let community = &contact.community;
    let seal = community.checkpoint.as_ref();
    let witnessed = seal.and_then(|seal| trust::witnessed(contact.places(), community, seal));
    let (size, count) = (head.size.to_string(), checked.to_string());
    let said = app.output.words("audit.public", &[("size", &size), ("count", &count)]);
    app.output.line(&app.output.good(&said));
    app.output.say("audit.root", &[("root", &head.root.to_base64())]);
    trust::say(app.output, witnessed.as_ref());
    let kept = contact.kept().map(|path| path.display().to_string());
    if let Some(path) = &kept {
        app.output.say("audit.kept", &[("path", &harmless(path))]);
    }
    app.output.json(&serde_json::json!({
        "holds": true, "part": "public", "size": head.size, "root": head.root.to_base64(), "checkpoints": checked,
        "ledger": community.ledger.to_hex(), "log_key": community.log_key.to_string(),
        "witnessed": trust::to_json(witnessed.as_ref()), "kept": kept,
    }));
    Ok(())
}

/// Verifies every bundle and every tile of every level that is published below the newest checkpoint, up to its root.
pub(super) fn check(app: &App<'_>, contact: &Contact, heads: &[TreeHead]) -> Outcome<Published> {
    let checkpoint = contact.community.checkpoint.as_ref();
    let seal = checkpoint.ok_or_else(|| Failure::new(Exit::Failed, "nothing_published"))?;
    let head = seal.checkpoint().head();
    let mut progress = Progress::new(app, head.size);
    let mut tree = Tree::new();
    let mut checked = 0_usize;
    let mut expected: Vec<&TreeHead> = heads.iter().filter(|known| known.size <= head.size).collect();
    expected.sort_by_key(|known| known.size);
    let mut expected = expected.into_iter().peekable();
    let fetch = |path: TilePath| {
        let path = format!("{}/{path}", contact.community.log_path);
        contact.http.get_bytes(&path).map(|bytes| (path, bytes))
    };
    let (mut leaf_tiles, upper): (Vec<HashTile>, Vec<HashTile>) =
        hash_tiles(head.size).into_iter().partition(|tile| tile.level() == 0);
    leaf_tiles.reverse();
    for bundle in entry_bundles(head.size) {
        let tile = leaf_tiles.pop().expect("a log has as many bundles as tiles of leaf hashes");
        let served = [fetch(TilePath::Entries(bundle))?, fetch(TilePath::Hashes(tile))?];
        let [(_, leaves), (_, hashes)] = &served;
        let wrong = |index: u64, why: &str| alarm(contact, seal, &served, index, why);
        let first = bundle.number() * u64::from(TILE_WIDTH);
        let leaves =
            decode_entries(leaves, bundle.width()).map_err(|error| wrong(first, &error.to_string()))?;
        let hashes = decode_hashes(hashes, tile.width()).map_err(|error| wrong(first, &error.to_string()))?;
        for (leaf, hash) in leaves.iter().zip(&hashes) {
            let index = tree.size();
            let wrong = |why: &str| wrong(index, why);
            if leaf.len() != LEAF_BYTES || leaf[0] != 1 {
                return Err(wrong("a leaf is no commitment"));
            }
            if leaf_hash(leaf) != *hash {
                return Err(wrong("a leaf and its hash differ"));
            }
            tree.append_hash(*hash);
            while let Some(known) = expected.next_if(|known| known.size == tree.size()) {
                if tree.head().root != known.root {
                    return Err(wrong("the tree has another root than the log signed"));
                }
                checked += 1;
            }
        }
        progress.at(tree.size());
    }
    progress.end();
    if tree.head() != head {
        return Err(alarm(contact, seal, &[], head.size, "the tree is not the one that was signed"));
    }
    // Proofs are built from these: whoever fetches them must find what the leaves give.
    for tile in upper {
        let served = [fetch(TilePath::Hashes(tile))?];
        let hashes =
            tree.tile(&tile, head.size, &NoLeafTiles).expect("upper levels come from the tree alone");
        if served[0].1 != encode_hashes(&hashes) {
            let covered = u64::from(TILE_WIDTH).pow(u32::from(tile.level()) + 1);
            let first = tile.number() * covered;
            return Err(alarm(contact, seal, &served, first, "a tile is not what its leaves give"));
        }
    }
    Ok(Published { head, checked })
}

/// Keeps the seal and what was served below it, bytes as base64; returns the failure at `index`.
fn alarm(
    contact: &Contact,
    seal: &SignedCheckpoint,
    served: &[(String, Vec<u8>)],
    index: u64,
    why: &str,
) -> Failure {
    let mut evidence = format!("number {index}: {why}\n\n{}", seal.note());
    for (path, bytes) in served {
        evidence += &format!("\n{path}\n{}\n", data_encoding::BASE64.encode(bytes));
    }
    let failure = Failure::text(Exit::Mismatch, "log_wrong", why).with("index", index);
    contact.keep_evidence("log", evidence.as_bytes(), failure)
}
