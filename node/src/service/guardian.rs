//! The guardian: the second signature of every card.
//!
//! It signs for the till that asked, up to the policy's amounts of a UTC day, above the smaller of them only after the
//! right PIN. What a card spent today is read from the ledger. One card after the other: no two payments share the
//! room that is left, and no two guesses share a try.

use super::papers::{PaperRefused, check_chosen, unknown_paper};
use super::sessions::Answered;
use super::{Refused, Service, Submitted};
use crate::clock::wall_clock;
use crate::community::PaperRow;
use crate::community::papers::PinRow;
use crate::community::sessions::{Role, Visitor};
use klaver_api::paper::{
    AskOverview, ChoosePin, Overview, PaidByCard, Paper, PaperState, PayByCard, ReplacePaper, Replaced,
    WRONG_PINS_MAX,
};
use klaver_api::receipt::ReceiptJson;
use klaver_api::session::{Claim, CreateSession};
use klaver_api::text::{self, FieldError};
use klaver_ledger::account::{AccountKind, AccountStatus};
use klaver_ledger::amount::Total;
use klaver_ledger::engine::Holder;
use klaver_ledger::entry::{Body, Change, Kind, PayLine, SignedEntry};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::time::Timestamp;

/// So many amounts may be too much for a card on a day without its PIN: whoever went on would learn what it holds.
const SHORT_MAX: u8 = 3;

impl Service {
    /// Signs a card's payment of a request of the visitor, and records it. Sending it again is safe.
    ///
    /// # Errors
    /// Why the guardian does not sign, in words that tell nothing of what the card holds.
    pub async fn pay_by_card(
        &self,
        visitor: &Visitor,
        id: &[u8; 16],
        asked: &PayByCard,
    ) -> Result<PaidByCard, Refused> {
        let row = self.paper_row(id)?;
        let card = AccountId(row.account);
        let envelope = text::from_base64url("envelope", &asked.envelope)?;
        let signed = SignedEntry::decode(&envelope)?;
        let line = payment_to(visitor, &card, &signed)?;

        let _one_after_the_other = self.guarding.lock().await;
        if let Some(index) = self.reader.find(&signed.id(&self.ledger()), Some(signed.entry().expires_at))? {
            return self.paid_by_card(index, line.to);
        }
        self.must_record()?;
        self.check_awake(id)?;
        self.check_signed_by_card(&card, &signed)?;
        let is_by_pin = self.check_day(&card, id, line.amount.into(), asked.pin.as_deref()).await?;
        let whole = signed.signed_by(&self.ledger(), &self.guardian);
        match self.submit(whole, None).await {
            Ok(Submitted::Recorded(_, receipt) | Submitted::Known(_, receipt)) => {
                self.paid_by_card(receipt.index, line.to)
            }
            Ok(Submitted::Draft(_)) => Err(PaperRefused::NotGuardian.into()),
            // How much is missing is the holder's business: whatever the rules found, the merchant hears one answer.
            Err(Refused::Declined(_)) => {
                if !is_by_pin {
                    let today = wall_clock().day();
                    self.community.change_paper(id, |row| row.count_short(today)).await?;
                }
                Err(PaperRefused::Short.into())
            }
            Err(refused) => Err(refused),
        }
    }

    fn paid_by_card(&self, index: u64, payee: AccountId) -> Result<PaidByCard, Refused> {
        let receipt = self.reader.receipt(index, Holder::Account(payee))?;
        Ok(PaidByCard { index, receipt: ReceiptJson::of(&receipt, None) })
    }

    /// Checks that the card's own key signed, before anything is tried with its PIN.
    fn check_signed_by_card(&self, card: &AccountId, signed: &SignedEntry) -> Result<(), Refused> {
        let is_own = |(key, _): &([u8; 32], _)| self.is_key_of(card, key);
        if !signed.signatures().iter().any(is_own) {
            return Err(PaperRefused::NotAtHand.into());
        }
        signed.clone().verify(&self.ledger(), |key| self.ready_key(key))?;
        Ok(())
    }

    fn is_key_of(&self, account: &AccountId, key: &[u8; 32]) -> bool {
        let standing = self.reader.standing();
        standing.account(account).is_some_and(|account| {
            account.standing(wall_clock()).state.keys.iter().any(|grant| grant.key.as_bytes() == key)
        })
    }

    /// Checks that the guardian signs with a card at all.
    fn check_awake(&self, id: &[u8; 16]) -> Result<(), Refused> {
        match self.paper(None, id)?.state {
            PaperState::Usable => Ok(()),
            PaperState::Resting => Err(PaperRefused::Resting.into()),
            PaperState::Lost => Err(PaperRefused::Lost.into()),
            PaperState::Waiting => Err(PaperRefused::Waiting.into()),
            PaperState::Replaced => Err(PaperRefused::Replaced.into()),
            PaperState::Ended => Err(unknown_paper()),
        }
    }

