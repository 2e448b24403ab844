//! The bytes that are signed and hashed: the only place that knows them.
//!
//! `docs/spec/` says the same in prose and in CDDL; test vectors hold both together.

use super::cbor::{CborError, Reader, Writer};
use super::*;
use crate::account::{AccountKind, KeyGrant, Rights};
use crate::amount::Total;
use crate::charter::{Joining, Policy, RULES_VERSION};
use crate::id::{LedgerId, OrganisationId};
use crate::keys::PublicKey;
use crate::limits::*;
use crate::time::Seconds;

/// The version of the entry format.
pub const ENTRY_VERSION: u64 = 1;

type Result<T> = std::result::Result<T, CborError>;

/// Returns the canonical bytes of `entry`.
///
/// Sets must be in order, as [`sort_sets`] leaves them; [`decode_payload`] refuses any other.
pub fn encode_payload(entry: &Entry) -> Vec<u8> {
    let mut w = Writer::with_capacity(256);
    w.array(6).uint(ENTRY_VERSION).uint(entry.body.kind().number()).bytes(&entry.nonce.0);
    w.uint(entry.expires_at.seconds()).optional(entry.memo, |w, memo| {
        w.bytes(&memo.0);
    });
    write_body(&mut w, &entry.body);
    w.finish()
}

/// Reads the canonical bytes of an entry.
///
/// # Errors
/// Names the first field that is not as the specification says.
pub fn decode_payload(payload: &[u8]) -> Result<Entry> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        let limit = format!("at most {PAYLOAD_BYTES_MAX} bytes; split it");
        return Err(CborError::out_of_range("payload", format!("{} bytes", payload.len()), limit));
    }
    let r = &mut Reader::new(payload);
    r.array("entry", 6)?;
    let version = r.uint("version")?;
    if version != ENTRY_VERSION {
        return Err(CborError::Unknown { field: "version", value: version });
    }
    let number = r.uint("kind")?;
    let kind = Kind::from_number(number).ok_or(CborError::Unknown { field: "kind", value: number })?;
    let nonce = Nonce(r.fixed("nonce")?);
    let expires_at = read_deadline(r, "expires_at")?;
    let memo = r.optional(|r| r.fixed("memo").map(Digest))?;
    let body = read_body(r, kind)?;
    r.end("entry")?;
    let entry = Entry { nonce, expires_at, memo, body };
    if encode_payload(&entry) != payload {
        return Err(CborError::NotCanonical { field: "entry" });
    }
    Ok(entry)
}

/// Puts every set of `entry` into the order of its encoding.
pub fn sort_sets(entry: &mut Entry) {
    fn sort<T>(items: &mut [T], write: fn(&mut Writer, &T)) {
        items.sort_by_cached_key(|item| encoded(item, write));
    }
    fn sort_state(state: &mut AccountState) {
        sort(&mut state.keys, write_grant);
        if let Some(payees) = &mut state.payees {
            payees.sort();
        }
    }
    fn sort_charter(charter: &mut Charter) {
        for keys in [&mut charter.log_keys, &mut charter.council, &mut charter.rescue, &mut charter.auditors]
        {
            keys.sort();
        }
    }
    match &mut entry.body {
        Body::Found(found) => sort_charter(&mut found.charter),
        Body::Govern(govern) => sort_charter(&mut govern.charter),
        Body::Open(open) => {
            open.states.iter_mut().for_each(sort_state);
            sort(&mut open.states, write_state);
        }
        Body::Change(change) => sort_state(&mut change.state),
        Body::Earn(earn) => sort(&mut earn.payees, write_share),
        Body::Pay(pay) => sort(&mut pay.payees, write_pay_line),
        Body::Settle(settle) => settle.redeems.sort_unstable(),
        Body::Correct(correct) => correct.lines.sort_unstable(),
        Body::Veto(_)
        | Body::Close(_)
        | Body::Refund(_)
        | Body::Redeem(_)
        | Body::Retire(_)
        | Body::Attest(_) => {}
    }
}

/// Returns the hash that a line of an `open` or `change` refers to: of `[state, status]`.
pub fn state_digest(state: &AccountState, status: AccountStatus) -> Digest {
    let mut w = Writer::with_capacity(256);
    w.array(2);
    write_state(&mut w, state);
    w.uint(status.number());
    Digest::of(&w.finish())
}

fn encoded<T>(item: &T, write: fn(&mut Writer, &T)) -> Vec<u8> {
    let mut w = Writer::with_capacity(128);
    write(&mut w, item);
    w.finish()
}

