//! Proof files: the whole way from a leaf to a checkpoint, and files that are refused.

use proptest::prelude::*;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::key::KeyKind;
use super::proof_file::{PROOF_FILE_BYTES_MAX, ProofFile, ProofFileError};
use super::test_support::{TestKey, test_leaf, test_leaves};
use super::tree::{NoLeafTiles, Tree};

fn log() -> TestKey {
    TestKey::new("town.example/log", KeyKind::Note, 9)
}

fn file(index: u64, size: u64, extra: Option<&[u8]>) -> ProofFile {
    let (log, mut tree) = (log(), Tree::new());
    for leaf in test_leaves(size) {
        tree.append_hash(leaf);
    }
    let checkpoint = Checkpoint { origin: log.public.name().clone(), size, root: tree.root() };
    let signed = checkpoint.sign(&log.public, |message| log.sign(message)).unwrap();
    ProofFile {
        extra: extra.map(<[u8]>::to_vec),
        index,
        proof: tree.inclusion_proof(index, size, &NoLeafTiles).unwrap(),
        checkpoint: signed.note().clone(),
    }
}

#[test]
fn a_proof_file_proves_its_leaf_and_no_other() {
    let file = file(5, 7, Some(b"opening"));
    let text = file.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra b3BlbmluZw==\nindex 5\n"), "{text}");
    assert_eq!(text.lines().skip(3).position(str::is_empty), Some(3), "three hashes, then an empty line");
    let read = ProofFile::parse(text.as_bytes()).unwrap();
    assert_eq!(read, file);

    let key = log().public;
    assert_eq!(read.verify(&test_leaf(5), &key).unwrap().checkpoint().size, 7);
    assert!(matches!(read.verify(&test_leaf(4), &key), Err(ProofFileError::Proof(_))));
    let moved = ProofFile { index: 4, ..read.clone() };
    assert!(matches!(moved.verify(&test_leaf(5), &key), Err(ProofFileError::Proof(_))));
    let other = TestKey::new("town.example/log", KeyKind::Note, 10).public;
    assert!(matches!(
        read.verify(&test_leaf(5), &other),
        Err(ProofFileError::Checkpoint(CheckpointError::Note(_)))
    ));
}

#[test]
fn malformed_files_are_refused_by_line() {
    let good = file(5, 7, Some(b"opening")).to_string();
    let refusal = |from: &str, to: &str| {
        assert!(good.contains(from));
        ProofFile::parse(good.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    let line = |error: ProofFileError| match error {
        ProofFileError::Line { line, .. } => line,
        other => panic!("{other}"),
    };
    assert!(matches!(refusal("proof@v1", "proof@v2"), ProofFileError::Header { .. }));
    assert_eq!(line(refusal("extra b3BlbmluZw==", "extra b3BlbmluZw")), 2);
    assert_eq!(line(refusal("extra b3BlbmluZw==", "Extra b3BlbmluZw==")), 2);
    assert_eq!(line(refusal("index 5", "index 05")), 3);
    assert_eq!(line(refusal("index 5", "index 18446744073709551616")), 3);
    assert_eq!(line(refusal("index 5\n", "")), 3);
    let hash = good.lines().nth(4).unwrap().to_owned();
    assert_eq!(line(refusal(&hash, &hash[..43])), 5);
    assert_eq!(line(refusal(&hash, &format!("{hash} "))), 5);
    assert_eq!(line(refusal("\n\n", "\n")), 7, "the origin, where a hash or an empty line should be");
    let many = format!("{}{hash}", format!("{hash}\n").repeat(64));
    assert_eq!(refusal(&hash, &many), ProofFileError::TooManyHashes);
    let (_, checkpoint) = good.split_once("\n\n").unwrap();
    assert!(matches!(refusal(checkpoint, "text\n"), ProofFileError::Note(_)));

    assert_eq!(ProofFile::parse(b""), Err(ProofFileError::CutOff));
    assert_eq!(ProofFile::parse(b"c2sp.org/tlog-proof@v1\n\n"), Err(ProofFileError::CutOff));
    let large = vec![b'x'; PROOF_FILE_BYTES_MAX + 1];
    assert_eq!(ProofFile::parse(&large), Err(ProofFileError::TooLarge { found: large.len() }));
}

proptest! {
    #[test]
    fn a_file_reads_back(size in 1u64..300, at in any::<prop::sample::Index>(), extra: Option<Vec<u8>>) {
        let file = file(at.index(size as usize) as u64, size, extra.as_deref());
        let read = ProofFile::parse(file.to_string().as_bytes())?;
        prop_assert_eq!(&read, &file);
        prop_assert!(read.verify(&test_leaf(read.index), &log().public).is_ok());
    }

    #[test]
    fn edited_files_are_read_or_refused(at in 0usize..400, bytes in prop::collection::vec(any::<u8>(), 0..3)) {
        let mut edited = file(5, 7, Some(b"opening")).to_string().into_bytes();
        let at = at.min(edited.len());
        edited.splice(at..(at + 1).min(edited.len()), bytes);
        if let Ok(read) = ProofFile::parse(&edited) {
            prop_assert_eq!(read.to_string().into_bytes(), edited);
        }
    }
}
