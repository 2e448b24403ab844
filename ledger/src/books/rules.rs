//! What the books allow: one function for each kind of entry, read from top to bottom.
//!
//! A rule looks up, refuses, and writes a sheet of lines; when it returns effects, posting them cannot fail.
//! The node, replay, audit and simulation all decide by [`apply`]. In every rule `now` is the record's time.

use super::chart::{check_credited, check_debited, may_inherit};
use super::effects::{Act, CirculationChange, Community, Effects, Reference};
use super::sheet::{CreditAs, Sheet, total};
use super::signers::{Party, Signers};
use super::soundness::{check_charter, check_state};
use super::windows::{Claim, Row, RowLine};
use super::{Account, Books, Kinds, Rejection, Standing, Waiting, WaitingFor, Who};
use crate::account::{AccountKind, AccountState, AccountStatus, Rights};
use crate::amount::Total;
use crate::charter::Charter;
use crate::entry::*;
use crate::id::{AccountId, Digest, LedgerId};
use crate::keys::PublicKey;
use crate::limits::{INTEGER_MAX, OWN_CORRECTION_MS, REOPEN_DELAY_SECONDS, RESCUE_DELAY_SECONDS};
use crate::time::{Seconds, Timestamp};

type Verdict = Result<Effects, Rejection>;

/// Decides whether `entry` may be recorded at `now`, and what that changes.
///
/// # Errors
/// The first rule that the entry breaks.
pub fn apply(books: &Books, entry: &VerifiedEntry, now: Timestamp) -> Verdict {
    apply_signed_by(books, entry, entry.signers(), now)
}

/// Decides as if `keys` had signed: for forecasts about entries that wait for signatures.
pub(super) fn apply_signed_by(
    books: &Books,
    entry: &VerifiedEntry,
    keys: &[PublicKey],
    now: Timestamp,
) -> Verdict {
    let body = &entry.entry().body;
    let Some((charter, charter_base)) = books.standing.charter_in_force(now) else {
        return match body {
            Body::Found(founding) => found(books, entry, founding, now),
            _ => Err(Rejection::NotFounded),
        };
    };
    check_not_expired(entry.entry(), now)?;
    if books.standing.has_ended() {
        return Err(Rejection::Ended);
    }
    let signers = Signers { keys, standing: &books.standing, charter, now };
    let case =
        &Case { books, standing: &books.standing, entry: entry.entry(), signers, charter, charter_base, now };
    let effects = match body {
        Body::Found(_) => Err(Rejection::AlreadyFounded),
        Body::Govern(body) => govern(case, body),
        Body::Open(body) => open(case, body),
        Body::Change(body) => change(case, body),
        Body::Veto(body) => veto(case, body),
        Body::Close(body) => close(case, body),
        Body::Earn(body) => earn(case, body),
        Body::Pay(body) => pay(case, body),
        Body::Refund(body) => refund(case, body),
        Body::Redeem(body) => redeem(case, body),
        Body::Settle(body) => settle(case, body),
        Body::Retire(body) => retire(case, body),
        Body::Correct(body) => correct(case, body),
        Body::Attest(body) => attest(case, body),
    }?;
    // Last, because it is remembered: only whoever may sign the entry can have it remembered.
    check_validity(entry.entry(), charter, now)?;
    check_sums(case, &effects)?;
    Ok(effects)
}

/// Everything a rule may look at.
struct Case<'a> {
    books: &'a Books,
    standing: &'a Standing,
    entry: &'a Entry,
    signers: Signers<'a>,
    charter: &'a Charter,
    charter_base: u64,
    now: Timestamp,
}

impl<'a> Case<'a> {
    /// Looks up an account that is not closed; `field` is where it stands in the entry.
    fn account(&self, field: &'static str, id: &AccountId) -> Result<&'a Account, Rejection> {
        let unknown = Rejection::UnknownAccount { field, account: *id };
        self.standing.account(id).ok_or(unknown)?.check_not_closed(field)
    }

    fn sheet(&self) -> Sheet {
        Sheet::new(self.now)
    }

    fn state(&self, account: &Account) -> std::sync::Arc<AccountState> {
        account.standing(self.now).state
    }
}

/// recorded_at < expires_at.
fn check_not_expired(entry: &Entry, now: Timestamp) -> Result<(), Rejection> {
    let expires_at = entry.expires_at;
    if expires_at.has_passed(now) { Err(Rejection::Expired { expires_at, now }) } else { Ok(()) }
}

/// The community's sums stay exact integers, like every other number on the wire.
fn check_sums(case: &Case<'_>, effects: &Effects) -> Result<(), Rejection> {
    if case.standing.circulation.stays_within_bounds(&effects.circulation) {
        return Ok(());
    }
    Err(Rejection::TotalTooLarge { account: settlement(case)?.id() })
}

/// expires_at <= recorded_at + the longest validity.
fn check_validity(entry: &Entry, charter: &Charter, now: Timestamp) -> Result<(), Rejection> {
    let expires_at = entry.expires_at;
    let longest = match entry.body {
        Body::Pay(_) => charter.policy.pay_validity,
        _ => charter.policy.other_validity,
    };
    let latest = now.after(longest);
    if expires_at.millis() > latest.millis() {
        return Err(Rejection::ValidTooLong { expires_at, latest });
    }
    Ok(())
}

// ---- the community -------------------------------------------------------------------------------------

/// Founds the ledger: index 0 and nowhere else, signed by every council key.
fn found(books: &Books, entry: &VerifiedEntry, found: &Found, now: Timestamp) -> Verdict {
    let charter = &found.charter;
    check_not_expired(entry.entry(), now)?;
    check_validity(entry.entry(), charter, now)?;
    check_charter(&books.standing, charter, None)?;
    let signers = Signers { keys: entry.signers(), standing: &books.standing, charter, now };
    let old_council = check_predecessor(books, found, now)?;
    signers.only(&[Party::Council, Party::Keys(old_council)])?;
    let (have, need) = (signers.count(&charter.council), charter.council.len() as u64);
    if have < need {
        return Err(Rejection::LacksSigners { who: Who::Founders, have, need });
    }
    if let Some(inherited) = &books.standing.inherited {
        let (have, need) = (signers.count(old_council), inherited.council_threshold);
        if have < need {
            return Err(Rejection::LacksSigners { who: Who::Council, have, need });
        }
    }

    let ledger = LedgerId::of_founding_payload(entry.signed().payload());
    let community = Community {
        ledger,
        name: found.name.clone(),
        unit: found.unit.clone(),
        scale: found.scale,
        predecessor: found.predecessor,
        settlement: AccountId::settlement_of(&ledger),
    };
    let act = Act::Found { community: Box::new(community), charter: Box::new(charter.clone()) };
    Ok(Effects::of([], [act], CirculationChange::default()))
}

/// Checks that the books came over from the predecessor that is named, or from nobody; returns its council.
fn check_predecessor<'b>(
    books: &'b Books,
    found: &Found,
    now: Timestamp,
) -> Result<&'b [PublicKey], Rejection> {
    let unsound = |field, reason| Err(Rejection::UnsoundSuccession { field, reason });
    match (&books.standing.inherited, &found.predecessor) {
        (None, None) => Ok(&[]),
        (None, Some(_)) => {
            unsound("snapshot", "the attested snapshot of the predecessor is not at hand: put it in place")
        }
        (Some(_), None) => {
            unsound("predecessor", "a snapshot came over and the founding entry names none: name it")
        }
        (Some(_), Some(_)) if now < books.standing.last_recorded_at => {
            unsound("predecessor", "it recorded something later than now: set the clock right")
        }
        (Some(inherited), Some(named)) => {
            inherited.check(named, found.scale, &found.charter)?;
            Ok(&inherited.council)
        }
    }
}

