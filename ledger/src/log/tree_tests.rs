//! The tree against the definition in RFC 6962, against an independent implementation, and within its limits.

use std::cell::RefCell;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use data_encoding::HEXLOWER;
use proptest::prelude::*;
use sha2::Sha256;

use super::hash::{Hash, empty_root, tree_head};
use super::proof::{TreeHead, verify_consistency, verify_inclusion};
use super::small_tree::SmallTree;
use super::test_support::{naive_consistency, naive_path, naive_root, test_leaf, test_leaves};
use super::tile::{HashTile, hash_tiles};
use super::tree::{NoLeafTiles, Tree, TreeError, TreeState};

/// The eight leaves whose roots RFC 6962 implementations have long agreed on, and the roots at sizes 0 to 8.
const KNOWN_LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const KNOWN_ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn known_leaves_have_the_known_roots() {
    let leaves: Vec<Vec<u8>> =
        KNOWN_LEAVES.iter().map(|leaf| HEXLOWER.decode(leaf.as_bytes()).unwrap()).collect();
    let mut tree = Tree::new();
    for (size, root) in KNOWN_ROOTS.iter().enumerate() {
        assert_eq!(tree.root().to_string(), *root, "tree of {size}");
        assert_eq!(tree_head(&leaves[..size]).to_string(), *root, "tree head of {size}");
        assert_eq!(SmallTree::new(&leaves[..size]).root().to_string(), *root, "small tree of {size}");
        if let Some(leaf) = leaves.get(size) {
            assert_eq!(tree.append(leaf), size as u64);
        }
    }
}

fn tree_of(leaves: &[Hash], window_tiles: usize) -> Tree {
    let mut tree = Tree::with_window(window_tiles);
    for leaf in leaves {
        tree.append_hash(*leaf);
    }
    tree
}

/// Old tiles from a list of all leaves, counting how many were asked for.
fn stored(leaves: &[Hash]) -> impl Fn(u64) -> Option<Vec<Hash>> {
    move |number| leaves.get(number as usize * 256..(number as usize + 1) * 256).map(<[Hash]>::to_vec)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_windowed_tree_answers_as_the_rfc_defines(
        size in 1u64..1500, window in 1usize..4, at in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(),
    ) {
        let leaves = test_leaves(size);
        let tree = tree_of(&leaves, window);
        let tiles = stored(&leaves);
        let past = at.index(size as usize) + 1;
        let index = from.index(past);
        let (past_leaves, past_size) = (&leaves[..past], past as u64);

        prop_assert_eq!(tree.root(), naive_root(&leaves));
        prop_assert_eq!(tree.root_at(past_size, &tiles)?, naive_root(past_leaves));
        prop_assert_eq!(tree.inclusion_proof(index as u64, past_size, &tiles)?, naive_path(index, past_leaves));
        prop_assert_eq!(tree.inclusion_proof(index as u64, size, &tiles)?, naive_path(index, &leaves));
        for old in [0, index, past] {
            let proof = tree.consistency_proof(old as u64, size, &tiles)?;
            prop_assert_eq!(&proof, &naive_consistency(old, &leaves));
            let old = TreeHead { size: old as u64, root: naive_root(&leaves[..old]) };
            prop_assert_eq!(verify_consistency(&old, &tree.head(), &proof), Ok(()));
        }
        prop_assert_eq!(
            tree.consistency_proof(index as u64, past_size, &tiles)?,
            naive_consistency(index, past_leaves)
        );
    }

    #[test]
    fn an_independent_tree_agrees(size in 1u64..1500, picks in prop::collection::vec(any::<prop::sample::Index>(), 6)) {
        agrees_with_independent_tree(size, picks.iter().map(|pick| pick.index(size as usize) as u64));
    }

    #[test]
    fn leaves_taken_back_leave_no_trace(kept in 0u64..1200, lost in 0u64..600, added in 0u64..600) {
        let mut tree = tree_of(&test_leaves(kept), 4);
        for index in 0..lost {
            tree.append_hash(test_leaf(1_000_000 + index));
        }
        tree.truncate(kept)?;
        let expected = tree_of(&test_leaves(kept + added), 4);
        for index in kept..kept + added {
            prop_assert_eq!(tree.append_hash(test_leaf(index)), index);
        }
        prop_assert_eq!(tree.head(), expected.head());
        prop_assert_eq!(tree.state(), expected.state());
        if added > 0 {
            let range = kept..kept + added;
            prop_assert_eq!(
                tree.inclusion_proofs(range.clone(), range.end, &NoLeafTiles)?,
                expected.inclusion_proofs(range.clone(), range.end, &NoLeafTiles)?
            );
        }
    }

    #[test]
    fn a_saved_tree_opens_and_goes_on(size in 0u64..1500, added in 0u64..300) {
        let leaves = test_leaves(size + added);
        let mut tree = Tree::restore(tree_of(&leaves[..size as usize], 2).state())?;
        prop_assert_eq!(tree.root(), naive_root(&leaves[..size as usize]));
        for leaf in &leaves[size as usize..] {
            tree.append_hash(*leaf);
        }
        prop_assert_eq!(tree.root(), naive_root(&leaves));
        if size > 0 {
            prop_assert_eq!(tree.inclusion_proof(0, size, &stored(&leaves))?, naive_path(0, &leaves[..size as usize]));
        }
    }

    #[test]
    fn a_small_tree_has_the_paths_of_the_rfc(size in 0u64..200) {
        let leaves = test_leaves(size);
        let tree = SmallTree::from_hashes(leaves.clone());
        prop_assert_eq!(tree.root(), naive_root(&leaves));
        for index in 0..leaves.len() {
            prop_assert_eq!(tree.path(index), Some(naive_path(index, &leaves)));
        }
        prop_assert_eq!(tree.path(leaves.len()), None);
    }
}

