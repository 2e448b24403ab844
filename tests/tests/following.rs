//! Wallets follow their community to another ledger, log key or address by themselves, and only where the ledger that
//! they know proves it; everything else is an alarm with evidence.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_api::paths;
use klaver_ledger::account::AccountKind;
use klaver_ledger::charter::Charter;
use klaver_ledger::engine::Holder;
use klaver_ledger::entry::{Body, Govern, Open, Pay, PayLine};
use klaver_ledger::id::{AccountId, Digest, LedgerId};
use klaver_ledger::keys::PublicKey;
use klaver_ledger::log::checkpoint::Checkpoint;
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::log::note::Note;
use klaver_ledger::log::policy::TrustPolicy;
use klaver_ledger::testing::{account, key, minor, public, state};
use klaver_ledger::time::{Seconds, Timestamp};
use klaver_node::config::{Config, DataDir};
use klaver_node::keys::NodeKeys;
use klaver_node::service::open_ledger;
use klaver_tests::binaries::{Ran, klaver_node};
use klaver_tests::node::{Node, copy_directory, passphrase_file, private_directory, run};
use klaver_tests::past::{Past, days_ago};
use klaver_tests::patience::{BEATS, within};
use klaver_tests::town::{Town, now};
use klaver_tests::wallet::Wallet;
use klaver_tests::witness::{watch, witnesses};
use serde_json::{Value, json};
use std::path::Path;

/// A person of the town with a wallet of their own, who has received 2.50.
fn jef(town: &Town, home: &Path) -> (Wallet, AccountId) {
    let jef = Wallet::init(home, "jef");
    let council = Wallet::of(home, "council");
    let opened = council.json(&["account", "open", "member", "--key", &jef.public_key()]);
    let account = AccountId::parse(opened["account"].as_str().unwrap()).unwrap();
    jef.json(&["join", &town.node.url(), "--existing", &account.to_string()]);
    give(town, account, 250);
    town.client.await_publication();
    assert_eq!(jef.balance(), "2.50");
    (jef, account)
}

/// Lets mia pay something to an account.
fn give(town: &Town, to: AccountId, amount: u64) {
    let line = PayLine { to, amount: minor(amount), request: None };
    let body = Body::Pay(Pay { from: account("mia"), payees: vec![line], late: false });
    let answer = town.client.submit(&town.sign(body, &["mia"]));
    assert_eq!(answer.status, 201, "{answer:?}");
}

fn town(directory: &Path, options: &[&str]) -> Town {
    let town = Town::found_with(directory, &["mia"], &["bakery"], options);
    town.give(&["mia"], 10_000);
    town
}

/// Runs `klaver-node succeed` from `directory/data` into `next/data`.
fn succeed(directory: &Path, next: &Path, options: &[&str]) -> Ran {
    succeed_by(directory, directory, next, options)
}

/// The same with the council's wallet below `home`.
fn succeed_by(home: &Path, directory: &Path, next: &Path, options: &[&str]) -> Ran {
    private_directory(next);
    let mut command = klaver_node();
    command.arg("succeed").arg("--data").arg(directory.join("data")).arg("--into").arg(next.join("data"));
    command.arg("--wallet").arg(home.join("council"));
    run(command.arg("--passphrase-file").arg(passphrase_file(home)).args(options))
}

/// Serves the ledger below `next` at the address of the town, whose people go there.
fn go_on(town: &mut Town, next: &Path) {
    town.node = town.node.under_same_address(next);
    town.node.start();
    town.client = town.node.client();
    town.ledger = LedgerId::from_hex(&town.client.community().ledger).unwrap();
}

/// What a wallet keeps of a ledger.
fn community_file(wallet: &Wallet, ledger: &str) -> std::path::PathBuf {
    wallet.home().join(format!("communities/{ledger}.json"))
}

fn kept_of(wallet: &Wallet, ledger: &str) -> Value {
    serde_json::from_slice(&std::fs::read(community_file(wallet, ledger)).unwrap()).unwrap()
}

