//! Growth in counts, invitations within bounds, and an hour with pioneers.

use super::budgets::{council, page, text};
use super::support::{Answer, Person, World, leaves_the_disk};
use axum::body::Body;
use axum::http::Request;
use klaver_api::paths;
use klaver_ledger::account::{AccountKind, AccountState, AccountStatus, KeyGrant, Rights};
use klaver_ledger::charter::Policy;
use klaver_ledger::entry::{Body as EntryBody, Change};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::time::{Deadline, Seconds};
use klaver_node::clock::wall_clock;
use klaver_node::community::RoundRow;
use klaver_node::community::pioneers::{LED_MAX, Said, SaidRow};
use klaver_node::http::extract::Peer;
use serde_json::{Value, json};

fn day(ago: u64) -> String {
    let at = klaver_ledger::time::Deadline::from_seconds(wall_clock().seconds() - ago * 86_400).unwrap();
    at.to_string()[..10].to_owned()
}

async fn plan(world: &World, budget: &Person, day: &str, people: u16) -> Answer {
    let asked = json!({ "name": "Zaal Ledeberg", "day": day, "people": people, "budget": budget.account.to_string() });
    world.post(paths::COUNCIL_ROUNDS, Some(&council(world).await), &asked).await
}

/// Sends a form as a page without a script does.
async fn form(world: &World, link: &str, fields: &str) -> Answer {
    let path = link.strip_prefix(super::support::URL).unwrap().to_owned();
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    world.call(request.body(Body::from(fields.to_owned())).unwrap()).await
}

/// Returns the first address on a page that begins so.
fn address(html: &str, start: &str) -> String {
    let from = html.find(&format!("{}{start}", super::support::URL)).expect(start);
    html[from..].split(['"', '&', '<', '\\']).next().unwrap().to_owned()
}

/// An hour that was so many days ago, with a budget.
fn hour_of(budget: [u8; 16], ago: u64) -> RoundRow {
    RoundRow {
        name: "Zaal Ledeberg".to_owned(),
        day: day(ago),
        starts_at: wall_clock().seconds() / 86_400 * 86_400 - ago * 86_400,
        people: 25,
        budget,
        invitation: budget,
        host: budget,
        guests: budget,
        lines: Vec::new(),
        pulses: [None, None],
    }
}

