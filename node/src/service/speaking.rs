//! For which organisation a visitor speaks.

use super::Service;
use crate::clock::wall_clock;
use crate::community::sessions::{Role, Visitor};
use klaver_ledger::account::{AccountKind, AccountStatus, KeyGrant, Rights};
use klaver_ledger::id::OrganisationId;

impl Service {
    /// Returns the organisation of the visitor's account, when it is of such a kind, open, and the visitor's key spends
    /// from it now.
    pub(super) fn organisation_of(
        &self,
        visitor: &Visitor,
        speaks: impl Fn(AccountKind) -> bool,
    ) -> Option<OrganisationId> {
        let Role::Account(own) = visitor.role else { return None };
        let now = wall_clock();
        let standing = self.reader.standing();
        let account = standing.account(&own)?;
        let in_force = account.standing(now);
        let may_spend = |grant: &&KeyGrant| grant.rights.include(Rights::SPEND) && grant.counts(now);
        in_force.state.grant(&visitor.key).filter(may_spend)?;
        let is_open = in_force.status == AccountStatus::Open && account.closed_to().is_none();
        in_force.state.organisation.filter(|_| is_open && speaks(account.kind()))
    }
}
