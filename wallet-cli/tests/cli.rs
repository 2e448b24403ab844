//! The program as a shell sees it: streams, exit statuses, files.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

struct Wallet {
    directory: tempfile::TempDir,
}

struct Ran {
    status: i32,
    out: String,
    err: String,
}

impl Wallet {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("passphrase"), "drie groene klavers\n").unwrap();
        Self { directory }
    }

    fn made() -> Self {
        let wallet = Self::new();
        assert_eq!(wallet.run(&["init", "an"]).status, 0);
        wallet
    }

    fn home(&self) -> std::path::PathBuf {
        self.directory.path().join("home")
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[("LC_ALL", "en_GB.UTF-8")])
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klaver"));
        command
            .env_clear()
            .env("KLAVER_HOME", self.home())
            .env("KLAVER_PASSPHRASE_FILE", self.directory.path().join("passphrase"))
            .envs(environment.iter().copied())
            .args(arguments)
            .stdin(Stdio::null());
        ran(command.output().unwrap())
    }
}

fn ran(output: Output) -> Ran {
    Ran {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
#[cfg(unix)]
fn a_new_wallet_is_closed_to_others() {
    let wallet = Wallet::made();
    assert_eq!(mode(&wallet.home()), 0o700);
    assert_eq!(mode(&wallet.home().join("wallet.json")), 0o600);
    let again = wallet.run(&["init"]);
    assert_eq!((again.status, again.out.as_str()), (2, ""));
    assert!(again.err.contains("There is a wallet already"), "{}", again.err);
}

#[test]
fn whoami_asks_no_passphrase() {
    let wallet = Wallet::made();
    std::fs::write(wallet.directory.path().join("passphrase"), "iets helemaal anders\n").unwrap();
    let shown = wallet.run(&["whoami", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(json["keys"][0]["name"], "an");
    assert_eq!(json["keys"][0]["purpose"], "spare");
    // What needs the passphrase notices.
    assert_eq!(wallet.run(&["key", "new", "bakker"]).status, 4);
}

#[test]
fn every_exit_status_has_its_meaning() {
    let wallet = Wallet::made();
    let nothing = Wallet::new();
    let receipt = wallet.directory.path().join("broken.tlog-proof");
    std::fs::write(&receipt, "c2sp.org/tlog-proof@v1\nindex x\n").unwrap();
    for (wallet, arguments, status) in [
        (&wallet, vec!["--version"], 0),
        (&wallet, vec!["whoami"], 0),
        (&wallet, vec!["key", "use", "an"], 0),
        (&wallet, vec!["pay"], 2),
        (&wallet, vec!["nonsense"], 2),
        (&wallet, vec!["pay", "geen link"], 2),
        (&wallet, vec!["join", "http://klaver.example"], 2),
        (&wallet, vec!["join", "http://localhost:1"], 3),
        (&wallet, vec!["audit", "http://localhost:1"], 3),
        (&wallet, vec!["balance"], 4),
        (&nothing, vec!["whoami"], 4),
        (&wallet, vec!["receipt", "verify", receipt.to_str().unwrap()], 6),
    ] {
        let ran = wallet.run(&arguments);
        assert_eq!(ran.status, status, "{arguments:?}\n{}{}", ran.out, ran.err);
        let is_failure = status != 0;
        assert_eq!(ran.err.is_empty(), !is_failure, "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out.is_empty(), is_failure, "{arguments:?}: {}", ran.out);
    }
}

#[test]
fn errors_are_json_for_programs() {
    let wallet = Wallet::made();
    for (arguments, code) in [
        (vec!["balance", "--json"], "not_an_account_key"),
        (vec!["pay", "geen link", "--json"], "not_a_link"),
        (vec!["pay", "--json"], "usage"),
        (vec!["audit", "http://localhost:1", "--json"], "unreachable"),
    ] {
        // A usual key that is no account's is named in the refusal.
        wallet.run(&["key", "use", "an"]);
        let ran = wallet.run(&arguments);
        let json: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!(json["error"]["code"], code, "{arguments:?}");
        assert_eq!(json["error"]["exit"], ran.status);
        assert_eq!(ran.out, "");
    }
}

#[test]
fn people_are_answered_in_their_language() {
    let wallet = Wallet::made();
    let err = |locale: &str, option: &[&str]| {
        let arguments = [option, &["pay", "geen link"]].concat();
        wallet.run_with(&arguments, &[("LANG", locale)]).err
    };
    assert!(err("nl_BE.UTF-8", &[]).contains("Dit is geen code van een gemeenschap."));
    assert!(err("fr_BE.UTF-8", &[]).contains("Ce n'est pas un code d'une communauté."));
    assert!(err("de_DE.UTF-8", &[]).contains("This is no code of a community."));
    assert!(err("nl_BE.UTF-8", &["--lang", "fr"]).contains("Ce n'est pas un code"));
    let help = wallet.run_with(&["--help"], &[("LC_ALL", "nl_BE.UTF-8")]);
    assert!(help.out.contains("Vraag een betaling"), "{}", help.out);
}

#[test]
fn colour_only_where_it_was_asked_for() {
    let wallet = Wallet::made();
    let escape = '\u{1b}';
    assert!(!wallet.run(&["key", "use", "an"]).out.contains(escape));
    assert!(wallet.run(&["key", "use", "an", "--color=always"]).out.contains(escape));
    assert!(!wallet.run(&["key", "use", "an", "--color=always", "--json"]).out.contains(escape));
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_written_is_said() {
    let wallet = Wallet::made();
    for arguments in [&["whoami"][..], &["whoami", "--json"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klaver"));
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        command.env_clear().env("KLAVER_HOME", wallet.home()).env("LC_ALL", "nl_BE.UTF-8");
        let ran = ran_of(command.args(arguments).stdin(Stdio::null()).stdout(full));
        assert_eq!(ran.status, 1);
        assert!(ran.err.contains("is niet te schrijven") && ran.err.contains("schijf vol"), "{}", ran.err);
    }
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let wallet = Wallet::made();
    let ran = wallet.run_with(&["key", "new", "x"], &[("KLAVER_PASSPHRASE_FILE", "/nonexistent/file")]);
    assert_eq!(ran.status, 4);
    let mut command = Command::new(env!("CARGO_BIN_EXE_klaver"));
    command.env_clear().env("KLAVER_HOME", wallet.home()).args(["key", "new", "x"]).stdin(Stdio::null());
    let ran = ran_of(&mut command);
    assert_eq!(ran.status, 4);
    assert!(ran.err.contains("--passphrase-file"), "{}", ran.err);
}

fn ran_of(command: &mut Command) -> Ran {
    ran(command.output().unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn the_passphrase_may_come_through_a_descriptor() {
    let wallet = Wallet::made();
    let mut command = Command::new("sh");
    let line = format!(
        "printf 'drie groene klavers\\n' | {} --passphrase-fd 0 key new bakker",
        env!("CARGO_BIN_EXE_klaver")
    );
    command.env_clear().env("KLAVER_HOME", wallet.home()).args(["-c", &line]);
    let ran = ran_of(&mut command);
    assert_eq!(ran.status, 0, "{}", ran.err);
}

#[test]
fn the_manual_and_completions_know_every_command() {
    let wallet = Wallet::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = wallet.run(&["completions", shell]);
        assert_eq!(ran.status, 0);
        assert!(ran.out.contains("cosign") && ran.out.contains("dry-run"), "{shell}");
    }
    let page = wallet.run(&["man"]);
    assert!(page.out.contains(".TH klaver 1") && page.out.contains("klaver\\-pay(1)"), "{}", page.out);
    let directory = wallet.directory.path().join("man");
    assert_eq!(wallet.run(&["man", "--dir", directory.to_str().unwrap()]).status, 0);
    assert!(directory.join("klaver-account-open.1").exists());
}

#[test]
fn every_sentence_the_program_says_is_in_the_tables() {
    let mut asked = 0;
    let mut missing = Vec::new();
    let mut stack = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(path) = stack.pop() {
        if path.is_dir() {
            stack.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let source: String = std::fs::read_to_string(&path).unwrap().split_whitespace().collect();
        let mut need = |key: String| {
            asked += 1;
            if klaver_locales::Language::English.find(&key, &[]).is_none() {
                missing.push(key);
            }
        };
        for call in
            [".words(\"", ".say(\"", ".note(\"", ".warn(\"", "say(\"", "mistake(\"", ".ask_passphrase(\""]
        {
            for (at, _) in source.match_indices(call) {
                need(source[at + call.len()..].split('"').next().unwrap().to_owned());
            }
        }
        for (at, _) in source.match_indices("Failure::new(Exit::") {
            // A code that is a variable is looked at where it is made.
            let written = source[at..].split_once(',').and_then(|(_, rest)| rest.strip_prefix('"'));
            if let Some(code) = written.and_then(|rest| rest.split('"').next()) {
                need(format!("error.{code}"));
            }
        }
    }
    missing.sort();
    missing.dedup();
    assert!(asked > 200, "only {asked} sentences were found");
    assert!(missing.is_empty(), "add these sentences to node/locales/*.json: {missing:?}");
}

/// The published vectors of receipts, good and bad.
fn vectors() -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec/vectors/records.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns a receipt that opens a line, with its number in the record changed to one that the record does not have.
fn of_another_line(vectors: &serde_json::Value) -> String {
    use klaver_ledger::receipt::{Opening, Receipt};
    let files = vectors["receipts"].as_array().unwrap().iter().map(|one| one["file"].as_str().unwrap());
    let mut receipts = files.map(|file| Receipt::parse(file.as_bytes()).unwrap());
    let is_line =
        |receipt: &Receipt| matches!(&receipt.opening, Opening::Line { path, .. } if !path.is_empty());
    let mut receipt = receipts.find(is_line).unwrap();
    let Opening::Line { path, .. } = &mut receipt.opening else { panic!("a line was looked for") };
    path.pop();
    receipt.to_string()
}

#[test]
fn a_receipt_that_does_not_hold_says_which_step_failed_and_what_that_can_mean() {
    let vectors = vectors();
    let (log, ledger) = (vectors["log"].as_str().unwrap(), vectors["ledger"].as_str().unwrap());
    let good = vectors["receipts"][0]["file"].as_str().unwrap();
    let other_key = {
        use klaver_ledger::log::key::{KeyKind, KeyName, VerifierKey};
        let public = klaver_ledger::testing::public("another log");
        let name = KeyName::new("klaver.example/log").unwrap();
        VerifierKey::new(name, KeyKind::Note, public.as_bytes()).unwrap().to_string()
    };
    let other_ledger = "0".repeat(64);
    let refused = |name: &str| {
        let all = vectors["refused_receipts"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["file"].as_str().unwrap().as_bytes().to_vec()
    };
    let auditors = vectors["receipts"].as_array().unwrap().iter().find(|one| one["name"] == "an auditor's");
    let auditors = auditors.unwrap()["file"].as_str().unwrap().as_bytes().to_vec();
    let wallet = Wallet::new();
    let file = wallet.directory.path().join("receipt.tlog-proof");
    let path = file.to_str().unwrap();
    let not_text = [good.as_bytes(), b"\xff\xfe"].concat();
    for (bytes, log, ledger, step, why) in [
        (refused("empty"), log, ledger, "file", "malformed_receipt"),
        (not_text, log, ledger, "file", "malformed_receipt"),
        (auditors, log, ledger, "opening", "receipt_lines_needed"),
        (of_another_line(&vectors).into_bytes(), log, ledger, "line", "receipt_line_not_in_record"),
        (refused("another index"), log, ledger, "index", "receipt_index_differs"),
        (refused("no signature of the log"), log, ledger, "seal", "receipt_other_log"),
        (good.as_bytes().to_vec(), &other_key, ledger, "seal", "receipt_other_log"),
        (refused("a hash is missing"), log, ledger, "inclusion", "receipt_not_in_log"),
        (good.as_bytes().to_vec(), log, &other_ledger, "signatures", "receipt_bad_signature"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let arguments = ["receipt", "verify", path, "--log-key", log, "--ledger", ledger];
        for locale in ["nl_BE", "fr_BE", "en_GB"] {
            let language = klaver_locales::Language::from_locale(locale).unwrap();
            let said = |key: String| language.find(&key, &[]).unwrap_or_else(|| panic!("no {key}"));
            let ran = wallet.run_with(&arguments, &[("LC_ALL", locale)]);
            let failed = format!(
                "✗ {}: {}",
                said(format!("web.check_step_{step}")),
                said(format!("web.check_why_{why}"))
            );
            assert_eq!((ran.status, ran.out.as_str()), (6, ""), "{step}: {}", ran.err);
            assert!(ran.err.contains(&failed), "{step}: {}", ran.err);
            assert!(ran.err.contains(&said(format!("web.check_means_{why}"))), "{step}: {}", ran.err);
            // What came before holds, and what comes after was not looked at.
            assert_eq!(
                ran.err.contains(&said("web.check_step_file_holds".into())),
                step != "file",
                "{}",
                ran.err
            );
            let placed = said("web.check_step_inclusion_holds".into());
            assert_eq!(ran.err.contains(&placed), step == "signatures", "{step}: {}", ran.err);
        }
        let ran = wallet.run(&[&arguments[..], &["--json"]].concat());
        let json: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        let error = &json["error"];
        assert_eq!(
            (error["code"].as_str(), error["step"].as_str(), error["why"].as_str()),
            (Some("receipt_wrong"), Some(step), Some(why)),
            "{json}"
        );
    }
}
