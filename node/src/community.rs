//! Community data: what is erasable and cannot be derived from the ledger.
//!
//! Payment requests, invitations, drafts, memos, own codes, cards and vouchers, the names that accounts are shown by, and
//! what a doe-plek keeps: tasks, sessions, who came, familiar faces; what people told a person of trust; which
//! organisations take part, who pays for budgets and what others added, hours with pioneers, the pot that bears promises.
//! None of it decides about money. It lives in memory; [`keep`] makes it durable and forgets what was deleted, also on the
//! disk. Sessions live in memory alone.

pub mod keep;

pub mod access;
pub mod aliases;
pub mod budgets;
pub mod counters;
pub mod directory;
pub mod drafts;
pub mod invitations;
pub mod memos;
pub mod organisations;
pub mod pairings;
pub mod papers;
pub mod pioneers;
pub mod pots;
pub mod presence;
pub mod promises;
pub mod requests;
pub mod sessions;
pub mod tasks;
pub mod tills;
pub mod watchers;
pub mod wrong;

use keep::{Keep, KeepError, Kept};
use klaver_ledger::account::AccountKind;
use klaver_ledger::id::{AccountId, LedgerId};
use klaver_ledger::limits::DAY_SECONDS;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use access::AccessRow;
pub use aliases::AliasRow;
pub use budgets::{BudgetRow, ContributionRow};
pub use directory::ProfileRow;
pub use drafts::DraftRow;
pub use invitations::InvitationRow;
pub use memos::MemoRow;
pub use organisations::{GatheringRow, OrganisationRow};
pub use papers::PaperRow;
pub use pioneers::RoundRow;
pub use pots::{HeartyRow, PotRow};
pub use presence::PresenceRow;
pub use requests::RequestRow;
pub use tasks::{FaceRow, TaskRow, TaskSessionRow};
pub use tills::TillRow;
pub use wrong::{PersonOfTrustRow, ToldRow};

/// All community data of a node.
pub struct Community {
    state: Mutex<State>,
    keep: Keep,
    /// Who waits for news of a request or an account.
    pub watchers: watchers::Watchers,
}

/// What is known, by its key.
#[derive(Default)]
struct State {
    requests: HashMap<[u8; 16], RequestRow>,
    invitations: HashMap<[u8; 16], InvitationRow>,
    drafts: HashMap<[u8; 16], DraftRow>,
    memos: HashMap<u64, MemoRow>,
    profiles: HashMap<AccountId, ProfileRow>,
    accesses: HashMap<u64, AccessRow>,
    aliases: HashMap<String, AliasRow>,
    counters: Option<counters::CountersRow>,
    papers: HashMap<[u8; 16], PaperRow>,
    /// The number that a card or voucher was given last.
    paper_numbers: u64,
    tills: HashMap<AccountId, TillRow>,
    tasks: HashMap<[u8; 16], TaskRow>,
    task_sessions: HashMap<[u8; 16], TaskSessionRow>,
    /// By session and account.
    presences: HashMap<([u8; 16], [u8; 16]), PresenceRow>,
    /// By organisation and account.
    faces: HashMap<([u8; 16], [u8; 16]), FaceRow>,
    pots: HashMap<[u8; 16], PotRow>,
    /// Shops without account.
    hearty: HashMap<[u8; 16], HeartyRow>,
    /// The account that is kept for the pot of the town.
    town_pot: Option<[u8; 16]>,
    /// Who goes along, by organisation.
    companions: BTreeMap<[u8; 16], Vec<klaver_api::Companion>>,
    persons_of_trust: HashMap<[u8; 16], PersonOfTrustRow>,
    told: HashMap<[u8; 16], ToldRow>,
    /// Counts of what was told and is erased.
    wrong_years: wrong::WrongYears,
    /// The pot that bears promises that stayed unpaid.
    promise_pot: Option<[u8; 16]>,
    /// Those that it was asked to bear.
    borne: HashMap<[u8; 16], promises::BorneRow>,
    /// What stands beside budgets, by account.
    budgets: HashMap<[u8; 16], BudgetRow>,
    contributions: HashMap<[u8; 16], ContributionRow>,
    rounds: HashMap<[u8; 16], RoundRow>,
    growth: Option<pioneers::GrowthRow>,
    /// Organisations that have a name, and those without the currency.
    organisations: BTreeMap<[u8; 16], OrganisationRow>,
    gatherings: HashMap<[u8; 16], GatheringRow>,
}

