//! Tests of the contact with a node and its log.

use super::*;
use crate::moment::ClockState;
use klaver_ledger::amount::{Scale, Total};
use klaver_ledger::charter::{Charter, Policy};
use klaver_ledger::id::LedgerId;
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::log::checkpoint::Checkpoint;
use klaver_ledger::log::hash::{leaf_hash, node_hash};
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::time::{Seconds, Timestamp};

fn log_key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn signed(size: u64, root: Hash) -> SignedCheckpoint {
    signed_by(&log_key(), size, root)
}

fn signed_by(key: &SigningKey, size: u64, root: Hash) -> SignedCheckpoint {
    let origin = KeyName::new("localhost/log").unwrap();
    let public_key = key.verifying_key().to_bytes();
    let verifier = VerifierKey::new(origin.clone(), KeyKind::Note, &public_key).unwrap();
    let sign = |message: &[u8]| klaver_ledger::keys::sign(key, message).0;
    Checkpoint { origin, size, root }.sign(&verifier, sign).unwrap()
}

/// A node that answers each of these paths with its body.
fn node(answers: Vec<(&'static str, String)>) -> NodeAddress {
    let answers = answers.into_iter().map(|(path, body)| (path.to_owned(), body.into_bytes()));
    let (port, _) = double::serve(|_| answers.collect());
    NodeAddress::parse(&format!("http://127.0.0.1:{port}")).unwrap()
}

fn community(node: NodeAddress, checkpoint: Option<SignedCheckpoint>) -> Community {
    let name = KeyName::new("localhost/log").unwrap();
    let public_key = log_key().verifying_key().to_bytes();
    Community {
        ledger: LedgerId([1; 32]),
        name: "De Klaver".into(),
        node,
        one: "klaver".into(),
        many: "klavers".into(),
        scale: Scale::new(2).unwrap(),
        demo: false,
        log_key: VerifierKey::new(name, KeyKind::Note, &public_key).unwrap(),
        log_path: "/log".into(),
        checkpoint,
        ahead: Vec::new(),
        terms: None,
        believed: None,
        clock: Clock::default(),
        past: crate::past::Past::default(),
    }
}

fn places(directory: &tempfile::TempDir) -> Places {
    let places = Places::find(Some(directory.path())).unwrap();
    places.create().unwrap();
    places
}

#[test]
fn a_log_that_grew_is_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (leaf_hash(b"one"), leaf_hash(b"two"));
    let grown = signed(2, node_hash(&one, &two));
    let proof = ConsistencyJson { from: 1, to: 2, proof: vec![two.to_base64()] };
    let node = node(vec![
        ("/log/checkpoint", grown.to_string()),
        ("/v1/proofs/consistency?from=1&to=2", serde_json::to_string(&proof).unwrap()),
    ]);
    let known = community(node, Some(signed(1, one)));
    let places = places(&directory);
    let contact = Contact::open(&places, known).unwrap();
    assert_eq!(contact.community.checkpoint, Some(grown.clone()));
    let kept = Community::load(&places, &LedgerId([1; 32])).unwrap();
    assert_eq!(kept.checkpoint, Some(grown));
}

#[test]
fn a_log_that_was_rewritten_is_an_alarm_with_evidence() {
    let (one, other) = (leaf_hash(b"one"), leaf_hash(b"other"));
    let two = node_hash(&other, &leaf_hash(b"two"));
    let proof = |hash: &Hash| {
        let proof = ConsistencyJson { from: 1, to: 2, proof: vec![hash.to_base64()] };
        serde_json::to_string(&proof).unwrap()
    };
    let path = "/v1/proofs/consistency?from=1&to=2";
    for (answers, known) in [
        // The same size with another root.
        (vec![("/log/checkpoint", signed(1, other).to_string())], signed(1, one)),
        // Larger, but not a continuation.
        (
            vec![("/log/checkpoint", signed(2, two).to_string()), (path, proof(&leaf_hash(b"two")))],
            signed(1, one),
        ),
        // Smaller: rolled back.
        (vec![("/log/checkpoint", signed(1, one).to_string())], signed(2, two)),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let places = places(&directory);
        let failure = match Contact::open(&places, community(node(answers), Some(known.clone()))) {
            Ok(_) => panic!("a rewritten log was accepted"),
            Err(failure) => failure,
        };
        assert_eq!((failure.code.as_str(), failure.exit), ("history_rewritten", Exit::Mismatch));
        let evidence: Vec<_> = std::fs::read_dir(places.evidence()).unwrap().collect();
        assert_eq!(evidence.len(), 1);
        let text = std::fs::read_to_string(evidence[0].as_ref().unwrap().path()).unwrap();
        assert!(text.contains(&known.to_string()), "{text}");
    }
}

