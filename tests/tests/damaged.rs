//! A node whose disk damages or refuses something: it serves what holds, records nothing, and says why.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_api::{CreateInvitation, Join, KeyJson, Problem, Profile, ReceiptJson, paths};
use klaver_ledger::account::Rights;
use klaver_ledger::amount::Scale;
use klaver_ledger::testing::{account, grant, key};
use klaver_tests::client::Answer;
use klaver_tests::node::{Node, copy_directory};
use klaver_tests::town::Town;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A town with so many payments of 0.01 from mia to the bakery.
fn town(directory: &Path, payments: usize) -> Town {
    let town = Town::found(directory, &["mia"], &["bakery"]);
    town.give(&["mia"], 100_000);
    pay(&town, payments);
    town
}

fn pay(town: &Town, payments: usize) {
    for _ in 0..payments {
        assert_eq!(town.client.submit(&town.pay("mia", "bakery", 1)).status, 201);
    }
}

/// Starts the node of a town again; its connections are new.
fn restart(town: &mut Town, start: impl FnOnce(&mut Node)) {
    town.node.stop();
    start(&mut town.node);
    town.client = town.node.client();
}

fn segments(town: &Town) -> Vec<PathBuf> {
    let all = std::fs::read_dir(town.node.ledger()).unwrap().flatten().map(|file| file.path());
    let is_segment = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("segment-");
    let mut segments: Vec<PathBuf> = all.filter(is_segment).collect();
    segments.sort();
    segments
}

/// Flips a bit in the middle of what a segment holds.
fn damage(segment: &Path) {
    let mut bytes = std::fs::read(segment).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    // Behind the header of 4,096 bytes.
    bytes[(4_096 + used) / 2] ^= 16;
    std::fs::write(segment, bytes).unwrap();
}

fn problem(answer: &Answer) -> Problem {
    assert_eq!(answer.status, 503, "{answer:?}");
    let problem: Problem = serde_json::from_value(answer.json.clone()).unwrap();
    assert_eq!(problem.code, "read_only", "{answer:?}");
    problem
}

/// Returns what somebody new sends to join, as a wallet would.
fn newcomer(town: &Town) -> Join {
    let challenge = town.client.challenge();
    let origin = challenge.origin.clone();
    let proof = challenge.for_joining(&town.ledger, &origin, &key("newcomer"), &[]).unwrap();
    let scale = Scale::new(2).unwrap();
    Join { code: None, keys: vec![KeyJson::of(&grant("newcomer", Rights::ALL), scale)], proof }
}

/// Asks everything that would write something: each is refused, with why and what to do.
fn nothing_is_written(town: &Town, why: &str) {
    let token = town.session("mia");
    let till = town.session("bakery");
    let size = town.size();
    let profile = paths::fill(paths::PROFILE, account("bakery"));
    let draft = json!({ "envelope": klaver_api::text::base64url(&town.pay("mia", "bakery", 1).encode()) });
    let invitation = CreateInvitation { uses: 1, valid_for: 600 };
    let named = Profile { name: Some("De Korenaar".to_owned()), listed: true, address: None, position: None };
    for (what, answer) in [
        ("a payment", town.client.submit(&town.pay("mia", "bakery", 1))),
        ("a draft", town.client.post(paths::DRAFTS, None, &draft)),
        ("a payment request", town.ask("bakery", &till, "1.00", None)),
        ("joining", town.client.post(paths::JOIN, None, &newcomer(town))),
        ("an invitation", town.client.post(paths::INVITATIONS, Some(&town.council_session()), &invitation)),
        ("a name", town.client.put(&profile, &till, &named)),
    ] {
        let problem = problem(&answer);
        assert!(problem.detail.contains(why), "{what}: {}", problem.detail);
        assert!(problem.advice.is_some_and(|advice| advice.len() > 20), "{what} says what to do");
    }
    let note =
        town.client.try_post(paths::WITNESS_COSIGNATURES, None, "text/plain", b"a.example/log\n1\nAA==\n");
    assert!(!(200..300).contains(&note.unwrap().status), "no cosignature is taken");
    let read = town.client.get(&paths::fill(paths::ACCOUNT, account("mia")), Some(&token));
    assert_eq!((read.status, read.text("name")), (200, ""), "{read:?}");
    assert_eq!(town.size(), size);

    // It lives, is not ready, and both the community and the metrics tell.
    assert_eq!(town.client.get(paths::HEALTHZ, None).status, 200);
    assert!(problem(&town.client.get(paths::READYZ, None)).detail.contains(why));
    assert!(town.client.community().read_only.is_some_and(|said| said.detail.contains(why)));
    assert!((town.node.metric("klaver_read_only ") - 1.0).abs() < f64::EPSILON);
}

