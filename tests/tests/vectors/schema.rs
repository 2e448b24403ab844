//! The schema `docs/spec/klaver.cddl` against the bytes of the vectors, by a CDDL tool we did not write.

use super::entries::signed;
use cddl_cat::cbor::validate_cbor_bytes;
use klaver_ledger::entry::codec::encode_payload;
use klaver_tests::samples::{self, LEDGER};
use klaver_tests::strategies;
use klaver_tests::vectors::{read, unhex};
use proptest::prelude::*;

fn schema() -> String {
    klaver_tests::workspace::read("docs/spec/klaver.cddl")
}

#[test]
fn every_entry_of_the_vectors_is_as_the_schema_says() {
    let schema = schema();
    let vectors = read("entries");
    let vectors = vectors.as_array().expect("a list");
    assert!(vectors.len() >= 14, "one of each kind at least");
    for vector in vectors {
        let name = &vector["name"];
        let kind = vector["entry"]["kind"].as_str().expect("a kind");
        let payload = unhex(&vector["payload"]);
        for rule in ["entry", &format!("{kind}-entry")] {
            validate_cbor_bytes(rule, &schema, &payload)
                .unwrap_or_else(|error| panic!("{name}, {rule}: {error}"));
        }
        let other = if kind == "veto" { "close-entry" } else { "veto-entry" };
        assert!(validate_cbor_bytes(other, &schema, &payload).is_err(), "{name} is no {other}");
        validate_cbor_bytes("envelope", &schema, &unhex(&vector["envelope"])).expect("an envelope");
        validate_cbor_bytes("signing-input", &schema, &unhex(&vector["signing_input"]))
            .expect("a signing input");
    }
}

#[test]
fn records_lines_openings_and_the_snapshot_are_as_the_schema_says() {
    let schema = schema();
    let valid = |rule: &str, bytes: &[u8]| {
        validate_cbor_bytes(rule, &schema, bytes).unwrap_or_else(|error| panic!("{rule}: {error}"));
    };
    let vectors = read("records");
    let list = |name: &str| vectors[name].as_array().expect("a list").clone();
    let mut lines = 0;
    for vector in list("records") {
        valid("record", &unhex(&vector["record"]));
        for line in vector["lines"].as_array().expect("a list") {
            valid("line", &unhex(&line["line"]));
            lines += 1;
        }
    }
    assert!(lines > 20, "only {lines} lines");
    let mut openings = list("receipts");
    openings.retain(|receipt| {
        valid("opening", &unhex(&receipt["opening"]));
        validate_cbor_bytes("line-opening", &schema, &unhex(&receipt["opening"])).is_ok()
    });
    assert!(!openings.is_empty() && openings.len() < list("receipts").len(), "some of each form");
    let mut snapshot = unhex(&read("snapshot")["snapshot"]);
    valid("snapshot", &snapshot);
    snapshot[1] = 2;
    assert!(validate_cbor_bytes("snapshot", &schema, &snapshot).is_err(), "version 2");
}

#[test]
fn the_schema_refuses_what_a_schema_can_refuse() {
    // Order, repetition, the shortest form and the curve are beyond CDDL; types, lengths and ranges are not.
    let schema = schema();
    let mut refused = 0;
    for vector in read("malformed").as_array().expect("a list") {
        if validate_cbor_bytes("envelope", &schema, &unhex(&vector["envelope"])).is_err() {
            refused += 1;
        }
    }
    assert!(refused > 40, "only {refused} of the malformed vectors are refused by the schema");
}

#[test]
fn the_schema_would_notice_a_changed_entry() {
    let schema = schema();
    let sample = &samples::all()[10];
    let signed = signed(sample);
    let mut payload = signed.payload().to_vec();
    validate_cbor_bytes("entry", &schema, &payload).expect("a payment");
    payload[1] = 2;
    assert!(validate_cbor_bytes("entry", &schema, &payload).is_err(), "version 2");
    let mut input = signed.signing_input(&LEDGER);
    input[3] ^= 1;
    assert!(validate_cbor_bytes("signing-input", &schema, &input).is_err(), "another context");
}

proptest! {
    #[test]
    fn every_entry_that_is_written_is_as_the_schema_says(entry in strategies::entry()) {
        static SCHEMA: std::sync::LazyLock<String> = std::sync::LazyLock::new(schema);
        let checked = validate_cbor_bytes("entry", &SCHEMA, &encode_payload(&entry));
        prop_assert!(checked.is_ok(), "{checked:?}");
    }
}