/// Leaves a payment in a wallet's outbox that was sent and never answered for.
fn leave_in_outbox(wallet: &Wallet, town: &Town) {
    let signed = town.pay("mia", "bakery", 10);
    let id = signed.id(&town.ledger).to_hex();
    let file = json!({
        "klaver_outbox": 1, "entry": id, "ledger": town.ledger.to_hex(), "signed_at": now().to_string(),
        "state": "unknown", "submit": { "envelope": klaver_api::text::base64url(&signed.encode()) },
    });
    let outbox = wallet.home().join("outbox");
    klaver_keystore::private_file::create_directory(&outbox).unwrap();
    let bytes = file.to_string();
    klaver_keystore::private_file::replace(&outbox.join(format!("{id}.json")), bytes.as_bytes()).unwrap();
}

fn evidence(wallet: &Wallet, refused: &Value) -> String {
    let path = refused["path"].as_str().or(refused["values"]["path"].as_str());
    let path = path.map_or_else(
        || {
            let files = std::fs::read_dir(wallet.home().join("evidence")).unwrap();
            files
                .flatten()
                .map(|file| file.path())
                .max_by_key(|path| path.metadata().unwrap().modified().unwrap())
        },
        |path| Some(path.into()),
    );
    std::fs::read_to_string(path.unwrap()).unwrap()
}

#[test]
fn a_wallet_follows_to_the_new_ledger_and_keeps_what_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let (home, next) = (directory.path().join("town"), directory.path().join("next"));
    let mut old = town(&home, &[]);
    let (jef, account) = jef(&old, &home);
    let bakery = klaver_ledger::testing::account("bakery").to_string();
    let paid = jef.json(&["pay", &bakery, "0.25"]);
    let receipt = paid["receipt"].as_str().unwrap().to_owned();
    old.client.await_publication();
    assert_eq!(jef.balance(), "2.25");

    // Something waits in the outbox when the ledger ends, and the old node goes on answering beside the new one.
    leave_in_outbox(&jef, &old);
    old.node.stop();
    let mut new = Node::at(&next);
    let ran = succeed(&home, &next, &["--public-url", &new.url()]);
    assert_eq!(ran.status, 0, "{ran:?}");
    old.node.start();
    new.start();
    let told = jef.in_words("nl_BE.UTF-8", &["balance"]);
    assert!(told.err.contains("nieuw grootboek") && told.err.contains("saldo is meegekomen"), "{told:?}");
    assert_eq!((jef.balance().as_str(), told.status), ("2.25", 0));
    let ledger = new.client().community().ledger;
    assert_ne!(ledger, old.ledger.to_hex());

    // It pays in the new ledger; the old receipt holds, offline; what waited stays and is explained.
    old.node.stop();
    let paid = jef.json(&["pay", &bakery, "1.00"]);
    assert_eq!(jef.balance(), "1.25");
    let again = jef.json(&["receipt", "verify", paid["receipt"].as_str().unwrap()]);
    assert_eq!(again["holds"], json!(true));
    assert_eq!(jef.json(&["receipt", "verify", &receipt])["holds"], json!(true));
    let retried = jef.run(&["outbox", "retry"]);
    assert!(retried.status == 5 && retried.err.contains("outbox_ended"), "{retried:?}");
    assert_eq!(jef.json(&["outbox", "list"])["outbox"].as_array().unwrap().len(), 1);
    let kept = |ledger: &str| {
        let file = jef.home().join(format!("communities/{ledger}.json"));
        serde_json::from_slice::<Value>(&std::fs::read(file).unwrap()).unwrap()
    };
    assert!(kept(&old.ledger.to_hex())["checkpoint"].is_string(), "the old seals are kept");
    assert_eq!(kept(&old.ledger.to_hex())["successor"], json!(ledger));
    assert_eq!(kept(&ledger)["predecessor"]["ledger"], json!(old.ledger.to_hex()));
    assert_eq!(kept(&ledger)["came_over"], json!([account.to_string()]));
}