    /// Checks the amounts of the day, and the PIN above the smaller one, or where too many amounts were tried without;
    /// returns whether the PIN was needed.
    async fn check_day(
        &self,
        card: &AccountId,
        id: &[u8; 16],
        amount: Total,
        pin: Option<&str>,
    ) -> Result<bool, Refused> {
        let now = wall_clock();
        let (guardian, free, cap) = {
            let standing = self.reader.standing();
            let charter = standing.charter(now).expect("an open ledger has a charter");
            (charter.guardian, charter.policy.card_free_amount, charter.policy.card_day_cap)
        };
        if guardian != PublicKey::of(&self.guardian) {
            return Err(PaperRefused::NotGuardian.into());
        }
        let decimal = |total: Total| total.to_decimal(self.scale());
        if cap < amount {
            return Err(PaperRefused::AboveCap { limit: decimal(cap) }.into());
        }
        let today = self.spent_today(card, now)?.saturating_add(amount.minor());
        let row = self.paper_row(id)?;
        let (is_small, is_tried) = (today <= free.minor(), SHORT_MAX <= row.short_on(now.day()));
        if is_small && !is_tried {
            return Ok(false);
        }
        match (&row.pin, pin) {
            (None, _) if is_small => return Err(PaperRefused::TriedOften.into()),
            (None, _) => return Err(PaperRefused::NoPin { limit: decimal(free) }.into()),
            (Some(_), None) => return Err(PaperRefused::PinNeeded { limit: decimal(free) }.into()),
            (Some(kept), Some(typed)) => self.check_pin(id, kept, typed).await?,
        }
        // What was spent elsewhere today is not told apart from what is not there.
        if cap.minor() < today { Err(PaperRefused::Short.into()) } else { Ok(true) }
    }

    /// Returns what a card has paid on the UTC day of `now`, in minor units.
    fn spent_today(&self, card: &AccountId, now: Timestamp) -> Result<u64, Refused> {
        let (mut sum, mut before) = (0_u64, None);
        loop {
            let page = self.reader.statement(card, before, super::LINES_PER_PAGE_MAX)?;
            for found in &page.lines {
                if found.line.recorded_at.day() != now.day() {
                    return Ok(sum);
                }
                if found.line.kind == Kind::Pay {
                    sum = sum.saturating_add(found.line.line.debit);
                }
            }
            before = page.before;
            if before.is_none() {
                return Ok(sum);
            }
        }
    }

    /// Checks a PIN. The try is on the disk before it is judged: neither a crash nor two tills at once give more.
    async fn check_pin(&self, id: &[u8; 16], kept: &PinRow, typed: &str) -> Result<(), Refused> {
        let tried = self.community.change_paper(id, |row| row.wrong = row.wrong.saturating_add(1)).await?;
        let wrong = tried.ok_or_else(unknown_paper)?.wrong;
        if WRONG_PINS_MAX < wrong {
            return Err(PaperRefused::Resting.into());
        }
        let (kept, typed) = (kept.clone(), typed.to_owned());
        // A slow hash is no work for a thread that others wait for; a panic in it is a wrong PIN.
        let is_right = tokio::task::spawn_blocking(move || kept.is(&typed)).await.unwrap_or(false);
        match WRONG_PINS_MAX - wrong {
            _ if is_right => {
                self.community.change_paper(id, |row| row.wrong = 0).await?;
                Ok(())
            }
            0 => Err(PaperRefused::Resting.into()),
            left => Err(PaperRefused::WrongPin { left }.into()),
        }
    }

    /// Takes the PIN that a card's holder chose: the first one beside whoever handed it out, another with the one before.
    ///
    /// # Errors
    /// When it is no PIN, the card is not at hand, or the one before is wrong.
    pub async fn choose_pin(
        &self,
        visitor: Option<&Visitor>,
        id: &[u8; 16],
        asked: &ChoosePin,
    ) -> Result<Paper, Refused> {
        let card = self.card_at_hand(id, &asked.proof)?;
        check_chosen(&asked.pin)?;
        let _one_after_the_other = self.guarding.lock().await;
        self.check_awake(id)?;
        self.must_record()?;
        let row = self.paper_row(id)?;
        match (&row.pin, &asked.old_pin) {
            (Some(kept), Some(old)) => self.check_pin(id, kept, old).await?,
            (Some(_), None) => {
                return Err(FieldError::new("old_pin", "", "the PIN before belongs here").into());
            }
            (None, _) if visitor.is_some_and(|visitor| self.hands_out(visitor, &card)) => {}
            (None, _) => {
                return Err(Refused::Forbidden {
                    advice: "choose the first PIN beside whoever handed the card out",
                });
            }
        }
        let chosen = asked.pin.clone();
        let hashed = tokio::task::spawn_blocking(move || PinRow::of(&chosen)).await;
        let kept = hashed.map_err(|_| getrandom::Error::UNEXPECTED)??;
        self.community.change_paper(id, |row| (row.pin, row.wrong) = (Some(kept), 0)).await?;
        self.paper(visitor, id)
    }

