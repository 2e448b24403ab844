//! The wallet as people meet it: every command against a real node, in Dutch, with what it says looked at.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod audits;
mod french;
mod promises;

use klaver_tests::binaries::{Ran, klaver_node};
use klaver_tests::node::{Node, passphrase_file, run};
use klaver_tests::programs;
use klaver_tests::wallet::Wallet;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const DUTCH: &str = "nl_BE.UTF-8";

/// A community whose council is Anna alone, with Aude as its auditor.
struct Village {
    node: Node,
    anna: Wallet,
    aude: Wallet,
}

impl Village {
    fn found(directory: &Path, more: &[&str]) -> Self {
        let aude = Wallet::init(directory, "aude");
        let (key, anna) = (aude.public_key(), Wallet::of(directory, "anna"));
        let home = anna.home().to_str().unwrap().to_owned();
        let options = ["--auditor", &key, "--euro", "1", "--thanks", "5", "--wallet", &home];
        let mut node = Node::found(directory, "Klaverdorp", &[&options[..], more].concat());
        node.start();
        aude.json(&["join", &node.url(), "--office", "auditor"]);
        Self { node, anna, aude }
    }

    /// Opens an account as the council, for a wallet that has a spare key.
    fn open(&self, kind: &str, wallet: &Wallet, options: &[&str]) -> String {
        let key = wallet.public_key();
        let said = self.anna.json(&[&["account", "open", kind, "--key", &key], options].concat());
        let account = said["account"].as_str().unwrap().to_owned();
        wallet.json(&["join", &self.node.url(), "--existing", &account]);
        account
    }

    fn join(&self, directory: &Path, name: &str) -> (Wallet, String) {
        let link = self.anna.json(&["invite"])["link"].as_str().unwrap().to_owned();
        let wallet = Wallet::init(directory, name);
        let account = wallet.json(&["join", &link])["account"].as_str().unwrap().to_owned();
        (wallet, account)
    }
}

/// Runs a command in Dutch, which must end with `status` and say each of `parts`, on either stream.
fn says(wallet: &Wallet, status: i32, arguments: &[&str], parts: &[&str]) -> Ran {
    says_in(DUTCH, wallet, status, arguments, parts)
}

fn says_in(locale: &str, wallet: &Wallet, status: i32, arguments: &[&str], parts: &[&str]) -> Ran {
    let ran = wallet.in_words(locale, arguments);
    assert_eq!(ran.status, status, "klaver {arguments:?}\n{}{}", ran.out, ran.err);
    let text = format!("{}{}", ran.out, ran.err);
    for part in parts {
        assert!(text.contains(part), "klaver {arguments:?} does not say \"{part}\":\n{text}");
    }
    ran
}

fn index(said: &Value) -> String {
    assert_eq!(said["outcome"], "recorded", "{said}");
    said["index"].to_string()
}

#[test]
fn founding_says_what_to_do_next_in_the_language_of_the_founder() {
    let directory = tempfile::tempdir().unwrap();
    let passphrase = passphrase_file(directory.path());
    let (data, home) = (directory.path().join("data"), directory.path().join("kernteam"));
    let mut command = klaver_node();
    command.args(["found", "--no-input", "--name", "Klaverdorp", "--thanks", "2,50", "--data"]).arg(&data);
    command.arg("--wallet").arg(&home).arg("--passphrase-file").arg(passphrase).env("LC_ALL", DUTCH);
    let ran = run(&mut command);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let home = home.to_str().unwrap();
    for part in [
        "Klaverdorp is opgericht.",
        "Dank voor een uur: 2,50 klavers",
        &format!("klaver --data {home} whoami"),
        &format!("klaver --data {home} invite"),
        &format!("klaver --data {home} account open budget --key"),
        "govern propose charter.json",
    ] {
        assert!(ran.out.contains(part), "\"{part}\" is missing:\n{}", ran.out);
    }
    let again = run(&mut command);
    assert_ne!(again.status, 0, "{}", again.out);
    assert!(again.err.contains("is niet leeg. Richt de gemeenschap op in een nieuwe map."), "{}", again.err);
    // The directory is one that the wallet uses at once.
    let founder = Wallet::of(directory.path(), "kernteam");
    assert_eq!(founder.json(&["whoami"])["keys"][0]["purpose"], "council");
}

