//! Envelopes that every program must refuse, with the field and the code of the refusal.

use klaver_ledger::entry::cbor::Writer;
use klaver_ledger::entry::signed::EnvelopeError;
use klaver_ledger::entry::{Kind, SignedEntry, codec};
use klaver_ledger::id::LedgerId;
use klaver_ledger::keys::{Signature, sign};
use klaver_ledger::limits::PAYLOAD_BYTES_MAX;
use klaver_tests::samples::{self, LEDGER, key, public};
use klaver_tests::vectors::{check, hex};
use serde_json::{Value, json};

/// The smallest encoding of an integer that is not the shortest: 11 in two bytes.
const LONG_11: &[u8] = &[0x18, 0x0b];
const NULL: &[u8] = &[0xf6];
/// What stands before the body of the entries made here.
const HEAD_BYTES: usize = 26;

fn cat(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn bytes(value: &[u8]) -> Vec<u8> {
    let mut w = Writer::with_capacity(64);
    w.bytes(value);
    w.finish()
}

fn uint(value: u64) -> Vec<u8> {
    let mut w = Writer::with_capacity(9);
    w.uint(value);
    w.finish()
}

/// Puts an entry together from encoded items.
fn payload(
    version: &[u8],
    kind: &[u8],
    nonce: &[u8],
    expires_at: &[u8],
    memo: &[u8],
    body: &[u8],
) -> Vec<u8> {
    cat(&[&[0x86], version, kind, nonce, expires_at, memo, body])
}

fn with_body(kind: u64, body: &[u8]) -> Vec<u8> {
    payload(&[1], &uint(kind), &bytes(&[1; 16]), &uint(1_780_000_300), NULL, body)
}

fn pay_line(to: u8, amount: &[u8]) -> Vec<u8> {
    cat(&[&[0x83], &bytes(&[to; 16]), amount, NULL])
}

/// A payment of these encoded lines.
fn pay(lines: &[Vec<u8>]) -> Vec<u8> {
    let body = cat(&[&[0x83], &bytes(&[0x20; 16]), &[0x80 + lines.len() as u8], &lines.concat(), &[0xf4]]);
    with_body(11, &body)
}

/// Signs whatever the payload is, by the key of seed 0x20.
fn envelope(payload: &[u8]) -> Vec<u8> {
    let mut w = Writer::with_capacity(payload.len() + 64);
    w.array(4).text("Signature1").bytes(&[0xa1, 0x01, 0x32]).bytes(&LEDGER.0).bytes(payload);
    let signature = sign(&key(0x20), &w.finish());
    let mut w = Writer::with_capacity(payload.len() + 128);
    w.array(2).bytes(payload).array(1).array(2).bytes(public(0x20).as_bytes()).bytes(&signature.0);
    w.finish()
}

/// Returns the payload of the first sample of `name` with the only occurrence of `old` replaced.
fn replaced(name: &str, old: &[u8], new: &[u8]) -> Vec<u8> {
    let sample = samples::all().into_iter().find(|sample| sample.name == name).expect(name);
    let payload = codec::encode_payload(&sample.entry);
    let places: Vec<usize> =
        (0..=payload.len() - old.len()).filter(|at| payload[*at..].starts_with(old)).collect();
    assert_eq!(places.len(), 1, "{name}: {} occurs {} times", hex(old), places.len());
    cat(&[&payload[..places[0]], new, &payload[places[0] + old.len()..]])
}

fn payloads() -> Vec<(&'static str, Vec<u8>)> {
    let one = || vec![pay_line(0x30, &[0x19, 0x02, 0x26])];
    let amount = |amount: &[u8]| pay(&[pay_line(0x30, amount)]);
    let (nonce, until, body) = (bytes(&[1; 16]), uint(1_780_000_300), pay(&one())[HEAD_BYTES..].to_vec());
    assert_eq!(payload(&[1], &[11], &nonce, &until, NULL, &body), pay(&one()), "the pieces make the whole");
    let member = || samples::member(0x40, 0x40);
    let state = |state: &klaver_ledger::account::AccountState| {
        let entry = klaver_ledger::entry::Open { states: vec![state.clone()] };
        let mut sample = samples::all().remove(3).entry;
        sample.body = klaver_ledger::entry::Body::Open(entry);
        codec::encode_payload(&sample)
    };
    let key = public(0x20).as_bytes().to_vec();
    let twice = {
        // The same account with two limits: two different items of the set, one account.
        let (first, mut second) = (member(), member());
        second.limit = klaver_ledger::amount::Total::new(1).expect("a sum");
        let mut sample = samples::all().remove(3).entry;
        sample.body =
            klaver_ledger::entry::Body::Open(klaver_ledger::entry::Open { states: vec![first, second] });
        codec::sort_sets(&mut sample);
        codec::encode_payload(&sample)
    };
    let earn = |shares: &[(u8, u64)]| {
        let list: Vec<u8> =
            shares.iter().flat_map(|(to, n)| cat(&[&[0x82], &bytes(&[*to; 16]), &uint(*n)])).collect();
        let body = cat(&[&[0x84], &bytes(&[0x10; 16]), &[1], NULL, &[0x80 + shares.len() as u8], &list]);
        with_body(10, &body)
    };
    vec![
        ("an unknown version", payload(&[2], &[11], &nonce, &until, NULL, &body)),
        ("kind 0", payload(&[1], &[0], &nonce, &until, NULL, &body)),
        ("a kind that this version does not have", payload(&[1], &[0x18, 30], &nonce, &until, NULL, &body)),
        ("the kind as a longer integer", payload(&[1], LONG_11, &nonce, &until, NULL, &body)),
        ("the kind as a text", payload(&[1], &[0x61, b'p'], &nonce, &until, NULL, &body)),
        ("the kind as a negative number", payload(&[1], &[0x2a], &nonce, &until, NULL, &body)),
        ("a tagged item", payload(&[1], &[11], &nonce, &cat(&[&[0xc1], &until]), NULL, &body)),
        (
            "a floating-point number",
            payload(&[1], &[11], &nonce, &[0xfa, 0x4e, 0xd4, 0x4d, 0x4d], NULL, &body),
        ),
        ("a nonce of 15 bytes", payload(&[1], &[11], &bytes(&[1; 15]), &until, NULL, &body)),
        (
            "a nonce in pieces",
            payload(&[1], &[11], &cat(&[&[0x5f, 0x50], &[1; 16], &[0xff]]), &until, NULL, &body),
        ),
        (
            "a nonce with a longer length",
            payload(&[1], &[11], &cat(&[&[0x58, 0x10], &[1; 16]]), &until, NULL, &body),
        ),
        ("an expiry after the year 9999", payload(&[1], &[11], &nonce, &uint(253_402_300_800), NULL, &body)),
        ("an expiry beyond 2^53", payload(&[1], &[11], &nonce, &uint(1 << 53), NULL, &body)),
        ("a memo of 31 bytes", payload(&[1], &[11], &nonce, &until, &bytes(&[1; 31]), &body)),
        ("undefined where null belongs", payload(&[1], &[11], &nonce, &until, &[0xf7], &body)),
        ("null in two bytes", payload(&[1], &[11], &nonce, &until, &[0xf8, 0x16], &body)),
        ("seven items", cat(&[&[0x87], &pay(&one())[1..], NULL])),
        ("five items", cat(&[&[0x85], &pay(&one())[1..HEAD_BYTES]])),
        ("an array of unknown length", cat(&[&[0x9f], &pay(&one())[1..], &[0xff]])),
        ("an array with a longer length", cat(&[&[0x98, 0x06], &pay(&one())[1..]])),
        ("a map", cat(&[&[0xa3], &pay(&one())[1..]])),
        ("a byte after the end", cat(&[&pay(&one()), &[0]])),
        ("cut short", pay(&one())[..40].to_vec()),
        ("nothing", vec![]),
        ("more than 16 KiB", {
            let text = vec![0x61; PAYLOAD_BYTES_MAX];
            cat(&[&pay(&one()), &text])
        }),
        // INV-1.
        ("amount 0", amount(&[0])),
        ("an amount beyond 2^53 - 1", amount(&uint(1 << 53))),
        ("the largest integer of CBOR", amount(&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        ("an amount as a longer integer", amount(&[0x1a, 0, 0, 0x02, 0x26])),
        ("a negative amount", amount(&[0x39, 0x02, 0x25])),
        ("an amount as a decimal fraction", amount(&[0xc4, 0x82, 0x21, 0x19, 0x02, 0x26])),
        ("no payee", pay(&[])),
        ("payees in descending order", pay(&[pay_line(0x31, &[1]), pay_line(0x30, &[1])])),
        ("the same payee line twice", pay(&[pay_line(0x30, &[1]), pay_line(0x30, &[1])])),
        (
            "payees sorted by their number, not their encoding",
            pay(&[pay_line(0x30, &[0x19, 1, 0]), pay_line(0x30, &[2])]),
        ),
        ("late as a number", cat(&[&pay(&one())[..pay(&one()).len() - 1], &[0]])),
        ("a body of another kind", with_body(13, &pay(&one())[HEAD_BYTES..])),
        ("earn: one account twice", earn(&[(0x20, 1), (0x20, 2)])),
        ("earn: nobody", earn(&[])),
        ("earn: an unknown reason", replaced("earn: without a task", &[0x10, 3, 0xf6], &[0x10, 9, 0xf6])),
        ("open: one account twice", twice),
        (
            "open: an unknown kind of account",
            replaced(
                "open: a member",
                &cat(&[&bytes(&[0x20; 16]), &[2]]),
                &cat(&[&bytes(&[0x20; 16]), &[9]]),
            ),
        ),
        (
            "open: a right that does not exist",
            replaced("open: a member", &cat(&[&key, &[15]]), &cat(&[&key, &[16]])),
        ),
        (
            "open: a key without a right",
            replaced("open: a member", &cat(&[&key, &[15]]), &cat(&[&key, &[0]])),
        ),
        ("open: a key that is no point", replaced("open: a member", &key, &cat(&[&[2], &[0; 31]]))),
        ("open: a key of small order", replaced("open: a member", &key, &[0; 32])),
        (
            "open: a key in a second encoding",
            replaced("open: a member", &key, &cat(&[&[0xf0], &[0xff; 30], &[0x7f]])),
        ),
        ("change: an unknown status", {
            let mut payload = replaced("change: freeze", &key, &key);
            *payload.last_mut().expect("a status") = 3;
            payload
        }),
        (
            "charter: unknown rules",
            replaced(
                "found: the smallest charter",
                &cat(&[&[2, 0x8c, 1, 0x81], &bytes(public(1).as_bytes())]),
                &cat(&[&[2, 0x8c, 2, 0x81], &bytes(public(1).as_bytes())]),
            ),
        ),
        ("charter: council out of order", {
            let (small, large) = ordered(public(2).as_bytes(), public(7).as_bytes());
            let (a, b) = (bytes(&small), bytes(&large));
            let council = cat(&[&[0x82], &a, &b]);
            let full = replaced(
                "found: the smallest charter",
                &cat(&[&[0x81], &bytes(public(2).as_bytes())]),
                &council,
            );
            let place =
                full.windows(council.len()).position(|window| window == council).expect("the council");
            cat(&[&full[..place], &[0x82], &b, &a, &full[place + council.len()..]])
        }),
        (
            "charter: a recovery delay of a minute",
            replaced("found: the smallest charter", &uint(172_800), &[0x18, 60]),
        ),
        ("charter: a country in lower case", replaced("found: the smallest charter", b"BE", b"be")),
        ("found: five decimals", replaced("found: the smallest charter", &[2, 0x8c, 1], &[5, 0x8c, 1])),
        (
            "found: a name that runs backwards",
            replaced("found: the smallest charter", b"Klavers Zedelgem", "Klavers\u{202e}medel".as_bytes()),
        ),
        (
            "found: a name with a line break",
            replaced("found: the smallest charter", b"Klavers Zedelgem", b"Klavers\nZedelgem"),
        ),
        (
            "found: a name that is not UTF-8",
            replaced("found: the smallest charter", b"Klavers Zedelgem", b"Klavers\xc0\xafZedelge"),
        ),
        ("found: an empty unit word", replaced("found: the smallest charter", b"\x66klaver", b"\x60")),
        ("redeem: a rate with zero", replaced("redeem: paid out", &[0x82, 1, 2], &[0x82, 1, 0])),
        ("settle: one redeem twice", replaced("settle", &[0x17, 0x18, 0x18], &[0x17, 0x17])),
        (
            "correct: one line twice",
            replaced("correct", &[0x82, 0x18, 24, 0x18, 100], &[0x82, 1, 0x19, 1, 44]),
        ),
        (
            "attest: an unknown statement",
            with_body(20, &cat(&[&[0x84, 7, 0], &bytes(&[0; 32]), &bytes(&[0; 32])])),
        ),
    ]
    .into_iter()
    .chain([("open: a kind of account in two bytes", {
        let payload = state(&member());
        let item = cat(&[&bytes(&[0x40; 16]), &[2]]);
        let place = payload.windows(item.len()).position(|window| window == item).expect("the kind");
        cat(&[&payload[..place + 17], &[0x18, 2], &payload[place + 18..]])
    })])
    .collect()
}

fn ordered(a: &[u8; 32], b: &[u8; 32]) -> ([u8; 32], [u8; 32]) {
    if a < b { (*a, *b) } else { (*b, *a) }
}

fn envelopes() -> Vec<(&'static str, Vec<u8>)> {
    let good = envelope(&pay(&[pay_line(0x30, &[1])]));
    let payload = pay(&[pay_line(0x30, &[1])]);
    let raw = |signatures: &[(Vec<u8>, Vec<u8>)]| {
        let list: Vec<u8> = signatures
            .iter()
            .flat_map(|(key, signature)| cat(&[&[0x82], &bytes(key), &bytes(signature)]))
            .collect();
        cat(&[&[0x82], &bytes(&payload), &[0x80 + signatures.len() as u8], &list])
    };
    let pair = |n: u8| (vec![n; 32], vec![n; 64]);
    vec![
        ("nothing", vec![]),
        ("a text", vec![0x61, b'x']),
        ("no signature", raw(&[])),
        ("seventeen signatures", raw(&(1..=17).map(pair).collect::<Vec<_>>())),
        ("signatures in descending order", raw(&[pair(2), pair(1)])),
        ("two signatures by one key", raw(&[(vec![1; 32], vec![1; 64]), (vec![1; 32], vec![2; 64])])),
        ("a key of 31 bytes", raw(&[(vec![1; 31], vec![1; 64])])),
        ("a signature of 63 bytes", raw(&[(vec![1; 32], vec![1; 63])])),
        ("a byte after the end", cat(&[&good, &[0]])),
        ("cut short", good[..good.len() - 1].to_vec()),
        ("the payload as an array", cat(&[&[0x82], &payload, &good[1 + 2 + payload.len()..]])),
        ("the payload with a longer length", cat(&[&[0x82, 0x59, 0], &good[2..]])),
        ("a tag in front", cat(&[&[0xd2], &good])),
        ("three items", cat(&[&[0x83], &good[1..], NULL])),
        ("larger than any envelope", vec![0x82; 20_000]),
    ]
}

/// Well-formed envelopes whose signatures do not hold.
fn badly_signed() -> Vec<(&'static str, Vec<u8>)> {
    let entry = || samples::all().into_iter().find(|sample| sample.name == "refund").expect("a refund").entry;
    let unsigned = SignedEntry::unsigned(entry());
    let key20 = key(0x20);
    let good = sign(&key20, &unsigned.signing_input(&LEDGER));
    let by = |key: [u8; 32], signature: [u8; 64]| {
        SignedEntry::unsigned(entry()).with_signature(key, Signature(signature)).encode()
    };
    let mine = *public(0x20).as_bytes();
    let mut other_bit = good.0;
    other_bit[0] ^= 1;
    let small_r = {
        let mut signature = [0; 64];
        signature[0] = 1;
        signature
    };
    let elsewhere = SignedEntry::sign(entry(), &LedgerId([0x4c; 32]), &[&key20]).encode();
    vec![
        ("signed for another ledger", elsewhere),
        ("a signature of another entry", by(mine, sign(&key20, b"another message").0)),
        ("a signature of the payload alone", by(mine, sign(&key20, unsigned.payload()).0)),
        ("a signature by another key", by(mine, sign(&key(0x21), &unsigned.signing_input(&LEDGER)).0)),
        ("a changed bit", by(mine, other_bit)),
        ("S beyond the group order", by(mine, beyond_the_order(good.0))),
        ("a nonce point of small order", by(mine, small_r)),
        ("a key of small order, which verifies anything", by(small_key(), small_r)),
        ("a key in a second encoding", by(second_encoding(), good.0)),
    ]
}

fn small_key() -> [u8; 32] {
    let mut key = [0; 32];
    key[0] = 1;
    key
}

fn second_encoding() -> [u8; 32] {
    let mut key = [0xff; 32];
    (key[0], key[31]) = (0xf0, 0x7f);
    key
}

/// Adds the group order to S: the same equation, in a second encoding.
fn beyond_the_order(mut signature: [u8; 64]) -> [u8; 64] {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "twice the order is below 2^256");
    signature
}

fn refusal(name: &str, envelope: &[u8]) -> Value {
    let error = match SignedEntry::decode(envelope) {
        Err(error) => EnvelopeError::from(error),
        Ok(signed) => signed.verify_any_key(&LEDGER).expect_err(name),
    };
    let field = match &error {
        EnvelopeError::Malformed(error) => Some(error.field()),
        _ => None,
    };
    json!({"name": name, "ledger": LEDGER.to_hex(), "code": error.code(), "field": field, "envelope": hex(envelope)})
}

#[test]
fn malformed_envelopes_are_refused_as_the_vectors_say() {
    let vectors: Vec<Value> = payloads()
        .iter()
        .map(|(name, payload)| refusal(&format!("payload: {name}"), &envelope(payload)))
        .chain(envelopes().iter().map(|(name, bytes)| refusal(&format!("envelope: {name}"), bytes)))
        .chain(badly_signed().iter().map(|(name, bytes)| refusal(&format!("signature: {name}"), bytes)))
        .collect();
    for code in ["malformed_entry", "update_needed", "unknown_key", "bad_signature"] {
        assert!(vectors.iter().any(|vector| vector["code"] == code), "no vector for {code}");
    }
    check("malformed", &vectors.into());
}

#[test]
fn what_the_malformed_vectors_are_made_from_is_well_formed() {
    let good = envelope(&pay(&[pay_line(0x30, &[1]), pay_line(0x31, &[1])]));
    let signed = SignedEntry::decode(&good).expect("well formed");
    assert_eq!(signed.entry().body.kind(), Kind::Pay);
    assert!(signed.verify_any_key(&LEDGER).is_ok());
}
