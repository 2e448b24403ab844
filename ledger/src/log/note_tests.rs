//! Keys, notes, checkpoints and cosignatures: known answers, round trips, and what is refused.

use data_encoding::BASE64;
use ed25519_dalek::VerifyingKey;
use proptest::prelude::*;

use super::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use super::cosignature::cosign;
use super::hash::Hash;
use super::key::{KeyError, KeyKind, KeyName, Statement, VerifierKey};
use super::note::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, Note, NoteError, NoteSignature};
use super::test_support::{TestKey, test_leaf};

const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE_NOTE: &str = "This is an example message.\n\n\
    \u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

const LOG_KEY: &str = "ledger.example/casa-del-barrio+f51dbaeb+Afcl9dqza3Q5DWQbF/+LgPcqQyzk6Xaq46cximtH1f1D";
const LOG_CHECKPOINT: &str = "ledger.example/casa-del-barrio\n600\nt0UhhxrkVLhsxnPbeaOb9Hts/NSVtT7J/+lMTIYscnI=\n\n\
    \u{2014} ledger.example/casa-del-barrio 9R266+gnPB2PTPKCTPVNdhzlYCBoMLWFVZZvfpN8piREt0SX1obHSripwAyCO3+CXSbuchZg0QbEiIm14f+Y8BoRzwI=\n";

fn key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

#[test]
fn the_example_note_verifies() {
    let note = Note::parse(EXAMPLE_NOTE.as_bytes()).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.to_string(), EXAMPLE_NOTE);
    let keys = [key(EXAMPLE_KEY)];
    assert_eq!(note.verify(&keys), Ok(vec![(&keys[0], Statement::Signed)]));
    assert_eq!(keys[0].to_string(), EXAMPLE_KEY);
    assert_eq!(keys[0].id().to_string(), "530d903a");
    assert_eq!(note.verify(&[key(LOG_KEY)]), Err(NoteError::NoKnownKey));
}

#[test]
fn the_example_checkpoint_opens() {
    let log = key(LOG_KEY);
    assert_eq!(log.to_string(), LOG_KEY);
    let signed = SignedCheckpoint::open(LOG_CHECKPOINT.as_bytes(), &log).unwrap();
    let checkpoint = signed.checkpoint();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("ledger.example/casa-del-barrio", 600));
    assert_eq!(Some(checkpoint.root), Hash::from_base64("t0UhhxrkVLhsxnPbeaOb9Hts/NSVtT7J/+lMTIYscnI="));
    assert_eq!(signed.to_string(), LOG_CHECKPOINT);

    let signature: [u8; 64] = signed.note().signatures()[0].signature().try_into().unwrap();
    assert_eq!(checkpoint.clone().with_signature(&log, &signature), Ok(signed.clone()));
    let larger = Checkpoint { size: 601, ..checkpoint.clone() };
    assert!(matches!(
        larger.with_signature(&log, &signature),
        Err(CheckpointError::Note(NoteError::BadSignature { .. }))
    ));
}

