//! Ids, keys, memos, links and the Merkle tree.

use klaver_ledger::entry::memo::Memo;
use klaver_ledger::id::{AccountId, LedgerId};
use klaver_ledger::keys::{KeyError, PublicKey, paper_key, recovery_key};
use klaver_ledger::link::{Link, NodeAddress, Secret};
use klaver_ledger::log::hash::{empty_root, leaf_hash};
use klaver_ledger::log::tree::{NoLeafTiles, Tree};
use klaver_tests::samples::{LEDGER, key, small_charter};
use klaver_tests::vectors::{check, hex};
use serde_json::{Value, json};

#[test]
fn ids_are_derived_as_the_vectors_say() {
    let accounts: Vec<Value> = [[0; 16], [0xff; 16], std::array::from_fn(|i| i as u8)]
        .iter()
        .map(|bytes| json!({"bytes": hex(bytes), "text": AccountId(*bytes).to_string()}))
        .collect();
    let good = AccountId([7; 16]).to_string();
    let refused: Vec<String> = vec![
        good.to_uppercase(),
        format!("{}q", &good[..good.len() - 1]),
        good[..good.len() - 1].to_owned(),
        good.replace("klv1", "klx1"),
        // The checksum of BIP 173 instead of BIP 350.
        "klv1qqqqqqqqqqqqqqqqqqqqqqqqqqsqew8g".to_owned(),
        String::new(),
    ];
    for text in &refused {
        assert!(AccountId::parse(text).is_err(), "{text}");
    }
    let founding = b"any payload";
    let ledger = LedgerId::of_founding_payload(founding);
    let secret = [0x5e; 16];
    check(
        "ids",
        &json!({
            "accounts": accounts,
            "refused_accounts": refused,
            "ledger": {"founding_payload": hex(founding), "ledger": ledger.to_hex()},
            "settlement": {
                "ledger": ledger.to_hex(),
                "account": AccountId::settlement_of(&ledger).to_hex(),
                "text": AccountId::settlement_of(&ledger).to_string(),
            },
            "paper_key": {
                "ledger": LEDGER.to_hex(),
                "secret": hex(secret),
                "seed": hex(paper_key(&LEDGER, &secret).to_bytes()),
                "key": PublicKey::of(&paper_key(&LEDGER, &secret)).to_string(),
            },
            "recovery_key": {
                "ledger": LEDGER.to_hex(),
                "secret": hex(secret),
                "seed": hex(recovery_key(&LEDGER, &secret).to_bytes()),
                "key": PublicKey::of(&recovery_key(&LEDGER, &secret)).to_string(),
            },
            "founding_charter_origin": small_charter().origin,
        }),
    );
}