#[test]
fn the_first_invitation_that_founding_prints_opens_one_account() {
    let directory = tempfile::tempdir().unwrap();
    let mut node = Node::at(directory.path());
    let mut command = klaver_node();
    command.args(["found", "--no-input", "--name", "Klaverdorp", "--public-url", &node.url()]);
    command.arg("--data").arg(node.data()).arg("--wallet").arg(directory.path().join("council"));
    command.arg("--passphrase-file").arg(passphrase_file(directory.path()));
    let ran = run(&mut command);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let link = ran.out.split_whitespace().find(|word| word.contains("/i/")).expect("a link").to_owned();
    node.start();
    let [els, mia] = ["els", "mia"].map(|name| Wallet::init(directory.path(), name));
    assert!(els.json(&["join", &link])["account"].is_string());
    let late = mia.run(&["join", &link]);
    assert_ne!(late.status, 0, "{}", late.out);
    assert!(late.err.contains("unknown_invitation"), "{}", late.err);
}

#[test]
fn whoever_cannot_join_is_told_the_next_step_and_nothing_wrong_is_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let village = Village::found(directory.path(), &[]);
    let (bakker, url) = (Wallet::init(directory.path(), "bakker"), village.node.url());
    let key = bakker.public_key();
    says(
        &bakker,
        1,
        &["join", &url],
        &["met een uitnodiging", &key, &format!("klaver join {url} --existing")],
    );
    let (_, other) = village.join(directory.path(), "els");
    says(&bakker, 4, &["join", &url, "--existing", &other], &["hoort niet bij deze rekening", &key]);
    says(&bakker, 4, &["join", &url, "--office", "council"], &["hoort daar niet bij: kernteam", &key]);
    assert_eq!(bakker.json(&["whoami"])["keys"][0]["purpose"], "spare");
    let opened =
        says(&village.anna, 0, &["account", "open", "merchant", "--key", &key], &["De eigenaar typt nu:"]);
    let account = opened.err.split("--existing ").nth(1).unwrap().trim().to_owned();
    bakker.json(&["join", &url, "--existing", &account]);
    // What does not exist yet cannot be joined; a key that makes no sense is told which part of it.
    let shown = ["account", "open", "merchant", "--key", &key, "--dry-run"];
    assert!(!says(&village.anna, 0, &shown, &["Open rekening"]).err.contains("De eigenaar typt"));
    for (rights, part) in [
        ("foo", "\"foo\" is geen recht"),
        ("spend:2020-01-01", "al sinds 01/01/2020"),
        ("spend:ooit", "\"ooit\" is geen datum"),
    ] {
        says(
            &village.anna,
            2,
            &["account", "open", "merchant", "--key", &format!("{key}:{rights}")],
            &[part],
        );
    }
    let again = bakker.json(&["join", &url, "--existing", &account]);
    assert_eq!((&again["account"], &again["key"]), (&json!(account), &json!("bakker")));
    assert_eq!(bakker.balance(), "0.00");
    says(&bakker, 4, &["balance", "--node", "http://localhost:1"], &["hoort bij http://localhost:1"]);
    says(&bakker, 2, &["balance", "--node", "geen adres"], &["geen adres van een gemeenschap"]);
}

