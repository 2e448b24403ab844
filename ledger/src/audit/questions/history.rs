//! What questions are asked of: every entry, who signed it, and what it posted.

use crate::books::Effects;
use crate::entry::cbor::{CborError, Reader, Writer};
use crate::entry::codec::decode_payload;
use crate::entry::{Body, VerifiedEntry};
use crate::id::AccountId;
use crate::keys::PublicKey;
use crate::limits::{LINES_MAX, SIGNATURES_MAX};
use crate::time::Timestamp;
use smallvec::SmallVec;

/// Everything that was recorded, in order: about 400 bytes for each record.
#[derive(Clone, Debug, Default)]
pub struct History {
    events: Vec<Event>,
}

/// One recorded entry.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it was recorded.
    pub at: Timestamp,
    /// Who signed it.
    pub signers: SmallVec<[PublicKey; 1]>,
    /// What it does.
    pub body: Body,
    /// What it posted.
    pub postings: SmallVec<[Posting; 2]>,
    payload: Box<[u8]>,
}

/// One line of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: AccountId,
    /// What left it, in minor units.
    pub debit: u64,
    /// What it received, in minor units.
    pub credit: u64,
}

impl History {
    /// Adds the next entry.
    pub fn push(&mut self, at: Timestamp, entry: &VerifiedEntry, effects: &Effects) {
        let moves = effects.lines().iter().filter(|line| line.debit + line.credit > 0);
        let postings = moves
            .map(|line| Posting { account: line.account, debit: line.debit, credit: line.credit })
            .collect();
        self.events.push(Event {
            at,
            signers: entry.signers().iter().copied().collect(),
            body: entry.entry().body.clone(),
            postings,
            payload: entry.signed().payload().into(),
        });
    }

    /// Returns the entries; the place of each is its index.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Writes the entries, for an audit that goes on another day.
    pub(crate) fn write(&self, w: &mut Writer) {
        w.list(&self.events, |w, event| {
            w.array(4).uint(event.at.millis()).bytes(&event.payload);
            w.list(&event.signers, |w, key| {
                w.bytes(key.as_bytes());
            });
            w.list(&event.postings, |w, posting| {
                w.array(3).bytes(&posting.account.0).uint(posting.debit).uint(posting.credit);
            });
        });
    }

    /// Reads what [`write`](Self::write) wrote.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        let events = r.list("history", 0..=u32::MAX as usize, |r| {
            r.array("history", 4)?;
            let millis = r.uint("recorded_at")?;
            let at = Timestamp::from_millis(millis)
                .ok_or_else(|| CborError::out_of_range("recorded_at", millis, "at most 2^53 - 1"))?;
            let payload = r.bytes("payload")?;
            let signers = r.list("signers", 0..=SIGNATURES_MAX, |r| {
                // They were verified before they were kept, and the file is checksummed.
                r.fixed("key").map(PublicKey::checked_before)
            })?;
            let postings = r.list("postings", 0..=LINES_MAX, |r| {
                r.array("postings", 3)?;
                let account = AccountId(r.fixed("account")?);
                Ok(Posting { account, debit: r.uint("debit")?, credit: r.uint("credit")? })
            })?;
            Ok(Event {
                at,
                signers: signers.into(),
                body: decode_payload(payload)?.body,
                postings: postings.into(),
                payload: payload.into(),
            })
        })?;
        Ok(Self { events })
    }
}