#[test]
fn keys_are_accepted_and_refused_as_the_vectors_say() {
    let p = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    let with_low = |low: &str, top: &str| format!("{low}{}{top}", &p[2..62]);
    let rows: Vec<(&str, String)> = vec![
        ("an ordinary key", PublicKey::of(&key(0x20)).to_string()),
        ("the base point", "5866666666666666666666666666666666666666666666666666666666666666".to_owned()),
        (
            "the base point, negated",
            "58666666666666666666666666666666666666666666666666666666666666e6".to_owned(),
        ),
        ("order 1: the neutral element", format!("01{}", "00".repeat(31))),
        ("order 2: y = -1", with_low("ec", "7f")),
        ("order 4: y = 0", "00".repeat(32)),
        ("order 4: y = 0, sign bit set", format!("{}80", "00".repeat(31))),
        ("order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".to_owned()),
        (
            "order 8, sign bit set",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85".to_owned(),
        ),
        ("order 8, the other", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".to_owned()),
        (
            "order 8, the other, sign bit set",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa".to_owned(),
        ),
        ("y = 1 with sign bit: no x has it", format!("01{}80", "00".repeat(30))),
        ("y = -1 with sign bit: no x has it", with_low("ec", "ff")),
        ("y = p, which is 0", with_low("ed", "7f")),
        ("y = p, sign bit set", with_low("ed", "ff")),
        ("y = p + 1, which is 1", with_low("ee", "7f")),
        ("y = p + 1, sign bit set", with_low("ee", "ff")),
        ("y = p + 3, which is 3", with_low("f0", "7f")),
        ("y = p + 3, sign bit set", with_low("f0", "ff")),
        ("y = p + 4, which is 4", with_low("f1", "7f")),
        ("y = p + 18, the largest", with_low("ff", "7f")),
        ("y = 2: no point", format!("02{}", "00".repeat(31))),
        ("y = 3", format!("03{}", "00".repeat(31))),
        ("y = 3, sign bit set", format!("03{}80", "00".repeat(30))),
    ];
    let vectors: Vec<Value> = rows
        .iter()
        .map(|(name, key)| {
            assert_eq!(key.len(), 64, "{name}");
            let verdict = match PublicKey::from_hex(key) {
                Ok(_) => "accepted",
                Err(KeyError::NotOnCurve) => "not_on_curve",
                Err(KeyError::NotCanonical) => "not_canonical",
                Err(KeyError::SmallOrder) => "small_order",
            };
            json!({"name": name, "key": key, "verdict": verdict})
        })
        .collect();
    for (start, accepted) in [("an ordinary", true), ("order", false), ("y = p", false), ("y = 3", true)] {
        for vector in vectors.iter().filter(|v| v["name"].as_str().expect("a name").starts_with(start)) {
            assert_eq!(vector["verdict"] == "accepted", accepted, "{vector}");
        }
    }
    check("keys", &vectors.into());
}

#[test]
fn memos_are_committed_to_as_the_vectors_say() {
    let texts = ["", "Bedankt!", "Merci à tous les bénévoles", "дякую", "شكراً"];
    let vectors: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| {
            let salt = [number as u8; 16];
            let memo = Memo::new(salt, text).expect(text);
            json!({"salt": hex(salt), "text": text, "commitment": memo.commitment().to_hex()})
        })
        .collect();
    let refused = [
        "a".repeat(141),
        "één ".repeat(24),
        "a\nb".to_owned(),
        "a\u{202e}b".to_owned(),
        "a\u{2066}b".to_owned(),
    ];
    for text in &refused {
        assert!(Memo::new([0; 16], text).is_err(), "{text}");
    }
    check("memos", &json!({"memos": vectors, "refused": refused}));
}

#[test]
fn links_are_read_as_the_vectors_say() {
    let id = "aebagbafaydqqcikbmga2dqpca";
    let secret = "77777777777777777777777774";
    let host = "https://klaver.example";
    let payment = {
        let sample =
            klaver_tests::samples::all().into_iter().find(|s| s.name == "pay: shown without network");
        let signed = super::entries::signed(&sample.expect("a payment"));
        let ledger = klaver_ledger::link::LedgerPrefix::of(&LEDGER);
        Link::Payment { ledger, entry: Box::new(signed) }.to_string()
    };
    let checkpoint = Link::Checkpoint {
        ledger: klaver_ledger::link::LedgerPrefix::of(&LEDGER),
        size: 600,
        root: klaver_ledger::id::Digest([0x0c; 32]),
        signature: klaver_ledger::keys::Signature([0x5e; 64]),
    };
    let accepted = [
        format!("{host}/p/{id}"),
        format!("{host}/p/{id}").to_uppercase(),
        format!("{host}:443/p/{id}"),
        format!("http://localhost:8080/p/{id}"),
        format!("{host}/to/bakkerij-an"),
        format!("{host}/to/Bakkerij-An?amount=12,50"),
        format!("{host}/c/{id}"),
        format!("{host}/c/{id}#{secret}"),
        format!("{host}/v/{id}#{}", secret.to_uppercase()),
        format!("{host}/t/{id}#{secret}"),
        format!("{host}/i/{id}"),
        format!("{host}/l/{id}#{secret}"),
        format!("{host}/d/{id}"),
        payment.clone(),
        checkpoint.to_string(),
    ];
    let refused = [
        String::new(),
        "hallo".to_owned(),
        format!("http://klaver.example/p/{id}"),
        format!("https://user@klaver.example/p/{id}"),
        format!("{host}/x/{id}"),
        format!("{host}/p/{}", &id[1..]),
        format!("{host}/p/{}b", &id[..25]),
        format!("{host}/p/{id}?x=1"),
        format!("{host}/p/{id}#{secret}"),
        format!("{host}/v/{id}"),
        format!("{host}/to/an?amount=1e3"),
        format!("{host}/p/{}", "a".repeat(90)),
        "KLVP:".to_owned(),
        format!("{payment}0"),
        "KLVC:000".to_owned(),
    ];
    let home = NodeAddress::parse(host).expect("an address");
    let theirs = format!("https://buur.example/p/{id}");
    let elsewhere = Link::parse(&theirs).expect("a link").check_community(&home, &LEDGER);
    check(
        "links",
        &json!({
            "accepted": accepted.iter().map(|text| {
                let link = Link::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
                json!({"text": text, "means": means(&link), "printed": link.print().expect("short enough")})
            }).collect::<Vec<_>>(),
            "refused": refused.iter().map(|text| {
                json!({"text": text, "code": Link::parse(text).expect_err(text).code()})
            }).collect::<Vec<_>>(),
            "other_community": {
                "home": host,
                "text": theirs,
                "code": elsewhere.expect_err("another community").code(),
            },
        }),
    );
}

