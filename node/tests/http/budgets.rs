//! Budgets with their funders: euro promised and received, a contribution that raises a cap, what a funder may see.

use super::support::{Answer, Person, World};
use axum::body::Body;
use axum::http::Request;
use klaver_api::paths;
use klaver_api::text::{base64url, deadline};
use klaver_ledger::account::{AccountKind, AccountState, AccountStatus};
use klaver_ledger::amount::Total;
use klaver_ledger::entry::{Body as EntryBody, Change, SignedEntry};
use klaver_ledger::time::{Deadline, Seconds};
use klaver_node::clock::wall_clock;
use serde_json::{Value, json};

pub async fn council(world: &World) -> String {
    world.session(None, &world.council[0]).await
}

/// Returns the page at an address that the node gave.
pub async fn page(world: &World, link: &Value) -> Answer {
    let link = link.as_str().unwrap();
    let path = link.strip_prefix(super::support::URL).unwrap();
    let request = Request::get(path).header("accept-language", "nl");
    world.call(request.body(Body::empty()).unwrap()).await
}

/// What a page says, without its markup, and what its script draws from it.
pub fn text(answer: &Answer) -> String {
    let html = String::from_utf8(answer.bytes.clone()).unwrap().replace('\u{a0}', " ");
    let mut text = String::new();
    let main = html.split_once("<main").map_or(&*html, |(_, main)| main);
    for part in main.split('<').skip(1) {
        let (tag, words) = part.split_once('>').unwrap_or_default();
        text.push(' ');
        text.push_str(words);
        if tag.starts_with("input") || tag.starts_with("option") {
            text.push_str(tag);
        }
    }
    text
}

fn funding(funder: &str) -> Value {
    json!({ "funder": funder, "reference": "GR 2026/14", "promised_cents": 100_000, "received_cents": 40_000 })
}

async fn fund(world: &World, budget: &Person, asked: &Value) -> Answer {
    let path = paths::fill(paths::COUNCIL_BUDGET, budget.account);
    world.send("PUT", &path, Some(&council(world).await), asked).await
}

/// The change that gives a budget so much room more, signed by one of the council.
fn raising(world: &World, budget: &Person, minor: u64) -> SignedEntry {
    let (state, base) = {
        let standing = world.service.reader().standing();
        let in_force = standing.account(&budget.account).unwrap().standing(wall_clock());
        (AccountState::clone(&in_force.state), in_force.base)
    };
    let limit = Total::new(state.limit.minor() + minor).unwrap();
    let change = Change { base, state: AccountState { limit, ..state }, status: AccountStatus::Open };
    world.sign(EntryBody::Change(change), &[&world.council[0]])
}

async fn give(world: &World, budget: &Person, signed: &SignedEntry, who: &str) -> Answer {
    let entry = signed.id(&world.ledger).to_hex();
    let asked = json!({ "who": who, "cents": 25_000, "kind": "gift", "amount": "250.00", "entry": entry });
    let path = paths::fill(paths::COUNCIL_CONTRIBUTIONS, budget.account);
    world.post(&path, Some(&council(world).await), &asked).await
}

