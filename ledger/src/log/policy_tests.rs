//! Trust policies: reading them, and judging checkpoints by them.

use super::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use super::cosignature::cosign;
use super::key::KeyKind;
use super::note::NoteError;
use super::policy::{LineFault, PolicyError, TrustPolicy};
use super::test_support::{TestKey, test_leaf};
use crate::testing::POLICY_OF_TWO_LEVELS;

const NOW: u64 = 1_790_000_000;

fn log() -> TestKey {
    TestKey::new("town.example/log", KeyKind::Note, 9)
}

fn witness(letter: char) -> TestKey {
    TestKey::new(&format!("{letter}.example/w"), KeyKind::Cosignature, letter as u8)
}

/// Fills in the keys: `@log`, and `@a` to `@f` for those of witnesses.
fn policy_text(template: &str) -> String {
    let text = template.replace("@log", &log().public.to_string());
    ('a'..='f')
        .fold(text, |text, letter| text.replace(&format!("@{letter}"), &witness(letter).public.to_string()))
}

fn read(template: &str) -> Result<TrustPolicy, PolicyError> {
    policy_text(template).parse()
}

fn checkpoint() -> SignedCheckpoint {
    let log = log();
    let checkpoint = Checkpoint { origin: log.public.name().clone(), size: 3, root: test_leaf(3) };
    checkpoint.sign(&log.public, |message| log.sign(message)).unwrap()
}

fn seen_by(witnesses: &str, at: u64) -> SignedCheckpoint {
    let mut signed = checkpoint();
    for key in witnesses.chars().map(witness) {
        let line = cosign(signed.note().text(), at, &key.public, |message| key.sign(message)).unwrap();
        signed.add_cosignature(line, &key.public).unwrap();
    }
    signed
}

fn quorum(policy: &TrustPolicy, witnesses: &str) -> bool {
    policy.judge(seen_by(witnesses, NOW).note(), NOW).unwrap().quorum_reached
}

#[test]
fn groups_count_witnesses() {
    let policy = read(POLICY_OF_TWO_LEVELS).unwrap();
    for (witnesses, expected) in [
        ("", false),
        ("ab", false),
        ("abc", false),
        ("de", false),
        ("ad", false),
        ("abd", true),
        ("bce", true),
        ("abcde", true),
        ("adef", false),
    ] {
        assert_eq!(quorum(&policy, witnesses), expected, "{witnesses}");
    }
    let verdict = policy.judge(seen_by("ca", NOW).note(), NOW).unwrap();
    assert_eq!(verdict.checkpoint.size, 3);
    let names: Vec<_> = verdict.seen.iter().map(|seen| (seen.witness.as_str(), seen.at)).collect();
    assert_eq!(names, [("A", NOW), ("C", NOW)]);

    assert!(quorum(&read("log @log\nquorum none").unwrap(), ""));
    assert!(quorum(&read("log @log\nwitness A @a\nquorum A\n").unwrap(), "a"));
    assert!(!quorum(&read("log @log\nwitness A @a\nquorum A\n").unwrap(), "b"));
}

#[test]
fn a_policy_prints_what_it_means() {
    let policy = read(POLICY_OF_TWO_LEVELS).unwrap();
    assert_eq!(policy.to_string().parse(), Ok(policy.clone()));
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://klaver.example/log"));
    assert_eq!(policy.witnesses().len(), 5);
    let none = read("\t log  @log\t\nquorum \t none").unwrap();
    assert_eq!(none.to_string(), policy_text("log @log\nquorum none\n"));
}

#[test]
fn statements_from_the_future_do_not_count() {
    let policy = read("log @log\nwitness A @a\nquorum A\n").unwrap();
    let judged = |at| {
        let verdict = policy.judge(seen_by("a", at).note(), NOW).unwrap();
        (verdict.quorum_reached, verdict.seen.len(), verdict.seen_in_future.len())
    };
    assert_eq!(judged(0), (true, 1, 0));
    assert_eq!(judged(NOW + 300), (true, 1, 0));
    assert_eq!(judged(NOW + 301), (false, 0, 1));
}

