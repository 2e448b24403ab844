//! What is signed without an answer: promises, outboxes, what is sent again, and two histories.

use super::{Village, index, says};
use klaver_ledger::receipt::Receipt;
use klaver_tests::node::copy_directory;
use klaver_tests::wallet::Wallet;
use serde_json::{Value, json};
use std::path::Path;

/// A village with a budget that gave `els` ten credits, and a shop.
struct Market {
    village: Village,
    molen: Wallet,
    bakker: Wallet,
    els: Wallet,
    account: String,
    shop: String,
}

impl Market {
    fn open(directory: &Path, more: &[&str]) -> Self {
        let village = Village::found(directory, more);
        let [molen, bakker] = ["molen", "bakker"].map(|name| Wallet::init(directory, name));
        village.open("budget", &molen, &["--limit", "500", "--organisation", "new"]);
        let shop = village.open("merchant", &bakker, &[]);
        let (els, account) = village.join(directory, "els");
        molen.json(&["earn", &account, "--each", "10"]);
        assert_eq!(els.balance(), "10.00");
        Self { village, molen, bakker, els, account, shop }
    }
}

/// Returns the states of what waits in an outbox, oldest first.
fn waiting(wallet: &Wallet) -> Vec<String> {
    let listed = wallet.json(&["outbox", "list"]);
    let states = listed["outbox"].as_array().unwrap().iter();
    states.map(|one| one["state"].as_str().unwrap().to_owned()).collect()
}

/// Returns the receipt that a wallet keeps of an entry.
fn kept_receipt(wallet: &Wallet, entry: &str) -> Receipt {
    let file = wallet.home().join(format!("receipts/{entry}.tlog-proof"));
    Receipt::parse(&std::fs::read(file).unwrap()).unwrap()
}

#[test]
fn a_promise_without_network_is_paid_once_whoever_sends_it() {
    let directory = tempfile::tempdir().unwrap();
    let Market { mut village, bakker, els, shop, .. } =
        Market::open(directory.path(), &["--offline-cap", "20"]);
    let promise = |amount: &str| {
        let said = els.json(&["pay", &shop, amount, "--offline", "--valid", "1d"]);
        said["code"].as_str().unwrap().to_owned()
    };
    let code = promise("2");
    // Without network the shop keeps what it was given, until there is one.
    village.node.stop();
    says(&bakker, 3, &["pay", &code], &["Ze blijft bewaard. Tot"]);
    assert_eq!(waiting(&bakker), ["waiting"]);
    village.node.start();
    let sent = bakker.json(&["outbox", "retry"])["outbox"][0].clone();
    assert_eq!(sent["outcome"], "recorded", "{sent}");
    // The payer's own copy gets the receipt of the same record, also twice.
    assert_eq!(waiting(&els), ["waiting"]);
    assert_eq!(els.json(&["outbox", "retry"])["outbox"][0], sent);
    bakker.json(&["pay", &code]);
    let entry = sent["entry"].as_str().unwrap();
    let (theirs, ours) = (kept_receipt(&bakker, entry), kept_receipt(&els, entry));
    assert_eq!((theirs.index, theirs.opening), (ours.index, ours.opening));
    assert_eq!((els.balance().as_str(), waiting(&els).len(), waiting(&bakker).len()), ("8.00", 0, 0));

    // A promise that waits may be what the till asks for now: it is sent first, and a person says whether it was.
    promise("3");
    let till = bakker.json(&["request", "3", "--no-wait"]);
    let link = till["link"].as_str().unwrap();
    says(
        &els,
        1,
        &["pay", link],
        &["niet voor dit verzoek getekend", "nu genoteerd: nummer", "nog niet betaald"],
    );
    assert_eq!(els.balance(), "5.00");
    says(&els, 0, &["pay", link], &["Betaald: 3 klavers"]);
    assert_eq!(els.balance(), "2.00");
}

