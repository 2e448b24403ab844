//! `klaver audit`: check a community's ledger.
//!
//! With an auditor's key every record is replayed; without one, what is public is verified: signatures of
//! checkpoints, the whole tree from its tiles, every checkpoint and receipt this wallet has kept. The newest checkpoint is
//! kept for the next time, of communities that were not joined too.

mod kept;
mod public;
mod replay;
mod report;

pub(super) use report::sentence;

use crate::app::App;
use crate::community::Community;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::http::Http;
use clap::Args;
use klaver_api::paths;
use klaver_keystore::{KeyInfo, Purpose, private_file};
use klaver_ledger::link::NodeAddress;
use klaver_ledger::log::proof::TreeHead;
use klaver_ledger::receipt::Receipt;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Check a community's ledger.
#[derive(Args, Debug)]
pub struct Audit {
    /// Address of the community's node [default: that of your account]
    pub url: Option<String>,
    /// Verify only what anybody can verify
    #[arg(long)]
    pub public: bool,
    /// Go on where your last audit stopped
    #[arg(long, conflicts_with = "public")]
    pub since: bool,
    /// Ask about nothing less than this, as the community agreed [default: 10]
    #[arg(long, value_name = "AMOUNT", conflicts_with = "public")]
    pub ask_from: Option<String>,
    /// Write a signed audit note to this file
    #[arg(long, value_name = "FILE", conflicts_with = "public")]
    pub note: Option<PathBuf>,
    /// Your name on the note [default: that of the key]
    #[arg(long, value_name = "NAME", requires = "note")]
    pub note_name: Option<String>,
}

impl Audit {
    /// Runs the command.
    ///
    /// # Errors
    /// `Mismatch` with the first thing that does not hold; `Network` when not everything could be read.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let contact = self.contact(app)?;
        let name = crate::output::harmless(&contact.community.name);
        app.output.note("audit.begin", &[("name", &name), ("node", &contact.http.node().to_string())]);
        app.output.note("log_key", &[("key", &contact.community.log_key.to_string())]);
        app.output.note("ledger_mark", &[("ledger", &contact.community.ledger.to_hex())]);
        let heads = known_heads(app, &contact)?;
        match self.auditor(app, &contact) {
            Some(hat) => replay::run(app, &contact, &hat, heads, &self),
            None if self.note.is_some() => Err(Failure::new(Exit::Key, "note_needs_auditor")),
            None => {
                public::run(app, &contact, &heads)?;
                if self.public {
                    return Ok(Exit::Ok);
                }
                app.output.warn("audit.public_only", &[]);
                Ok(Exit::PublicOnly)
            }
        }
    }

    fn contact(&self, app: &App<'_>) -> Outcome<Contact> {
        let node = match &self.url {
            Some(url) => Some(NodeAddress::parse(url)?),
            None => app.node()?,
        };
        let Some(node) = node else { return app.contact(&app.hat()?) };
        let said: klaver_api::Community = Http::new(node.clone()).get(paths::COMMUNITY, None)?;
        let seen = Community::first_seen(node.clone(), &said)?;
        match Community::known(&app.places, &seen)? {
            // Another key than before is followed when the ledger proves it, and an alarm otherwise.
            Some(known) if known.node == node => return app.reach(known.shown_by(seen)),
            // A copy at another address is looked at; paying goes on where the community was joined.
            Some(known) => return Contact::passing(&app.places, known.shown_by(seen)),
            None => {}
        }
        // Another ledger than before is followed when the old one proves it, and an alarm otherwise.
        if let Some(known) = Community::known_at(&app.places, &node)? {
            return app.reach(known);
        }
        let places = app.places.looked_at();
        let known = match Community::known(&places, &seen)? {
            Some(known) => Some(known.shown_by(seen.clone())),
            None => Community::known_at(&places, &node)?,
        };
        let community = known.unwrap_or_else(|| {
            app.output.note("audit.first_contact", &[]);
            seen
        });
        // What is seen is kept: without it a history that is rewritten before the next visit would look as good.
        private_file::create_directory(&places.communities())?;
        app.look_in(&places, community)
    }

    fn auditor(&self, app: &App<'_>, contact: &Contact) -> Option<KeyInfo> {
        let keys = if self.public { Vec::new() } else { app.keys().unwrap_or_default() };
        let ledger = Some(contact.community.ledger);
        keys.into_iter().find(|key| key.purpose == Purpose::Auditor && key.ledger == ledger)
    }
}

