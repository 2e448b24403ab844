//! `klaver receipt`: save one, or verify one without network.

use crate::app::App;
use crate::community::Community;
use crate::contact;
use crate::describe::{Teller, line_word};
use crate::failure::{Exit, Failure, Outcome};
use crate::heads::Heads;
use crate::money::Unit;
use crate::{moment, proofs};
use clap::{Args, Subcommand};
use klaver_ledger::amount::Scale;
use klaver_ledger::id::LedgerId;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::key::VerifierKey;
use klaver_ledger::receipt::{LogIdentity, Proven, ProvenContent, Receipt as LedgerReceipt, ReceiptError};
use std::path::PathBuf;

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
    tell(app, Some(&contact.community), &contact.community.name, &unit, &proven);
    let path = out.display().to_string();
    app.output.note("receipt.saved", &[("path", &path)]);
    Ok(Exit::Ok)
}

fn verify(app: &App<'_>, command: &Verify) -> Outcome {
    let file = &command.file;
    let bytes =
        std::fs::read(file).map_err(|error| Failure::io(Exit::Failed, "cannot_read", file, &error))?;
    let wrong = |error| Failure::text(Exit::Mismatch, "receipt_wrong", error).with("path", file.display());
    let receipt = LedgerReceipt::parse(&bytes).map_err(wrong)?;
    if let Some(text) = &command.log_key {
        let wrong_key = |error| Failure::text(Exit::Usage, "log_key", error);
        let log_key: VerifierKey = text.parse().map_err(wrong_key)?;
        let ledger =
            command.ledger.as_deref().map(|text| super::hex(text, LedgerId::from_hex)).transpose()?;
        let scale = Scale::new(command.scale)?;
        let log = LogIdentity::of_keys(ledger.unwrap_or(LedgerId([0; 32])), vec![log_key.clone()]);
        let proven = match receipt.verify(&log) {
            // What was signed was signed for one ledger: without its id the signature cannot hold.
            Err(ReceiptError::Entry(_)) if ledger.is_none() => {
                return Err(Failure::new(Exit::Usage, "ledger_needed"));
            }
            verified => verified.map_err(wrong)?,
        };
        let unit = Unit { one: String::new(), many: String::new(), scale, language: app.output.language };
        let communities = Community::load_all(&app.places).unwrap_or_default();
        // A key that signs no more is known too: what it signed after it was replaced is forged, whoever names it.
        let knows = |community: &&Community| community.identity_ever().keys().contains(&log_key);
        let known = communities.iter().find(knows);
        if let Some(community) = known {
            must_fit(app, community, &proven.checkpoint)?;
        }
        tell(app, known, &log_key.name().to_string(), &unit, &proven);
        app.output.note("receipt.decimals", &[("count", &command.scale.to_string())]);
        return Ok(Exit::Ok);
    }
    let communities = Community::load_all(&app.places)?;
    if communities.is_empty() {
        return Err(Failure::new(Exit::Key, "not_joined"));
    }
    let mut last = None;
    for community in &communities {
        match receipt.verify(&community.identity_ever()) {
            Ok(proven) => {
                must_fit(app, community, &proven.checkpoint)?;
                let unit = community.unit(app.output.language);
                tell(app, Some(community), &community.name, &unit, &proven);
                return Ok(Exit::Ok);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(|| Failure::new(Exit::Key, "not_joined"), wrong))
}

/// Checks a seal against what this wallet knows of its log.
fn must_fit(app: &App<'_>, community: &Community, seen: &SignedCheckpoint) -> Outcome<()> {
    if community.past.is_forged(seen) {
        return Err(contact::forged(&app.places, seen));
    }
    // A seal that contradicts another one of its size proves nothing but that.
    match Heads::of(&app.places, community).against(seen) {
        Some(known) => Err(contact::alarm(&app.places, known, seen)),
        None => Ok(()),
    }
}

/// Says what a receipt of the log called `name` proves; of which `community` that is, when the wallet knows it.
fn tell(app: &App<'_>, community: Option<&Community>, name: &str, unit: &Unit, proven: &Proven) {
    let (index, at) = (proven.index.to_string(), moment::show(proven.recorded_at, app.output.language));
    let shown = crate::output::harmless(name);
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
    let witnessed =
        community.and_then(|known| crate::trust::witnessed(&app.places, known, &proven.checkpoint));
    crate::trust::say(app.output, witnessed.as_ref());
    app.output.json(&serde_json::json!({
        "holds": true, "paid": true, "witnessed": crate::trust::to_json(witnessed.as_ref()), "index": proven.index, "recorded_at": proven.recorded_at.to_string(),
        "community": name, "log_size": size, "content": json,
    }));
}
