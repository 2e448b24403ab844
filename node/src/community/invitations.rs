//! Invitations: codes that let somebody open a member account.

use super::keep::{KeepError, on_disk};
use super::{Community, Table};
use klaver_ledger::id::AccountId;
use klaver_ledger::limits::DAY_SECONDS;
use serde::{Deserialize, Serialize};

/// Most invitations that can be open at once.
pub const OPEN_MAX: usize = 10_000;
/// How long the uses of an invitation of a member or place count after it was made, in seconds: seven days. None of
/// theirs lasts longer.
pub const COUNTED_SECONDS: u64 = 7 * DAY_SECONDS;

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRow {
    /// How often it can still be used.
    pub uses_left: u64,
    /// Until when, in seconds since 1970 UTC.
    pub expires_at: u64,
    /// Who made it, when that was a member or a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<[u8; 16]>,
    /// When it was made, in seconds since 1970 UTC; of older ones nothing is known any more.
    #[serde(default)]
    pub made_at: u64,
    /// How often it was used.
    #[serde(default)]
    pub used: u64,
}

impl InvitationRow {
    fn is_open(&self, now_seconds: u64) -> bool {
        self.uses_left > 0 && now_seconds < self.expires_at
    }

    /// Returns whether it counts for whoever made it, used as it may be.
    fn counts(&self, now_seconds: u64) -> bool {
        self.by.is_some() && self.used > 0 && now_seconds < self.made_at.saturating_add(COUNTED_SECONDS)
    }

    /// Returns whether nothing of it is needed any more.
    pub(super) fn is_over(&self, now_seconds: u64) -> bool {
        self.expires_at <= now_seconds && !self.counts(now_seconds)
    }
}

impl Community {
    /// Adds an invitation; returns whether there was room for it.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub async fn add_invitation(&self, code: [u8; 16], row: InvitationRow) -> Result<bool, KeepError> {
        let written = {
            let mut state = self.state();
            let open = state.invitations.values().filter(|other| other.is_open(row.made_at));
            if open.count() >= OPEN_MAX {
                return Ok(false);
            }
            state.invitations.insert(code, row.clone());
            self.put(Table::Invitation, &code, &row)
        };
        on_disk(written).await.map(|()| true)
    }

    /// Returns how many people may still come by the invitations of an account, and how many came by those of the last
    /// seven days.
    pub fn invited_by(&self, account: &AccountId, now_seconds: u64) -> u64 {
        let people = |row: &InvitationRow| {
            let open = if row.is_open(now_seconds) { row.uses_left } else { 0 };
            open + if row.counts(now_seconds) { row.used } else { 0 }
        };
        let state = self.state();
        state.invitations.values().filter(|row| row.by == Some(account.0)).map(people).sum()
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
        self.state().invitations.get(code).filter(|row| row.is_open(now_seconds)).cloned()
    }

    /// Takes one use of an invitation; returns whether there was one.
    ///
    /// # Errors
    /// When that cannot be kept; the use is then given back.
    pub async fn use_invitation(&self, code: &[u8; 16], now_seconds: u64) -> Result<bool, KeepError> {
        let written = {
            let mut state = self.state();
            let Some(row) = state.invitations.get_mut(code).filter(|row| row.is_open(now_seconds)) else {
                return Ok(false);
            };
            row.uses_left -= 1;
            row.used += 1;
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
            row.used = row.used.saturating_sub(1);
            let row = row.clone();
            // Nobody waits for it: at worst a crash costs one use.
            drop(self.put(Table::Invitation, code, &row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::id::LedgerId;

    #[tokio::test(flavor = "multi_thread")]
    async fn who_came_counts_for_seven_days_also_when_the_invitation_is_over() {
        let root = tempfile::tempdir().unwrap();
        let community = Community::open(root.path(), &LedgerId([1; 32])).unwrap();
        let (member, made_at) = (AccountId([2; 16]), 1_795_305_600);
        let row =
            |uses_left, by| InvitationRow { uses_left, expires_at: made_at + 600, by, made_at, used: 0 };
        for (code, by) in [(3, Some(member.0)), (4, Some(member.0)), (5, None)] {
            assert!(community.add_invitation([code; 16], row(3, by)).await.unwrap());
        }
        for (code, came) in [(3, 2), (5, 3)] {
            for _ in 0..came {
                assert!(community.use_invitation(&[code; 16], made_at).await.unwrap());
            }
        }
        assert_eq!(community.invited_by(&member, made_at), 6, "two came, four may");
        community.return_invitation(&[3; 16]);
        assert_eq!(community.invited_by(&member, made_at), 6);
        // What nobody used ends with its time; who came counts on, and is forgotten then.
        community.erase_ended(made_at + DAY_SECONDS);
        assert_eq!(community.state().invitations.len(), 1);
        assert_eq!(community.invited_by(&member, made_at + 7 * DAY_SECONDS - 1), 1);
        assert_eq!(community.invited_by(&member, made_at + 7 * DAY_SECONDS), 0);
        community.erase_ended(made_at + 7 * DAY_SECONDS);
        assert!(community.state().invitations.is_empty());
    }
}
