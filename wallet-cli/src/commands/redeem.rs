//! `klaver redeem`: ask to be paid out in euro.

use crate::app::App;
use crate::entries::{Plan, report, send};
use crate::failure::Outcome;
use clap::Args;
use klaver_api::paths;
use klaver_ledger::entry::{Body, Redeem as RedeemBody};

/// Ask to be paid out in euro.
#[derive(Args, Debug)]
pub struct Redeem {
    /// How much
    pub amount: String,
}

impl Redeem {
    /// Runs the command.
    ///
    /// # Errors
    /// When the account is no merchant's, or has not enough.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let (hat, merchant) = app.account_hat()?;
        let mut contact = app.contact(&hat)?;
        let unit = contact.community.unit(app.output.language);
        let amount = unit.parse(&self.amount)?;
        let said: klaver_api::Community = contact.http.get(paths::COMMUNITY, None)?;
        // The rate is signed: a node that names another than the charter's is refused by its own rules.
        let rate = said.charter.policy.euro_rate.map(|rate| rate.to_rate()).transpose()?;
        let body = Body::Redeem(RedeemBody { merchant, amount, rate });
        let sent = send(app, &mut contact, &hat, Plan::now(body))?;
        let euro = rate.and_then(|rate| rate.euro_cents(amount));
        let euro = euro.map_or_else(|| "-".to_owned(), |cents| crate::money::euro(cents, unit.language));
        let done = app.output.words("done.redeem", &[("amount", &unit.show(amount)), ("euro", &euro)]);
        Ok(report(app, &sent, &done))
    }
}
