//! The public log as it is served and as it is exported, and the commands of the pages about it.

use super::*;
use klaver_tests::static_log::StaticServer;

#[test]
fn the_public_log_is_audited_over_http_as_it_is_served_and_as_it_is_exported() {
    let directory = tempfile::tempdir().unwrap();
    let audit = |vkey: &str, url: &str| {
        let output = programs::run(programs::go_auditor().args([vkey, url]), b"");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{url}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    };
    let mut young = Node::found(&directory.path().join("young"), "Pril", &[]);
    young.start();
    let said = audit(&young.client().community().log.vkey, &format!("{}/log", young.url()));
    assert!(said.contains(": 1 leaves included"), "{said}");

    let mut town = Town::found(&directory.path().join("town"), &["anna"], &["bakery"]);
    town.give(&["anna"], 1_000_000);
    let mut size = 0;
    while size < 300 {
        size = pay(&town.client, town.ledger);
    }
    town.client.published(size);
    // One more record is not shown before the beat: what is asked for beyond the seal is not there.
    let vkey = town.client.community().log.vkey;
    let url = format!("{}/log", town.node.url());
    assert!(audit(&vkey, &url).contains(": 300 leaves included"));
    let whole = town.client.get("/log/tile/0/000", None).bytes;
    let leaves = town.client.get("/log/tile/entries/000", None).bytes;
    for width in 1..=255_usize {
        let tile = town.client.get(&format!("/log/tile/0/000.p/{width}"), None);
        assert_eq!((tile.status, tile.bytes.as_slice()), (200, &whole[..32 * width]), "width {width}");
        let bundle = town.client.get(&format!("/log/tile/entries/000.p/{width}"), None);
        assert_eq!((bundle.status, bundle.bytes.as_slice()), (200, &leaves[..35 * width]), "width {width}");
    }
    for width in 1..=44 {
        assert_eq!(town.client.get(&format!("/log/tile/0/001.p/{width}"), None).status, 200, "{width}");
    }
    for beyond in [
        "0/001.p/45",
        "0/001",
        "0/002.p/1",
        "1/000.p/2",
        "1/000",
        "2/000.p/1",
        "entries/001.p/45",
        "entries/001",
        "0/000.p/0",
        "0/000.p/256",
    ] {
        assert_eq!(town.client.get(&format!("/log/tile/{beyond}"), None).status, 404, "{beyond}");
    }
    let head = |path: &str| {
        let answer = ureq::get(format!("{url}/{path}")).header("accept-encoding", "gzip").call().unwrap();
        let value = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        ["content-type", "cache-control", "access-control-allow-origin", "content-encoding"]
            .map(|name| value(name).unwrap_or_default())
    };
    let (octets, forever) = ("application/octet-stream", "public, max-age=31536000, immutable");
    assert_eq!(head("checkpoint"), ["text/plain; charset=utf-8", "public, max-age=2", "*", ""]);
    assert_eq!(head("tile/0/000"), [octets, forever, "*", ""]);
    assert_eq!(head("tile/0/001.p/44"), [octets, forever, "*", ""]);
    assert_eq!(head("tile/entries/000"), [octets, forever, "*", "gzip"]);

    // A copy of plain files, served by a program that knows nothing of logs.
    town.node.stop();
    let copy = directory.path().join("copy");
    let ran = run(klaver_node().arg("export").arg("--data").arg(town.node.data()).arg("--log").arg(&copy));
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    let server = StaticServer::start(&copy, "checkpoint");
    assert!(audit(&vkey, &server.url).contains(": 300 leaves included"));
    let tile = copy.join("tile/0/000");
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[777] ^= 1;
    std::fs::write(&tile, bytes).unwrap();
    let output = programs::run(programs::go_auditor().args([&vkey, &server.url]), b"");
    assert!(!output.status.success(), "a changed tile was not noticed");
}

#[test]
fn an_exported_log_has_the_cosignatures_that_the_served_one_had() {
    let mut world = World::new();
    let size = world.pay();
    world.witnessed(size);
    let vkey = world.town.client.community().log.vkey;
    world.town.node.stop();
    let copy = world.directory.path().join("copy");
    let export = || {
        let data = world.town.node.data();
        let ran = run(klaver_node().arg("export").arg("--data").arg(data).arg("--log").arg(&copy));
        assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
        ran.err
    };
    let said = export();
    let checkpoint = Note::parse(&std::fs::read(copy.join("checkpoint")).unwrap()).unwrap();
    let verdict = world.policy.judge(&checkpoint, now().seconds()).unwrap();
    assert!(verdict.quorum_reached && verdict.checkpoint.size == size, "{verdict:?}");
    assert!(said.contains(&format!("cosigned its checkpoint: {}", verdict.seen.len())), "{said}");
    let audit = || {
        let server = StaticServer::start(&copy, "checkpoint");
        programs::run(programs::go_auditor().args([&vkey, &server.url]), b"")
    };
    assert!(audit().status.success(), "a mirror serves it as it is");
    // Lines about another checkpoint, or that somebody changed, are not passed on.
    std::fs::write(world.town.node.data().join("cosigned"), checkpoint.to_string().replace("— a.", "— x."))
        .unwrap();
    export();
    let checkpoint = Note::parse(&std::fs::read(copy.join("checkpoint")).unwrap()).unwrap();
    let fewer = world.policy.judge(&checkpoint, now().seconds()).unwrap();
    assert_eq!(fewer.seen.len(), verdict.seen.len() - usize::from(verdict.seen[0].witness == "A"));
    assert!(audit().status.success());
}

#[test]
fn the_commands_of_the_page_for_treasurers_and_of_that_for_witnesses_are_there() {
    let mut checked = 0;
    for page in ["docs/verify.md", "docs/witness.md"] {
        for line in read(page).lines().filter_map(|line| line.strip_prefix("    klaver")) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (mut command, words) = match words.as_slice() {
                ["-node", rest @ ..] => (klaver_node(), rest),
                all => (klaver(), all),
            };
            let depth = if matches!(words[0], "witness" | "receipt") { 2 } else { 1 };
            let help = run(command.args(&words[..depth]).arg("--help"));
            assert_eq!(help.status, 0, "{page}: klaver{line}: {}", help.err);
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.out.contains(option), "{page}: klaver{line}: no {option}");
            }
            checked += 1;
        }
    }
    assert!(12 < checked, "the commands were not found: {checked}");
}
