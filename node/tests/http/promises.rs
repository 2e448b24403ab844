//! Payments without network: whoever sends them, they are recorded once; the same credits promised twice are paid once,
//! and the pot that the council named is asked to bear the other, once.

use super::support::{Answer, Person, World, scale};
use klaver_api::{paths, text};
use klaver_ledger::account::AccountKind;
use klaver_ledger::amount::{Amount, Total};
use klaver_ledger::charter::Policy;
use klaver_ledger::entry::{Body as EntryBody, Pay, PayLine, RequestRef, SignedEntry};
use klaver_ledger::id::{AccountId, RequestId};
use klaver_ledger::time::{Deadline, Seconds};
use klaver_node::clock::wall_clock;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the promises of this story may wait, in seconds: they are over before it ends.
const LASTS: u64 = 3;

struct Market {
    world: World,
    payer: Person,
    shops: [(Person, String); 2],
    pot: (Person, String),
}

impl Market {
    /// A payer with ten credits, two shops, and a pot with thirty.
    async fn open() -> Self {
        let cap = Total::new(1_000).unwrap();
        let world = World::ruled(Policy { offline_cap: cap, ..Policy::starting() });
        let budget = world.open(AccountKind::Budget, 10_000, Some(1)).await;
        let payer = world.open(AccountKind::Member, 0, None).await;
        let with_session = async |kind| {
            let person = world.open(kind, 0, None).await;
            let token = world.session(Some(person.account), &person.key).await;
            (person, token)
        };
        let shops = [with_session(AccountKind::Merchant).await, with_session(AccountKind::Merchant).await];
        let pot = with_session(AccountKind::Fund).await;
        assert_eq!(world.earn(&budget, &payer, 1_000).await.status, 201);
        assert_eq!(world.earn(&budget, &pot.0, 3_000).await.status, 201);
        Self { world, payer, shops, pot }
    }

    fn promise(&self, to: AccountId, amount: u64, lasts: u64) -> SignedEntry {
        let line = PayLine { to, amount: Amount::new(amount).unwrap(), request: None };
        let pay = Pay { from: self.payer.account, payees: vec![line], late: true };
        let mut entry = self.world.entry(EntryBody::Pay(pay));
        entry.expires_at = Deadline::after(wall_clock(), Seconds(lasts));
        SignedEntry::sign(entry, &self.world.ledger, &[&self.payer.key])
    }

    async fn bear(&self, shop: usize, promise: &SignedEntry) -> Answer {
        let asked = json!({ "envelope": text::base64url(&promise.encode()), "words": "Belofte" });
        self.world.post(paths::UNPAID_PROMISES, Some(&self.shops[shop].1), &asked).await
    }

    async fn name_pot(&self, account: Option<AccountId>) -> Answer {
        let council = self.world.session(None, &self.world.council[0]).await;
        let asked = json!({ "account": account.map(|account| account.to_string()) });
        self.world.send("PUT", paths::COUNCIL_PROMISES, Some(&council), &asked).await
    }

    /// Pays what the pot is asked, with its own key.
    async fn pot_pays(&self, request: &Value) -> Answer {
        let text = |name: &str| request[name].as_str().unwrap();
        let amount = text::amount("amount", text("amount"), scale()).unwrap();
        let id = RequestId::from_hex(text("id")).unwrap();
        let until = text::deadline("until", text("until")).unwrap();
        let to = AccountId::parse(text("account")).unwrap();
        let request = Some(RequestRef { id, until });
        self.world.submit(&self.world.pay(&self.pot.0, to, amount.minor(), request)).await
    }