    /// Returns what a card holds: to its holder with the PIN, or at a doe-plek.
    ///
    /// # Errors
    /// When the card is not at hand, or the PIN is wrong.
    pub async fn card_overview(
        &self,
        visitor: Option<&Visitor>,
        id: &[u8; 16],
        asked: &AskOverview,
    ) -> Result<Overview, Refused> {
        let card = self.card_at_hand(id, &asked.proof)?;
        if visitor.is_none_or(|visitor| self.issuer_of(visitor).is_none()) {
            let _one_after_the_other = self.guarding.lock().await;
            self.check_awake(id)?;
            let row = self.paper_row(id)?;
            match (&row.pin, &asked.pin) {
                (Some(kept), Some(typed)) => self.check_pin(id, kept, typed).await?,
                _ => {
                    return Err(
                        FieldError::new("pin", "", "the PIN belongs here: or ask at a doe-plek").into()
                    );
                }
            }
        }
        let holder = Visitor { key: text::key("key", &asked.proof.key)?, role: Role::Account(card) };
        let statement = self.statement(&holder, &card, None, super::LINES_PER_PAGE_MAX)?;
        Ok(Overview { paper: self.paper(visitor, id)?, statement })
    }

    /// Checks that whoever asks has the inside of the card before them; returns its account.
    fn card_at_hand(&self, id: &[u8; 16], proof: &CreateSession) -> Result<AccountId, Refused> {
        let card = AccountId(self.paper_row(id)?.account);
        let is_card = self.reader.standing().account(&card).is_some_and(|a| a.kind() == AccountKind::Card);
        let answered = Answered::read(&proof.nonce, &proof.expires_at)?;
        let key = text::key("key", &proof.key)?;
        let is_signed = self.is_signed(&answered, &Claim::Session(card), &key, &proof.signature)?;
        if !is_card || !is_signed || !self.is_key_of(&card, key.as_bytes()) {
            return Err(PaperRefused::NotAtHand.into());
        }
        self.take(&answered)?;
        Ok(card)
    }

    /// Puts new paper in the place of a card or voucher: at once after the card's PIN, otherwise after a day.
    ///
    /// # Errors
    /// When the change is another one, the PIN is wrong, or the rules do not allow it.
    pub async fn replace_paper(
        &self,
        visitor: &Visitor,
        id: &[u8; 16],
        asked: &ReplacePaper,
    ) -> Result<Replaced, Refused> {
        let row = self.paper_row(id)?;
        let account = AccountId(row.account);
        if !self.hands_out(visitor, &account) {
            return Err(Refused::Forbidden { advice: "ask whoever handed it out" });
        }
        let signed = SignedEntry::decode(&text::from_base64url("envelope", &asked.envelope)?)?;
        let renews =
            |change: &Change| change.state.account == account && change.status == AccountStatus::Open;
        if !matches!(&signed.entry().body, Body::Change(change) if renews(change)) {
            return Err(PaperRefused::OtherChange.into());
        }
        let _one_after_the_other = self.guarding.lock().await;
        self.must_record()?;
        // The same may have been asked twice at once: what it is now counts.
        let row = self.paper_row(id)?;
        if row.replaced {
            return Err(PaperRefused::Replaced.into());
        }
        if row.rests && self.is_voucher(&account) {
            // It was said to be lost while it waited, and is frozen now if it does not wait any more.
            self.stop(id, &account).await?;
        }
        let office = self.office_for(id, &row, asked.pin.as_deref()).await?;
        let submitted = self.submit(signed.signed_by(&self.ledger(), office), None).await?;
        if matches!(submitted, Submitted::Draft(_)) {
            return Err(PaperRefused::OtherChange.into());
        }
        let mut code = [0; 16];
        getrandom::fill(&mut code)?;
        self.community.replace_paper(id, code, &self.ledger(), asked.pin.is_some()).await?;
        let standing = self.reader.standing();
        let waiting = standing.account(&account).and_then(|account| account.waiting(wall_clock()).cloned());
        drop(standing);
        let paper = self.paper(Some(visitor), &code)?;
        Ok(Replaced { paper, effective_at: waiting.map(|waiting| waiting.effective_at.to_string()) })
    }

    /// Returns who signs for new paper beside the place: the guardian after the right PIN, else the registrar.
    async fn office_for(
        &self,
        id: &[u8; 16],
        row: &PaperRow,
        pin: Option<&str>,
    ) -> Result<&SigningKey, Refused> {
        let Some(typed) = pin else { return Ok(&self.registrar) };
        let Some(kept) = &row.pin else {
            return Err(FieldError::new("pin", "…", "leave it out: this has none").into());
        };
        if WRONG_PINS_MAX <= row.wrong {
            return Err(PaperRefused::Resting.into());
        }
        self.check_pin(id, kept, typed).await?;
        Ok(&self.guardian)
    }
}

/// Returns the one line of a payment by `card` of a request of the visitor's account.
fn payment_to(visitor: &Visitor, card: &AccountId, signed: &SignedEntry) -> Result<PayLine, PaperRefused> {
    let Body::Pay(pay) = &signed.entry().body else { return Err(PaperRefused::OtherPayment) };
    match (visitor.role, pay.payees.as_slice()) {
        (Role::Account(own) | Role::Cashier(own), [line])
            if pay.from == *card && line.to == own && line.request.is_some() && !pay.late =>
        {
            Ok(line.clone())
        }
        _ => Err(PaperRefused::OtherPayment),
    }
}
