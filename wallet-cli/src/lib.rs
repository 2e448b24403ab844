//! The wallet on the command line.
//!
//! | part | what it does |
//! |---|---|
//! | [`cli`], [`commands`] | the arguments, and one file for each command |
//! | [`app`] | what a command works with: options, output, keys, contact |
//! | [`places`], [`community`], [`outbox`], [`session`] | files of the wallet besides the wallet file |
//! | [`http`], [`contact`], [`entries`] | speaking to a node; checking what it says; sending entries |
//! | [`trust`] | which witnesses count, and whether enough of them have seen something |
//! | [`output`], [`failure`], [`money`], [`moment`], [`describe`], [`qr`] | what people and programs read |
//!
//! Data goes to standard output, everything else to standard error. The exit status is fixed: see
//! [`failure::Exit`]. Secrets are never arguments.
#![forbid(unsafe_code)]

pub mod app;
pub mod cli;
pub mod commands;
pub mod community;
pub mod contact;
pub mod csv_list;
pub mod describe;
pub mod entries;
pub mod failure;
pub mod hledger;
pub mod http;
pub mod moment;
pub mod money;
pub mod outbox;
pub mod output;
pub mod places;
pub mod qr;
pub mod session;
pub mod statement;
pub mod trust;

use clap::FromArgMatches as _;
use failure::{Exit, Failure};
use output::Output;
use std::ffi::OsString;

/// Runs the program with these arguments, the first being its own name; returns the exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let language = output::language_of(&arguments);
    let parsed = cli::localised(language)
        .try_get_matches_from(&arguments)
        .and_then(|matches| cli::Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let is_help = !error.use_stderr();
            if !is_help && arguments.iter().any(|argument| argument == "--json") {
                let failure =
                    Failure::text(Exit::Usage, "usage", error.render().to_string().trim().to_owned());
                return Output::for_json(language).report(&failure);
            }
            // A closed pipe while printing help is nobody's mistake.
            let _ = error.print();
            return if is_help { Exit::Ok as u8 } else { Exit::Usage as u8 };
        }
    };
    let output = Output::new(&cli.global, language);
    match commands::run(cli, &output) {
        Ok(exit) => exit as u8,
        Err(failure) => output.report(&failure),
    }
}
