//! `klaver account change`: keys and heir by the owner, limits by the council.

use super::{Which, fetch, grant};
use crate::app::App;
use crate::commands::timing::report_timed;
use crate::commands::{account_of, hex};
use crate::entries::{Plan, send};
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use clap::Args;
use klaver_ledger::account::{AccountState, AccountStatus};
use klaver_ledger::amount::{Scale, Total};
use klaver_ledger::entry::{Body, Change as ChangeBody};
use klaver_ledger::id::OrganisationId;
use klaver_ledger::keys::PublicKey;

/// Change an account: keys, heir; as the council also limits.
#[derive(Args, Debug)]
pub struct Change {
    /// The account, and as whom.
    #[command(flatten)]
    pub which: Which,
    /// Add a key: hexadecimal or a name of your own, perhaps :spend+refund:2027-12-31
    #[arg(long, value_name = "KEY")]
    pub add_key: Vec<String>,
    /// Remove a key
    #[arg(long, value_name = "KEY")]
    pub remove_key: Vec<String>,
    /// How many keys must sign
    #[arg(long)]
    pub threshold: Option<u64>,
    /// The account that inherits; `none` for nobody
    #[arg(long, value_name = "KLV1")]
    pub heir: Option<String>,
    /// How far below zero it may go; of a budget, its cap
    #[arg(long)]
    pub limit: Option<String>,
    /// How far above zero it may go; `none` for no ceiling
    #[arg(long)]
    pub ceiling: Option<String>,
    /// The organisation it belongs to; `none` for none
    #[arg(long, value_name = "ID")]
    pub organisation: Option<String>,
    /// Until when; `none` for no end
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// Only these accounts may be credited from it; `none` for anybody
    #[arg(long, value_name = "KLV1")]
    pub payee: Vec<String>,
}

impl Change {
    /// Runs the command.
    ///
    /// # Errors
    /// When nothing changes, or the rules say no.
    pub fn run(self, app: &App<'_>) -> Outcome {
        let hat = self.which.hat(app)?;
        let mut contact = app.contact(&hat)?;
        let account = self.which.account(app, &hat)?;
        let said = fetch(app, &contact, &hat, account)?;
        let scale = contact.community.scale;
        let before = said.state.to_state(scale)?;
        let state = self.applied_to(app, before.clone(), scale)?;
        if state == before {
            return Err(Failure::new(Exit::Usage, "nothing_changes"));
        }
        let status = AccountStatus::from_word(&said.status)
            .ok_or_else(|| Failure::new(Exit::Usage, "account_closed").with("account", account))?;
        let body = Body::Change(ChangeBody { base: said.base, state, status });
        let sent = send(app, &mut contact, &hat, Plan::patient(body))?;
        Ok(report_timed(app, &contact, &hat, account, &sent, "done.change"))
    }

    fn applied_to(&self, app: &App<'_>, mut state: AccountState, scale: Scale) -> Outcome<AccountState> {
        fn given<T>(text: &str, read: impl FnOnce(&str) -> Outcome<T>) -> Outcome<Option<T>> {
            if text == "none" { Ok(None) } else { read(text).map(Some) }
        }
        for text in &self.remove_key {
            let own = app.keys().unwrap_or_default().into_iter().find(|own| own.name == *text);
            let key = match own {
                Some(own) => own.public_key,
                None => PublicKey::from_hex(text)
                    .map_err(|_| Failure::new(Exit::Usage, "key_grant").with("value", text))?,
            };
            if state.grant(&key).is_none() {
                return Err(Failure::new(Exit::Usage, "key_not_there").with("value", key));
            }
            state.keys.retain(|grant| grant.key != key);
        }
        for text in &self.add_key {
            let added = grant(app, text)?;
            state.keys.retain(|grant| grant.key != added.key);
            state.keys.push(added);
        }
        state.keys.sort_unstable();
        if let Some(threshold) = self.threshold {
            state.threshold = threshold;
        }
        if let Some(text) = &self.heir {
            state.heir = given(text, |text| account_of(app, text))?;
        }
        if let Some(text) = &self.limit {
            state.limit = Total::parse(text, scale)?;
        }
        if let Some(text) = &self.ceiling {
            state.ceiling = given(text, |text| Ok(Total::parse(text, scale)?))?;
        }
        if let Some(text) = &self.organisation {
            state.organisation = given(text, |text| hex(text, OrganisationId::from_hex))?;
        }
        if let Some(text) = &self.until {
            let wrong = || Failure::new(Exit::Usage, "not_a_date").with("value", text);
            state.until = given(text, |text| moment::parse_until(text).ok_or_else(wrong))?;
        }
        match self.payee.as_slice() {
            [] => {}
            [none] if none == "none" => state.payees = None,
            payees => {
                let mut payees =
                    payees.iter().map(|text| account_of(app, text)).collect::<Outcome<Vec<_>>>()?;
                payees.sort_unstable();
                payees.dedup();
                state.payees = Some(payees);
            }
        }
        Ok(state)
    }
}
