//! Tests of what is kept until it is answered for.

use super::*;
use klaver_ledger::amount::Amount;
use klaver_ledger::entry::{Entry, RequestRef, Veto};
use klaver_ledger::id::{AccountId, Nonce, RequestId};
use klaver_ledger::keys::SigningKey;
use klaver_ledger::time::Deadline;

fn entry(index: u64) -> OutboxEntry {
    let ledger = LedgerId([3; 32]);
    let entry = Entry {
        nonce: Nonce([1; 16]),
        expires_at: Deadline::from_seconds(2_000_000_000).unwrap(),
        memo: None,
        body: Body::Veto(Veto { index }),
    };
    let signed = SignedEntry::sign(entry, &ledger, &[&SigningKey::from_bytes(&[2; 32])]);
    OutboxEntry {
        id: signed.id(&ledger),
        ledger,
        signed_at: Timestamp::from_millis(1_000 - index).unwrap(),
        state: OutboxState::Waiting,
        submit: Submit { envelope: klaver_api::text::base64url(&signed.encode()), memo: None },
    }
}

#[test]
fn an_entry_stays_until_it_is_settled_for_good() {
    let directory = tempfile::tempdir().unwrap();
    let places = Places::find(Some(directory.path())).unwrap();
    for index in 0..3 {
        entry(index).save(&places).unwrap();
    }
    let all = load_all(&places).unwrap();
    assert_eq!(all, [entry(2), entry(1), entry(0)], "oldest first");

    entry(0).settle(&places, OutboxState::Paid).unwrap();
    entry(1).settle(&places, OutboxState::Refused).unwrap();
    entry(2).settle(&places, OutboxState::Unknown).unwrap();
    let left = load_all(&places).unwrap();
    assert_eq!(left, [OutboxEntry { state: OutboxState::Unknown, ..entry(2) }]);
    assert_eq!(find(&places, &entry(2).id).unwrap().as_ref(), left.first());
    assert_eq!(find(&places, &entry(0).id).unwrap(), None);
}

fn payment(late: bool, to: u8, request: Option<u8>) -> Body {
    let until = Deadline::from_seconds(2_000_000_000).unwrap();
    let request = request.map(|id| RequestRef { id: RequestId([id; 16]), until });
    let line = PayLine { to: AccountId([to; 16]), amount: Amount::new(100).unwrap(), request };
    Body::Pay(Pay { from: AccountId([1; 16]), payees: vec![line], late })
}

fn signed(body: Body) -> SignedEntry {
    let expires_at = Deadline::from_seconds(2_000_000_000).unwrap();
    let entry = Entry { nonce: Nonce([1; 16]), expires_at, memo: None, body };
    SignedEntry::sign(entry, &LedgerId([3; 32]), &[&SigningKey::from_bytes(&[2; 32])])
}

fn places(directory: &tempfile::TempDir) -> Places {
    Places::find(Some(directory.path())).unwrap()
}

#[test]
fn what_is_known_of_an_entry_is_not_forgotten_when_it_is_kept_again() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(&directory);
    let (ledger, code) = (LedgerId([3; 32]), signed(payment(true, 5, None)));
    let keep = |at| keep(&places, ledger, &code, None, Timestamp::from_millis(at).unwrap()).unwrap();
    let first = keep(1_000);
    assert_eq!(first.state, OutboxState::Waiting);
    // From the moment it sets out nobody knows, whatever becomes of this program.
    first.set_out(&places).unwrap();
    assert_eq!(find(&places, &first.id).unwrap().unwrap().state, OutboxState::Unknown);
    let again = keep(2_000);
    assert_eq!((again.state, again.signed_at), (OutboxState::Unknown, first.signed_at));
}

