//! Rules of the house that no compiler checks. Each failure says what to do instead.

use klaver_ledger::entry::Kind;
use klaver_ledger::limits;
use klaver_tests::workspace::{read, rust_files, without_tests};

/// Which modules of the ledger each of its modules may use; the table of `docs/ARCHITECTURE.md`.
const VALUES: &[&str] = &["limits", "amount", "id", "keys", "time", "account", "charter"];
const MAY_USE: &[(&str, &[&[&str]])] = &[
    ("limits", &[]),
    ("amount", &[&["limits"]]),
    ("id", &[&["limits"]]),
    ("keys", &[&["limits", "id"]]),
    ("time", &[&["limits"]]),
    ("account", &[&["limits", "amount", "id", "keys", "time"]]),
    ("charter", &[&["limits", "amount", "id", "keys", "time", "account"]]),
    ("entry", &[VALUES]),
    ("link", &[VALUES, &["entry"]]),
    ("books", &[VALUES, &["entry"]]),
    ("log", &[&["limits", "id", "keys", "time"]]),
    ("record", &[VALUES, &["entry", "books", "log"]]),
    ("refusal", &[VALUES, &["entry", "books"]]),
    ("receipt", &[VALUES, &["entry", "books", "log", "record"]]),
    ("lineage", &[VALUES, &["entry", "log", "record", "receipt"]]),
    ("store", &[VALUES, &["entry", "books", "log", "record", "refusal"]]),
    ("engine", &[VALUES, &["entry", "books", "log", "record", "refusal", "receipt", "store"]]),
    // Its own path: it shares only values, codec, rules and the formats of the log with the writer; see below.
    ("audit", &[VALUES, &["entry", "books", "log", "record"]]),
    // Doubles and small worlds, compiled for tests alone.
    (
        "testing",
        &[VALUES, &["entry", "link", "books", "log", "record", "refusal", "receipt", "store", "engine"]],
    ),
];

fn module_of(path: &str) -> &str {
    let name = path.strip_prefix("ledger/src/").expect("a file of the ledger");
    name.split(['/', '.']).next().expect("a name")
}

