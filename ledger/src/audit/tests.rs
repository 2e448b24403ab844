//! Each kind of tampering is found, and named with its record.

use super::*;
use crate::engine::{Ledger, NodeKeys};
use crate::entry::Statement;
use crate::entry::{Pay, PayLine, SignedEntry};
use crate::record::SaltSource;
use crate::store::StoreReader;
use crate::store::memory::MemoryStore;
use crate::testing::{COUNCIL, World, account, charter, earn, key, minor, pay, state, sum};

struct Counted(u64);

impl SaltSource for Counted {
    fn salt(&mut self) -> [u8; 32] {
        self.0 += 1;
        *crate::id::Digest::of(&self.0.to_be_bytes()).as_bytes()
    }
}

/// A ledger of some payments: its records, and heads that its log has signed.
struct Story {
    world: World,
    records: Vec<(Salt, Vec<u8>)>,
    heads: Vec<TreeHead>,
}

fn story() -> Story {
    let mut world = World::unfounded();
    let unit = crate::charter::UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() };
    let scale = crate::amount::Scale::new(2).unwrap();
    let name = "Testdorp".to_owned();
    let found = crate::entry::Found { name, unit, scale, charter: charter(), predecessor: None };
    let found = world.signed(Body::Found(found), COUNCIL);
    let store = MemoryStore::new();
    let keys = NodeKeys { log: key("log") };
    let (mut ledger, _) = Ledger::found(store, keys, found.clone(), world.now, Counted(0)).unwrap();
    world.post(&found).unwrap();
    let budget = crate::account::AccountState {
        limit: sum(100_000),
        ..state("house", crate::account::AccountKind::Budget)
    };
    let states = vec![
        budget,
        state("mia", crate::account::AccountKind::Member),
        state("bakery", crate::account::AccountKind::Merchant),
    ];
    let mut bodies = vec![
        (Body::Open(crate::entry::Open { states }), COUNCIL.to_vec()),
        (earn("house", &[("mia", 5_000)]), vec!["house"]),
    ];
    bodies.extend((0..20).map(|n| (pay("mia", &[("bakery", 10 + n)]), vec!["mia"])));
    let mut heads = vec![ledger.reader().head()];
    for (body, signers) in bodies {
        world.wait(2);
        let entry = world.signed(body, &signers);
        ledger = ledger.commit(vec![entry.clone()], world.now).unwrap().0;
        world.post(&entry).unwrap();
        heads.push(ledger.reader().head());
    }
    let records =
        ledger.reader().store().records(0).map(|stored| stored.map(|stored| (stored.salt, stored.record)));
    Story { world, records: records.collect::<Result<_, _>>().unwrap(), heads }
}

impl Story {
    fn expectations(&self) -> Expectations {
        Expectations {
            ledger: Some(self.world.ledger()),
            heads: self.heads.clone(),
            ..Expectations::default()
        }
    }

    fn audit(&self) -> Verdict {
        self.audit_with(&self.expectations())
    }

    fn audit_with(&self, expectations: &Expectations) -> Verdict {
        let records = self.records.iter().cloned().map(Ok::<_, std::convert::Infallible>);
        audit(records, expectations, |_| {})
    }

    /// Audits without knowing any head: only what records say about themselves.
    fn audit_blindly(&self) -> Verdict {
        self.audit_with(&Expectations::default())
    }

    fn change_record(&mut self, index: usize, change: impl FnOnce(&mut Record)) {
        let mut record = Record::decode(&self.records[index].1).unwrap();
        change(&mut record);
        self.records[index].1 = record.encode();
    }

    fn forge(&self, body: Body, signer: &str) -> SignedEntry {
        let record = Record::decode(&self.records[7].1).unwrap();
        let entry = crate::entry::Entry { body, ..record.signed.entry().clone() };
        SignedEntry::sign(entry, &self.world.ledger(), &[&key(signer)])
    }
}