/// Replaces the charter after the recovery delay; rescue keys may replace the council alone, after thirty days.
fn govern(case: &Case<'_>, govern: &Govern) -> Verdict {
    case.signers.only(&[Party::Council, Party::Rescue])?;
    let by_rescue = !case.signers.is_council();
    if by_rescue {
        let (have, need) = (case.signers.count(&case.charter.rescue), case.charter.rescue_threshold);
        if have == 0 || need == 0 {
            return Err(case.signers.lacks_council());
        }
        if have < need {
            return Err(Rejection::LacksSigners { who: Who::Rescue, have, need });
        }
        let mut council_alone = case.charter.clone();
        council_alone.council.clone_from(&govern.charter.council);
        council_alone.council_threshold = govern.charter.council_threshold;
        if council_alone != govern.charter {
            let what = "anything but council keys and threshold, by rescue keys,";
            return Err(Rejection::MixedChange { what });
        }
    }
    if govern.base != case.charter_base {
        return Err(Rejection::WrongBase { base: govern.base, in_force: case.charter_base });
    }
    if let Some(waiting) = case.standing.waiting_charter(case.now) {
        return Err(Rejection::PendingExists { index: waiting.index, effective_at: waiting.effective_at });
    }
    check_charter(case.standing, &govern.charter, Some(case.charter))?;

    let delay = if by_rescue { Seconds(RESCUE_DELAY_SECONDS) } else { case.charter.policy.recovery_delay };
    let mut sheet = case.sheet();
    let charter = Box::new(govern.charter.clone());
    sheet.act(Act::PendCharter { charter, effective_at: case.now.after(delay), by_rescue });
    Ok(sheet.finish())
}

/// Anchors a document: by the council or an auditor; a snapshot of the books by both, the end of the ledger by the
/// council.
fn attest(case: &Case<'_>, attest: &Attest) -> Verdict {
    case.signers.only(&[Party::Council, Party::Auditors])?;
    let by_auditor = case.signers.has_auditor();
    if !case.signers.is_council() && (attest.statement == Statement::Snapshot || !by_auditor) {
        return Err(case.signers.lacks_council());
    }
    if attest.statement == Statement::Snapshot && !by_auditor {
        return Err(Rejection::LacksSigners { who: Who::Auditor, have: 0, need: 1 });
    }
    let recorded = case.standing.size();
    if attest.size > recorded {
        return Err(Rejection::AttestAhead { size: attest.size, recorded });
    }
    let mut sheet = case.sheet();
    if attest.statement == Statement::Succession {
        case.signers.need_council()?;
        let unsound = |field, reason| Err(Rejection::UnsoundSuccession { field, reason });
        if attest.size != recorded {
            return unsound("size", "a ledger ends where it stands: name the number of its records");
        }
        if attest.document != Digest::of(&case.books.encode_snapshot()) {
            return unsound(
                "document",
                "it is not the digest of the books at that size: take that of the closing snapshot",
            );
        }
        sheet.act(Act::End);
    }
    Ok(sheet.finish())
}

// ---- accounts ------------------------------------------------------------------------------------------

/// Opens accounts: by the council, or ordinary ones by the registrar.
fn open(case: &Case<'_>, open: &Open) -> Verdict {
    case.signers.only(&[Party::Council, Party::Registrar])?;
    if !case.signers.is_council() {
        if !case.signers.has(&case.charter.registrar) {
            return Err(case.signers.lacks_council());
        }
        check_registrar_may_open(case, &open.states)?;
    }
    for state in &open.states {
        if case.standing.account(&state.account).is_some() {
            return Err(Rejection::AccountExists { account: state.account });
        }
        check_state(case.standing, state, None, &open.states, case.now)?;
    }

    let mut sheet = case.sheet();
    for state in &open.states {
        let digest = codec::state_digest(state, AccountStatus::Open);
        sheet.mention_new(state.account, Some(Reference::State(digest)));
        sheet.act(Act::Open { state: Box::new(state.clone()) });
    }
    if !case.signers.is_council() {
        sheet.act(Act::CountRegistrar { opens: open.states.len() as u64, freezes: 0 });
    }
    Ok(sheet.finish())
}

/// The registrar opens members at exactly the default limit, cards and vouchers, so many a day.
fn check_registrar_may_open(case: &Case<'_>, states: &[AccountState]) -> Result<(), Rejection> {
    let policy = &case.charter.policy;
    for state in states {
        let (account, refuse) =
            (state.account, |field, account, reason| Err(Rejection::Registrar { field, account, reason }));
        match state.kind {
            AccountKind::Member if policy.joining == crate::charter::Joining::ByCouncil => {
                return refuse("kind", account, "opens no members where only the council admits them");
            }
            AccountKind::Member if state.limit != policy.member_limit => {
                return refuse("limit", account, "opens members at exactly the default limit");
            }
            AccountKind::Member | AccountKind::Card | AccountKind::Voucher => {}
            _ => return refuse("kind", account, "opens members, cards and vouchers only"),
        }
    }
    let (limit, done) = (policy.registrar_opens, case.books.windows.registrar_opens(case.now));
    if done + states.len() as u64 > limit {
        return Err(Rejection::RegistrarDay { what: "open", limit, done });
    }
    Ok(())
}

