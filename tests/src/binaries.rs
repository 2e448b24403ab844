//! The project's own programs, as they were built beside the tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

/// How to get the programs.
const BUILD: &str = "run `cargo build --workspace` first, in the profile of the tests";

/// What a program did.
#[derive(Debug)]
pub struct Ran {
    /// Its exit status.
    pub status: i32,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
}

impl Ran {
    /// Returns what a finished program did.
    ///
    /// # Panics
    /// When a signal ended it.
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let status = output.status.code().unwrap_or_else(|| panic!("{}\n{out}{err}", output.status));
        Self { status, out, err }
    }
}

/// Returns a command that runs `klaver-node` with nothing of this environment.
pub fn klaver_node() -> Command {
    clean(&program("klaver-node"))
}

/// Returns a command that runs `klaver` with nothing of this environment.
pub fn klaver() -> Command {
    clean(&program("klaver"))
}

fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "en_GB.UTF-8").env("RUST_BACKTRACE", "1");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Returns the path of one of our programs: in the directory above that of the test program.
///
/// # Panics
/// When it is missing, or older than what it is built from: a test of yesterday's program shows nothing.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let profile = test.parent().and_then(Path::parent).expect("a test lies in target/PROFILE/deps");
    let path = profile.join(name);
    assert!(path.is_file(), "{} is missing: {BUILD}", path.display());
    if let Some(newer) = newer_source(&path) {
        panic!("{} is newer than {}: {BUILD}", newer.display(), path.display());
    }
    path
}

/// Returns a source file that changed after the program was built; cargo lists them beside the program.
fn newer_source(program: &Path) -> Option<PathBuf> {
    let changed = |path: &Path| -> Option<SystemTime> { path.metadata().ok()?.modified().ok() };
    let built = changed(program)?;
    let list = std::fs::read_to_string(program.with_extension("d")).ok()?;
    let sources = list.split_once(": ")?.1.split_whitespace().map(PathBuf::from);
    sources.into_iter().find(|source| changed(source).is_some_and(|changed| built < changed))
}
