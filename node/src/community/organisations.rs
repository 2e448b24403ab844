//! Organisations: the names of those that give credits, and those that take part without the currency, with when they
//! meet and what they count. Never in the ledger, which knows organisations by their ids alone.

use super::keep::{KeepError, on_disk};
use super::{Community, Table, key, to_json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long a gathering is kept after its end, in seconds: a year, as sessions are.
const KEPT_SECONDS: u64 = super::tasks::KEPT_SECONDS;
/// Most months of which an organisation keeps what it counted.
pub const MONTHS_MAX: usize = 13;

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationRow {
    /// Its name.
    pub name: String,
    /// What it does.
    pub about: Option<String>,
    /// Where it is, as people write it.
    pub address: Option<String>,
    /// The address of its own calendar.
    pub agenda: Option<String>,
    /// The secret of its own page, where one without the currency says what it does.
    pub code: [u8; 16],
    /// What one without the currency counted, by month such as `2026-10`.
    #[serde(default)]
    pub months: BTreeMap<String, Counted>,
}

/// What an organisation without the currency counted in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many people took part.
    pub people: u64,
    /// How many hours were spent together.
    pub hours: u64,
}

/// When people come together at an organisation without the currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatheringRow {
    /// The organisation.
    pub organisation: [u8; 16],
    /// What they do.
    pub what: String,
    /// When it begins, in seconds since 1970 UTC.
    pub starts_at: u64,
    /// How long it lasts.
    pub minutes: u16,
    /// Where, as people write it.
    pub address: Option<String>,
}

impl GatheringRow {
    /// Returns when it ends, in seconds since 1970 UTC.
    pub fn ends_at(&self) -> u64 {
        self.starts_at.saturating_add(u64::from(self.minutes) * 60)
    }
}

impl Community {
    /// Returns every organisation that has a name.
    pub fn organisations(&self) -> BTreeMap<[u8; 16], OrganisationRow> {
        self.state().organisations.clone()
    }

    /// Returns one of them.
    pub fn organisation(&self, id: &[u8; 16]) -> Option<OrganisationRow> {
        self.state().organisations.get(id).cloned()
    }

    /// Returns the organisation whose own page has this secret.
    pub fn organisation_of_code(&self, code: &[u8; 16]) -> Option<([u8; 16], OrganisationRow)> {
        let state = self.state();
        let found = state.organisations.iter().find(|(_, row)| row.code == *code);
        found.map(|(id, row)| (*id, row.clone()))
    }

