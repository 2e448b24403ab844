//! Contact with a community's node, and with it a look at its log: history must never be rewritten.
//!
//! On every contact the newest published checkpoint is fetched and held against the newest one remembered. A
//! log that shrank, or that does not continue what it was, is an alarm: the evidence is kept, nothing is sent.

use crate::community::Community;
use crate::failure::{Exit, Failure, Outcome};
use crate::http::Http;
use crate::moment;
use crate::places::Places;
use klaver_api::{ConsistencyJson, ReceiptJson, paths};
use klaver_keystore::private_file;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::note::Note;
use klaver_ledger::log::proof::verify_consistency;
use klaver_ledger::receipt::{Opening, Proven, Receipt};
use std::sync::Arc;

/// A node that has shown a log consistent with all that this wallet knows of it.
pub struct Contact {
    /// The community, with the checkpoint just seen.
    pub community: Community,
    /// The node.
    pub http: Http,
    places: Places,
    /// Whether what is seen is remembered.
    remembers: bool,
}

impl Contact {
    /// Contacts the community's node and checks its log.
    ///
    /// # Errors
    /// `Network` when it cannot be reached, `Mismatch` when its log contradicts what is remembered.
    pub fn open(places: &Places, community: Community) -> Outcome<Self> {
        Self::make(places, community, true)
    }

    /// Contacts a community that was not joined, and remembers nothing of it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn passing(places: &Places, community: Community) -> Outcome<Self> {
        Self::make(places, community, false)
    }

    fn make(places: &Places, community: Community, remembers: bool) -> Outcome<Self> {
        let http = Http::new(community.node.clone());
        let mut contact = Self { community, http, places: places.clone(), remembers };
        contact.check_log()?;
        Ok(contact)
    }

    fn save(&self) -> Outcome<()> {
        if self.remembers { self.community.save(&self.places) } else { Ok(()) }
    }

    /// Reads a receipt and verifies opening, inclusion, the log's signature and the signatures inside.
    ///
    /// # Errors
    /// `Mismatch`, after the evidence was kept.
    pub fn verify(&mut self, said: &ReceiptJson) -> Outcome<(Receipt, Proven)> {
        let verified = read_receipt(said).and_then(|receipt| {
            let proven = receipt
                .verify(&self.community.identity())
                .map_err(|error| Failure::text(Exit::Mismatch, "receipt_wrong", error))?;
            Ok((receipt, proven))
        });
        match verified {
            Ok((receipt, proven)) => {
                self.community.remember(proven.checkpoint.clone());
                self.save()?;
                Ok((receipt, proven))
            }
            Err(failure) => {
                let evidence = serde_json::to_vec_pretty(said).expect("a receipt is always JSON");
                Err(self.keep_evidence("receipt", &evidence, failure))
            }
        }
    }

    fn check_log(&mut self) -> Outcome<()> {
        let path = format!("{}/checkpoint", self.community.log_path);
        let bytes = match self.http.get_bytes(&path) {
            Ok(bytes) => bytes,
            // A ledger of a few seconds has published nothing yet.
            Err(failure) if failure.exit == Exit::Failed && self.community.checkpoint.is_none() => {
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        let seen = SignedCheckpoint::open(&bytes, &self.community.log_key).map_err(|error| {
            let failure = Failure::text(Exit::Mismatch, "checkpoint_wrong", error);
            self.keep_evidence("checkpoint", &bytes, failure)
        })?;
        let is_news =
            self.community.checkpoint.as_ref().map(SignedCheckpoint::checkpoint) != Some(seen.checkpoint());
        if let Some(known) = self.community.checkpoint.clone() {
            self.must_continue(&known, &seen)?;
        }
        let (reached, ahead): (Vec<_>, Vec<_>) = std::mem::take(&mut self.community.ahead)
            .into_iter()
            .partition(|receipt| receipt.checkpoint().size <= seen.checkpoint().size);
        for receipt in &reached {
            self.must_continue(receipt, &seen)?;
        }
        self.community.ahead = ahead;
        self.community.checkpoint = Some(seen);
        if is_news || !reached.is_empty() {
            self.save()?;
        }
        Ok(())
    }

    /// Checks that the log at `new` continues the log at `old`.
    fn must_continue(&self, old: &SignedCheckpoint, new: &SignedCheckpoint) -> Outcome<()> {
        let (old_head, new_head) = (old.checkpoint().head(), new.checkpoint().head());
        let proof = if old_head.size == new_head.size || old_head.size == 0 {
            Vec::new()
        } else if old_head.size < new_head.size {
            let path = format!("{}?from={}&to={}", paths::CONSISTENCY, old_head.size, new_head.size);
            read_hashes(&self.http.get::<ConsistencyJson>(&path, None)?.proof)?
        } else {
            Vec::new()
        };
        verify_consistency(&old_head, &new_head, &proof).map_err(|error| {
            let evidence = format!("{}\n{}", old.note(), new.note());
            let failure = Failure::text(Exit::Mismatch, "history_rewritten", error);
            self.keep_evidence("history", evidence.as_bytes(), failure)
        })
    }

    /// Keeps what a node said that cannot be true; returns the failure, naming the file.
    pub fn keep_evidence(&self, what: &str, bytes: &[u8], failure: Failure) -> Failure {
        let directory = self.places.evidence();
        let path = directory.join(format!("{what}-{}.txt", moment::now().millis()));
        let kept =
            private_file::create_directory(&directory).and_then(|()| private_file::replace(&path, bytes));
        match kept {
            Ok(()) => failure.with("path", path.display()),
            Err(_) => failure.with("path", "-"),
        }
    }
}

/// Reads the parts of a receipt. Nothing is verified yet.
///
/// # Errors
/// `Mismatch` when a part cannot be read.
pub fn read_receipt(said: &ReceiptJson) -> Outcome<Receipt> {
    let wrong = |error: String| Failure::text(Exit::Mismatch, "receipt_wrong", error);
    let opening = klaver_api::text::from_base64url("opening", &said.opening)?;
    Ok(Receipt {
        index: said.index,
        opening: Opening::decode(&opening).map_err(|error| wrong(error.to_string()))?,
        proof: read_hashes(&said.proof)?,
        checkpoint: Arc::new(
            Note::parse(said.checkpoint.as_bytes()).map_err(|error| wrong(error.to_string()))?,
        ),
    })
}

fn read_hashes(texts: &[String]) -> Outcome<Vec<Hash>> {
    let read = |text: &String| {
        Hash::from_base64(text)
            .ok_or_else(|| Failure::text(Exit::Mismatch, "receipt_wrong", format!("\"{text}\" is no hash")))
    };
    texts.iter().map(read).collect()
}