/// Returns size and root of every checkpoint of this log that the wallet has kept, receipts' included.
fn known_heads(app: &App<'_>, contact: &Contact) -> Outcome<Vec<TreeHead>> {
    let community = &contact.community;
    let mut heads: Vec<TreeHead> = community.seals().map(|seen| seen.checkpoint().head()).collect();
    let identity = community.identity_ever();
    let mut receipts = 0;
    for file in std::fs::read_dir(app.places.receipts()).into_iter().flatten().flatten() {
        let Ok(bytes) = std::fs::read(file.path()) else { continue };
        let Ok(receipt) = Receipt::parse(&bytes) else { continue };
        // A receipt of another community is not this log's business.
        if identity.open(&receipt.checkpoint).is_err() {
            continue;
        }
        let proven = receipt
            .verify(&identity)
            .map_err(|error| Failure::of_receipt(&error).with("path", file.path().display()))?;
        if community.past.is_forged(&proven.checkpoint) {
            return Err(contact.forged(&proven.checkpoint));
        }
        heads.push(proven.checkpoint.checkpoint().head());
        receipts += 1;
    }
    if receipts > 0 {
        app.output.note("audit.receipts", &[("count", &receipts.to_string())]);
    }
    Ok(heads)
}

/// A bar on standard error, when a person looks at it.
struct Progress<'o> {
    app: &'o App<'o>,
    total: u64,
    shown: Option<u64>,
    live: bool,
    /// What was there at the beginning, and when that was.
    began: (u64, Instant),
}

impl<'o> Progress<'o> {
    fn new(app: &'o App<'_>, total: u64) -> Self {
        let live = std::io::stderr().is_terminal() && !app.global.quiet && !app.output.json;
        Self { app, total, shown: None, live, began: (0, Instant::now()) }
    }

    /// Returns the bar of what goes on from `done`.
    fn from(self, done: u64) -> Self {
        Self { began: (done, Instant::now()), ..self }
    }

    fn at(&mut self, done: u64) {
        let percent = (done * 100).checked_div(self.total).unwrap_or(100).min(100);
        if !self.live || self.shown == Some(percent) {
            return;
        }
        self.shown = Some(percent);
        let filled = (percent / 4) as usize;
        let bar = format!("{}{}", "█".repeat(filled), "░".repeat(25 - filled));
        let values = [("done", &*done.to_string()), ("total", &*self.total.to_string())];
        let mut words = self.app.output.words("audit.progress", &values);
        let (first, start) = self.began;
        let past = done.saturating_sub(first);
        if let Some(seconds) = seconds_left(past, self.total.saturating_sub(done), start.elapsed()) {
            let left = format!("{}:{:02}", seconds / 60, seconds % 60);
            words = format!("{words}, {} ", self.app.output.words("audit.left", &[("left", &left)]));
        }
        let mut stderr = std::io::stderr();
        let _ = write!(stderr, "\r{bar} {percent:3} % {words}").and_then(|()| stderr.flush());
    }

    fn end(&self) {
        if self.live && self.shown.is_some() {
            let _ = writeln!(std::io::stderr());
        }
    }
}

/// Returns about how many seconds `rest` records take when `past` took `passed`, once there is something to go by.
fn seconds_left(past: u64, rest: u64, passed: Duration) -> Option<u64> {
    let left = (u128::from(rest) * passed.as_millis()).checked_div(u128::from(past))? / 1_000;
    u64::try_from(left).ok().filter(|_| passed > Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_goes_by_what_was_done() {
        let seconds = Duration::from_secs;
        assert_eq!(seconds_left(1_000, 9_000, seconds(10)), Some(90));
        assert_eq!(seconds_left(9_000, 1_000, seconds(90)), Some(10));
        assert_eq!(seconds_left(9_000, 0, seconds(90)), Some(0));
        assert_eq!((seconds_left(0, 10, seconds(5)), seconds_left(5, 10, seconds(1))), (None, None));
    }
}
