//! A town that reads French.

use super::{Village, Wallet};
use klaver_tests::binaries::{Ran, klaver};
use klaver_tests::node::run;

const FRENCH: &str = "fr_BE.UTF-8";

fn says(wallet: &Wallet, status: i32, arguments: &[&str], parts: &[&str]) -> Ran {
    super::says_in(FRENCH, wallet, status, arguments, parts)
}

#[test]
fn a_town_lives_a_day_in_french() {
    let directory = tempfile::tempdir().unwrap();
    let village = Village::found(directory.path(), &[]);
    let [moulin, boulanger] = ["moulin", "boulanger"].map(|name| Wallet::init(directory.path(), name));
    village.open("budget", &moulin, &["--limit", "500", "--organisation", "new"]);
    let shop = village.open("merchant", &boulanger, &[]);
    let link = village.anna.json(&["invite"])["link"].as_str().unwrap().to_owned();
    let elise = Wallet::init(directory.path(), "elise");
    says(&elise, 0, &["join", &link], &["Klaverdorp"]);
    let keys = elise.json(&["whoami"]);
    let account = keys["keys"][0]["account"].as_str().unwrap();

    says(&moulin, 2, &["earn", account], &["D'habitude", "5 klavers"]);
    says(&moulin, 0, &["earn", account, "--hours", "1,5"], &["1,5 heure(s) font 7,50 klavers"]);
    let till = boulanger.json(&["request", "2,50", "--no-wait"]);
    let code = till["link"].as_str().unwrap();
    says(&elise, 0, &["pay", code], &["Payé", "2,50 klavers"]);
    says(&elise, 5, &["pay", code], &["déjà"]);
    says(&elise, 5, &["pay", &shop, "1000"], &["5 klavers", "1000 klavers"]);
    says(&elise, 0, &["balance"], &["5 klavers"]);
    says(&boulanger, 0, &["redeem", "1"], &["1 klaver"]);
    says(&elise, 2, &["history", "--limit", "beaucoup"], &["beaucoup", "--help"]);
    let help = run(klaver().env("LC_ALL", FRENCH).args(["pay", "--help"]));
    assert!(help.status == 0 && help.out.contains("Montrer cette aide"), "{}", help.out);
    village.node.client().await_publication();
    let audited = says(&village.aude, 0, &["audit", &village.node.url()], &[]);
    assert!(!format!("{}{}", audited.out, audited.err).contains('{'), "{}{}", audited.out, audited.err);
}
