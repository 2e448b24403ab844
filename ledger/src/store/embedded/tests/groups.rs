//! Groups and frames: what is written is what is read, by order and by position, and limits are told.

use std::sync::Arc;
use std::time::Instant;

use crate::store::embedded::anchor::{ANCHOR_PAYLOAD_BYTES_MAX, Anchor};
use crate::store::embedded::disk::{Disk, RealDisk};
use crate::store::embedded::fault::{Damaged, Fault, ReadError};
use crate::store::embedded::frame::{
    CommitHash, FRAME_PAYLOAD_BYTES_MAX, Frame, FrameKind, FramePosition, GroupEncoder,
};
use crate::store::embedded::journal::{Journal, Settings};
use crate::store::embedded::recovery::{Directory, Opened};
use crate::store::embedded::sim::SimDisk;
use crate::store::embedded::sim::workload::Workload;

const KIND: FrameKind = FrameKind::new(1);
const DAY_MS: u64 = 24 * 3_600_000;

fn settings() -> Settings {
    Settings { segment_bytes: 16 << 10, ..Settings::new([7; 32], [1; 32]) }
}

fn founded(disk: &SimDisk) -> Opened {
    Directory::lock(Arc::new(disk.clone()), settings()).unwrap().found().unwrap()
}

fn append(journal: &mut Journal, payloads: &[&[u8]], now_ms: u64) -> Vec<FramePosition> {
    let frames: Vec<_> = payloads.iter().map(|payload| Frame { kind: KIND, payload }).collect();
    journal.append_group(&frames, b"body", now_ms).unwrap().frames
}

#[test]
fn frames_are_read_by_position_and_groups_in_order_while_more_is_written() {
    let disk = SimDisk::new(1);
    let Opened { mut journal, .. } = founded(&disk);
    let reader = journal.reader();
    let mut groups = reader.groups(None);
    assert!(groups.next().is_none());

    let first = append(&mut journal, &[b"bread", b""], 5);
    assert_eq!(reader.read_frame(first[0]).unwrap().payload, b"bread");
    assert_eq!(reader.read_frame(first[1]).unwrap().payload, b"");
    let group = groups.next().unwrap().unwrap();
    assert_eq!((group.group, group.now_ms, group.body(), group.frames().len()), (1, 5, &b"body"[..], 2));
    assert!(groups.next().is_none());

    for now in 0..100 {
        append(&mut journal, &[&[now as u8; 1000]], now);
    }
    let rest: Vec<_> = groups.map(|group| group.unwrap().frames().next().unwrap().payload[0]).collect();
    assert_eq!(rest, (0..100).collect::<Vec<u8>>());
}

#[test]
fn only_positions_of_acknowledged_frames_are_answered() {
    let disk = SimDisk::new(1);
    let Opened { mut journal, .. } = founded(&disk);
    let position = append(&mut journal, &[b"bread"], 5)[0];
    let commit = journal.append_group(&[], b"", 6).unwrap().commit;
    let reader = journal.reader();
    for wrong in [
        commit.position,
        FramePosition { offset: position.offset + 8, ..position },
        FramePosition { offset: position.offset + 1, ..position },
        FramePosition { offset: 0, ..position },
        FramePosition { offset: u64::MAX - 7, ..position },
        FramePosition { offset: commit.position.end(), ..position },
        FramePosition { len: position.len + 1, ..position },
        FramePosition { len: 0, ..position },
        FramePosition { len: u32::MAX, ..position },
        FramePosition { segment: 9, ..position },
    ] {
        let answer = reader.read_frame(wrong);
        assert!(
            matches!(answer, Err(ReadError::Damaged(Damaged::NoSuchFrame { .. }))),
            "{wrong:?}: {answer:?}"
        );
    }
}

#[test]
fn a_segment_ends_when_it_is_full_or_old() {
    let disk = SimDisk::new(1);
    let Opened { mut journal, .. } = founded(&disk);
    let segments: Vec<u32> = [
        (100, 0),
        // 28 days after the first group of the segment, not before.
        (100, 28 * DAY_MS - 1),
        (100, 28 * DAY_MS),
        (11_000, 28 * DAY_MS),
        (11_000, 28 * DAY_MS),
        // Larger than a segment: it gets one of its own size.
        (100_000, 28 * DAY_MS),
        (5_000, 0),
    ]
    .map(|(len, now_ms)| append(&mut journal, &[&vec![3; len]], now_ms)[0].segment)
    .to_vec();
    assert_eq!(segments, [0, 0, 1, 1, 2, 3, 4]);
}

#[test]
fn a_segment_that_stays_empty_is_passed_over() {
    let disk = SimDisk::new(1);
    let Opened { mut journal, anchor, .. } = founded(&disk);
    let reader = journal.reader();
    for len in [100_000, 100_000, 10] {
        append(&mut journal, &[&vec![3; len]], 0);
        assert!(reader.groups(None).all(|group| group.is_ok()));
    }
    assert_eq!(reader.groups(None).count(), 3);
    drop((journal, anchor));
    let opened = Directory::lock(Arc::new(disk), settings()).unwrap().open(None).unwrap();
    append(&mut { opened.journal }, &[&[4; 100_000]], 0);
    assert_eq!(opened.report.last.0, 3);
}

