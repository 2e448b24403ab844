//! Suspended consumption: pots of shops and the town's pot behind them, what was given and what was handed out.

use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::PotRow;
use crate::community::directory::{NAME_BYTES_MAX, ProfileRow, fault_of_name};
use crate::community::pots::PotOwner;
use crate::community::sessions::{Role, Visitor};
use klaver_api::pot::{
    CouncilPot, CouncilPots, CountPot, EditPot, Pot, PotCount, PotPage, PotPays, ShopPot, ShopPots, TownPot,
};
use klaver_api::text::{self, FieldError};
use klaver_api::{KeyJson, PayByCode, paths};
use klaver_ledger::account::{AccountKind, AccountStatus, KeyGrant, Rights};
use klaver_ledger::amount::Total;
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::PublicKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The pictures of what pots hold, by their names; pages draw from the same file.
pub static ITEMS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../web/src/items.json")).expect("the pictures are flat JSON")
});
/// The pictures of small free services, by their names; pages draw from the same file.
pub static SERVICES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../web/src/services.json")).expect("the pictures are flat JSON")
});

/// Most pots of one shop.
const POTS_PER_SHOP_MAX: usize = 20;
/// Longest name of what somebody receives, in bytes of UTF-8.
const ITEM_BYTES_MAX: usize = 40;
/// Most that wait, and most that were given in euro and not handed out.
const COUNT_MAX: u64 = 10_000;
/// How many may be counted at once.
const AT_ONCE: std::ops::RangeInclusive<i64> = -500..=500;
/// Most that somebody gives at once.
pub const GIFT_MAX: u64 = 50;

/// What an account that pays for a shop can do now.
pub(super) struct Purse {
    /// What it holds, in minor units.
    pub minor: u64,
    /// Whether the visitor's key alone pays from it.
    pub signs: bool,
    /// What the visitor's key pays at most in one entry, in minor units.
    pub at_once: u64,
}

impl Service {
    /// Returns what anybody may know of pots: how many stand ready is looked at once a day (UTC), and is never zero.
    pub fn pots(&self) -> PotPage {
        let offered = self.community.pots(|row| row.offered);
        let mut pots: Vec<Pot> = offered.iter().filter_map(|(id, row)| self.pot_json(id, row)).collect();
        pots.sort_by(|a, b| (&a.shop, &a.item, &a.id).cmp(&(&b.shop, &b.item, &b.id)));
        PotPage { pots, hearty: self.listed_hearty(), town: self.open_town_pot().is_some() }
    }