#[test]
fn members_come_from_a_list_with_its_mistakes_by_line_and_first_what_it_would_do() {
    let directory = tempfile::tempdir().unwrap();
    let village = Village::found(directory.path(), &[]);
    let (els, bert) = (Wallet::init(directory.path(), "els"), Wallet::init(directory.path(), "bert"));
    let file = directory.path().join("leden.csv");
    let path = file.to_str().unwrap();
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write(&format!("naam;sleutel;limiet\nAnn;;\nBert;{};\n;zz;\nDirk;;2\n", bert.public_key()));
    let wrong = [
        "Lijn 4: de naam ontbreekt.",
        "Lijn 4: deze sleutel is niet volledig",
        "Lijn 5: een eigen limiet",
        "Fouten in de lijst: 3.",
    ];
    says(&village.anna, 2, &["account", "import", path], &wrong);
    write(&format!("naam;sleutel;limiet\nAnn;;\nBert;{};2,5\n", bert.public_key()));
    let shown =
        ["Ann", "een uitnodiging", "een rekening, tot 2,50 klavers onder nul", "Rekeningen om te openen: 1"];
    says(&village.anna, 0, &["account", "import", path, "--dry-run"], &shown);
    let accounts = || village.anna.json(&["account", "list"])["accounts"].as_array().unwrap().len();
    let before = accounts();
    let said = village.anna.json(&["account", "import", path]);
    assert_eq!(accounts(), before + 1, "{said}");
    let account = said["opened"][0]["accounts"][0].as_str().unwrap();
    bert.json(&["join", &village.node.url(), "--existing", account]);
    let link = said["invitations"][0]["link"].as_str().unwrap();
    els.json(&["join", link]);
    // Nobody is opened twice.
    says(&village.anna, 2, &["account", "import", path], &["Lijn 3: deze sleutel heeft al een rekening."]);
}

#[test]
fn a_shopkeeper_and_a_place_use_the_wallet_in_dutch() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let village = Village::found(directory.path(), &[]);
    let [molen, bakker] = ["molen", "bakker"].map(|name| Wallet::init(directory.path(), name));
    village.open("budget", &molen, &["--limit", "500", "--organisation", "new"]);
    let shop = village.open("merchant", &bakker, &[]);
    let (els, account) = village.join(directory.path(), "els");

    // What is usual is told to whoever forgets the amount; mistakes of a list are named.
    says(&molen, 2, &["earn", &account], &["Gewoonlijk is het 5 klavers per uur"]);
    std::fs::write(at("lijst.csv"), format!("{account};\n{account};twee\n{};1\n", &account[..30])).unwrap();
    let list = ["earn", "--csv", &at("lijst.csv")];
    says(&molen, 2, &list, &["Lijn 1: Hoeveel?", "Lijn 2: \"twee\"", "Lijn 3:", "geen 36 tekens"]);
    says(&molen, 2, &["earn", "--csv", &at("niet-daar.csv")], &["Er is geen bestand"]);
    says(&molen, 2, &["earn", &account, "--hours", "veel"], &["\"veel\" is geen aantal uren"]);
    let hours = ["1,5 uur is 7,50 klavers, aan 5 klavers per uur", "Gegeven: samen 7,50 klavers"];
    says(&molen, 0, &["earn", &account, "--hours", "1,5"], &hours);

    // The till shows under whose name it asks.
    says(&bakker, 0, &["account", "name", "De Korenaar"], &["Alleen jij en het kernteam zien hem"]);
    says(&bakker, 0, &["request", "5", "--no-wait"], &["Op naam van De Korenaar", "5 klavers", "--listed"]);
    says(&bakker, 0, &["account", "name", "De Korenaar", "--listed"], &["iedereen ziet hem"]);
    let till = bakker.json(&["request", "2,50", "--no-wait"]);
    let (link, id) = (till["link"].as_str().unwrap(), till["id"].as_str().unwrap());
    assert!(link.ends_with(&format!("/p/{id}")), "one spelling: {till}");
    says(
        &els,
        0,
        &["pay", link],
        &["Betaal 2,50 klavers aan De Korenaar", "Betaald: 2,50 klavers aan De Korenaar"],
    );
    says(&els, 5, &["pay", link], &["Jij betaalde dit al: nummer"]);
    says(
        &els,
        5,
        &["pay", &shop, "1000"],
        &["je kunt 5 klavers uitgeven, dit vraagt 1000 klavers", "Verlaag"],
    );
    says(&els, 2, &["pay", &shop, "99999999999999999999"], &["Zo veel bestaat niet."]);
    says(&els, 2, &["pay", &shop, ""], &["Hoeveel?"]);
    says(&els, 2, &["pay", &at("foto.png")], &["Er is geen bestand"]);
    says(&els, 2, &["pay", &shop[..35], "1"], &["heeft 35 tekens, het moeten er 36 zijn"]);

    what_cannot_be_is_said_in_dutch(&bakker, &els, &shop, &at("geen-map/x"));

    // Giver and receiver read different words; a list that stops says so.
    says(&molen, 0, &["history"], &["gegeven als dank", "−7,50"]);
    let newest =
        says(&els, 0, &["history", "--limit", "1"], &["betaald", "−2,50", "2 oudere lijnen", "--all"]);
    assert!(!newest.out.contains("gekregen"), "{}", newest.out);
    let all =
        says(&els, 0, &["history", "--all", "--verify"], &["gekregen, bedankt", "Bewijzen die kloppen: 3"]);
    assert!(!all.err.contains("oudere"), "{}", all.err);
    hledger_accepts_every_export(&[&els, &molen, &bakker]);
    what_is_left_is_given_back(&bakker, &els, &shop);

    at_rest_and_awake_again(&village, &bakker, &shop, &account);
    a_change_by_the_council_can_be_stopped(&village, &els, &account);
    a_closed_account_has_no_name(&village, directory.path(), &account);
    receipts_hold_without_a_wallet(village, directory.path(), &els);
}

