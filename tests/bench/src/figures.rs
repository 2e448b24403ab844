//! The figures P1 to P8, each with its limit, in pairs that alternate.

mod http;
mod process;
mod programs;
mod size;
mod state;

use crate::client::percentile;
use crate::machine;
use crate::meter::{Meter, Reading};
use crate::node;
use crate::pipeline::Pipeline;
use crate::raw::Raw;
use crate::report::{Figure, Goal, Report, Spread};
use crate::world::{self, Load, World};
use anyhow::{Result, bail};
use klaver_ledger::audit::{Expectations, Verdict, audit};
use klaver_ledger::engine::Ledger;
use klaver_ledger::id::LedgerId;
use klaver_ledger::store::embedded::{EmbeddedStore, Options};
use klaver_ledger::time::Timestamp;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What a ratio of processor times says.
const PROCESSOR_TIME: &str = "The inverse of this ratio is what the ratio of rates would be if the disk cost nothing: it hardly \
                              depends on what else the machine does.";

/// The figures there are.
pub const IDS: [&str; 10] = ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P11", "P12"];

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Whether these are the sizes that the goals name.
    pub full: bool,
    /// Pairs of figure and limit.
    pub pairs: usize,
    /// Entries of P1, P4, P5, P7 and P8.
    pub entries: usize,
    /// Accounts of these.
    pub accounts: usize,
    /// Entries of the large ledger of P6, and of P5's second figure.
    pub large: usize,
    /// Accounts of it.
    pub large_accounts: usize,
    /// Requests of one half of a pair of P2.
    pub requests: usize,
    /// Seconds of one run of pgbench.
    pub postgres_seconds: u32,
    /// Seconds of a run at half load.
    pub paced_seconds: f64,
}

impl Sizes {
    /// What a person waits for.
    pub const QUICK: Self = Self {
        full: false,
        pairs: 5,
        entries: 100_000,
        accounts: 10_000,
        large: 100_000,
        large_accounts: 10_000,
        requests: 30_000,
        postgres_seconds: 10,
        paced_seconds: 3.0,
    };
    /// What shows that everything can be measured.
    pub const SMOKE: Self = Self {
        full: false,
        pairs: 1,
        entries: 2_000,
        accounts: 500,
        large: 4_000,
        large_accounts: 500,
        requests: 500,
        postgres_seconds: 1,
        paced_seconds: 0.5,
    };
    /// What the goals name.
    pub const FULL: Self = Self {
        full: true,
        pairs: 5,
        entries: 1_000_000,
        accounts: 100_000,
        large: 10_000_000,
        large_accounts: 100_000,
        requests: 100_000,
        postgres_seconds: 30,
        paced_seconds: 20.0,
    };
}

/// One run over all figures.
pub struct Run {
    sizes: Sizes,
    scratch: TempDir,
    only: Vec<String>,
    figures: Vec<Figure>,
    /// Payments per second in process, over HTTP, and in PostgreSQL, as far as they were measured.
    in_process: Option<f64>,
    over_http: Option<f64>,
}

/// What two alternating measurements found: ours, the limit, and their ratios.
struct Pairs {
    ours: Vec<f64>,
    limits: Vec<f64>,
    ratios: Vec<f64>,
    others: Vec<f64>,
}

impl Run {
    /// Prepares a run; files go below `scratch` and are removed with the run.
    ///
    /// # Errors
    /// When no directory can be made there.
    pub fn new(sizes: Sizes, scratch: &Path, only: Vec<String>) -> Result<Self> {
        let scratch = tempfile::Builder::new().prefix("klaver-bench-").tempdir_in(scratch)?;
        Ok(Self { sizes, scratch, only, figures: Vec::new(), in_process: None, over_http: None })
    }

    /// Measures everything.
    ///
    /// # Errors
    /// When something does not work that ought to: a figure is never left out silently.
    pub fn all(mut self) -> Result<Report> {
        let machine = machine::describe();
        self.p1()?;
        self.p2()?;
        self.p3()?;
        self.p4()?;
        self.p5_p7_p8()?;
        self.p6()?;
        self.p11()?;
        self.p12()?;
        self.figures.sort_by_key(|figure| figure.id[1..].parse::<u32>().unwrap_or(0));
        Ok(Report { figures: self.figures, indicative: !self.sizes.full, machine })
    }

