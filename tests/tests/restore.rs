//! A backup that is put back: the newest one goes on once witnesses have confirmed it, an older one never records again.
//! And what a node's witnesses are asked while nothing is recorded.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_api::paths;
use klaver_ledger::log::checkpoint::Checkpoint;
use klaver_ledger::log::note::Note;
use klaver_ledger::log::policy::{PolicyVerdict, TrustPolicy};
use klaver_tests::binaries::{Ran, klaver_node};
use klaver_tests::node::{Node, copy_directory, private_directory, run};
use klaver_tests::patience::{BEATS, within};
use klaver_tests::town::{Town, now};
use klaver_tests::witness::{Front, Manner, Said, Witness, watch, witnesses};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

fn town(directory: &Path) -> (Town, Vec<Witness>) {
    let (mut all, file) = witnesses(directory, &["A", "B", "C"], 2);
    let options = ["--witness-policy", file.to_str().unwrap()];
    let town = Town::found_with(&directory.join("town"), &["mia"], &["bakery"], &options);
    town.give(&["mia"], 10_000);
    watch(&mut all, &town.client.community().log.vkey);
    (town, all)
}

fn policy(town: &Town) -> TrustPolicy {
    String::from_utf8(town.client.get(paths::LOG_POLICY, None).bytes).unwrap().parse().unwrap()
}

/// Pays, and waits until a quorum has seen it.
fn witnessed_payment(town: &Town) -> PolicyVerdict {
    assert_eq!(town.client.submit(&town.pay("mia", "bakery", 1)).status, 201);
    let (policy, size) = (policy(town), town.size());
    within(BEATS, "a quorum", || {
        let note = Note::parse(&town.client.get(paths::LOG_CHECKPOINT, None).bytes).unwrap();
        let verdict = policy.judge(&note, now().seconds()).unwrap();
        (verdict.quorum_reached && verdict.checkpoint.size == size).then_some(verdict)
    })
}

/// Runs `klaver-node restore` into `home/data`.
fn restore(from: &Path, home: &Path, options: &[&str]) -> Ran {
    private_directory(home);
    let mut command = klaver_node();
    run(command.arg("restore").arg("--from").arg(from).arg("--into").arg(home.join("data")).args(options))
}

#[test]
fn a_restored_node_records_when_a_quorum_has_seen_nothing_later() {
    let directory = tempfile::tempdir().unwrap();
    let (mut town, mut all) = town(directory.path());
    witnessed_payment(&town);
    town.node.stop();
    let backup = directory.path().join("backup");
    copy_directory(&town.node.data(), &backup);
    let home = directory.path().join("home");
    let ran = restore(&backup, &home, &[]);
    assert!(ran.status == 0 && ran.out.contains("only reads until a quorum"), "{ran:?}");
    let twice = restore(&backup, &home, &[]);
    assert!(twice.status == 1 && twice.err.contains("is there already"), "{twice:?}");

    // One witness is not enough: it reads, and says what it waits for.
    all[1].kill();
    all[2].kill();
    town.node = town.node.under_same_address(&home);
    town.node.start_read_only();
    town.client = town.node.client();
    let why = town.client.get("/readyz", None);
    assert!(why.text("detail").contains("restored from a backup"), "{why:?}");
    assert_eq!(town.balance("mia"), "99.99");
    let refused = town.client.submit(&town.pay("mia", "bakery", 1));
    assert_eq!((refused.status, refused.code()), (503, "read_only"), "{refused:?}");
    assert!(home.join("data/restored").exists());

    all[1].start();
    within(BEATS, "a quorum that has seen nothing later", || {
        (town.client.get("/readyz", None).status == 200).then_some(())
    });
    assert!(!home.join("data/restored").exists());
    let verdict = witnessed_payment(&town);
    assert!(verdict.seen.len() >= 2, "{verdict:?}");
    // What was confirmed is not asked again.
    town.node.stop();
    all[0].kill();
    all[1].kill();
    town.node.start();
}