#[test]
fn every_changed_bit_of_a_note_is_noticed() {
    let keys = [key(LOG_KEY)];
    for at in 0..LOG_CHECKPOINT.len() {
        for bit in 0..8 {
            let mut bytes = LOG_CHECKPOINT.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let opened = Note::parse(&bytes).and_then(|note| note.verify(&keys).map(drop));
            assert!(opened.is_err(), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn a_line_of_a_known_key_must_verify_and_others_are_ignored() {
    let ana = TestKey::new("ana.example", KeyKind::Note, 1);
    let bea = TestKey::new("bea.example", KeyKind::Note, 2);
    let mut note = Note::sign("hello\n".into(), &ana.public, |message| ana.sign(message)).unwrap();
    let forged = NoteSignature::new(&bea.public, &ana.sign(b"hello\n"));
    note.add_signature(forged).unwrap();

    let (ana_key, bea_key) = (ana.public.clone(), bea.public.clone());
    assert_eq!(note.verify(std::slice::from_ref(&ana_key)).unwrap().len(), 1);
    let refused = Err(NoteError::BadSignature { name: bea_key.name().clone(), id: bea_key.id() });
    assert_eq!(note.verify(&[ana_key.clone(), bea_key.clone()]), refused);

    note.add_signature(NoteSignature::new(&bea.public, &bea.sign(b"hello\n"))).unwrap();
    let keys = [bea_key, ana_key];
    let verified: Vec<_> =
        note.verify(&keys).unwrap().into_iter().map(|(key, _)| key.name().as_str()).collect();
    assert_eq!(verified, ["ana.example", "bea.example"], "in the order of the lines, replaced ones once");

    // The same name with another key has another id; the same key with another name too.
    let stranger = TestKey::new("ana.example", KeyKind::Note, 3).public;
    let renamed = TestKey::new("anna.example", KeyKind::Note, 1).public;
    assert_eq!(note.verify(&[stranger, renamed]), Err(NoteError::NoKnownKey));
}

#[test]
fn a_repeated_line_of_a_known_key_must_verify_too() {
    let ana = TestKey::new("ana.example", KeyKind::Note, 1);
    let note = Note::sign("hello\n".into(), &ana.public, |message| ana.sign(message)).unwrap().to_string();
    let twice = format!("{note}{}\n", NoteSignature::new(&ana.public, &ana.sign(b"hello\n")));
    let keys = [ana.public.clone()];
    assert_eq!(Note::parse(twice.as_bytes()).unwrap().verify(&keys).unwrap().len(), 1);
    let forged = format!("{note}{}\n", NoteSignature::new(&ana.public, &ana.sign(b"other\n")));
    assert!(matches!(
        Note::parse(forged.as_bytes()).unwrap().verify(&keys),
        Err(NoteError::BadSignature { .. })
    ));
}

#[test]
fn malformed_notes_are_refused() {
    let line = EXAMPLE_NOTE.lines().last().unwrap();
    for (note, why) in [
        (String::new(), "empty"),
        (format!("text\n{line}\n"), "no empty line"),
        (format!("text\n\n{line}"), "no newline at the end"),
        (format!("\n{line}\n"), "no text"),
        ("text\n\n".to_owned(), "no signature"),
        (format!("text\n\n{line}\n\n"), "empty line at the end"),
        (format!("te\txt\n\n{line}\n"), "tab"),
        (format!("text\r\n\r\n{line}\r\n"), "carriage returns"),
        (format!("text\n\n- {}\n", &line[4..]), "hyphen"),
        (format!("text\n\n\u{2013}{}\n", &line[3..]), "en dash"),
        (format!("text\n\n{line} \n"), "space at the end"),
        (format!("text\n\n{line}=\n"), "too much padding"),
        (format!("text\n\n{}\n", &line[..line.len() - 1]), "no padding"),
        (format!("text\n\n{}\n", line.replace("aQM=", "aQN=")), "trailing bits"),
        ("text\n\n\u{2014} name -_8AAAA=\n".to_owned(), "URL-safe base64"),
        ("text\n\n\u{2014} name AAAAAA==\n".to_owned(), "key id alone"),
        ("text\n\n\u{2014} name AAAA\n".to_owned(), "less than a key id"),
        ("text\n\n\u{2014} na+me AAAAAAA=\n".to_owned(), "plus in the name"),
        ("text\n\n\u{2014} na\u{a0}me AAAAAAA=\n".to_owned(), "no-break space in the name"),
        ("text\n\n\u{2014}  AAAAAAA=\n".to_owned(), "no name"),
        ("text\n\n\u{2014} name\n".to_owned(), "no signature in the line"),
    ] {
        assert!(Note::parse(note.as_bytes()).is_err(), "{why}");
    }
    assert_eq!(Note::parse(b"a\xffb\n\n"), Err(NoteError::NotUtf8 { at: 1 }));
    let accepted = "text\n\n\u{2014} name +/8AAAA=\n";
    assert_eq!(Note::parse(accepted.as_bytes()).unwrap().to_string(), accepted);
}

#[test]
fn the_last_empty_line_ends_the_text() {
    let ana = TestKey::new("ana.example", KeyKind::Note, 1);
    for text in ["\n", "a\n\nb\n", "a\n\n\n", "\n\n\n", "x\n\n\u{2014} bea.example AAAAAAA=\n"] {
        let note = Note::sign(text.into(), &ana.public, |message| ana.sign(message)).unwrap();
        let read = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(read.text(), text);
        assert_eq!(read.verify(std::slice::from_ref(&ana.public)).unwrap().len(), 1);
    }
    let sign = |text: &str| Note::sign(text.into(), &ana.public, |message| ana.sign(message));
    assert_eq!(sign("no newline"), Err(NoteError::UnfinishedText));
    assert_eq!(sign(""), Err(NoteError::UnfinishedText));
    assert_eq!(sign("bell\u{7}\n"), Err(NoteError::ControlCharacter { character: '\u{7}' }));
}

#[test]
fn notes_have_room_for_many_signatures_and_an_end() {
    let signer = |number: usize| TestKey::new(&format!("w{number}.example"), KeyKind::Note, number as u8);
    let first = signer(0);
    let mut note = Note::sign("hello\n".into(), &first.public, |message| first.sign(message)).unwrap();
    for number in 1..NOTE_SIGNATURES_MAX {
        let witness = signer(number);
        note.add_signature(NoteSignature::new(&witness.public, &witness.sign(b"hello\n"))).unwrap();
    }
    let full = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(full.signatures().len(), NOTE_SIGNATURES_MAX);
    let last = signer(NOTE_SIGNATURES_MAX);
    let line = NoteSignature::new(&last.public, &last.sign(b"hello\n"));
    assert_eq!(note.clone().add_signature(line.clone()), Err(NoteError::TooManySignatures));
    assert_eq!(Note::parse(format!("{note}{line}\n").as_bytes()), Err(NoteError::TooManySignatures));

    let room = NOTE_BYTES_MAX - line.to_string().len() - "\n\n\n".len();
    let text = |length: usize| format!("{}\n", "x".repeat(length));
    assert_eq!(Note::new(text(room), line.clone()).unwrap().to_string().len(), NOTE_BYTES_MAX);
    let too_large = Err(NoteError::TooLarge { found: NOTE_BYTES_MAX + 1 });
    assert_eq!(Note::new(text(room + 1), line), too_large);
    assert_eq!(Note::parse(&vec![b'\n'; NOTE_BYTES_MAX + 1]), too_large);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes);
        }
    }

    #[test]
    fn whatever_reads_prints_the_same(note in "([a-z \n+/=A]|\n\n|\u{2014} |\u{2014} n AAAAAAA=\n){0,40}") {
        if let Ok(read) = Note::parse(note.as_bytes()) {
            prop_assert_eq!(read.to_string(), note);
        }
    }

    #[test]
    fn edited_checkpoints_are_read_or_refused(at in 0..LOG_CHECKPOINT.len(), bytes in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut edited = LOG_CHECKPOINT.as_bytes().to_vec();
        edited.splice(at..(at + 2).min(LOG_CHECKPOINT.len()), bytes);
        if let Ok(note) = Note::parse(&edited) {
            prop_assert_eq!(note.to_string().into_bytes(), edited);
            if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
                prop_assert!(note.text().starts_with(&checkpoint.text()));
            }
        }
    }

    #[test]
    fn a_checkpoint_reads_back(size: u64, root: [u8; 32]) {
        let log = TestKey::new("town.example/log", KeyKind::Note, 9);
        let checkpoint = Checkpoint { origin: log.public.name().clone(), size, root: Hash(root) };
        prop_assert_eq!(Checkpoint::parse(&checkpoint.text()), Ok(checkpoint.clone()));
        let signed = checkpoint.clone().sign(&log.public, |message| log.sign(message))?;
        let opened = SignedCheckpoint::open(signed.to_string().as_bytes(), &log.public)?;
        prop_assert_eq!(opened.checkpoint(), &checkpoint);
    }

    #[test]
    fn a_key_reads_back(seed: u8, cosignature: bool) {
        let kind = if cosignature { KeyKind::Cosignature } else { KeyKind::Note };
        let made = TestKey::new("ana.example/x", kind, seed).public;
        prop_assert_eq!(made.to_string().parse(), Ok(made));
    }
}