/// A ledger that continues that of `story`, with two payments of its own, and the snapshot it begins with.
fn successor(old: &Story) -> (Story, Vec<u8>) {
    let snapshot = old.world.books.encode_snapshot();
    let head = *old.heads.last().unwrap();
    let predecessor = crate::charter::Predecessor {
        ledger: old.world.ledger(),
        size: head.size,
        root: crate::id::Digest(head.root.0),
        snapshot: old.world.books.closing_digest(),
    };
    let mut world = World::unfounded();
    world.books = Books::succeeding(&snapshot).unwrap();
    world.now = old.world.now;
    let unit = crate::charter::UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() };
    let (name, scale) = ("Testdorp".to_owned(), crate::amount::Scale::new(2).unwrap());
    let (origin, log_keys) = ("klaver.example/log/2".to_owned(), vec![crate::testing::public("next log")]);
    let charter = crate::charter::Charter { origin, log_keys, ..charter() };
    let found = crate::entry::Found { name, unit, scale, charter, predecessor: Some(predecessor) };
    let found = world.signed(Body::Found(found), COUNCIL);
    let (books, keys) = (world.books.clone(), NodeKeys { log: key("next log") });
    let store = MemoryStore::new();
    let founded =
        Ledger::found_on(books.clone(), store.clone(), keys, found.clone(), world.now, Counted(9_000));
    drop(founded.unwrap());
    world.post(&found).unwrap();
    // What was founded on something opens on it, and on nothing else.
    assert!(Ledger::open(store.reopen(), NodeKeys { log: key("next log") }, Counted(9_500)).is_err());
    let opened = Ledger::open_on(
        Box::new(|| Ok(books)),
        store.reopen(),
        NodeKeys { log: key("next log") },
        Counted(9_600),
    );
    let (mut ledger, _) = opened.unwrap();
    let mut heads = vec![ledger.reader().head()];
    for amount in [3, 4] {
        let entry = world.signed(pay("mia", &[("bakery", amount)]), &["mia"]);
        ledger = ledger.commit(vec![entry.clone()], world.now).unwrap().0;
        world.post(&entry).unwrap();
        heads.push(ledger.reader().head());
    }
    let records =
        ledger.reader().store().records(0).map(|stored| stored.map(|stored| (stored.salt, stored.record)));
    (Story { world, records: records.collect::<Result<_, _>>().unwrap(), heads }, snapshot)
}

#[test]
fn a_continued_ledger_holds_with_its_predecessors_snapshot_alone() {
    let old = story();
    let (new, snapshot) = successor(&old);
    let with = |snapshot: &[u8]| Expectations { predecessor: Some(snapshot.to_vec()), ..new.expectations() };
    match new.audit_with(&with(&snapshot)) {
        Verdict::Holds(audited) => {
            assert_eq!(audited.books.encode_snapshot(), new.world.books.encode_snapshot());
            assert!(audited.trial_balance.holds());
        }
        other => panic!("{other}"),
    }
    assert!(matches!(new.audit(), Verdict::Unreadable { index: 0, .. }), "without it nothing can be said");
    // The books of another moment, sound as they are, are not those that were named.
    let mut other = story().world;
    other.record(pay("mia", &[("bakery", 1)]), &["mia"]).unwrap();
    violated(new.audit_with(&with(&other.books.encode_snapshot())), 0, "snapshot of the succession");
    // A balance changed in place is no sound snapshot, or another one.
    for at in (0..snapshot.len()).step_by(97) {
        let mut changed = snapshot.clone();
        changed[at] ^= 1;
        assert!(
            matches!(new.audit_with(&with(&changed)), Verdict::Violation(Violation { index: 0, .. })),
            "byte {at}"
        );
    }
    // A snapshot beside a ledger that continues nothing decides nothing.
    assert!(matches!(
        old.audit_with(&Expectations { predecessor: Some(snapshot), ..old.expectations() }),
        Verdict::Holds(_)
    ));
}

