//! The demonstration, tried as its own words say: every command it prints is run by a shell, with the real wallet.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use klaver_tests::binaries::klaver_node;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A demonstration that serves; ended with the test.
struct Demo {
    process: Child,
    /// What it printed before it served.
    said: Vec<String>,
}

impl Demo {
    fn serve(data: &Path) -> Self {
        let mut command = klaver_node();
        command.args(["demo", "--seed", "7", "--listen", "127.0.0.1:18080", "--data"]).arg(data);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut demo = Self { process, said: Vec::new() };
        while demo.said.last().is_none_or(|line| !line.contains("stays on this machine")) {
            let line =
                out.next().unwrap_or_else(|| panic!("it ended after:\n{}", demo.said.join("\n"))).unwrap();
            demo.said.push(line);
        }
        demo
    }

    fn url(&self) -> String {
        let last = self.said.last().unwrap();
        last.split_whitespace().rfind(|word| word.starts_with("http://localhost:")).unwrap().to_owned()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn every_command_that_it_prints_does_what_it_says() {
    let home = tempfile::tempdir().unwrap();
    let demo = Demo::serve(&home.path().join("town"));
    let client = klaver_tests::client::Client::of(&demo.url());
    let begin = Instant::now();
    while !client.try_get("/readyz", None).is_ok_and(|answer| answer.status == 200) {
        assert!(begin.elapsed() < Duration::from_secs(30), "it is not ready");
        std::thread::sleep(Duration::from_millis(20));
    }
    let before = client.community().size;
    let exports = demo.said.iter().filter(|line| line.trim_start().starts_with("export "));
    let exports: Vec<&str> = exports.map(|line| line.trim()).collect();
    assert_eq!(exports.len(), 2, "where the wallet is, and what opens it:\n{}", demo.said.join("\n"));
    let commands: Vec<&str> =
        demo.said.iter().map(|line| line.trim()).filter(|line| line.starts_with("klaver ")).collect();
    let mut wrong = Vec::new();
    for command in &commands {
        // A till waits until somebody has paid; nobody is asked here.
        let wait = if command.contains(" request ") { " --no-wait" } else { "" };
        let script = format!("{}\n{command} --yes --no-input{wait}", exports.join("\n"));
        let ran = Command::new("sh")
            .args(["-c", &script])
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if !ran.status.success() {
            let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
            wrong.push(format!("{command}\n{}\n{out}{err}", ran.status));
        }
    }
    assert!(wrong.is_empty(), "{} of {} commands fail:\n{}", wrong.len(), commands.len(), wrong.join("\n"));
    assert!(
        8 <= commands.len(),
        "the citizen, the merchant, the trekker, the council, the auditor: {commands:?}"
    );
    // Paid, credited, redeemed, refunded, settled.
    assert!(before + 5 <= client.community().size, "the commands recorded too little");
}

#[test]
fn killed_in_the_middle_what_is_there_is_whole() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("town");
    let mut sizes = Vec::new();
    for pause in [30, 60, 120, 60] {
        let mut command = klaver_node();
        command.args(["demo", "--exit", "--seed", "7", "--data"]).arg(&data);
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begin = Instant::now();
        while !data.join("ledger").exists() && begin.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(pause));
        process.kill().unwrap();
        process.wait().unwrap();
        let verified = klaver_tests::node::run(klaver_node().arg("verify").arg("--data").arg(&data));
        assert_eq!(verified.status, 0, "killed after {pause} ms: {}{}", verified.out, verified.err);
        let size = verified.out.split_whitespace().find_map(|word| word.parse::<u64>().ok()).unwrap();
        sizes.push(size);
    }
    // Killed again and again it comes further each time, and never goes back.
    assert!(sizes.is_sorted() && 0 < sizes[0], "{sizes:?}");
}
