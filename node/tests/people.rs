//! Own codes, requests that are sent to somebody, inboxes and meetings of devices: who learns what, and who does not.

#![allow(clippy::unwrap_used, reason = "what fails here is a failed test")]

mod support;

use klaver_api::{AnswerPairing, AskOwnCode, CreateRequest, PayByCode, paths};
use klaver_ledger::account::{AccountKind, AccountStatus, KeyGrant, Rights};
use klaver_ledger::entry::{Body as EntryBody, Change};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_node::community::requests::{ASKED_BY_ONE_MAX, BY_CODE_MAX};
use serde_json::{Value, json};
use support::{Person, World};

async fn member(world: &World) -> (Person, String) {
    let person = world.open(AccountKind::Member, 0, None).await;
    let token = world.session(Some(person.account), &person.key).await;
    (person, token)
}

async fn own_code(world: &World, (person, token): &(Person, String), asked: &AskOwnCode) -> String {
    let answer = world.post(&paths::fill(paths::OWN_CODE, person.account), Some(token), asked).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json["alias"].as_str().unwrap().to_owned()
}

async fn inbox(world: &World, (person, token): &(Person, String)) -> Vec<Value> {
    let answer = world.get(&paths::fill(paths::INBOX, person.account), Some(token)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json["messages"].as_array().unwrap().clone()
}

fn ask(from: &Person, to: &str, words: Option<&str>) -> CreateRequest {
    CreateRequest {
        account: from.account.to_string(),
        amount: "2.50".to_owned(),
        valid_for: Some(86_400),
        to: Some(to.to_owned()),
        words: words.map(str::to_owned),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_its_owners_stays_the_same_and_stops_when_it_is_replaced() {
    let world = World::founded(1);
    let (an, ben) = (member(&world).await, member(&world).await);
    let plain = AskOwnCode::default();
    let first = own_code(&world, &an, &plain).await;
    assert_eq!(own_code(&world, &an, &plain).await, first);
    let named = AskOwnCode { words: Some("An".to_owned()), ..plain.clone() };
    assert_eq!(own_code(&world, &an, &named).await, first, "words do not change the code");
    assert_ne!(own_code(&world, &ben, &plain).await, first);
    // Not for another session, and words must be seen.
    let path = paths::fill(paths::OWN_CODE, an.0.account);
    assert_eq!(world.post(&path, Some(&ben.1), &plain).await.code(), "unknown_account");
    let hidden = AskOwnCode { words: Some("a\u{202e}b".to_owned()), ..plain.clone() };
    assert_eq!(world.post(&path, Some(&an.1), &hidden).await.code(), "malformed_field");

    let by_code = |alias: &str| paths::fill(paths::CODE_REQUESTS, alias);
    let amount = PayByCode { amount: "3".to_owned() };
    let made = world.post(&by_code(&first.to_uppercase()), None, &amount).await;
    assert_eq!((made.status, &made.json["words"]), (201, &json!("An")));
    assert_eq!(made.json["account"], json!(an.0.account.to_string()));
    let owner = world.get(&paths::fill(paths::CODE, first.to_uppercase()), None).await;
    assert_eq!((owner.status, &owner.json), (200, &json!({ "name": null, "words": "An" })));
    let fresh = own_code(&world, &an, &AskOwnCode { replace: true, words: None }).await;
    assert_ne!(fresh, first);
    assert_eq!(world.get(&paths::fill(paths::CODE, &first), None).await.code(), "replaced_code");
    assert_eq!(world.post(&by_code(&first), None, &amount).await.code(), "replaced_code");
    assert_eq!(world.post(&by_code("nobody"), None, &amount).await.code(), "unknown_code");
    assert_eq!(world.get(&format!("/to/{first}?amount=3"), None).await.status, 410);
    let led = world.get(&format!("/TO/{}?amount=3,50", fresh.to_uppercase()), None).await;
    assert_eq!(led.status, 303);
    let page = world.get(&format!("/to/{fresh}"), None).await;
    let html = String::from_utf8(page.bytes).unwrap();
    assert!(html.contains("An") && !html.contains(&an.0.account.to_string()), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_makes_requests_by_a_code_leaves_the_till_its_own() {
    let world = World::founded(1);
    let an = member(&world).await;
    let alias = own_code(&world, &an, &AskOwnCode::default()).await;
    let own = CreateRequest { to: None, words: None, ..ask(&an.0, "", None) };
    let mine = world.post(paths::REQUESTS, Some(&an.1), &own).await;
    let mut ids = Vec::new();
    for _ in 0..=BY_CODE_MAX {
        let asked = PayByCode { amount: "1".to_owned() };
        let made = world.post(&paths::fill(paths::CODE_REQUESTS, &alias), None, &asked).await;
        ids.push(made.json["id"].as_str().unwrap().to_owned());
    }
    let mut found = 0;
    for id in &ids {
        found += usize::from(world.get(&paths::fill(paths::REQUEST, id), None).await.status == 200);
    }
    assert_eq!(found, BY_CODE_MAX, "one made room");
    assert_eq!(world.get(&paths::fill(paths::REQUEST, ids.last().unwrap()), None).await.status, 200);
    let id = mine.json["id"].as_str().unwrap();
    assert_eq!(world.get(&paths::fill(paths::REQUEST, id), None).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_is_asked_stands_in_their_inbox_alone_and_they_may_say_no() {
    let world = World::founded(1);
    let (an, ben, eve) = (member(&world).await, member(&world).await, member(&world).await);
    let code = own_code(&world, &ben, &AskOwnCode::default()).await;
    let made = world.post(paths::REQUESTS, Some(&an.1), &ask(&an.0, &code, Some("An, taart"))).await;
    assert_eq!(made.status, 201, "{made:?}");
    // Whoever asks does not learn whom the code leads to.
    assert!(!String::from_utf8_lossy(&made.bytes).contains(&ben.0.account.to_string()));
    let told = inbox(&world, &ben).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["about"]["what"], "asked");
    assert_eq!(told[0]["about"]["request"]["words"], "An, taart");
    assert!(inbox(&world, &eve).await.is_empty());
    let path = paths::fill(paths::INBOX, ben.0.account);
    assert_eq!(world.get(&path, Some(&an.1)).await.code(), "unknown_account");
    assert_eq!(world.get(&path, None).await.code(), "session_needed");

    let id = made.json["id"].as_str().unwrap();
    let decline = paths::fill(paths::REQUEST_DECLINE, id);
    for stranger in [&an, &eve] {
        assert_eq!(world.post(&decline, Some(&stranger.1), &json!({})).await.code(), "unknown_request");
    }
    for _ in 0..2 {
        assert_eq!(world.post(&decline, Some(&ben.1), &json!({})).await.json["state"], "declined");
    }
    assert!(inbox(&world, &ben).await.is_empty());
    let answers = inbox(&world, &an).await;
    assert_eq!(answers[0]["about"]["what"], "answered");
    assert_eq!(answers[0]["about"]["request"]["state"], "declined");
    assert!(answers[0]["at"].is_string());

    // Whoever asked may think better of it: nobody else, and nothing is left of it with whom they asked.
    let made = world.post(paths::REQUESTS, Some(&an.1), &ask(&an.0, &code, None)).await;
    let withdraw = paths::fill(paths::REQUEST_WITHDRAW, made.json["id"].as_str().unwrap());
    assert_eq!(inbox(&world, &ben).await.len(), 1);
    assert!(inbox(&world, &an).await.iter().any(|told| told["about"]["what"] == "asking"));
    for stranger in [&ben, &eve] {
        assert_eq!(world.post(&withdraw, Some(&stranger.1), &json!({})).await.code(), "unknown_request");
    }
    for _ in 0..2 {
        assert_eq!(world.post(&withdraw, Some(&an.1), &json!({})).await.json["state"], "withdrawn");
    }
    assert!(inbox(&world, &ben).await.is_empty());
    assert!(inbox(&world, &an).await.iter().all(|told| told["about"]["what"] == "answered"));

    // Nobody is pressed, and nobody asks themselves.
    for _ in 0..ASKED_BY_ONE_MAX {
        assert_eq!(world.post(paths::REQUESTS, Some(&an.1), &ask(&an.0, &code, None)).await.status, 201);
    }
    assert_eq!(world.post(paths::REQUESTS, Some(&an.1), &ask(&an.0, &code, None)).await.code(), "too_many");
    assert_eq!(world.post(paths::REQUESTS, Some(&eve.1), &ask(&eve.0, &code, None)).await.status, 201);
    assert_eq!(
        world.post(paths::REQUESTS, Some(&ben.1), &ask(&ben.0, &code, None)).await.code(),
        "malformed_field"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_tells_what_waits_for_a_key_and_that_the_account_rests() {
    let world = World::founded(2);
    let (an, eve) = (member(&world).await, member(&world).await);
    let standing = |status| {
        let standing = world.service.reader().standing();
        let account = standing.account(&an.0.account).unwrap();
        let in_force = account.standing(klaver_node::clock::wall_clock());
        Change { base: in_force.base, state: (*in_force.state).clone(), status }
    };
    // Another key of their own is told as that, and since when each counts is told to the account alone.
    let mut more = standing(AccountStatus::Open);
    let key = PublicKey::of(&SigningKey::from_bytes(&[79; 32]));
    more.state.keys.push(KeyGrant { key, rights: Rights::MANAGE, until: None, cap: None });
    more.state.keys.sort();
    world.submit(&world.sign(EntryBody::Change(more), &[&an.0.key])).await;
    let told = inbox(&world, &an).await;
    assert_eq!((told.len(), &told[0]["about"]["change"]), (1, &json!("spare_added")), "{told:?}");
    let path = paths::fill(paths::ACCOUNT, an.0.account);
    let seen = world.get(&path, Some(&an.1)).await.json["keys_since"].clone();
    assert_eq!(seen.as_array().map(Vec::len), Some(2), "{seen}");
    let council = world.session(None, &world.council[0]).await;
    assert_eq!(world.get(&path, Some(&council)).await.json.get("keys_since"), None);
    let rest = standing(AccountStatus::Frozen);
    world.submit(&world.sign(EntryBody::Change(rest), &[&an.0.key])).await;
    let told = inbox(&world, &an).await;
    let what: Vec<&Value> = told.iter().map(|message| &message["about"]["what"]).collect();
    assert_eq!(what, ["at_rest", "line"], "{told:?}");
    assert_eq!(told[1]["about"]["change"], "spare_added", "that it rests is told once");
    assert!(inbox(&world, &eve).await.is_empty());
    // One of two of the council signed: the draft is for those whose key may sign, an account's own keys among them.
    let wake = standing(AccountStatus::Open);
    world.submit(&world.sign(EntryBody::Change(wake), &[&world.council[0]])).await;
    let told = inbox(&world, &an).await;
    let draft = told.iter().find(|message| message["about"]["what"] == "draft").unwrap();
    assert_eq!((&draft["about"]["entry"], &draft["about"]["signed"]), (&json!("change"), &json!(false)));
    assert!(inbox(&world, &eve).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_answers_its_own_meeting_and_changes_nothing_by_that() {
    let world = World::founded(1);
    let (an, eve) = (member(&world).await, member(&world).await);
    let started = world.post(paths::PAIRINGS, Some(&an.1), &json!({})).await;
    assert_eq!((started.status, &started.json["key"]), (201, &Value::Null));
    let code = started.json["code"].as_str().unwrap().to_owned();
    let key = PublicKey::of(&SigningKey::from_bytes(&[77; 32])).to_string();
    let answer = |code: &str, key: &str| AnswerPairing { code: code.to_owned(), key: key.to_owned() };
    let say = async |answer: AnswerPairing| world.post(paths::PAIRING_ANSWERS, None, &answer).await;
    assert_eq!(say(answer("aaaaaaaaaaaaaaaaaaaaaaaaaa", &key)).await.code(), "unknown_pairing");
    assert_eq!(say(answer(&code, "00")).await.code(), "malformed_field");
    assert_eq!(say(answer(&code, &key)).await.status, 204);
    let other = PublicKey::of(&SigningKey::from_bytes(&[78; 32])).to_string();
    assert_eq!(say(answer(&code, &other)).await.code(), "unknown_pairing", "the first one counts");
    assert_eq!(world.get(paths::PAIRINGS, Some(&an.1)).await.json["key"], json!(key));
    assert_eq!(world.get(paths::PAIRINGS, Some(&eve.1)).await.code(), "unknown_pairing");
    let council = world.session(None, &world.council[0]).await;
    assert_eq!(world.get(paths::PAIRINGS, Some(&council)).await.code(), "forbidden");
    let account = world.get(&paths::fill(paths::ACCOUNT, an.0.account), Some(&an.1)).await;
    assert_eq!(account.json["state"]["keys"].as_array().unwrap().len(), 1);
}
