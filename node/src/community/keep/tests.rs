//! Rows that survive, and rows that leave the disk.

use super::*;

const LEDGER: LedgerId = LedgerId([1; 32]);

fn rows(kept: Vec<Kept>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows: Vec<_> = kept.into_iter().map(|row| (row.key, row.value)).collect();
    rows.sort();
    rows
}

fn put(keep: &Keep, key: &[u8], value: Option<&[u8]>) {
    let written = keep.write(vec![(key.to_vec(), value.map(<[u8]>::to_vec))]);
    written.blocking_recv().unwrap().unwrap();
}

#[test]
fn rows_survive_a_restart_and_deleted_ones_do_not() {
    let root = tempfile::tempdir().unwrap();
    let (keep, kept) = Keep::open(root.path(), &LEDGER).unwrap();
    assert!(kept.is_empty());
    put(&keep, b"a", Some(b"1"));
    put(&keep, b"b", Some(b"2"));
    put(&keep, b"a", Some(b"3"));
    put(&keep, b"b", None);
    drop(keep);
    let (_keep, kept) = Keep::open(root.path(), &LEDGER).unwrap();
    assert_eq!(rows(kept), [(b"a".to_vec(), b"3".to_vec())]);
}

#[test]
fn what_was_deleted_leaves_the_disk_with_the_next_compaction() {
    let root = tempfile::tempdir().unwrap();
    let (keep, _) = Keep::open(root.path(), &LEDGER).unwrap();
    put(&keep, b"stays", Some(b"here"));
    for number in 0..FORGOTTEN_MIN {
        put(&keep, b"secret", Some(format!("remember me {number}").as_bytes()));
    }
    put(&keep, b"secret", None);
    drop(keep);
    let (keep, kept) = Keep::open(root.path(), &LEDGER).unwrap();
    assert_eq!(rows(kept), [(b"stays".to_vec(), b"here".to_vec())]);
    drop(keep);
    assert_eq!(directories(root.path()).unwrap(), [2]);
    for file in std::fs::read_dir(directory(root.path(), 2)).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"remember"), "the disk still remembers");
    }
    let (keep, kept) = Keep::open(root.path(), &LEDGER).unwrap();
    assert_eq!(rows(kept), [(b"stays".to_vec(), b"here".to_vec())]);
    put(&keep, b"more", Some(b"rows"));
}

/// Returns whether any file below `folder` holds these bytes.
pub(in crate::community) fn holds(folder: &Path, bytes: &[u8]) -> bool {
    // A directory may be taken away while it is read.
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().map(|entry| entry.path()).any(|path| match std::fs::read(&path) {
        Ok(content) => content.windows(bytes.len()).any(|some| some == bytes),
        Err(_) => holds(&path, bytes),
    })
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_was_erased_leaves_the_disk_while_rows_keep_coming() {
    let root = tempfile::tempdir().unwrap();
    let (keep, _) = Keep::open(root.path(), &LEDGER).unwrap();
    put(&keep, b"secret", Some(b"An was here"));
    assert!(holds(root.path(), b"An was here"));
    wait(keep.erase(vec![b"secret".to_vec()])).unwrap();
    let is_over = AtomicU64::new(0);
    let longest = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while is_over.load(Ordering::Relaxed) == 0 {
                let started = Instant::now();
                put(&keep, b"steady", Some(b"row"));
                longest = longest.max(started.elapsed());
            }
            longest
        });
        wait_until("what was erased stands on the disk", || directories(root.path()).unwrap() == [2]);
        is_over.store(1, Ordering::Relaxed);
        writer.join().unwrap()
    });
    assert!(longest < TIDY * 20, "a row waited for {longest:?}");
    assert!(!holds(root.path(), b"An was here"));
    drop(keep);
    assert_eq!(rows(Keep::open(root.path(), &LEDGER).unwrap().1), [(b"steady".to_vec(), b"row".to_vec())]);
}

#[test]
fn an_erasure_that_fails_is_told_and_tried_again_and_rows_are_written_all_the_while() {
    let root = tempfile::tempdir().unwrap();
    let (keep, _) = Keep::open(root.path(), &LEDGER).unwrap();
    put(&keep, b"secret", Some(b"An was here"));
    // A file stands where the next directory is made.
    let in_the_way = root.path().join("community.new");
    std::fs::write(&in_the_way, b"").unwrap();
    wait(keep.erase(vec![b"secret".to_vec()])).unwrap();
    wait_until("nobody is told", || keep.failures() > 0);
    put(&keep, b"more", Some(b"rows"));
    assert!(holds(root.path(), b"An was here"));
    std::fs::remove_file(&in_the_way).unwrap();
    wait_until("it is not tried again", || !holds(root.path(), b"An was here"));
    put(&keep, b"more", Some(b"still"));
    drop(keep);
    assert_eq!(rows(Keep::open(root.path(), &LEDGER).unwrap().1), [(b"more".to_vec(), b"still".to_vec())]);
}

#[test]
fn the_data_of_another_ledger_are_refused() {
    let root = tempfile::tempdir().unwrap();
    drop(Keep::open(root.path(), &LEDGER).unwrap());
    assert!(matches!(Keep::open(root.path(), &LedgerId([2; 32])), Err(KeepError::Open { .. })));
}

#[test]
fn two_nodes_cannot_share_a_directory() {
    let root = tempfile::tempdir().unwrap();
    let _keep = Keep::open(root.path(), &LEDGER).unwrap();
    assert!(matches!(Keep::open(root.path(), &LEDGER), Err(KeepError::Open { .. })));
}

#[test]
fn rows_that_were_there_and_are_gone_are_not_begun_anew() {
    let root = tempfile::tempdir().unwrap();
    check_not_gone(root.path()).unwrap();
    drop(Keep::open(root.path(), &LEDGER).unwrap());
    drop(Keep::open(root.path(), &LEDGER).unwrap());
    std::fs::remove_dir_all(directory(root.path(), 1)).unwrap();
    for refused in [Keep::open(root.path(), &LEDGER).err().unwrap(), check_not_gone(root.path()).unwrap_err()]
    {
        let said = refused.to_string();
        assert!(said.contains("are gone") && said.contains("community.made"), "{said}");
    }
    assert!(directories(root.path()).unwrap().is_empty(), "nothing was made");
    // A ledger that is served for reading alone is served without them.
    assert!(Keep::read(root.path(), &LEDGER).unwrap().1.is_empty());
    std::fs::remove_file(root.path().join(MARK)).unwrap();
    drop(Keep::open(root.path(), &LEDGER).unwrap());
}