/// The tables, by the first byte of their keys on the disk.
#[derive(Clone, Copy)]
enum Table {
    Request = 1,
    Invitation = 2,
    Draft = 3,
    Memo = 4,
    Profile = 5,
    Access = 6,
    Alias = 7,
    Counters = 20,
    Till = 21,
    Paper = 22,
    PaperNumbers = 23,
    Task = 32,
    TaskSession = 33,
    Presence = 34,
    Face = 35,
    Pot = 40,
    Hearty = 41,
    TownPot = 42,
    Companions = 43,
    PersonOfTrust = 44,
    Told = 45,
    WrongYears = 46,
    PromisePot = 50,
    Borne = 51,
    Budget = 53,
    Contribution = 54,
    Round = 55,
    Growth = 56,
    Organisation = 57,
    Gathering = 58,
}

impl Community {
    /// Opens the community data below `root`, or starts it.
    ///
    /// # Errors
    /// When the journal is damaged, in use, or its disk fails; says what is safe.
    pub fn open(root: &Path, ledger: &LedgerId) -> Result<Self, KeepError> {
        Self::with(Keep::open(root, ledger)?)
    }

    /// As [`open`](Self::open); where nothing can be written, what is there is read, and every later write fails.
    ///
    /// # Errors
    /// When it cannot be read either.
    pub fn open_or_read(root: &Path, ledger: &LedgerId) -> Result<Self, KeepError> {
        match Keep::open(root, ledger) {
            Ok(kept) => Self::with(kept),
            Err(error) => {
                tracing::error!(%error, "community data is read-only");
                Self::with(Keep::read(root, ledger)?)
            }
        }
    }

    fn with((keep, kept): (Keep, Vec<Kept>)) -> Result<Self, KeepError> {
        let mut state = State::default();
        for Kept { key, value } in kept {
            state.load(&key, &value)?;
        }
        Ok(Self { state: Mutex::new(state), keep, watchers: watchers::Watchers::default() })
    }

