//! A Merkle tree that is built once from a short list, such as the line views of one record.

use super::hash::{Hash, empty_root, leaf_hash, node_hash};

/// A whole RFC 6962 tree in memory: about two hashes per leaf, every path at hand.
///
/// Check its paths with [`verify_inclusion`](super::proof::verify_inclusion).
#[derive(Clone, Debug)]
pub struct SmallTree {
    /// Level 0 holds the leaf hashes, the last level the root. A last node without a sibling moves up unchanged,
    /// which gives the same tree as the RFC's split at the largest power of two.
    levels: Vec<Vec<Hash>>,
}

impl SmallTree {
    /// Builds the tree over `leaves`, given as leaf data.
    pub fn new<I>(leaves: I) -> SmallTree
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        SmallTree::from_hashes(leaves.into_iter().map(|data| leaf_hash(data.as_ref())).collect())
    }

    /// Builds the tree over leaves whose hashes are already known.
    pub fn from_hashes(leaf_hashes: Vec<Hash>) -> SmallTree {
        let mut levels = vec![leaf_hashes];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let level = below.chunks(2).map(|pair| match pair {
                [left, right] => node_hash(left, right),
                alone => alone[0],
            });
            levels.push(level.collect());
        }
        SmallTree { levels }
    }

    /// Returns the number of leaves.
    pub fn len(&self) -> usize {
        self.levels[0].len()
    }

    /// Whether the tree has no leaf.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the root, which is SHA-256 of nothing for a tree without leaves.
    pub fn root(&self) -> Hash {
        self.levels.last().and_then(|top| top.first()).copied().unwrap_or_else(empty_root)
    }

    /// Returns the inclusion path of the leaf at `index`, its sibling first; `None` if there is no such leaf.
    pub fn path(&self, index: usize) -> Option<Vec<Hash>> {
        if index >= self.len() {
            return None;
        }
        let siblings =
            self.levels.iter().enumerate().filter_map(|(level, row)| row.get((index >> level) ^ 1));
        Some(siblings.copied().collect())
    }
}
