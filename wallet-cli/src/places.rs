//! Where the wallet's files are.

use crate::failure::{Exit, Failure, Outcome};
use klaver_keystore::private_file;
use klaver_ledger::id::{EntryId, LedgerId};
use klaver_ledger::keys::PublicKey;
use std::path::{Path, PathBuf};

/// The directory of one wallet.
#[derive(Clone, Debug)]
pub struct Places {
    home: PathBuf,
    evidence: PathBuf,
}

impl Places {
    /// Returns the directory: `given` if it is, else `$XDG_DATA_HOME/klaver`, else `~/.local/share/klaver`.
    ///
    /// # Errors
    /// When none of these is known.
    pub fn find(given: Option<&Path>) -> Outcome<Self> {
        let absolute =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = given
            .map(Path::to_owned)
            .or_else(|| absolute("XDG_DATA_HOME").map(|data| data.join("klaver")))
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share/klaver")))
            .ok_or_else(|| Failure::new(Exit::Usage, "no_home"))?;
        Ok(Self { evidence: home.join("evidence"), home })
    }

    /// Makes the directory and those inside it, closed to others.
    ///
    /// # Errors
    /// When the operating system says no.
    pub fn create(&self) -> Outcome<()> {
        for directory in [self.home.clone(), self.communities(), self.outbox(), self.sessions()] {
            private_file::create_directory(&directory)?;
        }
        Ok(())
    }

    /// Returns the directory itself.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Returns the wallet file.
    pub fn wallet(&self) -> PathBuf {
        self.home.join("wallet.json")
    }

    /// Returns the file with the choice of a usual account.
    pub fn settings(&self) -> PathBuf {
        self.home.join("settings.json")
    }

    /// Returns the directory of communities.
    pub fn communities(&self) -> PathBuf {
        self.home.join("communities")
    }

    /// Returns the file of one community.
    pub fn community(&self, ledger: &LedgerId) -> PathBuf {
        self.communities().join(format!("{ledger}.json"))
    }

    /// Returns the directory of entries that were signed and not yet answered for.
    pub fn outbox(&self) -> PathBuf {
        self.home.join("outbox")
    }

    /// Returns the file of one such entry.
    pub fn outbox_entry(&self, entry: &EntryId) -> PathBuf {
        self.outbox().join(format!("{entry}.json"))
    }

    /// Returns the directory of session tokens.
    pub fn sessions(&self) -> PathBuf {
        self.home.join("sessions")
    }

    /// Returns the file with the token of `key` in `ledger`.
    pub fn session(&self, ledger: &LedgerId, key: &PublicKey) -> PathBuf {
        let (ledger, key) = (ledger.to_hex(), key.to_string());
        self.sessions().join(format!("{}-{}.json", &ledger[..16], &key[..16]))
    }

    /// Returns the directory of receipts.
    pub fn receipts(&self) -> PathBuf {
        self.home.join("receipts")
    }

    /// Returns the directory of what audits go on from.
    pub fn audits(&self) -> PathBuf {
        self.home.join("audits")
    }

    /// Returns the file from which the next audit of `ledger` goes on.
    pub fn audit(&self, ledger: &LedgerId) -> PathBuf {
        self.audits().join(format!("{ledger}.state"))
    }

    /// Returns the file with the questions of the last audit of `ledger`, and what was explained.
    pub fn questions(&self, ledger: &LedgerId) -> PathBuf {
        self.audits().join(format!("{ledger}.questions.json"))
    }

    /// Returns the directory of what a node said that cannot be true.
    pub fn evidence(&self) -> PathBuf {
        self.evidence.clone()
    }

    /// Returns where is kept what was seen of communities that were looked at and not joined; evidence lies with the wallet's.
    pub fn looked_at(&self) -> Self {
        Self { home: self.home.join("seen"), evidence: self.evidence.clone() }
    }
}
