//! *Is something wrong?*: who listens, what people told them, and counts of what was erased. Only the person who was told
//! reads a row; the council sees counts.

use super::keep::{KeepError, on_disk};
use super::{Community, Table, key, to_json};
use klaver_api::{WrongOutcome, WrongReason, WrongState};
use klaver_ledger::id::AccountId;
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long something is kept after the last that happened to it, in seconds: three months.
pub const KEPT_SECONDS: u64 = 90 * DAY_SECONDS;

/// A person of trust.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonOfTrustRow {
    /// Their own account, whose sessions read what they are told.
    pub account: [u8; 16],
    /// What people call them.
    pub name: String,
    /// Their telephone number.
    pub phone: String,
    /// The organisation that they listen for; nothing for all.
    pub organisation: Option<[u8; 16]>,
    /// The organisation for which they give credits themselves.
    pub gives_at: Option<[u8; 16]>,
}

/// What somebody told; times in seconds since 1970 UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldRow {
    /// Whose session told it.
    pub account: [u8; 16],
    /// The key of that session.
    pub key: [u8; 32],
    /// Whether whoever holds another key of the account may not see it: the keys of a shop are several people's.
    pub by_key: bool,
    /// Who reads it.
    pub person: [u8; 16],
    /// Index and number of the line that it is about.
    pub about: Option<(u64, u16)>,
    /// The index of that line in the ledger before this one, when it was told there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<u64>,
    /// What is wrong.
    pub reason: WrongReason,
    /// The teller's words.
    pub words: Option<String>,
    /// The number on which they would rather be called.
    pub phone: Option<String>,
    /// When it was told.
    pub told_at: u64,
    /// When something happened to it last.
    pub changed_at: u64,
    /// How far it is.
    pub state: WrongState,
    /// What was answered.
    pub answer: Option<String>,
    /// What came of it.
    pub outcome: Option<WrongOutcome>,
    /// The index of the entry that followed.
    pub entry: Option<u64>,
}

impl ToldRow {
    /// Returns when it is erased, unless something happens to it before.
    pub fn erased_at(&self) -> u64 {
        self.changed_at + KEPT_SECONDS
    }

    /// Returns whether whoever holds `key` of `account` told this.
    pub fn is_by(&self, account: &AccountId, key: &[u8; 32]) -> bool {
        self.account == account.0 && (!self.by_key || self.key == *key)
    }

    /// Returns it as it goes on in the next ledger, where other records have the numbers that it names.
    pub(super) fn carried_over(self) -> Self {
        let earlier = self.about.map_or(self.earlier, |(index, _)| Some(index));
        Self { about: None, entry: None, earlier, ..self }
    }
}

/// How those of one year ended that were erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongSums {
    /// How many were told.
    pub told: u64,
    /// How many ended by a refund.
    pub refund: u64,
    /// By a correction.
    pub correction: u64,
    /// By credits besides.
    pub credit: u64,
    /// Without anything in the ledger.
    pub nothing: u64,
}

impl WrongSums {
    fn count(&mut self, row: &ToldRow) {
        self.told += 1;
        match row.outcome {
            Some(WrongOutcome::Refund) => self.refund += 1,
            Some(WrongOutcome::Correction) => self.correction += 1,
            Some(WrongOutcome::Credit) => self.credit += 1,
            Some(WrongOutcome::Nothing) => self.nothing += 1,
            None => {}
        }
    }
}

/// The sums by year.
pub type WrongYears = BTreeMap<u16, WrongSums>;

fn year_of(seconds: u64) -> u16 {
    let at = Timestamp::from_millis(seconds.saturating_mul(1_000)).map(|at| at.to_string());
    at.and_then(|at| at[..4].parse().ok()).unwrap_or_default()
}

