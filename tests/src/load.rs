//! Clients that pay as fast as the node answers, until it is gone.

use crate::client::Client;
use crate::receipts::Receipts;
use crate::town::payment;
use klaver_ledger::entry::SignedEntry;
use klaver_ledger::id::LedgerId;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long the first payment may take, on a busy machine.
const FIRST_WITHIN: Duration = Duration::from_secs(60);

/// Who pays whom, and where receipts are kept.
pub struct Load<'a> {
    /// The node.
    pub client: &'a Client,
    /// Its ledger.
    pub ledger: LedgerId,
    /// The payers: each is a client with a thread and a connection of its own.
    pub payers: &'a [String],
    /// Whom they pay.
    pub merchant: &'a str,
    /// Where they keep their receipts.
    pub kept: &'a Receipts,
}

/// What a load came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Payments that were acknowledged.
    pub acknowledged: usize,
    /// Payments that were sent and not answered: nobody knows what became of them.
    pub unknown: Vec<SignedEntry>,
    /// Payments that the node turned away because it was stopping.
    pub turned_away: Vec<SignedEntry>,
}

impl Outcome {
    /// Returns every payment that is to be sent again.
    pub fn unsettled(&self) -> Vec<SignedEntry> {
        self.unknown.iter().chain(&self.turned_away).cloned().collect()
    }
}

impl Load<'_> {
    /// Lets everybody pay; `end`, which must end the node, runs beside them, `delay` after the first receipt.
    ///
    /// # Panics
    /// When a payment is refused, when none is acknowledged, or when `end` panics.
    pub fn until(&self, delay: Duration, end: impl FnOnce()) -> Outcome {
        let outcome = Mutex::new(Outcome::default());
        let acknowledged = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for payer in self.payers {
                // A client of its own, so that no two of them share a connection.
                let client = self.client.apart();
                let (outcome, acknowledged) = (&outcome, &acknowledged);
                scope.spawn(move || self.pay_until_it_ends(&client, payer, outcome, acknowledged));
            }
            let until = Instant::now() + FIRST_WITHIN;
            while acknowledged.load(Ordering::Relaxed) == 0 && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(delay);
            // Whatever happens, the clients only end when the node does.
            end();
        });
        let mut outcome = outcome.into_inner().expect("no client panicked");
        outcome.acknowledged = acknowledged.into_inner();
        assert!(0 < outcome.acknowledged, "nothing was acknowledged: {outcome:?}");
        outcome
    }

    fn pay_until_it_ends(
        &self,
        client: &Client,
        payer: &str,
        outcome: &Mutex<Outcome>,
        acknowledged: &AtomicUsize,
    ) {
        loop {
            let signed = payment(&self.ledger, payer, self.merchant, 1);
            let envelope = signed.encode();
            match client.try_submit(&envelope) {
                Ok(answer) if answer.status == 201 => {
                    self.kept.keep(&envelope, answer.receipt_json());
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                Ok(answer) if answer.status == 503 => {
                    outcome.lock().expect("no client panicked").turned_away.push(signed);
                    return;
                }
                Ok(answer) => panic!("a payment was refused: {answer:?}"),
                Err(_) => {
                    outcome.lock().expect("no client panicked").unknown.push(signed);
                    return;
                }
            }
        }
    }
}
