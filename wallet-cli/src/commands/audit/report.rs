//! What an auditor is told, and what the auditor may tell others: the trial balance, questions, the audit note.

use crate::app::App;
use crate::community::Community;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use crate::output::harmless;
use crate::questions::Questions;
use crate::trust::{self, Witnessed};
use klaver_keystore::KeyInfo;
use klaver_ledger::audit::Audited;
use klaver_ledger::audit::note::{AuditNote, Sealed};
use klaver_ledger::audit::questions::Question;
use klaver_ledger::id::Digest;
use klaver_ledger::keys::{PublicKey, sign};
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::key::KeyName;
use std::path::Path;

/// How many entries of a question are shown to people; JSON has them all.
const ENTRIES_SHOWN: usize = 8;

/// Who had seen the newest seal that was audited, and by whose list.
pub(super) struct Sealing {
    size: u64,
    policy: Option<Digest>,
    witnessed: Option<Witnessed>,
}

impl Sealing {
    /// Returns what the policy that this wallet believes says of `seal`.
    pub(super) fn of(app: &App<'_>, contact: &Contact, seal: Option<&SignedCheckpoint>) -> Self {
        let community = &contact.community;
        Self {
            size: seal.map_or(0, |seal| seal.checkpoint().size),
            policy: trust::policy_digest(&app.places, &community.ledger),
            witnessed: seal.and_then(|seal| trust::witnessed(&app.places, community, seal)),
        }
    }

    fn stated(&self) -> Sealed {
        let seen = self.witnessed.as_ref();
        Sealed {
            size: self.size,
            policy: self.policy,
            witnesses: seen.map_or(0, |seen| seen.total as u64),
            seen: seen.map_or(0, |seen| seen.names.len() as u64),
            is_quorum: seen.is_some_and(|seen| seen.quorum && seen.total > 0),
        }
    }
}

/// Writes the signed audit note.
///
/// # Errors
/// When the name cannot stand on a note, the key cannot be opened, or the file cannot be written.
pub(super) fn write_note(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    (audited, sealing): (&Audited, &Sealing),
    file: &Path,
    name: Option<&str>,
) -> Outcome<()> {
    let name = name.unwrap_or(&hat.name);
    let wrong = || Failure::new(Exit::Usage, "note_name").with("value", harmless(name));
    let auditor = KeyName::new(name).map_err(|_| wrong())?;
    let note = AuditNote::of(auditor, contact.community.log_key.name().as_str(), audited, &sealing.stated());
    let key = app.signing_key(hat)?;
    let signed = note.sign(PublicKey::of(key).as_bytes(), |text| sign(key, text).0).map_err(|_| wrong())?;
    std::fs::write(file, signed.to_string())
        .map_err(|error| Failure::io(Exit::Usage, "note_not_written", file, &error))?;
    app.output.note("audit.note", &[("path", &harmless(&file.display().to_string()))]);
    Ok(())
}

/// Tells what is asked, each with the number by which it is explained, and what is explained already.
fn say_questions(app: &App<'_>, contact: &Contact, audited: &Audited, questions: &Questions) {
    let (open, explained) = (audited.questions.len(), audited.explained.len());
    if explained > 0 {
        app.output.say("audit.questions_explained", &[("count", &explained.to_string())]);
    }
    if open == 0 {
        app.output.say("audit.explained", &[]);
        return;
    }
    app.output.say("audit.unexplained", &[("count", &open.to_string())]);
    for (number, question) in (1..).zip(&audited.questions) {
        let mut entries: Vec<String> =
            question.entries.iter().take(ENTRIES_SHOWN).map(ToString::to_string).collect();
        if question.entries.len() > ENTRIES_SHOWN {
            entries.push("…".to_owned());
        }
        app.output.line(&format!("{number}. {}", sentence(app, &contact.community, question)));
        let entries = app.output.words("audit.question.entries", &[("entries", &entries.join(", "))]);
        app.output.line(&format!("   {entries}"));
        if let Some((said, _)) = questions.explained(question) {
            let at = moment::show_text(&said.at, app.output.language);
            let text = harmless(&said.text);
            let said = app.output.words("explain.said.part", &[("at", &at), ("text", &text)]);
            app.output.line(&format!("   {said}"));
        }
    }
    app.output.note("audit.explain", &[]);
}

/// Returns the question in words; accounts stay pseudonyms.
pub(in crate::commands) fn sentence(app: &App<'_>, community: &Community, question: &Question) -> String {
    let account = question.account.map_or_else(String::new, |account| account.to_string());
    let unit = community.unit(app.output.language);
    let amount = unit.show_balance(i64::try_from(question.amount).unwrap_or(i64::MAX));
    app.output.words(&format!("question.{}", question.code), &[("account", &account), ("amount", &amount)])
}

