//! Snapshots that somebody else made: whatever their bytes are, they are refused or are the one form of sound books.

use super::*;
use crate::account::{AccountKind, Rights};
use crate::entry::cbor::CborError;
use crate::entry::{Body, Close, Redeem};
use crate::testing::*;
use std::collections::BTreeSet;

/// Books with something of everything that a snapshot holds.
fn lived_in() -> World {
    let mut w = World::new();
    w.earn("house", &[("mia", 5_000), ("noor", 300)]).unwrap();
    w.pay("mia", "bakery", 700).unwrap();
    let redeem = Redeem { merchant: account("bakery"), amount: minor(200), rate: None };
    let _ = w.record(Body::Redeem(redeem), &["bakery"]);
    w.open(vec![state("left", AccountKind::Member)], COUNCIL).unwrap();
    let close = Close { account: account("left"), heir: account("mia") };
    w.record(Body::Close(close), &["left"]).unwrap();
    let mut waiting = w.state("noor");
    waiting.keys = vec![grant("noor's new phone", Rights::ALL)];
    w.change(waiting, COUNCIL).unwrap();
    w
}

fn refused(books: &Books) -> &'static str {
    Books::decode_snapshot(&books.encode_snapshot()).expect_err("refused").field()
}

fn edited(books: &Books, name: &str, edit: impl FnOnce(&mut Account)) -> Books {
    let mut books = books.clone();
    edit(books.standing.account_mut(&account(name)));
    books
}

#[test]
fn a_snapshot_is_read_back_as_it_was() {
    let books = lived_in().books;
    let bytes = books.encode_snapshot();
    let read = Books::decode_snapshot(&bytes).unwrap();
    assert_eq!(read.encode_snapshot(), bytes);
    let pots = |books: &Books| books.standing().pots().map(Account::id).collect::<BTreeSet<_>>();
    assert_eq!((pots(&read), pots(&read).len()), (pots(&books), 3), "two budgets and a fund");
    assert!(!read.windows.rows.is_empty() && !read.windows.ids.is_empty());
    let has_heir = |account: &Account| account.closed_to().is_some();
    assert!(read.standing().accounts().any(has_heir), "a closed account is in it");
}

#[test]
fn books_that_no_ledger_came_to_are_refused() {
    let books = lived_in().books;
    // The same account twice, with other figures the second time.
    let mut doubled = books.clone();
    let mut twin = books.standing().account(&account("mia")).unwrap().clone();
    (twin.debits, twin.credits) = (twin.debits + 1, twin.credits + 1);
    doubled.standing.accounts.push(twin);
    assert_eq!(refused(&doubled), "accounts");
    // Heirs in a ring, and an heir that nobody knows.
    let ring = edited(&books, "mia", |mia| mia.closed_to = Some(account("left")));
    assert_eq!(refused(&ring), "closed_to");
    let own = edited(&books, "mia", |mia| mia.closed_to = Some(account("mia")));
    assert_eq!(refused(&own), "closed_to");
    let unknown = edited(&books, "mia", |mia| mia.closed_to = Some(account("nobody")));
    assert_eq!(refused(&unknown), "closed_to");
    // Credits from nowhere.
    assert_eq!(refused(&edited(&books, "mia", |mia| mia.credits += 1)), "debits");
    // Sums that the accounts do not add up to, and a claim for what nobody gave back.
    let mut summed = books.clone();
    (summed.standing.circulation.redeemed, summed.standing.circulation.settled) = (1, 1);
    assert_eq!(refused(&summed), "circulation");
    let mut claimed = books.clone();
    let claim = Claim { merchant: account("bakery"), recorded_at: lived_in().now, left: 1 };
    claimed.standing.claims.insert(3, claim);
    assert_eq!(refused(&claimed), "claims");
    assert!(
        Books::succeeding(&claimed.encode_snapshot()).is_err(),
        "it would take back what was never redeemed"
    );
    // A payment by somebody who is not there.
    let mut strange = books.clone();
    let index = *strange.windows.rows.keys().next().unwrap();
    strange.windows.rows.get_mut(&index).unwrap().origin = account("nobody");
    assert_eq!(refused(&strange), "origin");
    // What has expired is left out: bytes that hold it are another form of the same books.
    let mut late = lived_in();
    let bytes = late.books.encode_snapshot();
    late.wait(400 * 86_400);
    late.earn("house", &[("mia", 1)]).unwrap();
    let now = late.books.standing().last_recorded_at().millis().to_be_bytes();
    let then = lived_in().books.standing().last_recorded_at().millis().to_be_bytes();
    let at = bytes.windows(8).position(|window| window == then).unwrap();
    let mut expired = bytes.clone();
    expired[at..at + 8].copy_from_slice(&now);
    assert_eq!(Books::decode_snapshot(&expired).unwrap_err(), CborError::NotCanonical { field: "snapshot" });
}

#[test]
fn changed_bytes_are_refused_or_are_sound_books() {
    let bytes = lived_in().books.encode_snapshot();
    let (mut accepted, mut refused) = (0, 0);
    let mut judge = |bytes: &[u8], what: &str| match Books::decode_snapshot(bytes) {
        Ok(books) => {
            assert_eq!(books.encode_snapshot(), bytes, "{what}");
            let balance = books.standing().trial_balance();
            let sum = |side: fn(&TrialBalanceLine) -> u128| balance.lines.iter().map(side).sum::<u128>();
            assert_eq!(sum(|line| line.debits), sum(|line| line.credits), "{what}");
            accepted += 1;
        }
        Err(_) => refused += 1,
    };
    for bit in (0..bytes.len() * 8).step_by(5) {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        judge(&changed, &format!("bit {bit}"));
    }
    let mut dice = Dice::new(1);
    let mut below = |bound: usize| dice.below(bound as u64) as usize;
    for round in 0..2_000 {
        let mut changed = bytes.clone();
        for _ in 0..=below(3) {
            let (at, len) = (below(changed.len()), 1 + below(48));
            let part: Vec<u8> = changed[at..(at + len).min(changed.len())].to_vec();
            match below(5) {
                0 => changed.truncate(at.max(1)),
                1 => drop(changed.splice(at..at, part)),
                2 => drop(changed.drain(at..at + part.len())),
                3 => changed[at] = below(256) as u8,
                _ => {
                    let to = below(changed.len());
                    drop(changed.splice(to..to, part));
                }
            }
            if changed.is_empty() {
                break;
            }
        }
        judge(&changed, &format!("round {round}"));
    }
    // Another bit in an id is another sound ledger; most changes are none.
    assert!(0 < accepted && accepted * 2 < refused, "{accepted} accepted, {refused} refused");
}
