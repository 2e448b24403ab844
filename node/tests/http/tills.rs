//! Tills: what whoever works there may do, how a shop takes credits, and that it can pause.

use crate::support::{Person, World};
use klaver_api::till::Part;
use klaver_api::{AskOwnCode, CreateRequest, PayByCode, TillSettings, paths};
use klaver_ledger::account::{AccountKind, AccountState, KeyGrant, Rights};
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body as EntryBody, Change, Open, Redeem, Refund};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::{PublicKey, SigningKey};
use serde_json::json;

const CASHIER: [u8; 32] = [201; 32];

/// Opens a shop with an owner's key and a cashier's.
pub async fn shop(world: &World) -> (Person, SigningKey) {
    let (key, cashier) = (SigningKey::from_bytes(&[200; 32]), SigningKey::from_bytes(&CASHIER));
    let account = AccountId([200; 16]);
    let signed =
        world.sign(EntryBody::Open(Open { states: vec![state(account, &key, true)] }), &[&world.council[0]]);
    let answer = world.submit(&signed).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    (Person { account, key }, cashier)
}

fn state(account: AccountId, owner: &SigningKey, has_cashier: bool) -> AccountState {
    let grant =
        |key: &SigningKey, rights| KeyGrant { key: PublicKey::of(key), rights, until: None, cap: None };
    let cashier = grant(&SigningKey::from_bytes(&CASHIER), Rights::REFUND);
    let mut keys = vec![grant(owner, Rights::ALL)];
    keys.extend(has_cashier.then_some(cashier));
    keys.sort();
    AccountState::plain(account, AccountKind::Merchant, keys)
}

/// Opens a member with so much to spend.
async fn payer(world: &World, minor: u64) -> Person {
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    assert_eq!(world.earn(&budget, &member, minor).await.status, 201);
    member
}

