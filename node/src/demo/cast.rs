//! Who lives in the demonstration town: names, keys and accounts. Nobody here exists.

use super::dice;
use klaver_ledger::account::{AccountKind, AccountState, KeyGrant, Rights};
use klaver_ledger::amount::Total;
use klaver_ledger::id::{AccountId, OrganisationId};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::time::Deadline;

/// The name of the community: it says what it is.
pub const TOWN: &str = "Klavergem (demo)";

/// How many members start from mutual credit.
pub const MUTUAL_MEMBERS: usize = 8;

/// How far below zero they may go, in minor units.
pub const MUTUAL_LIMIT: u64 = 2_000;

/// What each budget may issue, in minor units.
const BUDGET_CAP: u64 = 300_000;

const PLACES: [(&str, &str, &str); 2] =
    [("De Zaadkamer", "Samira", "Wout"), ("Het Ketelhuis", "Rita", "Emre")];
const FUNDERS: [&str; 2] = ["gemeente", "Fonds Ter Linde"];

const MERCHANTS: [(&str, &[u64]); 6] = [
    ("Bakkerij De Korenaar", &[240, 320, 380, 450]),
    ("Café Het Anker", &[250, 280, 420, 500]),
    ("Kruidenier Boon", &[180, 365, 540, 875, 1_250]),
    ("Fietsenmaker Spaak", &[500, 850, 1_500]),
    ("Boekhandel Inktvis", &[600, 950, 1_400]),
    ("Bloemen Madelief", &[400, 750, 1_200]),
];

/// Where places and shops are: none of these doors exists.
const ADDRESSES: [(&str, &str); 8] = [
    ("De Zaadkamer", "Molenstraat 12, Klavergem"),
    ("Het Ketelhuis", "Stationsplein 3, Klavergem"),
    ("Bakkerij De Korenaar", "Dorpsstraat 8, Klavergem"),
    ("Café Het Anker", "Kaai 21, Klavergem"),
    ("Kruidenier Boon", "Dorpsstraat 40, Klavergem"),
    ("Fietsenmaker Spaak", "Molenstraat 5, Klavergem"),
    ("Boekhandel Inktvis", "Kerkplein 2, Klavergem"),
    ("Bloemen Madelief", "Kerkplein 9, Klavergem"),
];

/// Returns where a place or shop is, by the name of its account.
pub fn address_of(name: &str) -> Option<&'static str> {
    let is_there = |place: &str| name == place || name.starts_with(&format!("{place} · "));
    ADDRESSES.iter().find(|(place, _)| is_there(place)).map(|(_, address)| *address)
}

const MEMBERS: [&str; 40] = [
    "Joris", "Fatima", "Lien", "Ahmad", "Marleen", "Oksana", "Dirk", "Yasmina", "Griet", "Bilal", "Hilde",
    "Mehmet", "Annelies", "Piet", "Zahra", "Koen", "Nadia", "Luc", "Amina", "Staf", "Ivana", "Bram",
    "Soraya", "Jef", "Lotte", "Tarek", "Miet", "Olena", "Raf", "Halima", "Kristof", "Elif", "Wim", "Jamila",
    "Roos", "Idris", "Trui", "Sander", "Mariam", "Gust",
];

/// Everybody and everything with a key or an account.
pub struct Cast {
    /// The seed it all comes from.
    pub seed: u64,
    /// The node's key that signs checkpoints.
    pub log: SigningKey,
    /// The node's key that opens ordinary accounts.
    pub registrar: SigningKey,
    /// The node's key that signs with cards.
    pub guardian: SigningKey,
    /// The council: two of three.
    pub council: Vec<SigningKey>,
    /// Who may replace the council: two of two.
    pub rescue: Vec<SigningKey>,
    /// The auditors.
    pub auditors: Vec<SigningKey>,
    /// The doe-plekken.
    pub places: Vec<Place>,
    /// The merchants.
    pub merchants: Vec<Merchant>,
    /// The members, in the order in which they join.
    pub members: Vec<Holder>,
    /// The pot of suspended coffees.
    pub coffee_fund: Holder,
    /// A printed voucher.
    pub voucher: Voucher,
}

