//! P5 and P7: how long the node takes to open a ledger, and what it then holds; P8: what readers wait for.

use super::{Pairs, Run, Sizes, p99_ms};
use crate::client;
use crate::meter::{Meter, Reading, resident_bytes};
use crate::node;
use crate::reads::{Asked, QUESTIONS, READERS, read_until, worst};
use crate::report::{Figure, Goal, Spread};
use crate::world::{self, World};
use anyhow::{Context as _, Result};
use klaver_api::paths;
use klaver_ledger::id::LedgerId;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

impl Run {
    pub(super) fn p5_p7_p8(&mut self) -> Result<()> {
        if !self.wants(&["P5", "P7", "P8"]) {
            return Ok(());
        }
        let Sizes { entries, accounts, .. } = self.sizes;
        self.say(&format!("P5, P7 and P8: a ledger of {entries} records"));
        let world = World::new(accounts, "localhost/log");
        let grown = self.grown(&world, "town", entries)?;
        let (size, envelope_bytes) = (grown.ledger.reader().head().size, grown.envelope_bytes);
        let (payments, ledger_id) = (grown.payments, grown.ledger_id);
        // The ledger is let go without being closed, so that no snapshot covers its newest records.
        drop(grown.ledger);
        let directory = self.directory("town");
        if self.wants(&["P5"]) {
            self.open_once(&directory, size)?;
        }
        if self.wants(&["P5", "P7"]) {
            self.open_pairs(&directory, size, payments, envelope_bytes)?;
        }
        if self.wants(&["P8"]) {
            self.p8(&world, &directory, ledger_id)?;
        }
        Ok(std::fs::remove_dir_all(directory)?)
    }

    /// The first opening after a stop without a last snapshot: what came after the newest one is replayed.
    fn open_once(&mut self, directory: &Path, size: u64) -> Result<()> {
        let meter = Meter::start();
        let (running, _) = node::start(directory)?;
        let replayed: u64 = running.value_of("replayed=")?.parse()?;
        self.figures.push(Figure {
            id: "P5",
            what: format!("opening {size} records, the last {replayed} of them without a snapshot"),
            value: Some(running.took.as_secs_f64()),
            unit: "s",
            limit: None,
            ratio: None,
            goal: Goal::None,
            others: Some(meter.read().others),
            remark: "As after a kill: the store takes a snapshot every so many records, and replays what came after the newest."
                .to_owned(),
            command: self.command("P5"),
        });
        running.stop()
    }

    fn open_pairs(&mut self, directory: &Path, size: u64, payments: u64, envelope_bytes: f64) -> Result<()> {
        let (mut times, mut resident) = (Pairs::new(), Vec::new());
        for pair in 0..self.sizes.pairs {
            self.say(&format!("P5 and P7, pair {} of {}", pair + 1, self.sizes.pairs));
            let mut ours = || {
                let meter = Meter::start();
                let (running, _) = node::start(directory)?;
                let reading = Reading { seconds: running.took.as_secs_f64(), ..meter.read() };
                resident
                    .push(resident_bytes(running.id()).context("the kernel tells the memory of a process")?
                        as f64);
                running.stop()?;
                Ok(reading)
            };
            let mut limit = || {
                let meter = Meter::start();
                read_files(directory)?;
                Ok(meter.read())
            };
            let (ours, limit) = super::in_turn(pair, &mut ours, &mut limit)?;
            times.add((ours.seconds, &ours), (limit.seconds, &limit));
        }
        if self.wants(&["P5"]) {
            let what = format!("opening {size} records after a clean stop, start of the process included");
            let mut figure = times.figure("P5", what, "s", "reading all files", Goal::AtMost(1.0));
            figure.remark =
                "From the start of `klaver-node serve` until it listens. The files are in the page cache \
                             for both. The goal is for a million records."
                    .to_owned();
            figure.command = self.command("P5");
            self.figures.push(figure);
        }
        if self.wants(&["P7"]) {
            let mib = Spread::of(&resident).median / f64::from(1 << 20);
            self.figures.push(Figure {
                id: "P7",
                what: format!("resident memory at {size} records, {} accounts, after a restart", self.sizes.accounts),
                value: Some(mib),
                unit: "MiB",
                limit: None,
                ratio: None,
                goal: Goal::AtMost(300.0),
                others: None,
                remark: "The process of `klaver-node serve`, as the kernel counts it (VmRSS), before anybody asks. All payments \
                         are still within the refund window."
                    .to_owned(),
                command: self.command("P7"),
            });
            let per_payment = bytes_on_disk(directory)? as f64 / payments as f64;
            self.figures.push(Figure {
                id: "P7",
                what: format!("bytes on disk per payment at {size} records, after a restart"),
                value: Some(per_payment),
                unit: "bytes",
                limit: Some((envelope_bytes, "the envelope".to_owned())),
                ratio: Some(Spread::of(&[per_payment / envelope_bytes])),
                goal: Goal::RatioAtMost(4.0),
                others: None,
                remark: "All blocks of all files: journal with what is reserved ahead, snapshot, views, anchor. The entries \
                         that opened the accounts are counted too."
                    .to_owned(),
                command: self.command("P7"),
            });
        }
        Ok(())
    }

