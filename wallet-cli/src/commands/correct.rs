//! `klaver correct`: put lines of an earlier entry right, each by itself.

use crate::app::App;
use crate::contact::Contact;
use crate::entries::{Plan, report, send};
use crate::failure::{Exit, Failure, Outcome};
use crate::proofs;
use clap::Args;
use klaver_keystore::{KeyInfo, Purpose};
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body, Correct as CorrectBody, CorrectReason};
use klaver_ledger::id::AccountId;
use klaver_ledger::receipt::ProvenContent;

/// Put lines of an earlier entry right.
#[derive(Args, Debug)]
pub struct Correct {
    /// Index of the entry
    pub index: u64,
    /// Line to take back: its number or klv1…, and =AMOUNT for a part of it
    #[arg(required = true, value_name = "LINE[=AMOUNT]")]
    pub lines: Vec<String>,
    /// Why: wrong_amount, wrong_person, twice, not_done or other
    #[arg(long, value_parser = ["wrong_amount", "wrong_person", "twice", "not_done", "other"])]
    pub reason: String,
    /// Who pays what a payee no longer has: a fund, or the budget itself
    #[arg(long, value_name = "KLV1")]
    pub cover: Option<String>,
    /// Correct as the council
    #[arg(long)]
    pub council: bool,
}

impl Correct {
    /// Runs the command.
    ///
    /// # Errors
    /// When the window is over, or somebody no longer has what is taken back and nobody covers it.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let hat = if self.council { app.office_hat(Purpose::Council)? } else { app.hat()? };
        let mut contact = app.contact(&hat)?;
        let unit = contact.community.unit(app.output.language);
        let mut known: Option<Vec<(AccountId, Amount)>> = None;
        let mut lines = Vec::new();
        for text in &self.lines {
            let (which, amount) = match text.split_once('=') {
                Some((which, amount)) => (which, Some(unit.parse(amount)?)),
                None => (text.as_str(), None),
            };
            let number: Option<u64> = which.parse().ok();
            if let (Some(number), Some(amount)) = (number, amount) {
                lines.push((number, amount));
                continue;
            }
            if known.is_none() {
                known = Some(credits_of(app, &mut contact, &hat, self.index)?);
            }
            let known = known.as_deref().unwrap_or_default();
            let found = match (number, AccountId::parse(which)) {
                (Some(number), _) => {
                    number.checked_sub(1).and_then(|at| known.get(at as usize)).map(|c| (number, c.1))
                }
                (None, Ok(account)) => {
                    let at = known.iter().position(|(payee, _)| *payee == account);
                    at.map(|at| (at as u64 + 1, known[at].1))
                }
                (None, Err(_)) => None,
            };
            let none =
                || Failure::new(Exit::Usage, "no_such_line").with("line", which).with("index", self.index);
            let (number, whole) = found.ok_or_else(none)?;
            lines.push((number, amount.unwrap_or(whole)));
        }
        lines.sort_unstable();
        let reason = CorrectReason::from_word(&self.reason)
            .ok_or_else(|| Failure::new(Exit::Usage, "reason").with("value", &self.reason))?;
        let cover = self.cover.as_deref().map(|text| super::account_of(app, text)).transpose()?;
        let count = lines.len().to_string();
        let body = Body::Correct(CorrectBody { index: self.index, lines, reason, cover });
        let sent = send(app, &mut contact, &hat, Plan::patient(body))?;
        let done = app.output.words("done.correct", &[("count", &count), ("index", &self.index.to_string())]);
        Ok(report(app, &sent, &done))
    }
}

/// Returns the credited lines of an entry that one of our keys signed, in their order; the first is line 1.
fn credits_of(
    app: &App<'_>,
    contact: &mut Contact,
    hat: &KeyInfo,
    index: u64,
) -> Outcome<Vec<(AccountId, Amount)>> {
    let (_, proven) = proofs::fetch(app, contact, hat, index)?;
    let entry = match &proven.content {
        ProvenContent::Entry(entry) => entry.entry(),
        ProvenContent::Line(_) => return Err(Failure::new(Exit::Usage, "amounts_needed")),
    };
    Ok(match &entry.body {
        Body::Earn(earn) => earn.payees.clone(),
        Body::Pay(pay) => pay.payees.iter().map(|line| (line.to, line.amount)).collect(),
        _ => return Err(Failure::new(Exit::Usage, "amounts_needed")),
    })
}
