//! A signed double-entry ledger with a public Merkle log.
#![forbid(unsafe_code)]

pub mod store;
