//! From bytes to a verified entry, in named steps that cannot be skipped.
//!
//! ```text
//! SignedEntry::decode(bytes)   well formed, canonical, within limits
//!   .verify(ledger, keys)      every key is known and its signature holds
//! -> VerifiedEntry             the only thing that rules judge
//! ```

use super::cbor::{CborError, Reader, Writer};
use super::{Body, Entry, codec};
use crate::id::{EntryId, LedgerId};
use crate::keys::{Claim, PublicKey, ReadyKey, Signature, SigningKey, hold, sign};
use crate::limits::{ENVELOPE_BYTES_MAX, PAYLOAD_BYTES_MAX, SIGNATURES_MAX};
use sha2::{Digest as _, Sha256};
use smallvec::SmallVec;
use std::sync::Arc;

/// Protected header `{1: -19}` of COSE: algorithm Ed25519 (RFC 9864).
const PROTECTED_HEADER: [u8; 3] = [0xa1, 0x01, 0x32];

/// An entry with signatures that nobody has verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEntry {
    /// Behind a pointer: a payment is moved and copied from hand to hand, and the largest kinds are far larger.
    entry: Arc<Entry>,
    payload: Vec<u8>,
    signatures: Vec<([u8; 32], Signature)>,
}

/// An entry all of whose signatures hold. Has no other constructor than [`SignedEntry::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedEntry {
    signed: SignedEntry,
    id: EntryId,
    signers: Vec<PublicKey>,
}

/// Why an envelope is not a verified entry. Nothing about it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The bytes are not a canonical envelope.
    #[error(transparent)]
    Malformed(#[from] CborError),
    /// A key that no rule could count.
    #[error(
        "key {key} is not a key of an account or office in this entry: sign with a key that is, or update your wallet"
    )]
    UnknownKey {
        /// The key, in hexadecimal.
        key: String,
    },
    /// A signature that does not hold for these bytes in this ledger.
    #[error(
        "the signature by key {key} does not hold for this entry in this ledger: sign again, in the ledger it is meant for"
    )]
    BadSignature {
        /// The key.
        key: PublicKey,
    },
}

impl EnvelopeError {
    /// Returns the stable code of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(CborError::Unknown { .. }) => "update_needed",
            Self::Malformed(_) => "malformed_entry",
            Self::UnknownKey { .. } => "unknown_key",
            Self::BadSignature { .. } => "bad_signature",
        }
    }
}

impl SignedEntry {
    /// Returns `entry`, its sets put in order, without signatures yet.
    pub fn unsigned(mut entry: Entry) -> Self {
        codec::sort_sets(&mut entry);
        let payload = codec::encode_payload(&entry);
        Self { entry: Arc::new(entry), payload, signatures: Vec::new() }
    }

    /// Returns `entry` signed by `keys` for `ledger`.
    pub fn sign(entry: Entry, ledger: &LedgerId, keys: &[&SigningKey]) -> Self {
        keys.iter().fold(Self::unsigned(entry), |signed, key| signed.signed_by(ledger, key))
    }

    /// Returns this entry with a signature by `key` besides the ones it has.
    pub fn signed_by(self, ledger: &LedgerId, key: &SigningKey) -> Self {
        let signature = sign(key, &self.signing_input(ledger));
        self.with_signature(*PublicKey::of(key).as_bytes(), signature)
    }