#[test]
fn stamps_are_held_against_the_times_of_witnesses() {
    let story = story();
    let stamp = |(_, bytes): &(Salt, Vec<u8>)| Record::decode(bytes).unwrap().recorded_at.millis();
    let stamps: Vec<u64> = story.records.iter().map(stamp).collect();
    let (size, now) = (stamps.len() as u64, stamps.last().unwrap() / 1_000);
    // Those that are stamped more than ten minutes before they were first not seen.
    let before = |at: u64| {
        let early = |index: &u64| stamps[*index as usize] + 600_000 < at * 1_000;
        (3..size).filter(early).collect::<Vec<_>>()
    };
    let audited = |witnessed: &[Witnessed]| {
        let expectations = Expectations { witnessed: witnessed.to_vec(), ..Expectations::default() };
        audit(story.records.iter().cloned().map(Ok::<_, String>), &expectations, |_| {})
    };
    let asked = |verdict: Verdict| {
        let Verdict::Holds(audited) = verdict else { panic!("{verdict}") };
        let mut questions = audited.questions;
        questions.retain(|question| question.code == questions::Code::StampedBeforeSeen);
        questions.into_iter().flat_map(|question| question.entries).collect::<Vec<_>>()
    };
    let seen = |size, at| Witnessed { size, at };
    // As it should be, and just within what clocks may differ.
    for at in [now, now - 299, now + 3_600] {
        assert_eq!(asked(audited(&[seen(size, at)])), [0; 0], "{at}");
    }
    // Postdated: witnesses had it before it says that it was recorded.
    let late = |verdict| match verdict {
        Verdict::Violation(violation) => violation,
        verdict => panic!("{verdict}"),
    };
    let violation = late(audited(&[seen(size, now - 400)]));
    assert!(violation.why.contains("had seen it by") && violation.index < size, "{violation}");
    // Backdated: what witnesses had not seen yet says that it is ten minutes older.
    assert_eq!(before(now + 601), (3..size).collect::<Vec<_>>());
    assert_eq!(asked(audited(&[seen(3, now + 601)])), before(now + 601));
    assert_eq!(asked(audited(&[seen(3, stamps[3] / 1_000 + 600)])), [0; 0]);
    // What one audit knew is held against what the next one reads.
    let Verdict::Holds(first) = audited(&[seen(3, now + 601)]) else { panic!("it holds") };
    let state = AuditState::decode(&first.encode_state(&[], None).unwrap()).unwrap();
    let none = std::iter::empty::<Result<(Salt, Vec<u8>), String>>();
    let again = audit_since(state, none, &Expectations::default(), |_| {});
    assert_eq!(asked(again), before(now + 601));
    // A size that was not handed over is not guessed at.
    assert_eq!(asked(audited(&[seen(size + 1, now - 400)])), [0; 0]);
}

#[test]
fn what_no_quorum_saw_in_time_is_asked_about() {
    let story = story();
    let stamp = |(_, bytes): &(Salt, Vec<u8>)| Record::decode(bytes).unwrap().recorded_at;
    let stamps: Vec<Timestamp> = story.records.iter().map(stamp).collect();
    let (size, last) = (stamps.len() as u64, *stamps.last().unwrap());
    let asked = |witnessed: &[Witnessed], before: Option<Timestamp>| {
        let expectations = Expectations {
            witnessed: witnessed.to_vec(),
            witnessed_before: before,
            ..Expectations::default()
        };
        let verdict = audit(story.records.iter().cloned().map(Ok::<_, String>), &expectations, |_| {});
        let Verdict::Holds(audited) = verdict else { panic!("{verdict}") };
        let mut questions = audited.questions;
        questions.retain(|question| question.code == questions::Code::NotWitnessed);
        questions.into_iter().flat_map(|question| question.entries).collect::<Vec<_>>()
    };
    let seen = |size| Witnessed { size, at: last.seconds() };
    let after = last.after(crate::time::Seconds(1));
    assert_eq!(asked(&[], None), [0; 0], "the community has no witnesses");
    assert_eq!(asked(&[], Some(after)), [0, size - 1]);
    assert_eq!(asked(&[seen(3), seen(size - 1)], Some(after)), [size - 1]);
    assert_eq!(asked(&[seen(size)], Some(after)), [0; 0]);
    // What is newer than that may still be seen.
    assert_eq!(asked(&[seen(3)], Some(stamps[3])), [0; 0]);
    assert_eq!(asked(&[seen(2)], Some(stamps[3])).first(), Some(&2));
    assert_eq!(asked(&[], Some(stamps[0])), [0; 0]);
}

