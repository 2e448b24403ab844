//! Entries that wait for signatures.

use crate::support::World;
use klaver_api::paths;
use klaver_ledger::account::AccountKind;
use klaver_ledger::entry::{Body as EntryBody, Govern, SignedEntry};
use klaver_ledger::time::Seconds;
use klaver_node::clock::wall_clock;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_lacks_signers_waits_for_them() {
    let world = World::founded(2);
    let body = world.impact_report();
    let one = SignedEntry::sign(body.clone(), &world.ledger, &[&world.council[0]]);
    let waits = world.submit(&one).await;
    assert_eq!((waits.status, &waits.json["outcome"]), (202, &json!("draft")), "{waits:?}");
    assert_eq!(waits.json["draft"]["waits_for"], json!({ "who": "council", "have": 1, "need": 2 }));
    assert_eq!(waits.json["draft"]["state"], "waiting");
    let draft = paths::fill(paths::DRAFT, waits.json["draft"]["id"].as_str().unwrap());
    // Whoever has its link learns that something waits, and nothing of what it is.
    let link =
        waits.json["draft"]["link"].as_str().unwrap().trim_start_matches(crate::support::URL).to_owned();
    let page = world.get(&link, None).await;
    let html = String::from_utf8(page.bytes).unwrap();
    assert!(page.status == 200 && html.contains("Er wacht iets op je handtekening"), "{html}");
    assert!(html.contains("klaver cosign") && !html.contains("attest"), "{html}");

    let member = world.session(None, &world.council[1]).await;
    let seen = world.get(&draft, Some(&member)).await;
    assert_eq!(
        (&seen.json["entry"]["kind"], seen.json["signed_by"].as_array().unwrap().len()),
        (&json!("attest"), 1)
    );
    assert_eq!(world.get(paths::DRAFTS, Some(&member)).await.json["drafts"].as_array().unwrap().len(), 1);

    // The second signature alone is enough: the node puts both together.
    let two = SignedEntry::sign(body, &world.ledger, &[&world.council[1]]);
    let recorded = world.submit(&two).await;
    assert_eq!(recorded.status, 201, "{recorded:?}");
    // Whoever comes late to sign is told, and nothing is listed any more.
    let late = world.get(&draft, Some(&member)).await;
    assert_eq!(
        (&late.json["state"], &late.json["index"]),
        (&json!("recorded"), &recorded.json["receipt"]["index"])
    );
    assert_eq!(world.get(paths::DRAFTS, Some(&member)).await.json["drafts"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_shown_to_those_who_may_sign_it_alone() {
    let world = World::founded(2);
    // Nothing is wrong with it but that one of two has signed.
    let mut charter = (*world.service.reader().standing().charter(wall_clock()).unwrap().clone()).clone();
    charter.policy.refund_window = Seconds(30 * 86_400);
    let body = EntryBody::Govern(Govern { base: 0, charter });
    let waits = world.submit(&world.sign(body, &[&world.council[0]])).await;
    assert_eq!(waits.status, 202, "{waits:?}");
    let member = world.open(AccountKind::Member, 0, None).await;
    let token = world.session(Some(member.account), &member.key).await;
    let draft = paths::fill(paths::DRAFT, waits.json["draft"]["id"].as_str().unwrap());
    assert_eq!(world.get(&draft, Some(&token)).await.code(), "unknown_draft");
    assert_eq!(world.get(paths::DRAFTS, Some(&token)).await.json["drafts"], json!([]));
    assert_eq!(world.get(&draft, None).await.status, 401);
}
