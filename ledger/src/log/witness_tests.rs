use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::hash::{Hash, empty_root};
use super::key::{KeyKind, VerifierKey};
use super::note::{NOTE_BYTES_MAX, Note};
use super::proof::{TreeHead, verify_consistency};
use super::test_support::{TestKey, naive_consistency, naive_root, test_leaf, test_leaves};
use super::tile::{HashTile, TileError};
use super::tiled;
use super::tree::Tree;
use super::witness::*;

const ORIGIN: &str = "klaver.example/log";

fn log_key() -> TestKey {
    TestKey::new(ORIGIN, KeyKind::Note, 1)
}

fn trusted() -> Vec<VerifierKey> {
    vec![log_key().public]
}

fn signed(size: u64, root: Hash) -> SignedCheckpoint {
    let key = log_key();
    let checkpoint = Checkpoint { origin: key.public.name().clone(), size, root };
    checkpoint.sign(&key.public, |text| key.sign(text)).unwrap()
}

fn head(size: u64) -> TreeHead {
    TreeHead { size, root: naive_root(&test_leaves(size)) }
}

fn request(old: u64, new: u64) -> AddCheckpoint {
    let leaves = test_leaves(new);
    let proof = if old <= new { naive_consistency(old as usize, &leaves) } else { Vec::new() };
    AddCheckpoint { old, proof, note: signed(new, naive_root(&leaves)).note().clone() }
}

fn status(request: &AddCheckpoint, latest: Option<TreeHead>) -> u16 {
    judge(request, &trusted(), latest.as_ref()).map_or_else(|refusal| refusal.status(), |_| 200)
}

#[test]
fn what_continues_is_signed_and_what_is_read_prints_the_same_again() {
    for (latest, old, new) in [(None, 0, 0), (None, 0, 7), (Some(3), 3, 7), (Some(7), 7, 7), (Some(4), 4, 9)]
    {
        let request = request(old, new);
        let text = request.to_string();
        assert_eq!(AddCheckpoint::parse(text.as_bytes()).as_ref(), Ok(&request));
        let checkpoint = judge(&request, &trusted(), latest.map(head).as_ref()).unwrap();
        assert_eq!(checkpoint.head(), head(new));
    }
}

#[test]
fn each_row_of_the_table_has_its_status() {
    let seen = Some(head(3));
    // 400: the old size is above the checkpoint's.
    assert_eq!(status(&request(8, 7), seen), 400);
    // 404: another log.
    let other = TestKey::new("other.example/log", KeyKind::Note, 2);
    let checkpoint = Checkpoint { origin: other.public.name().clone(), size: 1, root: test_leaf(0) };
    let note = checkpoint.sign(&other.public, |text| other.sign(text)).unwrap().note().clone();
    assert_eq!(status(&AddCheckpoint { old: 0, proof: vec![], note }, None), 404);
    // Nor one with a name that no key can have: `tlog-checkpoint` allows it. With anything else wrong it is malformed.
    let signed_as = |origin: &str, rest: &str| {
        let whole = signed(1, test_leaf(0)).to_string();
        let lines = whole.split("\n\n").nth(1).unwrap();
        let note = format!("{origin}\n{rest}\n\n{lines}");
        AddCheckpoint { old: 0, proof: vec![], note: Note::parse(note.as_bytes()).unwrap() }
    };
    let root = test_leaf(0).to_base64();
    for origin in ["two words", "a+b", "klaver.example/log ", "\u{a0}", "caf\u{e9}.example/log"] {
        let asked = signed_as(origin, &format!("1\n{root}"));
        assert_eq!(status(&asked, None), 404, "{origin:?}");
        assert!(judge(&asked, &trusted(), None).unwrap_err().to_string().contains("does not watch"));
        assert_eq!(status(&signed_as(origin, &format!("01\n{root}")), None), 400, "{origin:?}");
        assert_eq!(status(&signed_as(origin, "1\nno root"), None), 400, "{origin:?}");
    }
    // 403: signed by a key that is not trusted, or by nobody that holds.
    let same_name = TestKey::new(ORIGIN, KeyKind::Note, 9);
    let checkpoint = Checkpoint {
        origin: same_name.public.name().clone(),
        ..signed(7, head(7).root).checkpoint().clone()
    };
    let note = checkpoint.sign(&same_name.public, |text| same_name.sign(text)).unwrap().note().clone();
    assert_eq!(status(&AddCheckpoint { note, ..request(3, 7) }, seen), 403);
    let forged = request(3, 7).to_string().replace("\n7\n", "\n6\n");
    assert_eq!(status(&AddCheckpoint::parse(forged.as_bytes()).unwrap(), seen), 403);
    // 409: another size than the one cosigned last, which the refusal names.
    for old in [0, 2, 4, 7] {
        let refusal = judge(&request(old, 7), &trusted(), seen.as_ref()).unwrap_err();
        assert_eq!((refusal.status(), refusal), (409, WitnessRefusal::OtherSize { latest: 3 }));
    }
    assert_eq!(status(&request(3, 7), None), 409);
    // 422: the proof does not verify; a proof from nothing; the same size with another root; nothing with a root.
    let mut wrong = request(3, 7);
    wrong.proof[0].0[0] ^= 1;
    assert_eq!(status(&wrong, seen), 422);
    assert_eq!(status(&AddCheckpoint { proof: vec![test_leaf(1)], ..request(0, 7) }, None), 422);
    assert_eq!(status(&AddCheckpoint { proof: vec![test_leaf(1)], ..request(3, 3) }, seen), 422);
    let note = |size, root| signed(size, root).note().clone();
    assert_eq!(status(&AddCheckpoint { note: note(3, test_leaf(3)), ..request(3, 3) }, seen), 422);
    assert_eq!(status(&AddCheckpoint { note: note(0, test_leaf(3)), ..request(0, 0) }, None), 422);
    assert_eq!(status(&AddCheckpoint { note: note(0, empty_root()), ..request(0, 0) }, None), 200);
}