#[test]
fn mistyped_keys_are_refused() {
    assert_eq!(EXAMPLE_KEY.parse::<VerifierKey>().unwrap().name().as_str(), "example.com/foo");
    let with = |from: &str, to: &str| EXAMPLE_KEY.replace(from, to).parse::<VerifierKey>().unwrap_err();
    assert!(matches!(with("530d903a", "530d903b"), KeyError::Id { .. }));
    assert!(matches!(with("example.com", "example.org"), KeyError::Id { .. }));
    assert!(matches!(with("530d903a", "530D903A"), KeyError::Form { .. }));
    assert!(matches!(with("530d903a", "530d903"), KeyError::Form { .. }));
    assert!(matches!(with("530d903a+", ""), KeyError::Form { .. }));
    assert!(matches!(with("3U2k", "3U2"), KeyError::Form { .. }));
    assert!(matches!(with("3U2k", "3U2kAAAA"), KeyError::Form { .. }));
    assert!(matches!(with("+Aeky", "+Auky"), KeyError::Kind { kind: 2, .. }));
    assert!(matches!(with("example.com/foo", ""), KeyError::Name { .. }));
    assert!(matches!(with("example.com/foo", "example com"), KeyError::Name { .. }));
    for name in ["", " ", "a b", "a+b", "a\nb", "a\u{1}", "a\u{2003}b", "a\u{3000}"] {
        assert!(matches!(KeyName::new(name), Err(KeyError::Name { .. })), "{name:?}");
    }
}

