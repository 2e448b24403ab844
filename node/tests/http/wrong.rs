//! *Is something wrong?*: told to a person of trust, answered, linked to what followed; who may hear it, and who learns
//! nothing.

use super::support::{Answer, Person, World};
use super::tills::shop;
use axum::body::Body;
use axum::http::Request;
use klaver_api::paths;
use klaver_ledger::account::{AccountKind, AccountState, KeyGrant, Rights};
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body as EntryBody, Correct, CorrectReason, Open};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::PublicKey;
use klaver_node::clock::wall_clock;
use klaver_node::community::wrong::KEPT_SECONDS;
use serde_json::{Value, json};

const WORDS: &str = "Ik was er drie uur";
const PHONE: &str = "0470 12 34 56";

/// A person with their session.
async fn member(world: &World) -> (Person, String) {
    let person = world.open(AccountKind::Member, 0, None).await;
    let token = world.session(Some(person.account), &person.key).await;
    (person, token)
}

async fn council(world: &World) -> String {
    world.session(None, &world.council[0]).await
}

fn naming(account: AccountId, name: &str) -> Value {
    json!({ "account": account.to_string(), "name": name, "phone": "02 555 01 23" })
}

fn organisation(number: u8) -> Value {
    json!(data_encoding::HEXLOWER.encode(&[number; 16]))
}

async fn name(world: &World, asked: &Value) -> String {
    let named = world.post(paths::COUNCIL_TRUST, Some(&council(world).await), asked).await;
    assert_eq!(named.status, 201, "{named:?}");
    named.json["id"].as_str().unwrap().to_owned()
}

async fn tell(world: &World, token: &str, person: &str, index: Option<u64>) -> Answer {
    let mut asked = json!({ "person": person, "reason": "missing", "words": WORDS, "phone": PHONE });
    if let Some(index) = index {
        asked["about"] = json!({ "index": index });
    }
    world.post(paths::WRONG, Some(token), &asked).await
}

async fn delete(world: &World, path: &str, token: &str) -> Answer {
    let request = Request::delete(path).header("authorization", format!("Bearer {token}"));
    world.call(request.body(Body::empty()).unwrap()).await
}

fn id(answer: &Answer) -> String {
    answer.json["id"].as_str().unwrap().to_owned()
}

fn names(answer: &Answer) -> Vec<&str> {
    let persons = answer.json["persons"].as_array().unwrap();
    persons.iter().map(|person| person["name"].as_str().unwrap()).collect()
}