fn request(shop: &Person, amount: &str) -> CreateRequest {
    let (account, amount) = (shop.account.to_string(), amount.to_owned());
    CreateRequest { account, amount, valid_for: None, to: None, words: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cashier_takes_payments_and_sees_nothing_but_the_day() {
    let world = World::founded(1);
    let (shop, cashier) = shop(&world).await;
    let member = payer(&world, 1_000).await;
    let opened = world.try_session(Some(shop.account), &cashier).await;
    assert_eq!(opened.json["role"], "cashier");
    let token = opened.json["token"].as_str().unwrap();

    let made = world.post(paths::REQUESTS, Some(token), &request(&shop, "2.50")).await;
    assert_eq!(made.status, 201, "{made:?}");
    let paid = world.submit(&world.pay(&member, shop.account, 250, None)).await;
    let index = paid.json["receipt"]["index"].as_u64().unwrap();
    let day = world.get(&paths::fill(paths::TILL_DAY, shop.account), Some(token)).await;
    assert_eq!(
        (day.status, day.json["lines"].as_array().unwrap().len()),
        (200, 1),
        "the opening is no payment"
    );
    let line = &day.json["lines"][0];
    assert_eq!((&line["index"], &line["credit"]), (&json!(index), &json!("2.50")));
    assert!(line.get("balance").is_none() && line.get("entry").is_none(), "{line}");
    let receipt = format!("{}?line={}", paths::fill(paths::RECEIPT, index), line["line"]);
    assert_eq!(world.get(&receipt, Some(token)).await.status, 200, "what was paid can be proven");

    // Everything else of the account is the owner's.
    let of_account = [paths::ACCOUNT, paths::STATEMENT, paths::INBOX, paths::ACCOUNT_EVENTS];
    for path in of_account.map(|path| paths::fill(path, shop.account)) {
        let answer = world.get(&path, Some(token)).await;
        assert_eq!((answer.status, answer.code()), (403, "forbidden"), "{path}");
    }
    assert_eq!(world.get(paths::ACCOUNTS, Some(token)).await.json["accounts"], json!([]));
    assert_eq!(world.post(paths::PAIRINGS, Some(token), &json!({})).await.code(), "forbidden");
    let code = paths::fill(paths::OWN_CODE, shop.account);
    assert_eq!(world.post(&code, Some(token), &AskOwnCode::default()).await.code(), "forbidden");
    let put = async |path: &str, body: serde_json::Value| {
        world.send("PUT", &paths::fill(path, shop.account), Some(token), &body).await.code().to_owned()
    };
    assert_eq!(put(paths::PROFILE, json!({ "name": "Mijn zaak", "listed": true })).await, "forbidden");
    assert_eq!(put(paths::TILL, json!({ "part": "whole", "paused": true })).await, "forbidden");
    let other = world.open(AccountKind::Merchant, 0, None).await;
    let elsewhere = paths::fill(paths::TILL_DAY, other.account);
    assert_eq!(world.get(&elsewhere, Some(token)).await.code(), "unknown_account");
    assert_eq!(world.post(paths::REQUESTS, Some(token), &request(&other, "1")).await.code(), "forbidden");

    // The books say the same: a refund is recorded, being paid out is not.
    let amount = Amount::new(100).unwrap();
    let redeem = EntryBody::Redeem(Redeem { merchant: shop.account, amount, rate: None });
    let answer = world.submit(&world.sign(redeem, &[&cashier])).await;
    assert!(answer.status >= 400, "{answer:?}");
    let number = line["line"].as_u64().unwrap();
    let refund = EntryBody::Refund(Refund { index, line: number, amount });
    assert_eq!(world.submit(&world.sign(refund, &[&cashier])).await.status, 201);
    let day = world.get(&paths::fill(paths::TILL_DAY, shop.account), Some(token)).await;
    assert_eq!(
        (&day.json["lines"][0]["kind"], &day.json["lines"][0]["debit"]),
        (&json!("refund"), &json!("1.00"))
    );

    // What the shop spends is not the till's, whoever knows its number.
    let spent = world.submit(&world.pay(&shop, member.account, 50, None)).await;
    let index = spent.json["receipt"]["index"].as_u64().unwrap();
    let owner = world.session(Some(shop.account), &shop.key).await;
    for line in 0..3 {
        let receipt = format!("{}?line={line}", paths::fill(paths::RECEIPT, index));
        assert_eq!(world.get(&receipt, Some(token)).await.status, 404, "line {line}");
    }
    let seen = async |line| {
        let receipt = format!("{}?line={line}", paths::fill(paths::RECEIPT, index));
        world.get(&receipt, Some(&owner)).await.status == 200
    };
    assert!(seen(0).await || seen(1).await, "the owner sees it");

    // Taken away: the session ends with the key.
    let base = world
        .get(
            &paths::fill(paths::ACCOUNT, shop.account),
            Some(&world.session(Some(shop.account), &shop.key).await),
        )
        .await;
    let change = Change {
        base: base.json["base"].as_u64().unwrap(),
        state: state(shop.account, &shop.key, false),
        status: klaver_ledger::account::AccountStatus::Open,
    };
    assert_eq!(world.submit(&world.sign(EntryBody::Change(change), &[&shop.key])).await.status, 201);
    assert_eq!(world.post(paths::REQUESTS, Some(token), &request(&shop, "1")).await.code(), "session_needed");
    assert_eq!(world.try_session(Some(shop.account), &cashier).await.code(), "session_key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_says_how_much_it_takes_and_when_it_takes_nothing() {
    let world = World::founded(1);
    let (shop, cashier) = shop(&world).await;
    let member = payer(&world, 1_000).await;
    let owner = world.session(Some(shop.account), &shop.key).await;
    let path = paths::fill(paths::TILL, shop.account);
    let set = async |settings: &TillSettings| world.send("PUT", &path, Some(&owner), settings).await.status;
    let limits = TillSettings {
        part: Part::Whole,
        bill_most: Some("4.00".to_owned()),
        month_most: Some("5.00".to_owned()),
        paused: false,
        services: vec!["water".to_owned()],
    };
    assert_eq!(world.get(&path, Some(&owner)).await.json["settings"]["part"], "exact");
    assert_eq!(set(&limits).await, 204);
    let token = world.session(Some(shop.account), &cashier).await;
    let seen = world.get(&path, Some(&owner)).await.json;
    assert_eq!(seen, json!({ "settings": limits, "left": "5.00" }));
    // A cashier needs to know how much a bill may be, and nothing of the month.
    let for_cashier = TillSettings { month_most: None, ..limits.clone() };
    let seen = world.get(&path, Some(&token)).await.json;
    assert_eq!(seen, json!({ "settings": for_cashier, "left": null }));
    for (amount, wrong) in [("0", "month_most"), ("x", "month_most")] {
        let asked = TillSettings { month_most: Some(amount.to_owned()), ..limits.clone() };
        assert_eq!(world.send("PUT", &path, Some(&owner), &asked).await.json["field"], wrong);
    }

    // What it took counts, what it gave back does not.
    let name = json!({ "name": "Bakkerij", "listed": true });
    assert_eq!(
        world.send("PUT", &paths::fill(paths::PROFILE, shop.account), Some(&owner), &name).await.status,
        204
    );
    let ask = async |amount: &str| world.post(paths::REQUESTS, Some(&token), &request(&shop, amount)).await;
    let paid = world.submit(&world.pay(&member, shop.account, 300, None)).await;
    let full = world.post(paths::REQUESTS, Some(&owner), &request(&shop, "2.01")).await;
    assert_eq!((full.status, full.code(), &full.json["limit"]), (409, "till_full", &json!("2.00")));
    let full = ask("2.01").await;
    assert_eq!((full.status, full.code(), full.json.get("limit")), (409, "till_too_much", None), "{full:?}");
    assert_eq!(ask("2.00").await.status, 201);
    let index = paid.json["receipt"]["index"].as_u64().unwrap();
    let refund = Refund { index, line: 1, amount: Amount::new(100).unwrap() };
    assert_eq!(world.submit(&world.sign(EntryBody::Refund(refund), &[&cashier])).await.status, 201);
    assert_eq!(ask("2.01").await.status, 201);
    assert_eq!(world.submit(&world.pay(&member, shop.account, 300, None)).await.status, 201);
    assert_eq!(
        world.get(paths::DIRECTORY, None).await.json["entries"][0]["paused"],
        true,
        "the month is full"
    );

    // Whoever reads the code in the window does not hear how much is left.
    let code =
        world.post(&paths::fill(paths::OWN_CODE, shop.account), Some(&owner), &AskOwnCode::default()).await;
    let alias = code.json["alias"].as_str().unwrap();
    let stranger = PayByCode { amount: "9".to_owned() };
    let told = world.post(&paths::fill(paths::CODE_REQUESTS, alias), None, &stranger).await;
    assert_eq!((told.code(), told.json.get("limit")), ("till_paused", None), "{told:?}");

    // A pause is said wherever somebody would pay, and nothing is asked for.
    assert_eq!(set(&TillSettings { part: Part::Half, ..TillSettings::default() }).await, 204);
    let open = ask("1.00").await;
    assert_eq!(set(&TillSettings { paused: true, ..TillSettings::default() }).await, 204);
    assert_eq!(ask("1.00").await.code(), "till_paused");
    let by_code = PayByCode { amount: "1".to_owned() };
    assert_eq!(
        world.post(&paths::fill(paths::CODE_REQUESTS, alias), None, &by_code).await.code(),
        "till_paused"
    );
    let link = open.json["link"].as_str().unwrap();
    let page = link.strip_prefix(crate::support::URL).unwrap().to_owned();
    for path in [page.as_str(), &format!("/to/{alias}"), &format!("/to/{alias}?amount=1"), "/"] {
        let html = String::from_utf8(world.get(path, None).await.bytes).unwrap();
        assert!(html.contains("pauze"), "{path}: {html}");
    }
    assert_eq!(set(&TillSettings::default()).await, 204);
    assert_eq!(ask("1.00").await.status, 201);
    let member = world.session(Some(member.account), &member.key).await;
    assert_eq!(world.get(&path, Some(&member)).await.code(), "unknown_account");
}
