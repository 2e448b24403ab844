//! The anchor: the newest commit, remembered outside the journal.
//!
//! A journal alone cannot know that its end is missing. The anchor can: it names a commit that was durable, and the
//! journal must reach it. It lives in a file of two slots of 4,096 bytes, written in turn, each with a sequence number
//! and a checksum over its whole block, so that a torn write leaves the other slot.
//!
//! ```text
//!   0..8    "KLVANCR\n"
//!   8..12   format (1)
//!  12..16   length of the payload
//!  16..24   sequence
//!  24..32   group
//!  32..64   hash of that group's commit
//!  64..96   domain
//!  96..     payload, then zeros
//! 4092..4096 CRC-32C of the block before
//! ```

use std::sync::Arc;

use super::disk::{Access, Disk, DiskFile, Lock};
use super::fault::{Damaged, Fault, ReadError};
use super::frame::{CommitHash, on_disk, u32_at, u64_at};
use super::journal::{Bug, Settings};
use super::segment::{FORMAT, UNFINISHED, block_is_sealed, seal_block};

/// The largest payload of an anchor.
pub const ANCHOR_PAYLOAD_BYTES_MAX: usize = 1024;
/// The anchor's file name.
pub const ANCHOR_NAME: &str = "anchor";

const MAGIC: &[u8; 8] = b"KLVANCR\n";
const SLOT_BYTES: usize = 4096;
const PAYLOAD_AT: usize = 96;

/// What is anchored: a durable commit, and what its owner wants to remember beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The group; 0 before the first.
    pub group: u64,
    /// The hash of its commit.
    pub commit_hash: CommitHash,
    /// Opaque here: size, root, signature, digest of a snapshot.
    pub payload: Vec<u8>,
}

/// The open anchor file. It may be written from another thread than the journal.
pub struct AnchorFile {
    file: Box<dyn DiskFile>,
    settings: Settings,
    sequence: u64,
    newest: Anchor,
    fault: Option<Fault>,
    _lock: Arc<Lock>,
}

impl AnchorFile {
    /// Returns the newest anchor.
    #[must_use]
    pub fn newest(&self) -> &Anchor {
        &self.newest
    }

    /// Writes a newer anchor; durable on `Ok`. The commit must be one that the journal acknowledged.
    ///
    /// # Errors
    /// `Fault::AnchorTooLarge` and `Fault::AnchorGoesBack` before anything is written. `Fault::ReadOnly` after a failed
    /// write or sync, then and ever after; the older slot is still good.
    pub fn write(&mut self, anchor: Anchor) -> Result<(), Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        check_payload(&anchor.payload)?;
        if anchor.group < self.newest.group {
            return Err(Fault::AnchorGoesBack { group: anchor.group, present: self.newest.group });
        }
        let sequence = self.sequence + 1;
        let slot = if self.settings.suffers(Bug::OneAnchorSlot) { 0 } else { sequence % 2 };
        let block = encode(&anchor, sequence, &self.settings.domain);
        let written = self
            .file
            .write_all_at(&block, slot * SLOT_BYTES as u64)
            .map_err(|error| Fault::io("write", ANCHOR_NAME, &error))
            .and_then(|()| self.file.sync_data().map_err(|error| Fault::io("sync", ANCHOR_NAME, &error)));
        if let Err(fault) = written {
            let fault = fault.into_read_only();
            self.fault = Some(fault.clone());
            return Err(fault);
        }
        self.sequence = sequence;
        self.newest = anchor;
        Ok(())
    }

    /// Writes a whole new anchor file in fresh blocks and puts it in place, durably.
    ///
    /// Opening does this every time: after a failed sync the page cache may show a slot that the disk does not have,
    /// and writing only the other slot would then leave none.
    pub(super) fn recreate(
        disk: &dyn Disk,
        settings: &Settings,
        found: FoundAnchor,
        lock: Arc<Lock>,
    ) -> Result<AnchorFile, Fault> {
        let FoundAnchor { anchor, sequence, .. } = found;
        check_payload(&anchor.payload)?;
        let name = ANCHOR_NAME.to_owned() + UNFINISHED;
        let file = disk.create(&name).map_err(|error| Fault::io("create", &name, &error))?;
        for sequence in [sequence + 1, sequence + 2] {
            let block = encode(&anchor, sequence, &settings.domain);
            file.write_all_at(&block, sequence % 2 * SLOT_BYTES as u64)
                .map_err(|error| Fault::io("write", &name, &error))?;
        }
        file.sync_data().map_err(|error| Fault::io("sync", &name, &error))?;
        disk.rename(&name, ANCHOR_NAME).map_err(|error| Fault::io("rename", &name, &error))?;
        disk.sync_dir().map_err(|error| Fault::io("sync the directory of", ANCHOR_NAME, &error))?;
        let settings = settings.clone();
        Ok(AnchorFile { file, settings, sequence: sequence + 2, newest: anchor, fault: None, _lock: lock })
    }
}

