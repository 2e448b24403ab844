//! The interface, spoken to through its router: who may do what, and what bad input gets.

#![allow(clippy::unwrap_used, reason = "what fails here is a failed test")]

mod support;

use axum::body::Body;
use axum::http::Request;
use klaver_api::audit::AuditRecord;
use klaver_api::text::base64url;
use klaver_api::{CreateInvitation, CreateRequest, Join, KeyJson, MemoJson, paths};
use klaver_ledger::account::AccountKind;
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::memo::Memo;
use klaver_ledger::entry::{Body as EntryBody, Entry, Govern, Redeem, RequestRef, Settle, SignedEntry};
use klaver_ledger::id::{AccountId, Digest, RequestId};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::key::VerifierKey;
use klaver_ledger::receipt::{LogIdentity, ProvenContent};
use klaver_ledger::time::{Deadline, Seconds};
use klaver_node::clock::{Rest, wall_clock};
use klaver_node::config::DataDir;
use klaver_node::export::{Format, Stopped, write_log, write_records};
use klaver_node::service::Service;
use klaver_node::verify::{Exit, mend_anchor, verify};
use serde_json::json;
use support::{Person, URL, World};

fn identity(world: &World) -> LogIdentity {
    let standing = world.service.reader().standing();
    let charter = standing.charter(wall_clock()).unwrap();
    LogIdentity::new(world.ledger, &charter.origin, &charter.log_keys).unwrap()
}

