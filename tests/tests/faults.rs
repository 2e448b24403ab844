//! What no fault may take away: whatever a node acknowledged, it stands by, however it ended.
//!
//! F1 kills it under load, F3 stops it under load, F8 takes its views away. Receipts are kept outside of the node, by
//! the clients. `tests/soak kill` runs F1 with more rounds. Each check is also shown a fault that it must find.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_api::text::from_base64url;
use klaver_ledger::testing::account;
use klaver_tests::load::{Load, Outcome};
use klaver_tests::node::{DRAINED_WITHIN, Node, copy_directory};
use klaver_tests::receipts::{Receipts, check, count, settle};
use klaver_tests::town::Town;
use klaver_tests::workspace::setting;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Rounds on one ledger, before another is founded.
const ROUNDS_PER_LEDGER: usize = 10;

/// When a round's node is killed: so many milliseconds after its first receipt.
const KILL_AFTER_MS: (u64, u64) = (20, 500);

/// A town under load, and what its clients hold.
struct Scene {
    town: Town,
    payers: Vec<String>,
    kept: Receipts,
    /// Records that are none of the load's.
    before: u64,
    directory: TempDir,
}

impl Scene {
    fn new(clients: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let payers: Vec<String> = (0..clients).map(|number| format!("payer {number}")).collect();
        let names: Vec<&str> = payers.iter().map(String::as_str).collect();
        let town = Town::found(directory.path(), &names, &["bakery"]);
        town.give(&names, 1_000_000);
        let kept = Receipts::at(&directory.path().join("receipts"));
        Self { before: town.size(), town, payers, kept, directory }
    }

    /// Lets everybody pay until `end` has ended the node.
    fn pay_until(&mut self, delay: Duration, end: impl FnOnce(&mut Node)) -> Outcome {
        let (client, ledger) = (self.town.client.clone(), self.town.ledger);
        let load =
            Load { client: &client, ledger, payers: &self.payers, merchant: "bakery", kept: &self.kept };
        load.until(delay, || end(&mut self.town.node))
    }

    /// Starts the node again and checks what came of the lines from `first` on, and of what nobody knows.
    fn recover(&mut self, first: usize, outcome: &Outcome) -> Result<(), String> {
        self.town.node.try_start()?;
        // The connections of the node before are gone.
        self.town.client = self.town.node.client();
        let client = &self.town.client;
        check(client, &client.identity(), &self.kept.read(first))?;
        settle(client, &self.town.ledger, &outcome.unsettled(), &self.kept)
    }

    /// Checks everything once more: each receipt, the number of records, the merchant's balance, the directory.
    fn check_whole(&mut self) -> Result<(), String> {
        let client = &self.town.client;
        let checked = check(client, &client.identity(), &self.kept.read(0))?;
        count(&self.town, self.before, checked.entries)?;
        let expected = format!("{}.{:02}", checked.entries / 100, checked.entries % 100);
        let found = self.town.balance("bakery");
        if found != expected {
            return Err(format!("{expected} were paid to the bakery, it has {found}"));
        }
        self.town.node.stop();
        let ran = self.town.node.verify();
        if ran.status != 0 { Err(format!("{}{}", ran.out, ran.err)) } else { Ok(()) }
    }
}