/// A place where people do small tasks together.
pub struct Place {
    /// Its name.
    pub name: &'static str,
    /// What its accounts belong to.
    pub organisation: OrganisationId,
    /// Who leads its sessions.
    pub trekker: Person,
    /// Who leads them when the trekker cannot.
    pub stand_in: Person,
    /// What it issues from: one for each funder.
    pub budgets: Vec<Budget>,
}

/// Somebody with a key.
pub struct Person {
    /// A first name.
    pub name: &'static str,
    /// The key.
    pub key: SigningKey,
}

/// An issuing account.
pub struct Budget {
    /// Place and funder.
    pub name: String,
    /// Its account.
    pub account: AccountId,
}

/// An account with one key that may do everything.
pub struct Holder {
    /// Its name; a member's is kept beside the ledger, never in it.
    pub name: &'static str,
    /// The account.
    pub account: AccountId,
    /// The key.
    pub key: SigningKey,
}

/// A merchant.
pub struct Merchant {
    /// The shop.
    pub shop: Holder,
    /// The key at the till, which can give back and nothing else.
    pub till: SigningKey,
    /// What things cost, in minor units.
    pub prices: &'static [u64],
}

/// A printed bearer voucher.
pub struct Voucher {
    /// Its account.
    pub account: AccountId,
    /// What is printed inside; its key is derived from it.
    pub secret: [u8; 16],
}

impl Cast {
    /// Returns the people of `seed`.
    pub fn new(seed: u64) -> Self {
        let key = |name: &str| dice::key(seed, name);
        let several = |office: &str, count: u64| (1..=count).map(|n| key(&format!("{office}/{n}"))).collect();
        let holder =
            |name| Holder { name, account: dice::account(seed, name), key: key(&format!("account/{name}")) };
        let place = |(name, trekker, stand_in): (&'static str, &'static str, &'static str)| Place {
            name,
            organisation: dice::organisation(seed, name),
            trekker: Person { name: trekker, key: key(&format!("trekker/{trekker}")) },
            stand_in: Person { name: stand_in, key: key(&format!("trekker/{stand_in}")) },
            budgets: FUNDERS.iter().map(|funder| Budget::new(seed, format!("{name} · {funder}"))).collect(),
        };
        let merchant = |(name, prices): (&'static str, &'static [u64])| Merchant {
            shop: holder(name),
            till: key(&format!("till/{name}")),
            prices,
        };
        Self {
            seed,
            log: key("node/log"),
            registrar: key("node/registrar"),
            guardian: key("node/guardian"),
            council: several("council", 3),
            rescue: several("rescue", 2),
            auditors: several("auditor", 2),
            places: PLACES.map(place).into(),
            merchants: MERCHANTS.map(merchant).into(),
            members: MEMBERS.map(holder).into(),
            coffee_fund: holder("Koffiepot"),
            voucher: Voucher {
                account: dice::account(seed, "voucher"),
                secret: dice::Dice::new(seed, "voucher").sixteen(),
            },
        }
    }

    /// Returns the name of an account, if it is one of ours.
    pub fn name_of(&self, account: &AccountId) -> Option<&str> {
        let holders = self.members.iter().chain(self.merchants.iter().map(|merchant| &merchant.shop));
        let holder = holders.chain([&self.coffee_fund]).find(|holder| holder.account == *account);
        let budgets = self.places.iter().flat_map(|place| &place.budgets);
        let budget = || budgets.clone().find(|budget| budget.account == *account).map(|budget| &*budget.name);
        holder.map(|holder| holder.name).or_else(budget)
    }

    /// Returns the place that issues from `budget`.
    pub fn place_of(&self, budget: &AccountId) -> Option<&Place> {
        self.places.iter().find(|place| place.budgets.iter().any(|own| own.account == *budget))
    }

