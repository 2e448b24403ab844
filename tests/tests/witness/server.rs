//! A witness for other logs: each status and body of the specification, killed under load, out of reach.

use super::*;

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
    // Also one whose name no key can have, which the checkpoint's own specification allows.
    for origin in ["hand example", "hand+log", "hand.example/log\u{a0}"] {
        let asked = log.request(0, 5).to_string().replacen("hand.example/log", origin, 1);
        assert_eq!(witness.add_checkpoint(asked.as_bytes()).status, 404, "{origin:?}");
        let malformed = asked.replace("\n5\n", "\n05\n");
        assert_eq!(witness.add_checkpoint(malformed.as_bytes()).status, 400, "{origin:?}");
    }
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
    for hashes in [64, 1_500, 1_530, 5_000] {
        let many = AddCheckpoint { proof: vec![log.root(3); hashes], ..log.request(13, 20) };
        let said = ask(&many);
        assert_eq!(said.status, 400, "{hashes} hashes: {said:?}");
        assert!(said.body.contains("more than 63 hashes"), "{said:?}");
    }
    assert_eq!(witness.add_checkpoint(&[0xff; 300]).status, 400);
    assert_eq!(witness.add_checkpoint(&vec![b'x'; 200_000]).status, 400);
    let mut large = log.request(13, 20).to_string().into_bytes();
    large.resize(200_000, b'x');
    assert_eq!(witness.add_checkpoint(&large).status, 413);
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
fn a_key_that_was_taken_away_signs_no_more_and_what_was_seen_stays() {
    let directory = tempfile::tempdir().unwrap();
    let mut witness = Witness::init(&directory.path().join("w"), "vecinos.example/w");
    let mut stolen = HandLog::new("hand.example/log", 1);
    stolen.grow(20);
    let renewed = HandLog { tree: stolen.tree.clone(), ..HandLog::new("hand.example/log", 2) };
    witness.trust(&stolen.key.to_string(), &[]);
    witness.start();
    let said = |witness: &Witness, log: &HandLog, old, new| {
        witness.add_checkpoint(log.request(old, new).to_string().as_bytes())
    };
    assert_eq!(said(&witness, &stolen, 0, 5).status, 200);

    // While it works its directory is its own: it says so, and nothing is half done.
    let key = stolen.key.to_string();
    let refused = witness.run("untrust", &["--log", &key]);
    assert!(refused.status == 1 && refused.err.contains("stop it first"), "{refused:?}");
    assert_eq!(said(&witness, &stolen, 5, 6).status, 200);
    witness.kill();

    // A key that is not trusted cannot be taken away; the one that is leaves what was cosigned under it.
    let refused = witness.run("untrust", &["--log", &renewed.key.to_string()]);
    assert!(refused.status == 1 && refused.err.contains("is not watched with the key"), "{refused:?}");
    assert!(refused.err.contains(&key), "{refused:?}");
    let ran = witness.run("untrust", &["--log", &key]);
    assert!(ran.status == 0 && ran.out.contains("0 of its keys are left"), "{ran:?}");
    let shown = witness.run("show", &[]).out;
    assert!(shown.contains("hand.example/log 6 ") && shown.contains("was taken away"), "{shown}");
    witness.start();
    assert_eq!(said(&witness, &stolen, 6, 7).status, 404, "no key of the log is left");
    witness.kill();

    // The new key goes on from there, the stolen one is a stranger's: also after another start.
    witness.trust(&renewed.key.to_string(), &[]);
    for size in [7, 9] {
        witness.start();
        let old = if size == 7 { 6 } else { 8 };
        assert_eq!(said(&witness, &stolen, old, size).status, 403);
        let asked = said(&witness, &renewed, 0, size);
        assert_eq!((asked.status, asked.body), (409, format!("{old}\n")));
        assert_eq!(said(&witness, &renewed, old, old + 1).status, 200);
        let seen = Note::parse(witness.seen("hand.example/log").body.as_bytes()).unwrap();
        assert!(seen.verify(std::slice::from_ref(&stolen.key)).is_err(), "its line is nobody's word");
        if size == 7 {
            assert_eq!(said(&witness, &renewed, 7, 8).status, 200);
        }
        witness.kill();
    }

    // It comes back only by a word more, for those who took the wrong one.
    let refused = witness.run("trust", &["--log", &key]);
    assert!(refused.status == 1 && refused.err.contains("--again"), "{refused:?}");
    witness.trust(&key, &["--again"]);
    let twice = witness.run("trust", &["--log", &key, "--again"]);
    assert!(twice.status == 1 && twice.err.contains("watched already"), "{twice:?}");
    witness.start();
    assert_eq!(said(&witness, &stolen, 9, 10).status, 200);
}

