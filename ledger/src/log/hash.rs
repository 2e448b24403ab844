//! SHA-256 as an RFC 6962 tree uses it: one prefix for leaves, another for inner nodes.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};

use super::text::parse_base64;

/// A SHA-256 hash: of a leaf, of an inner node, or of a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Returns the 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the hash as standard padded base64, 44 characters, the form used in notes and proof files.
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// Reads the form that [`Hash::to_base64`] writes; `None` for anything else, also for another base64 of 32 bytes.
    pub fn from_base64(text: &str) -> Option<Hash> {
        parse_base64(text)?.try_into().ok().map(Hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Hash(bytes)
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Returns the hash of one leaf: SHA-256 of a zero byte and the leaf's data.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0x00]).chain_update(data).finalize().into())
}

/// Returns the hash of an inner node: SHA-256 of a one byte and both children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0x01; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Hash(Sha256::digest(bytes).into())
}

/// Returns the root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// Returns the root of the tree over `leaves`, given as leaf data (RFC 6962, section 2.1, `MTH`).
///
/// It needs memory for one hash per level, whatever the number of leaves.
pub fn tree_head<I>(leaves: I) -> Hash
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    tree_head_of_hashes(leaves.into_iter().map(|data| leaf_hash(data.as_ref())))
}

/// Returns the root of the tree over leaves whose hashes are already known.
pub fn tree_head_of_hashes(leaf_hashes: impl IntoIterator<Item = Hash>) -> Hash {
    // The complete subtrees so far, largest first: one for each bit set in the number of leaves.
    let mut subtrees: Vec<Hash> = Vec::new();
    for (index, mut hash) in (0u64..).zip(leaf_hashes) {
        for _ in 0..index.trailing_ones() {
            let left = subtrees.pop().expect("a set bit of the leaf count stands for a subtree");
            hash = node_hash(&left, &hash);
        }
        subtrees.push(hash);
    }
    subtrees.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
}
