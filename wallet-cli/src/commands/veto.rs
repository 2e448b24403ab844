//! `klaver veto`: stop something that waits.

use crate::app::App;
use crate::entries::{Plan, report, send};
use crate::failure::Outcome;
use clap::Args;
use klaver_ledger::entry::{Body, Veto as VetoBody};

/// Stop something that waits.
#[derive(Args, Debug)]
pub struct Veto {
    /// Index of the entry that waits
    pub index: u64,
}

impl Veto {
    /// Runs the command.
    ///
    /// # Errors
    /// When nothing waits there, or this key may not stop it.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let hat = app.hat()?;
        let mut contact = app.contact(&hat)?;
        let sent = send(app, &mut contact, &hat, Plan::now(Body::Veto(VetoBody { index: self.index })))?;
        let done = app.output.words("done.veto", &[("index", &self.index.to_string())]);
        Ok(report(app, &sent, &done))
    }
}
