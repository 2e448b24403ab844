//! The town on the memory store: what its history is, and that one seed tells it all.

use super::scribe::{Beginning, Solved};
use super::*;
use crate::config::DataDir;
use directory::{Opened, Progress, Wish};
use klaver_ledger::account::AccountKind;
use klaver_ledger::amount::Amount;
use klaver_ledger::audit::{Expectations, Verdict, audit};
use klaver_ledger::books::{AnchoredNote, Books};
use klaver_ledger::engine::Outcome;
use klaver_ledger::entry::memo::Memo;
use klaver_ledger::entry::{Body, Entry, Kind, Pay, PayLine, SignedEntry, Statement};
use klaver_ledger::id::{AccountId, Nonce};
use klaver_ledger::log::hash::Hash;
use klaver_ledger::record::Record;
use klaver_ledger::store::memory::MemoryStore;
use klaver_ledger::time::{Deadline, Seconds};
use std::collections::{BTreeMap, HashMap};

const UNTIL: Day = Day(20_779);

/// Counts what is put on it, and breaks when it has room for no more memos.
#[derive(Default)]
struct Paper {
    names: HashMap<AccountId, (String, bool)>,
    ready: Vec<(AccountId, AccountId)>,
    solved: Vec<(u64, u64)>,
    raised: Vec<u64>,
    memos: HashMap<u64, String>,
    memos_max: Option<usize>,
}

impl Desk for Paper {
    fn set_name(&mut self, account: AccountId, name: &str, listed: bool) -> Result<(), String> {
        self.names.insert(account, (name.to_owned(), listed));
        Ok(())
    }

    fn offer_coffee(&mut self, shop: AccountId, pot: AccountId, _: u64) -> Result<(), String> {
        self.ready.push((shop, pot));
        Ok(())
    }

    fn solve(&mut self, solved: &Solved<'_>) -> Result<(), String> {
        self.solved.push((solved.payment, solved.refund));
        Ok(())
    }

    fn begin(&mut self, beginning: &Beginning) -> Result<(), String> {
        self.raised.push(beginning.raised.1);
        Ok(())
    }

    fn add_memo(&mut self, index: u64, memo: &Memo) -> Result<(), String> {
        if self.memos_max == Some(self.memos.len()) {
            return Err("no paper left".to_owned());
        }
        self.memos.insert(index, memo.text().to_owned());
        Ok(())
    }
}

fn town(seed: u64) -> Town {
    Town::plan(seed, UNTIL).unwrap()
}

fn built(seed: u64) -> (Ledger<MemoryStore>, Paper) {
    let (town, mut paper) = (town(seed), Paper::default());
    let ledger = town.found(MemoryStore::new()).unwrap();
    (town.play(ledger, &mut paper).unwrap(), paper)
}

fn root(ledger: &Ledger<MemoryStore>) -> (u64, Hash) {
    let head = ledger.reader().head();
    (head.size, head.root)
}

#[test]
fn one_seed_and_date_give_one_root() {
    let (first, again, other) = (built(7).0, built(7).0, built(8).0);
    assert_eq!(root(&first), root(&again));
    assert_ne!(root(&first).1, root(&other).1);
    let town = Town::plan(7, Day(UNTIL.0 + 1)).unwrap();
    let later = town.play(town.found(MemoryStore::new()).unwrap(), &mut Paper::default()).unwrap();
    assert_ne!(root(&first).1, root(&later).1);
}

#[test]
fn the_history_holds_every_kind_and_passes_the_audit() {
    for seed in 0..8 {
        let (ledger, paper) = built(seed);
        let reader = ledger.reader();
        let records = reader.records(0).map(|stored| stored.map(|stored| (stored.salt, stored.record)));
        let expectations = Expectations { heads: vec![reader.head()], ..Expectations::default() };
        let Verdict::Holds(audited) = audit(records, &expectations, |_| ()) else {
            panic!("the history of seed {seed} does not pass the audit");
        };
        assert!(audited.trial_balance.holds());

        let mut kinds: BTreeMap<Kind, u64> = BTreeMap::new();
        let mut newest = Timestamp::default();
        for stored in reader.records(0) {
            let record = Record::decode(&stored.unwrap().record).unwrap();
            *kinds.entry(record.signed.entry().body.kind()).or_default() += 1;
            newest = newest.max(record.recorded_at);
        }
        for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Close) {
            assert!(kinds.contains_key(kind), "seed {seed} has no {kind}");
        }
        assert!((300..2_000).contains(&reader.head().size), "{} records", reader.head().size);
        assert!(newest < history::end_of(UNTIL) && newest.day().0 == UNTIL.0 - 1, "{newest}");
        // Six shops, four budgets and the pot are listed; forty members are not.
        assert_eq!(paper.names.values().filter(|(_, listed)| *listed).count(), 11);
        assert_eq!(paper.names.values().filter(|(_, listed)| !*listed).count(), 40);
        let is_somewhere = |name: &str| cast::address_of(name).is_some();
        assert_eq!(
            paper.names.values().filter(|(name, _)| is_somewhere(name)).count(),
            10,
            "all but the pot"
        );
        assert_eq!(paper.ready.len(), 1, "the café has coffees ready");
        let of = |index: u64| {
            Record::decode(&reader.record(index).unwrap().record).unwrap().signed.entry().body.clone()
        };
        let [(payment, refund)] = paper.solved[..] else { panic!("one thing was told and solved") };
        assert!(matches!(of(payment), Body::Pay(_)));
        assert!(matches!(of(refund), Body::Refund(body) if body.index == payment));
        assert_eq!(paper.raised, [25_000], "somebody added to a budget");
        assert!(paper.memos.len() > 50);
        let circulation = audited.trial_balance.circulation;
        assert!(
            circulation.retired > 0 && circulation.redeemed > circulation.settled && circulation.returned > 0
        );
        let cast = town(seed).cast;
        let has = |account| reader.standing().account(account).unwrap().balance();
        assert!(
            has(&cast.citizen().account) >= command::BREAD as i64,
            "seed {seed}: the citizen can buy a bread"
        );
        assert!(
            has(&cast.baker().shop.account) >= 250,
            "seed {seed}: the baker can be paid out and give back"
        );
        assert!(audited.trial_balance.below_zero > 0, "seed {seed}: nobody used the mutual credit");
    }
}

