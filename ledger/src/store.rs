//! Where the ledger keeps what it must not lose.
//!
//! Only this module touches files. It knows bytes, positions and checksums; what the bytes mean is decided above it.

pub mod embedded;