#[test]
fn a_malformed_request_is_named_and_never_a_panic() {
    let good = request(3, 7).to_string();
    let hash = test_leaf(0).to_base64();
    let long = format!("{hash}\n").repeat(WITNESS_PROOF_HASHES_MAX + 1);
    let note = signed(7, head(7).root).to_string();
    for malformed in [
        String::new(),
        "old 3".to_owned(),
        "old 3\n\n".to_owned(),
        good.replace("old 3", "old 03"),
        good.replace("old 3", "old -3"),
        good.replace("old 3", "old 18446744073709551616"),
        good.replace("old 3", "size 3"),
        good.replacen('\n', "\r\n", 1),
        format!("old 3\nAAAA\n\n{note}"),
        format!("old 3\n{}\n\n{note}", hash.replace('=', "")),
        format!("old 3\n{long}\n{note}"),
        format!("old 3\n\n{}", note.trim_end()),
        format!("old 3\n\n{}", "x".repeat(NOTE_BYTES_MAX + 1)),
        format!("old 3\n\nno checkpoint\n\n{}", note.split("\n\n").nth(1).unwrap()),
    ] {
        let refusal =
            AddCheckpoint::parse(malformed.as_bytes()).and_then(|read| judge(&read, &trusted(), None));
        assert_eq!(refusal.unwrap_err().status(), 400, "{malformed}");
    }
    assert_eq!(AddCheckpoint::parse(&[0xff, b'\n', b'\n']).unwrap_err().status(), 400);
    let whole = format!("{}{note}", format!("{hash}\n").repeat(WITNESS_PROOF_HASHES_MAX));
    assert!(whole.len() < ADD_CHECKPOINT_BYTES_MAX);
    // Larger than any: what is wrong with the form is said, if anything is.
    for (beginning, why) in [
        (format!("old 3\n{}", format!("{hash}\n").repeat(1_500)), WitnessRefusal::TooManyHashes),
        (format!("old 3\n{}", format!("{hash}\n").repeat(64)), WitnessRefusal::TooManyHashes),
        (format!("old 3\n{}{}", format!("{hash}\n").repeat(63), &hash[..7]), WitnessRefusal::TooLarge),
        (format!("old 3\n\n{note}"), WitnessRefusal::TooLarge),
        ("old 3".to_owned(), WitnessRefusal::TooLarge),
        ("xxxx".to_owned(), WitnessRefusal::Old { line: "xxxx".to_owned() }),
        ("old 3\nAAAA\n".to_owned(), WitnessRefusal::ProofLine { line: "AAAA".to_owned() }),
    ] {
        assert_eq!(
            AddCheckpoint::refuse_large(beginning.as_bytes()),
            why,
            "{}",
            &beginning[..20.min(beginning.len())]
        );
    }
    // Cut anywhere, one byte changed anywhere: an answer.
    for at in 0..good.len() {
        let _ = AddCheckpoint::parse(&good.as_bytes()[..at]);
        let mut changed = good.clone().into_bytes();
        changed[at] ^= 0x20;
        if let Ok(read) = AddCheckpoint::parse(&changed) {
            let verdict = judge(&read, &trusted(), Some(&head(3)));
            assert!(verdict.is_err() || changed.eq_ignore_ascii_case(good.as_bytes()), "byte {at}");
        }
    }
}

