//! Cards and vouchers: lost while they wait, tried by a till, replaced twice at once, and forgotten with their account.

use crate::request_for;
use crate::support::{Answer, Person, URL, World, leaves_the_disk};
use klaver_api::text::base64url;
use klaver_api::{AskOwnCode, paths};
use klaver_ledger::account::{AccountKind, AccountStatus, KeyGrant, Rights};
use klaver_ledger::amount::Total;
use klaver_ledger::charter::{Joining, Policy};
use klaver_ledger::entry::{Body as EntryBody, Change, Close};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::time::Seconds;
use klaver_node::clock::{SetClock, wall_clock};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Cards spend 10.00 in a day without a PIN, 50.00 with it.
fn with_cards() -> Policy {
    let amount = |minor| Total::new(minor).unwrap();
    Policy { card_free_amount: amount(1_000), card_day_cap: amount(5_000), ..Policy::starting() }
}

struct Place {
    budget: Person,
    token: String,
}

/// A card or voucher: its account with its printed key, and the id in its code.
struct Printed {
    paper: Person,
    id: String,
}

async fn place(world: &World) -> Place {
    let budget = world.open(AccountKind::Budget, 100_000, Some(1)).await;
    let token = world.session(Some(budget.account), &budget.key).await;
    Place { budget, token }
}

impl Place {
    async fn make(&self, world: &World, kind: &str, count: u8) -> Answer {
        let keys: Vec<String> = (0..count)
            .map(|_| PublicKey::of(&SigningKey::from_bytes(&[world.fresh(); 32])).to_string())
            .collect();
        world.post(paths::PAPERS, Some(&self.token), &json!({ "kind": kind, "keys": keys })).await
    }

    /// Makes one, with so much on it.
    async fn print(&self, world: &World, kind: &str, minor: u64) -> Printed {
        self.print_for(world, json!({ "kind": kind }), minor).await
    }

    async fn print_for(&self, world: &World, mut asked: Value, minor: u64) -> Printed {
        let key = SigningKey::from_bytes(&[world.fresh(); 32]);
        asked["keys"] = json!([PublicKey::of(&key).to_string()]);
        let made = world.post(paths::PAPERS, Some(&self.token), &asked).await;
        assert_eq!(made.status, 201, "{made:?}");
        let made = &made.json["papers"][0];
        let account = AccountId::parse(made["account"].as_str().unwrap()).unwrap();
        let printed = Printed { paper: Person { account, key }, id: made["id"].as_str().unwrap().to_owned() };
        if minor > 0 {
            assert_eq!(world.earn(&self.budget, &printed.paper, minor).await.status, 201);
        }
        printed
    }

    async fn set(&self, world: &World, id: &str, state: &str) -> Answer {
        world.post(&paths::fill(paths::PAPER_STATE, id), Some(&self.token), &json!({ "state": state })).await
    }

    /// Signs that `key` takes the place of the printed key.
    fn renewal(&self, world: &World, account: AccountId, key: &SigningKey) -> Value {
        let change = {
            let standing = world.service.reader().standing();
            let in_force = standing.account(&account).unwrap().standing(wall_clock());
            let mut state = (*in_force.state).clone();
            state.keys =
                vec![KeyGrant { key: PublicKey::of(key), rights: Rights::SPEND, until: None, cap: None }];
            Change { base: in_force.base, state, status: AccountStatus::Open }
        };
        let signed = world.sign(EntryBody::Change(change), &[&self.budget.key]);
        json!({ "envelope": base64url(&signed.encode()) })
    }

    async fn replace(&self, world: &World, id: &str, asked: &Value) -> Answer {
        world.post(&paths::fill(paths::PAPER_REPLACEMENT, id), Some(&self.token), asked).await
    }

    /// Says that paper was lost, and puts new paper in its place, which pays four seconds from now.
    async fn replace_a_day_ago(&self, world: &World, clock: &SetClock, lost: Printed) -> Printed {
        assert_eq!(self.set(world, &lost.id, "lost").await.json["state"], "lost");
        let key = SigningKey::from_bytes(&[world.fresh(); 32]);
        clock.set(crate::support::before(Seconds(86_400 - 4)));
        let made = self.replace(world, &lost.id, &self.renewal(world, lost.paper.account, &key)).await;
        assert_eq!(made.status, 201, "{made:?}");
        let id = made.json["paper"]["id"].as_str().unwrap().to_owned();
        assert_eq!(made.json["paper"]["state"], "waiting");
        Printed { paper: Person { account: lost.paper.account, key }, id }
    }
}

async fn state(world: &World, id: &str) -> String {
    world.get(&paths::fill(paths::PAPER, id), None).await.json["state"].as_str().unwrap().to_owned()
}

