//! Whether an account has in the new ledger what it had in the old one: proven, never taken from the node.

use crate::app::App;
use crate::community::Community;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::past::Before;
use crate::statement;
use klaver_api::paths;
use klaver_api::succession::ShareJson;
use klaver_keystore::KeyInfo;
use klaver_ledger::books::shares::{SHARE_HASH_BYTES, Share, closing_digest};
use klaver_ledger::id::{AccountId, LedgerId};

/// How often a balance is held against its lines: what is recorded meanwhile is no contradiction.
const LOOKS: usize = 3;

/// Checks, once, that what `account` had when the ledger before this one ended is what it began with here; and so for each
/// ledger since `joined`, the one that its key knows, that this wallet slept through. Returns what it had in the last one.
///
/// # Errors
/// `Mismatch`, after the evidence was kept, when it is not; else as opening a session.
pub fn check(
    app: &App<'_>,
    contact: &mut Contact,
    hat: &KeyInfo,
    account: AccountId,
    joined: LedgerId,
) -> Outcome<Share> {
    let shown = Shown { app, contact: &*contact, hat, account };
    let mut last: Option<(Share, ShareJson)> = None;
    for (number, ended) in ended_since(app, &contact.community, account, joined)?.iter().enumerate().rev() {
        let (share, said) = shown.share(ended, number == 0)?;
        if let Some(why) = last.as_ref().and_then(|(before, _)| contradiction(before, &share)) {
            return Err(shown.wrong(why, &format!("{:?}\n{said:?}", last.map(|(_, said)| said))));
        }
        if last.is_none() {
            shown.must_be_as_seen(&share, &said)?;
        }
        last = Some((share, said));
    }
    let (share, said) = last.ok_or_else(|| shown.wrong("nothing is known of the ledger before", ""))?;
    shown.must_begin_with(&share, &said)?;
    contact.note_came_over(account)?;
    Ok(share)
}

/// Returns the ledgers whose end `account` has not been seen to come through, newest first, back to `joined`.
///
/// # Errors
/// When what is kept of one in between cannot be read: a shorter chain would prove less.
fn ended_since(
    app: &App<'_>,
    newest: &Community,
    account: AccountId,
    joined: LedgerId,
) -> Outcome<Vec<Before>> {
    let (mut found, mut past) = (Vec::new(), newest.past.clone());
    while let Some(before) = past.predecessor.clone() {
        if past.came_over.contains(&account.to_string()) {
            break;
        }
        let ledger = LedgerId::from_hex(&before.ledger);
        found.push(before);
        let older = ledger.filter(|ledger| *ledger != joined);
        match older.map(|ledger| Community::load(&app.places, &ledger)) {
            Some(Ok(known)) => past = known.past,
            Some(Err(failure)) if failure.code != "not_joined" => return Err(failure),
            Some(Err(_)) | None => break,
        }
    }
    Ok(found)
}

/// Says what is wrong when an account had `after` at the end of the ledger that it began with `before`.
fn contradiction(before: &Share, after: &Share) -> Option<&'static str> {
    let began = (before.debits, before.credits.saturating_add(before.returned));
    let ended = (after.debits, after.credits);
    if after.lines == 0 && began != ended {
        return Some("nothing was recorded for it in between, and it had another balance at the end");
    }
    // Sums of debits and of credits only grow.
    (ended.0 < began.0 || ended.1 < began.1).then_some("its sums became less in between")
}

/// What a node shows of one account, kept whole as evidence should it not hold.
struct Shown<'a> {
    app: &'a App<'a>,
    contact: &'a Contact,
    hat: &'a KeyInfo,
    account: AccountId,
}