#[test]
fn only_canonical_keys_of_large_order_are_accepted() {
    let name = || KeyName::new("ana.example").unwrap();
    let refused = |bytes: [u8; 32]| {
        let answer = VerifierKey::new(name(), KeyKind::Note, &bytes);
        assert_eq!(answer, Err(KeyError::PublicKey { bytes }));
    };
    // The neutral point, the point of order two, and a y that is on no point of the curve.
    let mut bytes = [0; 32];
    bytes[0] = 1;
    refused(bytes);
    let mut bytes = [0xff; 32];
    (bytes[0], bytes[31]) = (0xec, 0x7f);
    refused(bytes);
    bytes = [0; 32];
    bytes[0] = 2;
    assert!(VerifyingKey::from_bytes(&bytes).is_err());
    refused(bytes);
    // Second spellings of points: y written as y + p. Some are of large order, so only their spelling is wrong.
    let mut of_large_order = 0;
    for low in 0xed..=0xffu8 {
        for high in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (low, high);
            if let Ok(point) = VerifyingKey::from_bytes(&bytes) {
                of_large_order += u32::from(!point.is_weak());
                refused(bytes);
            }
        }
    }
    assert!(of_large_order > 0);
}

#[test]
fn malformed_checkpoints_are_refused() {
    let root = "t0UhhxrkVLhsxnPbeaOb9Hts/NSVtT7J/+lMTIYscnI=";
    let read = |text: String| Checkpoint::parse(&text);
    assert!(read(format!("o\n600\n{root}\n")).is_ok());
    assert!(read(format!("o\n0\n{root}\n")).is_ok());
    assert_eq!(read(format!("o\n600\n{root}\nmore\n")), read(format!("o\n600\n{root}\n")));
    for text in
        [format!("o\n600\n{root}"), format!("o\n600\n{root}\n\n"), "o\n600\n".into(), "\n".into(), "".into()]
    {
        assert_eq!(read(text), Err(CheckpointError::Lines));
    }
    assert!(matches!(read(format!("\n600\n{root}\n")), Err(CheckpointError::Lines)));
    assert!(matches!(read(format!("o o\n600\n{root}\n")), Err(CheckpointError::Origin(_))));
    for size in ["0600", "+600", "-1", "6e2", " 600", "00", "18446744073709551616", "\u{0666}"] {
        let refused = Err(CheckpointError::Size { text: size.to_owned() });
        assert_eq!(read(format!("o\n{size}\n{root}\n")), refused);
    }
    for wrong in [&root[..43], &root[..40], &root.replace("nI=", "nJ="), &root.replace("/", "_")] {
        assert!(matches!(read(format!("o\n600\n{wrong}\n")), Err(CheckpointError::Root { .. })), "{wrong}");
    }
}

#[test]
fn a_checkpoint_is_signed_only_by_its_own_log() {
    let log = TestKey::new("town.example/log", KeyKind::Note, 9);
    let other = TestKey::new("city.example/log", KeyKind::Note, 9);
    let witness = TestKey::new("town.example/log", KeyKind::Cosignature, 9);
    let checkpoint = Checkpoint { origin: log.public.name().clone(), size: 3, root: test_leaf(3) };
    let by = |key: &TestKey| checkpoint.clone().sign(&key.public, |message| key.sign(message));
    assert!(matches!(by(&other), Err(CheckpointError::OtherLog { .. })));
    assert!(matches!(by(&witness), Err(CheckpointError::Note(NoteError::WrongKind { .. }))));
    let signed = by(&log).unwrap().to_string();
    assert!(matches!(
        SignedCheckpoint::open(signed.as_bytes(), &other.public),
        Err(CheckpointError::OtherLog { .. })
    ));
    let imposter = TestKey::new("town.example/log", KeyKind::Note, 10);
    assert_eq!(
        SignedCheckpoint::open(signed.as_bytes(), &imposter.public),
        Err(CheckpointError::Note(NoteError::NoKnownKey))
    );
}

