//! *Ik ga mee*: who goes along the first time, and what stands ready, for those who show people the way. Nobody who
//! asks is noted: they call, or come by.

use super::{Refused, Service};
use crate::community::directory::fault_of_name;
use crate::community::sessions::{Role, Visitor};
use klaver_api::pot::{Companion, Companions, Stock, StockLevel, StockPot};
use klaver_api::text::FieldError;
use klaver_ledger::id::OrganisationId;

/// Most people of one place who go along.
const COMPANIONS_MAX: usize = 10;
/// From so many on there is enough.
const ENOUGH: u64 = 5;

impl Service {
    /// Returns everybody who goes along, of all places.
    pub fn companions(&self) -> Vec<Companion> {
        self.community.companions()
    }

    /// Returns what stands ready, as it was looked at today, for whoever speaks for a place or for the council.
    ///
    /// # Errors
    /// For everybody else.
    pub fn stock(&self, visitor: &Visitor) -> Result<Stock, Refused> {
        let place = match visitor.role {
            Role::Council => None,
            _ => Some(self.speaks_for(visitor)?),
        };
        let level = |ready: Option<u64>| match ready.unwrap_or(0) {
            0 => StockLevel::Empty,
            1..ENOUGH => StockLevel::Few,
            _ => StockLevel::Enough,
        };
        let pots = self.pots().pots.into_iter().map(|pot| StockPot {
            id: pot.id,
            item: pot.item,
            picture: pot.picture,
            shop: pot.shop,
            level: level(pot.ready),
        });
        let mut pots: Vec<StockPot> = pots.collect();
        pots.sort_by_key(|pot| pot.level);
        let companions = place.map_or_else(Vec::new, |place| self.community.companions_of(&place.0));
        Ok(Stock { pots, companions })
    }

    /// Sets who of the visitor's place goes along.
    ///
    /// # Errors
    /// For a visitor who speaks for no place, too many people, and words that cannot be shown.
    pub async fn set_companions(&self, visitor: &Visitor, asked: &Companions) -> Result<(), Refused> {
        let place = self.speaks_for(visitor)?;
        if asked.companions.len() > COMPANIONS_MAX {
            let expected = format!("at most {COMPANIONS_MAX} people belong here");
            return Err(FieldError::new("companions", asked.companions.len(), expected).into());
        }
        for companion in &asked.companions {
            for (field, words) in [("name", &companion.name), ("how", &companion.how)] {
                if let Some(fault) = fault_of_name(words) {
                    return Err(FieldError::new(field, words, fault).into());
                }
            }
        }
        self.must_record()?;
        Ok(self.community.set_companions(place.0, asked.companions.clone()).await?)
    }

    fn speaks_for(&self, visitor: &Visitor) -> Result<OrganisationId, Refused> {
        let advice = "open a session for a budget or a pot of a place";
        self.issuer_of(visitor).ok_or(Refused::Forbidden { advice })
    }
}
