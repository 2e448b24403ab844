//! The wallet as people meet it: every command against a real node, in Dutch, with what it says looked at.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod french;

use klaver_ledger::receipt::Receipt;
use klaver_tests::binaries::{Ran, klaver_node};
use klaver_tests::node::{Node, copy_directory, passphrase_file, run};
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
        "Lijn 4: een sleutel heeft 64",
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

/// A village with a budget that gave `els` ten credits, and a shop.
struct Market {
    village: Village,
    molen: Wallet,
    bakker: Wallet,
    els: Wallet,
    account: String,
    shop: String,
}

impl Market {
    fn open(directory: &Path, more: &[&str]) -> Self {
        let village = Village::found(directory, more);
        let [molen, bakker] = ["molen", "bakker"].map(|name| Wallet::init(directory, name));
        village.open("budget", &molen, &["--limit", "500", "--organisation", "new"]);
        let shop = village.open("merchant", &bakker, &[]);
        let (els, account) = village.join(directory, "els");
        molen.json(&["earn", &account, "--each", "10"]);
        assert_eq!(els.balance(), "10.00");
        Self { village, molen, bakker, els, account, shop }
    }
}

/// Returns the states of what waits in an outbox, oldest first.
fn waiting(wallet: &Wallet) -> Vec<String> {
    let listed = wallet.json(&["outbox", "list"]);
    let states = listed["outbox"].as_array().unwrap().iter();
    states.map(|one| one["state"].as_str().unwrap().to_owned()).collect()
}

/// Returns the receipt that a wallet keeps of an entry.
fn kept_receipt(wallet: &Wallet, entry: &str) -> Receipt {
    let file = wallet.home().join(format!("receipts/{entry}.tlog-proof"));
    Receipt::parse(&std::fs::read(file).unwrap()).unwrap()
}

#[test]
fn a_promise_without_network_is_paid_once_whoever_sends_it() {
    let directory = tempfile::tempdir().unwrap();
    let Market { mut village, bakker, els, shop, .. } =
        Market::open(directory.path(), &["--offline-cap", "20"]);
    let promise = |amount: &str| {
        let said = els.json(&["pay", &shop, amount, "--offline", "--valid", "1d"]);
        said["code"].as_str().unwrap().to_owned()
    };
    let code = promise("2");
    // Without network the shop keeps what it was given, until there is one.
    village.node.stop();
    says(&bakker, 3, &["pay", &code], &["Ze blijft bewaard. Tot"]);
    assert_eq!(waiting(&bakker), ["waiting"]);
    village.node.start();
    let sent = bakker.json(&["outbox", "retry"])["outbox"][0].clone();
    assert_eq!(sent["outcome"], "recorded", "{sent}");
    // The payer's own copy gets the receipt of the same record, also twice.
    assert_eq!(waiting(&els), ["waiting"]);
    assert_eq!(els.json(&["outbox", "retry"])["outbox"][0], sent);
    bakker.json(&["pay", &code]);
    let entry = sent["entry"].as_str().unwrap();
    let (theirs, ours) = (kept_receipt(&bakker, entry), kept_receipt(&els, entry));
    assert_eq!((theirs.index, theirs.opening), (ours.index, ours.opening));
    assert_eq!((els.balance().as_str(), waiting(&els).len(), waiting(&bakker).len()), ("8.00", 0, 0));

    // A promise that waits may be what the till asks for now: it is sent first, and a person says whether it was.
    promise("3");
    let till = bakker.json(&["request", "3", "--no-wait"]);
    let link = till["link"].as_str().unwrap();
    says(
        &els,
        1,
        &["pay", link],
        &["niet voor dit verzoek getekend", "nu genoteerd: nummer", "nog niet betaald"],
    );
    assert_eq!(els.balance(), "5.00");
    says(&els, 0, &["pay", link], &["Betaald: 3 klavers"]);
    assert_eq!(els.balance(), "2.00");
}

#[test]
fn a_promise_beyond_the_balance_stays_and_is_paid_when_credits_come() {
    let directory = tempfile::tempdir().unwrap();
    let market = Market::open(directory.path(), &["--offline-cap", "20"]);
    let Market { molen, bakker, els, account, shop, .. } = &market;
    let said = els.json(&["pay", shop, "12", "--offline", "--valid", "1d"]);
    let code = said["code"].as_str().unwrap();
    let kept = ["je kunt 10 klavers uitgeven, dit vraagt 12 klavers", "Ze blijft bewaard. Tot"];
    says(bakker, 5, &["pay", code], &kept);
    says(els, 5, &["outbox", "retry"], &kept);
    // Paying the same again signs nothing new, and a list that is read by a program says how it stands.
    says(els, 5, &["pay", shop, "12"], &["Dit wacht nog sinds", "Ze blijft bewaard. Tot"]);
    let ran = els.run(&["outbox", "retry"]);
    let retried: Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!((ran.status, &retried["outbox"][0]["outcome"]), (5, &json!("waiting")), "{retried}");
    assert_eq!((waiting(els), waiting(bakker)), (vec!["waiting".to_owned()], vec!["waiting".to_owned()]));
    molen.json(&["earn", account, "--each", "5"]);
    says(bakker, 0, &["outbox", "retry"], &["genoteerd"]);
    says(els, 0, &["outbox", "retry"], &["genoteerd"]);
    assert_eq!((els.balance().as_str(), waiting(els).len(), waiting(bakker).len()), ("3.00", 0, 0));
}

