//! `klaver pot`: suspended consumption. What a shop has ready for others, counted and paid; never who, never when.

use super::account::fetch;
use crate::app::App;
use crate::contact::Contact;
use crate::entries::{Plan, Sent, report, send, tell};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::harmless;
use clap::{Args, Subcommand};
use klaver_api::text;
use klaver_api::{
    Closing, CouncilPots, CountPot, EditPot, PotCount, PotPage, PotPayment, ShopPot, ShopPots, paths,
};
use klaver_keystore::{KeyInfo, Purpose};
use klaver_ledger::account::{AccountKind, AccountState, KeyGrant, Rights};
use klaver_ledger::amount::{Amount, Scale};
use klaver_ledger::entry::{Body, Open as OpenBody, Pay, PayLine, RequestRef};
use klaver_ledger::id::{AccountId, RequestId};
use klaver_ledger::keys::PublicKey;

/// What stands ready for others: pots of shops.
#[derive(Debug, Subcommand)]
pub enum Pot {
    /// Show what stands ready in town
    List,
    /// Show your shop's pots
    Mine,
    /// Have something ready for others at your shop
    Offer(Offer),
    /// Count what somebody gave you in euro
    Given(Count),
    /// Count what you handed out
    Out(Count),
    /// Let the pots pay what you handed out: one sum for each
    Close,
    /// Open the account of a pot that a shop offers, as the council
    Open(Which),
}

/// Something that a shop has ready.
#[derive(Args, Debug)]
pub struct Offer {
    /// What it is, such as Coffee
    pub item: String,
    /// What one is worth in credits
    pub price: String,
    /// Its picture
    #[arg(long, default_value = "something")]
    pub picture: String,
}

/// How many of a pot.
#[derive(Args, Debug)]
pub struct Count {
    /// The pot: what it is called, or the beginning of its number
    pub pot: String,
    /// How many; a number below zero takes a mistake back
    #[arg(default_value_t = 1, allow_negative_numbers = true)]
    pub count: i64,
}

/// Which pot.
#[derive(Args, Debug)]
pub struct Which {
    /// The pot: what it is called, or the beginning of its number
    pub pot: String,
}

impl Pot {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no such pot, or the node or the rules say no.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self {
            Self::List => list(app),
            Self::Mine => mine(app),
            Self::Offer(offer) => offer.run(app),
            Self::Given(count) => count.run(app, PotCount::Given),
            Self::Out(count) => count.run(app, PotCount::HandedOut),
            Self::Close => close(app),
            Self::Open(which) => open(app, &which.pot),
        }
    }
}

fn list(app: &App<'_>) -> Outcome {
    let hat = app.hat().or_else(|_| app.office_hat(Purpose::Council))?;
    let contact = app.contact(&hat)?;
    let unit = contact.community.unit(app.output.language);
    let page: PotPage = contact.http.get(paths::POTS, None)?;
    let ready = |ready: Option<u64>| {
        ready.map_or_else(|| app.output.words("pot.ask", &[]), |count| count.to_string())
    };
    let rows = page.pots.iter().map(|pot| {
        let price = pot.price.as_deref().map_or_else(String::new, |price| unit.show_text(price));
        let shop = pot.shop.as_deref().map_or_else(String::new, harmless);
        vec![harmless(&pot.item), shop, price, ready(pot.ready)]
    });
    let header = ["column.what", "column.name", "column.amount", "column.ready"];
    table(app, &header, &rows.collect::<Vec<_>>(), &[2, 3]);
    app.output.json(&serde_json::json!(page));
    Ok(Exit::Ok)
}

fn table(app: &App<'_>, header: &[&str], rows: &[Vec<String>], numbers: &[usize]) {
    let header: Vec<String> = header.iter().map(|key| app.output.words(key, &[])).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    app.output.table(&header, rows, numbers);
}

fn own(app: &App<'_>, contact: &Contact, hat: &KeyInfo) -> Outcome<Vec<ShopPot>> {
    let page: ShopPots =
        app.with_session(contact, hat, |token| contact.http.get(paths::SHOP_POTS, Some(token)))?;
    Ok(page.pots)
}

fn mine(app: &App<'_>) -> Outcome {
    let (hat, _) = app.account_hat()?;
    let contact = app.contact(&hat)?;
    let pots = own(app, &contact, &hat)?;
    let row = |pot: &ShopPot| {
        let counts = [pot.ready, pot.tally, pot.waiting].map(|count| count.to_string());
        let head = [pot.id.get(..8).unwrap_or_default().to_owned(), harmless(&pot.pot.item)];
        head.into_iter().chain(counts).collect::<Vec<_>>()
    };
    let header = ["column.pot", "column.what", "column.ready", "column.in_euro", "column.unpaid"];
    table(app, &header, &pots.iter().map(row).collect::<Vec<_>>(), &[2, 3, 4]);
    app.output.json(&serde_json::json!({ "pots": pots }));
    Ok(Exit::Ok)
}

impl Offer {
    fn run(self, app: &App<'_>) -> Outcome {
        let (hat, _) = app.account_hat()?;
        let contact = app.contact(&hat)?;
        let unit = contact.community.unit(app.output.language);
        let price = text::decimal(unit.parse(&self.price)?, unit.scale);
        let asked = EditPot { item: self.item, picture: self.picture, price, offered: true, shop: None };
        let made: ShopPot = app
            .with_session(&contact, &hat, |token| contact.http.post(paths::SHOP_POTS, Some(token), &asked))?;
        app.output.line(&app.output.good(&app.output.words("done.pot.offer", &[])));
        app.output.line(&harmless(&made.link));
        app.output.json(&serde_json::json!(made));
        Ok(Exit::Ok)
    }
}

