//! Accounts and their lines, as far as a visitor may see them.

use super::changes::keys_since;
use super::coordination::waiting_word;
use super::tills::{is_of_day, is_of_till};
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::AccessRow;
use crate::community::directory::{ProfileRow, fault_of_name, is_on_earth};
use crate::community::sessions::{Role, Visitor};
use crate::succeed::read_predecessor;
use klaver_api::Reason;
use klaver_api::account::{AccountJson, AccountPage, AccountStateJson, CannotGive, PendingJson};
use klaver_api::community::{
    AuditNoteJson, Community, DirectoryEntry, DirectoryPage, LogAddress, Position, Profile, UnitJson,
};
use klaver_api::receipt::ReceiptJson;
use klaver_api::statement::{LineEvent, ReferenceJson, StatementLine, StatementPage};
use klaver_api::text::{FieldError, base64url};
use klaver_api::{CharterJson, EntryJson, MemoJson, paths};
use klaver_ledger::account::{AccountKind, AccountStatus};
use klaver_ledger::amount::{Total, balance_to_decimal};
use klaver_ledger::books::{Account, AnchoredNote, Reference, Standing, WaitingFor};
use klaver_ledger::engine::{self, Holder};
use klaver_ledger::entry::{Body, Entry};
use klaver_ledger::id::{AccountId, EntryId};
use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
use klaver_ledger::record::{LedgerLine, Record};
use klaver_ledger::time::Timestamp;

/// Most lines or accounts on a page.
pub const LINES_PER_PAGE_MAX: usize = 100;

/// Returns what may still leave an account, in minor units: what is on it, and how far below zero it may go.
pub(super) fn available(account: &Account, now: Timestamp) -> u64 {
    let limit = account.standing(now).state.limit.minor();
    let available = i128::from(account.balance()) + i128::from(limit);
    u64::try_from(available.max(0)).unwrap_or(u64::MAX)
}

/// How much of an account a visitor may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Nothing, not even that it exists.
    Nothing,
    /// Its state, not its balance.
    State,
    /// State and balance.
    Balance,
    /// Everything, its lines included.
    Lines,
}

impl Service {
    /// Returns what anybody may know.
    pub fn community_json(&self) -> Community {
        let now = wall_clock();
        let standing = self.reader.standing();
        let (charter, base) = standing.charter_in_force(now).expect("an open ledger has a charter");
        let vkey = charter.log_keys.first().and_then(|key| {
            let name = KeyName::new(charter.origin.clone()).ok()?;
            VerifierKey::new(name, KeyKind::Note, key.as_bytes()).ok()
        });
        Community {
            name: self.founded.name.clone(),
            unit: UnitJson::of(&self.founded.unit),
            scale: self.scale().decimals(),
            ledger: self.ledger().to_hex(),
            origin: self.config.public_url.clone(),
            size: standing.size(),
            now: now.to_string(),
            charter_base: base,
            charter: CharterJson::of(charter, self.scale()),
            settlement: self.founded.settlement.to_string(),
            log: LogAddress {
                url: format!("{}/log", self.config.public_url),
                origin: charter.origin.clone(),
                vkey: vkey.map(|key| key.to_string()).unwrap_or_default(),
                policy: self
                    .witnesses
                    .as_ref()
                    .map(|_| format!("{}{}", self.config.public_url, paths::LOG_POLICY)),
            },
            demo: self.config.demo,
            thanks_per_hour: self.config.thanks_per_hour.clone(),
            audit_note: standing.audit_note().map(|note| note_json(&note, now)),
            successor: self.config.successor.clone(),
            read_only: self.read_only(),
        }
    }

    /// Returns the newest audit note that the ledger anchors.
    pub fn audit_note(&self) -> Option<AuditNoteJson> {
        let note = self.reader.standing().audit_note()?;
        Some(note_json(&note, wall_clock()))
    }