#[test]
fn forged_lines_and_unlisted_logs_are_refused() {
    let policy = read("log @log\nwitness A @a\nquorum A\n").unwrap();
    let signed = seen_by("a", NOW);
    let text = signed.to_string();
    let line = text.lines().last().unwrap();
    let mut forged = line.to_owned();
    forged.replace_range(
        line.len() - 40..line.len() - 39,
        if line.as_bytes()[line.len() - 40] == b'A' { "B" } else { "A" },
    );
    let forged = super::note::Note::parse(text.replace(line, &forged).as_bytes()).unwrap();
    assert!(matches!(policy.judge(&forged, NOW), Err(CheckpointError::Note(NoteError::BadSignature { .. }))));

    let elsewhere = read("witness A @a\nquorum A\n").unwrap();
    assert_eq!(elsewhere.judge(signed.note(), NOW), Err(CheckpointError::Note(NoteError::NoKnownKey)));
}

#[test]
fn each_faulty_line_is_named() {
    let fault = |template: &str| match read(template).unwrap_err() {
        PolicyError::Line { line, fault } => (line, fault),
        other => panic!("{other}"),
    };
    let name = |name: &str| name.to_owned();
    assert_eq!(read(""), Err(PolicyError::NoQuorum));
    assert_eq!(read("witness A @a\n"), Err(PolicyError::NoQuorum));
    assert_eq!(fault("quorum none\nquorum none"), (2, LineFault::SecondQuorum));
    assert_eq!(fault("quorum A\nwitness A @a"), (1, LineFault::UnknownName { name: name("A") }));
    assert_eq!(fault("witness none @a"), (1, LineFault::NameTaken { name: name("none") }));
    assert_eq!(fault("witness A @a\nwitness A @b"), (2, LineFault::NameTaken { name: name("A") }));
    assert_eq!(fault("witness A @a\ngroup A any A"), (2, LineFault::NameTaken { name: name("A") }));
    assert_eq!(fault("group g any g"), (1, LineFault::UnknownName { name: name("g") }));
    assert_eq!(fault("witness A @a\ngroup g any none"), (2, LineFault::UnknownName { name: name("none") }));
    assert_eq!(fault("witness A @a\ngroup g any A A"), (2, LineFault::CountedTwice { name: name("A") }));
    assert_eq!(
        fault("witness A @a\ngroup g any A\ngroup h any A"),
        (3, LineFault::CountedTwice { name: name("A") })
    );
    for threshold in ["0", "3", "02", "-1", "x", "ALL"] {
        let expected = LineFault::Threshold { threshold: threshold.to_owned(), members: 2 };
        let template = format!("witness A @a\nwitness B @b\ngroup g {threshold} A B");
        assert_eq!(fault(&template), (3, expected));
    }
    assert!(matches!(fault("group g any"), (1, LineFault::Form { .. })));
    assert!(matches!(fault("log"), (1, LineFault::Form { .. })));
    assert!(matches!(fault("log @log url more"), (1, LineFault::Form { .. })));
    assert!(matches!(fault("logs @log"), (1, LineFault::Form { .. })));
    assert!(matches!(fault("log nonsense"), (1, LineFault::Key(_))));
    assert!(matches!(fault("log @a"), (1, LineFault::Kind { needed: KeyKind::Note, .. })));
    assert!(matches!(fault("witness A @log"), (1, LineFault::Kind { needed: KeyKind::Cosignature, .. })));
    assert!(matches!(fault("log @log\nlog @log"), (2, LineFault::DuplicateKey { .. })));
    let renamed = TestKey::new("other.example/w", KeyKind::Cosignature, b'a').public;
    assert!(matches!(
        fault(&format!("witness A @a\nwitness B {renamed}")),
        (2, LineFault::DuplicateKey { .. })
    ));
    assert_eq!(fault("# fine\nquorum none\r"), (2, LineFault::ControlCharacter));
    let many: String =
        (0..65).map(|seed| format!("log {}\n", TestKey::new("x", KeyKind::Note, seed).public)).collect();
    assert_eq!(fault(&many), (65, LineFault::TooMany));
}
