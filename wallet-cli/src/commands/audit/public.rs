//! What anybody can verify: the tree, from its leaves up, at every size of which a signature is known.

use super::Progress;
use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
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
    let head = checkpoint.ok_or_else(|| Failure::new(Exit::Failed, "nothing_published"))?.checkpoint().head();
    let mut progress = Progress::new(app, head.size);
    let mut tree = Tree::new();
    let mut checked = 0_usize;
    let mut expected: Vec<&TreeHead> = heads.iter().filter(|known| known.size <= head.size).collect();
    expected.sort_by_key(|known| known.size);
    let mut expected = expected.into_iter().peekable();
    let mut leaf_tiles = hash_tiles(head.size).into_iter().filter(|tile| tile.level() == 0);
    for bundle in entry_bundles(head.size) {
        let tile = leaf_tiles.next().expect("a log has as many bundles as tiles of leaf hashes");
        let path = |path: TilePath| format!("{}/{path}", contact.community.log_path);
        let leaves = contact.http.get_bytes(&path(TilePath::Entries(bundle)))?;
        let hashes = contact.http.get_bytes(&path(TilePath::Hashes(tile)))?;
        let first = bundle.number() * u64::from(TILE_WIDTH);
        let wrong = |why: String| Failure::text(Exit::Mismatch, "log_wrong", why).with("index", first);
        let leaves = decode_entries(&leaves, bundle.width()).map_err(|error| wrong(error.to_string()))?;
        let hashes = decode_hashes(&hashes, tile.width()).map_err(|error| wrong(error.to_string()))?;
        for (leaf, hash) in leaves.iter().zip(&hashes) {
            let index = tree.size();
            let wrong = |why: &str| Failure::text(Exit::Mismatch, "log_wrong", why).with("index", index);
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
        return Err(Failure::text(Exit::Mismatch, "log_wrong", "the tree is not the one that was signed")
            .with("index", head.size));
    }
    let (size, count) = (head.size.to_string(), checked.to_string());
    let said = app.output.words("audit.public", &[("size", &size), ("count", &count)]);
    app.output.line(&app.output.good(&said));
    app.output.json(&serde_json::json!({
        "holds": true, "part": "public", "size": head.size, "root": head.root.to_base64(), "checkpoints": checked,
    }));
    Ok(())
}
