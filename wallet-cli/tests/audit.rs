//! `klaver audit` against a ledger of the real engine, behind a node of a few lines.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod double;

use double::Answers;
use klaver_api::audit::AuditRecord;
use klaver_api::succession::LineageJson;
use klaver_api::{
    Challenge, CharterJson, Community, LogAddress, ReceiptJson, Session, SessionRole, UnitJson,
};
use klaver_ledger::account::{AccountKind, AccountState};
use klaver_ledger::amount::Scale;
use klaver_ledger::charter::{Charter, UnitWords};
use klaver_ledger::engine::{Holder, Ledger, NodeKeys};
use klaver_ledger::entry::{Body, Found, Open};
use klaver_ledger::id::{AccountId, Digest};
use klaver_ledger::log::cosignature::cosign;
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::log::note::Note;
use klaver_ledger::log::tile::{TilePath, encode_entries, encode_hashes, entry_bundles, hash_tiles};
use klaver_ledger::receipt::Receipt;
use klaver_ledger::record::SaltSource;
use klaver_ledger::store::memory::MemoryStore;
use klaver_ledger::testing::{COUNCIL, World, charter, earn, key, pay, public, state, sum};
use sha2::Digest as _;
use std::process::{Command, Output, Stdio};

struct Counted(u64);

impl SaltSource for Counted {
    fn salt(&mut self) -> [u8; 32] {
        self.0 += 1;
        sha2::Sha256::digest(self.0.to_be_bytes()).into()
    }
}

/// Where the answers hold the receipt of a payment, as its payer keeps it.
const RECEIPT: &str = "/receipt";

/// The witnesses of a town that has some: two of the three suffice, and the first two cosign.
const WITNESSES: [&str; 3] = ["A", "B", "C"];

fn witness(name: &str) -> VerifierKey {
    let key_name = KeyName::new(format!("{name}.example/w")).unwrap();
    VerifierKey::new(key_name, KeyKind::Cosignature, public(name).as_bytes()).unwrap()
}

/// Returns the list of witnesses that the council decided on.
fn policy_of(log: &VerifierKey) -> String {
    let witnesses: String =
        WITNESSES.iter().map(|name| format!("witness {name} {}\n", witness(name))).collect();
    format!("log {log}\n{witnesses}group two 2 A B C\nquorum two\n")
}

/// Founds a town with three witnesses, of whom two have cosigned.
fn witnessed_town(port: u16) -> Answers {
    let mut answers = town_of(port, 10, policy_of);
    let mut said: Community = serde_json::from_slice(&answers["/v1/community"]).unwrap();
    // A minute after the last record: nobody signs what is not there yet.
    let at = klaver_api::text::timestamp("now", &said.now).unwrap().seconds() + 60;
    let mut seal = Note::parse(&answers["/log/checkpoint"]).unwrap();
    let mut receipt = Receipt::parse(&answers[RECEIPT]).unwrap();
    for name in &WITNESSES[..2] {
        let sign = |message: &[u8]| klaver_ledger::keys::sign(&key(name), message).0;
        seal.add_signature(cosign(seal.text(), at, &witness(name), sign).unwrap()).unwrap();
    }
    receipt.checkpoint = std::sync::Arc::new(seal.clone());
    let policy = policy_of(&said.log.vkey.parse().unwrap());
    said.log.policy = Some(format!("{}/log/policy", said.origin));
    answers.insert("/v1/community".to_owned(), serde_json::to_vec(&said).unwrap());
    answers.insert("/log/policy".to_owned(), policy.into_bytes());
    answers.insert("/log/checkpoint".to_owned(), seal.to_string().into_bytes());
    answers.insert(RECEIPT.to_owned(), receipt.to_string().into_bytes());
    answers
}

/// Founds a town with some history; returns what its node answers at `port`.
fn town(port: u16) -> Answers {
    town_of(port, 10, |_| String::new())
}

