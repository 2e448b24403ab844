//! `klaver receipt`: save one, or verify one without network.

use crate::app::App;
use crate::community::Community;
use crate::contact;
use crate::describe::{Teller, line_word};
use crate::failure::{Exit, Failure, Outcome};
use crate::heads::Heads;
use crate::money::Unit;
use crate::output::harmless;
use crate::places::Places;
use crate::trust::{self, Witnessed};
use crate::{moment, proofs};
use clap::{Args, Subcommand};
use klaver_ledger::amount::Scale;
use klaver_ledger::id::LedgerId;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::key::VerifierKey;
use klaver_ledger::log::policy::{PolicyError, TrustPolicy};
use klaver_ledger::receipt::{
    LogIdentity, Opening, Proven, ProvenContent, Receipt as LedgerReceipt, ReceiptError, Step,
};
use std::path::{Path, PathBuf};

/// Save a receipt, or verify one without network.
#[derive(Debug, Subcommand)]
pub enum Receipt {
    /// Fetch the receipt of a line and save it as a .tlog-proof file
    Save {
        /// Index of the record, as `klaver history` shows it
        index: u64,
        /// File to write; - for standard output
        #[arg(long, short)]
        out: Option<PathBuf>,
    },
    /// Verify a receipt with the log key this wallet knows, or one given, without network
    Verify(Verify),
}

/// Verify a receipt with the log key this wallet knows, or one given, without network.
#[derive(Args, Debug)]
pub struct Verify {
    /// The .tlog-proof file
    pub file: PathBuf,
    /// Key of the log, as the community shows it: no wallet is needed then
    #[arg(long, value_name = "VKEY")]
    pub log_key: Option<String>,
    /// The ledger, 64 hexadecimal digits: for a receipt that shows a whole entry
    #[arg(long, value_name = "HEX", requires = "log_key")]
    pub ledger: Option<String>,
    /// The list of witnesses, as ADDRESS/log/policy gives it
    #[arg(long, value_name = "FILE", requires = "log_key")]
    pub policy: Option<PathBuf>,
    /// How many decimals amounts have
    #[arg(long, value_name = "NUMBER", default_value_t = 2, requires = "log_key")]
    pub scale: u64,
}

impl Receipt {
    /// Runs the command.
    ///
    /// # Errors
    /// `Mismatch` when the receipt does not hold.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self {
            Self::Save { index, out } => save(app, index, out),
            Self::Verify(command) => verify(app, &command),
        }
    }
}

fn save(app: &App<'_>, index: u64, out: Option<PathBuf>) -> Outcome {
    let hat = app.hat()?;
    let mut contact = app.contact(&hat)?;
    let (receipt, proven) = proofs::fetch(app, &mut contact, &hat, index)?;
    let text = receipt.to_string();
    let out = out.unwrap_or_else(|| format!("klaver-{index}.tlog-proof").into());
    if out.as_os_str() == "-" {
        app.output.data(text.as_bytes());
        return Ok(Exit::Ok);
    }
    std::fs::write(&out, text).map_err(|error| Failure::writing(&out, &error))?;
    let unit = contact.community.unit(app.output.language);
    let witnessed = trust::witnessed(&app.places, &contact.community, &proven.checkpoint);
    tell(app, &contact.community.name, &unit, &proven, witnessed.as_ref());
    let path = out.display().to_string();
    app.output.note("receipt.saved", &[("path", &path)]);
    Ok(Exit::Ok)
}

