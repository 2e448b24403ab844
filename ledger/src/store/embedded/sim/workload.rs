//! A seeded workload over one journal, beside a naive model of what it must hold.

use std::sync::Arc;

use super::{Dice, SimDisk};
use crate::store::embedded::anchor::Anchor;
use crate::store::embedded::disk::Disk;
use crate::store::embedded::fault::{Fault, OpenError, ReadError};
use crate::store::embedded::frame::{Commit, Frame, FrameKind};
use crate::store::embedded::journal::{Bug, GroupPosition, Settings};
use crate::store::embedded::recovery::{Directory, OpenReport, Opened};

/// The domain of all simulated journals.
pub const DOMAIN: [u8; 32] = *b"a journal of a simulated ledger!";

/// What a group was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelGroup {
    frames: Vec<(FrameKind, Vec<u8>)>,
    body: Vec<u8>,
    now_ms: u64,
}

/// Why a workload stopped.
#[derive(Debug)]
pub enum Stop {
    /// The disk failed, which is what it was told to do.
    Fault(String),
    /// The journal broke its promise.
    Broken(String),
}

/// Appends, anchors, reads and reopens, and remembers what was acknowledged.
pub struct Workload {
    disk: Arc<dyn Disk>,
    settings: Settings,
    dice: Dice,
    now_ms: u64,
    founded: bool,
    /// Everything acknowledged or served, in order.
    groups: Vec<ModelGroup>,
    in_flight: Option<ModelGroup>,
    anchored: u64,
    anchor_in_flight: u64,
    commits: Vec<Commit>,
    opened: Option<Opened>,
    /// Torn tails that were reported.
    pub torn: u64,
    /// Groups without an answer that were lost, and that were found.
    pub unanswered: (u64, u64),
    /// Segment files seen at the last opening.
    pub largest_segment: u32,
}

