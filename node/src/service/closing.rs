//! The closing of a shop's day: its pots, and the town's behind them, pay by one sum what was handed out. Neither the
//! ledger nor anybody else learns of a single one.

use super::pots::{random, unknown_pot};
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::pots::{ClosingRow, PotOwner};
use crate::community::requests::RequestRow;
use crate::community::sessions::Visitor;
use klaver_api::pot::{Closing, PotPayment};
use klaver_ledger::id::{AccountId, RequestId};
use klaver_ledger::keys::PublicKey;
use klaver_ledger::time::{Deadline, Seconds};

/// How long a shop may take to sign what it is paid, in seconds.
const CLOSING_SECONDS: u64 = 600;

impl Service {
    /// Returns what the visitor's shop signs to be paid for what it handed out: one sum for each pot, the town's behind
    /// it. Asking again is safe: each counts once.
    ///
    /// # Errors
    /// For a visitor who is no shop, and when too many requests are open.
    pub async fn close_pots(&self, visitor: &Visitor) -> Result<Closing, Refused> {
        let merchant = self.owner_of_shop(visitor, None)?;
        self.must_record()?;
        let _one_after_the_other = self.closing_pots.lock().await;
        let now = wall_clock();
        self.community.settle_closings(now.seconds());
        let town = self.open_town_pot();
        let (mut payments, mut later) = (Vec::new(), 0);
        for (id, _) in self.community.pots(|row| row.owner == PotOwner::Merchant(merchant.0)) {
            let Some(row) = self.community.pot(&id).filter(|row| row.waiting > 0) else { continue };
            for from in row.account.map(AccountId).into_iter().chain(town) {
                self.close_from(&id, &from, &merchant, &visitor.key).await?;
            }
            let row = self.community.pot(&id).ok_or_else(unknown_pot)?;
            later += row.unclosed();
            let payable = row.closings.iter().filter(|closing| now.seconds() < closing.until);
            payments.extend(payable.map(|closing| self.payment_json(&id, closing)));
        }
        Ok(Closing { payments, later })
    }

    /// Asks `from` for as much of what waits as it holds, when the visitor's key pays from it.
    async fn close_from(
        &self,
        id: &[u8; 16],
        from: &AccountId,
        merchant: &AccountId,
        key: &PublicKey,
    ) -> Result<(), Refused> {
        let Some(row) = self.community.pot(id) else { return Ok(()) };
        let Some(purse) = self.purse(from, merchant, Some(key)).filter(|purse| purse.signs) else {
            return Ok(());
        };
        let everywhere = self.community.pots(|row| !row.closings.is_empty());
        let closings = everywhere.iter().flat_map(|(_, row)| &row.closings);
        let owed: u64 = closings.filter(|closing| closing.from == from.0).map(|closing| closing.amount).sum();
        let most = purse.minor.saturating_sub(owed).min(purse.at_once);
        let count = row.unclosed().min(most / row.price.max(1));
        if count == 0 {
            return Ok(());
        }
        let until = Deadline::after(wall_clock(), Seconds(CLOSING_SECONDS)).seconds();
        let (request, amount) = (RequestId(random()?), count * row.price);
        let asked = RequestRow::new(*merchant, amount, until);
        if let Some(limit) = self.community.add_request(request, asked, wall_clock().seconds()).await? {
            let advice = "wait until some are paid or have ended";
            return Err(Refused::TooMany { what: "open requests", limit, advice });
        }
        let closing = ClosingRow { request: request.0, from: from.0, amount, count, until };
        self.community.change_pot(id, |row| row.closings.push(closing)).await?;
        Ok(())
    }

    fn payment_json(&self, id: &[u8; 16], closing: &ClosingRow) -> PotPayment {
        PotPayment {
            id: data_encoding::HEXLOWER.encode(id),
            from: AccountId(closing.from).to_string(),
            amount: self.decimal(closing.amount),
            count: closing.count,
            request: RequestId(closing.request).to_hex(),
            until: Deadline::from_seconds(closing.until).map(|until| until.to_string()).unwrap_or_default(),
        }
    }
}
