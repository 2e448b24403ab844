//! What an auditor asks, what somebody explains, and when a question is open again.

use super::{Village, says};
use klaver_tests::node::run;
use klaver_tests::wallet::Wallet;
use std::ffi::OsStr;
use std::process::Command;

#[test]
fn a_question_that_is_explained_is_closed_until_more_comes() {
    let directory = tempfile::tempdir().unwrap();
    let village = Village::found(directory.path(), &[]);
    let molen = Wallet::init(directory.path(), "molen");
    village.open("budget", &molen, &["--limit", "500", "--organisation", "new"]);
    let (_els, account) = village.join(directory.path(), "els");
    let help_once = || molen.json(&["earn", &account, "--each", "3"]);
    (0..4).for_each(|_| drop(help_once()));
    village.node.client().await_publication();
    let aude = &village.aude;
    says(aude, 0, &["explain"], &["Je laatste nazicht stelde geen vragen."]);
    says(
        aude,
        8,
        &["audit"],
        &["er zijn vragen voor het kernteam: 1", "1. Waarom", &account, "klaver explain NUMMER"],
    );
    says(aude, 0, &["explain"], &["1. Waarom", "Nog niet uitgelegd."]);

    // What cannot be kept says so, and nothing is kept.
    says(aude, 2, &["explain", "2", "zomaar"], &["stelde geen vraag 2", "klaver explain toont"]);
    says(aude, 2, &["explain", "1", "  "], &["De uitleg heeft 0 tekens", "1 tot 1000"]);
    says(aude, 2, &["explain", "1", &"a".repeat(1_001)], &["De uitleg heeft 1001 tekens"]);
    says(aude, 8, &["audit", "--since"], &["1. Waarom"]);

    let reason = "De verhuis duurde vier beurten, zegt Anna.";
    says(aude, 0, &["explain", "1", reason], &["Bewaard, alleen hier.", "Uitgelegd op", reason]);
    let note = directory.path().join("nazicht.txt");
    let said = says(
        aude,
        0,
        &["audit", "--since", "--note", note.to_str().unwrap()],
        &["Vragen die uitgelegd zijn: 1.", "Er staan geen vragen open."],
    );
    assert!(!said.out.contains("Waarom"), "{}", said.out);
    let note = std::fs::read_to_string(note).unwrap();
    assert!(
        note.contains("\nverdict holds\n")
            && note.contains("\nquestions 0\nquestions-explained 1\nquestions-asked-from 1000\n"),
        "{note}"
    );
    assert!(!note.contains("verhuis"), "what was said stays with the auditor");

    // A fifth time is more than what was explained.
    help_once();
    village.node.client().await_publication();
    says(aude, 8, &["audit", "--since"], &["1. Waarom", "daarna kwam er meer bij", reason]);
    says(aude, 8, &["audit"], &["1. Waarom", "daarna kwam er meer bij"]);
    let mark = aude.json(&["explain"])["questions"][0]["mark"].as_str().unwrap().to_owned();
    assert!(mark.starts_with("often_in_a_day:"), "{mark}");
    let said = aude.json(&["explain", &mark, "Er was een vijfde beurt."]);
    assert_eq!(said["questions"][0]["explained"], true);
    let audit = aude.json(&["audit", "--since"]);
    assert_eq!((&audit["verdict"], &audit["explained"][0]["mark"]), (&"holds".into(), &mark.as_str().into()));
    says(
        aude,
        0,
        &["explain", &mark, "--withdraw"],
        &["staat de vraag weer open", "daarna kwam er meer bij", reason],
    );
    says(aude, 8, &["audit", "--since"], &["1. Waarom"]);

    // What a community does not ask about is no question; whoever types nonsense hears what is expected.
    says(aude, 0, &["audit", "--since", "--ask-from", "15,01"], &["Er staan geen vragen open."]);
    says(aude, 8, &["audit", "--since", "--ask-from", "15"], &["1. Waarom"]);
    says(aude, 2, &["audit", "--since", "--ask-from", "veel"], &["veel"]);

    // Nobody audits on with explanations that got lost unseen.
    let files = std::fs::read_dir(aude.home().join("audits")).unwrap().map(|file| file.unwrap().path());
    let kept = files.into_iter().find(|file| file.to_string_lossy().ends_with(".questions.json")).unwrap();
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, text.replace("often_in_a_day", "often")).unwrap();
    says(aude, 1, &["audit", "--since"], &["is beschadigd", "leg het opzij"]);
    std::fs::remove_file(kept).unwrap();
    says(aude, 8, &["audit", "--since"], &["1. Waarom"]);
}

/// Returns the same command on a terminal of its own.
fn on_a_terminal(command: &Command) -> Command {
    let quoted = |word: &OsStr| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''"));
    let words: Vec<String> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect();
    let mut shown = Command::new("script");
    shown.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shown.env(name, value),
            None => shown.env_remove(name),
        };
    }
    shown
}

#[test]
fn whoever_looks_on_sees_how_far_an_audit_is() {
    let directory = tempfile::tempdir().unwrap();
    let village = Village::found(directory.path(), &[]);
    for name in ["els", "jan", "mia"] {
        village.join(directory.path(), name);
    }
    village.node.client().await_publication();
    let size = village.node.client().community().size;
    let asked = village.aude.plain(&["audit", "--lang", "nl"]);
    let seen = run(&mut on_a_terminal(&asked));
    assert_eq!(seen.status, 0, "{seen:?}");
    assert!(seen.out.contains(&format!("{} 100 % {size} van {size}", "█".repeat(25))), "{}", seen.out);
    // A file is no terminal: there the figures alone stand.
    let told = run(&mut village.aude.plain(&["audit", "--lang", "nl"]));
    assert!(
        !told.out.contains('█') && !told.err.contains('█') && told.out.contains("Alles klopt."),
        "{told:?}"
    );
}
