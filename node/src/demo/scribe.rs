//! Signs what people do, has it recorded, and keeps its own simple tally beside the books.
//!
//! What happens is decided by the tally alone, never by the ledger: the same script can be played again over a history
//! that was interrupted, and goes on where it stopped. What was recorded before answers with its old receipt.

use super::Interrupted;
use super::cast::Cast;
use super::dice::Dice;
use klaver_ledger::amount::Amount;
use klaver_ledger::engine::Ledger;
use klaver_ledger::entry::memo::Memo;
use klaver_ledger::entry::{Body, Entry, SignedEntry};
use klaver_ledger::id::{AccountId, EntryId, LedgerId, Nonce};
use klaver_ledger::keys::SigningKey;
use klaver_ledger::store::Store;
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use std::collections::HashMap;

/// How long an entry is signed for.
const VALIDITY: Seconds = Seconds(300);

/// Where what stands beside the ledger goes: names, memos, and what shops have ready for others.
pub trait Desk {
    /// Sets the name of an account, and whether anybody may see it.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn set_name(&mut self, account: AccountId, name: &str, listed: bool) -> Result<(), String>;

    /// Lets a shop have coffees of `price` minor units ready, from a pot.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn offer_coffee(&mut self, shop: AccountId, pot: AccountId, price: u64) -> Result<(), String>;

    /// Names a person of trust, who was told something that is solved.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn solve(&mut self, solved: &Solved<'_>) -> Result<(), String>;

    /// Keeps who pays for the budgets, what somebody added, and the hour with pioneers.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn begin(&mut self, beginning: &Beginning) -> Result<(), String>;

    /// Keeps the memo of a record.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn add_memo(&mut self, index: u64, memo: &Memo) -> Result<(), String>;
}

/// Something that was wrong with a payment, told to a person of trust, and given back.
pub struct Solved<'n> {
    /// Who listens: account and name.
    pub listener: (AccountId, &'n str),
    /// Who told it: account and key.
    pub teller: (AccountId, [u8; 32]),
    /// Index of the payment.
    pub payment: u64,
    /// Index of the refund.
    pub refund: u64,
    /// When it was given back.
    pub at: Timestamp,
}

/// What a small group began with.
pub struct Beginning {
    /// The budgets, each with who pays for it.
    pub budgets: Vec<(AccountId, String)>,
    /// The budget that somebody added to, and whose first credits the pioneers received.
    pub budget: AccountId,
    /// The change that raised its cap, and by how much, in minor units.
    pub raised: (EntryId, u64),
    /// When that was.
    pub at: Timestamp,
}

/// Leaves all of it unwritten.
pub struct NoDesk;

impl Desk for NoDesk {
    fn set_name(&mut self, _: AccountId, _: &str, _: bool) -> Result<(), String> {
        Ok(())
    }

    fn offer_coffee(&mut self, _: AccountId, _: AccountId, _: u64) -> Result<(), String> {
        Ok(())
    }

    fn solve(&mut self, _: &Solved<'_>) -> Result<(), String> {
        Ok(())
    }

    fn begin(&mut self, _: &Beginning) -> Result<(), String> {
        Ok(())
    }

    fn add_memo(&mut self, _: u64, _: &Memo) -> Result<(), String> {
        Ok(())
    }
}

/// The one who writes the history down.
pub struct Scribe<'d, S: Store> {
    /// What the next entry is recorded at.
    pub now: Timestamp,
    ledger: Option<Ledger<S>>,
    ledger_id: LedgerId,
    desk: &'d mut dyn Desk,
    nonces: Dice,
    salts: Dice,
    /// The index that the next entry gets.
    next: u64,
    last: EntryId,
    purses: HashMap<AccountId, i64>,
}

impl<'d, S: Store> Scribe<'d, S> {
    /// Starts behind the founding entry of `ledger`.
    pub fn new(ledger: Ledger<S>, ledger_id: LedgerId, cast: &Cast, desk: &'d mut dyn Desk) -> Self {
        Self {
            now: Timestamp::default(),
            ledger: Some(ledger),
            ledger_id,
            desk,
            nonces: Dice::new(cast.seed, "nonces"),
            salts: Dice::new(cast.seed, "memos"),
            next: 1,
            last: EntryId([0; 32]),
            purses: HashMap::new(),
        }
    }

