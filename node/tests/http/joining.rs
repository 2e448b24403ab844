//! Invitations and newcomers.

use crate::identity;
use crate::support::{Answer, World};
use klaver_api::{CreateInvitation, Join, paths};
use klaver_ledger::account::AccountKind;
use klaver_ledger::charter::{Joining, Policy};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::receipt::ProvenContent;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

async fn send(world: &World, asked: &Join) -> Answer {
    world.post(paths::JOIN, None, asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_opens_one_account() {
    let world = World::founded(1);
    let code = world.invite(1).await;
    let join =
        async |seed: u8, code: Option<&str>| send(&world, &world.joining(code, &[&key(seed)]).await).await;
    assert_eq!(join(50, None).await.code(), "unknown_invitation");
    let mut ended = world.joining(Some(&code), &[&key(50)]).await;
    ended.keys[0].until = Some("2026-01-02T00:00:00Z".to_owned());
    let refused = send(&world, &ended).await;
    assert_eq!((refused.status, refused.json["field"].as_str()), (400, Some("keys")), "{refused:?}");
    let page = world.get(&format!("/i/{code}"), None).await;
    assert!(page.status == 200 && String::from_utf8_lossy(&page.bytes).contains("klaver join"));

    let joined = join(50, Some(&code)).await;
    assert_eq!(joined.status, 201, "{joined:?}");
    let proven = joined.receipt().verify(&identity(&world)).unwrap();
    assert!(
        matches!(proven.content, ProvenContent::Line(line) if line.line.account.to_string() == joined.json["account"])
    );
    let again = join(50, Some(&code)).await;
    assert_eq!((again.status, &again.json["account"]), (200, &joined.json["account"]));
    assert_eq!(join(51, Some(&code)).await.code(), "unknown_invitation");
    assert_eq!(world.get(&format!("/i/{code}"), None).await.status, 404);

    let shop = world.open(AccountKind::Merchant, 0, None).await;
    let own = world.session(Some(shop.account), &shop.key).await;
    let asked = CreateInvitation { uses: 1, valid_for: 600 };
    let refused = world.post(paths::INVITATIONS, Some(&own), &asked).await;
    assert_eq!((refused.status, refused.code()), (403, "forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_joins_with_a_key_of_somebody_else() {
    let world = World::founded(1);
    let code = world.invite(2).await;
    let (mine, theirs) = (key(50), key(51));
    // Their key alone, theirs beside mine, theirs before mine: what I sign proves mine alone.
    let asked = world.joining(Some(&code), &[&mine]).await;
    let mut alone = asked.clone();
    alone.keys[0].key = PublicKey::of(&theirs).to_string();
    let mut beside = asked.clone();
    beside.keys.push(alone.keys[0].clone());
    beside.proof.signatures.push(asked.proof.signatures[0].clone());
    let mut before = beside.clone();
    before.keys.reverse();
    for foreign in [&alone, &beside, &before] {
        let refused = send(&world, foreign).await;
        assert_eq!((refused.status, refused.code()), (401, "join_signature"), "{refused:?}");
        assert_eq!(refused.json["value"], PublicKey::of(&theirs).to_string());
    }
    // A signature that is missing, of another node, or for a session; a challenge that counted already.
    let mut missing = beside.clone();
    missing.proof.signatures.pop();
    assert_eq!(send(&world, &missing).await.code(), "malformed_field");
    let mut elsewhere = asked.clone();
    let there = "https://elsewhere.example";
    elsewhere.proof = world.challenge().await.for_joining(&world.ledger, there, &mine, &[]).unwrap();
    assert_eq!(send(&world, &elsewhere).await.code(), "join_signature");
    let mut session = asked.clone();
    let opened =
        world.challenge().await.for_session(&world.ledger, crate::support::URL, None, &mine).unwrap();
    (session.proof.nonce, session.proof.expires_at) = (opened.nonce, opened.expires_at);
    session.proof.signatures = vec![opened.signature];
    assert_eq!(send(&world, &session).await.code(), "join_signature");
    assert_eq!(send(&world, &asked).await.status, 201);
    assert_eq!(send(&world, &asked).await.code(), "challenge_refused");
    // Every key that comes along has signed.
    let both = world.joining(Some(&code), &[&theirs, &key(52)]).await;
    assert_eq!(send(&world, &both).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_from_one_address_waits_and_others_do_not() {
    let world = World::ruled(Policy { joining: Joining::Open, ..Policy::starting() });
    for seed in 50..70 {
        assert_eq!(world.join_from("192.0.2.1", None, &[&key(seed)]).await.status, 201);
    }
    let full = world.join_from("192.0.2.1", None, &[&key(70)]).await;
    assert_eq!((full.status, full.code(), &full.json["transient"]), (429, "crowded_here", &true.into()));
    assert_eq!((&full.headers["retry-after"], &full.json["limit"]), (&"60".parse().unwrap(), &"20".into()));
    assert_eq!(world.join_from("192.0.2.2", None, &[&key(70)]).await.status, 201);
    // Whom the council asked find room there all the same.
    let code = world.invite(1).await;
    assert_eq!(world.join_from("192.0.2.1", Some(&code), &[&key(71)]).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_accounts_of_a_day_are_for_the_invited() {
    let world = World::ruled(Policy { joining: Joining::Open, registrar_opens: 3, ..Policy::starting() });
    for (seed, address) in [(50, "192.0.2.1"), (51, "192.0.2.2")] {
        assert_eq!(world.join_from(address, None, &[&key(seed)]).await.status, 201);
    }
    let full = world.join_from("192.0.2.3", None, &[&key(52)]).await;
    assert_eq!((full.status, full.code(), &full.json["limit"]), (429, "crowded_today", &"3".into()));
    let seconds: u64 = full.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&seconds), "{seconds} seconds until the next day");
    // A member's invitation opens none of those: one member could give all of them away.
    let member = world.open(AccountKind::Member, 0, None).await;
    let own = world.session(Some(member.account), &member.key).await;
    let asked = CreateInvitation { uses: 1, valid_for: 600 };
    let invited = world.post(paths::INVITATIONS, Some(&own), &asked).await;
    let theirs = invited.json["code"].as_str().unwrap();
    let full = world.join_from("192.0.2.3", Some(theirs), &[&key(52)]).await;
    assert_eq!((full.status, full.code()), (429, "crowded_today"), "{full:?}");
    let code = world.invite(1).await;
    assert_eq!(world.join_from("192.0.2.3", Some(&code), &[&key(52)]).await.status, 201);
}
