//! `klaver outbox`: what was signed and not yet confirmed.

use crate::app::App;
use crate::community::Community;
use crate::entries::{self, Sent};
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use crate::outbox::{self, OutboxEntry};
use clap::Subcommand;
use klaver_ledger::id::LedgerId;

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

/// Returns the community, unless its ledger has ended: no other ledger takes what was signed for it.
fn still_open(community: Community, ledger: LedgerId) -> Outcome<Community> {
    let is_open = community.ledger == ledger && community.past.successor().is_none();
    if is_open { Ok(community) } else { Err(Failure::new(Exit::Rules, "outbox_ended")) }
}

fn retry(app: &App<'_>, waiting: Vec<OutboxEntry>) -> Outcome {
    let mut worst = Exit::Ok;
    let mut results = Vec::new();
    for kept in waiting {
        let id = kept.id.to_hex();
        let tried = Community::load(&app.places, &kept.ledger)
            .and_then(|community| app.reach(still_open(community, kept.ledger)?))
            .and_then(|contact| still_open(contact.community.clone(), kept.ledger).map(|_| contact))
            .and_then(|mut contact| entries::submit(app, &mut contact, kept));
        let (key, outcome) = match &tried {
            Ok(Sent::Recorded(_)) => ("outbox.paid", "recorded"),
            Ok(Sent::Draft { .. } | Sent::DryRun) => ("outbox.draft", "draft"),
            Err(failure) => {
                app.output.report(failure);
                worst = failure.exit;
                ("outbox.refused", if failure.exit == Exit::Network { "unknown" } else { "refused" })
            }
        };
        if tried.is_ok() {
            app.output.line(&format!("{}: {}", &id[..12], app.output.words(key, &[])));
        }
        results.push(serde_json::json!({ "entry": id, "outcome": outcome }));
    }
    if results.is_empty() {
        app.output.say("outbox.empty", &[]);
    }
    app.output.json(&serde_json::json!({ "outbox": results }));
    Ok(worst)
}