impl Workload {
    /// Returns a workload that has not touched the disk yet.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, seed: u64, bug: Option<Bug>) -> Workload {
        let mut settings = Settings::new(DOMAIN, [0; 32]);
        settings.segment_bytes = 12 << 10;
        settings.bug = bug;
        Workload {
            disk,
            settings,
            dice: Dice::new(seed),
            now_ms: 1_770_000_000_000,
            founded: false,
            groups: Vec::new(),
            in_flight: None,
            anchored: 0,
            anchor_in_flight: 0,
            commits: Vec::new(),
            opened: None,
            torn: 0,
            unanswered: (0, 0),
            largest_segment: 0,
        }
    }

    /// Returns how many groups must be there.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.groups.len() as u64
    }

    /// Returns the group that is anchored for certain.
    #[must_use]
    pub fn anchored(&self) -> u64 {
        self.anchored
    }

    /// Returns the settings it opens with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Opens if needed, then takes `steps` steps.
    ///
    /// # Errors
    /// The first failure or broken promise.
    pub fn run(&mut self, steps: usize) -> Result<(), Stop> {
        self.open()?;
        for _ in 0..steps {
            match self.dice.below(20) {
                0 => {
                    self.close();
                    self.open()?;
                }
                1..=3 => self.anchor()?,
                4 => self.read_some()?,
                _ => self.append()?,
            }
        }
        Ok(())
    }

    /// Forgets the opened journal, as the end of a process does.
    pub fn close(&mut self) {
        self.opened = None;
    }

    /// Opens, and checks that everything acknowledged is there, byte for byte, and nothing else but a group without
    /// an answer.
    ///
    /// # Errors
    /// The disk's failure, or the broken promise.
    pub fn open(&mut self) -> Result<(), Stop> {
        if self.opened.is_some() {
            return Ok(());
        }
        self.dice.fill(&mut self.settings.salt);
        let directory = Directory::lock(self.disk.clone(), self.settings.clone()).map_err(stop)?;
        let anchored = directory.anchor().map_or(0, |anchor| anchor.group);
        if anchored != self.anchored && anchored != self.anchor_in_flight {
            let expected = (self.anchored, self.anchor_in_flight);
            return broken(format!("the anchor names group {anchored}, it should name one of {expected:?}"));
        }
        let from = self.commits.iter().rev().find(|commit| commit.group <= anchored).copied();
        let from = from.filter(|_| self.dice.one_in(2));
        let opened = if self.founded { directory.open(from) } else { directory.found() }.map_err(stop)?;
        self.founded = true;
        self.anchored = anchored;
        self.anchor_in_flight = anchored;
        self.settle(&opened.report)?;
        self.opened = Some(opened);
        self.check()
    }

    /// Compares everything that can be read with the model.
    ///
    /// # Errors
    /// The disk's failure, or the broken promise.
    pub fn check(&mut self) -> Result<(), Stop> {
        let Some(opened) = &self.opened else { return Ok(()) };
        let reader = opened.journal.reader();
        let mut commits = Vec::new();
        let mut seen = 0;
        for group in reader.groups(None) {
            let group = group.map_err(stop)?;
            let frames = group.frames().map(|frame| (frame.kind, frame.payload.to_vec())).collect();
            let found = ModelGroup { frames, body: group.body().to_vec(), now_ms: group.now_ms };
            if self.groups.get(seen) != Some(&found) {
                return broken(format!("group {} is not what was written", group.group));
            }
            for frame in group.frames() {
                let read = reader.read_frame(frame.position).map_err(stop)?;
                if (read.kind, &read.payload[..], read.group) != (frame.kind, frame.payload, group.group) {
                    return broken(format!("frame at {:?} reads otherwise by position", frame.position));
                }
            }
            commits.push(group.commit());
            seen += 1;
        }
        if seen != self.groups.len() {
            return broken(format!("{seen} groups of {} can be read", self.groups.len()));
        }
        self.largest_segment = commits.last().map_or(0, |commit| commit.position.segment);
        // Positions up to the anchor hold for ever; what an opening may start from is taken from there.
        self.commits = commits;
        Ok(())
    }

    /// Appends a random group.
    ///
    /// # Errors
    /// The disk's failure.
    pub fn append(&mut self) -> Result<(), Stop> {
        let Some(opened) = &mut self.opened else { return Ok(()) };
        let dice = &mut self.dice;
        let group = random_group(dice, self.now_ms);
        self.now_ms += if dice.one_in(30) { 40 * 24 * 3_600_000 } else { dice.below(5000) };
        let frames: Vec<Frame<'_>> =
            group.frames.iter().map(|(kind, payload)| Frame { kind: *kind, payload }).collect();
        let answer = opened.journal.append_group(&frames, &group.body, group.now_ms);
        match answer {
            Ok(GroupPosition { commit, frames }) => {
                if commit.group != self.groups.len() as u64 + 1 || frames.len() != group.frames.len() {
                    return broken(format!("group {} was answered out of order", commit.group));
                }
                self.commits.push(commit);
                self.groups.push(group);
                Ok(())
            }
            Err(fault) => {
                self.in_flight = Some(group);
                Err(Stop::Fault(fault.to_string()))
            }
        }
    }

    /// Anchors the newest commit.
    ///
    /// # Errors
    /// The disk's failure.
    pub fn anchor(&mut self) -> Result<(), Stop> {
        let Some(opened) = &mut self.opened else { return Ok(()) };
        let (group, commit_hash) = opened.journal.last();
        let mut payload = vec![0; self.dice.below(200) as usize];
        self.dice.fill(&mut payload);
        self.anchor_in_flight = group;
        opened.anchor.write(Anchor { group, commit_hash, payload }).map_err(stop)?;
        self.anchored = group;
        Ok(())
    }

    /// After a failed append: every later one must get the same answer, and reading must go on.
    ///
    /// # Errors
    /// The broken promise.
    pub fn check_read_only(&mut self, reads_work: bool) -> Result<(), Stop> {
        let Some(opened) = &mut self.opened else { return Ok(()) };
        let Some(first) = opened.journal.fault().cloned() else {
            return match self.in_flight {
                Some(_) => broken("an append failed and the journal goes on".to_owned()),
                None => Ok(()),
            };
        };
        for _ in 0..3 {
            let kind = FrameKind::new(9);
            let answer = opened.journal.append_group(&[Frame { kind, payload: b"more" }], b"", self.now_ms);
            if answer.as_ref() != Err(&first) || !matches!(first, Fault::ReadOnly { .. }) {
                return broken(format!("after a failed write an append answered {answer:?}"));
            }
        }
        if reads_work { self.check() } else { Ok(()) }
    }

    /// Decides about the group without an answer: whatever an opening serves must stay.
    fn settle(&mut self, report: &OpenReport) -> Result<(), Stop> {
        let found = report.last.0;
        let acknowledged = self.groups.len() as u64;
        match (self.in_flight.take(), found) {
            (Some(group), found) if found == acknowledged + 1 => {
                self.groups.push(group);
                self.unanswered.1 += 1;
            }
            (in_flight, found) if found == acknowledged => {
                self.unanswered.0 += u64::from(in_flight.is_some())
            }
            (_, found) => {
                return broken(format!("{acknowledged} groups were acknowledged, {found} were found"));
            }
        }
        if let Some(torn) = &report.torn {
            self.torn += 1;
            let names = self.disk.list().map_err(|error| Stop::Fault(error.to_string()))?;
            if torn.len == 0 || !names.contains(&torn.saved_as) {
                return broken(format!("{torn:?} is not there"));
            }
        }
        Ok(())
    }

    fn read_some(&mut self) -> Result<(), Stop> {
        let Some(opened) = &self.opened else { return Ok(()) };
        if self.commits.is_empty() {
            return Ok(());
        }
        let at = self.dice.below(self.commits.len() as u64) as usize;
        let next = opened.journal.reader().groups(Some(self.commits[at])).next();
        match (next, self.groups.get(at + 1)) {
            (Some(Ok(found)), Some(group)) if found.body() == group.body => Ok(()),
            (None, None) => Ok(()),
            (Some(Err(error)), _) => Err(stop(error)),
            (found, _) => broken(format!("behind group {} stands {found:?}", at + 1)),
        }
    }
}

