//! A list of members as a spreadsheet saves it (CSV): name, key, how far below zero; what is wrong is said line by line.
//!
//! The pages read the same lists: `node/web/src/lib/memberList.ts`. Both are held to `docs/spec/lists/members.json`.

use crate::csv_list::{self, Row};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Output, harmless};
use klaver_ledger::amount::{Scale, Total};
use klaver_ledger::entry::cbor::is_invisible;
use klaver_ledger::keys::PublicKey;
use std::collections::HashMap;
use std::io::Read;

/// Most people on one list.
const LISTED_MAX: usize = 500;
/// Longest name, in bytes of UTF-8, as the node has it.
const NAME_BYTES_MAX: usize = 80;

/// The columns by the words that stand above them; without such a line they come in this order.
const NAME: &[&str] = &["name", "naam", "nom"];
const KEY: &[&str] = &["key", "sleutel", "clé", "cle"];
const LIMIT: &[&str] = &["limit", "limiet", "limite"];

/// Somebody on the list: with a key an account is opened, without one an invitation is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The line, as a person counts.
    pub line: u64,
    /// What the person is called on paper; it goes nowhere else.
    pub name: String,
    /// The key that the person's own phone or wallet made.
    pub key: Option<PublicKey>,
    /// How far below zero, if not as usual.
    pub limit: Option<Total>,
}

/// A line that is wrong: why, and its value or the earlier line that says the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongLine {
    /// The line, as a person counts.
    pub line: u64,
    /// Why: the end of a word `web.import_fault_…`.
    pub fault: &'static str,
    /// What it holds.
    pub value: String,
}

/// How lists are read here.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How many decimals an amount has.
    pub scale: Scale,
    /// Whether nobody can be invited, so that every line needs a key.
    pub needs_keys: bool,
}

/// Reads a list.
///
/// # Errors
/// When it cannot be read, is empty, or holds more people than one list may.
pub fn read(source: impl Read, rules: Rules) -> Outcome<(Vec<Listed>, Vec<WrongLine>)> {
    let text = csv_list::text_of(source)?;
    let mut rows = csv_list::rows(&text).into_iter().peekable();
    let heads: Vec<String> = match rows.peek() {
        Some(Row { cells: Some(cells), .. }) => cells.iter().map(str::to_lowercase).collect(),
        _ => Vec::new(),
    };
    let place = |words: &[&str]| heads.iter().position(|head| words.contains(&head.as_str()));
    let has_head = place(NAME).is_some() || place(KEY).is_some();
    let at = match has_head {
        true => [place(NAME), place(KEY), place(LIMIT)],
        false => [Some(0), Some(1), Some(2)],
    };
    let (mut listed, mut wrong, mut seen) = (Vec::new(), Vec::new(), HashMap::new());
    for row in rows.skip(usize::from(has_head)) {
        match listed_on(&row, at, rules, &mut seen) {
            Ok(one) => listed.push(one),
            Err(faults) => wrong.extend(faults),
        }
    }
    match listed.len() {
        0 if wrong.is_empty() => Err(Failure::new(Exit::Usage, "members_empty")),
        many if LISTED_MAX < many => {
            Err(Failure::new(Exit::Usage, "members_too_many").with("limit", LISTED_MAX))
        }
        _ => Ok((listed, wrong)),
    }
}

/// Reads a line, or says everything that is wrong with it.
fn listed_on(
    row: &Row,
    at: [Option<usize>; 3],
    rules: Rules,
    seen: &mut HashMap<PublicKey, u64>,
) -> Result<Listed, Vec<WrongLine>> {
    let line = row.line;
    let wrong = |fault: &'static str, value: &str| {
        let value = harmless(&value.chars().take(120).collect::<String>());
        WrongLine { line, fault, value }
    };
    let Some(cells) = &row.cells else { return Err(vec![wrong("broken", "")]) };
    let [name, key, limit] = at.map(|at| at.and_then(|at| cells.get(at)).unwrap_or(""));
    let mut faults = Vec::new();
    faults.extend(fault_of_name(name).map(|fault| wrong(fault, "")));
    let mut public = None;
    if key.is_empty() {
        faults.extend(rules.needs_keys.then(|| wrong("key_needed", "")));
    } else {
        match PublicKey::from_hex(&key.to_lowercase()) {
            Err(_) => faults.push(wrong("key_wrong", key)),
            Ok(found) => {
                public = Some(found);
                match seen.get(&found) {
                    Some(earlier) => faults.push(wrong("key_twice", &earlier.to_string())),
                    None => drop(seen.insert(found, line)),
                }
            }
        }
    }
    let total = (!limit.is_empty()).then(|| Total::parse(&limit.replace(',', "."), rules.scale));
    let total = match total.transpose() {
        Ok(total) => total,
        Err(_) => {
            faults.push(wrong("limit_wrong", limit));
            None
        }
    };
    if total.is_some() && key.is_empty() && !rules.needs_keys {
        faults.push(wrong("limit_needs_key", limit));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Listed { line, name: name.to_owned(), key: public, limit: total })
}

fn fault_of_name(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("name_missing"),
        long if NAME_BYTES_MAX < long.len() => Some("name_long"),
        other => other.chars().any(is_invisible).then_some("name_invisible"),
    }
}

/// Returns the failure that names every wrong line.
pub fn failure(wrong: &[WrongLine], output: &Output) -> Failure {
    let sentence = |one: &WrongLine| {
        let line = output.words("web.import_line", &[("line", &one.line.to_string())]);
        let why = output.words(&format!("web.import_fault_{}", one.fault), &[("value", &one.value)]);
        format!("{line} {why}")
    };
    csv_list::mistakes(wrong.iter().map(sentence).collect(), output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn lists_are_read_as_the_pages_read_them() {
        let cases: Value = serde_json::from_str(include_str!("../../docs/spec/lists/members.json")).unwrap();
        let cases = cases["cases"].as_array().unwrap();
        assert!(8 <= cases.len());
        for case in cases {
            let rules = Rules {
                scale: Scale::new(2).unwrap(),
                needs_keys: case["needs_keys"].as_bool().unwrap_or_default(),
            };
            let text = case["text"].as_str().unwrap();
            let found = match read(text.as_bytes(), rules) {
                Err(failure) => json!({ "none": failure.code.trim_start_matches("members_") }),
                Ok((members, wrong)) => json!({
                    "members": members.iter().map(|one| json!([
                        one.line, one.name, one.key.map(|key| key.to_string()), one.limit.map(Total::minor)
                    ])).collect::<Vec<_>>(),
                    "wrong": wrong.iter().map(|one| json!([one.line, one.fault, one.value])).collect::<Vec<_>>(),
                }),
            };
            assert_eq!(found, case["read"], "{text}");
        }
    }
}
