//! The auditor's own tree: only the right edge of RFC 6962's, which is all that a root needs.

use crate::log::hash::{Hash, empty_root, node_hash};

/// The complete subtrees of a growing tree, largest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// Returns the edge of a tree of `size` leaves; `None` unless there is a subtree for each bit of the size.
    pub(super) fn of(size: u64, subtrees: Vec<Hash>) -> Option<Self> {
        (size.count_ones() as usize == subtrees.len()).then_some(Self { size, subtrees })
    }

    /// Returns the complete subtrees, largest first.
    pub(super) fn subtrees(&self) -> &[Hash] {
        &self.subtrees
    }

    /// Adds a leaf by its hash.
    pub(super) fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each one at the end of the old size is a subtree of the same height as what was just completed.
        for _ in 0..self.size.trailing_ones() {
            let left = self.subtrees.pop().expect("a subtree for each bit of the size");
            hash = node_hash(&left, &hash);
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// Returns how many leaves there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root over them.
    pub(super) fn root(&self) -> Hash {
        let folded = self.subtrees.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        folded.unwrap_or_else(empty_root)
    }
}
