//! Invitations, and opening member accounts by the community's policy.

use super::sessions::Answered;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::invitations::{COUNTED_SECONDS, InvitationRow, OPEN_MAX};
use crate::community::sessions::{Role, Visitor};
use klaver_api::join::{CreateInvitation, Invitation, Join, Joined};
use klaver_api::receipt::ReceiptJson;
use klaver_api::session::Claim;
use klaver_api::text::FieldError;
use klaver_ledger::account::{AccountKind, AccountState, AccountStatus, KeyGrant, Rights};
use klaver_ledger::books::Account;
use klaver_ledger::charter::Joining;
use klaver_ledger::engine::Holder;
use klaver_ledger::entry::{Body, Open};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::PublicKey;
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::link::{CodeId, Link};
use klaver_ledger::time::{Deadline, Seconds};
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// How many may use one invitation.
const USES: RangeInclusive<u64> = 1..=1_000;
/// How long an invitation may last, in seconds: a minute to thirty days.
pub(super) const VALID_FOR: RangeInclusive<u64> = 60..=30 * DAY_SECONDS;
/// How many people a member may invite in a week, and how many a place: those of an afternoon.
pub const INVITED_MAX: [u64; 2] = [5, 30];
/// How long an invitation of a member or place may last, in seconds: as long as its uses count.
const OWN_VALID_FOR_MAX: u64 = COUNTED_SECONDS;
const NO_INVITATION: &str = "ask a member, a place or the council for an invitation";
const BY_COUNCIL: &str =
    "here the council opens every account: give it the public key that your wallet shows";
/// Most keys that somebody may join with: two devices and a recovery key.
const KEYS_MAX: usize = 3;

impl Service {
    /// Creates an invitation for the council; for a member or a place within bounds, as long as not the council opens
    /// every account.
    ///
    /// # Errors
    /// For another visitor, a number out of range, or when so many of theirs may still be used or were this week.
    pub async fn invite(&self, visitor: &Visitor, asked: &CreateInvitation) -> Result<Invitation, Refused> {
        let by = match visitor.role {
            Role::Council => None,
            Role::Account(account) => Some((account, self.may_invite(&account, &visitor.key)?)),
            _ => return Err(Refused::Forbidden { advice: NO_INVITATION }),
        };
        if let Some((account, most)) = by {
            if asked.valid_for > OWN_VALID_FOR_MAX {
                let expected = format!("at most {OWN_VALID_FOR_MAX} belongs here, seven days");
                return Err(FieldError::new("valid_for", asked.valid_for, expected).into());
            }
            let open = self.community.invited_by(&account, wall_clock().seconds());
            if open.saturating_add(asked.uses) > most {
                let advice = "wait until some have ended and a week is over, or ask the council";
                return Err(Refused::TooMany {
                    what: "invitations of yours in a week",
                    limit: most as usize,
                    advice,
                });
            }
        }
        let code = self.make_invitation(asked, by.map(|(account, _)| account)).await?;
        self.invitation(&code)
    }

    /// Returns how many people an account may invite in a week: a person's own few, or those of an afternoon. An account
    /// that rests invites nobody, nor does a key that was lent for a while.
    fn may_invite(&self, account: &AccountId, key: &PublicKey) -> Result<u64, Refused> {
        let (standing, now) = (self.reader.standing(), wall_clock());
        let joining = standing.charter(now).map(|charter| charter.policy.joining);
        let may = |account: &&Account| {
            let in_force = account.standing(now);
            let is_own = in_force.state.grant(key).is_some_and(|grant| grant.until.is_none());
            account.closed_to().is_none() && in_force.status == AccountStatus::Open && is_own
        };
        match standing.account(account).filter(may).map(|one| one.kind()) {
            _ if joining == Some(Joining::ByCouncil) => Err(Refused::Forbidden { advice: BY_COUNCIL }),
            Some(AccountKind::Member) => Ok(INVITED_MAX[0]),
            Some(AccountKind::Budget) => Ok(INVITED_MAX[1]),
            _ => Err(Refused::Forbidden { advice: NO_INVITATION }),
        }
    }