fn verify(app: &App<'_>, command: &Verify) -> Outcome {
    let file = &command.file;
    let bytes =
        std::fs::read(file).map_err(|error| Failure::io(Exit::Failed, "cannot_read", file, &error))?;
    let receipt = LedgerReceipt::parse(&bytes).map_err(|error| fails(app, command, None, &error))?;
    let wrong = |error: &ReceiptError| fails(app, command, Some(&receipt.opening), error);
    // Those that were only looked at count too: an audit keeps whose log it was.
    let mut known: Vec<(Places, Community)> = Vec::new();
    for places in [app.places.clone(), app.places.looked_at()] {
        let all = Community::load_all(&places)?;
        known.extend(all.into_iter().map(|community| (places.clone(), community)));
    }
    if let Some(text) = &command.log_key {
        return by_given_key(app, command, &receipt, text, &known);
    }
    let mut farthest: Option<ReceiptError> = None;
    for (places, community) in &known {
        match receipt.verify(&community.identity_ever()) {
            Ok(proven) => {
                must_fit(places, community, &proven.checkpoint)?;
                let unit = community.unit(app.output.language);
                let policy = trust::remembered_policy(places, &community.ledger);
                let witnessed = seen_by(app, command, &receipt, policy.as_ref(), &proven)?;
                tell(app, &community.name, &unit, &proven, witnessed.as_ref());
                return Ok(Exit::Ok);
            }
            // The community that the receipt is of, or pretends to be of, takes it farthest.
            Err(error) if farthest.as_ref().is_none_or(|known| known.step() < error.step()) => {
                farthest = Some(error);
            }
            Err(_) => {}
        }
    }
    Err(farthest.map_or_else(|| Failure::new(Exit::Key, "nothing_known"), |error| wrong(&error)))
}

/// Verifies a receipt by the key of a log that a person gives, which may be one that is known.
fn by_given_key(
    app: &App<'_>,
    command: &Verify,
    receipt: &LedgerReceipt,
    key: &str,
    known: &[(Places, Community)],
) -> Outcome {
    let log_key: VerifierKey = key.parse().map_err(|error| Failure::text(Exit::Usage, "log_key", error))?;
    // A key that signs no more is known too: what it signed after it was replaced is forged, whoever names it.
    let known = known.iter().find(|(_, community)| community.identity_ever().keys().contains(&log_key));
    let ledger = command.ledger.as_deref().map(|text| super::hex(text, LedgerId::from_hex)).transpose()?;
    let ledger = ledger.or(known.map(|(_, community)| community.ledger));
    let scale = Scale::new(command.scale)?;
    let policy = match &command.policy {
        Some(path) => Some(read_policy(path)?),
        None => known.and_then(|(places, community)| trust::remembered_policy(places, &community.ledger)),
    };
    let log = LogIdentity::of_keys(ledger.unwrap_or(LedgerId([0; 32])), vec![log_key.clone()]);
    let proven = match receipt.verify(&log) {
        // What was signed was signed for one ledger: without its id the signature cannot hold.
        Err(ReceiptError::Entry(_)) if ledger.is_none() => {
            return Err(Failure::new(Exit::Usage, "ledger_needed"));
        }
        verified => verified.map_err(|error| fails(app, command, Some(&receipt.opening), &error))?,
    };
    if let Some((places, community)) = known {
        must_fit(places, community, &proven.checkpoint)?;
    }
    let witnessed = seen_by(app, command, receipt, policy.as_ref(), &proven)?;
    let unit = Unit { one: String::new(), many: String::new(), scale, language: app.output.language };
    tell(app, log_key.name().as_str(), &unit, &proven, witnessed.as_ref());
    app.output.note("receipt.decimals", &[("count", &command.scale.to_string())]);
    Ok(Exit::Ok)
}

/// Reads a trust policy (C2SP tlog-policy).
fn read_policy(path: &Path) -> Outcome<TrustPolicy> {
    let bytes =
        std::fs::read(path).map_err(|error| Failure::io(Exit::Failed, "cannot_read", path, &error))?;
    let wrong = |why: &dyn std::fmt::Display| {
        Failure::text(Exit::Usage, "witness_list", why).with("path", harmless(&path.display().to_string()))
    };
    let text = String::from_utf8(bytes).map_err(|error| wrong(&error))?;
    text.parse().map_err(|error: PolicyError| wrong(&error))
}

/// Returns the failure at the step that failed, below the steps before it, all of which hold.
fn fails(app: &App<'_>, command: &Verify, opening: Option<&Opening>, error: &ReceiptError) -> Failure {
    at_step(app, command, opening, Failure::of_receipt(error), error.step())
}

