//! A witness behind a home router: it fetches checkpoints, proves for itself that they continue what it saw, and
//! brings its signature to the log's node. What contradicts what it saw it never signs: then it brings what it saw.

use super::directory::open_with;
use super::fetch::Fetcher;
use super::keeper::{Keeper, NotCosigned};
use crate::clock::wall_clock;
use klaver_ledger::log::checkpoint::SignedCheckpoint;
use klaver_ledger::log::hash::Hash;
use klaver_ledger::log::key::KeyName;
use klaver_ledger::log::note::{NOTE_BYTES_MAX, Note};
use klaver_ledger::log::tile::{HashTile, TILE_WIDTH, TileError, TilePath, decode_hashes};
use klaver_ledger::log::tiled::consistency_proof;
use klaver_ledger::log::witness::AddCheckpoint;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a checkpoint that does not change stays without a new signature.
const HEARTBEAT: Duration = Duration::from_secs(3_600);

/// Where a log is, and where its node takes cosignatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The log.
    pub origin: KeyName,
    /// The address above `/checkpoint`.
    pub url: String,
    /// Where cosignatures are sent.
    pub post_to: String,
}

/// A witness that fetches.
pub struct Puller {
    keeper: Keeper,
    sources: Vec<Source>,
    fetcher: Fetcher,
    /// What was brought to each log last, and when.
    brought: BTreeMap<KeyName, (String, Instant)>,
}

/// What went wrong with one log, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PullError(String);

impl From<TileError> for PullError {
    fn from(error: TileError) -> Self {
        Self(error.to_string())
    }
}

impl Puller {
    /// Returns a witness that fetches from the logs whose settings have an address.
    ///
    /// # Errors
    /// When none has.
    pub fn new(keeper: Keeper) -> anyhow::Result<Self> {
        let sources: Vec<Source> = keeper
            .directory()
            .trusted()?
            .into_iter()
            .filter_map(|(log, key)| {
                let url = log.url.as_ref()?.trim_end_matches('/').to_owned();
                let node = url.strip_suffix("/log").unwrap_or(&url);
                let post_to = log.post_to.clone().unwrap_or_else(|| format!("{node}/witness/cosignatures"));
                Some(Source { origin: key.name().clone(), url, post_to })
            })
            .collect();
        if sources.is_empty() {
            anyhow::bail!(
                "no log of this witness has an address: add one with `klaver-node witness trust --url`"
            );
        }
        Ok(Self { keeper, sources, fetcher: Fetcher::default(), brought: BTreeMap::new() })
    }

    /// Fetches from every log and brings what is new, once; returns how many could not be dealt with.
    pub fn round(&mut self) -> usize {
        let mut failed = 0;
        for source in self.sources.clone() {
            if let Err(error) = self.visit(&source) {
                tracing::warn!(origin = %source.origin, %error, "no cosignature was brought");
                failed += 1;
            }
        }
        failed
    }

    /// Goes round for ever.
    pub fn run(&mut self, every: Duration) -> ! {
        loop {
            self.round();
            std::thread::sleep(every);
        }
    }

    fn visit(&mut self, source: &Source) -> Result<(), PullError> {
        let bytes = self.get(&format!("{}/checkpoint", source.url), NOTE_BYTES_MAX as u64)?;
        let note = Note::parse(&bytes).map_err(|error| PullError(error.to_string()))?;
        let brought = self.brought.get(&source.origin);
        let is_recent = brought.is_some_and(|(text, at)| text == note.text() && at.elapsed() < HEARTBEAT);
        // A log that was started again has forgotten what was brought: then its note lacks our line.
        if is_recent && note.signatures().iter().any(|line| line.is_by(self.keeper.key())) {
            return Ok(());
        }
        let cosigned = self.cosign(source, note)?;
        self.bring(source, cosigned.note())?;
        self.brought.insert(source.origin.clone(), (cosigned.note().text().to_owned(), Instant::now()));
        Ok(())
    }

    /// Cosigns what the log shows, unless it was cosigned already and only not brought. What does not continue what was
    /// seen of the log is never cosigned: then its node is brought what was seen, for it signed that too.
    fn cosign(&self, source: &Source, note: Note) -> Result<SignedCheckpoint, PullError> {
        let refused = |error: NotCosigned| PullError(error.to_string());
        let latest = self.keeper.newest(&source.origin).map_err(refused)?;
        let old = latest.as_ref().map_or(0, |latest| latest.checkpoint().size);
        let shown = open_with(&note, self.keeper.keys_of(&source.origin))
            .map_err(|error| PullError(error.to_string()))?;
        let new = shown.checkpoint().size;
        let proof = consistency_proof(old, new, |tile| self.tile(source, tile))?;
        let request = AddCheckpoint { old, proof, note };
        match (self.keeper.add_checkpoint(&request, wall_clock().seconds()), latest) {
            (Ok(_), _) => {}
            (Err(NotCosigned::Refused(why)), Some(latest)) => {
                return Err(self.tell(source, &latest, &why.to_string()));
            }
            (Err(error), _) => return Err(refused(error)),
        }
        let newest = self.keeper.newest(&source.origin).map_err(refused)?;
        newest.ok_or_else(|| PullError("nothing is remembered".to_owned()))
    }

    /// Brings the log's node what was seen of it, which is what a witness that can be asked shows: a node whose records do
    /// not continue what its own log signed must know. Returns all that is to be said.
    fn tell(&self, source: &Source, seen: &SignedCheckpoint, why: &str) -> PullError {
        // The log's own line proves it; ours says nothing about what the log shows now.
        let told = seen.note().with_lines(|line| !line.is_by(self.keeper.key()));
        let size = seen.checkpoint().size;
        let came = match told.map(|note| self.bring(source, &note)) {
            Some(Err(PullError(answer))) => answer,
            Some(Ok(())) | None => "it answered nothing of use".to_owned(),
        };
        tracing::error!(origin = %source.origin, size, why, came, "the log does not show what continues what was seen");
        PullError(format!("{why}; the checkpoint of {size} that was seen was brought to its node: {came}"))
    }

    fn bring(&self, source: &Source, note: &Note) -> Result<(), PullError> {
        let answer = self.fetcher.post(&source.post_to, note.to_string().as_bytes(), 64 * 1024);
        match answer.map_err(PullError)? {
            answer if answer.status == 200 => Ok(()),
            answer => Err(PullError(format!(
                "{} answered {}: {}",
                source.post_to,
                answer.status,
                String::from_utf8_lossy(&answer.body).chars().take(200).collect::<String>().escape_debug()
            ))),
        }
    }

    fn tile(&self, source: &Source, tile: &HashTile) -> Result<Vec<Hash>, PullError> {
        let url = format!("{}/{}", source.url, TilePath::Hashes(*tile));
        Ok(decode_hashes(&self.get(&url, 32 * u64::from(TILE_WIDTH))?, tile.width())?)
    }

    fn get(&self, url: &str, limit: u64) -> Result<Vec<u8>, PullError> {
        match self.fetcher.get(url, limit).map_err(PullError)? {
            answer if answer.status == 200 => Ok(answer.body),
            answer => Err(PullError(format!("{url} answered {}", answer.status))),
        }
    }
}
