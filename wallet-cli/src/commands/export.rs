//! `klaver export`: your lines for other programs.

use crate::app::App;
use crate::failure::{Exit, Failure, Outcome};
use crate::hledger::{self, JournalHead};
use crate::output::harmless;
use crate::statement;
use clap::{Args, ValueEnum};
use klaver_api::StatementLine;
use std::path::PathBuf;

/// Write your lines as CSV, JSON or an hledger journal.
#[derive(Args, Debug)]
pub struct Export {
    /// The format
    #[arg(long, short, default_value = "csv")]
    pub format: Format,
    /// File to write [default: standard output]
    #[arg(long, short)]
    pub out: Option<PathBuf>,
}

/// A format that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON document.
    Json,
    /// A journal for hledger.
    Hledger,
}

impl Export {
    /// Runs the command.
    ///
    /// # Errors
    /// As `klaver history`; when the file cannot be written.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let (hat, account) = app.account_hat()?;
        let contact = app.contact(&hat)?;
        let mut lines = statement::fetch(app, &contact, &hat, account, usize::MAX)?;
        // A journal is read from its beginning.
        lines.reverse();
        let community = &contact.community;
        let account = account.to_string();
        let bytes = match self.format {
            Format::Csv => csv_of(&lines)?,
            Format::Json => {
                let json = serde_json::json!({
                    "community": community.name, "ledger": community.ledger.to_hex(), "account": account,
                    "unit": community.many, "lines": lines,
                });
                let mut text = serde_json::to_vec_pretty(&json).unwrap_or_default();
                text.push(b'\n');
                text
            }
            Format::Hledger => {
                let head = JournalHead {
                    community: &community.name,
                    account: &account,
                    commodity: &community.many,
                    decimals: community.scale.decimals(),
                };
                hledger::print(&head, &lines).into_bytes()
            }
        };
        match &self.out {
            Some(path) => {
                std::fs::write(path, bytes).map_err(|error| Failure::writing(path, &error))?;
                let (count, path) = (lines.len().to_string(), path.display().to_string());
                app.output.note("done.export", &[("count", &count), ("path", &path)]);
            }
            None => app.output.data(&bytes),
        }
        Ok(Exit::Ok)
    }
}

fn csv_of(lines: &[StatementLine]) -> Outcome<Vec<u8>> {
    let failed = |error: String| Failure::text(Exit::Failed, "cannot_write", error).with("path", "-");
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["index", "line", "recorded_at", "kind", "seq", "debit", "credit", "balance", "memo"];
    writer.write_record(header).map_err(|error| failed(error.to_string()))?;
    for line in lines {
        let memo = line.memo.as_ref().map_or(String::new(), |memo| harmless_cell(&memo.text));
        let row = [
            line.index.to_string(),
            line.line.to_string(),
            line.recorded_at.clone(),
            line.kind.clone(),
            line.seq.to_string(),
            line.debit.clone(),
            line.credit.clone(),
            line.balance.clone(),
            memo,
        ];
        writer.write_record(&row).map_err(|error| failed(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| failed(error.to_string()))
}

/// Puts an apostrophe before what a spreadsheet would take for a formula: others wrote these words.
fn harmless_cell(text: &str) -> String {
    let text = harmless(text);
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memo_is_no_formula() {
        assert_eq!(harmless_cell("=1+1"), "'=1+1");
        assert_eq!(harmless_cell("bedankt"), "bedankt");
        assert_eq!(harmless_cell("a\u{202e}b"), "a\u{fffd}b");
    }
}
