//! A signed double-entry ledger with a public Merkle log.
//!
//! The library has no clock, no network, no async and no global state; only `store` touches files. A module
//! uses only what stands above it in this list, and `log` and `books` do not know each other:
//!
//! | layer | modules |
//! |---|---|
//! | 0 values | [`limits`], [`amount`], [`time`], [`id`], [`keys`], [`account`], [`charter`] |
//! | 1 statements | [`entry`], [`link`] |
//! | 2a books | [`books`] |
//! | 2b log | [`log`] |
//! | 3 evidence | [`record`], [`receipt`], [`refusal`], [`lineage`] |
//! | 4 storage | [`store`] |
//! | 5 engine, audit | [`engine`], [`audit`] |
#![forbid(unsafe_code)]

pub mod limits;

pub mod amount;
pub mod id;
pub mod keys;
pub mod time;

pub mod account;
pub mod charter;

pub mod entry;
pub mod link;

pub mod books;
pub mod log;

pub mod lineage;
pub mod receipt;
pub mod record;
pub mod refusal;

pub mod store;

pub mod audit;
pub mod engine;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
