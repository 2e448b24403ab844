//! Credits as whole minor units, and how people read and write them.
//!
//! `rust_decimal` parses, prints and multiplies; floats never appear.

use crate::limits::{INTEGER_MAX, SCALE_MAX};
use rust_decimal::{Decimal, RoundingStrategy};
use std::fmt;
use std::iter::Sum;

/// A number of credits in minor units that one posting moves: 1 ..= 2^53 - 1 (INV-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u64);

/// A sum of credits in minor units: 0 ..= 2^53 - 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Total(u64);

/// How many decimals people see: 0 ..= 4, fixed when the community is founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale(u8);

/// A rate as an exact fraction: euro cents for each minor unit of credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    numerator: u64,
    denominator: u64,
}

/// Why a number is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Zero moves nothing.
    #[error("an amount is at least 1 minor unit, this is 0: give a larger amount")]
    Zero,
    /// Larger than an exact integer in JSON.
    #[error("{0} minor units is more than {INTEGER_MAX}, the largest amount: give a smaller amount")]
    TooLarge(u128),
    /// More decimals than the community uses.
    #[error("\"{text}\" has {found} decimals, this community uses at most {allowed}: round the amount")]
    TooManyDecimals {
        /// What was typed.
        text: String,
        /// Decimals found.
        found: u32,
        /// Decimals allowed.
        allowed: u8,
    },
    /// Not a plain decimal number.
    #[error("\"{0}\" is not an amount: write digits, with at most one comma or point, such as 12,50")]
    NotANumber(String),
    /// A scale beyond 4.
    #[error("scale {0} is more than {SCALE_MAX}: choose 0 to 4 decimals")]
    ScaleTooLarge(u64),
    /// A fraction with zero in it, or an integer beyond the wire's.
    #[error("rate {numerator}/{denominator}: both numbers lie between 1 and {INTEGER_MAX}")]
    BadRate {
        /// The number above the line.
        numerator: u64,
        /// The number below the line.
        denominator: u64,
    },
}

impl Amount {
    /// Returns the amount of `minor` minor units.
    ///
    /// # Errors
    /// `Zero` for 0, `TooLarge` above 2^53 - 1.
    pub fn new(minor: u64) -> Result<Self, AmountError> {
        match minor {
            0 => Err(AmountError::Zero),
            1..=INTEGER_MAX => Ok(Self(minor)),
            _ => Err(AmountError::TooLarge(minor.into())),
        }
    }

    /// Returns the number of minor units.
    pub fn minor(self) -> u64 {
        self.0
    }

    /// Reads what a person typed: digits with at most one comma or point.
    ///
    /// # Errors
    /// Says whether it is no number, zero, too large, or has more decimals than `scale`.
    pub fn parse(text: &str, scale: Scale) -> Result<Self, AmountError> {
        Self::new(Total::parse(text, scale)?.minor())
    }
}

impl Total {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Returns the sum of `minor` minor units.
    ///
    /// # Errors
    /// `TooLarge` above 2^53 - 1.
    pub fn new(minor: u64) -> Result<Self, AmountError> {
        if minor <= INTEGER_MAX { Ok(Self(minor)) } else { Err(AmountError::TooLarge(minor.into())) }
    }

    /// Returns the number of minor units.
    pub fn minor(self) -> u64 {
        self.0
    }

    /// Returns the sum with `amount` added, or `None` beyond 2^53 - 1.
    pub fn checked_add(self, amount: impl Into<Total>) -> Option<Self> {
        let sum = self.0.checked_add(amount.into().0)?;
        (sum <= INTEGER_MAX).then_some(Self(sum))
    }

    /// Returns what is left after taking `amount`, or `None` below zero.
    pub fn checked_sub(self, amount: impl Into<Total>) -> Option<Self> {
        self.0.checked_sub(amount.into().0).map(Self)
    }

    /// Returns this as an amount, or `None` when it is zero.
    pub fn as_amount(self) -> Option<Amount> {
        Amount::new(self.0).ok()
    }

    /// Reads what a person typed, zero included: digits with at most one comma or point.
    ///
    /// # Errors
    /// As [`Amount::parse`], without `Zero`.
    pub fn parse(text: &str, scale: Scale) -> Result<Self, AmountError> {
        let bad = || AmountError::NotANumber(text.to_owned());
        let plain = text.replacen(',', ".", 1);
        let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(decimals) || plain.ends_with('.') {
            return Err(bad());
        }
        if decimals.len() > usize::from(scale.0) {
            let found = u32::try_from(decimals.len()).unwrap_or(u32::MAX);
            return Err(AmountError::TooManyDecimals { text: text.to_owned(), found, allowed: scale.0 });
        }
        let value = Decimal::from_str_exact(&plain).map_err(|_| bad())?;
        let minor = value
            .checked_mul(scale.factor())
            .and_then(|d| u128::try_from(d.normalize()).ok())
            .ok_or_else(bad)?;
        u64::try_from(minor).ok().and_then(|m| Self::new(m).ok()).ok_or(AmountError::TooLarge(minor))
    }

    /// Returns the decimal string of the protocol: a point, and exactly `scale` decimals.
    pub fn to_decimal(self, scale: Scale) -> String {
        Decimal::from_i128_with_scale(i128::from(self.0), u32::from(scale.0)).to_string()
    }
}

