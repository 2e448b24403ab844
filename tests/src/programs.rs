//! Programs written elsewhere that check our bytes. A missing one fails the test: nothing is skipped.

use crate::workspace::root;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// Runs `command` with `input` and returns what it answered.
///
/// # Panics
/// When the program is missing, saying how to install it.
pub fn run(command: &mut Command, input: &[u8]) -> Output {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| {
        panic!("{}: {error}: run tests/run, which installs it", command.get_program().to_string_lossy())
    });
    let mut stdin = child.stdin.take().expect("piped");
    // A program that ends early closes its input; what it says tells why.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("a child can be waited for")
}

/// Returns the Python interpreter with the libraries of `tests/interop/requirements.txt`.
pub fn python() -> Command {
    Command::new(root().join(".venv/bin/python"))
}

/// Returns schemathesis, of `tests/interop/requirements.txt`: it holds a server to its description.
pub fn schemathesis() -> Command {
    Command::new(root().join(".venv/bin/schemathesis"))
}

/// Returns the auditor of public logs in Go, built once: `auditor VKEY LOG [CHECKPOINT ...]`.
///
/// # Panics
/// When Go or its module `golang.org/x/mod` is missing, or the auditor does not build.
pub fn go_auditor() -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    Command::new(BUILT.get_or_init(|| {
        let target = root().join("target/interop");
        std::fs::create_dir_all(&target).expect("the target directory can be written");
        let program = target.join(format!("auditor-{}", std::process::id()));
        // GOPATH mode: Debian's packages lie below /usr/share/gocode, and nothing is fetched.
        let mut go = Command::new("go");
        go.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOCACHE", target.join("cache"));
        let built =
            run(go.args(["build", "-o"]).arg(&program).arg(root().join("tests/interop/auditor.go")), b"");
        assert!(
            built.status.success(),
            "the auditor does not build:\n{}",
            String::from_utf8_lossy(&built.stderr)
        );
        let named = target.join("auditor");
        std::fs::rename(&program, &named).expect("the auditor can be renamed");
        named
    }))
}
