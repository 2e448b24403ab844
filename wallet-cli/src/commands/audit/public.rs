//! What anybody can verify: the tree, from its leaves up, at every size of which a signature is known.

use super::Progress;
use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::hash::leaf_hash;
use klaver_ledger::log::proof::TreeHead;
use klaver_ledger::log::tile::{
    TILE_WIDTH, TilePath, decode_entries, decode_hashes, entry_bundles, hash_tiles,
};
use klaver_ledger::log::tree::Tree;

/// A leaf has its type byte and a commitment of 32 bytes.
const LEAF_BYTES: usize = 33;

/// Verifies the public log up to its newest checkpoint, which must pass through all `heads`.
pub(super) fn run(app: &App<'_>, contact: &Contact, heads: &[TreeHead]) -> Outcome<()> {
    let checkpoint = contact.community.checkpoint.as_ref();
    let seal = checkpoint.ok_or_else(|| Failure::new(Exit::Failed, "nothing_published"))?;
    let head = seal.checkpoint().head();
    let mut progress = Progress::new(app, head.size);
    let mut tree = Tree::new();
    let mut checked = 0_usize;
    let mut expected: Vec<&TreeHead> = heads.iter().filter(|known| known.size <= head.size).collect();
    expected.sort_by_key(|known| known.size);
    let mut expected = expected.into_iter().peekable();
    let mut leaf_tiles = hash_tiles(head.size).into_iter().filter(|tile| tile.level() == 0);
    for bundle in entry_bundles(head.size) {
        let tile = leaf_tiles.next().expect("a log has as many bundles as tiles of leaf hashes");
        let fetch = |path: TilePath| {
            let path = format!("{}/{path}", contact.community.log_path);
            contact.http.get_bytes(&path).map(|bytes| (path, bytes))
        };
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
    let (size, count) = (head.size.to_string(), checked.to_string());
    let said = app.output.words("audit.public", &[("size", &size), ("count", &count)]);
    app.output.line(&app.output.good(&said));
    app.output.json(&serde_json::json!({
        "holds": true, "part": "public", "size": head.size, "root": head.root.to_base64(), "checkpoints": checked,
    }));
    Ok(())
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
