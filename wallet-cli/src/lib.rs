//! The wallet on the command line.
//!
//! | part | what it does |
//! |---|---|
//! | [`cli`], [`usage`], [`commands`] | the arguments, mistakes in them, and one file for each command |
//! | [`app`] | what a command works with: options, output, keys, contact |
//! | [`places`], [`community`], [`outbox`], [`session`] | files of the wallet besides the wallet file |
//! | [`http`], [`contact`], [`entries`] | speaking to a node; checking what it says; sending entries |
//! | [`heads`] | the seals that are kept: one log has one root for each size |
//! | [`proofs`] | what a receipt must prove before something is called paid |
//! | [`follow`], [`past`], [`share`] | another log key, address or ledger, as far as the ledger itself proves it |
//! | [`trust`] | which witnesses count, and whether enough of them have seen something |
//! | [`output`], [`failure`], [`money`], [`moment`], [`names`], [`qr`] | what people and programs read |
//! | [`describe`], [`charter_words`] | what an entry or a new charter does, in sentences |
//!
//! Data goes to standard output, everything else to standard error. The exit status is fixed: see
//! [`failure::Exit`]. Secrets are never arguments.
#![forbid(unsafe_code)]

pub mod app;
pub mod charter_words;
pub mod cli;
pub mod commands;
pub mod community;
pub mod contact;
pub mod csv_list;
pub mod describe;
pub mod entries;
pub mod failure;
pub mod follow;
pub mod heads;
pub mod hledger;
pub mod http;
pub mod member_list;
pub mod moment;
pub mod money;
pub mod names;
pub mod outbox;
pub mod output;
pub mod papers;
pub mod past;
pub mod places;
pub mod proofs;
pub mod qr;
pub mod questions;
pub mod session;
pub mod share;
pub mod sheets;
pub mod statement;
pub mod trust;
pub mod usage;

use clap::FromArgMatches as _;
use failure::{Exit, Failure};
use klaver_locales::Language;
use output::Output;
use std::ffi::OsString;
use std::io::Write as _;

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
            // In English clap says it itself, and better.
            let own = usage::sentences(&error, language).filter(|_| language != Language::English);
            if !is_help && arguments.iter().any(|argument| argument == "--json") {
                let said = match own {
                    Some((what, advice)) => format!("{what} {advice}"),
                    None => error.render().to_string().trim().to_owned(),
                };
                return Output::for_json(language).report(&Failure::text(Exit::Usage, "usage", said));
            }
            if let Some((what, advice)) = own {
                let _ = writeln!(std::io::stderr(), "klaver: {what}\n        {advice}");
                return Exit::Usage as u8;
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