#[test]
fn what_was_promised_twice_is_paid_once_and_the_named_pot_bears_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let Market { village, molen, bakker, els, shop, .. } =
        Market::open(directory.path(), &["--offline-cap", "20"]);
    let [slager, noodpot] = ["slager", "noodpot"].map(|name| Wallet::init(directory.path(), name));
    let other = village.open("merchant", &slager, &[]);
    let pot = village.open("fund", &noodpot, &[]);
    molen.json(&["earn", &pot, "--each", "30"]);
    let promise = |to: &str| {
        let said = els.json(&["pay", to, "8", "--offline", "--valid", "8s"]);
        said["code"].as_str().unwrap().to_owned()
    };
    let (first, second) = (promise(&shop), promise(&other));
    says(&bakker, 0, &["pay", &first], &["genoteerd"]);
    says(&slager, 5, &["pay", &second], &["heeft nu niet genoeg"]);
    says(&slager, 5, &["promise", "unpaid", &second], &["kan nog betaald worden"]);
    says(&slager, 0, &["promise", "terms"], &["hoogstens 20 klavers", "Geen pot draagt"]);
    std::thread::sleep(std::time::Duration::from_secs(14));
    says(&slager, 5, &["promise", "unpaid", &second], &["nog geen pot", "Vraag het kernteam"]);
    says(&village.anna, 0, &["promise", "pot", &pot], &["draagt deze pot"]);
    says(&bakker, 5, &["promise", "unpaid", &first], &["is betaald"]);
    says(&bakker, 1, &["promise", "unpaid", &second], &["past hier niet"]);
    let asked = slager.json(&["promise", "unpaid", &second]);
    assert_eq!(slager.json(&["promise", "unpaid", &second])["id"], asked["id"], "each is asked once");
    says(&noodpot, 0, &["pay", asked["link"].as_str().unwrap()], &["Betaald: 8 klavers"]);
    says(&slager, 0, &["promise", "unpaid", &second], &["De pot betaalde 8 klavers"]);
    says(&village.anna, 0, &["promise", "pot"], &["Geen pot draagt"]);
    let held = [&els, &bakker, &slager, &noodpot].map(Wallet::balance);
    assert_eq!(held, ["2.00", "8.00", "8.00", "22.00"]);
}

#[test]
fn a_promise_beyond_the_balance_stays_and_is_paid_when_credits_come() {
    let directory = tempfile::tempdir().unwrap();
    let market = Market::open(directory.path(), &["--offline-cap", "20"]);
    let Market { molen, bakker, els, account, shop, .. } = &market;
    let said = els.json(&["pay", shop, "12", "--offline", "--valid", "1d"]);
    let code = said["code"].as_str().unwrap();
    let kept = ["De rekening die dit beloofde, heeft nu niet genoeg.", "Ze blijft bewaard. Tot"];
    let told = says(bakker, 5, &["pay", code], &kept);
    let told = format!("{}{}", told.out, told.err);
    assert!(!told.contains("10 klavers"), "who holds a promise does not hear what its payer has: {told}");
    says(els, 5, &["outbox", "retry"], &kept);
    // Paying the same again signs nothing new, and a list that is read by a program says how it stands.
    says(els, 5, &["pay", shop, "12"], &["Dit wacht nog sinds", "Ze blijft bewaard. Tot"]);
    let ran = els.run(&["outbox", "retry"]);
    let retried: Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!((ran.status, &retried["outbox"][0]["outcome"]), (5, &json!("waiting")), "{retried}");
    assert_eq!((waiting(els), waiting(bakker)), (vec!["waiting".to_owned()], vec!["waiting".to_owned()]));
    molen.json(&["earn", account, "--each", "5"]);
    says(bakker, 0, &["outbox", "retry"], &["genoteerd"]);
    says(els, 0, &["outbox", "retry"], &["genoteerd"]);
    assert_eq!((els.balance().as_str(), waiting(els).len(), waiting(bakker).len()), ("3.00", 0, 0));
}

#[test]
fn thanks_and_refunds_without_an_answer_are_not_given_twice() {
    let directory = tempfile::tempdir().unwrap();
    let Market { mut village, molen, bakker, els, account, shop } = Market::open(directory.path(), &[]);
    let paid = index(&els.json(&["pay", &shop, "4"]));
    village.node.limit_files(1 << 10);
    let (earn, refund) = (["earn", &account, "--each", "5"], ["refund", &paid, "1"]);
    says(&molen, 3, &earn, &["Misschien is het genoteerd"]);
    says(&bakker, 3, &refund, &["Niets is genoteerd"]);
    for (wallet, again, state) in [(&molen, &earn[..], "unknown"), (&bakker, &refund[..], "waiting")] {
        says(wallet, 3, again, &["Dit wacht nog sinds"]);
        assert_eq!(waiting(wallet), [state]);
    }
    village.node.kill();
    village.node.start();
    says(&molen, 0, &earn, &["Dit wacht nog sinds", "Gegeven: samen 5 klavers"]);
    says(&bakker, 0, &refund, &["Dit wacht nog sinds", "Terugbetaald: 1 klaver"]);
    assert_eq!((els.balance().as_str(), waiting(&molen).len(), waiting(&bakker).len()), ("12.00", 0, 0));
    // What is meant once more is signed once more.
    says(&molen, 0, &earn, &["Gegeven: samen 5 klavers"]);
    assert_eq!(els.balance(), "17.00");
}

