//! `klaver invite`: make an invitation.

use crate::app::App;
use crate::failure::{Exit, Failure, Outcome};
use crate::{moment, qr};
use clap::Args;
use klaver_api::{CreateInvitation, Invitation, paths};
use klaver_keystore::Purpose;

/// Make an invitation.
#[derive(Args, Debug)]
pub struct Invite {
    /// How many people may use it
    #[arg(long, default_value_t = 1)]
    pub uses: u64,
    /// How long: 2h, 7d
    #[arg(long, value_name = "TIME", default_value = "7d")]
    pub valid: String,
}

impl Invite {
    /// Runs the command.
    ///
    /// # Errors
    /// When the key may not invite.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        // A member or a place invites a few, the council as many as it wants.
        let hat = app.office_hat(Purpose::Council).or_else(|_| app.hat())?;
        let contact = app.contact(&hat)?;
        let valid_for = moment::parse_duration(&self.valid)
            .ok_or_else(|| Failure::new(Exit::Usage, "not_a_duration").with("value", &self.valid))?;
        let body = CreateInvitation { uses: self.uses, valid_for };
        let made: Invitation = app.with_session(&contact, &hat, |token| {
            contact.http.post(paths::INVITATIONS, Some(token), &body)
        })?;
        let until = moment::show_text(&made.expires_at, app.output.language);
        app.output.line(&qr::draw(&made.link)?);
        app.output.line(&crate::output::harmless(&made.link));
        app.output.say("invite.until", &[("uses", &made.uses_left.to_string()), ("until", &until)]);
        app.output.json(&serde_json::json!(made));
        Ok(Exit::Ok)
    }
}
