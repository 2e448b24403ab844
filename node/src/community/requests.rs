//! Payment requests: what a till shows, and what has become of it.

use super::keep::{KeepError, Written, on_disk};
use super::{Community, Table};
use klaver_ledger::entry::{Body, Entry, PayLine};
use klaver_ledger::id::{AccountId, RequestId};
use serde::{Deserialize, Serialize};

/// Most open requests of one account.
pub const OPEN_PER_ACCOUNT_MAX: usize = 200;

/// A payment request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRow {
    /// The account to pay.
    pub account: [u8; 16],
    /// How much, in minor units.
    pub amount: u64,
    /// Until when, in seconds since 1970 UTC.
    pub until: u64,
    /// Index of the record that paid it, and when, in milliseconds since 1970 UTC.
    pub paid: Option<(u64, u64)>,
}

/// How a payment differs from the request it names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payment's {field} is {found}, the request asks for {expected}")]
pub struct Mismatch {
    /// The field of the payment.
    pub field: &'static str,
    /// What the payment says.
    pub found: String,
    /// What the request says.
    pub expected: String,
}

impl RequestRow {
    fn check(&self, line: &PayLine) -> Result<(), Mismatch> {
        let differs = |field, found: String, expected: String| Err(Mismatch { field, found, expected });
        let Some(request) = line.request else { return Ok(()) };
        if line.to.0 != self.account {
            // Neither account is repeated: the page of a stranger's request must not tell whose it is.
            return differs("to", "another account".to_owned(), "the account that made it".to_owned());
        }
        if line.amount.minor() != self.amount {
            return differs("amount", line.amount.to_string(), self.amount.to_string());
        }
        if request.until.seconds() != self.until {
            return differs("until", request.until.seconds().to_string(), self.until.to_string());
        }
        Ok(())
    }
}

impl Community {
    /// Adds a request; returns whether there was room for it.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub async fn add_request(&self, id: RequestId, row: RequestRow) -> Result<bool, KeepError> {
        let written = {
            let mut state = self.state();
            let open = |other: &&RequestRow| other.account == row.account && other.paid.is_none();
            if state.requests.values().filter(open).count() >= OPEN_PER_ACCOUNT_MAX {
                return Ok(false);
            }
            state.requests.insert(id.0, row.clone());
            self.put(Table::Request, &id.0, &row)
        };
        on_disk(written).await.map(|()| true)
    }

    /// Returns a request.
    pub fn request(&self, id: &RequestId) -> Option<RequestRow> {
        self.state().requests.get(&id.0).cloned()
    }

    /// Returns whether any request may still be paid.
    pub fn has_open_requests(&self) -> bool {
        self.state().requests.values().any(|row| row.paid.is_none())
    }

    /// Returns the requests that were not paid yet, as far as is known here.
    pub fn unpaid_requests(&self) -> Vec<(RequestId, RequestRow)> {
        let state = self.state();
        let unpaid = state.requests.iter().filter(|(_, row)| row.paid.is_none());
        unpaid.map(|(id, row)| (RequestId(*id), row.clone())).collect()
    }

    /// Checks a payment against the requests it names, as far as they are known here.
    ///
    /// # Errors
    /// The first line that differs.
    pub fn check_payment(&self, entry: &Entry) -> Result<(), Mismatch> {
        let Body::Pay(pay) = &entry.body else { return Ok(()) };
        for line in &pay.payees {
            if let Some(request) = line.request
                && let Some(row) = self.state().requests.get(&request.id.0)
            {
                row.check(line)?;
            }
        }
        Ok(())
    }

    /// Notes that a request to `account` was paid, and tells who waits.
    pub fn mark_paid(&self, id: &RequestId, account: &AccountId, index: u64, at_ms: u64) {
        let written: Option<Written> = {
            let mut state = self.state();
            let row =
                state.requests.get_mut(&id.0).filter(|row| row.account == account.0 && row.paid.is_none());
            row.map(|row| {
                row.paid = Some((index, at_ms));
                let row = row.clone();
                self.put(Table::Request, &id.0, &row)
            })
        };
        if written.is_some() {
            // The ledger knows that it is paid: after a crash this is found there again.
            self.watchers.requests.tell(&id.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::amount::Amount;
    use klaver_ledger::entry::RequestRef;
    use klaver_ledger::time::Deadline;

    #[test]
    fn a_payment_must_be_what_the_request_asks() {
        let row = RequestRow { account: [1; 16], amount: 250, until: 1_000, paid: None };
        let line = |to: u8, amount, until| PayLine {
            to: AccountId([to; 16]),
            amount: Amount::new(amount).unwrap(),
            request: Some(RequestRef {
                id: RequestId([9; 16]),
                until: Deadline::from_seconds(until).unwrap(),
            }),
        };
        assert_eq!(row.check(&line(1, 250, 1_000)), Ok(()));
        for (wrong, field) in
            [(line(2, 250, 1_000), "to"), (line(1, 251, 1_000), "amount"), (line(1, 250, 999), "until")]
        {
            assert_eq!(row.check(&wrong).unwrap_err().field, field);
        }
    }
}
