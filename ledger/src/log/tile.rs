//! Tiles: the files in which a log is published (C2SP `tlog-tiles`), their paths, contents and which of them exist.
//!
//! A hash tile holds 256 neighbouring hashes of one level; the tile above holds the roots of 256 such tiles. An entry
//! bundle holds the leaf data under one level-0 tile. The last ones of a log are usually partial.

use std::fmt;
use std::str::FromStr;

use super::hash::Hash;
use super::text::{excerpt, parse_decimal};

/// How many rows a full tile has.
pub const TILE_WIDTH: u16 = 256;
/// The highest level that a path may name (`tlog-tiles`).
pub const TILE_LEVEL_MAX: u8 = 63;
/// The longest leaf, in bytes, that fits an entry bundle: its length is written as a u16.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// Binary levels of the tree that one tile spans.
const TILE_HEIGHT: u32 = 8;

/// What is wrong with a tile, its path or its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The text is not the path of a tile.
    #[error(
        "`{path}` is not a tile path: expected such as `tile/0/x001/x234/067` or `tile/entries/000.p/12`"
    )]
    Path {
        /// The text, shortened.
        path: String,
    },
    /// The level is above [`TILE_LEVEL_MAX`].
    #[error("tile level {level} is above {TILE_LEVEL_MAX}")]
    Level {
        /// The level asked for.
        level: u8,
    },
    /// The width is not one of 1 to 256.
    #[error("tile width {width} is not in 1..={TILE_WIDTH}")]
    Width {
        /// The width asked for.
        width: usize,
    },
    /// A hash tile has another length than its width asks for.
    #[error("a hash tile of width {width} has {expected} bytes, this one has {found}", expected = 32 * u32::from(*width))]
    HashTileLength {
        /// The width in the path.
        width: u16,
        /// The bytes found.
        found: usize,
    },
    /// An entry is too long for a bundle.
    #[error("entry {row} of the bundle has {found} bytes, the limit is {ENTRY_BYTES_MAX}")]
    EntryTooLong {
        /// Its place in the bundle.
        row: usize,
        /// Its bytes.
        found: usize,
    },
    /// A bundle ends within an entry, or before its last one.
    #[error("the bundle ends in entry {row}, its path promises {width} entries")]
    BundleTooShort {
        /// The entry that is cut off or missing.
        row: usize,
        /// The width in the path.
        width: u16,
    },
    /// A bundle goes on after its last entry.
    #[error("the bundle has {extra} bytes after the {width} entries that its path promises")]
    BundleTooLong {
        /// The bytes too many.
        extra: usize,
        /// The width in the path.
        width: u16,
    },
}

/// A tile of hashes, full or partial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashTile {
    level: u8,
    number: u64,
    width: u16,
}

impl HashTile {
    /// Names the first `width` hashes of tile `number` at `level`.
    ///
    /// # Errors
    /// [`TileError::Level`] above 63, [`TileError::Width`] outside of 1 to 256.
    pub fn new(level: u8, number: u64, width: u16) -> Result<HashTile, TileError> {
        if level > TILE_LEVEL_MAX {
            return Err(TileError::Level { level });
        }
        check_width(width)?;
        Ok(HashTile { level, number, width })
    }

    /// Returns the level, in tiles: level 1 holds roots of level-0 tiles.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Returns the place of the tile in its level.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns how many hashes it holds, 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether all of its hashes exist in a log of `size` leaves.
    pub fn exists_at(&self, size: u64) -> bool {
        self.number
            .checked_mul(TILE_WIDTH.into())
            .and_then(|first| first.checked_add(self.width.into()))
            .is_some_and(|end| end <= rows_at_level(self.level, size))
    }
}

/// The leaf data under a level-0 tile, full or partial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryBundle {
    number: u64,
    width: u16,
}

impl EntryBundle {
    /// Names the first `width` entries of bundle `number`.
    ///
    /// # Errors
    /// [`TileError::Width`] outside of 1 to 256.
    pub fn new(number: u64, width: u16) -> Result<EntryBundle, TileError> {
        check_width(width)?;
        Ok(EntryBundle { number, width })
    }

    /// Returns the place of the bundle; it holds the leaves from 256 times this number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns how many entries it holds, 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether all of its entries exist in a log of `size` leaves.
    pub fn exists_at(&self, size: u64) -> bool {
        HashTile { level: 0, number: self.number, width: self.width }.exists_at(size)
    }
}

fn check_width(width: u16) -> Result<(), TileError> {
    if (1..=TILE_WIDTH).contains(&width) { Ok(()) } else { Err(TileError::Width { width: width.into() }) }
}

/// The path of a file of the log below its prefix, such as `tile/0/x001/x234/067.p/112`.
///
/// Only the one canonical spelling is read: what parses prints the same again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TilePath {
    /// `tile/<level>/<number>`
    Hashes(HashTile),
    /// `tile/entries/<number>`
    Entries(EntryBundle),
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, width) = match self {
            TilePath::Hashes(tile) => {
                write!(f, "tile/{}/", tile.level)?;
                (tile.number, tile.width)
            }
            TilePath::Entries(bundle) => {
                f.write_str("tile/entries/")?;
                (bundle.number, bundle.width)
            }
        };
        write_number(f, number)?;
        if width < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
    }
}

impl FromStr for TilePath {
    type Err = TileError;

