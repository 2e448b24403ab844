//! The charter and its policy as JSON.

use crate::text::{self, FieldError};
use klaver_ledger::amount::{Rate, Scale};
use klaver_ledger::charter::{Charter, Joining, Policy};
use klaver_ledger::id::Digest;
use klaver_ledger::keys::PublicKey;
use klaver_ledger::time::Seconds;
use serde::{Deserialize, Serialize};

/// A rate as an exact fraction: euro cents for each minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RateJson {
    /// The number above the line.
    pub numerator: u64,
    /// The number below the line.
    pub denominator: u64,
}

/// Who governs and by which numbers; always complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CharterJson {
    /// The version of the rules.
    pub rules: u64,
    /// Keys that may sign checkpoints.
    pub log_keys: Vec<String>,
    /// Origin of the public log.
    pub origin: String,
    /// SHA-256 of the witness policy file.
    pub witness_policy: String,
    /// The council's keys.
    pub council: Vec<String>,
    /// How many of them must sign.
    pub council_threshold: u64,
    /// Keys that may replace the council.
    pub rescue: Vec<String>,
    /// How many of them must sign; 0 when there are none.
    pub rescue_threshold: u64,
    /// The node's key that opens ordinary accounts.
    pub registrar: String,
    /// The node's key that signs with cards.
    pub guardian: String,
    /// Keys of auditors.
    pub auditors: Vec<String>,
    /// The numbers.
    pub policy: PolicyJson,
}

/// The numbers of a community. Durations are whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyJson {
    /// Who may join without the council: `council` (nobody), `invitation`, `open`.
    pub joining: String,
    /// How far below zero a new member may go.
    pub member_limit: String,
    /// Longest validity of a `pay`, in seconds.
    pub pay_validity: u64,
    /// Longest validity of every other kind, in seconds.
    pub other_validity: u64,
    /// How long a recovery or a new charter waits, in seconds.
    pub recovery_delay: u64,
    /// How long the council may correct, in seconds.
    pub correction_window: u64,
    /// How long a payment may be refunded, in seconds.
    pub refund_window: u64,
    /// What one organisation may issue in a UTC day without a second one.
    #[serde(default)]
    pub organisation_day_amount: Option<String>,
    /// How many accounts the registrar may open in a UTC day.
    pub registrar_opens: u64,
    /// How many accounts it may freeze in a UTC day.
    pub registrar_freezes: u64,
    /// Euro cents for each minor unit; absent when merchants are not paid out.
    #[serde(default)]
    pub euro_rate: Option<RateJson>,
    /// Most that a payment shown without network may be.
    pub offline_cap: String,
    /// What a card may spend in a UTC day without its PIN.
    pub card_free_amount: String,
    /// What a card may spend in a UTC day at all.
    pub card_day_cap: String,
    /// How long untouched before credits may flow on, in seconds; 0 for never.
    pub dormancy: u64,
    /// Where credits go that have no heir of their own.
    #[serde(default)]
    pub heir_fund: Option<String>,
    /// Country whose ceilings for volunteers apply.
    pub ceilings_country: String,
}

impl RateJson {
    /// Returns the twin of `rate`.
    pub fn of(rate: Rate) -> Self {
        Self { numerator: rate.numerator(), denominator: rate.denominator() }
    }

    /// Returns the rate it stands for.
    ///
    /// # Errors
    /// When a number is zero or too large.
    pub fn to_rate(self) -> Result<Rate, FieldError> {
        Rate::new(self.numerator, self.denominator).map_err(|error| {
            FieldError::new("euro_rate", format!("{}/{}", self.numerator, self.denominator), error)
        })
    }
}

impl CharterJson {
    /// Returns the twin of `charter`.
    pub fn of(charter: &Charter, scale: Scale) -> Self {
        let keys = |keys: &[PublicKey]| keys.iter().map(ToString::to_string).collect();
        Self {
            rules: charter.rules,
            log_keys: keys(&charter.log_keys),
            origin: charter.origin.clone(),
            witness_policy: charter.witness_policy.to_hex(),
            council: keys(&charter.council),
            council_threshold: charter.council_threshold,
            rescue: keys(&charter.rescue),
            rescue_threshold: charter.rescue_threshold,
            registrar: charter.registrar.to_string(),
            guardian: charter.guardian.to_string(),
            auditors: keys(&charter.auditors),
            policy: PolicyJson::of(&charter.policy, scale),
        }
    }

