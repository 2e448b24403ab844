//! Cards and vouchers: which account a code leads to, and what the guardian knows of a card.
//!
//! What they hold, and who may spend it, stands in the ledger. Without these rows nothing is lost but codes and PINs.

use super::keep::{self, Keep, KeepError, on_disk};
use super::{Community, Table, key, row, to_json};
use klaver_api::paper::WRONG_PINS_MAX;
use klaver_keystore::{Cost, Passphrase};
use klaver_ledger::id::{AccountId, LedgerId};
use klaver_ledger::time::Day;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What one try of a PIN costs: a twentieth of a second and 19 MiB. What holds a thief up is that there are five.
const PIN_COST: Cost = Cost { memory_kib: 19 * 1_024, passes: 2, lanes: 1 };

/// A card or voucher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperRow {
    /// Its account.
    pub account: [u8; 16],
    /// The ledger that its key is derived with.
    pub ledger: [u8; 32],
    /// The short number on its stub.
    pub number: u64,
    /// What is kept of the PIN.
    pub pin: Option<PinRow>,
    /// How many wrong PINs came since the last right one.
    pub wrong: u8,
    /// Whether somebody put it to rest; of a voucher, whether it was said to be lost before it paid.
    pub rests: bool,
    /// Whether other paper took its place.
    pub replaced: bool,
    /// How often it could not pay an amount that needs no PIN, and on which day, counted from 1970 in UTC.
    #[serde(default)]
    pub short: Option<(u64, u8)>,
}

/// What is kept of a PIN: enough to know it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinRow {
    salt: [u8; 16],
    hash: [u8; 32],
}

impl PinRow {
    /// Returns what is kept of `pin`.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn of(pin: &str) -> Result<Self, getrandom::Error> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)?;
        Ok(Self { salt, hash: Self::hash(pin, &salt) })
    }

    /// Returns whether it is `pin`; takes as long for any.
    pub fn is(&self, pin: &str) -> bool {
        let hash = Self::hash(pin, &self.salt);
        self.hash.iter().zip(hash).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }

    fn hash(pin: &str, salt: &[u8; 16]) -> [u8; 32] {
        *Passphrase::new(pin.to_owned()).derive(salt, PIN_COST)
    }
}

impl PaperRow {
    /// Returns whether the guardian signs with it.
    pub fn is_awake(&self) -> bool {
        !self.rests && self.wrong < WRONG_PINS_MAX
    }

    /// Returns how often it could not pay on `day` without its PIN.
    pub fn short_on(&self, day: Day) -> u8 {
        self.short.filter(|(known, _)| *known == day.0).map_or(0, |(_, times)| times)
    }

    /// Counts that it could not pay on `day` without its PIN.
    pub fn count_short(&mut self, day: Day) {
        self.short = Some((day.0, self.short_on(day).saturating_add(1)));
    }
}

impl Community {
    /// Returns a card or voucher by the id of its code.
    pub fn paper(&self, id: &[u8; 16]) -> Option<PaperRow> {
        self.state().papers.get(id).cloned()
    }

    /// Returns every card and voucher that no other paper replaced, in the order of their numbers.
    pub fn papers(&self) -> Vec<([u8; 16], PaperRow)> {
        let state = self.state();
        let in_force = state.papers.iter().filter(|(_, row)| !row.replaced);
        let mut papers: Vec<_> = in_force.map(|(id, row)| (*id, row.clone())).collect();
        papers.sort_unstable_by_key(|(_, row)| row.number);
        papers
    }

    /// Returns whether the paper of `account` rests, or was said to be lost before it paid.
    pub fn rests(&self, account: &AccountId) -> bool {
        self.state().papers.values().any(|row| row.account == account.0 && row.rests && !row.replaced)
    }

    /// Adds new paper for these accounts, each with the next number: one that was given before is not given again.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn add_papers(
        &self,
        ledger: &LedgerId,
        new: &[([u8; 16], AccountId)],
    ) -> Result<(), KeepError> {
        let written = {
            let state = &mut *self.state();
            let mut changes = Vec::with_capacity(new.len() + 1);
            for (id, account) in new {
                state.paper_numbers += 1;
                let (account, ledger, number) = (account.0, ledger.0, state.paper_numbers);
                let (pin, wrong, rests, replaced, short) = (None, 0, false, false, None);
                let row = PaperRow { account, ledger, number, pin, wrong, rests, replaced, short };
                changes.push((key(Table::Paper, id), Some(to_json(&row))));
                state.papers.insert(*id, row);
            }
            changes.push((key(Table::PaperNumbers, &[]), Some(to_json(&state.paper_numbers))));
            self.keep.write(changes)
        };
        on_disk(written).await
    }

    /// Changes what is known of a card or voucher; returns it as it is now, once that is on the disk.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn change_paper(
        &self,
        id: &[u8; 16],
        change: impl FnOnce(&mut PaperRow),
    ) -> Result<Option<PaperRow>, KeepError> {
        let (written, changed) = {
            let mut state = self.state();
            let Some(row) = state.papers.get_mut(id) else { return Ok(None) };
            change(row);
            let changed = row.clone();
            (self.put(Table::Paper, id, &changed), changed)
        };
        on_disk(written).await?;
        Ok(Some(changed))
    }

    /// Puts the code `new`, of a key of `ledger`, in the place of `old`: number and PIN stay, and it is awake.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn replace_paper(
        &self,
        old: &[u8; 16],
        new: [u8; 16],
        ledger: &LedgerId,
        keeps_pin: bool,
    ) -> Result<(), KeepError> {
        let written = {
            let state = &mut *self.state();
            let Some(before) = state.papers.get_mut(old) else { return Ok(()) };
            let pin = before.pin.take().filter(|_| keeps_pin);
            let row =
                PaperRow { ledger: ledger.0, pin, wrong: 0, rests: false, short: None, ..before.clone() };
            before.replaced = true;
            let changes = vec![
                (key(Table::Paper, old), Some(to_json(before))),
                (key(Table::Paper, &new), Some(to_json(&row))),
            ];
            state.papers.insert(new, row);
            self.keep.write(changes)
        };
        on_disk(written).await
    }
}