/// What reading an anchor file gave.
#[derive(Debug, Clone)]
pub(super) struct FoundAnchor {
    pub(super) anchor: Anchor,
    pub(super) sequence: u64,
    /// One of the two slots could not be read.
    pub(super) slot_damaged: bool,
}

/// Reads the anchor; `None` when there is no such file.
pub(super) fn read(disk: &dyn Disk, settings: &Settings) -> Result<Option<FoundAnchor>, ReadError> {
    let file = match disk.open(ANCHOR_NAME, Access::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Fault::io("open", ANCHOR_NAME, &error).into()),
    };
    // One byte more than there should be, to notice a file that grew.
    let mut blocks = vec![0; 2 * SLOT_BYTES + 1];
    let len = file.read_full(&mut blocks, 0).map_err(|error| Fault::io("read", ANCHOR_NAME, &error))?;
    if len != 2 * SLOT_BYTES {
        return Err(
            Damaged::AnchorUnreadable { why: "the file does not have the length of two slots" }.into()
        );
    }
    let slots =
        [decode(&blocks[..SLOT_BYTES], settings)?, decode(&blocks[SLOT_BYTES..2 * SLOT_BYTES], settings)?];
    let slot_damaged = slots.iter().any(Option::is_none);
    let newest = slots.into_iter().flatten().max_by_key(|(_, sequence)| *sequence);
    let Some((anchor, sequence)) = newest else {
        return Err(Damaged::AnchorUnreadable { why: "neither slot has a fitting checksum" }.into());
    };
    Ok(Some(FoundAnchor { anchor, sequence, slot_damaged }))
}

fn check_payload(payload: &[u8]) -> Result<(), Fault> {
    if payload.len() > ANCHOR_PAYLOAD_BYTES_MAX {
        return Err(Fault::AnchorTooLarge {
            bytes: payload.len() as u64,
            limit: ANCHOR_PAYLOAD_BYTES_MAX as u64,
        });
    }
    Ok(())
}

fn encode(anchor: &Anchor, sequence: u64, domain: &[u8; 32]) -> Vec<u8> {
    let mut block = vec![0; SLOT_BYTES];
    block[..8].copy_from_slice(MAGIC);
    block[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    block[12..16].copy_from_slice(&on_disk(anchor.payload.len()).to_le_bytes());
    block[16..24].copy_from_slice(&sequence.to_le_bytes());
    block[24..32].copy_from_slice(&anchor.group.to_le_bytes());
    block[32..64].copy_from_slice(&anchor.commit_hash.0);
    block[64..96].copy_from_slice(domain);
    block[PAYLOAD_AT..PAYLOAD_AT + anchor.payload.len()].copy_from_slice(&anchor.payload);
    seal_block(&mut block);
    block
}

fn decode(block: &[u8], settings: &Settings) -> Result<Option<(Anchor, u64)>, Damaged> {
    let sealed = block_is_sealed(block) || settings.suffers(Bug::IgnoreChecksum);
    if !sealed || &block[..8] != MAGIC {
        return Ok(None);
    }
    let format = u32_at(block, 8);
    if format != FORMAT {
        return Err(Damaged::NewerFormat { file: ANCHOR_NAME.to_owned(), found: format, known: FORMAT });
    }
    if block[64..96] != settings.domain {
        return Err(Damaged::Foreign { file: ANCHOR_NAME.to_owned() });
    }
    let payload_len = u32_at(block, 12) as usize;
    if payload_len > ANCHOR_PAYLOAD_BYTES_MAX {
        return Ok(None);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(&block[32..64]);
    let payload = block[PAYLOAD_AT..PAYLOAD_AT + payload_len].to_vec();
    Ok(Some((Anchor { group: u64_at(block, 24), commit_hash: CommitHash(hash), payload }, u64_at(block, 16))))
}
