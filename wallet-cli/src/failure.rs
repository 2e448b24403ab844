//! What went wrong, in words for people and codes for programs.

use crate::describe;
use crate::moment;
use crate::money::Unit;
use crate::names::Names;
use crate::output::{Output, harmless, term};
use klaver_api::{Problem, Reason};
use klaver_ledger::amount::{Total, balance_to_decimal};
use klaver_ledger::books::{Rejection, ValueKind};
use klaver_ledger::id::AccountId;
use klaver_ledger::receipt::{ReceiptError, Step};
use klaver_locales::Language;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

/// The exit status of the program. These numbers do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It was done, and everything that should hold does.
    Ok = 0,
    /// It was not done.
    Failed = 1,
    /// The arguments make no sense.
    Usage = 2,
    /// The node could not be reached, or is busy.
    Network = 3,
    /// A key, passphrase or session is missing or wrong.
    Key = 4,
    /// The rules of the community say no: not enough credits, too late, paid already.
    Rules = 5,
    /// A receipt, proof or audit does not hold: an alarm.
    Mismatch = 6,
    /// Only the public part could be verified.
    PublicOnly = 7,
    /// An audit found nothing wrong, but something that somebody should explain.
    Unexplained = 8,
}

impl Exit {
    /// Returns that of two which a person must hear of first: an alarm before everything.
    pub fn worse(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::Ok => 0,
            Self::Failed | Self::PublicOnly | Self::Unexplained => 1,
            Self::Network => 2,
            Self::Rules => 3,
            Self::Usage | Self::Key => 4,
            Self::Mismatch => 5,
        };
        if rank(self) < rank(other) { other } else { self }
    }
}

/// The codes whose cause only the node or the audit knows: without a sentence for it, it is shown in their own words.
const SAYING_WHY: &[&str] = &[
    "read_only",
    "outcome_unknown",
    "audit_violation",
    "audit_unreadable",
    "log_wrong",
    "lineage_wrong",
    "succession_wrong",
    "share_wrong",
];

/// What stands before the step that failed.
const CROSS: char = '✗';

/// A reason to stop, with the exit status it leads to.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The exit status.
    pub exit: Exit,
    /// A stable code for programs; of a node's problem, the problem's own.
    pub code: String,
    said: Box<Said>,
}

