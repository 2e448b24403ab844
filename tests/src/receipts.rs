//! What clients hold: every entry they signed, and every receipt they were given, in a file outside of the node.

use crate::client::Client;
use crate::town::Town;
use klaver_api::ReceiptJson;
use klaver_api::text::{base64url, from_base64url};
use klaver_ledger::entry::SignedEntry;
use klaver_ledger::id::{EntryId, LedgerId};
use klaver_ledger::receipt::{LogIdentity, ProvenContent, Receipt};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A file of receipts. Lines are only added; a line is written before its client goes on.
pub struct Receipts {
    path: PathBuf,
    file: Mutex<File>,
}

/// A line: an entry that was sent, and what the node acknowledged.
#[derive(Clone, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The envelope, as base64url.
    pub envelope: String,
    /// The receipt.
    pub receipt: ReceiptJson,
}

/// What a check looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    /// Entries with a receipt.
    pub entries: usize,
}

impl Receipts {
    /// Returns the file at `path`, begun if it is not there.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub fn at(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path).expect("receipts can be kept");
        Self { path: path.to_owned(), file: Mutex::new(file) }
    }

    /// Keeps a receipt.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn keep(&self, envelope: &[u8], receipt: ReceiptJson) {
        let line = Acknowledged { envelope: base64url(envelope), receipt };
        let mut text = serde_json::to_string(&line).expect("plain values are always JSON");
        text.push('\n');
        let mut file = self.file.lock().expect("no client panicked while it wrote");
        file.write_all(text.as_bytes()).expect("receipts can be kept");
    }

    /// Reads every line from number `first` on.
    ///
    /// # Panics
    /// When the file is damaged.
    pub fn read(&self, first: usize) -> Vec<Acknowledged> {
        let text = std::fs::read_to_string(&self.path).expect("receipts can be read");
        let lines = text.lines().skip(first);
        lines.map(|line| serde_json::from_str(line).expect("a line as it was written")).collect()
    }

    /// Returns how many lines there are.
    ///
    /// # Panics
    /// When the file cannot be read.
    pub fn len(&self) -> usize {
        std::fs::read_to_string(&self.path).expect("receipts can be read").lines().count()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Checks that the node stands by these receipts: each verifies, and sending its entry again brings the same one.
///
/// # Errors
/// The first acknowledgement that was lost, torn or doubled, in words.
pub fn check(client: &Client, identity: &LogIdentity, lines: &[Acknowledged]) -> Result<Checked, String> {
    let mut indexes: BTreeMap<u64, EntryId> = BTreeMap::new();
    let mut given: HashMap<EntryId, Receipt> = HashMap::new();
    for line in lines {
        let (signed, receipt) = read_line(line)?;
        let id = signed.id(identity.ledger());
        verify(identity, &signed, &receipt)?;
        if let Some(other) = indexes.insert(receipt.index, id).filter(|other| *other != id) {
            return Err(format!("index {} was given to {other} and to {id}", receipt.index));
        }
        if let Some(first) = given.get(&id)
            && (first.index, &first.opening) != (receipt.index, &receipt.opening)
        {
            return Err(format!("{id} has two receipts: index {} and index {}", first.index, receipt.index));
        }
        given.entry(id).or_insert(receipt);
    }
    let share = lines.len().div_ceil(SENDERS).max(1);
    std::thread::scope(|scope| {
        let senders: Vec<_> =
            lines.chunks(share).map(|part| scope.spawn(|| ask_again(client, identity, part))).collect();
        senders.into_iter().try_for_each(|sender| sender.join().expect("a sender does not panic"))
    })?;
    Ok(Checked { entries: given.len() })
}

/// How many clients ask again at the same time.
const SENDERS: usize = 8;

fn ask_again(client: &Client, identity: &LogIdentity, lines: &[Acknowledged]) -> Result<(), String> {
    for line in lines {
        let (signed, receipt) = read_line(line)?;
        let id = signed.id(identity.ledger());
        let answer = client.try_submit(&signed.encode()).map_err(|error| format!("{id}: {error}"))?;
        if (answer.status, answer.text("outcome")) != (200, "known") {
            return Err(format!("{id}, acknowledged as record {}, was lost: {answer:?}", receipt.index));
        }
        let again = answer.receipt();
        verify(identity, &signed, &again)?;
        if (again.index, &again.opening) != (receipt.index, &receipt.opening) {
            return Err(format!("{id} was record {} and is now record {}", receipt.index, again.index));
        }
    }
    Ok(())
}

/// Sends entries of which nobody knows what became, and keeps the receipt; sent once more, each brings the same.
///
/// # Errors
/// The first that is not recorded exactly once, in words.
pub fn settle(
    client: &Client,
    ledger: &LedgerId,
    unknown: &[SignedEntry],
    kept: &Receipts,
) -> Result<(), String> {
    for signed in unknown {
        let id = signed.id(ledger);
        let first = client.submit(signed);
        if ![200, 201].contains(&first.status) {
            return Err(format!("{id} was not recorded when it was sent again: {first:?}"));
        }
        kept.keep(&signed.encode(), first.receipt_json());
        let again = client.submit(signed);
        let (first, again) = (first.receipt(), again.receipt());
        if (first.index, &first.opening) != (again.index, &again.opening) {
            return Err(format!("{id} has two receipts: index {} and index {}", first.index, again.index));
        }
    }
    Ok(())
}

/// Checks that nothing was recorded but what clients hold receipts for, after `before` records of theirs or others.
///
/// # Errors
/// How many records there are, when that is another number.
pub fn count(town: &Town, before: u64, entries: usize) -> Result<(), String> {
    let (found, expected) = (town.size(), before + entries as u64);
    if found == expected { Ok(()) } else { Err(format!("{expected} records belong here, there are {found}")) }
}

fn verify(identity: &LogIdentity, signed: &SignedEntry, receipt: &Receipt) -> Result<(), String> {
    let id = signed.id(identity.ledger());
    let proven =
        receipt.verify(identity).map_err(|error| format!("the receipt of {id} does not hold: {error}"))?;
    match proven.content {
        ProvenContent::Entry(entry) if entry.signed() == signed => Ok(()),
        _ => Err(format!("the receipt of {id} is for something else")),
    }
}

fn read_line(line: &Acknowledged) -> Result<(SignedEntry, Receipt), String> {
    let envelope = from_base64url("envelope", &line.envelope).map_err(|error| error.to_string())?;
    let signed = SignedEntry::decode(&envelope).map_err(|error| error.to_string())?;
    Ok((signed, line.receipt.to_receipt().map_err(|error| error.to_string())?))
}
