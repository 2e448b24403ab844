//! Contact with a community's node, and with it a look at its log: history must never be rewritten.
//!
//! On every contact the newest published checkpoint is fetched and held against the newest one remembered. A
//! log that shrank, or that does not continue what it was, is an alarm: the evidence is kept once, nothing is sent.
//! Whoever is told afterwards which history counts says so, and that is remembered ([`Contact::believing`]).

use crate::community::{Believed, Community, Terms};
use crate::failure::{Exit, Failure, Outcome};
use crate::follow;
use crate::heads::Heads;
use crate::http::Http;
use crate::moment::{self, Clock};
use crate::past::Known;
use crate::places::Places;
use klaver_api::{ConsistencyJson, ReceiptJson, paths};
use klaver_keystore::private_file;
use klaver_ledger::id::{AccountId, Digest};
use klaver_ledger::link::NodeAddress;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::note::Note;
use klaver_ledger::log::proof::{ProofError, TreeHead, verify_consistency};
use klaver_ledger::receipt::{Proven, Receipt, Step};
use std::cmp::Ordering;
use std::path::PathBuf;

/// A node that has shown a log consistent with all that this wallet knows of it.
pub struct Contact {
    /// The community, with the checkpoint just seen.
    pub community: Community,
    /// The node.
    pub http: Http,
    places: Places,
    /// Every seal of this log that the wallet keeps.
    heads: Heads,
    /// Heads that the published log was shown to continue: many receipts share one.
    continued: Vec<TreeHead>,
    /// Whether what is seen is remembered.
    remembers: bool,
    /// What this wallet followed just now.
    pub followed: Option<Followed>,
    /// How often it was led on in this visit.
    steps: usize,
}

/// How often one visit is led on: each address may name the next.
const STEPS_MAX: usize = 16;

/// What a wallet followed, because the ledger it knew proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Another log key or address, by a new charter.
    Charter,
    /// Another ledger.
    Ledger,
}

