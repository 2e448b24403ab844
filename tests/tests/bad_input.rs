//! What bad input gets, over HTTP from a real node: a problem that names code, field, value, limit and what to do; and
//! nothing is recorded.

use klaver_api::paths;
use klaver_ledger::account::{AccountKind, AccountState, AccountStatus, Rights};
use klaver_ledger::entry::{Body, Change, RequestRef, SignedEntry};
use klaver_ledger::id::{LedgerId, RequestId};
use klaver_ledger::testing::{account, earn, grant, key, pay, state};
use klaver_ledger::time::{Deadline, Seconds};
use klaver_tests::binaries::klaver_node;
use klaver_tests::client::Answer;
use klaver_tests::node::{Node, passphrase_file, run};
use klaver_tests::town::{Town, entry, now, request_of};
use klaver_tests::vectors;
use klaver_tests::wallet::Wallet;
use serde_json::{Value, json};
use std::time::Duration;

/// What a problem must say.
struct Expected<'a> {
    status: u16,
    code: &'a str,
    field: Option<&'a str>,
    /// Whether it names what was found, and what is allowed.
    value: bool,
    limit: bool,
}

const fn expect<'a>(status: u16, code: &'a str) -> Expected<'a> {
    Expected { status, code, field: None, value: false, limit: false }
}

impl<'a> Expected<'a> {
    const fn field(self, field: &'a str) -> Self {
        Self { field: Some(field), ..self }
    }

    const fn value(self) -> Self {
        Self { value: true, ..self }
    }

    const fn limit(self) -> Self {
        Self { limit: true, ..self }
    }
}

/// Returns what is missing in a problem.
fn missing(answer: &Answer, expected: &Expected<'_>) -> Vec<String> {
    let mut missing = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            missing.push(what);
        }
    };
    must(answer.status == expected.status, format!("status {}", expected.status));
    must(answer.media.starts_with(paths::PROBLEM_JSON), format!("media type, not {}", answer.media));
    must(answer.code() == expected.code, format!("code {}", expected.code));
    must(answer.json["status"] == expected.status, "the status in the body".to_owned());
    for name in ["type", "title", "detail"] {
        must(!answer.text(name).is_empty(), name.to_owned());
    }
    if let Some(field) = expected.field {
        must(answer.text("field") == field, format!("field {field}"));
    }
    must(!expected.value || !answer.text("value").is_empty(), "value".to_owned());
    must(!expected.limit || !answer.text("limit").is_empty(), "limit".to_owned());
    // What to do is said in every case: as advice, or by naming what belongs there.
    must(10 < answer.text("advice").len() || 10 < answer.text("limit").len(), "advice".to_owned());
    missing
}

