//! Organisations: for which of them a visitor speaks, what is theirs, how they are called.

use super::Service;
use crate::clock::wall_clock;
use crate::community::sessions::{Role, Visitor};
use klaver_ledger::account::{AccountKind, AccountStatus, KeyGrant, Rights};
use klaver_ledger::books::Account;
use klaver_ledger::id::{AccountId, OrganisationId};
use klaver_ledger::time::Timestamp;
use std::collections::HashMap;

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

    /// Returns the organisations that have open budgets or funds of such a kind, each with these accounts. Reads these
    /// alone: it is asked for public pages.
    pub(super) fn organisations_with(
        &self,
        fits: impl Fn(AccountKind) -> bool,
    ) -> HashMap<OrganisationId, Vec<AccountId>> {
        let (standing, now) = (self.reader.standing(), wall_clock());
        of_organisations(standing.pots().filter(|account| fits(account.kind())), now)
    }

    /// Returns the organisations that have open accounts of any kind, each with these accounts. Reads every account.
    pub(super) fn organisations_with_accounts(&self) -> HashMap<OrganisationId, Vec<AccountId>> {
        let (standing, now) = (self.reader.standing(), wall_clock());
        of_organisations(standing.accounts(), now)
    }

    /// Returns how anybody may know a place: by the name of one of its budgets that is listed.
    pub(super) fn listed_place(&self, organisation: &OrganisationId) -> Option<String> {
        let listed = self.community.listed();
        let (standing, now) = (self.reader.standing(), wall_clock());
        let is_theirs = |id: &AccountId| {
            standing.account(id).is_some_and(|account| {
                account.kind() == AccountKind::Budget
                    && account.closed_to().is_none()
                    && account.standing(now).state.organisation == Some(*organisation)
            })
        };
        listed.into_iter().find(|(id, _)| is_theirs(id)).map(|(_, row)| row.name)
    }

    /// Returns what an organisation is called: by the council, else as one of its budgets is, with `is_listed` of those that
    /// anybody may know.
    pub(super) fn name_of_organisation(&self, of: &OrganisationId, is_listed: bool) -> Option<String> {
        if let Some(row) = self.community.organisation(&of.0) {
            return Some(row.name);
        }
        if is_listed {
            return self.listed_place(of);
        }
        let budgets = self.organisations_with(|kind| kind == AccountKind::Budget).remove(of)?;
        budgets.iter().find_map(|budget| self.community.profile(budget)).map(|row| row.name)
    }
}

fn of_organisations<'a>(
    accounts: impl Iterator<Item = &'a Account>,
    now: Timestamp,
) -> HashMap<OrganisationId, Vec<AccountId>> {
    let mut found: HashMap<OrganisationId, Vec<AccountId>> = HashMap::new();
    for account in accounts.filter(|account| account.closed_to().is_none()) {
        if let Some(organisation) = account.standing(now).state.organisation {
            found.entry(organisation).or_default().push(account.id());
        }
    }
    found
}
