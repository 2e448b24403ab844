//! Payment requests: what a till shows, and what has become of it.

use super::keep::{KeepError, Written, on_disk};
use super::{Community, Table};
use klaver_ledger::entry::{Body, Entry, PayLine};
use klaver_ledger::id::{AccountId, RequestId};
use serde::{Deserialize, Serialize};

/// Most open requests of one account.
pub const OPEN_PER_ACCOUNT_MAX: usize = 200;
/// Most open requests that wait in one inbox.
pub const ASKED_OF_ONE_MAX: usize = 50;
/// Most open requests of one account that wait in one inbox: nobody is pressed.
pub const ASKED_BY_ONE_MAX: usize = 3;
/// Most open requests that those who want to pay made by one code; the oldest makes room for a newer one.
pub const BY_CODE_MAX: usize = 50;

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
    /// In whose inbox it waits.
    #[serde(default)]
    pub to: Option<[u8; 16]>,
    /// What for, in the asker's words.
    #[serde(default)]
    pub words: Option<String>,
    /// When whom it was sent to said no, in seconds since 1970 UTC.
    #[serde(default)]
    pub declined: Option<u64>,
    /// When whoever asked took it back, in seconds since 1970 UTC.
    #[serde(default)]
    pub withdrawn: Option<u64>,
    /// Whether whoever wants to pay made it, by the payee's own code.
    #[serde(default)]
    pub by_code: bool,
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
    /// Returns a request that anybody may pay.
    pub fn new(account: AccountId, amount: u64, until: u64) -> Self {
        let (paid, to, words, declined, withdrawn) = (None, None, None, None, None);
        Self { account: account.0, amount, until, paid, to, words, declined, withdrawn, by_code: false }
    }

    fn is_open(&self, now_seconds: u64) -> bool {
        let is_answered = self.paid.is_some() || self.declined.is_some() || self.withdrawn.is_some();
        !is_answered && now_seconds < self.until
    }

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
    /// Adds a request; returns which limit left no room for it, if one did.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub async fn add_request(
        &self,
        id: RequestId,
        row: RequestRow,
        now_seconds: u64,
    ) -> Result<Option<usize>, KeepError> {
        let written = {
            let mut state = self.state();
            let open = || state.requests.values().filter(|other| other.is_open(now_seconds));
            let by_asker = |other: &&RequestRow| other.account == row.account && !other.by_code;
            if open().filter(by_asker).count() >= OPEN_PER_ACCOUNT_MAX {
                return Ok(Some(OPEN_PER_ACCOUNT_MAX));
            }
            if row.to.is_some() {
                let same_inbox = || open().filter(|other| other.to == row.to);
                if same_inbox().count() >= ASKED_OF_ONE_MAX {
                    return Ok(Some(ASKED_OF_ONE_MAX));
                }
                if same_inbox().filter(by_asker).count() >= ASKED_BY_ONE_MAX {
                    return Ok(Some(ASKED_BY_ONE_MAX));
                }
            }
            state.requests.insert(id.0, row.clone());
            self.put(Table::Request, &id.0, &row)
        };
        on_disk(written).await.map(|()| None)
    }

    /// Adds a request that whoever wants to pay made. Until it is paid it is in memory alone: anybody can make one, and
    /// the disk shall not wait for that.
    pub fn add_request_by_code(&self, id: RequestId, row: RequestRow) {
        let mut state = self.state();
        let by_code = |other: &RequestRow| other.by_code && other.account == row.account;
        let waiting = || state.requests.iter().filter(|(_, other)| by_code(other) && other.paid.is_none());
        if waiting().count() >= BY_CODE_MAX {
            let oldest = waiting().min_by_key(|(_, other)| other.until).map(|(id, _)| *id);
            oldest.map(|oldest| state.requests.remove(&oldest));
        }
        state.requests.insert(id.0, RequestRow { by_code: true, ..row });
    }

    /// Returns the requests that were sent to somebody and in which `account` has a part, whoever asked.
    pub fn sent_requests(&self, account: &AccountId) -> Vec<(RequestId, RequestRow)> {
        let state = self.state();
        let concerns =
            |row: &RequestRow| row.to.is_some() && (row.to == Some(account.0) || row.account == account.0);
        let found = state.requests.iter().filter(|(_, row)| concerns(row));
        found.map(|(id, row)| (RequestId(*id), row.clone())).collect()
    }

    /// Notes that whom a request was sent to said no, and tells who waits; returns whether there is such a request.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn decline_request(
        &self,
        id: &RequestId,
        by: &AccountId,
        now_seconds: u64,
    ) -> Result<bool, KeepError> {
        self.end_request(id, now_seconds, |row| (row.to == Some(by.0)).then_some(&mut row.declined)).await
    }

    /// Notes that whoever asked took a request back, and tells who waits; returns whether `by` made such a request.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn withdraw_request(
        &self,
        id: &RequestId,
        by: &AccountId,
        now_seconds: u64,
    ) -> Result<bool, KeepError> {
        let own = |row: &RequestRow| row.account == by.0 && !row.by_code;
        self.end_request(id, now_seconds, |row| own(row).then_some(&mut row.withdrawn)).await
    }

    /// Notes the time at which an open request ended where `ended` says, unless it says that this is not theirs to end.
    async fn end_request(
        &self,
        id: &RequestId,
        now_seconds: u64,
        ended: impl FnOnce(&mut RequestRow) -> Option<&mut Option<u64>>,
    ) -> Result<bool, KeepError> {
        let written = {
            let mut state = self.state();
            let Some(row) = state.requests.get_mut(&id.0) else { return Ok(false) };
            let is_open = row.is_open(now_seconds);
            let Some(at) = ended(row) else { return Ok(false) };
            if !is_open {
                return Ok(true);
            }
            *at = Some(now_seconds);
            let row = row.clone();
            self.put(Table::Request, &id.0, &row)
        };
        on_disk(written).await?;
        self.watchers.requests.tell(&id.0);
        Ok(true)
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
        let row = RequestRow::new(AccountId([1; 16]), 250, 1_000);
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