fn write_body(w: &mut Writer, body: &Body) {
    match body {
        Body::Found(found) => {
            w.array(5).text(&found.name).array(2).text(&found.unit.one).text(&found.unit.many);
            w.uint(found.scale.decimals().into());
            write_charter(w, &found.charter);
            w.optional(found.predecessor, |w, old| {
                w.array(4).bytes(&old.ledger.0).uint(old.size).bytes(&old.root.0).bytes(&old.snapshot.0);
            });
        }
        Body::Govern(govern) => {
            w.array(2).uint(govern.base);
            write_charter(w, &govern.charter);
        }
        Body::Open(open) => {
            w.array(1).list(&open.states, write_state);
        }
        Body::Change(change) => {
            w.array(3).uint(change.base);
            write_state(w, &change.state);
            w.uint(change.status.number());
        }
        Body::Veto(veto) => {
            w.array(1).uint(veto.index);
        }
        Body::Close(close) => {
            w.array(2).bytes(&close.account.0).bytes(&close.heir.0);
        }
        Body::Earn(earn) => {
            w.array(4).bytes(&earn.budget.0).uint(earn.reason.number());
            w.optional(earn.task, |w, task| {
                w.bytes(&task.0);
            });
            w.list(&earn.payees, write_share);
        }
        Body::Pay(pay) => {
            w.array(3).bytes(&pay.from.0).list(&pay.payees, write_pay_line).bool(pay.late);
        }
        Body::Refund(refund) => {
            w.array(3).uint(refund.index).uint(refund.line).uint(refund.amount.minor());
        }
        Body::Redeem(redeem) => {
            w.array(3).bytes(&redeem.merchant.0).uint(redeem.amount.minor());
            w.optional(redeem.rate, write_rate);
        }
        Body::Settle(settle) => {
            w.array(2).list(&settle.redeems, |w, index| {
                w.uint(*index);
            });
            w.bytes(&settle.bank_reference.0);
        }
        Body::Retire(retire) => {
            w.array(2).bytes(&retire.budget.0).uint(retire.amount.minor());
        }
        Body::Correct(correct) => {
            w.array(4).uint(correct.index).list(&correct.lines, |w, (line, amount)| {
                w.array(2).uint(*line).uint(amount.minor());
            });
            w.uint(correct.reason.number()).optional(correct.cover, |w, cover| {
                w.bytes(&cover.0);
            });
        }
        Body::Attest(attest) => {
            w.array(4).uint(attest.statement.number()).uint(attest.size);
            w.bytes(&attest.root.0).bytes(&attest.document.0);
        }
    }
}