/// Changes an account: its status alone, or its state.
fn change(case: &Case<'_>, change: &Change) -> Verdict {
    let account = case.account("account", &change.state.account)?;
    // Whoever has nothing to do with the account hears nothing about it.
    let organisation = case.state(account).organisation.map(Party::Organisation);
    let offices = [Party::Council, Party::Auditors, Party::Registrar, Party::Guardian];
    let parties = [Party::Account(account, Rights::ALL)].into_iter().chain(offices).chain(organisation);
    case.signers.only(&parties.collect::<Vec<_>>())?;
    if account.kind() != change.state.kind {
        return Err(Rejection::KindIsFixed { account: account.id(), kind: account.kind() });
    }
    if account.kind() == AccountKind::Settlement {
        let reason = "the settlement account has no keys and never changes";
        return Err(Rejection::UnsoundState { field: "kind", account: account.id(), reason });
    }
    let in_force = account.standing(case.now);
    if *in_force.state == change.state {
        return match change.status {
            status if status == in_force.status => Err(Rejection::NothingToChange { account: account.id() }),
            AccountStatus::Frozen => freeze(case, account, change),
            AccountStatus::Open => unfreeze(case, account, change),
        };
    }
    if change.base != in_force.base {
        return Err(Rejection::WrongBase { base: change.base, in_force: in_force.base });
    }
    if change.status != in_force.status {
        return reopen(case, account, change);
    }
    let (old, new) = (&*in_force.state, &change.state);
    let own = old.keys != new.keys || old.threshold != new.threshold || old.heir != new.heir;
    let bounds = old.limit != new.limit
        || old.ceiling != new.ceiling
        || old.organisation != new.organisation
        || old.until != new.until
        || old.payees != new.payees;
    match (own, bounds) {
        (true, true) => Err(Rejection::MixedChange { what: "keys and bounds" }),
        (false, _) => change_bounds(case, account, change),
        (true, false) => change_keys(case, account, change),
    }
}

/// Puts an account to rest: any own key, the council, or the registrar for members, cards and vouchers.
fn freeze(case: &Case<'_>, account: &Account, change: &Change) -> Verdict {
    case.signers.only(&[Party::Account(account, Rights::ALL), Party::Council, Party::Registrar])?;
    let by_own_key = case.signers.count_any(account) > 0;
    let by_registrar = !by_own_key && !case.signers.is_council() && case.signers.has(&case.charter.registrar);
    if by_registrar {
        if !matches!(account.kind(), AccountKind::Member | AccountKind::Card | AccountKind::Voucher) {
            let reason = "puts members, cards and vouchers to rest only";
            return Err(Rejection::Registrar { field: "kind", account: account.id(), reason });
        }
        let (limit, done) =
            (case.charter.policy.registrar_freezes, case.books.windows.registrar_freezes(case.now));
        if done + 1 > limit {
            return Err(Rejection::RegistrarDay { what: "put to rest", limit, done });
        }
    } else if !by_own_key {
        case.signers.need_council()?;
    }
    let mut sheet = named(case, account, change);
    sheet.act(Act::SetStatus { account: account.id(), status: AccountStatus::Frozen });
    if by_registrar {
        sheet.act(Act::CountRegistrar { opens: 0, freezes: 1 });
    }
    Ok(sheet.finish())
}

/// Wakes an account: the council.
fn unfreeze(case: &Case<'_>, account: &Account, change: &Change) -> Verdict {
    case.signers.only(&[Party::Council])?;
    case.signers.need_council()?;
    let mut sheet = named(case, account, change);
    sheet.act(Act::SetStatus { account: account.id(), status: AccountStatus::Open });
    Ok(sheet.finish())
}

/// A frozen card or voucher gets a new printed key and opens again, with a spend key of its organisation:
/// by the guardian (after the right PIN) at once, by the registrar after a day.
fn reopen(case: &Case<'_>, account: &Account, change: &Change) -> Verdict {
    let old = case.state(account);
    let keys_alone = AccountState { keys: change.state.keys.clone(), ..(*old).clone() };
    let is_paper = matches!(account.kind(), AccountKind::Card | AccountKind::Voucher);
    let organisation = match old.organisation {
        Some(organisation)
            if is_paper && change.status == AccountStatus::Open && keys_alone == change.state =>
        {
            organisation
        }
        _ => return Err(Rejection::MixedChange { what: "state and status" }),
    };
    case.signers.only(&[Party::Guardian, Party::Registrar, Party::Organisation(organisation)])?;
    if old.keys.iter().any(|grant| change.state.grant(&grant.key).is_some()) {
        let reason = "must be new: the old printed key may be in other hands";
        return Err(Rejection::UnsoundState { field: "keys", account: account.id(), reason });
    }
    let by_guardian = account.kind() == AccountKind::Card && case.signers.has(&case.charter.guardian);
    let by_registrar = case.signers.has(&case.charter.registrar);
    if !(by_guardian || by_registrar) || !case.signers.has_organisation(organisation) {
        let have =
            u64::from(by_guardian || by_registrar) + u64::from(case.signers.has_organisation(organisation));
        return Err(Rejection::LacksSigners { who: Who::Issuer, have, need: 2 });
    }
    check_state(case.standing, &change.state, Some(&old), &[], case.now)?;
    refuse_while_waiting(case, account)?;

    let mut sheet = named(case, account, change);
    if by_guardian {
        sheet.act(Act::Replace { state: Box::new(change.state.clone()), own: false });
        sheet.act(Act::SetStatus { account: account.id(), status: AccountStatus::Open });
    } else {
        sheet.act(Act::PendState {
            state: Box::new(change.state.clone()),
            opens: true,
            effective_at: case.now.after(Seconds(REOPEN_DELAY_SECONDS)),
            has_veto: true,
            digest: body_digest(case.entry),
        });
    }
    Ok(sheet.finish())
}

/// Limit, ceiling, organisation, end and payees: the council, at once.
fn change_bounds(case: &Case<'_>, account: &Account, change: &Change) -> Verdict {
    case.signers.only(&[Party::Council])?;
    case.signers.need_council()?;
    check_state(case.standing, &change.state, Some(&case.state(account)), &[], case.now)?;
    // A state that waits is complete: it would bring the old bounds back.
    refuse_while_waiting(case, account)?;
    let mut sheet = named(case, account, change);
    sheet.act(Act::Replace { state: Box::new(change.state.clone()), own: false });
    Ok(sheet.finish())
}