/// Gives a member credits from a budget; returns the index of it.
async fn earned(world: &World, budget: &Person, person: &Person) -> u64 {
    let earned = world.earn(budget, person, 200).await;
    earned.json["receipt"]["index"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_is_heard_by_one_person_answered_and_linked_to_what_followed() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let trekker = world.session(Some(budget.account), &budget.key).await;
    let profile = json!({ "name": "De Zaadkamer", "listed": true });
    let path = paths::fill(paths::PROFILE, budget.account);
    assert_eq!(world.send("PUT", &path, Some(&trekker), &profile).await.status, 204);
    let ((an, an_token), (mia, mia_token), (_, other)) =
        (member(&world).await, member(&world).await, member(&world).await);
    let index = earned(&world, &budget, &an).await;
    let about = format!("{}?index={index}", paths::WRONG);
    let nobody = world.get(&about, Some(&an_token)).await;
    assert_eq!((nobody.status, names(&nobody).len()), (200, 0));

    let named = name(&world, &naming(mia.account, "Mia")).await;
    let public = world.get(paths::PERSONS_OF_TRUST, None).await;
    let expected = json!([{ "id": named, "name": "Mia", "phone": "02 555 01 23", "place": null }]);
    assert_eq!(public.json["persons"], expected, "her account stands nowhere");
    let told = tell(&world, &an_token, &named, Some(index)).await;
    assert_eq!((told.status, &told.json["state"]), (201, &json!("told")), "{told:?}");
    assert_eq!(told.json["about"], json!({ "index": index, "line": 1 }));

    // Nobody else learns of it: not the place, not the council, no auditor, no other member.
    let office = council(&world).await;
    for token in [&trekker, &other, &office] {
        assert_eq!(world.get(paths::HEARD, Some(token)).await.code(), "forbidden");
    }
    for token in [&trekker, &other, &mia_token] {
        assert_eq!(world.get(paths::WRONG, Some(token)).await.json["told"], json!([]));
    }
    let path = paths::fill(paths::HEARD_ONE, id(&told));
    let talking = json!({ "state": "talking", "answer": "Ik vraag het na." });
    assert_eq!(world.send("PUT", &path, Some(&other), &talking).await.status, 403);

    // The person of trust hears it without the account, and finds it in her inbox.
    let heard = world.get(paths::HEARD, Some(&mia_token)).await;
    let one = &heard.json["heard"][0];
    assert_eq!((&one["words"], &one["phone"]), (&json!(WORDS), &json!(PHONE)));
    assert_eq!(
        (&one["about"]["index"], &one["about"]["credit"], &one["about"]["with"], &one["teller"]),
        (&json!(index), &json!("2.00"), &json!("De Zaadkamer"), &json!(null))
    );
    assert!(!String::from_utf8_lossy(&heard.bytes).contains(&an.account.to_string()));
    let inbox = |person: &Person| paths::fill(paths::INBOX, person.account);
    let waits = world.get(&inbox(&mia), Some(&mia_token)).await;
    assert_eq!(waits.json["messages"][0]["about"], json!({ "what": "heard", "count": 1 }));

    assert_eq!(world.send("PUT", &path, Some(&mia_token), &talking).await.status, 200);
    let own = world.get(paths::WRONG, Some(&an_token)).await;
    let first = &own.json["told"][0];
    assert_eq!((&first["state"], &first["answer"]), (&json!("talking"), &json!("Ik vraag het na.")));
    let news = world.get(&inbox(&an), Some(&an_token)).await;
    let about_news = &news.json["messages"][0]["about"];
    assert_eq!(about_news, &json!({ "what": "wrong", "state": "talking", "listens": true }));
    assert!(!String::from_utf8_lossy(&news.bytes).contains(WORDS), "phones keep messages");

    // What followed of this very line is shown to her, and linked by its number.
    let lines = vec![(1, Amount::new(100).unwrap())];
    let body = EntryBody::Correct(Correct { index, lines, reason: CorrectReason::WrongAmount, cover: None });
    let corrected = world.submit(&world.sign(body, &[&budget.key])).await;
    let followed = corrected.json["receipt"]["index"].as_u64().unwrap();
    let heard = world.get(paths::HEARD, Some(&mia_token)).await;
    let found = &heard.json["heard"][0]["about"]["followed"];
    assert_eq!((&found[0]["index"], &found[0]["kind"]), (&json!(followed), &json!("correct")), "{found}");
    let done =
        json!({ "state": "done", "answer": "Rechtgezet.", "outcome": "correction", "entry": followed });
    let done = world.send("PUT", &path, Some(&mia_token), &done).await;
    assert_eq!((done.status, &done.json["outcome"]), (200, &json!("correction")), "{done:?}");
    let own = world.get(paths::WRONG, Some(&an_token)).await;
    let last = &own.json["told"][0];
    assert_eq!((&last["state"], &last["entry"]), (&json!("done"), &json!(followed)));
    let waits = world.get(&inbox(&mia), Some(&mia_token)).await;
    assert_eq!(waits.json["messages"], json!([]), "nothing waits for her any more");

    // Three months later nothing is left but a count.
    world.service.community().erase_told(wall_clock().seconds() + KEPT_SECONDS + 1);
    assert_eq!(world.get(paths::WRONG, Some(&an_token)).await.json["told"], json!([]));
    assert_eq!(world.get(paths::HEARD, Some(&mia_token)).await.json["heard"], json!([]));
    let seen = world.get(paths::COUNCIL_TRUST, Some(&office)).await;
    assert_eq!(seen.json["years"][0]["told"], json!(null), "fewer than five are no number: {seen:?}");
    for ended in ["refund", "correction", "credit", "nothing"] {
        assert_eq!(seen.json["years"][0][ended], json!(null), "a zero would say how the others ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gave_the_credits_does_not_hear_about_them() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let elsewhere = world.open(AccountKind::Budget, 100_000, Some(2)).await;
    let ((an, token), (mia, _), (jef, _), (lou, lou_token)) =
        (member(&world).await, member(&world).await, member(&world).await, member(&world).await);
    // The trekker's own account, by the key that also gives from the budget.
    let account = AccountId([90; 16]);
    let key = KeyGrant { key: PublicKey::of(&budget.key), rights: Rights::ALL, until: None, cap: None };
    let states = vec![AccountState::plain(account, AccountKind::Member, vec![key])];
    let opened = world.sign(EntryBody::Open(Open { states }), &[&world.council[0]]);
    assert_eq!(world.submit(&opened).await.status, 201);

    let of = |asked: Value, field: &str, number: u8| {
        let mut asked = asked;
        asked[field] = organisation(number);
        asked
    };
    let office = council(&world).await;
    for asked in [
        of(naming(account, "Trekker"), "organisation", 1),
        of(of(naming(mia.account, "Mia"), "organisation", 1), "gives_at", 1),
    ] {
        let refused = world.post(paths::COUNCIL_TRUST, Some(&office), &asked).await;
        assert_eq!((refused.status, refused.code()), (409, "person_gives"), "{refused:?}");
    }
    let trekker = name(&world, &naming(account, "Trekker")).await;
    name(&world, &of(naming(mia.account, "Mia"), "organisation", 2)).await;
    name(&world, &of(naming(jef.account, "Jef"), "gives_at", 1)).await;
    name(&world, &of(naming(lou.account, "Lou"), "organisation", 1)).await;

    let index = earned(&world, &budget, &an).await;
    let at = |index: u64| format!("{}?index={index}", paths::WRONG);
    assert_eq!(names(&world.get(&at(index), Some(&token)).await), ["Lou"]);
    let refused = tell(&world, &token, &trekker, Some(index)).await;
    assert_eq!((refused.status, refused.code()), (404, "unknown_person_of_trust"));
    let other = earned(&world, &elsewhere, &an).await;
    assert_eq!(names(&world.get(&at(other), Some(&token)).await), ["Mia", "Jef", "Trekker"]);
    // About nothing in particular anybody hears; a person of trust does not tell themselves.
    assert_eq!(names(&world.get(paths::WRONG, Some(&token)).await), ["Lou", "Mia", "Jef", "Trekker"]);
    assert_eq!(names(&world.get(paths::WRONG, Some(&lou_token)).await), ["Mia", "Jef", "Trekker"]);
    // Whom one paid hears nothing about that.
    let paid = world.submit(&world.pay(&an, jef.account, 100, None)).await;
    let paid = paid.json["receipt"]["index"].as_u64().unwrap();
    assert_eq!(names(&world.get(&at(paid), Some(&token)).await), ["Trekker"]);
    // Somebody else's line is nobody's to tell about.
    let refused = world.get(&at(index), Some(&lou_token)).await;
    assert_eq!((refused.status, refused.code()), (404, "unknown_line"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_and_a_cashier_of_a_shop_each_tell_for_themselves() {
    let world = World::founded(1);
    let (shop, cashier) = shop(&world).await;
    let owner = world.session(Some(shop.account), &shop.key).await;
    let profile = json!({ "name": "Bakkerij Jo", "listed": true });
    let path = paths::fill(paths::PROFILE, shop.account);
    assert_eq!(world.send("PUT", &path, Some(&owner), &profile).await.status, 204);
    let cashier = world.session(Some(shop.account), &cashier).await;
    let (mia, mia_token) = member(&world).await;
    let person = name(&world, &naming(mia.account, "Mia")).await;
    let (payer, _) = member(&world).await;
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    earned(&world, &budget, &payer).await;
    let paid = world.submit(&world.pay(&payer, shop.account, 100, None)).await;
    let index = paid.json["receipt"]["index"].as_u64().unwrap();

    let by_cashier = tell(&world, &cashier, &person, Some(index)).await;
    assert_eq!(by_cashier.status, 201, "{by_cashier:?}");
    assert_eq!(world.get(paths::WRONG, Some(&owner)).await.json["told"], json!([]), "not the owner's");
    let path = paths::fill(paths::WRONG_ONE, id(&by_cashier));
    assert_eq!(delete(&world, &path, &owner).await.code(), "unknown_wrong");
    let by_owner = tell(&world, &owner, &person, None).await;
    assert_eq!(by_owner.status, 201, "{by_owner:?}");
    let own = world.get(paths::WRONG, Some(&cashier)).await;
    assert_eq!((own.json["told"].as_array().unwrap().len(), &own.json["listens"]), (1, &json!(false)));
    // The person of trust knows the shop by its name, and who paid it by nothing.
    let heard = world.get(paths::HEARD, Some(&mia_token)).await;
    let one = &heard.json["heard"][0];
    assert_eq!((&one["teller"], &one["about"]["with"]), (&json!("Bakkerij Jo"), &json!(null)));
    // An opening is no payment: a cashier sees the day alone.
    let opening = world.get(&format!("{}?index=1", paths::WRONG), Some(&cashier)).await;
    assert_eq!(opening.code(), "unknown_line");
    assert_eq!(delete(&world, &path, &cashier).await.status, 204);
    assert_eq!(world.get(paths::WRONG, Some(&cashier)).await.json["told"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_said_and_nobody_floods() {
    let world = World::founded(1);
    let ((_, token), (mia, mia_token)) = (member(&world).await, member(&world).await);
    let person = name(&world, &naming(mia.account, "Mia")).await;
    for (asked, field) in [
        (json!({ "person": person, "reason": "other" }), "words"),
        (json!({ "person": person, "reason": "other", "words": " \n " }), "words"),
        (json!({ "person": person, "reason": "amount", "words": "x".repeat(1_001) }), "words"),
        (json!({ "person": person, "reason": "amount", "phone": "bel mij" }), "phone"),
    ] {
        let refused = world.post(paths::WRONG, Some(&token), &asked).await;
        assert_eq!((refused.status, &refused.json["field"]), (400, &json!(field)), "{refused:?}");
    }
    assert_eq!(tell(&world, &token, "00", None).await.code(), "unknown_person_of_trust");
    let office = council(&world).await;
    assert_eq!(tell(&world, &office, &person, None).await.code(), "forbidden");
    let far = tell(&world, &token, &person, Some(9_999)).await;
    assert_eq!(far.code(), "unknown_record");

    for _ in 0..5 {
        assert_eq!(tell(&world, &token, &person, None).await.status, 201);
    }
    let many = tell(&world, &token, &person, None).await;
    assert_eq!((many.status, many.code(), &many.json["limit"]), (429, "too_many", &json!("5")));
    let heard = world.get(paths::HEARD, Some(&mia_token)).await.json["heard"].clone();
    let path = paths::fill(paths::HEARD_ONE, heard[0]["id"].as_str().unwrap());
    for (asked, field) in [
        (json!({ "state": "told" }), "state"),
        (json!({ "state": "done" }), "outcome"),
        (json!({ "state": "talking", "outcome": "nothing" }), "outcome"),
        (json!({ "state": "done", "outcome": "nothing", "entry": 1 }), "entry"),
    ] {
        let refused = world.send("PUT", &path, Some(&mia_token), &asked).await;
        assert_eq!((refused.status, &refused.json["field"]), (400, &json!(field)), "{refused:?}");
    }
    let beyond = json!({ "state": "done", "outcome": "credit", "entry": 9_999 });
    assert_eq!(world.send("PUT", &path, Some(&mia_token), &beyond).await.code(), "unknown_record");
    // What is done makes room; ten in a day are enough all the same.
    for one in heard.as_array().unwrap() {
        let path = paths::fill(paths::HEARD_ONE, one["id"].as_str().unwrap());
        let done = json!({ "state": "done", "outcome": "nothing" });
        assert_eq!(world.send("PUT", &path, Some(&mia_token), &done).await.status, 200);
    }
    for _ in 0..5 {
        assert_eq!(tell(&world, &token, &person, None).await.status, 201);
    }
    let open = world.get(paths::HEARD, Some(&mia_token)).await.json["heard"].clone();
    let states: Vec<_> = open.as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!((&states[0], &states[9]), (&json!("told"), &json!("done")), "open ones stand in front");
    let path = paths::fill(paths::HEARD_ONE, open[0]["id"].as_str().unwrap());
    let done = json!({ "state": "done", "outcome": "nothing" });
    assert_eq!(world.send("PUT", &path, Some(&mia_token), &done).await.status, 200);
    let many = tell(&world, &token, &person, None).await;
    assert_eq!((many.code(), &many.json["limit"]), ("too_many", &json!("10")));
    // The council sees how many, and nothing of them.
    let seen = world.get(paths::COUNCIL_TRUST, Some(&office)).await;
    let count = |state: &str| {
        let counts = seen.json["counts"].as_array().unwrap();
        let found = counts.iter().find(|one| one["state"] == state && one["age"] == "days");
        found.unwrap()["count"].clone()
    };
    assert_eq!((count("told"), count("talking"), count("done")), (json!(null), json!(0), json!(6)));
    assert_eq!((&seen.json["years"][0]["told"], &seen.json["years"][0]["nothing"]), (&json!(10), &json!(6)));
    assert!(!String::from_utf8_lossy(&seen.bytes).contains(WORDS));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_council_names_who_listens_and_reads_nothing_by_naming_somebody_else() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let ((an, an_token), (mia, mia_token), (lou, lou_token)) =
        (member(&world).await, member(&world).await, member(&world).await);
    let office = council(&world).await;
    for token in [&an_token, &mia_token] {
        assert_eq!(world.get(paths::COUNCIL_TRUST, Some(token)).await.code(), "forbidden");
        let refused = world.post(paths::COUNCIL_TRUST, Some(token), &naming(an.account, "An")).await;
        assert_eq!(refused.code(), "forbidden");
    }
    let stranger = AccountId([77; 16]);
    for (asked, field) in [
        (naming(stranger, "Niemand"), "account"),
        (naming(budget.account, "Een plek"), "account"),
        (naming(mia.account, " "), "name"),
        (json!({ "account": mia.account.to_string(), "name": "Mia", "phone": "geen" }), "phone"),
        (
            json!({ "account": mia.account.to_string(), "name": "Mia", "phone": "112", "organisation": organisation(9) }),
            "organisation",
        ),
    ] {
        let refused = world.post(paths::COUNCIL_TRUST, Some(&office), &asked).await;
        assert_eq!((refused.status, &refused.json["field"]), (400, &json!(field)), "{refused:?}");
    }
    let person = name(&world, &naming(mia.account, "Mia")).await;
    let told = tell(&world, &an_token, &person, None).await;
    // Another account is another person: what Mia was told stays hers.
    let path = paths::fill(paths::COUNCIL_TRUST_ONE, &person);
    let refused = world.send("PUT", &path, Some(&office), &naming(lou.account, "Lou")).await;
    assert_eq!((refused.status, &refused.json["field"]), (400, &json!("account")));
    let moved = json!({ "account": mia.account.to_string(), "name": "Mia M.", "phone": "112" });
    assert_eq!(world.send("PUT", &path, Some(&office), &moved).await.status, 200);
    assert_eq!(world.get(paths::PERSONS_OF_TRUST, None).await.json["persons"][0]["phone"], "112");

    // She listens no longer: nobody reads it, whoever is named, until its teller tells somebody else.
    let another = paths::fill(paths::WRONG_ONE, id(&told));
    let second = name(&world, &naming(lou.account, "Lou")).await;
    let to_lou = json!({ "person": second });
    let early = world.send("PUT", &another, Some(&an_token), &to_lou).await;
    assert_eq!((early.status, early.code()), (409, "person_listens"));
    assert_eq!(delete(&world, &path, &office).await.status, 204);
    assert_eq!(delete(&world, &path, &office).await.code(), "unknown_person_of_trust");
    assert_eq!(world.get(paths::HEARD, Some(&mia_token)).await.code(), "forbidden");
    assert_eq!(world.get(paths::HEARD, Some(&lou_token)).await.json["heard"], json!([]));
    let own = world.get(paths::WRONG, Some(&an_token)).await;
    assert_eq!(own.json["told"][0]["person"], json!(null));
    let inbox = world.get(&paths::fill(paths::INBOX, an.account), Some(&an_token)).await;
    assert_eq!(inbox.json["messages"][0]["about"]["listens"], json!(false), "{inbox:?}");
    let refused = world.send("PUT", &another, Some(&lou_token), &to_lou).await;
    assert_eq!(refused.code(), "unknown_wrong", "its teller alone chooses");
    assert_eq!(world.send("PUT", &another, Some(&an_token), &to_lou).await.status, 200);
    let heard = world.get(paths::HEARD, Some(&lou_token)).await;
    assert_eq!(heard.json["heard"][0]["words"], WORDS);
    // Who closes their account listens no longer, and her number is forgotten.
    let closing = klaver_ledger::entry::Close { account: lou.account, heir: an.account };
    let closed = world.submit(&world.sign(EntryBody::Close(closing), &[&lou.key])).await;
    assert_eq!(closed.status, 201, "{closed:?}");
    world.service.sweep().await;
    assert_eq!(world.get(paths::PERSONS_OF_TRUST, None).await.json["persons"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_town_square_says_whom_to_call() {
    let world = World::founded(1);
    let page = async || String::from_utf8(world.get("/", None).await.bytes).unwrap();
    assert!(!page().await.contains("class=\"trust\""));
    let (mia, _) = member(&world).await;
    name(&world, &naming(mia.account, "Mia <3")).await;
    let shown = page().await;
    assert!(shown.contains("Mia &lt;3") && shown.contains("href=\"tel:025550123\""), "{shown}");
    assert!(!shown.contains(&mia.account.to_string()));
}