#[test]
fn a_witness_that_could_not_save_says_that_it_does_not_know() {
    let directory = tempfile::tempdir().unwrap();
    let mut witness = Witness::init(&directory.path().join("w"), "vecinos.example/w");
    let mut log = HandLog::new("hand.example/log", 1);
    log.grow(20);
    witness.trust(&log.key.to_string(), &[]);
    witness.start();
    let ask = |witness: &Witness, old, new| {
        witness.add_checkpoint(log.request(old, new).to_string().as_bytes()).status
    };
    assert_eq!(ask(&witness, 0, 5), 200);
    let (state, away) = (witness.directory().join("state"), witness.directory().join("away"));
    std::fs::rename(&state, &away).unwrap();
    assert_eq!(ask(&witness, 5, 7), 500);
    // Whether 5 or 7 is the newest nobody knows; that nothing was cosigned is not true either.
    std::fs::rename(&away, &state).unwrap();
    for _ in 0..2 {
        let said = witness.seen("hand.example/log");
        assert!(said.status == 500 && said.body.contains("cannot sign now"), "{said:?}");
        assert_eq!(ask(&witness, 5, 7), 500, "until it is started again");
    }
    witness.kill();
    witness.start();
    assert_eq!((witness.seen("hand.example/log").status, ask(&witness, 5, 7)), (200, 200));
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
    let post = |town: &Town, body: &[u8]| {
        town.client.try_post(paths::WITNESS_COSIGNATURES, None, "text/plain", body).unwrap()
    };
    assert_eq!(post(&town, b"nothing").code(), "malformed_note");
    assert_eq!(post(&town, &vec![b'x'; 70_000]).code(), "body_too_large");
    let unsigned = checkpoint(&town.client).to_string();
    let (text, lines) = unsigned.split_once("\n\n").unwrap();
    let log_line = lines.lines().next().unwrap();
    assert_eq!(post(&town, format!("{text}\n\n{log_line}\n").as_bytes()).code(), "no_witness");

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
    let newest = checkpoint(&town.client);
    town.node.stop();
    let put_back = |town: &mut Town| {
        std::fs::remove_dir_all(town.node.data()).unwrap();
        copy_directory(&backup, &town.node.data());
        town.node.start();
        town.client = town.node.client();
    };
    put_back(&mut town);
    assert_eq!(town.client.get("/readyz", None).status, 200, "nobody could tell it yet");
    // Shorter than what the witness saw: it signs nothing, and brings what it saw, without a word of its own.
    let refused = witness.run("pull", &["--once"]);
    assert_eq!(refused.status, 1, "{}{}", refused.out, refused.err);
    assert!(
        refused.err.contains("contradiction") && refused.err.contains("a log never shrinks"),
        "{refused:?}"
    );
    must_be_found_out(&town, &newest);
    // Anybody may bring that once more.
    let brought = post(&town, newest.to_string().as_bytes());
    assert_eq!((brought.status, brought.code()), (409, "contradiction"));
    // It is believed after a start, too.
    town.node.stop();
    town.node.start_read_only();
    town.client = town.node.client();
    assert!(read_only(&town.client).contains("kept evidence"));
    town.node.stop();

    // A copy that has gone on: another root at the same size, and a longer history that leaves out what was seen.
    for more in [1, 5] {
        put_back(&mut town);
        let size = (0..more).fold(0, |_, _| pay(&town.client, town.ledger));
        town.client.published(size);
        let cosigned = verdict(&town.client, &policy);
        assert!(cosigned.seen.is_empty() && cosigned.checkpoint.size + 1 == newest_size(&newest) + more);
        let refused = witness.run("pull", &["--once"]);
        assert!(refused.status == 1 && refused.err.contains("contradiction"), "{refused:?}");
        must_be_found_out(&town, &newest);
        assert!(verdict(&town.client, &policy).seen.is_empty(), "it signed the second history");
        town.node.stop();
    }
    // At one size the two are proof by themselves, and kept by the witness too.
    let kept = std::fs::read_dir(witness.directory().join("evidence")).unwrap().flatten();
    let kept: Vec<String> = kept.map(|file| std::fs::read_to_string(file.path()).unwrap()).collect();
    assert!(kept.len() == 1 && kept[0].contains(newest.text()), "{kept:?}");
}

fn newest_size(note: &Note) -> u64 {
    Checkpoint::parse(note.text()).unwrap().size
}

/// Checks that the node records nothing any more, with `seen` as the evidence.
fn must_be_found_out(town: &Town, seen: &Note) {
    let why = read_only(&town.client);
    assert!(why.contains("a witness that pulls") && why.contains("our own log signed"), "{why}");
    let refused = town.client.submit(&payment(&town.ledger, "anna", "bakery", 1));
    assert_eq!((refused.status, refused.code()), (503, "read_only"), "{refused:?}");
    let texts: Vec<String> =
        evidence(&town.node.data()).iter().map(|seen| seen.note().text().to_owned()).collect();
    assert_eq!(texts, [seen.text()]);
    assert!(0.0 < town.node.metric("klaver_witness_alarms_total"));
}
