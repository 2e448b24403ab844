//! The snapshot file: books, tree and refusals behind some group, so that opening need not read everything.
//!
//! It is believed only when the anchor holds its digest. Little-endian:
//!
//! ```text
//!  0..8    "KLVSNAP\n"
//!  8..12   format (1)
//! 12..20   group
//! 20..52   hash of that group's commit
//! 52..68   where its commit frame stands: segment (4), offset (8), length (4)
//! 68..172  head: size (8), root (32), signature (64)
//! 172..    three parts, each behind its length (8): tree (hashes), refusals (each behind its length, 4), books
//! ```

use super::disk::{Access, Disk};
use super::fault::Fault;
use super::frame::{Commit, CommitHash, FramePosition, on_disk};
use super::segment::UNFINISHED;
use crate::log::hash::Hash;
use crate::log::tree::TreeState;
use crate::refusal::Refusal;
use crate::store::{SignedHead, Snapshot};
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8; 8] = b"KLVSNAP\n";
const FORMAT: u32 = 1;
const PREFIX: &str = "snapshot-";
/// How much of a file is written at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Bytes of a head in commit frames, anchors and snapshots.
pub(super) const HEAD_BYTES: usize = 104;

/// Names a snapshot that was kept: what the anchor holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SnapshotMark {
    /// The group it was taken behind.
    pub group: u64,
    /// SHA-256 of the file.
    pub digest: [u8; 32],
}

/// Returns size, root and signature, one behind the other.
pub(super) fn encode_head(head: &SignedHead) -> [u8; HEAD_BYTES] {
    let mut bytes = [0; HEAD_BYTES];
    bytes[..8].copy_from_slice(&head.size.to_le_bytes());
    bytes[8..40].copy_from_slice(&head.root.0);
    bytes[40..].copy_from_slice(&head.signature);
    bytes
}

/// Reads what [`encode_head`] wrote.
pub(super) fn decode_head(bytes: &[u8]) -> Option<SignedHead> {
    let r = &mut &bytes[..];
    let head = SignedHead { size: u64::from_le_bytes(take(r)?), root: Hash(take(r)?), signature: take(r)? };
    r.is_empty().then_some(head)
}

fn take<const N: usize>(r: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = r.split_first_chunk::<N>()?;
    *r = rest;
    Some(*bytes)
}

fn take_part<'b>(r: &mut &'b [u8], len: usize) -> Option<&'b [u8]> {
    let (bytes, rest) = r.split_at_checked(len)?;
    *r = rest;
    Some(bytes)
}

/// Returns the name of the snapshot behind `group`.
pub(super) fn snapshot_name(group: u64) -> String {
    format!("{PREFIX}{group:020}")
}

fn encode(commit: &Commit, snapshot: &Snapshot) -> Vec<u8> {
    let Snapshot { head, books, tree, refusals } = snapshot;
    let mut bytes = Vec::with_capacity(books.len() + tree.tile_roots.len() * 32 + 16_384);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&commit.group.to_le_bytes());
    bytes.extend_from_slice(&commit.hash.0);
    bytes.extend_from_slice(&commit.position.segment.to_le_bytes());
    bytes.extend_from_slice(&commit.position.offset.to_le_bytes());
    bytes.extend_from_slice(&commit.position.len.to_le_bytes());
    bytes.extend_from_slice(&encode_head(head));
    let hashes = tree.tile_roots.len() + tree.last_tile.len();
    bytes.extend_from_slice(&(hashes as u64 * 32).to_le_bytes());
    tree.tile_roots.iter().chain(&tree.last_tile).for_each(|hash| bytes.extend_from_slice(&hash.0));
    let refusals: Vec<Vec<u8>> = refusals.iter().map(Refusal::encode).collect();
    let refusals_len: usize = refusals.iter().map(|refusal| 4 + refusal.len()).sum();
    bytes.extend_from_slice(&(refusals_len as u64).to_le_bytes());
    for refusal in &refusals {
        bytes.extend_from_slice(&on_disk(refusal.len()).to_le_bytes());
        bytes.extend_from_slice(refusal);
    }
    bytes.extend_from_slice(&(books.len() as u64).to_le_bytes());
    bytes.extend_from_slice(books);
    bytes
}

