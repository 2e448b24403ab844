//! `klaver settle`: record that redeemed credits were paid in euro.

use crate::app::App;
use crate::entries::{Plan, report, send};
use crate::failure::Outcome;
use clap::Args;
use klaver_keystore::Purpose;
use klaver_ledger::entry::{Body, Settle as SettleBody};
use klaver_ledger::id::Digest;

/// Record that redeemed credits were paid in euro.
#[derive(Args, Debug)]
pub struct Settle {
    /// Indexes of the redeems
    #[arg(required = true)]
    pub redeems: Vec<u64>,
    /// The bank's reference; only its hash is recorded
    #[arg(long, value_name = "TEXT")]
    pub bank_reference: String,
}

impl Settle {
    /// Runs the command.
    ///
    /// # Errors
    /// When the key is not the council's, or a redeem is unknown or settled.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let hat = app.office_hat(Purpose::Council)?;
        let mut contact = app.contact(&hat)?;
        let mut redeems = self.redeems;
        redeems.sort_unstable();
        redeems.dedup();
        let count = redeems.len().to_string();
        let bank_reference = Digest::of(self.bank_reference.trim().as_bytes());
        let body = Body::Settle(SettleBody { redeems, bank_reference });
        let sent = send(app, &mut contact, &hat, Plan::patient(body))?;
        let done = app.output.words("done.settle", &[("count", &count)]);
        Ok(report(app, &sent, &done))
    }
}
