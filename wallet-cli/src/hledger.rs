//! An account's lines as a journal that hledger reads.

use crate::output::harmless;
use klaver_api::StatementLine;

/// What the journal is about.
pub struct JournalHead<'a> {
    /// The community's name.
    pub community: &'a str,
    /// The account's text.
    pub account: &'a str,
    /// The commodity: the community's word for many units.
    pub commodity: &'a str,
    /// How many decimals amounts have.
    pub decimals: u8,
}

/// Returns the journal of `lines`, oldest first, with a balance assertion after every line.
pub fn print(head: &JournalHead<'_>, lines: &[StatementLine]) -> String {
    let commodity = format!("\"{}\"", head.commodity.replace(['"', '\n', ';'], " "));
    let shape = if head.decimals == 0 {
        "1000.".to_owned()
    } else {
        format!("1000.{:0<1$}", "", usize::from(head.decimals))
    };
    let mut journal = format!(
        "; {}: {}\n\ndecimal-mark .\ncommodity {shape} {commodity}\n",
        plain(head.community),
        head.account
    );
    for kind in ["assets:klaver", "income:received", "expenses:given", "equity:other"] {
        journal.push_str(&format!("account {kind}\n"));
    }
    for line in lines {
        let date = line.recorded_at.get(..10).unwrap_or("1970-01-01");
        let memo = line.memo.as_ref().map_or(String::new(), |memo| format!(" {}", plain(&memo.text)));
        let (sign, amount, other) = if is_zero(&line.credit) {
            ("-", &line.debit, if is_zero(&line.debit) { "equity:other" } else { "expenses:given" })
        } else {
            ("", &line.credit, "income:received")
        };
        let (amount, opposite) = if is_zero(amount) {
            ("0".to_owned(), "0".to_owned())
        } else {
            (format!("{sign}{amount}"), if sign.is_empty() { format!("-{amount}") } else { amount.clone() })
        };
        journal.push_str(&format!(
            "\n{date} ({}.{}) {}{memo}  ; index:{}, seq:{}, recorded:{}\n",
            line.index,
            line.line,
            plain(&line.kind),
            line.index,
            line.seq,
            plain(&line.recorded_at),
        ));
        journal.push_str(&format!(
            "    assets:klaver  {amount} {commodity} = {} {commodity}\n    {other}  {opposite} {commodity}\n",
            plain(&line.balance)
        ));
    }
    journal
}

fn is_zero(amount: &str) -> bool {
    amount.bytes().all(|byte| byte == b'0' || byte == b'.')
}

/// Removes what has a meaning in a journal: others wrote these words.
fn plain(text: &str) -> String {
    harmless(text).replace([';', '|', '\n', '\u{fffd}'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_api::MemoJson;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    fn line(index: u64, debit: &str, credit: &str, balance: &str, memo: Option<&str>) -> StatementLine {
        StatementLine {
            index,
            line: 1,
            recorded_at: format!("2026-11-{:02}T10:30:00.123Z", index),
            kind: "pay".into(),
            seq: index - 1,
            debit: debit.into(),
            credit: credit.into(),
            balance: balance.into(),
            reference: None,
            memo: memo.map(|text| MemoJson { salt: String::new(), text: text.into() }),
            reason: None,
            with: None,
            entry: None,
            opening: String::new(),
        }
    }

    fn journal() -> String {
        let head = JournalHead {
            community: "De Klaver; Zedelgem",
            account: "klv1…",
            commodity: "klavers",
            decimals: 2,
        };
        let lines = [
            line(1, "0.00", "0.00", "0.00", None),
            line(2, "0.00", "12.50", "12.50", Some("bedankt; voor\u{202e} = 5 | het helpen")),
            line(3, "2.50", "0.00", "10.00", Some("koffie  ; account:evil")),
        ];
        print(&head, &lines)
    }

    #[test]
    fn the_journal_is_as_expected() {
        insta::assert_snapshot!(journal(), @r#"
        ; De Klaver Zedelgem: klv1…

        decimal-mark .
        commodity 1000.00 "klavers"
        account assets:klaver
        account income:received
        account expenses:given
        account equity:other

        2026-11-01 (1.1) pay  ; index:1, seq:0, recorded:2026-11-01T10:30:00.123Z
            assets:klaver  0 "klavers" = 0.00 "klavers"
            equity:other  0 "klavers"

        2026-11-02 (2.1) pay bedankt voor = 5 het helpen  ; index:2, seq:1, recorded:2026-11-02T10:30:00.123Z
            assets:klaver  12.50 "klavers" = 12.50 "klavers"
            income:received  -12.50 "klavers"

        2026-11-03 (3.1) pay koffie account:evil  ; index:3, seq:2, recorded:2026-11-03T10:30:00.123Z
            assets:klaver  -2.50 "klavers" = 10.00 "klavers"
            expenses:given  2.50 "klavers"
        "#);
    }

    #[test]
    fn hledger_accepts_it() {
        let mut child = Command::new("hledger")
            .args(["-f", "-", "check", "--strict"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("hledger is installed by the test runner: apt-get install hledger");
        child.stdin.take().unwrap().write_all(journal().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    fn a_wrong_balance_is_not_accepted() {
        let wrong = journal().replace("= 10.00", "= 10.01");
        assert_ne!(wrong, journal());
        let mut child = Command::new("hledger")
            .args(["-f", "-", "check"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("hledger is installed by the test runner: apt-get install hledger");
        child.stdin.take().unwrap().write_all(wrong.as_bytes()).unwrap();
        assert!(!child.wait().unwrap().success());
    }
}