/// Waits until nothing waits for the account any more.
async fn is_in_force(world: &World, clock: &SetClock, account: AccountId) {
    while world.service.reader().standing().account(&account).unwrap().waiting(wall_clock()).is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    clock.set(wall_clock());
}

/// Lets a card pay a new request of a merchant.
async fn pay_by_card(
    world: &World,
    shop: &(Person, String),
    card: &Printed,
    minor: u64,
    pin: Option<&str>,
) -> Answer {
    let amount = format!("{}.{:02}", minor / 100, minor % 100);
    let request = request_for(world, &shop.0, &shop.1, &amount).await;
    send_by_card(world, shop, card, &world.pay(&card.paper, shop.0.account, minor, Some(request)), pin).await
}

async fn send_by_card(
    world: &World,
    (_, token): &(Person, String),
    card: &Printed,
    signed: &klaver_ledger::entry::SignedEntry,
    pin: Option<&str>,
) -> Answer {
    let mut asked = json!({ "envelope": base64url(&signed.encode()) });
    if let Some(pin) = pin {
        asked["pin"] = json!(pin);
    }
    world.post(&paths::fill(paths::PAPER_PAYMENTS, &card.id), Some(token), &asked).await
}

async fn shop(world: &World) -> (Person, String) {
    let shop = world.open(AccountKind::Merchant, 0, None).await;
    let token = world.session(Some(shop.account), &shop.key).await;
    (shop, token)
}

