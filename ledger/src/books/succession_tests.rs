//! A ledger that continues another: what comes over, who must sign, and that nothing else is taken for it.

use super::*;
use crate::charter::{Predecessor, UnitWords};
use crate::entry::codec::state_digest;
use crate::entry::{Attest, Body, Found, Redeem, Settle, Statement};
use crate::id::{Digest, LedgerId};
use crate::testing::*;

/// A town with a budget, mutual credit, a closed account, something that waits, and two redeems, one of them settled.
fn lived_in() -> World {
    let mut w = World::new();
    w.earn("house", &[("mia", 5_000), ("noor", 300)]).unwrap();
    w.pay("mia", "bakery", 700).unwrap();
    for amount in [200, 150] {
        let redeem =
            Redeem { merchant: account("bakery"), amount: minor(amount), rate: charter().policy.euro_rate };
        let index = w.record(Body::Redeem(redeem), &["bakery"]).unwrap();
        if amount == 200 {
            w.record(Body::Settle(Settle { redeems: vec![index], bank_reference: Digest([7; 32]) }), COUNCIL)
                .unwrap();
        }
    }
    w.wait(60);
    let mut waiting = w.state("noor");
    waiting.keys = vec![grant("noor's new phone", crate::account::Rights::ALL)];
    w.change(waiting, COUNCIL).unwrap();
    w
}

fn predecessor(old: &Books) -> Predecessor {
    let community = old.standing().community().unwrap();
    let (ledger, size) = (community.ledger, old.standing().size());
    Predecessor { ledger, size, root: Digest([9; 32]), snapshot: old.closing_digest() }
}

fn founding(predecessor: Option<Predecessor>) -> Found {
    let unit = UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() };
    let scale = crate::amount::Scale::new(2).unwrap();
    let (origin, log_keys) = ("klaver.example/log/2".to_owned(), vec![public("next log")]);
    let charter = Charter { origin, log_keys, ..charter() };
    Found { name: "Testdorp".to_owned(), unit, scale, charter, predecessor }
}

/// A world of the same people that begins with the books of `old`.
fn world_on(old: &World) -> World {
    let mut new = World::unfounded();
    new.books = Books::succeeding(&old.books.encode_snapshot()).unwrap();
    new.now = old.now;
    new
}

fn refused(world: &mut World, found: Found, signers: &[&str]) -> (String, String) {
    let rejection = world.record(Body::Found(found), signers).unwrap_err();
    (rejection.code().to_owned(), rejection.field().unwrap_or_default().to_owned())
}

#[test]
fn accounts_come_over_with_their_balances() {
    let old = lived_in();
    let before = old.books.standing();
    let mut new = world_on(&old);
    new.record(Body::Found(founding(Some(predecessor(&old.books)))), COUNCIL).unwrap();
    let after = new.books.standing();
    assert_eq!(after.size(), 1);
    assert_ne!(after.community().unwrap().ledger, before.community().unwrap().ledger);
    let settlement = before.community().unwrap().settlement;
    for account in before.accounts().filter(|account| account.id() != settlement) {
        let came = after.account(&account.id()).unwrap();
        // What was never settled is the bakery's again.
        let back = if account.id() == crate::testing::account("bakery") { 150 } else { 0 };
        assert_eq!(came.balance(), account.balance() + back, "{}", account.id());
        assert_eq!((came.lines(), came.last_line()), (0, None));
    }
    assert!(after.account(&settlement).is_none(), "the new ledger has its own settlement account");
    let own = after.account(&after.community().unwrap().settlement).unwrap();
    assert_eq!(own.balance(), 200);
    let balance = after.trial_balance();
    assert!(balance.holds(), "{balance:?}");
    assert_eq!(balance.circulation.redeemed, before.trial_balance().circulation.redeemed - 150);
    assert!(
        after.account(&account("noor")).unwrap().waiting(new.now).is_none(),
        "it has to be asked for again"
    );
    // People go on with the keys they have, and what they do is counted from zero.
    new.pay("noor", "bakery", 100).unwrap();
    assert_eq!(new.books.standing().account(&account("noor")).unwrap().balance(), 200);
    let redeem = Redeem { merchant: account("bakery"), amount: minor(150), rate: charter().policy.euro_rate };
    let index = new.record(Body::Redeem(redeem), &["bakery"]).unwrap();
    new.record(Body::Settle(Settle { redeems: vec![index], bank_reference: Digest([8; 32]) }), COUNCIL)
        .unwrap();
    assert!(new.books.standing().trial_balance().holds());
}

