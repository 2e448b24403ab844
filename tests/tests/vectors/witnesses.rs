//! Trust policies, and what they say about checkpoints that witnesses have cosigned.

use klaver_ledger::keys::{SigningKey, sign};
use klaver_ledger::log::checkpoint::{Checkpoint, SignedCheckpoint};
use klaver_ledger::log::cosignature::cosign;
use klaver_ledger::log::hash::leaf_hash;
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::log::note::Note;
use klaver_ledger::log::policy::{PolicyError, Seen, TrustPolicy};
use klaver_ledger::testing::POLICY_OF_TWO_LEVELS;
use klaver_tests::vectors::check;
use serde_json::{Value, json};

const NOW: u64 = 1_790_000_000;
const LOG: &str = "klaver.example/log";

const ONE: &str = "log @log\nwitness A @a\nquorum A\n";

fn secret(letter: char) -> SigningKey {
    SigningKey::from_bytes(&[letter as u8; 32])
}

fn key(name: &str, kind: KeyKind, letter: char) -> VerifierKey {
    let name = KeyName::new(name.to_owned()).expect("a name");
    VerifierKey::new(name, kind, &secret(letter).verifying_key().to_bytes()).expect("a key")
}

fn log() -> VerifierKey {
    key(LOG, KeyKind::Note, 'L')
}

fn witness(letter: char) -> VerifierKey {
    key(&format!("{letter}.example/w"), KeyKind::Cosignature, letter)
}

/// Fills in the keys: `@log`, and `@a` to `@f` for those of witnesses.
fn filled(template: &str) -> String {
    let text = template.replace("@log", &log().to_string());
    ('a'..='f').fold(text, |text, letter| text.replace(&format!("@{letter}"), &witness(letter).to_string()))
}

/// A checkpoint that these witnesses saw at `at`.
fn seen_by(witnesses: &str, at: u64) -> SignedCheckpoint {
    let checkpoint = Checkpoint { origin: log().name().clone(), size: 3, root: leaf_hash(b"three") };
    let signed = checkpoint.sign(&log(), |message| sign(&secret('L'), message).0);
    let mut signed = signed.expect("the log signs");
    for letter in witnesses.chars() {
        let seal = |message: &[u8]| sign(&secret(letter), message).0;
        let line = cosign(signed.note().text(), at, &witness(letter), seal).expect("the witness signs");
        signed.add_cosignature(line, &witness(letter)).expect("a line more");
    }
    signed
}

fn judged(name: &str, policy: &str, note: &str) -> Value {
    let policy = filled(policy);
    let read: TrustPolicy = policy.parse().expect("a policy");
    let verdict = Note::parse(note.as_bytes()).ok().and_then(|note| read.judge(&note, NOW).ok());
    let list = |all: &[Seen]| -> Vec<Value> {
        all.iter().map(|seen| json!({"witness": seen.witness, "at": seen.at})).collect()
    };
    let verdict = verdict.map(|verdict| {
        json!({
            "size": verdict.checkpoint.size,
            "seen": list(&verdict.seen),
            "seen_in_future": list(&verdict.seen_in_future),
            "quorum": verdict.quorum_reached,
        })
    });
    json!({"name": name, "policy": policy, "note": note, "now": NOW, "verdict": verdict})
}

fn refused(template: &str) -> Value {
    let text = filled(template);
    let line = match text.parse::<TrustPolicy>().expect_err("no policy") {
        PolicyError::Line { line, .. } => line,
        PolicyError::NoQuorum => 0,
    };
    json!({"text": text, "line": line})
}

/// Changes one character of the last line's signature.
fn forged(note: &str) -> String {
    let at = note.len() - 12;
    let other = if note.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &note[..at], &note[at + 1..])
}

#[test]
fn policies_and_verdicts_are_those_of_the_vectors() {
    let mut checkpoints: Vec<Value> = ["", "ab", "abc", "de", "ad", "abd", "bce", "abcde", "adef"]
        .iter()
        .map(|letters| {
            judged(
                &format!("seen by \"{letters}\""),
                POLICY_OF_TWO_LEVELS,
                &seen_by(letters, NOW).to_string(),
            )
        })
        .collect();
    let one = seen_by("a", NOW).to_string();
    let log_line = one.lines().nth(4).expect("the log's line").to_owned();
    checkpoints.extend([
        judged("no witness is needed", "log @log\nquorum none", &seen_by("", NOW).to_string()),
        judged("at the beginning of time", ONE, &seen_by("a", 0).to_string()),
        judged("as far ahead as clocks may be", ONE, &seen_by("a", NOW + 300).to_string()),
        judged("from the future", ONE, &seen_by("a", NOW + 301).to_string()),
        judged("a forged line of a witness", ONE, &forged(&one)),
        judged("a forged line of a witness nobody counts", "log @log\nquorum none", &forged(&one)),
        judged("another size", ONE, &one.replace("\n3\n", "\n4\n")),
        judged("no line of the log", ONE, &one.replace(&format!("{log_line}\n"), "")),
        judged("no log that is believed", "witness A @a\nquorum A", &one),
        judged("cut off", ONE, &one[..one.len() - 1]),
    ]);
    let wrong_kind = ["log @a\nquorum none", "witness A @log\nquorum A"];
    let faults = [
        "",
        "witness A @a\n",
        "quorum none\nquorum none",
        "quorum A\nwitness A @a",
        "witness none @a",
        "witness A @a\nwitness A @b",
        "witness A @a\nwitness B @a",
        "witness A @a\ngroup A any A",
        "group g any g",
        "witness A @a\ngroup g any none",
        "witness A @a\ngroup g any A A",
        "witness A @a\ngroup g any A\ngroup h any A",
        "witness A @a\ngroup g 0 A",
        "witness A @a\ngroup g 2 A",
        "witness A @a\ngroup g 01 A",
        "witness A @a\ngroup g ALL A",
        "witness A @a\ngroup g any",
        "log",
        "log @log url more",
        "witness A @a url more",
        "logs @log",
        "log nonsense",
        "log @log\nlog @log",
        "# fine\nquorum none\r",
    ];
    let refusals: Vec<Value> = faults.iter().chain(&wrong_kind).map(|text| refused(text)).collect();
    check(
        "witnesses",
        &json!({"log": log().to_string(), "checkpoints": checkpoints, "refused_policies": refusals}),
    );
}