#[test]
fn a_wallet_follows_at_the_same_address_when_the_log_key_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let (home, next) = (directory.path().join("town"), directory.path().join("next"));
    let mut old = town(&home, &[]);
    let (jef, _) = jef(&old, &home);
    old.node.stop();
    let kept = directory.path().join("kept");
    copy_directory(&old.node.data(), &kept.join("data"));
    std::fs::remove_file(old.node.data().join("keys/log")).unwrap();
    assert_eq!(succeed(&home, &next, &["--log-key-lost"]).status, 0);
    let mut new = old.node.under_same_address(&next);
    new.start();
    assert_eq!(jef.balance(), "2.50");
    let said: Value = serde_json::from_slice(&new.client().get(paths::SUCCESSION, None).bytes).unwrap();
    assert_eq!(said["ending"], Value::Null, "nobody could record the end");

    // The list of shares is the one that the council signed, or nothing comes over.
    let noor = Wallet::of(&home, "noor");
    copy_directory(jef.home(), noor.home());
    let community = noor.home().join(format!("communities/{}.json", new.client().community().ledger));
    let mut file: Value = serde_json::from_slice(&std::fs::read(&community).unwrap()).unwrap();
    file["came_over"] = json!([]);
    file["predecessor"]["closing"] = json!("00".repeat(32));
    std::fs::write(&community, file.to_string()).unwrap();
    let refused = noor.refused(6, &["balance"]);
    assert_eq!(refused["code"], "share_wrong", "{refused}");
    assert!(evidence(&noor, &refused).contains("the council signed"));
    // So is a balance that this wallet saw otherwise.
    let shown = jef.home().join(format!("communities/{}.json", new.client().community().ledger));
    let mut file: Value = serde_json::from_slice(&std::fs::read(&shown).unwrap()).unwrap();
    let own = file["came_over"][0].as_str().unwrap().to_owned();
    file["came_over"] = json!([]);
    file["balances"] = json!({ own: { "balance_minor": 251, "lines": 2 } });
    std::fs::write(&community, file.to_string()).unwrap();
    let refused = noor.refused(6, &["balance"]);
    assert_eq!(refused["code"], "share_wrong", "{refused}");
    assert!(evidence(&noor, &refused).contains("another balance"));
}

#[test]
fn a_wallet_that_slept_through_two_successions_follows_to_the_newest() {
    let directory = tempfile::tempdir().unwrap();
    let [home, middle, newest] = ["town", "middle", "newest"].map(|name| directory.path().join(name));
    let mut town = town(&home, &[]);
    let (jef, account) = jef(&town, &home);
    let bakery = klaver_ledger::testing::account("bakery").to_string();
    let receipt = jef.json(&["pay", &bakery, "0.25"])["receipt"].as_str().unwrap().to_owned();
    town.client.await_publication();
    assert_eq!(jef.balance(), "2.25");
    leave_in_outbox(&jef, &town);
    let mut ledgers = vec![town.ledger.to_hex()];
    // While the wallet sleeps, somebody pays it in the ledger that it never sees.
    for (from, to) in [(&home, &middle), (&middle, &newest)] {
        town.node.stop();
        let ran = succeed_by(&home, from, to, &[]);
        assert_eq!(ran.status, 0, "{ran:?}");
        go_on(&mut town, to);
        ledgers.push(town.ledger.to_hex());
        give(&town, account, 50);
    }
    let noor = Wallet::of(&home, "noor");
    copy_directory(jef.home(), noor.home());

    let told = jef.in_words("nl_BE.UTF-8", &["balance"]);
    assert!(told.err.contains("nieuw grootboek") && told.err.contains("saldo is meegekomen"), "{told:?}");
    assert_eq!((jef.balance().as_str(), told.status), ("3.25", 0));
    assert_eq!(kept_of(&jef, &ledgers[0])["successor"], json!(ledgers[1]));
    let between = kept_of(&jef, &ledgers[1]);
    assert_eq!(
        (&between["predecessor"]["ledger"], &between["successor"]),
        (&json!(ledgers[0]), &json!(ledgers[2]))
    );
    assert_eq!(kept_of(&jef, &ledgers[2])["predecessor"]["ledger"], json!(ledgers[1]));
    assert_eq!(kept_of(&jef, &ledgers[2])["came_over"], json!([account.to_string()]));
    assert_eq!(jef.json(&["receipt", "verify", &receipt])["holds"], json!(true));
    let retried = jef.run(&["outbox", "retry"]);
    assert!(retried.status == 5 && retried.err.contains("outbox_ended"), "{retried:?}");
    jef.json(&["pay", &bakery, "1.00"]);
    assert_eq!(jef.balance(), "2.25");

    // Another balance in the first of the three, or a balance that shrank in the one between, is an alarm.
    let mut file = kept_of(&noor, &ledgers[0]);
    let whole = file.clone();
    file["balances"][account.to_string()]["balance_minor"] = json!(226);
    std::fs::write(community_file(&noor, &ledgers[0]), file.to_string()).unwrap();
    let refused = noor.refused(6, &["balance"]);
    assert_eq!(refused["code"], "share_wrong", "{refused}");
    assert!(evidence(&noor, &refused).contains("another balance in the old ledger"));
    // The end of the first ledger is left out: nothing is followed.
    for ledger in &ledgers[1..] {
        std::fs::remove_file(community_file(&noor, ledger)).unwrap();
    }
    std::fs::write(community_file(&noor, &ledgers[0]), whole.to_string()).unwrap();
    let proof = newest.join(format!("data/ancestors/{}/predecessor.json", ledgers[0]));
    let honest = std::fs::read(&proof).unwrap();
    let mut changed: Value = serde_json::from_slice(&honest).unwrap();
    changed["ending"] = Value::Null;
    std::fs::write(&proof, changed.to_string()).unwrap();
    assert_eq!(noor.refused(6, &["balance"])["code"], "succession_wrong");
    std::fs::remove_file(&proof).unwrap();
    assert_eq!(noor.refused(6, &["balance"])["code"], "other_ledger");
    std::fs::write(&proof, &honest).unwrap();

    // A stranger's ledger in the middle: it was ended and continued well, and continues nothing that is known.
    town.node.stop();
    let strange = directory.path().join("strange");
    let mut founded = Node::found(&strange, "Klaverdorp", &[]);
    founded.start();
    founded.stop();
    let after = directory.path().join("after");
    assert_eq!(succeed(&strange, &after, &[]).status, 0);
    let mut shown = town.node.under_same_address(&after);
    shown.start();
    let refused = noor.refused(6, &["balance"]);
    assert_eq!(refused["code"], "other_ledger", "{refused}");
    assert!(evidence(&noor, &refused).contains("charters"));
    assert!(!community_file(&noor, &ledgers[2]).exists(), "nothing was followed");
    shown.stop();
    town.node.start();
    assert_eq!(noor.balance(), "2.25");
}

