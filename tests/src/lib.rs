//! What the checks of the whole share.
//!
//! | module | what it offers |
//! |---|---|
//! | [`workspace`] | where files are |
//! | [`samples`] | entries of every kind, for the test vectors |
//! | [`strategies`] | random entries of every kind, for properties |
//! | [`json`] | an entry's fields as the test vectors write them |
//! | [`programs`] | programs written elsewhere |
//! | [`vectors`] | the files of test vectors: compare or rewrite |
#![forbid(unsafe_code)]

pub mod json;
pub mod programs;
pub mod samples;
pub mod strategies;
pub mod vectors;
pub mod workspace;