/// Compares roots and proofs, and lets each side verify what the other made.
fn agrees_with_independent_tree(size: u64, picks: impl Iterator<Item = u64>) {
    let mut other: MemoryBackedTree<Sha256, [u8; 8]> = MemoryBackedTree::new();
    (0..size).for_each(|index| other.push(index.to_be_bytes()));
    let leaves = test_leaves(size);
    let (tree, tiles) = (tree_of(&leaves, 2), stored(&leaves));
    let their_root = other.root();
    assert_eq!(tree.root().0.as_slice(), their_root.as_bytes().as_slice());

    for pick in picks {
        let ours = tree.inclusion_proof(pick, size, &tiles).unwrap();
        assert_eq!(ours.concat_bytes(), other.prove_inclusion(pick as usize).as_bytes());
        verify_inclusion(&leaves[pick as usize], pick, &ours, &tree.head()).unwrap();
        let ours = InclusionProof::from_bytes(ours.concat_bytes());
        their_root.verify_inclusion(&pick.to_be_bytes(), pick, &ours).unwrap();

        let old = TreeHead { size: pick + 1, root: tree.root_at(pick + 1, &tiles).unwrap() };
        let ours = tree.consistency_proof(old.size, size, &tiles).unwrap();
        assert_eq!(ours.concat_bytes(), other.prove_consistency((size - old.size) as usize).as_bytes());
        verify_consistency(&old, &tree.head(), &ours).unwrap();
        let ours = ConsistencyProof::try_from_bytes(ours.concat_bytes()).unwrap();
        let their_old_root = RootHash::new(old.root.0.into(), old.size);
        their_root.verify_consistency(&their_old_root, &ours).unwrap();
    }
}

trait ConcatBytes {
    fn concat_bytes(&self) -> Vec<u8>;
}

impl ConcatBytes for Vec<Hash> {
    fn concat_bytes(&self) -> Vec<u8> {
        self.iter().flat_map(|hash| hash.0).collect()
    }
}

#[test]
fn an_independent_tree_agrees_at_large_sizes() {
    for size in [65_536u64, 70_000] {
        let picks =
            [0, 1, 255, 256, 4_095, 65_279, 65_280, 65_535, 65_536, 69_631, 69_632, 69_887, 69_888, 69_999];
        agrees_with_independent_tree(size, picks.into_iter().filter(|pick| *pick < size));
    }
}

#[test]
fn proofs_of_a_new_group_need_no_old_tile() {
    let leaves = test_leaves(5_000);
    let tree = tree_of(&leaves, 9);
    let proofs = tree.inclusion_proofs(2_952..5_000, 5_000, &NoLeafTiles).unwrap();
    assert_eq!(proofs.len(), 2_048);
    for (index, proof) in (2_952u64..).zip(&proofs) {
        verify_inclusion(&leaves[index as usize], index, proof, &tree.head()).unwrap();
        assert_eq!(*proof, tree.inclusion_proof(index, 5_000, &NoLeafTiles).unwrap());
    }
    assert_eq!(tree.inclusion_proofs(7..7, 5_000, &NoLeafTiles), Ok(vec![]));
}

#[test]
fn old_tiles_are_asked_for_once_and_checked() {
    let leaves = test_leaves(3_000);
    let tree = tree_of(&leaves, 2);
    let asked = RefCell::new(Vec::new());
    let counting = |number: u64| {
        asked.borrow_mut().push(number);
        stored(&leaves)(number)
    };
    tree.inclusion_proofs(0..600, 1_000, &counting).unwrap();
    assert_eq!(*asked.borrow(), [3, 0, 1, 2]);

    assert_eq!(tree.inclusion_proof(300, 3_000, &NoLeafTiles), Err(TreeError::TileMissing { number: 1 }));
    let damaged = |number: u64| {
        let mut tile = stored(&leaves)(number)?;
        tile[17].0[4] ^= 1;
        Some(tile)
    };
    assert_eq!(tree.inclusion_proof(300, 3_000, &damaged), Err(TreeError::TileDamaged { number: 1 }));
    let short = |number: u64| stored(&leaves)(number).map(|tile| tile[..255].to_vec());
    assert_eq!(tree.root_at(300, &short), Err(TreeError::TileDamaged { number: 1 }));
}

