//! What questions are asked of: every entry, who signed it, what it posted, and the accounts that were there before.
//!
//! Nearly all entries are payments, of which questions ask no more than who signed and what was posted: nothing else of
//! them is held, so that ten years of a town fit the memory of the computer at home on which they are audited.

use crate::account::{AccountKind, AccountState};
use crate::books::{Effects, Reference, Standing};
use crate::entry::cbor::{CborError, Reader, Writer};
use crate::entry::codec::{decode_payload, encode_payload, read_state, write_state};
use crate::entry::{Body, Entry, VerifiedEntry};
use crate::id::AccountId;
use crate::keys::PublicKey;
use crate::limits::{LINES_MAX, SIGNATURES_MAX};
use crate::time::Timestamp;
use smallvec::SmallVec;
use std::sync::Arc;

/// Everything that was recorded, in order: about 200 bytes for a payment, about 900 for any other entry.
#[derive(Clone, Debug, Default)]
pub struct History {
    brought: Vec<Brought>,
    events: Vec<Event>,
}

/// An account that came over from a predecessor.
#[derive(Clone, Debug)]
pub struct Brought {
    /// Its state there.
    pub state: Arc<AccountState>,
    /// All that left it there, in minor units.
    pub debits: u64,
    /// All that it received there, in minor units.
    pub credits: u64,
}

/// One recorded entry.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it was recorded.
    pub at: Timestamp,
    /// When what it says comes into force, where that waits.
    pub effective_at: Option<Timestamp>,
    /// Who signed it.
    pub signers: SmallVec<[PublicKey; 1]>,
    /// What it posted.
    pub postings: SmallVec<[Posting; 2]>,
    /// `None` of a payment.
    entry: Option<Arc<Entry>>,
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
    /// The line of an earlier entry that this undoes.
    pub undoes: Option<u16>,
}

impl Event {
    /// Returns what it does; `None` of a payment, of which the postings say it.
    pub fn body(&self) -> Option<&Body> {
        self.entry.as_ref().map(|entry| &entry.body)
    }
}

impl History {
    /// Takes the accounts that came over, behind the founding entry of a ledger that continues another.
    pub(crate) fn begin_with(&mut self, standing: &Standing) {
        let came = standing.accounts().filter(|account| account.closed_to().is_none());
        let came = came.filter(|account| account.kind() != AccountKind::Settlement);
        let now = standing.last_recorded_at();
        self.brought = came
            .map(|account| {
                let (debits, credits) = (account.debits(), account.credits());
                Brought { state: account.standing(now).state, debits, credits }
            })
            .collect();
    }

    /// Adds the next entry.
    pub fn push(&mut self, at: Timestamp, entry: &VerifiedEntry, effects: &Effects) {
        let moves = effects.lines().iter().filter(|line| line.debit + line.credit > 0);
        let postings = moves.map(|line| {
            let undoes = match line.reference {
                Some(Reference::Line { line, .. }) => u16::try_from(line).ok(),
                _ => None,
            };
            Posting { account: line.account, debit: line.debit, credit: line.credit, undoes }
        });
        let is_payment = matches!(entry.entry().body, Body::Pay(_));
        self.events.push(Event {
            at,
            effective_at: effects.effective_at(),
            signers: entry.signers().iter().copied().collect(),
            postings: postings.collect(),
            entry: (!is_payment).then(|| entry.signed().shared_entry()),
        });
    }

    /// Returns the entries; the place of each is its index.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Returns the accounts that came over from a predecessor.
    pub fn brought(&self) -> &[Brought] {
        &self.brought
    }

    /// Writes everything, for an audit that goes on another day.
    pub(crate) fn write(&self, w: &mut Writer) {
        w.list(&self.brought, |w, brought| {
            w.array(3);
            write_state(w, &brought.state);
            w.uint(brought.debits).uint(brought.credits);
        });
        w.list(&self.events, |w, event| {
            w.array(5).uint(event.at.millis());
            w.optional(event.entry.as_ref(), |w, entry| {
                w.bytes(&encode_payload(entry));
            });
            w.optional(event.effective_at, |w, moment| {
                w.uint(moment.millis());
            });
            w.list(&event.signers, |w, key| {
                w.bytes(key.as_bytes());
            });
            w.list(&event.postings, |w, posting| {
                w.array(4).bytes(&posting.account.0).uint(posting.debit).uint(posting.credit);
                w.optional(posting.undoes, |w, line| {
                    w.uint(line.into());
                });
            });
        });
    }

    /// Reads what [`write`](Self::write) wrote.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        const MANY: std::ops::RangeInclusive<usize> = 0..=u32::MAX as usize;
        let brought = r.list("brought", MANY, |r| {
            r.array("brought", 3)?;
            let state = Arc::new(read_state(r)?);
            Ok(Brought { state, debits: r.uint("debits")?, credits: r.uint("credits")? })
        })?;
        Ok(Self { brought, events: r.list("history", MANY, read_event)? })
    }
}

fn read_event(r: &mut Reader<'_>) -> Result<Event, CborError> {
    r.array("history", 5)?;
    let at = read_time(r, "recorded_at")?;
    let entry = r.optional(|r| Ok(Arc::new(decode_payload(r.bytes("payload")?)?)))?;
    let effective_at = r.optional(|r| read_time(r, "effective_at"))?;
    let signers = r.list("signers", 0..=SIGNATURES_MAX, |r| {
        // They were verified before they were kept, and the file is checksummed.
        r.fixed("key").map(PublicKey::checked_before)
    })?;
    let postings = r.list("postings", 0..=LINES_MAX, |r| {
        r.array("postings", 4)?;
        let account = AccountId(r.fixed("account")?);
        let (debit, credit) = (r.uint("debit")?, r.uint("credit")?);
        let undoes = r.optional(|r| {
            let line = r.uint("undoes")?;
            u16::try_from(line).map_err(|error| CborError::out_of_range("undoes", line, error))
        })?;
        Ok(Posting { account, debit, credit, undoes })
    })?;
    Ok(Event { at, effective_at, signers: signers.into(), postings: postings.into(), entry })
}

fn read_time(r: &mut Reader<'_>, field: &'static str) -> Result<Timestamp, CborError> {
    let millis = r.uint(field)?;
    Timestamp::from_millis(millis).ok_or_else(|| CborError::out_of_range(field, millis, "at most 2^53 - 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_take_what_the_history_says() {
        let payment = size_of::<Event>();
        assert!((150..=210).contains(&payment), "{payment} bytes: say so above");
        // Beside the entry stand two counters of whoever shares it.
        let other = payment + size_of::<Entry>() + 2 * size_of::<usize>();
        assert!((800..=950).contains(&other), "{other} bytes: say so above");
    }
}
