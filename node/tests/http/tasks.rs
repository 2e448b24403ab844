//! Tasks and sessions: brought without an account, taken by a place, joined, checked in, erased; who learns what.

use super::support::{Answer, Person, World};
use axum::body::Body;
use axum::http::Request;
use klaver_api::paths;
use klaver_ledger::account::{AccountKind, AccountStatus, KeyGrant, Rights};
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body as EntryBody, Change, Earn, EarnReason};
use klaver_ledger::id::{AccountId, TaskId};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use klaver_node::clock::wall_clock;
use klaver_node::community::TaskRow;
use klaver_node::community::tasks::TaskState;
use serde_json::{Value, json};

fn brought() -> Value {
    json!({ "picture": "letters", "for_whom": "De bibliotheek", "how_many": "5000 brieven", "ready_by": "2027-01-15", "brought_by": "Bakker Jo" })
}

fn taken() -> Value {
    let mut task = brought();
    for (name, value) in
        [("state", json!("open")), ("replaces_nobody", json!(true)), ("sitting", json!(true))]
    {
        task[name] = value;
    }
    task
}

async fn place(world: &World, organisation: u8) -> (Person, String) {
    let place = world.open(AccountKind::Budget, 10_000, Some(organisation)).await;
    let token = world.session(Some(place.account), &place.key).await;
    (place, token)
}

async fn member(world: &World) -> (Person, String) {
    let person = world.open(AccountKind::Member, 0, None).await;
    let token = world.session(Some(person.account), &person.key).await;
    (person, token)
}

async fn put(world: &World, path: &str, token: &str, body: &Value) -> Answer {
    world.send("PUT", path, Some(token), body).await
}

/// A session that begins so many seconds from now.
fn session(in_seconds: i64, places: u16) -> Value {
    let at = wall_clock().millis().checked_add_signed(in_seconds * 1_000).unwrap();
    let starts_at = Timestamp::from_millis(at).unwrap().to_string();
    json!({ "starts_at": starts_at, "minutes": 60, "places": places, "difficulty": 2, "approval": "RVA 12" })
}