#[test]
fn each_address_names_the_next_and_one_visit_follows_them_all() {
    let directory = tempfile::tempdir().unwrap();
    let [home, middle, newest] = ["town", "middle", "newest"].map(|name| directory.path().join(name));
    let mut old = town(&home, &[]);
    let (jef, _) = jef(&old, &home);
    old.node.stop();
    private_directory(&middle);
    private_directory(&newest);
    let (mut second, mut third) = (Node::at(&middle), Node::at(&newest));
    assert_eq!(succeed_by(&home, &home, &middle, &["--public-url", &second.url()]).status, 0);
    assert_eq!(succeed_by(&home, &middle, &newest, &["--public-url", &third.url()]).status, 0);
    for node in [&mut old.node, &mut second, &mut third] {
        node.start();
    }
    let told = jef.in_words("nl_BE.UTF-8", &["balance"]);
    assert!(told.status == 0 && told.err.contains("nieuw grootboek"), "{told:?}");
    for node in [&mut old.node, &mut second] {
        node.stop();
    }
    assert_eq!(jef.balance(), "2.50");
}

#[test]
fn an_address_that_the_charter_does_not_name_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let [home, next] = ["town", "next"].map(|name| directory.path().join(name));
    let mut old = town(&home, &[]);
    let (jef, _) = jef(&old, &home);
    old.node.stop();
    private_directory(&next);
    let mut new = Node::at(&next);
    let ended = succeed_by(&home, &home, &next, &["--public-url", &new.url()]);
    assert_eq!(ended.status, 0, "{ended:?}");
    // Whoever kept the old address names another way to the new one, which shows everything there is, truly.
    let elsewhere = new.url().replace("127.0.0.1", "localhost");
    let say = |from: &str, to: &str| {
        for home in [&home, &next] {
            let file = home.join("data/node.json");
            let config = std::fs::read_to_string(&file).unwrap();
            assert!(config.contains(from), "{config}");
            std::fs::write(&file, config.replace(from, to)).unwrap();
        }
    };
    say(&new.url(), &elsewhere);
    old.node.start();
    new.start();
    let refused = jef.refused(6, &["balance"]);
    assert_eq!(refused["code"], "succession_wrong", "{refused}");
    assert!(evidence(&jef, &refused).contains(&format!("does not name {elsewhere}")), "{refused}");
    new.stop();
    old.node.stop();
    say(&elsewhere, &new.url());
    old.node.start();
    new.start();
    assert_eq!(jef.balance(), "2.50");
}