    /// Returns how much of `account` the visitor may see.
    pub fn sight(&self, visitor: &Visitor, account: &Account) -> Sight {
        match visitor.role {
            // The town's pot is signed for by every shop: none of them sees what it paid to another.
            Role::Account(own) if own == account.id() && self.community.town_pot() == Some(own.0) => {
                Sight::Balance
            }
            Role::Account(own) if own == account.id() => Sight::Lines,
            Role::Account(own) => {
                // A place sees its own budgets and pots.
                let now = wall_clock();
                let standing = self.reader.standing();
                let organisation = account.standing(now).state.organisation;
                let shares = organisation.is_some()
                    && standing
                        .account(&own)
                        .is_some_and(|own| own.standing(now).state.organisation == organisation);
                let is_of_place = matches!(account.kind(), AccountKind::Budget | AccountKind::Fund);
                if shares && is_of_place { Sight::Balance } else { Sight::Nothing }
            }
            Role::Cashier(_) => Sight::Nothing,
            Role::Council => match account.kind() {
                AccountKind::Budget | AccountKind::Fund | AccountKind::Merchant | AccountKind::Settlement => {
                    Sight::Balance
                }
                AccountKind::Member | AccountKind::Card | AccountKind::Voucher | AccountKind::Partner => {
                    Sight::State
                }
            },
            Role::Auditor => Sight::Balance,
        }
    }

    pub(super) fn seen(
        &self,
        visitor: &Visitor,
        id: &AccountId,
        least: Sight,
    ) -> Result<(Account, Sight), Refused> {
        if visitor.role == Role::Cashier(*id) {
            return Err(Refused::Forbidden {
                advice: "this key takes payments: the owner of the account sees more",
            });
        }
        let account = self.reader.standing().account(id).cloned();
        let found = account.map(|account| {
            let sight = self.sight(visitor, &account);
            (account, sight)
        });
        found.filter(|(_, sight)| least <= *sight).ok_or(Refused::Unknown {
            what: "account",
            code: "unknown_account",
            advice: "it does not exist, or is not for your session to see",
        })
    }

    /// Returns an account.
    ///
    /// # Errors
    /// `Unknown` also for an account that the visitor may not see.
    pub fn account(&self, visitor: &Visitor, id: &AccountId) -> Result<AccountJson, Refused> {
        let (account, sight) = self.seen(visitor, id, Sight::State)?;
        let is_own = matches!(visitor.role, Role::Account(own) if own == *id);
        let states = if is_own { self.states_of(&account, wall_clock())? } else { Vec::new() };
        Ok(AccountJson { keys_since: keys_since(&states), ..self.account_json(visitor, &account, sight) })
    }

    /// Returns accounts that the visitor may see, from position `from` in the order of opening; with `ending` only those
    /// whose text ends like that.
    pub fn accounts(&self, visitor: &Visitor, from: usize, ending: Option<&str>) -> AccountPage {
        let mut page: Vec<(usize, Account)> = {
            // Looked at without holding the writer up: only what fits the page is copied.
            let standing = self.reader.standing();
            let all = standing.accounts().enumerate().skip(from);
            let may_see = |account: &Account| match visitor.role {
                Role::Account(own) => account.id() == own || shares_place(&standing, &own, account),
                Role::Cashier(_) => false,
                Role::Council | Role::Auditor => true,
            };
            let ends = |account: &Account| ending.is_none_or(|end| account.id().to_string().ends_with(end));
            all.filter(|(_, account)| may_see(account) && ends(account))
                .take(LINES_PER_PAGE_MAX + 1)
                .map(|(place, account)| (place, account.clone()))
                .collect()
        };
        let next = (page.len() > LINES_PER_PAGE_MAX)
            .then(|| page.pop())
            .flatten()
            .map(|(place, _)| place.to_string());
        let accounts = page
            .iter()
            .map(|(_, account)| self.account_json(visitor, account, self.sight(visitor, account)))
            .collect();
        AccountPage { accounts, next }
    }

