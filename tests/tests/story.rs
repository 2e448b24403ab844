//! The main job, end to end, with real processes on loopback: receive credits at a doe-plek, pay by QR code, redeem,
//! audit. Every person has a wallet of their own; the council is three people of whom two sign.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_tests::node::{Node, copy_directory};
use klaver_tests::wallet::Wallet;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// The community, and everybody's wallet and account.
struct Zedelgem {
    directory: PathBuf,
    node: Node,
    anna: Wallet,
    bert: Wallet,
    carla: Wallet,
    auditor: Wallet,
}

/// A wallet with its account.
struct Person {
    wallet: Wallet,
    account: String,
}

impl Person {
    fn balance(&self) -> String {
        self.wallet.balance()
    }

    /// Runs a command that must record one entry; returns its index.
    fn records(&self, arguments: &[&str]) -> u64 {
        recorded(&self.wallet.json(arguments))
    }
}

fn recorded(said: &Value) -> u64 {
    assert_eq!(said["outcome"], "recorded", "{said}");
    said["index"].as_u64().unwrap()
}

impl Zedelgem {
    fn found(directory: &Path) -> Self {
        let wallet = |name| Wallet::of(directory, name);
        let (anna, bert, carla) = (wallet("anna"), wallet("bert"), wallet("carla"));
        let auditor = Wallet::init(directory, "aude");
        let key = auditor.public_key();
        let file = |wallet: &Wallet| wallet.home().join("wallet.json").to_str().unwrap().to_owned();
        let files = [file(&anna), file(&bert), file(&carla)];
        let mut options = vec!["--council-threshold", "2", "--auditor", &key, "--euro", "1", "--scale", "2"];
        files.iter().for_each(|file| options.extend(["--wallet", file]));
        let mut node = Node::found(directory, "Klavers Zedelgem", &options);
        node.start();
        auditor.json(&["join", &node.url(), "--office", "auditor"]);
        Self { directory: directory.to_owned(), node, anna, bert, carla, auditor }
    }

    fn size(&self) -> u64 {
        self.node.client().community().size
    }

    /// Lets the council record an entry: Anna signs it, it waits as a draft, Bert signs too.
    fn council(&self, arguments: &[&str]) -> (Value, u64) {
        let before = self.size();
        let draft = self.anna.json(arguments);
        assert_eq!(draft["outcome"], "draft", "one of two signatures: {draft}");
        assert_eq!(self.size(), before, "a draft is not recorded");
        let signed = self.bert.json(&["cosign", draft["link"].as_str().unwrap()]);
        (draft, recorded(&signed))
    }

    /// Opens an account for a new wallet.
    fn open(&self, kind: &str, name: &str, options: &[&str]) -> Person {
        let wallet = Wallet::init(&self.directory, name);
        let key = wallet.public_key();
        let (said, _) = self.council(&[&["account", "open", kind, "--key", &key], options].concat());
        let account = said["account"].as_str().unwrap().to_owned();
        wallet.json(&["join", &self.node.url(), "--existing", &account]);
        Person { wallet, account }
    }

    /// Lets somebody join by an invitation.
    fn join(&self, name: &str, link: &str) -> Person {
        let wallet = Wallet::init(&self.directory, name);
        let joined = wallet.json(&["join", link]);
        Person { account: joined["account"].as_str().unwrap().to_owned(), wallet }
    }
}

/// Shows a QR code at the till of `merchant`, lets `scan` do what a customer does with its picture, and waits until the
/// till says *paid*.
fn at_the_till(merchant: &Person, picture: &Path, amount: &str, scan: impl FnOnce(&str)) -> Value {
    let path = picture.to_str().unwrap();
    let mut till = merchant.wallet.spawn(&["request", amount, "--png", path]);
    let mut shown = BufReader::new(till.stdout.take().unwrap());
    let mut first = String::new();
    shown.read_line(&mut first).unwrap();
    let request: Value = serde_json::from_str(&first).unwrap_or_else(|error| {
        let mut said = String::new();
        till.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        panic!("{error}: {first}{said}")
    });
    assert_eq!(request["state"], "open");
    scan(path);
    let mut rest = String::new();
    shown.read_to_string(&mut rest).unwrap();
    let ended = till.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let end: Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
    assert_eq!(end["state"], "paid");
    assert_eq!(end["id"], request["id"]);
    end
}

