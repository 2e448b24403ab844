//! F15: witnesses that fail, lie and forget, an operator who forks, a backup that is too old.
//!
//! Real witness processes and a real node on loopback, a quorum of four in five. Whatever they do, payments go on; a
//! second history never reaches the quorum, and is noticed on the beat.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_api::paths;
use klaver_ledger::id::LedgerId;
use klaver_ledger::keys::{PublicKey, SigningKey, sign};
use klaver_ledger::log::checkpoint::{Checkpoint, SignedCheckpoint};
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::log::note::Note;
use klaver_ledger::log::policy::{PolicyVerdict, TrustPolicy};
use klaver_ledger::log::tree::{NoLeafTiles, Tree};
use klaver_ledger::log::witness::{AddCheckpoint, parse_cosignatures};
use klaver_tests::binaries::{klaver, klaver_node};
use klaver_tests::client::Client;
use klaver_tests::node::{Node, copy_directory, run};
use klaver_tests::programs;
use klaver_tests::town::{Town, now, payment};
use klaver_tests::wallet::Wallet;
use klaver_tests::witness::{Front, Manner, Said, Witness, exchange};
use klaver_tests::workspace::read;
use serde_json::json;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long something may take that happens on the next beat, on a busy machine. A beat is a second here.
const BEATS: Duration = Duration::from_secs(20);

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