    /// Returns how often something that was erased could not be taken off the disk, or rows not written, since the start.
    pub fn failures(&self) -> u64 {
        self.keep.failures()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of a table is one insertion or removal: a panic elsewhere leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a row on its way to the disk; wait for the result before promising anything.
    fn put<T: Serialize>(&self, table: Table, id: &[u8], row: &T) -> keep::Written {
        self.keep.write(vec![(key(table, id), Some(to_json(row)))])
    }

    fn delete(&self, table: Table, id: &[u8]) -> keep::Written {
        self.keep.write(vec![(key(table, id), None)])
    }

    /// Returns every account that something is kept of which ends with the account.
    pub fn accounts(&self) -> HashSet<AccountId> {
        let state = self.state();
        let papers = state.papers.values().map(|row| row.account);
        let aliases = state.aliases.values().map(|row| row.account);
        let faces = state.faces.keys().map(|(_, account)| *account);
        let listeners = state.persons_of_trust.values().map(|row| row.account);
        let own = state.tills.keys().chain(state.profiles.keys()).copied();
        papers.chain(aliases).chain(faces).chain(listeners).map(AccountId).chain(own).collect()
    }

    /// Forgets what is kept of accounts that are closed, also on the disk: own codes, tills, cards and vouchers with their
    /// PINs, the faces that places know people by, their names, and that they listen. The name of a shop or place stays with
    /// what it did; what somebody told stays its three months, so that closing an account silences nobody.
    pub fn erase_accounts(&self, closed: &HashMap<AccountId, AccountKind>) {
        let mut gone = Vec::new();
        {
            let state = &mut *self.state();
            let mut sweep = |table: Table, id: &[u8], account: &[u8; 16]| {
                let is_closed = closed.contains_key(&AccountId(*account));
                if is_closed {
                    gone.push(key(table, id));
                }
                !is_closed
            };
            let is_person = |account: &AccountId| closed.get(account) == Some(&AccountKind::Member);
            state
                .profiles
                .retain(|account, _| !is_person(account) || sweep(Table::Profile, &account.0, &account.0));
            state.tills.retain(|account, _| sweep(Table::Till, &account.0, &account.0));
            state.aliases.retain(|alias, row| sweep(Table::Alias, alias.as_bytes(), &row.account));
            state.papers.retain(|id, row| sweep(Table::Paper, id, &row.account));
            state.persons_of_trust.retain(|id, row| sweep(Table::PersonOfTrust, id, &row.account));
            state
                .faces
                .retain(|(place, account), _| sweep(Table::Face, &tasks::pair(place, account), account));
        }
        if !gone.is_empty() {
            // Nobody waits for this; what a crash keeps is erased at the next sweep.
            drop(self.keep.erase(gone));
        }
    }

    /// Erases what has ended: requests a day after their time, drafts after two, invitations at once or when those who
    /// came no longer count, accesses and
    /// replaced codes after a year, shops that nobody listed after ninety days, promises that a pot was asked to bear
    /// after half a year, contributions after ten years, hours with pioneers after a year.
    pub fn erase_ended(&self, now_seconds: u64) {
        let mut gone = Vec::new();
        {
            let state = &mut *self.state();
            state.settle_promises(|key, row| gone.push((key, Some(row))));
            let mut sweep = |table: Table, id: &[u8], ended: bool| {
                if ended {
                    gone.push((key(table, id), None));
                }
                !ended
            };
            state.requests.retain(|id, row| sweep(Table::Request, id, row.until + DAY_SECONDS < now_seconds));
            state.invitations.retain(|id, row| sweep(Table::Invitation, id, row.is_over(now_seconds)));
            state.drafts.retain(|id, row| {
                sweep(Table::Draft, id, row.expires_at + drafts::KEPT_SECONDS <= now_seconds)
            });
            state.aliases.retain(|alias, row| {
                let is_old = |at: u64| at + aliases::REPLACED_SECONDS < now_seconds;
                sweep(Table::Alias, alias.as_bytes(), row.replaced.is_some_and(is_old))
            });
            state.accesses.retain(|id, row| {
                sweep(Table::Access, &id.to_be_bytes(), row.at + 365 * DAY_SECONDS < now_seconds)
            });
            state.contributions.retain(|id, row| {
                sweep(Table::Contribution, id, row.at + budgets::KEPT_SECONDS < now_seconds)
            });
            state.rounds.retain(|id, row| {
                sweep(Table::Round, id, row.starts_at + pioneers::KEPT_SECONDS < now_seconds)
            });
            let mut left = Vec::new();
            state.hearty.retain(|id, row| {
                let is_left = !row.listed && row.since + pots::UNLISTED_SECONDS < now_seconds;
                if is_left {
                    left.push(pots::PotOwner::Hearty(*id));
                }
                sweep(Table::Hearty, id, is_left)
            });
            state.pots.retain(|id, row| sweep(Table::Pot, id, left.contains(&row.owner)));
            state.borne.retain(|id, row| {
                sweep(Table::Borne, id, row.ended_at + promises::KEPT_SECONDS < now_seconds)
            });
        }
        if !gone.is_empty() {
            // Nobody waits for this; what a crash keeps is erased at the next sweep.
            drop(self.keep.write(gone));
        }
    }
}

/// Copies what goes on in a ledger that continues another: the names of places and people, their own codes, those of
/// cards and vouchers, how tills take credits, tasks with their sessions and who comes, familiar faces, pots, open
/// invitations, who listens and what they were told, the pot that bears promises, who funds budgets, hours with
/// pioneers, how the community grew, organisations and when they meet. Memos and requests stay with the records that they stand beside.
///
/// # Errors
/// When the old ones are gone or cannot be read, or the new ones not written.
pub fn carry_over(old: (&Path, &LedgerId), new: (&Path, &LedgerId)) -> Result<(), KeepError> {
    keep::check_not_gone(old.0)?;
    let (_, kept) = Keep::read(old.0, old.1)?;
    let goes_on = [
        Table::Profile,
        Table::Invitation,
        Table::Alias,
        Table::Paper,
        Table::PaperNumbers,
        Table::Till,
        Table::Task,
        Table::TaskSession,
        Table::Presence,
        Table::Face,
        Table::Hearty,
        Table::TownPot,
        Table::Companions,
        Table::PersonOfTrust,
        Table::WrongYears,
        Table::PromisePot,
        Table::Budget,
        Table::Round,
        Table::Organisation,
        Table::Gathering,
    ]
    .map(|table| table as u8);
    let mut state = State::default();
    let mut rows = Vec::new();
    for Kept { key, value } in kept {
        let Some(table) = key.first() else { continue };
        if goes_on.contains(table) {
            rows.push((key, Some(value)));
        } else if [Table::Request, Table::Pot, Table::Told, Table::Contribution, Table::Growth]
            .map(|table| table as u8)
            .contains(table)
        {
            state.load(&key, &value)?;
        }
    }
    // Requests stay behind: what was paid is taken off what waits in a pot now, the rest can be asked for anew.
    state.settle_closings(u64::MAX, |_, _| {});
    rows.extend(state.pots.iter().map(|(id, row)| (self::key(Table::Pot, id), Some(to_json(row)))));
    // What was told names records of the old ledger.
    let told = state.told.into_iter().map(|(id, row)| (self::key(Table::Told, &id), row.carried_over()));
    rows.extend(told.map(|(key, row)| (key, Some(to_json(&row)))));
    // So does what raised a cap: what stands there now came over with the account.
    let given = state
        .contributions
        .into_iter()
        .map(|(id, row)| (self::key(Table::Contribution, &id), row.carried_over()));
    rows.extend(given.map(|(key, row)| (key, Some(to_json(&row)))));
    // The accounts came over without the records that opened them: growth goes on from what was shown last.
    let grown = state.growth.map(pioneers::GrowthRow::carried_over);
    rows.extend(grown.map(|row| (self::key(Table::Growth, &[]), Some(to_json(&row)))));
    let (keep, _) = Keep::open(new.0, new.1)?;
    keep::wait(keep.write(rows))
}

impl State {
    fn load(&mut self, key: &[u8], value: &[u8]) -> Result<(), KeepError> {
        let malformed = || KeepError::Row { table: key.first().copied().unwrap_or(0) };
        let (table, id) = key.split_first().ok_or_else(malformed)?;
        let sixteen = || <[u8; 16]>::try_from(id).map_err(|_| malformed());
        let two = || {
            let (one, other) = id.split_first_chunk().ok_or_else(malformed)?;
            Ok::<_, KeepError>((*one, <[u8; 16]>::try_from(other).map_err(|_| malformed())?))
        };
        let number = || <[u8; 8]>::try_from(id).map(u64::from_be_bytes).map_err(|_| malformed());
        match *table {
            1 => drop(self.requests.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            2 => drop(self.invitations.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            3 => drop(self.drafts.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            4 => drop(self.memos.insert(number()?, row(value).ok_or_else(malformed)?)),
            5 => drop(self.profiles.insert(AccountId(sixteen()?), row(value).ok_or_else(malformed)?)),
            7 => {
                let alias = String::from_utf8(id.to_vec()).map_err(|_| malformed())?;
                drop(self.aliases.insert(alias, row(value).ok_or_else(malformed)?));
            }
            22 => {
                let paper: PaperRow = row(value).ok_or_else(malformed)?;
                self.paper_numbers = self.paper_numbers.max(paper.number);
                self.papers.insert(sixteen()?, paper);
            }
            23 => self.paper_numbers = self.paper_numbers.max(row(value).ok_or_else(malformed)?),
            21 => drop(self.tills.insert(AccountId(sixteen()?), row(value).ok_or_else(malformed)?)),
            32 => drop(self.tasks.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            33 => drop(self.task_sessions.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            34 => drop(self.presences.insert(two()?, row(value).ok_or_else(malformed)?)),
            35 => drop(self.faces.insert(two()?, row(value).ok_or_else(malformed)?)),
            40 => drop(self.pots.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            41 => drop(self.hearty.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            43 => drop(self.companions.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            44 => drop(self.persons_of_trust.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            45 => drop(self.told.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            46 => self.wrong_years = row(value).ok_or_else(malformed)?,
            50 => self.promise_pot = Some(row(value).ok_or_else(malformed)?),
            51 => drop(self.borne.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            53 => drop(self.budgets.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            54 => drop(self.contributions.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            55 => drop(self.rounds.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            56 => self.growth = Some(row(value).ok_or_else(malformed)?),
            57 => drop(self.organisations.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            58 => drop(self.gatherings.insert(sixteen()?, row(value).ok_or_else(malformed)?)),
            42 => self.town_pot = Some(row(value).ok_or_else(malformed)?),
            6 => drop(self.accesses.insert(number()?, row(value).ok_or_else(malformed)?)),
            20 => self.counters = Some(row(value).ok_or_else(malformed)?),
            _ => return Err(malformed()),
        }
        Ok(())
    }
}

fn to_json<T: Serialize>(row: &T) -> Vec<u8> {
    serde_json::to_vec(row).expect("rows are plain values")
}

fn row<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    serde_json::from_slice(value).ok()
}

fn key(table: Table, id: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + id.len());
    key.push(table as u8);
    key.extend_from_slice(id);
    key
}
