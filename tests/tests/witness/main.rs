//! F15: witnesses that fail, lie and forget, an operator who forks, a backup that is too old.
//!
//! Real witness processes and a real node on loopback, a quorum of four in five. Whatever they do, payments go on; a
//! second history never reaches the quorum, and is noticed on the beat.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod hand_log;
mod public_log;
mod server;

use hand_log::HandLog;
use klaver_api::{ConsistencyJson, paths};
use klaver_ledger::id::LedgerId;
use klaver_ledger::keys::{PublicKey, SigningKey, sign};
use klaver_ledger::log::checkpoint::{Checkpoint, SignedCheckpoint};
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::log::note::Note;
use klaver_ledger::log::policy::{PolicyVerdict, TrustPolicy};
use klaver_ledger::log::proof::{TreeHead, verify_consistency};
use klaver_ledger::log::tree::{NoLeafTiles, Tree};
use klaver_ledger::log::witness::{AddCheckpoint, parse_cosignatures};
use klaver_tests::binaries::{klaver, klaver_node};
use klaver_tests::client::Client;
use klaver_tests::node::{Node, copy_directory, run};
use klaver_tests::patience::{BEATS, within};
use klaver_tests::programs;
use klaver_tests::town::{Town, now, payment};
use klaver_tests::wallet::Wallet;
use klaver_tests::witness::{Front, Manner, Said, Witness, exchange};
use klaver_tests::workspace::{read, setting};
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a payment may take whatever witnesses do, on a busy machine.
const PAYMENT_WITHIN: Duration = Duration::from_secs(5);

const NAMES: [&str; 5] = ["A", "B", "C", "D", "E"];

/// A town whose log asks five witnesses; the fifth stands behind a front.
struct World {
    town: Town,
    witnesses: Vec<Witness>,
    front: Front,
    policy: TrustPolicy,
    directory: TempDir,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let name = |name: &str| format!("{}.example/w", name.to_lowercase());
        let mut witnesses: Vec<Witness> =
            NAMES.iter().map(|each| Witness::init(&directory.path().join(each), &name(each))).collect();
        let front = Front::before(&witnesses[4]);
        let mut lines = String::new();
        for (number, (each, witness)) in NAMES.iter().zip(&witnesses).enumerate() {
            let url = if number == 4 { front.url() } else { witness.url() };
            lines += &format!("witness {each} {} {url}\n", witness.vkey());
        }
        lines += "group four 4 A B C D E\nquorum four\n";
        let file = directory.path().join("witnesses");
        std::fs::write(&file, lines).unwrap();
        let options = ["--witness-policy", file.to_str().unwrap()];
        let town = Town::found_with(&directory.path().join("town"), &["anna"], &["bakery"], &options);
        town.give(&["anna"], 1_000_000);
        let vkey = town.client.community().log.vkey;
        for witness in &mut witnesses {
            witness.trust(&vkey, &[]);
            witness.start();
        }
        let text = String::from_utf8(town.client.get(paths::LOG_POLICY, None).bytes).unwrap();
        let policy: TrustPolicy = text.parse().unwrap();
        Self { town, witnesses, front, policy, directory }
    }

    /// Pays once, which must be quick, and returns how many records there are then at least.
    fn pay(&self) -> u64 {
        pay(&self.town.client, self.town.ledger)
    }

    fn verdict(&self) -> PolicyVerdict {
        verdict(&self.town.client, &self.policy)
    }

    /// Waits until a quorum has cosigned `size` records or more, paying on; returns who did.
    fn witnessed(&self, size: u64) -> PolicyVerdict {
        within(BEATS, "a quorum", || {
            let verdict = self.verdict();
            (verdict.quorum_reached && size <= verdict.checkpoint.size).then_some(verdict)
        })
    }

    /// Lets the fifth witness behave like this for some payments; it must not count, and must not matter.
    fn without_the_fifth(&self, manner: Manner) {
        self.front.behave(manner);
        let first = self.pay();
        let verdict = self.witnessed(first);
        let names: Vec<&str> = verdict.seen.iter().map(|seen| seen.witness.as_str()).collect();
        assert_eq!(names, ["A", "B", "C", "D"]);
        self.is_ready();
    }

    fn is_ready(&self) {
        let ready = self.town.client.get("/readyz", None);
        assert_eq!(ready.status, 200, "{ready:?}");
    }
}

