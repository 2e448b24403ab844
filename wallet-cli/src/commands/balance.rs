//! `klaver balance`: what you have.

use crate::app::App;
use crate::failure::{Exit, Outcome};
use crate::past::Known;
use clap::Args;
use klaver_api::{AccountJson, paths};

/// Show what you have.
#[derive(Args, Debug)]
pub struct Balance {}

impl Balance {
    /// Runs the command.
    ///
    /// # Errors
    /// When the node cannot be reached, or does not know the key.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let (hat, account) = app.account_hat()?;
        let mut contact = app.contact(&hat)?;
        let path = paths::fill(paths::ACCOUNT, account);
        let said: AccountJson =
            app.with_session(&contact, &hat, |token| contact.http.get(&path, Some(token)))?;
        let unit = contact.community.unit(app.output.language);
        let balance = said.balance.as_deref().unwrap_or("");
        if let Some(balance_minor) = unit.parse_balance(balance) {
            contact.note_balance(account, Known { balance_minor, lines: said.lines })?;
        }
        if said.state.kind == "budget" {
            let (room, cap) = (said.available.as_deref().unwrap_or(""), &said.state.limit);
            let values = [("room", &*unit.show_text(room)), ("cap", &*unit.show_text(cap))];
            app.output.say("balance.budget", &values);
        } else {
            app.output.say("balance", &[("balance", &app.output.strong(&unit.show_text(balance)))]);
            if unit.parse_balance(&said.state.limit).is_some_and(|limit| limit > 0) {
                let available = unit.show_text(said.available.as_deref().unwrap_or(""));
                app.output.say("balance.available", &[("available", &available)]);
            }
        }
        match said.status.as_str() {
            "frozen" => app.output.say("balance.frozen", &[]),
            "closed" => {
                let heir = said.closed_to.as_deref().map_or_else(String::new, crate::output::harmless);
                app.output.say("balance.closed", &[("heir", &heir)]);
            }
            _ => {}
        }
        if let Some(pending) = &said.pending {
            let (index, at) = (
                pending.index.to_string(),
                crate::moment::show_text(&pending.effective_at, app.output.language),
            );
            let key = if pending.vetoable { "balance.pending" } else { "balance.pending.final" };
            app.output.warn(key, &[("index", &index), ("at", &at)]);
        }
        app.output.json(&serde_json::json!({
            "account": account.to_string(), "kind": said.state.kind, "status": said.status,
            "balance": said.balance, "available": said.available, "unit": contact.community.many,
            "pending": said.pending,
        }));
        Ok(Exit::Ok)
    }
}
