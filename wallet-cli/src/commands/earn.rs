//! `klaver earn`: a whole group receives credits, with one signature.

use crate::app::App;
use crate::csv_list;
use crate::entries::{Plan, report, send};
use crate::failure::{Exit, Failure, Outcome};
use crate::money::Unit;
use clap::Args;
use klaver_keystore::KeyInfo;
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body, Earn as EarnBody, EarnReason};
use klaver_ledger::id::{AccountId, TaskId};
use std::fs::File;
use std::path::PathBuf;

/// Let a whole group receive credits, with one signature.
#[derive(Args, Debug)]
pub struct Earn {
    /// Who receives how much: klv1…=2,50; without an amount, that of --each
    #[arg(required_unless_present = "csv")]
    pub to: Vec<String>,
    /// CSV file of account and amount; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub csv: Option<PathBuf>,
    /// How much for each who has no amount of their own
    #[arg(long, value_name = "AMOUNT")]
    pub each: Option<String>,
    /// As --each, in hours by the thanks for an hour that are usual here: 1,5
    #[arg(long, value_name = "HOURS", conflicts_with = "each")]
    pub hours: Option<String>,
    /// What for: helped, took_part, welcome or migration
    #[arg(long, default_value = "helped", value_parser = ["helped", "took_part", "welcome", "migration"])]
    pub reason: String,
    /// The task or session, 32 hexadecimal digits
    #[arg(long, value_name = "ID")]
    pub task: Option<String>,
    /// A sentence that goes with it, at most 140 bytes
    #[arg(long, short)]
    pub memo: Option<String>,
}

impl Earn {
    /// Runs the command.
    ///
    /// # Errors
    /// When the list has mistakes, each named with its line; when the budget has no room.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let (hat, budget) = app.account_hat()?;
        let community = app.community_of(&hat)?;
        let unit = community.unit(app.output.language);
        let each = match (&self.each, &self.hours) {
            (Some(text), _) => Some(unit.parse(text)?),
            (None, Some(hours)) => Some(thanks_for(app, &hat, &unit, hours)?),
            (None, None) => None,
        };
        let payees = match &self.csv {
            Some(path) if path.as_os_str() == "-" => {
                csv_list::read(std::io::stdin().lock(), each, &unit, app.output)
            }
            Some(path) => {
                let file = File::open(path)
                    .map_err(|error| Failure::io(Exit::Usage, "cannot_read", path, &error))?;
                csv_list::read(file, each, &unit, app.output)
            }
            None => self.typed(app, each, &unit),
        };
        let payees = payees.map_err(|failure| match failure.code.as_str() {
            "amount_missing" => match usual_thanks(app, &hat, &unit) {
                Some(an_hour) => {
                    Failure::new(Exit::Usage, "amount_missing_thanks").with("amount", unit.show(an_hour))
                }
                None => failure,
            },
            _ => failure,
        })?;
        let (count, total) = (payees.len(), payees.iter().map(|(_, amount)| amount.minor()).sum::<u64>());
        let reason = EarnReason::from_word(&self.reason)
            .ok_or_else(|| Failure::new(Exit::Usage, "reason").with("value", &self.reason))?;
        let task = self.task.as_deref().map(|id| super::hex(id, TaskId::from_hex)).transpose()?;
        let body = Body::Earn(EarnBody { budget, reason, task, payees });
        let mut contact = app.contact(&hat)?;
        let sent = send(app, &mut contact, &hat, Plan { memo: self.memo, ..Plan::patient(body) })?;
        let total = unit.show_balance(i64::try_from(total).unwrap_or(i64::MAX));
        let done = app.output.words("done.earn", &[("count", &count.to_string()), ("total", &total)]);
        Ok(report(app, &sent, &done))
    }

    fn typed(&self, app: &App<'_>, each: Option<Amount>, unit: &Unit) -> Outcome<Vec<(AccountId, Amount)>> {
        let mut payees: Vec<(AccountId, Amount)> = Vec::new();
        for text in &self.to {
            let (account, amount) = match text.split_once('=') {
                Some((account, amount)) => (account, unit.parse(amount)?),
                None => (text.as_str(), each.ok_or_else(|| Failure::new(Exit::Usage, "amount_missing"))?),
            };
            let account = super::account_of(app, account)?;
            if payees.iter().any(|(known, _)| *known == account) {
                return Err(Failure::new(Exit::Usage, "twice").with("value", account));
            }
            payees.push((account, amount));
        }
        Ok(payees)
    }
}

/// Returns the thanks for so many hours, and says them.
fn thanks_for(app: &App<'_>, hat: &KeyInfo, unit: &Unit, hours: &str) -> Outcome<Amount> {
    let an_hour =
        usual_thanks(app, hat, unit).ok_or_else(|| Failure::new(Exit::Usage, "no_thanks_per_hour"))?;
    let amount = unit.for_hours(an_hour, hours).ok_or_else(|| {
        Failure::new(Exit::Usage, "not_hours").with("value", crate::output::harmless(hours))
    })?;
    let (shown, an_hour) = (unit.show(amount), unit.show(an_hour));
    app.output.note("earn.hours", &[("hours", hours), ("amount", &shown), ("an_hour", &an_hour)]);
    Ok(amount)
}

/// Returns the thanks for an hour that are usual here, where the community has such a custom.
fn usual_thanks(app: &App<'_>, hat: &KeyInfo, unit: &Unit) -> Option<Amount> {
    let said: klaver_api::Community =
        app.contact(hat).ok()?.http.get(klaver_api::paths::COMMUNITY, None).ok()?;
    unit.parse(&said.thanks_per_hour?).ok()
}