/// Leaves every card one try of its PIN: a backup does not know what was tried since it was made.
///
/// # Errors
/// When community data cannot be read or written.
pub fn leave_one_try(root: &Path, ledger: &LedgerId) -> Result<(), KeepError> {
    if keep::check_not_gone(root).is_err() {
        // Serving says so: there is nothing to change.
        return Ok(());
    }
    let (keep, kept) = Keep::open(root, ledger)?;
    let papers = kept.into_iter().filter(|kept| kept.key.first() == Some(&(Table::Paper as u8)));
    let changes = papers.filter_map(|kept| {
        let paper: PaperRow = row(&kept.value)?;
        let wrong = paper.wrong.max(WRONG_PINS_MAX - 1);
        Some((kept.key, Some(to_json(&PaperRow { wrong, ..paper }))))
    });
    keep::wait(keep.write(changes.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::account::AccountKind;

    const LEDGER: LedgerId = LedgerId([1; 32]);

    #[test]
    fn a_pin_is_known_again_and_no_other_is() {
        let kept = PinRow::of("2583").unwrap();
        assert!(kept.is("2583"));
        assert!(!kept.is("2584") && !kept.is("") && !kept.is("02583"));
        assert_ne!(kept, PinRow::of("2583").unwrap(), "two cards with one PIN do not look alike");
        assert!(!serde_json::to_string(&kept).unwrap().contains("2583"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_known_of_a_card_survives_a_restart_and_a_backup_leaves_one_try() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        let new = [([7; 16], AccountId([1; 16])), ([8; 16], AccountId([2; 16]))];
        community.add_papers(&LEDGER, &new).await.unwrap();
        community.change_paper(&[7; 16], |row| row.wrong = 2).await.unwrap();
        let pin = PinRow::of("2583").unwrap();
        community.change_paper(&[8; 16], |row| row.pin = Some(pin.clone())).await.unwrap();
        community.replace_paper(&[8; 16], [9; 16], &LEDGER, true).await.unwrap();
        drop(community);
        let path = root.path().to_owned();
        tokio::task::spawn_blocking(move || leave_one_try(&path, &LEDGER)).await.unwrap().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        let first = community.paper(&[7; 16]).unwrap();
        assert_eq!((first.number, first.wrong, first.is_awake()), (1, WRONG_PINS_MAX - 1, true));
        let second = community.paper(&[9; 16]).unwrap();
        assert_eq!((second.number, second.pin), (2, Some(pin)));
        let old = community.paper(&[8; 16]).unwrap();
        assert!(old.replaced && old.pin.is_none(), "the PIN went with the account");
        assert_eq!(community.papers().len(), 2);
        // A number that was on a stub is not given again, also when nothing is known of that card any more.
        let closed = [(AccountId([2; 16]), AccountKind::Card)];
        community.erase_accounts(&closed.into());
        assert!(community.paper(&[8; 16]).is_none() && community.paper(&[9; 16]).is_none());
        drop(community);
        let community = Community::open(root.path(), &LEDGER).unwrap();
        community.add_papers(&LEDGER, &[([5; 16], AccountId([3; 16]))]).await.unwrap();
        assert_eq!(community.paper(&[5; 16]).unwrap().number, 3);
    }

    #[test]
    fn what_was_too_much_for_a_card_counts_until_the_day_is_over() {
        let (account, ledger, number) = ([1; 16], [1; 32], 1);
        let (pin, wrong, rests, replaced, short) = (None, 0, false, false, None);
        let mut row = PaperRow { account, ledger, number, pin, wrong, rests, replaced, short };
        let counted = [20_000, 20_000, 20_001].map(|day| {
            row.count_short(Day(day));
            row.short_on(Day(day))
        });
        assert_eq!((counted, row.short_on(Day(20_002))), ([1, 2, 1], 0));
    }
}
