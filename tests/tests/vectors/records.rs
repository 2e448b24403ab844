//! A short story through the engine: records, lines, leaves, receipts, and the snapshot at its end.

use klaver_ledger::account::AccountKind;
use klaver_ledger::engine::{Holder, Ledger, NodeKeys, Outcome};
use klaver_ledger::entry::{self, Body, CorrectReason, EarnReason, PayLine, RequestRef, Statement};
use klaver_ledger::id::{Digest, LedgerId};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::receipt::{LogIdentity, Receipt};
use klaver_ledger::record::{Commitment, SaltSource};
use klaver_ledger::store::memory::MemoryStore;
use klaver_ledger::testing::*;
use klaver_ledger::time::{Deadline, Seconds};
use klaver_tests::vectors::{check, hex};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Salts that anybody can make again: SHA-256 of a word and a counter.
struct CountedSalts(u32);

impl SaltSource for CountedSalts {
    fn salt(&mut self) -> [u8; 32] {
        self.0 += 1;
        Sha256::new().chain_update(b"vector salt").chain_update(self.0.to_be_bytes()).finalize().into()
    }
}

/// The same history twice: in books alone, which give the lines, and through the engine.
pub struct Story {
    pub world: World,
    ledger: Option<Ledger<MemoryStore>>,
}

/// How the town of the story is founded.
pub fn founding() -> entry::Found {
    entry::Found {
        name: "Testdorp".to_owned(),
        unit: klaver_ledger::charter::UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() },
        scale: klaver_ledger::amount::Scale::new(2).expect("a scale"),
        charter: charter(),
        predecessor: None,
    }
}

impl Story {
    fn begin() -> Self {
        let mut world = World::unfounded();
        let founding = world.signed(Body::Found(founding()), COUNCIL);
        world.post(&founding).expect("the charter is sound");
        let keys = NodeKeys { log: key("log") };
        let (ledger, _) =
            Ledger::found(MemoryStore::new(), keys, founding, world.now, CountedSalts(0)).expect("founded");
        Self { world, ledger: Some(ledger) }
    }

    pub fn record(&mut self, body: Body, signers: &[&str]) {
        self.world.wait(1);
        let entry = self.world.signed(body, signers);
        self.world.post(&entry).expect("the books allow it");
        let ledger = self.ledger.take().expect("the ledger");
        let (ledger, outcomes) = ledger.commit(vec![entry], self.world.now).expect("memory does not fail");
        assert!(matches!(outcomes[..], [Outcome::Recorded(_)]), "{outcomes:?}");
        self.ledger = Some(ledger);
    }

    pub fn told() -> Self {
        let mut story = Self::begin();
        let house = klaver_ledger::account::AccountState {
            limit: sum(100_000),
            organisation: Some(organisation("house")),
            ..state("house", AccountKind::Budget)
        };
        let states = vec![
            house,
            state("mia", AccountKind::Member),
            state("noor", AccountKind::Member),
            state("bakery", AccountKind::Merchant),
            state("pot", AccountKind::Fund),
        ];
        story.record(Body::Open(entry::Open { states }), COUNCIL);
        let payees = ["mia", "noor", "pot"].map(|name| (account(name), minor(200))).to_vec();
        let earn = entry::Earn {
            budget: account("house"),
            reason: EarnReason::Helped,
            task: Some(task("letters")),
            payees,
        };
        story.record(Body::Earn(earn), &["house"]);
        let until = Deadline::after(story.world.now, Seconds(3_600));
        let request = Some(RequestRef { id: request("coffee"), until });
        let line = PayLine { to: account("bakery"), amount: minor(150), request };
        story.record(
            Body::Pay(entry::Pay { from: account("mia"), payees: vec![line], late: false }),
            &["mia"],
        );
        story.record(Body::Refund(entry::Refund { index: 3, line: 1, amount: minor(50) }), &["bakery"]);
        let rate = charter().policy.euro_rate;
        story.record(
            Body::Redeem(entry::Redeem { merchant: account("bakery"), amount: minor(60), rate }),
            &["bakery"],
        );
        let bank_reference = Digest::of(b"2026-06-15/1");
        story.record(Body::Settle(entry::Settle { redeems: vec![5], bank_reference }), COUNCIL);
        story.record(Body::Retire(entry::Retire { budget: account("house"), amount: minor(60) }), COUNCIL);
        let correct = entry::Correct {
            index: 2,
            lines: vec![(1, minor(120)), (2, minor(200))],
            reason: CorrectReason::WrongPerson,
            cover: Some(account("house")),
        };
        story.record(Body::Correct(correct), &["house"]);
        let head = story.reader().head();
        let attest = entry::Attest {
            statement: Statement::AuditNote,
            size: head.size,
            root: Digest(head.root.0),
            document: Digest::of(b"a note"),
        };
        story.record(Body::Attest(attest), &["aude"]);
        story
    }

    pub fn reader(
        &self,
    ) -> klaver_ledger::engine::Reader<<MemoryStore as klaver_ledger::store::Store>::Reader> {
        self.ledger.as_ref().expect("the ledger").reader()
    }
}

fn log_key() -> VerifierKey {
    let name = KeyName::new(charter().origin).expect("a name");
    VerifierKey::new(name, KeyKind::Note, public("log").as_bytes()).expect("a key")
}