/// The same, in which each payment is of `each` minor units, and whose council decided on `policy`.
fn town_of(port: u16, each: u64, policy: impl FnOnce(&VerifierKey) -> String) -> Answers {
    let address = format!("http://localhost:{port}");
    let origin = format!("localhost:{port}/log");
    let name = KeyName::new(origin.as_str()).unwrap();
    let vkey = VerifierKey::new(name, KeyKind::Note, public("log").as_bytes()).unwrap();
    let witness_policy = Digest::of(policy(&vkey).as_bytes());
    let charter = Charter { origin, witness_policy, ..charter() };
    let unit = UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() };
    let scale = Scale::new(2).unwrap();
    let mut world = World::unfounded();
    let found = Found {
        name: "Testdorp".to_owned(),
        unit: unit.clone(),
        scale,
        charter: charter.clone(),
        predecessor: None,
    };
    let founding = world.signed(Body::Found(found), COUNCIL);
    let keys = NodeKeys { log: key("log") };
    let (ledger, _) =
        Ledger::found(MemoryStore::new(), keys, founding.clone(), world.now, Counted(0)).unwrap();
    world.post(&founding).unwrap();
    let budget = AccountState { limit: sum(100_000), ..state("house", AccountKind::Budget) };
    let states = vec![budget, state("mia", AccountKind::Member), state("bakery", AccountKind::Merchant)];
    let mut history = vec![
        (Body::Open(Open { states }), COUNCIL.to_vec()),
        (earn("house", &[("mia", 5_000)]), vec!["house"]),
    ];
    // More than one tile of the public log.
    history.extend((0..300).map(|_| (pay("mia", &[("bakery", each)]), vec!["mia"])));
    let mut batch = Vec::new();
    for (body, signers) in history {
        let entry = world.signed(body, &signers);
        world.post(&entry).unwrap();
        batch.push(entry);
    }
    let (ledger, _) = ledger.commit(batch, world.now).unwrap();
    let reader = ledger.reader();
    let size = reader.head().size;
    assert_eq!(size, 303);

    let founded = reader.receipt(0, Holder::Signer).unwrap();
    let lineage =
        LineageJson { ledger: world.ledger().to_hex(), charters: vec![ReceiptJson::of(&founded, None)] };
    let community = Community {
        name: "Testdorp".into(),
        unit: UnitJson::of(&unit),
        scale: 2,
        ledger: world.ledger().to_hex(),
        origin: address.clone(),
        size,
        now: world.now.to_string(),
        charter_base: 0,
        charter: CharterJson::of(&charter, scale),
        settlement: AccountId::settlement_of(&world.ledger()).to_string(),
        log: LogAddress {
            policy: None,
            url: format!("{address}/log"),
            origin: charter.origin.clone(),
            vkey: vkey.to_string(),
        },
        demo: false,
        thanks_per_hour: None,
        audit_note: None,
        successor: None,
        read_only: None,
    };
    let challenge = Challenge {
        nonce: klaver_api::text::base64url(&[7; 32]),
        expires_at: "2999-01-01T00:00:00Z".into(),
        origin: address,
    };
    let session = Session {
        token: "token".into(),
        expires_at: "2999-01-01T00:00:00Z".into(),
        role: SessionRole::Auditor,
        account: None,
    };
    let records = reader.records(0).map(Result::unwrap);
    let records: Vec<Vec<u8>> =
        records.map(|stored| AuditRecord { salt: stored.salt.0, record: stored.record }.encode()).collect();
    // What whoever paid keeps: no node shows it to others.
    let receipt = reader.receipt(5, Holder::Signer).unwrap();
    let mut answers = Answers::from([
        (RECEIPT.to_owned(), receipt.to_string().into_bytes()),
        ("/v1/community".to_owned(), serde_json::to_vec(&community).unwrap()),
        ("/v1/lineage".to_owned(), serde_json::to_vec(&lineage).unwrap()),
        ("/v1/sessions/challenges".to_owned(), serde_json::to_vec(&challenge).unwrap()),
        ("/v1/sessions".to_owned(), serde_json::to_vec(&session).unwrap()),
        ("/log/checkpoint".to_owned(), reader.checkpoint().to_string().into_bytes()),
        ("/v1/audit/records?from=0".to_owned(), records.concat()),
        ("/v1/audit/records?from=303".to_owned(), Vec::new()),
        // It continues no other ledger.
        ("/v1/audit/predecessor".to_owned(), Vec::new()),
    ]);
    for tile in hash_tiles(size) {
        let hashes = reader.tile(&tile, size).unwrap();
        answers.insert(format!("/log/{}", TilePath::Hashes(tile)), encode_hashes(&hashes));
    }
    for bundle in entry_bundles(size) {
        let leaves = reader.bundle(&bundle, size).unwrap();
        answers.insert(format!("/log/{}", TilePath::Entries(bundle)), encode_entries(&leaves).unwrap());
    }
    answers
}

