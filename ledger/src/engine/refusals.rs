//! The engine's memory of refusals: at most so many per account, each until its entry expires.

use crate::books::Rejection;
use crate::entry::{Body, VerifiedEntry};
use crate::id::EntryId;
use crate::limits::{REFUSALS_PER_ACCOUNT_MAX, VALIDITY_SECONDS_MAX};
use crate::refusal::{ChargedTo, Refusal};
use crate::time::{Deadline, Seconds, Timestamp};
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The live refusals.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals {
    by_id: HashMap<EntryId, Arc<Refusal>>,
    by_expiry: BTreeSet<(Deadline, EntryId)>,
    live: HashMap<ChargedTo, usize>,
}

impl Refusals {
    /// Returns how `id` was declined, if that still counts.
    pub(super) fn get(&self, id: &EntryId) -> Option<&Arc<Refusal>> {
        self.by_id.get(id)
    }

    /// Returns whether one more may be remembered at the cost of `charged_to`.
    pub(super) fn has_room(&self, charged_to: &ChargedTo) -> bool {
        self.live.get(charged_to).is_none_or(|live| *live < REFUSALS_PER_ACCOUNT_MAX)
    }

    /// Remembers a refusal until its entry expires.
    pub(super) fn remember(&mut self, refusal: Refusal) {
        let (id, expires_at, charged_to) = (refusal.id, refusal.expires_at, refusal.charged_to);
        if self.by_id.insert(id, Arc::new(refusal)).is_none() {
            self.by_expiry.insert((expires_at, id));
            *self.live.entry(charged_to).or_default() += 1;
        }
    }

    /// Forgets what has expired at `now`.
    pub(super) fn forget_expired(&mut self, now: Timestamp) {
        while let Some((expires_at, id)) = self.by_expiry.first().copied() {
            if !expires_at.has_passed(now) {
                return;
            }
            self.by_expiry.pop_first();
            let Some(refusal) = self.by_id.remove(&id) else { continue };
            if let Some(live) = self.live.get_mut(&refusal.charged_to) {
                *live -= 1;
                if *live == 0 {
                    self.live.remove(&refusal.charged_to);
                }
            }
        }
    }

    /// Returns the live refusals in the order in which they expire.
    pub(super) fn list(&self) -> Vec<Refusal> {
        self.by_expiry
            .iter()
            .filter_map(|(_, id)| self.by_id.get(id))
            .map(|refusal| (**refusal).clone())
            .collect()
    }
}

/// Puts a rejection into the words in which it is answered and remembered.
pub(super) fn refusal_of(entry: &VerifiedEntry, rejection: &Rejection) -> Refusal {
    Refusal {
        id: entry.id(),
        expires_at: entry.entry().expires_at,
        charged_to: charged_to(entry),
        code: rejection.code().to_owned(),
        sentence: rejection.to_string(),
        field: rejection.field().map(str::to_owned),
        details: rejection.details().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

/// Says that `entry` was declined and cannot be remembered: declined now, perhaps not later.
pub(super) fn too_many(entry: &VerifiedEntry) -> Refusal {
    Refusal {
        id: entry.id(),
        expires_at: entry.entry().expires_at,
        charged_to: charged_to(entry),
        code: "too_many_refusals".to_owned(),
        sentence: format!(
            "{REFUSALS_PER_ACCOUNT_MAX} entries of this account were declined and have not expired yet: \
             wait until they have, then try again"
        ),
        field: None,
        details: vec![("limit".to_owned(), REFUSALS_PER_ACCOUNT_MAX.to_string())],
    }
}

/// Returns whether a rejection must be remembered: "no" may not turn into "yes" behind somebody's back.
pub(super) fn must_be_remembered(rejection: &Rejection) -> bool {
    if let Rejection::ValidTooLong { expires_at, latest } = rejection
        && expires_at.millis() > latest.after(Seconds(VALIDITY_SECONDS_MAX)).millis()
    {
        // No policy allows it within the life of a wallet: remembering it would only fill memory.
        return false;
    }
    rejection.is_transient()
}

fn charged_to(entry: &VerifiedEntry) -> ChargedTo {
    let account = match &entry.entry().body {
        Body::Pay(pay) => Some(pay.from),
        Body::Earn(earn) => Some(earn.budget),
        Body::Redeem(redeem) => Some(redeem.merchant),
        Body::Retire(retire) => Some(retire.budget),
        Body::Change(change) => Some(change.state.account),
        Body::Close(close) => Some(close.account),
        Body::Found(_)
        | Body::Govern(_)
        | Body::Open(_)
        | Body::Veto(_)
        | Body::Refund(_)
        | Body::Settle(_)
        | Body::Correct(_)
        | Body::Attest(_) => None,
    };
    let signer = || *entry.signers().first().expect("an envelope has at least one signature");
    account.map_or_else(|| ChargedTo::Signer(signer()), ChargedTo::Account)
}
