//! What can be asked of a tree: roots, proofs and tiles, at its present size or any earlier one.

use std::ops::Range;

use super::leaf_tile::{LeafTiles, NoLeafTiles, TILE_LEAVES, TILE_LEVELS, TileNodes};
use super::{Tree, TreeError};
use crate::log::hash::{Hash, empty_root, node_hash};
use crate::log::tile::HashTile;

impl Tree {
    /// Returns the root at the present size.
    pub fn root(&self) -> Hash {
        let root = Reader::new(self, &NoLeafTiles).subtree(0..self.size);
        root.expect("the right edge of the tree is in memory")
    }

    /// Returns the root that the tree had when it had `size` leaves.
    ///
    /// # Errors
    /// [`TreeError::SizeOutOfRange`] above the present size; `TileMissing` or `TileDamaged` for the tile at that edge.
    pub fn root_at(&self, size: u64, tiles: &dyn LeafTiles) -> Result<Hash, TreeError> {
        self.check_size(size)?;
        Reader::new(self, tiles).subtree(0..size)
    }

    /// Returns the proof that the leaf at `index` is in the tree of the first `size` leaves.
    ///
    /// Hashes run from the leaf's sibling up to the root (RFC 6962, section 2.1.1).
    ///
    /// # Errors
    /// [`TreeError::SizeOutOfRange`], [`TreeError::IndexOutOfRange`]; `TileMissing` or `TileDamaged` for old tiles.
    pub fn inclusion_proof(
        &self,
        index: u64,
        size: u64,
        tiles: &dyn LeafTiles,
    ) -> Result<Vec<Hash>, TreeError> {
        self.check_index(index, size)?;
        let mut reader = Reader::new(self, tiles);
        let edge = reader.right_edge(size)?;
        reader.inclusion_proof(index, &edge)
    }

    /// Returns the inclusion proofs, at `size`, of all leaves in `indexes`, in order.
    ///
    /// The right edge is hashed once for all of them: for the leaves of a new group no other hash is computed.
    ///
    /// # Errors
    /// As [`Tree::inclusion_proof`], for the first leaf that has no proof.
    pub fn inclusion_proofs(
        &self,
        indexes: Range<u64>,
        size: u64,
        tiles: &dyn LeafTiles,
    ) -> Result<Vec<Vec<Hash>>, TreeError> {
        if indexes.is_empty() {
            return Ok(Vec::new());
        }
        self.check_index(indexes.end - 1, size)?;
        let mut reader = Reader::new(self, tiles);
        let edge = reader.right_edge(size)?;
        indexes.map(|index| reader.inclusion_proof(index, &edge)).collect()
    }

    /// Returns the proof that the tree of `new` leaves continues the tree of `old` leaves (RFC 6962, section 2.1.2).
    ///
    /// The proof is empty for equal sizes, and from the empty tree.
    ///
    /// # Errors
    /// [`TreeError::SizeOutOfRange`] if `old > new` or `new` is above the present size; `TileMissing` or
    /// `TileDamaged` for old tiles.
    pub fn consistency_proof(
        &self,
        old: u64,
        new: u64,
        tiles: &dyn LeafTiles,
    ) -> Result<Vec<Hash>, TreeError> {
        self.check_size(new)?;
        if old > new {
            return Err(TreeError::SizeOutOfRange { size: old, limit: new });
        }
        if old == 0 {
            return Ok(Vec::new());
        }
        let mut reader = Reader::new(self, tiles);
        let mut proof = Vec::new();
        // Descend to the node that ends where the old tree ends; what is passed by on the way makes the proof.
        let (mut node, mut is_old_root) = (0..new, true);
        while node.end != old {
            let middle = node.start + split_point(node.end - node.start);
            if old <= middle {
                proof.push(reader.subtree(middle..node.end)?);
                node.end = middle;
            } else {
                proof.push(reader.subtree(node.start..middle)?);
                node.start = middle;
                is_old_root = false;
            }
        }
        if !is_old_root {
            proof.push(reader.subtree(node)?);
        }
        proof.reverse();
        Ok(proof)
    }

    /// Returns the hashes of a tile, of any width, in a log that shows its first `published` leaves.
    ///
    /// # Errors
    /// [`TreeError::TileNotPublished`] for a tile that reaches beyond them; [`TreeError::SizeOutOfRange`] if
    /// `published` is above the present size; `TileMissing` or `TileDamaged` for an old level-0 tile.
    pub fn tile(
        &self,
        tile: &HashTile,
        published: u64,
        tiles: &dyn LeafTiles,
    ) -> Result<Vec<Hash>, TreeError> {
        self.check_size(published)?;
        if !tile.exists_at(published) {
            return Err(TreeError::TileNotPublished { tile: *tile, size: published });
        }
        let width = usize::from(tile.width());
        let Some(level) = usize::from(tile.level()).checked_sub(1) else {
            let mut reader = Reader::new(self, tiles);
            return Ok(reader.leaf_tile(tile.number())?.leaves()[..width].to_vec());
        };
        let first = (tile.number() * TILE_LEAVES) as usize;
        Ok(self.upper[TILE_LEVELS as usize * level][first..first + width].to_vec())
    }