fn read_body(r: &mut Reader<'_>, kind: Kind) -> Result<Body> {
    Ok(match kind {
        Kind::Found => {
            r.array("body", 5)?;
            // INV-12: here and in a charter (origin, country) stand the only texts of the ledger.
            let name = r.text("name", NAME_BYTES_MAX)?;
            r.array("unit", 2)?;
            let unit = UnitWords {
                one: r.text("unit", UNIT_WORD_BYTES_MAX)?,
                many: r.text("unit", UNIT_WORD_BYTES_MAX)?,
            };
            let scale = Scale::new(r.uint("scale")?).map_err(|error| refused("scale", error))?;
            let charter = read_charter(r)?;
            let predecessor = r.optional(|r| {
                r.array("predecessor", 4)?;
                Ok(Predecessor {
                    ledger: LedgerId(r.fixed("predecessor")?),
                    size: r.uint("predecessor")?,
                    root: Digest(r.fixed("predecessor")?),
                    snapshot: Digest(r.fixed("predecessor")?),
                })
            })?;
            Body::Found(Found { name, unit, scale, charter, predecessor })
        }
        Kind::Govern => {
            r.array("body", 2)?;
            Body::Govern(Govern { base: r.uint("base")?, charter: read_charter(r)? })
        }
        Kind::Open => {
            r.array("body", 1)?;
            let states = r.set("states", 1..=LINES_MAX, read_state)?;
            if states.windows(2).any(|pair| pair[0].account == pair[1].account) {
                return Err(CborError::Unsorted { field: "states" });
            }
            Body::Open(Open { states })
        }
        Kind::Change => {
            r.array("body", 3)?;
            let (base, state) = (r.uint("base")?, read_state(r)?);
            let status = read_numbered(r, "status", AccountStatus::from_number)?;
            Body::Change(Change { base, state, status })
        }
        Kind::Veto => {
            r.array("body", 1)?;
            Body::Veto(Veto { index: r.uint("index")? })
        }
        Kind::Close => {
            r.array("body", 2)?;
            Body::Close(Close { account: read_account(r, "account")?, heir: read_account(r, "heir")? })
        }
        Kind::Earn => {
            r.array("body", 4)?;
            let budget = read_account(r, "budget")?;
            let reason = read_numbered(r, "reason", EarnReason::from_number)?;
            let task = r.optional(|r| r.fixed("task").map(TaskId))?;
            let payees = r.set("payees", 1..=LINES_MAX - 1, |r| {
                r.array("payees", 2)?;
                Ok((read_account(r, "payees")?, read_amount(r, "amount")?))
            })?;
            if payees.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return Err(CborError::Unsorted { field: "payees" });
            }
            Body::Earn(Earn { budget, reason, task, payees })
        }
        Kind::Pay => {
            r.array("body", 3)?;
            let from = read_account(r, "from")?;
            let payees = r.set("payees", 1..=LINES_MAX - 1, read_pay_line)?;
            Body::Pay(Pay { from, payees, late: r.bool("late")? })
        }
        Kind::Refund => {
            r.array("body", 3)?;
            Body::Refund(Refund {
                index: r.uint("index")?,
                line: r.uint("line")?,
                amount: read_amount(r, "amount")?,
            })
        }
        Kind::Redeem => {
            r.array("body", 3)?;
            let (merchant, amount) = (read_account(r, "merchant")?, read_amount(r, "amount")?);
            Body::Redeem(Redeem { merchant, amount, rate: r.optional(read_rate)? })
        }
        Kind::Settle => {
            r.array("body", 2)?;
            let redeems = r.set("redeems", 1..=LINES_MAX, |r| r.uint("redeems"))?;
            Body::Settle(Settle { redeems, bank_reference: Digest(r.fixed("bank_reference")?) })
        }
        Kind::Retire => {
            r.array("body", 2)?;
            Body::Retire(Retire { budget: read_account(r, "budget")?, amount: read_amount(r, "amount")? })
        }
        Kind::Correct => {
            r.array("body", 4)?;
            let index = r.uint("index")?;
            let lines = r.set("lines", 1..=LINES_MAX / 3, |r| {
                r.array("lines", 2)?;
                Ok((r.uint("line")?, read_amount(r, "amount")?))
            })?;
            if lines.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return Err(CborError::Unsorted { field: "lines" });
            }
            let reason = read_numbered(r, "reason", CorrectReason::from_number)?;
            Body::Correct(Correct { index, lines, reason, cover: r.optional(|r| read_account(r, "cover"))? })
        }
        Kind::Attest => {
            r.array("body", 4)?;
            Body::Attest(Attest {
                statement: read_numbered(r, "statement", Statement::from_number)?,
                size: r.uint("size")?,
                root: Digest(r.fixed("root")?),
                document: Digest(r.fixed("document")?),
            })
        }
    })
}

fn write_share(w: &mut Writer, (account, amount): &(AccountId, Amount)) {
    w.array(2).bytes(&account.0).uint(amount.minor());
}

fn write_pay_line(w: &mut Writer, line: &PayLine) {
    w.array(3).bytes(&line.to.0).uint(line.amount.minor()).optional(line.request, |w, request| {
        w.array(2).bytes(&request.id.0).uint(request.until.seconds());
    });
}

fn read_pay_line(r: &mut Reader<'_>) -> Result<PayLine> {
    r.array("payees", 3)?;
    let (to, amount) = (read_account(r, "payees")?, read_amount(r, "amount")?);
    let request = r.optional(|r| {
        r.array("request", 2)?;
        Ok(RequestRef { id: RequestId(r.fixed("request")?), until: read_deadline(r, "until")? })
    })?;
    Ok(PayLine { to, amount, request })
}

fn write_grant(w: &mut Writer, grant: &KeyGrant) {
    w.array(4).bytes(grant.key.as_bytes()).uint(grant.rights.bits().into());
    w.optional(grant.until, |w, until| {
        w.uint(until.seconds());
    });
    w.optional(grant.cap, |w, cap| {
        w.uint(cap.minor());
    });
}

