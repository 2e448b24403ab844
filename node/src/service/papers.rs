//! Cards and vouchers: opening accounts for printed keys, finding them again, putting them to rest.
//!
//! Whoever prints makes the keys: the node learns the public ones, and never what stands on paper.

use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::PaperRow;
use crate::community::sessions::{Role, Visitor};
use klaver_api::AccountStateJson;
use klaver_api::paper::{
    BATCH_MAX, CreatePapers, PIN_DIGITS, Paper, PaperAccount, PaperKind, PaperPage, PaperState, SetPaperState,
};
use klaver_api::text::{self, FieldError};
use klaver_ledger::account::{AccountKind, AccountState, AccountStatus, KeyGrant, Rights};
use klaver_ledger::books::Account;
use klaver_ledger::entry::{Body, Change, Open, SignedEntry};
use klaver_ledger::id::{AccountId, LedgerId, OrganisationId};
use klaver_ledger::keys::PublicKey;
use klaver_ledger::time::Day;

/// Most cards and vouchers on a page.
const PAGE_MAX: usize = 100;

/// Why nothing is done with a card or voucher. No balance is told: not even that it is too small.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaperRefused {
    /// The policy says that cards spend nothing.
    #[error("this community has no cards yet: the council sets first what a card may spend in a day")]
    NoCards,
    /// The others of a day are for whoever joins.
    #[error(
        "at most {limit} cards and vouchers are made in a day: make the rest tomorrow, or ask the council for more \
         accounts a day"
    )]
    Today {
        /// How many there may be.
        limit: u64,
    },
    /// The node is not the guardian in force.
    #[error(
        "this node is not the guardian of the charter: ask whoever runs it to put the right key in place"
    )]
    NotGuardian,
    /// The guardian does not sign with it now.
    #[error("this card rests: whoever handed it out wakes it")]
    Resting,
    /// It was lost.
    #[error("this was said to be lost: whoever handed it out makes a new one that keeps what it holds")]
    Lost,
    /// New paper that does not pay yet.
    #[error(
        "this new card or voucher pays from a day after it was made: the place lends a voucher meanwhile"
    )]
    Waiting,
    /// Other paper took its place.
    #[error("this was replaced: use the new one")]
    Replaced,
    /// Above the day amount.
    #[error("above the day amount of {limit} a card asks for its PIN: type it")]
    PinNeeded {
        /// What it spends in a day without.
        limit: String,
    },
    /// Above the day amount, and there is none.
    #[error(
        "above the day amount of {limit} a card needs a PIN, and this one has none: choose one at a doe-plek"
    )]
    NoPin {
        /// What it spends in a day without.
        limit: String,
    },
    /// Not the right one.
    #[error("this is not the PIN of the card: try again, {left} times are left")]
    WrongPin {
        /// How often it may be tried still.
        left: u8,
    },
    /// No text that can be a PIN.
    #[error("a PIN has four to eight digits: choose one of that length")]
    PinForm,
    /// One that everybody tries first.
    #[error("this PIN is guessed at once: choose one without a pattern")]
    PinSimple,
    /// Too many amounts were too much for it today, and it has no PIN that shows that its holder is there.
    #[error(
        "too many amounts were tried with this card today: choose a PIN at a doe-plek, or come back tomorrow"
    )]
    TriedOften,
    /// The card cannot pay this: too little on it, or too much today.
    #[error("this does not work with this card: try a smaller amount")]
    Short,
    /// More than any card may spend in a day.
    #[error("a card spends at most {limit} in a day: try a smaller amount")]
    AboveCap {
        /// The policy's number.
        limit: String,
    },
    /// What was signed is no payment by this card to the session's account.
    #[error("this is no payment by this card to your account: make a request, and let the card sign that")]
    OtherPayment,
    /// What was signed does not put new paper in the place of this.
    #[error("this does not put a new key in the place of this one: sign the change again")]
    OtherChange,
    /// The card is not at hand, or another one is.
    #[error("this was not signed by the key on the card: scan its inside again")]
    NotAtHand,
}

impl Service {
    /// Opens accounts for the printed keys of a batch.
    ///
    /// # Errors
    /// For a visitor who hands nothing out, keys that make no sense, or when the rules do not allow it.
    pub async fn create_papers(&self, visitor: &Visitor, asked: &CreatePapers) -> Result<PaperPage, Refused> {
        let organisation = self.issuer(visitor, asked)?;
        let states = self.paper_states(asked, organisation)?;
        self.must_record()?;
        if asked.kind == PaperKind::Card {
            self.check_has_cards()?;
        }
        let accounts: Vec<AccountId> = states.iter().map(|state| state.account).collect();
        let mut codes = Vec::with_capacity(accounts.len());
        for account in &accounts {
            let mut code = [0; 16];
            getrandom::fill(&mut code)?;
            codes.push((code, *account));
        }
        let (today, count) = (wall_clock().day(), states.len() as u64);
        self.admit_papers(today, count)?;
        if let Err(refused) = self.record_by(&self.registrar, Body::Open(Open { states })).await {
            self.arrivals.give_papers_back(today, count);
            return Err(refused);
        }
        self.community.add_papers(&self.ledger(), &codes).await?;
        let rows = codes.iter().filter_map(|(code, _)| Some((*code, self.community.paper(code)?)));
        let papers = rows.filter_map(|(code, row)| self.paper_json(&code, &row, true)).collect();
        Ok(PaperPage { papers, next: None })
    }