#[test]
fn an_old_backup_stays_read_only_with_the_evidence() {
    let directory = tempfile::tempdir().unwrap();
    let (mut town, _all) = town(directory.path());
    witnessed_payment(&town);
    town.node.stop();
    let backup = directory.path().join("backup");
    copy_directory(&town.node.data(), &backup);
    town.node.start();
    town.client = town.node.client();
    let newest = witnessed_payment(&town).checkpoint;
    town.node.stop();
    let home = directory.path().join("home");
    assert_eq!(restore(&backup, &home, &[]).status, 0);
    town.node = town.node.under_same_address(&home);
    for _ in 0..2 {
        town.node.start_read_only();
        town.client = town.node.client();
        within(BEATS, "the evidence", || {
            let why = town.client.get("/readyz", None);
            why.text("detail").contains("our own log signed").then_some(())
        });
        let refused = town.client.submit(&town.pay("mia", "bakery", 1));
        assert_eq!((refused.status, refused.code()), (503, "read_only"), "{refused:?}");
        town.node.stop();
    }
    let evidence: Vec<Checkpoint> = std::fs::read_dir(home.join("data/evidence"))
        .unwrap()
        .flatten()
        .filter(|file| file.file_name().to_string_lossy().ends_with(".seen.note"))
        .map(|file| {
            Checkpoint::parse(Note::parse(&std::fs::read(file.path()).unwrap()).unwrap().text()).unwrap()
        })
        .collect();
    assert_eq!(evidence, [newest]);
}

#[test]
fn an_old_cosignature_that_is_shown_again_confirms_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut witness = Witness::init(&directory.path().join("A"), "a.example/w");
    let front = Front::before(&witness);
    let file = directory.path().join("witnesses");
    std::fs::write(&file, format!("witness A {} {}\nquorum A\n", witness.vkey(), front.url())).unwrap();
    let options = ["--witness-policy", file.to_str().unwrap()];
    let mut town = Town::found_with(&directory.path().join("town"), &["mia"], &["bakery"], &options);
    town.give(&["mia"], 10_000);
    witness.trust(&town.client.community().log.vkey, &[]);
    witness.start();
    witnessed_payment(&town);
    let shown = Note::parse(&town.client.get(paths::LOG_CHECKPOINT, None).bytes).unwrap();
    let line = shown.signatures().iter().find(|line| line.name().as_str() == "a.example/w").unwrap();
    town.node.stop();
    let backup = directory.path().join("backup");
    copy_directory(&town.node.data(), &backup);
    town.node.start();
    town.client = town.node.client();
    // The witness sees more, and then nobody hears it: whoever stands between says what it said about the backup.
    witnessed_payment(&town);
    town.node.stop();
    front.behave(Manner::Always(Said {
        status: 200,
        media: "text/plain".to_owned(),
        body: format!("{line}\n"),
    }));
    std::thread::sleep(Duration::from_millis(1_100));
    let home = directory.path().join("home");
    assert_eq!(restore(&backup, &home, &[]).status, 0);
    town.node = town.node.under_same_address(&home);
    town.node.start_read_only();
    town.client = town.node.client();
    let policy = policy(&town);
    // The line is a true one, and shown; what is recorded waits for one that is new.
    within(BEATS, "the old line", || {
        let note = Note::parse(&town.client.get(paths::LOG_CHECKPOINT, None).bytes).unwrap();
        policy.judge(&note, now().seconds()).unwrap().quorum_reached.then_some(())
    });
    for _ in 0..4 {
        std::thread::sleep(Duration::from_secs(1));
        let why = town.client.get("/readyz", None);
        assert!(why.text("detail").contains("restored from a backup"), "{why:?}");
        let refused = town.client.submit(&town.pay("mia", "bakery", 1));
        assert_eq!((refused.status, refused.code()), (503, "read_only"), "{refused:?}");
        assert!(home.join("data/restored").exists());
    }
    // It goes on asking: as soon as the witness is heard itself, the backup is known to be too old.
    front.behave(Manner::Honest);
    within(BEATS, "the evidence", || {
        let why = town.client.get("/readyz", None);
        why.text("detail").contains("our own log signed").then_some(())
    });
}

