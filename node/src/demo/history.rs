//! Three months in the life of the town, event by event, in the order of the clock.
//!
//! Each day draws its events from the dice, sorts them by time, and has them recorded. A few fixed days bring what is
//! rare: a lost phone, a veto, a party that two organisations sign for. The last day is the one the story is told of.

mod acts;
mod last_day;
mod pioneers;
mod policy;

use super::Interrupted;
use super::cast::{Cast, MUTUAL_LIMIT, MUTUAL_MEMBERS};
use super::dice::Dice;
use super::scribe::{Desk, Scribe};
use klaver_ledger::engine::Ledger;
use klaver_ledger::entry::VerifiedEntry;
use klaver_ledger::id::{AccountId, LedgerId};
use klaver_ledger::keys::SigningKey;
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::store::Store;
use klaver_ledger::time::{Day, Deadline, Seconds, Timestamp};
use std::collections::{HashMap, HashSet};

pub use policy::{ORIGIN, founding};

/// How many days the history has.
pub const DAYS: u64 = 92;
/// How many members join on the first day, and how many on each day after it.
const FIRST_MEMBERS: usize = 8 + MUTUAL_MEMBERS;
const MEMBERS_A_DAY: usize = 2;
/// The member of whom the last day tells.
const CITIZEN: usize = 0;
/// Ten days before the end it is thirty days since: then it is looked how things go.
const PIONEERS: u64 = DAYS - 40;
/// Minutes of a day, in UTC.
const NINE: u64 = 9 * 60;
const CLOSING: u64 = 18 * 60;

/// What can happen.
#[derive(Clone, Copy, Debug)]
enum Event {
    Accounts,
    HeirFund,
    FirstMembers,
    Members,
    Session { place: usize },
    Party,
    Purchase,
    Favour,
    Gift,
    HandOut,
    Task,
    VoucherMade,
    VoucherSpent,
    OwnFreeze,
    Unfreeze,
    PhoneLost,
    PhoneReplaced,
    WrongRecovery,
    Veto,
    CouncilCorrection,
    PayOut,
    Settle,
    Pioneers,
    LastDay,
}

/// The history that is being made.
struct Player<'d, S: Store> {
    scribe: Scribe<'d, S>,
    cast: &'d Cast,
    dice: Dice,
    start: Timestamp,
    /// How many members have joined.
    joined: usize,
    /// Where the state of an account was last set: what a change names as its base.
    bases: HashMap<AccountId, u64>,
    /// Members whose account is at rest.
    resting: HashSet<usize>,
    /// Members with a new phone.
    replaced: HashSet<usize>,
    /// The newest session: its index, and who got how much, in the order of the lines.
    session: Option<acts::Session>,
    /// Claims that are not settled, with their amounts.
    claims: Vec<(u64, u64)>,
    /// The recovery that waits.
    waiting: u64,
    /// When the budgets end.
    budgets_end: Deadline,
}

/// Returns the first moment of the history that ends where `until` begins.
pub fn start_of(until: Day) -> Option<Timestamp> {
    Timestamp::from_millis(until.0.checked_sub(DAYS)?.checked_mul(DAY_SECONDS * 1_000)?)
}

/// Returns the moment at which the day `until` begins: everything is recorded before it.
pub fn end_of(until: Day) -> Timestamp {
    Timestamp::from_millis(until.0.saturating_mul(DAY_SECONDS * 1_000)).unwrap_or(Timestamp::LATEST)
}

/// Plays everything behind the founding entry; what is recorded already is passed over.
///
/// Returns the ledger, with what each account has by the script's own tally.
///
/// # Errors
/// When somebody else changed the ledger, or it cannot be written.
pub fn play<S: Store>(
    ledger: Ledger<S>,
    founding: &VerifiedEntry,
    cast: &Cast,
    start: Timestamp,
    desk: &mut dyn Desk,
) -> Result<(Ledger<S>, HashMap<AccountId, i64>), Interrupted> {
    let ledger_id = LedgerId::of_founding_payload(founding.signed().payload());
    let mut player = Player {
        scribe: Scribe::new(ledger, ledger_id, cast, desk),
        cast,
        dice: Dice::new(cast.seed, "history"),
        start,
        joined: 0,
        bases: HashMap::new(),
        resting: HashSet::new(),
        replaced: HashSet::new(),
        session: None,
        claims: Vec::new(),
        waiting: 0,
        budgets_end: Deadline::after(start, Seconds(0)),
    };
    for day in 0..DAYS {
        player.play_day(day)?;
    }
    Ok(player.scribe.finish())
}

