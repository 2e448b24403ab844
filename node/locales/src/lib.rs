//! What programs say to people: one flat table of sentences for each language.
//!
//! The tables are `nl.json`, `fr.json` and `en.json` beside this crate's sources; the pages read the same
//! files. A key names where a sentence is used; `{name}` in it stands for a value. A test holds the tables
//! to the same keys and placeholders, to short sentences, and to words that hurt nobody.
#![forbid(unsafe_code)]

#[cfg(feature = "help")]
pub mod help;

use std::collections::HashMap;
use std::sync::OnceLock;

/// A language that every sentence exists in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Dutch.
    Dutch,
    /// French.
    French,
    /// English.
    English,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::Dutch, Self::French, Self::English];

    /// Returns its two letters (ISO 639-1).
    pub fn code(self) -> &'static str {
        match self {
            Self::Dutch => "nl",
            Self::French => "fr",
            Self::English => "en",
        }
    }

    /// Reads a language or locale, such as `nl`, `nl_BE.UTF-8` or `fr-BE`.
    pub fn from_locale(locale: &str) -> Option<Self> {
        let code = locale.split(['_', '-', '.', '@']).next().unwrap_or("").to_ascii_lowercase();
        match code.as_str() {
            "nl" => Some(Self::Dutch),
            "fr" => Some(Self::French),
            "en" | "c" | "posix" => Some(Self::English),
            _ => None,
        }
    }

    /// Returns the language of whoever reads, by the first of the usual variables that is set, as POSIX says.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let set = names.into_iter().filter_map(variable).find(|value| !value.is_empty())?;
        Self::from_locale(&set)
    }

    /// Returns the mark between whole and decimals: a comma in Dutch and French.
    pub fn decimal_mark(self) -> char {
        match self {
            Self::Dutch | Self::French => ',',
            Self::English => '.',
        }
    }

    /// Returns its table as JSON: one object of strings.
    pub fn json(self) -> &'static str {
        match self {
            Self::Dutch => include_str!("../nl.json"),
            Self::French => include_str!("../fr.json"),
            Self::English => include_str!("../en.json"),
        }
    }

    /// Returns the sentence `key` as it stands in the table, or the key itself when it is not there.
    pub fn template(self, key: &'static str) -> &'static str {
        self.table().get(key).map_or(key, String::as_str)
    }

    fn table(self) -> &'static HashMap<String, String> {
        static TABLES: [OnceLock<HashMap<String, String>>; 3] = [const { OnceLock::new() }; 3];
        TABLES[self as usize]
            .get_or_init(|| serde_json::from_str(self.json()).expect("a test reads every table"))
    }

    /// Returns the sentence `key` with its placeholders filled in, or `None` for a key that is not there.
    pub fn find(self, key: &str, values: &[(&str, &str)]) -> Option<String> {
        self.table().get(key).map(|sentence| fill(sentence, values))
    }

    /// Returns the sentence `key` with its placeholders filled in; an unknown key stands for itself.
    pub fn say(self, key: &str, values: &[(&str, &str)]) -> String {
        self.find(key, values).unwrap_or_else(|| key.to_owned())
    }
}

