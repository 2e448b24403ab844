//! Opening a directory after whatever happened to it.
//!
//! First look, without changing anything: what is wrong with the past is refused here ([`Damaged`](super::fault)).
//! Then make sure that what is served stands on the disk. After a failed sync the page cache may show what the disk
//! lost, and no second sync would tell; only what the anchor names is known to be durable. So every opening
//!
//! 1. removes unfinished files, which never counted;
//! 2. copies the bytes of a torn group into a file `torn-SEGMENT-OFFSET` and syncs it;
//! 3. writes the anchor into a fresh file, syncs it, renames it, syncs the directory;
//! 4. makes a fresh segment in the same way and copies the groups beyond the anchor into it: from then on it
//!    supersedes those groups in older segments;
//! 5. cuts off, or removes, what is superseded.
//!
//! A crash at any step leaves what the next opening recovers in the same way: before the rename nothing counts, after
//! it nothing old is needed. New groups only ever go into the fresh segment, never behind bytes in doubt.

use std::io;
use std::sync::Arc;

use super::anchor::{self, Anchor, AnchorFile};
use super::disk::{Access, Disk, DiskFile, Lock};
use super::fault::{Damaged, Fault, OpenError, Place};
use super::frame::{Commit, CommitHash, FRAME_HEADER_BYTES, move_to_segment, padded};
use super::journal::{Active, Bug, Journal, Settings, next_header};
use super::reader::{LiveSegment, Reader, Shared};
use super::segment::{
    SEGMENT_HEADER_BYTES, SegmentBuilder, StoredGroup, UNFINISHED, Window, open_segment, read_group,
    segment_name,
};
use super::survey::{Survey, Tail, survey, survey_unanchored};

const LOCK_NAME: &str = "lock";
const TORN_PREFIX: &str = "torn-";
const COPY_BYTES: usize = 256 << 10;

/// A directory that nobody else has open, before its journal is opened.
pub struct Directory {
    disk: Arc<dyn Disk>,
    settings: Settings,
    lock: Arc<Lock>,
    anchor: Option<Anchor>,
}

/// An opened journal with its anchor.
pub struct Opened {
    /// The writer.
    pub journal: Journal,
    /// The anchor, to be written within a second of each commit, and soon after opening.
    pub anchor: AnchorFile,
    /// What was found and done.
    pub report: OpenReport,
}

/// What opening found and did. Anything in it besides `last` and `anchored` is worth a line in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReport {
    /// Group number and hash of the newest commit.
    pub last: (u64, CommitHash),
    /// The group that the anchor names. Positions of frames in later groups have changed by opening.
    pub anchored: u64,
    /// Bytes of a group that was never acknowledged, set aside.
    pub torn: Option<Torn>,
    /// One of the anchor's two slots could not be read: a torn write, or a disk that fails.
    pub anchor_slot_damaged: bool,
}

/// Bytes behind the last complete group, copied aside and not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The segment they stood in.
    pub segment: u32,
    /// Where they began.
    pub offset: u64,
    /// How many there were.
    pub len: u64,
    /// The file that holds them now; empty when the directory was only looked at.
    pub saved_as: String,
}

/// What a look at the whole journal found.
pub struct Scan {
    /// As when opening, but nothing was changed.
    pub report: OpenReport,
    /// The newest anchor.
    pub anchor: Anchor,
    /// Reads all groups and frames.
    pub reader: Reader,
}

impl Directory {
    /// Locks the directory and reads its anchor, for the caller to choose where reading starts.
    ///
    /// # Errors
    /// `OpenError::InUse` when somebody else has it open; `Damaged` when the anchor cannot be read.
    pub fn lock(disk: Arc<dyn Disk>, settings: Settings) -> Result<Directory, OpenError> {
        let lock = lock_directory(&*disk)?;
        let anchor = anchor::read(&*disk, &settings)?.map(|found| found.anchor);
        Ok(Directory { disk, settings, lock: Arc::new(lock), anchor })
    }

    /// Returns the newest anchor; `None` in a directory without a journal.
    #[must_use]
    pub fn anchor(&self) -> Option<&Anchor> {
        self.anchor.as_ref()
    }

    /// Founds a journal in a directory that has none, or whose founding was interrupted.
    ///
    /// # Errors
    /// `OpenError::NotEmpty` when groups were written here already; else as [`Directory::open`].
    pub fn found(self) -> Result<Opened, OpenError> {
        let survey = match survey(&*self.disk, &self.settings, None)? {
            Some(survey) if survey.last.0 == 0 => survey,
            Some(_) => return Err(OpenError::NotEmpty),
            None => {
                let (group, commit_hash) = self.settings.origin();
                Survey::of_nothing(Anchor { group, commit_hash, payload: Vec::new() })
            }
        };
        self.recover(survey)
    }