fn random_group(dice: &mut Dice, now_ms: u64) -> ModelGroup {
    let largest = if dice.one_in(25) { 6000 } else { 300 };
    let frames = (0..dice.below(6))
        .map(|_| {
            let mut payload = vec![0; dice.below(largest) as usize];
            dice.fill(&mut payload);
            (FrameKind::new(1 + dice.below(255) as u8), payload)
        })
        .collect();
    let mut body = vec![0; 8 + dice.below(100) as usize];
    dice.fill(&mut body);
    ModelGroup { frames, body, now_ms }
}

fn broken<T>(what: String) -> Result<T, Stop> {
    Err(Stop::Broken(what))
}

/// Tells the disk's failures, which were ordered, from answers that must not come.
trait Answer: std::fmt::Display {
    fn is_fault(&self) -> bool;
}

impl Answer for OpenError {
    fn is_fault(&self) -> bool {
        matches!(self, OpenError::Fault(_))
    }
}

impl Answer for ReadError {
    fn is_fault(&self) -> bool {
        matches!(self, ReadError::Fault(_))
    }
}

impl Answer for Fault {
    fn is_fault(&self) -> bool {
        true
    }
}

fn stop(answer: impl Answer) -> Stop {
    let words = answer.to_string();
    if answer.is_fault() { Stop::Fault(words) } else { Stop::Broken(words) }
}

/// Returns a disk with a workload of `steps` steps behind it, closed; the newest commit is anchored or not.
///
/// # Panics
/// If the workload fails, on a disk that does not.
#[must_use]
pub fn grown(seed: u64, steps: usize, anchored: bool, bug: Option<Bug>) -> (SimDisk, Workload) {
    let disk = SimDisk::new(seed);
    let mut workload = Workload::new(Arc::new(disk.clone()), seed, bug);
    let mut grow = || {
        workload.run(steps)?;
        workload.append()?;
        if anchored { workload.anchor() } else { workload.append() }
    };
    grow().expect("a disk that does not fail");
    workload.close();
    (disk, workload)
}
