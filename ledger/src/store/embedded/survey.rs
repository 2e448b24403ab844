//! Looking at a directory without changing anything: which groups are there, and whether they are what was left there.

use std::sync::Arc;

use super::anchor::{self, Anchor, FoundAnchor};
use super::disk::{Access, Disk};
use super::fault::{Damaged, Fault, OpenError, Place, ReadError};
use super::frame::{Commit, CommitHash, FRAME_ALIGNMENT, FramePosition};
use super::journal::{Bug, Settings};
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, Window, open_segment, read_group, segment_number};

/// What a directory holds.
pub(super) struct Survey {
    /// Segments with groups of their own, by number.
    pub(super) live: Vec<Surveyed>,
    /// Segments whose groups all stand in newer ones.
    pub(super) superseded: Vec<u32>,
    pub(super) anchor: FoundAnchor,
    /// Group and hash of the last complete group.
    pub(super) last: (u64, CommitHash),
    /// Where the groups beyond the anchor begin, and the bytes they take.
    pub(super) beyond_anchor: Option<(u32, u64)>,
    pub(super) beyond_anchor_bytes: u64,
    /// What stands behind the last complete group.
    pub(super) tail: Option<Tail>,
}

impl Survey {
    /// Returns what an empty directory would show once it had this anchor.
    pub(super) fn of_nothing(anchor: Anchor) -> Survey {
        Survey::new(Vec::new(), Vec::new(), FoundAnchor { sequence: 0, slot_damaged: false, anchor }, None)
    }

    fn new(
        live: Vec<Surveyed>,
        superseded: Vec<u32>,
        anchor: FoundAnchor,
        origin: Option<(u64, CommitHash)>,
    ) -> Survey {
        let last = origin.unwrap_or((anchor.anchor.group, anchor.anchor.commit_hash));
        Survey { live, superseded, anchor, last, beyond_anchor: None, beyond_anchor_bytes: 0, tail: None }
    }
}

/// A segment and how far its own groups reach.
pub(super) struct Surveyed {
    pub(super) header: SegmentHeader,
    pub(super) len: u64,
    /// End of its own groups; the file's length where reading started behind it.
    pub(super) end: u64,
}

/// Bytes of a group that was never acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) segment: u32,
    pub(super) offset: u64,
    pub(super) len: u64,
}

/// Reads the segments behind `from`, or all, and compares them with the anchor. `None`: there is no journal.
pub(super) fn survey(
    disk: &dyn Disk,
    settings: &Settings,
    from: Option<Commit>,
) -> Result<Option<Survey>, OpenError> {
    let numbers = segment_numbers(disk)?;
    let Some(anchor) = anchor::read(disk, settings)? else {
        return if numbers.is_empty() { Ok(None) } else { Err(Damaged::AnchorMissing.into()) };
    };
    let (live, superseded) = headers(disk, settings, &numbers)?;
    Ok(Some(Walk::new(disk, settings, live, superseded, anchor, from)?.run()?))
}

/// As [`survey`] of everything, where the anchor is missing: the journal alone says what there is.
pub(super) fn survey_unanchored(disk: &dyn Disk, settings: &Settings) -> Result<Survey, OpenError> {
    let (group, commit_hash) = settings.origin();
    let anchor = Anchor { group, commit_hash, payload: Vec::new() };
    let anchor = FoundAnchor { sequence: 0, slot_damaged: false, anchor };
    let (live, superseded) = headers(disk, settings, &segment_numbers(disk)?)?;
    Ok(Walk::new(disk, settings, live, superseded, anchor, None)?.run()?)
}