#[test]
fn a_town_runs_its_currency() {
    let directory = tempfile::tempdir().unwrap();
    let mut town = Zedelgem::found(directory.path());

    // Two places, three merchants, a fund: opened by two of the three of the council. Five members: by invitation.
    let molen = town.open("budget", "molen", &["--limit", "500", "--organisation", "new"]);
    let kerkplein = town.open("budget", "kerkplein", &["--limit", "300", "--organisation", "new"]);
    let bakker = town.open("merchant", "bakker", &[]);
    let boeken = town.open("merchant", "boeken", &[]);
    let cafe = town.open("merchant", "cafe", &[]);
    let pot = town.open("fund", "koffiepot", &[]);
    bakker.wallet.json(&["account", "name", "Bakkerij De Korenaar", "--listed"]);
    let invitation = town.anna.json(&["invite", "--uses", "5"]);
    let link = invitation["link"].as_str().unwrap();
    let [els, fatima, gust, hilde, ivo] =
        ["els", "fatima", "gust", "hilde", "ivo"].map(|name| town.join(name, link));
    let late = Wallet::init(directory.path(), "jan");
    assert_eq!(late.refused(1, &["join", link])["code"], "unknown_invitation", "five may use it, not six");

    // A group receives credits with one signature: three times the usual, one exception.
    let group = molen.records(&[
        "earn",
        &els.account,
        &fatima.account,
        &gust.account,
        &format!("{}=2,50", hilde.account),
        "--each",
        "10",
        "--memo",
        "Bedankt voor de opruimdag",
    ]);
    // Another place credits from a list.
    let list = directory.path().join("list.csv");
    std::fs::write(&list, format!("account,amount\n{},7.50\n{},5\n", hilde.account, ivo.account)).unwrap();
    kerkplein.records(&["earn", "--csv", list.to_str().unwrap(), "--reason", "took_part"]);
    let balances = |people: &[&Person]| people.iter().map(|person| person.balance()).collect::<Vec<_>>();
    assert_eq!(balances(&[&els, &fatima, &gust, &hilde, &ivo]), ["10.00", "10.00", "10.00", "10.00", "5.00"]);
    assert_eq!(balances(&[&molen, &kerkplein]), ["-32.50", "-12.50"]);

    // Els scans the code on the baker's till. She sees whom and how much before she signs.
    let picture = directory.path().join("till.png");
    let paid = at_the_till(&bakker, &picture, "5,80", |code| {
        let seen = els.wallet.run(&["pay", code, "--dry-run"]);
        assert_eq!(seen.status, 0, "{}", seen.err);
        assert_eq!(els.balance(), "10.00", "looking costs nothing");
        let said: Value = serde_json::from_str(seen.out.lines().last().unwrap()).unwrap();
        assert_eq!(said["says"]["payees"][0]["amount"], "5.80", "{said}");
        assert_eq!(said["says"]["payees"][0]["to"], bakker.account, "{said}");
        recorded(&els.wallet.json(&["pay", code]));
    });
    let payment = paid["index"].as_u64().unwrap();
    assert_eq!(balances(&[&els, &bakker]), ["4.20", "5.80"]);
    // The same code again, by somebody else: it is paid already.
    assert_eq!(gust.wallet.refused(5, &["pay", picture.to_str().unwrap()])["code"], "request_paid");
    assert_eq!(gust.balance(), "10.00");

    // Gust and Fatima drink coffee; the café pays the place for a task with what it received; Hilde gives to the pot.
    gust.records(&["pay", &cafe.account, "6"]);
    fatima.records(&["pay", &cafe.account, "8"]);
    hilde.records(&["pay", &pot.account, "2"]);
    cafe.records(&["pay", &molen.account, "3", "--memo", "voor de affiches"]);
    ivo.records(&["pay", &boeken.account, "5"]);
    assert_eq!(balances(&[&gust, &fatima, &hilde, &ivo]), ["4.00", "2.00", "8.00", "0.00"]);
    assert_eq!(balances(&[&cafe, &pot, &boeken, &molen]), ["11.00", "2.00", "5.00", "-29.50"]);
    let short = ivo.wallet.refused(5, &["pay", &boeken.account, "0,01"]);
    assert_eq!((&short["code"], &short["field"]), (&json!("insufficient_credits"), &json!("amount")));

    // The baker gives a part back; more than is left of it cannot be.
    bakker.records(&["refund", &payment.to_string(), "1,80"]);
    assert_eq!(balances(&[&els, &bakker]), ["6.00", "4.00"]);
    assert_eq!(bakker.wallet.refused(5, &["refund", &payment.to_string(), "4,01"])["code"], "line_used_up");

    // The baker is paid out: redeemed, settled in euro by the council, and taken off the budget that issued it.
    let redeem = bakker.records(&["redeem", "4"]);
    assert_eq!(bakker.balance(), "0.00");
    let (_, settled) = town.council(&["settle", &redeem.to_string(), "--bank-reference", "2026-12-15/1"]);
    let (_, retired) = town.council(&["retire", &molen.account, "4"]);
    assert_eq!(balances(&[&molen]), ["-25.50"]);

    // Fatima was credited by mistake, and has spent eight of the ten. Alone she is put right, and nobody else.
    let index = group.to_string();
    let wrong = ["correct", &index, &fatima.account, "--reason", "wrong_person"];
    let lacks = molen.wallet.refused(5, &wrong);
    assert_eq!((&lacks["code"], &lacks["field"]), (&json!("payee_lacks"), &json!("cover")));
    molen.records(&[&wrong[..], &["--cover", &molen.account]].concat());
    assert_eq!(balances(&[&els, &fatima, &gust, &hilde, &molen]), ["6.00", "0.00", "4.00", "8.00", "-23.50"]);

    a_draft_is_signed_by_two_of_three(&town, &els);
    let root = an_auditor_finds_everything_right(&town, &els);

    // A receipt holds without the node; after a restart the books are the same.
    let saved = directory.path().join("payment.tlog-proof");
    els.wallet.run(&["receipt", "save", &payment.to_string(), "--out", saved.to_str().unwrap()]);
    town.node.stop();
    let holds = els.wallet.json(&["receipt", "verify", saved.to_str().unwrap()]);
    assert_eq!((&holds["holds"], &holds["index"]), (&json!(true), &json!(payment)));
    assert_eq!(els.wallet.refused(3, &["audit", &town.node.url()])["code"], "unreachable");
    town.node.start();
    assert_eq!(balances(&[&els, &fatima, &bakker, &cafe]), ["6.00", "0.00", "0.00", "11.00"]);
    assert_eq!(an_auditor_finds_everything_right(&town, &els), root);
    town.node.stop();
    assert!(town.node.verify().out.starts_with("Everything holds"));

    a_tampered_journal_is_named(&town, settled, &Sha256::digest(b"2026-12-15/1"));
    assert!(settled < retired);
}

