//! Organisations in one ledger: named by the council, seen by their own staff alone, with and without the currency.

use super::support::{Answer, World, leaves_the_disk};
use axum::body::Body;
use axum::http::Request;
use jiff::Timestamp;
use klaver_api::paths;
use klaver_ledger::account::{AccountKind, AccountState, AccountStatus, KeyGrant, Rights};
use klaver_ledger::amount::Total;
use klaver_ledger::entry::{Body as EntryBody, Change, Earn, EarnReason};
use klaver_ledger::id::OrganisationId;
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::time::Deadline;
use klaver_node::clock::wall_clock;
use serde_json::{Value, json};

const CHOIR: &str = "Koor de Merel";

fn hex(number: u8) -> String {
    data_encoding::HEXLOWER.encode(&[number; 16])
}

async fn name(world: &World, council: &str, asked: &Value) -> Answer {
    world.post(paths::COUNCIL_ORGANISATIONS, Some(council), asked).await
}

async fn form(world: &World, path: &str, fields: &str) -> Answer {
    world.call(Request::post(path).body(Body::from(fields.to_owned())).unwrap()).await
}

async fn page(world: &World, path: &str) -> (u16, String) {
    let request = Request::get(path).header("accept", "text/html").header("accept-language", "nl");
    let answer = world.call(request.body(Body::empty()).unwrap()).await;
    (answer.status, String::from_utf8_lossy(&answer.bytes).into_owned())
}

async fn delete(world: &World, path: &str, token: &str) -> u16 {
    let request = Request::delete(path).header("authorization", format!("Bearer {token}"));
    world.call(request.body(Body::empty()).unwrap()).await.status
}

