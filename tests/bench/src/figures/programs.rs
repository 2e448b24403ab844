//! P11 and P12: what a person waits for who uses the programs for the first time.

use super::{Pairs, Run};
use crate::meter::{Meter, Reading};
use crate::node;
use crate::report::{Figure, Goal};
use anyhow::{Result, ensure};
use std::process::{Command, Stdio};

/// How often a program is started.
const STARTS: usize = 21;

impl Run {
    pub(super) fn p11(&mut self) -> Result<()> {
        if !self.wants(&["P11"]) {
            return Ok(());
        }
        self.say("P11");
        let wallet = node::program("klaver")?;
        let mut times = Pairs::new();
        for pair in 0..STARTS {
            let mut ours = || started(Command::new(&wallet).arg("--version"));
            let mut limit = || started(&mut Command::new("true"));
            let (ours, limit) = super::in_turn(pair, &mut ours, &mut limit)?;
            times.add((ours.seconds * 1e3, &ours), (limit.seconds * 1e3, &limit));
        }
        let mut figure =
            times.figure("P11", "`klaver --version`".to_owned(), "ms", "`true`", Goal::AtMost(10.0));
        figure.remark = format!("From the start of the process to its end, median of {STARTS}.");
        figure.command = self.command("P11");
        // Starting a program takes less time than the kernel's ticks of processor time tell apart.
        figure.others = None;
        self.figures.push(figure);
        let what = "`klaver balance` with a valid session, besides the network";
        let why = "Needs a wallet with a session on a running node.";
        self.figures.push(Figure::not_yet("P11", what, "ms", Goal::AtMost(50.0), why));
        Ok(())
    }

    pub(super) fn p12(&mut self) -> Result<()> {
        if !self.wants(&["P12"]) {
            return Ok(());
        }
        self.say("P12");
        let data = self.directory("demo");
        let mut demo = Command::new(node::program("klaver-node")?);
        let reading = started(demo.args(["demo", "--exit", "--seed", "7", "--data"]).arg(&data))?;
        self.figures.push(Figure {
            id: "P12",
            what: "a demonstration town from nothing, its three months of history and its story".to_owned(),
            value: Some(reading.seconds),
            unit: "s",
            limit: None,
            ratio: None,
            goal: Goal::AtMost(60.0),
            others: Some(reading.others),
            remark: "`klaver-node demo --exit --seed 7`, which `make demo` runs in a built clone: it ends after the first \
                     receipts, so these come sooner. No question is asked: its input is empty."
                .to_owned(),
            command: self.command("P12"),
        });
        Ok(std::fs::remove_dir_all(data)?)
    }
}

/// Runs a program to its end, silently.
fn started(command: &mut Command) -> Result<Reading> {
    let meter = Meter::start();
    let output = command.stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(meter.read())
}
