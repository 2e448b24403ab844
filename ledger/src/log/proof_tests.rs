//! Proofs that were changed in any way are refused.

use super::hash::{Hash, empty_root};
use super::proof::{ProofError, TreeHead, verify_consistency, verify_inclusion};
use super::test_support::{naive_consistency, naive_path, naive_root, test_leaf, test_leaves};

const SIZES: std::ops::RangeInclusive<u64> = 1..=34;

fn head(size: u64) -> TreeHead {
    TreeHead { size, root: naive_root(&test_leaves(size)) }
}

/// Every proof that differs from `proof` by one hash less, one more, two swapped, or one bit.
fn spoiled(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..proof.len() {
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        all.push(shorter);
        for byte in [0, 13, 31] {
            let mut flipped = proof.to_vec();
            flipped[at].0[byte] ^= 0x40;
            all.push(flipped);
        }
        for other in 0..at {
            let mut swapped = proof.to_vec();
            swapped.swap(at, other);
            all.push(swapped);
        }
    }
    for at in 0..=proof.len() {
        let mut longer = proof.to_vec();
        longer.insert(at, test_leaf(99));
        all.push(longer);
    }
    all
}

#[test]
fn inclusion_holds_at_one_place_with_one_proof() {
    for size in SIZES {
        let (leaves, head) = (test_leaves(size), head(size));
        for index in 0..size {
            let leaf = &leaves[index as usize];
            let proof = naive_path(index as usize, &leaves);
            assert_eq!(verify_inclusion(leaf, index, &proof, &head), Ok(()));
            for wrong in spoiled(&proof) {
                assert!(verify_inclusion(leaf, index, &wrong, &head).is_err(), "leaf {index} of {size}");
            }
            for other in (0..size + 3).filter(|other| *other != index) {
                assert!(
                    verify_inclusion(leaf, other, &proof, &head).is_err(),
                    "{index} as {other} of {size}"
                );
                assert!(verify_inclusion(&test_leaf(other), index, &proof, &head).is_err());
            }
            let other_root = TreeHead { size, root: test_leaf(77) };
            assert!(matches!(
                verify_inclusion(leaf, index, &proof, &other_root),
                Err(ProofError::RootMismatch { .. })
            ));
        }
    }
}

#[test]
fn consistency_holds_between_two_trees_with_one_proof() {
    for new_size in SIZES {
        let (leaves, new) = (test_leaves(new_size), head(new_size));
        for old_size in 0..=new_size {
            let old = head(old_size);
            let proof = naive_consistency(old_size as usize, &leaves);
            assert_eq!(verify_consistency(&old, &new, &proof), Ok(()), "{old_size} to {new_size}");
            for wrong in spoiled(&proof) {
                assert!(verify_consistency(&old, &new, &wrong).is_err(), "{old_size} to {new_size}");
            }
            let other = test_leaf(77);
            assert!(verify_consistency(&TreeHead { root: other, ..old }, &new, &proof).is_err());
            if old_size > 0 {
                assert!(verify_consistency(&old, &TreeHead { root: other, ..new }, &proof).is_err());
            }
            for other_size in (0..=new_size).filter(|other| *other != old_size) {
                let other = TreeHead { size: other_size, ..old };
                assert!(verify_consistency(&other, &new, &proof).is_err(), "{old_size} as {other_size}");
            }
        }
    }
}

#[test]
fn each_fault_has_its_name() {
    let (leaves, five) = (test_leaves(5), head(5));
    let proof = naive_path(4, &leaves);
    assert_eq!(
        verify_inclusion(&leaves[4], 5, &proof, &five),
        Err(ProofError::IndexOutOfRange { index: 5, size: 5 })
    );
    let empty = TreeHead { size: 0, root: empty_root() };
    assert_eq!(
        verify_inclusion(&leaves[0], 0, &[], &empty),
        Err(ProofError::IndexOutOfRange { index: 0, size: 0 })
    );
    assert_eq!(verify_inclusion(&leaves[4], 4, &[], &five), Err(ProofError::TooShort { hashes: 0 }));
    let longer = [proof, vec![leaves[0]]].concat();
    assert_eq!(verify_inclusion(&leaves[4], 4, &longer, &five), Err(ProofError::TooLong { hashes: 2 }));
    assert_eq!(verify_consistency(&five, &head(4), &[]), Err(ProofError::SizesReversed { old: 5, new: 4 }));
    assert_eq!(verify_consistency(&head(3), &five, &[]), Err(ProofError::TooShort { hashes: 0 }));
    assert_eq!(verify_consistency(&head(4), &five, &[]), Err(ProofError::TooShort { hashes: 0 }));
    assert_eq!(verify_consistency(&five, &five, &[leaves[0]]), Err(ProofError::TooLong { hashes: 1 }));
    assert_eq!(verify_consistency(&empty, &five, &[leaves[0]]), Err(ProofError::TooLong { hashes: 1 }));
}

#[test]
fn an_empty_tree_has_only_one_root() {
    let (empty, wrong) = (head(0), TreeHead { size: 0, root: test_leaf(1) });
    assert_eq!(verify_consistency(&empty, &empty, &[]), Ok(()));
    assert!(matches!(verify_consistency(&wrong, &wrong, &[]), Err(ProofError::RootMismatch { size: 0, .. })));
    assert!(matches!(
        verify_consistency(&wrong, &head(3), &[]),
        Err(ProofError::RootMismatch { size: 0, .. })
    ));
}

#[test]
fn the_largest_sizes_are_refused_without_overflow() {
    let head = TreeHead { size: u64::MAX, root: test_leaf(0) };
    let proof = test_leaves(64);
    for index in [0, 1, u64::MAX / 2, u64::MAX - 2, u64::MAX - 1] {
        for length in [0, 1, 63, 64] {
            assert!(verify_inclusion(&test_leaf(1), index, &proof[..length], &head).is_err());
            let old = TreeHead { size: index.max(1), root: test_leaf(2) };
            assert!(verify_consistency(&old, &head, &proof[..length]).is_err());
        }
    }
}