impl Shown<'_> {
    fn wrong(&self, why: &str, evidence: &str) -> Failure {
        let failure = Failure::text(Exit::Mismatch, "share_wrong", why);
        let evidence = format!("{}\n{why}\n{evidence}\n", self.account);
        self.contact.keep_evidence("share", evidence.as_bytes(), failure)
    }

    /// Returns what the account had when a ledger ended, as the council signed it.
    fn share(&self, ended: &Before, is_newest: bool) -> Outcome<(Share, ShareJson)> {
        let digests = ended.digests();
        let (snapshot, closing) =
            digests.ok_or_else(|| self.wrong("nothing is known of the ledger before", ""))?;
        // The one before needs no name: older nodes know no other.
        let query = if is_newest { String::new() } else { format!("?ledger={}", ended.ledger) };
        let Self { app, contact, hat, account } = *self;
        let path = format!("{}{query}", paths::SHARE);
        let said: ShareJson = app
            .with_session(contact, hat, |token| contact.http.get(&path, Some(token)))
            .map_err(|failure| match failure.code.as_str() {
                "no_predecessor" => self.wrong("the account is not among those that came over", ""),
                _ => failure,
            })?;
        let shown = pretty(&said);
        let list = contact.http.get_bytes(&format!("{}{query}", paths::SHARES))?;
        if closing_digest(&snapshot, &list) != closing {
            return Err(
                self.wrong("the list of what came over is not the one that the council signed", &shown)
            );
        }
        let (share, salt) = said.to_share()?;
        let hash = share.hash(&salt);
        if share.account != account || !list.chunks(SHARE_HASH_BYTES).any(|known| known == hash) {
            return Err(
                self.wrong("what the node says it had is not in the list that the council signed", &shown)
            );
        }
        Ok((share, said))
    }

    /// Checks that a share is what this wallet has seen in the ledger that ended.
    fn must_be_as_seen(&self, share: &Share, said: &ShareJson) -> Outcome<()> {
        let known = self.contact.community.past.balances.get(&self.account.to_string());
        let differs = known.filter(|known| {
            (known.lines == share.lines && known.balance_minor != share.balance())
                || share.lines < known.lines
        });
        differs.map_or(Ok(()), |known| {
            let kept = format!("{}\n{known:?}", pretty(said));
            Err(self.wrong("this wallet has seen another balance in the old ledger", &kept))
        })
    }

    /// Checks that what an account began with and the lines since are what it is said to have.
    fn must_begin_with(&self, share: &Share, said: &ShareJson) -> Outcome<()> {
        let Self { app, contact, hat, account } = *self;
        let unit = contact.community.unit(app.output.language);
        let minor = |text: &str| unit.parse_balance(text).unwrap_or(i64::MAX);
        for _ in 0..LOOKS {
            let (balance, lines) = statement::fetch_whole(app, contact, hat, account)?;
            let moved: i64 =
                lines.iter().map(|line| minor(&line.credit).saturating_sub(minor(&line.debit))).sum();
            let is_whole = lines.last().is_none_or(|oldest| oldest.seq == 0);
            if is_whole && share.opened().saturating_add(moved) == minor(&balance) {
                return Ok(());
            }
        }
        Err(self.wrong("what it had, with the lines since, is not what it is said to have", &pretty(said)))
    }
}

fn pretty(said: &ShareJson) -> String {
    serde_json::to_string_pretty(said).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::id::Digest;

    #[test]
    fn what_an_account_had_in_between_only_grows() {
        let share = |debits, credits, returned, lines| Share {
            account: AccountId([1; 16]),
            debits,
            credits,
            returned,
            lines,
            state: Digest([0; 32]),
        };
        let before = share(5, 20, 3, 9);
        for same in [share(5, 23, 0, 0), share(5, 24, 0, 1), share(9, 23, 1, 4)] {
            assert_eq!(contradiction(&before, &same), None, "{same:?}");
        }
        for wrong in [share(5, 24, 0, 0), share(5, 20, 3, 0), share(4, 23, 0, 1), share(5, 22, 0, 1)] {
            assert!(contradiction(&before, &wrong).is_some(), "{wrong:?}");
        }
    }
}
