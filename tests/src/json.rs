//! An entry's fields as the test vectors write them: integers as numbers, bytes in hexadecimal, enumerations by
//! their word, absent fields as null.

use klaver_ledger::account::{AccountState, KeyGrant};
use klaver_ledger::amount::Rate;
use klaver_ledger::charter::{Charter, Policy};
use klaver_ledger::entry::{Body, Entry, PayLine};
use klaver_ledger::keys::PublicKey;
use serde_json::{Value, json};

/// Returns the fields of `entry`.
pub fn entry(entry: &Entry) -> Value {
    json!({
        "kind": entry.body.kind().word(),
        "nonce": entry.nonce.to_hex(),
        "expires_at": entry.expires_at.seconds(),
        "memo": entry.memo.map(|memo| memo.to_hex()),
        "body": body(&entry.body),
    })
}

fn body(body: &Body) -> Value {
    match body {
        Body::Found(found) => json!({
            "name": found.name,
            "unit": [found.unit.one, found.unit.many],
            "scale": found.scale.decimals(),
            "charter": charter(&found.charter),
            "predecessor": found.predecessor.map(|old| json!({
                "ledger": old.ledger.to_hex(),
                "size": old.size,
                "root": old.root.to_hex(),
                "snapshot": old.snapshot.to_hex(),
            })),
        }),
        Body::Govern(govern) => json!({"base": govern.base, "charter": charter(&govern.charter)}),
        Body::Open(open) => json!({"states": open.states.iter().map(state).collect::<Vec<_>>()}),
        Body::Change(change) => json!({
            "base": change.base,
            "state": state(&change.state),
            "status": change.status.word(),
        }),
        Body::Veto(veto) => json!({"index": veto.index}),
        Body::Close(close) => json!({"account": close.account.to_hex(), "heir": close.heir.to_hex()}),
        Body::Earn(earn) => json!({
            "budget": earn.budget.to_hex(),
            "reason": earn.reason.word(),
            "task": earn.task.map(|task| task.to_hex()),
            "payees": earn.payees.iter().map(|(to, amount)| json!([to.to_hex(), amount.minor()])).collect::<Vec<_>>(),
        }),
        Body::Pay(pay) => json!({
            "from": pay.from.to_hex(),
            "payees": pay.payees.iter().map(pay_line).collect::<Vec<_>>(),
            "late": pay.late,
        }),
        Body::Refund(refund) => json!({
            "index": refund.index,
            "line": refund.line,
            "amount": refund.amount.minor(),
        }),
        Body::Redeem(redeem) => json!({
            "merchant": redeem.merchant.to_hex(),
            "amount": redeem.amount.minor(),
            "rate": redeem.rate.map(rate),
        }),
        Body::Settle(settle) => json!({
            "redeems": settle.redeems,
            "bank_reference": settle.bank_reference.to_hex(),
        }),
        Body::Retire(retire) => json!({"budget": retire.budget.to_hex(), "amount": retire.amount.minor()}),
        Body::Correct(correct) => json!({
            "index": correct.index,
            "lines": correct.lines.iter().map(|(line, amount)| json!([line, amount.minor()])).collect::<Vec<_>>(),
            "reason": correct.reason.word(),
            "cover": correct.cover.map(|cover| cover.to_hex()),
        }),
        Body::Attest(attest) => json!({
            "statement": attest.statement.word(),
            "size": attest.size,
            "root": attest.root.to_hex(),
            "document": attest.document.to_hex(),
        }),
    }
}

fn pay_line(line: &PayLine) -> Value {
    json!({
        "to": line.to.to_hex(),
        "amount": line.amount.minor(),
        "request": line.request.map(|request| json!({
            "id": request.id.to_hex(),
            "until": request.until.seconds(),
        })),
    })
}

fn rate(rate: Rate) -> Value {
    json!([rate.numerator(), rate.denominator()])
}

/// Returns the fields of an account's state.
pub fn state(state: &AccountState) -> Value {
    json!({
        "account": state.account.to_hex(),
        "kind": state.kind.word(),
        "keys": state.keys.iter().map(grant).collect::<Vec<_>>(),
        "threshold": state.threshold,
        "limit": state.limit.minor(),
        "ceiling": state.ceiling.map(|ceiling| ceiling.minor()),
        "organisation": state.organisation.map(|organisation| organisation.to_hex()),
        "heir": state.heir.map(|heir| heir.to_hex()),
        "until": state.until.map(|until| until.seconds()),
        "payees": state.payees.as_ref().map(|payees| {
            payees.iter().map(|payee| payee.to_hex()).collect::<Vec<_>>()
        }),
    })
}

fn grant(grant: &KeyGrant) -> Value {
    json!({
        "key": grant.key.to_string(),
        "rights": grant.rights.bits(),
        "until": grant.until.map(|until| until.seconds()),
        "cap": grant.cap.map(|cap| cap.minor()),
    })
}

fn charter(charter: &Charter) -> Value {
    let keys = |keys: &[PublicKey]| keys.iter().map(PublicKey::to_string).collect::<Vec<_>>();
    json!({
        "rules": charter.rules,
        "log_keys": keys(&charter.log_keys),
        "origin": charter.origin,
        "witness_policy": charter.witness_policy.to_hex(),
        "council": keys(&charter.council),
        "council_threshold": charter.council_threshold,
        "rescue": keys(&charter.rescue),
        "rescue_threshold": charter.rescue_threshold,
        "registrar": charter.registrar.to_string(),
        "guardian": charter.guardian.to_string(),
        "auditors": keys(&charter.auditors),
        "policy": policy(&charter.policy),
    })
}

fn policy(policy: &Policy) -> Value {
    json!({
        "joining": policy.joining.word(),
        "member_limit": policy.member_limit.minor(),
        "pay_validity": policy.pay_validity.0,
        "other_validity": policy.other_validity.0,
        "recovery_delay": policy.recovery_delay.0,
        "correction_window": policy.correction_window.0,
        "refund_window": policy.refund_window.0,
        "organisation_day_amount": policy.organisation_day_amount.map(|amount| amount.minor()),
        "registrar_opens": policy.registrar_opens,
        "registrar_freezes": policy.registrar_freezes,
        "euro_rate": policy.euro_rate.map(rate),
        "offline_cap": policy.offline_cap.minor(),
        "card_free_amount": policy.card_free_amount.minor(),
        "card_day_cap": policy.card_day_cap.minor(),
        "dormancy": policy.dormancy.0,
        "heir_fund": policy.heir_fund.map(|fund| fund.to_hex()),
        "ceilings_country": policy.ceilings_country,
    })
}