    /// Returns what is known of a card or voucher by its code; to whoever handed it out, also its number.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn paper(&self, visitor: Option<&Visitor>, id: &[u8; 16]) -> Result<Paper, Refused> {
        let row = self.paper_row(id)?;
        let is_own = visitor.is_some_and(|visitor| self.hands_out(visitor, &AccountId(row.account)));
        self.paper_json(id, &row, is_own).ok_or_else(unknown_paper)
    }

    /// Returns the cards and vouchers that the visitor handed out, from the number `from`.
    ///
    /// # Errors
    /// For a visitor who hands nothing out.
    pub fn papers(&self, visitor: &Visitor, from: u64) -> Result<PaperPage, Refused> {
        if visitor.role != Role::Council && self.issuer_of(visitor).is_none() {
            return Err(not_a_place());
        }
        let own = |(_, row): &([u8; 16], PaperRow)| {
            from <= row.number && self.hands_out(visitor, &AccountId(row.account))
        };
        let mut found: Vec<_> = self.community.papers().into_iter().filter(own).take(PAGE_MAX + 1).collect();
        let more = (PAGE_MAX < found.len()).then(|| found.pop()).flatten();
        let papers = found.iter().filter_map(|(id, row)| self.paper_json(id, row, true)).collect();
        Ok(PaperPage { papers, next: more.map(|(_, row)| row.number.to_string()) })
    }

    /// Puts a card to rest or wakes it; says of a card or voucher that it was lost.
    ///
    /// # Errors
    /// For another visitor than whoever handed it out, and what cannot be done with such paper.
    pub async fn set_paper_state(
        &self,
        visitor: &Visitor,
        id: &[u8; 16],
        asked: &SetPaperState,
    ) -> Result<Paper, Refused> {
        let row = self.paper_row(id)?;
        let account = AccountId(row.account);
        if !self.hands_out(visitor, &account) {
            return Err(Refused::Forbidden { advice: "ask whoever handed it out, or the council" });
        }
        self.must_record()?;
        let paper = self.paper_json(id, &row, true).ok_or_else(unknown_paper)?;
        match (asked.state, paper.kind, paper.state) {
            (_, _, PaperState::Replaced) => return Err(PaperRefused::Replaced.into()),
            (PaperState::Lost, ..) => self.stop(id, &account).await?,
            (PaperState::Resting | PaperState::Usable, PaperKind::Card, PaperState::Lost) => {
                return Err(PaperRefused::Lost.into());
            }
            (PaperState::Resting, PaperKind::Card, _) => {
                self.community.change_paper(id, |row| row.rests = true).await?;
            }
            (PaperState::Usable, PaperKind::Card, _) => {
                self.community.change_paper(id, |row| (row.rests, row.wrong) = (false, 0)).await?;
            }
            (state, ..) => {
                let expected = "lost belongs here; of a card also resting and usable";
                let found = serde_json::json!(state).as_str().unwrap_or_default().to_owned();
                return Err(FieldError::new("state", found, expected).into());
            }
        }
        self.paper(Some(visitor), id)
    }

    /// Stops lost paper: by the registrar, who freezes its account. What waits to pay cannot be stopped in the ledger: it
    /// is noted, then a card rests when its time has come, and a voucher is frozen.
    pub(super) async fn stop(&self, id: &[u8; 16], account: &AccountId) -> Result<(), Refused> {
        let (in_force, waits, kind) = {
            let (standing, now) = (self.reader.standing(), wall_clock());
            let account = standing.account(account).ok_or_else(unknown_paper)?;
            (account.standing(now), account.waiting(now).is_some(), account.kind())
        };
        match in_force.status {
            AccountStatus::Frozen if waits => {
                self.community.change_paper(id, |row| row.rests = true).await?;
                return Ok(());
            }
            AccountStatus::Frozen => {}
            AccountStatus::Open => {
                let (base, state) = (in_force.base, (*in_force.state).clone());
                let change = Change { base, state, status: AccountStatus::Frozen };
                self.record_by(&self.registrar, Body::Change(change)).await?;
            }
        }
        if kind == AccountKind::Voucher && self.community.rests(account) {
            self.community.change_paper(id, |row| row.rests = false).await?;
        }
        Ok(())
    }

    /// Freezes vouchers that were said to be lost while they waited, as soon as they would pay.
    pub async fn stop_lost(&self) {
        for (id, row) in self.community.papers().into_iter().filter(|(_, row)| row.rests) {
            let account = AccountId(row.account);
            let is_due = self.reader.standing().account(&account).is_some_and(|found| {
                found.kind() == AccountKind::Voucher && found.waiting(wall_clock()).is_none()
            });
            if is_due && let Err(why) = self.stop(&id, &account).await {
                tracing::warn!(%why, "a lost voucher is not frozen yet: the node takes nothing from it meanwhile");
            }
        }
    }

    /// Turns away what is paid with a voucher that was said to be lost, and is not frozen yet.
    ///
    /// # Errors
    /// `Lost`.
    pub(super) fn check_not_lost(&self, signed: &SignedEntry) -> Result<(), Refused> {
        let Body::Pay(pay) = &signed.entry().body else { return Ok(()) };
        if self.is_voucher(&pay.from) && self.community.rests(&pay.from) && !self.is_recorded(signed) {
            return Err(PaperRefused::Lost.into());
        }
        Ok(())
    }

    pub(super) fn is_voucher(&self, account: &AccountId) -> bool {
        self.reader.standing().account(account).is_some_and(|found| found.kind() == AccountKind::Voucher)
    }

    /// Returns for whom the batch is made: a place hands out its own paper, the council that of whom it names.
    fn issuer(&self, visitor: &Visitor, asked: &CreatePapers) -> Result<OrganisationId, Refused> {
        let read = |named: &String| text::from_hex("organisation", named, OrganisationId::from_hex);
        let named = asked.organisation.as_ref().map(read).transpose()?;
        let own = self.issuer_of(visitor);
        match (visitor.role, own, named) {
            (Role::Council, _, Some(named)) => Ok(named),
            (Role::Council, _, None) => {
                let expected = "the organisation that hands them out belongs here";
                Err(FieldError::new("organisation", "", expected).into())
            }
            (_, Some(own), None) => Ok(own),
            (_, Some(own), Some(named)) if own == named => Ok(own),
            _ => Err(not_a_place()),
        }
    }

    fn paper_states(
        &self,
        asked: &CreatePapers,
        organisation: OrganisationId,
    ) -> Result<Vec<AccountState>, Refused> {
        let wrong =
            |field, found: String, expected: &str| Err(FieldError::new(field, found, expected).into());
        if asked.keys.is_empty() || BATCH_MAX < asked.keys.len() {
            return wrong("keys", format!("{} keys", asked.keys.len()), "1 to 100 keys belong here");
        }
        let until = asked.until.as_deref().map(|until| text::deadline("until", until)).transpose()?;
        let heir = asked.heir.as_deref().map(|heir| text::account("heir", heir)).transpose()?;
        if asked.kind == PaperKind::Card && until.is_some() {
            return wrong("until", asked.until.clone().unwrap_or_default(), "leave it out: cards do not end");
        }
        let kind = match asked.kind {
            PaperKind::Card => AccountKind::Card,
            PaperKind::Voucher => AccountKind::Voucher,
        };
        // The bytes of an entry have one form: its accounts ascend, in the order of the keys.
        let mut accounts = vec![AccountId([0; 16]); asked.keys.len()];
        for account in &mut accounts {
            getrandom::fill(&mut account.0)?;
        }
        accounts.sort_unstable();
        let mut states: Vec<AccountState> = Vec::with_capacity(asked.keys.len());
        for (key, account) in asked.keys.iter().zip(accounts) {
            let grant =
                KeyGrant { key: text::key("keys", key)?, rights: Rights::SPEND, until: None, cap: None };
            if states.iter().any(|state| state.keys.contains(&grant)) {
                return wrong("keys", key.clone(), "each key belongs to one card or voucher: make another");
            }
            let plain = AccountState::plain(account, kind, vec![grant]);
            states.push(AccountState { organisation: Some(organisation), until, heir, ..plain });
        }
        Ok(states)
    }

    /// Counts a batch of the day: cards and vouchers leave room for whoever joins.
    fn admit_papers(&self, today: Day, count: u64) -> Result<(), Refused> {
        let a_day = {
            let standing = self.reader.standing();
            standing.charter(wall_clock()).expect("an open ledger has a charter").policy.registrar_opens
        };
        Ok(self.arrivals.admit_papers(today, count, a_day).map_err(|limit| PaperRefused::Today { limit })?)
    }

    fn check_has_cards(&self) -> Result<(), Refused> {
        let standing = self.reader.standing();
        let charter = standing.charter(wall_clock()).expect("an open ledger has a charter");
        if charter.guardian != PublicKey::of(&self.guardian) {
            return Err(PaperRefused::NotGuardian.into());
        }
        if charter.policy.card_day_cap.minor() == 0 {
            return Err(PaperRefused::NoCards.into());
        }
        Ok(())
    }

    /// Returns the organisation that the visitor speaks for: with a spend key of one of its budgets or pots.
    pub(super) fn issuer_of(&self, visitor: &Visitor) -> Option<OrganisationId> {
        self.organisation_of(visitor, |kind| matches!(kind, AccountKind::Budget | AccountKind::Fund))
    }

    /// Returns whether the visitor, or the place that it speaks for, handed out the paper of `account`.
    pub(super) fn hands_out(&self, visitor: &Visitor, account: &AccountId) -> bool {
        if visitor.role == Role::Council {
            return true;
        }
        let Some(own) = self.issuer_of(visitor) else { return false };
        let standing = self.reader.standing();
        let of = |account: &Account| account.standing(wall_clock()).state.organisation;
        standing.account(account).and_then(of) == Some(own)
    }

    pub(super) fn paper_row(&self, id: &[u8; 16]) -> Result<PaperRow, Refused> {
        self.community.paper(id).ok_or_else(unknown_paper)
    }

    /// Returns a card or voucher as JSON, with what only whoever handed it out may know if it is their `own`.
    pub(super) fn paper_json(&self, id: &[u8; 16], row: &PaperRow, is_own: bool) -> Option<Paper> {
        let now = wall_clock();
        let account = self.reader.standing().account(&AccountId(row.account)).cloned()?;
        let in_force = account.standing(now);
        let kind = match account.kind() {
            AccountKind::Card => PaperKind::Card,
            AccountKind::Voucher => PaperKind::Voucher,
            _ => return None,
        };
        let is_over = in_force.state.until.is_some_and(|until| until.has_passed(now));
        let state = match (in_force.status, kind) {
            _ if row.replaced => PaperState::Replaced,
            _ if account.closed_to().is_some() => PaperState::Ended,
            (AccountStatus::Frozen, _) if account.waiting(now).is_none() => PaperState::Lost,
            // Said to be lost while it waited.
            (_, PaperKind::Voucher) if row.rests => PaperState::Lost,
            (_, PaperKind::Card) if !row.is_awake() => PaperState::Resting,
            (AccountStatus::Frozen, _) => PaperState::Waiting,
            (AccountStatus::Open, _) if is_over => PaperState::Ended,
            (AccountStatus::Open, _) => PaperState::Usable,
        };
        Some(Paper {
            id: data_encoding::HEXLOWER.encode(id),
            kind,
            account: account.id().to_string(),
            ledger: LedgerId(row.ledger).to_hex(),
            state,
            until: in_force.state.until.map(|until| until.to_string()),
            number: is_own.then_some(row.number),
            has_pin: (is_own && kind == PaperKind::Card).then_some(row.pin.is_some()),
            in_force: is_own.then(|| PaperAccount {
                state: AccountStateJson::of(&in_force.state, self.scale()),
                base: in_force.base,
            }),
        })
    }
}