fn question_to_json(app: &App<'_>, contact: &Contact, question: &Question) -> serde_json::Value {
    serde_json::json!({
        "code": question.code.word(), "mark": question.mark(), "entries": question.entries,
        "account": question.account.map(|account| account.to_string()), "amount_minor": question.amount,
        "question": sentence(app, &contact.community, question),
    })
}

/// Tells what holds, and what should be asked; `from` is where this audit went on from.
pub(super) fn report(
    app: &App<'_>,
    contact: &Contact,
    audited: &Audited,
    questions: &Questions,
    sealing: &Sealing,
    from: u64,
) -> Outcome {
    let community = &contact.community;
    let charter = audited.books.standing().charter(audited.last_recorded_at);
    let log_key = PublicKey::from_bytes(community.log_key.public_key());
    let is_listed = charter.is_some_and(|charter| {
        charter.origin == community.log_key.name().as_str()
            && log_key.is_ok_and(|key| charter.log_keys.contains(&key))
    });
    if !is_listed {
        return Err(Failure::new(Exit::Mismatch, "log_key_not_in_charter"));
    }
    let unit = community.unit(app.output.language);
    let number = |minor: u128| unit.number(i64::try_from(minor).unwrap_or(i64::MAX));
    let balance = &audited.trial_balance;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let (mut accounts, mut debits, mut credits) = (0, 0, 0);
    for line in &balance.lines {
        rows.push(vec![
            app.output.words(&format!("kind.{}", line.kind), &[]),
            line.accounts.to_string(),
            number(line.debits),
            number(line.credits),
        ]);
        accounts += line.accounts;
        debits += line.debits;
        credits += line.credits;
    }
    let total = app.output.words("audit.total", &[]);
    rows.push(vec![total, accounts.to_string(), number(debits), number(credits)]);
    let header = ["column.kind", "column.accounts", "column.debits", "column.credits"];
    let header: Vec<String> = header.iter().map(|key| app.output.words(key, &[])).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    app.output.table(&header, &rows, &[1, 2, 3]);
    let sums = balance.circulation;
    for (key, minor) in [
        ("audit.issued", sums.issued),
        ("audit.returned", sums.returned),
        ("audit.redeemed", sums.redeemed),
        ("audit.settled", sums.settled),
        ("audit.retired", sums.retired),
        ("audit.circulation", sums.in_circulation()),
    ] {
        app.output.say(key, &[("amount", &unit.show_balance(minor))]);
    }
    let (size, root) = (audited.head.size.to_string(), audited.head.root.to_base64());
    let said = app.output.words("audit.holds", &[("size", &size)]);
    app.output.line(&app.output.good(&said));
    app.output.say("audit.root", &[("root", &root)]);
    trust::say(app.output, sealing.witnessed.as_ref());
    say_questions(app, contact, audited, questions);
    let lines: Vec<serde_json::Value> = balance
        .lines
        .iter()
        .map(|line| {
            serde_json::json!({
                "kind": line.kind.word(), "accounts": line.accounts,
                "debits_minor": line.debits.to_string(), "credits_minor": line.credits.to_string(),
            })
        })
        .collect();
    let to_json = |questions: &[Question]| -> Vec<serde_json::Value> {
        questions.iter().map(|question| question_to_json(app, contact, question)).collect()
    };
    app.output.json(&serde_json::json!({
        "holds": true, "part": "all", "ledger": audited.ledger.to_hex(), "size": audited.head.size, "root": root,
        "last_recorded_at": audited.last_recorded_at.to_string(), "trial_balance": lines,
        "issued_minor": sums.issued, "returned_minor": sums.returned, "redeemed_minor": sums.redeemed,
        "settled_minor": sums.settled, "retired_minor": sums.retired,
        "in_circulation_minor": sums.in_circulation(), "below_zero_minor": balance.below_zero,
        "verdict": if audited.questions.is_empty() { "holds" } else { "unexplained" }, "from": from,
        "witnessed": trust::to_json(sealing.witnessed.as_ref()), "sealed_size": sealing.size,
        "witness_policy": sealing.policy.map(|policy| policy.to_hex()),
        "questions": to_json(&audited.questions), "explained": to_json(&audited.explained),
    }));
    Ok(if audited.questions.is_empty() { Exit::Ok } else { Exit::Unexplained })
}
