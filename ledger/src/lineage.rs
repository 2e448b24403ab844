//! Who governs a ledger, proven from its founding entry on: without its books, and without believing whoever runs it.
//!
//! The ledger id is the hash of the founding entry, which names the council; each later charter was signed by the council
//! before it. So whoever knows the id alone can tell which log keys, which address and which council are right. That no
//! auditor has vetoed a charter is for auditors to say: they see every record.

mod succession;

pub use succession::{SuccessionError, named_head};

use crate::charter::{Charter, Predecessor};
use crate::entry::{Attest, Body, Govern, Statement, VerifiedEntry};
use crate::id::LedgerId;
use crate::keys::PublicKey;
use crate::limits::RESCUE_DELAY_SECONDS;
use crate::log::key::KeyError;
use crate::receipt::{LogIdentity, Opening, Proven, ProvenContent, Receipt, ReceiptError};
use crate::record::Record;
use crate::time::{Seconds, Timestamp};

/// The charters of a ledger, from the founding entry to the one in force.
#[derive(Clone, Debug)]
pub struct Lineage {
    ledger: LedgerId,
    predecessor: Option<Predecessor>,
    founders: Vec<PublicKey>,
    charter: Charter,
    /// Indexes of the entries that made the charters, ascending; the first is 0.
    bases: Vec<u64>,
    log: LogIdentity,
}

/// Why a list of receipts is no lineage of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineageError {
    /// There is no founding entry.
    #[error("the list does not begin with the founding entry")]
    NotFounded,
    /// The founding entry is another ledger's.
    #[error("the founding entry makes ledger {found}, expected was {expected}")]
    OtherLedger {
        /// The ledger that it makes.
        found: LedgerId,
        /// The one that was meant.
        expected: LedgerId,
    },
    /// A receipt does not hold.
    #[error("record {index}: {error}")]
    Receipt {
        /// The record.
        index: u64,
        /// Which step failed.
        error: ReceiptError,
    },
    /// A receipt opens something else than the record of a charter.
    #[error("record {index} makes no charter")]
    NoCharter {
        /// The record.
        index: u64,
    },
    /// A charter does not follow from the one before it.
    #[error("the charter of record {index} takes the place of {base}, the one before it is {before}")]
    Gap {
        /// The record.
        index: u64,
        /// What it says it replaces.
        base: u64,
        /// What came before it.
        before: u64,
    },
    /// Too few of those who could decide have signed.
    #[error("the charter of record {index} is signed by too few of the council: {have} of {need}")]
    TooFew {
        /// The record.
        index: u64,
        /// How many signed.
        have: u64,
        /// How many it takes.
        need: u64,
    },
    /// A charter counts from later on.
    #[error("the charter of record {index} counts from {from} on, not before")]
    TooEarly {
        /// The record.
        index: u64,
        /// From when it counts.
        from: Timestamp,
    },
    /// The origin of the log cannot name a key.
    #[error("the origin of the log cannot be used: {0}")]
    Origin(#[from] KeyError),
}

impl Lineage {
    /// Follows the receipts of the founding entry and of every charter since, whole records in their order; at `now` the
    /// last one must be in force.
    ///
    /// # Errors
    /// [`LineageError`], naming the first record that does not follow.
    pub fn follow(ledger: &LedgerId, receipts: &[Receipt], now: Timestamp) -> Result<Self, LineageError> {
        let (first, rest) = receipts.split_first().ok_or(LineageError::NotFounded)?;
        let record = record_of(first)?;
        let Body::Found(found) = record.signed.entry().body.clone() else {
            return Err(LineageError::NotFounded);
        };
        let made = LedgerId::of_founding_payload(record.signed.payload());
        if made != *ledger {
            return Err(LineageError::OtherLedger { found: made, expected: *ledger });
        }
        let entry = verified(record, ledger)?;
        let council = &found.charter.council;
        enough(0, &entry, council, council.len() as u64)?;
        let founders = entry.signers().to_vec();
        let (mut charter, mut bases, mut counts_from) = (found.charter, vec![0], Timestamp::default());
        for receipt in rest {
            let (index, record) = (receipt.index, record_of(receipt)?);
            let before = *bases.last().expect("it begins with the founding entry");
            let recorded_at = record.recorded_at;
            if recorded_at < counts_from {
                return Err(LineageError::TooEarly { index: before, from: counts_from });
            }
            let entry = verified(record, ledger)?;
            let Body::Govern(Govern { base, charter: next }) = &entry.entry().body else {
                return Err(LineageError::NoCharter { index });
            };
            if *base != before || index <= before {
                return Err(LineageError::Gap { index, base: *base, before });
            }
            counts_from = recorded_at.after(delay(index, &entry, &charter, next)?);
            charter = next.clone();
            bases.push(index);
        }
        if now < counts_from {
            let index = *bases.last().expect("it begins with the founding entry");
            return Err(LineageError::TooEarly { index, from: counts_from });
        }
        let log = LogIdentity::new(*ledger, &charter.origin, &charter.log_keys)?;
        for receipt in receipts {
            let failed = |error| LineageError::Receipt { index: receipt.index, error };
            receipt.verify(&log).map_err(failed)?;
        }
        Ok(Self { ledger: *ledger, predecessor: found.predecessor, founders, charter, bases, log })
    }

