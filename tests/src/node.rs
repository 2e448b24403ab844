//! The real node: a data directory, and a process on loopback that serves it.

use crate::binaries::{Ran, klaver_node};
use crate::client::Client;
use std::fs::{DirBuilder, OpenOptions};
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a node may take to be ready, on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How long a node may take to end once it was told to.
pub const DRAINED_WITHIN: Duration = Duration::from_secs(10);

/// Opens every wallet of the tests.
pub const PASSPHRASE: &str = "drie groene klavers";

/// A node in a directory of its own, running or not. Dropping it ends the process.
pub struct Node {
    directory: PathBuf,
    port: u16,
    metrics: u16,
    process: Option<Child>,
}

impl Node {
    /// Founds a community in `directory`, which has one council key in `council/wallet.json` unless `options` name
    /// other wallets.
    ///
    /// # Panics
    /// When it cannot be founded.
    pub fn found(directory: &Path, name: &str, options: &[&str]) -> Self {
        private_directory(directory);
        let node =
            Self { directory: directory.to_owned(), port: free_port(), metrics: free_port(), process: None };
        let passphrase = passphrase_file(directory);
        let mut command = klaver_node();
        command.args(["found", "--no-input", "--name", name, "--public-url", &node.url()]);
        command.arg("--data").arg(node.data()).arg("--passphrase-file").arg(passphrase).args(options);
        if !options.contains(&"--wallet") {
            private_directory(&directory.join("council"));
            command.arg("--wallet").arg(directory.join("council/wallet.json"));
        }
        let ran = run(&mut command);
        assert_eq!(ran.status, 0, "found: {}{}", ran.out, ran.err);
        node
    }

