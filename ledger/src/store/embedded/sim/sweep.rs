//! Sweeps: the same workload with something going wrong at every place in turn.

use std::sync::Arc;

use super::workload::{Stop, Workload, grown};
use super::{Dice, Failure, Fired, LOSSES, Plan, SimDisk};
use crate::store::embedded::anchor::ANCHOR_NAME;
use crate::store::embedded::disk::Disk;
use crate::store::embedded::fault::OpenError;
use crate::store::embedded::journal::Bug;
use crate::store::embedded::recovery::{Directory, scan_all};
use crate::store::embedded::segment::segment_number;

/// Steps of a workload: enough for several segments, reopenings and anchors.
const STEPS: usize = 40;

/// What a sweep did, so that a test can show that it did something.
#[derive(Debug, Default)]
pub struct Tally {
    /// Rounds that were run.
    pub rounds: u64,
    /// Power cuts during a workload, and during recovery.
    pub cuts: (u64, u64),
    /// Pending pieces that power cuts lost, and that they kept.
    pub pieces: (u64, u64),
    /// Changes of names that power cuts lost.
    pub names_lost: u64,
    /// Failures by kind and operation, in words.
    pub failures: std::collections::BTreeMap<String, u64>,
    /// Failed syncs after which the page cache lied.
    pub lying_caches: u64,
    /// Torn tails that were reported.
    pub torn: u64,
    /// Groups without an answer that were lost, and that were found.
    pub unanswered: (u64, u64),
    /// Bit flips that were refused, that were reported, and that hit space without meaning.
    pub flips: (u64, u64, u64),
    /// Acknowledged groups that were checked at the ends of rounds.
    pub groups_checked: u64,
}

impl Tally {
    fn add(&mut self, fired: &Fired, workload: &Workload) {
        self.rounds += 1;
        self.pieces.0 += fired.pieces.0;
        self.pieces.1 += fired.pieces.1;
        self.names_lost += fired.names_lost;
        self.lying_caches += fired.lying_caches;
        for (what, times) in &fired.failures {
            *self.failures.entry(format!("{what:?}")).or_default() += times;
        }
        self.torn += workload.torn;
        self.unanswered.0 += workload.unanswered.0;
        self.unanswered.1 += workload.unanswered.1;
        self.groups_checked += workload.acknowledged();
    }
}

/// Cuts the power at every changing operation of seeded workloads, with every kind of loss, and again during recovery,
/// until `rounds` cuts were made. Seeds begin at `first_seed`.
///
/// # Errors
/// The first broken promise, with what is needed to see it again.
pub fn power_cuts(first_seed: u64, rounds: u64, bug: Option<Bug>) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for seed in first_seed.. {
        let changes = measure(seed)?.1;
        for k in 1..=changes {
            for (nth, loss) in (0..).zip(LOSSES) {
                if tally.rounds == rounds {
                    return Ok(tally);
                }
                let disk = SimDisk::new(seed ^ k << 20);
                let mut workload = Workload::new(Arc::new(disk.clone()), seed, bug);
                let mut dice = Dice::new(seed ^ k << 32 ^ nth << 48);
                cut_once(&disk, &mut workload, k, loss, &mut dice, &mut tally)
                    .map_err(|what| format!("seed {seed}, power cut at change {k}, {loss:?}: {what}"))?;
                tally.add(&disk.fired(), &workload);
            }
        }
    }
    Ok(tally)
}

fn cut_once(
    disk: &SimDisk,
    workload: &mut Workload,
    k: u64,
    loss: super::Loss,
    dice: &mut Dice,
    tally: &mut Tally,
) -> Result<(), String> {
    disk.plan(Plan { cut_at: Some(k), fail_at: None });
    faults_are_fine(workload.run(STEPS))?;
    tally.cuts.0 += disk.fired().cuts;
    workload.close();
    disk.power_cycle(loss);
    for _ in 0..dice.below(4) {
        let before = disk.fired().cuts;
        disk.plan(Plan { cut_at: Some(1 + dice.below(16)), fail_at: None });
        faults_are_fine(workload.open())?;
        tally.cuts.1 += disk.fired().cuts - before;
        workload.close();
        disk.power_cycle(LOSSES[dice.below(LOSSES.len() as u64) as usize]);
    }
    // From here on the disk works, so everything must.
    let mut go_on = || {
        workload.run(6)?;
        workload.close();
        disk.power_cycle(super::Loss::All);
        workload.open()?;
        workload.check()
    };
    go_on().map_err(words)
}

/// Fails every operation in turn in every way, once and for good, until none is left, for `seeds` workloads; then
/// restarts without losing power, and then loses what is pending.
///
/// # Errors
/// The first broken promise, with what is needed to see it again.
pub fn faults(first_seed: u64, seeds: u64, bug: Option<Bug>) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for seed in first_seed..first_seed + seeds {
        let operations = measure(seed)?.0;
        for failure in [Failure::Io, Failure::NoSpace, Failure::ShortWrite, Failure::TooManyFiles] {
            for (k, for_good) in (1..=operations).flat_map(|k| [(k, false), (k, true)]) {
                let disk = SimDisk::new(seed ^ k << 20);
                let mut workload = Workload::new(Arc::new(disk.clone()), seed, bug);
                fail_once(&disk, &mut workload, (k, failure, for_good)).map_err(|what| {
                    format!("seed {seed}, {failure:?} at operation {k}, for good: {for_good}: {what}")
                })?;
                tally.add(&disk.fired(), &workload);
            }
        }
    }
    Ok(tally)
}

