//! P6: does it stay as fast when the ledger is large?

use super::state::Grown;
use super::{Pairs, Run, Sizes, p99_ms};
use crate::meter::{Meter, Reading};
use crate::pipeline::{Paced, Pipeline};
use crate::report::{Figure, Goal, Spread};
use crate::world::World;
use anyhow::Result;

/// Records and accounts of the small ledger.
const SMALL: (usize, usize) = (10_000, 1_000);

impl Run {
    pub(super) fn p6(&mut self) -> Result<()> {
        if !self.wants(&["P6"]) {
            return Ok(());
        }
        let Sizes { large, large_accounts, pairs, .. } = self.sizes;
        let probe = if self.sizes.full { 100_000 } else { 25_000 };
        self.say(&format!("P6: a ledger of {large} records"));
        let small_world = World::new(SMALL.1, "localhost/log");
        let large_world = World::new(large_accounts, "localhost/log");
        let mut grown = Some(self.grown(&large_world, "p6-large", large)?);
        let mut rates = Pairs::new();
        let mut half = f64::MAX;
        for pair in 0..pairs {
            self.say(&format!("P6, pair {} of {pairs}", pair + 1));
            // The small one is built anew for each pair: it would not stay small.
            let mut small = Some(self.grown(&small_world, "p6-small", SMALL.0)?);
            let mut ours = || record(&large_world, &mut grown, probe);
            let mut limit = || record(&small_world, &mut small, probe);
            let (ours, limit) = super::in_turn(pair, &mut ours, &mut limit)?;
            rates.add((probe as f64 / ours.seconds, &ours), (probe as f64 / limit.seconds, &limit));
            half = half.min(probe as f64 / ours.seconds.max(limit.seconds) / 2.0);
        }
        let what = format!("payments recorded in process at {large} records, {large_accounts} accounts");
        let limit = format!("the same at {} records, {} accounts", SMALL.0, SMALL.1);
        let mut figure = rates.figure("P6", what, "per second", &limit, Goal::RatioAtLeast(0.9));
        figure.command = self.command("P6");
        figure.remark = format!("{probe} payments each time.");
        self.figures.push(figure);

        let mut small = Some(self.grown(&small_world, "p6-small", SMALL.0)?);
        let count = (half * self.sizes.paced_seconds) as usize;
        let meter = Meter::start();
        let paced = record_paced(&large_world, &mut grown, count, half)?;
        let at_large = p99_ms(&paced.latencies);
        let at_small = p99_ms(&record_paced(&small_world, &mut small, count, half)?.latencies);
        self.figures.push(Figure {
            id: "P6",
            what: format!("p99 at half load at {large} records, from bytes to receipt"),
            value: Some(at_large),
            unit: "ms",
            limit: Some((at_small, format!("the same at {} records", SMALL.0))),
            ratio: Some(Spread::of(&[at_large / at_small])),
            goal: Goal::None,
            others: Some(meter.read().others),
            remark: format!(
                "In process, {:.0} payments per second, one by one as they become due. The goal is that it stays flat.",
                paced.per_second
            ),
            command: self.command("P6"),
        });
        (grown, small) = (None, None);
        drop((grown, small));
        std::fs::remove_dir_all(self.directory("p6-small"))?;
        Ok(std::fs::remove_dir_all(self.directory("p6-large"))?)
    }
}

fn record(world: &World, grown: &mut Option<Grown>, count: usize) -> Result<Reading> {
    let Grown { ledger, ledger_id, payments, now, envelope_bytes } =
        grown.take().expect("given back each time");
    let load = world.payments(&ledger_id, payments, count, now, 0);
    let meter = Meter::start();
    let (ledger, took) = Pipeline { world, ledger_id }.run(ledger, &load, |_| now)?;
    let reading = Reading { seconds: took.as_secs_f64(), ..meter.read() };
    *grown = Some(Grown { ledger, ledger_id, payments: payments + count as u64, now, envelope_bytes });
    Ok(reading)
}

fn record_paced(world: &World, grown: &mut Option<Grown>, count: usize, per_second: f64) -> Result<Paced> {
    let Grown { ledger, ledger_id, payments, now, envelope_bytes } =
        grown.take().expect("given back each time");
    let load = world.payments(&ledger_id, payments, count, now, 0);
    let (ledger, paced) = Pipeline { world, ledger_id }.run_paced(ledger, &load, per_second, |_| now)?;
    *grown = Some(Grown { ledger, ledger_id, payments: payments + count as u64, now, envelope_bytes });
    Ok(paced)
}
