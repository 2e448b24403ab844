//! What became of an account's keys and bounds, read back from the entries that made its states.

use super::{Refused, Service};
use klaver_api::account::KeySince;
use klaver_api::inbox::Changed;
use klaver_ledger::account::{AccountState, AccountStatus, Rights};
use klaver_ledger::books::{Account, Waiting, WaitingFor};
use klaver_ledger::entry::Body;
use klaver_ledger::id::AccountId;
use klaver_ledger::record::Record;
use klaver_ledger::time::Timestamp;

/// How many changes of one account are looked back through.
const CHANGES_LOOKED_AT: usize = 64;

/// A state of an account, and the entry that made it.
pub(super) struct Made {
    /// Index of the entry.
    pub index: u64,
    state: AccountState,
    status: AccountStatus,
    /// Index of the entry that made the state before; nothing for the first one.
    base: Option<u64>,
    at: Timestamp,
}

impl Service {
    /// Returns the states that an account has had, the newest first: only what took effect is among them.
    ///
    /// What came over from an older ledger stands in no entry of this one: there the list ends.
    ///
    /// # Errors
    /// What the store cannot read.
    pub(super) fn states_of(&self, account: &Account, now: Timestamp) -> Result<Vec<Made>, Refused> {
        let mut found = Vec::new();
        let mut next = Some(account.standing(now).base);
        while let Some(index) = next.filter(|_| found.len() < CHANGES_LOOKED_AT) {
            let Some(made) = self.made(&account.id(), index)? else { break };
            next = made.base;
            found.push(made);
        }
        Ok(found)
    }

    fn made(&self, id: &AccountId, index: u64) -> Result<Option<Made>, Refused> {
        let record = Record::decode(&self.reader.record(index)?.record)?;
        let at = record.recorded_at;
        Ok(match &record.signed.entry().body {
            Body::Change(change) if change.state.account == *id => Some(Made {
                index,
                state: change.state.clone(),
                status: change.status,
                base: Some(change.base),
                at,
            }),
            Body::Open(open) => open.states.iter().find(|state| state.account == *id).map(|state| Made {
                index,
                state: state.clone(),
                status: AccountStatus::Open,
                base: None,
                at,
            }),
            _ => None,
        })
    }
}

/// Returns since when each key of the newest of these states belongs to the account.
pub(super) fn keys_since(states: &[Made]) -> Vec<KeySince> {
    let Some(newest) = states.first() else { return Vec::new() };
    let since = |key| {
        states
            .iter()
            .take_while(|made| made.state.grant(key).is_some())
            .last()
            .map(|made| made.at.to_string())
    };
    let keys = newest.state.keys.iter();
    keys.filter_map(|grant| Some(KeySince { key: grant.key.to_string(), since: since(&grant.key)? }))
        .collect()
}

/// Returns what entry `index` made of the state before it; nothing when it did not take effect, or the account began
/// with it.
pub(super) fn changed_by(states: &[Made], index: u64) -> Option<Changed> {
    let place = states.iter().position(|made| made.index == index)?;
    let after = &states[place];
    let Some(before) = states.get(place + 1) else {
        // The state before stands in an older ledger, or too far back.
        return after.base.map(|_| Changed::Other);
    };
    Some(difference((&before.state, before.status), (&after.state, after.status)))
}

/// Returns what an account will be once what waits takes effect.
pub(super) fn change_that_waits(account: &Account, waiting: &Waiting, now: Timestamp) -> Changed {
    let WaitingFor::Change { state, opens } = &waiting.what else { return Changed::Closes };
    let before = account.standing(now);
    let status = if *opens { AccountStatus::Open } else { before.status };
    difference((&before.state, before.status), (state, status))
}