fn what_cannot_be_is_said_in_dutch(bakker: &Wallet, els: &Wallet, shop: &str, no_directory: &str) {
    says(bakker, 2, &["request", "1", "--valid", "1s"], &["tussen seconden: 10 en dagen: 7"]);
    says(bakker, 2, &["request", "1", "--valid", "0"], &["geen duur"]);
    says(bakker, 1, &["request", "1", "--no-wait", "--png", "/proc/x"], &["/proc/x is niet te schrijven"]);
    says(bakker, 1, &["export", "-o", no_directory], &["De map voor"]);
    let long = "é".repeat(75);
    let said = says(els, 2, &["pay", shop, "1", "--memo", &long], &["heeft 150 bytes", "Maak het korter"]);
    assert!(!said.err.contains("the memo"), "no English in Dutch: {}", said.err);
    // A program reads the same amounts in every language.
    for language in ["nl", "fr", "en"] {
        let error = els.refused(5, &["pay", shop, "1000", "--lang", language]);
        assert_eq!((&error["value"], &error["limit"]), (&json!("1000.00"), &json!("5.00")), "{error}");
    }
}

fn what_is_left_is_given_back(bakker: &Wallet, els: &Wallet, shop: &str) {
    let paid = index(&els.json(&["pay", shop, "2"]));
    says(bakker, 0, &["refund", &paid, "0,50"], &["Terugbetaald: 0,50 klavers"]);
    says(bakker, 0, &["refund", &paid], &["Terugbetaald: 1,50 klavers"]);
    says(bakker, 5, &["refund", &paid], &[&format!("Nummer {paid} is al helemaal terugbetaald")]);
    assert_eq!(els.balance(), "5.00");
}

