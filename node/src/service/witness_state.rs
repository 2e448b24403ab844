//! What the witnesses of the log have seen, as people ask it: since when, and which of them.

use super::Service;
use crate::clock::wall_clock;
use crate::witness::policy::Witnesses;
use klaver_api::coordination::{WitnessSeen, WitnessState};
use klaver_ledger::log::policy::PolicyVerdict;

/// How far a quorum of witnesses has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WitnessedLog {
    /// How many witnesses there are.
    pub total: usize,
    /// The newest checkpoint with a quorum; `None` when there is none since the node was started.
    pub seen: Option<WitnessedHead>,
}

/// A checkpoint that a quorum has cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WitnessedHead {
    /// How many records it covers.
    pub size: u64,
    /// How many witnesses have cosigned it.
    pub count: usize,
    /// How long ago the last of them did, in seconds.
    pub age_seconds: u64,
}

impl Service {
    /// Returns how far a quorum has come; `None` when there are no witnesses that the council has decided on.
    pub fn witnessed_log(&self) -> Option<WitnessedLog> {
        let witnesses = self.decided_witnesses()?;
        let now = wall_clock().seconds();
        let newest = self.published.witnessed();
        let verdict = newest.and_then(|newest| {
            let signed = newest.signed.as_ref()?;
            witnesses.policy().judge(signed.note(), now).ok()
        });
        let seen = verdict.and_then(|verdict| {
            let at = verdict.seen.iter().map(|seen| seen.at).max()?;
            let (size, count) = (verdict.checkpoint.size, verdict.seen.len());
            Some(WitnessedHead { size, count, age_seconds: now.saturating_sub(at) })
        });
        Some(WitnessedLog { total: witnesses.policy().witnesses().len(), seen })
    }

    /// Returns what each witness has cosigned lately; `None` as [`witnessed_log`](Self::witnessed_log).
    pub fn witness_state(&self) -> Option<WitnessState> {
        let WitnessedLog { seen, .. } = self.witnessed_log()?;
        let policy = self.decided_witnesses()?.policy();
        let now = wall_clock().seconds();
        let recent = self.published.recent();
        let signed = recent.iter().filter_map(|published| published.signed.as_ref());
        let verdicts: Vec<PolicyVerdict> =
            signed.filter_map(|signed| policy.judge(signed.note(), now).ok()).collect();
        let newest_of = |name: &str| {
            let seen_by = |verdict: &PolicyVerdict| {
                let seen = verdict.seen.iter().find(|seen| seen.witness == name)?;
                Some((verdict.checkpoint.size, now.saturating_sub(seen.at)))
            };
            verdicts.iter().find_map(seen_by)
        };
        let each = policy.witnesses().iter().map(|witness| {
            let (size, age_seconds) = newest_of(&witness.name).unzip();
            WitnessSeen { name: witness.name.clone(), size, age_seconds }
        });
        Some(WitnessState {
            size: seen.map(|seen| seen.size),
            age_seconds: seen.map(|seen| seen.age_seconds),
            each: each.collect(),
        })
    }

    /// Returns the witnesses, if they are those that the charter in force names.
    fn decided_witnesses(&self) -> Option<&Witnesses> {
        let witnesses = self.witnesses()?;
        let standing = self.reader.standing();
        let (charter, _) = standing.charter_in_force(wall_clock())?;
        let named = !witnesses.policy().witnesses().is_empty();
        (named && charter.witness_policy == witnesses.digest()).then_some(witnesses)
    }
}