    fn check_size(&self, size: u64) -> Result<(), TreeError> {
        if size <= self.size { Ok(()) } else { Err(TreeError::SizeOutOfRange { size, limit: self.size }) }
    }

    fn check_index(&self, index: u64, size: u64) -> Result<(), TreeError> {
        self.check_size(size)?;
        if index < size { Ok(()) } else { Err(TreeError::IndexOutOfRange { index, size }) }
    }
}

/// Returns the largest power of two below `leaves`, which is at least 2: where RFC 6962 splits a tree.
fn split_point(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// One complete subtree on the right edge of a tree.
struct Peak {
    level: u32,
    start: u64,
    root: Hash,
    /// The hash of this subtree and everything to its right.
    with_rest: Hash,
}

/// How many old tiles a reader keeps at hand. A proof touches two: the leaf's, and the one at the edge.
const LOADED_TILES_MAX: usize = 4;

/// Answers one question about a tree; old tiles that it needs are loaded once.
struct Reader<'a> {
    tree: &'a Tree,
    source: &'a dyn LeafTiles,
    loaded: Vec<(u64, TileNodes)>,
}

impl<'a> Reader<'a> {
    fn new(tree: &'a Tree, source: &'a dyn LeafTiles) -> Self {
        Reader { tree, source, loaded: Vec::new() }
    }

    /// Returns the root of the complete subtree `index` at `level`.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash, TreeError> {
        if level >= TILE_LEVELS {
            return Ok(self.tree.upper_node(level, index));
        }
        let rows = TILE_LEAVES >> level;
        Ok(self.leaf_tile(index / rows)?.node(level, (index % rows) as usize))
    }

    /// Returns a level-0 tile from the window, or from the caller after checking it against its root.
    fn leaf_tile(&mut self, number: u64) -> Result<&TileNodes, TreeError> {
        if let Some(tile) = self.tree.window_tile(number) {
            return Ok(tile);
        }
        let at = match self.loaded.iter().position(|(loaded, _)| *loaded == number) {
            Some(at) => at,
            None => {
                let leaves = self.source.leaf_tile(number).ok_or(TreeError::TileMissing { number })?;
                let (tile, root) =
                    TileNodes::from_leaves(&leaves).ok_or(TreeError::TileDamaged { number })?;
                if root != self.tree.upper_node(TILE_LEVELS, number) {
                    return Err(TreeError::TileDamaged { number });
                }
                if self.loaded.len() == LOADED_TILES_MAX {
                    self.loaded.remove(0);
                }
                self.loaded.push((number, tile));
                self.loaded.len() - 1
            }
        };
        Ok(&self.loaded[at].1)
    }

    /// Returns the hash of a node of some RFC 6962 tree, which may end at that tree's right edge.
    fn subtree(&mut self, leaves: Range<u64>) -> Result<Hash, TreeError> {
        let peaks = self.peaks(leaves)?;
        Ok(peaks.first().map_or_else(empty_root, |peak| peak.with_rest))
    }

    fn right_edge(&mut self, size: u64) -> Result<Vec<Peak>, TreeError> {
        self.peaks(0..size)
    }

    /// Returns the complete subtrees of a node, largest first, folded from the right.
    fn peaks(&mut self, leaves: Range<u64>) -> Result<Vec<Peak>, TreeError> {
        let mut peaks: Vec<Peak> = Vec::new();
        let mut rest = leaves.end - leaves.start;
        while rest > 0 {
            let level = rest.trailing_zeros();
            rest -= 1 << level;
            let start = leaves.start + rest;
            let root = self.node(level, start >> level)?;
            let with_rest = peaks.last().map_or(root, |right| node_hash(&root, &right.with_rest));
            peaks.push(Peak { level, start, root, with_rest });
        }
        peaks.reverse();
        Ok(peaks)
    }

    /// Returns the path of a leaf: siblings inside its peak, then all that is right of it, then the peaks to its left.
    fn inclusion_proof(&mut self, index: u64, edge: &[Peak]) -> Result<Vec<Hash>, TreeError> {
        let own = edge.partition_point(|peak| peak.start <= index) - 1;
        let mut path = Vec::with_capacity(edge[own].level as usize + 1 + own);
        for level in 0..edge[own].level {
            path.push(self.node(level, (index >> level) ^ 1)?);
        }
        path.extend(edge.get(own + 1).map(|right| right.with_rest));
        path.extend(edge[..own].iter().rev().map(|left| left.root));
        Ok(path)
    }
}
