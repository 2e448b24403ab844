//! Who has signed, counted for an account or an office. No signature is verified here: that came before.

use super::{Account, Rejection, Standing, Who};
use crate::account::{AccountKind, Rights};
use crate::amount::Total;
use crate::charter::Charter;
use crate::id::OrganisationId;
use crate::keys::PublicKey;
use crate::time::Timestamp;

/// The keys whose signatures hold, and the charter by which offices are counted.
pub(super) struct Signers<'a> {
    pub keys: &'a [PublicKey],
    pub standing: &'a Standing,
    pub charter: &'a Charter,
    pub now: Timestamp,
}

/// Somebody who may sign an entry.
#[derive(Clone, Copy)]
pub(super) enum Party<'a> {
    Council,
    Rescue,
    Auditors,
    Registrar,
    Guardian,
    /// Keys that are given.
    Keys(&'a [PublicKey]),
    /// Keys of the account with any of these rights.
    Account(&'a Account, Rights),
    /// Spend keys of budgets and funds of organisations other than this one.
    OtherOrganisations(Option<OrganisationId>),
    /// Spend keys of this organisation's budgets and funds.
    Organisation(OrganisationId),
}

impl Signers<'_> {
    /// Checks that every signature is by a key of one of `parties`: a stranger's makes the entry malformed.
    pub fn only(&self, parties: &[Party<'_>]) -> Result<(), Rejection> {
        for key in self.keys {
            if !parties.iter().any(|party| self.belongs(key, party)) {
                return Err(self.why_not(key, parties));
            }
        }
        Ok(())
    }

    fn belongs(&self, key: &PublicKey, party: &Party<'_>) -> bool {
        match party {
            Party::Council => self.charter.council.contains(key),
            Party::Rescue => self.charter.rescue.contains(key),
            Party::Auditors => self.charter.auditors.contains(key),
            Party::Registrar => self.charter.registrar == *key,
            Party::Guardian => self.charter.guardian == *key,
            Party::Keys(keys) => keys.contains(key),
            Party::Account(account, rights) => self.holds_any(account, key, *rights),
            Party::OtherOrganisations(own) => self.is_of_other_organisation(key, *own),
            Party::Organisation(organisation) => self.speaks_for(key, |of| of == *organisation),
        }
    }

    fn holds_any(&self, account: &Account, key: &PublicKey, rights: Rights) -> bool {
        let state = account.standing(self.now).state;
        state
            .grant(key)
            .is_some_and(|grant| grant.rights.bits() & rights.bits() != 0 && grant.counts(self.now))
    }

    fn is_of_other_organisation(&self, key: &PublicKey, own: Option<OrganisationId>) -> bool {
        self.speaks_for(key, |organisation| Some(organisation) != own)
    }

    /// Returns whether `key` may spend from a budget or fund of an organisation that is `wanted`.
    ///
    /// Members, cards and vouchers may name an organisation too, and the node opens those by itself: they never
    /// speak for it.
    fn speaks_for(&self, key: &PublicKey, wanted: impl Fn(OrganisationId) -> bool) -> bool {
        self.standing.accounts_of_key(key).any(|account| {
            matches!(account.kind(), AccountKind::Budget | AccountKind::Fund)
                && account.standing(self.now).state.organisation.is_some_and(&wanted)
                && account.closed_to().is_none()
                && account.check_awake("signatures", self.now).is_ok()
                && self.holds_any(account, key, Rights::SPEND)
        })
    }

    /// Says what is wrong with a key: unknown here, without the right, or ended.
    fn why_not(&self, key: &PublicKey, parties: &[Party<'_>]) -> Rejection {
        for party in parties {
            if let Party::Account(account, rights) = party
                && let Some(grant) = account.standing(self.now).state.grant(key)
            {
                return match grant.until {
                    Some(until) if until.has_passed(self.now) => Rejection::KeyEnded { key: *key, until },
                    _ => {
                        let (account, held, right) = (account.id(), grant.rights, *rights);
                        Rejection::MissingRight { key: *key, account, held, right }
                    }
                };
            }
        }
        Rejection::KeyNotAllowed { key: *key }
    }

    /// Returns how many of `office` have signed.
    pub fn count(&self, office: &[PublicKey]) -> u64 {
        self.keys.iter().filter(|key| office.contains(key)).count() as u64
    }

    /// Returns whether enough of the council have signed.
    pub fn is_council(&self) -> bool {
        self.count(&self.charter.council) >= self.charter.council_threshold
    }

    /// Checks that enough of the council have signed.
    pub fn need_council(&self) -> Result<(), Rejection> {
        if self.is_council() { Ok(()) } else { Err(self.lacks_council()) }
    }

    pub fn lacks_council(&self) -> Rejection {
        let (have, need) = (self.count(&self.charter.council), self.charter.council_threshold);
        Rejection::LacksSigners { who: Who::Council, have, need }
    }

    /// Returns whether `key` has signed.
    pub fn has(&self, key: &PublicKey) -> bool {
        self.keys.contains(key)
    }

    /// Returns whether anybody of council or auditors has signed.
    pub fn has_office(&self) -> bool {
        self.count(&self.charter.council) > 0 || self.has_auditor()
    }

    /// Returns whether a key that `account` lists has signed, whatever it may do.
    pub fn is_listed(&self, account: &Account) -> bool {
        let state = account.standing(self.now).state;
        self.keys.iter().any(|key| state.grant(key).is_some())
    }

    pub fn has_auditor(&self) -> bool {
        self.count(&self.charter.auditors) > 0
    }

    /// Returns whether a spend key of `organisation` has signed.
    pub fn has_organisation(&self, organisation: OrganisationId) -> bool {
        self.keys.iter().any(|key| self.belongs(key, &Party::Organisation(organisation)))
    }

    /// Returns whether a second organisation, other than `own`, has signed.
    pub fn has_other_organisation(&self, own: Option<OrganisationId>) -> bool {
        self.keys.iter().any(|key| self.is_of_other_organisation(key, own))
    }

    /// Returns whether enough keys of `account` with `right` have signed.
    pub fn is_account(&self, account: &Account, right: Rights) -> bool {
        self.count_account(account, right, Total::ZERO) >= account.standing(self.now).state.threshold
    }

    /// Returns how many keys of `account` have signed, with whatever right.
    pub fn count_any(&self, account: &Account) -> u64 {
        self.keys.iter().filter(|key| self.holds_any(account, key, Rights::ALL)).count() as u64
    }

    /// Returns whether enough manage keys of `account` have signed; otherwise enough of the council must have.
    pub fn is_owner_or_else_council(&self, account: &Account) -> Result<bool, Rejection> {
        if self.is_account(account, Rights::MANAGE) {
            return Ok(true);
        }
        if self.is_council() {
            return Ok(false);
        }
        // Whoever signed with a key of the account hears how many more of those are needed.
        if self.count_any(account) > 0 {
            self.need_account(account, Rights::MANAGE, Total::ZERO)?;
        }
        Err(self.lacks_council())
    }

    fn count_account(&self, account: &Account, right: Rights, debited: Total) -> u64 {
        let state = account.standing(self.now).state;
        let counts = |key: &&PublicKey| {
            self.holds_any(account, key, right)
                && state.grant(key).and_then(|grant| grant.cap).is_none_or(|cap| debited <= cap.into())
        };
        self.keys.iter().filter(counts).count() as u64
    }

    /// Checks that enough keys of `account` with `right`, and with a cap of at least `debited`, have signed.
    pub fn need_account(&self, account: &Account, right: Rights, debited: Total) -> Result<(), Rejection> {
        self.need(account, right, debited, account.standing(self.now).state.threshold)
    }

    /// Checks that one key of `account` with `right` has signed, whatever its threshold.
    pub fn need_one(&self, account: &Account, right: Rights, debited: Total) -> Result<(), Rejection> {
        self.need(account, right, debited, 1)
    }

    fn need(&self, account: &Account, right: Rights, debited: Total, need: u64) -> Result<(), Rejection> {
        let have = self.count_account(account, right, debited);
        if have >= need {
            return Ok(());
        }
        if self.count_account(account, right, Total::ZERO) >= need {
            let state = account.standing(self.now).state;
            let capped = self.keys.iter().find_map(|key| {
                let cap = state.grant(key)?.cap?;
                (debited > cap.into()).then_some((*key, cap))
            });
            if let Some((key, cap)) = capped {
                return Err(Rejection::KeyCap { key, cap: cap.into(), requested: debited });
            }
        }
        let who = Who::Account { account: account.id(), kind: account.kind(), right };
        Err(Rejection::LacksSigners { who, have, need })
    }
}