#[test]
fn what_does_not_continue_the_ledger_is_refused_with_evidence() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("town");
    let mut old = town(&home, &[]);
    let (jef, account) = jef(&old, &home);
    // A copy of today, and payments that the wallet sees afterwards.
    old.node.stop();
    let copy = directory.path().join("copy");
    copy_directory(&home, &copy);
    old.node.start();
    old.client = old.node.client();
    give(&old, account, 100);
    old.client.await_publication();
    assert_eq!(jef.balance(), "3.50");
    old.node.stop();

    // A council that ends the copy leaves out what the wallet has seen.
    let short = directory.path().join("short");
    assert_eq!(succeed(&copy, &short, &["--log-key-lost"]).status, 0);
    let mut new = old.node.under_same_address(&short);
    new.start();
    let refused = jef.refused(6, &["balance"]);
    assert_eq!(refused["code"], "succession_wrong", "{refused}");
    let kept = evidence(&jef, &refused);
    assert!(kept.contains("does not continue what this wallet has seen"), "{kept}");
    assert!(kept.contains(&old.ledger.to_hex()) && kept.contains("charters"), "{kept}");
    new.stop();

    // Somebody else's ledger at the same address continues nothing.
    let mut strange = Node::found(&directory.path().join("strange"), "Elders", &[]);
    strange.start();
    strange.stop();
    let mut strange = old.node.under_same_address(&directory.path().join("strange"));
    strange.start();
    let refused = jef.refused(6, &["balance"]);
    assert_eq!(refused["code"], "other_ledger", "{refused}");
    strange.stop();

    // The honest end of the honest ledger is followed after all of this.
    let next = directory.path().join("next");
    assert_eq!(succeed(&home, &next, &[]).status, 0);
    let proof = next.join("data/predecessor.json");
    let whole = std::fs::read(&proof).unwrap();
    let mut changed: Value = serde_json::from_slice(&whole).unwrap();
    changed["ending"] = Value::Null;
    std::fs::write(&proof, changed.to_string()).unwrap();
    let mut new = old.node.under_same_address(&next);
    new.start();
    let refused = jef.refused(6, &["balance"]);
    assert_eq!(refused["code"], "succession_wrong", "the end of the ledger was left out: {refused}");
    std::fs::write(&proof, &whole).unwrap();
    assert_eq!(jef.balance(), "3.50");
}

#[test]
fn a_succession_with_witnesses_begins_a_new_log_that_reaches_its_quorum() {
    let directory = tempfile::tempdir().unwrap();
    let (home, next) = (directory.path().join("town"), directory.path().join("next"));
    let (mut witnesses, file) = witnesses(directory.path(), &["A", "B", "C"], 2);
    let mut old = town(&home, &["--witness-policy", file.to_str().unwrap()]);
    watch(&mut witnesses, &old.client.community().log.vkey);
    let (jef, _) = jef(&old, &home);
    let quorum = |node: &Node| {
        let text = String::from_utf8(node.client().get(paths::LOG_POLICY, None).bytes).unwrap();
        let policy: TrustPolicy = text.parse().unwrap();
        within(BEATS, "a quorum", || {
            let note = Note::parse(&node.client().get(paths::LOG_CHECKPOINT, None).bytes).unwrap();
            let verdict = policy.judge(&note, now().seconds()).unwrap();
            verdict.quorum_reached.then_some(verdict.checkpoint)
        })
    };
    let before = quorum(&old.node);
    old.node.stop();
    assert_eq!(succeed(&home, &next, &[]).status, 0);
    let mut new = old.node.under_same_address(&next);
    new.start();
    let log = new.client().community().log;
    assert_ne!(log.origin, before.origin.to_string());
    // Nobody watches the new log yet: payments go on, and the first witness says that it has never seen it.
    assert_eq!(jef.balance(), "2.50");
    assert_eq!(witnesses[0].seen(&log.origin).status, 404);
    watch(&mut witnesses, &log.vkey);
    let after = quorum(&new);
    assert_eq!((after.origin.to_string(), after.size), (log.origin.clone(), 1), "from size 0 on");
    let seen = Note::parse(witnesses[0].seen(&log.origin).body.as_bytes()).unwrap();
    assert_eq!(seen.signatures().len(), 2, "the log's line and the witness's own");
    // What the old log was is remembered beside it.
    let then = Note::parse(witnesses[0].seen(&before.origin.to_string()).body.as_bytes()).unwrap();
    assert!(Checkpoint::parse(then.text()).unwrap().size >= before.size);
    jef.json(&["checkpoint", "--new-policy"]);
    assert_eq!(jef.json(&["checkpoint"])["witnessed"]["quorum"], json!(true));
}

