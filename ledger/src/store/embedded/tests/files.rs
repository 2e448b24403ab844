//! Files that were cut, deleted, swapped or put back: each is told apart, nothing is changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::store::embedded::anchor::ANCHOR_NAME;
use crate::store::embedded::disk::Disk;
use crate::store::embedded::fault::{Damaged, OpenError};
use crate::store::embedded::frame::{Commit, CommitHash, FramePosition};
use crate::store::embedded::journal::Settings;
use crate::store::embedded::recovery::{Directory, OpenReport, scan_all};
use crate::store::embedded::segment::{seal_block, segment_name, segment_number};
use crate::store::embedded::sim::SimDisk;
use crate::store::embedded::sim::workload::{Workload, grown};

type Contents = BTreeMap<String, Vec<u8>>;

/// Opens a grown journal after `meddle` changed its files; a refusal must leave every file as it was.
fn opened_after(anchored: bool, meddle: impl FnOnce(&mut Contents)) -> Result<OpenReport, OpenError> {
    let (disk, workload) = grown(11, 60, anchored, None);
    let mut contents = disk.contents();
    meddle(&mut contents);
    open(&disk, &contents, workload.settings(), None)
}

fn open(
    disk: &SimDisk,
    contents: &Contents,
    settings: &Settings,
    from: Option<Commit>,
) -> Result<OpenReport, OpenError> {
    disk.replace(contents);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let scanned = scan_all(shared.clone(), settings).map(|scan| scan.report.last);
    let report = Directory::lock(shared, settings.clone())
        .and_then(|directory| directory.open(from))
        .map(|opened| opened.report);
    if from.is_none() {
        assert_eq!(scanned.as_ref().ok(), report.as_ref().ok().map(|report| &report.last));
    }
    if report.is_err() {
        assert_eq!(&disk.contents(), contents, "a refusal changes nothing");
    }
    report
}

fn segments(contents: &Contents) -> Vec<String> {
    contents.keys().filter(|name| segment_number(name).is_some()).cloned().collect()
}