impl Count {
    fn run(self, app: &App<'_>, what: PotCount) -> Outcome {
        let (hat, _) = app.account_hat()?;
        let contact = app.contact(&hat)?;
        let pots = own(app, &contact, &hat)?;
        let named = find(&pots, &self.pot, |pot| (&pot.id, &pot.pot.item))?;
        let path = paths::fill(paths::SHOP_POT_COUNT, &named.id);
        let asked = CountPot { what, count: self.count };
        let now: ShopPot =
            app.with_session(&contact, &hat, |token| contact.http.post(&path, Some(token), &asked))?;
        let values = [("ready", now.ready.to_string()), ("waiting", now.waiting.to_string())];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        app.output.line(&app.output.good(&app.output.words("done.pot.count", &values)));
        app.output.json(&serde_json::json!(now));
        Ok(Exit::Ok)
    }
}

/// Returns the pot that somebody means, by its name or the beginning of its number.
fn find<'a, T>(pots: &'a [T], typed: &str, names: impl Fn(&T) -> (&String, &String)) -> Outcome<&'a T> {
    let is_meant = |pot: &&T| {
        let (id, item) = names(pot);
        item.to_lowercase() == typed.to_lowercase() || (typed.len() >= 4 && id.starts_with(typed))
    };
    let mut found = pots.iter().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(pot), None) => Ok(pot),
        _ => Err(Failure::new(Exit::Usage, "no_such_pot").with("value", harmless(typed))),
    }
}

fn close(app: &App<'_>) -> Outcome {
    let (hat, merchant) = app.account_hat()?;
    let mut contact = app.contact(&hat)?;
    let unit = contact.community.unit(app.output.language);
    let pots = own(app, &contact, &hat)?;
    let closing: Closing =
        app.with_session(&contact, &hat, |token| contact.http.post(paths::SHOP_CLOSING, Some(token), &()))?;
    let mut paid = Vec::new();
    for payment in &closing.payments {
        let (plan, amount) = plan(payment, merchant, contact.community.scale, &pots)?;
        let sent = send(app, &mut contact, &hat, plan)?;
        let done = app.output.words("done.pot.close", &[("amount", &unit.show(amount))]);
        paid.extend(tell(app, &sent, &done, serde_json::Map::new()));
    }
    if closing.payments.is_empty() {
        app.output.say("pot.close.none", &[]);
    }
    if closing.later > 0 {
        app.output.say("pot.close.later", &[("count", &closing.later.to_string())]);
    }
    if !app.global.dry_run {
        app.output.json(&serde_json::json!({ "payments": paid, "later": closing.later }));
    }
    Ok(Exit::Ok)
}

/// Returns what is signed to be paid by a pot, and how much it is: nobody but the own shop is paid, and no more than waits
/// in this pot.
fn plan(
    payment: &PotPayment,
    merchant: AccountId,
    scale: Scale,
    pots: &[ShopPot],
) -> Outcome<(Plan, Amount)> {
    let from = text::account("from", &payment.from)?;
    let amount = text::amount("amount", &payment.amount, scale)?;
    let pot = pots.iter().find(|pot| pot.id == payment.id && payment.count <= pot.waiting);
    let price = pot.map(|pot| text::amount("price", &pot.pot.price, scale)).transpose()?;
    let owed = price.and_then(|price| price.minor().checked_mul(payment.count));
    if owed != Some(amount.minor()) || from == merchant {
        return Err(Failure::new(Exit::Mismatch, "closing_wrong").with("value", harmless(&payment.amount)));
    }
    let until = text::deadline("until", &payment.until)?;
    let id = text::from_hex("request", &payment.request, RequestId::from_hex)?;
    let line = PayLine { to: merchant, amount, request: Some(RequestRef { id, until }) };
    let body = Body::Pay(Pay { from, payees: vec![line], late: false });
    Ok((Plan { until: Some(until), ..Plan::now(body) }, amount))
}

fn open(app: &App<'_>, typed: &str) -> Outcome {
    let hat = app.office_hat(Purpose::Council)?;
    let mut contact = app.contact(&hat)?;
    let seen: CouncilPots =
        app.with_session(&contact, &hat, |token| contact.http.get(paths::COUNCIL_POTS, Some(token)))?;
    let waiting: Vec<_> = seen.pots.into_iter().filter(|pot| !pot.opened).collect();
    let pot = find(&waiting, typed, |pot| (&pot.id, &pot.pot.item))?;
    let shop = text::account("shop", pot.pot.shop.as_deref().unwrap_or_default())?;
    let account = text::account("account", &pot.account)?;
    // The keys are those of the shop's own account, as the council sees it.
    let state = fetch(app, &contact, &hat, shop)?.state.to_state(contact.community.scale)?;
    let rights = Rights::from_bits(3).expect("spend and refund are rights");
    let own = state.keys.iter().filter(|grant| grant.rights.include(Rights::SPEND) && grant.until.is_none());
    let keys: Vec<PublicKey> = own.map(|grant| grant.key).collect();
    let grants = keys.into_iter().map(|key| KeyGrant { key, rights, until: None, cap: None }).collect();
    let plain = AccountState::plain(account, AccountKind::Fund, grants);
    let opened = AccountState { payees: Some(vec![shop]), ..plain };
    let plan = Plan::patient(Body::Open(OpenBody { states: vec![opened] })).naming(account, &pot.pot.item);
    let sent: Sent = send(app, &mut contact, &hat, plan)?;
    Ok(report(app, &sent, &app.output.words("done.pot.open", &[("item", &harmless(&pot.pot.item))])))
}