    /// Returns the ledger.
    pub fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// Returns the charter in force.
    pub fn charter(&self) -> &Charter {
        &self.charter
    }

    /// Returns the index of the entry that made it.
    pub fn base(&self) -> u64 {
        self.bases.last().copied().unwrap_or_default()
    }

    /// Returns whether the charter made at `base` is one of these.
    pub fn passes(&self, base: u64) -> bool {
        self.bases.binary_search(&base).is_ok()
    }

    /// Returns what the log's checkpoints are verified with now.
    pub fn log(&self) -> &LogIdentity {
        &self.log
    }

    /// Returns the predecessor that the founding entry names, whether or not its council agrees.
    pub fn predecessor(&self) -> Option<&Predecessor> {
        self.predecessor.as_ref()
    }

    /// Returns the predecessor that the founding entry names, if as many of `council` signed that entry as it takes to
    /// decide.
    pub fn continues(&self, old: &Charter) -> Option<&Predecessor> {
        let signed = count(&self.founders, &old.council);
        self.predecessor.as_ref().filter(|_| old.council_threshold <= signed)
    }

    /// Reads the receipt of the record that ends this ledger, signed by enough of its council.
    ///
    /// # Errors
    /// As [`follow`](Self::follow).
    pub fn ending(&self, receipt: &Receipt) -> Result<Attest, LineageError> {
        let index = receipt.index;
        let Proven { content, .. } =
            receipt.verify(&self.log).map_err(|error| LineageError::Receipt { index, error })?;
        let ProvenContent::Entry(entry) = content else { return Err(LineageError::NoCharter { index }) };
        enough(index, &entry, &self.charter.council, self.charter.council_threshold)?;
        match &entry.entry().body {
            Body::Attest(attest) if attest.statement == Statement::Succession => Ok(attest.clone()),
            _ => Err(LineageError::NoCharter { index }),
        }
    }
}

/// Returns the whole record that a receipt opens.
fn record_of(receipt: &Receipt) -> Result<Record, LineageError> {
    let index = receipt.index;
    match &receipt.opening {
        Opening::Signer { record, .. } => Record::decode(record)
            .map_err(|error| LineageError::Receipt { index, error: ReceiptError::Opening(error) }),
        Opening::Line { .. } | Opening::Auditor { .. } => Err(LineageError::NoCharter { index }),
    }
}

fn verified(record: Record, ledger: &LedgerId) -> Result<VerifiedEntry, LineageError> {
    let index = record.index;
    let failed = |error| LineageError::Receipt { index, error: ReceiptError::Entry(error) };
    record.signed.verify_any_key(ledger).map_err(failed)
}

/// Returns how long a new charter waits, when those who may decide have signed it.
fn delay(
    index: u64,
    entry: &VerifiedEntry,
    before: &Charter,
    next: &Charter,
) -> Result<Seconds, LineageError> {
    let council = enough(index, entry, &before.council, before.council_threshold);
    let by_rescue = 0 < before.rescue_threshold
        && before.rescue_threshold <= count(entry.signers(), &before.rescue)
        && *next
            == Charter {
                council: next.council.clone(),
                council_threshold: next.council_threshold,
                ..before.clone()
            };
    match council {
        Ok(()) => Ok(before.policy.recovery_delay),
        Err(_) if by_rescue => Ok(Seconds(RESCUE_DELAY_SECONDS)),
        Err(error) => Err(error),
    }
}

fn enough(index: u64, entry: &VerifiedEntry, council: &[PublicKey], need: u64) -> Result<(), LineageError> {
    let have = count(entry.signers(), council);
    if need <= have { Ok(()) } else { Err(LineageError::TooFew { index, have, need }) }
}