/// The values and sentences of a failure; apart, because results carry a failure everywhere.
#[derive(Clone, Debug, Default)]
struct Said {
    values: Vec<(&'static str, String)>,
    detail: Option<String>,
    /// What else is to be said, in the reader's language already.
    lines: Vec<String>,
    field: Option<String>,
    value: Option<String>,
    limit: Option<String>,
    advice: Option<String>,
    /// The status of the answer, when the node said it in a sentence of its own.
    status: Option<u16>,
    /// What the rule named: amounts in minor units, moments in UTC.
    rule: BTreeMap<String, String>,
    /// Why the node records nothing.
    reason: Option<Reason>,
    /// Which step of checking a receipt failed, and the code that says why.
    step: Option<(Step, &'static str)>,
    /// The unit and the names by which people know these values.
    readers: Option<(Unit, Names)>,
}

/// What a command returns.
pub type Outcome<T = Exit> = Result<T, Failure>;

impl Failure {
    /// Returns the failure `code`, which the tables of sentences know as `error.CODE`.
    pub fn new(exit: Exit, code: &str) -> Self {
        Self { exit, code: code.to_owned(), said: Box::default() }
    }

    /// Returns a failure that a library has already put into words.
    pub fn text(exit: Exit, code: &str, detail: impl Display) -> Self {
        let said = Said { detail: Some(detail.to_string()), ..Said::default() };
        Self { exit, code: code.to_owned(), said: Box::new(said) }
    }

    /// Returns this failure with a value for the placeholder `name`.
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.said.values.push((name, value.to_string()));
        self
    }

    /// Returns this failure with lines below it that are in the reader's language already.
    pub fn with_lines(mut self, lines: Vec<String>) -> Self {
        self.said.lines = lines;
        self
    }

    /// Returns the failure of a receipt that does not hold.
    pub fn of_receipt(error: &ReceiptError) -> Self {
        Self::text(Exit::Mismatch, "receipt_wrong", error).at_step(error.step(), error.code())
    }

    /// Returns this failure at that step of checking a receipt, for the reason with that code.
    pub fn at_step(mut self, step: Step, code: &'static str) -> Self {
        self.said.step = Some((step, code));
        self
    }

    /// Returns the failure that a node's problem stands for.
    pub fn of_problem(problem: Problem) -> Self {
        let exit = match problem.status {
            401 | 403 => Exit::Key,
            409 | 410 | 422 => Exit::Rules,
            408 | 429 | 500..=599 => Exit::Network,
            _ => Exit::Failed,
        };
        // Everything that the node says in its own words is shown by somebody's terminal.
        let text = |text: Option<String>| text.as_deref().map(harmless);
        let said = Said {
            values: Vec::new(),
            detail: Some(harmless(&problem.detail)),
            lines: Vec::new(),
            field: text(problem.field),
            value: text(problem.value),
            limit: text(problem.limit),
            advice: text(problem.advice),
            status: Some(problem.status),
            rule: problem.values.into_iter().map(|(name, value)| (name, harmless(&value))).collect(),
            reason: problem.reason,
            step: None,
            readers: None,
        };
        Self { exit, code: harmless(&problem.code), said: Box::new(said) }
    }

    /// Returns the failure of the operating system with the file at `path`.
    pub fn io(exit: Exit, code: &str, path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let failure = match error.kind() {
            ErrorKind::NotFound => Self::new(exit, "file_missing"),
            ErrorKind::PermissionDenied => Self::new(exit, "file_closed"),
            ErrorKind::IsADirectory => Self::new(exit, "file_is_directory"),
            _ => Self::text(exit, code, error),
        };
        failure.with("path", harmless(&path.display().to_string()))
    }

    fn of_file(code: &str, path: &Path) -> Self {
        Self::new(Exit::Failed, code).with("path", harmless(&path.display().to_string()))
    }

    /// Returns the failure to write the file at `path`: what is missing then is its directory.
    pub fn writing(path: &Path, error: &std::io::Error) -> Self {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let has_directory = parent.is_none_or(Path::exists);
        if error.kind() == std::io::ErrorKind::NotFound {
            let code = if has_directory { "cannot_write" } else { "directory_missing" };
            return Self::new(Exit::Failed, code).with("path", harmless(&path.display().to_string()));
        }
        Self::io(Exit::Failed, "cannot_write", path, error)
    }

    /// Returns this failure for people of a community: a node names minor units and whole ids.
    pub fn for_people(mut self, unit: &Unit, names: &Names) -> Self {
        self.said.readers = Some((unit.clone(), names.clone()));
        self
    }

    /// Returns the minor units that a node's problem about an amount names as `text`, with the unit they are of.
    fn amount<'a>(&'a self, text: &str) -> Option<(i64, &'a Unit)> {
        let is_amount = self.said.status.is_some() && self.said.field.as_deref() == Some("amount");
        let (unit, _) = self.said.readers.as_ref().filter(|_| is_amount)?;
        Some((text.parse().ok()?, unit))
    }

    /// Returns whether the node said no before it looked at what was sent: then nothing came of it.
    pub fn is_before_looking(&self) -> bool {
        self.said.status.is_some() && ["read_only", "busy"].contains(&self.code.as_str())
    }

    /// Returns whether the rules said no: then the node looked first whether it is recorded already.
    pub fn is_by_the_rules(&self) -> bool {
        matches!(self.said.status, Some(409 | 410 | 422))
    }

    /// Returns whether the node looked at what was sent and will never take it.
    pub fn is_final(&self) -> bool {
        matches!(self.said.status, Some(400 | 401 | 403 | 409 | 410 | 413 | 415 | 422))
    }

    /// Returns what a library said, if one did.
    pub fn detail(&self) -> Option<&str> {
        self.said.detail.as_deref()
    }

    /// Returns what to say: what was wrong, then what to do, if there is anything.
    pub fn sentences(&self, language: Language) -> (String, Option<String>) {
        let rule = self.rule_values(language);
        let mut values: Vec<(&str, &str)> =
            self.said.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        values.extend(rule.iter().map(|(name, value)| (*name, value.as_str())));
        let field = self.said.field.as_deref().map(|field| term(language, "field", field));
        let shown = |value: &Option<String>| {
            let value = value.as_deref()?;
            let amount = self.amount(value).map(|(minor, unit)| unit.show_balance(minor));
            Some(amount.unwrap_or_else(|| value.to_owned()))
        };
        let (value, limit) = (shown(&self.said.value), shown(&self.said.limit));
        for (name, value) in [("value", &value), ("limit", &limit), ("field", &field)] {
            if let Some(value) = value {
                values.push((name, value));
            }
        }
        let key = format!("error.{}", self.code);
        let own = find_whole(language, &key, &values);
        let mut message = match (own, &self.said.detail) {
            // What a library says is English.
            (Some(own), Some(detail)) if self.said.status.is_none() && language == Language::English => {
                format!("{own} ({detail})")
            }
            (Some(own), Some(detail)) if SAYING_WHY.contains(&self.code.as_str()) => {
                let why = self.halt("", language).unwrap_or_else(|| harmless(detail));
                format!("{own}\n        {}", language.say("error.why", &[("why", &why)]))
            }
            (Some(own), _) => own,
            (None, Some(detail)) => detail.clone(),
            (None, None) => self.code.clone(),
        };
        for line in &self.said.lines {
            message.push('\n');
            message.push_str(line);
        }
        let advice = self.halt(".do", language);
        let advice = advice.or_else(|| find_whole(language, &format!("{key}.do"), &values));
        let advice = advice.or_else(|| self.said.advice.clone());
        let Some((step, code)) = self.said.step else { return (message, advice) };
        // The page that checks receipts says the same.
        let step = language.say(&format!("web.check_step_{}", step.word()), &[]);
        let why = language.say(&format!("web.check_why_{code}"), &[]);
        let means = language.say(&format!("web.check_means_{code}"), &[]);
        let advice = advice.map_or_else(|| means.clone(), |advice| format!("{means} {advice}"));
        (format!("{message}\n{CROSS} {step}: {why}"), Some(advice))
    }