/// Keys come first: whoever has one has the account.
fn difference(before: (&AccountState, AccountStatus), after: (&AccountState, AccountStatus)) -> Changed {
    let not_in = |one: &AccountState, other: &AccountState| {
        let keys = one.keys.iter();
        keys.filter(|grant| other.grant(&grant.key).is_none()).map(|grant| grant.rights).collect::<Vec<_>>()
    };
    let (added, removed) = (not_in(after.0, before.0), not_in(before.0, after.0));
    match (added.is_empty(), removed.is_empty()) {
        (false, false) => return Changed::DevicesReplaced,
        (false, true) if added.iter().all(|rights| *rights == Rights::MANAGE) => return Changed::SpareAdded,
        (false, true) => return Changed::DeviceAdded,
        (true, false) => return Changed::DeviceRemoved,
        (true, true) => {}
    }
    let bounds = |state: &AccountState| (state.limit, state.ceiling, state.until);
    match (before.1, after.1) {
        (AccountStatus::Open, AccountStatus::Frozen) => Changed::AtRest,
        (AccountStatus::Frozen, AccountStatus::Open) => Changed::Woken,
        _ if before.0.keys == after.0.keys && bounds(before.0) != bounds(after.0) => Changed::Limits,
        _ => Changed::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::account::{AccountKind, KeyGrant};
    use klaver_ledger::amount::Total;
    use klaver_ledger::keys::{PublicKey, SigningKey};

    const OPEN: AccountStatus = AccountStatus::Open;

    fn state(keys: &[(u8, Rights)]) -> AccountState {
        let grant = |&(byte, rights): &(u8, Rights)| KeyGrant {
            key: PublicKey::of(&SigningKey::from_bytes(&[byte; 32])),
            rights,
            until: None,
            cap: None,
        };
        AccountState::plain(AccountId([7; 16]), AccountKind::Member, keys.iter().map(grant).collect())
    }

    #[test]
    fn keys_are_named_before_anything_else() {
        let all = Rights::MANAGE.and(Rights::SPEND);
        let one = state(&[(1, all)]);
        let said = |after: &AccountState| difference((&one, OPEN), (after, OPEN));
        assert_eq!(said(&state(&[(1, all), (2, all)])), Changed::DeviceAdded);
        assert_eq!(said(&state(&[(1, all), (2, Rights::MANAGE)])), Changed::SpareAdded);
        assert_eq!(said(&state(&[(2, all)])), Changed::DevicesReplaced);
        assert_eq!(said(&state(&[])), Changed::DeviceRemoved);
        assert_eq!(
            difference((&one, OPEN), (&state(&[(2, all)]), AccountStatus::Frozen)),
            Changed::DevicesReplaced
        );
    }

    #[test]
    fn the_rest_is_named_too() {
        let one = state(&[(1, Rights::MANAGE)]);
        assert_eq!(difference((&one, OPEN), (&one, AccountStatus::Frozen)), Changed::AtRest);
        assert_eq!(difference((&one, AccountStatus::Frozen), (&one, OPEN)), Changed::Woken);
        let wide = AccountState { limit: Total::new(5).unwrap(), ..one.clone() };
        assert_eq!(difference((&one, OPEN), (&wide, OPEN)), Changed::Limits);
        assert_eq!(difference((&one, OPEN), (&state(&[(1, Rights::SPEND)]), OPEN)), Changed::Other);
    }

    #[test]
    fn a_key_counts_since_the_first_of_the_states_that_all_have_it() {
        let made = |index, base, state: AccountState, at| Made {
            index,
            state,
            status: OPEN,
            base,
            at: Timestamp::from_millis(at).unwrap(),
        };
        let (both, first) =
            (state(&[(1, Rights::MANAGE), (2, Rights::MANAGE)]), state(&[(1, Rights::MANAGE)]));
        let states = [
            made(9, Some(6), both, 9_000),
            made(6, Some(4), first.clone(), 6_000),
            made(4, None, first, 4_000),
        ];
        let since: Vec<String> = keys_since(&states).into_iter().map(|one| one.since).collect();
        assert_eq!(
            since,
            [Timestamp::from_millis(4_000), Timestamp::from_millis(9_000)].map(|at| at.unwrap().to_string())
        );
        assert_eq!(changed_by(&states, 9), Some(Changed::SpareAdded));
        assert_eq!(changed_by(&states, 6), Some(Changed::Other));
        assert_eq!((changed_by(&states, 4), changed_by(&states, 5)), (None, None));
    }
}
