//! Entries of every kind, made from seeds, for the test vectors.

use klaver_ledger::account::{AccountKind, AccountState, AccountStatus, KeyGrant, Rights};
use klaver_ledger::amount::{Amount, Rate, Scale, Total};
use klaver_ledger::charter::{Charter, Joining, Policy, Predecessor, RULES_VERSION, UnitWords};
use klaver_ledger::entry::memo::Memo;
use klaver_ledger::entry::*;
use klaver_ledger::id::{AccountId, Digest, LedgerId, Nonce, OrganisationId, RequestId, TaskId};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::time::{Deadline, Seconds};

/// An entry, a name for it, and the seeds of the keys that sign it.
pub struct Sample {
    /// What it shows.
    pub name: &'static str,
    /// The entry.
    pub entry: Entry,
    /// Each byte stands for a key whose seed is that byte 32 times.
    pub seeds: Vec<u8>,
}

/// The ledger that all samples but the founding ones are signed for.
pub const LEDGER: LedgerId = LedgerId([0x4b; 32]);

/// Returns the key whose seed is `seed` 32 times.
pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// Returns the public half of [`key`].
pub fn public(seed: u8) -> PublicKey {
    PublicKey::of(&key(seed))
}

fn account(number: u8) -> AccountId {
    AccountId([number; 16])
}

fn amount(minor: u64) -> Amount {
    Amount::new(minor).expect("samples have amounts")
}

fn total(minor: u64) -> Total {
    Total::new(minor).expect("samples have sums")
}

fn deadline(seconds: u64) -> Deadline {
    Deadline::from_seconds(seconds).expect("samples end in time")
}

fn grant(seed: u8, rights: Rights) -> KeyGrant {
    KeyGrant { key: public(seed), rights, until: None, cap: None }
}

/// Returns a member's account with one key.
pub fn member(number: u8, seed: u8) -> AccountState {
    AccountState::plain(account(number), AccountKind::Member, vec![grant(seed, Rights::ALL)])
}

/// Returns a budget with every optional field in use.
pub fn budget() -> AccountState {
    AccountState {
        account: account(0x10),
        kind: AccountKind::Budget,
        keys: vec![
            grant(0x21, Rights::ALL),
            KeyGrant {
                key: public(0x22),
                rights: Rights::SPEND,
                until: Some(deadline(1_790_000_000)),
                cap: Some(amount(5_000)),
            },
        ],
        threshold: 1,
        limit: total(1_000_000),
        ceiling: Some(Total::ZERO),
        organisation: Some(OrganisationId([0x0a; 16])),
        heir: Some(account(0x11)),
        until: Some(deadline(1_830_000_000)),
        payees: None,
    }
}

fn fund() -> AccountState {
    AccountState {
        kind: AccountKind::Fund,
        keys: vec![grant(0x23, Rights::ALL), grant(0x24, Rights::SPEND.and(Rights::REFUND))],
        threshold: 2,
        payees: Some(vec![account(0x30), account(0x31)]),
        ..member(0x12, 0x23)
    }
}

/// Returns a charter with one council key.
pub fn small_charter() -> Charter {
    Charter {
        rules: RULES_VERSION,
        log_keys: vec![public(1)],
        origin: "klaver.example/log".to_owned(),
        witness_policy: Digest::of(b""),
        council: vec![public(2)],
        council_threshold: 1,
        rescue: vec![],
        rescue_threshold: 0,
        registrar: public(3),
        guardian: public(4),
        auditors: vec![],
        policy: Policy::starting(),
    }
}

/// Returns a charter with every optional field in use.
pub fn full_charter() -> Charter {
    Charter {
        log_keys: vec![public(1), public(5)],
        council: vec![public(2), public(6), public(7)],
        council_threshold: 2,
        rescue: vec![public(8), public(9)],
        rescue_threshold: 2,
        auditors: vec![public(10)],
        policy: Policy {
            joining: Joining::Open,
            member_limit: total(5_000),
            organisation_day_amount: Some(total(50_000)),
            euro_rate: Some(Rate::new(1, 2).expect("a rate")),
            offline_cap: total(1_000),
            card_free_amount: total(1_500),
            card_day_cap: total(5_000),
            dormancy: Seconds(31_536_000),
            heir_fund: Some(account(0x12)),
            ..Policy::starting()
        },
        ..small_charter()
    }
}

fn found(predecessor: Option<Predecessor>, charter: Charter) -> Body {
    Body::Found(Found {
        name: "Klavers Zedelgem".to_owned(),
        unit: UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() },
        scale: Scale::new(2).expect("a scale"),
        charter,
        predecessor,
    })
}

fn pay(payees: Vec<PayLine>, late: bool) -> Body {
    Body::Pay(Pay { from: account(0x20), payees, late })
}