#[test]
fn an_option_that_would_do_nothing_is_a_mistake_and_nothing_is_paid() {
    let directory = tempfile::tempdir().unwrap();
    let Market { village, bakker, els, shop, .. } = Market::open(directory.path(), &[]);
    let till = bakker.json(&["request", "0,20", "--no-wait"]);
    let link = till["link"].as_str().unwrap();
    for (options, option) in [
        (&["0,05", "--offline", "--valid", "2h"][..], "AMOUNT"),
        (&["--offline"], "--offline"),
        (&["--valid", "2h"], "--valid"),
        (&["--again"], "--again"),
    ] {
        let arguments = [&["pay", link], options].concat();
        says(&els, 2, &arguments, &[&format!("{option} past niet bij een betaalverzoek")]);
    }
    assert_eq!(els.balance(), "10.00");

    // Without network the wallet promises what the policy allows, as it was at the last visit, and no more.
    let offline = |amount: &'static str| ["pay", &shop, amount, "--offline"];
    says(&els, 5, &offline("1"), &["kent geen betalingen zonder netwerk"]);
    let ledger = village.node.client().community().ledger;
    let file = els.home().join(format!("communities/{ledger}.json"));
    let keep = |part: &str, name: &str, value: Value| {
        let mut kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        kept[part][name] = value;
        std::fs::write(&file, kept.to_string()).unwrap();
    };
    keep("terms", "offline_cap_minor", json!(500));
    says(&els, 5, &offline("6"), &["hoogstens 5 klavers, niet 6 klavers"]);
    says(
        &els,
        2,
        &[&offline("5")[..], &["--valid", "8d"]].concat(),
        &["hoogstens zo lang wachten: dagen: 7"],
    );
    let promise = els.json(&[&offline("5")[..], &["--valid", "3m"]].concat());
    let until = klaver_api::text::deadline("until", promise["expires_at"].as_str().unwrap()).unwrap();
    let left = until.seconds() - klaver_tests::town::now().seconds();
    assert!((100..=181).contains(&left), "--valid counts: {left} seconds");
    let code = promise["code"].as_str().unwrap();
    for option in [&["1"][..], &["--memo", "x"], &["--valid", "2h"]] {
        says(&bakker, 2, &[&["pay", code], option].concat(), &["past niet bij een getekende betaling"]);
    }
    // It ends by the clock of the node, as far as that was ahead at the last visit.
    keep("clock", "ahead_ms", json!(600_000));
    says(&els, 0, &[&offline("4")[..], &["--dry-run"]].concat(), &["Je klok zegt"]);
    let promise = els.json(&[&offline("4")[..], &["--valid", "3m"]].concat());
    let until = klaver_api::text::deadline("until", promise["expires_at"].as_str().unwrap()).unwrap();
    let left = until.seconds() - klaver_tests::town::now().seconds();
    assert!((700..=781).contains(&left), "ten minutes ahead: {left} seconds");
    keep("clock", "ahead_ms", json!(7_200_000));
    says(&els, 1, &offline("3"), &["stond je klok meer dan een uur verkeerd", "Niets werd getekend"]);
    keep("clock", "ahead_ms", json!(0));
    // The same promise once more only when that is meant.
    says(&els, 1, &offline("5"), &["Hetzelfde wacht nog", "--again"]);
    els.json(&[&offline("5")[..], &["--again"]].concat());
    // A visit learns what the policy says now.
    assert_eq!(els.balance(), "10.00");
    says(&els, 5, &offline("5"), &["kent geen betalingen zonder netwerk"]);
}