/// Fails with every problem that does not say what it must.
fn assert_all(cases: Vec<(&str, Answer, Expected<'_>)>) {
    let count = cases.len();
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(name, answer, expected)| {
            let missing = missing(&answer, &expected);
            (!missing.is_empty()).then(|| format!("{name}: {} is not in {}", missing.join(", "), answer.json))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {count} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A town of people with 10.00 each, at rest or with special keys.
fn town(directory: &std::path::Path) -> Town {
    let town = Town::found(directory, &["mia", "noor", "otto"], &["bakery"]);
    let till = AccountState {
        keys: vec![grant("cafe", Rights::SPEND.and(Rights::MANAGE)), grant("cashier", Rights::REFUND)],
        ..state("cafe", AccountKind::Merchant)
    };
    let pair = AccountState {
        keys: vec![grant("pia", Rights::ALL), grant("quin", Rights::ALL)],
        threshold: 2,
        ..state("pair", AccountKind::Fund)
    };
    town.open(vec![till, pair]);
    town.give(&["mia", "noor", "otto"], 1_000);
    for (from, to) in [("mia", "cafe"), ("noor", "pair")] {
        assert_eq!(town.client.submit(&town.pay(from, to, 200)).status, 201);
    }
    let rest = Change { base: 0, state: state("otto", AccountKind::Member), status: AccountStatus::Frozen };
    let rested = town.client.submit(&town.sign(Body::Change(rest), &["otto"]));
    assert_eq!(rested.status, 201, "{rested:?}");
    town
}

#[test]
fn entries_that_the_rules_or_the_format_do_not_allow() {
    let directory = tempfile::tempdir().unwrap();
    let town = town(directory.path());
    let (size, submit) = (town.size(), |signed: &SignedEntry| town.client.submit(signed));
    let post = |media: &str, body: &[u8]| town.client.try_post(paths::ENTRIES, None, media, body).unwrap();
    let until = |seconds: i64| {
        let mut signed = entry(pay("mia", &[("bakery", 100)]));
        let at = now().seconds().checked_add_signed(seconds).unwrap();
        signed.expires_at = Deadline::from_seconds(at).unwrap();
        town.signed(signed, &["mia"])
    };
    let elsewhere = {
        let ledger = LedgerId([7; 32]);
        SignedEntry::sign(entry(pay("mia", &[("bakery", 100)])), &ledger, &[&key("mia")])
    };
    let envelope = town.pay("mia", "bakery", 100).encode();
    let malformed = json!({ "envelope": "no base64!" }).to_string();
    assert_all(vec![
        (
            "not enough credits",
            submit(&town.pay("mia", "bakery", 801)),
            expect(422, "insufficient_credits").field("amount").value().limit(),
        ),
        ("a resting account", submit(&town.pay("otto", "bakery", 1)), expect(422, "at_rest").field("from")),
        (
            "the key of somebody else",
            submit(&town.sign(pay("mia", &[("bakery", 1)]), &["mia", "noor"])),
            expect(422, "key_not_allowed").field("signatures").value(),
        ),
        (
            "the key of nobody",
            submit(&town.sign(pay("mia", &[("bakery", 1)]), &["nobody"])),
            expect(400, "unknown_key").field("signatures").value(),
        ),
        (
            "a key without the right",
            submit(&town.sign(pay("cafe", &[("bakery", 1)]), &["cashier"])),
            expect(422, "missing_right").field("signatures").value(),
        ),
        (
            "signed for another community",
            submit(&elsewhere),
            expect(400, "bad_signature").field("signatures").value(),
        ),
        ("a clock behind", submit(&until(-60)), expect(422, "expired").field("expires_at").value().limit()),
        (
            "a clock ahead",
            submit(&until(400 * 86_400)),
            expect(422, "valid_too_long").field("expires_at").value().limit(),
        ),
        (
            "an account of another community",
            submit(&town.pay("mia", "stranger", 1)),
            expect(422, "unknown_account").field("to").value(),
        ),
        ("to oneself", submit(&town.pay("mia", "mia", 1)), expect(422, "same_account").field("to").value()),
        (
            "a kind of account that cannot stand there",
            submit(&town.sign(earn("mia", &[("noor", 1)]), &["mia"])),
            expect(422, "wrong_account_kind").field("budget").value().limit(),
        ),
        (
            "more than the budget has room for",
            submit(&town.sign(earn("house", &[("noor", 100_000_001)]), &["house"])),
            expect(422, "budget_spent").field("amount").value().limit(),
        ),
        (
            "no CBOR",
            post(paths::CBOR, b"not an entry"),
            expect(400, "malformed_entry").field("envelope").value(),
        ),
        (
            "cut short",
            post(paths::CBOR, &envelope[..envelope.len() - 1]),
            expect(400, "malformed_entry").field("signatures"),
        ),
        ("no body", post(paths::CBOR, b""), expect(400, "malformed_entry")),
        ("a body of 33 KiB", post(paths::CBOR, &vec![0; 33 * 1_024]), expect(413, "body_too_large").limit()),
        ("no JSON", post("application/json", b"{\"envelope\":"), expect(400, "malformed_json")),
        (
            "a field too many",
            post("application/json", b"{\"envelope\":\"\",\"x\":1}"),
            expect(400, "malformed_json"),
        ),
        (
            "no base64",
            post("application/json", malformed.as_bytes()),
            expect(400, "malformed_field").field("envelope").value().limit(),
        ),
        ("another media type", post("text/plain", &envelope), expect(415, "media_type").limit()),
        ("another method", town.client.get(paths::ENTRIES, None), expect(405, "unknown_method")),
        ("another path", town.client.get("/v1/everything", None), expect(404, "unknown_path")),
        ("a session is needed", town.client.get(paths::ACCOUNTS, None), expect(401, "session_needed")),
    ]);
    assert_eq!(town.size(), size, "nothing of it was recorded");
    assert_eq!(town.balance("mia"), "8.00");

    // Declined stays declined while it is valid, also when there are credits later.
    let declined = town.pay("mia", "bakery", 801);
    assert_eq!(submit(&declined).code(), "insufficient_credits");
    town.give(&["mia"], 1_000);
    assert_eq!(submit(&declined).code(), "insufficient_credits");
    assert_eq!(submit(&town.pay("mia", "bakery", 801)).status, 201, "signed anew it is a new payment");
}

#[test]
fn every_malformed_vector_is_refused_over_the_wire_as_the_specification_says() {
    let directory = tempfile::tempdir().unwrap();
    let town = Town::found(directory.path(), &["mia"], &[]);
    let size = town.size();
    let vectors: Vec<Value> = serde_json::from_value(vectors::read("malformed")).unwrap();
    let (mut refused, mut updates, mut wrong) = (0, 0, Vec::new());
    for vector in &vectors {
        let (name, code) = (vector["name"].as_str().unwrap(), vector["code"].as_str().unwrap());
        if !["malformed_entry", "update_needed"].contains(&code) {
            continue;
        }
        let envelope =
            data_encoding::HEXLOWER.decode(vector["envelope"].as_str().unwrap().as_bytes()).unwrap();
        let answer = town.client.try_submit(&envelope).unwrap();
        let expected = match envelope.len() {
            0..=32_768 => expect(400, code).field(vector["field"].as_str().unwrap()),
            _ => expect(413, "body_too_large").limit(),
        };
        let missing = missing(&answer, &expected);
        if !missing.is_empty() {
            wrong.push(format!("{name}: {} is not in {}", missing.join(", "), answer.json));
        }
        let advises_update = answer.text("advice").contains("update");
        if (code == "update_needed") != advises_update {
            wrong.push(format!("{name}: the advice is \"{}\"", answer.text("advice")));
        }
        refused += 1;
        updates += usize::from(advises_update);
    }
    assert!(wrong.is_empty(), "{} of {refused} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(60 < refused && 5 < updates, "{refused} refused, {updates} told to update");
    assert_eq!(town.size(), size, "nothing of it was recorded");
}

#[test]
fn requests_that_are_unknown_over_paid_or_badly_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let town = town(directory.path());
    let token = town.session("bakery");
    let short = request_of(&town.ask("bakery", &token, "1", Some(10)));
    let until = now().seconds() + 10;
    let size = town.size();
    let get = |id: String| town.client.get(&paths::fill(paths::REQUEST, id), None);
    let open = request_of(&town.ask("bakery", &token, "2.50", None));
    let member = town.session("mia");
    let unknown = RequestRef { id: RequestId([9; 16]), until: open.until };
    let later = RequestRef { until: Deadline::after(now(), Seconds(900)), ..open };
    assert_all(vec![
        ("a request nobody made", get(unknown.id.to_hex()), expect(404, "unknown_request")),
        ("no request at all", get("..%2f".to_owned()), expect(404, "unknown_request")),
        (
            "too many decimals",
            town.ask("bakery", &token, "2.505", None),
            expect(400, "malformed_field").field("amount").value().limit(),
        ),
        (
            "zero",
            town.ask("bakery", &token, "0", None),
            expect(400, "malformed_field").field("amount").value().limit(),
        ),
        (
            "no number",
            town.ask("bakery", &token, "1e3", None),
            expect(400, "malformed_field").field("amount").value().limit(),
        ),
        (
            "below zero",
            town.ask("bakery", &token, "-1", None),
            expect(400, "malformed_field").field("amount").value().limit(),
        ),
        (
            "for too long",
            town.ask("bakery", &token, "1", Some(604_801)),
            expect(400, "malformed_field").field("valid_for").value().limit(),
        ),
        ("for the account of another", town.ask("bakery", &member, "1", None), expect(403, "forbidden")),
        ("without a session", town.ask("bakery", "no token", "1", None), expect(401, "session_needed")),
        (
            "another amount than asked for",
            town.client.submit(&town.pay_request("mia", "bakery", 251, open)),
            expect(409, "request_mismatch").field("amount").value().limit(),
        ),
        (
            "to another than who asked",
            town.client.submit(&town.pay_request("mia", "cafe", 250, open)),
            expect(409, "request_mismatch").field("to").value().limit(),
        ),
        (
            "later than asked for",
            town.client.submit(&town.pay_request("mia", "bakery", 250, later)),
            expect(409, "request_mismatch").field("until").value().limit(),
        ),
    ]);
    assert_eq!(town.size(), size, "nothing of it was recorded");

    // Two phones scan the same code at the same moment: one pays, the other is told.
    let phones = ["mia", "noor"].map(|name| town.pay_request(name, "bakery", 250, open));
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let sent: Vec<_> = phones
            .iter()
            .map(|phone| {
                let client = town.client.apart();
                scope.spawn(move || client.submit(phone))
            })
            .collect();
        sent.into_iter().map(|phone| phone.join().unwrap()).collect()
    });
    let (paid, late): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((paid.len(), late.len()), (1, 1), "{paid:?} {late:?}");
    let late = late.into_iter().next().unwrap();
    assert_all(vec![("paid already", late, expect(409, "request_paid"))]);
    assert_eq!((town.size(), town.balance("bakery").as_str()), (size + 1, "2.50"));
    assert_eq!(get(open.id.to_hex()).text("state"), "paid");

    // A request whose time is over.
    while now().seconds() <= until {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(get(short.id.to_hex()).text("state"), "expired");
    let expired = town.client.submit(&town.pay_request("mia", "bakery", 100, short));
    assert_all(vec![("too late", expired, expect(422, "expired").field("expires_at").value().limit())]);
    assert_eq!(town.size(), size + 1);
}

#[test]
fn what_lacks_a_signature_becomes_a_draft() {
    let directory = tempfile::tempdir().unwrap();
    let town = town(directory.path());
    let size = town.size();
    let whole = entry(pay("pair", &[("bakery", 100)]));
    let one = town.client.submit(&town.signed(whole.clone(), &["pia"]));
    assert_eq!((one.status, one.text("outcome")), (202, "draft"), "{one:?}");
    let waits_for = &one.json["draft"]["waits_for"];
    assert_eq!(
        (&waits_for["who"], &waits_for["have"], &waits_for["need"]),
        (&json!("account"), &json!(1), &json!(2)),
        "{one:?}"
    );
    assert_eq!(town.size(), size, "a draft is not recorded");
    let link = one.json["draft"]["link"].as_str().unwrap();
    assert!(link.contains("/d/"), "{link}");
    let path = paths::fill(paths::DRAFT, one.json["draft"]["id"].as_str().unwrap());
    let read = |name: &str, account| {
        let token = town.client.session(&town.ledger, Some(account), &key(name));
        town.client.get(&path, Some(&token))
    };
    assert_eq!(read("quin", account("pair")).status, 200);
    assert_all(vec![
        ("read by another", read("mia", account("mia")), expect(404, "unknown_draft")),
        (
            "signed by another",
            town.client.submit(&town.signed(whole.clone(), &["mia"])),
            expect(422, "key_not_allowed").field("signatures").value(),
        ),
    ]);
    assert_eq!(town.size(), size);
    // Quin sends only their own signature: the node has the other.
    let two = town.client.submit(&town.signed(whole.clone(), &["quin"]));
    assert_eq!((two.status, two.text("outcome")), (201, "recorded"), "{two:?}");
    let again = town.client.submit(&town.signed(whole, &["pia", "quin"]));
    assert_eq!((again.status, again.text("outcome")), (200, "known"), "{again:?}");
    assert_eq!(again.receipt().index, two.receipt().index);
    assert_eq!(town.size(), size + 1);
}

#[test]
fn a_wallet_says_what_is_wrong_with_a_code_or_an_amount() {
    let directory = tempfile::tempdir().unwrap();
    let mut ours = Node::found(&directory.path().join("ours"), "Ons Dorp", &["--joining", "open"]);
    let mut theirs = Node::found(&directory.path().join("theirs"), "Hun Dorp", &["--joining", "open"]);
    ours.start();
    theirs.start();
    let (mia, cafe) = (Wallet::init(directory.path(), "mia"), Wallet::init(directory.path(), "cafe"));
    mia.json(&["join", &ours.url()]);
    cafe.json(&["join", &theirs.url()]);
    let noor = Wallet::init(directory.path(), "noor");
    noor.json(&["join", &ours.url()]);
    let size = ours.client().community().size;
    let request = cafe.json(&["request", "2", "--no-wait"]);
    let link = request["link"].as_str().unwrap().to_owned();
    let unknown = format!("{}/p/{}", ours.url(), link.rsplit('/').next().unwrap());
    let mine = mia.json(&["whoami"])["keys"][0]["account"].as_str().unwrap().to_owned();
    let other = noor.json(&["whoami"])["keys"][0]["account"].as_str().unwrap().to_owned();
    let cases: [(i32, &[&str], &str, &str); 10] = [
        (2, &["pay", &link], "other_community", "Hun Dorp"),
        (1, &["pay", &unknown], "unknown_request", ""),
        (
            2,
            &["pay", "http://klaver.example/p/aaaaaaaaaaaaaaaaaaaaaaaaaa"],
            "link_not_secure",
            "klaver.example",
        ),
        (2, &["pay", "bakker"], "not_a_link", ""),
        (2, &["pay", &mine], "amount_missing", ""),
        (2, &["pay", &mine, "2,505"], "amount_decimals", "2"),
        (2, &["pay", &mine, "0"], "amount_zero", ""),
        (2, &["pay", &mine, "drie"], "amount_no_number", "drie"),
        (5, &["pay", &mine, "1"], "same_account", ""),
        (5, &["pay", &other, "1"], "insufficient_credits", "0 klavers"),
    ];
    for (status, arguments, code, named) in cases {
        let said = mia.refused(status, arguments);
        assert_eq!(said["code"], code, "{arguments:?}: {said}");
        assert!(said.to_string().contains(named), "{arguments:?} does not name {named}: {said}");
        let message = said["message"].as_str().unwrap();
        assert!(message.contains(' '), "{arguments:?} is no sentence: {message}");
    }
    assert_eq!(ours.client().community().size, size, "nothing of it was recorded");
    assert_eq!(mia.json(&["outbox", "list"])["outbox"], json!([]), "nothing waits to be sent again");
}

#[test]
fn a_community_that_could_never_be_governed_is_not_founded() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (data, one, two) = (path("data"), path("one"), path("two"));
    let passphrase = passphrase_file(directory.path());
    let found = |options: &[&str]| {
        let mut command = klaver_node();
        command.args(["found", "--no-input", "--name", "Klaverdorp", "--data", &data]);
        command.env("LC_ALL", "C");
        run(command.arg("--passphrase-file").arg(&passphrase).args(options))
    };
    let inside = format!("{data}/wallet.json");
    let file = path("wallet-of-anna.json");
    let cases: [(&[&str], &str); 7] = [
        (&[], "--wallet"),
        (&["--wallet", &file], "no directory"),
        (&["--wallet", &inside], "council keys never lie on the node"),
        (&["--wallet", &one, "--wallet", &one], "a new wallet"),
        (&["--wallet", &one, "--wallet", &two, "--council-threshold", "3"], "council"),
        (&["--wallet", &one, "--auditor", "aude"], "64 hexadecimal digits"),
        (&["--wallet", &one, "--recovery-hours", "1"], "recovery"),
    ];
    for (options, named) in cases {
        let ran = found(options);
        assert_ne!(ran.status, 0, "{options:?}");
        assert!(ran.err.contains(named), "{options:?} does not name {named}: {}", ran.err);
        for file in [&data, &one, &two] {
            assert!(!std::path::Path::new(file).exists(), "{options:?} left {file} behind");
        }
    }
    assert_eq!(found(&["--wallet", &one, "--wallet", &two]).status, 0);
    let again = found(&["--wallet", &path("three")]);
    assert!(again.status != 0 && again.err.contains("is not empty"), "{}", again.err);
    // What a node counts is for its own machine alone.
    let mut command = klaver_node();
    command.args(["serve", "--data", &data, "--listen", "127.0.0.1:0", "--metrics", "0.0.0.0:0"]);
    let open = run(command.env("LC_ALL", "C"));
    assert!(open.status != 0 && open.err.contains("for this machine alone"), "{}", open.err);
}