/// Waits for a row outside of what runs meanwhile.
fn kept<E: std::fmt::Debug>(written: impl Future<Output = Result<(), E>>) {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(written)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_open_account_with_a_key_of_its_own_invites() {
    let world = World::founded(1);
    let member = world.open(AccountKind::Member, 0, None).await;
    let lent = SigningKey::from_bytes(&[77; 32]);
    let set = async |with_lent: bool, status: AccountStatus| {
        let (mut state, base) = {
            let standing = world.service.reader().standing();
            let in_force = standing.account(&member.account).unwrap().standing(wall_clock());
            (AccountState::clone(&in_force.state), in_force.base)
        };
        if with_lent {
            let until = Some(Deadline::after(wall_clock(), Seconds(3_600)));
            let key = PublicKey::of(&lent);
            state.keys.push(KeyGrant { key, rights: Rights::from_bits(9).unwrap(), until, cap: None });
            state.keys.sort_by_key(|grant| *grant.key.as_bytes());
        }
        let change = Change { base, state, status };
        let signed = world.sign(EntryBody::Change(change), &[&world.council[0], &member.key]);
        let answer = world.submit(&signed).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    };
    let asked = json!({ "uses": 1, "valid_for": 600 });
    let invite = async |key: &SigningKey| {
        let token = world.session(Some(member.account), key).await;
        world.post(paths::INVITATIONS, Some(&token), &asked).await
    };
    set(true, AccountStatus::Open).await;
    assert_eq!(invite(&lent).await.code(), "forbidden");
    assert_eq!(invite(&member.key).await.status, 201);
    let token = world.session(Some(member.account), &member.key).await;
    set(false, AccountStatus::Frozen).await;
    assert_eq!(world.post(paths::INVITATIONS, Some(&token), &asked).await.code(), "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_are_planned_ahead_and_a_week_apart() {
    let world = World::founded(1);
    let first = world.open(AccountKind::Budget, 20_000, Some(1)).await;
    let beside = world.open(AccountKind::Budget, 20_000, Some(1)).await;
    let elsewhere = world.open(AccountKind::Budget, 20_000, Some(2)).await;
    let ahead = |days: u64| {
        let at = Deadline::from_seconds(wall_clock().seconds() + days * 86_400).unwrap();
        at.to_string()[..10].to_owned()
    };
    let past = plan(&world, &first, &day(2), 25).await;
    assert_eq!((past.status, past.code()), (409, "round_past"), "{past:?}");
    assert_eq!(plan(&world, &first, &ahead(8), 25).await.status, 201);
    for (budget, days) in [(&first, 9), (&beside, 9), (&first, 8), (&first, 2)] {
        let near = plan(&world, budget, &ahead(days), 25).await;
        assert_eq!((near.status, near.code()), (409, "round_near"), "{days} days: {near:?}");
    }
    assert_eq!(plan(&world, &beside, &ahead(15), 25).await.status, 201);
    assert_eq!(plan(&world, &elsewhere, &ahead(9), 25).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_has_a_time_and_an_end() {
    let (old, full, due) = ([1; 16], [2; 16], [3; 16]);
    let world = World::kept_before(Policy::starting(), |community| {
        let line = |nth: u32| SaidRow {
            said: Said::Need,
            words: format!("Vraag {nth}"),
            count: LED_MAX.into(),
            task: (nth < 30).then_some([9; 16]),
        };
        let lines: Vec<_> = (0..31).map(line).collect();
        for (id, ago) in [(old, 8), (full, 7), (due, 0)] {
            kept(community.set_round(id, Some(RoundRow { lines: lines.clone(), ..hour_of(id, ago) })));
        }
    });
    let link = |page: &str, id: [u8; 16]| {
        format!("{}{}", super::support::URL, paths::fill(page, klaver_ledger::link::CodeId(id)))
    };
    let closed = form(&world, &link(paths::SAY_PAGE, old), "need=Een+fiets").await;
    assert!(closed.status == 409 && text(&closed).contains("week"), "{}", text(&closed));
    let over = text(&page(&world, &json!(link(paths::SAY_PAGE, old))).await);
    assert!(over.contains("tot een week erna") && !over.contains("Zeg het"), "{over}");

    // Words are counted up to as many people as one hour has; one more changes nothing.
    let (host, guests) = (link(paths::ROUND_PAGE, full), link(paths::SAY_PAGE, full));
    assert_eq!(form(&world, &guests, "need=vraag+30").await.status, 303);
    let own = text(&page(&world, &json!(host)).await);
    assert!(own.contains("(100)") && !own.contains("(101)"), "{own}");

    // Thirty tasks are enough, and what is one stays.
    let task = "do=task&said=need&words=Vraag+30&picture=repair&how_many=1";
    assert_eq!(form(&world, &host, task).await.status, 429);
    assert_eq!(form(&world, &host, "do=unsay&said=need&words=Vraag+1").await.status, 404);
    assert_eq!(form(&world, &host, task).await.status, 429);

    // As many can say something from one address as one hour has people; what is more waits, and others do not.
    let say = async |address: &str, nth: usize| {
        let path = paths::fill(paths::SAY_PAGE, klaver_ledger::link::CodeId(due));
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        let request = request.extension(Peer(address.parse().unwrap()));
        world.call(request.body(Body::from(format!("offer=Soep+{nth}"))).unwrap()).await.status
    };
    let most = usize::from(LED_MAX);
    for nth in 0..most {
        assert_eq!(say("192.0.2.1", nth).await, 303);
    }
    assert_eq!((say("192.0.2.1", most).await, say("192.0.2.2", most).await), (429, 303));
    // Whoever brings a task from there is not held up by them.
    let task =
        json!({ "picture": "letters", "for_whom": "Wijkkrant", "how_many": "200", "brought_by": "Een buur" });
    assert_eq!(world.post_from("192.0.2.1", paths::TASKS, &task).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_hour_with_pioneers_begins_behind_one_address() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 20_000, Some(1)).await;
    let planned = plan(&world, &budget, &day(0), 25).await;
    let host = planned.json["link"].as_str().unwrap();
    let sheet = text(&page(&world, &json!(format!("{host}/sheet"))).await);
    let invitation = address(&sheet, "/i/");
    let code = invitation.rsplit('/').next();
    for nth in 0..25 {
        let key = SigningKey::from_bytes(&[nth + 150; 32]);
        let joined = world.join_from("192.0.2.1", code, &[&key]).await;
        assert_eq!(joined.status, 201, "newcomer {nth}: {joined:?}");
    }
    let late = world.join_from("192.0.2.1", code, &[&SigningKey::from_bytes(&[199; 32])]).await;
    assert_eq!(late.code(), "unknown_invitation", "the invitation is for twenty-five");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_and_places_invite_a_few_and_growth_is_told_in_tens() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let mut last = None;
    for _ in 0..11 {
        last = Some(world.open(AccountKind::Member, 0, None).await);
    }
    let member = last.unwrap();
    let shop = world.open(AccountKind::Merchant, 0, None).await;
    let invite = async |person: &Person, uses: u64, valid_for: u64| {
        let token = world.session(Some(person.account), &person.key).await;
        world.post(paths::INVITATIONS, Some(&token), &json!({ "uses": uses, "valid_for": valid_for })).await
    };
    // The pages read from the node how many there may be.
    let of = async |path: &str| String::from_utf8(world.get(path, None).await.bytes.to_vec()).unwrap();
    let own = of(paths::INVITE_PAGE).await;
    assert!(
        own.contains(r#""budget":30"#) && own.contains(r#""member":5"#) && own.contains(r#""lasts":604800"#)
    );
    assert!(of(paths::COORDINATION_PAGE).await.contains(r#""pioneers":[2,100]"#));
    assert_eq!(invite(&shop, 1, 600).await.code(), "forbidden");
    assert_eq!(invite(&member, 1, 700_000).await.json["field"], "valid_for");
    assert_eq!(invite(&member, 6, 600).await.status, 429);
    let made = invite(&member, 4, 600).await;
    assert_eq!((made.status, &made.json["uses_left"]), (201, &json!(4)), "{made:?}");
    assert_eq!(invite(&member, 2, 600).await.status, 429, "five at once");
    assert_eq!(invite(&budget, 30, 604_800).await.status, 201);
    assert_eq!(invite(&budget, 1, 600).await.status, 429);

    // Whoever comes by it counts for a week, and growth is in tens, the same all day.
    let code = made.json["code"].as_str().unwrap();
    let grown = || async { world.get(paths::COUNCIL_GROWTH, Some(&council(&world).await)).await.json };
    let month = &day(0)[..7];
    assert_eq!(grown().await, json!({ "months": [{ "month": month, "people": 10 }] }));
    for seed in 1..=2 {
        let key = SigningKey::from_bytes(&[seed + 30; 32]);
        assert_eq!(world.join_from("192.0.2.1", Some(code), &[&key]).await.status, 201);
    }
    assert_eq!(invite(&member, 2, 600).await.status, 429, "two came, two may");
    assert_eq!(invite(&member, 1, 600).await.status, 201);
    assert_eq!(grown().await["months"][0]["people"], 10);
    assert_eq!(
        world
            .get(paths::COUNCIL_GROWTH, Some(&world.session(Some(member.account), &member.key).await))
            .await
            .status,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_with_pioneers_begins_with_what_people_say_and_ends_in_tasks() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 20_000, Some(1)).await;
    let trekker = world.session(Some(budget.account), &budget.key).await;
    for (field, day, people) in [("day", "morgen", 25), ("people", "2026-11-28", 1)] {
        assert_eq!(plan(&world, &budget, day, people).await.json["field"], field);
    }
    let planned = plan(&world, &budget, &day(0), 25).await;
    assert_eq!(planned.status, 201, "{planned:?}");
    let host = planned.json["link"].as_str().unwrap().to_owned();
    let own = text(&page(&world, &planned.json["link"]).await);
    assert!(own.contains("klaver card new --count 25") && own.contains("200 klavers"), "{own}");
    let script = text(&page(&world, &json!(format!("{host}/script"))).await);
    assert!(script.contains("Wat houdt je tegen?") && script.contains("Wat is een klaver?"), "{script}");
    let sheet = text(&page(&world, &json!(format!("{host}/sheet"))).await);
    let (guests, invitation) = (address(&sheet, "/say/"), address(&sheet, "/i/"));
    assert_eq!(page(&world, &json!(invitation)).await.status, 200);

    // Two say the same on their phones, the host types what was said aloud.
    assert_eq!(form(&world, &guests, "stop=&need=&offer=").await.status, 400);
    for need in ["Een+fiets", "een+fiets"] {
        assert_eq!(form(&world, &guests, &format!("need={need}&offer=&stop=")).await.status, 303);
    }
    assert_eq!(form(&world, &host, "do=say&said=offer&words=Soep+koken").await.status, 303);
    assert_eq!(form(&world, &host, "do=say&said=stop&words=Geen+opvang").await.status, 303);
    assert_eq!(form(&world, &host, "do=say&said=need&words=").await.status, 400);
    let own = text(&page(&world, &planned.json["link"]).await);
    assert!(own.contains("Een fiets") && own.contains("(2)") && own.contains("Soep koken"), "{own}");

    // A need becomes a task that a place takes; it is one only once.
    let task = "do=task&said=need&words=Een+fiets&picture=repair&how_many=1";
    assert_eq!(form(&world, &host, &task.replace("repair", "raket")).await.status, 400);
    assert_eq!(form(&world, &host, task).await.status, 303);
    assert_eq!(form(&world, &host, task).await.status, 404);
    let tasks = world.get(paths::PLACE_TASKS, Some(&trekker)).await;
    let task = &tasks.json["tasks"][0]["task"];
    assert_eq!(
        (&task["for_whom"], &task["brought_by"], &task["state"]),
        (&json!("Een fiets"), &json!("Zaal Ledeberg"), &json!("proposed"))
    );
    assert_eq!(form(&world, &host, "do=unsay&said=stop&words=Geen+opvang").await.status, 303);
    leaves_the_disk(&world, b"Geen opvang").await;
    let seen = world.get(paths::COUNCIL_ROUNDS, Some(&council(&world).await)).await;
    let round = &seen.json["rounds"][0];
    assert_eq!(
        (&round["said"], &round["tasks"], &round["pulses"][0]["ready"]),
        (&json!(3), &json!(1), &json!(false))
    );

    let path = paths::fill(paths::COUNCIL_ROUND, round["id"].as_str().unwrap());
    let request = Request::delete(path).header("authorization", format!("Bearer {}", council(&world).await));
    assert_eq!(world.call(request.body(Body::empty()).unwrap()).await.status, 204);
    leaves_the_disk(&world, b"Soep koken").await;
    assert_eq!(page(&world, &planned.json["link"]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pulse_is_looked_at_once_and_says_nothing_of_fewer_than_ten() {
    // Two hours of thirty days ago, of the first budgets that are opened.
    let budgets = [[100; 16], [102; 16]];
    let world = World::kept_before(Policy::starting(), |community| {
        for (nth, budget) in (1..).zip(budgets) {
            kept(community.set_round([nth; 16], Some(hour_of(budget, 30))));
        }
    });
    let few = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let many = world.open(AccountKind::Budget, 100_000, Some(2)).await;
    assert_eq!([few.account.0, many.account.0], budgets);
    let shop = world.open(AccountKind::Merchant, 0, None).await;
    for nth in 0..14 {
        let member = world.open(AccountKind::Member, 0, None).await;
        let from = if nth < 2 { &few } else { &many };
        assert_eq!(world.earn(from, &member, 500).await.status, 201);
        assert_eq!(world.submit(&world.pay_uniquely(&member, shop.account, 370)).await.status, 201);
    }
    let pulses = || async {
        let seen = world.get(paths::COUNCIL_ROUNDS, Some(&council(&world).await)).await.json;
        let of = |budget: &Person| {
            let rounds = seen["rounds"].as_array().unwrap();
            rounds.iter().find(|round| round["budget"] == budget.account.to_string()).unwrap()["pulses"]
                .clone()
        };
        (of(&few), of(&many))
    };
    let (silent, told) = pulses().await;
    let numbers = |pulse: &Value| {
        [&pulse["people"], &pulse["active"], &pulse["spent"], &pulse["tasks"]].map(Value::as_u64)
    };
    assert_eq!((&silent[0]["ready"], numbers(&silent[0])), (&json!(true), [None; 4]));
    assert_eq!(
        (&told[0]["ready"], numbers(&told[0])),
        (&json!(true), [Some(10), Some(10), Some(40), Some(0)])
    );
    assert_eq!((&told[1]["ready"], numbers(&told[1])), (&json!(false), [None; 4]));

    // Later records change nothing of it.
    for _ in 0..10 {
        let member = world.open(AccountKind::Member, 0, None).await;
        assert_eq!(world.earn(&many, &member, 500).await.status, 201);
    }
    assert_eq!(pulses().await.1, told);
}