async fn choose_pin(world: &World, place: &Place, card: &Printed, pin: &str) {
    let challenge = world.challenge().await;
    let proof = challenge.for_session(&world.ledger, URL, Some(card.paper.account), &card.paper.key).unwrap();
    let asked = json!({ "proof": proof, "pin": pin });
    let chosen = world.post(&paths::fill(paths::PAPER_PIN, &card.id), Some(&place.token), &asked).await;
    assert_eq!(chosen.status, 200, "{chosen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_that_is_lost_while_it_waits_never_pays() {
    let (world, clock) = World::ruled_before(with_cards());
    let (place, merchant) = (place(&world).await, shop(&world).await.0);
    let voucher = place.print(&world, "voucher", 500).await;
    let new = place.replace_a_day_ago(&world, &clock, voucher).await;
    assert_eq!(place.set(&world, &new.id, "lost").await.json["state"], "lost");
    let account = new.paper.account;
    let again = SigningKey::from_bytes(&[world.fresh(); 32]);
    let early = place.replace(&world, &new.id, &place.renewal(&world, account, &again)).await;
    assert_eq!((early.status, early.code()), (409, "pending_exists"), "{early:?}");

    // Its time has come: the ledger would let it pay, the node turns it away, and freezes it within a minute.
    is_in_force(&world, &clock, account).await;
    assert_eq!(state(&world, &new.id).await, "lost");
    let paid = world.pay(&new.paper, merchant.account, 100, None);
    let turned_away = world.submit(&paid).await;
    assert_eq!((turned_away.status, turned_away.code()), (409, "paper_lost"), "{turned_away:?}");
    world.service.sweep().await;
    let declined = world.submit(&world.pay(&new.paper, merchant.account, 100, None)).await;
    assert_eq!((declined.status, declined.code()), (422, "at_rest"), "{declined:?}");
    assert_eq!(state(&world, &new.id).await, "lost");
    let replaced = place.replace(&world, &new.id, &place.renewal(&world, account, &again)).await;
    assert_eq!((replaced.status, &replaced.json["paper"]["state"]), (201, &json!("waiting")), "{replaced:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_voucher_that_waited_is_replaced_before_the_node_has_frozen_it() {
    let (world, clock) = World::ruled_before(with_cards());
    let place = place(&world).await;
    let voucher = place.print(&world, "voucher", 500).await;
    let new = place.replace_a_day_ago(&world, &clock, voucher).await;
    assert_eq!(place.set(&world, &new.id, "lost").await.json["state"], "lost");
    is_in_force(&world, &clock, new.paper.account).await;
    let again = SigningKey::from_bytes(&[world.fresh(); 32]);
    let asked = place.renewal(&world, new.paper.account, &again);
    let replaced = place.replace(&world, &new.id, &asked).await;
    assert_eq!((replaced.status, &replaced.json["paper"]["state"]), (201, &json!("waiting")), "{replaced:?}");
    // Found again, it is worth nothing; and the sweep leaves the new one alone.
    assert_eq!(state(&world, &new.id).await, "replaced");
    world.service.sweep().await;
    assert_eq!(state(&world, replaced.json["paper"]["id"].as_str().unwrap()).await, "waiting");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_lost_while_it_waits_rests_then() {
    let (world, clock) = World::ruled_before(with_cards());
    let (place, shop) = (place(&world).await, shop(&world).await);
    let card = place.print(&world, "card", 2_000).await;
    let new = place.replace_a_day_ago(&world, &clock, card).await;
    assert_eq!(place.set(&world, &new.id, "lost").await.json["state"], "resting");
    is_in_force(&world, &clock, new.paper.account).await;
    world.service.sweep().await;
    assert_eq!(state(&world, &new.id).await, "resting");
    assert_eq!(pay_by_card(&world, &shop, &new, 100, None).await.code(), "card_rests");
    // It was in a drawer after all.
    assert_eq!(place.set(&world, &new.id, "usable").await.json["state"], "usable");
    assert_eq!(pay_by_card(&world, &shop, &new, 100, None).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_paper_that_is_asked_for_twice_at_once_is_made_once() {
    let world = World::ruled(with_cards());
    let place = place(&world).await;
    let voucher = place.print(&world, "voucher", 500).await;
    assert_eq!(place.set(&world, &voucher.id, "lost").await.json["state"], "lost");
    let keys = [world.fresh(), world.fresh()].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let asked = keys.each_ref().map(|key| place.renewal(&world, voucher.paper.account, key));
    let (one, other) = tokio::join!(
        place.replace(&world, &voucher.id, &asked[0]),
        place.replace(&world, &voucher.id, &asked[1])
    );
    let (made, refused) = if one.status == 201 { (one, other) } else { (other, one) };
    assert_eq!((made.status, refused.status, refused.code()), (201, 409, "paper_replaced"), "{refused:?}");
    let listed = world.get(paths::PAPERS, Some(&place.token)).await.json;
    assert_eq!(listed["papers"].as_array().unwrap().len(), 1);
    assert_eq!(listed["papers"][0]["id"], made.json["paper"]["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tries_amounts_without_a_pin_learns_little_of_what_a_card_holds() {
    let world = World::ruled(with_cards());
    let (place, shop) = (place(&world).await, shop(&world).await);
    let card = place.print(&world, "card", 300).await;
    for minor in [900, 600, 450] {
        let short = pay_by_card(&world, &shop, &card, minor, None).await;
        assert_eq!((short.status, short.code()), (422, "card_short"));
        assert!(!short.json.to_string().contains("3.00"), "{short:?}");
    }
    // It would pay this; whoever tried so often hears nothing any more, also not by a PIN that is not looked at.
    for pin in [None, Some("2583")] {
        assert_eq!(pay_by_card(&world, &shop, &card, 100, pin).await.code(), "card_tried");
    }
    choose_pin(&world, &place, &card, "2583").await;
    assert_eq!(pay_by_card(&world, &shop, &card, 100, None).await.code(), "pin_needed");
    assert_eq!(pay_by_card(&world, &shop, &card, 100, Some("3852")).await.code(), "wrong_pin");
    assert_eq!(pay_by_card(&world, &shop, &card, 100, Some("2583")).await.status, 200);
    // Who typed it may type a larger amount as often as they like.
    for _ in 0..4 {
        assert_eq!(pay_by_card(&world, &shop, &card, 900, Some("2583")).await.code(), "card_short");
    }
    assert_eq!(pay_by_card(&world, &shop, &card, 200, Some("2583")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_rules_say_no_to_a_merchant_hears_the_same() {
    let world = World::ruled(with_cards());
    let (place, shop) = (place(&world).await, shop(&world).await);
    let card = place.print(&world, "card", 900).await;
    let request = request_for(&world, &shop.0, &shop.1, "1.00").await;
    let [first, second] = [(), ()].map(|()| world.pay(&card.paper, shop.0.account, 100, Some(request)));
    assert_eq!(send_by_card(&world, &shop, &card, &first, None).await.status, 200);
    assert_eq!(send_by_card(&world, &shop, &card, &first, None).await.status, 200, "the same bytes again");
    let paid = send_by_card(&world, &shop, &card, &second, None).await;
    let short = pay_by_card(&world, &shop, &card, 850, None).await;
    assert_eq!((paid.status, paid.code()), (422, "card_short"));
    assert_eq!(paid.json, short.json, "a request that is paid, and too little on the card");
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_and_people_leave_each_other_room_in_a_day() {
    let world = World::ruled(Policy { joining: Joining::Open, registrar_opens: 4, ..with_cards() });
    let place = place(&world).await;
    let many = place.make(&world, "voucher", 3).await;
    assert_eq!((many.status, many.code(), &many.json["limit"]), (429, "papers_today", &json!("2")));
    assert_eq!(place.make(&world, "voucher", 2).await.status, 201);
    assert_eq!(place.make(&world, "card", 1).await.code(), "papers_today");
    for seed in [1, 2] {
        let key = SigningKey::from_bytes(&[seed + 90; 32]);
        assert_eq!(world.join_from("192.0.2.1", None, &[&key]).await.status, 201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_an_account_is_forgotten_when_it_is_closed_also_on_the_disk() {
    let world = World::ruled(with_cards());
    let place = place(&world).await;
    let an = world.open(AccountKind::Member, 0, None).await;
    let ben = world.open(AccountKind::Member, 0, None).await;
    let (shop, owner) = shop(&world).await;
    let token = world.session(Some(an.account), &an.key).await;
    let put =
        async |path: &str, token: &str, body: &Value| world.send("PUT", path, Some(token), body).await.status;
    for (person, name) in [(&an, "Annie van de hoek"), (&ben, "Benny van de markt")] {
        let path = paths::fill(paths::FACE, person.account);
        assert_eq!(put(&path, &place.token, &json!({ "name": name })).await, 204);
    }
    let named = json!({ "name": "Annie Peeters", "listed": false });
    assert_eq!(put(&paths::fill(paths::PROFILE, an.account), &token, &named).await, 204);
    let shop_name = json!({ "name": "Bakkerij Van Damme", "listed": true });
    assert_eq!(put(&paths::fill(paths::PROFILE, shop.account), &owner, &shop_name).await, 204);
    let till = json!({ "part": "half", "month_most": "1234.56", "paused": false });
    assert_eq!(put(&paths::fill(paths::TILL, shop.account), &owner, &till).await, 204);
    let words = AskOwnCode { words: Some("An van de soep".to_owned()), ..AskOwnCode::default() };
    let code = world.post(&paths::fill(paths::OWN_CODE, an.account), Some(&token), &words).await;
    let alias = code.json["alias"].as_str().unwrap().to_owned();
    let pot = world.open(AccountKind::Fund, 0, None).await;
    let for_pot = json!({ "kind": "card", "heir": pot.account.to_string() });
    let card = place.print_for(&world, for_pot.clone(), 0).await;
    choose_pin(&world, &place, &card, "2583").await;
    let kept = place.print(&world, "card", 0).await;
    let newest = place.print_for(&world, for_pot, 0).await;
    let id = |printed: &Printed| -> [u8; 16] {
        data_encoding::HEXLOWER.decode(printed.id.as_bytes()).unwrap().try_into().unwrap()
    };
    let row = world.service.community().paper(&id(&card)).unwrap();
    let pin = serde_json::to_string(&row.pin.unwrap()).unwrap();
    // Of open accounts nothing is forgotten.
    world.service.sweep().await;
    for (account, keys) in [
        (an.account, vec![&an.key]),
        (shop.account, vec![&shop.key]),
        (card.paper.account, vec![&world.council[0]]),
        (newest.paper.account, vec![&world.council[0]]),
    ] {
        assert!(crate::support::is_on_disk(&world, alias.as_bytes()), "not before the sweep");
        let closed =
            world.submit(&world.sign(EntryBody::Close(Close { account, heir: pot.account }), &keys)).await;
        assert_eq!(closed.status, 201, "{closed:?}");
    }
    world.service.sweep().await;
    let faces = world.get(paths::FACES, Some(&place.token)).await.json;
    assert_eq!(faces["faces"].as_array().unwrap().len(), 1, "{faces}");
    let asked = json!({ "amount": "1" });
    assert_eq!(
        world.post(&paths::fill(paths::CODE_REQUESTS, &alias), None, &asked).await.code(),
        "unknown_code"
    );
    assert_eq!(world.get(&paths::fill(paths::PAPER, &card.id), None).await.code(), "unknown_paper");
    assert_eq!(state(&world, &kept.id).await, "usable");
    for gone in ["Annie van de hoek", "Annie Peeters", "An van de soep", "123456", &alias, &pin] {
        leaves_the_disk(&world, gone.as_bytes()).await;
    }
    for stays in ["Benny van de markt", "Bakkerij Van Damme"] {
        assert!(crate::support::is_on_disk(&world, stays.as_bytes()), "{stays}");
    }
    // The number of a stub is not given to somebody else.
    let next = place.make(&world, "card", 1).await;
    assert_eq!(next.json["papers"][0]["number"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_knows_the_card_of_a_face_without_asking_for_it() {
    let world = World::ruled(with_cards());
    let place = place(&world).await;
    let card = place.print(&world, "card", 0).await;
    let path = paths::fill(paths::FACE, card.paper.account);
    let named = world.send("PUT", &path, Some(&place.token), &json!({ "name": "Moniek" })).await;
    assert_eq!(named.status, 204, "{named:?}");
    let told = world.get(paths::FACES, Some(&place.token)).await.json;
    assert_eq!(told["faces"][0]["card"], json!(card.id));
    // What it is worth, and what pays with it, is not told.
    let keys: BTreeSet<&str> = told["faces"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(["account", "card", "name", "picture"]));
}