/// Checks a PIN that somebody chooses.
///
/// # Errors
/// When it is no PIN, or one that is tried first.
pub(super) fn check_chosen(pin: &str) -> Result<(), PaperRefused> {
    let digits: Vec<i8> = pin.bytes().filter(u8::is_ascii_digit).map(|digit| digit.cast_signed()).collect();
    if digits.len() != pin.len() || !PIN_DIGITS.contains(&digits.len()) {
        return Err(PaperRefused::PinForm);
    }
    let steps: Vec<i8> = digits.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let is_pattern = steps.iter().all(|step| *step == steps[0]) && (-1..=1).contains(&steps[0]);
    if is_pattern { Err(PaperRefused::PinSimple) } else { Ok(()) }
}

fn not_a_place() -> Refused {
    Refused::Forbidden { advice: "open a session with a key that spends from a budget or pot of a doe-plek" }
}

/// Returns the refusal of a code that leads to no card or voucher.
pub fn unknown_paper() -> Refused {
    Refused::Unknown {
        what: "card or voucher",
        code: "unknown_paper",
        advice: "scan the code again; if it is of another community, it is used there",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_has_four_to_eight_digits_and_no_pattern() {
        for pin in ["2583", "00012", "19842008"] {
            assert_eq!(check_chosen(pin), Ok(()), "{pin}");
        }
        for pin in ["", "258", "258325832", "25a3", "٢٥٨٣"] {
            assert_eq!(check_chosen(pin), Err(PaperRefused::PinForm), "{pin}");
        }
        for pin in ["0000", "1234", "87654321"] {
            assert_eq!(check_chosen(pin), Err(PaperRefused::PinSimple), "{pin}");
        }
    }
}