/// A town of some days ago, not served yet, with an account of jef's.
fn past_of(directory: &Path, jef: &Wallet, account: AccountId) -> Past {
    let past = Past::found(directory, |_, _| {});
    let mut member = state("jef", AccountKind::Member);
    member.account = account;
    member.keys[0].key = PublicKey::from_hex(&jef.public_key()).unwrap();
    past.record(Body::Open(Open { states: vec![member] }), days_ago(4));
    past
}

/// A ledger of before, its node running, and jef, who has joined it.
fn joined(directory: &Path) -> (Wallet, Past) {
    let jef = Wallet::init(directory, "jef");
    let account = account("jef");
    let mut past = past_of(directory, &jef, account);
    past.node.start();
    jef.json(&["join", &past.node.url(), "--existing", &account.to_string()]);
    (jef, past)
}

#[test]
fn a_stolen_log_key_is_replaced_by_the_council_and_a_thiefs_log_is_an_alarm() {
    let directory = tempfile::tempdir().unwrap();
    let (jef, mut past) = joined(directory.path());
    assert_eq!(jef.balance(), "0.00");
    let before = jef.json(&["checkpoint"]);
    past.node.stop();
    // The thief has the key, and everything up to here.
    let thief_home = directory.path().join("thief");
    copy_directory(past.data.root(), &thief_home.join("data"));
    let stolen = NodeKeys::read(&past.data).unwrap().log;

    past.govern(Charter { log_keys: vec![public("next log")], ..past.charter.clone() });
    past.put_log_key(&key("next log"));
    past.node.start();
    let told = jef.in_words("nl_BE.UTF-8", &["balance"]);
    assert!(told.status == 0 && told.err.contains("nieuwe sleutel"), "{told:?}");
    let after = jef.json(&["checkpoint"]);
    assert!(before["size"].as_u64() < after["size"].as_u64());
    assert_eq!(jef.balance(), "0.00", "and goes on");
    // A seal from before the theft still compares.
    assert_eq!(jef.json(&["checkpoint", before["code"].as_str().unwrap()])["holds"], json!(true));
    // What the thief signs with the old key is an alarm, in a file and at the address itself.
    let origin = KeyName::new(past.charter.origin.clone()).unwrap();
    let verifier =
        VerifierKey::new(origin.clone(), KeyKind::Note, PublicKey::of(&stolen).as_bytes()).unwrap();
    let forged = Checkpoint { origin, size: 99, root: Hash([9; 32]) };
    let forged = forged.sign(&verifier, |text| klaver_ledger::keys::sign(&stolen, text).0).unwrap();
    let file = directory.path().join("forged");
    std::fs::write(&file, forged.to_string()).unwrap();
    let refused = jef.refused(6, &["checkpoint", file.to_str().unwrap()]);
    assert_eq!(refused["code"], "old_log_key", "{refused}");
    past.node.stop();
    let mut thief = past.node.under_same_address(&thief_home);
    thief.start();
    let refused = jef.refused(6, &["balance"]);
    assert_eq!(refused["code"], "lineage_wrong", "{refused}");
    assert!(evidence(&jef, &refused).contains("which this wallet has followed"));
    thief.stop();
    past.node.start();
    assert_eq!(jef.balance(), "0.00", "the true log is believed as before");
    // Nor is a receipt that goes beyond what the key signed, whoever names that key on the command line.
    past.node.stop();
    let data = DataDir::at(thief_home.join("data"));
    let theirs =
        Past { node: Node::at(&thief_home), data, ledger: past.ledger, charter: past.charter.clone() };
    for name in ["noor", "sam", "lena"] {
        theirs.record(Body::Open(Open { states: vec![state(name, AccountKind::Member)] }), now());
    }
    let (log, _) = open_ledger(&theirs.data, stolen).unwrap();
    let receipt = log.reader().receipt(1, Holder::Signer).unwrap();
    std::fs::write(&file, receipt.to_string()).unwrap();
    let (file, key, ledger) = (file.to_str().unwrap(), verifier.to_string(), past.ledger.to_hex());
    assert_eq!(jef.refused(6, &["receipt", "verify", file])["code"], "old_log_key");
    let named = ["receipt", "verify", file, "--log-key", &key, "--ledger", &ledger];
    assert_eq!(jef.refused(6, &named)["code"], "old_log_key");
    let stranger = Wallet::init(directory.path(), "stranger");
    assert_eq!(
        stranger.json(&named)["holds"],
        json!(true),
        "who knows nothing of the log has the key's word alone"
    );
}