/// Asks again and again until there is an answer.
fn within<T>(time: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + time;
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < until, "no {what} within {time:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
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

    let mut quorums: Vec<Checkpoint> = Vec::new();
    let mut look = || {
        for client in [&one, &two] {
            let verdict = verdict(client, &world.policy);
            if verdict.quorum_reached && forked <= verdict.checkpoint.size {
                quorums.push(verdict.checkpoint);
            }
        }
    };
    let why = within(BEATS, "alarm", || {
        look();
        let said = [&one, &two].map(|client| client.get("/readyz", None));
        said.iter().find(|said| said.status == 503).map(|said| said.text("detail").to_owned())
    });
    assert!(why.contains("our own log signed"), "{why}");
    // Whoever still records goes on for two beats: witnesses are asked again, and no second history is cosigned.
    for _ in 0..2 {
        for client in [&one, &two] {
            a_beat(client, world.town.ledger);
        }
        look();
    }
    quorums.sort_by_key(|seen| seen.size);
    let differ = |pair: &[Checkpoint]| pair[0].size == pair[1].size && pair[0] != pair[1];
    assert!(!quorums.windows(2).any(differ), "both histories reached the quorum: {quorums:?}");

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

/// A log made by hand, of leaves that are numbers.
struct HandLog {
    tree: Tree,
    secret: SigningKey,
    key: VerifierKey,
}

impl HandLog {
    fn new(origin: &str, seed: u8) -> Self {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let name = KeyName::new(origin).unwrap();
        let key = VerifierKey::new(name, KeyKind::Note, PublicKey::of(&secret).as_bytes()).unwrap();
        Self { tree: Tree::new(), secret, key }
    }

    fn grow(&mut self, size: u64) {
        (self.tree.size()..size).for_each(|number| {
            self.tree.append(&number.to_be_bytes());
        });
    }

    fn root(&self, size: u64) -> Hash {
        self.tree.root_at(size, &NoLeafTiles).unwrap()
    }

    fn note(&self, size: u64, root: Hash) -> Note {
        let checkpoint = Checkpoint { origin: self.key.name().clone(), size, root };
        checkpoint.sign(&self.key, |text| sign(&self.secret, text).0).unwrap().note().clone()
    }

    fn request(&self, old: u64, new: u64) -> AddCheckpoint {
        let proof =
            if old <= new { self.tree.consistency_proof(old, new, &NoLeafTiles).unwrap() } else { vec![] };
        AddCheckpoint { old, proof, note: self.note(new, self.root(new)) }
    }
}

#[test]
fn the_status_and_body_of_each_answer_are_those_of_the_specification() {
    let directory = tempfile::tempdir().unwrap();
    let mut witness = Witness::init(&directory.path().join("w"), "vecinos.example/w");
    let mut log = HandLog::new("hand.example/log", 1);
    log.grow(20);
    witness.trust(&log.key.to_string(), &[]);
    let same_origin = HandLog { tree: log.tree.clone(), ..HandLog::new("hand.example/log", 2) };
    let stranger = HandLog { tree: log.tree.clone(), ..HandLog::new("other.example/log", 3) };
    witness.start();
    let key: VerifierKey = witness.vkey().parse().unwrap();
    let ask = |request: &AddCheckpoint| witness.add_checkpoint(request.to_string().as_bytes());
    let status = |request: &AddCheckpoint| {
        let said = ask(request);
        assert!(said.status == 200 || said.status == 409 || said.body.len() > 20, "no sentence: {said:?}");
        said.status
    };

    // 404: nothing cosigned, or no such log.
    assert_eq!(witness.seen("hand.example/log").status, 404);
    assert_eq!(status(&stranger.request(0, 5)), 404);
    // 403: no signature of a trusted key; a trusted name and id with a signature that fails.
    assert_eq!(status(&same_origin.request(0, 5)), 403);
    let forged = log.request(0, 5).to_string().replace("\n5\n", "\n6\n");
    assert_eq!(witness.add_checkpoint(forged.as_bytes()).status, 403);
    // 422: a proof from nothing; nothing with a root; and nothing of it is remembered.
    let extra = vec![log.root(3)];
    assert_eq!(status(&AddCheckpoint { proof: extra.clone(), ..log.request(0, 5) }), 422);
    assert_eq!(status(&AddCheckpoint { old: 0, proof: vec![], note: log.note(0, log.root(3)) }), 422);
    assert_eq!(witness.seen("hand.example/log").status, 404);
    // 409: it has cosigned nothing yet.
    let said = ask(&log.request(3, 5));
    assert_eq!((said.status, said.media.as_str(), said.body.as_str()), (409, "text/x.tlog.size", "0\n"));

    // 200: only signature lines, by this witness, for this checkpoint.
    for (old, new) in [(0, 5), (5, 5), (5, 13)] {
        let request = log.request(old, new);
        let said = ask(&request);
        assert_eq!(said.status, 200, "{said:?}");
        let lines = parse_cosignatures(said.body.as_bytes()).unwrap();
        assert!(lines.iter().all(|line| line.verify(&key, request.note.text()).unwrap().is_some()));
        let shown = witness.seen("hand.example/log");
        let note = Note::parse(shown.body.as_bytes()).unwrap();
        assert_eq!((shown.status, note.text()), (200, request.note.text()));
        assert_eq!(note.verify(&[key.clone(), log.key.clone()]).unwrap().len(), 2);
    }
    // 400: the old size is above the checkpoint's, also when that size is the right one; malformed.
    assert_eq!(status(&log.request(13, 5)), 400);
    for malformed in ["", "old 13\n", "old x\n\n", "old 013\n\nhand\n"] {
        assert_eq!(witness.add_checkpoint(malformed.as_bytes()).status, 400, "{malformed:?}");
    }
    let many = AddCheckpoint { proof: vec![log.root(3); 64], ..log.request(13, 20) };
    assert_eq!(status(&many), 400);
    assert_eq!(witness.add_checkpoint(&[0xff; 300]).status, 400);
    assert_eq!(witness.add_checkpoint(&vec![b'x'; 200_000]).status, 413);
    // 409: another size than the newest.
    for old in [0, 5, 14, 20] {
        let said = ask(&log.request(old, 20));
        assert_eq!((said.status, said.media.as_str(), said.body.as_str()), (409, "text/x.tlog.size", "13\n"));
    }
    // 422: the same size with another root; a proof that is wrong. The evidence of the fork is kept.
    assert_eq!(status(&AddCheckpoint { old: 13, proof: vec![], note: log.note(13, log.root(12)) }), 422);
    assert_eq!(status(&AddCheckpoint { proof: extra, ..log.request(13, 20) }), 422);
    assert_eq!(std::fs::read_dir(witness.directory().join("evidence")).unwrap().count(), 1);
    assert_eq!(ask(&log.request(13, 20)).status, 200);
}

#[test]
fn a_witness_killed_under_load_never_goes_back() {
    let directory = tempfile::tempdir().unwrap();
    let mut witness = Witness::init(&directory.path().join("w"), "vecinos.example/w");
    let mut log = HandLog::new("hand.example/log", 1);
    log.grow(6_000);
    witness.trust(&log.key.to_string(), &[]);
    let seen = |witness: &Witness| match witness.seen("hand.example/log") {
        Said { status: 200, body, .. } => {
            Checkpoint::parse(Note::parse(body.as_bytes()).unwrap().text()).unwrap().size
        }
        _ => 0,
    };
    let mut rounds_with_progress = 0;
    for _ in 0..8 {
        witness.start();
        let (acknowledged, stop) = (AtomicU64::new(seen(&witness)), AtomicBool::new(false));
        let before = acknowledged.load(Ordering::Relaxed);
        let url = format!("{}/add-checkpoint", witness.url());
        std::thread::scope(|scope| {
            // Two at once, so that one often comes with a size that is old by then.
            for step in [1, 2] {
                let (log, url, acknowledged, stop) = (&log, &url, &acknowledged, &stop);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let old = acknowledged.load(Ordering::Relaxed);
                        let request = log.request(old, (old + step).min(6_000));
                        let body = request.to_string();
                        if exchange(url, Some(body.as_bytes())).is_some_and(|said| said.status == 200) {
                            acknowledged.fetch_max(old + step, Ordering::Relaxed);
                        }
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(400));
            witness.kill();
            stop.store(true, Ordering::Relaxed);
        });
        let reached = acknowledged.load(Ordering::Relaxed);
        rounds_with_progress += usize::from(before < reached);
        witness.start();
        let found = seen(&witness);
        assert!(reached.min(6_000) <= found, "it cosigned {reached} and remembers {found}");
        let back = log.request(reached.saturating_sub(1), reached);
        assert_ne!(witness.add_checkpoint(back.to_string().as_bytes()).status, 200, "it went back");
        witness.kill();
    }
    assert!(6 <= rounds_with_progress, "the load did not reach it: {rounds_with_progress}");
    let mode = |name: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        witness.directory().join(name).metadata().unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("key"), mode("state"), mode("")), (0o600, 0o700, 0o700));
}

