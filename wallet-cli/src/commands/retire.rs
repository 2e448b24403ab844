//! `klaver retire`: take settled credits off the budget that issued them.

use crate::app::App;
use crate::entries::{Plan, report, send};
use crate::failure::Outcome;
use clap::Args;
use klaver_keystore::Purpose;
use klaver_ledger::entry::{Body, Retire as RetireBody};

/// Take settled credits off the budget that issued them.
#[derive(Args, Debug)]
pub struct Retire {
    /// The budget
    pub budget: String,
    /// How much
    pub amount: String,
}

impl Retire {
    /// Runs the command.
    ///
    /// # Errors
    /// When the key is not the council's, or less is settled.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let hat = app.office_hat(Purpose::Council)?;
        let budget = super::account_of(app, &self.budget)?;
        let mut contact = app.contact(&hat)?;
        let unit = contact.community.unit(app.output.language);
        let amount = unit.parse(&self.amount)?;
        let body = Body::Retire(RetireBody { budget, amount });
        let sent = send(app, &mut contact, &hat, Plan::patient(body))?;
        let done = app.output.words("done.retire", &[("amount", &unit.show(amount))]);
        Ok(report(app, &sent, &done))
    }
}
