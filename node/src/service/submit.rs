//! Recording entries, and the drafts of those that lack signers.

use super::{NodeReader, Refused, Service};
use crate::clock::wall_clock;
use crate::community::Community;
use crate::community::drafts::{DraftRow, STARTED_PER_KEY_MAX, is_overtaken, may_read};
use crate::community::keep::on_disk;
use crate::community::memos::MemoRow;
use crate::community::sessions::Visitor;
use crate::writer::Unrecorded;
use klaver_api::draft::{CalledAccount, Draft, DraftState, WaitsFor, draft_id};
use klaver_api::text::{FieldError, base64url};
use klaver_api::{EntryJson, MemoJson};
use klaver_ledger::account::AccountKind;
use klaver_ledger::books::Rejection;
use klaver_ledger::engine::{Holder, NoReceipt, Outcome};
use klaver_ledger::entry::memo::Memo;
use klaver_ledger::entry::{Body, Entry, SignedEntry, VerifiedEntry};
use klaver_ledger::id::{AccountId, EntryId, LedgerId, Nonce};
use klaver_ledger::keys::{ReadyKey, SigningKey};
use klaver_ledger::link::{CodeId, Link};
use klaver_ledger::receipt::Receipt;
use klaver_ledger::refusal::Refusal;
use klaver_ledger::time::{Deadline, Seconds};
use tokio::sync::oneshot::{self, error::RecvError};

/// How long an entry of an office of the node may wait to be recorded, in seconds.
const OFFICE_SECONDS: u64 = 300;

/// What became of an entry that was not refused.
#[derive(Clone, Debug)]
pub enum Submitted {
    /// It is recorded, durably.
    Recorded(EntryId, Receipt),
    /// It was recorded before.
    Known(EntryId, Receipt),
    /// It waits for signatures.
    Draft(Box<Draft>),
}

/// An entry in the queue.
struct Queued {
    id: EntryId,
    verified: VerifiedEntry,
    answer: oneshot::Receiver<Result<Outcome, Unrecorded>>,
}

/// What came of waiting for the writer.
type Answer = Result<Result<Outcome, Unrecorded>, RecvError>;

impl Service {
    /// Records an entry, or makes it a draft when all it lacks are signers.
    ///
    /// Sending the same entry again is always safe: it is recorded at most once.
    ///
    /// # Errors
    /// Why it was not recorded.
    pub async fn submit(&self, signed: SignedEntry, memo: Option<Memo>) -> Result<Submitted, Refused> {
        let queued = self.queue(signed, memo.as_ref())?;
        let answer = queued.answer.await;
        let outcome = self.outcome(&queued.verified, answer)?;
        self.answer(queued.id, &queued.verified, outcome, memo).await
    }