    /// Has `body` recorded, signed by `keys`, and returns its index.
    ///
    /// # Errors
    /// When the ledger was changed by somebody else, or cannot be written.
    pub fn record(&mut self, body: Body, keys: &[&SigningKey]) -> Result<u64, Interrupted> {
        self.record_entry(body, None, keys)
    }

    /// As [`record`](Self::record), with a sentence for the two parties.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn record_with_memo(
        &mut self,
        body: Body,
        memo: &str,
        keys: &[&SigningKey],
    ) -> Result<u64, Interrupted> {
        let memo = Memo::new(self.salts.sixteen(), memo).expect("the demonstration's memos are short");
        let index = self.record_entry(body, Some(&memo), keys)?;
        self.desk.add_memo(index, &memo).map_err(Interrupted::Desk)?;
        Ok(index)
    }

    /// Sets the name of an account.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn set_name(&mut self, account: AccountId, name: &str, listed: bool) -> Result<(), Interrupted> {
        self.desk.set_name(account, name, listed).map_err(Interrupted::Desk)
    }

    /// Lets a shop have coffees of `price` minor units ready, from a pot.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn offer_coffee(&mut self, shop: AccountId, pot: AccountId, price: u64) -> Result<(), Interrupted> {
        self.desk.offer_coffee(shop, pot, price).map_err(Interrupted::Desk)
    }

    /// Names a person of trust, who was told something that is solved.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn solve(&mut self, solved: &Solved<'_>) -> Result<(), Interrupted> {
        self.desk.solve(solved).map_err(Interrupted::Desk)
    }

    /// Keeps what a small group began with.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn begin(&mut self, beginning: &Beginning) -> Result<(), Interrupted> {
        self.desk.begin(beginning).map_err(Interrupted::Desk)
    }

    /// Returns the id of what was recorded last.
    pub fn last_entry(&self) -> EntryId {
        self.last
    }

    fn record_entry(
        &mut self,
        body: Body,
        memo: Option<&Memo>,
        keys: &[&SigningKey],
    ) -> Result<u64, Interrupted> {
        let entry = Entry {
            nonce: Nonce(self.nonces.sixteen()),
            expires_at: Deadline::after(self.now, VALIDITY),
            memo: memo.map(Memo::commitment),
            body,
        };
        // The whole way that an entry takes: signed, as bytes, read again, verified, judged, recorded.
        let bytes = SignedEntry::sign(entry, &self.ledger_id, keys).encode();
        let verified = SignedEntry::decode(&bytes)
            .map_err(|error| error.to_string())
            .and_then(|signed| signed.verify_any_key(&self.ledger_id).map_err(|error| error.to_string()))
            .expect("what was signed here is well formed and verifies");
        let ledger = self.ledger.take().expect("the ledger is away only while it commits");
        self.last = verified.id();
        let (ledger, mut outcomes) = ledger.commit(vec![verified], self.now)?;
        self.ledger = Some(ledger);
        let diverged = |why: String| Interrupted::Diverged { index: self.next, why };
        let outcome = outcomes.pop().expect("each entry has its answer");
        let index = outcome.receipt().map_err(|why| diverged(why.to_string()))?.index;
        if index != self.next {
            return Err(diverged(format!("it stands at {index} already")));
        }
        self.next += 1;
        // From here on it may be relied upon, whatever happens to this program.
        tracing::debug!(index, "acknowledged");
        Ok(index)
    }

    /// Returns what an account has by the tally, in minor units.
    pub fn has(&self, account: &AccountId) -> i64 {
        self.purses.get(account).copied().unwrap_or(0)
    }

    /// Moves an amount in the tally.
    pub fn tally(&mut self, from: AccountId, to: AccountId, amount: Amount) {
        let amount = i64::try_from(amount.minor()).expect("amounts are below 2^53");
        *self.purses.entry(from).or_default() -= amount;
        *self.purses.entry(to).or_default() += amount;
    }

    /// Returns the ledger's id.
    pub fn ledger_id(&self) -> &LedgerId {
        &self.ledger_id
    }

    /// Returns the ledger.
    pub fn ledger(&self) -> &Ledger<S> {
        self.ledger.as_ref().expect("the ledger is away only while it commits")
    }

    /// Returns the index that the next entry gets.
    pub fn next_index(&self) -> u64 {
        self.next
    }

    /// Gives the ledger back, with what each account has by the tally.
    pub fn finish(self) -> (Ledger<S>, HashMap<AccountId, i64>) {
        (self.ledger.expect("the ledger is away only while it commits"), self.purses)
    }
}