#[test]
fn answers_are_read_to_the_letter() {
    let witness = TestKey::new("vecinos.example/w", KeyKind::Cosignature, 3);
    let checkpoint = signed(7, head(7).root);
    let line = super::cosignature::cosign(checkpoint.note().text(), 1, &witness.public, |m| witness.sign(m))
        .unwrap();
    assert_eq!(
        parse_cosignatures(format!("{line}\n{line}\n").as_bytes()).unwrap(),
        [line.clone(), line.clone()]
    );
    for wrong in [String::new(), "\n".to_owned(), line.to_string(), format!("{line}\n\n"), "ok\n".to_owned()]
    {
        assert!(parse_cosignatures(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    assert!(Note::parse(checkpoint.to_string().as_bytes()).is_ok());
    assert_eq!(parse_tree_size(b"12\n"), Some(12));
    for wrong in [&b""[..], b"\n", b"012\n", b"twelve", b"12 \n", b"1\n2\n", &[0xff]] {
        assert_eq!(parse_tree_size(wrong), None);
    }
    assert_eq!(
        monitoring_path("example.com/foo"),
        format!(
            "{}/checkpoint",
            data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest("example.com/foo"))
        )
    );
}

#[test]
fn a_proof_from_tiles_is_the_proof_of_the_tree() {
    let mut tree = Tree::new();
    let size = 70_000;
    for index in 0..size {
        tree.append_hash(test_leaf(index));
    }
    let leaf_tiles =
        |number: u64| Some((number * 256..(number + 1) * 256).map(test_leaf).collect::<Vec<_>>());
    let fetch_at = |new: u64| {
        let tree = &tree;
        move |tile: &HashTile| -> Result<Vec<Hash>, TileError> {
            assert!(tile.exists_at(new), "{tile:?} is not published at {new}");
            Ok(tree.tile(tile, new, &leaf_tiles).unwrap())
        }
    };
    for (old, new) in [
        (1, 2),
        (1, 256),
        (255, 256),
        (256, 257),
        (255, 600),
        (256, 65_536),
        (300, 65_537),
        (65_536, 70_000),
        (65_537, 70_000),
        (69_999, 70_000),
        (1, 70_000),
        (12_345, 70_000),
        (70_000, 70_000),
        (0, 70_000),
    ] {
        let proof = tiled::consistency_proof(old, new, fetch_at(new)).unwrap();
        assert_eq!(proof, tree.consistency_proof(old, new, &leaf_tiles).unwrap(), "{old} to {new}");
        let head = |size| TreeHead { size, root: tree.root_at(size, &leaf_tiles).unwrap() };
        verify_consistency(&head(old), &head(new), &proof).unwrap();
    }
    assert_eq!(tiled::consistency_proof(9, 7, fetch_at(9)).unwrap(), []);
    let cut = |tile: &HashTile| -> Result<Vec<Hash>, TileError> {
        Ok(tree.tile(tile, 600, &leaf_tiles).unwrap().split_off(1))
    };
    assert!(matches!(tiled::consistency_proof(3, 600, cut), Err(TileError::HashTileLength { .. })));
}
