//! A remembered "no": declined stays declined until the entry expires, also across a restart.

use crate::entry::cbor::{CborError, Reader, Writer};
use crate::id::{AccountId, EntryId};
use crate::keys::PublicKey;
use crate::time::Deadline;

/// Longest text of a refusal, in bytes: a sentence with all its values.
const TEXT_BYTES_MAX: usize = 8 * 1024;
/// Most values that a refusal names.
const DETAILS_MAX: usize = 16;

/// Why an entry was declined, in the words in which it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The entry.
    pub id: EntryId,
    /// When the entry expires: until then the answer stays the same, if it is remembered.
    pub expires_at: Deadline,
    /// Whose share of remembered refusals it uses up.
    pub charged_to: ChargedTo,
    /// The stable code of the rule.
    pub code: String,
    /// The sentence, with advice.
    pub sentence: String,
    /// The field of the entry that the rule speaks of.
    pub field: Option<String>,
    /// The values of the rule by name.
    pub details: Vec<(String, String)>,
}

/// Who is charged for the memory that a refusal takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChargedTo {
    /// The account that the entry would have debited.
    Account(AccountId),
    /// The key that signed, where the entry itself names no account that loses credits.
    Signer(PublicKey),
}

impl Refusal {
    /// Returns the canonical bytes:
    /// `[id, expires_at, [0, account] or [1, key], code, sentence, field or null, [[name, value], …]]`.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(256);
        self.write(&mut w);
        w.finish()
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(7).bytes(&self.id.0).uint(self.expires_at.seconds()).array(2);
        match &self.charged_to {
            ChargedTo::Account(account) => w.uint(0).bytes(&account.0),
            ChargedTo::Signer(key) => w.uint(1).bytes(key.as_bytes()),
        };
        w.bytes(self.code.as_bytes()).bytes(self.sentence.as_bytes());
        w.optional(self.field.as_ref(), |w, field| {
            w.bytes(field.as_bytes());
        });
        w.list(&self.details, |w, (name, value)| {
            w.array(2).bytes(name.as_bytes()).bytes(value.as_bytes());
        });
    }

    /// Reads the canonical bytes of a refusal.
    ///
    /// # Errors
    /// Names the first field that is not as it is written.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        let r = &mut Reader::new(bytes);
        let refusal = Self::read(r)?;
        r.end("refusal")?;
        if refusal.encode() == bytes {
            Ok(refusal)
        } else {
            Err(CborError::NotCanonical { field: "refusal" })
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array("refusal", 7)?;
        let id = EntryId(r.fixed("id")?);
        let seconds = r.uint("expires_at")?;
        let expires_at = Deadline::from_seconds(seconds)
            .ok_or_else(|| CborError::out_of_range("expires_at", seconds, "a second up to the year 9999"))?;
        r.array("charged_to", 2)?;
        let charged_to = match r.uint("charged_to")? {
            0 => ChargedTo::Account(AccountId(r.fixed("charged_to")?)),
            1 => {
                let key = PublicKey::from_bytes(&r.fixed("charged_to")?);
                ChargedTo::Signer(key.map_err(|error| {
                    CborError::out_of_range("charged_to", error, "a key that signs entries")
                })?)
            }
            value => return Err(CborError::Unknown { field: "charged_to", value }),
        };
        let (code, sentence) = (text(r, "code")?, text(r, "sentence")?);
        let field = r.optional(|r| text(r, "field"))?;
        let details = r.list("details", 0..=DETAILS_MAX, |r| {
            r.array("details", 2)?;
            Ok((text(r, "details")?, text(r, "details")?))
        })?;
        Ok(Self { id, expires_at, charged_to, code, sentence, field, details })
    }
}

fn text(r: &mut Reader<'_>, field: &'static str) -> Result<String, CborError> {
    let bytes = r.bytes(field)?;
    let refused = |limit: String| CborError::out_of_range(field, format!("{} bytes", bytes.len()), limit);
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(refused(format!("at most {TEXT_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| refused("UTF-8".to_owned()))
}
