//! Signed challenges: for a session of an account or an office, and for joining.

use klaver_api::session::{Claim, OFFICE, challenge_bytes};
use klaver_ledger::id::AccountId;
use klaver_ledger::keys::{PublicKey, sign};
use klaver_ledger::time::Deadline;
use klaver_tests::samples::{LEDGER, key, public};
use klaver_tests::vectors::{check, hex};
use serde_json::{Value, json};

const ORIGIN: &str = "https://klaver.example";
const NONCE: [u8; 32] = [0x6e; 32];
const EXPIRES_AT: u64 = 1_795_000_120;

#[test]
fn challenges_are_signed_as_the_vectors_say() {
    let account = AccountId([7; 16]);
    let claims = [
        ("a session of an account", Claim::Session(account), json!({"session": account.to_hex()})),
        ("a session of an office", Claim::Session(OFFICE), json!({"session": null})),
        ("joining", Claim::Join(public(0x20)), json!({"join": public(0x20).to_string()})),
    ];
    let expires_at = Deadline::from_seconds(EXPIRES_AT).expect("a deadline");
    let vectors: Vec<Value> = claims
        .iter()
        .map(|(name, claim, said)| {
            let bytes = challenge_bytes(&LEDGER, ORIGIN, claim, &NONCE, expires_at);
            let key = key(0x20);
            json!({
                "name": name,
                "claim": said,
                "ledger": LEDGER.to_hex(),
                "origin": ORIGIN,
                "nonce": hex(NONCE),
                "expires_at": EXPIRES_AT,
                "bytes": hex(bytes.clone()),
                "key": PublicKey::of(&key).to_string(),
                "signature": hex(sign(&key, &bytes).0),
            })
        })
        .collect();
    // Written out by hand once, so that the vectors say what the specification says.
    let fields = [LEDGER.0.as_slice(), &[0, 22], ORIGIN.as_bytes()].concat();
    let ends = [NONCE.as_slice(), &EXPIRES_AT.to_be_bytes()].concat();
    for (vector, domain, who) in [
        (&vectors[0], "klaver/session/v1\n", [7; 16].as_slice()),
        (&vectors[1], "klaver/session/v1\n", &[0; 16]),
        (&vectors[2], "klaver/join/v1\n", public(0x20).as_bytes()),
    ] {
        assert_eq!(vector["bytes"], hex([domain.as_bytes(), &fields, who, &ends].concat()));
    }
    check("challenges", &Value::Array(vectors));
}
