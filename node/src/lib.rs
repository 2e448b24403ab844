//! The server of a Klaver community.
//!
//! In reading order: [`config`] and [`keys`] are the data directory, [`clock`] tells the time or that it cannot be
//! believed, [`writer`] is the one thread that the ledger belongs to, [`community`] what can be erased, [`service`]
//! everything a node can do, without a word of HTTP; [`witness`] asks others to cosign, and can be asked. [`routes`] names every path, [`http`] has the thin handlers and
//! the accept loop; [`cli`] is the command line,
//! [`found`], [`serve`], [`verify`], [`export`] and [`succeed`] are its commands; [`demo`] makes a town to try everything in.
#![forbid(unsafe_code)]

pub mod brand;
pub mod config;
pub mod keys;
pub mod map;

pub mod clock;
pub mod metrics;

pub mod writer;

pub mod community;

pub mod service;

pub mod witness;

pub mod http;
pub mod reason;
pub mod routes;

pub mod arguments;
pub mod cli;
pub mod export;
pub mod found;
mod handover;
pub mod restore;
pub mod serve;
pub mod succeed;
pub mod verify;

pub mod demo;
