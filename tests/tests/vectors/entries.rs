//! Every kind of entry: its fields, what is signed, its id, its envelope.

use klaver_ledger::entry::codec::decode_payload;
use klaver_ledger::entry::{Kind, SignedEntry};
use klaver_ledger::id::LedgerId;
use klaver_ledger::keys::sign;
use klaver_tests::json;
use klaver_tests::samples::{self, LEDGER, Sample, key, public};
use klaver_tests::vectors::{check, hex};
use serde_json::{Value, json};

/// Returns the sample with its signatures.
pub fn signed(sample: &Sample) -> SignedEntry {
    let keys: Vec<_> = sample.seeds.iter().map(|seed| key(*seed)).collect();
    SignedEntry::sign(sample.entry.clone(), &LEDGER, &keys.iter().collect::<Vec<_>>())
}

fn vector(sample: &Sample) -> Value {
    let signed = signed(sample);
    let input = signed.signing_input(&LEDGER);
    let signatures: Vec<Value> = sample
        .seeds
        .iter()
        .map(|seed| {
            json!({
                "seed": hex([*seed; 32]),
                "key": public(*seed).to_string(),
                "signature": hex(sign(&key(*seed), &input).0),
            })
        })
        .collect();
    let founds = sample.entry.body.kind() == Kind::Found;
    let ledger = if founds { LedgerId::of_founding_payload(signed.payload()) } else { LEDGER };
    json!({
        "name": sample.name,
        "ledger": ledger.to_hex(),
        "entry": json::entry(&sample.entry),
        "payload": hex(signed.payload()),
        "signing_input": hex(&input),
        "entry_id": signed.id(&LEDGER).to_hex(),
        "signatures": signatures,
        "envelope": hex(signed.encode()),
    })
}

#[test]
fn entries_of_every_kind_have_the_bytes_of_the_vectors() {
    let samples = samples::all();
    for kind in Kind::ALL {
        assert!(samples.iter().any(|sample| sample.entry.body.kind() == *kind), "no sample of {kind}");
    }
    for sample in &samples {
        let signed = signed(sample);
        assert_eq!(decode_payload(signed.payload()).as_ref(), Ok(&sample.entry), "{}", sample.name);
        let read = SignedEntry::decode(&signed.encode()).expect(sample.name);
        let verified = read.verify_any_key(&LEDGER).expect(sample.name);
        assert_eq!(verified.signers().len(), sample.seeds.len());
    }
    check("entries", &samples.iter().map(vector).collect());
}