#[test]
fn a_log_key_that_the_council_replaces_keeps_its_witnesses() {
    let directory = tempfile::tempdir().unwrap();
    let jef = Wallet::init(directory.path(), "jef");
    let account = account("jef");
    let (mut all, file) = witnesses(directory.path(), &["A", "B"], 2);
    let lines = std::fs::read_to_string(file).unwrap();
    let vkey = |charter: &Charter| {
        let name = KeyName::new(charter.origin.clone()).unwrap();
        VerifierKey::new(name, KeyKind::Note, charter.log_keys[0].as_bytes()).unwrap()
    };
    let mut text = String::new();
    let mut past = Past::found(directory.path(), |charter, url| {
        text = format!("log {} {url}/log\n{lines}", vkey(charter));
        charter.witness_policy = Digest::of(text.as_bytes());
    });
    let mut member = state("jef", AccountKind::Member);
    member.account = account;
    member.keys[0].key = PublicKey::from_hex(&jef.public_key()).unwrap();
    past.record(Body::Open(Open { states: vec![member] }), days_ago(4));
    std::fs::write(past.data.witness_policy(), &text).unwrap();
    let old_key = vkey(&past.charter);
    watch(&mut all, &old_key.to_string());
    past.node.start();
    jef.json(&["join", &past.node.url(), "--existing", &account.to_string()]);
    let witnessed = || {
        let said = jef.json(&["checkpoint"]);
        (said["witnessed"]["quorum"] == json!(true)).then(|| said["size"].as_u64().unwrap())
    };
    let before = within(BEATS, "a quorum under the old key", witnessed);
    past.node.stop();

    // The council names another key, and says nothing about who witnesses: the text that it decided on goes on to count.
    let next = Charter { log_keys: vec![public("next log")], ..past.charter.clone() };
    past.govern(next.clone());
    past.put_log_key(&key("next log"));
    let from = past.node.log_length();
    past.node.start();
    let told = past.node.said(from);
    assert!(told.contains(&format!("begins with   log {}", vkey(&next))), "{told}");
    assert_eq!(jef.json(&["checkpoint"])["witnessed"], json!({ "quorum": false, "by": [], "of": 2 }));
    for witness in &mut all {
        witness.kill();
        assert_eq!(witness.run("untrust", &["--log", &old_key.to_string()]).status, 0);
        witness.trust(&vkey(&next).to_string(), &[]);
        witness.start();
    }
    let after = within(BEATS, "a quorum under the new key", witnessed);
    assert!(before < after, "{before} {after}");
    // Who joins now is shown the same policy.
    let noor = Wallet::init(directory.path(), "noor");
    let mut member = state("noor", AccountKind::Member);
    member.keys[0].key = PublicKey::from_hex(&noor.public_key()).unwrap();
    past.node.stop();
    let noors = member.account.to_string();
    past.record(Body::Open(Open { states: vec![member] }), now());

    // A policy that neither names the log nor is the council's own is refused, with the line that is missing.
    let other = text.replace("group some 2", "group some 1");
    std::fs::write(past.data.witness_policy(), &other).unwrap();
    let refused = past.node.try_start().unwrap_err();
    assert!(refused.contains(&format!("begin it with   log {}", vkey(&next))), "{refused}");
    std::fs::write(past.data.witness_policy(), &text).unwrap();
    past.node.start();
    noor.json(&["join", &past.node.url(), "--existing", &noors]);
    within(BEATS, "a quorum for who joined later", || {
        (noor.json(&["checkpoint"])["witnessed"]["quorum"] == json!(true)).then_some(())
    });
}

