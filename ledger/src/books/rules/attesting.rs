//! Statements about the ledger: who makes them, and the one that ends it.

use super::case::Case;
use crate::books::reason::SuccessionFault;
use crate::books::{Rejection, Who};
use crate::entry::{Attest, Statement};

/// The council or an auditor; both for a snapshot of the books, the council for the end of the ledger.
pub(super) fn check_who_attests(case: &Case<'_>, statement: Statement) -> Result<(), Rejection> {
    let by_auditor = case.signers.has_auditor();
    if statement == Statement::Snapshot {
        case.signers.need_council()?;
        if !by_auditor {
            return Err(Rejection::LacksSigners { who: Who::Auditor, have: 0, need: 1 });
        }
    }
    if by_auditor { Ok(()) } else { case.signers.need_council() }
}

/// A statement speaks of records that exist.
pub(super) fn check_speaks_of_what_exists(case: &Case<'_>, attest: &Attest) -> Result<(), Rejection> {
    let recorded = case.standing.size();
    if attest.size > recorded {
        return Err(Rejection::AttestAhead { size: attest.size, recorded });
    }
    Ok(())
}

/// The council ends a ledger where it stands, and names the digest of its books there.
pub(super) fn check_ends_as_the_books_stand(case: &Case<'_>, attest: &Attest) -> Result<(), Rejection> {
    case.signers.need_council()?;
    if attest.size != case.standing.size() {
        return Err(SuccessionFault::EndsElsewhere.into());
    }
    if attest.document != case.books.closing_digest() {
        return Err(SuccessionFault::EndsOtherwise.into());
    }
    Ok(())
}
