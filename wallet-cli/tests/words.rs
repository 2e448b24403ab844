//! Whatever a node refuses is said in the reader's language: every code, with the values that really come with it.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_api::reason::REASONS;
use klaver_api::{Problem, Reason};
use klaver_cli::failure::{Exit, Failure};
use klaver_cli::money::Unit;
use klaver_cli::names::Names;
use klaver_ledger::amount::Scale;
use klaver_ledger::books::{Rejection, ValueKind, Who};
use klaver_ledger::id::AccountId;
use klaver_locales::Language;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a node sends with a problem that is no rule's.
const OF_EVERY_PROBLEM: &[&str] = &["field", "value", "limit"];

/// Returns the codes that the sources of node and ledger give to what they refuse, besides those of the rules.
fn codes_in_sources() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeSet::new();
    let mut stack =
        vec![root.join("node/src"), root.join("ledger/src/engine"), root.join("ledger/src/entry/signed.rs")];
    while let Some(path) = stack.pop() {
        if path.is_dir() {
            stack.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        // Tests make codes up.
        let source: String = source.split("#[cfg(test)]").next().unwrap().split_whitespace().collect();
        let mut add = |text: &str| {
            let code: String = text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if text[code.len()..].starts_with('"') && !code.is_empty() {
                found.insert(code);
            }
        };
        for mark in [
            "code:\"",
            "Self::Malformed(CborError::Unknown{..})=>\"",
            "Self::Malformed(_)=>\"",
            "Self::UnknownKey{..}=>\"",
            "Self::BadSignature{..}=>\"",
        ] {
            source.match_indices(mark).for_each(|(at, _)| add(&source[at + mark.len()..]));
        }
        // make(400, "code", …) and Problem::new(400, "code", …): the status before it.
        for call in ["make(", "Problem::new("] {
            for (at, _) in source.match_indices(call) {
                let after = &source[at + call.len()..];
                let status =
                    after.get(..5).is_some_and(|text| text.bytes().take(3).all(|b| b.is_ascii_digit()));
                if status && let Some(code) = after.get(4..).and_then(|text| text.strip_prefix('"')) {
                    add(code);
                }
            }
        }
    }
    found
}

fn placeholders(sentence: &str) -> BTreeSet<String> {
    sentence.split('{').skip(1).map(|part| part.split('}').next().unwrap().to_owned()).collect()
}