    /// Returns this entry with `signature` besides the ones it has; one by the same key is replaced.
    pub fn with_signature(mut self, key: [u8; 32], signature: Signature) -> Self {
        match self.signatures.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => self.signatures[at].1 = signature,
            Err(at) => self.signatures.insert(at, (key, signature)),
        }
        self
    }

    /// Reads an envelope: `[payload, [[key, signature], …]]`.
    ///
    /// # Errors
    /// Names the first field that is not as the specification says.
    pub fn decode(envelope: &[u8]) -> Result<Self, CborError> {
        Self::decode_with(envelope, 1)
    }

    /// Reads an envelope that may have no signatures yet: what a draft waits to have signed.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_draft(envelope: &[u8]) -> Result<Self, CborError> {
        Self::decode_with(envelope, 0)
    }

    fn decode_with(envelope: &[u8], signatures_min: usize) -> Result<Self, CborError> {
        if envelope.len() > ENVELOPE_BYTES_MAX {
            let limit = format!("at most {ENVELOPE_BYTES_MAX} bytes");
            return Err(CborError::out_of_range("envelope", format!("{} bytes", envelope.len()), limit));
        }
        let r = &mut Reader::new(envelope);
        r.array("envelope", 2)?;
        let payload = r.bytes("payload")?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            let limit = format!("at most {PAYLOAD_BYTES_MAX} bytes; split it");
            return Err(CborError::out_of_range("payload", format!("{} bytes", payload.len()), limit));
        }
        let signatures = r.set("signatures", signatures_min..=SIGNATURES_MAX, |r| {
            r.array("signatures", 2)?;
            Ok((r.fixed("signatures")?, Signature(r.fixed("signatures")?)))
        })?;
        r.end("envelope")?;
        if signatures.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(CborError::Unsorted { field: "signatures" });
        }
        let entry = Arc::new(codec::decode_payload(payload)?);
        let signed = Self { entry, payload: payload.to_vec(), signatures };
        if signed.encode() != envelope {
            return Err(CborError::NotCanonical { field: "envelope" });
        }
        Ok(signed)
    }

    /// Returns the envelope's canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(self.payload.len() + 8 + self.signatures.len() * 101);
        self.write(&mut w);
        w.finish()
    }

    /// Writes the envelope as an array, as a record embeds it.
    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(2).bytes(&self.payload).list(&self.signatures, |w, (key, signature)| {
            w.array(2).bytes(key).bytes(&signature.0);
        });
    }

    /// Returns what the entry says.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Returns what the entry says, to be kept beside it without a copy.
    pub(crate) fn shared_entry(&self) -> Arc<Entry> {
        self.entry.clone()
    }

    /// Returns exactly the bytes that were signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Returns the keys and their signatures, ascending by key.
    pub fn signatures(&self) -> &[([u8; 32], Signature)] {
        &self.signatures
    }

    /// Returns the id of this entry in `ledger`: the hash of what its signers sign.
    pub fn id(&self, ledger: &LedgerId) -> EntryId {
        id_of(&self.signing_input(ledger))
    }

    /// Returns the `Sig_structure` of COSE_Sign1 (RFC 9052, section 4.4) whose signature each key makes.
    ///
    /// The ledger id is the external data; a founding entry is signed before the ledger has one.
    pub fn signing_input(&self, ledger: &LedgerId) -> Vec<u8> {
        let external = if matches!(self.entry.body, Body::Found(_)) { &LedgerId::FOUNDING } else { ledger };
        let mut w = Writer::with_capacity(self.payload.len() + 64);
        w.array(4).text("Signature1").bytes(&PROTECTED_HEADER).bytes(&external.0).bytes(&self.payload);
        w.finish()
    }

    /// Returns the signature by `key` as a COSE_Sign1 message that other libraries verify.
    ///
    /// The verifier gives the ledger id (32 zero bytes for a founding entry) as `external_aad`.
    pub fn to_cose_sign1(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        let (_, signature) = self.signatures.iter().find(|(signer, _)| signer == key)?;
        let mut w = Writer::with_capacity(self.payload.len() + 90);
        // Tag 18 (COSE_Sign1) and an empty map of unprotected headers, which our own profile has no writer for.
        w.encoded(&[0xd2]).array(4).bytes(&PROTECTED_HEADER).encoded(&[0xa0]);
        w.bytes(&self.payload).bytes(&signature.0);
        Some(w.finish())
    }

    /// Verifies every signature; `keys` tells which keys are known, before any signature is looked at.
    ///
    /// # Errors
    /// `UnknownKey` or `BadSignature`, naming the key.
    pub fn verify(
        self,
        ledger: &LedgerId,
        keys: impl FnMut(&[u8; 32]) -> Option<ReadyKey>,
    ) -> Result<VerifiedEntry, EnvelopeError> {
        let claimed = Claimed::of(self, ledger, keys)?;
        let wrong = claimed.claims().position(|claim| !claim.holds());
        claimed.conclude(wrong)
    }

    /// Verifies as [`verify`](Self::verify) each, with less work for many at hand; the answers are in their order.
    pub fn verify_all(
        entries: impl IntoIterator<Item = Self>,
        ledger: &LedgerId,
        mut keys: impl FnMut(&[u8; 32]) -> Option<ReadyKey>,
    ) -> Vec<Result<VerifiedEntry, EnvelopeError>> {
        let all: Vec<_> = entries.into_iter().map(|entry| Claimed::of(entry, ledger, &mut keys)).collect();
        let claims: Vec<Claim<'_>> = all.iter().flatten().flat_map(Claimed::claims).collect();
        let mut holds = hold(&claims).into_iter();
        drop(claims);
        let mut conclude = |claimed: Claimed| {
            let wrong = holds.by_ref().take(claimed.keys.len()).collect::<SmallVec<[bool; 2]>>();
            claimed.conclude(wrong.iter().position(|holds| !holds))
        };
        all.into_iter().map(|claimed| claimed.and_then(&mut conclude)).collect()
    }

    /// Takes the entry of a record of our own journal as verified: it was when it was recorded, and the log's signed
    /// root covers its bytes. Replay alone may say so; an audit verifies.
    pub(crate) fn recorded(self, ledger: &LedgerId) -> VerifiedEntry {
        let id = self.id(ledger);
        let signers = self.signatures.iter().map(|(key, _)| PublicKey::checked_before(*key)).collect();
        VerifiedEntry { signed: self, id, signers }
    }

    /// Verifies every signature by whatever canonical key made it: for whoever looks keys up afterwards.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); a key that is no canonical point is unknown.
    pub fn verify_any_key(self, ledger: &LedgerId) -> Result<VerifiedEntry, EnvelopeError> {
        self.verify(ledger, |key| ReadyKey::from_bytes(key).ok())
    }
}