    /// Records an entry that an office of the node signs alone; returns its index.
    ///
    /// # Errors
    /// When the rules do not allow it, or nothing can be recorded.
    pub(super) async fn record_by(&self, office: &SigningKey, body: Body) -> Result<u64, Refused> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce)?;
        let expires_at = Deadline::after(wall_clock(), Seconds(OFFICE_SECONDS));
        let entry = Entry { nonce: Nonce(nonce), expires_at, memo: None, body };
        let signed = SignedEntry::sign(entry, &self.ledger(), &[office]);
        let verified = signed.verify(&self.ledger(), |key| self.ready_key(key))?;
        let answer = self.writer.send(verified)?;
        let outcome = answer.await.unwrap_or_else(|_| Err(self.writer.stopped()))?;
        Ok(outcome.receipt()?.index)
    }

    fn queue(&self, signed: SignedEntry, memo: Option<&Memo>) -> Result<Queued, Refused> {
        if let Some(memo) = memo
            && signed.entry().memo != Some(memo.commitment())
        {
            let expected =
                "the entry holds no commitment to this memo: send the text and salt that it was signed with";
            return Err(FieldError::new("memo", memo.text(), expected).into());
        }
        self.community.check_payment(signed.entry())?;
        self.check_not_lost(&signed)?;
        let signed = if self.community.has_drafts() {
            let id = signed.id(&self.ledger());
            self.community.complete_draft(&id, signed)
        } else {
            signed
        };
        // What was recorded keeps its receipt when the keys that signed it count no more.
        let known: Vec<ReadyKey> =
            signed.signatures().iter().filter_map(|(key, _)| self.ready_key(key)).collect();
        let verified = if known.len() < signed.signatures().len() && self.is_recorded(&signed) {
            signed.verify_any_key(&self.ledger())?
        } else {
            signed.verify(&self.ledger(), |key| known.iter().find(|known| known.is(key)).copied())?
        };
        let answer = match self.writer.send(verified.clone()) {
            Err(refused @ Unrecorded::ReadOnly { .. }) => {
                let (answer, receiver) = oneshot::channel();
                answer.send(Err(refused)).expect("the receiver is at hand");
                receiver
            }
            sent => sent?,
        };
        Ok(Queued { id: verified.id(), verified, answer })
    }

    pub(super) fn is_recorded(&self, signed: &SignedEntry) -> bool {
        let id = signed.id(&self.ledger());
        matches!(self.reader.find(&id, Some(signed.entry().expires_at)), Ok(Some(_)))
    }

    /// Returns what the writer answered. A node that records nothing now, for whatever reason, still gives the receipt of
    /// what it recorded before.
    fn outcome(&self, verified: &VerifiedEntry, answer: Answer) -> Result<Outcome, Unrecorded> {
        match answer.unwrap_or_else(|_| Err(self.writer.stopped())) {
            Err(refused @ Unrecorded::ReadOnly { .. }) => {
                self.known(verified).map(Outcome::Known).ok_or(refused)
            }
            answered => answered,
        }
    }

    /// Returns the receipt of an entry that was recorded before.
    fn known(&self, verified: &VerifiedEntry) -> Option<Receipt> {
        let index = self.reader.find(&verified.id(), Some(verified.entry().expires_at)).ok()??;
        self.reader.receipt(index, Holder::Signer).ok()
    }

    async fn answer(
        &self,
        id: EntryId,
        verified: &VerifiedEntry,
        outcome: Outcome,
        memo: Option<Memo>,
    ) -> Result<Submitted, Refused> {
        if let Outcome::LacksSigners(refusal) = &outcome {
            return self.keep_draft(id, verified, memo, refusal).await;
        }
        let is_new = matches!(outcome, Outcome::Recorded(_));
        let receipt = match outcome.receipt() {
            Err(NoReceipt::Declined(refusal)) if refusal.code == Rejection::PromiseNotCovered.code() => {
                self.note_unpaid(&id, verified.entry()).await;
                return Err(NoReceipt::Declined(refusal).into());
            }
            answered => answered?,
        };
        // Also when it was recorded before: then nobody heard of it perhaps.
        if self.community.has_drafts() {
            self.community.mark_draft_recorded(&id, receipt.index, wall_clock().seconds());
        }
        self.keep_memo(&receipt, memo).await;
        Ok(if is_new { Submitted::Recorded(id, receipt) } else { Submitted::Known(id, receipt) })
    }

    async fn keep_memo(&self, receipt: &Receipt, memo: Option<Memo>) {
        if let Some(memo) = memo
            && let Err(error) = on_disk(self.community.add_memo(receipt.index, &memo)).await
        {
            // The payment stands; losing its sentence must not make it look as if it did not.
            tracing::warn!(%error, "a memo was not kept");
        }
    }

    async fn keep_draft(
        &self,
        id: EntryId,
        verified: &VerifiedEntry,
        memo: Option<Memo>,
        refusal: &Refusal,
    ) -> Result<Submitted, Refused> {
        let started_by = verified.signers().first().map(ToString::to_string).unwrap_or_default();
        let row = DraftRow {
            envelope: base64url(&verified.signed().encode()),
            memo: memo.as_ref().map(MemoRow::of),
            started_by,
            expires_at: verified.entry().expires_at.seconds(),
            waits_for: WaitsFor::of_details(&refusal.details),
            recorded: None,
        };
        if !self.community.put_draft(&id, row.clone()).await? {
            let advice = "have those that wait signed; what has expired makes room after two days";
            return Err(Refused::TooMany { what: "drafts", limit: STARTED_PER_KEY_MAX, advice });
        }
        let draft = self.draft_json(&draft_id(&id), &row)?;
        Ok(Submitted::Draft(Box::new(draft)))
    }

    /// Returns a draft to a key that may sign it.
    ///
    /// # Errors
    /// `Unknown` also when the visitor may not read it: nobody learns what waits.
    pub fn draft(&self, visitor: &Visitor, id: &[u8; 16]) -> Result<Draft, Refused> {
        let unknown = Refused::Unknown {
            what: "draft",
            code: "unknown_draft",
            advice: "it was recorded, has expired, or is for other keys to sign",
        };
        let row = self.community.draft(id).filter(|row| self.may_read(visitor, row));
        self.draft_json(id, &row.ok_or(unknown)?)
    }

    /// Tells whoever has its link whether a draft is kept, and nothing else of it.
    pub fn has_draft(&self, id: &[u8; 16]) -> bool {
        self.community.draft(id).is_some()
    }

    /// Returns the drafts that still wait, and that the visitor may sign.
    pub fn drafts(&self, visitor: &Visitor) -> Vec<Draft> {
        self.waiting_drafts(visitor).filter_map(|(id, row)| self.draft_json(&id, &row).ok()).collect()
    }

    /// Returns what is kept of the drafts that still wait, and that the visitor may sign.
    pub(super) fn waiting_drafts(&self, visitor: &Visitor) -> impl Iterator<Item = ([u8; 16], DraftRow)> {
        let now = wall_clock().seconds();
        let waits = move |row: &DraftRow| row.recorded.is_none() && now < row.expires_at;
        self.community.drafts().into_iter().filter(move |(_, row)| waits(row) && self.may_read(visitor, row))
    }

    fn may_read(&self, visitor: &Visitor, row: &DraftRow) -> bool {
        let now = wall_clock();
        let Some(signed) = row.signed() else { return false };
        signed.signatures().iter().any(|(key, _)| key == visitor.key.as_bytes())
            || may_read(&self.reader.standing(), signed.entry(), &visitor.key, now)
    }

    fn draft_json(&self, id: &[u8; 16], row: &DraftRow) -> Result<Draft, Refused> {
        let signed = row.signed().ok_or(Refused::Unknown {
            what: "draft",
            code: "unknown_draft",
            advice: "send the entry again",
        })?;
        let signed_by =
            signed.signatures().iter().map(|(key, _)| data_encoding::HEXLOWER.encode(key)).collect();
        let now = wall_clock();
        let state = match row.recorded {
            Some(_) => DraftState::Recorded,
            None if signed.entry().expires_at.has_passed(now) => DraftState::Expired,
            None if is_overtaken(&self.reader.standing(), signed.entry(), now) => DraftState::Overtaken,
            None => DraftState::Waiting,
        };
        Ok(Draft {
            id: CodeIdText(*id).to_string(),
            link: Link::Draft { node: self.address.clone(), id: CodeId(*id) }.print()?,
            entry: EntryJson::of(signed.entry(), self.scale()),
            envelope: row.envelope.clone(),
            signed_by,
            waits_for: row.waits_for.clone(),
            state,
            index: row.recorded,
            expires_at: signed.entry().expires_at.to_string(),
            memo: row.memo.as_ref().and_then(MemoRow::to_memo).map(|memo| MemoJson::of(&memo)),
            names: self.names_of(signed.entry()),
        })
    }

    /// What the accounts of a payment are called. Who is thanked for helping is named to nobody.
    fn names_of(&self, entry: &Entry) -> Vec<CalledAccount> {
        let Body::Pay(pay) = &entry.body else { return Vec::new() };
        let ids: Vec<AccountId> =
            std::iter::once(pay.from).chain(pay.payees.iter().map(|line| line.to)).collect();
        let kinds: Vec<Option<AccountKind>> = {
            let standing = self.reader.standing();
            ids.iter().map(|id| standing.account(id).map(|account| account.kind())).collect()
        };
        let called = ids.iter().zip(kinds).filter_map(|(id, kind)| {
            let kind = kind?;
            // A member's name is the council's to know; what they write beside their own code is for whoever pays.
            let listed = self.community.profile(id).filter(|row| row.listed || kind != AccountKind::Member);
            let words = || self.community.alias_of(id).and_then(|(_, row)| row.words);
            let name = listed.map(|row| row.name).or_else(words);
            Some(CalledAccount { account: id.to_string(), kind: kind.word().to_owned(), name })
        });
        called.collect()
    }
}

/// Sixteen bytes as the interface writes them.
struct CodeIdText([u8; 16]);

impl std::fmt::Display for CodeIdText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// Finds in the ledger which drafts were recorded when the node was stopped before it had noted that.
pub(super) fn find_recorded(reader: &NodeReader, community: &Community, ledger: &LedgerId) {
    for (_, row) in community.drafts().into_iter().filter(|(_, row)| row.recorded.is_none()) {
        let Some(signed) = row.signed() else { continue };
        let id = signed.id(ledger);
        if let Ok(Some(index)) = reader.find(&id, Some(signed.entry().expires_at)) {
            community.mark_draft_recorded(&id, index, wall_clock().seconds());
        }
    }
}