/// Replaces every `{name}` for which there is a value, in one pass: a value is never looked into.
fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(sentence.len() + 32);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}') {
            Some((name, after)) => {
                match values.iter().find(|(known, _)| *known == name) {
                    Some((_, value)) => filled.push_str(value),
                    None => {
                        filled.push('{');
                        filled.push_str(name);
                        filled.push('}');
                    }
                }
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// Most words of a sentence.
    const SENTENCE_WORDS_MAX: usize = 15;

    /// What no screen or paper says, in any of the languages.
    const FORBIDDEN: &[&str] = &[
        "loon",
        "uurloon",
        "klant",
        "klanten",
        "cliënt",
        "cliënten",
        "doelgroep",
        "kansarm",
        "kansarmen",
        "behoeftig",
        "behoeftigen",
        "geweigerd",
        "geblokkeerd",
        "salaire",
        "client",
        "clients",
        "cliente",
        "pauvre",
        "pauvres",
        "refusé",
        "refusée",
        "bloqué",
        "bloquée",
        "wage",
        "wages",
        "salary",
        "customer",
        "customers",
        "needy",
        "poor",
        "refused",
        "blocked",
    ];

    /// What French says to somebody whom it calls tu; `t` counts before an apostrophe alone, as in "t'aide".
    const TU: &[&str] = &["tu", "te", "t", "toi", "ton", "ta", "tes", "tien", "tienne", "tiens", "tiennes"];

    /// What a French sentence begins with that asks something of a tu, where no other word is written so.
    const ASKS_TU: &[&str] = &[
        "affiche",
        "ajoute",
        "appelle",
        "attends",
        "cherche",
        "choisis",
        "colle",
        "copie",
        "dis",
        "déclare",
        "dépense",
        "efface",
        "enlève",
        "entre",
        "envoie",
        "essaie",
        "fais",
        "ferme",
        "garde",
        "imprime",
        "indique",
        "laisse",
        "lis",
        "mets",
        "montre",
        "nomme",
        "ouvre",
        "prends",
        "recommence",
        "redemande",
        "refais",
        "regarde",
        "remets",
        "rends",
        "renvoie",
        "retape",
        "reviens",
        "réessaie",
        "scanne",
        "signe",
        "tape",
        "utilise",
        "va",
        "vérifie",
        "écris",
    ];

    fn table(language: Language) -> BTreeMap<String, String> {
        serde_json::from_str(language.json()).unwrap()
    }

    fn placeholders(sentence: &str) -> BTreeSet<String> {
        let parts = sentence.split('{').skip(1);
        parts.map(|part| part.split('}').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_language_has_every_sentence_with_the_same_placeholders() {
        let english = table(Language::English);
        assert!(english.len() > 100, "only {} sentences were read", english.len());
        for language in [Language::Dutch, Language::French] {
            let other = table(language);
            let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) =
                (english.keys().collect(), other.keys().collect());
            let differ: Vec<_> = ours.symmetric_difference(&theirs).collect();
            assert!(differ.is_empty(), "add these keys to every table: {differ:?}");
            for (key, sentence) in &english {
                assert_eq!(
                    placeholders(sentence),
                    placeholders(&other[key]),
                    "{key} has other placeholders in {}",
                    language.code()
                );
            }
        }
    }

    #[test]
    fn no_key_stands_twice_in_a_table() {
        for language in Language::ALL {
            let lines = language.json().lines().filter(|line| line.contains("\": \"")).count();
            assert_eq!(lines, table(language).len(), "a key stands twice in {}.json", language.code());
        }
    }

    #[test]
    fn sentences_are_short() {
        for language in Language::ALL {
            for (key, text) in table(language) {
                for sentence in text.split_inclusive(['.', '?', '!', ':', ';', '\n']) {
                    let words = sentence.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric));
                    let count = words.count();
                    assert!(
                        count <= SENTENCE_WORDS_MAX,
                        "{} {key}: {count} words, at most {SENTENCE_WORDS_MAX}: {sentence}",
                        language.code()
                    );
                }
            }
        }
    }

    #[test]
    fn no_word_that_hurts() {
        for language in Language::ALL {
            for (key, text) in table(language) {
                let text = text.to_lowercase();
                let mut words = text.split(|c: char| !c.is_alphanumeric());
                let hit = words.find(|word| FORBIDDEN.contains(word));
                assert_eq!(hit, None, "{} {key} says it: use a word of the glossary", language.code());
            }
        }
    }

    /// Returns the word by which a French sentence says tu to its reader.
    fn says_tu(text: &str) -> Option<String> {
        let text = text.to_lowercase().replace('’', "'");
        let said = text.split_inclusive(|c: char| !c.is_alphanumeric()).find_map(|piece| {
            let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
            (TU.contains(&word) && (word != "t" || piece.ends_with('\''))).then(|| word.to_owned())
        });
        said.or_else(|| {
            text.split(['.', '?', '!', ':', ';', '…', '\n']).find_map(|sentence| {
                let mut words =
                    sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
                let first = words.find(|word| !["ne", "n"].contains(word))?;
                ASKS_TU.contains(&first).then(|| first.to_owned())
            })
        })
    }

    #[test]
    fn french_says_vous_to_everybody() {
        for (text, word) in [
            ("Combien demandes-tu ?", Some("tu")),
            ("À ta demande, rien n'est payé.", Some("ta")),
            ("Je t’aide.", Some("t")),
            ("Ne signe pas.", Some("signe")),
            ("Rien n'est payé. Scanne l'intérieur.", Some("scanne")),
            ("Y a-t-il autre chose ? Combien paie-t-elle ?", None),
            ("Tous les autres sont notés, et c'est tout.", None),
            ("Demandez à la personne qui signe et garde la carte.", None),
        ] {
            assert_eq!(says_tu(text).as_deref(), word, "{text}");
        }
        for (key, text) in table(Language::French) {
            // What the server's programs do is told, not asked: "Montre la clé du témoin".
            let told = key.starts_with("node_help.");
            let word = says_tu(&text).filter(|word| !told || TU.contains(&word.as_str()));
            assert_eq!(word, None, "{key} says it: say vous in {text}");
        }
    }

    #[test]
    fn a_value_is_put_in_as_it_is() {
        assert_eq!(fill("{a} and {b}, {c}", &[("a", "{b}"), ("b", "2")]), "{b} and 2, {c}");
        assert_eq!(fill("open { brace", &[]), "open { brace");
    }

    #[test]
    fn the_first_variable_that_is_set_names_the_language() {
        let of = |set: &[(&str, &str)]| {
            let value = |name: &str| set.iter().find(|(key, _)| *key == name);
            Language::of_environment(|name| value(name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("LANG", "nl_BE.UTF-8")]), Some(Language::Dutch));
        let mixed = [("LC_ALL", ""), ("LC_MESSAGES", "fr_BE"), ("LANG", "nl_BE")];
        assert_eq!(of(&mixed), Some(Language::French));
        assert_eq!(of(&[("LANG", "de_DE")]), None);
    }

    #[test]
    fn a_locale_names_its_language() {
        for (locale, language) in [
            ("nl_BE.UTF-8", Some(Language::Dutch)),
            ("fr-BE", Some(Language::French)),
            ("C.UTF-8", Some(Language::English)),
            ("de_DE", None),
            ("", None),
        ] {
            assert_eq!(Language::from_locale(locale), language, "{locale}");
        }
    }
}