    /// Returns a node for a data directory that is there already, `directory/data`.
    pub fn at(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), port: free_port(), metrics: free_port(), process: None }
    }

    /// Returns a node for `directory/data` under the address of this one, which must be stopped before that one starts.
    pub fn under_same_address(&self, directory: &Path) -> Self {
        Self { directory: directory.to_owned(), port: self.port, metrics: free_port(), process: None }
    }

    /// Returns its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns what its metrics say of `name`.
    ///
    /// # Panics
    /// When they do not say it.
    pub fn metric(&self, name: &str) -> f64 {
        let answer = Client::of(&format!("http://127.0.0.1:{}", self.metrics)).get("/metrics", None);
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.unwrap_or_else(|| panic!("{name} is not in\n{text}"))
    }

    /// Lets every write beyond byte `bytes` of a file fail from now on, as a full disk would.
    ///
    /// # Panics
    /// When the operating system does not allow it.
    pub fn limit_files(&self, bytes: u64) {
        let process = self.process.as_ref().expect("the node runs");
        let limited = Command::new("prlimit")
            .arg(format!("--fsize={bytes}"))
            .args(["--pid", &process.id().to_string()])
            .status();
        assert!(limited.is_ok_and(|limited| limited.success()), "prlimit (of util-linux) sets a limit");
    }

    /// Returns its data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Returns the directory of the ledger: journal, anchor, snapshots, views.
    pub fn ledger(&self) -> PathBuf {
        self.data().join("ledger")
    }

    /// Returns a client of it.
    pub fn client(&self) -> Client {
        Client::of(&self.url())
    }

    /// Serves, and returns when it is ready.
    ///
    /// # Panics
    /// When it ends, or is not ready in time, with what it said.
    pub fn start(&mut self) {
        if let Err(said) = self.try_start() {
            panic!("the node did not start: {said}");
        }
    }

    /// Serves, and returns when it is ready.
    ///
    /// # Errors
    /// What it said, when it ends instead.
    pub fn try_start(&mut self) -> Result<(), String> {
        self.serve_until(200, "")
    }

    /// Serves, and returns when it says that it records nothing.
    ///
    /// # Panics
    /// When it ends, or does not say so in time.
    pub fn start_read_only(&mut self) {
        if let Err(said) = self.serve_until(503, "") {
            panic!("the node did not start: {said}");
        }
    }

    /// As [`start_read_only`](Self::start_read_only), where no file may grow beyond a few kilobytes.
    ///
    /// # Panics
    /// As [`start_read_only`](Self::start_read_only).
    pub fn start_on_full_disk(&mut self) {
        if let Err(said) = self.serve_until(503, "ulimit -f 16;") {
            panic!("the node did not start: {said}");
        }
    }

    fn serve_until(&mut self, ready: u16, limits: &str) -> Result<(), String> {
        assert!(self.process.is_none(), "the node runs already");
        let log = OpenOptions::new().create(true).append(true).open(self.log_file());
        let log = log.expect("the log can be written");
        let from = log.metadata().expect("the log is there").len();
        // A write beyond a limit on files is an error to be handled, not the end: see `limit_files`.
        let mut command = Command::new("sh");
        let script = format!("trap '' XFSZ; {limits} exec \"$@\"");
        command.args(["-c", &script, "sh"]).arg(klaver_node().get_program());
        command.arg("serve").arg("--data").arg(self.data());
        command.args(["--listen", &format!("127.0.0.1:{}", self.port), "--beat", "1"]);
        command.args(["--metrics", &format!("127.0.0.1:{}", self.metrics)]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut process = command.spawn().expect("the node can be started");
        let (client, until) = (self.client(), Instant::now() + READY_WITHIN);
        loop {
            if client.try_get("/readyz", None).is_ok_and(|answer| answer.status == ready) {
                self.process = Some(process);
                return Ok(());
            }
            if let Some(status) = process.try_wait().expect("a child can be asked") {
                return Err(format!("{status}\n{}", self.said(from)));
            }
            if until < Instant::now() {
                let _ = process.kill();
                let _ = process.wait();
                panic!("the node was not ready within {READY_WITHIN:?}:\n{}", self.said(from));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it like a power cut would: SIGKILL.
    ///
    /// # Panics
    /// When it had ended before.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("the node runs");
        process.kill().expect("our own child can be killed");
        let status = process.wait().expect("our own child can be waited for");
        assert_eq!(status.signal(), Some(9), "the node had ended by itself: {status}\n{}", self.said(0));
    }

    /// Tells it to stop and waits; returns how long that took.
    ///
    /// # Panics
    /// When it takes longer than [`DRAINED_WITHIN`], or does not end well.
    pub fn stop(&mut self) -> Duration {
        let (status, took) = self.terminate();
        assert!(status.success(), "the node ended badly: {status}\n{}", self.said(0));
        took
    }

    fn terminate(&mut self) -> (ExitStatus, Duration) {
        let mut process = self.process.take().expect("the node runs");
        let told = Instant::now();
        let sent =
            Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh"]).arg(process.id().to_string()).status();
        assert!(sent.is_ok_and(|sent| sent.success()), "SIGTERM could not be sent");
        loop {
            if let Some(status) = process.try_wait().expect("a child can be asked") {
                return (status, told.elapsed());
            }
            if DRAINED_WITHIN < told.elapsed() {
                let _ = process.kill();
                let _ = process.wait();
                panic!("the node did not stop within {DRAINED_WITHIN:?}:\n{}", self.said(0));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Runs `klaver-node verify` on the directory.
    pub fn verify(&self) -> Ran {
        run(klaver_node().arg("verify").arg("--data").arg(self.data()))
    }

    /// Returns what it logged since byte `from` of its log.
    pub fn said(&self, from: u64) -> String {
        let log = std::fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(log.get(from as usize..).unwrap_or_default()).into_owned()
    }

    /// Returns how long its log is, for [`said`](Self::said).
    pub fn log_length(&self) -> u64 {
        self.log_file().metadata().map_or(0, |file| file.len())
    }

    fn log_file(&self) -> PathBuf {
        self.directory.join("node.log")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
            if std::thread::panicking() {
                let said = self.said(0);
                let tail: Vec<&str> = said.lines().rev().take(20).collect();
                eprintln!("the node's last lines, newest first:\n{}", tail.join("\n"));
            }
        }
    }
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started.
pub fn run(command: &mut Command) -> Ran {
    Ran::of(&command.stdin(Stdio::null()).output().expect("our own program can be started"))
}

/// Makes a directory that others cannot enter.
///
/// # Panics
/// When the operating system says no.
pub fn private_directory(path: &Path) {
    DirBuilder::new().recursive(true).mode(0o700).create(path).expect("a directory can be made");
}

/// Writes [`PASSPHRASE`] to a file in `directory` and returns its path.
///
/// # Panics
/// When it cannot be written.
pub fn passphrase_file(directory: &Path) -> PathBuf {
    let path = directory.join("passphrase");
    if !path.exists() {
        std::fs::write(&path, format!("{PASSPHRASE}\n")).expect("a file can be written");
    }
    path
}

/// Copies a directory with everything in it.
///
/// # Panics
/// When something cannot be copied.
pub fn copy_directory(from: &Path, to: &Path) {
    private_directory(to);
    for item in std::fs::read_dir(from).expect("the directory can be read") {
        let item = item.expect("the directory can be read");
        let target = to.join(item.file_name());
        if item.file_type().expect("a kind of file").is_dir() {
            copy_directory(&item.path(), &target);
        } else {
            // With its permissions: keys that others could read are refused.
            std::fs::copy(item.path(), &target).expect("the file can be copied");
        }
    }
}

/// Returns a port that nobody listens on. Below 32,768, where the operating system takes no ports for clients.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(37);
    (0..10_000)
        .map(|_| 20_000 + (first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000) as u16)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of ten thousand ports is free")
}
