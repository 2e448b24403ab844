//! Reads the arguments, with help and mistakes in the reader's language.

use crate::cli::{Cli, language};
use clap::{CommandFactory as _, FromArgMatches as _};
use klaver_locales::{Language, help};
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

/// Where the sentences of the help stand.
const HELP: &str = "node_help";

/// What the arguments asked for instead of a command: help, or to be told what is wrong with them.
pub struct Said {
    error: Box<clap::Error>,
    language: Language,
}

/// Reads the arguments, the first being the program's own name.
///
/// # Errors
/// When there is something to show instead.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Said> {
    parse_in(language(), arguments)
}

fn parse_in(language: Language, arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Said> {
    let command = help::localised(Cli::command(), language, HELP);
    let matches = command.try_get_matches_from(arguments);
    let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| Said { error: Box::new(error), language })
}

impl Said {
    /// Shows it, in the reader's language where there is a sentence; returns the exit status.
    pub fn show(&self) -> ExitCode {
        if self.error.use_stderr()
            && self.language != Language::English
            && let Some((what, advice)) = help::mistake(&self.error, self.language, harmless)
        {
            let _ = writeln!(std::io::stderr(), "klaver-node: {what}\n             {advice}");
            return ExitCode::from(2);
        }
        // A closed pipe while printing help is nobody's mistake.
        let _ = self.error.print();
        ExitCode::from(if self.error.use_stderr() { 2 } else { 0 })
    }
}

/// Removes what could move the cursor.
fn harmless(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_in_every_language() {
        for language in Language::ALL {
            help::localised(Cli::command(), language, HELP).debug_assert();
        }
        let missing = help::missing(&Cli::command(), HELP);
        assert!(missing.is_empty(), "add these sentences: {missing:?}");
    }

    #[test]
    fn help_and_mistakes_speak_the_readers_language() {
        let said = |language, arguments: &[&str]| {
            let arguments = ["klaver-node"].iter().chain(arguments).map(OsString::from);
            let said = parse_in(language, arguments).err().unwrap();
            let mistake = help::mistake(&said.error, language, harmless);
            mistake.map_or_else(|| said.error.to_string(), |(what, advice)| format!("{what} {advice}"))
        };
        let dutch = said(Language::Dutch, &["serve", "--help"]);
        for part in [
            "Zet een gemeenschap open.",
            "Gebruik: klaver-node serve [OPTIES] --data <DIR>",
            "Toon deze uitleg",
        ] {
            assert!(dutch.contains(part), "\"{part}\" is missing:\n{dutch}");
        }
        let french = said(Language::French, &["--help"]);
        assert!(french.contains("Usage: klaver-node <COMMANDE>"), "{french}");
        assert!(french.contains("Fonde une communauté"), "{french}");
        assert_eq!(
            said(Language::Dutch, &["serve"]),
            "Hier ontbreekt: --data <DIR> Voeg --help toe voor uitleg."
        );
        assert!(
            said(Language::English, &["verify", "--help"]).contains("Usage: klaver-node verify [OPTIONS]")
        );
    }
}