#[test]
fn a_witness_signs_time_and_checkpoint() {
    let log = TestKey::new("town.example/log", KeyKind::Note, 9);
    let witness = TestKey::new("asoc.example/w", KeyKind::Cosignature, 4);
    let checkpoint = Checkpoint { origin: log.public.name().clone(), size: 3, root: test_leaf(3) };
    let mut signed = checkpoint.clone().sign(&log.public, |message| log.sign(message)).unwrap();

    // The line put together by hand, from the bytes that the specification names.
    let time: u64 = 1_790_000_000;
    let message = format!("cosignature/v1\ntime 1790000000\n{}", checkpoint.text());
    let bytes = [&witness.public.id().0[..], &time.to_be_bytes(), &witness.sign(message.as_bytes())].concat();
    assert_eq!(bytes.len(), 76);
    let by_hand = format!("\u{2014} asoc.example/w {}", BASE64.encode(&bytes));

    let line = cosign(signed.note().text(), time, &witness.public, |message| witness.sign(message)).unwrap();
    assert_eq!(line.to_string(), by_hand);
    assert_eq!(NoteSignature::parse(&by_hand), Ok(line.clone()));
    assert_eq!(signed.add_cosignature(line.clone(), &witness.public), Ok(true));
    let keys = [log.public.clone(), witness.public.clone()];
    let verified = signed.note().verify(&keys).unwrap();
    assert_eq!(verified, [(&keys[0], Statement::Signed), (&keys[1], Statement::Seen { at: time })]);
    let opened = SignedCheckpoint::open(signed.to_string().as_bytes(), &log.public).unwrap();
    assert_eq!(opened, signed);

    // A later statement of the same witness takes the place of the earlier one.
    let later =
        cosign(signed.note().text(), time + 60, &witness.public, |message| witness.sign(message)).unwrap();
    assert_eq!(signed.add_cosignature(later.clone(), &witness.public), Ok(true));
    assert_eq!(signed.note().signatures().len(), 2);
    // An earlier one, brought again by whoever kept it, takes nothing away.
    assert_eq!(signed.add_cosignature(line, &witness.public), Ok(false));
    assert_eq!(signed.add_cosignature(later.clone(), &witness.public), Ok(false));
    assert_eq!(signed.note().signatures()[1], later);
}

#[test]
fn a_cosignature_of_another_time_checkpoint_or_key_is_refused() {
    let log = TestKey::new("town.example/log", KeyKind::Note, 9);
    let witness = TestKey::new("asoc.example/w", KeyKind::Cosignature, 4);
    let at_size = |size| {
        let checkpoint = Checkpoint { origin: log.public.name().clone(), size, root: test_leaf(3) };
        checkpoint.sign(&log.public, |message| log.sign(message)).unwrap()
    };
    let (mut three, four) = (at_size(3), at_size(4));
    let line = cosign(four.note().text(), 50, &witness.public, |message| witness.sign(message)).unwrap();
    let refused =
        Err(NoteError::BadSignature { name: witness.public.name().clone(), id: witness.public.id() });
    assert_eq!(three.add_cosignature(line.clone(), &witness.public), refused);
    let other = TestKey::new("asoc.example/w", KeyKind::Cosignature, 5);
    assert_eq!(three.add_cosignature(line.clone(), &other.public), Err(NoteError::NoKnownKey));

    let mut other_time = line.signature().to_vec();
    other_time[7] ^= 1;
    assert_eq!(witness.public.verify(four.note().text(), line.signature()), Some(Statement::Seen { at: 50 }));
    assert_eq!(witness.public.verify(four.note().text(), &other_time), None);
    assert_eq!(witness.public.verify(four.note().text(), &line.signature()[..71]), None);

    // A log's key does not make cosignatures, nor a witness's key plain signatures.
    let sign = |message: &[u8]| witness.sign(message);
    assert!(cosign(four.note().text(), 50, &log.public, |message| log.sign(message)).is_err());
    assert!(matches!(Note::sign("x\n".into(), &witness.public, sign), Err(NoteError::WrongKind { .. })));
    assert_eq!(cosign("not a checkpoint\n", 50, &witness.public, sign), Err(CheckpointError::Lines));
    let beyond = 1 << 63;
    let refused = Err(CheckpointError::Time { seconds: beyond });
    assert_eq!(cosign(four.note().text(), beyond, &witness.public, sign), refused);
    let message = format!("cosignature/v1\ntime {beyond}\n{}", four.note().text());
    let bytes = [&beyond.to_be_bytes()[..], &witness.sign(message.as_bytes())].concat();
    assert_eq!(witness.public.verify(four.note().text(), &bytes), None);
}