fn pay(client: &Client, ledger: LedgerId) -> u64 {
    let began = Instant::now();
    let answer = client.submit(&payment(&ledger, "anna", "bakery", 1));
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(began.elapsed() < PAYMENT_WITHIN, "a payment took {:?}", began.elapsed());
    answer.receipt().index + 1
}

/// Pays once and waits until that is published; a node that records nothing any more has no beat to wait for.
fn a_beat(client: &Client, ledger: LedgerId) {
    let answer = client.submit(&payment(&ledger, "anna", "bakery", 1));
    if answer.status != 201 {
        return assert_eq!(answer.code(), "read_only", "{answer:?}");
    }
    let size = answer.receipt().index + 1;
    within(BEATS, "beat", || {
        let shown = Checkpoint::parse(checkpoint(client).text()).unwrap().size;
        (size <= shown || client.get("/readyz", None).status == 503).then_some(())
    });
}

fn checkpoint(client: &Client) -> Note {
    Note::parse(&client.get(paths::LOG_CHECKPOINT, None).bytes).unwrap()
}

fn verdict(client: &Client, policy: &TrustPolicy) -> PolicyVerdict {
    policy.judge(&checkpoint(client), now().seconds()).unwrap()
}

/// Waits until the node records nothing any more, and returns why.
fn read_only(client: &Client) -> String {
    within(BEATS, "alarm", || {
        let answer = client.get("/readyz", None);
        (answer.status == 503).then(|| answer.text("detail").to_owned())
    })
}

fn evidence(data: &Path) -> Vec<SignedCheckpoint> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(data.join("evidence")).into_iter().flatten().flatten() {
        let note = Note::parse(&std::fs::read(file.path()).unwrap()).unwrap();
        if file.file_name().to_str().unwrap().ends_with(".seen.note") {
            let log: VerifierKey = std::fs::read_to_string(data.join("witness-policy"))
                .unwrap()
                .split(' ')
                .nth(1)
                .unwrap()
                .parse()
                .unwrap();
            found.push(SignedCheckpoint::from_note(note, &log).unwrap());
        }
    }
    found
}

