//! A node that lies: true receipts of other things, another amount, another history. The wallet calls nothing paid.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod double;

use double::{Answers, serve};
use klaver_api::account::AccountPage;
use klaver_api::request::RequestState;
use klaver_api::statement::StatementPage;
use klaver_api::succession::LineageJson;
use klaver_api::{
    AccountJson, Challenge, CharterJson, Community, ConsistencyJson, Joined, LogAddress, PaymentRequest,
    ReceiptJson, Session, SessionRole, StatementLine, SubmitAnswer, UnitJson, paths, text,
};
use klaver_ledger::account::{AccountKind, AccountState, KeyGrant, Rights};
use klaver_ledger::amount::Scale;
use klaver_ledger::charter::{Charter, UnitWords};
use klaver_ledger::engine::{Holder, Ledger, NodeKeys, Reader};
use klaver_ledger::entry::{Body, Found, Govern, Open, Pay, PayLine, RequestRef};
use klaver_ledger::id::{AccountId, Digest, RequestId};
use klaver_ledger::keys::PublicKey;
use klaver_ledger::link::{Link, NodeAddress};
use klaver_ledger::log::checkpoint::{Checkpoint, SignedCheckpoint};
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::receipt::Opening;
use klaver_ledger::record::SaltSource;
use klaver_ledger::store::Store;
use klaver_ledger::store::memory::MemoryStore;
use klaver_ledger::testing::{
    COUNCIL, World, account, charter, earn, key, minor, pay, public, request, state, sum,
};
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

struct Counted(u8);

impl SaltSource for Counted {
    fn salt(&mut self) -> [u8; 32] {
        self.0 += 1;
        [self.0; 32]
    }
}

type Log = Ledger<MemoryStore>;

/// A town whose log is shown at one port: `bakery` belongs to the wallet under test.
struct Town {
    world: World,
    charter: Charter,
    port: u16,
    log: Option<Log>,
    /// The records that made its charters.
    charter_bases: Vec<u64>,
    /// The seal before the payments that the tests are about.
    published: SignedCheckpoint,
}