/// Keys, threshold and heir: own manage keys at once, or the council after the recovery delay.
fn change_keys(case: &Case<'_>, account: &Account, change: &Change) -> Verdict {
    case.signers.only(&[Party::Account(account, Rights::MANAGE), Party::Council, Party::Auditors])?;
    let sound = || check_state(case.standing, &change.state, Some(&case.state(account)), &[], case.now);
    let mut sheet = named(case, account, change);
    if case.signers.is_account(account, Rights::MANAGE) {
        account.check_awake("account", case.now)?;
        sound()?;
        sheet.act(Act::Replace { state: Box::new(change.state.clone()), own: true });
        sheet.act(Act::OwnEntry { account: account.id() });
        return Ok(sheet.finish());
    }
    if !case.signers.is_council() {
        let has_own = case.signers.count_any(account) > 0;
        return Err(if has_own {
            case.signers.lacks_account(account, Rights::MANAGE)
        } else {
            case.signers.lacks_council()
        });
    }
    sound()?;
    refuse_while_waiting(case, account)?;
    let (effective_at, has_veto) = council_delay(case, account);
    let (state, digest) = (Box::new(change.state.clone()), body_digest(case.entry));
    sheet.act(Act::PendState { state, opens: false, effective_at, has_veto, digest });
    Ok(sheet.finish())
}

/// Stops what waits: a manage key of the account; for a charter an auditor, or the council against rescue keys.
fn veto(case: &Case<'_>, veto: &Veto) -> Verdict {
    let not_pending = Rejection::NotPending { index: veto.index };
    if let Some(waiting) =
        case.standing.waiting_charter(case.now).filter(|waiting| waiting.index == veto.index)
    {
        // Strangers hear the same as when nothing waits: an answer must not tell them what does.
        if !case.signers.has_office() {
            return Err(not_pending);
        }
        return veto_charter(case, waiting.by_rescue, &waiting.charter);
    }
    let account = case.standing.account_waiting_for(veto.index).ok_or(not_pending.clone())?;
    if !case.signers.is_listed(account) {
        return Err(not_pending);
    }
    case.signers.only(&[Party::Account(account, Rights::MANAGE)])?;
    case.signers.need_one(account, Rights::MANAGE, Total::ZERO)?;
    let waiting =
        account.waiting(case.now).filter(|waiting| waiting.effective_at > case.now).ok_or(not_pending)?;
    if !waiting.has_veto {
        return Err(Rejection::VetoNotAllowed { index: veto.index });
    }
    if account.standing(case.now).status == AccountStatus::Frozen && account.frozen_veto_used {
        return Err(Rejection::VetoUsed { account: account.id() });
    }

    let mut sheet = case.sheet();
    sheet.mention(account, None);
    sheet.act(Act::VetoAccount { account: account.id() });
    sheet.act(Act::OwnEntry { account: account.id() });
    Ok(sheet.finish())
}

fn veto_charter(case: &Case<'_>, by_rescue: bool, waiting: &Charter) -> Verdict {
    if by_rescue {
        case.signers.only(&[Party::Council])?;
        case.signers.need_council()?;
    } else {
        case.signers.only(&[Party::Auditors])?;
        let may_veto = |auditor| {
            let mut without = case.charter.clone();
            without.auditors.retain(|key| key != auditor);
            // An auditor has no veto against nothing but the own removal.
            without != *waiting
        };
        let auditors = &case.charter.auditors;
        if !auditors.iter().any(|auditor| case.signers.has(auditor) && may_veto(auditor)) {
            return Err(Rejection::LacksSigners { who: Who::OtherAuditor, have: 0, need: 1 });
        }
    }
    let mut sheet = case.sheet();
    sheet.act(Act::VetoCharter);
    Ok(sheet.finish())
}

/// Closes an account: own manage keys at once; the council at once without balance, else announced first.
fn close(case: &Case<'_>, close: &Close) -> Verdict {
    let account = case.account("account", &close.account)?;
    // Always asked, so that the answer does not tell strangers whether the balance is below zero.
    let heir = case.standing.account(&close.heir).map(|heir| Party::Account(heir, Rights::SPEND));
    let parties = [Party::Account(account, Rights::MANAGE), Party::Council, Party::Auditors];
    case.signers.only(&parties.into_iter().chain(heir).collect::<Vec<_>>())?;
    let by_owner = case.signers.is_account(account, Rights::MANAGE);
    if !by_owner && !case.signers.is_council() {
        let has_own = case.signers.count_any(account) > 0;
        return Err(if has_own {
            case.signers.lacks_account(account, Rights::MANAGE)
        } else {
            case.signers.lacks_council()
        });
    }
    let heir = case.account("heir", &close.heir)?;
    check_heir(case, account, heir)?;
    if by_owner {
        account.check_awake("account", case.now)?;
    } else {
        check_council_closes_to(case, account, heir)?;
        if account.balance() != 0 && !is_announced(case, account, heir)? {
            return announce_close(case, account, heir);
        }
    }

    let mut sheet = case.sheet();
    match account.balance() {
        0 => sheet.mention(account, None),
        balance if balance > 0 => {
            sheet.take(account, balance.unsigned_abs(), None)?;
            sheet.credit(heir, balance.unsigned_abs(), None, CreditAs::Reversal)?;
        }
        balance => {
            let owed = balance.unsigned_abs();
            case.signers.need_account(heir, Rights::SPEND, total(owed))?;
            heir.check_awake("heir", case.now)?;
            sheet.debit(heir, owed, None)?;
            sheet.credit(account, owed, None, CreditAs::Reversal)?;
        }
    }
    // Only a move between a budget and an account that is none changes what is in circulation.
    let moved = account.balance();
    if (account.kind() == AccountKind::Budget) != (heir.kind() == AccountKind::Budget) {
        sheet.circulation.returned = moved.abs();
    }
    sheet.act(Act::Close { account: account.id(), heir: heir.id() });
    Ok(sheet.finish())
}

/// Who may inherit; a debt only whoever may be debited by its own keys alone, and for whom it may be.
fn check_heir(case: &Case<'_>, account: &Account, heir: &Account) -> Result<(), Rejection> {
    check_debited(Kind::Close, "account", account.kind())?;
    if account.id() == heir.id() {
        return Err(Rejection::SameAccount { account: account.id() });
    }
    let owes = account.balance() < 0;
    // A card is debited with its guardian, never by the printed key alone.
    let may = |kind: AccountKind| may_inherit(kind, account.kind()) && !(owes && kind == AccountKind::Card);
    if !may(heir.kind()) {
        let allowed = Kinds(AccountKind::ALL.iter().copied().filter(|kind| may(*kind)).collect());
        return Err(Rejection::WrongAccountKind {
            field: "heir",
            kind: Kind::Close,
            found: heir.kind(),
            allowed,
        });
    }
    match account.balance() {
        0 => Ok(()),
        owed if owed < 0 => check_fund_pays(case, heir, account),
        _ => check_fund_ends_with(case, account, heir),
    }
}