#[test]
fn f15_whatever_witnesses_do_payments_go_on() {
    let mut world = World::new();
    let size = world.pay();
    let verdict = within(BEATS, "all five", || {
        let verdict = world.verdict();
        (verdict.seen.len() == 5 && size <= verdict.checkpoint.size).then_some(verdict)
    });
    assert!(verdict.quorum_reached && verdict.seen_in_future.is_empty());
    // The council sees how far each of them has come, everybody how many have.
    let state = world.town.witness_state();
    assert_eq!(state.each.iter().map(|seen| &*seen.name).collect::<Vec<_>>(), NAMES);
    assert!(state.size >= Some(size) && state.each.iter().all(|seen| seen.size >= Some(size)), "{state:?}");
    let home = String::from_utf8(world.town.client.get("/", None).bytes).unwrap();
    assert!(home.contains("5 van 5 meekijkers zagen het logboek bij "), "{home}");

    // A receipt that is fetched later carries the quorum.
    let token = world.town.session("anna");
    let index = size - 1;
    let answer = world.town.client.get(&paths::fill(paths::RECEIPT, index), Some(&token));
    let receipt: klaver_api::ReceiptJson = serde_json::from_value(answer.json).unwrap();
    let receipt = receipt.to_receipt().unwrap();
    receipt.verify(&world.town.client.identity()).unwrap();
    assert!(world.policy.judge(&receipt.checkpoint, now().seconds()).unwrap().quorum_reached);

    // Slow, silent, garbled, empty, with another witness's line, with a number, with an error.
    let say = |status, body: &str| {
        Manner::Always(Said { status, media: "text/plain".to_owned(), body: body.to_owned() })
    };
    world.without_the_fifth(Manner::Slow(Duration::from_secs(6)));
    world.without_the_fifth(say(200, ""));
    world.without_the_fifth(say(200, "\u{2014} no line at all\n"));
    let others = checkpoint(&world.town.client);
    let line = others.signatures().iter().find(|line| line.name().as_str() == "a.example/w").unwrap();
    world.without_the_fifth(say(200, &format!("{line}\n")));
    let own = line.to_string().replace("a.example", "e.example");
    world.without_the_fifth(say(200, &format!("{own}\n")));
    world.without_the_fifth(say(409, "no number"));
    world.without_the_fifth(say(409, "99999999\n"));
    world.without_the_fifth(say(422, "it does not continue"));
    world.without_the_fifth(say(500, "out of order"));

    // A word alone never stops us, not even about another history.
    let text = "klaver.example/log\n99999999\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    world.without_the_fifth(say(409, &format!("{text}\n{own}\n")));

    // Two are gone: no quorum, and still every payment; one is back: a quorum again.
    world.front.behave(Manner::Honest);
    world.witnesses[4].kill();
    let size = world.pay();
    assert_eq!(world.witnessed(size).seen.len(), 4);
    let state = world.town.witness_state();
    assert!(state.size >= Some(size) && state.each[0].size >= Some(size), "{state:?}");
    assert!(state.each[4].size < Some(size), "the one that is gone saw less: {state:?}");
    world.witnesses[0].kill();
    let size = world.pay();
    let until = Instant::now() + Duration::from_secs(4);
    while Instant::now() < until {
        world.pay();
        let verdict = world.verdict();
        assert!(verdict.checkpoint.size < size || !verdict.quorum_reached, "{verdict:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    world.is_ready();
    world.witnesses[0].start();
    world.witnessed(size);
}

#[test]
fn f15_a_witness_that_forgot_does_not_start_until_it_is_told_to() {
    let mut world = World::new();
    let size = world.pay();
    world.witnessed(size);
    let first = &mut world.witnesses[0];
    first.kill();
    std::fs::remove_dir_all(first.directory().join("state")).unwrap();
    let refused = first.run("serve", &["--listen", "127.0.0.1:1"]);
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("is lost") && refused.err.contains("recover"), "{}", refused.err);

    let origin = world.town.client.community().log.origin;
    std::fs::create_dir(first.directory().join("state")).unwrap();
    let kept = world.directory.path().join("kept");
    // With the log's line alone: its own would tell what it cosigned.
    let shown = checkpoint(&world.town.client);
    let shown = Note::new(shown.text().to_owned(), shown.signatures()[0].clone()).unwrap();
    std::fs::write(&kept, shown.to_string()).unwrap();
    let told = first.run("recover", &["--origin", &origin, "--from", kept.to_str().unwrap()]);
    assert_eq!(told.status, 0, "{}", told.err);
    let again = first.run("recover", &["--origin", &origin, "--from-nothing"]);
    assert!(again.status == 1 && again.err.contains("nothing is to be recovered"), "{}", again.err);
    // What it began anew from it never cosigned, and it shows nobody that it did.
    world.town.node.stop();
    first.start();
    assert_eq!(first.seen(&origin).status, 404);
    world.town.node.start();
    world.town.client = world.town.node.client();
    let size = world.pay();
    let all = within(BEATS, "all five", || Some(world.verdict()).filter(|verdict| verdict.seen.len() == 5));
    assert!(size <= all.checkpoint.size || world.witnessed(size).quorum_reached);

    // One that begins from nothing is asked from nothing.
    let first = &mut world.witnesses[0];
    first.kill();
    std::fs::remove_dir_all(first.directory().join("state")).unwrap();
    std::fs::create_dir(first.directory().join("state")).unwrap();
    assert_eq!(first.run("recover", &["--origin", &origin, "--from-nothing"]).status, 0);
    first.start();
    let size = world.pay();
    within(BEATS, "all five", || {
        Some(world.verdict()).filter(|verdict| verdict.seen.len() == 5 && size <= verdict.checkpoint.size)
    });
    world.is_ready();
}

#[test]
fn f15_a_forked_operator_is_found_out_on_the_beat() {
    let (first, rounds) = (setting("KLAVER_FIRST_ROUND", 0), setting("KLAVER_ROUNDS", 20));
    for round in first..first + rounds {
        eprintln!("round {round}");
        a_forked_operator_is_found_out();
    }
}

/// Checks that the log of `client` holds `older` and `younger` in one history.
fn must_be_one_history(client: &Client, older: &Checkpoint, younger: &Checkpoint) {
    let head = |seen: &Checkpoint| TreeHead { size: seen.size, root: seen.root };
    let path = format!("{}?from={}&to={}", paths::CONSISTENCY, older.size, younger.size);
    let proof: Vec<Hash> = if older.size == younger.size {
        Vec::new()
    } else {
        let told: ConsistencyJson = serde_json::from_slice(&client.get(&path, None).bytes).unwrap();
        told.proof.iter().map(|text| Hash::from_base64(text).unwrap()).collect()
    };
    let one = verify_consistency(&head(older), &head(younger), &proof);
    assert_eq!(one, Ok(()), "both histories reached the quorum: {older:?} and {younger:?}");
}

/// One of two histories of a forked operator, and which of its forked checkpoints were public.
struct Side<'a> {
    client: &'a Client,
    forked: u64,
    published: Vec<u64>,
    /// How many were, when both sides had shown one.
    when_both: Option<usize>,
}

