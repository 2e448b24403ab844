//! P2 and P3: over HTTP, against a bare handler and against PostgreSQL.

use super::{Pairs, Run, Sizes};
use crate::child::Running;
use crate::client::{self, CONNECTIONS, Seen};
use crate::meter::{Meter, Reading};
use crate::postgres::{self, Cluster};
use crate::report::{Figure, Goal, Spread};
use crate::world::{self, World};
use anyhow::{Context as _, Result};
use klaver_ledger::id::LedgerId;
use std::net::SocketAddr;
use std::process::Command;

/// Bytes of a receipt's JSON when no node told: record, twenty hashes and a checkpoint.
const RECEIPT_BYTES: usize = 1_900;

impl Run {
    pub(super) fn p2(&mut self) -> Result<()> {
        if !self.wants(&["P2"]) {
            return Ok(());
        }
        let Sizes { accounts, requests, pairs, .. } = self.sizes;
        let world = World::new(accounts, "localhost/log");
        let ledger_id = LedgerId([7; 32]);
        let bare = self.start_bare(&ledger_id)?;
        let mut rates = Pairs::new();
        for pair in 0..pairs {
            self.say(&format!("P2, pair {} of {pairs}", pair + 1));
            let load = world.payments(&ledger_id, (pair * requests) as u64, requests, world::clock(), 0);
            let requests: Vec<Vec<u8>> = load.envelopes.iter().map(|body| client::post("/v1/entries", body)).collect();
            let (seen, reading) = timed(&bare, requests, None)?;
            rates.add((seen.per_second, &reading), (seen.per_second, &reading));
        }
        let limit = Spread::of(&rates.limits).median;
        self.figures.push(Figure {
            limit: Some((limit, "a bare axum handler".to_owned())),
            others: Some(Spread::of(&rates.others).median),
            command: self.command("P2"),
            ..Figure::not_yet(
                "P2",
                &format!("payments recorded over HTTP, {CONNECTIONS} connections"),
                "per second",
                Goal::RatioAtLeast(0.85),
                "The node is not measured yet. The bare handler reads the same body, does one verify_strict with a ready \
                 key, appends to a file of zeros with one fdatasync for what waits, and answers with a body of the \
                 receipt's size.",
            )
        });
        bare.stop()
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
        let meter = Meter::start();
        let cluster = Cluster::start(self.sizes.accounts)?;
        let (mut best, mut clients) = (0.0, 0);
        for candidate in [8, 32] {
            let rate = cluster.per_second(candidate, self.sizes.postgres_seconds)?;
            if rate > best {
                (best, clients) = (rate, candidate);
            }
        }
        drop(cluster);
        let others = None;
        let remark = format!(
            "pgbench -M prepared, {clients} clients (the better of 8 and 32), {} accounts, a Unix socket, a cluster of its own; \
             a transfer row with a unique key, two postings, two balances.",
            self.sizes.accounts
        );
        // The servers of the database are other programs to us: what they use is no disturbance.
        let _ = meter.read();
        for (name, ours, times) in [("P1 (in process)", self.in_process, 3.5), ("P2 (over HTTP)", self.over_http, 2.0)] {
            let goal = Goal::RatioAtLeast(times);
            let what = format!("{name} against {what}");
            let figure = Figure::not_yet("P3", &what, "per second", goal, &remark);
            self.figures.push(Figure {
                value: ours,
                limit: Some((best, "PostgreSQL".to_owned())),
                ratio: ours.map(|ours| Spread::of(&[ours / best])),
                others,
                command: self.command("P3"),
                ..figure
            });
        }
        Ok(())
    }

    fn start_bare(&self, ledger_id: &LedgerId) -> Result<Running> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare").arg(self.sizes.accounts.to_string()).arg(ledger_id.to_hex());
        Running::start(command.arg(self.directory("bare-log")).arg(RECEIPT_BYTES.to_string()), "http://")
    }
}

fn timed(server: &Running, requests: Vec<Vec<u8>>, per_second: Option<f64>) -> Result<(Seen, Reading)> {
    let address = address_of(server)?;
    let meter = Meter::start_with(&[server.id()]);
    let seen = client::send_all(address, requests, per_second)?;
    Ok((seen, meter.read()))
}

fn address_of(running: &Running) -> Result<SocketAddr> {
    let at = running.line.find("http://").context("it prints its address")?;
    let address = running.line[at + 7..].split(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').next();
    Ok(address.unwrap_or_default().trim_end_matches(':').parse()?)
}
