//! A stopwatch that also tells what the processor did meanwhile: for us, and for everybody else.
//!
//! Figures of a machine that others use at the same time say little; the share that others took is shown beside them.

use std::fs::read_to_string;
use std::time::Instant;

/// The kernel counts processor time in hundredths of a second for every program (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// A running measurement.
pub struct Meter {
    started: Instant,
    /// This process and those that are measured with it.
    processes: Vec<String>,
    own_ticks: u64,
    machine: Machine,
}

/// What a measurement found.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Seconds on the clock.
    pub seconds: f64,
    /// Seconds of processor time that the measured processes used, all their threads together.
    pub cpu_seconds: f64,
    /// Which share of the machine's processor time went to other processes or was not given to this machine.
    pub others: f64,
}

impl Reading {
    /// Returns the processor time of each of `count` alike, in microseconds.
    pub fn micros_of(&self, count: usize) -> f64 {
        self.cpu_seconds * 1e6 / count as f64
    }
}

#[derive(Clone, Copy, Default)]
struct Machine {
    busy: u64,
    all: u64,
}

impl Meter {
    /// Starts measuring this process.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts measuring this process and those of these ids.
    pub fn start_with(ids: &[u32]) -> Self {
        let mut processes = vec!["self".to_owned()];
        processes.extend(ids.iter().map(u32::to_string));
        Self { machine: machine_ticks(), own_ticks: ticks_of(&processes), processes, started: Instant::now() }
    }

    /// Reads what was measured since the start.
    pub fn read(&self) -> Reading {
        let seconds = self.started.elapsed().as_secs_f64();
        let own = ticks_of(&self.processes) - self.own_ticks;
        let now = machine_ticks();
        let (busy, all) = (now.busy - self.machine.busy, now.all - self.machine.all);
        let others = if all == 0 { 0.0 } else { busy.saturating_sub(own) as f64 / all as f64 };
        Reading { seconds, cpu_seconds: own as f64 / TICKS_PER_SECOND, others }
    }
}

fn ticks_of(processes: &[String]) -> u64 {
    processes.iter().map(|process| process_ticks(process)).sum()
}

/// Returns the processor time of a process, its ended threads included; 0 where the kernel does not tell.
fn process_ticks(process: &str) -> u64 {
    let stat = read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is the program's name in parentheses, which may hold anything.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    fields.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// Returns what all processors together have done since the start of the machine.
fn machine_ticks() -> Machine {
    let stat = read_to_string("/proc/stat").unwrap_or_default();
    let ticks: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or("")
        .split_whitespace()
        .skip(1)
        .filter_map(|ticks| ticks.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal; what follows is counted in user already.
    let all: u64 = ticks.iter().take(8).sum();
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    Machine { busy: all - idle, all }
}

/// Returns the resident memory of process `id` in bytes; `None` where the kernel does not tell.
pub fn resident_bytes(id: u32) -> Option<u64> {
    let status = read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}
