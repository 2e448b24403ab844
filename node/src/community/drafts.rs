//! Entries that wait for signatures.

use super::keep::{KeepError, on_disk};
use super::memos::MemoRow;
use super::{Community, Table};
use klaver_api::draft::{WaitsFor, draft_id};
use klaver_ledger::account::{AccountKind, Rights};
use klaver_ledger::books::{Account, Standing};
use klaver_ledger::entry::{Body, Entry, SignedEntry};
use klaver_ledger::id::{AccountId, EntryId};
use klaver_ledger::keys::PublicKey;
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most drafts that are kept and not recorded, waiting or ended.
pub const UNRECORDED_MAX: usize = 10_000;
/// Most of them that one key may have started.
pub const STARTED_PER_KEY_MAX: usize = 50;

/// How long a draft is kept after it ended, in seconds: for two days whoever comes late to sign is told why not.
pub const KEPT_SECONDS: u64 = 2 * DAY_SECONDS;

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftRow {
    /// The envelope with the signatures so far, base64url.
    pub envelope: String,
    /// The memo that came with it.
    pub memo: Option<MemoRow>,
    /// The key that signed first, in hexadecimal.
    pub started_by: String,
    /// When it ended or will end, in seconds since 1970 UTC: when it was recorded, or the entry expires.
    pub expires_at: u64,
    /// Whose signatures it waits for.
    #[serde(default)]
    pub waits_for: Option<WaitsFor>,
    /// Index of its record, once it is recorded: whoever comes too late to sign is told.
    #[serde(default)]
    pub recorded: Option<u64>,
}

impl DraftRow {
    /// Returns the envelope.
    pub fn signed(&self) -> Option<SignedEntry> {
        let bytes = klaver_api::text::from_base64url("envelope", &self.envelope).ok()?;
        SignedEntry::decode(&bytes).ok()
    }
}

impl Community {
    /// Returns whether any entry waits for signatures.
    pub fn has_drafts(&self) -> bool {
        !self.state().drafts.is_empty()
    }

    /// Returns the signatures that wait for `signed`, put together with its own.
    pub fn complete_draft(&self, id: &EntryId, signed: SignedEntry) -> SignedEntry {
        let waiting = {
            let state = self.state();
            if state.drafts.is_empty() {
                return signed;
            }
            state.drafts.get(&draft_id(id)).and_then(DraftRow::signed)
        };
        let Some(waiting) = waiting.filter(|waiting| waiting.payload() == signed.payload()) else {
            return signed;
        };
        // The signatures that came just now replace older ones by the same keys.
        signed
            .signatures()
            .iter()
            .fold(waiting, |merged, (key, signature)| merged.with_signature(*key, *signature))
    }

    /// Keeps an entry that lacks signers, with what it already has; returns whether there was room.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn put_draft(&self, id: &EntryId, row: DraftRow) -> Result<bool, KeepError> {
        let id = draft_id(id);
        let written = {
            let mut state = self.state();
            let row = match state.drafts.get(&id) {
                Some(before) if before.recorded.is_some() => return Ok(true),
                Some(before) => {
                    let memo = row.memo.or_else(|| before.memo.clone());
                    DraftRow { started_by: before.started_by.clone(), memo, ..row }
                }
                None => {
                    // What has ended is kept for two days, and takes room until then.
                    let unrecorded = || state.drafts.values().filter(|other| other.recorded.is_none());
                    let started = |other: &&DraftRow| other.started_by == row.started_by;
                    if unrecorded().count() >= UNRECORDED_MAX
                        || unrecorded().filter(started).count() >= STARTED_PER_KEY_MAX
                    {
                        return Ok(false);
                    }
                    row
                }
            };
            let written = self.put(Table::Draft, &id, &row);
            state.drafts.insert(id, row);
            written
        };
        on_disk(written).await.map(|()| true)
    }

    /// Notes that the entry of a draft is recorded.
    pub fn mark_draft_recorded(&self, id: &EntryId, index: u64, now_seconds: u64) {
        let mut state = self.state();
        let row = state.drafts.get_mut(&draft_id(id)).filter(|row| row.recorded.is_none());
        let Some(row) = row else { return };
        row.recorded = Some(index);
        row.expires_at = row.expires_at.min(now_seconds);
        let row = row.clone();
        drop(self.put(Table::Draft, &draft_id(id), &row));
    }

    /// Returns a draft.
    pub fn draft(&self, id: &[u8; 16]) -> Option<DraftRow> {
        self.state().drafts.get(id).cloned()
    }

    /// Returns every draft with its id, those that expire first at the start.
    pub fn drafts(&self) -> Vec<([u8; 16], DraftRow)> {
        let mut drafts: Vec<_> = self.state().drafts.iter().map(|(id, row)| (*id, row.clone())).collect();
        drafts.sort_by_key(|(id, row)| (row.expires_at, *id));
        drafts
    }
}

