//! What goes to the two streams: data to standard output, all else to standard error.

use crate::cli::{ColorChoice, Global};
use crate::failure::{Exit, Failure};
use klaver_locales::Language;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};

/// The two streams, and how their reader wants them.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// The language of sentences.
    pub language: Language,
    /// Whether data is JSON for programs.
    pub json: bool,
    /// Whether only data and errors are wanted.
    quiet: bool,
    /// Whether standard output may have colour.
    color: bool,
}

impl Output {
    /// Returns the streams as `global` asks for them.
    pub fn new(global: &Global, language: Language) -> Self {
        let color = match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
                !set("NO_COLOR")
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
                    && io::stdout().is_terminal()
            }
        };
        Self { language, json: global.json, quiet: global.quiet, color: color && !global.json }
    }

    /// Returns streams for a program that made a mistake in its arguments.
    pub fn for_json(language: Language) -> Self {
        Self { language, json: true, quiet: false, color: false }
    }

    /// Returns the sentence `key` in the reader's language.
    pub fn words(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.language.say(key, values)
    }

    /// Writes a sentence for people to standard output, unless a program reads it.
    pub fn say(&self, key: &str, values: &[(&str, &str)]) {
        self.line(&self.words(key, values));
    }

    /// Writes a line for people to standard output, unless a program reads it.
    pub fn line(&self, text: &str) {
        if !self.json {
            self.print(text);
        }
    }

    /// Writes data as it is to standard output, whoever reads it.
    pub fn data(&self, bytes: &[u8]) {
        let mut out = io::stdout();
        if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
            self.stop(&error);
        }
    }

    fn print(&self, text: &str) {
        let mut out = io::stdout();
        if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
            self.stop(&error);
        }
    }

    /// Ends the program, because what it says cannot be written.
    fn stop(&self, error: &io::Error) -> ! {
        // Whoever closed a pipe has read enough.
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.report(&Failure::text(Exit::Failed, "output_full", error));
        }
        std::process::exit(Exit::Failed as i32)
    }

    /// Writes one JSON value on one line to standard output, if a program reads it.
    pub fn json(&self, value: &serde_json::Value) {
        if self.json {
            self.print(&value.to_string());
        }
    }

    /// Writes a sentence about what is going on to standard error.
    pub fn note(&self, key: &str, values: &[(&str, &str)]) {
        if !self.quiet {
            complain(&self.words(key, values));
        }
    }

    /// Writes an important sentence to standard error, also when it should be quiet.
    pub fn warn(&self, key: &str, values: &[(&str, &str)]) {
        complain(&self.words(key, values));
    }

    /// Writes a failure to standard error; returns its exit status.
    pub fn report(&self, failure: &Failure) -> u8 {
        if self.json {
            complain(&failure.to_json(self.language).to_string());
        } else {
            let (message, advice) = failure.sentences(self.language);
            complain(&format!("klaver: {message}"));
            if let Some(advice) = advice {
                complain(&format!("        {advice}"));
            }
        }
        failure.exit as u8
    }

    /// Returns `text` in green with a tick before it: done, and nothing by colour alone.
    pub fn good(&self, text: &str) -> String {
        self.painted("32;1", &format!("✓ {text}"))
    }

    /// Returns `text` in bold.
    pub fn strong(&self, text: &str) -> String {
        self.painted("1", text)
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Writes rows as columns that line up; numbers stand to the right.
    pub fn table(&self, header: &[&str], rows: &[Vec<String>], right: &[usize]) {
        for line in columns(header, rows, right) {
            self.line(&line);
        }
    }
}

/// Removes what could move the cursor or change how text around it is read: names and memos are others' words.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if klaver_ledger::entry::cbor::is_invisible(c) { '\u{fffd}' } else { c }).collect()
}

/// Returns the word of `table` for what a node calls `word`; for one that is not there the node's own, harmless.
pub fn term(language: Language, table: &str, word: &str) -> String {
    language.find(&format!("{table}.{word}"), &[]).unwrap_or_else(|| harmless(word))
}

/// Returns the language of these arguments and this environment, before they are parsed: help speaks it too.
pub fn language_of(arguments: &[OsString]) -> Language {
    let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
    while let Some(argument) = arguments.next() {
        let named = match argument.split_once('=') {
            Some(("--lang", value)) => Some(value.to_owned()),
            _ if argument == "--lang" => arguments.next().map(|value| value.into_owned()),
            _ => None,
        };
        if let Some(language) = named.as_deref().and_then(Language::from_locale) {
            return language;
        }
    }
    Language::of_environment(|name| std::env::var(name).ok()).unwrap_or(Language::English)
}

fn columns(header: &[&str], rows: &[Vec<String>], right: &[usize]) -> Vec<String> {
    let cells = std::iter::once(header.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>())
        .chain(rows.iter().cloned());
    let cells: Vec<Vec<String>> = cells.collect();
    let width = |column: usize| {
        cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    cells
        .iter()
        .map(|row| {
            let padded = row.iter().enumerate().map(|(column, cell)| {
                let fill = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
                if right.contains(&column) { format!("{fill}{cell}") } else { format!("{cell}{fill}") }
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

fn complain(text: &str) {
    if writeln!(io::stderr(), "{text}").is_err() {
        // Whoever read us has gone; there is nobody left to tell.
        std::process::exit(Exit::Failed as i32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_numbers_stand_to_the_right() {
        let rows = vec![vec!["bakker".into(), "12,50".into()], vec!["é".into(), "3".into()]];
        insta::assert_snapshot!(columns(&["wie", "hoeveel"], &rows, &[1]).join("\n"), @r"
        wie     hoeveel
        bakker    12,50
        é             3
        ");
    }

    #[test]
    fn what_others_wrote_cannot_move_the_cursor() {
        assert_eq!(harmless("brood\u{1b}[2J\u{202e}"), "brood\u{fffd}[2J\u{fffd}");
    }

    #[test]
    fn the_option_decides_before_the_environment() {
        let arguments = |list: &[&str]| list.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(language_of(&arguments(&["klaver", "--lang", "fr", "pay"])), Language::French);
        assert_eq!(language_of(&arguments(&["klaver", "--lang=nl"])), Language::Dutch);
    }
}