/// What the wallet exports is accepted by hledger, and its last balance is the account's.
fn hledger_accepts_every_export(wallets: &[&Wallet]) {
    for wallet in wallets {
        let lines = wallet.json(&["history", "--all"])["lines"].as_array().unwrap().len();
        let csv = wallet.in_words(DUTCH, &["export"]);
        assert_eq!((csv.status, csv.out.lines().count()), (0, lines + 1), "{}{}", csv.out, csv.err);
        let json = wallet.in_words(DUTCH, &["export", "--format", "json"]);
        let json: Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!(json["lines"].as_array().unwrap().len(), lines);
        let journal = wallet.in_words(DUTCH, &["export", "--format", "hledger"]).out;
        let ledger = |arguments: &[&str]| {
            let mut command = Command::new("hledger");
            let ran = programs::run(
                command.env("LC_ALL", "C.UTF-8").args(["-f", "-"]).args(arguments),
                journal.as_bytes(),
            );
            assert!(ran.status.success(), "{}\n{journal}", String::from_utf8_lossy(&ran.stderr));
            String::from_utf8(ran.stdout).unwrap()
        };
        ledger(&["check", "--strict"]);
        let total = ledger(&["balance", "assets:klaver", "--no-total", "--flat"]);
        let balance = wallet.balance();
        let shown = if balance == "0.00" { total.is_empty() } else { total.contains(&balance) };
        assert!(shown, "{balance} is not what hledger says: {total}");
    }
}

fn at_rest_and_awake_again(village: &Village, bakker: &Wallet, shop: &str, payee: &str) {
    let mut asked = Command::new(klaver_tests::binaries::klaver().get_program());
    asked.env("KLAVER_HOME", bakker.home()).env("LC_ALL", DUTCH).args(["account", "freeze", "--no-input"]);
    let ran = run(&mut asked);
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(ran.err.contains("dat doet het kernteam"), "it warns before it asks: {}", ran.err);
    says(bakker, 0, &["account", "freeze"], &["is in rust gezet", "Alleen het kernteam wekt ze weer"]);
    says(bakker, 0, &["balance"], &["Alleen het kernteam kan ze wekken"]);
    says(bakker, 5, &["pay", payee, "1"], &["in rust gezet, er gaat niets af", "kernteam"]);
    says(&village.anna, 0, &["account", "unfreeze", shop], &["is weer in gebruik."]);
    says(bakker, 0, &["pay", payee, "1"], &["Betaald: 1 klaver aan"]);
}

fn a_change_by_the_council_can_be_stopped(village: &Village, els: &Wallet, account: &str) {
    let key = village.aude.json(&["key", "new", "nieuwe"])["public_key"].as_str().unwrap().to_owned();
    let change = ["account", "change", account, "--council", "--add-key", &key];
    says(&village.anna, 0, &change, &[&key, "mag: alles", "verandert op", "klaver veto"]);
    let pending = els.json(&["balance"])["pending"]["index"].to_string();
    says(els, 0, &["balance"], &["Was jij dat niet?", &format!("klaver veto {pending}")]);
    says(els, 0, &["veto", &pending], &[&format!("Nummer {pending} is tegengehouden.")]);
    says(els, 5, &["veto", &pending], &["wacht niet, of niet meer"]);
    assert_eq!(els.json(&["balance"])["pending"], Value::Null);
    // A limit counts at once.
    let limit = ["account", "change", account, "--council", "--limit", "5"];
    let ran = says(&village.anna, 0, &limit, &["is veranderd."]);
    assert!(!ran.out.contains("of wordt"), "{}", ran.out);
}

fn a_closed_account_has_no_name(village: &Village, directory: &Path, heir: &str) {
    let (hilde, account) = village.join(directory, "hilde");
    says(&hilde, 0, &["account", "close", "--heir", heir], &["is gesloten."]);
    says(&hilde, 5, &["account", "name", "Hilde"], &["krijgt geen naam meer"]);
    says(&hilde, 5, &["request", "1", "--no-wait"], &["Deze rekening is gesloten, ze krijgt niets meer"]);
    says(&hilde, 0, &["balance"], &["Deze rekening is gesloten.", heir]);
    let payer = Wallet::of(directory, "els");
    says(&payer, 5, &["pay", &account, "1"], &["Deze rekening is gesloten."]);
}

