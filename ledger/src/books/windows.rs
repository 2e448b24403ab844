//! What only the rules read: recorded ids, paid requests, lines that can still be undone, counters of the day.

use super::effects::Act;
use crate::entry::Kind;
use crate::id::{AccountId, EntryId, OrganisationId, RequestId};
use crate::limits::{CORRECTION_WINDOW_SECONDS_MAX, OWN_CORRECTION_MS, REFUND_WINDOW_SECONDS};
use crate::time::{Day, Deadline, Seconds, Timestamp};
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// How long rows are kept: the longest window that any policy may set, so that a wider policy finds them.
const ROWS_KEPT: Seconds = Seconds(REFUND_WINDOW_SECONDS.1);
const _: () =
    assert!(ROWS_KEPT.0 >= CORRECTION_WINDOW_SECONDS_MAX && ROWS_KEPT.0 * 1_000 >= OWN_CORRECTION_MS);

/// Payees' lines of an `earn` or `pay` that can still be refunded or corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whether it was an `earn` or a `pay`.
    pub kind: Kind,
    /// The budget or the payer.
    pub origin: AccountId,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The payees' lines; the first has number 1.
    pub lines: SmallVec<[RowLine; 1]>,
}

impl Row {
    /// Returns a line by its number; the first has number 1.
    pub fn line(&self, number: u64) -> Option<RowLine> {
        self.lines.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
    }

    fn line_mut(&mut self, number: u64) -> Option<&mut RowLine> {
        self.lines.get_mut(usize::try_from(number).ok()?.checked_sub(1)?)
    }
}

/// One payee's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowLine {
    /// The payee.
    pub account: AccountId,
    /// What has not been undone yet, in minor units.
    pub left: u64,
}

/// A redeem that waits for its euro, or that can still be corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The merchant.
    pub merchant: AccountId,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What has not been undone, in minor units.
    pub left: u64,
}

/// The writer's memory, besides the accounts.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    pub(super) ids: HashMap<EntryId, (u64, Deadline)>,
    pub(super) requests: HashMap<(AccountId, RequestId), Deadline>,
    pub(super) rows: BTreeMap<u64, Row>,
    pub(super) today: Today,
    /// Sizes at which the tables are next cleared of what has expired: work in proportion to growth.
    sweep_ids_at: usize,
    sweep_requests_at: usize,
}

/// Counters of one UTC day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Today {
    pub day: Day,
    pub registrar_opens: u64,
    pub registrar_freezes: u64,
    pub issued: BTreeMap<OrganisationId, u64>,
}

impl Default for Today {
    fn default() -> Self {
        Self { day: Day(0), registrar_opens: 0, registrar_freezes: 0, issued: BTreeMap::new() }
    }
}

/// Returns whether a row is still within the longest window that any policy may set.
pub(super) fn is_kept(row: &Row, now: Timestamp) -> bool {
    now.is_within(ROWS_KEPT, row.recorded_at)
}

impl Windows {
    /// Returns the index under which `id` was recorded, as long as the entry has not expired.
    pub fn recorded(&self, id: &EntryId) -> Option<u64> {
        self.ids.get(id).map(|(index, _)| *index)
    }

    /// Returns the payees' lines of entry `index` that can still be undone.
    pub fn row(&self, index: u64) -> Option<&Row> {
        self.rows.get(&index)
    }

    /// Takes over what does not hang on indexes of the old ledger: requests that are paid, and counters of the day.
    pub(super) fn carry_over(&mut self, old: Self, now: Timestamp) {
        self.requests = old.requests;
        self.requests.retain(|_, until| !until.has_passed(now));
        self.today = old.today;
    }

    pub(super) fn request_is_paid(&self, payee: AccountId, request: RequestId, now: Timestamp) -> bool {
        self.requests.get(&(payee, request)).is_some_and(|until| !until.has_passed(now))
    }

    pub(super) fn registrar_opens(&self, now: Timestamp) -> u64 {
        if self.today.day == now.day() { self.today.registrar_opens } else { 0 }
    }

    pub(super) fn registrar_freezes(&self, now: Timestamp) -> u64 {
        if self.today.day == now.day() { self.today.registrar_freezes } else { 0 }
    }

    pub(super) fn issued_today(&self, organisation: &OrganisationId, now: Timestamp) -> u64 {
        if self.today.day == now.day() {
            self.today.issued.get(organisation).copied().unwrap_or(0)
        } else {
            0
        }
    }

    pub(super) fn post(
        &mut self,
        id: EntryId,
        expires_at: Deadline,
        index: u64,
        recorded_at: Timestamp,
        acts: &[Act],
    ) {
        if self.ids.len() >= self.sweep_ids_at {
            self.ids.retain(|_, (_, expires_at)| !expires_at.has_passed(recorded_at));
            self.sweep_ids_at = (self.ids.len() * 2).max(1_024);
        }
        self.ids.insert(id, (index, expires_at));
        while let Some(oldest) = self.rows.first_entry() {
            if is_kept(oldest.get(), recorded_at) {
                break;
            }
            oldest.remove();
        }
        if self.today.day != recorded_at.day() {
            self.today = Today { day: recorded_at.day(), ..Today::default() };
        }
        for act in acts {
            self.act(act, index, recorded_at);
        }
    }

    fn act(&mut self, act: &Act, index: u64, recorded_at: Timestamp) {
        match act {
            Act::Remember { row } => {
                self.rows.insert(index, row.clone());
            }
            Act::Reverse { index, line, amount } => {
                let row = self.rows.get_mut(index).expect("the rule found this row");
                row.line_mut(*line).expect("the rule found this line").left -= amount;
                if row.lines.iter().all(|line| line.left == 0) {
                    self.rows.remove(index);
                }
            }
            Act::PayRequest { payee, request, until } => {
                if self.requests.len() >= self.sweep_requests_at {
                    self.requests.retain(|_, until| !until.has_passed(recorded_at));
                    self.sweep_requests_at = (self.requests.len() * 2).max(1_024);
                }
                self.requests.insert((*payee, *request), *until);
            }
            Act::CountIssued { organisation, amount } => {
                *self.today.issued.entry(*organisation).or_default() += amount;
            }
            Act::CountRegistrar { opens, freezes } => {
                self.today.registrar_opens += opens;
                self.today.registrar_freezes += freezes;
            }
            Act::Found { .. }
            | Act::End
            | Act::PendCharter { .. }
            | Act::VetoCharter
            | Act::Open { .. }
            | Act::Replace { .. }
            | Act::SetStatus { .. }
            | Act::PendState { .. }
            | Act::PendClose { .. }
            | Act::Claim { .. }
            | Act::ReverseClaim { .. }
            | Act::Settle { .. }
            | Act::VetoAccount { .. }
            | Act::Close { .. }
            | Act::OwnEntry { .. }
            | Act::AnchorNote { .. } => {}
        }
    }
}
