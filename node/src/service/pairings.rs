//! Meetings of an old device with a new one.

use super::{Refused, Service};
use crate::clock::wall_clock;
use crate::community::pairings::{Meeting, PAIRINGS_MAX};
use crate::community::sessions::{Role, Visitor};
use klaver_api::pairing::{AnswerPairing, Pairing};
use klaver_api::text;
use klaver_ledger::id::AccountId;
use klaver_ledger::link::{CodeId, Link, Secret};
use klaver_ledger::time::Deadline;
use sha2::{Digest as _, Sha256};

impl Service {
    /// Starts a meeting for the visitor's account.
    ///
    /// # Errors
    /// For an office, or when too many wait.
    pub fn start_pairing(&self, visitor: &Visitor) -> Result<Pairing, Refused> {
        let account = own_account(visitor)?;
        let mut code = [0; 16];
        getrandom::fill(&mut code)?;
        let met = self.pairings.start(account, code, wall_clock().seconds());
        let advice = "try again in some minutes";
        let full = Refused::TooMany { what: "devices that are being added", limit: PAIRINGS_MAX, advice };
        met.map(|met| self.pairing_json(&met)).ok_or(full)
    }

    /// Returns the meeting of the visitor's account.
    ///
    /// # Errors
    /// `Unknown` when none lasts.
    pub fn pairing(&self, visitor: &Visitor) -> Result<Pairing, Refused> {
        let met = self.pairings.of(&own_account(visitor)?, wall_clock().seconds());
        met.map(|met| self.pairing_json(&met)).ok_or_else(unknown)
    }

    /// Notes the key of a new device.
    ///
    /// # Errors
    /// `Unknown` when the code is of no meeting that lasts, or another device was first.
    pub fn answer_pairing(&self, asked: &AnswerPairing) -> Result<(), Refused> {
        let key = text::key("key", &asked.key)?;
        let code = CodeId::parse(&asked.code).map_err(|_| unknown())?;
        let is_met = self.pairings.answer(&code.0, key, wall_clock().seconds());
        if is_met { Ok(()) } else { Err(unknown()) }
    }

    /// Returns what the place is called that lends a right by the code with this id, while that lasts and it is listed.
    pub fn who_lends(&self, id: &CodeId) -> Option<String> {
        let account = self.pairings.find(|code| public_id(code).0 == id.0, wall_clock().seconds())?;
        self.community.listed_name(&account)
    }

    fn pairing_json(&self, met: &Meeting) -> Pairing {
        // Whoever looks at the address alone learns nothing that opens anything: the secret is in the fragment.
        let id = public_id(&met.code);
        let link = Link::LentRight { node: self.address.clone(), id, code: Secret(met.code) };
        Pairing {
            code: CodeId(met.code).to_string(),
            lent_link: link.to_string(),
            expires_at: Deadline::from_seconds(met.expires_at).map(|end| end.to_string()).unwrap_or_default(),
            key: met.key.map(|key| key.to_string()),
        }
    }
}

/// Returns what may be known of a code: its hash.
fn public_id(code: &[u8; 16]) -> CodeId {
    let hash = Sha256::digest(code);
    CodeId(*hash.first_chunk().expect("a hash has 32 bytes"))
}

fn own_account(visitor: &Visitor) -> Result<AccountId, Refused> {
    match visitor.role {
        Role::Account(account) => Ok(account),
        Role::Cashier(_) | Role::Council | Role::Auditor => {
            Err(Refused::Forbidden { advice: "open a session for the account that gets a device" })
        }
    }
}

fn unknown() -> Refused {
    Refused::Unknown {
        what: "device code",
        code: "unknown_pairing",
        advice: "it has ended, or another device used it: show a new one",
    }
}
