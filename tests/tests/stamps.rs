//! Whoever runs a node cannot choose the time of its records: `klaver audit` holds every stamp against the moments at which
//! a quorum of witnesses had seen the log. A real node over HTTP; its witnesses are keys of this test, which say when.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_api::paths;
use klaver_ledger::account::AccountKind;
use klaver_ledger::charter::Charter;
use klaver_ledger::entry::{Body, Open};
use klaver_ledger::id::Digest;
use klaver_ledger::keys::{PublicKey, sign};
use klaver_ledger::log::cosignature::cosign;
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::log::note::Note;
use klaver_ledger::testing::{key, public, state};
use klaver_ledger::time::Timestamp;
use klaver_tests::past::{Past, days_ago};
use klaver_tests::town::now;
use klaver_tests::wallet::Wallet;
use serde_json::{Value, json};
use std::path::Path;

const WITNESSES: [&str; 3] = ["A", "B", "C"];

fn witness_key(name: &str) -> VerifierKey {
    let origin = KeyName::new(format!("{}.example/w", name.to_lowercase())).unwrap();
    VerifierKey::new(origin, KeyKind::Cosignature, public(name).as_bytes()).unwrap()
}

/// A community of four days ago with three witnesses, two of which make a quorum, and its auditor.
fn watched(directory: &Path) -> (Past, Wallet) {
    let auditor = Wallet::init(directory, "aude");
    let auditor_key = PublicKey::from_hex(&auditor.public_key()).unwrap();
    let mut policy = String::new();
    let past = Past::found(directory, |charter: &mut Charter, url| {
        let origin = KeyName::new(charter.origin.clone()).unwrap();
        let log = VerifierKey::new(origin, KeyKind::Note, charter.log_keys[0].as_bytes()).unwrap();
        let named = |name: &&str| format!("witness {name} {}\n", witness_key(name));
        let lines: String = WITNESSES.iter().map(named).collect();
        policy = format!("log {log} {url}/log\n{lines}group some 2 {}\nquorum some\n", WITNESSES.join(" "));
        charter.auditors = vec![auditor_key];
        charter.witness_policy = Digest::of(policy.as_bytes());
    });
    std::fs::write(past.data.witness_policy(), policy).unwrap();
    (past, auditor)
}

/// Records that somebody joined.
fn opened(past: &Past, name: &str, at: Timestamp) {
    past.record(Body::Open(Open { states: vec![state(name, AccountKind::Member)] }), at);
}

/// Lets the witnesses say when they saw the newest checkpoint, which has `size` records, in seconds before now.
fn seen(past: &Past, size: u64, seconds_ago: [u64; 3]) {
    let client = past.node.client();
    let note = Note::parse(&client.published(size)).unwrap();
    let mut text = note.to_string();
    for (name, ago) in WITNESSES.iter().zip(seconds_ago) {
        let secret = key(name);
        let line =
            cosign(note.text(), now().seconds() - ago, &witness_key(name), |bytes| sign(&secret, bytes).0);
        text.push_str(&format!("{}\n", line.unwrap()));
    }
    let answer = client.try_post(paths::WITNESS_COSIGNATURES, None, "text/plain", text.as_bytes()).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn codes(audit: &Value) -> Vec<(Value, Value)> {
    let questions = audit["questions"].as_array().unwrap();
    questions.iter().map(|one| (one["code"].clone(), one["entries"].clone())).collect()
}

#[test]
fn a_record_that_is_dated_after_witnesses_had_it_is_a_violation() {
    let directory = tempfile::tempdir().unwrap();
    let (mut past, auditor) = watched(directory.path());
    opened(&past, "noor", days_ago(3));
    opened(&past, "mia", now());
    past.node.start();
    past.node.client().published(3);
    let url = past.node.url();
    auditor.json(&["join", &url, "--office", "auditor"]);
    // Nobody has seen it, which is asked of what is older than a day.
    let ran = auditor.run(&["audit", &url]);
    let audit: Value = serde_json::from_str(ran.out.trim().lines().last().unwrap()).unwrap();
    assert_eq!((ran.status, codes(&audit)), (8, vec![(json!("not_witnessed"), json!([0, 1]))]), "{audit}");
    // Clocks may differ by five minutes, and one witness alone says nothing: the middle of the quorum counts.
    seen(&past, 3, [240, 3_600, 240]);
    assert_eq!(auditor.json(&["audit", &url])["verdict"], json!("holds"));
    past.node.stop();

    let other = directory.path().join("other");
    klaver_tests::node::private_directory(&other);
    let (mut past, auditor) = watched(&other);
    opened(&past, "noor", days_ago(3));
    opened(&past, "mia", now());
    past.node.start();
    seen(&past, 3, [400, 3_600, 400]);
    let url = past.node.url();
    auditor.json(&["join", &url, "--office", "auditor"]);
    let said = auditor.refused(6, &["audit", &url]);
    assert_eq!(said["code"], json!("audit_violation"), "{said}");
    let words = said["message"].as_str().unwrap();
    assert!(words.contains("Number 2") && words.contains("had seen it by"), "{said}");
}

#[test]
fn a_record_that_is_dated_before_witnesses_had_not_seen_it_is_a_question() {
    let directory = tempfile::tempdir().unwrap();
    let (mut past, auditor) = watched(directory.path());
    opened(&past, "noor", days_ago(3));
    past.node.start();
    seen(&past, 2, [5, 5, 5]);
    let url = past.node.url();
    auditor.json(&["join", &url, "--office", "auditor"]);
    assert_eq!(auditor.json(&["audit", &url])["verdict"], json!("holds"));
    // The witnesses have seen two records today; a third one appears, and says that it is two days old.
    past.node.stop();
    opened(&past, "mia", days_ago(2));
    past.node.start();
    past.node.client().published(3);
    let ran = auditor.run(&["audit", &url, "--since"]);
    assert_eq!(ran.status, 8, "{ran:?}");
    let audit: Value = serde_json::from_str(ran.out.trim().lines().last().unwrap()).unwrap();
    assert_eq!(audit["verdict"], json!("unexplained"), "{audit}");
    let asked = ["stamped_before_seen", "not_witnessed"].map(|code| (json!(code), json!([2])));
    assert_eq!(codes(&audit), asked, "{audit}");
}