/// Two of the three sign; the third need not, and nobody else can.
fn a_draft_is_signed_by_two_of_three(town: &Zedelgem, els: &Person) {
    let before = town.size();
    let draft = town.carla.json(&["account", "change", &els.account, "--council", "--limit", "5"]);
    assert_eq!(draft["outcome"], "draft", "{draft}");
    let link = draft["link"].as_str().unwrap();
    let waiting = town.anna.json(&["cosign"]);
    assert_eq!(waiting["drafts"][0]["id"], draft["draft"], "{waiting}");
    // The same signature twice is one; who holds no office does not even learn that something waits.
    assert_eq!(town.carla.json(&["cosign", link])["outcome"], "draft");
    let baker = Wallet::of(&town.directory, "bakker");
    assert_eq!(baker.refused(1, &["cosign", link])["code"], "unknown_draft");
    assert_eq!(town.size(), before);
    assert_eq!(recorded(&town.anna.json(&["cosign", link])), before);
    assert_eq!(town.bert.json(&["cosign"])["drafts"], json!([]));
    let account = els.wallet.json(&["balance"]);
    assert_eq!((&account["balance"], &account["available"]), (&json!("6.00"), &json!("11.00")));
    // Whoever signs last hears from when a new charter counts.
    let mut charter: Value =
        serde_json::from_str(&town.anna.in_words("nl_BE", &["govern", "show"]).out).unwrap();
    charter["policy"]["correction_window"] = json!(86_400);
    let file = town.directory.join("charter.json");
    std::fs::write(&file, charter.to_string()).unwrap();
    let draft = town.anna.json(&["govern", "propose", file.to_str().unwrap()]);
    let signed = town.bert.in_words("nl_BE", &["cosign", draft["link"].as_str().unwrap()]);
    assert!(signed.out.contains("De nieuwe afspraken gelden vanaf"), "{}{}", signed.out, signed.err);
    assert!(signed.err.contains("gelden deze afspraken op zijn vroegst vanaf"), "{}", signed.err);
    // So does whoever signs for another key on somebody's account, before and after; she stops it.
    let key = Wallet::init(&town.directory, "onbekend").public_key();
    let draft = town.anna.json(&["account", "change", &els.account, "--council", "--add-key", &key]);
    let signed = town.bert.in_words("nl_BE", &["cosign", draft["link"].as_str().unwrap()]);
    assert!(signed.err.contains("telt dit op zijn vroegst vanaf"), "{}", signed.err);
    let index = els.wallet.json(&["balance"])["pending"]["index"].to_string();
    assert!(signed.out.contains("verandert op"), "{}{}", signed.out, signed.err);
    assert!(signed.out.contains(&format!("klaver veto {index}")), "{}{}", signed.out, signed.err);
    els.wallet.json(&["veto", &index]);
}

