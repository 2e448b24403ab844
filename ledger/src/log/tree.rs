//! The append-only tree of the one writer: fast to extend, fast to prove from, small in memory.
//!
//! Hashes at level 8 and above stay in memory for the whole log, one for every 128 leaves. The levels below are kept
//! for a window of recent level-0 tiles; an older tile's leaf hashes come from [`LeafTiles`] when a proof needs them.

mod leaf_tile;
mod read;

use std::collections::VecDeque;
use std::fmt;

pub use leaf_tile::{LeafTiles, NoLeafTiles};
use leaf_tile::{TILE_LEAVES, TILE_LEVELS, TileNodes};

use super::hash::{Hash, leaf_hash, node_hash};
use super::proof::TreeHead;
use super::tile::HashTile;

/// How many level-0 tiles a tree keeps with all their nodes, unless told otherwise: 16,384 leaves, one megabyte.
pub const WINDOW_TILES: usize = 64;

/// Why the tree cannot do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The leaf does not exist at the size asked for.
    #[error("leaf {index} is not in the first {size} leaves: ask for a size above {index}")]
    IndexOutOfRange {
        /// Index of the leaf.
        index: u64,
        /// The size asked for.
        size: u64,
    },
    /// The tree, or the newer of two trees, has fewer leaves than the size asked for.
    #[error("size {size} is above {limit}, the number of leaves there are")]
    SizeOutOfRange {
        /// The size asked for.
        size: u64,
        /// The largest that can be answered.
        limit: u64,
    },
    /// An old tile is needed and the caller does not have it.
    #[error("level-0 tile {number} is needed and nobody has it: rebuild it from the leaves {first}..{end}",
            first = number * TILE_LEAVES, end = (number + 1) * TILE_LEAVES)]
    TileMissing {
        /// Number of the level-0 tile.
        number: u64,
    },
    /// An old tile that the caller handed in does not have the root that the tree knows.
    #[error("level-0 tile {number} is damaged, its root differs from the tree's: rebuild it from the leaves")]
    TileDamaged {
        /// Number of the level-0 tile.
        number: u64,
    },
    /// A tile reaches beyond the size up to which tiles may be shown.
    #[error("tile level {level}, number {number}, width {width} does not exist at size {size}",
            level = tile.level(), number = tile.number(), width = tile.width())]
    TileNotPublished {
        /// The tile asked for.
        tile: HashTile,
        /// The published size.
        size: u64,
    },
    /// Leaves can be taken back only within the window.
    #[error("cannot go back to {size} leaves, only to {earliest} or more")]
    RollbackTooFar {
        /// The size asked for.
        size: u64,
        /// The smallest size that is possible.
        earliest: u64,
    },
    /// A saved state contradicts itself.
    #[error(
        "the saved tree of {size} leaves should have {expected} {what}, it has {found}: rebuild it from the leaves"
    )]
    StateMismatch {
        /// The size in the state.
        size: u64,
        /// Which part of it is wrong.
        what: &'static str,
        /// How many there should be.
        expected: u64,
        /// How many there are.
        found: u64,
    },
}

/// All that is needed to open a log again without reading its leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeState {
    /// How many leaves the tree has.
    pub size: u64,
    /// The roots of all full level-0 tiles, in order: the tree's hashes at level 8.
    pub tile_roots: Vec<Hash>,
    /// The leaf hashes after the last full tile, fewer than 256.
    pub last_tile: Vec<Hash>,
}

/// An append-only RFC 6962 tree over leaves that are stored elsewhere.
#[derive(Clone)]
pub struct Tree {
    size: u64,
    /// `upper[k][i]` is the root of the complete subtree `i` at level `8 + k`.
    upper: Vec<Vec<Hash>>,
    /// The newest level-0 tiles; together with `first_tile` they end where the tree ends.
    window: VecDeque<TileNodes>,
    /// Number of the first tile in the window.
    first_tile: u64,
    window_tiles: usize,
}

impl Default for Tree {
    fn default() -> Self {
        Tree::new()
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").field("size", &self.size).field("root", &self.root()).finish_non_exhaustive()
    }
}

impl Tree {
    /// Returns a tree without leaves and with the usual window of [`WINDOW_TILES`].
    pub fn new() -> Tree {
        Tree::with_window(WINDOW_TILES)
    }

    /// Returns a tree without leaves that keeps `window_tiles` level-0 tiles, at least one, of 256 leaves and 16 KiB.
    ///
    /// The window must hold the largest group of leaves that may be taken back, plus one tile.
    pub fn with_window(window_tiles: usize) -> Tree {
        Tree {
            size: 0,
            upper: Vec::new(),
            window: VecDeque::new(),
            first_tile: 0,
            window_tiles: window_tiles.max(1),
        }
    }

