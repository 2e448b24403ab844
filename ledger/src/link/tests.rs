use super::*;
use crate::amount::Amount;
use crate::entry::{Attest, Entry, Pay, PayLine, Statement};
use crate::id::{AccountId, Nonce};
use crate::keys::SigningKey;
use crate::time::Deadline;
use proptest::prelude::*;

const ID: &str = "aebagbafaydqqcikbmga2dqpca";
const SECRET: &str = "77777777777777777777777774";

fn parse(text: &str) -> Link {
    Link::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> String {
    Link::parse(text).expect_err(text).to_string()
}

fn payment(late: bool) -> SignedEntry {
    let line = PayLine { to: AccountId([2; 16]), amount: Amount::new(250).unwrap(), request: None };
    signed(Body::Pay(Pay { from: AccountId([1; 16]), payees: vec![line], late }))
}

fn signed(body: Body) -> SignedEntry {
    let expires_at = Deadline::from_seconds(1_800_000_000).unwrap();
    let entry = Entry { nonce: Nonce([9; 16]), expires_at, memo: None, body };
    SignedEntry::sign(entry, &LedgerId([7; 32]), &[&SigningKey::from_bytes(&[3; 32])])
}

#[test]
fn every_link_is_read_and_printed_as_it_was() {
    for text in [
        format!("https://klaver.example/p/{ID}"),
        "https://klaver.example/to/bakkerij-an".to_owned(),
        "https://klaver.example/to/bakkerij-an?amount=12.50".to_owned(),
        format!("https://klaver.example/c/{ID}"),
        format!("https://klaver.example/c/{ID}#{SECRET}"),
        format!("https://klaver.example:8443/v/{ID}#{SECRET}"),
        format!("http://localhost:8080/t/{ID}#{SECRET}"),
        format!("https://klaver.example/i/{ID}"),
        format!("https://klaver.example/l/{ID}#{SECRET}"),
        format!("https://klaver.example/d/{ID}"),
    ] {
        assert_eq!(parse(&text).print().unwrap(), text);
        assert!(text.len() <= LINK_BYTES_MAX);
    }
}

#[test]
fn a_code_in_capitals_says_the_same() {
    let lower = format!("https://klaver.example/p/{ID}");
    assert_eq!(parse(&lower.to_uppercase()), parse(&lower));
    assert_eq!(parse(&format!(" {lower}\n")), parse(&lower));
}

#[test]
fn a_link_that_is_not_ours_says_which_part_is_wrong() {
    let on = |rest: &str| format!("https://klaver.example{rest}");
    for (text, part) in [
        (String::new(), "no code of a community"),
        ("hallo".to_owned(), "no code of a community"),
        (format!("klaver.example/v/{ID}#{SECRET}"), "no code of a community"),
        (format!("http://klaver.example/p/{ID}"), "not encrypted"),
        (format!("https://user@klaver.example/p/{ID}"), "the host"),
        (on(""), "the path"),
        (on("/x/y"), "the path \"/x/y\""),
        (on("/p/"), "the id"),
        (on(&format!("/p/{}", &ID[1..])), "the id"),
        (on(&format!("/p/{ID}a")), "the id"),
        (on(&format!("/p/{}b", &ID[..25])), "the id"),
        (on(&format!("/p/{ID}/q")), "the id"),
        (on(&format!("/p/{ID}?x=1")), "the query"),
        (on(&format!("/p/{ID}#{SECRET}")), "the fragment"),
        (on(&format!("/v/{ID}")), "the secret"),
        (on(&format!("/c/{ID}#")), "the secret"),
        (on("/to/-an"), "the alias"),
        (on("/to/an?amount="), "the amount"),
        (on("/to/an?amount=1.23456"), "the amount"),
        (on("/to/an?amount=1e3"), "the amount"),
        (on("/to/an?sum=1"), "the query"),
        (on(&format!("/to/{}", "a".repeat(33))), "the alias"),
        (on(&format!("/p/{}", "a".repeat(90))), "at most 90 fit"),
        ("KLVP:".to_owned(), "the payload"),
        ("KLVP:a".to_owned(), "the payload"),
        (format!("KLVP:{}", base45::encode(b"12345678abc")), "the payment in this code"),
        (format!("KLVC:{}", base45::encode([0_u8; 111])), "exactly 112 bytes"),
        (format!("KLVC:{}", base45::encode([0xff_u8; 112])), "a size of at most"),
        (format!("KLVC:{}", "0".repeat(5_000)), "at most 4296 fit"),
    ] {
        let refusal = refused(&text);
        assert!(refusal.contains(part), "{text}: {refusal}");
        assert!(!refusal.contains(SECRET), "a refusal must not repeat a secret: {refusal}");
    }
}

#[test]
fn a_secret_is_not_shown_when_debugging() {
    let shown = format!("{:?}", parse(&format!("https://klaver.example/v/{ID}#{SECRET}")));
    assert!(shown.contains("Secret(…)") && !shown.contains("255"), "{shown}");
}

#[test]
fn a_host_that_leaves_no_room_is_refused_when_printing() {
    let node = NodeAddress::parse(&format!("https://{}.example", "a".repeat(60))).unwrap();
    let link = Link::Request { node, id: RequestId([1; 16]) };
    assert!(matches!(link.print(), Err(LinkError::TooLong { .. })));
}

#[test]
fn a_payment_without_network_travels_as_its_signed_bytes() {
    let ledger = LedgerPrefix::of(&LedgerId([7; 32]));
    let link = Link::Payment { ledger, entry: Box::new(payment(true)) };
    let text = link.print().unwrap();
    assert!((250..330).contains(&text.len()), "{} characters", text.len());
    assert_eq!(parse(&text), link);

    let attest =
        Attest { statement: Statement::AuditNote, size: 0, root: Digest([0; 32]), document: Digest([0; 32]) };
    let other = Link::Payment { ledger, entry: Box::new(signed(Body::Attest(attest))) };
    assert!(refused(&other.to_string()).contains("attest"));
}

#[test]
fn a_checkpoint_travels_as_112_bytes() {
    let text = Link::Checkpoint {
        ledger: LedgerPrefix([1; 8]),
        size: 600,
        root: Digest([2; 32]),
        signature: Signature([3; 64]),
    }
    .print()
    .unwrap();
    assert_eq!(text.len(), "KLVC:".len() + 112 / 2 * 3);
    assert_eq!(parse(&text).to_string(), text);
}

#[test]
fn a_code_of_another_community_names_it() {
    let (home, ledger) = (NodeAddress::parse("https://klaver.example").unwrap(), LedgerId([7; 32]));
    let code = |link: &Link| link.check_community(&home, &ledger).map_err(|error| error.code());
    assert_eq!(code(&parse(&format!("HTTPS://KLAVER.EXAMPLE/p/{ID}"))), Ok(()));
    assert_eq!(code(&parse(&format!("https://buur.example/p/{ID}"))), Err("other_community"));
    let ours = Link::Payment { ledger: LedgerPrefix([7; 8]), entry: Box::new(payment(false)) };
    assert_eq!(code(&ours), Ok(()));
    let theirs = Link::Payment { ledger: LedgerPrefix([8; 8]), entry: Box::new(payment(false)) };
    assert_eq!(code(&theirs), Err("other_community"));
    let sentence = theirs.check_community(&home, &ledger).unwrap_err().to_string();
    assert!(sentence.contains("0808080808080808"), "{sentence}");
}

fn any_node() -> impl Strategy<Value = NodeAddress> {
    ("[a-z][a-z0-9]{0,8}\\.[a-z]{2,3}", proptest::option::of(1..=u16::MAX)).prop_map(|(host, port)| {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        NodeAddress::parse(&format!("https://{host}{port}")).unwrap()
    })
}

fn any_link() -> impl Strategy<Value = Link> {
    (any_node(), any::<[u8; 16]>(), any::<[u8; 16]>(), 0..10_u8, "[a-z0-9]{1,16}", 0..100_000_u32).prop_map(
        |(node, id, secret, which, alias, amount)| match which {
            0 => Link::Request { node, id: RequestId(id) },
            1 => Link::Alias { node, alias: Alias::parse(&alias).unwrap(), amount: None },
            2 => {
                let amount = AskedAmount::parse(&format!("{}.{:02}", amount / 100, amount % 100)).unwrap();
                Link::Alias { node, alias: Alias::parse(&alias).unwrap(), amount: Some(amount) }
            }
            3 => Link::Card { node, id: CodeId(id), secret: None },
            4 => Link::Card { node, id: CodeId(id), secret: Some(Secret(secret)) },
            5 => Link::Voucher { node, id: CodeId(id), secret: Secret(secret) },
            6 => Link::CheckIn { node, session: TaskId(id), code: Secret(secret) },
            7 => Link::Invitation { node, code: CodeId(id) },
            8 => Link::LentRight { node, id: CodeId(id), code: Secret(secret) },
            _ => Link::Draft { node, id: CodeId(id) },
        },
    )
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(link in any_link()) {
        let text = link.print().unwrap();
        prop_assert_eq!(Link::parse(&text), Ok(link));
    }

    #[test]
    fn any_text_is_answered_and_what_is_read_prints_stably(text in "(https://[a-z.]{1,9}/[a-z]{1,2}/|KLV[PC]:)?\\PC{0,80}") {
        if let Ok(link) = Link::parse(&text) {
            let printed = link.print().unwrap();
            prop_assert_eq!(Link::parse(&printed), Ok(link));
        }
    }

    #[test]
    fn a_changed_character_never_panics(link in any_link(), at in any::<prop::sample::Index>(), c in any::<char>()) {
        let mut changed: Vec<char> = link.to_string().chars().collect();
        let at = at.index(changed.len());
        changed[at] = c;
        let text: String = changed.into_iter().collect();
        if let Ok(link) = Link::parse(&text) {
            prop_assert_eq!(Link::parse(&link.print().unwrap()), Ok(link));
        }
    }
}