/// A fund that names its payees leaves what it has to one of them, or to a fund that hands out to no others.
fn check_fund_ends_with(case: &Case<'_>, fund: &Account, heir: &Account) -> Result<(), Rejection> {
    let (own, other) = (case.state(fund), case.state(heir));
    match (&own.payees, &other.payees) {
        (Some(own), Some(other)) if other.iter().all(|payee| own.contains(payee)) => Ok(()),
        _ => check_fund_pays(case, fund, heir),
    }
}

/// A fund that names its payees gives to no others, in whatever way.
fn check_fund_pays(case: &Case<'_>, fund: &Account, to: &Account) -> Result<(), Rejection> {
    match &case.state(fund).payees {
        Some(payees) if !payees.contains(&to.id()) => {
            Err(Rejection::NotAPayee { from: fund.id(), to: to.id() })
        }
        _ => Ok(()),
    }
}

/// Whether the council announced exactly this close, and long enough ago.
fn is_announced(case: &Case<'_>, account: &Account, heir: &Account) -> Result<bool, Rejection> {
    match account.waiting(case.now) {
        None => Ok(false),
        Some(Waiting { index, effective_at, what: WaitingFor::Close { heir: announced }, .. }) => {
            if *announced != heir.id() {
                // The heir has changed since: another announcement takes the place of this one.
                Ok(false)
            } else if *effective_at <= case.now {
                Ok(true)
            } else {
                Err(Rejection::CloseWaits { index: *index, effective_at: *effective_at })
            }
        }
        Some(waiting) => {
            Err(Rejection::PendingExists { index: waiting.index, effective_at: waiting.effective_at })
        }
    }
}

fn check_council_closes_to(case: &Case<'_>, account: &Account, heir: &Account) -> Result<(), Rejection> {
    let successor = |heir| case.standing.successor(&heir).map(Account::id);
    let own = case.state(account).heir.map(successor).transpose()?;
    // Two who name each other: when one is closed, the other would be its own heir, which is none.
    let own = own.filter(|heir| *heir != account.id());
    let fund = case.charter.policy.heir_fund.map(successor).transpose()?;
    let expected = own.or(fund).ok_or(Rejection::NoHeir { account: account.id() })?;
    if expected == heir.id() {
        Ok(())
    } else {
        Err(Rejection::NotTheHeir { account: account.id(), heir: expected })
    }
}

fn announce_close(case: &Case<'_>, account: &Account, heir: &Account) -> Verdict {
    let (effective_at, has_veto) = council_delay(case, account);
    let mut sheet = case.sheet();
    sheet.mention(account, None);
    sheet.act(Act::PendClose { account: account.id(), heir: heir.id(), effective_at, has_veto });
    Ok(sheet.finish())
}

/// How long an act of the council on somebody's account waits, and whether it can be vetoed: after a veto,
/// council and auditor together may record the same once more, with twice the delay and no veto.
fn council_delay(case: &Case<'_>, account: &Account) -> (Timestamp, bool) {
    let delay = case.charter.policy.recovery_delay;
    let again = case.signers.has_auditor() && account.vetoed == Some(body_digest(case.entry));
    if again { (case.now.after(Seconds(delay.0 * 2)), false) } else { (case.now.after(delay), true) }
}

fn refuse_while_waiting(case: &Case<'_>, account: &Account) -> Result<(), Rejection> {
    match account.waiting(case.now) {
        None => Ok(()),
        // A close that was announced and could have been carried out stands in nobody's way.
        Some(waiting) if waiting.effective_at <= case.now => Ok(()),
        Some(waiting) => {
            Err(Rejection::PendingExists { index: waiting.index, effective_at: waiting.effective_at })
        }
    }
}

/// A sheet whose one line says which state and status the entry names.
fn named(case: &Case<'_>, account: &Account, change: &Change) -> Sheet {
    let mut sheet = case.sheet();
    sheet.mention(account, Some(Reference::State(codec::state_digest(&change.state, change.status))));
    sheet
}

/// SHA-256 of what an entry says, without nonce and expiry: the same act recorded again has the same.
fn body_digest(entry: &Entry) -> Digest {
    match &entry.body {
        Body::Close(close) => close_digest(&close.account, &close.heir),
        Body::Change(change) => codec::state_digest(&change.state, change.status),
        _ => unreachable!("only changes and closes wait for an account"),
    }
}

/// SHA-256 of what a close says.
pub(super) fn close_digest(account: &AccountId, heir: &AccountId) -> Digest {
    Digest::of(&[&b"close"[..], &account.0, &heir.0].concat())
}

// ---- credits -------------------------------------------------------------------------------------------

/// Issues credits from a budget to a group.
fn earn(case: &Case<'_>, earn: &Earn) -> Verdict {
    let budget = case.account("budget", &earn.budget)?;
    check_debited(Kind::Earn, "budget", budget.kind())?;
    let state = case.state(budget);
    case.signers
        .only(&[Party::Account(budget, Rights::SPEND), Party::OtherOrganisations(state.organisation)])?;
    let sum = sum_of(earn.payees.iter().map(|(_, amount)| amount.minor()), budget)?;
    case.signers.need_account(budget, Rights::SPEND, total(sum))?;
    check_second_organisation(case, &state, sum)?;
    budget.check_awake("budget", case.now)?;
    check_budget_runs(budget, &state, case.now)?;

    let mut sheet = case.sheet();
    let reference = earn.task.map(Reference::Task);
    sheet.debit(budget, sum, reference)?;
    let mut lines = smallvec::SmallVec::new();
    for (payee, amount) in &earn.payees {
        let payee = case.account("payees", payee)?;
        check_credited(Kind::Earn, "payees", payee.kind())?;
        sheet.credit(payee, amount.minor(), reference, CreditAs::Payment)?;
        lines.push(RowLine { account: payee.id(), left: amount.minor() });
    }
    sheet.act(Act::Remember {
        row: Row { kind: Kind::Earn, origin: budget.id(), recorded_at: case.now, lines },
    });
    sheet.act(Act::OwnEntry { account: budget.id() });
    if let Some(organisation) = state.organisation {
        sheet.act(Act::CountIssued { organisation, amount: sum });
    }
    sheet.circulation.issued = sum as i64;
    Ok(sheet.finish())
}

