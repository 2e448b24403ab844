//! `klaver-bench`: measures.
#![forbid(unsafe_code)]
mod pipeline;
mod raw;
mod world;
use klaver_ledger::store::embedded::{EmbeddedStore, Options};
fn main() -> anyhow::Result<()> {
    let n: usize = std::env::args().nth(1).unwrap().parse()?;
    let world = world::World::new(10_000, "localhost/log");
    for _ in 0..3 {
        let dir = tempfile::tempdir_in("target")?;
        let now = world::clock();
        let store = EmbeddedStore::create(&dir.path().join("l"), Options::default(), [1; 32])?;
        let (ledger, id) = world.found(store, now)?;
        let load = world.payments(&id, 0, n, now, 0);
        let raw = raw::Raw::of(&world, &id, &load)?;
        let r = raw.per_second();
        let p = pipeline::Pipeline { world: &world, ledger_id: id };
        let (ledger, t) = p.run(ledger, &load, |_| world::clock())?;
        let rate = n as f64 / t.as_secs_f64();
        println!("raw {r:.0} p1 {rate:.0} ratio {:.3}", rate / r);
        ledger.close()?;
    }
    Ok(())
}
