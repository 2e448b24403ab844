//! What becomes of an entry that lacks signatures once those who are missing have signed.
//!
//! Whoever signs first shall hear at once what no second signature can mend, and the second shall not be asked
//! for it. This is a forecast: nothing is remembered, and the rules decide again when the entry is complete.
//!
//! It tells nobody what the rules hide: only those who have begun to sign hear what the rest of them would hear.

use super::rules::apply_signed_by;
use super::{Books, Rejection, Standing, Who};
use crate::account::Rights;
use crate::charter::Charter;
use crate::entry::{Body, Statement, VerifiedEntry};
use crate::id::{AccountId, OrganisationId};
use crate::keys::PublicKey;
use crate::time::Timestamp;

/// How many times more signatures are imagined: council, own keys, a second organisation, those of a cover.
const ROUNDS: usize = 4;

/// Returns why `entry`, which lacks signatures, would be refused although everybody had signed; `None` when it would
/// be recorded, or when nothing can be said.
pub fn refusal_once_signed(books: &Books, entry: &VerifiedEntry, now: Timestamp) -> Option<Rejection> {
    if let Body::Attest(attest) = &entry.entry().body
        && attest.statement == Statement::Succession
    {
        // Its rule writes down all the books, for every first signature that anybody of the council sends.
        return None;
    }
    let charter = books.standing().charter(now)?;
    let mut keys = entry.signers().to_vec();
    for _ in 0..ROUNDS {
        match apply_signed_by(books, entry, &keys, now) {
            Ok(_) => return None,
            Err(Rejection::LacksSigners { who, .. }) => {
                let before = keys.len();
                let could = who_could_sign(books.standing(), charter, entry, who, now);
                // A second organisation's accounts are not looked at; of all others the answer may tell something.
                if who != Who::OtherOrganisation && !could.iter().any(|key| entry.signers().contains(key)) {
                    return None;
                }
                keys.extend(could.into_iter().filter(|key| !entry.signers().contains(key)));
                if keys.len() == before {
                    return None;
                }
            }
            // About an imagined signature nothing is told.
            Err(rejection) if rejection.is_about_a_key() => return None,
            Err(rejection) => return Some(rejection),
        }
    }
    None
}

/// Returns the keys that `who` may sign with.
fn who_could_sign(
    standing: &Standing,
    charter: &Charter,
    entry: &VerifiedEntry,
    who: Who,
    now: Timestamp,
) -> Vec<PublicKey> {
    match who {
        Who::Council => charter.council.clone(),
        Who::Rescue => charter.rescue.clone(),
        Who::Auditor | Who::OtherAuditor => charter.auditors.clone(),
        Who::Account { account, right, .. } => keys_of(standing, &account, right, now),
        Who::OtherOrganisation => match &entry.entry().body {
            Body::Earn(earn) => another_organisation(standing, &earn.budget, now),
            _ => Vec::new(),
        },
        // A guardian signs by itself, after the right PIN: whoever has read the printed key learns nothing.
        Who::Guardian | Who::Founders | Who::Issuer => Vec::new(),
    }
}

fn keys_of(standing: &Standing, account: &AccountId, right: Rights, now: Timestamp) -> Vec<PublicKey> {
    let Some(account) = standing.account(account) else { return Vec::new() };
    let state = account.standing(now).state;
    let holds =
        |grant: &&crate::account::KeyGrant| grant.rights.bits() & right.bits() != 0 && grant.counts(now);
    state.keys.iter().filter(holds).map(|grant| grant.key).collect()
}

/// Returns the spend keys of one budget or fund of another organisation.
fn another_organisation(standing: &Standing, budget: &AccountId, now: Timestamp) -> Vec<PublicKey> {
    let organisation_of = |id: &AccountId| -> Option<OrganisationId> {
        standing.account(id).and_then(|account| account.standing(now).state.organisation)
    };
    let own = organisation_of(budget);
    let mut others = standing.pots().filter(|account| {
        let of = account.standing(now).state.organisation;
        of.is_some()
            && of != own
            && account.closed_to().is_none()
            && account.check_awake("signatures", now).is_ok()
            && !keys_of(standing, &account.id(), Rights::SPEND, now).is_empty()
    });
    others.next().map(|account| keys_of(standing, &account.id(), Rights::SPEND, now)).unwrap_or_default()
}
