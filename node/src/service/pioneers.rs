//! Hours with pioneers: planned by the council, led by a host with a private link, and the round of needs and offers
//! that becomes the first tasks.

use super::arrivals::ASKED_BURST;
use super::budgets::named;
use super::joining::VALID_FOR;
use super::pots::random;
use super::tasks::{day_of, moment};
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::RoundRow;
use crate::community::pioneers::{LED_MAX, PULSE_DAYS, PulseRow, SAID_MAX, Said, SaidRow};
use crate::community::sessions::Visitor;
use klaver_api::join::CreateInvitation;
use klaver_api::text::{self, FieldError};
use klaver_api::{BringTask, PlanRound, Pulse, Round, Rounds, paths};
use klaver_ledger::id::{AccountId, TaskId};
use klaver_ledger::limits::DAY_SECONDS;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Most hours that are kept at once.
const ROUNDS_MAX: usize = 200;
/// Hours of one place are so far apart, in seconds: the pulses of two hours differ by a week of people, not by a day.
const APART_SECONDS: u64 = 7 * DAY_SECONDS;
/// From so long before the hour's day on people can say what they need, in seconds.
const SAY_BEFORE_SECONDS: u64 = DAY_SECONDS;
/// Until so long after the hour's day began they can, in seconds: seven days after it.
const SAY_AFTER_SECONDS: u64 = 8 * DAY_SECONDS;
/// Most tasks that one hour brings: others must be able to bring some too.
const TASKS_MAX: usize = 30;
/// How many people come to an hour.
pub const PIONEERS: RangeInclusive<u16> = 2..=LED_MAX;

/// An hour as its host sees it.
#[derive(Clone, Debug)]
pub struct HostView {
    /// Which.
    pub id: [u8; 16],
    /// The hour.
    pub row: RoundRow,
    /// What its small budget is called, and how much it may give in all, in minor units.
    pub budget: (Option<String>, u64),
    /// The address of the page where everybody says what they need and can do.
    pub guests: String,
    /// The invitation for those who bring a phone, as long as it can be used.
    pub invitation: Option<String>,
    /// How it goes.
    pub pulses: Vec<Pulse>,
}

impl Service {
    /// Returns the hours with pioneers.
    ///
    /// # Errors
    /// `Forbidden` for every session but the council's, and what the store cannot read.
    pub async fn rounds(&self, visitor: &Visitor) -> Result<Rounds, Refused> {
        self.must_be_council(visitor)?;
        let mut rounds = Vec::new();
        for (id, row) in self.community.rounds(|_| true) {
            rounds.push(self.round_json(&id, &row).await?);
        }
        Ok(Rounds { rounds })
    }

    async fn round_json(&self, id: &[u8; 16], row: &RoundRow) -> Result<Round, Refused> {
        Ok(Round {
            id: data_encoding::HEXLOWER.encode(id),
            name: row.name.clone(),
            day: row.day.clone(),
            people: row.people,
            budget: AccountId(row.budget).to_string(),
            said: row.lines.iter().map(|line| u64::from(line.count)).sum(),
            tasks: row.lines.iter().filter(|line| line.task.is_some()).count() as u64,
            link: self.page_link(paths::ROUND_PAGE, &row.host),
            pulses: self.pulses(id, row).await?,
        })
    }

    /// Plans an hour with pioneers, as the council, with an invitation for those who bring a phone.
    ///
    /// Its day is not over, and a week from every other hour of the place: from the difference of two pulses nobody
    /// can be found. What was forgotten need not be remembered for that: a pulse that was seen is of records before
    /// today, and a new hour counts none of these.
    ///
    /// # Errors
    /// `Forbidden` for every other session, `Unknown` for what is no open budget, `NotNow` for a day that is over or
    /// near another hour of the place, and fields out of bounds.
    pub async fn plan_round(&self, visitor: &Visitor, asked: &PlanRound) -> Result<Round, Refused> {
        self.must_be_council(visitor)?;
        let name = named("name", &asked.name)?;
        let starts_at = start_of(&asked.day)?;
        if !PIONEERS.contains(&asked.people) {
            let expected = format!("a number from {} to {} belongs here", PIONEERS.start(), PIONEERS.end());
            return Err(FieldError::new("people", asked.people, expected).into());
        }
        let budget = text::account("budget", &asked.budget)?;
        self.must_be_budget(&budget)?;
        let _held = self.changing_rounds.lock().await;
        self.must_be_free(&budget, starts_at)?;
        if self.community.rounds(|_| true).len() >= ROUNDS_MAX {
            let advice = "forget one that is long over";
            return Err(Refused::TooMany { what: "hours with pioneers", limit: ROUNDS_MAX, advice });
        }
        // As long as any may last: whoever stayed at home makes a wallet later.
        let invited = CreateInvitation { uses: asked.people.into(), valid_for: *VALID_FOR.end() };
        let invitation = self.new_invitation(&invited).await?;
        let (id, host, guests) = (random()?, random()?, random()?);
        let row = RoundRow {
            name,
            day: asked.day.clone(),
            starts_at,
            people: asked.people,
            budget: budget.0,
            invitation,
            host,
            guests,
            lines: Vec::new(),
            pulses: [None, None],
        };
        self.community.set_round(id, Some(row.clone())).await?;
        self.round_json(&id, &row).await
    }