#[test]
fn what_was_shown_before_a_fault_is_still_witnessed() {
    let directory = tempfile::tempdir().unwrap();
    let (town, mut all) = town(directory.path());
    witnessed_payment(&town);
    all[1].kill();
    all[2].kill();
    for _ in 0..60 {
        assert_eq!(town.client.submit(&town.pay("mia", "bakery", 1)).status, 201);
    }
    town.client.await_publication();
    let policy = policy(&town);
    let verdict = || {
        let note = Note::parse(&town.client.get(paths::LOG_CHECKPOINT, None).bytes).unwrap();
        policy.judge(&note, now().seconds()).unwrap()
    };
    within(BEATS, "the one that is there", || (verdict().seen.len() == 1).then_some(()));
    assert!(!verdict().quorum_reached);
    // The disk is full: nothing is recorded until the node is started again.
    town.node.limit_files(8 << 10);
    let refused = town.client.submit(&town.pay("mia", "bakery", 1));
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(town.client.get("/readyz", None).status, 503);
    std::thread::sleep(Duration::from_millis(2_500));
    all[1].start();
    within(BEATS, "a quorum for what was shown", || verdict().quorum_reached.then_some(()));
    assert_eq!(town.client.get("/readyz", None).status, 503);
}

#[test]
fn without_witnesses_or_with_a_damaged_backup_nothing_is_restored_by_accident() {
    let directory = tempfile::tempdir().unwrap();
    let mut town = Town::found(&directory.path().join("town"), &["mia"], &["bakery"]);
    town.give(&["mia"], 100);
    town.node.stop();
    let (backup, home) = (town.node.data(), directory.path().join("home"));
    let ran = restore(&backup, &home, &[]);
    assert!(ran.status == 1 && ran.err.contains("klaver checkpoint"), "{ran:?}");
    assert!(ran.err.contains("--unwitnessed") && ran.err.contains("restore_override"), "{ran:?}");
    let damaged = directory.path().join("damaged");
    copy_directory(&backup, &damaged);
    let largest = std::fs::read_dir(damaged.join("ledger")).unwrap().flatten();
    let largest = largest.filter(|file| file.file_type().unwrap().is_file());
    let journal = largest.max_by_key(|file| file.metadata().unwrap().len()).unwrap().path();
    let mut bytes = std::fs::read(&journal).unwrap();
    // In the middle of the first record.
    let at = bytes.iter().position(|byte| *byte == 0x84).unwrap().max(600);
    bytes[at] ^= 1;
    std::fs::write(&journal, bytes).unwrap();
    let ran = restore(&damaged, &home, &["--unwitnessed"]);
    assert!(ran.status == 1 && ran.err.contains("does not hold"), "{ran:?}");
    assert_eq!(std::fs::read_dir(&home).unwrap().count(), 0, "nothing half done");
    let ran = restore(&backup, &home, &["--unwitnessed"]);
    assert!(ran.status == 0 && ran.out.contains("Nobody has confirmed"), "{ran:?}");
    let mut node = Node::at(&home);
    node.start();
    assert_eq!(node.client().community().size, 3);
}

#[test]
fn an_unchanged_log_is_cosigned_again_at_every_heartbeat() {
    let directory = tempfile::tempdir().unwrap();
    let (mut town, all) = town(directory.path());
    let origin = town.client.community().log.origin;
    let first = witnessed_payment(&town).checkpoint;
    town.node.stop();
    let file = town.node.data().join("node.json");
    let mut settings: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(settings.get("witness_heartbeat_seconds"), None, "an hour, unless somebody says otherwise");
    settings["witness_heartbeat_seconds"] = json!(2);
    std::fs::write(&file, settings.to_string()).unwrap();
    town.node.start();
    town.client = town.node.client();
    let policy = policy(&town);
    // What the witness itself shows: the log's line, its own, and its time.
    let seen = || {
        let said = all[0].seen(&origin);
        assert_eq!((said.status, said.media.split(';').next()), (200, Some("text/plain")), "{said:?}");
        let verdict = policy.judge(&Note::parse(said.body.as_bytes()).unwrap(), now().seconds()).unwrap();
        assert_eq!((verdict.checkpoint, verdict.seen.len()), (first.clone(), 1));
        verdict.seen[0].at
    };
    let mut times = vec![seen()];
    within(BEATS, "three heartbeats", || {
        let at = seen();
        if times.last() != Some(&at) {
            times.push(at);
        }
        (times.len() == 4).then_some(())
    });
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    assert_eq!(all[0].seen("nobody.example/log").status, 404);
}