    /// Opens the journal, reading what stands behind the commit `from`, or everything.
    ///
    /// `from` is trusted to the extent that its commit must stand where it says: a snapshot whose digest is in the
    /// anchor holds such a commit. What stands before it is checked whenever it is read.
    ///
    /// # Errors
    /// `OpenError::Empty` when there is no journal; `Damaged` when the directory cannot be what was left there, and
    /// then nothing was changed; `Fault` when the disk failed, and then opening again is safe.
    pub fn open(self, from: Option<Commit>) -> Result<Opened, OpenError> {
        match survey(&*self.disk, &self.settings, from)? {
            Some(survey) => self.recover(survey),
            None => Err(OpenError::Empty),
        }
    }

    fn recover(self, survey: Survey) -> Result<Opened, OpenError> {
        self.remove_unfinished()?;
        let torn = survey.tail.map(|tail| self.set_aside(tail)).transpose()?;
        if self.settings.suffers(Bug::TrustPageCache) && torn.is_none() && !survey.live.is_empty() {
            return self.go_on_in_place(survey);
        }
        let report = report(&survey, torn);
        // The anchor comes before the segment: segments without an anchor are refused for ever after.
        let lock = self.lock.clone();
        let anchor = AnchorFile::recreate(&*self.disk, &self.settings, survey.anchor.clone(), lock)?;
        let (fresh, file, end, since_ms) = self.copy_beyond_anchor(&survey)?;
        let mut segments = self.drop_superseded(&survey, fresh.first_group)?;
        segments.push(LiveSegment::new(fresh, end, Some(file.clone())));
        let (shared, segment) = share(&self.disk, &self.settings, segments);
        let active =
            Active { segment: segment.expect("the fresh segment was pushed"), file, offset: end, since_ms };
        Ok(Opened { journal: Journal::new(shared, active, survey.last, self.lock), anchor, report })
    }

    fn remove_unfinished(&self) -> Result<(), Fault> {
        let names = self.disk.list().map_err(|error| Fault::io("list", "the directory", &error))?;
        for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
            self.disk.remove(name).map_err(|error| Fault::io("remove", name, &error))?;
        }
        Ok(())
    }

    /// Copies a torn tail into a file of its own, durably.
    fn set_aside(&self, tail: Tail) -> Result<Torn, Fault> {
        let Tail { segment, offset, len } = tail;
        let source = open_segment(&*self.disk, segment, Access::Read)?;
        let base = format!("{TORN_PREFIX}{segment:010}-{offset}");
        let names = self.disk.list().map_err(|error| Fault::io("list", "the directory", &error))?;
        // The name is taken when a crash interrupted us here before, perhaps with other bytes: keep those too.
        let mut saved_as = base.clone();
        for attempt in 2.. {
            if !names.contains(&saved_as) {
                break;
            }
            saved_as = format!("{base}-{attempt}");
        }
        let unfinished = saved_as.clone() + UNFINISHED;
        let copy = self.disk.create(&unfinished).map_err(|error| Fault::io("create", &unfinished, &error))?;
        let mut done = 0;
        let mut buffer = vec![0; COPY_BYTES];
        while done < len {
            let step = (len - done).min(COPY_BYTES as u64) as usize;
            let read = source
                .read_full(&mut buffer[..step], offset + done)
                .map_err(|error| Fault::io("read", &segment_name(segment), &error))?;
            copy.write_all_at(&buffer[..read], done)
                .map_err(|error| Fault::io("write", &unfinished, &error))?;
            if read < step {
                break;
            }
            done += step as u64;
        }
        copy.sync_data().map_err(|error| Fault::io("sync", &unfinished, &error))?;
        self.disk.rename(&unfinished, &saved_as).map_err(|error| Fault::io("rename", &unfinished, &error))?;
        self.disk.sync_dir().map_err(|error| Fault::io("sync the directory of", &saved_as, &error))?;
        Ok(Torn { segment, offset, len, saved_as })
    }

    /// Makes the fresh segment: header, file, end of its groups, and time of its first group.
    fn copy_beyond_anchor(&self, survey: &Survey) -> Result<FreshSegment, OpenError> {
        let Directory { disk, settings, .. } = self;
        let anchor = &survey.anchor.anchor;
        let newest = survey.live.iter().map(|segment| segment.header.number);
        let newest = newest.chain(survey.superseded.iter().copied()).max();
        let mut last = (anchor.group, anchor.commit_hash);
        let header = next_header(settings, newest, last, survey.beyond_anchor_bytes);
        let mut builder = SegmentBuilder::begin(&**disk, &settings.domain, header)?;
        let mut since_ms = None;
        let (first, mut offset) = survey.beyond_anchor.unwrap_or((0, SEGMENT_HEADER_BYTES));
        for segment in survey.live.iter().filter(|segment| segment.header.number >= first) {
            let number = segment.header.number;
            let file = open_segment(&**disk, number, Access::Read)?;
            let mut window = Window::over(file, number, segment.end);
            while offset < segment.end {
                let read = read_group(&mut window, &segment.header, settings, last.0 + 1, last.1, offset)?;
                let Some(mut group) = read else {
                    let place = Place { segment: number, offset, group: last.0 + 1 };
                    let why = "it could be read a moment ago: the disk changes its answers";
                    return Err(Damaged::Unreadable { place, why }.into());
                };
                offset = group.end();
                last = (group.group, group.hash);
                since_ms.get_or_insert(group.now_ms);
                restamp(&mut group, header.id);
                builder.push(&group.bytes)?;
            }
            offset = SEGMENT_HEADER_BYTES;
        }
        assert_eq!(last, survey.last, "all groups beyond the anchor were copied");
        let end = builder.end();
        Ok((header, builder.finish(settings)?, end, since_ms))
    }

    /// Gives the space of superseded groups back; what they held stands, synced, in the fresh segment.
    fn drop_superseded(&self, survey: &Survey, from_group: u64) -> Result<Vec<LiveSegment>, Fault> {
        let mut kept = Vec::new();
        let mut removed = survey.superseded.clone();
        let beyond = survey.beyond_anchor.unwrap_or((0, SEGMENT_HEADER_BYTES));
        for segment in &survey.live {
            let number = segment.header.number;
            if segment.header.first_group >= from_group {
                removed.push(number);
                continue;
            }
            let end = if number == beyond.0 { beyond.1 } else { segment.end };
            if end < segment.len {
                let file = open_segment(&*self.disk, number, Access::Write)?;
                file.set_len(end).map_err(|error| Fault::io("shorten", &segment_name(number), &error))?;
            }
            kept.push(LiveSegment::new(segment.header, end, None));
        }
        for number in removed {
            let name = segment_name(number);
            self.disk.remove(&name).map_err(|error| Fault::io("remove", &name, &error))?;
        }
        Ok(kept)
    }

    /// What a careless program would do: believe what it reads, and write behind it.
    fn go_on_in_place(self, survey: Survey) -> Result<Opened, OpenError> {
        let report = report(&survey, None);
        let anchor = AnchorFile::recreate(&*self.disk, &self.settings, survey.anchor, self.lock.clone())?;
        let number = survey.live.last().map_or(0, |segment| segment.header.number);
        let file = open_segment(&*self.disk, number, Access::Write)?;
        let live = survey.live.iter().map(|segment| LiveSegment::new(segment.header, segment.end, None));
        let (shared, segment) = share(&self.disk, &self.settings, live.collect());
        let segment = segment.ok_or(OpenError::Empty)?;
        let active = Active { offset: segment.end(), segment, file, since_ms: None };
        Ok(Opened { journal: Journal::new(shared, active, survey.last, self.lock), anchor, report })
    }
}

