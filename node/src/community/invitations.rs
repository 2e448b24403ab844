//! Invitations: codes that let somebody open a member account.

use super::keep::{KeepError, on_disk};
use super::{Community, Table};
use serde::{Deserialize, Serialize};

/// Most invitations that can be open at once.
pub const OPEN_MAX: usize = 10_000;

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRow {
    /// How often it can still be used.
    pub uses_left: u64,
    /// Until when, in seconds since 1970 UTC.
    pub expires_at: u64,
}

impl Community {
    /// Adds an invitation; returns whether there was room for it.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub async fn add_invitation(&self, code: [u8; 16], row: InvitationRow) -> Result<bool, KeepError> {
        let written = {
            let mut state = self.state();
            if state.invitations.len() >= OPEN_MAX {
                return Ok(false);
            }
            state.invitations.insert(code, row.clone());
            self.put(Table::Invitation, &code, &row)
        };
        on_disk(written).await.map(|()| true)
    }

    /// Adds an invitation before anything asynchronous runs: when a community is founded.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn add_first_invitation(&self, code: [u8; 16], row: InvitationRow) -> Result<(), KeepError> {
        let written = self.put(Table::Invitation, &code, &row);
        self.state().invitations.insert(code, row);
        let lost = || KeepError::Write { why: "an earlier write failed".to_owned() };
        written.blocking_recv().unwrap_or_else(|_| Err(lost()))
    }

    /// Returns an invitation that can be used at `now_seconds`.
    pub fn invitation(&self, code: &[u8; 16], now_seconds: u64) -> Option<InvitationRow> {
        let usable = |row: &&InvitationRow| row.uses_left > 0 && now_seconds < row.expires_at;
        self.state().invitations.get(code).filter(usable).cloned()
    }

    /// Takes one use of an invitation; returns whether there was one.
    ///
    /// # Errors
    /// When that cannot be kept; the use is then given back.
    pub async fn use_invitation(&self, code: &[u8; 16], now_seconds: u64) -> Result<bool, KeepError> {
        let written = {
            let mut state = self.state();
            let Some(row) = state
                .invitations
                .get_mut(code)
                .filter(|row| row.uses_left > 0 && now_seconds < row.expires_at)
            else {
                return Ok(false);
            };
            row.uses_left -= 1;
            let row = row.clone();
            self.put(Table::Invitation, code, &row)
        };
        on_disk(written).await.map(|()| true)
    }

    /// Gives a use back, because nothing came of it.
    pub fn return_invitation(&self, code: &[u8; 16]) {
        let mut state = self.state();
        if let Some(row) = state.invitations.get_mut(code) {
            row.uses_left += 1;
            let row = row.clone();
            // Nobody waits for it: at worst a crash costs one use.
            drop(self.put(Table::Invitation, code, &row));
        }
    }
}
