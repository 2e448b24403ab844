//! What the checks of the whole share.
//!
//! | module | what it offers |
//! |---|---|
//! | [`workspace`] | where files are |
//! | [`samples`] | entries of every kind, for the test vectors |
//! | [`strategies`] | random entries of every kind, for properties |
//! | [`json`] | an entry's fields as the test vectors write them |
//! | [`programs`], [`static_log`] | programs written elsewhere; a log as files for them |
//! | [`vectors`] | the files of test vectors: compare or rewrite |
//! | [`binaries`], [`node`], [`wallet`] | our own programs as processes on loopback |
//! | [`client`], [`town`] | HTTP to a node; a small community whose people sign in the test |
//! | [`past`] | a community of some days ago, whose records say when they were made because the test says so |
//! | [`witness`] | a real witness as a process, and a front that makes it slow or lets it lie |
//! | [`frauds`] | honest towns, and frauds planted in them from files |
//! | [`patience`] | waiting, bounded in time |
//! | [`load`], [`receipts`] | clients that pay until the node is gone; whether it stands by what they hold |
#![forbid(unsafe_code)]

pub mod binaries;
pub mod client;
pub mod frauds;
pub mod json;
pub mod load;
pub mod node;
pub mod past;
pub mod patience;
pub mod programs;
pub mod receipts;
pub mod samples;
pub mod static_log;
pub mod strategies;
pub mod town;
pub mod vectors;
pub mod wallet;
pub mod witness;
pub mod workspace;
