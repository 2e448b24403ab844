//! Random entries of every kind, for properties. Large strategies are boxed: they would fill a test's stack.

use crate::samples::public;
use klaver_ledger::account::{AccountKind, AccountState, AccountStatus, KeyGrant, Rights};
use klaver_ledger::amount::{Amount, Rate, Scale, Total};
use klaver_ledger::charter::{Charter, Joining, Policy, Predecessor, RULES_VERSION, UnitWords};
use klaver_ledger::entry::*;
use klaver_ledger::id::{AccountId, Digest, LedgerId, Nonce, OrganisationId, RequestId, TaskId};
use klaver_ledger::keys::PublicKey;
use klaver_ledger::limits::*;
use klaver_ledger::time::{Deadline, Seconds};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::LazyLock;

// Integers of every length that CBOR has, with both sides of each boundary.
fn integer() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..=26_u64,
        250..=260_u64,
        65_530..=65_540_u64,
        (1 << 32) - 5..=(1 << 32) + 5_u64,
        INTEGER_MAX - 3..=INTEGER_MAX,
        0..=INTEGER_MAX,
    ]
}

fn amount() -> impl Strategy<Value = Amount> {
    integer().prop_map(|minor| Amount::new(minor.max(1)).expect("in range"))
}

fn total() -> impl Strategy<Value = Total> {
    integer().prop_map(|minor| Total::new(minor).expect("in range"))
}

fn deadline() -> impl Strategy<Value = Deadline> {
    integer().prop_map(|seconds| Deadline::from_seconds(seconds.min(EXPIRES_AT_MAX)).expect("in range"))
}

fn rate() -> impl Strategy<Value = Rate> {
    (1..=INTEGER_MAX, 1..=INTEGER_MAX).prop_map(|(n, d)| Rate::new(n, d).expect("in range"))
}