    /// Opens a tree from the state that [`Tree::state`] gave: one hash per 256 leaves.
    ///
    /// Compare the root with a signed checkpoint afterwards; only that shows that the state is the right one.
    ///
    /// # Errors
    /// [`TreeError::StateMismatch`] if the numbers of hashes do not fit the size.
    pub fn restore(state: TreeState) -> Result<Tree, TreeError> {
        let TreeState { size, tile_roots, last_tile } = state;
        let expect = |what, expected: u64, found: usize| match found as u64 {
            found if found == expected => Ok(()),
            found => Err(TreeError::StateMismatch { size, what, expected, found }),
        };
        expect("roots of full tiles", size / TILE_LEAVES, tile_roots.len())?;
        expect("leaf hashes after the last full tile", size % TILE_LEAVES, last_tile.len())?;

        let mut tree = Tree::new();
        for root in tile_roots {
            tree.push_tile_root(root);
        }
        tree.size = size - last_tile.len() as u64;
        tree.first_tile = tree.size / TILE_LEAVES;
        for leaf in last_tile {
            tree.append_hash(leaf);
        }
        Ok(tree)
    }

    /// Returns what [`Tree::restore`] needs.
    pub fn state(&self) -> TreeState {
        TreeState {
            size: self.size,
            tile_roots: self.tile_roots().to_vec(),
            last_tile: self.last_partial_tile().to_vec(),
        }
    }

    /// Returns the number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the size and the root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }

    /// Appends a leaf, given as leaf data, and returns its index.
    pub fn append(&mut self, leaf: &[u8]) -> u64 {
        self.append_hash(leaf_hash(leaf))
    }

    /// Appends a leaf whose hash is already known, and returns its index.
    pub fn append_hash(&mut self, leaf: Hash) -> u64 {
        let index = self.size;
        let row = (index % TILE_LEAVES) as usize;
        if row == 0 {
            self.open_tile();
        }
        let tile = self.window.back_mut().expect("the tile of the next leaf is open");
        let tile_root = tile.set_leaf(row, leaf);
        self.size += 1;
        if let Some(root) = tile_root {
            self.push_tile_root(root);
        }
        index
    }

    /// Takes back the newest leaves, so that `size` are left: for a group that did not become durable.
    ///
    /// # Errors
    /// [`TreeError::SizeOutOfRange`] for a size the tree never reached; [`TreeError::RollbackTooFar`] for one before
    /// the window. The tree is then unchanged.
    pub fn truncate(&mut self, size: u64) -> Result<(), TreeError> {
        if size > self.size {
            return Err(TreeError::SizeOutOfRange { size, limit: self.size });
        }
        let earliest = self.first_tile * TILE_LEAVES;
        if size < earliest {
            return Err(TreeError::RollbackTooFar { size, earliest });
        }
        // Nodes of the last tile that lie beyond the new end stay as they are: they are set again before they are read.
        self.window.truncate((size.div_ceil(TILE_LEAVES) - self.first_tile) as usize);
        for (level, row) in self.upper.iter_mut().enumerate() {
            row.truncate(((size / TILE_LEAVES) >> level) as usize);
        }
        self.size = size;
        Ok(())
    }

    /// Returns the roots of all full level-0 tiles, in order.
    pub fn tile_roots(&self) -> &[Hash] {
        self.upper.first().map_or(&[], Vec::as_slice)
    }

    /// Returns the leaf hashes after the last full level-0 tile, fewer than 256.
    pub fn last_partial_tile(&self) -> &[Hash] {
        let rows = (self.size % TILE_LEAVES) as usize;
        self.window.back().map_or(&[], |tile| &tile.leaves()[..rows])
    }

    /// Makes room for the tile of the next leaf; the oldest tile leaves a full window.
    fn open_tile(&mut self) {
        let recycled = if self.window.len() < self.window_tiles { None } else { self.window.pop_front() };
        self.first_tile += u64::from(recycled.is_some());
        self.window.push_back(recycled.unwrap_or_else(TileNodes::new));
    }

    /// Adds the root of a tile that became full, and every complete subtree above it.
    fn push_tile_root(&mut self, root: Hash) {
        let mut hash = root;
        for level in 0.. {
            if self.upper.len() == level {
                self.upper.push(Vec::new());
            }
            let row = &mut self.upper[level];
            row.push(hash);
            match row.as_slice() {
                [.., left, right] if row.len().is_multiple_of(2) => hash = node_hash(left, right),
                _ => return,
            }
        }
    }

    /// Returns the root of a complete subtree at level 8 or above.
    fn upper_node(&self, level: u32, index: u64) -> Hash {
        self.upper[(level - TILE_LEVELS) as usize][index as usize]
    }

    /// Returns a level-0 tile with its nodes, if it is in the window.
    fn window_tile(&self, number: u64) -> Option<&TileNodes> {
        self.window.get(usize::try_from(number.checked_sub(self.first_tile)?).ok()?)
    }
}
