//! From when a change, close or charter counts, and until when somebody can stop it.

use super::account::fetch;
use crate::app::App;
use crate::contact::Contact;
use crate::entries::{Recorded, Sent, names_of, report, report_with};
use crate::failure::Exit;
use crate::moment;
use klaver_api::{AccountJson, CharterJson, Draft, paths};
use klaver_keystore::KeyInfo;
use klaver_ledger::account::AccountStatus;
use klaver_ledger::entry::{Body, Change, SignedEntry};
use klaver_ledger::id::AccountId;
use klaver_ledger::limits::RESCUE_DELAY_SECONDS;
use klaver_ledger::time::Seconds;

/// Says, before a draft that waits for the council is signed, from when it would count; `None` when that is at once.
pub fn outlook(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    said: &Draft,
    entry: &SignedEntry,
) -> Option<String> {
    // What an account's own keys decide counts at once.
    said.waits_for.as_ref().filter(|waits_for| ["council", "rescue"].contains(&&*waits_for.who))?;
    let account = |account| fetch(app, contact, hat, account).ok();
    let key = match &entry.entry().body {
        Body::Govern(_) => "cosign.outlook.govern",
        Body::Change(change) => {
            let before = account(change.state.account)?;
            waits_for_owner(&before, change, contact).then_some("cosign.outlook.change")?
        }
        Body::Close(close) => {
            let before = account(close.account)?;
            let is_empty =
                before.balance.as_deref().is_some_and(|text| text.trim_matches(['0', '.']).is_empty());
            (before.pending.is_none() && !is_empty).then_some("cosign.outlook.close")?
        }
        _ => return None,
    };
    let before = contact.http.get::<klaver_api::Community>(paths::COMMUNITY, None).ok()?.charter;
    let delay = delay(&before, entry, Some(hat));
    let at = moment::show(contact.community.clock.now().after(delay), app.output.language);
    Some(app.output.words(key, &[("at", &at)]))
}

/// Returns whether a change by the council waits, so that the owner can stop it: one of keys, threshold or heir.
fn waits_for_owner(before: &AccountJson, change: &Change, contact: &Contact) -> bool {
    let Ok(old) = before.state.to_state(contact.community.scale) else { return false };
    let new = &change.state;
    let differs = old.keys != new.keys || old.threshold != new.threshold || old.heir != new.heir;
    differs && before.status == AccountStatus::Open.to_string()
}

/// Says from when a new charter counts: `before` was in force when it was recorded.
pub fn counts_from(app: &App<'_>, before: &CharterJson, signed: &SignedEntry, recorded: &Recorded) -> String {
    let delay = delay(before, signed, None);
    let at = moment::show(recorded.proven.recorded_at.after(delay), app.output.language);
    app.output.words("done.govern", &[("at", &at), ("index", &recorded.receipt.index.to_string())])
}

/// Returns how long an act of the council waits; of the rescue keys, when one of them signed or is about to.
fn delay(before: &CharterJson, signed: &SignedEntry, next: Option<&KeyInfo>) -> Seconds {
    let signers = signed.signatures().iter().map(|(key, _)| data_encoding::HEXLOWER.encode(key));
    let mut signers = signers.chain(next.map(|key| key.public_key.to_string()));
    let is_rescue = signers.any(|key| before.rescue.contains(&key));
    Seconds(if is_rescue { RESCUE_DELAY_SECONDS } else { before.policy.recovery_delay })
}

/// Says what became of a change or close: done at once, or from a later moment on unless somebody stops it.
///
/// Which of the two, the node knows: it shows what waits for the account.
pub fn report_timed(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    account: AccountId,
    sent: &Sent,
    key: &str,
) -> Exit {
    let name = names_of(app, &[]).account(&account);
    let mut json = serde_json::Map::new();
    let Sent::Recorded(recorded) = sent else { return report(app, sent, "") };
    let index = recorded.receipt.index;
    let done = match fetch(app, contact, hat, account) {
        Ok(AccountJson { pending: Some(pending), .. }) if pending.index == index => {
            let at = moment::show_text(&pending.effective_at, app.output.language);
            json.insert("effective_at".to_owned(), pending.effective_at.into());
            let values = [("account", &*name), ("at", &*at), ("index", &*index.to_string())];
            app.output.words(&format!("{key}.waits"), &values)
        }
        Ok(_) => app.output.words(key, &[("account", &name)]),
        // It stands in the ledger, whatever can be said about it now.
        Err(_) => app.output.words("done.recorded", &[("index", &index.to_string())]),
    };
    report_with(app, sent, &done, json)
}