#[test]
fn a_witness_that_nobody_can_reach_fetches_and_brings_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let mut witness = Witness::init(&directory.path().join("w"), "huis.example/w");
    let file = directory.path().join("witnesses");
    std::fs::write(&file, format!("witness H {}\nquorum H\n", witness.vkey())).unwrap();
    let options = ["--witness-policy", file.to_str().unwrap()];
    let mut town = Town::found_with(&directory.path().join("town"), &["anna"], &["bakery"], &options);
    town.give(&["anna"], 1_000_000);
    let log = town.client.community().log;
    let url = format!("{}/log", town.node.url());
    witness.trust(&log.vkey, &["--url", &url]);
    let policy: TrustPolicy =
        String::from_utf8(town.client.get(paths::LOG_POLICY, None).bytes).unwrap().parse().unwrap();
    // Across tiles: the proofs come from full and from partial ones.
    for payments in [1, 30, 250] {
        let mut size = 0;
        for _ in 0..payments {
            size = pay(&town.client, town.ledger);
        }
        town.client.published(size);
        assert!(!verdict(&town.client, &policy).quorum_reached);
        let ran = witness.run("pull", &["--once"]);
        assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
        let verdict = verdict(&town.client, &policy);
        assert!(verdict.quorum_reached && verdict.checkpoint.size == size, "{verdict:?}");
    }

    // A node that was started again has forgotten what was brought; the same line is brought once more.
    witness.pull_on();
    let same = verdict(&town.client, &policy).checkpoint;
    town.node.stop();
    town.node.start();
    town.client = town.node.client();
    let again = within(BEATS, "line", || {
        Some(verdict(&town.client, &policy)).filter(|verdict| verdict.quorum_reached)
    });
    assert_eq!(again.checkpoint, same);
    witness.kill();

    // What is no line of a witness is turned away, with a reason.
    let post =
        |body: &[u8]| town.client.try_post(paths::WITNESS_COSIGNATURES, None, "text/plain", body).unwrap();
    assert_eq!(post(b"nothing").code(), "malformed_note");
    assert_eq!(post(&vec![b'x'; 70_000]).code(), "body_too_large");
    let unsigned = checkpoint(&town.client).to_string();
    let (text, lines) = unsigned.split_once("\n\n").unwrap();
    let log_line = lines.lines().next().unwrap();
    assert_eq!(post(format!("{text}\n\n{log_line}\n").as_bytes()).code(), "no_witness");

    // A copy of the node from before: the next pull proves it, and brings the proof.
    town.node.stop();
    let backup = directory.path().join("backup");
    copy_directory(&town.node.data(), &backup);
    town.node.start();
    town.client = town.node.client();
    let size = pay(&town.client, town.ledger);
    within(BEATS, "line", || {
        witness.run("pull", &["--once"]);
        let verdict = verdict(&town.client, &policy);
        (verdict.quorum_reached && verdict.checkpoint.size == size).then_some(())
    });
    let newest = checkpoint(&town.client).to_string();
    town.node.stop();
    std::fs::remove_dir_all(town.node.data()).unwrap();
    copy_directory(&backup, &town.node.data());
    town.node.start();
    town.client = town.node.client();
    let refused = witness.run("pull", &["--once"]);
    assert_eq!(refused.status, 1, "{}{}", refused.out, refused.err);
    let brought =
        town.client.try_post(paths::WITNESS_COSIGNATURES, None, "text/plain", newest.as_bytes()).unwrap();
    assert_eq!((brought.status, brought.code()), (409, "contradiction"));
    assert!(read_only(&town.client).contains("a witness that pulls"));
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