impl Town {
    /// Records the founding, the accounts, credits for `mia`, and an older payment of the request `old`: 0 to 3.
    fn found(port: u16, ours: PublicKey) -> Self {
        let charter = Charter { origin: format!("localhost:{port}/log"), ..charter() };
        let mut world = World::unfounded();
        let found = Found {
            name: "Testdorp".to_owned(),
            unit: UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() },
            scale: scale(),
            charter: charter.clone(),
            predecessor: None,
        };
        let founding = world.signed(Body::Found(found), COUNCIL);
        let keys = NodeKeys { log: key("log") };
        let (log, _) =
            Ledger::found(MemoryStore::new(), keys, founding.clone(), world.now, Counted(0)).unwrap();
        world.post(&founding).unwrap();
        let published = log.reader().checkpoint();
        let mut town = Self { world, charter, port, log: Some(log), charter_bases: vec![0], published };
        let grant = KeyGrant { key: ours, rights: Rights::ALL, until: None, cap: None };
        let budget = AccountState { limit: sum(100_000), ..state("house", AccountKind::Budget) };
        let bakery = AccountState { keys: vec![grant], ..state("bakery", AccountKind::Member) };
        let states = vec![budget, state("mia", AccountKind::Member), bakery];
        town.record(vec![
            (Body::Open(Open { states }), COUNCIL),
            (earn("house", &[("mia", 5_000)]), &["house"]),
            (town.asked(500, "old"), &["mia"]),
        ]);
        town.published = town.reader().checkpoint();
        town
    }

    /// Records what the tests are about: 5.00 for the request `new`, 2.00 for `small`; 4 and 5.
    fn with_payments(mut self) -> Self {
        self.record(vec![(self.asked(500, "new"), &["mia"]), (self.asked(200, "small"), &["mia"])]);
        self
    }

    fn asked(&self, amount: u64, name: &str) -> Body {
        let answered =
            RequestRef { id: request(name), until: Deadline::after(self.world.now, Seconds(3_600)) };
        let line = PayLine { to: account("bakery"), amount: minor(amount), request: Some(answered) };
        Body::Pay(Pay { from: account("mia"), payees: vec![line], late: false })
    }

    fn record(&mut self, history: Vec<(Body, &[&str])>) {
        let mut batch = Vec::new();
        for (body, signers) in history {
            let entry = self.world.signed(body, signers);
            self.world.post(&entry).unwrap();
            batch.push(entry);
        }
        let log = self.log.take().unwrap();
        self.log = Some(log.commit(batch, self.world.now).unwrap().0);
    }

    fn reader(&self) -> Reader<<MemoryStore as Store>::Reader> {
        self.log.as_ref().unwrap().reader()
    }

    /// Records what its council decides, long ago, and shows the charter that counts since.
    fn govern(&mut self, charter: Charter, answers: &mut Answers) {
        let base = self.charter_bases.last().copied().unwrap_or_default();
        let index = self.world.books.standing().size();
        let body = Body::Govern(Govern { base, charter: charter.clone() });
        self.world.wait(10 * 86_400);
        self.record(vec![(body, COUNCIL)]);
        self.charter_bases.push(index);
        self.charter = charter;
        self.published = self.reader().checkpoint();
        answers.insert("/log/checkpoint".into(), self.published.to_string().into_bytes());
        put(answers, paths::LINEAGE, &self.lineage());
        let (reader, to) = (self.reader(), index + 1);
        for from in 1..to {
            let hashes = reader.consistency_proof(from, to).unwrap();
            let proof = ConsistencyJson { from, to, proof: hashes.iter().map(Hash::to_base64).collect() };
            put(answers, &format!("{}?from={from}&to={to}", paths::CONSISTENCY), &proof);
        }
        let mut said: Community = serde_json::from_slice(&answers[paths::COMMUNITY]).unwrap();
        said.charter = CharterJson::of(&self.charter, scale());
        (said.charter_base, said.size) = (index, index + 1);
        put(answers, paths::COMMUNITY, &said);
    }

    /// The founding entry and each charter since, as a node shows them.
    fn lineage(&self) -> LineageJson {
        let receipt = |index: &u64| self.reader().receipt(*index, Holder::Signer).unwrap();
        let charters =
            self.charter_bases.iter().map(|index| ReceiptJson::of(&receipt(index), None)).collect();
        LineageJson { ledger: self.world.ledger().to_hex(), charters }
    }

    fn receipt(&self, index: u64, name: &str) -> ReceiptJson {
        ReceiptJson::of(&self.reader().receipt(index, Holder::Account(account(name))).unwrap(), None)
    }

    fn address(&self) -> NodeAddress {
        NodeAddress::parse(&format!("http://localhost:{}", self.port)).unwrap()
    }

    fn vkey(&self) -> VerifierKey {
        let name = KeyName::new(self.charter.origin.as_str()).unwrap();
        VerifierKey::new(name, KeyKind::Note, public("log").as_bytes()).unwrap()
    }

    fn asks(&self, name: &str, amount: &str) -> PaymentRequest {
        let id = request(name);
        PaymentRequest {
            id: id.to_hex(),
            link: self.link(id),
            ledger: self.world.ledger().to_hex(),
            account: account("bakery").to_string(),
            name: None,
            amount: amount.to_owned(),
            until: Deadline::after(now(), Seconds(600)).to_string(),
            state: RequestState::Open,
            index: None,
            paused: false,
            paid_at: None,
            words: None,
        }
    }

    fn link(&self, id: RequestId) -> String {
        Link::Request { node: self.address(), id }.print().unwrap()
    }

    /// Says that the request `name` is paid by record `index`, on its event stream.
    fn says_paid(&self, answers: &mut Answers, name: &str, index: u64) {
        let state = RequestState::Paid;
        let paid = PaymentRequest { state, index: Some(index), ..self.asks(name, "5.00") };
        let event = format!("event: request\ndata: {}\n\n", serde_json::to_string(&paid).unwrap());
        answers.insert(paths::fill(paths::REQUEST_EVENTS, request(name).to_hex()), event.into_bytes());
        put(answers, &paths::fill(paths::REQUEST, request(name).to_hex()), &paid);
    }

    /// Returns the statement of `name`, newest line first, of these records.
    fn statement(&self, name: &str, indexes: &[u64]) -> StatementPage {
        let line = |index: &u64| {
            let receipt = self.reader().receipt(*index, Holder::Account(account(name))).unwrap();
            line_of(&receipt.opening)
        };
        let lines = indexes.iter().rev().map(line).collect();
        StatementPage { account: account(name).to_string(), balance: "0.00".into(), lines, next: None }
    }

    /// What an honest node answers to the wallet of `bakery`.
    fn answers(&self) -> Answers {
        let community = Community {
            name: "Testdorp".into(),
            unit: UnitJson { one: "klaver".into(), many: "klavers".into() },
            scale: 2,
            ledger: self.world.ledger().to_hex(),
            origin: self.address().to_string(),
            size: 6,
            now: now().to_string(),
            charter_base: 0,
            charter: CharterJson::of(&self.charter, scale()),
            settlement: AccountId::settlement_of(&self.world.ledger()).to_string(),
            log: LogAddress {
                policy: None,
                url: format!("{}/log", self.address()),
                origin: self.charter.origin.clone(),
                vkey: self.vkey().to_string(),
            },
            demo: false,
            thanks_per_hour: None,
            audit_note: None,
            successor: None,
            read_only: None,
        };
        let later = || "2999-01-01T00:00:00Z".to_owned();
        let nonce = text::base64url(&[7; 32]);
        let challenge = Challenge { nonce, expires_at: later(), origin: self.address().to_string() };
        let ours = Some(account("bakery").to_string());
        let session =
            Session { token: "token".into(), expires_at: later(), role: SessionRole::Account, account: ours };
        let mut answers = Answers::new();
        put(&mut answers, paths::COMMUNITY, &community);
        put(&mut answers, paths::LINEAGE, &self.lineage());
        put(&mut answers, paths::CHALLENGES, &challenge);
        put(&mut answers, paths::SESSIONS, &session);
        answers.insert("/log/checkpoint".into(), self.published.to_string().into_bytes());
        put(&mut answers, paths::REQUESTS, &self.asks("new", "5.00"));
        self.says_paid(&mut answers, "new", 4);
        for index in [1, 3, 4, 5] {
            put(&mut answers, &paths::fill(paths::RECEIPT, index), &self.receipt(index, "bakery"));
        }
        let page = self.statement("bakery", &[1, 3, 4, 5]);
        put(&mut answers, &statement_path("bakery", 20), &page);
        put(&mut answers, &statement_path("bakery", 100), &page);
        answers
    }
}

