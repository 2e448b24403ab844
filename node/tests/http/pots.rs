//! Suspended consumption: what a shop has ready, gifts, one sum for what was handed out, the town's pot behind it, and
//! what nobody learns; shops without account.

use super::support::{Answer, Person, World};
use axum::body::Body;
use axum::http::Request;
use klaver_api::paths;
use klaver_ledger::account::{AccountKind, AccountState, KeyGrant, Rights};
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body as EntryBody, Close, Open, Pay, PayLine, RequestRef};
use klaver_ledger::id::{AccountId, RequestId};
use klaver_ledger::keys::{PublicKey, SigningKey};
use serde_json::{Value, json};

fn coffee() -> Value {
    json!({ "item": "Koffie", "picture": "coffee", "price": "2.50", "offered": true })
}

async fn shop(world: &World, name: &str) -> (Person, String) {
    let shop = world.open(AccountKind::Merchant, 0, None).await;
    let token = world.session(Some(shop.account), &shop.key).await;
    let profile = json!({ "name": name, "listed": true });
    let path = paths::fill(paths::PROFILE, shop.account);
    assert_eq!(world.send("PUT", &path, Some(&token), &profile).await.status, 204);
    (shop, token)
}

/// Opens the account that is kept for a pot, as the council does from what it sees; returns it.
async fn open_pot(world: &World, account: &str, shops: &[&Person]) -> AccountId {
    open_capped(world, account, shops, None).await
}

/// As [`open_pot`]; each key pays at most `cap` at once, in minor units.
async fn open_capped(world: &World, account: &str, shops: &[&Person], cap: Option<u64>) -> AccountId {
    let account = AccountId::parse(account).unwrap();
    let cap = cap.map(|minor| Amount::new(minor).unwrap());
    let mut keys: Vec<KeyGrant> = shops.iter().map(|shop| KeyGrant { cap, ..grant(&shop.key) }).collect();
    keys.sort();
    let mut payees: Vec<AccountId> = shops.iter().map(|shop| shop.account).collect();
    payees.sort_unstable();
    let plain = AccountState::plain(account, AccountKind::Fund, keys);
    let states = vec![AccountState { payees: Some(payees), ..plain }];
    let answer = world.submit(&world.sign(EntryBody::Open(Open { states }), &[&world.council[0]])).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    account
}

fn grant(key: &SigningKey) -> KeyGrant {
    KeyGrant { key: PublicKey::of(key), rights: Rights::from_bits(3).unwrap(), until: None, cap: None }
}

async fn council_pots(world: &World) -> Value {
    let token = world.session(None, &world.council[0]).await;
    world.get(paths::COUNCIL_POTS, Some(&token)).await.json
}

async fn offer(world: &World, token: &str, pot: &Value) -> String {
    let made = world.post(paths::SHOP_POTS, Some(token), pot).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["id"].as_str().unwrap().to_owned()
}

async fn count(world: &World, token: &str, id: &str, what: &str, count: i64) -> Answer {
    let path = paths::fill(paths::SHOP_POT_COUNT, id);
    world.post(&path, Some(token), &json!({ "what": what, "count": count })).await
}

async fn page(world: &World, path: &str) -> (u16, String) {
    let answer = world.get(path, None).await;
    (answer.status, String::from_utf8(answer.bytes).unwrap())
}

/// Signs one payment of a closing with the shop's key.
async fn sign(world: &World, shop: &Person, payment: &Value) -> Answer {
    let text = |name: &str| payment[name].as_str().unwrap();
    let amount = klaver_api::text::amount("amount", text("amount"), super::support::scale()).unwrap();
    let id = RequestId::from_hex(text("request")).unwrap();
    let until = klaver_api::text::deadline("until", text("until")).unwrap();
    let line = PayLine { to: shop.account, amount, request: Some(RequestRef { id, until }) };
    let from = AccountId::parse(text("from")).unwrap();
    let mut entry = world.entry(EntryBody::Pay(Pay { from, payees: vec![line], late: false }));
    entry.expires_at = entry.expires_at.min(until);
    world.submit(&klaver_ledger::entry::SignedEntry::sign(entry, &world.ledger, &[&shop.key])).await
}