/// Takes the directory's lock.
pub(super) fn lock_directory(disk: &dyn Disk) -> Result<Lock, OpenError> {
    disk.lock(LOCK_NAME).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => OpenError::InUse,
        _ => Fault::io("lock", LOCK_NAME, &error).into(),
    })
}

type FreshSegment = (super::segment::SegmentHeader, Arc<dyn DiskFile>, u64, Option<u64>);

/// Reads and checks the whole journal without changing anything, not even taking the lock: for `verify`, on a copy, a
/// stopped node, or a read-only mount.
///
/// # Errors
/// As [`Directory::open`].
pub fn scan_all(disk: Arc<dyn Disk>, settings: &Settings) -> Result<Scan, OpenError> {
    let survey = survey(&*disk, settings, None)?.ok_or(OpenError::Empty)?;
    Ok(scan(disk, settings, survey))
}

/// As [`scan_all`], where the anchor is missing.
pub(super) fn scan_unanchored(disk: Arc<dyn Disk>, settings: &Settings) -> Result<Scan, OpenError> {
    let survey = survey_unanchored(&*disk, settings)?;
    Ok(scan(disk, settings, survey))
}

fn scan(disk: Arc<dyn Disk>, settings: &Settings, survey: Survey) -> Scan {
    let torn = survey.tail.map(|Tail { segment, offset, len }| Torn {
        segment,
        offset,
        len,
        saved_as: String::new(),
    });
    let report = report(&survey, torn);
    let live = survey.live.iter().map(|segment| LiveSegment::new(segment.header, segment.end, None));
    let (shared, _) = share(&disk, settings, live.collect());
    Scan { report, anchor: survey.anchor.anchor, reader: Reader::new(shared) }
}

fn report(survey: &Survey, torn: Option<Torn>) -> OpenReport {
    OpenReport {
        last: survey.last,
        anchored: survey.anchor.anchor.group,
        torn,
        anchor_slot_damaged: survey.anchor.slot_damaged,
    }
}

fn share(
    disk: &Arc<dyn Disk>,
    settings: &Settings,
    segments: Vec<LiveSegment>,
) -> (Arc<Shared>, Option<Arc<LiveSegment>>) {
    let shared = Arc::new(Shared::new(disk.clone(), settings.clone(), settings.origin(), segments));
    let newest = shared.newest();
    (shared, newest)
}

/// Gives every frame of a group the id of the segment it is copied to; the commit's hash stays what it was.
fn restamp(group: &mut StoredGroup, segment_id: u64) {
    let mut at = 0;
    let lens = group.slots.iter().map(|(_, _, payload_len)| padded(FRAME_HEADER_BYTES + payload_len));
    for len in lens.collect::<Vec<_>>() {
        move_to_segment(&mut group.bytes[at..at + len], segment_id);
        at += len;
    }
    move_to_segment(&mut group.bytes[at..], segment_id);
}