/// Returns whether something else was recorded in the place of `entry`, so that signing it would be refused.
///
/// Says so only where it is certain: the rules decide, this spares people a signature.
pub fn is_overtaken(standing: &Standing, entry: &Entry, now: Timestamp) -> bool {
    let is_gone = |id: &AccountId| standing.account(id).is_none_or(|account| account.closed_to().is_some());
    match &entry.body {
        Body::Govern(govern) => standing.charter_in_force(now).is_some_and(|(_, base)| base != govern.base),
        Body::Open(open) => open.states.iter().any(|state| standing.account(&state.account).is_some()),
        Body::Change(change) => standing.account(&change.state.account).is_none_or(|account| {
            let in_force = account.standing(now);
            let sets_state = in_force.status == change.status;
            account.closed_to().is_some() || (sets_state && in_force.base != change.base)
        }),
        Body::Close(close) => is_gone(&close.account),
        Body::Veto(veto) => {
            let of_charter = standing.waiting_charter(now).is_some_and(|waiting| waiting.index == veto.index);
            !of_charter && standing.account_waiting_for(veto.index).is_none()
        }
        Body::Pay(pay) => is_gone(&pay.from),
        Body::Earn(earn) => is_gone(&earn.budget),
        Body::Redeem(redeem) => is_gone(&redeem.merchant),
        Body::Found(_)
        | Body::Settle(_)
        | Body::Retire(_)
        | Body::Refund(_)
        | Body::Correct(_)
        | Body::Attest(_) => false,
    }
}

/// Returns whether `key` may read a draft of `entry`, because it could be counted among its signers.
///
/// A wider circle than the rules count, on purpose: they decide, this only shows. Nobody outside the accounts and
/// offices that the entry concerns is in it.
pub fn may_read(standing: &Standing, entry: &Entry, key: &PublicKey, now: Timestamp) -> bool {
    let Some(charter) = standing.charter(now) else { return false };
    let council = || charter.council.contains(key);
    let auditor = || charter.auditors.contains(key);
    let rescue = || charter.rescue.contains(key);
    let holds = |account: &Account, rights: Rights| {
        account.standing(now).state.grant(key).is_some_and(|grant| grant.rights.bits() & rights.bits() != 0)
    };
    let of =
        |id: &AccountId, rights: Rights| standing.account(id).is_some_and(|account| holds(account, rights));
    let second_organisation = || {
        standing.accounts_of_key(key).any(|account| {
            matches!(account.kind(), AccountKind::Budget | AccountKind::Fund) && holds(account, Rights::SPEND)
        })
    };
    match &entry.body {
        Body::Found(_) => false,
        Body::Govern(_) => council() || rescue() || auditor(),
        Body::Open(_) | Body::Settle(_) | Body::Retire(_) => council(),
        Body::Change(change) => {
            let organisation = standing
                .account(&change.state.account)
                .and_then(|account| account.standing(now).state.organisation);
            let colleague = || {
                organisation.is_some()
                    && standing.accounts_of_key(key).any(|account| {
                        account.standing(now).state.organisation == organisation
                            && holds(account, Rights::SPEND)
                    })
            };
            council() || auditor() || of(&change.state.account, Rights::ALL) || colleague()
        }
        Body::Veto(veto) => {
            council()
                || auditor()
                || standing
                    .account_waiting_for(veto.index)
                    .is_some_and(|account| holds(account, Rights::MANAGE))
        }
        Body::Close(close) => {
            council() || auditor() || of(&close.account, Rights::MANAGE) || of(&close.heir, Rights::SPEND)
        }
        Body::Earn(earn) => of(&earn.budget, Rights::SPEND) || second_organisation(),
        Body::Pay(pay) => of(&pay.from, Rights::SPEND),
        // The payee of the line is known to the rules' memory alone; a refund needs one key, so it is no draft.
        Body::Refund(_) => false,
        Body::Redeem(redeem) => of(&redeem.merchant, Rights::REDEEM),
        Body::Correct(correct) => {
            council() || correct.cover.is_some_and(|cover| of(&cover, Rights::SPEND)) || second_organisation()
        }
        Body::Attest(_) => council() || auditor(),
    }
}
