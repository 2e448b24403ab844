//! Measures the engine in process: signed payments through decoding, verification, rules, log, journal and receipts,
//! against raw signature checks in the same minute.
//!
//! `throughput run DIR [ENTRIES] [ACCOUNTS] [PAIRS]` fills a new directory and prints the ratio;
//! `throughput open DIR` opens it and prints time, memory and bytes on disk; `throughput audit DIR` replays it.

use klaver_ledger::account::{AccountKind, AccountState};
use klaver_ledger::audit::{Expectations, audit};
use klaver_ledger::engine::{Ledger, NodeKeys, Outcome};
use klaver_ledger::entry::{
    Body, Earn, EarnReason, Entry, Found, Open, Pay, PayLine, SignedEntry, VerifiedEntry,
};
use klaver_ledger::id::{Digest, LedgerId, Nonce};
use klaver_ledger::keys::{PublicKey, ReadyKey, Signature, SigningKey};
use klaver_ledger::record::SaltSource;
use klaver_ledger::store::StoreReader;
use klaver_ledger::store::embedded::{EmbeddedStore, Options};
use klaver_ledger::testing::{COUNCIL, Dice, World, charter, key, minor, state, sum};
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

const THREADS: usize = 2;
/// Envelopes that a verifier takes at a time.
const BITE: usize = 128;

type KeyCache = HashMap<[u8; 32], ReadyKey>;

struct Counted(u64);

impl SaltSource for Counted {
    fn salt(&mut self) -> [u8; 32] {
        self.0 += 1;
        let mut salt = [7; 32];
        salt[..8].copy_from_slice(&self.0.to_le_bytes());
        salt
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |at: usize, usual: usize| args.get(at).map_or(usual, |text| text.parse().expect("a number"));
    match (args.get(1).map(String::as_str), args.get(2)) {
        (Some("run"), Some(directory)) => {
            run(Path::new(directory), number(3, 100_000), number(4, 10_000), number(5, 5))
        }
        (Some("open"), Some(directory)) => open(Path::new(directory)),
        (Some("audit"), Some(directory)) => replay(Path::new(directory)),
        _ => eprintln!("throughput run|open|audit DIR [ENTRIES] [ACCOUNTS] [PAIRS]"),
    }
}

fn salt() -> [u8; 32] {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    *Digest::of(&now.as_nanos().to_le_bytes()).as_bytes()
}

fn keys() -> NodeKeys {
    NodeKeys { log: key("log") }
}

/// A payment, signed beforehand.
struct Signed {
    envelope: Vec<u8>,
    message: Vec<u8>,
    signature: Signature,
    payer: usize,
}

fn run(directory: &Path, entries: usize, accounts: usize, pairs: usize) {
    let mut world = World::unfounded();
    let found = Found {
        name: "Testdorp".to_owned(),
        unit: klaver_ledger::charter::UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() },
        scale: klaver_ledger::amount::Scale::new(2).expect("two"),
        charter: {
            let mut charter = charter();
            charter.policy.organisation_day_amount = None;
            charter
        },
        predecessor: None,
    };
    let found = world.signed(Body::Found(found), COUNCIL);
    let ledger_id = LedgerId::of_founding_payload(found.signed().payload());
    let store = EmbeddedStore::create(directory, Options::default(), salt()).expect("an empty directory");
    let (mut ledger, _) = Ledger::found(store, keys(), found, world.now, Counted(0)).expect("founded");
    let now = world.now;

