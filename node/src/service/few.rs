//! What may be told of people: nothing of few of them, and to everybody in tens.

use klaver_ledger::account::AccountKind;

/// Fewer people than this are never shown as a number of their own.
pub(super) const PEOPLE_MIN: u64 = 10;
/// Inside the core team no fewer people than this are shown as a number of their own.
pub(super) const COUNT_MIN: u64 = 5;

/// Returns a number as anybody may know it: the whole tens of it.
pub(super) fn in_tens(number: u64) -> u64 {
    number / 10 * 10
}

/// Returns a number in tens; nothing of one that is too small to be told.
pub(super) fn tens(number: u64) -> Option<u64> {
    (PEOPLE_MIN <= number).then(|| in_tens(number))
}

/// Returns whether such an account is a person's own: a member's or a card.
pub(super) fn is_person(kind: AccountKind) -> bool {
    matches!(kind, AccountKind::Member | AccountKind::Card)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_in_tens_from_ten_on() {
        let told = [0, 9, 10, 19, 20, 1_999].map(tens);
        assert_eq!(told, [None, None, Some(10), Some(10), Some(20), Some(1_990)]);
        assert_eq!([9, 29].map(in_tens), [0, 20]);
    }
}
