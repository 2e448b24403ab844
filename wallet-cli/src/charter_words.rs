//! A new charter in words: what changes, each value as it was and as it will be.

use crate::describe::Teller;
use crate::output::{Output, harmless, term};
use klaver_api::{CharterJson, RateJson};
use klaver_ledger::amount::Amount;
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::PublicKey;
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields of the policy that hold seconds.
const SECONDS: &[&str] =
    &["pay_validity", "other_validity", "recovery_delay", "correction_window", "refund_window", "dormancy"];

/// Fields of the policy that hold amounts.
const AMOUNTS: &[&str] =
    &["member_limit", "organisation_day_amount", "offline_cap", "card_free_amount", "card_day_cap"];

/// Returns what `new` changes in the charter in force, one sentence a line; without one, all of it.
pub fn changes(teller: &Teller<'_>, new: &CharterJson, base: u64) -> Vec<String> {
    let output = teller.output;
    let base = base.to_string();
    let mut lines = vec![output.words("entry.govern", &[("base", &base)])];
    let before = teller.charter.map(fields).unwrap_or_default();
    for (name, value) in fields(new) {
        let old = before.iter().find(|(known, _)| *known == name).map(|(_, old)| old);
        if old == Some(&value) {
            continue;
        }
        let field = output.words(&format!("field.{name}"), &[]);
        match (old, &value) {
            (Some(Value::Array(old)), Value::Array(new)) => {
                let listed = |key: &str, all: &[Value], other: &[Value]| {
                    let differ = all.iter().filter(|item| !other.contains(item)).filter_map(Value::as_str);
                    differ
                        .map(|item| {
                            let whole = |key: &PublicKey| teller.names.whole_key(key);
                            let item =
                                PublicKey::from_hex(item).map_or_else(|_| harmless(item), |key| whole(&key));
                            output.words(key, &[("field", &field), ("key", &item)])
                        })
                        .collect::<Vec<_>>()
                };
                lines.extend(listed("entry.govern.removed", old, new));
                lines.extend(listed("entry.govern.added", new, old));
            }
            (old, new) => {
                let new = shown(teller, &name, new);
                let old = old.map_or_else(|| "-".to_owned(), |old| shown(teller, &name, old));
                let values = [("field", &*field), ("old", &*old), ("new", &*new)];
                lines.push(output.words("entry.govern.one", &values));
            }
        }
    }
    if lines.len() == 1 {
        lines.push(output.words("entry.govern.nothing", &[]));
    }
    lines
}

/// Returns the fields of a charter with those of its policy beside them.
fn fields(charter: &CharterJson) -> Vec<(String, Value)> {
    let Ok(Value::Object(mut all)) = serde_json::to_value(charter) else { return Vec::new() };
    let policy = all.remove("policy");
    // By name, those of the policy last: the order of a JSON object is no order.
    let sorted = |fields: serde_json::Map<String, Value>| fields.into_iter().collect::<BTreeMap<_, _>>();
    let mut fields: Vec<(String, Value)> = sorted(all).into_iter().collect();
    if let Some(Value::Object(policy)) = policy {
        fields.extend(sorted(policy));
    }
    fields
}

/// Returns a value as people read it.
fn shown(teller: &Teller<'_>, name: &str, value: &Value) -> String {
    let (output, unit) = (teller.output, teller.unit);
    match value {
        Value::Null => output.words("value.none", &[]),
        Value::Number(number) if SECONDS.contains(&name) => {
            duration(teller.output, number.as_u64().unwrap_or_default())
        }
        Value::String(amount) if AMOUNTS.contains(&name) => unit.show_text(amount),
        Value::String(word) if name == "joining" => term(output.language, "found.joining", word),
        Value::String(account) if name == "heir_fund" => AccountId::parse(account)
            .map_or_else(|_| harmless(account), |account| teller.names.account(&account)),
        Value::String(key) if name == "registrar" || name == "guardian" => teller.names.key_text(key),
        Value::Object(_) if name == "euro_rate" => euro(teller, value).unwrap_or_else(|| value.to_string()),
        Value::Array(keys) => {
            let keys = keys.iter().filter_map(Value::as_str).map(|key| teller.names.key_text(key));
            keys.collect::<Vec<_>>().join(", ")
        }
        Value::String(text) => harmless(text),
        other => other.to_string(),
    }
}

/// Returns the euro for one unit.
fn euro(teller: &Teller<'_>, value: &Value) -> Option<String> {
    let rate: RateJson = serde_json::from_value(value.clone()).ok()?;
    let one = Amount::parse("1", teller.unit.scale).ok()?;
    let cents = rate.to_rate().ok()?.euro_cents(one)?;
    Some(crate::money::euro(cents, teller.unit.language))
}