fn scale() -> Scale {
    Scale::new(2).unwrap()
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(since.as_millis() as u64).unwrap()
}

fn put(answers: &mut Answers, path: &str, said: &impl serde::Serialize) {
    answers.insert(path.to_owned(), serde_json::to_vec(said).unwrap());
}

fn statement_path(name: &str, limit: usize) -> String {
    format!("{}?limit={limit}", paths::fill(paths::STATEMENT, account(name)))
}

/// Returns the line as a node shows it that believes its opening.
fn line_of(opening: &Opening) -> StatementLine {
    let Opening::Line { line, number, .. } = opening else { panic!("no line: {opening:?}") };
    let decimal = |minor: u64| klaver_ledger::amount::balance_to_decimal(minor as i64, scale());
    StatementLine {
        index: line.index,
        line: u64::from(*number),
        recorded_at: line.recorded_at.to_string(),
        kind: line.kind.word().to_owned(),
        seq: line.line.seq,
        debit: decimal(line.line.debit),
        credit: decimal(line.line.credit),
        balance: "0.00".into(),
        reference: None,
        memo: None,
        reason: None,
        with: None,
        entry: None,
        opening: text::base64url(&opening.encode()),
    }
}

/// The wallet of `bakery`, and the node that it joined.
struct Wallet {
    directory: tempfile::TempDir,
    port: u16,
    answers: Arc<Mutex<Answers>>,
}

impl Wallet {
    /// A wallet with a key, and a town around it whose answers `change` has changed.
    fn in_town(change: impl FnOnce(&Town, &mut Answers)) -> Self {
        Self::in_own_town(|town, answers| change(&town, answers))
    }

    /// The same, joined, to whom the town is left.
    fn of_town(change: impl FnOnce(Town, &mut Answers)) -> Self {
        let wallet = Self::in_own_town(change);
        wallet.must(&["join", &wallet.url(), "--existing", &account("bakery").to_string()]);
        wallet
    }

