//! What the council sees at a glance, and what anybody may: sums, and people only as counts.

use super::accounts::available;
use super::few::PEOPLE_MIN;
use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::sessions::{Role, Visitor};
use klaver_api::CharterJson;
use klaver_api::charter::RateJson;
use klaver_api::coordination::{
    AuditState, Band, CirculationJson, ClaimJson, Coordination, FieldChange, HeldAccount, Members, Reading,
    RuleChange, TrialLine, WaitingChange,
};
use klaver_ledger::account::AccountKind;
use klaver_ledger::amount::balance_to_decimal;
use klaver_ledger::books::{Account, Standing, TrialBalance, TrialBalanceLine, WaitingFor};
use klaver_ledger::charter::Charter;
use klaver_ledger::entry::{Body, Kind};
use klaver_ledger::id::AccountId;
use klaver_ledger::limits::DAY_SECONDS;
use klaver_ledger::record::Record;
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// After how long a payout is overdue: what a shop is promised when it asks.
pub const OVERDUE: Seconds = Seconds(30 * DAY_SECONDS);
/// Most readings by auditors that are shown.
const READINGS_SHOWN: usize = 5;
/// Lower bounds of the bands of balances, in whole units; the lowest band lies below them all.
const BAND_BOUNDS: [i64; 8] = [0, 1, 5, 10, 20, 50, 100, 200];

impl Service {
    /// Returns what the council sees of its community.
    ///
    /// # Errors
    /// `Forbidden` for every other session, and what the store cannot read.
    pub fn coordination(&self, visitor: &Visitor) -> Result<Coordination, Refused> {
        if visitor.role != Role::Council {
            return Err(Refused::Forbidden {
                advice: "this is for the council: open a session with its key",
            });
        }
        let now = wall_clock();
        let scale = self.scale();
        let money = |minor: i64| balance_to_decimal(minor, scale);
        let sums = |minor: u128| money(i64::try_from(minor).unwrap_or(i64::MAX));
        // Everything from one look at the books, so that it agrees with itself.
        let standing = self.reader.standing();
        let trial = standing.trial_balance();
        let held = standing.accounts().filter(|account| is_held(account.kind()));
        let mut accounts: Vec<HeldAccount> = held.map(|account| self.held_account(account, now)).collect();
        let mut changes: Vec<WaitingChange> =
            standing.accounts().filter_map(|account| waiting_change(account, now)).collect();
        let unit = 10_i64.pow(scale.decimals().into());
        let members = members(&standing, unit, |bound| money(bound * unit));
        let claims: Vec<_> = standing.claims().map(|(index, claim)| (index, *claim)).collect();
        let (charter, base) = standing.charter_in_force(now).expect("an open ledger has a charter");
        let (charter, waiting) = (charter.clone(), standing.waiting_charter(now).cloned());
        let size = standing.size();
        drop(standing);
        // Names are looked up when the books are free again: the writer waits for nobody's names.
        for held in &mut accounts {
            held.name = self.name_for_council(&held.account);
        }
        for change in &mut changes {
            let is_shown = change.kind != AccountKind::Member.word();
            change.name = is_shown.then(|| self.name_for_council(&change.account)).flatten();
        }

        let claims = claims.iter().map(|(index, claim)| {
            let rate = match self.body(*index)? {
                Body::Redeem(redeem) => redeem.rate.map(RateJson::of),
                _ => None,
            };
            Ok(ClaimJson {
                index: *index,
                merchant: claim.merchant.to_string(),
                name: self.community.profile(&claim.merchant).map(|row| row.name),
                amount: sums(claim.left.into()),
                rate,
                recorded_at: claim.recorded_at.to_string(),
                due_at: claim.recorded_at.after(OVERDUE).to_string(),
                overdue: !now.is_within(OVERDUE, claim.recorded_at),
            })
        });
        let claims = claims.collect::<Result<Vec<ClaimJson>, Refused>>()?;
        let circulation = trial.circulation;
        let mut rules = self.rule_changes(&charter, base)?;
        if let Some(waiting) = waiting {
            let next = self.rule_change(waiting.index, &charter, &waiting.charter)?;
            let effective_at = Some(waiting.effective_at.to_string());
            rules.insert(0, RuleChange { effective_at, by_rescue: waiting.by_rescue, ..next });
        }
        Ok(Coordination {
            now: now.to_string(),
            holds: trial.holds(),
            trial_balance: trial_lines(&trial, sums),
            circulation: CirculationJson {
                issued: money(circulation.issued),
                returned: money(circulation.returned),
                redeemed: money(circulation.redeemed),
                settled: money(circulation.settled),
                retired: money(circulation.retired),
                in_circulation: money(circulation.in_circulation()),
            },
            accounts,
            members,
            claims,
            waiting: changes,
            euro_rate: charter.policy.euro_rate.map(RateJson::of),
            rules,
            audit: self.audit_state(size),
        })
    }