/// Serves the town as `change` leaves it; returns the port.
fn serve(change: impl FnOnce(&mut Answers)) -> u16 {
    let made = |port| {
        let mut answers = town(port);
        change(&mut answers);
        answers
    };
    double::serve(made).0
}

struct Wallet {
    directory: tempfile::TempDir,
    port: u16,
}

impl Wallet {
    /// A wallet with an auditor's key, of the community at `port`.
    fn of_auditor(port: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("passphrase"), "drie groene klavers\n").unwrap();
        let wallet = Self { directory, port };
        assert!(wallet.run(&["init", "aude"]).status.success());
        let joined = wallet.run(&["join", &wallet.url(), "--office", "auditor", "--yes"]);
        assert!(joined.status.success(), "{}", String::from_utf8_lossy(&joined.stderr));
        wallet
    }

    fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_klaver"))
            .env_clear()
            .env("KLAVER_HOME", self.directory.path().join("home"))
            .env("KLAVER_PASSPHRASE_FILE", self.directory.path().join("passphrase"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

/// Runs an audit by somebody who has no wallet at all.
fn by_anybody(port: u16, option: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    by_anybody_at(&directory.path().join("none"), port, option)
}

/// The same, with what they kept before.
fn by_anybody_at(home: &std::path::Path, port: u16, option: &[&str]) -> Output {
    let url = format!("http://localhost:{port}");
    let output = Command::new(env!("CARGO_BIN_EXE_klaver"))
        .env_clear()
        .env("KLAVER_HOME", home)
        .args(["audit", &url])
        .args(option)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!home.join("communities").exists(), "whoever only looks in has joined nothing");
    output
}

#[test]
fn an_auditor_sees_the_trial_balance_and_that_everything_holds() {
    let wallet = Wallet::of_auditor(serve(|_| ()));
    let output = wallet.run(&["audit"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (shown, root) = text.split_at(text.find("Seal: ").unwrap());
    assert!(root.len() > 40);
    insta::assert_snapshot!(shown, @"
    kind        accounts  debit  credit
    budget             1     50       0
    member             1     30      50
    merchant           1      0      30
    settlement         1      0       0
    total              4     80      80
    Given out: 50 klavers
    Taken back for tasks: 0 klavers
    Given back for euro: 0 klavers
    Of those, paid in euro: 0 klavers
    Of those, off a budget: 0 klavers
    In circulation: 50 klavers
    ✓ Everything holds. Records replayed: 303.
    ");
    assert!(root.trim_end().ends_with("No questions are open."), "{root}");

    let json: serde_json::Value = serde_json::from_slice(&wallet.run(&["audit", "--json"]).stdout).unwrap();
    assert_eq!((&json["holds"], &json["size"]), (&true.into(), &303.into()));
    assert_eq!(json["issued_minor"], 5_000);
}

#[test]
fn a_changed_record_is_named_and_the_evidence_kept() {
    let wallet = Wallet::of_auditor(serve(|answers| {
        let records = answers.get_mut("/v1/audit/records?from=0").unwrap();
        let (_, first) = AuditRecord::decode_first(records).unwrap();
        // A byte of the salt of record 1: the record is as it was, its commitment is another.
        records[first + 5] ^= 1;
    }));
    let output = wallet.run(&["audit", "--json"]);
    assert_eq!(output.status.code(), Some(6));
    let json: serde_json::Value =
        serde_json::from_slice(output.stderr.split(|b| *b == b'\n').rev().nth(1).unwrap()).unwrap();
    assert_eq!(json["error"]["code"], "audit_violation");
    let evidence = wallet.directory.path().join("home/evidence");
    assert_eq!(std::fs::read_dir(evidence).unwrap().count(), 1);
}

#[test]
fn records_that_are_withheld_are_no_clean_audit() {
    let wallet = Wallet::of_auditor(serve(|answers| {
        let records = answers.get_mut("/v1/audit/records?from=0").unwrap();
        let (_, first) = AuditRecord::decode_first(records).unwrap();
        records.truncate(first);
    }));
    assert_eq!(wallet.run(&["audit"]).status.code(), Some(6));
}

#[test]
fn anybody_verifies_what_is_public() {
    let port = serve(|_| ());
    let output = by_anybody(port, &["--public"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    // Without --public it was asked to check everything, and says that it could not.
    assert_eq!(by_anybody(port, &[]).status.code(), Some(7));
}

#[test]
fn a_history_that_was_rewritten_since_the_last_look_is_an_alarm_without_a_wallet_too() {
    let (port, answers) = double::serve(town);
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    let audit = || by_anybody_at(&home, port, &["--public", "--json"]);
    let json = |output: &Output| serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
    let first = audit();
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    let said = json(&first);
    let kept = said["kept"].as_str().unwrap();
    assert!(std::fs::read_to_string(kept).unwrap().contains("localhost"), "{kept}");
    assert_eq!(said["ledger"].as_str().unwrap().len(), 64);
    assert!(String::from_utf8_lossy(&first.stderr).contains("First contact"));
    let second = audit();
    assert_eq!((second.status.code(), json(&second)["checkpoints"].as_u64()), (Some(0), Some(1)));
    assert!(!String::from_utf8_lossy(&second.stderr).contains("First contact"));

    // The same ledger, signed again by the same key, with other payments in it.
    *answers.lock().unwrap() = town_of(port, 11, |_| String::new());
    let other = audit();
    assert_eq!(other.status.code(), Some(6), "{}", String::from_utf8_lossy(&other.stderr));
    let evidence = std::fs::read_dir(home.join("evidence")).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(evidence).unwrap();
    assert_eq!(text.matches("/log\n303\n").count(), 2, "both seals are kept: {text}");
    // For whoever kept nothing it is a log like any other.
    assert_eq!(by_anybody(port, &["--public"]).status.code(), Some(0));
}

#[test]
fn a_changed_leaf_or_tile_is_seen_by_anybody() {
    for path in [
        "/log/tile/entries/000",
        "/log/tile/entries/001.p/47",
        "/log/tile/0/000",
        "/log/tile/0/001.p/47",
        "/log/tile/1/000.p/1",
    ] {
        let port = serve(|answers| {
            let tile = answers.get_mut(path).unwrap();
            let last = tile.len() - 1;
            tile[last] ^= 1;
        });
        assert_eq!(by_anybody(port, &["--public"]).status.code(), Some(6), "{path}");
        // Whoever is told has something to show: the seal, and what was served below it. The records hold; an auditor who
        // replays them fetches what everybody fetches too.
        let wallet = Wallet::of_auditor(port);
        let said = wallet.run(&["audit", "--json"]);
        let said: serde_json::Value =
            serde_json::from_slice(said.stderr.split(|b| *b == b'\n').rev().nth(1).unwrap()).unwrap();
        assert_eq!(said["error"]["code"], "log_wrong", "{said}");
        let kept = std::fs::read_dir(wallet.directory.path().join("home/evidence")).unwrap();
        let kept: Vec<_> = kept.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        let [evidence] = kept.as_slice() else { panic!("{path}: {} files", kept.len()) };
        let seal = format!("localhost:{port}/log\n303\n");
        assert!(evidence.contains(&seal) && evidence.contains(path), "{path}: {evidence}");
    }
}

#[test]
fn leaves_that_trade_places_and_an_edited_size_are_seen_by_anybody() {
    let swap = |answers: &mut Answers| {
        let [full, part] = ["000", "001.p/47"].map(|name| format!("/log/tile/entries/{name}"));
        let (mut first, mut second) = (answers[&full].clone(), answers[&part].clone());
        let leaf = first.len() / 256;
        assert_eq!((first.len() % 256, second.len()), (0, 47 * leaf), "all leaves are of one size");
        first[..leaf].swap_with_slice(&mut second[..leaf]);
        answers.extend([(full, first), (part, second)]);
    };
    let edit = |size: &'static str| {
        move |answers: &mut Answers| {
            let seal = answers.get_mut("/log/checkpoint").unwrap();
            *seal = String::from_utf8(seal.clone()).unwrap().replacen("\n303\n", size, 1).into_bytes();
        }
    };
    let (larger, smaller) = (edit("\n304\n"), edit("\n302\n"));
    let changes: [&dyn Fn(&mut Answers); 3] = [&swap, &larger, &smaller];
    for (i, change) in changes.into_iter().enumerate() {
        let (port, answers) = double::serve(town);
        let wallet = Wallet::of_auditor(port);
        change(&mut answers.lock().unwrap());
        for ran in [by_anybody(port, &["--public"]), wallet.run(&["audit"])] {
            assert_eq!(ran.status.code(), Some(6), "change {i}: {}", String::from_utf8_lossy(&ran.stderr));
        }
    }
}

#[test]
#[cfg(unix)]
fn a_known_log_key_is_not_forgotten_because_a_file_cannot_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let wallet = Wallet::of_auditor(serve(|_| ()));
    let communities = wallet.directory.path().join("home/communities");
    let file = std::fs::read_dir(communities).unwrap().next().unwrap().unwrap().path();
    let before = std::fs::read(&file).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = wallet.run(&["audit", &wallet.url(), "--public", "--lang", "nl"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("chmod 600 {}", file.display())), "{said}");
    assert!(!said.contains("Eerste contact"), "{said}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    // The key is shown to whoever knows the log already; a copy elsewhere does not become where one pays.
    let elsewhere = wallet.url().replace("localhost", "127.0.0.1");
    let output = wallet.run(&["audit", &elsewhere, "--public"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("Key of the log: localhost:"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn an_audit_goes_on_from_the_last_one_and_replays_everything_when_it_cannot() {
    let wallet = Wallet::of_auditor(serve(|_| ()));
    let json = |arguments: &[&str]| {
        let output = wallet.run(&[&["audit", "--json"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stderr).unwrap();
        (serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap(), said)
    };
    let (mut full, said) = json(&["--since"]);
    assert_eq!((&full["from"], &full["verdict"]), (&0.into(), &"holds".into()));
    assert!(said.contains("There is no earlier audit"), "{said}");
    let (mut since, said) = json(&["--since"]);
    assert_eq!(since["from"], 303);
    assert!(said.contains("Going on from number 303"), "{said}");
    for said in [&mut full, &mut since] {
        said.as_object_mut().unwrap().remove("from");
    }
    assert_eq!(full, since, "an audit that goes on says what a full one says");

    let audits = wallet.directory.path().join("home/audits");
    let mut files = std::fs::read_dir(&audits).unwrap().map(|file| file.unwrap().path());
    let file = files.find(|file| file.extension().is_some_and(|end| end == "state")).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let (again, said) = json(&["--since"]);
    assert_eq!(again["from"], 0);
    assert!(said.contains("cannot be used"), "{said}");
    assert_eq!(json(&["--since"]).0["from"], 303, "the file was mended");
}

#[test]
fn records_that_break_off_cannot_be_read_and_fewer_than_were_signed_are_a_violation() {
    /// How many bytes are kept, given where the last record begins and ends.
    type Kept = fn(usize, usize) -> usize;
    let kept: [(Kept, i32); 4] =
        [(|_, end| end - 1, 1), (|last, _| last + 1, 1), (|last, _| last, 6), (|_, _| 0, 6)];
    for (kept, status) in kept {
        let port = serve(|answers| {
            let records = answers.get_mut("/v1/audit/records?from=0").unwrap();
            let (mut end, mut last) = (0, 0);
            while end < records.len() {
                last = end;
                end += AuditRecord::decode_first(&records[end..]).unwrap().1;
            }
            records.truncate(kept(last, end));
        });
        let ran = Wallet::of_auditor(port).run(&["audit"]);
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(status), "{said}");
        let words = if status == 1 { "ended within a record" } else { "were handed over" };
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn an_auditor_signs_a_note() {
    use klaver_ledger::audit::note::AuditNote;
    let wallet = Wallet::of_auditor(serve(|_| ()));
    let file = wallet.directory.path().join("note");
    let path = file.to_str().unwrap();
    let output = wallet.run(&["audit", "--note", path, "--note-name", "asoc.example/audit"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let whoami: serde_json::Value =
        serde_json::from_slice(&wallet.run(&["whoami", "--json"]).stdout).unwrap();
    let public = whoami["keys"][0]["public_key"].as_str().unwrap();
    let public = klaver_ledger::keys::PublicKey::from_hex(public).unwrap();
    let name = KeyName::new("asoc.example/audit").unwrap();
    let key = VerifierKey::new(name, KeyKind::Note, public.as_bytes()).unwrap();
    let note = AuditNote::open(&std::fs::read(&file).unwrap(), &key).unwrap();
    assert_eq!((note.head.size, note.verdict(), note.figure("questions")), (303, "holds", Some(0)));
    // This log has no witnesses, and the note says so.
    assert_eq!((note.policy, note.figure("witnesses"), note.figure("quorum")), (None, Some(0), Some(0)));
    assert_eq!(note.figure("sealed-size"), Some(303));

    let witnessed = Wallet::of_auditor(double::serve(witnessed_town).0);
    let ran = witnessed.run(&["audit", "--note", path, "--note-name", "asoc.example/audit", "--json"]);
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    let said: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let by = serde_json::json!({ "quorum": true, "by": ["A", "B"], "of": 3 });
    assert_eq!((&said["witnessed"], &said["sealed_size"]), (&by, &303.into()));
    let text = std::fs::read_to_string(&file).unwrap();
    let policy = said["witness_policy"].as_str().unwrap();
    assert!(text.contains(&format!("\nwitness-policy {policy}\n")), "{text}");
    assert!(text.contains("\nsealed-size 303\nwitnesses 3\nwitnesses-seen 2\nquorum 1\n"), "{text}");
    let shown = witnessed.run(&["audit"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("Witnessed by 2 of 3: A, B"));

    let nowhere = wallet.run(&["audit", "--note", path, "--note-name", "two words"]);
    assert_eq!(nowhere.status.code(), Some(2));
    let url = wallet.url();
    let public = wallet.run(&["audit", &url, "--public", "--note", path]);
    assert_eq!(public.status.code(), Some(2), "a note states more than the public part");
}

/// Returns the commands of the page for treasurers that begin with these words.
fn commands_of_the_page(beginning: &str) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify.md");
    let page = std::fs::read_to_string(path).unwrap();
    let commands = page.lines().filter_map(|line| line.strip_prefix("    klaver "));
    commands.filter(|line| line.starts_with(beginning)).map(str::to_owned).collect()
}

#[test]
fn the_page_for_treasurers_works_as_it_is_written_from_an_empty_home() {
    let (port, answers) = double::serve(witnessed_town);
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (receipt, list) = (file("a.tlog-proof"), file("list"));
    let good = answers.lock().unwrap()[RECEIPT].clone();
    std::fs::write(&receipt, &good).unwrap();
    let run = |home: &str, command: &str, values: &[(&str, &str)]| {
        let given = |word| values.iter().find(|(known, _)| *known == word).map_or(word, |(_, value)| *value);
        let output = Command::new(env!("CARGO_BIN_EXE_klaver"))
            .env_clear()
            .env("KLAVER_HOME", directory.path().join(home))
            .args(command.split_whitespace().map(given))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let url = format!("http://localhost:{port}");
    let [dutch, english] = &commands_of_the_page("audit http")[..] else { panic!("step 1 is one command") };
    assert_eq!(dutch, english);
    let (status, out, err) = run("home", dutch, &[("https://klaver.example", &url)]);
    assert!(status == Some(0) && out.contains("Witnessed by 2 of 3: A, B"), "{out}{err}");
    let shown = |before: &str| {
        let line = err.lines().find_map(|line| line.strip_prefix(before));
        line.unwrap_or_else(|| panic!("no {before:?} in {err}")).to_owned()
    };
    let (key, mark) = (shown("Key of the log: "), shown("Mark of the ledger: "));
    let kept = out.lines().find_map(|line| line.strip_prefix("The seal is kept in ")).unwrap();
    let kept = kept.split(". ").next().unwrap();
    assert!(std::path::Path::new(kept).exists(), "{kept}");
    // The list that the charter confirmed is beside it.
    std::fs::copy(std::path::Path::new(kept).with_extension("policy"), &list).unwrap();

    answers.lock().unwrap().clear();
    let values = [
        ("bewijs.tlog-proof", receipt.as_str()),
        ("receipt.tlog-proof", &receipt),
        ("meekijkers.txt", &list),
        ("witnesses.txt", &list),
        ("SLEUTEL", &key),
        ("KEY", &key),
        ("KENMERK", &mark),
        ("MARK", &mark),
    ];
    let commands = commands_of_the_page("receipt verify");
    assert_eq!(commands.len(), 6, "{commands:?}");
    let forged = {
        let text = String::from_utf8(good.clone()).unwrap();
        let line = text.lines().find(|line| line.starts_with("— A.example")).unwrap();
        let (head, last) = line.split_at(line.len() - 12);
        let other = if last.starts_with('A') { "B" } else { "A" };
        text.replace(line, &format!("{head}{other}{}", &last[1..]))
    };
    for command in &commands {
        // Without key and ledger it is what step 1 kept on this computer that counts.
        let home = if command.contains("--log-key") { "elsewhere" } else { "home" };
        let sees_witnesses = home == "home" || command.contains("--policy");
        std::fs::write(&receipt, &good).unwrap();
        let (status, out, err) = run(home, command, &values);
        assert!(status == Some(0) && out.contains("This receipt holds"), "{command}: {out}{err}");
        assert_eq!(out.contains("Witnessed by 2 of 3: A, B"), sees_witnesses, "{command}: {out}");
        // Whoever writes a line in the name of a witness is found out, by whoever knows the witnesses.
        std::fs::write(&receipt, &forged).unwrap();
        let (status, out, err) = run(home, command, &values);
        let is_said = err.contains("✗ The witnesses: A witness's line is forged.");
        assert_eq!(
            (status, is_said),
            (Some(if sees_witnesses { 6 } else { 0 }), sees_witnesses),
            "{out}{err}"
        );
    }
    // Before step 1 nothing is known, and it says what to do.
    std::fs::write(&receipt, &good).unwrap();
    let (status, _, err) = run("new", &commands[0], &values);
    assert!(status == Some(4) && err.contains("klaver audit ADDRESS --public"), "{err}");
    // A list that is none says so.
    std::fs::write(&list, b"\xff\xfe").unwrap();
    let (status, _, err) = run("elsewhere", &commands[2], &values);
    assert!(status == Some(2) && err.contains("is no list of witnesses"), "{err}");
}