#[test]
fn an_end_with_another_root_is_named() {
    let mut story = story();
    let size = story.world.books.standing().size();
    let document = story.world.books.closing_digest();
    let root = crate::id::Digest(story.heads.last().unwrap().root.0);
    let end = |root| {
        let statement = Statement::Succession;
        Body::Attest(crate::entry::Attest { statement, size, root, document })
    };
    for (root, holds) in [(root, true), (crate::id::Digest([5; 32]), false)] {
        let entry = story.world.signed(end(root), COUNCIL);
        let record = Record { index: size, recorded_at: story.world.now, signed: entry.signed().clone() };
        story.records.truncate(size as usize);
        story.records.push((Salt([1; 32]), record.encode()));
        match story.audit() {
            Verdict::Holds(audited) if holds => assert!(audited.books.standing().has_ended()),
            verdict if !holds => violated(verdict, size, "root of the succession"),
            other => panic!("{other}"),
        }
    }
}

#[track_caller]
fn violated(verdict: Verdict, index: u64, words: &str) {
    match verdict {
        Verdict::Violation(violation) => {
            assert_eq!(violation.index, index, "{violation}");
            assert!(violation.why.contains(words), "{violation}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn an_honest_ledger_holds() {
    let story = story();
    let mut told = Vec::new();
    let records = story.records.iter().cloned().map(Ok::<_, std::convert::Infallible>);
    match audit(records, &story.expectations(), |count| told.push(count)) {
        Verdict::Holds(audited) => {
            assert_eq!(Some(&audited.head), story.heads.last());
            assert_eq!(audited.books.encode_snapshot(), story.world.books.encode_snapshot());
            assert!(audited.trial_balance.holds());
        }
        other => panic!("{other}"),
    }
    assert_eq!(told.last(), Some(&(story.records.len() as u64)));
}

#[test]
fn a_forged_amount_is_found_by_its_signature() {
    let mut story = story();
    let forged = story.forge(pay("mia", &[("bakery", 4_000)]), "bakery");
    let mia = *crate::testing::public("mia").as_bytes();
    let signature = Record::decode(&story.records[7].1).unwrap().signed.signatures()[0].1;
    story.change_record(7, |record| {
        record.signed = SignedEntry::unsigned(forged.entry().clone()).with_signature(mia, signature);
    });
    violated(story.audit_blindly(), 7, "does not hold");
}

// INV-7: whoever loses credits has signed.
#[test]
fn a_payment_signed_by_somebody_else_is_found_by_the_rules() {
    let mut story = story();
    let forged = story.forge(pay("mia", &[("bakery", 40)]), "bakery");
    story.change_record(7, |record| record.signed = forged);
    violated(story.audit_blindly(), 7, "the rules do not allow it: key");
}

#[test]
fn more_than_there_was_is_found_by_the_rules() {
    let mut story = story();
    let forged = story.forge(pay("mia", &[("bakery", 400_000)]), "mia");
    story.change_record(7, |record| record.signed = forged);
    violated(story.audit_blindly(), 7, "available");
}

#[test]
fn another_true_payment_in_its_place_is_found_by_the_next_checkpoint() {
    let mut story = story();
    let line = PayLine { to: account("bakery"), amount: minor(11), request: None };
    let forged = story.forge(Body::Pay(Pay { from: account("mia"), payees: vec![line], late: false }), "mia");
    story.change_record(7, |record| record.signed = forged);
    violated(story.audit(), 7, "root");
    assert!(story.audit_blindly().holds(), "without a checkpoint nobody can know: that is what they are for");
}

#[test]
fn a_changed_salt_or_time_is_found_by_the_next_checkpoint() {
    let mut story = story();
    story.records[9].0.0[3] ^= 1;
    violated(story.audit(), 9, "root");
    let mut story = self::story();
    story.change_record(9, |record| record.recorded_at = record.recorded_at.after(crate::time::Seconds(1)));
    violated(story.audit(), 9, "root");
}

// INV-5.
#[test]
fn time_that_goes_back_is_found() {
    let mut story = story();
    story.change_record(9, |record| {
        record.recorded_at = Timestamp::from_millis(record.recorded_at.millis() - 3_000).unwrap();
    });
    violated(story.audit_blindly(), 9, "before the one ahead of it");
}

#[test]
fn an_entry_that_stands_twice_is_found() {
    let mut story = story();
    let twice = Record::decode(&story.records[8].1).unwrap().signed;
    story.change_record(9, |record| record.signed = twice);
    violated(story.audit_blindly(), 9, "recorded before");
}

#[test]
fn a_record_left_out_moved_or_cut_off_is_found() {
    let mut left_out = story();
    left_out.records.remove(9);
    violated(left_out.audit_blindly(), 9, "it says it is record 10");
    let mut swapped = story();
    swapped.records.swap(9, 10);
    violated(swapped.audit_blindly(), 9, "it says it is record 10");
    let mut cut_off = story();
    cut_off.records.truncate(15);
    violated(cut_off.audit(), 15, "only 15 were handed over");
    let nothing = Story { records: Vec::new(), ..story() };
    violated(nothing.audit(), 0, "only 0 were handed over");
    assert!(matches!(nothing.audit_blindly(), Verdict::Unreadable { index: 0, .. }));
}

#[test]
fn another_ledger_in_its_place_is_found() {
    let story = story();
    let expectations = Expectations { ledger: Some(LedgerId([3; 32])), ..Expectations::default() };
    violated(story.audit_with(&expectations), 0, "expected was 0303");
    let mut headless = self::story();
    headless.records.remove(0);
    violated(headless.audit_blindly(), 0, "no founding entry");
}

#[test]
fn bytes_that_are_no_record_are_found() {
    let mut story = story();
    story.records[9].1.pop();
    violated(story.audit_blindly(), 9, "signatures");
}

#[test]
fn what_cannot_be_read_is_no_verdict_on_the_ledger() {
    let story = story();
    let records = story.records.iter().take(9).cloned().map(Ok).chain([Err("the disk does not answer")]);
    match audit(records, &Expectations::default(), |_| {}) {
        Verdict::Unreadable { index: 9, why } => assert_eq!(why, "the disk does not answer"),
        other => panic!("{other}"),
    }
}

#[test]
fn violations_in_a_later_chunk_come_in_order() {
    let mut story = story();
    let (salt, bytes) = story.records[9].clone();
    story.records.extend((0..3_000).map(|_| (salt, bytes.clone())));
    let size = story.heads.last().unwrap().size;
    violated(story.audit(), size, "it says it is record 9");
}

fn held(verdict: Verdict) -> Box<Audited> {
    match verdict {
        Verdict::Holds(audited) => audited,
        other => panic!("{other}"),
    }
}

/// Audits the first `size` records; returns what the next audit goes on from.
fn state_at(story: &Story, size: usize) -> AuditState {
    let heads = story.heads.iter().filter(|head| head.size <= size as u64).copied().collect();
    let expectations = Expectations { heads, ..story.expectations() };
    let records = story.records[..size].iter().cloned().map(Ok::<_, std::convert::Infallible>);
    let audited = held(audit(records, &expectations, |_| {}));
    let bytes = audited.encode_state(&expectations.heads, Some("a note\n")).unwrap();
    AuditState::decode(&bytes).unwrap()
}

fn go_on(story: &Story, state: AuditState) -> Verdict {
    let from = state.size() as usize;
    let records = story.records[from..].iter().cloned().map(Ok::<_, std::convert::Infallible>);
    audit_since(state, records, &story.expectations(), |_| {})
}

#[test]
fn an_audit_that_goes_on_finds_what_a_full_one_finds() {
    let story = story();
    let full = held(story.audit());
    let size = story.records.len();
    for from in [1, 2, 3, 8, size - 1, size] {
        let state = state_at(&story, from);
        assert_eq!((state.size(), state.checkpoint()), (from as u64, Some("a note\n")));
        assert!(state.has_compared(&story.heads[0]));
        let again = held(go_on(&story, state));
        assert_eq!(again.head, full.head, "from {from}");
        assert_eq!(again.trial_balance, full.trial_balance);
        assert_eq!(again.questions, full.questions);
        assert_eq!(again.books.encode_snapshot(), full.books.encode_snapshot());
        let heads = &story.heads;
        assert_eq!(again.encode_state(heads, None), full.encode_state(heads, None), "from {from}");
    }
}

#[test]
fn what_was_changed_before_an_audit_goes_on_is_seen_at_the_next_head() {
    let honest = story();
    let state = state_at(&honest, 10);
    // The operator changes what is recorded under 5, and signs a log that fits: only who remembers can tell.
    let mut other = story();
    other.records[5].0 = Salt([9; 32]);
    let mut tree = Frontier::default();
    let mut books = Books::new();
    for (head, (salt, bytes)) in other.heads.iter_mut().zip(&other.records) {
        let record = Record::decode(bytes).unwrap();
        let ledger = if record.index == 0 { LedgerId::FOUNDING } else { honest.world.ledger() };
        let entry = record.signed.verify_any_key(&ledger).unwrap();
        let effects = rules::apply(&books, &entry, record.recorded_at).unwrap();
        let (index, recorded_at, kind) = (record.index, record.recorded_at, entry.entry().body.kind());
        let lines = effects.lines().iter().map(|line| LedgerLine { index, recorded_at, kind, line: *line });
        let commitment = Committer::default().commit(salt, &salt.of_record(), bytes, lines);
        tree.append(commitment.leaf_hash());
        books.post(&entry, record.recorded_at, &effects);
        *head = TreeHead { size: tree.size(), root: tree.root() };
    }
    assert!(other.audit().holds(), "by itself the other history is whole");
    let Verdict::Violation(violation) = go_on(&other, state) else { panic!("the change was not seen") };
    assert_eq!(violation.index, 9, "{violation}");
}

#[test]
fn a_kept_state_that_is_damaged_or_of_another_version_is_not_gone_on_from() {
    let story = story();
    let bytes = held(story.audit()).encode_state(&story.heads, None).unwrap();
    assert!(AuditState::decode(&bytes).is_ok());
    for at in (30..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(matches!(AuditState::decode(&damaged), Err(StateError::Damaged(_))), "byte {at}");
        assert!(AuditState::decode(&bytes[..at]).is_err(), "cut at {at}");
    }
    let later = [b"klaver/audit-state/v4\n", &bytes[22..]].concat();
    assert_eq!(AuditState::decode(&later).unwrap_err(), StateError::OtherVersion);
}

#[test]
fn an_audit_note_is_read_again_and_refused_when_a_figure_changed() {
    use crate::id::Digest;
    use crate::log::key::{KeyKind, KeyName, VerifierKey};
    use note::{AuditNote, AuditNoteError, Sealed};
    let audited = held(story().audit());
    let name = KeyName::new("asoc.example/audit").unwrap();
    let auditor = key("aude");
    let public = crate::keys::PublicKey::of(&auditor);
    let policy = Some(Digest([7; 32]));
    let sealed = Sealed { size: audited.head.size, policy, witnesses: 5, seen: 4, is_quorum: true };
    let note = AuditNote::of(name.clone(), "klaver.example/log", &audited, &sealed);
    assert_eq!((note.verdict(), note.figure("entries-checked")), ("holds", Some(audited.head.size)));
    assert_eq!(note.figure("credits-issued"), Some(5_000));
    let signed =
        note.sign(public.as_bytes(), |text| crate::keys::sign(&auditor, text).0).unwrap().to_string();
    let verifier = VerifierKey::new(name, KeyKind::Note, public.as_bytes()).unwrap();
    assert_eq!(AuditNote::open(signed.as_bytes(), &verifier).unwrap(), note);
    let changed = signed.replace("credits-issued 5000", "credits-issued 5001");
    assert!(matches!(AuditNote::open(changed.as_bytes(), &verifier), Err(AuditNoteError::Note(_))));
    // Who had seen it, and by whose list, is part of what is signed.
    let said = format!("\nwitness-policy {}\nentries-checked ", "07".repeat(32));
    assert!(
        signed.contains(&said) && signed.contains("\nwitnesses 5\nwitnesses-seen 4\nquorum 1\n"),
        "{signed}"
    );
    let changed = signed.replace("quorum 1", "quorum 0");
    assert!(matches!(AuditNote::open(changed.as_bytes(), &verifier), Err(AuditNoteError::Note(_))));
    let again = |text: String| {
        let note = crate::log::note::Note::sign(text, &verifier, |text| crate::keys::sign(&auditor, text).0);
        AuditNote::open(note.unwrap().to_string().as_bytes(), &verifier)
    };
    let unknown = AuditNote { policy: None, ..note.clone() };
    assert!(unknown.text().contains("\nwitness-policy none\n"));
    assert_eq!(again(unknown.text()), Ok(unknown));
    assert!(matches!(
        again(note.text().replace(&"07".repeat(32), "a list")),
        Err(AuditNoteError::Line { line: 8, .. })
    ));
    // A note from before witnesses were counted is read as it is.
    let figures = note.figures[..note.figures.len() - 4].to_vec();
    let before = AuditNote { policy: None, figures, ..note.clone() };
    assert!(!before.text().contains("witness"));
    assert_eq!(again(before.text()), Ok(before));
    // A checkpoint by the same key is no audit note.
    let text = "asoc.example/audit\n5\nroot\n".to_owned();
    let other =
        crate::log::note::Note::sign(text, &verifier, |text| crate::keys::sign(&auditor, text).0).unwrap();
    assert!(matches!(
        AuditNote::open(other.to_string().as_bytes(), &verifier),
        Err(AuditNoteError::Line { line: 2, .. })
    ));
}

#[test]
fn an_audit_whose_questions_nobody_reads_keeps_nothing_for_them() {
    let story = story();
    let quick = held(story.audit_with(&Expectations { without_questions: true, ..story.expectations() }));
    let full = held(story.audit());
    assert_eq!((quick.head, &quick.trial_balance), (full.head, &full.trial_balance));
    assert_eq!((quick.questions.len(), quick.encode_state(&[], None)), (0, None));
    assert!(full.encode_state(&[], None).is_some());
}

#[test]
fn a_note_says_what_is_held_and_what_is_owed() {
    let mut audited = held(story().audit());
    let name = crate::log::key::KeyName::new("asoc.example/audit").unwrap();
    // Mutual credit: shops gave back more than budgets ever issued.
    audited.trial_balance.circulation.issued = 100;
    audited.trial_balance.circulation.redeemed = 400;
    audited.trial_balance.below_zero = 500;
    let note = note::AuditNote::of(name, "klaver.example/log", &audited, &note::Sealed::default());
    assert_eq!((note.figure("credits-held"), note.figure("below-zero")), (Some(200), Some(500)));
}