/// With the key of the log alone a receipt is verified, in an empty directory and without the node.
fn receipts_hold_without_a_wallet(mut village: Village, directory: &Path, els: &Wallet) {
    let lines = els.json(&["history", "--all"])["lines"].clone();
    let received =
        lines.as_array().unwrap().iter().find(|line| line["kind"] == "earn").unwrap()["index"].to_string();
    let paid =
        lines.as_array().unwrap().iter().find(|line| line["debit"] == "2.50").unwrap()["index"].to_string();
    let file = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let (line, entry) = (file("line.tlog-proof"), file("entry.tlog-proof"));
    els.json(&["receipt", "save", &received, "--out", &line]);
    els.json(&["receipt", "save", &paid, "--out", &entry]);
    let community = village.node.client().community();
    village.node.stop();
    let nobody = Wallet::of(directory, "niemand");
    let verify = |file: &str, more: &[&str]| {
        let arguments = [&["receipt", "verify", file, "--log-key", &community.log.vkey], more].concat();
        nobody.in_words(DUTCH, &arguments)
    };
    let holds = verify(&line, &[]);
    assert_eq!(holds.status, 0, "{}", holds.err);
    assert!(holds.out.contains("7,50") && holds.out.contains("Dit bewijs klopt"), "{}", holds.out);
    let needs = verify(&entry, &[]);
    assert_eq!(needs.status, 2, "{}{}", needs.out, needs.err);
    assert!(needs.err.contains("--ledger"), "{}", needs.err);
    assert_eq!(verify(&entry, &["--ledger", &community.ledger]).status, 0);
    let other = community.log.vkey.replace("localhost", "elders").replace("127.0.0.1", "127.0.0.2");
    let wrong = nobody.in_words(DUTCH, &["receipt", "verify", &line, "--log-key", &other]);
    assert_ne!(wrong.status, 0, "{}", wrong.out);
}

#[test]
fn the_council_and_the_auditor_govern_stop_and_attest_in_dutch() {
    let directory = tempfile::tempdir().unwrap();
    let village = Village::found(directory.path(), &[]);
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let charter = village.anna.in_words(DUTCH, &["govern", "show"]).out;
    let mut changed: Value = serde_json::from_str(&charter).unwrap();
    changed["policy"]["correction_window"] = json!(3 * 86_400);
    changed["policy"]["joining"] = json!("open");
    std::fs::write(at("charter.json"), changed.to_string()).unwrap();
    let parts =
        ["tijd om recht te zetten: dagen: 7 → dagen: 3", "wie lid wordt: uitnodiging → open", "gelden vanaf"];
    let said = says(&village.anna, 0, &["govern", "propose", &at("charter.json")], &parts);
    assert!(!said.err.contains("registrar") && !said.err.contains('{'), "only what changes: {}", said.err);
    let proposed = (village.node.client().community().size - 1).to_string();
    says(
        &village.anna,
        5,
        &["govern", "propose", &at("charter.json")],
        &[&format!("Nummer {proposed} wacht al")],
    );
    says(&village.aude, 0, &["veto", &proposed], &["is tegengehouden"]);
    assert_eq!(village.anna.in_words(DUTCH, &["govern", "show"]).out, charter);
    changed["policy"]["card_free_amount"] = json!("51.00");
    std::fs::write(at("charter.json"), changed.to_string()).unwrap();
    says(&village.anna, 5, &["govern", "propose", &at("charter.json")], &["kaart zonder code per dag"]);
    says(&village.anna, 2, &["govern", "propose", &at("geen.json")], &["Er is geen bestand"]);

    village.node.client().await_publication();
    std::fs::write(at("verslag.txt"), "Jaarverslag").unwrap();
    let report = village.anna.json(&["attest", "impact_report", &at("verslag.txt")]);
    says(
        &village.aude,
        0,
        &["attest", "audit_note", &at("verslag.txt"), "--auditor"],
        &["Vastgelegd bij nummer"],
    );
    let saved = at("attest.tlog-proof");
    let index = index(&report);
    let saved = ["receipt", "save", &index, "--out", &saved];
    assert_eq!(village.anna.json(&saved)["content"]["says"]["kind"], "attest");
    // An attestation of the council alone does not do for a snapshot: the auditor signs too.
    let parts = ["Bijna klaar, wacht op: het nazicht"];
    says(&village.anna, 0, &["attest", "snapshot", &at("verslag.txt")], &parts);
}