impl Community {
    /// Keeps a person of trust as they are now, or forgets them; what it was before leaves the disk.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_person_of_trust(
        &self,
        id: [u8; 16],
        row: Option<PersonOfTrustRow>,
    ) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            match row {
                Some(row) => {
                    let written = self.keep.rewrite(key(Table::PersonOfTrust, &id), to_json(&row));
                    state.persons_of_trust.insert(id, row);
                    written
                }
                None => {
                    state.persons_of_trust.remove(&id);
                    self.keep.erase(vec![key(Table::PersonOfTrust, &id)])
                }
            }
        };
        on_disk(written).await
    }

    /// Returns a person of trust.
    pub fn person_of_trust(&self, id: &[u8; 16]) -> Option<PersonOfTrustRow> {
        self.state().persons_of_trust.get(id).cloned()
    }

    /// Returns the persons of trust: those of an organisation first, by name.
    pub fn persons_of_trust(&self) -> Vec<([u8; 16], PersonOfTrustRow)> {
        let state = self.state();
        let mut found: Vec<_> = state.persons_of_trust.iter().map(|(id, row)| (*id, row.clone())).collect();
        found.sort_by(|(id, row), (other_id, other)| {
            (row.organisation.is_none(), &row.name, id).cmp(&(
                other.organisation.is_none(),
                &other.name,
                other_id,
            ))
        });
        found
    }

    /// Keeps what somebody told.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn tell(&self, id: [u8; 16], row: ToldRow) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            let written = self.put(Table::Told, &id, &row);
            state.told.insert(id, row);
            written
        };
        on_disk(written).await
    }

    /// Changes what somebody told; returns it as it is now, once that is on the disk.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn change_told(
        &self,
        id: &[u8; 16],
        change: impl FnOnce(&mut ToldRow),
    ) -> Result<Option<ToldRow>, KeepError> {
        let (written, changed) = {
            let mut state = self.state();
            let Some(row) = state.told.get_mut(id) else { return Ok(None) };
            change(row);
            let changed = row.clone();
            (self.keep.rewrite(key(Table::Told, id), to_json(&changed)), changed)
        };
        on_disk(written).await?;
        Ok(Some(changed))
    }

    /// Forgets what somebody told and takes back, also on the disk. It is not counted.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn forget_told(&self, id: &[u8; 16]) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            if state.told.remove(id).is_none() {
                return Ok(());
            }
            self.keep.erase(vec![key(Table::Told, id)])
        };
        on_disk(written).await
    }

    /// Returns something that somebody told.
    pub fn told_by_id(&self, id: &[u8; 16]) -> Option<ToldRow> {
        self.state().told.get(id).cloned()
    }

    /// Returns what was told that `is_meant` says yes to, the oldest first.
    pub fn told(&self, is_meant: impl Fn(&ToldRow) -> bool) -> Vec<([u8; 16], ToldRow)> {
        let state = self.state();
        let some = state.told.iter().filter(|(_, row)| is_meant(row));
        let mut found: Vec<_> = some.map(|(id, row)| (*id, row.clone())).collect();
        found.sort_by_key(|(id, row)| (row.told_at, *id));
        found
    }

    /// Returns how it went by year, of what stands and of what was erased.
    pub fn wrong_years(&self) -> WrongYears {
        let state = self.state();
        let mut years = state.wrong_years.clone();
        for row in state.told.values() {
            years.entry(year_of(row.told_at)).or_default().count(row);
        }
        years
    }

    /// Erases what was told three months after the last that happened to it, also on the disk; counts stay.
    pub fn erase_told(&self, now_seconds: u64) {
        let state = &mut *self.state();
        let (mut gone, years) = (Vec::new(), &mut state.wrong_years);
        state.told.retain(|id, row| {
            let is_kept = now_seconds < row.erased_at();
            if !is_kept {
                years.entry(year_of(row.told_at)).or_default().count(row);
                gone.push(key(Table::Told, id));
            }
            is_kept
        });
        if !gone.is_empty() {
            // One write: after a crash nothing is counted twice, and nothing is lost.
            drop(self.keep.erase_and_put(gone, (key(Table::WrongYears, &[]), to_json(years))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::keep::tests::holds;
    use klaver_ledger::id::LedgerId;
    use std::time::{Duration, Instant};
    use tempfile::TempDir;

    const LEDGER: LedgerId = LedgerId([1; 32]);
    const WORDS: &str = "Ik kreeg twee klavers te weinig";
    const PHONE: &str = "0470 11 22 33";
    /// 22 November 2026.
    const TOLD_AT: u64 = 1_795_305_600;

    fn told() -> ToldRow {
        ToldRow {
            account: [2; 16],
            key: [3; 32],
            by_key: false,
            person: [4; 16],
            about: Some((12, 1)),
            earlier: None,
            reason: WrongReason::Missing,
            words: Some(WORDS.to_owned()),
            phone: Some(PHONE.to_owned()),
            told_at: TOLD_AT,
            changed_at: TOLD_AT,
            state: WrongState::Told,
            answer: None,
            outcome: None,
            entry: None,
        }
    }

    /// Waits until these words stand nowhere below `root`.
    async fn leave_the_disk(root: &TempDir, words: &str) {
        let waited = Instant::now();
        while holds(root.path(), words.as_bytes()) {
            assert!(waited.elapsed() < Duration::from_secs(20), "\"{words}\" still stands on the disk");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn words_and_numbers_leave_the_disk_after_three_months_and_counts_stay() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        community.tell([5; 16], told()).await.unwrap();
        community.tell([6; 16], ToldRow { words: Some("Nog iets".to_owned()), ..told() }).await.unwrap();
        let done_at = TOLD_AT + 10 * 86_400;
        let answered = community.change_told(&[5; 16], |row| {
            row.changed_at = done_at;
            (row.state, row.outcome) = (WrongState::Done, Some(WrongOutcome::Correction));
            row.answer = Some("We hebben het rechtgezet".to_owned());
        });
        assert_eq!(answered.await.unwrap().unwrap().state, WrongState::Done);

        community.erase_told(TOLD_AT + KEPT_SECONDS - 1);
        assert_eq!(community.told(|_| true).len(), 2);
        assert!(holds(root.path(), WORDS.as_bytes()) && holds(root.path(), PHONE.as_bytes()));
        // What nobody answered goes first; what was answered is counted from its answer.
        community.erase_told(TOLD_AT + KEPT_SECONDS);
        assert_eq!(community.told(|_| true).iter().map(|(id, _)| *id).collect::<Vec<_>>(), [[5; 16]]);
        leave_the_disk(&root, "Nog iets").await;
        community.erase_told(done_at + KEPT_SECONDS - 1);
        assert_eq!(community.told(|_| true).len(), 1);
        community.erase_told(done_at + KEPT_SECONDS);
        assert!(community.told(|_| true).is_empty());
        for words in [WORDS, PHONE, "We hebben het rechtgezet"] {
            leave_the_disk(&root, words).await;
        }
        let sums = WrongSums { told: 2, correction: 1, ..WrongSums::default() };
        assert_eq!(community.wrong_years(), WrongYears::from([(2026, sums)]));
        drop(community);
        let community = Community::open(root.path(), &LEDGER).unwrap();
        assert_eq!(community.wrong_years(), WrongYears::from([(2026, sums)]), "also after a start");
        assert!(community.told(|_| true).is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_taken_back_and_who_no_longer_listens_leaves_the_disk() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        let person = PersonOfTrustRow {
            account: [7; 16],
            name: "Mia van de hoek".to_owned(),
            phone: "0470 99 88 77".to_owned(),
            organisation: None,
            gives_at: None,
        };
        community.set_person_of_trust([4; 16], Some(person.clone())).await.unwrap();
        community.tell([5; 16], told()).await.unwrap();
        assert!(holds(root.path(), WORDS.as_bytes()) && holds(root.path(), person.phone.as_bytes()));
        community.forget_told(&[5; 16]).await.unwrap();
        leave_the_disk(&root, WORDS).await;
        assert!(community.wrong_years().is_empty(), "what was taken back is not counted");
        let moved = PersonOfTrustRow { phone: "0470 55 44 33".to_owned(), ..person.clone() };
        community.set_person_of_trust([4; 16], Some(moved.clone())).await.unwrap();
        leave_the_disk(&root, &person.phone).await;
        assert_eq!(community.person_of_trust(&[4; 16]), Some(moved.clone()));
        community.set_person_of_trust([4; 16], None).await.unwrap();
        leave_the_disk(&root, &moved.phone).await;
        assert!(community.persons_of_trust().is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_told_goes_on_in_the_next_ledger_without_the_numbers_of_the_old_one() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let community = Community::open(old.path(), &LEDGER).unwrap();
        let row = ToldRow { entry: Some(14), ..told() };
        community.tell([5; 16], row.clone()).await.unwrap();
        drop(community);
        let next = LedgerId([9; 32]);
        let carried = || crate::community::carry_over((old.path(), &LEDGER), (new.path(), &next));
        tokio::task::block_in_place(carried).unwrap();
        let community = Community::open(new.path(), &next).unwrap();
        let carried = ToldRow { about: None, entry: None, earlier: Some(12), ..row };
        assert_eq!(community.told(|_| true), [([5; 16], carried)]);
    }
}