    /// Returns a pot that is offered.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn public_pot(&self, id: &[u8; 16]) -> Result<Pot, Refused> {
        let row = self.community.pot(id).filter(|row| row.offered).ok_or_else(unknown_pot)?;
        self.pot_json(id, &row).ok_or_else(unknown_pot)
    }

    /// Returns a pot as anybody sees it; `None` when its shop is gone or not listed yet.
    pub(super) fn pot_json(&self, id: &[u8; 16], row: &PotRow) -> Option<Pot> {
        let (shop, price, paused) = match row.owner {
            PotOwner::Merchant(merchant) => {
                let merchant = AccountId(merchant);
                self.is_open_merchant(&merchant).then_some(())?;
                let paused = self.community.till(&merchant).paused;
                (self.community.listed_name(&merchant), Some(self.decimal(row.price)), paused)
            }
            PotOwner::Hearty(shop) => {
                let shop = self.community.hearty(&shop).filter(|shop| shop.listed)?;
                (Some(shop.name), None, shop.paused)
            }
        };
        let ready = self.community.shown_of_pot(id, wall_clock().day().0, self.ready(row));
        Some(Pot {
            id: data_encoding::HEXLOWER.encode(id),
            item: row.item.clone(),
            picture: row.picture.clone(),
            shop,
            price,
            ready: (ready > 0).then_some(ready),
            takes_credits: self.purse_of(row, None).is_some(),
            paused,
        })
    }

    /// Returns how many stand ready now: given in euro, and what the pot holds less what it owes.
    pub(super) fn ready(&self, row: &PotRow) -> u64 {
        let held = self.purse_of(row, None).map_or(0, |purse| purse.minor / row.price.max(1));
        row.tally.saturating_add(held).saturating_sub(row.waiting)
    }

    /// Makes a request to give so many to a pot, for whoever wants to pay.
    ///
    /// # Errors
    /// When the pot takes no credits, its shop has paused, or the number is none.
    pub fn request_for_pot(&self, id: &[u8; 16], number: u64) -> Result<super::RequestView, Refused> {
        let pot = self.public_pot(id)?;
        let row = self.community.pot(id).ok_or_else(unknown_pot)?;
        let (Some(account), true) = (row.account, pot.takes_credits) else {
            return Err(Refused::NotNow { code: "pot_not_open", advice: "give in euro at the shop" });
        };
        let amount = row.price.checked_mul(number).filter(|_| (1..=GIFT_MAX).contains(&number));
        let wrong = || FieldError::new("number", number, format!("1 to {GIFT_MAX} belong here"));
        let asked = PayByCode { amount: self.decimal(amount.ok_or_else(wrong)?) };
        self.request_for_payer(AccountId(account), None, &asked)
    }

    /// Makes a request to give to the pot of the town, for whoever wants to pay.
    ///
    /// # Errors
    /// When there is none, or the amount is none.
    pub fn request_for_town(&self, asked: &PayByCode) -> Result<super::RequestView, Refused> {
        self.request_for_payer(self.open_town_pot().ok_or_else(unknown_pot)?, None, asked)
    }

    /// Returns the accounts that are kept for pots: the town square shows them as what they hold.
    pub fn pot_accounts(&self) -> BTreeSet<String> {
        let of_shops = self.community.pots(|_| true).into_iter().filter_map(|(_, row)| row.account);
        of_shops.chain(self.community.town_pot()).map(|account| AccountId(account).to_string()).collect()
    }

    /// Returns the account of the pot of the town, once it is open.
    pub(super) fn open_town_pot(&self) -> Option<AccountId> {
        self.community.town_pot().map(AccountId).filter(|account| self.is_open_fund(account))
    }

    pub(super) fn is_open_fund(&self, account: &AccountId) -> bool {
        self.is_open(account, AccountKind::Fund)
    }

    fn is_open(&self, account: &AccountId, kind: AccountKind) -> bool {
        let standing = self.reader.standing();
        let found = standing.account(account);
        found.is_some_and(|found| found.kind() == kind && found.closed_to().is_none())
    }

    /// Returns the pots of the visitor's shop.
    ///
    /// # Errors
    /// For a visitor who has none.
    pub fn shop_pots(&self, visitor: &Visitor) -> Result<ShopPots, Refused> {
        let merchant = self.shop_of(visitor)?;
        self.community.settle_closings(wall_clock().seconds());
        let own = self.community.pots(|row| row.owner == PotOwner::Merchant(merchant.0));
        Ok(ShopPots { pots: own.iter().map(|(id, row)| self.shop_pot_json(id, row)).collect() })
    }

    fn shop_pot_json(&self, id: &[u8; 16], row: &PotRow) -> ShopPot {
        let path = paths::fill(paths::POT_PAGE, data_encoding::HEXLOWER.encode(id));
        ShopPot {
            id: data_encoding::HEXLOWER.encode(id),
            pot: self.edit_json(row),
            account: row.account.map(|account| AccountId(account).to_string()),
            opened: self.purse_of(row, None).is_some(),
            tally: row.tally,
            ready: self.ready(row),
            waiting: row.waiting,
            due: row.waiting > 0 && row.waiting_since < wall_clock().day().0,
            pays: self.pays_next(row),
            link: format!("{}{path}", self.config.public_url),
        }
    }

    fn edit_json(&self, row: &PotRow) -> EditPot {
        EditPot {
            item: row.item.clone(),
            picture: row.picture.clone(),
            price: self.decimal(row.price),
            offered: row.offered,
            shop: None,
        }
    }

    fn pays_next(&self, row: &PotRow) -> PotPays {
        let next = row.waiting.saturating_add(1).saturating_mul(row.price);
        let PotOwner::Merchant(merchant) = row.owner else { return PotPays::Euro };
        let town = || self.open_town_pot().and_then(|town| self.purse(&town, &AccountId(merchant), None));
        match self.purse_of(row, None) {
            _ if row.tally > 0 => PotPays::Euro,
            Some(own) if next <= own.minor => PotPays::Own,
            _ if town().is_some_and(|town| row.price <= town.minor) => PotPays::Town,
            _ => PotPays::Later,
        }
    }

    /// Makes a pot for a shop, or with `id` changes one of it.
    ///
    /// # Errors
    /// For whoever is neither the shop nor the council, a wrong field, and a new price while some wait at the old one.
    pub async fn set_pot(
        &self,
        visitor: &Visitor,
        id: Option<[u8; 16]>,
        asked: &EditPot,
    ) -> Result<ShopPot, Refused> {
        let merchant = self.owner_of_shop(visitor, asked.shop.as_deref())?;
        let item = item_of(&asked.item)?;
        let picture = picture_of("picture", &asked.picture, &ITEMS)?;
        let price = text::amount("price", &asked.price, self.scale())?.minor();
        self.must_record()?;
        // Between reading a pot and writing it nothing may be closed.
        let _one_after_the_other = self.closing_pots.lock().await;
        self.community.settle_closings(wall_clock().seconds());
        let before = id.map(|id| self.pot_of(&merchant, &id)).transpose()?;
        if before.as_ref().is_some_and(|before| before.waiting > 0 && before.price != price) {
            let advice = "close the day first, then change the price";
            return Err(Refused::NotNow { code: "pot_waits", advice });
        }
        let row = match before {
            Some(before) => PotRow { item, picture, price, offered: asked.offered, ..before },
            None => self.new_pot(merchant, item, picture, price, asked.offered)?,
        };
        let id = id.map_or_else(random, Ok)?;
        self.community.set_pot(id, row.clone()).await?;
        self.name_pot(&merchant, &row).await?;
        Ok(self.shop_pot_json(&id, &row))
    }

    fn new_pot(
        &self,
        merchant: AccountId,
        item: String,
        picture: String,
        price: u64,
        offered: bool,
    ) -> Result<PotRow, Refused> {
        let owner = PotOwner::Merchant(merchant.0);
        if self.community.pots(|row| row.owner == owner).len() >= POTS_PER_SHOP_MAX {
            let advice = "change one that is there";
            return Err(Refused::TooMany { what: "pots", limit: POTS_PER_SHOP_MAX, advice });
        }
        let account = Some(random()?);
        Ok(PotRow { offered, price, account, ..PotRow::blank(owner, item, picture) })
    }

    /// Gives the pots of a shop their names anew: it may be called otherwise now.
    pub(super) async fn name_pots(&self, merchant: &AccountId) -> Result<(), Refused> {
        for (_, row) in self.community.pots(|row| row.owner == PotOwner::Merchant(merchant.0)) {
            self.name_pot(merchant, &row).await?;
        }
        Ok(())
    }

    /// Gives the pot's account the name that a giver reads. The map shows it at its shop.
    async fn name_pot(&self, merchant: &AccountId, row: &PotRow) -> Result<(), Refused> {
        let Some(account) = row.account else { return Ok(()) };
        let shop = self.community.profile(merchant).filter(|shop| shop.listed);
        let both = shop.as_ref().map(|shop| format!("{} · {}", row.item, shop.name));
        let name = both.filter(|name| name.len() <= NAME_BYTES_MAX).unwrap_or_else(|| row.item.clone());
        let profile = ProfileRow { name, listed: row.offered, address: None, position: None };
        Ok(self.community.set_profile(AccountId(account), Some(profile)).await?)
    }

    /// Counts what the visitor's shop was given in euro, or handed out.
    ///
    /// # Errors
    /// For a visitor who has no such pot, and numbers out of bounds.
    pub async fn count_pot(
        &self,
        visitor: &Visitor,
        id: &[u8; 16],
        asked: CountPot,
    ) -> Result<ShopPot, Refused> {
        let merchant = self.shop_of(visitor)?;
        self.pot_of(&merchant, id)?;
        self.must_record()?;
        let row = self.count(id, asked).await?;
        Ok(self.shop_pot_json(id, &row))
    }

    /// Counts: what is handed out was given in euro first, since the shop has that already; the rest waits to be paid.
    pub(super) async fn count(&self, id: &[u8; 16], asked: CountPot) -> Result<PotRow, Refused> {
        if !AT_ONCE.contains(&asked.count) || asked.count == 0 {
            let expected = format!("{} to {} belong here, and not 0", AT_ONCE.start(), AT_ONCE.end());
            return Err(FieldError::new("count", asked.count, expected).into());
        }
        self.community.settle_closings(wall_clock().seconds());
        let before = self.community.pot(id).ok_or_else(unknown_pot)?;
        let most = before.tally.max(before.waiting).saturating_add(asked.count.unsigned_abs());
        if COUNT_MAX < most {
            let limit = usize::try_from(COUNT_MAX).unwrap_or(usize::MAX);
            return Err(Refused::TooMany { what: "of one pot", limit, advice: "close the day first" });
        }
        let today = wall_clock().day().0;
        let changed = self.community.change_pot(id, |row| tell(row, asked, today)).await?;
        changed.ok_or_else(unknown_pot)
    }

    /// Returns what the council sees; the account of the town's pot is chosen when it looks first.
    ///
    /// # Errors
    /// `Forbidden` for every other session.
    pub async fn council_pots(&self, visitor: &Visitor) -> Result<CouncilPots, Refused> {
        self.must_be_council(visitor)?;
        let kept = match self.community.town_pot() {
            Some(kept) => kept,
            None => {
                self.must_record()?;
                self.community.keep_town_pot(random()?).await?
            }
        };
        let of_merchants = self.community.pots(|row| matches!(row.owner, PotOwner::Merchant(_)));
        let mut pots: Vec<CouncilPot> =
            of_merchants.iter().filter_map(|(id, row)| self.council_pot_json(id, row)).collect();
        pots.sort_by_key(|pot| pot.opened);
        let town = TownPot { account: AccountId(kept).to_string(), opened: self.open_town_pot().is_some() };
        Ok(CouncilPots { pots, town, hearty: self.council_hearty() })
    }

    fn council_pot_json(&self, id: &[u8; 16], row: &PotRow) -> Option<CouncilPot> {
        let (PotOwner::Merchant(merchant), Some(account)) = (row.owner, row.account) else { return None };
        let merchant = AccountId(merchant);
        let now = wall_clock();
        let keys = {
            let standing = self.reader.standing();
            let found = standing.account(&merchant).filter(|found| found.closed_to().is_none())?;
            let hands_out = |grant: &&KeyGrant| grant.rights.include(Rights::SPEND) && grant.until.is_none();
            let state = found.standing(now).state;
            state.keys.iter().filter(hands_out).map(|grant| KeyJson::of(grant, self.scale())).collect()
        };
        Some(CouncilPot {
            id: data_encoding::HEXLOWER.encode(id),
            pot: EditPot { shop: Some(merchant.to_string()), ..self.edit_json(row) },
            name: self.community.profile(&merchant).map(|shop| shop.name),
            account: AccountId(account).to_string(),
            opened: self.purse_of(row, None).is_some(),
            keys,
        })
    }

    pub(super) fn must_be_council(&self, visitor: &Visitor) -> Result<(), Refused> {
        let advice = "this is for the council: open a session with its key";
        if visitor.role == Role::Council { Ok(()) } else { Err(Refused::Forbidden { advice }) }
    }

    /// Returns the shop that a visitor works at: its owner, or a cashier.
    fn shop_of(&self, visitor: &Visitor) -> Result<AccountId, Refused> {
        match visitor.role {
            Role::Account(own) | Role::Cashier(own) if self.is_open_merchant(&own) => Ok(own),
            _ => Err(Refused::Forbidden { advice: "only shops have pots: open a session for one" }),
        }
    }

    /// Returns the shop that a visitor may decide for: their own, or of the council the one that it names.
    pub(super) fn owner_of_shop(&self, visitor: &Visitor, named: Option<&str>) -> Result<AccountId, Refused> {
        let named = named.map(|named| text::account("shop", named)).transpose()?;
        match (visitor.role, named) {
            (Role::Council, Some(named)) if self.is_open_merchant(&named) => Ok(named),
            (Role::Council, _) => {
                Err(FieldError::new("shop", "", "the account of an open shop belongs here").into())
            }
            (Role::Account(own), None) => self.shop_of(visitor).map(|_| own),
            (Role::Account(own), Some(named)) if own == named => self.shop_of(visitor).map(|_| own),
            _ => Err(Refused::Forbidden { advice: "only the owner of the shop decides about its pots" }),
        }
    }

    fn pot_of(&self, merchant: &AccountId, id: &[u8; 16]) -> Result<PotRow, Refused> {
        let is_theirs = |row: &PotRow| row.owner == PotOwner::Merchant(merchant.0);
        self.community.pot(id).filter(is_theirs).ok_or_else(unknown_pot)
    }

    fn is_open_merchant(&self, account: &AccountId) -> bool {
        self.is_open(account, AccountKind::Merchant)
    }

    fn purse_of(&self, row: &PotRow, key: Option<&PublicKey>) -> Option<Purse> {
        let (PotOwner::Merchant(merchant), Some(account)) = (row.owner, row.account) else { return None };
        self.purse(&AccountId(account), &AccountId(merchant), key)
    }

    /// Returns what `account` can do for a shop; `None` when it is no open pot that may pay it.
    pub(super) fn purse(
        &self,
        account: &AccountId,
        merchant: &AccountId,
        key: Option<&PublicKey>,
    ) -> Option<Purse> {
        let now = wall_clock();
        let standing = self.reader.standing();
        let found = standing.account(account)?;
        let in_force = found.standing(now);
        let is_pot = found.kind() == AccountKind::Fund
            && found.closed_to().is_none()
            && in_force.status == AccountStatus::Open
            && in_force.state.payees.as_ref().is_none_or(|payees| payees.contains(merchant));
        let pays = |grant: &KeyGrant| grant.rights.include(Rights::SPEND) && grant.counts(now);
        let grant = key.and_then(|key| in_force.state.grant(key)).filter(|grant| pays(grant));
        is_pot.then(|| Purse {
            minor: u64::try_from(found.balance()).unwrap_or(0),
            signs: grant.is_some() && in_force.state.threshold == 1,
            at_once: grant.and_then(|grant| grant.cap).map_or(u64::MAX, |cap| cap.minor()),
        })
    }

    pub(super) fn decimal(&self, minor: u64) -> String {
        Total::new(minor).unwrap_or_default().to_decimal(self.scale())
    }
}