#[test]
fn thanks_and_refunds_without_an_answer_are_not_given_twice() {
    let directory = tempfile::tempdir().unwrap();
    let Market { mut village, molen, bakker, els, account, shop } = Market::open(directory.path(), &[]);
    let paid = index(&els.json(&["pay", &shop, "4"]));
    village.node.limit_files(1 << 10);
    let (earn, refund) = (["earn", &account, "--each", "5"], ["refund", &paid, "1"]);
    says(&molen, 3, &earn, &["Misschien is het genoteerd"]);
    says(&bakker, 3, &refund, &["Niets is genoteerd"]);
    for (wallet, again, state) in [(&molen, &earn[..], "unknown"), (&bakker, &refund[..], "waiting")] {
        says(wallet, 3, again, &["Dit wacht nog sinds"]);
        assert_eq!(waiting(wallet), [state]);
    }
    village.node.kill();
    village.node.start();
    says(&molen, 0, &earn, &["Dit wacht nog sinds", "Gegeven: samen 5 klavers"]);
    says(&bakker, 0, &refund, &["Dit wacht nog sinds", "Terugbetaald: 1 klaver"]);
    assert_eq!((els.balance().as_str(), waiting(&molen).len(), waiting(&bakker).len()), ("12.00", 0, 0));
    // What is meant once more is signed once more.
    says(&molen, 0, &earn, &["Gegeven: samen 5 klavers"]);
    assert_eq!(els.balance(), "17.00");
}

#[test]
fn an_option_that_would_do_nothing_is_a_mistake_and_nothing_is_paid() {
    let directory = tempfile::tempdir().unwrap();
    let Market { village, bakker, els, shop, .. } = Market::open(directory.path(), &[]);
    let till = bakker.json(&["request", "0,20", "--no-wait"]);
    let link = till["link"].as_str().unwrap();
    for (options, option) in [
        (&["0,05", "--offline", "--valid", "2h"][..], "AMOUNT"),
        (&["--offline"], "--offline"),
        (&["--valid", "2h"], "--valid"),
        (&["--again"], "--again"),
    ] {
        let arguments = [&["pay", link], options].concat();
        says(&els, 2, &arguments, &[&format!("{option} past niet bij een betaalverzoek")]);
    }
    assert_eq!(els.balance(), "10.00");

    // Without network the wallet promises what the policy allows, as it was at the last visit, and no more.
    let offline = |amount: &'static str| ["pay", &shop, amount, "--offline"];
    says(&els, 5, &offline("1"), &["kent geen betalingen zonder netwerk"]);
    let ledger = village.node.client().community().ledger;
    let file = els.home().join(format!("communities/{ledger}.json"));
    let keep = |part: &str, name: &str, value: Value| {
        let mut kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        kept[part][name] = value;
        std::fs::write(&file, kept.to_string()).unwrap();
    };
    keep("terms", "offline_cap_minor", json!(500));
    says(&els, 5, &offline("6"), &["hoogstens 5 klavers, niet 6 klavers"]);
    says(
        &els,
        2,
        &[&offline("5")[..], &["--valid", "8d"]].concat(),
        &["hoogstens zo lang wachten: dagen: 7"],
    );
    let promise = els.json(&[&offline("5")[..], &["--valid", "3m"]].concat());
    let until = klaver_api::text::deadline("until", promise["expires_at"].as_str().unwrap()).unwrap();
    let left = until.seconds() - klaver_tests::town::now().seconds();
    assert!((100..=181).contains(&left), "--valid counts: {left} seconds");
    let code = promise["code"].as_str().unwrap();
    for option in [&["1"][..], &["--memo", "x"], &["--valid", "2h"]] {
        says(&bakker, 2, &[&["pay", code], option].concat(), &["past niet bij een getekende betaling"]);
    }
    // It ends by the clock of the node, as far as that was ahead at the last visit.
    keep("clock", "ahead_ms", json!(600_000));
    says(&els, 0, &[&offline("4")[..], &["--dry-run"]].concat(), &["Je klok zegt"]);
    let promise = els.json(&[&offline("4")[..], &["--valid", "3m"]].concat());
    let until = klaver_api::text::deadline("until", promise["expires_at"].as_str().unwrap()).unwrap();
    let left = until.seconds() - klaver_tests::town::now().seconds();
    assert!((700..=781).contains(&left), "ten minutes ahead: {left} seconds");
    keep("clock", "ahead_ms", json!(7_200_000));
    says(&els, 1, &offline("3"), &["stond je klok meer dan een uur verkeerd", "Niets werd getekend"]);
    keep("clock", "ahead_ms", json!(0));
    // The same promise once more only when that is meant.
    says(&els, 1, &offline("5"), &["Hetzelfde wacht nog", "--again"]);
    els.json(&[&offline("5")[..], &["--again"]].concat());
    // A visit learns what the policy says now.
    assert_eq!(els.balance(), "10.00");
    says(&els, 5, &offline("5"), &["kent geen betalingen zonder netwerk"]);
}