    /// What people look at most, while payments are recorded at half of what goes.
    fn p8(&mut self, world: &World, directory: &Path, ledger: LedgerId) -> Result<()> {
        self.say("P8");
        let node = node::start(directory)?;
        let mut signed = 0;
        let mut sign = |count: usize| {
            // Payments of its own: the town's have lower numbers.
            let load = world.payments(&ledger, (1 << 40) + signed, count, world::clock(), 0);
            signed += count as u64;
            load.envelopes.iter().map(|body| client::post(paths::ENTRIES, body)).collect::<Vec<_>>()
        };
        let probe = self.sizes.requests / 3;
        let half = client::send_all(node.1, sign(probe), None)?.per_second / 2.0;
        let load = sign((half * self.sizes.paced_seconds) as usize);
        let size: u64 = node.0.value_of("size=")?.parse()?;
        let asked = Asked { server: node.1, origin: node::ADDRESS, ledger, size };
        let stop = AtomicBool::new(false);
        let meter = Meter::start_with(&[node.0.id()]);
        let (latencies, seen) = std::thread::scope(|scope| {
            let readers = scope.spawn(|| read_until(world, asked, &stop));
            let seen = client::send_all(node.1, load, Some(half));
            stop.store(true, Ordering::Relaxed);
            let latencies = readers.join().ok().context("the readers ended")??;
            anyhow::Ok((latencies, seen?))
        })?;
        let (question, p99) = worst(&latencies);
        let told: Vec<String> = QUESTIONS
            .iter()
            .zip(&latencies)
            .map(|(question, latencies)| {
                format!("{question} {:.2} ms ({} asked)", p99_ms(latencies), latencies.len())
            })
            .collect();
        self.figures.push(Figure {
            id: "P8",
            what: format!("p99 of the slowest question, {question}, at {size} records"),
            value: Some(p99.as_secs_f64() * 1e3),
            unit: "ms",
            limit: None,
            ratio: None,
            goal: Goal::AtMost(5.0),
            others: Some(meter.read().others),
            remark: format!(
                "Over HTTP, {READERS} readers without pause, each with a session for its account, while {:.0} payments per \
                 second are recorded ({half:.0} asked for: half of what goes alone), client on the same two processors. {}.",
                seen.per_second,
                told.join(", ")
            ),
            command: self.command("P8"),
        });
        node.0.stop()
    }
}

fn files(directory: &Path) -> Result<Vec<std::path::PathBuf>> {
    let (mut files, mut directories) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(directory) = directories.pop() {
        for item in std::fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
            let path = item?.path();
            if path.is_dir() { directories.push(path) } else { files.push(path) }
        }
    }
    Ok(files)
}

fn read_files(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    for file in files(directory)? {
        let mut file = std::fs::File::open(file)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            match std::io::Read::read(&mut file, &mut buffer)? {
                0 => break,
                count => bytes += count as u64,
            }
        }
    }
    Ok(bytes)
}

fn bytes_on_disk(directory: &Path) -> Result<u64> {
    // The kernel counts blocks of 512 bytes, whatever the disk's own are.
    files(directory)?.iter().map(|file| Ok(file.metadata()?.blocks() * 512)).sum()
}