#[test]
fn arrows_between_modules_of_the_ledger_point_upwards() {
    let mut wrong = Vec::new();
    for (path, text) in rust_files("ledger/src") {
        let module = module_of(&path);
        let for_tests = ["tests.rs", "/conformance.rs"].iter().any(|end| path.ends_with(end));
        if module == "lib" || for_tests || path.contains("/tests/") {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{path}: module {module} has no row in MAY_USE: decide what it may use"));
            continue;
        };
        for (number, line) in without_tests(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for used in code.split("crate::").skip(1) {
                let end = used.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(used.len());
                let used = &used[..end];
                let known = MAY_USE.iter().any(|(name, _)| *name == used);
                if known && used != module && !allowed.iter().any(|names| names.contains(&used)) {
                    let line = number + 1;
                    wrong
                        .push(format!("{path}:{line}: {module} must not use {used}: move what both need up"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_audit_computes_its_own_tree() {
    for (path, text) in rust_files("ledger/src").iter().filter(|(path, _)| module_of(path) == "audit") {
        for writers in ["log::tree", "log::small_tree"] {
            let found = without_tests(text).contains(writers);
            assert!(
                !found,
                "{path} uses {writers}: an audit that shares the writer's path shares its mistakes"
            );
        }
    }
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let (manifest, page) = (read("Cargo.toml"), read("docs/dependencies.md"));
    let section = manifest.split("[workspace.dependencies]").nth(1).expect("the workspace has dependencies");
    let section = section.split("\n[").next().expect("something");
    let mut names = Vec::new();
    for line in section.lines().filter(|line| line.contains('=')) {
        let name = line.split([' ', '=']).next().expect("a name");
        if line.contains("path =") {
            continue;
        }
        assert!(line.contains(" # "), "Cargo.toml: say behind {name} what it saves us");
        names.push(name);
        let row = format!("| `{name}` |");
        assert!(page.contains(&row), "docs/dependencies.md: add a line for {name}: why it is trusted");
    }
    assert!(names.len() > 10, "the list of dependencies was not found");
}

macro_rules! listed {
    ($($name:ident),+ $(,)?) => {{
        let rows = [$((stringify!($name), format!("{:?}", limits::$name))),+];
        let names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
        (names, rows.iter().map(|(name, value)| format!("{name} {value}\n")).collect::<String>())
    }};
}

#[test]
fn every_limit_is_listed_so_that_a_change_is_seen() {
    let (names, values) = listed![
        INTEGER_MAX,
        PAYLOAD_BYTES_MAX,
        ENVELOPE_BYTES_MAX,
        SIGNATURES_MAX,
        EXPIRES_AT_MAX,
        MEMO_BYTES_MAX,
        LINES_MAX,
        KEYS_MAX,
        PAYEES_MAX,
        SCALE_MAX,
        NAME_BYTES_MAX,
        UNIT_WORD_BYTES_MAX,
        ORIGIN_BYTES_MAX,
        LINK_BYTES_MAX,
        QR_CHARS_MAX,
        ALIAS_BYTES_MAX,
        DAY_SECONDS,
        MONTH_SECONDS,
        RECOVERY_DELAY_SECONDS,
        CORRECTION_WINDOW_SECONDS_MAX,
        REFUND_WINDOW_SECONDS,
        VALIDITY_SECONDS_MAX,
        OWN_CORRECTION_MS,
        RESCUE_DELAY_SECONDS,
        REOPEN_DELAY_SECONDS,
        REFUSALS_PER_ACCOUNT_MAX,
        GROUP_RECORDS_MAX,
    ];
    let source = read("ledger/src/limits.rs");
    let declared: Vec<&str> =
        source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next()).collect();
    assert_eq!(names, declared, "list every constant of limits.rs here, in its order");
    insta::assert_snapshot!(values);
}

/// Lines that a rule of one kind may have: it fits on a screen, with its documentation.
const RULE_LINES_MAX: usize = 32;

#[test]
fn each_kind_of_entry_has_one_short_rule() {
    let rules = read("ledger/src/books/rules.rs");
    for kind in Kind::ALL {
        let head = format!("\nfn {kind}(");
        let bodies: Vec<&str> = rules.split(&head).skip(1).collect();
        assert_eq!(bodies.len(), 1, "books/rules.rs: one function {kind}, with the rules of that kind");
        let lines = bodies[0].lines().position(|line| line == "}").expect("its end") + 1;
        assert!(
            lines <= RULE_LINES_MAX,
            "books/rules.rs: {kind} has {lines} lines, at most {RULE_LINES_MAX}: name what it does in books/rules/"
        );
    }
}

#[test]
fn ten_questions_about_rules_are_answered_where_the_architecture_says() {
    let page = read("docs/ARCHITECTURE.md");
    let section = page.split("\n## Where is the rule that").nth(1).expect("the section with the questions");
    let section = section.split("\n## ").next().expect("its end");
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`') && !line.contains("below `ledger"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 10, "ten questions");
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    for row in rows {
        let [question, files, functions] = row[..] else { panic!("three cells: {row:?}") };
        let files = names(files);
        assert!((1..=2).contains(&files.len()), "{question}: at most two files answer it");
        let texts: Vec<String> = files.iter().map(|file| read(&format!("ledger/src/{file}"))).collect();
        for function in names(functions) {
            let heads = [format!("fn {function}("), format!("fn {function}<")];
            let found = texts.iter().any(|text| heads.iter().any(|head| without_tests(text).contains(head)));
            assert!(found, "{question}: no function {function} in {files:?}, correct docs/ARCHITECTURE.md");
        }
    }
}

#[test]
fn every_invariant_stands_in_code_and_in_tests() {
    let page = read("docs/INVARIANTS.md");
    let mut code = String::new();
    let mut tests = String::new();
    for directory in ["ledger", "node", "wallet-cli", "tests"] {
        for (path, text) in rust_files(directory) {
            // Doubles that tests are made of ask the universal questions for them.
            let is_test = path == "ledger/src/testing.rs"
                || path.starts_with("tests/")
                || path.contains("/tests/")
                || path.ends_with("tests.rs");
            let body = if is_test { "" } else { without_tests(&text) };
            code.push_str(body);
            tests.push_str(&text[body.len()..]);
        }
    }
    // The mark with a digit behind it is another invariant.
    let mentions = |text: &str, mark: &str| {
        text.match_indices(mark)
            .any(|(at, _)| !text[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    let (mut numbers, mut wrong) = (Vec::new(), Vec::new());
    for row in page.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit()) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let number: usize = cells[0].parse().expect("the first cell is a number");
        numbers.push(number);
        let mark = format!("INV-{number}");
        let (in_code, in_tests) = (mentions(&code, &mark), mentions(&tests, &mark));
        let claims_both = !cells.last().expect("cells").contains("not yet");
        if claims_both != (in_code && in_tests) {
            wrong.push(format!("{mark} is in code: {in_code}, in tests: {in_tests}"));
        }
    }
    assert_eq!(numbers, (1..=13).collect::<Vec<_>>(), "the thirteen invariants, in order");
    assert!(
        wrong.is_empty(),
        "docs/INVARIANTS.md: correct the last cell (\"yes\" or \"not yet\"), or add the mark:\n{}",
        wrong.join("\n")
    );
}
