//! `klaver govern`: show or replace the charter.

use crate::app::App;
use crate::entries::{Plan, Sent, report, send};
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use clap::Subcommand;
use klaver_api::{CharterJson, paths};
use klaver_keystore::Purpose;
use klaver_ledger::entry::{Body, Govern as GovernBody};
use klaver_ledger::limits::RESCUE_DELAY_SECONDS;
use klaver_ledger::time::Seconds;
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
            Self::Propose { file, rescue } => {
                let hat = app.office_hat(if rescue { Purpose::Rescue } else { Purpose::Council })?;
                let bytes = std::fs::read(&file)
                    .map_err(|error| Failure::io(Exit::Usage, "cannot_read", &file, &error))?;
                let wrong = |error: String| Failure::text(Exit::Usage, "charter", error);
                let json: CharterJson =
                    serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
                let mut contact = app.contact(&hat)?;
                let charter =
                    json.to_charter(contact.community.scale).map_err(|error| wrong(error.to_string()))?;
                let said: klaver_api::Community = contact.http.get(paths::COMMUNITY, None)?;
                let body = Body::Govern(GovernBody { base: said.charter_base, charter });
                let sent = send(app, &mut contact, &hat, Plan::patient(body))?;
                let Sent::Recorded(recorded) = &sent else { return Ok(report(app, &sent, "")) };
                let delay = if rescue {
                    Seconds(RESCUE_DELAY_SECONDS)
                } else {
                    Seconds(said.charter.policy.recovery_delay)
                };
                let at = moment::show(recorded.proven.recorded_at.after(delay), app.output.language);
                let values = [("at", &*at), ("index", &*recorded.receipt.index.to_string())];
                Ok(report(app, &sent, &app.output.words("done.govern", &values)))
            }
        }
    }
}
