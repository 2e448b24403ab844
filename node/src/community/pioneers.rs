//! Hours with pioneers: a group that begins. What is said there is kept without a name, and erased after the last pulse;
//! the pulses are counts in tens, looked at once.

use super::keep::{KeepError, on_disk};
use super::{Community, Table, key, to_json};
use klaver_ledger::limits::DAY_SECONDS;
use serde::{Deserialize, Serialize};

/// After how many days it is looked how things go.
pub const PULSE_DAYS: [u16; 2] = [30, 90];
/// How long what was said is kept after the hour, in seconds: ten days beyond the last pulse.
pub const WORDS_SECONDS: u64 = 100 * DAY_SECONDS;
/// How long an hour is kept, in seconds: a year.
pub const KEPT_SECONDS: u64 = 365 * DAY_SECONDS;
/// Most that is said in one hour.
pub const SAID_MAX: usize = 300;
/// Most people that one host can lead in an hour: so many come to it, and so often the same words are counted.
pub const LED_MAX: u16 = 100;

/// What somebody said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// What they need.
    Need,
    /// What they can do.
    Offer,
    /// What stops them.
    Stop,
}

impl Said {
    /// All of them, as they are asked.
    pub const ALL: [Self; 3] = [Self::Stop, Self::Need, Self::Offer];

    /// Returns its word, as forms write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Need => "need",
            Self::Offer => "offer",
            Self::Stop => "stop",
        }
    }
}

/// A line of the round, without a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidRow {
    /// What kind of line.
    pub said: Said,
    /// The words.
    pub words: String,
    /// How many people said it.
    pub count: u32,
    /// The task that it became.
    pub task: Option<[u8; 16]>,
}

/// How it goes some time later: in tens, and nothing of fewer than ten people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PulseRow {
    /// So many received something from the place since then.
    pub people: Option<u64>,
    /// So many of them took part in the last thirty days.
    pub active: Option<u64>,
    /// So many whole units they spent at shops.
    pub spent: Option<u64>,
    /// How many tasks of the place were done.
    pub tasks: Option<u64>,
}

/// An hour with pioneers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundRow {
    /// Who meets, or where.
    pub name: String,
    /// The day, as `2026-11-28`.
    pub day: String,
    /// When that day begins, in seconds since 1970 UTC.
    pub starts_at: u64,
    /// How many people come.
    pub people: u16,
    /// The account of the small budget.
    pub budget: [u8; 16],
    /// The invitation for those who bring a phone.
    pub invitation: [u8; 16],
    /// The secret of the host's page.
    pub host: [u8; 16],
    /// The secret of the page where everybody says what they need and can do.
    pub guests: [u8; 16],
    /// What was said.
    pub lines: Vec<SaidRow>,
    /// How it went after thirty and after ninety days, once it was looked at.
    pub pulses: [Option<PulseRow>; 2],
}

/// How many people had joined by the end of each month, as it was looked at on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrowthRow {
    /// The day, counted from 1970 in UTC.
    pub day: u64,
    /// The months, as `2026-11`, with people in tens.
    pub months: Vec<(String, u64)>,
    /// The months of earlier ledgers, as they were shown last.
    #[serde(default)]
    pub before: Vec<(String, u64)>,
}

impl GrowthRow {
    /// What stays of a row in the next ledger, which is looked at afresh.
    pub(super) fn carried_over(self) -> Self {
        Self { day: 0, before: self.months.clone(), months: self.months }
    }
}