#[test]
fn a_receipt_ahead_of_the_published_log_is_checked_when_it_gets_there() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (leaf_hash(b"one"), leaf_hash(b"two"));
    let published = signed(2, node_hash(&one, &two));
    let mut known = community(node(vec![("/log/checkpoint", published.to_string())]), None);
    assert_eq!(known.remember(signed(2, leaf_hash(b"something else")), moment::now()), None);
    let failure = Contact::open(&places(&directory), known).err().unwrap();
    assert_eq!(failure.code, "history_rewritten");
}

#[test]
fn seals_ahead_are_kept_with_their_time_and_the_smallest_goes_first() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(&directory);
    let answers = vec![("/log/checkpoint", signed(1, leaf_hash(b"one")).to_string())];
    let mut contact = Contact::open(&places, community(node(answers), None)).unwrap();
    for size in 2..66 {
        contact.compare(&signed(size, leaf_hash(&size.to_be_bytes()))).unwrap();
    }
    let known = Community::load(&places, &LedgerId([1; 32])).unwrap();
    assert_eq!((known.ahead.len(), known.known_size()), (64, 65));
    let now = moment::now();
    assert_eq!(known.overdue(now), None);
    assert_eq!(known.overdue(now.after(Seconds(601))), Some(known.ahead[0].since));
    // One more is kept, and it is said that another one cannot be compared any more.
    let failure = contact.compare(&signed(99, leaf_hash(b"99"))).unwrap_err();
    assert_eq!(failure.code, "seals_too_many");
    let sizes = |community: &Community| -> Vec<u64> {
        community.ahead.iter().map(|waits| waits.seen.checkpoint().size).collect()
    };
    assert_eq!(sizes(&contact.community), (3..66).chain([99]).collect::<Vec<_>>());
    // A seal of a size that waits must have its root.
    let failure = contact.compare(&signed(99, leaf_hash(b"other"))).unwrap_err();
    assert_eq!(failure.code, "history_rewritten");
}

/// What a node says of itself when its clock says `now`.
fn said(now: Timestamp) -> String {
    let key = |seed: u8| PublicKey::of(&SigningKey::from_bytes(&[seed; 32]));
    let charter = Charter {
        rules: 1,
        log_keys: vec![key(9)],
        origin: "localhost/log".into(),
        witness_policy: Digest([0; 32]),
        council: vec![key(1)],
        council_threshold: 1,
        rescue: Vec::new(),
        rescue_threshold: 0,
        registrar: key(2),
        guardian: key(3),
        auditors: Vec::new(),
        policy: Policy { offline_cap: Total::new(500).unwrap(), ..Policy::starting() },
    };
    let said = serde_json::json!({
        "name": "De Klaver", "unit": { "one": "klaver", "many": "klavers" }, "scale": 2,
        "ledger": LedgerId([1; 32]).to_hex(), "origin": "http://localhost:8080", "size": 1,
        "now": now.to_string(), "charter_base": 0, "settlement": "", "demo": false, "read_only": null,
        "charter": klaver_api::CharterJson::of(&charter, Scale::new(2).unwrap()),
        "log": { "url": "", "origin": "localhost/log", "vkey": "" },
    });
    said.to_string()
}

#[test]
fn a_visit_learns_the_bounds_of_payments_without_network_and_the_time() {
    for (hours, state) in [(0, ClockState::Right), (24, ClockState::Wrong)] {
        let directory = tempfile::tempdir().unwrap();
        let now = moment::now().after(Seconds(hours * 3_600));
        let answers =
            vec![("/log/checkpoint", signed(1, leaf_hash(b"one")).to_string()), ("/v1/community", said(now))];
        let places = places(&directory);
        let contact = Contact::open(&places, community(node(answers), None)).unwrap();
        assert_eq!(contact.community.clock.state(), state);
        assert!(contact.community.clock.now().millis().abs_diff(now.millis()) < 60_000);
        let kept = Community::load(&places, &LedgerId([1; 32])).unwrap().terms.unwrap();
        assert_eq!((kept.offline_cap_minor, kept.pay_validity), (500, 7 * 86_400));
    }
}

#[test]
fn a_seal_by_another_key_is_an_alarm() {
    let directory = tempfile::tempdir().unwrap();
    let forged = signed_by(&SigningKey::from_bytes(&[8; 32]), 1, leaf_hash(b"one"));
    let known = community(node(vec![("/log/checkpoint", forged.to_string())]), None);
    let failure = Contact::open(&places(&directory), known).err().unwrap();
    assert_eq!((failure.code.as_str(), failure.exit), ("checkpoint_wrong", Exit::Mismatch));
}
