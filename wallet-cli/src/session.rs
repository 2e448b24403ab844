//! The token of a session, kept until it expires, so that reading a balance asks no passphrase.

use crate::failure::Outcome;
use crate::places::Places;
use klaver_keystore::private_file;
use klaver_ledger::id::LedgerId;
use klaver_ledger::keys::PublicKey;
use klaver_ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A session is no longer used this long before it ends: the request still has to travel.
const LEAD_MS: u64 = 5_000;

/// Most bytes of the file.
const FILE_BYTES_MAX: u64 = 16 * 1_024;

#[derive(Serialize, Deserialize)]
struct SessionFile {
    token: String,
    expires_at: String,
}

/// Returns the token of `key`, when there is one that is still good at `now`.
///
/// A file that others can read, or that makes no sense, is no token.
pub fn load(places: &Places, ledger: &LedgerId, key: &PublicKey, now: Timestamp) -> Option<String> {
    let bytes = private_file::read(&places.session(ledger, key), FILE_BYTES_MAX).ok()?;
    let file: SessionFile = serde_json::from_slice(&bytes).ok()?;
    let ends = end_of(&file.expires_at)?;
    (now.millis().saturating_add(LEAD_MS) < ends).then_some(file.token)
}

/// Keeps a token.
///
/// # Errors
/// When the file cannot be written.
pub fn save(
    places: &Places,
    ledger: &LedgerId,
    key: &PublicKey,
    token: &str,
    expires_at: &str,
) -> Outcome<()> {
    private_file::create_directory(&places.sessions())?;
    let file = SessionFile { token: token.to_owned(), expires_at: expires_at.to_owned() };
    let bytes = serde_json::to_vec(&file).expect("two strings are always JSON");
    Ok(private_file::replace(&places.session(ledger, key), &bytes)?)
}

/// Forgets a token that the node no longer knows.
///
/// # Errors
/// When the file cannot be removed.
pub fn forget(places: &Places, ledger: &LedgerId, key: &PublicKey) -> Outcome<()> {
    Ok(private_file::remove(&places.session(ledger, key))?)
}

fn end_of(text: &str) -> Option<u64> {
    klaver_api::text::timestamp("expires_at", text).ok().map(Timestamp::millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::keys::SigningKey;

    #[test]
    fn a_token_is_good_until_it_ends_and_only_in_a_private_file() {
        let directory = tempfile::tempdir().unwrap();
        let places = Places::find(Some(directory.path())).unwrap();
        let (ledger, key) = (LedgerId([1; 32]), PublicKey::of(&SigningKey::from_bytes(&[2; 32])));
        let at = |text: &str| klaver_api::text::timestamp("t", text).unwrap();
        save(&places, &ledger, &key, "geheim", "2026-11-22T10:30:00Z").unwrap();
        let load = |now: &str| load(&places, &ledger, &key, at(now));
        assert_eq!(load("2026-11-22T10:29:54Z").as_deref(), Some("geheim"));
        assert_eq!(load("2026-11-22T10:29:55Z"), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = places.session(&ledger, &key);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert_eq!(load("2026-11-22T10:00:00Z"), None);
        }
        forget(&places, &ledger, &key).unwrap();
        assert_eq!(load("2026-11-22T10:00:00Z"), None);
    }
}