#[test]
fn sizes_over_the_limit_are_refused_before_anything_is_written() {
    let disk = SimDisk::new(1);
    let Opened { mut journal, mut anchor, .. } = founded(&disk);
    let large = vec![0; FRAME_PAYLOAD_BYTES_MAX + 1];
    let frame = |payload| Frame { kind: KIND, payload };
    let answer = journal.append_group(&[frame(&large)], b"", 0);
    assert!(matches!(answer, Err(Fault::FrameTooLarge { .. })), "{answer:?}");
    let answer = journal.append_group(&[frame(&large[1..]); 4], b"", 0);
    assert!(matches!(answer, Err(Fault::GroupTooLarge { .. })), "{answer:?}");
    let answer = journal.append_group(&[], &large, 0);
    assert!(matches!(answer, Err(Fault::FrameTooLarge { .. })), "{answer:?}");
    assert_eq!(journal.fault(), None);
    append(&mut journal, &[b"bread"], 0);

    let (group, commit_hash) = journal.last();
    let mut write = |group, len| anchor.write(Anchor { group, commit_hash, payload: vec![0; len] });
    write(group, ANCHOR_PAYLOAD_BYTES_MAX).unwrap();
    let answer = write(group, ANCHOR_PAYLOAD_BYTES_MAX + 1);
    assert!(matches!(answer, Err(Fault::AnchorTooLarge { .. })), "{answer:?}");
    assert_eq!(write(group - 1, 0), Err(Fault::AnchorGoesBack { group: 0, present: 1 }));
}

#[test]
fn the_commit_hash_does_not_depend_on_where_the_group_stands() {
    let hash = |segment_id| {
        let mut buffer = Vec::new();
        let mut encoder = GroupEncoder::new(&mut buffer, segment_id, 4);
        encoder.push(Frame { kind: KIND, payload: b"bread" });
        encoder.commit(&[7; 32], CommitHash([1; 32]), 5, b"body").2
    };
    assert_eq!(hash(1), hash(2));
    assert_ne!(hash(1), CommitHash::genesis(&[7; 32]));
}

#[test]
fn the_real_disk_takes_the_same_workload() {
    let directory = std::env::temp_dir().join(format!("klaver-journal-{}-workload", std::process::id()));
    let disk = RealDisk::create(&directory).unwrap();
    let mut workload = Workload::new(Arc::new(disk), 3, None);
    workload.run(200).unwrap();
    workload.close();
    workload.open().unwrap();
    assert!(workload.acknowledged() > 100 && workload.largest_segment > 5);
    std::fs::remove_dir_all(directory).unwrap();
}

/// Prints what a group costs; the floors are far below any machine that runs this.
#[test]
fn a_group_of_256_frames_is_cheap() {
    let directory = std::env::temp_dir().join(format!("klaver-journal-{}-speed", std::process::id()));
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::create(&directory).unwrap());
    let open = || Directory::lock(disk.clone(), Settings::new([7; 32], [1; 32])).unwrap();
    let Opened { mut journal, mut anchor, .. } = open().found().unwrap();
    let payload = [5; 300];
    let frames = [Frame { kind: KIND, payload: &payload }; 2048];
    let groups = 400;
    let started = Instant::now();
    for now_ms in 0..groups {
        journal.append_group(&frames[..256], &[0; 104], now_ms).unwrap();
    }
    let durable = started.elapsed();

    let mut buffer = Vec::new();
    let started = Instant::now();
    for _ in 0..100 {
        let mut encoder = GroupEncoder::new(&mut buffer, 1, 1);
        frames.iter().for_each(|frame| {
            encoder.push(*frame);
        });
        encoder.commit(&[7; 32], CommitHash([0; 32]), 0, &[0; 104]);
    }
    let frame_ns = started.elapsed().as_nanos() / (100 * 2048);

    let (group, commit_hash) = journal.last();
    anchor.write(Anchor { group, commit_hash, payload: Vec::new() }).unwrap();
    drop((journal, anchor));
    let started = Instant::now();
    let opened = open().open(None).unwrap();
    let whole = started.elapsed();
    let at = opened.journal.reader().groups(None).nth(groups as usize - 2).unwrap().unwrap().commit();
    drop(opened);
    let started = Instant::now();
    assert_eq!(open().open(Some(at)).unwrap().report.last.0, groups);
    let tail = started.elapsed();
    println!(
        "groups of 256 x 300 bytes: {:.0}/s durable, {frame_ns} ns CPU per frame; opened {} frames in {whole:?}, \
         the tail in {tail:?}",
        groups as f64 / durable.as_secs_f64(),
        groups * 256
    );
    assert!(frame_ns < 5_000, "{frame_ns} ns per frame");
    std::fs::remove_dir_all(directory).unwrap();
}
