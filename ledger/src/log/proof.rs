//! Verifying that a leaf is in a tree, and that a larger tree continues a smaller one (RFC 6962, section 2.1).

use super::hash::{Hash, empty_root, node_hash};

/// The size and root of a tree: all that a proof is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves the tree has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

impl From<TreeHead> for (u64, [u8; 32]) {
    /// Returns the numbers alone, for those who do not know the log.
    fn from(head: TreeHead) -> Self {
        (head.size, head.root.0)
    }
}

/// Why a proof does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf lies outside of the tree.
    #[error("leaf {index} is not in a tree of {size} leaves: ask for a proof at a size above {index}")]
    IndexOutOfRange {
        /// Index of the leaf.
        index: u64,
        /// Size of the tree.
        size: u64,
    },
    /// The tree that should be older is larger.
    #[error("the older tree has {old} leaves, the newer only {new}: a log never shrinks")]
    SizesReversed {
        /// Size of the tree that should be older.
        old: u64,
        /// Size of the tree that should be newer.
        new: u64,
    },
    /// The proof ends before the root is reached.
    #[error("the proof ends after {hashes} hashes, before the root is reached")]
    TooShort {
        /// How many hashes it has.
        hashes: usize,
    },
    /// The proof goes on where nothing is left to prove.
    #[error("the proof has {hashes} hashes, more than the sizes of the trees allow")]
    TooLong {
        /// How many hashes it has.
        hashes: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to root {computed}, the tree of {size} leaves has root {expected}")]
    RootMismatch {
        /// Size of the tree whose root differs.
        size: u64,
        /// The root that the proof leads to.
        computed: Hash,
        /// The root that was given.
        expected: Hash,
    },
}

/// Checks that the leaf with hash `leaf` stands at `index` in the tree `head`.
///
/// # Errors
/// [`ProofError`] for an index outside of the tree, a proof of another length than this place in the tree has, or
/// another root.
pub fn verify_inclusion(leaf: &Hash, index: u64, proof: &[Hash], head: &TreeHead) -> Result<(), ProofError> {
    let computed = root_from_inclusion(leaf, index, proof, head.size)?;
    expect_root(head, computed)
}

/// Returns the root to which an inclusion proof leads in a tree of `size` leaves.
///
/// # Errors
/// As [`verify_inclusion`], except that no root is compared.
pub fn root_from_inclusion(leaf: &Hash, index: u64, proof: &[Hash], size: u64) -> Result<Hash, ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutOfRange { index, size });
    }
    let mut climb = Climb { place: index, last: size - 1 };
    let mut root = *leaf;
    for sibling in proof {
        root = match climb.step() {
            None => return Err(ProofError::TooLong { hashes: proof.len() }),
            Some(Side::Left) => node_hash(sibling, &root),
            Some(Side::Right) => node_hash(&root, sibling),
        };
    }
    climb.must_be_at_root(proof)?;
    Ok(root)
}

/// Checks that the tree `new` continues the tree `old`: its first `old.size` leaves are those of `old`.
///
/// Every tree continues the empty one, with an empty proof; the root of an empty tree must be SHA-256 of nothing.
///
/// # Errors
/// [`ProofError`] for sizes in the wrong order, a proof of another length than the sizes ask for, or another root.
pub fn verify_consistency(old: &TreeHead, new: &TreeHead, proof: &[Hash]) -> Result<(), ProofError> {
    if old.size > new.size {
        return Err(ProofError::SizesReversed { old: old.size, new: new.size });
    }
    for head in [old, new] {
        if head.size == 0 {
            expect_root(head, empty_root())?;
        }
    }
    if old.size == 0 || old.size == new.size {
        if !proof.is_empty() {
            return Err(ProofError::TooLong { hashes: proof.len() });
        }
        return if old.size == 0 { Ok(()) } else { expect_root(new, old.root) };
    }

    // A complete old tree is a node of the new one; the proof leaves it out because the verifier has it.
    let (start, rest) = if old.size.is_power_of_two() {
        (old.root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(ProofError::TooShort { hashes: 0 })?;
        (*first, rest)
    };
    let mut climb = Climb { place: old.size - 1, last: new.size - 1 };
    climb.rise(climb.place.trailing_ones());
    let (mut old_root, mut new_root) = (start, start);
    for hash in rest {
        match climb.step() {
            None => return Err(ProofError::TooLong { hashes: proof.len() }),
            Some(Side::Left) => {
                old_root = node_hash(hash, &old_root);
                new_root = node_hash(hash, &new_root);
            }
            Some(Side::Right) => new_root = node_hash(&new_root, hash),
        }
    }
    climb.must_be_at_root(proof)?;
    expect_root(old, old_root)?;
    expect_root(new, new_root)
}

fn expect_root(head: &TreeHead, computed: Hash) -> Result<(), ProofError> {
    if computed == head.root {
        Ok(())
    } else {
        Err(ProofError::RootMismatch { size: head.size, computed, expected: head.root })
    }
}

/// On which side of the node being proven the next hash of a proof stands.
enum Side {
    Left,
    Right,
}

/// A walk from one node to the root: its place on the present level, and the place of the level's last node.
struct Climb {
    place: u64,
    last: u64,
}

impl Climb {
    /// Says where the next sibling stands and climbs past it; `None` if this is the root already.
    fn step(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.place % 2 == 1 || self.place == self.last {
            // The last node of a level may lack a sibling there: it moves up alone until it is a right child.
            if self.place.is_multiple_of(2) {
                self.rise(self.place.trailing_zeros());
            }
            Side::Left
        } else {
            Side::Right
        };
        self.rise(1);
        Some(side)
    }

    fn rise(&mut self, levels: u32) {
        self.place = self.place.checked_shr(levels).unwrap_or(0);
        self.last = self.last.checked_shr(levels).unwrap_or(0);
    }

    fn must_be_at_root(&self, proof: &[Hash]) -> Result<(), ProofError> {
        if self.last == 0 { Ok(()) } else { Err(ProofError::TooShort { hashes: proof.len() }) }
    }
}