    let people: Vec<(SigningKey, AccountState)> = (0..accounts)
        .map(|number| {
            let name = format!("member {number}");
            (key(&name), state(&name, AccountKind::Member))
        })
        .collect();
    let budget = AccountState { limit: sum(1 << 50), ..state("house", AccountKind::Budget) };
    let mut nonce = 0u64;
    let mut next = |body: Body, now: Timestamp| {
        nonce += 1;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&nonce.to_le_bytes());
        Entry { nonce: Nonce(bytes), expires_at: Deadline::after(now, Seconds(6 * 86_400)), memo: None, body }
    };
    let council: Vec<SigningKey> = COUNCIL.iter().map(|name| key(name)).collect();
    let council: Vec<&SigningKey> = council.iter().collect();
    let mut setup =
        vec![SignedEntry::sign(next(Body::Open(Open { states: vec![budget] }), now), &ledger_id, &council)];
    for chunk in people.chunks(100) {
        let states = chunk.iter().map(|(_, state)| state.clone()).collect();
        setup.push(SignedEntry::sign(next(Body::Open(Open { states }), now), &ledger_id, &council));
    }
    for chunk in people.chunks(300) {
        let payees = chunk.iter().map(|(_, state)| (state.account, minor(1_000_000))).collect();
        let budget = klaver_ledger::testing::account("house");
        let body = Body::Earn(Earn { budget, reason: EarnReason::Helped, task: None, payees });
        setup.push(SignedEntry::sign(next(body, now), &ledger_id, &[&key("house")]));
    }
    let setup = setup.into_iter().map(|signed| signed.verify_any_key(&ledger_id).expect("signed")).collect();
    let (opened, outcomes) = ledger.commit(setup, now).expect("durable");
    ledger = opened;
    if let Some(other) = outcomes.iter().find(|outcome| !matches!(outcome, Outcome::Recorded(_))) {
        panic!("{other:?}");
    }

    let mut dice = Dice::new(1);
    let mut roll = |below: usize| dice.below(below as u64) as usize;
    let unsigned: Vec<(Entry, usize)> = (0..entries)
        .map(|_| {
            let (payer, offset) = (roll(accounts), 1 + roll(accounts - 1));
            let to = people[(payer + offset) % accounts].1.account;
            let payees = vec![PayLine { to, amount: minor(1 + roll(20) as u64), request: None }];
            let from = people[payer].1.account;
            (next(Body::Pay(Pay { from, payees, late: false }), now), payer)
        })
        .collect();
    let half = entries.div_ceil(THREADS);
    let signed: Vec<Signed> = std::thread::scope(|scope| {
        let signing = unsigned.chunks(half).map(|part| {
            let people = &people;
            scope.spawn(move || {
                part.iter()
                    .map(|(entry, payer)| sign(entry.clone(), *payer, people, &ledger_id))
                    .collect::<Vec<_>>()
            })
        });
        let signing: Vec<_> = signing.collect();
        signing.into_iter().flat_map(|part| part.join().expect("signed")).collect()
    });
    drop(unsigned);
    let ready: Vec<ReadyKey> = people.iter().map(|(key, _)| PublicKey::of(key).ready()).collect();

    if std::env::var_os("THROUGHPUT_PHASES").is_some() {
        phases(ledger, &signed, &ready, &ledger_id, now);
        return;
    }
    // As in a node: each verifier keeps decompressed keys as long as it lives. The first pair fills them.
    let mut caches: Vec<KeyCache> = (0..THREADS).map(|_| KeyCache::new()).collect();
    let mut ratios = Vec::new();
    for part in signed.chunks(entries.div_ceil(pairs)) {
        let raw = rate(part.len(), || verify_raw(part, &ready));
        let mut held = Some(ledger);
        let whole = rate(part.len(), || {
            held = Some(through_the_engine(held.take().expect("held"), part, &ledger_id, now, &mut caches))
        });
        ledger = held.expect("given back");
        println!(
            "raw verify_strict {:>8.0}/s {:>6.1} us   whole engine {:>8.0}/s {:>6.1} us   ratio {:.3}, of processor time {:.3}",
            raw.0,
            raw.1,
            whole.0,
            whole.1,
            whole.0 / raw.0,
            raw.1 / whole.1
        );
        ratios.push(raw.1 / whole.1);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "median ratio of processor time {:.3} of {pairs} pairs, {entries} entries, {accounts} accounts",
        ratios[ratios.len() / 2]
    );
    println!("resident {} MiB with {} envelopes in memory", resident_mib(), entries);
    let begun = Instant::now();
    if std::env::var_os("THROUGHPUT_KILL").is_some() {
        println!("leaving without closing");
        std::process::exit(0);
    }
    ledger.close().expect("closed");
    println!("closed in {:.2} s", begun.elapsed().as_secs_f64());
}

fn sign(entry: Entry, payer: usize, people: &[(SigningKey, AccountState)], ledger: &LedgerId) -> Signed {
    let signed = SignedEntry::sign(entry, ledger, &[&people[payer].0]);
    let signature = signed.signatures()[0].1;
    Signed { envelope: signed.encode(), message: signed.signing_input(ledger), signature, payer }
}

/// Prints what each step costs on one thread.
fn phases(
    ledger: Ledger<EmbeddedStore>,
    signed: &[Signed],
    ready: &[ReadyKey],
    ledger_id: &LedgerId,
    now: Timestamp,
) {
    let spent = |what: &str, (_, microseconds): (f64, f64)| println!("{what:<40} {microseconds:>6.2} us");
    spent(
        "raw verify_strict",
        rate(signed.len(), || {
            signed.iter().for_each(|one| assert!(ready[one.payer].has_signed(&one.message, &one.signature)));
        }),
    );
    let mut decoded = Vec::new();
    spent(
        "decode",
        rate(signed.len(), || {
            decoded =
                signed.iter().map(|one| SignedEntry::decode(&one.envelope).expect("well formed")).collect();
        }),
    );
    let mut verified = Vec::new();
    spent(
        "verify, keys at hand",
        rate(signed.len(), || {
            let pairs = decoded.drain(..).zip(signed);
            verified = pairs
                .map(|(entry, one)| entry.verify(ledger_id, |_| Some(ready[one.payer])).expect("signed"))
                .collect();
        }),
    );
    let mut batches: Vec<Vec<VerifiedEntry>> = Vec::new();
    while !verified.is_empty() {
        let rest = verified.split_off(verified.len().min(1_024));
        batches.push(std::mem::replace(&mut verified, rest));
    }
    let mut held = Some(ledger);
    spent(
        "commit in groups of 1,024",
        rate(signed.len(), || {
            for batch in batches {
                let (ledger, outcomes) = held.take().expect("held").commit(batch, now).expect("durable");
                assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Recorded(_))));
                held = Some(ledger);
            }
        }),
    );
}