/// Returns minor units as a number that other ones can be taken off.
///
/// # Panics
/// Beyond 2^63 - 1: no sum of the books comes near it, since each is at most 2^53 - 1 (INV-1).
pub(crate) fn signed(minor: u64) -> i64 {
    i64::try_from(minor).expect("sums of the books are at most 2^53 - 1")
}

/// Returns a signed balance as the decimal string of the protocol: `-3.50`.
pub fn balance_to_decimal(minor: i64, scale: Scale) -> String {
    Decimal::from_i128_with_scale(i128::from(minor), u32::from(scale.0)).to_string()
}

impl From<Amount> for Total {
    fn from(amount: Amount) -> Self {
        Self(amount.0)
    }
}

impl Sum<Amount> for Option<Total> {
    fn sum<I: Iterator<Item = Amount>>(mut amounts: I) -> Self {
        amounts.try_fold(Total::ZERO, Total::checked_add)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scale {
    /// Returns the scale of `decimals` decimals.
    ///
    /// # Errors
    /// `ScaleTooLarge` above 4.
    pub fn new(decimals: u64) -> Result<Self, AmountError> {
        match u8::try_from(decimals) {
            Ok(scale) if scale <= SCALE_MAX => Ok(Self(scale)),
            _ => Err(AmountError::ScaleTooLarge(decimals)),
        }
    }

    /// Returns the number of decimals.
    pub fn decimals(self) -> u8 {
        self.0
    }

    fn factor(self) -> Decimal {
        Decimal::from(10_u64.pow(u32::from(self.0)))
    }
}

impl Rate {
    /// Returns the rate `numerator / denominator`.
    ///
    /// # Errors
    /// `BadRate` when either is zero or beyond 2^53 - 1.
    pub fn new(numerator: u64, denominator: u64) -> Result<Self, AmountError> {
        let range = 1..=INTEGER_MAX;
        if range.contains(&numerator) && range.contains(&denominator) {
            Ok(Self { numerator, denominator })
        } else {
            Err(AmountError::BadRate { numerator, denominator })
        }
    }

    /// Returns the number above the line.
    pub fn numerator(self) -> u64 {
        self.numerator
    }

    /// Returns the number below the line.
    pub fn denominator(self) -> u64 {
        self.denominator
    }

    /// Returns the euro cents paid for `amount`, rounding half to even, or `None` beyond what a decimal holds.
    pub fn euro_cents(self, amount: Amount) -> Option<u64> {
        let exact = Decimal::from(amount.0)
            .checked_mul(Decimal::from(self.numerator))?
            .checked_div(Decimal::from(self.denominator))?;
        u64::try_from(exact.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_may_write_a_comma_or_a_point() {
        let scale = Scale::new(2).unwrap();
        for (text, minor) in [("12,50", 1250), ("12.5", 1250), ("0,01", 1), ("7", 700), ("007", 700)] {
            assert_eq!(Amount::parse(text, scale).unwrap().minor(), minor, "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_the_reason() {
        let scale = Scale::new(2).unwrap();
        let refused = |text: &str| Amount::parse(text, scale).unwrap_err().to_string();
        insta::assert_snapshot!(
            ["", "0", "1,2,3", "1e3", "+5", "-1", "١٢", "1,234", "3.", ".5", " 1", "90071992547409.92", "1000000000000000000000000000000"]
                .map(|text| format!("{text:?}: {}", refused(text)))
                .join("\n"),
            @r#"
        "": "" is not an amount: write digits, with at most one comma or point, such as 12,50
        "0": an amount is at least 1 minor unit, this is 0: give a larger amount
        "1,2,3": "1,2,3" is not an amount: write digits, with at most one comma or point, such as 12,50
        "1e3": "1e3" is not an amount: write digits, with at most one comma or point, such as 12,50
        "+5": "+5" is not an amount: write digits, with at most one comma or point, such as 12,50
        "-1": "-1" is not an amount: write digits, with at most one comma or point, such as 12,50
        "١٢": "١٢" is not an amount: write digits, with at most one comma or point, such as 12,50
        "1,234": "1,234" has 3 decimals, this community uses at most 2: round the amount
        "3.": "3." is not an amount: write digits, with at most one comma or point, such as 12,50
        ".5": ".5" is not an amount: write digits, with at most one comma or point, such as 12,50
        " 1": " 1" is not an amount: write digits, with at most one comma or point, such as 12,50
        "90071992547409.92": 9007199254740992 minor units is more than 9007199254740991, the largest amount: give a smaller amount
        "1000000000000000000000000000000": "1000000000000000000000000000000" is not an amount: write digits, with at most one comma or point, such as 12,50
        "#
        );
    }

    #[test]
    fn a_decimal_string_shows_every_decimal_of_the_scale() {
        let scale = Scale::new(2).unwrap();
        assert_eq!(Total::new(1250).unwrap().to_decimal(scale), "12.50");
        assert_eq!(Total::ZERO.to_decimal(scale), "0.00");
        assert_eq!(balance_to_decimal(-5, scale), "-0.05");
        assert_eq!(Total::new(12).unwrap().to_decimal(Scale::new(0).unwrap()), "12");
    }

    #[test]
    fn euro_is_rounded_half_to_even() {
        let half = Rate::new(1, 2).unwrap();
        let cents = |minor| half.euro_cents(Amount::new(minor).unwrap()).unwrap();
        assert_eq!([cents(1), cents(3), cents(5), cents(4)], [0, 2, 2, 2]);
    }
}