/// Returns a number between `least` and `most` that looks random and is the same for the same `seed`.
fn pick(seed: usize, (least, most): (u64, u64)) -> u64 {
    let mut mixed = (seed as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    least + (mixed ^ (mixed >> 31)) % (most - least + 1)
}

#[test]
fn f1_killed_under_load_nothing_acknowledged_is_lost() {
    let (first, rounds) = (setting("KLAVER_FIRST_ROUND", 0), setting("KLAVER_ROUNDS", 50));
    let (mut hit, mut acknowledged, mut unknown) = (0, 0, 0);
    let mut round = first;
    while round < first + rounds {
        let mut scene = Scene::new(8 + pick(round, (0, 8)) as usize);
        for _ in 0..ROUNDS_PER_LEDGER.min(first + rounds - round) {
            let (from, delay) = (scene.kept.len(), Duration::from_millis(pick(round, KILL_AFTER_MS)));
            let outcome = scene.pay_until(delay, Node::kill);
            let in_round = format!("round {round}, killed {delay:?} after the first receipt");
            scene.recover(from, &outcome).unwrap_or_else(|lost| panic!("{in_round}: {lost}"));
            hit += usize::from(!outcome.unknown.is_empty());
            acknowledged += outcome.acknowledged;
            unknown += outcome.unknown.len();
            round += 1;
        }
        scene.check_whole().unwrap_or_else(|wrong| panic!("after round {round}: {wrong}"));
    }
    println!(
        "{rounds} kills: {acknowledged} acknowledged, {unknown} unknown, {hit} kills hit running payments"
    );
    // A kill that hits nobody shows nothing.
    assert!(rounds * 9 <= hit * 10, "only {hit} of {rounds} kills hit running payments");
    assert!(rounds * 5 < acknowledged, "only {acknowledged} payments in {rounds} rounds");
}

#[test]
fn f3_told_to_stop_under_load_it_finishes_what_it_took() {
    let (first, rounds) = (setting("KLAVER_FIRST_ROUND", 0), setting("KLAVER_ROUNDS", 10));
    let mut scene = Scene::new(12);
    let (mut hit, mut slowest) = (0, Duration::ZERO);
    for round in first..first + rounds {
        let (from, delay) = (scene.kept.len(), Duration::from_millis(pick(round, KILL_AFTER_MS)));
        let mut took = Duration::ZERO;
        let outcome = scene.pay_until(delay, |node| took = node.stop());
        scene.recover(from, &outcome).unwrap_or_else(|lost| panic!("round {round}: {lost}"));
        hit += usize::from(!outcome.unsettled().is_empty());
        slowest = slowest.max(took);
    }
    scene.check_whole().unwrap();
    println!("{rounds} stops under load, the slowest in {slowest:?}");
    assert!(slowest < DRAINED_WITHIN);
    assert_eq!(hit, rounds, "a stop that ends nobody's payments was no stop under load");
}

/// Returns the statements of every account, page by page.
fn statements(scene: &Scene) -> Vec<serde_json::Value> {
    let mut all = Vec::new();
    for name in scene.payers.iter().map(String::as_str).chain(["bakery", "house"]) {
        let token = scene.town.session(name);
        let path = format!("/v1/accounts/{}/statement?limit=100", account(name));
        let mut cursor = Some(path.clone());
        while let Some(page) = cursor {
            let answer = scene.town.client.get(&page, Some(&token));
            assert_eq!(answer.status, 200, "{answer:?}");
            cursor = answer.json["next"].as_str().map(|next| format!("{path}&cursor={next}"));
            all.push(answer.json);
        }
    }
    all
}

/// Changes every file below `directory` in its own way.
fn damage(directory: &Path, change: &dyn Fn(&mut Vec<u8>)) -> usize {
    let mut damaged = 0;
    for item in std::fs::read_dir(directory).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            damaged += damage(&path, change);
        } else {
            let mut bytes = std::fs::read(&path).unwrap();
            let before = bytes.clone();
            change(&mut bytes);
            damaged += usize::from(bytes != before);
            std::fs::write(&path, bytes).unwrap();
        }
    }
    damaged
}