    fn held_account(&self, account: &Account, now: Timestamp) -> HeldAccount {
        let scale = self.scale();
        let in_force = account.standing(now);
        let limit = i64::try_from(in_force.state.limit.minor()).unwrap_or(i64::MAX);
        HeldAccount {
            account: account.id().to_string(),
            kind: account.kind().word().to_owned(),
            name: None,
            status: match account.closed_to() {
                Some(_) => "closed".to_owned(),
                None => in_force.status.word().to_owned(),
            },
            balance: balance_to_decimal(account.balance(), scale),
            limit: balance_to_decimal(limit, scale),
            available: self.money(available(account, now)),
            until: in_force.state.until.map(|until| until.to_string()),
        }
    }

    pub(super) fn name_for_council(&self, account: &str) -> Option<String> {
        let account = AccountId::parse(account).ok()?;
        self.community.profile(&account).map(|row| row.name)
    }

    /// Returns the charters from the one in force back to the founding, each with what it changed.
    fn rule_changes(&self, in_force: &Charter, base: u64) -> Result<Vec<RuleChange>, Refused> {
        let mut changes = Vec::new();
        let (mut index, mut charter) = (base, in_force.clone());
        while let Body::Govern(govern) = self.body(index)? {
            let earlier = govern.base;
            let before = match self.body(earlier)? {
                Body::Govern(govern) => govern.charter,
                Body::Found(found) => found.charter,
                _ => break,
            };
            changes.push(self.rule_change(index, &before, &charter)?);
            (index, charter) = (earlier, before);
        }
        changes.push(self.rule_change(index, &charter, &charter)?);
        Ok(changes)
    }

    /// Returns what record `index` says.
    pub(super) fn body(&self, index: u64) -> Result<Body, Refused> {
        let record = Record::decode(&self.reader.record(index)?.record)?;
        Ok(record.signed.entry().body.clone())
    }

    /// Returns what a charter that is in force, or was, changed.
    fn rule_change(&self, index: u64, before: &Charter, after: &Charter) -> Result<RuleChange, Refused> {
        let record = Record::decode(&self.reader.record(index)?.record)?;
        let fields = |charter: &Charter| flat(&CharterJson::of(charter, self.scale()));
        let (before, after) = (fields(before), fields(after));
        let changes = after.iter().filter(|(field, value)| before.get(*field) != Some(value));
        Ok(RuleChange {
            index,
            recorded_at: record.recorded_at.to_string(),
            effective_at: None,
            by_rescue: false,
            reference: self.community.memo(index).map(|memo| memo.text().to_owned()),
            changes: changes
                .map(|(field, after)| FieldChange {
                    field: field.clone(),
                    before: before.get(field).cloned().unwrap_or_default(),
                    after: after.clone(),
                })
                .collect(),
        })
    }

    fn audit_state(&self, size: u64) -> AuditState {
        let readings = self.community.accesses().into_iter().rev().take(READINGS_SHOWN).map(|row| Reading {
            at: Deadline::from_seconds(row.at).map(|at| at.to_string()).unwrap_or_default(),
            auditor: row.auditor,
            size: row.size,
        });
        AuditState {
            size,
            published: self.published().size,
            checked: self.metrics.checked.load(Ordering::Relaxed),
            read_only: self.read_only(),
            readings: readings.collect(),
            note: self.audit_note(),
            witnesses: self.witness_state(),
        }
    }
}

/// Returns what of an account takes effect later; its name is still to be looked up.
fn waiting_change(account: &Account, now: Timestamp) -> Option<WaitingChange> {
    let waiting = account.waiting(now)?;
    Some(WaitingChange {
        account: account.id().to_string(),
        kind: account.kind().word().to_owned(),
        name: None,
        index: waiting.index,
        what: waiting_word(&waiting.what).to_owned(),
        effective_at: waiting.effective_at.to_string(),
        vetoable: waiting.has_veto,
    })
}

/// Returns the word of what waits: `change` or `close`.
pub(super) fn waiting_word(what: &WaitingFor) -> &'static str {
    match what {
        WaitingFor::Change { .. } => Kind::Change.word(),
        WaitingFor::Close { .. } => Kind::Close.word(),
    }
}

