//! `klaver refund`: give back a payment, or part of it.

use crate::app::App;
use crate::contact::Contact;
use crate::entries::{Plan, report, send};
use crate::failure::{Exit, Failure, Outcome};
use crate::{proofs, statement};
use clap::Args;
use klaver_api::statement::ReferenceJson;
use klaver_api::{StatementLine, text};
use klaver_keystore::KeyInfo;
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body, Refund as RefundBody};
use klaver_ledger::id::AccountId;
use klaver_ledger::receipt::{Opening, ProvenContent};

/// Give back a payment, or part of it.
#[derive(Args, Debug)]
pub struct Refund {
    /// Index of the payment, as `klaver history` shows it
    pub index: u64,
    /// How much [default: what is left of it]
    pub amount: Option<String>,
    /// A sentence for the other party, at most 140 bytes
    #[arg(long, short)]
    pub memo: Option<String>,
}

impl Refund {
    /// Runs the command.
    ///
    /// # Errors
    /// When the line is no payment to this account, or the rules say no.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let (hat, account) = app.account_hat()?;
        let mut contact = app.contact(&hat)?;
        let (receipt, proven) = proofs::fetch(app, &mut contact, &hat, self.index)?;
        let not_ours = || Failure::new(Exit::Usage, "not_your_payment").with("index", self.index);
        let (ProvenContent::Line(line), Opening::Line { number, .. }) = (&proven.content, &receipt.opening)
        else {
            return Err(not_ours());
        };
        if line.line.account != account || line.line.credit == 0 {
            return Err(not_ours());
        }
        let unit = contact.community.unit(app.output.language);
        let amount = match &self.amount {
            Some(text) => unit.parse(text)?,
            None => {
                let back = given_back(app, &contact, &hat, account, (self.index, u64::from(*number)))?;
                let left = line.line.credit.saturating_sub(back);
                Amount::new(left)
                    .map_err(|_| Failure::new(Exit::Rules, "refunded_already").with("index", self.index))?
            }
        };
        let body = RefundBody { index: self.index, line: u64::from(*number), amount };
        let plan = Plan { memo: self.memo, ..Plan::now(Body::Refund(body)) };
        let sent = send(app, &mut contact, &hat, plan)?;
        let done = app.output.words("done.refund", &[("amount", &unit.show(amount))]);
        Ok(report(app, &sent, &done))
    }
}

/// Returns how much of a line its payee's own later lines gave back, in minor units.
fn given_back(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    account: AccountId,
    (index, number): (u64, u64),
) -> Outcome<u64> {
    let is_newer = |line: &StatementLine| line.index > index;
    let lines = statement::fetch_while(app, contact, hat, account, is_newer)?;
    let reverses = |line: &&StatementLine| matches!(&line.reference, Some(ReferenceJson::Line { index: of, line }) if (*of, *line) == (index, number));
    let scale = contact.community.scale;
    let mut sum = 0;
    for line in lines.iter().filter(reverses) {
        sum += text::total("debit", &line.debit, scale)?.minor();
    }
    Ok(sum)
}