fn damaged(report: Result<OpenReport, OpenError>) -> Damaged {
    match report {
        Err(OpenError::Damaged(damaged)) => {
            println!("{damaged} (safe through {:?})", damaged.safe_through());
            damaged
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn every_missing_segment_is_noticed() {
    let (disk, _) = grown(11, 60, true, None);
    let all = segments(&disk.contents());
    assert!(all.len() > 4, "{all:?}");
    for missing in all {
        let answer = damaged(opened_after(true, |contents| {
            contents.remove(&missing);
        }));
        use Damaged::{SegmentMissing, ShorterThanAnchor, Unreadable};
        assert!(
            matches!(answer, SegmentMissing { .. } | ShorterThanAnchor { .. } | Unreadable { .. }),
            "{missing}: {answer:?}"
        );
        assert!(answer.safe_through().is_some());
    }
    let answer =
        damaged(opened_after(true, |contents| contents.retain(|name, _| segment_number(name).is_none())));
    assert!(matches!(answer, Damaged::SegmentMissing { first_group: 1 }));
}

#[test]
fn every_truncation_is_noticed() {
    let (disk, _) = grown(11, 60, true, None);
    let contents = disk.contents();
    for name in segments(&contents) {
        // The last byte of the last commit's body; behind it are only zeros, which say nothing.
        let last = contents[&name].iter().rposition(|byte| *byte != 0).unwrap();
        for cut in [0, 1, 4095, 4096, 4097, last - 100, last] {
            let answer = opened_after(true, |contents| {
                contents.get_mut(&name).unwrap().truncate(cut);
            });
            assert!(matches!(answer, Err(OpenError::Damaged(_))), "{name} cut to {cut}: {answer:?}");
        }
    }
    // Whole groups cut off beyond the anchor would be silent, were it not for the length the file was made with.
    let answer = damaged(opened_after(false, |contents| {
        let last = segments(contents).pop().unwrap();
        let bytes = contents.get_mut(&last).unwrap();
        bytes.truncate(bytes.len() - 1);
    }));
    assert!(matches!(answer, Damaged::SegmentShort { .. }), "{answer:?}");
}

#[test]
fn swapped_renamed_and_foreign_files_are_noticed() {
    let swapped = damaged(opened_after(true, |contents| {
        let names = segments(contents);
        let (first, second) = (contents[&names[1]].clone(), contents[&names[2]].clone());
        contents.insert(names[1].clone(), second);
        contents.insert(names[2].clone(), first);
    }));
    assert!(matches!(swapped, Damaged::Header { .. }), "{swapped:?}");
    let renamed = damaged(opened_after(true, |contents| {
        let last = segments(contents).pop().unwrap();
        let bytes = contents.remove(&last).unwrap();
        contents.insert(segment_name(900), bytes);
    }));
    assert!(matches!(renamed, Damaged::Header { segment: 900, .. }), "{renamed:?}");

    let (disk, workload) = grown(11, 60, true, None);
    let settings = Settings { domain: [1; 32], ..workload.settings().clone() };
    let foreign = damaged(Err(open_lock(&disk, &settings)));
    assert!(matches!(foreign, Damaged::Foreign { .. }), "{foreign:?}");
}

fn open_lock(disk: &SimDisk, settings: &Settings) -> OpenError {
    disk.process_restart();
    let answer = Directory::lock(Arc::new(disk.clone()), settings.clone()).and_then(|it| it.open(None));
    answer.err().expect("refused")
}

#[test]
fn a_segment_of_another_history_is_noticed() {
    let (other, _) = grown(12, 60, true, None);
    let foreign = other.contents();
    let (disk, _) = grown(11, 60, true, None);
    for name in segments(&disk.contents()).into_iter().filter(|name| foreign.contains_key(name)) {
        damaged(opened_after(true, |contents| {
            contents.insert(name.clone(), foreign[&name].clone());
        }));
    }
    let answer = damaged(opened_after(true, |contents| {
        contents.insert(ANCHOR_NAME.to_owned(), foreign[ANCHOR_NAME].clone());
    }));
    assert!(
        matches!(answer, Damaged::AnchorMismatch { .. } | Damaged::ShorterThanAnchor { .. }),
        "{answer:?}"
    );
}

#[test]
fn a_newer_format_asks_for_an_update() {
    let names = [ANCHOR_NAME.to_owned(), segment_name(0)];
    for name in names {
        let answer = damaged(opened_after(true, |contents| {
            let Some((_, bytes)) = contents
                .iter_mut()
                .find(|(file, _)| **file == name || (name != ANCHOR_NAME && segment_number(file).is_some()))
            else {
                panic!("no {name}");
            };
            for block in bytes.chunks_mut(4096).take(if name == ANCHOR_NAME { 2 } else { 1 }) {
                block[8] = 2;
                seal_block(block);
            }
        }));
        assert!(matches!(answer, Damaged::NewerFormat { found: 2, known: 1, .. }), "{answer:?}");
    }
}

#[test]
fn an_anchor_may_be_old_but_not_missing() {
    let missing = damaged(opened_after(true, |contents| {
        contents.remove(ANCHOR_NAME);
    }));
    assert_eq!(missing, Damaged::AnchorMissing);
    let spoiled = damaged(opened_after(true, |contents| {
        let bytes = contents.get_mut(ANCHOR_NAME).unwrap();
        bytes[100] ^= 1;
        bytes[5000] ^= 1;
    }));
    assert!(matches!(spoiled, Damaged::AnchorUnreadable { .. }));
    let one_slot = opened_after(true, |contents| contents.get_mut(ANCHOR_NAME).unwrap()[100] ^= 1).unwrap();
    assert!(one_slot.anchor_slot_damaged);

    // An anchor put back from an older backup: the journal is longer, which is no damage.
    let disk = SimDisk::new(5);
    let mut workload = Workload::new(Arc::new(disk.clone()), 5, None);
    workload.open().unwrap();
    workload.append().unwrap();
    workload.anchor().unwrap();
    let old = disk.contents()[ANCHOR_NAME].clone();
    workload.append().unwrap();
    workload.append().unwrap();
    workload.anchor().unwrap();
    let mut contents = disk.contents();
    let whole = contents.clone();
    contents.insert(ANCHOR_NAME.to_owned(), old);
    let report = open(&disk, &contents, workload.settings(), None).unwrap();
    assert_eq!((report.last.0, report.anchored), (3, 1));
    // A journal put back beside a newer anchor is a rollback.
    let mut rolled_back = whole.clone();
    let last = segments(&whole).pop().unwrap();
    let bytes = rolled_back.get_mut(&last).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[used - 60..].fill(0);
    let answer = damaged(open(&disk, &rolled_back, workload.settings(), None));
    assert!(matches!(answer, Damaged::ShorterThanAnchor { anchor_group: 3, .. }), "{answer:?}");
}

#[test]
fn a_second_opener_is_refused_and_founding_happens_once() {
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
    let settings = Settings::new([7; 32], [1; 32]);
    let lock = || Directory::lock(disk.clone(), settings.clone());
    assert_eq!(lock().unwrap().open(None).err(), Some(OpenError::Empty));
    let mut opened = lock().unwrap().found().unwrap();
    assert_eq!(lock().err(), Some(OpenError::InUse));
    opened.journal.append_group(&[], b"first", 0).unwrap();
    // The anchor alone still holds the directory.
    drop(opened.journal);
    assert_eq!(lock().err(), Some(OpenError::InUse));
    drop(opened.anchor);
    assert_eq!(lock().unwrap().found().err(), Some(OpenError::NotEmpty));
    assert_eq!(lock().unwrap().open(None).unwrap().report.last.0, 1);
}

#[test]
fn a_second_opener_of_a_real_directory_is_refused() {
    let path = std::env::temp_dir().join(format!("klaver-journal-{}-lock", std::process::id()));
    let disk = || Arc::new(crate::store::embedded::disk::RealDisk::create(&path).unwrap());
    let settings = Settings::new([7; 32], [1; 32]);
    let held = Directory::lock(disk(), settings.clone()).unwrap();
    assert_eq!(Directory::lock(disk(), settings.clone()).err(), Some(OpenError::InUse));
    drop(held);
    Directory::lock(disk(), settings).unwrap();
    std::fs::remove_dir_all(path).unwrap();
}

#[test]
fn a_starting_point_must_stand_where_it_says() {
    let (disk, mut workload) = grown(11, 60, true, None);
    let scan = scan_all(Arc::new(disk.clone()), workload.settings()).unwrap();
    let commits: Vec<Commit> = scan.reader.groups(None).map(|group| group.unwrap().commit()).collect();
    let contents = disk.contents();
    for commit in &commits {
        let report = open(&disk, &contents, workload.settings(), Some(*commit)).unwrap();
        assert_eq!(report.last, scan.report.last);
    }
    let good = commits[commits.len() / 2];
    for wrong in [
        Commit { hash: CommitHash([0; 32]), ..good },
        Commit { group: good.group + 1, ..good },
        Commit { group: 1 << 40, ..good },
        Commit { position: FramePosition { offset: good.position.offset + 8, ..good.position }, ..good },
        Commit { position: FramePosition { offset: u64::MAX - 4, ..good.position }, ..good },
        Commit { position: FramePosition { segment: 77, ..good.position }, ..good },
    ] {
        let answer = damaged(open(&disk, &contents, workload.settings(), Some(wrong)));
        assert!(matches!(answer, Damaged::StartUnknown { .. }), "{answer:?}");
    }
    disk.replace(&contents);
    workload.open().unwrap();
}

#[test]
fn older_segments_may_be_gone_below_a_base() {
    let (disk, workload) = grown(11, 60, true, None);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let scan = scan_all(shared, workload.settings()).unwrap();
    let commits: Vec<Commit> = scan.reader.groups(None).map(|group| group.unwrap().commit()).collect();
    let last_segment = commits.last().unwrap().position.segment;
    let base = commits.iter().rfind(|commit| commit.position.segment < last_segment).unwrap();
    let mut contents = disk.contents();
    contents.retain(|name, _| segment_number(name).is_none_or(|number| number > base.position.segment));
    let settings = Settings { base: Some((base.group, base.hash)), ..workload.settings().clone() };
    assert_eq!(open(&disk, &contents, &settings, None).unwrap().last, scan.report.last);
    let other = Settings { base: Some((base.group, CommitHash([0; 32]))), ..settings };
    assert!(matches!(damaged(open(&disk, &contents, &other, None)), Damaged::ChainBroken { .. }));
}
