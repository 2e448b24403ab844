//! Mistakes in the arguments, in the reader's language. What this does not know is said by clap, in English.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use klaver_locales::Language;

/// Returns what is wrong with the arguments and what to do, where there is a sentence for it.
pub fn sentences(error: &clap::Error, language: Language) -> Option<(String, String)> {
    let of = |kind: ContextKind| error.get(kind).map(text);
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
    let text = match value {
        ContextValue::Strings(all) => all.join(", "),
        other => other.to_string(),
    };
    crate::output::harmless(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_are_said_in_dutch() {
        let said = |arguments: &[&str]| {
            let arguments = ["klaver"].iter().chain(arguments);
            let error = crate::cli::localised(Language::Dutch).try_get_matches_from(arguments).unwrap_err();
            let (what, advice) = sentences(&error, Language::Dutch).unwrap();
            format!("{what} {advice}")
        };
        insta::assert_snapshot!(
            [
                said(&["betaal"]),
                said(&["balans"]),
                said(&["pay"]),
                said(&["pay", "x", "--nonsense"]),
                said(&["history", "--limit", "veel"]),
                said(&["earn", "x", "--reason", "zomaar"]),
                said(&["history", "--limit", "2", "--all"]),
            ]
            .join("\n"),
            @r#"
        Er is geen opdracht betaal. Voeg --help toe voor uitleg.
        Er is geen opdracht balans. Bedoel je balance?
        Hier ontbreekt: <WHAT> Voeg --help toe voor uitleg.
        --nonsense is hier niet bekend. Bedoel je --node?
        "veel" past niet bij --limit <LIMIT>. Voeg --help toe voor uitleg.
        "zomaar" past niet bij --reason <REASON>. Het kan met: helped, took_part, welcome, migration
        --limit <LIMIT> en --all gaan niet samen. Voeg --help toe voor uitleg.
        "#
        );
    }
}