/// Counts in a pot.
fn tell(row: &mut PotRow, CountPot { what, count }: CountPot, today: u64) {
    let number = count.unsigned_abs();
    match (what, count > 0) {
        (PotCount::Given, true) => row.tally += number,
        (PotCount::Given, false) => row.tally = row.tally.saturating_sub(number),
        (PotCount::HandedOut, true) => {
            let in_euro = row.tally.min(number);
            // A shop without account is paid in euro alone: what it gives beyond that is its own gift.
            let waits = if row.account.is_some() { number - in_euro } else { 0 };
            if row.waiting == 0 && waits > 0 {
                row.waiting_since = today;
            }
            row.tally -= in_euro;
            row.waiting += waits;
        }
        (PotCount::HandedOut, false) => {
            // What stands in a closing is paid: it is owed once more.
            let unpaid = row.unclosed().min(number);
            row.waiting -= unpaid;
            row.tally += number - unpaid;
        }
    }
}

/// Returns the name of what somebody receives.
pub(super) fn item_of(item: &str) -> Result<String, FieldError> {
    let fault = match fault_of_name(item) {
        None if item.len() <= ITEM_BYTES_MAX => return Ok(item.to_owned()),
        None => format!("at most {ITEM_BYTES_MAX} bytes belong here: shorten it"),
        Some(fault) => fault,
    };
    Err(FieldError::new("item", item, fault))
}

