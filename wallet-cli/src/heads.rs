//! Every seal of one log that this wallet keeps: a log has one root for each size, whoever asks for it.
//!
//! Comparing seals of one size needs neither network nor proof, so it is done before anything is called paid.

use crate::community::Community;
use crate::places::Places;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::receipt::Receipt;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A seal that the wallet keeps.
#[derive(Clone, Debug)]
pub struct Head {
    /// What the log signed.
    pub seen: SignedCheckpoint,
    /// The receipt's file that it is in; none for what stands in the community's own file.
    pub file: Option<PathBuf>,
}

/// The seals of one log, by size.
#[derive(Clone, Debug, Default)]
pub struct Heads {
    all: Vec<Head>,
    by_size: BTreeMap<u64, usize>,
}

impl Heads {
    /// Returns the seals of `community`: the newest seen, those of receipts ahead of it, and those of every receipt kept.
    pub fn of(places: &Places, community: &Community) -> Self {
        let mut heads = Self::default();
        let ahead = community.ahead.iter().map(|waits| &waits.seen);
        for seen in community.checkpoint.iter().chain(ahead) {
            heads.add(seen.clone(), None);
        }
        let identity = community.identity_ever();
        for file in std::fs::read_dir(places.receipts()).into_iter().flatten().flatten() {
            let Ok(bytes) = std::fs::read(file.path()) else { continue };
            let Ok(receipt) = Receipt::parse(&bytes) else { continue };
            // A receipt of another community is not this log's business.
            if let Ok(seen) = identity.open(&receipt.checkpoint)
                && !community.past.is_forged(&seen)
            {
                heads.add(seen, Some(file.path()));
            }
        }
        heads
    }

    /// Adds one more.
    pub fn add(&mut self, seen: SignedCheckpoint, file: Option<PathBuf>) {
        self.by_size.entry(seen.checkpoint().size).or_insert(self.all.len());
        self.all.push(Head { seen, file });
    }

    /// Returns every seal.
    pub fn all(&self) -> &[Head] {
        &self.all
    }

    /// Returns the seal that has the size of `seen` and another root, if there is one.
    pub fn against(&self, seen: &SignedCheckpoint) -> Option<&SignedCheckpoint> {
        let known = &self.all[*self.by_size.get(&seen.checkpoint().size)?].seen;
        (known.checkpoint().root != seen.checkpoint().root).then_some(known)
    }

    /// Returns two of these seals that cannot both be of one log, if there are.
    pub fn torn(&self) -> Option<(&SignedCheckpoint, &SignedCheckpoint)> {
        self.all.iter().find_map(|head| Some((self.against(&head.seen)?, &head.seen)))
    }
}
