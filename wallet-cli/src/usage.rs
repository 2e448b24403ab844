//! Mistakes in the arguments, in the reader's language. What this does not know is said by clap, in English.

use klaver_locales::{Language, help};

/// Returns what is wrong with the arguments and what to do, where there is a sentence for it.
pub fn sentences(error: &clap::Error, language: Language) -> Option<(String, String)> {
    help::mistake(error, language, crate::output::harmless)
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
