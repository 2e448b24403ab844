//! `klaver organisation`: who takes part, as anybody sees it; naming them, as the council.

use crate::app::App;
use crate::failure::{Exit, Outcome};
use crate::output::harmless;
use clap::{Args, Subcommand};
use klaver_api::{CouncilOrganisation, NameOrganisation, OrganisationPage, OrganisationWords, paths};
use klaver_keystore::Purpose;

/// Show who takes part, and name an organisation.
#[derive(Debug, Subcommand)]
pub enum Organisation {
    /// Show the organisations that take part
    List,
    /// Name one that gives credits, or list one without the currency, as the council
    Name(Name),
}

/// An organisation to name.
#[derive(Args, Debug)]
pub struct Name {
    /// Its name
    pub name: String,
    /// The organisation of accounts here; one without the currency is listed without it
    #[arg(long)]
    pub organisation: Option<String>,
    /// What it does, in one sentence
    #[arg(long, value_name = "TEXT")]
    pub about: Option<String>,
    /// Where it is
    #[arg(long, value_name = "TEXT")]
    pub address: Option<String>,
    /// The address of its own calendar
    #[arg(long, value_name = "URL")]
    pub agenda: Option<String>,
}

impl Organisation {
    /// Runs the command.
    ///
    /// # Errors
    /// When the node says no.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self {
            Self::List => list(app),
            Self::Name(name) => name.run(app),
        }
    }
}

impl Name {
    fn run(self, app: &App<'_>) -> Outcome {
        let hat = app.office_hat(Purpose::Council)?;
        let contact = app.contact(&hat)?;
        let asked = NameOrganisation {
            name: self.name,
            organisation: self.organisation,
            words: OrganisationWords { about: self.about, address: self.address, agenda: self.agenda },
        };
        if app.global.dry_run {
            return Ok(Exit::Ok);
        }
        let name = |token: &str| contact.http.post(paths::COUNCIL_ORGANISATIONS, Some(token), &asked);
        let named: CouncilOrganisation = app.with_session(&contact, &hat, name)?;
        app.output.say("organisation.named", &[("name", &harmless(&named.name))]);
        if let Some(own_page) = &named.own_page {
            app.output.say("organisation.own_page", &[("link", &harmless(own_page))]);
        }
        app.output.json(&serde_json::json!(named));
        Ok(Exit::Ok)
    }
}

fn list(app: &App<'_>) -> Outcome {
    let hat = app.hat()?;
    let contact = app.contact(&hat)?;
    let page: OrganisationPage = contact.http.get(paths::ORGANISATIONS, None)?;
    if page.organisations.is_empty() {
        app.output.say("web.organisations_none", &[]);
    }
    let many = contact.community.unit(app.output.language).many;
    for one in &page.organisations {
        let kind = if one.with_currency { "web.houses_with" } else { "web.houses_without" };
        let kind = app.output.words(kind, &[("many", &many)]);
        let name = app.output.strong(&harmless(&one.name));
        app.output.say("organisation.one", &[("name", &name), ("kind", &kind)]);
    }
    app.output.json(&serde_json::json!(page));
    Ok(Exit::Ok)
}
