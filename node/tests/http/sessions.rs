//! Sessions, and how a device finds its accounts.

use crate::support::{URL, World};
use axum::body::Body;
use axum::http::Request;
use klaver_api::paths;
use klaver_ledger::account::AccountKind;
use klaver_ledger::id::{AccountId, LedgerId};
use klaver_ledger::keys::{PublicKey, SigningKey};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_needs_the_right_key_signature_and_challenge() {
    let world = World::founded(1);
    let member = world.open(AccountKind::Member, 0, None).await;
    let stranger = SigningKey::from_bytes(&[200; 32]);
    for (account, key) in [(Some(member.account), &stranger), (None, &stranger), (None, &member.key)] {
        let answer = world.try_session(account, key).await;
        assert_eq!((answer.status, answer.code()), (401, "session_key"), "{answer:?}");
    }
    // The right key for another ledger, another address or another account: what was signed is something else.
    let (other, account) = (LedgerId([9; 32]), Some(member.account));
    for (ledger, url, signed_for) in [
        (&other, URL, account),
        (&world.ledger, "https://elsewhere.example", account),
        (&world.ledger, URL, None),
    ] {
        let mut body = world.challenge().await.for_session(ledger, url, signed_for, &member.key).unwrap();
        body.account = account.map(|account| account.to_string());
        let answer = world.post(paths::SESSIONS, None, &body).await;
        assert_eq!((answer.status, answer.code()), (401, "session_signature"), "{answer:?}");
    }
    let token = world.session(Some(member.account), &member.key).await;
    assert_eq!(world.get(paths::ACCOUNTS, Some(&token)).await.status, 200);
    let end = Request::delete(paths::SESSIONS).header("authorization", format!("Bearer {token}"));
    assert_eq!(world.call(end.body(Body::empty()).unwrap()).await.status, 204);
    assert_eq!(world.get(paths::ACCOUNTS, Some(&token)).await.status, 401);
    assert_eq!(world.get(paths::ACCOUNTS, Some("guess")).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_finds_out_for_whom_it_signs() {
    let world = World::founded(1);
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    let ask = async |key: &SigningKey, account: Option<AccountId>| {
        let mut body = world.challenge().await.for_session(&world.ledger, URL, None, &merchant.key).unwrap();
        body.key = PublicKey::of(key).to_string();
        body.account = account.map(|account| account.to_string());
        (world.post(paths::KEY_ACCOUNTS, None, &body).await, body)
    };
    let (found, body) = ask(&merchant.key, None).await;
    assert_eq!(found.json["accounts"][0]["account"], merchant.account.to_string(), "{found:?}");
    assert_eq!(found.json["accounts"][0]["kind"], "merchant");
    // A challenge counts once; a key is asked about by who holds it; an account is for sessions.
    assert_eq!(world.post(paths::KEY_ACCOUNTS, None, &body).await.code(), "challenge_refused");
    assert_eq!(ask(&world.council[0], None).await.0.code(), "session_signature");
    assert_eq!(ask(&merchant.key, Some(merchant.account)).await.0.code(), "malformed_field");
}
