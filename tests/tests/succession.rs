//! A ledger ends and another one continues it, with real processes: accounts, balances and keys go on, the auditor is
//! satisfied, and an opening that was changed is named.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_api::paths;
use klaver_api::succession::{LineageJson, SuccessorJson};
use klaver_ledger::id::LedgerId;
use klaver_ledger::lineage::Lineage;
use klaver_ledger::log::note::Note;
use klaver_ledger::testing::account;
use klaver_tests::binaries::{Ran, klaver_node};
use klaver_tests::node::{Node, copy_directory, passphrase_file, private_directory, run};
use klaver_tests::town::{Town, now};
use klaver_tests::wallet::Wallet;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A town with some history, and an auditor's wallet.
fn town(directory: &Path) -> (Town, Wallet) {
    let auditor = Wallet::init(directory, "aude");
    let key = auditor.public_key();
    let people = &["mia", "noor"];
    let town = Town::found_with(directory, people, &["bakery"], &["--auditor", &key, "--scale", "2"]);
    town.give(people, 10_000);
    for amount in [250, 125, 40] {
        assert_eq!(town.client.submit(&town.pay("mia", "bakery", amount)).status, 201);
    }
    (town, auditor)
}

/// Runs `klaver-node succeed` on the town below `directory`, into `next/data`.
fn succeed(directory: &Path, options: &[&str]) -> Ran {
    let next = directory.join("next");
    private_directory(&next);
    let mut command = klaver_node();
    command.arg("succeed").arg("--data").arg(directory.join("data")).arg("--into").arg(next.join("data"));
    command.arg("--wallet").arg(directory.join("council"));
    command.arg("--passphrase-file").arg(passphrase_file(directory)).args(options);
    run(&mut command)
}

/// Serves the new ledger at an address of its own; the people of the town go there.
fn move_to_new(town: &mut Town, directory: &Path) {
    town.node = Node::at(&directory.join("next"));
    let url = town.node.url();
    let config = town.node.data().join("node.json");
    let mut settings: Value = serde_json::from_slice(&std::fs::read(&config).unwrap()).unwrap();
    settings["public_url"] = json!(url);
    std::fs::write(&config, serde_json::to_vec(&settings).unwrap()).unwrap();
    town.node.start();
    town.client = town.node.client();
    let before = town.ledger;
    town.ledger = LedgerId::from_hex(&town.client.community().ledger).unwrap();
    assert_ne!(town.ledger, before);
}

fn balances(town: &Town) -> Vec<String> {
    ["mia", "noor", "bakery"].iter().map(|name| town.balance(name)).collect()
}

/// Returns the table of the trial balance in what `verify` said.
fn trial_balance(said: &Ran) -> String {
    assert_eq!(said.status, 0, "{said:?}");
    said.out[said.out.find("\nkind").unwrap()..].to_owned()
}

/// Returns every file below a directory with its content.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for item in std::fs::read_dir(directory).unwrap().flatten() {
        if item.file_type().unwrap().is_dir() {
            found.extend(files(&item.path()));
        } else {
            found.insert(item.path(), std::fs::read(item.path()).unwrap());
        }
    }
    found
}

#[test]
fn a_town_goes_on_when_its_log_key_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let (mut town, _) = town(directory.path());
    let (before, old) = (balances(&town), town.client.community());
    town.node.stop();
    let balance = trial_balance(&town.node.verify());
    std::fs::remove_file(town.node.data().join("keys/log")).unwrap();
    assert!(town.node.try_start().is_err(), "nobody can sign for the old log any more");
    let kept = files(&town.node.data());

    // Nothing happens by accident.
    let asked = succeed(directory.path(), &[]);
    assert!(asked.status == 1 && asked.err.contains("--log-key-lost"), "{asked:?}");
    let council = &old.charter.council[0];
    let too_few = succeed(directory.path(), &["--log-key-lost", "--leave-out", council]);
    assert!(too_few.status == 1 && too_few.err.contains("council keys are left"), "{too_few:?}");
    assert_eq!(std::fs::read_dir(directory.path().join("next")).unwrap().count(), 0, "nothing half done");
    let done = succeed(directory.path(), &["--log-key-lost"]);
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.out.contains(&old.ledger) && done.out.contains("The old log key is lost"), "{done:?}");
    let mut after = files(&town.node.data());
    // Taking the lock may leave its file behind; nothing else is touched.
    after.retain(|path, _| kept.contains_key(path) || !path.ends_with("ledger/lock"));
    assert_eq!(after, kept, "the old directory is as it was");
    let twice = succeed(directory.path(), &["--log-key-lost"]);
    assert!(twice.status == 1 && twice.err.contains("is there already"), "{twice:?}");

    // The same accounts and balances, by its own audit; people pay with the keys they have.
    move_to_new(&mut town, directory.path());
    assert_eq!(balances(&town), before);
    assert_eq!(town.client.submit(&town.pay("noor", "bakery", 100)).status, 201);
    assert_eq!(town.balance("noor"), "99.00");
    let token = town.session("noor");
    let statement = town.client.get(&paths::fill(paths::STATEMENT, account("noor")), Some(&token));
    assert_eq!(statement.json["lines"].as_array().unwrap().len(), 1, "{statement:?}");
    town.give(&["mia"], 50);
    town.node.stop();
    let said = town.node.verify();
    assert!(said.out.contains(&format!("It continues ledger {}", old.ledger)), "{said:?}");
    assert_ne!(trial_balance(&said), balance, "100 and 50 were paid since");
    town.node.start();
    town.client = town.node.client();
    assert_eq!(town.balance("noor"), "99.00", "also after a restart");
}