#[test]
fn questions_out_of_range_are_refused() {
    let tree = tree_of(&test_leaves(10), 1);
    let beyond = Err(TreeError::SizeOutOfRange { size: 11, limit: 10 });
    assert_eq!(tree.root_at(11, &NoLeafTiles), Err(TreeError::SizeOutOfRange { size: 11, limit: 10 }));
    assert_eq!(tree.inclusion_proof(0, 11, &NoLeafTiles), beyond);
    assert_eq!(tree.consistency_proof(3, 11, &NoLeafTiles), beyond);
    let outside = Err(TreeError::IndexOutOfRange { index: 5, size: 5 });
    assert_eq!(tree.inclusion_proof(5, 5, &NoLeafTiles), outside);
    let outside = Err(TreeError::IndexOutOfRange { index: 5, size: 5 });
    assert_eq!(tree.inclusion_proofs(2..6, 5, &NoLeafTiles), outside);
    let reversed = Err(TreeError::SizeOutOfRange { size: 6, limit: 5 });
    assert_eq!(tree.consistency_proof(6, 5, &NoLeafTiles), reversed);
    assert_eq!(tree.root_at(0, &NoLeafTiles), Ok(empty_root()));
}

#[test]
fn leaves_can_be_taken_back_only_within_the_window() {
    let mut tree = tree_of(&test_leaves(1_000), 2);
    assert_eq!(tree.truncate(1_001), Err(TreeError::SizeOutOfRange { size: 1_001, limit: 1_000 }));
    assert_eq!(tree.truncate(511), Err(TreeError::RollbackTooFar { size: 511, earliest: 512 }));
    assert_eq!(tree.root(), naive_root(&test_leaves(1_000)));
    tree.truncate(512).unwrap();
    assert_eq!(tree.root(), naive_root(&test_leaves(512)));
}

#[test]
fn a_saved_tree_with_the_wrong_number_of_hashes_is_refused() {
    let state = tree_of(&test_leaves(600), 4).state();
    assert_eq!((state.tile_roots.len(), state.last_tile.len()), (2, 88));
    for (size, what, expected, found) in [
        (599, "leaf hashes after the last full tile", 87, 88),
        (344, "roots of full tiles", 1, 2),
        (856, "roots of full tiles", 3, 2),
    ] {
        let error = Tree::restore(TreeState { size, ..state.clone() }).unwrap_err();
        assert_eq!(error, TreeError::StateMismatch { size, what, expected, found });
    }
}

#[test]
fn tiles_hold_the_hashes_that_their_place_defines() {
    let leaves = test_leaves(70_000);
    let (tree, tiles) = (tree_of(&leaves, 2), stored(&leaves));
    for tile in hash_tiles(70_000).into_iter().filter(|tile| tile.level() > 0 || tile.number() % 90 == 3) {
        let rows = tree.tile(&tile, 70_000, &tiles).unwrap();
        assert_eq!(rows.len(), usize::from(tile.width()));
        let span = 256usize.pow(tile.level().into());
        for (row, hash) in rows.iter().enumerate() {
            let first = (tile.number() as usize * 256 + row) * span;
            assert_eq!(*hash, naive_root(&leaves[first..first + span]), "{tile:?} row {row}");
        }
    }
}

#[test]
fn tiles_beyond_the_published_size_stay_hidden() {
    let leaves = test_leaves(600);
    let (tree, tiles) = (tree_of(&leaves, 1), stored(&leaves));
    let shown = |level, number, width, published| {
        let tile = HashTile::new(level, number, width).unwrap();
        tree.tile(&tile, published, &tiles).map(|rows| rows.len())
    };
    assert_eq!(shown(0, 2, 44, 556), Ok(44));
    assert_eq!(shown(0, 2, 12, 556), Ok(12));
    let hidden = HashTile::new(0, 2, 45).unwrap();
    assert_eq!(shown(0, 2, 45, 556), Err(TreeError::TileNotPublished { tile: hidden, size: 556 }));
    assert_eq!(shown(1, 0, 2, 512), Ok(2));
    let hidden = HashTile::new(1, 0, 2).unwrap();
    assert_eq!(shown(1, 0, 2, 511), Err(TreeError::TileNotPublished { tile: hidden, size: 511 }));
    assert_eq!(shown(0, 0, 1, 601), Err(TreeError::SizeOutOfRange { size: 601, limit: 600 }));
    assert!(matches!(shown(63, u64::MAX, 256, 600), Err(TreeError::TileNotPublished { .. })));
}
