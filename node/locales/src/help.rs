//! The help of a program in its reader's language, and what is wrong with its arguments.
//!
//! Sentences of a program stand under its own root: `ROOT` for the program, `ROOT.COMMAND` for a command,
//! `ROOT.COMMAND.ARGUMENT` for an argument, `ROOT.any.ARGUMENT` for one of many commands. What clap writes itself stands
//! under `clap`; its placeholders for values, such as `<FILE>`, are the same in every language.

use crate::Language;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

/// Returns `command` with its help in `language`: the sentences below `root`, as far as the tables have them.
///
/// In English the description is the program's own.
pub fn localised(command: Command, language: Language, root: &str) -> Command {
    if language == Language::English {
        return command;
    }
    let mut built = command.clone();
    built.build();
    translate(command, &built, language, Place { root, path: root })
}

/// Where a command stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    root: &'a str,
    path: &'a str,
}

impl Place<'_> {
    fn is_root(&self) -> bool {
        self.root == self.path
    }
}

fn translate(mut command: Command, built: &Command, language: Language, place: Place<'_>) -> Command {
    let Place { root, path } = place;
    if let Some(about) = language.find(path, &[]) {
        command = command.about(about.clone()).long_about(about);
    }
    // clap's own words, as far as it lets them be replaced.
    let word = |key| language.template(key);
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}{{after-help}}",
        word("clap.usage")
    );
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
    command = command
        .help_template(template)
        .override_usage(usage_of(built, language))
        .subcommand_help_heading(word("clap.commands"))
        .next_help_heading(word("clap.options"))
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .arg(help.help(word("clap.help")).display_order(998))
        .disable_version_flag(true);
    if place.is_root() {
        let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
        command = command.arg(version.help(word("clap.version")));
    }
    let arguments: Vec<clap::Id> =
        command.get_arguments().map(|argument| argument.get_id().clone()).collect();
    // Below headings of its own clap sorts by this number: as they are written, those of every command last.
    let first = if place.is_root() { 100 } else { 0 };
    for (number, id) in arguments.into_iter().enumerate() {
        command = command.mut_arg(&id, |argument| {
            let heading = if argument.is_positional() { "clap.arguments" } else { "clap.options" };
            argument.help_heading(language.template(heading)).display_order(first + number)
        });
        // Options of every command have one sentence for all of them.
        // At the top a command may have the name of an option: `account` and `--account`.
        let own = (!place.is_root()).then(|| language.find(&format!("{path}.{id}"), &[])).flatten();
        if let Some(help) = own.or_else(|| language.find(&format!("{root}.any.{id}"), &[])) {
            command = command.mut_arg(id, |argument| argument.help(help.clone()).long_help(help));
        }
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let path = format!("{path}.{name}");
        let Some(built) = built.find_subcommand(&name) else { continue };
        command =
            command.mut_subcommand(name, |sub| translate(sub, built, language, Place { root, path: &path }));
    }
    command
}

/// Returns how a command is written, with clap's own words for options and commands replaced.
fn usage_of(built: &Command, language: Language) -> String {
    let usage = built.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let usage = usage.replace("[OPTIONS]", language.template("clap.some_options"));
    let command = language.template("clap.some_command");
    usage.replace("[COMMAND]", &format!("[{command}]")).replace("<COMMAND>", &format!("<{command}>"))
}

/// Returns what is wrong with the arguments and what to do, where there is a sentence for it; `harmless` cleans what was
/// typed.
pub fn mistake(
    error: &clap::Error,
    language: Language,
    harmless: fn(&str) -> String,
) -> Option<(String, String)> {
    let of = |kind: ContextKind| error.get(kind).map(|value| harmless(&text(value)));
    let argument = of(ContextKind::InvalidArg).unwrap_or_default();
    let value = of(ContextKind::InvalidValue).unwrap_or_default();
    let (key, values) = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            ("usage.command", vec![("value", of(ContextKind::InvalidSubcommand).unwrap_or_default())])
        }
        ErrorKind::UnknownArgument => ("usage.argument", vec![("value", argument)]),
        ErrorKind::MissingRequiredArgument => ("usage.missing", vec![("value", argument)]),
        ErrorKind::MissingSubcommand => ("usage.missing_command", Vec::new()),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if value.is_empty() => {
            ("usage.empty", vec![("argument", argument)])
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            ("usage.value", vec![("argument", argument), ("value", value)])
        }
        ErrorKind::ArgumentConflict => {
            let other = of(ContextKind::PriorArg).unwrap_or_default();
            ("usage.conflict", vec![("argument", argument), ("value", other)])
        }
        _ => return None,
    };
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let meant = of(ContextKind::SuggestedSubcommand).or_else(|| of(ContextKind::SuggestedArg));
    let allowed = of(ContextKind::ValidValue).filter(|allowed| !allowed.is_empty());
    let advice = match (meant, allowed) {
        (Some(meant), _) => language.say("usage.meant", &[("value", &meant)]),
        (None, Some(allowed)) => language.say("usage.allowed", &[("value", &allowed)]),
        (None, None) => language.say("usage.help", &[]),
    };
    Some((language.say(key, &values), advice))
}

fn text(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(all) => all.join(", "),
        other => other.to_string(),
    }
}

/// Returns the sentences that a program's help misses below `root`, in any language.
pub fn missing(command: &Command, root: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect_missing(command, Place { root, path: root }, &mut found);
    found
}

fn collect_missing(command: &Command, place: Place<'_>, found: &mut Vec<String>) {
    let Place { root, path } = place;
    for language in Language::ALL {
        let has = |key: &str| language.find(key, &[]).is_some();
        if !has(path) {
            found.push(format!("{} {path}", language.code()));
        }
        for argument in command.get_arguments() {
            let id = argument.get_id();
            let is_claps_own = ["help", "version"].contains(&id.as_str());
            if !is_claps_own && !has(&format!("{path}.{id}")) && !has(&format!("{root}.any.{id}")) {
                found.push(format!("{} {path}.{id}", language.code()));
            }
        }
    }
    for sub in command.get_subcommands() {
        let path = format!("{path}.{}", sub.get_name());
        collect_missing(sub, Place { root, path: &path }, found);
    }
}