/// Returns the root that was audited.
fn an_auditor_finds_everything_right(town: &Zedelgem, els: &Person) -> Value {
    town.node.client().await_publication();
    let url = town.node.url();
    let audit = town.auditor.json(&["audit", &url]);
    assert_eq!((&audit["holds"], &audit["part"]), (&json!(true), &json!("all")), "{audit}");
    assert_eq!(audit["size"], town.size());
    let minor = |name: &str| audit[name].as_i64().unwrap();
    // Issued 32.50 + 12.50, of which 2.00 were corrected; 3.00 returned by the café; 4.00 redeemed.
    assert_eq!(minor("issued_minor"), 4_300, "{audit}");
    assert_eq!([minor("returned_minor"), minor("redeemed_minor")], [300, 400]);
    assert_eq!([minor("settled_minor"), minor("retired_minor")], [400, 400]);
    assert_eq!(minor("in_circulation_minor"), 4_300 - 300 - 400);
    let sum = |name: &str| -> u64 {
        let lines = audit["trial_balance"].as_array().unwrap();
        lines.iter().map(|line| line[name].as_str().unwrap().parse::<u64>().unwrap()).sum()
    };
    assert_eq!(sum("debits_minor"), sum("credits_minor"));

    // Without that office only the public part can be verified, and the exit status says so.
    let public = els.wallet.run(&["audit", &url]);
    assert_eq!(public.status, 7, "{}{}", public.out, public.err);
    let verified = els.wallet.json(&["audit", &url, "--public"]);
    assert_eq!((&verified["holds"], &verified["part"]), (&json!(true), &json!("public")));
    assert_eq!((&verified["root"], &verified["size"]), (&audit["root"], &audit["size"]));
    audit["root"].clone()
}

/// One byte of one record is changed on the disk: the audit names the record, and says that it is a violation.
fn a_tampered_journal_is_named(town: &Zedelgem, index: u64, needle: &[u8]) {
    let sound = town.directory.join("sound");
    copy_directory(&town.node.ledger(), &sound);
    let at = |bytes: &[u8]| bytes.windows(needle.len()).position(|window| window == needle);
    let mut tampered = 0;
    for item in std::fs::read_dir(town.node.ledger()).unwrap() {
        let path = item.unwrap().path();
        let Ok(mut bytes) = std::fs::read(&path) else { continue };
        if let Some(at) = at(&bytes) {
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            tampered += 1;
        }
    }
    assert_eq!(tampered, 1, "the bank reference of the settlement stands in one file of the journal");
    let ran = town.node.verify();
    assert_eq!((ran.status, ran.out.as_str()), (6, ""), "{}", ran.err);
    assert!(
        ran.err.starts_with(&format!("Violation at record {index}:")),
        "record {index} was changed: {}",
        ran.err
    );

    // With its bytes put back, everything holds again.
    std::fs::remove_dir_all(town.node.ledger()).unwrap();
    copy_directory(&sound, &town.node.ledger());
    assert_eq!(town.node.verify().status, 0);
}
