//! P2 and P3: over HTTP, against a bare handler and against PostgreSQL.

use super::{PROCESSOR_TIME, Pairs, Run, Sizes, p99_ms};
use crate::child::{Running, Says};
use crate::client::{self, CONNECTIONS, Seen};
use crate::meter::{Meter, Reading};
use crate::node;
use crate::postgres::{self, Cluster};
use crate::report::{Figure, Goal, Spread};
use crate::world::{self, World};
use anyhow::Result;
use klaver_ledger::id::LedgerId;
use std::net::SocketAddr;
use std::process::Command;

/// Requests that warm up both sides, and show how long a receipt is.
const WARM_UP: usize = 256;

/// A server with its address.
type Server = (Running, SocketAddr);

impl Run {
    pub(super) fn p2(&mut self) -> Result<()> {
        if !self.wants(&["P2", "P3"]) {
            return Ok(());
        }
        let Sizes { accounts, requests, pairs, .. } = self.sizes;
        let world = World::new(accounts, "localhost/log");
        let (ledger, ledger_id) = self.fresh(&world, "p2", world::clock())?;
        ledger.close()?;
        let node = node::start(&self.directory("p2"))?;
        let mut sent = 0;
        let mut sign = |count: usize| {
            let load = world.payments(&ledger_id, sent, count, world::clock(), 0);
            sent += count as u64;
            load.envelopes.iter().map(|body| client::post("/v1/entries", body)).collect::<Vec<_>>()
        };
        let warm_up = sign(WARM_UP);
        let (seen, _) = timed(&node, warm_up.clone(), None)?;
        let bare = self.start_bare(&ledger_id, seen.answer_bytes)?;
        timed(&bare, warm_up, None)?;
        let (mut rates, mut cpu) = (Pairs::new(), Pairs::new());
        for pair in 0..pairs {
            self.say(&format!("P2, pair {} of {pairs}", pair + 1));
            let load = sign(requests);
            let mut ours = || timed(&node, load.clone(), None);
            let mut limit = || timed(&bare, load.clone(), None);
            let ((ours, own), (limit, other)) = super::in_turn(pair, &mut ours, &mut limit)?;
            rates.add((ours.per_second, &own), (limit.per_second, &other));
            cpu.add((own.micros_of(requests), &own), (other.micros_of(requests), &other));
        }
        let full_rate = Spread::of(&rates.ours).median;
        self.over_http = Some(full_rate);
        let what = format!("payments recorded over HTTP, {CONNECTIONS} connections, {accounts} accounts");
        let mut figure =
            rates.figure("P2", what, "per second", "a bare axum handler", Goal::RatioAtLeast(0.85));
        figure.command = self.command("P2");
        figure.remark = format!(
            "`klaver-node serve`, one payment per request, the client on the same two processors. The bare handler reads the \
             same body, does one verify_strict with a ready key, appends to a file of zeros with one fdatasync for what \
             waits, and answers with a body of the receipt's size, {} bytes.",
            seen.answer_bytes
        );
        self.figures.push(figure);
        let what = "processor time for one of these payments, the client's included".to_owned();
        let mut figure = cpu.figure("P2", what, "µs", "of the bare handler and its client", Goal::None);
        figure.command = self.command("P2");
        figure.remark = PROCESSOR_TIME.to_owned();
        self.figures.push(figure);

        self.say("P2 at half load");
        let load = sign((full_rate / 2.0 * self.sizes.paced_seconds) as usize);
        let (ours, reading) = timed(&node, load.clone(), Some(full_rate / 2.0))?;
        let (limit, _) = timed(&bare, load, Some(full_rate / 2.0))?;
        let (ours_ms, limit_ms) = (p99_ms(&ours.latencies), p99_ms(&limit.latencies));
        self.figures.push(Figure {
            id: "P2",
            what: "p99 at half load, from the moment a request is due".to_owned(),
            value: Some(ours_ms),
            unit: "ms",
            limit: Some((limit_ms, "the bare handler at the same pace".to_owned())),
            ratio: None,
            goal: Goal::AtMost(10.0),
            others: Some(reading.others),
            remark: format!("{:.0} payments per second.", ours.per_second),
            command: self.command("P2"),
        });
        node.0.stop()?;
        bare.0.stop()
    }

    pub(super) fn p3(&mut self) -> Result<()> {
        if !self.wants(&["P3"]) {
            return Ok(());
        }
        let what = "transfers in PostgreSQL 15, one function each, fsync on";
        if !postgres::is_installed() {
            let why = "PostgreSQL 15 is not installed here: tests/bench/run installs it as root on Debian.";
            self.figures.push(Figure::not_yet("P3", what, "per second", Goal::None, why));
            return Ok(());
        }
        self.say("P3");
        let cluster = Cluster::start(self.sizes.accounts)?;
        let (mut best, mut clients) = (0.0, 0);
        for candidate in [8, 32] {
            let rate = cluster.per_second(candidate, self.sizes.postgres_seconds)?;
            if rate > best {
                (best, clients) = (rate, candidate);
            }
        }
        drop(cluster);
        let remark = format!(
            "pgbench -M prepared, {clients} clients (the better of 8 and 32), {} accounts, a Unix socket, a cluster of its own; \
             a transfer row with a unique key, two postings, two balances.",
            self.sizes.accounts
        );
        // The servers of the database are other programs to us, so nothing is said of others here.
        for (name, ours, times) in
            [("P1 (in process)", self.in_process, 3.5), ("P2 (over HTTP)", self.over_http, 2.0)]
        {
            let goal = Goal::RatioAtLeast(times);
            let what = format!("{name} against {what}");
            let figure = Figure::not_yet("P3", &what, "per second", goal, &remark);
            self.figures.push(Figure {
                value: ours,
                limit: Some((best, "PostgreSQL".to_owned())),
                ratio: ours.map(|ours| Spread::of(&[ours / best])),
                command: self.command("P3"),
                ..figure
            });
        }
        Ok(())
    }

    fn start_bare(&self, ledger_id: &LedgerId, answer_bytes: usize) -> Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare").arg(self.sizes.accounts.to_string()).arg(ledger_id.to_hex());
        command.arg(self.directory("bare-log")).arg(answer_bytes.to_string());
        let running = Running::start(&mut command, Says::Out, "http://")?;
        let address = running.value_of("http://")?.parse()?;
        Ok((running, address))
    }
}

fn timed(
    (server, address): &Server,
    requests: Vec<Vec<u8>>,
    per_second: Option<f64>,
) -> Result<(Seen, Reading)> {
    let meter = Meter::start_with(&[server.id()]);
    let seen = client::send_all(*address, requests, per_second)?;
    Ok((seen, meter.read()))
}
