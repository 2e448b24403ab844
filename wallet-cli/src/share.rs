//! Whether an account has in the new ledger what it had in the old one: proven, never taken from the node.

use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::statement;
use klaver_api::succession::ShareJson;
use klaver_api::{AccountJson, paths};
use klaver_keystore::KeyInfo;
use klaver_ledger::books::shares::{SHARE_HASH_BYTES, Share, closing_digest};
use klaver_ledger::id::AccountId;

/// Checks, once, that what `account` had when the ledger before this one ended is what it began with here; returns it.
///
/// # Errors
/// `Mismatch`, after the evidence was kept, when it is not; else as opening a session.
pub fn check(app: &App<'_>, contact: &mut Contact, hat: &KeyInfo, account: AccountId) -> Outcome<Share> {
    let wrong = |why: &str, evidence: &str| {
        let failure = Failure::text(Exit::Mismatch, "share_wrong", why);
        contact.keep_evidence("share", format!("{account}\n{why}\n{evidence}\n").as_bytes(), failure)
    };
    let before = contact.community.past.predecessor.clone();
    let digests = before.as_ref().and_then(|before| before.digests());
    let (snapshot, closing) = digests.ok_or_else(|| wrong("nothing is known of the ledger before", ""))?;
    let said: ShareJson = app
        .with_session(contact, hat, |token| contact.http.get(paths::SHARE, Some(token)))
        .map_err(|failure| match failure.code.as_str() {
            "no_predecessor" => wrong("the account is not among those that came over", ""),
            _ => failure,
        })?;
    let shown = serde_json::to_string_pretty(&said).unwrap_or_default();
    let list = contact.http.get_bytes(paths::SHARES)?;
    if closing_digest(&snapshot, &list) != closing {
        return Err(wrong("the list of what came over is not the one that the council signed", &shown));
    }
    let (share, salt) = said.to_share()?;
    let hash = share.hash(&salt);
    if share.account != account || !list.chunks(SHARE_HASH_BYTES).any(|known| known == hash) {
        return Err(wrong("what the node says it had is not in the list that the council signed", &shown));
    }
    if let Some(known) = contact.community.past.balances.get(&account.to_string()) {
        let differs = known.lines == share.lines && known.balance_minor != share.balance();
        if differs || share.lines < known.lines {
            let kept = format!("{shown}\n{known:?}");
            return Err(wrong("this wallet has seen another balance in the old ledger", &kept));
        }
    }
    let lines = statement::fetch(app, contact, hat, account, usize::MAX)?;
    let path = paths::fill(paths::ACCOUNT, account);
    let now: AccountJson = app.with_session(contact, hat, |token| contact.http.get(&path, Some(token)))?;
    let unit = contact.community.unit(app.output.language);
    let minor = |text: &str| unit.parse_balance(text).unwrap_or(i64::MAX);
    let moved: i64 = lines.iter().map(|line| minor(&line.credit).saturating_sub(minor(&line.debit))).sum();
    let balance = now.balance.as_deref().map_or(i64::MAX, minor);
    let all = lines.last().is_none_or(|oldest| oldest.seq == 0) && now.lines == lines.len() as u64;
    if !all || share.opened().saturating_add(moved) != balance {
        return Err(wrong("what it had, with the lines since, is not what it is said to have", &shown));
    }
    contact.note_came_over(account)?;
    Ok(share)
}