fn fail_once(disk: &SimDisk, workload: &mut Workload, fail_at: (u64, Failure, bool)) -> Result<(), String> {
    disk.plan(Plan { cut_at: None, fail_at: Some(fail_at) });
    faults_are_fine(workload.run(STEPS))?;
    // Where no file can be opened, what is not open cannot be read.
    let reads_work = fail_at.1 != Failure::TooManyFiles || !fail_at.2;
    workload.check_read_only(reads_work).map_err(words)?;
    workload.close();
    disk.process_restart();
    let mut go_on = || {
        workload.open()?;
        // What an opening has served must outlive the power cut that shows what the page cache only pretended.
        workload.close();
        disk.power_cycle(super::Loss::All);
        workload.run(6)?;
        workload.close();
        workload.open()
    };
    go_on().map_err(words)
}

/// Flips single bits of journals and anchors at rest.
///
/// # Errors
/// The first flip that lost or changed something without a word.
pub fn bit_flips(first_seed: u64, rounds: u64, bug: Option<Bug>) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let mut dice = Dice::new(first_seed);
    while tally.rounds < rounds {
        let seed = dice.next_u64();
        let (disk, mut workload) = grown(seed, STEPS, dice.one_in(2), bug);
        let contents = disk.contents();
        let names: Vec<&String> =
            contents.keys().filter(|name| segment_number(name).is_some() || *name == ANCHOR_NAME).collect();
        for _ in 0..8 {
            let name = names[dice.below(names.len() as u64) as usize];
            let used = contents[name].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 8) & !7;
            let reach = contents[name].len().min(used + 64);
            let (at, bit) = (dice.below(reach as u64) as usize, dice.below(8));
            disk.replace(&contents);
            disk.meddle(name, |bytes| bytes[at] ^= 1 << bit);
            judge_flip(&disk, &workload, name != ANCHOR_NAME && at >= used, &mut tally)
                .map_err(|what| format!("seed {seed}, bit {bit} of byte {at} in {name}: {what}"))?;
            tally.add(&disk.fired(), &workload);
        }
        disk.replace(&contents);
        workload.open().map_err(words)?;
    }
    Ok(tally)
}

fn judge_flip(disk: &SimDisk, workload: &Workload, dead: bool, tally: &mut Tally) -> Result<(), String> {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let scan = scan_all(shared.clone(), workload.settings());
    let opened =
        Directory::lock(shared, workload.settings().clone()).and_then(|directory| directory.open(None));
    let report = match (scan, opened) {
        (Err(OpenError::Damaged(scanned)), Err(OpenError::Damaged(opened))) => {
            tally.flips.0 += 1;
            return (scanned == opened).then_some(()).ok_or("looking and opening disagree".to_owned());
        }
        (Ok(scan), Ok(opened)) => {
            let read = opened.journal.reader().groups(None).take_while(Result::is_ok).count() as u64;
            if scan.report.last != opened.report.last || read != opened.report.last.0 {
                return Err("looking, opening and reading disagree".to_owned());
            }
            opened.report
        }
        (scan, opened) => {
            return Err(format!("looking gave {:?}, opening {:?}", scan.err(), opened.err()));
        }
    };
    let (there, expected) = (report.last.0, workload.acknowledged());
    let reported = report.torn.is_some() || report.anchor_slot_damaged;
    // Beyond the anchor a damaged last group cannot be told from a torn one; it is reported and kept aside.
    let last_alone = there + 1 == expected && there >= workload.anchored() && report.torn.is_some();
    if there != expected && !last_alone {
        return Err(format!("{there} groups of {expected} are there, the report is {report:?}"));
    }
    match (dead, reported) {
        (_, true) => tally.flips.1 += 1,
        (true, false) => tally.flips.2 += 1,
        (false, false) => return Err("nobody noticed".to_owned()),
    }
    Ok(())
}

/// Returns operations and changing operations of a workload on a disk that does not fail.
fn measure(seed: u64) -> Result<(u64, u64), String> {
    let disk = SimDisk::new(seed);
    let mut workload = Workload::new(Arc::new(disk.clone()), seed, None);
    workload.run(STEPS).map_err(words)?;
    Ok(disk.counted())
}

fn faults_are_fine(answer: Result<(), Stop>) -> Result<(), String> {
    match answer {
        Err(Stop::Broken(what)) => Err(what),
        Ok(()) | Err(Stop::Fault(_)) => Ok(()),
    }
}

fn words(stop: Stop) -> String {
    match stop {
        Stop::Fault(what) => format!("failed on a disk that works: {what}"),
        Stop::Broken(what) => what,
    }
}
