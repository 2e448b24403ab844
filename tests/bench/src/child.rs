//! Programs started to be measured: they print one line when they are ready, and end with this value.

use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running program.
pub struct Running {
    child: Child,
    /// What it printed when it was ready.
    pub line: String,
    /// From its start to that line.
    pub took: Duration,
}

impl Running {
    /// Starts `command` and waits for its first line that contains `mark`.
    ///
    /// # Errors
    /// When it ends before.
    pub fn start(command: &mut Command, mark: &str) -> Result<Self> {
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        let mut lines = BufReader::new(child.stdout.take().context("its output is piped")?);
        let mut line = String::new();
        while !line.contains(mark) {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                let _ = child.kill();
                ensure!(false, "{command:?} ended without a word: {:?}", child.wait()?);
            }
        }
        let took = started.elapsed();
        // What it says later goes nowhere, but must not block it.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Ok(Self { child, line: line.trim().to_owned(), took })
    }

    /// Returns its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Closes its input, asks it to end, and waits until it has.
    ///
    /// # Errors
    /// When it ends with an error.
    pub fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status()?;
        ensure!(status.success(), "the program ended before");
        self.child.wait()?;
        Ok(())
    }

    /// Closes its input, at which it ends by itself.
    ///
    /// # Errors
    /// When it ends with an error.
    pub fn finish(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "the program ended with {status}");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended programs cannot be killed, and that is all right.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