    /// Creates an invitation, whoever asks: for founding.
    ///
    /// # Errors
    /// For a number out of range, or when it cannot be kept.
    pub async fn new_invitation(&self, asked: &CreateInvitation) -> Result<[u8; 16], Refused> {
        self.make_invitation(asked, None).await
    }

    async fn make_invitation(
        &self,
        asked: &CreateInvitation,
        by: Option<AccountId>,
    ) -> Result<[u8; 16], Refused> {
        let in_range = |field, value: u64, range: RangeInclusive<u64>| {
            let expected = format!("{} to {} belongs here", range.start(), range.end());
            if range.contains(&value) { Ok(()) } else { Err(FieldError::new(field, value, expected)) }
        };
        in_range("uses", asked.uses, USES)?;
        in_range("valid_for", asked.valid_for, VALID_FOR)?;
        self.must_record()?;
        let mut code = [0; 16];
        getrandom::fill(&mut code)?;
        let now = wall_clock();
        let expires_at = Deadline::after(now, Seconds(asked.valid_for)).seconds();
        let (by, made_at) = (by.map(|account| account.0), now.seconds());
        let row = InvitationRow { uses_left: asked.uses, expires_at, by, made_at, used: 0 };
        if !self.community.add_invitation(code, row).await? {
            let advice = "let some be used or expire";
            return Err(Refused::TooMany { what: "open invitations", limit: OPEN_MAX, advice });
        }
        Ok(code)
    }