async fn giver(world: &World) -> Person {
    let budget = world.open(AccountKind::Budget, 1_000_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    assert_eq!(world.earn(&budget, &member, 100_000).await.status, 201);
    member
}

async fn give(world: &World, giver: &Person, to: AccountId, minor: u64) {
    let paid = world.submit(&world.pay(giver, to, minor, None)).await;
    assert_eq!(paid.status, 201, "{paid:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handed_out_is_paid_by_one_sum_from_its_pot_then_from_the_towns() {
    let world = World::founded(1);
    let (shop, token) = shop(&world, "De Linde").await;
    let giver = giver(&world).await;
    let id = offer(&world, &token, &coffee()).await;
    // Until its account is open it counts gifts in euro alone.
    assert_eq!(count(&world, &token, &id, "given", 1).await.json["ready"], 1);
    let seen = council_pots(&world).await;
    assert_eq!((&seen["pots"][0]["opened"], &seen["pots"][0]["name"]), (&json!(false), &json!("De Linde")));
    let pot = open_pot(&world, seen["pots"][0]["account"].as_str().unwrap(), &[&shop]).await;
    give(&world, &giver, pot, 500).await;
    let own = world.get(paths::SHOP_POTS, Some(&token)).await;
    let first = &own.json["pots"][0];
    assert_eq!(
        (&first["opened"], &first["ready"], &first["pays"]),
        (&json!(true), &json!(3), &json!("euro"))
    );

    // One was paid in euro already; four wait: two are the pot's, two wait for the town's.
    let out = count(&world, &token, &id, "handed_out", 5).await;
    assert_eq!((&out.json["tally"], &out.json["waiting"]), (&json!(0), &json!(4)));
    assert_eq!((&out.json["ready"], &out.json["pays"]), (&json!(0), &json!("later")));
    let closing = world.post(paths::SHOP_CLOSING, Some(&token), &()).await;
    assert_eq!((closing.status, &closing.json["later"]), (200, &json!(2)), "{closing:?}");
    let payments = closing.json["payments"].as_array().unwrap();
    assert_eq!(
        (payments.len(), &payments[0]["amount"], &payments[0]["count"]),
        (1, &json!("5.00"), &json!(2))
    );
    let again = world.post(paths::SHOP_CLOSING, Some(&token), &()).await;
    assert_eq!(again.json, closing.json, "asking again makes no other");
    let paid = sign(&world, &shop, &payments[0]).await;
    assert_eq!(paid.status, 201, "{paid:?}");

    // The town's pot pays what is left, at most what the shop's key may at once.
    let town = open_capped(&world, seen["town"]["account"].as_str().unwrap(), &[&shop], Some(300)).await;
    give(&world, &giver, town, 10_000).await;
    let own = world.get(paths::SHOP_POTS, Some(&token)).await;
    assert_eq!((&own.json["pots"][0]["waiting"], &own.json["pots"][0]["pays"]), (&json!(2), &json!("town")));
    for later in [1, 0] {
        let closing = world.post(paths::SHOP_CLOSING, Some(&token), &()).await;
        let payment = &closing.json["payments"][0];
        assert_eq!((&payment["from"], &payment["amount"]), (&json!(town.to_string()), &json!("2.50")));
        assert_eq!(closing.json["later"], later);
        assert_eq!(sign(&world, &shop, payment).await.status, 201);
        let twice = sign(&world, &shop, payment).await;
        assert_eq!((twice.status, twice.code()), (409, "request_paid"), "a request counts once");
    }
    let closing = world.post(paths::SHOP_CLOSING, Some(&token), &()).await;
    assert_eq!(closing.json, json!({ "payments": [], "later": 0 }));

    // The ledger has sums: no single one, and nobody who received.
    let statement = world.get(&paths::fill(paths::STATEMENT, shop.account), Some(&token)).await;
    let lines = statement.json["lines"].as_array().unwrap();
    let credits: Vec<&Value> = lines.iter().map(|line| &line["credit"]).filter(|it| **it != "0.00").collect();
    assert_eq!(credits, [&json!("2.50"), &json!("2.50"), &json!("5.00")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_number_stands_for_a_day_and_is_never_zero() {
    let world = World::founded(1);
    let (shop, token) = shop(&world, "De Linde").await;
    let id = offer(&world, &token, &coffee()).await;
    let seen = world.get(paths::POTS, None).await;
    assert_eq!(
        (&seen.json["pots"][0]["ready"], &seen.json["pots"][0]["shop"]),
        (&Value::Null, &json!("De Linde"))
    );
    // Nothing of the account, of what waits, or of the shop's own counts.
    let text = String::from_utf8(seen.bytes).unwrap();
    assert!(!text.contains("klv1") && !text.contains("waiting") && !text.contains("tally"), "{text}");
    count(&world, &token, &id, "given", 7).await;
    assert_eq!(world.get(paths::POTS, None).await.json["pots"][0]["ready"], Value::Null, "until tomorrow");
    let soup = json!({ "item": "Soep", "picture": "soup", "price": "3.00", "offered": true });
    let soup = offer(&world, &token, &soup).await;
    count(&world, &token, &soup, "given", 2).await;
    let (_, home) = page(&world, "/").await;
    assert!(home.contains("Vraag gerust") && home.contains("Er staan er 2 klaar"), "{home}");
    count(&world, &token, &soup, "handed_out", 1).await;
    assert!(page(&world, "/").await.1.contains("Er staan er 2 klaar"), "a single one is not seen");
    let (status, sheet) = page(&world, &format!("/pots/{soup}/sheet")).await;
    assert!(
        status == 200 && sheet.contains("Je hoeft niets te tonen") && sheet.contains("Demandez simplement")
    );
    // Giving: in euro until the account is open; then the page leads on to the pay page of the pot.
    assert!(page(&world, &format!("/pots/{id}")).await.1.contains("Geven kan in de zaak zelf, in euro."));
    let account = council_pots(&world).await["pots"]
        .as_array()
        .unwrap()
        .iter()
        .find(|pot| pot["id"] == json!(id))
        .unwrap()["account"]
        .as_str()
        .unwrap()
        .to_owned();
    let pot = open_pot(&world, &account, &[&shop]).await;
    let answer = world.get(&format!("/pots/{id}?number=2"), None).await;
    assert_eq!(answer.status, 303);
    let request = answer.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let request = world.get(&paths::fill(paths::REQUEST, request), None).await;
    assert_eq!(
        (&request.json["amount"], &request.json["name"]),
        (&json!("5.00"), &json!("Koffie · De Linde"))
    );
    assert_eq!(request.json["account"], pot.to_string());
    for wrong in ["0", "51", "veel", "-1"] {
        let (status, html) = page(&world, &format!("/pots/{id}?number={wrong}")).await;
        assert!(status == 400 && html.contains("Typ een getal van 1 tot 50."), "{wrong}");
    }
    // A pause is kind on the list; what is no longer offered is gone.
    let paused = json!({ "part": "exact", "paused": true, "services": ["water"] });
    let path = paths::fill(paths::TILL, shop.account);
    assert_eq!(world.send("PUT", &path, Some(&token), &paused).await.status, 204);
    let (_, home) = page(&world, "/").await;
    assert!(home.contains("even pauze") && home.contains("Drinkwater"), "{home}");
    let mut hidden = coffee();
    hidden["offered"] = json!(false);
    let path = paths::fill(paths::SHOP_POT, &id);
    assert_eq!(world.send("PUT", &path, Some(&token), &hidden).await.status, 200);
    assert_eq!(page(&world, &format!("/pots/{id}")).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_counts_its_own_pots_and_nobody_elses() {
    let world = World::founded(1);
    let (shop, token) = shop(&world, "De Linde").await;
    let (_, other) = self::shop(&world, "De Eik").await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let member = world.session(Some(member.account), &member.key).await;
    let council = world.session(None, &world.council[0]).await;
    let id = offer(&world, &token, &coffee()).await;
    assert_eq!(count(&world, &other, &id, "given", 1).await.code(), "unknown_pot");
    assert_eq!(count(&world, &member, &id, "given", 1).await.code(), "forbidden");
    assert_eq!(world.get(paths::SHOP_POTS, Some(&other)).await.json, json!({ "pots": [] }));
    assert_eq!(world.get(paths::COUNCIL_POTS, Some(&token)).await.code(), "forbidden");
    assert_eq!(world.post(paths::SHOP_POTS, Some(&member), &coffee()).await.code(), "forbidden");
    for (field, value) in
        [("item", json!("")), ("picture", json!("gold")), ("price", json!("0")), ("price", json!("x"))]
    {
        let mut wrong = coffee();
        wrong[field] = value;
        assert_eq!(world.post(paths::SHOP_POTS, Some(&token), &wrong).await.json["field"], field);
    }
    for wrong in [0, 501, -501] {
        assert_eq!(count(&world, &token, &id, "given", wrong).await.json["field"], "count");
    }
    // A mistake is taken back; a new price waits until the day is closed.
    count(&world, &token, &id, "handed_out", 3).await;
    assert_eq!(count(&world, &token, &id, "handed_out", -1).await.json["waiting"], 2);
    let mut dearer = coffee();
    dearer["price"] = json!("3.00");
    let path = paths::fill(paths::SHOP_POT, &id);
    let refused = world.send("PUT", &path, Some(&token), &dearer).await;
    assert_eq!((refused.status, refused.code()), (409, "pot_waits"));
    count(&world, &token, &id, "handed_out", -2).await;
    assert_eq!(world.send("PUT", &path, Some(&token), &dearer).await.json["pot"]["price"], "3.00");
    // The council makes one for a shop that has no till.
    let mut named = coffee();
    assert_eq!(world.post(paths::SHOP_POTS, Some(&council), &named).await.json["field"], "shop");
    named["shop"] = json!(shop.account.to_string());
    assert_eq!(world.post(paths::SHOP_POTS, Some(&other), &named).await.code(), "forbidden");
    assert_eq!(world.post(paths::SHOP_POTS, Some(&council), &named).await.status, 201);
    assert_eq!(world.get(paths::SHOP_POTS, Some(&token)).await.json["pots"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_without_account_joins_is_listed_counts_rests_and_is_forgotten() {
    let world = World::founded(1);
    let send = |path: &str, form: &str| {
        world.call(Request::post(path.to_owned()).body(Body::from(form.to_owned())).unwrap())
    };
    let nothing = send("/hearty/new", "name=Kapper+Ali&picture=").await;
    let html = String::from_utf8(nothing.bytes).unwrap();
    assert!(nothing.status == 400 && html.contains("Kies een prent"), "{html}");
    let form = "name=Kapper+%3CAli%3E&picture=haircut&item=&service_water=on&where=50.85,+4.35";
    let answer = send("/hearty/new", form).await;
    assert_eq!(answer.status, 303);
    let own = answer.headers["location"].to_str().unwrap().trim_end_matches("?new").to_owned();
    let html = page(&world, &format!("{own}?new")).await.1;
    assert!(html.contains("Welkom, fijn dat je meedoet.") && html.contains("Kapper &lt;Ali&gt;"), "{html}");
    assert!(!page(&world, "/").await.1.contains("Kapper"), "nobody listed it yet");

    let council = world.session(None, &world.council[0]).await;
    let seen = world.get(paths::COUNCIL_POTS, Some(&council)).await;
    let text = String::from_utf8(seen.bytes).unwrap();
    assert!(!text.contains(own.rsplit('/').next().unwrap()), "its own page is its own");
    let id = seen.json["hearty"][0]["id"].as_str().unwrap();
    let path = paths::fill(paths::COUNCIL_HEARTY, id);
    let listed = json!({ "listed": true });
    assert_eq!(world.send("PUT", &path, Some(&council), &listed).await.json["listed"], true);
    let (_, home) = page(&world, "/").await;
    assert!(
        home.contains("Kapper &lt;Ali&gt;") && home.contains("Drinkwater") && home.contains("Vraag gerust")
    );
    let pots = world.get(paths::POTS, None).await;
    assert_eq!(
        (&pots.json["pots"][0]["price"], &pots.json["pots"][0]["item"]),
        (&Value::Null, &json!("Een knipbeurt"))
    );

    // Counted by one tap each; what it gives beyond that is its own gift.
    let pot = pots.json["pots"][0]["id"].as_str().unwrap().to_owned();
    for (act, says) in [("given", "Er staan er 1 klaar"), ("out", "nu geen klaar"), ("out", "nu geen klaar")]
    {
        assert_eq!(send(&own, &format!("do={act}&pot={pot}")).await.status, 303);
        assert!(page(&world, &own).await.1.contains(says), "{act}");
    }
    assert_eq!(send(&own, &format!("do=given&pot={id}")).await.status, 404, "of no other shop");
    assert_eq!(send(&own, "do=pause").await.status, 303);
    assert!(page(&world, &own).await.1.contains("Je neemt even pauze."));
    assert!(page(&world, "/").await.1.contains("(even pauze)"));
    assert_eq!(send(&own, "do=open").await.status, 303);
    assert_eq!(send(&own, "do=end").await.status, 303);
    assert_eq!(page(&world, &own).await.0, 404);
    assert!(!page(&world, "/").await.1.contains("Kapper"));
    assert_eq!(world.send("PUT", &path, Some(&council), &listed).await.code(), "unknown_pot");

    // What is no shop is taken away by the council, and by nobody else.
    let answer = send("/hearty/new", "name=Gratis+geld&picture=&service_water=on").await;
    let own = answer.headers["location"].to_str().unwrap().trim_end_matches("?new").to_owned();
    let seen = world.get(paths::COUNCIL_POTS, Some(&council)).await;
    let path = paths::fill(paths::COUNCIL_HEARTY, seen.json["hearty"][0]["id"].as_str().unwrap());
    let (_, token) = shop(&world, "De Linde").await;
    assert_eq!(world.send("DELETE", &path, Some(&token), &()).await.status, 403);
    assert_eq!(page(&world, &own).await.0, 200);
    assert_eq!(world.send("DELETE", &path, Some(&council), &()).await.status, 204);
    assert_eq!(page(&world, &own).await.0, 404);
    assert_eq!(world.send("DELETE", &path, Some(&council), &()).await.code(), "unknown_pot");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_says_who_goes_along_and_sees_what_runs_dry() {
    let world = World::founded(1);
    let (_, shop) = shop(&world, "De Linde").await;
    let id = offer(&world, &shop, &coffee()).await;
    let soup = json!({ "item": "Soep", "picture": "soup", "price": "3.00", "offered": true });
    offer(&world, &shop, &soup).await;
    count(&world, &shop, &id, "given", 5).await;
    let place = world.open(AccountKind::Budget, 1_000, Some(1)).await;
    let token = world.session(Some(place.account), &place.key).await;
    let stock = world.get(paths::STOCK, Some(&token)).await;
    let levels: Vec<&Value> =
        stock.json["pots"].as_array().unwrap().iter().map(|pot| &pot["level"]).collect();
    assert_eq!(levels, [&json!("empty"), &json!("enough")], "{stock:?}");
    let text = String::from_utf8(stock.bytes).unwrap();
    assert!(!text.contains("tally") && !text.contains("ready") && !text.contains("klv1"), "{text}");

    let companions = |how: &str| json!({ "companions": [{ "name": "Fatima", "how": how }] });
    let put = async |token: &str, body: &Value| world.send("PUT", paths::COMPANIONS, Some(token), body).await;
    assert_eq!(put(&shop, &companions("0470 12 34 56")).await.code(), "forbidden");
    assert_eq!(world.get(paths::STOCK, Some(&shop)).await.code(), "forbidden");
    assert_eq!(put(&token, &companions("a\u{202e}b")).await.json["field"], "how");
    assert_eq!(put(&token, &companions("0470 12 34 56")).await.status, 204);
    for path in ["/", "/tasks", &format!("/pots/{id}"), &format!("/pots/{id}/sheet")] {
        let (_, html) = page(&world, path).await;
        assert!(html.contains("Ik ga mee") && html.contains("0470 12 34 56"), "{path}");
    }
    assert_eq!(put(&token, &json!({ "companions": [] })).await.status, 204);
    assert!(!page(&world, "/").await.1.contains("Ik ga mee"));
    let council = world.session(None, &world.council[0]).await;
    assert_eq!(world.get(paths::STOCK, Some(&council)).await.json["companions"], json!([]));

    // A place that ends takes the telephone numbers with it.
    assert_eq!(put(&token, &companions("0470 12 34 56")).await.status, 204);
    world.service.sweep().await;
    assert!(page(&world, "/").await.1.contains("0470 12 34 56"));
    let heir = world.open(AccountKind::Fund, 0, None).await.account;
    let close = Close { account: place.account, heir };
    let closed = world.submit(&world.sign(EntryBody::Close(close), &[&place.key])).await;
    assert_eq!(closed.status, 201, "{closed:?}");
    world.service.sweep().await;
    assert!(!page(&world, "/").await.1.contains("0470 12 34 56"));
}