/// Returns the numbers of the segments there are, ascending.
pub(super) fn segment_numbers(disk: &dyn Disk) -> Result<Vec<u32>, Fault> {
    let names = disk.list().map_err(|error| Fault::io("list", "the directory", &error))?;
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| segment_number(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Reads all headers; tells the segments that count from those that newer ones supersede.
fn headers(
    disk: &dyn Disk,
    settings: &Settings,
    numbers: &[u32],
) -> Result<(Vec<Surveyed>, Vec<u32>), ReadError> {
    let mut live = Vec::new();
    let mut superseded = Vec::new();
    let mut newer_first = u64::MAX;
    for &number in numbers.iter().rev() {
        let file = open_segment(disk, number, Access::Read)?;
        let header = SegmentHeader::read(&*file, number, &settings.domain)?;
        if header.first_group >= newer_first {
            superseded.push(number);
            continue;
        }
        newer_first = header.first_group;
        let name = super::segment::segment_name(number);
        let len = file.len().map_err(|error| Fault::io("measure", &name, &error))?;
        live.push(Surveyed { header, len, end: len });
    }
    live.reverse();
    Ok((live, superseded))
}

struct Walk<'a> {
    disk: &'a dyn Disk,
    settings: &'a Settings,
    survey: Survey,
    /// Index in `live`, and offset, of the next group.
    at: (usize, u64),
}

impl<'a> Walk<'a> {
    fn new(
        disk: &'a dyn Disk,
        settings: &'a Settings,
        live: Vec<Surveyed>,
        superseded: Vec<u32>,
        anchor: FoundAnchor,
        from: Option<Commit>,
    ) -> Result<Walk<'a>, ReadError> {
        let origin = settings.origin();
        let survey = Survey::new(live, superseded, anchor, Some(origin));
        let mut walk = Walk { disk, settings, survey, at: (0, SEGMENT_HEADER_BYTES) };
        if let Some(first) = walk.survey.live.first() {
            if first.header.first_group != origin.0 + 1 {
                return Err(Damaged::SegmentMissing { first_group: origin.0 + 1 }.into());
            }
            if first.header.previous != origin.1 {
                return Err(Damaged::ChainBroken { place: walk.place() }.into());
            }
        }
        if let Some(from) = from {
            walk.start_behind(from)?;
        }
        Ok(walk)
    }

    /// Checks that the commit `from` stands where it says, and goes on behind it.
    fn start_behind(&mut self, from: Commit) -> Result<(), ReadError> {
        let Commit { group, hash, position } = from;
        let place = Place { segment: position.segment, offset: position.offset, group };
        let unknown = |why| ReadError::from(Damaged::StartUnknown { place, why });
        if group > self.survey.anchor.anchor.group {
            return Err(unknown("the anchor is older than it"));
        }
        let at = self
            .survey
            .live
            .binary_search_by_key(&position.segment, |segment| segment.header.number)
            .map_err(|_| unknown("there is no such segment"))?;
        let header = self.survey.live[at].header;
        let superseded = self.survey.live.get(at + 1).is_some_and(|next| next.header.first_group <= group);
        if superseded || group < header.first_group {
            return Err(unknown("that group stands in another segment"));
        }
        let found = self.commit_at(at, position)?;
        if found != Some((group, hash)) {
            return Err(unknown("another commit, or none, stands there"));
        }
        self.survey.last = (group, hash);
        self.at = (at, position.end());
        Ok(())
    }

    fn commit_at(&self, at: usize, position: FramePosition) -> Result<Option<(u64, CommitHash)>, Fault> {
        let mut window = self.window(at)?;
        let id = self.survey.live[at].header.id;
        let frame = window.frame(position.offset, id, self.settings)?;
        Ok(frame.filter(|frame| frame.header.kind().is_none()).map(|frame| {
            let payload = &frame.bytes[super::frame::FRAME_HEADER_BYTES..][..frame.header.payload_len];
            let group = frame.header.group;
            (group, CommitHash::of(&self.settings.domain, group, payload))
        }))
    }

    fn run(mut self) -> Result<Survey, ReadError> {
        let (origin, anchor_group) = (self.settings.origin().0, self.survey.anchor.anchor.group);
        if anchor_group < origin {
            return Err(
                Damaged::AnchorMismatch { place: Place { group: anchor_group, ..self.place() } }.into()
            );
        }
        self.compare_with_anchor()?;
        for at in self.at.0..self.survey.live.len() {
            if at > self.at.0 {
                self.at = (at, SEGMENT_HEADER_BYTES);
                self.compare_with_anchor()?;
            }
            let next = self.survey.live.get(at + 1).map(|next| next.header);
            self.walk_segment(next)?;
            match next {
                Some(next) if next.first_group != self.survey.last.0 + 1 => {
                    let why = "no sound group of this number stands there";
                    return Err(self.later_group_or(Damaged::Unreadable { place: self.place(), why }));
                }
                Some(next) if next.previous != self.survey.last.1 => {
                    let place = Place { segment: next.number, offset: 0, group: next.first_group };
                    return Err(Damaged::ChainBroken { place }.into());
                }
                _ => {}
            }
        }
        self.check_end()?;
        Ok(self.survey)
    }

    /// Reads the groups that a segment still counts for: all up to the first group of the next one.
    fn walk_segment(&mut self, next: Option<SegmentHeader>) -> Result<(), ReadError> {
        let (at, _) = self.at;
        let mut window = self.window(at)?;
        let header = self.survey.live[at].header;
        while next.is_none_or(|next| self.survey.last.0 + 1 < next.first_group) {
            let (group, hash) = self.survey.last;
            let Some(group) = read_group(&mut window, &header, self.settings, group + 1, hash, self.at.1)?
            else {
                break;
            };
            self.at.1 = group.end();
            self.survey.last = (group.group, group.hash);
            if self.survey.beyond_anchor.is_some() {
                self.survey.beyond_anchor_bytes += group.bytes.len() as u64;
            }
            self.compare_with_anchor()?;
        }
        self.survey.live[at].end = self.at.1;
        Ok(())
    }

    /// Where the anchor's group ends, its commit must be the anchor's.
    fn compare_with_anchor(&mut self) -> Result<(), Damaged> {
        let anchor = &self.survey.anchor.anchor;
        if self.survey.last.0 != anchor.group {
            return Ok(());
        }
        if self.survey.last.1 != anchor.commit_hash {
            return Err(Damaged::AnchorMismatch { place: Place { group: anchor.group, ..self.place() } });
        }
        if self.survey.beyond_anchor.is_none() {
            self.survey.beyond_anchor =
                self.survey.live.get(self.at.0).map(|segment| (segment.header.number, self.at.1));
        }
        Ok(())
    }

    /// Decides what the bytes behind the last complete group are.
    fn check_end(&mut self) -> Result<(), ReadError> {
        let (last, anchor_group) = (self.survey.last.0, self.survey.anchor.anchor.group);
        let place = self.place();
        let Some(newest) = self.survey.live.last() else {
            return if last == anchor_group {
                Ok(())
            } else {
                Err(Damaged::SegmentMissing { first_group: last + 1 }.into())
            };
        };
        let (segment, len, capacity) = (newest.header.number, newest.len, newest.header.capacity);
        self.survey.tail = self.tail()?;
        if last < anchor_group {
            return Err(Damaged::ShorterThanAnchor { place, anchor_group }.into());
        }
        if len < capacity {
            return Err(Damaged::SegmentShort { segment, len, capacity, safe_through: last }.into());
        }
        Ok(())
    }

    /// Searches the rest of a segment. Zeros are space, frames of the next group are a torn write; a sound frame of
    /// any other group proves that what cannot be read was complete once.
    fn tail(&self) -> Result<Option<Tail>, ReadError> {
        let (at, offset) = self.at;
        let Surveyed { header, len, .. } = self.survey.live[at];
        let mut window = self.window(at)?;
        let expected = self.survey.last.0 + 1;
        let mut position = offset;
        let mut dirty_end = offset;
        while position < len {
            let block = (len - position).min(SEGMENT_HEADER_BYTES - position % SEGMENT_HEADER_BYTES) as usize;
            if position % SEGMENT_HEADER_BYTES == 0
                && window.bytes(position, block)?.is_some_and(|block| block.iter().all(|byte| *byte == 0))
            {
                position += block as u64;
                continue;
            }
            let step = (len - position).min(FRAME_ALIGNMENT as u64);
            let bytes = window.bytes(position, step as usize)?.unwrap_or_default();
            if bytes.iter().all(|byte| *byte == 0) {
                position += step;
                continue;
            }
            dirty_end = position + step;
            let frame = window.frame(position, header.id, self.settings)?;
            let Some(frame) = frame.map(|frame| frame.header) else {
                position += step;
                continue;
            };
            if frame.group != expected && !self.settings.suffers(Bug::IgnoreLaterGroups) {
                let place = Place { segment: header.number, offset, group: expected };
                let (later_group, later_offset) = (frame.group, position);
                return Err(Damaged::LaterGroup { place, later_group, later_offset }.into());
            }
            position += frame.frame_len() as u64;
            dirty_end = position;
        }
        let segment = header.number;
        Ok((dirty_end > offset).then_some(Tail { segment, offset, len: dirty_end - offset }))
    }

    fn later_group_or(&self, damaged: Damaged) -> ReadError {
        self.tail().err().unwrap_or_else(|| damaged.into())
    }

    fn window(&self, at: usize) -> Result<Window, Fault> {
        let Surveyed { header, len, .. } = &self.survey.live[at];
        let file: Arc<_> = open_segment(self.disk, header.number, Access::Read)?;
        Ok(Window::over(file, header.number, *len))
    }

    /// Where the next group should stand.
    fn place(&self) -> Place {
        let (at, offset) = self.at;
        let segment = self.survey.live.get(at).map_or(0, |segment| segment.header.number);
        Place { segment, offset, group: self.survey.last.0 + 1 }
    }
}
