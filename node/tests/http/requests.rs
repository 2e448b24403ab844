//! Payment requests, their page and their events.

use crate::request_for;
use crate::support::{URL, World};
use axum::body::Body;
use axum::http::Request;
use klaver_api::{CreateRequest, paths};
use klaver_ledger::account::AccountKind;
use klaver_ledger::id::AccountId;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_found_by_its_id_in_either_spelling() {
    let world = World::founded(1);
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    let token = world.session(Some(merchant.account), &merchant.key).await;
    let asked = CreateRequest {
        account: merchant.account.to_string(),
        amount: "2.50".to_owned(),
        valid_for: None,
        to: None,
        words: None,
    };
    let made = world.post(paths::REQUESTS, Some(&token), &asked).await;
    let (id, link) = (made.json["id"].as_str().unwrap(), made.json["link"].as_str().unwrap());
    let in_link = link.rsplit('/').next().unwrap();
    assert_ne!(id, in_link);
    for spelling in [id.to_owned(), id.to_uppercase(), in_link.to_owned(), in_link.to_uppercase()] {
        let found = world.get(&paths::fill(paths::REQUEST, &spelling), None).await;
        assert_eq!((found.status, &found.json["id"]), (200, &json!(id)), "{spelling}: {found:?}");
    }
    for wrong in [&id[1..], &in_link[1..], "x"] {
        let answer = world.get(&paths::fill(paths::REQUEST, wrong), None).await;
        assert_eq!((answer.status, answer.code()), (404, "unknown_request"), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_made_by_their_account_within_bounds() {
    let world = World::founded(1);
    let member = world.open(AccountKind::Member, 0, None).await;
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    let token = world.session(Some(member.account), &member.key).await;
    let ask = |account: AccountId, amount: &str, valid_for| CreateRequest {
        account: account.to_string(),
        amount: amount.to_owned(),
        valid_for,
        to: None,
        words: None,
    };
    for (asked, code) in [
        (ask(merchant.account, "1.00", None), "forbidden"),
        (ask(member.account, "1.001", None), "malformed_field"),
        (ask(member.account, "0", None), "malformed_field"),
        (ask(member.account, "1", Some(9)), "malformed_field"),
        (ask(member.account, "1", Some(604_801)), "malformed_field"),
    ] {
        assert_eq!(world.post(paths::REQUESTS, Some(&token), &asked).await.code(), code, "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_request_tells_whom_how_much_and_how() {
    let world = World::founded(1);
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    let token = world.session(Some(merchant.account), &merchant.key).await;
    let profile = json!({ "name": "Bakkerij <Van Damme>", "listed": true });
    let path = paths::fill(paths::PROFILE, merchant.account);
    assert_eq!(world.send("PUT", &path, Some(&token), &profile).await.status, 204);
    let request = request_for(&world, &merchant, &token, "5").await;
    let link = world.get(&paths::fill(paths::REQUEST, request.id.to_hex()), None).await.json["link"].clone();
    let path = link.as_str().unwrap().strip_prefix(URL).unwrap().to_owned();
    for (language, words) in [
        ("nl-BE", ["Betalen aan Bakkerij &lt;Van Damme&gt;", "5 klavers", "Nog 10 minuten geldig"]),
        ("fr", ["Payer Bakkerij &lt;Van Damme&gt;", "5 klavers", "Encore valable 10 minutes"]),
        ("en-GB,en", ["Pay Bakkerij &lt;Van Damme&gt;", "5 klavers", "Valid for 10 more minutes"]),
    ] {
        let asked = Request::get(&path).header("accept-language", language).body(Body::empty()).unwrap();
        let page = world.call(asked).await;
        let html = String::from_utf8(page.bytes).unwrap();
        let command = format!("klaver pay {URL}{path}");
        for word in words.into_iter().chain([command.as_str()]) {
            assert!(html.contains(word), "{word} is missing in {html}");
        }
        // Data for a script stands between its marks, and cannot end them.
        let data =
            html.split("type=\"application/json\">").nth(2).unwrap().split("</script>").next().unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(data).unwrap()["name"], "Bakkerij <Van Damme>");
        let scripts = html.split("<script ").skip(1);
        assert!(
            scripts
                .into_iter()
                .all(|script| script.contains("src=\"/assets/") || script.contains("application/json"))
        );
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(
            policy.contains("require-trusted-types-for 'script'") && !policy.contains("unsafe"),
            "{policy}"
        );
    }
    // Codes in capitals are smaller: they lead to the same page.
    assert_eq!(world.get(&path.to_uppercase(), None).await.status, 200);
    let unknown = world.get("/p/AAAAAAAAAAAAAAAAAAAAAAAAAA", None).await;
    assert_eq!(unknown.status, 404);
    assert!(String::from_utf8_lossy(&unknown.bytes).contains("Vraag een nieuwe code"));
    for (path, says) in [
        ("/p/what", "Vraag een nieuwe code"),
        ("/to/bakker", "Vraag een nieuwe code"),
        ("/T/x", "Vraag een nieuwe code"),
        ("/c/aebagbafaydqqcikbmga2dqpca", "Bewaar je kaart of bon"),
        ("/v/aebagbafaydqqcikbmga2dqpca", "Bewaar je kaart of bon"),
        ("/d/aebagbafaydqqcikbmga2dqpca", "Misschien is het al klaar"),
        ("/tasks/00000000000000000000000000000000", "Kijk wat er nog te doen is"),
        ("/nowhere", "Kijk het adres na"),
    ] {
        let asked = Request::get(path).header("accept", "text/html").body(Body::empty()).unwrap();
        let page = world.call(asked).await;
        assert!(page.status == 404 && String::from_utf8_lossy(&page.bytes).contains(says), "{path}");
    }
    assert_eq!(world.get("/nowhere", None).await.code(), "unknown_path");
    let home = world.get("/", None).await;
    let html = String::from_utf8(home.bytes).unwrap();
    for word in ["Klaverdorp", "Bakkerij &lt;Van Damme&gt;", "klaver audit http://localhost:8080"] {
        assert!(html.contains(word), "{word} is missing in {html}");
    }
    let chosen = world.get("/wallet?lang=fr", None).await;
    assert_eq!((chosen.status, &chosen.headers["location"]), (303, &"/wallet".parse().unwrap()));
    assert_eq!(world.get("/wallet", None).await.status, 200);
    assert_eq!(world.get("/assets/manifest.json", None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_hears_at_once_that_it_was_paid() {
    use axum::http::StatusCode;
    use tower_service::Service as _;
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    world.earn(&budget, &member, 1_000).await;
    let token = world.session(Some(merchant.account), &merchant.key).await;
    let request = request_for(&world, &merchant, &token, "2.50").await;
    let path = paths::fill(paths::REQUEST_EVENTS, request.id.to_hex());
    let stream = world.router.clone().call(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(stream.status(), StatusCode::OK);
    let reading = tokio::spawn(axum::body::to_bytes(stream.into_body(), 1 << 20));
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    world.submit(&world.pay(&member, merchant.account, 250, Some(request))).await;
    let events =
        tokio::time::timeout(std::time::Duration::from_secs(5), reading).await.expect("the stream ends");
    let events = String::from_utf8(events.unwrap().unwrap().to_vec()).unwrap();
    let states: Vec<_> = events.split("\n\n").filter(|event| event.contains("event: request")).collect();
    assert_eq!(states.len(), 2, "{events}");
    assert!(states[0].contains(r#""state":"open""#) && states[1].contains(r#""state":"paid""#), "{events}");
}
