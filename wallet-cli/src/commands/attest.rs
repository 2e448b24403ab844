//! `klaver attest`: anchor a document in the ledger by its hash.

use crate::app::App;
use crate::entries::{Plan, report, send};
use crate::failure::{Exit, Failure, Outcome};
use clap::Args;
use klaver_keystore::Purpose;
use klaver_ledger::entry::{Attest as AttestBody, Body, Statement};
use klaver_ledger::id::Digest;
use std::path::PathBuf;

/// Anchor a document in the ledger by its hash.
#[derive(Args, Debug)]
pub struct Attest {
    /// What it is
    #[arg(value_parser = [
        "impact_report", "audit_note", "closing_statement", "snapshot", "restore_override", "succession",
    ])]
    pub statement: String,
    /// The document
    pub file: PathBuf,
    /// Sign as the auditor
    #[arg(long)]
    pub auditor: bool,
}

impl Attest {
    /// Runs the command.
    ///
    /// # Errors
    /// When the document cannot be read, or the key holds no such office.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let hat = app.office_hat(if self.auditor { Purpose::Auditor } else { Purpose::Council })?;
        let bytes = std::fs::read(&self.file)
            .map_err(|error| Failure::io(Exit::Usage, "cannot_read", &self.file, &error))?;
        let mut contact = app.contact(&hat)?;
        let seen = contact.community.checkpoint.as_ref();
        let seen = seen.ok_or_else(|| Failure::new(Exit::Failed, "nothing_published"))?.checkpoint().clone();
        let statement = Statement::from_word(&self.statement)
            .ok_or_else(|| Failure::new(Exit::Usage, "reason").with("value", &self.statement))?;
        let body = AttestBody {
            statement,
            size: seen.size,
            root: Digest(seen.root.0),
            document: Digest::of(&bytes),
        };
        let sent = send(app, &mut contact, &hat, Plan::patient(Body::Attest(body)))?;
        let done = app.output.words("done.attest", &[("size", &seen.size.to_string())]);
        Ok(report(app, &sent, &done))
    }
}
