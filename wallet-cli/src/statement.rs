//! An account's lines, fetched and held against what their openings say.

use crate::app::App;
use crate::contact::Contact;
use crate::failure::{Exit, Failure, Outcome};
use klaver_api::{StatementLine, StatementPage, paths, text};
use klaver_keystore::KeyInfo;
use klaver_ledger::amount::Scale;
use klaver_ledger::id::AccountId;
use klaver_ledger::receipt::Opening;

/// Lines asked for in one page.
const PAGE_LINES: usize = 100;

/// Fetches the newest `limit` lines of an account, newest first.
///
/// # Errors
/// `Mismatch` when a line is not what its opening says, or one between two others is missing.
pub fn fetch(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    account: AccountId,
    limit: usize,
) -> Outcome<Vec<StatementLine>> {
    Ok(fetch_pages(app, contact, hat, account, limit, |_| true)?.1)
}

/// Fetches every line of an account, newest first, and the balance that it had with these, as a decimal text.
///
/// # Errors
/// As [`fetch`].
pub fn fetch_whole(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    account: AccountId,
) -> Outcome<(String, Vec<StatementLine>)> {
    fetch_pages(app, contact, hat, account, usize::MAX, |_| true)
}

/// Fetches the newest lines of an account for which `wanted` holds, newest first, up to the first one where it does not.
///
/// # Errors
/// As [`fetch`].
pub fn fetch_while(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    account: AccountId,
    wanted: impl Fn(&StatementLine) -> bool,
) -> Outcome<Vec<StatementLine>> {
    Ok(fetch_pages(app, contact, hat, account, usize::MAX, wanted)?.1)
}

fn fetch_pages(
    app: &App<'_>,
    contact: &Contact,
    hat: &KeyInfo,
    account: AccountId,
    limit: usize,
    wanted: impl Fn(&StatementLine) -> bool,
) -> Outcome<(String, Vec<StatementLine>)> {
    let mut lines: Vec<StatementLine> = Vec::new();
    let mut balance: Option<String> = None;
    let mut cursor: Option<String> = None;
    'pages: while lines.len() < limit {
        let mut path = paths::fill(paths::STATEMENT, account);
        path.push_str(&format!("?limit={}", PAGE_LINES.min(limit - lines.len())));
        if let Some(cursor) = &cursor {
            path.push_str(&format!("&cursor={}", encoded(cursor)));
        }
        let page: StatementPage =
            app.with_session(contact, hat, |token| contact.http.get(&path, Some(token)))?;
        // Older pages may be newer looks: what these lines come to is what the first one says.
        balance.get_or_insert(page.balance);
        for line in page.lines {
            check(&line, account, contact.community.scale, lines.last())?;
            if !wanted(&line) {
                break 'pages;
            }
            lines.push(line);
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok((balance.unwrap_or_default(), lines))
}

/// Checks a line against its opening, and that it comes right before the line that is newer.
fn check(
    line: &StatementLine,
    account: AccountId,
    scale: Scale,
    newer: Option<&StatementLine>,
) -> Outcome<()> {
    let differs = || Failure::new(Exit::Mismatch, "line_differs").with("index", line.index);
    let opening = text::from_base64url("opening", &line.opening)?;
    let Ok(Opening::Line { line: opened, number, .. }) = Opening::decode(&opening) else {
        return Err(differs());
    };
    let amount = |minor: &str| text::total("amount", minor, scale).map(klaver_ledger::amount::Total::minor);
    let same = opened.index == line.index
        && u64::from(number) == line.line
        && opened.line.account == account
        && opened.line.seq == line.seq
        && opened.line.debit == amount(&line.debit)?
        && opened.line.credit == amount(&line.credit)?
        && opened.recorded_at.to_string() == line.recorded_at
        && opened.kind.word() == line.kind;
    if !same {
        return Err(differs());
    }
    match newer {
        Some(newer) if newer.seq != line.seq + 1 => {
            Err(Failure::new(Exit::Mismatch, "line_missing").with("index", newer.index))
        }
        _ => Ok(()),
    }
}

/// Percent-encodes what has a meaning of its own in a query.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use klaver_ledger::books::Line;
    use klaver_ledger::entry::Kind;
    use klaver_ledger::log::hash::Hash;
    use klaver_ledger::record::LedgerLine;
    use klaver_ledger::time::Timestamp;

    const ACCOUNT: AccountId = AccountId([4; 16]);

    fn line(index: u64, seq: u64, credit: &str) -> StatementLine {
        let scale = Scale::new(2).unwrap();
        let ledger_line = LedgerLine {
            index,
            recorded_at: Timestamp::from_millis(1_700_000_000_000).unwrap(),
            kind: Kind::Pay,
            line: Line {
                account: ACCOUNT,
                seq,
                debit: 0,
                credit: text::total("credit", credit, scale).unwrap().minor(),
                reference: None,
            },
        };
        let opening = Opening::Line {
            line_salt: [1; 32],
            line: ledger_line,
            number: 1,
            count: 2,
            path: vec![Hash([2; 32])],
            record_hash: Hash([3; 32]),
        };
        StatementLine {
            index,
            line: 1,
            recorded_at: ledger_line.recorded_at.to_string(),
            kind: "pay".into(),
            seq,
            debit: "0.00".into(),
            credit: credit.into(),
            balance: "0.00".into(),
            reference: None,
            memo: None,
            reason: None,
            with: None,
            entry: None,
            opening: text::base64url(&opening.encode()),
        }
    }

    #[test]
    fn a_line_must_say_what_its_opening_says() {
        let scale = Scale::new(2).unwrap();
        check(&line(7, 0, "2.50"), ACCOUNT, scale, None).unwrap();
        let lie = StatementLine { credit: "3.50".into(), ..line(7, 0, "2.50") };
        assert_eq!(check(&lie, ACCOUNT, scale, None).unwrap_err().code, "line_differs");
        assert_eq!(
            check(&line(7, 0, "2.50"), AccountId([5; 16]), scale, None).unwrap_err().code,
            "line_differs"
        );
    }

    #[test]
    fn a_line_that_was_withheld_is_missed() {
        let scale = Scale::new(2).unwrap();
        check(&line(7, 3, "1.00"), ACCOUNT, scale, Some(&line(9, 4, "1.00"))).unwrap();
        let gap = check(&line(7, 3, "1.00"), ACCOUNT, scale, Some(&line(9, 5, "1.00"))).unwrap_err();
        assert_eq!((gap.code.as_str(), gap.exit), ("line_missing", Exit::Mismatch));
    }
}