/// Returns the name of a picture that is drawn.
pub(super) fn picture_of(
    field: &'static str,
    name: &str,
    drawn: &BTreeMap<String, String>,
) -> Result<String, FieldError> {
    let wrong = || FieldError::new(field, name, "the name of a picture belongs here, such as water");
    drawn.get_key_value(name).map(|(name, _)| name.clone()).ok_or_else(wrong)
}

pub(super) fn random() -> Result<[u8; 16], getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Returns that there is no such pot, or shop without account.
pub fn unknown_pot() -> Refused {
    let advice = "it is not offered, or is another shop's: look at the town square";
    Refused::Unknown { what: "pot", code: "unknown_pot", advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_has_its_words() {
        for language in klaver_locales::Language::ALL {
            let items = ITEMS.keys().map(|name| format!("web.item_{name}"));
            for key in items.chain(SERVICES.keys().map(|name| format!("web.service_{name}"))) {
                assert!(language.find(&key, &[]).is_some(), "{key}");
            }
        }
    }

    #[test]
    fn what_was_given_in_euro_is_handed_out_first_and_a_mistake_is_taken_back() {
        let owner = PotOwner::Merchant([1; 16]);
        let mut row = PotRow::blank(owner, "Koffie".to_owned(), "coffee".to_owned());
        row.account = Some([2; 16]);
        let (given, out) = (PotCount::Given, PotCount::HandedOut);
        let steps = [(given, 2, 2, 0), (out, 1, 1, 0), (out, 3, 0, 2), (out, -1, 0, 1), (out, -2, 1, 0)];
        for (what, count, tally, waiting) in steps {
            tell(&mut row, CountPot { what, count }, 7);
            assert_eq!((row.tally, row.waiting), (tally, waiting), "{what:?} {count}");
        }
        tell(&mut row, CountPot { what: given, count: -5 }, 7);
        assert_eq!((row.tally, row.waiting_since), (0, 7));
        // A shop without account owes and is owed nothing.
        row.account = None;
        tell(&mut row, CountPot { what: out, count: 4 }, 8);
        assert_eq!((row.tally, row.waiting), (0, 0));
    }
}
