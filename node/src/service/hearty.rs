//! Shops that join with their heart alone: something ready for others and small free services, without account and
//! credits. They tend their page by a private link; the council lists them with one tap.

use super::pots::{SERVICES, item_of, picture_of, random, unknown_pot};
use super::{ITEMS, Refused, Service};
use crate::clock::wall_clock;
use crate::community::directory::{fault_of_name, is_on_earth};
use crate::community::pots::PotOwner;
use crate::community::sessions::Visitor;
use crate::community::{HeartyRow, PotRow};
use klaver_api::community::{DirectoryEntry, Position};
use klaver_api::pot::{CouncilHearty, CountPot, Hearty, Pot};
use klaver_api::text::FieldError;
use klaver_ledger::id::AccountId;
use klaver_ledger::link::CodeId;
use std::net::IpAddr;

/// Most shops without account that wait to be listed: the council takes away what is none.
const WAITING_MAX: usize = 200;

/// What a shop says of itself.
#[derive(Clone, Debug, Default)]
pub struct BringHearty {
    /// Its name.
    pub name: String,
    /// Its small free services, by their pictures.
    pub services: Vec<String>,
    /// What it has ready for others, with the name of its picture.
    pub item: Option<(String, String)>,
    /// Where it is, as people write it.
    pub address: Option<String>,
    /// Where it is, in millionths of a degree.
    pub position: Option<(i32, i32)>,
}

/// A shop as its own page shows it.
#[derive(Clone, Debug)]
pub struct OwnHearty {
    /// The shop.
    pub row: HeartyRow,
    /// What it has ready, with its id.
    pub pots: Vec<([u8; 16], PotRow)>,
}

/// What a shop offers, for the town square.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// Whether it has no account.
    pub is_hearty: bool,
    /// Its small free services, by their pictures.
    pub services: Vec<String>,
    /// Where it is, as people write it.
    pub address: Option<String>,
    /// Where it is, if it is on the map.
    pub position: Option<Position>,
    /// Whether it takes a rest.
    pub paused: bool,
    /// What stands ready.
    pub pots: Vec<Pot>,
}

impl Service {
    /// Returns what every shop offers that is listed, with an account or without.
    pub fn offers(&self, listed: &[DirectoryEntry]) -> Vec<Offer> {
        let merchants = listed.iter().filter(|entry| entry.kind == "merchant").map(|entry| {
            let owner = AccountId::parse(&entry.account).map(|account| PotOwner::Merchant(account.0));
            Offer {
                name: entry.name.clone(),
                is_hearty: false,
                services: entry.services.clone(),
                address: entry.address.clone(),
                position: entry.position,
                paused: entry.paused,
                pots: owner.map(|owner| self.offered_by(owner)).unwrap_or_default(),
            }
        });
        let all = self.community.all_hearty();
        let hearty = all.iter().filter(|(_, row)| row.listed).map(|(id, row)| {
            let Hearty { name, services, address, position, paused } = hearty_json(row);
            let pots = self.offered_by(PotOwner::Hearty(*id));
            Offer { name, is_hearty: true, services, address, position, paused, pots }
        });
        merchants.chain(hearty).collect()
    }

    fn offered_by(&self, owner: PotOwner) -> Vec<Pot> {
        let own = self.community.pots(|row| row.offered && row.owner == owner);
        own.iter().filter_map(|(id, row)| self.pot_json(id, row)).collect()
    }

    /// Takes a shop that joins, whose keeper may come from `address`; returns the secret of its own page.
    ///
    /// # Errors
    /// When a field is wrong, it offers nothing, or too many came.
    pub async fn bring_hearty(
        &self,
        asked: &BringHearty,
        address: Option<IpAddr>,
    ) -> Result<CodeId, Refused> {
        if let Some(fault) = fault_of_name(&asked.name) {
            return Err(FieldError::new("name", &asked.name, fault).into());
        }
        if let Some(address) = &asked.address
            && let Some(fault) = fault_of_name(address)
        {
            return Err(FieldError::new("address", address, fault).into());
        }
        let services = services_of(&asked.services)?;
        let pot = asked.item.as_ref().map(|(item, picture)| {
            Ok::<_, FieldError>((item_of(item)?, picture_of("picture", picture, &ITEMS)?))
        });
        let pot = pot.transpose()?;
        if pot.is_none() && services.is_empty() {
            return Err(FieldError::new("services", "", "choose one, or say what is ready for others").into());
        }
        if asked.position.is_some_and(|position| !is_on_earth(position)) {
            return Err(FieldError::new("position", "", "a point on the earth belongs here").into());
        }
        self.must_record()?;
        let advice = "try again tomorrow, or ask at a place";
        let waiting = self.community.all_hearty().iter().filter(|(_, row)| !row.listed).count();
        if waiting >= WAITING_MAX {
            return Err(Refused::TooMany { what: "shops that wait", limit: WAITING_MAX, advice });
        }
        self.must_have_room(address)?;
        let (id, code, position) = (random()?, random()?, asked.position);
        let (name, address, since) = (asked.name.clone(), asked.address.clone(), wall_clock().seconds());
        let row = HeartyRow { name, address, position, services, listed: false, paused: false, code, since };
        self.community.set_hearty(id, Some(row)).await?;
        if let Some((item, picture)) = pot {
            let row = PotRow::blank(PotOwner::Hearty(id), item, picture);
            self.community.set_pot(random()?, row).await?;
        }
        Ok(CodeId(code))
    }