fn means(link: &Link) -> Value {
    let secret = |secret: &Secret| hex(secret.0);
    match link {
        Link::Request { id, .. } => json!({"link": "request", "id": id.to_hex()}),
        Link::Alias { alias, amount, .. } => {
            json!({"link": "alias", "alias": alias.as_str(), "amount": amount.as_ref().map(|a| a.as_str())})
        }
        Link::Card { id, secret: paper, .. } => {
            json!({"link": "card", "id": hex(id.0), "secret": paper.as_ref().map(secret)})
        }
        Link::Voucher { id, secret: paper, .. } => {
            json!({"link": "voucher", "id": hex(id.0), "secret": secret(paper)})
        }
        Link::CheckIn { session, code, .. } => {
            json!({"link": "check_in", "session": session.to_hex(), "code": secret(code)})
        }
        Link::Invitation { code, .. } => json!({"link": "invitation", "code": hex(code.0)}),
        Link::LentRight { id, code, .. } => {
            json!({"link": "lent_right", "id": hex(id.0), "code": secret(code)})
        }
        Link::Draft { id, .. } => json!({"link": "draft", "id": hex(id.0)}),
        Link::Payment { ledger, entry } => {
            json!({"link": "payment", "ledger_prefix": hex(ledger.0), "envelope": hex(entry.encode())})
        }
        Link::Checkpoint { ledger, size, root, signature } => json!({
            "link": "checkpoint",
            "ledger_prefix": hex(ledger.0),
            "size": size,
            "root": root.to_hex(),
            "signature": hex(signature.0),
        }),
        Link::Receipt(text) => json!({"link": "receipt", "text": text}),
    }
}

#[test]
fn the_tree_has_the_roots_and_proofs_of_the_vectors() {
    let leaves: [&[u8]; 8] = [
        &[],
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];
    let mut tree = Tree::new();
    let mut roots = vec![hex(empty_root().0)];
    for leaf in leaves {
        tree.append(leaf);
        roots.push(hex(tree.root().0));
    }
    assert_eq!(
        roots[8], "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        "a published answer"
    );
    let hashes =
        |proof: Vec<klaver_ledger::log::hash::Hash>| proof.iter().map(|hash| hex(hash.0)).collect::<Vec<_>>();
    let mut inclusion = Vec::new();
    let mut consistency = Vec::new();
    for size in 1..=8 {
        for index in 0..size {
            let proof = tree.inclusion_proof(index, size, &NoLeafTiles).expect("a proof");
            inclusion.push(json!({"index": index, "size": size, "proof": hashes(proof)}));
        }
        for old in 1..=size {
            let proof = tree.consistency_proof(old, size, &NoLeafTiles).expect("a proof");
            consistency.push(json!({"old": old, "size": size, "proof": hashes(proof)}));
        }
    }
    check(
        "merkle",
        &json!({
            "leaves": leaves.map(hex),
            "leaf_hashes": leaves.map(|leaf| hex(leaf_hash(leaf).0)),
            "roots": roots,
            "inclusion": inclusion,
            "consistency": consistency,
        }),
    );
}