#[test]
fn asking_again_after_no_answer_pays_once_and_a_sure_no_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let Market { mut village, els, shop, .. } = Market::open(directory.path(), &[]);
    let waiting = || waiting(&els).len();
    village.node.limit_files(1 << 10);
    let why = "Reden: ";
    says(&els, 3, &["pay", &shop, "1"], &["Misschien is het genoteerd", why]);
    let again = ["Dit wacht nog sinds", "Betaal 1 klaver aan", "Misschien is het genoteerd", why];
    says(&els, 3, &["pay", &shop, "1"], &again);
    assert_eq!(waiting(), 1, "nothing new was signed");
    // What was never looked at is not paid, and the wallet says just that.
    let sure = says(&els, 3, &["pay", &shop, "2"], &["Niets is genoteerd, niets is betaald", why]);
    assert!(!sure.err.contains("Misschien"), "{}", sure.err);
    says(&els, 3, &["pay", &shop, "2"], &["Betaal 2 klavers aan", "Niets is genoteerd"]);
    assert_eq!(waiting(), 2);
    says(&els, 3, &["pay", &shop, "2", "--again"], &["Niets is genoteerd"]);
    assert_eq!(waiting(), 3, "what is meant is signed");

    village.node.kill();
    village.node.start();
    says(&els, 0, &["pay", &shop, "1"], &["Dit wacht nog sinds", "Betaald: 1 klaver"]);
    assert_eq!((els.balance().as_str(), waiting()), ("9.00", 2));
    els.json(&["outbox", "retry"]);
    assert_eq!((els.balance().as_str(), waiting()), ("5.00", 0));
    let fresh = says(&els, 0, &["pay", &shop, "1"], &["Betaald: 1 klaver"]);
    assert!(!fresh.err.contains("wacht nog"), "{}", fresh.err);
}

#[test]
fn two_seals_of_one_size_are_an_alarm_until_a_person_says_which_ledger_counts() {
    let directory = tempfile::tempdir().unwrap();
    let Market { mut village, els, shop, .. } = Market::open(directory.path(), &[]);
    village.node.client().await_publication();
    let data = village.node.data();
    let [old, newer] = ["old", "newer"].map(|name| directory.path().join(name));
    village.node.stop();
    copy_directory(&data, &old);
    village.node.start();
    let size = index(&els.json(&["pay", &shop, "1"])).parse::<u64>().unwrap() + 1;
    // An old copy is put back, and signs another history of the same size.
    village.node.stop();
    std::fs::rename(&data, &newer).unwrap();
    std::fs::rename(&old, &data).unwrap();
    village.node.start();
    let said = says(&els, 6, &["pay", &shop, "2"], &["spreekt zichzelf tegen", "klaver checkpoint --alarms"]);
    assert!(!said.out.contains("Betaald"), "{}", said.out);
    village.node.client().await_publication();
    let evidence = || std::fs::read_dir(els.home().join("evidence")).unwrap().count();
    for _ in 0..3 {
        says(&els, 6, &["balance"], &["spreekt zichzelf tegen"]);
    }
    assert_eq!(evidence(), 1, "one contradiction is kept once");
    let listed = els.json(&["checkpoint", "--alarms"]);
    assert_eq!((listed["alarms"].as_array().unwrap().len(), &listed["believed"]), (1, &Value::Null));
    says(&els, 0, &["checkpoint", "--alarms"], &["two-roots-", "--believe"]);

    // The true ledger is believed as ever.
    village.node.stop();
    std::fs::rename(&data, &old).unwrap();
    std::fs::rename(&newer, &data).unwrap();
    village.node.start();
    assert_eq!(els.balance(), "9.00");
    // When the council says that the other one counts, the wallet goes on with it, and remembers that.
    village.node.stop();
    std::fs::rename(&data, &newer).unwrap();
    std::fs::rename(&old, &data).unwrap();
    village.node.start();
    says(&els, 5, &["checkpoint", "--believe", &(size + 9).to_string()], &["Het grootboek heeft nu"]);
    says(&els, 6, &["balance"], &["spreekt zichzelf tegen"]);
    let parts = ["Opzij gelegd:", "Je gaat verder met het grootboek van"];
    says(&els, 0, &["checkpoint", "--believe", &size.to_string()], &parts);
    assert_eq!(els.balance(), "8.00");
    says(&els, 0, &["checkpoint", "--alarms"], &["Je gaat verder met het grootboek van"]);
    says(&els, 0, &["pay", &shop, "3"], &["Betaald: 3 klavers"]);
}