fn record_vector(story: &Story, index: u64) -> Value {
    let reader = story.reader();
    let stored = reader.record(index).expect("a record");
    let lines = reader.lines(index).expect("its lines");
    let commitment = Commitment::of(&stored.salt, &stored.record, &lines);
    json!({
        "index": index,
        "salt": hex(stored.salt.0),
        "record": hex(&stored.record),
        "record_salt": hex(stored.salt.of_record()),
        "record_hash": hex(commitment.record_hash.0),
        "lines": lines.iter().enumerate().map(|(number, line)| {
            let line_salt = stored.salt.of_line(number as u16);
            json!({
                "line": hex(line.encode()),
                "account": line.line.account.to_hex(),
                "seq": line.line.seq,
                "debit": line.line.debit,
                "credit": line.line.credit,
                "line_salt": hex(line_salt),
                "view": hex(line.view(&line_salt).0),
            })
        }).collect::<Vec<_>>(),
        "view_root": hex(commitment.view_root.0),
        "commitment": hex(commitment.hash()),
        "leaf": hex(commitment.leaf()),
    })
}

/// Returns the receipt's file with one place changed, and how it is refused.
fn refused(identity: &LogIdentity, name: &str, file: &str) -> Value {
    let error = match Receipt::parse(file.as_bytes()) {
        Err(error) => error,
        Ok(receipt) => receipt.verify(identity).expect_err(name),
    };
    json!({"name": name, "file": file, "code": error.code()})
}

#[test]
fn records_and_receipts_have_the_bytes_of_the_vectors() {
    let story = Story::told();
    let reader = story.reader();
    let ledger: LedgerId = story.world.ledger();
    let identity = LogIdentity::new(ledger, &charter().origin, &[public("log")]).expect("a log");
    let size = reader.head().size;
    assert_eq!(size, 10, "one record of each chapter");

    let mut receipts = Vec::new();
    let holders = [
        ("a signer's", 3, Holder::Signer),
        ("the founder's", 0, Holder::Signer),
        ("the payee's, which does not name the payer", 3, Holder::Account(account("bakery"))),
        ("one of a group", 2, Holder::Account(account("noor"))),
        ("a line without an amount", 6, Holder::Account(account("bakery"))),
        ("an auditor's", 8, Holder::Auditor),
    ];
    for (name, index, holder) in holders {
        let receipt = reader.receipt(index, holder).expect(name);
        // INV-9: a receipt is true by itself, for whoever knows the log's key.
        let lines: Vec<_> = reader.lines(index).expect("lines").iter().map(|line| line.line).collect();
        let proven = receipt.verify_with_lines(&identity, &lines).expect(name);
        assert_eq!(proven.index, index);
        let file = receipt.to_file().to_string();
        assert_eq!(Receipt::parse(file.as_bytes()).expect(name), receipt);
        receipts.push(
            json!({"name": name, "index": index, "opening": hex(receipt.opening.encode()), "file": file}),
        );
    }

    let file = reader.receipt(3, Holder::Signer).expect("a receipt").to_file().to_string();
    let other = reader.receipt(2, Holder::Signer).expect("a receipt").to_file().to_string();
    let line_of =
        |file: &str, word: &str| file.lines().find(|line| line.starts_with(word)).expect("a line").to_owned();
    let extra = line_of(&file, "extra ");
    let first_hash = file.lines().nth(3).expect("a hash").to_owned();
    let second_hash = file.lines().nth(4).expect("a hash").to_owned();
    let signature = line_of(&file, "— ");
    let refusals = vec![
        refused(&identity, "empty", ""),
        refused(&identity, "no opening", &file.replace(&format!("{extra}\n"), "")),
        refused(&identity, "another index", &file.replace("index 3\n", "index 4\n")),
        refused(
            &identity,
            "the opening of another record",
            &file.replace(&extra, &line_of(&other, "extra ")),
        ),
        refused(&identity, "a hash is missing", &file.replace(&format!("{first_hash}\n"), "")),
        refused(
            &identity,
            "two hashes change places",
            &file.replace(&format!("{first_hash}\n{second_hash}"), &format!("{second_hash}\n{first_hash}")),
        ),
        refused(&identity, "another size", &file.replace("\n10\n", "\n11\n")),
        refused(
            &identity,
            "no signature of the log",
            &file.replace(&signature, "— other.example/log AAAAAAA="),
        ),
        refused(
            &LogIdentity::new(ledger, &charter().origin, &[public("anna")]).expect("a log"),
            "by the key of another log",
            &file,
        ),
        refused(
            &LogIdentity::new(LedgerId([1; 32]), &charter().origin, &[public("log")]).expect("a log"),
            "of another ledger",
            &file,
        ),
    ];

    let checkpoint: SignedCheckpoint = reader.checkpoint();
    check(
        "records",
        &json!({
            "ledger": ledger.to_hex(),
            "log": log_key().to_string(),
            "records": (0..size).map(|index| record_vector(&story, index)).collect::<Vec<_>>(),
            "checkpoint": checkpoint.to_string(),
            "receipts": receipts,
            "refused_receipts": refusals,
        }),
    );
}

#[test]
fn the_snapshot_at_the_end_has_the_bytes_of_the_vectors() {
    let story = Story::told();
    let books = story.ledger.as_ref().expect("the ledger").books();
    // INV-8: two histories that say the same have the same snapshot.
    let snapshot = books.encode_snapshot();
    assert_eq!(snapshot, story.world.books.encode_snapshot());
    let balances: Vec<Value> = ["house", "mia", "noor", "bakery", "pot"]
        .iter()
        .map(|name| json!({"account": account(name).to_hex(), "balance": story.world.balance(name)}))
        .collect();
    check(
        "snapshot",
        &json!({
            "after": "records.json",
            "balances": balances,
            "digest": hex(Sha256::digest(&snapshot)),
            "snapshot": hex(&snapshot),
        }),
    );
}
