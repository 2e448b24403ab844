//! The charter: who replaces it, after how long, and who stops that.

use super::case::Case;
use crate::books::effects::Act;
use crate::books::reason::Mixed;
use crate::books::signers::Party;
use crate::books::{Rejection, WaitingCharter, Who};
use crate::charter::Charter;
use crate::keys::PublicKey;
use crate::limits::RESCUE_DELAY_SECONDS;
use crate::time::Seconds;

/// Who replaces the charter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Council,
    Rescue,
}

/// The council; without it the rescue keys, when they replace nothing but the council.
pub(super) fn check_who_governs(case: &Case<'_>, charter: &Charter) -> Result<By, Rejection> {
    if case.signers.is_council() {
        return Ok(By::Council);
    }
    let (have, need) = (case.signers.count(&case.charter.rescue), case.charter.rescue_threshold);
    if have == 0 || need == 0 {
        return Err(case.signers.lacks_council());
    }
    if have < need {
        return Err(Rejection::LacksSigners { who: Who::Rescue, have, need });
    }
    let mut council_alone = case.charter.clone();
    council_alone.council.clone_from(&charter.council);
    council_alone.council_threshold = charter.council_threshold;
    if council_alone != *charter {
        return Err(Rejection::MixedChange { what: Mixed::MoreThanCouncil });
    }
    Ok(By::Rescue)
}

/// Whoever signs has seen the charter in force, and none waits already.
pub(super) fn check_replaces_what_is_in_force(case: &Case<'_>, base: u64) -> Result<(), Rejection> {
    if base != case.charter_base {
        return Err(Rejection::WrongBase { base, in_force: case.charter_base });
    }
    match case.standing.waiting_charter(case.now) {
        None => Ok(()),
        Some(waiting) => {
            Err(Rejection::PendingExists { index: waiting.index, effective_at: waiting.effective_at })
        }
    }
}

/// The charter waits: the recovery delay, or thirty days when rescue keys replace the council.
pub(super) fn pending(case: &Case<'_>, charter: &Charter, by: By) -> Act {
    let delay = match by {
        By::Council => case.charter.policy.recovery_delay,
        By::Rescue => Seconds(RESCUE_DELAY_SECONDS),
    };
    Act::PendCharter {
        charter: Box::new(charter.clone()),
        effective_at: case.now.after(delay),
        by_rescue: by == By::Rescue,
    }
}

/// An auditor stops the council, the council stops rescue keys.
pub(super) fn check_who_vetoes(case: &Case<'_>, waiting: &WaitingCharter) -> Result<(), Rejection> {
    // Strangers hear the same as when nothing waits: an answer must not tell them what does.
    if !case.signers.has_office() {
        return Err(Rejection::NotPending { index: waiting.index });
    }
    if waiting.by_rescue {
        case.signers.only(&[Party::Council])?;
        return case.signers.need_council();
    }
    case.signers.only(&[Party::Auditors])?;
    let stops = |auditor: &PublicKey| {
        case.signers.has(auditor) && !removes_alone(case.charter, &waiting.charter, auditor)
    };
    if case.charter.auditors.iter().any(stops) {
        return Ok(());
    }
    Err(Rejection::LacksSigners { who: Who::OtherAuditor, have: 0, need: 1 })
}

/// An auditor has no veto against nothing but the own removal.
fn removes_alone(in_force: &Charter, waiting: &Charter, auditor: &PublicKey) -> bool {
    let mut without = in_force.clone();
    without.auditors.retain(|key| key != auditor);
    without == *waiting
}