fn account() -> impl Strategy<Value = AccountId> {
    any::<[u8; 16]>().prop_map(AccountId)
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn key() -> impl Strategy<Value = PublicKey> {
    // Making a key takes a curve multiplication: keys come from a pool.
    static POOL: LazyLock<Vec<PublicKey>> = LazyLock::new(|| (0..=255).map(public).collect());
    select(POOL.as_slice())
}

fn keys(least: usize) -> impl Strategy<Value = Vec<PublicKey>> {
    btree_set(key(), least..5).prop_map(|keys| keys.into_iter().collect())
}

fn word(bytes_max: usize) -> impl Strategy<Value = String> {
    let alphabet = "[a-zA-Zéèçß 0-9’-]{1,40}";
    alphabet.prop_map(move |mut text| {
        while text.len() > bytes_max {
            text.pop();
        }
        text
    })
}

fn grant() -> impl Strategy<Value = KeyGrant> {
    (key(), 1..=15_u64, of(deadline()), of(amount())).prop_map(|(key, bits, until, cap)| KeyGrant {
        key,
        rights: Rights::from_bits(bits).expect("1 to 15"),
        until,
        cap,
    })
}

/// Returns random complete states of accounts.
pub fn state() -> BoxedStrategy<AccountState> {
    let keys = vec(grant(), 0..5).prop_map(|mut keys| {
        keys.sort_by_key(|grant| grant.key);
        keys.dedup_by_key(|grant| grant.key);
        keys
    });
    let payees = of(btree_set(account(), 0..5)).prop_map(|set| set.map(|set| set.into_iter().collect()));
    let bounds = (integer(), total(), of(total()));
    let optional = (of(any::<[u8; 16]>()), of(account()), of(deadline()), payees);
    (account(), select(AccountKind::ALL), keys, bounds, optional)
        .prop_map(
            |(account, kind, keys, (threshold, limit, ceiling), (organisation, heir, until, payees))| {
                AccountState {
                    account,
                    kind,
                    keys,
                    threshold,
                    limit,
                    ceiling,
                    organisation: organisation.map(OrganisationId),
                    heir,
                    until,
                    payees,
                }
            },
        )
        .boxed()
}

fn policy() -> BoxedStrategy<Policy> {
    let seconds = |(least, most): (u64, u64)| (least..=most).prop_map(Seconds);
    let durations = (
        seconds((60, VALIDITY_SECONDS_MAX)),
        seconds((60, VALIDITY_SECONDS_MAX)),
        seconds(RECOVERY_DELAY_SECONDS),
        seconds((0, CORRECTION_WINDOW_SECONDS_MAX)),
        seconds(REFUND_WINDOW_SECONDS),
        integer().prop_map(Seconds),
    );
    let numbers = (total(), of(total()), integer(), integer(), of(rate()), total(), total(), total());
    (select(Joining::ALL), durations, numbers, of(account()), "[A-Z]{2}")
        .prop_map(|(joining, durations, numbers, heir_fund, ceilings_country)| Policy {
            joining,
            member_limit: numbers.0,
            pay_validity: durations.0,
            other_validity: durations.1,
            recovery_delay: durations.2,
            correction_window: durations.3,
            refund_window: durations.4,
            organisation_day_amount: numbers.1,
            registrar_opens: numbers.2,
            registrar_freezes: numbers.3,
            euro_rate: numbers.4,
            offline_cap: numbers.5,
            card_free_amount: numbers.6,
            card_day_cap: numbers.7,
            dormancy: durations.5,
            heir_fund,
            ceilings_country,
        })
        .boxed()
}

fn charter() -> BoxedStrategy<Charter> {
    let sets = (keys(1), keys(1), keys(0), keys(0));
    (sets, word(ORIGIN_BYTES_MAX), digest(), (integer(), integer()), (key(), key()), policy())
        .prop_map(
            |((log_keys, council, rescue, auditors), origin, witness_policy, thresholds, node, policy)| {
                Charter {
                    rules: RULES_VERSION,
                    log_keys,
                    origin,
                    witness_policy,
                    council,
                    council_threshold: thresholds.0,
                    rescue,
                    rescue_threshold: thresholds.1,
                    registrar: node.0,
                    guardian: node.1,
                    auditors,
                    policy,
                }
            },
        )
        .boxed()
}

fn government() -> BoxedStrategy<Body> {
    let unit = (word(UNIT_WORD_BYTES_MAX), word(UNIT_WORD_BYTES_MAX));
    let unit = unit.prop_map(|(one, many)| UnitWords { one, many });
    let predecessor =
        (any::<[u8; 32]>(), integer(), digest(), digest()).prop_map(|(ledger, size, root, snapshot)| {
            Predecessor { ledger: LedgerId(ledger), size, root, snapshot }
        });
    let scale = (0..=u64::from(SCALE_MAX)).prop_map(|scale| Scale::new(scale).expect("in range"));
    let found = (word(NAME_BYTES_MAX), unit, scale, charter(), of(predecessor)).prop_map(
        |(name, unit, scale, charter, predecessor)| Found { name, unit, scale, charter, predecessor },
    );
    let attest = (select(Statement::ALL), integer(), digest(), digest())
        .prop_map(|(statement, size, root, document)| Attest { statement, size, root, document });
    prop_oneof![
        found.prop_map(Body::Found),
        (integer(), charter()).prop_map(|(base, charter)| Body::Govern(Govern { base, charter })),
        attest.prop_map(Body::Attest),
    ]
    .boxed()
}

fn accounts() -> BoxedStrategy<Body> {
    let states = vec(state(), 1..4).prop_map(|mut states| {
        states.sort_by_key(|state| state.account);
        states.dedup_by_key(|state| state.account);
        states
    });
    prop_oneof![
        states.prop_map(|states| Body::Open(Open { states })),
        (integer(), state(), select(AccountStatus::ALL))
            .prop_map(|(base, state, status)| Body::Change(Change { base, state, status })),
        integer().prop_map(|index| Body::Veto(Veto { index })),
        (account(), account()).prop_map(|(account, heir)| Body::Close(Close { account, heir })),
    ]
    .boxed()
}

fn money() -> BoxedStrategy<Body> {
    let shares = btree_map(account(), amount(), 1..6).prop_map(|map| map.into_iter().collect());
    let earn = (account(), select(EarnReason::ALL), of(any::<[u8; 16]>()), shares)
        .prop_map(|(budget, reason, task, payees)| Earn { budget, reason, task: task.map(TaskId), payees });
    let request =
        (any::<[u8; 16]>(), deadline()).prop_map(|(id, until)| RequestRef { id: RequestId(id), until });
    let line =
        (account(), amount(), of(request)).prop_map(|(to, amount, request)| PayLine { to, amount, request });
    let pay = (account(), vec(line, 1..5), any::<bool>()).prop_map(|(from, payees, late)| Pay {
        from,
        payees,
        late,
    });
    let correct =
        (integer(), btree_map(integer(), amount(), 1..5), select(CorrectReason::ALL), of(account()))
            .prop_map(|(index, lines, reason, cover)| Correct {
                index,
                lines: lines.into_iter().collect(),
                reason,
                cover,
            });
    prop_oneof![
        earn.prop_map(Body::Earn),
        pay.prop_map(Body::Pay),
        (integer(), integer(), amount()).prop_map(|(index, line, amount)| Body::Refund(Refund {
            index,
            line,
            amount
        })),
        (account(), amount(), of(rate())).prop_map(|(merchant, amount, rate)| Body::Redeem(Redeem {
            merchant,
            amount,
            rate
        })),
        (btree_set(integer(), 1..5), digest()).prop_map(|(redeems, bank_reference)| {
            Body::Settle(Settle { redeems: redeems.into_iter().collect(), bank_reference })
        }),
        (account(), amount()).prop_map(|(budget, amount)| Body::Retire(Retire { budget, amount })),
        correct.prop_map(Body::Correct),
    ]
    .boxed()
}

/// Returns random well-formed entries of every kind, their sets in order.
pub fn entry() -> impl Strategy<Value = Entry> {
    let body = prop_oneof![1 => government(), 2 => accounts(), 4 => money()];
    (any::<[u8; 16]>(), deadline(), of(digest()), body).prop_filter_map(
        "fits",
        |(nonce, expires_at, memo, body)| {
            let mut entry = Entry { nonce: Nonce(nonce), expires_at, memo, body };
            codec::sort_sets(&mut entry);
            // Two equal lines of one payment: not a set.
            if let Body::Pay(pay) = &mut entry.body {
                pay.payees.dedup();
            }
            (codec::encode_payload(&entry).len() <= PAYLOAD_BYTES_MAX).then_some(entry)
        },
    )
}
