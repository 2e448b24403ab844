//! Succession: the books of a new ledger begin with what the attested snapshot of an ended one says.
//!
//! Accounts come over with state, status and balance; indexes of the old ledger mean nothing in the new one, so what
//! hangs on them does not come over. `docs/spec/protocol.md` says what does, field by field.

use super::reason::SuccessionFault;
use super::*;
use crate::amount::{Scale, signed};
use crate::charter::Predecessor;
use crate::entry::cbor::CborError;
use crate::entry::{Body, Entry, Statement};
use crate::id::{Digest, LedgerId};
use crate::limits::INTEGER_MAX;

/// What a founding entry is compared with that names a predecessor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inherited {
    ledger: LedgerId,
    size: u64,
    closing: Digest,
    scale: Scale,
    settlement: AccountId,
    origin: String,
    log_keys: Vec<PublicKey>,
    pub council: Vec<PublicKey>,
    pub council_threshold: u64,
}

impl Books {
    /// Returns books before founding that hold what came over from the predecessor with this snapshot.
    ///
    /// # Errors
    /// As [`decode_snapshot`](Self::decode_snapshot); also when a merchant cannot take an unsettled redeem back.
    pub fn succeeding(snapshot: &[u8]) -> Result<Self, CborError> {
        let Self { standing: old, windows } = Self::decode_snapshot(snapshot)?;
        let now = old.last_recorded_at;
        let community = old.community().expect("a snapshot names its community").clone();
        let (charter, _) = old.charter_in_force(now).expect("a snapshot names its charter");
        let mut books = Self::new();
        books.standing.inherited = Some(Arc::new(Inherited {
            ledger: community.ledger,
            size: old.size,
            closing: shares::Shares::of(&old, snapshot).digest(),
            scale: community.scale,
            settlement: community.settlement,
            origin: charter.origin.clone(),
            log_keys: charter.log_keys.clone(),
            council: charter.council.clone(),
            council_threshold: charter.council_threshold,
        }));
        books.standing.last_recorded_at = now;
        books.standing.circulation = old.circulation;
        for account in &old.accounts {
            books.standing.insert(carried_over(account, now));
        }
        for claim in old.claims.values() {
            books.standing.take_back(claim, &community.settlement)?;
        }
        books.windows.carry_over(windows, now);
        Ok(books)
    }

    /// Returns what binds the snapshot of these books and the share of each account in it: what the record that ends the
    /// ledger names.
    pub fn closing_digest(&self) -> Digest {
        shares::Shares::of(&self.standing, &self.encode_snapshot()).digest()
    }
}

/// Checks of an entry that ends the ledger that it names the log where it stands: `head` gives its size and root.
///
/// The books do not know the log, so whoever records or replays asks this besides [`apply`](super::rules::apply).
///
/// # Errors
/// When the entry names another root. A group that has begun is not in the log yet: such an entry is the first of one.
pub fn check_end(entry: &Entry, head: impl FnOnce() -> (u64, [u8; 32])) -> Result<(), Rejection> {
    match &entry.body {
        Body::Attest(attest) if attest.statement == Statement::Succession => {
            let is_head = (attest.size, attest.root.0) == head();
            if is_head { Ok(()) } else { Err(SuccessionFault::OtherRoot.into()) }
        }
        _ => Ok(()),
    }
}

/// Returns an account as it begins in the new ledger: what waits or was vetoed there has to be asked for again.
fn carried_over(account: &Account, now: Timestamp) -> Account {
    let in_force = account.standing(now);
    let mut new = Account::opened((*in_force.state).clone(), 0);
    new.in_force.status = in_force.status;
    new.closed_to = account.closed_to;
    (new.debits, new.credits) = (account.debits, account.credits);
    new.last_own_entry = account.last_own_entry;
    new
}

impl Inherited {
    /// Checks that a founding entry names these books.
    pub fn check(&self, named: &Predecessor, scale: Scale, charter: &Charter) -> Result<(), Rejection> {
        if named.snapshot != self.closing {
            return Err(SuccessionFault::OtherSnapshot.into());
        }
        if (named.ledger, named.size) != (self.ledger, self.size) {
            return Err(SuccessionFault::OtherLedger.into());
        }
        if scale != self.scale {
            return Err(SuccessionFault::OtherScale.into());
        }
        // Two logs under one name look like two histories of one log.
        if charter.origin == self.origin {
            return Err(SuccessionFault::SameOrigin.into());
        }
        if charter.log_keys.iter().any(|key| self.log_keys.contains(key)) {
            return Err(SuccessionFault::SameLogKey.into());
        }
        Ok(())
    }
}

impl Standing {
    /// Returns an unsettled redeem to its merchant, or to whoever inherited: nobody can settle it in the new ledger.
    fn take_back(&mut self, claim: &Claim, settlement: &AccountId) -> Result<(), CborError> {
        let missing = |id: &AccountId| CborError::out_of_range("claims", id, "an account of this snapshot");
        let merchant = self.successor(&claim.merchant).map_err(|_| missing(&claim.merchant))?.id();
        for (id, debit, credit) in [(*settlement, claim.left, 0), (merchant, 0, claim.left)] {
            let number = *self.by_id.get(&id).ok_or_else(|| missing(&id))?;
            let account = &mut self.accounts[number as usize];
            let sums = [account.debits.saturating_add(debit), account.credits.saturating_add(credit)];
            if let Some(sum) = sums.iter().find(|sum| INTEGER_MAX < **sum) {
                return Err(CborError::out_of_range("claims", sum, "at most 2^53 - 1 with what comes back"));
            }
            [account.debits, account.credits] = sums;
        }
        self.circulation.redeemed -= signed(claim.left);
        Ok(())
    }

    /// Gives what the old settlement account held to the new one, when there is an old one.
    pub(super) fn settlement_comes_over(&mut self, settlement: &AccountId) {
        let Some(inherited) = self.inherited.take() else { return };
        let number = self.by_id.remove(&inherited.settlement).expect("a snapshot has its settlement account");
        let old = &mut self.accounts[number as usize];
        old.in_force.state = Arc::new(AccountState { account: *settlement, ..(*old.in_force.state).clone() });
        self.by_id.insert(*settlement, number);
    }
}