#[test]
fn each_answer_says_what_is_known_of_an_entry() {
    let answer = |status, code: &str| {
        Failure::of_problem(klaver_api::Problem::new(status, code, "title", "detail".to_owned()))
    };
    let silence = Failure::new(Exit::Network, "unreachable");
    let kept = |state, late| {
        let signed = signed(payment(late, 5, None));
        let submit = Submit { envelope: text::base64url(&signed.encode()), memo: None };
        let (id, ledger) = (signed.id(&LedgerId([3; 32])), LedgerId([3; 32]));
        OutboxEntry { id, ledger, signed_at: Timestamp::default(), state, submit }
    };
    use OutboxState::{Draft, Refused, Unknown, Waiting};
    for (before, late, failure, after) in [
        (Waiting, false, answer(422, "insufficient_credits"), Refused),
        // A promise may be kept as soon as there are credits: the node does not remember this "no".
        (Waiting, true, answer(422, "insufficient_credits"), Waiting),
        (Unknown, true, answer(422, "insufficient_credits"), Waiting),
        (Waiting, true, answer(422, "expired"), Refused),
        (Waiting, true, answer(409, "request_paid"), Refused),
        // A node that cannot read it, or no longer knows the key, has not looked whether it is recorded.
        (Waiting, false, answer(400, "unknown_key"), Refused),
        (Unknown, false, answer(400, "unknown_key"), Unknown),
        (Unknown, false, answer(422, "insufficient_credits"), Refused),
        (Waiting, false, silence.clone(), Unknown),
        (Draft, false, silence, Unknown),
        (Waiting, false, answer(503, "outcome_unknown"), Unknown),
        // What was never looked at is as it was.
        (Waiting, false, answer(503, "busy"), Waiting),
        (Unknown, false, answer(503, "read_only"), Unknown),
        (Draft, false, answer(503, "busy"), Draft),
    ] {
        assert_eq!(kept(before, late).state_after(&failure), after, "{before:?} {late} {}", failure.code);
    }
}

#[test]
fn what_waits_is_found_before_the_same_is_signed_again() {
    let (promise, asked, other) =
        (payment(true, 5, None), payment(false, 5, Some(7)), payment(false, 5, Some(8)));
    let veto = Body::Veto(Veto { index: 3 });
    for (waits, wanted, found) in [
        (&promise, &promise, Some(Likeness::Same)),
        (&asked, &asked, Some(Likeness::Same)),
        // Who types the account of the till means what the till asked for.
        (&asked, &payment(false, 5, None), Some(Likeness::Same)),
        // The code of the till after a promise, or a new code because the first did not seem to go through.
        (&promise, &asked, Some(Likeness::OtherRequest)),
        (&asked, &other, Some(Likeness::OtherRequest)),
        (&asked, &payment(false, 6, Some(7)), None),
        (&veto, &veto, Some(Likeness::Same)),
        (&veto, &Body::Veto(Veto { index: 4 }), None),
        (&veto, &asked, None),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let places = places(&directory);
        let ledger = LedgerId([3; 32]);
        let kept = keep(&places, ledger, &signed(waits.clone()), None, Timestamp::default()).unwrap();
        let alike = || alike(&places, &ledger, wanted).unwrap().map(|(_, likeness)| likeness);
        assert_eq!(alike(), found, "{waits:?} {wanted:?}");
        kept.settle(&places, OutboxState::Draft).unwrap();
        assert_eq!(alike(), None, "a draft is seen by those who are to sign it");
    }
}

#[test]
fn an_outbox_that_cannot_be_listed_is_not_an_empty_one() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(&directory);
    assert_eq!(load_all(&places).unwrap(), []);
    std::fs::write(places.outbox(), "a file where a directory belongs").unwrap();
    assert_eq!(load_all(&places).unwrap_err().code, "cannot_read");
}

#[test]
fn an_entry_that_is_not_what_its_file_says_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let places = Places::find(Some(directory.path())).unwrap();
    let mut changed = entry(1);
    changed.submit = entry(2).submit;
    changed.save(&places).unwrap();
    assert_eq!(load_all(&places).unwrap_err().code, "outbox_damaged");
}

#[test]
#[cfg(unix)]
fn its_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let places = Places::find(Some(directory.path())).unwrap();
    entry(1).save(&places).unwrap();
    let file = std::fs::metadata(places.outbox_entry(&entry(1).id)).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
}
