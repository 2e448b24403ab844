//! `klaver govern`: show or replace the charter.

use super::timing::counts_from;
use crate::app::App;
use crate::entries::{Plan, Sent, report, send};
use crate::failure::{Exit, Failure, Outcome};
use clap::Subcommand;
use klaver_api::{CharterJson, paths};
use klaver_keystore::Purpose;
use klaver_ledger::entry::{Body, Govern as GovernBody};
use klaver_ledger::receipt::ProvenContent;
use std::path::PathBuf;

/// Show or replace the charter.
#[derive(Debug, Subcommand)]
pub enum Govern {
    /// Show the charter in force, as JSON to edit
    Show,
    /// Replace the charter; it waits for the recovery delay
    Propose {
        /// The whole new charter, as `klaver govern show` writes it
        file: PathBuf,
        /// Sign with a rescue key: only the council may change
        #[arg(long)]
        rescue: bool,
        /// The meeting or decision it comes from
        #[arg(long, value_name = "TEXT")]
        reference: Option<String>,
    },
}

impl Govern {
    /// Runs the command.
    ///
    /// # Errors
    /// When the new charter makes no sense, or the key is not the council's.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self {
            Self::Show => {
                let hat = app.hat().or_else(|_| app.office_hat(Purpose::Council))?;
                let contact = app.contact(&hat)?;
                let said: klaver_api::Community = contact.http.get(paths::COMMUNITY, None)?;
                let mut text = serde_json::to_string_pretty(&said.charter).unwrap_or_default();
                text.push('\n');
                app.output.data(text.as_bytes());
                Ok(Exit::Ok)
            }
            Self::Propose { file, rescue, reference } => {
                let hat = app.office_hat(if rescue { Purpose::Rescue } else { Purpose::Council })?;
                let bytes = std::fs::read(&file)
                    .map_err(|error| Failure::io(Exit::Usage, "cannot_read", &file, &error))?;
                let json: CharterJson = serde_json::from_slice(&bytes).map_err(|error| {
                    Failure::text(Exit::Usage, "charter", &error).with("line", error.line())
                })?;
                let mut contact = app.contact(&hat)?;
                let charter = json.to_charter(contact.community.scale).map_err(|error| {
                    let value = crate::output::harmless(&error.value);
                    Failure::text(Exit::Usage, "charter_value", &error)
                        .with("name", error.field)
                        .with("value", value)
                })?;
                let said: klaver_api::Community = contact.http.get(paths::COMMUNITY, None)?;
                let body = Body::Govern(GovernBody { base: said.charter_base, charter });
                let sent = send(app, &mut contact, &hat, Plan { memo: reference, ..Plan::patient(body) })?;
                let Sent::Recorded(recorded) = &sent else { return Ok(report(app, &sent, "")) };
                let ProvenContent::Entry(entry) = &recorded.proven.content else {
                    return Ok(report(app, &sent, ""));
                };
                let done = counts_from(app, &said.charter, entry.signed(), recorded);
                Ok(report(app, &sent, &done))
            }
        }
    }
}