/// Above the organisation's amount of the day, gross, a second organisation signs too.
fn check_second_organisation(case: &Case<'_>, budget: &AccountState, sum: u64) -> Result<(), Rejection> {
    let Some(own) = budget.organisation else { return Ok(()) };
    let today = case.books.windows.issued_today(&own, case.now);
    if today + sum > INTEGER_MAX {
        return Err(Rejection::TotalTooLarge { account: budget.account });
    }
    let Some(day_amount) = case.charter.policy.organisation_day_amount else { return Ok(()) };
    if today + sum <= day_amount.minor() || case.signers.has_other_organisation(Some(own)) {
        return Ok(());
    }
    Err(Rejection::LacksSigners { who: Who::OtherOrganisation, have: 0, need: 1 })
}

fn check_budget_runs(budget: &Account, state: &AccountState, now: Timestamp) -> Result<(), Rejection> {
    match state.until {
        Some(until) if until.has_passed(now) => Err(Rejection::BudgetEnded { budget: budget.id(), until }),
        _ => Ok(()),
    }
}

/// Moves credits from one account to others.
fn pay(case: &Case<'_>, pay: &Pay) -> Verdict {
    let from = case.account("from", &pay.from)?;
    check_debited(Kind::Pay, "from", from.kind())?;
    let is_card = from.kind() == AccountKind::Card;
    let guardian: &[Party<'_>] = if is_card { &[Party::Guardian] } else { &[] };
    case.signers.only(&[&[Party::Account(from, Rights::SPEND)], guardian].concat())?;
    let sum = sum_of(pay.payees.iter().map(|line| line.amount.minor()), from)?;
    case.signers.need_account(from, Rights::SPEND, total(sum))?;
    if is_card && !case.signers.has(&case.charter.guardian) {
        return Err(Rejection::LacksSigners { who: Who::Guardian, have: 1, need: 2 });
    }
    if pay.payees.iter().any(|line| line.to == from.id()) {
        return Err(Rejection::SameAccount { account: from.id() });
    }
    from.check_awake("from", case.now)?;
    check_late(case, pay)?;
    let state = case.state(from);

    let mut sheet = case.sheet();
    sheet.debit(from, sum, None)?;
    let mut lines = smallvec::SmallVec::new();
    for (at, line) in pay.payees.iter().enumerate() {
        let payee = check_payee(case, from, &state, line)?;
        check_request(case, &pay.payees[..at], line)?;
        let reference = line.request.map(|request| Reference::Request(request.id));
        sheet.credit(payee, line.amount.minor(), reference, CreditAs::Payment)?;
        lines.push(RowLine { account: payee.id(), left: line.amount.minor() });
        if payee.kind() == AccountKind::Budget {
            sheet.circulation.returned += line.amount.minor() as i64;
        }
        if let Some(request) = line.request {
            sheet.act(Act::PayRequest { payee: payee.id(), request: request.id, until: request.until });
        }
    }
    sheet
        .act(Act::Remember { row: Row { kind: Kind::Pay, origin: from.id(), recorded_at: case.now, lines } });
    sheet.act(Act::OwnEntry { account: from.id() });
    Ok(sheet.finish())
}

/// A payment shown without network has one line and no memo, and stays below the cap.
fn check_late(case: &Case<'_>, pay: &Pay) -> Result<(), Rejection> {
    if !pay.late {
        return Ok(());
    }
    if pay.payees.len() != 1 {
        return Err(Rejection::LateForm { what: "more than one payee" });
    }
    if case.entry.memo.is_some() {
        return Err(Rejection::LateForm { what: "a memo" });
    }
    let (cap, amount) = (case.charter.policy.offline_cap, Total::from(pay.payees[0].amount));
    if amount > cap { Err(Rejection::LateCap { cap, amount }) } else { Ok(()) }
}

fn check_payee<'a>(
    case: &Case<'a>,
    from: &Account,
    state: &AccountState,
    line: &PayLine,
) -> Result<&'a Account, Rejection> {
    let payee = case.account("to", &line.to)?;
    check_credited(Kind::Pay, "to", payee.kind())?;
    if state.payees.as_ref().is_some_and(|payees| !payees.contains(&payee.id())) {
        return Err(Rejection::NotAPayee { from: from.id(), to: payee.id() });
    }
    if from.kind() == AccountKind::Voucher
        && let Some(until) = state.until.filter(|until| until.has_passed(case.now))
    {
        let heir = state.heir.map(|heir| case.standing.successor(&heir)).transpose()?;
        if heir.is_none_or(|heir| heir.id() != payee.id()) {
            return Err(Rejection::VoucherEnded { voucher: from.id(), until });
        }
    }
    Ok(payee)
}

/// A request is paid at most once, by a payment that expires no later than the request.
fn check_request(case: &Case<'_>, earlier: &[PayLine], line: &PayLine) -> Result<(), Rejection> {
    let Some(request) = line.request else { return Ok(()) };
    let (expires_at, until) = (case.entry.expires_at, request.until);
    if expires_at > until {
        return Err(Rejection::RequestOutlived { expires_at, until });
    }
    let latest = case.now.after(case.charter.policy.other_validity);
    if until.millis() > latest.millis() {
        return Err(Rejection::RequestTooLong { until, latest });
    }
    let twice_here = earlier.iter().any(|e| e.to == line.to && e.request.is_some_and(|r| r.id == request.id));
    if twice_here || case.books.windows.request_is_paid(line.to, request.id, case.now) {
        return Err(Rejection::RequestPaid { request: request.id });
    }
    Ok(())
}