#[test]
fn a_key_that_the_council_did_not_decide_on_is_never_followed() {
    let directory = tempfile::tempdir().unwrap();
    let (jef, mut past) = joined(directory.path());
    past.node.stop();
    // Somebody founds a ledger of the same name with keys of their own, and claims to be the same one.
    let other = directory.path().join("other");
    let forged = past_of(&other, &jef, account("jef"));
    let mut node = past.node.under_same_address(&other);
    drop(forged);
    node.start();
    let refused = jef.refused(6, &["balance"]);
    assert!(["other_ledger", "succession_wrong"].contains(&refused["code"].as_str().unwrap()), "{refused}");
}

#[test]
fn a_changed_domain_is_followed_when_the_charter_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let (jef, mut past) = joined(directory.path());
    let before = jef.json(&["checkpoint"]);
    past.node.stop();
    let mut moved = Node::at(directory.path());
    let config = Config { beat_seconds: 1, ..Config::new(&moved.url()).unwrap() };
    past.data.write_config(&config).unwrap();
    let claimed = Charter { origin: config.log_origin(), ..past.charter.clone() };
    past.govern(claimed);
    // The log signs under its new name from the next record on.
    past.record(Body::Open(Open { states: vec![state("noor", AccountKind::Member)] }), now());
    moved.start();
    assert_eq!(jef.run(&["balance"]).status, 3, "the old address is gone");
    let told = jef.json(&["join", &moved.url(), "--existing", &account("jef").to_string()]);
    assert_eq!(told["ledger"], json!(past.ledger.to_hex()));
    assert_eq!(jef.balance(), "0.00");
    let after = jef.json(&["checkpoint"]);
    assert!(before["size"].as_u64() < after["size"].as_u64(), "the same log goes on");
    let file = jef.home().join(format!("communities/{}.json", past.ledger.to_hex()));
    let file: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!((&file["node"], &file["charter_base"]), (&json!(moved.url()), &json!(2)), "{file}");
}

#[test]
fn a_new_witness_policy_counts_from_the_moment_the_charter_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let jef = Wallet::init(directory.path(), "jef");
    let account = account("jef");
    let mut past = past_of(directory.path(), &jef, account);
    let (mut all, file) = witnesses(directory.path(), &["A", "B"], 2);
    let lines = std::fs::read_to_string(file).unwrap();
    let log = &past.charter.log_keys[0];
    let name = KeyName::new(past.charter.origin.clone()).unwrap();
    let vkey = VerifierKey::new(name, KeyKind::Note, log.as_bytes()).unwrap();
    let text = format!("log {vkey} {}/log\n{lines}", past.node.url());
    let charter = Charter { witness_policy: Digest::of(text.as_bytes()), ..past.charter.clone() };
    // A day's delay, all but twenty seconds of which are over.
    let decided = Timestamp::from_millis(now().millis() - 86_380_000).unwrap();
    past.record(Body::Govern(Govern { base: 0, charter }), decided);
    std::fs::write(past.data.witness_policy(), text).unwrap();
    watch(&mut all, &vkey.to_string());
    past.node.start();
    jef.json(&["join", &past.node.url(), "--existing", &account.to_string()]);
    // The node asks them already; a wallet counts none that the council has not decided on.
    let early = now() < decided.after(Seconds(86_395));
    assert!(!early || jef.json(&["checkpoint"])["witnessed"] == Value::Null);
    within(BEATS, "a quorum that counts", || {
        let said = jef.json(&["checkpoint"]);
        (said["witnessed"]["quorum"] == json!(true)).then_some(())
    });
    assert!(decided.after(Seconds(86_400)) <= now(), "not before the charter was in force");
}
