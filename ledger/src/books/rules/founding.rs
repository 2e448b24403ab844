//! Founding: who signs, and what comes over from a predecessor.

use crate::books::effects::{Act, CirculationChange, Community, Effects};
use crate::books::reason::SuccessionFault;
use crate::books::signers::{Party, Signers};
use crate::books::{Books, Rejection, Who};
use crate::entry::{Found, VerifiedEntry};
use crate::id::{AccountId, LedgerId};
use crate::keys::PublicKey;
use crate::time::Timestamp;

/// The books came over from the predecessor that is named, or from nobody; returns its council.
pub(super) fn check_predecessor<'b>(
    books: &'b Books,
    found: &Found,
    now: Timestamp,
) -> Result<&'b [PublicKey], Rejection> {
    match (&books.standing.inherited, &found.predecessor) {
        (None, None) => Ok(&[]),
        (None, Some(_)) => Err(SuccessionFault::NoSnapshot.into()),
        (Some(_), None) => Err(SuccessionFault::NamesNobody.into()),
        (Some(_), Some(_)) if now < books.standing.last_recorded_at => {
            Err(SuccessionFault::RecordedLater.into())
        }
        (Some(inherited), Some(named)) => {
            inherited.check(named, found.scale, &found.charter)?;
            Ok(&inherited.council)
        }
    }
}

/// Every council key signs, and enough of the council of the predecessor, if there is one.
pub(super) fn check_founders(
    books: &Books,
    entry: &VerifiedEntry,
    found: &Found,
    old_council: &[PublicKey],
    now: Timestamp,
) -> Result<(), Rejection> {
    let charter = &found.charter;
    let signers = Signers { keys: entry.signers(), standing: &books.standing, charter, now };
    signers.only(&[Party::Council, Party::Keys(old_council)])?;
    let (have, need) = (signers.count(&charter.council), charter.council.len() as u64);
    if have < need {
        return Err(Rejection::LacksSigners { who: Who::Founders, have, need });
    }
    let have = signers.count(old_council);
    let need = books.standing.inherited.as_ref().map_or(0, |inherited| inherited.council_threshold);
    if have < need {
        return Err(Rejection::LacksSigners { who: Who::Council, have, need });
    }
    Ok(())
}

/// What the founding entry fixes for ever, and the first charter.
pub(super) fn founded(entry: &VerifiedEntry, found: &Found) -> Effects {
    let ledger = LedgerId::of_founding_payload(entry.signed().payload());
    let community = Community {
        ledger,
        name: found.name.clone(),
        unit: found.unit.clone(),
        scale: found.scale,
        predecessor: found.predecessor,
        settlement: AccountId::settlement_of(&ledger),
    };
    let act = Act::Found { community: Box::new(community), charter: Box::new(found.charter.clone()) };
    Effects::of([], [act], CirculationChange::default())
}