impl<'a> Side<'a> {
    fn new(client: &'a Client, forked: u64) -> Self {
        Self { client, forked, published: Vec::new(), when_both: None }
    }

    fn look(&mut self) {
        let size = Checkpoint::parse(checkpoint(self.client).text()).unwrap().size;
        if self.forked <= size && self.published.last() != Some(&size) {
            self.published.push(size);
        }
    }

    fn both_forked(&mut self) {
        self.when_both.get_or_insert(self.published.len());
    }

    fn alarm(&self) -> Option<String> {
        let said = self.client.get("/readyz", None);
        (said.status == 503).then(|| said.text("detail").to_owned())
    }

    /// Returns how many checkpoints it showed after both had shown one; none when it was found out before.
    fn beats_since(&self) -> usize {
        self.when_both.map_or(0, |at| self.published.len() - at)
    }
}

fn a_forked_operator_is_found_out() {
    let mut world = World::new();
    let size = world.pay();
    world.witnessed(size);
    world.town.node.stop();
    let other_home = world.directory.path().join("other");
    copy_directory(&world.town.node.data(), &other_home.join("data"));
    let mut other = Node::at(&other_home);
    world.town.node.start();
    other.start();
    let (one, two) = (world.town.node.client(), other.client());
    assert_eq!(one.community().size, two.community().size);
    // Each records something of its own: two histories under one key.
    let forked = pay(&one, world.town.ledger).min(pay(&two, world.town.ledger));

    let mut quorums: Vec<(&Client, Checkpoint)> = Vec::new();
    let mut look = || {
        for client in [&one, &two] {
            let verdict = verdict(client, &world.policy);
            if verdict.quorum_reached && forked <= verdict.checkpoint.size {
                quorums.push((client, verdict.checkpoint));
            }
        }
    };
    let mut sides = [Side::new(&one, forked), Side::new(&two, forked)];
    let why = within(BEATS, "alarm", || {
        look();
        sides.iter_mut().for_each(Side::look);
        if sides.iter().all(|side| !side.published.is_empty()) {
            sides.iter_mut().for_each(Side::both_forked);
        }
        // New records all the while: a beat without any publishes nothing.
        sides
            .iter()
            .for_each(|side| drop(side.client.submit(&payment(&world.town.ledger, "anna", "bakery", 1))));
        sides.iter().find_map(Side::alarm)
    });
    assert!(why.contains("our own log signed"), "{why}");
    // Since both had shown a forked checkpoint, whoever found out showed at most the one of the beat that followed.
    let found_out = sides.iter().filter(|side| side.alarm().is_some());
    let beats: Vec<usize> = found_out.map(Side::beats_since).collect();
    eprintln!("found out {beats:?} checkpoints after both were public");
    assert!(beats.iter().any(|beats| *beats <= 1), "{beats:?}");
    // Whoever still records goes on for two beats: witnesses are asked again, and no second history is cosigned.
    for _ in 0..2 {
        for client in [&one, &two] {
            a_beat(client, world.town.ledger);
        }
        look();
    }
    // Whatever reached a quorum, at whichever size and on whichever side, is one history.
    quorums.sort_by_key(|(_, seen)| seen.size);
    for pair in quorums.windows(2) {
        must_be_one_history(pair[1].0, &pair[0].1, &pair[1].1);
    }

    // The evidence: a checkpoint with the log's own signature.
    let found = [evidence(&world.town.node.data()), evidence(&other.data())].concat();
    assert!(!found.is_empty() && found.iter().all(|seen| forked <= seen.checkpoint().size), "{found:?}");
    let stopped = if one.get("/readyz", None).status == 503 { &one } else { &two };
    let refused = stopped.submit(&payment(&world.town.ledger, "anna", "bakery", 1));
    assert_eq!((refused.status, refused.code()), (503, "read_only"), "{refused:?}");
    let said = stopped.community().read_only.unwrap();
    assert_eq!(said.code, "two_histories", "{said}");
    assert!(said.detail.contains("evidence"), "{said}");
}