#[test]
fn every_code_of_a_node_has_its_sentence_and_advice_with_values_that_are_sent() {
    let rules: BTreeMap<&str, Vec<&str>> = Rejection::VALUES
        .iter()
        .map(|(code, values)| (*code, values.iter().map(|(name, _)| *name).collect()))
        .collect();
    assert_eq!(rules.keys().copied().collect::<BTreeSet<_>>(), Rejection::CODES.iter().copied().collect());
    let others = codes_in_sources();
    for known in
        ["busy", "malformed_field", "unknown_draft", "too_many_refusals", "bad_signature", "body_too_large"]
    {
        assert!(others.contains(known), "{known} was not found in the sources: {others:?}");
    }
    assert!(others.len() > 30, "only {others:?} were found");
    let mut wrong = Vec::new();
    for code in rules.keys().copied().chain(others.iter().map(String::as_str)) {
        let sent = rules.get(code).map_or(OF_EVERY_PROBLEM, Vec::as_slice);
        for language in Language::ALL {
            for key in [format!("error.{code}"), format!("error.{code}.do")] {
                let Some(sentence) = language.find(&key, &[]) else {
                    wrong.push(format!("{} has no {key}", language.code()));
                    continue;
                };
                let never: Vec<_> = placeholders(&sentence)
                    .into_iter()
                    .filter(|name| !sent.contains(&name.as_str()))
                    .collect();
                if !never.is_empty() {
                    wrong.push(format!("{} {key} names {never:?}, sent are {sent:?}", language.code()));
                }
                if sentence.to_lowercase().contains("minor") {
                    wrong.push(format!("{} {key} speaks of minor units", language.code()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "mend node/locales/*.json:\n{}", wrong.join("\n"));
}

#[test]
fn what_a_rule_names_is_shown_in_the_words_of_people() {
    let account = AccountId([7; 16]);
    let sample = |kind: ValueKind| match kind {
        ValueKind::Amount => "550".to_owned(),
        ValueKind::Moment => "2026-07-01T10:00:00.000Z".to_owned(),
        ValueKind::Number => "12".to_owned(),
        ValueKind::Account => account.to_string(),
        ValueKind::Key => "ab".repeat(32),
        ValueKind::Request => "cd".repeat(16),
        ValueKind::AccountKind => "merchant".to_owned(),
        ValueKind::AccountKinds => "member, merchant".to_owned(),
        ValueKind::EntryKind => "pay".to_owned(),
        ValueKind::Rights => "spend+refund".to_owned(),
        ValueKind::Text => "heir".to_owned(),
        ValueKind::Who => Who::WORDS[0].to_owned(),
    };
    let mut names = Names::default();
    names.name(account, "Bakker");
    for language in Language::ALL {
        let unit =
            Unit { one: "klaver".into(), many: "klavers".into(), scale: Scale::new(2).unwrap(), language };
        for (code, values) in Rejection::VALUES {
            let mut problem = Problem::new(422, code, "no", "the node's own sentence").in_field("heir");
            problem.values = values.iter().map(|(name, kind)| ((*name).to_owned(), sample(*kind))).collect();
            let failure = Failure::of_problem(problem).for_people(&unit, &names);
            let (said, advice) = failure.sentences(language);
            let text = format!("{said} {}", advice.expect("advice"));
            assert!(!text.contains("own sentence") && !text.contains('{'), "{code}: {text}");
            assert!(!text.contains("550") && !text.contains("2026-07-01T"), "{code}: {text}");
            assert!(!text.contains(&account.to_string()), "{code}: {text}");
            let template = language.find(&format!("error.{code}"), &[]).unwrap();
            let names_amount = values
                .iter()
                .any(|(name, kind)| *kind == ValueKind::Amount && template.contains(&format!("{{{name}}}")));
            let amount = if language == Language::English { "5.50 klavers" } else { "5,50 klavers" };
            assert_eq!(names_amount, text.contains(amount), "{code}: {text}");
        }
    }
}

#[test]
fn without_the_unit_no_number_of_minor_units_is_shown() {
    let mut problem = Problem::new(422, "insufficient_credits", "no", "the node's own sentence");
    problem.values = [("available", "300"), ("requested", "500")]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let (said, _) = Failure::of_problem(problem).sentences(Language::Dutch);
    assert_eq!(said, "the node's own sentence");
}

#[test]
fn every_reason_of_a_node_that_records_nothing_is_told_with_its_values_and_what_helps() {
    let value = |name: &&str| match *name {
        "now" | "newest" | "earliest" => "2026-07-01T10:00:00.000Z",
        _ => "4711",
    };
    for (code, values) in REASONS {
        let reason = values.iter().fold(Reason::new(code, "the node's own sentence"), |reason, name| {
            reason.with(name, value(name))
        });
        for language in Language::ALL {
            let mut problem = Problem::new(503, "read_only", "no", "the node's own sentence");
            problem.reason = Some(reason.clone());
            let (said, advice) = Failure::of_problem(problem).sentences(language);
            let advice = advice.expect("advice");
            assert!(!said.contains("own sentence") && !said.contains('{'), "{code}: {said}");
            assert_eq!(Some(advice), language.find(&format!("halt.{code}.do"), &[]));
            assert!(!said.contains("2026-07-01T"), "{code}: {said}");
            let all = values.iter().all(|name| value(name) != "4711" || said.contains("4711"));
            assert!(all, "{code} tells its values: {said}");
        }
    }
    // A node that is newer than this program: its own words are better than none.
    let mut problem = Problem::new(503, "read_only", "no", "the node's own sentence");
    problem.reason = Some(Reason::new("flood", "the node's own sentence"));
    assert!(Failure::of_problem(problem).sentences(Language::Dutch).0.contains("own sentence"));
}

#[test]
fn why_nothing_is_recorded_is_told_and_what_libraries_say_stays_out_of_other_languages() {
    let problem = Problem::new(503, "read_only", "no", "the disk is full");
    let failure = Failure::of_problem(problem);
    for (language, why) in
        [(Language::Dutch, "Reden: the disk is full"), (Language::English, "Why: the disk is full")]
    {
        let (said, advice) = failure.sentences(language);
        assert!(said.contains(why) && advice.is_some(), "{said}");
    }
    let failure = Failure::text(Exit::Usage, "not_a_picture", "Invalid PNG signature.");
    assert!(failure.sentences(Language::English).0.contains("(Invalid PNG signature.)"));
    for language in [Language::Dutch, Language::French] {
        assert!(
            !failure.sentences(language).0.contains("PNG signature"),
            "{:?}",
            failure.sentences(language)
        );
        assert_eq!(failure.to_json(language)["error"]["detail"], "Invalid PNG signature.");
    }
}

#[test]
fn amounts_in_json_are_the_same_in_every_language() {
    let mut problem = Problem::new(422, "insufficient_credits", "no", "no").in_field("amount");
    (problem.value, problem.limit) = (Some("50000".to_owned()), Some("-5".to_owned()));
    for language in Language::ALL {
        let unit =
            Unit { one: "klaver".into(), many: "klavers".into(), scale: Scale::new(2).unwrap(), language };
        let failure = Failure::of_problem(problem.clone()).for_people(&unit, &Names::default());
        let error = &failure.to_json(language)["error"];
        assert_eq!((&error["value"], &error["limit"]), (&"500.00".into(), &"-0.05".into()));
    }
}
