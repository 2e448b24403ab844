//! Our bytes, judged by programs that nobody here wrote.

use klaver_ledger::entry::{Kind, SignedEntry};
use klaver_ledger::id::LedgerId;
use klaver_ledger::log::tree::Tree;
use klaver_tests::programs::{go_auditor, python, run};
use klaver_tests::samples::{self, LEDGER, key, public};
use klaver_tests::static_log::{ORIGIN, checkpoint, log_key, write_log};
use klaver_tests::workspace::root;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns an empty directory of this test's own below `target/`.
fn directory(name: &str) -> PathBuf {
    let path = root().join("target/interop").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("the target directory can be written");
    path
}

#[test]
fn python_verifies_every_entry_as_cose_sign1_and_only_for_its_ledger() {
    let mut rows = Vec::new();
    let mut expected = Vec::new();
    for sample in samples::all() {
        let keys: Vec<_> = sample.seeds.iter().map(|seed| key(*seed)).collect();
        let signed = SignedEntry::sign(sample.entry.clone(), &LEDGER, &keys.iter().collect::<Vec<_>>());
        let founds = sample.entry.body.kind() == Kind::Found;
        let (right, wrong) =
            if founds { (LedgerId::FOUNDING, LEDGER) } else { (LEDGER, LedgerId([0x4c; 32])) };
        for seed in &sample.seeds {
            let message = signed.to_cose_sign1(public(*seed).as_bytes()).expect("a signature by this key");
            let payload = data_encoding::HEXLOWER.encode(signed.payload());
            for (aad, answer) in [(right, json!(payload)), (wrong, Value::Null)] {
                rows.push(json!({
                    "message": data_encoding::HEXLOWER.encode(&message),
                    "key": public(*seed).to_string(),
                    "external_aad": aad.to_hex(),
                }));
                expected.push(answer);
            }
        }
    }
    let output =
        run(python().arg(root().join("tests/interop/cose.py")), Value::from(rows).to_string().as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Value = serde_json::from_slice(&output.stdout).expect("a list");
    assert_eq!(answers, Value::from(expected));
}

#[test]
fn openssl_verifies_the_signature_of_a_checkpoint_and_only_of_that_one() {
    let mut tree = Tree::new();
    (0..600_u32).for_each(|number| {
        tree.append(&number.to_be_bytes());
    });
    let signed = checkpoint(&tree);
    let directory = directory("openssl");
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    };
    // SubjectPublicKeyInfo of an Ed25519 key (RFC 8410): a fixed head, then the key.
    let head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let key_file = file("key.der", &[&head, log_key().1.public_key().as_slice()].concat());
    let signature = file("signature", signed.note().signatures()[0].signature());
    let text = signed.checkpoint().text();
    for (name, text, holds) in [("right", text.clone(), true), ("wrong", text.replace("600", "601"), false)] {
        let message = file(name, text.as_bytes());
        let mut openssl = Command::new("openssl");
        openssl.args(["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin", "-inkey"]).arg(&key_file);
        let output = run(openssl.arg("-in").arg(&message).arg("-sigfile").arg(&signature), b"");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.success(), holds, "{name}: {said}");
    }
}

fn audit(directory: &Path, older: &[PathBuf]) -> Result<String, String> {
    let output = run(go_auditor().arg(log_key().1.to_string()).arg(directory).args(older), b"");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn go_audits_the_log_and_notices_every_change() {
    let directory = directory("log");
    let old = directory.join("old");
    std::fs::create_dir_all(&old).expect("a directory");
    let mut tree = Tree::new();
    let mut leaves = Vec::new();
    let mut older = Vec::new();
    let sizes = [1_u32, 2, 255, 256, 257, 1_000, 2_048];
    for number in 0..2_500_u32 {
        let mut leaf = [0x01; 33];
        leaf[29..].copy_from_slice(&number.to_be_bytes());
        tree.append(&leaf);
        leaves.push(leaf);
        if sizes.contains(&(number + 1)) {
            let path = old.join((number + 1).to_string());
            std::fs::write(&path, checkpoint(&tree).to_string()).expect("a file");
            older.push(path);
        }
    }
    let log = directory.join("good");
    write_log(&log, &tree, &leaves);
    let said = audit(&log, &older).expect("an honest log");
    assert_eq!(said, format!("{ORIGIN}: 2500 leaves included, 7 older checkpoints consistent"));

    // One changed bit anywhere is noticed.
    for file in [
        "tile/0/003",
        "tile/0/009.p/196",
        "tile/1/000.p/9",
        "tile/entries/000",
        "tile/entries/009.p/196",
        "checkpoint",
    ] {
        let path = log.join(file);
        let good = std::fs::read(&path).expect(file);
        for at in [40, good.len() / 2, good.len() - 2] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).expect("a file");
            let refusal = audit(&log, &[]).expect_err(file);
            assert!(refusal.starts_with("auditor: "), "{file}, byte {at}: {refusal}");
        }
        std::fs::write(&path, &good).expect("a file");
    }

    // A log that signed another history is noticed by whoever kept an older checkpoint.
    let mut other = Tree::new();
    leaves[100][32] ^= 1;
    leaves.iter().for_each(|leaf| {
        other.append(leaf);
    });
    let rewritten = directory.join("rewritten");
    write_log(&rewritten, &other, &leaves);
    audit(&rewritten, &[]).expect("by itself it looks honest");
    audit(&rewritten, &older[..2]).expect("the beginning did not change");
    assert!(audit(&rewritten, &older[3..4]).expect_err("history was rewritten").contains("rewritten"));
}