/// Writes the complete state of an account.
pub(crate) fn write_state(w: &mut Writer, state: &AccountState) {
    w.array(10).bytes(&state.account.0).uint(state.kind.number()).list(&state.keys, write_grant);
    w.uint(state.threshold).uint(state.limit.minor());
    w.optional(state.ceiling, |w, ceiling| {
        w.uint(ceiling.minor());
    });
    w.optional(state.organisation, |w, organisation| {
        w.bytes(&organisation.0);
    });
    w.optional(state.heir, |w, heir| {
        w.bytes(&heir.0);
    });
    w.optional(state.until, |w, until| {
        w.uint(until.seconds());
    });
    w.optional(state.payees.as_deref(), |w, payees| {
        w.list(payees, |w, payee| {
            w.bytes(&payee.0);
        });
    });
}

/// Reads the complete state of an account.
pub(crate) fn read_state(r: &mut Reader<'_>) -> Result<AccountState> {
    r.array("state", 10)?;
    let account = read_account(r, "account")?;
    let kind = read_numbered(r, "kind", AccountKind::from_number)?;
    let keys = r.set("keys", 0..=KEYS_MAX, |r| {
        r.array("keys", 4)?;
        let key = read_key(r, "keys")?;
        let bits = r.uint("rights")?;
        let rights =
            Rights::from_bits(bits).ok_or_else(|| CborError::out_of_range("rights", bits, "1 to 15"))?;
        let until = r.optional(|r| read_deadline(r, "until"))?;
        Ok(KeyGrant { key, rights, until, cap: r.optional(|r| read_amount(r, "cap"))? })
    })?;
    if keys.windows(2).any(|pair| pair[0].key == pair[1].key) {
        return Err(CborError::Unsorted { field: "keys" });
    }
    Ok(AccountState {
        account,
        kind,
        keys,
        threshold: r.uint("threshold")?,
        limit: read_total(r, "limit")?,
        ceiling: r.optional(|r| read_total(r, "ceiling"))?,
        organisation: r.optional(|r| r.fixed("organisation").map(OrganisationId))?,
        heir: r.optional(|r| read_account(r, "heir"))?,
        until: r.optional(|r| read_deadline(r, "until"))?,
        payees: r.optional(|r| r.set("payees", 0..=PAYEES_MAX, |r| read_account(r, "payees")))?,
    })
}

/// Writes a complete charter.
pub(crate) fn write_charter(w: &mut Writer, charter: &Charter) {
    let write_key = |w: &mut Writer, key: &PublicKey| {
        w.bytes(key.as_bytes());
    };
    w.array(12).uint(charter.rules).list(&charter.log_keys, write_key).text(&charter.origin);
    w.bytes(&charter.witness_policy.0);
    w.list(&charter.council, write_key).uint(charter.council_threshold);
    w.list(&charter.rescue, write_key).uint(charter.rescue_threshold);
    w.bytes(charter.registrar.as_bytes()).bytes(charter.guardian.as_bytes());
    w.list(&charter.auditors, write_key);
    write_policy(w, &charter.policy);
}

/// Reads a complete charter.
pub(crate) fn read_charter(r: &mut Reader<'_>) -> Result<Charter> {
    r.array("charter", 12)?;
    let rules = r.uint("rules")?;
    if rules != RULES_VERSION {
        return Err(CborError::Unknown { field: "rules", value: rules });
    }
    Ok(Charter {
        rules,
        log_keys: r.set("log_keys", 1..=KEYS_MAX, |r| read_key(r, "log_keys"))?,
        origin: r.text("origin", ORIGIN_BYTES_MAX)?,
        witness_policy: Digest(r.fixed("witness_policy")?),
        council: r.set("council", 1..=KEYS_MAX, |r| read_key(r, "council"))?,
        council_threshold: r.uint("council_threshold")?,
        rescue: r.set("rescue", 0..=KEYS_MAX, |r| read_key(r, "rescue"))?,
        rescue_threshold: r.uint("rescue_threshold")?,
        registrar: read_key(r, "registrar")?,
        guardian: read_key(r, "guardian")?,
        auditors: r.set("auditors", 0..=KEYS_MAX, |r| read_key(r, "auditors"))?,
        policy: read_policy(r)?,
    })
}

fn write_policy(w: &mut Writer, policy: &Policy) {
    w.array(17).uint(policy.joining.number()).uint(policy.member_limit.minor());
    w.uint(policy.pay_validity.0).uint(policy.other_validity.0).uint(policy.recovery_delay.0);
    w.uint(policy.correction_window.0).uint(policy.refund_window.0);
    w.optional(policy.organisation_day_amount, |w, amount| {
        w.uint(amount.minor());
    });
    w.uint(policy.registrar_opens).uint(policy.registrar_freezes).optional(policy.euro_rate, write_rate);
    w.uint(policy.offline_cap.minor())
        .uint(policy.card_free_amount.minor())
        .uint(policy.card_day_cap.minor());
    w.uint(policy.dormancy.0).optional(policy.heir_fund, |w, fund| {
        w.bytes(&fund.0);
    });
    w.text(&policy.ceilings_country);
}