#[test]
fn the_tally_of_the_script_and_the_books_say_the_same() {
    let (town, mut paper) = (town(3), Paper::default());
    let ledger = town.found(MemoryStore::new()).unwrap();
    let (ledger, tally) = history::play(ledger, &town.founding, &town.cast, town.start, &mut paper).unwrap();
    let reader = ledger.reader();
    let standing = reader.standing();
    let mut compared = 0;
    for account in standing.accounts() {
        assert_eq!(account.balance(), tally.get(&account.id()).copied().unwrap_or(0), "{}", account.id());
        compared += 1;
    }
    assert_eq!(compared, 4 + 6 + 40 + 1 + 1 + 1);
    assert_eq!(standing.accounts().filter(|account| account.kind() == AccountKind::Member).count(), 40);
}

#[test]
fn an_interrupted_history_goes_on_and_ends_at_the_same_root() {
    let whole = root(&built(7).0);
    let town = town(7);
    let store = MemoryStore::new();
    let mut size = 0;
    for memos_max in [0, 5, 60] {
        let ledger =
            if size == 0 { town.found(store.reopen()).unwrap() } else { town.open(store.reopen()).unwrap() };
        let reader = ledger.reader();
        let mut paper = Paper { memos_max: Some(memos_max), ..Paper::default() };
        assert!(matches!(town.play(ledger, &mut paper), Err(Interrupted::Desk(_))));
        assert!(reader.head().size > size && reader.head().size < whole.0);
        size = reader.head().size;
    }
    let ledger = town.play(town.open(store.reopen()).unwrap(), &mut Paper::default()).unwrap();
    assert_eq!(root(&ledger), whole);
    // And once more over the whole: nothing is recorded twice.
    let ledger = town.play(ledger, &mut Paper::default()).unwrap();
    assert_eq!(root(&ledger), whole);
}

#[test]
fn a_history_does_not_go_on_over_what_others_wrote() {
    let (one, other) = (town(7), town(8));
    let mut paper = Paper { memos_max: Some(3), ..Paper::default() };
    let store = MemoryStore::new();
    drop(one.play(one.found(store.reopen()).unwrap(), &mut paper));
    let ledger = one.open(store.reopen()).unwrap();
    let refused = other.play(ledger, &mut Paper::default()).err().unwrap();
    assert!(matches!(refused, Interrupted::Diverged { index: 1, .. }), "{refused}");
}

#[test]
fn an_interrupted_history_that_others_wrote_behind_stays_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let data = DataDir::at(home.path().join("town"));
    let wish = Wish { seed: Some(7), until: Some(UNTIL) };
    let open = || directory::open(&data, wish, "http://localhost:8080", UNTIL).unwrap();
    let Opened { town, ledger, community, progress } = open();
    assert_eq!(progress, Progress::Made);
    drop(community);

    let now = history::end_of(UNTIL);
    let citizen = town.cast.citizen();
    let line = PayLine { to: town.cast.coffee_fund.account, amount: Amount::new(1).unwrap(), request: None };
    let body = Body::Pay(Pay { from: citizen.account, payees: vec![line], late: false });
    let entry =
        Entry { nonce: Nonce([1; 16]), expires_at: Deadline::after(now, Seconds(60)), memo: None, body };
    let signed = SignedEntry::sign(entry, &town.ledger, &[&citizen.key]);
    let (ledger, outcomes) = ledger.commit(vec![signed.verify_any_key(&town.ledger).unwrap()], now).unwrap();
    assert!(matches!(outcomes[..], [Outcome::Recorded(_)]));
    let head = ledger.reader().head();
    ledger.close().unwrap();

    let mark = data.root().join("demo.json");
    let text = std::fs::read_to_string(&mark).unwrap().replace("true", "false");
    std::fs::write(&mark, text).unwrap();
    let again = open();
    assert_eq!(again.progress, Progress::LeftAsItIs);
    assert_eq!(again.ledger.reader().head(), head);
}

#[test]
fn the_books_name_the_newest_audit_note_and_a_snapshot_keeps_it() {
    let (ledger, _) = built(7);
    let reader = ledger.reader();
    let anchored: Vec<AnchoredNote> = reader
        .records(0)
        .map(|stored| Record::decode(&stored.unwrap().record).unwrap())
        .filter_map(|record| match &record.signed.entry().body {
            Body::Attest(attest) if attest.statement == Statement::AuditNote => Some(AnchoredNote {
                index: record.index,
                size: attest.size,
                recorded_at: record.recorded_at,
                document: attest.document,
            }),
            _ => None,
        })
        .collect();
    assert_eq!(anchored.len(), 2);
    assert_eq!(reader.standing().audit_note(), Some(anchored[1]));
    let records = reader.records(0).map(|stored| stored.map(|stored| (stored.salt, stored.record)));
    let Verdict::Holds(audited) = audit(records, &Expectations::default(), |_| ()) else {
        panic!("the history holds");
    };
    let again = Books::decode_snapshot(&audited.books.encode_snapshot()).unwrap();
    assert_eq!(again.standing().audit_note(), Some(anchored[1]));
}