    /// Checks that an hour of a place can begin then.
    fn must_be_free(&self, budget: &AccountId, starts_at: u64) -> Result<(), Refused> {
        if starts_at < wall_clock().seconds() / DAY_SECONDS * DAY_SECONDS {
            return Err(Refused::NotNow { code: "round_past", advice: "choose today or a later day" });
        }
        let place = self.organisation_of_budget(budget);
        let is_near = |row: &RoundRow| row.starts_at.abs_diff(starts_at) < APART_SECONDS;
        let is_there = |row: &RoundRow| {
            let of_place = || place.is_some() && self.organisation_of_budget(&AccountId(row.budget)) == place;
            row.budget == budget.0 || of_place()
        };
        if self.community.rounds(is_near).iter().any(|(_, row)| is_there(row)) {
            let advice = "choose a day that is a week earlier or later";
            return Err(Refused::NotNow { code: "round_near", advice });
        }
        Ok(())
    }

    /// Forgets an hour, as the council, with all that was said, also on the disk.
    ///
    /// # Errors
    /// `Forbidden` for every other session, `Unknown`.
    pub async fn forget_round(&self, visitor: &Visitor, id: &[u8; 16]) -> Result<(), Refused> {
        self.must_be_council(visitor)?;
        self.community.round(id).ok_or_else(unknown_round)?;
        self.must_record()?;
        Ok(self.community.set_round(*id, None).await?)
    }

    /// Returns an hour by the secret of its host's page.
    ///
    /// # Errors
    /// `Unknown`, and what the store cannot read.
    pub async fn hosted(&self, code: &[u8; 16]) -> Result<HostView, Refused> {
        let (id, row) = self.round_of(|row| row.host == *code)?;
        let budget = AccountId(row.budget);
        let cap = {
            let standing = self.reader.standing();
            standing.account(&budget).map_or(0, |account| account.standing(wall_clock()).state.limit.minor())
        };
        let pulses = self.pulses(&id, &row).await?;
        Ok(HostView {
            id,
            budget: (self.community.profile(&budget).map(|profile| profile.name), cap),
            guests: self.page_link(paths::SAY_PAGE, &row.guests),
            invitation: self.invitation(&row.invitation).ok().map(|invitation| invitation.link),
            pulses,
            row,
        })
    }

