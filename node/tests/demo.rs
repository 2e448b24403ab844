//! The `demo` command as people run it: a process, its output, and what a kill in the middle leaves behind.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use klaver_ledger::id::TaskId;
use klaver_ledger::link::CodeId;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const UNTIL: &str = "2026-06-01";

fn node(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_klaver-node"));
    command.args(arguments).env("LC_ALL", "C").env("KLAVER_LOG", "info").stdin(Stdio::null());
    command
}

fn demo(data: &Path, more: &[&str]) -> Output {
    let data = data.to_str().unwrap();
    node(&[&["demo", "--data", data, "--exit"], more].concat()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns the line with size and root.
fn seal(output: &Output) -> String {
    let out = text(&output.stdout);
    let line = out.lines().find(|line| line.starts_with("Seal:"));
    line.unwrap_or_else(|| panic!("no seal in:\n{out}\n{}", text(&output.stderr))).to_owned()
}

/// A serving process that is ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Starts a server, and returns it with its first lines up to the one that tells the address.
    fn start(mut command: Command, sign: &str) -> (Self, String) {
        let mut server = Self(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let mut out = BufReader::new(server.0.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains(sign) {
            let mut line = String::new();
            assert!(out.read_line(&mut line).unwrap() > 0, "it ended after:\n{said}");
            said.push_str(&line);
        }
        (server, said)
    }
}

/// Asks a path of a server on this machine, patiently: it may be just starting.
fn get(port: u16, path: &str) -> String {
    let begin = Instant::now();
    loop {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
            write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")
                .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            return answer;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "nothing listens on port {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Returns a port that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn one_seed_and_date_give_one_root_and_a_whole_story() {
    let home = tempfile::tempdir().unwrap();
    let [one, two, other] = ["one", "two", "other"].map(|name| home.path().join(name));
    let first = demo(&one, &["--seed", "7", "--until", UNTIL]);
    assert!(first.status.success(), "{}", text(&first.stderr));
    // Another port changes links, not the ledger.
    let again = demo(&two, &["--seed", "7", "--until", UNTIL, "--listen", "127.0.0.1:9999"]);
    assert_eq!(seal(&first), seal(&again));
    assert_ne!(seal(&first), seal(&demo(&other, &["--seed", "8", "--until", UNTIL])));

    let said = text(&first.stdout);
    for words in [
        "does not exist",
        "Samira signed once",
        "scanned the code of Bakkerij De Korenaar",
        "gave Joris back 1.20 klavers",
        "too much",
        "asked to be paid out",
        "everything holds",
        "pay http://localhost:8080/p/",
        "In a browser: http://localhost:8080/wallet#demo/",
        "wallets/trekker earn",
        "drie groene klavers",
    ] {
        assert!(said.contains(words), "\"{words}\" is missing in\n{said}");
    }
    let verified = node(&["verify", "--data", one.to_str().unwrap()]).output().unwrap();
    assert!(verified.status.success(), "{}", text(&verified.stderr));

    // Opened again it is the same, and another wish is refused.
    let opened = demo(&one, &[]);
    assert!(text(&opened.stdout).contains("It was here already"));
    assert_eq!(seal(&first), seal(&opened));
    // The wallets follow the address.
    let wallet = one.join("wallets/citizen/wallet.json");
    let node_of = || klaver_keystore::Keystore::list(&wallet).unwrap()[0].node.clone().unwrap();
    assert_eq!(node_of(), "http://localhost:8080");
    assert_eq!(seal(&demo(&one, &["--listen", "127.0.0.1:9998"])), seal(&first));
    assert_eq!(node_of(), "http://localhost:9998");
    let refused = demo(&one, &["--seed", "9"]);
    assert!(
        !refused.status.success() && text(&refused.stderr).contains("--seed 7"),
        "{}",
        text(&refused.stderr)
    );
}

#[test]
fn a_directory_with_something_else_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("node.json"), "{}").unwrap();
    let refused = demo(home.path(), &[]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("is no demonstration"), "{}", text(&refused.stderr));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn a_history_that_has_not_happened_yet_is_refused() {
    let home = tempfile::tempdir().unwrap();
    for until in ["9999-01-01", "2019-12-31", "yesterday"] {
        let refused = demo(&home.path().join("new"), &["--until", until]);
        assert!(
            !refused.status.success() && text(&refused.stderr).contains(until),
            "{}",
            text(&refused.stderr)
        );
        assert!(!home.path().join("new").exists());
    }
}

#[test]
fn a_demonstration_is_for_this_machine_alone() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("town");
    let public = demo(&data, &["--until", UNTIL, "--listen", "0.0.0.0:8080"]);
    assert!(!public.status.success() && text(&public.stderr).contains("this machine alone"));
    assert!(!data.exists());
    assert!(demo(&data, &["--until", UNTIL]).status.success());
    let refused = |more: &[&str]| {
        let served = node(&[&["serve", "--data", data.to_str().unwrap()], more].concat()).output().unwrap();
        assert!(!served.status.success(), "{more:?}");
        assert!(text(&served.stderr).contains("this machine alone"), "{}", text(&served.stderr));
    };
    refused(&["--listen", "0.0.0.0:0"]);
    refused(&["--public-url", "https://klaver.example"]);
    // Its mark counts also when somebody changes the settings.
    let settings = data.join("node.json");
    let changed = std::fs::read_to_string(&settings).unwrap().replace("\"demo\": true", "\"demo\": false");
    assert!(changed.contains("\"demo\": false"), "{changed}");
    std::fs::write(&settings, &changed).unwrap();
    refused(&["--listen", "0.0.0.0:0"]);
}

#[test]
fn it_serves_on_the_next_free_port_and_says_that_it_is_a_demonstration() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("town");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let wished = taken.local_addr().unwrap();
    let (data, listen) = (data.to_str().unwrap(), wished.to_string());
    let command = node(&["demo", "--data", data, "--until", UNTIL, "--listen", &listen]);
    let (server, said) = Server::start(command, "stays on this machine");
    let url = said.split_whitespace().rfind(|word| word.starts_with("http://localhost:")).unwrap();
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    assert!(port > wished.port(), "{url}");
    let community = get(port, "/v1/community");
    assert!(
        community.contains("\"demo\":true") && community.contains("\"origin\":\"localhost/log\""),
        "{community}"
    );
    let link = said.split_whitespace().find(|word| word.contains("/p/")).unwrap();
    let page = get(port, link.strip_prefix(url).unwrap());
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("Bakkerij De Korenaar"), "{page}");
    drop(server);
}