    fn in_own_town(change: impl FnOnce(Town, &mut Answers)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("passphrase"), "drie groene klavers\n").unwrap();
        let mut wallet = Self { directory, port: 0, answers: Arc::default() };
        wallet.must(&["init", "bakker"]);
        let ours = wallet.must(&["whoami"])["keys"][0]["public_key"].as_str().unwrap().to_owned();
        let ours = PublicKey::from_hex(&ours).unwrap();
        (wallet.port, wallet.answers) = serve(|port| {
            let town = Town::found(port, ours).with_payments();
            let mut answers = town.answers();
            change(town, &mut answers);
            answers
        });
        wallet
    }

    /// The same, joined as `bakery`.
    fn joined(change: impl FnOnce(&Town, &mut Answers)) -> Self {
        let wallet = Self::in_town(change);
        wallet.must(&["join", &wallet.url(), "--existing", &account("bakery").to_string()]);
        wallet
    }

    fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    fn home(&self) -> std::path::PathBuf {
        self.directory.path().join("home")
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klaver"));
        command.env_clear().env("KLAVER_HOME", self.home());
        command.env("KLAVER_PASSPHRASE_FILE", self.directory.path().join("passphrase"));
        command.args(arguments).arg("--yes").stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a command; returns its status and the code of its error, empty when there is none.
    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.output(&[arguments, &["--json"]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        let error = said.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
        let code = error.map_or_else(String::new, |said| said["error"]["code"].as_str().unwrap().to_owned());
        (output.status.code().unwrap(), code)
    }

    /// Runs a command that must succeed; returns its last line of JSON.
    fn must(&self, arguments: &[&str]) -> Value {
        let output = self.output(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(String::from_utf8(output.stdout).unwrap().lines().last().unwrap()).unwrap()
    }
}

fn alarm(code: &str) -> (i32, String) {
    (6, code.to_owned())
}

#[test]
fn a_till_says_paid_only_for_the_request_it_made() {
    type Lie = fn(&Town, &mut Answers);
    let asks = |change: fn(&Town, &mut PaymentRequest)| {
        move |town: &Town, answers: &mut Answers| {
            let mut asked = town.asks("new", "5.00");
            change(town, &mut asked);
            put(answers, paths::REQUESTS, &asked);
        }
    };
    let ask = |lie: &dyn Fn(&Town, &mut Answers)| Wallet::joined(lie).run(&["request", "5"]);
    assert_eq!(ask(&|_, _| ()), (0, String::new()));

    // Another amount, another payee, a code that leads to another request.
    assert_eq!(ask(&asks(|_, asked| asked.amount = "2.00".into())), alarm("request_not_asked"));
    assert_eq!(ask(&asks(|_, asked| asked.account = account("mia").to_string())), alarm("request_not_asked"));
    assert_eq!(
        ask(&asks(|town, asked| asked.link = town.link(request("small")))),
        alarm("request_not_asked")
    );

    let others: [(&str, Lie); 4] = [
        ("a smaller payment", |town, answers| town.says_paid(answers, "new", 5)),
        ("a payment of another request", |town, answers| {
            put(answers, paths::REQUESTS, &town.asks("other", "5.00"));
            town.says_paid(answers, "other", 4);
        }),
        ("an older payment, whose request is made once more", |town, answers| {
            put(answers, paths::REQUESTS, &town.asks("old", "5.00"));
            town.says_paid(answers, "old", 3);
        }),
        ("a receipt of another record", |town, answers| {
            put(answers, &paths::fill(paths::RECEIPT, 4), &town.receipt(5, "bakery"));
        }),
    ];
    for (what, lie) in others {
        assert_eq!(ask(&lie), alarm("receipt_other_entry"), "{what}");
    }
}

#[test]
fn a_request_is_ours_only_when_a_receipt_says_so() {
    // The node says that record 4 paid it: that is a line of the payee, not our payment.
    let wallet = Wallet::joined(|_, _| ());
    let link = Link::Request { node: NodeAddress::parse(&wallet.url()).unwrap(), id: request("new") };
    assert_eq!(wallet.run(&["pay", &link.print().unwrap()]), (5, "request_paid".to_owned()));
}

#[test]
fn an_own_code_leads_to_a_request_of_what_was_typed() {
    let wallet = Wallet::joined(|town, answers| {
        let asked = town.asks("small", "2.00");
        put(answers, &paths::fill(paths::CODE_REQUESTS, "klaas-bakt"), &asked);
        put(answers, &paths::fill(paths::REQUEST, request("small").to_hex()), &asked);
    });
    let link = format!("{}/to/klaas-bakt", wallet.url());
    assert_eq!(wallet.run(&["pay", &link, "1", "--dry-run"]), alarm("request_differs"));
    assert_eq!(wallet.run(&["pay", &link, "2", "--dry-run"]), (0, String::new()));
}

#[test]
fn a_pot_is_never_signed_for_more_than_waits_in_it() {
    let closes = |lie: serde_json::Value| {
        let wallet = Wallet::joined(|_, answers| {
            let pot = json!({ "item": "koffie", "picture": "coffee", "price": "2.50", "offered": true });
            let pot = json!({
                "id": "0a".repeat(16), "pot": pot, "account": account("pot").to_string(), "opened": true, "tally": 0,
                "ready": 3, "waiting": 2, "due": true, "pays": "own", "link": "/x",
            });
            put(answers, paths::SHOP_POTS, &json!({ "pots": [pot] }));
            let mut payment = json!({
                "id": "0a".repeat(16), "from": account("pot").to_string(), "amount": "5.00", "count": 2,
                "request": request("closing").to_hex(), "until": Deadline::after(now(), Seconds(600)).to_string(),
            });
            payment.as_object_mut().unwrap().extend(lie.as_object().unwrap().clone());
            put(answers, paths::SHOP_CLOSING, &json!({ "payments": [payment], "later": 0 }));
        });
        wallet.run(&["pot", "close", "--dry-run"])
    };
    assert_eq!(closes(json!({})), (0, String::new()));
    let lies = [
        json!({ "amount": "5.01" }),
        json!({ "amount": "7.50", "count": 3 }),
        json!({ "id": "0b".repeat(16) }),
        json!({ "from": account("bakery").to_string() }),
    ];
    for lie in lies {
        assert_eq!(closes(lie.clone()), alarm("closing_wrong"), "{lie}");
    }
}

#[test]
fn every_line_that_is_shown_as_verified_is_proven_by_itself() {
    let verify = |wallet: &Wallet| wallet.run(&["history", "--verify"]);
    assert_eq!(verify(&Wallet::joined(|_, _| ())), (0, String::new()));
    let forged = Wallet::joined(|town, answers| {
        let receipt = town.reader().receipt(4, Holder::Account(account("bakery"))).unwrap();
        let Opening::Line { line_salt, mut line, number, count, path, record_hash } = receipt.opening else {
            panic!("no line")
        };
        line.line.credit = 90_000;
        let forged = line_of(&Opening::Line { line_salt, line, number, count, path, record_hash });
        let mut page = town.statement("bakery", &[1, 3, 4, 5]);
        page.lines[1] = forged;
        put(answers, &statement_path("bakery", 20), &page);
    });
    assert_eq!(forged.run(&["history"]), (0, String::new()), "the line and its opening agree");
    assert_eq!(verify(&forged), alarm("receipt_wrong"));
    // A true receipt of another record is no receipt of this one.
    let other = Wallet::joined(|town, answers| {
        put(answers, &paths::fill(paths::RECEIPT, 4), &town.receipt(5, "bakery"));
    });
    for arguments in [&["receipt", "save", "4", "--out", "-"][..], &["refund", "4"]] {
        assert_eq!(other.run(arguments), alarm("receipt_other_entry"), "{arguments:?}");
    }
}

#[test]
fn a_receipt_of_another_history_than_the_published_one_is_an_alarm() {
    let wallet = Wallet::joined(|town, answers| {
        // The node shows everybody a ledger without our payments, and larger than the one that our receipt is from.
        let mut other = Town::found(town.port, town.world.state("bakery").keys[0].key);
        other.record((0..4).map(|_| (pay("mia", &[("house", 10)]), &["mia"][..])).collect());
        let reader = other.reader();
        answers.insert("/log/checkpoint".into(), reader.checkpoint().to_string().into_bytes());
        for from in 1..8 {
            let hashes = reader.consistency_proof(from, 8).unwrap();
            let proof = ConsistencyJson { from, to: 8, proof: hashes.iter().map(Hash::to_base64).collect() };
            put(answers, &format!("{}?from={from}&to=8", paths::CONSISTENCY), &proof);
        }
    });
    assert_eq!(wallet.run(&["receipt", "save", "4", "--out", "-"]), alarm("history_rewritten"));
    assert_eq!(std::fs::read_dir(wallet.home().join("evidence")).unwrap().count(), 1);
}

#[test]
fn an_entry_is_marked_as_sent_before_it_leaves() {
    let wallet = Wallet::joined(|town, answers| {
        // Something is answered, and it is no receipt of what was sent.
        put(answers, paths::ENTRIES, &SubmitAnswer::Recorded { receipt: town.receipt(4, "bakery") });
    });
    let mia = account("mia").to_string();
    assert_eq!(wallet.run(&["pay", &mia, "1"]), alarm("receipt_other_entry"));
    assert_eq!(wallet.must(&["outbox", "list"])["outbox"][0]["state"], "unknown");
    assert_eq!(wallet.run(&["outbox", "retry"]), alarm("receipt_other_entry"), "an alarm stays an alarm");
}

#[test]
fn joining_believes_the_log_and_not_the_number_that_a_node_gives() {
    let join = |joined: &dyn Fn(&Town) -> Joined| {
        let wallet = Wallet::in_town(|town, answers| {
            put(answers, paths::JOIN, &joined(town));
            put(answers, &statement_path("mia", 100), &town.statement("mia", &[1]));
        });
        wallet.run(&["join", &wallet.url()])
    };
    let of = |name: &'static str, with_receipt: bool| {
        move |town: &Town| Joined {
            account: account(name).to_string(),
            receipt: with_receipt.then(|| town.receipt(1, name)),
        }
    };
    assert_eq!(join(&of("bakery", true)), (0, String::new()));
    assert_eq!(join(&of("mia", true)), alarm("receipt_other_entry"));
    // Without a receipt the first line of the account says how it was opened.
    assert_eq!(join(&of("bakery", false)), (0, String::new()));
    let (status, code) = join(&of("mia", false));
    assert!(status != 0 && code != "unreachable", "{status} {code}");
}

#[test]
fn two_roots_of_one_size_are_an_alarm_without_network_too() {
    let wallet = Wallet::joined(|_, _| ());
    let shown = wallet.must(&["checkpoint"]);
    let origin = KeyName::new(format!("localhost:{}/log", wallet.port)).unwrap();
    let vkey = VerifierKey::new(origin.clone(), KeyKind::Note, public("log").as_bytes()).unwrap();
    let size = shown["size"].as_u64().unwrap();
    let seal = |size, root| {
        let sign = |message: &[u8]| klaver_ledger::keys::sign(&key("log"), message).0;
        let file = wallet.directory.path().join(format!("seal-{size}"));
        let seal = Checkpoint { origin: origin.clone(), size, root }.sign(&vkey, sign).unwrap();
        std::fs::write(&file, seal.to_string()).unwrap();
        file.to_str().unwrap().to_owned()
    };
    wallet.answers.lock().unwrap().clear();
    assert_eq!(wallet.run(&["checkpoint", &seal(size, Hash([7; 32]))]), alarm("history_rewritten"));
    assert_eq!(
        wallet.run(&["checkpoint", &seal(size + 9, Hash([7; 32]))]),
        (3, "checkpoint_offline".to_owned())
    );
}

#[test]
fn what_a_node_says_cannot_move_the_cursor() {
    let evil = "boos\u{1b}[2J\u{202e}";
    let wallet = Wallet::joined(|town, answers| {
        let mut said: Community = serde_json::from_slice(&answers[paths::COMMUNITY]).unwrap();
        (said.name, said.unit.one, said.unit.many) = (evil.into(), evil.into(), evil.into());
        put(answers, paths::COMMUNITY, &said);
        let mut state = klaver_api::AccountStateJson::of(&town.world.state("bakery"), scale());
        (state.kind, state.account) = (evil.into(), evil.into());
        let listed = AccountJson {
            state,
            status: evil.into(),
            base: 1,
            debits: None,
            credits: None,
            balance: Some("7.00".into()),
            available: None,
            cannot_give: None,
            lines: 1,
            last_line: None,
            closed_to: None,
            pending: None,
            name: Some(evil.into()),
            keys_since: Vec::new(),
        };
        put(answers, paths::ACCOUNTS, &AccountPage { accounts: vec![listed], next: None });
    });
    for arguments in [&["account", "list"][..], &["whoami"], &["request", "5", "--no-wait"]] {
        let output = wallet.output(arguments);
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{arguments:?}: {said:?}");
    }
}

#[test]
fn other_witnesses_count_only_when_a_person_says_so() {
    let witness = |name: &str| {
        let key_name = KeyName::new(format!("{name}.example/w")).unwrap();
        let key = VerifierKey::new(key_name, KeyKind::Cosignature, public(name).as_bytes()).unwrap();
        format!("witness {name} {key}\n")
    };
    let town: Mutex<Option<Town>> = Mutex::default();
    let wallet = Wallet::of_town(|town_there, _| *town.lock().unwrap() = Some(town_there));
    let mut town = town.into_inner().unwrap().unwrap();
    let path = "/log/policy";
    let policy_of = |names: &[&str], vkey: &VerifierKey| {
        let witnesses: String = names.iter().map(|name| witness(name)).collect();
        format!("log {vkey}\n{witnesses}group all all {}\nquorum all\n", names.join(" "))
    };
    // What the node says of its charter, and the policy that it shows; the charter itself is the council's.
    let say = |policy: &str| {
        let mut answers = wallet.answers.lock().unwrap();
        let mut said: Community = serde_json::from_slice(&answers[paths::COMMUNITY]).unwrap();
        said.charter.witness_policy = Digest::of(policy.as_bytes()).to_hex();
        said.log.policy = Some(format!("{}{path}", said.origin));
        put(&mut answers, paths::COMMUNITY, &said);
        answers.insert(path.to_owned(), policy.as_bytes().to_owned());
    };
    let decide = |town: &mut Town, policy: &str| {
        let charter = Charter { witness_policy: Digest::of(policy.as_bytes()), ..town.charter.clone() };
        town.govern(charter, &mut wallet.answers.lock().unwrap());
        say(policy);
    };
    let seen = |option: &[&str]| {
        let output = wallet.output(&[&["checkpoint", "--json"], option].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
        (json["witnessed"]["of"].as_u64(), said.contains("The list of witnesses changed"))
    };
    let vkey = town.vkey();
    let [both, other] = [policy_of(&["A", "B"], &vkey), policy_of(&["C"], &vkey)];
    say(&both);
    assert_eq!(seen(&[]), (None, false), "a node's word is not the charter, nor is it for the first list");
    decide(&mut town, &both);
    assert_eq!(seen(&[]), (Some(2), false), "the first list that the charter confirms");
    say(&other);
    assert_eq!(seen(&["--new-policy"]), (Some(2), false), "the charter knows nothing of it");
    assert_eq!(seen(&[]), (Some(2), false));
    decide(&mut town, &other);
    assert_eq!(seen(&[]), (Some(2), true), "it is said, and not believed");
    assert_eq!(seen(&["--new-policy"]), (Some(1), false));
    assert_eq!(seen(&[]), (Some(1), false));
    // Charters that nobody signed are an alarm, not a list.
    let whole = town.lineage();
    let mut lineage = whole.clone();
    lineage.charters[1].opening = lineage.charters[2].opening.clone();
    put(&mut wallet.answers.lock().unwrap(), paths::LINEAGE, &lineage);
    assert_eq!(wallet.run(&["checkpoint"]), alarm("lineage_wrong"));
    lineage.charters = whole.charters[..2].to_vec();
    put(&mut wallet.answers.lock().unwrap(), paths::LINEAGE, &lineage);
    say(&both);
    assert_eq!(wallet.run(&["checkpoint", "--new-policy"]), alarm("lineage_wrong"), "an older charter");
    put(&mut wallet.answers.lock().unwrap(), paths::LINEAGE, &whole);
    // A policy that needs nobody is no quorum of anybody; one without witnesses is none.
    let nobody = format!("log {vkey}\n{}quorum none\n", witness("C"));
    decide(&mut town, &nobody);
    assert_eq!(seen(&["--new-policy"]), (Some(1), false));
    assert_eq!(wallet.must(&["checkpoint"])["witnessed"], json!({ "quorum": false, "by": [], "of": 1 }));
    decide(&mut town, "quorum none\n");
    assert_eq!(seen(&["--new-policy"]), (None, false));
}
