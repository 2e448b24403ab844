//! Credits as people read them: always with the unit's own word, the comma where it belongs.

use klaver_ledger::amount::{Amount, Scale, Total, balance_to_decimal};
use klaver_locales::Language;

/// The community's unit, as one language writes it.
#[derive(Clone, Debug)]
pub struct Unit {
    /// One: "klaver".
    pub one: String,
    /// Many: "klavers".
    pub many: String,
    /// How many decimals people see.
    pub scale: Scale,
    /// The language of the reader.
    pub language: Language,
}

impl Unit {
    /// Returns "1 klaver", "2 klavers", "2,50 klavers".
    pub fn show(&self, amount: impl Into<Total>) -> String {
        // A total is at most 2^53 - 1.
        self.show_balance(amount.into().minor() as i64)
    }

    /// Returns the same for a balance, which may be below zero.
    pub fn show_balance(&self, minor: i64) -> String {
        let is_one = minor.unsigned_abs() == 10_u64.pow(u32::from(self.scale.decimals()));
        let word = if is_one { &self.one } else { &self.many };
        format!("{} {word}", self.number(minor)).trim_end().to_owned()
    }

    /// Returns the number alone, with all decimals unless they are all zero.
    pub fn number(&self, minor: i64) -> String {
        let decimal = balance_to_decimal(minor, self.scale);
        let short = match decimal.split_once('.') {
            Some((whole, decimals)) if decimals.bytes().all(|byte| byte == b'0') => whole.to_owned(),
            _ => decimal,
        };
        let mark = self.language.decimal_mark().to_string();
        short.replace('.', &mark).replace('-', "\u{2212}")
    }

    /// Reads the decimal string of the interface, which may be below zero.
    pub fn parse_balance(&self, text: &str) -> Option<i64> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        Some(sign * i64::try_from(Total::parse(digits, self.scale).ok()?.minor()).ok()?)
    }

    /// Returns the balance that stands in an answer as people read it; what makes no sense stays as it came.
    pub fn show_text(&self, text: &str) -> String {
        self.parse_balance(text)
            .map_or_else(|| crate::output::harmless(text), |minor| self.show_balance(minor))
    }

    /// Returns what `an_hour` comes to in `hours` as a person typed them, with at most two decimals, rounding half to even;
    /// `None` for no number of hours, or for nothing.
    pub fn for_hours(&self, an_hour: Amount, hours: &str) -> Option<Amount> {
        let product = u128::from(an_hour.minor()) * u128::from(hundredths(hours)?);
        let (whole, rest) = (product / 100, product % 100);
        let rounded = whole + u128::from(rest > 50 || (rest == 50 && whole % 2 == 1));
        Amount::new(u64::try_from(rounded).ok()?).ok()
    }

    /// Reads an amount that a person typed.
    ///
    /// # Errors
    /// As [`Amount::parse`].
    pub fn parse(&self, text: &str) -> Result<Amount, klaver_ledger::amount::AmountError> {
        Amount::parse(text, self.scale)
    }
}

/// Returns a number of hours that a person typed, in hundredths.
fn hundredths(hours: &str) -> Option<u64> {
    Some(Amount::parse(hours, Scale::new(2).ok()?).ok()?.minor())
}

/// Returns euro cents as people of `language` write them: "€ 12,50".
pub fn euro(cents: u64, language: Language) -> String {
    format!("€ {}{}{:02}", cents / 100, language.decimal_mark(), cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(language: Language) -> Unit {
        Unit { one: "klaver".into(), many: "klavers".into(), scale: Scale::new(2).unwrap(), language }
    }

    #[test]
    fn hours_become_credits_and_half_a_cent_goes_to_the_even_one() {
        let unit = unit(Language::Dutch);
        let of = |minor, hours| unit.for_hours(Amount::new(minor).unwrap(), hours).map(Amount::minor);
        assert_eq!((of(500, "1,5"), of(500, "0.25"), of(250, "3")), (Some(750), Some(125), Some(750)));
        assert_eq!((of(1, "2,5"), of(1, "3,5"), of(3, "0,51")), (Some(2), Some(4), Some(2)));
        assert_eq!([of(500, ""), of(500, "0"), of(500, "1,255"), of(500, "-1"), of(1, "0,1")], [None; 5]);
    }

    #[test]
    fn amounts_carry_their_unit_and_the_comma_of_the_language() {
        let dutch = unit(Language::Dutch);
        let shown: Vec<String> =
            [100, -100, 200, 250, 5, 0, -1205].iter().map(|minor| dutch.show_balance(*minor)).collect();
        assert_eq!(
            shown,
            [
                "1 klaver",
                "−1 klaver",
                "2 klavers",
                "2,50 klavers",
                "0,05 klavers",
                "0 klavers",
                "−12,05 klavers"
            ]
        );
        assert_eq!(unit(Language::English).show_balance(250), "2.50 klavers");
    }

    #[test]
    fn balances_of_the_interface_are_read() {
        let unit = unit(Language::French);
        assert_eq!(unit.parse_balance("-3.50"), Some(-350));
        assert_eq!(unit.parse_balance("--3.50"), None);
        assert_eq!(unit.show_text("12.00"), "12 klavers");
        assert_eq!(unit.show_text("veel\u{7}"), "veel\u{fffd}");
    }

    #[test]
    fn euro_has_two_decimals() {
        assert_eq!(euro(3805, Language::Dutch), "€ 38,05");
    }
}