/// Returns how long something lasts, in the largest unit that needs no fraction.
pub fn duration(output: &Output, seconds: u64) -> String {
    let (count, word) = match seconds {
        days if days % 86_400 == 0 => (days / 86_400, "value.days"),
        hours if hours % 3_600 == 0 => (hours / 3_600, "value.hours"),
        seconds => (seconds, "value.seconds"),
    };
    output.words(word, &[("count", &count.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Unit;
    use crate::names::Names;
    use klaver_api::AccountStateJson;
    use klaver_ledger::account::AccountKind;
    use klaver_ledger::amount::{Rate, Scale, Total};
    use klaver_ledger::charter::{Charter, Joining, Policy};
    use klaver_ledger::id::Digest;
    use klaver_ledger::keys::{PublicKey, SigningKey};
    use klaver_ledger::time::Seconds;
    use klaver_locales::Language;

    fn charter(policy: Policy, council: &[u8]) -> CharterJson {
        let key = |seed: u8| PublicKey::of(&SigningKey::from_bytes(&[seed; 32]));
        let charter = Charter {
            rules: 1,
            log_keys: vec![key(100)],
            origin: "localhost/log".into(),
            witness_policy: Digest([0; 32]),
            council: council.iter().map(|seed| key(*seed)).collect(),
            council_threshold: 1,
            rescue: Vec::new(),
            rescue_threshold: 0,
            registrar: key(101),
            guardian: key(102),
            auditors: Vec::new(),
            policy,
        };
        CharterJson::of(&charter, Scale::new(2).unwrap())
    }

    #[test]
    fn only_what_changes_is_shown_in_words() {
        let unit = Unit {
            one: "klaver".into(),
            many: "klavers".into(),
            scale: Scale::new(2).unwrap(),
            language: Language::Dutch,
        };
        let rate = Some(Rate::new(1, 1).unwrap());
        let before = charter(Policy { euro_rate: rate, ..Policy::starting() }, &[1, 2]);
        let policy = Policy {
            joining: Joining::Open,
            member_limit: Total::new(500).unwrap(),
            correction_window: Seconds(14 * 86_400),
            ..Policy::starting()
        };
        let after = charter(policy, &[1, 3]);
        let (output, names) = (Output::for_json(Language::Dutch), Names::default());
        let teller = Teller { unit: &unit, output: &output, names: &names, charter: Some(&before) };
        let lines = changes(&teller, &after, 0);
        let keys = without_keys(&lines);
        insta::assert_snapshot!(keys.join("\n"), @r"
        Nieuwe afspraken, in plaats van nummer 0. Dit verandert:
          kernteam, eraf: KEY
          kernteam, erbij: KEY
          tijd om recht te zetten: dagen: 7 → dagen: 14
          euro voor één eenheid: € 1,00 → geen
          wie lid wordt: uitnodiging → open
          hoever nieuwe leden onder nul mogen: 0 klavers → 5 klavers
        ");
        assert_eq!(changes(&teller, &before, 0).len(), 2, "a charter like the one in force changes nothing");
    }

    /// Which key it is, is no matter here.
    fn without_keys(lines: &[String]) -> Vec<String> {
        let short = |word: &str| if word.len() == 64 { "KEY".to_owned() } else { word.to_owned() };
        lines.iter().map(|line| line.split(' ').map(short).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn every_field_has_its_word() {
        let account = AccountStateJson {
            account: String::new(),
            kind: AccountKind::Member.word().into(),
            keys: Vec::new(),
            threshold: 1,
            limit: "0".into(),
            ceiling: None,
            organisation: None,
            heir: None,
            until: None,
            payees: None,
        };
        let Ok(Value::Object(state)) = serde_json::to_value(&account) else { panic!("an object") };
        let mut names: Vec<String> = state.keys().cloned().collect();
        let all = fields(&charter(Policy::starting(), &[1]));
        assert!(all.len() > 25, "{}", all.len());
        names.extend(all.into_iter().map(|(name, _)| name));
        for name in SECONDS.iter().chain(AMOUNTS) {
            assert!(names.iter().any(|known| known == name), "the policy has no {name}");
        }
        let joining = Joining::ALL.iter().map(|joining| format!("found.joining.{joining}"));
        let keys: Vec<String> = names.iter().map(|name| format!("field.{name}")).chain(joining).collect();
        let missing: Vec<_> = keys.iter().filter(|key| Language::English.find(key, &[]).is_none()).collect();
        assert!(missing.is_empty(), "add these words to node/locales/*.json: {missing:?}");
    }
}
