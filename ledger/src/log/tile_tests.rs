//! Tile paths, geometry and contents.

use proptest::prelude::*;

use super::test_support::test_leaves;
use super::tile::{
    EntryBundle, HashTile, TileError, TilePath, decode_entries, decode_hashes, encode_entries, encode_hashes,
    entry_bundles, entry_bundles_since, hash_tiles, hash_tiles_since,
};

#[test]
fn paths_are_spelled_as_the_specification_says() {
    for (level, number, width, path) in [
        (0, 0, 256, "tile/0/000"),
        (0, 5, 256, "tile/0/005"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (0, 1_234_067, 112, "tile/0/x001/x234/067.p/112"),
        (1, 999, 1, "tile/1/999.p/1"),
        (1, 1_000, 255, "tile/1/x001/000.p/255"),
        (63, u64::MAX, 7, "tile/63/x018/x446/x744/x073/x709/x551/615.p/7"),
    ] {
        let tile = TilePath::Hashes(HashTile::new(level, number, width).unwrap());
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse(), Ok(tile));
    }
    let bundle = TilePath::Entries(EntryBundle::new(273, 112).unwrap());
    assert_eq!(bundle.to_string(), "tile/entries/273.p/112");
    assert_eq!("tile/entries/273.p/112".parse(), Ok(bundle));
}

#[test]
fn other_spellings_are_refused() {
    for path in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/5",
        "tile/0/0005",
        "tile/00/005",
        "tile/01/005",
        "tile/+1/005",
        "tile/64/005",
        "tile/256/005",
        "tile/-1/005",
        "/tile/0/005",
        "tile/0/005/",
        "tile/0/x005",
        "tile/0/x000/005",
        "tile/0/001/005",
        "tile/0/x001/x005",
        "tile/0/X001/005",
        "tile/0/x001/00a",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x001/x018/x446/x744/x073/x709/x551/615",
        "tile/0/005.p",
        "tile/0/005.p/",
        "tile/0/005.p/0",
        "tile/0/005.p/012",
        "tile/0/005.p/256",
        "tile/0/005.p/65537",
        "tile/0/005.p/1/2",
        "tile/0/x001.p/1/005",
        "tile/data/005",
        "tile/8/0/005",
        "tile/entries/5",
        "tile/0/00\u{0665}",
    ] {
        assert!(path.parse::<TilePath>().is_err(), "{path}");
    }
    assert_eq!(HashTile::new(64, 0, 1), Err(TileError::Level { level: 64 }));
    assert_eq!(HashTile::new(0, 0, 0), Err(TileError::Width { width: 0 }));
    assert_eq!(EntryBundle::new(0, 257), Err(TileError::Width { width: 257 }));
}