impl Community {
    /// Keeps an hour, or with `None` forgets it, also on the disk.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn set_round(&self, id: [u8; 16], row: Option<RoundRow>) -> Result<(), KeepError> {
        let written = {
            let mut state = self.state();
            match row {
                Some(row) => {
                    let written = self.put(Table::Round, &id, &row);
                    state.rounds.insert(id, row);
                    written
                }
                None => {
                    state.rounds.remove(&id);
                    self.keep.erase(vec![key(Table::Round, &id)])
                }
            }
        };
        on_disk(written).await
    }

    /// Changes an hour by `change` and returns what that returns; `None` when there is no such hour. What it was before
    /// leaves the disk; where nothing changed, nothing is written.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub async fn change_round<T>(
        &self,
        id: &[u8; 16],
        change: impl FnOnce(&mut RoundRow) -> T,
    ) -> Result<Option<T>, KeepError> {
        let (made, written) = {
            let mut state = self.state();
            let Some(row) = state.rounds.get_mut(id) else { return Ok(None) };
            let before = row.clone();
            let made = change(row);
            if *row == before {
                return Ok(Some(made));
            }
            (made, self.keep.rewrite(key(Table::Round, id), to_json(row)))
        };
        on_disk(written).await.map(|()| Some(made))
    }

    /// Returns an hour.
    pub fn round(&self, id: &[u8; 16]) -> Option<RoundRow> {
        self.state().rounds.get(id).cloned()
    }

    /// Returns the hours that `is_meant` says yes to, the newest first.
    pub fn rounds(&self, is_meant: impl Fn(&RoundRow) -> bool) -> Vec<([u8; 16], RoundRow)> {
        let state = self.state();
        let some = state.rounds.iter().filter(|(_, row)| is_meant(row));
        let mut found: Vec<_> = some.map(|(id, row)| (*id, row.clone())).collect();
        found.sort_by_key(|(id, row)| (u64::MAX - row.starts_at, *id));
        found
    }

    /// Erases what was said in hours whose last pulse is over, also on the disk; the counts stay.
    pub fn erase_said(&self, now_seconds: u64) {
        let mut state = self.state();
        for (id, row) in &mut state.rounds {
            if row.starts_at + WORDS_SECONDS < now_seconds
                && row.lines.iter().any(|line| !line.words.is_empty())
            {
                for line in &mut row.lines {
                    line.words.clear();
                }
                // Nobody waits for this; what a crash keeps is erased at the next sweep.
                drop(self.keep.rewrite(key(Table::Round, id), to_json(row)));
            }
        }
    }

    /// Returns how the community grew, as it was shown last.
    pub fn growth(&self) -> Option<GrowthRow> {
        self.state().growth.clone()
    }

    /// Keeps how the community grew, as it is shown now. Nobody waits for it: a start looks once more.
    pub fn keep_growth(&self, row: GrowthRow) {
        let mut state = self.state();
        drop(self.put(Table::Growth, &[], &row));
        state.growth = Some(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::keep::tests::holds;
    use crate::community::{BudgetRow, ContributionRow};
    use klaver_api::ContributionKind;
    use klaver_ledger::id::{AccountId, LedgerId};
    use std::time::{Duration, Instant};

    const LEDGER: LedgerId = LedgerId([1; 32]);
    /// 22 November 2026.
    const STARTS_AT: u64 = 1_795_305_600;
    const WORDS: &str = "Niemand kijkt naar mijn kinderen om";

    fn hour() -> RoundRow {
        let line = SaidRow { said: Said::Stop, words: WORDS.to_owned(), count: 2, task: None };
        RoundRow {
            name: "Zaal Ledeberg".to_owned(),
            day: "2026-11-22".to_owned(),
            starts_at: STARTS_AT,
            people: 25,
            budget: [2; 16],
            invitation: [3; 16],
            host: [4; 16],
            guests: [5; 16],
            lines: vec![line],
            pulses: [Some(PulseRow { people: Some(20), ..PulseRow::default() }), None],
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_said_leaves_the_disk_after_the_last_pulse_and_the_counts_after_a_year() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LEDGER).unwrap();
        community.set_round([6; 16], Some(hour())).await.unwrap();
        community.erase_said(STARTS_AT + WORDS_SECONDS);
        assert_eq!(community.round(&[6; 16]), Some(hour()));
        assert!(holds(root.path(), WORDS.as_bytes()));
        community.erase_said(STARTS_AT + WORDS_SECONDS + 1);
        let left = community.round(&[6; 16]).unwrap();
        assert_eq!((left.lines[0].words.as_str(), left.lines[0].count), ("", 2));
        assert_eq!(left.pulses, hour().pulses);
        let waited = Instant::now();
        while holds(root.path(), WORDS.as_bytes()) {
            assert!(waited.elapsed() < Duration::from_secs(20), "the words still stand on the disk");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        community.erase_ended(STARTS_AT + KEPT_SECONDS);
        assert!(community.round(&[6; 16]).is_some());
        community.erase_ended(STARTS_AT + KEPT_SECONDS + 1);
        assert!(community.round(&[6; 16]).is_none());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn hours_funders_and_contributions_go_on_in_the_next_ledger_without_entries_of_the_old_one() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let community = Community::open(old.path(), &LEDGER).unwrap();
        let funded = BudgetRow {
            funder: "Stad".to_owned(),
            reference: None,
            promised_cents: 100_000,
            received_cents: 0,
            code: [7; 16],
            figures: None,
        };
        let given = ContributionRow {
            budget: [2; 16],
            who: "Bakkerij".to_owned(),
            cents: 25_000,
            kind: ContributionKind::Gift,
            amount: 25_000,
            entry: Some([8; 32]),
            raised: true,
            code: [9; 16],
            at: STARTS_AT,
        };
        community.set_round([6; 16], Some(hour())).await.unwrap();
        community.set_budget(AccountId([2; 16]), funded.clone()).await.unwrap();
        community.add_contribution([8; 16], given.clone()).await.unwrap();
        let months = vec![("2026-10".to_owned(), 10), ("2026-11".to_owned(), 20)];
        community.keep_growth(GrowthRow { day: 20_779, months: months.clone(), before: Vec::new() });
        drop(community);
        let next = LedgerId([9; 32]);
        let carried = || crate::community::carry_over((old.path(), &LEDGER), (new.path(), &next));
        tokio::task::block_in_place(carried).unwrap();
        let community = Community::open(new.path(), &next).unwrap();
        assert_eq!(community.round(&[6; 16]), Some(hour()));
        assert_eq!(community.budget(&AccountId([2; 16])), Some(funded));
        let expected = ContributionRow { entry: None, ..given };
        assert_eq!(community.contribution(&[8; 16]), Some(expected));
        assert_eq!(community.growth(), Some(GrowthRow { day: 0, months: months.clone(), before: months }));
    }
}