#[test]
fn asking_again_after_no_answer_pays_once_and_a_sure_no_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let Market { mut village, els, shop, .. } = Market::open(directory.path(), &[]);
    let waiting = || waiting(&els).len();
    // What was recorded before is anchored: the disk fails at the payment, not before it.
    village.node.client().await_publication();
    village.node.limit_files(1 << 10);
    let why = "Reden: ";
    says(&els, 3, &["pay", &shop, "1"], &["Misschien is het genoteerd", why]);
    let again = ["Dit wacht nog sinds", "Betaal 1 klaver aan", "Misschien is het genoteerd", why];
    says(&els, 3, &["pay", &shop, "1"], &again);
    assert_eq!(waiting(), 1, "nothing new was signed");
    // What was never looked at is not paid, and the wallet says just that.
    let sure = says(&els, 3, &["pay", &shop, "2"], &["Niets is genoteerd, niets is betaald", why]);
    assert!(!sure.err.contains("Misschien"), "{}", sure.err);
    says(&els, 3, &["pay", &shop, "2"], &["Betaal 2 klavers aan", "Niets is genoteerd"]);
    assert_eq!(waiting(), 2);
    says(&els, 3, &["pay", &shop, "2", "--again"], &["Niets is genoteerd"]);
    assert_eq!(waiting(), 3, "what is meant is signed");

    village.node.kill();
    village.node.start();
    says(&els, 0, &["pay", &shop, "1"], &["Dit wacht nog sinds", "Betaald: 1 klaver"]);
    assert_eq!((els.balance().as_str(), waiting()), ("9.00", 2));
    els.json(&["outbox", "retry"]);
    assert_eq!((els.balance().as_str(), waiting()), ("5.00", 0));
    let fresh = says(&els, 0, &["pay", &shop, "1"], &["Betaald: 1 klaver"]);
    assert!(!fresh.err.contains("wacht nog"), "{}", fresh.err);
}

#[test]
fn two_seals_of_one_size_are_an_alarm_until_a_person_says_which_ledger_counts() {
    let directory = tempfile::tempdir().unwrap();
    let Market { mut village, els, shop, .. } = Market::open(directory.path(), &[]);
    village.node.client().await_publication();
    let data = village.node.data();
    let [old, newer] = ["old", "newer"].map(|name| directory.path().join(name));
    village.node.stop();
    copy_directory(&data, &old);
    village.node.start();
    let size = index(&els.json(&["pay", &shop, "1"])).parse::<u64>().unwrap() + 1;
    // An old copy is put back, and signs another history of the same size.
    village.node.stop();
    std::fs::rename(&data, &newer).unwrap();
    std::fs::rename(&old, &data).unwrap();
    village.node.start();
    let said = says(&els, 6, &["pay", &shop, "2"], &["spreekt zichzelf tegen", "klaver checkpoint --alarms"]);
    assert!(!said.out.contains("Betaald"), "{}", said.out);
    village.node.client().await_publication();
    let evidence = || std::fs::read_dir(els.home().join("evidence")).unwrap().count();
    for _ in 0..3 {
        says(&els, 6, &["balance"], &["spreekt zichzelf tegen"]);
    }
    assert_eq!(evidence(), 1, "one contradiction is kept once");
    let listed = els.json(&["checkpoint", "--alarms"]);
    assert_eq!((listed["alarms"].as_array().unwrap().len(), &listed["believed"]), (1, &Value::Null));
    says(&els, 0, &["checkpoint", "--alarms"], &["two-roots-", "--believe"]);

    // The true ledger is believed as ever.
    village.node.stop();
    std::fs::rename(&data, &old).unwrap();
    std::fs::rename(&newer, &data).unwrap();
    village.node.start();
    assert_eq!(els.balance(), "9.00");
    // When the council says that the other one counts, the wallet goes on with it, and remembers that.
    village.node.stop();
    std::fs::rename(&data, &newer).unwrap();
    std::fs::rename(&old, &data).unwrap();
    village.node.start();
    says(&els, 5, &["checkpoint", "--believe", &(size + 9).to_string()], &["Het grootboek heeft nu"]);
    says(&els, 6, &["balance"], &["spreekt zichzelf tegen"]);
    let parts = ["Opzij gelegd:", "Je gaat verder met het grootboek van"];
    says(&els, 0, &["checkpoint", "--believe", &size.to_string()], &parts);
    assert_eq!(els.balance(), "8.00");
    says(&els, 0, &["checkpoint", "--alarms"], &["Je gaat verder met het grootboek van"]);
    says(&els, 0, &["pay", &shop, "3"], &["Betaald: 3 klavers"]);
}
