//! What waits for an account: for how long, who stops it, and what it keeps from happening meanwhile.

use super::case::Case;
use crate::account::{AccountStatus, Rights};
use crate::amount::Total;
use crate::books::signers::Party;
use crate::books::{Account, Rejection};
use crate::entry::{Body, Entry, codec};
use crate::id::{AccountId, Digest};
use crate::time::{Seconds, Timestamp};

/// How long an act of the council on somebody's account waits, and whether it can be vetoed: after a veto,
/// council and auditor together may record the same once more, with twice the delay and no veto.
pub(super) fn council_delay(case: &Case<'_>, account: &Account) -> (Timestamp, bool) {
    let delay = case.charter.policy.recovery_delay;
    let again = case.signers.has_auditor() && account.vetoed == Some(body_digest(case.entry));
    if again { (case.now.after(Seconds(delay.0 * 2)), false) } else { (case.now.after(delay), true) }
}

/// One thing waits at a time.
pub(super) fn refuse_while_waiting(case: &Case<'_>, account: &Account) -> Result<(), Rejection> {
    match account.waiting(case.now) {
        None => Ok(()),
        // A close that was announced and could have been carried out stands in nobody's way.
        Some(waiting) if waiting.effective_at <= case.now => Ok(()),
        Some(waiting) => {
            Err(Rejection::PendingExists { index: waiting.index, effective_at: waiting.effective_at })
        }
    }
}

/// A manage key stops what waits for its account: an account at rest once, what came again after a veto never.
/// Returns the account.
pub(super) fn check_veto<'a>(case: &Case<'a>, index: u64) -> Result<&'a Account, Rejection> {
    let not_pending = Rejection::NotPending { index };
    let account = case.standing.account_waiting_for(index).ok_or(not_pending.clone())?;
    // Strangers hear the same as when nothing waits: an answer must not tell them what does.
    if !case.signers.is_listed(account) {
        return Err(not_pending);
    }
    case.signers.only(&[Party::Account(account, Rights::MANAGE)])?;
    case.signers.need_one(account, Rights::MANAGE, Total::ZERO)?;
    let waiting = account.waiting(case.now).filter(|waiting| waiting.effective_at > case.now);
    if !waiting.ok_or(not_pending)?.has_veto {
        return Err(Rejection::VetoNotAllowed { index });
    }
    if account.standing(case.now).status == AccountStatus::Frozen && account.frozen_veto_used {
        return Err(Rejection::VetoUsed { account: account.id() });
    }
    Ok(account)
}

/// SHA-256 of what an entry says, without nonce and expiry: the same act recorded again has the same.
pub(super) fn body_digest(entry: &Entry) -> Digest {
    match &entry.body {
        Body::Close(close) => close_digest(&close.account, &close.heir),
        Body::Change(change) => codec::state_digest(&change.state, change.status),
        _ => unreachable!("only changes and closes wait for an account"),
    }
}

/// SHA-256 of what a close says.
pub(in crate::books) fn close_digest(account: &AccountId, heir: &AccountId) -> Digest {
    Digest::of(&[&b"close"[..], &account.0, &heir.0].concat())
}
