//! What an entry does, in sentences: shown before a person signs it.
//!
//! The sentences are made from the bytes that will be signed, never from what a node says they mean.

use crate::failure::Outcome;
use crate::moment;
use crate::money::Unit;
use crate::output::Output;
use klaver_ledger::account::{AccountState, AccountStatus};
use klaver_ledger::entry::{Body, Entry};
use klaver_ledger::id::AccountId;

/// Names that stand for accounts, such as the payee of a request or the wallet's own accounts.
pub type Names<'n> = dyn Fn(&AccountId) -> Option<String> + 'n;

/// Returns what `entry` does, one sentence a line, and until when it may be recorded.
///
/// # Errors
/// Never for an entry that was decoded; the result is for `?` beside other steps.
pub fn entry(entry: &Entry, unit: &Unit, output: &Output, names: &Names<'_>) -> Outcome<Vec<String>> {
    let mut lines = body(&entry.body, unit, output, names);
    let until = moment::show_deadline(entry.expires_at, output.language);
    lines.push(output.words("entry.until", &[("until", &until)]));
    Ok(lines)
}

/// Returns an account as people read it: its name with the beginning of its id, or the whole id.
pub fn account(id: &AccountId, names: &Names<'_>) -> String {
    let text = id.to_string();
    match names(id) {
        Some(name) => format!("{} ({}…)", crate::output::harmless(&name), &text[..12]),
        None => text,
    }
}

fn body(body: &Body, unit: &Unit, output: &Output, names: &Names<'_>) -> Vec<String> {
    let say = |key: &str, values: &[(&str, &str)]| output.words(key, values);
    let who = |id: &AccountId| account(id, names);
    match body {
        Body::Pay(pay) => {
            let from = who(&pay.from);
            let one = |line: &klaver_ledger::entry::PayLine| {
                let (amount, to) = (unit.show(line.amount), who(&line.to));
                say("entry.pay", &[("amount", &amount), ("to", &to), ("from", &from)])
            };
            pay.payees.iter().map(one).collect()
        }
        Body::Earn(earn) => {
            let count = earn.payees.len().to_string();
            let total = earn.payees.iter().map(|(_, amount)| amount.minor()).sum::<u64>();
            let total = unit.show_balance(i64::try_from(total).unwrap_or(i64::MAX));
            let (budget, reason) = (who(&earn.budget), output.words(&format!("reason.{}", earn.reason), &[]));
            let values =
                [("count", count.as_str()), ("total", &total), ("budget", &budget), ("reason", &reason)];
            let mut lines = vec![say("entry.earn", &values)];
            for (payee, amount) in &earn.payees {
                let (amount, to) = (unit.show(*amount), who(payee));
                lines.push(say("entry.earn.one", &[("amount", &amount), ("to", &to)]));
            }
            lines
        }
        Body::Refund(refund) => {
            let (amount, index) = (unit.show(refund.amount), refund.index.to_string());
            vec![say("entry.refund", &[("amount", &amount), ("index", &index)])]
        }
        Body::Redeem(redeem) => {
            let (amount, merchant) = (unit.show(redeem.amount), who(&redeem.merchant));
            let euro = redeem.rate.and_then(|rate| rate.euro_cents(redeem.amount));
            let euro = euro.map_or_else(|| "-".to_owned(), |cents| crate::money::euro(cents, unit.language));
            vec![say("entry.redeem", &[("amount", &amount), ("merchant", &merchant), ("euro", &euro)])]
        }
        Body::Settle(settle) => {
            let list: Vec<String> = settle.redeems.iter().map(ToString::to_string).collect();
            vec![say("entry.settle", &[("indexes", &list.join(", "))])]
        }
        Body::Retire(retire) => {
            let (amount, budget) = (unit.show(retire.amount), who(&retire.budget));
            vec![say("entry.retire", &[("amount", &amount), ("budget", &budget)])]
        }
        Body::Correct(correct) => {
            let index = correct.index.to_string();
            let reason = output.words(&format!("reason.{}", correct.reason), &[]);
            let mut lines = vec![say("entry.correct", &[("index", &index), ("reason", &reason)])];
            for (line, amount) in &correct.lines {
                let (line, amount) = (line.to_string(), unit.show(*amount));
                lines.push(say("entry.correct.one", &[("line", &line), ("amount", &amount)]));
            }
            if let Some(cover) = &correct.cover {
                lines.push(say("entry.correct.cover", &[("cover", &who(cover))]));
            }
            lines
        }
        Body::Open(open) => open
            .states
            .iter()
            .flat_map(|opened| {
                let (kind, account) = (say(&format!("kind.{}", opened.kind), &[]), who(&opened.account));
                let mut lines = vec![say("entry.open", &[("kind", &kind), ("account", &account)])];
                lines.extend(state(opened, unit, output, names));
                lines
            })
            .collect(),
        Body::Change(change) => {
            let account = who(&change.state.account);
            let key = match change.status {
                AccountStatus::Open => "entry.change",
                AccountStatus::Frozen => "entry.freeze",
            };
            let mut lines = vec![say(key, &[("account", &account)])];
            lines.extend(state(&change.state, unit, output, names));
            lines
        }
        Body::Veto(veto) => vec![say("entry.veto", &[("index", &veto.index.to_string())])],
        Body::Close(close) => {
            vec![say("entry.close", &[("account", &who(&close.account)), ("heir", &who(&close.heir))])]
        }
        Body::Found(found) => vec![say("entry.found", &[("name", &crate::output::harmless(&found.name))])],
        Body::Govern(govern) => {
            let charter = klaver_api::CharterJson::of(&govern.charter, unit.scale);
            let text = serde_json::to_string_pretty(&charter).unwrap_or_default();
            let base = govern.base.to_string();
            std::iter::once(say("entry.govern", &[("base", &base)]))
                .chain(text.lines().map(str::to_owned))
                .collect()
        }
        Body::Attest(attest) => {
            let (what, size) =
                (say(&format!("statement.{}", attest.statement), &[]), attest.size.to_string());
            let hash = attest.document.to_hex();
            vec![say("entry.attest", &[("what", &what), ("size", &size), ("hash", &hash)])]
        }
    }
}