    fn account_json(&self, visitor: &Visitor, account: &Account, sight: Sight) -> AccountJson {
        let now = wall_clock();
        let scale = self.scale();
        let in_force = account.standing(now);
        let total = |minor: u64| Total::new(minor).unwrap_or_default().to_decimal(scale);
        let shown = Sight::Balance <= sight;
        let within = available(account, now);
        let cannot_give = why_not_given(account, within, now);
        let available = if cannot_give.is_some() { 0 } else { within };
        let status = match account.closed_to() {
            Some(_) => "closed",
            None => in_force.status.word(),
        };
        let name = self.community.profile(&account.id()).filter(|row| match visitor.role {
            Role::Account(own) => row.listed || own == account.id(),
            Role::Cashier(_) => row.listed,
            Role::Council => row.listed || account.kind() != AccountKind::Member,
            Role::Auditor => false,
        });
        AccountJson {
            state: AccountStateJson::of(&in_force.state, scale),
            status: status.to_owned(),
            base: in_force.base,
            debits: shown.then(|| total(account.debits())),
            credits: shown.then(|| total(account.credits())),
            balance: shown.then(|| balance_to_decimal(account.balance(), scale)),
            available: shown.then(|| total(available)),
            cannot_give: cannot_give.filter(|_| shown),
            lines: account.lines(),
            last_line: account.last_line(),
            closed_to: account.closed_to().map(|heir| heir.to_string()),
            pending: account.waiting(now).map(|waiting| PendingJson {
                index: waiting.index,
                effective_at: waiting.effective_at.to_string(),
                vetoable: waiting.has_veto,
                what: waiting_word(&waiting.what).to_owned(),
                state: match &waiting.what {
                    WaitingFor::Change { state, .. } => Some(AccountStateJson::of(state, scale)),
                    WaitingFor::Close { .. } => None,
                },
            }),
            name: name.map(|row| row.name),
            keys_since: Vec::new(),
        }
    }

