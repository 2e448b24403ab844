//! Properties of the canonical bytes: one form, read back as written, and nothing else read.

use klaver_ledger::entry::{Kind, SignedEntry, codec};
use klaver_ledger::id::LedgerId;
use klaver_ledger::limits::{ENVELOPE_BYTES_MAX, PAYLOAD_BYTES_MAX};
use klaver_tests::samples::key;
use klaver_tests::strategies::entry;
use proptest::prelude::*;

/// Checks that bytes are refused, or mean something whose one encoding they are.
fn has_one_form(payload: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(entry) = codec::decode_payload(payload) {
        prop_assert_eq!(codec::encode_payload(&entry), payload);
    }
    Ok(())
}

proptest! {
    #[test]
    fn an_entry_is_read_back_as_it_was_written(entry in entry()) {
        let payload = codec::encode_payload(&entry);
        prop_assert_eq!(codec::decode_payload(&payload), Ok(entry));
    }

    #[test]
    fn a_changed_byte_is_refused_or_is_another_entry_in_its_one_form(
        entry in entry(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut payload = codec::encode_payload(&entry);
        let at = at.index(payload.len());
        prop_assume!(payload[at] != byte);
        payload[at] = byte;
        has_one_form(&payload)?;
        prop_assert_ne!(codec::decode_payload(&payload), Ok(entry));
    }

    #[test]
    fn a_missing_or_added_byte_is_refused(
        entry in entry(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let payload = codec::encode_payload(&entry);
        let at = at.index(payload.len());
        prop_assert!(codec::decode_payload(&payload[..at]).is_err());
        let mut longer = payload.clone();
        longer.push(byte);
        prop_assert!(codec::decode_payload(&longer).is_err());
        let mut inserted = payload;
        inserted.insert(at, byte);
        has_one_form(&inserted)?;
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        has_one_form(&bytes)?;
        // With a head that leads into every kind of body.
        for kind in Kind::ALL {
            let mut payload = vec![0x86, 0x01, kind.number() as u8, 0x50];
            payload.extend([0; 16]);
            payload.extend([0x00, 0xf6]);
            payload.extend(&bytes);
            has_one_form(&payload)?;
        }
        if let Ok(signed) = SignedEntry::decode(&bytes) {
            prop_assert_eq!(signed.encode(), bytes);
        }
    }

    #[test]
    fn an_envelope_is_read_back_and_a_changed_byte_never_verifies(
        entry in entry(), seeds in prop::collection::btree_set(any::<u8>(), 1..4),
        at in any::<prop::sample::Index>(), bit in 0..8_u8,
    ) {
        let ledger = LedgerId([9; 32]);
        let keys: Vec<_> = seeds.into_iter().map(key).collect();
        let signed = SignedEntry::sign(entry, &ledger, &keys.iter().collect::<Vec<_>>());
        let mut envelope = signed.encode();
        prop_assert_eq!(SignedEntry::decode(&envelope), Ok(signed.clone()));
        let at = at.index(envelope.len());
        envelope[at] ^= 1 << bit;
        if let Ok(changed) = SignedEntry::decode(&envelope) {
            prop_assert_eq!(changed.encode(), envelope);
            prop_assert!(changed.verify_any_key(&ledger).is_err());
        }
        let verified = signed.verify_any_key(&ledger);
        prop_assert!(verified.is_ok());
    }
}

/// Counts the texts in one CBOR item of our profile; returns what follows it.
fn texts<'b>(bytes: &'b [u8], count: &mut usize) -> &'b [u8] {
    let (head, rest) = bytes.split_first().expect("an item");
    let width = match head & 0x1f {
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => 0,
    };
    let (argument, rest) = rest.split_at(width);
    let short = u64::from(head & 0x1f);
    let argument =
        if width == 0 { short } else { argument.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)) };
    match head >> 5 {
        0 | 7 => rest,
        2 => &rest[argument as usize..],
        3 => {
            *count += 1;
            &rest[argument as usize..]
        }
        4 => (0..argument).fold(rest, |rest, _| texts(rest, count)),
        major => panic!("major type {major} is not in our profile"),
    }
}

proptest! {
    // INV-12: name and two unit words when founding; origin and country in each charter; nothing else.
    #[test]
    fn entries_hold_no_text_but_the_communitys_own(entry in entry()) {
        let payload = codec::encode_payload(&entry);
        let mut count = 0;
        prop_assert!(texts(&payload, &mut count).is_empty());
        let expected = match entry.body.kind() {
            Kind::Found => 5,
            Kind::Govern => 2,
            _ => 0,
        };
        prop_assert_eq!(count, expected);
    }
}

#[test]
fn a_length_that_promises_too_much_reserves_nothing() {
    // Heads of arrays and strings that announce up to 2^64 - 1 items, at every place of a payload.
    let entry = &klaver_tests::samples::all()[8].entry;
    let payload = codec::encode_payload(entry);
    for at in 0..payload.len() {
        for head in [0x5b_u8, 0x7b, 0x9b] {
            for length in [u64::MAX, 1 << 40, 1 << 20] {
                let mut bytes = payload[..at].to_vec();
                bytes.push(head);
                bytes.extend(length.to_be_bytes());
                bytes.extend(&payload[at..]);
                assert!(codec::decode_payload(&bytes).is_err());
            }
        }
    }
}

#[test]
fn bytes_beyond_the_limits_are_refused_before_they_are_read() {
    let error = codec::decode_payload(&vec![0; PAYLOAD_BYTES_MAX + 1]).unwrap_err();
    assert_eq!(error.field(), "payload");
    let error = SignedEntry::decode(&vec![0; ENVELOPE_BYTES_MAX + 1]).unwrap_err();
    assert_eq!(error.field(), "envelope");
}