fn is_held(kind: AccountKind) -> bool {
    matches!(kind, AccountKind::Budget | AccountKind::Fund | AccountKind::Merchant)
}

pub(super) fn open_members(standing: &Standing) -> impl Iterator<Item = &Account> {
    standing
        .accounts()
        .filter(|account| account.kind() == AccountKind::Member && account.closed_to().is_none())
}

/// Returns a line for each kind; one for members, cards and vouchers together, so that no small group stands alone.
fn trial_lines(trial: &TrialBalance, sums: impl Fn(u128) -> String) -> Vec<TrialLine> {
    let is_people = |kind| matches!(kind, AccountKind::Member | AccountKind::Card | AccountKind::Voucher);
    let line = |kind: &str, lines: &[&TrialBalanceLine], is_people: bool| {
        let accounts: u64 = lines.iter().map(|line| line.accounts).sum();
        TrialLine {
            kind: kind.to_owned(),
            accounts: (!is_people || PEOPLE_MIN <= accounts).then_some(accounts),
            debits: sums(lines.iter().map(|line| line.debits).sum()),
            credits: sums(lines.iter().map(|line| line.credits).sum()),
        }
    };
    let (people, others): (Vec<&TrialBalanceLine>, Vec<_>) =
        trial.lines.iter().partition(|line| is_people(line.kind));
    let mut lines: Vec<TrialLine> = others.iter().map(|one| line(one.kind.word(), &[*one], false)).collect();
    if !people.is_empty() {
        lines.insert(1.min(lines.len()), line("people", &people, true));
    }
    lines
}

/// Counts members by balance.
fn members(standing: &Standing, unit: i64, money: impl Fn(i64) -> String) -> Members {
    let balances: Vec<i64> = open_members(standing).map(Account::balance).collect();
    let count = balances.len() as u64;
    let bands = bands(&balances, unit).into_iter().map(|(from, below, count)| Band {
        from: from.map(&money),
        below: below.map(&money),
        count,
    });
    Members { count: (PEOPLE_MIN <= count).then_some(count), bands: bands.collect() }
}

/// Joins neighbouring bands until each holds at least ten; bounds are in whole units.
fn bands(balances: &[i64], unit: i64) -> Vec<(Option<i64>, Option<i64>, u64)> {
    let mut counts = [0_u64; BAND_BOUNDS.len() + 1];
    for balance in balances {
        counts[BAND_BOUNDS.partition_point(|bound| bound * unit <= *balance)] += 1;
    }
    let mut bands: Vec<(Option<i64>, Option<i64>, u64)> = Vec::new();
    let (mut from, mut held) = (None, 0);
    for (number, count) in counts.iter().enumerate() {
        held += count;
        let below = BAND_BOUNDS.get(number).copied();
        if PEOPLE_MIN <= held {
            bands.push((from, below, held));
            (from, held) = (below, 0);
        }
    }
    // What is left over joins the band below it; too few altogether are not shown at all.
    if let Some(last) = bands.last_mut() {
        last.1 = None;
        last.2 += held;
    }
    bands
}

/// Returns every field of a charter by its name.
fn flat(charter: &CharterJson) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let Ok(Value::Object(values)) = serde_json::to_value(charter) else { return fields };
    let mut insert = |field: &str, value: &Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        fields.insert(field.to_owned(), text);
    };
    for (field, value) in &values {
        match value {
            Value::Object(policy) => policy.iter().for_each(|(field, value)| insert(field, value)),
            value => insert(field, value),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_holds_ten_people_or_is_not_shown() {
        assert_eq!(bands(&[100; 9], 100), []);
        assert_eq!(bands(&[100; 10], 100), [(None, None, 10)]);
        // Ten with nothing, nine with much: the nine would stand alone.
        let mixed: Vec<i64> = [vec![0; 10], vec![9_900; 9]].concat();
        assert_eq!(bands(&mixed, 100), [(None, None, 19)]);
        let two: Vec<i64> = [vec![0; 10], vec![9_900; 10], vec![-100; 3], vec![50_000; 2]].concat();
        assert_eq!(bands(&two, 100), [(None, Some(1), 13), (Some(1), None, 12)]);
        for people in 0..60 {
            let spread: Vec<i64> = (0..people).map(|one| one * 700 - 400).collect();
            let shown = bands(&spread, 100);
            assert!(shown.iter().all(|(_, _, count)| PEOPLE_MIN <= *count));
            let all: u64 = shown.iter().map(|(_, _, count)| count).sum();
            assert_eq!(all, if people < 10 { 0 } else { people as u64 });
        }
    }
}