async fn delete(world: &World, path: &str) -> u16 {
    let token = council(world).await;
    let request = Request::delete(path).header("authorization", format!("Bearer {token}"));
    world.call(request.body(Body::empty()).unwrap()).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contribution_raises_a_cap_and_is_thanked_and_the_council_sees_what_it_may_have_to_pay() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 10_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let place = world.session(Some(budget.account), &budget.key).await;
    for token in [None, Some(&*place)] {
        assert!(matches!(world.get(paths::COUNCIL_BUDGETS, token).await.status, 401 | 403));
    }
    assert_eq!(world.earn(&budget, &member, 9_500).await.status, 201);
    assert_eq!(
        fund(&world, &budget, &json!({ "funder": " ", "promised_cents": 0, "received_cents": 0 })).await.json
            ["field"],
        "funder"
    );
    let other = world.open(AccountKind::Merchant, 0, None).await;
    assert_eq!(fund(&world, &other, &funding("Stad")).await.code(), "unknown_budget");
    let funded = fund(&world, &budget, &funding("Stad")).await;
    assert_eq!(
        (funded.status, &funded.json["left"], &funded.json["outstanding"]),
        (200, &json!("5.00"), &json!("95.00")),
        "{funded:?}"
    );
    assert_eq!(
        (&funded.json["cap"], &funded.json["exposure"], &funded.json["ended"]),
        (&json!("100.00"), &json!("100.00"), &json!(false))
    );

    // Beyond the cap the ledger says no; a contribution raises it, once its change is recorded.
    assert_eq!(world.earn(&budget, &member, 600).await.status, 422);
    let signed = raising(&world, &budget, 25_000);
    let noted = give(&world, &budget, &signed, "Bakkerij De Ster").await;
    assert_eq!(
        (noted.status, &noted.json["raised"], &noted.json["index"]),
        (201, &json!(false), &Value::Null),
        "{noted:?}"
    );
    assert_eq!(
        give(&world, &budget, &signed, "Iemand anders").await.json["who"],
        "Bakkerij De Ster",
        "the same change is one"
    );
    let soon = text(&page(&world, &noted.json["link"]).await);
    assert!(
        soon.contains("Dank u, Bakkerij De Ster") && soon.contains("250,00") && soon.contains("Binnenkort"),
        "{soon}"
    );
    let recorded =
        world.post(paths::ENTRIES, None, &json!({ "envelope": base64url(&signed.encode()) })).await;
    assert_eq!(recorded.status, 201, "{recorded:?}");
    assert_eq!(world.earn(&budget, &member, 600).await.status, 201);
    let seen = world.get(paths::COUNCIL_BUDGETS, Some(&council(&world).await)).await;
    let one = &seen.json["budgets"][0];
    assert_eq!(
        (&one["cap"], &one["left"], &one["contributed_cents"]),
        (&json!("350.00"), &json!("249.00"), &json!(25_000))
    );
    assert_eq!(one["contributions"][0]["index"], recorded.json["receipt"]["index"]);
    let thanked = text(&page(&world, &noted.json["link"]).await);
    assert!(thanked.contains("250 klavers meer"), "{thanked}");

    // Nobody is thanked for room that a change did not make.
    let less = raising(&world, &budget, 24_999);
    let short = give(&world, &budget, &less, "Te weinig").await;
    let recorded = world.post(paths::ENTRIES, None, &json!({ "envelope": base64url(&less.encode()) })).await;
    assert_eq!(recorded.status, 201, "{recorded:?}");
    let seen = give(&world, &budget, &less, "Te weinig").await;
    assert_eq!((&seen.json["raised"], &seen.json["index"]), (&json!(false), &Value::Null), "{seen:?}");
    assert_eq!(
        delete(&world, &paths::fill(paths::COUNCIL_CONTRIBUTION, short.json["id"].as_str().unwrap())).await,
        204
    );

    // What raised a cap stays; what raised nothing is forgotten, also on the disk.
    let path = |noted: &Answer| paths::fill(paths::COUNCIL_CONTRIBUTION, noted.json["id"].as_str().unwrap());
    world.service.sweep().await;
    assert_eq!(delete(&world, &path(&noted)).await, 403);
    let never = give(&world, &budget, &raising(&world, &budget, 100), "Vergissing").await;
    assert_eq!(delete(&world, &path(&never)).await, 204);
    super::support::leaves_the_disk(&world, b"Vergissing").await;
    assert_eq!(page(&world, &never.json["link"]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_funder_sees_its_budgets_in_tens_once_a_day_and_nobody_in_them() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let second = world.open(AccountKind::Budget, 50_000, Some(1)).await;
    for (nth, budget) in [&budget, &second].into_iter().enumerate() {
        let token = world.session(Some(budget.account), &budget.key).await;
        let profile = json!({ "name": format!("De Zaadkamer {nth}"), "listed": true });
        let path = paths::fill(paths::PROFILE, budget.account);
        assert_eq!(world.send("PUT", &path, Some(&token), &profile).await.status, 204);
    }
    for _ in 0..9 {
        let member = world.open(AccountKind::Member, 0, None).await;
        assert_eq!(world.earn(&budget, &member, 730).await.status, 201);
    }
    let funded = fund(&world, &budget, &funding("Stad Gent")).await;
    let same = fund(&world, &second, &funding("stad gent")).await;
    let link = funded.json["link"].clone();
    assert_eq!(link, same.json["link"], "budgets of one funder have one page");
    let few = text(&page(&world, &link).await);
    assert!(
        few.contains("De Zaadkamer 0") && few.contains("De Zaadkamer 1") && few.contains("GR 2026/14"),
        "{few}"
    );
    assert!(few.contains("Nog geen tien mensen") && !few.contains("minstens"), "{few}");

    // Two more come: seen the next day, because a number that changes at five o'clock shows who was there.
    for _ in 0..2 {
        let member = world.open(AccountKind::Member, 0, None).await;
        assert_eq!(world.earn(&budget, &member, 730).await.status, 201);
    }
    let later = text(&page(&world, &link).await);
    assert_eq!(few.matches("Nog geen tien mensen").count(), later.matches("Nog geen tien mensen").count());
    let other = fund(
        &world,
        &budget,
        &json!({ "funder": "Stad Gent", "promised_cents": 1, "received_cents": 0, "new_link": true }),
    )
    .await;
    assert_ne!(other.json["link"], link);
    assert_eq!(page(&world, &link).await.status, 404, "the old address leads nowhere");
    assert_eq!(text(&page(&world, &other.json["link"]).await).matches("De Zaadkamer").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_budget_paid_for_is_told_in_tens() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    for _ in 0..12 {
        let member = world.open(AccountKind::Member, 0, None).await;
        assert_eq!(world.earn(&budget, &member, 730).await.status, 201);
    }
    let funded = fund(&world, &budget, &funding("Stad")).await;
    let seen = text(&page(&world, &funded.json["link"]).await);
    for shown in ["minstens 10", "minstens 80 klavers", "1 000,00", "400,00", "klv1"] {
        assert_eq!(seen.contains(shown), shown != "klv1", "{shown}: {seen}");
    }
    // Twelve people, 87.60 in all: nothing exact above what anybody can check.
    let (figures, _) = seen.split_once("Iedereen kan dit nakijken").unwrap();
    assert!(!figures.contains("87") && !figures.contains("12"), "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_gives_nothing_now_says_why_to_its_own_place() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 1_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let place = world.session(Some(budget.account), &budget.key).await;
    let path = paths::fill(paths::ACCOUNT, budget.account);
    let told = async || {
        let said = world.get(&path, Some(&place)).await.json;
        (said["cannot_give"].clone(), said["available"].clone())
    };
    let change = async |until: Option<Deadline>, status: AccountStatus| {
        let signed = {
            let standing = world.service.reader().standing();
            let in_force = standing.account(&budget.account).unwrap().standing(wall_clock());
            let state = AccountState { until, ..AccountState::clone(&in_force.state) };
            let change = Change { base: in_force.base, state, status };
            world.sign(EntryBody::Change(change), &[&world.council[0]])
        };
        let answer = world.submit(&signed).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    };
    assert_eq!(told().await, (Value::Null, json!("10.00")));
    change(None, AccountStatus::Frozen).await;
    assert_eq!(told().await, (json!("resting"), json!("0.00")));
    change(None, AccountStatus::Open).await;
    assert_eq!(told().await, (Value::Null, json!("10.00")));
    let next_year = Deadline::after(wall_clock(), Seconds(31_536_000));
    change(Some(next_year), AccountStatus::Open).await;
    assert_eq!(told().await, (Value::Null, json!("10.00")));
    change(Some(deadline("until", "2026-01-01T00:00:00Z").unwrap()), AccountStatus::Open).await;
    assert_eq!(told().await, (json!("ended"), json!("0.00")));
    assert_eq!(world.earn(&budget, &member, 100).await.code(), "budget_ended");
    change(None, AccountStatus::Open).await;
    assert_eq!(world.earn(&budget, &member, 1_000).await.status, 201);
    assert_eq!(told().await, (json!("spent"), json!("0.00")));
    // Of a person's account nothing of the kind is said.
    let own = world.session(Some(member.account), &member.key).await;
    let held = world.get(&paths::fill(paths::ACCOUNT, member.account), Some(&own)).await.json;
    assert_eq!((&held["available"], held.get("cannot_give")), (&json!("10.00"), None));
}