async fn request_for(world: &World, merchant: &Person, token: &str, amount: &str) -> RequestRef {
    let asked =
        CreateRequest { account: merchant.account.to_string(), amount: amount.to_owned(), valid_for: None };
    let made = world.post(paths::REQUESTS, Some(token), &asked).await;
    assert_eq!(made.status, 201, "{made:?}");
    RequestRef {
        id: RequestId::from_hex(made.json["id"].as_str().unwrap()).unwrap(),
        until: klaver_api::text::deadline("until", made.json["until"].as_str().unwrap()).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credits_are_received_and_spent_with_evidence() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    assert_eq!(world.earn(&budget, &member, 1_000).await.status, 201);

    let token = world.session(Some(merchant.account), &merchant.key).await;
    let request = request_for(&world, &merchant, &token, "2.50").await;
    let path = paths::fill(paths::REQUEST, request.id.to_hex());
    assert_eq!(world.get(&path, None).await.json["state"], "open");

    // Turned away and not remembered: the right payment still goes through.
    let wrong = world.pay(&member, merchant.account, 251, Some(request));
    let answer = world.submit(&wrong).await;
    assert_eq!((answer.status, answer.code()), (409, "request_mismatch"));
    assert_eq!(answer.json["field"], "amount");
    let elsewhere = world.pay(&member, budget.account, 250, Some(request));
    assert_eq!(world.submit(&elsewhere).await.json["field"], "to");

    let paid = world.pay(&member, merchant.account, 250, Some(request));
    let first = world.submit(&paid).await;
    assert_eq!((first.status, &first.json["outcome"]), (201, &json!("recorded")), "{first:?}");
    let proven = first.receipt().verify(&identity(&world)).unwrap();
    assert!(matches!(proven.content, ProvenContent::Entry(entry) if entry.signed() == &paid));

    let again = world.submit(&paid).await;
    assert_eq!((again.status, &again.json["outcome"]), (200, &json!("known")));
    assert_eq!(again.receipt().opening, first.receipt().opening);

    let seen = world.get(&path, None).await;
    assert_eq!((&seen.json["state"], &seen.json["index"]), (&json!("paid"), &first.json["receipt"]["index"]));
    let twice = world.submit(&world.pay(&member, merchant.account, 250, Some(request))).await;
    assert_eq!((twice.status, twice.code()), (409, "request_paid"));
    let poor = world.submit(&world.pay(&member, merchant.account, 5_000, None)).await;
    assert_eq!((poor.status, poor.code()), (422, "insufficient_credits"), "{poor:?}");
    assert_eq!((&poor.json["value"], &poor.json["limit"]), (&json!("5000"), &json!("750")));
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_their_own_and_nobody_elses() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    for _ in 0..3 {
        assert_eq!(world.earn(&budget, &member, 100).await.status, 201);
    }
    let payment = world.submit(&world.pay(&member, merchant.account, 50, None)).await;
    let index = payment.json["receipt"]["index"].as_u64().unwrap();

    let path = |account: AccountId| paths::fill(paths::ACCOUNT, account);
    assert_eq!(world.get(&path(member.account), None).await.code(), "session_needed");
    let own = world.session(Some(member.account), &member.key).await;
    let seen = world.get(&path(member.account), Some(&own)).await;
    assert_eq!((&seen.json["balance"], &seen.json["lines"]), (&json!("2.50"), &json!(5)), "{seen:?}");
    assert_eq!(world.get(&path(merchant.account), Some(&own)).await.status, 404);
    assert_eq!(
        world.get(&path(AccountId([255; 16])), Some(&own)).await.status,
        404,
        "as if it were not there"
    );

    // Pages of the statement fit together, with the balance after every line.
    let mut lines = Vec::new();
    let mut next = String::new();
    loop {
        let path = format!("{}?limit=2{next}", paths::fill(paths::STATEMENT, member.account));
        let page = world.get(&path, Some(&own)).await;
        lines.extend(page.json["lines"].as_array().unwrap().clone());
        match page.json["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    let balances: Vec<_> = lines.iter().map(|line| line["balance"].as_str().unwrap()).collect();
    assert_eq!(balances, ["2.50", "3.00", "2.00", "1.00", "0.00"]);
    assert_eq!(
        lines[0]["entry"]["payees"][0]["to"],
        json!(merchant.account.to_string()),
        "what I signed I see whole"
    );
    assert!(lines[1]["entry"].is_null(), "of what others signed I see my line");

    // A merchant's receipt opens its own line and nothing of the payer.
    let till = world.session(Some(merchant.account), &merchant.key).await;
    let receipt = world.get(&paths::fill(paths::RECEIPT, index), Some(&till)).await;
    let proven = receipt.receipt().verify(&identity(&world)).unwrap();
    let ProvenContent::Line(line) = proven.content else { panic!("a merchant sees a line") };
    assert_eq!((line.line.account, line.line.credit), (merchant.account, 50));
    let payer = world.get(&format!("{}?line=0", paths::fill(paths::RECEIPT, index)), Some(&till)).await;
    assert_eq!(payer.status, 404);
    let whole = world.get(&paths::fill(paths::RECEIPT, index), Some(&own)).await;
    assert!(matches!(whole.receipt().verify(&identity(&world)).unwrap().content, ProvenContent::Entry(_)));
    let by_id = payment.json["receipt"]["entry"].as_str().unwrap();
    assert_eq!(world.get(&paths::fill(paths::ENTRY, by_id), Some(&own)).await.json["index"], json!(index));

    // The council sees budgets and merchants, of members everything but the balance; it reads no statement.
    let council = world.session(None, &world.council[0]).await;
    assert_eq!(world.get(&path(merchant.account), Some(&council)).await.json["balance"], "0.50");
    let seen = world.get(&path(member.account), Some(&council)).await;
    assert!(seen.status == 200 && seen.json["balance"].is_null(), "{seen:?}");
    let statement = paths::fill(paths::STATEMENT, member.account);
    assert_eq!(world.get(&statement, Some(&council)).await.status, 404);
    let records = world.get(paths::AUDIT_RECORDS, Some(&council)).await;
    assert_eq!((records.status, records.code()), (403, "forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_council_sees_sums_and_counts_and_nobody_else_sees_them() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    let mut members = Vec::new();
    for number in 0..9_u64 {
        let member = world.open(AccountKind::Member, 0, None).await;
        assert_eq!(world.earn(&budget, &member, 100 * (number + 1)).await.status, 201);
        members.push(member);
    }
    let paid = world.submit(&world.pay(&members[8], merchant.account, 250, None)).await;
    assert_eq!(paid.status, 201, "{paid:?}");
    let redeem = EntryBody::Redeem(Redeem {
        merchant: merchant.account,
        amount: Amount::new(150).unwrap(),
        rate: None,
    });
    let claimed = world.submit(&world.sign(redeem, &[&merchant.key])).await;

    // A stranger, a member, a merchant, a place: nothing, whatever they are.
    assert_eq!(world.get(paths::COORDINATION, None).await.code(), "session_needed");
    for person in [&members[0], &merchant, &budget] {
        let token = world.session(Some(person.account), &person.key).await;
        let answer = world.get(paths::COORDINATION, Some(&token)).await;
        assert_eq!((answer.status, answer.code()), (403, "forbidden"), "{answer:?}");
    }

    let council = world.session(None, &world.council[0]).await;
    let seen = world.get(paths::COORDINATION, Some(&council)).await;
    assert_eq!(seen.status, 200, "{seen:?}");
    assert_eq!(seen.json["holds"], true);
    assert_eq!(seen.json["circulation"]["issued"], "45.00");
    let held = |kind: &str| {
        let all = seen.json["accounts"].as_array().unwrap();
        all.iter().find(|account| account["kind"] == kind).unwrap()
    };
    assert_eq!(
        (&held("budget")["available"], &held("budget")["balance"]),
        (&json!("955.00"), &json!("-45.00"))
    );
    // Nine people are nobody's business, not even as a number; no member's account is named anywhere.
    assert_eq!(seen.json["members"], json!({ "count": null, "bands": [] }));
    let text = String::from_utf8(seen.bytes.clone()).unwrap();
    for member in &members {
        assert!(!text.contains(&member.account.to_string()), "{text}");
    }
    let people = seen.json["trial_balance"].as_array().unwrap().iter().find(|line| line["kind"] == "people");
    assert!(people.unwrap()["accounts"].is_null(), "{text}");

    // A tenth makes a band; still nobody stands alone in it.
    members.push(world.open(AccountKind::Member, 0, None).await);
    let seen = world.get(paths::COORDINATION, Some(&council)).await;
    assert_eq!(seen.json["members"]["count"], 10);
    assert_eq!(seen.json["members"]["bands"], json!([{ "from": null, "below": null, "count": 10 }]));

    // The payout waits until it is settled.
    let claim = &seen.json["claims"][0];
    assert_eq!(claim["index"], claimed.json["receipt"]["index"], "{claimed:?}");
    assert_eq!((&claim["amount"], &claim["overdue"]), (&json!("1.50"), &json!(false)));
    // It is paid at the rate that was signed: this one named none.
    assert_eq!(claim["rate"], json!(null));
    let redeems = vec![claim["index"].as_u64().unwrap()];
    let settle = EntryBody::Settle(Settle { redeems, bank_reference: Digest::of(b"transfer") });
    assert_eq!(world.submit(&world.sign(settle, &[&world.council[0]])).await.status, 201);
    let seen = world.get(paths::COORDINATION, Some(&council)).await;
    assert_eq!((&seen.json["claims"], &seen.json["circulation"]["settled"]), (&json!([]), &json!("1.50")));
    assert_eq!(seen.json["rules"].as_array().unwrap().len(), 1);

    // Other rules name the meeting they come from, what they change, and when they count.
    let mut charter = (*world.service.reader().standing().charter(wall_clock()).unwrap().clone()).clone();
    charter.policy.refund_window = Seconds(30 * 86_400);
    let memo = Memo::new([3; 16], "Kernteam 12 oktober, punt 3").unwrap();
    let govern = world.entry(EntryBody::Govern(Govern { base: 0, charter }));
    let govern = Entry { memo: Some(memo.commitment()), ..govern };
    let signed = SignedEntry::sign(govern, &world.ledger, &[&world.council[0]]);
    let body = json!({ "envelope": base64url(&signed.encode()), "memo": MemoJson::of(&memo) });
    assert_eq!(world.post(paths::ENTRIES, None, &body).await.status, 201);
    let seen = world.get(paths::COORDINATION, Some(&council)).await;
    let rules = seen.json["rules"].as_array().unwrap();
    assert_eq!((rules.len(), &rules[0]["reference"]), (2, &json!("Kernteam 12 oktober, punt 3")));
    assert!(rules[0]["effective_at"].is_string() && rules[1]["index"] == 0, "{rules:?}");
    let change = json!([{ "field": "refund_window", "before": "5184000", "after": "2592000" }]);
    assert_eq!(rules[0]["changes"], change);

    // What everybody may know is in tens.
    let html = String::from_utf8(world.get("/", None).await.bytes).unwrap();
    assert!(html.contains("Minstens 10 mensen doen mee.") && html.contains("minstens 40 klavers"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_needs_the_right_key_signature_and_challenge() {
    let world = World::founded(1);
    let member = world.open(AccountKind::Member, 0, None).await;
    let stranger = SigningKey::from_bytes(&[200; 32]);
    for (account, key) in [(Some(member.account), &stranger), (None, &stranger), (None, &member.key)] {
        let answer = world.try_session(account, key).await;
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
async fn an_invitation_opens_one_account() {
    let world = World::founded(1);
    let council = world.session(None, &world.council[0]).await;
    let asked = CreateInvitation { uses: 1, valid_for: 600 };
    let invitation = world.post(paths::INVITATIONS, Some(&council), &asked).await;
    assert_eq!(invitation.status, 201, "{invitation:?}");
    let code = invitation.json["code"].as_str().unwrap().to_owned();
    let join = |seed: u8, code: Option<&str>| Join {
        code: code.map(str::to_owned),
        keys: vec![KeyJson {
            key: PublicKey::of(&SigningKey::from_bytes(&[seed; 32])).to_string(),
            rights: vec!["spend".to_owned(), "refund".to_owned(), "redeem".to_owned(), "manage".to_owned()],
            until: None,
            cap: None,
        }],
    };
    assert_eq!(world.post(paths::JOIN, None, &join(50, None)).await.code(), "unknown_invitation");
    let mut ended = join(50, Some(&code));
    ended.keys[0].until = Some("2026-01-02T00:00:00Z".to_owned());
    let refused = world.post(paths::JOIN, None, &ended).await;
    assert_eq!((refused.status, refused.json["field"].as_str()), (400, Some("keys")), "{refused:?}");
    let page = world.get(&format!("/i/{code}"), None).await;
    assert!(page.status == 200 && String::from_utf8_lossy(&page.bytes).contains("klaver join"));

    let joined = world.post(paths::JOIN, None, &join(50, Some(&code))).await;
    assert_eq!(joined.status, 201, "{joined:?}");
    let proven = joined.receipt().verify(&identity(&world)).unwrap();
    assert!(
        matches!(proven.content, ProvenContent::Line(line) if line.line.account.to_string() == joined.json["account"])
    );
    let again = world.post(paths::JOIN, None, &join(50, Some(&code))).await;
    assert_eq!((again.status, &again.json["account"]), (200, &joined.json["account"]));
    assert_eq!(world.post(paths::JOIN, None, &join(51, Some(&code))).await.code(), "unknown_invitation");
    assert_eq!(world.get(&format!("/i/{code}"), None).await.status, 404);

    let member = AccountId::parse(joined.json["account"].as_str().unwrap()).unwrap();
    let own = world.session(Some(member), &SigningKey::from_bytes(&[50; 32])).await;
    let refused = world.post(paths::INVITATIONS, Some(&own), &asked).await;
    assert_eq!((refused.status, refused.code()), (403, "forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_lacks_signers_waits_for_them() {
    let world = World::founded(2);
    let body = world.entry(klaver_ledger::entry::Body::Attest(klaver_ledger::entry::Attest {
        statement: klaver_ledger::entry::Statement::ImpactReport,
        size: 1,
        root: klaver_ledger::id::Digest(world.service.reader().head().root.0),
        document: klaver_ledger::id::Digest([1; 32]),
    }));
    let one = klaver_ledger::entry::SignedEntry::sign(body.clone(), &world.ledger, &[&world.council[0]]);
    let waits = world.submit(&one).await;
    assert_eq!((waits.status, &waits.json["outcome"]), (202, &json!("draft")), "{waits:?}");
    assert_eq!(waits.json["draft"]["waits_for"], json!({ "who": "council", "have": 1, "need": 2 }));
    assert_eq!(waits.json["draft"]["state"], "waiting");
    let draft = paths::fill(paths::DRAFT, waits.json["draft"]["id"].as_str().unwrap());

    let member = world.session(None, &world.council[1]).await;
    let seen = world.get(&draft, Some(&member)).await;
    assert_eq!(
        (&seen.json["entry"]["kind"], seen.json["signed_by"].as_array().unwrap().len()),
        (&json!("attest"), 1)
    );
    assert_eq!(world.get(paths::DRAFTS, Some(&member)).await.json["drafts"].as_array().unwrap().len(), 1);

    // The second signature alone is enough: the node puts both together.
    let two = klaver_ledger::entry::SignedEntry::sign(body, &world.ledger, &[&world.council[1]]);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_found_by_its_id_in_either_spelling() {
    let world = World::founded(1);
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    let token = world.session(Some(merchant.account), &merchant.key).await;
    let asked =
        CreateRequest { account: merchant.account.to_string(), amount: "2.50".to_owned(), valid_for: None };
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
    for path in ["/p/what", "/c/aebagbafaydqqcikbmga2dqpca", "/to/bakker", "/T/x", "/nowhere"] {
        let asked = Request::get(path).header("accept", "text/html").body(Body::empty()).unwrap();
        let page = world.call(asked).await;
        assert!(
            page.status == 404 && String::from_utf8_lossy(&page.bytes).contains("Vraag een nieuwe code"),
            "{path}"
        );
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
async fn a_device_finds_out_for_whom_it_signs() {
    let world = World::founded(1);
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    let ask = async |key: &SigningKey, account: Option<AccountId>| {
        let fresh = world.call(Request::post(paths::CHALLENGES).body(Body::empty()).unwrap()).await;
        let challenge: klaver_api::Challenge = serde_json::from_value(fresh.json).unwrap();
        let nonce = klaver_api::text::from_base64url_fixed("nonce", &challenge.nonce).unwrap();
        let until = klaver_api::text::deadline("expires_at", &challenge.expires_at).unwrap();
        let office = klaver_api::session::OFFICE;
        let bytes =
            klaver_api::session::challenge_bytes(&world.ledger, &challenge.origin, &office, &nonce, until);
        let body = klaver_api::CreateSession {
            account: account.map(|account| account.to_string()),
            nonce: challenge.nonce,
            expires_at: challenge.expires_at,
            key: PublicKey::of(key).to_string(),
            signature: klaver_api::text::base64url(&klaver_ledger::keys::sign(&merchant.key, &bytes).0),
        };
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

#[tokio::test(flavor = "multi_thread")]
async fn memos_are_for_the_two_parties() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    world.earn(&budget, &member, 1_000).await;
    let memo = klaver_ledger::entry::memo::Memo::new([3; 16], "voor het brood").unwrap();
    let mut entry = world.pay(&member, merchant.account, 100, None).entry().clone();
    entry.memo = Some(memo.commitment());
    let signed = klaver_ledger::entry::SignedEntry::sign(entry, &world.ledger, &[&member.key]);
    let envelope = klaver_api::text::base64url(&signed.encode());
    let other = json!({ "envelope": envelope, "memo": { "salt": klaver_api::text::base64url(&[4; 16]), "text": "iets anders" } });
    assert_eq!(world.post(paths::ENTRIES, None, &other).await.json["field"], "memo");
    let right = json!({ "envelope": envelope, "memo": klaver_api::MemoJson::of(&memo) });
    assert_eq!(world.post(paths::ENTRIES, None, &right).await.status, 201);
    for party in [&member, &merchant] {
        let token = world.session(Some(party.account), &party.key).await;
        let page = world.get(&paths::fill(paths::STATEMENT, party.account), Some(&token)).await;
        assert_eq!(page.json["lines"][0]["memo"]["text"], "voor het brood", "{page:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_log_follows_on_its_beat_and_fits_together() {
    let world = World::founded(1);
    for _ in 0..5 {
        world.open(AccountKind::Member, 0, None).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    let community = world.get(paths::COMMUNITY, None).await;
    let vkey: VerifierKey = community.json["log"]["vkey"].as_str().unwrap().parse().unwrap();
    assert_eq!(community.json["log"]["url"], format!("{URL}/log"));
    let note = world.get(paths::LOG_CHECKPOINT, None).await;
    assert_eq!(note.headers["access-control-allow-origin"], "*");
    let checkpoint = SignedCheckpoint::open(&note.bytes, &vkey).unwrap();
    assert_eq!(checkpoint.checkpoint().size, 6);
    let tile = world.get("/log/tile/0/000.p/6", None).await;
    assert_eq!((tile.status, tile.bytes.len()), (200, 6 * 32));
    assert!(tile.headers["cache-control"].to_str().unwrap().contains("immutable"));
    let hashes: Vec<_> =
        tile.bytes.chunks(32).map(|hash| klaver_ledger::log::hash::Hash(hash.try_into().unwrap())).collect();
    let root = klaver_ledger::log::hash::tree_head_of_hashes(hashes.iter().copied());
    assert_eq!(root, checkpoint.checkpoint().root);
    let bundle = world.get("/log/tile/entries/000.p/6", None).await;
    assert_eq!(bundle.bytes.len(), 6 * (2 + 33));
    let gzip = Request::get("/log/tile/entries/000.p/6").header("accept-encoding", "br, gzip");
    let gzip = world.call(gzip.body(Body::empty()).unwrap()).await;
    assert_eq!(gzip.headers["content-encoding"], "gzip");
    for beyond in ["/log/tile/0/000.p/7", "/log/tile/0/000", "/log/tile/entries/000", "/log/tile/1/000.p/1"] {
        assert_eq!(world.get(beyond, None).await.status, 404, "{beyond}");
    }
    let proof = world.get("/v1/proofs/consistency?from=2&to=6", None).await;
    assert_eq!(proof.status, 200, "{proof:?}");
    let beyond = world.get("/v1/proofs/consistency?from=2&to=7", None).await;
    assert_eq!(beyond.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_reads_every_record_and_is_seen_doing_so() {
    let world = World::founded(1);
    let member = world.open(AccountKind::Member, 0, None).await;
    let auditor = SigningKey::from_bytes(&[60; 32]);
    let charter = {
        let standing = world.service.reader().standing();
        let mut charter = (**standing.charter(wall_clock()).unwrap()).clone();
        charter.auditors = vec![PublicKey::of(&auditor)];
        charter
    };
    // Named, but not in force before the recovery delay: no session yet.
    let body = klaver_ledger::entry::Body::Govern(klaver_ledger::entry::Govern { base: 0, charter });
    let answer = world.submit(&world.sign(body, &[&world.council[0]])).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(world.try_session(None, &auditor).await.code(), "session_signature");
    let token = world.session(Some(member.account), &member.key).await;
    assert_eq!(world.get(paths::AUDIT_RECORDS, Some(&token)).await.status, 403);
    assert!(world.service.community().accesses().is_empty(), "who is turned away reads nothing");

    // The service itself gives an auditor everything.
    let visitor = klaver_node::community::sessions::Visitor {
        key: PublicKey::of(&auditor),
        role: klaver_node::community::sessions::Role::Auditor,
    };
    world.service.begin_audit(&visitor, 0).await.unwrap();
    assert_eq!(world.service.community().accesses().len(), 1);
    let first = world.service.reader().record(0).unwrap();
    let item = AuditRecord { salt: first.salt.0, record: first.record }.encode();
    assert_eq!(AuditRecord::decode_first(&item).unwrap().1, item.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_after_a_restart_and_verify_agrees() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let merchant = world.open(AccountKind::Merchant, 0, None).await;
    world.earn(&budget, &member, 1_000).await;
    let token = world.session(Some(merchant.account), &merchant.key).await;
    let request = request_for(&world, &merchant, &token, "2.50").await;
    let paid = world.pay(&member, merchant.account, 250, Some(request));
    let receipt = world.submit(&paid).await.receipt();
    let data = world.data();
    let World { directory, service, router, .. } = world;
    drop(router);
    tokio::task::spawn_blocking(move || {
        service.close();
        drop(service);
        let report = verify(&data, |_| {});
        assert_eq!(report.exit, Exit::Holds, "{}", report.text);

        let (service, opening) = Service::open(&data, None, Rest::Doubted).unwrap();
        assert_eq!(opening.size, 6);
        let again = service.submit_blocking(paid, None).unwrap();
        assert_eq!((again.index, again.opening), (receipt.index, receipt.opening));
        assert_eq!(service.request(&request.id).unwrap().state, klaver_api::RequestState::Paid);
        service.close();
        drop(service);
        anchor_is_made_anew(&data);
        exported_fits_together(&data);
        tampered_is_named(&data);
    })
    .await
    .unwrap();
    drop(directory);
}

/// Without its anchor a journal that proves itself is mended; any other is left as it is.
fn anchor_is_made_anew(data: &DataDir) {
    let (anchor, key) = (data.ledger().join("anchor"), data.keys().join("log"));
    let root = |text: &str| text.lines().find(|line| line.starts_with("Root ")).map(str::to_owned);
    let before = verify(data, |_| {});
    assert_eq!(before.exit, Exit::Holds, "{}", before.text);
    let refuses = |why: &str| {
        let report = mend_anchor(data, |_| {});
        assert!(report.exit != Exit::Holds && report.text.contains(why), "{why}: {}", report.text);
    };
    refuses("the anchor is there");
    std::fs::remove_file(&anchor).unwrap();
    let said = verify(data, |_| {});
    assert_eq!(said.exit, Exit::Violation);
    assert!(said.text.contains("--mend-anchor") && !said.text.contains("earlier copy"), "{}", said.text);

    // Another log key, a journal that ends with a torn group: nothing is made.
    let whole = std::fs::read(&key).unwrap();
    std::fs::write(&key, format!("{}\n", "07".repeat(32))).unwrap();
    refuses("was not signed");
    std::fs::write(&key, &whole).unwrap();
    let files = std::fs::read_dir(data.ledger()).unwrap().flatten().map(|file| file.path());
    let segments = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("segment-"));
    let newest = segments.max().unwrap();
    let whole = std::fs::read(&newest).unwrap();
    let mut cut = whole.clone();
    // Its groups stand in older segments: it was made at the last start.
    cut[5_000] = 7;
    std::fs::write(&newest, cut).unwrap();
    refuses("bytes that are no whole group");
    assert!(!anchor.exists());

    std::fs::write(&newest, whole).unwrap();
    let mended = mend_anchor(data, |_| {});
    assert_eq!(mended.exit, Exit::Holds, "{}", mended.text);
    assert_eq!(root(&mended.text), root(&before.text));
    let after = verify(data, |_| {});
    assert_eq!((after.exit, root(&after.text)), (Exit::Holds, root(&before.text)), "{}", after.text);
}

/// The static files are what a web server would answer, and the records are all there.
fn exported_fits_together(data: &DataDir) {
    let stopped = Stopped::open(data).unwrap();
    let target = tempfile::tempdir().unwrap();
    assert_eq!(write_log(&stopped.reader(), target.path()).unwrap(), 6);
    let note = std::fs::read_to_string(target.path().join("checkpoint")).unwrap();
    let root = note.lines().nth(2).unwrap();
    let tile = std::fs::read(target.path().join("tile/0/000.p/6")).unwrap();
    let hashes = tile.chunks(32).map(|hash| klaver_ledger::log::hash::Hash(hash.try_into().unwrap()));
    assert_eq!(klaver_ledger::log::hash::tree_head_of_hashes(hashes).to_base64(), root);
    assert!(target.path().join("tile/entries/000.p/6").is_file());
    let mut csv = Vec::new();
    assert_eq!(write_records(&stopped.reader(), Format::Csv, &mut csv).unwrap(), 6);
    let csv = String::from_utf8(csv).unwrap();
    // A head, founding, three opens, an earn and a payment of two lines each.
    assert_eq!(csv.lines().count(), 1 + 1 + 3 + 2 + 2, "{csv}");
    let mut json = Vec::new();
    assert_eq!(write_records(&stopped.reader(), Format::Json, &mut json).unwrap(), 6);
    let kinds: Vec<_> = String::from_utf8(json)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["entry"]["kind"].clone())
        .collect();
    assert_eq!(kinds, ["found", "open", "open", "open", "earn", "pay"]);
}

/// Changes one byte in the middle of a segment: `verify` names a record, and says that it is a violation.
fn tampered_is_named(data: &DataDir) {
    let segment = std::fs::read_dir(data.ledger())
        .unwrap()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            let bytes = std::fs::read(path).unwrap_or_default();
            bytes.len() > 4_096 && bytes[4_096..].windows(10).any(|window| window == b"Klaverdorp")
        })
        .min()
        .expect("the founding record stands in some segment");
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes.windows(10).position(|window| window == b"Klaverdorp").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let report = verify(data, |_| {});
    assert_eq!(report.exit, Exit::Violation, "{}", report.text);
    assert!(report.text.contains("record 0"), "{}", report.text);
    assert_eq!(verify(&DataDir::at("/nowhere"), |_| {}).exit, Exit::Unreadable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_must_not_record_says_why_and_goes_on_showing() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    let size = world.get(paths::COMMUNITY, None).await.json["size"].clone();
    assert!(world.service.turn_read_only("two histories were signed: stop the other node".to_owned()));
    assert!(!world.service.turn_read_only("another reason".to_owned()), "the first reason stays");
    let refused = world.earn(&budget, &member, 1_000).await;
    assert_eq!((refused.status, refused.code()), (503, "read_only"), "{refused:?}");
    let ready = world.get(paths::READYZ, None).await;
    assert_eq!(ready.status, 503);
    assert!(ready.json["detail"].as_str().unwrap().contains("two histories were signed"), "{ready:?}");
    let said = world.get(paths::COMMUNITY, None).await.json;
    assert_eq!(said["read_only"], "two histories were signed: stop the other node");
    assert_eq!(said["size"], size);
    assert_eq!(world.get(paths::LOG_CHECKPOINT, None).await.status, 200);
    // Without witnesses there is no policy, and nobody's cosignature counts.
    assert_eq!(world.get(paths::LOG_POLICY, None).await.status, 404);
    let note = world.get(paths::LOG_CHECKPOINT, None).await.bytes;
    let brought = Request::post(paths::WITNESS_COSIGNATURES).body(Body::from(note)).unwrap();
    assert_eq!(world.call(brought).await.code(), "no_witness");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_the_description_are_public() {
    let world = World::founded(1);
    assert_eq!(world.get(paths::HEALTHZ, None).await.bytes, b"ok\n");
    assert_eq!(world.get(paths::READYZ, None).await.status, 200);
    let document = world.get(paths::OPENAPI, None).await;
    assert_eq!(document.json["openapi"], "3.1.0");
    world.stop.send(true).unwrap();
    assert_eq!(world.get(paths::READYZ, None).await.code(), "read_only");
    let soon = Deadline::after(wall_clock(), Seconds(1));
    assert!(wall_clock().seconds() <= soon.seconds());
}