#[test]
fn f15_a_backup_that_is_too_old_is_read_only_with_evidence() {
    let mut world = World::new();
    let size = world.pay();
    world.witnessed(size);
    world.town.node.stop();
    let backup = world.directory.path().join("backup");
    copy_directory(&world.town.node.data(), &backup);
    world.town.node.start();
    world.town.client = world.town.node.client();
    let later = world.pay();
    world.witnessed(later);
    world.town.node.stop();
    std::fs::remove_dir_all(world.town.node.data()).unwrap();
    copy_directory(&backup, &world.town.node.data());

    world.town.node.start_read_only();
    world.town.client = world.town.node.client();
    let why = read_only(&world.town.client);
    assert!(why.contains("our own log signed a checkpoint of"), "{why}");
    assert_eq!(world.town.size(), size, "nothing was recorded on the old copy");
    let refused = world.town.client.submit(&world.town.pay("anna", "bakery", 1));
    assert_eq!((refused.status, refused.code()), (503, "read_only"));
    let found = evidence(&world.town.node.data());
    assert!(found.iter().any(|seen| seen.checkpoint().size == later), "{found:?}");

    // It stays so when nobody is there to ask: the evidence is on the disk.
    world.town.node.stop();
    world.witnesses.iter_mut().for_each(Witness::kill);
    world.town.node.start_read_only();
    world.town.client = world.town.node.client();
    assert!(read_only(&world.town.client).contains("kept evidence"));
}