/// The path of the private page that the council was given.
fn own_page(answer: &Answer) -> String {
    let address = answer.json["own_page"].as_str().unwrap();
    address.strip_prefix(super::support::URL).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_has_a_page_for_all_and_one_for_its_own_staff() {
    let world = World::founded(1);
    let (ours, theirs) = (
        world.open(AccountKind::Budget, 100_000, Some(1)).await,
        world.open(AccountKind::Budget, 100_000, Some(2)).await,
    );
    let council = world.session(None, &world.council[0]).await;
    let staff = world.session(Some(ours.account), &ours.key).await;
    let an = world.open(AccountKind::Member, 0, None).await;
    let profile = json!({ "name": "De Zaadkamer", "listed": true });
    let path = paths::fill(paths::PROFILE, ours.account);
    assert_eq!(world.send("PUT", &path, Some(&staff), &profile).await.status, 204);

    // Only the council names, and only what has accounts or is new.
    let asked = json!({ "name": "Buurtwerk", "organisation": hex(1), "words": { "about": "Samen doen." } });
    assert_eq!(name(&world, &staff, &asked).await.code(), "forbidden");
    let seen = world.get(paths::COUNCIL_ORGANISATIONS, Some(&council)).await;
    let unnamed = json!([
        { "organisation": hex(1), "place": "De Zaadkamer" }, { "organisation": hex(2), "place": null }
    ]);
    assert_eq!(seen.json["unnamed"], unnamed);
    assert_eq!(
        world.send("PUT", paths::OWN_ORGANISATION, Some(&staff), &json!({})).await.code(),
        "unknown_organisation"
    );
    let wrong = [
        json!({ "name": "", "organisation": hex(1) }),
        json!({ "name": "X", "organisation": hex(9) }),
        json!({ "name": "X", "words": { "agenda": "javascript:alert(1)" } }),
    ];
    for asked in &wrong {
        assert_eq!(name(&world, &council, asked).await.code(), "malformed_field", "{asked}");
    }
    let named = name(&world, &council, &asked).await;
    assert_eq!(
        (named.status, &named.json["id"], &named.json["own_page"]),
        (201, &json!(hex(1)), &json!(null))
    );
    assert_eq!(name(&world, &council, &asked).await.code(), "malformed_field", "it has a name");

    // Everybody reads its page; what it did stays untold while it is one person.
    world.earn(&ours, &an, 200).await;
    let (status, html) = page(&world, &paths::fill(paths::ORGANISATION_PAGE, hex(1))).await;
    assert_eq!(status, 200);
    for words in ["Buurtwerk", "Samen doen.", "De Zaadkamer", "vanaf tien mensen"] {
        assert!(html.contains(words), "{words}");
    }
    assert_eq!(page(&world, &paths::fill(paths::ORGANISATION_PAGE, hex(2))).await.0, 404);
    let public = world.get(paths::ORGANISATIONS, None).await;
    assert_eq!(public.json["organisations"][0]["figures"], json!(null));
    assert!(page(&world, "/").await.1.contains("/organisations"));

    // Its own staff sees its own accounts and entries, and nothing of another.
    let own = world.get(paths::OWN_ORGANISATION, Some(&staff)).await;
    assert_eq!(own.status, 200, "{own:?}");
    let account = &own.json["accounts"][0];
    assert_eq!(own.json["accounts"].as_array().unwrap().len(), 1);
    assert_eq!((&account["threshold"], &account["available"]), (&json!(1), &json!("998.00")));
    let month = &own.json["months"][0];
    assert_eq!(
        (&month["figures"]["people"], &month["figures"]["moments"], &month["given"]),
        (&json!(1), &json!(1), &json!("2.00"))
    );
    let body = String::from_utf8_lossy(&own.bytes);
    assert!(!body.contains(&theirs.account.to_string()) && !body.contains(&an.account.to_string()));
    let member = world.session(Some(an.account), &an.key).await;
    for token in [&member, &council] {
        assert_eq!(world.get(paths::OWN_ORGANISATION, Some(token)).await.code(), "forbidden");
    }
    let said = json!({ "about": "Samen koken en doen.", "address": "Kaai 1", "agenda": "https://buurtwerk.example/agenda" });
    assert_eq!(world.send("PUT", paths::OWN_ORGANISATION, Some(&staff), &said).await.status, 204);
    let (_, html) = page(&world, &paths::fill(paths::ORGANISATION_PAGE, hex(1))).await;
    assert!(html.contains("Samen koken en doen.") && html.contains("https://buurtwerk.example/agenda"));

    // Two of two sign from now on; whoever was lent a right for today sees nothing of it.
    let (second, lent) = (SigningKey::from_bytes(&[201; 32]), SigningKey::from_bytes(&[202; 32]));
    let grant = |key: &SigningKey, bits, until| KeyGrant {
        key: PublicKey::of(key),
        rights: Rights::from_bits(bits).unwrap(),
        until,
        cap: None,
    };
    let tonight = Deadline::from_seconds(wall_clock().seconds() + 3_600);
    let mut keys = vec![grant(&ours.key, 9, None), grant(&second, 9, None), grant(&lent, 1, tonight)];
    keys.sort_by_key(|grant| *grant.key.as_bytes());
    let state = AccountState {
        limit: Total::new(100_000).unwrap(),
        organisation: Some(OrganisationId([1; 16])),
        threshold: 2,
        ..AccountState::plain(ours.account, AccountKind::Budget, keys)
    };
    let base = world.get(&paths::fill(paths::ACCOUNT, ours.account), Some(&staff)).await.json["base"]
        .as_u64()
        .unwrap();
    let changed = world
        .submit(
            &world.sign(EntryBody::Change(Change { base, state, status: AccountStatus::Open }), &[&ours.key]),
        )
        .await;
    assert_eq!(changed.status, 201, "{changed:?}");
    let stand_in = world.session(Some(ours.account), &lent).await;
    assert_eq!(world.get(paths::OWN_ORGANISATION, Some(&stand_in)).await.code(), "forbidden");
    let colleague = world.session(Some(ours.account), &second).await;
    let own = world.get(paths::OWN_ORGANISATION, Some(&colleague)).await;
    assert_eq!(
        (&own.json["accounts"][0]["threshold"], own.json["accounts"][0]["keys"].as_array().unwrap().len()),
        (&json!(2), 3)
    );

    // Whoever was lent a right does not bind the organisation to a task of another; its own staff does.
    let other = world.session(Some(theirs.account), &theirs.key).await;
    let task = json!({
        "picture": "letters", "for_whom": "De bibliotheek", "how_many": "50", "brought_by": "Griet",
        "state": "open", "replaces_nobody": true, "responsible": "Het Ketelhuis vzw",
    });
    let task = world.post(paths::PLACE_TASKS, Some(&other), &task).await;
    let carriers = paths::fill(paths::PLACE_TASK_CARRIERS, task.json["id"].as_str().unwrap());
    let ask = json!({ "organisation": hex(1), "carries": true, "share": 40 });
    assert_eq!(world.send("PUT", &carriers, Some(&other), &ask).await.status, 200);
    let yes = json!({ "organisation": hex(1), "carries": true });
    assert_eq!(world.send("PUT", &carriers, Some(&stand_in), &yes).await.code(), "forbidden");
    assert_eq!(world.send("PUT", &carriers, Some(&colleague), &yes).await.status, 200);

    let given = world.earn(&ours, &an, 100).await;
    assert_eq!(given.json["outcome"], "draft", "one of two has signed: {given:?}");

    let one = paths::fill(paths::COUNCIL_ORGANISATION, hex(1));
    assert_eq!(delete(&world, &one, &staff).await, 403);
    assert_eq!(delete(&world, &one, &council).await, 204);
    assert_eq!(delete(&world, &one, &council).await, 404);
    leaves_the_disk(&world, b"Samen koken en doen.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_without_the_currency_is_listed_meets_and_counts() {
    let world = World::founded(1);
    let council = world.session(None, &world.council[0]).await;
    let choir =
        name(&world, &council, &json!({ "name": CHOIR, "words": { "about": "Zingen op dinsdag." } })).await;
    assert_eq!((choir.status, &choir.json["with_currency"]), (201, &json!(false)), "{choir:?}");
    let (own, id) = (own_page(&choir), choir.json["id"].as_str().unwrap().to_owned());
    assert_eq!(page(&world, &own).await.0, 200);
    assert_eq!(page(&world, &own.replace("/member/", "/member/X")).await.0, 404);
    assert!(
        !page(&world, &format!("/organisations/{id}")).await.1.contains("/member/"),
        "its key stays with it"
    );

    // When it meets, by the clocks of the community, in the town's calendar and its own.
    let day =
        Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(jiff::Span::new().days(9));
    let meet = |day: &str, what: &str| {
        format!("do=meet&what={what}&day={day}&time=19%3A30&minutes=120&where=Zaal+De+Linde")
    };
    for (wrong, says) in [
        (meet("2020-01-01", "Zangavond"), "Kies een dag en een uur die nog komen."),
        (meet("morgen", "Zangavond"), "Kies een dag en een uur die nog komen."),
        (meet(&day.to_string(), ""), "Typ wat jullie doen"),
        ("do=count&month=2020-01&people=12&hours=3".to_owned(), "Kies een maand uit de lijst."),
        (meet(&day.to_string(), "Zangavond").replace("120", "0"), "Typ een getal, zoals 120."),
        ("do=count&month=x&people=veel&hours=3".to_owned(), "Typ een getal, zoals 25."),
        ("do=say&agenda=javascript:alert(1)".to_owned(), "Typ een adres dat met https:// begint."),
    ] {
        let answer = form(&world, &own, &wrong).await;
        let html = String::from_utf8_lossy(&answer.bytes).into_owned();
        assert!(answer.status == 400 && html.contains(says), "{wrong}: {html}");
    }
    assert_eq!(form(&world, &own, &meet(&day.to_string(), "Zangavond")).await.status, 303);
    let (_, html) = page(&world, &format!("/organisations/{id}")).await;
    for words in [CHOIR, "Zangavond", "19:30", "21:30", "Zaal De Linde", "doet mee zonder klavers"] {
        assert!(html.contains(words), "{words} in {html}");
    }
    for path in [paths::CALENDAR.to_owned(), format!("/organisations/{id}/calendar.ics")] {
        let feed = world.get(&path, None).await;
        let feed = String::from_utf8_lossy(&feed.bytes).into_owned();
        assert!(
            feed.contains("SUMMARY:Zangavond") && feed.contains("LOCATION:Koor de Merel\\, Zaal De Linde"),
            "{feed}"
        );
    }
    assert!(page(&world, "/tasks").await.1.contains("Zangavond"));

    // What it counts is told from ten people on, in tens, and only of a month that is over.
    let month = world.service.months_to_count()[0].clone();
    let count = |people: u64| format!("do=count&month={month}&people={people}&hours=6");
    for (people, shown) in
        [(9, json!(null)), (27, json!({ "month": month, "people": 20, "moments": 0, "hours": 0 }))]
    {
        assert_eq!(form(&world, &own, &count(people)).await.status, 303);
        let public = world.get(paths::ORGANISATIONS, None).await;
        // What all did is looked at once a day: no count that is changed meanwhile makes a difference there.
        let seen = (&public.json["organisations"][0]["figures"], &public.json["together"]);
        assert_eq!(seen, (&shown, &json!(null)));
    }
    let this = world.service.months_to_count()[2].clone();
    assert_eq!(form(&world, &own, &format!("do=count&month={this}&people=90&hours=6")).await.status, 303);
    let public = world.get(paths::ORGANISATIONS, None).await;
    assert_eq!(public.json["organisations"][0]["figures"]["people"], 20);
    assert!(page(&world, &format!("/organisations/{id}")).await.1.contains("minstens 20 mensen"));
    // The council sees the number itself, of five and more; of all together what anybody sees.
    let seen = world.get(paths::COUNCIL_ORGANISATIONS, Some(&council)).await;
    assert_eq!(seen.json["organisations"][0]["figures"]["people"], 27);
    assert_eq!(seen.json["together"], json!(null));

    // Once it has accounts, its staff has keys, and the private page is over.
    let asked = json!({ "name": "Koor", "organisation": hex(3) });
    assert_eq!(name(&world, &council, &asked).await.code(), "malformed_field");
    let gathering =
        world.get(paths::ORGANISATIONS, None).await.json["organisations"][0]["gatherings"][0]["id"].clone();
    let forget = format!("do=forget&gathering={}", gathering.as_str().unwrap());
    assert_eq!(form(&world, &own, &forget).await.status, 303);
    assert_eq!(form(&world, &own, &forget).await.status, 404);
    leaves_the_disk(&world, b"Zangavond").await;
    assert_eq!(delete(&world, &paths::fill(paths::COUNCIL_ORGANISATION, &id), &council).await, 204);
    assert_eq!(page(&world, &own).await.0, 404);
    leaves_the_disk(&world, CHOIR.as_bytes()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_organisations_carry_one_session_each_from_its_own_budget() {
    let world = World::founded(1);
    let council = world.session(None, &world.council[0]).await;
    let mut tokens = Vec::new();
    let mut budgets = Vec::new();
    for (number, called) in [(1, "De Zaadkamer"), (2, "Het Ketelhuis"), (3, "De Werf")] {
        let budget = world.open(AccountKind::Budget, 100_000, Some(number)).await;
        let token = world.session(Some(budget.account), &budget.key).await;
        let asked = json!({ "name": called, "organisation": hex(number) });
        assert_eq!(name(&world, &council, &asked).await.status, 201);
        budgets.push(budget);
        tokens.push(token);
    }
    let [ours, theirs, strangers] = [&tokens[0], &tokens[1], &tokens[2]];
    let profile = json!({ "name": "De Zaadkamer", "listed": true });
    let path = paths::fill(paths::PROFILE, budgets[0].account);
    assert_eq!(world.send("PUT", &path, Some(ours), &profile).await.status, 204);
    let task = json!({
        "picture": "letters", "for_whom": "De bibliotheek", "how_many": "5000", "brought_by": "Griet",
        "state": "open", "replaces_nobody": true, "responsible": "De Zaadkamer vzw",
    });
    let task = world.post(paths::PLACE_TASKS, Some(ours), &task).await;
    let task = task.json["id"].as_str().unwrap().to_owned();
    let starts_at = klaver_ledger::time::Timestamp::from_millis(wall_clock().millis()).unwrap().to_string();
    let session = json!({ "starts_at": starts_at, "minutes": 120, "places": 12, "difficulty": 1 });
    let session = world.post(&paths::fill(paths::PLACE_TASK_SESSIONS, &task), Some(ours), &session).await;
    let session = session.json["session"]["id"].as_str().unwrap().to_owned();
    let session_path = paths::fill(paths::PLACE_TASK_SESSION, &session);
    let carriers = paths::fill(paths::PLACE_TASK_CARRIERS, &task);

    // Asked for a share: never all of it, never oneself, and by nobody but the place that answers for it.
    let ask = |number: u8, share: u8| json!({ "organisation": hex(number), "carries": true, "share": share });
    for (wrong, field) in [(ask(1, 50), "organisation"), (ask(9, 50), "organisation"), (ask(2, 95), "share")]
    {
        let answer = world.send("PUT", &carriers, Some(ours), &wrong).await;
        assert_eq!((answer.code(), &answer.json["field"]), ("malformed_field", &json!(field)), "{wrong}");
    }
    assert_eq!(world.send("PUT", &carriers, Some(theirs), &ask(2, 50)).await.code(), "unknown_task");
    let asked = world.send("PUT", &carriers, Some(ours), &ask(2, 40)).await;
    assert_eq!((asked.status, &asked.json["share"]), (200, &json!(100)), "nobody has answered: {asked:?}");

    // Whoever is asked sees the task and nothing of who comes, until they say yes with a line of their own.
    let seen = world.get(paths::PLACE_TASKS, Some(theirs)).await;
    let one = &seen.json["tasks"][0];
    assert_eq!(
        (&one["own"], &one["sessions"], &one["client_link"]),
        (&json!(false), &json!([]), &json!(null))
    );
    assert_eq!(world.get(&session_path, Some(theirs)).await.code(), "unknown_task_session");
    let public = world.get(&paths::fill(paths::TASK, &task), None).await;
    assert_eq!(public.json["place"], "De Zaadkamer");
    let yes = json!({ "organisation": hex(2), "carries": true, "responsible": "Ketelhuis vzw", "insurer": "Ethias", "policy": "77" });
    let agreed = world.send("PUT", &carriers, Some(theirs), &yes).await;
    assert_eq!(
        (agreed.status, &agreed.json["share"], &agreed.json["carriers"][0]["agreed"]),
        (200, &json!(40), &json!(true))
    );
    let own = world.get(paths::PLACE_TASKS, Some(ours)).await;
    let own = &own.json["tasks"][0];
    assert_eq!((&own["share"], &own["carriers"][0]["responsible"]), (&json!(60), &json!("Ketelhuis vzw")));

    // The public page, the calendar and the page of either name both.
    let both = "De Zaadkamer & Het Ketelhuis";
    assert_eq!(world.get(&paths::fill(paths::TASK, &task), None).await.json["place"], both);
    assert!(page(&world, &format!("/tasks/{task}")).await.1.contains("De Zaadkamer &amp; Het Ketelhuis"));
    for number in [1, 2] {
        let feed = world.get(&format!("/organisations/{}/calendar.ics", hex(number)), None).await;
        assert!(String::from_utf8_lossy(&feed.bytes).contains(&format!("LOCATION:{both}")));
    }
    // Both lead it; only the place that answers for the task changes it, and nobody else sees it.
    assert_eq!(world.get(&session_path, Some(theirs)).await.status, 200);
    let moved = json!({ "starts_at": starts_at, "minutes": 90, "places": 12, "difficulty": 1 });
    assert_eq!(world.send("PUT", &session_path, Some(theirs), &moved).await.status, 404);
    assert_eq!(world.get(&session_path, Some(strangers)).await.status, 404);
    // What each gives is an entry of its own, by its own key, that names the task.
    let an = world.open(AccountKind::Member, 0, None).await;
    let reference = klaver_ledger::id::TaskId::from_hex(&task);
    for (budget, amount) in [(&budgets[0], 120), (&budgets[1], 80)] {
        let payees = vec![(an.account, klaver_ledger::amount::Amount::new(amount).unwrap())];
        let earn = Earn { budget: budget.account, reason: EarnReason::Helped, task: reference, payees };
        assert_eq!(world.submit(&world.sign(EntryBody::Earn(earn), &[&budget.key])).await.status, 201);
    }
    let figures = world.get(paths::OWN_ORGANISATION, Some(theirs)).await;
    assert_eq!(figures.json["months"][0]["given"], "0.80");

    // Whoever stops is named no longer, and leads nothing there.
    let no = json!({ "organisation": hex(2), "carries": false });
    assert_eq!(world.send("PUT", &carriers, Some(theirs), &no).await.status, 200);
    assert_eq!(world.get(&session_path, Some(theirs)).await.status, 404);
    assert_eq!(world.get(&paths::fill(paths::TASK, &task), None).await.json["place"], "De Zaadkamer");
}
