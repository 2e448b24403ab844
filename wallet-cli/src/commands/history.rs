//! `klaver history`: your lines, newest first.

use crate::app::App;
use crate::describe::line_word;
use crate::failure::{Exit, Outcome};
use crate::{moment, proofs, statement};
use clap::Args;
use klaver_api::StatementLine;

/// Show your lines, newest first.
#[derive(Args, Debug)]
pub struct History {
    /// How many lines
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
    /// All lines
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Fetch and verify the receipt of every line
    #[arg(long)]
    pub verify: bool,
}

impl History {
    /// Runs the command.
    ///
    /// # Errors
    /// `Mismatch` when a line is missing or is not what the ledger holds.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let (hat, account) = app.account_hat()?;
        let mut contact = app.contact(&hat)?;
        let limit = if self.all { usize::MAX } else { self.limit };
        let lines = statement::fetch(app, &contact, &hat, account, limit)?;
        if self.verify {
            for line in &lines {
                proofs::verify_line(app, &mut contact, &hat, line)?;
            }
            app.output.note("history.verified", &[("count", &lines.len().to_string())]);
        }
        let unit = contact.community.unit(app.output.language);
        let row = |line: &StatementLine| {
            let moved = match (unit.parse_balance(&line.credit), unit.parse_balance(&line.debit)) {
                (Some(credit), Some(debit)) if credit > 0 || debit > 0 => {
                    let sign = if credit > debit { "+" } else { "" };
                    format!("{sign}{}", unit.number(credit - debit))
                }
                _ => String::new(),
            };
            let memo = line.memo.as_ref().map_or(String::new(), |memo| crate::output::harmless(&memo.text));
            let minor = |text: &str| unit.parse_balance(text).unwrap_or_default();
            let what = line_word(&line.kind, minor(&line.debit), minor(&line.credit));
            vec![
                line.index.to_string(),
                moment::show_text(&line.recorded_at, app.output.language),
                app.output.words(&what, &[]),
                moved,
                unit.parse_balance(&line.balance).map_or_else(String::new, |minor| unit.number(minor)),
                memo,
            ]
        };
        if lines.is_empty() {
            app.output.say("history.empty", &[]);
        } else {
            let header = [
                "column.index",
                "column.when",
                "column.what",
                "column.amount",
                "column.balance",
                "column.memo",
            ];
            let header: Vec<String> = header.iter().map(|key| app.output.words(key, &[])).collect();
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            app.output.table(&header, &lines.iter().map(row).collect::<Vec<_>>(), &[0, 3, 4]);
        }
        // An account's lines are counted from nothing: the oldest one shown says how many come before it.
        let older = lines.last().map_or(0, |line| line.seq);
        if older > 0 {
            app.output.note("history.more", &[("count", &older.to_string())]);
        }
        app.output
            .json(&serde_json::json!({ "account": account.to_string(), "lines": lines, "older": older }));
        Ok(Exit::Ok)
    }
}