/// An entry whose keys are known, and whose signatures are still to be verified.
struct Claimed {
    signed: SignedEntry,
    /// What its signers sign.
    message: Vec<u8>,
    /// As many as there are signatures, in their order.
    keys: SmallVec<[ReadyKey; 2]>,
}

impl Claimed {
    fn of(
        signed: SignedEntry,
        ledger: &LedgerId,
        mut keys: impl FnMut(&[u8; 32]) -> Option<ReadyKey>,
    ) -> Result<Self, EnvelopeError> {
        let known = |(key, _): &([u8; 32], Signature)| {
            keys(key).ok_or_else(|| EnvelopeError::UnknownKey { key: data_encoding::HEXLOWER.encode(key) })
        };
        let keys = signed.signatures.iter().map(known).collect::<Result<_, _>>()?;
        Ok(Self { message: signed.signing_input(ledger), signed, keys })
    }

    fn claims(&self) -> impl Iterator<Item = Claim<'_>> {
        let signatures = self.signed.signatures.iter().map(|(_, signature)| signature);
        self.keys.iter().zip(signatures).map(|(key, signature)| Claim {
            key,
            message: &self.message,
            signature,
        })
    }

    /// `wrong` is the place of the first signature that does not hold.
    fn conclude(self, wrong: Option<usize>) -> Result<VerifiedEntry, EnvelopeError> {
        if let Some(place) = wrong {
            return Err(EnvelopeError::BadSignature { key: self.keys[place].public_key() });
        }
        let signers = self.keys.iter().map(ReadyKey::public_key).collect();
        Ok(VerifiedEntry { id: id_of(&self.message), signers, signed: self.signed })
    }
}

fn id_of(signing_input: &[u8]) -> EntryId {
    EntryId(Sha256::new().chain_update(b"klaver/entry/v1\n").chain_update(signing_input).finalize().into())
}

impl VerifiedEntry {
    /// Returns what the entry says.
    pub fn entry(&self) -> &Entry {
        &self.signed.entry
    }

    /// Returns its id.
    pub fn id(&self) -> EntryId {
        self.id
    }

    /// Returns the keys whose signatures hold, ascending.
    pub fn signers(&self) -> &[PublicKey] {
        &self.signers
    }

    /// Returns the envelope it came in.
    pub fn signed(&self) -> &SignedEntry {
        &self.signed
    }
}