    fn wants(&self, ids: &[&str]) -> bool {
        self.only.is_empty() || self.only.iter().any(|id| ids.contains(&id.as_str()))
    }

    fn command(&self, id: &str) -> String {
        format!("tests/bench/run {}{id}", if self.sizes.full { "--full " } else { "" })
    }

    fn directory(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn say(&self, what: &str) {
        eprintln!("measuring {what}");
    }

    /// Founds a ledger of its own at `now` for a measurement; what was there is removed.
    fn fresh(&self, world: &World, name: &str, now: Timestamp) -> Result<(Ledger<EmbeddedStore>, LedgerId)> {
        let root = self.directory(name);
        if root.exists() {
            std::fs::remove_dir_all(&root)?;
        }
        node::settle(&root, world)?;
        let directory = node::ledger_of(&root);
        let store = EmbeddedStore::create(&directory, Options::default(), [7; 32])?;
        world.found(store, now)
    }

    /// Durable signed payments per second through the engine, against raw signature checks.
    fn p1(&mut self) -> Result<()> {
        if !self.wants(&["P1", "P3"]) {
            return Ok(());
        }
        let Sizes { entries, accounts, pairs, .. } = self.sizes;
        let world = World::new(accounts, "localhost/log");
        let (mut rates, mut cpu) = (Pairs::new(), Pairs::new());
        for pair in 0..pairs {
            self.say(&format!("P1, pair {} of {pairs}", pair + 1));
            let (ledger, ledger_id) = self.fresh(&world, "p1", world::clock())?;
            let load = world.payments(&ledger_id, 0, entries, world::clock(), 0);
            let raw = Raw::of(&world, &ledger_id, &load)?;
            let pipeline = Pipeline { world: &world, ledger_id };
            let start = world::clock();
            let mut ledger = Some(ledger);
            let mut ours = || engine_run(&pipeline, &mut ledger, &load, start);
            let mut limit = || raw_run(&raw);
            let (ours, limit) = in_turn(pair, &mut ours, &mut limit)?;
            rates.add((entries as f64 / ours.seconds, &ours), (entries as f64 / limit.seconds, &limit));
            cpu.add((ours.micros_of(entries), &ours), (limit.micros_of(entries), &limit));
        }
        self.in_process = Some(Spread::of(&rates.ours).median);
        let what = format!("payments recorded in process, {entries} among {accounts} accounts");
        let mut figure = rates.figure(
            "P1",
            what,
            "per second",
            "verify_strict alone, 2 threads",
            Goal::RatioAtLeast(0.85),
        );
        figure.command = self.command("P1");
        figure.remark = "Decoding, signature, rules, log, journal with one fdatasync for each group, receipt. Two threads \
                         verify, the writer's own thread commits what waits, at most 2,048 in a group; everything on \
                         two cores."
            .to_owned();
        self.figures.push(figure);
        let what = "processor time for one of these payments".to_owned();
        let mut figure = cpu.figure("P1", what, "µs", "of verify_strict alone", Goal::None);
        figure.command = self.command("P1");
        figure.remark = PROCESSOR_TIME.to_owned();
        self.figures.push(figure);
        Ok(())
    }

    /// A full audit of the journal, against raw signature checks.
    fn p4(&mut self) -> Result<()> {
        if !self.wants(&["P4"]) {
            return Ok(());
        }
        let Sizes { entries, accounts, pairs, .. } = self.sizes;
        let world = World::new(accounts, "localhost/log");
        let (ledger, ledger_id) = self.fresh(&world, "p4", world::clock())?;
        let start = world::clock();
        let load = world.payments(&ledger_id, 0, entries, start, 0);
        let (ledger, _) = Pipeline { world: &world, ledger_id }.run(ledger, &load, |_| start)?;
        let raw = Raw::of(&world, &ledger_id, &load)?;
        drop(load);
        let reader = ledger.reader();
        let (mut rates, mut cpu) = (Pairs::new(), Pairs::new());
        for pair in 0..pairs {
            self.say(&format!("P4, pair {} of {pairs}", pair + 1));
            let mut ours = || {
                let meter = Meter::start();
                let records =
                    reader.records(0).map(|stored| stored.map(|stored| (stored.salt, stored.record)));
                let expected =
                    Expectations { heads: vec![reader.head()], threads: 2, ..Expectations::default() };
                match audit(records, &expected, |_| ()) {
                    Verdict::Holds(_) => Ok(meter.read()),
                    other => bail!("the audit found: {other:?}"),
                }
            };
            let (ours, limit) = in_turn(pair, &mut ours, &mut || raw_run(&raw))?;
            rates.add((entries as f64 / ours.seconds, &ours), (entries as f64 / limit.seconds, &limit));
            cpu.add((ours.micros_of(entries), &ours), (limit.micros_of(entries), &limit));
        }
        let what = format!("payments audited from the journal, {entries} of them");
        let mut figure =
            rates.figure("P4", what, "per second", "verify_strict alone, 2 threads", Goal::RatioAtLeast(0.9));
        figure.command = self.command("P4");
        figure.remark = "Every signature, rule, line and leaf, and the root that the log signed.".to_owned();
        self.figures.push(figure);
        let what = "processor time for one of these payments".to_owned();
        let mut figure = cpu.figure("P4", what, "µs", "of verify_strict alone", Goal::None);
        figure.command = self.command("P4");
        figure.remark = PROCESSOR_TIME.to_owned();
        self.figures.push(figure);
        ledger.close()?;
        Ok(std::fs::remove_dir_all(self.directory("p4"))?)
    }
}

fn engine_run(
    pipeline: &Pipeline<'_>,
    ledger: &mut Option<Ledger<EmbeddedStore>>,
    load: &Load,
    start: Timestamp,
) -> Result<Reading> {
    let opened = ledger.take().expect("each pair has its own ledger");
    let meter = Meter::start();
    let (done, took) = pipeline.run(opened, load, |_| start)?;
    let reading = Reading { seconds: took.as_secs_f64(), ..meter.read() };
    done.close()?;
    Ok(reading)
}

fn raw_run(raw: &Raw) -> Result<Reading> {
    let meter = Meter::start();
    raw.verify_all();
    Ok(meter.read())
}

/// Measures both, in an order that alternates from pair to pair.
fn in_turn<T>(
    pair: usize,
    ours: &mut dyn FnMut() -> Result<T>,
    limit: &mut dyn FnMut() -> Result<T>,
) -> Result<(T, T)> {
    if pair.is_multiple_of(2) {
        let limit = limit()?;
        Ok((ours()?, limit))
    } else {
        let ours = ours()?;
        Ok((ours, limit()?))
    }
}

impl Pairs {
    fn new() -> Self {
        Self { ours: Vec::new(), limits: Vec::new(), ratios: Vec::new(), others: Vec::new() }
    }

    fn add(&mut self, (ours, reading): (f64, &Reading), (limit, limit_reading): (f64, &Reading)) {
        self.ours.push(ours);
        self.limits.push(limit);
        self.ratios.push(ours / limit);
        self.others.push(reading.others.max(limit_reading.others));
    }

    fn figure(&self, id: &'static str, what: String, unit: &'static str, limit: &str, goal: Goal) -> Figure {
        Figure {
            id,
            what,
            value: Some(Spread::of(&self.ours).median),
            unit,
            limit: Some((Spread::of(&self.limits).median, limit.to_owned())),
            ratio: Some(Spread::of(&self.ratios)),
            goal,
            others: Some(Spread::of(&self.others).median),
            remark: String::new(),
            command: String::new(),
        }
    }
}

/// Returns the p99 in milliseconds.
fn p99_ms(ascending: &[std::time::Duration]) -> f64 {
    percentile(ascending, 0.99).as_secs_f64() * 1e3
}
