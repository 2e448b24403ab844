//! The limit of P1 and P4: nothing but `verify_strict`, on two threads, with decompressed keys.

use crate::world::{Load, World};
use anyhow::{Context as _, Result};
use ed25519_dalek::{Signature, VerifyingKey};
use klaver_ledger::entry::SignedEntry;
use klaver_ledger::id::LedgerId;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Messages, keys and signatures, ready to verify.
pub struct Raw {
    rows: Vec<(Vec<u8>, VerifyingKey, Signature)>,
}

/// How many messages a thread takes at a time.
const CHUNK: usize = 256;

impl Raw {
    /// Takes the envelopes of `load` apart.
    ///
    /// # Errors
    /// When one is malformed.
    pub fn of(world: &World, ledger: &LedgerId, load: &Load) -> Result<Self> {
        let row = |envelope: &Vec<u8>| {
            let signed = SignedEntry::decode(envelope)?;
            let (key, signature) = signed.signatures().first().context("an envelope has a signature")?;
            world.ready.get(key).context("a member's key")?;
            let key = VerifyingKey::from_bytes(key)?;
            Ok((signed.signing_input(ledger), key, Signature::from_bytes(&signature.0)))
        };
        Ok(Self { rows: load.envelopes.iter().map(row).collect::<Result<_>>()? })
    }

    /// Verifies everything on two threads.
    ///
    /// # Panics
    /// When a signature does not hold.
    pub fn verify_all(&self) {
        let (next, valid) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let from = next.fetch_add(CHUNK, Ordering::Relaxed).min(self.rows.len());
                        let rows = &self.rows[from..(from + CHUNK).min(self.rows.len())];
                        if rows.is_empty() {
                            return;
                        }
                        let holds = |(message, key, signature): &&(Vec<u8>, VerifyingKey, Signature)| {
                            key.verify_strict(message, signature).is_ok()
                        };
                        valid.fetch_add(rows.iter().filter(holds).count(), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(valid.into_inner(), self.rows.len(), "every signature holds");
    }
}