impl<S: Store> Player<'_, S> {
    fn play_day(&mut self, day: u64) -> Result<(), Interrupted> {
        for (minute, event) in self.events_of(day) {
            // People do not act on whole seconds. A planned hour begins on time, and draws no lots: what else happens in
            // the story does not hang on it.
            let is_planned = matches!(event, Event::Pioneers);
            let mut lot = |below| if is_planned { 0 } else { self.dice.below(below) };
            let moment = self.start.after(Seconds(day * DAY_SECONDS + minute * 60 + lot(60)));
            let moment = Timestamp::from_millis(moment.millis() + lot(1_000)).unwrap_or(moment);
            // Nothing happens before what has happened.
            self.scribe.now = moment.max(self.scribe.now);
            self.happen(event)?;
        }
        Ok(())
    }

    fn events_of(&mut self, day: u64) -> Vec<(u64, Event)> {
        use Event::*;
        let mut events: Vec<(u64, Event)> = match day {
            0 => vec![(8 * 60, Accounts), (8 * 60 + 20, HeirFund), (NINE, FirstMembers)],
            20 => vec![(NINE, VoucherMade)],
            25 => vec![(NINE + 30, OwnFreeze)],
            26 => vec![(NINE + 45, Unfreeze)],
            28 => vec![(NINE + 90, VoucherSpent)],
            40 => vec![(NINE + 10, PhoneLost)],
            // The recovery delay is two days.
            43 => vec![(NINE + 15, PhoneReplaced)],
            PIONEERS => vec![(NINE + 25, Pioneers)],
            50 => vec![(NINE + 20, WrongRecovery)],
            51 => vec![(NINE + 40, Veto)],
            70 => vec![(15 * 60, Party)],
            30 | 60 => vec![(CLOSING + 30, PayOut)],
            33 | 63 => vec![(NINE + 5, Settle)],
            62 => vec![(NINE + 50, CouncilCorrection)],
            _ if day == DAYS - 1 => vec![(15 * 60, LastDay)],
            _ => vec![],
        };
        if (1..=20).contains(&day) {
            events.push((NINE + self.dice.below(120), Members));
        }
        if day > 0 && day != 70 && day != DAYS - 1 {
            let places: &[usize] = match (self.start.day().0 + day + 4) % 7 {
                1 | 4 => &[1],
                2 | 5 => &[0],
                6 => &[0, 1],
                _ => &[],
            };
            events.extend(
                places.iter().map(|place| (14 * 60 + self.dice.below(120), Session { place: *place })),
            );
        }
        if day > 0 {
            let purchases = self.dice.between(2, 5);
            for _ in 0..purchases {
                let minute = if day == DAYS - 1 { 8 * 60 } else { NINE };
                events.push((minute + self.dice.below(if day == DAYS - 1 { 300 } else { 540 }), Purchase));
            }
            for (event, percent) in [(Favour, 25), (Gift, 35), (HandOut, 35), (Task, 14)] {
                if day < DAYS - 1 && self.dice.chance(percent) {
                    events.push((NINE + self.dice.below(CLOSING - NINE), event));
                }
            }
        }
        events.sort_by_key(|(minute, _)| *minute);
        events
    }

    fn happen(&mut self, event: Event) -> Result<(), Interrupted> {
        match event {
            Event::Accounts => self.open_accounts(),
            Event::HeirFund => self.name_heir_fund(),
            Event::FirstMembers => self.welcome_first(),
            Event::Members => self.welcome(MEMBERS_A_DAY),
            Event::Session { place } => self.regular_session(place),
            Event::Party => self.party(),
            Event::Purchase => self.purchase(),
            Event::Favour => self.favour(),
            Event::Gift => self.gift(),
            Event::HandOut => self.hand_out(),
            Event::Task => self.task(),
            Event::VoucherMade => self.make_voucher(),
            Event::VoucherSpent => self.spend_voucher(),
            Event::OwnFreeze => self.own_freeze(),
            Event::Unfreeze => self.unfreeze(),
            Event::PhoneLost => self.lose_phone(),
            Event::PhoneReplaced => self.replace_phone(),
            Event::WrongRecovery => self.wrong_recovery(),
            Event::Veto => self.veto(),
            Event::CouncilCorrection => self.council_correction(),
            Event::PayOut => self.pay_out(),
            Event::Settle => self.settle(),
            Event::Pioneers => self.begin_with_pioneers(),
            Event::LastDay => self.last_day(),
        }
    }

    /// Returns the key that a member holds now.
    fn key_of(&self, member: usize) -> SigningKey {
        let holder = &self.cast.members[member];
        if self.replaced.contains(&member) {
            super::dice::key(self.cast.seed, &format!("new phone/{}", holder.name))
        } else {
            holder.key.clone()
        }
    }

    /// Returns how far below zero a member may go.
    fn limit_of(member: usize) -> u64 {
        if (8..FIRST_MEMBERS).contains(&member) { MUTUAL_LIMIT } else { 0 }
    }

    /// Returns a member who can pay `amount` now, if one is found soon.
    fn somebody_with(&mut self, amount: u64) -> Option<usize> {
        (0..6).map(|_| self.dice.pick(self.joined)).find(|member| {
            let has = self.scribe.has(&self.cast.members[*member].account);
            // The citizen of the last day's story keeps two credits for it.
            let least = if *member == CITIZEN { 200 } else { -(Self::limit_of(*member) as i64) };
            has - amount as i64 >= least && !self.resting.contains(member)
        })
    }
}
