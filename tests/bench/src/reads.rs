//! P8: what people look at most, by eight readers without pause while payments are recorded.

use crate::client::percentile;
use crate::world::World;
use anyhow::{Context as _, Result};
use klaver_ledger::engine::Reader;
use klaver_ledger::log::tile::HashTile;
use klaver_ledger::store::StoreReader;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many read at once.
pub const READERS: usize = 8;
/// Lines on a page.
const PAGE_LINES: usize = 20;

/// What is read, in turn.
pub const QUESTIONS: [&str; 4] = ["statement page", "balance", "inclusion proof", "tile"];

/// Latencies of each question, ascending.
pub type Latencies = [Vec<Duration>; 4];

/// Reads until `stop` is set.
///
/// # Errors
/// When a question has no answer.
pub fn read_until<R: StoreReader>(world: &World, reader: &Reader<R>, stop: &AtomicBool) -> Result<Latencies> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..READERS)
            .map(|number| {
                let reader = reader.clone();
                scope.spawn(move || read(world, &reader, number, stop))
            })
            .collect();
        let mut all = Latencies::default();
        for thread in threads {
            let own = thread.join().ok().context("a reader ended")??;
            for (all, own) in all.iter_mut().zip(own) {
                all.extend(own);
            }
        }
        all.iter_mut().for_each(|latencies| latencies.sort_unstable());
        Ok(all)
    })
}

fn read<R: StoreReader>(
    world: &World,
    reader: &Reader<R>,
    number: usize,
    stop: &AtomicBool,
) -> Result<Latencies> {
    let mut latencies = Latencies::default();
    // A fixed sequence that visits everything: Knuth's multiplicative constant.
    let mut dice = number as u64 + 1;
    while !stop.load(Ordering::Relaxed) {
        for (question, latencies) in latencies.iter_mut().enumerate() {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (member, size) =
                (&world.members[(dice >> 33) as usize % world.members.len()], reader.head().size);
            let index = (dice >> 20) % size;
            let started = Instant::now();
            match question {
                0 => drop(reader.statement(&member.account, None, PAGE_LINES)?),
                1 => {
                    std::hint::black_box(
                        reader.standing().account(&member.account).context("a member")?.balance(),
                    );
                }
                2 => drop(reader.inclusion_proof(index, size)?),
                _ => {
                    let full = (size / 256).max(1);
                    drop(reader.tile(&HashTile::new(0, (index / 256) % full, 256)?, size)?);
                }
            }
            latencies.push(started.elapsed());
        }
    }
    Ok(latencies)
}

/// Returns the worst of the p99s with its question.
pub fn worst(latencies: &Latencies) -> (&'static str, Duration) {
    let p99s =
        QUESTIONS.iter().zip(latencies).map(|(question, latencies)| (*question, percentile(latencies, 0.99)));
    p99s.max_by_key(|(_, p99)| *p99).unwrap_or_default()
}