/// Returns the id of a session of an open task, and the secret of its code.
async fn open_session(world: &World, token: &str, in_seconds: i64, places: u16) -> (String, String) {
    let made = world.post(paths::PLACE_TASKS, Some(token), &taken()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = paths::fill(paths::PLACE_TASK_SESSIONS, made.json["id"].as_str().unwrap());
    let made = world.post(&path, Some(token), &session(in_seconds, places)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let code = made.json["check_in"].as_str().unwrap().split('#').nth(1).unwrap().to_owned();
    (made.json["session"]["id"].as_str().unwrap().to_owned(), code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_account_brings_a_task_and_follows_it_by_a_private_link() {
    let world = World::founded(1);
    let (_, ours) = place(&world, 1).await;
    let (_, theirs) = place(&world, 2).await;
    let made = world.post(paths::TASKS, None, &brought()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json["id"].as_str().unwrap();
    let code = made.json["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    // Nobody joins what no place has taken; both places see it.
    assert_eq!(world.get(paths::TASKS, None).await.json, json!({ "tasks": [] }));
    assert_eq!(world.get(&paths::fill(paths::TASK, id), None).await.code(), "unknown_task");
    let client = paths::fill(paths::CLIENT_TASK, &code);
    assert_eq!(world.get(&client, None).await.json["task"]["state"], "proposed");
    for token in [&ours, &theirs] {
        let seen = world.get(paths::PLACE_TASKS, Some(token)).await;
        assert_eq!(seen.json["tasks"][0]["task"]["brought_by"], "Bakker Jo");
    }
    // Not feasible yet, with the reason; then it is after all.
    let path = paths::fill(paths::PLACE_TASK, id);
    let mut answer = taken();
    answer["state"] = json!("not_feasible");
    assert_eq!(put(&world, &path, &ours, &answer).await.json["field"], "why_not");
    answer["why_not"] = json!("people");
    assert_eq!(put(&world, &path, &ours, &answer).await.status, 200);
    let told = world.get(&client, None).await;
    assert_eq!(
        (&told.json["task"]["state"], &told.json["why_not"]),
        (&json!("not_feasible"), &json!("people"))
    );
    assert_eq!(put(&world, &path, &theirs, &taken()).await.code(), "unknown_task", "another place's now");
    let mut harmful = taken();
    harmful["replaces_nobody"] = json!(false);
    assert_eq!(put(&world, &path, &ours, &harmful).await.json["field"], "replaces_nobody");
    let open = put(&world, &path, &ours, &taken()).await;
    assert_eq!(open.json["missing"], json!(["responsible", "insurer", "policy"]), "warned");
    let mut insured = taken();
    for name in ["responsible", "insurer", "policy"] {
        insured[name] = json!("vzw De Ploeg");
    }
    insured["progress"] = json!(50);
    insured["reason"] = json!("welcome");
    let saved = put(&world, &path, &ours, &insured).await.json;
    assert_eq!((&saved["missing"], &saved["task"]["reason"]), (&json!([]), &json!("welcome")));
    // The public learns nothing of insurance, of who brought it, or of the client's address.
    let public = world.get(&paths::fill(paths::TASK, id), None).await;
    assert_eq!((public.status, &public.json["progress"]), (200, &json!(50)));
    let text = String::from_utf8(public.bytes).unwrap();
    assert!(!text.contains("Bakker Jo") && !text.contains("vzw De Ploeg") && !text.contains(&code), "{text}");
    // A thank-you stands where everybody reads it once the task is done; a wrong code thanks nobody.
    let thanks = |code: &str| paths::fill(paths::CLIENT_THANKS, code);
    assert_eq!(world.post(&thanks(&code), None, &json!({ "words": "Merci!" })).await.status, 204);
    assert_eq!(world.post(&thanks(id), None, &json!({ "words": "x" })).await.code(), "unknown_task");
    assert_eq!(
        world.post(&thanks(&code), None, &json!({ "words": "a\u{202e}b" })).await.code(),
        "malformed_field"
    );
    let public = paths::fill(paths::TASK, id);
    assert_eq!(world.get(&public, None).await.json["thanks"], Value::Null);
    assert_eq!(world.get(paths::TASKS, None).await.json["tasks"][0]["thanks"], Value::Null);
    assert_eq!(world.get(&client, None).await.json["task"]["thanks"], "Merci!", "its client sees it at once");
    assert_eq!(world.get(paths::PLACE_TASKS, Some(&ours)).await.json["tasks"][0]["thanks"], "Merci!");
    insured["state"] = json!("done");
    assert_eq!(put(&world, &path, &ours, &insured).await.status, 200);
    assert_eq!(world.get(&public, None).await.json["thanks"], "Merci!");
    // What is wrong is named.
    for (field, value) in [("picture", "guns"), ("for_whom", ""), ("ready_by", "morgen")] {
        let mut wrong = brought();
        wrong[field] = json!(value);
        assert_eq!(world.post(paths::TASKS, None, &wrong).await.json["field"], field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_brought_or_said_is_forgotten_by_a_place_also_on_the_disk() {
    let world = World::founded(1);
    let (_, ours) = place(&world, 1).await;
    let (_, theirs) = place(&world, 2).await;
    let forget = async |path: &str, token: &str| world.send("DELETE", path, Some(token), &json!({})).await;
    let mut odd = brought();
    odd["for_whom"] = json!("Koop nu mijn stofzuiger");
    let made = world.post(paths::TASKS, None, &odd).await;
    let code = made.json["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    // One that waits is any place's to forget.
    let waiting = paths::fill(paths::PLACE_TASK, made.json["id"].as_str().unwrap());
    assert_eq!(forget(&waiting, &ours).await.status, 204);
    assert_eq!(forget(&waiting, &ours).await.code(), "unknown_task");
    assert_eq!(world.get(&paths::fill(paths::CLIENT_TASK, &code), None).await.code(), "unknown_task");
    // A thank-you is forgotten by the place of the task, and so is the task, but not while people may come.
    let made = world.post(paths::TASKS, None, &brought()).await;
    let (id, link) = (made.json["id"].as_str().unwrap(), made.json["link"].as_str().unwrap());
    let own = paths::fill(paths::PLACE_TASK, id);
    assert_eq!(put(&world, &own, &ours, &taken()).await.status, 200);
    let words = json!({ "words": "Woorden waar iemand spijt van heeft" });
    let thank = paths::fill(paths::CLIENT_THANKS, link.rsplit('/').next().unwrap());
    assert_eq!(world.post(&thank, None, &words).await.status, 204);
    let thanks = paths::fill(paths::PLACE_TASK_THANKS, id);
    assert_eq!(forget(&thanks, &theirs).await.code(), "unknown_task");
    assert_eq!(forget(&thanks, &ours).await.status, 204);
    assert_eq!(forget(&thanks, &ours).await.status, 204);
    assert_eq!(world.get(paths::PLACE_TASKS, Some(&ours)).await.json["tasks"][0]["thanks"], Value::Null);
    let session =
        world.post(&paths::fill(paths::PLACE_TASK_SESSIONS, id), Some(&ours), &session(600, 2)).await;
    let session = session.json["session"]["id"].as_str().unwrap();
    let an = member(&world).await;
    let path = paths::fill(paths::TASK_SESSION, session);
    assert_eq!(world.post(&path, Some(&an.1), &json!({})).await.status, 200);
    assert_eq!(forget(&own, &ours).await.code(), "forbidden");
    let mut done = taken();
    done["state"] = json!("done");
    assert_eq!(put(&world, &own, &ours, &done).await.status, 200);
    assert_eq!(forget(&own, &theirs).await.code(), "unknown_task");
    assert_eq!(forget(&own, &ours).await.status, 204);
    assert_eq!(world.get(paths::PLACE_TASKS, Some(&ours)).await.json, json!({ "tasks": [] }));
    assert_eq!(world.get(&path, Some(&an.1)).await.code(), "unknown_task_session");
    for gone in ["stofzuiger", "spijt van heeft", "De bibliotheek"] {
        crate::support::leaves_the_disk(&world, gone.as_bytes()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_brings_and_thanks_so_often_and_open_tasks_alone_fill_a_place() {
    let world = World::founded(1);
    let (_, ours) = place(&world, 1).await;
    let made = world.post(paths::TASKS, None, &brought()).await;
    let id = made.json["id"].as_str().unwrap();
    let link = made.json["link"].as_str().unwrap();
    let (own, thank) = (
        paths::fill(paths::PLACE_TASK, id),
        paths::fill(paths::CLIENT_THANKS, link.rsplit('/').next().unwrap()),
    );
    assert_eq!(put(&world, &own, &ours, &taken()).await.status, 200);
    for number in 0..20 {
        let words = json!({ "words": format!("Merci {number}") });
        assert_eq!(world.post_from("192.0.2.1", &thank, &words).await.status, 204, "{number}");
    }
    let more = json!({ "words": "Merci nog eens" });
    for (path, body) in [(thank.as_str(), &more), (paths::TASKS, &brought())] {
        let answer = world.post_from("192.0.2.1", path, body).await;
        assert_eq!((answer.status, answer.code()), (429, "too_many"), "{path}");
    }
    assert_eq!(world.post_from("192.0.2.2", &thank, &more).await.status, 204);
    assert_eq!(world.post_from("192.0.2.2", paths::TASKS, &brought()).await.status, 201);

    // Five hundred open ones are enough, however many are done; one that is reopened is open too.
    let row = world.service.community().task(&TaskId::from_hex(id).unwrap()).unwrap();
    let fill = async |first: u16, state: TaskState| {
        let mut writing = tokio::task::JoinSet::new();
        for number in first..first + 499 {
            let id = TaskId([[7; 14].as_slice(), &number.to_be_bytes()].concat().try_into().unwrap());
            let (service, row) = (world.service.clone(), TaskRow { state, ..row.clone() });
            writing.spawn(async move { service.community().set_task(id, row).await });
        }
        writing.join_all().await.into_iter().for_each(Result::unwrap);
    };
    fill(1_000, TaskState::Done).await;
    assert_eq!(world.post(paths::PLACE_TASKS, Some(&ours), &taken()).await.status, 201);
    fill(2_000, TaskState::Open).await;
    let full = world.post(paths::PLACE_TASKS, Some(&ours), &taken()).await;
    assert_eq!((full.status, full.code(), &full.json["limit"]), (429, "too_many", &json!("500")));
    let mut done = taken();
    done["state"] = json!("done");
    assert_eq!(put(&world, &own, &ours, &taken()).await.status, 200, "it is open already");
    assert_eq!(put(&world, &own, &ours, &done).await.status, 200);
    // There are five hundred others.
    assert_eq!(put(&world, &own, &ours, &taken()).await.code(), "too_many");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_tasks_say_it_without_a_script() {
    let world = World::founded(1);
    let (owner, token) = place(&world, 1).await;
    let profile = json!({ "name": "De <Ploeg>", "listed": true, "address": "Kerkstraat <5>, Gent" });
    assert_eq!(put(&world, &paths::fill(paths::PROFILE, owner.account), &token, &profile).await.status, 204);
    let form = "picture=letters&for_whom=Bieb&how_many=5000+brieven&ready_by=&brought_by=Jo";
    let send =
        |path: String, form: &'static str| world.call(Request::post(path).body(Body::from(form)).unwrap());
    let answer = send("/tasks/new".to_owned(), form).await;
    assert_eq!(answer.status, 303);
    let client =
        answer.headers["location"].to_str().unwrap().trim_start_matches(super::support::URL).to_owned();
    let page = async |path: &str| {
        let answer = world.get(path, None).await;
        (answer.status, String::from_utf8(answer.bytes).unwrap())
    };
    assert!(page(&client).await.1.contains("Je taak is aangekomen."));
    let again =
        send("/tasks/new".to_owned(), "picture=letters&for_whom=&how_many=%3Cb%3E&brought_by=Jo").await;
    let html = String::from_utf8(again.bytes).unwrap();
    assert!(again.status == 400 && html.contains("Vul dit in") && html.contains("&lt;b&gt;"), "{html}");
    let (session, _) = open_session(&world, &token, 86_400, 3).await;
    let task = world.get(paths::TASKS, None).await.json["tasks"][0]["id"].as_str().unwrap().to_owned();
    // The square says at each place when people meet there next, and leads on to it.
    let home = page("/").await.1;
    let next = home.split("id=\"places\"").nth(1).and_then(|rest| rest.split("</section>").next()).unwrap();
    assert!(next.contains("Volgende keer: ") && next.contains(&format!("/tasks/{task}")), "{next}");
    for path in ["/tasks".to_owned(), format!("/tasks/{task}"), "/".to_owned()] {
        let (status, html) = page(&path).await;
        assert!(
            status == 200 && html.contains("Brieven vouwen") && html.contains("Nog 3 plaatsen"),
            "{path}: {html}"
        );
        assert!(html.contains("De &lt;Ploeg&gt;"));
    }
    let (status, poster) = page(&format!("/poster/{session}")).await;
    assert!(
        status == 200 && poster.contains("Brieven vouwen") && poster.contains("Plier des lettres"),
        "{poster}"
    );
    assert_eq!(poster.matches("Kerkstraat &lt;5&gt;, Gent").count(), 2, "in both languages: {poster}");
    let (_, shown) = page(&format!("/tasks/{task}")).await;
    assert!(shown.contains("Kerkstraat &lt;5&gt;, Gent"), "{shown}");
    let (_, calendar) = page("/tasks.ics").await;
    assert!(
        calendar.starts_with("BEGIN:VCALENDAR\r\n")
            && calendar.contains("SUMMARY:Brieven vouwen (5000 brieven)")
    );
    assert!(
        calendar.contains(&format!("UID:{session}@")) && calendar.contains("DURATION:PT60M"),
        "{calendar}"
    );
    for unknown in
        ["/tasks/00", "/client/aaaaaaaaaaaaaaaaaaaaaaaaaa", "/t/aaaaaaaaaaaaaaaaaaaaaaaaaa", "/poster/x"]
    {
        assert_eq!(page(unknown).await.0, 404, "{unknown}");
    }
    let thanked = send(client.split('?').next().unwrap().to_owned(), "words=").await;
    assert_eq!(thanked.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_takes_a_place_and_a_code_checks_in_and_only_the_place_learns_who() {
    let world = World::founded(1);
    let (_, ours) = place(&world, 1).await;
    let (_, theirs) = place(&world, 2).await;
    let (an, ben, eve) = (member(&world).await, member(&world).await, member(&world).await);
    let (id, code) = open_session(&world, &ours, 600, 2).await;
    let path = paths::fill(paths::TASK_SESSION, &id);
    for token in [&an.1, &an.1, &ben.1] {
        let joined = world.post(&path, Some(token), &json!({})).await;
        assert_eq!((joined.status, &joined.json["joined"]), (200, &json!(true)), "{joined:?}");
    }
    let full = world.post(&path, Some(&eve.1), &json!({})).await;
    assert_eq!((full.status, full.code()), (409, "session_full"));
    assert_eq!(world.get(paths::TASKS, None).await.json["tasks"][0]["sessions"][0]["left"], 0);
    assert_eq!(world.send("DELETE", &path, Some(&ben.1), &json!({})).await.json["joined"], false);
    assert_eq!(world.post(&path, Some(&eve.1), &json!({})).await.status, 200);
    // The code of the session alone, and only by whoever is a person.
    let check_in = paths::fill(paths::CHECK_IN, &id);
    let said = |code: &str| json!({ "code": code });
    let wrong = world.post(&check_in, Some(&an.1), &said("aaaaaaaaaaaaaaaaaaaaaaaaaa")).await;
    assert_eq!(wrong.code(), "check_in_code");
    assert_eq!(world.post(&check_in, None, &said(&code)).await.code(), "session_needed");
    assert_eq!(world.post(&check_in, Some(&ours), &said(&code)).await.code(), "forbidden");
    let here = world.post(&check_in, Some(&an.1), &said(&code.to_uppercase())).await;
    assert_eq!((here.status, &here.json["here"]), (200, &json!(true)), "{here:?}");
    // Who comes and who is there: for its own place, in nobody else's answer.
    let own = paths::fill(paths::PLACE_TASK_SESSION, &id);
    let seen = world.get(&own, Some(&ours)).await;
    let people = seen.json["people"].as_array().unwrap();
    let of =
        |person: &Person| people.iter().find(|one| one["account"] == person.account.to_string()).unwrap();
    assert_eq!((&of(&an.0)["joined"], &of(&an.0)["here"]), (&json!(true), &json!(true)));
    assert_eq!((people.len(), &of(&eve.0)["here"]), (2, &json!(false)));
    for token in [&theirs, &an.1] {
        assert!(["unknown_task_session", "forbidden"].contains(&world.get(&own, Some(token)).await.code()));
    }
    let council = world.session(None, &world.council[0]).await;
    assert_eq!(world.get(&own, Some(&council)).await.code(), "forbidden");
    assert!(
        !String::from_utf8_lossy(&world.get(&path, Some(&ben.1)).await.bytes)
            .contains(&an.0.account.to_string())
    );
    // Another day is not today, and what does not take place has no places.
    let (later, later_code) = open_session(&world, &ours, 4 * 86_400, 2).await;
    let early = world.post(&paths::fill(paths::CHECK_IN, &later), Some(&an.1), &said(&later_code)).await;
    assert_eq!(early.code(), "check_in_time");
    let mut off = session(4 * 86_400, 2);
    off["cancelled"] = json!(true);
    assert_eq!(put(&world, &paths::fill(paths::PLACE_TASK_SESSION, &later), &ours, &off).await.status, 200);
    let over = world.post(&paths::fill(paths::TASK_SESSION, &later), Some(&an.1), &json!({})).await;
    assert_eq!(over.code(), "session_over");
    // What is over stays on its day; what else is wrong with it can be put right.
    let (past, _) = open_session(&world, &ours, -7_200, 2).await;
    let (past, mut moved) = (paths::fill(paths::PLACE_TASK_SESSION, &past), session(86_400, 2));
    assert_eq!(put(&world, &past, &ours, &moved).await.code(), "session_over");
    moved["starts_at"] = world.get(&past, Some(&ours)).await.json["session"]["starts_at"].clone();
    moved["places"] = json!(9);
    assert_eq!(put(&world, &past, &ours, &moved).await.json["session"]["places"], 9);
    // When its time is over the place does not know it any more either.
    let day = 86_400;
    let end = wall_clock().seconds() + 600 + 3_600;
    world.service.community().erase_presence(end + 30 * day, 30 * day);
    assert_eq!(world.get(&own, Some(&ours)).await.json["people"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn faces_are_shared_by_the_keys_of_one_place_and_seen_by_nobody_else() {
    let world = World::founded(1);
    let ((_, ours), (_, second), (_, theirs)) =
        (place(&world, 1).await, place(&world, 1).await, place(&world, 2).await);
    let an = member(&world).await;
    let face = paths::fill(paths::FACE, an.0.account);
    let named = json!({ "name": "Annie van de hoek" });
    assert_eq!(put(&world, &face, &ours, &named).await.status, 204);
    let faces = world.get(paths::FACES, Some(&second)).await.json;
    assert_eq!(
        faces["faces"],
        json!([{ "account": an.0.account.to_string(), "name": "Annie van de hoek", "picture": null }])
    );
    assert_eq!(world.get(paths::FACES, Some(&theirs)).await.json, json!({ "faces": [] }));
    let council = world.session(None, &world.council[0]).await;
    for token in [&an.1, &council] {
        assert_eq!(world.get(paths::FACES, Some(token)).await.code(), "forbidden");
        assert_eq!(put(&world, &face, token, &named).await.code(), "forbidden");
    }
    assert_eq!(put(&world, &face, &ours, &json!({ "name": "" })).await.json["field"], "name");
    let nobody = paths::fill(paths::FACE, AccountId([250; 16]));
    assert_eq!(put(&world, &nobody, &ours, &named).await.json["field"], "id");
    assert_eq!(world.send("DELETE", &face, Some(&second), &json!({})).await.status, 204);
    assert_eq!(world.get(paths::FACES, Some(&ours)).await.json, json!({ "faces": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_lent_gives_sees_the_place_and_ends() {
    let world = World::founded(1);
    let (owner, token) = place(&world, 1).await;
    let an = member(&world).await;
    // The link names neither the place nor what it opens before its secret is known.
    let met = world.post(paths::PAIRINGS, Some(&token), &json!({})).await;
    let link = met.json["lent_link"].as_str().unwrap();
    let (address, secret) = link.split_once('#').unwrap();
    assert_eq!(met.json["code"], secret);
    let page = world.get(address.trim_start_matches(super::support::URL), None).await;
    assert!(page.status == 200 && !String::from_utf8(page.bytes).unwrap().contains(secret));

    let stand_in = SigningKey::from_bytes(&[66; 32]);
    let ends_at = Deadline::after(wall_clock(), Seconds(4));
    let change = {
        let standing = world.service.reader().standing();
        let in_force = standing.account(&owner.account).unwrap().standing(wall_clock());
        let mut state = (*in_force.state).clone();
        let key = PublicKey::of(&stand_in);
        state.keys.push(KeyGrant { key, rights: Rights::SPEND, until: Some(ends_at), cap: None });
        state.keys.sort();
        Change { base: in_force.base, state, status: AccountStatus::Open }
    };
    let lent = world.submit(&world.sign(EntryBody::Change(change), &[&owner.key])).await;
    assert_eq!(lent.status, 201, "{lent:?}");
    let task = Some(TaskId([5; 16]));
    let give = || {
        let payees = vec![(an.0.account, Amount::new(200).unwrap())];
        EntryBody::Earn(Earn { budget: owner.account, reason: EarnReason::Helped, task, payees })
    };
    let given = world.submit(&world.sign(give(), &[&stand_in])).await;
    assert_eq!(given.status, 201, "{given:?}");
    let theirs = world.session(Some(owner.account), &stand_in).await;
    assert_eq!(world.get(paths::FACES, Some(&theirs)).await.status, 200);
    // Whoever received it sees for which task it was, in their own line.
    let lines = world.get(&paths::fill(paths::STATEMENT, an.0.account), Some(&an.1)).await;
    assert_eq!(lines.json["lines"][0]["reference"], json!({ "to": "task", "id": TaskId([5; 16]).to_hex() }));
    while wall_clock().seconds() < ends_at.seconds() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let late = world.submit(&world.sign(give(), &[&stand_in])).await;
    assert!(late.status >= 400, "{late:?}");
    assert_eq!(
        world.get(paths::FACES, Some(&theirs)).await.code(),
        "session_needed",
        "the faces end with it"
    );
    assert_eq!(world.get(paths::FACES, Some(&token)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_place_is_can_be_told_changed_and_taken_away() {
    let world = World::founded(1);
    let (owner, token) = place(&world, 1).await;
    let path = paths::fill(paths::PROFILE, owner.account);
    let listed = async || world.get(paths::DIRECTORY, None).await.json["entries"][0].clone();
    let tell = async |profile: Value| put(&world, &path, &token, &profile).await;
    let first = json!({ "name": "De Ploeg · gemeente", "listed": true, "address": "Kerkstraat 5, Gent" });
    assert_eq!(tell(first).await.status, 204);
    assert_eq!(listed().await["address"], "Kerkstraat 5, Gent");
    let home = String::from_utf8(world.get("/", None).await.bytes).unwrap();
    assert!(home.contains("<li>De Ploeg<"), "who pays for what it gives is no visitor's matter: {home}");
    assert!(home.contains("Kerkstraat 5, Gent"), "{home}");
    // Another name leaves it as it is; so does a place on the map.
    let point = json!({ "latitude_microdegrees": 50_850_000, "longitude_microdegrees": 4_350_000 });
    assert_eq!(tell(json!({ "name": "De Ploeg", "listed": true, "position": point })).await.status, 204);
    let now = listed().await;
    assert_eq!((&now["name"], &now["address"]), (&json!("De Ploeg"), &json!("Kerkstraat 5, Gent")));
    for wrong in [json!(""), json!("  "), json!("a\u{202e}b"), json!("x".repeat(81))] {
        let answer = tell(json!({ "name": "De Ploeg", "listed": true, "address": wrong })).await;
        assert_eq!((answer.status, &answer.json["field"]), (400, &json!("address")), "{answer:?}");
    }
    assert_eq!(tell(json!({ "name": "De Ploeg", "listed": true, "address": null })).await.status, 204);
    let now = listed().await;
    assert!(now.get("address").is_none() && now["position"] == point, "{now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_there_answers_once_and_is_only_counted_from_ten_on() {
    let world = World::founded(1);
    let (_, ours) = place(&world, 1).await;
    let (_, theirs) = place(&world, 2).await;
    let (id, code) = open_session(&world, &ours, -600, 20).await;
    let (of_place, by_hand) =
        (paths::fill(paths::PLACE_TASK_SESSION, &id), paths::fill(paths::PLACE_SESSION_ANSWERS, &id));
    let asking = |in_seconds: i64, question: &str| {
        let mut asked = session(in_seconds, 20);
        asked["question"] = json!(question);
        asked
    };
    let (answer, check_in) = (paths::fill(paths::SESSION_ANSWER, &id), paths::fill(paths::CHECK_IN, &id));
    let yes = json!({ "yes": true });
    let an = member(&world).await;
    assert_eq!(put(&world, &of_place, &ours, &asking(-600, &"x".repeat(81))).await.code(), "malformed_field");
    assert_eq!(put(&world, &of_place, &ours, &asking(-600, "Leerde je iemand kennen?")).await.status, 200);
    assert_eq!(world.post(&answer, Some(&an.1), &yes).await.code(), "check_in_time", "not there yet");

    // Ten people are there; each answers once, whatever they send again.
    let mut guests = vec![an];
    for _ in 0..9 {
        guests.push(member(&world).await);
    }
    for (number, (_, token)) in guests.iter().enumerate() {
        let here = world.post(&check_in, Some(token), &json!({ "code": code })).await;
        assert_eq!(here.json["question"], "Leerde je iemand kennen?");
        for said in [number < 7, true] {
            let own = world.post(&answer, Some(token), &json!({ "yes": said })).await;
            assert_eq!((own.status, &own.json["question"]), (200, &json!(null)), "{own:?}");
        }
    }
    let seen = world.get(&of_place, Some(&ours)).await;
    assert_eq!(seen.json["answers"], json!(null), "somebody could still answer");
    let other = put(&world, &of_place, &ours, &asking(-600, "Was het fijn?")).await;
    assert_eq!((other.code(), &other.json["field"]), ("malformed_field", &json!("question")));

    // The place counts those without a phone; nobody else does.
    let counted = json!({ "yes": 2, "no": 1 });
    assert_eq!(put(&world, &by_hand, &theirs, &counted).await.code(), "unknown_task_session");
    assert_eq!(put(&world, &by_hand, &ours, &json!({ "yes": 501, "no": 0 })).await.code(), "malformed_field");
    assert_eq!(put(&world, &by_hand, &ours, &counted).await.status, 200);

    // When it is over for good, and not before, the count is told; a later end would open it again.
    let over = put(&world, &of_place, &ours, &asking(-14 * 3_600, "Leerde je iemand kennen?")).await;
    assert_eq!(over.json["answers"], json!({ "yes": 9, "no": 4 }), "{over:?}");
    assert_eq!(
        put(&world, &of_place, &ours, &asking(-600, "Leerde je iemand kennen?")).await.code(),
        "session_over"
    );
    let late = member(&world).await;
    assert_eq!(world.post(&check_in, Some(&late.1), &json!({ "code": code })).await.code(), "check_in_time");
    assert_eq!(world.post(&answer, Some(&late.1), &yes).await.code(), "check_in_time");
}