    /// Returns an hour by the secret of the page for everybody.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn said_at(&self, code: &[u8; 16]) -> Result<([u8; 16], RoundRow), Refused> {
        self.round_of(|row| row.guests == *code)
    }

    /// Notes what somebody says on the page for everybody, who may come from `address`.
    ///
    /// # Errors
    /// `Unknown`, `NotNow` long before and after the hour, when too much comes from there, and what
    /// [`say_in_round`](Self::say_in_round) refuses.
    pub async fn say_as_guest(
        &self,
        code: &[u8; 16],
        said: &[(Said, &str)],
        address: Option<IpAddr>,
    ) -> Result<(), Refused> {
        let (id, row) = self.said_at(code)?;
        if !takes_words(&row) {
            let advice = "tell whoever leads the hour";
            return Err(Refused::NotNow { code: "round_closed", advice });
        }
        for (said, words) in said {
            named(said.word(), words)?;
        }
        self.guests.make_room(address, ASKED_BURST)?;
        for (said, words) in said {
            self.say_in_round(&id, *said, words).await?;
        }
        Ok(())
    }

    fn round_of(&self, is_meant: impl Fn(&RoundRow) -> bool) -> Result<([u8; 16], RoundRow), Refused> {
        self.community.rounds(is_meant).into_iter().next().ok_or_else(unknown_round)
    }

    /// Notes what somebody said, without their name; words that were said before are counted, up to a number.
    ///
    /// # Errors
    /// `Unknown`, words that are too long, and when enough was said.
    pub async fn say_in_round(&self, id: &[u8; 16], said: Said, words: &str) -> Result<(), Refused> {
        let words = named("words", words)?;
        self.must_record()?;
        let add = |row: &mut RoundRow| {
            let is_same =
                |line: &&mut SaidRow| line.said == said && line.words.to_lowercase() == words.to_lowercase();
            if let Some(line) = row.lines.iter_mut().find(is_same) {
                line.count = line.count.saturating_add(1).min(u32::from(LED_MAX).max(line.count));
                return true;
            }
            let has_room = row.lines.len() < SAID_MAX;
            if has_room {
                row.lines.push(SaidRow { said, words: words.clone(), count: 1, task: None });
            }
            has_room
        };
        match self.community.change_round(id, add).await?.ok_or_else(unknown_round)? {
            true => Ok(()),
            false => {
                let advice = "begin with what is there";
                Err(Refused::TooMany { what: "lines of one hour", limit: SAID_MAX, advice })
            }
        }
    }

    /// Forgets a line of an hour, also on the disk; one that became a task stays beside it.
    ///
    /// # Errors
    /// `Unknown`.
    pub async fn unsay_in_round(&self, id: &[u8; 16], said: Said, words: &str) -> Result<(), Refused> {
        self.must_record()?;
        let remove = |row: &mut RoundRow| {
            let is_meant = |line: &SaidRow| line.said == said && line.words == words && line.task.is_none();
            let found = row.lines.iter().position(is_meant);
            found.map(|line| row.lines.remove(line))
        };
        let removed = self.community.change_round(id, remove).await?.flatten();
        removed.map(drop).ok_or_else(unknown_round)
    }

    /// Makes a task of what was said: it waits for a place, as every task that somebody brings.
    ///
    /// # Errors
    /// `Unknown` also for a line that is a task already, when the hour brought enough, and what
    /// [`bring_task`](Self::bring_task) refuses.
    pub async fn task_of_round(
        &self,
        id: &[u8; 16],
        (said, words): (Said, &str),
        picture: &str,
        how_many: &str,
    ) -> Result<(), Refused> {
        let _held = self.changing_rounds.lock().await;
        let row = self.community.round(id).ok_or_else(unknown_round)?;
        if row.lines.iter().filter(|line| line.task.is_some()).count() >= TASKS_MAX {
            let advice = "begin with what is there";
            return Err(Refused::TooMany { what: "tasks of one hour", limit: TASKS_MAX, advice });
        }
        let is_meant = |line: &SaidRow| line.said == said && line.words == words && line.task.is_none();
        if !row.lines.iter().any(is_meant) {
            return Err(unknown_round());
        }
        let asked = BringTask {
            picture: picture.to_owned(),
            for_whom: words.to_owned(),
            how_many: how_many.to_owned(),
            ready_by: None,
            brought_by: row.name,
        };
        // The host holds a secret of the council: many lines of one address are no flood.
        let brought = self.bring_task(&asked, None).await?;
        let task = TaskId::from_hex(&brought.id).map(|task| task.0);
        let mark = |row: &mut RoundRow| {
            if let Some(line) = row.lines.iter_mut().find(|line| is_meant(line)) {
                line.task = task;
            }
        };
        self.community.change_round(id, mark).await?.ok_or_else(unknown_round)
    }

    /// Returns how it goes, looking once at what is due.
    async fn pulses(&self, id: &[u8; 16], row: &RoundRow) -> Result<Vec<Pulse>, Refused> {
        let now = wall_clock().seconds();
        let mut pulses = Vec::new();
        for (number, days) in PULSE_DAYS.into_iter().enumerate() {
            let due = row.starts_at + u64::from(days) * DAY_SECONDS;
            let mut seen = row.pulses[number].clone();
            if seen.is_none() && due <= now {
                let looked = self.look_at_pulse(row, days)?;
                let keep = |row: &mut RoundRow| row.pulses[number].get_or_insert(looked).clone();
                seen = self.community.change_round(id, keep).await?;
            }
            pulses.push(pulse_json(days, due, seen));
        }
        Ok(pulses)
    }
}

fn pulse_json(days: u16, due: u64, seen: Option<PulseRow>) -> Pulse {
    let ready = seen.is_some();
    let PulseRow { people, active, spent, tasks } = seen.unwrap_or_default();
    Pulse { days, due: moment(due), ready, people, active, spent, tasks }
}

/// Returns whether people can say on the page of an hour what they need.
pub fn takes_words(row: &RoundRow) -> bool {
    let now = wall_clock().seconds();
    (row.starts_at.saturating_sub(SAY_BEFORE_SECONDS)..row.starts_at + SAY_AFTER_SECONDS).contains(&now)
}

/// Returns when a day begins, in seconds since 1970 UTC.
fn start_of(day: &str) -> Result<u64, FieldError> {
    Ok(text::timestamp("day", &format!("{}T00:00:00Z", day_of("day", day)?))?.seconds())
}

/// Returns that there is no such hour with pioneers.
pub fn unknown_round() -> Refused {
    let advice = "it was forgotten, or its link is typed wrongly: ask the council";
    Refused::Unknown { what: "hour with pioneers", code: "unknown_round", advice }
}