    /// Returns a page of an account's lines; `cursor` is what the page before gave.
    ///
    /// # Errors
    /// `Unknown` for an account that is not the visitor's own, and what the store cannot read.
    pub fn statement(
        &self,
        visitor: &Visitor,
        id: &AccountId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<StatementPage, Refused> {
        let (account, _) = self.seen(visitor, id, Sight::Lines)?;
        let scale = self.scale();
        let balance = account.balance();
        let (before, mut after) = match cursor {
            Some(cursor) => read_cursor(cursor).map(|(before, balance)| (Some(before), Some(balance)))?,
            None => (None, None),
        };
        let page = self.reader.statement(id, before, limit.clamp(1, LINES_PER_PAGE_MAX))?;
        let mut lines = Vec::with_capacity(page.lines.len());
        for line in &page.lines {
            // A line recorded after the account was looked at belongs to the next look.
            if before.is_none() && account.lines() <= line.line.line.seq {
                continue;
            }
            let balance_after = after.unwrap_or(balance);
            lines.push(self.statement_line(&account, line, balance_after)?);
            // A cursor comes from outside: whatever it says, this must not overflow.
            let moved = line.line.line.debit as i64 - line.line.line.credit as i64;
            after = Some(balance_after.saturating_add(moved));
        }
        let next = page.before.map(|before| print_cursor(before, after.unwrap_or(balance)));
        let balance = balance_to_decimal(balance, scale);
        Ok(StatementPage { account: id.to_string(), balance, lines, next })
    }

    fn statement_line(
        &self,
        account: &Account,
        found: &engine::StatementLine,
        balance: i64,
    ) -> Result<StatementLine, Refused> {
        let scale = self.scale();
        let line = &found.line;
        let total = |minor: u64| Total::new(minor).unwrap_or_default().to_decimal(scale);
        let opening = self.reader.receipt(line.index, Holder::Line(found.number))?.opening;
        let record = Record::decode(&self.reader.record(line.index)?.record)?;
        let state = account.standing(wall_clock()).state;
        let is_signer = record
            .signed
            .signatures()
            .iter()
            .any(|(key, _)| state.keys.iter().any(|grant| grant.key.as_bytes() == key));
        let own = is_signer || is_own(record.signed.entry(), &account.id());
        Ok(StatementLine {
            index: line.index,
            line: found.number.into(),
            recorded_at: line.recorded_at.to_string(),
            kind: line.kind.word().to_owned(),
            seq: line.line.seq,
            debit: total(line.line.debit),
            credit: total(line.line.credit),
            balance: balance_to_decimal(balance, scale),
            reference: line.line.reference.map(reference_json),
            memo: self.community.memo(line.index).map(|memo| MemoJson::of(&memo)),
            reason: match &record.signed.entry().body {
                Body::Earn(earn) => Some(earn.reason.word().to_owned()),
                Body::Correct(correct) => Some(correct.reason.word().to_owned()),
                _ => None,
            },
            with: self.other_side(line, &self.reader.lines(line.index)?),
            entry: own.then(|| EntryJson::of(record.signed.entry(), scale)),
            opening: base64url(&opening.encode()),
        })
    }

    /// Returns what is new about an account.
    ///
    /// # Errors
    /// `Unknown` for an account that is not the visitor's own.
    pub fn line_event(&self, visitor: &Visitor, id: &AccountId) -> Result<LineEvent, Refused> {
        let (account, _) = self.seen(visitor, id, Sight::Lines)?;
        Ok(LineEvent {
            index: account.last_line().unwrap_or_default(),
            lines: account.lines(),
            balance: balance_to_decimal(account.balance(), self.scale()),
        })
    }

    /// Returns the receipt of record `index`, opened for the visitor: whole for who signed it, their line for an
    /// account, everything for an auditor. `line` chooses among several lines of one account.
    ///
    /// # Errors
    /// `Unknown` when the record holds nothing for the visitor.
    pub fn receipt(&self, visitor: &Visitor, index: u64, line: Option<u16>) -> Result<ReceiptJson, Refused> {
        let stored = self.reader.record(index).map_err(|error| self.beyond_damage(error.into()))?;
        let record = Record::decode(&stored.record)?;
        let signed = record.signed.signatures().iter().any(|(key, _)| key == visitor.key.as_bytes());
        let holder = match (visitor.role, line) {
            (Role::Auditor, None) => Holder::Auditor,
            (Role::Cashier(_), Some(_)) if !is_of_day(record.recorded_at, wall_clock()) => {
                return Err(engine::ReadError::NoLine { index }.into());
            }
            (Role::Account(account) | Role::Cashier(account), Some(number)) => {
                let lines = self.reader.lines(index)?;
                let seen = |line: &&LedgerLine| {
                    line.line.account == account
                        && (visitor.role == Role::Account(account) || is_of_till(line))
                };
                if lines.get(usize::from(number)).filter(seen).is_none() {
                    return Err(engine::ReadError::NoLine { index }.into());
                }
                Holder::Line(number)
            }
            _ if signed && line.is_none() => Holder::Signer,
            (Role::Account(account), None) => Holder::Account(account),
            (Role::Cashier(_) | Role::Council | Role::Auditor, _) => {
                return Err(engine::ReadError::NoLine { index }.into());
            }
        };
        let receipt = self.receipt_as_witnessed(index, holder)?;
        let id = (signed || holder == Holder::Auditor).then(|| record.signed.id(&self.ledger()));
        Ok(ReceiptJson::of(&receipt, id.as_ref()))
    }

    /// Returns the receipt of an entry by its id, as [`receipt`](Self::receipt).
    ///
    /// # Errors
    /// `Unknown` when it is not recorded, or holds nothing for the visitor.
    pub fn receipt_of(&self, visitor: &Visitor, id: &EntryId) -> Result<ReceiptJson, Refused> {
        let unknown = || Refused::Unknown {
            what: "entry",
            code: "unknown_entry",
            advice: "it was not recorded, or is not for your session; send the signed entry again to be sure",
        };
        let index = self.reader.find(id, None)?.ok_or_else(|| self.beyond_damage(unknown()))?;
        match self.receipt(visitor, index, None) {
            Err(Refused::Unknown { .. }) => Err(unknown()),
            answer => answer,
        }
    }

    /// Sets the name of an account.
    ///
    /// # Errors
    /// When the visitor is neither the account's nor the council, or the name cannot be shown.
    pub async fn set_profile(
        &self,
        visitor: &Visitor,
        id: &AccountId,
        profile: &Profile,
    ) -> Result<(), Refused> {
        let (account, sight) = self.seen(visitor, id, Sight::State)?;
        if sight < Sight::Lines && visitor.role != Role::Council {
            return Err(Refused::Forbidden {
                advice: "only the account itself or the council gives it a name",
            });
        }
        if profile.listed
            && !matches!(account.kind(), AccountKind::Merchant | AccountKind::Budget | AccountKind::Fund)
        {
            let expected = "only places, pots and merchants can be listed";
            return Err(FieldError::new("listed", "true", expected).into());
        }
        if let Some(name) = &profile.name
            && let Some(fault) = fault_of_name(name)
        {
            return Err(FieldError::new("name", name, fault).into());
        }
        if let Some(Some(address)) = &profile.address
            && let Some(fault) = fault_of_name(address)
        {
            return Err(FieldError::new("address", address, fault).into());
        }
        let asked = profile.position.map(|asked| {
            asked.map(|position| (position.latitude_microdegrees, position.longitude_microdegrees))
        });
        if let Some(Some(position)) = asked
            && !is_on_earth(position)
        {
            let expected = "millionths of a degree belong here, of a place on the earth";
            return Err(FieldError::new("position", format!("{position:?}"), expected).into());
        }
        self.must_record()?;
        let before = self.community.profile(id);
        let position = asked.unwrap_or_else(|| before.as_ref().and_then(|row| row.position));
        let address = profile.address.clone().unwrap_or_else(|| before.and_then(|row| row.address));
        let listed = profile.listed;
        let row = profile.name.clone().map(|name| ProfileRow { name, listed, address, position });
        self.community.set_profile(*id, row).await?;
        self.name_pots(id).await
    }

    /// Returns everybody who chose to be listed.
    pub fn directory(&self) -> DirectoryPage {
        let listed = self.community.listed();
        let open: Vec<(AccountId, ProfileRow, AccountKind)> = {
            let standing = self.reader.standing();
            let kind = |id: &AccountId| {
                standing.account(id).filter(|account| account.closed_to().is_none()).map(Account::kind)
            };
            listed.into_iter().filter_map(|(id, row)| Some((id, row, kind(&id)?))).collect()
        };
        let mut entries: Vec<DirectoryEntry> = open
            .into_iter()
            .map(|(id, row, kind)| DirectoryEntry {
                account: id.to_string(),
                kind: kind.word().to_owned(),
                name: row.name,
                address: row.address,
                position: row.position.map(|(latitude_microdegrees, longitude_microdegrees)| Position {
                    latitude_microdegrees,
                    longitude_microdegrees,
                }),
                paused: self.takes_nothing(&id),
                services: self.community.till(&id).services,
            })
            .collect();
        entries.sort_by(|a, b| (&a.name, &a.account).cmp(&(&b.name, &b.account)));
        DirectoryPage { entries }
    }

    /// Returns the attested snapshot that the ledger was founded on, empty when it continues none; the access is noted.
    ///
    /// # Errors
    /// `Forbidden` for everybody but auditors; also when it cannot be read.
    pub async fn predecessor(&self, visitor: &Visitor) -> Result<Vec<u8>, Refused> {
        self.begin_audit(visitor, 0).await?;
        let Some(data) = self.data.get() else { return Ok(Vec::new()) };
        let unread = |error: crate::config::ConfigError| {
            let file = data.predecessor().display().to_string();
            Refused::BeyondDamage { why: Reason::new("disk", error.to_string()).with("file", file) }
        };
        // It is as large as a town.
        let from = data.clone();
        let read = tokio::task::spawn_blocking(move || read_predecessor(&from)).await;
        Ok(read.expect("reading a file does not panic").map_err(unread)?.unwrap_or_default())
    }

    /// Notes that an auditor reads the records from `from` on.
    ///
    /// # Errors
    /// When the visitor is no auditor, or the access cannot be noted.
    pub async fn begin_audit(&self, visitor: &Visitor, from: u64) -> Result<(), Refused> {
        if visitor.role != Role::Auditor {
            return Err(Refused::Forbidden { advice: "records are for auditors that the council has named" });
        }
        let row = AccessRow {
            at: wall_clock().seconds(),
            auditor: visitor.key.to_string(),
            from,
            size: self.reader.head().size,
        };
        Ok(self.community.log_access(row).await?)
    }
}

fn shares_place(standing: &Standing, own: &AccountId, account: &Account) -> bool {
    let now = wall_clock();
    let organisation = account.standing(now).state.organisation;
    organisation.is_some()
        && matches!(account.kind(), AccountKind::Budget | AccountKind::Fund)
        && standing.account(own).is_some_and(|own| own.standing(now).state.organisation == organisation)
}

/// Returns why nothing can be given from a budget now, of which `within` is what its cap leaves; `None` when something
/// can be, and for other accounts.
fn why_not_given(account: &Account, within: u64, now: Timestamp) -> Option<CannotGive> {
    if account.kind() != AccountKind::Budget {
        return None;
    }
    let in_force = account.standing(now);
    let ended = in_force.state.until.is_some_and(|until| until.has_passed(now));
    match in_force.status {
        _ if account.closed_to().is_some() => Some(CannotGive::Closed),
        AccountStatus::Frozen => Some(CannotGive::Resting),
        AccountStatus::Open if ended => Some(CannotGive::Ended),
        AccountStatus::Open if within == 0 => Some(CannotGive::Spent),
        AccountStatus::Open => None,
    }
}

/// Returns whether the entry is an act of `account` itself.
fn is_own(entry: &Entry, account: &AccountId) -> bool {
    match &entry.body {
        Body::Earn(earn) => earn.budget == *account,
        Body::Pay(pay) => pay.from == *account,
        Body::Redeem(redeem) => redeem.merchant == *account,
        _ => false,
    }
}

pub(super) fn reference_json(reference: Reference) -> ReferenceJson {
    match reference {
        Reference::Request(id) => ReferenceJson::Request { id: id.to_hex() },
        Reference::Task(id) => ReferenceJson::Task { id: id.to_hex() },
        Reference::Line { index, line } => ReferenceJson::Line { index, line },
        Reference::State(digest) => ReferenceJson::State { digest: digest.to_hex() },
    }
}

/// A cursor holds the record that the page ended with, and the balance before it.
fn print_cursor(before: u64, balance: i64) -> String {
    format!("{before}.{balance}")
}

fn read_cursor(cursor: &str) -> Result<(u64, i64), FieldError> {
    let wrong = || FieldError::new("cursor", cursor, "use the cursor that the page before gave, or none");
    let (before, balance) = cursor.split_once('.').ok_or_else(wrong)?;
    Ok((before.parse().map_err(|_| wrong())?, balance.parse().map_err(|_| wrong())?))
}

/// Returns an anchored audit note as it is at `now`.
fn note_json(note: &AnchoredNote, now: Timestamp) -> AuditNoteJson {
    AuditNoteJson {
        index: note.index,
        size: note.size,
        anchored_at: note.recorded_at.to_string(),
        age_seconds: now.millis_since(note.recorded_at) / 1_000,
        document: data_encoding::HEXLOWER.encode(&note.document.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back() {
        assert_eq!(read_cursor(&print_cursor(7, -12)), Ok((7, -12)));
        for wrong in ["", "7", "7.", "x.1", "7.1.2"] {
            assert!(read_cursor(wrong).is_err(), "{wrong}");
        }
    }
}