#[test]
fn a_draft_says_what_it_is_who_signed_who_is_missing_and_when_it_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let village = Village::found(directory.path(), &[]);
    let [molen, bakker, jan, piet] =
        ["molen", "bakker", "jan", "piet"].map(|name| Wallet::init(directory.path(), name));
    village.open("budget", &molen, &["--limit", "500", "--organisation", "new"]);
    let shop = village.open("merchant", &bakker, &[]);
    bakker.json(&["account", "name", "De Korenaar", "--listed"]);
    let second = piet.public_key();
    let pot = village.open("fund", &jan, &["--key", &second, "--threshold", "2"]);
    piet.json(&["join", &village.node.url(), "--existing", &pot]);
    molen.json(&["earn", &pot, "--each", "20"]);
    let draft = jan.json(&["pay", &shop, "4", "--valid", "1d"]);
    assert_eq!(
        (&draft["waits_for"]["who"], &draft["waits_for"]["have"]),
        (&json!("account"), &json!(1)),
        "{draft}"
    );
    let id = draft["draft"].as_str().unwrap();
    assert!(draft["link"].as_str().unwrap().ends_with(&format!("/d/{id}")), "one spelling: {draft}");
    let waits = "wacht op: sleutels van jan";
    says(
        &jan,
        0,
        &["pay", &shop, "3", "--valid", "1d"],
        &["Bijna klaar", waits, "die mogen: betalen (1 van 2 tekenden)"],
    );

    let who = format!("Getekend door {}…", &jan.public_key()[..8]);
    let listed =
        says(&piet, 0, &["cosign"], &[id, "Betaal 4 klavers aan", "Betaal 3 klavers aan", &who, "Wacht op:"]);
    // Signed for a day: the list says which, in the machine's time zone.
    let shown = |draft: &Value| {
        let until = klaver_api::text::deadline("until", draft["expires_at"].as_str().unwrap()).unwrap();
        let left = until.seconds() - klaver_tests::town::now().seconds();
        assert!((86_000..=86_401).contains(&left), "--valid 1d counts: {left} seconds");
        let (date, time) = draft["expires_at"].as_str().unwrap().split_once('T').unwrap();
        let [year, month, day]: [&str; 3] = date.split('-').collect::<Vec<_>>().try_into().unwrap();
        format!("Te noteren vóór {day}/{month}/{year} {}.", &time[..5])
    };
    assert!(listed.out.contains(&shown(&draft)), "{} is not in\n{}", shown(&draft), listed.out);
    says(&piet, 0, &["cosign", id], &["Betaal 4 klavers aan", "Getekend en genoteerd."]);
    assert_eq!(jan.balance(), "16.00");
    // Whoever comes late is told that it is done, and under which number.
    says(&jan, 5, &["cosign", id], &["Dit is al genoteerd: nummer"]);
    says(&jan, 5, &["cosign", draft["link"].as_str().unwrap()], &["Dit is al genoteerd: nummer"]);
    assert!(!piet.in_words(DUTCH, &["cosign"]).out.contains(id));
    says(&jan, 2, &["cosign", "zomaar"], &["geen voorstel om te tekenen"]);
}
