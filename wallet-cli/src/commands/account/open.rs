//! `klaver account open`: open an account, as the council.

use super::grant;
use crate::app::App;
use crate::commands::{account_of, hex};
use crate::entries::{Plan, Sent, report_with, send};
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use clap::Args;
use klaver_keystore::Purpose;
use klaver_ledger::account::{AccountKind, AccountState};
use klaver_ledger::amount::Total;
use klaver_ledger::entry::{Body, Open as OpenBody};
use klaver_ledger::id::{AccountId, OrganisationId};

/// Open an account, as the council.
#[derive(Args, Debug)]
pub struct Open {
    /// Its kind
    #[arg(value_parser = ["budget", "member", "merchant", "fund", "card", "voucher"])]
    pub kind: String,
    /// A key of it: hexadecimal or a name of your own, perhaps :spend+refund:2027-12-31
    #[arg(long, required = true, value_name = "KEY")]
    pub key: Vec<String>,
    /// How many keys must sign
    #[arg(long, default_value_t = 1)]
    pub threshold: u64,
    /// How far below zero it may go; of a budget, its cap
    #[arg(long, default_value = "0")]
    pub limit: String,
    /// How far above zero it may go
    #[arg(long)]
    pub ceiling: Option<String>,
    /// The organisation it belongs to, 32 hexadecimal digits; `new` for a new one
    #[arg(long, value_name = "ID")]
    pub organisation: Option<String>,
    /// The account that inherits
    #[arg(long, value_name = "KLV1")]
    pub heir: Option<String>,
    /// Until when: a date, the end of that day in UTC
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// Only this account may be credited from it; may be repeated
    #[arg(long, value_name = "KLV1")]
    pub payee: Vec<String>,
}

impl Open {
    /// Runs the command.
    ///
    /// # Errors
    /// When a value makes no sense, or the rules say no.
    pub fn run(self, app: &App<'_>) -> Outcome {
        let hat = app.office_hat(Purpose::Council)?;
        let mut contact = app.contact(&hat)?;
        let scale = contact.community.scale;
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        let (account, organisation) = random.split_at(16);
        let account = AccountId(account.try_into().expect("the first half has 16 bytes"));
        let fresh = OrganisationId(organisation.try_into().expect("the second half has 16 bytes"));
        let organisation = match self.organisation.as_deref() {
            Some("new") => Some(fresh),
            Some(text) => Some(hex(text, OrganisationId::from_hex)?),
            None => None,
        };
        let until = match &self.until {
            Some(text) => Some(
                moment::parse_until(text)
                    .ok_or_else(|| Failure::new(Exit::Usage, "not_a_date").with("value", text))?,
            ),
            None => None,
        };
        let payees: Vec<AccountId> =
            self.payee.iter().map(|text| account_of(app, text)).collect::<Outcome<_>>()?;
        let state = AccountState {
            account,
            kind: AccountKind::from_word(&self.kind)
                .ok_or_else(|| Failure::new(Exit::Usage, "reason").with("value", &self.kind))?,
            keys: self.key.iter().map(|text| grant(app, text)).collect::<Outcome<_>>()?,
            threshold: self.threshold,
            limit: Total::parse(&self.limit, scale)?,
            ceiling: self.ceiling.as_deref().map(|text| Total::parse(text, scale)).transpose()?,
            organisation,
            heir: self.heir.as_deref().map(|text| account_of(app, text)).transpose()?,
            until,
            payees: (!payees.is_empty()).then_some(payees),
        };
        let plan = Plan::patient(Body::Open(OpenBody { states: vec![state] }));
        let sent = send(app, &mut contact, &hat, plan)?;
        let mut json = serde_json::Map::new();
        json.insert("account".to_owned(), account.to_string().into());
        json.insert("organisation".to_owned(), organisation.map(|id| id.to_hex()).into());
        let done = app.output.words("done.open", &[("account", &account.to_string())]);
        let exit = report_with(app, &sent, &done, json);
        if let Some(organisation) = organisation {
            app.output.note("done.open.organisation", &[("organisation", &organisation.to_hex())]);
        }
        let next = match sent {
            Sent::Recorded(_) => "next.open",
            Sent::Draft { .. } => "next.open.draft",
            Sent::DryRun => return Ok(exit),
        };
        let node = contact.community.node.to_string();
        app.output.note(next, &[("node", &node), ("account", &account.to_string())]);
        Ok(exit)
    }
}