/// Gives back a payment, or what is left of it, by its payee.
fn refund(case: &Case<'_>, refund: &Refund) -> Verdict {
    let (row, line) = row_line(case, refund.index, refund.line)?;
    if row.kind != Kind::Pay {
        return Err(Rejection::NoSuchLine { index: refund.index, line: refund.line });
    }
    // To whoever is not its payee, a line that exists looks like one that does not.
    let unknown = Rejection::NoSuchLine { index: refund.index, line: refund.line };
    let payee = case.account("line", &line.account).map_err(|_| unknown.clone())?;
    let parties = [Party::Account(payee, Rights::REFUND)];
    case.signers.only(&parties).map_err(|refusal| strangers_hear(refusal, &unknown))?;
    case.signers.need_one(payee, Rights::REFUND, refund.amount.into())?;
    check_window(case, refund.index, row.recorded_at, case.charter.policy.refund_window)?;
    check_left(refund.index, refund.line, line.left, refund.amount.minor())?;
    payee.check_awake("line", case.now)?;
    if payee.kind() == AccountKind::Budget {
        check_budget_runs(payee, &case.state(payee), case.now)?;
    }
    let payer = case.standing.successor(&row.origin)?;

    let mut sheet = case.sheet();
    let reference = Some(Reference::Line { index: refund.index, line: refund.line });
    sheet.debit(payee, refund.amount.minor(), reference)?;
    sheet.credit(payer, refund.amount.minor(), reference, CreditAs::Reversal)?;
    sheet.act(Act::Reverse { index: refund.index, line: refund.line, amount: refund.amount.minor() });
    sheet.act(Act::OwnEntry { account: payee.id() });
    if payee.kind() == AccountKind::Budget {
        sheet.circulation.returned = -(refund.amount.minor() as i64);
    }
    Ok(sheet.finish())
}

/// A merchant gives back credits that it holds, at the policy's rate.
fn redeem(case: &Case<'_>, redeem: &Redeem) -> Verdict {
    let merchant = case.account("merchant", &redeem.merchant)?;
    check_debited(Kind::Redeem, "merchant", merchant.kind())?;
    case.signers.only(&[Party::Account(merchant, Rights::REDEEM)])?;
    case.signers.need_account(merchant, Rights::REDEEM, redeem.amount.into())?;
    merchant.check_awake("merchant", case.now)?;
    let in_force = case.charter.policy.euro_rate;
    if redeem.rate != in_force {
        let show = |rate: Option<crate::amount::Rate>| {
            rate.map_or("none".to_owned(), |rate| format!("{}/{}", rate.numerator(), rate.denominator()))
        };
        return Err(Rejection::WrongRate { found: show(redeem.rate), in_force: show(in_force) });
    }
    // A credit limit is for spending; euro are paid only for credits that were received.
    let held = u64::try_from(merchant.balance()).unwrap_or(0);
    if redeem.amount.minor() > held {
        let (available, requested) = (total(held), redeem.amount.into());
        return Err(Rejection::InsufficientCredits { account: merchant.id(), available, requested });
    }
    let settlement = settlement(case)?;

    let mut sheet = case.sheet();
    sheet.debit(merchant, redeem.amount.minor(), None)?;
    sheet.credit(settlement, redeem.amount.minor(), None, CreditAs::Payment)?;
    let claim = Claim { merchant: merchant.id(), recorded_at: case.now, left: redeem.amount.minor() };
    sheet.act(Act::Claim { claim });
    sheet.act(Act::OwnEntry { account: merchant.id() });
    sheet.circulation.redeemed = redeem.amount.minor() as i64;
    Ok(sheet.finish())
}

/// Records that claims were paid in euro, each once.
fn settle(case: &Case<'_>, settle: &Settle) -> Verdict {
    case.signers.only(&[Party::Council])?;
    case.signers.need_council()?;
    let mut sheet = case.sheet();
    for index in &settle.redeems {
        let claim = case.standing.claims.get(index).ok_or(Rejection::NotAClaim { index: *index })?;
        let merchant = case.standing.successor(&claim.merchant)?;
        sheet.mention(merchant, Some(Reference::Line { index: *index, line: 0 }));
        sheet.act(Act::Settle { index: *index });
        sheet.circulation.settled += claim.left as i64;
    }
    Ok(sheet.finish())
}

/// Takes credits that were settled off the budget that issued them.
fn retire(case: &Case<'_>, retire: &Retire) -> Verdict {
    case.signers.only(&[Party::Council])?;
    case.signers.need_council()?;
    let budget = case.account("budget", &retire.budget)?;
    check_credited(Kind::Retire, "budget", budget.kind())?;
    let circulation = case.standing.circulation;
    let available = u64::try_from(circulation.settled - circulation.retired).unwrap_or(0);
    if retire.amount.minor() > available {
        return Err(Rejection::NotSettled { available: total(available), requested: retire.amount.into() });
    }
    let settlement = settlement(case)?;

    let mut sheet = case.sheet();
    sheet.debit(settlement, retire.amount.minor(), None)?;
    sheet.credit(budget, retire.amount.minor(), None, CreditAs::Reversal)?;
    sheet.circulation.retired = retire.amount.minor() as i64;
    Ok(sheet.finish())
}

/// Undoes lines of an earlier entry, each apart, without taking anybody below zero.
fn correct(case: &Case<'_>, correct: &Correct) -> Verdict {
    let undone = Undone::find(case, correct)?;
    let cover = correct.cover.map(|cover| case.account("cover", &cover)).transpose()?;
    let issuer = undone.issuer.map(|issuer| Party::Account(issuer, Rights::SPEND));
    let fund = cover.filter(|cover| cover.kind() == AccountKind::Fund);
    let parties: Vec<Party<'_>> = issuer
        .into_iter()
        .chain([Party::Council])
        .chain(fund.map(|fund| Party::Account(fund, Rights::SPEND)))
        .collect();
    let unknown = Rejection::NoSuchLine { index: correct.index, line: correct.lines[0].0 };
    case.signers.only(&parties).map_err(|refusal| strangers_hear(refusal, &unknown))?;
    check_who_corrects(case, correct, &undone)?;
    let is_budget_cover =
        cover.is_some_and(|cover| undone.issuer.is_some_and(|issuer| issuer.id() == cover.id()));
    if let Some(cover) = cover.filter(|_| fund.is_none() && !is_budget_cover) {
        return Err(Rejection::WrongCover { cover: cover.id() });
    }

    let mut sheet = case.sheet();
    let mut covered = 0;
    for (number, amount) in &correct.lines {
        let (line, amount) = (*number, amount.minor());
        let payee = undone.payee(case, line)?;
        check_left(correct.index, line, undone.left(line), amount)?;
        let taken = amount.min(sheet.left_to_take_back(payee));
        let lacking = amount - taken;
        let reference = Some(Reference::Line { index: correct.index, line });
        if taken > 0 {
            sheet.take(payee, taken, reference)?;
        }
        let mut given = taken;
        match (lacking, fund) {
            (0, _) => {}
            (_, Some(fund)) => {
                // Whoever does not speak for the fund hears nothing about it.
                case.signers.need_account(fund, Rights::SPEND, Total::ZERO)?;
                check_fund_pays(case, fund, undone.origin)?;
                sheet.debit(fund, lacking, reference)?;
                covered += lacking;
                given += lacking;
            }
            // "A mistake of ours is ours": the part that was spent stays with the place.
            (_, None) if is_budget_cover => {}
            (_, None) => {
                let (available, requested) = (total(taken), total(amount));
                return Err(Rejection::PayeeLacks { index: correct.index, line, available, requested });
            }
        }
        if given > 0 {
            sheet.credit(undone.origin, given, reference, CreditAs::Reversal)?;
        }
        undone.count(&mut sheet.circulation, payee, taken, given);
        sheet.act(undone.reverse(correct.index, line, amount));
    }
    if let Some(fund) = fund.filter(|_| covered > 0) {
        fund.check_awake("cover", case.now)?;
        case.signers.need_account(fund, Rights::SPEND, total(covered))?;
    }
    Ok(sheet.finish())
}