    /// Returns an invitation that can be used, by its code.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn invitation(&self, code: &[u8; 16]) -> Result<Invitation, Refused> {
        let row = self.community.invitation(code, wall_clock().seconds()).ok_or_else(unknown_invitation)?;
        let link = Link::Invitation { node: self.address.clone(), code: CodeId(*code) }.print()?;
        Ok(Invitation {
            code: code_of(&link),
            link,
            uses_left: row.uses_left,
            expires_at: Deadline::from_seconds(row.expires_at).map(|end| end.to_string()).unwrap_or_default(),
        })
    }

    /// Opens a member account. Asking again with the same first key gives the same account. `address` is where the visitor
    /// comes from, when that is known.
    ///
    /// # Errors
    /// Without proof of every key, without a valid invitation where one is needed, or when the rules do not allow it.
    pub async fn join(&self, asked: &Join, address: Option<IpAddr>) -> Result<Joined, Refused> {
        let keys = self.joining_keys(asked)?;
        self.prove_keys(asked, &keys)?;
        if let Some(account) = self.joined_before(&keys[0]) {
            return Ok(Joined { account: account.to_string(), receipt: None });
        }
        self.must_record()?;
        let now = wall_clock();
        let policy = {
            let standing = self.reader.standing();
            standing.charter(now).expect("an open ledger has a charter").policy.clone()
        };
        let code = match (policy.joining, &asked.code) {
            (Joining::ByCouncil, _) => {
                return Err(Refused::Forbidden { advice: BY_COUNCIL });
            }
            (Joining::Open, None) => None,
            (Joining::ByInvitation, None) => return Err(unknown_invitation()),
            (_, Some(code)) => Some(self.code_from(code)?),
        };
        let is_kept_for = code.as_ref().is_some_and(|code| !self.is_of_member(code));
        self.arrivals.admit(address, is_kept_for, now.day(), policy.registrar_opens)?;
        let opened = self.open_invited(keys, policy.member_limit, code.as_ref()).await;
        if opened.is_err() && !is_kept_for {
            self.arrivals.give_back(now.day());
        }
        opened
    }

    /// Returns whether a member made an invitation: the accounts that are kept of a day are not for those, or one member
    /// could give them all away.
    fn is_of_member(&self, code: &[u8; 16]) -> bool {
        let by = self.community.invitation(code, wall_clock().seconds()).and_then(|row| row.by);
        let standing = self.reader.standing();
        by.and_then(|by| standing.account(&AccountId(by)))
            .is_some_and(|account| account.kind() == AccountKind::Member)
    }

    async fn open_invited(
        &self,
        keys: Vec<KeyGrant>,
        limit: klaver_ledger::amount::Total,
        code: Option<&[u8; 16]>,
    ) -> Result<Joined, Refused> {
        if let Some(code) = code
            && !self.community.use_invitation(code, wall_clock().seconds()).await?
        {
            return Err(unknown_invitation());
        }
        let opened = self.open_member(keys, limit).await;
        if let (Err(_), Some(code)) = (&opened, code) {
            self.community.return_invitation(code);
        }
        opened
    }

    fn joining_keys(&self, asked: &Join) -> Result<Vec<KeyGrant>, Refused> {
        let wrong = |value: String, expected: &str| Err(FieldError::new("keys", value, expected).into());
        if asked.keys.is_empty() || asked.keys.len() > KEYS_MAX {
            return wrong(format!("{} keys", asked.keys.len()), "one to three keys belong here");
        }
        let keys: Vec<KeyGrant> =
            asked.keys.iter().map(|key| key.to_grant(self.scale())).collect::<Result<_, _>>()?;
        let now = wall_clock();
        if let Some(until) = keys.iter().filter_map(|key| key.until).find(|until| until.has_passed(now)) {
            return wrong(
                until.to_string(),
                "a key that still counts belongs here: leave its end away, or give a later one",
            );
        }
        if !keys[0].rights.include(Rights::SPEND.and(Rights::MANAGE)) {
            return wrong(keys[0].rights.to_string(), "the first key may spend and manage");
        }
        Ok(keys)
    }

    /// Checks that whoever asks holds every key: a key that somebody else brought first could never be its owner's.
    fn prove_keys(&self, asked: &Join, keys: &[KeyGrant]) -> Result<(), Refused> {
        let proof = &asked.proof;
        if proof.signatures.len() != keys.len() {
            let found = format!("{} signatures", proof.signatures.len());
            return Err(FieldError::new("signatures", found, "one for each key belongs here").into());
        }
        let answered = Answered::read(&proof.nonce, &proof.expires_at)?;
        let claim = Claim::Join(keys[0].key);
        for (grant, signature) in keys.iter().zip(&proof.signatures) {
            if !self.is_signed(&answered, &claim, &grant.key, signature)? {
                return Err(Refused::JoinSignature { key: grant.key });
            }
        }
        self.take(&answered)
    }

    fn joined_before(&self, first: &KeyGrant) -> Option<AccountId> {
        let standing = self.reader.standing();
        standing
            .accounts_of_key(&first.key)
            .find(|account| account.kind() == AccountKind::Member)
            .map(|a| a.id())
    }

    async fn open_member(
        &self,
        keys: Vec<KeyGrant>,
        limit: klaver_ledger::amount::Total,
    ) -> Result<Joined, Refused> {
        let mut account = [0; 16];
        getrandom::fill(&mut account)?;
        let state =
            AccountState { limit, ..AccountState::plain(AccountId(account), AccountKind::Member, keys) };
        let index = self.record_by(&self.registrar, Body::Open(Open { states: vec![state] })).await?;
        // The registrar signed the record; the member gets what the account's line opens.
        let receipt = self.reader.receipt(index, Holder::Account(AccountId(account)))?;
        let receipt = Some(ReceiptJson::of(&receipt, None));
        Ok(Joined { account: AccountId(account).to_string(), receipt })
    }

    /// Reads an invitation's code as links write it.
    ///
    /// # Errors
    /// `Unknown` when it cannot be one.
    pub fn code_from(&self, code: &str) -> Result<[u8; 16], Refused> {
        match Link::parse(&format!("{}/i/{code}", self.config.public_url)) {
            Ok(Link::Invitation { code, .. }) => Ok(code.0),
            _ => Err(unknown_invitation()),
        }
    }
}

fn code_of(link: &str) -> String {
    link.rsplit('/').next().unwrap_or_default().to_owned()
}

fn unknown_invitation() -> Refused {
    Refused::Unknown {
        what: "invitation",
        code: "unknown_invitation",
        advice: "it was used, has expired, or was typed wrongly; ask for a new one",
    }
}
