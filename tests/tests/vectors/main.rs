//! Test vectors: made from the code, compared byte for byte with `docs/spec/vectors/`.
//!
//! With `KLAVER_UPDATE_VECTORS=1` the files are rewritten; a change of bytes that others hold is a new version of
//! the protocol.

mod challenges;
mod entries;
mod lineage;
mod malformed;
mod records;
mod schema;
mod values;
mod witnesses;