/// The entry that a correction undoes.
struct Undone<'a> {
    index: u64,
    /// Where its credits came from, or who took that account's place.
    origin: &'a Account,
    /// The budget that issued them, for an `earn`.
    issuer: Option<&'a Account>,
    recorded_at: Timestamp,
    what: UndoneWhat<'a>,
}

enum UndoneWhat<'a> {
    Row(&'a Row),
    Claim(&'a Claim, &'a Account),
}

impl<'a> Undone<'a> {
    fn find(case: &Case<'a>, correct: &Correct) -> Result<Self, Rejection> {
        if let Some(row) = case.books.windows.rows.get(&correct.index) {
            let origin = case.standing.successor(&row.origin)?;
            let issuer = (row.kind == Kind::Earn).then(|| case.standing.account(&row.origin)).flatten();
            let what = UndoneWhat::Row(row);
            return Ok(Self { index: correct.index, origin, issuer, recorded_at: row.recorded_at, what });
        }
        let line = correct.lines[0].0;
        let claims = &case.standing.claims;
        let claim = claims.get(&correct.index).ok_or(Rejection::NoSuchLine { index: correct.index, line })?;
        let origin = case.standing.successor(&claim.merchant)?;
        let what = UndoneWhat::Claim(claim, settlement(case)?);
        Ok(Self { index: correct.index, origin, issuer: None, recorded_at: claim.recorded_at, what })
    }

    fn row_line(&self, line: u64) -> Option<RowLine> {
        match self.what {
            UndoneWhat::Row(row) => row.lines.get(usize::try_from(line).ok()?.checked_sub(1)?).copied(),
            UndoneWhat::Claim(claim, settlement) => {
                (line == 0).then(|| RowLine { account: settlement.id(), left: claim.left })
            }
        }
    }

    fn payee(&self, case: &Case<'a>, line: u64) -> Result<&'a Account, Rejection> {
        let unknown = Rejection::NoSuchLine { index: self.index, line };
        case.standing.successor(&self.row_line(line).ok_or(unknown)?.account)
    }

    fn left(&self, line: u64) -> u64 {
        self.row_line(line).map_or(0, |line| line.left)
    }

    fn reverse(&self, index: u64, line: u64, amount: u64) -> Act {
        match self.what {
            UndoneWhat::Row(_) => Act::Reverse { index, line, amount },
            UndoneWhat::Claim(..) => Act::ReverseClaim { index, amount },
        }
    }

    /// Counts what was undone in the sums that it was counted in.
    fn count(&self, circulation: &mut CirculationChange, payee: &Account, taken: u64, given: u64) {
        let (taken, given) = (taken as i64, given as i64);
        if matches!(self.what, UndoneWhat::Claim(..)) {
            circulation.redeemed -= given;
        }
        if self.origin.kind() == AccountKind::Budget {
            circulation.issued -= given;
        }
        if payee.kind() == AccountKind::Budget {
            circulation.returned -= taken;
        }
    }
}

/// The budget that issued corrects within a day; the council within its window.
fn check_who_corrects(case: &Case<'_>, correct: &Correct, undone: &Undone<'_>) -> Result<(), Rejection> {
    if let Some(issuer) = undone.issuer
        && case.now.millis_since(undone.recorded_at) < OWN_CORRECTION_MS
        && issuer.closed_to().is_none()
        && case.signers.is_account(issuer, Rights::SPEND)
    {
        return issuer.check_awake("index", case.now).map(drop);
    }
    case.signers.need_council()?;
    check_window(case, correct.index, undone.recorded_at, case.charter.policy.correction_window)
}

// ---- shared by several rules ---------------------------------------------------------------------------

fn row_line<'a>(case: &Case<'a>, index: u64, line: u64) -> Result<(&'a Row, RowLine), Rejection> {
    let unknown = Rejection::NoSuchLine { index, line };
    let row = case.books.windows.rows.get(&index).ok_or(unknown.clone())?;
    let at = usize::try_from(line).ok().and_then(|line| line.checked_sub(1)).ok_or(unknown.clone())?;
    Ok((row, *row.lines.get(at).ok_or(unknown)?))
}

/// What somebody hears whose key has nothing to do with the entry that should be undone.
fn strangers_hear(refusal: Rejection, unknown: &Rejection) -> Rejection {
    if matches!(refusal, Rejection::KeyNotAllowed { .. }) { unknown.clone() } else { refusal }
}

fn check_window(
    case: &Case<'_>,
    index: u64,
    recorded_at: Timestamp,
    window: Seconds,
) -> Result<(), Rejection> {
    if case.now.is_within(window, recorded_at) {
        return Ok(());
    }
    Err(Rejection::WindowPassed { index, recorded_at, until: recorded_at.after(window) })
}

fn check_left(index: u64, line: u64, left: u64, requested: u64) -> Result<(), Rejection> {
    if requested <= left {
        return Ok(());
    }
    Err(Rejection::LineUsedUp { index, line, left: total(left), requested: total(requested) })
}

fn sum_of(mut amounts: impl Iterator<Item = u64>, account: &Account) -> Result<u64, Rejection> {
    let sum = amounts.try_fold(Total::ZERO, |sum, amount| sum.checked_add(total(amount)));
    sum.map(Total::minor).ok_or(Rejection::TotalTooLarge { account: account.id() })
}

fn settlement<'a>(case: &Case<'a>) -> Result<&'a Account, Rejection> {
    let id = case.standing.community().expect("a charter is in force, so the ledger is founded").settlement;
    case.account("settlement", &id)
}