/// Entries per second of wall time, and microseconds of processor time for each.
fn rate(count: usize, work: impl FnOnce()) -> (f64, f64) {
    let (begun, spent) = (Instant::now(), cpu_seconds());
    work();
    (count as f64 / begun.elapsed().as_secs_f64(), (cpu_seconds() - spent) * 1e6 / count as f64)
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    // User and system time, in ticks of a hundredth of a second.
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>()
        / 100.0
}

fn verify_raw(part: &[Signed], ready: &[ReadyKey]) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(bite) = part.chunks(BITE).nth(next.fetch_add(1, Ordering::Relaxed)) {
                    for signed in bite {
                        assert!(ready[signed.payer].has_signed(&signed.message, &signed.signature));
                    }
                }
            });
        }
    });
}

fn through_the_engine(
    ledger: Ledger<EmbeddedStore>,
    part: &[Signed],
    ledger_id: &LedgerId,
    now: Timestamp,
    caches: &mut [KeyCache],
) -> Ledger<EmbeddedStore> {
    let reader = ledger.reader();
    let next = AtomicUsize::new(0);
    let (verified, waiting) = sync_channel::<Vec<VerifiedEntry>>(32);
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            let mut ledger = ledger;
            let mut receipts = 0;
            while let Ok(mut batch) = waiting.recv() {
                while batch.len() + BITE <= 2_048 {
                    let Ok(more) = waiting.try_recv() else { break };
                    batch.extend(more);
                }
                let (given_back, outcomes) = ledger.commit(batch, now).expect("durable");
                ledger = given_back;
                receipts += outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Recorded(_))).count();
            }
            assert_eq!(receipts, part.len(), "every payment has its receipt");
            ledger
        });
        for keys in caches {
            let (verified, reader, next) = (verified.clone(), reader.clone(), &next);
            scope.spawn(move || {
                while let Some(bite) = part.chunks(BITE).nth(next.fetch_add(1, Ordering::Relaxed)) {
                    let entries = bite.iter().map(|signed| {
                        let entry = SignedEntry::decode(&signed.envelope).expect("well formed");
                        let key = |key: &[u8; 32]| {
                            if let Some(ready) = keys.get(key) {
                                return Some(*ready);
                            }
                            let known = reader.standing().knows_key(key);
                            let ready = ReadyKey::from_bytes(key).ok().filter(|_| known)?;
                            keys.insert(*key, ready);
                            Some(ready)
                        };
                        entry.verify(ledger_id, key).expect("well signed")
                    });
                    verified.send(entries.collect()).expect("the writer takes it");
                }
            });
        }
        drop(verified);
        writer.join().expect("the writer")
    })
}

fn open(directory: &Path) {
    let before = resident_mib();
    let begun = Instant::now();
    let store = EmbeddedStore::open(directory, Options::default(), salt()).expect("a ledger");
    let read = begun.elapsed().as_secs_f64();
    let (ledger, report) = Ledger::open(store, keys(), Counted(1 << 60)).expect("opens");
    println!(
        "opened in {:.3} s (journal and snapshot {read:.3} s): {report:?}",
        begun.elapsed().as_secs_f64()
    );
    println!("resident {} MiB, {before} before", resident_mib());
    println!("on disk {} bytes per record", disk_bytes(directory) / report.size);
    std::thread::sleep(std::time::Duration::from_secs(3));
    println!("resident {} MiB after 3 s; health {:?}", resident_mib(), ledger.reader().store().health());
    ledger.close().expect("closed");
}

fn replay(directory: &Path) {
    let store = EmbeddedStore::open(directory, Options::default(), salt()).expect("a ledger");
    let (ledger, report) = Ledger::open(store, keys(), Counted(1 << 60)).expect("opens");
    let reader = ledger.reader();
    let expectations = Expectations::of_checkpoints([&reader.checkpoint()]);
    let begun = Instant::now();
    let records = reader.records(0).map(|stored| stored.map(|stored| (stored.salt, stored.record)));
    let verdict = audit(records, &expectations, |_| {});
    let whole = report.size as f64 / begun.elapsed().as_secs_f64();
    println!("{verdict}\naudited {whole:.0}/s");
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

fn disk_bytes(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let Ok(files) = std::fs::read_dir(directory) else { return 0 };
    let sizes = files.flatten().map(|file| match file.metadata() {
        Ok(meta) if meta.is_dir() => disk_bytes(&file.path()),
        Ok(meta) => meta.blocks() * 512,
        Err(_) => 0,
    });
    sizes.sum()
}
