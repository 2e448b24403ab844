//! The real node, as people install it, on a data directory that was filled in process.

use crate::child::{Running, Says};
use crate::world::World;
use anyhow::{Context as _, Result, ensure};
use klaver_node::config::{Config, DataDir};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The address that a measured node is founded with; it listens elsewhere.
pub const ADDRESS: &str = "http://localhost:8080";

/// Returns where the ledger of the data directory `root` is.
pub fn ledger_of(root: &Path) -> PathBuf {
    DataDir::at(root).ledger()
}

/// Makes `root` a node's data directory, beside the ledger that is or will be there.
///
/// # Errors
/// When a file is there already or cannot be written.
pub fn settle(root: &Path, world: &World) -> Result<()> {
    std::fs::create_dir_all(root)?;
    let data = DataDir::at(root);
    world.keys_of_node().write(&data)?;
    Ok(data.write_config(&Config::new(ADDRESS)?)?)
}

/// Starts a node on the data directory `root`; returns when it is ready.
///
/// # Errors
/// When it does not start, with what it said.
pub fn start(root: &Path) -> Result<(Running, SocketAddr)> {
    let mut command = Command::new(program("klaver-node")?);
    command.arg("serve").arg("--data").arg(root).args(["--listen", "127.0.0.1:0"]).env("KLAVER_LOG", "info");
    let running = Running::start(&mut command, Says::Err, "serving")?;
    let address = running.value_of("serving address=")?.parse()?;
    Ok((running, address))
}

/// Returns the path of a program that was built together with this one.
///
/// # Errors
/// When it was not.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.parent().context("this program lies in a directory")?.join(name);
    ensure!(path.exists(), "{} was not built: use tests/bench/run", path.display());
    Ok(path)
}