    /// Keeps an organisation as it is now. What it was called and said before leaves the disk too.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_organisation(&self, id: [u8; 16], row: OrganisationRow) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let value = to_json(&row);
            state.organisations.insert(id, row);
            self.keep.rewrite(key(Table::Organisation, &id), value)
        };
        on_disk(written).await
    }

    /// Changes an organisation; returns whether there is one.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn change_organisation(
        &self,
        id: &[u8; 16],
        change: impl FnOnce(&mut OrganisationRow),
    ) -> Result<bool, KeepError> {
        let written = {
            let mut state = self.state();
            let Some(row) = state.organisations.get_mut(id) else { return Ok(false) };
            change(row);
            while row.months.len() > MONTHS_MAX {
                row.months.pop_first();
            }
            self.keep.rewrite(key(Table::Organisation, id), to_json(row))
        };
        on_disk(written).await.map(|()| true)
    }

    /// Forgets an organisation with when it meets and what it counted, also on the disk.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn forget_organisation(&self, id: &[u8; 16]) -> Result<(), KeepError> {
        let written = {
            let state = &mut *self.state();
            if state.organisations.remove(id).is_none() {
                return Ok(());
            }
            let mut gone = vec![key(Table::Organisation, id)];
            state.gatherings.retain(|one, row| {
                if row.organisation == *id {
                    gone.push(key(Table::Gathering, one));
                }
                row.organisation != *id
            });
            self.keep.erase(gone)
        };
        on_disk(written).await
    }

    /// Returns the gatherings that `is_meant` says yes to, the first one first.
    pub fn gatherings(&self, is_meant: impl Fn(&GatheringRow) -> bool) -> Vec<([u8; 16], GatheringRow)> {
        let state = self.state();
        let some = state.gatherings.iter().filter(|(_, row)| is_meant(row));
        let mut found: Vec<_> = some.map(|(id, row)| (*id, row.clone())).collect();
        found.sort_by_key(|(id, row)| (row.starts_at, *id));
        found
    }

    /// Keeps a gathering.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn add_gathering(&self, id: [u8; 16], row: GatheringRow) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let written = self.put(Table::Gathering, &id, &row);
            state.gatherings.insert(id, row);
            written
        };
        on_disk(written).await
    }

    /// Forgets a gathering of this organisation, also on the disk; returns whether there was one.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn forget_gathering(&self, organisation: &[u8; 16], id: &[u8; 16]) -> Result<bool, KeepError> {
        let written = {
            let mut state = self.state();
            if state.gatherings.get(id).is_none_or(|row| row.organisation != *organisation) {
                return Ok(false);
            }
            state.gatherings.remove(id);
            self.keep.erase(vec![key(Table::Gathering, id)])
        };
        on_disk(written).await.map(|()| true)
    }

    /// Erases gatherings a year after their end, also on the disk.
    pub fn erase_gatherings(&self, now_seconds: u64) {
        let mut gone = Vec::new();
        self.state().gatherings.retain(|id, row| {
            let is_kept = now_seconds < row.ends_at() + KEPT_SECONDS;
            if !is_kept {
                gone.push(key(Table::Gathering, id));
            }
            is_kept
        });
        if !gone.is_empty() {
            // Nobody waits for this; what a crash keeps is erased at the next sweep.
            drop(self.keep.erase(gone));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::keep::tests::holds;
    use klaver_ledger::id::LedgerId;
    use std::time::{Duration, Instant};

    #[tokio::test(flavor = "multi_thread")]
    async fn what_an_organisation_said_and_when_it_met_leaves_the_disk() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LedgerId([1; 32])).unwrap();
        let row = OrganisationRow {
            name: "Koor de Merel".to_owned(),
            about: Some("Zingen op dinsdag".to_owned()),
            address: None,
            agenda: None,
            code: [4; 16],
            months: BTreeMap::new(),
        };
        community.set_organisation([3; 16], row).await.unwrap();
        let gathering = |what: &str, starts_at| GatheringRow {
            organisation: [3; 16],
            what: what.to_owned(),
            starts_at,
            minutes: 60,
            address: None,
        };
        community.add_gathering([5; 16], gathering("Zangavond van toen", 1_000)).await.unwrap();
        community.add_gathering([6; 16], gathering("Zangavond van nu", 2_000)).await.unwrap();
        assert!(!community.forget_gathering(&[9; 16], &[5; 16]).await.unwrap(), "not another one's");
        for month in 10..40 {
            let counted = Counted { people: 12, hours: 4 };
            let change = |row: &mut OrganisationRow| {
                row.months.insert(format!("20{month}-01"), counted);
            };
            assert!(community.change_organisation(&[3; 16], change).await.unwrap());
        }
        let months = community.organisation(&[3; 16]).unwrap().months;
        assert_eq!((months.len(), months.keys().next().unwrap().as_str()), (MONTHS_MAX, "2027-01"));
        community.erase_gatherings(1_000 + 3_600 + KEPT_SECONDS);
        assert_eq!(community.gatherings(|_| true).len(), 1);
        community.forget_organisation(&[3; 16]).await.unwrap();
        assert!(community.gatherings(|_| true).is_empty());
        let waited = Instant::now();
        while ["Zangavond van", "Koor de Merel"].iter().any(|words| holds(root.path(), words.as_bytes())) {
            assert!(waited.elapsed() < Duration::from_secs(20), "what was erased still stands on the disk");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