    /// Returns why the node records nothing, or with `.do` what helps; `None` for a reason that is newer than this program.
    fn halt(&self, part: &str, language: Language) -> Option<String> {
        let reason = self.said.reason.as_ref()?;
        let shown = |(name, value): (&String, &String)| (name.clone(), moment::show_text(value, language));
        let values: Vec<(String, String)> = reason.values.iter().map(shown).collect();
        let values: Vec<(&str, &str)> =
            values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        find_whole(language, &format!("halt.{}{part}", reason.code), &values)
    }

    /// Returns what the rule named, as people read it; amounts only where the unit is known.
    fn rule_values(&self, language: Language) -> Vec<(&'static str, String)> {
        let kinds = Rejection::VALUES.iter().find(|(code, _)| *code == self.code).map_or(&[][..], |(_, k)| k);
        let shown = |(name, kind): &(&'static str, ValueKind)| {
            let value = self.said.rule.get(*name)?;
            Some((*name, self.shown(*kind, value, language)?))
        };
        // The name of a field is translated for every problem, whoever sends it.
        kinds.iter().filter(|(name, _)| *name != "field").filter_map(shown).collect()
    }

    fn shown(&self, kind: ValueKind, value: &str, language: Language) -> Option<String> {
        let unit = self.said.readers.as_ref().map(|(unit, _)| unit);
        let no_names = Names::default();
        let names = self.said.readers.as_ref().map_or(&no_names, |(_, names)| names);
        Some(match kind {
            ValueKind::Amount => unit?.show(Total::new(value.parse().ok()?).ok()?),
            ValueKind::Moment => moment::show_text(value, language),
            ValueKind::Account => {
                AccountId::parse(value).map_or_else(|_| harmless(value), |account| names.account(&account))
            }
            ValueKind::Key => names.key_text(value),
            ValueKind::AccountKind => term(language, "kind", value),
            ValueKind::AccountKinds => {
                value.split(", ").map(|kind| term(language, "kind", kind)).collect::<Vec<_>>().join(", ")
            }
            ValueKind::EntryKind => term(language, "act", value),
            ValueKind::Rights => describe::rights(value, &Output::for_json(language)),
            ValueKind::Number | ValueKind::Request | ValueKind::Text | ValueKind::Who => harmless(value),
        })
    }

    /// Returns the failure as JSON, for standard error.
    pub fn to_json(&self, language: Language) -> serde_json::Value {
        let (message, advice) = self.sentences(language);
        // Programs read the same in every language; only message and advice are sentences.
        let stable = |value: &Option<String>| {
            let value = value.as_deref()?;
            let amount = self.amount(value).map(|(minor, unit)| balance_to_decimal(minor, unit.scale));
            Some(amount.unwrap_or_else(|| value.to_owned()))
        };
        let mut json = serde_json::json!({
            "error": {
                "code": self.code, "exit": self.exit as u8, "message": message, "advice": advice,
                "field": self.said.field, "value": stable(&self.said.value), "limit": stable(&self.said.limit),
                "detail": self.said.detail,
            }
        });
        if let Some((step, code)) = self.said.step {
            json["error"]["step"] = step.word().into();
            json["error"]["why"] = code.into();
        }
        json
    }
}

/// Returns a sentence with every placeholder filled in: one that stayed open is worse than the node's own.
fn find_whole(language: Language, key: &str, values: &[(&str, &str)]) -> Option<String> {
    let template = language.find(key, &[])?;
    let is_open = |name: &str| !values.iter().any(|(known, _)| *known == name);
    let mut names = template.split('{').skip(1).filter_map(|part| part.split('}').next());
    if names.any(is_open) { None } else { language.find(key, values) }
}

