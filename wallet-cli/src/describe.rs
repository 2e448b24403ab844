//! What an entry does, in sentences: shown before a person signs it.
//!
//! The sentences are made from the bytes that will be signed, never from what a node says they mean.

use crate::charter_words;
use crate::moment;
use crate::money::Unit;
use crate::names::Names;
use crate::output::{Output, term};
use klaver_api::{CharterJson, WaitsFor};
use klaver_ledger::account::{AccountState, AccountStatus, Rights};
use klaver_ledger::amount::Total;
use klaver_ledger::entry::{Body, Entry};
use klaver_ledger::id::AccountId;

/// What sentences about entries need besides the entry.
pub struct Teller<'a> {
    /// The community's unit.
    pub unit: &'a Unit,
    /// The reader's language.
    pub output: &'a Output,
    /// Names of accounts and keys.
    pub names: &'a Names,
    /// The charter in force, so that of a new one only what changes is shown.
    pub charter: Option<&'a CharterJson>,
}

impl Teller<'_> {
    /// Returns what `entry` does, one sentence a line, and until when it may be recorded.
    pub fn entry(&self, entry: &Entry) -> Vec<String> {
        let mut lines = self.body(&entry.body);
        let until = moment::show_deadline(entry.expires_at, self.output.language);
        lines.push(self.output.words("entry.until", &[("until", &until)]));
        lines
    }

    /// Returns whose signatures `entry` waits for.
    pub fn waits_for(&self, entry: &Entry, waits_for: &WaitsFor) -> String {
        let account = waits_for.account.as_deref().and_then(|text| AccountId::parse(text).ok());
        let role = account.and_then(|account| match &entry.body {
            Body::Close(close) if close.heir == account => Some("waits.heir"),
            Body::Correct(correct) if correct.cover == Some(account) => Some("waits.cover"),
            _ => None,
        });
        let (have, need) = (waits_for.have.to_string(), waits_for.need.to_string());
        let account = account.map_or_else(String::new, |account| self.names.account(&account));
        let right = rights(waits_for.right.as_deref().unwrap_or(""), self.output);
        let values = [("have", &*have), ("need", &*need), ("account", &*account), ("right", &*right)];
        let key = role.map_or_else(|| format!("waits.{}", waits_for.who), str::to_owned);
        let known = self.output.language.find(&key, &values);
        known.unwrap_or_else(|| self.output.words("waits.others", &values))
    }

    fn body(&self, body: &Body) -> Vec<String> {
        let (unit, output, names) = (self.unit, self.output, self.names);
        let say = |key: &str, values: &[(&str, &str)]| output.words(key, values);
        let who = |id: &AccountId| names.account(id);
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
                let (budget, reason) =
                    (who(&earn.budget), output.words(&format!("reason.{}", earn.reason), &[]));
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
                let euro =
                    euro.map_or_else(|| "-".to_owned(), |cents| crate::money::euro(cents, unit.language));
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
                    lines.extend(self.state(opened));
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
                // A freeze repeats the state unchanged.
                if change.status == AccountStatus::Open {
                    lines.extend(self.state(&change.state));
                }
                lines
            }
            Body::Veto(veto) => vec![say("entry.veto", &[("index", &veto.index.to_string())])],
            Body::Close(close) => {
                vec![say("entry.close", &[("account", &who(&close.account)), ("heir", &who(&close.heir))])]
            }
            Body::Found(found) => {
                vec![say("entry.found", &[("name", &crate::output::harmless(&found.name))])]
            }
            Body::Govern(govern) => {
                let new = CharterJson::of(&govern.charter, unit.scale);
                charter_words::changes(self, &new, govern.base)
            }
            Body::Attest(attest) => {
                let (what, size) =
                    (say(&format!("statement.{}", attest.statement), &[]), attest.size.to_string());
                let hash = attest.document.to_hex();
                vec![say("entry.attest", &[("what", &what), ("size", &size), ("hash", &hash)])]
            }
        }
    }

    /// Returns what an account is, one sentence a line.
    pub fn state(&self, state: &AccountState) -> Vec<String> {
        let (unit, output, names) = (self.unit, self.output, self.names);
        let mut lines = Vec::new();
        for grant in &state.keys {
            let (key, rights) = (names.whole_key(&grant.key), rights(&grant.rights.to_string(), output));
            lines.push(output.words("entry.state.key", &[("key", &key), ("rights", &rights)]));
            if let Some(until) = grant.until {
                let until = moment::show_deadline(until, output.language);
                lines.push(output.words("entry.state.key_until", &[("until", &until)]));
            }
            if let Some(cap) = grant.cap {
                lines.push(output.words("entry.state.key_cap", &[("cap", &unit.show(cap))]));
            }
        }
        if state.keys.len() > 1 || state.threshold > 1 {
            let threshold = state.threshold.to_string();
            lines.push(output.words("entry.state.threshold", &[("count", &threshold)]));
        }
        if state.kind == klaver_ledger::account::AccountKind::Budget {
            lines.push(output.words("entry.state.room", &[("limit", &unit.show(state.limit))]));
        } else if state.limit != Total::ZERO {
            lines.push(output.words("entry.state.limit", &[("limit", &unit.show(state.limit))]));
        }
        if let Some(ceiling) = state.ceiling {
            lines.push(output.words("entry.state.ceiling", &[("ceiling", &unit.show(ceiling))]));
        }
        if let Some(heir) = &state.heir {
            lines.push(output.words("entry.state.heir", &[("heir", &names.account(heir))]));
        }
        if let Some(organisation) = &state.organisation {
            lines.push(output.words("entry.state.organisation", &[("organisation", &organisation.to_hex())]));
        }
        if let Some(until) = state.until {
            let until = moment::show_deadline(until, output.language);
            lines.push(output.words("entry.state.until", &[("until", &until)]));
        }
        for payee in state.payees.iter().flatten() {
            lines.push(output.words("entry.state.payee", &[("payee", &names.account(payee))]));
        }
        lines
    }
}

/// Returns rights as people read them: "pay, give back"; all four in one word.
pub fn rights(words: &str, output: &Output) -> String {
    if words == Rights::ALL.to_string() {
        return output.words("right.all", &[]);
    }
    let shown = words.split('+').filter(|word| !word.is_empty());
    shown.map(|word| term(output.language, "right", word)).collect::<Vec<_>>().join(", ")
}

/// Returns the key of the word for a line, as its account sees it: who gives and who receives read differently.
pub fn line_word(kind: &str, debit: i64, credit: i64) -> String {
    let gives = ["earn"];
    let receives = ["pay", "refund", "correct", "close"];
    let side = if credit > 0 && receives.contains(&kind) {
        "_in"
    } else if debit > 0 && gives.contains(&kind) {
        "_out"
    } else {
        ""
    };
    format!("line.{kind}{side}")
}

#[cfg(test)]
mod tests {
    use super::line_word;
    use klaver_keystore::Purpose;
    use klaver_ledger::account::{AccountKind, AccountStatus};
    use klaver_ledger::books::Who;
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
        for kind in Kind::ALL {
            keys.extend([
                line_word(kind.word(), 0, 0),
                line_word(kind.word(), 1, 0),
                line_word(kind.word(), 0, 1),
            ]);
        }
        keys.extend(["spend", "refund", "redeem", "manage", "all"].map(|right| format!("right.{right}")));
        keys.extend(Who::WORDS.iter().map(|who| format!("waits.{who}")));
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
