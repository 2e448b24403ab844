//! What of accounts and members is shown to whom.

use crate::identity;
use crate::support::World;
use klaver_api::text::base64url;
use klaver_api::{MemoJson, paths};
use klaver_ledger::account::{AccountKind, AccountState, KeyGrant};
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::memo::Memo;
use klaver_ledger::entry::{Body as EntryBody, Change, Entry, Govern, Redeem, Settle, SignedEntry};
use klaver_ledger::id::{AccountId, Digest};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::receipt::ProvenContent;
use klaver_ledger::time::Seconds;
use klaver_node::clock::wall_clock;
use serde_json::json;

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

    // Whom one paid and who gave stand there by their names once they are listed; who paid stands nowhere.
    let till = world.session(Some(merchant.account), &merchant.key).await;
    let trekker = world.session(Some(budget.account), &budget.key).await;
    assert!(lines.iter().all(|line| line["with"].is_null()), "nobody is listed yet");
    for (account, token, name) in
        [(merchant.account, &till, "Bakkerij Jo"), (budget.account, &trekker, "De Zaadkamer")]
    {
        let profile = json!({ "name": name, "listed": true });
        let named = world.send("PUT", &paths::fill(paths::PROFILE, account), Some(token), &profile).await;
        assert_eq!(named.status, 204);
    }
    let with = async |account: AccountId, token: &str| {
        let page = world.get(&paths::fill(paths::STATEMENT, account), Some(token)).await;
        let lines = page.json["lines"].as_array().unwrap().clone();
        lines.iter().map(|line| line["with"].clone()).take(2).collect::<Vec<_>>()
    };
    assert_eq!(with(member.account, &own).await, [json!("Bakkerij Jo"), json!("De Zaadkamer")]);
    assert_eq!(with(merchant.account, &till).await, [json!(null), json!(null)]);

    // A merchant's receipt opens its own line and nothing of the payer.
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

    // Whoever names an account says its last letters.
    let ending = |text: &str| format!("{}?ending={text}", paths::ACCOUNTS);
    let shop = merchant.account.to_string();
    let found = world.get(&ending(&shop[shop.len() - 6..]), Some(&council)).await;
    assert_eq!(found.json["accounts"].as_array().unwrap().len(), 1, "{found:?}");
    assert_eq!(found.json["accounts"][0]["state"]["account"], shop);
    assert_eq!(world.get(&ending("nobody"), Some(&council)).await.json["accounts"], json!([]));

    // A tenth makes a band; still nobody stands alone in it.
    members.push(world.open(AccountKind::Member, 0, None).await);
    let seen = world.get(paths::COORDINATION, Some(&council)).await;
    assert_eq!(seen.json["members"]["count"], 10);
    assert_eq!(seen.json["members"]["bands"], json!([{ "from": null, "below": null, "count": 10 }]));

    // The payout waits until it is settled.
    let claim = &seen.json["claims"][0];
    assert_eq!(claim["index"], claimed.json["receipt"]["index"], "{claimed:?}");
    assert_eq!((&claim["amount"], &claim["overdue"]), (&json!("1.50"), &json!(false)));
    // Thirty days is how long it may wait.
    let asked = world.service.reader().standing().claims().next().unwrap().1.recorded_at;
    assert_eq!(claim["due_at"], asked.after(Seconds(30 * 86_400)).to_string());
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
async fn what_is_recorded_has_its_receipt_also_when_its_key_counts_no_more() {
    let world = World::founded(1);
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let member = world.open(AccountKind::Member, 0, None).await;
    assert_eq!(world.earn(&budget, &member, 100).await.status, 201);
    let [paid, other] = [40, 30].map(|amount| world.pay_uniquely(&member, budget.account, amount));
    let first = world.submit(&paid).await;
    assert_eq!(first.status, 201, "{first:?}");
    let change = {
        let standing = world.service.reader().standing();
        let in_force = standing.account(&member.account).unwrap().standing(wall_clock());
        let key = PublicKey::of(&SigningKey::from_bytes(&[250; 32]));
        let keys = in_force.state.keys.iter().map(|grant| KeyGrant { key, ..*grant }).collect();
        Change {
            base: in_force.base,
            state: AccountState { keys, ..(*in_force.state).clone() },
            status: in_force.status,
        }
    };
    let changed = world.submit(&world.sign(EntryBody::Change(change), &[&member.key])).await;
    assert_eq!(changed.status, 201, "{changed:?}");
    let again = world.submit(&paid).await;
    assert_eq!((again.status, again.receipt().index), (200, first.receipt().index), "{again:?}");
    assert_eq!(world.submit(&other).await.code(), "unknown_key");
}
