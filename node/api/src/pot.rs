//! Suspended consumption: pots of shops, the town's pot behind them, and shops that join with their heart alone.
//!
//! Of whoever receives nothing is known: only how many were given and handed out, and no time of a single one.

use crate::account::KeyJson;
use crate::community::Position;
use serde::{Deserialize, Serialize};

/// A pot, as anybody may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pot {
    /// The pot, in hexadecimal.
    pub id: String,
    /// What somebody receives from it.
    pub item: String,
    /// The name of its picture.
    pub picture: String,
    /// The name of the shop, when it is listed.
    pub shop: Option<String>,
    /// What one costs in credits; `null` where gifts are in euro alone.
    pub price: Option<String>,
    /// How many stood ready when it was looked at today; `null` for none: ask freely.
    pub ready: Option<u64>,
    /// Whether it takes credits by now.
    pub takes_credits: bool,
    /// Whether the shop has paused.
    pub paused: bool,
}

/// A shop without account, as anybody may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Hearty {
    /// Its name.
    pub name: String,
    /// The small free services that it offers, by their pictures.
    pub services: Vec<String>,
    /// Where it is, as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where it is, if it is on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Whether it takes a rest.
    pub paused: bool,
}

/// What the town square shows of suspended consumption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PotPage {
    /// The pots that are offered, by shop and item.
    pub pots: Vec<Pot>,
    /// The shops without account, by name.
    pub hearty: Vec<Hearty>,
    /// Whether there is a pot of the town behind them that takes gifts.
    pub town: bool,
}

/// What a shop says of a pot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EditPot {
    /// What somebody receives from it, in at most 40 bytes.
    pub item: String,
    /// The name of its picture.
    pub picture: String,
    /// What one costs in credits.
    pub price: String,
    /// Whether it is offered.
    pub offered: bool,
    /// The shop's account: the council names it, a shop leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop: Option<String>,
}

/// Who pays for the next one that is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PotPays {
    /// Somebody gave the shop euro for it.
    Euro,
    /// The pot itself.
    Own,
    /// The pot of the town.
    Town,
    /// Whichever pot has something again first.
    Later,
}

/// A pot, as its shop sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ShopPot {
    /// The pot, in hexadecimal.
    pub id: String,
    /// What the shop says of it.
    pub pot: EditPot,
    /// The account that is kept for it.
    pub account: Option<String>,
    /// Whether that account is open: until then it takes gifts in euro alone.
    pub opened: bool,
    /// How many were given in euro and not handed out yet: counted by the shop, and in no ledger.
    pub tally: u64,
    /// How many stand ready, those in euro among them.
    pub ready: u64,
    /// How many were handed out and not paid yet.
    pub waiting: u64,
    /// Whether some of these were handed out on an earlier day (UTC).
    pub due: bool,
    /// Who pays for the next one.
    pub pays: PotPays,
    /// Its page for people, where they give.
    pub link: String,
}

/// The pots of a shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ShopPots {
    /// The pots, by item.
    pub pots: Vec<ShopPot>,
}

/// What a shop counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PotCount {
    /// Somebody gave some in euro.
    Given,
    /// Some were handed out.
    HandedOut,
}

/// So many more of something; fewer than none takes a mistake back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CountPot {
    /// Of what.
    pub what: PotCount,
    /// How many: -100 to 500, and not 0.
    pub count: i64,
}

/// A payment that a pot owes its shop: one sum for all that was handed out, so that the ledger tells no single one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PotPayment {
    /// The pot, in hexadecimal.
    pub id: String,
    /// The account that pays: the pot's, or the town's.
    pub from: String,
    /// How much.
    pub amount: String,
    /// For how many.
    pub count: u64,
    /// The request that it pays: it counts once.
    pub request: String,
    /// Until when the request may be paid.
    pub until: String,
}

/// What a shop signs to be paid for what it handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Closing {
    /// The payments that the session's key can sign, by pot.
    pub payments: Vec<PotPayment>,
    /// How many wait until some pot has something again.
    pub later: u64,
}

/// A pot, as the council sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CouncilPot {
    /// The pot, in hexadecimal.
    pub id: String,
    /// What the shop says of it.
    pub pot: EditPot,
    /// The shop's name.
    pub name: Option<String>,
    /// The account that is kept for it.
    pub account: String,
    /// Whether that account is open.
    pub opened: bool,
    /// The keys of the shop that may hand out.
    pub keys: Vec<KeyJson>,
}

/// The pot of the town, as the council sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TownPot {
    /// The account that is kept for it.
    pub account: String,
    /// Whether that account is open.
    pub opened: bool,
}

/// A shop without account, as the council sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CouncilHearty {
    /// The shop, in hexadecimal.
    pub id: String,
    /// What it says of itself.
    pub shop: Hearty,
    /// What it has ready for others.
    pub item: Option<String>,
    /// Whether it is listed.
    pub listed: bool,
}

/// Suspended consumption, as the council sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CouncilPots {
    /// The pots, those that wait for an account first.
    pub pots: Vec<CouncilPot>,
    /// The pot of the town.
    pub town: TownPot,
    /// The shops without account, those that wait first.
    pub hearty: Vec<CouncilHearty>,
}

/// Lists a shop without account, or takes it off the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ListHearty {
    /// Whether it is listed.
    pub listed: bool,
}

/// Somebody who goes along the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Companion {
    /// What people call them.
    pub name: String,
    /// How to reach them: a telephone number, or when they are where.
    pub how: String,
}

/// Everybody of a place who goes along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Companions {
    /// At most ten people, in the order in which they are shown.
    pub companions: Vec<Companion>,
}

/// How much of something stands ready, without a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StockLevel {
    /// Nothing: somebody may fill it.
    Empty,
    /// One to four.
    Few,
    /// Five or more.
    Enough,
}

/// A pot, as those see it who show people the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StockPot {
    /// The pot, in hexadecimal.
    pub id: String,
    /// What somebody receives from it.
    pub item: String,
    /// The name of its picture.
    pub picture: String,
    /// The name of the shop, when it is listed.
    pub shop: Option<String>,
    /// How much stood ready when it was looked at today.
    pub level: StockLevel,
}

/// What stands ready in town, for those who show people the way; and who of their place goes along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Stock {
    /// The pots, those that run dry first.
    pub pots: Vec<StockPot>,
    /// Who of the place goes along.
    pub companions: Vec<Companion>,
}
