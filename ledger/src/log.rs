//! The public log: hashes, proofs, tiles, signed checkpoints and what witnesses say about them.
//!
//! Bytes and hashes only. The log never learns what a leaf means, and holds no clock, file or network: time is an
//! argument, old tiles come through [`tree::LeafTiles`], signatures through a closure. It speaks the C2SP formats
//! (`tlog-tiles`, `signed-note`, `tlog-checkpoint`, `tlog-cosignature`, `tlog-witness`, `tlog-policy`, `tlog-proof`)
//! over an RFC 6962 tree with SHA-256, so programs written elsewhere can check it.
//!
//! It may use `std`, SHA-256, base64 or hexadecimal, and of this crate only `keys`.

pub mod hash;
pub mod small_tree;

pub mod proof;
pub mod tile;
pub mod tree;

pub mod key;
pub mod note;

pub mod checkpoint;
pub mod cosignature;
pub mod policy;
pub mod proof_file;
pub mod tiled;
pub mod witness;

mod text;

#[cfg(test)]
mod note_tests;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod proof_file_tests;
#[cfg(test)]
mod proof_tests;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tile_tests;
#[cfg(test)]
mod tree_tests;
#[cfg(test)]
mod witness_tests;