    /// Returns a shop by the secret of its own page.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn own_hearty(&self, code: &[u8; 16]) -> Result<OwnHearty, Refused> {
        let (id, row) = self.community.hearty_of(code).ok_or_else(unknown_pot)?;
        Ok(OwnHearty { row, pots: self.community.pots(|pot| pot.owner == PotOwner::Hearty(id)) })
    }

    /// Lets a shop rest, or go on.
    ///
    /// # Errors
    /// `Unknown`.
    pub async fn pause_hearty(&self, code: &[u8; 16], paused: bool) -> Result<(), Refused> {
        let (id, _) = self.community.hearty_of(code).ok_or_else(unknown_pot)?;
        self.must_record()?;
        let changed = self.community.change_hearty(&id, |row| row.paused = paused).await?;
        changed.map(drop).ok_or_else(unknown_pot)
    }

    /// Ends a shop's part: everything about it is forgotten, also on the disk.
    ///
    /// # Errors
    /// `Unknown`.
    pub async fn end_hearty(&self, code: &[u8; 16]) -> Result<(), Refused> {
        let (id, _) = self.community.hearty_of(code).ok_or_else(unknown_pot)?;
        self.must_record()?;
        Ok(self.community.set_hearty(id, None).await?)
    }

    /// Counts what a shop was given, or handed out.
    ///
    /// # Errors
    /// `Unknown` for what is not of this shop, and numbers out of bounds.
    pub async fn count_hearty(
        &self,
        code: &[u8; 16],
        pot: &[u8; 16],
        asked: CountPot,
    ) -> Result<(), Refused> {
        let own = self.own_hearty(code)?;
        if !own.pots.iter().any(|(id, _)| id == pot) {
            return Err(unknown_pot());
        }
        self.must_record()?;
        self.count(pot, asked).await.map(drop)
    }

    /// Lists a shop, or takes it off the list, as the council.
    ///
    /// # Errors
    /// `Forbidden` for every other session, `Unknown`.
    pub async fn list_hearty(
        &self,
        visitor: &Visitor,
        id: &[u8; 16],
        listed: bool,
    ) -> Result<CouncilHearty, Refused> {
        self.must_be_council(visitor)?;
        self.must_record()?;
        // A shop that is taken off begins to wait anew.
        let list = |row: &mut HeartyRow| (row.listed, row.since) = (listed, wall_clock().seconds());
        let row = self.community.change_hearty(id, list).await?.ok_or_else(unknown_pot)?;
        Ok(self.council_hearty_json(id, &row))
    }

    /// Takes away a shop that is none, as the council: everything about it is forgotten, also on the disk.
    ///
    /// # Errors
    /// `Forbidden` for every other session, `Unknown`.
    pub async fn drop_hearty(&self, visitor: &Visitor, id: &[u8; 16]) -> Result<(), Refused> {
        self.must_be_council(visitor)?;
        self.community.hearty(id).ok_or_else(unknown_pot)?;
        self.must_record()?;
        Ok(self.community.set_hearty(*id, None).await?)
    }

    /// Returns the shops without account that are listed.
    pub(super) fn listed_hearty(&self) -> Vec<Hearty> {
        let all = self.community.all_hearty();
        all.iter().filter(|(_, row)| row.listed).map(|(_, row)| hearty_json(row)).collect()
    }

    pub(super) fn council_hearty(&self) -> Vec<CouncilHearty> {
        let all = self.community.all_hearty();
        let mut found: Vec<_> = all.iter().map(|(id, row)| self.council_hearty_json(id, row)).collect();
        found.sort_by_key(|shop| shop.listed);
        found
    }

    fn council_hearty_json(&self, id: &[u8; 16], row: &HeartyRow) -> CouncilHearty {
        let own = self.community.pots(|pot| pot.owner == PotOwner::Hearty(*id));
        CouncilHearty {
            id: data_encoding::HEXLOWER.encode(id),
            shop: hearty_json(row),
            item: own.first().map(|(_, pot)| pot.item.clone()),
            listed: row.listed,
        }
    }
}

fn hearty_json(row: &HeartyRow) -> Hearty {
    Hearty {
        name: row.name.clone(),
        services: row.services.clone(),
        address: row.address.clone(),
        position: row.position.map(|(latitude_microdegrees, longitude_microdegrees)| Position {
            latitude_microdegrees,
            longitude_microdegrees,
        }),
        paused: row.paused,
    }
}

/// Returns services that are drawn, each once.
pub(super) fn services_of(asked: &[String]) -> Result<Vec<String>, FieldError> {
    let read = asked.iter().map(|name| picture_of("services", name, &SERVICES));
    let mut services = read.collect::<Result<Vec<_>, _>>()?;
    services.sort_unstable();
    services.dedup();
    Ok(services)
}
