//! Witnesses, on both sides: the node asks some to cosign its checkpoints, and can be one for other communities.
//!
//! In reading order: [`policy`] says whom our own log asks and how many it takes, [`client`] asks them on the beat,
//! [`contradiction`] keeps what proves that our log signed two histories. [`directory`] is what a witness has on its
//! disk, [`keeper`] what it does with a checkpoint, [`server`] and [`pull`] are the two ways to bring it one,
//! [`command`] is the command line. What a witness may sign is decided by `ledger::log::witness`, not here.

pub mod policy;

pub mod fetch;

pub mod client;
pub mod contradiction;

pub mod directory;
pub mod keeper;
pub mod pull;
pub mod server;

pub mod command;