#[test]
fn wallets_say_paid_and_witnessed_and_compare_what_they_saw() {
    let world = World::new();
    let home = world.directory.path().join("town");
    let council = Wallet::of(&home, "council");
    let jef = Wallet::init(&home, "jef");
    let opened = council.json(&["account", "open", "member", "--key", &jef.public_key()]);
    let (index, receipt) = (opened["index"].as_u64().unwrap(), opened["receipt"].as_str().unwrap());
    jef.json(&["join", &world.town.node.url(), "--existing", opened["account"].as_str().unwrap()]);

    // The receipt that came at once is paid; nobody has witnessed its seal yet.
    let said = council.json(&["receipt", "verify", receipt]);
    assert_eq!((&said["holds"], &said["paid"]), (&json!(true), &json!(true)), "{said}");
    assert_eq!(said["witnessed"], json!({ "quorum": false, "by": [], "of": 5 }));
    // The one that is fetched when the quorum is there says so, offline too.
    world.witnessed(index + 1);
    let later = home.join("later.tlog-proof");
    let later = later.to_str().unwrap();
    council.json(&["receipt", "save", &index.to_string(), "--out", later]);
    let said = council.json(&["receipt", "verify", later]);
    assert_eq!(said["witnessed"]["quorum"], json!(true), "{said}");
    let people = run(&mut council.plain(&["receipt", "verify", later, "--lang", "nl"]));
    assert!(people.out.contains("Betaald") && people.out.contains("van 5 meekijkers"), "{}", people.out);

    // Two people hold their seals together: the same, and an older one against a newer one.
    let before = council.json(&["checkpoint"]);
    let code = before["code"].as_str().unwrap();
    assert!(code.starts_with("KLVC:"), "{code}");
    assert_eq!(jef.json(&["checkpoint", code])["holds"], json!(true));
    let size = world.pay();
    world.witnessed(size);
    let said = jef.json(&["checkpoint", code]);
    assert_eq!((&said["holds"], &said["theirs"]), (&json!(true), &before["size"]), "{said}");
    assert!(said["theirs"].as_u64() < said["ours"].as_u64());
    let file = home.join("seal.txt");
    std::fs::write(&file, checkpoint(&world.town.client).to_string()).unwrap();
    assert_eq!(jef.json(&["checkpoint", file.to_str().unwrap()])["holds"], json!(true));

    // Another history under the same key is an alarm with evidence; one that nobody signed is not.
    let seed = std::fs::read_to_string(world.town.node.data().join("keys/log")).unwrap();
    let seed: [u8; 32] = data_encoding::HEXLOWER.decode(seed.trim().as_bytes()).unwrap().try_into().unwrap();
    let log = HandLog {
        secret: SigningKey::from_bytes(&seed),
        ..HandLog::new(&world.policy.logs()[0].key.name().to_string(), 1)
    };
    let log = HandLog { key: world.policy.logs()[0].key.clone(), ..log };
    let forked = log.note(before["size"].as_u64().unwrap(), Hash([7; 32]));
    std::fs::write(&file, forked.to_string()).unwrap();
    let refused = jef.refused(6, &["checkpoint", file.to_str().unwrap()]);
    assert_eq!(refused["code"], "history_rewritten");
    let kept: Vec<_> = std::fs::read_dir(jef.home().join("evidence")).unwrap().flatten().collect();
    let evidence = std::fs::read_to_string(kept[0].path()).unwrap();
    assert!(kept.len() == 1 && evidence.contains(forked.text()), "{evidence}");
    std::fs::write(&file, forked.to_string().replace("\u{2014} 127", "\u{2014} 128")).unwrap();
    assert_eq!(jef.refused(1, &["checkpoint", file.to_str().unwrap()])["code"], "checkpoint_not_signed");

    // The node names other witnesses, which the charter does not confirm: the wallet stays with what it knows.
    let mut world = world;
    world.town.node.stop();
    let policy = world.town.node.data().join("witness-policy");
    let text = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, text.replace("group four 4", "group four 1")).unwrap();
    world.town.node.start();
    let ran = jef.run(&["checkpoint"]);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    // One line of a witness would do by the list that the node shows now; by the one that he knows it does not.
    let shown = std::fs::read_to_string(later).unwrap();
    let is_other = |line: &&str| {
        ["b", "c", "d", "e"].iter().any(|w| line.starts_with(&format!("\u{2014} {w}.example/w ")))
    };
    let lines: Vec<&str> = shown.lines().filter(|line| !is_other(line)).collect();
    std::fs::write(&file, format!("{}\n", lines.join("\n"))).unwrap();
    let said = jef.json(&["receipt", "verify", file.to_str().unwrap()]);
    let by = said["witnessed"]["by"].as_array().unwrap().len();
    assert!((by, &said["witnessed"]["quorum"]) == (1, &json!(false)), "{said}");
    assert_eq!(jef.json(&["receipt", "verify", later])["witnessed"]["quorum"], json!(true));
}