impl From<klaver_keystore::KeystoreError> for Failure {
    fn from(error: klaver_keystore::KeystoreError) -> Self {
        use klaver_keystore::KeystoreError as E;
        match error {
            E::WrongPassphrase => Self::new(Exit::Key, "wrong_passphrase"),
            E::NameTaken(name) => Self::new(Exit::Usage, "name_taken").with("name", name),
            E::NoSuchKey(name) => Self::new(Exit::Key, "no_such_key").with("name", name),
            E::PassphraseTooShort { found } => {
                Self::new(Exit::Usage, "passphrase_too_short").with("found", found)
            }
            E::File(error) if error.is_missing() => Self::new(Exit::Key, "no_wallet"),
            E::File(error) => Self { exit: Exit::Key, ..error.into() },
            other => Self::text(Exit::Key, "wallet_file", other),
        }
    }
}

impl From<klaver_keystore::private_file::PrivateFileError> for Failure {
    fn from(error: klaver_keystore::private_file::PrivateFileError) -> Self {
        use klaver_keystore::private_file::PrivateFileError as E;
        match &error {
            E::Io { path, error } => Self::io(Exit::Failed, "file", path, error),
            E::TooOpen { path, .. } => Self::of_file("file_too_open", path),
            E::TooLong { path, limit } => Self::of_file("file_too_long", path).with("limit", limit),
        }
    }
}

impl From<klaver_api::text::FieldError> for Failure {
    fn from(error: klaver_api::text::FieldError) -> Self {
        Self::text(Exit::Mismatch, "strange_answer", error)
    }
}

impl From<klaver_ledger::amount::AmountError> for Failure {
    fn from(error: klaver_ledger::amount::AmountError) -> Self {
        use klaver_ledger::amount::AmountError as E;
        match error {
            E::Zero => Self::new(Exit::Usage, "amount_zero"),
            E::TooManyDecimals { text, allowed, .. } => {
                Self::new(Exit::Usage, "amount_decimals").with("value", text).with("limit", allowed)
            }
            E::NotANumber(text) if text.trim().is_empty() => Self::new(Exit::Usage, "amount_missing"),
            E::TooLarge(_) => Self::new(Exit::Usage, "amount_too_large"),
            E::NotANumber(text) => Self::new(Exit::Usage, "amount_no_number").with("value", text),
            other => Self::text(Exit::Usage, "amount", other),
        }
    }
}

impl From<klaver_ledger::link::LinkError> for Failure {
    fn from(error: klaver_ledger::link::LinkError) -> Self {
        use klaver_ledger::link::LinkError as E;
        match &error {
            E::OtherCommunity { theirs, ours } => {
                Self::new(Exit::Usage, "other_community").with("theirs", theirs).with("ours", ours)
            }
            E::NotSecure { host } => Self::new(Exit::Usage, "link_not_secure").with("host", host),
            // What a damaged code holds helps its maker; of the others our own sentence says it all.
            E::NotALink { .. } | E::UnknownPath { .. } => Self::new(Exit::Usage, error.code()),
            other => Self::text(Exit::Usage, other.code(), other),
        }
    }
}

impl From<klaver_ledger::entry::memo::MemoError> for Failure {
    fn from(error: klaver_ledger::entry::memo::MemoError) -> Self {
        use klaver_ledger::entry::memo::MemoError as E;
        match error {
            E::TooLong(found) => Self::new(Exit::Usage, "memo_too_long").with("found", found),
            E::Invisible(found) => {
                Self::new(Exit::Usage, "memo_invisible").with("found", format!("U+{found:04X}"))
            }
        }
    }
}

impl From<getrandom::Error> for Failure {
    fn from(error: getrandom::Error) -> Self {
        Self::text(Exit::Failed, "randomness", error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_heard_before_everything_else() {
        let order = [Exit::Ok, Exit::Failed, Exit::Network, Exit::Rules, Exit::Key, Exit::Mismatch];
        for (at, exit) in order.iter().enumerate() {
            for other in &order[..=at] {
                assert_eq!((exit.worse(*other), other.worse(*exit)), (*exit, *exit));
            }
        }
    }

    #[test]
    fn what_a_problem_says_cannot_move_the_cursor() {
        let evil = "boos\u{1b}[2J\u{202e}";
        let mut problem = Problem::new(422, evil, evil, evil.to_owned()).with_advice(evil.to_owned());
        (problem.field, problem.value, problem.limit) =
            (Some(evil.into()), Some(evil.into()), Some(evil.into()));
        for code in [evil, "malformed_field"] {
            problem.code = code.to_owned();
            let failure = Failure::of_problem(problem.clone());
            let (message, advice) = failure.sentences(Language::Dutch);
            let said = format!("{message}{}{}", advice.unwrap(), failure.to_json(Language::Dutch));
            assert!(said.contains("boos") && !said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
            assert!(!said.contains("\\u001b"), "{said}");
        }
    }
}
