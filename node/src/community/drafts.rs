//! Entries that wait for signatures.

use super::keep::{KeepError, on_disk};
use super::memos::MemoRow;
use super::{Community, Table};
use klaver_api::draft::draft_id;
use klaver_ledger::account::{AccountKind, Rights};
use klaver_ledger::books::{Account, Standing};
use klaver_ledger::entry::{Body, Entry, SignedEntry};
use klaver_ledger::id::{AccountId, EntryId};
use klaver_ledger::keys::PublicKey;
use klaver_ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most drafts that wait at once.
pub const WAITING_MAX: usize = 10_000;
/// Most drafts that one key may have started.
pub const STARTED_PER_KEY_MAX: usize = 50;

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftRow {
    /// The envelope with the signatures so far, base64url.
    pub envelope: String,
    /// The memo that came with it.
    pub memo: Option<MemoRow>,
    /// The key that signed first, in hexadecimal.
    pub started_by: String,
    /// When the entry expires, in seconds since 1970 UTC.
    pub expires_at: u64,
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
                Some(before) => {
                    let memo = row.memo.or_else(|| before.memo.clone());
                    DraftRow { started_by: before.started_by.clone(), memo, ..row }
                }
                None => {
                    let started = |other: &&DraftRow| other.started_by == row.started_by;
                    if state.drafts.len() >= WAITING_MAX
                        || state.drafts.values().filter(started).count() >= STARTED_PER_KEY_MAX
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

    /// Forgets the draft of an entry that is recorded.
    pub fn forget_draft(&self, id: &EntryId) {
        let mut state = self.state();
        if !state.drafts.is_empty() && state.drafts.remove(&draft_id(id)).is_some() {
            drop(self.delete(Table::Draft, &draft_id(id)));
        }
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
