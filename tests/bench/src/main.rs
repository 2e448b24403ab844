//! `klaver-bench`: measures speed and size beside the limits of the machine, in alternation, in one run.
//!
//! `klaver-bench [--full] [--out DIRECTORY] [--scratch DIRECTORY] [P1 P2 …]` measures all or some of the figures,
//! prints a table and, with `--out`, writes `benchmarks.md` and `benchmarks.json` there. `--smoke` takes the smallest
//! sizes, to see that everything can be measured. `tests/bench/run` builds it, sees to PostgreSQL and gives it two
//! processors. `klaver-bench bare ACCOUNTS LEDGER-ID LOG-FILE ANSWER-BYTES` is the bare handler that it starts.
#![forbid(unsafe_code)]

mod bare;
mod child;
mod client;
mod figures;
mod machine;
mod meter;
mod node;
mod pipeline;
mod postgres;
mod raw;
mod reads;
mod report;
mod world;

use anyhow::{Context as _, Result, bail};
use figures::{Run, Sizes};
use klaver_ledger::id::LedgerId;
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["bare", accounts, ledger, log, answer_bytes] => {
            let ledger = LedgerId::from_hex(ledger).context("a ledger id is 64 hexadecimal digits")?;
            bare::serve(accounts.parse()?, ledger, Path::new(log), answer_bytes.parse()?)
        }
        words => measure(words),
    }
}

fn measure(words: &[&str]) -> Result<()> {
    let (mut sizes, mut out, mut scratch, mut only) = (Sizes::QUICK, None, std::env::temp_dir(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--full" => sizes = Sizes::FULL,
            "--smoke" => sizes = Sizes::SMOKE,
            "--out" => out = Some(PathBuf::from(words.next().context("--out needs a directory")?)),
            "--scratch" => scratch = PathBuf::from(words.next().context("--scratch needs a directory")?),
            id if figures::IDS.contains(&id) => only.push(id.to_owned()),
            other => bail!(
                "\"{other}\" is unknown: give --full, --smoke, --out, --scratch, or figures of {:?}",
                figures::IDS
            ),
        }
    }
    if out.is_some() && !only.is_empty() {
        bail!("the pages hold all figures of one run: leave --out away, or measure all");
    }
    std::fs::create_dir_all(&scratch)?;
    let report = Run::new(sizes, &scratch, only)?.all()?;
    println!("\n{}", report.table());
    if let Some(out) = out {
        report.write(&out)?;
    }
    Ok(())
}