#[test]
fn the_town_uses_whatever_people_have_at_a_doe_plek_and_at_the_counter() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("town");
    let command =
        node(&["demo", "--data", data.to_str().unwrap(), "--listen", &format!("127.0.0.1:{}", free_port())]);
    let (server, said) = Server::start(command, "stays on this machine");
    let url = said.split_whitespace().rfind(|word| word.starts_with("http://localhost:")).unwrap();
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    let id = |own: &str| -> [u8; 16] { format!("klaver-demo/{own}").into_bytes().try_into().unwrap() };
    let secret = |own: &str| CodeId(id(own)).to_string();
    let [letters, refused, funder, thanks, host, shop] =
        ["lett", "pain", "fun\u{8}", "thks", "hour", "hear"].map(secret);
    for (path, words) in [
        // Tasks that people can join, with sessions in calendars, one carried by two organisations.
        ("/tasks".to_owned(), &["de buurtmoestuin", "de soepavond", "Nog 7 plaatsen"][..]),
        ("/tasks.ics".to_owned(), &["BEGIN:VEVENT", "de soepavond"]),
        (format!("/tasks/{}", TaskId(id("gard"))), &["De Zaadkamer", "Het Ketelhuis"]),
        // What their clients see: done and thanked, not feasible and why.
        (format!("/client/{letters}"), &["Alle brieven zijn weg"]),
        (format!("/client/{refused}"), &["betaald werk verliezen"]),
        // Budgets with funders, a contribution with its thanks, an hour with pioneers.
        (format!("/funder/{funder}"), &["GR 2026/14"]),
        (format!("/thanks/{thanks}"), &["Bloemen Madelief"]),
        (format!("/round/{host}"), &["Buurthuis De Brug"]),
        // A pot of a shop, in credits and in euro; a shop without account, and its own page.
        ("/v1/pots".to_owned(), &["Koffie", "Wassalon Zeepbel"]),
        (format!("/hearty/{shop}"), &["Wassalon Zeepbel"]),
        // Whom to talk to, and who takes part, with and without the currency.
        ("/".to_owned(), &["02 555 01 23", "Marleen"]),
        ("/organisations".to_owned(), &["De Zaadkamer", "Koor De Merel"]),
        (format!("/organisations/{}", TaskId(id("koor"))), &["Open zangavond"]),
    ] {
        let page = get(port, &path);
        assert!(page.starts_with("HTTP/1.1 200"), "{path}: {page}");
        for words in words {
            assert!(page.contains(words), "{path} does not say {words}: {page}");
        }
    }
    drop(server);
}

