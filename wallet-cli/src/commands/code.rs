//! `klaver code`: the own code, which others pay by and which can be replaced.

use crate::app::App;
use crate::failure::{Exit, Outcome};
use crate::{output, qr};
use clap::Args;
use klaver_api::{AskOwnCode, OwnCode, paths};

/// Show the code that others pay you by.
#[derive(Args, Debug)]
pub struct Code {
    /// Take a new code: the old one stops, also on paper
    #[arg(long)]
    pub replace: bool,
    /// What people read beside the code; an empty text takes it away
    #[arg(long, value_name = "TEXT")]
    pub words: Option<String>,
}

impl Code {
    /// Runs the command.
    ///
    /// # Errors
    /// When the person does not want the old code to stop, or the node refuses the words.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let (hat, account) = app.account_hat()?;
        let contact = app.contact(&hat)?;
        if self.replace {
            app.confirm(&app.output.words("ask.replace_code", &[]))?;
        }
        let asked = AskOwnCode { replace: self.replace, words: self.words };
        let path = paths::fill(paths::OWN_CODE, account);
        let code: OwnCode =
            app.with_session(&contact, &hat, |token| contact.http.post(&path, Some(token), &asked))?;
        app.output.line(&qr::draw(&code.link)?);
        app.output.line(&output::harmless(&code.link));
        if let Some(words) = &code.words {
            app.output.note("code.words", &[("words", &output::harmless(words))]);
        }
        app.output.json(&serde_json::json!(code));
        Ok(Exit::Ok)
    }
}