#[test]
fn only_the_named_snapshot_is_continued() {
    let old = lived_in();
    let named = predecessor(&old.books);
    let succession = |field: &str| ("unsound_succession".to_owned(), field.to_owned());
    let new = &mut world_on(&old);
    // A snapshot with another balance has another digest.
    let other = &mut lived_in();
    other.pay("mia", "noor", 1).unwrap();
    assert_eq!(refused(&mut world_on(other), founding(Some(named)), COUNCIL), succession("snapshot"));
    let wrong = Predecessor { snapshot: Digest([1; 32]), ..named };
    assert_eq!(refused(new, founding(Some(wrong)), COUNCIL), succession("snapshot"));
    for wrong in
        [Predecessor { size: named.size - 1, ..named }, Predecessor { ledger: LedgerId([1; 32]), ..named }]
    {
        assert_eq!(refused(new, founding(Some(wrong)), COUNCIL), succession("predecessor"));
    }
    let scaled = Found { scale: crate::amount::Scale::new(3).unwrap(), ..founding(Some(named)) };
    assert_eq!(refused(new, scaled, COUNCIL), succession("scale"));
    // A log is never continued under its own name or key.
    let mut same = founding(Some(named));
    same.charter.origin = charter().origin;
    assert_eq!(refused(new, same, COUNCIL), succession("origin"));
    let mut same = founding(Some(named));
    same.charter.log_keys.extend(charter().log_keys);
    same.charter.log_keys.sort();
    assert_eq!(refused(new, same, COUNCIL), succession("log_keys"));
    // A snapshot that nobody names, and a name without its snapshot.
    assert_eq!(refused(new, founding(None), COUNCIL), succession("predecessor"));
    assert_eq!(refused(&mut World::unfounded(), founding(Some(named)), COUNCIL), succession("snapshot"));
    let mut early = world_on(&old);
    early.now = World::unfounded().now;
    assert_eq!(refused(&mut early, founding(Some(named)), COUNCIL), succession("predecessor"));
    new.record(Body::Found(founding(Some(named))), COUNCIL).unwrap();
}

#[test]
fn the_old_council_founds_the_new_ledger() {
    let old = lived_in();
    let named = predecessor(&old.books);
    let mut strangers = founding(Some(named));
    strangers.charter.council = vec![public("stranger")];
    strangers.charter.council_threshold = 1;
    let lacks = ("lacks_signers".to_owned(), "signatures".to_owned());
    assert_eq!(refused(&mut world_on(&old), strangers.clone(), &["stranger"]), lacks);
    // The old council may hand over to a new one: both sign.
    world_on(&old).record(Body::Found(strangers), &["anna", "bert", "stranger"]).unwrap();
    let mut of_account = founding(Some(named));
    of_account.charter.guardian = public("mia");
    assert_eq!(refused(&mut world_on(&old), of_account, COUNCIL).0, "key_taken");
}

#[test]
fn an_ended_ledger_records_nothing_more() {
    let mut old = lived_in();
    let (size, document) = (old.books.standing().size(), old.books.closing_digest());
    let end = |size, document| {
        Body::Attest(Attest { statement: Statement::Succession, size, root: Digest([9; 32]), document })
    };
    let code = |refused: Result<u64, Rejection>| refused.unwrap_err().code();
    assert_eq!(code(old.record(end(size - 1, document), COUNCIL)), "unsound_succession");
    assert_eq!(code(old.record(end(size, Digest([1; 32])), COUNCIL)), "unsound_succession");
    assert_eq!(code(old.record(end(size, document), &["aude"])), "lacks_signers");
    assert!(!old.books.standing().has_ended());
    old.record(end(size, document), COUNCIL).unwrap();
    assert!(old.books.standing().has_ended());
    assert_eq!(code(old.pay("mia", "noor", 1)), "ended");
    let again = Books::decode_snapshot(&old.books.encode_snapshot()).unwrap();
    assert!(again.standing().has_ended(), "a snapshot says so too");
}

#[test]
fn a_share_is_proven_to_its_owner_and_says_what_the_account_begins_with() {
    let old = lived_in();
    let shares = shares::Shares::of_snapshot(&old.books.encode_snapshot()).unwrap();
    let list = shares.list();
    assert_eq!(shares.digest(), old.books.closing_digest());
    assert_eq!(shares::closing_digest(&shares.snapshot(), &list), shares.digest());
    let new = world_on(&old);
    let mut found = 0;
    for account in old.books.standing().accounts() {
        let (share, salt) = shares.of_account(&account.id()).unwrap();
        assert_eq!((share.balance(), share.lines), (account.balance(), account.lines()));
        let begins = new.books.standing().account(&account.id()).unwrap();
        if account.id() != old.books.standing().community().unwrap().settlement {
            assert_eq!(share.opened(), begins.balance(), "{}", account.id());
            // What is changed first in the new ledger, at base 0, is what was in force in the old one.
            let begun = begins.standing(new.now);
            assert_eq!((share.state, begun.base), (state_digest(&begun.state, begun.status), 0));
        }
        found += list.chunks(shares::SHARE_HASH_BYTES).filter(|hash| **hash == share.hash(&salt)).count();
        // Another amount or another salt is not in the list.
        let more = shares::Share { credits: share.credits + 1, ..share };
        for hash in [more.hash(&salt), share.hash(&[0; 32])] {
            assert!(list.chunks(shares::SHARE_HASH_BYTES).all(|known| known != hash));
        }
    }
    assert_eq!(found * shares::SHARE_HASH_BYTES, list.len());
    assert_eq!(shares.of_account(&account("nobody")), None);
    let mut changed = list;
    changed[0] ^= 1;
    assert_ne!(shares::closing_digest(&shares.snapshot(), &changed), shares.digest());
}

#[test]
fn snapshots_that_cannot_be_continued_are_refused() {
    let bytes = lived_in().books.encode_snapshot();
    assert!(Books::succeeding(&bytes[..bytes.len() - 1]).is_err());
    // A merchant that cannot take its redeem back, because its credits would pass what an integer holds.
    let mut full = lived_in();
    let bakery = full.books.standing.account_mut(&account("bakery"));
    let more = crate::limits::INTEGER_MAX - bakery.credits;
    (bakery.credits, bakery.debits) = (bakery.credits + more, bakery.debits + more);
    assert_eq!(Books::succeeding(&full.books.encode_snapshot()).unwrap_err().field(), "claims");
}
