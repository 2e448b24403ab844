//! `klaver receipt`: save one, or verify one without network.

use crate::app::App;
use crate::community::Community;
use crate::describe;
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use clap::Subcommand;
use klaver_api::paths;
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Body, Kind};
use klaver_ledger::id::AccountId;
use klaver_ledger::receipt::{Proven, ProvenContent, Receipt as LedgerReceipt};
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
    /// Verify a receipt with the log key this wallet knows, without network
    Verify {
        /// The .tlog-proof file
        file: PathBuf,
    },
}

impl Receipt {
    /// Runs the command.
    ///
    /// # Errors
    /// `Mismatch` when the receipt does not hold.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self {
            Self::Save { index, out } => save(app, index, out),
            Self::Verify { file } => verify(app, &file),
        }
    }
}

/// Returns whether a receipt proves that `account` was given `amount`.
pub fn credits(proven: &Proven, account: AccountId, amount: Amount) -> bool {
    match &proven.content {
        ProvenContent::Line(line) => {
            line.line.account == account && line.line.credit == amount.minor() && line.line.debit == 0
        }
        ProvenContent::Entry(entry) => match &entry.entry().body {
            Body::Pay(pay) => pay.payees.iter().any(|line| line.to == account && line.amount == amount),
            _ => false,
        },
    }
}

fn save(app: &App<'_>, index: u64, out: Option<PathBuf>) -> Outcome {
    let hat = app.hat()?;
    let mut contact = app.contact(&hat)?;
    let path = paths::fill(paths::RECEIPT, index);
    let said = app.with_session(&contact, &hat, |token| contact.http.get(&path, Some(token)))?;
    let (receipt, proven) = contact.verify(&said)?;
    let text = receipt.to_string();
    let out = out.unwrap_or_else(|| format!("klaver-{index}.tlog-proof").into());
    if out.as_os_str() == "-" {
        app.output.data(text.as_bytes());
        return Ok(Exit::Ok);
    }
    let failed = |error| Failure::text(Exit::Failed, "cannot_write", error).with("path", out.display());
    std::fs::write(&out, text).map_err(failed)?;
    tell(app, &contact.community, &proven)?;
    let path = out.display().to_string();
    app.output.note("receipt.saved", &[("path", &path)]);
    Ok(Exit::Ok)
}

fn verify(app: &App<'_>, file: &std::path::Path) -> Outcome {
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::text(Exit::Failed, "cannot_read", error).with("path", file.display()))?;
    let wrong = |error| Failure::text(Exit::Mismatch, "receipt_wrong", error).with("path", file.display());
    let receipt = LedgerReceipt::parse(&bytes).map_err(wrong)?;
    let communities = Community::load_all(&app.places)?;
    if communities.is_empty() {
        return Err(Failure::new(Exit::Key, "not_joined"));
    }
    let mut last = None;
    for community in &communities {
        match receipt.verify(&community.identity()) {
            Ok(proven) => {
                tell(app, community, &proven)?;
                return Ok(Exit::Ok);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(|| Failure::new(Exit::Key, "not_joined"), wrong))
}

/// Says what a receipt proves.
fn tell(app: &App<'_>, community: &Community, proven: &Proven) -> Outcome<()> {
    let unit = community.unit(app.output.language);
    let (index, at) = (proven.index.to_string(), moment::show(proven.recorded_at, app.output.language));
    let name = crate::output::harmless(&community.name);
    let values = [("index", &*index), ("at", &*at), ("name", &*name)];
    app.output.line(&app.output.good(&app.output.words("receipt.holds", &values)));
    let own = crate::entries::own_names(&app.keys().unwrap_or_default());
    let names = |account: &AccountId| own.get(account).cloned();
    let json = match &proven.content {
        ProvenContent::Entry(entry) => {
            for line in describe::entry(entry.entry(), &unit, app.output, &names)? {
                app.output.line(&line);
            }
            serde_json::json!({
                "entry": entry.id().to_hex(),
                "says": klaver_api::EntryJson::of(entry.entry(), community.scale),
            })
        }
        ProvenContent::Line(line) => {
            let account = describe::account(&line.line.account, &names);
            let balance = |minor: u64| i64::try_from(minor).unwrap_or(i64::MAX);
            let moved = unit.show_balance(balance(line.line.credit) - balance(line.line.debit));
            let is_received = line.kind == Kind::Pay && line.line.credit > 0;
            let key = if is_received { "line.pay_in".to_owned() } else { format!("line.{}", line.kind) };
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
    let witnessed = crate::trust::witnessed(&app.places, &proven.checkpoint);
    crate::trust::say(app.output, witnessed.as_ref());
    app.output.json(&serde_json::json!({
        "holds": true, "paid": true, "witnessed": crate::trust::to_json(witnessed.as_ref()), "index": proven.index, "recorded_at": proven.recorded_at.to_string(),
        "community": community.name, "log_size": size, "content": json,
    }));
    Ok(())
}
