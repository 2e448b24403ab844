//! What bad input gets.

use crate::support::World;
use axum::body::Body;
use axum::http::Request;
use klaver_api::paths;
use klaver_ledger::account::AccountKind;
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::SigningKey;

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_a_problem_that_helps() {
    let world = World::founded(1);
    let member = world.open(AccountKind::Member, 0, None).await;
    let good = world.pay(&member, AccountId([9; 16]), 5, None);
    let with = |media: &'static str, body: Vec<u8>| {
        let request = Request::post(paths::ENTRIES).header("content-type", media);
        request.body(Body::from(body)).unwrap()
    };
    let mut tampered = good.encode();
    *tampered.last_mut().unwrap() ^= 1;
    let stranger = world.sign(good.entry().body.clone(), &[&SigningKey::from_bytes(&[201; 32])]);
    let cases = [
        (with("text/plain", b"hello".to_vec()), 415, "media_type"),
        (with("application/json", b"{".to_vec()), 400, "malformed_json"),
        (with("application/json", br#"{"envelope":"AA","extra":1}"#.to_vec()), 400, "malformed_json"),
        (with("application/json", br#"{"envelope":"A+A="}"#.to_vec()), 400, "malformed_field"),
        (with("application/json", br#"{"envelope":"AAAA"}"#.to_vec()), 400, "malformed_entry"),
        (with("application/json", vec![b' '; 40_000]), 413, "body_too_large"),
        (with("application/cbor", vec![0; 40_000]), 413, "body_too_large"),
        (with("application/cbor", Vec::new()), 400, "malformed_entry"),
        (with("application/cbor", tampered), 400, "bad_signature"),
        (with("application/cbor", stranger.encode()), 400, "unknown_key"),
        (with("application/cbor", good.encode()), 422, "insufficient_credits"),
        (Request::get("/v1/nothing").body(Body::empty()).unwrap(), 404, "unknown_path"),
        (Request::get("/log/tile/0/../checkpoint").body(Body::empty()).unwrap(), 404, "unknown_path"),
        (Request::put(paths::ENTRIES).body(Body::empty()).unwrap(), 405, "unknown_method"),
        (Request::get("/v1/requests/00").body(Body::empty()).unwrap(), 404, "unknown_request"),
        (
            Request::get("/v1/proofs/consistency?from=5&to=2").body(Body::empty()).unwrap(),
            400,
            "malformed_field",
        ),
        (Request::get("/v1/proofs/consistency").body(Body::empty()).unwrap(), 400, "malformed_field"),
    ];
    for (request, status, code) in cases {
        let name = format!("{} {}", request.method(), request.uri());
        let answer = world.call(request).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{name}: {answer:?}");
        assert_eq!(answer.headers["content-type"], paths::PROBLEM_JSON, "{name}");
        assert!(answer.json["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_a_request_is_said_in_our_own_words() {
    let world = World::founded(1);
    let member = world.open(AccountKind::Member, 0, None).await;
    let own = world.session(Some(member.account), &member.key).await;
    let statement = paths::fill(paths::STATEMENT, member.account);
    let cases = [
        (paths::fill(paths::ACCOUNT, "%ff"), "path", "%ff"),
        (paths::fill(paths::ENTRY, "%c3%28"), "path", "%c3%28"),
        ("/log/tile/0/%ff".to_owned(), "path", "%ff"),
        (format!("{statement}?limit=abc"), "limit", "abc"),
        (format!("{statement}?limit=0"), "limit", "0"),
        (format!("{statement}?limit=101"), "limit", "101"),
        (format!("{statement}?limit=-1"), "limit", "-1"),
        (format!("{statement}?limit="), "limit", ""),
        (format!("{statement}?limit=5&limit=6"), "limit", "5"),
        (format!("{statement}?cursor=nonsense"), "cursor", "nonsense"),
        (format!("{}?cursor=x", paths::ACCOUNTS), "cursor", "x"),
        (format!("{}?from=1", paths::CONSISTENCY), "to", ""),
        (format!("{}?from=one&to=2", paths::CONSISTENCY), "from", "one"),
        (format!("{}?from=1e3", paths::AUDIT_RECORDS), "from", "1e3"),
        (format!("{}?line=70000", paths::fill(paths::RECEIPT, 0)), "line", "70000"),
        (paths::fill(paths::RECEIPT, "first"), "index", "first"),
    ];
    for (path, field, value) in cases {
        let answer = world.get(&path, Some(&own)).await;
        assert_eq!((answer.status, answer.code()), (400, "malformed_field"), "{path}: {answer:?}");
        assert_eq!(answer.headers["content-type"], paths::PROBLEM_JSON, "{path}");
        assert_eq!(answer.json["field"], field, "{path}: {answer:?}");
        assert!(answer.json["value"].as_str().unwrap().contains(value), "{path}: {answer:?}");
        assert!(
            10 < answer.json["limit"].as_str().unwrap().len(),
            "{path} says what belongs there: {answer:?}"
        );
    }
    let untyped = Request::post(paths::ENTRIES).body(Body::from("{}")).unwrap();
    let answer = world.call(untyped).await;
    assert_eq!((answer.status, answer.code()), (415, "media_type"), "{answer:?}");
    // People get a page, whatever was in the address.
    for path in ["/p/%ff", "/i/%ff", "/d/%c3%28", "/p/nothing"] {
        let answer = world.get(path, None).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        let media = answer.headers["content-type"].to_str().unwrap();
        assert!(media.starts_with("text/html"), "{path}: {media}");
    }
}