#[test]
fn what_stands_before_the_damage_is_served_for_reading() {
    let directory = tempfile::tempdir().unwrap();
    let mut town = town(directory.path(), 30);
    let early = town.client.submit(&town.pay("mia", "bakery", 1)).receipt();
    pay(&town, 10);
    let late = town.pay("mia", "bakery", 1);
    let last = town.client.submit(&late).receipt();
    let size = town.size();
    town.node.stop();
    // A snapshot would let the start pass over what is damaged below it.
    for file in std::fs::read_dir(town.node.ledger()).unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with("snapshot-") {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    let whole = directory.path().join("whole");
    copy_directory(&town.node.ledger(), &whole);

    // The newest record cannot be read any more; the anchor knows that it was there.
    let segment = segments(&town).pop().unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[used - 250] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let from = town.node.log_length();
    town.node.start_read_only();
    town.client = town.node.client();
    assert!(town.node.said(from).contains("read-only"), "{}", town.node.said(from));
    let left = town.size();
    assert_eq!(left, size - 1, "all but the damaged record");
    nothing_is_written(&town, &format!("records below {left} hold"));
    nothing_is_written(&town, "offset");
    assert_eq!(town.balance("bakery"), "0.41");
    let identity = town.client.identity();
    let checked = town.client.get(&paths::fill(paths::RECEIPT, early.index), Some(&town.session("mia")));
    let checked: ReceiptJson = serde_json::from_value(checked.json).unwrap();
    assert_eq!(checked.to_receipt().unwrap().verify(&identity).unwrap().index, early.index);
    // What was acknowledged and cannot be read is not denied.
    let token = town.session("mia");
    problem(&town.client.get(&paths::fill(paths::RECEIPT, last.index), Some(&token)));
    let id = late.id(&town.ledger).to_hex();
    problem(&town.client.get(&paths::fill(paths::ENTRY, id), Some(&token)));
    // The public log never goes back: what was published last cannot be shown, so nothing is.
    problem(&town.client.get(paths::LOG_CHECKPOINT, None));
    town.node.stop();
    assert_eq!(std::fs::read(&segment).unwrap(), bytes, "nothing in the directory was changed");
    let said = town.node.verify();
    assert!(said.status != 0 && said.err.contains(&format!("record {left}")), "{said:?}");

    // Without its anchor the ledger is read to its end, but nobody knows what was published.
    std::fs::remove_dir_all(town.node.ledger()).unwrap();
    copy_directory(&whole, &town.node.ledger());
    std::fs::remove_file(town.node.ledger().join("anchor")).unwrap();
    town.node.start_read_only();
    town.client = town.node.client();
    nothing_is_written(&town, "the anchor is missing");
    assert_eq!((town.size(), town.balance("bakery").as_str()), (size, "0.42"));
    problem(&town.client.get(paths::LOG_CHECKPOINT, None));
    // An entry that was recorded before gets its receipt also now.
    let again = town.client.submit(&late);
    assert_eq!((again.status, again.receipt().index), (200, last.index), "{again:?}");
    town.node.stop();

    // The copy put back is served and written to as ever.
    std::fs::remove_dir_all(town.node.ledger()).unwrap();
    copy_directory(&whole, &town.node.ledger());
    town.node.start();
    town.client = town.node.client();
    pay(&town, 1);
    assert_eq!(town.size(), size + 1);
}

#[test]
fn damage_below_a_snapshot_is_found_in_the_background() {
    let directory = tempfile::tempdir().unwrap();
    let mut town = town(directory.path(), 40);
    restart(&mut town, Node::start);
    pay(&town, 5);
    restart(&mut town, Node::start);
    let until = Instant::now() + Duration::from_secs(30);
    while town.node.metric("klaver_checked_records ") < town.size() as f64 {
        assert!(Instant::now() < until, "not everything was read");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!((town.node.metric("klaver_differences_total ")).abs() < f64::EPSILON);
    let all = segments(&town);
    // The first holds the founding alone.
    assert!(3 <= all.len(), "{all:?}");
    let from = town.node.log_length();
    restart(&mut town, |node| {
        damage(&all[1]);
        // The snapshot covers it: the node starts as ever, and finds out.
        node.start_read_only();
    });
    let said = town.node.said(from);
    assert!(said.contains("replayed=0") && said.contains("is read-only"), "{said}");
    nothing_is_written(&town, "cannot be trusted any more");
    assert!((town.node.metric("klaver_differences_total ") - 1.0).abs() < f64::EPSILON);
    assert_eq!(town.balance("bakery"), "0.45");
}

#[test]
fn after_a_failed_write_reads_go_on_and_nothing_is_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let mut town = town(directory.path(), 60);
    let (size, before) = (town.size(), town.balance("bakery"));
    town.node.limit_files(8 << 10);
    let unknown = town.pay("mia", "bakery", 1);
    let answer = town.client.submit(&unknown);
    assert_eq!((answer.status, answer.code()), (503, "outcome_unknown"), "{answer:?}");
    assert!(answer.text("advice").contains("again"), "{answer:?}");
    nothing_is_written(&town, "cannot write");
    assert_eq!((town.size(), &town.balance("bakery")), (size, &before));
    // A start on a disk that takes nothing reads all the same.
    town.node.kill();
    town.node.start_on_full_disk();
    town.client = town.node.client();
    nothing_is_written(&town, "cannot");
    assert_eq!(town.balance("bakery"), before);
    assert_eq!(town.client.get(paths::LOG_CHECKPOINT, None).status, 200, "what was published is shown");
    town.node.kill();
    town.node.start();
    town.client = town.node.client();
    assert_eq!(town.size(), size, "what was acknowledged is there, and nothing else");
    assert_eq!(town.client.submit(&unknown).status, 201, "the same bytes again");
    pay(&town, 1);
}