fn pay_line(to: u8, minor: u64, request: Option<u8>) -> PayLine {
    let request = request.map(|id| RequestRef { id: RequestId([id; 16]), until: deadline(1_795_000_000) });
    PayLine { to: account(to), amount: amount(minor), request }
}

/// Returns the samples: at least one of every kind, and of every optional field given and absent.
pub fn all() -> Vec<Sample> {
    let old = Predecessor {
        ledger: LedgerId([0x0b; 32]),
        size: 1_234,
        root: Digest([0x0c; 32]),
        snapshot: Digest([0x0d; 32]),
    };
    let digest = |byte| Digest([byte; 32]);
    let correct = |cover| {
        let lines = vec![(1, amount(200)), (24, amount(100))];
        Body::Correct(Correct { index: 300, lines, reason: CorrectReason::WrongPerson, cover })
    };
    let rows: Vec<(&'static str, Body, Vec<u8>)> = vec![
        ("found: the smallest charter", found(None, small_charter()), vec![2]),
        ("found: continues another ledger", found(Some(old), full_charter()), vec![2, 6, 7]),
        ("govern", Body::Govern(Govern { base: 0, charter: full_charter() }), vec![2, 6]),
        ("open: a member", Body::Open(Open { states: vec![member(0x20, 0x20)] }), vec![3]),
        ("open: several", Body::Open(Open { states: vec![budget(), member(0x20, 0x20), fund()] }), vec![2]),
        (
            "change: freeze",
            Body::Change(Change { base: 3, state: member(0x20, 0x20), status: AccountStatus::Frozen }),
            vec![0x20],
        ),
        ("veto", Body::Veto(Veto { index: 41 }), vec![0x20]),
        ("close", Body::Close(Close { account: account(0x20), heir: account(0x12) }), vec![0x20]),
        (
            "earn: a group",
            Body::Earn(Earn {
                budget: account(0x10),
                reason: EarnReason::Helped,
                task: Some(TaskId([0x0e; 16])),
                payees: vec![
                    (account(0x20), amount(200)),
                    (account(0x21), amount(200)),
                    (account(0x22), amount(23)),
                ],
            }),
            vec![0x21],
        ),
        (
            "earn: without a task",
            Body::Earn(Earn {
                budget: account(0x10),
                reason: EarnReason::Welcome,
                task: None,
                payees: vec![(account(0x20), amount(100))],
            }),
            vec![0x21, 0x23],
        ),
        ("pay: a request", pay(vec![pay_line(0x30, 550, Some(0x0f))], false), vec![0x20]),
        ("pay: shown without network", pay(vec![pay_line(0x30, 250, None)], true), vec![0x20]),
        (
            "pay: the largest amount, and the same payee twice",
            pay(
                vec![
                    pay_line(0x30, 9_007_199_254_740_991, None),
                    pay_line(0x30, 1, Some(0x0f)),
                    pay_line(0x30, 1, None),
                ],
                false,
            ),
            vec![0x20],
        ),
        ("refund", Body::Refund(Refund { index: 65_536, line: 1, amount: amount(550) }), vec![0x30]),
        (
            "redeem: paid out",
            Body::Redeem(Redeem {
                merchant: account(0x30),
                amount: amount(3_800),
                rate: Rate::new(1, 2).ok(),
            }),
            vec![0x30],
        ),
        (
            "redeem: given back",
            Body::Redeem(Redeem { merchant: account(0x30), amount: amount(24), rate: None }),
            vec![0x30],
        ),
        (
            "settle",
            Body::Settle(Settle {
                redeems: vec![23, 24, 255, 256, 65_536],
                bank_reference: Digest::of(b"2026-12-15/1"),
            }),
            vec![2],
        ),
        ("retire", Body::Retire(Retire { budget: account(0x10), amount: amount(3_800) }), vec![2]),
        ("correct", correct(None), vec![0x21]),
        ("correct: covered", correct(Some(account(0x12))), vec![0x21, 0x23, 0x24]),
    ];
    let statements = Statement::ALL.iter().map(|statement| {
        let body = Attest { statement: *statement, size: 600, root: digest(0x01), document: digest(0x02) };
        ("attest", Body::Attest(body), if *statement == Statement::Snapshot { vec![2, 10] } else { vec![10] })
    });
    let memo = Memo::new([0x0f; 16], "Bedankt, tot volgende keer").expect("a memo").commitment();
    rows.into_iter()
        .chain(statements)
        .enumerate()
        .map(|(number, (name, body, seeds))| {
            let nonce = Nonce([number as u8 + 0x80; 16]);
            let memo = (name == "pay: a request").then_some(memo);
            let mut entry = Entry { nonce, expires_at: deadline(1_780_000_300), memo, body };
            codec::sort_sets(&mut entry);
            Sample { name, entry, seeds }
        })
        .collect()
}