#[test]
fn a_town_goes_on_with_another_registrar_when_that_key_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let (mut town, _) = town(directory.path());
    let (before, old) = (balances(&town), town.client.community().charter);
    town.node.stop();
    std::fs::remove_file(town.node.data().join("keys/registrar")).unwrap();
    private_directory(&directory.path().join("next"));
    town.node = Node::at(&directory.path().join("next"));
    let done = succeed(directory.path(), &["--public-url", &town.node.url()]);
    assert_eq!(done.status, 0, "the log key is there, nothing else is needed: {done:?}");
    town.node.start();
    town.client = town.node.client();
    town.ledger = LedgerId::from_hex(&town.client.community().ledger).unwrap();
    let new = town.client.community().charter;
    assert_ne!(new.registrar, old.registrar, "nobody has the old one");
    assert_eq!(new.guardian, old.guardian, "what is not lost stays");
    assert_eq!(balances(&town), before);

    // Somebody joins: that account is opened by the new registrar alone.
    let council = Wallet::of(directory.path(), "council");
    let invitation = council.json(&["invite"])["link"].as_str().unwrap().to_owned();
    let jef = Wallet::init(directory.path(), "jef");
    jef.json(&["join", &invitation]);
    assert_eq!(jef.balance(), "0.00");
    town.node.stop();
    let records = directory.path().join("records");
    let mut export = klaver_node();
    export.arg("export").arg("--data").arg(town.node.data()).arg("--records").arg(&records);
    let ran = run(&mut export);
    assert_eq!(ran.status, 0, "{ran:?}");
    let text = std::fs::read_to_string(&records).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["entry"]["kind"], &last["signed_by"]),
        (&json!("open"), &json!([new.registrar])),
        "{last}"
    );
}

#[test]
fn a_town_whose_names_are_lost_goes_on_without_them_once_somebody_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let (mut town, _) = town(directory.path());
    let before = balances(&town);
    town.node.stop();
    let data = town.node.data();
    for file in std::fs::read_dir(&data).unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with("community-") {
            std::fs::remove_dir_all(file.path()).unwrap();
        }
    }
    let kept = files(&data);
    let asked = succeed(directory.path(), &[]);
    assert!(asked.status == 1 && asked.err.contains("the community data are gone"), "{asked:?}");
    assert_eq!(std::fs::read_dir(directory.path().join("next")).unwrap().count(), 0, "nothing half done");
    let mut after = files(&data);
    after.retain(|path, _| kept.contains_key(path) || !path.ends_with("ledger/lock"));
    assert_eq!(after, kept, "the old ledger has not ended");
    std::fs::remove_file(data.join("community.made")).unwrap();
    let done = succeed(directory.path(), &[]);
    assert_eq!(done.status, 0, "{done:?}");
    move_to_new(&mut town, directory.path());
    assert_eq!(balances(&town), before);
}

