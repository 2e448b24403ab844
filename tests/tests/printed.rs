//! Pages that are printed from the code: they cannot differ from it. `KLAVER_UPDATE_VECTORS=1` prints them anew.

use klaver_ledger::account::AccountKind;
use klaver_ledger::books::chart::CHART;
use klaver_tests::workspace::{read, root};

/// Compares a page with what the code prints, or rewrites it.
fn check(path: &str, printed: &str) {
    if std::env::var_os("KLAVER_UPDATE_VECTORS").is_some_and(|value| value == "1") {
        std::fs::write(root().join(path), printed).expect("the page can be written");
    }
    assert_eq!(read(path), printed, "{path}: print it anew with KLAVER_UPDATE_VECTORS=1");
}

#[test]
fn the_chart_of_accounts_is_the_one_in_the_code() {
    let words = |kinds: &[AccountKind]| kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    let mut page = "# Chart of accounts\n\nWhich kinds of account may stand on either side of each kind of entry that \
                    posts. Printed from `ledger/src/books/chart.rs`.\n\n| entry | debited | credited | signed by |\n\
                    |---|---|---|---|\n"
        .to_owned();
    for row in CHART {
        let (debited, credited) = (words(row.debited), words(row.credited));
        page.push_str(&format!("| `{}` | {debited} | {credited} | {} |\n", row.kind, row.signed_by));
    }
    check("docs/spec/chart.md", &page);
}

#[test]
fn every_refusal_of_the_books_is_listed_with_its_sentence() {
    let source = read("ledger/src/books/rejection.rs");
    let mut page =
        "# Refusals of the books\n\nThe stable code of each, and the sentence with its values in braces. \
                    Printed from `ledger/src/books/rejection.rs`.\n\n| code | sentence |\n|---|---|\n"
            .to_owned();
    let mut codes = Vec::new();
    for block in source.split("#[code(\"").skip(1) {
        let code = block.split('"').next().expect("a code");
        let sentence =
            block.split("#[error(\"").nth(1).expect("a sentence").split("\")]").next().expect("its end");
        // A string continued on the next line drops the break and the spaces that follow.
        let sentence = sentence.split("\\\n").map(str::trim_start).collect::<String>().replace("\\\"", "\"");
        codes.push(code);
        page.push_str(&format!("| `{code}` | {} |\n", sentence.replace('|', "\\|")));
    }
    assert!(codes.len() > 30, "the refusals were not found");
    check("docs/spec/refusals.md", &page);
}