fn count(signers: &[PublicKey], keys: &[PublicKey]) -> u64 {
    keys.iter().filter(|key| signers.contains(key)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charter::UnitWords;
    use crate::engine::{Holder, Ledger, NodeKeys, Outcome};
    use crate::entry::{Found, Open};
    use crate::record::SaltSource;
    use crate::store::memory::MemoryStore;
    use crate::testing::*;

    const DELAY: Seconds = Seconds(2 * 86_400);

    struct SameSalt;

    impl SaltSource for SameSalt {
        fn salt(&mut self) -> [u8; 32] {
            [7; 32]
        }
    }

    fn founding() -> Found {
        let unit = UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() };
        let scale = crate::amount::Scale::new(2).unwrap();
        Found { name: "Testdorp".to_owned(), unit, scale, charter: charter(), predecessor: None }
    }

    /// A town whose council gave the log another key and address, two days ago.
    fn governed(signers: &[&str]) -> (World, Ledger<MemoryStore>) {
        let mut world = World::unfounded();
        let found = world.signed(Body::Found(founding()), COUNCIL);
        let keys = NodeKeys { log: key("log") };
        let (ledger, _) =
            Ledger::found(MemoryStore::new(), keys, found.clone(), world.now, SameSalt).unwrap();
        world.post(&found).unwrap();
        let mut next = charter();
        next.origin = "elsewhere.example/log".to_owned();
        let govern = world.signed(Body::Govern(Govern { base: 0, charter: next }), signers);
        let (ledger, mut outcomes) = ledger.commit(vec![govern.clone()], world.now).unwrap();
        assert!(matches!(outcomes.pop(), Some(Outcome::Recorded(_))));
        world.post(&govern).unwrap();
        world.wait(DELAY.0);
        // Something has to be recorded for the log to sign under its new name.
        let open = world.signed(
            Body::Open(Open { states: vec![state("piet", crate::account::AccountKind::Member)] }),
            COUNCIL,
        );
        let (ledger, _) = ledger.commit(vec![open], world.now).unwrap();
        (world, ledger)
    }

    fn receipts(ledger: &Ledger<MemoryStore>, indexes: &[u64]) -> Vec<Receipt> {
        indexes.iter().map(|index| ledger.reader().receipt(*index, Holder::Signer).unwrap()).collect()
    }

    #[test]
    fn whoever_knows_the_id_alone_learns_which_address_and_council_are_right() {
        let (world, ledger) = governed(COUNCIL);
        let lineage = Lineage::follow(&world.ledger(), &receipts(&ledger, &[0, 1]), world.now).unwrap();
        assert_eq!((lineage.base(), lineage.charter().origin.as_str()), (1, "elsewhere.example/log"));
        assert!(lineage.passes(0) && lineage.passes(1) && !lineage.passes(2));
        assert!(lineage.log().open(ledger.reader().checkpoint().note()).is_ok());
        assert!(lineage.continues(lineage.charter()).is_none(), "it continues no other ledger");
    }

    #[test]
    fn what_does_not_follow_is_refused() {
        let (world, ledger) = governed(COUNCIL);
        let good = receipts(&ledger, &[0, 1]);
        let refused =
            |receipts: &[Receipt], now| Lineage::follow(&world.ledger(), receipts, now).unwrap_err();
        assert_eq!(refused(&[], world.now), LineageError::NotFounded);
        assert_eq!(refused(&good[1..], world.now), LineageError::NotFounded);
        // The old charter alone does not know the key that signs now.
        assert!(matches!(refused(&good[..1], world.now), LineageError::Receipt { index: 0, .. }));
        let early = Timestamp::from_millis(world.now.millis() - 1).unwrap();
        assert!(matches!(refused(&good, early), LineageError::TooEarly { index: 1, .. }));
        let strange = [good[0].clone(), receipts(&ledger, &[2]).remove(0)];
        assert_eq!(refused(&strange, world.now), LineageError::NoCharter { index: 2 });
        let twice = [good[0].clone(), good[1].clone(), good[1].clone()];
        assert!(matches!(
            refused(&twice, world.now),
            LineageError::TooEarly { .. } | LineageError::Gap { .. }
        ));
        let other = Lineage::follow(&LedgerId([1; 32]), &good, world.now).unwrap_err();
        assert!(matches!(other, LineageError::OtherLedger { .. }));
        // Another leaf than the log has at that place.
        let mut moved = good.clone();
        moved[1].proof[0].0[0] ^= 1;
        assert!(matches!(refused(&moved, world.now), LineageError::Receipt { index: 1, .. }));
    }

    #[test]
    fn a_charter_that_the_council_did_not_sign_is_refused() {
        let (world, ledger) = governed(COUNCIL);
        let mut forged = receipts(&ledger, &[0, 1]);
        let Opening::Signer { record, .. } = &mut forged[1].opening else { panic!("a whole record") };
        let mut decoded = Record::decode(record).unwrap();
        let entry = decoded.signed.entry().clone();
        decoded.signed = crate::entry::SignedEntry::sign(entry, &world.ledger(), &[&key(COUNCIL[0])]);
        *record = decoded.encode();
        let refused = Lineage::follow(&world.ledger(), &forged, world.now).unwrap_err();
        assert_eq!(refused, LineageError::TooFew { index: 1, have: 1, need: 2 });
    }
}