fn decode(bytes: &[u8]) -> Option<(Commit, Snapshot)> {
    let r = &mut &bytes[..];
    if take(r)? != *MAGIC || u32::from_le_bytes(take(r)?) != FORMAT {
        return None;
    }
    let group = u64::from_le_bytes(take(r)?);
    let hash = CommitHash(take(r)?);
    let segment = u32::from_le_bytes(take(r)?);
    let offset = u64::from_le_bytes(take(r)?);
    let position = FramePosition { segment, offset, len: u32::from_le_bytes(take(r)?) };
    let head = decode_head(take_part(r, HEAD_BYTES)?)?;
    let part = |r: &mut &[u8]| usize::try_from(u64::from_le_bytes(take(r)?)).ok();
    let len = part(r)?;
    let hashes = take_part(r, len)?.chunks_exact(32).map(|hash| hash.try_into().ok().map(Hash));
    let mut tile_roots = hashes.collect::<Option<Vec<Hash>>>()?;
    let full = usize::try_from(head.size / 256).ok().filter(|full| *full <= tile_roots.len())?;
    let last_tile = tile_roots.split_off(full);
    let len = part(r)?;
    let mut rest = take_part(r, len)?;
    let mut refusals = Vec::new();
    while !rest.is_empty() {
        let len = u32::from_le_bytes(take(&mut rest)?) as usize;
        refusals.push(Refusal::decode(take_part(&mut rest, len)?).ok()?);
    }
    let len = part(r)?;
    let books = take_part(r, len)?.to_vec();
    let tree = TreeState { size: head.size, tile_roots, last_tile };
    r.is_empty().then_some((Commit { group, hash, position }, Snapshot { head, books, tree, refusals }))
}

/// Writes a snapshot durably; it counts once the anchor holds the mark that is returned.
pub(super) fn write(disk: &dyn Disk, commit: &Commit, snapshot: &Snapshot) -> Result<SnapshotMark, Fault> {
    let bytes = encode(commit, snapshot);
    let name = snapshot_name(commit.group);
    let unfinished = name.clone() + UNFINISHED;
    let io = |doing, error: &std::io::Error| Fault::io(doing, &name, error);
    // A failure may have left one of this name; it never counted.
    match disk.remove(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io("remove", &error)),
        Ok(()) | Err(_) => {}
    }
    let file = disk.create(&unfinished).map_err(|error| io("create", &error))?;
    for (at, chunk) in (0..).step_by(CHUNK_BYTES).zip(bytes.chunks(CHUNK_BYTES)) {
        file.write_all_at(chunk, at).map_err(|error| io("write", &error))?;
    }
    file.sync_data().map_err(|error| io("sync", &error))?;
    disk.rename(&unfinished, &name).map_err(|error| io("rename", &error))?;
    disk.sync_dir().map_err(|error| io("sync the directory of", &error))?;
    Ok(SnapshotMark { group: commit.group, digest: Sha256::digest(&bytes).into() })
}

/// Reads a snapshot that the anchor names, or says why it cannot be used.
pub(super) fn read(disk: &dyn Disk, mark: &SnapshotMark) -> Result<(Commit, Snapshot), String> {
    let name = snapshot_name(mark.group);
    let read = || {
        let file = disk.open(&name, Access::Read)?;
        let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or(0)];
        let read = file.read_full(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok::<_, std::io::Error>(bytes)
    };
    let bytes = read().map_err(|error| format!("{name} cannot be read: {error}"))?;
    if Sha256::digest(&bytes)[..] != mark.digest {
        return Err(format!("{name} is not the one that the anchor names: it was damaged or replaced"));
    }
    decode(&bytes).ok_or_else(|| format!("{name} has a format that this program does not know"))
}

/// Removes all snapshots but those that the anchor names. Those left behind by a failure go the next time.
pub(super) fn remove_others(disk: &dyn Disk, keep: &[SnapshotMark]) {
    let kept: Vec<String> = keep.iter().map(|mark| snapshot_name(mark.group)).collect();
    let Ok(names) = disk.list() else { return };
    for name in names.iter().filter(|name| name.starts_with(PREFIX) && !kept.contains(name)) {
        let _ = disk.remove(name);
    }
}