#[test]
fn f8_views_that_are_gone_or_damaged_are_made_again() {
    type Fault = (&'static str, fn(&Path) -> usize);
    let faults: [Fault; 5] = [
        ("deleted", |views| {
            std::fs::remove_dir_all(views).unwrap();
            1
        }),
        ("emptied", |views| damage(views, &Vec::clear)),
        ("cut in half", |views| damage(views, &|bytes| bytes.truncate(bytes.len() / 2))),
        ("overwritten", |views| damage(views, &|bytes| bytes.fill(0xa5))),
        ("one bit in a hundred bytes flipped", |views| {
            damage(views, &|bytes| bytes.iter_mut().step_by(100).for_each(|byte| *byte ^= 8))
        }),
    ];
    let mut scene = Scene::new(8);
    let outcome = scene.pay_until(Duration::from_millis(300), |node| {
        node.stop();
    });
    scene.recover(0, &outcome).unwrap();
    let before = statements(&scene);
    let lines: usize = before.iter().map(|page| page["lines"].as_array().unwrap().len()).sum();
    // Every payment has two lines, and every account one from its opening.
    assert!(2 * scene.kept.len() < lines, "{lines} lines for {} payments", scene.kept.len());
    for (what, fault) in faults {
        scene.town.node.stop();
        let views = scene.town.node.ledger().join("views");
        assert!(views.is_dir(), "the views are in {}", views.display());
        assert!(0 < fault(&views), "{what}: nothing was damaged");
        let from = scene.town.node.log_length();
        let started = Instant::now();
        scene.town.node.start();
        scene.town.client = scene.town.node.client();
        println!("views {what}: ready after {:?}", started.elapsed());
        let said = scene.town.node.said(from);
        assert!(
            said.contains("the views are made again"),
            "views {what}, and the node does not say that it makes them again:\n{said}"
        );
        assert_eq!(statements(&scene), before, "views {what}: the statements differ");
    }
    scene.check_whole().unwrap();
}

/// The checks themselves: a node that lost, changed or doubled something is found out.
#[test]
fn what_was_lost_changed_or_doubled_is_found_out() {
    let mut scene = Scene::new(8);
    let outcome = scene.pay_until(Duration::from_millis(100), Node::kill);
    scene.recover(0, &outcome).unwrap();
    let (client, identity) = (scene.town.client.clone(), scene.town.client.identity());
    let lines = scene.kept.read(0);
    let alone =
        |line: &klaver_tests::receipts::Acknowledged| check(&client, &identity, std::slice::from_ref(line));
    assert!(alone(&lines[0]).is_ok());

    // A receipt altered in its index, its opening, its proof, or given for another payment.
    let mut changed = lines[0].clone();
    changed.receipt.index += 1;
    assert!(alone(&changed).unwrap_err().contains("does not hold"));
    let mut changed = lines[0].clone();
    let mut opening = from_base64url("opening", &changed.receipt.opening).unwrap();
    *opening.last_mut().unwrap() ^= 1;
    changed.receipt.opening = klaver_api::text::base64url(&opening);
    assert!(alone(&changed).is_err());
    let mut changed = lines[0].clone();
    changed.receipt.proof.pop();
    assert!(alone(&changed).unwrap_err().contains("does not hold"));
    let mut changed = lines[0].clone();
    changed.envelope.clone_from(&lines[1].envelope);
    assert!(alone(&changed).unwrap_err().contains("something else"));
    // A record more than there are receipts.
    let entries = lines.iter().map(|line| &line.envelope).collect::<BTreeSet<_>>().len();
    count(&scene.town, scene.before, entries).unwrap();
    assert!(count(&scene.town, scene.before, entries - 1).is_err());

    // The whole directory put back to an earlier day: it is sound, and only receipts can tell.
    scene.town.node.stop();
    let (ledger, earlier) = (scene.town.node.ledger(), scene.directory.path().join("earlier"));
    copy_directory(&ledger, &earlier);
    scene.town.node.start();
    scene.town.client = scene.town.node.client();
    let from = scene.kept.len();
    let outcome = scene.pay_until(Duration::from_millis(100), |node| {
        node.stop();
    });
    let later = scene.directory.path().join("later");
    std::fs::rename(&ledger, &later).unwrap();
    copy_directory(&earlier, &ledger);
    let lost = scene.recover(from, &outcome).unwrap_err();
    assert!(lost.contains("was lost") || lost.contains("is now record"), "{lost}");

    // The journal put back alone: the anchor knows better, and the node records nothing.
    scene.town.node.stop();
    std::fs::remove_dir_all(&ledger).unwrap();
    copy_directory(&earlier, &ledger);
    std::fs::copy(later.join("anchor"), ledger.join("anchor")).unwrap();
    scene.town.node.start_read_only();
    let ready = scene.town.node.client().get("/readyz", None);
    println!("a journal put back alone: {}", ready.text("detail"));
    assert!(ready.text("detail").contains("its anchor names"), "{ready:?}");
    scene.town.node.stop();
    assert_ne!(scene.town.node.verify().status, 0);
}