    /// Returns the charter it stands for.
    ///
    /// # Errors
    /// Names the first field that does not hold what belongs there.
    pub fn to_charter(&self, scale: Scale) -> Result<Charter, FieldError> {
        let keys =
            |field, keys: &[String]| keys.iter().map(|key| text::key(field, key)).collect::<Result<_, _>>();
        Ok(Charter {
            rules: self.rules,
            log_keys: keys("log_keys", &self.log_keys)?,
            origin: self.origin.clone(),
            witness_policy: text::from_hex("witness_policy", &self.witness_policy, Digest::from_hex)?,
            council: keys("council", &self.council)?,
            council_threshold: self.council_threshold,
            rescue: keys("rescue", &self.rescue)?,
            rescue_threshold: self.rescue_threshold,
            registrar: text::key("registrar", &self.registrar)?,
            guardian: text::key("guardian", &self.guardian)?,
            auditors: keys("auditors", &self.auditors)?,
            policy: self.policy.to_policy(scale)?,
        })
    }
}

impl PolicyJson {
    /// Returns the twin of `policy`.
    pub fn of(policy: &Policy, scale: Scale) -> Self {
        Self {
            joining: policy.joining.word().to_owned(),
            member_limit: text::decimal(policy.member_limit, scale),
            pay_validity: policy.pay_validity.0,
            other_validity: policy.other_validity.0,
            recovery_delay: policy.recovery_delay.0,
            correction_window: policy.correction_window.0,
            refund_window: policy.refund_window.0,
            organisation_day_amount: policy.organisation_day_amount.map(|most| text::decimal(most, scale)),
            registrar_opens: policy.registrar_opens,
            registrar_freezes: policy.registrar_freezes,
            euro_rate: policy.euro_rate.map(RateJson::of),
            offline_cap: text::decimal(policy.offline_cap, scale),
            card_free_amount: text::decimal(policy.card_free_amount, scale),
            card_day_cap: text::decimal(policy.card_day_cap, scale),
            dormancy: policy.dormancy.0,
            heir_fund: policy.heir_fund.map(|fund| fund.to_string()),
            ceilings_country: policy.ceilings_country.clone(),
        }
    }

    /// Returns the policy it stands for. Whether its numbers are allowed is for the rules to say.
    ///
    /// # Errors
    /// Names the first field that does not hold what belongs there.
    pub fn to_policy(&self, scale: Scale) -> Result<Policy, FieldError> {
        let joining = Joining::from_word(&self.joining).ok_or_else(|| {
            FieldError::new("joining", &self.joining, "one of council, invitation, open belongs here")
        })?;
        let total = |field, value: &str| text::total(field, value, scale);
        Ok(Policy {
            joining,
            member_limit: total("member_limit", &self.member_limit)?,
            pay_validity: Seconds(self.pay_validity),
            other_validity: Seconds(self.other_validity),
            recovery_delay: Seconds(self.recovery_delay),
            correction_window: Seconds(self.correction_window),
            refund_window: Seconds(self.refund_window),
            organisation_day_amount: self
                .organisation_day_amount
                .as_deref()
                .map(|most| total("organisation_day_amount", most))
                .transpose()?,
            registrar_opens: self.registrar_opens,
            registrar_freezes: self.registrar_freezes,
            euro_rate: self.euro_rate.map(RateJson::to_rate).transpose()?,
            offline_cap: total("offline_cap", &self.offline_cap)?,
            card_free_amount: total("card_free_amount", &self.card_free_amount)?,
            card_day_cap: total("card_day_cap", &self.card_day_cap)?,
            dormancy: Seconds(self.dormancy),
            heir_fund: self.heir_fund.as_deref().map(|fund| text::account("heir_fund", fund)).transpose()?,
            ceilings_country: self.ceilings_country.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::amount::Total;
    use klaver_ledger::id::AccountId;
    use klaver_ledger::keys::SigningKey;

    #[test]
    fn a_charter_survives_the_way_through_json() {
        let scale = Scale::new(2).unwrap();
        let key = |seed| PublicKey::of(&SigningKey::from_bytes(&[seed; 32]));
        let policy = Policy {
            euro_rate: Some(Rate::new(1, 1).unwrap()),
            organisation_day_amount: Some(Total::new(50_000).unwrap()),
            heir_fund: Some(AccountId([8; 16])),
            ..Policy::starting()
        };
        let charter = Charter {
            rules: 1,
            log_keys: vec![key(1)],
            origin: "klaver.example/log".to_owned(),
            witness_policy: Digest([2; 32]),
            council: vec![key(3), key(4)],
            council_threshold: 2,
            rescue: vec![key(5)],
            rescue_threshold: 1,
            registrar: key(6),
            guardian: key(7),
            auditors: vec![key(8)],
            policy,
        };
        let json = serde_json::to_string(&CharterJson::of(&charter, scale)).unwrap();
        let twin: CharterJson = serde_json::from_str(&json).unwrap();
        assert_eq!(twin.to_charter(scale), Ok(charter));
    }
}
