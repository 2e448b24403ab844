//! The real wallet: `klaver` in a directory of its own for each person, with its passphrase in a file.

use crate::binaries::{Ran, klaver};
use crate::node::{passphrase_file, private_directory, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A person's wallet.
pub struct Wallet {
    name: String,
    home: PathBuf,
    passphrase: PathBuf,
}

impl Wallet {
    /// Returns the wallet of `name` below `directory`; it is made by `init`, or by founding a community.
    pub fn of(directory: &Path, name: &str) -> Self {
        let home = directory.join(name);
        private_directory(&home);
        Self { name: name.to_owned(), home, passphrase: passphrase_file(directory) }
    }

    /// Returns the wallet of `name` with a first key.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn init(directory: &Path, name: &str) -> Self {
        let wallet = Self::of(directory, name);
        wallet.json(&["init", name]);
        wallet
    }

    /// Returns the person's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its directory.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Returns the public key of its first key.
    ///
    /// # Panics
    /// When it has none.
    pub fn public_key(&self) -> String {
        let keys = self.json(&["whoami"]);
        keys["keys"][0]["public_key"].as_str().expect("a wallet has a key").to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.plain(arguments);
        command.arg("--json");
        command
    }

    /// Returns `klaver` with these arguments, as a person sees it.
    pub fn plain(&self, arguments: &[&str]) -> Command {
        let mut command = klaver();
        command.env("KLAVER_HOME", &self.home).env("KLAVER_PASSPHRASE_FILE", &self.passphrase);
        command.args(arguments).args(["--yes", "--no-input"]);
        command
    }

    /// Runs `klaver` with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        run(&mut self.command(arguments))
    }

    /// Runs `klaver` as people do, in their language and in UTC: sentences, no JSON.
    pub fn in_words(&self, locale: &str, arguments: &[&str]) -> Ran {
        let mut command = klaver();
        command.env("KLAVER_HOME", &self.home).env("KLAVER_PASSPHRASE_FILE", &self.passphrase);
        command.env("LC_ALL", locale).env("TZ", "UTC").args(arguments).args(["--yes", "--no-input"]);
        run(&mut command)
    }

    /// Runs `klaver`, which must succeed; returns the last JSON value it wrote.
    ///
    /// # Panics
    /// When it fails.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(arguments);
        assert_eq!(ran.status, 0, "{}: klaver {arguments:?}\n{}{}", self.name, ran.out, ran.err);
        let last = ran.out.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("klaver {arguments:?}: {error}: {last}"))
    }

    /// Runs `klaver`, which must fail with `status`; returns the error it wrote as JSON.
    ///
    /// # Panics
    /// When it does not.
    pub fn refused(&self, status: i32, arguments: &[&str]) -> Value {
        let ran = self.run(arguments);
        assert_eq!(ran.status, status, "{}: klaver {arguments:?}\n{}{}", self.name, ran.out, ran.err);
        let said = ran.err.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
        said.unwrap_or_else(|| panic!("klaver {arguments:?} wrote no error as JSON:\n{}", ran.err))["error"]
            .clone()
    }

    /// Starts `klaver`, which goes on by itself.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("our own program can be started")
    }

    /// Returns what the account has, as its owner's wallet says it.
    ///
    /// # Panics
    /// When the wallet fails.
    pub fn balance(&self) -> String {
        self.json(&["balance"])["balance"].as_str().expect("a balance").to_owned()
    }
}