    async fn balance(&self, (person, token): &(Person, String)) -> String {
        let account = self.world.get(&paths::fill(paths::ACCOUNT, person.account), Some(token)).await;
        account.json["balance"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_credits_promised_twice_are_paid_once_and_the_named_pot_bears_the_other_once() {
    let market = Market::open().await;
    let (first, second) = (
        market.promise(market.shops[0].0.account, 700, LASTS),
        market.promise(market.shops[1].0.account, 800, LASTS),
    );
    // Whoever sends it first and however often: it is recorded once.
    assert_eq!(market.world.submit(&first).await.status, 201);
    assert_eq!(market.world.submit(&first).await.status, 200);
    let refused = market.world.submit(&second).await;
    assert_eq!((refused.status, refused.code()), (422, "promise_not_covered"));
    assert!(!String::from_utf8_lossy(&refused.bytes).contains("3.00"), "what the payer has is not told");

    // As long as it may be paid nobody else pays it.
    assert_eq!(market.bear(1, &second).await.code(), "promise_not_over");
    assert_eq!(market.bear(0, &first).await.code(), "promise_paid");
    tokio::time::sleep(Duration::from_secs(LASTS + 6)).await;
    assert_eq!(market.bear(0, &first).await.code(), "promise_paid", "also when its time is over");
    assert_eq!(market.bear(1, &second).await.code(), "promise_no_pot");
    let terms = market.world.get(paths::PROMISES, None).await;
    assert_eq!((&terms.json["cap"], &terms.json["pot"]), (&json!("10.00"), &Value::Null));

    let pot = market.pot.0.account;
    let named = market.name_pot(Some(pot)).await;
    assert_eq!((named.status, &named.json["pot"]), (200, &json!(pot.to_string())), "{named:?}");
    let asked = market.bear(1, &second).await;
    assert_eq!((asked.status, &asked.json["state"]), (200, &json!("open")), "{asked:?}");
    assert_eq!(market.bear(1, &second).await.json["id"], asked.json["id"], "each is asked once");
    let inbox = market.world.get(&paths::fill(paths::INBOX, pot), Some(&market.pot.1)).await;
    let told = &inbox.json["messages"][0]["about"];
    assert_eq!((&told["what"], &told["request"]["amount"]), (&json!("asked"), &json!("8.00")), "{inbox:?}");
    let text = String::from_utf8_lossy(&inbox.bytes).into_owned();
    assert!(!text.contains(&market.payer.account.to_string()), "the pot does not learn who promised");
    assert_eq!(market.pot_pays(&asked.json).await.status, 201);
    assert_eq!(market.bear(1, &second).await.json["state"], "paid");
    assert_eq!(market.pot_pays(&asked.json).await.code(), "request_paid");
    assert_eq!(
        [market.balance(&market.shops[0]).await, market.balance(&market.shops[1]).await],
        ["7.00", "8.00"]
    );
    assert_eq!(market.balance(&market.pot).await, "22.00");

    // A pot that says no is asked anew when somebody asks.
    let third = market.promise(market.shops[0].0.account, 900, 1);
    assert_eq!(market.world.submit(&third).await.code(), "promise_not_covered");
    tokio::time::sleep(Duration::from_secs(7)).await;
    let asked = market.bear(0, &third).await;
    let decline = paths::fill(paths::REQUEST_DECLINE, asked.json["id"].as_str().unwrap());
    assert_eq!(market.world.post(&decline, Some(&market.pot.1), &json!({})).await.status, 200);
    assert_eq!(market.bear(0, &third).await.json["state"], "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_a_pot_bear_what_was_not_promised_to_them() {
    let market = Market::open().await;
    let pot = market.pot.0.account;
    assert_eq!(market.name_pot(Some(market.payer.account)).await.code(), "malformed_field", "no pot");
    assert_eq!(market.name_pot(Some(pot)).await.status, 200);
    let own = market.shops[0].0.account;
    let (of_other, beyond) =
        (market.promise(market.shops[1].0.account, 100, 1), market.promise(own, 1_001, 1));
    // A promise that somebody else signed in the payer's name, and a payment that is none.
    let stranger = &market.shops[0].0.key;
    let forged =
        SignedEntry::sign(market.promise(own, 100, 1).entry().clone(), &market.world.ledger, &[stranger]);
    let plain = market.world.pay(&market.payer, own, 100, None);
    for (promise, why) in [(of_other, "another shop"), (plain, "plain")] {
        assert_eq!(market.bear(0, &promise).await.code(), "malformed_field", "{why}");
    }
    // What nobody sent while it could be paid, and what cannot be paid for another reason than that credits lack.
    let never_sent = market.promise(own, 100, 1);
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(market.bear(0, &never_sent).await.code(), "promise_not_sent");
    for promise in [&beyond, &forged] {
        assert_ne!(market.world.submit(promise).await.status, 201);
        assert_eq!(market.bear(0, promise).await.code(), "promise_not_sent");
    }
    let asked = json!({ "envelope": "AAAA" });
    assert_eq!(market.world.post(paths::UNPAID_PROMISES, None, &asked).await.code(), "session_needed");
    let council = market.world.session(None, &market.world.council[0]).await;
    let answer = market.world.post(paths::UNPAID_PROMISES, Some(&council), &asked).await;
    assert_eq!(answer.status, 403);
    let nobody = json!({ "account": null });
    let by_shop = market.world.send("PUT", paths::COUNCIL_PROMISES, Some(&market.shops[0].1), &nobody).await;
    assert_eq!(by_shop.status, 403);
    assert_eq!(market.name_pot(None).await.json["pot"], Value::Null);
}