proptest! {
    #[test]
    fn a_path_reads_back(level in 0u8..=63, number: u64, width in 1u16..=256) {
        let tile = TilePath::Hashes(HashTile::new(level, number, width)?);
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
        let bundle = TilePath::Entries(EntryBundle::new(number, width)?);
        prop_assert_eq!(bundle.to_string().parse(), Ok(bundle));
    }

    #[test]
    fn whatever_reads_prints_the_same(path in "tile/(entries|[0-9]{1,2})/(x?[0-9]{2,4}/){0,3}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = path.parse::<TilePath>() {
            prop_assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn a_bundle_reads_back_and_no_other_bytes_do(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..=256)) {
        let bytes = encode_entries(&entries)?;
        let width = entries.len() as u16;
        prop_assert_eq!(decode_entries(&bytes, width)?, entries.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert!(decode_entries(&bytes[..bytes.len() - 1], width).is_err());
        prop_assert_eq!(decode_entries(&bytes, width + 1), Err(TileError::BundleTooShort { row: entries.len(), width: width + 1 }));
        let longer = [bytes.as_slice(), &[0]].concat();
        prop_assert_eq!(decode_entries(&longer, width), Err(TileError::BundleTooLong { extra: 1, width }));
    }

    #[test]
    fn what_grew_completes_what_was_known(known in 0u64..70_000, more in 0u64..70_000) {
        let size = known + more;
        let mut held: std::collections::BTreeMap<(u8, u64), u16> =
            hash_tiles(known).iter().map(|tile| ((tile.level(), tile.number()), tile.width())).collect();
        for tile in hash_tiles_since(known, size) {
            let width = held.insert((tile.level(), tile.number()), tile.width());
            prop_assert!(width.is_none_or(|width| width < tile.width()));
        }
        let all = hash_tiles(size).iter().map(|tile| ((tile.level(), tile.number()), tile.width())).collect();
        prop_assert_eq!(held, all);
    }
}

fn paths(size: u64) -> Vec<String> {
    hash_tiles(size).into_iter().map(|tile| TilePath::Hashes(tile).to_string()).collect()
}

#[test]
fn a_log_has_the_tiles_of_its_size() {
    assert_eq!(paths(0), [""; 0]);
    assert_eq!(paths(1), ["tile/0/000.p/1"]);
    assert_eq!(paths(255), ["tile/0/000.p/255"]);
    assert_eq!(paths(256), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(paths(257), ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
    assert_eq!(paths(600), ["tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"]);

    let large = paths(70_000);
    assert_eq!(large.len(), 274 + 2 + 1);
    assert_eq!(
        large[272..],
        ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    );
    for (number, path) in large[..273].iter().enumerate() {
        assert_eq!(*path, format!("tile/0/{number:03}"));
    }
}

#[test]
fn bundles_follow_the_lowest_tiles() {
    for size in [0, 1, 255, 256, 257, 600, 70_000] {
        let tiles: Vec<_> = hash_tiles(size).into_iter().filter(|tile| tile.level() == 0).collect();
        let bundles = entry_bundles(size);
        assert_eq!(tiles.len(), bundles.len());
        for (tile, bundle) in tiles.iter().zip(&bundles) {
            assert_eq!((tile.number(), tile.width()), (bundle.number(), bundle.width()));
            assert!(bundle.exists_at(size));
            assert!(!bundle.exists_at(bundle.number() * 256 + u64::from(bundle.width()) - 1));
        }
    }
    assert_eq!(entry_bundles_since(600, 600), []);
    assert_eq!(entry_bundles_since(600, 601), [EntryBundle::new(2, 89).unwrap()]);
    assert_eq!(entry_bundles_since(512, 513), [EntryBundle::new(2, 1).unwrap()]);
    assert_eq!(entry_bundles_since(601, 600), []);
}

#[test]
fn tiles_exist_only_within_the_log() {
    for size in [0, 1, 255, 256, 257, 600, 70_000] {
        for tile in hash_tiles(size) {
            assert!(tile.exists_at(size));
            if tile.width() < 256 {
                assert!(
                    !HashTile::new(tile.level(), tile.number(), tile.width() + 1).unwrap().exists_at(size)
                );
            }
            assert!(!HashTile::new(tile.level(), tile.number() + 274, 1).unwrap().exists_at(size));
        }
    }
    assert!(!HashTile::new(0, u64::MAX, 1).unwrap().exists_at(u64::MAX));
    assert!(!HashTile::new(8, 0, 1).unwrap().exists_at(u64::MAX));
}

#[test]
fn hash_tiles_have_exactly_their_length() {
    let hashes = test_leaves(3);
    let bytes = encode_hashes(&hashes);
    assert_eq!(bytes.len(), 96);
    assert_eq!(decode_hashes(&bytes, 3), Ok(hashes));
    assert_eq!(decode_hashes(&bytes, 2), Err(TileError::HashTileLength { width: 2, found: 96 }));
    assert_eq!(decode_hashes(&bytes[..95], 3), Err(TileError::HashTileLength { width: 3, found: 95 }));
}

#[test]
fn a_bundle_is_length_and_bytes_of_each_entry() {
    assert_eq!(encode_entries(&[b"ab".as_slice(), b""]), Ok(vec![0, 2, b'a', b'b', 0, 0]));
    let longest = vec![7; 65_535];
    assert_eq!(encode_entries(&[&longest]).map(|bytes| bytes.len()), Ok(65_537));
    let too_long = vec![7; 65_536];
    assert_eq!(encode_entries(&[&too_long]), Err(TileError::EntryTooLong { row: 0, found: 65_536 }));
    assert_eq!(encode_entries::<&[u8]>(&[]), Err(TileError::Width { width: 0 }));
    assert_eq!(encode_entries(&vec![[1]; 257]), Err(TileError::Width { width: 257 }));
}
