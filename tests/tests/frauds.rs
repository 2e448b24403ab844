//! Questions for auditors: honest towns raise none, and every planted fraud raises one about its own entries.

use klaver_tests::frauds::{Town, read};
use klaver_tests::workspace::root;

/// Seeds of honest towns; the demonstration's own tests use smaller ones.
const HONEST: std::ops::Range<u64> = 1_000..1_050;

#[test]
fn fifty_honest_towns_raise_no_question() {
    let asked: Vec<String> = HONEST
        .map(|seed| (seed, Town::of(seed).questions()))
        .flat_map(|(seed, questions)| {
            questions.into_iter().map(move |question| format!("{seed}: {question:?}"))
        })
        .collect();
    assert!(asked.is_empty(), "{}", asked.join("\n"));
}

#[test]
fn every_planted_fraud_raises_a_question_about_its_own_entries() {
    let directory = root().join("tests");
    let files = std::fs::read_dir(&directory).expect("the tests are here").flatten();
    let is_fraud = |name: &str| name.starts_with("frauds") && name.ends_with(".json");
    let mut files: Vec<_> = files
        .map(|file| file.path())
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_fraud))
        .collect();
    files.sort();
    let frauds: Vec<_> = files.iter().flat_map(|file| read(file)).collect();
    // Each of these was written by somebody who had not read the rules; two of the third file are refused by the ledger.
    for (name, count) in [
        ("frauds.json", 20),
        ("frauds_second.json", 20),
        ("frauds_third.json", 18),
        ("frauds_fourth.json", 20),
    ] {
        let of_others = read(&directory.join(name)).len();
        assert!(count <= of_others, "{name}: only {of_others} frauds were planted by somebody else");
    }
    let vague: Vec<&str> =
        frauds.iter().filter(|fraud| fraud.expect.is_empty()).map(|fraud| &*fraud.name).collect();
    assert!(vague.is_empty(), "these do not say which question they expect: {vague:?}");

    let town = Town::of(7);
    assert_eq!(town.questions(), [], "the town is honest before anything is planted in it");
    let mut missed = Vec::new();
    for fraud in &frauds {
        let planted = town.plant(fraud);
        assert!(
            planted.left_out <= 20,
            "{}: {} honest entries do not fit any more",
            fraud.name,
            planted.left_out
        );
        let found = planted.questions.iter().any(|question| {
            let is_expected = fraud.expect.iter().any(|code| code == question.code.word());
            is_expected && question.entries.iter().any(|entry| planted.planted.contains(entry))
        });
        if !found {
            missed.push(format!("{}\n   asked: {:?}", fraud.name, planted.questions));
        }
    }
    assert!(missed.is_empty(), "{} of {} are not seen:\n{}", missed.len(), frauds.len(), missed.join("\n"));
}