#[test]
fn a_kill_in_the_middle_leaves_a_ledger_that_is_served_and_can_be_completed() {
    let home = tempfile::tempdir().unwrap();
    let whole = seal(&demo(&home.path().join("whole"), &["--seed", "7", "--until", UNTIL]));
    let (mut interrupted, mut most) = (0, 0);
    for pause in [0, 15, 60, 140, 280] {
        let data = home.path().join(format!("killed-{pause}"));
        let arguments = ["demo", "--data", data.to_str().unwrap(), "--exit", "--seed", "7", "--until", UNTIL];
        let log = home.path().join(format!("log-{pause}"));
        let mut demo_of = node(&arguments);
        demo_of.env("KLAVER_LOG", "klaver_node::demo=debug").stdout(Stdio::null());
        let mut child = demo_of.stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
        let begin = Instant::now();
        // The founded ledger appears at once under its name: from then on it can be served.
        while !data.join("ledger").exists() && begin.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
        let mark = std::fs::read_to_string(data.join("demo.json")).unwrap();
        interrupted += usize::from(mark.contains("\"complete\": false"));

        let port = free_port();
        let (data_text, listen) = (data.to_str().unwrap().to_owned(), format!("127.0.0.1:{port}"));
        let mut serve = node(&["serve", "--data", &data_text, "--listen", &listen]);
        let server = Server(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let community = get(port, "/v1/community");
        assert!(community.contains("\"demo\":true"), "killed after {pause} ms: {community}");
        // Whatever was acknowledged before the kill is served.
        let acknowledged = acknowledged(&std::fs::read_to_string(&log).unwrap());
        most = most.max(acknowledged);
        assert!(acknowledged <= size(&community), "killed after {pause} ms: {acknowledged}, {community}");
        drop(server);

        let completed = demo(&data, &[]);
        assert!(completed.status.success(), "killed after {pause} ms: {}", text(&completed.stderr));
        assert_eq!(seal(&completed), whole, "killed after {pause} ms");
    }
    assert!(interrupted > 0, "no kill came in the middle");
    assert!(most > 1, "nothing was acknowledged before a kill");
}

/// Returns how many entries a demonstration had acknowledged by the end of this log.
fn acknowledged(log: &str) -> u64 {
    let index = |line: &str| line.split_once("acknowledged index=")?.1.trim().parse::<u64>().ok();
    log.lines().filter_map(index).map(|index| index + 1).max().unwrap_or(0)
}

/// Returns how many records a community tells that it has.
fn size(community: &str) -> u64 {
    let (_, rest) = community.split_once("\"size\":").expect("a size");
    rest.split(|digit: char| !digit.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn a_kill_before_anything_is_founded_costs_nothing() {
    let home = tempfile::tempdir().unwrap();
    let whole = seal(&demo(&home.path().join("whole"), &["--seed", "7", "--until", UNTIL]));
    // What each step of the beginning leaves behind: the mark; half of the keys; a ledger that is not in place.
    let data = home.path().join("begun");
    std::fs::create_dir_all(data.join("keys")).unwrap();
    std::fs::create_dir_all(data.join("ledger.new")).unwrap();
    std::fs::write(data.join("ledger.new/rubbish"), "rubbish").unwrap();
    let mark = std::fs::read_to_string(home.path().join("whole/demo.json")).unwrap();
    klaver_keystore::private_file::create(&data.join("demo.json"), mark.replace("true", "false").as_bytes())
        .unwrap();
    klaver_keystore::private_file::create(&data.join("keys/log"), b"half").unwrap();
    let begun = demo(&data, &[]);
    assert!(begun.status.success(), "{}", text(&begun.stderr));
    assert_eq!(seal(&begun), whole);
}
