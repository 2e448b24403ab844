//! Proofs built from published tiles, by whoever holds no tree: a witness that pulls, an auditor at home.
//!
//! Nothing is believed here: a proof from wrong tiles does not verify.

use std::collections::BTreeMap;
use std::ops::Range;

use super::hash::{Hash, node_hash};
use super::tile::{HashTile, TILE_WIDTH, TileError, rows_at_level};

/// Binary levels of the tree that one tile spans.
const TILE_HEIGHT: u32 = 8;

/// Returns the proof that the log of `new` leaves continues that of `old` leaves (RFC 6962, section 2.1.2), from
/// tiles that `fetch` brings in the width they have at `new` leaves. Each is asked for once.
///
/// The proof is empty from the empty log, for equal sizes, and for sizes in the wrong order, which no proof joins.
///
/// # Errors
/// What `fetch` returns; [`TileError::HashTileLength`] when it brings another number of hashes than the tile has.
pub fn consistency_proof<E: From<TileError>>(
    old: u64,
    new: u64,
    fetch: impl FnMut(&HashTile) -> Result<Vec<Hash>, E>,
) -> Result<Vec<Hash>, E> {
    let mut proof = Vec::new();
    if old == 0 || new <= old {
        return Ok(proof);
    }
    let mut tiles = Tiles { size: new, fetch, held: BTreeMap::new() };
    // Descend to the node that ends where the old tree ends; what is passed by on the way makes the proof.
    let (mut node, mut is_old_root) = (0..new, true);
    while node.end != old {
        let middle = node.start + split_point(node.end - node.start);
        if old <= middle {
            proof.push(tiles.subtree(middle..node.end)?);
            node.end = middle;
        } else {
            proof.push(tiles.subtree(node.start..middle)?);
            node.start = middle;
            is_old_root = false;
        }
    }
    if !is_old_root {
        proof.push(tiles.subtree(node)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Returns the largest power of two below `leaves`, which is at least 2: where RFC 6962 splits a tree.
fn split_point(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// The tiles of a log of `size` leaves, as far as they were needed.
struct Tiles<F> {
    size: u64,
    fetch: F,
    held: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl<F> Tiles<F> {
    /// Returns the hash of a node of the tree, which may end at its right edge.
    fn subtree<E: From<TileError>>(&mut self, leaves: Range<u64>) -> Result<Hash, E>
    where
        F: FnMut(&HashTile) -> Result<Vec<Hash>, E>,
    {
        // Complete subtrees, the smallest and rightmost first, folded to the left.
        let mut rest = leaves.end - leaves.start;
        let mut hash = None;
        while rest > 0 {
            let level = rest.trailing_zeros();
            rest -= 1 << level;
            let left = self.node(level, (leaves.start + rest) >> level)?;
            hash = Some(hash.map_or(left, |right| node_hash(&left, &right)));
        }
        Ok(hash.expect("a node of the tree has leaves"))
    }

    /// Returns the root of the complete subtree `index` at binary `level`.
    fn node<E: From<TileError>>(&mut self, level: u32, index: u64) -> Result<Hash, E>
    where
        F: FnMut(&HashTile) -> Result<Vec<Hash>, E>,
    {
        let (tile_level, above) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let tile_level = u8::try_from(tile_level).expect("a u64 has 64 binary levels");
        let (first, width) = (index << above, u64::from(TILE_WIDTH));
        let rows = self.tile(tile_level, first / width)?;
        let start = usize::try_from(first % width).expect("at most one tile's width");
        let mut hashes = rows[start..start + (1 << above)].to_vec();
        while hashes.len() > 1 {
            hashes = hashes.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        Ok(hashes[0])
    }

    fn tile<E: From<TileError>>(&mut self, level: u8, number: u64) -> Result<&[Hash], E>
    where
        F: FnMut(&HashTile) -> Result<Vec<Hash>, E>,
    {
        if !self.held.contains_key(&(level, number)) {
            let full = u64::from(TILE_WIDTH);
            let rows = (rows_at_level(level, self.size) - number * full).min(full);
            let width = u16::try_from(rows).expect("at most one tile's width");
            let hashes = (self.fetch)(&HashTile::new(level, number, width)?)?;
            if hashes.len() != usize::from(width) {
                return Err(TileError::HashTileLength { width, found: hashes.len() * 32 }.into());
            }
            self.held.insert((level, number), hashes);
        }
        Ok(&self.held[&(level, number)])
    }
}
