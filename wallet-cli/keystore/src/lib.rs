//! The wallet file: signing keys under a passphrase, in one file that only its owner reads.
//!
//! The public part (names, public keys, accounts, the node's address) can be read without the passphrase and
//! is authenticated by it; the seeds are encrypted with XChaCha20-Poly1305 under a key that Argon2id derives.
//! Nothing here asks, prints or guesses where files live: that is the business of the program that uses it.
#![forbid(unsafe_code)]

pub mod file;
pub mod key;
pub mod keystore;
pub mod passphrase;
pub mod private_file;

pub use key::{KeyInfo, NewKey, Purpose};
pub use keystore::{Keystore, KeystoreError};
pub use passphrase::{Cost, Passphrase};