    fn from_str(path: &str) -> Result<TilePath, TileError> {
        let refuse = || TileError::Path { path: excerpt(path) };
        let (kind, place) =
            path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or_else(refuse)?;
        let (number, width) = match place.split_once(".p/") {
            None => (place, TILE_WIDTH),
            Some((number, width)) => {
                let width =
                    parse_decimal(width).and_then(|width| u16::try_from(width).ok()).ok_or_else(refuse)?;
                if width >= TILE_WIDTH {
                    return Err(TileError::Width { width: width.into() });
                }
                (number, width)
            }
        };
        let number = parse_number(number).ok_or_else(refuse)?;
        if kind == "entries" {
            return Ok(TilePath::Entries(EntryBundle::new(number, width)?));
        }
        let level = parse_decimal(kind).and_then(|level| u8::try_from(level).ok()).ok_or_else(refuse)?;
        Ok(TilePath::Hashes(HashTile::new(level, number, width)?))
    }
}

/// Writes groups of three digits, all but the last marked with `x`: 1234067 is `x001/x234/067`.
fn write_number(f: &mut fmt::Formatter<'_>, number: u64) -> fmt::Result {
    let mut divisor = 1;
    while number / divisor >= 1000 {
        divisor *= 1000;
    }
    while divisor > 1 {
        write!(f, "x{:03}/", number / divisor % 1000)?;
        divisor /= 1000;
    }
    write!(f, "{:03}", number % 1000)
}

fn parse_number(text: &str) -> Option<u64> {
    let mut number: u64 = 0;
    let mut groups = text.split('/').peekable();
    let mut first = true;
    while let Some(group) = groups.next() {
        let is_last = groups.peek().is_none();
        let digits = if is_last { group } else { group.strip_prefix('x')? };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // A leading group of zeros would be a second spelling of the same number.
        if first && !is_last && digits == "000" {
            return None;
        }
        number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        first = false;
    }
    Some(number)
}

/// Returns how many hashes the given tile level has in a log of `size` leaves.
pub(super) fn rows_at_level(level: u8, size: u64) -> u64 {
    size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0)
}

/// Returns the hash tiles of a log of `size` leaves, lowest level first, each with the width it has at that size.
pub fn hash_tiles(size: u64) -> Vec<HashTile> {
    hash_tiles_since(0, size)
}

/// Returns the hash tiles that are new or wider at `size` leaves than they were at `known` leaves.
///
/// A mirror or auditor that has everything up to `known` needs only these.
pub fn hash_tiles_since(known: u64, size: u64) -> Vec<HashTile> {
    (0..=TILE_LEVEL_MAX)
        .map_while(|level| match rows_at_level(level, size) {
            0 => None,
            rows => Some((level, rows_at_level(level, known), rows)),
        })
        .flat_map(|(level, known, rows)| {
            grown(known, rows).map(move |(number, width)| HashTile { level, number, width })
        })
        .collect()
}

/// Returns the entry bundles of a log of `size` leaves, each with the width it has at that size.
pub fn entry_bundles(size: u64) -> Vec<EntryBundle> {
    entry_bundles_since(0, size)
}

/// Returns the entry bundles that are new or wider at `size` leaves than they were at `known` leaves.
pub fn entry_bundles_since(known: u64, size: u64) -> Vec<EntryBundle> {
    grown(known, size).map(|(number, width)| EntryBundle { number, width }).collect()
}

/// Numbers and widths of the tiles of one level that hold the rows from `known` up to `rows`.
fn grown(known: u64, rows: u64) -> impl Iterator<Item = (u64, u16)> {
    let width = u64::from(TILE_WIDTH);
    let tiles = if known < rows { known / width..rows.div_ceil(width) } else { 0..0 };
    tiles.map(move |number| {
        let held = (rows - number * width).min(width);
        (number, u16::try_from(held).expect("at most one tile's width"))
    })
}

/// Returns the bytes of a hash tile: its hashes one after the other.
pub fn encode_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Reads a hash tile of `width` hashes.
///
/// # Errors
/// [`TileError::HashTileLength`] for another number of bytes.
pub fn decode_hashes(bytes: &[u8], width: u16) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if hashes.len() != usize::from(width) || !rest.is_empty() {
        return Err(TileError::HashTileLength { width, found: bytes.len() });
    }
    Ok(hashes.iter().copied().map(Hash).collect())
}

/// Returns the bytes of an entry bundle: each entry after its length as a big-endian u16.
///
/// # Errors
/// [`TileError::EntryTooLong`], or [`TileError::Width`] for no or more than 256 entries.
pub fn encode_entries<T: AsRef<[u8]>>(entries: &[T]) -> Result<Vec<u8>, TileError> {
    let width = entries.len();
    check_width(u16::try_from(width).map_err(|_| TileError::Width { width })?)?;
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| 2 + entry.as_ref().len()).sum());
    for (row, entry) in entries.iter().map(AsRef::as_ref).enumerate() {
        let length =
            u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong { row, found: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Reads an entry bundle of exactly `width` entries.
///
/// # Errors
/// [`TileError::BundleTooShort`] or [`TileError::BundleTooLong`].
pub fn decode_entries(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(width.into());
    for row in 0..usize::from(width) {
        let cut_off = TileError::BundleTooShort { row, width };
        let Some((length, after)) = rest.split_first_chunk::<2>() else { return Err(cut_off) };
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((entry, after)) = after.split_at_checked(length) else { return Err(cut_off) };
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { Err(TileError::BundleTooLong { extra: rest.len(), width }) }
}