#[test]
fn the_public_log_is_audited_over_http_as_it_is_served_and_as_it_is_exported() {
    let directory = tempfile::tempdir().unwrap();
    let audit = |vkey: &str, url: &str| {
        let output = programs::run(programs::go_auditor().args([vkey, url]), b"");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{url}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    };
    let mut young = Node::found(&directory.path().join("young"), "Pril", &[]);
    young.start();
    let said = audit(&young.client().community().log.vkey, &format!("{}/log", young.url()));
    assert!(said.contains(": 1 leaves included"), "{said}");

    let mut town = Town::found(&directory.path().join("town"), &["anna"], &["bakery"]);
    town.give(&["anna"], 1_000_000);
    let mut size = 0;
    while size < 300 {
        size = pay(&town.client, town.ledger);
    }
    town.client.published(size);
    // One more record is not shown before the beat: what is asked for beyond the seal is not there.
    let vkey = town.client.community().log.vkey;
    let url = format!("{}/log", town.node.url());
    assert!(audit(&vkey, &url).contains(": 300 leaves included"));
    let whole = town.client.get("/log/tile/0/000", None).bytes;
    let leaves = town.client.get("/log/tile/entries/000", None).bytes;
    for width in 1..=255_usize {
        let tile = town.client.get(&format!("/log/tile/0/000.p/{width}"), None);
        assert_eq!((tile.status, tile.bytes.as_slice()), (200, &whole[..32 * width]), "width {width}");
        let bundle = town.client.get(&format!("/log/tile/entries/000.p/{width}"), None);
        assert_eq!((bundle.status, bundle.bytes.as_slice()), (200, &leaves[..35 * width]), "width {width}");
    }
    for width in 1..=44 {
        assert_eq!(town.client.get(&format!("/log/tile/0/001.p/{width}"), None).status, 200, "{width}");
    }
    for beyond in [
        "0/001.p/45",
        "0/001",
        "0/002.p/1",
        "1/000.p/2",
        "1/000",
        "2/000.p/1",
        "entries/001.p/45",
        "entries/001",
        "0/000.p/0",
        "0/000.p/256",
    ] {
        assert_eq!(town.client.get(&format!("/log/tile/{beyond}"), None).status, 404, "{beyond}");
    }
    let head = |path: &str| {
        let answer = ureq::get(format!("{url}/{path}")).header("accept-encoding", "gzip").call().unwrap();
        let value = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        ["content-type", "cache-control", "access-control-allow-origin", "content-encoding"]
            .map(|name| value(name).unwrap_or_default())
    };
    let (octets, forever) = ("application/octet-stream", "public, max-age=31536000, immutable");
    assert_eq!(head("checkpoint"), ["text/plain; charset=utf-8", "public, max-age=2", "*", ""]);
    assert_eq!(head("tile/0/000"), [octets, forever, "*", ""]);
    assert_eq!(head("tile/0/001.p/44"), [octets, forever, "*", ""]);
    assert_eq!(head("tile/entries/000"), [octets, forever, "*", "gzip"]);

    // A copy of plain files, served by a program that knows nothing of logs.
    town.node.stop();
    let copy = directory.path().join("copy");
    let ran = run(klaver_node().arg("export").arg("--data").arg(town.node.data()).arg("--log").arg(&copy));
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    let server = StaticServer::start(&copy);
    assert!(audit(&vkey, &server.url).contains(": 300 leaves included"));
    let tile = copy.join("tile/0/000");
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[777] ^= 1;
    std::fs::write(&tile, bytes).unwrap();
    let output = programs::run(programs::go_auditor().args([&vkey, &server.url]), b"");
    assert!(!output.status.success(), "a changed tile was not noticed");
}

#[test]
fn the_commands_of_the_page_for_treasurers_and_of_that_for_witnesses_are_there() {
    let mut checked = 0;
    for page in ["docs/verify.md", "docs/witness.md"] {
        for line in read(page).lines().filter_map(|line| line.strip_prefix("    klaver")) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (mut command, words) = match words.as_slice() {
                ["-node", rest @ ..] => (klaver_node(), rest),
                all => (klaver(), all),
            };
            let depth = if matches!(words[0], "witness" | "receipt") { 2 } else { 1 };
            let help = run(command.args(&words[..depth]).arg("--help"));
            assert_eq!(help.status, 0, "{page}: klaver{line}: {}", help.err);
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.out.contains(option), "{page}: klaver{line}: no {option}");
            }
            checked += 1;
        }
    }
    assert!(12 < checked, "the commands were not found: {checked}");
}

/// `python3 -m http.server` on a directory.
struct StaticServer {
    url: String,
    process: Child,
}

impl StaticServer {
    fn start(directory: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut python = Command::new("python3");
        python
            .args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string(), "--directory"])
            .arg(directory);
        let process =
            python.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { url: format!("http://127.0.0.1:{port}"), process };
        within(BEATS, "web server", || exchange(&format!("{}/checkpoint", server.url), None));
        server
    }
}

impl Drop for StaticServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
