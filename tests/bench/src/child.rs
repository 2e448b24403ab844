//! Programs started to be measured: they print one line when they are ready, and end with this value.

use anyhow::{Context as _, Result, bail, ensure};
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running program.
pub struct Running {
    child: Child,
    /// What it said until it was ready.
    pub said: String,
    /// From its start until then.
    pub took: Duration,
}

/// Where a program says that it is ready.
#[derive(Clone, Copy, Debug)]
pub enum Says {
    /// On its output.
    Out,
    /// Among its diagnostics.
    Err,
}

impl Running {
    /// Starts `command` and waits for a line that contains `mark`.
    ///
    /// # Errors
    /// When it ends before, with what it said.
    pub fn start(command: &mut Command, says: Says, mark: &str) -> Result<Self> {
        let started = Instant::now();
        let (out, err) = match says {
            Says::Out => (Stdio::piped(), Stdio::inherit()),
            Says::Err => (Stdio::null(), Stdio::piped()),
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(err)
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        let stream: Box<dyn Read + Send> = match says {
            Says::Out => Box::new(child.stdout.take().context("its output is piped")?),
            Says::Err => Box::new(child.stderr.take().context("its diagnostics are piped")?),
        };
        let mut lines = BufReader::new(stream);
        let mut said = String::new();
        let mut line_from = 0;
        while !said[line_from..].contains(mark) {
            line_from = said.len();
            if lines.read_line(&mut said)? == 0 {
                let _ = child.kill();
                bail!("{command:?} ended with {} and said: {said}", child.wait()?);
            }
        }
        let took = started.elapsed();
        // What it says later goes nowhere, but must not block it.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Ok(Self { child, said, took })
    }

    /// Returns what stands behind `name` in what it said, up to the next space.
    ///
    /// # Errors
    /// When it did not say so.
    pub fn value_of(&self, name: &str) -> Result<&str> {
        let at = self.said.find(name).with_context(|| format!("it did not name {name}: {}", self.said))?;
        Ok(self.said[at + name.len()..].split_whitespace().next().unwrap_or_default())
    }

    /// Returns its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// When it had ended before.
    pub fn stop(mut self) -> Result<()> {
        let status = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status()?;
        ensure!(status.success(), "the program ended before");
        self.child.wait()?;
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
