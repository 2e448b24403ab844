//! The interface, spoken to through its router: who may do what, and what bad input gets.

#![allow(clippy::unwrap_used, reason = "what fails here is a failed test")]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod budgets;
mod directory;
mod drafts;
mod joining;
mod log;
mod organisations;
mod papers;
mod pioneers;
mod pots;
mod problems;
mod promises;
mod requests;
mod sessions;
mod tasks;
mod tills;
mod wrong;

use klaver_api::{CreateRequest, paths};
use klaver_ledger::account::AccountKind;
use klaver_ledger::entry::RequestRef;
use klaver_ledger::id::RequestId;
use klaver_ledger::receipt::{LogIdentity, ProvenContent};
use klaver_ledger::time::{Deadline, Seconds};
use klaver_node::clock::wall_clock;
use serde_json::json;
use support::{Person, World};

fn identity(world: &World) -> LogIdentity {
    let standing = world.service.reader().standing();
    let charter = standing.charter(wall_clock()).unwrap();
    LogIdentity::new(world.ledger, &charter.origin, &charter.log_keys).unwrap()
}

async fn request_for(world: &World, merchant: &Person, token: &str, amount: &str) -> RequestRef {
    let asked = CreateRequest {
        account: merchant.account.to_string(),
        amount: amount.to_owned(),
        valid_for: None,
        to: None,
        words: None,
    };
    let made = world.post(paths::REQUESTS, Some(token), &asked).await;
    assert_eq!(made.status, 201, "{made:?}");
    RequestRef {
        id: RequestId::from_hex(made.json["id"].as_str().unwrap()).unwrap(),
        until: klaver_api::text::deadline("until", made.json["until"].as_str().unwrap()).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credits_are_received_and_spent_with_evidence() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    assert_eq!(world.earn(&budget, &member, 1_000).await.status, 201);

    let token = world.session(Some(merchant.account), &merchant.key).await;
    let request = request_for(&world, &merchant, &token, "2.50").await;
    let path = paths::fill(paths::REQUEST, request.id.to_hex());
    assert_eq!(world.get(&path, None).await.json["state"], "open");

    // Turned away and not remembered: the right payment still goes through.
    let wrong = world.pay(&member, merchant.account, 251, Some(request));
    let answer = world.submit(&wrong).await;
    assert_eq!((answer.status, answer.code()), (409, "request_mismatch"));
    assert_eq!(answer.json["field"], "amount");
    let elsewhere = world.pay(&member, budget.account, 250, Some(request));
    assert_eq!(world.submit(&elsewhere).await.json["field"], "to");

    let paid = world.pay(&member, merchant.account, 250, Some(request));
    let first = world.submit(&paid).await;
    assert_eq!((first.status, &first.json["outcome"]), (201, &json!("recorded")), "{first:?}");
    let proven = first.receipt().verify(&identity(&world)).unwrap();
    assert!(matches!(proven.content, ProvenContent::Entry(entry) if entry.signed() == &paid));

    let again = world.submit(&paid).await;
    assert_eq!((again.status, &again.json["outcome"]), (200, &json!("known")));
    assert_eq!(again.receipt().opening, first.receipt().opening);

    let seen = world.get(&path, None).await;
    assert_eq!((&seen.json["state"], &seen.json["index"]), (&json!("paid"), &first.json["receipt"]["index"]));
    let twice = world.submit(&world.pay(&member, merchant.account, 250, Some(request))).await;
    assert_eq!((twice.status, twice.code()), (409, "request_paid"));
    let poor = world.submit(&world.pay(&member, merchant.account, 5_000, None)).await;
    assert_eq!((poor.status, poor.code()), (422, "insufficient_credits"), "{poor:?}");
    assert_eq!((&poor.json["value"], &poor.json["limit"]), (&json!("5000"), &json!("750")));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_the_description_are_public() {
    let world = World::founded(1);
    assert_eq!(world.get(paths::HEALTHZ, None).await.bytes, b"ok\n");
    assert_eq!(world.get(paths::READYZ, None).await.status, 200);
    let document = world.get(paths::OPENAPI, None).await;
    assert_eq!(document.json["openapi"], "3.1.0");
    world.stop.send(true).unwrap();
    assert_eq!(world.get(paths::READYZ, None).await.code(), "read_only");
    let soon = Deadline::after(wall_clock(), Seconds(1));
    assert!(wall_clock().seconds() <= soon.seconds());
}