    /// Returns the citizen whose wallet is there to try.
    pub fn citizen(&self) -> &Holder {
        &self.members[0]
    }

    /// Returns the merchant whose wallet is there to try.
    pub fn baker(&self) -> &Merchant {
        &self.merchants[0]
    }

    /// Returns two of the three members of the council.
    pub fn two_of_council(&self) -> [&SigningKey; 2] {
        [&self.council[0], &self.council[1]]
    }
}

impl Place {
    /// Returns the states of its budgets, which end at `until`: trekker and stand-in both issue from them.
    pub fn states(&self, until: Deadline) -> impl Iterator<Item = AccountState> {
        let rights = Rights::SPEND.and(Rights::REFUND);
        self.budgets.iter().map(move |budget| AccountState {
            keys: [&self.trekker, &self.stand_in].map(|person| grant(&person.key, rights)).into(),
            limit: total(BUDGET_CAP),
            organisation: Some(self.organisation),
            until: Some(until),
            ..AccountState::plain(budget.account, AccountKind::Budget, Vec::new())
        })
    }
}

impl Budget {
    fn new(seed: u64, name: String) -> Self {
        Self { account: dice::account(seed, &name), name }
    }
}

impl Holder {
    /// Returns the state of a member that may go `limit` minor units below zero.
    pub fn member_state(&self, limit: u64) -> AccountState {
        AccountState {
            keys: vec![grant(&self.key, Rights::ALL)],
            limit: total(limit),
            ..AccountState::plain(self.account, AccountKind::Member, Vec::new())
        }
    }
}

impl Merchant {
    /// Returns the state of the shop, with the owner's key and the till's.
    pub fn state(&self) -> AccountState {
        AccountState {
            keys: vec![grant(&self.shop.key, Rights::ALL), grant(&self.till, Rights::REFUND)],
            ..AccountState::plain(self.shop.account, AccountKind::Merchant, Vec::new())
        }
    }
}

/// Returns the state of a pot that any one key of `keepers` hands out from, to `payees` alone.
pub fn fund_state(fund: &Holder, keepers: &[&SigningKey], payees: Vec<AccountId>) -> AccountState {
    AccountState {
        keys: keepers.iter().map(|key| grant(key, Rights::SPEND)).collect(),
        payees: Some(payees),
        ..AccountState::plain(fund.account, AccountKind::Fund, Vec::new())
    }
}

/// Returns the state of a voucher with this printed key, that falls to `heir` at `until`.
pub fn voucher_state(voucher: &Voucher, key: &SigningKey, heir: AccountId, until: Deadline) -> AccountState {
    AccountState {
        keys: vec![grant(key, Rights::SPEND)],
        heir: Some(heir),
        until: Some(until),
        ..AccountState::plain(voucher.account, AccountKind::Voucher, Vec::new())
    }
}

/// Returns the grant of `rights` to `key`, without end or cap.
pub fn grant(key: &SigningKey, rights: Rights) -> KeyGrant {
    KeyGrant { key: PublicKey::of(key), rights, until: None, cap: None }
}

/// Returns a sum of minor units that the demonstration writes down itself.
pub fn total(minor: u64) -> Total {
    Total::new(minor).expect("the demonstration's sums are small")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn everybody_has_a_name_a_key_and_an_account_of_their_own() {
        let cast = Cast::new(1);
        let holders: Vec<_> =
            cast.members.iter().chain(cast.merchants.iter().map(|merchant| &merchant.shop)).collect();
        assert_eq!(holders.len(), 46);
        let names: HashSet<_> = holders.iter().map(|holder| holder.name).collect();
        let accounts: HashSet<_> = holders.iter().map(|holder| holder.account).collect();
        let keys: HashSet<_> = holders.iter().map(|holder| holder.key.to_bytes()).collect();
        assert_eq!([names.len(), accounts.len(), keys.len()], [46; 3]);
        for holder in holders {
            assert_eq!(cast.name_of(&holder.account), Some(holder.name));
        }
    }
}
