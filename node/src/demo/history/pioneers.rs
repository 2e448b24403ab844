//! A shop gives euro, which raises the cap of a budget, and a small group begins with it.

use super::Player;
use crate::demo::Interrupted;
use crate::demo::cast;
use crate::demo::scribe::Beginning;
use klaver_ledger::account::{AccountState, AccountStatus};
use klaver_ledger::id::AccountId;
use klaver_ledger::store::Store;

/// By how much the cap is raised, in minor units.
const RAISED: u64 = 25_000;

impl<S: Store> Player<'_, S> {
    /// The council signs what a contribution makes possible, and plans an hour with pioneers.
    pub(super) fn begin_with_pioneers(&mut self) -> Result<(), Interrupted> {
        let cast = self.cast;
        let place = &cast.places[0];
        let budget = place.budgets[0].account;
        let state = place.states(self.budgets_end).find(|state| state.account == budget);
        let state = state.expect("a place has the states of its own budgets");
        let limit = cast::total(state.limit.minor() + RAISED);
        self.set_status(AccountState { limit, ..state }, AccountStatus::Open, &cast.two_of_council())?;
        let budgets = cast.places.iter().flat_map(|place| &place.budgets);
        let funded = |budget: &cast::Budget| -> (AccountId, String) {
            let funder = budget.name.split(" · ").nth(1).unwrap_or_default();
            (budget.account, funder.to_owned())
        };
        self.scribe.begin(&Beginning {
            budgets: budgets.map(funded).collect(),
            budget,
            raised: (self.scribe.last_entry(), RAISED),
            at: self.scribe.now,
        })
    }
}