#[test]
fn an_ended_ledger_is_read_and_the_new_one_has_the_same_trial_balance() {
    let directory = tempfile::tempdir().unwrap();
    let (mut town, _) = town(directory.path());
    let before = balances(&town);
    assert_eq!(town.client.get(paths::SUCCESSOR, None).text("code"), "no_successor");
    let running = succeed(directory.path(), &[]);
    assert!(running.status == 1 && running.err.contains("held still"), "{running:?}");
    town.node.stop();
    let balance = trial_balance(&town.node.verify());
    let size = town_size(&town.node.verify());
    assert_eq!(succeed(directory.path(), &["--public-url", "https://nieuw.example"]).status, 0);

    // The old node answers what it knows, and takes nothing more.
    let ended = town.node.verify();
    assert!(ended.out.contains("The council has ended it"), "{ended:?}");
    assert_eq!((trial_balance(&ended), town_size(&ended)), (balance.clone(), size + 1));
    town.node.start();
    town.client = town.node.client();
    let late = town.client.submit(&town.pay("mia", "bakery", 1));
    assert_eq!((late.status, late.text("code")), (422, "ended"), "{late:?}");
    assert_eq!(balances(&town), before);
    leads_on(&town);
    town.node.stop();

    // A place that is left half done is done again: the old ledger ends where it ended.
    let next = directory.path().join("next/data");
    let first = std::fs::read(next.join("predecessor")).unwrap();
    let new = Node::at(&directory.path().join("next"));
    assert_eq!(trial_balance(&new.verify()), balance, "not a cent more or less");
    std::fs::remove_dir_all(&next).unwrap();
    // Whoever does not say so would make a second one beside it.
    let twice = succeed(directory.path(), &[]);
    assert!(twice.status == 1 && twice.err.contains("at https://nieuw.example: serve that one"), "{twice:?}");
    assert!(!next.exists());
    let ran = succeed(directory.path(), &["--again"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(std::fs::read(next.join("predecessor")).unwrap(), first);

    // Books of another moment, or with one bit changed, are not what the founding entry names.
    let (whole, copy) = (next.join("predecessor"), directory.path().join("copy"));
    copy_directory(&next, &copy);
    let mut changed = first.clone();
    let at = changed.len() / 2;
    changed[at] ^= 1;
    for (bytes, words) in [(changed, "record 0"), (first[..at].to_vec(), "record 0")] {
        std::fs::write(&whole, bytes).unwrap();
        let said = new.verify();
        assert!(said.status == 6 && said.err.contains(words), "{said:?}");
    }
    std::fs::remove_file(&whole).unwrap();
    let said = new.verify();
    assert!(said.status == 1 && said.err.contains("snapshot was not handed over"), "{said:?}");
    std::fs::write(&whole, &first).unwrap();
    assert_eq!(trial_balance(&new.verify()), balance);
}

/// Checks that the old node shows where its ledger goes on, with what proves it.
fn leads_on(town: &Town) {
    let said: SuccessorJson = serde_json::from_slice(&town.client.get(paths::SUCCESSOR, None).bytes).unwrap();
    assert_eq!((said.url.as_str(), said.end.log.as_str()), ("https://nieuw.example", paths::LOG));
    let follow = |shown: &LineageJson| {
        let ledger = LedgerId::from_hex(&shown.ledger).unwrap();
        Lineage::follow(&ledger, &shown.to_receipts().unwrap(), now()).unwrap()
    };
    let (after, before) = (follow(&said.lineage), follow(&said.end.lineage));
    assert_eq!(before.ledger(), town.ledger);
    assert!(after.charter().origin.starts_with("nieuw.example/"), "{}", after.charter().origin);
    let last = before.log().open(&Note::parse(said.end.checkpoint.as_bytes()).unwrap()).unwrap();
    let ending = said.end.ending.unwrap().to_receipt().unwrap();
    assert_eq!(after.succeeds(&before, &last, Some(&ending)).unwrap().ledger, town.ledger);
}

/// Returns how many records `verify` found.
fn town_size(said: &Ran) -> u64 {
    let words = said.out.split_whitespace().skip_while(|word| *word != "holds:");
    words.skip(1).find_map(|word| word.parse().ok()).unwrap()
}

#[test]
fn an_auditor_audits_the_new_ledger_over_http() {
    let directory = tempfile::tempdir().unwrap();
    let (mut town, auditor) = town(directory.path());
    town.node.stop();
    assert_eq!(succeed(directory.path(), &[]).status, 0);
    move_to_new(&mut town, directory.path());
    assert_eq!(town.client.submit(&town.pay("mia", "bakery", 7)).status, 201);
    auditor.json(&["join", &town.node.url(), "--office", "auditor"]);
    town.client.published(town.size());
    let audit = auditor.json(&["audit", &town.node.url()]);
    assert_eq!((&audit["holds"], &audit["part"]), (&json!(true), &json!("all")), "{audit}");
    assert_eq!(audit["in_circulation_minor"], json!(20_000), "{audit}");

    // Another opening than the founding entry names is a violation of record 0.
    let opening = town.node.data().join("predecessor");
    let mut bytes = std::fs::read(&opening).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&opening, &bytes).unwrap();
    let said = auditor.refused(6, &["audit", &town.node.url()]);
    assert_eq!(said["code"], json!("audit_violation"), "{said}");
    assert!(said.to_string().contains("snapshot"), "{said}");
    // It is for auditors alone.
    let token = town.session("mia");
    assert_eq!(town.client.get(paths::AUDIT_PREDECESSOR, Some(&token)).status, 403);
    assert_eq!(town.client.get(paths::AUDIT_PREDECESSOR, None).status, 401);
}
