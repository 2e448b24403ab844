//! `klaver outbox`: what was signed and not yet confirmed.

use crate::app::App;
use crate::community::Community;
use crate::entries::{self, Sent};
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use crate::outbox::{self, OutboxEntry, OutboxState};
use clap::Subcommand;

/// Show or send again what was signed and not yet confirmed.
#[derive(Debug, Subcommand)]
pub enum Outbox {
    /// Show what waits
    List,
    /// Send all of it again; doing so is always safe
    Retry,
}

impl Outbox {
    /// Runs the command.
    ///
    /// # Errors
    /// When a file is damaged, or the node cannot be reached.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let waiting = outbox::load_all(&app.places)?;
        match self {
            Self::List => {
                list(app, &waiting)?;
                Ok(Exit::Ok)
            }
            Self::Retry => retry(app, waiting),
        }
    }
}

fn list(app: &App<'_>, waiting: &[OutboxEntry]) -> Outcome<()> {
    if waiting.is_empty() {
        app.output.say("outbox.empty", &[]);
    }
    let mut json = Vec::new();
    for kept in waiting {
        let kind = kept.signed()?.entry().body.kind();
        let what = app.output.words(&format!("line.{kind}"), &[]);
        let state = app.output.words(&format!("outbox.{}", kept.state.word()), &[]);
        let at = moment::show(kept.signed_at, app.output.language);
        let id = kept.id.to_hex();
        app.output.say("outbox.one", &[("at", &at), ("what", &what), ("state", &state), ("id", &id[..12])]);
        json.push(serde_json::json!({
            "entry": id, "kind": kind.word(), "state": kept.state.word(),
            "signed_at": kept.signed_at.to_string(), "ledger": kept.ledger.to_hex(),
        }));
    }
    app.output.json(&serde_json::json!({ "outbox": json }));
    Ok(())
}

fn retry(app: &App<'_>, waiting: Vec<OutboxEntry>) -> Outcome {
    let mut worst = Exit::Ok;
    let mut results = Vec::new();
    for kept in waiting {
        let id = kept.id.to_hex();
        let state = retry_one(app, kept).unwrap_or_else(|(failure, state)| {
            app.output.report(&failure);
            worst = worst.worse(failure.exit);
            state
        });
        let words = app.output.words(&format!("outbox.{}", state.word()), &[]);
        app.output.line(&format!("{}: {words}", &id[..12]));
        let outcome = if state == OutboxState::Paid { "recorded" } else { state.word() };
        results.push(serde_json::json!({ "entry": id, "outcome": outcome }));
    }
    if results.is_empty() {
        app.output.say("outbox.empty", &[]);
    }
    app.output.json(&serde_json::json!({ "outbox": results }));
    Ok(worst)
}

/// Sends one entry again; returns what is known about it then, also after a failure.
fn retry_one(app: &App<'_>, kept: OutboxEntry) -> Result<OutboxState, (Failure, OutboxState)> {
    let id = kept.id;
    let sent = Community::load(&app.places, &kept.ledger)
        // Of a ledger that ended the node may be gone too.
        .and_then(|community| community.still_of(&kept.ledger).and_then(|()| app.reach(community)))
        .and_then(|contact| contact.community.still_of(&kept.ledger).map(|()| contact))
        .and_then(|mut contact| entries::submit(app, &mut contact, kept));
    match sent {
        Ok(Sent::Recorded(_)) => Ok(OutboxState::Paid),
        Ok(Sent::Draft { .. } | Sent::DryRun) => Ok(OutboxState::Draft),
        Err(failure) => {
            // The file knows best: it is gone only when nothing can come of the entry any more.
            let left = outbox::find(&app.places, &id).map_err(|other| (other, OutboxState::Unknown))?;
            Err((failure, left.map_or(OutboxState::Refused, |kept| kept.state)))
        }
    }
}