impl Followed {
    /// Returns the key of the sentence that says so.
    pub fn word(self) -> &'static str {
        match self {
            Self::Charter => "note.followed.charter",
            Self::Ledger => "note.followed.ledger",
        }
    }
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

    /// Returns where the wallet's files about this community are.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Returns the file with the newest seal, when what is seen is remembered.
    pub fn kept(&self) -> Option<PathBuf> {
        Some(self.places.community(&self.community.ledger)).filter(|path| self.remembers && path.exists())
    }

    /// Takes the log that the node shows now for the true one, after an alarm; returns the receipts set aside.
    ///
    /// `agree` is asked before anything changes, with the seal and how many of those kept do not belong to it.
    ///
    /// # Errors
    /// When the node shows fewer than `size` records, or `agree` says no.
    pub fn believing(
        places: &Places,
        community: Community,
        size: u64,
        agree: impl FnOnce(&SignedCheckpoint, usize) -> Outcome<()>,
    ) -> Outcome<(Self, Vec<PathBuf>)> {
        let heads = Heads::of(places, &community);
        let mut contact = Self::to(places, community, true);
        let seen = contact.fetch_seal()?;
        let found = seen.checkpoint().size;
        if found < size {
            return Err(Failure::new(Exit::Rules, "believe_shorter").with("found", found).with("size", size));
        }
        let mut strange = Vec::new();
        for head in heads.all() {
            if head.seen.checkpoint().size > found
                || contact.proof_between(head.seen.checkpoint().head(), seen.checkpoint().head())?.is_some()
            {
                strange.push(head);
            }
        }
        agree(&seen, strange.len())?;
        private_file::create_directory(&places.evidence())?;
        let mut aside = Vec::new();
        for file in strange.iter().filter_map(|head| head.file.as_ref()) {
            let name = file.file_name().unwrap_or_default();
            let moved = places.evidence().join(name);
            std::fs::rename(file, &moved)
                .map_err(|error| Failure::io(Exit::Failed, "cannot_write", &moved, &error))?;
            aside.push(moved);
        }
        contact.community.believed = Some(Believed {
            size: found,
            root: seen.checkpoint().root.to_base64(),
            at: moment::now().to_string(),
        });
        contact.community.ahead = Vec::new();
        contact.community.checkpoint = Some(seen);
        contact.save()?;
        contact.heads = Heads::of(places, &contact.community);
        Ok((contact, aside))
    }

    fn to(places: &Places, community: Community, remembers: bool) -> Self {
        let http = Http::new(community.node.clone());
        let (places, heads, continued) = (places.clone(), Heads::default(), Vec::new());
        Self { community, http, places, heads, continued, remembers, followed: None, steps: 0 }
    }

    fn make(places: &Places, community: Community, remembers: bool) -> Outcome<Self> {
        let mut contact = Self::to(places, community, remembers);
        contact.heads = Heads::of(places, &contact.community);
        if let Some((old, new)) = contact.heads.torn() {
            return Err(contact.alarm(old, new));
        }
        contact.check_log()?;
        if remembers {
            contact.ask_terms()?;
            crate::trust::visit(&contact.places, &contact.http, &contact.community)?;
        }
        Ok(contact)
    }

    /// Learns what the policy says and what time it is; without an answer what is known goes on to count.
    fn ask_terms(&mut self) -> Outcome<()> {
        let Ok(said) = self.http.get::<klaver_api::Community>(paths::COMMUNITY, None) else { return Ok(()) };
        if said.ledger != self.community.ledger.to_hex() {
            return Err(Failure::new(Exit::Mismatch, "other_ledger").with("node", self.http.node()));
        }
        let (clock, terms) = (self.community.clock, self.community.terms);
        if let Ok(theirs) = klaver_api::text::timestamp("now", &said.now) {
            self.community.clock = Clock::beside(theirs, moment::now());
        }
        if let Some(node) = said.successor.as_deref().and_then(|url| NodeAddress::parse(url).ok())
            && self.steps < STEPS_MAX
        {
            match follow::succession(&self.places, &self.community, &node) {
                Ok(new) => {
                    self.turn_to(new, Followed::Ledger);
                    self.check_log()?;
                    return self.ask_terms();
                }
                // What has ended can still be read.
                Err(failure) if failure.exit == Exit::Network => {}
                Err(failure) => return Err(failure),
            }
        }
        if self.community.past.charter_base != Some(said.charter_base) {
            match follow::charters(&self.places, &self.community, &self.http) {
                Ok(lineage) => {
                    self.community.past.charter_base = Some(lineage.base());
                    self.save()?;
                }
                Err(failure) if failure.exit == Exit::Mismatch => return Err(failure),
                Err(_) => {}
            }
        }
        self.community.terms = Terms::of(&said).or(terms);
        let is_news = self.community.clock.is_news_to(clock) || self.community.terms != terms;
        if is_news { self.save() } else { Ok(()) }
    }

    fn save(&self) -> Outcome<()> {
        if self.remembers { self.community.save(&self.places) } else { Ok(()) }
    }

    /// Reads a receipt and verifies opening, inclusion, the log's signature and the signatures inside.
    ///
    /// # Errors
    /// `Mismatch`, after the evidence was kept.
    pub fn verify(&mut self, said: &ReceiptJson) -> Outcome<(Receipt, Proven)> {
        let unreadable = |error| {
            Failure::text(Exit::Mismatch, "receipt_wrong", error).at_step(Step::File, "malformed_receipt")
        };
        let verified = said.to_receipt().map_err(unreadable).and_then(|receipt| {
            let proven =
                receipt.verify(&self.community.identity()).map_err(|error| Failure::of_receipt(&error))?;
            Ok((receipt, proven))
        });
        match verified {
            Ok((receipt, proven)) => {
                self.hold(&proven.checkpoint)?;
                Ok((receipt, proven))
            }
            Err(failure) => {
                let evidence = serde_json::to_vec_pretty(said).expect("a receipt is always JSON");
                Err(self.keep_evidence("receipt", &evidence, failure))
            }
        }
    }

    /// Fetches the newest published checkpoint and verifies the log's signature.
    fn fetch_seal(&self) -> Outcome<SignedCheckpoint> {
        self.open_seal(&self.fetch_note()?)
    }

    /// Fetches the newest published checkpoint once more, with the lines that witnesses added meanwhile.
    ///
    /// # Errors
    /// `Mismatch` when it is of another history than what is known; `Network` without an answer.
    pub fn seal_again(&self) -> Outcome<SignedCheckpoint> {
        let seen = self.fetch_seal()?;
        self.must_be_new(&seen)?;
        Ok(seen)
    }

    fn fetch_note(&self) -> Outcome<Vec<u8>> {
        self.http.get_bytes(&format!("{}/checkpoint", self.community.log_path))
    }

    fn open_seal(&self, bytes: &[u8]) -> Outcome<SignedCheckpoint> {
        SignedCheckpoint::open(bytes, &self.community.log_key).map_err(|error| {
            let failure = Failure::text(Exit::Mismatch, "checkpoint_wrong", error);
            self.keep_evidence("checkpoint", bytes, failure)
        })
    }

    /// Follows the community to another log key, address or ledger, where the ledger proves it; returns whether it did.
    fn follow(&mut self) -> Outcome<bool> {
        match follow::moved(&self.places, &self.community, &self.http) {
            Ok(Some(now)) => {
                let is_same = now.ledger == self.community.ledger;
                self.turn_to(now, if is_same { Followed::Charter } else { Followed::Ledger });
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(failure) if failure.exit == Exit::Failed => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    fn turn_to(&mut self, community: Community, followed: Followed) {
        self.http = Http::new(community.node.clone());
        self.heads = Heads::of(&self.places, &community);
        (self.community, self.followed, self.continued) = (community, Some(followed), Vec::new());
        self.steps += 1;
    }

    /// Returns whether the key that this wallet knows has signed, or seems to have signed, a note.
    fn is_ours(&self, bytes: &[u8]) -> bool {
        let key = &self.community.log_key;
        Note::parse(bytes).is_ok_and(|note| note.signatures().iter().any(|line| line.is_by(key)))
    }

    fn check_log(&mut self) -> Outcome<()> {
        let seen = match self.fetch_note() {
            Ok(bytes) if self.is_ours(&bytes) || self.followed.is_some() => self.open_seal(&bytes)?,
            Ok(bytes) => match self.follow()? {
                true => return self.check_log(),
                false => self.open_seal(&bytes)?,
            },
            // A ledger of a few seconds has published nothing yet.
            Err(failure) if failure.exit == Exit::Failed && self.community.checkpoint.is_none() => {
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        self.must_be_new(&seen)?;
        let is_news =
            self.community.checkpoint.as_ref().map(SignedCheckpoint::checkpoint) != Some(seen.checkpoint());
        if let Some(known) = self.community.checkpoint.clone() {
            self.must_continue(&known, &seen)?;
        }
        let (reached, ahead): (Vec<_>, Vec<_>) = std::mem::take(&mut self.community.ahead)
            .into_iter()
            .partition(|waits| waits.seen.checkpoint().size <= seen.checkpoint().size);
        for waits in &reached {
            self.must_continue(&waits.seen, &seen)?;
        }
        for former in self.community.past.former_keys.iter_mut().filter(|former| former.size == 0) {
            former.size = seen.checkpoint().size;
        }
        if let Some(forged) =
            ahead.iter().map(|waits| &waits.seen).find(|seen| self.community.past.is_forged(seen))
        {
            return Err(self.forged(forged));
        }
        self.community.ahead = ahead;
        self.heads.add(seen.clone(), None);
        self.community.checkpoint = Some(seen);
        if is_news || !reached.is_empty() || self.followed.is_some() {
            self.save()?;
        }
        Ok(())
    }

    /// Holds somebody else's checkpoint of this log against the newest one; one that is larger waits for the next visit.
    ///
    /// # Errors
    /// `Mismatch`, after the evidence was kept; `Failed` when so many wait that one had to be let go.
    pub fn compare(&mut self, theirs: &SignedCheckpoint) -> Outcome<()> {
        match self.hold(theirs)? {
            Some(gone) => {
                Err(Failure::new(Exit::Failed, "seals_too_many").with("size", gone.checkpoint().size))
            }
            None => Ok(()),
        }
    }

    /// Holds a seal against all that is known: the log has one root for each size, and the published one continues it.
    ///
    /// One beyond the published log waits for it; returns the one that had to be let go for that.
    fn hold(&mut self, seen: &SignedCheckpoint) -> Outcome<Option<SignedCheckpoint>> {
        self.must_be_new(seen)?;
        let head = seen.checkpoint().head();
        match self.community.checkpoint.clone() {
            Some(_) if self.continued.contains(&head) => Ok(None),
            Some(published) if head.size <= published.checkpoint().size => {
                self.must_continue(seen, &published)?;
                self.continued.push(head);
                self.heads.add(seen.clone(), None);
                Ok(None)
            }
            _ => {
                self.heads.add(seen.clone(), None);
                let gone = self.community.remember(seen.clone(), moment::now());
                self.save()?;
                Ok(gone)
            }
        }
    }

    /// Checks that no seal of the same size with another root is kept.
    fn must_be_new(&self, seen: &SignedCheckpoint) -> Outcome<()> {
        self.heads.against(seen).map_or(Ok(()), |known| Err(self.alarm(known, seen)))
    }

    /// Checks that the log at `new` continues the log at `old`.
    fn must_continue(&self, old: &SignedCheckpoint, new: &SignedCheckpoint) -> Outcome<()> {
        match self.proof_between(old.checkpoint().head(), new.checkpoint().head())? {
            None => Ok(()),
            Some(_) => Err(self.alarm(old, new)),
        }
    }

    /// Checks that the log at head `new_head` continues the log at `old_head`; keeps `evidence` when it does not.
    ///
    /// # Errors
    /// `Mismatch` when it does not; `Network` when the proof cannot be had.
    pub fn head_must_continue(&self, old_head: TreeHead, new_head: TreeHead, evidence: &str) -> Outcome<()> {
        let Some(error) = self.proof_between(old_head, new_head)? else { return Ok(()) };
        let failure = Failure::text(Exit::Mismatch, "history_rewritten", error);
        Err(self.keep_evidence("history", evidence.as_bytes(), failure))
    }

    /// Returns what is wrong with the proof that the log at `new_head` continues the log at `old_head`; `None` when it
    /// holds.
    fn proof_between(&self, old_head: TreeHead, new_head: TreeHead) -> Outcome<Option<ProofError>> {
        let proof = if old_head.size != 0 && old_head.size < new_head.size {
            let path = format!("{}?from={}&to={}", paths::CONSISTENCY, old_head.size, new_head.size);
            read_hashes(&self.http.get::<ConsistencyJson>(&path, None)?.proof)?
        } else {
            Vec::new()
        };
        Ok(verify_consistency(&old_head, &new_head, &proof).err())
    }

    /// Keeps a seal that a key has signed after the charter named another; returns the failure.
    pub fn forged(&self, seen: &SignedCheckpoint) -> Failure {
        forged(&self.places, seen)
    }

    /// Remembers what an own account has.
    ///
    /// # Errors
    /// When the community's file cannot be written.
    pub fn note_balance(&mut self, account: AccountId, known: Known) -> Outcome<()> {
        let before = self.community.past.balances.insert(account.to_string(), known);
        if before == Some(known) { Ok(()) } else { self.save() }
    }

    /// Remembers that the balance of an own account was shown to have come over.
    ///
    /// # Errors
    /// When the community's file cannot be written.
    pub fn note_came_over(&mut self, account: AccountId) -> Outcome<()> {
        let past = &mut self.community.past;
        past.came_over.push(account.to_string());
        past.balances.remove(&account.to_string());
        self.save()
    }

    fn alarm(&self, old: &SignedCheckpoint, new: &SignedCheckpoint) -> Failure {
        alarm(&self.places, old, new)
    }

    /// Keeps a receipt that holds and proves something else than was asked for; returns the failure.
    pub fn other_entry(&self, receipt: &Receipt) -> Failure {
        let failure = Failure::new(Exit::Mismatch, "receipt_other_entry");
        self.keep_evidence("receipt", receipt.to_string().as_bytes(), failure)
    }

    /// Keeps what a node said that cannot be true; returns the failure, naming the file.
    pub fn keep_evidence(&self, what: &str, bytes: &[u8], failure: Failure) -> Failure {
        keep_evidence(&self.places, &format!("{what}-{}", short_digest(bytes)), bytes, failure)
    }
}

/// Keeps two seals that cannot both be of one log, once for each that is known; returns the failure.
pub fn alarm(places: &Places, old: &SignedCheckpoint, new: &SignedCheckpoint) -> Failure {
    let known = old.checkpoint();
    let what = match new.checkpoint().size.cmp(&known.size) {
        Ordering::Less => "shorter",
        Ordering::Equal => "two-roots",
        Ordering::Greater => "history",
    };
    let name = format!("{what}-{}-{}", known.size, short_digest(known.root.as_bytes()));
    let evidence = format!("{}\n{}", old.note(), new.note());
    let failure = Failure::new(Exit::Mismatch, "history_rewritten");
    keep_evidence(places, &name, evidence.as_bytes(), failure)
}

/// Keeps a seal that a key has signed after the charter named another; returns the failure.
pub fn forged(places: &Places, seen: &SignedCheckpoint) -> Failure {
    let evidence = seen.to_string();
    let name = format!("old-key-{}", short_digest(evidence.as_bytes()));
    keep_evidence(places, &name, evidence.as_bytes(), Failure::new(Exit::Mismatch, "old_log_key"))
}

/// Keeps what cannot be true in a file of that name, once; returns the failure, naming the file.
pub fn keep_evidence(places: &Places, name: &str, bytes: &[u8], failure: Failure) -> Failure {
    let directory = places.evidence();
    let path = directory.join(format!("{name}.txt"));
    if path.exists() {
        return failure.with("path", path.display());
    }
    let kept = private_file::create_directory(&directory).and_then(|()| private_file::replace(&path, bytes));
    match kept {
        Ok(()) => failure.with("path", path.display()),
        Err(_) => failure.with("path", "-"),
    }
}

/// Returns enough of a hash of `bytes` to name a file.
pub fn short_digest(bytes: &[u8]) -> String {
    let mut text = Digest::of(bytes).to_hex();
    text.truncate(16);
    text
}

fn read_hashes(texts: &[String]) -> Outcome<Vec<Hash>> {
    let read = |text: &String| {
        Hash::from_base64(text)
            .ok_or_else(|| Failure::text(Exit::Mismatch, "receipt_wrong", format!("\"{text}\" is no hash")))
    };
    texts.iter().map(read).collect()
}

#[cfg(test)]
#[path = "../tests/double/mod.rs"]
mod double;

#[cfg(test)]
#[path = "contact_tests.rs"]
mod tests;
