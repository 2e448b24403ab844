//! A passphrase, and what it costs to try one.

use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use zeroize::{Zeroize, Zeroizing};

/// Fewest characters of a passphrase for a new wallet file.
pub const PASSPHRASE_CHARACTERS_MIN: usize = 8;

/// Most bytes read from a passphrase file: more is not a passphrase but another file.
const PASSPHRASE_BYTES_MAX: u64 = 1_024;

/// A passphrase; its memory is wiped when it is dropped, and it is never printed.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Returns the passphrase `text`.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Reads the first line of `source`: a passphrase file or descriptor. The line end is no part of it.
    ///
    /// # Errors
    /// When it cannot be read, is not UTF-8, or is longer than 1,024 bytes.
    pub fn read(source: impl Read) -> io::Result<Self> {
        // Enough capacity from the start: growing would leave unwiped copies behind.
        let mut text = Zeroizing::new(String::with_capacity(PASSPHRASE_BYTES_MAX as usize + 64));
        source.take(PASSPHRASE_BYTES_MAX + 1).read_to_string(&mut text)?;
        if text.len() as u64 > PASSPHRASE_BYTES_MAX {
            let message =
                format!("it is longer than {PASSPHRASE_BYTES_MAX} bytes: give a file that holds one line");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let end = text.find(['\n', '\r']).unwrap_or(text.len());
        text.truncate(end);
        Ok(Self(text))
    }

    /// Returns the number of characters.
    pub fn characters(&self) -> usize {
        self.0.chars().count()
    }

    /// Returns whether it is long enough to protect a new wallet file.
    pub fn is_long_enough(&self) -> bool {
        self.characters() >= PASSPHRASE_CHARACTERS_MIN
    }

    /// Returns whether both are the same text, as when it was typed twice.
    pub fn is_same(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }

    /// Derives the key that encrypts the seeds (Argon2id, version 1.3, RFC 9106); a node knows a PIN by it.
    ///
    /// # Panics
    /// When a number of `cost` is out of bounds.
    pub fn derive(&self, salt: &[u8; 16], cost: Cost) -> Zeroizing<[u8; 32]> {
        let parameters = argon2::Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32))
            .expect("a cost within its bounds is valid for Argon2");
        let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters);
        let mut key = Zeroizing::new([0; 32]);
        argon
            .hash_password_into(self.0.as_bytes(), salt, key.as_mut())
            .expect("a 16-byte salt and a 32-byte key are valid for Argon2");
        key
    }
}

impl Drop for Passphrase {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// What one try of a passphrase costs, as Argon2id parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// The second recommended option of RFC 9106, section 4: 64 MiB, three passes, four lanes.
    pub const RECOMMENDED: Self = Self { memory_kib: 64 * 1_024, passes: 3, lanes: 4 };

    /// The least this library reads or writes: seconds matter in tests and demonstrations, not the secret.
    pub const LEAST: Self = Self { memory_kib: 64, passes: 1, lanes: 1 };

    /// The most this library reads: a damaged or hostile file must not take all memory or all day.
    pub const MOST: Self = Self { memory_kib: 1_024 * 1_024, passes: 16, lanes: 16 };

    /// Returns whether every number lies between [`LEAST`](Self::LEAST) and [`MOST`](Self::MOST).
    pub fn is_within_bounds(self) -> bool {
        (Self::LEAST.memory_kib..=Self::MOST.memory_kib).contains(&self.memory_kib)
            && (Self::LEAST.passes..=Self::MOST.passes).contains(&self.passes)
            && (Self::LEAST.lanes..=Self::MOST.lanes).contains(&self.lanes)
            // RFC 9106, section 3.1: at least eight blocks of a KiB for each lane.
            && self.memory_kib >= 8 * self.lanes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_file_is_the_passphrase() {
        for text in ["correct horse", "correct horse\n", "correct horse\r\nsecond line\n"] {
            assert!(
                Passphrase::read(text.as_bytes()).unwrap().is_same(&Passphrase::new("correct horse".into()))
            );
        }
        assert!(Passphrase::read(&[0xff_u8, 0xfe][..]).is_err());
        assert!(Passphrase::read(vec![b'a'; 2_000].as_slice()).is_err());
    }

    #[test]
    fn nothing_prints_a_passphrase() {
        assert_eq!(format!("{:?}", Passphrase::new("geheim".into())), "Passphrase(…)");
    }

    #[test]
    fn argon2id_gives_the_answer_of_the_reference_program() {
        // Made with the reference implementation in C, by way of Python's argon2-cffi:
        // hash_secret_raw(b"password", b"somesaltsomesalt", passes, memory, lanes, 32, Type.ID, 19).
        for (cost, answer) in [
            (Cost::LEAST, "e793d64ef75d58f503d4631b2b149f7f80127c5f3993d89b1c9b781e51d0b413"),
            (Cost::RECOMMENDED, "81db97a7e67a891784a2599bc879f957cb3512d273984bd97d8a18fc59ff01e2"),
        ] {
            let key = Passphrase::new("password".into()).derive(b"somesaltsomesalt", cost);
            assert_eq!(data_encoding::HEXLOWER.encode(key.as_ref()), answer);
        }
    }
}