fn read_policy(r: &mut Reader<'_>) -> Result<Policy> {
    r.array("policy", 17)?;
    let policy = Policy {
        joining: read_numbered(r, "joining", Joining::from_number)?,
        member_limit: read_total(r, "member_limit")?,
        pay_validity: read_seconds(r, "pay_validity", 60, VALIDITY_SECONDS_MAX)?,
        other_validity: read_seconds(r, "other_validity", 60, VALIDITY_SECONDS_MAX)?,
        recovery_delay: read_seconds(
            r,
            "recovery_delay",
            RECOVERY_DELAY_SECONDS.0,
            RECOVERY_DELAY_SECONDS.1,
        )?,
        correction_window: read_seconds(r, "correction_window", 0, CORRECTION_WINDOW_SECONDS_MAX)?,
        refund_window: read_seconds(r, "refund_window", REFUND_WINDOW_SECONDS.0, REFUND_WINDOW_SECONDS.1)?,
        organisation_day_amount: r.optional(|r| read_total(r, "organisation_day_amount"))?,
        registrar_opens: r.uint("registrar_opens")?,
        registrar_freezes: r.uint("registrar_freezes")?,
        euro_rate: r.optional(read_rate)?,
        offline_cap: read_total(r, "offline_cap")?,
        card_free_amount: read_total(r, "card_free_amount")?,
        card_day_cap: read_total(r, "card_day_cap")?,
        dormancy: Seconds(r.uint("dormancy")?),
        heir_fund: r.optional(|r| read_account(r, "heir_fund"))?,
        ceilings_country: r.text("ceilings_country", 2)?,
    };
    let country = &policy.ceilings_country;
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(CborError::out_of_range("ceilings_country", country, "two capital letters (ISO 3166-1)"));
    }
    Ok(policy)
}

fn write_rate(w: &mut Writer, rate: Rate) {
    w.array(2).uint(rate.numerator()).uint(rate.denominator());
}

fn read_rate(r: &mut Reader<'_>) -> Result<Rate> {
    r.array("rate", 2)?;
    Rate::new(r.uint("rate")?, r.uint("rate")?).map_err(|error| refused("rate", error))
}

fn read_account(r: &mut Reader<'_>, field: &'static str) -> Result<AccountId> {
    r.fixed(field).map(AccountId)
}

fn read_amount(r: &mut Reader<'_>, field: &'static str) -> Result<Amount> {
    Amount::new(r.uint(field)?).map_err(|error| refused(field, error))
}

fn read_total(r: &mut Reader<'_>, field: &'static str) -> Result<Total> {
    Total::new(r.uint(field)?).map_err(|error| refused(field, error))
}

fn read_deadline(r: &mut Reader<'_>, field: &'static str) -> Result<Deadline> {
    let seconds = r.uint(field)?;
    Deadline::from_seconds(seconds).ok_or_else(|| {
        CborError::out_of_range(field, seconds, format!("at most {EXPIRES_AT_MAX} seconds, the year 9999"))
    })
}

fn read_seconds(r: &mut Reader<'_>, field: &'static str, least: u64, most: u64) -> Result<Seconds> {
    match r.uint(field)? {
        seconds if (least..=most).contains(&seconds) => Ok(Seconds(seconds)),
        seconds => Err(CborError::out_of_range(field, seconds, format!("{least} to {most} seconds"))),
    }
}

fn read_key(r: &mut Reader<'_>, field: &'static str) -> Result<PublicKey> {
    let bytes = r.fixed(field)?;
    if r.is_own() {
        return Ok(PublicKey::checked_before(bytes));
    }
    PublicKey::from_bytes(&bytes).map_err(|error| refused(field, error))
}

fn read_numbered<T>(r: &mut Reader<'_>, field: &'static str, from: fn(u64) -> Option<T>) -> Result<T> {
    let number = r.uint(field)?;
    from(number).ok_or(CborError::Unknown { field, value: number })
}

fn refused(field: &'static str, error: impl std::fmt::Display) -> CborError {
    CborError::out_of_range(field, "this value", error)
}