fn at_step(
    app: &App<'_>,
    command: &Verify,
    opening: Option<&Opening>,
    failure: Failure,
    failed: Step,
) -> Failure {
    let taken = |step: &Step| *step < failed && opening.is_none_or(|opening| step.is_of(opening));
    let holds = |step: Step| {
        let name = app.output.words(&format!("web.check_step_{}", step.word()), &[]);
        let said = app.output.words(&format!("web.check_step_{}_holds", step.word()), &[]);
        app.output.good(&format!("{name}: {said}"))
    };
    let lines = Step::ALL.into_iter().filter(taken).map(holds).collect();
    failure.with("path", harmless(&command.file.display().to_string())).with_lines(lines)
}

/// Returns who has seen the checkpoint of a receipt that holds, by a policy.
///
/// # Errors
/// `Mismatch` when a line in the name of a witness is not theirs.
fn seen_by(
    app: &App<'_>,
    command: &Verify,
    receipt: &LedgerReceipt,
    policy: Option<&TrustPolicy>,
    proven: &Proven,
) -> Outcome<Option<Witnessed>> {
    let seen = policy.map(|policy| trust::judged(policy, &proven.checkpoint));
    if seen.as_ref().is_some_and(|seen| seen.is_forged) {
        let failure =
            Failure::new(Exit::Mismatch, "receipt_wrong").at_step(Step::Witnesses, "witness_forged");
        return Err(at_step(app, command, Some(&receipt.opening), failure, Step::Witnesses));
    }
    Ok(seen)
}

/// Checks a seal against what is known of its log.
fn must_fit(places: &Places, community: &Community, seen: &SignedCheckpoint) -> Outcome<()> {
    if community.past.is_forged(seen) {
        return Err(contact::forged(places, seen));
    }
    // A seal that contradicts another one of its size proves nothing but that.
    match Heads::of(places, community).against(seen) {
        Some(known) => Err(contact::alarm(places, known, seen)),
        None => Ok(()),
    }
}

/// Says what a receipt of the log called `name` proves, and who has seen its checkpoint.
fn tell(app: &App<'_>, name: &str, unit: &Unit, proven: &Proven, witnessed: Option<&Witnessed>) {
    let (index, at) = (proven.index.to_string(), moment::show(proven.recorded_at, app.output.language));
    let shown = harmless(name);
    let values = [("index", &*index), ("at", &*at), ("name", &*shown)];
    app.output.line(&app.output.good(&app.output.words("receipt.holds", &values)));
    let names = crate::entries::names_of(app, &[]);
    let teller = Teller { unit, output: app.output, names: &names, charter: None };
    let json = match &proven.content {
        ProvenContent::Entry(entry) => {
            for line in teller.entry(entry.entry()) {
                app.output.line(&line);
            }
            serde_json::json!({
                "entry": entry.id().to_hex(),
                "says": klaver_api::EntryJson::of(entry.entry(), unit.scale),
            })
        }
        ProvenContent::Line(line) => {
            let account = names.account(&line.line.account);
            let balance = |minor: u64| i64::try_from(minor).unwrap_or(i64::MAX);
            let moved = unit.show_balance(balance(line.line.credit) - balance(line.line.debit));
            let key = line_word(line.kind.word(), balance(line.line.debit), balance(line.line.credit));
            let kind = app.output.words(&key, &[]);
            app.output.say("receipt.line", &[("account", &account), ("kind", &kind), ("amount", &moved)]);
            serde_json::json!({
                "account": line.line.account.to_string(), "seq": line.line.seq, "kind": line.kind.word(),
                "debit_minor": line.line.debit, "credit_minor": line.line.credit,
            })
        }
    };
    let size = proven.checkpoint.checkpoint().size;
    app.output.say("receipt.paid", &[]);
    trust::say(app.output, witnessed);
    app.output.json(&serde_json::json!({
        "holds": true, "paid": true, "witnessed": trust::to_json(witnessed), "index": proven.index, "recorded_at": proven.recorded_at.to_string(),
        "community": name, "log_size": size, "content": json,
    }));
}
