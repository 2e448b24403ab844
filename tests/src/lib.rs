//! What the checks of the whole share.
//!
//! | module | what it offers |
//! |---|---|
//! | [`workspace`] | where files are |
#![forbid(unsafe_code)]

pub mod workspace;
