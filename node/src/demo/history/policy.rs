//! The founding: the town's charter and policy.

use crate::demo::cast::{Cast, TOWN, total};
use klaver_ledger::amount::{Rate, Scale};
use klaver_ledger::charter::{Charter, Policy, RULES_VERSION, UnitWords};
use klaver_ledger::entry::{Body, Entry, Found, SignedEntry, VerifiedEntry};
use klaver_ledger::id::{Digest, LedgerId, Nonce};
use klaver_ledger::keys::{PublicKey, SigningKey};
use klaver_ledger::time::{Deadline, Seconds, Timestamp};

/// The origin of the demonstration's log, whatever the port it is served on.
pub const ORIGIN: &str = "localhost/log";

/// What one organisation may issue a day by itself, in minor units.
pub const DAY_AMOUNT: u64 = 4_000;

/// Returns the entry that founds the town at `start`, signed by its whole council.
pub fn founding(cast: &Cast, start: Timestamp) -> VerifiedEntry {
    let body = Body::Found(Found {
        name: TOWN.to_owned(),
        unit: UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() },
        scale: Scale::new(2).expect("two decimals are allowed"),
        charter: charter(cast),
        predecessor: None,
    });
    let nonce = Nonce(crate::demo::dice::Dice::new(cast.seed, "founding").sixteen());
    let entry = Entry { nonce, expires_at: Deadline::after(start, Seconds(3_600)), memo: None, body };
    let keys: Vec<&SigningKey> = cast.council.iter().collect();
    SignedEntry::sign(entry, &LedgerId::FOUNDING, &keys)
        .verify_any_key(&LedgerId::FOUNDING)
        .expect("what was signed here verifies")
}

/// Returns the charter that the town is founded with.
pub fn charter(cast: &Cast) -> Charter {
    let public = |keys: &[SigningKey]| -> Vec<PublicKey> {
        let mut keys: Vec<PublicKey> = keys.iter().map(PublicKey::of).collect();
        keys.sort();
        keys
    };
    Charter {
        rules: RULES_VERSION,
        log_keys: vec![PublicKey::of(&cast.log)],
        origin: ORIGIN.to_owned(),
        witness_policy: Digest::of(b""),
        council: public(&cast.council),
        council_threshold: 2,
        rescue: public(&cast.rescue),
        rescue_threshold: 2,
        registrar: PublicKey::of(&cast.registrar),
        guardian: PublicKey::of(&cast.guardian),
        auditors: public(&cast.auditors),
        policy: Policy {
            organisation_day_amount: Some(total(DAY_AMOUNT)),
            euro_rate: Some(Rate::new(1, 1).expect("one cent for one hundredth of a klaver")),
            offline_cap: total(1_000),
            card_free_amount: total(1_000),
            card_day_cap: total(5_000),
            ..Policy::starting()
        },
    }
}
