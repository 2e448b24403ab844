//! One level-0 tile with all nodes below its root, and where old tiles come from.

use crate::log::hash::{Hash, node_hash};

/// Leaves under one level-0 tile.
pub(super) const TILE_LEAVES: u64 = 256;
/// Levels of nodes inside a tile, leaves included; its root is one level higher.
pub(super) const TILE_LEVELS: u32 = 8;

const LEAVES: usize = TILE_LEAVES as usize;
/// Leaves, then the 128 nodes above them, down to the two below the root.
const NODES: usize = 2 * LEAVES - 2;

/// Where the tree asks for level-0 tiles that have left its window.
///
/// A tile once full never changes. `Some` means all 256 leaf hashes of tile `number`, in order (the tree checks them
/// against the root it knows); `None` that the tile cannot be had, and the question fails with `TileMissing`.
pub trait LeafTiles {
    /// Returns the 256 leaf hashes of the full level-0 tile `number`.
    fn leaf_tile(&self, number: u64) -> Option<Vec<Hash>>;
}

/// No old tiles: enough for proofs of recent leaves at the present size.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLeafTiles;

impl LeafTiles for NoLeafTiles {
    fn leaf_tile(&self, _number: u64) -> Option<Vec<Hash>> {
        None
    }
}

impl<F: Fn(u64) -> Option<Vec<Hash>>> LeafTiles for F {
    fn leaf_tile(&self, number: u64) -> Option<Vec<Hash>> {
        self(number)
    }
}

/// The nodes of a level-0 tile at levels 0 to 7. Only complete subtrees hold a meaningful hash.
#[derive(Clone)]
pub(super) struct TileNodes {
    nodes: Box<[Hash; NODES]>,
}

impl TileNodes {
    /// Returns a tile without leaves.
    pub(super) fn new() -> TileNodes {
        TileNodes { nodes: Box::new([Hash([0; 32]); NODES]) }
    }

    /// Builds a full tile and its root; `None` if there are not exactly 256 leaves.
    pub(super) fn from_leaves(leaves: &[Hash]) -> Option<(TileNodes, Hash)> {
        let leaves: &[Hash; LEAVES] = leaves.try_into().ok()?;
        let mut tile = TileNodes::new();
        let root = leaves.iter().enumerate().filter_map(|(row, leaf)| tile.set_leaf(row, *leaf)).last();
        root.map(|root| (tile, root))
    }

    /// Sets the leaf at `row`, the rows before it being set, with each node it completes. Returns the root if the last
    /// leaf was set.
    pub(super) fn set_leaf(&mut self, row: usize, leaf: Hash) -> Option<Hash> {
        let (mut hash, mut row) = (leaf, row);
        for level in 0..TILE_LEVELS {
            let at = first_node(level) + row;
            self.nodes[at] = hash;
            if row.is_multiple_of(2) {
                return None;
            }
            hash = node_hash(&self.nodes[at - 1], &hash);
            row /= 2;
        }
        Some(hash)
    }

    /// Returns the node at `row` of `level`, 0 to 7.
    pub(super) fn node(&self, level: u32, row: usize) -> Hash {
        self.nodes[first_node(level) + row]
    }

    /// Returns the 256 leaf hashes; those beyond the end of the tree mean nothing.
    pub(super) fn leaves(&self) -> &[Hash] {
        &self.nodes[..LEAVES]
    }
}

/// Where a level begins: each has half as many nodes as the one below.
const fn first_node(level: u32) -> usize {
    2 * LEAVES - ((2 * LEAVES) >> level)
}