fn state(state: &AccountState, unit: &Unit, output: &Output, names: &Names<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for grant in &state.keys {
        let (key, rights) = (grant.key.to_string(), grant.rights.to_string());
        lines.push(output.words("entry.state.key", &[("key", &key), ("rights", &rights)]));
        if let Some(until) = grant.until {
            let until = moment::show_deadline(until, output.language);
            lines.push(output.words("entry.state.key_until", &[("until", &until)]));
        }
        if let Some(cap) = grant.cap {
            lines.push(output.words("entry.state.key_cap", &[("cap", &unit.show(cap))]));
        }
    }
    let threshold = state.threshold.to_string();
    lines.push(output.words("entry.state.threshold", &[("count", &threshold)]));
    lines.push(output.words("entry.state.limit", &[("limit", &unit.show(state.limit))]));
    if let Some(ceiling) = state.ceiling {
        lines.push(output.words("entry.state.ceiling", &[("ceiling", &unit.show(ceiling))]));
    }
    if let Some(heir) = &state.heir {
        lines.push(output.words("entry.state.heir", &[("heir", &account(heir, names))]));
    }
    if let Some(organisation) = &state.organisation {
        lines.push(output.words("entry.state.organisation", &[("organisation", &organisation.to_hex())]));
    }
    if let Some(until) = state.until {
        let until = moment::show_deadline(until, output.language);
        lines.push(output.words("entry.state.until", &[("until", &until)]));
    }
    for payee in state.payees.iter().flatten() {
        lines.push(output.words("entry.state.payee", &[("payee", &account(payee, names))]));
    }
    lines
}

#[cfg(test)]
mod tests {
    use klaver_keystore::Purpose;
    use klaver_ledger::account::{AccountKind, AccountStatus};
    use klaver_ledger::entry::{CorrectReason, EarnReason, Kind, Statement};
    use klaver_ledger::id::AccountId;
    use klaver_locales::Language;

    #[test]
    fn every_value_of_the_protocol_has_its_word() {
        let purposes = [
            Purpose::Spare,
            Purpose::Account(AccountId([0; 16])),
            Purpose::Council,
            Purpose::Rescue,
            Purpose::Auditor,
        ];
        let mut keys: Vec<String> = Vec::new();
        keys.extend(Kind::ALL.iter().map(|kind| format!("line.{kind}")));
        keys.extend(AccountKind::ALL.iter().map(|kind| format!("kind.{kind}")));
        keys.extend(AccountStatus::ALL.iter().map(|status| format!("status.{status}")));
        keys.extend(EarnReason::ALL.iter().map(|reason| format!("reason.{reason}")));
        keys.extend(CorrectReason::ALL.iter().map(|reason| format!("reason.{reason}")));
        keys.extend(Statement::ALL.iter().map(|statement| format!("statement.{statement}")));
        keys.extend(purposes.iter().map(|purpose| format!("purpose.{}", purpose.word())));
        let missing: Vec<&String> =
            keys.iter().filter(|key| Language::English.find(key, &[]).is_none()).collect();
        assert!(missing.is_empty(), "add these words to node/locales/*.json: {missing:?}");
    }
}
